"""Planning: the same rows and the same ledger give the same plan, and nothing is planned twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from steps import FLAG, HERE, KICKOUT, again, facts, flag_edit, kickout, plan_of, seqs

from bulkops.model.history import PriorAttempt, Resolution, ResolutionKind
from bulkops.model.outcomes import Status
from bulkops.model.plan import Plan
from bulkops.model.requests import Accepted
from bulkops.model.rows import Problem
from bulkops.operations import all_operations
from bulkops.runs.planning import plan, requested

DONE, UNKNOWN, FAILED, NOT_SENT = Status.DONE, Status.UNKNOWN, Status.FAILED, Status.NOT_SENT
CODES = ("FIRSTC", "SECOND", "THIRDC")


def prior(*sent: tuple[str, Status], **more) -> list[PriorAttempt]:
    """Earlier requests, oldest first, each with a code of its own."""
    return [
        PriorAttempt(fingerprint, status, f"2026-11-2{n}T10:00:00Z", "Pat", "july.xlsx", f"run-{n}", CODES[n], **more)
        for n, (fingerprint, status) in enumerate(sent)
    ]


def step_of(row):
    return requested([replace(row, hidden=False)], all_operations(), HERE)[row.seq]


def fingerprint(row) -> str:
    return step_of(row).fingerprint


def with_prior(row, before: list[PriorAttempt], **options: bool) -> Plan:
    return plan_of(row, history={step_of(row).idempotency_key: before}, **options)


def decide(row, *sent: tuple[str, Status], **options: bool) -> list[tuple[int, str, str]]:
    """What becomes of a row with such a past: its decided outcome, or "sent"."""
    made = with_prior(row, prior(*sent), **options)
    return facts(made.decided) or [(step.row.seq, "sent", "") for step in made.steps]


SELF = kickout(0, 1)
OTHER = kickout(0, 1, "smart batch", new_batch_code="JUL")
EDIT = flag_edit(0, 2001)
A, B, E = fingerprint(SELF), fingerprint(OTHER), fingerprint(EDIT)


def test_the_same_rows_and_ledger_give_the_same_plan():
    """No clock, no file, no chance: two plans of one input are equal, and the input is untouched."""
    rows = [kickout(0), flag_edit(1, 2001), replace(kickout(2), hidden=True), kickout(3)]
    history = {step_of(rows[3]).idempotency_key: prior((fingerprint(rows[3]), DONE))}
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
    assert decide(replace(again(SELF, "FIRSTC"), hidden=True)) == [(0, "not_sent", "row.hidden")]
    (outcome,) = plan_of(replace(SELF, hidden=True)).decided
    assert outcome.message.startswith("Kickouts!2: ")


def test_an_invalid_row_says_everything_that_is_wrong_with_it():
    """All problems in one message; the first one's code and cell stand for the row."""
    first = Problem("guid.shape", "Kickouts!A2", "Kickouts!A2: not a GUID", "Copy it.")
    second = Problem("yesno.shape", "Kickouts!D2", "Kickouts!D2: neither", "Copy it.")
    third = replace(second, tip="Pick one.")
    warnings = (replace(second, message="Beware."),)
    row = replace(SELF, problems=(first, second, third), warnings=warnings, values={})
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
        (SELF, [(A, DONE), (B, UNKNOWN)], "already_done"),
        (SELF, [(A, UNKNOWN), (B, DONE)], "unknown"),
        (OTHER, [(A, UNKNOWN), (B, DONE)], "already_done"),
        (EDIT, [], "sent"),
        (EDIT, [(E, DONE)], "already_done"),
        (EDIT, [(E, UNKNOWN)], "unknown"),
    ],
)
def test_what_was_sent_before_is_sent_again_by_the_last_sends_code_alone(row, sent, expected):
    """Done stays done, doubt stays doubt, a task done with other settings is refused; each names the code."""
    codes = {"already_done": "row.already_done", "unknown": "row.still_unknown", "invalid": "row.target_done"}
    assert decide(row, *sent) == [(0, expected, codes.get(expected, ""))]
    if not sent:
        return
    newest = CODES[len(sent) - 1]
    for wish in ("Yes", "TRUE", "1", "ZZZZZZ", *CODES[: len(sent) - 1]):
        (outcome,) = with_prior(again(row, wish), prior(*sent)).decided
        assert (outcome.status.value, outcome.code) == (expected, codes[expected])
        assert f"“{wish}” in Send again is not the code of the last send." in outcome.message
        assert (outcome.send_again_code, newest in outcome.tip) == (newest, True)
    for wish in (newest, newest.lower(), f" {newest[:3]} {newest[3:]} "):
        (step,) = with_prior(again(row, wish), prior(*sent)).steps
        assert (step.released, step.row.warnings) == (newest, ())


