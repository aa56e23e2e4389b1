"""Rows → CheckedRows: cells are read, pandera decides, the catalogue speaks.

The only room that knows pandera's failure cases. Every problem of a row is found in
one pass; no text of pandera's reaches an operator.
"""

from __future__ import annotations

import importlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bulkops.model.rows import CheckedRow, Kind, Problem, Row, Unread, address
from bulkops.operations.base import SEND_AGAIN, Field, Operation, columns
from bulkops.operations.catalogue import Catalogue
from bulkops.operations.cells import UNREADABLE, Remarked, Unreadable, shorten, value_of
from bulkops.operations.heading_names import OPERATION_COLUMN, normal
from bulkops.runs.headings import Layout, find_layout
from bulkops.runs.skipped_rows import SkippedRows, not_shown
from bulkops.workbook.sheets import Sheet, Workbook, column_letters, may_be_code

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema


@dataclass(frozen=True, slots=True)
class Checked:
    """Every row read, in reading order, and what else the operator should know."""

    rows: tuple[CheckedRow, ...]
    notes: tuple[str, ...]
    input_sheets: int
    layouts: tuple[Layout, ...] = ()
    """The input sheets as they were read."""
    unread: tuple[Unread, ...] = ()
    """The sheets that hold headings and could not be read; the notes say so of each."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A row on its way through checking."""

    seq: int
    row: Row
    layout: Layout
    operation: Operation | None
    found: tuple[Problem, ...]
    barred: tuple[Problem, ...]
    """What is wrong with the sheet, or with this part of it: then no rule of the row's can tell anything."""
    columns: Mapping[str, str]
    """Field name → column letters; one mapping for the whole sheet."""

    def checked(
        self, values: Mapping[str, Any], problems: Sequence[Problem], warnings: Sequence[Problem] = ()
    ) -> CheckedRow:
        """The row after checking. ``values`` must at least hold the target's."""
        target = values.get(self.operation.target) if self.operation else None
        return CheckedRow(
            self.seq,
            self.row.sheet,
            self.row.number,
            self.operation.key if self.operation else "",
            "" if target is None or isinstance(target, Unreadable) else str(target),
            {} if problems else values,
            tuple(problems),
            tuple(warnings),
            self.row.hidden,
            self.columns,
        )

    def address(self, name: str) -> str:
        """The address of a field's cell."""
        return address(self.row.sheet, self.row.number, self.columns, name)


def check(workbook: Workbook, operations: Sequence[Operation], include_hidden: bool = False) -> Checked:
    """Check a workbook's rows against every rule. Hidden rows are passed through unchecked unless included."""
    catalogue = Catalogue(operations)
    notes: list[str] = []
    layouts: list[Layout] = []
    unread: list[Unread] = []
    for sheet in workbook.sheets:
        layout = find_layout(sheet, operations, catalogue)
        if isinstance(layout, Layout):
            layouts.append(layout)
            notes += layout.notes
            if sheet.outdated:
                notes.append(
                    f"Sheet “{sheet.name}”: the file asks for its formulas to be calculated anew; the stored results "
                    "were taken. To be sure of them, open the workbook in Excel, press F9 and save it."
                )
        elif layout is not None:
            unread.append(layout)
            notes.append(layout.note)
    read: list[_Read] = []
    fields = columns(operations)
    for layout in layouts:
        skipped = SkippedRows(layout, operations, fields)
        found = list(_rows(layout, operations, catalogue, len(read), skipped))
        notes += _unexpected(layout.sheet, [each.row.number for each in found], skipped)
        read += found
    checked: dict[int, CheckedRow] = {}
    for operation in operations:
        mine = [
            each
            for each in read
            if each.operation is operation and not each.barred and (include_hidden or not each.row.hidden)
        ]
        checked |= {row.seq: row for row in _check_operation(operation, mine, catalogue)}
    rows = [checked.get(each.seq) or _passed_by(each, fields) for each in read]
    if include_hidden:
        rows = [replace(row, hidden=False) if row.hidden else row for row in rows]
    return Checked(tuple(rows), tuple(notes), len(layouts), tuple(layouts), tuple(unread))


