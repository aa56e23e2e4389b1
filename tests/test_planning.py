"""Planning: the same rows and the same ledger give the same plan, and nothing is planned twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from steps import FLAG, HERE, KICKOUT, facts, flag_edit, kickout, plan_of, seqs, task

from bulkops.model import Accepted, Mark, Past, Plan, Problem, Release, Status, Verdict
from bulkops.operations import all_operations
from bulkops.planning import plan

DONE, UNKNOWN = Status.DONE, Status.UNKNOWN


def past(*sent: tuple[str, Status]) -> list[tuple[str, Past]]:
    """Earlier requests, oldest first."""
    return [
        (fingerprint, Past(status, f"2026-11-2{number}T10:00:00Z", "Pat", "july.xlsx", f"run-{number}"))
        for number, (fingerprint, status) in enumerate(sent)
    ]


def fingerprint(row) -> str:
    return all_operations()[row.operation].call(row.values).fingerprint(HERE)


def decide(row, *sent: tuple[str, Status], send_again: bool = False) -> list[tuple[int, str, str]]:
    """What becomes of a row with such a past: its decided outcome, or "sent"."""
    history = {(row.operation, row.target): past(*sent)}
    made = plan([row], all_operations(), history, HERE, send_again)
    return facts(made.decided) or [(step.row.seq, "sent", "") for step in made.steps]


def again(row):
    """The row with Yes in Send again."""
    return replace(row, values={**row.values, "send_again": True})


SELF = kickout(0, 1)
OTHER = kickout(0, 1, "smart batch", new_batch_code="JUL")
EDIT = flag_edit(0, 2001)
A, B, E = fingerprint(SELF), fingerprint(OTHER), fingerprint(EDIT)


def test_the_same_rows_and_ledger_give_the_same_plan():
    """No clock, no file, no chance: two plans of one input are equal, and the input is untouched."""
    rows = [kickout(0), flag_edit(1, 2001), replace(kickout(2), hidden=True), kickout(3)]
    history = {(KICKOUT, task(4)): past((fingerprint(rows[3]), DONE))}
    first, second = plan_of(*rows, history=history), plan_of(*rows, history=history)
    assert first == second
    assert isinstance(first, Plan)
    assert facts(first.decided) == [(2, "not_sent", "row.hidden"), (3, "already_done", "row.already_done")]
    assert [step.row.seq for step in first.steps] == [0, 1]


def test_every_row_is_either_a_step_or_decided():
    """No row is lost in planning, and none is there twice."""
    problem = Problem("guid.shape", "Kickouts!A3", "Kickouts!A3: not a GUID", "Copy it.")
    rows = [kickout(0), replace(kickout(1), problems=(problem,), values={}), replace(kickout(2), hidden=True)]
    made = plan_of(*rows)
    assert sorted([each.seq for each in made.decided] + [step.row.seq for step in made.steps]) == [0, 1, 2]


def test_a_hidden_row_is_not_sent():
    """Not even a good one, and the row says so."""
    assert decide(replace(SELF, hidden=True)) == [(0, "not_sent", "row.hidden")]
    assert decide(replace(again(SELF), hidden=True)) == [(0, "not_sent", "row.hidden")]
    (outcome,) = plan_of(replace(SELF, hidden=True)).decided
    assert outcome.message.startswith("Kickouts!2: ")


def test_an_invalid_row_says_everything_that_is_wrong_with_it():
    """All problems in one message; the first one's code and cell stand for the row."""
    first = Problem("guid.shape", "Kickouts!A2", "Kickouts!A2: not a GUID", "Copy it.")
    second = Problem("yesno.shape", "Kickouts!D2", "Kickouts!D2: neither", "Copy it.")
    third = replace(second, tip="Pick one.")
    row = replace(
        again(SELF), problems=(first, second, third), warnings=(replace(second, message="Beware."),), values={}
    )
    (outcome,) = plan_of(row).decided
    assert (outcome.status, outcome.code, outcome.cell) == (Status.INVALID, "guid.shape", "Kickouts!A2")
    assert outcome.message == "Kickouts!A2: not a GUID\nKickouts!D2: neither\nKickouts!D2: neither"
    assert (outcome.tip, outcome.warnings) == ("Copy it.\nPick one.", ("Beware.",))


