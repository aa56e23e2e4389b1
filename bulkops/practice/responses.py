"""Answers that differ from what is kept: the key's owner, users, lists, flags, and the results of the writes."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from .bodies import Int32
from .choices import Choices
from .records import RESOLVED, RIGHTS, Answer, Bill, BillList, Flag, FlagEvent, FlagType, Json, Moment, User, UserChild
from .state import State

_STATUS = {1: "Unresolved", RESOLVED: "Resolved"}
_COLUMNS = {"Bill ID": "Integer", "Total Cost": "Double", "Flag Status": "String", "Held From Export": "Boolean"}


class Me(Answer):
    system_user_id: Int32
    system_user_code: str
    full_name: str
    email: str | None
    user_role_name: str
    environment: str
    application_mode: str = "Online"
    permissions: dict[str, dict[str, bool]]
    feature_flags: list[str]
    date_formats: list[str]
    currency_unit: Json


class GuidResponse(Answer):
    task_guid: Annotated[str, Field(serialization_alias="taskGUId")]


class UpdateResult(Answer):
    selected: int
    updated: int


class FlagResponse(Answer):
    flag_id: int
    flag_type: FlagType
    flag_status: Json
    created_by: UserChild
    created_date: Moment
    modified_by: UserChild
    modified_date: Moment
    cost_recovery: float | None
    flag_events: list[FlagEvent]
    assignees: list[UserChild]
    flag_issues: list[Json]


class ListType(Answer):
    list_type_id: Int32
    list_type_info: str
    list_type_description: str | None = None


class ListAnswer(Answer):
    list_id: Int32
    list_info: str
    list_description: str
    list_type: ListType
    user: UserChild
    shared_list: bool
    visible: bool = True


class ListField(Answer):
    field_id: int
    caption: str
    data_type_code: str
    display_order: int
    visible: bool = True
    sortable: bool = True
    sort_order: int | None = None
    sort_direction: str | None = None
    width: int = 100
    required_output: bool = False


class ListItem(Answer):
    field_id: int
    name: str
    value: Any


class ListData(Answer):
    list_id: int
    data: list[list[ListItem]]
    fields: Annotated[list[ListField], Field(serialization_alias="field")]
    meta: Json


class ListFilter(Answer):
    available_operator: list[str]
    caption: str
    query_parameter_name: str
    field_id: int
    data_field_id: int
    data_type: Json
    operator: str
    value: str
    required: bool = False
    recommended: bool = False
    hidden: bool = False


def me(user: User, choices: Choices) -> Me:
    return Me(
        system_user_id=user.user_id,
        system_user_code=user.user_code,
        full_name=user.full_name,
        email=user.email,
        user_role_name=(user.user_role or {}).get("userRoleInfo", ""),
        environment=user.environment or choices.environment,
        permissions={area: {right: user.may(area, right) for right in rights} for area, rights in RIGHTS.items()},
        feature_flags=[],
        date_formats=["MM/dd/yyyy", "dd/MM/yyyy"],
        currency_unit={"unitId": 1, "unitCode": "USD", "unitInfo": "US Dollar"},
    )


def user(shown: User, asking: User) -> User:
    """Without View on Users & Roles only some properties come back."""
    if asking.may("usersAndRoles", "view"):
        return shown
    return User(user_id=shown.user_id, user_code=shown.user_code, full_name=shown.full_name, active=None)


def bill_list(found: BillList, choices: Choices) -> ListAnswer:
    number = 1 if found.of_bills else 2
    return ListAnswer(
        list_id=found.list_id,
        list_info=found.info,
        list_description="",
        list_type=ListType(list_type_id=number, list_type_info=choices.list_types[number - 1]),
        user=found.owner,
        shared_list=found.shared,
    )


def data(found: BillList, page: Sequence[Bill], choices: Choices) -> ListData:
    meta = {
        "TotalCount": len(found.bills),
        "TotalCost": sum(bill.cost for bill in found.bills),
        "costUnitInfo": "US Dollar",
    }
    return ListData(
        list_id=found.list_id,
        data=[_row(bill, choices) for bill in page],
        fields=[
            ListField(field_id=place, caption=name, data_type_code=_COLUMNS[name], display_order=place)
            for place, name in enumerate(choices.list_columns, 1)
        ],
        meta={name: value for name, value in meta.items() if name in choices.list_meta}
        | ({"ErrorMessage": choices.list_error} if choices.list_error else {}),
    )


def _row(bill: Bill, choices: Choices) -> list[ListItem]:
    values = {
        "Bill ID": bill.bill_id,
        "Total Cost": bill.cost,
        "Flag Status": bill.flag and _STATUS[bill.flag.status],
        "Held From Export": bill.held,
    }
    return [
        ListItem(field_id=place, name=name, value=values[name]) for place, name in enumerate(choices.list_columns, 1)
    ]


def list_filter(found: BillList) -> ListFilter:
    """The filter of a list. Here it is for show: the bills of a list are fixed."""
    return ListFilter(
        available_operator=["like", "equals"],
        caption="Account name",
        query_parameter_name="accountInfo",
        field_id=1,
        data_field_id=1,
        data_type={"dataTypeId": 1, "dataTypeCode": "String", "dataTypeInfo": "Text"},
        operator="like",
        value=found.info,
    )


def flag(bill: Bill, kept: Flag, state: State) -> FlagResponse:
    first, last = kept.events[0], kept.events[-1]
    return FlagResponse(
        flag_id=bill.bill_id,
        flag_type=state.flag_types[kept.type_id],
        flag_status={"flagStatusId": kept.status, "flagStatusInfo": _STATUS[kept.status]},
        created_by=first.created_by,
        created_date=first.created_date,
        modified_by=last.created_by,
        modified_date=last.created_date,
        cost_recovery=kept.cost_recovery,
        flag_events=list(kept.events),
        assignees=[state.users[number] for number in kept.assignees],
        flag_issues=[],
    )