def import_schemas() -> None:
    """Import what a check needs, which takes about as long as reading some ten thousand rows."""
    importlib.import_module("pandera.pandas")


def _rows(
    layout: Layout, operations: Sequence[Operation], catalogue: Catalogue, seq: int, skipped: SkippedRows
) -> Iterable[_Read]:
    """The sheet's rows below its headings that hold anything in a known column, but for those that are skipped."""
    merged = _merged_rows(layout)
    calculated = set(layout.sheet.calculated)
    letters: dict[str, str] = {}
    for column in sorted(layout.fields):
        letters.setdefault(layout.fields[column], column_letters(column))
    for raw in layout.sheet.rows:
        if raw.number <= layout.heading_row:
            continue
        cells = {layout.fields[column]: cell for column, cell in raw.cells.items() if column in layout.fields}
        if not any(cell.kind is not Kind.TEXT or cell.text.strip() for cell in cells.values()):
            continue
        if skipped.take(raw):
            continue
        row = Row(layout.sheet.name, raw.number, cells, raw.hidden)
        operation, found = _operation(row, letters, layout, operations, catalogue)
        again = cells.get(SEND_AGAIN.name)
        if again and (raw.number, again.column) in calculated and may_be_code(again.text):
            place = address(row.sheet, row.number, letters, SEND_AGAIN.name)
            found = (*found, catalogue.problem("send_again.formula", place, value=shorten(again.text)))
        if raw.number in merged:
            place = address(row.sheet, row.number, letters, "")
            found = (*found, catalogue.problem("cell.merged", place, value=merged[raw.number]))
        barred = layout.problems or (layout.lacking.get(operation.key, ()) if operation else ())
        if not layout.problems and 0 < layout.again <= raw.number:
            place = address(row.sheet, row.number, letters, "")
            barred = (catalogue.problem("heading.again", place, value=str(layout.again)),)
        if column := skipped.subtotal_in(raw):
            # Before all else: in the corrections a formula is its result, and nothing would be wrong there any more.
            place = f"{row.sheet}!{column_letters(column)}{row.number}"
            barred = (catalogue.problem("row.subtotal", place), *barred)
        yield _Read(seq, row, layout, operation, found, barred, letters)
        seq += 1


def _unexpected(sheet: Sheet, rows: Sequence[int], skipped: SkippedRows) -> Iterator[str]:
    """What somebody who looks at the sheet may not expect of its rows, which are given by their numbers."""
    if sheet.hidden and rows:
        yield f"Sheet “{sheet.name}” is hidden; its rows ({len(rows)}) count as hidden rows."
    yield from not_shown(sheet.name, sheet.views, rows)
    yield from skipped.notes()
    filled = sorted([*rows, *(number for number in skipped.numbers() if rows and number < rows[-1])])
    gaps = [(first, then) for first, then in pairwise(filled) if then > first + 1]
    if gaps:
        before, after = gaps[0]
        blank = f"row {before + 1} is" if after == before + 2 else f"rows {before + 1} to {after - 1} are"
        more = f"; so it is in {len(gaps) - 1} more places" if len(gaps) > 1 else ""
        yield f"Sheet “{sheet.name}”: {blank} blank, and the rows from {after} on were read all the same{more}."


def _merged_rows(layout: Layout) -> dict[int, str]:
    """Row number → a merged range that touches the row in a known column; the first in the file of several."""
    numbers = [row.number for row in layout.sheet.rows if row.number > layout.heading_row]
    found: dict[int, str] = {}
    # The next row that no range has touched yet, from each on: each row is touched once, however many ranges there are.
    free = list(range(len(numbers) + 1))
    for left, top, right, bottom in layout.sheet.merged:
        if not any(left <= column <= right for column in layout.fields):
            continue
        at = bisect_left(numbers, top)
        end = bisect_right(numbers, bottom)
        while (at := _next_free(free, at)) < end:
            found[numbers[at]] = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
            free[at] = at + 1
    return found


