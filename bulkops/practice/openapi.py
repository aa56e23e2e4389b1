"""The OpenAPI words for every route, for whoever reads /openapi.json (schemathesis does, in the tests).

Bodies and parameters are read by hand, so that errors are sentences with status 400, and are therefore declared here.
The routes declare the key. OpenAPI has no word for a GET that needs a Content-Type: readers ignore such a parameter.
"""

from __future__ import annotations

from .bodies import BATCH_MODES, FLAG_EDIT_KEYS, LONGEST_BATCH_CODE
from .queries import LARGEST_PAGE_SIZE
from .records import Json

TEXT: Json = {"type": "string"}
INT32: Json = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
COUNT: Json = {"type": "integer", "minimum": 0}
BOOLEAN: Json = {"type": "boolean"}
GUID: Json = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
GUID_PATH: Json = {**GUID, "pattern": GUID["pattern"].replace("a-f", "a-fA-F")}
TIME: Json = {"type": "string", "format": "date-time"}


def nullable(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def thing(properties: Json, optional: tuple[str, ...] = ()) -> Json:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def many(schema: Json) -> Json:
    return {"type": "array", "items": schema}


ERROR = thing({"message": TEXT, "errors": many(TEXT)})
USER_CHILD = thing({"userId": INT32, "userCode": TEXT, "fullName": TEXT})
BATCH_CHILD = thing({"batchId": INT32, "batchCode": TEXT})
ME = thing(
    {
        "systemUserId": INT32,
        "systemUserCode": TEXT,
        "fullName": TEXT,
        "email": TEXT,
        "environment": TEXT,
        "permissions": thing(
            {
                "billsAndBatches": thing({"view": BOOLEAN, "create": BOOLEAN, "manage": BOOLEAN}),
                "flaggedItems": thing({"view": BOOLEAN, "manage": BOOLEAN}),
            }
        ),
    }
)
TASK = thing(
    {
        "taskGUId": GUID,
        "taskType": thing({"taskTypeCode": TEXT, "taskTypeInfo": TEXT}),
        "status": TEXT,
        "message": TEXT,
        "beginDate": TIME,
        "endDate": TIME,
        "user": USER_CHILD,
        "batch": nullable(BATCH_CHILD),
        "taskNote": nullable(TEXT),
        "analyzingCount": COUNT,
        "unresolvedFlagCount": COUNT,
        "currentSuccessCount": COUNT,
    },
    optional=("endDate",),
)
FLAG_TYPE = thing({"flagTypeId": INT32, "flagTypeInfo": TEXT})
LIST = thing(
    {
        "listId": INT32,
        "listInfo": TEXT,
        "listDescription": TEXT,
        "listType": thing({"listTypeId": INT32, "listTypeInfo": TEXT}),
        "user": USER_CHILD,
        "sharedList": BOOLEAN,
        "visible": BOOLEAN,
    }
)
LIST_DATA = thing(
    {
        "listId": INT32,
        "data": many(many(thing({"fieldId": INT32, "name": TEXT, "value": {}}))),
        "field": many(thing({"fieldId": INT32, "caption": TEXT, "displayOrder": INT32})),
        "meta": thing({"TotalCount": COUNT, "TotalCost": {"type": "number"}, "costUnitInfo": TEXT}),
    }
)
BATCH = thing(
    {
        **BATCH_CHILD["properties"],
        "isOpen": BOOLEAN,
        "batchStatus": {"enum": ["open", "pending", "closed"]},
        "createdBy": USER_CHILD,
        "billCount": COUNT,
        "note": TEXT,
    }
)
USER = thing({**USER_CHILD["properties"], "active": BOOLEAN, "email": TEXT})
GUID_RESPONSE = thing({"taskGUId": GUID})
UPDATE_RESULT = thing({"selected": COUNT, "updated": COUNT})

BATCH_SETTINGS = thing(
    {
        "batchMode": {"enum": list(BATCH_MODES)},
        "existingOpenBatchId": nullable(INT32),
        "leaveExistingBatchesOpen": nullable(BOOLEAN),
        "newBatchCode": nullable({"type": "string", "maxLength": LONGEST_BATCH_CODE}),
        "pendingBatchId": nullable(INT32),
    },
    optional=("existingOpenBatchId", "leaveExistingBatchesOpen", "newBatchCode", "pendingBatchId"),
)
KICKOUT_REQUEST = thing(
    {
        "batchSettings": BATCH_SETTINGS,
        "comment": nullable(TEXT),
        "importNote": nullable(TEXT),
        "saveAsResolved": nullable(BOOLEAN),
    },
    optional=("comment", "importNote", "saveAsResolved"),
)
_VALUES = FLAG_EDIT_KEYS[:5]
FLAG_EDIT: Json = {
    **thing(
        {
            "assignees": nullable(many(INT32)),
            "comment": nullable(TEXT),
            "costRecovery": nullable({"type": "number", "format": "double"}),
            "flagStatusId": {"enum": [1, 2, None]},
            "flagTypeId": nullable(INT32),
            "holdFromExport": BOOLEAN,
            "releaseExportHold": BOOLEAN,
        }
    ),
    "not": {"properties": {"holdFromExport": {"const": True}, "releaseExportHold": {"const": True}}},
    "anyOf": [{"properties": {name: {"not": {"type": "null"}}}} for name in _VALUES],
}

GUID_PARAMETER: Json = {"name": "taskGuid", "in": "path", "required": True, "schema": GUID_PATH}
LIST_PARAMETER: Json = {"name": "listId", "in": "path", "required": True, "schema": INT32}
TYPE_PARAMETER: Json = {"name": "taskTypeCode", "in": "query", "schema": TEXT}
FILTER_PARAMETER: Json = {"name": "filter", "in": "query", "schema": TEXT, "example": "status = 'Running'"}
_PAGING: tuple[Json, ...] = (
    {"name": "pageSize", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE}},
    {"name": "pageNumber", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 10**9}},
)
_PAGE_HEADERS = ("PageNumber", "PageSize", "TotalNumberOfRecords", "TotalPages")
_WHY = {
    400: "The request breaks a rule; the message is a sentence.",
    401: "The key is wrong, or its owner lacks the permission.",
    404: "There is no such thing.",
    415: "Content-Type is not application/json.",
}


def operation(answer: Json, *parameters: Json, body: Json | None = None, paged: bool = False) -> Json:
    """An operation for FastAPI's openapi_extra. A 404 is declared where something in the path is looked up."""
    good: Json = {"description": "OK", "content": {"application/json": {"schema": answer}}}
    if paged:
        good["headers"] = {name: {"schema": {"type": "integer"}, "required": True} for name in _PAGE_HEADERS}
    looks_up = any(parameter["in"] == "path" for parameter in parameters)
    refusals = {
        str(status): {"description": why, "content": {"application/json": {"schema": ERROR}}}
        for status, why in _WHY.items()
        if status != 404 or looks_up
    }
    found: Json = {
        "parameters": [*parameters, *(_PAGING if paged else ())],
        "responses": {"200": good, **refusals},
    }
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found
