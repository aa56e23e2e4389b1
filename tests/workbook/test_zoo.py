"""The Results sheet in every workbook of the zoo: all else byte for byte, read back by three other programs."""

from __future__ import annotations

import csv
import io
import posixpath
import random
import re
import select
import signal
import struct
import subprocess
import sys
import warnings
import zipfile
from contextlib import suppress
from copy import copy
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from passes import passes, thorough
from python_calamine import CalamineWorkbook
from zoo import ZOO
from zoo.__main__ import main
from zoo.book import TYPES, unzipped, zipped
from zoo.programs import has_soffice, resaved

from bulkops.messages.errors import CannotStart
from bulkops.model.outcomes import Status
from bulkops.operations import all_operations
from bulkops.runs.checking import check
from bulkops.system.files import remove_leftovers
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.results_layout import COLUMNS, LAYOUTS, MARK
from bulkops.workbook.text import cell_text
from bulkops.workbook.writing.graft import Graft
from bulkops.workbook.writing.results_sheet import Results, Value
from bulkops.workbook.writing.suitability import CannotGraft
from bulkops.workbook.xml_patch import Patch

WHEN = "2026-11-21 10:15:30 UTC-05:00"
TAME = [name for name, each in ZOO.items() if not each.refused]
WILD = [name for name, each in ZOO.items() if each.refused]


def line(message: str | None = "", **values: Value) -> list[Value]:
    """A line of the results; values by column, with _ for a blank."""
    known: dict[str, Value] = {
        "Sheet": "Flag edits", "Row": 2, "Operation": "List flag edit", "Target": "2001", "Status": "Done",
        "Message": message, "Environment": "practice", "Run": "20261121-101530-00ab",
    }  # fmt: skip
    known |= {name.replace("_", " "): value for name, value in values.items()}
    return [known.get(name) for name in COLUMNS]


FIRST = Results([
    line("10 of 12 bills changed.", Bills_selected=12, Bills_updated=10, HTTP_status=200, Started=WHEN, Seconds=0.25),
    line("=cmd|' /C calc'!A0", Status="Failed", What_to_do='=HYPERLINK("http://evil")', Target="+1"),
    line("#N/A", Status="Needs fixing", What_to_do="@SUM(A1)", Target="-1", Sheet="It's “A & B” <1>"),
    line("two\nlines\tand a tab", Status=Status.UNKNOWN.label, What_to_do='a;b "c", d & <e>', Target="00102"),
    line("bell \x07, half \ud800, none \uffff, \U0001ffff", Status="Not sent", What_to_do="_x0041_ and _x0041_x0042_"),
    line("Grüße, 日本, 😀 ]]> &amp;", Status="Already done", Row=1_048_576, Operation=" blanks "),
    line("long " * 8000, Target="TRUE", Seconds=1e-3, Bills_selected=0),
], "=Results of <A & B>",
    (("Rows", "=1+1"), ("Bills", "12 selected"), ("Imports", "none"), ("Time", "2026")),
    (("Run", "20261121-101530-00ab"), ("By", "=Sam & \x07")),
)  # fmt: skip
SECOND = Results([line(f"again {number}", Row=number, Seconds=2.0) for number in range(2, 14)], "Again")


def original(name: str) -> bytes:
    return ZOO[name].make()


@cache
def once(name: str) -> bytes:
    return Graft(original(name)).grafted(FIRST)


@cache
def twice(name: str) -> bytes:
    return Graft(once(name)).grafted(SECOND)


def seen_by(reader: str) -> list[str]:
    """The workbooks that another program can read."""
    return [name for name in TAME if reader not in ZOO[name].blind]


# ---------------------------------------------------------------- the zoo itself


def test_the_zoo_is_made_by_a_command(tmp_path: Path) -> None:
    """One command makes a folder of at least sixty workbooks that are taken, and thirty files that are refused."""
    main(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ZOO)
    assert len(TAME) >= 60
    assert len(WILD) >= 30


