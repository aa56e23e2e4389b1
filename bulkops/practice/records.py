"""What the practice server keeps. Where a record looks the same in JSON, one class is both.

Every key of an answer has the name and type that EnergyCAP's own client gives it; any of them may be absent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SerializationInfo, WithJsonSchema, computed_field
from pydantic.alias_generators import to_camel

from .bodies import Int32

Json = dict[str, Any]
BatchStatus = Literal["open", "pending", "closed"]
TaskStatus = Literal["running", "completed", "kickouts"]
RIGHTS = {
    "billsAndBatches": ("view", "create", "edit", "delete", "manage"),
    "flaggedItems": ("view", "manage"),
    "exportHold": ("manage",),
    "billListAdministrator": ("manage",),
    "sharedBillLists": ("view", "create", "edit"),
    "usersAndRoles": ("view", "manage"),
}
_AREAS = {"billsAndBatches": "Bills and Batches", "flaggedItems": "Flagged Items", "exportHold": "Export Hold"}

UNRESOLVED, RESOLVED = 1, 2
BILL_IMPORT = "BillImport"
TASK_TYPES = {BILL_IMPORT: (14, "Bill Import"), "ReadingImport": (21, "Reading Import")}


class Refused(Exception):
    """The request is answered with an error: an HTTP status and a sentence for the operator."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def stamp(moment: datetime, style: str) -> str:
    """A moment in JSON, in one of the styles of `Choices.dates`."""
    there = moment.astimezone(UTC)
    match style:
        case "utc":
            return f"{there:%Y-%m-%dT%H:%M:%S}Z"
        case "offset":
            return f"{there:%Y-%m-%dT%H:%M:%S.%f}0+00:00"
        case _:
            return f"{there:%Y-%m-%dT%H:%M:%S}"


def _written(moment: datetime, info: SerializationInfo) -> str:
    return stamp(moment, (info.context or {}).get("dates", "naive"))


def _nothing_required(schema: Json) -> None:
    schema.pop("required", None)


# Not "date-time" of JSON Schema, which demands a zone.
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"}
Moment = Annotated[datetime, PlainSerializer(_written), WithJsonSchema(_MOMENT)]
_HIDDEN: Any = Field(exclude=True)


class Answer(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=False, json_schema_extra=_nothing_required
    )


class UserChild(Answer):
    user_id: Int32
    user_code: str
    full_name: str


class User(UserChild):
    """A person; a key acts as the person who made it. `rights` holds pairs such as ("billsAndBatches", "create")."""

    active: bool | None = True
    email: str | None = None
    user_role: Json | None = None
    last_login: Moment | None = None
    user_groups: list[Json] | None = None
    rights: Annotated[frozenset[tuple[str, str]], _HIDDEN] = frozenset()
    environment: Annotated[str | None, _HIDDEN] = None
    """The data source of the key, if it is not the one in `Choices`."""

    def may(self, area: str, right: str) -> bool:
        return (area, right) in self.rights

    def need(self, area: str, right: str) -> None:
        """401, naming the permission, unless the user has it."""
        if not self.may(area, right):
            name = f"{_AREAS[area]}: {right.capitalize()}"
            raise Refused(401, f'Unauthorized: {self.full_name} lacks the permission "{name}" for this resource.')


class FlagType(Answer):
    flag_type_id: Int32
    flag_type_info: str


class BatchChild(Answer):
    batch_id: Int32
    batch_code: str


class Batch(BatchChild):
    status: Annotated[BatchStatus, Field(serialization_alias="batchStatus")]
    owner: Annotated[UserChild, Field(serialization_alias="createdBy")]
    start_date: Moment
    end_date: Moment | None = None
    bill_count: int = 0
    running_total: float = 0.0
    flag_count: int = 0
    analyzing_count: int = 0
    has_imported_bills: bool = False
    has_kickouts: Annotated[bool, _HIDDEN] = False
    statement_date: str | None = None
    due_date: str | None = None
    next_reading: str | None = None
    control_code: str | None = None
    invoice_number: str | None = None
    account_period_name: str | None = None
    account_period_number: int | None = None
    account_period_year: int | None = None
    note: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def is_open(self) -> bool:
        return self.status == "open"


class TaskType(Answer):
    task_type_id: Int32
    task_type_code: str
    task_type_info: str


class Task(Answer):
    """An import. `kickouts` are the bills it could not import; a reimport tries exactly those again.

    `started` is the reading of the state's clock at which a reimport was started.
    """

    task_id: Int32
    guid: Annotated[str, Field(serialization_alias="taskGUId")]
    task_type: TaskType
    begin: Annotated[Moment, Field(serialization_alias="beginDate")]
    end: Annotated[Moment | None, Field(serialization_alias="endDate")] = None
    user: UserChild
    status: str
    message: str | None = None
    output: Json | None = None
    settings: Json | None = None
    note: Annotated[str | None, Field(serialization_alias="taskNote")] = None
    batch: BatchChild | None = None
    success: Annotated[int, Field(serialization_alias="currentSuccessCount")] = 0
    analyzing: Annotated[int, Field(serialization_alias="analyzingCount")] = 0
    unresolved_flags: Annotated[int, Field(serialization_alias="unresolvedFlagCount")] = 0
    has_attachments: bool = True
    kickouts: Annotated[int, _HIDDEN] = 0
    started: Annotated[float, _HIDDEN] = 0.0
    reimport_of: Annotated[str | None, _HIDDEN] = None
    save_as_resolved: Annotated[bool, _HIDDEN] = False


class FlagEvent(Answer):
    """Something done to a flag."""

    flag_event_id: int
    created_by: UserChild
    created_date: Moment
    comment: str | None
    description: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def flag_action(self) -> Json:
        return {"flagActionId": 1, "flagActionInfo": self.description}


@dataclass(frozen=True)
class Flag:
    """The flag of one bill. `assignees` are user ids in rising order; `comments` grow by one with every event."""

    status: int
    type_id: int
    cost_recovery: float | None = None
    assignees: tuple[int, ...] = ()
    comments: tuple[str, ...] = ()
    events: tuple[FlagEvent, ...] = field(default=(), compare=False)

    def after(self, event: FlagEvent) -> Flag:
        return replace(self, events=(*self.events, event))


@dataclass(frozen=True)
class Bill:
    bill_id: int
    cost: float
    flag: Flag | None = None
    held: bool = False

    def with_flag(self, flag: Flag | None, held: bool) -> Bill:
        return replace(self, flag=flag, held=held)


@dataclass
class BillList:
    """A saved list. A list that is not `of_bills` holds other records, which are left out here."""

    list_id: int
    info: str
    owner: User
    bills: list[Bill] = field(default_factory=list)
    of_bills: bool = True
    shared: bool = True


@dataclass(frozen=True)
class Applied:
    """One write that was carried out. `target` is the task GUID or the list id as text.

    A reimport has `new_task` (the GUID answered), `mode` (the batch mode after any rewriting) and `batch_id`;
    a flag edit has `selected` and `updated`.
    """

    kind: Literal["kickout_reimport", "list_flag_edit", "task_note"]
    target: str
    user: User
    body: Json
    new_task: str | None = None
    mode: str | None = None
    batch_id: int | None = None
    selected: int | None = None
    updated: int | None = None
