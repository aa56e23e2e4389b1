"""Each rule of seeds/kickout-reimport.txt: a row that keeps it, and one that breaks it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from bulkops.model import Accepted, Reply
from bulkops.operations.kickout_reimport import MODES, OPERATION

from .conftest import Checker, found, warned

KEY = OPERATION.key
GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"
OTHER = "7d9e4c10-5b3a-4f6e-9c21-000000000002"


def row(**cells: Any) -> dict[str, Any]:
    return {"task_guid": GUID, "batch_mode": "new self-contained batch", **cells}


def body(checked: Checker, **cells: Any) -> dict[str, Any]:
    (only,) = checked(KEY, row(**cells))
    assert only.problems == ()
    return json.loads(OPERATION.call(only.values).encoded())


def test_task_guid_is_a_uuid(checked: Checker) -> None:
    """taskGuid is a uuid; it is sent lower-case and canonical, whatever the braces, case and blanks around it."""
    for typed in (GUID, GUID.upper(), f"{{{GUID}}}", f"  {GUID} "):
        (only,) = checked(KEY, row(task_guid=typed))
        assert OPERATION.call(only.values).path == f"/api/v202401/import/bill/task/{GUID}/kickout"


@pytest.mark.parametrize(
    "typed",
    [
        "7d9e4c10",
        GUID[:-1],
        GUID.replace("-", ""),
        "x" + GUID[1:],
        12,
        True,
        f"{GUID}/../../list/7",
        "urn:uuid:" + GUID,
    ],
)
def test_task_guid_is_a_uuid_broken(checked: Checker, typed: object) -> None:
    """Anything but a whole GUID is refused at its cell."""
    assert found(checked(KEY, row(task_guid=typed))) == [[2, "A2", "guid.shape"]]


def test_task_guid_is_required_broken(checked: Checker) -> None:
    """A row without a task GUID is refused."""
    assert found(checked(KEY, row(task_guid=None))) == [[2, "A2", "value.required"]]


@pytest.mark.parametrize("mode", MODES)
def test_batch_mode_is_one_of_five(checked: Checker, mode: str) -> None:
    """Each of the five modes passes and is sent as the document spells it, however it was typed."""
    needs = {"new_batch_code": "C"} if mode == "smart batch" else {"pending_batch_id": 7} if "pending" in mode else {}
    for typed in (mode, mode.upper(), f" {mode.replace(' ', '  ')} "):
        assert body(checked, batch_mode=typed, **needs)["batchSettings"]["batchMode"] == mode


@pytest.mark.parametrize("typed", ["new", "new batches", "smart", 1, "new\u2010batch", "use existing batch."])
def test_batch_mode_is_one_of_five_broken(checked: Checker, typed: object) -> None:
    """Any other word is refused."""
    assert found(checked(KEY, row(batch_mode=typed))) == [[2, "B2", "batch_mode.choice"]]


def test_batch_mode_is_required_broken(checked: Checker) -> None:
    """A row without a batch mode is refused."""
    assert found(checked(KEY, row(batch_mode=None))) == [[2, "B2", "value.required"]]


def test_existing_open_batch_id_is_optional_for_use_existing_batch(checked: Checker) -> None:
    """existingOpenBatchId is sent if given, and left out if not."""
    assert body(checked, batch_mode="use existing batch", existing_open_batch_id=501)["batchSettings"] == {
        "batchMode": "use existing batch",
        "existingOpenBatchId": 501,
    }
    assert body(checked, batch_mode="use existing batch")["batchSettings"] == {"batchMode": "use existing batch"}


@pytest.mark.parametrize("mode", ["new batch", "new self-contained batch", "use pending batch", "smart batch"])
def test_existing_open_batch_id_only_applies_to_use_existing_batch_broken(checked: Checker, mode: str) -> None:
    """With another mode it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, existing_open_batch_id=501, new_batch_code="C", pending_batch_id=7))
    assert [2, "C2", "existing_open_batch_id.unused"] in warned(rows)
    assert "existingOpenBatchId" not in OPERATION.call(rows[0].values).body["batchSettings"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [(12.5, "id.shape"), (2**31, "id.range"), (0, "id.range"), ("12,15", "id.separator"), ("1e3", "id.shape")],
)
def test_existing_open_batch_id_is_int32_broken(checked: Checker, typed: object, code: str) -> None:
    """An id that is no int32 is refused."""
    rows = checked(KEY, row(batch_mode="use existing batch", existing_open_batch_id=typed))
    assert found(rows) == [[2, "C2", code]]


