"""What an answer, or its absence, proves: the table of answers as one pure function.

Only proof makes "not sent"; only the documented answer makes "done"; whatever proves
nothing is *unknown*, and is never sent again by itself.
"""

import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from bulkops.model.outcomes import Status
from bulkops.model.requests import Accepted, NoResponse, Reply

REJECTED = {400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431}
STOPPING = {401, 403, 407}
_BARRED = 403
"""What a firewall says that does not like the answer to a request, after that was carried out; 401 and 407 come before.
"""
TOO_MANY = 429
UNAVAILABLE = 503
_NEVER_CONNECTED = {"NewConnectionError", "NameResolutionError", "ConnectTimeout", "ConnectTimeoutError"}
_NOT_TRUSTED = {"SSLCertVerificationError"}
_MAY_HAVE_LEFT = "MayHaveLeftError"
"""The client's word that the request had begun to leave: then no exception's name proves anything."""
_NEVER_LEFT = {
    "InvalidHeader",
    "InvalidURL",
    "InvalidProxyURL",
    "MissingSchema",
    "InvalidSchema",
    "UnicodeEncodeError",
    "LocationParseError",
}
REFUSED = frozenset({"sent.refused", "sent.not_found", "sent.no_right"})
"""Codes of rows that EnergyCAP itself refused, with its own words."""
_TELLING = re.compile("message|error|detail|title|description|modelstate", re.IGNORECASE)
_BY_FIELD = re.compile("errors|modelstate", re.IGNORECASE)
"""Names of what holds texts under the names of the fields that they are about."""
_FIELD = re.compile("(field|property|member|parameter)(_?name)?|pointer", re.IGNORECASE)
"""Names of what names the field that a text beside it is about."""
_DEPRECATED = "eci-deprecated"
_TELLING_HEADER = re.compile(
    f"^{_DEPRECATED}$|^date$|^content-type$|^location$|^retry-after$|request-?id|correlation|trace"
)
_GATEWAY = re.compile(
    r"nginx|openresty|awselb|cloudfront|cloudflare|azure|akamai|envoy|kong|haproxy|varnish|traefik|big-?ip|squid"
    r"|apache|caddy|google frontend",
    re.IGNORECASE,
)
"""In the header Server: what stands before other servers and answers in their place."""
_LONGEST_WAIT = 600.0
_WORDS = 300
_KEPT = 2000
"""Bytes of an answer."""
_OF_A_PAGE = 4000
"""Letters of a page that are read as HTML. Python raises an error for a number of more digits than about so many."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What one request came to."""

    status: Status
    code: str = ""
    """Catalogue code; "" for done."""
    words: str = ""
    """The server's own words, or what was seen instead of an answer; short."""
    cause: str = ""
    """The catalogue code of what kept an answer from coming, where more is known of it than ``code`` says."""
    accepted: Accepted | None = None
    http_status: int | None = None
    stop: bool = False
    """The run must end: key, permission, proxy, or an answer that moved elsewhere."""
    transient: bool = False
    """The server or the network failed, not the row; several of these in a row end the run."""
    wait: float | None = None
    """Seconds for which the server wants to be left alone, by everybody; None: it did not ask for that."""
    again: bool = False
    """The answer proves that nothing was done, and the same row may be sent again after the wait (429 only)."""
    doubtful: bool = False
    """A refusal that is not in EnergyCAP's form: it counts only if EnergyCAP itself answers a question now."""


