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


def upload_folder(workbook: PurePath) -> PurePath:
    """The folder that it was dropped into, if that is an upload folder; else the one it is in."""
    return workbook.parent.parent if is_outcome(workbook.parent) else workbook.parent


def known_as(workbook: str) -> str:
    """The same for a workbook wherever bulkops has moved it from its upload folder."""
    path = PurePath(workbook)
    # As a disk compares names that does not know case.
    return unicodedata.normalize("NFC", str(upload_folder(path) / path.name)).casefold()
