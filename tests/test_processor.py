"""The processor: intent, one send, outcome; it stops cleanly, and no row is lost or sent twice."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from steps import FLAG, HERE, KICKOUT, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops.client import Client
from bulkops.errors import MustStop
from bulkops.ledger import Ledger
from bulkops.model import Call, Failure, Outcome, Plan, Reply, Status
from bulkops.operations import all_operations
from bulkops.operations.kickout_reimport import KickoutReimport
from bulkops.practice.data import PRACTICE_KEY
from bulkops.practice.server import Fault, PracticeServer
from bulkops.processor import BUSY_ATTEMPTS, TROUBLES_IN_A_ROW, Control, Processor, Send
from bulkops.settings import Environment, Key

JOBS = pytest.mark.parametrize("jobs", [1, 4])


@dataclass
class Desk:
    """A run in the making: a practice server, a ledger, and what is seen of the run."""

    server: PracticeServer
    ledger: Ledger
    stack: ExitStack
    jobs: int = 1
    key: str = PRACTICE_KEY
    base_url: str = ""
    read_seconds: float = 10.0
    control: Control = field(default_factory=Control)
    pauses: list[float] = field(default_factory=list)
    seen: list[Outcome] = field(default_factory=list)
    raised: BaseException | None = None
    wrap: Any = None
    more: dict[str, Any] = field(default_factory=dict)
    processor: Processor | None = None

    def connect(self) -> Send:
        where = Environment("custom", self.base_url or self.server.base_url)
        client = Client(where, Key(self.key), read_seconds=self.read_seconds)
        self.stack.callback(client.close)
        return (lambda call: self.wrap(client.send, call)) if self.wrap else client.send

    def run(self, plan: Plan, name: str = "r") -> list[tuple[int, str, str]]:
        """Carry the plan out; what became of the rows that were started."""
        self.ledger.begin(run_named(name), plan, HERE)
        facts_of = {"pause": self.pauses.append, "operations": all_operations(), **self.more}
        self.processor = Processor(name, self.ledger, self.connect, control=self.control, jobs=self.jobs, **facts_of)
        try:
            for outcome in self.processor.outcomes(plan):
                self.seen.append(outcome)
        except Exception as error:
            self.raised = error
        return facts(self.seen)

    def applied(self) -> list[str]:
        return [each.target for each in self.server.state.applied]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with PracticeServer() as server, ExitStack() as stack:
        ledger = Ledger(tmp_path / "ledger.sqlite3")
        stack.callback(ledger.close)
        yield Desk(server, ledger, stack)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("bulkops")]


# One row


def test_a_good_row_is_done_with_its_facts(desk):
    """The new task's GUID or the counts, the status, when and how long: in the outcome and in the ledger."""
    plan = plan_of(kickout(0), flag_edit(1, 2001, flag_type_id=2))
    assert desk.run(plan) == [(0, "done", ""), (1, "done", "")]
    first, second = desk.seen
    assert first.new_task_guid == desk.server.state.applied[0].new_task
    assert (second.selected, second.updated, second.http_status) == (12, 12, 200)
    assert all(each.started and each.seconds is not None and each.seconds >= 0 for each in desk.seen)
    assert desk.ledger.outcomes("r") == desk.seen
    assert [request.body for request in desk.server.writes] == [step.call.encoded() for step in plan.steps]


def test_the_intent_is_on_disk_before_the_request_leaves(desk):
    """A second program reads it from the file at the moment of sending; the outcome comes after."""
    read: list[list[tuple[int, str]]] = []

    def look(send: Send, call: Call) -> Reply | Failure:
        with closing(sqlite3.connect(desk.ledger.path)) as other:
            read.append(other.execute("SELECT seq, state FROM lines ORDER BY seq").fetchall())
        return send(call)

    desk.wrap = look
    desk.run(plan_of(kickout(0), kickout(1, mode="new batch")))
    assert read == [[(0, "intent"), (1, "planned")], [(0, "done"), (1, "intent")]]


