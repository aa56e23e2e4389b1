"""Numbers: ids, counts and amounts, as they are stored and as their cell shows them."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from bulkops.model.picks import BAR
from bulkops.model.rows import Cell, Kind, Pick, Shown
from bulkops.operations.cells import (
    OUTER_BLANKS,
    Picked,
    Remarked,
    Unreadable,
    disguise,
    is_name,
    not_of_shape,
    one_line,
    shorten,
    unusable,
)
from bulkops.operations.picked_cells import read_picked

INT32_MAX = 2**31 - 1
_DIGITS = 15
"""Excel keeps 15 digits of a number; beyond that the file no longer holds what was typed."""
_WHOLE_TEXT = re.compile(r"-?[0-9]+(\.0)?")
_STORED = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SHORTENED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]{1,3}")
LOST_DIGITS = " Excel writes a long number so in a text file, and its other digits are lost."
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SEPARATED = re.compile(r"-?[0-9]{1,3}([,.' \u00a0\u202f][0-9]+)+|-?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
"""12.345 in a text cell: twelve and a bit to some, twelve thousand to others."""


def _is_separated(text: str) -> bool:
    """Digits that some read as one number and others as another, or as several."""
    if _AMOUNT.fullmatch(text):
        return bool(_THOUSANDS.fullmatch(text))
    return bool(_SEPARATED.fullmatch(text))


def stored_number(cell: Cell) -> Decimal | Unreadable | None:
    """A stored number to Excel's 15 digits, however they are written in the file; None if it is no number.

    A calculated 12.1 is stored as 12.100000000000001, which Excel shows nowhere.
    """
    text = cell.text.strip(OUTER_BLANKS)
    if not _STORED.fullmatch(text):
        return None
    number = Decimal(f"{float(text):.{_DIGITS}g}")
    if number.copy_abs() >= 10**_DIGITS:
        return Unreadable("cell.too_many_digits", shorten(text))
    lost = not number and text.lower().partition("e")[0].strip("+-0.")
    return None if lost else number.normalize()


def plain_digits(number: Decimal) -> str:
    """``20261101``, ``0.5``: never with a power of ten."""
    return f"{number + 0:f}"


def as_shown(number: Decimal, cell: Cell) -> tuple[Decimal, str]:
    """The number that the cell's format shows, rounded as Excel does it, and how it looks but for separators."""
    if cell.decimals is None:
        return number, plain_digits(number)
    step = {Shown.SCIENTIFIC: 1, Shown.ENGINEERING: 3}.get(cell.shown)
    power = number.adjusted() // step * step if step else 0
    last = power - cell.decimals
    exponent = number.as_tuple().exponent
    seen = number.quantize(Decimal(1).scaleb(last), ROUND_HALF_UP) if exponent < last else number  # type: ignore[operator]
    looks = f"{seen.scaleb(-power):.{cell.decimals}f}"
    return seen, f"{looks}E{power:+03d}" if step else looks


def rounding(number: Decimal, cell: Cell) -> tuple[str, str] | None:
    """What is stored and what is seen of it, where that is another number."""
    seen, looks = as_shown(number, cell)
    return None if seen == number else (shorten(plain_digits(number)), looks)


def _whole(cell: Cell, least: int) -> int | Remarked | Unreadable | None:
    """A whole number that int32 can hold, as a number or as digits in a text cell."""
    if blocked := unusable(cell):
        return blocked
    text = cell.text.strip(OUTER_BLANKS)
    if cell.kind is Kind.BOOL:
        return Unreadable("id.shape", shorten(text))
    if not text:
        return None
    if cell.kind is Kind.DATE or cell.shown is Shown.PERCENT:
        return disguise(cell)
    exact = _whole_text(text) if cell.kind is Kind.TEXT else stored_number(cell)
    if isinstance(exact, Unreadable):
        return exact
    if exact is None:
        return Unreadable("id.shape", shorten(text))
    rounded = rounding(exact, cell) if cell.kind is Kind.NUMBER else None
    if exact != exact.to_integral_value():
        return Unreadable("cell.rounded", *rounded) if rounded else Unreadable("id.shape", shorten(plain_digits(exact)))
    if disguised := disguise(cell):
        return disguised
    number = int(exact)
    if not least <= number <= INT32_MAX:
        return Unreadable("id.range", shorten(text), str(least))
    return Remarked(number, "value.rounded", *rounded) if rounded else number


def _whole_text(text: str) -> Decimal | Unreadable:
    if _SHORTENED.fullmatch(text):
        return Unreadable("id.shape", shorten(text), LOST_DIGITS)
    if not _WHOLE_TEXT.fullmatch(text):
        return Unreadable("id.separator", shorten(text)) if _is_separated(text) else not_of_shape("id.shape", text)
    exact = Decimal(text)
    return exact if exact.copy_abs() < 10**_DIGITS else Unreadable("cell.too_many_digits", shorten(text))


