"""How much room what bulkops keeps takes on the disk."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bulkops.messages import disk as words
from bulkops.messages.wording import plural, printable, size_of
from bulkops.runs import backups
from bulkops.runs.ledger_access import LEDGER, ledger_alone
from bulkops.runs.settings import settings

_MOST = 3
"""Parts that a line has room for."""
_WORKBOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Part:
    """All files of one kind."""

    name: str
    size: int
    """Bytes."""
    files: int


def parts(data_folder: Path) -> list[Part]:
    """What there is, of each kind that there is. A file with several names counts once."""
    from bulkops.ledger import Witness

    found: dict[str, list[int]] = {name: [] for name in words.PARTS}
    seen: set[tuple[int, int]] = set()
    for folder, name in ((data_folder, None), (Witness(data_folder).folder, "second_record")):
        for path in _files(folder):
            with suppress(OSError):  # it has gone meanwhile
                facts = os.lstat(path)
                if (facts.st_dev, facts.st_ino) not in seen:
                    seen.add((facts.st_dev, facts.st_ino))
                    found[name or _kind(path.relative_to(folder))].append(facts.st_size)
    return [Part(name, sum(sizes), len(sizes)) for name, sizes in found.items() if sizes]


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names)


def _kind(path: Path) -> str:
    """Of a path from the data folder on."""
    top, alone = path.parts[0], len(path.parts) == 1
    if top == backups.FOLDER:
        return "previous_versions"
    if not alone:
        return "program" if top.startswith("venv-") else "other"
    if top.startswith((LEDGER, "ledger.reserve")):  # SQLite adds -wal and -shm while it is open
        return "ledger"
    if top.startswith("ledger archive"):
        return "archive"
    if top.startswith("ledger before "):
        return "earlier_ledgers"
    if top.startswith("errors.log"):
        return "log"
    return "results" if path.suffix.lower() in _WORKBOOKS else "other"


def document(data_folder: Path) -> dict[str, object]:
    """The same for another program."""
    found, said = parts(data_folder), settings(data_folder)
    return {
        "data_folder": str(data_folder),
        "bytes": sum(each.size for each in found),
        "parts": {each.name: {"bytes": each.size, "files": each.files} for each in found},
        "previous_versions_days": said.previous_versions_days,
        "previous_versions_newest": said.previous_versions_newest,
    }


def lines(data_folder: Path) -> list[str]:
    """A line for each part, and what becomes of the previous versions."""
    found, said = parts(data_folder), settings(data_folder)
    told = [f"{size_of(each.size):>10}  {words.PARTS[each.name]} ({plural(each.files, 'file')})" for each in found]
    rule = words.rule(said.previous_versions_newest, said.previous_versions_days)
    return [f"{_kept(data_folder, found)}:", *told, rule]


def line(data_folder: Path) -> str:
    """All of it in one sentence."""
    found = parts(data_folder)
    large = [each for each in found if each.size * 100 > sum(part.size for part in found)]
    most = sorted(large, key=lambda each: -each.size)[:_MOST]
    told = ", ".join(f"{words.PARTS[each.name].lower()} {size_of(each.size)}" for each in most)
    return _kept(data_folder, found) + (words.largest(told) if told else ".")


def archive(data_folder: Path, before: datetime) -> tuple[dict[str, object], list[str]]:
    """Move what the runs before a time said of their rows out of the record; what there is to say of that.

    Raises CannotStart while a run is going on, and for an archive that cannot be used.
    """
    with ExitStack() as stack:
        ledger = ledger_alone(data_folder, "moving old runs into the archive", stack)
        moved = ledger.archive(f"{before.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    told = [words.moved(plural(moved.runs, "run"), printable(str(moved.archive))) if moved.runs else words.NONE_MOVED]
    if moved.runs:
        size = sum(each.size for each in parts(data_folder) if each.name == "ledger")
        told.append(words.smaller(size_of(size)) if moved.smaller else words.NOT_SMALLER)
    if moved.stay:
        told.append(words.stay(plural(moved.stay, "run")))
    return {"archive": str(moved.archive), "moved": moved.runs, "left": moved.stay, "notes": told}, told


def _kept(data_folder: Path, found: list[Part]) -> str:
    return words.kept(size_of(sum(each.size for each in found)), printable(str(data_folder)))
