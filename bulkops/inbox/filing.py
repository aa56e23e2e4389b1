"""Where a workbook goes when it was dealt with, and its results with it. Nothing that is there is ever replaced.

Every folder is in hand while files are moved into it: one that is a link, or a junction, is none.
"""

import hashlib
import os
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from bulkops.inbox.claims import begun_name, remove_begun
from bulkops.inbox.journal import Moves, Record
from bulkops.runs.upload_folders import OUTCOMES
from bulkops.system.files import write_new
from bulkops.system.folders import Folder, whole
from bulkops.system.path_lengths import shortened
from bulkops.system.rename import rename_no_replace

CORRECTIONS, NOT_RUN = " - corrections.xlsx", " - not run.txt"
"""What is put beside a workbook, besides results, has this behind its name."""
MOST = 2**28
"""Bytes of a workbook; reading the hash of a bigger file could take for ever."""
_LONGEST = 200
"""Bytes of a name that leave room for what is put behind it."""


def beside(name: str, end: str) -> str:
    """The name of what lies beside a workbook of this name."""
    stem = Path(name).stem
    return f"{stem if len(os.fsencode(stem)) < _LONGEST else shortened(stem)}{end}"


def free_name(box: Folder, name: str) -> str:
    """The workbook's name, or one with a number, that is in use in none of the folders it may go to.

    Its results link to it by name, and so it must not get another one after its run. Raises OSError.
    """
    taken = _folded(box) - {name.casefold()}
    for each in OUTCOMES:
        with suppress(OSError), box.within(each) as folder:
            taken |= _folded(folder)
    return _unused(name, taken)


def free_in(box: Folder, to: str, name: str) -> str:
    """The name, or one with a number, that is not in use in a folder of the upload folder. Raises OSError."""
    with box.within(to, make=True) as folder:
        return _unused(name, _folded(folder))


def carry_out(record: Record, moves: Moves, box: Folder) -> None:
    """Move what is still to be moved, the workbook last. Raises OSError; then the rest is where it was."""
    made = [(record.place / name, new) for name, new in moves.made if (record.place / name).exists()]
    here = [(name, new) for name, new in moves.here if box.facts(name) is not None]
    if not made and not here:
        return
    with box.within(moves.to, make=True) as folder:
        for file, new in made:
            _bring(file, folder, new, record.mark)
            folder.sync()
            file.unlink()
        for name, new in here:
            rename_no_replace(box, name, folder, new)
            folder.sync()
            box.sync()


def content_hash(box: Folder, name: str) -> str:
    """SHA-256 of a file. Raises OSError for what is no file, or too big for a workbook."""
    with os.fdopen(box.open(name), "rb") as stream:
        return hashlib.sha256(whole(stream, MOST)).hexdigest()


def _bring(made: Path, folder: Folder, new: str, mark: str) -> None:
    """Put what was made in the data folder, which may be on another disk, into a folder of the upload folder."""
    content = made.read_bytes()
    if folder.facts(new) is not None and content_hash(folder, new) == hashlib.sha256(content).hexdigest():
        return  # it was brought before
    remove_begun(folder, mark)
    begun = begun_name(mark)
    try:
        write_new(folder, begun, content)
        rename_no_replace(folder, begun, folder, new)
    finally:
        folder.remove(begun)


def _folded(folder: Folder) -> set[str]:
    return {name.casefold() for name in folder.names()}


def _unused(name: str, taken: Container[str]) -> str:
    path, number = Path(name), 1
    stem = path.stem if len(os.fsencode(path.stem)) < _LONGEST else shortened(path.stem)
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){path.suffix}"
    return name
