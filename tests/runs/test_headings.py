"""Which sheets are input and what each column means: recognised freely, never guessed, and said when not used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from workbooks import SHEET, parts, save, typed, worksheet

from bulkops.model.rows import Unread
from bulkops.operations import all_operations
from bulkops.operations.base import columns
from bulkops.operations.heading_names import heading_words, known_headings
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.checking import Checked, check
from bulkops.runs.headings import SEARCHED_ROWS, Layout, find_layout
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.results_layout import COLUMNS as RESULTS
from bulkops.workbook.results_layout import MARK

OPERATIONS = list(all_operations().values())
REIMPORT, FLAG = all_operations()["kickout_reimport"], all_operations()["list_flag_edit"]
GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"
FLAG_HEADINGS = [each.heading for each in FLAG.fields]
REIMPORT_HEADINGS = [each.heading for each in REIMPORT.fields]


def checked(path: Path) -> Checked:
    return check(read_workbook(path), OPERATIONS)


def layout(path: Path) -> Layout | Unread | str | None:
    """What is made of a workbook's one sheet."""
    (sheet,) = read_workbook(path).sheets
    return find_layout(sheet, OPERATIONS, Catalogue(OPERATIONS))


def laid_out(path: Path) -> Layout:
    found = layout(path)
    assert isinstance(found, Layout)
    return found


def problems(found: Checked) -> list[list[list[str]]]:
    """[cell, code] of every problem of every row."""
    return [[[problem.cell, problem.code] for problem in row.problems] for row in found.rows]


def rows(found: Checked) -> list[tuple[str, int, str]]:
    return [(row.sheet, row.number, row.operation) for row in found.rows]


SPELLINGS = [
    pytest.param(operation, field.name, spelling, id=f"{operation.key}-{spelling}")
    for operation in OPERATIONS
    for field in columns([operation]).values()
    for spelling in (field.heading, *field.aliases, *field.synonyms)
]


@pytest.mark.parametrize(("operation", "name", "spelling"), SPELLINGS)
@pytest.mark.parametrize("change", [str, str.upper, lambda text: f"  {text.lower().replace(' ', '_')}: "])
def test_every_heading_and_alias_is_recognised(
    tmp_path: Path, operation: Any, name: str, spelling: str, change: Any
) -> None:
    """The column's name and the API's own, in any case, spacing and punctuation, stand for the one field."""
    others = [field.heading for field in operation.fields if field.name != name]
    found = laid_out(typed(tmp_path / "a.xlsx", [change(spelling), *others]))
    assert found.fields[1] == name
    assert found.problems == ()
    assert found.notes == ()
    assert found.operations == (operation,)


def test_no_two_columns_share_a_heading() -> None:
    """Every spelling means one field, and its heading is its own."""
    known = known_headings(OPERATIONS)
    for operation in OPERATIONS:
        for field in columns([operation]).values():
            for spelling in (field.heading, field.name, *field.aliases, *field.synonyms):
                assert known[heading_words(spelling)] == (field.name, field.heading)


@pytest.mark.parametrize("number", [1, 2, 7, SEARCHED_ROWS])
def test_headings_stand_in_any_of_the_first_20_rows(tmp_path: Path, number: int) -> None:
    """A title, a logo or notes may stand above; rows keep their numbers, and nothing above is read as a row."""
    path = typed(tmp_path / "a.xlsx", ["List ID", "Comment"], [2001, "x"], start=number)
    book = openpyxl.load_workbook(path)
    if number > 1:
        book.active["A1"] = "Flag edits for August: List ID and Comment"
    book.save(path)
    assert rows(checked(path)) == [("Data", number + 1, FLAG.key)]
    assert laid_out(path).heading_row == number


def test_headings_in_row_21_are_not_searched_for(tmp_path: Path) -> None:
    """Below row 20 there is no telling headings from rows; but nobody is left to wonder why they are not read."""
    path = typed(tmp_path / "a.xlsx", [None, "List ID", "Comment"], [None, 2001, "x"], start=SEARCHED_ROWS + 1)
    assert checked(path).rows == ()
    (note,) = checked(path).notes
    assert note.startswith("Sheet “Data” was not read: its headings stand in Data!B21, below row 20. Delete rows above")
    far_below = layout(typed(tmp_path / "a.xlsx", ["List ID", "Comment"], [2001, "x"], start=5001))
    assert isinstance(far_below, Unread)
    assert "Data!A5001, below row 20" in far_below.message