@pytest.mark.parametrize("name", seen_by("bulkops"))
def test_results_are_no_input(name: str, tmp_path: Path) -> None:
    """Each holds three rows of flag edits that ``check`` finds, and the same rows once it holds results as well."""
    path = tmp_path / name
    rows = []
    for content in (original(name), twice(name)):
        path.write_bytes(content)
        checked = check(read_workbook(path), list(all_operations().values()))
        rows.append([(row.sheet, row.number, row.operation, row.target, len(row.problems)) for row in checked.rows])
    assert rows[0] == rows[1]
    assert [row[1:] for row in rows[0][:3]] == [(at, "list_flag_edit", str(1999 + at), 0) for at in (2, 3, 4)]


# ---------------------------------------------------------------- what is refused, and what is advised


@pytest.mark.parametrize("name", WILD)
def test_what_cannot_be_grafted_surely_is_refused(name: str) -> None:
    """Each kind of refusal has its reason's code."""
    with pytest.raises(CannotGraft) as refusal:
        Graft(original(name)).grafted(FIRST)
    assert refusal.value.code == ZOO[name].refused


@pytest.mark.parametrize("name", TAME)
def test_a_workbook_that_asks_not_to_be_changed_is_known(name: str) -> None:
    """Locked, reserved, read-only recommended, final: the advice is a copy; all others may be replaced."""
    assert Graft(original(name)).advice == ZOO[name].advice


# ---------------------------------------------------------------- byte for byte


def packed(content: bytes) -> dict[str, tuple[int, int, int, int]]:
    """Part → how it is packed, check sum, sizes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert len({info.filename.lower() for info in infos}) == len(infos)
    return {info.filename: (info.compress_type, info.CRC, info.compress_size, info.file_size) for info in infos}


def patched(content: bytes) -> set[str]:
    """The parts that a graft may change: the content types, the workbook, its relationships, the style table."""
    book = book_part(content)
    parts = unzipped(content)
    folder, _, name = book.rpartition("/")
    may = {
        TYPES.lower(),
        book,
        f"{folder}/_rels/{name}.rels".lstrip("/"),
        f"{folder}/styles.xml".lstrip("/"),
        "xl/styles.xml",
    }
    return {part for part in parts if plain_name(part) in may}


def book_part(content: bytes) -> str:
    """The workbook part's name."""
    rels = next(part for name, part in unzipped(content).items() if plain_name(name) == "_rels/.rels")
    (target,) = re.findall(rb'/relationships/officeDocument" Target="([^"]*)"', rels)
    return plain_name(posixpath.normpath(f"/{target.decode()}"))


