"""Rows are held against what EnergyCAP says: only a definite no stops one, and what cannot be told is a note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from steps import flag_edit, kickout, plan_of, task

from bulkops.energycap.account import Owner
from bulkops.model.facts import Batch, BillList, Count, Facts, FlagType, Person, Task
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow, Pick, Problem
from bulkops.operations import all_operations
from bulkops.runs.precheck import precheck, wanted
from bulkops.runs.precheck_rules import Known
from bulkops.runs.touch import touch

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
DANA, MORGAN = Person(1, "Dana Cole", "dcole"), Person(2, "Morgan Lee", "mlee")
MAY = {"kickout_reimport": True, "list_flag_edit": True}
OWNER = Owner("Dana Cole (dcole)", "", MAY, id="1", manages_batches=False)
ENDED = Task(task(1), "BillImport", "Completed with kickouts", NOW - timedelta(days=2), ended=True)
TOLD = Facts(
    flag_types={1: FlagType(1, "Audit Exception"), 2: FlagType(2, "Late bill"), 3: FlagType(3, "Rate change")},
    lists={
        2001: BillList(2001, "Electric to review", DANA, "Bill List", True),
        2002: BillList(2002, "Gas", MORGAN, "Bill List", True),
        2003: BillList(2003, "Meters", MORGAN, "Record List", False),
        2004: BillList(2004, "Odd", MORGAN, "Sammlung", None),
    },
    users={101: Person(101, "Jane Smith", "jsmith")},
    batches={
        501: Batch(501, "JUL-2026", "open", DANA),
        502: Batch(502, "PENDING-A", "pending", MORGAN),
        503: Batch(503, "JUN-2026", "closed", DANA),
        504: Batch(504, "MORGANS", "open", MORGAN),
        505: Batch(505, "ODD", "archived", DANA),
    },
    all_open=True,
    tasks={task(1): ENDED},
    counts={2001: Count(12, 1200.5, "US Dollar", 4, 0), 2002: Count(40, 99.5, "US Dollar", 1, 2)},
    asked=True,
)


def held(rows: Iterable[CheckedRow], facts: Facts = TOLD, owner: Owner | None = OWNER) -> tuple[Plan, tuple[str, ...]]:
    """The plan of the rows, held against the facts."""
    listed = list(rows)
    return precheck(plan_of(*listed), listed, all_operations(), Known(facts, owner, NOW))


def against(row: CheckedRow, facts: Facts = TOLD, owner: Owner | None = OWNER) -> Outcome | None:
    """What rules a row out; None if nothing does."""
    plan, _ = held([row], facts, owner)
    return next((each for each in plan.decided if each.status is Status.INVALID), None)


def of_task(**more: Any) -> Facts:
    return replace(TOLD, tasks={task(1): replace(ENDED, **more)})


def gone(*things: tuple[str, int | str]) -> Facts:
    return replace(TOLD, tasks={}, batches={}, counts={}, gone=frozenset(things))


EXISTING, PENDING = "use existing batch", "use pending batch"
NOES: Mapping[str, tuple[CheckedRow, Facts, str, str]] = {
    "no such task": (kickout(0), gone(("task", task(1))), "task.gone", "task_guid"),
    "another type of task": (kickout(0), of_task(type_code="SetupSheet"), "task.other_type", "task_guid"),
    "running": (
        kickout(0),
        of_task(status="Running", ended=False, begin=NOW - timedelta(hours=2)),
        "task.running",
        "task_guid",
    ),
    "running, by a clock far ahead": (
        kickout(0),
        of_task(status="", ended=False, begin=(NOW + timedelta(hours=13)).replace(tzinfo=None)),
        "task.running",
        "task_guid",
    ),
    "no such batch": (
        kickout(0, mode=EXISTING, existing_open_batch_id=599),
        gone(("batch", 599)),
        "batch.gone",
        "existing_open_batch_id",
    ),
    "a closed batch": (
        kickout(0, mode=EXISTING, existing_open_batch_id=503),
        TOLD,
        "batch.not_open",
        "existing_open_batch_id",
    ),
    "a pending batch to be used as an open one": (
        kickout(0, mode=EXISTING, existing_open_batch_id=502),
        TOLD,
        "batch.not_open",
        "existing_open_batch_id",
    ),
    "another user's batch": (
        kickout(0, mode=EXISTING, existing_open_batch_id=504),
        TOLD,
        "batch.others",
        "existing_open_batch_id",
    ),
    "an open batch to be used as a pending one": (
        kickout(0, mode=PENDING, pending_batch_id=501),
        TOLD,
        "batch.not_pending",
        "pending_batch_id",
    ),
    "no such list": (flag_edit(0, 2001), gone(("list", 2001)), "list.gone", "list_id"),
    "a list of another kind": (flag_edit(0, 2003), TOLD, "list.other_type", "list_id"),
    "no such flag type": (flag_edit(0, 2001, flag_type_id=99), TOLD, "flag_type.unknown", "flag_type_id"),
    "the audit exception": (flag_edit(0, 2001, flag_type_id=1), TOLD, "flag_type_id.audit_exception", "flag_type_id"),
    "another number of bills": (
        flag_edit(0, 2001, comment="x", expected_bills=13),
        TOLD,
        "expected_bills.before",
        "expected_bills",
    ),
}


@pytest.mark.parametrize("case", NOES)
def test_a_definite_no_stops_the_row_and_names_the_cell(case: str) -> None:
    """It needs fixing, and says in EnergyCAP's words why."""
    row, facts, code, name = NOES[case]
    row = replace(row, columns={"task_guid": "A", "list_id": "A", name: "B"})
    found = against(row, facts)
    assert found is not None
    assert (found.code, found.cell) == (code, row.address(name))
    assert found.tip


