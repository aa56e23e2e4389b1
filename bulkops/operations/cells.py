"""How a cell becomes a value.

Reading never guesses (product.md section 1): it gives a value, None for a cell that
holds nothing but blanks, or an ``Unreadable`` that names the catalogue's sentence for
what is wrong. Only ASCII digits and letters make ids and GUIDs.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bulkops.model import Cell, Kind, Shown

UNREADABLE = "unreadable"
"""The rule that a cell must be readable; the sentence comes from the Unreadable itself."""
INT32_MAX = 2**31 - 1
_DIGITS = 15
"""Excel keeps 15 digits of a number; beyond that the file no longer holds what was typed."""
_OUTER = " \t\n\u00a0\ufeff"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WHOLE_TEXT = re.compile(r"-?[0-9]+(\.0)?")
_STORED = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SEPARATED = re.compile(r"-?[0-9]{1,3}([,.' \u00a0\u202f][0-9]+)+|-?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
"""12.345 in a text cell: twelve and a bit to some, twelve thousand to others."""
_NO_CHARACTERS = "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTERS}]")
"""Control characters, halves of characters, and what is no character: none can be typed, none should be sent."""
_EXCELS_ERRORS = ("#", "Err:", "without a name")
_YES, _NO = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that holds something, but not a value of its column."""

    code: str
    value: str
    """What the cell holds, as the operator sees it."""
    extra: str = ""


Reader = Callable[[Cell], Any]
"""Cell → value, None for nothing but blanks, or Unreadable."""


def shorten(text: str, limit: int = 60) -> str:
    """A value as it may stand in a sentence: one line, not too long."""
    flat = " ".join(text.split())
    if not flat.isprintable():
        # What hides, turns a terminal's text around or cannot be written anywhere must not reach a sentence.
        flat = "".join(char if char.isprintable() else "�" for char in flat)
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _blocked(cell: Cell) -> Unreadable | None:
    """What no column can take: an error value, a formula that was never calculated."""
    if cell.kind is Kind.ERROR:
        shown = cell.text.lstrip().startswith(_EXCELS_ERRORS)
        return Unreadable("cell.error_value" if shown else "cell.unreadable", shorten(cell.text))
    if cell.kind is Kind.FORMULA:
        return Unreadable("cell.no_result", "")
    return None


def _odd_character(text: str) -> str | None:
    """The first character that hides or imitates another, as ``U+200B at position 3``."""
    for position, char in enumerate(text, 1):
        if not 32 <= ord(char) < 127:
            return f"U+{ord(char):04X} at position {position}"
    return None


def _shape(code: str, text: str) -> Unreadable:
    """The value does not have its column's shape; say so by the character to blame if there is one."""
    odd = _odd_character(text)
    return Unreadable("cell.odd_character", shorten(text), odd) if odd else Unreadable(code, shorten(text))


def read_guid(cell: Cell) -> str | Unreadable | None:
    """A GUID in canonical lower case; braces, capitals and blanks around it are allowed."""
    if blocked := _blocked(cell):
        return blocked
    if cell.kind is not Kind.TEXT:
        return Unreadable("guid.shape", shorten(cell.text))
    text = cell.text.strip(_OUTER)
    if not text:
        return None
    bare = text[1:-1].strip(_OUTER) if text.startswith("{") and text.endswith("}") else text
    return bare.lower() if _GUID.fullmatch(bare.lower()) else _shape("guid.shape", text)


def _disguised(cell: Cell) -> Unreadable | None:
    """What the operator sees of this number is another number, or none."""
    if cell.kind is Kind.DATE:
        return Unreadable("cell.date", "")
    if cell.shown is Shown.PERCENT:
        return Unreadable("cell.percent", shorten(cell.text))
    return Unreadable("cell.special_format", shorten(cell.text)) if cell.shown is Shown.SPECIAL else None


def _is_separated(text: str) -> bool:
    """Digits that some read as one number and others as another, or as several."""
    if _AMOUNT.fullmatch(text):
        return bool(_THOUSANDS.fullmatch(text))
    return bool(_SEPARATED.fullmatch(text))


def _whole(cell: Cell, least: int) -> int | Unreadable | None:
    """A whole number that int32 can hold, as a number or as digits in a text cell."""
    if blocked := _blocked(cell):
        return blocked
    text = cell.text.strip(_OUTER)
    if cell.kind is Kind.BOOL:
        return Unreadable("id.shape", shorten(text))
    if not text:
        return None
    if cell.kind is Kind.DATE or cell.shown is Shown.PERCENT:
        return _disguised(cell)
    if not (_WHOLE_TEXT if cell.kind is Kind.TEXT else _STORED).fullmatch(text):
        separated = cell.kind is Kind.TEXT and _is_separated(text)
        return Unreadable("id.separator", shorten(text)) if separated else _shape("id.shape", text)
    exact = Decimal(text)
    if exact.copy_abs() >= 10**_DIGITS:
        return Unreadable("cell.too_many_digits", shorten(text))
    if exact != exact.to_integral_value():
        return Unreadable("id.shape", shorten(text))
    if disguised := _disguised(cell):
        return disguised
    number = int(exact)
    return number if least <= number <= INT32_MAX else Unreadable("id.range", shorten(text), str(least))


