"""Rows that are none: totals, subtotals, rows that nobody filled in. They are never sent, and a note names them."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
import xlrd
from asking import Bulkops
from workbook.test_foreign import cell as cell_of_ods
from workbook.test_foreign import ods, sample
from workbook.test_foreign import row as row_of_ods
from workbooks import MAIN, RELATIONSHIPS, STRICT, Parts, parts, relations, save, worksheet

from bulkops.messages.wording import row_numbers
from bulkops.operations import all_operations
from bulkops.practice.server import PracticeServer
from bulkops.runs.checking import Checked, check
from bulkops.workbook import reader
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.reading import transport
from bulkops.workbook.reading.subtotals import is_sum, subtotal
from bulkops.workbook.reading.xls import read_xls
from bulkops.workbook.reading.xls_formulas import OldFormulas

OPERATIONS = list(all_operations().values())
CALCULATED = '<calcPr calcId="191029"/>'
HEADINGS = ("List ID", "Flag type ID", "Cost recovery", "Comment", "Hold from export", "No.")
"""Columns A to F; the last is not known."""
GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"
Value = str | float | bool | None


def cell(address: str, value: Value) -> str:
    """A cell; a text that begins with “=” is a formula with the result 7, “=0=” before it makes that a 0."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{address}" t="b"><v>{int(value)}</v></c>'
    if not isinstance(value, str):
        return f'<c r="{address}"><v>{value}</v></c>'
    result = "0" if value.startswith("=0=") else "7"
    text = value.replace("&", "&amp;").replace("<", "&lt;")
    if value.startswith("<"):
        return f'<c r="{address}">{value}</c>'
    if value.startswith("="):
        return f'<c r="{address}"><f>{text.removeprefix("=0").removeprefix("=")}</f><v>{result}</v></c>'
    return f'<c r="{address}" t="inlineStr"><is><t>{text}</t></is></c>'


def sheet_data(*rows: Sequence[Value], headings: Sequence[str] = HEADINGS) -> str:
    made = []
    for number, values in enumerate((headings, *rows), 1):
        cells = "".join(cell(f"{chr(64 + column)}{number}", value) for column, value in enumerate(values, 1))
        made.append(f'<row r="{number}">{cells}</row>')
    return "".join(made)


def checked(path: Path, include_hidden: bool = False) -> Checked:
    return check(read_workbook(path), OPERATIONS, include_hidden)


def book(tmp_path: Path, *rows: Sequence[Value], workbook: str = CALCULATED, after: str = "", **more: str) -> Path:
    """A workbook with these rows below its headings; ``more`` are parts by their place among the sheet's relations."""
    contents = parts(sheet=worksheet(sheet_data(*rows), after=after), workbook=workbook)
    return save(tmp_path / "book.xlsx", contents | more)


def told(found: Checked) -> dict[int, str]:
    """Row → its first problem's code, “hidden” or “ready”."""
    return {
        row.number: row.problems[0].code if row.problems else "hidden" if row.hidden else "ready" for row in found.rows
    }


def notes(found: Checked) -> str:
    return "\n".join(note.removeprefix("Sheet “Data”: ") for note in found.notes if "not known" not in note)


# Formulas


@pytest.mark.parametrize(
    ("formula", "own_row"),
    [
        ("SUBTOTAL(109,Edits[Cost recovery])", False),
        ("SUBTOTAL(9,D2:D4)", False),
        ("subtotal( 9 , D2:D4 )", False),
        ("_xlfn.AGGREGATE(9,5,D2:D4)", False),
        ("AGGREGATE (14,6,D2:D4/(A2:A4=1),1)", False),
        ('IF(A1="","",SUBTOTAL(3,A2:A4))', False),
        ("1+-SUBTOTAL(9,'it''s'!D5)", False),
        ("SUBTOTAL(9,Other!A5:A5)", False),
        ("SUBTOTAL(9,A5:B5)+SUBTOTAL(9,A2:A4)", False),
        ("of:=SUBTOTAL(9;[.D2:.D4])", False),
        ("of:=SUBTOTAL(9;[$Other.D5])", False),
        ("SUBTOTAL(103,A$2:A5)", True),
        ("SUBTOTAL(103,A5)", True),
        ("of:=SUBTOTAL(103;[.A$2:.A5])", True),
        ("SUBTOTAL(103,[@[List ID]])", True),
        ("SUBTOTAL(103,Edits[[#This Row],[List ID]])", True),
        ("IF(SUBTOTAL(103,A5)=1,Rates!B2,0)", True),
        ("INDEX(Lists!A:A,AGGREGATE(15,6,ROW(Lists!B$2:B$9)/(Lists!B$2:B$9=1),ROWS(A$2:A2)))", None),
        ('IFERROR(index ([.A$1:.A$9];AGGREGATE(15;6;[.B1:.B9];1));"")', None),
        ("SUBTOTAL(9,INDEX(D:D,2):D4)", False),
        ("INDEX(D:D,2)+SUBTOTAL(9,D2:D4)", False),
        ("SUM(D2:D4)", None),
        ('"SUBTOTAL("&A1', None),
        ("'SUBTOTAL('!A1", None),
        ("MYSUBTOTAL(A1)", None),
        ("Subtotal", None),
        ("", None),
    ],
)
def test_a_subtotal_is_known_by_its_formula(formula: str, own_row: bool | None) -> None:
    """In any spelling and wherever it stands in the formula; one that numbers rows looks at its own row."""
    found = subtotal(formula, 5, 4)
    assert (None if found is None else found.own_row) == own_row


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("SUM(A2:A4)", True),
        ("sum( $A$2:$A$4 )", True),
        ("+COUNTA(A2,A4)", True),
        ("MAX(A2:C4)", True),
        ("SUM(Edits[List ID])", True),
        ("of:=COUNT([.A2:.A4])", True),
        ('COUNTIF(A2:A4,">0")', True),
        ("_xlfn.MAXIFS(A2:A4,B2:B4,1)", True),
        ("SUMPRODUCT(A2:A4)", True),
        ("LARGE(A2:A4,1)", True),
        ("SUM(B2:B4)", False),
        ("SUMX(A2:A4)", False),
        ("SMALL(B$2:B$9,ROWS(B$2:B5))", False),
        ("SUM(Other!A2:A4)", False),
        ("MAX('Other sheet'!A2:A4)", False),
        ("SUM(A2:A4)+1", False),
        ("IF(COUNTIF(A$2:A4,B5)>0,0,B5)", False),
        ("INDEX(B:B,MATCH(0,COUNTIF(A$2:A4,B:B),0))", False),
        ("MAX([@[List ID]],1)", False),
        ("MAX(ZZZ1,1)", False),
        ("A2", False),
        ("", False),
    ],
)
def test_a_sum_of_the_ids_is_known_by_its_formula(formula: str, expected: bool) -> None:
    """It adds up, counts or compares the cells of its own column, and does nothing else."""
    assert is_sum(formula, 1) == expected


