"""The ledger: an intent is durable before a send, an outcome after it, and nothing in it is forgotten."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from misbehaving import Misbehaving, Talk
from steps import HERE, KICKOUT, again, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops.ledger import (
    INTENT,
    PLANNED,
    SCHEMA_VERSION,
    Account,
    Ledger,
    is_older,
    migrations,
    new_run_id,
    now,
    reserve,
    schema,
)
from bulkops.ledger.codes import is_code, new_code, new_codes
from bulkops.ledger.reserve import Reserve
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.history import Mark, Resolution, Since, Verdict
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan, Step
from bulkops.model.requests import Accepted
from bulkops.model.rows import CheckedRow, Problem
from bulkops.operations import all_operations
from bulkops.runs import planning

AT = "2026-11-21T10:00:01Z"


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path) -> Iterator[Ledger]:
    made = Ledger(path)
    yield made
    made.close()


STATES = """SELECT coalesce((SELECT state FROM attempts WHERE run = lines.run AND seq = lines.seq
    ORDER BY id DESC LIMIT 1), state) FROM lines ORDER BY rowid"""


def states(path: Path) -> list[str]:
    """The states of all rows, as another program sees them right now."""
    with closing(sqlite3.connect(path)) as connection:
        return [state for (state,) in connection.execute(STATES)]


def done(step: Step, **more: object) -> Outcome:
    return outcome_of(step.row, Status.DONE, **{"new_task_guid": task(99), "started": AT, "seconds": 0.25, **more})


def words(operation: str, target: str, code: str) -> tuple[str, str]:
    return f"{operation} was interrupted", f"look at {target}, then type {code}"


def send(ledger: Ledger, run: str, step: Step, status: Status = Status.DONE) -> None:
    ledger.intend(run, step, AT)
    ledger.conclude(run, replace(done(step), status=status))


def released(row: CheckedRow, code: str) -> Plan:
    """The row to be sent again by a code, whatever the ledger says of that."""
    (step,) = plan_of(row).steps
    return Plan((((replace(step, released=code),),),), ())


def code_of(ledger: Ledger, run: str, seq: int = 0) -> str:
    """What repeats a row of a run, as its history tells."""
    return next(each.send_again_code for each in ledger.outcomes(run) if each.seq == seq)


# Intent, outcome


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
            mark(ledger, f"b{number}", Verdict.SEND_AGAIN)


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
    ledger.settle_interrupted(words)
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


def test_codes_are_six_consonants():
    """No word, no number, no date, and nothing that a spreadsheet counts up where it is dragged."""
    codes = {new_code() for _ in range(5000)}
    assert all(re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{6}", code) and is_code(code) for code in codes)
    assert set("".join(codes)) == set("BCDFGHJKLMNPQRSTVWXZ")
    assert len(codes) > 4990
    assert not any(map(is_code, ("", "row", "run", "bcdfgh", "BCDFG", "BCDFGHJ", "ABCDFG", "BCDFG1")))


def test_many_codes_at_once_are_all_different_and_none_in_use():
    """As an earlier version's ledger gets them; so many that chance alone would draw some of them twice."""

    class Used:
        def __contains__(self, code: object) -> bool:
            return str(code)[0] in "BCDFGHJKLM"

    drawn = new_codes(20_000, Used())
    assert len(set(drawn)) == 20_000
    assert all(is_code(code) and code not in Used() for code in drawn)


def plan_elsewhere(identity: str, ledger: Ledger | None = None) -> Plan:
    """The first task's row as another environment's."""
    operations = all_operations()
    asked = planning.requested([kickout(0)], operations, identity)
    past = ledger.past(identity, [asked[0].matter]) if ledger else {}
    return planning.plan([kickout(0)], asked, operations, past)


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


# What was sent before


