"""The Results sheet of an earlier run: is there anything in it that is not bulkops' own?"""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from bulkops.workbook.package import Package
from bulkops.workbook.results_layout import COLUMNS, HEADING_ROWS, LAYOUTS, Layout
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
_LONGEST_HEADING = max(map(len, COLUMNS))
_ADDED_PARTS = {"comments", "threadedComment", "table", "pivotTable", "oleObject", "control", "image", "queryTable"}


@dataclass(frozen=True, slots=True)
class OwnSheet:
    """A sheet that an earlier run has made."""

    index: int
    """Its place among all sheets, from 0."""
    name: str
    part: str


def untouched(package: Package, book: str, sheet: OwnSheet) -> bool:
    """Does it hold nothing but results, so that it may be replaced? A drawing without anything drawn is
    LibreOffice's way to save."""
    for each in package.relations(sheet.part).values():
        if each.kind in _ADDED_PARTS:
            return False
        if each.kind == "drawing" and each.target in package and package.part(each.target).root.children:
            return False
    if layout := as_written(package, sheet):
        return _only_ours(package, sheet, layout)
    scan = _Scan(package, sheet.part)
    headings = {row: scan.headings(row, book) for row in HEADING_ROWS}
    return any(headings[each.heading_row] == each.columns and scan.only_results(each) for each in LAYOUTS)


def as_written(package: Package, sheet: OwnSheet) -> Layout | None:
    """Its layout, if no other program has saved the workbook since its results were put there."""
    opening = next(package.pieces(sheet.part), b"")
    return next((each for each in LAYOUTS if opening.startswith(each.opening.encode())), None)


def _only_ours(package: Package, sheet: OwnSheet, layout: Layout) -> bool:
    """Is there nothing in the part, which stands as bulkops wrote it, that is not ours?"""
    above, beyond = layout.heading_row - 1, chr(ord(layout.letters[-1]) + 1)
    strange = (
        rf'<f[ >]|<c r="(?:[{beyond}-Z]|[A-Z]{{2,3}})[0-9]|<(?:tablePart|legacyDrawing|conditionalFormatting|dataValid)'
    )
    if above:
        strange += rf'|<c r="(?!(?:{"|".join(layout.block)})")[A-Z][1-{above}]"'
    added, status = re.compile(strange.encode()), f'<c r="{layout.letter("Status")}'.encode()
    rows = statuses = 0
    for piece in package.pieces_before(sheet.part, b"<row "):
        if added.search(piece):
            return False
        rows, statuses = rows + piece.count(b"<row "), statuses + piece.count(status)
    return rows - above == statuses


class _Scan:
    """Goes through the cells of a sheet that another program has saved."""

    def __init__(self, package: Package, part: str) -> None:
        """Raises DamagedPackage, TooBig."""
        self._package = package
        self._added = False
        """A formula, a comment, a table …"""
        self._used: dict[int, set[str]] = defaultdict(set)
        """The letters of the cells that hold anything, of the rows down to the last that can be headings."""
        self._below: set[frozenset[str]] = set()
        """The same of the rows after them, each combination once."""
        self._texts: dict[int, list[tuple[str, str]]] = defaultdict(list)
        """(type, text) of each cell of the rows that can be headings."""
        self._row, self._cell, self._type = 0, "", ""
        self._cells: set[str] = set()
        package.parse(part, None, self._start, self._end, self._text)

    def headings(self, row: int, book: str) -> tuple[str, ...]:
        """The texts of a row. Raises DamagedPackage, TooBig."""
        texts = self._texts[row]
        shared = {natural(text) for type_, text in texts if type_ == "s"}
        strings = _strings(self._package, book, shared) if shared else {}
        return tuple(strings.get(natural(text), "") if type_ == "s" else text for type_, text in texts)

    def only_results(self, layout: Layout) -> bool:
        """No formula, no comment, no table; every row below the headings has a status, and no cell stands beside."""
        lines = [cells for row, cells in self._used.items() if row > layout.heading_row and cells]
        block = {f"{letter}{row}" for row, cells in self._used.items() if row < layout.heading_row for letter in cells}
        status, known = layout.letter("Status"), {*layout.letters}
        sound = all(status in cells and cells <= known for cells in (*lines, *self._below))
        return not self._added and sound and block <= {*layout.block}

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._package.allowance.take(1)
        local = tag.rpartition(" ")[2]
        if local in _ADDITIONS:
            self._added = True
        elif local == "row":
            self._row = natural(attributes["r"]) if "r" in attributes else self._row + 1
        elif local == "c":
            self._cell = attributes.get("r", "").rstrip("0123456789")
            self._type = attributes.get("t", "")
        elif local in ("v", "is"):
            self._cells.add(self._cell)

    def _text(self, data: str) -> None:
        """A heading is one text, here or among the shared ones."""
        if self._cell and self._row in HEADING_ROWS:
            self._texts[self._row].append((self._type, data))

    def _end(self, tag: str) -> None:
        local = tag.rpartition(" ")[2]
        if local == "c":
            self._cell = ""
        elif local == "row":
            if self._row <= max(HEADING_ROWS):
                self._used[self._row] |= self._cells
            elif self._cells:
                self._below.add(frozenset(self._cells))
            self._cells = set()


def _strings(package: Package, book: str, wanted: Collection[int]) -> dict[int, str]:
    """Some of a workbook's shared texts, by their numbers."""
    parts = [each.target for each in package.relations(book).values() if each.kind == "sharedStrings"]
    if not parts or parts[0] not in package:
        return {}
    found: dict[int, str] = {}
    number, depth = -1, 0

    def start(_: str, __: object) -> None:
        nonlocal number, depth
        package.allowance.take(1)
        depth += 1
        number += depth == 2

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def text(data: str) -> None:
        if depth == 3 and number in wanted and len(found.get(number, "")) <= _LONGEST_HEADING:
            found[number] = found.get(number, "") + data

    package.parse(parts[0], None, start, end, text)
    return found
