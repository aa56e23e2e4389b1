"""Files dropped on the window. Where the library for that cannot be loaded the window does without."""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from typing import Any


def accept_drops(root: tk.Tk, take: Callable[[list[Path]], object]) -> bool:
    """Let files be dropped anywhere on a window; ``take`` is called with them. False where that cannot be had."""
    try:
        from tkinterdnd2 import DND_FILES, TkinterDnD

        TkinterDnD._require(root)
    except (ImportError, RuntimeError, tk.TclError):
        return False

    def dropped(files: str) -> str:
        # A Tcl list: names with spaces stand in braces.
        take([Path(name) for name in root.tk.splitlist(files)])
        return "copy"

    # As the library's own widgets do it; a plain window has not their methods.
    window: Any = root
    root.tk.call("tkdnd::drop_target", "register", window._w, (DND_FILES,))
    root.tk.call("bind", window._w, f"<<Drop:{DND_FILES}>>", f"{root.register(dropped)} %D")
    return True
