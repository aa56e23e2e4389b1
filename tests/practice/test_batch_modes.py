"""The five batch modes, and every branch of the smart one."""

from __future__ import annotations

import uuid

import pytest

from .support import MANAGER_KEY, Api, refusal


def open_batches(api: Api) -> list[str]:
    return [batch["batchCode"] for batch in api.get("/api/v3/batch").json() if batch["isOpen"]]


@pytest.fixture
def two_open(api: Api) -> Api:
    """The operator has a second open batch, 507 SECOND."""
    assert api.reimport(40, "new batch", newBatchCode="SECOND", leaveExistingBatchesOpen=True).status_code == 200
    return api


@pytest.fixture
def none_open(api: Api) -> Api:
    """The operator has no open batch; Morgan still has one."""
    api.server.state._batches.by_id[501].status = "closed"
    return api


# use existing batch


def test_existing_without_id_takes_the_only_open_batch(api: Api):
    """Without existingOpenBatchId the user's one open batch is used, and stays open."""
    batch = api.batch_of(api.reimport(1))
    assert (batch["batchId"], batch["isOpen"]) == (501, True)
    assert api.batch_of(api.reimport(2, key=MANAGER_KEY))["batchId"] == 504


def test_existing_without_id_fails_with_two_open(two_open: Api):
    """With more than one open batch the server cannot choose."""
    message = refusal(two_open.reimport(1))
    assert "'use existing batch'" in message
    assert "one open batch, not 2" in message


def test_existing_without_id_fails_with_none_open(none_open: Api):
    """Without an open batch there is none to use; other users' batches do not count."""
    assert "one open batch, not 0" in refusal(none_open.reimport(1))


def test_existing_with_id_takes_that_batch(two_open: Api):
    """existingOpenBatchId chooses among several open batches."""
    assert two_open.batch_of(two_open.reimport(1, existingOpenBatchId=501))["batchId"] == 501
    assert two_open.batch_of(two_open.reimport(2, existingOpenBatchId=507))["batchId"] == 507
    assert open_batches(two_open) == ["JUL-2026", "MGR-OPEN", "SECOND"]


@pytest.mark.parametrize(
    ("batch", "words"),
    [(503, "is closed, not open"), (502, "is pending, not open"), (999, "no batch 999"), (0, "no batch 0")],
)
def test_existing_with_id_must_be_open(api: Api, batch, words):
    """A batch that is closed, pending or unknown is refused, saying which."""
    assert words in refusal(api.reimport(1, existingOpenBatchId=batch))


def test_existing_batch_of_another_user_needs_manage(api: Api):
    """Another user's open batch takes the permission "Bills and Batches: Manage"."""
    message = refusal(api.reimport(1, existingOpenBatchId=504))
    assert "Morgan Manager" in message
    assert "Bills and Batches: Manage" in message
    assert api.batch_of(api.reimport(1, key=MANAGER_KEY, existingOpenBatchId=501))["batchId"] == 501


def test_existing_ignores_what_belongs_to_other_modes(api: Api):
    """newBatchCode, pendingBatchId and leaveExistingBatchesOpen have no effect in this mode."""
    answer = api.reimport(1, newBatchCode="X", pendingBatchId=502, leaveExistingBatchesOpen=False)
    assert api.batch_of(answer)["batchId"] == 501
    assert len(api.get("/api/v3/batch").json()) == 6


# new batch


@pytest.mark.parametrize("settings", [{}, {"leaveExistingBatchesOpen": False}, {"leaveExistingBatchesOpen": None}])
def test_new_batch_closes_the_users_open_batch(api: Api, settings):
    """Unless told otherwise the user's open batch is closed; another user's is not."""
    batch = api.batch_of(api.reimport(1, "new batch", newBatchCode="AUG-2026", **settings))
    assert (batch["batchCode"], batch["isOpen"], batch["createdBy"]["userId"]) == ("AUG-2026", True, 101)
    assert open_batches(api) == ["MGR-OPEN", "AUG-2026"]