CANNOT_TELL: Mapping[str, tuple[CheckedRow, Facts]] = {
    "nothing was told": (kickout(0), Facts(asked=True)),
    "a task that was not told": (kickout(0), replace(TOLD, tasks={})),
    "a task without a type": (kickout(0), of_task(type_code="")),
    "a type of task that no page names": (kickout(0), of_task(type_code="UtilityBillImport")),
    "a task without an end whose status speaks of one": (kickout(0), of_task(ended=False, begin=NOW)),
    "a task whose end was not told": (kickout(0), of_task(ended=None)),
    "a task without an end that began long ago": (
        kickout(0),
        of_task(status="Running", ended=False, begin=NOW - timedelta(days=3)),
    ),
    "a task without an end or a begin": (
        kickout(0),
        of_task(status="Running", ended=False, begin=None),
    ),
    "a task without an end that begins in days": (
        kickout(0),
        of_task(status="Running", ended=False, begin=NOW + timedelta(days=3)),
    ),
    "a batch that was not told": (kickout(0, mode=EXISTING, existing_open_batch_id=599), TOLD),
    "a batch in words that nobody knows": (kickout(0, mode=EXISTING, existing_open_batch_id=505), TOLD),
    "a list that is missing from the table": (flag_edit(0, 2999), TOLD),
    "a list whose type nobody knows": (flag_edit(0, 2004), TOLD),
    "lists that were not told": (flag_edit(0, 2003), replace(TOLD, lists=None)),
    "flag types that were not told": (flag_edit(0, 2001, flag_type_id=1), replace(TOLD, flag_types=None)),
    "a user who is missing from the table": (flag_edit(0, 2001, assignees=(999,)), TOLD),
    "a number of bills that was not told": (
        flag_edit(0, 2001, comment="x", expected_bills=13),
        replace(TOLD, lists=None, counts={}),
    ),
}


@pytest.mark.parametrize("case", CANNOT_TELL)
def test_what_cannot_be_told_stops_nothing(case: str) -> None:
    """It is counted in a note."""
    row, facts = CANNOT_TELL[case]
    plan, notes = held([row], facts)
    assert len(plan.steps) == 1
    assert notes[0] == "EnergyCAP was asked about 1 row: of 1 it cannot be told."


def test_another_users_batch_needs_a_no_in_the_rights() -> None:
    """With Manage, or where EnergyCAP does not say, the row goes."""
    row = kickout(0, mode=EXISTING, existing_open_batch_id=504)
    for manages in (True, None):
        assert against(row, owner=replace(OWNER, manages_batches=manages)) is None
    assert against(row, owner=None) is None
    # One person by two ids.
    batch = TOLD.batches[504]
    assert batch.owner is not None
    assert against(row, owner=replace(OWNER, name=f"{batch.owner.name} (X)")) is None


def test_a_right_that_is_missing_stops_the_rows() -> None:
    """Only where EnergyCAP says so of the key's owner."""
    for said, code in ((False, "right.missing"), (None, None), (True, None)):
        found = against(flag_edit(0, 2001), owner=replace(OWNER, permissions={**MAY, "list_flag_edit": said}))
        assert (found.code if found else None) == code