def test_a_wish_where_nothing_holds_the_row_back_is_asked_about():
    """On another computer, say, which knows nothing of what was sent: the cell is named, and nothing goes out."""
    for wish in ("FIRSTC", "Yes"):
        (outcome,) = plan_of(again(SELF, wish)).decided
        assert (outcome.status, outcome.code) == (Status.INVALID, "send_again.nothing")
        assert wish in outcome.message
        assert "clear Send again" in outcome.tip
        assert outcome.send_again_code == ""


@pytest.mark.parametrize(
    ("row", "sent", "expected"),
    [
        (SELF, [(A, DONE)], "sent"),
        (SELF, [(A, UNKNOWN), (A, DONE)], "sent"),
        (SELF, [(A, UNKNOWN)], "unknown"),
        (SELF, [(A, DONE), (A, UNKNOWN)], "unknown"),
        (SELF, [(A, DONE), (B, UNKNOWN)], "already_done"),
        (SELF, [(B, UNKNOWN), (A, DONE)], "already_done"),
        (SELF, [(A, UNKNOWN), (B, DONE)], "unknown"),
        (SELF, [(B, DONE)], "invalid"),
        (SELF, [(A, DONE), (B, DONE)], "already_done"),
        (EDIT, [(E, DONE)], "sent"),
        (EDIT, [(E, UNKNOWN)], "unknown"),
    ],
)
def test_send_again_for_all_rows_releases_what_was_done_and_never_a_doubt(row, sent, expected):
    """--send-again is the codes of the rows that are done; else the row itself must hold the code."""
    assert [status for _, status, _ in decide(row, *sent, send_again=True)] == [expected]
    assert {step.released for step in with_prior(row, prior(*sent), send_again=True).steps} <= {CODES[len(sent) - 1]}
    assert decide(again(row, "Yes"), *sent, send_again=True)[0][1] != "sent", "the row's own word comes first"


def test_a_row_is_sent_once_in_a_run_whoever_released_it():
    """In a run of before version 6 a row with Send again could repeat another one."""
    made = plan_of(kickout(0, 1), kickout(1, 1, mode="new batch"), kickout(2, 2))
    assert ([step.row.seq for step in made.steps], facts(made.decided)) == ([0, 2], [(1, "not_sent", "row.held")])


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        ((FAILED, None), "was refused"),
        ((NOT_SENT, None), "was not carried out"),
        (
            (UNKNOWN, Resolution(ResolutionKind.SEND_AGAIN, "Sam", "2026-11-22T08:00:00Z")),
            "marked as surely not carried out",
        ),
    ],
)
def test_a_code_counts_once_more_where_its_send_was_not_carried_out(spent, words):
    """And the row says so."""
    first, second = prior((A, DONE), (A, spent[0]))
    second = replace(second, released=first.code, resolution=spent[1])
    (step,) = with_prior(again(SELF, first.code), [first, second]).steps
    assert step.released == first.code
    (warning,) = step.row.warnings
    assert warning.code == "send_again.once_more"
    assert words in warning.message
    for status in (DONE, UNKNOWN):
        (outcome,) = with_prior(
            again(SELF, first.code), [first, replace(second, status=status, resolution=None)]
        ).decided
        assert outcome.send_again_code == second.code


