"""About the window and what it opens."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES = (
    Entry(
        "window.no_tk",
        "No window can be shown",
        "This Python comes without tkinter, which draws the window.",
        "Install it (Debian and Ubuntu: sudo apt install python3-tk), or install Python 3.13 from python.org. Without a window, type: bulkops check WORKBOOK",
    ),
    Entry(
        "window.no_display",
        "No window can be shown",
        "There is no screen on which the window could be shown.",
        "Start bulkops on a computer with a screen. Without a window, type: bulkops check WORKBOOK",
    ),
)
