"""Spreadsheets of other programs are read like Excel's: the same cells, facts, checks and sentences."""

from __future__ import annotations

import contextlib
import functools
import random
import re
import struct
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, fill, flag
from foreign_samples import FOLDER, NAME
from openpyxl.workbook.defined_name import DefinedName
from passes import passes
from python_calamine import CalamineWorkbook
from workbooks import Parts, by_address, only_sheet, plain, read_here, save, typed
from zoo.programs import converted, has_soffice, resaved

import bulkops
from bulkops.messages.errors import CannotStart
from bulkops.model.rows import Cell, Kind
from bulkops.operations import all_operations
from bulkops.practice.server import PracticeServer
from bulkops.runs.checking import check
from bulkops.workbook.reader import parsed, read_workbook, run_ids
from bulkops.workbook.reading import ods as ods_reader
from bulkops.workbook.reading import xls
from bulkops.workbook.results_layout import COLUMNS, COPY, MARK
from bulkops.workbook.sheets import Sheet

OTHERS = pytest.mark.parametrize("kind", ["ods", "xls"])
SAMPLES = sorted((Path(bulkops.__file__).parent.parent / "sample_sheets").glob("*.xlsx"))
LIBREOFFICE = pytest.mark.skipif(not has_soffice(), reason="needs LibreOffice to convert workbooks")
CONTENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
    "<office:automatic-styles>{styles}</office:automatic-styles>"
    "<office:body><office:spreadsheet>{before}"
    '<table:table table:name="Data">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
)


def sample(kind: str) -> Path:
    return FOLDER / f"{NAME}.{kind}"


def told(cell: Cell) -> tuple[Any, ...]:
    """A cell so that the three formats can say the same: a date by being one, a number by its value."""
    if cell.kind is Kind.DATE:
        return cell.column, cell.kind
    value = float(f"{float(cell.text):.15g}") if cell.kind is Kind.NUMBER else cell.text
    return cell.column, cell.kind, value, cell.shown


def facts(sheet: Sheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "hidden": (sheet.hidden, [row.number for row in sheet.rows if row.hidden], sheet.hidden_columns),
        "merged": sheet.merged,
        "outdated": sheet.outdated,
        "cells": {address: told(cell) for address, cell in by_address(sheet).items()},
    }


@OTHERS
def test_every_kind_of_cell_is_the_same_as_in_the_xlsx(kind: str) -> None:
    """Texts, errors, formulas' results, formats, gaps, merges, hidden rows, columns and sheets: all agree."""
    theirs, ours = read_workbook(sample("xlsx")), read_workbook(sample(kind))
    assert [facts(sheet) for sheet in ours.sheets] == [facts(sheet) for sheet in theirs.sheets]
    assert ours.content_hash == ours.sha256
    kinds = {cell.kind for sheet in ours.sheets for row in sheet.rows for cell in row.cells.values()}
    assert kinds == {Kind.TEXT, Kind.NUMBER, Kind.BOOL, Kind.DATE, Kind.ERROR}


@OTHERS
def test_another_reader_sees_the_same(kind: str) -> None:
    """calamine finds each value in its place, but for error values, which it gives as blanks."""
    book = CalamineWorkbook.from_path(str(sample(kind)))
    for sheet in read_workbook(sample(kind)).sheets:
        values = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        seen = {
            (number, column): value
            for number, row in enumerate(values, 1)
            for column, value in enumerate(row, 1)
            if value != ""
        }
        cells = {(row.number, column): cell for row in sheet.rows for column, cell in row.cells.items()}
        assert seen.keys() == {place for place, cell in cells.items() if cell.kind is not Kind.ERROR}
        for place, value in seen.items():
            cell = cells[place]
            if cell.kind is Kind.TEXT:
                # In .ods calamine drops blanks at the beginning of a paragraph.
                assert cell.text.split() == value.split()
            elif cell.kind is Kind.NUMBER:
                assert float(cell.text) == value
            elif cell.kind is Kind.BOOL:
                assert value == (cell.text == "TRUE")
            else:
                # A duration of more than a day is a text to calamine in .ods.
                assert isinstance(value, date | datetime | time | timedelta) or value.startswith("PT")


@functools.cache
def saved_samples(kind: str) -> dict[str, bytes]:
    """The sample sheets as LibreOffice saves them, in one start of it."""
    return resaved({path.name: path.read_bytes() for path in SAMPLES}, kind)


