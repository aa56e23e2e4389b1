"""How long whole commands take, as ratios to what nobody can avoid.

    python bench/check.py [runs]

Each figure is the median of some runs of a whole process. The yardstick is a process that only
imports pandas and pandera: a check cannot be quicker than that. Half of the rows are wrong.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from openpyxl import Workbook

HEADINGS = (
    "Task GUID",
    "Batch mode",
    "Existing open batch ID",
    "Leave existing batches open",
    "New batch code",
    "Pending batch ID",
    "Comment",
    "Import note",
    "Save as resolved",
    "Send again",
)


def workbook(path: Path, rows: int) -> None:
    """Kickout rows, every second one with two mistakes."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Kickouts")
    sheet.append(HEADINGS)
    for number in range(rows):
        wrong = number % 2 == 1
        guid = "not a GUID" if wrong else str(uuid.UUID(int=number))
        sheet.append(
            [
                guid,
                "smart batch",
                12.5 if wrong else None,
                None,
                f"C{number}",
                None,
                f"comment {number}",
                "note",
                "Yes",
                None,
            ]
        )
    book.save(path)


def measure(command: list[str], runs: int, home: str) -> tuple[float, int]:
    """Median seconds and the largest peak memory in MiB of a whole process."""
    seconds, peak = [], 0
    for _ in range(runs + 1):
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "BULKOPS_HOME": home})
        _, _, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - begun)
        peak = max(peak, usage.ru_maxrss // 1024)
    return statistics.median(seconds[1:]), peak


def main() -> None:
    """Print a line for each command."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        imports, peak = measure([python, "-c", "import pandas, pandera.pandas"], runs, folder)
        print(f"{'import pandas and pandera':32} {imports:6.2f} s   1.00   {peak:5} MiB")
        commands = {"bulkops --help": [python, "-m", "bulkops", "--help"]}
        for rows in (1_000, 10_000, 100_000):
            path = Path(folder) / f"{rows}.xlsx"
            workbook(path, rows)
            commands[f"bulkops check, {rows:,} rows"] = [python, "-m", "bulkops", "check", str(path), "--json"]
        for name, command in commands.items():
            seconds, peak = measure(command, runs if "100,000" not in name else 1, folder)
            print(f"{name:32} {seconds:6.2f} s  {seconds / imports:5.2f}   {peak:5} MiB")


if __name__ == "__main__":
    main()