def test_an_intent_without_an_outcome_becomes_unknown(ledger, path):
    """A program that is gone cannot say what became of the row; the operator is told where to look."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    assert ledger.settle_interrupted(words) == 1
    assert ledger.settle_interrupted(words) == 0
    assert states(path) == ["done", "unknown", PLANNED]
    outcome = ledger.outcomes("r")[1]
    assert (outcome.status, outcome.code, outcome.started) == (Status.UNKNOWN, "sent.interrupted", AT)
    told = (f"{KICKOUT} was interrupted", f"look at {task(2)}, then type {outcome.send_again_code}")
    assert (outcome.message, outcome.tip) == told
    assert is_code(outcome.send_again_code)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM attempts WHERE ended IS NULL").fetchone() == (0,)


def matters(*rows: CheckedRow) -> list[str]:
    return [step.matter for step in planning.requested(rows, all_operations(), HERE).values()]


def test_the_past_holds_what_was_done_or_is_in_doubt_in_the_order_of_sending(ledger):
    """Failed and unsent rows may be sent again; the clock of this computer may have been set back in between."""
    rows = [kickout(n) for n in range(5)]
    plan, code = plan_of(*rows), ""
    for name, started, status in (
        ("b", "2026-11-21T10:00:00Z", Status.UNKNOWN),
        ("a", "2025-01-01T00:00:00Z", Status.DONE),
    ):
        first = released(rows[0], code).steps[0]
        plan = Plan((((first,), *((step,) for step in plan.steps[1:])),), ())
        ledger.begin(run_named(name, started), plan, HERE)
        code = ledger.intend(name, first, started, "Pat")
        ledger.conclude(name, replace(done(first, started=started), status=status))
    send(ledger, "a", plan.steps[1], Status.FAILED)
    send(ledger, "a", plan.steps[2], Status.NOT_SENT)
    ledger.intend("a", plan.steps[3], AT)
    past = ledger.past(HERE, matters(*rows))
    first, _, _, fourth, _ = matters(*rows)
    assert set(past) == {first, fourth}
    codes = [code_of(ledger, name) for name in "ba"]
    assert [(each.status, each.run, each.who, each.workbook, each.code, each.released) for each in past[first]] == [
        (Status.UNKNOWN, "b", "Pat", "b.xlsx", codes[0], ""),
        (Status.DONE, "a", "Pat", "a.xlsx", codes[1], codes[0]),
    ]
    assert [(each.fingerprint, each.status) for each in past[fourth]] == [(plan.steps[3].fingerprint, Status.UNKNOWN)]


def test_the_past_tells_of_what_a_code_let_go_though_it_holds_nothing_back(ledger):
    """So that a row can say that its code is used once more."""
    doubt_of(ledger, "a", kickout(0))
    plan = released(kickout(0), code_of(ledger, "a"))
    ledger.begin(run_named("b"), plan, HERE)
    send(ledger, "b", plan.steps[0], Status.FAILED)
    (sent,) = ledger.past(HERE, matters(kickout(0))).values()
    assert [(each.run, each.status, each.released, each.holds) for each in sent] == [
        ("a", Status.UNKNOWN, "", True),
        ("b", Status.FAILED, code_of(ledger, "a"), False),
    ]


def test_the_past_brings_along_what_the_answer_said(ledger):
    """A repeat can tell the new task, or the counts, of the first time."""
    rows = (kickout(0), flag_edit(1, 2001))
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    for step, said in zip(plan.steps, ({}, {"new_task_guid": None, "selected": 12, "updated": 7}), strict=True):
        ledger.intend("r", step, AT)
        ledger.conclude("r", done(step, **said))
    past = ledger.past(HERE, matters(*rows))
    told = [each.accepted for matter in matters(*rows) for each in past[matter]]
    assert told == [Accepted(new_task_guid=task(99)), Accepted(selected=12, updated=7)]


def test_the_past_is_that_of_what_is_asked_about(ledger):
    """A workbook asks about its own rows, however many they are, and hears of them all that the ledger knows."""
    rows = [kickout(n) for n in range(7)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        send(ledger, "r", step)
    whole = ledger.past(HERE, matters(*rows))
    assert len(whole) == 7
    asked = {*matters(kickout(1), kickout(4)), 'it\'s "odd" ü'}
    assert ledger.past(HERE, asked) == {matter: sent for matter, sent in whole.items() if matter in asked}
    assert ledger.past(HERE, [*matters(*rows), *map(str, range(50_000))]) == whole
    assert ledger.past(HERE, ()) == {}
    assert ledger.past("https://app.energycap.com", matters(*rows)) == {}


def test_what_the_ledger_holds_decides_the_next_plan(ledger):
    """Done rows are done, doubts stay doubts, and what was refused or not sent is sent."""
    rows = [kickout(n) for n in range(4)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    send(ledger, "r", plan.steps[2], Status.FAILED)
    ledger.settle_interrupted(words)
    later = plan_of(*rows, history=ledger)
    assert facts(later.decided) == [(0, "already_done", "row.already_done"), (1, "unknown", "row.still_unknown")]
    assert seqs(later) == [[2, 3]]


# The word of an operator who has looked


def doubt_of(ledger: Ledger, name: str, row: CheckedRow) -> None:
    """A run whose only row became unknown, whatever was sent before."""
    plan = plan_of(row)
    ledger.begin(run_named(name), plan, HERE)
    send(ledger, name, plan.steps[0], Status.UNKNOWN)


def mark(ledger: Ledger, name: str, verdict: Verdict, seq: int = 0) -> None:
    ledger.mark(name, seq, Mark(verdict, "Sam", "2026-11-21T12:00:00Z"))


def marking_refused(ledger: Ledger, name: str, seq: int = 0, verdict: Verdict = Verdict.SEND_AGAIN) -> tuple[str, str]:
    with pytest.raises(CannotStart) as error:
        mark(ledger, name, verdict, seq)
    return error.value.code, error.value.sentence


def careless(ledger: Ledger, name: str, row: CheckedRow) -> None:
    """A run that sends without having looked into the ledger."""
    plan = plan_of(row)
    ledger.begin(run_named(name), plan, HERE)
    ledger.intend(name, plan.steps[0], AT)


ROWS = [kickout(0), flag_edit(0, 2001)]


@pytest.mark.parametrize("row", ROWS)
def test_the_guard_holds_for_what_is_marked_as_done(ledger, row):
    """Whatever the plan says: a mark alone is no release, only the one that says so."""
    doubt_of(ledger, "a", row)
    mark(ledger, "a", Verdict.DONE)
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "b", row)
    (outcome,) = plan_of(row, history=ledger).decided
    assert (outcome.status, outcome.code) == (Status.ALREADY_DONE, "row.marked_done")


@pytest.mark.parametrize("row", ROWS)
def test_what_is_marked_to_be_sent_again_is_sent_once(ledger, row):
    """The send that a mark lets go is a new doubt if it becomes unknown: the mark stays with the old one."""
    doubt_of(ledger, "a", row)
    mark(ledger, "a", Verdict.SEND_AGAIN)
    (step,) = plan_of(row, history=ledger).steps
    assert (step.released, step.repeats.status) == ("", Status.UNKNOWN)
    doubt_of(ledger, "b", row)
    assert facts(plan_of(row, history=ledger).decided) == [(0, "unknown", "row.still_unknown")]
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "c", row)
    assert [(each.run, each.seq) for each in ledger.doubts()] == [("b", 0)]
    mark(ledger, "b", Verdict.SEND_AGAIN)
    careless(ledger, "d", row)


def test_a_mark_releases_nothing_that_another_run_sent(ledger):
    """The same task with other settings, sent later or before, stays what it is."""
    other = kickout(0, mode="new batch")
    doubt_of(ledger, "a", kickout(0))
    plan = released(other, code_of(ledger, "a"))
    ledger.begin(run_named("b"), plan, HERE)
    send(ledger, "b", plan.steps[0], Status.UNKNOWN)
    mark(ledger, "a", Verdict.SEND_AGAIN)
    for row in (kickout(0), other):
        assert facts(plan_of(row, history=ledger).decided) == [(0, "unknown", "row.still_unknown")]
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "c", kickout(0))
    assert [each.run for each in ledger.doubts()] == ["b"]
    mark(ledger, "b", Verdict.DONE)
    assert facts(plan_of(kickout(0), history=ledger).decided) == [(0, "invalid", "row.target_marked_done")]
    assert facts(plan_of(other, history=ledger).decided) == [(0, "already_done", "row.marked_done")]


def test_a_doubt_that_was_sent_again_since_is_the_later_sends(ledger):
    """It cannot be marked any more, however the later send ended; unless that one surely was not carried out."""
    doubt_of(ledger, "a", kickout(0))
    for before, name, status in (("a", "b", Status.UNKNOWN), ("b", "c", Status.DONE)):
        plan = released(kickout(0), code_of(ledger, before))
        ledger.begin(run_named(name), plan, HERE)
        send(ledger, name, plan.steps[0], status)
        code, said = marking_refused(ledger, "a")
        assert code == "doubt.sent_since"
        assert said.startswith("Kickouts, row 2: the same request was sent again on 2026-11-21 10:00:01 UTC by ")
        assert f"from {name}.xlsx" in said
    since = Since("2026-11-21T10:00:01Z", "", "c.xlsx")
    assert (ledger.doubts(), ledger.resolutions("a")) == ([], {0: Resolution(since=since)})
    assert ledger.resolved() == {name: [(None, True, 1)] for name in "ab"}
    doubt_of(ledger, "d", flag_edit(0, 2001))
    plan = released(flag_edit(0, 2001), code_of(ledger, "d"))
    ledger.begin(run_named("e"), plan, HERE)
    send(ledger, "e", plan.steps[0], Status.UNKNOWN)
    mark(ledger, "e", Verdict.SEND_AGAIN)
    assert [each.run for each in ledger.doubts()] == ["d"]
    mark(ledger, "d", Verdict.SEND_AGAIN)
    assert plan_of(flag_edit(0, 2001), history=ledger).steps


def test_a_mark_is_corrected_by_a_later_one(ledger, path):
    """Both stay, by whom and when, and the last counts; what was seen of the send stays too."""
    doubt_of(ledger, "a", kickout(0))
    seen = ledger.outcomes("a")
    said = []
    for verdict in (Verdict.SEND_AGAIN, Verdict.DONE, Verdict.SEND_AGAIN, Verdict.DONE):
        mark(ledger, "a", verdict)
        said.append(Mark(verdict, "Sam", "2026-11-21T12:00:00Z"))
        assert marking_refused(ledger, "a", verdict=verdict)[0] == "doubt.marked"
        assert (ledger.resolutions("a")[0].marks, ledger.outcomes("a"), ledger.doubts()) == (tuple(said), seen, [])
        assert [doubt.run for doubt in ledger.doubts(marked=True)] == ["a"]
        assert len(plan_of(kickout(0), history=ledger).steps) == (verdict is Verdict.SEND_AGAIN)
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "b", kickout(0))
    assert (
        "marked as done after all by Sam on 2026-11-21 12:00:00 UTC"
        in marking_refused(ledger, "a", verdict=Verdict.DONE)[1]
    )
    ledger.close()
    with closing(Ledger(path)) as opened:
        assert (opened.resolutions("a"), opened.resolutions("b")) == ({0: Resolution(tuple(said))}, {})
        assert opened.doubts() == []
    assert states(path)[0] == "unknown"


def test_a_mark_is_not_corrected_once_the_same_was_sent_again(ledger):
    """Only while that send holds: were it refused, the older one would count again."""
    doubt_of(ledger, "a", kickout(0))
    mark(ledger, "a", Verdict.SEND_AGAIN)
    plan = plan_of(kickout(0))
    ledger.begin(run_named("b"), plan, HERE)
    send(ledger, "b", plan.steps[0], Status.FAILED)
    mark(ledger, "a", Verdict.DONE)
    mark(ledger, "a", Verdict.SEND_AGAIN)
    doubt_of(ledger, "c", kickout(0))
    assert marking_refused(ledger, "a", verdict=Verdict.DONE)[0] == "doubt.sent_since"


def test_a_mark_is_of_its_row_alone(ledger):
    """The other rows of the run that are in doubt stay so."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("a"), plan, HERE)
    for step in plan.steps:
        send(ledger, "a", step, Status.UNKNOWN)
    mark(ledger, "a", Verdict.SEND_AGAIN, 1)
    assert [each.seq for each in ledger.doubts()] == [2, 0]
    later = plan_of(kickout(0), kickout(1), kickout(2), history=ledger)
    assert ([each.seq for each in later.decided], seqs(later)) == ([0, 2], [[1]])


def test_only_a_row_in_doubt_can_be_marked(ledger):
    """Not one that is done, refused, hidden, on its way, or not there at all."""
    plan = plan_of(kickout(0), kickout(1), kickout(2), replace(kickout(3), hidden=True), kickout(4))
    ledger.begin(run_named("a"), plan, HERE)
    for step, status in zip(plan.steps, (Status.DONE, Status.FAILED), strict=False):
        send(ledger, "a", step, status)
    ledger.intend("a", plan.steps[2], AT)
    assert ledger.in_flight()
    assert {marking_refused(ledger, "a", seq)[0] for seq in range(6)} == {"doubt.none"}
    assert marking_refused(ledger, "never")[0] == "doubt.none"
    ledger.settle_interrupted(words)
    assert [(each.run, each.seq, each.tip) for each in ledger.doubts()] == [
        ("a", 2, f"look at {task(3)}, then type {code_of(ledger, 'a', 2)}")
    ]
    assert not ledger.in_flight()
    mark(ledger, "a", Verdict.DONE, 2)


def test_a_mark_is_of_its_environment_alone(ledger):
    """The same row in doubt in two: each has its own word."""
    doubt_of(ledger, "a", kickout(0))
    elsewhere = "https://app.energycap.com"
    plan = plan_elsewhere(elsewhere)
    ledger.begin(run_named("b"), plan, elsewhere)
    send(ledger, "b", plan.steps[0], Status.UNKNOWN)
    assert [[each.run for each in ledger.doubts(where)] for where in (None, HERE, elsewhere)] == [
        ["b", "a"],
        ["a"],
        ["b"],
    ]
    mark(ledger, "a", Verdict.SEND_AGAIN)
    again = plan_elsewhere(elsewhere, ledger)
    assert (again.steps, [each.status for each in again.decided]) == ([], [Status.UNKNOWN])


