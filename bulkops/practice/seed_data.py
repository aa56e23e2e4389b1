"""The pretend customer, the same every time: the sample sheets of the project name these ids.

Keys    practice-key (101 Practice Operator: may reimport and flag), practice-key-manager (102 Morgan Manager: may all),
        practice-key-readonly (103 Robin Reader: may write nothing). 104 Frankie Former is inactive and has no key.
Tasks   7d9e4c10-5b3a-4f6e-9c21-NNNNNNNNNNNN: 1 to 40 with 3 + n % 10 kickouts, 51 without kickouts, 52 running,
        53 a reading import.
Batches 501 JUL-2026 and 504 MGR-OPEN open, 502 PENDING-A and 506 PENDING-B pending, 503 JUN-2026 and 505 MICRO-07
        closed; 504 and 506 are Morgan's.
Lists   2001 unflagged, 2002 unresolved, 2003 resolved, 2004 mixed, 2005 empty, 2006 to 2030 one per site, 2099 of
        records, 2098 Morgan's own, which nobody else sees.
Bills   LLLLPP: the list and the place in it, from 00.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .records import (
    BILL_IMPORT,
    RESOLVED,
    TASK_TYPES,
    UNRESOLVED,
    Batch,
    BatchStatus,
    Bill,
    BillList,
    Flag,
    FlagEvent,
    FlagType,
    Task,
    TaskStatus,
    TaskType,
    User,
)

PRACTICE_KEY = "practice-key"
AUDIT_EXCEPTION = "Audit Exception"
FIRST_DAY = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
_SEE = {("billsAndBatches", "view"), ("flaggedItems", "view")}
_WRITE = _SEE | {("billsAndBatches", "create"), ("flaggedItems", "manage"), ("usersAndRoles", "view")}
_MANAGE = _WRITE | {("billsAndBatches", "manage"), ("exportHold", "manage")}


def user(number: int, code: str, name: str, role: str, rights: set[tuple[str, str]], active: bool = True) -> User:
    return User(
        user_id=number,
        user_code=code,
        full_name=name,
        active=active,
        email=f"{code}@example.com",
        user_role={"userRoleId": number % 100, "userRoleInfo": role},
        last_login=FIRST_DAY,
        user_groups=[],
        rights=frozenset(rights),
    )


OPERATOR = user(101, "operator", "Practice Operator", "Bill clerk", _WRITE)
MANAGER = user(102, "manager", "Morgan Manager", "Manager", _MANAGE)
READER = user(103, "reader", "Robin Reader", "Reader", _SEE)
FORMER = user(104, "former", "Frankie Former", "Bill clerk", set(), active=False)

USERS = (OPERATOR, MANAGER, READER, FORMER)
KEYS = {PRACTICE_KEY: OPERATOR, "practice-key-manager": MANAGER, "practice-key-readonly": READER}
FLAG_TYPES = tuple(
    FlagType(flag_type_id=number, flag_type_info=info)
    for number, info in enumerate((AUDIT_EXCEPTION, "Bill review", "Cost recovery", "Vendor query"), 1)
)


def seed_guid(number: int) -> str:
    """The GUID of the seeded task with this number."""
    return f"7d9e4c10-5b3a-4f6e-9c21-{number:012d}"


def batches() -> Iterator[Batch]:
    rows: tuple[tuple[int, str, BatchStatus, User], ...] = (
        (501, "JUL-2026", "open", OPERATOR),
        (502, "PENDING-A", "pending", OPERATOR),
        (503, "JUN-2026", "closed", OPERATOR),
        (504, "MGR-OPEN", "open", MANAGER),
        (505, "MICRO-07", "closed", OPERATOR),
        (506, "PENDING-B", "pending", MANAGER),
    )
    for number, code, status, owner in rows:
        count = number % 100
        yield Batch(
            batch_id=number,
            batch_code=code,
            status=status,
            owner=owner,
            start_date=FIRST_DAY,
            end_date=FIRST_DAY + timedelta(days=1) if status == "closed" else None,
            bill_count=count,
            running_total=count * 100.0,
            has_imported_bills=True,
        )


def tasks() -> Iterator[Task]:
    for number in range(1, 41):
        yield _finished(number, BILL_IMPORT, "kickouts", kickouts=3 + number % 10)
    yield _finished(51, BILL_IMPORT, "completed", kickouts=0)
    running = _finished(52, BILL_IMPORT, "running", kickouts=0)
    running.end, running.success, running.unresolved_flags = None, 0, 0
    yield running
    yield _finished(53, "ReadingImport", "kickouts", kickouts=4)


def _finished(number: int, type_code: str, status: TaskStatus, kickouts: int) -> Task:
    begin = FIRST_DAY + timedelta(hours=number)
    return Task(
        task_id=8000 + number,
        guid=seed_guid(number),
        task_type=task_type(type_code),
        status=status,
        user=OPERATOR,
        begin=begin,
        end=begin + timedelta(minutes=5),
        output={"files": [f"practice-{number:02d}.txt"]},
        settings={"fileName": f"practice-{number:02d}.txt", "importNote": f"Practice import {number:02d}"},
        note=f"Practice import {number:02d}",
        kickouts=kickouts,
        success=20 + number % 7,
        unresolved_flags=number % 4,
    )


def task_type(code: str) -> TaskType:
    number, info = TASK_TYPES[code]
    return TaskType(task_type_id=number, task_type_code=code, task_type_info=info)


def lists() -> Iterator[BillList]:
    set_by_hand = FlagEvent(
        flag_event_id=1, created_by=OPERATOR, created_date=FIRST_DAY, comment=None, description="Flagged"
    )
    open_flag, done_flag = Flag(UNRESOLVED, 4, events=(set_by_hand,)), Flag(RESOLVED, 2, events=(set_by_hand,))
    sites: list[tuple[int, str, list[Flag | None]]] = [
        (2000 + site, f"Site {site:02d}", [open_flag] * 5) for site in range(6, 31)
    ]
    rows: list[tuple[int, str, list[Flag | None]]] = [
        (2001, "July electric > 30 days", [None] * 12),
        (2002, "Unresolved vendor queries", [open_flag] * 40),
        (2003, "Resolved last month", [done_flag] * 8),
        (2004, "Mixed", [open_flag] * 10 + [done_flag] * 10 + [None] * 5),
        (2005, "Empty", []),
        *sites,
    ]
    for number, info, flags in rows:
        bills = [_bill(number, place, flag) for place, flag in enumerate(flags)]
        yield BillList(number, info, OPERATOR, bills)
    yield BillList(2098, "Morgan's own", MANAGER, [_bill(2098, 0, None)], shared=False)
    yield BillList(2099, "All records", MANAGER, of_bills=False)


def _bill(list_number: int, place: int, flag: Flag | None) -> Bill:
    return Bill(list_number * 100 + place, cost=100.0 + place * 12.5, flag=flag)