def test_a_time_with_a_zone_is_read_in_it() -> None:
    """A task of yesterday noon in Honolulu has run for less than a day."""
    honolulu = timezone(-timedelta(hours=10))
    began = (NOW - timedelta(hours=23)).astimezone(honolulu)
    found = against(kickout(0), of_task(status="Running", ended=False, begin=began))
    assert found is not None
    assert found.code == "task.running"


def test_words_that_lack_kickouts_are_a_note() -> None:
    """The row can be sent, and the question counts it."""
    for status in ("Completed", "Completed with no kickouts"):
        plan, _ = held([kickout(0)], of_task(status=status))
        assert [each.code for each in plan.steps[0].row.warnings] == ["task.no_kickouts_said"]
    assert held([kickout(0)])[0].steps[0].row.warnings == ()


def test_a_row_that_is_ruled_out_does_nothing_to_others() -> None:
    """The warning that it closes another row's batch goes with it; what a row that stays does is still told."""
    new = "new batch"
    rows = [kickout(0, mode=new), kickout(1, mode=new), kickout(2, mode=new)]
    closes = ["batch_mode.closes_another"]
    warned = [[each.code for each in step.row.warnings] for step in held(rows)[0].steps]
    assert warned == [[], closes, closes]
    for gone_too, left in ((0, [[], closes]), (1, [[], closes]), (2, [[], closes])):
        plan, _ = held(rows, replace(TOLD, gone=frozenset({("task", task(gone_too + 1))})))
        assert [[each.code for each in step.row.warnings] for step in plan.steps] == left
    (first,) = held(rows, replace(TOLD, gone=frozenset({("task", task(1)), ("task", task(2))})))[0].steps
    assert (first.row.seq, first.row.warnings) == (2, ())


def picked(row: CheckedRow, name: str, *picks: tuple[str, int | str]) -> CheckedRow:
    return replace(row, picks={name: tuple(Pick(*each) for each in picks)}, columns={name: "A"})


def edit(seq: int, list_id: int, name: str, comment: str = "Checked") -> CheckedRow:
    return picked(flag_edit(seq, list_id, comment=comment), "list_id", (name, list_id))


def test_the_name_of_a_pick_must_be_energycaps() -> None:
    """A dragged cell counts the id up; case and blanks do not matter."""
    assert against(edit(0, 2001, "ELECTRIC  to review, Dana Cole")) is None
    found = against(edit(0, 2002, "Electric to review"))
    assert found is not None
    assert found.code == "pick.other_name"
    assert found.message.endswith("“Electric to review | 2002” is not what EnergyCAP calls list 2002: that is “Gas”.")
    assignees = picked(flag_edit(0, 2001, assignees=(101,)), "assignees", ("John Doe", 101))
    wrong = against(assignees)
    assert wrong is not None
    assert wrong.code == "pick.other_name"


def test_one_name_with_two_ids_needs_fixing_where_nobody_was_asked() -> None:
    """All rows of that name: nobody knows which was dragged. Where EnergyCAP gives both that name they are right."""
    rows = [edit(0, 2001, "Electric"), edit(1, 2002, "electric "), edit(2, 2005, "Gas"), edit(3, 2005, "Gas", "again")]
    plan, notes = held(rows, Facts(), None)
    assert [each.row.seq for each in plan.steps] == [2, 3]
    assert {each.code for each in plan.decided} == {"pick.two_ids"}
    assert notes == ()
    both = {number: BillList(number, "Electric", DANA, "Bill List", True) for number in (2001, 2002)}
    assert len(held(rows[:2], replace(TOLD, lists=both))[0].steps) == 2


def test_one_batch_picked_as_open_and_as_pending_has_one_id() -> None:
    """A code is a batch's whatever its status."""
    used = picked(kickout(0, 1, EXISTING, existing_open_batch_id=501), "existing_open_batch_id", ("AUG", 501))
    for number, codes in ((502, {"pick.two_ids"}), (501, set())):
        other = picked(kickout(1, 2, PENDING, pending_batch_id=number), "pending_batch_id", ("AUG", number))
        assert {each.code for each in held([used, other], Facts(), None)[0].decided} == codes


def test_a_long_name_is_told_short() -> None:
    """In a message as in every other."""
    found = against(edit(0, 2001, "Electric" * 1000))
    assert found is not None
    assert (found.code, len(found.message) < 300) == ("pick.other_name", True)


def test_a_row_that_needs_fixing_counts_for_the_names_too() -> None:
    """The first cell of a dragged column may be wrong in another way."""
    bad = replace(edit(0, 2001, "Electric"), problems=(Problem("x", "A1", "Wrong.", "Mend it."),))
    plan, _ = held([bad, edit(1, 2002, "Electric")], Facts(), None)
    assert plan.steps == []