# A program that is killed

KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from steps import HERE, kickout, plan_of, run_named
from bulkops.energycap.client import Client
from bulkops.ledger import Ledger
from bulkops.operations import all_operations
from bulkops.energycap.rate_limit import Pace
from bulkops.runs.processor import Control, Processor
from bulkops.energycap.key import Key
from bulkops.model.environment import Environment

ledger = Ledger(Path(sys.argv[1]))
plan = plan_of(kickout(0), kickout(1))
ledger.begin(run_named("killed"), plan, HERE)
client = Client(Environment("custom", sys.argv[2]), Key("key"))
control = Control()
pace = Pace(control.stopped.wait, control.stopped.is_set)
list(Processor("killed", ledger, lambda: client.send, all_operations(), control, pace).outcomes(plan))
"""


def test_a_row_whose_program_was_killed_is_unknown_and_never_sent_again(path):
    """Killed between intent and outcome: the request arrived once, and no later run sends it."""
    with Misbehaving(Talk.hang) as server:
        arguments = [str(path), server.base_url, str(Path(__file__).parent)]
        with subprocess.Popen([sys.executable, "-c", KILLED, *arguments]) as process:
            assert server.arrived.wait(60)
            process.kill()
        with closing(Ledger(path)) as ledger:
            assert ledger.counts("killed") == {"unknown": 1, "not_sent": 1}
            assert ledger.settle_interrupted(words) == 1
            for _ in range(2):
                later = plan_of(kickout(0), kickout(1), history=ledger)
                assert facts(later.decided) == [(0, "unknown", "row.still_unknown")]
                assert seqs(later) == [[1]]
    assert len(server.requests) == 1


# The file


def test_every_commit_is_on_the_disk_before_it_counts(ledger):
    """Write-ahead log, synchronous=FULL, and on macOS a full flush."""
    with ledger._store.reading() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "fullfsync", "foreign_keys", "user_version")
        }
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "foreign_keys": 1,
        "user_version": SCHEMA_VERSION,
    }


MADE = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat_' ORDER BY name"
"""Without what SQLite notes for itself to plan queries by."""


def made_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        made = connection.execute(f"SELECT sql FROM ({MADE}) WHERE sql IS NOT NULL").fetchall()
    return [" ".join(sql.split()) for (sql,) in made]


def test_a_ledger_of_this_version_is_made_of_exactly_these_tables(ledger, path, tmp_path):
    """Whoever changes them has to give them a new version and a migration, for there are ledgers of this one."""
    expected = (Path(__file__).parent / "expected" / f"ledger-{SCHEMA_VERSION}.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "expected.sqlite3")) as connection:
        connection.executescript(expected)
    assert made_of(path) == made_of(tmp_path / "expected.sqlite3")


def refused(path: Path, code: str = "ledger.unusable") -> str:
    with pytest.raises(CannotStart) as error:
        Ledger(path)
    assert error.value.code == code
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_ledger_of_a_newer_bulkops_is_refused_and_left_alone(ledger, path):
    """An older program must not misread what a newer one wrote."""
    ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    assert "cannot be used: a newer bulkops has written it. Nothing" in refused(path)
    assert path.read_bytes() == before


def test_a_damaged_ledger_is_refused(ledger, path):
    """Without the past nothing may be sent: a file with a spoilt page is no ledger. It is read whole once a week."""
    spoil(ledger, path)
    with closing(Ledger(path)) as opened, pytest.raises(MustStop) as error:
        list(map(opened.outcomes, "rst"))
    assert error.value.code == "ledger.damaged"
    for day in (-7, 1):
        last_checked(path, day)
        assert "is damaged. Nothing more is sent" in refused(path, "ledger.damaged")


@pytest.mark.parametrize("end", ["killed", "cut short", "an older bulkops"])
def test_a_damaged_ledger_that_was_not_closed_well_is_refused(ledger, path, end):
    """Whatever day it was checked on: then it is most likely to be damaged."""
    if end == "cut short":
        plan = plan_of(kickout(500))
        ledger.begin(run_named("cut short"), plan, HERE)
        ledger.intend("cut short", plan.steps[0], AT)
    spoil(ledger, path)
    if end == "killed":
        path.with_name(f"{path.name}-wal").write_bytes(b"what a killed program left of it")
    elif end == "an older bulkops":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 5")
    refused(path, "ledger.damaged")
    assert not path.with_name("ledger before version 6.sqlite3").exists()


@pytest.mark.parametrize(("day", "seen"), [(0, 0), (-6, -6), (-7, 0), (1, 0)])
def test_a_ledger_that_was_checked_is_not_checked_again_for_a_week(ledger, path, day, seen):
    """And where the computer's clock was set back; the day is noted."""
    ledger.close()
    last_checked(path, day)
    with closing(Ledger(path)), closing(sqlite3.connect(path)) as connection:
        (noted,) = connection.execute("SELECT checked FROM book").fetchone()
    assert noted == (datetime.now(UTC) + timedelta(days=seen)).date().isoformat()


def spoil(ledger: Ledger, path: Path) -> None:
    """Spoil a third of a ledger of three runs that was closed."""
    for number, name in enumerate("rst"):
        ledger.begin(run_named(name), plan_of(*(kickout(n, number * 100 + n) for n in range(100))), HERE)
    ledger.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 4096 // 3
    content[4096 * middle : 4096 * 2 * middle] = b"\x5a" * 4096 * middle
    path.write_bytes(content)


def last_checked(path: Path, day: int) -> None:
    """So many days from today."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE book SET checked = ?", ((datetime.now(UTC) + timedelta(days=day)).date().isoformat(),)
        )
        connection.commit()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 100, b"SQLite format 3\x00"])
def test_a_file_that_is_no_ledger_is_refused(path, content):
    """Something else in its place is left as it is."""
    path.write_bytes(content)
    refused(path)
    assert path.read_bytes() == content


def test_a_ledger_that_cannot_be_made_is_refused(tmp_path):
    """No such folder, or a folder in its place."""
    for place in (tmp_path / "missing" / "ledger.sqlite3", tmp_path):
        assert "cannot be used: unable to open database file. Nothing" in refused(place)


def test_a_ledger_opens_while_another_program_writes_into_it(ledger, path):
    """Opening one that is up to date changes nothing, so it waits for nobody."""
    ledger.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(Ledger(path)) as later:
            assert later.runs() == []


def test_a_half_made_ledger_is_made_whole(path, monkeypatch):
    """Tables and the guard against two of one request are made together: killed half-way, nothing is there."""
    with closing(Ledger(path)):
        pass
    with closing(sqlite3.connect(path)) as connection:
        guards = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%UNIQUE%'"
        assert {name for (name,) in connection.execute(guards)} == {
            "attempts_by_code",
            "once_per_line",
            "once_per_round",
            "one_in_flight",
        }
    other = path.with_name("half.sqlite3")
    create = schema.metadata.create_all

    def half(connection: object) -> None:
        create(connection, tables=[schema.runs])
        raise CannotStart("ledger.unusable", path=other, value="killed")

    monkeypatch.setattr(schema.metadata, "create_all", half)
    refused(other)
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_full_disk_stops_the_run_and_loses_nothing(ledger, path):
    """The first write that finds no room raises MustStop; every line is still what it was."""
    rows = [kickout(n, comment="x" * 300) for n in range(100)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 10}")
    expected = [PLANNED] * len(rows)

    def send_all() -> None:
        for number, step in enumerate(plan.steps):
            ledger.intend("r", step, AT)
            expected[number] = INTENT
            ledger.conclude("r", done(step, message="y" * 900))
            expected[number] = "done"

    with pytest.raises(MustStop) as error:
        send_all()
    assert "full" in str(error.value)
    assert "done" in expected
    assert PLANNED in expected
    assert states(path) == expected
    with pytest.raises(MustStop):
        ledger.begin(run_named("s"), plan, HERE)
    ledger.close()
    with closing(Ledger(path)) as later:
        assert later.settle_interrupted(words) == expected.count(INTENT)
        assert later.counts("r").get("done") == expected.count("done")


def test_a_ledger_that_cannot_be_written_stops_before_anything_is_sent(ledger, path):
    """A disk that turned read-only is found at the intent, not after the send."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._store.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    for act in (
        lambda: ledger.intend("r", plan.steps[0], AT),
        lambda: ledger.begin(run_named("s"), plan, HERE),
        lambda: ledger.finish("r", [], None),
    ):
        with pytest.raises(MustStop):
            act()
    assert states(path) == [PLANNED]


def test_a_trouble_that_comes_without_words_is_told_by_its_name(ledger, path):
    """Nothing that goes wrong with the ledger is without a sentence."""
    ledger._store._connection.close()
    with pytest.raises(MustStop) as error:
        ledger.runs()
    assert ledger.path == path
    assert f"({path}) cannot be used: ResourceClosedError. Nothing" in str(error.value)


