"""Cells are read as they are; what can be read in two ways, or in none, is refused or stands as unreadable."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.formula import ArrayFormula
from python_calamine import CalamineWorkbook
from workbooks import MAIN, SHEET, by_address, only_sheet, parts, plain, save, strings, styles, typed, worksheet

import bulkops
from bulkops.messages.errors import CannotStart
from bulkops.model.rows import Cell, Kind
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.sheets import Sheet, Workbook, column_letters
from bulkops.workbook.text import unescape

SAMPLES = sorted((Path(bulkops.__file__).parent.parent / "sample_sheets").glob("*.xlsx"))
WIDE = "\uff11\uff12"
"""12 in full-width digits."""
TWO_VALUES = "it has two values, or one of another type"
Plain = dict[str, tuple[str, ...]]


def read(path: Path, data: str = "", **made: str) -> Plain:
    """The cells of a workbook whose one sheet holds ``data``."""
    return plain(by_address(only_sheet(save(path / "a.xlsx", parts(data, **made)))))


def refused(path: Path, data: str = "", **made: str) -> str:
    with pytest.raises(CannotStart) as error:
        read(path, data, **made)
    assert error.value.code == "workbook.damaged"
    return str(error.value)


def cell(content: str = "", attributes: str = "") -> str:
    return f'<row r="1"><c r="A1" {attributes}>{content}</c></row>'


def v(text: str) -> str:
    return f"<v>{text}</v>"


def test_a_workbook_is_let_go_with_the_last_who_has_it() -> None:
    """A window that stays open must not keep earlier ones until somebody looks for garbage: that may be never."""

    def sheets() -> int:
        return sum(isinstance(each, Sheet) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = sheets()
        workbook = read_workbook(SAMPLES[0])
        assert sheets() > before
        del workbook
        assert sheets() == before
    finally:
        gc.enable()


CELLS: list[tuple[str, str, str, tuple[str, ...] | None]] = [
    # Numbers keep the digits of the file.
    ("whole", v("2001"), "", ("NUMBER", "2001")),
    ("with a point", v("102.0"), "", ("NUMBER", "102.0")),
    ("exponent", v("1.2345678E7"), "", ("NUMBER", "1.2345678E7")),
    ("seventeen digits", v("12345678901234567"), "", ("NUMBER", "12345678901234567")),
    ("negative", v("-3"), 't="n"', ("NUMBER", "-3")),
    ("blanks around", v(" 5\n"), "", ("NUMBER", "5")),
    ("no number", v("abc"), "", ("ERROR", "abc")),
    ("NaN", v("NaN"), "", ("ERROR", "NaN")),
    ("infinite", v("INF"), "", ("ERROR", "INF")),
    ("underscore", v("1_0"), "", ("ERROR", "1_0")),
    ("full-width digits", v(WIDE), "", ("ERROR", WIDE)),
    ("plus", v("+5"), "", ("NUMBER", "+5")),
    # Texts.
    ("shared", v("1"), 't="s"', ("TEXT", " b ")),
    ("text that looks like a number", v("0"), 't="s"', ("TEXT", "00102")),
    ("formula's text", v("x"), 't="str"', ("TEXT", "x")),
    ("inline", "<is><t>x</t></is>", 't="inlineStr"', ("TEXT", "x")),
    ("error's name as text", v("#N/A"), 't="str"', ("TEXT", "#N/A")),
    # Yes and no.
    ("true", v("1"), 't="b"', ("BOOL", "TRUE")),
    ("false", v("0"), 't="b"', ("BOOL", "FALSE")),
    ("true in words", v("true"), 't="b"', ("BOOL", "TRUE")),
    ("neither true nor false", v("2"), 't="b"', ("ERROR", "2")),
    # Errors.
    ("not available", v("#N/A"), 't="e"', ("ERROR", "#N/A")),
    ("error without a name", v(""), 't="e"', ("ERROR", "without a name")),
    ("error without a value", "", 't="e"', ("ERROR", "without a name")),
    ("ISO date", v("2026-08-01"), 't="d"', ("DATE", "2026-08-01")),
    ("unknown type", v("5"), 't="z"', ("ERROR", "5")),
    ("empty type", v("5"), 't=""', ("ERROR", "5")),
    # Odd, in this cell alone.
    ("value in an inline text", v("x"), 't="inlineStr"', ("TEXT", "x")),
    ("value and the same inline text", "<is><t>x</t></is>" + v("x"), 't="inlineStr"', ("TEXT", "x")),
    ("value and another inline text", "<is><t>y</t></is>" + v("x"), 't="inlineStr"', ("ERROR", TWO_VALUES)),
    ("inline text in a number", "<is><t>5</t></is>", "", ("ERROR", TWO_VALUES)),
    ("inline text beside a number", v("5") + "<is><t>5</t></is>", "", ("ERROR", TWO_VALUES)),
    ("empty inline text beside a number", v("5") + "<is><t/></is>", "", ("NUMBER", "5")),
    ("two inline texts", "<is><t>x</t></is><is><t>x</t></is>", 't="inlineStr"', ("ERROR", TWO_VALUES)),
    ("two values", v("1") + v("2"), "", ("ERROR", TWO_VALUES)),
    ("empty style", v("5"), 's=""', ("NUMBER", "5")),
    ("style past the last", v("5"), 's="9"', ("ERROR", "5 in a number format that the file lacks")),
    ("style before the first", v("5"), 's="-1"', ("ERROR", "5 in a number format that the file lacks")),
    ("style past the last of a text", v("x"), 't="str" s="9"', ("TEXT", "x")),
    ("shared text past the last", v("3"), 't="s"', ("ERROR", "the file lacks its text (number 3)")),
    ("shared text before the first", v("-1"), 't="s"', ("ERROR", "the file lacks its text (number -1)")),
    ("shared text by a name", v("x"), 't="s"', ("ERROR", "the file lacks its text (number x)")),
    # Nothing.
    ("bare", "", "", None),
    ("empty value", v(""), "", None),
    ("blank value", v(" "), "", None),
    ("empty bool", v(""), 't="b"', None),
    ("empty shared", "", 't="s"', None),
    ("empty shared text", v("2"), 't="s"', None),
    ("empty text", v(""), 't="str"', None),
    ("empty inline", "<is/>", 't="inlineStr"', None),
    # Formulas with results.
    ("formula, number", "<f>B1</f>" + v("5"), "", ("NUMBER", "5")),
    ("formula, text", "<f>B1</f>" + v("x"), 't="str"', ("TEXT", "x")),
    ("formula, empty text", '<f>""</f>' + v(""), 't="str"', None),
    ("formula, blank text", '<f>" "</f>' + v(" "), 't="str"', ("TEXT", " ")),
    ("formula, true", "<f>B1</f>" + v("1"), 't="b"', ("BOOL", "TRUE")),
    ("formula, error", "<f>B1</f>" + v("#REF!"), 't="e"', ("ERROR", "#REF!")),
    ("shared formula", '<f t="shared" si="0"/>' + v("5"), "", ("NUMBER", "5")),
    # Formulas without.
    ("formula alone", "<f>B1</f>", "", ("FORMULA", "")),
    ("empty formula alone", "<f/>", "", ("FORMULA", "")),
    ("formula, empty value", "<f>B1</f><v/>", "", ("FORMULA", "")),
    ("formula, blank value", "<f>B1</f>" + v(" "), "", ("FORMULA", "")),
    ("text formula alone", "<f>B1</f>", 't="str"', ("FORMULA", "")),
    ("bool formula, empty value", "<f>B1</f><v/>", 't="b"', ("FORMULA", "")),
    ("error formula, empty value", "<f>B1</f><v/>", 't="e"', ("FORMULA", "")),
    ("shared formula alone", '<f t="shared" si="0"/>', "", ("FORMULA", "")),
    ("value before formula", "<v/><f>B1</f>", "", ("FORMULA", "")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "attributes", "expected"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in CELLS]
)
def test_a_cell_is_read_as_it_is_stored(
    tmp_path: Path, content: str, attributes: str, expected: tuple[str, ...] | None
) -> None:
    """A cell's kind is the file's, never guessed from its text; a value that is not of its type is an error, and what
    is odd in one cell is that cell's error."""
    shared = strings("<t>00102</t>", "<t xml:space='preserve'> b </t>", "<t/>")
    found = read(tmp_path, cell(content, attributes), shared=shared)
    assert found == ({} if expected is None else {"A1": expected})


