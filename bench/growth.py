"""What years of runs cost those who look back: a large ledger against an empty one.

    python bench/growth.py [ATTEMPTS]        100,000 unless given

A ledger of version 5 is made with so many attempts, in runs of 100 rows; opening it migrates it, which is timed once.
Then each figure is the median of five, taken in turns with the same in a ledger that knows nothing. In the check of
1,000 rows half of them were done before. A run is what an upload folder begins for each file: the practice EnergyCAP
starts with it, the results are written, and everything is closed. ``lasting.py`` is run at the end.
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from asking import carried_out
from check import workbook
from openpyxl import Workbook

from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.runs import history, prepare, preview
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options
from bulkops.runs.resume import prepare_again

TABLES = Path(__file__).parent.parent / "tests" / "expected" / "ledger-5.sql"
ROWS = 100
"""In each run of the large ledger."""
RUNS = 5
WHERE = Environment(PRACTICE, "")


def state_of(number: int) -> str:
    """One row in fifty is refused, one in a thousand unknown."""
    return "unknown" if number % 1000 == 7 else "failed" if number % 50 == 3 else "done"


def grow(path: Path, attempts: int) -> None:
    """A ledger of version 5: kickout reimports of the tasks with the GUIDs 0, 1, 2 and so on."""
    names = [f"run-{number:07}" for number in range(attempts // ROWS)]
    with closing(sqlite3.connect(path)) as ledger:
        ledger.executescript(TABLES.read_text(encoding="utf-8"))
        ledger.execute("PRAGMA journal_mode=WAL")
        ledger.execute("INSERT INTO book VALUES ('bench')")
        ledger.executemany(
            "INSERT INTO runs VALUES (?, ?, ?, 'Pat', 'desk', 'Pat', 'practice', '', ?, '', '0.1', '{}', NULL, ?, 0)",
            ((name, AT, AT, f"/books/{name}.xlsx", totals(number)) for number, name in enumerate(names)),
        )
        ledger.executemany("INSERT INTO accounts VALUES (?, 'Practice', '101', '')", ((name,) for name in names))
        ledger.executemany(f"INSERT INTO lines VALUES ({', '.join('?' * 18)})", lines(names))
        ledger.executemany(f"INSERT INTO attempts VALUES ({', '.join('?' * 14)})", sent(names))
        ledger.execute("PRAGMA user_version = 5")
        ledger.commit()


AT = "2026-01-02T03:04:05Z"


def totals(run: int) -> str:
    """Of a run's rows, as its end counts them."""
    states = [state_of(run * ROWS + seq) for seq in range(ROWS)]
    return json.dumps({state: states.count(state) for state in set(states)})


def rows(names: list[str]) -> Iterator[tuple[str, int, int, str, str]]:
    """(run, row in it, row of all, the task's GUID, the request's fingerprint)."""
    for number, (name, seq) in enumerate(itertools.product(names, range(ROWS))):
        yield name, seq, number, str(uuid.UUID(int=number)), f"{number:064x}"


def lines(names: list[str]) -> Iterator[tuple[Any, ...]]:
    """As a run's beginning writes them."""
    for name, seq, number, guid, request in rows(names):
        place = (name, seq, "Kickouts", seq + 2, "kickout_reimport", guid, "planned", WHERE.id)
        body = json.dumps({"batchMode": 1, "comment": f"comment {number}", "note": "note"})
        cells = json.dumps(
            {"values": {"task_guid": guid, "comment": f"comment {number}"}, "columns": {}, "warnings": []}
        )
        call = ("POST", f"/api/v3/billImport/{guid}/reimportKickouts", body, request, f"kickout_reimport {guid}")
        yield *place, *call, "", 0, 0, cells, None


def sent(names: list[str]) -> Iterator[tuple[Any, ...]]:
    """As a run's end leaves them."""
    for name, seq, number, guid, request in rows(names):
        state = state_of(number)
        outcome = {
            **{"seq": seq, "sheet": "Kickouts", "row": seq + 2, "operation": "kickout_reimport", "target": guid},
            **{"status": state, "code": "" if state == "done" else "sent.refused", "message": "m" * 120, "tip": ""},
            **{"new_task_guid": str(uuid.UUID(int=number, version=4)) if state == "done" else None, "warnings": []},
        }
        known = (WHERE.id, request, f"kickout_reimport {guid}", "", state, "Pat", AT, AT)
        yield number + 1, name, seq, 0, *known, json.dumps(outcome), json.dumps({"status": 200, "sends": 1})


def flag_edits(path: Path, comment: str) -> None:
    """A workbook of ten rows that were never sent before."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Flag edits"
    sheet.append(("List ID", "Comment"))
    for number in range(10):
        sheet.append((2001 + number, comment))
    book.save(path)


def a_run(home: Path, books: Iterator[Path]) -> None:
    """All of it, from the workbook to its results."""
    with prepare.prepare(next(books), WHERE, home, Options(jobs=1, offline=True)) as prepared:
        report = carried_out(prepared)
    if len(report.outcomes) != 10:
        raise SystemExit(f"{len(report.outcomes)} rows instead of 10")


def told(home: Path) -> None:
    """What the tab shows: of many runs the newest."""
    for past in history.history(home)[:1000]:
        if not (past.started and past.workbook and past.rows and past.to_do and past.environment and past.who):
            raise SystemExit("a run without words")


def resume(home: Path) -> None:
    """What is looked for before anything is resumed: here there is nothing."""
    with suppress(CannotStart), prepare_again(None, home):
        raise SystemExit("there is something to resume")


def books(folder: Path) -> Iterator[Path]:
    """A workbook of ten rows each time."""
    for number in itertools.count():
        path = folder / f"upload {number}.xlsx"
        flag_edits(path, f"comment {number}")
        yield path


def seconds(act: Callable[[Path], object], home: Path) -> float:
    begun = time.perf_counter()
    act(home)
    return time.perf_counter() - begun


def main() -> None:
    """Print a line for each thing that looks back."""
    attempts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        grown, empty = Path(folder) / "grown", Path(folder) / "empty"
        for home in (grown, empty):
            home.mkdir(mode=0o700)
        os.environ["BULKOPS_HOME"] = str(grown)
        grow(grown / LEDGER, attempts)
        size = (grown / LEDGER).stat().st_size
        print(f"{attempts:,} attempts, {size / 2**20:,.0f} MiB as version 5")
        for home, what in ((grown, "migration, with its copy"), (empty, "a new ledger")):
            print(f"{what:34} {seconds(lambda home: Ledger(home / LEDGER).close(), home):8.3f} s")
        asked = Path(folder) / "asked.xlsx"
        workbook(asked, 1_000, wrong_too=False, first=attempts - 500)
        uploads = books(Path(folder))
        for what, act in {
            "opening": lambda home: Ledger(home / LEDGER).close(),
            "check of 1,000 rows": lambda home: preview.check(asked, WHERE, home, Options(offline=True)),
            "a run of 10 rows": lambda home: a_run(home, uploads),
            "history": history.history,
            "History tab": told,
            "what resume looks for": resume,
        }.items():
            taken = [(seconds(act, grown), seconds(act, empty)) for _ in range(RUNS + 1)][1:]
            large, small = (statistics.median(each) for each in zip(*taken, strict=True))
            print(f"{what:34} {large:8.3f} s  {small:8.3f} s  {large / small:6.2f}")


if __name__ == "__main__":
    main()
    subprocess.run([sys.executable, str(Path(__file__).with_name("lasting.py"))], check=True)