def classify(seen: Reply | NoResponse, accepted: Callable[[Reply], Accepted | None]) -> Classification:
    """The table, row by row. ``accepted`` knows the operation's documented answer."""
    if isinstance(seen, NoResponse):
        return _classify_no_response(seen)
    status, words = seen.status, server_words(seen)
    if 200 <= status < 300:
        answer = _documented(seen, accepted)
        if answer is not None:
            return Classification(Status.DONE, accepted=answer, http_status=status)
        return Classification(Status.UNKNOWN, "sent.odd_answer", words, http_status=status, transient=True)
    if status == TOO_MANY:
        return Classification(
            Status.FAILED, "sent.busy", words, http_status=status, transient=True, wait=retry_after(seen), again=True
        )
    if status in STOPPING:
        code = "sent.proxy" if status == 407 else "sent.no_right"
        return Classification(Status.FAILED, code, words, http_status=status, stop=True, doubtful=is_strange(seen))
    if status in REJECTED:
        code = "sent.not_found" if status in (404, 410) else "sent.refused"
        return Classification(Status.FAILED, code, words, http_status=status, doubtful=is_strange(seen))
    if 300 <= status < 400:
        return Classification(Status.UNKNOWN, "sent.redirected", words, http_status=status, stop=True, transient=True)
    code = "sent.server_error" if status >= 500 or status == 408 else "sent.odd_answer"
    wait = retry_after(seen) if status == UNAVAILABLE and "retry-after" in seen.headers else None
    return Classification(Status.UNKNOWN, code, words, http_status=status, transient=True, wait=wait)


def not_believed(reply: Reply, why: str) -> Classification:
    """An answer of the documented shape with something in it that cannot be: whatever it says, it proves nothing."""
    words = _short(f"{why}: {_text(reply)}")
    return Classification(Status.UNKNOWN, "sent.odd_answer", words, http_status=reply.status, transient=True)


def is_strange(refusal: Reply) -> bool:
    """Is a refusal not in EnergyCAP's form: a page or plain text, or empty and signed by what stands before servers?"""
    if refusal.status not in REJECTED | {_BARRED}:
        return False
    if not refusal.content.strip():
        return _GATEWAY.search(refusal.headers.get("server", "")) is not None
    return not isinstance(_json(refusal), dict | list | str)


def is_energycap(seen: Reply | NoResponse) -> bool:
    """Is it an answer to a question (``/me``) such as EnergyCAP gives? A gateway or a sign-in page does not."""
    return isinstance(seen, Reply) and seen.status == 200 and isinstance(_json(seen), dict)


def unproved(refusal: Classification) -> Classification:
    """A refusal by something in EnergyCAP's place. It ends the run, and what became of the row is unknown: a gateway
    may pass a request on and still answer it by itself."""
    return replace(refusal, status=Status.UNKNOWN, code="sent.not_energycap", stop=True, transient=True)


def _json(reply: Reply) -> object:
    """None for what is no JSON."""
    try:
        return json.loads(reply.content)
    except (ValueError, RecursionError):
        return None


def _documented(reply: Reply, accepted: Callable[[Reply], Accepted | None]) -> Accepted | None:
    try:
        return accepted(reply)
    except RecursionError:  # JSON nested deeper than Python reads is not the documented answer either
        return None


def _classify_no_response(failure: NoResponse) -> Classification:
    chain, words = set(failure.chain), failure.detail[:_WORDS]
    # A refused CONNECT proves that nothing went through the proxy; that only holds for an https target.
    tunnel = failure.https and "ProxyError" in chain and "Tunnel connection failed" in failure.detail
    if failure.status is None and _MAY_HAVE_LEFT not in chain:
        if chain & _NOT_TRUSTED:
            return Classification(Status.NOT_SENT, "sent.not_trusted", words, failure.cause, stop=True, transient=True)
        if chain & (_NEVER_CONNECTED | _NEVER_LEFT) or tunnel:
            return Classification(
                Status.NOT_SENT,
                "sent.not_reached",
                words,
                failure.cause,
                stop=bool(chain & _NEVER_LEFT),
                transient=True,
            )
    return Classification(
        Status.UNKNOWN, "sent.no_answer", words, failure.cause, http_status=failure.status, transient=True
    )


