"""The state behind HTTP: every call that bulkops makes or will make, declared to FastAPI, which validates requests."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Response, Security
from fastapi import Path as InPath
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from pydantic import AfterValidator, BeforeValidator

from . import errors, queries, responses
from .bodies import BillKickoutImportRequest, FlagEdit, Int32, TaskEdit
from .faults import Faults
from .middleware import FaultMiddleware
from .records import Answer, Batch, FlagType, Refused, Task, User
from .responses import FlagResponse, GuidResponse, ListAnswer, ListData, ListFilter, Me, UpdateResult
from .state import State


def make_app(state: State, faults: Faults | None = None) -> FaultMiddleware:
    """The ASGI app on `state`, behind the middleware that records requests and plays `faults`."""
    app = FastAPI(title="Practice EnergyCAP", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.practice = state
    app.include_router(router)
    errors.handle_errors(app, state)
    return FaultMiddleware(app, state, faults or Faults())


router = APIRouter(prefix="/api", responses=errors.declared())

_PAGED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            name: {"schema": {"type": "integer"}, "required": True}
            for name in ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages")
        }
    }
}


def _digits(text: Any) -> Any:
    if isinstance(text, str) and not re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII):
        raise ValueError("Input should be a whole number in digits.")
    return text


Number = Annotated[Int32, BeforeValidator(_digits)]
Positive = Annotated[int, BeforeValidator(_digits), Query(ge=1)]
_HEX = "[0-9a-fA-F]"
Guid = Annotated[
    str,
    AfterValidator(str.lower),
    InPath(
        pattern=f"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}$", json_schema_extra={"format": "uuid"}
    ),
]
_Key = Annotated[str | None, Security(APIKeyHeader(name="ECI-ApiKey", auto_error=False))]


@dataclass(frozen=True)
class Call:
    """One call: the state, who asks, and how to answer."""

    state: State
    user: User
    fields: frozenset[str] = frozenset()
    """Field reduction: the names in the parameter `field`, in lower case; none: all."""

    def answer(self, found: Answer | Sequence[Answer], headers: Mapping[str, str] | None = None) -> Response:
        whole = [self._json(each) for each in found] if isinstance(found, Sequence) else self._json(found)
        return JSONResponse(whole, headers=headers)

    def _json(self, found: Answer) -> dict[str, Any]:
        choices = self.state.choices
        json = found.model_dump(
            mode="json", by_alias=True, exclude_none=not choices.null_keys, context={"dates": choices.dates}
        )
        return {name: value for name, value in json.items() if not self.fields or name.lower() in self.fields}

    def page(self, found: Sequence[Answer], size: int, number: int) -> Response:
        return self.answer(*queries.page_of(found, size, number, self.state.choices))


async def _call(request: HttpRequest, key: _Key) -> Call:
    """Every call needs the key; a call with a body needs the content type too."""
    state: State = request.app.state.practice
    user = state.user_of(key)
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    needed = request.method != "GET" or state.choices.reads_need_content_type
    if needed and content_type != "application/json":
        raise Refused(415, "All requests must specify the header Content-Type: application/json.")
    return Call(state, user)


Writing = Annotated[Call, Depends(_call)]


async def _reduced(call: Writing, field: Annotated[str, Query(description="Names, comma separated.")] = "") -> Call:
    return replace(call, fields=frozenset(name.strip().lower() for name in field.split(",") if name.strip()))


Reading = Annotated[Call, Depends(_reduced)]


@router.post("/v202401/import/bill/task/{taskGuid}/kickout", response_model=GuidResponse)
async def reimport_kickouts(call: Writing, taskGuid: Guid, body: BillKickoutImportRequest) -> Response:
    return call.answer(GuidResponse(task_guid=call.state.reimport(call.user, taskGuid, body).guid))


@router.put("/v3/list/{listId}/flagAction", response_model=UpdateResult)
async def flag_bill_list_action(call: Writing, listId: Number, body: FlagEdit) -> Response:
    done = call.state.edit_flags(call.user, listId, body)
    return call.answer(UpdateResult(selected=done.selected or 0, updated=done.updated or 0))


@router.put("/v3/task/{taskId}", response_model=Task)
async def edit_task(call: Writing, taskId: Number, body: TaskEdit) -> Response:
    return call.answer(call.state.edit_task(call.user, taskId, body))


@router.get("/v3/me", response_model=Me)
async def me(call: Reading) -> Response:
    return call.answer(responses.me(call.user, call.state.choices))


@router.get("/v3/task/{taskGuid}", response_model=Task)
async def task(call: Reading, taskGuid: Guid) -> Response:
    return call.answer(call.state.task(taskGuid))


@router.get("/v3/task", response_model=list[Task], responses=_PAGED)
async def tasks(
    call: Reading, taskTypeCode: str = "", filter: str = "", pageSize: Positive = 250, pageNumber: Positive = 1
) -> Response:
    found = [
        each
        for each in call.state.tasks(call.user)
        if taskTypeCode.lower() in ("", each.task_type.task_type_code.lower())
    ]
    fields = queries.TASKS | queries.MORE_OF_TASKS if call.state.choices.more_task_filters else queries.TASKS
    kept = queries.filtered(found, filter, fields, call.state)
    return call.page(kept, pageSize, pageNumber)


@router.get("/v3/flag/flagType", response_model=list[FlagType])
async def flag_types(call: Reading) -> Response:
    call.user.need("flaggedItems", "view")
    return call.answer(list(call.state.flag_types.values()))


@router.get("/v3/flag/Bill/{billId}", response_model=FlagResponse, responses={204: {"description": "Not flagged."}})
async def flag(call: Reading, billId: Number) -> Response:
    call.user.need("flaggedItems", "view")
    bill = call.state.bill(billId)
    return Response(status_code=204) if bill.flag is None else call.answer(responses.flag(bill, bill.flag, call.state))


@router.get("/v3/list", response_model=list[ListAnswer])
async def lists(call: Reading, listTypeId: Number | None = None) -> Response:
    found = [responses.bill_list(each, call.state.choices) for each in call.state.lists(call.user)]
    return call.answer([each for each in found if listTypeId in (None, each.list_type.list_type_id)])


@router.get("/v3/list/{listId}/data", response_model=ListData, responses=_PAGED)
async def list_data(call: Reading, listId: Number, pageSize: Positive = 250, pageNumber: Positive = 1) -> Response:
    found = call.state.bill_list(listId, call.user)
    page, headers = queries.page_of(found.bills, pageSize, pageNumber, call.state.choices)
    return call.answer(responses.data(found, page, call.state.choices), headers)


@router.get("/v3/list/{listId}/filter", response_model=list[ListFilter])
async def list_filter(call: Reading, listId: Number) -> Response:
    return call.answer([responses.list_filter(call.state.bill_list(listId, call.user))])


@router.get("/v3/batch", response_model=list[Batch], responses=_PAGED)
async def batches(call: Reading, filter: str = "", pageSize: Positive = 250, pageNumber: Positive = 1) -> Response:
    call.user.need("billsAndBatches", "view")
    kept = queries.filtered(call.state.batches(), filter, queries.BATCHES, call.state)
    return call.page(kept, pageSize, pageNumber)


@router.get("/v3/batch/{batchId}", response_model=Batch)
async def batch(call: Reading, batchId: Number) -> Response:
    call.user.need("billsAndBatches", "view")
    return call.answer(call.state.batch(batchId))


@router.get("/v3/user", response_model=list[User])
async def users(call: Reading, filter: str = "") -> Response:
    shown = [responses.user(each, call.user) for each in call.state.users.values()]
    fields = {name: queries.USERS[name] for name in call.state.choices.user_filters}
    kept = queries.filtered(shown, filter, fields, call.state)
    return call.answer(kept)
