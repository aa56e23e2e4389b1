"""What the sheets of a workbook share: number formats and texts."""

import re

from bulkops.workbook.number_formats import GENERAL, Format, format_of
from bulkops.workbook.package import MAIN
from bulkops.workbook.reading.plain import plain_text
from bulkops.workbook.reading.xlsx import XlsxPackage
from bulkops.workbook.text import unescape
from bulkops.workbook.xml_feed import Pieces

_T, _RPH, _SI = f"{MAIN} t", f"{MAIN} rPh", f"{MAIN} si"
_OPENING = re.compile(rb"<sst(?: [^<>]*[^<>/])?>")
_NO_NUMBER = -1
"""No format's: what is shown is not known."""
_FORMAT, _FORMATS = f"{MAIN} numFmt", f"{MAIN} numFmts"
_STYLE, _STYLES = f"{MAIN} xf", f"{MAIN} cellXfs"


def cell_formats(package: XlsxPackage) -> list[Format]:
    """The number format of each cell style."""
    styles = package.shared_part("styles")
    if styles is None:
        return [GENERAL]
    custom: dict[int, str] = {}
    used: list[int] = []
    inside = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag in (_FORMATS, _STYLES):
            inside = tag
        elif tag == _FORMAT and inside == _FORMATS:
            # Conditional formats have numFmt elements of their own, with the same numbers.
            if (number := _number(attributes.get("numFmtId", ""))) != _NO_NUMBER and "formatCode" in attributes:
                custom[number] = attributes["formatCode"]
        elif tag == _STYLE and inside == _STYLES:
            used.append(_number(attributes.get("numFmtId", "0")))

    def end(tag: str) -> None:
        nonlocal inside
        if tag == inside:
            inside = ""

    package.parse(styles, f"{MAIN} styleSheet", start, end)
    # A table can have a million styles, of a few formats.
    formats = {}
    for number in set(used):
        package.allowance.take()
        formats[number] = format_of(number, custom)
    return [formats[number] for number in used] or [GENERAL]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else _NO_NUMBER


def shared_strings(package: XlsxPackage) -> list[str]:
    """The workbook's shared texts; phonetic readings of Japanese texts are left out."""
    part = package.shared_part("sharedStrings")
    if part is None:
        return []
    strings: list[str] = []
    parts: list[str] = []
    phonetic = collecting = False
    depth = 0

    def plain(piece: str, _: object) -> bool:
        found = plain_text(piece)
        if found is not None:
            strings.append(found)
        return found is not None

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal phonetic, collecting, depth
        depth += 1
        if tag == _T:
            collecting = not phonetic
        elif tag == _SI:
            parts.clear()
        elif tag == _RPH:
            phonetic = True

    def end(tag: str) -> None:
        nonlocal phonetic, collecting, depth
        depth -= 1
        if tag == _T:
            collecting = False
        elif tag == _RPH:
            phonetic = False
        elif tag == _SI:
            strings.append(unescape("".join(parts)))

    def text(data: str) -> None:
        if collecting:
            parts.append(data)

    pieces = Pieces(_OPENING, f"{MAIN} sst", "</si>", plain, lambda: depth)
    package.parse(part, f"{MAIN} sst", start, end, text, pieces)
    return strings
