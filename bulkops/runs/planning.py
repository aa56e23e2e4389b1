"""What to send, in which order, and what not to send again. Pure: no clock, no file, no network.

Given the same rows and the same ledger it gives the same Plan. Steps go out in the sheet's order. What was done or is
in doubt is sent again only by the code of the last send that holds it back; the ledger looks once more at the intent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bulkops.messages import answers
from bulkops.messages.wording import moment
from bulkops.model.history import PriorAttempt
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan, Step
from bulkops.model.requests import Accepted
from bulkops.model.rows import CheckedRow, Problem
from bulkops.operations.base import SEND_AGAIN, Operation, Thing
from bulkops.operations.message_catalogue import Catalogue

History = Mapping[str, Sequence[PriorAttempt]]
"""A step's idempotency key → what was sent of it before; oldest first."""


def requested(rows: Iterable[CheckedRow], operations: Mapping[str, Operation], environment_id: str) -> dict[int, Step]:
    """What the rows ask for that are shown and broke no rule, by seq."""
    return {
        row.seq: _step(row, operations[row.operation], environment_id)
        for row in rows
        if not row.hidden and not row.problems
    }


def plan(
    rows: Iterable[CheckedRow],
    asked: Mapping[int, Step],
    operations: Mapping[str, Operation],
    history: History | None,
    send_again: bool = False,
    independent: bool = False,
    resumed: bool = False,
) -> Plan:
    """Decide every row: hidden, invalid, done before, still unknown, or to be sent in sheet order.

    ``asked`` is what ``requested`` made of the rows. ``history`` is None where nobody can say what was sent before:
    then nothing is sent either. ``send_again`` releases what is done, never a doubt.
    ``independent`` is the operator's word that only rows which touch the same list, batch or task need their order.
    ``resumed``: the codes in the rows are those that released them when the run began, wherever they came from.
    """
    catalogue = Catalogue(operations.values())
    prior = _PriorAttempts(history, send_again, resumed, catalogue)
    steps: list[Step] = []
    decided: list[Outcome] = []
    planned: set[str] = set()
    for row in rows:
        step = asked.get(row.seq)
        if row.hidden:
            decided.append(_because(row, Status.NOT_SENT, catalogue.problem("row.hidden", f"{row.sheet}!{row.number}")))
        elif step is None:
            decided.append(invalid(row))
        elif step.idempotency_key in planned:
            # Only in runs of before version 6: there a row with Send again could repeat another of its workbook.
            decided.append(_because(row, Status.NOT_SENT, catalogue.problem("row.held")))
        elif isinstance(fate := prior.decide(step, operations[row.operation]), Step):
            steps.append(fate)
            planned.add(fate.idempotency_key)
        else:
            decided.append(fate)
    steps = forewarned(steps, operations, catalogue)
    lanes = _apart(steps, operations) if independent else [steps]
    return Plan(tuple(tuple(_groups(lane, operations)) for lane in lanes if lane), tuple(decided))


def _step(row: CheckedRow, operation: Operation, environment_id: str) -> Step:
    call = operation.call(row.values)
    fingerprint = call.fingerprint(environment_id)
    return Step(row, call, fingerprint, f"{row.operation} {row.target}" if operation.repeats_by_target else fingerprint)


