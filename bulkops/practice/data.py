"""The pretend customer, the same every time: the sample sheets of the project name these ids.

Keys    practice-key (101 Practice Operator: may reimport and flag), practice-key-manager (102 Morgan Manager: may all),
        practice-key-readonly (103 Robin Reader: may write nothing). 104 Frankie Former is inactive and has no key.
Tasks   7d9e4c10-5b3a-4f6e-9c21-NNNNNNNNNNNN: 1 to 40 with 3 + n % 10 kickouts, 51 without kickouts, 52 running,
        53 a meter import.
Batches 501 JUL-2026 and 504 MGR-OPEN open, 502 PENDING-A and 506 PENDING-B pending, 503 JUN-2026 and 505 MICRO-07
        closed; 504 and 506 are Morgan's.
Lists   2001 unflagged, 2002 unresolved, 2003 resolved, 2004 mixed, 2005 empty, 2006 to 2030 one per site, 2099 of
        accounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .records import (
    BILL_IMPORT,
    COMPLETED,
    COMPLETED_WITH_KICKOUTS,
    RESOLVED,
    RUNNING,
    UNRESOLVED,
    Batch,
    BatchStatus,
    Bill,
    BillList,
    Flag,
    FlagType,
    Task,
    User,
)

PRACTICE_KEY = "practice-key"
AUDIT_EXCEPTION = 1
_FIRST_DAY = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
_SEE = {("billsAndBatches", "view"), ("flaggedItems", "view")}
_WRITE = _SEE | {("billsAndBatches", "create"), ("flaggedItems", "manage")}

OPERATOR = User(101, "operator", "Practice Operator", rights=frozenset(_WRITE))
MANAGER = User(102, "manager", "Morgan Manager", rights=frozenset(_WRITE | {("billsAndBatches", "manage")}))
READER = User(103, "reader", "Robin Reader", rights=frozenset(_SEE))
FORMER = User(104, "former", "Frankie Former", active=False)

USERS = (OPERATOR, MANAGER, READER, FORMER)
KEYS = {PRACTICE_KEY: OPERATOR, "practice-key-manager": MANAGER, "practice-key-readonly": READER}
FLAG_TYPES = (
    FlagType(AUDIT_EXCEPTION, "Audit exception"),
    FlagType(2, "Bill review"),
    FlagType(3, "Cost recovery"),
    FlagType(4, "Vendor query"),
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
        yield Batch(number, code, status, owner, bill_count=number % 100)


def tasks() -> Iterator[Task]:
    for number in range(1, 41):
        yield _finished(number, BILL_IMPORT, COMPLETED_WITH_KICKOUTS, kickouts=3 + number % 10)
    yield _finished(51, BILL_IMPORT, COMPLETED, kickouts=0)
    running = _finished(52, BILL_IMPORT, RUNNING, kickouts=0)
    running.end, running.message, running.success, running.analyzing = None, "The import is running.", 0, 30
    yield running
    yield _finished(53, "MeterImport", COMPLETED_WITH_KICKOUTS, kickouts=4)


def _finished(number: int, type_code: str, status: str, kickouts: int) -> Task:
    begin = _FIRST_DAY + timedelta(hours=number)
    success = 20 + number % 7
    return Task(
        guid=seed_guid(number),
        type_code=type_code,
        status=status,
        user=OPERATOR,
        begin=begin,
        end=begin + timedelta(minutes=5),
        message=f"{success} imported, {kickouts} kickouts.",
        note=f"Practice import {number:02d}",
        kickouts=kickouts,
        success=success,
        unresolved_flags=number % 4,
    )


def lists() -> Iterator[BillList]:
    open_flag, done_flag = Flag(UNRESOLVED, 4), Flag(RESOLVED, 2)
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
    yield BillList(2099, "All accounts", MANAGER, of_bills=False)


def _bill(list_number: int, place: int, flag: Flag | None) -> Bill:
    return Bill(list_number * 100 + place, cost=100.0 + place * 12.5, flag=flag)
