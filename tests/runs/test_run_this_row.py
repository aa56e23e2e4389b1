"""Run this row: where a sheet has that column, only the rows with Yes in it are rows; a note counts the others."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import carried_out
from workbooks import parts, read_here, save, typed, typed_sheets

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.operations import all_operations
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare, preview
from bulkops.runs.checking import Checked, check
from bulkops.runs.report import Options

HEADINGS = ["Run this row", "List ID", "Comment"]
OPERATIONS = list(all_operations().values())


def checked(path: Path, include_hidden: bool = False) -> Checked:
    return check(read_here(path), OPERATIONS, include_hidden)


def numbers(found: Checked) -> list[int]:
    return [row.number for row in found.rows]


def problems(found: Checked) -> list[list[list[str]]]:
    return [[[problem.cell, problem.code] for problem in row.problems] for row in found.rows]


def left_out(count: int, more: str = "") -> str:
    which, they = ("1 row is", "it is") if count == 1 else (f"{count} rows are", "they are")
    return f"Sheet “Data”: {which} not marked Yes in Run this row; {they} left out.{more}"


@pytest.mark.parametrize("mark", ["Yes", " YES ", "y", "TRUE", True, 1, "1"])
def test_a_row_with_yes_is_a_row(tmp_path: Path, mark: Any) -> None:
    """Whatever is taken for Yes elsewhere; the mark is none of the row's values, and no value without a use."""
    (row,) = checked(typed(tmp_path / "a.xlsx", HEADINGS, [mark, 2001, "x"])).rows
    assert (row.target, row.problems, row.warnings) == ("2001", (), ())
    assert "run_this_row" not in row.values


@pytest.mark.parametrize("mark", [None, " ", "No", "n", "FALSE", False, 0])
def test_a_row_without_yes_is_none(tmp_path: Path, mark: Any) -> None:
    """It is no row, whatever it holds; only a note counts it, and no gap is told where it stands."""
    path = typed(tmp_path / "a.xlsx", HEADINGS, ["Yes", 2001, "x"], [mark, "#N/A", "x"], ["Yes", 2003, "x"])
    found = checked(path)
    assert (numbers(found), found.notes) == ([2, 4], (left_out(1),))


