"""Which sheets are input, and which column means what.

A sheet is an input sheet when one of its first 20 rows holds the headings of an
operation. A heading that is almost a known one stops the sheet; others are noted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulkops.model.rows import Kind, Problem, Unread
from bulkops.operations.base import Operation, columns, known_columns
from bulkops.operations.cells import Unreadable, shorten
from bulkops.operations.heading_names import OPERATION_COLUMN, normal
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.heading_rows import HeadingRow, KnownHeadings, address
from bulkops.runs.unread import SEARCHED_ROWS, is_meant, joined_headings, likely_column, missing, place_for, why_unread
from bulkops.workbook.sheets import Sheet, SheetRow, column_letters
from bulkops.workbook.writing.corrections_workbook import HEADING as OUR_COLUMN
from bulkops.workbook.writing.reference_sheets import IMPORT_FACTS

_OURS = frozenset(map(normal, (OUR_COLUMN, *IMPORT_FACTS)))
"""Columns that bulkops adds for people to read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """An input sheet: where its headings stand, what each column means, what is wrong with them."""

    sheet: Sheet
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
    lacking: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    """Operation's key → the headings it needs and the sheet lacks, where a column Operation says which row is whose."""


def find_layout(sheet: Sheet, operations: Sequence[Operation], catalogue: Catalogue) -> Layout | Unread | None:
    """The sheet's layout; why it cannot be read; None for any other sheet."""
    known = KnownHeadings(operations)
    if sheet.ours:
        return _among_results(sheet, known, operations, catalogue)
    tops: list[HeadingRow] = []
    for row in sheet.rows:
        if row.number > SEARCHED_ROWS:
            break
        headings = known.read(row)
        names = headings.names()
        if meant := [operation for operation in operations if is_meant(operation, names)]:
            known.take_longer(headings, meant)
            found = _layout(sheet, headings, meant, operations, known, catalogue)
            again, earlier = _again(found, known, operations), _earlier(found, tops, catalogue)
            found = replace(found, again=again, problems=(*found.problems, *earlier))
            return _above(found, catalogue) or found
        if not known.is_results(row):
            tops.append(headings)
    return why_unread(sheet, tops, known, operations, catalogue)


def _among_results(
    sheet: Sheet, known: KnownHeadings, operations: Sequence[Operation], catalogue: Catalogue
) -> Unread | None:
    """Headings that somebody typed into bulkops' own results."""
    for row, found in known.rows_with_any(sheet.rows):
        if any(is_meant(each, {*found.values()}) for each in operations):
            problem = catalogue.problem("sheet.ours", name=sheet.name, value=address(sheet, min(found), row))
            return Unread(sheet.name, problem.message, problem.tip)
    return None


def _above(layout: Layout, catalogue: Catalogue) -> Unread | None:
    """Headings below all rows: somebody may take what stands above them for rows."""
    rows = layout.sheet.rows
    target = next((at for at, name in layout.fields.items() if name in {each.target for each in layout.operations}), 0)
    if rows[-1].number > layout.heading_row or not any(target in row.cells for row in rows[:-1]):
        return None
    place = f"{layout.sheet.name}!{column_letters(target)}{layout.heading_row}"
    problem = catalogue.problem("sheet.above", name=layout.sheet.name, value=place)
    return Unread(layout.sheet.name, problem.message, problem.tip)


def _earlier(layout: Layout, tops: Sequence[HeadingRow], catalogue: Catalogue) -> Iterator[Problem]:
    """Rows above the headings that hold headings of another table: its rows would not be read."""
    for each in tops:
        if each.exact and len(each.names()) > 1:
            place = address(layout.sheet, min(each.exact), each.row)
            yield catalogue.problem("heading.earlier", place, value=str(each.row.number), other=str(layout.heading_row))