FAULTS = {
    "400": (Fault.status(400), "failed", "sent.refused", 0),
    "401": (Fault.status(401), "failed", "sent.no_right", 0),
    "403": (Fault.status(403), "failed", "sent.no_right", 0),
    "404": (Fault.status(404), "failed", "sent.not_found", 0),
    "407": (Fault.status(407), "failed", "sent.proxy", 0),
    "408 before": (Fault.status(408), "unknown", "sent.server_error", 0),
    "408 after": (Fault.status(408, applied=True), "unknown", "sent.server_error", 1),
    "409": (Fault.status(409), "failed", "sent.refused", 0),
    "418": (Fault.status(418), "unknown", "sent.odd_answer", 0),
    "500 before": (Fault.status(500), "unknown", "sent.server_error", 0),
    "500 after": (Fault.status(500, applied=True), "unknown", "sent.server_error", 1),
    "503": (Fault.refuse(503, headers={"Retry-After": "0"}), "unknown", "sent.server_error", 0),
    "504 after": (Fault.status(504, applied=True), "unknown", "sent.server_error", 1),
    "slow": (Fault.slow(60), "unknown", "sent.no_answer", 1),
    "slow before": (Fault.slow(60, applied=False), "unknown", "sent.no_answer", 0),
    "answer dropped": (Fault.drop_reply(), "unknown", "sent.no_answer", 1),
    "dropped before": (Fault.drop_before(), "unknown", "sent.no_answer", 0),
    "reset after": (Fault.reset(), "unknown", "sent.no_answer", 1),
    "reset before": (Fault.reset(applied=False), "unknown", "sent.no_answer", 0),
    "body cut": (Fault.truncated(), "unknown", "sent.no_answer", 1),
    "JSON cut": (Fault.truncated_json(), "unknown", "sent.odd_answer", 1),
    "sign-in page": (Fault.html(), "unknown", "sent.odd_answer", 0),
    "error page": (Fault.html("Oh", status=502, applied=True), "unknown", "sent.server_error", 1),
    "wrong shape": (Fault.wrong_shape(), "unknown", "sent.odd_answer", 1),
    "nothing": (Fault.empty(), "unknown", "sent.odd_answer", 1),
    "redirect": (Fault.redirect("https://other.example/"), "unknown", "sent.redirected", 0),
    "redirect after": (Fault.redirect("/elsewhere", status=303, applied=True), "unknown", "sent.redirected", 1),
}


@JOBS
@pytest.mark.parametrize("row", [kickout(0), flag_edit(0, 2002, flag_status=2)], ids=[KICKOUT, FLAG])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_leaves_one_request_at_most_one_application_and_the_documented_status(desk, fault, row, jobs):
    """And a second run of the same rows sends a refused row again, but never one that is in doubt."""
    scripted, status, code, applied = FAULTS[fault]
    desk.server.faults.add(scripted)
    desk.jobs = jobs
    desk.read_seconds = 0.1 if "slow" in fault else 10.0
    assert desk.run(plan_of(row)) == [(0, status, code)]
    assert (len(desk.server.writes), len(desk.applied())) == (1, applied)
    assert desk.ledger.outcomes("r") == desk.seen
    later = plan_of(row, history=desk.ledger.past(HERE))
    assert len(later.steps) == (status == "failed")


def test_a_server_that_is_not_there_leaves_the_row_not_sent(desk):
    """The row may be sent by the next run."""
    desk.server.stop()
    assert desk.run(plan_of(kickout(0))) == [(0, "not_sent", "sent.not_reached")]
    assert len(plan_of(kickout(0), history=desk.ledger.past(HERE)).steps) == 1


# 429


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (Fault.too_many(7), 7),
        (Fault.too_many(0), 1),
        (Fault.too_many(10_000), 600),
        (Fault.too_many("soon"), 1),
        (Fault.too_many(datetime(2001, 1, 1, 0, 0, 9, tzinfo=UTC), date=datetime(2001, 1, 1, tzinfo=UTC)), 9),
        (Fault.too_many(datetime.now(UTC) - timedelta(hours=1)), 1),
    ],
)
def test_a_row_waits_as_long_as_the_server_asks_and_is_sent_again(desk, fault, waited):
    """429 means that nothing was done; both forms of Retry-After, at least a second, at most ten minutes."""
    desk.server.faults.add(fault)
    assert desk.run(plan_of(kickout(0))) == [(0, "done", "")]
    assert desk.pauses == [waited]
    assert (len(desk.server.writes), desk.applied()) == (2, [task(1)])


