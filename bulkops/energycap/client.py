"""One request, one attempt: Call → Reply or NoResponse. The only module that talks to EnergyCAP.

Never repeats, never follows a redirect (requests would hand ECI-ApiKey to another host),
takes nothing from the environment but the proxies, which it resolves itself. Trust comes
from the operating system.
"""

import http.client
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bulkops import __version__
from bulkops.energycap.deadline import CallDeadline
from bulkops.energycap.key import Key
from bulkops.energycap.no_response import OF_THE_CLOCK, cause, spoken
from bulkops.model.environment import LOOPBACK, Environment
from bulkops.model.requests import Call, NoResponse, Reply

CONNECT_SECONDS = 10.0
READ_SECONDS = 150.0
"""A flag edit of a large list takes its time; giving up early would only make a doubt of it."""
QUESTION_SECONDS = 20.0
"""The same for what only reads."""
TOTAL_SECONDS, QUESTION_TOTAL_SECONDS = 180.0, 30.0
IDLE_SECONDS = 4.0
"""A connection that was idle longer may be closing just now; it is not used for a write."""
LARGEST_ANSWER, LARGEST_TABLE = 4 * 2**20, 16 * 2**20
"""A table of 5,000 lists has 1.2 MB, and more where EnergyCAP tells more than it was asked for."""
_QUOTING = {
    "InvalidHeader",
    "UnicodeEncodeError",
    "InvalidURL",
    "InvalidProxyURL",
    "MissingSchema",
    "InvalidSchema",
    "LocationParseError",
    "ProxySchemeUnknown",
}
"""Exceptions whose text quotes a header (with the key) or a proxy's address (with its password)."""


@dataclass(slots=True)
class KeepAlive:
    """May the clients of a run use a connection for more than one call? Not after one of them was lost by that."""

    allowed: bool = True


class Client:
    """A connection of its own to one EnergyCAP; for one thread at a time."""

    def __init__(
        self,
        environment: Environment,
        key: Key,
        clock: Callable[[], float] = time.monotonic,
        total_seconds: float = TOTAL_SECONDS,
        read_seconds: float = READ_SECONDS,
        keep_alive: KeepAlive | None = None,
    ) -> None:
        self._where, self._key, self._clock = environment, key, clock
        self._keep_alive = keep_alive or KeepAlive()
        self._read = read_seconds
        self._https = environment.base_url.startswith("https:")
        self._proxies = _proxies(environment.base_url)
        self._deadline = CallDeadline(total_seconds, clock)
        self._adapter = _OneAttempt(self._deadline)
        self._last_used = clock()

    def send(self, call: Call) -> Reply | NoResponse:
        """Send once. Never raises for what the network does; the exceptions' names become the evidence."""
        if not self._keep_alive.allowed or self._clock() - self._last_used > IDLE_SECONDS:
            self._adapter.close()
        self._deadline.start(QUESTION_TOTAL_SECONDS if call.method == "GET" else None)
        try:
            return self._exchange(call)
        except Exception as error:  # classified by its name; one that is not in the table is "unknown"
            self._adapter.close()
            # A server that closes its connections without a word would cost an unknown row each time.
            self._keep_alive.allowed = self._keep_alive.allowed and not self._deadline.reused
            return self._failure(error)
        finally:
            self._deadline.end()
            self._last_used = self._clock()
            if self._deadline.closed:
                self.close()

    def close(self) -> None:
        """Give the connection back; a call in hand is cut off, and gives back its own."""
        self._deadline.close()
        self._adapter.close()

    def _exchange(self, call: Call) -> Reply:
        # Not through a requests.Session: it would keep cookies, and read a redirect's whole body and address.
        timeout = (CONNECT_SECONDS, min(self._read, QUESTION_SECONDS) if call.method == "GET" else self._read)
        with self._adapter.send(self._request(call), stream=True, timeout=timeout, proxies=self._proxies) as response:
            status = self._deadline.status = response.status_code
            largest = LARGEST_TABLE if call.method == "GET" else LARGEST_ANSWER
            content = response.raw.read(largest + 1, decode_content=True)
            if len(content) > largest:
                raise requests.exceptions.ContentDecodingError("the answer is larger than any documented one")
        if status != 200:
            # 103 and its like are not the last answer: what follows must not be taken for the next row's.
            self._adapter.close()
        headers = {self._redact(name).lower(): self._redact(value) for name, value in response.headers.items()}
        text = self._redact(content.decode("utf-8", "surrogateescape"))
        return Reply(status, headers, text.encode("utf-8", "surrogateescape"))

    def _redact(self, text: str) -> str:
        return self._key.redact(text, self._deadline.go_on)

    def _request(self, call: Call) -> requests.PreparedRequest:
        """The request as it leaves: requests' own way of preparing one would rewrite a path that it finds odd."""
        body = call.encoded()
        request = requests.PreparedRequest()
        request.method = call.method
        request.url = self._where.base_url + call.path
        request.headers = CaseInsensitiveDict(
            {
                "ECI-ApiKey": self._key.reveal(),
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"bulkops/{__version__}",
            }
        )
        if body:
            request.body = body
            request.headers["Content-Length"] = str(len(body))
        return request

    def _failure(self, error: Exception) -> NoResponse:
        chain: list[BaseException] = []
        pending: list[object] = [MayHaveLeftError(error) if self._deadline.begun else error]
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
        proxied = ("https" if self._https else "http") in self._proxies
        why = "" if self._deadline.status else cause(chain, proxied, not proxied and _all_proxy(self._where.base_url))
        detail = self._key.redact(_detail(chain))
        if why in OF_THE_CLOCK:
            detail = f"{detail[:140]}; this computer's clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        return NoResponse(names, detail[:200], self._https, self._deadline.status, why)


