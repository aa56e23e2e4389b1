"""How quickly the window can be seen, how long a check takes in it, how long it is ever kept from its own events, and
what a row that has its outcome costs it.

    PYTHONPATH=. xvfb-run -a python bench/window.py [ROWS] [RUNS]

Ratios of medians: the start beside that of a bare Tk window, the check beside the same check without a window, a row of
100,000 beside one of 5,000.
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
from dataclasses import replace
from pathlib import Path

import openpyxl

BARE = "import tkinter as tk; root = tk.Tk(); root.update()"
OURS = (
    "from bulkops.desktop import starting, window; "
    "window.Window.take = lambda self, _: self.root.after(1, self.root.destroy)"
)
CHECK = (
    "import sys; from pathlib import Path; from bulkops.runs.preview import check; "
    "from bulkops.runs.report import Options; "
    "from bulkops.model.environment import Environment; from bulkops.system.data_folder import home; "
    "check(Path(sys.argv[1]), Environment('practice', ''), home(), Options())"
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
    from bulkops.desktop.state import Phase
    from bulkops.desktop.theme import dress
    from bulkops.desktop.window import Window
    from bulkops.system import data_folder

    root = tk.Tk()
    window = Window(root, dress(root), data_folder.home(), lambda path: None)
    root.update()
    gaps: list[float] = []
    began = last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
        if window.presenter.state.phase is Phase.CHECKED:
            window.root.update_idletasks()
            root.quit()
        else:
            root.after(5, beat)

    window.presenter.choose(book)
    root.after(5, beat)
    root.mainloop()
    taken = time.perf_counter() - began
    window.presenter.close_when_stopped()
    return taken, max(gaps)


def a_row(rows: int) -> float:
    """Milliseconds that the window takes to show that a row is done, in a table of so many: the outcomes come as fast
    as it can take them, forty at a time, as it would look for them in a run of a thousand rows a second."""
    from bulkops.desktop.lines import make_line
    from bulkops.desktop.theme import dress
    from bulkops.desktop.window import Window
    from bulkops.model.outcomes import Outcome, Status
    from bulkops.system import data_folder

    root = tk.Tk()
    window = Window(root, dress(root), data_folder.home(), lambda path: None)
    ready = [Outcome(seq, "Flag edits", seq + 2, "list_flag_edit", str(seq), Status.READY) for seq in range(rows)]
    lines = [make_line(each) for each in ready]
    window.presenter.state.take(lines)
    window.show_lines(lines)
    root.update()
    done = [make_line(replace(each, status=Status.DONE)) for each in ready[-2_000:]]
    began = time.perf_counter()
    for start in range(0, len(done), 40):
        for line in done[start : start + 40]:
            window.presenter.state.change(line)
            window.show_line(line)
        window.presenter.refresh()
        root.update()
    taken = time.perf_counter() - began
    window.presenter.close_when_stopped()
    return taken / len(done) * 1000


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
        few, many = of(runs, lambda: a_row(5_000)), of(runs, lambda: a_row(100_000))
        print(f"a row that is done: {few:.3f} ms of 5,000, {many:.3f} ms of 100,000, {many / few:.2f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
