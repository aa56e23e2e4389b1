"""The story of a run: every row read has one status, in every ending, and the ledger, report and results agree."""

from __future__ import annotations

import gc
import platform
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import carried_out, fill, flag, kickout
from workbooks import column_of, older_results, results_of, untouched_parts

from bulkops.energycap import environments
from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.outcomes import Outcome, Status
from bulkops.operations.list_flag_edit import ListFlagEdit
from bulkops.practice.server import PRACTICE_KEY, Fault, PracticeServer
from bulkops.runs import delivery, execute, history, prepare, preview
from bulkops.runs.control import Control
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options, Report
from bulkops.runs.summary import summary_of
from bulkops.system import data_folder
from bulkops.system.locks import only_one
from bulkops.workbook.reader import without_collecting
from bulkops.workbook.results_layout import LAYOUTS

GOOD = [flag(2006 + number, comment=f"Row {number}") for number in range(6)]
"""Six good rows that may not run side by side: their edits differ."""


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running_server:
        yield running_server


def run(
    path: Path,
    server: PracticeServer,
    options: Options | None = None,
    control: Control | None = None,
    seen: Callable[[Outcome], object] = lambda _: None,
) -> Report:
    """A run against a practice server, with its ledger beside the workbook."""
    where = Environment(PRACTICE, server.base_url)
    with prepare.prepare(path, where, path.parent, options or Options(jobs=1)) as prepared:
        return carried_out(prepared, control or Control(), seen)


def statuses(report: Report) -> list[str]:
    return [outcome.status.value for outcome in report.outcomes]


def cells(path: Path) -> list[list[Any]]:
    return results_of(path)


def in_results(report: Report) -> list[str]:
    """The Status column of the results workbook."""
    assert report.results is not None
    return column_of(report.results, "Status")


def in_ledger(report: Report, folder: Path) -> list[str]:
    assert report.run is not None
    with closing(Ledger(folder / LEDGER)) as ledger:
        return [outcome.status.value for outcome in ledger.outcomes(report.run)]


def agree(report: Report, folder: Path) -> None:
    """Report, results and ledger tell the same of every row."""
    assert in_results(report) == [outcome.shown.label for outcome in report.outcomes]
    assert in_ledger(report, folder) == statuses(report)


def test_a_run_leaves_the_workbook_as_it_was(tmp_path: Path, server: PracticeServer) -> None:
    """Every row is sent once, every status is told three times alike, and the operator's file is not touched."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(2)], GOOD)
    before = untouched_parts(path)
    report = run(path, server)
    assert statuses(report) == ["done"] * 8
    assert len(server.writes) == len(server.state.applied) == 8
    agree(report, tmp_path)
    assert untouched_parts(path) == before
    assert (report.results, report.exit_code) == (path, 0)


def test_a_check_sends_and_writes_nothing(tmp_path: Path) -> None:
    """No ledger is made, no file is written, and every good row is ready."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(1)], [flag(2001, hidden=True)])
    report = preview.check(path, Environment(PRACTICE, ""), tmp_path, Options())
    assert statuses(report) == ["ready", "invalid", "not_sent"]
    assert [each.name for each in tmp_path.iterdir()] == ["August.xlsx"]
    assert (report.run, report.results, report.exit_code) == (None, None, 1)
    assert report.notes == (
        "Hidden rows, not to be sent: 1. You can have them sent too (command line: --include-hidden).",
    )


def test_a_check_keeps_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    """A window checks workbooks all day: whatever they leave behind is collected sooner or later."""
    frozen = gc.get_freeze_count()
    preview.check(fill(tmp_path / "May.xlsx", flags=[flag(2001)]), Environment(PRACTICE, ""), tmp_path, Options())
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


@pytest.mark.parametrize(("values", "oldest"), [(100, False), (100_000, True)])
def test_what_a_small_workbook_leaves_behind_is_looked_through_soon(values: int, oldest: bool) -> None:
    """Only a large one's values are put where hardly ever anybody looks: a pass goes over thousands of small ones."""
    gc.collect()
    with without_collecting():
        made: list[list[int]] = [[] for _ in range(values)]
    assert any(each is made for each in gc.get_objects(generation=2)) is oldest