@pytest.mark.parametrize(
    ("row", "sent", "expected"),
    [
        (SELF, [], "sent"),
        (SELF, [(A, DONE)], "already_done"),
        (SELF, [(A, UNKNOWN)], "unknown"),
        (SELF, [(A, DONE), (A, UNKNOWN)], "unknown"),
        (SELF, [(A, UNKNOWN), (A, DONE)], "already_done"),
        (SELF, [(B, DONE)], "invalid"),
        (SELF, [(B, UNKNOWN)], "unknown"),
        (SELF, [(B, UNKNOWN), (B, DONE)], "invalid"),
        (SELF, [(A, DONE), (B, DONE)], "already_done"),
        (SELF, [(A, UNKNOWN), (B, DONE)], "unknown"),
        (OTHER, [(A, UNKNOWN), (B, DONE)], "already_done"),
        (EDIT, [], "sent"),
        (EDIT, [(E, DONE)], "already_done"),
        (EDIT, [(E, UNKNOWN)], "unknown"),
        (EDIT, [("another edit", DONE)], "sent"),
        (EDIT, [("another edit", UNKNOWN)], "sent"),
    ],
)
def test_what_was_sent_before_is_not_sent_again_by_itself(row, sent, expected):
    """Done stays done, doubt stays doubt; a task done with other settings is refused, a list may be edited again."""
    codes = {
        "already_done": "row.already_done",
        "unknown": "row.still_unknown",
        "invalid": "row.target_done",
        "sent": "",
    }
    assert decide(row, *sent) == [(0, expected, codes[expected])]
    assert decide(again(row), *sent) == [(0, "sent", "")]


@pytest.mark.parametrize(
    ("row", "sent", "expected"),
    [
        (SELF, [(A, DONE)], "sent"),
        (SELF, [(A, UNKNOWN), (A, DONE)], "sent"),
        (SELF, [(A, UNKNOWN)], "unknown"),
        (SELF, [(A, DONE), (A, UNKNOWN)], "unknown"),
        (SELF, [(A, DONE), (B, UNKNOWN)], "unknown"),
        (SELF, [(A, UNKNOWN), (B, DONE)], "unknown"),
        (SELF, [(B, DONE)], "invalid"),
        (EDIT, [(E, DONE)], "sent"),
        (EDIT, [(E, UNKNOWN)], "unknown"),
    ],
)
def test_send_again_for_all_rows_releases_what_was_done_and_never_a_doubt(row, sent, expected):
    """--send-again repeats done rows; only a row's own Send again releases a doubt or other settings."""
    assert [status for _, status, _ in decide(row, *sent, send_again=True)] == [expected]


def test_only_the_rows_own_yes_is_a_release():
    """The ledger keeps who was released by hand; --send-again and No are not that."""
    assert [step.release for step in plan_of(again(SELF)).steps] == [Release.ROW]
    assert [step.release for step in plan_of(SELF).steps] == [Release.NOBODY]
    repeated = plan([SELF], all_operations(), {(KICKOUT, SELF.target): past((A, DONE))}, HERE, send_again=True)
    assert [step.release for step in repeated.steps] == [Release.RUN]
    no = replace(SELF, values={**SELF.values, "send_again": False})
    assert decide(no, (A, DONE)) == [(0, "already_done", "row.already_done")]


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("status", [DONE, UNKNOWN])
def test_a_yes_that_was_used_is_no_release(status, used):
    """What the ledger calls used up has sent once; and a step says what it repeats."""
    sent, before = past((A, status))[0]
    history = {(KICKOUT, SELF.target): [(sent, replace(before, yes_used=used))]}
    made = plan([again(SELF)], all_operations(), history, HERE)
    assert [(step.release, step.repeats) for step in made.steps] == ([] if used else [(Release.ROW, status)])
    assert [(step.matter, step.asked) for step in made.kept] == ([(f"{KICKOUT} {SELF.target}", True)] if used else [])


