"""What a ledger tells of what was sent, quickly however much it holds."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from steps import HERE, KICKOUT, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops.ledger import Account, Ledger
from bulkops.ledger.codes import is_code
from bulkops.ledger.schema import PLANNED
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status, outcome_of
from bulkops.model.plan import Plan
from bulkops.model.requests import Accepted
from ledger.support import (
    AT,
    code_of,
    cut_short,
    done,
    doubt_of,
    idempotency_keys,
    mark,
    marking_refused,
    released,
    send,
    states,
    words,
)


def test_an_intent_without_an_outcome_becomes_unknown(ledger, path):
    """A program that is gone cannot say what became of the row; the operator is told where to look."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    assert ledger.conclude_interrupted(words) == 1
    assert ledger.conclude_interrupted(words) == 0
    assert states(path) == ["done", "unknown", PLANNED]
    outcome = ledger.outcomes("r")[1]
    assert (outcome.status, outcome.code, outcome.started) == (Status.UNKNOWN, "sent.interrupted", AT)
    told = (f"{KICKOUT} was interrupted", f"look at {task(2)}, then type {outcome.send_again_code}")
    assert (outcome.message, outcome.tip) == told
    assert is_code(outcome.send_again_code)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM attempts WHERE ended IS NULL").fetchone() == (0,)


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
    prior = ledger.prior_attempts(HERE, idempotency_keys(*rows))
    first, _, _, fourth, _ = idempotency_keys(*rows)
    assert set(prior) == {first, fourth}
    codes = [code_of(ledger, name) for name in "ba"]
    assert [(each.status, each.run, each.who, each.workbook, each.code, each.released) for each in prior[first]] == [
        (Status.UNKNOWN, "b", "Pat", "b.xlsx", codes[0], ""),
        (Status.DONE, "a", "Pat", "a.xlsx", codes[1], codes[0]),
    ]
    assert [(each.fingerprint, each.status) for each in prior[fourth]] == [(plan.steps[3].fingerprint, Status.UNKNOWN)]


def test_the_past_tells_of_what_a_code_let_go_though_it_holds_nothing_back(ledger):
    """So that a row can say that its code is used once more."""
    doubt_of(ledger, "a", kickout(0))
    plan = released(kickout(0), code_of(ledger, "a"))
    ledger.begin(run_named("b"), plan, HERE)
    send(ledger, "b", plan.steps[0], Status.FAILED)
    (sent,) = ledger.prior_attempts(HERE, idempotency_keys(kickout(0))).values()
    assert [(each.run, each.status, each.released, each.blocks_resend) for each in sent] == [
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
    prior = ledger.prior_attempts(HERE, idempotency_keys(*rows))
    told = [each.accepted for key in idempotency_keys(*rows) for each in prior[key]]
    assert told == [Accepted(new_task_guid=task(99)), Accepted(selected=12, updated=7)]


def test_the_past_is_that_of_what_is_asked_about(ledger):
    """A workbook asks about its own rows, however many they are, and hears of them all that the ledger knows."""
    rows = [kickout(n) for n in range(7)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        send(ledger, "r", step)
    whole = ledger.prior_attempts(HERE, idempotency_keys(*rows))
    assert len(whole) == 7
    asked = {*idempotency_keys(kickout(1), kickout(4)), 'it\'s "odd" ü'}
    assert ledger.prior_attempts(HERE, asked) == {key: sent for key, sent in whole.items() if key in asked}
    assert ledger.prior_attempts(HERE, [*idempotency_keys(*rows), *map(str, range(50_000))]) == whole
    assert ledger.prior_attempts(HERE, ()) == {}
    assert ledger.prior_attempts("https://app.energycap.com", idempotency_keys(*rows)) == {}


def test_what_the_ledger_holds_decides_the_next_plan(ledger):
    """Done rows are done, doubts stay doubts, and what was refused or not sent is sent."""
    rows = [kickout(n) for n in range(4)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    send(ledger, "r", plan.steps[2], Status.FAILED)
    ledger.conclude_interrupted(words)
    later = plan_of(*rows, history=ledger)
    assert facts(later.decided) == [(0, "already_done", "row.already_done"), (1, "unknown", "row.still_unknown")]
    assert seqs(later) == [[2, 3]]


@pytest.fixture
def grown(ledger, path) -> Ledger:
    """A ledger with runs that ended in every way, and what SQLite has noted of it to plan by."""
    cut_short(ledger)
    for number in range(1, 40):
        name = f"run {number}"
        ledger.begin(run_named(name), plan := plan_of(*(kickout(n, number * 20 + n) for n in range(12))), HERE)
        for step in plan.steps[:10]:
            ledger.intend(name, step, AT)
            status = (Status.DONE, Status.DONE, Status.FAILED)[step.row.seq % 3]
            started = task(1000 + number * 20 + step.row.seq)
            ledger.conclude(name, replace(done(step), status=status, new_task_guid=started))
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
    keys = [step.idempotency_key for step in plan.steps]
    return {
        "prior_attempts": lambda: ledger.prior_attempts(HERE, keys, Account("Blue")),
        "knows_task": lambda: ledger.knows_task("now", task(99)),
        "in_flight": ledger.in_flight,
        "unknown_outcomes": ledger.unknown_outcomes,
        "unknown_outcomes here": lambda: ledger.unknown_outcomes(HERE, marked=True),
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
        "mark": lambda: mark(ledger, "r", ResolutionKind.DONE, 10),
        "mark refused": lambda: marking_refused(ledger, "r", 0),
        "intend": lambda: ledger.intend("now", plan.steps[1], AT),
        "conclude": lambda: ledger.conclude("now", done(plan.steps[0])),
        "conclude_interrupted": lambda: ledger.conclude_interrupted(words),
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
