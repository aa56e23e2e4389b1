"""The table of answers: what an answer, or its absence, proves."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkops.energycap.classify import (
    Classification,
    classify,
    evidence,
    is_energycap,
    retry_after,
    server_words,
    unproved,
)
from bulkops.model.outcomes import Status
from bulkops.model.requests import Accepted, NoResponse, Reply
from bulkops.operations import all_operations
from bulkops.operations.message_catalogue import Catalogue

GUID = "11111111-2222-4333-8444-555555555555"
KICKOUT = all_operations()["kickout_reimport"].accepted
FLAG = all_operations()["list_flag_edit"].accepted

ANSWERED = {
    **dict.fromkeys(range(100, 600), "unknown"),
    **dict.fromkeys((400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431), "failed"),
    **dict.fromkeys((401, 403, 407), "failed, stop"),
    **dict.fromkeys(range(300, 400), "unknown, stop"),
    429: "failed, wait",
}


def never(reply: Reply) -> Accepted | None:
    return None


def always(reply: Reply) -> Accepted | None:
    return Accepted(new_task_guid=GUID)


def told(classification: Classification) -> str:
    words = [
        classification.status.value,
        *["stop"] * classification.stop,
        *["wait"] * (classification.wait is not None),
    ]
    return ", ".join(words)


def reply(status: int = 200, body: object = b"", **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_code_without_a_documented_body_has_its_place_in_the_table(status):
    """A status code alone never makes "done", and only the listed ones make "failed"."""
    classification = classify(reply(status), never)
    assert told(classification) == ANSWERED[status]
    assert classification.http_status == status
    assert classification.accepted is None
    assert classification.again is (status == 429)


@pytest.mark.parametrize("status", range(100, 600))
def test_only_a_2xx_with_the_documented_answer_is_done(status):
    """A body that looks accepted under any other status than 2xx changes nothing."""
    classification = classify(reply(status, {"taskGUId": GUID}), always)
    assert (classification.status is Status.DONE) == (200 <= status < 300)
    assert (classification.accepted is None) == (classification.status is not Status.DONE)


@pytest.mark.parametrize("status", [*range(600, 1000, 57), 999])
def test_a_status_code_beyond_the_standard_is_unknown(status):
    """A number that no standard knows proves nothing."""
    assert told(classify(reply(status), always)) == "unknown"


def test_a_2xx_of_the_documented_shape_is_done():
    """200 with the documented body is done, and brings its facts along."""
    assert classify(reply(200, {"taskGUId": GUID}), KICKOUT) == Classification(
        Status.DONE, accepted=Accepted(new_task_guid=GUID), http_status=200
    )
    assert classify(reply(200, {"selected": 12, "updated": 7}), FLAG) == Classification(
        Status.DONE, accepted=Accepted(selected=12, updated=7), http_status=200
    )
    classification = classify(reply(200, {"taskGUId": GUID}), KICKOUT)
    assert (classification.code, classification.words, classification.again, told(classification)) == (
        "",
        "",
        False,
        "done",
    )


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"null", b"[]", b"true", b"1", b'""', b"{}", b'{"taskGUId"', b"\xff\xfe", b"<html></html>"),
        *({"taskGUId": None}, {"taskGUId": ""}, {"taskGUId": 1}, {"taskGUId": [GUID]}, {"taskGUId": GUID[:-1]}),
        *({"taskGuid": GUID}, {"taskGUID": GUID}, {"taskguid": GUID}, {"data": {"taskGUId": GUID}}),
        *({"taskGUId": GUID + "\n"}, {"taskGUId": f"{{{GUID}}}"}, {"taskGUId": GUID.replace("-", "")}),
        *([{"taskGUId": GUID}], GUID, {"ok": True}, {"message": "accepted"}),
        b"[" * 200_000,
        b'{"taskGUId": ' + b"[" * 200_000,
    ],
    ids=lambda body: repr(body)[:40],
)
def test_a_kickout_answer_that_misses_the_documented_shape_is_unknown(body):
    """200 with any other body than {"taskGUId": GUID} may have been carried out, and counts as trouble."""
    classification = classify(reply(200, body), KICKOUT)
    assert (told(classification), classification.code, classification.transient) == ("unknown", "sent.odd_answer", True)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"{}", [12, 7], {"selected": 12}, {"updated": 7}, {"selected": "12", "updated": "7"}),
        *({"selected": 12.0, "updated": 7.0}, {"selected": True, "updated": True}, {"selected": None, "updated": 0}),
        *({"Selected": 12, "Updated": 7}, {"data": {"selected": 12, "updated": 7}}, {"selected": 1, "updated": False}),
    ],
    ids=lambda body: repr(body)[:40],
)
def test_a_flag_answer_that_misses_the_documented_shape_is_unknown(body):
    """200 with any other body than two whole numbers may have been carried out."""
    classification = classify(reply(200, body), FLAG)
    assert (told(classification), classification.code) == ("unknown", "sent.odd_answer")


@pytest.mark.parametrize("status", [201, 202, 204, 206])
def test_another_2xx_than_200_is_unknown_even_with_the_documented_body(status):
    """Only 200 is documented."""
    assert told(classify(reply(status, {"taskGUId": GUID}), KICKOUT)) == "unknown"
    assert told(classify(reply(status, {"selected": 1, "updated": 1}), FLAG)) == "unknown"


@pytest.mark.parametrize(
    ("status", "code", "transient"),
    [
        *((103, "sent.odd_answer", True), (204, "sent.odd_answer", True), (302, "sent.redirected", True)),
        *((400, "sent.refused", False), (404, "sent.not_found", False), (410, "sent.not_found", False)),
        *((401, "sent.no_right", False), (403, "sent.no_right", False), (407, "sent.proxy", False)),
        *((402, "sent.odd_answer", True), (408, "sent.server_error", True), (425, "sent.odd_answer", True)),
        *((429, "sent.busy", True), (500, "sent.server_error", True), (503, "sent.server_error", True)),
    ],
)
def test_the_operator_reads_which_kind_of_answer_it_was(status, code, transient):
    """Each kind of answer has its sentence; only a server's or network's failure counts as trouble."""
    classification = classify(reply(status, {"message": "as it is"}), never)
    assert (classification.code, classification.transient) == (code, transient)
    if status != 302:
        assert classification.words == "as it is"
    assert Catalogue(()).problem(classification.code, words=classification.words, check="look").message


CONNECT = ("ConnectionError", "MaxRetryError")
NO_ANSWER = {
    "name resolution": ((*CONNECT, "NameResolutionError", "gaierror"), "not_sent"),
    "connection refused": ((*CONNECT, "NewConnectionError", "ConnectionRefusedError"), "not_sent"),
    "connect timeout": (("ConnectTimeout", "MaxRetryError", "ConnectTimeoutError", "TimeoutError"), "not_sent"),
    "connect timeout alone": (("ConnectTimeout",), "not_sent"),
    "connect timeout within": ((*CONNECT, "ConnectTimeoutError"), "not_sent"),
    "unknown certificate": (("SSLError", "MaxRetryError", "SSLError", "SSLCertVerificationError"), "not_sent, stop"),
    "header not to be sent": (("InvalidHeader",), "not_sent, stop"),
    "address not to be sent to": (("InvalidURL",), "not_sent, stop"),
    "address not understood": (("LocationParseError",), "not_sent, stop"),
    "proxy address not understood": (("InvalidProxyURL",), "not_sent, stop"),
    "no scheme": (("MissingSchema",), "not_sent, stop"),
    "socks without its parts": (("InvalidSchema",), "not_sent, stop"),
    "body not to be encoded": (("UnicodeEncodeError",), "not_sent, stop"),
    "proxy refused": (("ProxyError", "MaxRetryError", "ProxyError", "NewConnectionError"), "not_sent"),
    "plain TLS error": (("SSLError", "MaxRetryError", "SSLError", "SSLError"), "unknown"),
    "TLS ended early": (("SSLError", "MaxRetryError", "SSLError", "SSLEOFError"), "unknown"),
    "read timeout": (("ReadTimeout", "ReadTimeoutError", "TimeoutError"), "unknown"),
    "reset": (("ConnectionError", "ProtocolError", "ConnectionResetError"), "unknown"),
    "broken pipe": (("ConnectionError", "ProtocolError", "BrokenPipeError"), "unknown"),
    "closed without an answer": (("ConnectionError", "ProtocolError", "RemoteDisconnected"), "unknown"),
    "chunks": (("ChunkedEncodingError", "ProtocolError", "InvalidChunkLength"), "unknown"),
    "decoding": (("ContentDecodingError", "DecodeError"), "unknown"),
    "status line": (("ConnectionError", "ProtocolError", "BadStatusLine"), "unknown"),
    "too many headers": (("ConnectionError", "ProtocolError", "HTTPException"), "unknown"),
    "hang in the body": (("ConnectionError", "ReadTimeoutError", "TimeoutError"), "unknown"),
    "proxy died": (("ProxyError", "MaxRetryError", "ProxyError", "RemoteDisconnected"), "unknown"),
    "out of memory": (("MemoryError",), "unknown"),
    "never seen before": (("SomethingNewError",), "unknown"),
    "nothing at all": ((), "unknown"),
}


@pytest.mark.parametrize("https", [True, False])
@pytest.mark.parametrize("name", NO_ANSWER)
def test_every_failure_has_its_place_in_the_table(name, https):
    """Only the failures that prove that nothing left make "not sent"; every other exception is unknown."""
    chain, expected = NO_ANSWER[name]
    classification = classify(NoResponse(chain, "so it went", https), always)
    assert told(classification) == expected
    assert (classification.transient, classification.again) == (True, False)
    assert (classification.words, classification.http_status) == ("so it went", None)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("unknown certificate", "sent.not_trusted"), ("connection refused", "sent.not_reached")),
        *(("address not to be sent to", "sent.not_reached"), ("read timeout", "sent.no_answer")),
    ],
)
def test_the_operator_reads_which_kind_of_failure_it_was(name, code):
    """Each kind of failure has its sentence, with the beginning of what the exception said."""
    classification = classify(NoResponse(NO_ANSWER[name][0], "x" * 301, True), always)
    assert (classification.code, classification.words) == (code, "x" * 300)
    assert Catalogue(()).problem(classification.code, words=classification.words, check="look").message


@pytest.mark.parametrize("name", NO_ANSWER)
def test_nothing_is_proved_once_the_request_had_begun_to_leave(name):
    """The same exceptions prove nothing when they come after the request had begun to leave."""
    chain, _ = NO_ANSWER[name]
    assert told(classify(NoResponse(("MayHaveLeftError", *chain), "", True), always)) == "unknown"


@pytest.mark.parametrize("name", NO_ANSWER)
def test_nothing_is_proved_once_a_status_line_was_seen(name):
    """Whoever sent a status line had the request; the number is kept as evidence."""
    chain, _ = NO_ANSWER[name]
    classification = classify(NoResponse(chain, "", True, status=200), always)
    assert (told(classification), classification.http_status) == ("unknown", 200)


@pytest.mark.parametrize("name", NO_ANSWER)
def test_the_sentence_that_tells_a_failure_proves_nothing(name):
    """Whatever the client takes for the cause, status, code and stop are the table's."""
    chain, _ = NO_ANSWER[name]
    for cause in ("net.expired", "net.proxy_blocked", "net.no_web_server"):
        told_so = classify(NoResponse(chain, "x", True, cause=cause), always)
        assert told_so == replace(classify(NoResponse(chain, "x", True), always), cause=cause)


