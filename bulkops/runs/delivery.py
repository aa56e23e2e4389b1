"""Where the results of a run go: into the operator's own workbook, or as near to it as is safe.

    in place   the Results sheet is grafted into the workbook
    copy       a copy of the workbook with its Results sheet, beside it: the workbook itself must not be replaced
    plain      a workbook of nothing but results: nothing can be grafted into this one

Decided before the first row is sent, and never silently; after the run the same ways are tried in the same order.
"""

import hashlib
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from bulkops.messages.errors import COMMON, CannotStart
from bulkops.runs import backups
from bulkops.system import folders
from bulkops.system.files import no_room_in_path, opened_by, refuse_planted, remove_leftovers, save, writable
from bulkops.system.ownership import own_folder
from bulkops.system.path_lengths import length, shortened
from bulkops.system.replacement import Changed
from bulkops.workbook.results_layout import PRACTICE_SHEET, SHEET
from bulkops.workbook.writing.graft import Graft
from bulkops.workbook.writing.results_sheet import Results
from bulkops.workbook.writing.sidecar import may_replace, plain, results_path
from bulkops.workbook.writing.suitability import CannotGraft

_ROOM = 16 * 2**20
"""Bytes of room beside the workbook that a run asks for, besides those for the workbook itself twice."""
_LONG_NAME = 100
"""Letters that the name of a copy may have."""


class Kind(Enum):
    """In which form the results are written."""

    IN_PLACE = "in place"
    COPY = "copy"
    PLAIN = "plain"


class _Opened(Exception):
    """Another program has opened the workbook since the run began."""


class Way(NamedTuple):
    """One way to deliver the results."""

    kind: Kind
    path: Path


@dataclass(slots=True)
class Delivery:
    """The ways to deliver one run's results, the best first."""

    workbook: Path
    folder: Path
    """The data folder."""
    run: str
    ways: list[Way]
    notes: list[str] = field(default_factory=list)
    """Why the best way is none that the operator would expect, and what else there is to know of it."""
    graft: Graft | None = None
    """The workbook as it was read, if something can be grafted into it."""
    sha256: str = ""
    """Of the workbook as it was read."""
    known: Collection[str] | None = ()
    """The runs of this workbook: their results may be replaced; None: those of any run."""
    kept: Path | None = None
    """The copy of what was replaced."""
    practice: bool = False
    """Nothing of it reaches EnergyCAP, and the results say so."""
    internal_error: Exception | None = None
    """An error of our own that kept results from being made."""

    def deliver(self, results: Results, sent: bool = True) -> tuple[Path | None, list[str]]:
        """(where the results are now, what went wrong on the way). A failure of one way leads to the next.

        ``sent``: may a row have been sent? Else no copy of what is replaced is kept.
        """
        trouble: list[str] = []
        for kind, path in self.ways:
            if kind is not Kind.PLAIN and self.graft is None:
                continue
            try:
                self._put(kind, path, results, sent)
                return path, [*trouble, f"The results are in {path}."] if trouble else []
            except CannotGraft as error:
                self.graft = None
                trouble.append(said(error.code, self.workbook, error.detail))
            except _Opened as error:
                trouble.append(said("place.open", self.workbook, str(error)))
            except Changed:
                trouble.append(said("place.changed", self.workbook))
            except OSError as error:
                trouble.append(f"The results could not be written to {path} ({error.strerror or error}).")
            except Exception as error:
                self.internal_error = error
                why = f"bulkops met an error of its own: {type(error).__name__}"
                trouble.append(f"The results could not be written to {path} ({why}).")
        return None, trouble

    @property
    def sheet(self) -> str:
        """What a new sheet for the results is called."""
        return PRACTICE_SHEET if self.practice else SHEET

    def _put(self, kind: Kind, path: Path, results: Results, sent: bool) -> None:
        self.kept = None
        if self.practice:
            results = results.practised()
        in_place = kind is Kind.IN_PLACE
        if in_place and (program := opened_by(path)):
            raise _Opened(program)
        if not in_place and not may_replace(path, self.known):
            raise FileExistsError("another file has that name")
        if kind is Kind.PLAIN or self.graft is None:
            content = plain(results, self.workbook, path, self.sheet)
        else:
            content = self.graft.grafted(results, copy=not in_place)
        rights = 0o600 if path.parent == self.folder else 0o666
        backup = self._back_up if sent else lambda _: None
        save(path, content, self.sha256 if in_place else None, backup, rights=rights)

    def _back_up(self, path: Path) -> None:
        """What is replaced may hold the only words of an earlier run, or be all that the operator has."""
        self.kept = backups.keep(path, self.folder, self.run)


