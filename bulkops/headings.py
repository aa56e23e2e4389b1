"""Which sheets are input, and which column means what (product.md section 1).

A sheet is an input sheet when one of its first 20 rows holds the headings of an
operation. A heading that is almost a known one stops the sheet; others are noted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulkops.model import Kind, Problem
from bulkops.naming import OPERATION, known_headings, normal
from bulkops.operations.base import Operation, columns
from bulkops.operations.catalogue import Catalogue
from bulkops.operations.cells import shorten
from bulkops.workbook.correcting import HEADING as OUR_COLUMN
from bulkops.workbook.raw import RawRow, RawSheet, column_letters
from bulkops.workbook.results_sheet import COLUMNS as RESULTS

SEARCHED_ROWS = 20
_GLANCED_ROWS = 200
"""How far down headings are missed that nobody searches for."""
_DIGIT = re.compile(r"\d")
_BLANKS = 10
"""So many blanks and signs are looked for between a heading's letters; to look through all long texts takes time."""
_NEAR = 0.83
"""“Operator” is 0.82 of “Operation”, and a word of its own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """An input sheet: where its headings stand, what each column means, what is wrong with them."""

    sheet: RawSheet
    heading_row: int
    fields: Mapping[int, str]
    """Column → field name."""
    operations: tuple[Operation, ...]
    """What its rows can ask for; one, unless there is an Operation column."""
    problems: tuple[Problem, ...] = ()
    """Each stops every row of the sheet."""
    notes: tuple[str, ...] = ()
    again: int = 0
    """The row further down where headings stand once more, in other columns: what is below is not of these. 0: none."""


@dataclass(slots=True)
class _Headings:
    """One row read as headings."""

    row: RawRow
    exact: dict[int, str] = field(default_factory=dict)
    near: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Column → (field name, the heading it nearly is)."""
    far: dict[int, str] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)
    """Column → what stands there: an error value, or a formula without a stored result."""

    def names(self) -> set[str]:
        return {*self.exact.values(), *(name for name, _ in self.near.values())}


def find_layout(sheet: RawSheet, operations: Sequence[Operation], catalogue: Catalogue) -> Layout | str | None:
    """The sheet's layout; a note why a sheet that looks like input is none; None for any other sheet."""
    known = known_headings(operations)
    unfinished: str | None = None
    for row in sheet.rows:
        if row.number > _GLANCED_ROWS or _is_results(row):
            break
        headings = _read_headings(row, known)
        names = headings.names()
        meant = [operation for operation in operations if _is_meant(operation, names)]
        if meant:
            if row.number > SEARCHED_ROWS:
                first = min(headings.exact or headings.near)
                where = f"its headings stand in {_address(sheet, first, row)}, below row {SEARCHED_ROWS}"
                return unfinished or f"Sheet “{sheet.name}” was not read: {where}."
            if sheet.ours:
                return f"Sheet “{sheet.name}” is bulkops' own for results and was not read; copy its rows to another."
            found = _layout(sheet, headings, meant, catalogue)
            return replace(found, again=_again(found, known))
        if row.number <= SEARCHED_ROWS:
            unfinished = unfinished or _looks_unfinished(sheet, operations, names)
    return None if sheet.ours else unfinished


def _again(layout: Layout, known: Mapping[str, tuple[str, str]]) -> int:
    """The first row below the headings that holds headings of another table; 0 if there is none."""
    meanings: dict[str, str] = {}
    longest = max(map(len, known)) + _BLANKS
    # Most texts of a big workbook hold a number, and no heading does: they need not be read letter by letter.
    numbered = any(_DIGIT.search(each) for each in known)
    for row in layout.sheet.rows:
        if row.number <= layout.heading_row:
            continue
        found: dict[int, str] = {}
        for column, cell in row.cells.items():
            if cell.kind is Kind.TEXT:
                if cell.text not in meanings:
                    likely = len(cell.text.strip()) < longest and (numbered or not _DIGIT.search(cell.text))
                    words = normal(cell.text) if likely else ""
                    meanings[cell.text] = known.get(words, ("",))[0]
                if name := meanings[cell.text]:
                    found[column] = name
        if len({*found.values()}) > 1 and found != layout.fields:
            return row.number
    return 0


def _is_results(row: RawRow) -> bool:
    """Our own Results sheet, whose New task GUID is nearly a heading."""
    return {normal(name) for name in RESULTS} <= {normal(cell.text) for cell in row.cells.values()}


