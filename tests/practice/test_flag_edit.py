"""The list flag edit: body rules, and the whole table of how an edit acts on a bill."""

from __future__ import annotations

import pytest

from bulkops.practice.records import Bill, Flag

from .support import NO_EDIT, Api, refusal

UNFLAGGED, OPEN, DONE = 2001, 2006, 2003
STATE_OF = {UNFLAGGED: None, OPEN: 1, DONE: 2}


def bills(api: Api, list_id: int) -> list[Bill]:
    return api.server.state.bill_list(list_id).bills


def flags(api: Api, list_id: int) -> set[Flag | None]:
    return {bill.flag for bill in bills(api, list_id)}


def the_flag(api: Api, list_id: int) -> Flag:
    (flag,) = flags(api, list_id)
    assert flag is not None
    return flag


def held(api: Api, list_id: int) -> set[bool]:
    return {bill.held for bill in bills(api, list_id)}


def hold_all(api: Api, list_id: int) -> None:
    found = api.server.state.bill_list(list_id)
    found.bills = [bill.with_flag(bill.flag, held=True) for bill in found.bills]


def counts(answer) -> tuple[int, int]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert list(body) == ["selected", "updated"]
    return body["selected"], body["updated"]


# A bill that is not flagged


@pytest.mark.parametrize("status", [None, 1, 2])
def test_unflagged_ends_unresolved_whatever_status_was_sent(api: Api, status):
    """A bill without a flag gets one of the type given, unresolved, even when status 2 was sent."""
    assert counts(api.flag(UNFLAGGED, flagTypeId=3, flagStatusId=status)) == (12, 12)
    assert the_flag(api, UNFLAGGED) == Flag(1, 3)
    assert held(api, UNFLAGGED) == {False}


def test_unflagged_takes_all_values(api: Api):
    """Cost, comment and assignees are applied to the new flag."""
    api.flag(UNFLAGGED, flagTypeId=2, costRecovery=12.5, comment="Seen", assignees=[103, 101])
    assert the_flag(api, UNFLAGGED) == Flag(1, 2, 12.5, (101, 103), ("Seen",))


def test_unflagged_hold(api: Api):
    """holdFromExport holds the bill."""
    api.flag(UNFLAGGED, flagTypeId=2, holdFromExport=True)
    assert held(api, UNFLAGGED) == {True}


@pytest.mark.parametrize("status", [None, 2])
def test_unflagged_release_does_nothing(api: Api, status):
    """releaseExportHold does not release a newly flagged bill."""
    hold_all(api, UNFLAGGED)
    api.flag(UNFLAGGED, flagTypeId=2, flagStatusId=status, releaseExportHold=True)
    assert held(api, UNFLAGGED) == {True}


@pytest.mark.parametrize("list_id", [UNFLAGGED, DONE])
@pytest.mark.parametrize(
    "edit",
    [
        {"flagStatusId": 1},
        {"flagStatusId": 2},
        {"costRecovery": 1.0},
        {"assignees": [101]},
        {"assignees": []},
        {"comment": "x"},
        {"flagStatusId": 2, "costRecovery": 1.0, "assignees": [101], "comment": "x"},
    ],
)
def test_unflagged_and_resolved_need_a_flag_type(api: Api, list_id, edit):
    """Without flagTypeId it is an error, for all bills of the list, and the refusal says how many need it."""
    before = bills(api, list_id)
    message = refusal(api.flag(list_id, **edit))
    assert f"{len(before)} of {len(before)} bills" in message
    assert "flagTypeId" in message
    assert bills(api, list_id) == before
    assert api.server.state.applied == []


# A flagged, unresolved bill


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        ({"flagTypeId": 2}, Flag(1, 2)),
        ({"costRecovery": -3}, Flag(1, 4, -3.0)),
        ({"costRecovery": 0}, Flag(1, 4, 0.0)),
        ({"assignees": [102]}, Flag(1, 4, None, (102,))),
        ({"comment": "Called"}, Flag(1, 4, None, (), ("Called",))),
        ({"flagStatusId": 2}, Flag(2, 4)),
        ({"flagTypeId": 3, "flagStatusId": 2, "costRecovery": 1.5, "assignees": [101], "comment": "c"},
         Flag(2, 3, 1.5, (101,), ("c",))),
    ],
)  # fmt: skip
def test_unresolved_takes_any_value(api: Api, edit, after):
    """Each value alone is applied and leaves the rest; status 2 resolves."""
    assert counts(api.flag(OPEN, **edit)) == (5, 5)
    assert the_flag(api, OPEN) == after
    assert held(api, OPEN) == {False}


@pytest.mark.parametrize("edit", [{"comment": "x"}, {"flagStatusId": 1}, {"flagStatusId": 2}])
def test_unresolved_hold(api: Api, edit):
    """holdFromExport holds a bill whose flag is unresolved before the edit."""
    api.flag(OPEN, holdFromExport=True, **edit)
    assert held(api, OPEN) == {True}


