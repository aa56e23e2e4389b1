"""The tab of one workbook: which it is, what can be done with it, what goes on, and every row."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog, ttk

from bulkops.desktop import view
from bulkops.desktop.dialogs import SureDialog, TemplateDialog
from bulkops.desktop.lines import Line
from bulkops.desktop.presenter import Presenter
from bulkops.desktop.table import Details, Table
from bulkops.desktop.theme import DANGER, Look
from bulkops.desktop.tips import Tip
from bulkops.desktop.totals import TotalsBar
from bulkops.desktop.view import Button, Shown, Trouble
from bulkops.desktop.widgets import PathEntry, WrappedLabel, ask_new_workbook, enable
from bulkops.model.history import ResolutionKind

_BEAT = 50
"""Milliseconds between two moves of a progress bar that does not know how far it is."""
_PINK = "#FDECEA"
_KINDS = (("Workbooks", "*.xlsx *.xlsm *.csv *.ods *.xls"), ("All files", "*"))


class WorkbookTab(ttk.Frame):
    """It shows what the presenter says, and tells it what the operator does. ``ask_key`` opens the key's dialog."""

    def __init__(self, parent: tk.Misc, look: Look, presenter: Presenter, ask_key: Callable[[], object]) -> None:
        super().__init__(parent, padding=look.gap)
        self.look, self.presenter, self._ask_key = look, presenter, ask_key
        self.environments = presenter.environments
        self.notes: tuple[str, ...] = ()
        self.columnconfigure(0, weight=1)
        self.rowconfigure(4, weight=1)
        self._build_choices()
        self._build_buttons()
        self._build_progress()
        self.trouble = TroublePane(self, look)
        self.trouble.grid(row=3, column=0, sticky=tk.EW, pady=(look.pad, 0))
        panes = ttk.PanedWindow(self, orient=tk.VERTICAL)
        self.table = Table(panes, look, self._show_details)
        self.details = Details(panes, look, self.mark)
        panes.add(self.table, weight=3)
        panes.add(self.details, weight=1)
        panes.grid(row=4, column=0, sticky=tk.NSEW, pady=(look.gap, 0))
        self._show_details(None)

    def _build_choices(self) -> None:
        """The workbook, and which EnergyCAP."""
        frame, pad = ttk.Frame(self), self.look.pad
        frame.grid(row=0, column=0, sticky=tk.EW)
        frame.columnconfigure(1, weight=1)
        self.entry = PathEntry(frame)
        self.choose = ttk.Button(frame, text="Choose a workbook …", underline=13, command=self.choose_file)
        self.menu = tk.Menu(self, tearoff=False, postcommand=self._list_recent)
        self.recent = ttk.Menubutton(frame, text="Recent", underline=1, menu=self.menu)
        self.template = ttk.Button(frame, text="New from template …", underline=0, command=self.make_template)
        names = [view.named(each) for each in self.environments]
        self.environment = ttk.Combobox(frame, state="readonly", values=names)
        self.environment.bind("<<ComboboxSelected>>", lambda _: self._choose_environment())
        self.key = ttk.Button(frame, text="API key …", underline=4, command=self._ask_key)
        for row, (words, box) in enumerate((("Workbook", self.entry), ("EnergyCAP", self.environment))):
            ttk.Label(frame, text=words).grid(row=row, column=0, sticky=tk.W, padx=(0, pad))
            box.grid(row=row, column=1, sticky=tk.EW, pady=(row * pad, 0))
        for column, button in enumerate((self.choose, self.recent, self.template), 2):
            button.grid(row=0, column=column, padx=(pad, 0), sticky=tk.EW)
        self.key.grid(row=1, column=2, padx=(pad, 0), pady=(pad, 0), sticky=tk.EW)

    def _build_buttons(self) -> None:
        """What can be done, in the order in which it is done."""
        frame, pad, presenter = ttk.Frame(self), self.look.pad, self.presenter
        frame.grid(row=1, column=0, sticky=tk.EW, pady=self.look.gap)
        frame.columnconfigure(3, weight=1)
        self.check = ttk.Button(frame, underline=0, command=presenter.check)
        self.run = ttk.Button(frame, underline=0, command=presenter.run, style="Main.TButton")
        self.stop = ttk.Button(frame, underline=0, command=presenter.stop)
        self.results = ttk.Button(frame, underline=0, command=presenter.open_results)
        self.corrections = ttk.Button(frame, underline=0, command=self.make_corrections)
        for column, button in enumerate((self.check, self.run, self.stop)):
            button.grid(row=0, column=column, padx=(0, pad))
        for column, button in enumerate((self.results, self.corrections), 4):
            button.grid(row=0, column=column, padx=(pad, 0))
        buttons = (self.check, self.run, self.stop, self.results, self.corrections)
        self.tips = {button: Tip(button, self.look) for button in buttons}

    def _build_progress(self) -> None:
        """What is going on, what to do next, and the totals."""
        frame, pad = ttk.Frame(self), self.look.pad
        frame.grid(row=2, column=0, sticky=tk.EW)
        frame.columnconfigure(0, weight=1)
        self.headline = WrappedLabel(frame, style="Title.TLabel")
        self.more = WrappedLabel(frame)
        self.progress = ttk.Progressbar(frame)
        self.totals = TotalsBar(frame, self.look)
        for row, (widget, space) in enumerate(
            ((self.headline, 0), (self.more, 0), (self.progress, pad), (self.totals, pad))
        ):
            widget.grid(row=row, column=0, sticky=tk.EW, pady=space)

    # ---------------------------------------------------------------- what the operator does

    def choose_file(self) -> None:
        """Ask for a workbook, in the system's own dialog."""
        folder = self.presenter.state.workbook.parent if self.presenter.state.workbook else None
        found = filedialog.askopenfilename(parent=self, title="Choose a workbook", filetypes=_KINDS, initialdir=folder)
        if found:
            self.presenter.choose(Path(found))

    def make_template(self) -> None:
        """Ask which workbook it is to be, where there is a choice."""
        environment = self.presenter.state.environment
        if environment.starts_with_the_run:
            self.place_template(names=False)
        else:
            from bulkops.runs.live_template import DAYS

            self.choice = TemplateDialog(self, self.look, environment.place, DAYS, self.place_template)

    def place_template(self, names: bool, days: int | None = None) -> None:
        """Ask where the new workbook goes."""
        if place := ask_new_workbook(self, "New workbook from the template", "bulkops rows.xlsx"):
            self.presenter.new_from_template(place, names, days)

    def make_corrections(self) -> None:
        """Ask where the rows to be corrected go."""
        place, report = self.presenter.corrections_place(), self.presenter.state.report
        if place is None or report is None:
            return
        if chosen := ask_new_workbook(self, "Corrections workbook", place.name, place.parent):
            self.presenter.make_corrections(chosen, report)

    def mark(self, kind: ResolutionKind) -> None:
        """Ask whether it is sure; then the chosen row is marked for good."""
        line = self.table.selected
        unknown = self.presenter.state.unknown_outcomes.get(line.seq) if line else None
        if line is not None and unknown is not None:
            chosen = line
            sure = view.sure_of(line, unknown, kind)
            self.sure = SureDialog(self, self.look, sure, lambda: self.presenter.mark(chosen, unknown, kind))

    def show_recent(self) -> None:
        """Open the menu of the workbooks that were used last."""
        if self.recent.instate(["!disabled"]):
            below = self.recent.winfo_rooty() + self.recent.winfo_height()
            self.menu.tk_popup(self.recent.winfo_rootx(), below)

    def _list_recent(self) -> None:
        self.menu.delete(0, tk.END)
        for path in self.presenter.recent.paths():
            self.menu.add_command(label=str(path), command=lambda path=path: self.presenter.choose(path))  # type: ignore[misc]
        if self.menu.index(tk.END) is None:
            self.menu.add_command(label="None yet", state=tk.DISABLED)

    def _choose_environment(self) -> None:
        self.presenter.choose_environment(self.environments[self.environment.current()])

    # ---------------------------------------------------------------- what the presenter says

    def show(self, shown: Shown) -> None:
        """Everything but the rows."""
        self.entry.show(shown.workbook)
        self.environment.set(view.named(shown.environment))
        for widget in (self.choose, self.recent, self.template, self.environment, self.key):
            enable(widget, not shown.busy)
        self._show_button(self.check, shown.check)
        self._show_button(self.run, shown.run)
        self._show_button(self.stop, shown.stop)
        self._show_button(self.results, shown.results)
        self._show_button(self.corrections, shown.corrections)
        self.headline.configure(text=shown.headline)
        self.more.configure(text=shown.more)
        self.totals.show(shown.totals)
        if shown.notes != self.notes:
            self.notes = shown.notes
            self._show_details(self.table.selected)
        self._show_progress(shown.progress)
        self.trouble.show(shown.trouble)

    def _show_button(self, button: ttk.Button, shown: Button) -> None:
        button.configure(text=shown.words)
        enable(button, not shown.why_not)
        self.tips[button].words = shown.why_not

    def _show_progress(self, progress: tuple[int, int] | None) -> None:
        if progress is None:
            self.progress.stop()
            self.progress.grid_remove()
            return
        done, of = progress
        self.progress.grid()
        if of:
            self.progress.stop()
            self.progress.configure(mode="determinate", maximum=of, value=done)
        elif str(self.progress.cget("mode")) != "indeterminate":
            self.progress.configure(mode="indeterminate")
            self.progress.start(_BEAT)

    def _show_details(self, line: Line | None) -> None:
        if line is None:
            self.details.show_notes(self.notes, bool(self.presenter.state.lines))
        else:
            self.details.show_line(line, line.seq in self.presenter.state.unknown_outcomes, self.notes)


