"""Calls that EnergyCAP is going to withdraw: the header is kept and told, and changes nothing of a row."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from asking import Bulkops, fill, flag, kickout

from bulkops.energycap.classify import deprecated
from bulkops.model.requests import NoResponse, Reply
from bulkops.practice.faults import Fault
from bulkops.practice.server import PracticeServer
from bulkops.runs.ledger_access import LEDGER

HEADER = {"ECI-Deprecated": "PUT /api/v4/list/flagAction"}
DONE = {"selected": 5, "updated": 5}


def deprecations(notes: list[str]) -> list[str]:
    return [note for note in notes if "deprecated" in note]


@pytest.mark.parametrize(("status", "body"), [(200, DONE), (400, {"message": "No."}), (500, {"message": "Oh."})])
def test_a_deprecated_call_is_told_and_kept(
    tmp_path: Path, home: Path, practice: PracticeServer, bulkops: Bulkops, status: int, body: object
) -> None:
    """One note a run, the header among the evidence of each answer, and rows as they would be without it."""
    book = fill(tmp_path / "a.xlsx", [kickout(1)], [flag(2006), flag(2007)])
    answer = Fault.answer(status, json=body, headers=HEADER)
    practice.faults.add(answer, times=2, path_contains="/flagAction")
    document = bulkops("run", book, "--json", "--yes").document
    expected = {200: "done", 400: "failed", 500: "unknown"}[status]
    assert [row["status"] for row in document["rows"]] == ["done", expected, expected]
    (note,) = deprecations(document["notes"])
    assert "list flag edits" in note
    assert "“PUT /api/v4/list/flagAction”" in note
    assert "Tell IT" in note
    with sqlite3.connect(home / LEDGER) as ledger:
        kept = [json.loads(evidence) for (evidence,) in ledger.execute("SELECT evidence FROM attempts ORDER BY id")]
    assert [each["headers"].get("eci-deprecated") for each in kept] == [None, *HEADER.values(), *HEADER.values()]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/v3/flag/flagType", [{"flagTypeId": 2, "flagTypeInfo": "Late bill"}], "flag types"),
        ("/api/v3/me", {"fullName": "Pat", "systemUserCode": "pat"}, "whose key it is"),
    ],
)
def test_a_deprecated_read_is_told(
    tmp_path: Path, practice: PracticeServer, bulkops: Bulkops, path: str, body: object, words: str
) -> None:
    """What is asked before a run counts too; the run goes on."""
    practice.faults.add(Fault.answer(200, json=body, headers=HEADER), method="GET", path_contains=path)
    document = bulkops("run", fill(tmp_path / "a.xlsx", flags=[flag(2006, flag_type_id=2)]), "--json", "--yes").document
    assert [row["status"] for row in document["rows"]] == ["done"]
    (note,) = deprecations(document["notes"])
    assert words in note


def test_a_header_without_words_is_told_too() -> None:
    """What counts is that it is there; its words are one line of bounded length."""
    assert deprecated(Reply(200, {}, b"")) is None
    assert deprecated(NoResponse(("ReadTimeout",), "", True)) is None
    assert deprecated(Reply(200, {"eci-deprecated": ""}, b"")) == ""
    assert deprecated(Reply(200, {"eci-deprecated": " a \n b" + "x" * 400}, b""))[:4] == "a bx"  # type: ignore[index]
    assert len(deprecated(Reply(200, {"eci-deprecated": "x" * 400}, b"")) or "") == 300
