"""The seeded customer: the sample sheets name these ids, so they are written out here once more."""

from __future__ import annotations

import pytest

from bulkops.practice import State
from bulkops.practice.bodies import BillKickoutImportRequest, FlagEdit

from .support import MANAGER_KEY, NO_EDIT, READER_KEY, Api, guid


@pytest.mark.parametrize(
    ("key", "user_id", "code", "name", "create", "manage_batches", "manage_flags"),
    [
        ("practice-key", 101, "operator", "Practice Operator", True, False, True),
        (MANAGER_KEY, 102, "manager", "Morgan Manager", True, True, True),
        (READER_KEY, 103, "reader", "Robin Reader", False, False, False),
    ],
)
def test_me_tells_whose_key_it_is_and_what_it_may(
    api: Api, key, user_id, code, name, create, manage_batches, manage_flags
):
    """GET /me names the key's owner, the environment Practice, and the permissions that the two writes need."""
    me = api.get("/api/v3/me", key).json()
    assert (me["systemUserId"], me["systemUserCode"], me["fullName"]) == (user_id, code, name)
    assert me["environment"] == "Practice"
    assert me["permissions"]["billsAndBatches"]["create"] is create
    assert me["permissions"]["billsAndBatches"]["manage"] is manage_batches
    assert me["permissions"]["flaggedItems"]["manage"] is manage_flags


def test_users(api: Api):
    """Four users; only Frankie Former is inactive."""
    users = api.get("/api/v3/user").json()
    assert [(user["userId"], user["userCode"], user["active"]) for user in users] == [
        (101, "operator", True),
        (102, "manager", True),
        (103, "reader", True),
        (104, "former", False),
    ]
    assert users[3]["fullName"] == "Frankie Former"
    assert users[0]["email"] == "operator@example.com"


def test_tasks(server):
    """Forty imports with 3 + n % 10 kickouts, one without, one running, one that is no bill import."""
    tasks = {task.guid: task for task in server.state.tasks()}
    assert len(tasks) == 43
    for number in range(1, 41):
        assert tasks[guid(number)].status == "Completed with kickouts"
        assert tasks[guid(number)].kickouts == 3 + number % 10
        assert tasks[guid(number)].success > 0
        assert tasks[guid(number)].message.endswith(f" {3 + number % 10} kickouts.")
    assert tasks[guid(51)].status == "Completed"
    assert (tasks[guid(52)].status, tasks[guid(52)].end) == ("Running", None)
    assert tasks[guid(53)].task_type.task_type_code == "ReadingImport"


def test_batches(api: Api):
    """Six batches: two open, two pending, two closed, of two users."""
    batches = api.get("/api/v3/batch").json()
    assert [
        (batch["batchId"], batch["batchCode"], batch["batchStatus"], batch["isOpen"], batch["createdBy"]["userId"])
        for batch in batches
    ] == [
        (501, "JUL-2026", "open", True, 101),
        (502, "PENDING-A", "pending", False, 101),
        (503, "JUN-2026", "closed", False, 101),
        (504, "MGR-OPEN", "open", True, 102),
        (505, "MICRO-07", "closed", False, 101),
        (506, "PENDING-B", "pending", False, 102),
    ]


def test_lists_and_how_many_bills_they_hold(api: Api):
    """Thirty bill lists of known length, and one list of records; Morgan's own is not shown."""
    lists = {found["listId"]: found for found in api.get("/api/v3/list").json()}
    assert set(lists) == {*range(2001, 2031), 2099}
    counts = {
        number: api.get(f"/api/v3/list/{number}/data", pageSize=1).json()["meta"]["TotalCount"] for number in lists
    }
    assert counts == {
        **{2001: 12, 2002: 40, 2003: 8, 2004: 25, 2005: 0, 2099: 0},
        **dict.fromkeys(range(2006, 2031), 5),
    }
    assert lists[2001]["listInfo"] == "July electric > 30 days"
    assert lists[2006]["listInfo"] == "Site 06"
    assert lists[2030]["listInfo"] == "Site 30"
    assert lists[2001]["listType"]["listTypeInfo"] == "Bill List"
    assert lists[2099]["listType"]["listTypeInfo"] == "Record List"


@pytest.mark.parametrize(
    ("list_id", "unresolved", "resolved", "unflagged"),
    [(2001, 0, 0, 12), (2002, 40, 0, 0), (2003, 0, 8, 0), (2004, 10, 10, 5), (2005, 0, 0, 0), (2006, 5, 0, 0)],
)
def test_the_flags_of_the_lists(api: Api, list_id, unresolved, resolved, unflagged):
    """Each list starts with its own mix of flags, and no bill is held."""
    rows = api.get(f"/api/v3/list/{list_id}/data").json()["data"]
    fields = [{field["name"]: field["value"] for field in row} for row in rows]
    states = [row["Flag Status"] for row in fields]
    assert [states.count("Unresolved"), states.count("Resolved"), states.count(None)] == [
        unresolved,
        resolved,
        unflagged,
    ]
    assert not any(row["Held From Export"] for row in fields)


def test_flag_types(api: Api):
    """The audit exception is the system's own type; three more can be assigned."""
    assert api.get("/api/v3/flag/flagType").json() == [
        {"flagTypeId": 1, "flagTypeInfo": "Audit Exception"},
        {"flagTypeId": 2, "flagTypeInfo": "Bill review"},
        {"flagTypeId": 3, "flagTypeInfo": "Cost recovery"},
        {"flagTypeId": 4, "flagTypeInfo": "Vendor query"},
    ]


def test_two_states_share_nothing():
    """What is done in one state is not seen in another, and no task of one is a task of the other."""
    body = BillKickoutImportRequest.model_validate({"batchSettings": {"batchMode": "use existing batch"}})
    first, second = State(), State()
    operator = first.users[101]
    made = first.reimport(operator, guid(1), body).guid
    assert second.applied == []
    assert second.reimport(operator, guid(1), body).guid != made
    first.edit_flags(operator, 2006, FlagEdit.model_validate(NO_EDIT | {"comment": "x"}))
    assert all(bill.flag.comments == () for bill in second.bill_list(2006).bills)
