"""The Results sheet of an earlier run: is there anything in it that is not bulkops' own?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat

from bulkops.workbook.archive import Archive
from bulkops.workbook.patching import OddPart
from bulkops.workbook.relations import read_part, related
from bulkops.workbook.results_sheet import COLUMNS, LETTERS, OPENING
from bulkops.workbook.text import natural

_ADDITIONS = {
    "f",
    "tablePart",
    "legacyDrawing",
    "picture",
    "oleObject",
    "control",
    "conditionalFormatting",
    "dataValidation",
}
"""Elements of a worksheet that are never in a Results sheet of ours."""
_ADDED_CELL = re.compile(
    rb'<f[ >]|<c r="(?:[P-Z]|[A-Z]{2,3})[0-9]|<(?:tablePart|legacyDrawing|conditionalFormatting|dataValid)'
)
"""What is never in a part that stands as bulkops wrote it."""
_ADDED_PARTS = {"comments", "threadedComment", "table", "pivotTable", "oleObject", "control", "image", "queryTable"}


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """A sheet that an earlier run has made."""

    index: int
    """Its place among all sheets, from 0."""
    name: str
    part: str


def untouched(archive: Archive, book: str, sheet: OwnSheet) -> bool:
    """Does it hold nothing but results, so that it may be replaced? A drawing without anything drawn is
    LibreOffice's way to save."""
    for kind, target in related(archive, sheet.part):
        what = kind.rpartition("/")[2]
        if what in _ADDED_PARTS:
            return False
        if what == "drawing" and target in archive and read_part(archive, target).root.children:
            return False
    content = archive.read(sheet.part)
    if content.startswith(OPENING.encode()):
        return not _ADDED_CELL.search(content) and content.count(b"<row ") == content.count(b'<c r="E')
    scan = _Scan(content, _strings(archive, book))
    return scan.only_results and tuple(scan.headings) == COLUMNS


def as_written(archive: Archive, sheet: OwnSheet) -> bool:
    """Has no other program saved the workbook since its results were put there?"""
    return archive.read(sheet.part).startswith(OPENING.encode())


class _Scan:
    """Goes through the cells of a sheet that another program has saved."""

    def __init__(self, content: bytes, strings: Sequence[str]) -> None:
        self._strings = strings
        self.only_results = True
        """No formula, no comment, no table; no cell right of our columns, and none in a row that has no status."""
        self.headings: list[str] = []
        """The texts of the first row."""
        self._cells: set[str] = set()
        self._cell, self._type = "", ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler = self._text
        try:
            self._parser.Parse(content, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise OddPart(f"the sheet of results: {error}") from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(" ")[2]
        if local in _ADDITIONS:
            self.only_results = False
        elif local == "c":
            self._cell = attributes.get("r", "").rstrip("0123456789")
            self._type = attributes.get("t", "")
        elif local in ("v", "is"):
            self._cells.add(self._cell)

    def _text(self, data: str) -> None:
        """In the first row, which ends the calls: a heading is one text, here or among the shared ones."""
        if self._cell:
            self.headings.append(self._strings[natural(data)] if self._type == "s" else data)

    def _end(self, tag: str) -> None:
        local = tag.rpartition(" ")[2]
        if local == "c":
            self._cell = ""
        elif local == "row":
            self._parser.CharacterDataHandler = None
            if self._cells and not {LETTERS[COLUMNS.index("Status")]} <= self._cells <= set(LETTERS):
                self.only_results = False
            self._cells = set()


def _strings(archive: Archive, book: str) -> list[str]:
    """The first shared texts of a workbook, headings among them."""
    parts = [target for kind, target in related(archive, book) if kind.endswith("/sharedStrings")]
    if not parts or parts[0] not in archive:
        return []
    return ["".join(text.text for text in each.children) for each in read_part(archive, parts[0]).root.children]
