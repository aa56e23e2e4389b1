"""What a number format does to a number: is it a date, and are the digits shown those that are stored?

Only as much of Excel's format language as that takes (ECMA-376 part 1, 18.8.30 and
18.8.31). What is not surely harmless is special.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bulkops.model import Shown


class Format(NamedTuple):
    """What matters of a number format."""

    date: bool
    shown: Shown
    decimals: int | None = None
    """How many decimals are shown; None: as many as there are."""

    def way(self, number: str) -> Shown:
        """How a stored number is shown: 12.5 can be seen as 13, and 5 as 5.00."""
        decimals = number.partition(".")[2]
        if self.decimals is None or self.decimals == (len(decimals) if decimals.strip("0") else 0):
            return self.shown
        return Shown.GROUPED if decimals.strip("0") else Shown.PADDED


GENERAL = Format(False, Shown.PLAIN)
_DATE = Format(True, Shown.PLAIN)
_SPECIAL = Format(False, Shown.SPECIAL)
_GROUPED = Format(False, Shown.GROUPED)
_PERCENT = Format(False, Shown.PERCENT)
_BUILTIN = {
    **dict.fromkeys((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)), _DATE),
    **dict.fromkeys((*range(3, 9), *range(37, 45)), _GROUPED),
    **dict.fromkeys((9, 10), _PERCENT),
    **dict.fromkeys((0, 49), GENERAL),
    1: Format(False, Shown.PLAIN, 0),
    2: Format(False, Shown.PLAIN, 2),
}
"""By number; the others (scientific, fractions, Thai) are special."""
_PIECE = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*](?P<padding>.)|\[(?P<bracket>[^\]]*)\]|(?P<bare>.)', re.DOTALL
)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color *[0-9]+", re.IGNORECASE)
_DATE_LETTER = re.compile(r"[dmyhs]", re.IGNORECASE)
_CURRENCY, _OTHER, _ELAPSED_MARK = "\N{CURRENCY SIGN}", "\N{REPLACEMENT CHARACTER}", "h"
_NUMBER = re.compile(rf"[ {_CURRENCY}]*(?:(general|@)|([#0,]*[#0])(?:\.([#0?]+))?)[ {_CURRENCY}]*")


def format_of(number: int, custom: Mapping[int, str]) -> Format:
    """The format of a style's ``numFmtId``, given the workbook's own format codes."""
    return format_of_code(custom[number]) if number in custom else _BUILTIN.get(number, _SPECIAL)


def format_of_code(code: str) -> Format:
    """What a format code does to a positive number."""
    sections = list(_sections(code))
    if not any(conditional for _, conditional in sections):
        return _judged(sections[0][0])
    # Which section counts depends on the number, so they must all say the same.
    formats = {_judged(section) for section, _ in sections}
    for format_ in (_DATE, _PERCENT):
        if format_ in formats:
            return format_
    return formats.pop() if len(formats) == 1 else _SPECIAL


def _sections(code: str) -> Iterator[tuple[str, bool]]:
    """Each section reduced to what matters, and whether it stands under a condition."""
    section, conditional = "", False
    for piece in _PIECE.finditer(code):
        if piece["bare"] == ";":
            yield section, conditional
            section, conditional = "", False
        elif piece["bare"] is not None:
            section += _CURRENCY if unicodedata.category(piece["bare"]) == "Sc" else piece["bare"].lower()
        elif piece["bracket"] is not None:
            conditional |= piece["bracket"][:1] in ("<", ">", "=")
            section += _bracket(piece["bracket"])
        elif piece["padding"] is None:
            section += _literal(piece["quoted"] or piece["escaped"] or "")
    yield section, conditional


def _bracket(content: str) -> str:
    if content.startswith("$"):
        symbol = content[1:].partition("-")[0]
        return (_OTHER if any(map(str.isdigit, symbol)) else _CURRENCY) if symbol else ""
    if _COLOUR.fullmatch(content) or content[:1] in ("<", ">", "="):
        return ""
    return _ELAPSED_MARK if _ELAPSED.fullmatch(content) else _OTHER


def _literal(text: str) -> str:
    """Words can change what a number seems to be (``0"k"``); blanks and currencies do not."""
    bare = text.strip()
    if all(unicodedata.category(char) == "Sc" for char in bare):
        return _CURRENCY if bare else " " * len(text)
    return _CURRENCY if re.fullmatch("[A-Z]{3}", bare) else _OTHER


def _judged(section: str) -> Format:
    if _DATE_LETTER.search(section.replace("general", "")):
        return _DATE
    if "%" in section:
        return _PERCENT
    number = _NUMBER.fullmatch(section)
    # Two zeros before the point pad the number; a comma at its end, which the pattern refuses, divides it.
    if not number or (number[2] or "").count("0") > 1:
        return _SPECIAL
    if _CURRENCY in section or "," in section or (number[3] or "").strip("0"):
        return _GROUPED
    return GENERAL if number[1] else Format(False, Shown.PLAIN, len(number[3] or ""))
