"""Rows of unknown outcome: which there are, and the word of an operator who has looked in EnergyCAP.

Marked as done, a row is *already done* for every later run. Marked as to be sent again, it is sent by the next run that
asks for it, once; the outcome of that send may be unknown, too. What the run itself saw stays as it was.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.history import Resolution, ResolutionKind, UnknownOutcome
from bulkops.runs.ledger_access import LEDGER, any_ledger, ledger_alone
from bulkops.system.data_folder import operator

if TYPE_CHECKING:
    from bulkops.runs.renewal import Renewed


class ResolvedRow(NamedTuple):
    """A row's resolution, and what has come of renewing the results of its run."""

    resolution: Resolution
    results: Renewed


def unknown_outcomes(
    data_folder: Path, environment: Environment | None = None, marked: bool = False
) -> list[UnknownOutcome]:
    """The requests whose outcome is unknown, newest first; in one environment, or in all (None).

    Without those that were sent once more since, for then the last send counts, and those that were marked, unless
    they are wanted too (``marked``) to be marked otherwise. What a program that is gone left open is among them; what
    a run has on its way at the moment is not.
    Raises CannotStart or MustStop if the ledger cannot be used.
    """
    with any_ledger(data_folder) as ledger:
        if ledger is None:
            return []
        if ledger.in_flight():
            _conclude_interrupted(data_folder)
        return ledger.unknown_outcomes(environment.id if environment else None, marked)


def resolve(data_folder: Path, run: str, seq: int, kind: ResolutionKind, who: str = "") -> ResolvedRow:
    """Record what became of a row of unknown outcome, and renew its run's results; ``who``: the computer's user, unless
    given.

    Raises CannotStart, with nothing changed, while a run is going on, and for a row whose outcome is not unknown or
    not any more: resolved so before, or sent once more since. MustStop if the ledger did not take it.
    """
    from bulkops.ledger import now
    from bulkops.runs.renewal import renew

    if not (data_folder / LEDGER).exists():
        raise CannotStart("run.not_found", value=run)
    resolution = Resolution(kind, who or operator(), now())
    with ExitStack() as stack:
        ledger = ledger_alone(data_folder, "marking a row", stack)
        ledger.resolve(run, seq, resolution)
        return ResolvedRow(resolution, renew(ledger, run, data_folder))


def _conclude_interrupted(data_folder: Path) -> None:
    try:
        with ExitStack() as stack:
            ledger_alone(data_folder, "looking for rows in doubt", stack)
    except CannotStart as error:
        if error.code != "run.busy":
            raise