@pytest.mark.parametrize(
    ("body", "headers", "strange"),
    [
        *((b"<html><title>404 Not Found</title></html>", {}, True), (b"<?xml version='1.0'?><Error/>", {}, True)),
        *((b"404 page not found", {}, True), (b"404", {}, True), (b"default backend - 404", {}, True)),
        *((b"", {"server": "awselb/2.0"}, True), (b" ", {"server": "nginx"}, True)),
        *((b"", {"server": "Microsoft-Azure-Application-Gateway/v2"}, True), (b"", {"server": "CloudFront"}, True)),
        *((b"", {}, False), (b"", {"server": "Kestrel"}, False), (b"", {"server": "Microsoft-IIS/10.0"}, False)),
        *((b'{"message": "No."}', {"server": "nginx"}, False), (b'"No such list."', {}, False), (b"[]", {}, False)),
        (b"<html></html>", {"content-type": "application/json"}, True),
        (b"[" * 200_000, {}, True),
    ],
)
def test_a_refusal_that_is_not_in_energycaps_form_is_doubtful(body, headers, strange):
    """JSON is EnergyCAP's form, an empty refusal may be; a page or plain text is not. Asked about are refusals alone,
    and 403, with which a firewall may keep back the answer to what was carried out."""
    for status in range(400, 600):
        classification = classify(Reply(status, headers, body), never)
        assert classification.doubtful is (strange and (ANSWERED[status] == "failed" or status == 403))
    classification = unproved(classify(Reply(404, headers, body), never))
    assert (told(classification), classification.code, classification.http_status) == (
        "unknown, stop",
        "sent.not_energycap",
        404,
    )


