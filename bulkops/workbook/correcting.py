"""The corrections workbook: rows to be corrected, as they stood, each with what to correct in its first column.

Cells are written exactly as they were read, so that a row which nobody corrects is still wrong when it is run: a
number keeps its digits and how it was shown, a text stays a text, and what could not be read is an error value.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bulkops.folders import content as content_there
from bulkops.model import Cell, Kind, Shown
from bulkops.operations.base import Field
from bulkops.workbook.archive import Archive
from bulkops.workbook.forms import content_of, input_rule
from bulkops.workbook.relations import read_small
from bulkops.workbook.results_sheet import COPY
from bulkops.workbook.text import cell_text, escape

_MOST = 200 * 2**20
"""Bytes of a file, as in reading."""
HEADING = "What to correct"
"""The first column's; it is ignored when the workbook is run."""
MARK = "_bulkops.corrections"
"""The hidden workbook name by which a corrections workbook of ours is known."""
_WIDTH, _WIDEST, _LETTER = 58, 40, 1.05
"""Of the first column, the most of a column without a field, and letters of running text for each unit of width."""
_DATE_WIDTH = len("2026-11-21 10:15")
_LINE_HEIGHT, _HIGHEST = 15.0, 405.0
"""Points; Excel allows a row no more than 409."""
_LONGEST_TITLE = 31
_FORMATS = {
    Shown.PLAIN: "General",
    Shown.PERCENT: "0.00%",
    Shown.GROUPED: "#,##0.##########",
    # A word makes a text column refuse it as before, and no other.
    Shown.DRESSED: 'General" (number)"',
    # How it was shown is not known here. With a digit among the words it is no number that may be sent.
    Shown.SPECIAL: '0.###############" (special format 1)"',
}
_POWERS = {Shown.SCIENTIFIC: "0", Shown.ENGINEERING: "##0"}
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
class Sheet:
    """The rows of one input sheet that are to be corrected."""

    name: str
    columns: Sequence[int]
    """Those that are kept, in the operator's order, by the column in which they stood."""
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
        book = read_small(Archive(content_there(path, _MOST)), "xl/workbook.xml")
    except (OSError, ValueError):  # what is damaged, or too much to be looked at, is not surely ours
        return False
    # The results of a corrections workbook that was open when it was run are in a copy of it.
    return MARK.encode() in book and COPY.encode() not in book


