"""An error of our own: what it was goes to a file, and the operator gets a sentence.

Not by ``logging``: several processes write into the file, and Windows renames none that another has open. So each error
is one write into a file that is open for it alone.
"""

import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bulkops import __version__
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.system.data_folder import home
from bulkops.system.ownership import mine

NAME = "errors.log"
_LARGE = 2**20
"""Bytes. The file before this one stays, too."""


def record(error: Exception) -> CannotStart:
    """The sentence for an error of ours, whose details are in the log now, if it can be written at all."""
    path = Path(NAME)
    try:
        path = home() / path
        with suppress(OSError):  # there is none yet; or another process writes into it: the next error tries again
            if path.stat().st_size > _LARGE:
                path.replace(path.with_name(f"{NAME}.1"))
        details = "".join(traceback.format_exception(error))
        with open(path, "a", encoding="utf-8", errors="backslashreplace", opener=mine) as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, bulkops {__version__}\n{details}\n")
    except (OSError, BulkopsError):
        pass  # the sentence is still worth saying
    return CannotStart("run.bug", value=type(error).__name__, path=path)
