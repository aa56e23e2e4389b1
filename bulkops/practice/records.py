"""What the practice server keeps, and how each thing looks in JSON (api-contract, sections 2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
_AREAS = {"billsAndBatches": ("view", "create", "manage"), "flaggedItems": ("view", "manage")}
BatchStatus = Literal["open", "pending", "closed"]

UNRESOLVED, RESOLVED = 1, 2
BILL_IMPORT = "BillImport"
RUNNING = "Running"
COMPLETED = "Completed"
COMPLETED_WITH_KICKOUTS = "Completed with kickouts"


class Refused(Exception):
    """The request is answered with an error: an HTTP status and a sentence for the operator, with optional details."""

    def __init__(self, status: int, message: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors or (message,)


@dataclass(frozen=True)
class User:
    """A person; a key acts as the person who made it. `rights` holds pairs such as ("billsAndBatches", "create")."""

    user_id: int
    user_code: str
    full_name: str
    active: bool = True
    rights: frozenset[tuple[str, str]] = frozenset()

    def may(self, area: str, right: str) -> bool:
        return (area, right) in self.rights

    @property
    def email(self) -> str:
        return f"{self.user_code}@example.com"

    def child(self) -> Json:
        return {"userId": self.user_id, "userCode": self.user_code, "fullName": self.full_name}

    def json(self) -> Json:
        return {**self.child(), "active": self.active, "email": self.email}

    def me(self) -> Json:
        """The answer of GET /api/v3/me."""
        return {
            "systemUserId": self.user_id,
            "systemUserCode": self.user_code,
            "fullName": self.full_name,
            "email": self.email,
            "environment": "Practice",
            "permissions": {
                area: {right: self.may(area, right) for right in rights} for area, rights in _AREAS.items()
            },
        }


@dataclass(frozen=True)
class FlagType:
    flag_type_id: int
    flag_type_info: str

    def json(self) -> Json:
        return {"flagTypeId": self.flag_type_id, "flagTypeInfo": self.flag_type_info}


@dataclass
class Batch:
    batch_id: int
    batch_code: str
    status: BatchStatus
    owner: User
    bill_count: int = 0
    note: str = ""

    def child(self) -> Json:
        return {"batchId": self.batch_id, "batchCode": self.batch_code}

    def json(self) -> Json:
        return {
            **self.child(),
            "isOpen": self.status == "open",
            "batchStatus": self.status,
            "createdBy": self.owner.child(),
            "billCount": self.bill_count,
            "note": self.note,
        }


@dataclass
class Task:
    """An import. `kickouts` are the bills it could not import; a reimport tries exactly those again.

    `due` is the reading of the state's clock at which a reimport will be finished.
    """

    guid: str
    type_code: str
    status: str
    user: User
    begin: datetime
    end: datetime | None = None
    message: str = ""
    note: str | None = None
    batch: Batch | None = None
    kickouts: int = 0
    analyzing: int = 0
    success: int = 0
    unresolved_flags: int = 0
    due: float = 0.0
    reimport_of: str | None = None
    save_as_resolved: bool = False

    def json(self) -> Json:
        """The answer of GET /api/v3/task/{taskGuid}: endDate is absent while the import runs."""
        answer: Json = {
            "taskGUId": self.guid,
            "taskType": {"taskTypeCode": self.type_code, "taskTypeInfo": TASK_TYPES[self.type_code]},
            "status": self.status,
            "message": self.message,
            "beginDate": stamp(self.begin),
            "user": self.user.child(),
            "batch": self.batch.child() if self.batch else None,
            "taskNote": self.note,
            "analyzingCount": self.analyzing,
            "unresolvedFlagCount": self.unresolved_flags,
            "currentSuccessCount": self.success,
        }
        if self.end is not None:
            answer["endDate"] = stamp(self.end)
        return answer


TASK_TYPES = {BILL_IMPORT: "Bill Import", "MeterImport": "Meter Import"}


def stamp(moment: datetime) -> str:
    """UTC to the second, as EnergyCAP writes times: 2026-07-01T06:00:00Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Flag:
    """The flag of one bill. `assignees` are user ids in rising order; `comments` grow by one with every event."""

    status: int
    type_id: int
    cost_recovery: float | None = None
    assignees: tuple[int, ...] = ()
    comments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bill:
    bill_id: int
    cost: float
    flag: Flag | None = None
    held: bool = False

    def with_flag(self, flag: Flag, held: bool) -> Bill:
        return replace(self, flag=flag, held=held)


@dataclass
class BillList:
    """A saved list. Bill lists have list type 1; `bills` of any other type are nobody's business here."""

    list_id: int
    info: str
    owner: User
    bills: list[Bill] = field(default_factory=list)
    of_bills: bool = True

    def json(self) -> Json:
        kind = (1, "Bills") if self.of_bills else (2, "Accounts")
        return {
            "listId": self.list_id,
            "listInfo": self.info,
            "listDescription": "",
            "listType": {"listTypeId": kind[0], "listTypeInfo": kind[1]},
            "user": self.owner.child(),
            "sharedList": True,
            "visible": True,
        }


@dataclass(frozen=True)
class Applied:
    """One write that was carried out. `target` is the task GUID or the list id as text.

    A reimport has `new_task` (the GUID answered), `mode` (the batch mode after any rewriting) and `batch_id`;
    a flag edit has `selected` and `updated`.
    """

    kind: Literal["kickout_reimport", "list_flag_edit"]
    target: str
    user: User
    body: Json
    new_task: str | None = None
    mode: str | None = None
    batch_id: int | None = None
    selected: int | None = None
    updated: int | None = None
