"""Why a sheet that holds headings cannot be read. It is never passed over in silence."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bulkops.model.rows import Kind, Unread
from bulkops.operations.base import SEND_AGAIN, Field, Operation
from bulkops.operations.cells import shorten
from bulkops.operations.heading_names import OPERATION_COLUMN, heading_words
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.heading_rows import OURS, HeadingRow, KnownHeadings, address
from bulkops.workbook.sheets import Sheet, SheetRow

SEARCHED_ROWS = 20
_FILLERS = {"bill", "code", "id", "key", "no", "nr", "number", "of", "the"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def own(operation: Operation, names: set[str]) -> set[str]:
    """Those of some fields that the operation has."""
    return {each.name for each in (*operation.fields, SEND_AGAIN)} & names


def is_meant(operation: Operation, names: set[str]) -> bool:
    """Its target and one more heading it needs or, failing that, so many of its own that it is surely meant."""
    if operation.target not in names:
        return False
    held = own(operation, names)
    return OPERATION_COLUMN in names or (operation.headings <= names and len(held) > 1) or len(held) > 3


def why_unread(
    sheet: Sheet,
    tops: Sequence[HeadingRow],
    known: KnownHeadings,
    operations: Sequence[Operation],
    catalogue: Catalogue,
) -> Unread | None:
    """Why a sheet is none of the operations' input although headings of theirs stand in it; None if none do.

    ``tops``: its first 20 rows, but for the headings of our own results.
    """

    def named(code: str, **facts: str) -> Unread:
        problem = catalogue.problem(code, name=sheet.name, **facts)
        return Unread(sheet.name, problem.message, problem.tip)

    for upper, lower in pairwise(tops):
        if found := _split(sheet, upper, lower, known, operations):
            return named("sheet.split", value=found, other=str(lower.row.number))
    # What is only nearly a heading may be an ordinary word, such as Comments; beside one that is, it is none.
    holding = [each for each in tops if each.exact and len(each.names()) > 1]
    holding = holding or [each for each in tops if any(_lacks_only_target(sheet, each, one) for one in operations)]
    if holding:
        best = max(holding, key=lambda each: len(each.names()))
        names = best.names()
        lacking = {each: list(missing(each, names)) for each in operations}
        most = max(len(own(each, names)) for each, fields in lacking.items() if fields)
        meant = [each for each in operations if _lacks_only_target(sheet, best, each)]
        meant = meant or [each for each, fields in lacking.items() if fields and len(own(each, names)) == most]
        first = lacking[meant[0]][0]
        return named(
            "sheet.heading_missing",
            extra=" or ".join(each.title for each in meant),
            value=", or the ".join(_in_words(lacking[each]) for each in meant),
            heading=first.heading,
            other=place_for(sheet, best, first),
        )
    for row, fields in known.rows_with_any(row for row in sheet.rows if row.number > SEARCHED_ROWS):
        if len({*fields.values()}) > 1:
            return named("sheet.below", value=address(sheet, min(fields), row))
    return None


def missing(operation: Operation, names: set[str]) -> Iterator[Field]:
    """The fields whose headings the operation needs, and that are not there."""
    return (each for each in operation.fields if each.name in operation.headings - names)


def _lacks_only_target(sheet: Sheet, headings: HeadingRow, operation: Operation) -> bool:
    """Does a row that holds but one heading hold another for the target? An operation may need no more than two."""
    (target,) = (each for each in operation.fields if each.name == operation.target)
    there = own(operation, headings.names()) - {target.name, SEND_AGAIN.name}
    needed = operation.headings - {target.name}
    if not there or not needed <= there:
        return False
    alike = _alike(headings, target)
    if needed:
        return bool(alike) or 0 < likely_column(sheet, headings, target) < min({*headings.exact, *headings.near})
    # Comment is a common word: List or List no. beside it is surely meant, List of things to do is not.
    words = _words(target.heading)
    return any(words & _words(text) and _words(text) <= words | _FILLERS for text in alike.values())


def _in_words(fields: Sequence[Field]) -> str:
    named = " and ".join(f"“{each.heading}”" for each in fields)
    return f"headings {named}" if len(fields) > 1 else f"heading {named}"


def place_for(sheet: Sheet, headings: HeadingRow, wanted: Field) -> str:
    """Where to type a heading that is missing: where something like it stands, or nothing above a filled column."""
    column = likely_column(sheet, headings, wanted)
    if not column:
        return f"row {headings.row.number}, above the column that holds it"
    cell = headings.row.cells.get(column)
    instead = f" instead of “{shorten(cell.text)}”" if cell and cell.text.strip() else ""
    return f"{address(sheet, column, headings.row)}{instead}, if that is what the column holds"


def likely_column(sheet: Sheet, headings: HeadingRow, wanted: Field) -> int:
    """The column whose heading shares a word with the one that is missing, or has none; 0 if there is none."""
    words = _words(wanted.heading)
    if alike := _alike(headings, wanted):
        return max(alike, key=lambda column: len(words & _words(alike[column])))
    filled = {column for row in sheet.rows if row.number > headings.row.number for column in row.cells}
    titled = {*headings.exact, *headings.near, *headings.far}
    return min({*headings.unreadable, *(filled - titled)}, default=0)


def _alike(headings: HeadingRow, wanted: Field) -> dict[int, str]:
    """Column → heading, where it shares a word with one that is missing and is none of our results' own."""
    words = {*_words(wanted.heading), "id"}
    return {
        column: text
        for column, text in headings.far.items()
        if words & _words(text) and heading_words(text) not in OURS
    }