def test_a_mark_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The row needs fixing, at that cell, with all else that is wrong; but beside nothing it is no row."""
    path = typed(
        tmp_path / "a.xlsx", HEADINGS, ["maybe", 2001, "x"], ["#N/A", 12.5, "x"], ["maybe", None, " "], [12, "No", None]
    )
    found = checked(path)
    assert problems(found) == [
        [["Data!A2", "yesno.shape"]],
        [["Data!A3", "cell.error_value"], ["Data!B3", "id.shape"]],
    ]
    assert found.rows[0].problems[0].message == "Data!A2: Run this row “maybe” is neither yes nor no."
    assert found.notes == (left_out(2),)


def test_a_formula_is_a_mark_by_its_result(tmp_path: Path) -> None:
    """TRUE counts; where no result is stored the row needs fixing."""
    named = zip("ABC", HEADINGS, strict=True)
    heads = "".join(f'<c r="{letter}1" t="inlineStr"><is><t>{heading}</t></is></c>' for letter, heading in named)
    marks = ('t="b"><f>1=1</f><v>1</v>', 't="b"><f>1=2</f><v>0</v>', "><f>1=1</f>")
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" {mark}</c><c r="B{at}"><v>2001</v></c><c r="C{at}"><v>{at}</v></c></row>'
        for at, mark in enumerate(marks, 2)
    )
    found = checked(save(tmp_path / "a.xlsx", parts(f'<row r="1">{heads}</row>{rows}')))
    assert (numbers(found), problems(found)) == ([2, 4], [[], [["Data!A4", "cell.no_result"]]])


def test_rows_that_hold_nothing_are_counted_as_before(tmp_path: Path) -> None:
    """FALSE, No or 0 alone was never filled in; a Yes alone was, and is told what it lacks."""
    found = checked(typed(tmp_path / "a.xlsx", HEADINGS, ["No"], [False, 0], ["Yes"], [None, 2001]))
    assert numbers(found) == [4]
    assert found.notes == (
        "Sheet “Data”: 2 rows (2 and 3) hold nothing but FALSE, No, 0 or an Operation and were not taken for rows.",
        left_out(1),
    )


def test_hidden_rows_without_yes_are_none_either(tmp_path: Path) -> None:
    """A hidden row with Yes is a hidden row."""
    path = typed_sheets(
        tmp_path / "a.xlsx",
        {"Data": [HEADINGS, ["Yes", 2001, "x"], ["Yes", 2002, "x"], [None, 2003, "x"]]},
        [("Data", 3), ("Data", 4)],
    )
    assert [(row.number, row.hidden) for row in checked(path).rows] == [(2, False), (3, True)]
    assert numbers(checked(path, include_hidden=True)) == [2, 3]
    assert checked(path).notes == (left_out(1),)


def test_other_sheets_of_the_workbook_keep_their_rows(tmp_path: Path) -> None:
    """The column counts where it stands, and for both operations of a mixed sheet."""
    mixed = [
        ["Operation", "List ID", "Comment", "Run this row", "Task GUID", "Batch mode"],
        ["List flag edit", 2001, "x", "Yes"],
        ["Kickout reimport", None, None, "x", "7d9e4c10-5b3a-4f6e-9c21-000000000001", "new batch"],
        ["Kickout reimport", None, None, None, "7d9e4c10-5b3a-4f6e-9c21-000000000002", "new batch"],
    ]
    path = typed_sheets(tmp_path / "a.xlsx", {"Data": mixed, "More": [HEADINGS[1:], [2002, "x"]]})
    found = checked(path)
    assert [(row.sheet, row.number) for row in found.rows] == [("Data", 2), ("Data", 3), ("More", 2)]
    assert problems(found) == [[], [["Data!D3", "yesno.shape"]], []]
    assert (found.rows[0].warnings, found.notes) == ((), (left_out(1),))


def test_one_yes_over_several_rows_is_told(tmp_path: Path) -> None:
    """Of merged cells only the first holds the Yes; which rows it is meant for cannot be told."""
    path = typed(tmp_path / "a.xlsx", HEADINGS, ["Yes", 2001, "x"], [None, 2002, "x"], [None, 2003, "x"])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A2:A3")
    book.save(path)
    found = checked(path)
    assert problems(found) == [[["Data!A2", "cell.merged"]], [["Data!A3", "cell.merged"]]]
    assert found.notes == (left_out(1),)


def test_rows_below_other_headings_are_told_all_the_same(tmp_path: Path) -> None:
    """What stands in that column below other headings is no mark, nor is a blank."""
    path = typed(
        tmp_path / "a.xlsx", HEADINGS, [None, 2001, "x"], ["Comment", "Flag status", "List ID"], [None, None, 2002]
    )
    found = checked(path)
    assert problems(found) == [[["Data!A3", "heading.again"]], [["Data!A4", "heading.again"]]]


def test_a_column_that_stands_twice_leaves_no_marked_row_out(tmp_path: Path) -> None:
    """Whichever of the two the Yes stands in, the row is told what is wrong with the headings."""
    rows = (["Yes", 2001, "x", "No"], [None, 2002, "x", "Yes"], [None, 2003, "x"])
    path = typed(tmp_path / "a.xlsx", [*HEADINGS, "run_this_row"], *rows)
    assert problems(checked(path)) == [[["Data!D1", "heading.twice"]], [["Data!D1", "heading.twice"]]]


def test_the_heading_makes_no_input_sheet(tmp_path: Path) -> None:
    """Beside anything but an operation's own headings it is a heading like others."""
    assert checked(typed(tmp_path / "a.xlsx", ["Run this row", "Note"], ["Yes", 2001])) == Checked((), ())
    near = checked(typed(tmp_path / "b.xlsx", ["Run this rwo", "List ID", "Comment"], ["Yes", 2001, "x"]))
    assert problems(near) == [[["Data!A1", "heading.near"]]]


def test_a_workbook_without_a_yes_says_so(tmp_path: Path) -> None:
    """Before all that is noted of its columns."""
    unknown = [f"Unknown {number}" for number in range(5)]
    path = typed(tmp_path / "a.xlsx", [*HEADINGS, *unknown], [None, 2001, "x"], ["No", 2002, "x"])
    with pytest.raises(CannotStart) as refused:
        preview.check(path, Environment(PRACTICE, ""), tmp_path, Options())
    assert refused.value.code == "workbook.no_rows"
    assert left_out(2, " No row of the sheet is: type Yes in those that are to run.") in str(refused.value)


def test_a_corrected_row_runs(tmp_path: Path, practice: PracticeServer) -> None:
    """The corrections have the column and its marks; rows that were left out are not among them."""
    path, fix = tmp_path / "a.xlsx", tmp_path / "fix.xlsx"
    rows = (["Yes", "x", "first"], [None, 2008, "second"], ["maybe", 2007, "third"], ["y", 2006, "fourth"])
    typed(path, HEADINGS, *rows)
    where = Environment(PRACTICE, practice.base_url)

    def run(workbook: Path, corrections: Path | None = None) -> list[tuple[str, str]]:
        with prepare.prepare(workbook, where, tmp_path, Options(corrections=corrections)) as prepared:
            report = carried_out(prepared)
        return [(outcome.target, outcome.status.value) for outcome in report.outcomes]

    assert run(path, fix) == [("", "invalid"), ("2007", "invalid"), ("2006", "done")]
    book = openpyxl.load_workbook(fix)
    sheet = book.worksheets[0]
    assert [[cell.value for cell in row[1:]] for row in sheet] == [HEADINGS, rows[0], rows[2]]
    sheet["C2"], sheet["B3"] = 2002, "Yes"
    book.save(fix)
    assert run(fix) == [("2002", "done"), ("2007", "done")]
    assert all(b"Yes" not in write.body for write in practice.writes)
