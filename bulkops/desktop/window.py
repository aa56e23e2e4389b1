"""The window itself: it shows what the presenter says, and tells it what the operator does."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog, ttk

from bulkops.desktop import view
from bulkops.desktop.dialogs import RunDialog, SureDialog
from bulkops.desktop.drag_and_drop import accept_drops
from bulkops.desktop.history_tab import HistoryTab
from bulkops.desktop.inbox_tab import InboxTab
from bulkops.desktop.key_dialog import KeyDialog
from bulkops.desktop.opening import open_file
from bulkops.desktop.presenter import Presenter
from bulkops.desktop.state import Phase
from bulkops.desktop.table import Details, Table
from bulkops.desktop.theme import DANGER, SAFE, Look
from bulkops.desktop.tips import Tip
from bulkops.desktop.totals import TotalsBar
from bulkops.desktop.view import Button, Line, Question, Shown
from bulkops.desktop.worker import Worker
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.history import Verdict
from bulkops.runs.history import PastRun

_EVERY = 50
"""Milliseconds between two looks at what the jobs have said."""
_PINK = "#FDECEA"
_KINDS = (("Workbooks", "*.xlsx *.xlsm *.csv *.ods *.xls"), ("All files", "*"))


class Window:
    """The main window. Everything it decides is the presenter's."""

    def __init__(
        self,
        root: tk.Tk,
        look: Look,
        home: Path,
        opener: Callable[[Path], None] = open_file,
        further: Callable[[], list[list[Path]]] = list,
    ) -> None:
        """``opener``: what opens a file in its own program. ``further``: the files of each start since it was asked
        last."""
        self.root, self.look, self.opener, self.further = root, look, opener, further
        self.leaving = False
        self.presenter = Presenter(self, Worker(), home, engaged=lambda: self.leaving or self.inbox.busy)
        self.dialog: RunDialog | None = None
        self.closing: SureDialog | None = None
        self.keys: KeyDialog | None = None
        self._next = ""
        self.notes: tuple[str, ...] = ()
        self.environments = self.presenter.environments
        root.title("bulkops")
        root.columnconfigure(0, weight=1)
        root.rowconfigure(1, weight=1)
        self._build()
        self._keys()
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
        self.banner = tk.Label(self.root, font="BulkopsTitle", foreground="white", pady=self.look.pad)
        self.banner.grid(row=0, column=0, sticky=tk.EW)
        self.tabs = ttk.Notebook(self.root, padding=self.look.pad)
        self.tabs.grid(row=1, column=0, sticky=tk.NSEW)
        page = ttk.Frame(self.tabs, padding=self.look.gap)
        self.tabs.add(page, text="Workbook", underline=0)
        page.columnconfigure(0, weight=1)
        page.rowconfigure(4, weight=1)
        self._choosing(page).grid(row=0, column=0, sticky=tk.EW)
        self._doing(page).grid(row=1, column=0, sticky=tk.EW, pady=self.look.gap)
        self._telling(page).grid(row=2, column=0, sticky=tk.EW)
        self._troubles(page)
        panes = ttk.PanedWindow(page, orient=tk.VERTICAL)
        self.table = Table(panes, self.look, self._chosen)
        self.details = Details(panes, self.look, self.mark)
        panes.add(self.table, weight=3)
        panes.add(self.details, weight=1)
        panes.grid(row=4, column=0, sticky=tk.NSEW, pady=(self.look.gap, 0))
        self.inbox = InboxTab(
            self.tabs, self.look, self.presenter.worker, self.presenter.home, lambda: self.presenter.state.where
        )
        self.tabs.add(self.inbox, text="Upload folder", underline=0)
        self.history = HistoryTab(self.tabs, self.look, self.presenter.worker, self.presenter.home, self._finish)
        self.tabs.add(self.history, text="History", underline=0)
        self.tabs.bind("<<NotebookTabChanged>>", lambda _: self._turned())
        self.tabs.enable_traversal()
        self._chosen(None)

    def _choosing(self, page: ttk.Frame) -> ttk.Frame:
        """The workbook, and which EnergyCAP."""
        frame, pad = ttk.Frame(page), self.look.pad
        frame.columnconfigure(1, weight=1)
        self.entry = ttk.Entry(frame, state="readonly")
        self.choose = ttk.Button(frame, text="Choose a workbook …", underline=13, command=self.choose_file)
        self.menu = tk.Menu(self.root, tearoff=False, postcommand=self._list_recent)
        self.recent = ttk.Menubutton(frame, text="Recent", underline=1, menu=self.menu)
        self.template = ttk.Button(frame, text="New from template …", underline=0, command=self.make_template)
        ttk.Label(frame, text="Workbook").grid(row=0, column=0, sticky=tk.W, padx=(0, pad))
        self.entry.grid(row=0, column=1, sticky=tk.EW)
        for column, button in enumerate((self.choose, self.recent, self.template), 2):
            button.grid(row=0, column=column, padx=(pad, 0), sticky=tk.EW)
        self.where = ttk.Combobox(frame, state="readonly", values=[view.named(each) for each in self.environments])
        self.where.bind("<<ComboboxSelected>>", lambda _: self._chose_environment())
        ttk.Label(frame, text="EnergyCAP").grid(row=1, column=0, sticky=tk.W, padx=(0, pad))
        self.where.grid(row=1, column=1, sticky=tk.EW, pady=(pad, 0))
        self.key = ttk.Button(frame, text="API key …", underline=4, command=self._ask_key)
        self.key.grid(row=1, column=2, padx=(pad, 0), pady=(pad, 0), sticky=tk.EW)
        return frame

    def _doing(self, page: ttk.Frame) -> ttk.Frame:
        """What can be done, in the order in which it is done."""
        frame, pad = ttk.Frame(page), self.look.pad
        presenter = self.presenter
        self.check = self._button(frame, 0, presenter.check)
        self.run = self._button(frame, 0, presenter.run, "Main.TButton")
        self.stop = self._button(frame, 0, presenter.stop)
        self.results = self._button(frame, 0, presenter.open_results)
        self.corrections = self._button(frame, 0, self.make_corrections)
        self.tips = {button: Tip(button, self.look) for button in (self.check, self.run, self.stop)}
        self.tips.update({button: Tip(button, self.look) for button in (self.results, self.corrections)})
        for column, button in enumerate((self.check, self.run, self.stop)):
            button.grid(row=0, column=column, padx=(0, pad))
        frame.columnconfigure(3, weight=1)
        self.results.grid(row=0, column=4, padx=(pad, 0))
        self.corrections.grid(row=0, column=5, padx=(pad, 0))
        return frame

    def _button(
        self, parent: ttk.Frame, underline: int, command: Callable[[], object], style: str = "TButton"
    ) -> ttk.Button:
        return ttk.Button(parent, underline=underline, command=command, style=style)

    def _telling(self, page: ttk.Frame) -> ttk.Frame:
        """What is going on, what to do next, and the totals."""
        frame = ttk.Frame(page)
        frame.columnconfigure(0, weight=1)
        self.headline = ttk.Label(frame, style="Title.TLabel")
        self.more = ttk.Label(frame)
        self.progress = ttk.Progressbar(frame)
        self.totals = TotalsBar(frame, self.look)
        self.headline.grid(row=0, column=0, sticky=tk.EW)
        self.more.grid(row=1, column=0, sticky=tk.EW)
        self.progress.grid(row=2, column=0, sticky=tk.EW, pady=self.look.pad)
        self.totals.grid(row=3, column=0, sticky=tk.EW, pady=self.look.pad)
        for label in (self.headline, self.more):
            label.bind("<Configure>", lambda event: event.widget.configure(wraplength=event.width))
        return frame

    def _troubles(self, page: ttk.Frame) -> None:
        """What kept bulkops from doing what it was asked for: there until the next thing is done."""
        frame = self.trouble = tk.Frame(page, background=_PINK, highlightbackground=DANGER, highlightthickness=2)
        frame.columnconfigure(0, weight=1)
        self.trouble_title = tk.Label(frame, font="BulkopsBold", foreground=DANGER, background=_PINK, anchor=tk.W)
        self.trouble_words = tk.Label(frame, background=_PINK, anchor=tk.W, justify=tk.LEFT)
        self.trouble_title.grid(row=0, column=0, sticky=tk.EW, padx=self.look.gap, pady=(self.look.pad, 0))
        self.trouble_words.grid(row=1, column=0, sticky=tk.EW, padx=self.look.gap, pady=(0, self.look.pad))
        self.trouble_words.bind("<Configure>", lambda event: event.widget.configure(wraplength=event.width))
        self.copy = ttk.Button(frame, text="Copy details", underline=5, command=self.copy_details)
        self.copy.grid(row=0, column=1, rowspan=2, padx=self.look.gap, pady=self.look.pad)
        frame.grid(row=3, column=0, sticky=tk.EW, pady=(self.look.pad, 0))
        frame.grid_remove()

    def _keys(self) -> None:
        presenter, root = self.presenter, self.root
        mine: dict[str, Callable[[], object]] = {
            "<Control-o>": self.choose.invoke,
            "<F5>": presenter.check,
            "<Escape>": self.stop_sending,
            "<Alt-b>": self.choose.invoke,
            "<Alt-e>": self._show_recent,
            "<Alt-k>": self.key.invoke,
            "<Alt-n>": self.template.invoke,
            "<Alt-c>": self.check.invoke,
            "<Alt-r>": self.run.invoke,
            "<Alt-s>": self.stop.invoke,
            "<Alt-o>": self.results.invoke,
            "<Alt-m>": self.corrections.invoke,
            "<Alt-l>": self.table.filter.invoke,
            "<Alt-d>": self.copy_details,
        }
        for keys, command in mine.items():
            root.bind(keys, lambda _, command=command: command())  # type: ignore[misc]
        for kind in ("TButton", "TCheckbutton"):
            root.bind_class(kind, "<Return>", _pressed)

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

    def choose_file(self) -> None:
        """Ask for a workbook, in the system's own dialog."""
        folder = self.presenter.state.workbook.parent if self.presenter.state.workbook else None
        found = filedialog.askopenfilename(
            parent=self.root, title="Choose a workbook", filetypes=_KINDS, initialdir=folder
        )
        if found:
            self.presenter.choose(Path(found))

    def make_template(self) -> None:
        """Ask where the empty workbook goes."""
        found = filedialog.asksaveasfilename(
            parent=self.root,
            title="New workbook from the template",
            defaultextension=".xlsx",
            initialfile="bulkops rows.xlsx",
            filetypes=(("Excel Workbook", "*.xlsx"),),
            confirmoverwrite=False,
        )
        if found:
            self.presenter.new_from_template(Path(found))

    def make_corrections(self) -> None:
        """Ask where the rows to be corrected go."""
        place, report = self.presenter.corrections_place(), self.presenter.state.report
        if place is None or report is None:
            return
        found = filedialog.asksaveasfilename(
            parent=self.root,
            title="Corrections workbook",
            defaultextension=".xlsx",
            initialdir=place.parent,
            initialfile=place.name,
            filetypes=(("Excel Workbook", "*.xlsx"),),
            confirmoverwrite=False,
        )
        if found:
            self.presenter.make_corrections(Path(found), report)

    def mark(self, verdict: Verdict) -> None:
        """Ask whether it is sure; then the chosen row is marked for good."""
        line = self.table.selected
        doubt = self.presenter.state.doubts.get(line.seq) if line else None
        if line is not None and doubt is not None:
            chosen = line
            sure = view.sure_of(line, doubt, verdict)
            self.sure = SureDialog(self.root, self.look, sure, lambda: self.presenter.mark(chosen, doubt, verdict))

    def stop_sending(self) -> None:
        """Whichever of the two sends, the workbook or the upload folder."""
        self.presenter.stop()
        self.inbox.stop()

    def copy_details(self) -> None:
        """Put what went wrong on the clipboard, for whoever is asked for help."""
        if trouble := self.presenter.state.trouble:
            self.root.clipboard_clear()
            self.root.clipboard_append(trouble.details)

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

    def _chose_environment(self) -> None:
        self.presenter.choose_environment(self.environments[self.where.current()])

    def _ask_key(self) -> None:
        self.need_key(self.presenter.state.where)

    def _turned(self) -> None:
        if self.tabs.index(tk.CURRENT) == self.tabs.index(self.history):  # type: ignore[no-untyped-call]
            self.history.refresh()
            self.history.disk.refresh()

    def _finish(self, run: PastRun) -> None:
        self.tabs.select(0)  # type: ignore[no-untyped-call]
        self.presenter.finish(run.id)

    def _show_recent(self) -> None:
        if self.recent.instate(["!disabled"]):
            below = self.recent.winfo_rooty() + self.recent.winfo_height()
            self.menu.tk_popup(self.recent.winfo_rootx(), below)

    def _list_recent(self) -> None:
        self.menu.delete(0, tk.END)
        for path in self.presenter.recent.paths():
            self.menu.add_command(label=str(path), command=lambda path=path: self.presenter.choose(path))  # type: ignore[misc]
        if self.menu.index(tk.END) is None:
            self.menu.add_command(label="None yet", state=tk.DISABLED)

    def _chosen(self, line: Line | None) -> None:
        if line is None:
            self.details.show_notes(self.notes, bool(self.presenter.state.lines))
        else:
            self.details.show_line(line, line.seq in self.presenter.state.doubts)

    # ---------------------------------------------------------------- what the presenter says

    def show(self, shown: Shown) -> None:
        """Everything but the rows."""
        words = view.banner(shown.where)
        colour = SAFE if shown.where.name == PRACTICE else DANGER
        self.banner.configure(text=words, background=colour)
        title = f"{shown.workbook.name} \N{EN DASH} " if shown.workbook else ""
        self.root.title(f"{title}bulkops \N{EN DASH} {words.split(' ')[0]}")
        self._show_path(str(shown.workbook) if shown.workbook else "")
        if self.where.get() != view.named(shown.where):
            self.where.set(view.named(shown.where))
            # What its workbooks would come to depends on where they would be sent.
            self.inbox.presenter.look()
        for widget in (self.choose, self.recent, self.template, self.where, self.key):
            widget.state(["disabled" if shown.busy else "!disabled"])
        for button, told in (
            (self.check, shown.check),
            (self.run, shown.run),
            (self.stop, shown.stop),
            (self.results, shown.results),
            (self.corrections, shown.corrections),
        ):
            self._show_button(button, told)
        self.headline.configure(text=shown.headline)
        self.more.configure(text=shown.more)
        self.totals.show(shown.totals)
        if shown.notes != self.notes:
            self.notes = shown.notes
            self._chosen(self.table.selected)
        self._show_progress(shown.progress)
        self._show_trouble(shown)

    def _show_path(self, path: str) -> None:
        if self.entry.get() != path:
            self.entry.configure(state="normal")
            self.entry.delete(0, tk.END)
            self.entry.insert(0, path)
            self.entry.configure(state="readonly")
            self.entry.xview_moveto(1.0)

    def _show_button(self, button: ttk.Button, told: Button) -> None:
        button.configure(text=told.words)
        button.state(["disabled" if told.why_not else "!disabled"])
        self.tips[button].words = told.why_not

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
            self.progress.start(_EVERY)

    def _show_trouble(self, shown: Shown) -> None:
        trouble = shown.trouble
        if trouble is None:
            self.trouble.grid_remove()
            return
        self.trouble_title.configure(text=trouble.title)
        self.trouble_words.configure(text=f"{trouble.sentence}\n{trouble.tip}\nCode: {trouble.code}")
        self.trouble.grid()

    def show_lines(self, lines: list[Line]) -> None:
        """All rows, anew."""
        self.table.show(lines)

    def show_line(self, line: Line) -> None:
        """One row has changed."""
        self.table.change(line)

    def ask(self, question: Question | None) -> None:
        """The question before a run, or none any more."""
        if question is None:
            if self.dialog is not None:
                self.dialog.destroy()
                self.table.tree.focus_set()
            self.dialog = None
        elif self.dialog is None:
            self.dialog = RunDialog(self.root, self.look, question, self.presenter.answer, self.presenter.ask_again)
        else:
            self.dialog.show(question)

    def need_key(self, where: Environment) -> None:
        """Ask for an environment's key."""
        if self.keys is None:
            self.keys = KeyDialog(self.root, self.look, self.presenter.worker, where, self.presenter.key_changed)
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