def plain_name(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").lower()


@pytest.mark.parametrize("name", TAME)
def test_every_other_part_stays_as_it_is_packed(name: str) -> None:
    """After the first graft and the second: no part is gone, none else is changed, in the old order; one is new."""
    before, first, second = packed(original(name)), packed(once(name)), packed(twice(name))
    may = patched(original(name))
    changed = {part for part in before if first.get(part) != before[part]}
    new = [part for part in first if part not in before]
    ours = {part for part in changed - may if b"10 of 12 bills changed." in unzipped(once(name))[part]}
    assert changed <= may | ours
    assert list(first)[: len(before)] == list(before)
    assert len(ours) + len([part for part in new if not part.endswith("styles.xml")]) == 1
    assert bool(ours) == bool(ZOO[name].ours)
    assert list(second) == list(first)
    again = {part for part in first if second[part] != first[part]}
    sheet = {*ours, *(part for part in new if not part.endswith("styles.xml"))}
    assert sheet <= again <= sheet | may
    assert not any(part.lower().endswith(("styles.xml", "content_types].xml", ".rels")) for part in again)


@pytest.mark.parametrize("name", TAME)
def test_the_container_is_read_alike_from_the_front_and_by_its_directory(name: str) -> None:
    """Part lies behind part without a gap, and each says of itself what the directory says: all sizes in front of it,
    in the short form, for readers that go through it as a stream."""
    content, at = twice(name), 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        directory, infos = archive.start_dir, archive.infolist()
    for info in infos:
        assert info.header_offset == at
        fields = struct.unpack_from("<4s5H3L2H", content, at)
        length, extra = fields[9:]
        flags = info.flag_bits
        assert fields[0] == b"PK\3\4"
        assert fields[2:4] + fields[6:9] == (flags, info.compress_type, info.CRC, info.compress_size, info.file_size)
        assert not flags & 0x8
        assert b"\x01\x00" not in {content[at + 30 + length :][:extra][:2], info.extra[:2]}
        assert content[at + 30 :][:length] == (info.orig_filename.encode("utf-8" if flags & 0x800 else "cp437"))
        at += 30 + length + extra + info.compress_size
    assert at == directory


@pytest.mark.parametrize("name", TAME)
def test_every_changed_part_can_be_parsed_with_its_namespaces(name: str) -> None:
    """A prefix that is declared nowhere is not seen by a parser that knows no namespaces; Excel sees it."""
    for graft in (once(name), twice(name)):
        for part, content in unzipped(graft).items():
            if part.lower().endswith((".xml", ".rels")) and unzipped(original(name)).get(part) != content:
                expat.ParserCreate(namespace_separator=" ").Parse(content, True)


def test_what_was_in_a_patched_part_is_in_it_still() -> None:
    """Without what was inserted, each patched part is what it was: nothing was written anew."""
    for name in TAME:
        before, after = unzipped(original(name)), unzipped(once(name))
        for part in patched(original(name)) & set(after):
            if MARK.encode() not in before[part] and plain_name(part) != "xl/styles.xml":
                assert is_inserted_into(before[part], after[part]), (name, part)


def is_inserted_into(old: bytes, new: bytes) -> bool:
    """Can the old bytes be had from the new ones by leaving some out? An empty element may have been opened."""
    old = old.replace(b"/>", b">")
    rest = iter(new.replace(b"/>", b">"))
    return all(byte in rest for byte in old)


# ---------------------------------------------------------------- what other programs read


def shown(results: Results) -> list[list[Value]]:
    """The sheet as a reader gives it: what a cell cannot hold replaced visibly, blanks as nothing."""
    right = (("", ""), ("", ""), *results.right, *[("", "")] * 3)
    facts = zip((*results.left, *[("", "")] * (4 - len(results.left))), right, strict=False)
    block = [[label, fact, "", "", f"{beside}  {told}".strip()] for (label, fact), (beside, told) in facts]
    rows = [[results.title], *block, [], COLUMNS, *results.lines]
    blank = [None] * len(COLUMNS)
    return [
        [_no_blank(unescape(cell_text(each)) if isinstance(each, str) else each) for each in (*row, *blank)][
            : len(blank)
        ]
        for row in rows
    ]


def _no_blank(value: Any) -> Any:
    """Readers do not agree on nothing."""
    return None if isinstance(value, str) and not value.strip() else value


def opened(content: bytes) -> Any:
    """The workbook as openpyxl has it; that it does not know some of Excel's extensions is no news."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(io.BytesIO(content))


def in_openpyxl(content: bytes) -> dict[str, list[list[Any]]]:
    """Every worksheet's values; openpyxl leaves Excel's escapes as they are."""
    book = opened(content)
    return {
        sheet.title: [
            [_no_blank(unescape(value)) if isinstance(value, str) else getattr(value, "text", value) for value in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        for sheet in book.worksheets
    }


def in_calamine(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {
        name: [[_midnight(_no_blank(value)) for value in row] for row in book.get_sheet_by_name(name).to_python()]
        for name in book.sheet_names
    }


def _midnight(value: Any) -> Any:
    """A time without hours is a day to calamine."""
    return datetime.combine(value, time()) if type(value) is date else value


def split(name: str, sheets: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What an earlier run left taken away, or what this one wrote: the other sheets, and the name of ours."""
    known = [list(layout.columns) for layout in LAYOUTS]
    ours = [
        sheet
        for sheet, rows in sheets.items()
        if any(row[: len(columns)] == columns for row in rows[:7] for columns in known) and sheet not in kept(name)
    ]
    return {sheet: rows for sheet, rows in sheets.items() if sheet not in ours}, ",".join(ours)


def kept(name: str) -> set[str]:
    """Sheets of results that are the operator's by now, for there is more in them than results."""
    touched = name.startswith("earlier results with ") and not ZOO[name].ours
    return {"Results"} if touched else set()


@pytest.mark.parametrize("name", seen_by("openpyxl"))
def test_openpyxl_reads_old_and_new(name: str) -> None:
    """The old sheets in their order with the same values, states and names, and each result as it was given."""
    before, _ = split(name, in_openpyxl(original(name)))
    for content, lines in ((once(name), FIRST), (twice(name), SECOND)):
        sheets = in_openpyxl(content)
        others, ours = split(name, sheets)
        assert list(others.items()) == list(before.items())
        assert ours == results_name(name)
        assert sheets[ours] == shown(lines)


@pytest.mark.parametrize("name", seen_by("calamine"))
def test_calamine_reads_old_and_new(name: str) -> None:
    """The same, with a reader that has nothing in common with the first."""
    before, _ = split(name, in_calamine(original(name)))
    for content, lines in ((once(name), FIRST), (twice(name), SECOND)):
        sheets = in_calamine(content)
        others, ours = split(name, sheets)
        assert list(others.items()) == list(before.items())
        assert ours == results_name(name)
        assert sheets[ours] == shown(lines)


def results_name(name: str) -> str:
    """What our sheet is called: Results, or what the operator leaves free."""
    if ZOO[name].ours:
        return ZOO[name].ours
    special = {"own results.xlsx": "Results (bulkops)", "own results twice.xlsx": "Results (bulkops 2)"}
    return special.get(name, "Results (bulkops)" if kept(name) else "Results")


@pytest.mark.parametrize("name", seen_by("openpyxl"))
def test_the_rest_of_the_workbook_means_what_it_meant(name: str) -> None:
    """States of sheets, the shown sheet, cell styles and names are the same; ours is last unless it was there."""
    before, after = (opened(each) for each in (original(name), twice(name)))
    ours = results_name(name)
    olds = [title for title in before.sheetnames if title != ours]
    assert [title for title in after.sheetnames if title != ours] == olds
    assert ours == after.sheetnames[-1] or ours in before.sheetnames
    assert after.active.title == before.active.title
    for title in olds:
        assert after[title].sheet_state == before[title].sheet_state
        assert names(after[title]) == names(before[title])
        if title in [sheet.title for sheet in before.worksheets]:
            looks = [[look(cell) for row in book[title].iter_rows() for cell in row] for book in (before, after)]
            assert looks[0] == looks[1]
    others = {key: text for key, text in names(after).items() if key != MARK}
    assert others == {key: text for key, text in names(before).items() if key != MARK}
    assert names(after)[MARK].replace("'", "") == f"{ours}!$A$1"
    # LibreOffice 7 saves hidden names as ordinary ones.
    assert after.defined_names[MARK].hidden


def names(owner: Any) -> dict[str, str]:
    return {name: each.attr_text for name, each in getattr(owner, "defined_names", {}).items()}


def look(cell: Any) -> tuple[Any, ...]:
    """What a cell's style resolves to."""
    font = cell.font
    # Where there are no fonts, openpyxl has one of another size, and black in another way.
    colour = font.color.rgb if font.color is not None and font.color.type == "rgb" else None
    kept = (font.name, font.b, font.i, font.u, font.strike, colour)
    how = (cell.fill, cell.border, cell.alignment, cell.protection)
    return cell.coordinate, cell.number_format, kept, *(copy(each) for each in how), cell.style


@pytest.mark.parametrize("name", TAME)
def test_every_cell_style_resolves_to_what_it_did(name: str) -> None:
    """By a reader of its own: for each number that a cell's style can have, the code of its number format, font, fill,
    border, alignment and protection are the same, and so are the styles that the cells have."""
    before = cell_styles(original(name))
    for content in (once(name), twice(name)):
        after = cell_styles(content)
        assert after[: len(before)] == before
        named = {each for part in worksheets(original(name)) for each in re.findall(rb' s(?:tyle)?="([0-9]+)"', part)}
        assert not {int(each) for each in named} & set(range(max(len(before), 1), len(after)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('formatCode="0.0&quot; kWh&quot;"', 'formatCode="0.00"'),
        ("</numFmts>", '<numFmt numFmtId="170" formatCode="0.00"/></numFmts>'),
        ("<font><sz", "<font><i/><sz"),
        ("<font>", "<font/><font>"),
        ('<fgColor rgb="FFFFF2CC"/>', '<fgColor rgb="FFFFFFFF"/>'),
        ("<border><left/>", '<border><left style="thin"/>'),
        ('fontId="1" fillId="2" borderId="0" xfId="0"', 'fontId="1" fillId="0" borderId="0" xfId="0"'),
        ("<cellXfs ", '<cellXfs x="1" '),
        ("<cellXfs count=", "<cellXfs count=''><xf/></cellXfs><cellXfs count="),
        ('name="Normal"', 'name="Norma"'),
        ("<dxfs", "<colors/><dxfs"),
        ("<bgColor rgb", "<fgColor rgb"),
        ('mc:Ignorable="x14ac"', 'mc:Ignorable=""'),
    ],
)
def test_a_graft_that_changes_a_style_is_not_handed_out(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The style table is read back and compared with what it was: each of these changes is seen."""
    patched = Patch.patched

    def spoilt(patch: Patch) -> bytes:
        content = patched(patch)
        if b"styleSheet" in content:
            assert old.encode() in content
            content = content.replace(old.encode(), new.encode(), 1)
        return content

    monkeypatch.setattr(Patch, "patched", spoilt)
    with pytest.raises(CannotGraft) as refusal:
        Graft(original("plain.xlsx")).grafted(FIRST)
    assert refusal.value.code == "graft.not_proven"


def cell_styles(content: bytes) -> list[tuple[Any, ...]]:
    """What each cell style resolves to; nothing for what is not there."""
    parts = {plain_name(name): part for name, part in unzipped(content).items()}
    found = [part for name, part in parts.items() if name.endswith("styles.xml") and b"styleSheet" in part]
    if not found:
        return []
    table = parsed(found[0])
    codes: dict[str, list[str]] = {}
    for each in table.iterfind("{*}numFmts/{*}numFmt"):
        codes.setdefault(each.attrib["numFmtId"], []).append(each.attrib["formatCode"])
    lists = [
        [ElementTree.tostring(each) for each in table.iterfind(f"{{*}}{section}/*")]
        for section in ("fonts", "fills", "borders", "cellStyleXfs")
    ]
    return [
        (
            codes.get(xf.get("numFmtId", "0")),
            *(
                # The first of each is what a cell without a style has, also where there is none.
                at and entries[at : at + 1]
                for entries, name in zip(lists, ("fontId", "fillId", "borderId", "xfId"), strict=True)
                for at in [int(xf.get(name, "0"))]
            ),
            ElementTree.tostring(xf),
        )
        for xf in table.iterfind("{*}cellXfs/{*}xf")
    ]


def worksheets(content: bytes) -> list[bytes]:
    """The parts of the worksheets."""
    return [part for name, part in unzipped(content).items() if b"<worksheet" in part[:200]]


@pytest.mark.parametrize("name", seen_by("openpyxl"))
def test_every_cell_of_the_results_has_its_look(name: str) -> None:
    """In any style table: text as text, headings bold, six colours for six statuses."""
    for content in (once(name), Graft(twice(name)).grafted(FIRST)):
        sheet = opened(content)[results_name(name)]
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} <= {"inlineStr", "s", "n"}
        assert all(cell.number_format == "@" for cell in cells if isinstance(cell.value, str))
        assert all(cell.font.b and cell.fill.fgColor.rgb == "FF1F3A5F" for cell in sheet[7])
        statuses = [sheet.cell(number, COLUMNS.index("Status") + 1) for number in range(8, 14)]
        assert len({cell.fill.fgColor.rgb for cell in statuses}) == 6
        assert all(cell.fill.fill_type == "solid" for cell in statuses)
        assert {cell.font.name for cell in cells} == {"Calibri"}
        assert sheet.freeze_panes == "D8"
        assert sheet.auto_filter.ref == f"A7:T{len(FIRST.lines) + 7}"
        assert sheet["A8"].hyperlink.location == "'Flag edits'!A2"
        assert sheet["A10"].hyperlink.location == "'It''s “A & B” <1>'!A2"
        assert sheet.sheet_view.tabSelected in (None, False, 0)


@pytest.mark.parametrize("name", TAME)
def test_the_filter_has_its_hidden_name(name: str) -> None:
    """Excel keeps a filter's range in a name of the sheet too, and calls a workbook damaged where they differ."""
    for content, lines in ((once(name), FIRST), (twice(name), SECOND)):
        book = parsed(next(part for at, part in unzipped(content).items() if plain_name(at) == book_part(content)))
        sheets = [each.attrib["name"] for each in book.iterfind(".//{*}sheets/{*}sheet")]
        filters = {
            int(each.attrib["localSheetId"]): each.text
            for each in book.iterfind(".//{*}definedName[@name='_xlnm._FilterDatabase']")
            if each.attrib["hidden"] in ("1", "true")
        }
        quoted = "Results" if results_name(name) == "Results" else f"'{results_name(name)}'"
        assert filters[sheets.index(results_name(name))] == f"{quoted}!$A$7:$T${len(lines.lines) + 7}"


def parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)


def test_what_a_cell_cannot_hold_or_might_mean_otherwise() -> None:
    """Formulas, escapes and control characters in the words of the catalogue and of servers, as they are read back."""
    rows = in_calamine(once("plain.xlsx"))["Results"][6:]
    message, todo = COLUMNS.index("Message"), COLUMNS.index("What to do")
    assert [rows[at][todo] for at in (2, 3, 5)] == [
        '=HYPERLINK("http://evil")',
        "@SUM(A1)",
        "_x0041_ and _x0041_x0042_",
    ]
    assert [rows[at][message] for at in (2, 3)] == ["=cmd|' /C calc'!A0", "#N/A"]
    assert rows[5][message] == "bell [U+0007], half [U+D800], none [U+FFFF], [U+1FFFF]"
    assert rows[7][message].endswith(" … [cut; 40000 characters in all]")
    assert rows[4][COLUMNS.index("Target")] == "00102"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r'<c r="S8"[^>]*>.*?</c>', '<c r="S8"><f>100+100</f><v>200</v></c>'),
        (r"</row><row r=\"9\"", '<c r="U8"><v>1</v></c></row><row r="9"'),
        (r"</row><row r=\"4\"", '<c r="F3"><v>1</v></c></row><row r="4"'),
        (r"</sheetData>", '<row r="20"><c r="A20"><v>1</v></c></row></sheetData>'),
        (r"</worksheet>", '<legacyDrawing r:id="rId1"/></worksheet>'),
    ],
)
def test_what_the_operator_adds_is_kept(old: str, new: str) -> None:
    """A sheet of ours with something of the operator's in it stays, and the next results get a sheet of their own."""
    parts = unzipped(once("plain.xlsx"))
    (sheet,) = parts.keys() - unzipped(original("plain.xlsx")).keys()
    touched, times = re.subn(old, new, parts[sheet].decode(), count=1)
    assert times == 1
    graft = Graft(zipped(parts | {sheet: touched.encode()}))
    assert graft.left_alone == "Results"
    again = unzipped(graft.grafted(SECOND))
    assert again[sheet] == touched.encode()
    assert b'name="Results (bulkops)"' in again["xl/workbook.xml"]


