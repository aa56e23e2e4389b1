"""A run that is resumed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from steps import HERE, again, facts, flag_edit, kickout, plan_of, run_named

from bulkops.ledger import Ledger
from bulkops.messages.errors import MustStop
from bulkops.model.outcomes import Status, outcome_of
from bulkops.model.plan import Step
from bulkops.model.rows import Problem
from ledger.support import (
    AT,
    LEFT,
    code_of,
    cut_short,
    done,
    send,
)


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
    prior = ledger.prior_attempts(HERE, [step.idempotency_key for step in careless.steps]).values()
    assert {each.who for sent in prior for each in sent} == {"", "Sam"}


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
