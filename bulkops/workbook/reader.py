"""The cells of a workbook as they are: types, error values, formulas, formats, hidden rows.

One pass of expat per part. Nothing is inferred: a number keeps the digits of the file,
text stays text, and the declared dimensions of a sheet are never trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from bulkops.errors import CannotStart
from bulkops.model import Cell, Kind, Shown
from bulkops.workbook.formats import Format
from bulkops.workbook.package import MAIN, Package
from bulkops.workbook.shared import cell_formats, shared_strings
from bulkops.workbook.text import natural, unescape

_ROW, _C, _V, _T, _F, _RPH, _MERGE, _COL = (
    f"{MAIN} {name}" for name in ("row", "c", "v", "t", "f", "rPh", "mergeCell", "col")
)
_NUMBER = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_TEXTS = ("str", "inlineStr")
_BOOLS = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}
_DIGITS = "0123456789"
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_MAX_CELLS = 5_000_000
"""About a gigabyte of memory; fifty times what anybody sends."""


@dataclass(slots=True)
class RawRow:
    """One row that holds at least one cell."""

    number: int
    hidden: bool
    cells: dict[int, Cell]
    """By column, 1 for A."""


@dataclass(slots=True)
class RawSheet:
    """One worksheet, read whole."""

    name: str
    hidden: bool
    rows: list[RawRow] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    outdated: bool = False
    """It holds formulas' results that the file itself asks to be calculated anew."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column, first row, last column, last row of each merged range."""


@dataclass(frozen=True, slots=True)
class RawWorkbook:
    """What was read, and the hash of the very bytes it was read from."""

    path: Path
    sha256: str
    sheets: tuple[RawSheet, ...]


def read_workbook(path: Path) -> RawWorkbook:
    """Read every worksheet of an .xlsx or .xlsm. Raises CannotStart with a sentence for anything else."""
    package = Package(path)
    parser = _SheetParser(package, cell_formats(package), shared_strings(package))
    sheets = []
    for name, hidden, part in package.sheets():
        sheet = RawSheet(name, hidden)
        parser.read(part, sheet)
        sheets.append(sheet)
    return RawWorkbook(path, package.sha256, tuple(sheets))


