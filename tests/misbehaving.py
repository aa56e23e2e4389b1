"""A server of raw sockets on loopback: it misbehaves as no HTTP library does, but as the worst servers and proxies do.

It reads one whole request after the other from each connection, keeps it in ``requests``, and lets a behaviour
answer it. A behaviour returns True to go on reading from the connection; otherwise the connection is closed.

Whatever is HTTP comes from practice: ``energycap`` passes on its answer, scripted faults included. Only what acts
beneath HTTP is here (TLS, CONNECT, broken status lines and headers, answers that trickle or come twice): for these
practice would need a second way of answering, which no HTTP library checks.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bulkops.practice.middleware import reset_on_close
from bulkops.practice.server import PracticeServer

GUID = "11111111-2222-4333-8444-555555555555"
ACCEPTED = f'{{"taskGUId": "{GUID}"}}'.encode()
COUNTED = b'{"selected": 12, "updated": 7}'

Behaviour = Callable[["Talk"], object]


def answer(
    body: bytes = ACCEPTED, status: str = "200 OK", headers: dict[str, str] | None = None, length: int | None = None
) -> bytes:
    """An answer. ``length`` is the Content-Length that it claims; None: the true one."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def message(connection: socket.socket) -> tuple[bytes, bool]:
    """One message, as much of it as arrives, and whether it is whole. Its body is as long as Content-Length says."""
    text, wanted = bytearray(), None
    while wanted is None or len(text) < wanted:
        more = connection.recv(65536)
        if not more:
            return bytes(text), False
        text += more
        if wanted is None and (end := text.find(b"\r\n\r\n") + 4) > 3:
            length = re.search(rb"\r\ncontent-length: *([0-9]+)\r\n", text[:end], re.IGNORECASE)
            wanted = end + int(length[1] if length else 0)
    return bytes(text), True


def energycap(talk: Talk) -> bool:
    """Passes on what practice answers, as far as it does."""
    try:
        said, whole = talk.practised()
    except ConnectionResetError:
        talk.reset()
        return False
    talk.say(said)
    return whole


class Talk:
    """One connection, as a behaviour sees it."""

    def __init__(self, connection: socket.socket, server: Misbehaving) -> None:
        self.connection, self.server = connection, server
        self.request = b""
        """The request to answer."""
        self.secured = False

    def read(self) -> bytes:
        """The next whole request; b"" when the client has gone."""
        self.request, whole = message(self.connection)
        if not whole:
            return b""
        self.server.keep(self.request)
        return self.request

    def practised(self) -> tuple[bytes, bool]:
        """The answer of practice to the request, and whether it is whole."""
        assert self.server.practice is not None
        with socket.create_connection(("127.0.0.1", int(self.server.practice.base_url.rpartition(":")[2]))) as asking:
            self.server.hold(asking)
            asking.sendall(self.request)
            return message(asking)

    @property
    def path(self) -> str:
        """The path of the request."""
        return self.request.split(b" ", 2)[1].decode("ascii")

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)

    def trickle(self, byte: bytes) -> None:
        """One byte after the other, for as long as the client listens."""
        while not self.server.over.wait(0.02):
            try:
                self.connection.sendall(byte)
            except OSError:
                self.server.client_left.set()
                return

    def hang(self) -> None:
        """Nothing, until the client leaves or the test is over."""
        self.connection.settimeout(0.05)
        while not self.server.over.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue

    def reset(self) -> None:
        """A TCP reset instead of an orderly end."""
        reset_on_close(self.connection)
        self.connection.close()

    def secure(self, context: ssl.SSLContext) -> None:
        """TLS from here on, as a proxy's target would begin it."""
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.secured = True
        self.server.hold(self.connection)


class Misbehaving:
    """``behave`` answers each request; ``at_once`` acts on a connection before anything is read from it."""

    def __init__(
        self,
        behave: Behaviour,
        at_once: Behaviour | None = None,
        context: ssl.SSLContext | None = None,
        practice: PracticeServer | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.arrived, self.over, self.client_left = threading.Event(), threading.Event(), threading.Event()
        self._arrival = threading.Condition()
        self.behave, self.at_once, self.context = behave, at_once, context
        self.practice = practice
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.base_url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._door: threading.Thread | None = None
        self._threads: list[threading.Thread] = []

    @property
    def writes(self) -> list[bytes]:
        """The requests that would change something."""
        return [each for each in self.requests if not each.startswith((b"GET ", b"CONNECT "))]

    def turn(self, behave: Behaviour, at_once: Behaviour | None = None, context: ssl.SSLContext | None = None) -> None:
        """Behave otherwise from the next request and the next connection on."""
        self.behave, self.at_once, self.context = behave, at_once, context

    def keep(self, request: bytes) -> None:
        """Take note of a request that arrived whole."""
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        self.arrived.set()

    def await_writes(self, count: int) -> None:
        """Wait for requests that were sent and may not have been read yet, as after a client's time-out."""
        with self._arrival:
            self._arrival.wait_for(lambda: len(self.writes) >= count, 30)

    def hold(self, connection: socket.socket) -> None:
        """Take note of a connection, to be ended with the server."""
        self._open.append(connection)

    def shut_door(self) -> None:
        """Nobody listens any more: connections are refused."""
        door, self._door = self._door, None
        if door is not None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the one who accepts
            door.join()
        self._listening.close()

    def open_door(self, backlog: int | None = None) -> None:
        """Listen again at the same port; with a ``backlog`` nobody accepts."""
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=backlog)
        if backlog is None:
            self._begin()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.shut_door()
        for each in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _begin(self) -> None:
        self._door = threading.Thread(target=self._accept, name="misbehaving")
        self._door.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self._door is not threading.current_thread():
                connection.close()
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.hold(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), name="misbehaving"))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        talk = Talk(connection, self)
        # The client may leave or refuse at any moment; what it makes of that is the test's business.
        with contextlib.suppress(OSError):
            if self.at_once is not None:
                self.at_once(talk)
            if self.context is not None and not talk.secured:
                talk.secure(self.context)
            while talk.connection.fileno() >= 0 and talk.read():
                if self.behave(talk) is not True:
                    break
        for each in {connection, talk.connection}:
            with contextlib.suppress(OSError):
                each.close()
