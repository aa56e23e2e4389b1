"""Which sheets are input, and which column means what (product.md section 1).

A sheet is an input sheet when one of its first 20 rows holds the headings of an
operation. A heading that is almost a known one stops the sheet; others are noted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bulkops.model import Kind, Problem
from bulkops.operations.base import Operation, columns
from bulkops.operations.catalogue import Catalogue
from bulkops.operations.cells import shorten
from bulkops.workbook.reader import RawRow, RawSheet, column_letters

OPERATION = "operation"
"""The name under which the Operation column stands among a sheet's fields."""
SEARCHED_ROWS = 20
_NEAR = 0.82


def normal(heading: str) -> str:
    """A heading without case, spaces and punctuation."""
    return "".join(char for char in heading.casefold() if char.isalnum())


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


@dataclass(slots=True)
class _Headings:
    """One row read as headings."""

    row: RawRow
    exact: dict[int, str] = field(default_factory=dict)
    near: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Column → (field name, the heading it nearly is)."""
    far: dict[int, str] = field(default_factory=dict)

    def names(self) -> set[str]:
        return {*self.exact.values(), *(name for name, _ in self.near.values())}


def known_headings(operations: Iterable[Operation]) -> dict[str, tuple[str, str]]:
    """Normal form of every heading and alias → (field name, heading)."""
    known = {normal(OPERATION): (OPERATION, "Operation")}
    for each in columns(list(operations)).values():
        for spelling in (each.heading, each.name, *each.aliases):
            known.setdefault(normal(spelling), (each.name, each.heading))
    return known


def find_layout(sheet: RawSheet, operations: Sequence[Operation], catalogue: Catalogue) -> Layout | str | None:
    """The sheet's layout; a note why a sheet that looks like input is none; None for any other sheet."""
    known = known_headings(operations)
    unfinished: str | None = None
    for row in sheet.rows:
        if row.number > SEARCHED_ROWS:
            break
        headings = _read_headings(row, known)
        names = headings.names()
        meant = [operation for operation in operations if _is_meant(operation, names)]
        if meant:
            return _layout(sheet, headings, meant, catalogue)
        unfinished = unfinished or _looks_unfinished(sheet, operations, names)
    return unfinished


def _read_headings(row: RawRow, known: Mapping[str, tuple[str, str]]) -> _Headings:
    headings = _Headings(row)
    for column, cell in row.cells.items():
        words = normal(cell.text) if cell.kind is Kind.TEXT else ""
        if not words:
            continue
        if words in known:
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
    fields: dict[int, str] = {}
    problems: list[Problem] = []
    names = headings.names()

    def cell(column: int) -> str:
        return f"{sheet.name}!{column_letters(column)}{headings.row.number}"

    for column in sorted({*headings.exact, *headings.near}):
        text = shorten(headings.row.cells[column].text)
        if column in headings.near:
            meaning = headings.near[column][1]
            problems.append(
                catalogue.problem("heading.near", cell(column), value=text, extra=f" Did you mean “{meaning}”?")
            )
            continue
        name = headings.exact[column]
        first = next((at for at, taken in fields.items() if taken == name), None)
        if first is not None:
            problems.append(catalogue.problem("heading.twice", cell(column), value=text, other=cell(first)))
        fields[column] = name
    if len(meant) > 1 and OPERATION not in names:
        problems.append(catalogue.problem("heading.two_operations", cell(min(fields or headings.near))))
    if len(meant) == 1:
        problems += [
            catalogue.problem("heading.missing", cell(min(fields or headings.near)), value=each.heading)
            for each in meant[0].fields
            if each.name in meant[0].headings - names
        ]
    notes = [
        f"Sheet “{sheet.name}”: the column “{text}” ({column_letters(column)}) is not known and was ignored."
        for column, text in headings.far.items()
    ]
    known = columns(meant)
    notes += [
        f"Sheet “{sheet.name}”: the column “{known[name].heading}” ({column_letters(column)}) is hidden; "
        "its values count."
        for column, name in fields.items()
        if name in known and any(first <= column <= last for first, last in sheet.hidden_columns)
    ]
    return Layout(sheet, headings.row.number, fields, tuple(meant), tuple(problems), tuple(notes))
