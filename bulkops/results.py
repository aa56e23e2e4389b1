"""Outcomes → the lines of the Results sheet (product.md section 3) and of the JSON document (section 4).

Pure: the same outcomes and run give the same lines, so they can be made again from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bulkops.model import Outcome, Status, Unread, totals
from bulkops.operations.base import Operation
from bulkops.settings import Environment
from bulkops.workbook.results_sheet import COLUMNS, Value


def sheet_lines(
    outcomes: Iterable[Outcome],
    operations: Mapping[str, Operation],
    environment: str,
    run: str,
    unread: Iterable[Unread] = (),
) -> list[list[Value]]:
    """One line per row read, in reading order, in the sidecar's columns; then one per sheet that could not be read."""
    lines: list[list[Value]] = []
    for outcome in sorted(outcomes, key=lambda each: each.seq):
        operation = operations.get(outcome.operation)
        message = "\n".join(filter(None, (outcome.message, *(f"Note: {warning}" for warning in outcome.warnings))))
        lines.append(
            [
                outcome.sheet,
                outcome.row,
                operation.title if operation else outcome.operation,
                outcome.target,
                outcome.status.label,
                outcome.new_task_guid,
                outcome.selected,
                outcome.updated,
                message,
                outcome.tip,
                outcome.http_status,
                environment,
                _moment(outcome.started),
                outcome.seconds,
                run,
                outcome.send_again_code,
            ]
        )
    for sheet in unread:
        line: dict[str, Value] = {
            "Sheet": sheet.sheet,
            "Status": Status.INVALID.label,
            "Message": sheet.message,
            "What to do": sheet.tip,
            "Environment": environment,
            "Run": run,
        }
        lines.append([line.get(column) for column in COLUMNS])
    return lines


def _moment(text: str) -> datetime | None:
    """A UTC time without its zone, as a workbook can hold it."""
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None


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