@pytest.mark.parametrize(("formula", "wrong"), [("=SUM(A2:A3)", {4: "row.subtotal"}), ("=SUM(F4:G4)", {4: "ready"})])
def test_a_sum_of_the_ids_above_is_not_sent(tmp_path: Path, formula: str, wrong: dict[int, str]) -> None:
    """It looks like an id; the row needs fixing. A sum under amounts may be an amount."""
    found = checked(book(tmp_path, (2001, 3, 5.5), (2003, 3, 7), (formula, 3, "=SUM(C2:C3)")))
    assert told(found) == {2: "ready", 3: "ready"} | wrong
    assert [each.cell for row in found.rows for each in row.problems] == ["Data!A4"] * (formula == "=SUM(A2:A3)")


def test_a_sum_that_is_shared_along_its_row_is_one_in_every_cell(tmp_path: Path) -> None:
    """Excel writes a formula that was dragged to the right only once."""
    first, then = '<f t="shared" ref="A4:C4" si="3">MAX(A2:A3)</f><v>7</v>', '<f t="shared" si="3"/><v>7</v>'
    path = book(tmp_path, (2001, 3, 5.5), (2003, 3, 7), (first, then, then))
    assert read_workbook(path).sheets[0].sums == [(4, 1), (4, 2), (4, 3)]


def test_a_formula_that_is_shared_moves_along() -> None:
    """Its relative references belong to the row that shares it."""
    assert [subtotal("SUBTOTAL(103,A$2:A2)", row, 6, row - 2) for row in (2, 9)] == [(2, 6, True), (9, 6, True)]
    assert subtotal("SUBTOTAL(103,A$2:A$2)", 9, 6, 7) == (9, 6, False)


# Rows with subtotals


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param((None, None, "=SUBTOTAL(9,C2:C3)"), "", id="blank-id"),
        pytest.param(("2001 Total", None, "=SUBTOTAL(9,C2:C3)"), "", id="label"),
        pytest.param(("Grand Total", None, "=AGGREGATE(9,5,C2:C3)"), "", id="aggregate"),
        pytest.param(("=SUBTOTAL(104,A2:A3)", None, "=SUBTOTAL(9,C2:C3)", "Total"), "", id="max-of-the-ids"),
        pytest.param(("=SUBTOTAL(104,A2:A3)", 3, 12.5, "x"), "", id="only-the-id"),
        pytest.param((None, None, None, "Total", None, "=SUBTOTAL(9,F2:F3)"), "", id="in-an-unknown-column"),
        pytest.param((2001, 3, "=SUBTOTAL(9,C2:C3)"), "Data!C4", id="beside-an-id"),
        pytest.param(("=2000+1", 3, "=SUBTOTAL(9,C2:C3)"), "Data!C4", id="beside-a-calculated-id"),
        pytest.param(("2001", 3, None, None, None, "=SUBTOTAL(9,F2:F3)"), "Data!F4", id="beside-an-id-in-unknown"),
        pytest.param(("<f>1/0</f><v>#DIV/0!</v>", 3, "=SUBTOTAL(9,C2:C3)"), "Data!C4", id="beside-what-may-be-an-id"),
        pytest.param((20.5, 3, "=SUBTOTAL(9,C2:C3)"), "Data!C4", id="beside-a-number"),
    ],
)
def test_a_row_with_a_subtotal(tmp_path: Path, row: Sequence[Value], expected: str) -> None:
    """It is no row if its id is blank, a label or a subtotal; with anything that may be an id it needs fixing."""
    found = checked(book(tmp_path, (2001, 3, 5.5), (2003, 3, 7), row))
    needs = {4: "row.subtotal"} if expected else {}
    assert told(found) == {2: "ready", 3: "ready"} | needs
    assert [problem.cell for each in found.rows for problem in each.problems] == [expected] * bool(expected)
    said = "row 4 holds subtotals (formulas with SUBTOTAL or AGGREGATE) and was not taken for rows to send."
    assert notes(found) == ("" if expected else said)


def test_an_id_that_is_looked_up_is_an_id(tmp_path: Path) -> None:
    """AGGREGATE inside INDEX is how Excel 2010 to 2019 list the values that match: no row of such a list is lost."""
    look_up = "=INDEX(F2:F9,AGGREGATE(15,6,ROW(F2:F9)/(F2:F9>6),1))"
    found = checked(book(tmp_path, (look_up, 3, 5.5), (2003, 3, look_up)))
    assert told(found) == {2: "ready", 3: "ready"}
    assert [row.target for row in found.rows] == ["7", "2003"]


