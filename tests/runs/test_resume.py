"""A run that was cut short is finished from the ledger alone: what is left is sent once, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, carried_out, fill, flag
from workbooks import column_of, untouched_parts

from bulkops.ledger import Ledger, now
from bulkops.ledger.records import TOUCH
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Outcome
from bulkops.operations import all_operations
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import history, prepare, preview
from bulkops.runs.control import Control
from bulkops.runs.execute import execute, record_of
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options, Report
from bulkops.runs.resolve import resolve
from bulkops.runs.resume import prepare_again
from bulkops.runs.summary import summary_of

EDITS = [flag(2006 + number, comment=f"Row {number}") for number in range(6)]
"""Six good rows that may not run side by side: their edits differ."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    monkeypatch.setenv("BULKOPS_API_KEY", "practice-key")
    with PracticeServer() as running:
        yield running


def run(path: Path, server: PracticeServer, stop_after: int | None = None, options: Options | None = None) -> Report:
    """A run that the operator stops after some rows, with its ledger beside the workbook."""
    where = Environment("custom", server.base_url)
    with prepare.prepare(path, where, path.parent, options or Options(jobs=1)) as prepared:
        return carried_out(prepared, *stopping(stop_after))


def stopping(after: int | None) -> tuple[Control, Callable[[Outcome], object]]:
    control, seen = Control(), []

    def see(outcome: Outcome) -> None:
        seen.append(outcome)
        if len(seen) == after:
            control.stop("You stopped the run.")

    return control, see


def resume(folder: Path, name: str | None = None, stop_after: int | None = None) -> Report:
    with prepare_again(name, folder) as prepared:
        return carried_out(prepared, *stopping(stop_after))


def killed(path: Path, server: PracticeServer, sent: int, on_its_way: int = 0, options: Options | None = None) -> str:
    """A run whose program was killed after some rows; of those not yet concluded some were on their way. Its id."""
    where = Environment("custom", server.base_url)
    with prepare.prepare(path, where, path.parent, options or Options(jobs=1)) as prepared:
        ledger = prepared.ledger
        assert isinstance(ledger, Ledger)
        ledger.begin(record_of(prepared), prepared.plan, where.id)
        client_rows = prepared.plan.steps[: sent + on_its_way]
        for number, step in enumerate(client_rows):
            started = now()
            ledger.intend(prepared.id, step, started)
            if number < sent:
                operation = all_operations()[step.row.operation]
                ledger.conclude(prepared.id, done_by(server, step, operation, started))
        return prepared.id


def done_by(server: PracticeServer, step: Any, operation: Any, started: str) -> Outcome:
    """What the practice server makes of a step, as the processor records it."""
    from bulkops.energycap.client import Client
    from bulkops.energycap.key import Key
    from bulkops.model.outcomes import Status, outcome_of
    from bulkops.model.requests import Reply

    with closing(Client(Environment("custom", server.base_url), Key("practice-key"))) as client:
        reply = client.send(step.call)
    assert isinstance(reply, Reply)
    said = operation.accepted(reply)
    return outcome_of(step.row, Status.DONE, selected=said.selected, updated=said.updated, started=started)


def statuses(report: Report) -> list[str]:
    return [outcome.status.value for outcome in report.outcomes]


def in_results(report: Report) -> list[tuple[str, str]]:
    """(Status, Run) of every line of the results workbook."""
    assert report.results is not None
    return list(zip(column_of(report.results, "Status"), column_of(report.results, "Run"), strict=True))


