"""How long sending takes, as ratios to what nobody can avoid: rows x latency / rows side by side.

    python bench/send.py [ROWS] [RUNS]        1,000 rows and 3 runs unless given

A server in a process of its own answers each write after exactly 50 ms. The practice server would be too slow here: it
needs about 1 ms of a processor for each answer, this one 0.1 ms, and what a contender adds to the latency is of that
size; side by side, answers of one process that come due together would wait for each other. Every contender sends the
same flag edit to ROWS different lists, in a process of its own; the contenders take turns, and each figure is the
median of its runs. ``http.client`` alone is the yardstick's own floor: what it needs beyond 1.000 is the server's and
this computer's.

- requests: one Session for each worker, and no outcome is kept anywhere.
- EnergyCAP's own SDK: its operation flag_bill_list_action, its connections kept open, one client for all workers as it
  is meant to be used. It is installed for this bench alone, into a folder that is removed afterwards.
- bulkops: the real thing, from prepare; timed from the moment the run begins (the ledger gets its lines, then the
  intent, the send and the outcome of every row, each durable) to the last outcome. What comes before is timed by
  bench/check.py; writing the results comes after. The ledger lies in the folder for temporary files (TMPDIR moves it).
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

LATENCY = 0.05
KEY = "bench-key-of-no-server"
SDK = Path(__file__).parent.parent / "tests" / "practice" / "official_client.lock"
BODY = {
    "assignees": None,
    "comment": "Checked",
    "costRecovery": None,
    "flagStatusId": 2,
    "flagTypeId": 2,
    "holdFromExport": False,
    "releaseExportHold": False,
}
READS = {
    b"/api/v3/me": b'{"systemUserId": 1, "systemUserCode": "bench", "fullName": "Bench"}',
    b"/api/v3/flag/flagType": b'[{"flagTypeId": 2, "flagTypeInfo": "Bill review"}]',
}
WRITTEN = b'{"selected": 12, "updated": 7}'


def serve() -> None:
    """Answer for ever: reads at once, writes after the latency. The first line of stdout is the port."""
    late = statistics.median(oversleep() for _ in range(21))
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listening.getsockname()[1], flush=True)
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=answer, args=(connection, LATENCY - late), daemon=True).start()


def oversleep() -> float:
    """By how much this computer sleeps longer than the latency: some tenths of a millisecond, nobody's fault below."""
    begun = time.perf_counter()
    time.sleep(LATENCY)
    return time.perf_counter() - begun - LATENCY


def answer(connection: socket.socket, seconds: float) -> None:
    """Answer one connection's requests until it is closed, writes after that many seconds."""
    with connection:
        while True:
            text = b""
            while (head := text.find(b"\r\n\r\n")) < 0 or len(text) < head + 4 + length_of(text[:head]):
                more = connection.recv(65536)
                if not more:
                    return
                text += more
            body = READS.get(text.split(b" ", 2)[1])
            if body is None:
                time.sleep(seconds)
                body = WRITTEN
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


def length_of(head: bytes) -> int:
    """What a request's head says of its body."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def all_rows(connect: Callable[[], Callable[[int], None]], rows: int, jobs: int) -> float:
    """Seconds for all rows by ``jobs`` workers, each with a sender of its own."""
    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "send"):
            local.send = connect()
        local.send(number)

    begun = time.perf_counter()
    if jobs == 1:
        for number in range(rows):
            one(number)
    else:
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(one, range(rows)))
    return time.perf_counter() - begun


def by_http_client(base_url: str, rows: int, jobs: int) -> float:
    """The standard library alone."""

    def connect() -> Callable[[int], None]:
        connection = http.client.HTTPConnection(base_url.removeprefix("http://"))
        body, headers = json.dumps(BODY), {"ECI-ApiKey": KEY, "Content-Type": "application/json"}

        def send(number: int) -> None:
            connection.request("PUT", f"/api/v3/list/{number}/flagAction", body, headers)
            assert json.loads(connection.getresponse().read())["updated"] == 7

        return send

    return all_rows(connect, rows, jobs)


def by_requests(base_url: str, rows: int, jobs: int) -> float:
    """What one would write first."""
    import requests

    def connect() -> Callable[[int], None]:
        session = requests.Session()
        session.headers.update({"ECI-ApiKey": KEY})

        def send(number: int) -> None:
            reply = session.put(f"{base_url}/api/v3/list/{number}/flagAction", json=BODY, timeout=60)
            reply.raise_for_status()
            assert reply.json()["updated"] == 7

        return send

    return all_rows(connect, rows, jobs)


def by_sdk(base_url: str, rows: int, jobs: int) -> float:
    """EnergyCAP's own SDK."""
    from energycap.sdk import EnergyCapApi
    from energycap.sdk.models import FlagEdit

    with EnergyCapApi(base_url) as api:
        edit = FlagEdit(
            comment="Checked", flag_status_id=2, flag_type_id=2, hold_from_export=False, release_export_hold=False
        )

        def send(number: int) -> None:
            result = api.flag_bill_list_action(number, edit, custom_headers={"ECI-ApiKey": KEY})
            assert result.updated == 7

        return all_rows(lambda: send, rows, jobs)