def test_unresolved_resolve_and_release(api: Api):
    """Status 2 with releaseExportHold resolves and releases."""
    hold_all(api, OPEN)
    api.flag(OPEN, flagStatusId=2, releaseExportHold=True)
    assert the_flag(api, OPEN).status == 2
    assert held(api, OPEN) == {False}


def test_unresolved_resolve_without_release_keeps_the_hold(api: Api):
    """Resolving alone does not release."""
    hold_all(api, OPEN)
    api.flag(OPEN, flagStatusId=2)
    assert held(api, OPEN) == {True}


@pytest.mark.parametrize("status", [None, 1])
def test_unresolved_release_without_resolving_does_nothing(api: Api, status):
    """releaseExportHold acts only when the flag is resolved."""
    hold_all(api, OPEN)
    api.flag(OPEN, flagStatusId=status, comment="x", releaseExportHold=True)
    assert held(api, OPEN) == {True}


def test_empty_assignees_take_everyone_off(api: Api):
    """[] is a value: nobody is assigned any more; null leaves the assignees."""
    api.flag(OPEN, assignees=[101, 102])
    api.flag(OPEN, flagTypeId=2)
    assert the_flag(api, OPEN).assignees == (101, 102)
    assert counts(api.flag(OPEN, assignees=[])) == (5, 5)
    assert the_flag(api, OPEN).assignees == ()


# A flagged, resolved bill


def test_resolved_takes_values_with_a_flag_type(api: Api):
    """With flagTypeId a resolved flag takes all values; without status it stays resolved."""
    answer = api.flag(DONE, flagTypeId=3, costRecovery=2.5, assignees=[101], comment="c", holdFromExport=True)
    assert counts(answer) == (8, 8)
    assert the_flag(api, DONE) == Flag(2, 3, 2.5, (101,), ("c",))
    assert held(api, DONE) == {False}


@pytest.mark.parametrize("hold", [False, True])
def test_resolved_is_reopened_by_status_1(api: Api, hold):
    """flagTypeId with status 1 re-opens, and holdFromExport then holds."""
    api.flag(DONE, flagTypeId=2, flagStatusId=1, holdFromExport=hold)
    assert the_flag(api, DONE) == Flag(1, 2)
    assert held(api, DONE) == {hold}


@pytest.mark.parametrize("hold", [False, True])
def test_resolved_stays_resolved_with_status_2(api: Api, hold):
    """flagTypeId with status 2 leaves it resolved; holdFromExport does not hold a resolved bill."""
    api.flag(DONE, flagTypeId=3, flagStatusId=2, holdFromExport=hold)
    assert the_flag(api, DONE) == Flag(2, 3)
    assert held(api, DONE) == {False}


@pytest.mark.parametrize(("status", "after"), [(1, True), (2, False), (None, True)])
def test_resolved_release(api: Api, status, after):
    """releaseExportHold releases with status 2 only."""
    hold_all(api, DONE)
    api.flag(DONE, flagTypeId=2, flagStatusId=status, releaseExportHold=True)
    assert held(api, DONE) == {after}


# Counts


def test_bills_already_in_that_state_are_not_counted(api: Api):
    """updated counts changed bills: the same edit again changes none, and that is no failure."""
    assert counts(api.flag(OPEN, flagStatusId=2, flagTypeId=4, costRecovery=1, assignees=[102, 101])) == (5, 5)
    assert counts(api.flag(OPEN, flagStatusId=2, flagTypeId=4, costRecovery=1.0, assignees=[101, 102, 101])) == (5, 0)


def test_a_new_hold_counts_as_a_change(api: Api):
    """A bill whose flag stays but whose hold changes is updated."""
    assert counts(api.flag(OPEN, flagStatusId=1, holdFromExport=True)) == (5, 5)
    assert counts(api.flag(OPEN, flagStatusId=1, holdFromExport=True)) == (5, 0)


def test_a_comment_always_counts_as_a_change(api: Api):
    """A comment is an event, so the same comment again updates every bill again."""
    assert counts(api.flag(OPEN, comment="x")) == (5, 5)
    assert counts(api.flag(OPEN, comment="x")) == (5, 5)
    assert the_flag(api, OPEN).comments == ("x", "x")


def test_a_mixed_list_counts_only_what_changed(api: Api):
    """10 unresolved, 10 resolved, 5 unflagged: type 2 and status 2 change the 10 and the 5, which end unresolved."""
    assert counts(api.flag(2004, flagTypeId=2, flagStatusId=2)) == (25, 15)
    states = [bill.flag.status for bill in bills(api, 2004)]
    assert (states.count(1), states.count(2)) == (5, 20)


def test_a_mixed_list_is_changed_wholly_or_not_at_all(api: Api):
    """When some bills need flagTypeId, nothing is changed and the refusal counts them."""
    before = bills(api, 2004)
    assert "15 of 25 bills in list 2004 need flagTypeId" in refusal(api.flag(2004, flagStatusId=2))
    assert bills(api, 2004) == before


