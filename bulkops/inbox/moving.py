"""Where a workbook goes when it was dealt with, and its results with it. Nothing that is there is ever replaced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Iterable
from pathlib import Path

from bulkops.inbox.claims import Moves
from bulkops.inbox.giving import give
from bulkops.whereabouts import OUTCOMES
from bulkops.workbook.saving import save, shortened, sync_folder

CORRECTIONS, NOT_RUN = " - corrections.xlsx", " - not run.txt"
"""What is put beside a workbook, besides results, has this behind its name."""
_LONGEST = 200
"""Bytes of a name that leave room for what is put behind it."""


def beside(name: str, end: str) -> str:
    """The name of what lies beside a workbook of this name."""
    stem = Path(name).stem
    return f"{stem if len(os.fsencode(stem)) < _LONGEST else shortened(stem)}{end}"


def free_name(workbook: Path) -> str:
    """The workbook's name, or one with a number, that is in use in none of the folders it may go to.

    Its results link to it by name, and so it must not get another one after its run. Raises OSError.
    """
    around = _names([workbook.parent]) - {workbook.name.casefold()}
    return _unused(workbook.name, around | _names(workbook.parent / each for each in OUTCOMES))


def free_in(folder: Path, name: str) -> Path:
    """A place in a folder by this name, or by one with a number. Raises OSError."""
    return folder / _unused(name, _names([folder]))


def carry_out(moves: Moves, home: Path) -> None:
    """Move what is still to be moved, the workbook last. Raises OSError; then the rest is where it was.

    Only from the upload folder and the data folder: a claim lies where anybody may write.
    """
    folder = moves.workbook.parent
    for old, new in moves.pairs:
        if old.parent not in (folder, work_folder(moves.workbook, home)) or not os.path.lexists(old):
            continue  # it was moved before
        new.parent.mkdir(exist_ok=True)
        if old.parent == folder:
            give(old, new)
        else:
            _bring(old, new, folder)
        sync_folder(new.parent)
        sync_folder(folder)


def still_meant(moves: Moves) -> bool:
    """Is the workbook that is there the one that is to be moved? One that was put there since is not."""
    try:
        return hashlib.sha256(moves.workbook.read_bytes()).hexdigest() == moves.sha256
    except OSError:
        return False


def work_folder(workbook: Path, home: Path) -> Path:
    """Where in the data folder what goes beside this workbook is made: in the upload folder it could be taken."""
    return home / "inbox" / hashlib.sha256(os.fsencode(os.path.realpath(workbook))).hexdigest()[:16]


def tidy(workbook: Path, home: Path) -> None:
    """Leave nothing empty behind in the data folder. Raises OSError."""
    work = work_folder(workbook, home)
    if work.is_dir() and not any(work.iterdir()):
        work.rmdir()


def _bring(made: Path, new: Path, folder: Path) -> None:
    """The same from the data folder, which may be on another disk: by way of a hidden file in the upload folder."""
    content = made.read_bytes()
    if not (new.is_file() and new.read_bytes() == content):  # else it was brought before
        halfway = folder / f".{made.name}.bulkops.tmp"
        save(halfway, content)
        give(halfway, new)
    made.unlink()


def _names(folders: Iterable[Path]) -> set[str]:
    return {each.name.casefold() for folder in folders if folder.is_dir() for each in folder.iterdir()}


def _unused(name: str, taken: Container[str]) -> str:
    path, number = Path(name), 1
    stem = path.stem if len(os.fsencode(path.stem)) < _LONGEST else shortened(path.stem)
    while name.casefold() in taken:
        number += 1
        name = f"{stem} ({number}){path.suffix}"
    return name
