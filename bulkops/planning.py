"""What to send, in which order, and what not to send again. Pure: no clock, no file, no network.

Given the same rows and the same ledger it gives the same Plan. Source: architecture.md
"Decide, then act" (order), product.md section 2 (repeats and doubts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bulkops.model import Accepted, CheckedRow, Outcome, Past, Plan, Problem, Release, Status, Step, outcome_of
from bulkops.operations.base import SEND_AGAIN, Operation, Thing
from bulkops.operations.catalogue import Catalogue
from bulkops.phrases import marked, moment

History = Mapping[tuple[str, str], list[tuple[str, Past]]]
"""(operation, target) → fingerprints sent before, and what became of them; oldest first."""


def plan(
    rows: Iterable[CheckedRow],
    operations: Mapping[str, Operation],
    history: History,
    identity: str,
    send_again: bool = False,
    independent: bool = False,
) -> Plan:
    """Decide every row: hidden, invalid, done before, still unknown, or to be sent in sheet order.

    ``independent`` is the operator's word that only rows which touch the same list, batch or task need their order.
    """
    catalogue = Catalogue(operations.values())
    past = _Past(history, send_again, catalogue)
    steps: list[Step] = []
    kept: list[Step] = []
    decided: list[Outcome] = []
    for row in rows:
        if row.hidden:
            decided.append(_because(row, Status.NOT_SENT, catalogue.problem("row.hidden", f"{row.sheet}!{row.number}")))
        elif row.problems:
            decided.append(_invalid(row))
        else:
            step = _step(row, operations[row.operation], identity)
            fate = past.decide(step, operations[row.operation])
            if isinstance(fate, Step):
                steps.append(fate)
            else:
                decided.append(fate)
                kept.append(step)
    steps = _forewarned(steps, operations, catalogue)
    lanes = _apart(steps, operations) if independent else [steps]
    return Plan(tuple(tuple(_groups(lane, operations)) for lane in lanes if lane), tuple(decided), tuple(kept))


def _step(row: CheckedRow, operation: Operation, identity: str) -> Step:
    call = operation.call(row.values)
    fingerprint = call.fingerprint(identity)
    matter = f"{row.operation} {row.target}" if operation.repeats_by_target else fingerprint
    return Step(row, call, fingerprint, matter, row.values[SEND_AGAIN.name] is True)


@dataclass(frozen=True, slots=True)
class _Past:
    """What was sent before, and what it means for a row that would be sent now."""

    history: History
    send_again: bool
    catalogue: Catalogue

    def decide(self, step: Step, operation: Operation) -> Step | Outcome:
        """The step, with what releases it if anything had to; or the outcome of a row that is not sent."""
        row = step.row
        sent_before = self.history.get((row.operation, row.target), ())
        counting = [
            (sent, past) for sent, past in sent_before if sent == step.fingerprint or operation.repeats_by_target
        ]
        # The last word on a request counts: a doubt that was released and then done is no doubt any more.
        # What was marked as to be sent again holds nothing back, as if it had never been sent; but it is told of.
        holding = [(sent, past) for sent, past in counting if past.holds]
        latest = dict(holding)
        may_repeat = not any(past.newer for _, past in holding)
        told = (past.status for past in dict(counting).values())
        worst = max(told, key=lambda each: each is Status.UNKNOWN, default=None)
        outdated = any(past.yes_used for _, past in holding)
        outdated |= any(past.unseen for past in latest.values() if past.status is Status.UNKNOWN)
        if step.asked and may_repeat and not outdated:
            # Of what stands in the sheet only the row's own Send again releases a doubt, and only once.
            return replace(step, release=Release.ROW, repeats=worst)
        own = latest.get(step.fingerprint)
        done_before = own is not None and own.status is Status.DONE
        run_repeats = self.send_again and may_repeat
        if own is not None and done_before and not run_repeats:
            code = "row.marked_done" if own.mark else "row.already_done"
            return _done(row, operation, own, self.catalogue.problem(code, **_told(own)))
        for past in latest.values():
            if past.status is Status.UNKNOWN:
                check = operation.how_to_check(row.target)
                doubt = self.catalogue.problem("row.still_unknown", extra=check, **_told(past))
                return replace(_because(row, Status.UNKNOWN, doubt), started=past.when)
        for past in () if done_before else latest.values():
            code = "row.target_marked_done" if past.mark else "row.target_done"
            other = self.catalogue.problem(code, f"{row.sheet}!{row.number}", **_told(past))
            return _because(row, Status.INVALID, other)
        return replace(step, release=Release.RUN if done_before else Release.NOBODY, repeats=worst)


def _forewarned(steps: list[Step], operations: Mapping[str, Operation], catalogue: Catalogue) -> list[Step]:
    """The steps, each with warnings of what others of the same run do to it: only rows that are sent do anything."""
    warnings: dict[int, list[Problem]] = {}
    for key, operation in operations.items():
        rows = [step.row for step in steps if step.row.operation == key]
        for row, name, code, other in operation.between(rows):
            facts = {"value": str(row.values[name]), "other": other.address(name)}
            warnings.setdefault(row.seq, []).append(catalogue.problem(code, row.address(name), **facts))
    return [
        replace(step, row=_with_warnings(step.row, warnings[step.row.seq])) if step.row.seq in warnings else step
        for step in steps
    ]


def _with_warnings(row: CheckedRow, more: list[Problem]) -> CheckedRow:
    """The row with more warnings. One of a run that is resumed has had them since it was planned first."""
    said = {warning.message for warning in more}
    return replace(row, warnings=(*(each for each in row.warnings if each.message not in said), *more))


def _done(row: CheckedRow, operation: Operation, past: Past, problem: Problem) -> Outcome:
    """Already done, with what the answer said then: again in full where a control total is not met or no bill was."""
    said = past.accepted
    outcome = _because(row, Status.ALREADY_DONE, problem)
    if said != Accepted() and (operation.mismatch(row.values, said) or said.selected == 0):
        message, tip = operation.done(row.values, said)
        outcome = replace(outcome, message=f"{outcome.message} {message}", tip=f"{tip} {outcome.tip}")
    return replace(outcome, new_task_guid=said.new_task_guid, selected=said.selected, updated=said.updated)


def _told(past: Past) -> dict[str, str]:
    who = f"{past.who} with the key of {past.owner}" if past.owner else past.who
    told = {"when": moment(past.when), "who": who, "workbook": past.workbook}
    return {**told, "words": marked(past.mark)} if past.mark else told


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


def _apart(steps: Iterable[Step], operations: Mapping[str, Operation]) -> Iterable[list[Step]]:
    """The steps in lanes that have nothing in common; within a lane, sheet order."""
    touched = [(step, operations[step.row.operation].touches(step.row.values)) for step in steps]
    known = {thing for _, things in touched for thing in things}
    found: dict[Thing, Thing] = {}

    def lane(thing: Thing) -> Thing:
        # ("batch",) stands for every ("batch", …), once some row touches them all.
        thing = next(thing[:length] for length in range(1, len(thing) + 1) if thing[:length] in known)
        while found.setdefault(thing, thing) != thing:
            thing = found[thing]
        return thing

    for _, (first, *others) in touched:
        for other in others:
            found[lane(other)] = lane(first)
    lanes: dict[Thing, list[Step]] = {}
    for step, things in touched:
        lanes.setdefault(lane(things[0]), []).append(step)
    return lanes.values()
