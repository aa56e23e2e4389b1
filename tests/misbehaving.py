"""A server of raw sockets on loopback that does to its clients what no HTTP library does, but the worst servers do.

It reads one whole request after the other from each connection, keeps it in ``requests``, and lets a behaviour
answer it. A behaviour says True to go on reading from the connection; otherwise the connection is closed.
What is HTTP is left to practice: ``energycap`` gives its answer, and what its script makes of that.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from bulkops.practice.server import PracticeServer

GUID = "11111111-2222-4333-8444-555555555555"
ACCEPTED = f'{{"taskGUId": "{GUID}"}}'.encode()
COUNTED = b'{"selected": 12, "updated": 7}'

Behaviour = Callable[["Talk"], object]


def answer(
    body: bytes = ACCEPTED, status: str = "200 OK", headers: dict[str, str] | None = None, length: int | None = None
) -> bytes:
    """An answer; ``length`` is what Content-Length claims, the true one if None."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def message(connection: socket.socket) -> tuple[bytes, bool]:
    """One message as far as it comes, its body as long as Content-Length says; and whether that is all of it."""
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
    """Practice answers, as far as it does."""
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
        """The one that is to be answered."""
        self.secured = False

    def read(self) -> bytes:
        """The next whole request; b"" when the client has gone."""
        self.request, whole = message(self.connection)
        if not whole:
            return b""
        self.server.keep(self.request)
        return self.request

    def practised(self) -> tuple[bytes, bool]:
        """What practice answers the request with, and whether that is a whole answer."""
        assert self.server.practice is not None
        with socket.create_connection(("127.0.0.1", int(self.server.practice.base_url.rpartition(":")[2]))) as asking:
            self.server.hold(asking)
            asking.sendall(self.request)
            return message(asking)

    @property
    def path(self) -> str:
        """What is asked for."""
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
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
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


def certificate(folder: Path, name: str, *others: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate of its own making for these names, and that certificate's file.

    Skips the test where there is no openssl to make one.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on this computer to make a certificate with")
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    names = ",".join(f"{'IP' if each[0].isdigit() else 'DNS'}:{each}" for each in (name, *others))
    made = subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("this computer's openssl cannot make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def issued(folder: Path, name: str, days: tuple[int, int] = (-1, 2)) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for this name, valid between these days from now, and the file of the
    authority of its own making that issued it. Skips the test as ``certificate`` does."""
    certificate(folder, name)
    certificate(folder, "authority")
    begins, ends = (f"{datetime.now(UTC) + timedelta(days=day):%Y%m%d%H%M%SZ}" for day in days)
    kind = "DNS" if name.strip("0123456789.") else "IP"
    config, cert = folder / "ca.cnf", folder / f"{name} issued.pem"
    config.write_text(
        f"""[ca]
default_ca = a
[a]
database = {folder.as_posix()}/index.txt
new_certs_dir = {folder.as_posix()}
serial = {folder.as_posix()}/serial
default_md = sha256
policy = p
x509_extensions = e
[p]
commonName = supplied
[e]
subjectAltName = {kind}:{name}
""",
        encoding="ascii",
    )
    (folder / "index.txt").write_text("", encoding="ascii")
    (folder / "serial").write_text("01\n", encoding="ascii")
    asked = ("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/CN={name}", "-out", folder / f"{name}.csr")
    signed = (
        *("ca", "-batch", "-notext", "-config", config, "-in", folder / f"{name}.csr", "-out", cert),
        *("-cert", folder / "authority.pem", "-keyfile", folder / "authority.key"),
        *("-startdate", begins, "-enddate", ends),
    )
    for arguments in (asked, signed):
        if subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False).returncode:
            pytest.skip("this computer's openssl cannot make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, folder / f"{name}.key")
    return context, folder / "authority.pem"
