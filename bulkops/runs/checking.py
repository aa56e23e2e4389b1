"""Rows → CheckedRows: cells are read, pandera decides, the catalogue speaks.

The only module that knows pandera's failure cases. Every problem of a row is found in
one pass; no text of pandera's reaches an operator.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bulkops.model.rows import CheckedRow, Pick, Problem, Unread
from bulkops.operations.base import Field, Operation, columns
from bulkops.operations.cells import UNREADABLE, Picked, Remarked, Unreadable, picks_of, shorten, value_of
from bulkops.operations.heading_names import OPERATION_COLUMN
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.headings import Layout, find_layout
from bulkops.runs.sheet_rows import SheetRow, rows_of, unexpected
from bulkops.runs.skipped_rows import SkippedRows
from bulkops.workbook.sheets import Workbook

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema


@dataclass(frozen=True, slots=True)
class Checked:
    """Every row read, in reading order, and what else the operator should know."""

    rows: tuple[CheckedRow, ...]
    notes: tuple[str, ...]
    layouts: tuple[Layout, ...] = ()
    """The input sheets as they were read."""
    unread: tuple[Unread, ...] = ()
    """The sheets that hold headings and could not be read; the notes say so of each."""
    passed_over: tuple[str, ...] = ()
    """Those of the notes that tell of rows which are none."""


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
    read: list[SheetRow] = []
    passed_over: list[str] = []
    fields = columns(operations)
    for layout in layouts:
        skipped = SkippedRows(layout, operations, fields)
        found = list(rows_of(layout, operations, catalogue, len(read), skipped))
        notes += unexpected(layout.sheet, [each.row.number for each in found], skipped)
        passed_over += skipped.notes(bool(found))
        read += found
    wanted = [each for each in read if not each.barred and (include_hidden or not each.row.hidden)]
    checked: dict[int, CheckedRow] = {}
    for operation in operations:
        mine = [each for each in wanted if each.operation is operation]
        checked |= {row.seq: row for row in _check_operation(operation, mine, catalogue)}
    rows = [checked.get(each.seq) or _passed_by(each, fields) for each in read]
    if include_hidden:
        rows = [replace(row, hidden=False) if row.hidden else row for row in rows]
    return Checked(tuple(rows), tuple(notes), tuple(layouts), tuple(unread), tuple(passed_over))


def import_schemas() -> None:
    """Import what a check needs, which takes about as long as reading some ten thousand rows."""
    importlib.import_module("pandera.pandas")


def _passed_by(each: SheetRow, fields: Mapping[str, Field]) -> CheckedRow:
    """A row as it stands before its operation's rules: with what is wrong with its sheet or its Operation cell."""
    values: dict[str, Any] = {}
    picks: dict[str, tuple[Pick, ...]] = {}
    if each.operation is not None:
        values[each.operation.target] = None
        for name in {each.operation.target, *each.operation.kinds} & each.row.cells.keys():
            found = fields[name].read(each.row.cells[name])
            if name == each.operation.target:
                values[name] = value_of(found)
            if picked := picks_of(found):
                picks[name] = picked
    return each.checked(values, each.barred or each.found, picks=picks)


_Remarks = dict[int, list[tuple[str, Remarked]]]
"""Row → the fields whose value is remarked on, with the remark."""
_Picks = dict[int, dict[str, tuple[Pick, ...]]]
"""Row → the fields in which something was picked, with the picks."""


def _column(read: list[SheetRow], field: Field, remarks: _Remarks, picks: _Picks) -> list[Any]:
    """A column's values, what is remarked on them, what was picked. What stands in many of its cells is read once."""
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
        if type(value) is Picked:
            picks.setdefault(each.seq, {})[field.name] = value.picks
            value = value.value
        if type(value) is Remarked:
            remarks.setdefault(each.seq, []).append((field.name, value))
            value = value.value
        values.append(value)
    return values


def _check_operation(operation: Operation, read: list[SheetRow], catalogue: Catalogue) -> Iterable[CheckedRow]:
    """The rows of one operation, over all sheets, against its schema."""
    if not read:
        return
    import pandas as pd

    fields = columns([operation])
    index = [each.seq for each in read]
    remarks: _Remarks = {}
    picks: _Picks = {}
    values_of = {name: _column(read, each, remarks, picks) for name, each in fields.items()}
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
        warnings += _unused(each, fields, operation, catalogue)
        yield each.checked(values, problems, warnings, picks.get(each.seq))


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
    # Whatever the environment says: variables that pandera reads once were removed at the start.
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
    operation: Operation, read: list[SheetRow], frame: pd.DataFrame, broken: Mapping[int, list[tuple[str, str]]]
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


def _say(each: SheetRow, field: Field, code: str, value: Any, other: str, catalogue: Catalogue) -> Problem:
    """A broken rule in the catalogue's words. An unreadable cell brings its own code."""
    cell = each.row.cells.get(field.name)
    facts = {"heading": field.heading, "help": field.help, "other": other, "value": shorten(cell.text) if cell else ""}
    if isinstance(value, Unreadable) and code == UNREADABLE:
        facts |= {"value": value.value, "extra": value.extra}
        return replace(catalogue.problem(value.code, each.address(field.name), **facts), typed=value.typed)
    problem = catalogue.problem(code, each.address(field.name), **facts)
    if code.endswith(".required") and field.name not in each.columns:
        return replace(problem, message=f"{problem.message} The sheet has no column “{field.heading}”.")
    return problem


def _unused(
    each: SheetRow, fields: Mapping[str, Field], operation: Operation, catalogue: Catalogue
) -> Iterable[Problem]:
    """Values that stand in the columns of another operation of a mixed sheet."""
    for name, cell in each.row.cells.items():
        if name not in fields and name != OPERATION_COLUMN and cell.text.strip():
            facts = {"heading": catalogue.headings[name], "value": shorten(cell.text), "extra": operation.title}
            yield catalogue.problem("value.other_operation", each.address(name), **facts)
