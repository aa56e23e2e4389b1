"""Workbooks of rows, and a practice EnergyCAP that accepts any task and any list.

It is a process of its own (``python bench/stand_in.py SEED LATENCY``), which survives when a client is killed. No two
answers are alike, so that each can be traced to its request.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

CHECKOUT = Path(__file__).resolve().parents[1]
KEY = "practice-key"
PATIENCE = 60.0
"""Seconds; whatever takes longer hangs."""
HEADINGS = {
    "Kickouts": ("Task GUID", "Batch mode", "New batch code", "Pending batch ID", "Send again"),
    "Flag edits": ("List ID", "Flag status", "Comment", "Send again"),
}


class Row(NamedTuple):
    """A row of a workbook."""

    sheet: str
    number: int
    cells: tuple[Any, ...]

    @classmethod
    def of(cls, sheet: str, number: int, *cells: Any) -> Row:
        """The first cell is the target."""
        return cls(sheet, number, cells)

    @property
    def target(self) -> str:
        """The task or list that it names."""
        return str(self.cells[0])


class Arrival(NamedTuple):
    """A write that was carried out."""

    target: str
    answer: tuple[Any, ...]
    """(new task GUID, selected, updated)"""


def some_rows(chance: random.Random, count: int) -> list[Row]:
    """Neighbours that may run side by side and others that may not, half of each operation; no target twice."""
    rows: list[Row] = []
    half = count // 2
    modes = (("new self-contained batch", 6), ("use pending batch", 6), ("smart batch", 2), ("new batch", 2))
    while len(rows) < half:
        mode, most = chance.choice(modes)
        code, pending = f"C{len(rows)}" if mode == "smart batch" else None, 502 if mode == "use pending batch" else None
        for _ in range(min(chance.randint(1, most), half - len(rows))):
            guid = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            rows.append(Row.of("Kickouts", len(rows) + 2, guid, mode, code, pending))
    lists = chance.sample(range(1000, 2**31 - 1), count)
    while len(rows) < count:
        edit = (chance.choice(("Resolved", "Unresolved")), f"Edit {len(rows)}")
        for _ in range(min(chance.randint(1, 8), count - len(rows))):
            rows.append(Row.of("Flag edits", len(rows) - half + 2, lists.pop(), *edit))
    return rows


def fill(path: Path, rows: Collection[Row], again: Mapping[Row, str] | None = None) -> None:
    """Make the workbook; ``again``: the codes in Send again."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, headings in HEADINGS.items():
        book.create_sheet(name).append(headings)
    for row in rows:
        book[row.sheet].append((*row.cells, (again or {}).get(row)))
    book.save(path)


class OwnProcess:
    """A Python file that runs as a process of its own, and ends when its standard input does."""

    def __init__(self, script: str, *arguments: str) -> None:
        # Libraries for arithmetic start threads when they are imported; a forked child would not have them.
        quiet = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, script, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **quiet, "PYTHONPATH": str(CHECKOUT)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def read(self) -> str:
        """The next line of its standard output."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the bench is gone")
        return line

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class StandIn(OwnProcess):
    """The practice EnergyCAP, seen from its user's process. A write takes up to ``latency`` seconds, at random."""

    def __init__(self, seed: str, latency: float = 0.005) -> None:
        super().__init__(__file__, seed, str(latency))
        self.base_url = self.read().strip()

    def arrivals(self, forget: bool = False) -> list[Arrival]:
        """Each write that was carried out, in order, whether or not its answer could be sent.

        Known only when no client is connected any more: what a killed child had sent has arrived by then.
        """
        # What was sent on earlier connections has been accepted before this one.
        asking = http.client.HTTPConnection(self.base_url.removeprefix("http://"), timeout=PATIENCE)
        asking.request("GET", "/")
        asking.getresponse().read()
        asking.close()
        self.tell("forget" if forget else "keep")
        return [Arrival(target, tuple(answer)) for target, answer in json.loads(self.read())]


def _serve(seed: str, latency: float) -> None:
    from bulkops.practice import State, seed_data
    from bulkops.practice.faults import WRITES, Fault, Faults
    from bulkops.practice.records import Applied, Task, User
    from bulkops.practice.server import PracticeServer

    # Other numbers than those of the rows, so that a new task is never one of theirs.
    chance = random.Random(f"{seed} answers")
    serial = itertools.count(1)

    class AnyTarget(State):
        """Writes are accepted whatever they name."""

        def reimport(self, user: User, guid: str, request: Any) -> Task:
            new = str(uuid.UUID(int=chance.getrandbits(128), version=4))
            self.applied.append(Applied("kickout_reimport", guid, user, request.sent(), new))
            return next(seed_data.tasks()).model_copy(update={"guid": new})

        def edit_flags(self, user: User, number: int, edit: Any) -> Applied:
            updated = next(serial)
            counts = {"selected": updated + 1000, "updated": updated}
            self.applied.append(Applied("list_flag_edit", str(number), user, edit.sent(), **counts))
            return self.applied[-1]

    class Late(Faults):
        """Every write is answered late. What is read is refused, but for whose key it is: nothing is known of any
        target."""

        def take(self, method: str, path: str) -> Fault | None:
            if method in WRITES:
                return Fault.slow(chance.uniform(0, latency))
            return None if path.endswith("/me") else Fault.answer(403, json={"message": "Not for you."})

    with PracticeServer(AnyTarget(), Late()) as server:
        print(server.base_url, flush=True)
        for line in sys.stdin:
            while server.busy:
                time.sleep(0.001)
            found = [(each.target, (each.new_task, each.selected, each.updated)) for each in server.state.applied]
            if line == "forget\n":
                server.state.applied.clear()
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], float(sys.argv[2]))
