"""Kickout reimport: what is refused, and how the import runs (api-contract, section 1)."""

from __future__ import annotations

import uuid

import pytest

from .support import Api, guid, refusal


def task(api: Api, answer) -> dict:
    assert answer.status_code == 200, answer.text
    return api.get(f"/api/v3/task/{answer.json()['taskGUId']}").json()


def test_the_answer_is_a_new_task(api: Api):
    """200 with the GUID of a new task, spelled taskGUId, in lower case."""
    answer = api.reimport(1)
    assert list(answer.json()) == ["taskGUId"]
    new = answer.json()["taskGUId"]
    assert str(uuid.UUID(new)) == new
    assert new != guid(1)


def test_the_import_runs_until_the_clock_says_so(api: Api, clock):
    """200 only means accepted: the new task is Running without endDate for import_seconds, then it is finished."""
    before = api.batch("JUL-2026")["billCount"]
    answer = api.reimport(9)  # 12 kickouts
    running = task(api, answer)
    assert running["status"] == "Running"
    assert "endDate" not in running
    assert (running["analyzingCount"], running["currentSuccessCount"]) == (12, 0)
    assert running["taskType"]["taskTypeCode"] == "BillImport"
    assert running["batch"] == {"batchId": 501, "batchCode": "JUL-2026"}
    clock.forward(1.99)
    assert task(api, answer)["status"] == "Running"
    assert api.batch("JUL-2026")["billCount"] == before
    clock.forward(0.01)
    done = task(api, answer)
    assert done["status"] == "Completed with kickouts"
    assert done["endDate"] > done["beginDate"]
    assert (done["analyzingCount"], done["currentSuccessCount"]) == (0, 6)
    assert api.batch("JUL-2026")["billCount"] == before + 6
    assert api.server.state.bills_imported(guid(9)) == 6


def test_kickouts_halve_until_none_are_left(api: Api, clock):
    """A reimport leaves half the kickouts, rounded down; its task can be reimported in turn, until it is Completed."""
    source, left = guid(10), []  # 3 kickouts
    for status in ("Completed with kickouts", "Completed"):
        answer = api.reimport(source)
        clock.forward(2)
        source = answer.json()["taskGUId"]
        assert task(api, answer)["status"] == status
        left.append(api.server.state.task(source).kickouts)
    assert left == [1, 0]
    assert "'Completed'" in refusal(api.reimport(source))


def test_a_running_reimport_cannot_be_reimported(api: Api):
    """The new task must be finished first."""
    new = api.reimport(1).json()["taskGUId"]
    assert "'Running'" in refusal(api.reimport(new))


def test_a_second_reimport_of_the_same_task_imports_the_bills_twice(api: Api, clock):
    """It is not refused, because nobody knows that EnergyCAP would: the state counts what it did."""
    first, second = api.reimport(9), api.reimport(9)
    assert first.json() != second.json()
    clock.forward(2)
    state = api.server.state
    assert state.times_reimported(guid(9)) == 2
    assert state.bills_imported(guid(9)) == 12
    assert state.times_reimported(guid(8)) == 0
    assert [done.new_task for done in state.applied] == [first.json()["taskGUId"], second.json()["taskGUId"]]


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (99, 404, "no task"),
        (51, 400, "'Completed'"),
        (52, 400, "'Running'"),
        (53, 400, "MeterImport, not a bill import"),
    ],
)
def test_only_bill_imports_with_kickouts(api: Api, number, status, words):
    """The task must be a bill import whose status tells of kickouts; the refusal says what it is instead."""
    assert words in refusal(api.reimport(number), status)
    assert api.server.state.applied == []


def test_save_as_resolved_leaves_no_unresolved_flags(api: Api, clock):
    """saveAsResolved marks failed audits resolved; without it some flags stay unresolved."""
    kept = api.reimport(9, more={"saveAsResolved": False})
    resolved = api.reimport(19, more={"saveAsResolved": True, "comment": "Rates checked"})
    clock.forward(2)
    assert task(api, kept)["unresolvedFlagCount"] == 3
    assert task(api, resolved)["unresolvedFlagCount"] == 0


def test_the_import_note_is_shown(api: Api):
    """importNote becomes the task's note; without one it is null."""
    assert task(api, api.reimport(1, more={"importNote": "Row 7"}))["taskNote"] == "Row 7"
    assert task(api, api.reimport(2))["taskNote"] is None