def test_energycap_is_known_by_a_json_answer_to_a_question():
    """200 and a JSON object; no page, no list, no refusal, and no failure."""
    assert is_energycap(reply(200, {"systemUserId": 7}))
    others = (reply(200, b"<html></html>"), reply(200, []), reply(404, {"message": "No."}), reply(429, {}), reply(200))
    assert not any(map(is_energycap, (*others, NoResponse(("ReadTimeout",), "no answer in time", True))))


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_refused_proxy_connect_is_proof_for_an_https_target_alone(status):
    """The request goes through the tunnel only once it stands; to an http target there is no tunnel."""
    chain = ("ProxyError", "MaxRetryError", "ProxyError", "OSError")
    detail = f"Tunnel connection failed: {status} No"
    assert told(classify(NoResponse(chain, detail, True), always)) == "not_sent"
    assert told(classify(NoResponse(chain, detail, False), always)) == "unknown"
    assert told(classify(NoResponse(chain[1:2], detail, True), always)) == "unknown"


DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        *(("0", DATE, 0), ("7", DATE, 7), (" 7 ", "", 7), ("007", "", 7), ("600", "", 600), ("601", "", 600)),
        *(("99999999999", "", 600), ("9" * 400, "", 600)),
        *(("Sat, 21 Nov 2026 10:00:30 GMT", DATE, 30), ("Saturday, 21-Nov-26 10:00:30 GMT", DATE, 30)),
        *(("Sat Nov 21 10:00:30 2026", DATE, 0), ("Sat, 21 Nov 2026 12:00:30 +0200", DATE, 30)),
        *(("Sat, 21 Nov 2026 11:00:00 GMT", DATE, 600), ("Sat, 21 Nov 2026 09:00:00 GMT", DATE, 0)),
        *(("Sat, 21 Nov 2026 10:00:30 GMT", "", 0), ("Sat, 21 Nov 2026 10:00:30 GMT", "yesterday", 0)),
        *(("Sat, 21 Nov 2026 10:00:30 GMT", "Sat, 21 Nov 2026 10:00:00 -0000", 0),),
        *(
            ("", DATE, 0),
            ("soon", DATE, 0),
            ("-5", DATE, 0),
            ("1.5", DATE, 0),
            ("1e3", DATE, 0),
            ("\N{FULLWIDTH DIGIT SEVEN}", DATE, 0),
        ),
        *(("2026-11-21T10:00:30Z", DATE, 0), ("5, 5", DATE, 0)),
        *(("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", DATE, 0), ("Fri, 99 Dec 2026 23:59:59 GMT", DATE, 0)),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(value, date, seconds):
    """Seconds or a date, the date held against the answer's own Date; anything else asks for no wait."""
    assert retry_after(reply(429, b"", retry_after=value, date=date)) == seconds