def test_a_row_that_repeats_a_doubt_and_something_done_repeats_a_doubt():
    """The question before a run tells the worst."""
    history = {(KICKOUT, SELF.target): past((B, UNKNOWN), (A, DONE))}
    (step,) = plan([again(SELF)], all_operations(), history, HERE).steps
    assert step.repeats is UNKNOWN
    assert plan_of(again(SELF)).steps[0].repeats is None


def test_a_step_carries_the_request_that_its_row_asks_for():
    """What is sent is what the operation makes of the row's values."""
    assert [step.call for step in plan_of(SELF).steps] == [all_operations()[KICKOUT].call(SELF.values)]


def test_another_environments_past_is_no_past():
    """The same request elsewhere is another request."""
    elsewhere = all_operations()[KICKOUT].call(EDIT.values | SELF.values).fingerprint("https://app.energycap.com")
    assert elsewhere != A
    assert decide(EDIT, (elsewhere, DONE)) == [(0, "sent", "")]


def test_a_repeat_says_when_by_whom_and_from_where():
    """The operator can find the earlier run."""
    (outcome,) = plan_of(SELF, history={(KICKOUT, SELF.target): past((A, DONE))}).decided
    assert "2026-11-20 10:00:00 UTC by Pat from july.xlsx" in outcome.message
    (outcome,) = plan_of(SELF, history={(KICKOUT, SELF.target): past((B, DONE))}).decided
    assert outcome.message.startswith("Kickouts!2: ")
    assert "2026-11-20 10:00:00 UTC by Pat from july.xlsx" in outcome.message
    (outcome,) = plan_of(SELF, history={(KICKOUT, SELF.target): past((A, UNKNOWN))}).decided
    assert (outcome.status, outcome.started) == (UNKNOWN, "2026-11-20T10:00:00Z")
    assert SELF.target in outcome.tip


PENDING = {"mode": "use pending batch", "pending_batch_id": 502}
SIDE_BY_SIDE = {
    "self-contained reimports of different tasks": ([kickout(0), kickout(1), kickout(2)], [[0, 1, 2]]),
    "pending reimports of different tasks": ([kickout(0, **PENDING), kickout(1, **PENDING)], [[0, 1]]),
    "the same task": ([kickout(0, 1), kickout(1, 1), kickout(2, 2)], [[0], [1, 2]]),
    "the same task further down": ([kickout(0, 1), kickout(1, 2), kickout(2, 2), kickout(3, 1)], [[0, 1], [2, 3]]),
    "two modes": ([kickout(0), kickout(1, **PENDING), kickout(2)], [[0], [1], [2]]),
    "new batches": ([kickout(0, mode="new batch"), kickout(1, mode="new batch")], [[0], [1]]),
    "existing batches": ([kickout(0, mode="use existing batch"), kickout(1, mode="use existing batch")], [[0], [1]]),
    "smart batches": (
        [kickout(0, mode="smart batch", new_batch_code="A"), kickout(1, mode="smart batch", new_batch_code="B")],
        [[0], [1]],
    ),
    "the same edit of different lists": ([flag_edit(0, 2001), flag_edit(1, 2002), flag_edit(2, 2003)], [[0, 1, 2]]),
    "the same edit of the same list": ([flag_edit(0, 2001), flag_edit(1, 2001)], [[0], [1]]),
    "different edits": ([flag_edit(0, 2001), flag_edit(1, 2002, comment="Other")], [[0], [1]]),
    "control totals are no part of the edit": (
        [flag_edit(0, 2001, comment="C", expected_bills=3), flag_edit(1, 2002, comment="C", expected_bills=4)],
        [[0, 1]],
    ),
    "two operations": ([kickout(0), flag_edit(1, 2001), kickout(2), kickout(3)], [[0], [1], [2, 3]]),
    "not neighbours": ([kickout(0), kickout(1, mode="new batch"), kickout(2)], [[0], [1], [2]]),
    "nothing": ([], []),
}


