"""What a Results sheet is known by: its names, and its columns in every order in which bulkops has written them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from bulkops.workbook.sheets import SheetRow

SHEET = "Results"
PRACTICE_SHEET = "PRACTICE Results"
MARK = "_bulkops.results"
"""The hidden workbook name by which our own results are known."""
COPY = "_bulkops.copy"
"""The hidden workbook name of a copy that bulkops made to put results into: never run, replaced by a later run."""
RUN_ID = re.compile(r"\b20[0-9]{6}-[0-9]{6}-[0-9a-f]{4}\b")
"""A run's id, as the column Run tells it."""
COLUMNS = (
    "Row",
    "Sheet",
    "Status",
    "Message",
    "What to do",
    "Operation",
    "Target",
    "Name",
    "New task GUID",
    "Bills selected",
    "Bills updated",
    "Import",
    "Batch",
    "Bills imported",
    "Send again code",
    "Environment",
    "Started",
    "Seconds",
    "HTTP status",
    "Run",
)
"""The table's, in their order."""
FIRST = (
    *("Sheet", "Row", "Operation", "Target", "Status", "New task GUID", "Bills selected", "Bills updated", "Message"),
    *("What to do", "HTTP status", "Environment", "Started", "Seconds", "Run"),
)
"""Those that every version of bulkops has written, in the order of the first."""
REFERENCE, REFERENCE_ROW = "Name and id, as in the drop-downs", 3
"""The first heading of a template's sheet of EnergyCAP's names, and its row."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Layout:
    """One form of the sheet."""

    columns: tuple[str, ...]
    heading_row: int
    opening: str
    """What the part begins with that stands as bulkops wrote it: no other program keeps the comment."""
    block: tuple[str, ...] = ()
    """The cells above the headings that hold something."""

    @property
    def letters(self) -> str:
        """Of the columns, the first of them A."""
        return _LETTERS[: len(self.columns)]

    def letter(self, column: str) -> str:
        """Of one column."""
        return _LETTERS[self.columns.index(column)]


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
NOW = Layout(
    COLUMNS, 7, f"{_XML}<!-- bulkops results -->", ("A1", *(f"{at}{row}" for at in "ABE" for row in (2, 3, 4, 5)))
)
"""The form that is written: a block of facts, and the table below it."""
_BEFORE = f"{_XML}<!-- bulkops -->"
LAYOUTS = (NOW, Layout((*FIRST, "Send again code"), 1, _BEFORE), Layout(FIRST, 1, _BEFORE))
"""Every form that an earlier run may have left, the newest first."""
HEADING_ROWS = frozenset(layout.heading_row for layout in LAYOUTS)


def table(rows: Iterable[SheetRow], marked: bool) -> tuple[int, Mapping[str, int]] | None:
    """(the heading row's number, heading → column) of a sheet that holds results; None for any other.

    Cut and pasted, a cell takes the names along that point at it, and a sheet that was left alone has no name any more:
    the headings decide, and the name (``marked``) lets some be missing.
    """
    least = len(FIRST) // 2 + 1 if marked else len(FIRST)
    for row in rows:
        if row.number > max(HEADING_ROWS):
            break
        if row.number in HEADING_ROWS:
            found = {cell.text: column for column, cell in row.cells.items() if cell.text in COLUMNS}
            if len(found.keys() & {*FIRST}) >= least:
                return row.number, found
    return None


def is_ours(rows: Iterable[SheetRow], marked: bool) -> bool:
    """Does the sheet hold results, or EnergyCAP's names for a template's drop-downs?"""
    top = list(islice(rows, max(HEADING_ROWS)))
    named = any(row.number == REFERENCE_ROW and 1 in row.cells and row.cells[1].text == REFERENCE for row in top)
    return named or table(top, marked) is not None
