"""The archive of what old runs said: the record of what was sent stays whole, and decides as before."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, fill, flag

from bulkops.ledger import Ledger, archive
from bulkops.messages.disk import ARCHIVE
from bulkops.practice.server import Fault, PracticeServer

LATER = "2099-01-01"


def move(bulkops: Bulkops, day: str = LATER) -> dict[str, Any]:
    told = bulkops("history", "--archive-before", day, "--json")
    assert told.code == 0, told.err
    found: dict[str, Any] = json.loads(told.out)
    return found


def stored(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        return [value for (value,) in ledger.execute(query)]


def send_again(path: Path, code: str) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["Flag edits"]
    (heading,) = (cell for cell in sheet[1] if cell.value == "Send again")
    sheet.cell(2, heading.column).value = code
    book.save(path)


@pytest.fixture
def ran(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> dict[str, Any]:
    """What the history tells of a run with a row that is done, one that was refused, and one that needs fixing."""
    rows = [flag(2002), flag(2001), flag("x")]  # type: ignore[arg-type]
    run = bulkops("run", fill(tmp_path / "May.xlsx", flags=rows), "--yes", "--json").document["run"]
    told = bulkops("history", run, "--json").document
    assert [row["status"] for row in told["rows"]] == ["done", "failed", "invalid"]
    return told


def test_nothing_is_sent_twice_and_all_is_told_as_before(
    tmp_path: Path, home: Path, practice: PracticeServer, bulkops: Bulkops, ran: dict[str, Any]
) -> None:
    """With the archive; without it the rows stand as they did, and what was said of them is named as missing."""
    codes = stored(home, "SELECT code FROM attempts")
    assert move(bulkops)["moved"] == 1
    assert bulkops("history", ran["run"], "--json").document["rows"] == ran["rows"]
    assert stored(home, "SELECT count(*) FROM lines WHERE cells IS NOT NULL OR body IS NOT NULL") == [0]
    assert "Checked" not in (home / "ledger.sqlite3").read_bytes().decode("latin-1")
    assert stored(home, "SELECT code FROM attempts") == codes
    (home / ARCHIVE).unlink()
    move(bulkops)
    rows = bulkops("history", ran["run"], "--json").document["rows"]
    assert [row["status"] for row in rows] == ["done", "failed", "invalid"]
    assert ARCHIVE in rows[0]["message"]
    sent = len(practice.writes)
    again = bulkops("run", tmp_path / "May.xlsx", "--yes", "--json").document["rows"]
    assert [again[0]["status"], again[0]["send_again_code"]] == ["already_done", ran["rows"][0]["send_again_code"]]
    assert [each.path for each in practice.writes[sent:]] == ["/api/v3/list/2001/flagAction"]
    send_again(tmp_path / "May.xlsx", ran["rows"][0]["send_again_code"])
    assert bulkops("run", tmp_path / "May.xlsx", "--yes", "--json").statuses[0] == "done"


def test_a_run_in_doubt_or_with_rows_left_stays(
    tmp_path: Path, home: Path, practice: PracticeServer, bulkops: Bulkops, ran: dict[str, Any]
) -> None:
    """Whole, and so does one that is not old enough."""
    practice.faults.add(Fault.drop_reply(), path_contains="/list/2004/")
    bulkops("run", fill(tmp_path / "June.xlsx", flags=[flag(2004)]), "--yes")
    practice.faults.add(Fault.status(401), path_contains="/list/2005/")
    bulkops("run", fill(tmp_path / "July.xlsx", flags=[flag(2005), flag(2006)]), "--yes")
    bulkops("run", fill(tmp_path / "August.xlsx", flags=[flag(2004)]), "--yes")  # its row is unknown, though not sent
    early = move(bulkops, "2020-01-01")
    assert (early["moved"], early["left"]) == (0, 0)
    assert early["notes"] == ["No run was moved into the archive."]
    before = bulkops("history", "--json").out
    told = move(bulkops)
    assert (told["moved"], told["left"]) == (1, 3)
    assert bulkops("history", "--json").out == before
    assert "3 runs" in told["notes"][-1]
    assert stored(home, "SELECT count(DISTINCT run) FROM lines WHERE cells IS NOT NULL") == [2]
    assert (move(bulkops)["moved"], len(stored(home, "SELECT id FROM runs"))) == (0, 4)


@pytest.mark.parametrize("step", ["confirmed", "mark_moved"])
def test_what_is_cut_short_is_whole(
    home: Path, bulkops: Bulkops, ran: dict[str, Any], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Between the archive's commit and the ledger's, and after both: nothing is lost, and the next time it is done."""

    def dies(*_: object) -> None:
        raise OSError("cut short")

    with monkeypatch.context() as cut:
        cut.setattr(archive.Archive, step, dies)
        assert bulkops("history", "--archive-before", LATER).code == 2
    assert bulkops("history", ran["run"], "--json").document["rows"] == ran["rows"]
    assert move(bulkops)["moved"] == 1
    assert bulkops("history", ran["run"], "--json").document["rows"] == ran["rows"]
    assert stored(home, "SELECT count(*) FROM lines WHERE cells IS NOT NULL") == [0]
    assert move(bulkops)["moved"] == 0


