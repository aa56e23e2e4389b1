"""The window's dealings with a workbook, without a screen: checks, questions, runs and endings."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from asking import carried_out, fill, flag, kickout
from desk import PATIENCE, Operator
from keyring.backends import fail
from workbooks import column_of

from bulkops.desktop import view
from bulkops.desktop.check_presenter import HERE
from bulkops.desktop.state import QUIET, Phase
from bulkops.energycap import credentials, environments
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import history, prepare
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options
from bulkops.system import locks
from bulkops.system.locks import only_one

GOOD = [flag(2006, comment="One"), flag(2007, comment="Two"), flag(2008, comment="Three")]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return fill(tmp_path / "Größe & co.xlsx", [kickout(1)], GOOD)


@pytest.fixture
def somewhere(operator: Operator, practice: PracticeServer) -> Operator:
    """Somebody who has chosen an EnergyCAP that is not practice."""
    operator.presenter.choose_environment(environments.environment())
    return operator


def test_a_sheet_that_cannot_be_read_is_named(operator: Operator, tmp_path: Path) -> None:
    """Beside the counts, with what to do next, and among the notes; in the question too, and after the run."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD[:1])
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("Late")
    sheet.append(["List", "Flag status", "Comment"])
    sheet.append([2001, "Resolved", "x"])
    book.save(path)
    shown = operator.check(path)
    assert shown.headline == "1 row: Ready 1. Sheets not read: Late."
    assert shown.more.startswith("Correct the headings of the sheets that were not read")
    said = "Sheet “Late” was not read: for List flag edit it lacks the heading “List ID”."
    assert [note[: len(said)] for note in shown.notes] == [said]
    ended = operator.run()
    question = next(filter(None, reversed(operator.screen.questions)))
    assert [note[: len(said)] for note in question.notes] == [said]
    assert ended.headline == "The run has ended. 1 row: Done 1. Sheets not read: Late."
    assert said in [note[: len(said)] for note in ended.notes]


def make_corrections(operator: Operator, place: Path) -> None:
    """Of the report that is there."""
    assert operator.presenter.state.report is not None
    operator.presenter.make_corrections(place, operator.presenter.state.report)


def states(operator: Operator) -> list[Status]:
    return [each.status for each in operator.screen.lines]


def test_it_starts_on_practice_with_nothing_to_press(operator: Operator, practice: PracticeServer) -> None:
    """Whatever the computer's settings name, the window starts on practice, and every dead button says why."""
    shown = operator.shown
    assert shown.environment == Environment("practice", "")
    assert view.banner(shown.environment).startswith("PRACTICE")
    assert all(each.why_not.endswith(".") for each in (shown.check, shown.run, shown.stop, shown.results))


def test_how_far_a_record_of_an_earlier_version_is_brought_up_to_date_can_be_seen(
    operator: Operator, left_by_version_5: Path, book: Path
) -> None:
    """What was to be done at the start is done then; nothing is in the way of it where there is nothing to do."""
    presenter, said = operator.presenter, "Bringing the record up to date … {} %"
    presenter.bring_up_to_date(lambda: presenter.choose(book))
    operator.until(Phase.CHECKED)
    seen = [each for each in operator.screen.shown if each.headline.startswith("Bringing")]
    assert [each.headline for each in seen[:: len(seen) - 1]] == [said.format(0), said.format(100)]
    assert {each.progress for each in seen} >= {(0, 100), (35, 100), (100, 100)}
    assert "a copy of the record as it was is kept" in seen[0].more
    assert operator.shown.headline == "4 rows: Ready 4."
    before = len(operator.screen.shown)
    presenter.bring_up_to_date(presenter.refresh)
    operator.idle()
    assert len(operator.screen.shown) == before


def test_a_record_that_cannot_be_brought_up_to_date_is_told_at_the_start(operator: Operator, home: Path) -> None:
    """Nobody has to send something first to hear of it."""
    with closing(sqlite3.connect(home / LEDGER)) as ledger:
        ledger.execute("PRAGMA user_version = 5")
        ledger.execute("CREATE TABLE runs (id TEXT)")
        ledger.commit()
    operator.presenter.bring_up_to_date(lambda: None)
    shown = operator.idle()
    assert shown.trouble is not None
    assert shown.trouble.code == "ledger.unusable"
    assert not shown.headline.startswith("Bringing")