DAMAGED = [
    ("a value in a value", cell("<v>1<v>2</v></v>")),
    ("a text in a value", cell("<v>1<t>2</t></v>")),
    ("a cell twice", '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
    ("a cell twice, once without its name", '<row r="1"><c><v>1</v></c><c r="A1"><v>2</v></c></row>'),
    ("a cell of another row", '<row r="1"><c r="A2"><v>1</v></c></row>'),
    ("a cell twice, once in small letters", '<row r="1"><c r="a1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
    ("a cell of a letter that only looks small", '<row r="1"><c r="\u01311"><v>1</v></c></row>'),
    ("a cell of no column", '<row r="1"><c r="1"><v>1</v></c></row>'),
    ("a cell of no row", '<row r="1"><c r="A"><v>1</v></c></row>'),
    ("a cell past the last column", '<row r="1"><c r="XFE1"><v>1</v></c></row>'),
    ("a cell far past the last column", '<row r="1"><c r="AAAAAAAAAAAAAA1"><v>1</v></c></row>'),
    ("a cell after the last column", '<row r="1"><c r="XFD1"><v>1</v></c><c><v>1</v></c></row>'),
    ("a cell in no row", '<c r="A1"><v>1</v></c>'),
    ("a row twice", '<row r="5"><c r="A5"><v>1</v></c></row><row r="5"><c r="B5"><v>2</v></c></row>'),
    ("a row past the last", '<row r="1048577"><c><v>1</v></c></row>'),
    ("a row of a thousand million", '<row r="1000000000"><c><v>1</v></c></row>'),
    ("row nought", '<row r="0"><c><v>1</v></c></row>'),
    ("a row before the first", '<row r="-1"><c><v>1</v></c></row>'),
    ("a row of other digits", f'<row r="{WIDE}"><c><v>1</v></c></row>'),
    ("a row of no number", '<row r="x"><c><v>1</v></c></row>'),
    ("a row of no height", '<row r="1" ht="tall"><c><v>1</v></c></row>'),
    ("an array of no range", cell('<f t="array">B1</f>')),
]


@pytest.mark.parametrize("data", [pytest.param(data, id=name.replace(" ", "-")) for name, data in DAMAGED])
def test_what_can_be_read_in_two_ways_is_damaged(tmp_path: Path, data: str) -> None:
    """Two cells, rows or values in one place, or a place that is none: the workbook is refused, not guessed at."""
    assert SHEET in refused(tmp_path, data, shared=strings("<t>x</t>"), style=styles())


TEXTS = [
    ("rich", "<r><t>a</t></r><r><rPr><strike/></rPr><t>b</t></r>", "ab"),
    ("with its reading", "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh><phoneticPr fontId='1'/>", "東京"),
    ("carriage return", "<t>a_x000D_\nb</t>", "a\nb"),
    ("line end alone", "<t>a_x000D_b</t>", "a\nb"),
    ("tab", "<t>a_x0009_b</t>", "a\tb"),
    ("small letters", "<t>_x00e4_</t>", "ä"),
    ("an escaped escape", "<t>_x005F_x0041_</t>", "_x0041_"),
    ("not an escape", "<t>_x41_ _xGGGG_ _X0041_</t>", "_x41_ _xGGGG_ _X0041_"),
    ("halves of one character", "<t>a_xD83D__xDE00_b</t>", "a😀b"),
    ("half a character", "<t>a_xD83D_b</t>", "a\ud83db"),
    ("halves the wrong way round", "<t>_xDE00__xD83D_</t>", "\ude00\ud83d"),
    ("entity", "<t>R&amp;D &#228;</t>", "R&D ä"),
    ("blanks", "<t xml:space='preserve'>  a\t</t>", "  a\t"),
    ("marked section", "<t><![CDATA[<b>]]></t>", "<b>"),
]


@pytest.mark.parametrize(
    ("item", "expected"), [pytest.param(*case[1:], id=case[0].replace(" ", "-")) for case in TEXTS]
)
def test_a_text_is_what_the_operator_sees(tmp_path: Path, item: str, expected: str) -> None:
    """Rich runs join, readings are left out, Excel's escapes are decoded; the same in a shared and an inline text."""
    assert read(tmp_path, cell(v("0"), 't="s"'), shared=strings(item)) == {"A1": ("TEXT", expected)}
    assert read(tmp_path, cell(f"<is>{item}</is>", 't="inlineStr"')) == {"A1": ("TEXT", expected)}


NUMBERS = [
    ("General", "102", ("NUMBER", "102")),
    ("General", "12.5", ("NUMBER", "12.5")),
    ("0", "102", ("NUMBER", "102")),
    ("0", "102.0", ("NUMBER", "102.0")),
    ("0.00", "12.25", ("NUMBER", "12.25")),
    ("0", "12.5", ("NUMBER", "12.5")),
    ("#,##0", "101102", ("NUMBER", "101102", "GROUPED")),
    ("0%", "0.12", ("NUMBER", "0.12", "PERCENT")),
    ("00000", "102", ("NUMBER", "102", "SPECIAL")),
    ("yyyy-mm-dd", "46235", ("DATE", "46235")),
    ("[h]:mm", "1.5", ("DATE", "1.5")),
    (14, "46235", ("DATE", "46235")),
    (49, "102", ("NUMBER", "102")),
]


@pytest.mark.parametrize(
    ("code", "value", "expected"), [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in NUMBERS]
)
def test_a_number_is_read_with_its_format(
    tmp_path: Path, code: str | int, value: str, expected: tuple[str, ...]
) -> None:
    """A number comes with what its format makes of it for the eye; a date is one by its format."""
    assert read(tmp_path, cell(v(value), 's="1"'), style=styles(code)) == {"A1": expected}


def test_only_the_formats_of_cells_count(tmp_path: Path) -> None:
    """Conditional formats and named styles have formats of their own, under the same numbers."""
    style = styles(
        "yyyy",
        before='<cellStyleXfs><xf numFmtId="9"/><xf numFmtId="9"/></cellStyleXfs>',
        after='<dxfs><dxf><numFmt numFmtId="164" formatCode="0"/></dxf></dxfs>',
    )
    assert read(tmp_path, cell(v("5"), 's="1"') + '<row r="2"><c r="A2"><v>5</v></c></row>', style=style) == {
        "A1": ("DATE", "5"),
        "A2": ("NUMBER", "5"),
    }


def test_a_format_without_a_number_or_a_code_is_none(tmp_path: Path) -> None:
    """One odd entry among the formats touches the cells that use it, and no others."""
    table = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="" formatCode="0"/><numFmt numFmtId="164"/>'
        '<numFmt numFmtId="165" formatCode="0"/></numFmts>'
        '<cellXfs><xf/><xf numFmtId=""/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
    )
    cells = "".join(f'<c s="{style}">{v("5")}</c>' for style in range(4))
    found = read(tmp_path, f"<row>{cells}</row>", style=table)
    assert [cell[2:] for cell in found.values()] == [(), ("SPECIAL",), ("SPECIAL",), ()]


def test_a_workbook_without_styles_has_plain_numbers(tmp_path: Path) -> None:
    """Small writers leave the styles out; a cell that then names one cannot be read surely."""
    assert read(tmp_path, cell(v("5"), 's="0"')) == {"A1": ("NUMBER", "5")}
    assert read(tmp_path, cell(v("5"), 's="0"'), style=f'<styleSheet xmlns="{MAIN}"/>') == {"A1": ("NUMBER", "5")}
    assert read(tmp_path, cell(v("5"), 's="1"'))["A1"][0] == "ERROR"


@pytest.mark.parametrize(("flag", "stale"), [("1", True), ("true", True), ("0", False)])
def test_a_placeholder_is_no_result(tmp_path: Path, flag: str, stale: bool) -> None:
    """``fullCalcOnLoad``: a program wrote the formulas, did not calculate, and stored a 0 in each."""
    data = cell("<f>B1+1</f><v>0</v>") + '<row r="2"><c r="A2"><v>0</v></c></row>'
    found = read(tmp_path, data, workbook=f'<calcPr calcId="1" fullCalcOnLoad="{flag}"/>')
    assert found == {"A1": ("FORMULA", "") if stale else ("NUMBER", "0"), "A2": ("NUMBER", "0")}


@pytest.mark.parametrize("flag", ["1", "0"])
def test_a_stored_result_counts_but_an_outdated_one_is_told(tmp_path: Path, flag: str) -> None:
    """What is stored is read, and the sheet says that the file itself asks for a new calculation."""
    data = cell("<f>B1+1</f><v>5</v>")
    calculation = f'<calcPr calcId="1" fullCalcOnLoad="{flag}"/>'
    assert read(tmp_path, data, workbook=calculation) == {"A1": ("NUMBER", "5")}
    path = save(tmp_path / "outdated.xlsx", parts(data, workbook=calculation))
    assert only_sheet(path).outdated is (flag == "1")


def test_an_array_formula_without_results_covers_its_range(tmp_path: Path) -> None:
    """The other cells of its range hold no formula of their own, and would read as blanks."""
    data = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f t="array" ref="B1:C3">A1:A3</f></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c></row><row r="4"><c r="A4"><v>4</v></c><c r="C4"><v>4</v></c></row>'
    )
    assert read(tmp_path, data) == {
        "A1": ("NUMBER", "1"),
        **dict.fromkeys(("B1", "C1", "B2", "C2"), ("FORMULA", "")),
        "A2": ("NUMBER", "2"),
        "A4": ("NUMBER", "4"),
        "C4": ("NUMBER", "4"),
    }


