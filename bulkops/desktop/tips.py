"""A word beside a button that cannot be pressed: why."""

import tkinter as tk
from tkinter import ttk

from bulkops.desktop.theme import INK, Look

_PAPER = "#FFF8D6"


class Tip:
    """Shown while the pointer is over a widget, if there are words."""

    def __init__(self, widget: ttk.Widget, look: Look) -> None:
        self.words = ""
        self._widget, self._look = widget, look
        self._shown: tk.Toplevel | None = None
        widget.bind("<Enter>", lambda _: self._show(), add=True)
        for event in ("<Leave>", "<ButtonPress>", "<Destroy>"):
            widget.bind(event, lambda _: self._hide(), add=True)

    def _show(self) -> None:
        self._hide()
        if not self.words:
            return
        self._shown = tk.Toplevel(self._widget)
        self._shown.overrideredirect(True)
        pad = self._look.pad
        label = tk.Label(self._shown, text=self.words, background=_PAPER, foreground=INK, padx=pad, pady=pad)
        label.configure(relief=tk.SOLID, borderwidth=1)
        label.pack()
        below = self._widget.winfo_rooty() + self._widget.winfo_height() + pad
        self._shown.geometry(f"+{self._widget.winfo_rootx()}+{below}")

    def _hide(self) -> None:
        if self._shown is not None:
            self._shown.destroy()
            self._shown = None