def content(sheets: Sequence[Sheet], source: str) -> bytes:
    """The workbook's bytes. ``source``: the name of the workbook the rows come from; at least one sheet."""
    from openpyxl import Workbook
    from openpyxl.utils import quote_sheetname
    from openpyxl.utils.datetime import CALENDAR_MAC_1904
    from openpyxl.workbook.defined_name import DefinedName

    book = Workbook(write_only=True)
    if sheets[0].since_1904:
        book.epoch = CALENDAR_MAC_1904
    for each, title in zip(sheets, _titles(sheet.name for sheet in sheets), strict=True):
        _Writer(book.create_sheet(title), each, source).write()
    place = f"{quote_sheetname(book.worksheets[0].title)}!$A$1"
    book.defined_names[MARK] = DefinedName(MARK, attr_text=place, hidden=True)
    return content_of(book)


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
    """Writes one sheet, row by row."""

    def __init__(self, sheet: Any, given: Sheet, source: str) -> None:
        self._sheet, self._given, self._source = sheet, given, source
        self._styles: dict[_Look, Any] = {}

    def write(self) -> None:
        """Everything there is to the sheet: widths, rules, headings, rows."""
        given, sheet = self._given, self._sheet
        self._columns()
        # What to correct stays in sight while the cells to the right are being corrected.
        sheet.freeze_panes = "B2"
        sheet.print_title_rows = "1:1"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.row_dimensions[1].height = 48
        sheet.append([self._text(HEADING, _OURS), *map(self._heading, given.columns)])
        for number, line in enumerate(given.lines, 2):
            sheet.row_dimensions[number].height = _height(line.message)
            sheet.append([self._message(line), *(self._cell(line, column) for column in given.columns)])

    def _columns(self) -> None:
        """Widths, text formats, drop-downs, and what is said of a column when one of its cells is chosen."""
        from openpyxl.utils import get_column_letter

        about = (
            f"Correct the coloured cells, save, and run this workbook. The rows are from {self._source}. "
            "bulkops does not read this column."
        )
        ours = Field("", HEADING, lambda _: None, about, width=_WIDTH)
        for position, column in enumerate((0, *self._given.columns), 1):
            field = self._given.fields.get(column) if column else ours
            dimension = self._sheet.column_dimensions[get_column_letter(position)]
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
        return self._value(cell, look) if cell else self._made(None, "n", look)

    def _cell(self, line: Line, column: int) -> Any:
        cell, marked = line.cells.get(column), column in line.marked
        field = self._given.fields.get(column)
        look = _Look(fill=_BLAMED, border=_EDGE) if marked else _Look()
        if cell is not None:
            return self._value(cell, replace(look, form=_form(cell)))
        blank = replace(look, form="@" if field is not None and field.text else "General")
        return self._made(None, "n", blank) if marked else None

    def _value(self, cell: Cell, look: _Look) -> Any:
        """A cell as it was read; a number in the digits of the file, not in those that Python would write."""
        if cell.kind is Kind.TEXT:
            return self._made(escape(cell.text), "s", look)
        if cell.kind is Kind.BOOL:
            return self._made("1" if cell.text == "TRUE" else "0", "b", look)
        return self._made(cell.text, "e" if cell.kind is Kind.ERROR else "n", look)

    def _message(self, line: Line) -> Any:
        """The message, its first line bold."""
        from openpyxl.cell.rich_text import CellRichText, TextBlock
        from openpyxl.cell.text import InlineFont

        first, _, rest = cell_text(line.message).partition("\n")
        bold = TextBlock(InlineFont(rFont="Calibri", sz=11, b=True), first)
        return self._made(CellRichText(bold, f"\n{rest}"), "s", _FAILED if line.failed else _INVALID)

    def _text(self, text: str, look: _Look) -> Any:
        return self._made(cell_text(text), "s", look)

    def _made(self, stored: Any, type_: str, look: _Look) -> Any:
        from openpyxl.cell import WriteOnlyCell

        made = WriteOnlyCell(self._sheet)
        # openpyxl would take "=1+1" for a formula, and write a number in digits of its own.
        made._value, made.data_type = stored, type_
        if look not in self._styles:
            self._styles[look] = _styled(self._sheet, look)
        made._style = self._styles[look]._style
        return made


def _styled(sheet: Any, look: _Look) -> Any:
    """A cell to copy the look from: to name a style anew for every cell takes most of the writing time."""
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


def _form(cell: Cell) -> str:
    """The number format for a cell: it shows what the operator saw, and nothing that may be sent more than before."""
    if cell.kind is Kind.NUMBER:
        if cell.decimals is not None and cell.shown in _POWERS:
            return f"{_POWERS[cell.shown]}.{'0' * cell.decimals}E+0"
        if cell.decimals is not None and cell.shown is Shown.PLAIN:
            return f"0.{'0' * cell.decimals}".rstrip(".")
        return _FORMATS[cell.shown]
    if cell.kind is Kind.DATE:
        whole, _, part = cell.text.partition(".")
        if not part.strip("0"):
            return "yyyy-mm-dd"
        return "yyyy-mm-dd hh:mm" if whole.strip("0") else "hh:mm:ss"
    return "@" if cell.kind is Kind.TEXT else "General"


def _height(message: str) -> float:
    """Points for a message when it is wrapped; without it LibreOffice lets rows overlap."""
    # What is past the highest row is not seen, and need not be measured.
    lines = sum(len(textwrap.wrap(part, int(_WIDTH * _LETTER))) or 1 for part in message[:4000].split("\n"))
    return min(lines * _LINE_HEIGHT, _HIGHEST)