def test_an_empty_list_is_no_error(api: Api):
    """No bills: nothing selected, nothing updated."""
    assert counts(api.flag(2005, comment="x")) == (0, 0)


def test_what_was_applied_is_recorded(api: Api):
    """Kind, target, user, body and counts of an edit that was carried out."""
    api.flag(2007, comment="x", holdFromExport=True, surplus=1)
    (done,) = api.server.state.applied
    assert (done.kind, done.target, done.user.user_code) == ("list_flag_edit", "2007", "operator")
    assert (done.selected, done.updated, done.new_task) == (5, 5, None)
    assert done.body == NO_EDIT | {"comment": "x", "holdFromExport": True, "surplus": 1}


# What is refused


@pytest.mark.parametrize("key", ["holdFromExport", "releaseExportHold"])
def test_the_two_booleans_must_be_sent(api: Api, key):
    """They may be neither null nor absent."""
    body = NO_EDIT | {"comment": "x"}
    del body[key]
    assert refusal(api.call("PUT", f"/api/v3/list/{OPEN}/flagAction", json=body)) == f"{key}: Field required."


INTEGER, BOOLEAN, NUMBER, TEXT, LIST = (f"valid {kind}" for kind in ("integer", "boolean", "number", "string", "list"))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"holdFromExport": True, "releaseExportHold": True, "comment": "x"}, "cannot both be true"),
        ({}, "At least one of"),
        ({"holdFromExport": True}, "At least one of"),
        ({"holdFromExport": None, "comment": "x"}, f"holdFromExport: Input should be a {BOOLEAN}"),
        ({"releaseExportHold": None, "comment": "x"}, f"releaseExportHold: Input should be a {BOOLEAN}"),
        ({"holdFromExport": 1, "comment": "x"}, f"holdFromExport: Input should be a {BOOLEAN}"),
        ({"releaseExportHold": "false", "comment": "x"}, f"releaseExportHold: Input should be a {BOOLEAN}"),
        ({"flagStatusId": 0}, "flagStatusId: Input should be greater than or equal to 1"),
        ({"flagStatusId": 3}, "flagStatusId: Input should be less than or equal to 2"),
        ({"flagStatusId": "1"}, f"flagStatusId: Input should be a {INTEGER}"),
        ({"flagStatusId": True}, f"flagStatusId: Input should be a {INTEGER}"),
        ({"flagTypeId": 1}, "Audit Exception"),
        ({"flagTypeId": 5}, "flagTypeId 5 is no flag type"),
        ({"flagTypeId": True}, f"flagTypeId: Input should be a {INTEGER}"),
        ({"flagTypeId": 2.0}, f"flagTypeId: Input should be a {INTEGER}"),
        ({"flagTypeId": 2**31}, "flagTypeId: Input should be less than or equal to 2147483647"),
        ({"costRecovery": "12.5"}, f"costRecovery: Input should be a {NUMBER}"),
        ({"costRecovery": True}, f"costRecovery: Input should be a {NUMBER}"),
        ({"costRecovery": 10**400}, f"costRecovery: Input should be a {NUMBER}"),
        ({"comment": 5}, f"comment: Input should be a {TEXT}"),
        (
            {"comment": "\udfff"},
            "comment: Input should be a valid string, unable to parse raw data as a unicode string",
        ),
        ({"assignees": 101}, f"assignees: Input should be a {LIST}"),
        ({"assignees": "101"}, f"assignees: Input should be a {LIST}"),
        ({"assignees": [None]}, f"assignees.0: Input should be a {INTEGER}"),
        ({"assignees": ["101"]}, f"assignees.0: Input should be a {INTEGER}"),
        ({"assignees": [True]}, f"assignees.0: Input should be a {INTEGER}"),
        ({"assignees": [101, 2**31]}, "assignees.1: Input should be less than or equal to 2147483647"),
        ({"assignees": [101, 105]}, "105 is no user here"),
        ({"assignees": [104]}, "104 is inactive"),
    ],
)
@pytest.mark.parametrize("list_id", [OPEN, 2005])
def test_what_a_flag_edit_may_not_be(api: Api, list_id, edit, words):
    """Each broken rule is 400 with a sentence naming the field, whatever the list holds."""
    assert words in refusal(api.flag(list_id, **edit))
    assert api.server.state.applied == []


def test_costs_beyond_a_double_are_refused(api: Api):
    """1e999 is JSON but no number a double can hold."""
    body = b'{"assignees":null,"comment":null,"costRecovery":1e999,"flagStatusId":null,"flagTypeId":null,'
    body += b'"holdFromExport":false,"releaseExportHold":false}'
    assert "costRecovery: Input should be a finite number" in refusal(
        api.call("PUT", f"/api/v3/list/{OPEN}/flagAction", data=body)
    )


def test_the_list_must_exist_and_hold_bills(api: Api):
    """An unknown list is 404; a list of accounts is 400."""
    assert "There is no list 9999" in refusal(api.flag(9999, comment="x"), 404)
    assert "not a bill list" in refusal(api.flag(2099, comment="x"))
