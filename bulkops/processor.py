"""Plan → Outcomes: intent, one send, outcome; each is yielded as it comes.

The only module that sends. A known failure is a value; a ledger that fails stops the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from bulkops.errors import BulkopsError, MustStop
from bulkops.ledger import Ledger, now
from bulkops.model import Call, Failure, Outcome, Plan, Reply, Status, Step, outcome_of
from bulkops.operations.base import Operation
from bulkops.operations.catalogue import Catalogue
from bulkops.verdict import Verdict, judge

TROUBLES_IN_A_ROW = 5
BUSY_ATTEMPTS = 6
_FIRST_WAIT = 1.0
_LISTEN_SECONDS = 0.5

Send = Callable[[Call], Reply | Failure]


@dataclass(slots=True)
class Control:
    """What ends a run early: the operator, or too much trouble. Shared by all workers."""

    stopped: threading.Event = field(default_factory=threading.Event)
    reason: str = ""

    def stop(self, reason: str) -> None:
        """Start no further row. The first reason given is kept."""
        if not self.stopped.is_set():
            self.reason = reason
        self.stopped.set()


@dataclass(slots=True)
class Processor:
    """Runs the steps of one plan. ``connect`` gives each worker a sender of its own."""

    run: str
    ledger: Ledger
    connect: Callable[[], Send]
    operations: Mapping[str, Operation]
    control: Control
    jobs: int = 1
    pause: Callable[[float], object] | None = None
    """Waits some seconds; by default it ends early when the run is stopped."""
    clock: Callable[[], float] = time.monotonic
    sent: set[int] = field(default_factory=set)
    """Rows (by seq) whose request may have left this computer."""
    held: set[int] = field(default_factory=set)
    """Rows (by seq) that repeat one which became unknown in this run: their Send again was typed before that doubt."""
    _doubts: set[tuple[str, str]] = field(default_factory=set)
    _troubles: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _local: threading.local = field(default_factory=threading.local)

    def outcomes(self, plan: Plan) -> Iterator[Outcome]:
        """Send the plan's steps; one outcome for each that was started. The others were not sent.

        Raises what ended the run (MustStop, or a defect of ours) after every row in flight was yielded.
        """
        failed: BaseException | None = None
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="bulkops") as pool:
            for group in plan.groups:
                for future in self._side_by_side(group, pool):
                    error = future.exception()
                    if error is None:
                        yield future.result()
                        continue
                    failed = failed or error
                    self.control.stop(_reason(error))
                    if isinstance(error, UnrecordedError):
                        yield error.outcome
        if failed is not None:
            raise failed

    def _side_by_side(self, group: tuple[Step, ...], pool: ThreadPoolExecutor) -> Iterator[Future[Outcome]]:
        """Futures as they land; at most ``jobs`` in flight, none started once the run is stopped."""
        waiting = iter(group)
        flying: set[Future[Outcome]] = set()
        while True:
            while len(flying) < self.jobs and not self.control.stopped.is_set():
                step = next(waiting, None)
                if step is None:
                    break
                if self._matter(step) in self._doubts:
                    self.held.add(step.row.seq)
                    continue
                flying.add(pool.submit(self._perform, step))
            if not flying:
                return
            # Not without end: on Windows a waiting main thread would not hear Ctrl-C.
            landed, flying = wait(flying, _LISTEN_SECONDS, FIRST_COMPLETED)
            yield from landed

    def _perform(self, step: Step) -> Outcome:
        """Intent durable → one send → outcome durable."""
        send: Send | None = getattr(self._local, "send", None)
        if send is None:
            send = self._local.send = self.connect()
        started = now()
        self.ledger.intend(self.run, step, started)
        begun = self.clock()
        self.sent.add(step.row.seq)
        verdict = self._send(step, send)
        outcome = self._outcome(step, verdict, started, self.clock() - begun)
        self._note(verdict)
        if outcome.status is Status.UNKNOWN:
            self._doubts.add(self._matter(step))
        try:
            self.ledger.conclude(self.run, outcome)
        except MustStop as error:
            # The answer is known but not recorded: the intent stands, so the row is never sent again by itself.
            raise UnrecordedError(outcome, error) from error
        return outcome

    def _send(self, step: Step, send: Send) -> Verdict:
        """One send; only a 429, which proves that nothing was done, may be followed by another, and only so often."""
        operation = self.operations[step.row.operation]
        delay = _FIRST_WAIT
        for attempt in range(1, BUSY_ATTEMPTS + 1):
            verdict = judge(send(step.call), operation.accepted)
            if verdict.wait is None or attempt == BUSY_ATTEMPTS:
                break
            (self.pause or self.control.stopped.wait)(max(verdict.wait, delay))
            delay *= 2
            if self.control.stopped.is_set():
                break
        return verdict

    def _matter(self, step: Step) -> tuple[str, str]:
        """What must not be done twice: the target, or for other operations the very request."""
        by_target = self.operations[step.row.operation].repeats_by_target
        return step.row.operation, step.row.target if by_target else step.call.fingerprint("")

    def _note(self, verdict: Verdict) -> None:
        """Stop on what will not get better by going on."""
        with self._lock:
            self._troubles = self._troubles + 1 if verdict.trouble else 0
            if verdict.stop:
                self.control.stop(f"EnergyCAP's answer stopped the run: {verdict.words}")
            elif verdict.wait is not None:
                self.control.stop("EnergyCAP is too busy.")
            elif self._troubles >= TROUBLES_IN_A_ROW:
                self.control.stop(f"{TROUBLES_IN_A_ROW} rows in a row had trouble with the server or the network.")

    def _outcome(self, step: Step, verdict: Verdict, started: str, seconds: float) -> Outcome:
        operation = self.operations[step.row.operation]
        facts = {"http_status": verdict.http_status, "started": started, "seconds": round(seconds, 3)}
        if verdict.accepted is not None:
            message, tip = operation.done(step.row.values, verdict.accepted)
            return outcome_of(
                step.row,
                Status.DONE,
                new_task_guid=verdict.accepted.new_task_guid,
                selected=verdict.accepted.selected,
                updated=verdict.accepted.updated,
                message=message,
                tip=tip,
                **facts,
            )
        check = operation.how_to_check(step.row.target)
        problem = Catalogue(()).problem(verdict.code, words=verdict.words, check=check)
        return outcome_of(
            step.row, verdict.status, code=verdict.code, message=problem.message, tip=problem.tip, **facts
        )


def _reason(error: BaseException) -> str:
    known = isinstance(error, BulkopsError)
    return str(error) if known else f"bulkops met an error of its own ({type(error).__name__})."


class UnrecordedError(MustStop):
    """The outcome of a row is known but could not be written to the ledger."""

    def __init__(self, outcome: Outcome, cause: MustStop) -> None:
        Exception.__init__(self, cause.code)
        self.code, self.sentence, self.tip = cause.code, cause.sentence, cause.tip
        self.outcome = outcome