def test_new_batch_may_leave_the_others_open(two_open: Api):
    """leaveExistingBatchesOpen leaves every batch as it is, however many are open."""
    two_open.batch_of(two_open.reimport(1, "new batch", newBatchCode="THIRD", leaveExistingBatchesOpen=True))
    assert open_batches(two_open) == ["JUL-2026", "MGR-OPEN", "SECOND", "THIRD"]


def test_new_batch_fails_with_two_open(two_open: Api):
    """With more than one open batch it fails, makes no batch and closes none."""
    assert "you have 2 open batches" in refusal(two_open.reimport(1, "new batch", newBatchCode="THIRD"))
    assert open_batches(two_open) == ["JUL-2026", "MGR-OPEN", "SECOND"]
    assert len(two_open.get("/api/v3/batch").json()) == 7


def test_new_batch_without_any_open(none_open: Api):
    """There need not be a batch to close."""
    none_open.batch_of(none_open.reimport(1, "new batch", newBatchCode="FIRST"))
    assert open_batches(none_open) == ["MGR-OPEN", "FIRST"]


@pytest.mark.parametrize("mode", ["new batch", "new self-contained batch"])
@pytest.mark.parametrize("settings", [{}, {"newBatchCode": None}, {"newBatchCode": ""}])
def test_a_code_is_made_up_if_none_is_given(api: Api, mode, settings):
    """newBatchCode is optional: two calls without one make two batches with different codes."""
    codes = {api.batch_of(api.reimport(number, mode, **settings))["batchCode"] for number in (1, 2)}
    assert len(codes) == 2
    assert all(codes)


@pytest.mark.parametrize("mode", ["new batch", "new self-contained batch"])
@pytest.mark.parametrize("code", ["JUN-2026", "PENDING-B", "MGR-OPEN"])
def test_a_code_that_exists_is_refused(api: Api, mode, code):
    """Batch codes are unique; the refusal names mode and code and closes nothing."""
    message = refusal(api.reimport(1, mode, newBatchCode=code))
    assert f"'{mode}'" in message
    assert code in message
    assert open_batches(api) == ["JUL-2026", "MGR-OPEN"]


def test_a_code_may_be_255_characters_long(api: Api):
    """255 characters are the longest code."""
    assert api.batch_of(api.reimport(1, "new batch", newBatchCode="é" * 255))["batchCode"] == "é" * 255


# new self-contained batch


def test_self_contained_ends_closed_and_leaves_the_others(two_open: Api, clock):
    """The new batch is closed with its bills in it, whatever else is open or asked to be closed."""
    answer = two_open.reimport(9, "new self-contained batch", newBatchCode="ONCE", leaveExistingBatchesOpen=False)
    assert two_open.batch_of(answer)["batchStatus"] == "closed"
    clock.forward(2)
    batch = two_open.batch("ONCE")
    assert (batch["batchStatus"], batch["isOpen"], batch["billCount"]) == ("closed", False, 6)
    assert open_batches(two_open) == ["JUL-2026", "MGR-OPEN", "SECOND"]


# use pending batch


@pytest.mark.parametrize("batch", [502, 506])
def test_pending_batch_is_used_and_stays_pending(api: Api, clock, batch):
    """The pending batch gets the bills and stays pending; the documents ask for no owner."""
    before = api.batch(batch)["billCount"]
    api.batch_of(api.reimport(9, "use pending batch", pendingBatchId=batch))
    clock.forward(2)
    assert (api.batch(batch)["batchStatus"], api.batch(batch)["billCount"]) == ("pending", before + 6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "pendingBatchId is required"),
        ({"pendingBatchId": None}, "pendingBatchId is required"),
        ({"existingOpenBatchId": 501}, "pendingBatchId is required"),
        ({"pendingBatchId": 501}, "is open, not pending"),
        ({"pendingBatchId": 503}, "is closed, not pending"),
        ({"pendingBatchId": 999}, "no batch 999"),
    ],
)
def test_pending_batch_must_be_named_and_pending(api: Api, settings, words):
    """pendingBatchId is required and must be a batch with that status."""
    message = refusal(api.reimport(1, "use pending batch", **settings))
    assert words in message
    assert "'use pending batch'" in message