def _words(heading: str) -> set[str]:
    """The words of a heading in the singular; but that it is an id says little, if it says what of."""
    words = {word.lower().removesuffix("s") for word in _WORD.findall(heading)}
    return words - {"id"} or words


def _split(
    sheet: Sheet, upper: HeadingRow, lower: HeadingRow, known: KnownHeadings, operations: Sequence[Operation]
) -> str:
    """Where the headings stand that two rows, one right below the other, make together; "" if they make none."""
    if lower.row.number != upper.row.number + 1:
        return ""
    joined = dict(joined_headings(sheet, upper.row, lower.row, known))
    both = {**upper.exact, **lower.exact, **joined}
    parted = set(upper.exact.values()) ^ set(lower.exact.values())
    overlap = upper.exact.keys() & lower.exact.keys()
    names = set(both.values())
    if overlap or not (joined or (upper.exact and lower.exact and parted == names)):
        return ""
    if len(names) < 2 or not any(is_meant(each, names) for each in operations):
        return ""
    firsts = [
        (row, min((column for column in both if column in row.cells), default=0)) for row in (upper.row, lower.row)
    ]
    return " and ".join(
        f"“{shorten(row.cells[column].text)}” in {address(sheet, column, row)}" for row, column in firsts if column
    )


def joined_headings(sheet: Sheet, upper: SheetRow, lower: SheetRow, known: KnownHeadings) -> Iterator[tuple[int, str]]:
    """(column, field name) where a heading is broken over two rows: “Cost” above “recovery”, “Flag” over several."""
    merged = [
        (left, right)
        for left, top, right, bottom in sheet.merged
        if top <= upper.number <= bottom and left in upper.cells
    ]
    merged.sort(reverse=True)
    home = last = 0
    for column, cell in sorted(lower.cells.items()):
        # Ranges and columns are gone through side by side: there can be many of both.
        while merged and merged[-1][0] <= column:
            left, right = merged.pop()
            home, last = (left, right) if right > last else (home, last)
        above = upper.cells.get(column) or (upper.cells[home] if column <= last else None)
        if above is None or not (cell.kind is above.kind is Kind.TEXT):
            continue
        whole = known.name(cell.text) or known.name(above.text)
        if not whole and (name := known.name(f"{above.text} {cell.text}")):
            yield column, name
