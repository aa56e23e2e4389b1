"""How quickly the window can be seen, how long a check takes in it, and how long it is ever kept from its own events.

    PYTHONPATH=. xvfb-run -a python bench/window.py [ROWS] [RUNS]

Ratios of medians: the start beside that of a bare Tk window, the check beside the same check without a window.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import openpyxl

BARE = "import tkinter as tk; root = tk.Tk(); root.update()"
OURS = (
    "from bulkops.desktop import starting, window; "
    "window.Window.take = lambda self, _: self.root.after(1, self.root.destroy)"
)
CHECK = (
    "import sys; from pathlib import Path; from bulkops import app, settings; from bulkops.report import Options; "
    "app.check(Path(sys.argv[1]), settings.Environment('practice', ''), settings.home(), Options())"
)


def seconds(*command: str) -> float:
    """How long a program takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-P", *command], check=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - began


def filled(path: Path, rows: int) -> Path:
    """Flag edits of so many lists, one row in ten wrong."""
    book = openpyxl.Workbook()
    book.active.append(["List ID", "Flag status", "Comment"])
    for number in range(rows):
        book.active.append([1_000_000 + number if number % 10 else "x", "Resolved", f"Answered {number}"])
    book.save(path)
    return path


def in_the_window(book: Path) -> tuple[float, float]:
    """(seconds until every row of a check is shown, the longest time between two looks at the window's events)."""
    from bulkops import settings
    from bulkops.desktop.look import dress
    from bulkops.desktop.state import Phase
    from bulkops.desktop.window import Window

    root = tk.Tk()
    window = Window(root, dress(root), settings.home(), lambda path: None)
    root.update()
    gaps: list[float] = []
    began = last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
        shown = len(window.table.tree.get_children())
        if window.presenter.state.phase is Phase.CHECKED and shown == len(window.presenter.state.lines):
            root.quit()
        else:
            root.after(5, beat)

    window.presenter.choose(book)
    root.after(5, beat)
    root.mainloop()
    taken = time.perf_counter() - began
    window.presenter.close_when_stopped()
    return taken, max(gaps)


def of(runs: int, measure: Callable[[], float]) -> float:
    """The median of so many runs, after one that warms up."""
    measure()
    return statistics.median(measure() for _ in range(runs))


def main(rows: int, runs: int) -> None:
    """Print the three."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["BULKOPS_HOME"] = str(Path(name) / "home")
        book = filled(Path(name) / "rows.xlsx", rows)
        if "inside" in sys.argv:
            taken, longest = in_the_window(book)
            print(f"{taken:.3f} {longest:.3f}")
            return
        bare, ours = (
            of(runs, lambda: seconds("-c", BARE)),
            of(runs, lambda: seconds("-c", f"{OURS}; starting.show([])")),
        )
        print(f"window can be seen: {ours:.2f} s, {ours / bare:.1f} x a bare Tk window")
        again = [sys.executable, "-P", __file__, str(rows), str(runs), "inside"]
        told = [subprocess.run(again, check=True, capture_output=True, text=True).stdout for _ in range(runs)]
        checks, gaps = zip(*((float(part) for part in each.split()[-2:]) for each in told), strict=True)
        alone = of(runs, lambda: seconds("-c", CHECK, str(book)))
        check = statistics.median(checks)
        print(f"check of {rows:,} rows shown: {check:.2f} s, {check / alone:.1f} x the same check without a window")
        print(f"longest without looking at the window's events: {max(gaps) * 1000:.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