@LIBREOFFICE
@OTHERS
@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_the_sample_sheets_are_checked_alike(tmp_path: Path, path: Path, kind: str) -> None:
    """Every row of every sample comes to the same, in the same words, whatever it was saved as."""
    operations = list(all_operations().values())
    # LibreOffice's own .xlsx, because it turns a 1 that openpyxl left without a result into one with it.
    found = []
    for each in ("xlsx", kind):
        copy = tmp_path / f"{path.stem}.{each}"
        copy.write_bytes(saved_samples(each)[copy.name])
        found.append(check(read_here(copy), operations))
    theirs, ours = found
    assert ours == theirs
    assert ours.rows


@OTHERS
def test_the_command_line_reads_them(tmp_path: Path, kind: str, bulkops: Bulkops) -> None:
    """check names the cells of an .ods or .xls as it does those of an .xlsx; hidden rows are said, and not sent."""
    documents = []
    for each in (kind, "xlsx"):
        copy = tmp_path / f"Größe & co.{each}"
        copy.write_bytes(sample(each).read_bytes())
        ended = bulkops("check", copy, "--json")
        assert ended.code == 1
        told = ("sheet", "row", "target", "status", "code", "cell", "tip")
        documents.append([[each[name] for name in told] for each in ended.document["rows"]])
    assert documents[0] == documents[1]
    assert ["Flag edits!B5", "cell.error_value"] in [[cell, code] for *_, code, cell, _ in documents[0]]
    assert ["not_sent", "row.hidden"] in [[status, code] for *_, status, code, _, _ in documents[0]]


@OTHERS
def test_damaged_files_are_refused_or_read(tmp_path: Path, kind: str) -> None:
    """Whatever bits are flipped, and wherever the file ends: a sentence or a workbook, never a traceback."""
    dice = random.Random(kind)
    good = sample(kind).read_bytes()
    path = tmp_path / f"a.{kind}"
    for round in range(passes(300)):
        content = bytearray(good)
        if round % 4 == 0:
            del content[dice.randrange(len(content)) :]
        else:
            for _ in range(dice.choice([1, 3, 20])):
                content[dice.randrange(len(content))] = dice.randrange(256)
        # In this process: where an exception that nobody expected is seen.
        with contextlib.suppress(CannotStart):
            parsed(path, bytes(content))


# OpenDocument


def ods(path: Path, rows: str, styles: str = "", before: str = "", **more: str) -> Path:
    """An .ods of one sheet, by what stands in it; ``more`` are further parts."""
    contents: Parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": CONTENT.format(rows=rows, styles=styles, before=before),
        **more,
    }
    return save(path, contents)


def row(*cells: str, **attributes: str) -> str:
    said = "".join(f' table:{name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f"<table:table-row{said}>{''.join(cells)}</table:table-row>"


def cell(shown: str | None = None, value: str | None = None, kind: str = "", more: str = "") -> str:
    type_ = f' office:value-type="{kind}"' if kind else ""
    stored = "" if value is None else f' office:value="{value}"'
    words = "" if shown is None else f"<text:p>{shown}</text:p>"
    return f"<table:table-cell{type_}{stored} {more}>{words}</table:table-cell>"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(cell("x", kind="string"), ("TEXT", "x"), id="text"),
        pytest.param(cell("x"), ("TEXT", "x"), id="text-without-a-type"),
        pytest.param(
            cell('a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d'), ("TEXT", "a  b\tc\nd"), id="blanks"
        ),
        pytest.param(cell("a\n   <text:span>b  c</text:span>"), ("TEXT", "a b  c"), id="laid-out"),
        pytest.param(cell("a</text:p><text:p>b"), ("TEXT", "a\nb"), id="paragraphs"),
        pytest.param(
            cell("a<text:note><text:p>n</text:p></text:note><text:ruby><text:ruby-text>r</text:ruby-text></text:ruby>"),
            ("TEXT", "a"),
            id="notes-and-readings",
        ),
        pytest.param(
            "<table:table-cell><office:annotation><text:p>note</text:p></office:annotation><text:p>a</text:p>"
            "<draw:frame><text:p>box</text:p></draw:frame></table:table-cell>",
            ("TEXT", "a"),
            id="comments-and-pictures",
        ),
        pytest.param(cell("5", "5", "float"), ("NUMBER", "5"), id="number"),
        pytest.param(cell("5 %", "0.05", "percentage"), ("NUMBER", "0.05", "PERCENT"), id="percent"),
        pytest.param(cell("5 €", "5", "currency"), ("NUMBER", "5", "DRESSED"), id="currency"),
        pytest.param(cell("five", "5", "float"), ("NUMBER", "5", "SPECIAL"), id="shown-as-a-word"),
        pytest.param(cell("WAHR", "1", "float"), ("NUMBER", "1", "SPECIAL"), id="shown-as-a-truth"),
        pytest.param(cell("5", "5x", "float"), ("ERROR", "5x"), id="no-number"),
        pytest.param(cell("5", None, "float"), ("ERROR", "5"), id="number-without-a-value"),
        pytest.param(cell("5", "5", "other"), ("ERROR", "5"), id="no-such-type"),
        pytest.param(cell("x", kind="boolean", more='office:boolean-value="true"'), ("BOOL", "TRUE"), id="true"),
        pytest.param(cell("x", kind="boolean"), ("ERROR", "x"), id="boolean-without-a-value"),
        pytest.param(cell("x", kind="date", more='office:date-value="2026-01-02"'), ("DATE", "2026-01-02"), id="date"),
        pytest.param(cell("x", kind="time", more='office:time-value="PT1H"'), ("DATE", "PT1H"), id="time"),
        pytest.param(
            cell("#N/A", kind="string", more='office:string-value="" calcext:value-type="error"'),
            ("ERROR", "#N/A"),
            id="error-of-libreoffice",
        ),
        pytest.param(cell("#N/A", "0", "float", 'table:formula="of:=NA()"'), ("ERROR", "#N/A"), id="error-of-excel"),
        pytest.param(
            cell("#NV", kind="string", more='table:formula="of:=NA()"'), ("ERROR", "#NV"), id="error-in-german"
        ),
        pytest.param(cell(more='table:formula="of:=[.A2]"'), ("FORMULA", ""), id="formula-without-a-result"),
        pytest.param(cell("7", "7", "float", 'table:formula="of:=3+4"'), ("NUMBER", "7"), id="formula"),
        pytest.param(cell("", more='table:formula="of:=T(1)"'), None, id="formula-with-an-empty-result"),
        pytest.param(cell(""), None, id="blank"),
    ],
)
def test_a_cell_of_an_ods(tmp_path: Path, given: str, expected: tuple[str, ...] | None) -> None:
    """What is not surely a value is an error value, a formula without a result, or a number in a special format."""
    found = plain(by_address(only_sheet(ods(tmp_path / "a.ods", row(given)))))
    assert found == ({"A1": expected} if expected else {})