def test_a_kill_while_the_archive_is_written_leaves_it_readable(
    home: Path, bulkops: Bulkops, ran: dict[str, Any]
) -> None:
    """What was half written is taken back by whoever looks into it next."""
    move(bulkops)
    with closing(sqlite3.connect(home / ARCHIVE, isolation_level=None)) as writing:
        writing.execute("PRAGMA cache_size = 2")
        writing.execute("BEGIN")
        writing.execute("UPDATE runs SET content = randomblob(100)")
        writing.execute("INSERT INTO runs VALUES ('another', 'run', randomblob(500000), 0)")
        left = {each: each.read_bytes() for each in home.glob(f"{ARCHIVE}*")}
        writing.execute("ROLLBACK")
    assert set(left) == {home / ARCHIVE, home / f"{ARCHIVE}-journal"}
    for path, content in left.items():
        path.write_bytes(content)
    assert bulkops("history", ran["run"], "--json").document["rows"] == ran["rows"]


def test_a_run_that_goes_over_while_somebody_looks_at_it_is_told_whole(
    home: Path, bulkops: Bulkops, ran: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program moves it after this one has looked into the archive."""
    look = archive.Archive.content

    def meanwhile(self: archive.Archive, run: str) -> archive.Content:
        found = look(self, run)
        with closing(Ledger(home / "ledger.sqlite3")) as other:
            moved.append(other.archive(LATER).runs)
        return found

    moved: list[int] = []
    with closing(Ledger(home / "ledger.sqlite3")) as ledger:
        before = ledger.outcomes(ran["run"])
        monkeypatch.setattr(archive.Archive, "content", meanwhile)
        assert ledger.outcomes(ran["run"]) == before
    assert moved == [1]


def test_an_archive_that_is_none_is_told(home: Path, bulkops: Bulkops, ran: dict[str, Any]) -> None:
    """Nothing is moved, and the history tells what the ledger has."""
    (home / ARCHIVE).write_bytes(b"nothing of the kind" * 100)
    told = bulkops("history", "--archive-before", LATER)
    assert told.code == 2
    assert ARCHIVE in told.err
    assert bulkops("history", ran["run"], "--json").document["rows"] == ran["rows"]


def test_a_ledger_that_came_back_from_a_copy_is_not_mixed_with_the_archive() -> None:
    """What the archive has of another attempt by the same number counts for nothing."""
    full = {
        "status": "done",
        "started": "2026-01-02T03:04:05Z",
        "code": "",
        "selected": 5,
        "message": "5 changed.",
    }
    short = {"state": "done", "started": full["started"], "outcome": archive._short(full)}
    assert short["outcome"] == {"archived": True, "selected": 5}
    assert archive.whole(short, {"outcome": full})["outcome"] == full
    for other in ({"status": "failed"}, {"started": "2026-01-02T03:04:06Z"}, {"selected": 4}):
        assert archive.whole(short, {"outcome": {**full, **other}}) == short
    assert archive.whole(short, {}) == short
    for kept in ({**full, "selected": 6}, None):
        assert archive.whole({**short, "outcome": kept}, {"outcome": full})["outcome"] == kept