def read_id(cell: Cell) -> int | Remarked | Picked | Unreadable | None:
    """A whole number from 1 to 2147483647 (int32), as a number or as digits in a text cell, or a pick."""
    if cell.kind is Kind.TEXT and BAR in cell.text:
        return read_picked(cell, read_id, "id.pick", "id")
    value = _whole(cell, 1)
    if isinstance(value, Unreadable) and cell.kind is Kind.TEXT and is_name(cell.text):
        return Unreadable("id.name", value.value, typed=one_line(cell.text))
    if isinstance(value, int) and value >= 1000 and cell.shown is Shown.GROUPED:
        # Excel makes the number 101102, shown as 101,102, of two ids that were typed.
        return Unreadable("cell.special_format", shorten(cell.text))
    return value


def read_count(cell: Cell) -> int | Remarked | Unreadable | None:
    """A number of things: a whole number from 0 to 2147483647."""
    return _whole(cell, 0)


def read_ids(cell: Cell) -> tuple[int, ...] | Remarked | Picked | Unreadable | None:
    """Ids separated by ``;`` (or ``,`` in a text cell without picks); the word ``none`` is the empty list."""
    if cell.kind is not Kind.TEXT:
        found = read_id(cell)
        if isinstance(found, Remarked):
            return replace(found, value=(found.value,))
        return (found,) if isinstance(found, int) else found
    text = cell.text.strip(OUTER_BLANKS)
    if not text:
        return None
    if text.lower() == "none":
        return ()
    ids: list[int] = []
    picks: list[Pick] = []
    for part in re.split(";" if BAR in text else "[;,]", text):
        found = read_id(Cell(cell.column, Kind.TEXT, part))
        value = found.value if isinstance(found, Picked) else found
        if not isinstance(value, int):
            return _no_ids(value, text)
        if value in ids:
            return Unreadable("ids.twice", shorten(text), str(value))
        ids.append(value)
        if isinstance(found, Picked):
            picks += found.picks
    return Picked(tuple(ids), tuple(picks)) if picks else tuple(ids)


def _no_ids(why: object, text: str) -> Unreadable:
    """Why a text is no list of ids, by what is wrong with one of them; None: it is blank."""
    if not isinstance(why, Unreadable):
        return Unreadable("ids.shape", shorten(text)) if BAR in text else not_of_shape("ids.shape", text)
    if why.extra == LOST_DIGITS:
        return Unreadable("ids.shape", shorten(text), LOST_DIGITS)
    if why.code == "id.pick":
        return replace(why, code="ids.pick")
    if why.code == "id.name":
        # Between semicolons a comma may be a name's own: Smith, Jane. What it divides may be ids, too.
        parts = (part.split(",") for part in text.split(";") if BAR not in part)
        names = next(filter(None, (list(filter(is_name, part)) for part in parts)), [why.typed])
        name = ", ".join(map(one_line, names))
        return Unreadable("ids.name", shorten(text), f"“{shorten(name)}”", name)
    if BAR not in text:
        return not_of_shape("ids.shape", text)
    # Its names may hold any character.
    return why if why.code == "cell.odd_character" else Unreadable("ids.shape", shorten(text))


def read_amount(cell: Cell) -> float | Remarked | Unreadable | None:
    """An amount as a double: a number as it is stored, to Excel's 15 digits, or digits with a decimal point in a text."""
    if blocked := unusable(cell) or disguise(cell):
        return blocked
    if cell.kind is Kind.BOOL:
        return Unreadable("amount.shape", shorten(cell.text))
    text = cell.text.strip(OUTER_BLANKS)
    if not text:
        return None
    number = _amount_text(text) if cell.kind is Kind.TEXT else stored_number(cell)
    if isinstance(number, Unreadable):
        return number
    if number is None:
        return Unreadable("amount.shape", shorten(text))
    value = float(number) + 0.0  # which makes -0 a 0
    rounded = rounding(number, cell)
    return Remarked(value, "value.rounded", *rounded) if rounded else value


def _amount_text(text: str) -> Decimal | Unreadable:
    if _SHORTENED.fullmatch(text):
        return Unreadable("amount.shape", shorten(text), LOST_DIGITS)
    if _is_separated(text):
        return Unreadable("amount.separator", shorten(text))
    if not _AMOUNT.fullmatch(text):
        return not_of_shape("amount.shape", text)
    if len(text.lstrip("-0").replace(".", "")) > _DIGITS:
        return Unreadable("cell.too_many_digits", shorten(text))
    return Decimal(text)