def test_an_array_formula_with_results_is_read(tmp_path: Path) -> None:
    """Stored results of an array formula, a data table or a spill are results like any other."""
    data = '<row r="1"><c r="A1"><f t="array" ref="A1:B1">C1:D1</f><v>1</v></c><c r="B1"><v>2</v></c></row>'
    assert read(tmp_path, data) == {"A1": ("NUMBER", "1"), "B1": ("NUMBER", "2")}


def test_rows_and_columns_keep_their_own_numbers(tmp_path: Path) -> None:
    """Leading blanks, gaps and disorder move nothing; what the sheet declares as its size is not believed."""
    data = (
        '<row r="9"><c r="C9"><v>9</v></c></row><row r="3" spans="1:1"><c r="XFD3"><v>3</v></c>'
        '<c r="AA3"><v>4</v></c></row>'
        '<row r="1048576"><c r="A1048576"><v>7</v></c></row><row r="5"/>'
    )
    sheet = worksheet(data, before='<dimension ref="A1:A2"/>')
    found = read(tmp_path, sheet=sheet)
    assert {address: text for address, (_, text) in found.items()} == {
        "XFD3": "3", "AA3": "4", "C9": "9", "A1048576": "7",
    }  # fmt: skip
    assert [row.number for row in only_sheet(tmp_path / "a.xlsx").rows] == [3, 9, 1048576]


