"""The window itself: it shows what the presenter says, and tells it what the operator does."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

from bulkops.desktop import view
from bulkops.desktop.dialogs import RunDialog, SureDialog
from bulkops.desktop.drag_and_drop import accept_drops
from bulkops.desktop.history_tab import HistoryTab
from bulkops.desktop.inbox_tab import InboxTab
from bulkops.desktop.key_dialog import KeyDialog
from bulkops.desktop.lines import Line
from bulkops.desktop.opening import open_file
from bulkops.desktop.presenter import Presenter
from bulkops.desktop.state import Phase
from bulkops.desktop.theme import DANGER, SAFE, Look
from bulkops.desktop.view import Question, Shown
from bulkops.desktop.workbook_tab import WorkbookTab
from bulkops.desktop.worker import Worker
from bulkops.model.environment import PRACTICE, Environment
from bulkops.runs.run_list import PastRun

_EVERY = 50
"""Milliseconds between two looks at what the jobs have said."""


class Window:
    """The main window. Everything it decides is the presenter's."""

    def __init__(
        self,
        root: tk.Tk,
        look: Look,
        data_folder: Path,
        opener: Callable[[Path], None] = open_file,
        further: Callable[[], list[list[Path]]] = list,
    ) -> None:
        """``opener``: what opens a file in its own program. ``further``: the files of each start since it was asked
        last."""
        self.root, self.look, self.opener, self.further = root, look, opener, further
        self.leaving = False
        self.presenter = Presenter(self, Worker(), data_folder, engaged=lambda: self.leaving or self.inbox.busy)
        self.dialog: RunDialog | None = None
        self.closing: SureDialog | None = None
        self.keys: KeyDialog | None = None
        self._next = ""
        self._shown_environment: Environment | None = None
        root.title("bulkops")
        root.columnconfigure(0, weight=1)
        root.rowconfigure(1, weight=1)
        self._build()
        self._bind_keys()
        root.protocol("WM_DELETE_WINDOW", self.leave)
        wide, high = root.winfo_screenwidth(), root.winfo_screenheight()
        root.minsize(min(look.em * 100, wide), min(look.line * 30, high))
        root.geometry(f"{min(look.em * 132, round(wide * 0.97))}x{min(look.line * 44, round(high * 0.85))}")
        self.presenter.refresh()
        self._tick()
        # Once it is seen: nobody drops anything before.
        root.after_idle(accept_drops, root, self.take)

    # ---------------------------------------------------------------- built once

    def _build(self) -> None:
        presenter, look = self.presenter, self.look
        self.banner = tk.Label(self.root, font="BulkopsTitle", foreground="white", pady=look.pad)
        self.banner.grid(row=0, column=0, sticky=tk.EW)
        self.tabs = ttk.Notebook(self.root, padding=look.pad)
        self.tabs.grid(row=1, column=0, sticky=tk.NSEW)
        self.workbook = WorkbookTab(self.tabs, look, presenter, lambda: self.need_key(presenter.state.environment))
        self.inbox = InboxTab(
            self.tabs, look, presenter.worker, presenter.data_folder, lambda: presenter.state.environment
        )
        self.history = HistoryTab(self.tabs, look, presenter.worker, presenter.data_folder, self._finish)
        for tab, words in ((self.workbook, "Workbook"), (self.inbox, "Upload folder"), (self.history, "History")):
            self.tabs.add(tab, text=words, underline=0)
        self.tabs.bind("<<NotebookTabChanged>>", lambda _: self._turned())
        self.tabs.enable_traversal()

    def _bind_keys(self) -> None:
        tab = self.workbook
        keys: dict[str, Callable[[], object]] = {
            "<Control-o>": tab.choose.invoke,
            "<F5>": self.presenter.check,
            "<Escape>": self.stop_sending,
            "<Alt-b>": tab.choose.invoke,
            "<Alt-e>": tab.show_recent,
            "<Alt-k>": tab.key.invoke,
            "<Alt-n>": tab.template.invoke,
            "<Alt-c>": tab.check.invoke,
            "<Alt-r>": tab.run.invoke,
            "<Alt-s>": tab.stop.invoke,
            "<Alt-o>": tab.results.invoke,
            "<Alt-m>": tab.corrections.invoke,
            "<Alt-l>": tab.table.filter.invoke,
            "<Alt-d>": tab.trouble.copy_details,
        }
        for key, command in keys.items():
            self.root.bind(key, lambda _, command=command: command())  # type: ignore[misc]
        for kind in ("TButton", "TCheckbutton"):
            self.root.bind_class(kind, "<Return>", _pressed)

    # ---------------------------------------------------------------- what the operator does

    def come_forward(self, files: list[Path]) -> None:
        """A second start: this window is raised, and takes its files."""
        self.root.deiconify()
        self.root.lift()
        self.root.focus_force()
        self.take(files)

    def take(self, files: list[Path]) -> None:
        """Files that were dropped on the window or on the icon: one workbook at a time."""
        if files:
            self.presenter.choose(files[0])
        if len(files) > 1:
            self.presenter.say(f"Only {files[0].name} was taken: a workbook at a time.")

    def stop_sending(self) -> None:
        """Whichever of the two sends, the workbook or the upload folder."""
        self.presenter.stop()
        self.inbox.stop()

    def leave(self) -> None:
        """Close the window; while rows are being sent it is asked whether they are to go on."""
        if self.inbox.busy or self.presenter.state.phase is Phase.RUNNING:
            if self.closing is None:
                self.closing = SureDialog(self.root, self.look, view.CLOSING, self.stop_and_leave)
                self.closing.bind("<Destroy>", lambda _: setattr(self, "closing", None))
        else:
            self.stop_and_leave()

    def stop_and_leave(self) -> None:
        """Stop whatever sends at the next row's boundary, begin nothing more; the window goes when that is recorded."""
        self.leaving = True
        self.inbox.leave()
        self.presenter.stop()
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if self.leaving and not self.inbox.busy and not self.presenter.closed:
            self.presenter.close_when_stopped()

    def _turned(self) -> None:
        if self.tabs.index(tk.CURRENT) == self.tabs.index(self.history):  # type: ignore[no-untyped-call]
            self.history.refresh()
            self.history.refresh_disk_space()

    def _finish(self, run: PastRun) -> None:
        self.tabs.select(0)  # type: ignore[no-untyped-call]
        self.presenter.finish(run.id)

    # ---------------------------------------------------------------- what the presenter says

    def show(self, shown: Shown) -> None:
        """Everything but the rows."""
        words = view.banner(shown.environment)
        self.banner.configure(text=words, background=SAFE if shown.environment.name == PRACTICE else DANGER)
        title = f"{shown.workbook.name} \N{EN DASH} " if shown.workbook else ""
        self.root.title(f"{title}bulkops \N{EN DASH} {words.split(' ')[0]}")
        self.workbook.show(shown)
        if shown.environment != self._shown_environment:
            self._shown_environment = shown.environment
            # What its workbooks would come to depends on where they would be sent.
            self.inbox.presenter.look()

    def show_lines(self, lines: list[Line], stay: bool = False) -> None:
        """All rows, anew. ``stay``: the same ones, so what is chosen and in sight stays."""
        self.workbook.table.show(lines, stay)

    def show_line(self, line: Line) -> None:
        """One row has changed."""
        self.workbook.table.change(line)

    def ask(self, question: Question | None) -> None:
        """The question before a run, or none any more."""
        if question is None:
            if self.dialog is not None:
                self.dialog.destroy()
                self.workbook.table.tree.focus_set()
            self.dialog = None
        elif self.dialog is None:
            self.dialog = RunDialog(self.root, self.look, question, self.presenter.answer, self.presenter.ask_again)
        else:
            self.dialog.show(question)

    def need_key(self, environment: Environment) -> None:
        """Ask for an environment's key."""
        if self.keys is None:
            self.keys = KeyDialog(self.root, self.look, self.presenter.worker, environment, self.presenter.key_changed)
            self.keys.bind("<Destroy>", lambda _: setattr(self, "keys", None))

    def open_file(self, path: Path) -> None:
        """Open a file in its own program."""
        self.presenter.worker.start(lambda: self.opener(path), lambda _: None, self.presenter.tell)

    def close(self) -> None:
        """The last row is recorded: the window goes."""
        self.root.after_cancel(self._next)
        self.root.destroy()

    def _tick(self) -> None:
        more = False
        try:
            more = self.presenter.tick()
            for files in self.further():
                self.come_forward(files)
            self._leave_if_idle()
        finally:
            # Whatever goes wrong in between: rows are on their way, and who sends them must be heard.
            if not self.presenter.closed:
                self._next = self.root.after(1 if more else _EVERY, self._tick)


def _pressed(event: tk.Event[tk.Misc]) -> str:
    """Return presses the button that has the keyboard, and nothing else."""
    if isinstance(event.widget, (ttk.Button, ttk.Checkbutton)):
        event.widget.invoke()
    return "break"