def number_style(pieces: str, kind: str = "number") -> str:
    return f'<number:{kind}-style style:name="N1">{pieces}</number:{kind}-style>'


WITHIN = (
    '<number:number number:decimal-places="2" number:min-integer-digits="1">'
    '<number:embedded-text number:position="{place}">{words}</number:embedded-text></number:number>'
)
PLAIN = '<number:number number:decimal-places="0" number:min-integer-digits="1"/>'


@pytest.mark.parametrize(
    ("styles", "expected"),
    [
        ("", "SPECIAL"),
        (number_style('<number:number number:min-integer-digits="1"/>'), "PLAIN"),
        (number_style(PLAIN), "PLAIN"),
        (number_style(PLAIN.replace('"0"', '"1"')), "PLAIN"),
        (number_style(PLAIN.replace('"0"', '"2"')), "PLAIN"),
        (number_style(PLAIN.replace("/>", ' number:grouping="true"/>')), "GROUPED"),
        (number_style(PLAIN.replace('"1"', '"5"')), "SPECIAL"),
        (number_style(PLAIN.replace("/>", ' number:display-factor="1000"/>')), "SPECIAL"),
        (number_style(PLAIN + "<number:text>k</number:text>"), "SPECIAL"),
        (number_style(PLAIN + "<number:text> </number:text><number:currency-symbol/>", "currency"), "DRESSED"),
        (number_style(PLAIN + "<number:text>%</number:text>", "percentage"), "PERCENT"),
        (number_style(PLAIN + "<number:text> kr</number:text>"), "DRESSED"),
        (number_style("<number:text>2</number:text>" + PLAIN), "SPECIAL"),
        (number_style("<number:text>-</number:text>" + PLAIN), "SPECIAL"),
        (number_style("<number:currency-symbol>R$</number:currency-symbol>" + PLAIN, "currency"), "DRESSED"),
        (number_style("<number:currency-symbol>000</number:currency-symbol>" + PLAIN, "currency"), "SPECIAL"),
        (number_style("<number:fill-character> </number:fill-character>" + PLAIN), "PLAIN"),
        (number_style(WITHIN.format(place=3, words=" ")), "GROUPED"),
        (number_style(WITHIN.format(place=2, words=",")), "SPECIAL"),
        (number_style(WITHIN.format(place=1, words="-")), "SPECIAL"),
        (number_style('<number:number number:display-factor="1000"/>'), "SPECIAL"),
        (number_style("<number:scientific-number/>"), "SPECIAL"),
        (number_style('<number:scientific-number number:decimal-places="2"/>'), "SCIENTIFIC"),
        (
            number_style('<number:scientific-number number:decimal-places="1" number:exponent-interval="3"/>'),
            "ENGINEERING",
        ),
        (number_style("<number:fraction/>"), "SPECIAL"),
        (number_style("<number:boolean/>", "boolean"), "SPECIAL"),
        (number_style("<number:text-content/>", "text"), "PLAIN"),
        (number_style("<number:year/>", "date"), "DATE"),
        (number_style("<number:hours/>", "time"), "DATE"),
        (
            number_style(
                PLAIN.replace('"0"', '"1"') + '<style:map style:condition="value()&lt;0" style:apply-style-name="N9"/>'
            ),
            "SPECIAL",
        ),
        (
            number_style("<number:text>k</number:text>").replace("N1", "N2")
            + number_style(PLAIN + '<style:map style:condition="value()&gt;=0" style:apply-style-name="N2"/>'),
            "SPECIAL",
        ),
        (
            number_style(PLAIN.replace('"0"', '"1"')).replace("N1", "N2")
            + number_style(
                f"<number:text>-</number:text>{PLAIN}"
                '<style:map style:condition="value()&gt;=0" style:apply-style-name="N2"/>'
            ),
            "PLAIN",
        ),
        (
            number_style("<number:text>-</number:text>" + PLAIN).replace("N1", "N2")
            + number_style(PLAIN + '<style:map style:condition="value()&lt;0" style:apply-style-name="N2"/>'),
            "PLAIN",
        ),
    ],
)
@pytest.mark.parametrize("by", ["cell", "parent", "row", "column", "styles.xml"])
def test_a_number_format_of_an_ods(tmp_path: Path, by: str, styles: str, expected: str) -> None:
    """12.5 by the format of its cell, of that style's parent, of its row or of its column, wherever it is declared."""
    declared = styles + '<style:style style:name="c" style:family="table-cell" style:data-style-name="N1"/>'
    declared += '<style:style style:name="d" style:family="table-cell" style:parent-style-name="c"/>'
    name = {"cell": "c", "parent": "d"}.get(by)
    given = cell("12.5", "12.5", "float", f'table:style-name="{name}"' if name else "")
    rows = row(given, **({"default_cell_style_name": "c"} if by == "row" else {}))
    if by in ("column", "styles.xml"):
        rows = f'<table:table-column table:default-cell-style-name="c" table:number-columns-repeated="3"/>{rows}'
    apart = by == "styles.xml"
    sheet = re.sub("document-content", "document-styles", CONTENT).format(styles=declared, before="", rows="")
    sheet = sheet.replace("<office:body>", "<office:b>").replace("</office:body>", "</office:b>")
    more = {"styles.xml": sheet.replace("office:spreadsheet", "office:none")} if apart else {}
    (found,) = by_address(only_sheet(ods(tmp_path / "a.ods", rows, "" if apart else declared, **more))).values()
    assert (found.kind.name if found.kind is Kind.DATE else found.shown.name) == expected


