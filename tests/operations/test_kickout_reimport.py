"""The rules of a kickout reimport that are bulkops' own; EnergyCAP's are in test_seed_kickout_reimport.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bulkops.operations.kickout_reimport import OPERATION

from .conftest import Checker, found

KEY = OPERATION.key
GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"
OTHER = "7d9e4c10-5b3a-4f6e-9c21-000000000002"


def row(**cells: Any) -> dict[str, Any]:
    return {"task_guid": GUID, "batch_mode": "new self-contained batch", **cells}


def body(checked: Checker, **cells: Any) -> dict[str, Any]:
    (only,) = checked(KEY, row(**cells))
    assert only.problems == ()
    return json.loads(OPERATION.call(only.values).encoded())


@pytest.mark.parametrize("typed", ["AUG\u200b", "AUG\n2026", "A\u00a0B"])
def test_new_batch_code_shows_all_its_characters_broken(checked: Checker, typed: str) -> None:
    """A code that differs from another only in what cannot be seen is refused, naming the character."""
    assert found(checked(KEY, row(new_batch_code=typed))) == [[2, "E2", "cell.odd_character"]]


def test_an_unreadable_pending_batch_id_is_not_also_called_blank(checked: Checker) -> None:
    """One mistake, one sentence: a cell that holds something wrong is not missing."""
    rows = checked(KEY, row(batch_mode="use pending batch", pending_batch_id="x"))
    assert found(rows) == [[2, "F2", "id.shape"]]


def test_a_row_with_nothing_optional_sends_nothing_optional(checked: Checker) -> None:
    """Absent fields are left out of the body, not sent as null."""
    assert body(checked) == {"batchSettings": {"batchMode": "new self-contained batch"}}


def test_a_task_stands_once_in_a_workbook(checked: Checker) -> None:
    """Different tasks pass."""
    assert found(checked(KEY, row(), row(task_guid=OTHER))) == []


def test_a_task_stands_once_in_a_workbook_broken(checked: Checker) -> None:
    """The later row is refused, with other settings too, whatever its Send again says, and names the row it repeats."""
    for wish in (None, "Yes", "BCDFGH"):
        rows = checked(KEY, row(), row(task_guid=GUID.upper(), batch_mode="new batch", send_again=wish))
        assert found(rows) == [[3, "A3", "task_guid.repeated"]]
        assert "Kickouts!A2" in rows[1].problems[0].message


def test_all_problems_of_a_row_come_in_one_pass(checked: Checker) -> None:
    """Three mistakes in a row are three sentences, in the order of the columns."""
    rows = checked(KEY, {"task_guid": "x", "batch_mode": "y", "leave_open": "z"})
    assert found(rows) == [[2, "A2", "guid.shape"], [2, "B2", "batch_mode.choice"], [2, "D2", "yesno.shape"]]


def test_only_a_whole_guid_enters_the_url(checked: Checker) -> None:
    """Values that were not checked cannot reach another endpoint."""
    (only,) = checked(KEY, row())
    with pytest.raises(ValueError, match="matched whole"):
        OPERATION.call({**only.values, "task_guid": f"{GUID}/../../../list/7/flagAction?x="})
