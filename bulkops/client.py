"""One request, one attempt: Call → Reply or Failure. The only module that talks to EnergyCAP.

Never repeats, never follows a redirect (requests would hand ECI-ApiKey to another host),
takes nothing from the environment but the proxies, which it resolves itself. Trust comes
from the operating system. Source: api-contract section 4, reliability A3 to A5.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bulkops import __version__
from bulkops.model import Call, Failure, Reply
from bulkops.settings import LOOPBACK, Environment, Key

CONNECT_SECONDS = 10.0
READ_SECONDS = 150.0
"""A flag edit of a large list takes its time; giving up early would only make a doubt of it."""
TOTAL_SECONDS = 180.0
IDLE_SECONDS = 4.0
"""A connection that was idle longer may be closing just now; it is not used for a write."""
LARGEST_ANSWER = 4 * 2**20
_QUOTING = {
    "InvalidHeader",
    "UnicodeEncodeError",
    "InvalidURL",
    "InvalidProxyURL",
    "MissingSchema",
    "InvalidSchema",
    "LocationParseError",
}
"""Exceptions whose text quotes a header (with the key) or a proxy's address (with its password)."""


class Client:
    """A connection of its own to one EnergyCAP; for one thread at a time."""

    def __init__(
        self,
        where: Environment,
        key: Key,
        clock: Callable[[], float] = time.monotonic,
        total_seconds: float = TOTAL_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._where, self._key, self._clock = where, key, clock
        self._total, self._read = total_seconds, read_seconds
        self._https = where.base_url.startswith("https:")
        self._proxies = _proxies(where.base_url)
        self._in_hand = _InHand()
        self._adapter = _OneAttempt(self._in_hand)
        self._last_used = clock()

    def send(self, call: Call) -> Reply | Failure:
        """Send once. Never raises for what the network does; the exceptions' names become the evidence."""
        if self._clock() - self._last_used > IDLE_SECONDS:
            self._adapter.close()
        self._in_hand.start()
        overdue = threading.Timer(self._total, self._in_hand.cut)
        overdue.daemon = True
        overdue.start()
        try:
            return self._exchange(call)
        except Exception as error:  # the table judges every exception by name; unknown ones are "unknown"
            self._adapter.close()
            return self._failure(error)
        finally:
            overdue.cancel()
            overdue.join()
            self._last_used = self._clock()

    def close(self) -> None:
        """Give the connection back."""
        self._adapter.close()

    def _exchange(self, call: Call) -> Reply:
        # Not through a requests.Session: it would keep cookies, and read a redirect's whole body and address.
        request = requests.Request(
            call.method, self._where.base_url + call.path, self._headers(), data=call.encoded() or None
        ).prepare()
        timeout = (CONNECT_SECONDS, self._read)
        with self._adapter.send(request, stream=True, timeout=timeout, proxies=self._proxies) as response:
            status = self._in_hand.status = response.status_code
            content = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
            if len(content) > LARGEST_ANSWER:
                raise requests.exceptions.ContentDecodingError("the answer is larger than any documented one")
        if status != 200:
            # 103 and its like are not the last answer: what follows must not be taken for the next row's.
            self._adapter.close()
        headers = {name.lower(): self._key.scrub(value) for name, value in response.headers.items()}
        text = self._key.scrub(content.decode("utf-8", "surrogateescape"))
        return Reply(status, headers, text.encode("utf-8", "surrogateescape"))

    def _headers(self) -> dict[str, str]:
        return {
            "ECI-ApiKey": self._key.reveal(),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"bulkops/{__version__}",
        }

    def _failure(self, error: Exception) -> Failure:
        chain: list[BaseException] = []
        pending: list[object] = [MayHaveLeftError(error) if self._in_hand.begun else error]
        while pending and len(chain) < 20:
            each = pending.pop(0)
            if isinstance(each, BaseException) and each not in chain:
                chain.append(each)
                pending += [
                    *each.args,
                    getattr(each, "reason", None),
                    getattr(each, "original_error", None),
                    each.__cause__,
                ]
        names = tuple(type(each).__name__ for each in chain)
        return Failure(names, self._key.scrub(_detail(chain))[:200], self._https, self._in_hand.status)


class MayHaveLeftError(Exception):
    """The request had begun to leave when the error came: whatever that is called, it proves nothing."""


def _detail(chain: list[BaseException]) -> str:
    """What the innermost exception says. A header's, an address's or a body's own text is never repeated."""
    last = chain[-1]
    if any(type(each).__name__ in _QUOTING for each in chain):
        return type(last).__name__
    if isinstance(last, TimeoutError | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    words = " ".join(str(arg) for arg in last.args if isinstance(arg, str)) or type(last).__name__
    if isinstance(last, OSError) and last.strerror:
        words = last.strerror
    elif ": " in words and words.startswith(("HTTPConnection(", "HTTPSConnection(", "<")):
        words = words.split(": ", 1)[1]
    return words


def _proxies(base_url: str) -> dict[str, str]:
    """The proxy for this host by the system's settings; loopback never has one."""
    host = urlsplit(base_url).hostname or ""
    if host in LOOPBACK or urllib.request.proxy_bypass(host):
        return {}
    return {scheme: url for scheme, url in urllib.request.getproxies().items() if scheme in ("http", "https")}


class _InHand:
    """The call in hand: how far it came, and its sockets, so that it can be cut when it is overdue."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.begun = False
        """The request has begun to leave."""
        self.status: int | None = None
        self._sockets: list[socket.socket] = []
        self._overdue = False

    def hold(self, connection: socket.socket) -> None:
        """Take note of a socket in use. Raises ConnectTimeoutError if the time is over already."""
        self._sockets.append(connection)
        if self._overdue:
            raise urllib3.exceptions.ConnectTimeoutError("the time was over before the request could leave")

    def cut(self) -> None:
        """End a call whose answer trickles in: no gap between two bytes is long enough for the read deadline."""
        self._overdue = True
        for each in list(self._sockets):
            try:
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            except OSError:
                continue


class _OneAttempt(HTTPAdapter):
    """No retries, one connection, the operating system's trust, and a hand on the open socket."""

    def __init__(self, in_hand: _InHand) -> None:
        self._pools = _watched_pools(in_hand)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=_context())
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(
            proxy, **kwargs, ssl_context=_context(), proxy_ssl_context=_context()
        )
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Always; without the certificates that requests would add to the operating system's."""
        conn.cert_reqs = "CERT_REQUIRED"


def _context() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _watched_pools(in_hand: _InHand) -> dict[str, Any]:
    """Pool classes whose connections tell the call in hand of their sockets, and when its request begins to leave."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            in_hand.hold(made)
            return made

        def _tunnel(self) -> None:
            super()._tunnel()
            in_hand.hold(self.sock)  # no handshake on a connection that was cut meanwhile

        def request(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is None:
                self.connect()
            in_hand.hold(self.sock)
            in_hand.begun = True
            super().request(*args, **kwargs)

    class Secure(Plain, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