def test_where_nobody_can_say_what_was_sent_every_good_row_is_a_step():
    """Nothing is sent then, and no row is blamed for what stands in its Send again."""
    rows = [again(SELF, "FIRSTC"), kickout(1)]
    made = plan(rows, requested(rows, all_operations(), HERE), all_operations(), None)
    assert ([step.row.seq for step in made.steps], made.decided) == ([0, 1], ())


def test_a_step_tells_what_it_repeats():
    """For the question before a run: the doubt, if there is one, else the last."""
    (step,) = with_prior(again(SELF, "SECOND"), prior((B, UNKNOWN), (A, DONE))).steps
    assert (step.prior_attempt.status, step.prior_attempt.code) == (UNKNOWN, "FIRSTC")
    (step,) = with_prior(again(SELF, "SECOND"), prior((A, UNKNOWN), (A, DONE))).steps
    assert (step.prior_attempt.status, step.prior_attempt.code) == (DONE, "SECOND")
    assert plan_of(SELF).steps[0].prior_attempt is None


def test_a_step_carries_the_request_that_its_row_asks_for():
    """What is sent is what the operation makes of the row's values."""
    assert [step.call for step in plan_of(SELF).steps] == [all_operations()[KICKOUT].call(SELF.values)]


def test_another_environments_past_is_no_past():
    """The same request elsewhere is another request."""
    elsewhere = all_operations()[KICKOUT].call(EDIT.values | SELF.values).fingerprint("https://app.energycap.com")
    assert elsewhere != A


def test_a_repeat_says_when_by_whom_and_from_where():
    """The operator can find the earlier run."""
    (outcome,) = with_prior(SELF, prior((A, DONE))).decided
    assert "2026-11-20 10:00:00 UTC by Pat from july.xlsx" in outcome.message
    (outcome,) = with_prior(SELF, prior((B, DONE))).decided
    assert outcome.message.startswith("Kickouts!2: ")
    assert "2026-11-20 10:00:00 UTC by Pat from july.xlsx" in outcome.message
    (outcome,) = with_prior(SELF, prior((A, UNKNOWN))).decided
    assert (outcome.status, outcome.started) == (UNKNOWN, "2026-11-20T10:00:00Z")
    assert SELF.target in outcome.tip


PENDING = {"mode": "use pending batch", "pending_batch_id": 502}
SIDE_BY_SIDE = {
    "self-contained reimports of different tasks": ([kickout(0), kickout(1), kickout(2)], [[0, 1, 2]]),
    "pending reimports of different tasks": ([kickout(0, **PENDING), kickout(1, **PENDING)], [[0, 1]]),
    "two modes": ([kickout(0), kickout(1, **PENDING), kickout(2)], [[0], [1], [2]]),
    "new batches": ([kickout(0, mode="new batch"), kickout(1, mode="new batch")], [[0], [1]]),
    "existing batches": ([kickout(0, mode="use existing batch"), kickout(1, mode="use existing batch")], [[0], [1]]),
    "smart batches": (
        [kickout(0, mode="smart batch", new_batch_code="A"), kickout(1, mode="smart batch", new_batch_code="B")],
        [[0], [1]],
    ),
    "the same edit of different lists": ([flag_edit(0, 2001), flag_edit(1, 2002), flag_edit(2, 2003)], [[0, 1, 2]]),
    "edits of the same list": ([flag_edit(0, 2001), flag_edit(1, 2001, comment="Other")], [[0], [1]]),
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
    (outcome,) = with_prior(SELF, prior((A, DONE), accepted=Accepted("new", 5, 3))).decided
    assert (outcome.new_task_guid, outcome.selected, outcome.updated) == ("new", 5, 3)


# What an operator has said of a doubt

AFTER_ALL, TO_SEND = (Resolution(kind, "Sam", "2026-11-22T08:00:00Z") for kind in ResolutionKind)


def marked(*sent: tuple[str, Status, Resolution | None]) -> list[PriorAttempt]:
    """Earlier requests with their marks, as the ledger tells of them: marked as done is done."""
    told = prior(*(each[:2] for each in sent))
    return [replace(before, resolution=each[2]) for before, each in zip(told, sent, strict=True)]


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
        (again(SELF, "FIRSTC"), [(A, DONE, None), (A, UNKNOWN, TO_SEND)], ""),
        (again(SELF, "FIRSTC"), [(A, UNKNOWN, TO_SEND)], "send_again.nothing"),
    ],
)
def test_a_mark_says_what_became_of_the_send_it_is_of_and_of_no_other(row, sent, expected):
    """Done after all counts as done; to be sent again counts as never sent."""
    made = with_prior(row, marked(*sent))
    assert [code for _, _, code in facts(made.decided)] == ([expected] if expected else [])
    assert [step.prior_attempt.status for step in made.steps] == ([] if expected else [UNKNOWN])


