"""The ledger: an intent is durable before a send, an outcome after it, and nothing in it is forgotten."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from misbehaving import Misbehaving, Talk
from steps import HERE, again, facts, flag_edit, kickout, plan_of, run_named, seqs

from bulkops.ledger import Ledger, new_run_id, now
from bulkops.ledger.codes import is_code, new_code
from bulkops.ledger.schema import INTENT, PLANNED
from bulkops.messages.errors import MustStop
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status, outcome_of
from ledger.support import (
    AT,
    careless,
    code_of,
    done,
    mark,
    plan_elsewhere,
    released,
    send,
    states,
    words,
)


def test_a_run_is_recorded_with_a_line_for_every_row_before_anything_is_sent(ledger, path):
    """Whatever happens next, every row of the workbook can be told from the ledger alone."""
    plan = plan_of(kickout(0), replace(kickout(1), hidden=True), flag_edit(2, 2001))
    ledger.begin(run_named("r"), plan, HERE)
    assert sorted(states(path)) == ["not_sent", PLANNED, PLANNED]
    assert [(run.ended, run.results, run.totals) for run in ledger.runs()] == [(None, None, None)]
    assert facts(ledger.outcomes("r")) == [(0, "not_sent", ""), (1, "not_sent", "row.hidden"), (2, "not_sent", "")]
    with closing(sqlite3.connect(path)) as connection:
        facts_of = connection.execute("SELECT method, path, body, outcome FROM lines WHERE seq = 2").fetchone()
    call = plan.steps[1].call
    assert facts_of == (call.method, call.path, call.encoded().decode(), None)


def test_an_intent_is_durable_when_intend_returns(ledger, path):
    """Another program reads it from the file at once."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[1], AT)
    assert states(path) == [PLANNED, INTENT]
    ledger.conclude("r", done(plan.steps[1]))
    assert states(path) == [PLANNED, "done"]


def test_a_row_is_intended_once(ledger):
    """Neither while it is on its way nor after its outcome, whatever that was."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    with pytest.raises(MustStop, match="second time"):
        ledger.intend("r", plan.steps[0], AT)
    for number, status in enumerate((Status.DONE, Status.FAILED, Status.UNKNOWN, Status.NOT_SENT)):
        plan = plan_of(kickout(0, 10 + number))
        ledger.begin(run_named(f"r{number}"), plan, HERE)
        send(ledger, f"r{number}", plan.steps[0], status)
        with pytest.raises(MustStop):
            ledger.intend(f"r{number}", plan.steps[0], AT)


@pytest.mark.parametrize("status", [Status.DONE, Status.UNKNOWN, None], ids=["done", "unknown", "on its way"])
@pytest.mark.parametrize(
    ("first", "second", "held"),
    [
        (kickout(0), kickout(0), True),
        (kickout(0), kickout(0, mode="new batch"), True),
        (kickout(0), kickout(0, 2), False),
        (flag_edit(0, 2001), flag_edit(0, 2001), True),
        (flag_edit(0, 2001), flag_edit(0, 2001, comment="Other"), False),
    ],
)
def test_what_may_have_been_done_is_not_intended_again_whatever_the_plan_says(ledger, first, second, held, status):
    """A plan made without looking into the ledger cannot make it send a second time; only a release can."""
    plan, careless = plan_of(first), plan_of(second)
    ledger.begin(run_named("a"), plan, HERE)
    ledger.begin(run_named("b"), careless, HERE)
    ledger.intend("a", plan.steps[0], AT)
    if status:
        ledger.conclude("a", replace(done(plan.steps[0]), status=status))
    if not held:
        ledger.intend("b", careless.steps[0], AT)
        return
    with pytest.raises(MustStop):
        ledger.intend("b", careless.steps[0], AT)
    code = code_of(ledger, "a")
    for number, wrong in enumerate(("none", "row", code.lower(), new_code())):
        careless = released(second, wrong)
        ledger.begin(run_named(f"wrong {number}"), careless, HERE)
        with pytest.raises(MustStop, match="second time"):
            ledger.intend(f"wrong {number}", careless.steps[0], AT)
    right = released(second, code)
    ledger.begin(run_named("c"), right, HERE)
    if status is None and plan.steps[0].fingerprint == right.steps[0].fingerprint:
        with pytest.raises(MustStop, match="on its way"):
            ledger.intend("c", right.steps[0], AT)
    else:
        ledger.intend("c", right.steps[0], AT)


def test_a_code_lets_one_send_go_and_then_it_is_spent(ledger):
    """While that send is on its way, done or in doubt; refused, not carried out or marked so it counts once more."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("a"), plan, HERE)
    send(ledger, "a", plan.steps[0])
    first = code_of(ledger, "a")
    for number, status in enumerate((Status.FAILED, Status.NOT_SENT, Status.UNKNOWN, Status.DONE)):
        for name in (f"b{number}", f"c{number}"):
            ledger.begin(run_named(name), released(kickout(0), first), HERE)
        step = released(kickout(0), first).steps[0]
        ledger.intend(f"b{number}", step, AT)
        with pytest.raises(MustStop, match="second time"):
            ledger.intend(f"c{number}", step, AT)
        ledger.conclude(f"b{number}", replace(done(step), status=status))
        if status in (Status.UNKNOWN, Status.DONE):
            with pytest.raises(MustStop, match="second time"):
                ledger.intend(f"c{number}", step, AT)
        if status is Status.UNKNOWN:
            mark(ledger, f"b{number}", ResolutionKind.SEND_AGAIN)