def test_repeated_rows_and_columns_count(tmp_path: Path) -> None:
    """Blank ones move what follows; those that hold something are each a row, a cell; groups and headers too."""
    twice = cell("a", more='table:number-columns-repeated="2"')
    rows = (
        row(cell(), number_rows_repeated="3") + f"<table:table-header-rows>{row(twice, cell('b'))}"
        "</table:table-header-rows>"
        + row('<table:table-cell table:number-columns-repeated="16383"/>', cell("z"), number_rows_repeated="2")
        + row(cell(more='table:number-columns-repeated="16384"'), number_rows_repeated="1048570")
    )
    sheet = only_sheet(ods(tmp_path / "a.ods", rows))
    assert {address: each.text for address, each in by_address(sheet).items()} == {
        **{"A4": "a", "B4": "a", "C4": "b", "XFD5": "z", "XFD6": "z"}
    }


def test_what_is_hidden_in_an_ods(tmp_path: Path) -> None:
    """Collapsed, filtered, in a closed group, of no height; columns likewise; a sheet by its style."""
    styles = (
        '<style:style style:name="flat" style:family="table-row"><style:table-row-properties style:row-height="0in"/>'
        '</style:style><style:style style:name="low" style:family="table-row">'
        '<style:table-row-properties style:row-height="0.05in"/></style:style>'
        '<style:style style:name="off" style:family="table"><style:table-properties table:display="false"/>'
        "</style:style>"
    )
    rows = (
        '<table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>'
        + row(cell("1"), visibility="collapse")
        + row(cell("2"), visibility="filter")
        + f'<table:table-row-group table:display="false"><table:table-row-group>{row(cell("3"))}'
        f"</table:table-row-group></table:table-row-group><table:table-row-group>{row(cell('4'))}"
        "</table:table-row-group>" + row(cell("5"), style_name="flat") + row(cell("6"), style_name="low")
    )
    path = ods(tmp_path / "a.ods", rows, styles)
    sheet = only_sheet(path)
    assert [each.number for each in sheet.rows if each.hidden] == [1, 2, 3, 5]
    assert sheet.hidden_columns == [(3, 3)]
    content = zipfile.ZipFile(path).read("content.xml").decode()
    content = content.replace('table:name="Data"', 'table:name="Data" table:style-name="off"')
    hidden = only_sheet(save(tmp_path / "b.ods", {"mimetype": "x", "content.xml": content}))
    assert hidden.hidden
    assert all(each.hidden for each in hidden.rows)