def decide(
    workbook: Path,
    sha256: str,
    folder: Path,
    wanted: Path | None,
    run: str,
    known: Collection[str] = (),
    strange: bool = False,
    unfit: tuple[str, str] = ("", ""),
    practice: bool = False,
) -> Delivery:
    """The ways to deliver the results of a run over the workbook that was read with this hash; "" if it was not.

    ``known``: the runs of this workbook, whose results may be replaced. ``strange``: its Results sheet is of a run that
    this computer does not know, and stays: nothing else here tells what that run has sent. ``unfit``: what reading the
    workbook has found to keep results from being put into it. ``practice``: nothing of the run reaches EnergyCAP, so
    the workbook stays as it is, with whatever results it holds.
    To be called with the workbook's lock. Raises CannotStart if there is no way at all, not the wanted one, or if the
    workbook is not the one that was read.
    """
    workbook = Path(os.path.abspath(workbook))
    if wanted is not None:
        wanted = Path(os.path.abspath(wanted))
        refuse_planted(wanted)
        if wanted.resolve() == workbook.resolve() or not free(wanted):
            raise CannotStart("results.unwritable", path=wanted)
        ways = [Way(Kind.PLAIN, place) for place in (wanted, in_data_folder(folder, wanted, run))]
        return Delivery(workbook, folder, run, ways, known=None, practice=practice)
    beside = results_path(workbook, known, practice)
    for path in (workbook, beside):
        remove_leftovers(path)
    delivery = Delivery(workbook, folder, run, [], known=known, practice=practice)
    reason, may_copy = _best(delivery, sha256, not strange, unfit)
    if practice and delivery.graft is not None:
        # The name of the results says why they are not in the workbook.
        reason = ""
        delivery.ways.clear()
        delivery.notes.clear()
    places = [beside, in_data_folder(folder, beside, run), beside.with_name(f"{shortened(beside.stem)} {run}.xlsx")]
    open_ones = [place for place in places if free(place, known)]
    kinds = (Kind.COPY, Kind.PLAIN) if may_copy else (Kind.PLAIN,)
    delivery.ways += [Way(kind, place) for kind in kinds for place in open_ones]
    if not delivery.ways:
        raise CannotStart("results.unwritable", path=beside)
    first = delivery.ways[0]
    if first.kind is not Kind.IN_PLACE:
        form = "a copy of the workbook with a Results sheet" if first.kind is Kind.COPY else "a workbook of their own"
        if reason:
            delivery.notes.append(f"{reason} The results go to {first.path}, {form}.")
        if first.path != beside:
            program = opened_by(beside)
            why = f"it is open in {program}" if program else "that folder or file does not allow it"
            why = "that path would be too long" if no_room_in_path(beside) else why
            delivery.notes.append(f"They cannot go to {beside}: {why}.")
    return delivery


def _best(delivery: Delivery, sha256: str, replace: bool, unfit: tuple[str, str]) -> tuple[str, bool]:
    """Fill in the way in place, if there is it; (the sentence why there is none, whether a copy can be made)."""
    workbook = delivery.workbook
    if not sha256:
        return said("place.changed" if workbook.exists() else "place.gone", workbook), False
    try:
        content = folders.content(workbook)
    except OSError as error:
        raise CannotStart("workbook.no_access", path=workbook) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CannotStart("workbook.changed", path=workbook.name)
    try:
        graft = _rehearsed(content, replace and not delivery.practice, unfit, delivery.sheet)
    except CannotGraft as error:
        return said(error.code, workbook, error.detail), False
    delivery.graft, delivery.sha256 = graft, sha256
    if graft.left_alone:
        delivery.notes.append(said("graft.kept" if replace else "graft.strange", workbook, graft.left_alone))
    code, detail = graft.advice, ""
    if program := opened_by(workbook):
        code, detail = "place.open", program
    elif not code and not writable(workbook):
        code = "place.too_long" if no_room_in_path(workbook) else "place.no_access"
        detail = str(length(workbook))
    elif not code and workbook.stat().st_nlink > 1:
        code = "place.linked"
    elif not code and not _can_keep(delivery.folder, len(content)):
        code, detail = "place.no_copy", str(delivery.folder / backups.FOLDER)
    elif not code and shutil.disk_usage(workbook.resolve().parent).free < _ROOM + 2 * len(content):
        code = "place.no_room"
    elif graft.sheet != SHEET and not graft.left_alone:
        delivery.notes.append(said("graft.named", workbook, graft.sheet))
    if code:
        return said(code, workbook, detail), graft.for_xlsx
    delivery.ways.append(Way(Kind.IN_PLACE, workbook))
    return "", graft.for_xlsx


def _rehearsed(content: bytes, replace: bool, unfit: tuple[str, str], name: str) -> Graft:
    """Raises CannotGraft for whatever keeps results from being put into the workbook."""
    if any(unfit):
        raise CannotGraft(*unfit)
    graft = Graft(content, replace, name)
    # Some reasons are only found in doing it.
    graft.rehearse()
    return graft


def _can_keep(folder: Path, size: int) -> bool:
    """Can a copy of the workbook be kept in the data folder?"""
    try:
        own_folder(folder / backups.FOLDER)
        return writable(folder / backups.FOLDER / ("x" * _LONG_NAME)) and shutil.disk_usage(folder).free > size + _ROOM
    except OSError:
        return False


def said(code: str, workbook: Path, detail: str = "") -> str:
    """What the catalogue says of a workbook that cannot take its results, or not as it should."""
    entry = COMMON[code]
    return f"{entry.sentence} {entry.tip}".format(path=workbook.name, detail=detail).strip()


def in_data_folder(folder: Path, results: Path, run: str) -> Path:
    """A place for one run's results that no other run replaces."""
    return folder / f"{shortened(results.stem)} {run}.xlsx"


def free(path: Path, known: Collection[str] | None = None) -> bool:
    """May a results file be put there, in place of those of known runs at most, and can it?"""
    return path.suffix.lower() == ".xlsx" and writable(path) and may_replace(path, known)
