"""Claims: who has a workbook, in a folder that several people watch. Unlike a lock, a claim outlives its maker.

A hidden file beside the workbook that appears whole or not at all. It keeps everybody else from the workbook, and that
is all it can do: it lies where anybody may write, so nothing is ever done because a claim says so.
"""

import errno
import json
import os
import platform
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulkops.inbox import journal
from bulkops.ledger import now
from bulkops.messages.wording import printable
from bulkops.system.data_folder import operator
from bulkops.system.files import write_new
from bulkops.system.folders import Folder, whole
from bulkops.system.hidden import hidden_name, hide
from bulkops.system.rename import rename_no_replace

END = ".bulkops-inbox"
_LONGEST = 200
"""Characters of what a claim says that are shown."""
_MOST = 2**16
"""Bytes of a claim that are read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: the file's name says on which workbook, its content the rest."""

    workbook: Path
    file: str
    """Its name, in the workbook's folder."""
    who: str = ""
    computer: str = ""
    since: str = ""
    mark: str = ""
    """By what its maker knows it."""

    def release(self) -> None:
        """The workbook is nobody's any more, unless another has claimed it since. Raises OSError."""
        with Folder(self.workbook.parent) as folder:
            if _mark_in(folder, self.file) == self.mark:
                folder.remove(self.file)


def take(workbook: Path, mark: str) -> Claim:
    """Claim a workbook. Raises FileExistsError if it is claimed, OSError if claims cannot be made there."""
    with Folder(workbook.parent) as folder:
        begun = _begun(folder, workbook, mark)
        try:
            rename_no_replace(folder, begun, folder, file_of(workbook.name))
        finally:
            folder.remove(begun)
    claim = claim_on(workbook)
    if claim is None:
        raise FileNotFoundError(errno.ENOENT, "its claim was taken away at once", str(workbook))
    if claim.mark != mark:
        raise FileExistsError(errno.EEXIST, "another claim was put in the place of ours", str(workbook))
    return claim


def renew(claim: Claim, mark: str) -> None:
    """Put a claim in place of another of our own. Raises OSError."""
    with Folder(claim.workbook.parent) as folder:
        begun = _begun(folder, claim.workbook, mark)
        try:
            folder.replace(begun, claim.file)
        finally:
            folder.remove(begun)


def claim_on(workbook: Path) -> Claim | None:
    """Who has the workbook, with blanks where that cannot be read; None if nobody."""
    file = file_of(workbook.name)
    try:
        with Folder(workbook.parent) as folder:
            said = _said(folder, file)
    except FileNotFoundError:
        return None
    who, computer, since = (printable(said.get(key, ""))[:_LONGEST] for key in ("who", "computer", "since"))
    return Claim(workbook, file, who, computer, since, said.get("ledger", ""))


def is_ours(claim: Claim, data_folder: Path) -> bool:
    """Has this data folder made the claim, or an older bulkops that worked with it?"""
    return record_of(claim, data_folder) is not None or claim.mark in older_marks(data_folder)


def record_of(claim: Claim, data_folder: Path) -> journal.Record | None:
    """What the data folder itself has of a claim: only for the workbook, and in the folder, that it was made for."""
    found = journal.recorded(data_folder, claim.mark)
    if (
        found is None
        or found.workbook.name != claim.workbook.name
        or journal.same_folder(found.workbook.parent, claim.workbook.parent) is False
    ):
        return None
    return journal.Record(found.place, claim.workbook, found.moves)


def older_marks(data_folder: Path) -> set[str]:
    """Of the claims of older versions, which had one mark for all. Anybody could read and copy it: such a claim of ours
    keeps a workbook for us, but what it says of moves is not done."""
    try:
        return {(data_folder / "inbox" / "mark").read_text(encoding="ascii").strip()} - {""}
    except (OSError, UnicodeDecodeError):
        return set()


def remove_older(folder: Folder, data_folder: Path) -> None:
    """Remove claims that an older version could not remove: their workbooks were moved. Raises OSError."""
    if marks := older_marks(data_folder):
        names = folder.names()
        stand = {file_of(name) for name in names}
        for name in names:
            if name.endswith(END) and name not in stand and _mark_in(folder, name) in marks:
                folder.remove(name)


def file_of(name: str) -> str:
    """The name of the claim on a workbook of this name."""
    return hidden_name(name, END)


def remove_begun(folder: Folder, mark: str) -> None:
    """Remove what a death has left of files that were begun for this claim. Raises OSError."""
    for name in folder.names():
        if name.startswith(f".{mark}-") and name.endswith(_BEGUN):
            folder.remove(name)


_BEGUN = ".bulkops.tmp"


def begun_name(mark: str) -> str:
    """A name, which nobody can foretell, for what is about to get another."""
    return f".{mark}-{secrets.token_hex(8)}{_BEGUN}"


def _begun(folder: Folder, workbook: Path, mark: str) -> str:
    """A claim's file that does not yet stand; its name. Raises OSError."""
    facts = {
        "workbook": workbook.name,
        "who": operator(),
        "computer": platform.node(),
        "since": now(),
        "ledger": mark,
    }
    name = begun_name(mark)
    write_new(folder, name, json.dumps(facts).encode("ascii") + b"\n")
    hide(folder.path / name)
    return name


def _mark_in(folder: Folder, file: str) -> str:
    try:
        return _said(folder, file).get("ledger", "")
    except FileNotFoundError:
        return ""


def _said(folder: Folder, file: str) -> dict[str, str]:
    """What a claim says, as far as it can be read; a person may have to wait for nothing, but never a program.

    Raises FileNotFoundError.
    """
    try:
        with os.fdopen(folder.open(file), "rb") as stream:
            said: Any = json.loads(whole(stream, _MOST).split(b"\n")[0])
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError):
        return {}
    return {key: value for key, value in said.items() if isinstance(value, str)} if isinstance(said, dict) else {}
