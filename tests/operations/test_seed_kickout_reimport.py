"""EnergyCAP's page on kickout reimports, sentence by sentence: what a check makes of it, and what comes of a run.

A docstring gives the page's sentence, or what follows from it; a test called _broken has rows that break the same rule.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
from asking import Bulkops, fill, kickout, task

from bulkops.energycap.classify import REFUSED, classify
from bulkops.energycap.environments import environment
from bulkops.model.requests import Accepted, Reply
from bulkops.operations.kickout_reimport import MODES, OPERATION
from bulkops.practice.faults import Fault
from bulkops.practice.server import PRACTICE_KEY, PracticeServer
from bulkops.runs import preview
from bulkops.runs.report import Options

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
    """taskGuid: string (uuid), required. Sent lower-case and canonical, whatever the braces, case and blanks."""
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
    """batchMode needs to be one of five; each is sent as the page spells it, however it was typed."""
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
    """existingOpenBatchId: optional - ID of an existing open batch to use. Sent if given, left out if not."""
    assert body(checked, batch_mode="use existing batch", existing_open_batch_id=501)["batchSettings"] == {
        "batchMode": "use existing batch",
        "existingOpenBatchId": 501,
    }
    assert body(checked, batch_mode="use existing batch")["batchSettings"] == {"batchMode": "use existing batch"}


@pytest.mark.parametrize("mode", ["new batch", "new self-contained batch", "use pending batch", "smart batch"])
def test_existing_open_batch_id_only_applies_to_use_existing_batch_broken(checked: Checker, mode: str) -> None:
    """Only applies when BatchMode is “use existing batch”. With another mode it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, existing_open_batch_id=501, new_batch_code="C", pending_batch_id=7))
    assert [2, "C2", "existing_open_batch_id.unused"] in warned(rows)
    assert "existingOpenBatchId" not in OPERATION.call(rows[0].values).body["batchSettings"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [(12.5, "id.shape"), (2**31, "id.range"), (0, "id.range"), ("12,15", "id.separator"), ("1e3", "id.shape")],
)
def test_existing_open_batch_id_is_int32_broken(checked: Checker, typed: object, code: str) -> None:
    """existingOpenBatchId: integer (int32). Anything else is refused."""
    rows = checked(KEY, row(batch_mode="use existing batch", existing_open_batch_id=typed))
    assert found(rows) == [[2, "C2", code]]


@pytest.mark.parametrize(("typed", "sent"), [("Yes", True), ("no", False), (True, True), (0, False)])
def test_leave_existing_batches_open_is_a_boolean_for_new_batch(checked: Checker, typed: object, sent: bool) -> None:
    """leaveExistingBatchesOpen: boolean; sent for “new batch”, true or false as typed."""
    settings = body(checked, batch_mode="new batch", leave_open=typed)["batchSettings"]
    assert settings == {"batchMode": "new batch", "leaveExistingBatchesOpen": sent}


def test_leave_existing_batches_open_is_a_boolean_broken(checked: Checker) -> None:
    """Neither yes nor no is refused."""
    assert found(checked(KEY, row(batch_mode="new batch", leave_open="maybe"))) == [[2, "D2", "yesno.shape"]]


@pytest.mark.parametrize("mode", ["use existing batch", "new self-contained batch", "use pending batch", "smart batch"])
def test_leave_existing_batches_open_only_applies_to_new_batch_broken(checked: Checker, mode: str) -> None:
    """Only applies when BatchMode is “new batch”. With another mode it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, leave_open="Yes", new_batch_code="C", pending_batch_id=7))
    assert [2, "D2", "leave_open.unused"] in warned(rows)
    assert "leaveExistingBatchesOpen" not in OPERATION.call(rows[0].values).body["batchSettings"]


def test_new_batch_code_is_required_for_smart_batch(checked: Checker) -> None:
    """NewBatchCode: required if batch mode is “smart batch”; sent as typed: 00102 keeps its zeros."""
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
    """Optional for batch modes “new batch”, “new self-contained batch”. Given it is sent; absent it is left out."""
    assert body(checked, batch_mode=mode, new_batch_code="AUG")["batchSettings"]["newBatchCode"] == "AUG"
    assert "newBatchCode" not in body(checked, batch_mode=mode)["batchSettings"]


@pytest.mark.parametrize("mode", ["use existing batch", "use pending batch"])
def test_new_batch_code_is_ignored_for_other_modes_broken(checked: Checker, mode: str) -> None:
    """Ignored for all other batch modes: then it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, new_batch_code="AUG", pending_batch_id=7))
    assert [2, "E2", "new_batch_code.unused"] in warned(rows)
    assert "newBatchCode" not in OPERATION.call(rows[0].values).body["batchSettings"]


