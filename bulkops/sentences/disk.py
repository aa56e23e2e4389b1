"""About what bulkops keeps on the disk."""

from __future__ import annotations

from bulkops.sentences.entry import Entry

PARTS = {
    "ledger": "Record of what was sent",
    "second_record": "Second record, beside the data folder",
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
        f"Of the previous versions each workbook's newest {newest} stay, whatever is younger than {days} days, and those "
        "of runs with an unknown row."
    )


ENTRIES = (
    Entry(
        "settings.wrong",
        "Settings cannot be used",
        "{path}: {extra}. Until that is put right, no previous version of a workbook is removed.",
        "Correct that in the file, or delete it: then 90 days and the newest 3 count.",
    ),
)
