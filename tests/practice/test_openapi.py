"""The practice server against its own OpenAPI document, by schemathesis: no crash, no undeclared answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from passes import passes
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bulkops.practice import State
from bulkops.practice.server import PRACTICE_KEY, PracticeServer, make_app

from .support import NO_EDIT, guid

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    negative_data_rejection,
]
DOCUMENT = make_app(State()).app.openapi()
HEADERS = {"ECI-ApiKey": PRACTICE_KEY, "Content-Type": "application/json"}
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as server:
        yield server


@schema.parametrize()
@settings(
    max_examples=passes(120),
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_declared_one(practice, case):
    """Whatever is sent, the answer has a declared status, type, headers and shape, and broken bodies are refused."""
    case.call_and_validate(base_url=practice.base_url, headers=HEADERS, checks=CHECKS, timeout=10)


def test_every_route_is_declared():
    """The document lists the calls that bulkops makes or will make, and no others."""
    assert {(method, path) for path, item in DOCUMENT["paths"].items() for method in item} == {
        ("post", "/api/v202401/import/bill/task/{taskGuid}/kickout"),
        ("put", "/api/v3/list/{listId}/flagAction"),
        ("put", "/api/v3/task/{taskId}"),
        ("get", "/api/v3/me"),
        ("get", "/api/v3/task/{taskGuid}"),
        ("get", "/api/v3/task"),
        ("get", "/api/v3/flag/flagType"),
        ("get", "/api/v3/flag/Bill/{billId}"),
        ("get", "/api/v3/list"),
        ("get", "/api/v3/list/{listId}/data"),
        ("get", "/api/v3/list/{listId}/filter"),
        ("get", "/api/v3/batch"),
        ("get", "/api/v3/batch/{batchId}"),
        ("get", "/api/v3/user"),
    }


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (
            "/api/v202401/import/bill/task/{taskGuid}/kickout",
            {"batchSettings": {"batchMode": "use existing batch"}},
            200,
        ),
        ("/api/v202401/import/bill/task/{taskGuid}/kickout", {"batchSettings": {"batchMode": "other"}}, 400),
        ("/api/v3/list/{listId}/flagAction", NO_EDIT | {"comment": "x"}, 200),
        ("/api/v3/list/{listId}/flagAction", NO_EDIT, 400),
    ],
)
def test_the_writes_answer_as_declared(practice, path, body, status):
    """The writes that are carried out, which random data hardly ever reaches, have the declared shape too."""
    operation = schema[path]["POST" if "kickout" in path else "PUT"]
    case = operation.Case(
        path_parameters={"taskGuid": guid(1), "listId": 2006}, body=body, media_type="application/json"
    )
    answer = case.call_and_validate(base_url=practice.base_url, headers=HEADERS, checks=CHECKS[:-2], timeout=10)
    assert answer.status_code == status
