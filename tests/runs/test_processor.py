"""The processor: intent, one send, outcome; it stops cleanly, and no row is lost or sent twice."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from passes import covering
from steps import FLAG, HERE, KICKOUT, again, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops.energycap.client import Client
from bulkops.energycap.key import Key
from bulkops.energycap.rate_limit import RateLimit
from bulkops.ledger import Ledger
from bulkops.messages.errors import MustStop
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.operations import all_operations
from bulkops.operations.kickout_reimport import KickoutReimport
from bulkops.practice.seed_data import PRACTICE_KEY
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs.control import Control
from bulkops.runs.processor import BUSY_ATTEMPTS, TROUBLES_IN_A_ROW, Processor, Send

AT = "2026-11-21T10:00:01Z"
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
    """Waits that were asked for; time passes with them, and with nothing else."""
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
        self.processor = self.processor_of(name)
        try:
            for outcome in self.processor.outcomes(plan):
                self.seen.append(outcome)
        except Exception as error:
            self.raised = error
        return facts(self.seen)

    def processor_of(self, name: str = "r") -> Processor:
        stopped = self.control.stopped.is_set
        given = {"connect": self.connect, "operations": all_operations(), "control": self.control, "jobs": self.jobs}
        given["rate_limit"] = RateLimit(self.pauses.append, stopped, clock=lambda: 1000 + sum(self.pauses))
        return Processor(name, self.ledger, **{**given, **self.more})

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

    def look(send: Send, call: Call) -> Reply | NoResponse:
        with closing(sqlite3.connect(desk.ledger.path)) as other:
            read.append(other.execute("SELECT seq, state FROM attempts ORDER BY id").fetchall())
        return send(call)

    desk.wrap = look
    desk.run(plan_of(kickout(0), kickout(1, mode="new batch")))
    assert read == [[(0, "intent")], [(0, "done"), (1, "intent")]]


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
    "503": (Fault.answer(503, headers={"Retry-After": "0"}), "unknown", "sent.server_error", 0),
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
    "wrong shape": (Fault.answer(200, json={"ok": True}, applied=True), "unknown", "sent.odd_answer", 1),
    "nothing": (Fault.answer(200, applied=True), "unknown", "sent.odd_answer", 1),
    "redirect": (Fault.redirect("https://other.example/"), "unknown", "sent.redirected", 0),
    "redirect after": (Fault.redirect("/elsewhere", status=303, applied=True), "unknown", "sent.redirected", 1),
}


@pytest.mark.parametrize("row", [kickout(0), flag_edit(0, 2002, flag_status=2)], ids=[KICKOUT, FLAG])
@pytest.mark.parametrize(("fault", "jobs"), covering(FAULTS, (1, 4)))
def test_every_fault_leaves_one_request_at_most_one_application_and_the_documented_status(desk, fault, row, jobs):
    """And a second run of the same rows sends a refused row again, but never one that is in doubt."""
    scripted, status, code, applied = FAULTS[fault]
    desk.server.faults.add(scripted)
    desk.jobs = jobs
    desk.read_seconds = 0.1 if "slow" in fault else 10.0
    assert desk.run(plan_of(row)) == [(0, status, code)]
    while "slow" in fault and len(desk.applied()) < applied:
        time.sleep(0.01)  # the server may be slower to apply than the client was to give up
    assert (len(desk.server.writes), len(desk.applied())) == (1, applied)
    assert desk.ledger.outcomes("r") == desk.seen
    later = plan_of(row, history=desk.ledger)
    assert len(later.steps) == (status == "failed")


def test_a_server_that_is_not_there_leaves_the_row_not_sent(desk):
    """The row may be sent by the next run."""
    desk.server.stop()
    assert desk.run(plan_of(kickout(0))) == [(0, "not_sent", "sent.not_reached")]
    assert len(plan_of(kickout(0), history=desk.ledger).steps) == 1


# Answers that cannot be

NEW = "B41FC94D-FCDB-4625-B696-8ACBA7231A80"


def names(guid: str) -> Fault:
    """The documented answer to a reimport that was carried out, with this GUID."""
    return Fault.answer(200, json={"taskGUId": guid}, applied=True)


@JOBS
def test_a_new_task_belongs_to_one_row_however_many_are_answered_with_it(desk, jobs):
    """Also side by side, and in capitals or not: one of them may be done, of the others nobody knows."""
    for guid in (NEW, NEW.lower(), NEW, NEW.lower()):
        desk.server.faults.add(names(guid))
    desk.jobs = jobs
    assert sorted(told[1:] for told in desk.run(plan_of(*(kickout(number) for number in range(4))))) == [
        ("done", ""),
        *[("unknown", "sent.odd_answer")] * 3,
    ]
    assert all(NEW in each.message.upper() for each in desk.seen if each.status is Status.UNKNOWN)
    assert all(each.new_task_guid is None for each in desk.seen if each.status is Status.UNKNOWN)


@pytest.mark.parametrize("guid", [task(1), task(1).upper(), task(2), task(2).upper()])
def test_a_task_that_is_reimported_is_no_new_one(desk, guid):
    """The row's own, or another row's that is still to come: it was there before the answer."""
    desk.server.faults.add(names(guid))
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "unknown", "sent.odd_answer"), (1, "done", "")]
    assert guid in desk.seen[0].message
    assert len(plan_of(kickout(0), history=desk.ledger).steps) == 0


@pytest.mark.parametrize("guid", [NEW, NEW.lower(), task(1)])
def test_a_task_of_an_earlier_run_is_no_new_one(desk, guid):
    """Neither one that was new then nor one that was reimported then."""
    desk.server.faults.add(names(NEW.lower()))
    assert desk.run(plan_of(kickout(0))) == [(0, "done", "")]
    desk.seen.clear()
    desk.server.faults.add(names(guid))
    again = plan_of(kickout(0, 2), kickout(1, 3))
    assert desk.run(again, "later") == [(0, "unknown", "sent.odd_answer"), (1, "done", "")]


@pytest.mark.parametrize("fault", [Fault.drop_reply(), Fault.status(400)], ids=["in doubt", "refused"])
def test_a_task_that_an_earlier_run_tried_to_reimport_is_no_new_one(desk, fault):
    """Whatever became of it there: the task was there before."""
    desk.server.faults.add(fault)
    desk.run(plan_of(kickout(0)))
    desk.seen.clear()
    desk.server.faults.add(names(task(1).upper()))
    assert desk.run(plan_of(kickout(0, 2)), "later") == [(0, "unknown", "sent.odd_answer")]


def test_a_task_of_a_row_that_is_not_to_be_sent_is_no_new_one(desk):
    """It needs fixing, or was done before: the workbook names it all the same."""
    plan = plan_of(kickout(0), kickout(1))
    left_out = outcome_of(plan.steps[1].row, Status.INVALID, code="x", message="x")
    plan = replace(plan_of(kickout(0)), decided=(left_out,))
    desk.server.faults.add(names(task(2)))
    assert desk.run(plan) == [(0, "unknown", "sent.odd_answer")]


def test_a_task_of_another_environment_may_bear_any_guid(desk):
    """A copy of a customer's data holds the same tasks."""
    desk.ledger.begin(run_named("there"), plan := plan_of(kickout(0)), "https://other.example")
    (step,) = plan.steps
    desk.ledger.intend("there", step, AT)
    done = outcome_of(step.row, Status.DONE, new_task_guid=NEW.lower(), started=AT)
    desk.ledger.conclude("there", done)
    desk.server.faults.add(names(NEW))
    assert desk.run(plan_of(kickout(0, 2))) == [(0, "done", "")]


