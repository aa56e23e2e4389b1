"""Plan → Outcomes: intent, one send, outcome; each is yielded as it comes.

The only module that sends. A known failure is a value; a ledger that fails stops the run.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from bulkops.energycap.classify import (
    REFUSED,
    Classification,
    classify,
    deprecated,
    evidence,
    is_energycap,
    not_believed,
    unproved,
)
from bulkops.energycap.rate_limit import RateLimit
from bulkops.ledger import Ledger, now
from bulkops.messages import answers
from bulkops.messages.errors import BulkopsError, MustStop
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan, Step
from bulkops.model.requests import Accepted, Call, NoResponse, Reply
from bulkops.operations.base import Operation
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.control import Control
from bulkops.runs.scheduler import Scheduler

TROUBLES_IN_A_ROW = 5
BUSY_ATTEMPTS = 6
_LISTEN_SECONDS = 0.5
_QUESTION = Call("GET", "/api/v3/me")
"""Whose key it is: a read that every EnergyCAP answers."""

Send = Callable[[Call], Reply | NoResponse]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a plan's steps."""

    outcomes: tuple[Outcome, ...]
    """Of those that were started, as they came."""
    left: frozenset[int]
    """Rows (by seq) whose request may have left this computer."""
    deprecated: Mapping[str, str]
    """Operations whose call EnergyCAP is going to withdraw, and what it says of that."""
    failed: Exception | None
    """What ended it before all were started, or None."""
    unshown: Exception | None
    """The first error in showing an outcome."""


