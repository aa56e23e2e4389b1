"""The state behind HTTP: every call of api-contract, sections 1 to 4."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException

from . import bodies, openapi
from .faults import Faults
from .gate import Gate
from .queries import filtered, page_of
from .records import Bill, Json, Refused, User
from .state import State

_BILL_FIELDS = ("Bill ID", "Total cost", "Flag status", "Held from export")


def make_app(state: State, faults: Faults | None = None) -> Gate:
    """The ASGI app on `state`, behind the gate that records requests and plays `faults`."""
    app = FastAPI(title="Practice EnergyCAP", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.practice = state
    app.include_router(router)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _no_such_route)
    return Gate(app, faults or Faults())


router = APIRouter(default_response_class=JSONResponse)


def _state(request: HttpRequest) -> State:
    found = request.app.state.practice
    assert isinstance(found, State)
    return found


_Key = Annotated[str | None, Security(APIKeyHeader(name="ECI-ApiKey", auto_error=False))]


async def _caller(request: HttpRequest, key: _Key) -> User:
    """The user of the key, and then the content type: both are asked of every call, GETs too."""
    user = _state(request).user_of(key)
    given = request.headers.get("Content-Type", "")
    if given.partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "All requests must specify the header Content-Type: application/json.")
    return user


Caller = Annotated[User, Depends(_caller)]


@router.post(
    "/api/v202401/import/bill/task/{taskGuid}/kickout",
    openapi_extra=openapi.operation(openapi.GUID_RESPONSE, openapi.GUID_PARAMETER, body=openapi.KICKOUT_REQUEST),
)
async def reimport_kickouts(request: HttpRequest, user: Caller) -> Any:
    body = bodies.json_object(await request.body())
    return _json({"taskGUId": _state(request).reimport(user, request.path_params["taskGuid"], body).guid})


@router.put(
    "/api/v3/list/{listId}/flagAction",
    openapi_extra=openapi.operation(openapi.UPDATE_RESULT, openapi.LIST_PARAMETER, body=openapi.FLAG_EDIT),
)
async def flag_bill_list_action(request: HttpRequest, user: Caller) -> Any:
    body = bodies.json_object(await request.body())
    done = _state(request).edit_flags(user, request.path_params["listId"], body)
    return _json({"selected": done.selected, "updated": done.updated})


@router.get("/api/v3/me", openapi_extra=openapi.operation(openapi.ME))
async def me(user: Caller) -> Any:
    return _json(user.me())


@router.get("/api/v3/task/{taskGuid}", openapi_extra=openapi.operation(openapi.TASK, openapi.GUID_PARAMETER))
async def task(request: HttpRequest, user: Caller) -> Any:
    return _json(_state(request).task_json(request.path_params["taskGuid"]))


@router.get(
    "/api/v3/task",
    openapi_extra=openapi.operation(
        openapi.many(openapi.TASK), openapi.TYPE_PARAMETER, openapi.FILTER_PARAMETER, paged=True
    ),
)
async def tasks(request: HttpRequest, user: Caller) -> Any:
    wanted = request.query_params.get("taskTypeCode")
    found = [task for task in _state(request).tasks() if wanted in (None, task["taskType"]["taskTypeCode"])]
    return _paged(request, found)


@router.get(
    "/api/v3/flag/flagType",
    openapi_extra=openapi.operation(openapi.many(openapi.FLAG_TYPE), openapi.FILTER_PARAMETER, paged=True),
)
async def flag_types(request: HttpRequest, user: Caller) -> Any:
    return _paged(request, [kind.json() for kind in _state(request).flag_types.values()])


@router.get(
    "/api/v3/list",
    openapi_extra=openapi.operation(openapi.many(openapi.LIST), openapi.FILTER_PARAMETER, paged=True),
)
async def lists(request: HttpRequest, user: Caller) -> Any:
    return _paged(request, _state(request).lists())


@router.get(
    "/api/v3/list/{listId}/data",
    openapi_extra=openapi.operation(openapi.LIST_DATA, openapi.LIST_PARAMETER, paged=True),
)
async def list_data(request: HttpRequest, user: Caller) -> Any:
    found = _state(request).bill_list(request.path_params["listId"])
    page = page_of([_bill_json(bill) for bill in found.bills], request.query_params)
    answer = {
        "listId": found.list_id,
        "data": [item["fields"] for item in page.items],
        "field": [
            {"fieldId": place, "caption": name, "displayOrder": place} for place, name in enumerate(_BILL_FIELDS, 1)
        ],
        "meta": {
            "TotalCount": len(found.bills),
            "TotalCost": sum(bill.cost for bill in found.bills),
            "costUnitInfo": "USD",
        },
    }
    return _json(answer, page.headers)


@router.get(
    "/api/v3/batch",
    openapi_extra=openapi.operation(openapi.many(openapi.BATCH), openapi.FILTER_PARAMETER, paged=True),
)
async def batches(request: HttpRequest, user: Caller) -> Any:
    return _paged(request, _state(request).batches())


@router.get(
    "/api/v3/user",
    openapi_extra=openapi.operation(openapi.many(openapi.USER), openapi.FILTER_PARAMETER, paged=True),
)
async def users(request: HttpRequest, user: Caller) -> Any:
    return _paged(request, [found.json() for found in _state(request).users.values()])


def _bill_json(bill: Bill) -> Json:
    status = {None: None, 1: "Unresolved", 2: "Resolved"}[bill.flag.status if bill.flag else None]
    values = (bill.bill_id, bill.cost, status, bill.held)
    fields = zip(_BILL_FIELDS, values, strict=True)
    return {
        "fields": [{"fieldId": place, "name": name, "value": value} for place, (name, value) in enumerate(fields, 1)]
    }


def _paged(request: HttpRequest, found: list[Json]) -> JSONResponse:
    page = page_of(filtered(found, request.query_params), request.query_params)
    return _json(page.items, page.headers)


def _json(content: Any, headers: dict[str, str] | None = None, status: int = 200) -> JSONResponse:
    return JSONResponse(content, status_code=status, headers=headers)


async def _refused(request: HttpRequest, why: Exception) -> JSONResponse:
    assert isinstance(why, Refused)
    return _json({"message": why.message, "errors": list(why.errors)}, status=why.status)


async def _no_such_route(request: HttpRequest, why: Exception) -> JSONResponse:
    """404 and 405 of the framework, in the same shape as every other error."""
    assert isinstance(why, HTTPException)
    headers = dict(why.headers or {})
    return _json({"message": f"{why.detail}.", "errors": [f"{why.detail}."]}, headers, why.status_code)