def test_rows_and_cells_without_numbers_follow_the_last(tmp_path: Path) -> None:
    """A row or cell that does not say where it stands is the next one."""
    data = (
        "<row><c><v>1</v></c><c/><c><v>2</v></c></row><row r=''><c r='b2'><v>3</v></c><c r=''><v>4</v></c></row>"
        "<row r='7'><c><v>5</v></c></row><row/><row><c><v>6</v></c></row>"
    )
    found = read(tmp_path, data)
    assert {address: text for address, (_, text) in found.items()} == {
        "A1": "1", "C1": "2", "B2": "3", "C2": "4", "A7": "5", "A9": "6",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "hidden"),
    [
        ("", False),
        ('hidden="1"', True),
        ('hidden="true"', True),
        ('hidden="0"', False),
        ('ht="0"', True),
        ('ht="0.00" customHeight="1"', True),
        ('ht="15"', False),
        ('collapsed="1"', False),
    ],
)
def test_a_row_nobody_sees_is_hidden(tmp_path: Path, attributes: str, hidden: bool) -> None:
    """Hidden, filtered out, folded away or of no height: the row is read and is hidden."""
    path = save(tmp_path / "a.xlsx", parts(f'<row r="1" {attributes}><c r="A1"><v>1</v></c></row>'))
    assert [row.hidden for row in only_sheet(path).rows] == [hidden]


