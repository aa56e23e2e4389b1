"""The totals of all rows as one coloured bar, each part with its number."""

import tkinter as tk
from collections.abc import Mapping
from tkinter import font

from bulkops.desktop.theme import GROUND, STRONG, Look
from bulkops.model.outcomes import URGENCY, Status


class TotalsBar(tk.Canvas):
    """One part for each state, as long as its share of the rows, but never too short for its number."""

    def __init__(self, parent: tk.Misc, look: Look) -> None:
        super().__init__(parent, height=round(look.line * 1.5), highlightthickness=0, background=GROUND)
        self._look = look
        self._totals: dict[Status, int] = {}
        self.bind("<Configure>", lambda _: self._draw())

    def show(self, totals: Mapping[Status, int]) -> None:
        """Other totals."""
        if totals != self._totals:
            self._totals = dict(totals)
            self._draw()

    def _draw(self) -> None:
        self.delete("all")
        parts = [(status, self._totals[status]) for status in URGENCY if self._totals.get(status)]
        width, height = self.winfo_width(), self.winfo_height()
        if not parts:
            self.create_rectangle(0, 0, width, height, fill="#E2E5EA", width=0)
            return
        bold = font.nametofont("BulkopsBold", self)
        names = [f"{status.label} {count}" for status, count in parts]
        least = [bold.measure(words) + self._look.em * 2 for words in names]
        if sum(least) > width:
            names = [str(count) for _, count in parts]
            least = [bold.measure(words) + self._look.em * 2 for words in names]
        spare = max(width - sum(least), 0)
        whole = sum(count for _, count in parts)
        left = 0.0
        for (status, count), words, smallest in zip(parts, names, least, strict=True):
            wide = smallest + spare * count / whole
            self.create_rectangle(left, 0, left + wide, height, fill=STRONG[status], width=0)
            place = (left + wide / 2, height / 2)
            self.create_text(*place, text=words, fill="white", font="BulkopsBold")
            left += wide
