"""Which paths are one workbook's, where bulkops itself moves workbooks about: in an upload folder.

What was sent from a workbook is remembered with its path. One that is moved to Needs attention, corrected there and
put back is the same workbook all the way, also where it had to take a number because its name was in use.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import PurePath

DONE, NEEDS_ATTENTION, IN_DOUBT = "Done", "Needs attention", "In doubt"
OUTCOMES = (DONE, NEEDS_ATTENTION, IN_DOUBT)
"""The folders within an upload folder."""
_FOLDED = {name.casefold() for name in OUTCOMES}
_NUMBER = re.compile(r" \([0-9]+\)$")


def is_outcome(folder: PurePath) -> bool:
    """Has it the name of a folder for workbooks that were dealt with?"""
    return folder.name.casefold() in _FOLDED


def upload_folder(workbook: PurePath) -> PurePath:
    """The folder that it was dropped into, if that is an upload folder; else the one it is in."""
    return workbook.parent.parent if is_outcome(workbook.parent) else workbook.parent


@lru_cache(maxsize=10_000)
def family(workbook: str) -> str:
    """What all paths have in common that may be the same workbook's."""
    path = PurePath(workbook)
    return _folded(upload_folder(path) / f"{_NUMBER.sub('', path.stem)}{path.suffix}")


def namesakes(one: str, other: str) -> bool:
    """Are these one path, or one name in an upload folder and in a folder for what was dealt with there?"""
    if one == other:
        return True
    paths = PurePath(one), PurePath(other)
    first, second = (_folded(upload_folder(path) / path.name) for path in paths)
    return first == second and any(is_outcome(path.parent) for path in paths)


def akin(one: str, other: str) -> bool:
    """The same, and a number behind the name does not matter there: bulkops may have added it."""
    within = any(is_outcome(PurePath(path).parent) for path in (one, other))
    return one == other or (within and family(one) == family(other))


def _folded(path: PurePath) -> str:
    """As a disk compares names that does not know case."""
    return unicodedata.normalize("NFC", str(path)).casefold()