def test_new_batch_code_has_at_most_255_characters(checked: Checker) -> None:
    """Must be between 0 and 255 characters. 255 pass."""
    assert (
        len(body(checked, batch_mode="smart batch", new_batch_code="x" * 255)["batchSettings"]["newBatchCode"]) == 255
    )


@pytest.mark.parametrize("typed", ["x" * 256, "\U0001f600" * 128])
def test_new_batch_code_has_at_most_255_characters_broken(checked: Checker, typed: str) -> None:
    """256 are refused, counted as the server counts: an emoji is two."""
    assert found(checked(KEY, row(new_batch_code=typed))) == [[2, "E2", "new_batch_code.length"]]


def test_pending_batch_id_is_required_for_use_pending_batch(checked: Checker) -> None:
    """pendingBatchId: required when BatchMode is set to use pending batch."""
    assert body(checked, batch_mode="use pending batch", pending_batch_id=502.0)["batchSettings"] == {
        "batchMode": "use pending batch",
        "pendingBatchId": 502,
    }


def test_pending_batch_id_is_required_for_use_pending_batch_broken(checked: Checker) -> None:
    """Blank it is refused."""
    assert found(checked(KEY, row(batch_mode="use pending batch"))) == [[2, "F2", "pending_batch_id.required"]]


@pytest.mark.parametrize("mode", ["use existing batch", "new batch", "new self-contained batch", "smart batch"])
def test_pending_batch_id_only_applies_to_use_pending_batch_broken(checked: Checker, mode: str) -> None:
    """Only applies when BatchMode is “use pending batch”. With another mode it is not sent, and a warning says so."""
    rows = checked(KEY, row(batch_mode=mode, pending_batch_id=502, new_batch_code="C"))
    assert [2, "F2", "pending_batch_id.unused"] in warned(rows)
    assert "pendingBatchId" not in OPERATION.call(rows[0].values).body["batchSettings"]


def test_comment_explains_why_audits_are_resolved(checked: Checker) -> None:
    """Optional comment to explain why the audit is being auto resolved: with Save as resolved there is no warning."""
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
    """importNote: optional note/comment. Given it is sent as typed, line breaks included; absent it is left out."""
    assert body(checked, import_note="Zähler\nneu")["importNote"] == "Zähler\nneu"
    assert "importNote" not in body(checked)


def test_import_note_is_optional_broken(checked: Checker) -> None:
    """An error value is not a note, and not a blank either."""
    assert found(checked(KEY, row(import_note="#N/A"))) == [[2, "H2", "cell.error_value"]]


@pytest.mark.parametrize(("typed", "sent"), [("yes", True), ("N", False)])
def test_save_as_resolved_is_an_optional_boolean(checked: Checker, typed: str, sent: bool) -> None:
    """saveAsResolved: optional, boolean; sent as typed, left out if absent."""
    assert body(checked, save_as_resolved=typed)["saveAsResolved"] is sent
    assert "saveAsResolved" not in body(checked)


def test_save_as_resolved_is_an_optional_boolean_broken(checked: Checker) -> None:
    """Another word is refused."""
    assert found(checked(KEY, row(save_as_resolved="ok"))) == [[2, "I2", "yesno.shape"]]


def test_the_answer_is_a_task_guid() -> None:
    """200 OK; taskGUId: a guid that identifies the current task. That is done, and nothing else is."""
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


# What the batch modes do to batches: the whole way, from a workbook to the practice server.