def test_merges_and_what_stands_beside_the_sheets(tmp_path: Path) -> None:
    """A merge is told with its corners; tracked changes, linked tables and drawings hold no rows."""
    lost = f"<table:tracked-changes><table:table>{row(cell('lost'))}</table:table></table:tracked-changes>"
    merged = cell("m", more='table:number-columns-spanned="2" table:number-rows-spanned="3"')
    rows = f"<table:shapes><draw:frame><text:p>x</text:p></draw:frame></table:shapes>{row(cell('a'), merged)}"
    sheet = only_sheet(ods(tmp_path / "a.ods", rows + row(cell("b"), "<table:covered-table-cell/>"), before=lost))
    assert sheet.merged == [(2, 1, 3, 3)]
    assert list(by_address(sheet)) == ["A1", "B1", "A2"]


MATRIX = 'table:formula="of:=[.A2:.B3]" table:number-matrix-columns-spanned="2" table:number-matrix-rows-spanned="1"'
BILLION = "1000000000"


def holding(rows: str, **more: str) -> Callable[[Path], object]:
    return lambda path: ods(path, rows, **more)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(holding(row(cell(more=MATRIX))), "workbook.damaged", id="matrix-without-results"),
        pytest.param(
            holding(row("<table:table-cell><table:table/></table:table-cell>")), "workbook.damaged", id="nested"
        ),
        pytest.param(holding("<table:table/>"), "workbook.damaged", id="sheet-in-a-sheet"),
        pytest.param(
            holding(row(cell("List ID"), cell("Note")), before='<table:table table:name="Data"></table:table>'),
            "workbook.one_name",
            id="two-of-one-name",
        ),
        pytest.param(
            holding(row(cell("x"), number_rows_repeated="-1")), "workbook.damaged", id="repeated-less-than-once"
        ),
        pytest.param(holding(row(cell("x"), number_rows_repeated=BILLION)), "workbook.too_big", id="a-billion-rows"),
        pytest.param(
            holding(row(cell("x", more=f'table:number-columns-repeated="{BILLION}"'))),
            "workbook.too_big",
            id="a-billion-cells",
        ),
        pytest.param(holding(row(cell(f'<text:s text:c="{BILLION}"/>'))), "workbook.too_big", id="a-billion-blanks"),
        pytest.param(holding(row(cell("x" * 1_000_001))), "workbook.too_big", id="a-long-text"),
        pytest.param(
            holding(row(cell(), number_rows_repeated="1048576") + row(cell("x"))),
            "workbook.damaged",
            id="below-the-end",
        ),
        pytest.param(
            holding(row(cell(more='table:number-columns-repeated="16384"'), cell("x"))),
            "workbook.damaged",
            id="too-wide",
        ),
        pytest.param(
            holding(
                "",
                **{
                    "META-INF/manifest.xml": '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
                    "<m:file-entry><m:encryption-data/></m:file-entry></m:manifest>"
                },
            ),
            "workbook.encrypted",
            id="password",
        ),
        pytest.param(
            lambda path: save(path, {"mimetype": "x", "encrypted-package": "x"}),
            "workbook.encrypted",
            id="new-password",
        ),
        pytest.param(
            lambda path: save(
                path,
                {
                    "mimetype": "x",
                    "content.xml": re.sub("spreadsheet", "text", CONTENT).format(rows="", styles="", before=""),
                },
            ),
            "workbook.ods",
            id="a-letter",
        ),
        pytest.param(
            lambda path: save(path, {"mimetype": "x", "content.xml": "<!DOCTYPE x [<!ENTITY a 'a'>]><x>&a;</x>"}),
            "workbook.damaged",
            id="entities",
        ),
        pytest.param(
            lambda path: save(path, {"mimetype": "x", "content.xml": "<x/>"}), "workbook.damaged", id="another-root"
        ),
        pytest.param(
            lambda path: save(path, {"mimetype": "x", "content.xml": CONTENT[:-30]}), "workbook.damaged", id="cut-short"
        ),
    ],
)
def test_an_ods_that_is_none_is_refused(tmp_path: Path, make: Callable[[Path], object], code: str) -> None:
    """Each has its sentence; nothing hangs and nothing fills the memory."""
    path = tmp_path / "a.ods"
    make(path)
    with pytest.raises(CannotStart) as refused:
        read_here(path)
    assert refused.value.code == code


