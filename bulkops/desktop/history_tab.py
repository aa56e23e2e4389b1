"""The runs so far in a table; their results are opened here, and those that were cut short are finished from here."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tkinter import ttk

from bulkops.defects import recorded
from bulkops.desktop.disk_line import DiskLine
from bulkops.desktop.look import DANGER, INK, PAPER, TINTS, Look
from bulkops.desktop.opening import open_file
from bulkops.desktop.past import PastRun, past_runs, results_of
from bulkops.desktop.worker import Worker
from bulkops.errors import BulkopsError

_COLUMNS = {"Started": 17, "Workbook": 20, "What to do": 26, "Rows": 20, "Environment": 15, "Who": 9}
"""Headings, with their least widths in digits; what is cut off is told in full below."""
_NOTHING_YET = "Nothing has been run yet. Every run appears here, with its results."
_CHOOSE = "Choose a run to open its results."


class HistoryTab(ttk.Frame):
    """``refresh`` looks the runs up; ``finish`` is called with the run that the operator wants to finish."""

    def __init__(
        self, parent: tk.Misc, look: Look, worker: Worker, folder: Path, finish: Callable[[PastRun], object]
    ) -> None:
        super().__init__(parent, padding=look.gap)
        self._worker, self._folder, self._finish = worker, folder, finish
        self._runs: dict[str, PastRun] = {}
        self._path = ""
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._build_table(look)
        self._build_below(look)
        self.disk = DiskLine(self, worker, folder)
        self.disk.grid(row=9, columnspan=2, sticky="ew", pady=(look.pad, 0))
        self._chosen()

    def _build_table(self, look: Look) -> None:
        self.table = ttk.Treeview(self, columns=tuple(_COLUMNS), show="headings", selectmode="browse", height=8)
        for heading, width in _COLUMNS.items():
            self.table.heading(heading, text=heading, anchor="w")
            stretch = heading in ("Workbook", "Rows", "What to do")
            self.table.column(heading, width=look.em * width, minwidth=look.em * 8, stretch=stretch)
        for status, tint in TINTS.items():
            self.table.tag_configure(status.value, background=tint)
        self.table.tag_configure("", background=PAPER)
        bar = ttk.Scrollbar(self, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        self.table.grid(row=0, column=0, sticky="nsew")
        bar.grid(row=0, column=1, sticky="ns")
        self.table.bind("<<TreeviewSelect>>", lambda _: self._chosen())
        self.table.bind("<Double-1>", self._double)
        self.table.bind("<Return>", lambda _: self.open.invoke())

    def _build_below(self, look: Look) -> None:
        self.about = ttk.Label(self)
        self.about.grid(row=1, columnspan=2, sticky="ew", pady=look.pad)
        self.said = ttk.Label(self)
        self.said.grid(row=2, columnspan=2, sticky="ew")
        for label in (self.about, self.said):
            label.bind("<Configure>", lambda event: event.widget.configure(wraplength=event.width))
        row = ttk.Frame(self)
        row.grid(row=3, columnspan=2, sticky="w", pady=(look.pad, 0))
        self.open = ttk.Button(row, text="Open results", command=self._open, style="Main.TButton")
        self.finish = ttk.Button(row, text="Finish this run", command=self._finish_it)
        self.copy = ttk.Button(row, text="Copy the path", command=self._copy)
        for column, button in enumerate((self.open, self.finish, self.copy)):
            button.grid(row=0, column=column, padx=(0, look.pad))
        self.copy.grid_remove()

    def refresh(self) -> None:
        """Look the runs up; what was chosen stays chosen, at first the newest."""
        self._worker.start(lambda: past_runs(self._folder), self._show, self._failed)

    def _show(self, runs: list[PastRun]) -> None:
        if not self.winfo_exists():
            return
        chosen = self.table.selection()
        first, before = self.table.yview()[0], set(self._runs)
        self._runs = {run.id: run for run in runs}
        self.table.delete(*self.table.get_children())
        for run in runs:
            values = (run.started, run.workbook, run.state, run.rows, run.environment, run.who)
            self.table.insert("", tk.END, run.id, values=values, tags=(run.worst.value if run.worst else "",))
        if kept := [each for each in chosen if each in self._runs] or list(self._runs)[:1]:
            self.table.selection_set(kept)
            self.table.focus(kept[0])
        if before == set(self._runs):
            self.table.yview_moveto(first)
        self._chosen()

    @property
    def run(self) -> PastRun | None:
        """The run that is chosen."""
        chosen = self.table.selection()
        return self._runs[chosen[0]] if chosen else None

    def _chosen(self) -> None:
        run = self.run
        self.open.state(["!disabled" if run else "disabled"])
        self.finish.state(["!disabled" if run and run.left is not None else "disabled"])
        self._say("")
        if run is None:
            self.about.configure(text=_CHOOSE if self._runs else _NOTHING_YET)
            return
        why = "" if run.left is not None else "\nThere is nothing left to finish in this run."
        self.about.configure(text=f"{run.path}\n{run.rows}. What to do: {run.state}. Run {run.id}.{why}")

    def _double(self, event: tk.Event[ttk.Treeview]) -> None:
        if self.table.identify_region(event.x, event.y) == "cell":
            self.open.invoke()

    def _open(self) -> None:
        run = self.run
        if run is None:
            return
        self._say("Opening the results …")
        self.open.state(["disabled"])
        self._worker.start(partial(_opened, self._folder, run), self._has_opened, self._failed)

    def _has_opened(self, path: Path) -> None:
        if self.winfo_exists():
            self._chosen()
            self._say(f"Opened: {path}", path=str(path))

    def _failed(self, error: Exception) -> None:
        if self.winfo_exists():
            told = error if isinstance(error, BulkopsError) else recorded(error)
            self._chosen()
            self._say(str(told), DANGER, str(told.facts.get("path", "")))

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


def _opened(folder: Path, run: PastRun) -> Path:
    path = results_of(folder, run)
    open_file(path)
    return path