@pytest.mark.parametrize(
    "name", ["plain.xlsx", "strict.xlsx", "prefixed.xlsx", "marked as final.xlsx", "earlier results.xlsx"]
)
def test_a_copy_leads_to_the_rows_of_the_original(name: str) -> None:
    """In a copy the links lead to the other workbook; a copy grafted into again is still known as one."""
    for content in (copied(name), Graft(copied(name)).grafted(FIRST, copy=True, link="August%20list.xlsx")):
        parts = unzipped(content)
        book = parts[next(part for part in parts if plain_name(part) == book_part(content))]
        assert book.count(b'name="_bulkops.copy"') == 1
        if name != "strict.xlsx":
            link = opened(content)["Results"]["A10"].hyperlink
            assert (link.target, link.location) == ("August%20list.xlsx", "'It''s “A & B” <1>'!A2")


@cache
def copied(name: str) -> bytes:
    return Graft(original(name)).grafted(FIRST, copy=True, link="August%20list.xlsx")


def test_more_results_than_a_sheet_holds_are_refused() -> None:
    """The block and the headings take seven of Excel's 1,048,576 rows."""
    with pytest.raises(CannotGraft) as refusal:
        Graft(original("plain.xlsx")).grafted(Results(FIRST.lines[:1] * 1_048_570))
    assert refusal.value.code == "graft.too_many_rows"


