"""The corrections workbook: rows to be corrected, as they stood, each with what to correct in its first column.

Cells are written exactly as they were read, so that a row which nobody corrects is still wrong when it is run: a
number keeps its digits and how it was shown, a text stays a text, and what could not be read is an error value.
openpyxl makes the workbook with its headings; the rows are written by hand, for it would take ten times as long.
"""

import io
import re
import textwrap
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bulkops.model.rows import Cell, Kind
from bulkops.operations.base import Field
from bulkops.system.folders import content as content_there
from bulkops.workbook.allowance import MOST_FILE
from bulkops.workbook.package import Package
from bulkops.workbook.results_layout import COPY
from bulkops.workbook.sheets import column_letters
from bulkops.workbook.text import cell_text
from bulkops.workbook.writing.corrected_cells import cell_xml, message_xml, number_format, stored
from bulkops.workbook.writing.input_sheets import content_of, input_rule, landscape
from bulkops.workbook.writing.repack import UndatedZip

HEADING = "What to correct"
"""The first column's; it is ignored when the workbook is run."""
MARK = "_bulkops.corrections"
"""The hidden workbook name by which a corrections workbook of ours is known."""
_WIDTH, _WIDEST, _LETTER = 58, 40, 1.05
"""Of the first column, the most of a column without a field, and letters of running text for each unit of width."""
_DATE_WIDTH = len("2026-11-21 10:15")
_LINE_HEIGHT, _HIGHEST = 15, 405
"""Points; Excel allows a row no more than 409."""
_LONGEST_TITLE = 31
_BLAMED, _EDGE = "FFC7CE", "C00000"
"""The fill of a cell that is to blame, and its border: seen on paper without colours, too."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row to be corrected."""

    message: str
    failed: bool
    """EnergyCAP refused it; else it was never sent."""
    cells: Mapping[int, Cell]
    """By the column in which they stood."""
    marked: Set[int]
    """The columns of the cells that are to blame."""


@dataclass(frozen=True, slots=True)
class CorrectionSheet:
    """The rows of one input sheet that are to be corrected."""

    name: str
    columns: Sequence[int]
    """Those that it has, in the operator's order, by the column in which they stood."""
    headings: Mapping[int, Cell]
    marked: Set[int]
    """The columns of headings that are to blame."""
    fields: Mapping[int, Field]
    """What the columns mean that are known."""
    needed: Set[int]
    """The columns that must be filled in."""
    lines: Sequence[Line]
    since_1904: bool = False


def ours(path: Path) -> bool:
    """Is this a corrections workbook that bulkops has made?"""
    try:
        book = Package(content_there(path, MOST_FILE)).read("xl/workbook.xml")
    except (OSError, ValueError):  # what is damaged, or too much to be looked at, is not surely ours
        return False
    # The results of a corrections workbook that was open when it was run are in a copy of it.
    return MARK.encode() in book and COPY.encode() not in book


def content(sheets: Sequence[CorrectionSheet], source: str) -> bytes:
    """The workbook's bytes. ``source``: the name of the workbook the rows come from; at least one sheet."""
    from openpyxl import Workbook
    from openpyxl.utils import quote_sheetname
    from openpyxl.utils.datetime import CALENDAR_MAC_1904
    from openpyxl.workbook.defined_name import DefinedName

    book = Workbook(write_only=True)
    if sheets[0].since_1904:
        book.epoch = CALENDAR_MAC_1904
    rows = {}
    titles = _titles(sheet.name for sheet in sheets)
    for number, (each, title) in enumerate(zip(sheets, titles, strict=True), 1):
        rows[f"xl/worksheets/sheet{number}.xml"] = _Writer(book.create_sheet(title), each, source).write()
    place = f"{quote_sheetname(book.worksheets[0].title)}!$A$1"
    book.defined_names[MARK] = DefinedName(MARK, attr_text=place, hidden=True)
    return _with_rows(content_of(book), rows)


