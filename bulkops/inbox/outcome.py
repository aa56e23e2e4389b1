"""What became of a workbook that was taken from an upload folder, and which files go where."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bulkops.inbox import claims, filing
from bulkops.inbox.journal import Moves, Record
from bulkops.inbox.scan import Candidate
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.messages.wording import plural
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Status, by_status
from bulkops.runs import ledger_access, preview
from bulkops.runs.corrections_file import said
from bulkops.runs.report import Options, Report
from bulkops.runs.results import document
from bulkops.runs.upload_folders import DONE, IN_DOUBT, NEEDS_ATTENTION
from bulkops.system.folders import Folder

_GOOD = {Status.DONE, Status.ALREADY_DONE}


@dataclass(frozen=True, slots=True)
class Processed:
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
    def last(self) -> bool:
        """Is it better to run none of the others now? Not if only what comes after the rows has met an error of ours:
        a file that lies beside this workbook may have caused it."""
        report = self.report
        if self.ends or report is None or not report.stopped:
            return self.ends
        return report.internal_error is None or any(outcome.code == "row.stopped" for outcome in report.outcomes)

    @property
    def exit_code(self) -> int:
        """What is left for another time counts for nothing."""
        if self.report is not None and not self.report.refused:
            return self.report.exit_code
        known = self.why and self.why.code in ("run.question", "run.max_bills", "run.bug")
        return 2 if self.moved_to or self.ends or known else 0

    def document(self) -> dict[str, Any]:
        """The run's JSON document, with where the workbook is now."""
        if self.report is None:
            made = document(None, str(self.path), None, None, (), [self.why.for_command_line()] if self.why else [])
        else:
            made = replace(self.report, workbook=self.path).document()
            made["notes"] += [self.why.for_command_line()] if self.why and self.why is not self.report.refused else []
        made["notes"] += self.notes
        return {**made, "moved_to": str(self.moved_to) if self.moved_to else None}


def foreseen(found: Candidate, environment: Environment, data_folder: Path) -> str:
    """What a workbook's rows would come to, counted, or why they cannot be counted. Nothing is sent, and EnergyCAP is
    not asked: it is before the question about that workbook."""
    try:
        return counts_of(preview.check(found.path, environment, data_folder, Options(offline=True)))
    except BulkopsError as error:
        return str(error)


def counts_of(report: Report) -> str:
    """``12 rows: Needs fixing 1, Ready 11``."""
    counts = Counter(outcome.shown for outcome in report.outcomes)
    unread = f"; sheets not read: {', '.join(each.sheet for each in report.unread)}" if report.unread else ""
    return f"{plural(len(report.outcomes), 'row')}: {by_status(counts)}{unread}"


def moves_of(record: Record, report: Report | None, content: str, box: Folder) -> Moves:
    """What goes along: what the run has put beside the workbook, and what was made for that in the data folder."""
    path, results, to = record.workbook, report.results if report else None, target_folder(report)
    made = [filing.beside(path.name, end) for end in (filing.CORRECTIONS, filing.NOT_RUN)]
    pairs = tuple((each, filing.free_in(box, to, each)) for each in made if (record.place / each).exists())
    here, place = [(path.name, path.name)], path.name if results == path else ""
    if results and results != path and results.parent == path.parent:
        place = filing.free_in(box, to, results.name)
        here.insert(0, (results.name, place))
    return Moves(content, (report.run if report else None) or "", to, pairs, tuple(here), place)


def target_folder(report: Report | None) -> str:
    """The folder for a workbook of which this is known."""
    seen = {outcome.status for outcome in report.outcomes} if report else set()
    if Status.UNKNOWN in seen or (report and report.refused):
        return IN_DOUBT
    return DONE if report and seen <= _GOOD and not report.unread else NEEDS_ATTENTION


def as_moved(report: Report | None, record: Record, moves: Moves) -> Report | None:
    """The report with everything where it is now."""
    if report is None:
        return None
    corrections, folder = report.corrections, record.workbook.parent / moves.to
    # Nobody has asked for corrections: that there is nothing to correct goes without saying.
    none = said("corrections.none", path=record.place / filing.beside(record.workbook.name, filing.CORRECTIONS))
    for old, new in moves.made:
        corrections = corrections.replace(str(record.place / old), str(folder / new))
    return replace(
        report,
        workbook=folder / record.workbook.name,
        results=folder / moves.results if moves.results else report.results,
        corrections=corrections,
        notes=tuple(note for note in report.notes if note != none),
    )


def finish(record: Record, moves: Moves, box: Folder, data_folder: Path) -> None:
    """Steps 5 and 6, from wherever they were broken off. Raises OSError."""
    filing.carry_out(record, moves, box)
    if moves.run:
        folder = record.workbook.parent / moves.to
        results = folder / moves.results if moves.results else None
        ledger_access.moved(data_folder, record.workbook, folder / record.workbook.name, moves.run, results)


def release(box: Folder, record: Record) -> None:
    """The workbook is nobody's any more. The claim goes first: only the record tells whose it is. Raises OSError."""
    for end in (filing.CORRECTIONS, filing.NOT_RUN):
        (record.place / filing.beside(record.workbook.name, end)).unlink(missing_ok=True)
    claims.Claim(record.workbook, claims.file_of(record.workbook.name), mark=record.mark).release()
    claims.remove_begun(box, record.mark)
    record.forget()


def unmoved(path: Path, error: OSError) -> CannotStart:
    """Why a workbook was not claimed or moved."""
    return CannotStart("inbox.unmoved", path=path.name, value=error.strerror or error)
