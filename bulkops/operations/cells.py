"""How a cell becomes a value.

Reading never guesses: it gives a value, a value ``Remarked`` on, None for a cell
that holds nothing but blanks, or an ``Unreadable`` that names the catalogue's sentence for
what is wrong. Only ASCII digits and letters make ids and GUIDs.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bulkops.model.rows import Cell, Kind, Shown

UNREADABLE = "unreadable"
"""The rule that a cell must be readable; the sentence comes from the Unreadable itself."""
INT32_MAX = 2**31 - 1
_DIGITS = 15
"""Excel keeps 15 digits of a number; beyond that the file no longer holds what was typed."""
_LEAST_SHOWN = Decimal("0.0001")
"""Smaller numbers are shown with a power of ten."""
_OUTER = " \t\n\u00a0\ufeff"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GUID_WITHIN = re.compile(rf"(?<![0-9a-z-]){_GUID.pattern}(?![0-9a-z-])")
_GUID_DIGITS, _LIKE_A_GUID, _LIKE_A_PART = 32, 24, 8
"""How many hexadecimal digits a GUID has, and how many, among other characters or alone, let it seem one."""
_LONGEST_GUID = 500
"""Characters, with all that can have come with it."""
_HEXADECIMAL = "0123456789abcdef"
_HYPHENS = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_URN = "urn:uuid:"
_BRACKETS = {"{": "}", "(": ")", "[": "]", "<": ">"}
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_WHOLE_TEXT = re.compile(r"-?[0-9]+(\.0)?")
_STORED = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SHORTENED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]{1,3}")
LOST_DIGITS = " Excel writes a long number so in a text file, and its other digits are lost."
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


@dataclass(frozen=True, slots=True)
class Remarked:
    """A value that was read surely, and differs from what the operator sees in the cell."""

    value: Any
    code: str
    """Of the warning."""
    stored: str
    """What was read, as it stands in the warning."""
    extra: str


Reader = Callable[[Cell], Any]
"""Cell → value, Remarked, None for nothing but blanks, or Unreadable."""


def value_of(found: Any) -> Any:
    """What a reader gave, without its remark."""
    return found.value if isinstance(found, Remarked) else found


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


def read_guid(cell: Cell) -> str | Remarked | Unreadable | None:
    """A GUID in canonical lower case. What came with it when it was copied is left out, with a remark."""
    if blocked := _blocked(cell):
        return blocked
    if cell.kind is not Kind.TEXT:
        return Unreadable("guid.shape", shorten(cell.text))
    if not (text := cell.text.strip(_OUTER)):
        return None
    if len(text) > _LONGEST_GUID:
        return Unreadable("guid.shape", shorten(text))
    if _GUID.fullmatch(plain := cell.text.lower()) and plain.isascii():
        return plain
    bare, left_out = _unwrapped(cell.text)
    guid = "".join(char for _, char in bare).lower()
    if not _GUID.fullmatch(guid):
        return _no_guid(cell.text, bare, guid)
    return Remarked(guid, "guid.wrapped", guid, left_out) if left_out else guid


def _unwrapped(text: str) -> tuple[list[tuple[int, str]], str]:
    """The characters of a GUID with their positions in a text, and what was only wrapped round them or between them."""
    found: dict[str, None] = {}
    bare: list[tuple[int, str]] = []
    for position, char in enumerate(text, 1):
        if char in _HYPHENS:
            found[f"a hyphen of another kind (U+{ord(char):04X})"] = None
            bare.append((position, "-"))
        elif char.isspace() or unicodedata.category(char) == "Cf":
            found["blanks" if char.isspace() else f"a hidden character (U+{ord(char):04X})"] = None
        else:
            bare.append((position, char))
    while len(bare) > 1:
        word = "".join(char for _, char in bare)
        first, last = word[0], word[-1]
        if word.lower().startswith(_URN):
            found[_URN] = None
            bare = bare[len(_URN) :]
        elif _BRACKETS.get(first) == last:
            found[f"brackets {first}{last}"] = None
            bare = bare[1:-1]
        elif first in _QUOTES or last in _QUOTES:
            found["quotation marks"] = None
            bare = bare[first in _QUOTES : len(bare) - (last in _QUOTES)]
        else:
            break
    return bare, ", ".join(found)


def _no_guid(text: str, bare: list[tuple[int, str]], guid: str) -> Unreadable:
    """Why a text is no GUID: another character in it, more than one, digits that are missing or too many."""
    within = len(_GUID_WITHIN.findall(text.lower()))
    digits = sum(char in _HEXADECIMAL for char in guid)
    odd = next(((position, char) for position, char in bare if char.lower() not in f"{_HEXADECIMAL}-"), None)
    why = ""
    if within > 1:
        why = f": it holds {within} of them"
    elif odd is not None:
        named = _named(*odd)
        if not odd[1].isascii():
            return Unreadable("cell.odd_character", shorten(text), named)
        if within or digits >= _LIKE_A_GUID:
            why = f": {named} does not belong in one"
    elif digits != _GUID_DIGITS:
        why = f": it has {digits} digits and letters, and a GUID has {_GUID_DIGITS}" if digits >= _LIKE_A_PART else ""
    else:
        plain = guid.replace("-", "")
        groups = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
        why = f": with its hyphens in their places it would be {groups}"
    return Unreadable("guid.shape", shorten(text), why)


def _named(position: int, char: str) -> str:
    """Such as: an en dash in quotation marks, its name, U+2013 and where it stands."""
    name = f"{unicodedata.name(char, 'a character without a name')}, U+{ord(char):04X}"
    return f"“{shorten(char)}” ({name}) at position {position}"


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


def _number(cell: Cell) -> Decimal | Unreadable | None:
    """A stored number to Excel's 15 digits, however they are written in the file; None if it is no number.

    A calculated 12.1 is stored as 12.100000000000001, which Excel shows nowhere.
    """
    text = cell.text.strip(_OUTER)
    if not _STORED.fullmatch(text):
        return None
    number = Decimal(f"{float(text):.{_DIGITS}g}")
    if number.copy_abs() >= 10**_DIGITS:
        return Unreadable("cell.too_many_digits", shorten(text))
    lost = not number and text.lower().partition("e")[0].strip("+-0.")
    return None if lost else number.normalize()


def _digits(number: Decimal) -> str:
    """``20261101``, ``0.5``: never with a power of ten."""
    return f"{number + 0:f}"


def _seen(number: Decimal, cell: Cell) -> tuple[Decimal, str]:
    """The number that the cell's format shows, rounded as Excel does it, and how it looks but for separators."""
    if cell.decimals is None:
        return number, _digits(number)
    step = {Shown.SCIENTIFIC: 1, Shown.ENGINEERING: 3}.get(cell.shown)
    power = number.adjusted() // step * step if step else 0
    last = power - cell.decimals
    exponent = number.as_tuple().exponent
    seen = number.quantize(Decimal(1).scaleb(last), ROUND_HALF_UP) if exponent < last else number  # type: ignore[operator]
    looks = f"{seen.scaleb(-power):.{cell.decimals}f}"
    return seen, f"{looks}E{power:+03d}" if step else looks