def test_a_stopped_run_is_finished_under_its_own_name(tmp_path: Path, server: PracticeServer) -> None:
    """The rows that were done stay done, the others are sent once, and the results are those of one whole run."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    stopped = run(path, server, stop_after=2)
    assert statuses(stopped) == ["done"] * 2 + ["not_sent"] * 4
    path.unlink()
    finished = resume(tmp_path)
    assert statuses(finished) == ["done"] * 6
    assert (finished.run, finished.exit_code) == (stopped.run, 0)
    assert finished.results == tmp_path / "August - results.xlsx"
    assert finished.notes[0].startswith("August.xlsx is not where it was when it was read. Put it back")
    assert in_results(finished) == [("Done", stopped.run)] * 6
    assert finished.outcomes[:2] == stopped.outcomes[:2]
    assert [request.body for request in server.writes] == sorted(request.body for request in server.writes)
    assert len(server.state.applied) == 6
    with pytest.raises(CannotStart, match="No run is waiting"):
        resume(tmp_path)


def test_a_finished_run_keeps_the_names_of_its_rows(tmp_path: Path, server: PracticeServer) -> None:
    """Of rows that were done, in flight, or not come to, though EnergyCAP is not asked about names again; what the run
    was to touch stands in the results as well, and in those that are made again."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    where, names = Environment("custom", server.base_url), {seq: f"List {seq}" for seq in range(6)}
    with prepare.prepare(path, where, tmp_path, Options(jobs=1, offline=True)) as prepared:
        named, record = replace(prepared, plan=prepared.plan.named(names)), record_of(prepared)
        record = replace(record, options={**record.options, TOUCH: "6 edits of 6 lists: 42 bills"})
        assert isinstance(prepared.ledger, Ledger)
        prepared.ledger.begin(record, named.plan, where.id)
        prepared.ledger.intend(prepared.id, named.plan.steps[0], now())
    finished = resume(tmp_path)
    assert statuses(finished) == ["unknown"] + ["done"] * 5
    assert {each.seq: each.name for each in finished.outcomes} == names
    again = history.recall(tmp_path, str(finished.run), tmp_path / "again.xlsx")
    for results in (finished.results, again.results):
        assert column_of(results, "Name") == list(names.values())
        (bills,) = (row[1].value for row in openpyxl.load_workbook(results)["Results"]["A3:B3"])
        assert bills.endswith("; before the run: 6 edits of 6 lists: 42 bills")


def test_the_results_of_a_finished_run_replace_those_of_its_first_part(tmp_path: Path, server: PracticeServer) -> None:
    """The workbook is as it was but for the results that the run itself has put there: the rest goes there too."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    before = untouched_parts(path)
    assert run(path, server, stop_after=2).results == path
    finished = resume(tmp_path)
    assert (finished.results, finished.notes) == (path, ())
    assert in_results(finished) == [("Done", finished.run)] * 6
    assert untouched_parts(path) == before


def test_a_workbook_that_was_changed_since_is_left_to_its_owner(tmp_path: Path, server: PracticeServer) -> None:
    """Its rows may not be those of the run any more: the results of the rest go beside it."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    run(path, server, stop_after=2)
    content = fill(path, flags=[*EDITS, flag(2001)]).read_bytes()
    finished = resume(tmp_path)
    assert finished.results == tmp_path / "August - results.xlsx"
    assert finished.notes[0].startswith("August.xlsx was changed since it was read.")
    assert path.read_bytes() == content


def test_a_killed_run_is_finished_and_what_was_on_its_way_stays_unknown(tmp_path: Path, server: PracticeServer) -> None:
    """The row whose answer nobody saw is not sent; those after it are."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    name = killed(path, server, sent=2, on_its_way=1)
    finished = resume(tmp_path, name)
    assert statuses(finished) == ["done"] * 2 + ["unknown"] + ["done"] * 3
    assert (finished.run, finished.exit_code) == (name, 4)
    assert len(server.writes) == 5
    with closing(Ledger(tmp_path / LEDGER)) as ledger:
        (told,) = ledger.runs()
        assert (told.ended is not None, told.totals) == (True, {"done": 5, "unknown": 1})


def test_a_resumed_run_may_be_stopped_and_resumed_again(tmp_path: Path, server: PracticeServer) -> None:
    """As often as it takes; every row is sent once."""
    run(fill(tmp_path / "August.xlsx", flags=EDITS), server, stop_after=1)
    assert statuses(resume(tmp_path, stop_after=2)) == ["done"] * 3 + ["not_sent"] * 3
    assert statuses(resume(tmp_path)) == ["done"] * 6
    assert len(server.writes) == 6


def test_a_run_of_all_rows_again_is_finished_as_such(tmp_path: Path, server: PracticeServer) -> None:
    """--send-again holds for the rows that the stopped run had not come to, and for no row twice."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    run(path, server)
    again = Options(jobs=1, send_again=True)
    assert statuses(run(path, server, 2, again)) == ["done"] * 2 + ["not_sent"] * 4
    assert statuses(resume(tmp_path)) == ["done"] * 6
    assert len(server.writes) == 12
    with pytest.raises(CannotStart):
        resume(tmp_path)


