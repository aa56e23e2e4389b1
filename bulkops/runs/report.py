"""What is asked of a check or a run, and what there is to say of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulkops.messages.errors import BulkopsError
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome
from bulkops.model.rows import CheckedRow, Unread
from bulkops.runs.results import document, exit_code

KEPT_OPTIONS = (
    "jobs",
    "independent",
    "per_minute",
    "stop_after",
    "stop_on_mismatch",
    "offline",
    "max_bills",
    "results",
)
"""What a run that is resumed keeps to; the rest is in its lines already."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for, beyond the workbook."""

    include_hidden: bool = False
    send_again: bool = False
    all_or_nothing: bool = False
    jobs: int = 4
    """Rows side by side, where that is safe."""
    results: Path | None = None
    independent: bool = False
    """The operator's word that only rows of one list, one batch or one task need their order."""
    per_minute: int | None = None
    """The most rows in a minute; None: no limit."""
    stop_after: int = 5
    """So many rows in a row with server or network trouble end the run."""
    stop_on_mismatch: bool = False
    """A row whose control total (Expected bills) the answer does not meet ends the run."""
    trouble: bool = False
    """Some rows meet trouble, to be rehearsed: on Practice alone."""
    corrections: Path | None = None
    """Where the rows that need fixing or failed go, to be corrected there."""
    offline: bool = False
    """EnergyCAP is not asked what it says of the rows."""
    max_bills: int | None = None
    """The most bills that the lists to be edited may hold in all; None: no limit."""


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of a check or a run."""

    workbook: Path
    environment: Environment
    outcomes: tuple[Outcome, ...]
    """One for every row read, in reading order."""
    notes: tuple[str, ...]
    run: str | None = None
    results: Path | None = None
    stopped: str = ""
    """Why the run ended early, or "" if it did not."""
    refused: BulkopsError | None = None
    """Why the run did not begin; then nothing was sent and no results were written."""
    internal_error: Exception | None = None
    """An error of our own that ended the run, or that kept something of it from being shown."""
    kept: Path | None = None
    """The copy of what the results have replaced."""
    corrections: str = ""
    """Where the corrections are and how many rows, or "" if there are none."""
    checked: tuple[CheckedRow, ...] = ()
    """The rows themselves, where the workbook was read to look at them."""
    marked: Mapping[int, str] = field(default_factory=dict)
    """Of rows that would be sent because a person said so of an earlier send: that send's code, by seq."""
    content_hash: str = ""
    """Of the workbook that was read, apart from its results; "" if it was not."""
    unread: tuple[Unread, ...] = ()
    """The sheets that hold headings and could not be read; the notes say so of each."""

    @property
    def exit_code(self) -> int:
        """0: all is done; 1: a row needs a look; 2: nothing was sent; 3: the run was stopped."""
        return 2 if self.refused else exit_code(self.outcomes, bool(self.stopped), bool(self.unread))

    def document(self) -> dict[str, Any]:
        """The JSON document; why a run ended early or did not begin is its last note."""
        stopped = f"The run stopped early. {self.stopped}" if self.stopped else ""
        corrections = f"Corrections: {self.corrections}" if self.corrections else ""
        endings = filter(None, (corrections, stopped, self.refused.for_command_line() if self.refused else ""))
        return document(
            self.run,
            str(self.workbook),
            self.environment,
            str(self.results) if self.results else None,
            self.outcomes,
            (*self.notes, *endings),
        )


def in_order(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """In reading order, whatever order they came in."""
    return tuple(sorted(outcomes, key=lambda outcome: outcome.seq))
