"""The server as a thing: starts at once, stops cleanly, records what arrives, says nothing."""

from __future__ import annotations

import _thread
import contextlib
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from bulkops.practice import PRACTICE_KEY, State
from bulkops.practice.server import Fault, PracticeServer, serve_forever

from .support import Api, guid

HEADERS = {"ECI-ApiKey": PRACTICE_KEY, "Content-Type": "application/json"}


class Arrival(threading.Event):
    """A clock that tells when a reimport looks at it: the request has then reached the state."""

    def __call__(self) -> float:
        self.set()
        return 0.0


@pytest.fixture
def arrival() -> Arrival:
    return Arrival()


def served(base_url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(base_url + "/api/v3/me", headers=HEADERS, timeout=10).status_code == 200


def test_it_leaves_nothing_behind(capfd, caplog):
    """No thread, no signal handler, no open port, no word on the terminal or in the log."""
    caplog.set_level(logging.DEBUG)
    threads, handler = threading.active_count(), signal.getsignal(signal.SIGINT)
    with PracticeServer() as server:
        assert served(server.base_url)
        assert threading.active_count() == threads + 1
        assert signal.getsignal(signal.SIGINT) is handler
        address = ("127.0.0.1", int(server.base_url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=10) as rubbish:
            rubbish.sendall(b"this is not HTTP\r\n\r\n")
            assert rubbish.recv(100).startswith(b"HTTP/1.1 400")
    assert threading.active_count() == threads
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=10)
    assert capfd.readouterr() == ("", "")
    said = [record for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))]
    assert [record for record in said if record.levelno > logging.DEBUG] == []


def test_it_starts_and_stops_at_once():
    """Up in less than 0.3 s, and down as fast with a client still connected; the best of three, on a busy machine."""
    times = []
    for _ in range(3):
        begin = time.monotonic()
        with PracticeServer() as server:
            up = time.monotonic()
            idle = socket.create_connection(("127.0.0.1", int(server.base_url.rpartition(":")[2])), timeout=10)
        down = time.monotonic()
        with idle, contextlib.suppress(ConnectionResetError):
            assert idle.recv(1) == b""
        times.append(max(up - begin, down - up))
    assert min(times) < 0.3


def test_answers_are_not_held_back(api: Api):
    """A hundred calls on one connection take no 40 ms each, as they do when Nagle's algorithm is left on."""
    begin = time.monotonic()
    for _ in range(100):
        api.get("/api/v3/me")
    assert time.monotonic() - begin < 3


def test_stop_interrupts_a_slow_answer(arrival):
    """A client waiting for a slow answer is cut off, and stop does not wait for it."""
    with PracticeServer(State(clock=arrival)) as server, ThreadPoolExecutor(1) as pool:
        api = Api(server)
        server.faults.add(Fault.slow(3600))
        waiting = pool.submit(api.reimport, 1)
        assert arrival.wait(10)
        begin = time.monotonic()
        server.stop()
        with pytest.raises(requests.ConnectionError):
            waiting.result(10)
        assert time.monotonic() - begin < 1
        api.session.close()


def test_stop_may_be_called_twice_and_before_start():
    """Stopping what does not run is no error."""
    server = PracticeServer()
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_every_request_is_recorded(api: Api):
    """Method, raw path, query, lower-case headers and raw body of everything that arrives, also of what is refused."""
    api.get("/api/v3/batch", pageSize=2)
    api.call("POST", "/nowhere%2F..%20x?a=b", data=b"{ raw", headers={"X-Other": "Ä".encode("latin-1")})
    first, second = api.server.requests
    assert (first.method, first.path, first.query, first.body) == ("GET", "/api/v3/batch", "pageSize=2", b"")
    assert first.headers["eci-apikey"] == PRACTICE_KEY
    assert (second.method, second.path, second.query, second.body) == ("POST", "/nowhere%2F..%20x", "a=b", b"{ raw")
    assert second.headers["x-other"] == "Ä"
    assert api.server.writes == [second]


def test_requests_arrive_while_a_slow_one_waits(api: Api, arrival):
    """A slow answer holds up nobody else."""
    api.server.state.clock = arrival
    api.server.faults.add(Fault.slow(3600), path_contains=guid(1))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.reimport, 1)
        assert arrival.wait(10)
        assert served(api.server.base_url)
        assert not waiting.done()
        api.server.stop()
        assert isinstance(waiting.exception(10), requests.ConnectionError)


def test_it_is_busy_as_long_as_somebody_is_connected(server, api: Api):
    """Or was: what was sent on a connection that is gone by now may still be carried out."""
    assert not server.busy
    api.get("/api/v3/me")
    assert server.busy
    api.session.close()
    while server.busy:
        time.sleep(0.001)


def test_many_clients_at_once(server):
    """Writes from many connections are all applied, each once, with a GUID of its own."""

    def reimports(first: int) -> list[str]:
        api = Api(server)
        with api.session:
            return [
                api.reimport(number, "new self-contained batch").json()["taskGUId"] for number in range(first, 41, 8)
            ]

    with ThreadPoolExecutor(8) as pool:
        made = [new for part in pool.map(reimports, range(1, 9)) for new in part]
    assert len(set(made)) == 40
    assert {server.state.times_reimported(guid(number)) for number in range(1, 41)} == {1}
    batches = [done.batch_id for done in server.state.applied]
    assert len(set(batches)) == 40


def test_serve_forever_serves_until_interrupted():
    """announce gets address and key once the server is up; it serves until Ctrl-C and then returns."""
    said: list[tuple[str, str]] = []
    answers: list[bool] = []

    def visit(base_url: str) -> None:
        answers.append(served(base_url))
        _thread.interrupt_main()

    def announce(base_url: str, key: str) -> None:
        said.append((base_url, key))
        threading.Thread(target=visit, args=(base_url,)).start()

    serve_forever(0, announce)
    assert answers == [True]
    assert said[0][1] == PRACTICE_KEY
    assert not [thread for thread in threading.enumerate() if thread.name == "practice-server"]


def test_a_port_in_use_is_said_plainly(server):
    """OSError with the port and a sentence; nothing is announced."""
    port = int(server.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match=f"cannot use port {port}: it is in use"):
        serve_forever(port, lambda base_url, key: pytest.fail("announced"))
    with pytest.raises(OSError, match="cannot use port 70000"):
        serve_forever(70000, lambda base_url, key: pytest.fail("announced"))


def test_a_port_can_be_taken_again_at_once():
    """A practice server restarted on its port does not have to wait for old connections to fade."""
    with PracticeServer() as first:
        first.faults.add(Fault.drop_before(), method="GET")  # the side that closes first is the one that waits
        with pytest.raises(requests.ConnectionError):
            served(first.base_url)
        port = int(first.base_url.rpartition(":")[2])
    with PracticeServer(port=port) as second:
        assert second.base_url == first.base_url
        assert served(second.base_url)


def test_the_package_needs_no_web_framework():
    """What is pretended knows nothing of HTTP: bulkops.practice and its State load no web framework."""
    code = (
        "import sys; from bulkops.practice import State; State();"
        "print(sorted(sys.modules.keys() & {'fastapi', 'starlette', 'uvicorn', 'h11', 'requests'}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_practice_imports_nothing_else_of_bulkops():
    """The practice server shares no code with the client it is there to test; what the package itself does at its
    import is all that is there besides."""
    code = (
        "import sys, bulkops; known = {*sys.modules}; import bulkops.practice.server;"
        "print(sorted(name for name in {*sys.modules} - known if name[:8] == 'bulkops.' and 'practice' not in name))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
