"""Texts that a workbook can hold: whatever came from a server or a sheet, made safe and visibly so."""

from __future__ import annotations

import re

LONGEST = 32_767
"""Excel's limit for a cell, in UTF-16 units."""
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(x[0-9A-Fa-f]{4}_)")


def cell_text(text: str) -> str:
    """A text as it may be stored in a cell.

    Control characters, lone surrogates and non-characters become ``[U+FFFF]``, line ends LF, text that looks
    like Excel's own escape is escaped, and what is too long is cut with a word about it.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    clean = (
        "".join(
            char if ord(char) < 0x10000 or ord(char) & 0xFFFE != 0xFFFE else f"[U+{ord(char):X}]"
            for char in _UNFIT.sub(lambda match: f"[U+{ord(match[0]):04X}]", unified)
        )
        if not unified.isascii() or _UNFIT.search(unified)
        else unified
    )
    return _LOOKS_ESCAPED.sub(r"_x005F_\1", _cut(clean))


def _cut(text: str) -> str:
    units = _units(text)
    # Every escape adds seven characters to what is stored, not to what Excel shows and counts.
    if units <= LONGEST:
        return text
    ending = f" … [cut; {units} characters in all]"
    room = LONGEST - _units(ending)
    encoded = text.encode("utf-16-le")[: room * 2]
    return encoded.decode("utf-16-le", "ignore") + ending


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