def test_retry_after_is_no_wait_where_the_header_is_missing():
    """429 without the header may be tried again; how long to wait is then the processor's choice."""
    assert classify(reply(429), never).wait == 0


@pytest.mark.parametrize(("status", "wait"), [(500, None), (502, None), (503, 7), (504, None), (599, None)])
def test_of_the_servers_failures_a_503_alone_asks_for_a_wait(status, wait):
    """It holds for the rows that follow; this one stays unknown, and without the header nobody waits."""
    classification = classify(reply(status, b"", retry_after="7"), never)
    assert (classification.status, classification.wait, classification.again) == (Status.UNKNOWN, wait, False)
    assert classify(reply(status), never).wait is None


def test_the_clock_of_this_computer_plays_no_part_in_a_wait():
    """A server whose clock is years off asks for the same wait as any other."""
    off = reply(429, b"", retry_after="Tue, 01 Jan 2002 00:00:20 GMT", date="Tue, 01 Jan 2002 00:00:00 GMT")
    assert retry_after(off) == 20


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Task not found."}, "Task not found."),
        ({"Message": "Task not found."}, "Task not found."),
        ({"error": {"code": 5, "message": "No."}}, "No."),
        ({"errors": [{"detail": "First."}, {"detail": "Second."}]}, "First. Second."),
        ({"errors": {"flagTypeId": ["is wrong.", "is old."]}}, "flagTypeId: is wrong. is old."),
        ({"title": "Not valid.", "status": 400, "traceId": "00-x", "errors": {"a": ["b."]}}, "Not valid. a: b."),
        ({"errors": {"a": ["Required."], "b.c[0]": ["Required."]}}, "a: Required. b.c[0]: Required."),
        ({"errors": {"": ["A body is required."], "$.a": ["No number."]}}, "A body is required. $.a: No number."),
        ({"errors": {"errorCode": ["Too long."], "comment": "Too long."}}, "errorCode: Too long. comment: Too long."),
        ({"errors": {"code": 5, "message": "No."}}, "No."),
        ({"errors": {"a": {"b": ["c."]}, "d": []}}, "a: c."),
        (
            {"Message": "Not valid.", "ModelState": {"edit.FlagTypeId": ["Wrong."]}},
            "Not valid. edit.FlagTypeId: Wrong.",
        ),
        ({"errors": [{"field": "a", "message": "No."}, {"PropertyName": "B", "ErrorMessage": "b."}]}, "a: No. B: b."),
        ({"field": "a"}, "a"),
        *(({name: "No.", "a": "b"}, "No.") for name in ("message", "Error", "DETAIL", "title", "longDescription")),
        ({"reason": "Because."}, "Because."),
        ({"message": None, "reason": "Because."}, "Because."),
        ({"message": "", "reason": "Because."}, "Because."),
        (["One.", "Two.", "One."], "One. Two."),
        ("Just text.", "Just text."),
        ({"message": "a\n\tb\r\n c"}, "a b c"),
        ({"code": 5}, "no words, only the number 400"),
        (b"null", "no words, only the number 400"),
        (b"", "no words, only the number 400"),
        (b"  \n", "no words, only the number 400"),
        (b'\xef\xbb\xbf{"message": "Marked."}', "Marked."),
        (b"Plain text.", "Plain text."),
        (b"M\xfcller", "M�ller"),
        (b"<html><head><TITLE lang='en'> Sign\n in &amp; go </TITLE></head><body>x</body></html>", "Sign in & go"),
        (b"<html><title>Never closed", "Never closed"),
        (b"<p>No <b>title</b></p>", "No title"),
        (b"<br><br>", "no words, only the number 400"),
        (b'{"message": "cut', '{"message": "cut'),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": "too deep"}}}}}}}}, "no words, only the number 400"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_servers_own_words_are_found_in_any_answer(body: Any, words):
    """JSON of any shape, an HTML page's title, plain text or nothing at all becomes one line."""
    assert server_words(reply(400, body)) == words