def test_a_name_without_an_id_is_offered_its_picks() -> None:
    """Of all that it may mean, up to five; nothing is guessed."""
    problem = Problem("id.name", "Flag edits!A2", "List ID “electric” has no id.", "Type the id.", typed="electric")
    row = replace(flag_edit(0, 2001), problems=(problem,), columns={"list_id": "A"})
    operations = all_operations()
    assert wanted(plan_of(row), [row], operations).lists
    plan, _ = held([row])
    assert plan.decided[0].tip == ("Type the id, or one of these whole: Electric to review, Dana Cole | 2001.")
    unknown = replace(row, problems=(replace(problem, typed="water"),))
    assert held([unknown])[0].decided[0].tip == "Type the id."


def test_rows_know_names_and_numbers_of_bills() -> None:
    """Also those that are not sent; the bills of a list that an earlier row edits are not known."""
    rows = [flag_edit(0, 2001, comment="a"), flag_edit(1, 2001, comment="b"), flag_edit(2, 2003)]
    plan, notes = held(rows)
    assert [(each.name, each.bills) for each in plan.steps] == [
        ("Electric to review", 12),
        ("Electric to review", None),
    ]
    assert plan.decided[0].name == "Meters"
    imported = of_task(file="Electric Aug.csv", begin=datetime(2026, 11, 3, tzinfo=UTC), person=DANA, imported=38)
    assert held([kickout(0)], imported)[0].steps[0].name == "Electric Aug.csv, 3 Nov"
    assert held([kickout(0)])[0].steps[0].name == "", "a day alone is no name"
    assert any(note.startswith("1 row edits a list that an earlier row edits, too") for note in notes)


def test_a_control_total_is_not_held_against_a_list_that_an_earlier_row_edits() -> None:
    """The earlier row may change which bills it holds."""
    rows = [flag_edit(0, 2001, comment="a"), flag_edit(1, 2001, comment="b", expected_bills=99)]
    assert len(held(rows)[0].steps) == 2
    first = flag_edit(0, 2001, comment="a", expected_bills=99)
    plan, _ = held([first, flag_edit(1, 2001, comment="b", expected_bills=12)])
    assert [(each.row.seq, each.bills) for each in plan.steps] == [(1, 12)], "a row that is not sent edits nothing"


def test_each_thing_is_wanted_once() -> None:
    """Lists, tasks and batches by their ids; a table only where a row names something of it."""
    rows = [*(flag_edit(number, 2001, comment=str(number)) for number in range(3)), kickout(9, number=1)]
    found = wanted(plan_of(*rows), rows, all_operations())
    assert (found.counts, found.tasks, found.lists) == (frozenset({2001}), frozenset({task(1)}), True)
    assert (found.flag_types, found.users, found.batches) == (False, False, True)


def words(rows: Iterable[CheckedRow], facts: Facts = TOLD) -> list[str]:
    return list(touch(plan_of(*rows), all_operations(), facts, 1).words())


def test_bills_and_cost_are_told() -> None:
    """Each list once, with the warning that lists may share bills; less where less is known."""
    rows = [flag_edit(0, 2001, comment="a"), flag_edit(1, 2001, comment="b"), flag_edit(2, 2002)]
    assert words(rows) == [
        "3 edits of 2 lists: 52 bills now; lists may share bills; cost 1,300.00 US Dollar; 5 of them flagged; "
        "2 of them held from export"
    ]
    assert words(rows[:1], replace(TOLD, counts={2001: Count(1)})) == ["1 edit of 1 list: 1 bill now"]
    assert words([*rows, flag_edit(3, 2004)])[0].startswith(
        "4 edits of 3 lists: 52 bills now, and of 1 list it cannot be told; lists may share"
    )
    two_units = {2001: TOLD.counts[2001], 2002: replace(TOLD.counts[2002], unit="Euro")}
    assert "cost" not in words(rows, replace(TOLD, counts=two_units))[0]
    assert words([flag_edit(0, 2004)]) == ["1 edit of 1 list: how many bills cannot be told"]
    assert words([flag_edit(0, 2001), flag_edit(1, 2005)], replace(TOLD, counts={2001: Count(12, 1.0, "USD")})) == [
        "2 edits of 2 lists: 12 bills now, and of 1 list it cannot be told; lists may share bills"
    ]