def test_hidden_columns_and_merged_cells_are_known(tmp_path: Path) -> None:
    """Columns of no width are hidden like those that say so; a merged range reaches from corner to corner."""
    sheet = worksheet(
        cell(v("1")),
        before='<cols><col min="1" max="2" hidden="1"/><col min="3" max="3" width="0"/>'
        '<col min="4" max="9" width="8"/></cols>',
        after="<mergeCells>"
        + "".join(f'<mergeCell ref="{each}"/>' for each in ("A1:B2", "D9:C7", "F1", "h:i", "4:3", "$a$5:$B$6"))
        + "</mergeCells>",
    )
    found = only_sheet(save(tmp_path / "a.xlsx", parts(sheet=sheet)))
    assert found.hidden_columns == [(1, 2), (3, 3)]
    assert found.merged == [
        *((1, 1, 2, 2), (3, 7, 4, 9), (6, 1, 6, 1)),
        *((8, 1, 9, 1_048_576), (1, 3, 16_384, 4), (1, 5, 2, 6)),
    ]


@pytest.mark.parametrize("merge", ["", "A", "A1:XFE2", "A1:B-2", "A-1:B2", "A1:B", "A1:2", "A1:B2:C3"])
def test_a_merged_range_that_is_none_is_damaged(tmp_path: Path, merge: str) -> None:
    """A merge that cannot be placed could touch any row."""
    refused(tmp_path, sheet=worksheet("", after=f'<mergeCells><mergeCell ref="{merge}"/></mergeCells>'))


