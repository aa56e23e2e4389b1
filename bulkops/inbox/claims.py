"""Claims: whose workbook it is in a folder that several people watch. Unlike a lock, a claim outlives its maker.

A hidden file beside the workbook, a line of JSON for each thing that is said. It appears whole or not at all, and is
only ever added to, so that whoever reads it sees who has the workbook.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulkops import settings
from bulkops.inbox.giving import give
from bulkops.ledger import now
from bulkops.phrases import printable
from bulkops.whereabouts import is_outcome
from bulkops.workbook.saving import save

_END = ".bulkops-inbox"
_LONGEST = 200
"""Characters of what a claim says that are shown: it lies where anybody may write."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to go where, the workbook last."""

    workbook: Path
    sha256: str
    """Of the workbook: another one by that name is not meant."""
    run: str
    """"" if there was none."""
    pairs: tuple[tuple[Path, Path], ...]
    results: Path | None = None
    """Where the run's results are in the end, if they are moved."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, as its file says."""

    file: Path
    workbook: Path
    who: str
    computer: str
    since: str
    ledger: str
    """Whose record knows what was sent: the mark of a data folder."""
    moves: Moves | None = None

    def note(self, moves: Moves) -> None:
        """Say durably what goes where, before anything is moved. Raises OSError."""
        news = [new for _, new in moves.pairs]
        folder = self.file.parent
        # By name only: the next pass may come to the folder by another path.
        pairs = [
            [old.name if old.parent == folder else str(old), new.relative_to(folder).as_posix()]
            for old, new in moves.pairs
        ]
        results = news.index(moves.results) if moves.results in news else None
        facts = {"sha256": moves.sha256, "run": moves.run, "results": results, "pairs": pairs}
        with open(self.file, "ab") as stream:
            # A line that was cut short is ended first, so that it does not take this one along.
            stream.write(b"\n" + _line({"moves": facts}))
            stream.flush()
            os.fsync(stream.fileno())

    def release(self) -> None:
        """The workbook is nobody's any more. Raises OSError."""
        self.file.unlink(missing_ok=True)


def mark_of(home: Path) -> str:
    """By what claims know the ledger in this data folder; "" if it has never made one."""
    try:
        return (home / "inbox" / "mark").read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def make_mark(home: Path) -> str:
    """The same, made if there is none yet; for one process at a time. Raises OSError."""
    if not mark_of(home):
        save(home / "inbox" / "mark", secrets.token_hex(16).encode())
    return mark_of(home)


def take(workbook: Path, mark: str) -> Claim:
    """Claim a workbook. Raises FileExistsError if it is claimed, OSError if claims cannot be made there."""
    facts = {
        "workbook": workbook.name,
        "who": settings.operator(),
        "computer": platform.node(),
        "since": now(),
        "ledger": mark,
    }
    _appear(_file_of(workbook), _line(facts), mark)
    claim = read(_file_of(workbook))
    if claim is None:
        raise OSError(errno.EIO, "the disk does not keep what is written", str(workbook))
    return claim


def claim_on(workbook: Path) -> Claim | None:
    """Who has the workbook; None if nobody."""
    return read(_file_of(workbook))


def read(file: Path) -> Claim | None:
    """What a claim says; with blanks where it cannot be read. None if it is not there."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    except OSError:
        lines = []
    said = list(_said(lines))
    first = said[0] if said else {}
    name, who, computer, since, ledger = (
        printable(str(first.get(key, "")))[:_LONGEST] for key in ("workbook", "who", "computer", "since", "ledger")
    )
    workbook = file.with_name(name) if name and Path(name).name == name else file.with_name(file.name[1 : -len(_END)])
    return Claim(file, workbook, who, computer, since, ledger, _moves(workbook, said[1:]))


def claims_in(folder: Path) -> list[Claim]:
    """Every claim in a folder. Raises OSError."""
    files = sorted(each for each in folder.iterdir() if each.name.startswith(".") and each.name.endswith(_END))
    return [claim for file in files if (claim := read(file))]


def _said(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with suppress(ValueError):  # the last line of one who died while writing it
            found = json.loads(line)
            if isinstance(found, dict):
                yield found


def _moves(workbook: Path, said: Iterable[Mapping[str, Any]]) -> Moves | None:
    """The last word on what goes where; only into a folder of this one."""
    folder, found = workbook.parent, None
    for each in said:
        with suppress(KeyError, TypeError, ValueError, IndexError):
            facts = each["moves"]
            pairs = tuple((folder / old, folder / new) for old, new in facts["pairs"])
            results = None if facts["results"] is None else pairs[facts["results"]][1]
            if all(is_outcome(new.parent) and new.parent.parent == folder for _, new in pairs):
                found = Moves(workbook, str(facts["sha256"]), str(facts["run"]), pairs, results)
    return found


def _file_of(workbook: Path) -> Path:
    name = f".{workbook.name}{_END}"
    if len(os.fsencode(name)) > 255:
        # Without case, so that each spelling of the workbook's name gives the same one.
        name = f".{hashlib.sha256(os.fsencode(workbook.name.casefold())).hexdigest()}{_END}"
    return workbook.with_name(name)


def _line(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts).encode("ascii") + b"\n"


def _appear(file: Path, content: bytes, mark: str) -> None:
    """Make a file that is whole as soon as it is there. Raises FileExistsError if it is there already."""
    # Always the same name for one ledger: what a death leaves is used up by the next claim.
    begun = file.with_name(f".{mark}.bulkops.tmp")
    try:
        with open(begun, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        give(begun, file)
        _hide(file)
    finally:
        with suppress(OSError):
            begun.unlink(missing_ok=True)


if sys.platform == "win32":
    import ctypes

    _HIDDEN = 2

    def _hide(file: Path) -> None:
        """As its dot does elsewhere."""
        ctypes.windll.kernel32.SetFileAttributesW(str(file), _HIDDEN)
else:

    def _hide(_: Path) -> None:
        """Its dot does."""