def run(bulkops: Bulkops, path: Path, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one run as its document has them: EnergyCAP itself has the say, and is not asked before."""
    return bulkops("run", fill(path, list(rows)), "--json", "--yes", "--offline").document["rows"]


def asked(bulkops: Bulkops, path: Path, *rows: dict[str, Any]) -> str:
    """The question before a run, on one line, answered with no."""
    return " ".join(bulkops("run", fill(path, list(rows)), typed="no").err.split())


def warnings(bulkops: Bulkops, path: Path, *options: str) -> list[list[str]]:
    """Each row's warnings, by a check."""
    return [row["warnings"] for row in bulkops("check", path, "--json", *options).document["rows"]]


def batches(practice: PracticeServer) -> dict[str, str]:
    """Batch code → its status."""
    return {batch.batch_code: batch.status for batch in practice.state.batches()}


def batch_of(practice: PracticeServer, row: dict[str, Any]) -> str:
    """The code of the batch into which a row's bills went."""
    batch = practice.state.task(row["new_task_guid"]).batch
    assert batch is not None
    return batch.batch_code


def help_of(name: str) -> str:
    """A column's help."""
    return next(field.help for field in OPERATION.fields if field.name == name)


def new(number: int, code: str, **cells: Any) -> dict[str, Any]:
    return kickout(number, batch_mode="new batch", new_batch_code=code, **cells)


def smart(number: int, code: str, **cells: Any) -> dict[str, Any]:
    return kickout(number, batch_mode="smart batch", new_batch_code=code, **cells)


def test_all_kickouts_become_a_single_task(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """All kickout files generated from the import will be zipped and reimported as a single task."""
    (done,) = run(bulkops, tmp_path / "a.xlsx", kickout(9))
    assert done["status"] == "done"
    assert "started the new task" in done["message"]
    assert practice.state.task(done["new_task_guid"]).reimport_of == task(9)
    assert practice.state.times_reimported(task(9)) == 1


def test_permission_bills_and_batches_create(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions: BillsAndBatches (Create)."""
    monkeypatch.setenv("BULKOPS_API_KEY", "practice-key-readonly")
    ended = bulkops("run", fill(tmp_path / "a.xlsx", [kickout(1)]), "--json", "--yes", "--offline")
    (row,) = ended.document["rows"]
    assert row["status"] == "failed"
    assert "Bills and Batches: Create" in row["message"]
    assert practice.state.applied == []


def test_request_headers(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """ECI-ApiKey: your API key. Content-Type: application/json; all requests must specify JSON content type."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", kickout(1))
    assert row["status"] == "done"
    # The practice server takes no request that lacks one of them.
    address = f"{practice.base_url}/api/v202401/import/bill/task/{task(2)}/kickout"
    whole = {"ECI-ApiKey": PRACTICE_KEY, "Content-Type": "application/json"}
    statuses = [
        requests.post(address, data=b"{}", headers={name: whole[name]}, timeout=10).status_code for name in whole
    ]
    assert statuses == [415, 401]


@pytest.mark.parametrize(
    ("number", "words"), [(51, "Completed"), (52, "Running"), (53, "ReadingImport"), (99, "no task")]
)
def test_the_task_is_a_bill_import_completed_with_kickouts(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, number: int, words: str
) -> None:
    """The taskGuid should be a bill import task with a status of completed with kickouts."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", kickout(number))
    assert row["status"] == "failed"
    assert words in row["message"]
    assert "completed with kickouts" in help_of("task_guid")
    assert practice.state.applied == []


def test_use_existing_batch_leaves_it_open(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If “use existing batch” - we will use an existing open batch and leave it open."""
    before = batches(practice)
    rows = run(
        bulkops,
        tmp_path / "a.xlsx",
        kickout(1, batch_mode="use existing batch", existing_open_batch_id=501),
        kickout(2, batch_mode="use existing batch"),
    )
    assert [batch_of(practice, row) for row in rows] == ["JUL-2026", "JUL-2026"]
    assert batches(practice) == before


def test_without_an_id_exactly_one_batch_is_open(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If not provided, the current user must have exactly one open batch, otherwise an error occurs."""
    path = tmp_path / "a.xlsx"
    rows = [new(1, "SECOND", leave_open="Yes"), kickout(2, batch_mode="use existing batch")]
    fill(path, rows)
    none, warned_of = warnings(bulkops, path)
    assert none == []
    assert len(warned_of) == 1
    assert "Kickouts!C3: Existing open batch ID is blank" in warned_of[0]
    assert "Kickouts!C2" in warned_of[0]
    assert "1 will fail if earlier rows leave several of your batches open" in asked(bulkops, path, *rows)
    first, second = run(bulkops, path, *rows)
    assert (first["status"], second["status"]) == ("done", "failed")
    assert "one open batch, not 2" in second["message"]
    assert "none or several open" in help_of("existing_open_batch_id")


def test_another_users_open_batch_needs_manage(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must reference an open batch belonging to the current user, or with “Bills and Batch: Manage”, any user's."""
    mine = kickout(1, batch_mode="use existing batch", existing_open_batch_id=504)
    (row,) = run(bulkops, tmp_path / "a.xlsx", mine)
    assert row["status"] == "failed"
    assert "Bills and Batches: Manage" in row["message"]
    assert "Bills and Batches: Manage" in help_of("existing_open_batch_id")
    monkeypatch.setenv("BULKOPS_API_KEY", "practice-key-manager")
    other = kickout(1, batch_mode="use existing batch", existing_open_batch_id=501)
    (row,) = run(bulkops, tmp_path / "b.xlsx", other)
    assert batch_of(practice, row) == "JUL-2026"


def test_new_batch_closes_the_open_batch(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If “new batch” - make a new batch. If false or not provided, we close the open batch for this user."""
    path = tmp_path / "a.xlsx"
    assert "1 will close your open batch and start a new one" in asked(bulkops, path, new(1, "AUG"))
    (row,) = run(bulkops, path, new(1, "AUG"))
    assert batches(practice)["JUL-2026"] == "closed"
    assert batches(practice)["AUG"] == "open"
    assert "it is closed now" in row["message"]
    assert "CLOSES your open batch" in help_of("batch_mode")


@pytest.mark.parametrize("no", [None, "No"])
def test_each_new_batch_of_a_workbook_closes_the_one_before(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, no: str | None
) -> None:
    """We close the open batch for this user: also the one that an earlier row made, in any sheet."""
    path = fill(tmp_path / "a.xlsx", [new(1, "A", leave_open=no)])
    book = openpyxl.load_workbook(path)
    more = book.copy_worksheet(book["Kickouts"])
    more.title = "More"
    more["A2"], more["E2"] = task(2), "B"
    more.append([task(3), "new batch", None, no, "C"])
    book.save(path)
    first, second, third = warnings(bulkops, path)
    assert first == []
    assert [len(second), len(third)] == [1, 1]
    assert second[0].startswith("More!B2: “new batch” closes the batch that the row of Kickouts!B2 makes")
    assert third[0].startswith("More!B3: “new batch” closes the batch that the row of More!B2 makes")
    question = " ".join(bulkops("run", path, typed="no").err.split())
    assert "2 will close the batch that an earlier row makes" in question
    rows = bulkops("run", path, "--json", "--yes").document["rows"]
    assert [row["status"] for row in rows] == ["done"] * 3
    assert [row["warnings"] for row in rows] == [first, second, third]
    now = batches(practice)
    assert [now[code] for code in ("JUL-2026", "A", "B", "C")] == ["closed", "closed", "closed", "open"]


def test_only_rows_that_are_sent_close_a_batch(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """We close the open batch: a row that is hidden, done already or to be fixed closes none and warns of nothing."""
    run(bulkops, tmp_path / "before.xlsx", new(1, "A"))
    path = fill(
        tmp_path / "a.xlsx",
        [new(1, "A"), new(2, "B", hidden=True), new(3, "C" * 256), new(4, "D"), new(5, "E")],
    )
    assert [len(each) for each in warnings(bulkops, path)] == [0, 0, 0, 0, 1]
    shown = warnings(bulkops, path, "--include-hidden")
    assert [len(each) for each in shown] == [0, 0, 0, 1, 1]
    assert "Kickouts!B3" in shown[3][0]


def test_leave_existing_batches_open_leaves_other_batches_open(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """LeaveExistingBatchesOpen set to true will leave other batches open."""
    path = tmp_path / "a.xlsx"
    rows = [new(1, "A", leave_open="Yes"), new(2, "B", leave_open="Yes")]
    assert "2 will create a new batch" in asked(bulkops, path, *rows)
    assert [row["warnings"] for row in run(bulkops, path, *rows)] == [[], []]
    now = batches(practice)
    assert [now[code] for code in ("JUL-2026", "A", "B")] == ["open"] * 3


@pytest.mark.parametrize("before", [new(1, "A", leave_open="Yes"), smart(1, "A")])
def test_new_batch_fails_with_several_open(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, before: dict[str, Any]
) -> None:
    """If more than one batch is open it fails."""
    path = tmp_path / "a.xlsx"
    rows = [before, new(2, "B")]
    fill(path, rows)
    none, warned_of = warnings(bulkops, path)
    assert none == []
    assert len(warned_of) == 1
    assert "Kickouts!B3: “new batch” fails if several of your batches are open" in warned_of[0]
    assert "Kickouts!B2" in warned_of[0]
    assert "or fail if several are open" in asked(bulkops, path, *rows)
    first, second = run(bulkops, path, *rows)
    assert (first["status"], second["status"]) == ("done", "failed")
    assert "fails with several open" in help_of("batch_mode")
    assert "fails if several are open" in help_of("leave_open")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([new(1, "A"), new(2, "B", leave_open="Yes"), new(3, "C")], ["", "", "B4 several_open B3"]),
        ([new(1, "A", leave_open="Yes"), new(2, "B"), new(3, "C")], ["", "B3 several_open B2", "B4 closes_another B3"]),
        ([kickout(1), new(2, "B"), kickout(3)], ["", "", ""]),
        ([new(1, "A"), kickout(2, batch_mode="use existing batch")], ["", ""]),
        ([new(1, "A"), kickout(2, batch_mode="use pending batch", pending_batch_id=502)], ["", ""]),
    ],
)
def test_what_rows_do_to_each_others_batches(
    rows: list[dict[str, Any]], told: list[str], tmp_path: Path, home: Path
) -> None:
    """LeaveExistingBatchesOpen … if more than one batch is open it fails: as far as the rows of a run can tell."""
    checked = preview.check(fill(tmp_path / "a.xlsx", rows), environment("practice"), home, Options())
    words = {"several_open": "fails if several", "closes_another": "closes the batch that the row of"}
    for outcome, said in zip(checked.outcomes, told, strict=True):
        cell, name, other = said.split() or ("", "", "")
        assert [f"Kickouts!{cell}: " in each and f"Kickouts!{other}" in each for each in outcome.warnings] == (
            [True] if said else []
        )
        assert all(words[name] in each for each in outcome.warnings)


def test_a_named_batch_may_be_closed_before(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """We will use an existing open batch: one that an earlier row of the run closes is none any more."""
    rows = [new(1, "A"), kickout(2, batch_mode="use existing batch", existing_open_batch_id=501)]
    first, second = run(bulkops, tmp_path / "a.xlsx", *rows)
    assert first["warnings"] == []
    (warning,) = second["warnings"]
    assert warning.startswith("Kickouts!C3: Existing open batch ID 501 may be closed by then: the row of Kickouts!C2")
    assert second["status"] == "failed"


def test_a_resumed_run_warns_of_a_row_once(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """We close the open batch for this user: a row that is left of a stopped run is told so once."""
    practice.faults.add(Fault.status(403), skip=1, path_contains="/kickout")
    path = fill(tmp_path / "a.xlsx", [new(1, "A"), new(2, "B"), new(3, "C")])
    assert bulkops("run", path, "--json", "--yes").statuses == ["done", "failed", "not_sent"]
    rows = bulkops("resume", "--json", "--yes").document["rows"]
    assert [row["status"] for row in rows] == ["done"] * 3
    assert [len(row["warnings"]) for row in rows] == [0, 1, 1]
    assert "Kickouts!B2" in rows[1]["warnings"][0]
    assert "Kickouts!B3" in rows[2]["warnings"][0]


def test_self_contained_batch_is_closed(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If “new self-contained batch” - make a new batch and add bills to it and close it. Others stay open."""
    path = tmp_path / "a.xlsx"
    only = kickout(1, new_batch_code="OWN")
    assert "1 will create a new batch that is closed at once" in asked(bulkops, path, only)
    (row,) = run(bulkops, path, only)
    now = batches(practice)
    assert (now["OWN"], now["JUL-2026"]) == ("closed", "open")
    assert "closes the new batch by itself" in row["message"]
    assert "“new self-contained batch” is CLOSED" in help_of("batch_mode")


def test_pending_batch_is_left_pending(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If “use pending batch” - PendingBatchId is required. We will use the pending batch and leave it pending."""
    path = tmp_path / "a.xlsx"
    only = kickout(1, batch_mode="use pending batch", pending_batch_id=502)
    assert "1 will put bills into a pending batch, where they are void until it is opened" in asked(bulkops, path, only)
    (row,) = run(bulkops, path, only)
    assert batch_of(practice, row) == "PENDING-A"
    assert batches(practice)["PENDING-A"] == "pending"
    assert "Batch 502 stays pending" in row["message"]
    assert "void until it is opened" in row["message"]
    assert "stays pending" in help_of("batch_mode")


def test_smart_batch_takes_its_mode_from_the_code(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If “smart batch” - uses NewBatchCode to determine which batch mode path it should follow."""
    codes = ("JUL-2026", "PENDING-A", "MICRO-08")
    rows = run(bulkops, tmp_path / "a.xlsx", *(smart(number, code) for number, code in enumerate(codes, 1)))
    assert [batch_of(practice, row) for row in rows] == list(codes)
    assert [done.mode for done in practice.state.applied] == ["use existing batch", "use pending batch", "new batch"]


def test_the_error_of_a_smart_batch_may_name_another_mode(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """BatchMode is then modified so error message may reflect this new BatchMode."""
    rows = run(bulkops, tmp_path / "a.xlsx", smart(1, "MGR-OPEN"), kickout(2, batch_mode="use existing batch"))
    failed, other = rows
    assert failed["status"] == "failed"
    assert "'use existing batch'" in failed["message"]
    assert "EnergyCAP puts another batch mode in the place of “smart batch”" in failed["message"]
    assert "MGR-OPEN" in failed["tip"]
    assert "smart" not in other["message"] + other["tip"]


@pytest.mark.parametrize(("status", "told"), [(404, True), (401, True), (429, False), (503, False)])
def test_words_of_another_mode_are_expected_of_every_refusal(status: int, told: bool) -> None:
    """Error message may reflect this new BatchMode: said wherever EnergyCAP refused with its own words."""
    code = classify(Reply(status, {}, b"No."), OPERATION.accepted).code
    assert (code in REFUSED) is told


def test_smart_batch_with_a_closed_code_gets_a_guid(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If newBatchCode is a closed batch, create a new batch with a GUID appended. Any open batch will be left open."""
    path = tmp_path / "a.xlsx"
    question = asked(bulkops, path, smart(1, "MICRO-07"))
    assert "1 may create a new batch, with a GUID appended to its code if the batch of that code is closed" in question
    (row,) = run(bulkops, path, smart(1, "MICRO-07"))
    code = batch_of(practice, row)
    assert code.startswith("MICRO-07-")
    assert "look for codes that begin with MICRO-07." in row["message"]
    assert batches(practice)["JUL-2026"] == "open"
    assert "GUID appended" in help_of("new_batch_code")


def test_smart_batch_uses_an_open_batch_of_the_user(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If there is a open batch with the newBatchCode and it belongs to the current user, use it."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", smart(1, "JUL-2026"))
    assert batch_of(practice, row) == "JUL-2026"


def test_smart_batch_of_another_user_needs_manage(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it belongs to another user, use it if the user has Bills and Batches:Manage. Otherwise, error."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", smart(1, "MGR-OPEN"))
    assert "Bills and Batches: Manage" in row["message"]
    assert "See in EnergyCAP whose batch MGR-OPEN is" in row["tip"]
    monkeypatch.setenv("BULKOPS_API_KEY", "practice-key-manager")
    (row,) = run(bulkops, tmp_path / "b.xlsx", smart(1, "JUL-2026"))
    assert batch_of(practice, row) == "JUL-2026"


def test_smart_batch_uses_a_pending_batch(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If no open batches, check if there is a pending batch with newBatchCode, if so use it."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", smart(1, "PENDING-A"))
    assert batch_of(practice, row) == "PENDING-A"
    assert "If it is pending, its bills are void until it is opened or closed" in row["message"]


def test_smart_batch_creates_a_batch_for_a_new_code(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """If a batch with newBatchCode does not exist, create it and add bills to it, any open batch will be left open."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", smart(1, "MICRO-08"))
    assert batch_of(practice, row) == "MICRO-08"
    assert [batches(practice)[code] for code in ("MICRO-08", "JUL-2026")] == ["open", "open"]


def test_batch_code_is_created_by_energycap_if_absent(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """Optional for “new batch”, “new self-contained batch” - if not provided, we will autocreate the batch code."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", kickout(1))
    assert batch_of(practice, row).startswith("IMPORT-")
    assert "EnergyCAP makes one up" in help_of("new_batch_code")


def test_save_as_resolved_marks_failed_audits_resolved(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """Optional property to indicate if failed audits automatically get marked as resolved."""
    path = tmp_path / "a.xlsx"
    only = kickout(1, save_as_resolved="Yes", comment="Rates checked")
    assert "1 will mark failed audits as resolved, which may also release" in asked(bulkops, path, only)
    (row,) = run(bulkops, path, only)
    assert practice.state.task(row["new_task_guid"]).save_as_resolved
    assert "may also release" in help_of("save_as_resolved")


def test_import_note_is_kept_with_the_import(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """importNote: optional note/comment."""
    (row,) = run(bulkops, tmp_path / "a.xlsx", kickout(1, import_note="Serial numbers corrected"))
    assert practice.state.task(row["new_task_guid"]).note == "Serial numbers corrected"
