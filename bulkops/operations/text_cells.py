"""Words: free text, codes, yes or no, and one of some choices."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.operations.cells import OUTER_BLANKS, Reader, Unreadable, disguise, shorten, unusable
from bulkops.operations.numeric_cells import as_shown, plain_digits, rounding, stored_number

_LEAST_SHOWN = Decimal("0.0001")
"""Smaller numbers are shown with a power of ten."""
_NO_CHARACTERS = "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTERS}]")
"""Control characters, halves of characters, and what is no character: none can be typed, none should be sent."""
_YES, _NO = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}


def _words(cell: Cell) -> str | Unreadable:
    """A word or number to be looked up: lower case, single blanks, 1 for a stored 1.0."""
    if cell.kind is Kind.NUMBER and (number := stored_number(cell)) is not None:
        if isinstance(number, Unreadable):
            return number
        rounded = rounding(number, cell)
        return Unreadable("cell.rounded", *rounded) if rounded else plain_digits(number)
    return " ".join(cell.text.strip(OUTER_BLANKS).lower().split())


def read_flag(cell: Cell) -> bool | Unreadable | None:
    """TRUE/FALSE, yes/no, y/n, 1/0, in any case."""
    if blocked := unusable(cell) or disguise(cell):
        return blocked
    words = _words(cell)
    if isinstance(words, Unreadable):
        return words
    if words and words not in _YES | _NO:
        return Unreadable("yesno.shape", shorten(cell.text))
    return words in _YES if words else None


def read_wish(cell: Cell) -> str | Unreadable | None:
    """What stands in a cell that a code is typed into, as it stands there; None for no, n, FALSE and 0, too."""
    if blocked := unusable(cell):
        return blocked
    text = shorten(cell.text.strip(OUTER_BLANKS))
    return None if not text or text.casefold() in _NO or stored_number(cell) == 0 else text


def read_text(cell: Cell) -> str | Unreadable | None:
    """Text without its outer blanks. A number typed into a text column is taken if it is shown as it is stored."""
    if blocked := unusable(cell):
        return blocked
    if cell.kind is Kind.DATE:
        return Unreadable("text.date", "")
    if cell.kind is Kind.NUMBER:
        number = stored_number(cell)
        if isinstance(number, Unreadable):
            return number
        if number is None or cell.shown is not Shown.PLAIN or 0 < abs(number) < _LEAST_SHOWN:
            return Unreadable("text.format", shorten(cell.text))
        digits = plain_digits(number)
        return digits if digits == as_shown(number, cell)[1] else Unreadable("text.format", shorten(digits))
    text = cell.text.strip(OUTER_BLANKS)
    if odd := _UNFIT.search(text):
        return Unreadable("cell.odd_character", shorten(text), f"U+{ord(odd[0]):04X} at position {odd.start() + 1}")
    return text or None


def read_code(cell: Cell) -> str | Unreadable | None:
    """Text on one line without characters that cannot be seen: a code that differs from another in none of them."""
    text = read_text(cell)
    for position, char in enumerate(text if isinstance(text, str) else "", 1):
        if not char.isprintable():
            return Unreadable("cell.odd_character", shorten(str(text)), f"U+{ord(char):04X} at position {position}")
    return text


def read_choice(meanings: Mapping[str, Any], code: str) -> Reader:
    """A reader for one of some words, in any case and with any blanks between; other words are Unreadable(code)."""

    def read(cell: Cell) -> Any:
        if blocked := unusable(cell) or disguise(cell):
            return blocked
        words = _words(cell)
        if isinstance(words, Unreadable):
            return words
        if not words:
            return None
        return meanings[words] if words in meanings else _choice_problem(words, cell.text, meanings, code)

    return read


def _choice_problem(words: str, text: str, meanings: Mapping[str, Any], code: str) -> Unreadable:
    close = difflib.get_close_matches(words, meanings, n=1, cutoff=0.6)
    return Unreadable(code, shorten(text), f" Did you mean “{close[0]}”?" if close else "")
