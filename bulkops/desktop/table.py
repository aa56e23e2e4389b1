"""The table of every row, and below it the chosen row's message in full."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from tkinter import ttk
from typing import Literal

from bulkops.desktop.lines import Line, most_urgent
from bulkops.desktop.long_tree import LongTree
from bulkops.desktop.theme import ACCENT, EDGE, FAINT, INK, PAPER, STRONG, TINTS, Look
from bulkops.desktop.view import RESOLUTION_KINDS, STEPS
from bulkops.desktop.widgets import enable
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status

_COLUMNS = (("sheet", "Sheet", 11), ("row", "Row", 8), ("asks", "What it will do", 46), ("state", "State", 16))


class Table(ttk.Frame):
    """Thousands of rows; a filter leaves those that are to be looked at."""

    def __init__(self, parent: tk.Misc, look: Look, chosen: Callable[[Line | None], object]) -> None:
        super().__init__(parent)
        self._chosen = chosen
        self._lines: dict[str, Line] = {}
        self._to_look_at = 0
        self._moving = ""
        self._changed: set[str] = set()
        self._running = self._before = ""
        """The row that changed last, and the one that had when the table was last moved."""
        self.filter = ttk.Checkbutton(self, command=self._fill, underline=13)
        self.filter.state(["!alternate"])
        bar = ttk.Scrollbar(self, orient=tk.VERTICAL)
        columns = [*(name for name, _, _ in _COLUMNS), "message"]
        self.tree = LongTree(self, columns, self._row, lambda: self._chosen(self.selected), bar.set)
        bar.configure(command=self.tree.yview)
        for name, heading, width in _COLUMNS:
            side: Literal["e", "w"] = "e" if name == "row" else "w"
            self.tree.heading(name, text=heading, anchor=side)
            self.tree.column(name, width=width * look.em, minwidth=4 * look.em, anchor=side, stretch=name == "asks")
        self.tree.heading("message", text="Message", anchor=tk.W)
        self.tree.column("message", width=50 * look.em, minwidth=10 * look.em)
        for status, tint in TINTS.items():
            self.tree.tag_configure(status.name, background=tint if status is not Status.READY else PAPER)
        self.filter.grid(row=0, column=0, columnspan=2, sticky=tk.W, pady=(0, look.pad))
        self.tree.grid(row=1, column=0, sticky=tk.NSEW)
        bar.grid(row=1, column=1, sticky=tk.NS)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self._count()

    @property
    def only(self) -> bool:
        """Are only the rows shown that are to be looked at?"""
        return self.filter.instate(["selected"])

    @property
    def selected(self) -> Line | None:
        """The chosen row."""
        return self._lines.get(self.tree.chosen)

    def show(self, lines: Sequence[Line], stay: bool = False) -> None:
        """Other rows than before; a row that needs a look is chosen, the worst first. ``stay``: the same ones, of which
        there is more to say: what is chosen and in sight stays."""
        self._lines = {str(each.seq): each for each in lines}
        self._to_look_at = sum(each.look for each in lines)
        self._running = self._before = ""
        self._fill(anew=not stay, stay=stay)

    def change(self, line: Line) -> None:
        """One row has changed."""
        name = str(line.seq)
        self._to_look_at += line.look - self._lines[name].look
        self._lines[name] = line
        if line.look and name not in self.tree:
            self.tree.append(name)
        elif name in self.tree:
            self._running = name
        self._changed.add(name)
        if not self._moving:
            self._moving = self.after_idle(self._move)

    def _move(self) -> None:
        """Go to the row that changed last, once for all that changed together; who has scrolled away stays there."""
        self._moving = ""
        self._count()
        if self.tree.chosen in self._changed:
            self._chosen(self.selected)
        self._changed.clear()
        left = self._before in self.tree and not self.tree.in_sight(self._before)
        if left:
            self.tree.draw()
        else:
            self.tree.see(self._running)
        self._before = self._running

    def _count(self) -> None:
        self.filter.configure(text=f"Only rows to look at ({self._to_look_at})")
        enable(self.filter, self._to_look_at or self.only)

    def _fill(self, anew: bool = False, stay: bool = False) -> None:
        """``anew``: nothing of what was chosen counts any more. ``stay``: what is in sight stays there."""
        self._count()
        shown = {name: each for name, each in self._lines.items() if each.look or not self.only}
        chosen = self.tree.chosen if self.tree.chosen in shown and not anew else ""
        worst = most_urgent(shown.values())
        self.tree.fill(shown, chosen or (str(worst.seq) if worst else ""), stay)
        self._chosen(self.selected)

    def _row(self, name: str) -> tuple[tuple[object, ...], str]:
        line = self._lines[name]
        return (line.sheet, line.row, line.asks, line.shown.label, line.brief), line.shown.name


class Details(ttk.Frame):
    """Everything that there is to say of one row, or else of the workbook; it wraps, scrolls and can be copied."""

    def __init__(self, parent: tk.Misc, look: Look, mark: Callable[[ResolutionKind], object]) -> None:
        super().__init__(parent)
        self._parts: Sequence[tuple[str, str]] = ()
        self.text = tk.Text(
            self,
            height=7,
            wrap=tk.WORD,
            font="TkDefaultFont",
            relief=tk.FLAT,
            borderwidth=0,
            highlightbackground=EDGE,
            highlightcolor=ACCENT,
            background=PAPER,
            foreground=INK,
            padx=look.gap,
            pady=look.pad,
            spacing3=look.pad // 2,
            state=tk.DISABLED,
            highlightthickness=max(look.em // 5, 1),
            takefocus=True,
        )
        bar = ttk.Scrollbar(self, orient=tk.VERTICAL, command=self.text.yview)
        self.text.configure(yscrollcommand=bar.set)
        self.text.grid(row=0, column=0, sticky=tk.NSEW)
        bar.grid(row=0, column=1, sticky=tk.NS)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.marks = ttk.Frame(self, padding=(0, look.pad))
        ttk.Label(self.marks, text="You have looked in EnergyCAP:", style="Bold.TLabel").pack(side=tk.LEFT)
        self.mark_buttons = {
            kind: ttk.Button(self.marks, text=finding.button, command=partial(mark, kind))
            for kind, finding in RESOLUTION_KINDS.items()
        }
        for button in self.mark_buttons.values():
            button.pack(side=tk.LEFT, padx=look.pad)
        self.text.tag_configure("title", font="BulkopsTitle")
        self.text.tag_configure("do", font="BulkopsBold")
        self.text.tag_configure("faint", foreground=FAINT)
        for status, colour in STRONG.items():
            self.text.tag_configure(status.name, foreground=colour, font="BulkopsTitle")

    def show_line(self, line: Line, in_doubt: bool, notes: Sequence[str]) -> None:
        """One row: its state, what it does, its message, what to do; one in doubt can be marked. Below it, what there
        is to say of the workbook as a whole."""
        self._offer_marks(in_doubt)
        parts = [(line.title, line.shown.name), (line.asks, "faint"), (line.message, ""), (line.tip, "do")]
        self._write([*parts, *_good_to_know(notes)])

    def show_notes(self, notes: Sequence[str], rows: bool) -> None:
        """What there is to say of the workbook as a whole."""
        self._offer_marks(False)
        hint = [("Choose a row above to read all that there is to say of it.", "faint")] if rows else []
        self._write([*_good_to_know(notes), *hint] or [("How it goes", "do"), *((step, "") for step in STEPS)])

    def _offer_marks(self, offered: bool) -> None:
        if offered:
            self.marks.grid(row=1, column=0, columnspan=2, sticky=tk.EW)
        else:
            self.marks.grid_forget()

    def _write(self, parts: Sequence[tuple[str, str]]) -> None:
        if parts == self._parts:
            return
        self._parts = parts
        self.text.configure(state=tk.NORMAL)
        self.text.delete("1.0", tk.END)
        for words, tag in parts:
            if words:
                self.text.insert(tk.END, words + "\n", tag)
        self.text.configure(state=tk.DISABLED)


def _good_to_know(notes: Sequence[str]) -> list[tuple[str, str]]:
    return [("Good to know", "do"), *((f"• {note}", "") for note in notes)] if notes else []
