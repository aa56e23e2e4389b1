"""The cells of an old Excel workbook (.xls, BIFF5 and BIFF8) as they are, with their facts.

xlrd reads values, error values, formats, hidden rows and merges; what it does not tell, whether
the program that wrote a formula's result had calculated it, is looked up in the records themselves
([MS-XLS] Formula, Uncalced, RecalcId: without the last, Excel itself calculates when it opens the file).
A result of 0 is proof only in a file that Excel itself saved: LibreOffice stores it for every formula that it loaded
with a text and did not calculate itself, and marks the file as calculated all the same.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from bulkops.messages.errors import CannotStart
from bulkops.model.rows import Cell, Kind
from bulkops.workbook.allowance import Allowance, TooBig
from bulkops.workbook.number_formats import Format, format_of
from bulkops.workbook.reading.compound_file import BROKEN_XLS, application
from bulkops.workbook.reading.sheet_views import FILTERED, HIDDEN_ROWS, ROWS_LIKE_A_CELL, Views
from bulkops.workbook.reading.xls_formulas import OldFormulas
from bulkops.workbook.sheets import MAX_CELLS, NUMBER, Names, Sheet, SheetRow, Subtotal, may_be_code, number_cell

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet as XlrdSheet

_TEXT, _NUMBER, _DATE, _BOOL, _ERROR = range(1, 6)
_FORMULA, _EOF, _UNCALCED, _BOUNDSHEET, _RECALCID, _BOF = 0x06, 0x0A, 0x5E, 0x85, 0x1C1, 0x809
_CALCULATE_ON_LOAD = 2
_FLAGS = 8
"""Where the first record of an Excel 97 or later tells on which systems it was edited."""
_EXCEL = ("Microsoft Excel", "Microsoft Macintosh Excel")
_CALCMODE, _SAVERECALC = 0x0D, 0x5F
_AUTOFILTER, _USERSVIEWBEGIN, _USERSVIEWEND = 0x9E, 0x1AA, 0x1AB
_BY_HAND = {_CALCMODE: bytes(2), _SAVERECALC: bytes(2)}
_ZEROS, _NO_TEXT = (bytes(8), bytes(7) + b"\x80"), b"\3" + bytes(5) + b"\xff\xff"
_A_TEXT = b"\0\xff\xff"
"""The first and the last two bytes of a result that stands in a record of its own."""
_FIRST_CUSTOM = 164
"""The first format number that is a workbook's own; those below it stand for one format each."""
_BIFF8 = 80
_WHOLE_BOOK, _REFERENCE = -1, -1
"""Of a name: that no sheet has it for its own; that it stands for cells."""


def read_xls(path: Path, content: bytes) -> tuple[list[Sheet], Names]:
    """Every worksheet of an .xls, and its names.

    Raises CannotStart for what is damaged, encrypted or older than Excel 5; TooBig.
    """
    from xlrd import open_workbook
    from xlrd.biffh import XLRDError
    from xlrd.compdoc import CompDocError
    from xlrd.formula import FormulaError

    try:
        with open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True, on_demand=True, ragged_rows=True
        ) as book:
            reader = _Reader(path, book, application(content))
            return reader.sheets(), reader.names()
    except TooBig:
        raise
    except XLRDError as error:
        if "encrypted" in str(error):
            raise CannotStart("workbook.encrypted", path=path.name) from error
        raise _unreadable(path) from error
    except (CompDocError, FormulaError, *BROKEN_XLS) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> CannotStart:
    """Other programs may open it: what xlrd stumbles over need not be damage. None of them tells all that matters."""
    return CannotStart("workbook.xls", path=path.name)


@dataclass(slots=True)
class _Formulas:
    """Of one sheet: the formulas whose result is not sure."""

    missing: set[tuple[int, int]] = field(default_factory=set)
    """Row and column, from 0, of those with the 0 or the empty text that programs store which do not calculate."""
    others: bool = False
    subtotals: list[Subtotal] = field(default_factory=list)
    sums: list[tuple[int, int]] = field(default_factory=list)
    texts: set[tuple[int, int]] = field(default_factory=set)
    """Row and column, from 1, of those with a text as their result."""
    filtering: set[str] = field(default_factory=set)
    """The ids of the custom views with a filter that leaves rows out."""


