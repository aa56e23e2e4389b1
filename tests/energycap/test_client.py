"""The client over real sockets: one attempt, nothing but the documented bytes, and no failure that is mistaken."""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from certificates import certificate
from misbehaving import ACCEPTED, GUID, Misbehaving, Talk, answer

from bulkops import __version__
from bulkops.energycap import client
from bulkops.energycap.classify import Classification, classify
from bulkops.energycap.client import IDLE_SECONDS, LARGEST_ANSWER, Client, KeepAlive
from bulkops.energycap.deadline import CallDeadline
from bulkops.energycap.key import Key
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Status
from bulkops.model.requests import Accepted, Call, NoResponse, Reply

SECRET = 'canary+7/Qx"k<9&Zz=='
"""A key with every character that JSON, HTML and URLs write in another way."""
POST = Call("POST", f"/api/v202401/import/bill/task/{GUID}/kickout", {"batchSettings": {"batchMode": "new batch"}})
PUT = Call("PUT", "/api/v3/list/2001/flagAction", {"comment": "Zoë", "flagTypeId": None})
WRITES = pytest.mark.parametrize("call", [POST, PUT], ids=["POST", "PUT"])


def accepted(reply: Reply) -> Accepted | None:
    try:
        answer = json.loads(reply.content)
    except ValueError:
        return None
    known = reply.status == 200 and isinstance(answer, dict) and answer.get("taskGUId") == GUID
    return Accepted(new_task_guid=GUID) if known else None


@contextlib.contextmanager
def client_of(base_url: str, **settings: object) -> Iterator[Client]:
    made = Client(Environment("custom", base_url), Key(SECRET), **settings)
    try:
        yield made
    finally:
        made.close()


def once(base_url: str, call: Call = POST, **settings: object) -> tuple[Reply | NoResponse, Classification]:
    with client_of(base_url, **settings) as sender:
        seen = sender.send(call)
    assert "bulkops deadline" not in [thread.name for thread in threading.enumerate()]
    assert SECRET not in repr(seen)
    return seen, classify(seen, accepted)


def parsed(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines), "a header stands twice"
    return first, headers, body


def says(text: bytes) -> object:
    return lambda talk: talk.say(text)


def goes_on(text: bytes) -> object:
    """Answers every request of a connection."""

    def behave(talk: Talk) -> bool:
        talk.say(text)
        return True

    return behave


# The bytes of a request


