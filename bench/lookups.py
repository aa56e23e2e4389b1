"""How long it takes to ask how many bills lists hold, before a run: seconds, and the ratio to lists x latency / 8.

    python bench/lookups.py [LISTS]        400 unless given

A server in a process of its own answers each question after exactly 100 ms: for a list of 5 bills with 4 columns, and
for one of 100 bills with 12 columns, the most that one answer holds. Eight questions are side by side.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

LATENCY, JOBS = 0.1, 8
SHAPES = ((5, 4), (100, 12))
"""(bills, columns)"""


def serve(bills: int, columns: int) -> None:
    """Answer for ever. The first line of stdout is the port."""
    names = ["Flag Status", "Held From Export", *(f"Column {place}" for place in range(3, columns + 1))]
    cells = [{"fieldId": place, "name": name, "value": None} for place, name in enumerate(names)]
    values: list[object] = ["Unresolved", True, *(f"What column {place} says" for place in range(3, columns + 1))]
    row = [cell | {"value": value} for cell, value in zip(cells, values, strict=True)]
    field = [{"fieldId": place, "caption": name} for place, name in enumerate(names)]
    meta = {"TotalCount": bills, "TotalCost": 100.5, "costUnitInfo": "US Dollar"}
    body = json.dumps({"field": field, "data": [row] * bills, "meta": meta}, separators=(",", ":")).encode()
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listening.getsockname()[1], flush=True)
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer, args=(connection, body), daemon=True).start()


def answer(connection: socket.socket, body: bytes) -> None:
    """Answer one connection's questions until it is closed."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with connection:
        text = b""
        while more := connection.recv(65536):
            text += more
            while b"\r\n\r\n" in text:
                text = text.partition(b"\r\n\r\n")[2]
                time.sleep(LATENCY)
                connection.sendall(head + body)


def measure(lists: int, bills: int, columns: int) -> None:
    """Print a line for lists of one shape."""
    from bulkops.energycap.account import senders
    from bulkops.energycap.inquiry import Inquiry
    from bulkops.energycap.key import Key
    from bulkops.energycap.tables import Wanted, look_up
    from bulkops.model.environment import Environment

    command = [sys.executable, __file__, "serve", str(bills), str(columns)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            where = Environment("bench", f"http://127.0.0.1:{int(process.stdout.readline())}")
            begun = time.perf_counter()
            with senders(where, Key("bench-key-of-no-server")) as connect:
                facts = look_up(Wanted(counts=frozenset(range(1, lists + 1))), Inquiry(connect, jobs=JOBS))
            seconds = time.perf_counter() - begun
        finally:
            process.kill()
    assert {(each.bills, each.flagged, each.held) for each in facts.counts.values()} == {(bills,) * 3}
    assert len(facts.counts) == lists, facts.untold
    ratio = seconds / (lists * LATENCY / JOBS)
    print(f"{lists} lists of {bills} bills, {columns} columns: {seconds:5.2f} s  {ratio:.3f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*map(int, sys.argv[2:]))
    else:
        for shape in SHAPES:
            measure(int(sys.argv[1]) if sys.argv[1:] else 400, *shape)
