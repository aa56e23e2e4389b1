"""What reading gives, whatever sort of file it was: sheets, rows, cells, and the facts about them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bulkops.model.rows import Cell
from bulkops.workbook.number_formats import Format
from bulkops.workbook.text import natural

DIGITS = "0123456789"
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MAX_CELLS = 3_000_000
"""Twice what 100,000 rows of 14 columns hold; some hundred megabytes of memory."""
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
"""A number as a file stores it."""

Names = Mapping[str, str]
"""The names that a whole workbook has for a place in it, in lower case → the sheet they point to."""

Area = tuple[int, int, int, int]
"""First column, first row, last column, last row."""


class Subtotal(NamedTuple):
    """A cell whose formula has a SUBTOTAL or AGGREGATE in it."""

    row: int
    column: int
    own_row: bool
    """It looks at nothing without its own row: so rows are numbered, not added up."""


@dataclass(slots=True)
class SheetRow:
    """One row that holds at least one cell."""

    number: int
    hidden: bool
    cells: dict[int, Cell]
    """By column, 1 for A."""


@dataclass(slots=True)
class Sheet:
    """One worksheet, read whole."""

    name: str
    hidden: bool
    rows: list[SheetRow] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    outdated: bool = False
    """It holds formulas' results that the file itself asks to be calculated anew."""
    merged: list[Area] = field(default_factory=list)
    ours: bool = False
    """bulkops' own results, or its template's sheets of EnergyCAP's names: never input."""
    since_1904: bool = False
    """Its dates are counted from 1904."""
    totals: list[Area] = field(default_factory=list)
    """The totals rows of its tables, each with the table's columns."""
    subtotals: list[Subtotal] = field(default_factory=list)
    views: dict[str, list[int]] = field(default_factory=dict)
    """Name of a view → the rows that it filters out or hides, and that the sheet itself shows; they count as hidden."""
    sums: list[tuple[int, int]] = field(default_factory=list)
    """Row and column of each formula that does nothing but add up, count or compare cells of its own column."""
    unsure_zeros: list[tuple[int, int]] = field(default_factory=list)
    """Row and column of each formula with the result 0, if the file does not show that it was calculated."""
    calculated: list[tuple[int, int]] = field(default_factory=list)
    """Row and column of each cell that a formula fills, if its text may be a code of Send again; perhaps of others."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """What was read."""

    path: Path
    sha256: str
    """Of the very bytes it was read from."""
    content_hash: str
    """Of what is in it but for our own results: the same before and after they are put into the workbook."""
    sheets: tuple[Sheet, ...]
    unfit: tuple[str, str] = field(default=("", ""), compare=False)
    """Why no results can be put into it, as (the catalogue's code, detail), where that was found out by the way."""


def column_letters(column: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """A → 1, AA or aa → 27. Raises ValueError for anything but A to XFD."""
    column = 0
    for char in letters[:4].upper() if letters.isascii() else letters[:4]:
        column = column * 26 + "-ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(char)
    if not letters or "-" in letters or column > LAST_COLUMN:
        raise ValueError(letters)
    return column


def corners(reference: str) -> Area:
    """``A1:B3`` → first column, first row, last column, last row; ``B:C`` and ``2:3`` are whole columns and rows.

    Raises ValueError.
    """
    first, _, last = reference.replace("$", "").partition(":")
    if first and last and first.strip(DIGITS) + last.strip(DIGITS) == "":
        first, last = f"A{first}", f"{column_letters(LAST_COLUMN)}{last}"
    elif first and last and first.isalpha() and last.isalpha():
        first, last = f"{first}1", f"{last}{LAST_ROW}"
    columns, rows = [], []
    for corner in (first, last or first):
        letters = corner.rstrip(DIGITS)
        columns.append(column_number(letters))
        rows.append(natural(corner[len(letters) :]))
    return min(columns), min(rows), max(columns), max(rows)


def may_be_code(text: str) -> bool:
    """Can it be read as a code of Send again: six letters, whatever the blanks around and between them?"""
    return len("".join(text.split()).upper()) == 6


def is_zero(number: str) -> bool:
    """Is it a stored number, and a 0, however its digits are written?"""
    return bool(NUMBER.fullmatch(number)) and float(number) == 0


def number_cell(column: int, digits: str, format_: Format) -> Cell:
    """A number by its stored digits, with what its format makes of it."""
    kind, shown, decimals = format_.display(digits)
    return Cell(column, kind, digits, shown, decimals)