@pytest.mark.parametrize("case", SIDE_BY_SIDE)
def test_rows_run_side_by_side_only_where_order_cannot_matter(case):
    """Neighbours whose order the documented rules make meaningless share a group; all others stand alone, in order."""
    rows, groups = SIDE_BY_SIDE[case]
    assert seqs(plan_of(*rows)) == groups


def test_rows_that_are_not_sent_do_not_keep_neighbours_apart():
    """Two rows are neighbours when nothing is sent between them."""
    assert seqs(plan_of(kickout(0), replace(kickout(1), hidden=True), kickout(2))) == [[0, 2]]


def test_steps_keep_the_sheets_order():
    """Whatever the groups, the steps come in reading order."""
    rows = [kickout(n) if n % 3 else flag_edit(n, 2001 + n) for n in range(12)]
    assert [step.row.seq for step in plan_of(*rows).steps] == list(range(12))
    assert {step.row.operation for step in plan_of(*rows).steps} == {KICKOUT, FLAG}


def test_a_repeat_tells_again_what_the_first_answer_said():
    """The task GUID, or the counts, of the earlier run stand in the new results too."""
    (before,) = past((A, DONE))
    told = (before[0], replace(before[1], accepted=Accepted(new_task_guid="new", selected=5, updated=3)))
    (outcome,) = plan_of(SELF, history={(KICKOUT, SELF.target): [told]}).decided
    assert (outcome.new_task_guid, outcome.selected, outcome.updated) == ("new", 5, 3)


# What an operator has said of a doubt

AFTER_ALL, TO_SEND = (Mark(verdict, "Sam", "2026-11-22T08:00:00Z") for verdict in Verdict)


def marked(*sent: tuple[str, Status, Mark | None], **more: bool) -> list[tuple[str, Past]]:
    """Earlier requests with their marks, as the ledger tells of them: marked as done is done."""
    told = past(*(each[:2] for each in sent))
    return [
        (fingerprint, replace(before, mark=each[2], **more))
        for (fingerprint, before), each in zip(told, sent, strict=True)
    ]


@pytest.mark.parametrize(
    ("row", "sent", "expected"),
    [
        (SELF, [(A, DONE, AFTER_ALL)], "row.marked_done"),
        (EDIT, [(E, DONE, AFTER_ALL)], "row.marked_done"),
        (SELF, [(B, DONE, AFTER_ALL)], "row.target_marked_done"),
        (SELF, [(A, DONE, AFTER_ALL), (B, UNKNOWN, None)], "row.marked_done"),
        (SELF, [(A, DONE, AFTER_ALL), (A, UNKNOWN, None)], "row.still_unknown"),
        (SELF, [(A, DONE, AFTER_ALL), (A, DONE, None)], "row.already_done"),
        (SELF, [(A, UNKNOWN, TO_SEND)], ""),
        (EDIT, [(E, UNKNOWN, TO_SEND)], ""),
        (SELF, [(B, UNKNOWN, TO_SEND)], ""),
        (SELF, [(A, UNKNOWN, TO_SEND), (A, UNKNOWN, None)], "row.still_unknown"),
        (SELF, [(A, UNKNOWN, TO_SEND), (B, UNKNOWN, None)], "row.still_unknown"),
        (SELF, [(A, UNKNOWN, TO_SEND), (B, DONE, None)], "row.target_done"),
        (SELF, [(A, UNKNOWN, TO_SEND), (A, DONE, None)], "row.already_done"),
        (SELF, [(A, DONE, None), (A, UNKNOWN, TO_SEND)], "row.already_done"),
        (SELF, [(A, UNKNOWN, None), (A, UNKNOWN, TO_SEND)], "row.still_unknown"),
        (SELF, [(A, UNKNOWN, TO_SEND), (A, UNKNOWN, TO_SEND)], ""),
    ],
)
def test_a_mark_says_what_became_of_the_send_it_is_of_and_of_no_other(row, sent, expected):
    """Done after all counts as done; to be sent again counts as never sent."""
    history = {(row.operation, row.target): marked(*sent)}
    made = plan([row], all_operations(), history, HERE)
    assert [code for _, _, code in facts(made.decided)] == ([expected] if expected else [])
    assert [(step.release, step.repeats) for step in made.steps] == ([] if expected else [(Release.NOBODY, UNKNOWN)])