def test_a_code_where_nothing_holds_the_row_back_sends_nothing(ledger):
    """It was typed for a send that this ledger does not know, or that holds no longer."""
    ledger.begin(run_named("a"), released(kickout(0), new_code()), HERE)
    with pytest.raises(MustStop, match="second time"):
        ledger.intend("a", plan_of(kickout(0)).steps[0], AT)


def test_an_attempt_without_a_code_holds_back_until_it_gets_one(ledger, path):
    """A program of before version 6 leaves one behind that was running when the ledger became one of version 6."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("a"), plan, HERE)
    send(ledger, "a", plan.steps[0])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE attempts SET code = ''")
        connection.commit()
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "b", kickout(0))
    ledger.conclude_interrupted(words)
    (outcome,) = plan_of(kickout(0), history=ledger).decided
    assert is_code(outcome.send_again_code)
    plan = plan_of(again(kickout(0), outcome.send_again_code), history=ledger)
    ledger.begin(run_named("c"), plan, HERE)
    ledger.intend("c", plan.steps[0], AT)


def test_a_code_in_use_is_given_to_no_other_attempt(ledger, monkeypatch):
    """By chance the same may be drawn again: then another is taken, and in the end no row is sent."""
    drawn = iter(["BCDFGH", "BCDFGH", "BCDFGH", "JKLMNP", *["BCDFGH"] * 99])
    monkeypatch.setattr("bulkops.ledger.ledger.new_code", lambda: next(drawn))
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("a"), plan, HERE)
    assert [ledger.intend("a", step, AT) for step in plan.steps[:2]] == ["BCDFGH", "JKLMNP"]
    with pytest.raises(MustStop):
        ledger.intend("a", plan.steps[2], AT)
    assert [each.status.value for each in ledger.outcomes("a")] == ["unknown", "unknown", "not_sent"]


def test_another_environments_send_holds_nothing_back(ledger):
    """What was done in the test system may be done in the real one."""
    elsewhere = "https://app.energycap.com"
    plan = plan_of(kickout(0))
    real = plan_elsewhere(elsewhere)
    ledger.begin(run_named("a"), plan, HERE)
    send(ledger, "a", plan.steps[0])
    ledger.begin(run_named("b"), real, elsewhere)
    ledger.intend("b", real.steps[0], AT)


def test_a_request_that_is_not_the_planned_one_is_not_intended(ledger):
    """The line says what was agreed to; another request in its place is refused."""
    plan, other = plan_of(kickout(0)), plan_of(kickout(0, mode="new batch"))
    ledger.begin(run_named("r"), plan, HERE)
    with pytest.raises(MustStop) as error:
        ledger.intend("r", other.steps[0], AT)
    assert error.value.code == "ledger.guard"
    assert "second time: the record shows that it was or may have been done. It was" in str(error.value)


def test_only_a_row_of_the_run_is_intended(ledger):
    """A run that was not recorded, or a row that is not in it, is never sent."""
    plan = plan_of(kickout(0), replace(kickout(1), hidden=True))
    ledger.begin(run_named("r"), plan, HERE)
    stranger = plan_of(kickout(7)).steps[0]
    hidden = plan_of(kickout(1)).steps[0]
    for run, step in (("other", plan.steps[0]), ("r", stranger), ("r", hidden)):
        with pytest.raises(MustStop):
            ledger.intend(run, step, AT)


def test_a_row_is_intended_alone(ledger, path):
    """Another row of the run keeps its own fate."""
    plan = plan_of(kickout(0, 1), kickout(1, 2))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[1], AT)
    assert states(path) == [PLANNED, INTENT]


def test_a_row_that_was_said_not_to_be_sent_is_not_intended(ledger):
    """The run has ended for it; only a resumed run takes it up again."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.finish("r", [outcome_of(plan.steps[0].row, Status.NOT_SENT, code="row.stopped")], None)
    with pytest.raises(MustStop):
        ledger.intend("r", plan.steps[0], AT)
    ledger.begin_again("r", plan, HERE)
    ledger.intend("r", plan.steps[0], AT)