def test_the_first_heading_row_counts(tmp_path: Path) -> None:
    """A second row of headings is a row that needs fixing, not a new start."""
    found = checked(
        typed(tmp_path / "a.xlsx", ["List ID", "Comment"], [2001, "x"], ["List ID", "Comment"], [2002, "y"])
    )
    assert problems(found) == [[], [["Data!A3", "id.name"]], []]


NEAR = [
    ("Hold from exprt", "Hold from export"),
    ("Comments", "Comment"),
    ("Assignee", "Assignees"),
    ("Flag  typ ID", "Flag type ID"),
    ("Flagstatus-ld", "Flag status"),
    ("Relase export hold", "Release export hold"),
    ("Send agian", "Send again"),
    ("Operations", "Operation"),
    ("Cost recovry", "Cost recovery"),
    ("C\u043emment", "Comment"),
]


@pytest.mark.parametrize(("heading", "meant"), NEAR, ids=[ascii(heading) for heading, _ in NEAR])
def test_a_heading_that_is_nearly_right_stops_the_sheet(tmp_path: Path, heading: str, meant: str) -> None:
    """A slip in a heading would drop a column without a word: every row is refused, with the suggestion."""
    found = checked(typed(tmp_path / "a.xlsx", ["List ID", "Flag type", heading], [2001, 2, "x"], [2002, 2, None]))
    assert problems(found) == [[["Data!C1", "heading.near"]]] * 2
    message = found.rows[0].problems[0].message
    assert message == f"Data!C1: The heading “{' '.join(heading.split())}” is not known. Did you mean “{meant}”?"


LONGER = [
    ("Cost recovery in USD", "Cost recovery"),
    ("Hold from export until paid", "Hold from export"),
    ("The new flag status to set", "Flag status"),
    ("Expected bills in the list", "Expected bills"),
    ("Comment \N{EN DASH} what happened", "Comment"),
    ("Comment:\nat most two lines", "Comment"),
    ("Assignees, by id", "Assignees"),
]


@pytest.mark.parametrize(("heading", "meant"), LONGER, ids=[ascii(heading) for heading, _ in LONGER])
def test_a_heading_with_more_words_stops_the_sheet(tmp_path: Path, heading: str, meant: str) -> None:
    """Its column would not be sent, and the row would be Done without it; beside the heading itself it is a note."""
    found = checked(typed(tmp_path / "a.xlsx", ["List ID", "Flag type", heading], [2001, 2, None]))
    assert problems(found) == [[["Data!C1", "heading.near"]]]
    assert f"Did you mean “{meant}”?" in found.rows[0].problems[0].message
    found = checked(typed(tmp_path / "b.xlsx", ["List ID", "Flag type", heading, meant], [2001, 2, None, None]))
    assert problems(found) == [[]]


def test_even_a_needed_heading_may_be_nearly_right(tmp_path: Path) -> None:
    """A sheet is known as input by headings that are nearly right, so that it is refused, row by row."""
    found = checked(typed(tmp_path / "a.xlsx", ["Task GIUD", "Batch mod"], [GUID, "new batch"]))
    assert problems(found) == [[["Data!A1", "heading.near"], ["Data!B1", "heading.near"]]]


def test_a_heading_far_from_any_is_ignored_with_a_note(tmp_path: Path) -> None:
    """The operator's own columns are no concern of ours, but nobody is left to think that they are sent."""
    path = typed(tmp_path / "a.xlsx", ["List ID", "Vendor", "Comment", 2026], [2001, "City Power", "x", 5])
    found = checked(path)
    assert problems(found) == [[]]
    assert found.notes == (
        "Sheet “Data”: the column “Vendor” (B) is not known and was ignored.",
        "Sheet “Data”: the column “2026” (D) is not known and was ignored.",
    )


def test_values_without_a_heading_are_ignored_with_a_note(tmp_path: Path) -> None:
    """A column whose heading is missing is not sent, and that is said; values above the headings are none."""
    path = typed(
        tmp_path / "a.xlsx",
        ["August", None, None, "x"],
        ["List ID", "Comment"],
        [2001, "x", None, None, 7],
        [2002, "y", "z"],
    )
    assert checked(path).notes == ("Sheet “Data”: what stands in columns without a heading (C, E) was ignored.",)