def _next_free(free: list[int], at: int) -> int:
    while free[at] != at:
        free[at] = free[free[at]]
        at = free[at]
    return at


def _operation(
    row: Row, letters: Mapping[str, str], layout: Layout, operations: Sequence[Operation], catalogue: Catalogue
) -> tuple[Operation | None, tuple[Problem, ...]]:
    """What the row asks for, and why that cannot be told."""
    cell = row.cells.get(OPERATION_COLUMN)
    if OPERATION_COLUMN not in letters:
        return (layout.operations[0] if len(layout.operations) == 1 else None), ()
    place = address(row.sheet, row.number, letters, OPERATION_COLUMN)
    choices = " or ".join(operation.title for operation in operations)
    words = normal(cell.text) if cell and cell.kind is Kind.TEXT else ""
    for operation in operations:
        if words in (normal(operation.title), normal(operation.key)):
            return operation, ()
    if cell is None or (cell.kind is Kind.TEXT and not cell.text.strip()):
        return None, (catalogue.problem("operation.required", place, extra=choices),)
    return None, (catalogue.problem("operation.unknown", place, value=shorten(cell.text), extra=choices),)


def _passed_by(each: _Read, fields: Mapping[str, Field]) -> CheckedRow:
    """A row as it stands before its operation's rules: with what is wrong with its sheet or its Operation cell."""
    values: dict[str, Any] = {}
    if each.operation is not None:
        target = each.operation.target
        cell = each.row.cells.get(target)
        values[target] = None if cell is None else value_of(fields[target].read(cell))
    return each.checked(values, each.barred or each.found)


_Remarks = dict[int, list[tuple[str, Remarked]]]
"""Row → the fields whose value is remarked on, with the remark."""


def _column(read: list[_Read], field: Field, remarks: _Remarks) -> list[Any]:
    """A column's values, and what is remarked on them. What stands in many of its cells is read once."""
    known: dict[tuple[str, int, int, int | None], Any] = {}
    values: list[Any] = []
    for each in read:
        cell = each.row.cells.get(field.name)
        if cell is None:
            values.append(None)
            continue
        # An enum's own hash takes longer than to look up the rest.
        same = (cell.text, id(cell.kind), id(cell.shown), cell.decimals)
        if same not in known:
            known[same] = field.read(cell)
        value = known[same]
        if type(value) is Remarked:
            remarks.setdefault(each.seq, []).append((field.name, value))
            value = value.value
        values.append(value)
    return values


def _check_operation(operation: Operation, read: list[_Read], catalogue: Catalogue) -> Iterable[CheckedRow]:
    """The rows of one operation, over all sheets, against its schema."""
    if not read:
        return
    import pandas as pd

    fields = columns([operation])
    index = [each.seq for each in read]
    remarks: _Remarks = {}
    values_of = {name: _column(read, each, remarks) for name, each in fields.items()}
    frame = pd.DataFrame({name: pd.Series(each, index=index, dtype=object) for name, each in values_of.items()})
    broken = _broken_rules(operation, frame)
    firsts = _first_alike(operation, read, frame, broken)
    for each, row in zip(read, zip(*values_of.values(), strict=True), strict=True):
        values = dict(zip(fields, row, strict=True))
        problems = list(each.found)
        warnings: list[Problem] = []
        for name, code in broken.get(each.seq, ()):
            problem = _say(each, fields[name], code, values[name], firsts.get(each.seq, ""), catalogue)
            (warnings if catalogue.messages[problem.code].warning else problems).append(problem)
        for name, remark in remarks.get(each.seq, ()):
            facts = {"heading": fields[name].heading, "value": remark.stored, "extra": remark.extra}
            warnings.append(catalogue.problem(remark.code, each.address(name), **facts))
        yield each.checked(values, problems, [*warnings, *_unused(each, fields, operation, catalogue)])


