"""A sheet that holds headings is read, or it is named wherever a run is told, and the run does not end well."""

# ruff: noqa: RUF001 - how letters are written that look like others is what is tested
from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, Ended, carried_out, fill, flag, task
from openpyxl.styles import Font
from workbooks import column_of, results_of, typed

from bulkops.energycap import environments
from bulkops.ledger import Ledger
from bulkops.operations import all_operations
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare
from bulkops.runs.checking import Checked, check
from bulkops.runs.control import Control
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options
from bulkops.system import data_folder
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.writing import templates

OPERATIONS = list(all_operations().values())
FLAG = [2001, 2, "Resolved", "x"]
KICKOUT = [task(1), "new batch", None]


def checked(path: Path) -> Checked:
    return check(read_workbook(path), OPERATIONS)


def made_of(heading: str | None, path: Path, key: str) -> str:
    """What becomes of a sheet of some sure headings and this one: read, refused row by row, or named."""
    others, row = (["Flag type ID", "Flag status", "Comment"], FLAG)
    if key == "Task GUID":
        others, row = (["Batch mode", "Comment"], KICKOUT)
    found = checked(typed(path, [heading, *others], row))
    assert len(found.rows) + len(found.unread) == 1, "the sheet was passed over in silence"
    if found.unread:
        assert f"lacks the heading “{key}”. Type “{key}” in " in found.unread[0].note
        return "named"
    problems = found.rows[0].problems
    assert not problems or problems[0].message.endswith(f"Did you mean “{key}”?")
    return "refused" if problems else "read"


READ = {
    "List ID": [
        *("List ID", "list id", "LIST ID", "ListID", "listId", "List-ID", "List_ID", "List.ID", "List  ID ", "ListID:"),
        *("List Id*", "*List ID", "List ID #", "List\u00a0ID", "List\nID", "List\u200bID", "ListＩＤ"),
        *("List ID (required)", "List ID [required]", "List ID {required}", "List ID (required", "List ID\n(required)"),
        *("List ID (Pflichtfeld – für alle Zeilen)", "List ID（必須）", "List ID【必須】", "List ID (see (b))"),
        *("List ID required", "List ID – required", "Required: List ID", "List ID¹", "List ID†", "List ID *)"),
        *("Bill list ID", "bill-list id (required)", "List ID no.", "List ID number", "ID of the list", "LİST ID"),
    ],
    "Task GUID": [
        *("Task GUID", "taskGuid", "TASK_GUID", "Task Guid", "Task GUId", "Task-GUID*", "TaskGUID:", "Task\nGUID"),
        *("Task GUID (required)", "Task GUID\n(from EnergyCAP)", "Task GUID²", "Task ＧＵＩＤ", "Task GUID, optional"),
        *("task guid of the import", "Kickout task GUID", "Import task GUID", "Bill import task GUID"),
    ],
}
NOT_SURE = {
    "List ID": [
        *("List", "Bill list", "List no.", "List number", "List name", "List code", "List identifier", "ID", "No."),
        *("Lists ID", "List IDs", "List ID 2", "Lst ID", "List ld", "L\u0456st ID", "(list)", "Liste", " ", None),
    ],
    "Task GUID": [
        *("GUID", "Task", "Task ID", "Task’s GUID", "Task UUID", "Import GUID", "Import", "GUID of the task"),
        *("Tsak GUID", "New task GUID", "Old task GUID", "Parent task GUID", "Task GUID 2", None),
    ],
}


@pytest.mark.parametrize(("key", "heading"), [(key, each) for key, spelled in READ.items() for each in spelled])
def test_a_heading_whose_meaning_is_sure_is_read(tmp_path: Path, key: str, heading: str) -> None:
    """No case, space, punctuation, footnote mark or remark in brackets counts, nor how wide the letters are."""
    assert made_of(heading, tmp_path / "a.xlsx", key) == "read"