def test_a_formula_that_numbers_the_visible_rows_is_no_total(tmp_path: Path) -> None:
    """In a column of the operator's own it makes no row wrong, and none that lacks its id go unseen."""
    shared = '<f t="shared" ref="F2:F4" si="0">SUBTOTAL(103,A$2:A2)</f><v>1</v>', '<f t="shared" si="0"/><v>2</v>'
    rows = ((2001, 3, 1, "a", None, shared[0]), (2003, 3, 1, "b", None, shared[1]), (None, 3, 1, "c", None, shared[1]))
    found = checked(book(tmp_path, *rows))
    assert told(found) == {2: "ready", 3: "ready", 4: "value.required"}
    assert notes(found) == ""


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ('<f t="shared" ref="C4:C5" si="3">SUBTOTAL(9,C$2:C$3)</f><v>5</v>', '<f t="shared" si="3"/><v>5</v>'),
        ('<f t="array" ref="C4:C5">_xlfn.AGGREGATE(9,5,C$2:C$3)</f><v>5</v>', "<v>5</v>"),
        ('<f t="array" ref="C4:C5">_xlfn.AGGREGATE(9,5,C$2:C$3)</f>', "<v/>"),
    ],
)
def test_shared_and_array_formulas_are_subtotals_in_every_cell(tmp_path: Path, first: str, then: str) -> None:
    """Only the first cell of such formulas has its text."""
    rows = ((2001, 3, 5.5), (2003, 3, 7), (None, 3, first), ("Total", 3, then))
    found = checked(book(tmp_path, *rows))
    assert told(found) == {2: "ready", 3: "ready"}
    assert "2 rows (4 and 5) hold subtotals" in notes(found)


def test_on_a_sheet_for_both_operations_every_id_counts(tmp_path: Path) -> None:
    """Data > Subtotal by Operation: a label stands where the operation should, and no id anywhere."""
    headings = ("Operation", "Task GUID", "Batch mode", "List ID", "Flag type ID", "Cost recovery")
    data = sheet_data(
        ("List flag edit", None, None, 2001, 3, 5),
        ("List flag edit Total", None, None, None, None, "=SUBTOTAL(9,F2:F2)"),
        ("Grand Total", None, None, "=SUBTOTAL(3,D2:D2)", None, "=SUBTOTAL(9,F2:F2)"),
        ("Total", GUID, None, None, None, "=SUBTOTAL(9,F2:F2)"),
        headings=headings,
    )
    found = checked(save(tmp_path / "book.xlsx", parts(data, workbook=CALCULATED)))
    assert told(found) == {2: "ready", 5: "row.subtotal"}


def test_a_total_with_an_id_is_not_offered_for_correction(
    tmp_path: Path, bulkops: Bulkops, practice: PracticeServer
) -> None:
    """There only the formula's result would stand: nothing would be wrong any more, and a total would be sent."""
    path = book(tmp_path, (2001, 3, 5.5), (2003, None, "x"), (2006, 3, "=SUBTOTAL(9,C2:C3)"))
    out = tmp_path / "corrections.xlsx"
    ended = bulkops("run", path, "--yes", "--skip-invalid", "--corrections", out, "--json")
    assert [(row["row"], row["status"], row["code"]) for row in ended.document["rows"]] == [
        (2, "done", None),
        (3, "invalid", "amount.shape"),
        (4, "invalid", "row.subtotal"),
    ]
    assert len(practice.writes) == 1
    assert [row[1].value for row in openpyxl.load_workbook(out)["Data"].iter_rows(min_row=2)] == [2003]


# Tables


def table(reference: str, totals: int = 1, header: int = 1) -> str:
    count = f' totalsRowCount="{totals}"' if totals else ""
    return f'<table xmlns="{MAIN}" id="1" displayName="T" ref="{reference}" headerRowCount="{header}"{count}/>'


def with_tables(path: Path, tables: Sequence[str], *rows: Sequence[Value], strict: bool = False) -> Path:
    listed = "".join(f'<tablePart r:id="rId{number}"/>' for number in range(1, len(tables) + 1))
    after = f'<tableParts xmlns:r="{RELATIONSHIPS}">{listed}</tableParts>'
    contents = parts(sheet=worksheet(sheet_data(*rows), after=after), workbook=CALCULATED)
    contents["xl/worksheets/_rels/sheet1.xml.rels"] = relations(
        *(("table", f"../tables/table{number}.xml") for number in range(1, len(tables) + 1))
    )
    contents |= {f"xl/tables/table{number}.xml": text for number, text in enumerate(tables, 1)}
    if strict:
        contents = {part: in_strict(text) for part, text in contents.items()}
    return save(path, contents)


def in_strict(text: str | bytes) -> str:
    assert isinstance(text, str)
    relationships = f"{STRICT}/officeDocument/relationships"
    return text.replace(MAIN, f"{STRICT}/spreadsheetml/main").replace(RELATIONSHIPS, relationships)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param([table("A1:F4")], {2, 3, 5}, id="totals"),
        pytest.param([table("A1:F5", totals=2)], {2, 3}, id="two-rows"),
        pytest.param([table("A1:F4", totals=0)], {2, 3, 4, 5}, id="none"),
        pytest.param([table("A2:F4", header=0)], {2, 3, 5}, id="no-headings"),
        pytest.param([table("H1:J3"), table("A1:F4")], {2, 3, 5}, id="beside"),
        pytest.param([table("A1:F3"), table("A4:F5", header=0)], {2, 4}, id="several"),
    ],
)
def test_the_totals_row_of_a_table_is_no_row(
    tmp_path: Path, tables: Sequence[str], expected: set[int], strict: bool
) -> None:
    """Whatever it holds, even what looks like an id; a table that has no known column tells nothing of our rows."""
    rows = ((2001, 3, 5), (2003, 3, 6), (2006, 3, 11, "Total"), (2007, 3, 12, "below"))
    found = checked(with_tables(tmp_path / "book.xlsx", tables, *rows, strict=strict))
    assert {row.number for row in found.rows} == expected
    assert ("totals of a table" in notes(found)) is (expected != {2, 3, 4, 5})


def test_a_table_without_the_id(tmp_path: Path) -> None:
    """Its totals stand beside an id: the row needs fixing; beside a blank or a label it is a total."""
    for key, expected in ((2006, {4: "row.subtotal"}), (None, {}), ("Total", {})):
        rows = ((2001, 3, 5), (2003, 3, 6), (key, 3, 11, "sum"))
        found = checked(with_tables(tmp_path / "book.xlsx", [table("C1:D4")], *rows))
        assert told(found) == {2: "ready", 3: "ready"} | expected