def _rounded(number: Decimal, cell: Cell) -> tuple[str, str] | None:
    """What is stored and what is seen of it, where that is another number."""
    seen, looks = _seen(number, cell)
    return None if seen == number else (shorten(_digits(number)), looks)


def _whole(cell: Cell, least: int) -> int | Remarked | Unreadable | None:
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
    exact = _whole_text(text) if cell.kind is Kind.TEXT else _number(cell)
    if isinstance(exact, Unreadable):
        return exact
    if exact is None:
        return Unreadable("id.shape", shorten(text))
    rounded = _rounded(exact, cell) if cell.kind is Kind.NUMBER else None
    if exact != exact.to_integral_value():
        return Unreadable("cell.rounded", *rounded) if rounded else Unreadable("id.shape", shorten(_digits(exact)))
    if disguised := _disguised(cell):
        return disguised
    number = int(exact)
    if not least <= number <= INT32_MAX:
        return Unreadable("id.range", shorten(text), str(least))
    return Remarked(number, "value.rounded", *rounded) if rounded else number


def _whole_text(text: str) -> Decimal | Unreadable:
    if _SHORTENED.fullmatch(text):
        return Unreadable("id.shape", shorten(text), LOST_DIGITS)
    if not _WHOLE_TEXT.fullmatch(text):
        return Unreadable("id.separator", shorten(text)) if _is_separated(text) else _shape("id.shape", text)
    exact = Decimal(text)
    return exact if exact.copy_abs() < 10**_DIGITS else Unreadable("cell.too_many_digits", shorten(text))


def read_id(cell: Cell) -> int | Remarked | Unreadable | None:
    """A whole number from 1 to 2147483647 (int32), as a number or as digits in a text cell."""
    value = _whole(cell, 1)
    if isinstance(value, int) and value >= 1000 and cell.shown is Shown.GROUPED:
        # Excel makes the number 101102, shown as 101,102, of two ids that were typed.
        return Unreadable("cell.special_format", shorten(cell.text))
    return value


def read_count(cell: Cell) -> int | Remarked | Unreadable | None:
    """A number of things: a whole number from 0 to 2147483647."""
    return _whole(cell, 0)