@pytest.mark.parametrize(("key", "heading"), [(key, each) for key, spelled in NOT_SURE.items() for each in spelled])
def test_a_heading_whose_meaning_is_not_sure_is_never_passed_over(tmp_path: Path, key: str, heading: str) -> None:
    """Nothing of the sheet is sent, and it is said which heading is missing and where to type it."""
    assert made_of(heading, tmp_path / "a.xlsx", key) in ("refused", "named")


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        (["List", "Comment"], "instead of “List”"),
        (["Lists", "Flag status"], "instead of “Lists”"),
        (["List", "Comments"], "instead of “List”"),
        (["GUID", "Batch mode"], "instead of “GUID”"),
        (["Tasks", "Batch modes"], "instead of “Tasks”"),
        ([None, "Batch mode"], "in Data!A1, if that is what the column holds"),
        ([None, "Flag type ID", "Comment"], "in Data!A1, if that is what the column holds"),
        (["New task GUID", "Batch mode", "Comment", "Import note"], "in row 1, above the column that holds it"),
        (["Vendor ID", "List name", "Comment", "Assignees"], "in Data!B1 instead of “List name”"),
        (["Comment", "Send again"], "for Kickout reimport or List flag edit it lacks the headings “Task GUID” and "
         "“Batch mode”, or the heading “List ID”."),
        (["Operation", "Comment", "Flag status"], "for List flag edit it lacks the heading “List ID”."),
        (["Comments", "Assignees"], "for List flag edit it lacks the heading “List ID”."),
        (["Existing open batch ID", "New batch code"], "lacks the headings “Task GUID” and “Batch mode”."),
    ],
)  # fmt: skip
def test_two_headings_in_a_row_are_enough(tmp_path: Path, headings: list[Any], said: str) -> None:
    """It is said what is missing, and where it is to be typed: never over what is the very opposite."""
    (unread,) = checked(typed(tmp_path / "a.xlsx", headings, [2001, 2, "x", "y"])).unread
    assert said in unread.note


def merged(path: Path, *ranges: str) -> Path:
    book = openpyxl.load_workbook(path)
    for each in ranges:
        book.active.merge_cells(each)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("rows", "ranges"),
    [
        ([["List ID", None, None], [None, "Flag type ID", "Comment"]], []),
        ([[None, "Flag type ID", "Comment"], ["List ID", None, None]], []),
        ([["List ID", None], [None, "Comment"]], []),
        ([["List", "Flag type", "Cost"], ["ID", "ID", "recovery"]], []),
        ([["List", "Flag", None], ["ID", "type ID", "status"]], ["B1:C1"]),
        ([["August"], ["Task GUID", "Batch"], [None, "mode"]], []),
    ],
)
def test_headings_over_two_rows_are_named(tmp_path: Path, rows: list[list[Any]], ranges: list[str]) -> None:
    """In whichever of the two the key heading stands, and where single headings are broken or grouped."""
    found = checked(merged(typed(tmp_path / "a.xlsx", *rows, [2001, 2, "x"]), *ranges))
    assert [each.message.split("(")[0] for each in found.unread] == [
        "Sheet “Data” was not read: its headings stand in two rows "
    ]
    assert f"into row {len(rows)}, " in found.unread[0].tip
    assert found.rows == ()


@pytest.mark.parametrize(
    ("rows", "ranges", "cell"),
    [
        ([["List ID", "Flag type ID", "Details"], [None, None, "Comment"]], [], "Data!C2"),
        ([[None, None, "Comment"], ["List ID", "Flag type ID", "Details"]], [], "Data!C1"),
        ([["List ID", "Flag type ID", "Cost"], [None, None, "recovery"]], [], "Data!C2"),
        ([[None, "Flag", None], ["List ID", "Flag type ID", "status"]], ["B1:C1"], "Data!C2"),
    ],
)
def test_a_heading_beside_its_row_stops_the_sheet(
    tmp_path: Path, rows: list[list[Any]], ranges: list[str], cell: str
) -> None:
    """A column whose heading stands a row too high or too low would not be sent, and the others would."""
    found = checked(merged(typed(tmp_path / "a.xlsx", *rows, [2001, 2, 5]), *ranges))
    assert [(each.code, each.cell) for each in found.rows[-1].problems] == [("heading.split", cell)]


