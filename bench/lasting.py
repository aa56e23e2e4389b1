"""What a program that goes on and on takes: a window in which checks are made, a pass over an upload folder.

    python bench/lasting.py [CHECKS [FILES]]        50 and 400 unless given

Each in a process of its own, as ratios of its most memory: after all checks of 5,000 rows beside after the first fifth
of them; a pass over all files of ten rows beside one over a quarter of them, and the time a file takes in each. Not on
Windows, which does not tell a process's most memory in the same way.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from check import workbook
from growth import WHERE, books

CHECKS, FILES = 50, 400


class Nobody:
    """A screen that nobody looks at."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


def most_memory() -> float:
    """MiB, since the process began."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def checks(folder: Path, count: int) -> tuple[float, float]:
    """Most memory after a fifth of so many checks in one window's presenter, and after all of them."""
    from bulkops.desktop.presenter import Presenter
    from bulkops.desktop.state import BUSY
    from bulkops.desktop.worker import Worker

    path, home, taken = folder / "asked.xlsx", folder / "home", []
    workbook(path, 5_000)
    home.mkdir(mode=0o700)
    worker = Worker()
    presenter = Presenter(Nobody(), worker, home)
    for _ in range(count):
        presenter.choose(path)
        while presenter.state.phase in BUSY:
            worker.wait(600)
        taken.append(most_memory())
    return taken[count // 5 - 1], taken[-1]


def a_pass(folder: Path, count: int) -> tuple[float, float]:
    """Seconds that a file takes in a pass over so many, and most memory."""
    from bulkops.cli.inbox import go_through

    uploads, home = folder / "uploads", folder / "home"
    for each in (uploads, home):
        each.mkdir(mode=0o700)
    for _ in islice(books(uploads), count):
        pass
    os.environ["BULKOPS_HOME"] = str(home)
    begun = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        code = go_through(uploads, WHERE, home, yes=True, as_json=True)
    # The practice EnergyCAP refuses some of their rows; of many files one may have none of these.
    if code != 1 or len(list(uploads.glob("*/upload *[0-9].xlsx"))) != count:
        raise SystemExit(f"the pass did not end as it should ({code})")
    return (time.perf_counter() - begun) / count, most_memory()


def alone(act, count: int) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """What it comes to in a process and a folder of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process,
    ):
        return process.submit(act, Path(folder), count).result()


def main(checked: int = CHECKS, files: int = FILES) -> None:
    """Print a line for each."""
    early, late = alone(checks, checked)
    print(f"{f'memory after {checked} checks':34} {late:8.0f} MiB {early:8.0f} MiB {late / early:6.2f}")
    (slow, large), (quick, small) = (alone(a_pass, count) for count in (files, files // 4))
    print(f"{f'memory after a pass of {files:,} files':34} {large:8.0f} MiB {small:8.0f} MiB {large / small:6.2f}")
    print(f"{'a file of it':34} {slow:8.3f} s   {quick:8.3f} s   {slow / quick:6.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
