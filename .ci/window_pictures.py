"""Makes pictures of the window in its main states, each a real one: of a run against a practice server.

    PYTHONPATH=. xvfb-run -a -s "-screen 0 1400x900x24" python .ci/window_pictures.py [FOLDER]

Needs ImageMagick (import, convert). Without a folder they go where docs/operators.md looks for them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

import openpyxl

from bulkops.desktop.state import Phase
from bulkops.desktop.theme import dress
from bulkops.desktop.window import Window
from bulkops.energycap import environments
from bulkops.practice.server import PRACTICE_KEY, Fault, PracticeServer
from bulkops.workbook.writing import templates

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SHOWN = ("checked", "question", "ended", "key", "history")
TASK = "7d9e4c10-5b3a-4f6e-9c21-0000000000{:02d}"
KICKOUTS = (
    (TASK.format(1), "new batch"),
    (TASK.format(2), "new self-contained batch", None, None, "KICK-AUG"),
    (TASK.format(3), "use pending batch"),
    (TASK.format(4), "smart bach", None, None, "MICRO-07"),
    (TASK.format(51), "new self-contained batch"),
)
FLAGS = (
    (2002, None, "Resolved", None, "Answered by vendor", None, None, "Yes", 40),
    (2006, 2, "Unresolved", "12,50", "Rate changed", "101;102"),
    *((2006 + number, None, "Resolved", None, f"Answered in ticket {4711 + number}") for number in range(1, 16)),
)


class Studio:
    """A window, and a camera before it."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.root = tk.Tk()
        self.folder = folder
        self.window = Window(self.root, dress(self.root), home, lambda path: None)
        self.root.geometry("+0+0")
        self.settle()

    def settle(self, milliseconds: int = 400) -> None:
        """Let everything be drawn."""
        self.root.after(milliseconds, self.root.quit)
        self.root.mainloop()

    def until(self, happened: Callable[[], object]) -> None:
        """Wait for something."""
        while not happened():
            self.settle(20)
        self.settle()

    def phase(self, *phases: Phase) -> None:
        self.until(lambda: self.window.presenter.state.phase in phases)

    def picture(self, name: str) -> None:
        """The main window, with whatever stands before it."""
        self.settle()
        size = f"{self.root.winfo_width()}x{self.root.winfo_height()}+0+0"
        if self.folder == PICTURES and name not in SHOWN:
            return
        path = self.folder / f"window-{name}.png"
        subprocess.run(["import", "-window", "root", "-crop", size, "+repage", str(path)], check=True)
        subprocess.run(["convert", str(path), "-strip", "+dither", "-colors", "255", f"png8:{path}"], check=True)


def filled(path: Path) -> Path:
    """A workbook as somebody filled it in: most rows are good."""
    templates.make_template(path)
    book = openpyxl.load_workbook(path)
    for sheet, rows in (("Kickouts", KICKOUTS), ("Flag edits", FLAGS)):
        for number, row in enumerate(rows, 2):
            for column, value in enumerate(row, 1):
                book[sheet].cell(number, column).value = value
    book.save(path)
    return path


def main(folder: Path) -> None:
    """Go through the window's states, and photograph each."""
    folder.mkdir(parents=True, exist_ok=True)
    # A short name, for it can be read in the pictures.
    name = Path(tempfile.gettempdir()) / "Finance"
    shutil.rmtree(name, ignore_errors=True)
    name.mkdir()
    with PracticeServer() as server:
        home = name / "home"
        home.mkdir()
        os.environ.update(BULKOPS_HOME=str(home), BULKOPS_BASE_URL=server.base_url, BULKOPS_API_KEY=PRACTICE_KEY)
        book = filled(name / "August.xlsx")
        studio = Studio(home, folder)
        window, presenter = studio.window, studio.window.presenter
        studio.picture("start")
        presenter.choose(book)
        studio.phase(Phase.CHECKED)
        studio.picture("checked")
        presenter.run()
        studio.phase(Phase.ASKING)
        studio.picture("question")
        presenter.answer(False)
        studio.phase(Phase.CHECKED)
        presenter.choose_environment(environments.environment())
        studio.phase(Phase.CHECKED)
        presenter.run()
        studio.phase(Phase.ASKING)
        server.faults.add(Fault.drop_reply(), path_contains="/list/2009/")
        server.faults.add(Fault.slow(0.25), times=None)
        presenter.answer(True, str(presenter.state.counts.total() - 3))
        studio.until(lambda: presenter.state.came > 6)
        studio.picture("running")
        studio.phase(Phase.ENDED)
        studio.picture("ended")
        window.tabs.select(window.history)
        studio.until(lambda: not presenter.worker.busy)
        studio.picture("history")
        inbox = name / "Uploads"
        inbox.mkdir()
        filled(inbox / "Vendor September.xlsx")
        (inbox / "Notes.docx").write_bytes(b"no workbook")
        (inbox / "Empty.xlsx").touch()
        window.tabs.select(window.inbox)
        window.inbox.presenter.choose(inbox)
        studio.until(lambda: not window.inbox.busy)
        studio.picture("inbox")
        window.tabs.select(0)
        window.need_key(environments.environment("us-east"))
        studio.until(lambda: not presenter.worker.busy)
        studio.picture("key")
        presenter.close_when_stopped()
    shutil.rmtree(name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
