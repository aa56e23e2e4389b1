"""Send again works once: what was typed before a row was sent does not send it a second time by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from asking import fill

from bulkops import app
from bulkops.ledger import Ledger, now
from bulkops.model import Mark, Plan, Verdict
from bulkops.operations import all_operations
from bulkops.practice.server import Fault, PracticeServer
from bulkops.processor import Control
from bulkops.report import Options, Report
from bulkops.settings import PRACTICE, Environment

TASK = "7d9e4c10-5b3a-4f6e-9c21-{:012d}"
MODE = "new self-contained batch"
YES = {"task_guid": TASK.format(1), "batch_mode": MODE, "send_again": "Yes"}
PLAIN = {"task_guid": TASK.format(1), "batch_mode": MODE}


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


def run(path: Path, server: PracticeServer) -> list[str]:
    report = report_of(path, server)
    return [outcome.status.value for outcome in report.outcomes]


def report_of(path: Path, server: PracticeServer) -> Report:
    where = Environment(PRACTICE, server.base_url)
    with app.prepare(path, where, path.parent, Options(jobs=1)) as prepared:
        return prepared.run(Control(), lambda _: None)


def test_a_yes_repeats_a_row_once(tmp_path: Path, server: PracticeServer) -> None:
    """Done, then repeated by a Yes; whatever else changes in the workbook, the same Yes repeats it no more."""
    path = tmp_path / "August.xlsx"
    assert run(fill(path, kickouts=[PLAIN]), server) == ["done"]
    assert run(fill(path, kickouts=[YES]), server) == ["done"]
    assert run(path, server) == ["already_done"]
    assert len(server.state.applied) == 2
    other = {**PLAIN, "task_guid": TASK.format(2)}
    assert run(fill(path, kickouts=[YES, other]), server) == ["already_done", "done"]
    assert run(fill(path, kickouts=[other, YES]), server) == ["already_done", "already_done"]
    assert len(server.state.applied) == 3


def test_a_yes_that_was_cleared_and_typed_again_counts_again(tmp_path: Path, server: PracticeServer) -> None:
    """A run has found the cell without it: whatever stands there now was typed since. So does one in a new workbook."""
    path = tmp_path / "August.xlsx"
    assert run(fill(path, kickouts=[YES]), server) == ["done"]
    assert run(fill(path, kickouts=[PLAIN]), server) == ["already_done"]
    assert run(fill(path, kickouts=[YES]), server) == ["done"]
    assert run(path, server) == ["already_done"]
    assert run(fill(path, kickouts=[{**PLAIN, "batch_mode": "new batch"}]), server) == ["invalid"]
    assert run(fill(path, kickouts=[{**YES, "batch_mode": "new batch"}]), server) == ["done"]
    september = fill(tmp_path / "September.xlsx", kickouts=[YES, {**PLAIN, "task_guid": TASK.format(2)}])
    assert run(september, server) == ["done", "done"]
    assert run(path, server) == ["already_done"]


def test_another_workbook_without_a_yes_clears_none(tmp_path: Path, server: PracticeServer) -> None:
    """Only a run of the workbook itself shows that its cell was cleared."""
    path = fill(tmp_path / "August.xlsx", kickouts=[YES])
    assert run(path, server) == ["done"]
    assert run(fill(tmp_path / "September.xlsx", kickouts=[PLAIN]), server) == ["already_done"]
    assert run(path, server) == ["already_done"]
    both = fill(path, kickouts=[PLAIN, YES])
    assert run(both, server) == run(both, server) == ["already_done", "already_done"]
    assert len(server.writes) == 1


def test_a_yes_in_a_copy_releases_no_doubt_that_may_be_newer(tmp_path: Path, server: PracticeServer) -> None:
    """Saved under another name, a Yes that was typed before the doubt looks like one typed after it."""
    path, copy = tmp_path / "August.csv", tmp_path / "August.xlsx"
    path.write_text(f"Task GUID,Batch mode,Send again\n{TASK.format(1)},{MODE},Yes\n", encoding="utf-8")
    server.faults.add(Fault.drop_reply())
    assert run(path, server) == ["unknown"]
    assert run(fill(copy, kickouts=[YES]), server) == run(copy, server) == ["unknown"]
    assert run(fill(copy, kickouts=[{**YES, "batch_mode": "new batch"}]), server) == ["unknown"]
    assert len(server.writes) == 1
    assert run(fill(copy, kickouts=[PLAIN]), server) == ["unknown"]
    assert run(fill(copy, kickouts=[YES]), server) == ["done"]
    another = {**PLAIN, "task_guid": TASK.format(2)}
    september = fill(tmp_path / "September.xlsx", kickouts=[YES, another])
    assert run(september, server) == ["done", "done"], "it is in doubt no more"


def test_a_yes_in_another_workbook_repeats_what_was_marked_as_done(tmp_path: Path, server: PracticeServer) -> None:
    """There is no doubt any more: it is repeated on purpose like any other row that is done."""
    server.faults.add(Fault.drop_reply())
    report = report_of(fill(tmp_path / "August.xlsx", kickouts=[PLAIN]), server)
    with closing(Ledger(tmp_path / "ledger.sqlite3")) as ledger:
        ledger.mark(str(report.run), 0, Mark(Verdict.DONE, "Pat", now()))
    assert run(fill(tmp_path / "September.xlsx", kickouts=[YES]), server) == ["done"]


def test_a_yes_that_was_not_come_to_is_not_used(tmp_path: Path, server: PracticeServer) -> None:
    """A run that stopped before the row, or was refused it, leaves the Yes as it was."""
    rows = [PLAIN, {**YES, "task_guid": TASK.format(2)}]
    path = fill(tmp_path / "August.xlsx", kickouts=[{**PLAIN, "task_guid": TASK.format(2)}])
    assert run(path, server) == ["done"]
    server.faults.add(Fault.status(403))
    assert run(fill(path, kickouts=[{**rows[0], "batch_mode": "new batch"}, rows[1]]), server) == ["failed", "not_sent"]
    assert run(path, server) == ["done", "done"]


def test_a_yes_typed_before_another_rows_doubt_does_not_release_it(tmp_path: Path, server: PracticeServer) -> None:
    """It stood there when the doubt arose: run again untouched, or with other changes, nothing is sent."""
    server.faults.add(Fault.drop_reply())
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN, YES])
    assert run(path, server) == ["unknown", "not_sent"]
    assert run(path, server) == ["unknown", "unknown"]
    assert run(fill(path, kickouts=[PLAIN, YES, {**PLAIN, "task_guid": TASK.format(2)}]), server)[:2] == ["unknown"] * 2
    assert len(server.writes) == 2
    assert run(fill(path, kickouts=[PLAIN]), server) == ["unknown"]
    assert run(fill(path, kickouts=[YES]), server) == ["done"]


def test_the_question_says_what_is_sent_again(tmp_path: Path, server: PracticeServer) -> None:
    """How many rows are sent again, and which of them are in doubt."""
    server.faults.add(Fault.drop_reply())
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN, {**PLAIN, "task_guid": TASK.format(2)}])
    assert run(path, server) == ["unknown", "done"]
    fill(path, kickouts=[YES, {**YES, "task_guid": TASK.format(2)}, {**YES, "task_guid": TASK.format(3)}])
    with app.prepare(path, Environment(PRACTICE, server.base_url), tmp_path, Options()) as prepared:
        effects = prepared.summary().effects
    assert effects["will be sent again although what became of it is UNKNOWN"] == 1
    assert effects["will be sent again although done before"] == 1


def test_a_copy_of_the_workbook_brings_no_new_yes(tmp_path: Path, server: PracticeServer) -> None:
    """The same bytes under another name are the same Yes."""
    path = fill(tmp_path / "August.xlsx", kickouts=[YES])
    assert run(path, server) == ["done"]
    assert run(Path(shutil.copy(path, tmp_path / "Copy.xlsx")), server) == ["already_done"]


def test_results_that_were_left_alone_bring_no_new_yes(tmp_path: Path, server: PracticeServer) -> None:
    """A Results sheet with a note of the operator's stays beside the next one: the workbook is the same as before."""
    path = fill(tmp_path / "August.xlsx", kickouts=[PLAIN])
    assert run(path, server) == ["done"]
    book = openpyxl.load_workbook(path)
    book["Results"]["R2"] = "asked Sam"
    heading = next(cell for cell in book["Kickouts"][1] if cell.value == "Send again")
    book["Kickouts"].cell(2, heading.column, "Yes")
    book.save(path)
    assert run(path, server) == ["done"]
    assert openpyxl.load_workbook(path).sheetnames == ["Kickouts", "Results", "Results (bulkops)"]
    assert run(Path(shutil.copy(path, tmp_path / "Copy.xlsx")), server) == ["already_done"]
    assert len(server.writes) == 2


