"""What the formulas of an old Excel workbook (.xls) tell of its rows: which cells hold subtotals.

[MS-XLS] stores a formula as tokens: SUBTOTAL is the function 344; AGGREGATE, which is younger than the format, is an
add-in's function with that name. xlrd writes them out; a formula with which it fails is a subtotal by these tokens.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bulkops.workbook.reading.subtotals import subtotal
from bulkops.workbook.sheets import Subtotal

if TYPE_CHECKING:
    from xlrd.book import Book

_FORMULA, _ARRAY, _SHARED = 0x06, 0x221, 0x4BC
_ELSEWHERE = 0x01
"""The one token of a cell whose formula stands in a record after the first cell that has it."""
_SUBTOTAL = re.compile(rb"[\x22\x42\x62].\x58[\x01\x81]", re.DOTALL)
_ADD_IN = re.compile(rb"[\x22\x42\x62].\xff[\x00\x80]", re.DOTALL)
_SUM = re.compile(
    rb"([\x25\x45\x65]|[\x2d\x4d\x6d]).{4}(..)(..)(?:\x19\x10..|[\x22\x42\x62]\x01[\x00\x04-\x07\xa9]\x00)", re.DOTALL
)
"""COUNT, SUM, AVERAGE, MIN, MAX or COUNTA of one range, and nothing else."""
_SHARED_RANGES = b"\x2d\x4d\x6d"
_NAMED = re.compile(r"CALL_ADDIN\([^(,]*AGGREGATE", re.IGNORECASE)

Record = tuple[int, int, int]
"""Its number, where its data begin, their length."""


class OldFormulas:
    """Those of one workbook."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._aggregates = any("AGGREGATE" in each.name.upper() for each in book.name_obj_list)

    def subtotals(self, records: Iterable[Record], sums: list[tuple[int, int]]) -> Iterator[Subtotal]:
        """The subtotals of a sheet. ``sums`` takes the cells that add up their own column."""
        home = (0, 0)
        tokens: dict[tuple[int, int], tuple[bytes, bool]] = {}
        sharing: list[tuple[int, int, tuple[int, int]]] = []
        for record, start, size in records:
            data = self._book.mem[start : start + size]
            if record == _FORMULA:
                home = struct.unpack_from("<HH", data)
                own = _counted(data, 20)
                if own[:1] == bytes([_ELSEWHERE]):
                    sharing.append((*home, struct.unpack_from("<HH", own, 1)))
                elif found := self._subtotal(own, *home, shared=False):
                    yield found
                elif _is_sum(own, home[1]):
                    sums.append((home[0] + 1, home[1] + 1))
            elif record in (_ARRAY, _SHARED):
                tokens[home] = (_counted(data, 12 if record == _ARRAY else 8), record == _SHARED)
        for row, column, first in sharing:
            if first in tokens and (found := self._subtotal(tokens[first][0], row, column, shared=tokens[first][1])):
                yield found
            elif first in tokens and _is_sum(tokens[first][0], column):
                sums.append((row + 1, column + 1))

    def _subtotal(self, tokens: bytes, row: int, column: int, shared: bool) -> Subtotal | None:
        from xlrd.formula import FMLA_TYPE_CELL, FMLA_TYPE_SHARED, decompile_formula

        if not _SUBTOTAL.search(tokens) and not (self._aggregates and _ADD_IN.search(tokens)):
            return None
        kind = FMLA_TYPE_SHARED if shared else FMLA_TYPE_CELL
        try:
            text = decompile_formula(self._book, tokens, len(tokens), kind, row, column)
        except Exception:  # xlrd raises whatever its tables lead it to
            return Subtotal(row + 1, column + 1, False)
        return subtotal(_NAMED.sub("AGGREGATE(", text or ""), row + 1, column + 1)


def _is_sum(tokens: bytes, column: int) -> bool:
    """Do the tokens add up, count or compare cells of this column, counted from 0, and nothing else?"""
    if not (found := _SUM.fullmatch(tokens)):
        return False
    places = [int.from_bytes(each, "little") for each in found.groups()[1:]]
    # The two highest bits: relative. In a shared formula, relative columns are counted from the cell's own.
    moves = found[1] in _SHARED_RANGES
    left, right = ((place + column * (moves and place >> 14 & 1)) & 0xFF for place in places)
    return left <= column <= right


def _counted(data: bytes, at: int) -> bytes:
    """Tokens after their number."""
    return data[at + 2 : at + 2 + struct.unpack_from("<H", data, at)[0]]