@pytest.mark.parametrize("counts", [(3, 4), (0, 1), (-1, -1), (5, -1), (2**31, 1)])
def test_counts_that_cannot_be_are_in_doubt_and_shown(desk, counts):
    """More updated than selected, below zero, beyond any list."""
    selected, updated = counts
    desk.server.faults.add(Fault.answer(200, json={"selected": selected, "updated": updated}, applied=True))
    assert desk.run(plan_of(flag_edit(0, 2001))) == [(0, "unknown", "sent.odd_answer")]
    assert f'"selected": {selected}, "updated": {updated}' in desk.seen[0].message


def test_an_empty_list_is_done_and_to_be_looked_at(desk):
    """Nothing was edited, so the row has a code; it ends no run, for no control total is missed."""
    desk.more["stop_on_mismatch"] = True
    rows = [flag_edit(0, 2005), flag_edit(1, 2005, comment="x", expected_bills=0), flag_edit(2, 2001, flag_type_id=2)]
    assert desk.run(plan_of(*rows)) == [(0, "done", "sent.empty_list"), (1, "done", ""), (2, "done", "")]
    assert not desk.control.stopped.is_set()


# Refusals that something else may have given


PAGE = "<html><head><title>404 Not Found</title></head></html>"


def gateway(status: int = 404, body: str = PAGE) -> Fault:
    return Fault.answer(status, body, headers={"Server": "awselb/2.0", "Content-Type": "text/html"})


def questions(desk: Desk) -> list[str]:
    return [each.path for each in desk.server.requests if each.method == "GET"]


