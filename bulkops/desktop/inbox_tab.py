"""The upload folder: a table of what was dropped there, run with one question for each workbook."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog, ttk

from bulkops.desktop.dialogs import RunDialog
from bulkops.desktop.inbox_presenter import Dropped, InboxPresenter, InboxShown
from bulkops.desktop.opening import open_file, show_in_folder
from bulkops.desktop.theme import DANGER, Look
from bulkops.desktop.view import Question
from bulkops.desktop.widgets import PathEntry, StatusTable, WrappedLabel, enable
from bulkops.desktop.worker import Worker
from bulkops.messages.errors import BulkopsError
from bulkops.messages.wording import plural, printable
from bulkops.model.environment import Environment

_COLUMNS = {"Workbook": 34, "Moved to": 16, "State": 60}
"""Headings, with their least widths in digits; what is cut off is shown in full below."""
_CHOOSE = "Choose a workbook in the table to see all that there is to say of it."


class InboxTab(ttk.Frame):
    """``environment`` says which EnergyCAP is chosen. While ``busy`` the window must not be closed without ``stop``."""

    def __init__(
        self, parent: tk.Misc, look: Look, worker: Worker, data_folder: Path, environment: Callable[[], Environment]
    ) -> None:
        super().__init__(parent, padding=look.gap)
        self._look, self._files = look, dict[str, Dropped]()
        self.presenter = InboxPresenter(self, worker, data_folder, environment)
        self.dialog: RunDialog | None = None
        self._worker = worker
        self.columnconfigure(0, weight=1)
        self.rowconfigure(2, weight=1)
        self._build_above(look)
        self._build_table(look)
        self._build_below(look)
        self.presenter.refresh()

    @property
    def busy(self) -> bool:
        """Are workbooks being run, which must not be cut off?"""
        return self.presenter.control is not None

    def stop(self) -> None:
        """Stop at the row's end."""
        self.presenter.stop()

    def leave(self) -> None:
        """Stop at the row's end, and begin nothing more."""
        self.presenter.leaving = True
        self.presenter.stop()

    def _build_above(self, look: Look) -> None:
        row = ttk.Frame(self)
        row.grid(row=0, column=0, columnspan=2, sticky=tk.EW)
        row.columnconfigure(1, weight=1)
        ttk.Label(row, text="Upload folder").grid(row=0, column=0, padx=(0, look.pad))
        self.entry = PathEntry(row)
        self.entry.grid(row=0, column=1, sticky=tk.EW)
        self.choose = ttk.Button(row, text="Choose a folder …", command=self.choose_folder)
        self.again = ttk.Button(row, text="Check again", command=self.presenter.look)
        for column, button in enumerate((self.choose, self.again), 2):
            button.grid(row=0, column=column, padx=(look.pad, 0))
        self.headline = WrappedLabel(self, style="Title.TLabel")
        self.headline.grid(row=1, column=0, columnspan=2, sticky=tk.EW, pady=look.gap)

    def _build_table(self, look: Look) -> None:
        self.table = StatusTable(self, 2, look, _COLUMNS, ("State",), "extended")
        self.table.bind("<<TreeviewSelect>>", lambda _: self._chosen())

    def _build_below(self, look: Look) -> None:
        self.about = WrappedLabel(self)
        self.trouble = WrappedLabel(self, foreground=DANGER)
        for number, label in enumerate((self.about, self.trouble), 3):
            label.grid(row=number, column=0, columnspan=2, sticky=tk.EW, pady=(look.pad, 0))
        row = ttk.Frame(self)
        row.grid(row=5, column=0, columnspan=2, sticky=tk.W, pady=(look.gap, 0))
        self.run_all = ttk.Button(row, command=self.presenter.run, style="Main.TButton")
        self.run_chosen = ttk.Button(row, text="Run the chosen ones", command=self._run_chosen)
        self.halt = ttk.Button(row, text="Stop safely", command=self.presenter.stop)
        self.open = ttk.Button(row, text="Open the workbook", command=lambda: self._open(open_file))
        self.reveal = ttk.Button(row, text="Show it in its folder", command=lambda: self._open(show_in_folder))
        for column, button in enumerate((self.run_all, self.run_chosen, self.halt, self.open, self.reveal)):
            button.grid(row=0, column=column, padx=(0, look.pad))

    def choose_folder(self) -> None:
        """Ask for the folder, in the system's own dialog."""
        found = filedialog.askdirectory(
            parent=self, title="Choose the upload folder", mustexist=True, initialdir=self.presenter.folder
        )
        if found:
            self.presenter.choose(Path(found))

    def show(self, shown: InboxShown) -> None:
        """Everything but the question."""
        if not self.winfo_exists():
            return
        self.entry.show(shown.folder)
        self.headline.configure(text=shown.headline)
        self.trouble.configure(text=shown.trouble)
        self._show_files(shown)
        self.run_all.configure(text=f"Run {'all ' if shown.ready > 1 else ''}{plural(shown.ready, 'workbook')}")
        enable(self.choose, not shown.busy)
        enable(self.again, not shown.busy and shown.folder is not None)
        enable(self.run_all, not shown.busy and shown.ready > 0)
        enable(self.halt, shown.running)
        self._chosen()

    def _show_files(self, shown: InboxShown) -> None:
        files = {str(number): each for number, each in enumerate(shown.files)}
        if files == self._files:
            return
        chosen = {self._files[each].path for each in self.table.selection()}
        self._files = files
        self.table.delete(*self.table.get_children())
        for number, each in files.items():
            values = (printable(each.path.name), each.place, printable(each.state).replace("\n", " "))
            self.table.insert("", tk.END, number, values=values, tags=(each.worst.value if each.worst else "",))
        self.table.selection_set([number for number, each in files.items() if each.path in chosen])

    def _chosen(self) -> None:
        chosen = [self._files[each] for each in self.table.selection()]
        words = f"{chosen[0].path}\n{chosen[0].state}" if len(chosen) == 1 else _CHOOSE
        self.about.configure(text=printable(words) if self._files else "")
        able = not self.presenter.busy and any(each.found for each in chosen)
        enable(self.run_chosen, able)
        for button in (self.open, self.reveal):
            enable(button, len(chosen) == 1)

    def _run_chosen(self) -> None:
        found = [self._files[each].found for each in self.table.selection()]
        self.presenter.run([each.path for each in found if each is not None])

    def _open(self, opener: Callable[[Path], None]) -> None:
        if len(chosen := self.table.selection()) == 1:
            path = self._files[chosen[0]].path
            self._worker.start(lambda: opener(path), lambda _: None, self._not_opened)

    def _not_opened(self, error: BulkopsError) -> None:
        if self.winfo_exists():
            self.trouble.configure(text=str(error))

    def ask(self, question: Question | None) -> None:
        """Ask about one workbook, or take the question away."""
        if self.dialog is not None:
            self.dialog.destroy()
            self.dialog = None
        if question is not None and self.winfo_exists():
            self.dialog = RunDialog(self, self._look, question, self.presenter.answer, lambda *_: None)
