"""How the things whose answer differs from what is kept look: bill lists, flags, users, the key's owner."""

from __future__ import annotations

from collections.abc import Sequence

from .choices import Choices
from .records import (
    RESOLVED,
    RIGHTS,
    Bill,
    BillList,
    Flag,
    FlagEvent,
    FlagResponse,
    ListAnswer,
    ListData,
    ListField,
    ListFilter,
    ListItem,
    ListType,
    Me,
    User,
    UserChild,
)
from .state import State

_STATUS = {1: "Unresolved", RESOLVED: "Resolved"}
_TYPES = {"Bill ID": "Integer", "Total Cost": "Double", "Flag Status": "String", "Held From Export": "Boolean"}


def me(user: User, choices: Choices) -> Me:
    return Me(
        system_user_id=user.user_id,
        system_user_code=user.user_code,
        full_name=user.full_name,
        email=user.email,
        user_role_name=(user.user_role or {}).get("userRoleInfo", ""),
        environment=user.environment or choices.environment,
        permissions={area: {right: user.may(area, right) for right in rights} for area, rights in RIGHTS.items()},
    )


def user(shown: User, asking: User) -> User:
    """Without View on Users & Roles only some properties come back."""
    if asking.may("usersAndRoles", "view"):
        return shown
    known = shown.model_dump(include={"user_id", "user_code", "full_name"})
    return User(**known, active=None)


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
            ListField(field_id=place, caption=name, data_type_code=_TYPES[name], display_order=place)
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
    """What the list means; in practice its bills are fixed, whatever the filter says."""
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
        created_by=_child(first.user),
        created_date=first.moment,
        modified_by=_child(last.user),
        modified_date=last.moment,
        cost_recovery=kept.cost_recovery,
        flag_events=[
            FlagEvent(
                flag_event_id=event.number,
                created_by=_child(event.user),
                created_date=event.moment,
                comment=event.comment,
                description=event.what,
                flag_action={"flagActionId": 1, "flagActionInfo": event.what},
            )
            for event in kept.events
        ],
        assignees=[_child(state.users[number]) for number in kept.assignees],
    )


def _child(user: UserChild) -> UserChild:
    return UserChild(user_id=user.user_id, user_code=user.user_code, full_name=user.full_name)