def test_what_is_marked_as_done_is_repeated_like_what_is_done():
    """By the row's Yes, and by --send-again where the request is the same."""
    for row, sent, send_again, release in (
        (again(SELF), A, False, Release.ROW),
        (again(SELF), B, False, Release.ROW),
        (SELF, A, True, Release.RUN),
    ):
        history = {(KICKOUT, SELF.target): marked((sent, DONE, AFTER_ALL))}
        (step,) = plan([row], all_operations(), history, HERE, send_again).steps
        assert (step.release, step.repeats) == (release, DONE)
    history = {(KICKOUT, SELF.target): marked((B, DONE, AFTER_ALL))}
    assert plan([SELF], all_operations(), history, HERE, send_again=True).steps == []


def test_neither_an_old_run_nor_a_used_yes_repeats_what_was_marked_as_done():
    """Both are older than the mark. What surely was not sent is another matter."""
    for more in ({"newer": True}, {"yes_used": True}):
        history = {(KICKOUT, SELF.target): marked((A, DONE, AFTER_ALL), **more)}
        assert plan([again(SELF)], all_operations(), history, HERE).steps == []
        (before,) = past((A, DONE))
        history = {(KICKOUT, SELF.target): [before, *marked((A, UNKNOWN, TO_SEND), **more)]}
        assert [step.release for step in plan([again(SELF)], all_operations(), history, HERE).steps] == [Release.ROW]


def test_a_row_marked_as_done_says_who_marked_it_and_when():
    """Beside who sent it, when and from where; and that nothing is known of its answer."""
    (outcome,) = plan_of(SELF, history={(KICKOUT, SELF.target): marked((A, DONE, AFTER_ALL))}).decided
    assert outcome.status is Status.ALREADY_DONE
    assert "2026-11-20 10:00:00 UTC by Pat from july.xlsx" in outcome.message
    assert "marked as done after all by Sam on 2026-11-22 08:00:00 UTC" in outcome.message
    (outcome,) = plan_of(SELF, history={(KICKOUT, SELF.target): marked((B, DONE, AFTER_ALL))}).decided
    assert outcome.message.startswith("Kickouts!2: ")
    assert "marked as done after all by Sam on 2026-11-22 08:00:00 UTC" in outcome.message


# A run that is resumed


@pytest.mark.parametrize(
    ("row", "status", "expected"),
    [
        (again(SELF), DONE, "already_done"),
        (again(SELF), UNKNOWN, "unknown"),
        (again(OTHER), DONE, "invalid"),
        (again(EDIT), UNKNOWN, "unknown"),
        (SELF, DONE, "already_done"),
    ],
)
def test_a_resumed_run_repeats_nothing_that_was_sent_since_it_began(row, status, expected):
    """Its Send again, the row's or the run's, was asked for before; what came after it is not repeated."""
    sent = E if row.operation == FLAG else A
    history = {
        (row.operation, row.target): [(each, replace(before, newer=True)) for each, before in past((sent, status))]
    }
    made = plan([row], all_operations(), history, HERE, send_again=True)
    assert [status for _, status, _ in facts(made.decided)] == [expected]
    older = {key: [(each, replace(before, newer=False)) for each, before in sent] for key, sent in history.items()}
    assert plan([row], all_operations(), older, HERE, send_again=True).steps