def test_no_more_links_than_excel_allows() -> None:
    """Past 65,530 links the row numbers stay, without one; else Excel would call the file damaged."""
    parts = unzipped(Graft(original("plain.xlsx")).grafted(Results(SECOND.lines[:1] * 65_532)))
    (sheet,) = parts.keys() - unzipped(original("plain.xlsx")).keys()
    assert parts[sheet].count(b"<hyperlink ") == 65_530
    assert parts[sheet].count(b"<row ") == 65_539


any_text = st.text(st.characters() | st.sampled_from("=+-@#_x0041\ud83d\ude00\uffff\r\n\t\x00 '\"<>&]"))


@given(any_text, st.text(), st.text("_x0123456789abcdefABCDEF", max_size=40))
@settings(max_examples=passes(150), deadline=None)
def test_any_text_comes_back_as_itself_or_its_replacement(one: str, two: str, three: str) -> None:
    """Whatever a server sends: two readers see the text or what visibly stands for it, and no cell is a formula."""
    results = Results([line(one, What_to_do=two, Target=three, Sheet=one[:31])], f"Results {one}")
    content = Graft(original("prefixed.xlsx")).grafted(results)
    assert in_openpyxl(content)["Results"] == shown(results)
    assert in_calamine(content)["Results"] == shown(results)


