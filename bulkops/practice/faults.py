"""Scripted faults: what the network and the server may do to a request and to its answer.

server.faults.add(Fault.drop_reply())                              # the next write is carried out, no answer comes
server.faults.add(Fault.too_many(5), times=2, path_contains="/kickout")
server.faults.add(Fault.status(503), skip=3, method="GET", times=None)
"""

import json as json_format
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal, Self

from starlette.responses import Response

from .errors import error_answer
from .state import State

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Fault:
    """What happens to a request and to its answer. Each class method makes one kind and describes it."""

    applied: bool
    """The request is carried out. If then no answer comes, something has changed and the client cannot know it."""
    change: Callable[[State, Response], Response] = lambda _, answer: answer
    """Makes the answer from the true one, which is empty if the request is not applied."""
    before: float = 0.0
    """Seconds to wait before the request is carried out; it is not if the client has gone by then."""
    after: float = 0.0
    """Seconds to wait before the answer is sent."""
    sent: Literal["whole", "half", "nothing", "reset"] = "whole"
    """How much of the answer is sent before the connection is closed, or reset (TCP RST) without a byte."""

    @classmethod
    def answer(
        cls,
        status: int,
        body: bytes | str = b"",
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        applied: bool = False,
    ) -> Self:
        """Any answer at all: `body` as it is, or `json` with its content type."""
        all_headers = dict(headers or {})
        if json is not None:
            body, all_headers = json_format.dumps(json), {"Content-Type": "application/json"} | all_headers
        return cls(applied, lambda *_: Response(body, status, all_headers))

    @classmethod
    def status(
        cls, status: int, *, text: str = "", headers: Mapping[str, str] | None = None, applied: bool = False
    ) -> Self:
        """An error status in the shape of every other error: 400, 403, 408, 500, 503 …"""
        text = text or f"Practice fault: status {status}."
        return cls(applied, lambda state, _: error_answer(state, status, text, headers=headers))

    @classmethod
    def too_many(cls, retry_after: int | str | datetime = 1, *, date: datetime | None = None) -> Self:
        """429 with Retry-After: seconds, any text, or a moment (UTC) as an HTTP date. `date` sets the Date header."""
        wait = http_date(retry_after) if isinstance(retry_after, datetime) else str(retry_after)
        headers = {"Retry-After": wait} | ({"Date": http_date(date)} if date else {})
        return cls.status(429, text="Too many requests.", headers=headers)

    @classmethod
    def slow(cls, seconds: float, *, applied: bool = True) -> Self:
        """The true answer after `seconds`. With applied=False the write itself waits too, and does not happen if the
        client has gone by then."""
        return cls(True, after=seconds) if applied else cls(True, before=seconds)

    @classmethod
    def drop_reply(cls) -> Self:
        """Carries the write out, then closes the connection with no byte sent."""
        return cls(True, sent="nothing")

    @classmethod
    def drop_before(cls) -> Self:
        """Closes the connection without carrying anything out; to the client it looks like `drop_reply`."""
        return cls(False, sent="nothing")

    @classmethod
    def reset(cls, *, applied: bool = True) -> Self:
        """Resets the connection (RST)."""
        return cls(applied, sent="reset")

    @classmethod
    def truncated(cls) -> Self:
        """Sends half of the body that Content-Length promises, then closes the connection."""
        return cls(True, sent="half")

    @classmethod
    def changed(
        cls,
        body: Callable[[bytes], bytes] = lambda true: true,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """The true answer with another body, status or headers."""

        def change(_: State, answer: Response) -> Response:
            all_headers = {**_without_length(answer), **(headers or {})}
            return Response(body(bytes(answer.body)), status or answer.status_code, all_headers)

        return cls(True, change)

    @classmethod
    def truncated_json(cls) -> Self:
        """A whole answer whose JSON stops half-way."""
        return cls.changed(half)

    @classmethod
    def html(cls, title: str = "Sign in", *, status: int = 200, applied: bool = False) -> Self:
        """A login page or captive portal: text/html, 200 unless told otherwise."""
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><form>Password</form></body></html>"
        return cls.answer(status, page, headers={"Content-Type": "text/html; charset=utf-8"}, applied=applied)

    @classmethod
    def redirect(cls, location: str, *, status: int = 307, applied: bool = False) -> Self:
        """A redirect, perhaps to another host, which must never get the key."""
        return cls.answer(status, headers={"Location": location}, applied=applied)


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
        self, fault: Fault, *, times: int | None = 1, skip: int = 0, method: str | None = None, path_contains: str = ""
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


def half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _without_length(answer: Response) -> dict[str, str]:
    """Its headers except Content-Length, which belongs to the body."""
    return {name: value for name, value in answer.headers.items() if name != "content-length"}