@JOBS
@pytest.mark.parametrize("status", [400, 404, 405])
@pytest.mark.parametrize("body", [PAGE, "<?xml version='1.0'?><Error/>", "no such page"])
def test_a_page_for_a_refusal_counts_while_energycap_itself_answers(desk, status, body, jobs):
    """EnergyCAP is asked once, after each such row; the other rows go on."""
    desk.server.faults.add(gateway(status, body), times=2)
    desk.jobs = jobs
    desk.run(plan_of(*(kickout(number) for number in range(4))))
    assert sorted(each.status.value for each in desk.seen) == ["done", "done", "failed", "failed"]
    assert questions(desk) == ["/api/v3/me"] * 2
    assert not desk.control.stopped.is_set()


@JOBS
@pytest.mark.parametrize(
    "then",
    [gateway(), gateway(200), Fault.status(404), Fault.status(401), Fault.too_many(0), Fault.drop_reply()],
    ids=["page", "page with 200", "404", "401", "429", "closed"],
)
def test_a_gateway_in_energycaps_place_ends_the_run_and_fails_no_row(desk, then, jobs):
    """What became of the row is unknown, for a gateway may have passed it on; the rows not sent are left to resume."""
    desk.server.faults.add(gateway(), times=None)
    desk.server.faults.add(then, times=None, method="GET")
    desk.jobs = jobs
    seen = desk.run(plan_of(*(kickout(number) for number in range(9))))
    assert 1 <= len(seen) <= jobs
    assert {told[1:] for told in seen} == {("unknown", "sent.not_energycap")}
    assert len(questions(desk)) <= len(seen)
    assert "404 Not Found" in desk.control.reason
    assert len(desk.ledger.resumable("r")) == 9 - len(seen)
    assert all("Do not send it again yet" in each.tip for each in desk.seen)
    kept = evidence_of(desk)
    assert {each["status"] for each in kept} == {404}
    assert sum("me" in each for each in kept) == len(questions(desk)) >= 1


@pytest.mark.parametrize(
    ("then", "became"), [(None, ("failed", "sent.no_right")), (gateway(403), ("unknown", "sent.not_energycap"))]
)
def test_a_firewalls_refusal_is_held_against_energycaps_own_word(desk, then, became):
    """Some look at answers, too: what they keep back was carried out. The run ends either way."""
    desk.server.faults.add(Fault.html("403 Forbidden", status=403, applied=True))
    if then:
        desk.server.faults.add(then, times=None, method="GET")
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, *became)]
    assert (desk.control.stopped.is_set(), questions(desk)) == (True, ["/api/v3/me"])
    assert [row.seq for row in desk.ledger.resumable("r")] == ([0, 1] if became[0] == "failed" else [1])


def evidence_of(desk: Desk) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(desk.ledger.path)) as other:
        return [json.loads(each) for (each,) in other.execute("SELECT evidence FROM attempts ORDER BY id")]


def test_nobody_is_asked_once_the_run_is_stopped(desk):
    """Then the row stays in doubt: no question keeps a run from its end."""

    def stop(send: Send, call: Call) -> Reply | NoResponse:
        answer = send(call)
        desk.control.stop("Enough.")
        return answer

    desk.wrap = stop
    desk.server.faults.add(gateway())
    assert desk.run(plan_of(kickout(0))) == [(0, "unknown", "sent.not_energycap")]
    assert (questions(desk), desk.control.reason) == ([], "Enough.")


def test_the_question_keeps_the_pace(desk):
    """It takes a turn as a row does."""
    stopped = desk.control.stopped.is_set
    desk.more["rate_limit"] = RateLimit(desk.pauses.append, stopped, 60, clock=lambda: 1000 + sum(desk.pauses))
    desk.server.faults.add(gateway())
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "failed", "sent.not_found"), (1, "done", "")]
    assert desk.pauses == [1, 1]


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
    desk.more = {"rate_limit": RateLimit(desk.control.stopped.wait, desk.control.stopped.is_set)}
    desk.server.faults.add(Fault.too_many(600), times=None)
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "failed", "sent.busy")]
    assert desk.control.stopped.waited == pytest.approx(600, abs=5)
    assert len(desk.server.writes) == 1


# Side by side


def test_rows_of_a_group_run_side_by_side_and_no_more_than_asked(desk):
    """Four are on their way at once, never five."""
    meeting = threading.Barrier(4)
    lock, flying, most = threading.Lock(), 0, 0

    def meet(send: Send, call: Call) -> Reply | NoResponse:
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

    def look(send: Send, call: Call) -> Reply | NoResponse:
        before.append([each.status.value for each in desk.ledger.outcomes("r")])
        return send(call)

    desk.jobs, desk.wrap = jobs, look
    desk.run(plan_of(*rows))
    assert before == [["done"] * n + ["unknown"] + ["not_sent"] * (4 - n) for n in range(5)]
    assert desk.applied() == [row.target for row in rows]