@pytest.fixture
def well_meant(tmp_path, monkeypatch):
    """Everything in a user's surroundings that requests would add to a request."""
    (tmp_path / ".netrc").write_text("default login other password other\n")
    for name, value in {
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "NETRC": str(tmp_path / ".netrc"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


@pytest.mark.parametrize("call", [POST, PUT, Call("GET", "/api/v3/me")], ids=lambda call: call.method)
def test_a_request_is_exactly_what_the_contract_says(well_meant, call):
    """Method, path, the two headers and the body; nothing from .netrc, environment, or an earlier answer's cookie."""
    with Misbehaving(goes_on(answer(headers={"Set-Cookie": "a=b"}))) as server, client_of(server.base_url) as sender:
        sender.send(call)
        sender.send(call)
        sender.close()
    for request in server.requests:
        first, headers, body = parsed(request)
        assert first == f"{call.method} {call.path} HTTP/1.1"
        assert body == call.encoded()
        length = {"Content-Length": str(len(body))} if body else {}
        assert headers == {
            "Host": f"127.0.0.1:{server.port}",
            "ECI-ApiKey": SECRET,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"bulkops/{__version__}",
            **length,
        }
    assert len(server.requests) == 2


def test_a_path_leaves_as_it_was_made():
    """Nothing shortens ``..``: what the ledger holds is what was asked for."""
    path = "/api/v3/list/1/../2/flagAction"
    with Misbehaving(says(answer())) as server:
        once(server.base_url, Call("PUT", path, {}))
    assert parsed(server.requests[0])[0] == f"PUT {path} HTTP/1.1"


def test_a_request_does_not_wait_for_an_acknowledgement():
    """Head and body are two packets; with Nagle's algorithm the second could wait 40 ms for the first one's receipt."""
    with Misbehaving(goes_on(answer())) as server, client_of(server.base_url) as sender:
        held = []
        register = sender._deadline.register
        sender._deadline.register = lambda connection: (held.append(connection), register(connection))
        sender.send(PUT)
        assert held
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in held)


def test_a_body_is_compact_ascii_json():
    """What is sent are the bytes that the ledger holds."""
    assert PUT.encoded() == b'{"comment":"Zo\\u00eb","flagTypeId":null}'


@WRITES
def test_the_documented_answer_arrives_whole(call):
    """Status, headers in lower case, and the body byte for byte."""
    body = b'{"taskGUId": "%s", "name": "M\xc3\xbcller \xff"}' % GUID.encode()
    with Misbehaving(says(answer(body, headers={"X-Thing": "1"}))) as server:
        seen, _ = once(server.base_url, call)
    assert isinstance(seen, Reply)
    assert (seen.status, seen.content, seen.headers["x-thing"]) == (200, body, "1")
    assert len(server.requests) == 1


# One attempt, whatever happens


BOMB = gzip.compress(bytes(64 * 2**20))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FAULTS = {
    "closed without a reply": (lambda talk: None, "unknown", None),
    "reset after reading": (Talk.reset, "unknown", None),
    "status line cut": (says(b"HTTP/1.1 2"), "unknown", None),
    "headers cut": (says(b"HTTP/1.1 200 OK\r\nContent-Ty"), "unknown", 200),
    "headers without an end": (says(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"), "unknown", 200),
    "body short": (says(answer(length=500)), "unknown", 200),
    "body missing": (says(answer(b"", length=500)), "unknown", 200),
    "refusal cut short": (says(answer(b"{", "400 Bad Request", length=500)), "unknown", 400),
    "busy cut short": (says(answer(b"{", "429 Too Many", length=500)), "unknown", 429),
    "chunk size of nonsense": (says(CHUNKED + b"ZZ\r\nabc"), "unknown", 200),
    "chunk cut": (says(CHUNKED + b"20\r\nabc"), "unknown", 200),
    "chunks without an end": (says(CHUNKED + b"%x\r\n%s\r\n" % (len(ACCEPTED), ACCEPTED)), "unknown", 200),
    "JSON cut": (says(b"HTTP/1.1 200 OK\r\n\r\n" + ACCEPTED[:-1]), "unknown", 200),
    "JSON cut at the promised length": (says(answer(ACCEPTED[:-1])), "unknown", 200),
    "a sign-in page": (says(answer(b"<html><title>Sign in</title>")), "unknown", 200),
    "200 with nothing": (says(answer(b"")), "unknown", 200),
    "103": (says(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer()), "unknown", 103),
    "101": (says(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "unknown", 101),
    "204": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), "unknown", 204),
    "status line of nonsense": (says(b"HTTP/1.1 abc OK\r\n\r\n"), "unknown", None),
    "status of two digits": (says(b"HTTP/1.1 20 OK\r\n\r\n"), "unknown", None),
    "not HTTP at all": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "unknown", None),
    "more than 100 headers": (says(answer(headers={f"X-{n}": "1" for n in range(101)})), "unknown", None),
    "a header line too long": (says(answer(headers={"X": "1" * 70_000})), "unknown", None),
    "two lengths": (says(answer(headers={"Content-Length": "5"})), "unknown", None),
    "a redirect to nonsense": (says(answer(b"", "302 Found", {"Location": "http://["})), "unknown", 302),
    "a redirect without scheme": (says(answer(b"", "307 Moved", {"Location": "zz:\x80"})), "unknown", 307),
    "a redirect nowhere": (says(answer(b"", "302 Found")), "unknown", 302),
    "gzip that is none": (says(answer(ACCEPTED, headers={"Content-Encoding": "gzip"})), "unknown", 200),
    "gzip bomb": (says(answer(BOMB, headers={"Content-Encoding": "gzip"})), "unknown", 200),
    "too large": (says(answer(b"[" + b" " * LARGEST_ANSWER + b"]")), "unknown", 200),
    "408": (says(answer(b"", "408 Request Timeout")), "unknown", 408),
    "500": (says(answer(b"", "500 Oh")), "unknown", 500),
    "503 with Retry-After": (says(answer(b"", "503 Later", {"Retry-After": "0"})), "unknown", 503),
    "413 with Retry-After": (says(answer(b"", "413 Large", {"Retry-After": "0"})), "failed", 413),
    "429": (says(answer(b"", "429 Slow", {"Retry-After": "0"})), "failed", 429),
    "400": (says(answer(b"", "400 Bad")), "failed", 400),
    "401": (says(answer(b"", "401 No", {"WWW-Authenticate": "Basic"})), "failed", 401),
    "407": (says(answer(b"", "407 No", {"Proxy-Authenticate": "Basic"})), "failed", 407),
}


@WRITES
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_met_with_one_attempt_and_the_tables_classification(fault, call):
    """However an answer goes wrong, one request arrives, and nothing is done or "not sent" without proof."""
    behave, status, http_status = FAULTS[fault]
    with Misbehaving(behave) as server:
        seen, classification = once(server.base_url, call)
    assert (classification.status.value, classification.http_status) == (status, http_status), seen
    assert len(server.requests) == 1
    assert server.connections == 1


@WRITES
def test_a_reset_before_the_request_was_read_proves_nothing(call):
    """It looks like a reset after the request was carried out."""

    def unread(talk: Talk) -> None:
        select.select([talk.connection], [], [], 30)
        talk.reset()

    with Misbehaving(lambda talk: None, at_once=unread) as server:
        _, classification = once(server.base_url, call)
    assert (classification.status.value, server.requests) == ("unknown", [])


@WRITES
def test_a_refused_connection_is_proof_that_nothing_was_sent(call):
    """Nobody listens, so nobody has the request."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    seen, classification = once(f"http://127.0.0.1:{port}", call)
    assert (classification.status.value, classification.code, classification.stop) == (
        "not_sent",
        "sent.not_reached",
        False,
    ), seen


def test_a_name_that_does_not_exist_is_proof_that_nothing_was_sent(monkeypatch):
    """No address, no connection."""

    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(client, "_proxies", lambda _: {})
    seen, classification = once("https://energycap.example")
    assert (classification.status.value, classification.code) == ("not_sent", "sent.not_reached"), seen
    assert classification.words == "Name or service not known"


@WRITES
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_a_redirect_is_never_followed_and_the_other_host_gets_nothing(status, call):
    """Neither the request nor the key ever goes to a second host; the run stops."""
    with Misbehaving(says(answer())) as other:
        moved = answer(b"", f"{status} Moved", {"Location": f"{other.base_url}/api"})
        with Misbehaving(says(moved)) as server:
            _, classification = once(server.base_url, call)
    assert (other.connections, other.requests, len(server.requests)) == (0, [], 1)
    assert (classification.status.value, classification.stop, classification.words) == (
        "unknown",
        True,
        f"to {other.base_url}/api",
    )


def test_an_answer_is_capped_before_it_fills_the_memory():
    """A small compressed answer that swells to 64 MiB is cut off at the cap, under a redirect as well."""
    for status in ("200 OK", "302 Found"):
        bomb = answer(BOMB, status, {"Content-Encoding": "gzip", "Location": "/elsewhere"})
        with Misbehaving(says(bomb)) as server:
            tracemalloc.start()
            try:
                _, classification = once(server.base_url)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert classification.status.value == "unknown"
        assert peak < 32 * 2**20


# Time


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("begun", [b"HTTP/1.", HEAD + b"X: ", HEAD + b"\r\n", HEAD + b"Content-Length: 99999\r\n\r\n"])
def test_an_answer_that_trickles_is_cut_at_the_total_deadline(begun):
    """No gap between two bytes is long enough for the read deadline; the call ends all the same."""

    def trickle(talk: Talk) -> None:
        talk.say(begun)
        talk.trickle(b"1")

    with Misbehaving(trickle) as server:
        _, classification = once(server.base_url, total_seconds=0.2)
        left = server.client_left.wait(20)
    assert left
    assert classification.status.value == "unknown"
    assert len(server.requests) == 1


def test_a_question_has_less_time_than_a_write():
    """However its answer trickles, and although whoever watches is asleep until a write would be overdue."""
    time = [0.0]
    deadline = CallDeadline(180.0, lambda: time[0])
    ours, theirs = socket.socketpair()
    with contextlib.closing(deadline), ours, theirs:
        deadline.start()
        deadline.end()
        deadline.start(30.0)
        deadline.register(ours)
        assert deadline.check() == 30.0
        time[0] = 30.0
        deadline.check()
        assert theirs.recv(100) == b""


def test_a_question_after_a_write_is_cut_in_its_own_time(monkeypatch):
    """On the same connection, by the same watcher."""
    monkeypatch.setattr(client, "QUESTION_TOTAL_SECONDS", 0.2)

    def trickle(talk: Talk) -> bool:
        if talk.request.startswith(b"POST"):
            talk.say(answer())
            return True
        talk.say(HEAD + b"X: ")
        talk.trickle(b"1")
        return False

    with Misbehaving(trickle) as server, client_of(server.base_url) as sender:
        assert isinstance(sender.send(POST), Reply)
        assert isinstance(sender.send(Call("GET", "/api/v3/me")), NoResponse)
        assert server.client_left.wait(20)


def test_an_answer_that_never_comes_ends_at_the_read_deadline():
    """A server that is silent may be at work; the row is unknown."""
    with Misbehaving(Talk.hang) as server:
        seen, classification = once(server.base_url, read_seconds=0.1)
    assert (classification.status.value, classification.words, len(server.requests)) == (
        "unknown",
        "no answer in time",
        1,
    ), seen


def test_a_connection_that_comes_too_late_is_not_used():
    """Once the time is over nothing more is sent, and that is proof. Nobody else has it in hand yet: it is closed."""
    deadline = CallDeadline(10.0)
    deadline.cut()
    with socket.socket() as late:
        with pytest.raises(urllib3.exceptions.ConnectTimeoutError):
            deadline.register(late)
        assert (deadline.begun, late.fileno()) == (False, -1)


def test_the_time_of_a_call_that_is_over_cuts_no_other():
    """Each call has the whole time for itself, however many share the connection and the one who watches."""
    time = [0.0]
    deadline = CallDeadline(10.0, lambda: time[0])
    ours, theirs = socket.socketpair()
    with contextlib.closing(deadline), ours, theirs:
        deadline.start()
        deadline.register(ours)
        time[0] = 6.0
        deadline.end()
        assert deadline.check() == 10.0
        deadline.start()
        deadline.register(ours)
        time[0] = 11.0
        assert deadline.check() == 5.0
        ours.sendall(b"still open")
        assert theirs.recv(100) == b"still open"
        time[0] = 16.0
        deadline.check()
        assert theirs.recv(100) == b""


def test_an_answer_that_comes_at_the_last_moment_is_not_read_for_ever():
    """The call's time includes what is done with its answer; what became of the row is then unknown."""
    time = [0.0]
    with Misbehaving(says(answer(ACCEPTED))) as server, client_of(server.base_url, clock=lambda: time[0]) as sender:
        go_on = sender._deadline.go_on

        def late() -> None:
            time[0] = 1000.0
            go_on()

        sender._deadline.go_on = late
        seen = sender.send(POST)
    assert isinstance(seen, NoResponse)
    assert (seen.status, seen.detail) == (200, "no answer in time")
    assert classify(seen, accepted).status is Status.UNKNOWN


def test_a_connection_is_used_again_at_once_and_not_after_a_rest():
    """Rows one after the other share a connection; one that was idle for seconds may just be closing."""
    time = [100.0]
    with Misbehaving(goes_on(answer())) as server, client_of(server.base_url, clock=lambda: time[0]) as sender:
        sender.send(POST)
        for _ in range(3):
            time[0] += IDLE_SECONDS - 1
            sender.send(POST)
        assert server.connections == 1
        time[0] += IDLE_SECONDS + 0.1
        sender.send(POST)
        assert server.connections == 2
        sender.close()
    assert len(server.requests) == 5


@pytest.mark.parametrize("end", ["closes", "resets"])
def test_a_connection_that_was_lost_by_using_it_again_is_the_last_such(end: str):
    """A server that drops each connection as its second request comes costs one doubt, not one for every second row."""

    def once(talk: Talk) -> bool:
        if getattr(talk, "spoken", False):
            if end == "resets":
                talk.reset()
            return False
        talk.spoken = True
        talk.say(answer())
        return True

    shared = KeepAlive()
    with Misbehaving(once) as server:
        said: list[Any] = []
        for _ in range(2):
            with client_of(server.base_url, keep_alive=shared) as sender:
                said += [sender.send(POST) for _ in range(3)]
                sender.close()
    assert [isinstance(each, Reply) for each in said] == [True, False, True, True, True, True]


def test_a_failure_on_a_connection_of_its_own_says_nothing_of_others():
    """One that was just made was not lost by using it again: the next rows share a connection as before."""

    def first_cut(talk: Talk) -> bool:
        if len(talk.server.requests) == 1:
            return False
        talk.say(answer())
        return True

    with Misbehaving(first_cut) as server, client_of(server.base_url) as sender:
        assert isinstance(sender.send(POST), NoResponse)
        for _ in range(3):
            sender.send(POST)
        assert server.connections == 2
        sender.close()


def test_a_late_answer_is_never_taken_for_the_next_rows():
    """103 is not the last word: the 200 that follows is the first row's, and must not make the second one done."""

    def late(talk: Talk) -> bool:
        first = len(talk.server.requests) == 1
        talk.say(b"HTTP/1.1 103 Early Hints\r\n\r\n" if first else answer())
        return first

    with Misbehaving(late) as server, client_of(server.base_url) as sender:
        first = classify(sender.send(POST), accepted)
        assert first.status.value == "unknown"
        sender.send(PUT)
        assert server.connections == 2


@pytest.mark.parametrize("status", ["202 Accepted", "400 Bad", "404 Gone", "429 Slow", "500 Oh"])
def test_only_a_200_leaves_a_connection_in_use(status):
    """After any other answer what still comes on that connection is nobody's."""

    with Misbehaving(goes_on(answer(b"", status))) as server, client_of(server.base_url) as sender:
        sender.send(POST)
        sender.send(POST)
        sender.close()
    assert server.connections == 2


def test_a_connection_that_the_server_closed_is_replaced_before_the_next_row():
    """A clean close between two rows costs neither of them anything."""
    closed = threading.Semaphore(0)

    def closes(talk: Talk) -> None:
        talk.say(answer())
        talk.connection.shutdown(socket.SHUT_WR)
        closed.release()

    with Misbehaving(closes) as server, client_of(server.base_url) as sender:
        for _ in range(3):
            assert classify(sender.send(POST), accepted).status.value == "done"
            closed.acquire()
    assert (len(server.requests), server.connections) == (3, 3)


# TLS


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def trusted(tls, monkeypatch):
    """The certificate as if the operating system trusted it."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("only OpenSSL's own trust store can be replaced for one test")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    return tls[0]


def test_a_trusted_server_gets_the_request(trusted):
    """https with a certificate that the operating system trusts."""
    with Misbehaving(says(answer()), context=trusted) as server:
        seen, classification = once(server.base_url)
    assert (classification.status.value, len(server.requests)) == ("done", 1), seen


def test_no_file_is_given_the_keys_of_a_connection(trusted, monkeypatch, tmp_path):
    """With SSLKEYLOGFILE other programs write them down, and whoever has them can read the API key off the wire."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    with Misbehaving(says(answer()), context=trusted) as server:
        assert once(server.base_url)[1].status.value == "done"
    assert not (tmp_path / "keys.log").exists()


def test_an_unknown_certificate_is_proof_that_nothing_was_sent(tls, monkeypatch):
    """No byte of the request goes to a server that is not trusted, whatever the environment names for requests."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tls[1]))
    with Misbehaving(says(answer()), context=tls[0]) as server:
        seen, classification = once(server.base_url)
    assert (classification.status.value, classification.code, classification.stop) == (
        "not_sent",
        "sent.not_trusted",
        True,
    ), seen
    assert server.requests == []


def test_a_certificate_for_another_host_is_proof_that_nothing_was_sent(trusted):
    """The name is checked, not only the signature."""
    with Misbehaving(says(answer()), context=trusted) as server:
        seen, classification = once(f"https://localhost:{server.port}")
    assert (classification.status.value, classification.code) == ("not_sent", "sent.not_trusted"), seen
    assert server.requests == []


def test_only_the_operating_systems_certificates_count(tls):
    """requests brings a list of its own; it is not loaded."""
    adapter = client._OneAttempt(CallDeadline(10.0))
    pool = adapter.get_connection_with_tls_context(client.requests.Request("GET", "https://a.example").prepare(), True)
    adapter.cert_verify(pool, "https://a.example", True, None)
    assert (pool.cert_reqs, pool.ca_certs, pool.ca_cert_dir) == ("CERT_REQUIRED", None, None)
    assert pool.conn_kw["ssl_context"].verify_mode.name == "CERT_REQUIRED"
    adapter.close()


@WRITES
def test_tls_that_breaks_after_the_request_is_unknown(trusted, call):
    """The same class of error as a failed handshake; the request had begun to leave."""

    def behave(talk: Talk) -> None:
        socket.socket.send(talk.connection, b"this is no TLS record")

    with Misbehaving(behave, context=trusted) as server:
        seen, classification = once(server.base_url, call)
    assert isinstance(seen, NoResponse)
    assert (seen.chain[0], classification.status.value, len(server.requests)) == ("MayHaveLeftError", "unknown", 1), (
        seen
    )


def test_a_server_that_speaks_no_tls_is_unknown():
    """A plain TLS error is no proof: the table does not tell when it came."""
    with Misbehaving(lambda talk: None, at_once=lambda talk: talk.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        seen, classification = once(server.base_url.replace("http:", "https:"))
    assert (classification.status.value, server.requests) == ("unknown", []), seen


def test_a_handshake_that_hangs_ends(monkeypatch):
    """A server that accepts and says nothing does not hold up the run."""
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)
    with Misbehaving(lambda talk: None, at_once=Talk.hang) as server:
        seen, classification = once(server.base_url.replace("http:", "https:"))
    assert (classification.status.value, server.requests) == ("unknown", []), seen


# Proxies

TARGET = "https://energycap.example"


def behind(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("HTTP_PROXY", proxy)


@WRITES
@pytest.mark.parametrize(
    "status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway", "302 Found"]
)
def test_a_refused_connect_is_proof_that_nothing_was_sent(monkeypatch, status, call):
    """The proxy was asked for a tunnel only; it never saw the request or the key."""
    with Misbehaving(says(answer(b"", status, {"Location": "https://portal.example"}))) as proxy:
        behind(monkeypatch, proxy.base_url)
        seen, classification = once(TARGET, call)
    assert (classification.status.value, classification.code) == ("not_sent", "sent.not_reached"), seen
    assert [parsed(request)[0].rsplit(" ", 1)[0] for request in proxy.requests] == ["CONNECT energycap.example:443"]
    assert SECRET.encode() not in proxy.requests[0]
    assert b"ECI-ApiKey" not in proxy.requests[0]


def test_a_proxy_that_is_not_there_is_proof_that_nothing_was_sent(monkeypatch):
    """Nobody listens at the proxy's address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    behind(monkeypatch, f"http://127.0.0.1:{port}")
    seen, classification = once(TARGET)
    assert (classification.status.value, classification.code) == ("not_sent", "sent.not_reached"), seen


def test_a_proxy_that_dies_is_unknown(monkeypatch):
    """A connection closed without a word is no refusal."""
    with Misbehaving(lambda talk: None) as proxy:
        behind(monkeypatch, proxy.base_url)
        seen, classification = once(TARGET)
    assert (classification.status.value, len(proxy.requests)) == ("unknown", 1), seen


def test_a_proxy_that_trickles_is_cut_at_the_total_deadline(monkeypatch):
    """The deadline holds before the tunnel stands, too."""

    def trickle(talk: Talk) -> None:
        talk.say(b"HTTP/1.1 200 OK\r\nX: ")
        talk.trickle(b"1")

    with Misbehaving(trickle) as proxy:
        behind(monkeypatch, proxy.base_url)
        seen, classification = once(TARGET, total_seconds=0.2)
        assert proxy.client_left.wait(20)
    assert classification.status.value in ("unknown", "not_sent"), seen
    assert len(proxy.requests) == 1


def test_a_request_goes_whole_through_a_tunnel(monkeypatch, tmp_path):
    """Behind a proxy the target gets the same request, and trust is the operating system's as well."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("only OpenSSL's own trust store can be replaced for one test")
    context, cert = certificate(tmp_path, "energycap.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))

    def tunnel(talk: Talk) -> None:
        talk.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        talk.secure(context)
        talk.read()
        talk.say(answer())

    with Misbehaving(tunnel) as proxy:
        behind(monkeypatch, proxy.base_url.replace("//", "//pat:s3cret@"))
        seen, classification = once(TARGET)
    assert classification.status.value == "done", seen
    asked, sent = proxy.requests
    assert "Proxy-Authorization" in parsed(asked)[1]
    assert "Proxy-Authorization" not in parsed(sent)[1]
    assert parsed(sent)[0] == f"POST {POST.path} HTTP/1.1"


def test_loopback_goes_through_no_proxy(monkeypatch):
    """Practice stays on this computer, whatever proxy is set."""
    with Misbehaving(says(answer())) as proxy, Misbehaving(says(answer())) as server:
        behind(monkeypatch, proxy.base_url)
        _, classification = once(server.base_url)
    assert (classification.status.value, proxy.connections, len(server.requests)) == ("done", 0, 1)


def test_no_proxy_is_honoured(monkeypatch):
    """A host that the system excepts is reached directly."""
    behind(monkeypatch, "http://127.0.0.1:9")
    assert client._proxies(TARGET) == {"http": "http://127.0.0.1:9", "https": "http://127.0.0.1:9"}
    monkeypatch.setenv("NO_PROXY", "energycap.example")
    assert client._proxies(TARGET) == {}


@pytest.mark.parametrize(
    "odd", ["http://pat:s3cret@[proxy:80", "http://pat:s3cret@:80", "socks5://pat:s3cret@p:1", "zz://pat:s3cret@p"]
)
def test_a_proxys_password_is_never_repeated(monkeypatch, odd):
    """A proxy that cannot be used is a setting to mend: nothing was sent, and its password is in no text."""
    behind(monkeypatch, odd)
    seen, classification = once(TARGET)
    assert "s3cret" not in repr(seen)
    assert (classification.status.value, classification.stop) == ("not_sent", True), seen


# The key


@pytest.mark.parametrize(
    "text", ["canary\n", "canary\r\nX: 1", " canary", "canary ", "can ary", "canáry", "canary\0", ""]
)
def test_a_key_that_no_header_can_hold_is_refused_without_repeating_it(text):
    """A line end in a key would end in an exception whose text holds the key."""
    with pytest.raises(CannotStart) as refused:
        Key(text)
    assert refused.value.code == "key.shape"
    assert "can" not in repr(refused.value) + str(refused.value).replace("can have", "").replace("cannot", "")


ECHOES = {
    "plain": SECRET,
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON in ASP.NET's way": "".join(char if char.isalnum() else f"\\u{ord(char):04X}" for char in SECRET),
    "JSON with escaped slashes": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "HTML": SECRET.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;"),
    "HTML in ASP.NET's way": "".join(char if char.isalnum() else f"&#x{ord(char):X};" for char in SECRET),
    "HTML by numbers": "".join(f"&#{ord(char)};" for char in SECRET),
    "a URL": "".join(char if char.isalnum() else f"%{ord(char):02X}" for char in SECRET),
}


@pytest.mark.parametrize("way", ECHOES)
def test_a_key_that_the_server_echoes_goes_no_further(way):
    """Whoever repeats the key, it is masked before anything is logged, kept or shown."""
    echo = ECHOES[way]
    heads = {"Location": f"https://other.example/{echo}", "X-Echo": echo}
    for body in (f'{{"message": "bad key {echo}"}}', f"<title>{echo}</title>", f"bad key {echo}", f'"{echo}"'):
        for status in ("400 Bad", "302 Found"):
            with Misbehaving(says(answer(body.encode(), status, heads))) as server:
                seen, classification = once(server.base_url)
            assert isinstance(seen, Reply)
            assert echo not in repr(seen).replace("\\\\", "\\")
            for text in (classification.words, json.dumps(classification.words)):
                assert SECRET not in text
                assert "Qx" not in text


def test_a_key_in_a_status_line_goes_no_further():
    """The text of an exception about the server's line is masked before it is cut, so that no part of it is left."""
    for padding in range(180, 200, 3):
        with Misbehaving(says(f"HTTP/1.1 {'x' * padding}{SECRET}\r\n\r\n".encode())) as server:
            seen, _ = once(server.base_url)
        assert isinstance(seen, NoResponse)
        assert "canary" not in repr(seen)


def test_a_key_is_not_in_what_the_client_shows_of_itself():
    """Neither the client nor its parts print the key."""
    with client_of("http://127.0.0.1:1") as sender:
        assert SECRET not in repr(sender) + repr(vars(sender)) + repr(vars(sender._adapter))