# What must not be done twice


def test_a_second_reimport_of_a_task_is_the_same_matter_and_another_flag_edit_is_not():
    """The ledger refuses what was done by the matter: a task whatever the settings, an edit only as it is."""
    first, second = plan_of(kickout(0, 1)).steps[0], plan_of(kickout(0, 1, mode="new batch")).steps[0]
    assert (first.matter == second.matter, first.fingerprint == second.fingerprint) == (True, False)
    assert first.matter != plan_of(kickout(0, 2)).steps[0].matter
    one, two = (plan_of(flag_edit(0, 2001, comment=comment)).steps[0] for comment in "ab")
    assert (one.matter, two.matter) == (one.fingerprint, two.fingerprint)
    assert one.matter != two.matter


# The operator's word that rows are independent


def lanes(*rows):
    """The lanes of rows that the operator called independent, as row numbers."""
    made = plan(rows, all_operations(), {}, HERE, independent=True)
    return [[[step.row.seq for step in group] for group in lane] for lane in made.lanes]


def existing(seq, batch=None):
    return kickout(seq, mode="use existing batch", existing_open_batch_id=batch)


def pending(seq, batch):
    return kickout(seq, mode="use pending batch", pending_batch_id=batch)


INDEPENDENT = {
    "different edits of different lists": (
        [flag_edit(0, 2001, comment="A"), flag_edit(1, 2002, comment="B")],
        [[[0]], [[1]]],
    ),
    "edits of one list stay in order": (
        [flag_edit(0, 2001, comment="A"), flag_edit(1, 2002), flag_edit(2, 2001, comment="B")],
        [[[0], [2]], [[1]]],
    ),
    "reimports of one task stay in order": ([kickout(0, 1), kickout(1, 2), kickout(2, 1)], [[[0], [2]], [[1]]]),
    "named batches": ([existing(0, 7), existing(1, 8), existing(2, 7)], [[[0], [2]], [[1]]]),
    "a batch that is not named may be any": ([existing(0, 7), existing(1), existing(2, 8)], [[[0], [1], [2]]]),
    "a new batch closes one": ([existing(0, 7), kickout(1, mode="new batch"), pending(2, 9)], [[[0], [1], [2]]]),
    "a smart batch may be any": (
        [kickout(0, mode="smart batch", new_batch_code="A"), kickout(1, mode="smart batch", new_batch_code="B")],
        [[[0], [1]]],
    ),
    "one pending batch, proven safe": ([pending(0, 9), pending(1, 9), pending(2, 8)], [[[0, 1]], [[2]]]),
    "batches of their own": ([kickout(0), kickout(1, mode="new batch"), kickout(2)], [[[0]], [[1]], [[2]]]),
    "batches of one code": (
        [kickout(0, new_batch_code="Jul"), kickout(1, new_batch_code="Aug"), kickout(2, new_batch_code="JUL")],
        [[[0], [2]], [[1]]],
    ),
    "two operations": ([existing(0), flag_edit(1, 2001), existing(2)], [[[0], [2]], [[1]]]),
    "nothing": ([], []),
}


@pytest.mark.parametrize("case", INDEPENDENT)
def test_independent_rows_keep_their_order_within_a_list_a_batch_a_task(case):
    """--independent sets apart what has nothing in common, and only that."""
    rows, expected = INDEPENDENT[case]
    assert lanes(*rows) == expected


def test_things_that_meet_later_are_one_lane():
    """Two batches that a later row joins through its task run in order, all of them."""
    rows = [
        kickout(0, 1, mode="use existing batch", existing_open_batch_id=7),
        kickout(1, 2, mode="use existing batch", existing_open_batch_id=8),
        kickout(2, 1, mode="use existing batch", existing_open_batch_id=8),
    ]
    assert lanes(*rows) == [[[0], [1], [2]]]