def test_what_is_marked_as_done_is_repeated_like_what_is_done():
    """By its code, and by --send-again where the request is the same."""
    for row, sent, send_again in (
        (again(SELF, "FIRSTC"), A, False),
        (again(SELF, "FIRSTC"), B, False),
        (SELF, A, True),
    ):
        (step,) = with_prior(row, marked((sent, DONE, AFTER_ALL)), send_again=send_again).steps
        assert (step.released, step.prior_attempt.status) == ("FIRSTC", DONE)
    assert with_prior(SELF, marked((B, DONE, AFTER_ALL)), send_again=True).steps == []
    (step,) = with_prior(SELF, marked((A, DONE, None), (A, UNKNOWN, TO_SEND)), send_again=True).steps
    assert step.released == "FIRSTC", "what surely was not carried out is no doubt"


def test_a_send_without_a_code_is_released_by_nothing():
    """No version leaves one behind; and if one did, a blank cell would not be its code."""
    (outcome,) = with_prior(SELF, [replace(prior((A, DONE))[0], code="")]).decided
    assert outcome.status is Status.ALREADY_DONE


def test_a_row_marked_as_done_says_who_marked_it_and_when():
    """Beside who sent it, when and from where; and that nothing is known of its answer."""
    (outcome,) = with_prior(SELF, marked((A, DONE, AFTER_ALL))).decided
    assert outcome.status is Status.ALREADY_DONE
    assert "2026-11-20 10:00:00 UTC by Pat from july.xlsx" in outcome.message
    assert "marked as done after all by Sam on 2026-11-22 08:00:00 UTC" in outcome.message
    (outcome,) = with_prior(SELF, marked((B, DONE, AFTER_ALL))).decided
    assert outcome.message.startswith("Kickouts!2: ")
    assert "marked as done after all by Sam on 2026-11-22 08:00:00 UTC" in outcome.message


# What must not be done twice


def test_a_second_reimport_of_a_task_is_the_same_matter_and_another_flag_edit_is_not():
    """The ledger refuses what was done by its idempotency key: a task whatever the settings, an edit only as it is."""
    first, second = step_of(kickout(0, 1)), step_of(kickout(0, 1, mode="new batch"))
    assert (first.idempotency_key == second.idempotency_key, first.fingerprint == second.fingerprint) == (True, False)
    assert first.idempotency_key != plan_of(kickout(0, 2)).steps[0].idempotency_key
    one, two = (plan_of(flag_edit(0, 2001, comment=comment)).steps[0] for comment in "ab")
    assert (one.idempotency_key, two.idempotency_key) == (one.fingerprint, two.fingerprint)
    assert one.idempotency_key != two.idempotency_key


# The operator's word that rows are independent


def lanes(*rows):
    """The lanes of rows that the operator called independent, as row numbers."""
    made = plan_of(*rows, independent=True)
    assert len(made.steps) == len(rows)
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
