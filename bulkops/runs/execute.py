"""A run carried out: its rows are sent, what is missing is collected, and the results are delivered.

It always ends with a status for every row: no failure on the way keeps the report from being made.
"""

import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bulkops import __version__
from bulkops.energycap.client import Client, KeepAlive
from bulkops.energycap.key import Key
from bulkops.energycap.rate_limit import RateLimit
from bulkops.ledger import Ledger, Run, now
from bulkops.ledger.records import TOUCH
from bulkops.messages import answers
from bulkops.messages.errors import BulkopsError, MustStop
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Step
from bulkops.operations import all_operations
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs import backups, under_way
from bulkops.runs.control import Control
from bulkops.runs.delivery import Delivery
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.processor import Processor, Sent, reason_of
from bulkops.runs.recorded_run import NEVER, UNREAD, interrupted
from bulkops.runs.renewal import renew
from bulkops.runs.report import KEPT_OPTIONS, Report, in_order
from bulkops.runs.results import results_of
from bulkops.system.data_folder import operator


@dataclass(slots=True)
class _Ending:
    """What there is to say of the end of a run, while it is being written down."""

    notes: list[str] = field(default_factory=list)
    internal_error: Exception | None = None
    """What went wrong on the way, known or an error of our own: the first of it."""

    def take(self, error: Exception | None) -> None:
        """Unless something went wrong before."""
        self.internal_error = self.internal_error or error


def refused(run: PreparedRun, why: BulkopsError) -> Report:
    """Send nothing and write nothing: every row that could have been sent is *not sent*, for this reason."""
    left = (
        outcome_of(step.row, Status.NOT_SENT, name=step.name, code=why.code, message=why.sentence, tip=why.tip)
        for step in run.plan.steps
    )
    workbook, outcomes = run.workbook, in_order((*run.earlier, *run.plan.decided, *left))
    return Report(workbook.path, run.environment, outcomes, workbook.notes, refused=why, unread=workbook.unread)


def execute(run: PreparedRun, control: Control, seen: Callable[[Outcome], object]) -> Report:
    """Carry out a run without a blocker, to which the answer was yes. ``seen`` is called with each outcome as it
    comes."""
    if run.blocker is not None or run.ledger is None or run.delivery is None:
        raise RuntimeError("a run that is carried out has no blocker, a ledger and a place for its results")
    ledger, delivery = run.ledger, run.delivery
    under_way.name(delivery.folder, run.id)
    try:
        record = run.resumes or record_of(run)
        if run.resumes is None:
            ledger.begin(record, run.plan, run.environment.id)
        else:
            ledger.begin_again(run.id, run.plan, run.environment.id)
    except MustStop as error:
        return refused(run, error)
    sent = _send(run, ledger, control, seen)
    reason = reason_of(sent.failed) or control.reason
    outcomes, left = _collect(run, ledger, sent, reason)
    return _deliver(run, record, ledger, delivery, sent, outcomes, left, reason)


def _send(run: PreparedRun, ledger: Ledger, control: Control, seen: Callable[[Outcome], object]) -> Sent:
    """The plan's steps; whatever ends them early is told with what was sent."""
    options = run.options
    rate_limit = control.rate_limit = RateLimit(control.stopped.wait, control.stopped.is_set, options.per_minute)
    with _clients(run.environment, run.key) as connect:
        processor = Processor(
            *(run.id, ledger, connect, all_operations(), control, rate_limit),
            jobs=options.jobs,
            most_troubles=options.stop_after,
            who=operator(),
            stop_on_mismatch=options.stop_on_mismatch,
        )
        return processor.send(run.plan, seen)


def _collect(
    run: PreparedRun, ledger: Ledger, sent: Sent, reason: str
) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
    """(one outcome for every row, those of them that were not come to)."""
    outcomes = {outcome.seq: outcome for outcome in (*run.earlier, *run.plan.decided, *sent.outcomes)}
    recorded, doubtful = _recorded(ledger, run.id, sent.left - outcomes.keys())
    outcomes |= recorded
    left = tuple(
        (None if step.row.seq in doubtful else _told_before(run, step))
        or _left_over(step, doubtful.get(step.row.seq), reason)
        for step in run.plan.steps
        if step.row.seq not in outcomes
    )
    return in_order((*outcomes.values(), *left)), left


