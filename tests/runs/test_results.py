"""Outcomes → the Results sheet's lines, the JSON document, the exit code."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulkops.ledger import Run
from bulkops.ledger.records import TOUCH
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import local_time
from bulkops.model.environment import Environment
from bulkops.model.outcomes import ENDS, TO_COME, Outcome, Status, totals
from bulkops.model.rows import Unread
from bulkops.operations import all_operations
from bulkops.runs.report import Report, in_order
from bulkops.runs.results import document, exit_code, results_of
from bulkops.workbook.results_layout import COLUMNS, NOW
from bulkops.workbook.writing.sidecar import plain

HERE = Environment("practice", "http://127.0.0.1:1")


def outcome(seq: int, status: Status, **facts: Any) -> Outcome:
    return Outcome(seq, "Flag edits", seq + 2, "list_flag_edit", "2001", status, **facts)


RUN = Run(
    "20261121-101500-4f2a", "2026-11-21T10:15:00Z", "2026-11-21T10:17:12Z", "Pat", "FINANCE-7", "Jane Doe",
    "us-east", "https://energycap.example", "/books/August.xlsx", "", "1",
)  # fmt: skip
AT, UNTIL = local_time(RUN.started), local_time(str(RUN.ended))


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows takes no other time zone from a variable")
def test_times_are_this_computers_with_their_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same clock as on the wall, in winter and in summer."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/Chicago")
        time.tzset()
        assert local_time("2026-11-21T10:15:00Z") == "2026-11-21 04:15:00 UTC-06:00"
        assert local_time("2026-07-01T03:00:00Z") == "2026-06-30 22:00:00 UTC-05:00"
        assert local_time("") == ""
    time.tzset()


def line(each: Outcome) -> dict[str, Any]:
    (values,) = results_of(RUN, [each], all_operations()).lines
    return dict(zip(COLUMNS, values, strict=True))


def test_a_line_has_the_columns_of_the_contract() -> None:
    """Other programs read these columns, in this order."""
    assert " · ".join(COLUMNS) == (
        "Row · Sheet · Status · Message · What to do · Operation · Target · Name · New task GUID · Bills selected · "
        "Bills updated · Import · Batch · Bills imported · Send again code · Environment · Started · Seconds · "
        "HTTP status · Run"
    )


def test_every_fact_of_an_outcome_stands_in_its_column() -> None:
    """Nothing that is known of a row is left out of its line."""
    facts: dict[str, Any] = {
        "selected": 12, "updated": 10, "http_status": 200, "message": "10 of 12 bills changed.", "tip": "Look.",
        "started": "2026-11-21T10:15:00Z", "seconds": 0.25, "send_again_code": "BCDFGH", "name": "Electric to review",
    }  # fmt: skip
    assert line(outcome(0, Status.DONE, **facts)) == {
        "Sheet": "Flag edits", "Row": 2, "Operation": "List flag edit", "Target": "2001", "Status": "Done",
        "New task GUID": None, "Bills selected": 12, "Bills updated": 10, "Message": "10 of 12 bills changed.",
        "What to do": "Look.", "HTTP status": 200, "Environment": "us-east", "Started": AT, "Seconds": 0.25,
        "Run": "20261121-101500-4f2a", "Send again code": "BCDFGH",
        "Name": "Electric to review", "Import": None, "Batch": None, "Bills imported": None,
    }  # fmt: skip


def test_the_block_says_who_ran_what_and_how_it_ended() -> None:
    """What the whole run came to; what was done before is none of its bills."""
    done = {"selected": 12, "updated": 10}
    rows = [
        outcome(0, Status.DONE, **done),
        outcome(1, Status.DONE, code="expected_bills.mismatch", selected=1200, updated=1),
        outcome(2, Status.ALREADY_DONE, **done),
        outcome(3, Status.DONE, new_task_guid="7d9e4c10-5b3a-4f6e-9c21-000000000001"),
        outcome(4, Status.FAILED),
    ]
    made = results_of(RUN, rows, all_operations(), [Unread("Späte", "m", "t")])
    assert made.title == "Results of August.xlsx"
    assert dict((*made.left, *made.right)) == {
        "Rows": "5 rows: Failed 1, Done \N{EN DASH} look 1, Already done 1, Done 2; 1 sheet could not be read",
        "Bills": "1,212 selected, 11 updated",
        "Imports": "1 started; how far they are: look at their new tasks in EnergyCAP",
        "Time": f"{AT[:19]} to {UNTIL[11:]}",
        "Run": "20261121-101500-4f2a in us-east: energycap.example",
        "By": "Pat on FINANCE-7, with the key of Jane Doe",
    }
    unended = results_of(replace(RUN, ended=None, key_owner=""), [], all_operations())
    assert dict((*unended.left, *unended.right)) | {"Rows": ""} == {
        "Rows": "",
        "Bills": "none",
        "Imports": "none",
        "Time": f"began {AT}; not ended: it is still going on, or was cut short",
        "Run": f"{RUN.id} in us-east: energycap.example",
        "By": "Pat on FINANCE-7",
    }


def test_the_block_says_what_the_run_was_to_touch() -> None:
    """Beside what it did touch, wherever that is made again from the ledger; nothing where that was not known."""
    told = replace(RUN, options={TOUCH: "400 edits of 38 lists: 2,113 bills"})
    made = results_of(told, [outcome(0, Status.DONE, selected=12, updated=10)], all_operations())
    assert dict(made.left)["Bills"] == "12 selected, 10 updated; before the run: 400 edits of 38 lists: 2,113 bills"


def test_a_name_is_one_line_of_text(tmp_path: Path) -> None:
    """Whatever EnergyCAP calls it: no formula, nothing that steers or turns the text round, and all of it."""
    name = f"=1+1 {'a' * 300}\r\n\x1b[2J\u202e\u200f"
    made = results_of(RUN, [outcome(0, Status.DONE, name=name)], all_operations())
    stream = io.BytesIO(plain(made, tmp_path / "August.xlsx", tmp_path / "r.xlsx"))
    cell = openpyxl.load_workbook(stream).active.cell(NOW.heading_row + 1, COLUMNS.index("Name") + 1)
    assert (cell.data_type, cell.value) == ("s", f"=1+1 {'a' * 300} [U+001B][2J[U+202E][U+200F]")


def test_a_done_row_whose_answer_does_not_fit_is_to_be_looked_at() -> None:
    """Its status is done for programs, and says *look* to people, wherever it is told."""
    told = outcome(0, Status.DONE, code="expected_bills.mismatch")
    assert line(told)["Status"] == "Done \N{EN DASH} look"
    made = document("r1", None, None, None, [told], [])
    assert (made["rows"][0]["status"], made["totals"]["done"], exit_code([told])) == ("done", 1, 0)
    assert (told.shown, outcome(0, Status.DONE).shown) == (Status.LOOK, Status.DONE)
    assert outcome(0, Status.FAILED, code="x").shown is Status.FAILED


def test_warnings_follow_the_message() -> None:
    """A warning is told in the message, each on a line of its own."""
    told = line(outcome(0, Status.DONE, message="Accepted.", warnings=("One.", "Two.")))
    assert told["Message"] == "Accepted.\nNote: One.\nNote: Two."


def test_an_unknown_row_says_when_it_was_sent() -> None:
    """How to check refers to Started, so it stands there although this run sent nothing."""
    told = line(outcome(0, Status.UNKNOWN, started="2026-11-21T10:15:00Z"))
    assert (told["Started"], told["Seconds"]) == (AT, None)


def test_lines_come_in_reading_order() -> None:
    """Rows that ran side by side stand in the sheet's order again."""
    mixed = [outcome(seq, Status.DONE) for seq in (2, 0, 1)]
    assert [values[0] for values in results_of(RUN, mixed, all_operations()).lines] == [2, 3, 4]
    assert [each.seq for each in in_order(mixed)] == [0, 1, 2]