def test_a_yes_typed_before_a_doubt_does_not_release_it(tmp_path: Path, server: PracticeServer) -> None:
    """Sent under a Yes, no answer: run again or saved again, it stays unknown; only a Yes typed since sends it."""
    server.faults.add(Fault.drop_reply())
    path = fill(tmp_path / "August.xlsx", kickouts=[YES])
    assert run(path, server) == ["unknown"]
    assert run(path, server) == ["unknown"]
    assert run(fill(path, kickouts=[YES, {**PLAIN, "task_guid": TASK.format(2)}]), server) == ["unknown", "done"]
    assert len(server.writes) == 2
    assert run(fill(path, kickouts=[PLAIN]), server) == ["unknown"]
    assert run(fill(path, kickouts=[YES]), server) == ["done"]


def test_a_kill_does_not_make_a_yes_send_twice(tmp_path: Path, server: PracticeServer) -> None:
    """One row done and one on its way under their Yes when the program ended: neither is sent again."""
    second = {**YES, "task_guid": TASK.format(2)}
    path = fill(tmp_path / "August.xlsx", kickouts=[YES, second, {**YES, "task_guid": TASK.format(3)}])
    where = Environment(PRACTICE, server.base_url)
    with app.prepare(path, where, tmp_path, Options(jobs=1)) as prepared:
        first, middle, _ = prepared.plan.steps
        prepared.plan = Plan((((first,), (middle,)),), ())
        ledger = prepared.ledger
        assert isinstance(ledger, Ledger)
        ledger.begin(prepared._record(), prepared.plan, where.identity)
        ledger.intend(prepared.id, middle, now())
    assert run(path, server) == ["done", "unknown", "done"]
    assert run(path, server) == ["already_done", "unknown", "already_done"]
    assert [each.target for each in server.state.applied] == [TASK.format(1), TASK.format(3)]