def test_a_table_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    """Its part is missing, or it is listed nowhere: Excel takes it for none, too."""
    contents = parts(sheet=worksheet(sheet_data((2001, 3, 5))), workbook=CALCULATED)
    contents["xl/worksheets/_rels/sheet1.xml.rels"] = relations(("table", "../tables/table1.xml"))
    assert told(checked(save(tmp_path / "a.xlsx", contents))) == {2: "ready"}
    contents["xl/tables/table1.xml"] = table("A1:F2")
    assert told(checked(save(tmp_path / "b.xlsx", contents))) == {2: "ready"}


# Rows that nobody filled in


@pytest.mark.parametrize(
    "row",
    [
        (None, None, None, None, False),
        (None, None, None, None, "No"),
        (None, None, None, None, " n "),
        (None, None, None, None, "FALSE"),
        (None, None, 0, None, False),
        (0, None, "0", " ", "=0=G4"),
        ("=0=Other!A4", "=0=Other!B4", "=0=Other!C4"),
    ],
)
def test_a_row_that_holds_nothing_is_none(tmp_path: Path, row: Sequence[Value]) -> None:
    """FALSE of a tick box, a drop-down's No, a 0, a formula's 0 that was calculated, alone or together."""
    found = checked(book(tmp_path, (2001, 3, 5), row, row, (2003, 3, 0, None, False)))
    assert told(found) == {2: "ready", 5: "ready"}
    assert notes(found) == "2 rows (3 and 4) hold nothing but FALSE, No, 0 or an Operation and were not taken for rows."


@pytest.mark.parametrize(
    "row",
    [
        (None, None, None, None, True),
        (None, None, None, None, "Yes"),
        (None, None, 1, None, False),
        (None, 3, None, None, False),
        (None, None, None, "x", False),
        (0, None, 0.01),
        (None, None, "#N/A", None, False),
        ("<f>G1</f>", None, None, None, False),
    ],
)
def test_a_row_with_anything_else_stays_one(tmp_path: Path, row: Sequence[Value]) -> None:
    """One value is enough for a row that somebody meant; it needs fixing."""
    found = checked(book(tmp_path, (2001, 3, 5), row))
    assert {number: code != "ready" for number, code in told(found).items()} == {2: False, 3: True}
    assert notes(found) == ""


@pytest.mark.parametrize(
    ("calculation", "none"),
    [
        ('<calcPr calcId="191029"/>', True),
        ('<calcPr calcId="191029" fullCalcOnLoad="1"/>', False),
        ('<calcPr calcId="191029" calcCompleted="0"/>', False),
        ('<calcPr calcId="191029" calcMode="manual" calcOnSave="0"/>', False),
        ("<calcPr/>", False),
        ("", False),
    ],
)
def test_a_formulas_zero_is_nothing_where_it_was_calculated(tmp_path: Path, calculation: str, none: bool) -> None:
    """Some programs store a 0 for every formula: without Excel's mark of who calculated, the row is one."""
    found = checked(book(tmp_path, (2001, 3, 5), ("=0=G3", None, "=0=G3"), workbook=calculation))
    assert sorted(told(found)) == ([2] if none else [2, 3])


@pytest.mark.parametrize("beside", [None, "City Power"])
def test_the_note_on_unfilled_rows_is_true_of_columns_that_are_not_read(tmp_path: Path, beside: Value) -> None:
    """What somebody wrote there may be meant for a row: it is not called nothing."""
    path = book(tmp_path, (2001, 3, 5.5), (None, None, None, None, False, beside))
    said = "nothing but FALSE, No, 0 or an Operation" + " in the columns that are read" * bool(beside)
    assert f"row 3 holds {said} and was not taken for rows." in notes(checked(path))


def test_a_prefilled_operation_is_nothing(tmp_path: Path) -> None:
    """Nobody asked for anything yet; another word there may be a row's only sign."""
    headings = ("Operation", "Task GUID", "Batch mode", "List ID", "Flag type ID", "Hold from export")
    data = sheet_data(
        ("List flag edit", None, None, 2001, 3, True),
        ("List flag edit", None, None, None, None, False),
        ("kickout REIMPORT",),
        ("Total",),
        headings=headings,
    )
    found = checked(save(tmp_path / "book.xlsx", parts(data, workbook=CALCULATED)))
    assert told(found) == {2: "ready", 5: "operation.unknown"}


def test_no_other_row_is_called_blank(tmp_path: Path) -> None:
    """The note about blank rows in between means rows that hold nothing at all."""
    unticked: tuple[Value, ...] = (None, None, None, None, False)
    found = checked(book(tmp_path, (2001, 3, 5), unticked, (2003, 3, 5), unticked, (), unticked))
    assert "blank" not in notes(found)
    found = checked(book(tmp_path, (2001, 3, 5), unticked, (), (2003, 3, 5)))
    assert "row 4 is blank, and the rows from 5 on" in notes(found)


def test_unticked_rows_stop_nothing(tmp_path: Path, bulkops: Bulkops, practice: PracticeServer) -> None:
    """All or nothing: all is sent. The results have a line for each row, and none for what is none."""
    path = book(tmp_path, (2001, 3, 5.5), *[(None, None, None, None, False)] * 9)
    ended = bulkops("run", path, "--yes", "--all-or-nothing", "--json")
    assert (ended.code, ended.document["totals"]["rows"], len(ended.document["rows"])) == (0, 1, 1)
    assert len(practice.writes) == 1


def test_a_sheet_of_nothing_but_such_rows_says_so(tmp_path: Path, bulkops: Bulkops) -> None:
    """There is nothing to run, and the note tells why."""
    ended = bulkops("check", book(tmp_path, (None, None, None, None, False)))
    assert ended.code == 2
    assert "row 2 holds nothing but FALSE, No, 0 or an Operation" in ended.err


# Views


