"""The story of a run, in the words of the rooms it goes through.

    1. reader     the workbook is read once, every cell as it is
    2. checking   every row is checked against its operation's rules
    3. ledger     what was sent before is looked up; an interrupted row becomes unknown
    4. planning   every row is decided, or becomes a step
    5. preflight  the results can be written, EnergyCAP answers, and we know as whom
    6. (the operator says yes)
    7. processor  intent, one send, outcome; row by row
    8. results    one line for every row read

Nothing here prints, and nothing here loops over rows to decide about them.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulkops import __version__, planning, settings
from bulkops.errors import CannotStart, MustStop
from bulkops.model import CheckedRow, Outcome, Plan, Status, Step, outcome_of
from bulkops.operations import all_operations
from bulkops.preflight import enter, results_place, who_am_i
from bulkops.problems import Catalogue
from bulkops.results import document, exit_code, sheet_lines
from bulkops.settings import Environment, Key
from bulkops.workbook.reader import read_workbook

if TYPE_CHECKING:
    from bulkops.ledger import Ledger
    from bulkops.processor import Control


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for, beyond the workbook."""

    include_hidden: bool = False
    send_again: bool = False
    all_or_nothing: bool = False
    jobs: int = 4
    results: Path | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of a check or a run."""

    workbook: Path
    environment: Environment
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    run: str | None = None
    results: Path | None = None
    stopped: str = ""
    """Why the run ended early, or "" if it did not."""

    @property
    def exit_code(self) -> int:
        """By product.md section 4."""
        return exit_code(self.outcomes, bool(self.stopped))

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return document(
            self.run,
            str(self.workbook),
            self.environment,
            str(self.results) if self.results else None,
            self.outcomes,
            self.notes,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run is about to do: for the question that is asked before it."""

    steps: dict[str, int]
    """How many of each operation, by its plural."""
    effects: dict[str, int]
    decided: dict[Status, int]
    host: str
    environment: str
    owner: str
    key: str
    results: Path


@dataclass(frozen=True, slots=True)
class _Material:
    """A workbook read and checked."""

    path: Path
    sha256: str
    rows: tuple[CheckedRow, ...]
    notes: tuple[str, ...]


def check(path: Path, where: Environment, folder: Path, options: Options) -> Report:
    """Steps 1 to 4: what each row would come to. Nothing is sent, nothing is written."""
    material = _read(path, options)
    history: planning.History = {}
    if _ledger_file(folder).exists():
        from bulkops.ledger import Ledger

        ledger = Ledger(folder)
        history = ledger.past(where.identity)
        ledger.close()
    plan = planning.plan(material.rows, all_operations(), history, where.identity, options.send_again)
    ready = tuple(outcome_of(step.row, Status.READY) for step in plan.steps)
    return Report(path, where, _in_order((*plan.decided, *ready)), material.notes)


@dataclass(slots=True)
class Prepared:
    """A run that is ready to begin: everything is decided and nothing has been sent."""

    id: str
    material: _Material
    where: Environment
    plan: Plan
    ledger: Ledger
    key: Key | None
    owner: str
    results: Path
    jobs: int
    notes: list[str] = field(default_factory=list)

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

    def refuse(self, code: str, write: bool = True) -> Report:
        """Send nothing: every row that could have been sent is *not sent*, for the reason given."""
        problem = Catalogue(()).problem(code)
        kept = [
            outcome_of(step.row, Status.NOT_SENT, code=code, message=problem.message, tip=problem.tip)
            for step in self.plan.steps
        ]
        outcomes = [*self.plan.decided, *kept]
        if write:
            return self._report(outcomes, "")
        return Report(self.material.path, self.where, _in_order(outcomes), self.material.notes)

    def run(self, control: Control, seen: Callable[[Outcome], object]) -> Report:
        """Steps 7 and 8. ``seen`` is called with each outcome as it comes. Always ends with every row's status."""
        from bulkops.ledger import Run, now
        from bulkops.processor import Processor

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
        from bulkops.workbook.sidecar import write_results

        ordered = _in_order(outcomes)
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
def prepare(path: Path, where: Environment, folder: Path, options: Options) -> Iterator[Prepared]:
    """Steps 1 to 5. Raises CannotStart, with nothing sent, for whatever stands in the way."""
    from bulkops.ledger import Ledger, new_run_id, now
    from bulkops.lock import only_one

    material = _read(path, options)
    run = new_run_id()
    with ExitStack() as stack:
        stack.enter_context(only_one(folder, f"{settings.operator()}, {path.name}, since {now()}"))
        ledger = Ledger(folder)
        stack.callback(ledger.close)
        ledger.settle_interrupted(_interrupted)
        plan = planning.plan(
            material.rows, all_operations(), ledger.past(where.identity), where.identity, options.send_again
        )
        results, notes = results_place(path, folder, options.results, run)
        key, owner = None, ""
        held_back = options.all_or_nothing and any(row.problems for row in material.rows if not row.hidden)
        if plan.steps and not held_back:
            where, key = enter(where, stack)
            owner, note = who_am_i(where, key)
            notes += [note] if note else []
        yield Prepared(run, material, where, plan, ledger, key, owner, results, options.jobs, notes)