def test_another_table_above_the_headings_stops_the_sheet(tmp_path: Path) -> None:
    """The one above lacks its key heading, so its rows would be passed over, and those below be sent."""
    above = [["List", "Flag status", "Comment"], [2001, "Resolved", "x"], [None]]
    found = checked(typed(tmp_path / "a.xlsx", *above, ["List ID", "Flag status"], [2002, "Resolved"]))
    assert [[(each.code, each.cell) for each in row.problems] for row in found.rows] == [
        [("heading.earlier", "Data!B1")]
    ]


def test_a_title_above_the_headings_is_none_of_them(tmp_path: Path) -> None:
    """A word that is a heading stands above a column that has one, or the same one stands below."""
    found = checked(
        typed(tmp_path / "a.xlsx", ["Comment", "for August"], ["List ID", "Flag status", "Comment"], [2001, 2, "x"])
    )
    assert [row.problems for row in found.rows] == [()]


def test_headings_below_their_rows_are_named(tmp_path: Path) -> None:
    """Nothing stands below them, and somebody takes what stands above for rows."""
    found = checked(typed(tmp_path / "a.xlsx", [2001, "x"], [2002, "y"], ["List ID", "Comment"]))
    assert [each.message for each in found.unread] == [
        "Sheet “Data” was not read: its headings are in Data!A3, with nothing below them."
    ]
    assert checked(typed(tmp_path / "a.xlsx", ["August", 2026], ["List ID", "Comment"])).unread != ()
    assert checked(typed(tmp_path / "a.xlsx", ["List ID", "Comment"])).unread == ()


def test_templates_and_samples_have_no_sheet_that_is_named(tmp_path: Path) -> None:
    """Instructions tell of headings, and are none."""
    templates.make_template(tmp_path / "template.xlsx")
    for path in (tmp_path / "template.xlsx", *templates.make_samples(tmp_path)):
        assert checked(path).unread == ()


def test_a_value_that_is_needed_and_has_no_column_says_so(tmp_path: Path) -> None:
    """Only some modes need the column: then the row is wrong, and filling in the cell is no use."""
    found = checked(typed(tmp_path / "a.xlsx", ["Task GUID", "Batch mode"], [task(1), "smart batch"]))
    (problem,) = found.rows[0].problems
    assert problem.code == "new_batch_code.required"
    assert problem.message.endswith("The sheet has no column “New batch code”.")


@pytest.mark.parametrize("lacks", ["Batch mode", "Task GUID"])
def test_in_a_mixed_sheet_only_the_rows_of_one_operation_miss_its_heading(tmp_path: Path, lacks: str) -> None:
    """Not a blank cell is to blame, and not the other operation's rows."""
    headings = ["Operation", "List ID", "Comment", *({"Batch mode", "Task GUID"} - {lacks})]
    kickout = ["Kickout reimport", None, None, task(1) if lacks == "Batch mode" else "new batch"]
    found = checked(typed(tmp_path / "a.xlsx", headings, ["List flag edit", 2001, "x"], kickout))
    assert [[each.message for each in row.problems] for row in found.rows] == [
        [],
        [f"Data!A1: The sheet has no column “{lacks}”."],
    ]


def test_a_row_whose_target_has_no_known_heading_is_no_row_that_nobody_filled_in(tmp_path: Path) -> None:
    """It holds its Operation and, in a column that is not known, the rest; one with the Operation alone is none."""
    headings, flagged = ["Operation", "List ID", "Comment", "GUID", "Mode"], ["List flag edit", 2001, "x"]
    filled = ["Kickout reimport", None, None, task(1), "new batch"]
    found = checked(typed(tmp_path / "a.xlsx", headings, flagged, filled, ["Kickout reimport"]))
    assert [(row.number, [each.cell for each in row.problems]) for row in found.rows] == [
        (2, []),
        (3, ["Data!D1", "Data!E1"]),
    ]