def test_the_same_request_is_on_its_way_once_whoever_asks(ledger, path):
    """Two lines, two runs, two programs: one fingerprint in flight."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("a"), plan, HERE)
    with closing(Ledger(path)) as other:
        other.begin(run_named("b"), plan, HERE)
        code = ledger.intend("a", plan.steps[0], AT)
        other.begin(run_named("c"), released(kickout(0), code), HERE)
        with pytest.raises(MustStop) as error:
            other.intend("c", plan.steps[0], AT)
        assert "second time: the same request is on its way already. It was" in str(error.value)
        ledger.conclude("a", replace(done(plan.steps[0]), status=Status.FAILED))
        other.intend("b", plan.steps[0], AT)


def test_an_outcome_needs_an_intent(ledger):
    """Nothing is recorded as sent that was not, and no outcome is written over."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with pytest.raises(MustStop, match=r"second time: a row's record is not there\. It was"):
        ledger.conclude("r", done(plan.steps[0]))
    send(ledger, "r", plan.steps[0])
    with pytest.raises(MustStop):
        ledger.conclude("r", replace(done(plan.steps[0]), status=Status.FAILED))
    assert [each.status for each in ledger.outcomes("r")] == [Status.DONE]


def test_outcomes_come_back_as_they_were_recorded(ledger, path):
    """Every fact, every character, in reading order, from a file that was closed in between."""
    plan = plan_of(*(kickout(n) for n in range(3)), flag_edit(3, 2001), replace(kickout(4), hidden=True))
    ledger.begin(run_named("r"), plan, HERE)
    recorded = [
        done(plan.steps[3], selected=12, updated=7, new_task_guid=None, message="Zoë \ud800 \x00 \U0001f600"),
        replace(done(plan.steps[0]), status=Status.FAILED, http_status=400, code="sent.refused", tip="t", cell="A!B2"),
        replace(done(plan.steps[1]), warnings=("one", "two"), seconds=None),
    ]
    told = []
    for outcome in recorded:
        step = next(step for step in plan.steps if step.row.seq == outcome.seq)
        code = ledger.intend("r", step, AT)
        ledger.conclude("r", outcome)
        told.append(replace(outcome, send_again_code=code if outcome.status is Status.DONE else ""))
    unsent = outcome_of(plan.steps[2].row, Status.NOT_SENT, code="row.stopped", message="Stopped.")
    ledger.finish("r", [unsent], "results.xlsx")
    ledger.close()
    with closing(Ledger(path)) as later:
        assert later.outcomes("r") == sorted([*told, unsent, *plan.decided], key=lambda each: each.seq)
    with closing(sqlite3.connect(path)) as connection:
        assert set(connection.execute("SELECT evidence FROM attempts")) == {(None,)}


