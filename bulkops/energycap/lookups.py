"""What only EnergyCAP's own tables can tell: asked by reading, before the first row is sent.

An operation may name one read-only call (``look_up``) whose answer rules rows out, for
instance the id of the flag type that cannot be assigned by hand, which differs per customer.
Where EnergyCAP does not answer the question, the rows go as they are, and a note says so.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from bulkops.energycap.classify import deprecated
from bulkops.messages import answers as sentences
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.model.rows import CheckedRow
from bulkops.operations.base import Operation
from bulkops.operations.catalogue import Catalogue

Ask = Callable[[Call], Reply | NoResponse]
Against = tuple[str, str, Mapping[str, str]]
"""(the field, the catalogue's code, its facts)"""


def look_up(plan: Plan, operations: Mapping[str, Operation], ask: Ask) -> tuple[dict[str, Any], list[str]]:
    """The answers to the look-ups that the plan's steps need, by operation, and a note for each that failed."""
    answers: dict[str, Any] = {}
    notes = []
    for key in sorted({step.row.operation for step in plan.steps}):
        call = operations[key].look_up
        if call is None:
            continue
        seen = ask(call)
        if (words := deprecated(seen)) is not None:
            notes.append(sentences.deprecated(f"the look-up before {operations[key].plural}", words))
        try:
            if isinstance(seen, NoResponse) or seen.status != 200:
                raise ValueError(seen)
            answers[key] = json.loads(seen.content)
        except (ValueError, RecursionError):
            notes.append(
                f"{operations[key].title}: EnergyCAP did not tell what it does not take. Its rows can be sent."
            )
    return answers, notes


def rule_out(plan: Plan, operations: Mapping[str, Operation], answers: Mapping[str, Any]) -> Plan:
    """The plan without the steps that an answer rules out; those rows need fixing. Pure."""

    def against(row: CheckedRow) -> Against | None:
        if row.operation not in answers:
            return None
        found = operations[row.operation].ruled_out(row.values, answers[row.operation])
        return (*found, {"value": str(row.values[found[0]])}) if found else None

    return without(plan, operations, against)


def without(plan: Plan, operations: Mapping[str, Operation], against: Callable[[CheckedRow], Against | None]) -> Plan:
    """The plan without the steps whose rows there is something against; those rows need fixing."""
    catalogue = Catalogue(operations.values())
    ruled: dict[int, Outcome] = {}
    for step in plan.steps:
        row = step.row
        found = against(row)
        if found is not None:
            name, code, facts = found
            problem = catalogue.problem(code, row.address(name), **facts)
            ruled[row.seq] = outcome_of(
                row, Status.INVALID, code=code, cell=problem.cell, message=problem.message, tip=problem.tip
            )
    kept = tuple(
        tuple(tuple(step for step in group if step.row.seq not in ruled) for group in lane) for lane in plan.lanes
    )
    return Plan(kept, (*plan.decided, *ruled.values()))