def test_a_row_is_sent_again_only_so_often(desk):
    """A server that stays busy ends the run; the waits grow, and later rows are not sent."""
    desk.server.faults.add(Fault.too_many(0), times=None)
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "failed", "sent.busy")]
    assert desk.pauses == [1, 2, 4, 8, 16]
    assert (len(desk.server.writes), desk.applied()) == (BUSY_ATTEMPTS, [])
    assert desk.control.reason == "EnergyCAP is too busy."


def test_a_doubt_after_a_wait_is_a_doubt(desk):
    """Only a 429 may be followed by another send."""
    desk.server.faults.add(Fault.too_many(1))
    desk.server.faults.add(Fault.drop_reply())
    assert desk.run(plan_of(kickout(0))) == [(0, "unknown", "sent.no_answer")]
    assert len(desk.server.writes) == 2


def test_a_wait_ends_when_the_run_is_stopped(desk):
    """Nobody has to wait ten minutes for a stop; the row is not sent again."""

    class Impatient(threading.Event):
        waited: float | None = None

        def wait(self, timeout: float | None = None) -> bool:
            self.waited = timeout
            self.set()
            return True

    desk.control = Control(Impatient())
    desk.more = {"pause": None}
    desk.server.faults.add(Fault.too_many(600), times=None)
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "failed", "sent.busy")]
    assert (desk.control.stopped.waited, len(desk.server.writes)) == (600, 1)


# Side by side


def test_rows_of_a_group_run_side_by_side_and_no_more_than_asked(desk):
    """Four are on their way at once, never five."""
    meeting = threading.Barrier(4)
    lock, flying, most = threading.Lock(), 0, 0

    def meet(send: Send, call: Call) -> Reply | Failure:
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        meeting.wait(30)
        answer = send(call)
        with lock:
            flying -= 1
        return answer

    desk.jobs, desk.wrap = 4, meet
    plan = plan_of(*(kickout(n) for n in range(8)))
    assert seqs(plan) == [list(range(8))]
    assert desk.run(plan) == [(n, "done", "") for n in range(8)]
    assert most == 4
    assert sorted(desk.applied()) == [task(n) for n in range(1, 9)]


@pytest.mark.parametrize(
    ("jobs", "rows"),
    [(4, [kickout(n, mode="new batch") for n in range(5)]), (1, [kickout(n) for n in range(5)])],
    ids=["order matters", "one job"],
)
def test_rows_whose_order_matters_run_one_after_the_other(desk, jobs, rows):
    """The next row starts when the outcome of the one before is on disk."""
    before: list[list[str]] = []

    def look(send: Send, call: Call) -> Reply | Failure:
        before.append([each.status.value for each in desk.ledger.outcomes("r")])
        return send(call)

    desk.jobs, desk.wrap = jobs, look
    desk.run(plan_of(*rows))
    assert before == [["done"] * n + ["unknown"] + ["not_sent"] * (4 - n) for n in range(5)]
    assert desk.applied() == [row.target for row in rows]


# Stopping


@JOBS
def test_a_stop_lets_the_rows_in_flight_come_in_and_starts_no_other(desk, jobs):
    """Every row that was started has its outcome; the others were never sent."""
    desk.jobs = jobs
    plan = plan_of(*(kickout(n) for n in range(12)))
    desk.ledger.begin(run_named("r"), plan, HERE)
    processor = Processor("r", desk.ledger, desk.connect, all_operations(), desk.control, jobs)
    for outcome in processor.outcomes(plan):
        desk.seen.append(outcome)
        desk.control.stop("the operator")
    assert {each.status for each in desk.seen} == {Status.DONE}
    assert 1 <= len(desk.seen) <= jobs
    assert len(desk.seen) == len(desk.server.writes) == len(desk.applied()) == len(processor.sent)
    assert desk.ledger.counts("r") == {"done": len(desk.seen), "planned": 12 - len(desk.seen)}


def test_nothing_is_sent_by_a_run_that_was_stopped_before_it_began(desk):
    """A stop counts from the moment it is given."""
    desk.control.stop("the operator")
    assert desk.run(plan_of(kickout(0), flag_edit(1, 2001))) == []
    assert desk.server.requests == []


def test_the_first_reason_to_stop_is_kept(desk):
    """The operator reads what ended the run, not what came of it."""
    desk.control.stop("first")
    desk.control.stop("second")
    assert desk.control.reason == "first"


