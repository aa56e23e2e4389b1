"""ASGI middleware in front of the app: it records every request that arrives, and plays the scripted faults."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .faults import Fault, Faults, half, http_date
from .state import State

_NO_FAULT = Fault(applied=True)


@dataclass(frozen=True)
class Request:
    """A request as it arrived. `path` is the raw path without the query; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class H11WithTransport(H11Protocol):
    """uvicorn's protocol, which also hands its transport to the app: a fault must be able to close the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class FaultMiddleware:
    """`requests` holds every request, in order of arrival."""

    def __init__(self, app: ASGIApp, state: State, faults: Faults) -> None:
        self.app, self.state, self.faults = app, state, faults
        self.requests: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        arrived = HttpRequest(scope, receive)
        try:
            body = await arrived.body()
        except ClientDisconnect:
            return  # before the request was whole: nothing arrived
        request = _recorded(arrived, body)
        self.requests.append(request)
        fault = self.faults.take(request.method, request.path) or _NO_FAULT
        if not await _waited(fault.before, receive):
            return
        true = await self._true_answer(scope, body) if fault.applied else Response()
        if not await _waited(fault.after, receive):
            return
        answer = fault.change(self.state, true)
        if "date" not in answer.headers:
            answer.raw_headers.append((b"date", http_date(self.state.now()).encode()))
        if fault.sent == "whole":
            await answer(scope, receive, send)
            return
        transport: asyncio.Transport = scope["state"]["transport"]
        if fault.sent == "reset":
            reset_on_close(transport.get_extra_info("socket"))
            transport.abort()
        else:
            transport.write(_half_of(answer) if fault.sent == "half" else b"")
            transport.close()
        await _gone(receive)

    async def _true_answer(self, scope: Scope, body: bytes) -> Response:
        """What the app answers, held back for the fault to change."""
        answer = Response()

        async def take(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status_code, answer.raw_headers = message["status"], list(message["headers"])
            else:
                answer.body = bytes(answer.body) + message.get("body", b"")

        async def again() -> Message:
            return {"type": "http.request", "body": body}

        await self.app(scope, again, take)
        return answer


def reset_on_close(connection: socket.socket) -> None:
    """Makes the end of this connection a TCP reset."""
    linger_no_time = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_no_time)


def _half_of(answer: Response) -> bytes:
    head = [b"HTTP/1.1 %d Practice" % answer.status_code, *(b"%b: %b" % each for each in answer.raw_headers)]
    return b"\r\n".join([*head, b"", half(bytes(answer.body))])


async def _waited(seconds: float, receive: Receive) -> bool:
    """Waits until the seconds are over or the client has gone. True if the client is still there."""
    if seconds:
        with suppress(TimeoutError):
            await asyncio.wait_for(_gone(receive), seconds)
            return False
    return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _recorded(arrived: HttpRequest, body: bytes) -> Request:
    headers = {name: ", ".join(arrived.headers.getlist(name)) for name in arrived.headers}
    scope = arrived.scope
    return Request(
        arrived.method, scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body
    )