def read_ids(cell: Cell) -> tuple[int, ...] | Remarked | Unreadable | None:
    """Ids separated by ``;`` (or ``,`` in a text cell); the word ``none`` is the empty list."""
    if cell.kind is not Kind.TEXT:
        found = read_id(cell)
        if isinstance(found, Remarked):
            return replace(found, value=(found.value,))
        return (found,) if isinstance(found, int) else found
    text = cell.text.strip(_OUTER)
    if not text:
        return None
    if text.lower() == "none":
        return ()
    ids: list[int] = []
    for part in re.split("[;,]", text):
        value = read_id(Cell(cell.column, Kind.TEXT, part))
        if isinstance(value, Unreadable) and value.extra == LOST_DIGITS:
            return Unreadable("ids.shape", shorten(text), LOST_DIGITS)
        if not isinstance(value, int):
            return _shape("ids.shape", text)
        if value in ids:
            return Unreadable("ids.twice", shorten(text), str(value))
        ids.append(value)
    return tuple(ids)


def read_amount(cell: Cell) -> float | Remarked | Unreadable | None:
    """An amount as a double: a number as it is stored, to Excel's 15 digits, or digits with a decimal point in a text."""
    if blocked := _blocked(cell) or _disguised(cell):
        return blocked
    if cell.kind is Kind.BOOL:
        return Unreadable("amount.shape", shorten(cell.text))
    text = cell.text.strip(_OUTER)
    if not text:
        return None
    number = _amount_text(text) if cell.kind is Kind.TEXT else _number(cell)
    if isinstance(number, Unreadable):
        return number
    if number is None:
        return Unreadable("amount.shape", shorten(text))
    value = float(number) + 0.0  # which makes -0 a 0
    rounded = _rounded(number, cell)
    return Remarked(value, "value.rounded", *rounded) if rounded else value


def _amount_text(text: str) -> Decimal | Unreadable:
    if _SHORTENED.fullmatch(text):
        return Unreadable("amount.shape", shorten(text), LOST_DIGITS)
    if _is_separated(text):
        return Unreadable("amount.separator", shorten(text))
    if not _AMOUNT.fullmatch(text):
        return _shape("amount.shape", text)
    if len(text.lstrip("-0").replace(".", "")) > _DIGITS:
        return Unreadable("cell.too_many_digits", shorten(text))
    return Decimal(text)


def _words(cell: Cell) -> str | Unreadable:
    """A word or number to be looked up: lower case, single blanks, 1 for a stored 1.0."""
    if cell.kind is Kind.NUMBER and (number := _number(cell)) is not None:
        if isinstance(number, Unreadable):
            return number
        rounded = _rounded(number, cell)
        return Unreadable("cell.rounded", *rounded) if rounded else _digits(number)
    return " ".join(cell.text.strip(_OUTER).lower().split())


def read_flag(cell: Cell) -> bool | Unreadable | None:
    """TRUE/FALSE, yes/no, y/n, 1/0, in any case."""
    if blocked := _blocked(cell) or _disguised(cell):
        return blocked
    words = _words(cell)
    if isinstance(words, Unreadable):
        return words
    if words and words not in _YES | _NO:
        return Unreadable("yesno.shape", shorten(cell.text))
    return words in _YES if words else None


def read_wish(cell: Cell) -> str | Unreadable | None:
    """What stands in a cell that a code is typed into, as it stands there; None for no, n, FALSE and 0, too."""
    if blocked := _blocked(cell):
        return blocked
    text = shorten(cell.text.strip(_OUTER))
    return None if not text or text.casefold() in _NO or _number(cell) == 0 else text


def read_text(cell: Cell) -> str | Unreadable | None:
    """Text without its outer blanks. A number typed into a text column is taken if it is shown as it is stored."""
    if blocked := _blocked(cell):
        return blocked
    if cell.kind is Kind.DATE:
        return Unreadable("text.date", "")
    if cell.kind is Kind.NUMBER:
        number = _number(cell)
        if isinstance(number, Unreadable):
            return number
        if number is None or cell.shown is not Shown.PLAIN or 0 < abs(number) < _LEAST_SHOWN:
            return Unreadable("text.format", shorten(cell.text))
        digits = _digits(number)
        return digits if digits == _seen(number, cell)[1] else Unreadable("text.format", shorten(digits))
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
        if isinstance(words, Unreadable):
            return words
        if not words:
            return None
        return meanings[words] if words in meanings else _choice_problem(words, cell.text, meanings, code)

    return read


def _choice_problem(words: str, text: str, meanings: Mapping[str, Any], code: str) -> Unreadable:
    close = difflib.get_close_matches(words, meanings, n=1, cutoff=0.6)
    return Unreadable(code, shorten(text), f" Did you mean “{close[0]}”?" if close else "")
