"""What this data folder has claimed and begun to move, in its own words.

A claim in the upload folder lies where anybody may write: it only says that somebody has the workbook. What bulkops
does by itself, what it moves and what it records in the ledger stands here alone. A folder for each claim, named by the
claim's mark; what goes beside the workbook is made there, too, for in the upload folder it could be taken.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bulkops.system.files import save
from bulkops.system.ownership import own_folder

_FILE = "claim.json"
_MARK = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to go where, by names: each as it is called, and as it is to be called."""

    sha256: str
    """Of the workbook: another one by that name is not meant."""
    run: str
    """"" if there was none."""
    to: str
    """The folder in the upload folder."""
    made: tuple[tuple[str, str], ...]
    """From the data folder."""
    here: tuple[tuple[str, str], ...]
    """From the upload folder, the workbook last."""
    results: str = ""
    """The run's results as they are to be called; "" if they are not moved by themselves."""


@dataclass(frozen=True, slots=True)
class Record:
    """One claim of ours."""

    place: Path
    """Its folder in the data folder."""
    workbook: Path
    moves: Moves | None = None
    """None until it is known where the workbook belongs."""

    @property
    def mark(self) -> str:
        """By what its claim in the upload folder is known."""
        return self.place.name

    def note(self, moves: Moves) -> Record:
        """Say durably what goes where, before anything is moved. Raises OSError."""
        noted = replace(self, moves=moves)
        noted.keep()
        return noted

    def keep(self) -> None:
        """Make it last. Raises OSError."""
        facts = {"workbook": str(self.workbook), "moves": asdict(self.moves) if self.moves else None}
        save(self.place / _FILE, json.dumps(facts).encode("ascii"))

    def forget(self) -> None:
        """There is nothing left to do. Raises OSError."""
        (self.place / _FILE).unlink(missing_ok=True)
        _sweep(self.place)


def begin(data_folder: Path, workbook: Path) -> Record:
    """A record of its own for a workbook that is about to be claimed. Raises OSError."""
    record = Record(data_folder / "inbox" / secrets.token_hex(8), workbook)
    own_folder(record.place)
    record.keep()
    return record


def records(data_folder: Path) -> Iterator[Record]:
    """Every record; what a death has left of one that was never whole is removed. Raises OSError."""
    for name in sorted(os.listdir(data_folder / "inbox")):
        if record := recorded(data_folder, name):
            yield record
        elif _MARK.fullmatch(name) and not (data_folder / "inbox" / name / _FILE).exists():
            _sweep(data_folder / "inbox" / name)


def recorded(data_folder: Path, mark: str) -> Record | None:
    """The record of this mark, which may be anybody's word; None if there is none that makes sense."""
    if not _MARK.fullmatch(mark):
        return None
    place = data_folder / "inbox" / mark
    try:
        facts = json.loads((place / _FILE).read_bytes())
        return Record(place, Path(facts["workbook"]), _moves(facts["moves"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _sweep(place: Path) -> None:
    """Remove a folder in which there is nothing but files that were never whole."""
    with suppress(OSError):
        for name in os.listdir(place):
            if name.startswith(".") and name.endswith(".tmp"):
                (place / name).unlink()
        place.rmdir()


def _moves(facts: dict[str, object] | None) -> Moves | None:
    if facts is None:
        return None
    pairs = {name: tuple((str(old), str(new)) for old, new in facts[name]) for name in ("made", "here")}  # type: ignore[attr-defined]
    return Moves(**{**facts, **pairs})  # type: ignore[arg-type]


def same_folder(noted: Path, folder: Path) -> bool | None:
    """Is this the folder that was noted? None if that one is not to be reached any more: it may be, another way."""
    try:
        return noted == folder or os.path.samefile(noted, folder)
    except OSError:
        return None
