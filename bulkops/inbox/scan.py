"""What lies in an upload folder: workbooks that can be taken, and what is left alone, each with the reason."""

import os
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bulkops.inbox.claims import Claim, claim_on, is_ours
from bulkops.inbox.filing import CORRECTIONS, MOST, beside
from bulkops.messages.errors import CannotStart
from bulkops.runs.upload_folders import OUTCOMES, is_outcome
from bulkops.system.files import opened_by
from bulkops.system.folders import Folder, Id, opened
from bulkops.system.links import is_link
from bulkops.system.path_lengths import too_long
from bulkops.system.replacement import removable
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.writing.sidecar import named_like_results

SETTLING = 2.0
"""Seconds between two looks at a file that is perhaps still being copied."""
_WORKBOOKS = (".xlsx", ".xlsm", ".csv", ".ods", ".xls")
_UNFINISHED = (".tmp", ".crdownload", ".part", ".partial", ".download")
_ONLINE = 0x1000 | 0x40000 | 0x400000
"""Windows: offline, recall on open, recall on data access. Reading such a file would fetch it."""
_HIDDEN = 0x2 | 0x4
"""Windows: hidden, system."""
_UNREADABLE = ("Cc", "Cs")
"""Characters of a name that steer a terminal, or are no Unicode: no ledger and no results can hold it as it is."""
_DATALESS = 0x40000000
"""macOS: the same as online."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workbook that can be taken, as it was when it was looked at."""

    path: Path
    size: int
    changed: int
    """When it was last changed, in nanoseconds by the disk's clock."""
    touched: int
    """The same of whatever is known of it, its name among that; on Windows when it was made."""
    file: Id
    """Which file it is, whatever has its name by now."""
    again: bool = False
    """A run from here was cut short, and is to be finished."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is left alone, and why."""

    path: Path
    why: CannotStart


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in the folder, by name."""

    folder: Path
    ready: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]


def scan_folder(folder: Path, data_folder: Path, sleep: Callable[[float], object] = time.sleep) -> Listing:
    """Look twice, and tell what can be taken. Nothing is changed.

    ``data_folder``: the data folder, whose own claims do not count. Raises CannotStart for what is no upload folder.
    """
    usable(folder)
    first = _facts(folder)
    if any(_is_workbook(path) for path in first):
        sleep(SETTLING)
    ready: list[Candidate] = []
    skipped: list[Skipped] = []
    for path, facts in sorted(_facts(folder).items()):
        before = first.get(path)
        candidate = _candidate(path, facts)
        steady = before is not None and _candidate(path, before) == candidate
        claim = claim_on(path)
        if code := next(_reasons(path, facts, steady), ""):
            skipped.append(Skipped(path, CannotStart(code, path=path.name)))
        elif claim is not None and not is_ours(claim, data_folder):
            skipped.append(Skipped(path, in_use(claim)))
        else:
            ready.append(replace(candidate, again=claim is not None))
    return Listing(folder, tuple(ready), tuple(skipped))


def usable(folder: Path) -> None:
    """Raises CannotStart for what is no upload folder."""
    if not folder.is_dir():
        raise CannotStart("inbox.no_folder", path=folder)
    if is_outcome(Path(os.path.abspath(folder))):
        raise CannotStart("inbox.outcome", path=folder, value=", ".join(OUTCOMES))


def hold_unchanged(candidate: Candidate, box: Folder, stack: ExitStack) -> bool:
    """Is the workbook still there as it was looked at? It stays open then, so that no other file can be given its
    number; Windows gives none twice, and would not let go of the name of a file that is open."""
    try:
        if sys.platform == "win32":
            facts = os.lstat(candidate.path)
        else:
            handle = box.open(candidate.path.name)
            stack.callback(os.close, handle)
            facts = os.fstat(handle)
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and replace(candidate, again=False) == _candidate(candidate.path, facts)


def _candidate(path: Path, facts: os.stat_result) -> Candidate:
    return Candidate(path, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, Id(facts.st_dev, facts.st_ino))


def in_use(claim: Claim) -> CannotStart:
    """Who has a workbook."""
    value = f"{claim.who or 'somebody'} on {claim.computer or 'another computer'} since {claim.since or 'just now'}"
    return CannotStart("inbox.in_use", path=claim.workbook.name, value=value, extra=claim.file)


def _facts(folder: Path) -> dict[Path, os.stat_result]:
    """What lies in the folder and is anybody's business. Raises CannotStart if it cannot be read."""
    try:
        return {path: facts for path in folder.iterdir() if (facts := _shown(path)) is not None}
    except OSError as error:
        raise CannotStart("inbox.no_folder", path=folder) from error


def _shown(path: Path) -> os.stat_result | None:
    """Of files that a person sees there: what other programs keep for themselves is hidden, or begins with ~."""
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    hidden = path.name.startswith((".", "~")) or getattr(facts, "st_file_attributes", 0) & _HIDDEN
    return None if hidden or (stat.S_ISDIR(facts.st_mode) and not is_link(facts)) else facts


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() in _WORKBOOKS


def _reasons(path: Path, facts: os.stat_result, steady: bool) -> Iterator[str]:
    """Why a file is left alone, whoever may have claimed it."""
    yield from _what_it_is(path, facts)
    if is_online(facts):
        yield "inbox.online"
    if not facts.st_size:
        yield "inbox.empty"
    if facts.st_size > MOST:
        yield "inbox.too_big"
    if not steady:
        yield "inbox.copying"
    if opened_by(path):
        yield "inbox.open"
    if not can_be_taken(path):
        yield "inbox.held"
    if too_long(path.parent / max(OUTCOMES, key=len) / beside(path.name, f" (99){CORRECTIONS}")):
        yield "inbox.too_long"
    if named_like_results(path) and _only_results(path):
        yield "inbox.ours"


def _what_it_is(path: Path, facts: os.stat_result) -> Iterator[str]:
    """Why it is no workbook, or none that can be told by its name, without a look into it."""
    if is_outcome(path):
        yield "inbox.no_place"
    if path.suffix.lower() in _UNFINISHED:
        yield "inbox.copying"
    if not _is_workbook(path):
        yield "inbox.not_workbook"
    if not stat.S_ISREG(facts.st_mode):
        yield "inbox.link" if is_link(facts) else "inbox.no_file"
    elif facts.st_nlink > 1:
        yield "inbox.two_names"
    if any(unicodedata.category(char) in _UNREADABLE for char in path.name):
        yield "inbox.name"


def _only_results(path: Path) -> bool:
    """Read as every workbook is, within limits: by its name alone nobody knows what it is."""
    try:
        sheets = read_workbook(path).sheets
    except CannotStart as error:
        return error.code == "workbook.copy"
    return bool(sheets) and all(sheet.ours for sheet in sheets)


def is_online(facts: os.stat_result) -> bool:
    """Is only the name here, and the content somewhere on the network?"""
    attributes, flags = getattr(facts, "st_file_attributes", 0), getattr(facts, "st_flags", 0)
    return bool(attributes & _ONLINE or flags & _DATALESS)


def can_be_taken(path: Path) -> bool:
    """May it be read, and moved when it was run? On Windows who copies a file, or has it open, may forbid either.

    What was put in its place since it was looked at, a pipe for instance, is not waited for.
    """
    try:
        opened(path).close()
        return removable(path)
    except OSError:
        return False
