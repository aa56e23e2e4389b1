"""What became of a workbook that was taken from an upload folder, and which files go where."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bulkops import app
from bulkops.errors import BulkopsError
from bulkops.inbox import moving
from bulkops.inbox.claims import Claim, Moves
from bulkops.inbox.looking import Found
from bulkops.model import Status
from bulkops.operations.catalogue import Catalogue
from bulkops.phrases import by_status, counted
from bulkops.report import Options, Report
from bulkops.results import document
from bulkops.settings import Environment
from bulkops.whereabouts import DONE, IN_DOUBT, NEEDS_ATTENTION

_GOOD = {Status.DONE, Status.ALREADY_DONE}


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one workbook."""

    path: Path
    """Where it was found."""
    report: Report | None = None
    """None: it was not run."""
    moved_to: Path | None = None
    """None: it is where it was."""
    why: BulkopsError | None = None
    """Why it was not run, or not moved."""
    ends: bool = False
    """The reason lies outside the workbook: another one would not fare better now."""
    unfinished: bool = False
    """The claim stands, for the next pass on this computer to go on from there."""
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """By product.md section 4; what is left for another time counts for nothing."""
        if self.report is not None and not self.report.refused:
            return self.report.exit_code
        return 2 if self.moved_to or self.ends or (self.why and self.why.code == "run.question") else 0

    def document(self) -> dict[str, Any]:
        """The run's JSON document, with where the workbook is now."""
        if self.report is None:
            told = document(None, str(self.path), None, None, (), [self.why.typed()] if self.why else [])
        else:
            told = replace(self.report, workbook=self.path).document()
            told["notes"] += [self.why.typed()] if self.why and self.why is not self.report.refused else []
        told["notes"] += self.notes
        return {**told, "moved_to": str(self.moved_to) if self.moved_to else None}


def foreseen(found: Found, where: Environment, home: Path) -> str:
    """What a workbook's rows would come to, counted, or why that cannot be told. Nothing is sent."""
    try:
        return counts_of(app.check(found.path, where, home, Options()))
    except BulkopsError as error:
        return str(error)


def counts_of(report: Report) -> str:
    """``12 rows: Needs fixing 1, Ready 11``."""
    counts = Counter(outcome.status for outcome in report.outcomes)
    unread = f"; sheets not read: {', '.join(each.sheet for each in report.unread)}" if report.unread else ""
    return f"{counted(len(report.outcomes), 'row')}: {by_status(counts)}{unread}"


def moves_of(claim: Claim, report: Report | None, content: str, folder: Path, work: Path) -> Moves:
    """What goes along: what the run has put beside the workbook, and what was made for that in the data folder."""
    path = claim.workbook
    results = report.results if report else None
    beside = [results] if results and results != path and results.parent == path.parent.absolute() else []
    made = [work / moving.beside(path.name, end) for end in (moving.CORRECTIONS, moving.NOT_RUN)]
    along = [*beside, *(each for each in made if each.exists())]
    pairs = (*((each, moving.free_in(folder, each.name)) for each in along), (path, folder / path.name))
    moved = {os.path.abspath(old): new for old, new in pairs}
    place = moved.get(os.path.abspath(results)) if results else None
    return Moves(path, content, (report.run if report else None) or "", pairs, place)


def belongs(report: Report | None) -> str:
    """The folder for a workbook of which this is known."""
    seen = {outcome.status for outcome in report.outcomes} if report else set()
    if Status.UNKNOWN in seen or (report and report.refused):
        return IN_DOUBT
    return DONE if report and seen <= _GOOD and not report.unread else NEEDS_ATTENTION


def as_moved(report: Report | None, moves: Moves, home: Path) -> Report | None:
    """The report with everything where it is now."""
    if report is None:
        return None
    corrections, place = report.corrections, moving.work_folder(moves.workbook, home)
    # Nobody has asked for corrections: that there is nothing to correct goes without saying.
    none = said("corrections.none", path=place / moving.beside(moves.workbook.name, moving.CORRECTIONS))
    for old, new in moves.pairs:
        corrections = corrections.replace(str(old), str(new))
    return replace(
        report,
        workbook=moves.pairs[-1][1],
        results=moves.results or report.results,
        corrections=corrections,
        notes=tuple(note for note in report.notes if note != none),
    )


def finish(claim: Claim, home: Path) -> None:
    """Steps 5 and 6 of a claim that has its moves noted, from wherever they were broken off. Raises OSError."""
    moves = claim.moves
    if moves is None:
        raise ValueError("a claim without moves has nothing to finish")
    moving.carry_out(moves, home)
    if moves.run:
        app.moved(home, moves.workbook, moves.pairs[-1][1], moves.run, moves.results)


def said(code: str, **facts: object) -> str:
    """A sentence of the catalogue with what to do, as a note."""
    problem = Catalogue(()).problem(code, **{name: str(value) for name, value in facts.items()})
    return f"{problem.message} {problem.tip}".strip()
