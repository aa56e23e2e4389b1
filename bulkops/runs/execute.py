"""A run: prepared, described, and then carried out; it always ends with a status for every row."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bulkops import __version__
from bulkops.energycap.client import Client, KeepAlive
from bulkops.energycap.key import Key
from bulkops.energycap.rate_limit import RateLimit
from bulkops.ledger import Account, Ledger, Run, now
from bulkops.messages import answers
from bulkops.messages.errors import BulkopsError, CannotStart, MustStop
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan, Step
from bulkops.operations import all_operations
from bulkops.operations.catalogue import Catalogue
from bulkops.runs import backups, under_way
from bulkops.runs.corrections_file import Corrections
from bulkops.runs.delivery import Delivery, Kind
from bulkops.runs.processor import Control, Processor
from bulkops.runs.recorded_run import NEVER, UNREAD, interrupted
from bulkops.runs.renewal import renew
from bulkops.runs.report import Material, Options, Report, Summary, in_order, previewed
from bulkops.runs.results import results_of
from bulkops.system import data_folder

KEPT_OPTIONS = ("jobs", "independent", "per_minute", "stop_after", "stop_on_mismatch", "results")
"""What a run that is resumed keeps to; the rest is in its lines already."""

_REPEATS = {
    Status.DONE: "will be sent again although done before, last on {days}",
    Status.UNKNOWN: "will be sent again although what became of it is UNKNOWN, last sent on {days}",
}


@dataclass(slots=True)
class Prepared:
    """A run before it begins: nothing has been sent, and without an obstacle everything is ready."""

    id: str
    material: Material
    where: Environment
    options: Options
    resumes: Run | None = None
    """The run that is taken up again, if one is."""
    earlier: tuple[Outcome, ...] = ()
    """What became of that run's other rows before it was cut short."""
    before: Mapping[int, Outcome] = field(default_factory=dict)
    """What became of the rows that are now to be done, by seq: not sent, or refused for a reason outside them."""
    plan: Plan = field(default_factory=lambda: Plan((), ()))
    ledger: Ledger | None = None
    delivery: Delivery | None = None
    corrections: Corrections | None = None
    notes: list[str] = field(default_factory=list)
    elsewhere: str = ""
    """Why its rows may have been sent from another computer, or "" if nothing says so."""
    key: Key | None = None
    owner: str = ""
    account: Account = field(default_factory=Account)
    """Whose data the key changes, as far as that is known."""
    untold: str = ""
    """The data source of the runs before under this name, where EnergyCAP does not tell it any more."""
    obstacle: BulkopsError | None = None
    """Why the run cannot begin: another run, no place for the results, no key, EnergyCAP not reached, a no."""

    def summary(self) -> Summary:
        """What will be sent, where to, as whom."""
        operations = all_operations()
        steps = self.plan.steps
        kinds = Counter(step.row.operation for step in steps)
        effects = Counter(
            effect for step in steps for effect in operations[step.row.operation].effects(step.row.values)
        )
        entries = Catalogue(operations.values()).entries
        codes = ({each.code for each in step.row.warnings} for step in steps)
        warned = (entries[code].counted for row in codes for code in row if code in entries)
        effects += Counter(filter(None, warned))
        effects += _repeats(steps)
        return Summary(
            {
                operations[key].plural if count > 1 else operations[key].title.lower(): count
                for key, count in kinds.items()
            },
            dict(effects),
            dict(Counter(each.status for each in (*self.earlier, *self.plan.decided))),
            self.where.host,
            self.where.name,
            self.owner,
            self.key.masked() if self.key else "",
            self.delivery.ways[0].path if self.delivery else None,
            _named(self.resumes) if self.resumes else "",
            (*(each.note for each in self.material.unread), *self.notes),
            self.delivery is not None and self.delivery.ways[0].kind is Kind.IN_PLACE,
            tuple(each.tip for each in self.to_be_sure_of),
        )

    def preview(self) -> Report:
        """What each row would come to if the run began now."""
        return previewed(self.material, self.where, self.plan, self.earlier)

    @property
    def to_be_sure_of(self) -> tuple[CannotStart, ...]:
        """What only a person may say yes to, who is there to be asked."""
        if not self.plan.steps:
            return ()
        path, place = self.material.path.name, self.where.place
        elsewhere = CannotStart("run.elsewhere", path=path, value=self.elsewhere) if self.elsewhere else None
        untold = CannotStart("me.untold", value=place, extra=self.untold) if self.untold else None
        return tuple(each for each in (elsewhere, untold) if each)

    def invalid(self) -> int:
        """How many rows need fixing."""
        return sum(outcome.status is Status.INVALID for outcome in self.plan.decided)

    def refuse(self, why: BulkopsError) -> Report:
        """Send nothing and write nothing: every row that could have been sent is *not sent*, for this reason."""
        kept = (
            outcome_of(step.row, Status.NOT_SENT, code=why.code, message=why.sentence, tip=why.tip)
            for step in self.plan.steps
        )
        outcomes = in_order((*self.earlier, *self.plan.decided, *kept))
        material = self.material
        return Report(material.path, self.where, outcomes, material.notes, refused=why, unread=material.unread)

    def run(self, control: Control, seen: Callable[[Outcome], object]) -> Report:
        """Steps 7 and 8, unless there is an obstacle. ``seen`` is called with each outcome as it comes."""
        if self.obstacle is not None:
            return self.refuse(self.obstacle)
        if self.ledger is None or self.delivery is None:
            raise RuntimeError("a run without an obstacle has a ledger and a place for its results")
        under_way.name(self.delivery.folder, self.id)
        try:
            record = self.resumes or self._record()
            if self.resumes is None:
                self.ledger.begin(record, self.plan, self.where.identity)
            else:
                self.ledger.begin_again(self.id, self.plan, self.where.identity)
        except MustStop as error:
            return self.refuse(error)
        return self._carried_out(record, self.ledger, self.delivery, control, seen)

    def _record(self) -> Run:
        kept = {name: getattr(self.options, name) for name in KEPT_OPTIONS}
        wanted = self.options.results
        return Run(
            self.id,
            now(),
            None,
            data_folder.operator(),
            platform.node(),
            self.owner,
            self.where.name,
            self.where.base_url,
            str(self.material.path.resolve()),
            self.material.identity,
            __version__,
            {
                **kept,
                "results": str(wanted.resolve()) if wanted else None,
                UNREAD: [astuple(each) for each in self.material.unread],
            },
            account=self.account,
        )

    def _carried_out(
        self, record: Run, ledger: Ledger, delivery: Delivery, control: Control, seen: Callable[[Outcome], object]
    ) -> Report:
        """Send, write the results, close the run in the ledger. No failure keeps the report from being made."""
        outcomes = {outcome.seq: outcome for outcome in (*self.earlier, *self.plan.decided)}
        failed: Exception | None = None
        unshown: Exception | None = None
        rate_limit = control.rate_limit = RateLimit(
            control.stopped.wait, control.stopped.is_set, self.options.per_minute
        )
        with _clients(self.where, self.key) as connect:
            processor = Processor(
                self.id,
                ledger,
                connect,
                all_operations(),
                control,
                rate_limit,
                self.options.jobs,
                self.options.stop_after,
                data_folder.operator(),
                stop_on_mismatch=self.options.stop_on_mismatch,
            )
            try:
                for outcome in processor.outcomes(self.plan):
                    outcomes[outcome.seq] = outcome
                    error = _shown(outcome, seen)
                    unshown = unshown or error
            except Exception as error:  # known or a defect of ours: what was sent is written down first
                failed = error
        reason = _reason(failed) or control.reason
        recorded, doubtful = _recorded(ledger, self.id, processor.sent - outcomes.keys())
        outcomes |= recorded
        left = [
            (None if step.row.seq in doubtful else self._told_before(step))
            or _left_over(step, doubtful.get(step.row.seq), reason)
            for step in self.plan.steps
            if step.row.seq not in outcomes
        ]
        ordered = in_order([*outcomes.values(), *left])
        self.notes += _mismatches(ordered)
        self.notes += [
            answers.deprecated(all_operations()[key].plural, words) for key, words in processor.deprecated.items()
        ]
        written = self._written(replace(record, ended=now()), ordered, delivery, bool(processor.sent))
        failed = failed or delivery.defect
        reason = reason or _reason(failed)
        cut_short = bool(left)
        try:
            ledger.finish(self.id, left, str(written) if written else None)
            self.notes += backups.remove_outdated(delivery.folder, ledger, datetime.now(UTC))
        except MustStop as error:
            self.notes.append(str(error))
        except Exception as error:
            failed = failed or error
            reason = reason or _reason(failed)
        if ledger.unwitnessed and ledger.unwitnessed not in self.notes:
            self.notes.append(ledger.unwitnessed)
        self.notes += self._renewed(ledger, delivery.folder, processor.sent)
        # After the run's end is on record: of all that is written it can best be made again.
        handed_back, flaw = self._handed_back(ordered)
        return Report(
            self.material.path,
            self.where,
            ordered,
            (*self.material.notes, *self.notes),
            self.id,
            written,
            stopped=reason if cut_short or failed else "",
            defect=flaw or unshown if failed is None or isinstance(failed, BulkopsError) else failed,
            kept=delivery.kept,
            corrections=handed_back,
            identity=self.material.identity,
            unread=self.material.unread,
        )

    def _renewed(self, ledger: Ledger, folder: Path, sent: Collection[int]) -> list[str]:
        """Renew the results of other runs with rows that were unknown and that this one has sent again; what could not
        be renewed."""
        again = [each.repeats for each in self.plan.steps if each.repeats and each.row.seq in sent]
        released = {each.run for each in again if each.status is Status.UNKNOWN}
        found = (renew(ledger, run, folder, self.material.path) for run in sorted(released - {self.id}))
        return [each.why_not for each in found if each.why_not and not each.replaced]

    def _handed_back(self, outcomes: tuple[Outcome, ...]) -> tuple[str, Exception | None]:
        """Where the rows to be corrected are and how many, if there are any and they were wanted; and the defect."""
        if self.corrections is None:
            return "", None
        told, notes = self.corrections.deliver(self.material.layouts, self.material.rows, outcomes)
        self.notes += notes
        return told, self.corrections.defect

    def _told_before(self, step: Step) -> Outcome | None:
        """What an attempt before the run was resumed came to, for a row that it did not come to again."""
        before = self.before.get(step.row.seq)
        return before if before and before.started else None

    def _written(self, run: Run, outcomes: tuple[Outcome, ...], delivery: Delivery, sent: bool) -> Path | None:
        """Where the results are now. No failure keeps the run from its end: the ledger has them too."""
        place: Path | None = None
        try:
            results = results_of(run, outcomes, all_operations(), self.material.unread)
            place, trouble = delivery.deliver(results, sent)
            self.notes += trouble
        except Exception as error:
            delivery.defect = error
            self.notes.append(f"The results could not be made. {_reason(error)}")
        if place is None:
            self.notes.append(
                f"The results are kept in the history of this computer (command line: bulkops history {self.id})."
            )
        return place