def test_finish_closes_the_run_and_touches_nothing_that_was_sent(ledger):
    """Only rows that were never sent can be called not sent."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    ledger.finish("r", [outcome_of(step.row, Status.NOT_SENT) for step in plan.steps], "x.xlsx")
    assert [each.status.value for each in ledger.outcomes("r")] == ["done", "unknown", "not_sent"]
    assert ledger.counts("r") == {"done": 1, "unknown": 1, "not_sent": 1}
    (run,) = ledger.runs()
    assert (run.results, run.ended is not None) == ("x.xlsx", True)
    assert run.totals == {"done": 1, "unknown": 1, "not_sent": 1}


def test_finish_says_of_its_own_runs_unsent_rows_alone_that_they_were_not_sent(ledger):
    """A row that was decided in planning keeps its reason; what another run did of the same number is no hindrance."""
    plan = plan_of(kickout(0), replace(kickout(1), hidden=True))
    ledger.begin(run_named("a"), plan, HERE)
    send(ledger, "a", plan.steps[0], Status.FAILED)
    ledger.begin(run_named("b"), plan, HERE)
    unsent = [outcome_of(row, Status.NOT_SENT, code="row.stopped") for row in (plan.steps[0].row, kickout(1))]
    ledger.finish("b", unsent, None)
    assert facts(ledger.outcomes("b")) == [(0, "not_sent", "row.stopped"), (1, "not_sent", "row.hidden")]


def test_runs_are_told_newest_first(ledger):
    """In the order in which they were recorded; the computer's clock may have been set back since."""
    for name, started in (("a", AT), ("c", AT), ("b", AT), ("d", "2026-11-20T10:00:00Z")):
        ledger.begin(run_named(name, started), plan_of(kickout(0)), HERE)
    assert [run.id for run in ledger.runs()] == ["d", "b", "c", "a"]
    assert ledger.counts("nobody") == {}
    assert ledger.outcomes("nobody") == []


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="a program on Windows cannot change its time zone")
def test_a_run_is_named_after_the_time_in_utc_wherever_the_computer_stands(monkeypatch):
    """Sortable by time, also where the clock changes twice a year; two runs of one second differ."""
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "EST5EDT")
            time.tzset()
            before = datetime.now(UTC).replace(microsecond=0)
            moment, names = now(), {new_run_id() for _ in range(20)}
            after = datetime.now(UTC)
    finally:
        time.tzset()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
    assert before <= datetime.fromisoformat(moment) <= after
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", name) for name in names)
    assert all(f"{before:%Y%m%d-%H%M%S}" <= name[:15] <= f"{after:%Y%m%d-%H%M%S}" for name in names)
    assert len(names) > 1


def test_a_name_that_is_not_unicode_is_recorded_all_the_same(ledger):
    """A file may be called anything; the run is recorded with what can be written of it."""
    ledger.begin(replace(run_named("r"), workbook="books/\udcff.xlsx"), plan_of(kickout(0)), HERE)
    assert ledger.runs()[0].workbook == "books/\\udcff.xlsx"


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from steps import HERE, kickout, plan_of, run_named
from bulkops.energycap.client import Client
from bulkops.ledger import Ledger
from bulkops.operations import all_operations
from bulkops.energycap.rate_limit import RateLimit
from bulkops.runs.processor import Control, Processor
from bulkops.energycap.key import Key
from bulkops.model.environment import Environment

ledger = Ledger(Path(sys.argv[1]))
plan = plan_of(kickout(0), kickout(1))
ledger.begin(run_named("killed"), plan, HERE)
client = Client(Environment("custom", sys.argv[2]), Key("key"))
control = Control()
rate_limit = RateLimit(control.stopped.wait, control.stopped.is_set)
list(Processor("killed", ledger, lambda: client.send, all_operations(), control, rate_limit).outcomes(plan))
"""


def test_a_row_whose_program_was_killed_is_unknown_and_never_sent_again(path):
    """Killed between intent and outcome: the request arrived once, and no later run sends it."""
    with Misbehaving(Talk.hang) as server:
        arguments = [str(path), server.base_url, str(Path(__file__).parent.parent)]
        with subprocess.Popen([sys.executable, "-c", KILLED, *arguments]) as process:
            assert server.arrived.wait(60)
            process.kill()
        with closing(Ledger(path)) as ledger:
            assert ledger.counts("killed") == {"unknown": 1, "not_sent": 1}
            assert ledger.conclude_interrupted(words) == 1
            for _ in range(2):
                later = plan_of(kickout(0), kickout(1), history=ledger)
                assert facts(later.decided) == [(0, "unknown", "row.still_unknown")]
                assert seqs(later) == [[1]]
    assert len(server.requests) == 1