def test_a_check_knows_what_was_done_before(tmp_path: Path, server: PracticeServer) -> None:
    """What a run would not send again, a check does not call ready."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    run(path, server)
    where = Environment(PRACTICE, server.base_url)
    assert set(statuses(preview.check(path, where, tmp_path, Options()))) == {"already_done"}
    assert set(statuses(preview.check(path, where, tmp_path, Options(send_again=True)))) == {"ready"}


def test_a_second_run_sends_nothing(tmp_path: Path, server: PracticeServer) -> None:
    """Running a workbook once more repeats nothing, and says when, by whom and from where it was done."""
    path = fill(tmp_path / "August.xlsx", [kickout(1)])
    run(path, server)
    report = run(path, server)
    assert (statuses(report), len(server.writes), report.exit_code) == (["already_done"], 1, 0)
    assert "August.xlsx" in report.outcomes[0].message
    agree(report, tmp_path)


# ---------------------------------------------------------------- endings before the first row


def another_run(path: Path, stack: ExitStack) -> Options:
    stack.enter_context(only_one(path.parent, "Pat, since this morning"))
    return Options()


def a_lock_that_cannot_be_had(path: Path, _: ExitStack) -> Options:
    """Something that is no lock file bears its name: nobody could see that this workbook is being run."""
    path.with_name(f".{path.name}.bulkops").mkdir()
    return Options()


def a_damaged_ledger(path: Path, _: ExitStack) -> Options:
    (path.parent / LEDGER).write_bytes(b"this is no ledger" * 100)
    return Options()


def a_ledger_that_cannot_be_written(_: Path, stack: ExitStack) -> Options:
    stack.enter_context(pytest.MonkeyPatch.context()).setattr(
        Ledger, "begin", fail_with(MustStop("ledger.unusable", path="here", value="disk full"))
    )
    return Options()


def no_place_for_the_results(path: Path, _: ExitStack) -> Options:
    return Options(results=path.parent / "missing" / "results.xlsx")


def results_over_the_input(path: Path, _: ExitStack) -> Options:
    return Options(results=path.parent / "." / path.name)


def all_or_nothing(_: Path, __: ExitStack) -> Options:
    return Options(all_or_nothing=True)


def fail_with(error: BaseException) -> Callable[..., Any]:
    def failing(*_: object, **__: object) -> Any:
        raise error

    return failing


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (another_run, "run.busy"),
        (a_lock_that_cannot_be_had, "workbook.no_lock"),
        (a_damaged_ledger, "ledger.unusable"),
        (a_ledger_that_cannot_be_written, "ledger.unusable"),
        (no_place_for_the_results, "results.unwritable"),
        (results_over_the_input, "results.unwritable"),
        (all_or_nothing, "run.invalid"),
    ],
)
def test_a_run_that_cannot_begin_tells_every_row(
    tmp_path: Path, server: PracticeServer, arrange: Callable[[Path, ExitStack], Options], code: str
) -> None:
    """Good rows are not sent, for the reason told; wrong and hidden ones keep their status; nothing is written."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(1)], [flag(2001), flag(2002, hidden=True)])
    before = path.read_bytes()
    with ExitStack() as stack:
        report = run(path, server, arrange(path, stack))
    assert statuses(report) == ["not_sent", "invalid", "not_sent", "not_sent"]
    assert [report.outcomes[0].code, report.outcomes[2].code] == [code, code]
    assert report.outcomes[3].code == "row.hidden"
    assert report.refused is not None
    assert (report.refused.code, report.exit_code, report.run, report.results) == (code, 2, None, None)
    assert not server.writes
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*results*"))


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.status(401), "me.refused"), (Fault.status(403), "me.refused"), (Fault.drop_reply(), "me.not_reached")],
)
def test_a_refused_greeting_stops_everything(tmp_path: Path, server: PracticeServer, fault: Fault, code: str) -> None:
    """EnergyCAP is asked who we are before the first row; without an answer none is sent."""
    server.faults.add(fault, method="GET")
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert statuses(report) == ["not_sent"] * 6
    assert report.refused is not None
    assert (report.refused.code, report.exit_code, server.writes) == (code, 2, [])