def test_what_another_run_did_meanwhile_is_not_repeated(tmp_path: Path, server: PracticeServer) -> None:
    """Not under --send-again either: that was asked for before."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    stopped = run(path, server, 2, Options(jobs=1, send_again=True))
    other = fill(tmp_path / "September.xlsx", flags=EDITS)
    assert statuses(run(other, server)) == ["already_done"] * 2 + ["done"] * 4
    finished = resume(tmp_path, stopped.run)
    assert statuses(finished) == ["done"] * 2 + ["already_done"] * 4
    assert len(server.writes) == 6
    assert in_results(finished)[2:] == [("Already done", stopped.run)] * 4


def test_who_typed_no_code_is_not_told_to_clear_one(tmp_path: Path, server: PracticeServer) -> None:
    """--send-again released the rows; what another run sent since names its own code, and no cell has to be cleared."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS[:2])
    run(path, server)
    stopped = run(path, server, 1, Options(jobs=1, send_again=True))
    code = preview.check(path, Environment("custom", server.base_url), tmp_path, Options()).outcomes[1].send_again_code
    run(fill(tmp_path / "September.xlsx", flags=[{**EDITS[1], "send_again": code}]), server)
    outcome = resume(tmp_path, stopped.run).outcomes[1]
    assert outcome.status.value == "already_done"
    assert outcome.send_again_code not in ("", code)
    assert f"type {outcome.send_again_code} in Send again" in outcome.tip
    assert "is not the code" not in outcome.message


def test_a_doubt_that_was_marked_meanwhile_does_not_hold_up_the_row_that_repeats_it(
    tmp_path: Path, server: PracticeServer
) -> None:
    """Its code released the row when the run began; now that nothing holds the row back it needs none."""
    server.faults.add(Fault.drop_reply())
    first = run(fill(tmp_path / "July.xlsx", flags=[EDITS[1]]), server)
    (unknown,) = first.outcomes
    typed = {**EDITS[1], "send_again": unknown.send_again_code}
    stopped = run(fill(tmp_path / "August.xlsx", flags=[EDITS[0], typed]), server, 1)
    assert statuses(stopped) == ["done", "not_sent"]
    resolve(tmp_path, str(first.run), 0, ResolutionKind.SEND_AGAIN)
    assert statuses(resume(tmp_path, stopped.run)) == ["done", "done"]
    assert statuses(run(tmp_path / "July.xlsx", server)) == ["already_done"]


def test_a_doubt_that_was_marked_as_done_meanwhile_is_not_repeated(tmp_path: Path, server: PracticeServer) -> None:
    """Its code was typed before somebody looked: only who runs the workbook once more still means it."""
    server.faults.add(Fault.drop_reply())
    first = run(fill(tmp_path / "July.xlsx", flags=[EDITS[1]]), server)
    code = first.outcomes[0].send_again_code
    typed = {**EDITS[1], "send_again": code}
    stopped = run(fill(tmp_path / "August.xlsx", flags=[EDITS[0], typed]), server, 1)
    resolve(tmp_path, str(first.run), 0, ResolutionKind.DONE)
    sent = len(server.writes)
    outcome = resume(tmp_path, stopped.run).outcomes[1]
    assert (outcome.status.value, outcome.code, outcome.send_again_code) == ("already_done", "row.marked_done", code)
    assert len(server.writes) == sent
    assert statuses(run(tmp_path / "August.xlsx", server)) == ["already_done", "done"]


def test_what_the_key_or_the_network_kept_from_being_done_is_tried_again(
    tmp_path: Path, server: PracticeServer
) -> None:
    """A 401 and a server that was not reached say nothing against the row; a refusal does."""
    server.faults.add(Fault.status(400), path_contains="2006")
    server.faults.add(Fault.status(401), path_contains="2008")
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    assert statuses(run(path, server)) == ["failed", "done", "failed", "not_sent", "not_sent", "not_sent"]
    finished = resume(tmp_path)
    assert statuses(finished) == ["failed", "done", "done", "done", "done", "done"]
    assert len(server.writes) == 7
    with closing(Ledger(tmp_path / LEDGER)) as ledger:
        assert [outcome.code for outcome in ledger.outcomes(str(finished.run))][:3] == ["sent.refused", "", ""]