def by_bulkops(base_url: str, rows: int, jobs: int) -> float:
    """The real thing, with its ledger."""
    from openpyxl import Workbook

    from bulkops.energycap import environments
    from bulkops.model.outcomes import Outcome, Status
    from bulkops.runs import prepare
    from bulkops.runs.control import Control
    from bulkops.runs.execute import execute
    from bulkops.runs.report import Options
    from bulkops.system import data_folder

    with tempfile.TemporaryDirectory() as folder:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Flag edits")
        sheet.append(["List ID", "Flag type ID", "Flag status", "Comment"])
        for number in range(rows):
            sheet.append([number + 1, 2, 2, "Checked"])
        path = Path(folder) / "Flags.xlsx"
        book.save(path)
        os.environ |= {"BULKOPS_API_KEY": KEY, "BULKOPS_HOME": str(Path(folder) / "home")}
        where = environments.environment(base_url=base_url)
        ended = 0.0

        def seen(outcome: Outcome) -> None:
            nonlocal ended
            assert outcome.status is Status.DONE, outcome
            ended = time.perf_counter()

        with prepare.prepare(path, where, data_folder.home(), Options(jobs=jobs, offline=True)) as prepared:
            assert prepared.blocker is None, prepared.blocker
            begun = time.perf_counter()
            report = execute(prepared, Control(), seen)
        assert len(report.outcomes) == rows
        return ended - begun


CONTENDERS = {
    "http.client alone": by_http_client,
    "requests": by_requests,
    "EnergyCAP's SDK": by_sdk,
    "bulkops": by_bulkops,
}


@contextmanager
def server() -> Iterator[str]:
    """The server's address, for as long as it is needed."""
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def python_with_sdk(folder: str) -> str | None:
    """A Python of its own that has the SDK; None, and a line that says why, where that cannot be had."""
    try:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python")
        quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, "-r", SDK], check=True, capture_output=True, text=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        print(
            f"EnergyCAP's SDK cannot be installed here, so it is not measured: {said[-1] if said else error}",
            file=sys.stderr,
        )
        return None
    return python


def durable_commit() -> float:
    """Median seconds of one durable commit where the ledger lies: each row has two of them."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        ledger = sqlite3.connect(Path(folder) / "commits.sqlite3", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON"):
            ledger.execute(f"PRAGMA {pragma}")
        ledger.execute("CREATE TABLE line (text TEXT)")
        for _ in range(200):
            begun = time.perf_counter()
            ledger.execute("INSERT INTO line VALUES (?)", ("x" * 400,))
            seconds.append(time.perf_counter() - begun)
        ledger.close()
    return statistics.median(seconds)


def compare(rows: int, runs: int) -> None:
    """Print a line for each contender, one by one and eight side by side."""
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    with tempfile.TemporaryDirectory() as folder, server() as base_url:
        pythons = dict.fromkeys(CONTENDERS, sys.executable) | {"EnergyCAP's SDK": python_with_sdk(folder)}
        found: dict[tuple[str, int], list[float]] = {(name, jobs): [] for name in CONTENDERS for jobs in (1, 8)}
        for _ in range(runs):
            for (name, jobs), seconds in found.items():
                if python := pythons[name]:
                    command = [python, __file__, name, base_url, str(rows), str(jobs)]
                    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=surroundings)
                    seconds.append(float(ended.stdout))
    print(f"{rows:,} rows, {LATENCY * 1000:g} ms each; a durable commit takes {durable_commit() * 1000:.2f} ms here\n")
    for (name, jobs), seconds in found.items():
        took = f"{statistics.median(seconds):7.2f} s" if seconds else "not measured"
        ratio = f"  {statistics.median(seconds) / (rows * LATENCY / jobs):6.3f}" if seconds else ""
        print(f"{name:20} {jobs} side by side  {took}{ratio}")


def main() -> None:
    """The comparison; or, in a process of its own, the server, or one contender that prints its seconds."""
    if sys.argv[1:] == ["serve"]:
        serve()
    elif len(sys.argv) == 5:
        name, base_url, *numbers = sys.argv[1:]
        print(CONTENDERS[name](base_url, *map(int, numbers)))
    else:
        rows, runs = [int(given) for given in sys.argv[1:]] + [1_000, 3][len(sys.argv) - 1 :]
        compare(rows, runs)


if __name__ == "__main__":
    main()