def heading_cells(*cells: str) -> str:
    """A sheet of List ID, Comment, and then these cells, above one row."""
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("List ID", "Comment"))
    row = '<c><v>2001</v></c><c t="inlineStr"><is><t>x</t></is></c><c><v>1</v></c>'
    return f"<row>{names}{''.join(cells)}</row><row>{row}</row>"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("<c><f>B9</f></c>", "formula without a stored result"),
        ('<c t="e"><v>#REF!</v></c>', "error #REF!"),
    ],
)
def test_a_heading_that_cannot_be_read_stops_the_sheet(tmp_path: Path, cell: str, said: str) -> None:
    """It could be any heading; a formula with a result is the text it shows."""
    found = checked(save(tmp_path / "a.xlsx", parts(heading_cells(cell))))
    assert problems(found) == [[["Data!C1", "heading.unreadable"]]]
    assert said in found.rows[0].problems[0].message
    good = '<c t="str"><f>B9</f><v>Hold from export</v></c>'
    assert problems(checked(save(tmp_path / "a.xlsx", parts(heading_cells(good))))) == [[]]


@pytest.mark.parametrize("again", ["Comment", "COMMENT ", "Flag type", "flagTypeId"])
def test_two_headings_of_one_meaning_stop_the_sheet(tmp_path: Path, again: str) -> None:
    """Nobody can tell which of the two columns counts, even if one is an alias."""
    found = checked(typed(tmp_path / "a.xlsx", ["List ID", "Comment", "Flag type ID", again], [2001, "x", 2, None]))
    assert problems(found) == [[["Data!D1", "heading.twice"]]]
    first = "C1" if "flag" in again.lower() else "B1"
    assert f"means the same as the heading in Data!{first}." in found.rows[0].problems[0].message


def test_two_operations_need_an_operation_column(tmp_path: Path) -> None:
    """A sheet with the headings of both and no Operation is refused; with it, each row is what it says."""
    both = ["Task GUID", "Batch mode", "List ID", "Flag status"]
    path = typed(tmp_path / "a.xlsx", both, [GUID, "new batch"], [None, None, 2001, 2])
    assert problems(checked(path)) == [[["Data!A1", "heading.two_operations"]]] * 2
    path = typed(
        tmp_path / "a.xlsx",
        ["Operation", *both],
        ["Kickout reimport", GUID, "new batch"],
        [" list FLAG edit", None, None, 2001, 2],
        ["kickout_reimport", GUID.replace("1", "2"), "new batch"],
        [None, None, None, 2002, 2],
        ["Delete", None, None, 2002, 2],
    )
    found = checked(path)
    assert [row.operation for row in found.rows] == [REIMPORT.key, FLAG.key, REIMPORT.key, "", ""]
    assert problems(found) == [[], [], [], [["Data!A5", "operation.required"]], [["Data!A6", "operation.unknown"]]]


def test_an_operation_column_with_one_operations_headings(tmp_path: Path) -> None:
    """Rows of the other operation are refused for what they lack, not sent as the one that fits."""
    path = typed(
        tmp_path / "a.xlsx",
        ["Operation", "List ID", "Flag status"],
        ["List flag edit", 2001, 2],
        ["Kickout reimport", 2002, 2],
    )
    found = checked(path)
    assert [row.operation for row in found.rows] == [FLAG.key, REIMPORT.key]
    assert problems(found)[0] == []
    assert problems(found)[1] == [["Data!A1", "heading.missing"]] * 2
    assert [problem.message for problem in found.rows[1].problems] == [
        "Data!A1: The sheet has no column “Task GUID”.",
        "Data!A1: The sheet has no column “Batch mode”.",
    ]


@pytest.mark.parametrize(
    "headings",
    [
        ["Operation", "Task GUID", "Comment"],
        [each for each in REIMPORT_HEADINGS if each != "Batch mode"],
    ],
    ids=["with-Operation", "with-all-others"],
)
def test_a_missing_needed_heading_stops_the_sheet(tmp_path: Path, headings: list[str]) -> None:
    """A sheet that is surely meant, without a column that every row needs, is refused by the column's name."""
    row: Sequence[Any] = [{"Operation": REIMPORT.title, "Task GUID": GUID}.get(heading) for heading in headings]
    found = checked(typed(tmp_path / "a.xlsx", headings, row))
    assert problems(found) == [[["Data!A1", "heading.missing"]]]
    assert "“Batch mode”" in found.rows[0].problems[0].message


