"""What EnergyCAP's own tables rule out is found by reading, before the first row is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bulkops.energycap.lookups import look_up, rule_out
from bulkops.model.outcomes import Status
from bulkops.model.plan import Plan, Step
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.operations.base import columns

OPERATIONS = all_operations()
TYPES = [
    {"flagTypeId": 1, "flagTypeInfo": "Audit Exception"},
    {"flagTypeId": 2, "flagTypeInfo": "Answered audit exception"},
]


def flag_plan(*type_ids: int | None) -> Plan:
    """One group of flag edits with these flag types."""
    operation = OPERATIONS["list_flag_edit"]
    steps = []
    for seq, type_id in enumerate(type_ids):
        values = dict.fromkeys(columns([operation]))
        values |= {"list_id": 2001 + seq, "flag_type_id": type_id, "comment": "x"}
        row = CheckedRow(seq, "Flags", seq + 2, operation.key, str(2001 + seq), values,
                         columns={"list_id": "A", "flag_type_id": "D"})  # fmt: skip
        steps.append(Step(row, operation.call(values), f"request {seq}", f"request {seq}"))
    return Plan(((tuple(steps),),), ())


def answering(seen: Reply | NoResponse, asked: list[Call] | None = None) -> Callable[[Call], Reply | NoResponse]:
    def ask(call: Call) -> Reply | NoResponse:
        if asked is not None:
            asked.append(call)
        return seen

    return ask


def test_the_audit_exception_type_cannot_be_assigned() -> None:
    """The seeds' note on flagTypeId: a row with another type, or none, stays."""
    plan = rule_out(flag_plan(2, None, 3), OPERATIONS, {"list_flag_edit": TYPES})
    assert [step.row.seq for step in plan.steps] == [0, 1, 2]


def test_the_audit_exception_type_cannot_be_assigned_broken() -> None:
    """A row with that type needs fixing, at its cell; the others stay."""
    plan = rule_out(flag_plan(1, 2), OPERATIONS, {"list_flag_edit": TYPES})
    assert [step.row.seq for step in plan.steps] == [1]
    (ruled,) = plan.decided
    assert (ruled.status, ruled.code, ruled.cell) == (Status.INVALID, "flag_type_id.audit_exception", "Flags!D2")


def test_a_group_that_is_ruled_out_whole_leaves_nothing_to_send() -> None:
    """The plan has no step left."""
    assert rule_out(flag_plan(1), OPERATIONS, {"list_flag_edit": TYPES}).steps == []


def test_one_question_is_asked_for_all_rows() -> None:
    """One read for an operation, however many rows; none for a plan without its rows."""
    asked: list[Call] = []
    reply = Reply(200, {}, json.dumps(TYPES).encode())
    answers, notes = look_up(flag_plan(1, 2, 3), OPERATIONS, answering(reply, asked))
    assert ([call.method for call in asked], answers, notes) == (["GET"], {"list_flag_edit": TYPES}, [])
    assert asked[0].path == "/api/v3/flag/flagType"  # the call has no pages: no parameter
    assert look_up(Plan((), ()), OPERATIONS, answering(reply, asked)) == ({}, [])
    assert len(asked) == 1


@pytest.mark.parametrize(
    "seen",
    [
        Reply(404, {}, b"{}"),
        Reply(200, {}, b"[" * 100_000),
        Reply(200, {}, b"<html>"),
        NoResponse(("ReadTimeout",), "", True),
    ],
)
def test_a_question_without_an_answer_rules_nothing_out(seen: Reply | NoResponse) -> None:
    """EnergyCAP checks for itself; the operator is told."""
    answers, notes = look_up(flag_plan(1), OPERATIONS, answering(seen))
    assert answers == {}
    assert len(notes) == 1
    assert len(rule_out(flag_plan(1), OPERATIONS, answers).steps) == 1


@pytest.mark.parametrize("answer", [None, {}, "x", [None], [{}], [{"flagTypeInfo": None, "flagTypeId": 1}]])
def test_an_answer_of_another_shape_rules_nothing_out(answer: Any) -> None:
    """Only the documented shape counts."""
    assert len(rule_out(flag_plan(1), OPERATIONS, {"list_flag_edit": answer}).steps) == 1
