"""Checked rows and plans, typed by hand: what the tests of planning, ledger and processor start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bulkops.ledger import Ledger, Run
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.operations.base import Operation
from bulkops.runs.planning import plan, requested

HERE = "http://127.0.0.1:1"
"""An identity for the ledger."""
KICKOUT, FLAG = "kickout_reimport", "list_flag_edit"


def task(number: int) -> str:
    """A task of the practice server."""
    return f"7d9e4c10-5b3a-4f6e-9c21-{number:012d}"


def kickout(seq: int, number: int | None = None, mode: str = "new self-contained batch", **values: Any) -> CheckedRow:
    """A good row that asks for the kickouts of a task; the task's number is the row's unless given."""
    guid = task(seq + 1 if number is None else number)
    return _row(seq, KICKOUT, guid, {"task_guid": guid, "batch_mode": mode, **values})


def flag_edit(seq: int, list_id: int, **values: Any) -> CheckedRow:
    """A good row that edits the flags of a list."""
    return _row(seq, FLAG, str(list_id), {"list_id": list_id, **(values or {"comment": "Checked"})})


def _row(seq: int, key: str, target: str, values: Mapping[str, Any]) -> CheckedRow:
    operation = all_operations()[key]
    blank = dict.fromkeys((*(field.name for field in operation.fields), "send_again"))
    return CheckedRow(seq, operation.sheet, seq + 2, key, target, {**blank, **values})


def plan_of(
    *rows: CheckedRow, history: Any = None, operations: Mapping[str, Operation] | None = None, **options: bool
) -> Plan:
    """What becomes of rows; ``history``: as planning knows it, or a ledger to look it up in."""
    known = operations or all_operations()
    asked = requested(rows, known, HERE)
    if isinstance(history, Ledger):
        history = history.prior_attempts(HERE, {step.idempotency_key for step in asked.values()})
    return plan(rows, asked, known, history or {}, **options)


def again(row: CheckedRow, wish: str) -> CheckedRow:
    """The row with something in Send again."""
    return replace(row, values={**row.values, "send_again": wish})


def run_named(name: str, started: str = "2026-11-21T10:00:00Z") -> Run:
    return Run(
        *(name, started, None, "Pat", "front-desk", "Practice Operator", "practice", HERE),
        *(f"books/{name}.xlsx", "0" * 64, "0.1.0"),
    )


def seqs(plan: Plan) -> list[list[int]]:
    """The groups of a plan with one lane, as row numbers."""
    assert len(plan.lanes) <= 1
    return [[step.row.seq for step in group] for lane in plan.lanes for group in lane]


def facts(outcomes: Iterable[Any]) -> list[tuple[int, str, str]]:
    """(seq, status, code) in reading order."""
    return sorted((each.seq, each.status.value, each.code) for each in outcomes)