def test_a_sheet_that_is_perhaps_meant_is_named(tmp_path: Path) -> None:
    """Too little to be input, too much to be passed over in silence."""
    path = typed(tmp_path / "a.xlsx", ["Task GUID", "Comment"], [GUID, "x"])
    found = checked(path)
    assert found.rows == ()
    assert [each.message for each in found.unread] == [
        "Sheet “Data” was not read: for Kickout reimport it lacks the heading “Batch mode”."
    ]
    assert found.notes == tuple(each.note for each in found.unread)


@pytest.mark.parametrize(
    "headings",
    [
        ["List ID", "List name"],
        ["List ID", "Name", "Bills"],
        ["Task GUID", "File name", "Imported on"],
        ["Flag type ID", "Flag type name"],
        ["User ID", "Assignees"],
        ["Name", "Telephone", "Comment"],
        ["Comments", "Assignee"],
        ["New task GUID", "Operation", "Message"],
        ["Things to do (list of August)", "Comment"],
        ["List name", "Comment"],
        ["ID", "Comment"],
        ["Task", "Comment"],
        ["Batch mode", "Meaning"],
        ["Operation", "Meaning"],
        ["List ID"],
        ["Notes"],
    ],
    ids=", ".join,
)
def test_a_lookup_sheet_is_no_input(tmp_path: Path, headings: list[str]) -> None:
    """A list of lists, tasks or flag types beside the input is passed over, without a note."""
    path = typed(tmp_path / "a.xlsx", headings, [2001, "x", "y"])
    assert layout(path) is None
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("Input", 0)
    sheet.append(["List ID", "Comment"])
    sheet.append([2001, "x"])
    book.save(path)
    found = checked(path)
    assert rows(found) == [("Input", 2, FLAG.key)]
    assert found.notes == ()


@pytest.mark.parametrize("title", ["Results", "Results (bulkops)", "Sheet1"])
def test_our_own_results_are_never_input(tmp_path: Path, title: str) -> None:
    """Operation and Target stand there too, and New task GUID is nearly a heading."""
    line = ["Data", 2, REIMPORT.title, GUID, "Done", GUID, *[None] * (len(RESULTS) - 6)]
    assert layout(typed(tmp_path / "a.xlsx", RESULTS, line, title=title)) is None


@pytest.mark.parametrize("gap", [1, 30])
def test_rows_typed_into_results_of_ours_are_named(tmp_path: Path, gap: int) -> None:
    """Beside or anywhere below the results they are not sent, and the run is not a whole one without them."""
    headings = ["List ID", "Comment"]
    below = [[*RESULTS], ["Data", 2], *[[]] * gap, headings, [2001, "x"]]
    for number, lines in enumerate((below, [[*RESULTS, *headings], [*[None] * len(RESULTS), 2001, "x"]])):
        found = checked(typed(tmp_path / f"{number}.xlsx", *lines))
        assert (found.rows, len(found.unread)) == ((), 1)
        place = "F1" if number else f"A{gap + 3}"
        assert found.notes == (
            "Sheet “Data” was not read: it is bulkops' own for results, and has headings of rows to send in "
            f"Data!{place}. Copy those headings and the rows below them into another sheet.",
        )


def test_results_below_a_title_do_not_take_a_sheets_rows_away(tmp_path: Path) -> None:
    """Then the sheet is the operator's; with a column added and without headings of rows to send it is none."""
    copied = [["Last run"], [*RESULTS], ["Data", 2]]
    found = checked(typed(tmp_path / "a.xlsx", *copied, [], ["List ID", "Comment"], [2001, "x"]))
    assert [(row.target, row.problems) for row in found.rows] == [("2001", ())]
    assert layout(typed(tmp_path / "b.xlsx", ["Last run"], [*RESULTS, "Comment"], ["Data", 2])) is None


def test_the_sheet_of_the_hidden_name_is_never_input(tmp_path: Path) -> None:
    """With our headings in its first row it is not run, whatever stands below; it is named if that looks like input."""
    path = typed(tmp_path / "a.xlsx", RESULTS[:12], ["List ID", "Comment"], [2001, "x"])
    book = openpyxl.load_workbook(path)
    book.defined_names[MARK] = DefinedName(MARK, attr_text="Data!$A$1", hidden=True)
    book.save(path)
    found = checked(path)
    assert found.rows == ()
    assert [each.sheet for each in found.unread] == ["Data"]