def named_views(*filters: str, name: str = "Ann") -> str:
    ours = "http://schemas.microsoft.com/office/spreadsheetml/2019/namedsheetviews"
    inner = "".join(filters)
    return (
        f'<namedSheetViews xmlns="{ours}" xmlns:x="{MAIN}"><namedSheetView name="{name}" id="1">{inner}'
        "</namedSheetView></namedSheetViews>"
    )


def named_filter(inner: str, column: int = 3, reference: str = ' ref="A1:F4"') -> str:
    return (
        f'<nsvFilter filterId="1"{reference} tableId="0"><columnFilter colId="{column}" id="2">'
        f'<filter colId="{column}">{inner}</filter></columnFilter></nsvFilter>'
    )


def listed(*values: str, blank: bool = False) -> str:
    return (
        f"<x:filters{' blank=' + chr(34) + '1' + chr(34) if blank else ''}>"
        + "".join(f'<x:filter val="{value}"/>' for value in values)
        + "</x:filters>"
    )


ROWS = ((2001, 3, 5, "Mine"), (2003, 3, 6, "other"), (2006, 3, 7), (2007, 3, 8, "below"))
VIEW = "http://schemas.microsoft.com/office/2019/04/relationships/namedSheetView"


@pytest.mark.parametrize(
    ("filters", "hidden"),
    [
        pytest.param([named_filter(listed("mine"))], {3, 4}, id="a-value"),
        pytest.param([named_filter(listed("MINE", "other"))], {4}, id="values"),
        pytest.param([named_filter(listed("mine", blank=True))], {3}, id="blanks"),
        pytest.param([named_filter(listed("2001"), column=0)], {3, 4}, id="a-number"),
        pytest.param([named_filter(listed("mine")), named_filter(listed("3"), column=1)], {3, 4}, id="two-filters"),
        pytest.param([named_filter('<x:customFilters><x:customFilter val="m*"/></x:customFilters>')], {2, 3, 4}),
        pytest.param([named_filter('<x:colorFilter dxfId="0"/>')], {2, 3, 4}, id="a-colour"),
        pytest.param([named_filter(listed("mine"), reference="")], {3, 4, 5}, id="without-a-range"),
        pytest.param(['<nsvFilter ref="A1:F4"/>'], set(), id="no-criterion"),
        pytest.param([named_filter("")], set(), id="an-empty-criterion"),
    ],
)
def test_what_a_sheet_view_filters_out_counts_as_hidden(tmp_path: Path, filters: list[str], hidden: set[int]) -> None:
    """Nothing is sent that somebody did not see; where it cannot be told who sees what, nothing of the range is."""
    contents = parts(sheet=worksheet(sheet_data(*ROWS)), workbook=CALCULATED)
    contents["xl/worksheets/_rels/sheet1.xml.rels"] = relations((VIEW, "../namedSheetViews/namedSheetView1.xml"))
    contents["xl/namedSheetViews/namedSheetView1.xml"] = named_views(*filters)
    path = save(tmp_path / "book.xlsx", contents)
    found = checked(path)
    assert {row.number for row in found.rows if row.hidden} == hidden
    assert ("the view “Ann” does not show" in notes(found)) is bool(hidden)
    assert set(told(checked(path, include_hidden=True)).values()) == {"ready"}


def custom_view(inner: str = "", attributes: str = "") -> str:
    return (
        '<customSheetViews><customSheetView guid="{0B5C7F0E-1111-4222-8333-444455556666}" '
        f"{attributes}>{inner}</customSheetView></customSheetViews>"
    )


HIDDEN_NAME = (
    '<definedNames><definedName name="Z_0B5C7F0E_1111_4222_8333_444455556666_.wvu.Rows" localSheetId="0" '
    'hidden="1">{}</definedName></definedNames><customWorkbookViews>'
    '<customWorkbookView name="Bob - Personal View" guid="{{0B5C7F0E-1111-4222-8333-444455556666}}"/>'
    "</customWorkbookViews>"
)
FILTERED = '<autoFilter ref="A1:F4"><filterColumn colId="3"><filters><filter val="mine"/></filters></filterColumn>'


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("view", "name", "hidden"),
    [
        pytest.param(custom_view(f"{FILTERED}</autoFilter>", 'filter="1"'), "", {3, 4}, id="a-filter"),
        pytest.param(custom_view('<autoFilter ref="A1:F4"/>', 'showAutoFilter="1"'), "", set(), id="only-its-arrows"),
        pytest.param(custom_view("", 'hiddenRows="1"'), "Data!$3:$3,Data!$5:$9", {3, 5}, id="hidden-rows"),
        pytest.param(custom_view("", 'hiddenRows="1"'), "'Data'!$3:$3,Other!$5:$9", {3}, id="of-this-sheet"),
        pytest.param(custom_view("", 'hiddenRows="1"'), "", {2, 3, 4, 5}, id="rows-that-it-does-not-name"),
        pytest.param(custom_view(), "", set(), id="a-plain-view"),
        pytest.param(f"{FILTERED}</autoFilter>", "", set(), id="the-sheets-own-filter"),
    ],
)
def test_what_a_custom_view_hides_counts_as_hidden(
    tmp_path: Path, view: str, name: str, hidden: set[int], strict: bool
) -> None:
    """Filters and hidden rows of View > Custom Views; the sheet's own filter has hidden its rows itself."""
    workbook = HIDDEN_NAME.format(name or "#REF!")
    contents: Parts = parts(sheet=worksheet(sheet_data(*ROWS), after=view), workbook=workbook)
    if strict:
        contents = {part: in_strict(text) for part, text in contents.items()}
    found = checked(save(tmp_path / "book.xlsx", contents))
    assert {row.number for row in found.rows if row.hidden} == hidden
    assert ("the view “Bob - Personal View” does not show" in notes(found)) is bool(hidden)


# Calculation by hand