def _read_headings(row: RawRow, known: Mapping[str, tuple[str, str]]) -> _Headings:
    headings = _Headings(row)
    for column, cell in row.cells.items():
        words = normal(cell.text)
        if cell.kind in (Kind.ERROR, Kind.FORMULA):
            headings.unreadable[column] = shorten(f"{cell.kind.value} {cell.text}")
        elif not words:
            continue
        elif cell.kind is Kind.TEXT and words in known:
            headings.exact[column] = known[words][0]
        elif close := difflib.get_close_matches(words, known, n=1, cutoff=_NEAR):
            headings.near[column] = known[close[0]]
        else:
            headings.far[column] = shorten(cell.text)
    return headings


def _own(operation: Operation, names: set[str]) -> set[str]:
    return {each.name for each in operation.fields} & names


def _is_meant(operation: Operation, names: set[str]) -> bool:
    """Its target and one more heading it needs or, failing that, so many of its own that it is surely meant."""
    if operation.target not in names:
        return False
    own = _own(operation, names)
    return OPERATION in names or (operation.headings <= names and len(own) > 1) or len(own) > 3


def _looks_unfinished(sheet: RawSheet, operations: Sequence[Operation], names: set[str]) -> str | None:
    for operation in operations:
        missing = [each.heading for each in operation.fields if each.name in operation.headings - names]
        if operation.target in names and missing and len(_own(operation, names)) > 1:
            return f"Sheet “{sheet.name}” was not read: for {operation.title} it lacks the heading “{missing[0]}”."
    return None


def _layout(sheet: RawSheet, headings: _Headings, meant: list[Operation], catalogue: Catalogue) -> Layout:
    """The layout of a sheet whose headings were found. Problems stand in column order, whole-sheet ones last."""
    fields: dict[int, str] = {}
    problems: list[Problem] = []
    names = headings.names()

    def say(code: str, column: int, **facts: str) -> None:
        problems.append(catalogue.problem(code, _address(sheet, column, headings.row), **facts))

    for column in sorted({*headings.exact, *headings.near, *headings.unreadable}):
        text = shorten(headings.row.cells[column].text)
        if column in headings.unreadable:
            say("heading.unreadable", column, extra=headings.unreadable[column])
        elif column in headings.near:
            say("heading.near", column, value=text, extra=f" Did you mean “{headings.near[column][1]}”?")
        else:
            name = headings.exact[column]
            if name in fields.values():
                first = next(at for at, taken in fields.items() if taken == name)
                say("heading.twice", column, value=text, other=_address(sheet, first, headings.row))
            fields[column] = name
    for column, (name, _) in headings.near.items():
        # Or a row with values in such columns only would not be read, and nobody would hear of it.
        if name not in fields.values():
            fields[column] = name
    corner = min(fields)
    if len(meant) > 1 and OPERATION not in names:
        say("heading.two_operations", corner)
    if len(meant) == 1:
        for each in meant[0].fields:
            if each.name in meant[0].headings - names:
                say("heading.missing", corner, value=each.heading)
    notes = (*_ignored(sheet, headings), *_hidden(sheet, fields, meant))
    return Layout(sheet, headings.row.number, fields, tuple(meant), tuple(problems), notes)


def _address(sheet: RawSheet, column: int, row: RawRow) -> str:
    return f"{sheet.name}!{column_letters(column)}{row.number}"


def _ignored(sheet: RawSheet, headings: _Headings) -> Iterator[str]:
    """Columns that hold something, and that nobody reads."""
    for column, text in headings.far.items():
        if normal(text) == normal(OUR_COLUMN):
            continue
        yield f"Sheet “{sheet.name}”: the column “{text}” ({column_letters(column)}) is not known and was ignored."
    used: set[int] = set()
    for row in sheet.rows:
        if row.number > headings.row.number:
            used.update(row.cells)
    nameless = sorted(used - {*headings.exact, *headings.near, *headings.far, *headings.unreadable})
    if nameless:
        letters = shorten(", ".join(map(column_letters, nameless)))
        yield f"Sheet “{sheet.name}”: what stands in columns without a heading ({letters}) was ignored."


def _hidden(sheet: RawSheet, fields: Mapping[int, str], meant: list[Operation]) -> Iterator[str]:
    known = {OPERATION: "Operation", **{name: each.heading for name, each in columns(meant).items()}}
    for column, name in fields.items():
        if name in known and any(first <= column <= last for first, last in sheet.hidden_columns):
            yield (
                f"Sheet “{sheet.name}”: the column “{known[name]}” ({column_letters(column)}) is hidden; "
                "its values count."
            )