class MayHaveLeftError(Exception):
    """The request had begun to leave when the error came: whatever that is called, it proves nothing."""


def _detail(chain: list[BaseException]) -> str:
    """What the innermost exception says. A header's, an address's or a body's own text is never repeated."""
    last = chain[-1]
    if any(type(each).__name__ in _QUOTING for each in chain):
        return type(last).__name__
    if verify_message := getattr(last, "verify_message", None):  # of a certificate
        return str(verify_message)
    if isinstance(last, http.client.BadStatusLine) and not isinstance(last, http.client.RemoteDisconnected):
        return spoken(str(last))
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


def _all_proxy(base_url: str) -> bool:
    """Does ALL_PROXY name a proxy for this host? bulkops goes by the proxy of the scheme alone."""
    host = urlsplit(base_url).hostname or ""
    return host not in LOOPBACK and not urllib.request.proxy_bypass(host) and "all" in urllib.request.getproxies()


class _OneAttempt(HTTPAdapter):
    """No retries, one connection, the operating system's trust, and a hand on the open socket."""

    def __init__(self, deadline: CallDeadline) -> None:
        self._pools = _watched_pools(deadline)
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


class _Lines:
    """The lines of a stream, and which was the last; none is as good as one that says something."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.last = b"nothing"

    def readline(self, limit: int) -> bytes:
        """The next line."""
        line: bytes = self.stream.readline(limit)
        self.last = line or b"nothing"
        return line

    def close(self) -> None:
        """Close the stream, as http.client does after a first line that is none."""
        self.stream.close()


def _watched_pools(deadline: CallDeadline) -> dict[str, Any]:
    """Pool classes whose connections tell the call in hand of their sockets, and when its request begins to leave."""

    class Whole(http.client.HTTPResponse):
        """An answer whose headers came to their end. http.client takes what was cut off in them for a whole answer."""

        def begin(self) -> None:
            lines = _Lines(self.fp)
            self.fp = lines  # type: ignore[assignment]
            try:
                super().begin()
            finally:
                if self.fp is lines:  # type: ignore[comparison-overlap]
                    self.fp = lines.stream
            if lines.last.strip():
                deadline.status = self.status
                raise http.client.IncompleteRead(lines.last)

    class Plain(HTTPConnection):
        response_class = Whole
        debuglevel = 0
        """Whatever anybody sets in http.client: it would print the key."""

        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            deadline.register(made)
            return made

        def _tunnel(self) -> None:
            super()._tunnel()
            deadline.register(self.sock)  # no handshake on a connection that was cut meanwhile

        def request(self, *args: Any, **kwargs: Any) -> None:
            deadline.reused = self.sock is not None
            if self.sock is None:
                self.connect()
            deadline.register(self.sock)
            deadline.begun = True
            super().request(*args, **kwargs)

    class Secure(Plain, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