def test_two_sheets_of_one_name_are_no_damage(tmp_path: Path) -> None:
    """Excel's scenarios come as tables of one name; where none of them has headings no row can be confused."""
    twin = '<table:table table:name="Plan">{}</table:table>'
    before = twin.format(row(cell("x"))) + twin.format(row(cell("y")))
    workbook = read_workbook(ods(tmp_path / "a.ods", row(cell("List ID")), before=before))
    assert [sheet.name for sheet in workbook.sheets] == ["Plan", "Plan", "Data"]


NAMED = (
    '<table:named-expressions><table:named-range table:name="{name}" '
    'table:cell-range-address="{place}"/></table:named-expressions>'
)


def results(*headings: str, run: str = "20261121-101500-4f2a") -> str:
    return row(*map(cell, headings)) + row(*(cell(run if name == "Run" else "x") for name in headings))


@pytest.mark.parametrize(
    ("place", "headings", "ours"),
    [
        pytest.param("$Other.$A$1", COLUMNS, True, id="all-headings-without-the-name"),
        pytest.param("$Data.$A$1", COLUMNS[4:], True, id="the-name-and-most-headings"),
        pytest.param("$Other.$A$1", COLUMNS[4:], False, id="most-headings-without-the-name"),
        pytest.param("#REF!", COLUMNS[4:], False, id="a-name-for-nothing"),
        pytest.param("$'Data'.$A$1", COLUMNS[4:], True, id="a-name-in-quotes"),
        pytest.param("$Data.$A$1", COLUMNS[12:], False, id="the-name-and-few-headings"),
    ],
)
def test_results_of_an_earlier_run_are_known_in_an_ods(
    tmp_path: Path, place: str, headings: tuple[str, ...], ours: bool
) -> None:
    """Saved as .ods a workbook still tells which runs it holds the results of; and a table's own name is none of it."""
    gap = COLUMNS[: len(COLUMNS) - len(headings)]
    path = ods(tmp_path / "a.ods", results(*("" for _ in gap), *headings))
    content = zipfile.ZipFile(path).read("content.xml").decode()
    names = NAMED.format(name="_Bulkops.Results", place=place)
    local = NAMED.format(name=COPY, place=place)
    content = content.replace("</table:table>", f"{local}</table:table>{names}")
    workbook = read_here(save(tmp_path / "b.ods", {"mimetype": "x", "content.xml": content}))
    assert [sheet.ours for sheet in workbook.sheets] == [ours]
    assert run_ids(workbook) == ({"20261121-101500-4f2a"} if ours else set())


def test_a_copy_with_results_is_refused_as_an_ods_too(tmp_path: Path) -> None:
    """Its rows stand in the workbook itself, and may be sent from there."""
    path = ods(tmp_path / "a.ods", row(cell("x")), before=NAMED.format(name=COPY, place="$Data.$A$1"))
    with pytest.raises(CannotStart) as refused:
        read_workbook(path)
    assert refused.value.code == "workbook.copy"


@LIBREOFFICE
@pytest.mark.parametrize("copy", [False, True])
def test_results_of_an_earlier_run_are_known_in_an_xls(tmp_path: Path, copy: bool) -> None:
    """By the hidden names, which LibreOffice keeps."""
    path = typed(tmp_path / "a.xlsx", ["List ID", "Comment"], [2001, "x"])
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("Die Ergebnisse")
    sheet.append([None, *COLUMNS[1:]])
    sheet.append(["20261121-101500-4f2a"] * len(COLUMNS))
    for name in (MARK, *([COPY] if copy else [])):
        book.defined_names[name] = DefinedName(name, attr_text="'Die Ergebnisse'!$A$1", hidden=True)
    book.save(path)
    old = converted(path, "xls", tmp_path)
    if copy:
        with pytest.raises(CannotStart) as refused:
            read_workbook(old)
        assert refused.value.code == "workbook.copy"
    else:
        workbook = read_workbook(old)
        assert [sheet.ours for sheet in workbook.sheets] == [False, True]
        assert run_ids(workbook) == {"20261121-101500-4f2a"}


# Old Excel

FORMULA = struct.Struct("<HHHHH8sH")
"""A record's number and size, then row, column, style, result and options."""