def _again(layout: Layout, known: KnownHeadings, operations: Sequence[Operation]) -> int:
    """The first row below the headings that holds headings of another table; 0 if there is none."""
    targets = {each.target: columns([each])[each.target] for each in operations}

    def names_a_target(row: SheetRow) -> bool:
        """Then it is a row, and one of its values happens to be a heading."""
        keys = ((row.cells[at], name) for at, name in layout.fields.items() if name in targets and at in row.cells)
        return any(not isinstance(targets[name].read(cell), Unreadable | None) for cell, name in keys)

    below = (row for row in layout.sheet.rows if row.number > layout.heading_row)
    for row, found in known.rows_with_any(below):
        if found == layout.fields:
            continue
        names = {*found.values()}
        if len(names) > 1 or known.is_results(row) or (names <= targets.keys() and not names_a_target(row)):
            return row.number
    return 0


def _layout(
    sheet: Sheet,
    headings: HeadingRow,
    meant: list[Operation],
    operations: Sequence[Operation],
    known: KnownHeadings,
    catalogue: Catalogue,
) -> Layout:
    """The layout of a sheet whose headings were found. Problems stand in column order, whole-sheet ones last."""
    fields: dict[int, str] = {}
    problems: list[Problem] = []
    names = headings.names()

    def say(code: str, column: int, **facts: str) -> None:
        problems.append(catalogue.problem(code, address(sheet, column, headings.row), **facts))

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
                say("heading.twice", column, value=text, other=address(sheet, first, headings.row))
            fields[column] = name
    for column, (name, _) in headings.near.items():
        # Or a row with values in such columns only would not be read, and nobody would hear of it.
        if name not in fields.values():
            fields[column] = name
    corner = min(fields)
    if len(meant) > 1 and OPERATION_COLUMN not in names:
        say("heading.two_operations", corner)
    problems += _stray(sheet, headings, fields, known, catalogue)
    lacking = {each.key: _lacking(sheet, headings, each, corner, catalogue) for each in operations}
    if OPERATION_COLUMN not in names:
        if len(meant) == 1:
            problems += lacking[meant[0].key]
        lacking = {}
    notes = (*_ignored(sheet, headings), *_hidden(sheet, fields, meant))
    return Layout(sheet, headings.row.number, fields, tuple(meant), tuple(problems), notes, lacking=lacking)


def _lacking(
    sheet: Sheet, headings: HeadingRow, operation: Operation, corner: int, catalogue: Catalogue
) -> tuple[Problem, ...]:
    """Every heading that an operation needs and the sheet lacks."""
    return tuple(
        catalogue.problem(
            "heading.missing",
            address(sheet, likely_column(sheet, headings, each) or corner, headings.row),
            value=each.heading,
            other=place_for(sheet, headings, each),
        )
        for each in missing(operation, headings.names())
    )


def _stray(
    sheet: Sheet, headings: HeadingRow, fields: Mapping[int, str], known: KnownHeadings, catalogue: Catalogue
) -> Iterator[Problem]:
    """Headings, or halves of them, right above or below the others, in a column that has none of ours."""
    at = sheet.rows.index(headings.row)
    for other in sheet.rows[max(at - 1, 0) : at + 2]:
        if abs(other.number - headings.row.number) != 1:
            continue
        pair = (other, headings.row) if other.number < headings.row.number else (headings.row, other)
        found = {column: known.name(cell.text) for column, cell in other.cells.items() if cell.kind is Kind.TEXT}
        found |= dict(joined_headings(sheet, *pair, known))
        for column, name in sorted(found.items()):
            if name and column not in fields and name not in fields.values():
                place = other if column in other.cells else headings.row
                yield catalogue.problem(
                    "heading.split",
                    address(sheet, column, place),
                    value=shorten(place.cells[column].text),
                    other=str(headings.row.number),
                )


def _ignored(sheet: Sheet, headings: HeadingRow) -> Iterator[str]:
    """Columns that hold something, and that nobody reads."""
    for column, text in headings.far.items():
        if normal(text) in _OURS:
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


def _hidden(sheet: Sheet, fields: Mapping[int, str], meant: list[Operation]) -> Iterator[str]:
    known = {OPERATION_COLUMN: "Operation", **{name: each.heading for name, each in known_columns(meant).items()}}
    for column, name in fields.items():
        if name in known and any(first <= column <= last for first, last in sheet.hidden_columns):
            yield (
                f"Sheet “{sheet.name}”: the column “{known[name]}” ({column_letters(column)}) is hidden; "
                "its values count."
            )
