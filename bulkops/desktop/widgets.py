"""Small widgets that several parts of the window are made of."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path
from tkinter import filedialog, ttk
from typing import Any


class WrappedLabel(ttk.Label):
    """Its words wrap at its own width."""

    def __init__(self, parent: tk.Misc, **options: Any) -> None:
        super().__init__(parent, **options)
        self.bind("<Configure>", lambda event: self.configure(wraplength=event.width))


class PathEntry(ttk.Entry):
    """A path to read and to copy, its end in sight."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, state="readonly")

    def show(self, path: Path | None) -> None:
        """Another path, or none."""
        text = str(path or "")
        if self.get() != text:
            self.configure(state="normal")
            self.delete(0, tk.END)
            self.insert(0, text)
            self.configure(state="readonly")
            self.xview_moveto(1.0)


def enable(widget: ttk.Widget, enabled: object) -> None:
    """Let a widget be used, or not."""
    widget.state(["!disabled" if enabled else "disabled"])


def ask_new_workbook(parent: tk.Misc, title: str, name: str, folder: Path | None = None) -> Path | None:
    """Where a new workbook goes, asked in the system's own dialog; None if the operator chose no place."""
    found = filedialog.asksaveasfilename(
        parent=parent,
        title=title,
        defaultextension=".xlsx",
        initialdir=folder,
        initialfile=name,
        filetypes=(("Excel Workbook", "*.xlsx"),),
        confirmoverwrite=False,
    )
    return Path(found) if found else None