# ---------------------------------------------------------------- wherever a run is told


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two good rows, and a sheet that cannot be read."""
    return with_unread(fill(tmp_path / "August.xlsx", flags=[flag(2006), flag(2007, comment="Two")]))


def with_unread(path: Path) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("Späte")
    sheet.append(["List", "Flag status", "Comment"])
    sheet.append([2008, "Resolved", "x"])
    sheet["A1"].font = Font(bold=True)
    book.save(path)
    return path


SAID = "Sheet “Späte” was not read: for List flag edit it lacks the heading “List ID”."


def test_a_run_without_it_ends_with_1_and_its_results_tell(
    book: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """Every row read was done, and the Results sheet says below them what was left out."""
    ended = bulkops("run", book, "--yes", "--json")
    assert (ended.code, ended.statuses) == (1, ["done", "done"])
    assert [note for note in ended.document["notes"] if note.startswith(SAID)]
    headings, *lines = results_of(book)
    last = dict(zip(headings, lines[-1], strict=True))
    assert len(lines) == 3
    assert (last["Sheet"], last["Row"], last["Status"], last["Message"]) == ("Späte", "", "Needs fixing", SAID)
    assert last["What to do"].startswith("Type “List ID” in Späte!A1 instead of “List”")
    assert openpyxl.load_workbook(book)["Späte"]["A2"].value == 2008
    again = bulkops("run", book, "--yes", "--json")
    assert (again.code, again.statuses) == (1, ["already_done"] * 2)
    beside = bulkops("run", book, "--yes", "--json", "--results", book.with_name("beside.xlsx"))
    assert column_of(Path(beside.document["results"]), "Sheet")[-1] == "Späte"


def test_it_is_told_at_the_check_and_in_the_question(book: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """Before anybody says yes."""
    ended = bulkops("check", book)
    assert ended.code == 1
    assert SAID in " ".join(ended.out.split())
    asked = bulkops("run", book, typed="no")
    assert "Note: Sheet “Späte” was not read" in asked.err.split("Send them?")[0]
    assert practice.writes == []


def test_all_or_nothing_sends_nothing_without_it(book: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """A sheet that is left out is not all."""
    ended = bulkops("run", book, "--yes", "--json", "--all-or-nothing")
    assert (ended.code, ended.statuses, practice.writes) == (2, ["not_sent"] * 2, [])
    assert "cannot be read: Späte." in ended.document["notes"][-1]


def test_a_workbook_of_nothing_else_says_why(tmp_path: Path, bulkops: Bulkops) -> None:
    """No row can be told of, so the refusal names the sheet first."""
    path = typed(tmp_path / "a.xlsx", ["List", "Flag status", "Comment"], [2001, "Resolved", "x"], title="Späte")
    ended = bulkops("run", path, "--yes")
    assert ended.code == 2
    assert SAID in ended.err


def test_a_text_file_says_why(tmp_path: Path, bulkops: Bulkops) -> None:
    """In a .csv too."""
    path = tmp_path / "Späte.csv"
    path.write_text("List,Flag status,Comment\n2001,Resolved,x\n", encoding="utf-8")
    assert SAID in bulkops("check", path).err


def test_a_run_that_is_resumed_tells_it_too(book: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """The ledger remembers what was left out, though the workbook is not read again."""
    home = data_folder.home()
    with prepare.prepare(book, environments.environment(), home, Options(jobs=1)) as prepared:
        control = Control()
        carried_out(prepared, control, lambda _: control.stop("You stopped the run."))
    with closing(Ledger(home / LEDGER)) as ledger:
        (run,) = ledger.runs()
    resumed = bulkops("resume", "--yes", "--json")
    assert (resumed.code, resumed.statuses) == (1, ["done", "done"])
    assert [note for note in resumed.document["notes"] if note.startswith(SAID)]
    assert column_of(book, "Sheet")[-1] == "Späte"
    told = bulkops("history", run.id, "--json").document
    assert [note for note in told["notes"] if note.startswith(SAID)]
    assert column_of(Path(told["results"]), "Sheet")[-1] == "Späte"


def test_in_an_upload_folder_it_goes_to_needs_attention(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """Although every row that was read is done."""
    folder = tmp_path / "in"
    folder.mkdir()
    with_unread(fill(folder / "August.xlsx", flags=[flag(2006)]))
    listed = bulkops("inbox", folder, typed="no")
    assert "1 row: Ready 1; sheets not read: Späte" in listed.out
    ended: Ended = bulkops("inbox", folder, "--yes", "--json")
    (told,) = json.loads(ended.out)["workbooks"]
    assert (ended.code, Path(told["moved_to"]).parent.name) == (1, "Needs attention")
    assert [note for note in told["notes"] if note.startswith(SAID)]