def _repeats(steps: Iterable[Step]) -> Counter[str]:
    """How many rows are sent again although …, with the days on which they were sent last."""
    days: dict[Status, list[str]] = {}
    for step in steps:
        if step.repeats:
            days.setdefault(step.repeats.status, []).append(step.repeats.when[:10])
    spans = {status: (min(each), max(each)) for status, each in days.items()}
    said = {status: first if first == last else f"{first} to {last}" for status, (first, last) in spans.items()}
    return Counter({_REPEATS[status].format(days=said[status]): len(each) for status, each in days.items()})


def _mismatches(outcomes: Iterable[Outcome]) -> list[str]:
    """How many rows were done whose answer did not meet their control total."""
    entries = Catalogue(all_operations().values()).entries
    counts = Counter(each.code for each in outcomes if each.status is Status.DONE and each.code)
    return [
        f"{entries[code].title}: rows {count}. They are done; look at their messages." for code, count in counts.items()
    ]


def _named(run: Run) -> str:
    when = run.started[:16].replace("T", " ")
    return f"run {run.id} of {when} UTC, {Path(run.workbook).name}"


def _shown(outcome: Outcome, seen: Callable[[Outcome], object]) -> Exception | None:
    """Show an outcome. An error in showing, which is returned, is no reason to stop a run."""
    try:
        seen(outcome)
    except Exception as error:
        return error
    return None