def _broken_rules(operation: Operation, frame: pd.DataFrame) -> dict[int, list[tuple[str, str]]]:
    """Row → the rules it breaks as (field, code), in column order, each once.

    Raises RuntimeError unless every rule was asked, and every rule that some row breaks was reported: what
    pandera does not say is no proof that a row may be sent.
    """
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaErrors

    schema = operation.schema()
    rules = _overheard(schema)
    failed: list[Any] = []
    # Whatever its surroundings say; those that it reads only once are gone (surroundings.py).
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            schema.validate(frame, lazy=True)
        except SchemaErrors as errors:
            failed = errors.schema_errors
    order = {name: position for position, name in enumerate(frame.columns)}
    broken: dict[int, set[tuple[int, str, str]]] = defaultdict(set)
    reported: set[tuple[str, str]] = set()
    for error in failed:
        holds = error.check_output
        if holds is None or error.check is None or isinstance(holds, bool):
            # The check itself fell over: an internal error, not the operator's row.
            raise error
        name = str(error.check.name if error.check.name in order else error.schema.name)
        reported.add((name, str(error.check.error)))
        for seq in holds.index[~holds.astype(bool)]:
            broken[int(seq)].add((order[name], name, str(error.check.error)))
    if not all(said for _, said in rules) or reported != {rule for rule, said in rules if not all(said)}:
        raise RuntimeError(f"pandera did not carry out every rule for {operation.key}")
    return {seq: [(name, code) for _, name, code in sorted(found)] for seq, found in broken.items()}


def _overheard(schema: DataFrameSchema) -> list[tuple[tuple[str, str], list[bool]]]:
    """Each rule as (field to blame, code), and what it will answer: does it hold for all that it is asked about?"""

    def overhear(check: Any) -> list[bool]:
        rule, said = check._check_fn, []

        def asked(values: Any) -> Any:
            holds = rule(values)
            said.append(bool(holds.all()))
            return holds

        check._check_fn = asked
        return said

    placed = [(check.name, check) for check in schema.checks]
    placed += [(name, check) for name, column in schema.columns.items() for check in column.checks]
    return [((str(name), str(check.error)), overhear(check)) for name, check in placed]


def _first_alike(
    operation: Operation, read: list[_Read], frame: pd.DataFrame, broken: Mapping[int, list[tuple[str, str]]]
) -> dict[int, str]:
    """Row that repeats another → the address of the row it repeats."""
    repeating = {seq for seq, rules in broken.items() if any(code.endswith(".repeated") for _, code in rules)}
    if not repeating:
        return {}
    by_seq = {each.seq: each for each in read}
    groups: dict[object, int] = {}
    found: dict[int, str] = {}
    request = operation.repeats(frame)
    for seq, key in zip(request.index, request.itertuples(index=False, name=None), strict=True):
        first = groups.setdefault(key, int(seq))
        if seq in repeating:
            found[int(seq)] = by_seq[first].address(operation.target)
    return found


def _say(each: _Read, field: Field, code: str, value: Any, other: str, catalogue: Catalogue) -> Problem:
    """A broken rule in the catalogue's words. An unreadable cell brings its own code."""
    cell = each.row.cells.get(field.name)
    facts = {"heading": field.heading, "help": field.help, "other": other, "value": shorten(cell.text) if cell else ""}
    if isinstance(value, Unreadable) and code == UNREADABLE:
        facts |= {"value": value.value, "extra": value.extra}
        return catalogue.problem(value.code, each.address(field.name), **facts)
    problem = catalogue.problem(code, each.address(field.name), **facts)
    if code.endswith(".required") and field.name not in each.columns:
        return replace(problem, message=f"{problem.message} The sheet has no column “{field.heading}”.")
    return problem


def _unused(each: _Read, fields: Mapping[str, Field], operation: Operation, catalogue: Catalogue) -> Iterable[Problem]:
    """Values that stand in the columns of another operation of a mixed sheet."""
    for name, cell in each.row.cells.items():
        if name not in fields and name != OPERATION_COLUMN and cell.text.strip():
            facts = {"heading": catalogue.headings[name], "value": shorten(cell.text), "extra": operation.title}
            yield catalogue.problem("value.other_operation", each.address(name), **facts)
