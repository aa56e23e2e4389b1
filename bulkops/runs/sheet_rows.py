"""A sheet's rows on their way into checking: which of them count, and what each asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bulkops.model.rows import CheckedRow, Kind, Pick, Problem, Row, address
from bulkops.operations.base import RUN_THIS_ROW, SEND_AGAIN, Operation
from bulkops.operations.cells import Unreadable, shorten
from bulkops.operations.heading_names import OPERATION_COLUMN, normal
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.headings import Layout
from bulkops.runs.merged_rows import merged_rows
from bulkops.runs.skipped_rows import SkippedRows, not_shown
from bulkops.workbook.sheets import Sheet, column_letters, may_be_code


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row on its way through checking."""

    seq: int
    row: Row
    operation: Operation | None
    found: tuple[Problem, ...]
    barred: tuple[Problem, ...]
    """What is wrong with the sheet, or with this part of it: then no rule of the row's can tell anything."""
    columns: Mapping[str, str]
    """Field name → column letters; one mapping for the whole sheet."""

    def checked(
        self,
        values: Mapping[str, Any],
        problems: Sequence[Problem],
        warnings: Sequence[Problem] = (),
        picks: Mapping[str, tuple[Pick, ...]] | None = None,
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
            picks or {},
        )

    def address(self, name: str) -> str:
        """The address of a field's cell."""
        return address(self.row.sheet, self.row.number, self.columns, name)


def rows_of(
    layout: Layout, operations: Sequence[Operation], catalogue: Catalogue, seq: int, skipped: SkippedRows
) -> Iterable[SheetRow]:
    """The sheet's rows below its headings that hold anything in a known column, but for those that are skipped."""
    merged = merged_rows(layout, layout.fields)
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
        mark = cells.pop(RUN_THIS_ROW.name, None)
        row = Row(layout.sheet.name, raw.number, cells, raw.hidden)
        operation, found = _operation(row, letters, layout, operations, catalogue)
        again = cells.get(SEND_AGAIN.name)
        if again and (raw.number, again.column) in calculated and may_be_code(again.text):
            place = address(row.sheet, row.number, letters, SEND_AGAIN.name)
            found = (*found, catalogue.problem("send_again.formula", place, value=shorten(again.text)))
        if mark and isinstance(wrong := RUN_THIS_ROW.read(mark), Unreadable):
            place = address(row.sheet, row.number, letters, RUN_THIS_ROW.name)
            facts = {"heading": RUN_THIS_ROW.heading, "value": wrong.value, "extra": wrong.extra}
            found = (*found, catalogue.problem(wrong.code, place, **facts))
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
        yield SheetRow(seq, row, operation, found, barred, letters)
        seq += 1


def unexpected(sheet: Sheet, rows: Sequence[int], skipped: SkippedRows) -> Iterator[str]:
    """What somebody who looks at the sheet may not expect of its rows, which are given by their numbers."""
    if sheet.hidden and rows:
        yield f"Sheet “{sheet.name}” is hidden; its rows ({len(rows)}) count as hidden rows."
    yield from not_shown(sheet.name, sheet.views, rows)
    yield from skipped.notes(bool(rows))
    filled = sorted([*rows, *(number for number in skipped.numbers() if rows and number < rows[-1])])
    gaps = [(first, then) for first, then in pairwise(filled) if then > first + 1]
    if gaps:
        before, after = gaps[0]
        blank = f"row {before + 1} is" if after == before + 2 else f"rows {before + 1} to {after - 1} are"
        more = f"; so it is in {len(gaps) - 1} more places" if len(gaps) > 1 else ""
        yield f"Sheet “{sheet.name}”: {blank} blank, and the rows from {after} on were read all the same{more}."


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
