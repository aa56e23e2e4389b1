"""About the window and what it opens."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "open.gone",
        "File is not there",
        "{name} is not there any more: it was moved, renamed or deleted ({path}).",
        "Look for it in that folder. The results of a run can be made again in the History.",
    ),
    Entry(
        "open.no_program",
        "File was not opened",
        "{name} could not be opened by a program on this computer ({path}).",
        "Copy the path, and open the file in Excel or another spreadsheet program.",
    ),
)
