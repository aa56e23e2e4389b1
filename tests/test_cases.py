"""Small inputs that once went wrong, each with its right value."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from asking import Bulkops

from bulkops.practice.server import PracticeServer
from bulkops.workbook.reader import read_workbook

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize(
    ("name", "expected", "note"),
    [
        pytest.param(
            "totals-row.xlsx",
            {2: "ready", 3: "ready", 4: "ready"},
            "row 5 holds totals of a table",
            id="a table's totals row",
        ),
        pytest.param(
            "unticked-boxes.xlsx",
            {2: "ready", 3: "ready"},
            "27 rows (4 to 30) hold nothing but FALSE",
            id="boxes that nobody ticked",
        ),
        pytest.param(
            "unticked-boxes.csv",
            {2: "ready"},
            "2 rows (3 and 4) hold nothing but FALSE",
            id="boxes that nobody ticked, in a text file",
        ),
        pytest.param(
            "sheet-view-filter.xlsx",
            {2: "ready", 3: "not_sent", 4: "not_sent"},
            "the view “Ann” does not show 2 rows (3 and 4)",
            id="rows that a sheet view filters out",
        ),
        pytest.param(
            "manual-calculation.xlsx",
            {2: "ready"},
            "the file asks for its formulas to be calculated anew",
            id="a result that was not calculated since",
        ),
    ],
)
def test_which_rows_there_are(name: str, expected: dict[int, str], note: str, bulkops: Bulkops) -> None:
    """What is no row is not read as one, what somebody did not see is not sent; a note tells of it."""
    document = bulkops("check", CASES / name, "--json").document
    assert {row["row"]: row["status"] for row in document["rows"]} == expected
    assert sum(note in each for each in document["notes"]) == 1


def test_a_comment_over_two_lines_is_one_text(bulkops: Bulkops) -> None:
    """multi-line-comment.csv: commas and a line end between whole quotes are the comment's own."""
    ended = bulkops("check", CASES / "multi-line-comment.csv", "--json")
    assert ended.code == 0
    assert [(row["row"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        (2, "2001", "ready"),
        (3, "2002", "ready"),
    ]
    (sheet,) = read_workbook(CASES / "multi-line-comment.csv").sheets
    assert sheet.rows[1].cells[3].text == "Called vendor, they agreed,\nwill credit, next month"


def test_a_sheet_without_a_part_is_no_input_sheet(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """module-sheet.xlsx: a module of Excel 95 is listed with ``r:id=""``; the other sheets are read, and the results
    go into the workbook."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "module-sheet.xlsx").read_bytes())
    ended = bulkops("run", path, "--yes", "--json")
    assert [(row["sheet"], row["row"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        ("Sheet", 2, "2001", "done")
    ]
    assert (ended.code, len(practice.writes)) == (0, 1)
    assert ended.document["results"] == str(path)
    assert [(sheet.name, sheet.ours, len(sheet.rows)) for sheet in read_workbook(path).sheets] == [
        ("Sheet", False, 2),
        ("Results", True, 2),
    ]


def test_writing_the_results_changes_no_number_format(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """same-format-twice.xlsx: two numbers of formats have one code but for an escape; both are taken. What the cells
    show stays, and the next run finds the rows done instead of a date."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "same-format-twice.xlsx").read_bytes())

    def shown() -> list[tuple[str, str]]:
        sheet = openpyxl.load_workbook(path).worksheets[0]
        return [(cell.number_format, str(cell.value)) for row in sheet for cell in row]

    before = shown()
    for status in ("done", "already_done"):
        ended = bulkops("run", path, "--yes", "--json")
        assert ended.document["results"] == str(path)
        assert {row["status"] for row in ended.document["rows"]} == {status}
        assert shown() == before


def test_a_sheet_without_its_key_heading_is_named(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """heading-list.xlsx: August has “List” instead of “List ID”; the other sheet's row is run, and the run is no 0."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "heading-list.xlsx").read_bytes())
    ended = bulkops("run", path, "--yes", "--json")
    assert [(row["sheet"], row["target"], row["status"]) for row in ended.document["rows"]] == [
        ("Good", "2002", "done")
    ]
    assert (ended.code, len(practice.writes)) == (1, 1)
    (note,) = ended.document["notes"]
    assert note.startswith("Sheet “August” was not read: for List flag edit it lacks the heading “List ID”.")
    assert "Type “List ID” in August!A1 instead of “List”, if that is what the column holds." in note


def test_headings_in_two_rows_are_named(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """headings-in-two-rows.xlsx: group headings stand above the headings, and List ID is merged over both rows."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "headings-in-two-rows.xlsx").read_bytes())
    ended = bulkops("check", path, "--json")
    assert [(row["sheet"], row["status"]) for row in ended.document["rows"]] == [("Other", "ready")]
    assert ended.code == 1
    assert ended.document["notes"] == [
        "Sheet “Flag edits” was not read: its headings stand in two rows "
        "(“List ID” in Flag edits!A1 and “Flag type ID” in Flag edits!B2). "
        "Put all of them into row 2, directly above the first row to be sent. Merged cells must be unmerged for that."
    ]


def test_the_missing_heading_of_a_mixed_sheet_is_named(tmp_path: Path, bulkops: Bulkops) -> None:
    """mixed-guid-heading.xlsx: “GUID” is no “Task GUID”; the kickout row says so, and the flag row is not hindered."""
    path = tmp_path / "August.xlsx"
    path.write_bytes((CASES / "mixed-guid-heading.xlsx").read_bytes())
    good, wrong = bulkops("check", path, "--json").document["rows"]
    assert good["status"] == "ready"
    assert (wrong["status"], wrong["code"], wrong["cell"]) == ("invalid", "heading.missing", "Mixed!E1")
    assert wrong["message"] == "Mixed!E1: The sheet has no column “Task GUID”."
    assert wrong["tip"].startswith("Type “Task GUID” in Mixed!E1 instead of “GUID”, if that is what the column holds.")