def read_id(cell: Cell) -> int | Unreadable | None:
    """A whole number from 1 to 2147483647 (int32), as a number or as digits in a text cell."""
    value = _whole(cell, 1)
    if isinstance(value, int) and cell.shown is Shown.GROUPED:
        # Excel makes the number 101102, shown as 101,102, of two ids that were typed.
        return Unreadable("cell.special_format", shorten(cell.text))
    return value


def read_count(cell: Cell) -> int | Unreadable | None:
    """A number of things: a whole number from 0 to 2147483647."""
    return _whole(cell, 0)


def read_ids(cell: Cell) -> tuple[int, ...] | Unreadable | None:
    """Ids separated by ``;`` (or ``,`` in a text cell); the word ``none`` is the empty list."""
    if cell.kind is not Kind.TEXT:
        value = read_id(cell)
        return (value,) if isinstance(value, int) else value
    text = cell.text.strip(_OUTER)
    if not text:
        return None
    if text.lower() == "none":
        return ()
    ids: list[int] = []
    for part in re.split("[;,]", text):
        value = read_id(Cell(cell.column, Kind.TEXT, part))
        if not isinstance(value, int):
            return _shape("ids.shape", text)
        if value in ids:
            return Unreadable("ids.twice", shorten(text), str(value))
        ids.append(value)
    return tuple(ids)


def read_amount(cell: Cell) -> float | Unreadable | None:
    """An amount as a double: a number as it is stored, to Excel's 15 digits, or digits with a decimal point in a text."""
    if blocked := _blocked(cell) or _disguised(cell):
        return blocked
    if cell.kind is Kind.BOOL:
        return Unreadable("amount.shape", shorten(cell.text))
    text = cell.text.strip(_OUTER)
    if not text:
        return None
    if cell.kind is Kind.TEXT:
        if _is_separated(text):
            return Unreadable("amount.separator", shorten(text))
        if not _AMOUNT.fullmatch(text):
            return _shape("amount.shape", text)
        if len(text.lstrip("-0").replace(".", "")) > _DIGITS:
            return Unreadable("cell.too_many_digits", shorten(text))
    elif not _STORED.fullmatch(text):
        return Unreadable("amount.shape", shorten(text))
    # A calculated 12.1 is stored as 12.100000000000001, which Excel shows nowhere. Adding 0 makes -0 a 0.
    value = float(f"{float(text):.{_DIGITS}g}") + 0.0
    return value if abs(value) < 10**_DIGITS else Unreadable("cell.too_many_digits", shorten(text))


def _words(cell: Cell) -> str:
    """A word or number to be looked up: lower case, single blanks, 1 for a stored 1.0."""
    words = " ".join(cell.text.strip(_OUTER).lower().split())
    return words.removesuffix(".0") if cell.kind is Kind.NUMBER else words


def read_flag(cell: Cell) -> bool | Unreadable | None:
    """TRUE/FALSE, yes/no, y/n, 1/0, in any case."""
    if blocked := _blocked(cell) or _disguised(cell):
        return blocked
    words = _words(cell)
    if words and words not in _YES | _NO:
        return Unreadable("yesno.shape", shorten(cell.text))
    return words in _YES if words else None


def read_text(cell: Cell) -> str | Unreadable | None:
    """Text without its outer blanks. A number typed into a text column is taken if it is shown as it is stored."""
    if blocked := _blocked(cell):
        return blocked
    if cell.kind is Kind.DATE:
        return Unreadable("text.date", "")
    if cell.kind is Kind.NUMBER:
        if cell.shown is not Shown.PLAIN or not _AMOUNT.fullmatch(cell.text):
            return Unreadable("text.format", shorten(cell.text))
        if len(cell.text.replace(".", "").lstrip("-0")) > _DIGITS:
            return Unreadable("cell.too_many_digits", shorten(cell.text))
        return cell.text.removesuffix(".0")
    text = cell.text.strip(_OUTER)
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
        if blocked := _blocked(cell) or _disguised(cell):
            return blocked
        words = _words(cell)
        if not words:
            return None
        return meanings[words] if words in meanings else _choice_problem(words, cell.text, meanings, code)

    return read


def _choice_problem(words: str, text: str, meanings: Mapping[str, Any], code: str) -> Unreadable:
    close = difflib.get_close_matches(words, meanings, n=1, cutoff=0.6)
    return Unreadable(code, shorten(text), f" Did you mean “{close[0]}”?" if close else "")