def test_an_overlong_answer_is_cut_visibly():
    """At most 300 characters, and the last one shows that something is missing."""
    words = server_words(reply(400, {"message": "x" * 301}))
    assert (len(words), words[-1]) == (300, "…")
    assert server_words(reply(400, {"message": "x" * 300})) == "x" * 300


def test_a_redirect_says_where_to():
    """The address that was not followed is what the operator needs to know."""
    assert classify(reply(302, b"<title>Moved</title>", location="https://other.example/"), never).words == (
        "to https://other.example/"
    )
    assert server_words(reply(400, b"No.", location="https://other.example/")) == "No."


def test_what_was_seen_of_a_failure_is_kept():
    """The names of the exceptions, the innermost one's words and the status line settle a doubt months later."""
    seen = NoResponse(("ReadTimeout", "TimeoutError"), "timed out", True, status=200)
    assert evidence(seen) == {"exceptions": ["ReadTimeout", "TimeoutError"], "detail": "timed out", "status": 200}


def test_what_was_seen_of_an_answer_is_kept():
    """Its number, the headers that can settle a doubt, and the beginning of its body, whatever bytes it is made of."""
    telling = {"date": DATE, "content-type": "text/plain", "location": "/x", "retry-after": "7", "cf-request-id": "1"}
    telling |= {"eci-deprecated": "Use another.", "requestid": "2", "x-correlation-id": "3", "traceparent": "4"}
    others = {"server": "x", "set-cookie": "secret", "last-date": DATE, "dated": DATE, "content-types": "x/y"}
    others |= {"x-location": "/x", "locations": "/x", "x-retry-after": "7", "retry-after-all": "7"}
    assert evidence(Reply(400, {**telling, **others}, b"\xffNo.")) == {
        "status": 400,
        "headers": telling,
        "answer": "\N{REPLACEMENT CHARACTER}No.",
    }