def retry_after(reply: Reply) -> float:
    """Seconds to wait by the Retry-After header, 0 if it says nothing usable; at most ten minutes.

    A date is held against the reply's own Date header, so that the clocks of the two computers cancel out.
    """
    value = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(float(value), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(reply.headers.get("date", ""))
        return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT)
    except (TypeError, ValueError, OverflowError, IndexError):
        return 0.0


def evidence(seen: Reply | NoResponse) -> dict[str, Any]:
    """What was seen, for the ledger: enough to argue about a doubt months later. The client has taken the key out."""
    if isinstance(seen, NoResponse):
        return {"exceptions": list(seen.chain), "detail": seen.detail, "status": seen.status}
    headers = {name: value[:_WORDS] for name, value in seen.headers.items() if _TELLING_HEADER.search(name)}
    return {"status": seen.status, "headers": headers, "answer": seen.content[:_KEPT].decode("utf-8", "replace")}


def deprecated(seen: Reply | NoResponse) -> str | None:
    """What EnergyCAP says of a call that it is going to withdraw; None for a call that stays."""
    words = seen.headers.get(_DEPRECATED) if isinstance(seen, Reply) else None
    return None if words is None else " ".join(words.split())[:_WORDS]


def server_words(reply: Reply) -> str:
    """What the server says, in one line: from JSON of any shape, an HTML page's title, or plain text.

    Of a success without a word, such as counts that cannot be, the answer as it is.
    """
    text = _text(reply)
    try:
        said = " ".join(_messages(json.loads(text)))
    except (ValueError, RecursionError):
        # Neither pattern looks beyond the next "<", so that no page can keep them busy.
        title = re.search(r"<title[^<>]*>([^<]*)", text, re.IGNORECASE)
        bare = title[1] if title else re.sub(r"<[^<>]*>", " ", text)
        said = html.unescape(" ".join(bare.split())[:_OF_A_PAGE])
    said = _short(said)
    if not said and 200 <= reply.status < 300:
        said = _short(text)
    if 300 <= reply.status < 400 and "location" in reply.headers:
        said = _short(f"to {reply.headers['location']}")
    return said or f"no words, only the number {reply.status}"


def _text(reply: Reply) -> str:
    return reply.content.decode("utf-8-sig", "replace").strip()


def _short(text: str) -> str:
    """On one line."""
    line = " ".join(text.split())
    return line if len(line) <= _WORDS else line[: _WORDS - 1] + "…"


def _messages(value: object, depth: int = 0) -> list[str]:
    """Texts in a JSON answer, each once; only those under message-like names where there are any."""
    if isinstance(value, str):
        return [value]
    if depth > 6 or not isinstance(value, dict | list):
        return []
    if isinstance(value, list):
        return _texts(value, depth)
    rest, telling = [], []
    for name, said in value.items():
        if _TELLING.search(name):
            telling.append(_with_fields(said, depth) if _BY_FIELD.fullmatch(name) else said)
        else:
            rest.append(said)
    texts = _texts(telling, depth)
    field = next((said for name, said in value.items() if _FIELD.fullmatch(name) and isinstance(said, str)), "")
    if texts and field.strip():
        return [f"{field}: {texts[0]}", *texts[1:]]
    # Not those once more that say nothing: from level to level that would be twice as many.
    return texts or _texts(rest, depth)


def _with_fields(errors: object, depth: int) -> object:
    """``{"pendingBatchId": ["It is required."]}`` as texts that begin with their field; anything else as it is."""
    if not isinstance(errors, dict):
        return errors
    found = []
    for field, said in errors.items():
        texts = _messages(said, depth + 2)
        named = field.strip() and (isinstance(said, list) or not _TELLING.search(field))
        found += [f"{field}: {texts[0]}", *texts[1:]] if named and texts else texts
    return found


def _texts(values: Iterable[object], depth: int) -> list[str]:
    return list(dict.fromkeys(text for each in values for text in _messages(each, depth + 1) if text.strip()))
