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
from bulkops.settings import Environment, Key

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
TOTAL_SECONDS = 180.0
IDLE_SECONDS = 4.0
"""A connection that was idle longer may be closing just now; it is not used for a write."""
LARGEST_ANSWER = 4 * 2**20


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
        self._sockets: list[socket.socket] = []
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.proxies = _proxies(where.base_url)
        adapter = _OneAttempt(self._sockets)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._last_used = clock()

    def send(self, call: Call) -> Reply | Failure:
        """Send once. Never raises for what the network does; the exceptions' names become the evidence."""
        if self._clock() - self._last_used > IDLE_SECONDS:
            self._session.close()
        self._sockets.clear()
        overdue = threading.Timer(self._total, self._cut)
        overdue.daemon = True
        overdue.start()
        status: int | None = None
        try:
            with self._session.request(
                call.method,
                self._where.base_url + call.path,
                data=call.encoded() or None,
                headers=self._headers(),
                timeout=(CONNECT_SECONDS, self._read),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                content = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
                if len(content) > LARGEST_ANSWER:
                    raise requests.exceptions.ContentDecodingError("the answer is larger than any documented one")
                expected = response.headers.get("Content-Length", "")
                if expected.isdigit() and len(content) < int(expected) and "Content-Encoding" not in response.headers:
                    raise requests.exceptions.ChunkedEncodingError(f"{len(content)} of {expected} bytes came")
                headers = {name.lower(): self._key.scrub(value) for name, value in response.headers.items()}
                content = content.replace(self._key.reveal().encode(), self._key.masked().encode())
            return Reply(status, headers, content)
        except Exception as error:  # the table judges every exception by name; unknown ones are "unknown"
            self._session.close()
            return self._failure(error, status)
        finally:
            overdue.cancel()
            self._last_used = self._clock()

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _headers(self) -> dict[str, str]:
        return {
            "ECI-ApiKey": self._key.reveal(),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"bulkops/{__version__}",
        }

    def _cut(self) -> None:
        """End a call whose answer trickles in: no gap between two bytes is long enough for the read deadline."""
        for each in self._sockets:
            try:
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            except OSError:
                continue

    def _failure(self, error: Exception, status: int | None) -> Failure:
        chain: list[BaseException] = []
        pending: list[object] = [error]
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
        return Failure(names, self._key.scrub(_detail(chain)), self._https, status)


def _detail(chain: list[BaseException]) -> str:
    """What the innermost exception says, in short. A header's or a body's own text is never repeated."""
    last = chain[-1]
    if any(type(each).__name__ in ("InvalidHeader", "UnicodeEncodeError") for each in chain):
        return type(last).__name__
    if isinstance(last, TimeoutError | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    words = " ".join(str(arg) for arg in last.args if isinstance(arg, str)) or type(last).__name__
    if isinstance(last, OSError) and last.strerror:
        words = last.strerror
    elif ": " in words and words.startswith(("HTTPConnection(", "HTTPSConnection(", "<")):
        words = words.split(": ", 1)[1]
    return words[:200]


def _proxies(base_url: str) -> dict[str, str]:
    """The proxy for this host by the system's settings; loopback never has one."""
    host = urlsplit(base_url).hostname or ""
    if host in ("127.0.0.1", "localhost", "::1") or urllib.request.proxy_bypass(host):
        return {}
    return {scheme: url for scheme, url in urllib.request.getproxies().items() if scheme in ("http", "https")}


class _OneAttempt(HTTPAdapter):
    """No retries, one connection, the operating system's trust, and a hand on the open socket."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._pools = _watched_pools(sockets)
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


def _context() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _watched_pools(sockets: list[socket.socket]) -> dict[str, Any]:
    """Pool classes whose connections leave their socket in ``sockets``, so that an overdue call can be cut."""

    class Plain(HTTPConnection):
        def request(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is None:
                self.connect()
            sockets.append(self.sock)
            super().request(*args, **kwargs)

    class Secure(HTTPSConnection):
        def request(self, *args: Any, **kwargs: Any) -> None:
            if self.sock is None:
                self.connect()
            sockets.append(self.sock)
            super().request(*args, **kwargs)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