@dataclass(frozen=True, slots=True)
class _PriorAttempts:
    """What was sent before, and what it means for a row that would be sent now."""

    history: History | None
    send_again: bool
    resumed: bool
    catalogue: Catalogue

    def decide(self, step: Step, operation: Operation) -> Step | Outcome:
        """The step, with what releases it if anything had to; or the outcome of a row that is not sent."""
        if self.history is None:
            return step
        before = self.history.get(step.idempotency_key)
        if not before:
            return self._not_held(step)
        # What was marked as to be sent again holds nothing back, as if it had never been sent; but it is told of.
        holding = [prior for prior in before if prior.blocks_resend]
        latest = {
            prior.fingerprint: prior for prior in before if prior.status in (Status.DONE, Status.UNKNOWN)
        }.values()
        doubtful = next((prior for prior in latest if prior.status is Status.UNKNOWN), None)
        step = replace(step, prior_attempt=doubtful or next(reversed(latest), None))
        if not holding:
            return self._not_held(step)
        newest = holding[-1]
        own = next((prior for prior in reversed(holding) if prior.fingerprint == step.fingerprint), newest)
        done_before = own.fingerprint == step.fingerprint and own.status is Status.DONE
        if step.wish:
            # The code of a row that is left of a run was typed before somebody looked, and said that it was done.
            looked = self.resumed and newest.resolution is not None
            released = "".join(step.wish.split()).upper() == newest.code and not looked
        else:
            last = {prior.fingerprint: prior.status for prior in holding}.values()
            released = self.send_again and done_before and own is newest and Status.UNKNOWN not in last
        if released:
            return self._released(step, newest.code, before)
        return self._held(step, own, done_before, newest.code, operation)

    def _released(self, step: Step, code: str, before: Sequence[PriorAttempt]) -> Step:
        """A code counts once more where the send that it let go surely was not carried out; the row says so."""
        spent = next((prior for prior in reversed(before) if prior.released == code), None)
        if spent is None:
            return replace(step, released=code)
        became = (
            spent.resolution.words
            if spent.resolution
            else "refused"
            if spent.status is Status.FAILED
            else "not carried out"
        )
        again = self.catalogue.problem(
            "send_again.once_more",
            step.row.address(SEND_AGAIN.name),
            value=code,
            when=moment(spent.when),
            words=became,
        )
        return replace(step, released=code, row=_with_warnings(step.row, [again]))

    def _not_held(self, step: Step) -> Step | Outcome:
        # The code of a row that is left of a run did hold; what it was for was marked as to be sent again since.
        if not step.wish or self.resumed:
            return step
        cell = step.row.address(SEND_AGAIN.name)
        problem = self.catalogue.problem("send_again.nothing", cell, value=step.wish)
        return replace(_because(step.row, Status.INVALID, problem), cell=cell)

    def _held(self, step: Step, prior: PriorAttempt, done_before: bool, code: str, operation: Operation) -> Outcome:
        row, told = step.row, {**_told(prior), "extra": code}
        if done_before:
            problem = self.catalogue.problem("row.marked_done" if prior.resolution else "row.already_done", **told)
            outcome = _done(row, operation, prior, problem)
        elif prior.status is Status.UNKNOWN:
            check = answers.to_check(operation.how_to_check(row.target), code)
            problem = self.catalogue.problem("row.still_unknown", **{**told, "extra": check})
            outcome = replace(_because(row, Status.UNKNOWN, problem), started=prior.when)
        else:
            name = "row.target_marked_done" if prior.resolution else "row.target_done"
            outcome = _because(row, Status.INVALID, self.catalogue.problem(name, f"{row.sheet}!{row.number}", **told))
        if step.wish and not self.resumed:
            other = self.catalogue.problem("send_again.other", value=step.wish, extra=code)
            outcome = replace(outcome, message=f"{outcome.message} {other.message}")
        return replace(outcome, send_again_code=code)


def forewarned(
    steps: Sequence[Step], operations: Mapping[str, Operation], catalogue: Catalogue, before: Sequence[Step] = ()
) -> list[Step]:
    """The steps, each with warnings of what others of the same run do to it: only rows that are sent do anything.

    ``before``: the steps of which these are left; what was said because of the others is taken back.
    """
    new, old = _between(steps, operations, catalogue), _between(before, operations, catalogue)
    return [
        replace(step, row=_with_warnings(step.row, new.get(step.row.seq, []), old.get(step.row.seq, [])))
        if step.row.seq in new or step.row.seq in old
        else step
        for step in steps
    ]


def _between(
    steps: Sequence[Step], operations: Mapping[str, Operation], catalogue: Catalogue
) -> dict[int, list[Problem]]:
    """What rows do to each other, as warnings of the rows to which it is done, by seq."""
    warnings: dict[int, list[Problem]] = {}
    for key, operation in operations.items():
        rows = [step.row for step in steps if step.row.operation == key]
        for row, name, code, other in operation.between(rows):
            facts = {"value": str(row.values[name]), "other": other.address(name)}
            warnings.setdefault(row.seq, []).append(catalogue.problem(code, row.address(name), **facts))
    return warnings


def _with_warnings(row: CheckedRow, more: list[Problem], old: Sequence[Problem] = ()) -> CheckedRow:
    """The row with more warnings. One of a run that is resumed has had them since it was planned first."""
    said = {warning.message for warning in (*more, *old)}
    return replace(row, warnings=(*(each for each in row.warnings if each.message not in said), *more))


def _done(row: CheckedRow, operation: Operation, prior: PriorAttempt, problem: Problem) -> Outcome:
    """Already done, with what the answer said then: again in full where a control total is not met or no bill was."""
    said = prior.accepted
    outcome = _because(row, Status.ALREADY_DONE, problem)
    if said != Accepted() and (operation.mismatch(row.values, said) or said.selected == 0):
        message, tip = operation.done(row.values, said)
        outcome = replace(outcome, message=f"{outcome.message} {message}", tip=f"{tip} {outcome.tip}")
    return replace(outcome, new_task_guid=said.new_task_guid, selected=said.selected, updated=said.updated)


def _told(prior: PriorAttempt) -> dict[str, str]:
    who = f"{prior.who} with the key of {prior.owner}" if prior.owner else prior.who
    told = {"when": moment(prior.when), "who": who, "workbook": prior.workbook}
    return {**told, "words": prior.resolution.words} if prior.resolution else told


def _because(row: CheckedRow, status: Status, problem: Problem) -> Outcome:
    return outcome_of(row, status, code=problem.code, message=problem.message, tip=problem.tip)


def invalid(row: CheckedRow) -> Outcome:
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
