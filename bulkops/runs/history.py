"""The runs of a ledger as they stand, and one of them recalled row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status
from bulkops.runs.ledger_access import any_ledger
from bulkops.runs.report import Report
from bulkops.runs.resume import cut_short, left_of
from bulkops.runs.run_list import PastRun
from bulkops.runs.under_way import under_way

if TYPE_CHECKING:
    from bulkops.ledger.resolutions import ResolvedRows


def history(data_folder: Path) -> list[PastRun]:
    """Every run of this ledger as it stands, newest first."""
    with any_ledger(data_folder) as ledger:
        if ledger is None:
            return []
        # A run may begin or end in between: it is looked before, and once more after what has not ended by then.
        going_on = under_way(data_folder)
        runs, resolved = ledger.runs(), ledger.resolved()
        if any(run.ended is None for run in runs):
            going_on = going_on or under_way(data_folder)
        left = {run.id: rows for run, rows in left_of(ledger, runs)}
        found = []
        for run in runs:
            live = run.ended is None and run.id == going_on
            # Of one that has not ended the rows are counted.
            counts = ledger.counts(run.id, live) if run.totals is None else run.totals
            told = {Status(name): number for name, number in counts.items()}
            if run.totals is not None and run.look:
                told |= {Status.DONE: told.get(Status.DONE, 0) - run.look, Status.LOOK: run.look}
            followed = run.id in left and left[run.id] is None
            rows = None if live else left.get(run.id)
            found.append(PastRun(run, told, live, told.get(Status.UNKNOWN, 0), 0, rows, followed))
    return [_as_resolved(each, resolved.get(each.id, ())) if each.unresolved else each for each in found]


def _as_resolved(past: PastRun, resolved: Iterable[ResolvedRows]) -> PastRun:
    """A run whose unknown rows were marked, or sent again since."""
    counts, open_ones, to_repeat = Counter(past.counts), past.unresolved, 0
    for kind, since, rows in resolved:
        open_ones -= rows
        if kind is not None:
            counts[Status.UNKNOWN] -= rows
            counts[Status.DONE if kind is ResolutionKind.DONE else Status.NOT_SENT] += rows
        to_repeat += rows if kind is ResolutionKind.SEND_AGAIN and not since else 0
    return replace(past, counts=counts, unresolved=open_ones, to_repeat=to_repeat)


def recall(data_folder: Path, run: str, results: Path | None = None) -> Report:
    """One run's rows, and its results file made again, from the ledger alone: in the data folder, or at ``results``.
    Of a run that is under way no results are made.

    Raises CannotStart if there is no such run, or if the results cannot be written where they were wanted.
    """
    from bulkops.runs.recorded_run import left_out, results_again, rows
    from bulkops.runs.recorded_run import results as made_again

    with any_ledger(data_folder) as ledger:
        going_on = under_way(data_folder)
        found = next(iter(ledger.runs_named([run])), None) if ledger else None
        if ledger is None or found is None:
            raise CannotStart("run.not_found", value=run)
        live = found.ended is None and run in (going_on, under_way(data_folder))
        outcomes = rows(ledger, run, live)
        try:
            left = 0 if live else len(cut_short(ledger, run)[1])
        except CannotStart:
            left = 0
    notes = [f"Started {found.started} by {found.who}."]
    if live:
        notes.append("This run is under way: its results are written when it has ended.")
    elif found.ended is None:
        notes.append("This run was cut short.")
    if left:
        notes.append(
            f"Rows that could still be sent: {left}. Finish the run to send them (command line: bulkops resume {run})."
        )
    unread = left_out(found)
    notes += [each.note for each in unread]
    environment = Environment(found.environment, found.base_url)
    path, trouble = (None, "") if live else results_again(found, made_again(found, outcomes), data_folder, results)
    notes += [trouble] if trouble else []
    workbook = Path(found.workbook)
    return Report(
        *(workbook, environment, outcomes, tuple(notes), run, path), content_hash=found.workbook_sha256, unread=unread
    )