# ---------------------------------------------------------------- LibreOffice


needs_soffice = pytest.mark.skipif(not has_soffice(), reason="LibreOffice (soffice) is not installed here")
_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"


@needs_soffice
def test_libreoffice_reads_old_and_new() -> None:
    """It opens every workbook that it opened before; the old sheets are the same, and the results are there."""
    some = TAME if thorough() else TAME[::2]
    files = {f"{at} {'new' if new else 'old'}.xlsx": name for at, name in enumerate(some) for new in (0, 1)}
    made = {file: once(name) if "new" in file else original(name) for file, name in files.items()}
    out = resaved(made, _CSV)
    for at, name in enumerate(some):
        old, new = (
            {file.partition("-")[2]: out[file] for file in out if file.startswith(f"{at} {age}-")}
            for age in ("old", "new")
        )
        if "libreoffice" not in ZOO[name].blind:
            ours = f"{results_name(name)}.csv"
            assert {sheet: text for sheet, text in old.items() if sheet != ours} == {
                sheet: text for sheet, text in new.items() if sheet != ours
            }, name
            read = new[ours]
            if name == "styles format numbers.xlsx":
                # It has made 0.00 of the format that numbers have by default.
                read = re.sub(rb"\b([0-9]+)\.00\b", rb"\1", read)
            assert in_libreoffice(read) == in_words(FIRST), name


