"""EnergyCAP is asked about the rows while the operator looks at them, and before a run: shown, stopped, never in the
way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from asking import fill, flag, kickout
from desk import PATIENCE, Operator, hold
from keyring.backends import fail

from bulkops.desktop.check_presenter import HERE
from bulkops.desktop.state import Phase
from bulkops.desktop.view import Question
from bulkops.energycap import environments
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Status
from bulkops.practice.server import PracticeServer

ASKING = "Asking EnergyCAP about the rows …"
READY, INVALID = Status.READY, Status.INVALID


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A row that fits, one of a list of another kind, and one of a task that does not speak of kickouts."""
    return fill(tmp_path / "August.xlsx", [kickout(51)], [flag(2001, flag_type_id=2), flag(2099)])


@pytest.fixture
def somewhere(operator: Operator, practice: PracticeServer) -> Operator:
    """Somebody who has chosen an EnergyCAP that is not practice."""
    operator.presenter.choose_environment(environments.environment())
    return operator


def heard(operator: Operator, words: str) -> None:
    """Wait until something is said."""
    while words not in operator.shown.more:
        operator.worker.wait(PATIENCE)


def asked(operator: Operator) -> Question:
    """The question that there is now."""
    operator.until(Phase.ASKING)
    question = operator.screen.questions[-1]
    assert question is not None
    return question


def test_rows_are_shown_first_and_energycap_is_asked_meanwhile(somewhere: Operator, book: Path) -> None:
    """Then names, what does not fit, and what the rows would touch are there, too; nothing waits for it."""
    shown = somewhere.check(book)
    assert (shown.totals, shown.busy, shown.run.why_not, shown.notes) == ({READY: 3}, False, "", ())
    assert "list 2001" in somewhere.screen.lines[1].asks
    shown = somewhere.idle()
    assert (shown.totals, shown.progress, shown.stop.why_not) == (
        {READY: 2, INVALID: 1},
        None,
        "Nothing is being sent.",
    )
    assert "list July electric > 30 days (2001)" in somewhere.screen.lines[1].asks
    assert [each.outcome.code for each in somewhere.screen.lines] == ["", "", "list.other_type"]
    assert "does not speak of kickouts" in somewhere.screen.lines[0].message
    assert any(each.startswith("EnergyCAP was asked about 3 rows") for each in shown.notes)
    assert any(each.startswith("1 edit of 1 list: 12 bills now") for each in shown.notes)
    seen = [each for each in somewhere.screen.shown if each.more.startswith(ASKING)]
    assert seen[0].progress == (0, 0)
    assert seen[-1].more == f"{ASKING} {seen[-1].progress[0]} of {seen[-1].progress[1]}"  # type: ignore[index]
    assert {each.stop.words for each in seen} == {"Stop asking"}


