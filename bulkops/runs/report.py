"""What is asked of a check or a run, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bulkops.messages.errors import BulkopsError
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow, Unread
from bulkops.runs.headings import Layout
from bulkops.runs.results import document, exit_code


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
    defect: Exception | None = None
    """An error of our own that ended the run, or that kept something of it from being shown."""
    kept: Path | None = None
    """The copy of what the results have replaced."""
    corrections: str = ""
    """Where the corrections are and how many rows, or "" if there are none."""
    checked: tuple[CheckedRow, ...] = ()
    """The rows themselves, where the workbook was read to look at them."""
    marked: Mapping[int, str] = field(default_factory=dict)
    """Of rows that would be sent because a person said so of an earlier send: that send's code, by seq."""
    identity: str = ""
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
        endings = filter(None, (corrections, stopped, self.refused.typed() if self.refused else ""))
        return document(
            self.run,
            str(self.workbook),
            self.environment,
            str(self.results) if self.results else None,
            self.outcomes,
            (*self.notes, *endings),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run is about to do: for the question that is asked before it."""

    steps: dict[str, int]
    """How many of each operation, by its word for that number."""
    effects: dict[str, int]
    decided: dict[Status, int]
    host: str
    environment: str
    owner: str
    key: str
    results: Path | None
    resumes: str = ""
    """Which run is taken up again, if one is."""
    notes: tuple[str, ...] = ()
    """What to know before saying yes."""
    within: bool = False
    """The results go into the workbook itself."""
    sure: tuple[str, ...] = ()
    """What the operator must have seen to before saying yes."""


@dataclass(frozen=True, slots=True)
class Material:
    """A workbook read and checked."""

    path: Path
    sha256: str
    """Of the file as it was read; "" if it was not."""
    identity: str
    """Of what it holds apart from results: what the ledger knows the workbook by."""
    rows: tuple[CheckedRow, ...]
    notes: tuple[str, ...]
    told: frozenset[str] = frozenset()
    """The runs whose results it holds."""
    layouts: tuple[Layout, ...] = ()
    """The sheets as they were read, where corrections are wanted."""
    unread: tuple[Unread, ...] = ()
    """The sheets that hold headings and could not be read; the notes say so of each."""
    unfit: tuple[str, str] = ("", "")
    """What reading it has found to keep results from being put into it: the catalogue's code, and the detail."""


def previewed(material: Material, where: Environment, plan: Plan, earlier: Iterable[Outcome] = ()) -> Report:
    """What each row would come to if the plan were carried out now."""
    ready = (outcome_of(step.row, Status.READY) for step in plan.steps)
    outcomes = in_order((*earlier, *plan.decided, *ready))
    return Report(
        *(material.path, where, outcomes, material.notes),
        checked=material.rows,
        marked={step.row.seq: step.repeats.code for step in plan.steps if step.repeats and step.repeats.mark},
        identity=material.identity,
        unread=material.unread,
    )


def in_order(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """In reading order, whatever order they came in."""
    return tuple(sorted(outcomes, key=lambda outcome: outcome.seq))
