"""The rules of a list flag edit that are bulkops' own; EnergyCAP's are in test_seed_list_flag_edit.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bulkops.model.requests import Accepted
from bulkops.operations.list_flag_edit import OPERATION

from .conftest import Checker, found

KEY = OPERATION.key
SEVEN = {"assignees", "comment", "costRecovery", "flagStatusId", "flagTypeId", "holdFromExport", "releaseExportHold"}


def row(**cells: Any) -> dict[str, Any]:
    return {"list_id": 2001, "flag_type_id": 2, **cells}


def body(checked: Checker, **cells: Any) -> dict[str, Any]:
    (only,) = checked(KEY, row(**cells))
    assert only.problems == ()
    return json.loads(OPERATION.call(only.values).encoded())


def test_the_order_in_which_assignees_are_typed_is_none_of_the_request(checked: Checker) -> None:
    """The same users are the same request, which must not be sent a second time."""
    assert body(checked, assignees="102, 101") == body(checked, assignees="101;102")


def test_an_unreadable_value_still_counts_as_given(checked: Checker) -> None:
    """One mistake, one sentence: a wrong amount is not also nothing."""
    assert found(checked(KEY, {"list_id": 2001, "cost_recovery": "12,50"})) == [[2, "D2", "amount.separator"]]


@pytest.mark.parametrize(("typed", "code"), [(-1, "id.range"), (2.5, "id.shape"), ("many", "id.shape")])
def test_expected_bills_is_a_count_broken(checked: Checker, typed: object, code: str) -> None:
    """A control total that is no number of bills is refused."""
    assert found(checked(KEY, row(expected_bills=typed))) == [[2, "I2", code]]


def test_expected_bills_is_compared_and_not_sent(checked: Checker) -> None:
    """The control total is not in the body, and a different number of bills is said."""
    (only,) = checked(KEY, row(expected_bills=0))
    assert set(OPERATION.call(only.values).body) == SEVEN
    assert "You expected 0 bills, the list held 3" in OPERATION.done(only.values, Accepted(selected=3, updated=1))[0]
    assert OPERATION.mismatch(only.values, Accepted(selected=3, updated=1)) == "expected_bills.mismatch"
    assert "expected" not in OPERATION.done(only.values, Accepted(selected=0, updated=0))[0]
    assert OPERATION.mismatch(only.values, Accepted(selected=0, updated=0)) == ""
    (silent,) = checked(KEY, row())
    assert OPERATION.mismatch(silent.values, Accepted(selected=3, updated=1)) == ""


def test_the_same_edit_of_a_list_stands_once_in_a_workbook(checked: Checker) -> None:
    """Another list, or another edit, passes."""
    assert found(checked(KEY, row(), row(list_id=2002), row(comment="x"))) == []


@pytest.mark.parametrize(
    "again", [{}, {"send_again": "BCDFGH"}, {"hold_from_export": "No"}, {"expected_bills": 4}, {"list_id": "2001"}]
)
def test_the_same_edit_of_a_list_stands_once_in_a_workbook_broken(checked: Checker, again: dict[str, Any]) -> None:
    """The same request is refused, also when it is typed in another way, and names the row it repeats."""
    rows = checked(KEY, row(), row(**again))
    assert found(rows) == [[3, "A3", "flag_edit.repeated"]]
    assert "Flag edits!A2" in rows[1].problems[0].message


def test_the_order_of_users_makes_no_other_edit_broken(checked: Checker) -> None:
    """101;102 and 102;101 are the same assignees, so the second row repeats the first."""
    rows = checked(KEY, row(assignees="101;102"), row(assignees="102;101"))
    assert found(rows) == [[3, "A3", "flag_edit.repeated"]]
    assert "Flag edits!A2" in rows[1].problems[0].message


def test_only_a_number_enters_the_url() -> None:
    """Values that were not checked cannot reach another endpoint."""
    with pytest.raises(TypeError, match="whole number"):
        OPERATION.call({"list_id": "7/../8", "assignees": None})