@pytest.mark.parametrize(
    ("calculation", "outdated"),
    [
        ('<calcPr calcId="191029" calcMode="manual" calcCompleted="0" calcOnSave="0"/>', True),
        ('<calcPr calcId="191029" calcMode="manual" calcOnSave="false"/>', True),
        ('<calcPr calcId="191029" calcCompleted="false"/>', True),
        ('<calcPr calcId="191029" fullCalcOnLoad="true"/>', True),
        ('<calcPr calcId="191029" calcMode="manual"/>', False),
        ('<calcPr calcId="191029" calcOnSave="0"/>', False),
        ('<calcPr calcId="191029" forceFullCalc="1" calcMode="autoNoTable"/>', False),
    ],
)
def test_results_that_may_be_outdated_are_told(tmp_path: Path, calculation: str, outdated: bool) -> None:
    """In a workbook that calculates by hand, and not when it is saved, a stored result may be that of other values."""
    found = checked(book(tmp_path, ("=2000+1", 3, 5), workbook=calculation))
    assert told(found) == {2: "ready"}
    assert (notes(found) == "") is not outdated
    assert not outdated or "the stored results were taken" in notes(found)


def test_an_old_zero_is_still_a_value(tmp_path: Path) -> None:
    """Calculated by hand: the 0 was calculated once. A file that Excel is to calculate may never have been."""
    manual, on_load = ('calcMode="manual" calcCompleted="0"', 'fullCalcOnLoad="1"')
    rows: tuple[Value, ...] = (2001, 3, "=0=G2")
    codes = [told(checked(book(tmp_path, rows, workbook=f"<calcPr {each}/>")))[2] for each in (manual, on_load)]
    assert codes == ["ready", "cell.no_result"]


# Through the other process, and in sentences


def test_these_facts_go_from_one_process_to_the_other(tmp_path: Path) -> None:
    """A big workbook is read apart: totals, subtotals, views and zeros must come along."""
    rows = ((2001, 3, "=0=G2", "mine"), (2003, 3, "=SUBTOTAL(9,C2:C2)"))
    path = with_tables(tmp_path / "book.xlsx", [table("A1:F3")], *rows)
    read = reader.parsed(path, path.read_bytes())
    (sheet,) = read.sheets
    sheet.views, sheet.unsure_zeros, sheet.sums = {"Ann": [2]}, [(2, 3)], [(3, 1)]
    sheet.calculated = [(2, 4)]
    assert sheet.totals
    assert sheet.subtotals
    assert transport.decode(transport.encode(read), path) == read


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([5], "5"),
        ([5, 4], "4 and 5"),
        ([4, 5, 6], "4 to 6"),
        ([5, 9, 10, 11, 15], "5, 9 to 11 and 15"),
        (range(2, 40, 2), "2, 4, 6, 8, 10, 12, 14, 16 and 11 more"),
        ([], ""),
    ],
)
def test_row_numbers_in_a_sentence(numbers: Sequence[int], expected: str) -> None:
    """Rows on end are named by the first and the last; many are counted."""
    assert row_numbers(numbers) == expected


# Other sorts of files


def test_subtotals_of_an_ods(tmp_path: Path) -> None:
    """Alone, repeated over rows and columns, and in every cell of a matrix formula."""
    one = cell_of_ods("7", "7", "float", 'table:formula="of:=SUBTOTAL(9;[.C2:.C3])"')
    matrix = (
        'table:formula="of:=AGGREGATE(9;5;[.C2:.C3])" table:number-matrix-columns-spanned="2" '
        'table:number-matrix-rows-spanned="2"'
    )
    text = partial(cell_of_ods, kind="string")
    rows = "".join(
        (
            row_of_ods(*map(text, HEADINGS)),
            row_of_ods(text("2001"), text("3"), text("5")),
            row_of_ods(text("2003"), text("3"), text("6")),
            row_of_ods(text("Total"), text("3"), one),
            row_of_ods(text("2006"), text("3"), one, number_rows_repeated="2"),
            row_of_ods(text("Total"), cell_of_ods("1", "1", "float", matrix), cell_of_ods("1", "1", "float")),
            row_of_ods(text("Total"), cell_of_ods("1", "1", "float"), cell_of_ods("1", "1", "float")),
            row_of_ods(text("2007"), text("3"), text("7"), text("x"), text("no"), one.replace("C2:.C3", "C2:.C9")),
        )
    )
    path = ods(tmp_path / "a.ods", rows)
    (sheet,) = read_workbook(path).sheets
    assert [each[:2] for each in sheet.subtotals] == [(4, 3), (5, 3), (6, 3), (7, 2), (7, 3), (8, 2), (8, 3), (9, 6)]
    found = checked(path)
    assert told(found) == {2: "ready", 3: "ready", 5: "row.subtotal", 6: "row.subtotal", 9: "ready"}
    assert "3 rows (4, 7 and 8) hold subtotals" in "".join(found.notes)


def test_a_sum_of_the_ids_of_an_ods(tmp_path: Path) -> None:
    """It needs fixing, as in every other sort of workbook."""
    total = cell_of_ods("2001", "2001", "float", 'table:formula="of:=MAX([.A2:.A2])"')
    text = partial(cell_of_ods, kind="string")
    lines = [[*map(text, HEADINGS)], [text("2001"), text("3")], [total, text("3")]]
    found = checked(ods(tmp_path / "a.ods", "".join(row_of_ods(*line) for line in lines)))
    assert told(found) == {2: "ready", 3: "row.subtotal"}


def test_a_code_that_a_formula_gives_in_an_ods(tmp_path: Path) -> None:
    """In its own cell, and in every cell of a matrix formula; a code that was typed is none."""
    text = partial(cell_of_ods, kind="string")
    one = cell_of_ods("BCDFGH", kind="string", more='table:formula="of:=[Results.P2]"')
    matrix = one.replace("table:formula", 'table:number-matrix-rows-spanned="2" table:formula')
    other = one.replace("BCDFGH", "No")
    cells = (text("bcd fgh"), one, matrix, text("BCDFGH"), other)
    lines = [row_of_ods(text("List ID"), text("Comment"), text("Send again"))]
    lines += [row_of_ods(text(str(number)), text("x"), cell) for number, cell in enumerate(cells, 2001)]
    found = checked(ods(tmp_path / "a.ods", "".join(lines)))
    wrong = "send_again.formula"
    assert told(found) == {2: "ready", 3: wrong, 4: wrong, 5: wrong, 6: "ready"}