def test_a_reader_who_leaves_loses_no_outcome(desk):
    """Whoever stops listening half-way: what was sent is recorded."""
    desk.jobs = 4
    plan = plan_of(*(kickout(n) for n in range(8)))
    desk.ledger.begin(run_named("r"), plan, HERE)
    processor = Processor("r", desk.ledger, desk.connect, all_operations(), desk.control, 4)
    outcomes = processor.outcomes(plan)
    next(outcomes)
    outcomes.close()
    counts = desk.ledger.counts("r")
    assert counts["done"] == len(desk.applied()) == len(desk.server.writes)
    assert set(counts) <= {"done", "planned"}


@JOBS
@pytest.mark.parametrize("fault", [Fault.status(500), Fault.drop_before(), Fault.html()], ids=["500", "drop", "page"])
def test_five_troubles_in_a_row_stop_the_run(desk, fault, jobs):
    """A server that fails every row is not given the rest of them."""
    assert TROUBLES_IN_A_ROW == 5
    desk.server.faults.add(fault, times=None)
    desk.jobs = jobs
    started = desk.run(plan_of(*(kickout(n) for n in range(20))))
    assert TROUBLES_IN_A_ROW <= len(started) < TROUBLES_IN_A_ROW + jobs
    assert len(desk.server.writes) == len(started)
    assert f"{TROUBLES_IN_A_ROW} rows in a row" in desk.control.reason


def test_troubles_that_are_not_in_a_row_do_not_stop_the_run(desk):
    """A row that comes through shows that the server is there; so does a refusal."""
    for fault in (Fault.status(400), None):
        desk.server.faults.add(Fault.status(500), times=TROUBLES_IN_A_ROW - 1)
        desk.server.faults.add(fault or Fault.status(404))
    rows = [kickout(n) for n in range(2 * TROUBLES_IN_A_ROW)]
    assert len(desk.run(plan_of(*rows))) == len(rows)
    assert not desk.control.stopped.is_set()


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.status(401), "failed"),
        (Fault.status(403), "failed"),
        (Fault.status(407), "failed"),
        (Fault.redirect("https://other.example/"), "unknown"),
    ],
)
def test_what_will_not_get_better_stops_the_run_at_once(desk, fault, status):
    """A key, a right, a proxy, or an address that moved: the next row would fare no better."""
    desk.server.faults.add(fault, times=None)
    assert [each[1] for each in desk.run(plan_of(kickout(0), flag_edit(1, 2001)))] == [status]
    assert len(desk.server.writes) == 1
    assert desk.control.reason


def test_a_key_without_the_right_stops_the_run(desk):
    """401 with EnergyCAP's own words."""
    desk.key = "practice-key-readonly"
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "failed", "sent.no_right")]
    assert "Robin Reader" in desk.seen[0].message
    assert desk.applied() == []


def test_a_server_that_is_not_trusted_stops_the_run(desk):
    """An unknown certificate stays unknown for the next row."""
    desk.wrap = lambda send, call: Failure(("SSLError", "SSLCertVerificationError"), "self-signed certificate", True)
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "not_sent", "sent.not_trusted")]


# The ledger fails


def read_only(desk: Desk, on: bool = True) -> None:
    with desk.ledger._lock, desk.ledger._engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def test_an_intent_that_cannot_be_written_is_not_followed_by_a_send(desk):
    """No record, no request: the run stops, and every row is still unsent."""
    plan = plan_of(kickout(0), kickout(1))
    desk.ledger.begin(run_named("r"), plan, HERE)
    read_only(desk)
    processor = Processor("r", desk.ledger, desk.connect, all_operations(), desk.control)
    with pytest.raises(MustStop) as error:
        list(processor.outcomes(plan))
    assert error.value.code == "ledger.unusable"
    assert (desk.server.requests, processor.sent) == ([], set())


@JOBS
def test_an_outcome_that_cannot_be_written_is_told_all_the_same(desk, jobs):
    """The rows in flight come in with what is known of them; then the run stops. The ledger calls them unknown."""
    meeting = threading.Barrier(jobs)

    def fill(send: Send, call: Call) -> Reply | Failure:
        meeting.wait(30)
        answer = send(call)
        read_only(desk)
        return answer

    desk.jobs, desk.wrap = jobs, fill
    rows = [kickout(n) for n in range(8)]
    assert desk.run(plan_of(*rows)) == [(n, "done", "") for n in range(jobs)]
    assert isinstance(desk.raised, MustStop)
    assert "ledger" in str(desk.control.reason)
    assert (len(desk.server.writes), len(desk.applied())) == (jobs, jobs)
    read_only(desk, False)
    assert desk.ledger.settle_interrupted(lambda *_: ("", "")) == jobs
    later = plan_of(*rows, history=desk.ledger.past(HERE))
    assert {each.status for each in later.decided} == {Status.UNKNOWN}
    assert len(later.steps) == len(rows) - jobs


