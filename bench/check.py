"""How long whole commands take, as ratios to what nobody can avoid.

    python bench/check.py [runs]

Each figure is the median of some runs of a whole process. The yardstick is a process that only
imports pandas and pandera: a check cannot be quicker than that. All rows are good, or half of them
are wrong. The peaks are those of the process and of the one it starts to read a big workbook.
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


def workbook(path: Path, rows: int, wrong_too: bool = True, first: int = 0) -> None:
    """Kickout rows, of tasks from a number on; every second one has two mistakes, if there are to be any."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Kickouts")
    sheet.append(HEADINGS)
    for number in range(first, first + rows):
        wrong = wrong_too and number % 2 == 1
        guid = "not a GUID" if wrong else str(uuid.UUID(int=number))
        sheet.append(
            [
                guid,
                "new batch",
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


_WATCHED = """
import resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
finally:
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(*peaks, file=sys.stderr)
"""


def measure(arguments: list[str], runs: int, home: str) -> tuple[float, int, int]:
    """Median seconds, and the largest peak memory in MiB of ``python -m …`` and of what it starts."""
    seconds, peaks = [], [(0, 0)]
    for _ in range(runs + 1):
        begun = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-c", _WATCHED, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "BULKOPS_HOME": home},
        )
        seconds.append(time.perf_counter() - begun)
        own, childs = ended.stderr.split()[-2:]
        peaks.append((int(own) // 1024, int(childs) // 1024))
    return statistics.median(seconds[1:]), max(own for own, _ in peaks), max(childs for _, childs in peaks)


def main() -> None:
    """Print a line for each command."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        yardstick = Path(folder) / "yardstick.py"
        yardstick.write_text("import pandas, pandera.pandas\n", encoding="utf-8")
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, os.getcwd()])
        imports, peak, _ = measure(["yardstick"], runs, folder)
        print(f"{'import pandas and pandera':34} {imports:6.2f} s   1.00   {peak:5} MiB")
        commands = {"bulkops --help": ["bulkops", "--help"]}
        for rows in (1_000, 10_000, 100_000):
            for wrong_too, what in ((False, "good"), (True, "half wrong")):
                path = Path(folder) / f"{rows} {what}.xlsx"
                workbook(path, rows, wrong_too)
                commands[f"bulkops check, {rows:,} {what}"] = ["bulkops", "check", str(path), "--json"]
        for name, arguments in commands.items():
            seconds, own, childs = measure(arguments, runs if "100,000" not in name else min(runs, 3), folder)
            print(f"{name:34} {seconds:6.2f} s  {seconds / imports:5.2f}   {own:5} MiB and {childs:4} MiB")


if __name__ == "__main__":
    main()