def test_a_users_own_sheet_called_results_is_input(tmp_path: Path) -> None:
    """Sheet names are free: headings decide."""
    assert rows(checked(typed(tmp_path / "a.xlsx", ["List ID", "Comment"], [2001, "x"], title="Results"))) == [
        ("Results", 2, FLAG.key)
    ]


def test_hidden_columns_count_and_are_noted(tmp_path: Path) -> None:
    """What the operator does not see is still sent; every hidden column that counts is named."""
    path = typed(tmp_path / "a.xlsx", ["Operation", "List ID", "Comment", "Vendor"], [FLAG.title, 2001, "x", "y"])
    book = openpyxl.load_workbook(path)
    for letters in "ACD":
        book.active.column_dimensions[letters].hidden = True
    book.save(path)
    found = checked(path)
    assert found.rows[0].values["comment"] == "x"
    assert [note for note in found.notes if "hidden" in note] == [
        "Sheet “Data”: the column “Operation” (A) is hidden; its values count.",
        "Sheet “Data”: the column “Comment” (C) is hidden; its values count.",
    ]


A, B = ["List ID", "Flag status", "Cost recovery", "Comment"], ["listId", "Flag status", "Comment", "Cost recovery"]


@pytest.mark.parametrize(
    ("below", "wrong"),
    [
        pytest.param(
            [B, [2008, 2, "7", 99.5], [None, None, None, None], [2010, 1, "x", 20]], {4: 4, 5: 4, 7: 4}, id="exchanged"
        ),
        pytest.param([[*A[:3]], [2008, 2, 7, "c"]], {4: 4, 5: 4}, id="one-fewer"),
        pytest.param([["x", None, *A[:2]], [2008, 2, 7, "c"]], {4: 4, 5: 4}, id="moved"),
        pytest.param([[*[None] * 5, "Task GUID", "Batch mode"], [2008, 2, 7, "c"]], {5: 4}, id="beside"),
        pytest.param([A, [2008, 2, 7, "c"]], {}, id="the-same-in-the-same-columns"),
        pytest.param([[2008, 2, 7, "Comment"]], {}, id="a-value-that-is-a-heading"),
        pytest.param([["List ID", "Name", "Bills"], [2008, None, 7, "c"]], {4: 4, 5: 4}, id="only-the-id"),
        pytest.param([["No.", None, None, "List ID"], [1, None, None, 2008]], {4: 4, 5: 4}, id="only-the-id-moved"),
        pytest.param([[*RESULTS], [2008, 2, 7, "c"]], {4: 4, 5: 4}, id="results"),
        pytest.param([["No.", None, None, "Task GUID"], [1, None, None, "x"]], {4: 4, 5: 4}, id="the-other-id"),
        pytest.param([[2008, 2, 7, "List ID"], [2009, 2, 7, "c"]], {}, id="a-value-that-is-the-id's-heading"),
    ],
)
def test_headings_of_another_table_further_down_stop_what_is_below(
    tmp_path: Path, below: list[list[Any]], wrong: dict[int, int]
) -> None:
    """Values under headings of their own are never sent as what the first headings say; the rows above are good."""
    found = checked(typed(tmp_path / "a.xlsx", A, [2006, 2, 5, "a"], [2007, 2, 5, "b"], *below))
    said = {row.number: each.message for row in found.rows for each in row.problems if each.code == "heading.again"}
    assert {row: f"Row {heading} of the sheet" in said[row] for row, heading in wrong.items()} == dict.fromkeys(
        said, True
    )
    assert not any(row.problems for row in found.rows if row.number not in said and row.number != 4)


@pytest.mark.parametrize(
    ("blank", "said"),
    [
        ([4], "row 4 is blank, and the rows from 5 on were read all the same"),
        ([4, 5, 8], "rows 4 to 5 are blank, and the rows from 6 on were read all the same; so it is in 1 more places"),
        ([2, 10, 11], ""),
    ],
)
def test_rows_after_a_gap_are_read_and_told(tmp_path: Path, blank: list[int], said: str) -> None:
    """A blank row is no end: what stands below is read, and where the gap is, is said."""
    lines = [["  ", " "] if number in blank else [2000 + number, "x"] for number in range(2, 12)]
    found = checked(typed(tmp_path / "a.xlsx", ["List ID", "Comment"], *lines))
    assert [row.number for row in found.rows] == [number for number in range(2, 12) if number not in blank]
    assert found.notes == ((f"Sheet “Data”: {said}.",) if said else ())


