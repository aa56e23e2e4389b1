"""The fault matrix: each thing that may happen to a write, by POST and PUT, over http, TLS and a proxy, as whole runs.

A run is prepared against a server that answers as documented, then the server, its certificate or its proxy is
turned, and the rows are sent. Afterwards it answers well again and the same workbook is run a second time.
What is HTTP comes from practice and its script; before it stands a server of raw sockets, which makes TLS, is the
proxy, and does what no HTTP library does.
The table holds what proves that nothing was sent and what proves nothing, answers that only look like success,
refusals, redirects and proxies.
"""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from select import select
from typing import Any

import pytest
from asking import carried_out, fill, flag, kickout, task
from certificates import certificate, issued
from misbehaving import ACCEPTED, COUNTED, GUID, Behaviour, Misbehaving, Talk, answer, energycap

from bulkops.energycap import client
from bulkops.energycap.client import LARGEST_ANSWER, Client
from bulkops.energycap.rate_limit import RateLimit
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome
from bulkops.practice import Choices, State
from bulkops.practice.faults import Fault
from bulkops.practice.records import Bill
from bulkops.practice.seed_data import OPERATOR
from bulkops.practice.server import PracticeServer
from bulkops.runs import execute, prepare
from bulkops.runs.control import Control
from bulkops.runs.processor import BUSY_ATTEMPTS, TROUBLES_IN_A_ROW
from bulkops.runs.report import Options

SECRET = "canary-of-the-faults/7Qxk9+Zz=="
REPEATED = json.dumps({"message": f"not for {SECRET}"}).encode()
METHODS = ("POST", "PUT")
LISTS = 2005
"""The lists after this one have five bills that any edit fits, and here one that none without a type does."""
COUNTS = {"POST": (None, None), "PUT": (6, 5)}
EXIT_CODES = {"done": 0, "failed": 1, "not_sent": 1, "unknown": 4}

HTTP, TLS = ("http",), ("https",)
"""One alone for what cannot happen on the other: without TLS there is neither handshake nor certificate."""
BOTH = HTTP + TLS
PROXY = ("proxy",)
"""https through a proxy. Not http: that is for loopback alone, which goes through no proxy."""


@dataclass(frozen=True)
class Case:
    """What becomes of each write, and what the table says of its row."""

    status: str
    script: tuple[Fault | Callable[[str, str], Fault], ...] = ()
    """What practice does to the row's requests, one after the other; perhaps by their path and another host's name."""
    behave: Behaviour = energycap
    """Answers a request."""
    at_once: Behaviour | None = None
    """Acts on a connection before anything is read from it."""
    inside: bool = False
    """Through a proxy: ``behave`` answers inside of the tunnel, not the CONNECT."""
    http_status: int | None = None
    """The evidence: the number of the answer, as far as one was seen."""
    arrives: int = 1
    """Requests that the server reads for the row."""
    stops: bool = False
    """The row after it is not sent."""
    ways: tuple[str, ...] = HTTP
    """More than one where TLS makes a difference, and for one of each kind."""
    methods: tuple[str, ...] = METHODS
    arm: Callable[[Misbehaving, pytest.MonkeyPatch, ExitStack], object] | None = None
    """What else happens between the last read and the first write."""
    host: str = "127.0.0.1"
    presents: str = ""
    """The certificate that meets the write; the right one if ""."""
    me: tuple[Fault, ...] | None = None
    """What practice does to the question whether EnergyCAP is there; None where nobody asks it."""
    waits: tuple[float, ...] = ()
    """How long its run waits at EnergyCAP's wish, a second or more each time."""
    connect_seconds: float = 10.0
    deadlines: Mapping[str, float] = field(default_factory=dict)
    """The client's deadlines in seconds, where they are not its own."""

    @property
    def shares(self) -> bool:
        """Nothing but the answer is odd, so that rows with other such faults may be in the same run."""
        return self == Case(
            self.status, self.script, self.behave, http_status=self.http_status, ways=self.ways, methods=self.methods
        )


# What practice is told to do


def refused(code: int, headers: Mapping[str, str] | None = None) -> Fault:
    """An answer of this status that repeats the key."""
    told = {"X-Request-Id": SECRET, "Content-Type": "application/json", **(headers or {})}
    return Fault.answer(code, REPEATED, headers=told)


def busy(after: str | None = None, date: str | None = None) -> Fault:
    told = {"Retry-After": after, "Date": date}
    return refused(429, {name: value for name, value in told.items() if value is not None})


def accepted(task_guid: Callable[[str], str]) -> Callable[[str, str], Fault]:
    """The documented answer to a reimport, with this task as the new one."""
    return lambda path, _: Fault.answer(200, json={"taskGUId": task_guid(path)}, applied=True)


def counted(selected: object, updated: object) -> Fault:
    """The documented answer to a flag edit, with these counts."""
    return Fault.answer(200, json={"selected": selected, "updated": updated}, applied=True)


def own_task(path: str) -> str:
    """The task that is to be reimported."""
    return path.split("/")[-2]


def moved(code: int, to: str) -> Fault | Callable[[str, str], Fault]:
    """A redirect: to another host over http or https, to the ``same`` host, to ``itself``, or ``nowhere``."""
    if to == "nowhere":
        return Fault.answer(code)
    return lambda path, elsewhere: Fault.redirect(
        {"http": f"http://{elsewhere}{path}", "https": f"https://{elsewhere}{path}", "same": "/api/v3/other"}.get(
            to, path
        ),
        status=code,
    )


