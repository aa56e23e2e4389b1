"""The Results sheet of an earlier run: is there anything in it that is not bulkops' own?"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from bulkops.workbook.archive import Archive
from bulkops.workbook.patching import parse
from bulkops.workbook.relations import read_part, read_small, related
from bulkops.workbook.results_sheet import COLUMNS, FIRST, LETTERS, OPENING
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
    rb'<f[ >]|<c r="(?:[Q-Z]|[A-Z]{2,3})[0-9]|<(?:tablePart|legacyDrawing|conditionalFormatting|dataValid)'
)
"""What is never in a part that stands as bulkops wrote it."""
_LONGEST_HEADING = max(map(len, COLUMNS))
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
    if as_written(archive, sheet):
        rows = statuses = 0
        for piece in archive.pieces_before(sheet.part, b"<row "):
            if _ADDED_CELL.search(piece):
                return False
            rows, statuses = rows + piece.count(b"<row "), statuses + piece.count(b'<c r="E')
        return rows == statuses
    scan = _Scan(sheet.part, read_small(archive, sheet.part))
    headings = scan.headings(archive, book)
    return scan.only_results and headings in (COLUMNS, FIRST) and scan.columns <= set(LETTERS[: len(headings)])


def as_written(archive: Archive, sheet: OwnSheet) -> bool:
    """Has no other program saved the workbook since its results were put there?"""
    return next(archive.pieces(sheet.part), b"").startswith(OPENING.encode())


class _Scan:
    """Goes through the cells of a sheet that another program has saved."""

    def __init__(self, part: str, content: bytes) -> None:
        """Raises OddPart, TooBig."""
        self.only_results = True
        """No formula, no comment, no table; no cell in a row that has no status."""
        self.columns: set[str] = set()
        """The letters of all that hold anything."""
        self._rows = 0
        self._headings: list[tuple[str, str]] = []
        """(type, text) of each cell of the first row."""
        self._cells: set[str] = set()
        self._cell, self._type = "", ""
        parse(part, [content], self._start, self._end, self._text)

    def headings(self, archive: Archive, book: str) -> tuple[str, ...]:
        """The texts of the first row. Raises OddPart, OddArchive."""
        shared = {natural(text) for type_, text in self._headings if type_ == "s"}
        strings = _strings(archive, book, shared) if shared else {}
        return tuple(strings.get(natural(text), "") if type_ == "s" else text for type_, text in self._headings)

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
        """A heading is one text, here or among the shared ones."""
        if self._cell and not self._rows:
            self._headings.append((self._type, data))

    def _end(self, tag: str) -> None:
        local = tag.rpartition(" ")[2]
        if local == "c":
            self._cell = ""
        elif local == "row":
            self._rows += 1
            if self._cells and LETTERS[COLUMNS.index("Status")] not in self._cells:
                self.only_results = False
            self.columns |= self._cells
            self._cells = set()


def _strings(archive: Archive, book: str, wanted: Collection[int]) -> dict[int, str]:
    """Some of a workbook's shared texts, by their numbers."""
    parts = [target for kind, target in related(archive, book) if kind.endswith("/sharedStrings")]
    if not parts or parts[0] not in archive:
        return {}
    found: dict[int, str] = {}
    number, depth = -1, 0

    def start(_: str, __: object) -> None:
        nonlocal number, depth
        depth += 1
        number += depth == 2

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def text(data: str) -> None:
        if depth == 3 and number in wanted and len(found.get(number, "")) <= _LONGEST_HEADING:
            found[number] = found.get(number, "") + data

    parse(parts[0], archive.pieces(parts[0]), start, end, text)
    return found
