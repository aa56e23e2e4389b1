"""Practising with one's own workbook: a practice EnergyCAP that takes its ids as given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace

from bulkops.model import Step
from bulkops.operations import all_operations
from bulkops.phrases import counted
from bulkops.sentences.running import taken_as_given
from bulkops.settings import Environment


def begin(where: Environment, steps: Iterable[Step], stack: ExitStack) -> tuple[Environment, list[str]]:
    """Start a practice EnergyCAP, until ``stack`` ends, that knows what the steps name; what there is to say of it."""
    from bulkops.practice import State
    from bulkops.practice.given import Given, take
    from bulkops.practice.server import PracticeServer

    operations = all_operations()
    named = (each for step in steps for each in operations[step.row.operation].names(step.row.values))
    state = State()
    new = Counter(each.kind for each in take(state, (Given(each.kind, each.id, each.bills) for each in named)))
    server = stack.enter_context(PracticeServer(state))
    things = ", ".join(counted(number, kind) for kind, number in new.items())
    return replace(where, base_url=server.base_url), [taken_as_given(things)] if new else []
