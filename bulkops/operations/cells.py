"""How a cell becomes a value: what a reader gives, and what no column can take.

Reading never guesses: it gives a value, a value ``Remarked`` on or ``Picked`` by a name, None for a cell
that holds nothing but blanks, or an ``Unreadable`` that names the catalogue's sentence for
what is wrong. Only ASCII digits and letters make ids and GUIDs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bulkops.model.rows import Cell, Kind, Pick, Shown

UNREADABLE = "unreadable"
"""The rule that a cell must be readable; the sentence comes from the Unreadable itself."""
OUTER_BLANKS = " \t\n\u00a0\ufeff"
_EXCELS_ERRORS = ("#", "Err:", "without a name")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that holds something, but not a value of its column."""

    code: str
    value: str
    """What the cell holds, as the operator sees it."""
    extra: str = ""
    typed: str = ""
    """A name without an id, of which EnergyCAP may know what it means."""


@dataclass(frozen=True, slots=True)
class Remarked:
    """A value that was read surely, and differs from what the operator sees in the cell."""

    value: Any
    code: str
    """Of the warning."""
    stored: str
    """What was read, as it stands in the warning."""
    extra: str


@dataclass(frozen=True, slots=True)
class Picked:
    """An id that came with a name, or a list of ids of which some did."""

    value: Any
    """The value, which may be Remarked."""
    picks: tuple[Pick, ...]


Reader = Callable[[Cell], Any]
"""Cell → value, Remarked, Picked, None for nothing but blanks, or Unreadable."""


def value_of(found: Any) -> Any:
    """What a reader gave, without its remark and the names that came with it."""
    value = found.value if isinstance(found, Picked) else found
    return value.value if isinstance(value, Remarked) else value


def picks_of(found: Any) -> tuple[Pick, ...]:
    """What was picked by a name, of what a reader gave."""
    return found.picks if isinstance(found, Picked) else ()


def shorten(text: str, limit: int = 60) -> str:
    """A value as it may stand in a sentence: one line, not too long."""
    flat = " ".join(text.split())
    if not flat.isprintable():
        # What hides, turns a terminal's text around or cannot be written anywhere must not reach a sentence.
        flat = "".join(char if char.isprintable() else "�" for char in flat)
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def one_line(text: str) -> str:
    """A name without its outer blanks, with single ones within."""
    return " ".join(text.split())


def is_name(text: str) -> bool:
    """Is it more than a number with a slip in it? It begins with a letter, or has two in a row: Q3, 3rd floor, not 20O1."""
    words = text.strip(OUTER_BLANKS)
    letters = [char.isalpha() for char in words]
    return words.lower() != "none" and ((len(words) > 1 and letters[0]) or any(map(all, pairwise(letters))))


def unusable(cell: Cell) -> Unreadable | None:
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


def not_of_shape(code: str, text: str) -> Unreadable:
    """The value does not have its column's shape; say so by the character to blame if there is one."""
    odd = _odd_character(text)
    return Unreadable("cell.odd_character", shorten(text), odd) if odd else Unreadable(code, shorten(text))


def disguise(cell: Cell) -> Unreadable | None:
    """What the operator sees of this number is another number, or none."""
    if cell.kind is Kind.DATE:
        return Unreadable("cell.date", "")
    if cell.shown is Shown.PERCENT:
        return Unreadable("cell.percent", shorten(cell.text))
    return Unreadable("cell.special_format", shorten(cell.text)) if cell.shown is Shown.SPECIAL else None
