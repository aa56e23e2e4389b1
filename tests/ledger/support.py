"""What the ledger's tests share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from steps import HERE, kickout, plan_of, run_named, task

from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart
from bulkops.model.history import Resolution, ResolutionKind
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan, Step
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.runs import planning

AT = "2026-11-21T10:00:01Z"
EXPECTED = Path(__file__).parent.parent / "expected"
STATES = """SELECT coalesce((SELECT state FROM attempts WHERE run = lines.run AND seq = lines.seq
    ORDER BY id DESC LIMIT 1), state) FROM lines ORDER BY rowid"""


def states(path: Path) -> list[str]:
    """The states of all rows, as another program sees them right now."""
    with closing(sqlite3.connect(path)) as connection:
        return [state for (state,) in connection.execute(STATES)]


def done(step: Step, **more: object) -> Outcome:
    return outcome_of(step.row, Status.DONE, **{"new_task_guid": task(99), "started": AT, "seconds": 0.25, **more})


def words(operation: str, target: str, code: str) -> tuple[str, str]:
    return f"{operation} was interrupted", f"look at {target}, then type {code}"


def send(ledger: Ledger, run: str, step: Step, status: Status = Status.DONE) -> None:
    ledger.intend(run, step, AT)
    ledger.conclude(run, replace(done(step), status=status))


def released(row: CheckedRow, code: str) -> Plan:
    """The row to be sent again by a code, whatever the ledger says of that."""
    (step,) = plan_of(row).steps
    return Plan((((replace(step, released=code),),),), ())


def code_of(ledger: Ledger, run: str, seq: int = 0) -> str:
    """What repeats a row of a run, as its history tells."""
    return next(each.send_again_code for each in ledger.outcomes(run) if each.seq == seq)


def plan_elsewhere(environment_id: str, ledger: Ledger | None = None) -> Plan:
    """The first task's row as another environment's."""
    operations = all_operations()
    asked = planning.requested([kickout(0)], operations, environment_id)
    prior = ledger.prior_attempts(environment_id, [asked[0].idempotency_key]) if ledger else {}
    return planning.plan([kickout(0)], asked, operations, prior)


def idempotency_keys(*rows: CheckedRow) -> list[str]:
    return [step.idempotency_key for step in planning.requested(rows, all_operations(), HERE).values()]


def doubt_of(ledger: Ledger, name: str, row: CheckedRow) -> None:
    """A run whose only row became unknown, whatever was sent before."""
    plan = plan_of(row)
    ledger.begin(run_named(name), plan, HERE)
    send(ledger, name, plan.steps[0], Status.UNKNOWN)


def mark(ledger: Ledger, name: str, kind: ResolutionKind, seq: int = 0) -> None:
    ledger.resolve(name, seq, Resolution(kind, "Sam", "2026-11-21T12:00:00Z"))


def marking_refused(
    ledger: Ledger, name: str, seq: int = 0, kind: ResolutionKind = ResolutionKind.SEND_AGAIN
) -> tuple[str, str]:
    with pytest.raises(CannotStart) as error:
        mark(ledger, name, kind, seq)
    return error.value.code, error.value.sentence


def careless(ledger: Ledger, name: str, row: CheckedRow) -> None:
    """A run that sends without having looked into the ledger."""
    plan = plan_of(row)
    ledger.begin(run_named(name), plan, HERE)
    ledger.intend(name, plan.steps[0], AT)


MADE = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat_' ORDER BY name"
"""Without what SQLite notes for itself to plan queries by."""


def made_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute(f"SELECT sql FROM ({MADE}) WHERE sql IS NOT NULL").fetchall()
    return [" ".join(sql.split()) for (sql,) in made]


def refused(path: Path, code: str = "ledger.unusable") -> str:
    with pytest.raises(CannotStart) as error:
        Ledger(path)
    assert error.value.code == code
    assert str(path) in str(error.value)
    return str(error.value)


LEFT = {
    "planned": None,
    "stopped": (Status.NOT_SENT, "row.stopped"),
    "held": (Status.NOT_SENT, "row.held"),
    "not reached": (Status.NOT_SENT, "sent.not_reached"),
    "not trusted": (Status.NOT_SENT, "sent.not_trusted"),
    "no right": (Status.FAILED, "sent.no_right"),
    "proxy": (Status.FAILED, "sent.proxy"),
    "busy": (Status.FAILED, "sent.busy"),
    "done": (Status.DONE, ""),
    "refused": (Status.FAILED, "sent.refused"),
    "unknown": (Status.UNKNOWN, "sent.no_answer"),
    "on its way": None,
}


def cut_short(ledger: Ledger) -> Plan:
    """A run that ended in every way in which a row can end."""
    rows = [kickout(n, comment=name) for n, name in enumerate(LEFT)]
    plan = plan_of(*rows, replace(kickout(len(LEFT)), hidden=True))
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        ending = LEFT[step.row.values["comment"]]
        if step.row.values["comment"] == "on its way":
            ledger.intend("r", step, AT)
        elif ending and not ending[1].startswith("row."):
            ledger.intend("r", step, AT)
            ledger.conclude("r", replace(done(step), status=ending[0], code=ending[1]))
    stopped = (step for step in plan.steps if step.row.values["comment"] in ("stopped", "held"))
    unsent = [outcome_of(step.row, Status.NOT_SENT, code=f"row.{step.row.values['comment']}") for step in stopped]
    ledger.finish("r", unsent, None)
    ledger.conclude_interrupted(words)
    return plan


def forbid(ledger: Ledger, on: bool) -> None:
    with ledger._store.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if on else 'OFF'}")
