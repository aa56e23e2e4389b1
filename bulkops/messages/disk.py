"""About what bulkops keeps on the disk."""

from bulkops.messages.message import Message

PARTS = {
    "ledger": "Record of what was sent",
    "second_record": "Second record, beside the data folder",
    "archive": "Archive of what old runs said",
    "earlier_ledgers": "Records as they were before an update",
    "previous_versions": "Previous versions of workbooks",
    "results": "Results",
    "log": "Log of errors",
    "program": "Packages of bulkops",
    "other": "Everything else",
}
"""What each part is called, by its name in JSON."""


def kept(size: str, folder: str) -> str:
    """How much there is in all, and where."""
    return f"bulkops keeps {size} on this computer, in {folder}"


def largest(parts: str) -> str:
    """What most of it is."""
    return f", most of it: {parts}."


def rule(newest: int, days: int) -> str:
    """What becomes of the previous versions."""
    return (
        f"Of the previous versions these stay: each workbook's newest {newest}, all that are younger than {days} days, and "
        "those of runs with an unknown row."
    )


ARCHIVE = "ledger archive.sqlite3"
ARCHIVED = f"What was said of this row is in the archive ({ARCHIVE}), which cannot be read."
"""For whoever looks at an old run without its archive."""


def moved(runs: str, path: str) -> str:
    """What has gone into the archive."""
    return (
        f"What {runs} said of their rows is now in {path}. What was sent stays in the record, and keeps holding "
        "the same back; the history shows these runs as before."
    )


def smaller(size: str) -> str:
    """What that has come to."""
    return f"The record of what was sent takes {size} now."


NONE_MOVED = "No run was moved into the archive."
NOT_SMALLER = (
    "The record's file is no smaller: something else uses it, or the disk is full. The room in it is used again."
)


def stay(runs: str) -> str:
    """What could not go."""
    return f"Left as they are, because one of their rows is unknown or can still be sent: {runs}."


MESSAGES = (
    Message(
        "archive.unusable",
        "Archive cannot be used",
        "The archive {path} cannot be used ({value}). What had not been moved yet is still in the record of what was sent.",
        "Make sure that the disk has room and that no other program uses the file, then try again.",
    ),
    Message(
        "settings.wrong",
        "Settings cannot be used",
        "{path}: {extra}. Until that is put right, no run begins from the window or an upload folder, and no previous version of a workbook is removed.",
        "Correct that in the file, or delete it: then 90 days and the newest 3 count, and a run may touch any number of bills.",
    ),
)
