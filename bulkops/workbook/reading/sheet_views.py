"""Rows that a view of a sheet does not show to whoever looks through it, though the sheet itself shows them.

Sheet views of Excel 365 ([MS-XLSX] namedSheetViews) and the custom views of every Excel hold filters of their own,
which only their readers see. A row is shown by such a filter if its cell surely is one of the values that are listed
there. Of any other filter every row counts as filtered out: better asked about than sent unseen.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.workbook.package import Package
from bulkops.workbook.reading.xlsx import XlsxPackage
from bulkops.workbook.sheets import LAST_ROW, Area, SheetRow, corners
from bulkops.workbook.text import natural

ROWS_LIKE_A_CELL = 8
"""To hold so many rows against the filter of a view takes about as long as to read a cell."""
_ALL: Area = (1, 0, 1, LAST_ROW)
HIDDEN_ROWS, FILTERED = (re.compile(rf"z_([0-9a-f_]+)_\.wvu\.{what}") for what in ("rows", "filterdata"))
"""The names of the rows that a custom view hides, and of the cells that it filters, by the view's id."""
_ROWS = re.compile(r"(?:'((?:[^']|''){0,255})'|([^',!]{1,255}))!\$([0-9]{1,7}):\$([0-9]{1,7})")


@dataclass(slots=True)
class _Column:
    """The filter of one column."""

    values: set[str] = field(default_factory=set)
    """In lower case."""
    blanks: bool = False
    sure: bool = True
    used: bool = False

    def shows(self, cell: Cell | None) -> bool:
        """Is the row surely shown that holds this cell?"""
        if not self.used or not self.sure:
            return not self.used
        if cell is None or (cell.kind is Kind.TEXT and not cell.text.strip()):
            return self.blanks
        plain = cell.kind in (Kind.TEXT, Kind.BOOL) or (cell.kind is Kind.NUMBER and cell.shown is Shown.PLAIN)
        return plain and cell.text.casefold() in self.values

    def take(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take in an element of the filter."""
        if name == "filters":
            self.sure = self.sure and not self.used
            self.used = True
            self.blanks = attributes.get("blank") in ("1", "true")
        elif name == "filter" and "val" in attributes:
            self.values.add(attributes["val"].casefold())
        elif name != "filter":
            self.used, self.sure = True, False


@dataclass(slots=True)
class _Filter:
    """A filter of one view: over which cells, with the headings, and what it asks of their columns."""

    view: str
    area: Area
    columns: dict[int, _Column] = field(default_factory=dict)
    """By their place in the area, from 0."""

    def hides(self, row: SheetRow) -> bool:
        """Does the view not show the row?"""
        left, top, _, bottom = self.area
        return top < row.number <= bottom and not all(
            column.shows(row.cells.get(left + at)) for at, column in self.columns.items()
        )


class Views:
    """The views of one worksheet. Elements are known by their local names: each Excel has them in another namespace."""

    def __init__(self) -> None:
        self.titles: Mapping[str, str] = {}
        self._filters: list[_Filter] = []
        self._hiding: set[str] = set()
        self._areas: list[tuple[str, int, int]] = []
        self._view = ""
        self._column: _Column | None = None
        self._open: list[str] = []

    def __len__(self) -> int:
        return len(self._filters) + len(self._areas)

    @property
    def within(self) -> bool:
        """Is an element of the views open?"""
        return bool(self._open)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._open.append(name)
        if name in ("namedSheetView", "customSheetView"):
            self._view = attributes.get("name", "") or _id(attributes.get("guid", ""))
            if attributes.get("hiddenRows") in ("1", "true"):
                self._hiding.add(self._view)
        elif name in ("nsvFilter", "autoFilter"):
            self._filters.append(_Filter(self._view, _area(attributes.get("ref", ""))))
        elif name in ("columnFilter", "filterColumn") and self._filters:
            self._column = self._filters[-1].columns.setdefault(natural(attributes.get("colId", "0")), _Column())
        elif self._column is not None:
            self._column.take(name, attributes)

    def end(self, tag: str) -> None:
        if self._open and self._open.pop() in ("columnFilter", "filterColumn"):
            self._column = None

    def hide(self, view: str, first: int, last: int) -> None:
        """Take in rows that a view hides."""
        self._areas.append((view, first, last))

    def filtered(self, rows: Iterable[SheetRow]) -> dict[str, list[int]]:
        """View → the rows that it does not show, and the sheet itself does."""
        found: dict[str, list[int]] = defaultdict(list)
        described = {*(view for view, _, _ in self._areas), *(each.view for each in self._filters if each.columns)}
        # A view may say that it hides rows, and not which.
        areas = [*self._areas, *((view, 1, LAST_ROW) for view in self._hiding - described)]
        for row in rows if areas or self._filters else ():
            if not row.hidden:
                out = [view for view, first, last in areas if first <= row.number <= last]
                out += [each.view for each in self._filters if each.hides(row)]
                for view in dict.fromkeys(out):
                    found[self.titles.get(view, view)].append(row.number)
        return dict(found)


def _area(reference: str) -> Area:
    """The cells of a filter; all of the sheet where that cannot be told."""
    try:
        return corners(reference)
    except ValueError:
        return _ALL


def _id(guid: str) -> str:
    """A custom view's id, as the workbook's names have it."""
    return guid.strip("{}").replace("-", "_").lower()


class CustomViews:
    """What the workbook itself tells of the custom views of its sheets."""

    def __init__(self, package: XlsxPackage) -> None:
        views = package.elements["customWorkbookView"]
        self._titles = {_id(each.get("guid", "")): each.get("name", "") for each in views}
        self._hidden: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for name, _, text in package.names():
            if named := HIDDEN_ROWS.fullmatch(name):
                for quoted, bare, first, last in _ROWS.findall(text):
                    sheet = (quoted.replace("''", "'") or bare).casefold()
                    self._hidden[sheet].append((named[1], int(first), int(last)))

    def add_to(self, sheet: str, views: Views) -> None:
        """The names of the views, and the rows of a sheet that they hide."""
        views.titles = self._titles
        for view, first, last in self._hidden.get(sheet.casefold(), ()):
            views.hide(view, first, last)


def read_named_views(package: Package, sheet_part: str, views: Views) -> None:
    """Take in the sheet views of Excel 365."""
    for each in package.relations(sheet_part).values():
        if each.kind == "namedSheetView" and each.target in package:
            package.parse(each.target, None, views.start, views.end)
