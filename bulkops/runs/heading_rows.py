"""One row of a sheet read as headings: which stand there, which nearly, and which cannot be read."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from bulkops.model.rows import Kind
from bulkops.operations.base import Operation
from bulkops.operations.cells import shorten
from bulkops.operations.heading_names import heading_words, known_headings
from bulkops.workbook.results_layout import COLUMNS, FIRST
from bulkops.workbook.sheets import Sheet, SheetRow, column_letters

_NEAR = 0.83
"""“Operator” is 0.82 of “Operation”, and a word of its own."""
OURS = frozenset(map(heading_words, COLUMNS))
"""The headings of our own results. New task GUID nearly is Task GUID, and the opposite of it."""
_DIGIT = re.compile(r"\d")
_WORDS = 8
"""More make a sentence beside the headings."""
_FIRST = re.compile(r"\s*(\w+)\s*[-\u2013\u2014:;,/\n]")
"""The word before the first sign."""
_BLANKS = 10
"""So many blanks and signs are looked for between a heading's letters; to look through all long texts takes time."""


@dataclass(slots=True)
class HeadingRow:
    """One row read as headings."""

    row: SheetRow
    exact: dict[int, str] = field(default_factory=dict)
    """Column → field name."""
    near: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Column → (field name, the heading it nearly is)."""
    far: dict[int, str] = field(default_factory=dict)
    """Column → a text that is no heading of ours."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Column → what stands there: an error value, or a formula without a stored result."""

    def names(self) -> set[str]:
        """The fields that are meant."""
        return {*self.exact.values(), *(name for name, _ in self.near.values())}


class KnownHeadings:
    """The headings of some operations."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.fields = known_headings(operations)
        """What a heading is known by → (field name, heading)."""
        self._guesses = known_headings(operations, synonyms=False)

    def name(self, text: str) -> str:
        """The field that a heading means; "" for none."""
        return self.fields.get(heading_words(text), ("",))[0]

    def take_longer(self, headings: HeadingRow, operations: Sequence[Operation]) -> None:
        """Take a heading for nearly the one of these operations' that stands in it, if no other column has that.

        “Cost recovery in USD”, “Comment: what happened”.
        """
        own = {*known_headings(operations, synonyms=False).values()}
        longest_first = sorted(own, key=lambda each: -len(each[1]))
        for column in list(headings.far):
            cell = headings.row.cells[column]
            words = _plain(cell.text)
            if cell.kind is not Kind.TEXT or len(words.split()) > _WORDS or heading_words(cell.text) in OURS:
                continue
            opening = _FIRST.match(cell.text)
            for name, heading in longest_first:
                known = _plain(heading)
                # A single word is common in others: Comment date.
                within = f" {known} " in f" {words} " if " " in known else opening and _plain(opening[1]) == known
                if within and name not in headings.names():
                    headings.near[column] = (name, heading)
                    del headings.far[column]
                    break

    def is_results(self, row: SheetRow) -> bool:
        """Our own Results sheet's headings."""
        return {heading_words(cell.text) for cell in row.cells.values()} >= set(map(heading_words, FIRST))

    def read(self, row: SheetRow) -> HeadingRow:
        """A row, as if it were headings."""
        headings = HeadingRow(row)
        for column, cell in row.cells.items():
            words = heading_words(cell.text)
            if cell.kind in (Kind.ERROR, Kind.FORMULA):
                headings.unreadable[column] = shorten(f"{cell.kind.value} {cell.text}")
            elif not words:
                continue
            elif cell.kind is Kind.TEXT and words in self.fields:
                headings.exact[column] = self.fields[words][0]
            elif words not in OURS and (close := difflib.get_close_matches(words, self._guesses, 1, _NEAR)):
                headings.near[column] = self._guesses[close[0]]
            else:
                headings.far[column] = shorten(cell.text)
        return headings

    def rows_with_any(self, rows: Iterable[SheetRow]) -> Iterator[tuple[SheetRow, Mapping[int, str]]]:
        """The rows that hold headings, if only one, with what their columns mean."""
        longest = max(map(len, self.fields)) + _BLANKS
        # Most texts of a big workbook hold a number, and no heading does: they need not be read letter by letter.
        numbered = any(_DIGIT.search(each) for each in self.fields)

        @cache
        def meaning(text: str) -> str:
            likely = len(text.strip()) < longest and (numbered or not _DIGIT.search(text))
            return self.name(text) if likely else ""

        for row in rows:
            found = {
                column: name
                for column, cell in row.cells.items()
                if (name := meaning(cell.text)) and cell.kind is Kind.TEXT
            }
            if found:
                yield row, found


def _plain(text: str) -> str:
    """The words of a text, in lower case, with one blank between."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def address(sheet: Sheet, column: int, row: SheetRow) -> str:
    """``Data!B1``"""
    return f"{sheet.name}!{column_letters(column)}{row.number}"