def test_ctrl_c_while_getting_ready_is_a_no(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the first row is sent, Ctrl-C means that nothing is."""
    monkeypatch.setattr("bulkops.runs.prepare.owner", fail_with(KeyboardInterrupt()))
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert report.refused is not None
    assert (report.refused.code, report.exit_code, set(statuses(report))) == ("run.declined", 2, {"not_sent"})


def test_a_record_that_fails_before_energycap_is_asked_leaves_every_row_its_status(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether EnergyCAP must be asked at all is looked up in it: an error there blocks the run like any other."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    environment = environments.environment(None, server.base_url)
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    with prepare.prepare(path, environment, tmp_path, Options()) as prepared:
        carried_out(prepared)
    monkeypatch.setattr(Ledger, "source_under", lambda *_: None)
    monkeypatch.setattr(Ledger, "may_tell_apart", fail_with(MustStop("ledger.unusable", path="here", value="gone")))
    with prepare.prepare(path, environment, tmp_path, Options()) as prepared:
        report = carried_out(prepared)
    assert report.refused is not None
    assert (report.refused.code, report.exit_code, set(statuses(report))) == ("ledger.unusable", 2, {"already_done"})


def test_a_run_with_a_blocker_is_never_carried_out(tmp_path: Path, server: PracticeServer) -> None:
    """Not even by a mistake of ours: by then it may have all that sending needs."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    server.faults.add(Fault.status(401), method="GET")
    with prepare.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
        assert prepared.blocker is not None
        with pytest.raises(RuntimeError):
            execute.execute(prepared, Control(), lambda _: None)
    assert server.writes == []


def test_nothing_to_send_needs_no_energycap(tmp_path: Path, server: PracticeServer) -> None:
    """A workbook of wrong and hidden rows ends with results, without a single request."""
    report = run(fill(tmp_path / "August.xlsx", flags=[flag("x"), flag(2001, hidden=True)]), server)
    assert (statuses(report), report.exit_code, server.requests) == (["invalid", "not_sent"], 1, [])
    agree(report, tmp_path)


def test_the_results_go_elsewhere_if_need_be(tmp_path: Path, server: PracticeServer) -> None:
    """Workbook and results file are open in Excel: the results go to the data folder, and it is said where and why."""
    (tmp_path / "books").mkdir()
    path = fill(tmp_path / "books" / "August.xlsx", flags=GOOD)
    (tmp_path / "books" / "~$August.xlsx").touch()
    (tmp_path / "books" / "~$August - results.xlsx").touch()
    with prepare.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
        report = carried_out(prepared)
    assert report.results is not None
    assert report.results.parent == tmp_path
    first, second = report.notes
    assert first.startswith("August.xlsx is open in Excel. ")
    assert f"The results go to {report.results}, a copy of the workbook" in first
    assert second.endswith("August - results.xlsx: it is open in Excel.")


# ---------------------------------------------------------------- endings part-way


def test_a_stop_finishes_the_row_in_flight(tmp_path: Path, server: PracticeServer) -> None:
    """Rows that were on their way are recorded, the rest say not sent and why, and running again sends only those."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    control = Control()
    report = run(path, server, control=control, seen=lambda _: control.stop("You stopped the run."))
    assert statuses(report) == ["done"] + ["not_sent"] * 5
    assert (report.stopped, report.exit_code) == ("You stopped the run.", 3)
    assert report.outcomes[5].message.endswith("You stopped the run.")
    agree(report, tmp_path)
    assert statuses(run(path, server)) == ["already_done"] + ["done"] * 5
    assert len(server.writes) == 6


def test_a_stop_after_the_last_row_is_none(tmp_path: Path, server: PracticeServer) -> None:
    """If every row was sent, the run did not stop part-way."""
    control = Control()
    report = run(fill(tmp_path / "a.xlsx", [kickout(1)]), server, control=control, seen=lambda _: control.stop("Stop."))
    assert (statuses(report), report.stopped, report.exit_code) == (["done"], "", 0)


def test_a_key_refused_part_way_stops_the_run(tmp_path: Path, server: PracticeServer) -> None:
    """A 401 is the key's fault, not the row's: no further row is tried."""
    server.faults.add(Fault.status(401), skip=2, times=None)
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert statuses(report) == ["done", "done", "failed", "not_sent", "not_sent", "not_sent"]
    assert (report.exit_code, len(server.writes)) == (3, 3)
    agree(report, tmp_path)


def test_a_lost_answer_is_unknown_and_stays_so(tmp_path: Path, server: PracticeServer) -> None:
    """Nobody knows whether it arrived: exit 4, and the next run does not send it again."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    server.faults.add(Fault.drop_reply(), skip=1)
    report = run(path, server)
    assert statuses(report) == ["done", "unknown", "done", "done", "done", "done"]
    assert report.exit_code == 4
    agree(report, tmp_path)
    again = run(path, server)
    assert statuses(again)[1] == "unknown"
    assert (again.exit_code, len(server.writes)) == (4, 6)


def test_an_answer_that_cannot_be_recorded_stops_the_run(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger fails after a send: the answer is told now, the row is unknown later, nothing more is sent."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "conclude", fail_with(MustStop("ledger.unusable", path="here", value="disk full")))
        report = run(path, server)
    assert statuses(report) == ["done"] + ["not_sent"] * 5
    assert (report.exit_code, report.internal_error, len(server.writes)) == (3, None, 1)
    assert "disk full" in report.stopped
    assert in_results(report)[0] == "Done"
    assert statuses(run(path, server))[0] == "unknown"


def test_a_last_row_that_cannot_be_recorded_is_told(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although every row was sent: the ledger will not know of it, so the run did not end well."""
    monkeypatch.setattr(Ledger, "conclude", fail_with(MustStop("ledger.unusable", path="here", value="disk full")))
    report = run(fill(tmp_path / "August.xlsx", [kickout(1)]), server)
    assert (statuses(report), report.exit_code) == (["done"], 3)
    assert "disk full" in report.stopped


def test_an_intent_that_cannot_be_recorded_sends_nothing(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No durable intent, no send."""
    monkeypatch.setattr(Ledger, "intend", fail_with(MustStop("ledger.unusable", path="here", value="disk full")))
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert (statuses(report), report.exit_code, server.writes) == (["not_sent"] * 6, 3, [])


def test_a_run_that_cannot_be_closed_is_told(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are recorded one by one; a failure to close the run is a note."""
    monkeypatch.setattr(Ledger, "finish", fail_with(MustStop("ledger.unusable", path="here", value="disk full")))
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert (statuses(report), report.exit_code) == (["done"] * 6, 0)
    assert "disk full" in report.notes[-1]


def test_a_defect_after_a_send_leaves_the_row_unknown(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of our own is no answer: the row is unknown, the rest not sent, the results are written."""
    internal_error = ZeroDivisionError("ours")
    monkeypatch.setattr(ListFlagEdit, "done", fail_with(internal_error))
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert statuses(report) == ["unknown"] + ["not_sent"] * 5
    assert (report.internal_error, report.exit_code) == (internal_error, 4)
    assert report.stopped == "bulkops met an error of its own (ZeroDivisionError)."
    agree(report, tmp_path)


def test_a_defect_in_showing_loses_no_row(tmp_path: Path, server: PracticeServer) -> None:
    """Rows in flight still come in when what shows them breaks."""
    same = [flag(2006 + number) for number in range(6)]
    internal_error = ZeroDivisionError("ours")
    report = run(fill(tmp_path / "August.xlsx", flags=same), server, Options(jobs=4), seen=fail_with(internal_error))
    assert set(statuses(report)) <= {"done", "not_sent"}
    assert statuses(report).count("done") == len(server.writes) >= 1
    assert report.internal_error is internal_error
    agree(report, tmp_path)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ZeroDivisionError("ours")])
def test_results_that_cannot_be_written_lose_nothing(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Neither a full disk nor a defect while saving hides what was sent; the operator is told where it is kept."""
    monkeypatch.setattr(delivery, "save", fail_with(error))
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert (statuses(report), report.results) == (["done"] * 6, None)
    assert report.notes[-1] == (
        f"The results are kept in the history of this computer (command line: bulkops history {report.run})."
    )
    assert in_ledger(report, tmp_path) == ["done"] * 6


def test_results_that_cannot_be_put_beside_go_to_the_data_folder(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workbook was opened in Excel during the run: the results are saved elsewhere, with where and why."""
    save = delivery.save
    tried: list[Path] = []

    def opened_meanwhile(path: Path, *arguments: Any, **more: Any) -> None:
        tried.append(path)
        if len(tried) == 1:
            raise PermissionError(13, "Permission denied")
        save(path, *arguments, **more)

    monkeypatch.setattr(delivery, "save", opened_meanwhile)
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD), server)
    assert tried == [tmp_path / "August.xlsx", tmp_path / "August - results.xlsx"]
    assert report.results == tried[1]
    assert f"The results could not be written to {tried[0]} (Permission denied)." in report.notes
    agree(report, tmp_path)


@pytest.fixture
def real(server: PracticeServer, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An EnergyCAP that is not practice."""
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    return environments.environment(None, server.base_url)


def run_at(path: Path, where: Environment, folder: Path) -> Report:
    with prepare.prepare(path, where, folder, Options(include_hidden=True)) as prepared:
        return carried_out(prepared)


@pytest.mark.parametrize("kind", ["in place", "in place, older", "copy", "plain", "plain with a remark"])
def test_results_of_another_computers_run_are_pointed_out(tmp_path: Path, real: Environment, kind: str) -> None:
    """This ledger cannot know what was sent from there: the operator is asked, and nobody is not."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    if kind == "copy":
        (tmp_path / "~$August.xlsx").touch()
    if kind.startswith("plain"):
        path = tmp_path / "August.csv"
        path.write_text("List ID,Comment\n2006,One\n", encoding="utf-8")
    results = run_at(path, real, tmp_path).results
    assert results is not None
    assert (results == path) == (kind.startswith("in place"))
    if kind.endswith("older"):
        older_results(path, LAYOUTS[-1].columns)
    if kind == "plain with a remark":
        book = openpyxl.load_workbook(results)
        book["Results"]["V9"] = "Seen by Sam"
        book.save(results)
    for folder, told in ((tmp_path, False), (tmp_path / "another computer", True)):
        folder.mkdir(exist_ok=True)
        with prepare.prepare(path, real, folder, Options()) as prepared:
            summary = summary_of(prepared)
            assert prepared.blocker is None
            assert bool(prepared.plan.steps) == told
            assert [each.code for each in prepared.to_be_sure_of] == ["run.elsewhere"] * told
        notes = [note for note in summary.notes if "results of a run that this computer does not know" in note]
        assert len(notes) == len(summary.sure) == told
        assert any("does not know" in note for note in preview.check(path, real, folder, Options()).notes) == told


@pytest.mark.parametrize("saved", [False, True], ids=["as it was written", "saved since"])
@pytest.mark.parametrize("kind", ["in place", "copy", "plain"])
def test_results_of_practising_do_not_count(
    tmp_path: Path, server: PracticeServer, real: Environment, kind: str, saved: bool
) -> None:
    """Nothing of them reached EnergyCAP, whoever practised."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD[:1])
    if kind == "copy":
        (tmp_path / "~$August.xlsx").touch()
    if kind == "plain":
        path = tmp_path / "August.csv"
        path.write_text("List ID,Comment\n2006,One\n", encoding="utf-8")
    results = run_at(path, Environment(PRACTICE, server.base_url), tmp_path).results
    assert results is not None
    assert (results == path) == (kind == "in place")
    if saved and kind == "copy":
        pytest.skip("a copy that somebody else has saved counts, to be on the safe side")
    if saved:
        openpyxl.load_workbook(results).save(results)
    elsewhere = tmp_path / "another computer"
    elsewhere.mkdir()
    with prepare.prepare(path, real, elsewhere, Options()) as prepared:
        assert (prepared.to_be_sure_of, len(prepared.plan.steps)) == ((), 1)


def test_results_of_another_computers_run_stay(tmp_path: Path, real: Environment) -> None:
    """Nothing else here tells what that run has sent: a run that sends nothing must not take the warning away."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD[:1])
    run_at(path, real, tmp_path)
    elsewhere = tmp_path / "another computer"
    elsewhere.mkdir()
    book = openpyxl.load_workbook(path)
    book["Flag edits"]["A2"] = "x"
    book.save(path)
    for _ in range(2):
        with prepare.prepare(path, real, elsewhere, Options()) as prepared:
            notes = summary_of(prepared).notes
            report = carried_out(prepared)
        assert "holds the results of a run that this computer does not know" in notes[0]
        assert report.results == path
        assert openpyxl.load_workbook(path).sheetnames == ["Flag edits", "Results", "Results (bulkops)"]
        assert column_of(path, "Status") == ["Done"]


def test_a_look_at_the_history_replaces_nothing(tmp_path: Path, server: PracticeServer) -> None:
    """A copy of the workbook that a run has put into the data folder stays; so does what somebody added to a list."""
    (tmp_path / "books").mkdir()
    path = fill(tmp_path / "books" / "August.xlsx", flags=GOOD[:1])
    for name in ("~$August.xlsx", "~$August - results.xlsx"):
        (tmp_path / "books" / name).touch()
    with prepare.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
        report = carried_out(prepared)
    assert report.results is not None
    assert report.results.parent == tmp_path
    before = report.results.read_bytes()
    first = history.recall(tmp_path, str(report.run)).results
    assert first is not None
    assert history.recall(tmp_path, str(report.run)).results == first
    book = openpyxl.load_workbook(first)
    book.create_sheet("My notes")
    book.save(first)
    assert history.recall(tmp_path, str(report.run)).results not in (first, report.results)
    assert report.results.read_bytes() == before
    assert openpyxl.load_workbook(first).sheetnames == ["PRACTICE Results", "My notes"]


def test_two_workbooks_of_one_name_have_results_of_their_own(tmp_path: Path, server: PracticeServer) -> None:
    """August.xlsx and August.xlsm, both open in Excel: neither's results take the place of the other's."""
    (tmp_path / "books").mkdir()
    reports = []
    for ending in ("xlsx", "xlsm"):
        path = fill(tmp_path / "books" / f"August.{ending}", flags=GOOD[len(reports) :][:1])
        path.with_name(f"~$August.{ending}").touch()
        with prepare.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
            reports.append(carried_out(prepared))
    assert [report.results.name for report in reports if report.results] == [
        "August - results.xlsx",
        "August - results (bulkops).xlsx",
    ]
    assert all(in_results(report) == ["Done"] for report in reports)


def test_two_people_do_not_run_one_workbook_at_once(tmp_path: Path, server: PracticeServer) -> None:
    """Each has a ledger of their own; the second one is told who is at it, and every row says that it was not sent."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD[:2])
    where, elsewhere = Environment(PRACTICE, server.base_url), tmp_path / "another computer"
    elsewhere.mkdir()
    with (
        prepare.prepare(path, where, tmp_path, Options()) as first,
        prepare.prepare(path, where, elsewhere, Options()) as second,
    ):
        assert first.blocker is None
        refused = carried_out(second)
        assert statuses(refused) == ["not_sent"] * 2
        assert {outcome.code for outcome in refused.outcomes} == {"workbook.busy"}
        assert data_folder.operator() in str(refused.refused)
        assert platform.node() in str(refused.refused)
        assert statuses(carried_out(first)) == ["done"] * 2
    assert len(server.writes) == 2
    assert not [each for each in tmp_path.iterdir() if each.name.endswith(".bulkops")]


def test_a_run_that_was_cut_short_elsewhere_is_pointed_out(tmp_path: Path, server: PracticeServer) -> None:
    """What it sent is in another computer's ledger: the operator hears of it before saying yes."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD[:1])
    (tmp_path / ".August.xlsx.bulkops").write_text("Sam on back-office, since noon\nback-office\n", encoding="utf-8")
    with prepare.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
        assert prepared.blocker is None
        assert any("Sam on back-office" in note for note in summary_of(prepared).notes)


def test_a_ledger_in_a_synced_folder_is_refused(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, the rows say so, and the sentence names the folder and what to set."""
    monkeypatch.setenv("OneDrive", str(tmp_path))
    report = run(fill(tmp_path / "August.xlsx", flags=GOOD[:2]), server)
    assert {outcome.code for outcome in report.outcomes} == {"home.synced"}
    assert (report.exit_code, server.requests) == (2, [])
    assert "BULKOPS_HOME" in str(report.refused)


def test_earlier_results_that_cannot_be_kept_are_not_replaced(tmp_path: Path, server: PracticeServer) -> None:
    """No room for a copy in the data folder: workbook and earlier results stay, the new ones go beside them."""
    books = tmp_path / "books"
    books.mkdir()
    path = books / "August.xlsx"
    where = Environment(PRACTICE, server.base_url)
    (tmp_path / "previous versions").write_text("in the way", encoding="utf-8")
    reports = []
    for row in GOOD[:2]:
        fill(path, flags=[row])
        with prepare.prepare(path, where, tmp_path, Options()) as prepared:
            reports.append(carried_out(prepared))
    first, second = reports
    assert first.results == books / "August - results.xlsx"
    assert second.results == tmp_path / f"August - results {second.run}.xlsx"
    assert (in_results(first), in_results(second)) == (["Done"], ["Done"])
    assert first.notes[0].startswith("August.xlsx cannot be copied to ")
    assert second.notes[1].startswith(f"The results could not be written to {first.results}")


# ---------------------------------------------------------------- what the ledger tells


def test_history_lists_runs_newest_first(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its rows counted."""
    times = count()
    monkeypatch.setattr(execute, "now", lambda: f"2026-11-21T10:00:0{next(times)}Z")
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    first, second = run(path, server), run(path, server)
    listed = history.history(tmp_path)
    assert [(each.id, each.counts) for each in listed] == [
        (second.run, {"already_done": 6}),
        (first.run, {"done": 6}),
    ]


def test_a_run_can_be_told_from_the_ledger_alone(tmp_path: Path, server: PracticeServer) -> None:
    """Without workbook and results: every row as it was reported."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(1)], GOOD)
    report = run(path, server)
    assert report.results == path
    statuses = column_of(path, "Status")
    path.unlink()
    told = history.recall(tmp_path, str(report.run))
    assert told.outcomes == report.outcomes
    assert told.environment == report.environment
    assert told.results is not None
    assert told.results != path
    assert column_of(told.results, "Status", "PRACTICE Results") == statuses
    elsewhere = tmp_path / "Größe & co.xlsx"
    assert history.recall(tmp_path, str(report.run), elsewhere).results == elsewhere
    assert column_of(elsewhere, "Status", "PRACTICE Results") == statuses
    with pytest.raises(CannotStart, match="cannot be written"):
        history.recall(tmp_path, str(report.run), tmp_path / "missing" / "x.xlsx")


def test_a_run_cut_short_is_told_as_such(tmp_path: Path, server: PracticeServer) -> None:
    """A row whose program was killed while it was sent is unknown; those after it were not sent."""
    path = fill(tmp_path / "August.xlsx", flags=GOOD)
    report = run(path, server)
    with sqlite3.connect(tmp_path / LEDGER) as ledger:
        ledger.execute("UPDATE runs SET ended = NULL")
        ledger.execute("UPDATE attempts SET state = 'intent', outcome = NULL WHERE seq = 4")
        ledger.execute("DELETE FROM attempts WHERE seq = 5")
    ledger.close()
    told = history.recall(tmp_path, str(report.run))
    assert statuses(told) == ["done"] * 4 + ["unknown", "not_sent"]
    assert told.notes[-2] == "This run was cut short."
    assert told.notes[-1] == (
        f"Rows that could still be sent: 1. Finish the run to send them (command line: bulkops resume {report.run})."
    )
    assert statuses(run(path, server)) == ["already_done"] * 4 + ["unknown", "done"]


def test_an_unknown_run_is_said(tmp_path: Path) -> None:
    """With a ledger and without one."""
    for _ in range(2):
        with pytest.raises(CannotStart, match="no run r1 in the history"):
            history.recall(tmp_path, "r1")
        Ledger(tmp_path / LEDGER).close()
    assert history.history(tmp_path) == []


def test_the_summary_says_what_where_and_as_whom(tmp_path: Path, server: PracticeServer) -> None:
    """What the question before a run needs: counts by operation, effects, what is left out, host, owner."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(1), kickout(2, batch_mode="new batch")], [flag(2001)])
    with prepare.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
        summary = summary_of(prepared)
    assert summary.steps == {"kickout reimports": 2, "list flag edit": 1}
    assert summary.effects == {
        "will create a new batch that is closed at once": 1,
        "will close your open batch and start a new one, or fail if several are open": 1,
    }
    assert summary.decided == {Status.INVALID: 1}
    assert (summary.host, summary.owner) == (server.base_url[7:], "Practice Operator (operator)")
    assert "practice-key" not in repr(summary)