@pytest.mark.parametrize(("typed", "sent"), [("Yes", True), ("no", False), (True, True), (0, False)])
def test_leave_existing_batches_open_is_a_boolean_for_new_batch(checked: Checker, typed: object, sent: bool) -> None:
    """leaveExistingBatchesOpen is sent for new batch, true or false as typed."""
    settings = body(checked, batch_mode="new batch", leave_open=typed)["batchSettings"]
    assert settings == {"batchMode": "new batch", "leaveExistingBatchesOpen": sent}


def test_leave_existing_batches_open_is_a_boolean_broken(checked: Checker) -> None:
    """Neither yes nor no is refused."""
    assert found(checked(KEY, row(batch_mode="new batch", leave_open="maybe"))) == [[2, "D2", "yesno.shape"]]


@pytest.mark.parametrize("mode", ["use existing batch", "new self-contained batch", "use pending batch", "smart batch"])
def test_leave_existing_batches_open_only_applies_to_new_batch_broken(checked: Checker, mode: str) -> None:
    """With another mode it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, leave_open="Yes", new_batch_code="C", pending_batch_id=7))
    assert [2, "D2", "leave_open.unused"] in warned(rows)
    assert "leaveExistingBatchesOpen" not in OPERATION.call(rows[0].values).body["batchSettings"]


def test_new_batch_code_is_required_for_smart_batch(checked: Checker) -> None:
    """A smart batch with a code passes, and the code is sent as typed: 00102 keeps its zeros."""
    assert body(checked, batch_mode="smart batch", new_batch_code="00102")["batchSettings"] == {
        "batchMode": "smart batch",
        "newBatchCode": "00102",
    }


@pytest.mark.parametrize("typed", [None, "", "   "])
def test_new_batch_code_is_required_for_smart_batch_broken(checked: Checker, typed: object) -> None:
    """A smart batch without a code is refused at the blank cell."""
    assert found(checked(KEY, row(batch_mode="smart batch", new_batch_code=typed))) == [
        [2, "E2", "new_batch_code.required"]
    ]


@pytest.mark.parametrize("mode", ["new batch", "new self-contained batch"])
def test_new_batch_code_is_optional_for_the_two_new_modes(checked: Checker, mode: str) -> None:
    """Given it is sent; absent it is left out."""
    assert body(checked, batch_mode=mode, new_batch_code="AUG")["batchSettings"]["newBatchCode"] == "AUG"
    assert "newBatchCode" not in body(checked, batch_mode=mode)["batchSettings"]


@pytest.mark.parametrize("mode", ["use existing batch", "use pending batch"])
def test_new_batch_code_is_ignored_for_other_modes_broken(checked: Checker, mode: str) -> None:
    """With a mode that ignores it, it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, new_batch_code="AUG", pending_batch_id=7))
    assert [2, "E2", "new_batch_code.unused"] in warned(rows)
    assert "newBatchCode" not in OPERATION.call(rows[0].values).body["batchSettings"]


def test_new_batch_code_has_at_most_255_characters(checked: Checker) -> None:
    """255 characters pass."""
    assert (
        len(body(checked, batch_mode="smart batch", new_batch_code="x" * 255)["batchSettings"]["newBatchCode"]) == 255
    )


@pytest.mark.parametrize("typed", ["x" * 256, "\U0001f600" * 128])
def test_new_batch_code_has_at_most_255_characters_broken(checked: Checker, typed: str) -> None:
    """256 are refused, counted as the server counts: an emoji is two."""
    assert found(checked(KEY, row(new_batch_code=typed))) == [[2, "E2", "new_batch_code.length"]]


