"""What is asked and who answers: workbooks of rows, and a stand-in EnergyCAP that remembers what reached it.

The stand-in is a process of its own (``python bench/stand_in.py SEED LATENCY``), which outlives whoever is killed
while talking to it. Every answer is given once only, so that it can be told whose it is.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

KEY = "crash-bench-key"
PATIENCE = 60.0
"""Seconds; whatever takes longer hangs."""
HEADINGS = {
    "Kickouts": ("Task GUID", "Batch mode", "New batch code", "Pending batch ID", "Send again"),
    "Flag edits": ("List ID", "Flag status", "Comment", "Send again"),
}
REQUESTS = {
    "Kickouts": ("POST", "/api/v202401/import/bill/task/{}/kickout"),
    "Flag edits": ("PUT", "/api/v3/list/{}/flagAction"),
}
ANSWER = ("taskGUId", "selected", "updated")


class Row(NamedTuple):
    """A row of a workbook, and the request it asks for."""

    sheet: str
    number: int
    cells: tuple[Any, ...]
    method: str
    path: str

    @classmethod
    def of(cls, sheet: str, number: int, *cells: Any) -> Row:
        """The first cell is the target."""
        method, path = REQUESTS[sheet]
        return cls(sheet, number, cells, method, path.format(cells[0]))


def some_rows(chance: random.Random, count: int) -> list[Row]:
    """Neighbours that may run side by side and others that may not, half of each operation; every target once."""
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


def answer_of(arrival: dict[str, Any]) -> tuple[Any, ...]:
    """(new task GUID, selected, updated) as the stand-in answered."""
    return tuple(map(arrival["answer"].get, ANSWER))


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
            env={**os.environ, **quiet},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def read(self) -> str:
        """A line that it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the bench is gone")
        return line

    def tell(self, line: str) -> None:
        """A line for it to read."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class StandIn(OwnProcess):
    """The stand-in, from outside. It answers after at most ``latency`` seconds, by chance."""

    def __init__(self, seed: str, latency: float = 0.005) -> None:
        super().__init__(__file__, seed, str(latency))
        self.port = int(self.read())
        self.base_url = f"http://127.0.0.1:{self.port}"

    def arrivals(self, forget: bool = False) -> list[dict[str, Any]]:
        """Each write that reached it, in order: method, path, body, its answer, and whether that could be given.

        Told only when nobody else is connected any more: what a dead child left on its way has arrived by then.
        """
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            asking.request("DELETE" if forget else "GET", "/arrivals")
            found: list[dict[str, Any]] = json.loads(asking.getresponse().read())
            return found
        finally:
            asking.close()


class _Service:
    """What the stand-in knows."""

    def __init__(self, seed: str, latency: float) -> None:
        # Not the numbers that the rows are made of: a new task is never one of theirs.
        self.random, self.latency = random.Random(f"{seed} answers"), latency
        self.arrivals: list[dict[str, Any]] = []
        self.open: set[_Talk] = set()
        self.asking: set[_Talk] = set()
        self._serial = 0

    def carry_out(self, method: str, path: str, body: str) -> dict[str, Any]:
        """Remember a write, and its answer."""
        self._serial += 1
        counts = {"selected": self._serial + 1000, "updated": self._serial}
        guid = {"taskGUId": str(uuid.UUID(int=self.random.getrandbits(128), version=4))}
        answer = guid if method == "POST" else counts
        self.arrivals.append({"method": method, "path": path, "body": body, "answer": answer, "answered": False})
        return self.arrivals[-1]

    def tell(self) -> None:
        """Tell those who ask for the arrivals, once nobody else is there."""
        if self.asking and self.open == self.asking:
            told = self.arrivals
            for talk in self.asking:
                talk.say(told)
                self.arrivals = [] if talk.forgets else self.arrivals
            self.asking = set()


class _Talk(asyncio.Protocol):
    """One connection."""

    forgets = False

    def __init__(self, service: _Service) -> None:
        self._service, self._read = service, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._service.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.open.discard(self)
        self._service.tell()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
        if end and len(body) >= length:
            self._read = body[length:]
            method, path, _ = lines[0].split(" ")
            self._arrived(method, path, body[:length].decode())

    def _arrived(self, method: str, path: str, body: str) -> None:
        service = self._service
        if path == "/arrivals":
            self.forgets = method == "DELETE"
            service.asking.add(self)
            service.tell()
        elif method == "GET":
            me = {"systemUserCode": "bench", "fullName": "Crash Bench"}
            self.say([] if path.startswith("/api/v3/flag/flagType") else me)
        else:
            # Carried out from here on, whether or not anybody will be there to hear the answer.
            arrival = service.carry_out(method, path, body)
            delay = service.random.uniform(0, service.latency)
            asyncio.get_running_loop().call_later(delay, self._answer, arrival)

    def _answer(self, arrival: dict[str, Any]) -> None:
        if not self._transport.is_closing():
            arrival["answered"] = True
            self.say(arrival["answer"])

    def say(self, value: Any) -> None:
        """200 with a value."""
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve(seed: str, latency: float) -> None:
    loop = asyncio.get_running_loop()
    service = _Service(seed, latency)
    server = await loop.create_server(lambda: _Talk(service), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))