def test_the_settings_address_can_be_chosen(operator: Operator, practice: PracticeServer) -> None:
    """Practice comes first, then what the computer's settings name, then every EnergyCAP."""
    assert [each.name for each in operator.presenter.environments] == [
        *("practice", "custom", "us-east", "us-west", "eu", "fed", "implement")
    ]


def test_a_check_shows_every_row_and_sends_nothing(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """Each row says what it will do, in reading order, and the run's button how many there are."""
    shown = somewhere.check(fill(tmp_path / "a.xlsx", [kickout(1)], [flag(2006), flag("x"), flag(2007)]))
    assert [(each.sheet, each.row, each.status.value) for each in somewhere.screen.lines] == [
        ("Kickouts", 2, "ready"),
        ("Flag edits", 2, "ready"),
        ("Flag edits", 3, "invalid"),
        ("Flag edits", 4, "ready"),
    ]
    assert somewhere.screen.lines[1].asks.startswith("Flag every bill in list 2006: ")
    assert shown.run.words == "Run 3 rows"
    assert shown.totals == {Status.READY: 3, Status.INVALID: 1}
    assert practice.requests == []


def test_a_data_folder_that_is_gone_is_asked_about(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """Deleted while the window is open: after a yes what was sent is unknown, and none of it goes again."""
    somewhere.check(book)
    somewhere.run()
    sent = list(practice.writes)
    assert len(sent) == 4
    for yes in (False, True):
        shutil.rmtree(somewhere.presenter.data_folder)
        somewhere.check(book)
        somewhere.presenter.run()
        somewhere.until(Phase.ASKING)
        question = somewhere.screen.questions[-1]
        assert question is not None
        assert "lacks 4 rows" in " ".join(question.notes)
        asked = len(somewhere.screen.questions)
        assert somewhere.presenter.answer(yes) == ""
        # After the yes the rows themselves are asked about.
        while yes and not any(somewhere.screen.questions[asked:]):
            somewhere.worker.wait(PATIENCE)
        somewhere.presenter.answer(True)
        somewhere.until(Phase.ENDED if yes else Phase.CHECKED)
    assert states(somewhere) == [Status.UNKNOWN] * 4
    assert practice.writes == sent


def test_nothing_is_sent_without_a_yes(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """A no leaves the rows as they were looked at, and the ledger knows of no run."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(False)
    shown = somewhere.until(Phase.CHECKED)
    assert practice.writes == []
    assert (shown.trouble, shown.run.words) == (None, "Run 4 rows")
    assert history.history(somewhere.presenter.data_folder) == []


def test_the_question_says_what_where_and_as_whom(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """How many of what, to which host, as whom, what it closes or creates, where the results go."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    asked = somewhere.screen.questions[-1]
    assert asked is not None
    assert asked.what == "1 kickout reimport and 3 list flag edits"
    assert practice.base_url.removeprefix("http://") in asked.host
    assert asked.owner == "Practice Operator (operator)"
    assert not asked.practice
    assert str(book) in asked.results
    assert practice.writes == []


@pytest.mark.parametrize("typed", ["", "3", "44", "four", "4.0"])
def test_outside_practice_the_number_of_rows_is_typed(
    typed: str, somewhere: Operator, practice: PracticeServer, book: Path
) -> None:
    """Anything else sends nothing, and says what to type."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    assert "Type 4" in somewhere.presenter.answer(True, typed)
    assert somewhere.presenter.state.phase is Phase.ASKING
    assert practice.writes == []
    assert somewhere.presenter.answer(True, " 4 ") == ""
    somewhere.until(Phase.ENDED)
    assert len(practice.writes) == 4


def test_a_run_shows_each_row_as_it_comes(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """Rows, totals and results agree, and what a row does stays beside what became of it."""
    somewhere.check(book)
    somewhere.idle()
    asks = [each.asks for each in somewhere.screen.lines]
    shown = somewhere.run()
    assert states(somewhere) == [Status.DONE] * 4
    assert [each.asks for each in somewhere.screen.lines] == asks
    assert shown.totals == {Status.DONE: 4}
    assert all(sum(each.totals.values()) == 4 for each in somewhere.screen.shown if each.progress and each.totals)
    assert shown.run.why_not == "Check the rows first."
    assert str(book) in shown.more
    assert column_of(book, "Status") == ["Done"] * 4
    somewhere.presenter.open_results()
    assert somewhere.screen.opened == [book]


def test_a_second_run_sends_nothing_again(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """What is done is done; sending it again is a choice in the question."""
    somewhere.check(book)
    somewhere.run()
    somewhere.check(book)
    assert states(somewhere) == [Status.ALREADY_DONE] * 4
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    asked = somewhere.screen.questions[-1]
    assert asked is not None
    assert (asked.count, asked.done) == (0, 4)
    somewhere.presenter.ask_again(False, True)
    somewhere.until(Phase.ASKING)
    again = somewhere.screen.questions[-1]
    assert again is not None
    assert (again.count, again.send_again) == (4, True)
    assert any("done before" in effect for effect in again.effects)
    somewhere.presenter.answer(False)
    somewhere.until(Phase.CHECKED)
    assert len(practice.writes) == 4


def test_hidden_rows_are_a_choice(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """They are counted, and only sent when the operator says so in the question."""
    workbook = openpyxl.load_workbook(book)
    workbook["Flag edits"].row_dimensions[3].hidden = True
    workbook.save(book)
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    first = somewhere.screen.questions[-1]
    assert first is not None
    assert (first.count, first.hidden) == (3, 1)
    somewhere.presenter.ask_again(True, False)
    somewhere.until(Phase.ASKING)
    second = somewhere.screen.questions[-1]
    assert second is not None
    assert (second.count, second.include_hidden) == (4, True)
    somewhere.presenter.answer(True, "4")
    somewhere.until(Phase.ENDED)
    assert len(practice.writes) == 4


def test_another_workbook_waits_for_the_end(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """One that is dropped while rows are asked about is not taken, and it is said why."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.choose(book.with_name("Other.xlsx"))
    assert somewhere.presenter.state.workbook == book
    assert "Other.xlsx was not taken" in somewhere.shown.more


def test_a_stop_ends_the_run_at_a_rows_boundary(somewhere: Operator, practice: PracticeServer, tmp_path: Path) -> None:
    """What was on its way is recorded, what was not is not sent, and the results say both."""
    book = fill(tmp_path / "a.xlsx", [], [flag(2006 + number % 20, comment=f"Row {number}") for number in range(300)])
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(True, "300")
    while somewhere.presenter.state.came < 2:
        somewhere.worker.wait(60)
    somewhere.presenter.stop()
    assert somewhere.shown.stop.why_not == "It is stopping."
    shown = somewhere.until(Phase.ENDED)
    done = shown.totals[Status.DONE]
    assert len(practice.writes) == done < 300
    assert shown.totals[Status.NOT_SENT] == 300 - done
    assert "History" in shown.more


def test_a_stopped_run_is_finished(somewhere: Operator, practice: PracticeServer, tmp_path: Path) -> None:
    """Taken up again it sends what is left, once, after the same question."""
    book = fill(tmp_path / "a.xlsx", [], [flag(2006 + number % 20, comment=f"Row {number}") for number in range(300)])
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(True, "300")
    somewhere.presenter.stop()
    somewhere.until(Phase.ENDED)
    left = 300 - len(practice.writes)
    assert left
    where = somewhere.presenter.state.environment
    somewhere.presenter.choose_environment(HERE)
    somewhere.until(Phase.CHECKED)
    somewhere.presenter.finish(history.history(somewhere.presenter.data_folder)[0].id)
    somewhere.until(Phase.ASKING)
    assert somewhere.shown.environment == where
    asked = somewhere.screen.questions[-1]
    assert asked is not None
    assert asked.count == left
    assert asked.resumes
    somewhere.presenter.answer(True, str(left))
    shown = somewhere.until(Phase.ENDED)
    assert len(practice.writes) == len({each.body for each in practice.writes}) == 300
    assert shown.totals == {Status.DONE: 300}


def test_unknown_rows_come_first(somewhere: Operator, practice: PracticeServer, tmp_path: Path) -> None:
    """They stand above all others after the run, and after the next check."""
    book = fill(tmp_path / "a.xlsx", [], GOOD)
    practice.faults.add(Fault.drop_reply(), path_contains="/api/v3/list/2008/flagAction")
    somewhere.check(book)
    shown = somewhere.run()
    assert states(somewhere) == [Status.UNKNOWN, Status.DONE, Status.DONE]
    assert "before you have checked them in EnergyCAP" in shown.more
    somewhere.check(book)
    assert states(somewhere) == [Status.UNKNOWN, Status.ALREADY_DONE, Status.ALREADY_DONE]
    assert "2008" in somewhere.screen.lines[0].tip


@pytest.mark.parametrize(
    ("kind", "status", "sent"), [(ResolutionKind.DONE, "already_done", 3), (ResolutionKind.SEND_AGAIN, "ready", 4)]
)
@pytest.mark.parametrize("after", ["the run", "the next check"])
def test_a_row_in_doubt_is_marked(
    kind: ResolutionKind,
    status: str,
    sent: int,
    after: str,
    somewhere: Operator,
    practice: PracticeServer,
    tmp_path: Path,
) -> None:
    """Done after all it is never sent again; to be sent again it goes out with the next run, once."""
    book = fill(tmp_path / "a.xlsx", [], GOOD)
    practice.faults.add(Fault.drop_before(), path_contains="/list/2008/")
    somewhere.check(book)
    somewhere.run()
    if after == "the next check":
        somewhere.check(book)
    first = somewhere.screen.lines[0]
    assert list(somewhere.presenter.state.unknown_outcomes) == [first.seq]
    somewhere.presenter.mark(first, somewhere.presenter.state.unknown_outcomes[first.seq], kind)
    somewhere.idle()
    shown = somewhere.until(Phase.CHECKED)
    assert view.RESOLUTION_KINDS[kind].words in shown.more
    assert [each.status.value for each in somewhere.screen.lines] == ["already_done", "already_done", status]
    somewhere.run()
    assert len(practice.writes) == sent
    assert Status.UNKNOWN not in states(somewhere)


@pytest.mark.parametrize("after", ["the run", "the next check"])
@pytest.mark.parametrize("kind", list(ResolutionKind))
def test_a_mark_is_of_that_very_edit(
    after: str, kind: ResolutionKind, somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """Two different edits of one list, both in doubt: the one that was chosen is marked, and never the other."""
    book = fill(tmp_path / "a.xlsx", [], [flag(2008, comment="First"), flag(2008, comment="Second")])
    practice.faults.add(Fault.drop_before(), path_contains="/list/2008/")
    practice.faults.add(Fault.drop_reply(), path_contains="/list/2008/")
    somewhere.check(book)
    somewhere.run()
    if after == "the next check":
        somewhere.check(book)
    first = somewhere.screen.lines[0]
    assert (first.row, len(somewhere.presenter.state.unknown_outcomes)) == (2, 2)
    somewhere.presenter.mark(first, somewhere.presenter.state.unknown_outcomes[first.seq], kind)
    somewhere.idle()
    somewhere.until(Phase.CHECKED)
    told = {each.row: each.status for each in somewhere.screen.lines}
    assert told == {2: Status.ALREADY_DONE if kind is ResolutionKind.DONE else Status.READY, 3: Status.UNKNOWN}


def test_a_mark_stays_with_what_was_asked_about(somewhere: Operator, practice: PracticeServer, tmp_path: Path) -> None:
    """Another workbook that came in the meantime, with a row in doubt at the same place, is not marked."""
    for name, comment in (("a.xlsx", "First"), ("b.xlsx", "Second")):
        practice.faults.add(Fault.drop_reply(), path_contains="/list/2008/")
        somewhere.check(fill(tmp_path / name, [], [flag(2008, comment=comment)]))
        somewhere.run()
        if name == "a.xlsx":
            line, unknown = somewhere.screen.lines[0], somewhere.presenter.state.unknown_outcomes[0]
    somewhere.presenter.mark(line, unknown, ResolutionKind.SEND_AGAIN)
    somewhere.idle()
    assert [each.status for each in somewhere.screen.lines] == [Status.UNKNOWN]
    somewhere.check(tmp_path / "a.xlsx")
    assert [each.status for each in somewhere.screen.lines] == [Status.READY]


def test_a_ledger_that_fails_at_the_end_hides_nothing(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the rows in doubt cannot be looked up any more, what became of every row is shown all the same."""
    book = fill(tmp_path / "a.xlsx", [], GOOD)
    practice.faults.add(Fault.drop_reply(), path_contains="/list/2008/")
    somewhere.check(book)
    lost = CannotStart("ledger.unusable", path=Path("ledger.sqlite3"), value="no access")

    def gone(*_: object, **__: object) -> None:
        raise lost

    monkeypatch.setattr("bulkops.desktop.check_presenter.unknown_outcomes", gone)
    shown = somewhere.run()
    assert states(somewhere) == [Status.UNKNOWN, Status.DONE, Status.DONE]
    assert shown.results.why_not == ""
    assert shown.trouble is not None
    assert shown.trouble.code == "ledger.unusable"


def test_a_run_that_is_finished_offers_no_other_rows(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """It keeps to what was asked of it then: hidden rows and rows that are done cannot be ticked."""
    rows = [flag(2006 + number % 20, comment=f"Row {number}") for number in range(300)]
    somewhere.check(fill(tmp_path / "a.xlsx", [], [*rows, flag(2030, hidden=True)]))
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(True, "300")
    somewhere.presenter.stop()
    somewhere.until(Phase.ENDED)
    somewhere.presenter.finish(history.history(somewhere.presenter.data_folder)[0].id)
    somewhere.until(Phase.ASKING)
    asked = somewhere.screen.questions[-1]
    assert asked is not None
    assert (asked.hidden, asked.done) == (0, 0)


def test_without_a_key_it_is_asked_for(operator: Operator, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent, the rows stay, and the window is told for which EnergyCAP a key is needed."""
    monkeypatch.setattr("keyring.get_keyring", fail.Keyring)
    where = environments.environment("us-east")
    operator.presenter.choose_environment(where)
    operator.check(book)
    operator.presenter.run()
    shown = operator.until(Phase.CHECKED)
    assert operator.screen.keys == [where]
    assert shown.trouble is not None
    assert shown.trouble.code == "key.missing"
    assert shown.totals == {Status.READY: 4}
    operator.presenter.key_changed(where)
    assert operator.shown.trouble is None
    assert where.host in operator.shown.more


def test_a_broken_file_is_one_sentence(operator: Operator, tmp_path: Path) -> None:
    """A file that is no workbook says so, with a code; the next one is looked at all the same."""
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    shown = operator.check(broken)
    assert shown.trouble is not None
    assert "broken.xlsx" in shown.trouble.sentence
    assert shown.trouble.code.startswith("workbook.")
    assert shown.run.why_not
    shown = operator.check(fill(tmp_path / "good.xlsx", [], GOOD))
    assert shown.trouble is None
    assert shown.run.words == "Run 3 rows"


def test_another_run_is_waited_for(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """While another bulkops runs, nothing is asked and nothing is sent."""
    somewhere.check(book)
    with only_one(somewhere.presenter.data_folder, "Mia, August.xlsx, since noon"):
        somewhere.presenter.run()
        shown = somewhere.until(Phase.CHECKED)
    assert shown.trouble is not None
    assert "Mia" in shown.trouble.sentence
    assert practice.writes == []


def test_an_error_after_a_no_is_shown(operator: Operator, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent, and something is wrong all the same: a lock that cannot be given back, say."""
    unlock = locks.unlock

    def unlocking(handle: int) -> None:
        unlock(handle)
        raise PermissionError(13, "not given back")

    operator.check(book)
    operator.presenter.run()
    operator.until(Phase.ASKING)
    monkeypatch.setattr(locks, "unlock", unlocking)
    operator.presenter.answer(False)
    shown = operator.until(Phase.CHECKED, Phase.FAILED)
    assert shown.trouble is not None
    assert shown.trouble.code == "run.bug"


def test_details_for_help_hold_no_key(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """The code, the sentence and the version, and nothing of the key that was refused."""
    practice.faults.add(Fault.status(401), times=None, method="GET", path_contains="/me")
    somewhere.check(book)
    somewhere.presenter.run()
    shown = somewhere.until(Phase.CHECKED)
    assert shown.trouble is not None
    assert "Code: me.refused" in shown.trouble.details
    assert credentials.find_key(somewhere.presenter.state.environment).reveal() not in shown.trouble.details


def test_corrections_after_a_check(operator: Operator, tmp_path: Path) -> None:
    """The rows that need fixing go into a workbook of their own, which is opened."""
    operator.check(fill(tmp_path / "a.xlsx", [], [flag(2006), flag("x")]))
    place = operator.presenter.corrections_place()
    assert place == tmp_path / "a - corrections.xlsx"
    make_corrections(operator, place)
    shown = operator.idle()
    assert operator.screen.opened == [place]
    assert openpyxl.load_workbook(place).active.max_row == 2
    assert str(place) in shown.more


def test_corrections_after_a_run_hold_what_failed(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """Not what a check would say of the rows, but what became of them."""
    practice.faults.add(
        Fault.answer(404, json={"message": "No such list"}), path_contains="/api/v3/list/2007/flagAction"
    )
    somewhere.check(fill(tmp_path / "a.xlsx", [], GOOD))
    somewhere.run()
    place = tmp_path / "again.xlsx"
    make_corrections(somewhere, place)
    somewhere.idle()
    rows = list(openpyxl.load_workbook(place).active.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == [2007]


def test_corrections_hold_a_hidden_row_that_was_sent(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """What was asked for in the question counts for the corrections, too."""
    practice.faults.add(Fault.answer(404, json={"message": "No such list"}), path_contains="/list/2009/")
    somewhere.check(fill(tmp_path / "a.xlsx", [], [*GOOD, flag(2009, hidden=True)]))
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.ask_again(True, False)
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(True, "4")
    somewhere.until(Phase.ENDED)
    place = tmp_path / "again.xlsx"
    make_corrections(somewhere, place)
    somewhere.idle()
    rows = list(openpyxl.load_workbook(place).active.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == [2009]


def test_a_changed_workbook_gets_no_corrections(operator: Operator, tmp_path: Path) -> None:
    """Its rows are not those that were looked at: nothing is made."""
    book = fill(tmp_path / "a.xlsx", [], [flag("x")])
    operator.check(book)
    fill(book, [], [flag("y"), flag("z")])
    make_corrections(operator, tmp_path / "again.xlsx")
    shown = operator.idle()
    assert shown.trouble is not None
    assert shown.trouble.code == "corrections.changed"
    assert not (tmp_path / "again.xlsx").exists()


def test_a_template_is_made_and_opened(operator: Operator, tmp_path: Path) -> None:
    """It opens in its own program to be filled in; one that is there already is not touched."""
    place = tmp_path / "New rows.xlsx"
    operator.presenter.new_from_template(place)
    operator.idle()
    assert operator.screen.opened == [place]
    before = place.read_bytes()
    operator.presenter.new_from_template(place)
    shown = operator.idle()
    assert shown.trouble is not None
    assert place.read_bytes() == before


def test_closing_during_a_run_stops_it_safely(somewhere: Operator, practice: PracticeServer, tmp_path: Path) -> None:
    """It stops at a row's boundary, writes the results, and goes."""
    book = fill(tmp_path / "a.xlsx", [], [flag(2006 + number % 20, comment=f"Row {number}") for number in range(300)])
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(True, "300")
    somewhere.until(Phase.RUNNING)
    somewhere.presenter.close_when_stopped()
    somewhere.idle()
    assert somewhere.screen.closed
    told = column_of(book, "Status")
    assert told.count("Done") == len(practice.writes) < 300


@pytest.mark.parametrize("shown", ["show_lines", "ask"])
def test_a_question_that_cannot_be_shown_is_a_no(
    shown: str, somewhere: Operator, practice: PracticeServer, book: Path
) -> None:
    """Nothing is sent, no job is left waiting, and the next run asks as ever."""
    somewhere.check(book)
    real = getattr(somewhere.screen, shown)

    def broken_once(*_: object) -> None:
        setattr(somewhere.screen, shown, real)
        raise RuntimeError("made to go wrong")

    setattr(somewhere.screen, shown, broken_once)
    somewhere.presenter.run()
    with pytest.raises(RuntimeError, match="made to go wrong"):
        somewhere.idle()
    somewhere.until(Phase.CHECKED)
    assert practice.writes == []
    somewhere.run()
    assert len(practice.writes) == 4


def test_closing_at_the_question_is_a_no(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """Nothing is sent, and no job is left waiting for an answer."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.close_when_stopped()
    somewhere.idle()
    assert somewhere.screen.closed
    assert practice.writes == []


@pytest.mark.parametrize("pressed", ["stop", "close_when_stopped"])
def test_a_stop_before_the_question_is_a_no(
    pressed: str, somewhere: Operator, practice: PracticeServer, book: Path
) -> None:
    """Who stops while the run is made ready is not asked any more."""
    somewhere.check(book)
    somewhere.presenter.run()
    getattr(somewhere.presenter, pressed)()
    somewhere.idle()
    assert practice.writes == []
    assert all(each is None for each in somewhere.screen.questions)


def test_a_stop_right_after_the_yes_counts(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """Between the yes and the first row a stop is not lost."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.answer(True, "4")
    somewhere.presenter.stop()
    shown = somewhere.until(Phase.ENDED)
    assert shown.totals.get(Status.NOT_SENT, 0) == 4 - len(practice.writes)
    assert len(practice.writes) < 4


def test_after_ten_silent_seconds_it_says_why(somewhere: Operator, practice: PracticeServer, book: Path) -> None:
    """Who waits is told what for; and how long it will about take."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    somewhere.presenter.state.phase = Phase.RUNNING
    somewhere.presenter.state.of = 4
    somewhere.now += QUIET + 1
    somewhere.presenter.refresh()
    assert "Waiting for EnergyCAP's answer since 11 seconds" in somewhere.shown.more
    somewhere.presenter.state.came, somewhere.presenter.state.heard = 1, somewhere.now
    somewhere.presenter.refresh()
    assert somewhere.shown.more == "About 33 seconds left."
    somewhere.presenter.state.phase = Phase.ASKING


def test_a_record_that_is_not_the_newest_is_asked_about(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """A no sends nothing; a yes makes what it lacks unknown, and only then it is asked what is to be sent."""
    home = somewhere.presenter.data_folder
    somewhere.check(fill(tmp_path / "a.xlsx", [], GOOD[:2]))
    somewhere.run()
    for each in home.glob("ledger*"):
        each.unlink()
    somewhere.check(fill(tmp_path / "a.xlsx", [], GOOD))
    for yes in (False, True):
        somewhere.presenter.run()
        somewhere.until(Phase.ASKING)
        asked = somewhere.screen.questions[-1]
        assert asked is not None
        assert "it lacks 2 rows" in asked.notes[0]
        assert (asked.button, asked.count) == ("Take them over as unknown", 0)
        somewhere.presenter.answer(yes)
        if not yes:
            somewhere.until(Phase.CHECKED)
    shown = somewhere.until(Phase.ASKING)
    assert shown.totals == {Status.UNKNOWN: 2, Status.READY: 1}
    somewhere.presenter.answer(True, "1")
    assert somewhere.until(Phase.ENDED).totals == {Status.UNKNOWN: 2, Status.DONE: 1}
    assert len(practice.writes) == 3


def test_what_may_have_been_sent_from_elsewhere_wants_a_tick(
    somewhere: Operator, practice: PracticeServer, tmp_path: Path
) -> None:
    """Nothing is ticked beforehand, and without the tick the number alone sends nothing."""
    book = fill(tmp_path / "a.xlsx", [], GOOD[:1])
    elsewhere = tmp_path / "another computer"
    elsewhere.mkdir()
    with prepare.prepare(book, environments.environment(), elsewhere, Options()) as prepared:
        carried_out(prepared)
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    asked = somewhere.screen.questions[-1]
    assert asked is not None
    assert asked.sure
    assert "Tick" in somewhere.presenter.answer(True, "1")
    assert len(practice.writes) == 1
    assert somewhere.presenter.answer(True, "1", True) == ""
    somewhere.until(Phase.ENDED)
    assert len(practice.writes) == 2


def test_trouble_can_be_rehearsed_on_practice(operator: Operator, book: Path) -> None:
    """A choice in the question, which is then asked anew and names the rows that meet it."""
    operator.check(book)
    operator.presenter.run()
    operator.until(Phase.ASKING)
    first = operator.screen.questions[-1]
    assert first is not None
    assert (first.may_rehearse, first.trouble) == (True, False)
    operator.presenter.ask_again(False, False, True)
    operator.until(Phase.ASKING)
    second = operator.screen.questions[-1]
    assert second is not None
    assert (second.may_rehearse, second.trouble) == (True, True)
    assert any(note.startswith("Trouble to rehearse: ") for note in second.notes)
    operator.presenter.answer(False)
    operator.until(Phase.CHECKED)


def test_no_trouble_is_rehearsed_elsewhere(somewhere: Operator, book: Path) -> None:
    """There is no such choice."""
    somewhere.check(book)
    somewhere.presenter.run()
    somewhere.until(Phase.ASKING)
    asked = somewhere.screen.questions[-1]
    assert asked is not None
    assert not asked.may_rehearse
    somewhere.presenter.answer(False)
    somewhere.until(Phase.CHECKED)