@dataclass(slots=True)
class Processor:
    """Runs the steps of one plan. ``connect`` gives each worker a sender of its own."""

    run: str
    ledger: Ledger
    connect: Callable[[], Send]
    operations: Mapping[str, Operation]
    control: Control
    rate_limit: RateLimit
    jobs: int = 1
    most_troubles: int = TROUBLES_IN_A_ROW
    """So many rows in a row that had trouble with the server or the network end the run."""
    who: str = ""
    stop_on_mismatch: bool = False
    """A row whose control total the answer does not meet ends the run; while it is on its way no other begins."""
    clock: Callable[[], float] = time.monotonic
    sent: set[int] = field(default_factory=set)
    """Rows (by seq) whose request may have left this computer."""
    deprecated: dict[str, str] = field(default_factory=dict)
    """Operations whose call EnergyCAP is going to withdraw, and what it says of that."""
    _tasks: set[str] = field(default_factory=set)
    """GUIDs in lower case that no new task can have: of tasks that this run reimports, or that it was told of."""
    _transients: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _local: threading.local = field(default_factory=threading.local)

    def send(self, plan: Plan, seen: Callable[[Outcome], object]) -> Sent:
        """Send the plan's steps; ``seen`` is called with each outcome as it comes. Raises nothing: what ended it is
        told with what was sent."""
        outcomes: list[Outcome] = []
        failed: Exception | None = None
        unshown: Exception | None = None
        try:
            for outcome in self.outcomes(plan):
                outcomes.append(outcome)
                try:
                    seen(outcome)
                except Exception as error:  # an error in showing is no reason to stop a run
                    unshown = unshown or error
        except Exception as error:  # known or an internal error: what was sent is written down first
            failed = error
        return Sent(tuple(outcomes), frozenset(self.sent), self.deprecated, failed, unshown)

    def outcomes(self, plan: Plan) -> Iterator[Outcome]:
        """Send the plan's steps; one outcome for each that was started. The others were not sent.

        Raises what ended the run (MustStop, or an internal error) after every row in flight was yielded.
        """
        failed: BaseException | None = None
        targets = (*(step.row.target for step in plan.steps), *(outcome.target for outcome in plan.decided))
        self._tasks = {target.lower() for target in targets}
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="bulkops") as pool:
            for future in self._in_flight(Scheduler(plan), pool):
                error = future.exception()
                if error is None:
                    outcome = future.result()
                    if outcome is not None:
                        yield outcome
                    continue
                failed = failed or error
                self.control.stop(reason_of(error))
                if isinstance(error, UnrecordedError):
                    yield error.outcome
        if failed is not None:
            raise failed

    def _in_flight(self, scheduler: Scheduler, pool: ThreadPoolExecutor) -> Iterator[Future[Outcome | None]]:
        """Futures as they land; at most ``jobs`` in flight, none started once the run is stopped."""
        flying: dict[Future[Outcome | None], Step] = {}
        while True:
            while len(flying) < self.jobs and not self.control.stopped.is_set() and not self._checking(flying.values()):
                step = scheduler.next()
                if step is None:
                    break
                flying[pool.submit(self._perform, step)] = step
            if not flying:
                return
            # Not without end: on Windows a waiting main thread would not hear Ctrl-C.
            for future in wait(flying, _LISTEN_SECONDS, FIRST_COMPLETED).done:
                scheduler.landed(flying.pop(future))
                yield future

    def _checking(self, flying: Iterable[Step]) -> bool:
        """Is a row on its way whose answer may end the run?"""
        return self.stop_on_mismatch and any(
            self.operations[step.row.operation].has_control_total(step.row.values) for step in flying
        )

    def _perform(self, step: Step) -> Outcome | None:
        """Intent durable → one send → outcome durable. None if the run was stopped before the row had its turn."""
        send: Send | None = getattr(self._local, "send", None)
        if send is None:
            send = self._local.send = self.connect()
        turn = self.rate_limit.acquire()
        if turn is None:
            return None
        started = now()
        self.sent.add(step.row.seq)
        try:
            code = self.ledger.intend(self.run, step, started, self.who)
        except MustStop:
            self.sent.discard(step.row.seq)  # without the ledger's word that the intent stands, nothing has left
            raise
        begun = self.clock()
        classification, seen = self._send(step, send, turn)
        outcome = self._outcome(step, classification, code, started, self.clock() - begun)
        self._note(classification, outcome)
        try:
            self.ledger.conclude(self.run, outcome, seen)
        except MustStop as error:
            # The answer is known but not in the ledger: the intent stands, so the row is never sent again by itself.
            raise UnrecordedError(outcome, error) from error
        if self._checking([step]) and self._mismatch(step, classification.accepted):
            self.control.stop(f"{outcome.sheet}, row {outcome.row}: {outcome.message}")
        return outcome

    def _send(self, step: Step, send: Send, turn: float) -> tuple[Classification, dict[str, Any]]:
        """One send, and what was seen; only a 429, which proves that nothing was done, may be followed by another."""
        accepted = self.operations[step.row.operation].accepted
        attempt, next_turn = 0, turn
        while True:
            attempt += 1
            seen = send(step.call)
            if (words := deprecated(seen)) is not None:
                self.deprecated.setdefault(step.row.operation, words)
            classification = classify(seen, accepted)
            if (
                isinstance(seen, Reply)
                and classification.accepted is not None
                and not self._is_new(classification.accepted)
            ):
                classification = not_believed(seen, "it names a task that is not new")
            if classification.wait is not None:
                self.rate_limit.back_off(classification.wait, next_turn)
            elif not classification.transient:
                self.rate_limit.recover()
            again = classification.again and attempt < BUSY_ATTEMPTS
            if not again or (taken := self.rate_limit.acquire()) is None:
                told = {**evidence(seen), "sends": attempt}
                return self._believed(classification, send, told) if classification.doubtful else (classification, told)
            next_turn = taken

    def _believed(
        self, refusal: Classification, send: Send, told: dict[str, Any]
    ) -> tuple[Classification, dict[str, Any]]:
        """A refusal that something else may have given counts if EnergyCAP itself answers a question, asked once."""
        if self.rate_limit.acquire() is None:
            return unproved(refusal), told
        answer = send(_QUESTION)
        told = {**told, "me": evidence(answer)}
        return (refusal, told) if is_energycap(answer) else (unproved(refusal), told)

    def _is_new(self, accepted: Accepted) -> bool:
        """Can the new task be one, where the answer names any? Each can be only once, and for one row."""
        if accepted.new_task_guid is None:
            return True
        task = accepted.new_task_guid.lower()
        with self._lock:
            known = task in self._tasks
            self._tasks.add(task)
        return not known and not self.ledger.knows_task(self.run, task)

    def _note(self, classification: Classification, outcome: Outcome) -> None:
        """Stop on what will not get better by going on."""
        with self._lock:
            self._transients = self._transients + 1 if classification.transient else 0
            if classification.stop and (classification.cause or classification.code == "sent.not_energycap"):
                self.control.stop(f"{outcome.sheet}, row {outcome.row}: {outcome.message}")
            elif classification.stop:
                self.control.stop(f"EnergyCAP's answer stopped the run: “{classification.words}”")
            elif classification.again:
                self.control.stop("EnergyCAP is too busy.")
            elif self._transients >= self.most_troubles:
                rows = f"{self.most_troubles} rows in a row" if self.most_troubles > 1 else "A row"
                self.control.stop(f"{rows} had trouble with the server or the network.")

    def _mismatch(self, step: Step, accepted: Accepted | None) -> str:
        """The code of what the answer does not meet of what the row said of it."""
        return self.operations[step.row.operation].mismatch(step.row.values, accepted) if accepted else ""

    def _outcome(self, step: Step, classification: Classification, code: str, started: str, seconds: float) -> Outcome:
        operation = self.operations[step.row.operation]
        facts = {"http_status": classification.http_status, "started": started, "seconds": round(seconds, 3)}
        facts["name"], catalogue = step.name, Catalogue(())
        if (accepted := classification.accepted) is not None:
            message, tip = operation.done(step.row.values, accepted)
            found, before = self._mismatch(step, accepted), step.bills
            if not found and None not in (before, accepted.selected) and before != accepted.selected:
                changed = catalogue.problem("bills.changed", value=f"{before}", extra=f"{accepted.selected}")
                found, message, tip = changed.code, f"{message} {changed.message}", f"{changed.tip} {tip}".strip()
            return outcome_of(
                step.row,
                Status.DONE,
                new_task_guid=accepted.new_task_guid,
                selected=accepted.selected,
                updated=accepted.updated,
                send_again_code=code,
                code=found,
                message=message,
                tip=tip,
                **facts,
            )
        check = answers.to_check(operation.how_to_check(step.row.target), code)
        problem = catalogue.problem(classification.code, words=classification.words, check=check)
        if classification.cause:
            cause, sent = (
                catalogue.problem(classification.cause, words=classification.words),
                classification.status is not Status.NOT_SENT,
            )
            message = f"{cause.message} {answers.NOT_KNOWN if sent else answers.NOT_SENT}"
            problem = replace(problem, message=message, tip=problem.tip if sent else f"{cause.tip} {answers.RUN_AGAIN}")
        known, first = operation.refused(step.row.values) if classification.code in REFUSED else ("", "")
        return outcome_of(
            step.row,
            classification.status,
            send_again_code=code if classification.status is Status.UNKNOWN else "",
            code=classification.code,
            message=f"{problem.message} {known}".strip(),
            tip=f"{first} {problem.tip}".strip(),
            **facts,
        )


def reason_of(error: BaseException | None) -> str:
    """A failure in words; "" where there was none."""
    if error is None:
        return ""
    known = isinstance(error, BulkopsError)
    return str(error) if known else f"bulkops met an error of its own ({type(error).__name__})."


class UnrecordedError(MustStop):
    """The outcome of a row is known but could not be written to the ledger."""

    def __init__(self, outcome: Outcome, cause: MustStop) -> None:
        Exception.__init__(self, cause.code)
        self.code, self.sentence, self.tip = cause.code, cause.sentence, cause.tip
        self.outcome = outcome
