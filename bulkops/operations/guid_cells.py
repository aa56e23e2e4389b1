"""GUIDs as they are copied: with brackets, quotation marks, blanks or other hyphens round and in them."""

from __future__ import annotations

import re
import unicodedata

from bulkops.model.picks import BAR
from bulkops.model.rows import Cell, Kind
from bulkops.operations.cells import OUTER_BLANKS, Picked, Remarked, Unreadable, is_name, one_line, shorten, unusable
from bulkops.operations.picked_cells import read_picked

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GUID_WITHIN = re.compile(rf"(?<![0-9a-z-]){_GUID.pattern}(?![0-9a-z-])")
_GUIDS_PART = re.compile(r"[0-9a-f]{4}-[0-9a-f]{4}|[0-9a-f]{12}")
_GUID_DIGITS, _LIKE_A_GUID, _LIKE_A_PART = 32, 24, 8
"""How many hexadecimal digits a GUID has, and how many, among other characters or alone, let it seem one."""
_LONGEST_GUID = 500
"""Characters, with all that can have come with it."""
_HEXADECIMAL = "0123456789abcdef"
_HYPHENS = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_URN = "urn:uuid:"
_BRACKETS = {"{": "}", "(": ")", "[": "]", "<": ">"}
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"


def read_guid(cell: Cell) -> str | Remarked | Picked | Unreadable | None:
    """A GUID in canonical lower case, or a pick. What came with it when it was copied is left out, with a remark."""
    if blocked := unusable(cell):
        return blocked
    if cell.kind is not Kind.TEXT:
        return Unreadable("guid.shape", shorten(cell.text))
    if not (text := cell.text.strip(OUTER_BLANKS)):
        return None
    if BAR in text:
        return read_picked(cell, read_guid, "guid.pick", "GUID")
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
    if odd and is_name(text) and not _GUIDS_PART.search(guid):
        return Unreadable("guid.name", shorten(text), typed=one_line(text))
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