def patched(path: Path, row_: int, column: int, result: bytes, options: int = 0) -> Path:
    """The sample with another result of one formula (row and column from 0)."""
    content = bytearray(sample("xls").read_bytes())
    starts = [
        found.start()
        for found in re.finditer(rb"\x06\x00", content)
        if content[found.start() + 4 : found.start() + 8] == struct.pack("<HH", row_, column)
        and content[found.start() + 3] == 0
    ]
    assert len(starts) == 1
    record, size, _, _, style, _, _ = FORMULA.unpack_from(content, starts[0])
    FORMULA.pack_into(content, starts[0], record, size, row_, column, style, result, options)
    path.write_bytes(content)
    return path


ZERO, EMPTY, SEVEN = bytes(8), b"\3" + bytes(5) + b"\xff\xff", struct.pack("<d", 7)
MINUS_ZERO = bytes(7) + b"\x80"


@pytest.mark.parametrize(
    ("result", "options", "expected", "outdated"),
    [
        (ZERO, 0, ("FORMULA", ""), False),
        (MINUS_ZERO, 0, ("FORMULA", ""), False),
        (ZERO, 2, ("FORMULA", ""), False),
        (EMPTY, 0, None, False),
        (EMPTY, 2, ("FORMULA", ""), False),
        (SEVEN, 2, ("NUMBER", "7"), True),
        (SEVEN, 1, ("NUMBER", "7"), False),
    ],
)
def test_a_formula_of_an_xls_has_a_result_or_not(
    tmp_path: Path, result: bytes, options: int, expected: tuple[str, ...] | None, outdated: bool
) -> None:
    """A 0 is no result, nor an empty text that the file itself wants calculated; any other may be outdated."""
    sheet = read_here(patched(tmp_path / "a.xls", 5, 0, result, options)).sheets[0]
    assert plain(by_address(sheet)).get("A6") == expected
    assert sheet.outdated is outdated


def test_a_file_of_a_program_that_does_not_calculate(tmp_path: Path) -> None:
    """Without Excel's mark of who calculated, an empty text is no result: Excel itself would calculate it."""
    path = patched(tmp_path / "a.xls", 5, 0, EMPTY)
    content = path.read_bytes()
    assert content.count(b"\xc1\x01\x08\x00") == 1
    path.write_bytes(content.replace(b"\xc1\x01\x08\x00", b"\xc2\x01\x08\x00"))
    sheet = read_here(path).sheets[0]
    assert (plain(by_address(sheet))["A6"], sheet.outdated) == (("FORMULA", ""), True)


def test_an_xls_may_count_its_days_from_1904(tmp_path: Path) -> None:
    """Or its dates would be four years off in the corrections."""
    content = sample("xls").read_bytes()
    since_1900, since_1904 = (b"\x22\x00\x02\x00" + bytes([mode, 0]) for mode in (0, 1))
    assert content.count(since_1900) == 1
    path = tmp_path / "a.xls"
    path.write_bytes(content.replace(since_1900, since_1904))
    assert [{sheet.since_1904 for sheet in read_workbook(each).sheets} for each in (sample("xls"), path)] == [
        {False},
        {True},
    ]


def test_a_row_without_height_is_hidden_in_an_xls(tmp_path: Path) -> None:
    """A row that nobody can see is not sent silently, whichever way it was hidden."""
    content = bytearray(sample("xls").read_bytes())
    record = content.index(b"\x08\x02\x10\x00" + struct.pack("<H", 2))
    content[record + 10 : record + 12] = bytes(2)
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    assert [row.number for row in read_here(path).sheets[0].rows if row.hidden] == [3, 11]


@pytest.mark.parametrize("what", ["the number of texts", "the table of sectors", "the list of sheets"])
def test_an_xls_that_cannot_be_read_is_not_told_to_be_damaged(tmp_path: Path, what: str) -> None:
    """Excel opens many a file that the reading library stumbles over: the way out is to save it as .xlsx."""
    content = bytearray(sample("xls").read_bytes())
    if what == "the table of sectors":
        struct.pack_into("<I", content, 76, 100_000)
    elif what == "the list of sheets":
        at = content.index(b"\x85\x00")
        struct.pack_into("<H", content, at + 2, 2)
    else:
        at = content.index(b"\xfc\x00")
        struct.pack_into("<I", content, at + 8, 100_000)
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    with pytest.raises(CannotStart) as refused:
        read_workbook(path)
    assert refused.value.code == "workbook.xls"
    assert "damaged" not in str(refused.value)
    assert "save" in str(refused.value).lower()


