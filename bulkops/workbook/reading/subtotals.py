"""Which cells hold totals: SUBTOTAL and AGGREGATE are what Excel's totals rows and Data > Subtotal are made of.

A SUM or a COUNT of the cells above is a total, too, where nobody would add up: under ids.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from bulkops.workbook.sheets import Area, SheetRow, Subtotal, column_number, corners

_FUNCTION = re.compile(r"(?<!\w)(?:SUBTOTAL|AGGREGATE)\s*\(", re.IGNORECASE)
_INDEX = re.compile(r"(?<!\w)INDEX\s*\(", re.IGNORECASE)
"""Within it, AGGREGATE finds the place of a value, as before FILTER was there: what comes out is the value itself."""
_SUM = re.compile(
    r"(?:\w+:)?=?\s*\+?\s*(?:_xlfn\.)?"
    r"(?:SUM(?:IFS?|PRODUCT)?|COUNT(?:A|IFS?)?|(?:MAX|MIN)(?:IFS)?|AVERAGE(?:A|IFS?)?|MEDIAN|LARGE|SMALL|PRODUCT|ROWS)"
    r"\s*\(",
    re.IGNORECASE,
)
_LONGEST = 8_192
"""What Excel lets a formula be."""
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'")
"""Texts, and names of sheets."""
_BRACKET = re.compile("[()]")
_PLACE = re.compile(r"([!.]?)\$?\b[A-Z]{1,3}(\$?)([0-9]+)(?::\$?[A-Z]{1,3}(\$?)([0-9]+))?(?![\w(])", re.IGNORECASE)
_COLUMNS = re.compile(r"([!.]?)(\$?)\b([A-Z]{1,3})\$?[0-9]+(?::(\$?)([A-Z]{1,3})\$?[0-9]+)?(?![\w(])", re.IGNORECASE)
_OF_TABLE = re.compile(r"\w\[")
_THIS_ROW = re.compile(r"\[@|#This Row", re.IGNORECASE)


def subtotal(formula: str, row: int, column: int, below: int = 0) -> Subtotal | None:
    """What a formula in this cell is, if there is a subtotal in it.

    ``below``: how many rows further up the formula is written down; its relative references move along.
    """
    if not _FUNCTION.search(formula):
        return None
    if len(formula) > _LONGEST:
        return Subtotal(row, column, False)
    bare = _bare(formula)
    looked_up = [range(each.end(), each.end() + len(_arguments(bare, each.end()))) for each in _INDEX.finditer(bare)]
    functions = [each for each in _FUNCTION.finditer(bare) if not any(each.start() in place for place in looked_up)]
    arguments = [_arguments(bare, each.end()) for each in functions]
    return Subtotal(row, column, all(_own_row(each, row, below) for each in arguments)) if arguments else None


def is_sum(formula: str, column: int, right: int = 0) -> bool:
    """Does a formula in this column do nothing but add up, count or compare cells of that column, or of a table's?

    ``right``: how many columns further left it is written down.
    """
    if not _SUM.match(formula) or len(formula) > _LONGEST:
        return False
    bare = _bare(formula)
    if not (start := _SUM.match(bare)):
        return False
    arguments = _arguments(bare, start.end())
    if bare[start.end() + len(arguments) :].strip() != ")" or _THIS_ROW.search(arguments):
        return False
    for other_sheet, fixed, first, last_fixed, last in _COLUMNS.findall(arguments):
        start_column = _moved(fixed, first, right)
        end_column = _moved(last_fixed, last, right) if last else start_column
        if not other_sheet and start_column <= column <= end_column:
            return True
    return bool(_OF_TABLE.search(arguments))


def _moved(fixed: str, letters: str, right: int) -> int:
    """The number of a formula's column; 0 for the letters of a name."""
    try:
        return column_number(letters) + (0 if fixed else right)
    except ValueError:
        return 0


def _bare(formula: str) -> str:
    """Without texts and names of sheets, and the dot that an .ods has before a place on the formula's own sheet."""
    return _QUOTED.sub("", formula).replace("[.", "[").replace(":.", ":")


def _arguments(formula: str, start: int) -> str:
    """What stands between the brackets of a function."""
    depth = 1
    for bracket in _BRACKET.finditer(formula, start):
        depth += 1 if bracket[0] == "(" else -1
        if not depth:
            return formula[start : bracket.start()]
    return formula[start:]


def _own_row(arguments: str, row: int, below: int) -> bool:
    """Does every reference take in the formula's own row?"""
    places = list(_PLACE.finditer(arguments))
    for other_sheet, fixed, first, last_fixed, last in (place.groups() for place in places):
        top = int(first) + (0 if fixed else below)
        bottom = int(last) + (0 if last_fixed else below) if last else top
        if other_sheet or not min(top, bottom) <= row <= max(top, bottom):
            return False
    return bool(places or _THIS_ROW.search(arguments))


class Subtotals:
    """Those of one worksheet of an .xlsx, in every cell of shared and array formulas."""

    def __init__(self) -> None:
        self._found: list[Subtotal] = []
        self._areas: list[Area] = []
        self._shared: dict[str, tuple[int, str]] = {}
        self._others: set[str] = set()
        """Shared formulas that are no totals."""
        self._sums: list[tuple[int, int]] = []
        self._shared_sums: dict[str, tuple[int, str]] = {}
        self._sharing: list[tuple[int, int, str]] = []

    def take(self, row: int, column: int, attributes: Mapping[str, str], formula: str) -> None:
        """Take note of a cell's formula."""
        kind, shared = attributes.get("t"), attributes.get("si", "")
        if kind == "shared" and not formula.strip():
            if shared not in self._others:
                self._sharing.append((row, column, shared))
        elif found := subtotal(formula, row, column):
            self._found.append(found)
            if kind == "shared":
                self._shared.setdefault(shared, (row, formula))
            elif kind == "array":
                self._areas.append(corners(attributes.get("ref", "")))
        elif is_sum(formula, column):
            self._sums.append((row, column))
            if kind == "shared":
                self._shared_sums.setdefault(shared, (column, formula))
        elif kind == "shared" and shared not in self._shared:
            self._others.add(shared)

    def all(self, rows: Mapping[int, SheetRow], take: Callable[[int], None]) -> Iterator[Subtotal]:
        """All of them, among the sheet's rows. ``take`` counts what has to be looked through."""
        yield from self._found
        for row, column, shared in self._sharing:
            take(0)
            home, formula = self._shared.get(shared, (row, ""))
            if found := subtotal(formula, row, column, row - home):
                yield found
        for left, top, right, bottom in self._areas:
            numbers = range(top, min(bottom, max(rows, default=0)) + 1)
            take(len(numbers))
            for number in numbers:
                cells = rows[number].cells if number in rows else {}
                take(len(cells))
                yield from (Subtotal(number, column, False) for column in cells if left <= column <= right)

    def sums(self) -> Iterator[tuple[int, int]]:
        """Row and column of each cell that adds up its own column."""
        yield from self._sums
        for row, column, shared in self._sharing:
            home, formula = self._shared_sums.get(shared, (0, ""))
            if is_sum(formula, column, column - home):
                yield row, column
