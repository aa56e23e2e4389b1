"""A run and its outcomes → the Results sheet and the JSON document.

Pure: the same run and outcomes give the same sheet, so it can be made again from the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bulkops.messages.wording import local_time, plural
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome, Status, by_status, totals
from bulkops.model.rows import Unread
from bulkops.operations.base import Operation
from bulkops.workbook.results_layout import COLUMNS
from bulkops.workbook.writing.results_sheet import Results, Value

if TYPE_CHECKING:
    from bulkops.ledger import Run


def results_of(
    run: Run, outcomes: Iterable[Outcome], operations: Mapping[str, Operation], unread: Iterable[Unread] = ()
) -> Results:
    """A run's results, for a sheet: what there is to say of it, a line for each row read, in reading order, and one for
    each sheet that could not be read."""
    told, left_out = sorted(outcomes, key=lambda each: each.seq), list(unread)
    host = Environment(run.environment, run.base_url).host
    key = f", with the key of {run.key_owner}" if run.key_owner else ""
    lines = [
        *(_line(outcome, operations.get(outcome.operation)) for outcome in told),
        *(_unread_line(sheet) for sheet in left_out),
    ]
    same = {"Environment": run.environment, "Run": run.id}
    return Results(
        [[{**line, **same}.get(column) for column in COLUMNS] for line in lines],
        f"Results of {PurePath(run.workbook).name}",
        (
            ("Rows", _rows(told, left_out)),
            ("Bills", _bills(told, run.touch)),
            ("Imports", _imports(told)),
            ("Time", _time(run)),
        ),
        (("Run", f"{run.id} in {run.environment}: {host}"), ("By", f"{run.who} on {run.computer}{key}")),
    )


def _line(outcome: Outcome, operation: Operation | None) -> dict[str, Value]:
    notes = (f"Note: {warning}" for warning in outcome.warnings)
    return {
        "Row": outcome.row,
        "Sheet": outcome.sheet,
        "Status": outcome.shown.label,
        "Message": "\n".join(filter(None, (outcome.message, *notes))),
        "What to do": outcome.tip,
        "Operation": operation.title if operation else outcome.operation,
        "Target": outcome.target,
        "Name": " ".join(outcome.name.split()) or None,
        "New task GUID": outcome.new_task_guid,
        "Bills selected": outcome.selected,
        "Bills updated": outcome.updated,
        "Send again code": outcome.send_again_code,
        "Started": local_time(outcome.started),
        "Seconds": outcome.seconds,
        "HTTP status": outcome.http_status,
    }


def _unread_line(sheet: Unread) -> dict[str, Value]:
    return {"Sheet": sheet.sheet, "Status": Status.INVALID.label, "Message": sheet.message, "What to do": sheet.tip}


def _rows(outcomes: Sequence[Outcome], unread: Sequence[Unread]) -> str:
    counts = by_status(Counter(outcome.shown for outcome in outcomes))
    left_out = f"; {plural(len(unread), 'sheet')} could not be read" if unread else ""
    return f"{plural(len(outcomes), 'row')}: {counts}{left_out}"


def _bills(outcomes: Iterable[Outcome], before: str) -> str:
    """Of the rows that this run has done, not of those that were done before; and what it was to touch."""
    edits = [each for each in outcomes if each.status is Status.DONE and each.selected is not None]
    selected, updated = (sum(getattr(each, name) or 0 for each in edits) for name in ("selected", "updated"))
    told = f"{selected:,} selected, {updated:,} updated" if edits else "none"
    return f"{told}; before the run: {before}" if before else told


def _imports(outcomes: Iterable[Outcome]) -> str:
    started = sum(each.status is Status.DONE and each.new_task_guid is not None for each in outcomes)
    return f"{started:,} started; how far they are: look at their new tasks in EnergyCAP" if started else "none"


def _time(run: Run) -> str:
    began, ended = local_time(run.started), local_time(run.ended or "")
    if not ended:
        return f"began {began}; not ended: it is still going on, or was cut short"
    (day, clock, zone), (last_day, last_clock, last_zone) = began.split(), ended.split()
    if (day, zone) == (last_day, last_zone):
        return f"{day} {clock} to {last_clock} {zone}"
    return f"{began} to {ended}"


def document(
    run: str | None,
    workbook: str | None,
    environment: Environment | None,
    results: str | None,
    outcomes: Iterable[Outcome],
    notes: Iterable[str],
) -> dict[str, Any]:
    """The JSON document of ``run`` and ``check``."""
    listed = sorted(outcomes, key=lambda each: each.seq)
    return {
        "run": run,
        "workbook": workbook,
        "environment": {"name": environment.name, "base_url": environment.base_url} if environment else None,
        "results": results,
        "totals": totals(listed),
        "rows": [_row(outcome) for outcome in listed],
        "notes": list(notes),
    }


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "sheet": outcome.sheet,
        "row": outcome.row,
        "operation": outcome.operation,
        "target": outcome.target,
        "name": outcome.name or None,
        "status": outcome.status.value,
        "new_task_guid": outcome.new_task_guid,
        "selected": outcome.selected,
        "updated": outcome.updated,
        "http_status": outcome.http_status,
        "code": outcome.code or None,
        "message": outcome.message,
        "tip": outcome.tip,
        "cell": outcome.cell or None,
        "send_again_code": outcome.send_again_code,
        "import": None,
        "warnings": list(outcome.warnings),
    }


def exit_code(outcomes: Iterable[Outcome], stopped: bool = False, unread: bool = False) -> int:
    """0 all done · 1 some row failed, needs fixing or was not sent · 3 stopped part-way · 4 some outcome unknown.

    ``unread``: a sheet was left out because it could not be read; then it is 1 at best.
    """
    seen = {outcome.status for outcome in outcomes}
    if Status.UNKNOWN in seen:
        return 4
    if stopped:
        return 3
    return 1 if unread or seen & {Status.FAILED, Status.INVALID, Status.NOT_SENT} else 0
