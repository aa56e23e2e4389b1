"""A run: prepared, described, and then carried out; it always ends with a status for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bulkops import __version__, settings
from bulkops.client import Client
from bulkops.errors import BulkopsError, CannotStart, MustStop
from bulkops.ledger import Ledger, Run, now
from bulkops.model import Outcome, Plan, Status, Step, outcome_of
from bulkops.operations import all_operations
from bulkops.operations.catalogue import Catalogue
from bulkops.processor import Control, Processor
from bulkops.report import Material, Report, Summary, in_order
from bulkops.results import sheet_lines
from bulkops.settings import Environment, Key
from bulkops.workbook.sidecar import write_results


@dataclass(slots=True)
class Prepared:
    """A run that is ready to begin: everything is decided and nothing has been sent."""

    id: str
    material: Material
    where: Environment
    plan: Plan
    ledger: Ledger
    results: Path
    jobs: int
    notes: list[str] = field(default_factory=list)
    key: Key | None = None
    owner: str = ""
    obstacle: CannotStart | None = None
    """Why the run cannot begin: no key, EnergyCAP not reached, key refused."""

    def summary(self) -> Summary:
        """What will be sent, where to, as whom."""
        operations = all_operations()
        steps = self.plan.steps
        kinds = Counter(operations[step.row.operation].plural for step in steps)
        effects = Counter(
            effect for step in steps if (effect := operations[step.row.operation].effects(step.row.values))
        )
        return Summary(
            dict(kinds),
            dict(effects),
            dict(Counter(each.status for each in self.plan.decided)),
            self.where.host,
            self.where.name,
            self.owner,
            self.key.masked() if self.key else "",
            self.results,
        )

    def invalid(self) -> int:
        """How many rows need fixing."""
        return sum(outcome.status is Status.INVALID for outcome in self.plan.decided)

    def refuse(self, why: BulkopsError, write: bool) -> Report:
        """Send nothing: every row that could have been sent is *not sent*, for the reason given."""
        kept = [
            outcome_of(step.row, Status.NOT_SENT, code=why.code, message=why.sentence, tip=why.tip)
            for step in self.plan.steps
        ]
        outcomes = [*self.plan.decided, *kept]
        if write:
            return self._report(outcomes, "")
        return Report(self.material.path, self.where, in_order(outcomes), self.material.notes)

    def run(self, control: Control, seen: Callable[[Outcome], object]) -> Report:
        """Steps 7 and 8. ``seen`` is called with each outcome as it comes. Always ends with every row's status."""
        run = Run(
            self.id,
            now(),
            None,
            settings.operator(),
            self.owner,
            self.where.name,
            self.where.base_url,
            str(self.material.path.resolve()),
            self.material.sha256,
            __version__,
        )
        self.ledger.begin(run, self.plan, self.where.identity)
        outcomes = {outcome.seq: outcome for outcome in self.plan.decided}
        defect: Exception | None = None
        with _clients(self.where, self.key) as connect:
            processor = Processor(self.id, self.ledger, connect, all_operations(), control, self.jobs)
            try:
                for outcome in processor.outcomes(self.plan):
                    outcomes[outcome.seq] = outcome
                    seen(outcome)
            except MustStop as error:
                control.stop(str(error))
            except Exception as error:  # a defect of ours: the results are written first, then it is raised
                control.stop(f"bulkops met an error of its own ({type(error).__name__}).")
                defect = error
        left = [
            _left_over(step, step.row.seq in processor.sent, control.reason)
            for step in self.plan.steps
            if step.row.seq not in outcomes
        ]
        report = self._report([*outcomes.values(), *left], control.reason if left or defect else "")
        try:
            self.ledger.finish(self.id, left, str(report.results) if report.results else None)
        except MustStop as error:
            report = replace(report, notes=(*report.notes, str(error)))
        if defect is not None:
            raise DefectError(report) from defect
        return report

    def _report(self, outcomes: list[Outcome], stopped: str) -> Report:
        ordered = in_order(outcomes)
        lines = sheet_lines(ordered, all_operations(), self.where.name, self.id)
        spare = self.ledger.path.parent / f"{self.results.stem} {self.id}.xlsx"
        written: Path | None = None
        for path in (self.results, spare):
            try:
                write_results(path, lines, self.material.path)
                written = path
                break
            except OSError:
                self.notes.append(f"The results could not be written to {path}.")
        if written is None:
            self.notes.append(f"The results are kept in the ledger: bulkops history {self.id}")
        return Report(
            self.material.path, self.where, ordered, (*self.material.notes, *self.notes), self.id, written, stopped
        )


class DefectError(Exception):
    """A defect of bulkops ended a run; the report tells every row, the cause is the defect."""

    def __init__(self, report: Report) -> None:
        super().__init__("a defect ended the run")
        self.report = report


@contextmanager
def _clients(where: Environment, key: Key | None) -> Iterator[Callable[[], Any]]:
    """A maker of senders, one for each worker; all are closed at the end."""
    with ExitStack() as stack:

        def connect() -> Any:
            if key is None:
                raise RuntimeError("a plan with steps needs a key")
            client = Client(where, key)
            stack.callback(client.close)
            return client.send

        yield connect


def _left_over(step: Step, sent: bool, reason: str) -> Outcome:
    if sent:
        message, tip = interrupted(step.row.operation, step.row.target)
        return outcome_of(step.row, Status.UNKNOWN, code="sent.interrupted", message=message, tip=tip)
    problem = Catalogue(()).problem("row.stopped")
    return outcome_of(
        step.row, Status.NOT_SENT, code="row.stopped", message=f"{problem.message} {reason}".strip(), tip=problem.tip
    )


def interrupted(operation: str, target: str) -> tuple[str, str]:
    known = all_operations().get(operation)
    problem = Catalogue(()).problem("sent.interrupted", check=known.how_to_check(target) if known else "")
    return problem.message, problem.tip
