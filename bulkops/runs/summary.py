"""What a run is about to do, for the question that is asked before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.messages.errors import CannotStart
from bulkops.model.outcomes import Status
from bulkops.model.plan import Step
from bulkops.operations import all_operations
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.delivery import Kind
from bulkops.runs.preview import previewed
from bulkops.runs.report import Options, Report

if TYPE_CHECKING:
    from bulkops.ledger import Run
    from bulkops.runs.prepared_run import PreparedRun

_REPEATS = {
    Status.DONE: "will be sent again although done before, last on {days}",
    Status.UNKNOWN: "will be sent again although what became of it is UNKNOWN, last sent on {days}",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What will be sent, where to, as whom."""

    preview: Report
    """Each row, as it would come to if the run began now."""
    options: Options
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
    sure: tuple[CannotStart, ...] = ()
    """What the operator must have seen to before saying yes; where nobody is there to be asked, why nothing is sent."""
    touch: tuple[str, ...] = ()
    """What the rows will touch, as far as EnergyCAP tells: bills and cost, and what becomes of batches."""

    @property
    def workbook(self) -> Path:
        """The one that is run."""
        return self.preview.workbook


def summary_of(run: PreparedRun) -> Summary:
    """Of a run without a blocker."""
    operations = all_operations()
    steps = run.plan.steps
    kinds = Counter(step.row.operation for step in steps)
    effects = Counter(effect for step in steps for effect in operations[step.row.operation].effects(step.row.values))
    messages = Catalogue(operations.values()).messages
    codes = ({each.code for each in step.row.warnings} for step in steps)
    warned = (messages[code].effect for row in codes for code in row if code in messages)
    effects += Counter(filter(None, warned))
    effects += _repeats(steps)
    place = run.delivery.ways[0] if run.delivery else None
    return Summary(
        previewed(run.workbook, run.environment, run.plan, run.earlier),
        run.options,
        {operations[key].plural if count > 1 else operations[key].title.lower(): count for key, count in kinds.items()},
        dict(effects),
        dict(Counter(each.status for each in (*run.earlier, *run.plan.decided))),
        run.environment.host,
        run.environment.name,
        run.key_owner,
        run.key.masked() if run.key else "",
        place.path if place else None,
        _named(run.resumes) if run.resumes else "",
        (*(each.note for each in run.workbook.unread), *run.notes),
        place is not None and place.kind is Kind.IN_PLACE,
        run.to_be_sure_of,
        tuple(run.touch.words()) if run.touch else (),
    )


def _repeats(steps: Iterable[Step]) -> Counter[str]:
    """How many rows are sent again although …, with the days on which they were sent last."""
    days: dict[Status, list[str]] = {}
    for step in steps:
        if step.prior_attempt:
            days.setdefault(step.prior_attempt.status, []).append(step.prior_attempt.when[:10])
    spans = {status: (min(each), max(each)) for status, each in days.items()}
    said = {status: first if first == last else f"{first} to {last}" for status, (first, last) in spans.items()}
    return Counter({_REPEATS[status].format(days=said[status]): len(each) for status, each in days.items()})


def _named(run: Run) -> str:
    when = run.started[:16].replace("T", " ")
    return f"run {run.id} of {when} UTC, {Path(run.workbook).name}"