def test_what_was_applied_is_recorded(api: Api):
    """Kind, target, user, body and new task of a write that was carried out; nothing of one that was refused."""
    api.reimport(4, "smart batch")
    answer = api.reimport(3, "new batch", newBatchCode="AUG-2026", extra=1, more={"comment": "c", "surplus": 2})
    (done,) = api.server.state.applied
    assert (done.kind, done.target, done.user.user_code) == ("kickout_reimport", guid(3), "operator")
    assert done.new_task == answer.json()["taskGUId"]
    assert (done.mode, done.batch_id) == ("new batch", 507)
    assert done.body == {
        "batchSettings": {"batchMode": "new batch", "newBatchCode": "AUG-2026", "extra": 1},
        "comment": "c",
        "surplus": 2,
    }


def test_new_tasks_come_last_in_the_list(api: Api):
    """GET /task shows new imports after the seeded ones, in the order they were accepted."""
    new = [api.reimport(number).json()["taskGUId"] for number in (5, 6)]
    assert [found["taskGUId"] for found in api.get("/api/v3/task").json()][-2:] == new


BAD_BODIES = [
    ({}, "batchSettings is required"),
    ({"batchSettings": None}, "batchSettings is required"),
    ({"batchSettings": []}, "batchSettings must be a JSON object"),
    ({"batchSettings": {}}, "batchMode is required"),
    ({"batchSettings": {"batchMode": None}}, "batchMode is required"),
    ({"batchSettings": {"batchMode": "New batch"}}, "batchMode must be one of"),
    ({"batchSettings": {"batchMode": "new batch "}}, "batchMode must be one of"),
    ({"batchSettings": {"batchMode": ["new batch"]}}, "batchMode must be one of"),
    ({"batchSettings": {"batchMode": 1}}, "batchMode must be one of"),
]


@pytest.mark.parametrize(("body", "words"), BAD_BODIES)
def test_batch_settings_must_name_one_of_five_modes(api: Api, body, words):
    """batchMode is required and spelled exactly as documented."""
    path = f"/api/v202401/import/bill/task/{guid(1)}/kickout"
    assert words in refusal(api.call("POST", path, json=body))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("existingOpenBatchId", True, "existingOpenBatchId must be a whole number, not a boolean"),
        ("existingOpenBatchId", "501", "existingOpenBatchId must be a whole number, not text"),
        ("existingOpenBatchId", 501.0, "existingOpenBatchId must be a whole number, not a decimal"),
        ("existingOpenBatchId", 2**31, "existingOpenBatchId must fit 32 bits"),
        ("pendingBatchId", -(2**31) - 1, "pendingBatchId must fit 32 bits"),
        ("pendingBatchId", [502], "pendingBatchId must be a whole number, not a list"),
        ("leaveExistingBatchesOpen", 1, "leaveExistingBatchesOpen must be true or false"),
        ("leaveExistingBatchesOpen", "true", "leaveExistingBatchesOpen must be true or false"),
        ("newBatchCode", 7, "newBatchCode must be text"),
        ("newBatchCode", "x" * 256, "newBatchCode must be 0 to 255 characters long, not 256"),
        ("newBatchCode", "\ud800", "newBatchCode holds half a character"),
    ],
)
@pytest.mark.parametrize("mode", ["use existing batch", "new batch", "smart batch"])
def test_batch_settings_are_typed(api: Api, mode, field, value, words):
    """Types, ranges and lengths are checked in every mode, also where the field then is ignored."""
    assert f"batchSettings.{words}" in refusal(api.reimport(1, mode, **{field: value}))
    assert api.server.state.applied == []


@pytest.mark.parametrize(
    ("field", "value"), [("comment", 1), ("importNote", ["x"]), ("saveAsResolved", "yes"), ("saveAsResolved", 0)]
)
def test_the_rest_of_the_body_is_typed(api: Api, field, value):
    """comment and importNote are text, saveAsResolved a boolean; the refusal names the field."""
    assert refusal(api.reimport(1, more={field: value})).startswith(f"{field} must be")


def test_null_means_absent(api: Api):
    """Every optional field may be null."""
    names = ("existingOpenBatchId", "leaveExistingBatchesOpen", "newBatchCode", "pendingBatchId")
    nulls = dict.fromkeys(("comment", "importNote", "saveAsResolved"))
    assert api.batch_of(api.reimport(1, **dict.fromkeys(names), more=nulls))["batchId"] == 501
