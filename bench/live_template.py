"""How long a large template takes that is filled from EnergyCAP's names, how large it is, and how long its check takes.

    python bench/live_template.py [lists] [users] [imports]

5,000 lists, 2,000 users and 1,000 imports with kickouts, a row for each, unless other numbers are given. What
EnergyCAP takes to tell them is not in it. Each check is a whole process; the middle one of five counts. Beside each
figure stands the processor's time, which a computer with other work to do does not make longer.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from bulkops.model.facts import Batch, BillList, Facts, FlagType, Person, Task
from bulkops.workbook.writing.live_template import Contents, content
from bulkops.workbook.writing.reference_sheets import Import

CHECKS = 5


def contents(lists: int, users: int, imports: int) -> Contents:
    """Made-up names of ordinary lengths."""
    people = [
        Person(100 + number, f"Jordan Example {number:04d}", f"JEXAMPLE{number}", True) for number in range(users)
    ]
    kinds = [
        BillList(2000 + at, f"Site {at:05d} electric to review", people[at % users], "Bills") for at in range(lists)
    ]
    begun = datetime(2026, 11, 28, 17)
    tasks = [
        Task(
            f"7d9e4c10-5b3a-4f6e-9c21-{at:012d}",
            status="Completed with kickouts",
            begin=begun - timedelta(minutes=at),
            person=people[at % users],
            note=f"Statement {at} of the month",
            file=f"Utility statement {at:04d}.csv",
            batch_code=f"BATCH-{at:04d}",
            imported=at % 500,
        )
        for at in range(imports)
    ]
    facts = Facts(
        flag_types={at: FlagType(at, f"Type {at}") for at in range(20)},
        lists={each.id: each for each in kinds},
        users={each.id: each for each in people},
        batches={
            at: Batch(at, f"BATCH-{at}", ("open", "pending")[at % 2], people[at % users], at) for at in range(200)
        },
        all_open=True,
        asked=True,
    )
    return Contents("Names from nowhere.", facts, [Import(task, True) for task in tasks], rows=True)


def _main(lists: int, users: int, imports: int) -> None:
    given = contents(lists, users, imports)
    begun, used = time.perf_counter(), time.process_time()
    made = content(given)
    took, cpu = time.perf_counter() - begun, time.process_time() - used
    print(f"made     {took:5.2f} s   processor {cpu:5.2f} s   {len(made) / 1e6:.2f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "August.xlsx")
        path.write_bytes(made)
        command = [sys.executable, "-m", "bulkops", "check", str(path), "--json"]
        checks = sorted(_seconds(command) for _ in range(CHECKS))
    took, cpu = checks[CHECKS // 2]
    print(f"checked  {took:5.2f} s   processor {cpu:5.2f} s")


def _seconds(command: list[str]) -> tuple[float, float]:
    """(by the clock, of the processor) that a program takes."""
    begun, used = time.perf_counter(), _children()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - begun, _children() - used


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    _main(*map(int, [*sys.argv[1:], *("5000", "2000", "1000")[len(sys.argv) - 1 :]]))