@pytest.mark.parametrize(
    "heading",
    [
        "Operator",
        "Operators",
        "Operated by",
        "Comment date",
        "Batch",
        "Export hold",
        "Batch mode of the import",
        "Type in Hold from export whether the bills are to wait",
    ],
)
def test_a_word_of_its_own_is_no_slip(tmp_path: Path, heading: str) -> None:
    """Operator is nearly Operation, and a column that many keep."""
    found = checked(typed(tmp_path / "a.xlsx", ["List ID", "Comment", heading], [2001, "x", "Ada"]))
    assert problems(found) == [[]]
    assert found.notes == (f"Sheet “Data”: the column “{heading}” (C) is not known and was ignored.",)


def test_sheets_run_in_workbook_order_and_rows_from_top_to_bottom(tmp_path: Path) -> None:
    """Blank rows are skipped, gaps keep their numbers, and both operations may have sheets of their own."""
    path = typed(
        tmp_path / "a.xlsx", ["List ID", "Comment"], [2002, "b"], [None, None], ["  ", " "], [2001, "a"], title="B"
    )
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("A")
    sheet.append(["Task GUID", "Batch mode"])
    sheet.append([GUID, "new batch"])
    book.save(path)
    found = checked(path)
    assert rows(found) == [("B", 2, FLAG.key), ("B", 5, FLAG.key), ("A", 2, REIMPORT.key)]
    assert [row.seq for row in found.rows] == [0, 1, 2]


def test_rows_of_a_hidden_sheet_are_hidden(tmp_path: Path) -> None:
    """A sheet nobody sees is read, and its rows are not sent unasked."""
    made = parts(heading_cells())
    made["xl/workbook.xml"] = str(made["xl/workbook.xml"]).replace('name="Data"', 'name="Data" state="veryHidden"')
    found = checked(save(tmp_path / "a.xlsx", made))
    assert [row.hidden for row in found.rows] == [True]
    assert "Sheet “Data” is hidden; its rows (1) count as hidden rows." in found.notes


def test_a_row_is_told_the_first_merge_that_touches_it(tmp_path: Path) -> None:
    """Merges may overlap, in a damaged workbook; those beside the known columns do not matter."""
    rows = "".join(f'<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>' for number in range(3, 9))
    merges = "".join(f'<mergeCell ref="{each}"/>' for each in ("D1:E9", "A4:B5", "B3:B7", "B7:B8", "A1:B1"))
    made = parts(sheet=worksheet(heading_cells() + rows, after=f"<mergeCells>{merges}</mergeCells>"))
    found = checked(save(tmp_path / "a.xlsx", made))
    said = [next((p.message for p in row.problems if p.code == "cell.merged"), "")[-7:-2] for row in found.rows]
    assert said == ["", "B3:B7", "A4:B5", "A4:B5", "B3:B7", "B3:B7", "B7:B8"]


def test_merges_without_number_cost_no_more_than_rows(tmp_path: Path) -> None:
    """100,000 merges over 5,000 rows are a step for each, and not half a milliard for each pair of them."""
    rows = "".join(f'<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>' for number in range(3, 5003))
    merges = '<mergeCell ref="A3:B5002"/>' * 100_000
    made = parts(sheet=worksheet(heading_cells() + rows, after=f"<mergeCells>{merges}</mergeCells>"))
    found = checked(save(tmp_path / "a.xlsx", made))
    assert sum("cell.merged" in [code for _, code in each] for each in problems(found)) == 5000


def test_a_row_far_below_a_merge_costs_nothing(tmp_path: Path) -> None:
    """A merge over a whole column touches only the rows that are there, however far down the sheet goes."""
    made = parts()
    made[SHEET] = worksheet(
        heading_cells() + '<row r="1048576"><c><v>2002</v></c></row>',
        after='<mergeCells><mergeCell ref="A3:A1048576"/></mergeCells>',
    )
    found = checked(save(tmp_path / "a.xlsx", made))
    assert problems(found)[0] == []
    assert ["Data!A1048576", "cell.merged"] in problems(found)[1]