# A defect of ours


class Defect(KickoutReimport):
    """An operation that falls over its answer."""

    def accepted(self, reply: Reply) -> Any:
        raise ZeroDivisionError("a defect")


class LaterDefect(KickoutReimport):
    """An operation that falls over its own words."""

    def done(self, *_: object) -> Any:
        raise KeyError("a defect")


@pytest.mark.parametrize("operation", [Defect(), LaterDefect()])
def test_a_defect_stops_the_run_and_the_row_counts_as_sent(desk, operation):
    """Later rows stay unsent; the row itself may have been carried out and is never sent again by itself."""
    desk.more = {"operations": {**all_operations(), KICKOUT: operation}}
    rows = [kickout(0), kickout(1), kickout(2, mode="new batch")]
    assert desk.run(plan_of(*rows)) == []
    assert isinstance(desk.raised, ZeroDivisionError | KeyError)
    assert desk.processor.sent == {0}
    assert len(desk.server.writes) == 1
    assert desk.control.reason == f"bulkops met an error of its own ({type(desk.raised).__name__})."
    assert desk.ledger.counts("r") == {"intent": 1, "planned": 2}
    desk.ledger.settle_interrupted(lambda *_: ("", ""))
    assert seqs(plan_of(*rows, history=desk.ledger.past(HERE))) == [[1], [2]]


def test_a_defect_lets_the_other_rows_in_flight_come_in(desk):
    """One row's defect does not lose another row's outcome."""
    meeting = threading.Barrier(4)

    def one_fails(send: Send, call: Call) -> Reply | Failure:
        meeting.wait(30)
        if task(2) in call.path:
            raise ZeroDivisionError
        return send(call)

    desk.jobs, desk.wrap = 4, one_fails
    assert desk.run(plan_of(*(kickout(n) for n in range(8)))) == [(0, "done", ""), (2, "done", ""), (3, "done", "")]
    assert isinstance(desk.raised, ZeroDivisionError)
    assert desk.processor.sent == {0, 1, 2, 3}


def test_a_sender_that_cannot_be_made_leaves_every_row_unsent(desk):
    """What fails before the intent is not a doubt."""

    def broken() -> Send:
        raise RuntimeError("no connection")

    plan = plan_of(kickout(0))
    desk.ledger.begin(run_named("r"), plan, HERE)
    processor = Processor("r", desk.ledger, broken, all_operations(), desk.control)
    with pytest.raises(RuntimeError):
        list(processor.outcomes(plan))
    assert (processor.sent, desk.ledger.counts("r")) == (set(), {"planned": 1})


# A whole run, again


@JOBS
def test_a_workbook_that_is_run_until_nothing_is_left_applies_every_row_once(desk, jobs):
    """What was surely not done is sent by the next run, what is in doubt by none; a person's yes releases it."""
    rows = [kickout(n) for n in range(10)]
    faults = {3: Fault.status(400), 4: Fault.drop_reply(), 5: Fault.status(404), 6: Fault.truncated(), 7: Fault.reset()}
    for number, fault in faults.items():
        desk.server.faults.add(fault, path_contains=task(number))
    desk.jobs = jobs
    for run in range(3):
        desk.run(plan_of(*rows, history=desk.ledger.past(HERE)), f"r{run}")
    later = plan_of(*rows, history=desk.ledger.past(HERE))
    assert later.steps == []
    doubted = {each.seq for each in later.decided if each.status is Status.UNKNOWN}
    assert doubted == {3, 5, 6}
    assert {each.status for each in later.decided if each.seq not in doubted} == {Status.ALREADY_DONE}
    assert sorted(desk.applied()) == [task(n) for n in range(1, 11)]
    released = [replace(row, values={**row.values, "send_again": True}) for row in rows if row.seq in doubted]
    assert [step.row.seq for step in plan_of(*released, history=desk.ledger.past(HERE)).steps] == sorted(doubted)
