"""Rows in doubt: told, marked by an operator, and what the next run makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from asking import Bulkops, fill, flag, kickout, run

from bulkops.energycap import environments
from bulkops.ledger import Ledger, now
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.outcomes import Status
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import history, prepare, preview, resolve
from bulkops.runs.execute import record_of
from bulkops.runs.report import Options, Report
from bulkops.runs.resolve import ResolutionKind, UnknownOutcome
from bulkops.runs.summary import summary_of
from bulkops.system import data_folder

KICKOUTS = [kickout(1), kickout(2)]


@pytest.fixture
def here(practice: PracticeServer) -> Environment:
    return Environment(PRACTICE, practice.base_url)


@pytest.fixture
def folder(home: Path) -> Path:
    home.mkdir(parents=True)
    return home


def told(report: Report) -> list[str]:
    return [outcome.code or outcome.status.value for outcome in report.outcomes]


@pytest.fixture
def august(tmp_path: Path, practice: PracticeServer, here: Environment, folder: Path) -> Path:
    """A workbook whose first row was carried out, but the answer never came."""
    path = fill(tmp_path / "August.xlsx", kickouts=KICKOUTS)
    practice.faults.add(Fault.drop_reply())
    assert told(run(path, here, folder)) == ["sent.no_answer", "done"]
    assert len(practice.writes) == 2
    return path


@contextmanager
def on_its_way(path: Path, where: Environment, folder: Path) -> Iterator[str]:
    """A run that goes on while this is held, with its first row on its way; after it, its program is gone."""
    with prepare.prepare(path, where, folder, Options()) as prepared:
        assert isinstance(prepared.ledger, Ledger)
        prepared.ledger.begin(record_of(prepared), prepared.plan, where.id)
        prepared.ledger.intend(prepared.id, prepared.plan.steps[0], now())
        yield prepared.id


def only(folder: Path, where: Environment | None = None) -> UnknownOutcome:
    (unknown,) = resolve.unknown_outcomes(folder, where)
    return unknown


def refused(folder: Path, run: str, seq: int, kind: ResolutionKind = ResolutionKind.SEND_AGAIN) -> str:
    with pytest.raises(CannotStart) as error:
        resolve.resolve(folder, run, seq, kind)
    return error.value.code


def test_a_doubt_says_which_row_it_is_and_what_to_check(folder: Path, here: Environment, august: Path) -> None:
    """Where it stands, where it was sent to, when and by whom; and where in EnergyCAP to look."""
    unknown = only(folder, here)
    (found,) = history.history(folder)
    outcome = history.recall(folder, found.id).outcomes[0]
    assert (unknown.run, unknown.seq, unknown.sheet, unknown.row) == (found.id, 0, "Kickouts", 2)
    assert (unknown.operation, unknown.target) == ("kickout_reimport", KICKOUTS[0]["task_guid"])
    assert (unknown.environment, unknown.workbook, unknown.who) == ("practice", str(august), data_folder.operator())
    assert (unknown.code, unknown.message, unknown.tip) == (outcome.code, outcome.message, outcome.tip)
    assert "Open Bill Imports" in unknown.tip
    assert unknown.started == outcome.started


def test_a_row_marked_as_done_is_not_sent_again(
    folder: Path, here: Environment, august: Path, practice: PracticeServer
) -> None:
    """Every later run says so, by whose word; its code repeats it as it would any row that is done."""
    unknown = only(folder)
    mark = resolve.resolve(folder, unknown.run, unknown.seq, ResolutionKind.DONE, "Sam").resolution
    assert resolve.unknown_outcomes(folder) == []
    report = run(august, here, folder)
    assert (told(report), report.exit_code) == (["row.marked_done", "row.already_done"], 0)
    assert f"marked as done after all by Sam on {mark.when[:10]}" in report.outcomes[0].message
    assert len(practice.writes) == 2
    fill(august, kickouts=[kickout(1, send_again=unknown.send_again_code)])
    assert told(run(august, here, folder)) == ["done"]
    assert told(run(august, here, folder)) == ["row.already_done"]
    assert len(practice.writes) == 3


def test_a_row_marked_to_be_sent_again_is_sent_once(
    folder: Path, here: Environment, august: Path, practice: PracticeServer
) -> None:
    """The question says that it is sent again; then it is done, whatever workbook asks for it."""
    unknown = only(folder)
    resolve.resolve(folder, unknown.run, unknown.seq, ResolutionKind.SEND_AGAIN)
    with prepare.prepare(august, here, folder, Options()) as prepared:
        effects = summary_of(prepared).effects
    day = unknown.started[:10]
    assert effects[f"will be sent again although what became of it is UNKNOWN, last sent on {day}"] == 1
    other = fill(august.with_name("September.xlsx"), kickouts=[kickout(1, new_batch_code="Sep")])
    assert told(preview.check(other, here, folder, Options())) == ["ready"]
    assert told(run(august, here, folder)) == ["done", "row.already_done"]
    assert told(run(august, here, folder)) == ["row.already_done", "row.already_done"]
    assert told(run(other, here, folder)) == ["row.target_done"]
    assert len(practice.writes) == 3


def test_a_row_that_becomes_unknown_once_more_is_a_new_doubt(
    folder: Path, here: Environment, august: Path, practice: PracticeServer
) -> None:
    """The mark was for the first send alone."""
    first = only(folder)
    resolve.resolve(folder, first.run, first.seq, ResolutionKind.SEND_AGAIN)
    practice.faults.add(Fault.drop_reply())
    assert told(run(august, here, folder)) == ["sent.no_answer", "row.already_done"]
    assert told(run(august, here, folder)) == ["row.still_unknown", "row.already_done"]
    second = only(folder)
    assert second.run != first.run
    assert refused(folder, first.run, first.seq) == "doubt.sent_since"
    resolve.resolve(folder, second.run, second.seq, ResolutionKind.DONE)
    assert told(run(august, here, folder)) == ["row.marked_done", "row.already_done"]
    assert len(practice.writes) == 3


def test_doubts_are_told_newest_first(
    tmp_path: Path, folder: Path, here: Environment, august: Path, practice: PracticeServer
) -> None:
    """Whatever the operation."""
    practice.faults.add(Fault.drop_reply())
    run(fill(tmp_path / "Flags.xlsx", flags=[flag(2001)]), here, folder)
    assert [(each.operation, each.target) for each in resolve.unknown_outcomes(folder)] == [
        ("list_flag_edit", "2001"),
        ("kickout_reimport", KICKOUTS[0]["task_guid"]),
    ]


@pytest.mark.parametrize("kind", ResolutionKind)
def test_a_mark_is_corrected_by_a_later_one(
    folder: Path, here: Environment, august: Path, kind: ResolutionKind
) -> None:
    """Both stay, and the history tells both; the last counts."""
    unknown = only(folder)
    mark = resolve.resolve(folder, unknown.run, unknown.seq, kind).resolution
    assert (mark.kind, mark.who) == (kind, data_folder.operator())
    assert refused(folder, unknown.run, unknown.seq, kind) == "doubt.marked"
    assert resolve.unknown_outcomes(folder, marked=True) == [unknown]
    (other,) = {*ResolutionKind} - {kind}
    resolve.resolve(folder, unknown.run, unknown.seq, other, "Sam")
    words = {ResolutionKind.DONE: "done after all", ResolutionKind.SEND_AGAIN: "surely not carried out"}
    message = history.recall(folder, unknown.run).outcomes[0].message
    first, second = message.split("It was ")[1].split(", then ")
    assert words[kind] in first
    assert (words[other] in second, "by Sam on " in second) == (True, True)
    outcome = preview.check(august, here, folder, Options()).outcomes[0]
    assert (outcome.code or outcome.status.value) == ("row.marked_done" if other is ResolutionKind.DONE else "ready")


def test_a_doubt_that_was_released_and_sent_since_cannot_be_marked(
    folder: Path, here: Environment, august: Path
) -> None:
    """Its code has let a later send go: that one counts."""
    unknown = only(folder)
    run(fill(august, kickouts=[kickout(1, send_again=unknown.send_again_code)]), here, folder)
    assert resolve.unknown_outcomes(folder) == []
    assert refused(folder, unknown.run, unknown.seq) == "doubt.sent_since"


def test_nothing_is_marked_while_a_run_is_going_on(
    folder: Path, here: Environment, august: Path, practice: PracticeServer
) -> None:
    """A row may be on its way just then. What is in doubt can be told, without what is on its way."""
    unknown = only(folder)
    with on_its_way(fill(august, kickouts=[kickout(3)]), here, folder) as name:
        assert refused(folder, unknown.run, unknown.seq) == "run.busy"
        assert resolve.unknown_outcomes(folder) == [unknown]
    cut_short, before = resolve.unknown_outcomes(folder)
    assert (cut_short.run, cut_short.code, before) == (name, "sent.interrupted", unknown)
    resolve.resolve(folder, cut_short.run, cut_short.seq, ResolutionKind.SEND_AGAIN)
    assert told(run(august, here, folder)) == ["done"]
    assert len(practice.writes) == 3


def test_a_doubt_can_be_marked_before_anybody_has_listed_it(folder: Path, here: Environment, august: Path) -> None:
    """What a program that is gone left open is in doubt from its end on."""
    with on_its_way(fill(august, kickouts=[kickout(3)]), here, folder) as name:
        pass
    resolve.resolve(folder, name, 0, ResolutionKind.DONE)
    assert told(run(august, here, folder)) == ["row.marked_done"]


def test_two_environments_do_not_mix(folder: Path, here: Environment, august: Path, practice: PracticeServer) -> None:
    """The same row in doubt here and there: marked here, it still holds there."""
    there = environments.environment(base_url=practice.base_url)
    practice.faults.add(Fault.drop_reply())
    assert told(run(august, there, folder)) == ["sent.no_answer", "done"]
    assert len(resolve.unknown_outcomes(folder)) == 2
    unknown = only(folder, here)
    resolve.resolve(folder, unknown.run, unknown.seq, ResolutionKind.SEND_AGAIN)
    assert (resolve.unknown_outcomes(folder, here), only(folder).environment) == ([], there.name)
    assert told(run(august, there, folder)) == ["row.still_unknown", "row.already_done"]
    assert told(run(august, here, folder)) == ["done", "row.already_done"]


@pytest.mark.parametrize(
    ("kind", "status", "words", "what_to_do"),
    [
        (ResolutionKind.DONE, Status.DONE, "done after all", "Do nothing: it counts as done."),
        (ResolutionKind.SEND_AGAIN, Status.NOT_SENT, "surely not carried out", "Run the workbook again"),
    ],
)
def test_the_history_keeps_what_the_run_saw_and_says_what_was_said_since(
    folder: Path, august: Path, bulkops: Bulkops, kind: ResolutionKind, status: Status, words: str, what_to_do: str
) -> None:
    """What came of the send, and then by whose word the row stands as it does; nobody is to check it any more."""
    unknown = only(folder)
    before = history.recall(folder, unknown.run)
    resolve.resolve(folder, unknown.run, unknown.seq, kind, "Sam")
    after = history.recall(folder, unknown.run)
    assert (before.outcomes[0].status, after.outcomes[1]) == (Status.UNKNOWN, before.outcomes[1])
    marked = after.outcomes[0]
    assert (marked.status, marked.tip.startswith(what_to_do)) == (status, True)
    assert marked.message.startswith(f"{unknown.message} It was marked as {words}")
    assert marked.send_again_code == (unknown.send_again_code if kind is ResolutionKind.DONE else "")
    ended = bulkops("history", unknown.run)
    assert "by Sam on " in " ".join(ended.out.split())


def test_where_nothing_was_run_nothing_is_in_doubt(folder: Path) -> None:
    """And no ledger is made by asking, or by marking."""
    assert resolve.unknown_outcomes(folder) == []
    assert refused(folder, "20261121-101500-4f2a", 0) == "run.not_found"
    assert list(folder.iterdir()) == []


def test_only_a_run_that_goes_on_keeps_what_was_cut_short_from_being_told(
    folder: Path, here: Environment, august: Path
) -> None:
    """Where it cannot be seen whether one does, that is said, and no doubt is left out silently."""
    with on_its_way(fill(august, kickouts=[kickout(3)]), here, folder):
        pass
    (folder / "run.lock").unlink()
    (folder / "run.lock").mkdir()
    with pytest.raises(CannotStart) as error:
        resolve.unknown_outcomes(folder)
    assert error.value.code == "ledger.unusable"
