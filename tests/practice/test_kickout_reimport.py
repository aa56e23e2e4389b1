"""Kickout reimport: what is refused, and how the import runs."""

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
    assert running["endDate"] is None
    assert (running["analyzingCount"], running["currentSuccessCount"]) == (0, 0)
    assert running["taskType"]["taskTypeCode"] == "BillImport"
    assert running["batch"] == {"batchId": 501, "batchCode": "JUL-2026"}
    clock.forward(1.99)
    assert task(api, answer)["status"] == "Running"
    assert api.batch("JUL-2026")["billCount"] == before
    clock.forward(0.01)
    done = task(api, answer)
    assert done["status"] == "Completed with kickouts"
    assert done["endDate"] > done["beginDate"]
    assert done["currentSuccessCount"] == 6
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
        (53, 400, "ReadingImport, not a bill import"),
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
    clock.forward(3)
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


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "batchSettings: Field required"),
        ({"batchSettings": None}, "batchSettings: Input should be"),
        ({"batchSettings": []}, "batchSettings: Input should be"),
        ({"batchSettings": {}}, "batchSettings.batchMode: Field required"),
        *(
            ({"batchSettings": {"batchMode": mode}}, "batchSettings.batchMode: Input should be 'use existing batch', ")
            for mode in (None, "New batch", "new batch ", ["new batch"], 1)
        ),
    ],
)
def test_batch_settings_must_name_one_of_five_modes(api: Api, body, words):
    """batchMode is required and spelled exactly as documented."""
    path = f"/api/v202401/import/bill/task/{guid(1)}/kickout"
    assert words in refusal(api.call("POST", path, json=body))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        *(("existingOpenBatchId", value, "valid integer") for value in (True, "501", 501.0, [502])),
        ("existingOpenBatchId", 2**31, "less than or equal to 2147483647"),
        ("pendingBatchId", -(2**31) - 1, "greater than or equal to -2147483648"),
        ("leaveExistingBatchesOpen", 1, "valid boolean"),
        ("leaveExistingBatchesOpen", "true", "valid boolean"),
        ("newBatchCode", 7, "valid string"),
        ("newBatchCode", "x" * 256, "at most 255"),
        ("newBatchCode", "\ud800", "unicode"),
    ],
)
@pytest.mark.parametrize("mode", ["use existing batch", "new batch", "smart batch"])
def test_batch_settings_are_typed(api: Api, mode, field, value, words):
    """Types, ranges and lengths are checked in every mode, also where the field then is ignored."""
    said = refusal(api.reimport(1, mode, **{field: value}))
    assert said.startswith(f"batchSettings.{field}: ")
    assert words in said
    assert api.server.state.applied == []


@pytest.mark.parametrize(
    ("field", "value"), [("comment", 1), ("importNote", ["x"]), ("saveAsResolved", "yes"), ("saveAsResolved", 0)]
)
def test_the_rest_of_the_body_is_typed(api: Api, field, value):
    """comment and importNote are text, saveAsResolved a boolean; the refusal names the field."""
    assert refusal(api.reimport(1, more={field: value})).startswith(f"{field}: Input should be a valid")


def test_null_means_absent(api: Api):
    """Every optional field may be null."""
    names = ("existingOpenBatchId", "leaveExistingBatchesOpen", "newBatchCode", "pendingBatchId")
    nulls = dict.fromkeys(("comment", "importNote", "saveAsResolved"))
    assert api.batch_of(api.reimport(1, **dict.fromkeys(names), more=nulls))["batchId"] == 501
