"""The folders within an upload folder, where bulkops itself moves workbooks to."""

import unicodedata
from pathlib import PurePath

DONE, NEEDS_ATTENTION, IN_DOUBT = "Done", "Needs attention", "In doubt"
OUTCOMES = (DONE, NEEDS_ATTENTION, IN_DOUBT)
"""The folders within an upload folder."""
_FOLDED = {name.casefold() for name in OUTCOMES}


def is_outcome(folder: PurePath) -> bool:
    """Has it the name of a folder for workbooks that were dealt with?"""
    return folder.name.casefold() in _FOLDED


def known_as(workbook: str) -> str:
    """A path that stays the same wherever bulkops moves the workbook from its upload folder."""
    path = PurePath(workbook)
    dropped_into = path.parent.parent if is_outcome(path.parent) else path.parent
    # As a disk compares names that does not know case.
    return unicodedata.normalize("NFC", str(dropped_into / path.name)).casefold()