def test_a_ledger_that_another_program_holds_is_a_sentence(ledger, path):
    """A lock that is not given back in time is a known trouble, not a traceback."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._store.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MustStop) as error:
            ledger.intend("r", plan.steps[0], AT)
        assert error.value.code == "ledger.locked"
        assert f"({path}) is held by another program (database is locked). Nothing" in str(error.value)
        assert "disk space" not in str(error.value)
        other.rollback()
    ledger.intend("r", plan.steps[0], AT)


# What a ledger is asked stays quick however much it holds


@pytest.fixture
def grown(ledger, path) -> Ledger:
    """A ledger with runs that ended in every way, and what SQLite has noted of it to plan by."""
    cut_short(ledger)
    for number in range(1, 40):
        name = f"run {number}"
        ledger.begin(run_named(name), plan := plan_of(*(kickout(n, number * 20 + n) for n in range(12))), HERE)
        for step in plan.steps[:10]:
            send(ledger, name, step, (Status.DONE, Status.DONE, Status.FAILED)[step.row.seq % 3])
        ledger.finish(
            name, [outcome_of(step.row, Status.NOT_SENT, code="row.stopped") for step in plan.steps[10:]], None
        )
    with ledger._store.writing() as connection:
        connection.exec_driver_sql("ANALYZE")
    return ledger


def everything(ledger: Ledger) -> dict[str, Callable[[], object]]:
    """All that a ledger can be asked or told, with a run of two rows that is going on."""
    plan = plan_of(kickout(0, 901), kickout(1, 902))
    ledger.begin(run_named("now"), plan, HERE)
    ledger.intend("now", plan.steps[0], AT)
    outcomes = [outcome_of(step.row, Status.NOT_SENT) for step in plan.steps]
    return {
        "past": lambda: ledger.past(HERE, [step.matter for step in plan.steps], Account("Blue")),
        "knows_task": lambda: ledger.knows_task("now", task(99)),
        "in_flight": ledger.in_flight,
        "doubts": ledger.doubts,
        "doubts here": lambda: ledger.doubts(HERE, marked=True),
        "resolutions": lambda: ledger.resolutions("r"),
        "resolved": ledger.resolved,
        "runs": ledger.runs,
        "runs_named": lambda: ledger.runs_named(["r", "nobody"]),
        "unknown_runs": lambda: ledger.unknown_runs(["r", "nobody"]),
        "runs since": lambda: ledger.runs("r"),
        "runs_of": lambda: ledger.runs_of("books/r.xlsx"),
        "counts": lambda: ledger.counts("r"),
        "outcomes": lambda: ledger.outcomes("r"),
        "resumable": lambda: ledger.resumable("r"),
        "left": ledger.left,
        "source_under": lambda: ledger.source_under("practice", HERE),
        "may_tell_apart": lambda: ledger.may_tell_apart(Account("Blue")),
        "moved": lambda: ledger.moved("books/r.xlsx", "books/s.xlsx", "r", None),
        "mark": lambda: mark(ledger, "r", Verdict.DONE, 10),
        "mark refused": lambda: marking_refused(ledger, "r", 0),
        "intend": lambda: ledger.intend("now", plan.steps[1], AT),
        "conclude": lambda: ledger.conclude("now", done(plan.steps[0])),
        "settle_interrupted": lambda: ledger.settle_interrupted(words),
        "finish": lambda: ledger.finish("now", outcomes, None),
        "begin_again": lambda: ledger.begin_again("now", plan, HERE),
    }


def test_runs_are_looked_up_by_their_ids_however_many_are_asked_for(grown):
    """A check asks for the few that its workbook's results name; years of copies name thousands."""
    strange = {f"{number:04}" for number in range(1200)}
    assert grown.unknown_runs({"r", "run 7", *strange}) == strange
    assert {run.id for run in grown.runs_named(["run 7", "r", *strange])} == {"r", "run 7"}
    assert grown.unknown_runs(()) == set()
    assert grown.runs_named(()) == []