def test_a_code_that_a_formula_gives_in_an_xls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample's only formula with a text as its result gives two letters: they stand for a code here."""
    assert read_workbook(sample("xls")).sheets[0].calculated == []
    monkeypatch.setattr("bulkops.workbook.reading.xls.may_be_code", "tu".__eq__)
    (first, *others) = reader.parsed(sample("xls"), sample("xls").read_bytes()).sheets
    assert (first.calculated, [each.calculated for each in others]) == ([(12, 3)], [[], []])


NINE, THREE_ROWS = b"\x1e\x09\x00", b"\x25" + struct.pack("<4H", 2, 5, 0, 0)
SUBTOTAL_OF = NINE + THREE_ROWS + b"\x42\x02\x58\x01"


def test_a_subtotal_of_an_xls(tmp_path: Path) -> None:
    """It is known by its tokens; the row has an id, so it needs fixing."""
    content = bytearray(sample("xls").read_bytes())
    at = content.index(bytes.fromhex("19001e01001902070017000019080a00"))
    assert content[at : at + 2] == struct.pack("<H", 25)
    content[at : at + 2 + len(SUBTOTAL_OF)] = struct.pack("<H", len(SUBTOTAL_OF)) + SUBTOTAL_OF
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    assert read_workbook(path).sheets[0].subtotals == [(12, 2, False)]
    assert told(checked(path))[12] == "row.subtotal"
    assert read_workbook(sample("xls")).sheets[0].subtotals == []


SUM = b"\x19\x10\x00\x00"


@pytest.mark.parametrize(
    ("tokens", "shared", "expected"),
    [
        pytest.param(b"\x25" + struct.pack("<4H", 2, 5, 2, 2) + SUM, False, True, id="sum"),
        pytest.param(b"\x25" + struct.pack("<4H", 2, 5, 0xC002, 0xC002) + SUM, False, True, id="relative"),
        pytest.param(b"\x25" + struct.pack("<4H", 2, 5, 1, 3) + b"\x42\x01\xa9\x00", False, True, id="counta"),
        pytest.param(b"\x25" + struct.pack("<4H", 2, 5, 1, 1) + SUM, False, False, id="of-another-column"),
        pytest.param(b"\x25" + struct.pack("<4H", 2, 5, 2, 2) + SUM + b"\x1e\x01\x00\x03", False, False, id="plus-1"),
        pytest.param(b"\x2d" + struct.pack("<4H", 2, 5, 0xC000, 0xC000) + SUM, True, True, id="shared"),
        pytest.param(b"\x2d" + struct.pack("<4H", 2, 5, 0xC0FF, 0xC0FF) + SUM, True, False, id="shared-of-another"),
    ],
)
def test_a_sum_of_its_own_column_in_an_xls(tokens: bytes, shared: bool, expected: bool) -> None:
    """It is known by its tokens, in shared formulas, too."""
    records = [formula_of_xls(8, 2, tokens)]
    if shared:
        pointing = formula_of_xls(8, 2, b"\x01\x08\x00\x02\x00")
        records = [pointing, (0x4BC, struct.pack("<HHBBHH", 8, 8, 2, 2, 1, len(tokens)) + tokens)]
    stream, places = records_of_xls(*records)
    with xlrd.open_workbook(sample("xls")) as opened:
        opened.mem = stream
        sums: list[tuple[int, int]] = []
        assert list(OldFormulas(opened).subtotals(places, sums)) == []
    assert sums == [(9, 3)] * expected


def records_of_xls(*records: tuple[int, bytes]) -> tuple[bytes, list[tuple[int, int, int]]]:
    stream, places = b"", []
    for number, data in records:
        places.append((number, len(stream) + 4, len(data)))
        stream += struct.pack("<HH", number, len(data)) + data
    return stream, places


def formula_of_xls(row: int, column: int, tokens: bytes) -> tuple[int, bytes]:
    return 0x06, struct.pack("<3H8sHIH", row, column, 0, bytes(8), 0, 0, len(tokens)) + tokens


AGGREGATE_OF = b"\x23\x01\x00\x00\x00" + NINE + b"\x1e\x05\x00" + THREE_ROWS + b"\x42\x04\xff\x00"
ABOVE = NINE + b"\x2d" + struct.pack("<hhHH", -2, -1, 0xC000, 0xC000) + b"\x42\x02\x58\x01"
NUMBERING = NINE + b"\x2d" + struct.pack("<hhHH", 0, 0, 0xC000, 0xC000) + b"\x42\x02\x58\x01"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([formula_of_xls(8, 2, SUBTOTAL_OF)], [(9, 3, False)], id="subtotal"),
        pytest.param([formula_of_xls(3, 2, SUBTOTAL_OF)], [(4, 3, True)], id="over-its-own-row"),
        pytest.param([formula_of_xls(8, 2, b"\x1e\x58\x01")], [], id="a-number"),
        pytest.param([formula_of_xls(8, 2, b"\x42\x02\x58\x01")], [(9, 3, False)], id="cannot-be-written-out"),
        pytest.param([formula_of_xls(8, 2, AGGREGATE_OF)], [(9, 3, False)], id="aggregate"),
        pytest.param(
            [
                formula_of_xls(8, 2, b"\x01\x08\x00\x02\x00"),
                (0x4BC, struct.pack("<HHBBHH", 8, 9, 2, 2, 2, len(ABOVE)) + ABOVE),
                formula_of_xls(9, 2, b"\x01\x08\x00\x02\x00"),
            ],
            [(9, 3, False), (10, 3, False)],
            id="shared",
        ),
        pytest.param(
            [
                formula_of_xls(8, 2, b"\x01\x08\x00\x02\x00"),
                (0x4BC, struct.pack("<HHBBHH", 8, 9, 2, 2, 2, len(NUMBERING)) + NUMBERING),
            ],
            [(9, 3, True)],
            id="shared-and-over-its-own-row",
        ),
        pytest.param(
            [
                formula_of_xls(8, 2, b"\x01\x08\x00\x02\x00"),
                (0x221, struct.pack("<HHBBHIH", 8, 8, 2, 3, 0, 0, len(SUBTOTAL_OF)) + SUBTOTAL_OF),
                formula_of_xls(8, 3, b"\x01\x08\x00\x02\x00"),
            ],
            [(9, 3, False), (9, 4, False)],
            id="array",
        ),
    ],
)
def test_the_formulas_of_an_xls(
    records: Sequence[tuple[int, bytes]], expected: Sequence[tuple[int, int, bool]]
) -> None:
    """Its records as [MS-XLS] has them: shared and array formulas stand once, after the first cell."""
    with xlrd.open_workbook(sample("xls"), on_demand=True) as opened:
        opened.mem, places = records_of_xls(*records)
        name = xlrd.book.Name()
        name.name, name.scope = "_xlfn.AGGREGATE", -1
        opened.name_obj_list = [name]
        assert list(OldFormulas(opened).subtotals(places, [])) == expected


