"""What to send, in which order, and what not to send again. Pure: no clock, no file, no network.

Given the same rows and the same ledger it gives the same Plan. Source: architecture.md
"Decide, then act" (order), product.md section 2 (repeats and doubts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bulkops.model import CheckedRow, Outcome, Past, Plan, Problem, Status, Step, outcome_of
from bulkops.operations.base import SEND_AGAIN, Operation
from bulkops.operations.catalogue import Catalogue

History = Mapping[tuple[str, str], list[tuple[str, Past]]]
"""(operation, target) → fingerprints sent before, and what became of them; oldest first."""


def plan(
    rows: Iterable[CheckedRow],
    operations: Mapping[str, Operation],
    history: History,
    identity: str,
    send_again: bool = False,
    workbook: str = "",
) -> Plan:
    """Decide every row: hidden, invalid, done before, still unknown, or to be sent in sheet order.

    ``workbook`` is the hash of its bytes: a Send again in an untouched workbook works once.
    """
    catalogue = Catalogue(operations.values())
    steps: list[Step] = []
    decided: list[Outcome] = []
    for row in rows:
        if row.hidden:
            decided.append(_because(row, Status.NOT_SENT, catalogue.problem("row.hidden", f"{row.sheet}!{row.number}")))
        elif row.problems:
            decided.append(_invalid(row))
        else:
            operation = operations[row.operation]
            step = Step(row, operation.call(row.values), row.values[SEND_AGAIN.name] is True)
            held = _held_back(step, operation, history, identity, send_again, workbook, catalogue)
            if held is None:
                steps.append(step)
            else:
                decided.append(held)
    return Plan(tuple(_groups(steps, operations)), tuple(decided))


def _held_back(
    step: Step,
    operation: Operation,
    history: History,
    identity: str,
    send_again: bool,
    workbook: str,
    catalogue: Catalogue,
) -> Outcome | None:
    """Why a good row is not sent, or None. Only the row's own Send again releases a doubt, and only once."""
    fingerprint = step.call.fingerprint(identity)
    # The last word on a request counts: a doubt that was released and then done is no doubt any more.
    sent_before = history.get((step.row.operation, step.row.target), ())
    latest = {sent: past for sent, past in sent_before if sent == fingerprint or operation.repeats_by_target}
    here = (workbook, step.row.sheet, step.row.number)
    if step.release and all(past.released_by != here for sent, past in sent_before if sent in latest):
        return None
    own = latest.get(fingerprint)
    done_before = own is not None and own.status is Status.DONE
    if own is not None and done_before and not send_again:
        done = _because(step.row, Status.ALREADY_DONE, catalogue.problem("row.already_done", **_told(own)))
        said = own.accepted
        return replace(done, new_task_guid=said.new_task_guid, selected=said.selected, updated=said.updated)
    for past in latest.values():
        if past.status is Status.UNKNOWN:
            check = operation.how_to_check(step.row.target)
            doubt = catalogue.problem("row.still_unknown", extra=check, **_told(past))
            return replace(_because(step.row, Status.UNKNOWN, doubt), started=past.when)
    for past in () if done_before else latest.values():
        other = catalogue.problem("row.target_done", f"{step.row.sheet}!{step.row.number}", **_told(past))
        return _because(step.row, Status.INVALID, other)
    return None


def _told(past: Past) -> dict[str, str]:
    when = past.when.replace("T", " ").replace("Z", " UTC")
    return {"when": when, "who": past.who, "workbook": past.workbook}


def _because(row: CheckedRow, status: Status, problem: Problem) -> Outcome:
    return outcome_of(row, status, code=problem.code, message=problem.message, tip=problem.tip)


def _invalid(row: CheckedRow) -> Outcome:
    """All problems of the row, each sentence on its line; the first one's code and cell stand for the row."""
    first = row.problems[0]
    message = "\n".join(problem.message for problem in row.problems)
    tip = "\n".join(dict.fromkeys(problem.tip for problem in row.problems))
    return outcome_of(row, Status.INVALID, code=first.code, cell=first.cell, message=message, tip=tip)


def _groups(steps: Iterable[Step], operations: Mapping[str, Operation]) -> Iterable[tuple[Step, ...]]:
    """Neighbours that the documented rules let run side by side; every other step stands alone."""
    group: list[Step] = []
    shared: Any = None
    own: set[Any] = set()
    for step in steps:
        lane = operations[step.row.operation].side_by_side(step.row.values)
        if group and lane is not None and lane[0] == shared and lane[1] not in own:
            group.append(step)
            own.add(lane[1])
            continue
        if group:
            yield tuple(group)
        group = [step]
        shared, own = (lane[0], {lane[1]}) if lane is not None else (None, set())
    if group:
        yield tuple(group)
