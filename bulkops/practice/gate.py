"""The door in front of the app: records every request that arrives and plays the scripted faults."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .faults import Fault, Faults, Kind, http_date

_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # linger on, 0 s


@dataclass(frozen=True)
class Request:
    """A request as it arrived. `path` is the raw path without the query; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class _Answer:
    """What the app answered, held back until the fault has had its say."""

    status: int = 500
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], tuple(message["headers"])
        else:
            self.body += message.get("body", b"")


class RememberingProtocol(H11Protocol):
    """uvicorn's protocol, which also hands its transport to the app, because a fault must be able to close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class Gate:
    """ASGI middleware; `requests` holds what arrived, in order of arrival.

    `now` is the clock of the header Date, `refusal` makes an error of a status and a sentence.
    """

    def __init__(
        self, app: ASGIApp, faults: Faults, now: Callable[[], datetime], refusal: Callable[[int, str], Response]
    ) -> None:
        self.app = app
        self.faults = faults
        self._now = now
        self._refusal = refusal
        self.requests: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return  # the client hung up before the request was whole: nothing arrived
        request = _recorded(scope, body)
        self.requests.append(request)
        fault = self.faults.take(request.method, request.path)
        if fault and fault.kind is Kind.SLOW and not fault.applied:
            if not await _waited(fault.seconds, receive):
                return
            fault = None
        answer = _Answer()
        if fault is None or fault.applied:
            await self.app(scope, _replayed(body), answer.take)
        if fault is None:
            await self._answered(send, answer)
        else:
            await self._misbehave(fault, answer, scope["state"]["transport"], receive, send)

    async def _misbehave(
        self, fault: Fault, answer: _Answer, transport: asyncio.Transport, receive: Receive, send: Send
    ) -> None:
        headers = tuple((name.encode(), value.encode("latin-1")) for name, value in fault.headers)
        match fault.kind:
            case Kind.ANSWER:
                await self._answered(send, _Answer(fault.status_code, headers, fault.body))
            case Kind.REFUSAL:
                told = self._refusal(fault.status_code, fault.body.decode())
                await self._answered(send, _Answer(told.status_code, (*told.raw_headers, *headers), bytes(told.body)))
            case Kind.SLOW:
                if await _waited(fault.seconds, receive):
                    await self._answered(send, answer)
            case Kind.CUT_JSON:
                half = answer.body[: len(answer.body) // 2]
                await self._answered(send, _Answer(answer.status, answer.headers, half))
            case Kind.CUT_BODY:
                transport.write(_cut_short(answer))
                transport.close()
                await _gone(receive)
            case Kind.DROP:
                transport.close()
                await _gone(receive)
            case Kind.RESET:
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                transport.abort()
                await _gone(receive)

    async def _answered(self, send: Send, answer: _Answer) -> None:
        headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
        if not any(name.lower() == b"date" for name, _ in headers):
            headers.append((b"date", http_date(self._now()).encode()))
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _cut_short(answer: _Answer) -> bytes:
    head = [b"HTTP/1.1 %d Practice" % answer.status]
    head += [name + b": " + value for name, value in answer.headers if name.lower() != b"content-length"]
    head.append(b"content-length: %d" % len(answer.body))
    return b"\r\n".join([*head, b"", answer.body[: len(answer.body) // 2]])


async def _waited(seconds: float, receive: Receive) -> bool:
    """Waits, but no longer than the client does; whether the client is still there."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        done, _ = await asyncio.wait({gone}, timeout=seconds)
        return not done
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _whole_body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _recorded(scope: Scope, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    path = scope["raw_path"].decode("latin-1")
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body)
