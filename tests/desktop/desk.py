"""What the tests of the window share: somebody who looks at what the presenter shows, and somebody at the window."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from threading import Event
from time import monotonic

from bulkops.desktop.lines import Line
from bulkops.desktop.presenter import Presenter
from bulkops.desktop.state import Phase
from bulkops.desktop.theme import dress
from bulkops.desktop.view import Question, Shown
from bulkops.desktop.window import Window
from bulkops.desktop.worker import Worker
from bulkops.model.environment import Environment
from bulkops.practice.server import Fault, PracticeServer

PATIENCE = 20.0
"""Seconds after which something that should have happened is given up."""


def hold(practice: PracticeServer, path: str, method: str = "GET") -> Callable[[], None]:
    """Let the next answer about a path wait until it is let go."""
    gate = Event()
    practice.faults.add(
        Fault(True, lambda _, answer: gate.wait(PATIENCE) and answer), method=method, path_contains=path
    )
    return gate.set


@dataclass
class Watcher:
    """A screen that keeps what it is told."""

    shown: list[Shown] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    questions: list[Question | None] = field(default_factory=list)
    keys: list[Environment] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    closed: bool = False

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)

    def show_lines(self, lines: list[Line], stay: bool = False) -> None:
        self.lines = list(lines)

    def show_line(self, line: Line) -> None:
        self.lines = [line if each.seq == line.seq else each for each in self.lines]

    def ask(self, question: Question | None) -> None:
        self.questions.append(question)

    def need_key(self, where: Environment) -> None:
        self.keys.append(where)

    def open_file(self, path: Path) -> None:
        self.opened.append(path)

    def close(self) -> None:
        self.closed = True


class Operator:
    """Somebody who uses a presenter without a window. The clock stands still unless it is moved."""

    def __init__(self, home: Path) -> None:
        self.now = 0.0
        self.screen = Watcher()
        self.worker = Worker()
        self.presenter = Presenter(self.screen, self.worker, home, lambda: self.now)
        self.presenter.refresh()

    @property
    def shown(self) -> Shown:
        """What is to be seen now."""
        return self.screen.shown[-1]

    def until(self, *phases: Phase) -> Shown:
        """Wait until it has come so far; whatever else has been said by then was taken in."""
        while self.presenter.state.phase not in phases:
            self.worker.wait(PATIENCE)
        self.presenter.refresh()
        return self.shown

    def idle(self) -> Shown:
        """Wait until no job is on its way."""
        while self.worker.busy:
            self.worker.wait(PATIENCE)
        self.presenter.refresh()
        return self.shown

    def check(self, path: Path) -> Shown:
        """Choose a workbook and look at its rows."""
        self.presenter.choose(path)
        return self.until(Phase.CHECKED, Phase.FAILED)

    def run(self) -> Shown:
        """Run, say yes, and wait for the end."""
        self.presenter.run()
        self.until(Phase.ASKING)
        question = self.screen.questions[-1]
        assert question is not None
        assert self.presenter.answer(True, str(question.count)) == ""
        return self.until(Phase.ENDED, Phase.FAILED, Phase.CHECKED)

    def leave(self) -> None:
        """Leave no job behind."""
        self.presenter.close_when_stopped()
        try:
            self.idle()
        except Empty:  # the test has failed already, for another reason
            return


class Desk:
    """Somebody at the real window: clicks, keys, and eyes."""

    def __init__(self, home: Path, scaling: float | None = None) -> None:
        self.root = tk.Tk()
        if scaling is not None:
            self.root.tk.call("tk", "scaling", scaling)
        self.errors: list[BaseException] = []
        self.root.report_callback_exception = lambda _, error, __: self.errors.append(error)
        self.opened: list[Path] = []
        self.window = Window(self.root, dress(self.root), home, self.opened.append)
        self.root.update()

    def until(self, happened: Callable[[], object], what: str) -> None:
        """See to the window's events until something has happened."""
        give_up = monotonic() + PATIENCE

        def look() -> None:
            if happened() or self.errors or monotonic() > give_up:
                self.root.quit()
            else:
                self.root.after(5, look)

        if not happened():
            # In Tk's own loop, as outside the tests: what threads do to the window is only heard there.
            self.root.after(5, look)
            self.root.mainloop()
        assert not self.errors, self.errors
        assert happened(), f"never happened: {what}"

    def phase(self, *phases: Phase) -> None:
        """Wait until it has come so far."""
        self.until(lambda: self.window.presenter.state.phase in phases, " or ".join(each.value for each in phases))
        self.root.update()

    def click(self, widget: tk.Misc) -> None:
        """Press and release the mouse over a widget."""
        self.root.update()
        assert widget.winfo_viewable(), f"{widget} cannot be seen"
        x, y = widget.winfo_width() // 2, widget.winfo_height() // 2
        for event in ("<Enter>", "<Motion>", "<ButtonPress-1>", "<ButtonRelease-1>"):
            widget.event_generate(event, x=x, y=y)
        self.root.update()

    def press(self, keys: str, widget: tk.Misc | None = None) -> None:
        """Press a key where the keyboard is, or in a widget."""
        (widget or self.root.focus_get() or self.root).event_generate(keys)
        self.root.update()

    def write(self, text: str, entry: tk.Misc) -> None:
        """Type a text into an entry."""
        entry.focus_force()
        self.root.update()
        for char in text:
            entry.event_generate("<Key>", keysym=char)
        self.root.update()

    def rows(self) -> list[tuple[str, ...]]:
        """What the table shows from top to bottom: sheet, row, what it will do, state, message."""
        tree, seen = self.window.workbook.table.tree, {}
        for first in range(0, len(tree.names), tree.page):
            tree.yview_moveto(first / len(tree.names))
            seen.update({each: tuple(map(str, tree.item(each, "values"))) for each in tree.get_children()})
        return list(seen.values())

    def details(self) -> str:
        """The chosen row in full."""
        return self.window.workbook.details.text.get("1.0", tk.END).strip()

    def leave(self) -> None:
        """Close the window and leave no job behind."""
        presenter = self.window.presenter
        presenter.close_when_stopped()
        while presenter.worker.busy:
            presenter.worker.wait(PATIENCE)

    @property
    def alive(self) -> bool:
        """Is the window still there?"""
        try:
            return bool(self.root.winfo_exists())
        except tk.TclError:
            return False