@pytest.mark.parametrize("jobs", [1, 4])
def test_what_a_gateway_kept_from_being_done_is_finished_once_it_is_gone(
    tmp_path: Path, server: PracticeServer, jobs: int
) -> None:
    """The rows that it answered stay in doubt, and of them alone it is not known; all others are sent, each once."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006 + number, comment="x") for number in range(8)])
    page = Fault.html("404 Not Found", status=404)
    server.faults.add(page, times=None, skip=2)
    server.faults.add(page, times=None, skip=2, method="GET")  # not the first questions: whose key, which flag types
    stopped = run(path, server, options=Options(jobs=jobs))
    doubts = [each.seq for each in stopped.outcomes if each.code == "sent.not_energycap"]
    assert 1 <= len(doubts) <= jobs
    assert (stopped.exit_code, statuses(stopped).count("done"), statuses(stopped).count("failed")) == (4, 2, 0)
    server.faults.clear()
    tried = len(server.writes)
    finished = resume(tmp_path)
    assert (finished.run, finished.exit_code) == (stopped.run, 4)
    assert [each.seq for each in finished.outcomes if each.status.value != "done"] == doubts
    assert len(server.writes) == tried + 8 - 2 - len(doubts)
    assert len(server.state.applied) == len({each.target for each in server.state.applied}) == 8 - len(doubts)


def test_a_workbook_on_a_share_that_is_not_reached_is_not_taken_for_gone(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows calls it not found; but others may reach it, and without its lock they could run it meanwhile."""
    share = tmp_path / "share"
    share.mkdir()
    path = fill(share / "August.xlsx", flags=EDITS)
    with prepare.prepare(path, Environment("custom", server.base_url), tmp_path, Options(jobs=1)) as prepared:
        carried_out(prepared, *stopping(2))
    path.unlink()
    for each in share.iterdir():
        each.unlink()
    share.rmdir()
    facts = os.stat

    def unreachable(place: Any, *more: Any, **others: Any) -> os.stat_result:
        if place == path:
            error = FileNotFoundError(2, "The network path was not found", str(path))
            error.winerror = 53
            raise error
        return facts(place, *more, **others)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", unreachable)
        refused = resume(tmp_path)
    assert (refused.refused.code, len(server.writes)) == ("workbook.no_lock", 2)
    assert statuses(resume(tmp_path)) == ["done"] * 6


def test_the_newest_run_that_nobody_followed_up_is_resumed(tmp_path: Path, server: PracticeServer) -> None:
    """What is left of a run whose workbook was run again since may be outdated: it is not sent, not even by name."""
    july = run(fill(tmp_path / "July.xlsx", flags=EDITS[:2]), server, 1)
    august = run(fill(tmp_path / "August.xlsx", flags=EDITS[2:]), server, 1)
    run(fill(tmp_path / "August.xlsx", flags=EDITS[2:4]), server)
    assert resume(tmp_path).run == july.run
    with pytest.raises(CannotStart, match="No run is waiting"):
        resume(tmp_path)
    with pytest.raises(CannotStart, match="was run again since"):
        resume(tmp_path, august.run)
    assert "resume" not in " ".join(history.recall(tmp_path, str(august.run)).notes)
    assert len(server.writes) == 4


