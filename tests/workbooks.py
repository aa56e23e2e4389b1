"""Workbooks for the tests: rows typed with openpyxl, parts of XML, or (from the zoo) everything that Excel writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import openpyxl
from python_calamine import CalamineWorkbook
from zoo.book import MAIN, RELATIONSHIPS

from bulkops.model.rows import Cell, Shown
from bulkops.workbook.reader import parsed
from bulkops.workbook.reading.file_content import content_of
from bulkops.workbook.sheets import Sheet, Workbook, column_letters

STRICT = "http://purl.oclc.org/ooxml"
SHEET = "xl/worksheets/sheet1.xml"

Parts = dict[str, str | bytes]
Target = TypeVar("Target", bound=Path | io.BytesIO)


def relations(*targets: tuple[str, str]) -> str:
    """A .rels part: (kind, target), numbered rId1, rId2 …; a kind may be a whole address."""
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{kind if "://" in kind else f"{RELATIONSHIPS}/{kind}"}" '
        f'Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def worksheet(data: str, before: str = "", after: str = "") -> str:
    """A worksheet part around its rows."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData>{after}</worksheet>'


def strings(*items: str) -> str:
    """A sharedStrings part; each item is what stands within its ``<si>``."""
    return f'<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


def styles(*codes: str | int, before: str = "", after: str = "") -> str:
    """A styles part: cell style 1 has the first format, by its code or its builtin number, and so on."""
    own = [code for code in codes if isinstance(code, str)]
    made = "".join(
        f'<numFmt numFmtId="{164 + number}" formatCode="{code.replace("&", "&amp;").replace(chr(34), "&quot;")}"/>'
        for number, code in enumerate(own)
    )
    used = "".join(
        f'<xf numFmtId="{code if isinstance(code, int) else 164 + own.index(code)}"/>' for code in (0, *codes)
    )
    return f'<styleSheet xmlns="{MAIN}"><numFmts>{made}</numFmts>{before}<cellXfs>{used}</cellXfs>{after}</styleSheet>'


def parts(data: str = "", sheet: str | None = None, style: str = "", shared: str = "", workbook: str = "") -> Parts:
    """The parts of a workbook of one sheet called Data: ``data`` is what stands in its sheetData."""
    made: Parts = {
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONSHIPS}">'
            f'<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets>{workbook}</workbook>'
        ),
        SHEET: worksheet(data) if sheet is None else sheet,
    }
    targets = [("worksheet", "worksheets/sheet1.xml")]
    if style:
        made["xl/styles.xml"] = style
        targets.append(("styles", "styles.xml"))
    if shared:
        made["xl/sharedStrings.xml"] = shared
        targets.append(("sharedStrings", "sharedStrings.xml"))
    made["xl/_rels/workbook.xml.rels"] = relations(*targets)
    return made


def save(
    path: Target, contents: Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]], **options: Any
) -> Target:
    """Put parts into a zip, in this order."""
    pairs = contents.items() if isinstance(contents, Mapping) else contents
    with zipfile.ZipFile(path, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return path


def typed(path: Path, *rows: Sequence[Any], title: str = "Data", start: int = 1) -> Path:
    """A workbook of one sheet as openpyxl writes it, its rows from row ``start`` on."""
    return typed_sheets(path, {title: [*[()] * (start - 1), *rows]})


def typed_sheets(
    path: Path, sheets: Mapping[str, Iterable[Sequence[Any]]], hidden: Collection[tuple[str, int]] = ()
) -> Path:
    """A workbook as openpyxl writes it, from the rows of each sheet; ``hidden``: sheets and numbers of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    for name, number in hidden:
        book[name].row_dimensions[number].hidden = True
    book.save(path)
    return path


def read_here(path: Path) -> Workbook:
    """What ``read_workbook`` gives, without a process of its own: hundreds of small cases are read in no time."""
    return parsed(path, content_of(path))


def only_sheet(path: Path) -> Sheet:
    """The one sheet of a workbook."""
    (sheet,) = read_here(path).sheets
    return sheet


def results_of(path: Path, sheet: str = "Results") -> list[list[Any]]:
    """The table of a workbook's Results sheet, its headings first."""
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()
    return rows[next(at for at, row in enumerate(rows) if "What to do" in row) :]


def older_results(path: Path, columns: Sequence[str]) -> None:
    """Put into the place of a workbook's results what an older bulkops would have written: headings in the first row,
    and these columns."""
    headings, *lines = results_of(path)
    table = [list(columns), *([line[headings.index(column)] for column in columns] for line in lines)]
    cells = (
        "".join(
            f'<c r="{column_letters(at)}{number}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
            for at, value in enumerate(row, 1)
            if value != ""
        ).join((f'<row r="{number}">', "</row>"))
        for number, row in enumerate(table, 1)
    )
    xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    with zipfile.ZipFile(path) as archive:
        made: Parts = {name: archive.read(name) for name in archive.namelist()}
    (part,) = (name for name, content in made.items() if b"<!-- bulkops results -->" in bytes(content))
    save(path, {**made, part: f"{xml}<!-- bulkops -->{worksheet(''.join(cells))}"})


def column_of(path: Path, column: str, sheet: str = "Results") -> list[Any]:
    """What the lines of a workbook's Results sheet say in one column."""
    headings, *lines = results_of(path, sheet)
    return [line[headings.index(column)] for line in lines]


def untouched_parts(path: Path) -> dict[str, bytes]:
    """The content of every part that a Results sheet leaves as it is, in a workbook whose own sheets are all input."""
    with zipfile.ZipFile(path) as archive:
        sheets = [part for part in archive.namelist() if b"<!-- bulkops" in archive.read(part)]
        patched = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", *sheets}
        return {part: archive.read(part) for part in archive.namelist() if part not in patched}


def by_address(sheet: Sheet) -> dict[str, Cell]:
    """``A1`` → its cell."""
    return {f"{column_letters(column)}{row.number}": cell for row in sheet.rows for column, cell in row.cells.items()}


def plain(cells: Mapping[str, Cell]) -> dict[str, tuple[str, ...]]:
    """``A1`` → (kind, text), with how it is shown where that is not plain."""
    return {
        address: (cell.kind.name, cell.text, *([] if cell.shown is Shown.PLAIN else [cell.shown.name]))
        for address, cell in cells.items()
    }
