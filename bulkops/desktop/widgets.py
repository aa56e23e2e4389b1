"""Small widgets that several parts of the window are made of."""

import tkinter as tk
from collections.abc import Container, Mapping
from pathlib import Path
from tkinter import filedialog, ttk
from typing import Any, Literal

from bulkops.desktop.theme import PAPER, TINTS, Look


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


class StatusTable(ttk.Treeview):
    """A table with a scrollbar in a row of its parent's grid, each line tinted by its status. ``widths`` in digits."""

    def __init__(
        self,
        parent: tk.Misc,
        row: int,
        look: Look,
        widths: Mapping[str, int],
        stretched: Container[str],
        mode: Literal["browse", "extended"],
    ) -> None:
        super().__init__(parent, columns=tuple(widths), show="headings", selectmode=mode, height=8)
        for heading, width in widths.items():
            self.heading(heading, text=heading, anchor="w")
            self.column(heading, width=look.em * width, minwidth=look.em * 8, stretch=heading in stretched)
        for status, tint in TINTS.items():
            self.tag_configure(status.value, background=tint)
        self.tag_configure("", background=PAPER)
        bar = ttk.Scrollbar(parent, command=self.yview)
        self.configure(yscrollcommand=bar.set)
        self.grid(row=row, column=0, sticky=tk.NSEW)
        bar.grid(row=row, column=1, sticky=tk.NS)


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