def test_an_encrypted_xls_is_refused(tmp_path: Path) -> None:
    """A password is named as what it is."""
    content = sample("xls").read_bytes()
    # The first record after the beginning says that all others are encrypted.
    begin = content.index(b"\x09\x08\x10\x00\x00\x06\x05\x00") + 20
    path = tmp_path / "a.xls"
    path.write_bytes(content[:begin] + b"\x2f\x00" + content[begin + 2 :])
    with pytest.raises(CannotStart) as refused:
        read_workbook(path)
    assert refused.value.code == "workbook.encrypted"


EXCELS_FLAGS = b"\xc1\x80\x01\x00\x06\x06\x00\x00"
"""As Excel 2003 and later write them into the first record."""


def saved_by(content: bytes, program: str, flags: bytes = EXCELS_FLAGS) -> bytes:
    """The sample as if another program had saved it: its name in the summary, and flags in the first record."""
    begin = content.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    content = content[: begin + 12] + flags + content[begin + 20 :]
    name = program.encode() + b"\0"
    section = struct.pack("<IIIIII", 24 + len(name), 1, 0x12, 16, 0x1E, len(name)) + name
    start = content.index(bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")) - 28
    (at,) = struct.unpack_from("<I", content, start + 44)
    return content[: start + at] + section + content[start + at + len(section) :]


@pytest.mark.parametrize(
    ("program", "flags", "options", "expected"),
    [
        pytest.param("Microsoft Excel", EXCELS_FLAGS, 0, ("NUMBER", "0"), id="excel"),
        pytest.param("Microsoft Macintosh Excel", b"\x10\0\3\0\6\6\0\0", 0, ("NUMBER", "0"), id="on-a-mac"),
        pytest.param("Microsoft Excel", EXCELS_FLAGS, 2, ("FORMULA", ""), id="asked-to-be-calculated"),
        pytest.param("Microsoft Excel", b"\0\0\0\0\6\0\0\0", 0, ("FORMULA", ""), id="the-name-alone"),
        pytest.param("WPS Office", EXCELS_FLAGS, 0, ("FORMULA", ""), id="another-program"),
        pytest.param("", EXCELS_FLAGS, 0, ("FORMULA", ""), id="the-flags-alone"),
    ],
)
def test_a_zero_counts_where_excel_itself_saved_it(
    tmp_path: Path, program: str, flags: bytes, options: int, expected: tuple[str, ...]
) -> None:
    """Excel stores what it calculated; other programs store 0 for what they did not."""
    path = patched(tmp_path / "a.xls", 5, 0, ZERO, options)
    path.write_bytes(saved_by(path.read_bytes(), program, flags))
    assert plain(by_address(read_here(path).sheets[0]))["A6"] == expected


@pytest.mark.parametrize("uncalculated", [False, True])
def test_a_zero_of_an_excel_before_2002(tmp_path: Path, uncalculated: bool) -> None:
    """Without the mark of who calculated, Excel's 0 is as good as its other results, and told as outdated like them;
    a sheet that says that it was not calculated has none."""
    path = patched(tmp_path / "a.xls", 5, 0, ZERO)
    content = saved_by(path.read_bytes(), "Microsoft Excel").replace(b"\xc1\x01\x08\x00", b"\xc2\x01\x08\x00")
    if uncalculated:
        # Instead of a record of the sheet's about its outline, which has four bytes.
        begin = content.index(b"\x09\x08\x10\x00\x00\x06\x10\x00")
        at = content.index(b"\x2a\x00\x02\x00", begin)
        content = content[:at] + b"\x5e" + content[at + 1 :]
    path.write_bytes(content)
    sheet = read_here(path).sheets[0]
    assert plain(by_address(sheet))["A6"] == (("FORMULA", "") if uncalculated else ("NUMBER", "0"))
    assert sheet.outdated


@OTHERS
def test_cells_are_bounded(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A workbook of another sort is as big as one of Excel's may be, and no bigger."""
    monkeypatch.setattr(ods_reader if kind == "ods" else xls, "MAX_CELLS", 20)
    # In this process, where the limit is another one.
    with pytest.raises(CannotStart) as refused:
        parsed(sample(kind), sample(kind).read_bytes())
    assert refused.value.code == "workbook.too_big"


@LIBREOFFICE
@OTHERS
def test_a_run_writes_its_results_beside(tmp_path: Path, kind: str, bulkops: Bulkops, practice: PracticeServer) -> None:
    """Rows are sent from an .ods or .xls as from an .xlsx; the file stays as it is, the results are beside it."""
    path = converted(fill(tmp_path / "August.xlsx", flags=[flag(2006, flag_type_id=2)]), kind, tmp_path)
    before = path.read_bytes()
    ended = bulkops("run", path, "--yes", "--json")
    assert (ended.code, ended.document["results"]) == (0, str(tmp_path / "August - results.xlsx"))
    assert path.read_bytes() == before
    assert len(practice.writes) == 1
