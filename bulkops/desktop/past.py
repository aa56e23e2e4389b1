"""The runs so far: what the History shows of them, and their results. Without Tk.

Everything here reads the disk and belongs in a worker's thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops import app
from bulkops.desktop.opening import is_workbook
from bulkops.errors import CannotStart
from bulkops.model import Status
from bulkops.phrases import URGENCY, by_status, counted, printable
from bulkops.settings import CUSTOM, Environment

if TYPE_CHECKING:
    from bulkops.ledger import Run


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run in words."""

    id: str
    started: str
    """In this computer's time."""
    workbook: str
    path: str
    """Of the workbook, whole."""
    environment: str
    who: str
    rows: str
    """How many of what."""
    state: str
    """What is to be done about it, if anything."""
    worst: Status | None
    """What of it needs a look first; None for a run without rows."""
    left: int | None
    """How many of its rows ``finish`` would send; None: it cannot be taken up."""


def past_runs(folder: Path) -> list[PastRun]:
    """Every run of this data folder, the newest first. Raises CannotStart if its ledger cannot be used."""
    runs = app.history(folder)
    left = app.unfinished(folder)
    return [_told(run, {Status(name): count for name, count in named.items()}, left.get(run.id)) for run, named in runs]


def _told(run: Run, counts: Mapping[Status, int], left: int | None) -> PastRun:
    return PastRun(
        run.id,
        local(run.started),
        printable(Path(run.workbook).name),
        printable(run.workbook),
        _place(run),
        printable(run.who),
        f"{counted(sum(counts.values()), 'row')}: {by_status(counts)}" if counts else "No rows",
        _state(run, counts, left),
        next((status for status in URGENCY if counts.get(status)), None),
        left,
    )


def _place(run: Run) -> str:
    """The environment's name, or the host of one that has none."""
    where = Environment(run.environment, run.base_url)
    return where.host if where.name == CUSTOM else where.name


def _state(run: Run, counts: Mapping[Status, int], left: int | None) -> str:
    said = []
    if unknown := counts.get(Status.UNKNOWN):
        said.append(f"check {counted(unknown, 'row')} in EnergyCAP")
    if left:
        said.append(f"{counted(left, 'row')} can still be sent")
    if wrong := sum(counts.get(status, 0) for status in (Status.FAILED, Status.INVALID)):
        said.append(f"{counted(wrong, 'row')} to look at in the results")
    if run.ended is None:
        said.append("not ended: it is still going on, or was cut short")
    text = "; ".join(said) or "nothing more"
    return text[:1].upper() + text[1:]


def local(moment: str) -> str:
    """The ledger's time, which is UTC, in this computer's, to the minute."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"


def results_of(folder: Path, run: PastRun) -> Path:
    """A file with the run's results: the one it has written, if that still holds them, else one made from the ledger.

    Raises CannotStart if that cannot be written.
    """
    from bulkops.workbook.sidecar import runs_told

    written = next((found.results for found, _ in app.history(folder) if found.id == run.id), None)
    if written and is_workbook(Path(written)) and run.id in runs_told(Path(written)):
        return Path(written)
    again = app.recall(folder, run.id).results
    if again is None:
        raise CannotStart("history.results", value=run.id, path=folder)
    return again
