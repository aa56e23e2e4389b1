"""Which runs of the history are to be seen: by what there is to do, workbook, days and person."""

import tkinter as tk
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from tkinter import ttk

from bulkops.desktop.theme import DANGER, INK, Look
from bulkops.desktop.widgets import enable
from bulkops.runs.run_list import Choice, State

_ALL = "All runs"
_STATES = {_ALL: None, **{state.label: state for state in State}}
_AFTER = 250
"""Milliseconds after the last key until what was typed is taken."""


class Chooser(ttk.Frame):
    """``changed`` is called when another choice was made."""

    def __init__(self, parent: tk.Misc, look: Look, changed: Callable[[], object]) -> None:
        super().__init__(parent)
        self._changed, self._next, self._amount = changed, "", ""
        self.choice = Choice()
        self.state_box = ttk.Combobox(self, state="readonly", values=list(_STATES), width=20)
        self.state_box.set(_ALL)
        self.state_box.bind("<<ComboboxSelected>>", lambda _: self._take())
        self.workbook, self.since, self.until, self.person = (ttk.Entry(self, width=wide) for wide in (16, 11, 11, 12))
        self.all = ttk.Button(self, text="Show all", command=self.clear)
        self.amount = ttk.Label(self)
        fields = (
            *(("", self.state_box), ("Workbook", self.workbook), ("From", self.since), ("to", self.until)),
            *(("Who", self.person), ("", self.all)),
        )
        for column, (words, field) in enumerate(fields):
            if words:
                ttk.Label(self, text=words).grid(row=0, column=2 * column, padx=(0, look.pad))
            field.grid(row=0, column=2 * column + 1, padx=(0, look.gap), sticky="ew")
            if isinstance(field, ttk.Entry) and field is not self.state_box:
                field.bind("<KeyRelease>", lambda _: self._take_soon())
                field.bind("<Return>", lambda _: self._take())
        self.amount.grid(row=1, columnspan=2 * len(fields), sticky="e", pady=(look.pad, 0))
        self.columnconfigure(3, weight=1)

    def clear(self) -> None:
        """Want all runs."""
        self.state_box.set(_ALL)
        for entry in (self.workbook, self.since, self.until, self.person):
            entry.delete(0, tk.END)
        self._take()

    def tell(self, amount: str) -> None:
        """How many runs there are to see."""
        self._amount = amount
        self._show()

    def _take_soon(self) -> None:
        if self._next:
            self.after_cancel(self._next)
        self._next = self.after(_AFTER, self._take)

    def _take(self) -> None:
        if self._next:
            self.after_cancel(self._next)
            self._next = ""
        texts = (self.workbook.get().strip(), _day(self.since.get()), _day(self.until.get()), self.person.get().strip())
        choice = Choice(_STATES[self.state_box.get()], *texts)
        if choice != self.choice:
            self.choice = choice
            self._changed()
        self._show()

    def _show(self) -> None:
        wrong = [each.get() for each in (self.since, self.until) if each.get().strip() and not _day(each.get())]
        words = f"Type a day as {date.today():%Y-%m-%d}." if wrong else self._amount
        self.amount.configure(text=words, foreground=DANGER if wrong else INK)
        enable(self.all, self.choice != Choice() or wrong)


def _day(text: str) -> date | None:
    """A day that was typed; None for one that is not typed to its end yet, or none."""
    with suppress(ValueError):
        return date.fromisoformat(text.strip())
    return None