def test_a_stop_leaves_the_rows_as_they_were(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """What comes afterwards is heard by nobody; the rows can be run all the same."""
    let_go = hold(practice, "/list")
    somewhere.check(book)
    heard(somewhere, ASKING)
    somewhere.presenter.stop()
    let_go()
    shown = somewhere.idle()
    assert shown.totals == {READY: 3}
    assert (shown.progress, shown.trouble, shown.run.why_not) == (None, None, "")
    assert shown.more.startswith("EnergyCAP was not asked about the rows: you stopped it.")


@pytest.mark.parametrize("newer", ["workbook", "environment", "check", "run", "close"])
def test_a_late_answer_is_never_shown_over_something_newer(
    newer: str, somewhere: Operator, practice: PracticeServer, book: Path
) -> None:
    """Whatever the operator does next: EnergyCAP is asked no more, and what it says still is dropped."""
    other = fill(book.with_name("September.xlsx"), flags=[flag(2002)])
    somewhere.check(book)
    somewhere.worker.join()  # it has answered, and nobody has heard it yet
    let_go, presenter = hold(practice, "/me"), somewhere.presenter
    shown = len(somewhere.screen.shown)
    if newer == "environment":
        presenter.choose_environment(HERE)
    elif newer == "close":
        presenter.close_when_stopped()
    else:
        {"workbook": lambda: presenter.choose(other), "check": presenter.check, "run": presenter.run}[newer]()
    if newer not in ("run", "close"):
        somewhere.until(Phase.CHECKED)
    somewhere.worker.run_pending(PATIENCE)
    presenter.refresh()
    assert not any(INVALID in each.totals for each in somewhere.screen.shown[shown:])
    assert len(somewhere.screen.lines) == (1 if newer == "workbook" else 3)
    let_go()


def test_energycap_away_is_a_note(operator: Operator, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No red trouble: the rows are checked by the rules."""
    monkeypatch.setenv("BULKOPS_API_KEY", "any-key")
    operator.presenter.choose_environment(Environment("custom", "http://127.0.0.1:1"))
    operator.check(book)
    shown = operator.idle()
    assert (shown.totals, shown.trouble) == ({READY: 3}, None)
    assert [each.startswith("EnergyCAP was not asked about the rows: ") for each in shown.notes] == [True]


def test_a_workbook_that_is_gone_meanwhile_is_a_note(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """What was read of it stays to be seen."""
    let_go = hold(practice, "/me")
    somewhere.check(book)
    heard(somewhere, ASKING)
    let_go()
    somewhere.worker.join()
    somewhere.idle()
    book.unlink()
    somewhere.presenter.key_changed(somewhere.presenter.state.environment)
    shown = somewhere.idle()
    assert (shown.totals, shown.trouble) == ({READY: 2, INVALID: 1}, None)
    assert shown.more.startswith("EnergyCAP was not asked about the rows: ")


def test_without_a_key_nothing_is_asked_or_said(
    operator: Operator, practice: PracticeServer, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there is one: then the rows that are shown are asked about."""
    monkeypatch.setattr("keyring.get_keyring", fail.Keyring)
    key = monkeypatch.delenv("BULKOPS_API_KEY")
    somewhere = environments.environment()
    operator.presenter.choose_environment(somewhere)
    operator.check(book)
    shown = operator.idle()
    assert (practice.requests, shown.notes, key) == ([], (), None)
    assert not any(each.more.startswith(ASKING) for each in operator.screen.shown)
    monkeypatch.setenv("BULKOPS_API_KEY", "practice-key")
    operator.presenter.key_changed(somewhere)
    assert operator.idle().totals == {READY: 2, INVALID: 1}


def test_corrections_asked_for_before_the_answer_hold_what_it_brought(somewhere: Operator, book: Path) -> None:
    """While the operator looks for a place EnergyCAP's answer comes: it is the same check of the same workbook."""
    somewhere.check(fill(book, flags=[flag("x"), flag(2099)]))
    before = somewhere.presenter.state.report
    somewhere.idle()
    assert before is not None
    place = book.with_name("fix.xlsx")
    somewhere.presenter.make_corrections(place, before)
    somewhere.idle()
    assert openpyxl.load_workbook(place)["Flag edits"].max_row == 3


def test_the_question_says_what_will_be_touched(somewhere: Operator, book: Path) -> None:
    """The bills first, then what becomes of batches; rows that do not fit are left out."""
    somewhere.check(book)
    somewhere.presenter.run()
    question = asked(somewhere)
    assert question.touch[0].startswith("1 edit of 1 list: 12 bills now")
    assert question.touch[1].startswith("Batches, in this order: ")
    assert (question.count, question.left_out) == (2, "Needs fixing 1")
    assert any("does not speak of kickouts" in each for each in question.effects)


def test_in_the_question_it_can_be_left_out(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """Then all good rows by the rules are there, and nothing is said of bills; taking the tick away asks again."""
    somewhere.check(book)
    somewhere.presenter.run()
    assert (asked(somewhere).may_go_offline, asked(somewhere).offline) == (True, False)
    read = len(practice.requests)
    somewhere.presenter.ask_again(False, False, offline=True)
    question = asked(somewhere)
    assert (question.count, question.touch, question.offline) == (3, (), True)
    assert {each.path.rpartition("/")[2] for each in practice.requests[read:]} == {"me"}
    somewhere.presenter.ask_again(False, False)
    assert asked(somewhere).count == 2


def test_what_has_changed_is_asked_anew(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """It is said what, the tick begins unticked, and the number is typed again; no is no."""
    somewhere.check(book)
    somewhere.presenter.run()
    question = asked(somewhere)
    bills = practice.state.known["list"][2001].bills  # type: ignore[attr-defined]
    bills.append(replace(bills[-1], bill_id=bills[-1].bill_id + 1_000_000))
    assert somewhere.presenter.answer(True, "2") == ""
    changed = asked(somewhere)
    assert changed is not question
    assert "list 2001 held 12 bills and holds 13 now" in changed.sure[0]
    assert changed.touch[0].startswith("1 edit of 1 list: 13 bills now")
    assert "Tick" in somewhere.presenter.answer(True, "2")
    assert "Type 2" in somewhere.presenter.answer(True, "", True)
    assert practice.writes == []
    assert any(each.more.startswith("EnergyCAP is read once more") for each in somewhere.screen.shown)
    assert somewhere.presenter.answer(True, "2", True) == ""
    somewhere.until(Phase.ENDED)
    assert len(practice.writes) == 2


def test_a_stop_while_it_is_read_once_more_leaves_a_run_to_be_finished(
    somewhere: Operator, practice: PracticeServer, book: Path
) -> None:
    """The yes was said: nothing is sent, and the run stands in the history with its rows."""
    somewhere.check(book)
    somewhere.presenter.run()
    asked(somewhere)
    let_go = hold(practice, "/data")
    somewhere.presenter.answer(True, "2")
    heard(somewhere, "EnergyCAP is read once more")
    assert somewhere.shown.stop.why_not == ""
    somewhere.presenter.stop()
    assert somewhere.shown.headline == "Stopping …"
    let_go()
    shown = somewhere.until(Phase.ENDED)
    assert shown.totals == {Status.NOT_SENT: 2, INVALID: 1}
    assert practice.writes == []
    assert "To finish it: History" in shown.more


def test_a_stop_before_the_question_sends_nothing(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """While EnergyCAP is asked for a run, how far that is can be seen; a stop is a no."""
    somewhere.check(book)
    somewhere.idle()
    let_go = hold(practice, "/data")
    somewhere.presenter.run()
    heard(somewhere, ASKING)
    somewhere.presenter.stop()
    let_go()
    shown = somewhere.until(Phase.CHECKED)
    assert (shown.trouble, practice.writes) == (None, [])
    assert not any(somewhere.screen.questions)


def test_the_settings_say_how_many_bills_a_run_may_touch(
    somewhere: Operator, practice: PracticeServer, book: Path
) -> None:
    """More are refused before the question; it cannot be left out to ask then; what cannot be read begins no run."""
    settings = somewhere.presenter.data_folder / "settings.json"
    settings.write_text('{"max_bills": 11}', encoding="utf-8")
    somewhere.check(book)
    somewhere.presenter.run()
    shown = somewhere.until(Phase.CHECKED)
    assert shown.trouble is not None
    assert (shown.trouble.code, practice.writes) == ("run.max_bills", [])
    settings.write_text('{"max_bills": 12}', encoding="utf-8")
    somewhere.presenter.run()
    assert not asked(somewhere).may_go_offline
    somewhere.presenter.answer(False)
    somewhere.until(Phase.CHECKED)
    settings.write_text('{"max_bills": "12"}', encoding="utf-8")
    somewhere.presenter.run()
    assert somewhere.shown.trouble is not None
    assert somewhere.shown.trouble.code == "settings.wrong"