def column_letters(column: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _is_true(attributes: dict[str, str], name: str) -> bool:
    return attributes.get(name, "0") in ("1", "true")


def _column(letters: str) -> int:
    """A → 1, AA → 27. Raises ValueError for anything but A to XFD."""
    column = 0
    for char in letters[:4]:
        column = column * 26 + "-ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(char)
    if not letters or "-" in letters or column > _LAST_COLUMN:
        raise ValueError(letters)
    return column


def _corners(reference: str) -> tuple[int, int, int, int]:
    """``A1:B3`` → first column, first row, last column, last row. Raises ValueError."""
    first, _, last = reference.partition(":")
    columns, rows = [], []
    for corner in (first, last or first):
        letters = corner.rstrip(_DIGITS)
        columns.append(_column(letters))
        rows.append(natural(corner[len(letters) :]))
    return min(columns), min(rows), max(columns), max(rows)


class _SheetParser:
    """expat's handlers for worksheet parts; they keep every fact of every cell.

    What can be read in two ways (two rows or cells of one place, two values in a cell) is a ValueError, which the
    package turns into a refusal.
    """

    def __init__(self, package: Package, formats: list[Format], strings: list[str]) -> None:
        self.package, self.formats, self.strings = package, formats, strings
        self.stale = package.recalculates()
        self.room = _MAX_CELLS
        self.columns: dict[str, int] = {}

    def read(self, part: str, sheet: RawSheet) -> None:
        """Fill the sheet with what the part holds."""
        self.sheet = sheet
        self.seen: dict[int, RawRow] = {}
        self.unsolved: list[tuple[int, int, int, int]] = []
        self.row, self.digits, self.column = RawRow(0, False, {}), "", 0
        self.attributes: dict[str, str] = {}
        self.value: str | None = None
        self.inline: str | None = None
        self.formula: dict[str, str] | None = None
        self.pieces: list[str] | None = None
        self.phonetic = False
        self.package.parse(part, f"{MAIN} worksheet", self.start, self.end, self.text)
        self.spread()
        sheet.rows.extend(self.seen[number] for number in sorted(self.seen))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == _C:
            self.start_cell(attributes)
        elif tag == _V:
            if self.value is not None:
                raise ValueError("two values")
            self.pieces = []
        elif tag == _T:
            if not self.phonetic:
                self.pieces = []
        elif tag == _F:
            self.formula = attributes
        elif tag == _ROW:
            self.start_row(attributes)
        elif tag == _RPH:
            self.phonetic = True
        elif tag == _MERGE:
            self.sheet.merged.append(_corners(attributes.get("ref", "")))
        elif tag == _COL and (_is_true(attributes, "hidden") or float(attributes.get("width", 1)) == 0):
            self.sheet.hidden_columns.append((natural(attributes["min"]), natural(attributes["max"])))

    def start_row(self, attributes: dict[str, str]) -> None:
        number = natural(attributes["r"]) if "r" in attributes else self.row.number + 1
        if not 1 <= number <= _LAST_ROW:
            raise ValueError(number)
        hidden = self.sheet.hidden or _is_true(attributes, "hidden") or float(attributes.get("ht", 1)) == 0
        self.row = RawRow(number, hidden, {})
        self.digits = str(number)
        self.column = 0

    def start_cell(self, attributes: dict[str, str]) -> None:
        if "r" in attributes:
            reference = attributes["r"]
            letters = reference.rstrip(_DIGITS)
            if reference[len(letters) :] != self.digits:
                raise ValueError(reference)
            self.column = self.columns.get(letters) or self.columns.setdefault(letters, _column(letters))
        else:
            self.column += 1
        if self.column in self.row.cells or self.column > _LAST_COLUMN:
            raise ValueError(self.column)
        self.attributes = attributes
        self.value = self.inline = self.formula = None

    def text(self, data: str) -> None:
        if self.pieces is not None:
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        if tag == _V:
            if self.pieces is None:
                raise ValueError("a value within a value")
            self.value = "".join(self.pieces)
            self.pieces = None
        elif tag == _C:
            self.end_cell()
        elif tag == _T:
            if self.pieces is not None:
                self.inline = (self.inline or "") + "".join(self.pieces)
                self.pieces = None
        elif tag == _ROW:
            if self.row.cells:
                self.keep(self.row)
        elif tag == _RPH:
            self.phonetic = False

    def keep(self, row: RawRow) -> None:
        self.take(len(row.cells))
        if row.number in self.seen:
            raise ValueError(row.number)
        self.seen[row.number] = row

    def take(self, cells: int) -> None:
        """A small file can hold more cells than memory does."""
        self.room -= cells
        if self.room < 0:
            raise CannotStart("workbook.too_big", path=self.package.path.name)

    def end_cell(self) -> None:
        type_ = self.attributes.get("t", "n")
        value, stray = (self.inline, self.value) if type_ == "inlineStr" else (self.value, self.inline)
        if stray is not None:
            raise ValueError("a value of another type")
        # An empty text is a result; an empty number is what programs write that do not calculate.
        stored = value is not None and (type_ in _TEXTS or value.strip() != "")
        # Programs that do not calculate store a 0 for every formula and ask Excel to calculate; other results
        # in such a file may be old: they are what is stored, and the operator is told.
        if self.formula is not None and self.stale and stored:
            stored = type_ != "n" or value is None or value.strip() != "0"
            self.sheet.outdated = self.sheet.outdated or stored
        if self.formula is not None and not stored:
            self.row.cells[self.column] = Cell(self.column, Kind.FORMULA, "")
            if self.formula.get("t") in ("array", "dataTable"):
                self.unsolved.append(_corners(self.formula.get("ref", "")))
        elif value is not None and stored:
            cell = self.cell(type_, value if type_ in _TEXTS else value.strip())
            if cell.text != "":
                self.row.cells[self.column] = cell
        elif type_ == "e":
            self.row.cells[self.column] = Cell(self.column, Kind.ERROR, "without a name")

    def cell(self, type_: str, value: str) -> Cell:
        """A value by its type; one that is not of its type is an error value."""
        if type_ == "s":
            return Cell(self.column, Kind.TEXT, self.strings[natural(value)])
        if type_ == "n" and _NUMBER.fullmatch(value):
            return self.number(value)
        if type_ in _TEXTS:
            return Cell(self.column, Kind.TEXT, unescape(value))
        if type_ == "b" and value.lower() in _BOOLS:
            return Cell(self.column, Kind.BOOL, _BOOLS[value.lower()])
        return Cell(self.column, Kind.DATE if type_ == "d" else Kind.ERROR, value)

    def number(self, value: str) -> Cell:
        format_ = self.formats[natural(self.attributes.get("s", "0"))]
        if format_.date:
            return Cell(self.column, Kind.DATE, value)
        decimals = value.partition(".")[2]
        if format_.decimals is not None and decimals.strip("0") and len(decimals) != format_.decimals:
            # 12.5 as 12.50 or 13: the same number, but not in the digits of the file.
            return Cell(self.column, Kind.NUMBER, value, Shown.GROUPED)
        return Cell(self.column, Kind.NUMBER, value, format_.shown)

    def spread(self) -> None:
        """Cells of an array formula without stored results are as unknown as its first, even if they seem blank."""
        widest = max((max(row.cells) for row in self.seen.values()), default=0)
        last = max(self.seen, default=0)
        for left, top, right, bottom in self.unsolved:
            for number in range(top, min(bottom, last) + 1):
                columns = range(left, min(right, widest) + 1)
                self.take(len(columns))
                if number in self.seen:
                    for column in columns:
                        self.seen[number].cells[column] = Cell(column, Kind.FORMULA, "")