def _deliver(
    run: PreparedRun,
    record: Run,
    ledger: Ledger,
    delivery: Delivery,
    sent: Sent,
    outcomes: tuple[Outcome, ...],
    left: tuple[Outcome, ...],
    reason: str,
) -> Report:
    """Write the results, close the run in the ledger, then hand back what is to be corrected."""
    ending = _Ending([*_mismatches(outcomes), *_deprecated(sent)], sent.failed)
    written = _written(run, replace(record, ended=now()), outcomes, delivery, sent, ending)
    try:
        ledger.finish(run.id, left, str(written) if written else None)
        ending.notes += backups.remove_outdated(delivery.folder, ledger, datetime.now(UTC))
    except MustStop as error:
        ending.notes.append(str(error))
    except Exception as error:
        ending.take(error)
    if ledger.unwitnessed and ledger.unwitnessed not in (*run.notes, *ending.notes):
        ending.notes.append(ledger.unwitnessed)
    ending.notes += _renewed(run, ledger, delivery.folder, sent.left)
    failed, stopped = ending.internal_error, reason or reason_of(ending.internal_error)
    # After the run's end is on record: of all that is written it can best be made again.
    corrections, flaw = _corrections(run, outcomes, ending)
    return Report(
        run.workbook.path,
        run.environment,
        outcomes,
        (*run.workbook.notes, *run.notes, *ending.notes),
        run.id,
        written,
        stopped=stopped if left or failed else "",
        internal_error=flaw or sent.unshown if failed is None or isinstance(failed, BulkopsError) else failed,
        kept=delivery.kept,
        corrections=corrections,
        content_hash=run.workbook.content_hash,
        unread=run.workbook.unread,
    )


def record_of(run: PreparedRun) -> Run:
    """What the ledger has of a run that begins."""
    wanted = run.options.results
    return Run(
        run.id,
        now(),
        None,
        operator(),
        platform.node(),
        run.key_owner,
        run.environment.name,
        run.environment.base_url,
        str(run.workbook.path.resolve()),
        run.workbook.content_hash,
        __version__,
        {
            **{name: getattr(run.options, name) for name in KEPT_OPTIONS},
            "results": str(wanted.resolve()) if wanted else None,
            UNREAD: [astuple(each) for each in run.workbook.unread],
            TOUCH: run.touch.before if run.touch else "",
        },
        account=run.account,
    )


def _written(
    run: PreparedRun, record: Run, outcomes: tuple[Outcome, ...], delivery: Delivery, sent: Sent, ending: _Ending
) -> Path | None:
    """Where the results are now. No failure keeps the run from its end: the ledger has them too."""
    place: Path | None = None
    try:
        results = results_of(record, outcomes, all_operations(), run.workbook.unread)
        place, trouble = delivery.deliver(results, bool(sent.left))
        ending.notes += trouble
        ending.take(delivery.internal_error)
    except Exception as error:
        ending.take(error)
        ending.notes.append(f"The results could not be made. {reason_of(error)}")
    if place is None:
        ending.notes.append(
            f"The results are kept in the history of this computer (command line: bulkops history {run.id})."
        )
    return place


def _renewed(run: PreparedRun, ledger: Ledger, data_folder: Path, sent: Collection[int]) -> list[str]:
    """Renew the results of other runs with rows that were unknown and that this one has sent again; what could not be
    renewed."""
    again = [each.prior_attempt for each in run.plan.steps if each.prior_attempt and each.row.seq in sent]
    released = {each.run for each in again if each.status is Status.UNKNOWN}
    found = (renew(ledger, each, data_folder, run.workbook.path) for each in sorted(released - {run.id}))
    return [each.why_not for each in found if each.why_not and not each.replaced]


def _corrections(run: PreparedRun, outcomes: tuple[Outcome, ...], ending: _Ending) -> tuple[str, Exception | None]:
    """Where the rows to be corrected are and how many, if any and if wanted; and the internal error."""
    if run.corrections is None:
        return "", None
    told, notes = run.corrections.deliver(run.workbook.layouts, run.workbook.rows, outcomes)
    ending.notes += notes
    return told, run.corrections.internal_error


def _told_before(run: PreparedRun, step: Step) -> Outcome | None:
    """What an attempt before the run was resumed came to, for a row that it did not come to again."""
    before = run.before.get(step.row.seq)
    return before if before and before.started else None


def _deprecated(sent: Sent) -> Iterable[str]:
    return (answers.deprecated(all_operations()[key].plural, words) for key, words in sent.deprecated.items())


def _mismatches(outcomes: Iterable[Outcome]) -> list[str]:
    """How many rows were done whose answer did not meet their control total."""
    messages = Catalogue(all_operations().values()).messages
    counts = Counter(each.code for each in outcomes if each.status is Status.DONE and each.code)
    return [
        f"{messages[code].title}: rows {count}. They are done; look at their messages."
        for code, count in counts.items()
    ]


@contextmanager
def _clients(environment: Environment, key: Key | None) -> Iterator[Callable[[], Any]]:
    """A maker of senders, one for each worker; all are closed at the end."""
    keep_alive = KeepAlive()
    with ExitStack() as stack:

        def connect() -> Any:
            if key is None:
                raise RuntimeError("a plan with steps needs a key")
            client = Client(environment, key, keep_alive=keep_alive)
            stack.callback(client.close)
            return client.send

        yield connect


def _recorded(ledger: Ledger, run: str, lost: AbstractSet[int]) -> tuple[dict[int, Outcome], dict[int, str]]:
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
        return outcome_of(row, Status.UNKNOWN, name=step.name, send_again_code=code, **told)
    problem = Catalogue(()).problem("row.stopped")
    told = {"code": "row.stopped", "message": f"{problem.message} {reason}".strip(), "tip": problem.tip}
    return outcome_of(row, Status.NOT_SENT, name=step.name, **told)
