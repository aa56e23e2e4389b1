"""The runs so far in a table; their results are opened here, and those that were cut short are finished from here."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from tkinter import filedialog, ttk
from typing import TypedDict

from bulkops.desktop.choosing import Chooser
from bulkops.desktop.history import results_of
from bulkops.desktop.opening import open_file
from bulkops.desktop.theme import DANGER, INK, Look
from bulkops.desktop.widgets import StatusTable, WrappedLabel, enable
from bulkops.desktop.worker import Worker
from bulkops.messages.errors import BulkopsError
from bulkops.messages.wording import plural
from bulkops.runs import disk_space, history, run_list
from bulkops.runs.run_list import PastRun

_COLUMNS = {"Started": 17, "Workbook": 20, "What to do": 26, "Rows": 20, "Environment": 15, "Who": 9}
"""Headings, with their least widths in digits; what is cut off is shown in full below."""
_MOST = 1000
"""Runs in the table: more are not looked through by eye, and take the window seconds."""
_AGAIN = 2000
"""Milliseconds until a run that is under way is looked up once more, while the tab is seen."""
_NOTHING_YET = "Nothing has been run yet. Every run appears here, with its results."
_NONE_SUCH = "No run is like that. Show all to see the others."
_CHOOSE = "Choose a run to open its results."


class _Cells(TypedDict):
    values: tuple[str, ...]
    tags: tuple[str, ...]


class HistoryTab(ttk.Frame):
    """``refresh`` looks the runs up; ``finish`` is called with the run that the operator wants to finish."""

    def __init__(
        self, parent: tk.Misc, look: Look, worker: Worker, folder: Path, finish: Callable[[PastRun], object]
    ) -> None:
        super().__init__(parent, padding=look.gap)
        self._worker, self._folder, self._finish = worker, folder, finish
        self._known: list[PastRun] = []
        self._runs: dict[str, PastRun] = {}
        self._path = self._next = ""
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self.chooser = Chooser(self, look, self._fill)
        self.chooser.grid(row=0, columnspan=2, sticky="ew", pady=(0, look.pad))
        self._build_table(look)
        self._build_below(look)
        self.disk = WrappedLabel(self, style="Faint.TLabel")
        self.disk.grid(row=9, columnspan=2, sticky="ew", pady=(look.pad, 0))
        self._chosen()

    def _build_table(self, look: Look) -> None:
        self.table = StatusTable(self, 1, look, _COLUMNS, ("Workbook", "Rows", "What to do"), "browse")
        self.table.bind("<<TreeviewSelect>>", lambda _: self._chosen())
        self.table.bind("<Double-1>", self._double)
        self.table.bind("<Return>", lambda _: self.open.invoke())

    def _build_below(self, look: Look) -> None:
        self.about = WrappedLabel(self)
        self.about.grid(row=2, columnspan=2, sticky="ew", pady=look.pad)
        self.said = WrappedLabel(self)
        self.said.grid(row=3, columnspan=2, sticky="ew")
        row = ttk.Frame(self)
        row.grid(row=4, columnspan=2, sticky="ew", pady=(look.pad, 0))
        self.open = ttk.Button(row, text="Open results", command=self._open, style="Main.TButton")
        self.finish = ttk.Button(row, text="Finish this run", command=self._finish_it)
        self.copy = ttk.Button(row, text="Copy the path", command=self._copy)
        self.export = ttk.Button(row, text="Export the list …", command=self._export)
        row.columnconfigure(3, weight=1)
        for column, button in enumerate((self.open, self.finish, self.copy)):
            button.grid(row=0, column=column, padx=(0, look.pad))
        self.export.grid(row=0, column=3, sticky="e")
        self.copy.grid_remove()

    def refresh(self) -> None:
        """Look the runs up; what was chosen stays chosen, at first the newest."""
        self._worker.start(lambda: history.history(self._folder), self._show, self._failed)

    def refresh_disk_space(self) -> None:
        """Look up how much disk space the records and copies take; if that fails the line stays as it was."""
        self._worker.start(lambda: disk_space.line(self._folder), self._show_disk_space, lambda _: None)

    def _show_disk_space(self, words: str) -> None:
        if self.winfo_exists():
            self.disk.configure(text=words)

    def _show(self, runs: list[PastRun]) -> None:
        if self.winfo_exists():
            self._known = runs
            self._fill()
            if self._next:
                self.after_cancel(self._next)
                self._next = ""
            if any(run.under_way for run in runs):
                self._next = self.after(_AGAIN, self._look_again)

    def _look_again(self) -> None:
        if self.winfo_viewable():
            self.refresh()

    def _fill(self) -> None:
        """Show the runs that are wanted."""
        wanted = [run for run in self._known if self.chooser.choice.takes(run)]
        before, self._runs = self._runs, {run.id: run for run in wanted[:_MOST]}
        self.chooser.tell(_amount(len(self._runs), len(wanted), len(self._known)))
        enable(self.export, wanted)
        if list(before) == list(self._runs):
            for run in self._runs.values():
                if run != before[run.id]:
                    self.table.item(run.id, **_cells(run))
        else:
            self._fill_anew(before)
        self._tell_chosen()

    def _fill_anew(self, before: Collection[str]) -> None:
        chosen, first = self.table.selection(), self.table.yview()[0]
        self.table.delete(*self.table.get_children())
        for run in self._runs.values():
            self.table.insert("", tk.END, run.id, **_cells(run))
        if selected := [each for each in chosen if each in self._runs] or list(self._runs)[:1]:
            self.table.selection_set(selected)
            self.table.focus(selected[0])
        if set(before) == set(self._runs):
            self.table.yview_moveto(first)

    @property
    def run(self) -> PastRun | None:
        """The run that is chosen."""
        chosen = self.table.selection()
        return self._runs.get(chosen[0]) if chosen else None

    def _chosen(self) -> None:
        self._say("")
        self._tell_chosen()

    def _tell_chosen(self) -> None:
        run = self.run
        enable(self.open, run and not run.under_way)
        enable(self.finish, run and run.left is not None)
        if run is None:
            nothing = _CHOOSE if self._runs else _NONE_SUCH if self._known else _NOTHING_YET
            self.about.configure(text=nothing)
            return
        last = list(run.remarks)
        if run.under_way:
            last.append("The results are written when the run has ended.")
        elif run.left is None:
            last.append("There is nothing left to finish in this run.")
        words = [run.path, f"{run.rows}. What to do: {run.to_do}. Run {run.id}.", " ".join(last)]
        self.about.configure(text="\n".join(filter(None, words)))

    def _double(self, event: tk.Event[ttk.Treeview]) -> None:
        if self.table.identify_region(event.x, event.y) == "cell":
            self.open.invoke()

    def _open(self) -> None:
        run = self.run
        if run is None:
            return
        self._say("Opening the results …")
        self.open.state(["disabled"])
        self._worker.start(partial(_opened, self._folder, run.id), self._has_opened, self._failed)

    def _has_opened(self, path: Path) -> None:
        if self.winfo_exists():
            self._tell_chosen()
            self._say(f"Opened: {path}", path=str(path))

    def _export(self) -> None:
        """Of the runs that are wanted, also those that are not in the table."""
        wanted = [run for run in self._known if self.chooser.choice.takes(run)]
        kinds = [("Comma-separated values", "*.csv")]
        place = filedialog.asksaveasfilename(
            parent=self,
            title="Export the list",
            defaultextension=".csv",
            filetypes=kinds,
            initialfile="bulkops runs.csv",
        )
        if place:
            job = partial(run_list.export, wanted, Path(place), replace=True)
            self._worker.start(job, lambda _: self._has_exported(len(wanted), Path(place)), self._failed)

    def _has_exported(self, number: int, path: Path) -> None:
        if self.winfo_exists():
            self._say(f"{plural(number, 'run')} in {path}", path=str(path))

    def _failed(self, error: BulkopsError) -> None:
        if self.winfo_exists():
            self._tell_chosen()
            self._say(str(error), DANGER, str(error.facts.get("path", "")))

    def _say(self, words: str, colour: str = INK, path: str = "") -> None:
        self._path = path
        self.said.configure(text=words, foreground=colour)
        if path:
            self.copy.grid()
        else:
            self.copy.grid_remove()

    def _copy(self) -> None:
        self.clipboard_clear()
        self.clipboard_append(self._path)

    def _finish_it(self) -> None:
        if (run := self.run) is not None:
            self._finish(run)


def _amount(shown: int, wanted: int, known: int) -> str:
    """How many runs there are to see, and of how many."""
    newest = f"The newest {shown:,} of " if shown < wanted else ""
    among = f" of {known:,}" if wanted < known else ""
    return f"{newest}{wanted:,}{among} {'run' if max(wanted, known) == 1 else 'runs'}" if known else ""


def _cells(run: PastRun) -> _Cells:
    values = (run.started, run.workbook, run.to_do, run.rows, run.environment, run.who)
    return {"values": values, "tags": (run.worst.value if run.worst else "",)}


def _opened(folder: Path, run: str) -> Path:
    path = results_of(folder, run)
    open_file(path)
    return path