def test_an_xls_that_is_calculated_by_hand(tmp_path: Path) -> None:
    """And not when it is saved: its results may be those of other values."""
    content = sample("xls").read_bytes()
    # LibreOffice does not say how it calculates: that takes the place of how references are written.
    by_hand = (b"\x0f\x00\x02\x00\x01\x00\x11\x00", b"\x0d\x00\x02\x00\x00\x00\x11\x00")
    not_saving = (b"\x5f\x00\x02\x00\x01\x00", b"\x5f\x00\x02\x00\x00\x00")
    for changes in ([by_hand], [not_saving], [by_hand, not_saving]):
        made = content
        for old, new in changes:
            assert made.count(old) == 3
            made = made.replace(old, new)
        path = tmp_path / "a.xls"
        path.write_bytes(made)
        assert read_workbook(path).sheets[0].outdated is (len(changes) == 2)


def with_custom_views(*views: tuple[str, int, int, bool]) -> bytes:
    """The stream of the sample, its third sheet with custom views: what their names stand for, the first and the last
    row from 0, and whether they have a filter. The sheets' positions move along with what is put in before them."""
    with xlrd.open_workbook(sample("xls"), on_demand=True) as opened:
        stream = bytes(opened.mem[opened.base : opened.base + opened.stream_len])
    names, filters = b"", b""
    for number, (what, first, last, filtering) in enumerate(views):
        name = f"Z_0B5C7F0E_1111_4222_8333_44445555666{number}_.wvu.{what}"
        tokens = struct.pack("<BH4H", 0x3B, 0, first, last, 0, 255)
        head = struct.pack("<HBBHHH4B", 1, 0, len(name), len(tokens), 0, 3, 0, 0, 0, 0)
        data = head + b"\0" + name.encode() + tokens
        names += struct.pack("<HH", 0x18, len(data)) + data
        guid = UUID(f"0b5c7f0e-1111-4222-8333-44445555666{number}").bytes_le
        inner = struct.pack("<HH", 0x9E, 24) + bytes(24) if filtering else b""
        filters += struct.pack("<HH", 0x1AA, 64) + guid + bytes(48) + inner + struct.pack("<HHH", 0x1AB, 2, 1)
    filters += struct.pack("<HH", 0x9E, 24) + bytes(24)  # of the sheet itself
    ends, at = [], 0
    while len(ends) < 4:
        number, size = struct.unpack_from("<HH", stream, at)
        ends += [at] if number == 0x0A else []
        at += 4 + size
    book, sheets, rest = bytearray(stream[: ends[0]]), stream[ends[0] : ends[3]], stream[ends[3] :]
    for found in re.finditer(rb"\x85\0", bytes(book)):
        (start,) = struct.unpack_from("<I", book, found.start() + 4)
        if stream[start : start + 2] == b"\x09\x08":
            struct.pack_into("<I", book, found.start() + 4, start + len(names))
    return bytes(book) + names + sheets + filters + rest


@pytest.mark.parametrize(
    ("views", "hidden"),
    [
        ([("Rows", 1, 1, False)], {2}),
        ([("Rows", 1, 2, False), ("Rows", 3, 3, False)], {2, 4}),
        ([("FilterData", 0, 3, True)], {2, 4}),
        ([("FilterData", 0, 3, False)], set()),
        ([("FilterData", 0, 3, False), ("FilterData", 2, 3, True)], {4}),
    ],
)
def test_what_a_custom_view_of_an_xls_hides(
    tmp_path: Path, views: Sequence[tuple[str, int, int, bool]], hidden: set[int]
) -> None:
    """Its names tell which rows a view hides; of a view with a filter, no row that it filters is sent unseen."""
    sheets, _ = read_xls(tmp_path / "a.xls", with_custom_views(*views))
    assert [row.number for row in sheets[2].rows if row.hidden] == sorted({3, *hidden})  # 3 is hidden in the sheet
    assert {number for numbers in sheets[2].views.values() for number in numbers} == hidden
    assert not any(sheet.views for sheet in sheets[:2])


@pytest.mark.parametrize("automatic", ["false", "true"])
def test_an_ods_that_is_calculated_by_hand(tmp_path: Path, automatic: str) -> None:
    """With LibreOffice's AutoCalculate off, results may be those of other values; without a formula nothing is old."""
    settings = (
        '<office:document-settings xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:config="urn:oasis:names:tc:opendocument:xmlns:config:1.0"><office:settings>'
        f'<config:config-item config:name="AutoCalculate" config:type="boolean">{automatic}</config:config-item>'
        '<config:config-item config:name="ShowGrid">false</config:config-item>'
        "</office:settings></office:document-settings>"
    )
    for formula, outdated in (('table:formula="of:=2000+1"', automatic == "false"), ("", False)):
        rows = row_of_ods(cell_of_ods("2001", "2001", "float", formula))
        (sheet,) = read_workbook(ods(tmp_path / "a.ods", rows, **{"settings.xml": settings})).sheets
        assert sheet.outdated is outdated
