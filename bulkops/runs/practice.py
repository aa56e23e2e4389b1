"""Practising: an EnergyCAP of the run's own takes its ids as given; one that serves apart has its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from bulkops.messages.runs import not_rehearsed, rehearsed, taken_as_given
from bulkops.messages.wording import plural
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.plan import Step
from bulkops.operations import all_operations

if TYPE_CHECKING:
    from bulkops.practice.server import Faults

SERVED_APART = "bulkops practice"
"""What the server of ``bulkops practice`` calls its data source."""


def begin(
    environment: Environment, steps: Sequence[Step], stack: ExitStack, trouble: bool = False
) -> tuple[Environment, list[str]]:
    """Start a practice EnergyCAP, until ``stack`` ends, that knows what the steps name; what there is to say of it."""
    from bulkops.practice import State
    from bulkops.practice.placeholders import Placeholder, add_placeholders
    from bulkops.practice.server import PracticeServer

    operations = all_operations()
    named = ((step.row, each) for step in steps for each in operations[step.row.operation].names(step.row.values))
    state = State()
    things = (
        Placeholder(
            each.kind, each.id, each.bills, next((p.name for p in row.picks.get(each.field, ()) if p.id == each.id), "")
        )
        for row, each in named
    )
    new = Counter(each.kind for each in add_placeholders(state, things))
    server = stack.enter_context(PracticeServer(state))
    kinds = ", ".join(plural(number, kind) for kind, number in new.items())
    notes = [taken_as_given(kinds)] if new else []
    if trouble:
        notes += _expected(steps, server.faults)
    return replace(environment, base_url=server.base_url), notes


def _expected(steps: Sequence[Step], faults: Faults) -> Iterator[str]:
    """Aim each trouble at a row of its own, the only one that names its target or the first; which row meets what."""
    from bulkops.practice.drills import DRILLS

    operations = all_operations()
    free = list({step.call.path: step for step in reversed(steps)}.values())[::-1]
    # The one that few rows can meet has the first choice.
    for each in sorted(DRILLS, key=lambda drill: not drill.of_lists):
        fit = (
            step
            for step in free
            if not each.of_lists or operations[step.row.operation].has_control_total(step.row.values)
        )
        step = next(fit, None)
        if step is None:
            yield not_rehearsed("a row with Expected bills" if each.of_lists else "rows", each.what)
            continue
        free.remove(step)
        faults.add(each.fault, path_contains=step.call.path)
        yield rehearsed(step.row.sheet, step.row.number, each.what)


def each_in_turn(faults: Faults) -> list[str]:
    """Let the next rows that arrive meet trouble, whichever they are; which meets what."""
    from bulkops.practice.drills import DRILLS

    for each in DRILLS:
        faults.add(each.fault, path_contains=each.path)
    first, *others = (f"row {'that edits a list ' if each.of_lists else ''}{each.what}." for each in DRILLS)
    return [f"The first {first}", *(f"The next {other}" for other in others)]


def only_practised(environment: str, source: str | None) -> bool:
    """Did a run with this environment and data source reach no EnergyCAP?"""
    return environment == PRACTICE or source == SERVED_APART