@pytest.mark.parametrize("looks", [True, False])
def test_who_only_looks_does_not_note_what_queries_are_planned_by(path, looks):
    """That is for runs: a look at a large ledger costs no more than what it asks."""
    other, asked = Ledger(path), []
    sa.event.listen(other._store.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    if looks:
        other.unknown_runs(["r"])
    else:
        other.begin(run_named("r"), plan_of(kickout(0)), HERE)
    other.close()
    assert ("PRAGMA optimize" in asked) is not looks


SOME = {"one_in_flight", "attempts_without_code", "attempts_in_doubt", "attempts_unsent", "lines_unsent"}
"""Indexes of no more than what is asked for: of what is on its way, in doubt, or was not carried out."""


@pytest.mark.parametrize("planned_by", ["what SQLite noted", "nothing"])
def test_nothing_that_a_ledger_is_asked_goes_through_all_it_holds(grown, path, planned_by):
    """Each line and attempt is found by an index."""
    asked: list[tuple[str, Any]] = []
    with grown._store.writing() as connection:
        if planned_by == "nothing":
            connection.exec_driver_sql("DROP TABLE sqlite_stat1")
    acts = everything(grown)
    sa.event.listen(grown._store.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    for name, act in acts.items():
        asked.clear()
        act()
        assert asked, name
        with closing(sqlite3.connect(path)) as other:
            for text, values in asked:
                if "PRAGMA" not in text:
                    many = isinstance(values, list)
                    plan = other.execute(f"EXPLAIN QUERY PLAN {text}", values[0] if many else values).fetchall()
                    for *_, step in plan:
                        goes_through = re.match(r"SCAN (?!runs|accounts|book|mine|my_run|CONSTANT|anon_1)", step)
                        by = re.search(r"USING (?:COVERING )?INDEX (\w+)", step)
                        assert not goes_through or (by and by[1] in SOME), (name, step, text)
                        assert "(identity=?)" not in step, (name, step, text)


# A ledger of version 1


@pytest.fixture
def version_1(path) -> Path:
    """A ledger as bulkops 0.1 of issue 2 wrote it: two runs, the second one cut short on its way."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((Path(__file__).parent / "expected" / "ledger-1.sql").read_text(encoding="utf-8"))
    return path


def test_a_ledger_of_version_1_keeps_all_it_knew(version_1):
    """Every row's outcome, what must not be sent again, and which Send again is used up."""
    with closing(Ledger(version_1)) as ledger:
        assert [run.id for run in ledger.runs()] == ["second", "first"]
        assert ledger.settle_interrupted(words) == 1
        told = [(each.seq, each.status.value, each.code) for each in ledger.outcomes("first")]
        assert told == [
            (0, "done", ""),
            (1, "failed", "sent.refused"),
            (2, "not_sent", "row.hidden"),
            (3, "unknown", "sent.no_answer"),
            (4, "done", ""),
            (5, "not_sent", "row.stopped"),
            (6, "not_sent", "row.stopped"),
        ]
        edit = ledger.outcomes("first")[4]
        assert (edit.selected, edit.updated, edit.message, edit.started) == (12, 7, "Zoë", AT)
        assert facts(ledger.outcomes("second")) == [
            (0, "done", ""),
            (1, "unknown", "sent.interrupted"),
            (2, "not_sent", ""),
        ]
        (past,) = ledger.past(HERE, matters(kickout(3))).values()
        assert [(each.status, each.released, is_code(each.code)) for each in past] == [
            (Status.UNKNOWN, "", True),
            (Status.DONE, "row", True),
        ]
        rows = [*(kickout(n) for n in range(7)), flag_edit(7, 2001)]
        later = plan_of(*rows, history=ledger)
        assert {each.seq: each.status.value for each in later.decided} == {
            0: "already_done",
            3: "already_done",
            7: "already_done",
        }
        assert ledger.resumable("first") == ledger.resumable("second") == []


@pytest.mark.parametrize("row", [kickout(0), kickout(0, mode="new batch"), kickout(0, 9), flag_edit(0, 2001)])
def test_the_guard_holds_for_what_version_1_sent(version_1, row):
    """Also against a plan that does not know the past."""
    with closing(Ledger(version_1)) as ledger:
        plan = plan_of(row)
        ledger.begin(run_named("third"), plan, HERE)
        with pytest.raises(MustStop, match="second time"):
            ledger.intend("third", plan.steps[0], AT)


def test_a_migrated_ledger_is_like_a_new_one(version_1, tmp_path):
    """The same tables and guards, and a copy of what it was."""
    with closing(Ledger(version_1)), closing(Ledger(tmp_path / "new.sqlite3")):
        pass
    with closing(sqlite3.connect(version_1)) as old, closing(sqlite3.connect(tmp_path / "new.sqlite3")) as new:
        assert old.execute(MADE).fetchall() == new.execute(MADE).fetchall()
        assert old.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(sqlite3.connect(tmp_path / "ledger before version 6.sqlite3")) as copy:
        assert copy.execute("SELECT count(*) FROM lines").fetchone() == (10,)


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(version_1, monkeypatch):
    """Killed half-way, it is still a ledger of version 1, and the next start migrates it."""
    create = schema.metadata.create_all

    def half(connection: object) -> None:
        create(connection, tables=[schema.runs])
        raise CannotStart("ledger.unusable", path=version_1, value="killed")

    with monkeypatch.context() as patch:
        patch.setattr(schema.metadata, "create_all", half)
        refused(version_1)
    with closing(sqlite3.connect(version_1)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM lines").fetchone() == (10,)
    with closing(Ledger(version_1)) as ledger:
        assert len(ledger.outcomes("first")) == 7


# A ledger of version 2


def as_version(version: int, newer: Path, path: Path) -> None:
    """What a ledger of today holds, in the tables of version 2 or 3."""
    script = (Path(__file__).parent / "expected" / f"ledger-{2 * version - 2}.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("ATTACH ? AS newer", (str(newer),))
        for table in ("runs", "lines", "attempts"):
            columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
            today = ", ".join("0" if column == "follows" else f'"{column}"' for column in columns)
            connection.execute(f"INSERT INTO {table} SELECT {today} FROM newer.{table}")
        connection.commit()


@pytest.fixture
def version_2(path, tmp_path) -> Path:
    """A ledger as bulkops of issue 4 made it, with a row done and a row in doubt."""
    newer = tmp_path / "newer.sqlite3"
    with closing(Ledger(newer)) as ledger:
        plan = plan_of(kickout(0), kickout(1))
        ledger.begin(run_named("r"), plan, HERE)
        send(ledger, "r", plan.steps[0])
        send(ledger, "r", plan.steps[1], Status.UNKNOWN)
    as_version(2, newer, path)
    return path


def test_a_ledger_of_version_2_is_like_a_new_one_and_keeps_all_it_knew(version_2, tmp_path):
    """Its doubts can be marked; a bulkops of version 2 will refuse it from then on."""
    with closing(Ledger(version_2)) as ledger:
        assert facts(ledger.outcomes("r")) == [(0, "done", ""), (1, "unknown", "")]
        assert [(each.run, each.seq) for each in ledger.doubts(HERE)] == [("r", 1)]
        mark(ledger, "r", Verdict.DONE, 1)
        later = plan_of(kickout(0), kickout(1), history=ledger)
        assert [code for _, _, code in facts(later.decided)] == ["row.already_done", "row.marked_done"]
    assert made_of(version_2) == made_of(tmp_path / "newer.sqlite3")
    with closing(sqlite3.connect(version_2)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_doubt_of_version_1_can_be_marked(version_1):
    """One that version 1 had told, and one that it was cut short in."""
    with closing(Ledger(version_1)) as ledger:
        ledger.settle_interrupted(words)
        (doubt,) = ledger.doubts()
        assert (doubt.run, doubt.seq, doubt.code) == ("second", 1, "sent.interrupted")
        assert marking_refused(ledger, "first", 3)[0] == "doubt.sent_since"
        mark(ledger, "second", Verdict.SEND_AGAIN, 1)
        assert ledger.doubts() == []


# A ledger of version 4


@pytest.fixture
def version_4(path) -> Path:
    """A ledger that a real run of version 4 left behind: a row done, one in doubt, one refused, one needs fixing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((Path(__file__).parent / "expected" / "ledger-4-run.sql").read_text(encoding="utf-8"))
    return path


def told(path: Path) -> list[list[tuple]]:
    """All that a ledger says of runs, lines and attempts, but for what version 6 has added or given up."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [
            [
                tuple(row[name] for name in row.keys() if name not in ("follows", "code", "new_task"))  # noqa: SIM118
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")
            ]
            for table in ("runs", "lines", "attempts")
        ]


def test_a_ledger_of_version_4_is_like_a_new_one_and_keeps_all_it_knew(version_4, tmp_path):
    """What was sent holds rows back as before, for whoever asks: nobody knows whose data it changed."""
    before = told(version_4)
    with closing(Ledger(version_4)) as ledger, closing(Ledger(tmp_path / "new.sqlite3")) as new:
        assert sorted(made_of(version_4)) == sorted(made_of(tmp_path / "new.sqlite3"))
        (run,) = ledger.runs()
        assert (run.account, run.key_owner) == (Account(), "Practice Operator (operator)")
        assert [each.status.value for each in ledger.outcomes(run.id)] == ["done", "unknown", "failed", "invalid"]
        rows = [flag_edit(n, 2001 + n, flag_type_id=2, comment="Checked") for n in range(2)]
        past = ledger.past(HERE, matters(*rows)).values()
        assert sorted(each.status.value for (each,) in past) == ["done", "unknown"]
        mark(ledger, run.id, Verdict.SEND_AGAIN, 1)
        assert re.fullmatch("[0-9a-f]{32}", ledger.id)
        assert ledger.id != new.id
        name = ledger.id
    with closing(Ledger(version_4)) as ledger:
        assert ledger.id == name
    assert told(version_4) == before
    with closing(sqlite3.connect(version_4)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("list_id", [2001, 2002])
def test_the_guard_holds_for_what_version_4_sent(version_4, list_id):
    """Also against a plan that does not know the past, and whatever is known of the key that asks."""
    row = flag_edit(0, list_id, flag_type_id=2, comment="Checked")
    with closing(Ledger(version_4)) as ledger:
        for number, account in enumerate((Account(), Account("Blue", "7", "acme"))):
            plan = plan_of(row)
            ledger.begin(replace(run_named(f"later {number}"), account=account), plan, HERE)
            with pytest.raises(MustStop, match="second time"):
                ledger.intend(f"later {number}", plan.steps[0], AT)


# A ledger of version 5


@pytest.fixture
def version_5(path) -> Path:
    """A ledger that real runs of version 5 left behind, with every state of a row and of a mark."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((Path(__file__).parent / "expected" / "ledger-5-run.sql").read_text(encoding="utf-8"))
    return path


RUNS_5 = [f"20261128-10000{n}-000{n}" for n in range(1, 6)]


def test_a_ledger_of_version_5_is_like_a_new_one_and_keeps_all_it_knew(version_5, tmp_path):
    """What was sent, what was marked, in which order, and whose data it was; a copy is kept of what it was before."""
    before = told(version_5)
    with closing(sqlite3.connect(version_5)) as connection:
        marked = connection.execute("SELECT attempt, verdict, who, marked FROM marks ORDER BY rowid").fetchall()
        accounts = connection.execute("SELECT * FROM accounts").fetchall()
    with closing(Ledger(version_5)) as ledger, closing(Ledger(tmp_path / "new.sqlite3")):
        assert made_of(version_5) == made_of(tmp_path / "new.sqlite3")
        assert [run.id for run in ledger.runs()] == RUNS_5[::-1]
        assert told(version_5) == before
        assert {seq: each.verdict for seq, each in ledger.resolutions(RUNS_5[0]).items()} == {
            2: "done",
            3: "send_again",
            4: "send_again",
        }
        held = [each.send_again_code for run in RUNS_5 for each in ledger.outcomes(run) if each.send_again_code]
        assert all(map(is_code, held))
        assert len(set(held)) == len(held) == 10
    with closing(sqlite3.connect(version_5)) as connection:
        assert connection.execute("SELECT attempt, verdict, who, marked FROM marks ORDER BY id").fetchall() == marked
        assert connection.execute("SELECT * FROM accounts").fetchall() == accounts
        codeless = "SELECT DISTINCT state FROM attempts WHERE code = '' ORDER BY 1"
        assert connection.execute(codeless).fetchall() == [("failed",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(sqlite3.connect(tmp_path / "ledger before version 6.sqlite3")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (5,)
    assert told(tmp_path / "ledger before version 6.sqlite3") == before


def test_what_version_5_sent_is_held_back_and_released_by_a_code(version_5):
    """Done, in doubt, marked; and what was left to be resumed goes on, without what an old Yes had asked for."""
    with closing(Ledger(version_5)) as ledger:
        assert ledger.settle_interrupted(words) == 1
        rows = [kickout(n, n + 1) for n in range(5)] + [kickout(5, 10), kickout(6, 6), kickout(7, 8)]
        planned = plan_of(*rows, history=ledger)
        assert facts(planned.decided) == [
            (0, "unknown", "row.still_unknown"),
            (1, "unknown", "row.still_unknown"),
            (2, "already_done", "row.marked_done"),
            (3, "already_done", "row.already_done"),
            (5, "unknown", "row.still_unknown"),
        ]
        assert [step.row.seq for step in planned.steps] == [4, 6, 7]
        for number, outcome in enumerate(planned.decided):
            row = rows[outcome.seq]
            with pytest.raises(MustStop, match="second time"):
                careless(ledger, f"careless {number}", row)
            plan = plan_of(again(row, outcome.send_again_code), history=ledger)
            ledger.begin(run_named(f"released {number}"), plan, HERE)
            ledger.intend(f"released {number}", plan.steps[0], AT)
        left = ledger.resumable(RUNS_5[3])
        assert [(row.target, row.values["send_again"]) for row in left] == [(task(8), None), (task(9), None)]


TASKS = """SELECT run, target, json_extract(attempts.outcome, '$.new_task_guid')
    FROM attempts JOIN lines USING (run, seq)
    WHERE attempts.state = 'done' AND operation = 'kickout_reimport'"""


def test_the_tasks_that_version_5_started_and_reimported_are_known(version_5):
    """No answer that names one of them is believed."""
    with closing(sqlite3.connect(version_5)) as connection:
        known = connection.execute(TASKS).fetchall()
    assert known
    with closing(Ledger(version_5)) as ledger:
        for run, target, started in known:
            assert ledger.knows_task(run, target)
            assert ledger.knows_task(run, started.lower())
            assert not ledger.knows_task(run, task(99))


def test_a_migration_that_is_killed_leaves_a_ledger_of_version_5(version_5):
    """Whatever of it was done already; the next start does it all, and says how far it is."""
    before = told(version_5)

    def killed_at(far: int) -> Callable[[int], None]:
        def how_far(percent: int) -> None:
            if percent >= far:
                raise KeyboardInterrupt

        return how_far

    for far in (0, 10, 35, 65, 90):
        with pytest.raises(KeyboardInterrupt):
            Ledger(version_5, killed_at(far))
        with closing(sqlite3.connect(version_5)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (5,)
        assert told(version_5) == before
    heard: list[int] = []
    for _ in range(2):
        assert is_older(version_5) is not bool(heard)
        with closing(Ledger(version_5, heard.append)) as ledger:
            assert len(ledger.runs()) == 5
    assert heard == sorted(heard)
    assert {0, 10, 35, 65} <= set(heard)
    assert 90 <= heard[-1] < 100


@pytest.mark.parametrize("program", ["this", "another"])
def test_a_ledger_that_two_open_at_once_is_migrated_by_one_of_them(version_5, monkeypatch, program):
    """The other one waits, and finds it done; the copy is of what was before."""
    keep, second, told = migrations._keep_copy, [], []
    if program == "another":
        monkeypatch.setattr("bulkops.ledger.sqlite._OPENING", nullcontext())
    else:  # in this one it takes as long as it takes
        monkeypatch.setattr("bulkops.ledger.sqlite._PATIENCE", 0)

    def meanwhile(*arguments):
        monkeypatch.setattr(migrations, "_keep_copy", keep)
        second.append(threading.Thread(target=lambda: Ledger(version_5, told.append).close()))
        second[0].start()
        # It has come as far as it can; were it not to wait, it would go on.
        second[0].join(0.2)
        assert second[0].is_alive()
        keep(*arguments)

    monkeypatch.setattr(migrations, "_keep_copy", meanwhile)
    with closing(Ledger(version_5)) as ledger:
        assert len(ledger.runs()) == 5
    second[0].join()
    assert told == []
    with closing(sqlite3.connect(version_5.with_name("ledger before version 6.sqlite3"))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (5,)


# A run that is resumed

LEFT = {
    "planned": None,
    "stopped": (Status.NOT_SENT, "row.stopped"),
    "held": (Status.NOT_SENT, "row.held"),
    "not reached": (Status.NOT_SENT, "sent.not_reached"),
    "not trusted": (Status.NOT_SENT, "sent.not_trusted"),
    "no right": (Status.FAILED, "sent.no_right"),
    "proxy": (Status.FAILED, "sent.proxy"),
    "busy": (Status.FAILED, "sent.busy"),
    "done": (Status.DONE, ""),
    "refused": (Status.FAILED, "sent.refused"),
    "unknown": (Status.UNKNOWN, "sent.no_answer"),
    "on its way": None,
}


def cut_short(ledger: Ledger) -> Plan:
    """A run that ended in every way in which a row can end."""
    rows = [kickout(n, comment=name) for n, name in enumerate(LEFT)]
    plan = plan_of(*rows, replace(kickout(len(LEFT)), hidden=True))
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        ending = LEFT[step.row.values["comment"]]
        if step.row.values["comment"] == "on its way":
            ledger.intend("r", step, AT)
        elif ending and not ending[1].startswith("row."):
            ledger.intend("r", step, AT)
            ledger.conclude("r", replace(done(step), status=ending[0], code=ending[1]))
    stopped = (step for step in plan.steps if step.row.values["comment"] in ("stopped", "held"))
    unsent = [outcome_of(step.row, Status.NOT_SENT, code=f"row.{step.row.values['comment']}") for step in stopped]
    ledger.finish("r", unsent, None)
    ledger.settle_interrupted(words)
    return plan


def test_what_a_run_left_undone_comes_back_as_it_was_read(ledger, path):
    """Rows that were not carried out for a reason outside them, with every value, warning and address."""
    plan = cut_short(ledger)
    left = ledger.resumable("r")
    assert [row.values["comment"] for row in left] == list(LEFT)[:8]
    assert left == [step.row for step in plan.steps[:8]]
    again = plan_of(*left, history=ledger)
    assert [step.fingerprint for step in again.steps] == [step.fingerprint for step in plan.steps[:8]]


def test_how_many_rows_are_left_of_the_runs_is_known_without_reading_their_rows(ledger):
    """As many as come back, run by run: also of rows whose last attempt was another than the one that is left."""
    for name in ("r", "twice", "over"):
        plan = plan_of(*(kickout(n, 10 * len(name) + n) for n in range(7)), replace(kickout(7), hidden=True))
        ledger.begin(run_named(name), plan, HERE)
        for step, ending in zip(plan.steps, ENDINGS["r"], strict=False):
            sent_or_not(ledger, name, step, *ending)
        ledger.finish(name, [outcome_of(step.row, Status.NOT_SENT) for step in plan.steps], None)
        if name != "r":
            again = plan_of(*ledger.resumable(name), history=ledger)
            ledger.begin_again(name, again, HERE)
            for step, ending in zip(again.steps, ENDINGS[name], strict=True):
                sent_or_not(ledger, name, step, *ending)
            ledger.finish(
                name, [outcome_of(step.row, Status.NOT_SENT, code="row.stopped") for step in again.steps], None
            )
    assert ledger.left() == {"r": 5, "twice": 3}
    assert {run.id: len(ledger.resumable(run.id)) for run in ledger.runs()} == {"r": 5, "twice": 3, "over": 0}


ENDINGS = {
    "r": [
        *((Status.DONE, ""), (Status.FAILED, "sent.refused"), (Status.FAILED, "sent.busy")),
        *((Status.NOT_SENT, "sent.proxy"), (Status.NOT_SENT, "sent.not_reached"), (None, "")),
    ],
    "twice": [
        *((Status.FAILED, "sent.busy"), (Status.FAILED, "sent.refused"), (Status.DONE, "")),
        *((None, ""), (Status.NOT_SENT, "sent.busy")),
    ],
    "over": [(Status.DONE, ""), (Status.UNKNOWN, "sent.no_answer"), *[(Status.FAILED, "sent.refused")] * 3],
}
"""What becomes of a run's rows, and, when it is resumed, of those that it had left."""


def sent_or_not(ledger: Ledger, run: str, step: Step, status: Status | None, code: str) -> None:
    if status is not None:
        ledger.intend(run, step, AT)
        ledger.conclude(run, replace(done(step), status=status, code=code))


def test_every_kind_of_value_survives_the_ledger(ledger):
    """Lists of ids, amounts, flags, blanks and odd letters make the same request after a resume."""
    edit = flag_edit(0, 2001, assignees=(101, 102), cost_recovery=12.35, comment="Zoë \U0001f600", hold=True)
    warned = replace(edit, warnings=(Problem("c", "A!B2", "a warning", "t"),), columns={"list_id": "A"})
    plan = plan_of(warned)
    ledger.begin(run_named("r"), plan, HERE)
    (row,) = ledger.resumable("r")
    assert plan_of(row).steps[0].fingerprint == plan.steps[0].fingerprint
    assert row.warnings == (Problem("", "", "a warning", ""),)
    assert (row.columns, row.sheet, row.number, row.seq) == (edit.columns or {"list_id": "A"}, "Flag edits", 2, 0)


def test_a_resumed_run_sends_what_was_left_and_nothing_else(ledger):
    """Each row that was left may be sent once more; every other one is refused, whatever the plan says."""
    plan = cut_short(ledger)
    careless = plan_of(*(step.row for step in plan.steps))
    again = plan_of(*ledger.resumable("r"), history=ledger)
    ledger.begin_again("r", again, HERE)
    assert (ledger.runs()[0].ended, ledger.runs()[0].totals) == (None, None)
    for step in careless.steps:
        if step.row.values["comment"] in ("done", "refused", "unknown", "on its way"):
            with pytest.raises(MustStop, match="second time"):
                ledger.intend("r", step, AT)
    for step in again.steps:
        ledger.intend("r", step, AT, "Sam")
        with pytest.raises(MustStop):
            ledger.intend("r", step, AT)
        ledger.conclude("r", done(step))
        with pytest.raises(MustStop):
            ledger.intend("r", step, AT)
    ledger.finish("r", [], "r.xlsx")
    assert ledger.counts("r") == {"done": 9, "failed": 1, "unknown": 2, "not_sent": 1}
    assert ledger.resumable("r") == []
    past = ledger.past(HERE, [step.matter for step in careless.steps]).values()
    assert {each.who for sent in past for each in sent} == {"", "Sam"}


def test_a_resumed_run_keeps_to_the_codes_that_it_was_planned_with(ledger):
    """Typed in the row or meant for all of them: a code that is not the last send's any more lets nothing go."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("a"), plan, HERE)
    for step in plan.steps:
        send(ledger, "a", step)
    codes = [code_of(ledger, "a", seq) for seq in range(2)]
    typed = plan_of(again(kickout(0), codes[0]), kickout(1), history=ledger, send_again=True)
    ledger.begin(run_named("r"), typed, HERE)
    left = ledger.resumable("r")
    assert [row.values["send_again"] for row in left] == codes
    assert [step.released for step in plan_of(*left, history=ledger).steps] == codes
    ledger.begin(run_named("b"), typed, HERE)
    send(ledger, "b", typed.steps[0], Status.UNKNOWN)
    later = plan_of(*left, history=ledger)
    assert facts(later.decided) == [(0, "unknown", "row.still_unknown")]
    assert later.decided[0].send_again_code == code_of(ledger, "b")
    assert [step.released for step in later.steps] == codes[1:]


def test_a_row_that_failed_for_no_known_reason_is_not_resumed(ledger):
    """Only what is known to lie outside the row brings it back."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0], Status.FAILED)
    assert ledger.outcomes("r")[0].code == ""
    assert ledger.resumable("r") == []


def test_a_row_that_is_tried_again_and_not_reached_keeps_its_last_word(ledger, path):
    """A run may be resumed as often as it takes; the latest attempt is the row's."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    for round in range(3):
        if round:
            ledger.begin_again("r", plan, HERE)
        ledger.intend("r", plan.steps[0], AT)
        ledger.conclude(
            "r", replace(done(plan.steps[0]), status=Status.NOT_SENT, code="sent.not_reached", tip=str(round))
        )
        ledger.finish("r", [outcome_of(plan.steps[0].row, Status.NOT_SENT, code="row.stopped")], None)
        assert [each.tip for each in ledger.outcomes("r")] == [str(round)]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT round FROM attempts ORDER BY id").fetchall() == [(0,), (1,), (2,)]


def test_rows_that_a_resumed_run_finds_done_elsewhere_say_so(ledger):
    """What another run has done meanwhile stands in the resumed run as already done."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.begin(run_named("other"), plan, HERE)
    send(ledger, "other", plan.steps[0])
    again = plan_of(*ledger.resumable("r"), history=ledger)
    ledger.begin_again("r", again, HERE)
    ledger.finish("r", [], None)
    assert facts(ledger.outcomes("r")) == [(0, "already_done", "row.already_done"), (1, "not_sent", "")]


# The reserve

NO_FILE = errno.EACCES if os.name == "nt" else errno.EISDIR
"""What the system says of a folder where a file should be."""


def forbid(ledger: Ledger, on: bool) -> None:
    with ledger._store.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


def test_an_outcome_that_the_ledger_cannot_take_is_not_lost(ledger, path):
    """It is kept beside the ledger, and the next start takes it over, with what was seen."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        ledger.intend("r", step, AT)
    forbid(ledger, True)
    known = done(plan.steps[0], message="Zoë")
    with pytest.raises(MustStop):
        ledger.conclude("r", known, {"status": 200})
    with pytest.raises(MustStop):
        ledger.finish("r", [], None)
    assert states(path) == [INTENT, INTENT]
    ledger.close()
    with closing(Ledger(path)) as later:
        assert later.settle_interrupted(words) == 1
        assert later.outcomes("r")[0] == replace(known, send_again_code=code_of(later, "r"))
        assert later.outcomes("r")[1].code == "sent.interrupted"
        assert later.settle_interrupted(words) == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT evidence FROM attempts ORDER BY id").fetchone() == ('{"status": 200}',)


def test_a_ledger_that_recovers_takes_over_at_the_end_of_the_run(ledger, path):
    """Room was made meanwhile: the run ends with every outcome in its place, and the reserve is empty."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    with pytest.raises(MustStop):
        ledger.conclude("r", done(plan.steps[0]))
    forbid(ledger, False)
    ledger.finish("r", [], "r.xlsx")
    assert ledger.runs()[0].totals == {"done": 1}
    assert Reserve(path.with_name("ledger.reserve")).kept() == []


def test_what_was_taken_over_is_not_taken_over_again(ledger, path):
    """Killed between taking over and emptying: a later attempt of the same row is not given the old outcome."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    reserve = path.with_name("ledger.reserve")
    with pytest.raises(MustStop):
        ledger.conclude("r", replace(done(plan.steps[0]), status=Status.NOT_SENT, code="sent.not_reached"))
    forbid(ledger, False)
    full = reserve.read_bytes()
    ledger.settle_interrupted(words)
    ledger.begin_again("r", plan, HERE)
    ledger.intend("r", plan.steps[0], "2026-11-21T11:00:00Z")
    reserve.write_bytes(full)
    assert ledger.settle_interrupted(words) == 1
    assert ledger.outcomes("r")[0].code == "sent.interrupted"


def test_without_room_for_a_reserve_no_run_begins(ledger, path):
    """Room for the outcomes comes before the first intent."""
    plan, place = plan_of(kickout(0)), path.with_name("ledger.reserve")
    place.mkdir()
    for begin in (lambda: ledger.begin(run_named("r"), plan, HERE), lambda: ledger.begin_again("r", plan, HERE)):
        with pytest.raises(MustStop) as error:
            begin()
        assert error.value.code == "ledger.unusable"
        assert f"({place}) cannot be used: {os.strerror(NO_FILE)}. Nothing" in str(error.value)
    assert ledger.runs() == []


def test_what_may_stand_in_a_reserve_that_cannot_be_read_is_not_passed_over(ledger, path):
    """An outcome might be in it: no row is called unknown, and no run closed, before it has been read."""
    plan, place = plan_of(kickout(0)), path.with_name("ledger.reserve")
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    place.unlink()
    place.mkdir()
    for act in (lambda: ledger.settle_interrupted(words), lambda: ledger.finish("r", [], None)):
        with pytest.raises(MustStop) as error:
            act()
        assert error.value.code == "ledger.unusable"
        assert f"({place}) cannot be used: {os.strerror(NO_FILE)}. Nothing" in str(error.value)
    assert states(path) == [INTENT]
    assert ledger.runs()[0].ended is None
    assert [each.status for each in ledger.outcomes("r")] == [Status.UNKNOWN]


def test_a_reserve_that_fails_too_leaves_the_row_in_doubt(ledger, path):
    """The ledger's own trouble is what is told, and the intent stands."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    path.with_name("ledger.reserve").unlink()
    with pytest.raises(MustStop, match="readonly"):
        ledger.conclude("r", done(plan.steps[0]))
    forbid(ledger, False)
    assert states(path) == [INTENT]


def test_a_reserve_that_cannot_be_emptied_does_not_undo_the_end_of_a_run(ledger, monkeypatch):
    """What it holds is in the ledger by then."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)

    def broken(_: int) -> None:
        raise OSError(5, "the disk does not answer")

    monkeypatch.setattr(os, "fsync", broken)
    assert ledger.settle_interrupted(words) == 1
    ledger.finish("r", [], None)
    assert ledger.runs()[0].totals == {"unknown": 1, "not_sent": 1}


def test_the_reserve_has_a_place_for_every_row_on_its_way_and_one_more(tmp_path):
    """All come back in the order in which they were kept; whatever finds no place is said so."""
    made = Reserve(tmp_path / "ledger.reserve")
    made.make()
    entries = [{"seq": number, "outcome": "Zoë \N{GRINNING FACE}" * number} for number in range(reserve.SLOTS)]
    for entry in entries:
        made.keep(entry)
    with pytest.raises(OSError, match=r"^the reserve has no room for it$"):
        made.keep({})
    assert Reserve(made.path).kept() == entries
    made.clear()
    assert made.kept() == []
    made.keep(entries[1])
    assert made.kept() == entries[1:2]


def test_an_entry_of_the_reserve_fills_one_place_and_no_more(tmp_path):
    """The longest that fits is kept beside others; one byte more is refused, and harms no other."""
    made = Reserve(tmp_path / "ledger.reserve")
    made.make()
    room = reserve.SLOT - len(reserve._MARK) - 4 - 32
    longest = {"a": "", "b": "x" * (room - len('{"a":"","b":""}'))}
    made.keep(longest)
    with pytest.raises(OSError, match="no room"):
        made.keep({**longest, "a": "y"})
    made.keep({"a": 1})
    assert made.kept() == [longest, {"a": 1}]


def test_what_one_version_kept_the_next_one_reads(tmp_path):
    """The entry's place and form: who changes them has to read these, too, for a program may be updated in between."""
    data = b'{"seq":7}'
    entry = b"bulkops outcome\n" + bytes([0, 0, 0, len(data)]) + hashlib.sha256(data).digest() + data
    (tmp_path / "ledger.reserve").write_bytes(entry.ljust(16 * 1024, b"\xff") + entry)
    assert Reserve(tmp_path / "ledger.reserve").kept() == [{"seq": 7}, {"seq": 7}]


def test_an_entry_that_was_not_written_to_its_end_is_none(tmp_path):
    """Killed while writing it, or spoilt since: the others stand."""
    made = Reserve(tmp_path / "ledger.reserve")
    made.make()
    for number in range(3):
        made.keep({"seq": number})
    content = bytearray(made.path.read_bytes())
    end = reserve.SLOT + reserve._HEAD + len(json.dumps({"seq": 1}, separators=(",", ":")))
    content[end - 1] ^= 1
    made.path.write_bytes(content)
    assert made.kept() == [{"seq": 0}, {"seq": 2}]


def test_the_reserves_place_on_the_disk_is_taken_once(tmp_path):
    """Written whole, and not written again while it is whole; cut short, it is made anew."""
    made = Reserve(tmp_path / "ledger.reserve")
    assert made.kept() == []
    made.make()
    content = made.path.read_bytes()
    assert len(content) == reserve.SLOTS * reserve.SLOT
    made.keep({"seq": 1})
    made.make()
    assert made.kept() == []
    assert made.path.read_bytes()[reserve.SLOT :] == content[reserve.SLOT :]
    made.path.write_bytes(content[:-1])
    made.make()
    assert len(made.path.read_bytes()) == reserve.SLOTS * reserve.SLOT


def test_what_the_reserve_keeps_is_told_before_it_is_taken_over(ledger, path):
    """The history shows what the run knew, not a doubt, although no run has started since."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    with pytest.raises(MustStop):
        ledger.conclude("r", done(plan.steps[0]))
    assert ledger.outcomes("r") == [done(plan.steps[0], send_again_code=code_of(ledger, "r"))]
    assert ledger.counts("r") == {"done": 1}
    assert facts(plan_of(kickout(0), history=ledger).decided) == [(0, "already_done", "row.already_done")]


@pytest.mark.parametrize(
    ("status", "code", "left", "again"),
    [
        (Status.NOT_SENT, "sent.not_reached", 1, [[0]]),
        (Status.FAILED, "sent.refused", 0, [[0]]),
        (Status.UNKNOWN, "sent.no_answer", 0, []),
    ],
)
def test_whatever_the_reserve_keeps_a_check_says_what_the_run_said(ledger, status, code, left, again):
    """Not carried out is free to be sent, in doubt stays in doubt, what can be resumed is offered."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    with pytest.raises(MustStop):
        ledger.conclude("r", replace(done(plan.steps[0]), status=status, code=code))
    assert ledger.counts("r") == {status.value: 1}
    assert len(ledger.resumable("r")) == left
    assert seqs(plan_of(kickout(0), history=ledger)) == again


@pytest.mark.parametrize("left", [None, b""], ids=["missing", "empty"])
def test_a_ledger_that_is_gone_is_missed(ledger, path, left):
    """Without it everything would be sent again: the reserve shows that there was one."""
    ledger.begin(run_named("r"), plan_of(kickout(0)), HERE)
    ledger.close()
    for each in path.parent.glob("ledger.sqlite3*"):
        each.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(CannotStart) as error:
        Ledger(path)
    assert error.value.code == "ledger.gone"
    assert f"({path}) is gone, but ledger.reserve beside it" in str(error.value)
    path.with_name("ledger.reserve").unlink()
    with closing(Ledger(path)) as begun_anew:
        assert begun_anew.runs() == []


def test_what_was_seen_gives_way_to_what_it_came_to(path):
    """An outcome whose evidence is too long for its slot is kept without it."""
    made = Reserve(path)
    made.make()
    made.keep({"seq": 1, "outcome": "done", "evidence": "x" * reserve.SLOT})
    assert made.kept() == [{"seq": 1, "outcome": "done", "evidence": None}]


# Many workers, one write


def test_workers_who_wait_for_the_disk_are_written_in_pairs_each_with_its_own_fate(ledger, path):
    """One row too many in flight breaks its own rule and nobody else's; all others are durable."""
    rows = [kickout(n) for n in range(8)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    stranger = plan_of(kickout(50)).steps[0]
    steps = [*plan.steps, stranger, plan.steps[0]]
    failed: list[int] = []
    commits: list[str] = []
    sa.event.listen(ledger._store.engine, "commit", lambda _: commits.append("commit"))

    def intend(number: int) -> None:
        try:
            ledger.intend("r", steps[number], AT)
        except MustStop:
            failed.append(number)

    ledger._store.lock.acquire()
    threads = [threading.Thread(target=intend, args=(number,)) for number in range(len(steps))]
    for number, thread in enumerate(threads):
        thread.start()
        while len(ledger._store.waiting) <= number:
            pass
    ledger._store.lock.release()
    for thread in threads:
        thread.join()
    assert sorted(failed) in ([8, 9], [0, 8])  # 0 and 9 are one row: whichever came first
    assert states(path) == [INTENT] * 8
    assert len(commits) == len(steps) / 2


def test_a_write_that_fails_fails_for_all_who_were_in_it(ledger, path):
    """Nobody is told that an intent is durable which is not."""
    plan = plan_of(*(kickout(n) for n in range(4)))
    ledger.begin(run_named("r"), plan, HERE)
    forbid(ledger, True)
    failed: list[str] = []

    def intend(step: Step) -> None:
        try:
            ledger.intend("r", step, AT)
        except MustStop as error:
            failed.append(error.sentence)

    ledger._store.lock.acquire()
    threads = [threading.Thread(target=intend, args=(step,)) for step in plan.steps]
    for number, thread in enumerate(threads):
        thread.start()
        while len(ledger._store.waiting) <= number:
            pass
    ledger._store.lock.release()
    for thread in threads:
        thread.join()
    (reason,) = set(failed)
    assert len(failed) == 4
    assert f"({path}) cannot be used: attempt to write a readonly database." in reason
    assert states(path) == [PLANNED] * 4


def test_a_defect_of_ours_is_not_called_a_trouble_of_the_ledger(ledger, path):
    """What cannot even be handed to the file is told as it is; nothing was changed, and the next change is made."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with pytest.raises(UnicodeEncodeError):
        ledger.intend("r", plan.steps[0], "\ud800")
    assert states(path) == [PLANNED]
    ledger.intend("r", plan.steps[0], AT)
    assert states(path) == [INTENT]


# A ledger of version 3


def typed(row: CheckedRow) -> Plan:
    """A plan as bulkops made it while the order of users counted: as they are typed, and known by that."""
    (step,) = plan_of(row).steps
    call = replace(step.call, body={**(step.call.body or {}), "assignees": list(row.values["assignees"])})
    fingerprint = call.fingerprint(HERE)
    return Plan((((replace(step, call=call, fingerprint=fingerprint, matter=fingerprint),),),), ())


def users(*ids: int, seq: int = 0, **values: object) -> CheckedRow:
    return flag_edit(seq, 2001, assignees=ids, comment="x", **values)


@pytest.fixture(params=[1, 2, 3])
def unordered(request, path, tmp_path) -> Path:
    """An older ledger: a list was given to the users 102 and 101, in this order, and to 7 alone."""
    plans = [typed(users(102, 101)), typed(users(7))]
    if request.param == 1:
        script = (Path(__file__).parent / "expected" / "ledger-1.sql").read_text(encoding="utf-8")
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
            call = plans[0].steps[0].call
            connection.execute(
                "UPDATE lines SET body = ?, fingerprint = ? WHERE run = 'first' AND seq = 4",
                (call.encoded().decode(), call.fingerprint(HERE)),
            )
            connection.commit()
        return path
    newer = tmp_path / "newer.sqlite3"
    with closing(Ledger(newer)) as ledger:
        for name, plan in zip("ab", plans, strict=True):
            ledger.begin(run_named(name), plan, HERE)
            send(ledger, name, plan.steps[0])
    as_version(request.param, newer, path)
    return path


@pytest.mark.parametrize("ids", [(101, 102), (102, 101)])
def test_users_in_another_order_were_the_same_request_before_too(unordered, ids):
    """What an older bulkops sent is done, however the users are typed now; the ledger's own guard knows it as well."""
    with closing(Ledger(unordered)) as ledger:
        later = plan_of(users(*ids), users(101, seq=1), history=ledger)
        assert [code for _, _, code in facts(later.decided)] == ["row.already_done"]
        assert seqs(later) == [[1]]
        unknowing = plan_of(users(*ids))
        ledger.begin(run_named("later"), unknowing, HERE)
        with pytest.raises(MustStop, match="second time"):
            ledger.intend("later", unknowing.steps[0], AT)
    with closing(sqlite3.connect(unordered)) as connection:
        assert connection.execute("SELECT count(*) FROM lines WHERE body LIKE '%[102,101]%'").fetchone() == (1,)
        assert connection.execute(
            "SELECT count(*) FROM lines WHERE fingerprint <> matter AND body LIKE '%assignees%'"
        ).fetchone() == (0,)
