"""How much room what bulkops keeps takes: on the command line, for another program, and in one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

from asking import Bulkops, fill, flag

from bulkops.practice.server import PracticeServer
from bulkops.runs import backups, disk_space
from bulkops.runs.disk_space import Part


def put(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_every_file_counts_once_where_it_belongs(tmp_path: Path) -> None:
    """Also one with a second name, as copies of the same content have; what is linked to elsewhere is not ours."""
    home = tmp_path / "bulkops"
    put(home / "ledger.sqlite3", 1000)
    put(home / "ledger.sqlite3-wal", 20)
    put(home / "ledger.reserve", 3)
    put(home / "ledger before version 6.sqlite3", 50)
    copy = put(home / backups.FOLDER / "May, before 20260101-000000-0001.xlsx", 7)
    os.link(copy, copy.with_name("May, before 20260102-000000-0001.xlsx"))
    put(home / "May - results.xlsx", 11)
    put(home / "errors.log", 6)
    put(home / "errors.log.1", 7)
    put(home / "venv-1" / "lib" / "errors.log", 17)
    put(home / "demo" / "May.xlsx", 19)
    put(home / "recent.json", 23)
    put(tmp_path / "bulkops witness" / "a.jsonl", 29)
    put(tmp_path / "elsewhere" / "large", 10_000)
    assert disk_space.parts(home) == [
        Part("ledger", 1023, 3),
        Part("second_record", 29, 1),
        Part("earlier_ledgers", 50, 1),
        Part("previous_versions", 7, 1),
        Part("results", 11, 1),
        Part("log", 13, 2),
        Part("program", 17, 1),
        Part("other", 42, 2),
    ]
    assert disk_space.line(home) == (
        f"bulkops keeps 2 KB on this computer, in {home}, most of it: record of what was sent 2 KB, records as they "
        "were before an update 1 KB, everything else 1 KB."
    )
    assert disk_space.line(tmp_path / "none") == f"bulkops keeps 0 KB on this computer, in {tmp_path / 'none'}."


def test_history_tells_the_room(tmp_path: Path, home: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """In words and as a document, with what becomes of the previous versions."""
    bulkops("run", fill(tmp_path / "May.xlsx", flags=[flag(2001)]), "--yes")
    told = bulkops("history", "--disk")
    assert told.code == 0
    assert "Record of what was sent" in told.out
    assert "each workbook's newest 3, all that are younger than 90 days" in told.out
    document = json.loads(bulkops("history", "--disk", "--json").out)
    assert document["data_folder"] == str(home)
    assert document["parts"]["previous_versions"]["files"] == 1
    assert document["bytes"] == sum(each["bytes"] for each in document["parts"].values())
    assert bulkops("history", "--disk", "20260101-000000-0001").code == 2