STAYS_PENDING = "which stays pending: its bills are void until it is opened or closed"
NEW, SMART, OWN = "new batch", "smart batch", "new self-contained batch"
BATCHES: Mapping[str, tuple[list[CheckedRow], list[str]]] = {
    "new closes the open one, and the next closes that": (
        [kickout(0, mode=NEW, new_batch_code="A"), kickout(1, mode=NEW)],
        ["closes JUL-2026 (501) and makes a new batch A", "closes A and makes a new batch"],
    ),
    "left open": (
        [kickout(0, mode=NEW, leave_open=True), kickout(1, mode=NEW)],
        ["makes a new batch", "fails, because you have 2 of them: EnergyCAP closes one, not several"],
    ),
    "closed by then": (
        [kickout(0, mode=NEW), kickout(1, mode=EXISTING, existing_open_batch_id=501)],
        [
            "closes JUL-2026 (501) and makes a new batch",
            "needs open batch JUL-2026 (501), which an earlier row closes: EnergyCAP will refuse it",
        ],
    ),
    "existing without an id": ([kickout(0, mode=EXISTING)], ["adds to your open batch JUL-2026 (501)"]),
    "a batch of its own": ([kickout(0, mode=OWN)], ["makes a batch of its own that is closed at once"]),
    "pending": (
        [kickout(0, mode=PENDING, pending_batch_id=502)],
        ["adds to pending batch PENDING-A (502), which stays pending: its bills are void until it is opened or closed"],
    ),
    "smart into mine": (
        [kickout(0, mode=SMART, new_batch_code="jul-2026")],
        ["adds to your open batch jul-2026"],
    ),
    "smart into another's": (
        [kickout(0, mode=SMART, new_batch_code="MORGANS")],
        ["adds to open batch MORGANS (504) of Morgan Lee"],
    ),
    "smart under a new code, then the same": (
        [kickout(0, mode=SMART, new_batch_code="NEW"), kickout(1, mode=SMART, new_batch_code="NEW")],
        ["makes a new batch NEW, with a GUID appended if a closed one has that code", "adds to your open batch NEW"],
    ),
}


@pytest.mark.parametrize("case", BATCHES)
def test_what_becomes_of_batches_is_told_in_order(case: str) -> None:
    """Which are closed, made, used, or left pending, as each row leaves them for the next."""
    rows, said = BATCHES[case]
    assert list(touch(plan_of(*rows), all_operations(), TOLD, 1).batches) == said


def test_rows_that_do_the_same_to_a_batch_are_counted_where_they_follow_each_other() -> None:
    """What comes before another row and what comes after it are two things."""
    rows = [kickout(seq, seq, OWN) for seq in (0, 1, 3)]
    rows.insert(2, kickout(2, 2, PENDING, pending_batch_id=502))
    alone = "makes a batch of its own that is closed at once"
    pending = f"adds to pending batch PENDING-A (502), {STAYS_PENDING}"
    (said,) = touch(plan_of(*rows), all_operations(), TOLD, 1).words()
    assert said == f"Batches, in this order: {alone} (2 rows); {pending}; {alone}"


def test_batches_that_are_not_known_are_not_guessed_at() -> None:
    """Nothing is said of what depends on which are open."""
    unknown = replace(TOLD, all_open=False)
    assert touch(plan_of(kickout(0, mode=NEW)), all_operations(), unknown, 1).batches == ()
    assert touch(plan_of(kickout(0, mode=NEW)), all_operations(), TOLD, None).batches == ()
    stranger = touch(plan_of(kickout(0, mode=EXISTING)), all_operations(), TOLD, 77)
    assert stranger.batches == (), "EnergyCAP may call the key's owner otherwise among batches"
    assert touch(plan_of(kickout(0, mode=OWN)), all_operations(), Facts(), 1).batches == ()


Change = Callable[[Facts], Facts]


def test_what_has_changed_is_told() -> None:
    """Bills of a list, and what becomes of batches."""
    rows = [flag_edit(0, 2001), kickout(1, number=1, mode=NEW)]
    before = touch(plan_of(*rows), all_operations(), TOLD, 1)
    assert list(before.changes(before)) == []
    now = replace(TOLD, counts={2001: Count(13)}, batches={503: TOLD.batches[503]})
    assert list(before.changes(touch(plan_of(*rows), all_operations(), now, 1))) == [
        "list 2001 held 12 bills and holds 13 now",
        "its rows would now do this to batches: makes a new batch",
    ]
    untold = touch(plan_of(*rows), all_operations(), replace(TOLD, batches={}), 1)
    assert list(before.changes(untold)) == ["what its rows would do to batches cannot be told any more"]
