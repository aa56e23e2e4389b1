"""A Treeview of any number of rows.

It holds the rows in sight and no others: Tk lays all items of a Treeview out at each change, and with 100,000 that
takes longer than sending a row.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from functools import partial
from tkinter import ttk
from typing import Any


class LongTree(ttk.Treeview):
    """Rows known by their names, of which one may be chosen; ``draw`` is to be called when some have changed."""

    def __init__(
        self,
        parent: tk.Misc,
        columns: list[str],
        row: Callable[[str], tuple[tuple[object, ...], str]],
        chosen: Callable[[], object],
        scrolled: Callable[[float, float], object],
    ) -> None:
        """``row``: a row's values and its tag. ``chosen`` is called when the operator has chosen another row,
        ``scrolled`` with the part of the rows that is in sight."""
        super().__init__(parent, columns=columns, show="headings", selectmode="browse", height=_LEAST)
        self.names: list[str] = []
        """Of all rows, in order."""
        self.chosen = ""
        self._row, self._tell, self._scrolled = row, chosen, scrolled
        self._places: dict[str, int] = {}
        self._first = 0
        self._scroll_all_rows()
        self.bind("<<TreeviewSelect>>", lambda _: self._look_at_choice())
        self.bind("<Configure>", lambda _: self.draw())
        keys: dict[str, Callable[[], int]] = {
            "<Up>": lambda: -1,
            "<Down>": lambda: 1,
            "<Prior>": lambda: -self.page,
            "<Next>": lambda: self.page,
            "<Home>": lambda: -len(self.names),
            "<End>": lambda: len(self.names),
        }
        for key, by in keys.items():
            self.bind(key, partial(self._step, by))

    def _scroll_all_rows(self) -> None:
        """Have Tk's own bindings, such as those of the wheel and the touch pad, scroll through all rows.

        They call the widget's commands ``yview`` and ``see``, which know only the items in sight.
        """
        widget = str(self)
        self.tk.call("rename", widget, f"{widget} in sight")
        scroll, see = self.register(self._yview), self.register(self.see)
        self.tk.eval(
            f"proc {{{widget}}} {{command args}} {{\n"
            f"    if {{$command eq {{yview}}}} {{ return [{scroll} {{*}}$args] }}\n"
            f"    if {{$command eq {{see}}}} {{ return [{see} {{*}}$args] }}\n"
            f"    return [{{{widget} in sight}} $command {{*}}$args]\n"
            "}"
        )

    @property
    def page(self) -> int:
        """How many rows can be seen whole."""
        height = int(ttk.Style(self).lookup("Treeview", "rowheight"))
        headings = self.winfo_reqheight() - _LEAST * height
        return max((self.winfo_height() - headings) // height, 1)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def fill(self, names: Iterable[str], chosen: str, stay: bool = False) -> None:
        """Other rows than before. ``chosen``: the row that is chosen and in sight; "" for none. ``stay``: where the
        operator has chosen or scrolled, what is in sight stays there instead."""
        self.names = list(names)
        self._places = {name: place for place, name in enumerate(self.names)}
        stay = stay and (bool(self._first) or self.chosen == chosen)
        self.chosen, self._first = chosen, self._first if stay else 0
        self.delete(*self.get_children())
        if stay:
            self.draw()
        else:
            self.see(chosen)

    def append(self, name: str) -> None:
        """One more row."""
        self._places[name] = len(self.names)
        self.names.append(name)

    def in_sight(self, name: str) -> bool:
        """Can the row be seen whole?"""
        return name in self and 0 <= self._places[name] - self._first < self.page

    def see(self, item: str | int) -> None:
        """Scroll no further than it takes to see the row whole."""
        if (place := self._places.get(str(item))) is not None:
            self._first = min(max(self._first, place - self.page + 1), place)
        self.draw()

    def draw(self) -> None:
        """Show the rows in sight as they are now."""
        self._look_at_choice()
        page = self.page
        last = max(len(self.names) - page, 0)
        self._first = min(max(self._first, 0), last)
        names = self.names[self._first : self._first + page + 1]
        if self.get_children() != tuple(names):
            self.delete(*self.get_children())
            for name in names:
                self.insert("", tk.END, name)
        for name in names:
            values, tag = self._row(name)
            self.item(name, values=values, tags=(tag,))
        if self.chosen in names:
            self.selection_set(self.chosen)
            self.focus(self.chosen)
        total = max(len(self.names), 1)
        self._scrolled(self._first / total, min((self._first + page) / total, 1.0))

    def _yview(self, how: str, by: str, what: str = "") -> None:
        """As Tk's: ``moveto FRACTION`` or ``scroll NUMBER units|pages``."""
        if how == "moveto":
            self._first = round(float(by) * len(self.names))
        else:
            self._first += round(float(by) * (self.page if what == "pages" else 1))
        self.draw()

    def _step(self, by: Callable[[], int], _: tk.Event[Any]) -> str:
        """Choose another row by a key."""
        self._look_at_choice()
        if self.names:
            place = self._places.get(self.chosen)
            place = self._first if place is None else min(max(place + by(), 0), len(self.names) - 1)
            name = self.names[place]
            self.see(name)
            self.selection_set(name)
            self.focus(name)
            self._choose(name)
        return "break"

    def _look_at_choice(self) -> None:
        """A row out of sight stays chosen; the Treeview does not know it."""
        for name in self.selection():
            self._choose(name)

    def _choose(self, name: str) -> None:
        if name != self.chosen:
            self.chosen = name
            self._tell()


_LEAST = 8
"""Rows for which it asks for room."""
