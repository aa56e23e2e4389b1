"""Scripted faults: what the client sees, what was applied, how often."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectionError, JSONDecodeError, ReadTimeout

from bulkops.practice.server import Fault, Faults

from .support import Api, guid

CUT_OFF = [
    (Fault.drop_reply(), "RemoteDisconnected", 1),
    (Fault.drop_before(), "RemoteDisconnected", 0),
    (Fault.reset(), "ConnectionResetError", 1),
    (Fault.reset(applied=False), "ConnectionResetError", 0),
]
PROBLEM = b'{"type":"about:blank","title":"%b","status":%d,"detail":"Practice fault: status %d."}'
writes = pytest.mark.parametrize("write", [lambda api: api.reimport(1), lambda api: api.flag(2006, comment="x")])


def applied(api: Api) -> int:
    return len(api.server.state.applied)


@writes
@pytest.mark.parametrize(("fault", "seen", "times"), CUT_OFF)
def test_no_byte_comes_back(api: Api, write, fault, seen, times):
    """Dropped or reset, the client learns nothing, whether the write was applied or not; the next one is well."""
    api.server.faults.add(fault)
    with pytest.raises(ConnectionError) as caught:
        write(api)
    assert seen in repr(caught.value)
    assert len(api.server.requests) == 1
    assert applied(api) == times
    assert write(api).status_code == 200
    assert applied(api) == times + 1


def test_truncated_ends_before_content_length(api: Api):
    """The write is applied, the status line comes, but the body ends half-way and the connection with it."""
    api.server.faults.add(Fault.truncated())
    with pytest.raises(ChunkedEncodingError, match="IncompleteRead"):
        api.reimport(1)
    assert applied(api) == 1


def test_truncated_json_has_the_right_length(api: Api):
    """The write is applied and HTTP is content, but the JSON stops half-way."""
    api.server.faults.add(Fault.truncated_json())
    answer = api.reimport(1)
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.text.startswith('{"taskGUId":"')
    with pytest.raises(JSONDecodeError):
        answer.json()
    assert applied(api) == 1


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "content", "times"),
    [
        (Fault.status(500), 500, "application/problem+json", PROBLEM % (b"Internal Server Error", 500, 500), 0),
        (
            Fault.status(503, applied=True),
            503,
            "application/problem+json",
            PROBLEM % (b"Service Unavailable", 503, 503),
            1,
        ),
        (Fault.answer(400, "No."), 400, None, b"No.", 0),
        (Fault.answer(422, b"\xff", headers={"Content-Type": "x/y"}), 422, "x/y", b"\xff", 0),
        (Fault.answer(403, json=["a"], applied=True), 403, "application/json", b'["a"]', 1),
        (Fault.answer(502, json=0, headers={"Content-Type": "text/json"}), 502, "text/json", b"0", 0),
        (Fault.answer(200, json={"ok": True}, applied=True), 200, "application/json", b'{"ok": true}', 1),
        (Fault.answer(200, json=[1]), 200, "application/json", b"[1]", 0),
        (Fault.answer(200, applied=True), 200, None, b"", 1),
        (Fault.answer(200), 200, None, b"", 0),
    ],
)
def test_a_scripted_answer_takes_the_place_of_the_true_one(api: Api, fault, status, content_type, content, times):
    """Status, body and headers are as scripted; the write is applied first or not at all, as the fault says."""
    api.server.faults.add(fault)
    answer = api.reimport(1)
    assert (answer.status_code, answer.headers.get("Content-Type"), answer.content) == (status, content_type, content)
    assert applied(api) == times


@pytest.mark.parametrize(("given", "times"), [({}, 0), ({"applied": True, "status": 503}, 1)])
def test_a_login_page(api: Api, given, times):
    """A page of HTML with a title, 200 unless told otherwise: what a captive portal or a proxy shows."""
    api.server.faults.add(Fault.html("Sign in to Wi-Fi", **given))
    answer = api.reimport(1)
    assert answer.status_code == given.get("status", 200)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<title>Sign in to Wi-Fi</title>" in answer.text
    assert applied(api) == times


@pytest.mark.parametrize(
    ("fault", "wait", "date"),
    [
        (Fault.too_many(), "1", None),
        (Fault.too_many(7), "7", None),
        (Fault.too_many("soon"), "soon", None),
        (
            Fault.too_many(datetime(2026, 7, 1, 6, 0, 30, tzinfo=UTC), date=datetime(2026, 7, 1, 6, 0, 0, tzinfo=UTC)),
            "Wed, 01 Jul 2026 06:00:30 GMT",
            "Wed, 01 Jul 2026 06:00:00 GMT",
        ),
    ],
)
def test_too_many_requests(api: Api, fault, wait, date):
    """429 with Retry-After in seconds, as an HTTP date beside the server's own Date, or as rubbish; nothing applied."""
    api.server.faults.add(fault)
    answer = api.reimport(1)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, wait)
    if date:
        assert answer.headers["Date"] == date
    assert applied(api) == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(api: Api, status):
    """A redirect with a Location, 307 unless told otherwise; nothing applied."""
    given = {} if status == 307 else {"status": status}
    api.server.faults.add(Fault.redirect("http://127.0.0.1:1/elsewhere", **given))
    answer = api.reimport(1)
    assert (answer.status_code, answer.headers["Location"]) == (status, "http://127.0.0.1:1/elsewhere")
    assert applied(api) == 0