def history(folder: Path) -> list[tuple[Any, dict[str, int]]]:
    """Every run of this ledger, newest first, with its rows counted by state."""
    if not _ledger_file(folder).exists():
        return []
    from bulkops.ledger import Ledger

    ledger = Ledger(folder)
    try:
        return [(run, ledger.counts(run.id)) for run in ledger.runs()]
    finally:
        ledger.close()


def recall(folder: Path, run: str) -> Report:
    """One run's rows, from the ledger alone. Raises CannotStart if there is no such run."""
    for each, _ in history(folder):
        if each.id == run:
            from bulkops.ledger import Ledger

            ledger = Ledger(folder)
            outcomes = tuple(ledger.outcomes(run))
            ledger.close()
            where = Environment(each.environment, each.base_url)
            results = Path(each.results) if each.results else None
            return Report(Path(each.workbook), where, outcomes, (), run, results)
    raise CannotStart("run.not_found", value=run)


def _read(path: Path, options: Options) -> _Material:
    from bulkops.checking import check as check_rows

    # A workbook makes millions of small values that all stay: collecting garbage meanwhile finds none.
    gc.disable()
    try:
        workbook = read_workbook(path)
        checked = check_rows(workbook, list(all_operations().values()), options.include_hidden)
    finally:
        gc.enable()
    if not checked.rows:
        hint = "".join(f" {note}" for note in checked.notes[:3])
        raise CannotStart("workbook.no_rows", path=path.name, extra=hint)
    hidden = sum(row.hidden for row in checked.rows)
    told = [f"{hidden} hidden rows were read and will not be sent; --include-hidden sends them too."] if hidden else []
    return _Material(path, workbook.sha256, checked.rows, (*checked.notes, *told))


@contextmanager
def _clients(where: Environment, key: Key | None) -> Iterator[Callable[[], Any]]:
    """A maker of senders, one for each worker; all are closed at the end."""
    with ExitStack() as stack:

        def connect() -> Any:
            from bulkops.client import Client

            if key is None:
                raise RuntimeError("a plan with steps needs a key")
            client = Client(where, key)
            stack.callback(client.close)
            return client.send

        yield connect


def _left_over(step: Step, sent: bool, reason: str) -> Outcome:
    if sent:
        message, tip = _interrupted(step.row.operation, step.row.target)
        return outcome_of(step.row, Status.UNKNOWN, code="sent.interrupted", message=message, tip=tip)
    problem = Catalogue(()).problem("row.stopped")
    return outcome_of(
        step.row, Status.NOT_SENT, code="row.stopped", message=f"{problem.message} {reason}".strip(), tip=problem.tip
    )


def _interrupted(operation: str, target: str) -> tuple[str, str]:
    known = all_operations().get(operation)
    problem = Catalogue(()).problem("sent.interrupted", check=known.how_to_check(target) if known else "")
    return problem.message, problem.tip


def _in_order(outcomes: Any) -> tuple[Outcome, ...]:
    return tuple(sorted(outcomes, key=lambda outcome: outcome.seq))


def _ledger_file(folder: Path) -> Path:
    return folder / "ledger.sqlite3"