def test_a_run_elsewhere_does_not_follow_one_up(tmp_path: Path, server: PracticeServer) -> None:
    """A practice run of the same workbook says nothing of what is left of the real one."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    stopped = run(path, server, 2)
    with prepare.prepare(path, Environment("practice", ""), tmp_path, Options()) as prepared:
        carried_out(prepared, *stopping(None))
    assert resume(tmp_path).run == stopped.run


def test_a_run_whose_end_was_not_recorded_is_ended(tmp_path: Path, server: PracticeServer) -> None:
    """Killed at its last row: nothing is left to send, but the row is told, and there are results."""
    path = fill(tmp_path / "August.xlsx", flags=EDITS[:2])
    name = killed(path, server, sent=1, on_its_way=1)
    told = history.recall(tmp_path, name)
    assert (told.outcomes[1].code, bool(told.outcomes[1].message)) == ("sent.interrupted", True)
    finished = resume(tmp_path)
    assert (finished.run, statuses(finished), finished.exit_code) == (name, ["done", "unknown"], 4)
    assert in_results(finished) == [("Done", name), ("Unknown \N{EN DASH} check", name)]
    assert len(server.writes) == 1
    with pytest.raises(CannotStart):
        resume(tmp_path)


def test_the_results_go_where_the_run_was_told(tmp_path: Path, server: PracticeServer) -> None:
    """--results holds for the rest of the run too, unless another place is named."""
    wanted = tmp_path / "Größe & co.xlsx"
    run(fill(tmp_path / "August.xlsx", flags=EDITS), server, 1, Options(jobs=1, results=wanted))
    assert resume(tmp_path, stop_after=1).results == wanted
    with prepare_again(None, tmp_path, tmp_path / "other.xlsx") as prepared:
        assert carried_out(prepared, *stopping(None)).results == tmp_path / "other.xlsx"


def test_a_row_that_a_resumed_run_does_not_come_to_keeps_its_word(tmp_path: Path, server: PracticeServer) -> None:
    """Refused for the key, and then stopped before it: report, results and ledger all say what it came to."""
    server.faults.add(Fault.status(401), path_contains="2007")
    stopped = run(fill(tmp_path / "August.xlsx", flags=EDITS[:3]), server)
    assert statuses(stopped) == ["done", "failed", "not_sent"]
    with prepare_again(None, tmp_path) as prepared:
        control = Control()
        control.stop("You stopped the run.")
        again = execute(prepared, control, str)
    assert again.outcomes[1] == stopped.outcomes[1]
    assert [outcome.code for outcome in again.outcomes] == ["", "sent.no_right", "row.stopped"]
    assert history.recall(tmp_path, str(again.run)).outcomes == again.outcomes


def test_a_run_that_is_not_there_or_has_nothing_left_is_said(tmp_path: Path, server: PracticeServer) -> None:
    """Nothing is sent, and the sentence says what there is."""
    with pytest.raises(CannotStart, match="No run is waiting"):
        resume(tmp_path)
    whole = run(fill(tmp_path / "August.xlsx", flags=EDITS[:1]), server)
    with pytest.raises(CannotStart, match="No run is waiting"):
        resume(tmp_path, whole.run)
    with pytest.raises(CannotStart, match="no run 2026 in the history"):
        resume(tmp_path, "2026")
    assert len(server.writes) == 1


def test_a_run_keeps_to_what_was_asked_of_it(tmp_path: Path, server: PracticeServer) -> None:
    """Rows side by side, independence, pace and patience are those of the run, not of the day."""
    asked = Options(jobs=2, independent=True, per_minute=10_000, stop_after=3, stop_on_mismatch=True)
    run(fill(tmp_path / "August.xlsx", flags=EDITS), server, 1, asked)
    with prepare_again(None, tmp_path) as prepared:
        assert prepared.options == asked
        assert len(prepared.plan.lanes) > 1
        summary = summary_of(prepared)
    assert summary.resumes.startswith(f"run {prepared.id} of 2")
    assert summary.resumes.endswith("August.xlsx")
    assert summary.steps == {"list flag edits": len(prepared.plan.steps)}


def test_on_the_command_line(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """resume asks, sends what is left, and says what became of every row; history can be told where to write."""
    practice.faults.add(Fault.status(403), path_contains="2008")
    path = fill(tmp_path / "August.xlsx", flags=EDITS)
    stopped = bulkops("run", path, "--yes", "--json", "--jobs", 1)
    assert stopped.code == 3
    assert bulkops("resume").code == 2
    declined = bulkops("resume", typed="no\n")
    assert declined.code == 2
    assert "to finish" in declined.err
    assert len(practice.writes) == 3
    done = bulkops("resume", stopped.document["run"], "--json", typed="yes\n")
    assert (done.code, done.document["totals"]["done"]) == (0, 6)
    assert done.document["run"] == stopped.document["run"]
    assert bulkops("resume", "--yes").code == 2
    again = tmp_path / "again.xlsx"
    told = bulkops("history", stopped.document["run"], "--results", again, "--json")
    assert (told.code, told.document["results"]) == (0, str(again))
    assert again.exists()
    assert bulkops("history", "--results", again).code == 2