# What raw sockets do


def says(text: bytes) -> Behaviour:
    return lambda talk: talk.say(text)


def tells(make: Callable[[bytes], bytes]) -> Behaviour:
    """Says what ``make`` makes of the body of practice's answer; then the connection is closed."""
    return lambda talk: talk.say(make(talk.practised()[0].partition(b"\r\n\r\n")[2]))


def status(line: str) -> Behaviour:
    """An answer of this status that repeats the key."""
    return says(answer(REPEATED, line, {"X-Request-Id": SECRET, "Content-Type": "application/json"}))


def trickles(begin: bytes, drop: bytes = b"1") -> Behaviour:
    def behave(talk: Talk) -> None:
        talk.say(begin)
        talk.trickle(drop)

    return behave


def hangs(begin: bytes) -> Behaviour:
    def behave(talk: Talk) -> None:
        talk.say(begin)
        talk.hang()

    return behave


def two_answers(talk: Talk) -> bool:
    """The second one is nobody's, least of all the next row's."""
    talk.say(talk.practised()[0] + answer(b'{"selected": 9, "updated": 9, "taskGUId": "%b"}' % GUID.encode()))
    return True


def closes(talk: Talk) -> None:
    """The request was read, perhaps carried out; no answer."""


def resets(talk: Talk) -> None:
    """A reset when something has come and nobody has read it."""
    select([talk.connection], [], [], 30)
    talk.reset()


def resets_before_reading(talk: Talk) -> None:
    """The same after the TLS handshake, so that it is the request that nobody has read."""
    if talk.server.context is not None:
        talk.secure(talk.server.context)
    resets(talk)


def in_plain_words(talk: Talk) -> None:
    """Bytes on the socket beneath the TLS."""
    socket.socket.send(talk.connection, b"this is no TLS record")


def established(then: Behaviour) -> Behaviour:
    """A proxy that makes the tunnel, and then this."""

    def behave(talk: Talk) -> object:
        talk.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return then(talk)

    return behave


def tunnel(to: Behaviour, context: Any) -> Behaviour:
    """A proxy that makes the tunnel, and the target behind it."""

    def secure(talk: Talk) -> bool:
        talk.secure(context)
        return True

    connect = established(secure)
    return lambda talk: connect(talk) if talk.request.startswith(b"CONNECT ") else to(talk)


STRANGE = {
    "page": b"<html><title>Gone</title></html>",
    "XML": b"<?xml version='1.0'?><Error/>",
    "text": b"no such page",
}
NO_TLS = b"HTTP/1.1 400 Bad Request\r\n\r\n"
WRONG_VERSION = b"\x15\x03\x01\x00\x02\x02\x46"
"""An alert: protocol_version."""


# What happens between the last read and the first write