def in_libreoffice(text: bytes) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text.decode("utf-8"), newline=""))
    return [[cell.replace("\r\n", "\n").strip() for cell in row] for row in rows]


def in_words(results: Results) -> list[list[str]]:
    """The sheet as LibreOffice writes it into a CSV."""
    return [[_in_words(value).strip() for value in row] for row in shown(results)]


def _in_words(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else str(value)


@needs_soffice
def test_results_saved_by_libreoffice_are_replaced() -> None:
    """Whatever it makes of our sheet, the next run replaces that and adds none."""
    some = [name for name in seen_by("openpyxl") if "libreoffice" not in ZOO[name].blind][:: 4 if thorough() else 8]
    out = resaved({f"{at}.xlsx": once(name) for at, name in enumerate(some)})
    for at, name in enumerate(some):
        saved = out[f"{at}.xlsx"]
        again = Graft(saved).grafted(SECOND)
        before, after = in_openpyxl(saved), in_openpyxl(again)
        assert list(after) == list(before), name
        assert after[results_name(name)] == shown(SECOND), name
        assert packed(again)["xl/styles.xml"] == packed(Graft(again).grafted(FIRST))["xl/styles.xml"]


@pytest.mark.parametrize("name", [name for name in seen_by("openpyxl") if ZOO[name].ours or name == "plain.xlsx"])
def test_results_saved_by_openpyxl_are_replaced(name: str) -> None:
    """Whatever it makes of our sheet, the next run replaces that and adds none."""
    stream = io.BytesIO()
    opened(once(name)).save(stream)
    after = in_openpyxl(Graft(stream.getvalue()).grafted(SECOND))
    assert list(after) == list(in_openpyxl(stream.getvalue()))
    assert after[results_name(name)] == shown(SECOND)


# ---------------------------------------------------------------- damage


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The file with some bits turned, bytes cleared, doubled or cut off, in the container or within a part."""
    if chance.random() < 0.5:
        return _spoilt(content, chance)
    parts = unzipped(content)
    part = chance.choice([name for name in parts if parts[name]])
    return zipped(parts | {part: _spoilt(parts[part], chance)})


def _spoilt(content: bytes, chance: random.Random) -> bytes:
    spoilt, at = bytearray(content), chance.randrange(len(content))
    kind = chance.randrange(6)
    if kind == 0:
        return bytes(spoilt[:at])
    if kind == 1:
        spoilt[at : at + chance.randrange(1, 40)] = b""
    elif kind == 2:
        spoilt[at:at] = spoilt[at : at + chance.randrange(1, 400)]
    else:
        for _ in range(chance.randrange(1, 4)):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


@pytest.mark.parametrize(
    "name",
    ["plain.xlsx", "names.xlsx", "prefixed.xlsx", "strict.xlsx", "earlier results.xlsx", "pivot.xlsx", "macros.xlsm",
     "streamed.xlsx", "long sizes.xlsx", "own results and ours.xlsx"],
)  # fmt: skip
def test_damage_is_refused_or_borne(name: str, tmp_path: Path) -> None:
    """Whatever is turned, cut or doubled: a refusal in words, or a whole new file; and the file is not touched."""
    chance = random.Random(name)
    path = tmp_path / name
    ends = {"refused": 0, "grafted": 0}
    for _ in range(passes(250)):
        content = damaged(original(name), chance)
        path.write_bytes(content)
        with suppress(CannotStart):
            read_workbook(path)
        assert path.read_bytes() == content
        try:
            assert len(packed(Graft(content).grafted(SECOND))) >= len(unzipped(content))
            ends["grafted"] += 1
        except CannotGraft:
            ends["refused"] += 1
    assert all(count > 3 for count in ends.values())


# ---------------------------------------------------------------- kills

_SAVING = """
import sys
from pathlib import Path
from bulkops.system.files import save
path, old, new = (Path(each) for each in sys.argv[1:])
contents = [new.read_bytes(), old.read_bytes()]
print("ready", flush=True)
while True:
    for content in contents:
        save(path, content)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not a thing of Windows")
def test_kills_leave_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Killed at any moment of saving, the workbook is one of the two whole ones; what is left beside can be removed."""
    chance, contents = random.Random(4), (original("charts.xlsx"), once("charts.xlsx"))
    path, old, new = tmp_path / "August.xlsx", tmp_path / "old", tmp_path / "new"
    for each, content in ((path, contents[0]), (old, contents[0]), (new, contents[1])):
        each.write_bytes(content)
    left = set()
    for _ in range(passes(100)):
        child = subprocess.Popen(
            [sys.executable, "-c", _SAVING, path, old, new], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert child.stdout is not None
        with child:
            assert child.stdout.readline() == b"ready\n"
            select.select([], [], [], chance.random() / 20)
            child.send_signal(signal.SIGKILL)
        found = path.read_bytes()
        assert found in contents
        left.add(contents.index(found))
    assert left == {0, 1}
    remove_leftovers(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["August.xlsx", "new", "old"]