def test_a_doubt_holds_back_the_rows_that_repeat_it(tmp_path: Path, server: PracticeServer) -> None:
    """A later row of the same run with a Yes is not sent when the first became unknown: it was typed before."""
    server.faults.add(Fault.drop_reply())
    rows = [PLAIN, YES, {**PLAIN, "task_guid": TASK.format(2)}]
    report = report_of(fill(tmp_path / "August.xlsx", kickouts=rows), server)
    told = [(outcome.status.value, outcome.code) for outcome in report.outcomes]
    assert told == [("unknown", "sent.no_answer"), ("not_sent", "row.held"), ("done", "")]
    assert (report.exit_code, report.stopped) == (4, "")
    assert len(server.writes) == 2
    assert app.recall(tmp_path, report.run or "").outcomes == report.outcomes


def test_a_doubt_about_one_edit_does_not_hold_back_another(tmp_path: Path, server: PracticeServer) -> None:
    """Another edit of the same list is another request."""
    server.faults.add(Fault.drop_reply())
    edit = {"list_id": 2002, "comment": "first"}
    path = fill(tmp_path / "August.xlsx", flags=[edit, {**edit, "comment": "second"}, {**edit, "send_again": "Yes"}])
    assert run(path, server) == ["unknown", "done", "not_sent"]


def test_results_that_are_replaced_are_kept(tmp_path: Path, server: PracticeServer) -> None:
    """The workbook as it was before each run, with results that may hold the only GUIDs, is in the data folder."""
    books = tmp_path / "books"
    books.mkdir()
    path = fill(books / "August.xlsx", kickouts=[PLAIN])
    where = Environment(PRACTICE, server.base_url)
    kept = []
    for _ in range(2):
        kept.append(path.read_bytes())
        with app.prepare(path, where, tmp_path, Options()) as prepared:
            report = prepared.run(Control(), lambda _: None)
        assert report.results == path
    found = [each.read_bytes() for each in (tmp_path / "previous versions").iterdir()]
    assert sorted(found) == sorted(kept)


def test_every_operation_names_the_way_out_of_a_doubt() -> None:
    """The tip for an unknown row says how to release it."""
    for operation in all_operations().values():
        assert "type Yes in Send again and run again" in operation.how_to_check("7")