def test_pending_batch_id_is_required_for_use_pending_batch(checked: Checker) -> None:
    """Given it is sent."""
    assert body(checked, batch_mode="use pending batch", pending_batch_id=502.0)["batchSettings"] == {
        "batchMode": "use pending batch",
        "pendingBatchId": 502,
    }


def test_pending_batch_id_is_required_for_use_pending_batch_broken(checked: Checker) -> None:
    """Blank it is refused."""
    assert found(checked(KEY, row(batch_mode="use pending batch"))) == [[2, "F2", "pending_batch_id.required"]]


@pytest.mark.parametrize("mode", ["use existing batch", "new batch", "new self-contained batch", "smart batch"])
def test_pending_batch_id_only_applies_to_use_pending_batch_broken(checked: Checker, mode: str) -> None:
    """With another mode it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, pending_batch_id=502, new_batch_code="C"))
    assert [2, "F2", "pending_batch_id.unused"] in warned(rows)
    assert "pendingBatchId" not in OPERATION.call(rows[0].values).body["batchSettings"]


def test_comment_explains_why_audits_are_resolved(checked: Checker) -> None:
    """With Save as resolved = Yes the comment is sent without a warning."""
    (only,) = checked(KEY, row(comment="Rates checked", save_as_resolved="Yes"))
    assert only.warnings == ()
    assert OPERATION.call(only.values).body["comment"] == "Rates checked"


@pytest.mark.parametrize("resolved", [None, "No"])
def test_comment_explains_why_audits_are_resolved_broken(checked: Checker, resolved: str | None) -> None:
    """Without Save as resolved a warning says that the comment has no effect."""
    rows = checked(KEY, row(comment="Rates checked", save_as_resolved=resolved))
    assert warned(rows) == [[2, "G2", "comment.no_effect"]]
    assert found(rows) == []


def test_import_note_is_optional(checked: Checker) -> None:
    """Given it is sent as typed, line breaks included; absent it is left out."""
    assert body(checked, import_note="Zähler\nneu")["importNote"] == "Zähler\nneu"
    assert "importNote" not in body(checked)


def test_import_note_is_optional_broken(checked: Checker) -> None:
    """An error value is not a note, and not a blank either."""
    assert found(checked(KEY, row(import_note="#N/A"))) == [[2, "H2", "cell.error_value"]]


@pytest.mark.parametrize(("typed", "sent"), [("yes", True), ("N", False)])
def test_save_as_resolved_is_an_optional_boolean(checked: Checker, typed: str, sent: bool) -> None:
    """saveAsResolved is sent as typed; absent it is left out."""
    assert body(checked, save_as_resolved=typed)["saveAsResolved"] is sent
    assert "saveAsResolved" not in body(checked)


def test_save_as_resolved_is_an_optional_boolean_broken(checked: Checker) -> None:
    """Another word is refused."""
    assert found(checked(KEY, row(save_as_resolved="ok"))) == [[2, "I2", "yesno.shape"]]


def test_the_answer_is_a_task_guid() -> None:
    """200 with {"taskGUId": uuid} is done, and nothing else is."""
    guid = str(uuid.UUID(int=7)).upper()
    assert OPERATION.accepted(reply(200, {"taskGUId": guid})) == Accepted(new_task_guid=guid.lower())


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, {}),
        (200, {"taskGuid": GUID}),
        (200, {"taskGUId": "x"}),
        (200, {"taskGUId": None}),
        (200, {"taskGUId": str(uuid.UUID(int=0))}),
        (200, [GUID]),
        (200, None),
        (201, {"taskGUId": GUID}),
        (204, {"taskGUId": GUID}),
        (200, {"taskGUId": GUID + "0"}),
    ],
)
def test_the_answer_is_a_task_guid_broken(status: int, content: object) -> None:
    """Another status, spelling or shape is not taken for done."""
    assert OPERATION.accepted(reply(status, content)) is None


def reply(status: int, content: object) -> Reply:
    return Reply(status, {}, json.dumps(content).encode())