def test_lanes_run_side_by_side_and_each_in_order(desk):
    """Independent rows do not wait for each other; rows of one list, batch or task do."""
    lock, flying, seen_with = threading.Lock(), set(), {}
    meeting = threading.Barrier(2)

    def watch(send: Send, call: Call) -> Reply | NoResponse:
        with lock:
            flying.add(call.path)
            seen_with[call.body["comment"]] = set(flying)
        meeting.wait(30)
        answer = send(call)
        with lock:
            flying.remove(call.path)
        return answer

    edits = [(2001, "a"), (2002, "b"), (2001, "c"), (2002, "d"), (2001, "e"), (2002, "f")]
    rows = [flag_edit(seq, list_id, comment=comment, flag_type_id=2) for seq, (list_id, comment) in enumerate(edits)]
    plan = plan_of(*rows, independent=True)
    assert [[[step.row.seq for step in group] for group in lane] for lane in plan.lanes] == [
        [[0], [2], [4]],
        [[1], [3], [5]],
    ]
    desk.jobs, desk.wrap = 4, watch
    assert desk.run(plan) == [(seq, "done", "") for seq in range(6)]
    order = [request.body for request in desk.server.writes]
    for lane in plan.lanes:
        bodies = [step.call.encoded() for group in lane for step in group]
        assert [body for body in order if body in bodies] == bodies
    assert max(len(paths) for paths in seen_with.values()) == 2


def test_all_workers_wait_when_one_is_asked_to(desk):
    """A 503 with Retry-After leaves its row in doubt, is not sent again, and holds the next row back."""
    desk.server.faults.add(Fault.answer(503, headers={"Retry-After": "7"}))
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "unknown", "sent.server_error"), (1, "done", "")]
    assert desk.pauses == [7]
    assert len(desk.server.writes) == 2


def test_rows_keep_to_the_operators_limit(desk):
    """At most so many rows a minute, by the clock that the pauses move."""
    desk.more = {
        "rate_limit": RateLimit(desk.pauses.append, desk.control.stopped.is_set, 30, lambda: 1000 + sum(desk.pauses))
    }
    assert len(desk.run(plan_of(*(kickout(n) for n in range(4))))) == 4
    assert desk.pauses == [2, 2, 2]


def test_a_row_whose_turn_did_not_come_before_the_stop_was_never_intended(desk):
    """It waits before its intent, not after: a stop leaves it not sent."""

    def stop(_: float) -> None:
        desk.control.stop("the operator")

    desk.more = {"rate_limit": RateLimit(stop, desk.control.stopped.is_set, 1, lambda: 1000.0)}
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "done", "")]
    assert desk.ledger.counts("r") == {"done": 1, "not_sent": 1}
    assert desk.processor.sent == {0}


def test_what_was_seen_is_kept_with_the_attempt(desk):
    """Status, telling headers, the answer's beginning, the exceptions, and how often the row was sent."""
    desk.server.faults.add(Fault.too_many(1))
    desk.server.faults.add(Fault.answer(418, json={"message": "x" * 5000}, headers={"X-Request-Id": "r-7", "X-Y": "z"}))
    desk.server.faults.add(Fault.drop_reply())
    desk.run(plan_of(kickout(0), kickout(1)))
    with closing(sqlite3.connect(desk.ledger.path)) as other:
        rows = other.execute("SELECT evidence FROM attempts ORDER BY id").fetchall()
    answer, dropped = (json.loads(evidence) for (evidence,) in rows)
    assert (answer["status"], answer["sends"], answer["headers"]["x-request-id"]) == (418, 2, "r-7")
    assert (len(answer["answer"]), "x-y" in answer["headers"]) == (2000, False)
    assert dropped["exceptions"][0] == "MayHaveLeftError"
    assert dropped["sends"] == 1


# Stopping