def test_what_was_seen_is_kept_up_to_a_length():
    """300 characters of a header and 2,000 bytes of a body, so that no server can fill the ledger."""
    kept = evidence(Reply(400, {"date": "d" * 301}, b"b" * 2001))
    assert (kept["headers"]["date"], kept["answer"]) == ("d" * 300, "b" * 2000)


@pytest.mark.parametrize(
    "page", [b"<" * 2**22, b"<title>" * 2**19, b"<title" * 2**19, b"[" * 2**20, b'{"a":' * 2**20], ids=lambda p: p[:8]
)
def test_a_page_made_to_keep_the_program_busy_is_read_like_any_other(page):
    """No answer, however it is made, holds up a run or ends it."""
    assert len(server_words(reply(400, page))) <= 300


@given(
    st.integers(100, 999),
    st.binary(max_size=60) | st.recursive(st.text(), lambda x: st.dictionaries(st.text(), x)).map(json.dumps),
    st.dictionaries(st.sampled_from(["retry-after", "date", "location"]), st.text(max_size=30)),
)
def test_no_answer_at_all_is_beyond_the_table(status, body, headers):
    """Whatever a server sends is classified, with words of bounded length, never an exception."""
    content = body if isinstance(body, bytes) else body.encode()
    for accepted in (KICKOUT, FLAG):
        classification = classify(Reply(status, headers, content), accepted)
        assert classification.status in (Status.DONE, Status.FAILED, Status.UNKNOWN)
        assert len(classification.words) <= 400


@pytest.mark.parametrize("page", [b"<title>&#%b;</title>", b"<p>&#%b;", b"%b", b'["&#%b;"]', b'{"message": %b}'])
def test_a_number_of_any_length_is_no_more_than_a_word(page):
    """Python reads none of more than some thousand digits, and raises an error instead."""
    assert classify(reply(500, page % (b"9" * 100_000)), never).status is Status.UNKNOWN
    assert classify(reply(200, page % (b"9" * 100_000)), FLAG).status is Status.UNKNOWN


def test_an_answer_in_many_layers_without_a_word_is_read_once():
    """Not twice as often in each layer as in the one above it."""
    layers: object = 1
    for _ in range(6):
        layers = {"message": layers, "detail": layers}
    calls = 0

    def counted(frame: Any, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_name == "_messages"

    sys.setprofile(counted)
    try:
        server_words(reply(500, layers))
    finally:
        sys.setprofile(None)
    assert calls < 2 * 2**7
