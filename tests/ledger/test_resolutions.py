"""The word of an operator who has looked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from steps import HERE, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops.ledger import Ledger
from bulkops.messages.errors import MustStop
from bulkops.model.history import LaterSend, Resolution, ResolutionHistory, ResolutionKind
from bulkops.model.outcomes import Status
from ledger.support import (
    AT,
    careless,
    code_of,
    doubt_of,
    mark,
    marking_refused,
    plan_elsewhere,
    released,
    send,
    states,
    words,
)

ROWS = [kickout(0), flag_edit(0, 2001)]


@pytest.mark.parametrize("row", ROWS)
def test_the_guard_holds_for_what_is_marked_as_done(ledger, row):
    """Whatever the plan says: a mark alone is no release, only the one that says so."""
    doubt_of(ledger, "a", row)
    mark(ledger, "a", ResolutionKind.DONE)
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "b", row)
    (outcome,) = plan_of(row, history=ledger).decided
    assert (outcome.status, outcome.code) == (Status.ALREADY_DONE, "row.marked_done")


@pytest.mark.parametrize("row", ROWS)
def test_what_is_marked_to_be_sent_again_is_sent_once(ledger, row):
    """The send that a mark lets go is a new doubt if it becomes unknown: the mark stays with the old one."""
    doubt_of(ledger, "a", row)
    mark(ledger, "a", ResolutionKind.SEND_AGAIN)
    (step,) = plan_of(row, history=ledger).steps
    assert (step.released, step.prior_attempt.status) == ("", Status.UNKNOWN)
    doubt_of(ledger, "b", row)
    assert facts(plan_of(row, history=ledger).decided) == [(0, "unknown", "row.still_unknown")]
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "c", row)
    assert [(each.run, each.seq) for each in ledger.unknown_outcomes()] == [("b", 0)]
    mark(ledger, "b", ResolutionKind.SEND_AGAIN)
    careless(ledger, "d", row)


def test_a_mark_releases_nothing_that_another_run_sent(ledger):
    """The same task with other settings, sent later or before, stays what it is."""
    other = kickout(0, mode="new batch")
    doubt_of(ledger, "a", kickout(0))
    plan = released(other, code_of(ledger, "a"))
    ledger.begin(run_named("b"), plan, HERE)
    send(ledger, "b", plan.steps[0], Status.UNKNOWN)
    mark(ledger, "a", ResolutionKind.SEND_AGAIN)
    for row in (kickout(0), other):
        assert facts(plan_of(row, history=ledger).decided) == [(0, "unknown", "row.still_unknown")]
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "c", kickout(0))
    assert [each.run for each in ledger.unknown_outcomes()] == ["b"]
    mark(ledger, "b", ResolutionKind.DONE)
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
    since = LaterSend("2026-11-21T10:00:01Z", "", "c.xlsx")
    assert (ledger.unknown_outcomes(), ledger.resolutions("a")) == ([], {0: ResolutionHistory(since=since)})
    assert ledger.resolved() == {name: [(None, True, 1)] for name in "ab"}
    doubt_of(ledger, "d", flag_edit(0, 2001))
    plan = released(flag_edit(0, 2001), code_of(ledger, "d"))
    ledger.begin(run_named("e"), plan, HERE)
    send(ledger, "e", plan.steps[0], Status.UNKNOWN)
    mark(ledger, "e", ResolutionKind.SEND_AGAIN)
    assert [each.run for each in ledger.unknown_outcomes()] == ["d"]
    mark(ledger, "d", ResolutionKind.SEND_AGAIN)
    assert plan_of(flag_edit(0, 2001), history=ledger).steps


def test_a_mark_is_corrected_by_a_later_one(ledger, path):
    """Both stay, by whom and when, and the last counts; what was seen of the send stays too."""
    doubt_of(ledger, "a", kickout(0))
    seen = ledger.outcomes("a")
    said = []
    for kind in (ResolutionKind.SEND_AGAIN, ResolutionKind.DONE, ResolutionKind.SEND_AGAIN, ResolutionKind.DONE):
        mark(ledger, "a", kind)
        said.append(Resolution(kind, "Sam", "2026-11-21T12:00:00Z"))
        assert marking_refused(ledger, "a", kind=kind)[0] == "doubt.marked"
        assert (ledger.resolutions("a")[0].resolutions, ledger.outcomes("a"), ledger.unknown_outcomes()) == (
            tuple(said),
            seen,
            [],
        )
        assert [unknown.run for unknown in ledger.unknown_outcomes(marked=True)] == ["a"]
        assert len(plan_of(kickout(0), history=ledger).steps) == (kind is ResolutionKind.SEND_AGAIN)
    with pytest.raises(MustStop, match="second time"):
        careless(ledger, "b", kickout(0))
    assert (
        "marked as done after all by Sam on 2026-11-21 12:00:00 UTC"
        in marking_refused(ledger, "a", kind=ResolutionKind.DONE)[1]
    )
    ledger.close()
    with closing(Ledger(path)) as opened:
        assert (opened.resolutions("a"), opened.resolutions("b")) == ({0: ResolutionHistory(tuple(said))}, {})
        assert opened.unknown_outcomes() == []
    assert states(path)[0] == "unknown"


def test_a_mark_is_not_corrected_once_the_same_was_sent_again(ledger):
    """Only while that send holds: were it refused, the older one would count again."""
    doubt_of(ledger, "a", kickout(0))
    mark(ledger, "a", ResolutionKind.SEND_AGAIN)
    plan = plan_of(kickout(0))
    ledger.begin(run_named("b"), plan, HERE)
    send(ledger, "b", plan.steps[0], Status.FAILED)
    mark(ledger, "a", ResolutionKind.DONE)
    mark(ledger, "a", ResolutionKind.SEND_AGAIN)
    doubt_of(ledger, "c", kickout(0))
    assert marking_refused(ledger, "a", kind=ResolutionKind.DONE)[0] == "doubt.sent_since"


def test_a_mark_is_of_its_row_alone(ledger):
    """The other rows of the run that are in doubt stay so."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("a"), plan, HERE)
    for step in plan.steps:
        send(ledger, "a", step, Status.UNKNOWN)
    mark(ledger, "a", ResolutionKind.SEND_AGAIN, 1)
    assert [each.seq for each in ledger.unknown_outcomes()] == [2, 0]
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
    ledger.conclude_interrupted(words)
    assert [(each.run, each.seq, each.tip) for each in ledger.unknown_outcomes()] == [
        ("a", 2, f"look at {task(3)}, then type {code_of(ledger, 'a', 2)}")
    ]
    assert not ledger.in_flight()
    mark(ledger, "a", ResolutionKind.DONE, 2)


def test_a_mark_is_of_its_environment_alone(ledger):
    """The same row in doubt in two: each has its own word."""
    doubt_of(ledger, "a", kickout(0))
    elsewhere = "https://app.energycap.com"
    plan = plan_elsewhere(elsewhere)
    ledger.begin(run_named("b"), plan, elsewhere)
    send(ledger, "b", plan.steps[0], Status.UNKNOWN)
    assert [[each.run for each in ledger.unknown_outcomes(where)] for where in (None, HERE, elsewhere)] == [
        ["b", "a"],
        ["a"],
        ["b"],
    ]
    mark(ledger, "a", ResolutionKind.SEND_AGAIN)
    again = plan_elsewhere(elsewhere, ledger)
    assert (again.steps, [each.status for each in again.decided]) == ([], [Status.UNKNOWN])