def _reason(failed: Exception | None) -> str:
    if failed is None:
        return ""
    known = isinstance(failed, BulkopsError)
    return str(failed) if known else f"bulkops met an error of its own ({type(failed).__name__})."


@contextmanager
def _clients(where: Environment, key: Key | None) -> Iterator[Callable[[], Any]]:
    """A maker of senders, one for each worker; all are closed at the end."""
    keep_alive = KeepAlive()
    with ExitStack() as stack:

        def connect() -> Any:
            if key is None:
                raise RuntimeError("a plan with steps needs a key")
            client = Client(where, key, keep_alive=keep_alive)
            stack.callback(client.close)
            return client.send

        yield connect


def _recorded(ledger: Ledger, run: str, lost: set[int]) -> tuple[dict[int, Outcome], dict[int, str]]:
    """Of rows whose outcome an error of ours kept from coming in: what the ledger has of them, and which may have left,
    with the codes of these sends.

    Without the ledger's word all of them may have.
    """
    try:
        told = [outcome for outcome in ledger.outcomes(run) if outcome.seq in lost] if lost else []
    except MustStop:
        return {}, dict.fromkeys(lost, "")
    # A row that the ledger calls not sent for no reason was never to be sent yet: it has no attempt.
    known = {each.seq: each for each in told if each.status is not Status.UNKNOWN and (each.status, each.code) != NEVER}
    return known, {each.seq: each.send_again_code for each in told if each.status is Status.UNKNOWN}


def _left_over(step: Step, code: str | None, reason: str) -> Outcome:
    """A row without an outcome: unknown if its request may have left, by its code; else (None) not sent."""
    row = step.row
    if code is not None:
        message, tip = interrupted(row.operation, row.target, code)
        told = {"code": "sent.interrupted", "message": message, "tip": tip}
        return outcome_of(row, Status.UNKNOWN, send_again_code=code, **told)
    problem = Catalogue(()).problem("row.stopped")
    return outcome_of(
        step.row, Status.NOT_SENT, code="row.stopped", message=f"{problem.message} {reason}".strip(), tip=problem.tip
    )