def nobody_listens(server: Misbehaving, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    server.shut_door()


def nobody_accepts(server: Misbehaving, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    """The queue of the listening socket is full, so that the system lets every further connection wait."""
    if sys.platform != "linux":
        pytest.skip("only Linux lets a connection wait when a queue is full")
    server.shut_door()
    server.open_door(backlog=0)
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(("127.0.0.1", server.port))


def nobody_knows_the_name(server: Misbehaving, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    patch.setattr(socket, "getaddrinfo", unknown)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(64 * 2**20))
GZIP = {"Content-Encoding": "gzip"}
IN_2001, LATER = "Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:09 GMT"

FAULTS = {
    # The servers' proper answers, so that the table is seen to tell them from the rest.
    "documented answer": Case("done", http_status=200, ways=BOTH),
    "documented answer in chunks": Case(
        "done", behave=tells(lambda good: CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)), http_status=200
    ),
    "documented answer without a length": Case(
        "done", behave=tells(lambda good: OK + b"\r\n" + good), http_status=200, ways=BOTH
    ),
    "documented answer in unasked gzip": Case("done", (Fault.changed(gzip.compress, headers=GZIP),), http_status=200),
    "documented answer with a cookie": Case(
        "done", (Fault.changed(headers={"Set-Cookie": "a=b; Path=/"}),), http_status=200
    ),
    "100, then the documented answer": Case(
        "done", behave=tells(lambda good: b"HTTP/1.1 100 Continue\r\n\r\n" + answer(good)), http_status=200
    ),
    "documented answer and another one": Case("done", behave=two_answers, http_status=200, ways=BOTH),
    # Proof that nothing was sent.
    "connection refused": Case("not_sent", arrives=0, arm=nobody_listens, ways=BOTH),
    "connect time-out": Case("not_sent", arrives=0, arm=nobody_accepts, connect_seconds=0.1, ways=BOTH),
    "name not resolved": Case("not_sent", arrives=0, arm=nobody_knows_the_name, host="localhost", ways=BOTH),
    "unknown CA": Case("not_sent", arrives=0, stops=True, ways=TLS, presents="stranger"),
    **{
        f"certificate {kind}": Case("not_sent", arrives=0, stops=True, ways=TLS, presents=kind)
        for kind in ("expired", "not yet valid", "of an unknown authority")
    },
    "certificate for another host": Case("not_sent", arrives=0, stops=True, ways=TLS, presents="other host"),
    # A proxy serves https alone, and only CONNECT shows whether it let the request through.
    "proxy refused": Case("not_sent", arrives=0, ways=PROXY, arm=nobody_listens),
    **{
        f"CONNECT answered {line[:3]}": Case("not_sent", behave=status(line), arrives=0, ways=PROXY)
        for line in ("302 Found", "403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway")
    },
    "inspecting proxy of an unknown CA": Case(
        "not_sent", inside=True, arrives=0, stops=True, ways=PROXY, presents="stranger"
    ),
    # No proof. A proxy, again:
    "proxy closes at CONNECT": Case("unknown", behave=closes, arrives=0, ways=PROXY),
    "proxy resets at CONNECT": Case("unknown", behave=Talk.reset, arrives=0, ways=PROXY),
    "proxy hangs at CONNECT": Case("unknown", behave=Talk.hang, arrives=0, ways=PROXY, connect_seconds=0.1),
    "proxy answers CONNECT with nonsense": Case("unknown", behave=says(b"what?\r\n\r\n"), arrives=0, ways=PROXY),
    "proxy dead after CONNECT": Case("unknown", behave=established(closes), arrives=0, ways=PROXY),
    "proxy resets after CONNECT": Case("unknown", behave=established(resets), arrives=0, ways=PROXY),
    "tunnel closed after the request": Case("unknown", (Fault.drop_reply(),), inside=True, ways=PROXY),
    "tunnel reset after the request": Case("unknown", (Fault.reset(),), inside=True, ways=PROXY),
    "407 from inside the tunnel": Case("failed", (refused(407),), inside=True, http_status=407, stops=True, ways=PROXY),
    # No proof. TLS that fails before or after the request is the same class of error.
    "no TLS at all": Case("unknown", at_once=says(NO_TLS), arrives=0, ways=TLS, presents="no TLS"),
    "wrong TLS version": Case("unknown", at_once=says(WRONG_VERSION), arrives=0, ways=TLS, presents="no TLS"),
    "TLS wants a client's certificate": Case("unknown", arrives=0, ways=TLS, presents="yours first"),
    "hang in the handshake": Case(
        "unknown", at_once=Talk.hang, arrives=0, ways=TLS, presents="no TLS", connect_seconds=0.1
    ),
    "close in the handshake": Case(
        "unknown", at_once=lambda talk: talk.connection.close(), arrives=0, ways=TLS, presents="no TLS"
    ),
    "reset in the handshake": Case("unknown", at_once=resets, arrives=0, ways=TLS, presents="no TLS"),
    "TLS garbage after the request": Case("unknown", behave=in_plain_words, ways=TLS),
    "TLS at a plain address": Case("unknown", arrives=0, ways=HTTP, presents="ours"),
    # No proof. The connection breaks.
    "reset before read": Case("unknown", at_once=resets_before_reading, arrives=0, ways=BOTH),
    "reset after read": Case("unknown", (Fault.reset(),), ways=BOTH),
    "reset after read, not carried out": Case("unknown", (Fault.reset(applied=False),)),
    "close without an answer": Case("unknown", (Fault.drop_reply(),), ways=BOTH),
    "hang": Case("unknown", (Fault.slow(3600),), deadlines={"read_seconds": 0.1}, ways=BOTH),
    "hang in the headers": Case("unknown", behave=hangs(OK + b"X-A"), deadlines={"read_seconds": 0.1}, ways=BOTH),
    "hang in the body": Case(
        "unknown",
        behave=hangs(OK + b"Content-Length: 99\r\n\r\n{"),
        http_status=200,
        deadlines={"read_seconds": 0.1},
        ways=BOTH,
    ),
    "trickle in the headers": Case(
        "unknown", behave=trickles(OK + b"X: "), http_status=200, deadlines={"total_seconds": 1.0}, ways=BOTH
    ),
    "trickle in the body": Case(
        "unknown",
        behave=trickles(OK + b"Content-Length: 99999\r\n\r\n"),
        http_status=200,
        deadlines={"total_seconds": 1.0},
        ways=BOTH,
    ),
    "100 for ever": Case(
        "unknown", behave=trickles(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), deadlines={"total_seconds": 0.3}
    ),
    # An answer that breaks off or cannot be read.
    "status line cut": Case("unknown", behave=says(b"HTTP/1.1 2"), ways=BOTH),
    "bad status line": Case("unknown", behave=says(b"HTTP/1.1 abc OK\r\n\r\n")),
    "no HTTP": Case("unknown", behave=says(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "mail server": Case("unknown", behave=says(b"220 mail.example ESMTP Postfix\r\n")),
    "page without a status line": Case("unknown", behave=says(b"<html><title>Hello</title></html>")),
    "documented answer without a status line": Case("unknown", behave=tells(lambda good: good)),
    "HTTP/2 frames": Case("unknown", behave=says(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80")),
    "TLS alert in plain": Case("unknown", behave=says(WRONG_VERSION), ways=BOTH),
    "more than 100 headers": Case("unknown", (Fault.changed(headers={f"X-{n}": "1" for n in range(101)}),)),
    "header line too long": Case("unknown", (Fault.changed(headers={"X": "1" * 70_000}),)),
    "two lengths": Case("unknown", behave=tells(lambda good: answer(good, headers={"Content-Length": "5"}))),
    "length beyond the body": Case("unknown", (Fault.truncated(),), http_status=200, ways=BOTH),
    "length without a body": Case("unknown", behave=says(answer(b"", length=500)), http_status=200),
    "refusal cut short": Case("unknown", behave=says(answer(b"{", "400 Bad Request", length=500)), http_status=400),
    "busy cut short": Case("unknown", behave=says(answer(b"{", "429 Too Many", length=500)), http_status=429),
    "chunk size of nonsense": Case("unknown", behave=says(CHUNKED + b"ZZ\r\nabc"), http_status=200),
    "chunk cut": Case("unknown", behave=says(CHUNKED + b"20\r\nabc"), http_status=200, ways=BOTH),
    "chunks without an end": Case(
        "unknown", behave=tells(lambda good: CHUNKED + b"%x\r\n%s\r\n" % (len(good), good)), http_status=200
    ),
    "broken gzip": Case("unknown", (Fault.changed(headers=GZIP),), http_status=200),
    "gzip cut": Case(
        "unknown", (Fault.changed(lambda good: gzip.compress(good)[:-12], headers=GZIP),), http_status=200
    ),
    "gzip bomb": Case("unknown", (Fault.answer(200, BOMB, headers=GZIP, applied=True),), http_status=200),
    "huge answer": Case("unknown", (Fault.changed(lambda good: good + b" " * LARGEST_ANSWER),), http_status=200),
    # What looks like success but is not.
    "header block cut short": Case("unknown", behave=says(OK + b"Content-Ty"), http_status=200, ways=BOTH),
    "refusal's header block cut short": Case(
        "unknown", behave=says(b"HTTP/1.1 400 Bad\r\nContent-Ty"), http_status=400
    ),
    "busy's header block cut short": Case("unknown", behave=says(b"HTTP/1.1 429 Slow\r\nRetry-Af"), http_status=429),
    "refusal with no header and no end": Case("unknown", behave=says(b"HTTP/1.1 401 No\r\n"), http_status=401),
    "refusal with no header": Case("failed", behave=says(b"HTTP/1.1 400 Bad\r\n\r\n"), http_status=400),
    "refusal trickles in the headers": Case(
        "unknown",
        behave=trickles(b"HTTP/1.1 400 Bad\r\nX: "),
        http_status=400,
        deadlines={"total_seconds": 1.0},
    ),
    "header block without an end": Case("unknown", behave=says(OK + b"Content-Type: text/plain\r\n"), http_status=200),
    "JSON cut, no length": Case(
        "unknown", behave=tells(lambda good: OK + b"\r\n" + good[:-1]), http_status=200, ways=BOTH
    ),
    "JSON cut at its length": Case("unknown", (Fault.truncated_json(),), http_status=200),
    "200 empty": Case("unknown", (Fault.answer(200, applied=True),), http_status=200),
    "200 sign-in page": Case("unknown", (Fault.html(),), http_status=200, ways=BOTH),
    "200 of another shape": Case("unknown", (Fault.answer(200, json={"ok": True}),), http_status=200),
    "200 in a list": Case("unknown", (Fault.changed(lambda good: b"[" + good + b"]"),), http_status=200),
    "200 with an error message": Case("unknown", (refused(200),), http_status=200),
    "200 of the other operation": Case(
        "unknown", (Fault.changed(lambda good: COUNTED if b"taskGUId" in good else ACCEPTED),), http_status=200
    ),
    # Only a reimport answers with a GUID, only a flag edit with counts.
    **{
        f"200 {name}": Case("unknown", (accepted(new_task),), http_status=200, methods=("POST",))
        for name, new_task in {
            "GUID of zeros": lambda _: "00000000-0000-0000-0000-000000000000",
            "GUID cut": lambda _: GUID[:-1],
            "the row's own task": own_task,
            "the row's own task in capitals": lambda path: own_task(path).upper(),
            "another row's own task": lambda _: task(1),
        }.items()
    },
    **{
        f"200 {name}": Case("unknown", (counted(*counts),), http_status=200, methods=("PUT",))
        for name, counts in {
            "more bills updated than selected": (12, 13),
            "counts below zero": (-1, -1),
            "counts as text": ("12", "7"),
        }.items()
    },
    "201 with the documented body": Case("unknown", (Fault.changed(status=201),), http_status=201),
    "201 empty": Case("unknown", (Fault.answer(201, applied=True),), http_status=201),
    "202 with the documented body": Case("unknown", (Fault.changed(status=202),), http_status=202),
    "202 empty": Case("unknown", (Fault.answer(202, applied=True),), http_status=202),
    "204": Case("unknown", (Fault.answer(204, applied=True),), http_status=204),
    "204 with the documented body": Case(
        "unknown", behave=tells(lambda good: answer(good, "204 No Content")), http_status=204
    ),
    "206 with the documented body": Case("unknown", (Fault.changed(status=206),), http_status=206),
    "100, then nothing": Case("unknown", behave=says(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "101": Case("unknown", behave=says(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), http_status=101),
    "103, then nothing": Case("unknown", behave=says(b"HTTP/1.1 103 Early Hints\r\n\r\n"), http_status=103),
    "103, then the documented answer": Case(
        "unknown", behave=tells(lambda good: b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(good)), http_status=103
    ),
    # No redirect is followed; each one stops the run.
    **{
        f"{code} {'to ' * (to != 'nowhere')}{to}": Case(
            "unknown",
            (moved(code, to),),
            http_status=code,
            stops=True,
            ways=BOTH if to == "https" else HTTP,
            methods=METHODS if to == "http" else ("PUT",),
        )
        for to, codes in {
            "http": (301, 302, 303, 307, 308),
            "https": (302, 307),
            "same": (302,),
            "itself": (307,),
            "nowhere": (300, 303, 304, 307),
        }.items()
        for code in codes
    },
    "302 to nonsense": Case("unknown", (Fault.redirect("http://[", status=302),), http_status=302, stops=True),
    # EnergyCAP refused the row, surely.
    **{
        str(code): Case("failed", (refused(code),), http_status=code, ways=BOTH if code == 400 else HTTP)
        for code in (400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431)
    },
    # Pages and plain text, which are nobody's refusal as long as EnergyCAP does not answer a question.
    **{
        f"{code} {kind} before EnergyCAP": Case(
            "failed", (Fault.answer(code, body, headers={"Server": "nginx"}),), http_status=code, me=()
        )
        for code in (400, 404, 405)
        for kind, body in STRANGE.items()
    },
    **{
        f"{kind} in EnergyCAP's place": Case(
            "unknown", (Fault.answer(404, body),), http_status=404, stops=True, me=(then_said,), methods=("POST",)
        )
        for kind, body, then_said in (
            ("page", STRANGE["page"], Fault.answer(404, STRANGE["page"])),
            ("sign-in page", STRANGE["page"], Fault.html()),
            ("plain text", STRANGE["text"], Fault.drop_reply()),
        )
    },
    "403 page before EnergyCAP": Case(
        "failed", (Fault.answer(403, STRANGE["page"]),), http_status=403, stops=True, me=()
    ),
    "403 page in EnergyCAP's place": Case(
        "unknown",
        (Fault.answer(403, STRANGE["page"]),),
        http_status=403,
        stops=True,
        me=(Fault.answer(403, STRANGE["page"]),),
    ),
    "400 empty": Case("failed", (Fault.answer(400),), http_status=400),
    "404 with the documented body": Case("failed", (Fault.changed(status=404),), http_status=404),
    "413 with Retry-After": Case("failed", (refused(413, {"Retry-After": "0"}),), http_status=413),
    **{
        str(code): Case("failed", (refused(code, asks),), http_status=code, stops=True)
        for code, asks in {
            401: {"WWW-Authenticate": "Basic"},
            403: {},
            407: {"Proxy-Authenticate": "Basic"},
        }.items()
    },
    # Nobody knows, or no document says.
    **{
        str(code): Case("unknown", (refused(code),), http_status=code, ways=BOTH if code == 500 else HTTP)
        for code in (402, 408, 418, 423, 425, 451, 499, 500, 501, 502, 503, 504, 507, 520, 599)
    },
    **{f"{code}": Case("unknown", behave=status(f"{code} Hm"), http_status=code) for code in (600, 999)},
    **{f"status {code}": Case("unknown", behave=status(f"{code} Hm")) for code in ("000", "099", "1000", "-1")},
    "500 with the documented body": Case("unknown", (Fault.changed(status=500),), http_status=500),
    # Not even when it is asked to come again; only the row after it is kept waiting.
    "503 with Retry-After in seconds": Case(
        "unknown", (refused(503, {"Retry-After": "7"}),), http_status=503, waits=(7.0,)
    ),
    "503 with Retry-After as a date": Case(
        "unknown", (refused(503, {"Retry-After": LATER, "Date": IN_2001}),), http_status=503, waits=(9.0,)
    ),
    # 429 alone may be sent again, and only so often.
    **{
        f"429 {name}, then 200": Case("done", (told,), http_status=200, arrives=2, waits=(seconds, seconds))
        for name, told, seconds in (
            ("with seconds", busy("7"), 7.0),
            ("with a date", busy(LATER, IN_2001), 9.0),
            ("with a date gone by", busy(IN_2001, LATER), 1.0),
            ("with far too many seconds", busy("86400"), 600.0),
            ("with a fraction", busy("1.5"), 1.0),
            ("with garbage", busy("soon"), 1.0),
            ("without", busy(), 1.0),
        )
    },
    "429 twice, then 200": Case(
        "done", (busy("3"), busy()), http_status=200, arrives=3, waits=(3.0, 2.0, 3.0, 2.0), ways=BOTH
    ),
    "429, then reset": Case("unknown", (busy(), Fault.reset()), arrives=2, waits=(1.0, 2.0)),
    "429, then 500": Case("unknown", (busy(), refused(500)), http_status=500, arrives=2, waits=(1.0, 2.0)),
    "429, then 400": Case("failed", (busy(), refused(400)), http_status=400, arrives=2, waits=(1.0, 1.0)),
    "429 for ever": Case(
        "failed",
        (busy("0"),) * BUSY_ATTEMPTS,
        http_status=429,
        arrives=BUSY_ATTEMPTS,
        stops=True,
        waits=(1.0, 2.0, 4.0, 8.0, 16.0),
    ),
}

CASES = [
    pytest.param(name, method, way, id=f"{name}-{method}-{way}")
    for name, case in FAULTS.items()
    for way in case.ways
    for method in case.methods
]


# A story: a run whose rows meet their faults, and the next run of the same workbook


class Patient(threading.Event):
    """Keeps in mind how long it should wait, and does not wait but turns its own clock on."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()

    def clock(self) -> float:
        return sum(self.waits)


@dataclass(frozen=True)
class Met:
    """What became of one row in one run."""

    outcome: Outcome
    writes: list[bytes]


@dataclass(frozen=True)
class Run:
    """What one run of a workbook came to."""

    rows: list[Met]
    """In reading order: first the kickouts, then the flag edits."""
    exit_code: int
    stopped: str
    waits: list[float]
    connections: int
    """Those that the writes came by."""
    others: list[bytes]
    """Requests, once sending had begun, that are no row's."""
    told: bytes
    """Its JSON document, and all that the data folder holds afterwards."""


@dataclass(frozen=True)
class Story:
    """The run that met the faults, and the one after it."""

    rows: list[tuple[str, str]]
    """Each row's fault and method."""
    first: Run
    second: Run
    asked: list[bytes]
    """What a proxy was asked."""
    strangers: int
    """Connections that the other host got."""

    def of(self, name: str, method: str) -> tuple[Met, Met]:
        """One row in both runs."""
        place = self.rows.index((name, method))
        return self.first.rows[place], self.second.rows[place]


def path_of(method: str, number: int) -> str:
    """Where the row of this number in its sheet is sent."""
    return (
        f"/api/v202401/import/bill/task/{task(number)}/kickout"
        if method == "POST"
        else f"/api/v3/list/{LISTS + number}/flagAction"
    )


def paths_of(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Where the rows are sent, in their order."""
    numbers = {method: count(1) for method in METHODS}
    return [path_of(method, next(numbers[method])) for _, method in rows]


def run(book: Path, base_url: str, server: Misbehaving, paths: list[str], begin: Callable[[], int]) -> Run:
    """Run the workbook; ``begin`` comes between the last read and the first write, and says how many will arrive."""
    home, patient, before = book.parent / "home", Patient(), len(server.writes)
    home.mkdir(exist_ok=True)
    with (
        pytest.MonkeyPatch.context() as patch,
        prepare.prepare(book, Environment("custom", base_url), home, Options(jobs=1, offline=True)) as prepared,
    ):
        patch.setattr(execute, "RateLimit", partial(RateLimit, clock=patient.clock))
        assert prepared.blocker is None, prepared.blocker
        arrive, connections, since = begin(), server.connections, len(server.requests)
        report = carried_out(prepared, Control(patient))
    server.await_writes(before + arrive)
    writes = server.writes[before:]
    return Run(
        [
            Met(outcome, [each for each in writes if f" {path} ".encode() in each.split(b"\r\n", 1)[0]])
            for outcome, path in zip(report.outcomes, paths, strict=True)
        ],
        report.exit_code,
        report.stopped,
        [round(each, 6) for each in patient.waits if each >= 1],
        server.connections - connections,
        [each for each in server.requests[since:] if each not in writes and not each.startswith(b"CONNECT ")],
        b"".join([json.dumps(report.document()).encode(), *(each.read_bytes() for each in home.glob("*.*"))]),
    )


def surround(patch: pytest.MonkeyPatch, proxy: Misbehaving) -> None:
    """A user's environment: with a key, and with a proxy for every address that is not loopback."""
    patch.setenv("BULKOPS_API_KEY", SECRET)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        patch.setenv(name, proxy.base_url)
        patch.delenv(name.lower(), raising=False)
    for name in ("NO_PROXY", "no_proxy", "REQUEST_METHOD"):
        patch.delenv(name, raising=False)


def manners(way: str, behave: Behaviour, at_once: Behaviour | None, context: Any, inside: bool = True) -> Any:
    """How the server at the end of this way behaves: what ``Misbehaving`` and its ``turn`` want to know."""
    if way == "proxy":
        return tunnel(behave, context) if inside else behave, None, None
    return behave, at_once, context


def case_of(name: str) -> Case:
    return FAULTS.get(name) or Case("done", http_status=200)


def story(
    rows: list[tuple[str, str]],
    way: str,
    book: Path,
    practice: PracticeServer,
    neighbour: Misbehaving,
    contexts: Mapping[str, Any],
) -> Story:
    """Prepare, turn the server, send; turn it back, and run the workbook again."""
    cases, paths = [case_of(name) for name, _ in rows], paths_of(rows)
    case, by_path = next(case_of(name) for name, _ in rows if name != COMPANION), dict(zip(paths, cases, strict=True))
    right = contexts["other host" if case.host == "localhost" else "ours"] if way != "http" else None
    wrong = contexts[case.presents] if case.presents else right

    def each_its_own(talk: Talk) -> object:
        return by_path[talk.path].behave(talk) if talk.path in by_path else energycap(talk)

    behave = case.behave if way == "proxy" and not case.inside else each_its_own
    well, ill = manners(way, energycap, None, right), manners(way, behave, case.at_once, wrong, case.inside)
    strangers = neighbour.connections
    with Misbehaving(*well, practice=practice) as server, pytest.MonkeyPatch.context() as around:
        surround(around, server if way == "proxy" else neighbour)
        base_url = "https://energycap.example" if way == "proxy" else server.base_url.replace("127.0.0.1", case.host)
        with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:

            def go_wrong() -> int:
                server.turn(*ill)
                for path, each in by_path.items():
                    for fault in each.script:
                        told = fault(path, f"127.0.0.1:{neighbour.port}") if callable(fault) else fault
                        practice.faults.add(told, path_contains=path)
                    for told in each.me or ():
                        practice.faults.add(told, method="GET", path_contains="/me")
                patch.setattr(client, "CONNECT_SECONDS", case.connect_seconds)
                patch.setattr(execute, "Client", partial(Client, **case.deadlines))
                if case.arm is not None:
                    case.arm(server, patch, stack)
                return sum(each.arrives for each in cases[: 1 if case.stops else None])

            first = run(book, base_url, server, paths, go_wrong)
        practice.faults.clear()
        if case.arm is not None:
            server.shut_door()
            server.open_door()
        server.turn(*well)
        second = run(book, base_url, server, paths, lambda: 0)
        asked = [each for each in server.requests if each.startswith(b"CONNECT ")]
    return Story(rows, first, second, asked, neighbour.connections - strangers)


TOGETHER = 16
COMPANION = "a row that goes well"
"""Behind a row that stops the run; and behind every few others, so that their troubles do not."""


def rows_of(name: str, method: str, way: str) -> list[tuple[str, str]]:
    """The rows that share a run with this one, itself among them; POST before PUT, as the sheets are."""
    case = FAULTS[name]
    if case.stops:
        return [(name, method), (COMPANION, method)]
    group = [name]
    if case.shares:
        alike = [
            each for each, other in FAULTS.items() if other.shares and other.status == case.status and way in other.ways
        ]
        place = alike.index(name) // TOGETHER * TOGETHER
        group = alike[place : place + TOGETHER]
    rows = [(name, each) for each in METHODS for name in group if each in FAULTS[name].methods]
    few = TROUBLES_IN_A_ROW - 1
    parts = [rows[start : start + few] for start in range(0, len(rows), few)]
    return [each for part in parts for each in (*part, (COMPANION, part[-1][1]))][:-1]


@pytest.fixture(scope="module")
def book_of(tmp_path_factory) -> Callable[[list[tuple[str, str]]], Path]:
    """A fresh workbook for these rows, in a folder of its own."""
    known: dict[tuple[int, int], Path] = {}

    def make(rows: list[tuple[str, str]]) -> Path:
        kickouts, flags = (sum(method == each for _, method in rows) for each in METHODS)
        folder = tmp_path_factory.mktemp("story")
        if (kickouts, flags) not in known:
            path = folder.parent / f"{kickouts} kickouts, {flags} flag edits.xlsx"
            sheets = [kickout(n + 1) for n in range(kickouts)], [flag(LISTS + n + 1) for n in range(flags)]
            known[kickouts, flags] = fill(path, *sheets)
        return Path(shutil.copy(known[kickouts, flags], folder))

    return make


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Iterator[dict[str, ssl.SSLContext | None]]:
    """What a server may present; the operating system trusts them all but the stranger's."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("only OpenSSL's own trust store can be replaced for one test")
    folder = tmp_path_factory.mktemp("certificates")
    ours, our_file = certificate(folder, "127.0.0.1", "energycap.example")
    other, other_file = certificate(folder, "localhost")
    strangers, strange_file = certificate(tmp_path_factory.mktemp("stranger"), "127.0.0.1", "energycap.example")
    kinds = {"expired": (-9, -2), "not yet valid": (2, 9), "of an unknown authority": (-1, 2)}
    made = {kind: issued(tmp_path_factory.mktemp("issued"), "127.0.0.1", days) for kind, days in kinds.items()}
    known = [our_file, other_file, *(made[kind][1] for kind in kinds if kind != "of an unknown authority")]
    wanting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wanting.load_cert_chain(our_file, our_file.with_suffix(".key"))
    wanting.verify_mode = ssl.CERT_REQUIRED
    (folder / "known.pem").write_text("".join(each.read_text() for each in known))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "known.pem"))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # what requests would go by, and must not
            patch.setenv(name, str(strange_file))
        yield {
            "ours": ours,
            "other host": other,
            "stranger": strangers,
            "yours first": wanting,
            "no TLS": None,
            **{kind: context for kind, (context, _) in made.items()},
        }


@pytest.fixture(scope="module")
def practised() -> Iterator[PracticeServer]:
    """The EnergyCAP of all stories."""
    state = State(choices=Choices(unfit_bills="skip"))
    state.keys[SECRET] = OPERATOR
    for each in state.lists(OPERATOR):
        each.bills.append(Bill(each.list_id, cost=1.0))
    with PracticeServer(state) as server:
        yield server


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Misbehaving]:
    """The other host: where redirects lead, and the proxy that is set where none is to be used."""
    with Misbehaving(closes) as server:
        yield server


@pytest.fixture(scope="module")
def stories(book_of, practised, neighbour) -> Callable[..., Story]:
    """The story in which a row of this method meets this fault on this way; told once for all its rows."""
    known: dict[tuple[str, str, str], Story] = {}

    def tell(name: str, method: str, way: str, request: pytest.FixtureRequest) -> Story:
        if (name, method, way) not in known:
            rows = rows_of(name, method, way)
            contexts = request.getfixturevalue("certificates") if way != "http" or FAULTS[name].presents else {}
            told = story(rows, way, book_of(rows), practised, neighbour, contexts)
            known.update({(*row, way): told for row in rows})
        return known[name, method, way]

    return tell


@pytest.mark.parametrize(("name", "method", "way"), CASES)
def test_every_fault_leaves_one_request_at_most_and_the_tables_status(stories, request, name, method, way):
    """No second request, none elsewhere; only proof makes "not sent" or "failed"; what happened is told, the key not.

    A row that was sent more than once is one that was told to wait.
    """
    case, told = FAULTS[name], stories(name, method, way, request)
    met, _ = told.of(name, method)
    row = met.outcome
    assert (row.status.value, row.http_status) == (case.status, case.http_status), row
    assert len(met.writes) == case.arrives
    assert told.first.waits == list(case.waits)
    assert case.arrives <= 1 + len(case.waits)
    asked = sum(case_of(each).me is not None for each, _ in told.rows)
    assert (told.strangers, len(told.first.others)) == (0, asked)
    if case.stops:
        later, _ = told.of(COMPANION, method)
        assert (later.outcome.status.value, later.writes) == ("not_sent", [])
        assert told.first.stopped
        assert told.first.exit_code == (4 if case.status == "unknown" else 3)
    else:
        assert (told.first.stopped, told.first.exit_code) == ("", EXIT_CODES[case.status])
    if case.status == "done":
        assert (row.selected, row.updated) == COUNTS[method]
        assert (row.new_task_guid is not None) == (method == "POST")
    assert row.message
    assert row.tip or case.status == "done"
    assert SECRET.encode() not in told.first.told
    assert not [each for each in told.asked if SECRET.encode() in each or b"ECI-ApiKey" in each]
    for write in met.writes:
        assert f"\r\nECI-ApiKey: {SECRET}\r\n".encode() in write
        assert b"\r\nCookie:" not in write


@pytest.mark.parametrize(
    ("name", "way", "words", "ending"),
    [
        ("no HTTP", "http", "is not a web server", "not known whether"),
        ("no TLS at all", "https", "does not offer the secure connection", "not known whether"),
        ("certificate expired", "https", "certificate has expired", "was not sent"),
        ("certificate not yet valid", "https", "certificate is not valid yet", "was not sent"),
        (
            "certificate of an unknown authority",
            "https",
            "an authority that this computer does not know",
            "was not sent",
        ),
        ("certificate for another host", "https", "made out to another address", "was not sent"),
        ("proxy refused", "proxy", "The proxy that is set on this computer was not reached", "was not sent"),
        ("CONNECT answered 407", "proxy", "wants a user name and a password", "was not sent"),
        ("CONNECT answered 502", "proxy", "did not get through to EnergyCAP", "was not sent"),
    ],
)
def test_a_row_says_what_kept_its_answer_from_coming(stories, request, name, way, words, ending):
    """And what that means for the row: only a row that was surely not sent is told to be run again."""
    row = stories(name, "POST", way, request).of(name, "POST")[0].outcome
    assert words in row.message
    assert ending in row.message
    assert row.tip.startswith("Do not send it again yet") == (row.status.value == "unknown")
    assert ("run the workbook again" in row.tip) == (row.status.value == "not_sent")


@pytest.mark.parametrize(("name", "method", "way"), CASES)
def test_after_every_fault_the_next_run_sends_what_was_surely_not_done_and_nothing_else(
    stories, request, name, method, way
):
    """A row in doubt is not sent by the next run, a refused or unsent one once; what was done stays done."""
    case, told = FAULTS[name], stories(name, method, way, request)
    _, met = told.of(name, method)
    assert len(met.writes) == (case.status in ("failed", "not_sent"))
    assert met.outcome.status.value == {"unknown": "unknown", "done": "already_done"}.get(case.status, "done")
    assert told.second.exit_code == (4 if case.status == "unknown" else 0)
    assert met.outcome.message
    assert SECRET.encode() not in told.second.told
    if case.stops:
        _, later = told.of(COMPANION, method)
        assert (later.outcome.status.value, len(later.writes)) == ("done", 1)


@pytest.mark.parametrize("way", BOTH)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["close without an answer", "reset after read", "JSON cut at its length"])
def test_a_second_write_on_a_kept_connection_is_in_doubt_like_the_first(
    book_of, practised, neighbour, request, name, method, way
):
    """That the connection had served before proves nothing: no second attempt, and none by the next run."""
    rows = [(COMPANION, "POST"), (name, method)]
    contexts = request.getfixturevalue("certificates") if way == "https" else {}
    told = story(rows, way, book_of(rows), practised, neighbour, contexts)
    assert [met.outcome.status.value for met in told.first.rows] == ["done", "unknown"]
    assert [len(met.writes) for met in told.first.rows] == [1, 1]
    assert told.first.connections == 1
    assert [met.outcome.status.value for met in told.second.rows] == ["already_done", "unknown"]
    assert [len(met.writes) for met in told.second.rows] == [0, 0]


def test_a_server_that_drops_each_connection_after_its_answer_costs_one_doubt(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, practised: PracticeServer
) -> None:
    """The row that found that out is unknown; the others go on connections of their own."""

    def one_answer(talk: Talk) -> bool:
        if talk in answered:
            return False
        answered.add(talk)
        return energycap(talk)

    answered: set[Talk] = set()
    book = fill(tmp_path / "August.xlsx", kickouts=[kickout(number) for number in range(1, 9)])
    monkeypatch.setenv("BULKOPS_API_KEY", SECRET)
    with Misbehaving(one_answer, practice=practised) as server:
        home.mkdir(parents=True)
        with prepare.prepare(
            book, Environment("custom", server.base_url), home, Options(jobs=1, offline=True)
        ) as prepared:
            assert prepared.blocker is None
            report = carried_out(prepared)
    assert [row.status.value for row in report.outcomes].count("unknown") == 1
    assert report.exit_code == 4
