"""An error of our own: what it was goes to a file, and the operator gets a sentence."""

from __future__ import annotations

import traceback
from pathlib import Path

from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.system.data_folder import home
from bulkops.system.ownership import mine


def recorded(defect: Exception) -> CannotStart:
    """The sentence for a defect, whose details are in the log now, if it can be written at all."""
    path = Path("errors.log")
    try:
        path = home() / path
        with open(path, "a", encoding="utf-8", errors="backslashreplace", opener=mine) as log:
            log.write("".join(traceback.format_exception(defect)) + "\n")
    except (OSError, BulkopsError):
        pass  # the sentence is still worth saying
    return CannotStart("run.bug", value=type(defect).__name__, path=path)