def test_an_odd_cell_among_plain_rows_is_in_error_alone(tmp_path: Path) -> None:
    """Rows that need no look are read fast; one that points to a text that is not there is looked at like any other."""
    rows = (f'<row r="{row}"><c r="A{row}" t="s"><v>{row % 7 // 6}</v></c></row>' for row in range(1, 400))
    found = read(tmp_path, "".join(rows), shared=strings("<t>x</t>"))
    odd = {f"A{row}" for row in range(6, 400, 7)}
    assert {address for address, (kind, _) in found.items() if kind == "ERROR"} == odd
    assert len(found) == 399


def test_other_namespaces_hold_no_cells(tmp_path: Path) -> None:
    """Extensions have elements of the same names."""
    alien = '<ext xmlns:y="urn:y"><y:row r="2"><y:c r="A2"><y:v>9</y:v></y:c></y:row></ext>'
    sheet = worksheet(cell("<v>1</v><y:v xmlns:y='urn:y'>2</y:v>"), after=f"<extLst>{alien}</extLst>")
    assert read(tmp_path, sheet=sheet) == {"A1": ("NUMBER", "1")}


def test_a_small_file_cannot_fill_the_memory(tmp_path: Path) -> None:
    """One array formula over the whole sheet stands for millions of cells; the workbook is too big."""
    data = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:XFD1048576">x</f></c><c r="H1"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    )
    with pytest.raises(CannotStart) as error:
        read(tmp_path, data)
    assert error.value.code == "workbook.too_big"


