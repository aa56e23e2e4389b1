"""Each rule of seeds/list-flag-edit.txt: a row that keeps it, and one that breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asking import Bulkops, fill, flag

from bulkops.model import Accepted, Reply
from bulkops.operations.list_flag_edit import OPERATION
from bulkops.practice.server import PracticeServer

from .conftest import Checker, found, warned

KEY = OPERATION.key
SEVEN = {"assignees", "comment", "costRecovery", "flagStatusId", "flagTypeId", "holdFromExport", "releaseExportHold"}


def row(**cells: Any) -> dict[str, Any]:
    return {"list_id": 2001, "flag_type_id": 2, **cells}


def body(checked: Checker, **cells: Any) -> dict[str, Any]:
    (only,) = checked(KEY, row(**cells))
    assert only.problems == ()
    return json.loads(OPERATION.call(only.values).encoded())


@pytest.mark.parametrize("typed", [2001, 2001.0, "2001", " 2001 "])
def test_list_id_is_int32(checked: Checker, typed: object) -> None:
    """listId goes into the path as plain digits."""
    (only,) = checked(KEY, row(list_id=typed))
    assert OPERATION.call(only.values).path == "/api/v3/list/2001/flagAction"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12,15", "id.separator"),
        (12.5, "id.shape"),
        (2**31, "id.range"),
        (-1, "id.range"),
        ("1_0", "id.shape"),
        ("\uff11\uff12", "cell.odd_character"),
        ("1234567890123456", "cell.too_many_digits"),
        (True, "id.shape"),
        ("7/../8", "id.shape"),
        ("#REF!", "cell.error_value"),
    ],
)
def test_list_id_is_int32_broken(checked: Checker, typed: object, code: str) -> None:
    """Anything else is refused at its cell."""
    assert found(checked(KEY, row(list_id=typed))) == [[2, "A2", code]]


def test_list_id_is_required_broken(checked: Checker) -> None:
    """A row without a list is refused."""
    assert found(checked(KEY, row(list_id=None))) == [[2, "A2", "value.required"]]


def test_all_seven_keys_are_sent(checked: Checker) -> None:
    """Every key is in every body: blanks as null, the two booleans as false."""
    sent = body(checked)
    assert set(sent) == SEVEN
    assert sent == {
        "assignees": None,
        "comment": None,
        "costRecovery": None,
        "flagStatusId": None,
        "flagTypeId": 2,
        "holdFromExport": False,
        "releaseExportHold": False,
    }


def test_all_seven_keys_are_sent_with_their_values(checked: Checker) -> None:
    """Every key carries what was typed."""
    assert body(
        checked,
        assignees="101;102",
        comment="ok",
        cost_recovery=12.15,
        flag_status="Resolved",
        release_export_hold="Yes",
    ) == {
        "assignees": [101, 102],
        "comment": "ok",
        "costRecovery": 12.15,
        "flagStatusId": 2,
        "flagTypeId": 2,
        "holdFromExport": False,
        "releaseExportHold": True,
    }


@pytest.mark.parametrize(
    "given", [{"flag_type_id": 2}, {"flag_status": 1}, {"cost_recovery": 0}, {"comment": "x"}, {"assignees": "none"}]
)
def test_at_least_one_of_five_is_given(checked: Checker, given: dict[str, Any]) -> None:
    """Each of the five is enough by itself; an amount of 0 and the word none are values."""
    assert found(checked(KEY, {"list_id": 2001, **given})) == []


@pytest.mark.parametrize("given", [{}, {"hold_from_export": "Yes"}, {"comment": "  "}, {"expected_bills": 5}])
def test_at_least_one_of_five_is_given_broken(checked: Checker, given: dict[str, Any]) -> None:
    """None of the five is refused, whatever else the row says."""
    assert found(checked(KEY, {"list_id": 2001, **given})) == [[2, "B2", "flag_edit.nothing"]]


@pytest.mark.parametrize(("typed", "sent"), [(1, 1), ("2", 2), ("unresolved", 1), ("RESOLVED", 2), (2.0, 2)])
def test_flag_status_is_1_or_2(checked: Checker, typed: object, sent: int) -> None:
    """1 is Unresolved, 2 is Resolved, by number or by word."""
    assert body(checked, flag_status=typed)["flagStatusId"] == sent


@pytest.mark.parametrize("typed", [0, 3, "closed", "1.5", "yes"])
def test_flag_status_is_1_or_2_broken(checked: Checker, typed: object) -> None:
    """Any other value is refused."""
    assert found(checked(KEY, row(flag_status=typed))) == [[2, "C2", "flag_status.choice"]]


def test_hold_and_release_are_booleans_not_both_true(checked: Checker) -> None:
    """One of the two may be true."""
    assert body(checked, hold_from_export="y", release_export_hold="n")["holdFromExport"] is True


def test_hold_and_release_are_booleans_not_both_true_broken(checked: Checker) -> None:
    """Both true is refused."""
    rows = checked(KEY, row(hold_from_export="Yes", release_export_hold=True))
    assert found(rows) == [[2, "H2", "flag_edit.hold_and_release"]]


@pytest.mark.parametrize("name", ["hold_from_export", "release_export_hold"])
def test_hold_and_release_are_booleans_broken(checked: Checker, name: str) -> None:
    """Neither yes nor no is refused."""
    assert [code for _, _, code in found(checked(KEY, row(**{name: "perhaps"})))] == ["yesno.shape"]


@pytest.mark.parametrize("status", [None, "Unresolved", 1])
def test_a_release_acts_when_resolving_the_flag_broken(checked: Checker, status: object) -> None:
    """Without Flag status = Resolved a warning says that it has no effect; the question does not count it."""
    rows = checked(KEY, row(flag_status=status, release_export_hold="Yes"))
    assert found(rows) == []
    assert warned(rows) == [[2, "H2", "release_export_hold.no_effect"]]
    assert not any("release" in effect for effect in OPERATION.effects(rows[0].values))


@pytest.mark.parametrize(
    "cells",
    [
        {"flag_status": "Resolved", "release_export_hold": "Yes"},
        {"release_export_hold": "No"},
        {"flag_status": "x", "release_export_hold": "Yes"},
        {"hold_from_export": "Yes", "release_export_hold": "Yes"},
    ],
)
def test_a_release_acts_when_resolving_the_flag(checked: Checker, cells: dict[str, Any]) -> None:
    """No warning where the flag is resolved, where No is typed, or where a mistake in the row is told of already."""
    assert warned(checked(KEY, row(**cells))) == []


def test_held_bills_stay_held_without_resolving(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """releaseExportHold: determines whether the bill will be released from export hold when resolving the bill flag."""
    hold = flag(2006, hold_from_export="Yes")
    assert bulkops("run", fill(tmp_path / "a.xlsx", flags=[hold]), "--json", "--yes").code == 0
    assert all(bill.held for bill in practice.state.bill_list("2006").bills)
    book = fill(tmp_path / "b.xlsx", flags=[flag(2006, release_export_hold="Yes")])
    asked = bulkops("run", book, typed="no").err
    assert "release" not in asked.replace("has no effect", "")
    (done,) = bulkops("run", book, "--json", "--yes").document["rows"]
    assert all(bill.held for bill in practice.state.bill_list("2006").bills)
    (warning,) = done["warnings"]
    assert "Flag edits!H2" in warning
    assert "no effect" in warning
    resolve = fill(tmp_path / "c.xlsx", flags=[flag(2006, flag_status="Resolved", release_export_hold="Yes")])
    assert "1 will release bills for export" in bulkops("run", resolve, typed="yes").err
    assert not any(bill.held for bill in practice.state.bill_list("2006").bills)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("101;102", [101, 102]), ("101, 102", [101, 102]), (101, [101]), ("none", []), ("None", []), (None, None)],
)
def test_assignees_are_integers(checked: Checker, typed: object, sent: object) -> None:
    """Ids separated by ; or , are a list; none is the empty list; a blank is null."""
    assert body(checked, assignees=typed)["assignees"] == sent


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("101;Smith", "ids.shape"),
        ("101;;102", "ids.shape"),
        (101.5, "id.shape"),
        ("101;101", "ids.twice"),
        ("all", "ids.shape"),
    ],
)
def test_assignees_are_integers_broken(checked: Checker, typed: object, code: str) -> None:
    """Names, gaps and an id named twice are refused."""
    assert found(checked(KEY, row(assignees=typed))) == [[2, "F2", code]]


@pytest.mark.parametrize(("typed", "sent"), [(150.25, 150.25), ("150.25", 150.25), (-3, -3.0), (0, 0.0), (1e-3, 0.001)])
def test_cost_recovery_is_a_double(checked: Checker, typed: object, sent: float) -> None:
    """An amount is sent as the number that is stored."""
    assert body(checked, cost_recovery=typed)["costRecovery"] == sent


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12,50", "amount.separator"),
        ("1e3", "amount.shape"),
        ("$5", "amount.shape"),
        ("1.234,50", "amount.separator"),
        ("nan", "amount.shape"),
        ("\u0661", "cell.odd_character"),
        (1e15, "cell.too_many_digits"),
        (False, "amount.shape"),
    ],
)
def test_cost_recovery_is_a_double_broken(checked: Checker, typed: object, code: str) -> None:
    """What can be read in two ways, or in none, is refused."""
    assert found(checked(KEY, row(cost_recovery=typed))) == [[2, "D2", code]]


def test_flag_type_id_is_int32(checked: Checker) -> None:
    """flagTypeId is sent as a number."""
    assert body(checked, flag_type_id="4")["flagTypeId"] == 4


def test_flag_type_id_is_int32_broken(checked: Checker) -> None:
    """A name is not an id."""
    assert found(checked(KEY, row(flag_type_id="Bill review"))) == [[2, "B2", "id.shape"]]


def test_comment_is_a_string(checked: Checker) -> None:
    """A comment is sent as typed; text that looks like a formula is text."""
    assert body(checked, comment="'=1+1 Zähler")["comment"] == "'=1+1 Zähler"


def test_comment_is_a_string_broken(checked: Checker) -> None:
    """A formula whose result is not stored is not a comment, and not a blank either."""
    assert found(checked(KEY, row(comment="=A1&B1"))) == [[2, "E2", "cell.no_result"]]


def test_the_answer_is_two_counts() -> None:
    """200 with selected and updated is done; updated below selected is normal."""
    assert OPERATION.accepted(reply(200, {"selected": 12, "updated": 3})) == Accepted(selected=12, updated=3)
    values = {"expected_bills": None}
    assert "already in that state" in OPERATION.done(values, Accepted(selected=12, updated=3))[0]


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, {}),
        (200, {"selected": 1}),
        (200, {"selected": -1, "updated": 0}),
        (200, {"selected": 2**31, "updated": 0}),
        (200, {"selected": "1", "updated": 1}),
        (200, {"selected": True, "updated": 1}),
        (200, {"selected": 1.0, "updated": 1}),
        (200, [1, 1]),
        (200, None),
        (202, {"selected": 1, "updated": 1}),
    ],
)
def test_the_answer_is_two_counts_broken(status: int, content: object) -> None:
    """Another status or shape is not taken for done."""
    assert OPERATION.accepted(reply(status, content)) is None


def reply(status: int, content: object) -> Reply:
    return Reply(status, {}, json.dumps(content).encode())