def test_slow_applies_at_once_and_answers_late(api: Api):
    """With slow the write is done long before the answer: a client that stops waiting has changed a bill."""
    api.server.faults.add(Fault.slow(3600))
    with pytest.raises(ReadTimeout):
        api.call("PUT", "/api/v3/list/2006/flagAction", json=_comment(), timeout=0.1)
    assert api.get("/api/v3/me").status_code == 200  # on a busy machine the write may still be on its way
    assert applied(api) == 1


def test_slow_before_applying_is_forgotten_when_the_client_leaves(api: Api):
    """slow(applied=False) is a queue: who hangs up in it has changed nothing."""
    api.server.faults.add(Fault.slow(3600, applied=False))
    with pytest.raises(ReadTimeout):
        api.call("PUT", "/api/v3/list/2006/flagAction", json=_comment(), timeout=0.1)
    assert api.get("/api/v3/me").status_code == 200
    assert applied(api) == 0


@pytest.mark.parametrize("before", [True, False])
def test_slow_answers_truly_in_the_end(api: Api, before):
    """A client that waits gets the true answer, and the write is applied once."""
    api.server.faults.add(Fault.slow(0.01, applied=before))
    assert api.flag(2006, comment="x").json() == {"selected": 5, "updated": 5}
    assert applied(api) == 1


def test_a_fault_strikes_once_unless_told_otherwise(api: Api):
    """One-shot by default; times=N for N requests; times=None until cleared."""
    faults = api.server.faults
    faults.add(Fault.status(500))
    assert [api.reimport(1).status_code for _ in range(2)] == [500, 200]
    faults.add(Fault.status(503), times=2)
    assert [api.reimport(1).status_code for _ in range(3)] == [503, 503, 200]
    assert faults.waiting == 0
    faults.add(Fault.status(502), times=None)
    assert {api.reimport(1).status_code for _ in range(5)} == {502}
    assert faults.waiting == 1
    faults.clear()
    assert faults.waiting == 0
    assert api.reimport(1).status_code == 200


def test_skip_lets_the_first_through(api: Api):
    """skip=n waits for n matching requests; others do not count."""
    api.server.faults.add(Fault.status(500), skip=2)
    answers = [api.reimport(1), api.get("/api/v3/me"), api.flag(2006, comment="x"), api.reimport(1), api.reimport(1)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 500, 200]