def _with_rows(book: bytes, rows: Mapping[str, str]) -> bytes:
    """The workbook with more rows at the end of its sheets, which are given by their parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as headings, UndatedZip(stream, "w", zipfile.ZIP_DEFLATED) as whole:
        for name in headings.namelist():
            before, end, after = headings.read(name).partition(b"</sheetData>")
            whole.writestr(name, b"".join((before, rows.get(name, "").encode(), end, after)))
    return stream.getvalue()


def _titles(names: Iterable[str]) -> list[str]:
    """Names as Excel allows them for sheets, each once; those of text files and other programs need not be."""
    titles: list[str] = []
    taken: set[str] = set()
    for name in names:
        title = re.sub(r"[\\*?:/\[\]\x00-\x1f]", "_", name)[:_LONGEST_TITLE].strip("'") or "Rows"
        if title.casefold() in taken:
            number = f" ({len(titles) + 1})"
            title = f"{title[: _LONGEST_TITLE - len(number)]}{number}"
        taken.add(title.casefold())
        titles.append(title)
    return titles


@dataclass(frozen=True, slots=True)
class _Look:
    """How a cell looks."""

    form: str = "@"
    fill: str = ""
    colour: str = "000000"
    bold: bool = False
    wrap: bool = False
    border: str = ""


_NEEDED, _OPTIONAL, _IGNORED, _OURS = (
    _Look(fill=fill, colour="FFFFFF", bold=True, wrap=True) for fill in ("1F3A5F", "5B7493", "8A8A8A", "7F4A00")
)
_WRONG_HEADING = _Look(fill=_BLAMED, colour="9C0006", bold=True, wrap=True, border=_EDGE)
_INVALID, _FAILED = (_Look(fill=fill, wrap=True, border="FFFFFF") for fill in ("FBE3B6", "F6CFCB"))


class _Writer:
    """Writes one sheet."""

    def __init__(self, sheet: Any, given: CorrectionSheet, source: str) -> None:
        self._sheet, self._given, self._source = sheet, given, source
        self._looks: dict[_Look, Any] = {}
        self._styles: dict[tuple[str, bool], int] = {}

    def write(self) -> str:
        """Widths, rules and headings are put into the sheet; its rows, which it still lacks, as XML."""
        given, sheet = self._given, self._sheet
        self._columns()
        # What to correct stays in sight while the cells to the right are being corrected.
        sheet.freeze_panes = "B2"
        sheet.print_title_rows = "1:1"
        landscape(sheet)
        sheet.row_dimensions[1].height = 48
        sheet.append([self._made(cell_text(HEADING), "s", _OURS), *map(self._heading, given.columns)])
        return "".join(self._rows())

    def _rows(self) -> Iterator[str]:
        texts = {column for column, field in self._given.fields.items() if field.text}
        places = [(column, column_letters(at), column in texts) for at, column in enumerate(self._given.columns, 2)]
        for number, line in enumerate(self._given.lines, 2):
            yield f'<row r="{number}" ht="{_height(line.message)}" customHeight="1">'
            tint = self._styled(_FAILED if line.failed else _INVALID).style_id
            yield message_xml(f"A{number}", tint, line.message)
            for column, letters, text in places:
                cell, marked = line.cells.get(column), column in line.marked
                if cell is not None:
                    yield cell_xml(f"{letters}{number}", self._style(number_format(cell), marked), cell)
                elif marked:
                    yield f'<c r="{letters}{number}" s="{self._style("@" if text else "General", marked)}" t="n"/>'
            yield "</row>"

    def _style(self, form: str, marked: bool) -> int:
        if (form, marked) not in self._styles:
            look = _Look(form, _BLAMED, border=_EDGE) if marked else _Look(form)
            self._styles[form, marked] = self._styled(look).style_id
        return self._styles[form, marked]

    def _columns(self) -> None:
        """Widths, text formats, drop-downs, and what is said of a column when one of its cells is chosen."""
        about = (
            f"Correct the coloured cells, save, and run this workbook. The rows are from {self._source}. "
            "bulkops does not read this column."
        )
        ours = Field("", HEADING, lambda _: None, about, width=_WIDTH)
        for position, column in enumerate((0, *self._given.columns), 1):
            field = self._given.fields.get(column) if column else ours
            dimension = self._sheet.column_dimensions[column_letters(position)]
            dimension.width = self._width(column, field)
            if field is not None:
                self._sheet.data_validations.append(input_rule(position, field))
                if field.text:
                    # So that Excel keeps 00102 and long ids as they are typed.
                    dimension.number_format = "@"

    def _width(self, column: int, field: Field | None) -> float:
        heading = self._given.headings.get(column)
        longest_word = max((len(word) for word in (heading.text if heading else "").split()), default=0)
        if field is not None:
            return max(field.width, min(longest_word + 3, _WIDEST))
        cells = (line.cells[column] for line in self._given.lines if column in line.cells)
        longest = max((_DATE_WIDTH if cell.kind is Kind.DATE else len(cell.text) for cell in cells), default=0)
        return max(8, min(max(longest, longest_word) + 3, _WIDEST))

    def _heading(self, column: int) -> Any:
        look = _OPTIONAL if column in self._given.fields else _IGNORED
        if column in self._given.marked:
            look = _WRONG_HEADING
        elif column in self._given.needed:
            look = _NEEDED
        cell = self._given.headings.get(column)
        value, type_ = stored(cell) if cell else (None, "n")
        return self._made(value, type_, look)

    def _made(self, value: Any, type_: str, look: _Look) -> Any:
        made = copy(self._styled(look))
        # openpyxl would take "=1+1" for a formula, and write a number in digits of its own.
        made._value, made.data_type = value, type_
        return made

    def _styled(self, look: _Look) -> Any:
        if look not in self._looks:
            self._looks[look] = _styled(self._sheet, look)
        return self._looks[look]


def _styled(sheet: Any, look: _Look) -> Any:
    """A cell without a value."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    cell = WriteOnlyCell(sheet)
    cell.number_format = look.form
    cell.font = Font(name="Calibri", size=11, bold=look.bold, color=look.colour)
    cell.alignment = Alignment(vertical="center" if look.bold else "top", wrap_text=look.wrap)
    if look.fill:
        cell.fill = PatternFill("solid", fgColor=look.fill)
    if look.border:
        side = Side(style="thin", color=look.border)
        cell.border = Border(left=side, right=side, top=side, bottom=side)
    return cell


def _height(message: str) -> int:
    """Points for a message when it is wrapped; without it LibreOffice lets rows overlap."""
    # What is past the highest row is not seen, and need not be measured.
    return min(sum(map(_wrapped, message[:4000].split("\n"))) * _LINE_HEIGHT, _HIGHEST)


@lru_cache(maxsize=1000)
def _wrapped(line: str) -> int:
    """How many lines it takes; many rows say the same."""
    width = int(_WIDTH * _LETTER)
    return 1 if len(line) <= width and "\t" not in line else len(textwrap.wrap(line, width)) or 1