class TroublePane(tk.Frame):
    """What kept bulkops from doing what it was asked for: there until the next thing is done."""

    def __init__(self, parent: tk.Misc, look: Look) -> None:
        super().__init__(parent, background=_PINK, highlightbackground=DANGER, highlightthickness=2)
        self._details = ""
        self.columnconfigure(0, weight=1)
        self.title = tk.Label(self, font="BulkopsBold", foreground=DANGER, background=_PINK, anchor=tk.W)
        self.words = WrappedLabel(self, background=_PINK)
        self.copy = ttk.Button(self, text="Copy details", underline=5, command=self.copy_details)
        self.title.grid(row=0, column=0, sticky=tk.EW, padx=look.gap, pady=(look.pad, 0))
        self.words.grid(row=1, column=0, sticky=tk.EW, padx=look.gap, pady=(0, look.pad))
        self.copy.grid(row=0, column=1, rowspan=2, padx=look.gap, pady=look.pad)

    def show(self, trouble: Trouble | None) -> None:
        """Some trouble, or none any more."""
        self._details = trouble.details if trouble else ""
        if trouble is None:
            self.grid_remove()
            return
        self.title.configure(text=trouble.title)
        self.words.configure(text=f"{trouble.sentence}\n{trouble.tip}\nCode: {trouble.code}")
        self.grid()

    def copy_details(self) -> None:
        """Put what went wrong on the clipboard, for whoever is asked for help."""
        if self._details:
            self.clipboard_clear()
            self.clipboard_append(self._details)