def test_filters_choose_the_request(api: Api):
    """Only writes by default; method and path_contains narrow or widen that."""
    faults = api.server.faults
    faults.add(Fault.status(500))
    assert api.get("/api/v3/me").status_code == 200
    faults.clear()
    faults.add(Fault.status(501), method="PUT")
    assert [api.reimport(1).status_code, api.flag(2006, comment="x").status_code] == [200, 501]
    faults.add(Fault.status(502), method="GET", path_contains="/batch")
    assert [api.get("/api/v3/me").status_code, api.get("/api/v3/batch").status_code] == [200, 502]
    faults.add(Fault.status(503), path_contains=guid(2))
    assert [api.reimport(1).status_code, api.reimport(2).status_code] == [200, 503]
    faults.add(Fault.status(504), method="*")
    assert api.get("/api/v3/me").status_code == 504


def test_faults_strike_in_the_order_they_were_added(api: Api):
    """A request meets one fault at most; a later rule waits for its turn, also while an earlier one skips."""
    api.server.faults.add(Fault.status(500), skip=1)
    api.server.faults.add(Fault.status(501), times=2)
    assert [api.reimport(1).status_code for _ in range(4)] == [501, 500, 501, 200]


def test_no_request_escapes_or_is_struck_twice():
    """Rules are counted exactly, from however many threads."""
    faults = Faults()
    faults.add(Fault.status(500), times=100)
    taken: list[Fault | None] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(faults.take("POST", "/x") for _ in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(fault is not None for fault in taken) == 100


def test_faults_refuse_in_the_shape_of_every_error(api: Api):
    """A scripted status is told as this EnergyCAP tells its errors; Retry-After stays beside it."""
    seen = []
    for shape in ("problem", "text", "empty"):
        api.server.state.choices.errors = shape
        api.server.faults.add(Fault.too_many(7))
        answer = api.reimport(1)
        seen.append((answer.status_code, answer.headers["Retry-After"], answer.text))
    problem = '{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Too many requests."}'
    assert seen == [(429, "7", problem), (429, "7", "Too many requests."), (429, "7", "")]


def test_a_clock_that_is_wrong(api: Api):
    """One clock dates everything: the header Date, and what is done."""
    api.server.state.now = lambda: datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    answer = api.reimport(1)
    assert answer.headers["Date"] == "Sat, 03 Feb 2001 04:05:06 GMT"
    assert api.get(f"/api/v3/task/{answer.json()['taskGUId']}").json()["beginDate"] == "2001-02-03T04:05:06"


def test_get_faults_work_as_well(api: Api):
    """Reads can be cut off like writes."""
    api.server.faults.add(Fault.drop_reply(), method="GET")
    with pytest.raises(ConnectionError):
        api.get("/api/v3/me")
    assert api.get("/api/v3/me").status_code == 200


def test_a_fault_on_a_refused_write_keeps_the_refusal(api: Api):
    """What cuts an answer short cuts the true one, be it an error."""
    api.server.faults.add(Fault.truncated_json())
    answer = api.reimport(99)
    assert answer.status_code == 404
    assert answer.text.startswith('{"type":"about:blank","title":"Not Found"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_a_default_session_would_follow_a_307_with_the_key(server):
    """Why redirects are here: requests by itself sends body and key again to wherever the answer points."""
    server.faults.add(Fault.redirect(f"{server.base_url}/elsewhere"))
    with requests.Session() as session:
        session.trust_env = False
        path = f"/api/v202401/import/bill/task/{guid(1)}/kickout"
        session.post(server.base_url + path, json={}, headers={"ECI-ApiKey": "practice-key"}, timeout=10)
    assert [request.path for request in server.requests] == [path, "/elsewhere"]
    assert server.requests[1].headers["eci-apikey"] == "practice-key"


def _comment() -> dict[str, object]:
    names = ("assignees", "costRecovery", "flagStatusId", "flagTypeId")
    return {**dict.fromkeys(names), "comment": "x", "holdFromExport": False, "releaseExportHold": False}