@JOBS
def test_a_stop_lets_the_rows_in_flight_come_in_and_starts_no_other(desk, jobs):
    """Every row that was started has its outcome; the others were never sent."""
    desk.jobs = jobs
    plan = plan_of(*(kickout(n) for n in range(12)))
    desk.ledger.begin(run_named("r"), plan, HERE)
    processor = desk.processor_of()
    for outcome in processor.outcomes(plan):
        desk.seen.append(outcome)
        desk.control.stop("the operator")
    assert {each.status for each in desk.seen} == {Status.DONE}
    assert 1 <= len(desk.seen) <= jobs
    assert len(desk.seen) == len(desk.server.writes) == len(desk.applied()) == len(processor.sent)
    assert desk.ledger.counts("r") == {"done": len(desk.seen), "not_sent": 12 - len(desk.seen)}


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
    processor = desk.processor_of()
    outcomes = processor.outcomes(plan)
    next(outcomes)
    outcomes.close()
    counts = desk.ledger.counts("r")
    assert counts["done"] == len(desk.applied()) == len(desk.server.writes)
    assert set(counts) <= {"done", "not_sent"}


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


def test_how_many_troubles_stop_the_run_can_be_chosen(desk):
    """A patient operator gives the server more of them, an impatient one fewer."""
    desk.server.faults.add(Fault.status(500), times=None)
    desk.more = {"most_troubles": 2}
    assert len(desk.run(plan_of(*(kickout(n) for n in range(9))))) == 2


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
    desk.wrap = lambda send, call: NoResponse(("SSLError", "SSLCertVerificationError"), "self-signed certificate", True)
    assert desk.run(plan_of(kickout(0), kickout(1))) == [(0, "not_sent", "sent.not_trusted")]


# The ledger fails


def read_only(desk: Desk, on: bool = True) -> None:
    with desk.ledger._store.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def test_an_intent_that_cannot_be_written_is_not_followed_by_a_send(desk):
    """No record, no request: the run stops, and every row is still unsent."""
    plan = plan_of(kickout(0), kickout(1))
    desk.ledger.begin(run_named("r"), plan, HERE)
    read_only(desk)
    processor = desk.processor_of()
    with pytest.raises(MustStop) as error:
        list(processor.outcomes(plan))
    assert error.value.code == "ledger.unusable"
    assert (desk.server.requests, processor.sent) == ([], set())


@JOBS
def test_an_outcome_that_cannot_be_written_is_told_all_the_same(desk, jobs):
    """The rows in flight come in with what is known of them; then the run stops. The reserve has their outcomes."""
    meeting = threading.Barrier(jobs)

    def fill(send: Send, call: Call) -> Reply | NoResponse:
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
    assert desk.ledger.counts("r") == {"done": jobs, "not_sent": 8 - jobs}
    assert desk.ledger.conclude_interrupted(lambda *_: ("", "")) == 0
    later = plan_of(*rows, history=desk.ledger)
    assert {each.new_task_guid for each in later.decided} == {each.new_task_guid for each in desk.seen}
    assert {each.status for each in later.decided} == {Status.ALREADY_DONE}
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
    assert desk.ledger.counts("r") == {"unknown": 1, "not_sent": 2}
    desk.ledger.conclude_interrupted(lambda *_: ("", ""))
    assert seqs(plan_of(*rows, history=desk.ledger)) == [[1], [2]]


def test_a_defect_lets_the_other_rows_in_flight_come_in(desk):
    """One row's defect does not lose another row's outcome."""
    meeting = threading.Barrier(4)

    def one_fails(send: Send, call: Call) -> Reply | NoResponse:
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
    desk.more = {"connect": broken}
    processor = desk.processor_of()
    with pytest.raises(RuntimeError):
        list(processor.outcomes(plan))
    assert (processor.sent, desk.ledger.counts("r")) == (set(), {"not_sent": 1})


# A whole run, again


@JOBS
def test_a_workbook_that_is_run_until_nothing_is_left_applies_every_row_once(desk, jobs):
    """What was surely not done is sent by the next run, what is in doubt by none; its code releases it."""
    rows = [kickout(n) for n in range(10)]
    faults = {3: Fault.status(400), 4: Fault.drop_reply(), 5: Fault.status(404), 6: Fault.truncated(), 7: Fault.reset()}
    for number, fault in faults.items():
        desk.server.faults.add(fault, path_contains=task(number))
    desk.jobs = jobs
    for run in range(3):
        desk.run(plan_of(*rows, history=desk.ledger), f"r{run}")
    later = plan_of(*rows, history=desk.ledger)
    assert later.steps == []
    doubted = {each.seq: each.send_again_code for each in later.decided if each.status is Status.UNKNOWN}
    assert doubted.keys() == {3, 5, 6}
    assert {each.status for each in later.decided if each.seq not in doubted} == {Status.ALREADY_DONE}
    assert sorted(desk.applied()) == [task(n) for n in range(1, 11)]
    released = [again(row, doubted[row.seq]) for row in rows if row.seq in doubted]
    assert [step.row.seq for step in plan_of(*released, history=desk.ledger).steps] == sorted(doubted)
