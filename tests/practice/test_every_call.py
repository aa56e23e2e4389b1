"""Headers, keys, permissions, paths: what holds for every call."""

from __future__ import annotations

import json

import pytest

from .support import NO_EDIT, READER_KEY, Api, guid, refusal

KICKOUT = f"/api/v202401/import/bill/task/{guid(1)}/kickout"
CALLS = [
    ("POST", KICKOUT, {"batchSettings": {"batchMode": "use existing batch"}}),
    ("PUT", "/api/v3/list/2006/flagAction", NO_EDIT | {"comment": "seen"}),
    ("PUT", "/api/v3/task/8001", {"taskNote": "seen"}),
    ("GET", "/api/v3/me", None),
    ("GET", f"/api/v3/task/{guid(1)}", None),
    ("GET", "/api/v3/task", None),
    ("GET", "/api/v3/flag/flagType", None),
    ("GET", "/api/v3/flag/Bill/200200", None),
    ("GET", "/api/v3/list", None),
    ("GET", "/api/v3/list/2001/data", None),
    ("GET", "/api/v3/list/2001/filter", None),
    ("GET", "/api/v3/batch", None),
    ("GET", "/api/v3/batch/501", None),
    ("GET", "/api/v3/user", None),
]
every_call = pytest.mark.parametrize(("method", "path", "body"), CALLS)


@every_call
def test_with_key_and_content_type_it_answers(api: Api, method, path, body):
    """Every documented call answers 200 with JSON."""
    answer = api.call(method, path, json=body)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "Date" in answer.headers


@every_call
@pytest.mark.parametrize("key", [None, "wrong", "practice-key ".upper()])
def test_without_a_good_key_it_is_401(api: Api, method, path, body, key):
    """A missing or wrong key is 401, whose message names both reasons and changes nothing."""
    message = refusal(api.call(method, path, key, json=body), 401)
    assert "key is wrong" in message
    assert "permission" in message
    assert api.server.state.applied == []


@every_call
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_body_without_json_content_type_is_415(api: Api, method, path, body, content_type):
    """Content-Type: application/json is asked of every call with a body; a GET answers without it."""
    raw = json.dumps(body).encode() if body else None
    answer = api.call(method, path, data=raw, headers={"Content-Type": content_type})
    if method == "GET":
        assert answer.status_code == 200
    else:
        assert "application/json" in refusal(answer, 415)
        assert api.server.state.applied == []


def test_content_type_may_carry_a_charset(api: Api):
    """`application/json; charset=utf-8` is JSON as well, in any case."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = api.call("PUT", "/api/v3/list/2006/flagAction", json=NO_EDIT | {"comment": "x"}, headers=headers)
    assert answer.status_code == 200


@every_call
def test_a_key_that_may_only_read(api: Api, method, path, body):
    """The reader's key reads everything; a write is 401 and the message says that the permission is missing, but for
    the note of a task, for which no permission is named."""
    answer = api.call(method, path, READER_KEY, json=body)
    if method == "GET" or "taskNote" in body:
        assert answer.status_code == 200
    else:
        message = refusal(answer, 401)
        assert "Robin Reader lacks the permission" in message
        assert "Create" in message if method == "POST" else "Manage" in message
        assert api.server.state.applied == []


def test_an_unknown_path_is_404_and_a_wrong_method_405(api: Api):
    """The framework's own refusals have the shape of all others."""
    refusal(api.get("/api/v3/nothing"), 404)
    answer = api.call("DELETE", "/api/v3/me")
    refusal(answer, 405)
    assert answer.headers["Allow"] == "GET"
    refusal(api.call("GET", KICKOUT), 405)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
@pytest.mark.parametrize(("method", "path"), [("POST", KICKOUT), ("PUT", "/api/v3/list/2006/flagAction")])
def test_a_body_that_is_no_json_object_is_400(api: Api, method, path, body):
    """Half JSON, other JSON, other bytes: 400, and nothing is carried out."""
    refusal(api.call(method, path, data=body))
    assert api.server.state.applied == []


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v3/task/{guid(99)}",
        "/api/v3/list/9999/data",
        "/api/v3/list/9999/filter",
        "/api/v3/batch/9",
        "/api/v3/flag/Bill/9",
    ],
)
def test_reading_what_is_not_there_is_404(api: Api, path):
    """An unknown task, list, batch or bill is 404, naming it."""
    assert "There is no" in refusal(api.get(path), 404)


@pytest.mark.parametrize(
    "text", ["12", "not-a-guid", guid(1) + "0", "{" + guid(1) + "}", guid(1).replace("-", ""), "%EF%BC%91"]
)
def test_a_task_guid_must_be_a_guid(api: Api, text):
    """A task GUID of any other spelling is 400."""
    assert "taskGuid: String should match" in refusal(api.get(f"/api/v3/task/{text}"))
    assert "taskGuid: String should match" in refusal(api.reimport(text))


@pytest.mark.parametrize("text", ["12.5", "two", "+2001", "2147483648", "-2147483649", "20_01", "%D9%A2", "2001%20"])
def test_a_list_id_must_be_a_32_bit_number(api: Api, text):
    """A list id that is no 32-bit whole number in ASCII digits is 400."""
    assert "listId: " in refusal(api.get(f"/api/v3/list/{text}/data"))
    assert "listId: " in refusal(api.flag(text, comment="x"))


def test_upper_case_guids_are_the_same_task(api: Api):
    """GUIDs are compared without case and answered in lower case."""
    assert api.get(f"/api/v3/task/{guid(7).upper()}").json()["taskGUId"] == guid(7)
    assert api.reimport(guid(7).upper()).status_code == 200
    assert api.server.state.times_reimported(guid(7)) == 1