class _Reader:
    def __init__(self, path: Path, book: Book, program: str) -> None:
        self.path, self.book, self.program = path, book, program
        if book.biff_version < 50:
            raise CannotStart("workbook.xls", path=path.name)
        custom = {key: each.format_str for key, each in book.format_map.items() if key >= _FIRST_CUSTOM}
        self.formats: list[Format] = [format_of(style.format_key, custom) for style in book.xf_list]
        self.take = Allowance(MAX_CELLS).take
        """A small file can hold more cells than memory does."""
        self.old_formulas = OldFormulas(book)

    def sheets(self) -> list[Sheet]:
        formulas = list(self.formulas())
        if len(formulas) != self.book.nsheets:
            raise ValueError("more or fewer sheets than their list has")
        return [self.sheet(self.book.sheet_by_index(number), each) for number, each in enumerate(formulas)]

    def names(self) -> dict[str, str]:
        """Those that point to a place at all; to which sheet, only where that can be told."""
        titles = self.book.sheet_names()
        found = {}
        for each in self.book.name_obj_list:
            if each.scope == _WHOLE_BOOK:
                places = each.result.value if each.result is not None and each.result.kind == _REFERENCE else None
                at = places[0].coords[0] if places else -1
                found[each.name.lower()] = titles[at] if 0 <= at < len(titles) else ""
        return found

    def sheet(self, found: XlrdSheet, formulas: _Formulas) -> Sheet:
        hidden = found.visibility != 0
        sheet = Sheet(found.name, hidden, outdated=formulas.others, since_1904=bool(self.book.datemode))
        sheet.merged = [(left + 1, top + 1, right, bottom) for top, bottom, left, right in found.merged_cells]
        sheet.subtotals, sheet.sums = formulas.subtotals, formulas.sums
        columns = found.colinfo_map.items()
        sheet.hidden_columns = [(at + 1, at + 1) for at, each in sorted(columns) if each.hidden or each.width == 0]
        for number in range(found.nrows):
            cells = dict(self.cells(found, number, formulas))
            texts = [each for each in cells.values() if (number + 1, each.column) in formulas.texts]
            sheet.calculated += [(number + 1, each.column) for each in texts if may_be_code(each.text)]
            self.take(len(cells))
            info = found.rowinfo_map.get(number)
            out = bool(info.hidden) or info.height == 0 if info else bool(found.default_row_hidden)
            if cells:
                sheet.rows.append(SheetRow(number + 1, hidden or out, cells))
        views = self.views(found.number, formulas.filtering)
        self.take(len(views) * len(sheet.rows) // ROWS_LIKE_A_CELL)
        sheet.views = views.filtered(sheet.rows)
        out_of_sight = {number for numbers in sheet.views.values() for number in numbers}
        for row in sheet.rows:
            row.hidden = row.hidden or row.number in out_of_sight
        return sheet

    def views(self, sheet: int, filtering: set[str]) -> Views:
        """The custom views of a sheet. Of one with a filter, every row that it filters counts as left out."""
        views = Views()
        for each in self.book.name_obj_list:
            hides, filters = (names.fullmatch(each.name.lower()) for names in (HIDDEN_ROWS, FILTERED))
            areas = each.result.value if each.result is not None and each.result.kind == _REFERENCE else []
            for first, last, top, bottom in (area.coords[:4] for area in areas or ()):
                if first <= sheet < last and hides:
                    views.hide("custom view", top + 1, bottom)
                elif first <= sheet < last and filters and filters[1] in filtering:
                    views.hide("custom view", top + 2, bottom)
        return views

    def cells(self, sheet: XlrdSheet, row: int, formulas: _Formulas) -> Iterator[tuple[int, Cell]]:
        for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
            if (row, column) in formulas.missing:
                yield column + 1, Cell(column + 1, Kind.FORMULA, "")
            elif kind == _TEXT:
                if value != "":
                    yield column + 1, Cell(column + 1, Kind.TEXT, self.text(value))
            elif kind in (_NUMBER, _DATE):
                yield column + 1, self.number(column + 1, value, sheet.cell_xf_index(row, column))
            elif kind == _BOOL:
                yield column + 1, Cell(column + 1, Kind.BOOL, "TRUE" if value else "FALSE")
            elif kind == _ERROR:
                yield column + 1, Cell(column + 1, Kind.ERROR, _error_name(value))

    def text(self, value: str) -> str:
        if self.book.biff_version < _BIFF8 and not self.book.codepage and not value.isascii():
            raise CannotStart("workbook.xls", path=self.path.name)  # it does not say which letters these are
        return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value

    def number(self, column: int, value: float, style: int) -> Cell:
        digits = repr(value).removesuffix(".0")
        if not NUMBER.fullmatch(digits):
            return Cell(column, Kind.ERROR, digits)
        return number_cell(column, digits, self.formats[style])

    def formulas(self) -> Iterator[_Formulas]:
        """Of each worksheet in the book's order, what the records say of its formulas."""
        book = list(self.records(0))
        calculated = any(record == _RECALCID for record, _, _ in book)
        # LibreOffice writes no flags into the first record, and does not say that it is Excel.
        _, start, size = book[0]
        flags = self.book.mem[start + _FLAGS : start + size]
        self.by_excel = self.program in _EXCEL and any(flags[:4])
        for record, start, _ in book:
            if record == _BOUNDSHEET and self.book.mem[start + 5] == 0:
                (position,) = struct.unpack_from("<I", self.book.mem, start)
                yield self.formulas_at(position, calculated)

    def formulas_at(self, position: int, calculated: bool) -> _Formulas:
        found = _Formulas()
        records = list(self.records(position))
        uncalculated = any(record == _UNCALCED for record, _, _ in records)
        # Calculated by hand only, and not when it is saved: who can say when it was calculated last?
        settings = {record: self.book.mem[start : start + 2] for record, start, _ in records if record in _BY_HAND}
        found.subtotals += self.old_formulas.subtotals(records, found.sums)
        view = ""
        for record, start, _ in records:
            if record == _USERSVIEWBEGIN:
                view = str(UUID(bytes_le=bytes(self.book.mem[start : start + 16]))).replace("-", "_")
            elif record == _USERSVIEWEND:
                view = ""
            elif record == _AUTOFILTER and view:
                found.filtering.add(view)
            elif record == _FORMULA:
                row, column, _, result, options = struct.unpack_from("<HHH8sH", self.book.mem, start)
                if result[:1] + result[6:] == _A_TEXT:
                    found.texts.add((row + 1, column + 1))
                placeholder = uncalculated or options & _CALCULATE_ON_LOAD
                asked = placeholder or not calculated
                zero = result in _ZEROS and (placeholder or not self.by_excel)
                if zero or (asked and result == _NO_TEXT):
                    found.missing.add((row, column))
                elif asked or settings == _BY_HAND:
                    found.others = True
        return found

    def records(self, position: int) -> Iterator[tuple[int, int, int]]:
        """(number, where its data begin, their length) of every record of a part of the stream."""
        at, end, depth = self.book.base + position, self.book.base + self.book.stream_len, 0
        while at + 4 <= end:
            record, size = struct.unpack_from("<HH", self.book.mem, at)
            depth += (record == _BOF) - (record == _EOF)
            yield record, at + 4, size
            at += 4 + size
            if depth <= 0:
                return
        raise ValueError("the stream ends too early")


def _error_name(code: int) -> str:
    from xlrd.biffh import error_text_from_code

    return str(error_text_from_code.get(code, "without a name"))