# smart batch


@pytest.mark.parametrize("settings", [{}, {"newBatchCode": None}, {"newBatchCode": ""}])
def test_smart_needs_a_code(api: Api, settings):
    """newBatchCode is required for smart batch."""
    assert "newBatchCode is required" in refusal(api.reimport(1, "smart batch", **settings))


def test_smart_closed_code_makes_a_batch_with_a_guid_appended(api: Api):
    """A closed batch of that code: a new open batch whose code has a GUID appended; open batches stay open."""
    batch = api.batch_of(api.reimport(1, "smart batch", newBatchCode="MICRO-07"))
    code, _, appended = batch["batchCode"].partition("MICRO-07-")
    assert code == ""
    assert str(uuid.UUID(appended)) == appended
    assert batch["isOpen"]
    assert open_batches(api) == ["JUL-2026", "MGR-OPEN", batch["batchCode"]]
    assert api.batch("MICRO-07")["batchStatus"] == "closed"
    assert api.server.state.applied[-1].mode == "new batch"
    again = api.batch_of(api.reimport(2, "smart batch", newBatchCode="MICRO-07"))
    assert again["batchCode"] != batch["batchCode"]


def test_smart_own_open_code_uses_that_batch(two_open: Api):
    """An open batch of that code which is the user's own is used, even with several open."""
    assert two_open.batch_of(two_open.reimport(1, "smart batch", newBatchCode="JUL-2026"))["batchId"] == 501
    assert two_open.batch_of(two_open.reimport(1, "smart batch", newBatchCode="SECOND"))["batchId"] == 507
    assert two_open.server.state.applied[-1].mode == "use existing batch"
    assert open_batches(two_open) == ["JUL-2026", "MGR-OPEN", "SECOND"]


def test_smart_open_code_of_another_user_is_an_error_without_manage(api: Api):
    """Without "Bills and Batches: Manage" it is an error, whose text names the REWRITTEN mode."""
    message = refusal(api.reimport(1, "smart batch", newBatchCode="MGR-OPEN"))
    assert "'use existing batch'" in message
    assert "smart" not in message
    assert "Bills and Batches: Manage" in message
    assert api.server.state.applied == []


def test_smart_open_code_of_another_user_is_used_with_manage(api: Api):
    """With the permission another user's open batch is used."""
    assert api.batch_of(api.reimport(1, "smart batch", MANAGER_KEY, newBatchCode="JUL-2026"))["batchId"] == 501
    assert api.server.state.applied[-1].mode == "use existing batch"


@pytest.mark.parametrize(("code", "number"), [("PENDING-A", 502), ("PENDING-B", 506)])
def test_smart_pending_code_uses_that_batch(api: Api, code, number):
    """No open batch of that code but a pending one: the bills go there and it stays pending."""
    batch = api.batch_of(api.reimport(1, "smart batch", newBatchCode=code))
    assert (batch["batchId"], batch["batchStatus"]) == (number, "pending")
    assert api.server.state.applied[-1].mode == "use pending batch"


def test_smart_unknown_code_makes_a_batch_and_leaves_the_others_open(two_open: Api):
    """No batch of that code: it is created under exactly that code, even with several open, and none is closed."""
    settings = {"newBatchCode": "MICRO-08", "leaveExistingBatchesOpen": False}
    batch = two_open.batch_of(two_open.reimport(1, "smart batch", **settings))
    assert (batch["batchCode"], batch["isOpen"]) == ("MICRO-08", True)
    assert open_batches(two_open) == ["JUL-2026", "MGR-OPEN", "SECOND", "MICRO-08"]
    assert two_open.server.state.applied[-1].mode == "new batch"
    assert two_open.batch_of(two_open.reimport(2, "smart batch", newBatchCode="MICRO-08")) == batch