@pytest.mark.parametrize(
    ("column", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_columns_have_letters(tmp_path: Path, column: int, letters: str) -> None:
    """Numbers and letters of columns agree, both ways."""
    assert column_letters(column) == letters
    path = save(tmp_path / "a.xlsx", parts(f'<row r="1"><c r="{letters}1"><v>1</v></c></row>'))
    assert list(only_sheet(path).rows[0].cells) == [column]


# Two independent readers.


def ours(workbook: Workbook) -> dict[tuple[str, int, int], Cell]:
    return {
        (sheet.name, row.number, column): cell
        for sheet in workbook.sheets
        for row in sheet.rows
        for column, cell in row.cells.items()
    }


def openpyxls(path: Path) -> Iterator[tuple[tuple[str, int, int], Any, str]]:
    """(place, value, data type) of every cell with a value."""
    book = openpyxl.load_workbook(path, data_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for each in row:
                if each.value is not None:
                    yield (sheet.title, each.row, each.column), each.value, each.data_type
    book.close()


def calamines(path: Path) -> Iterator[tuple[tuple[str, int, int], Any]]:
    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        for number, row in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), 1):
            for column, value in enumerate(row, 1):
                if value != "":
                    yield (name, number, column), value


def agree(cell: Cell, value: Any) -> bool:
    """Does another reader's value say the same as our cell? Dates are compared by what they are, not by their day."""
    match cell.kind:
        case Kind.TEXT:
            return isinstance(value, str) and unescape(value) == cell.text
        case Kind.NUMBER:
            return not isinstance(value, bool) and isinstance(value, int | float) and value == float(cell.text)
        case Kind.BOOL:
            return value is (cell.text == "TRUE")
        case Kind.DATE:
            return isinstance(value, date | datetime | time | timedelta)
        case _:
            return bool(value == cell.text)


def generated(path: Path, seed: int) -> Path:
    """A workbook with every kind of cell in random places: gaps, formats, odd texts, hidden rows."""
    dice = random.Random(seed)
    book = openpyxl.Workbook()
    book.active.title = "Émpty"
    for name in ("Kickouts", "A & B's"):
        sheet = book.create_sheet(name, dice.randrange(3))
        for _ in range(120):
            place = sheet.cell(dice.randint(1, 60), dice.choice([1, 2, 3, 4, 5, 28]))
            kind = dice.randrange(9)
            if kind < 3:
                place.value = dice.choice(
                    ["2001", "00102", " x ", "a\nb", "#N/A!", "TRUE", "x", "Ä😀", "<&>'\"", "1e3"]
                )
            elif kind < 5:
                place.value = dice.choice([0, 1, -5, 2001, 2**31, 0.1, 12.5, 1e-7, 123456789012345, 1.5e20, 1 / 3])
                place.number_format = dice.choice(["General", "0", "0.00", "0%", "#,##0.00", "00000", '"yd"0', "@"])
            elif kind == 5:
                place.value = dice.choice([True, False])
            elif kind == 6:
                place.value = dice.choice([date(2026, 8, 1), datetime(2026, 8, 1, 12, 30), time(6, 15)])
            elif kind == 7:
                place.value = dice.choice(["#N/A", "#REF!", "#DIV/0!", "#VALUE!"])
            else:
                place.font = Font(bold=True)
        sheet.row_dimensions[dice.randint(1, 60)].hidden = True
        sheet.row_dimensions[dice.randint(60, 300)].height = 30
    book.save(path)
    return path


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_two_other_readers_see_the_same_in_the_samples(path: Path) -> None:
    """Every cell of every sample sheet is the same to us, to openpyxl and to calamine."""
    assert SAMPLES
    compared(path)


@pytest.mark.parametrize("seed", range(12))
def test_two_other_readers_see_the_same_in_made_workbooks(tmp_path: Path, seed: int) -> None:
    """So is every cell of workbooks with every kind of value in random places."""
    compared(generated(tmp_path / "a.xlsx", seed))


def compared(path: Path) -> None:
    cells = ours(read_workbook(path))
    theirs = {place: value for place, value, _ in openpyxls(path)}
    assert set(theirs) == set(cells)
    for place, value in theirs.items():
        assert agree(cells[place], value), (place, cells[place], value)
    # calamine gives errors as blanks.
    seen = dict(calamines(path))
    assert set(seen) == {place for place, cell in cells.items() if cell.kind is not Kind.ERROR}
    for place, value in seen.items():
        assert agree(cells[place], value), (place, cells[place], value)


def test_a_formula_that_openpyxl_wrote_has_no_result(tmp_path: Path) -> None:
    """openpyxl writes formulas without results: plain, array and text formulas alike."""
    path = typed(tmp_path / "a.xlsx", ["=1+1", '="x"&"y"', ArrayFormula("C1:C2", "=A1:A2")], [1])
    assert plain(by_address(only_sheet(path))) == {
        **dict.fromkeys(("A1", "B1", "C1", "C2"), ("FORMULA", "")),
        "A2": ("NUMBER", "1"),
    }