def test_a_row_without_an_operation_has_a_line() -> None:
    """A row that does not say what it asks for is read, so it is told."""
    each = Outcome(0, "Requests", 2, "", "", Status.INVALID, message="Operation is blank.")
    assert line(each)["Operation"] == ""


@pytest.mark.parametrize(
    ("statuses", "stopped", "code"),
    [
        ([], False, 0),
        ([Status.DONE, Status.ALREADY_DONE], False, 0),
        ([Status.DONE, Status.FAILED], False, 1),
        ([Status.DONE, Status.INVALID], False, 1),
        ([Status.DONE, Status.NOT_SENT], False, 1),
        ([Status.DONE, Status.NOT_SENT], True, 3),
        ([Status.UNKNOWN, Status.FAILED], False, 4),
        ([Status.UNKNOWN, Status.NOT_SENT], True, 4),
    ],
)
def test_the_exit_code_is_that_of_the_worst_row(statuses: list[Status], stopped: bool, code: int) -> None:
    """Unknown wins over stopped, stopped over failed."""
    assert exit_code([outcome(seq, status) for seq, status in enumerate(statuses)], stopped) == code


def test_a_run_that_did_not_begin_ends_with_2() -> None:
    """Whatever its rows are, nothing was sent."""
    doubtful = (outcome(0, Status.UNKNOWN),)
    assert Report(Path("a.xlsx"), HERE, doubtful, (), refused=CannotStart("run.declined")).exit_code == 2


@pytest.mark.parametrize("status", [*ENDS, *TO_COME])
def test_totals_name_every_status_and_add_up(status: Status) -> None:
    """Rows read are the sum of the six (of a check: and of ready)."""
    counted = totals([outcome(0, status), outcome(1, Status.DONE)])
    assert counted.pop("rows") == sum(counted.values()) == 2
    assert {each.value for each in ENDS} <= set(counted)


def test_the_document_is_the_contracts() -> None:
    """Other programs read these keys, in this order, with null for what is not there."""
    made = document("r1", "August.xlsx", HERE, None, [outcome(0, Status.INVALID, cell="Flag edits!A2")], ["Note."])
    assert list(made) == ["run", "workbook", "environment", "results", "totals", "rows", "notes"]
    assert made["environment"] == {"name": "practice", "base_url": "http://127.0.0.1:1"}
    row = (
        "sheet row operation target name status new_task_guid selected updated http_status code message tip cell "
        "send_again_code import warnings"
    )
    assert " ".join(made["rows"][0]) == row
    assert (made["rows"][0]["name"], made["rows"][0]["import"]) == (None, None)
    (named,) = document("r1", None, None, None, [outcome(0, Status.DONE, name="Electric")], [])["rows"]
    assert named["name"] == "Electric"
    assert (made["rows"][0]["code"], made["rows"][0]["cell"]) == (None, "Flag edits!A2")
    assert json.loads(json.dumps(made)) == made


def test_the_document_says_why_a_run_ended() -> None:
    """Why a run stopped or did not begin is a note, for there is no other place."""
    stopped = Report(Path("a.xlsx"), HERE, (), ("First.",), stopped="You stopped the run.")
    assert stopped.document()["notes"] == ["First.", "The run stopped early. You stopped the run."]
    refused = Report(Path("a.xlsx"), HERE, (), ("First.",), refused=CannotStart("run.declined"))
    assert refused.document()["notes"] == ["First.", "Nothing was sent, as you wished. Run it when you are ready."]
