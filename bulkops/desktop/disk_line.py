"""One quiet line that says how much disk space the records and copies take."""

from __future__ import annotations

import tkinter as tk
from pathlib import Path

from bulkops.desktop.widgets import WrappedLabel
from bulkops.desktop.worker import Worker
from bulkops.runs.disk_space import line


class DiskLine(WrappedLabel):
    """It is blank until ``refresh`` has looked."""

    def __init__(self, parent: tk.Misc, worker: Worker, folder: Path) -> None:
        super().__init__(parent, style="Faint.TLabel")
        self._worker, self._folder = worker, folder

    def refresh(self) -> None:
        """Look anew."""
        # If that fails nothing is lost: the line stays as it was.
        self._worker.start(lambda: line(self._folder), self._show, lambda _: None)

    def _show(self, words: str) -> None:
        if self.winfo_exists():
            self.configure(text=words)
