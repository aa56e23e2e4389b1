"""Scripted misbehaviour: what the network and the server may do to a request, as plain data.

    server.faults.add(Fault.drop_reply())                              # the next write is carried out, no answer comes
    server.faults.add(Fault.too_many(5), times=2, path_contains="/kickout")
    server.faults.add(Fault.status(503), skip=3, method="GET", times=None)

`applied` says whether the request reaches the state first: True is the dangerous case, a bill changed and nobody told.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum
from json import dumps
from typing import Any, Self

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Kind(Enum):
    """What becomes of the answer."""

    ANSWER = "a scripted answer instead of the state's"
    REFUSAL = "an error in the shape in which this EnergyCAP tells every error"
    SLOW = "the state's answer, late"
    DROP = "the connection is closed without a byte"
    RESET = "the connection is reset (TCP RST) without a byte"
    CUT_BODY = "the state's answer, its body ending before Content-Length, then the connection is closed"
    CUT_JSON = "the state's answer, its JSON cut in the middle but of the right length"


@dataclass(frozen=True)
class Fault:
    """One misbehaviour; made by the class methods, which say what each is and whether the write is applied first."""

    kind: Kind
    applied: bool
    status_code: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0

    @classmethod
    def refuse(
        cls,
        status: int,
        body: bytes | str = b"",
        *,
        json: Any = None,
        headers: dict[str, str] | None = None,
        applied: bool = False,
    ) -> Self:
        """Any answer at all: `body` as it is, or `json` with its content type."""
        given = dict(headers or {})
        if json is not None:
            body = dumps(json)
            given = {"Content-Type": "application/json"} | given
        raw = body.encode() if isinstance(body, str) else body
        return cls(Kind.ANSWER, applied, status, tuple(given.items()), raw)

    @classmethod
    def status(cls, status: int, *, applied: bool = False) -> Self:
        """An error status, told like every other error: 400, 403, 408, 500, 503 …"""
        return cls(Kind.REFUSAL, applied, status, body=f"Practice fault: status {status}.".encode())

    @classmethod
    def too_many(
        cls, retry_after: int | str | datetime = 1, *, date: datetime | None = None, applied: bool = False
    ) -> Self:
        """429 with Retry-After: seconds, any text, or a moment (UTC) as an HTTP date. `date` sets the Date header."""
        wait = http_date(retry_after) if isinstance(retry_after, datetime) else str(retry_after)
        headers = {"Retry-After": wait} | ({"Date": http_date(date)} if date else {})
        return cls(Kind.REFUSAL, applied, 429, tuple(headers.items()), b"Too many requests.")

    @classmethod
    def slow(cls, seconds: float, *, applied: bool = True) -> Self:
        """The true answer after `seconds`. With applied=False the write itself happens after the wait, and not at all
        when the client has gone by then."""
        return cls(Kind.SLOW, applied, seconds=seconds)

    @classmethod
    def drop_reply(cls) -> Self:
        """Carries the write out, then closes the connection with no byte sent."""
        return cls(Kind.DROP, applied=True)

    @classmethod
    def drop_before(cls) -> Self:
        """Closes the connection without carrying anything out; to the client it looks like `drop_reply`."""
        return cls(Kind.DROP, applied=False)

    @classmethod
    def reset(cls, *, applied: bool = True) -> Self:
        """Resets the connection (RST)."""
        return cls(Kind.RESET, applied)

    @classmethod
    def truncated(cls) -> Self:
        """Sends half of the body that Content-Length promises, then closes the connection."""
        return cls(Kind.CUT_BODY, applied=True)

    @classmethod
    def truncated_json(cls) -> Self:
        """A whole answer whose JSON stops half-way."""
        return cls(Kind.CUT_JSON, applied=True)

    @classmethod
    def html(cls, title: str = "Sign in", *, status: int = 200, applied: bool = False) -> Self:
        """A login page or captive portal: text/html, 200 unless told otherwise."""
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><form>Password</form></body></html>"
        return cls.refuse(status, page, headers={"Content-Type": "text/html; charset=utf-8"}, applied=applied)

    @classmethod
    def wrong_shape(cls, json: Any = None, *, applied: bool = True) -> Self:
        """200 and JSON, but not the documented one."""
        return cls.refuse(200, json={"ok": True} if json is None else json, applied=applied)

    @classmethod
    def empty(cls, *, applied: bool = True) -> Self:
        """200 without a body."""
        return cls.refuse(200, applied=applied)

    @classmethod
    def redirect(cls, location: str, *, status: int = 307, applied: bool = False) -> Self:
        """A redirect, perhaps to another host, which must never get the key."""
        return cls.refuse(status, headers={"Location": location}, applied=applied)


@dataclass
class _Rule:
    fault: Fault
    times: int | None
    skip: int
    method: str | None
    path_contains: str

    def matches(self, method: str, path: str) -> bool:
        meant = method in WRITES if self.method is None else self.method in ("*", method)
        return meant and self.path_contains in path


class Faults:
    """The script of a server: each matching request takes the first rule that is not used up. Thread-safe."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(
        self,
        fault: Fault,
        *,
        times: int | None = 1,
        skip: int = 0,
        method: str | None = None,
        path_contains: str = "",
    ) -> None:
        """Arms `fault` for the next `times` matching requests (None: for good) after letting `skip` of them through.

        `method` None means every write, "*" every request; `path_contains` is looked for in the path.
        """
        with self._lock:
            self._rules.append(_Rule(fault, times, skip, method, path_contains))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    @property
    def waiting(self) -> int:
        """How many rules are still armed."""
        with self._lock:
            return len(self._rules)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, if any; counts it against its rule."""
        with self._lock:
            for rule in self._rules:
                if not rule.matches(method, path):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self._rules.remove(rule)
                return rule.fault
        return None


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
