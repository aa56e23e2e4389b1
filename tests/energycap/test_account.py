"""Preflight: who asks, found out by a read before any write, and where the results can go."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest
from certificates import certificate, issued
from misbehaving import Misbehaving, Talk, answer

from bulkops.energycap.account import asking, owner, who_am_i
from bulkops.energycap.key import Key
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.requests import Call
from bulkops.practice.seed_data import PRACTICE_KEY
from bulkops.practice.server import PracticeServer

KEY = Key("canary-key-0123456789")


def asked(text: bytes) -> tuple[str, str]:
    with Misbehaving(lambda talk: talk.say(text)) as server:
        return who_am_i(Environment("custom", server.base_url), KEY)


def me(**facts: object) -> bytes:
    return answer(json.dumps(facts).encode())


def test_the_owner_of_the_key_is_asked_with_one_read():
    """GET /api/v3/me and nothing else; no write is made before the run begins."""
    with PracticeServer() as server:
        where = Environment("practice", server.base_url)
        assert who_am_i(where, Key(PRACTICE_KEY)) == ("Practice Operator (operator)", "")
        assert [(request.method, request.path) for request in server.requests] == [("GET", "/api/v3/me")]


def test_a_wrong_key_stops_before_anything_is_sent():
    """With the server's own words, and without the key."""
    with PracticeServer() as server, pytest.raises(CannotStart) as error:
        who_am_i(Environment("practice", server.base_url), KEY)
    assert error.value.code == "me.refused"
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        answer(b"<html><title>Sign in to the network</title></html>"),
        answer(b"<html><title>Moved</title></html>", "302 Found", {"Location": "https://portal.example/"}),
        answer(b"[" * 100_000),
        answer(b""),
        answer(b"[]"),
        answer(b'"OK"'),
        answer(b"null"),
        answer(b"1"),
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        answer(b"", "500 Oh"),
        b"not http",
        b"",
    ],
    ids=["page", "redirect", "nonsense", "empty", "list", "text", "null", "number", "103", "500", "not http", "closed"],
)
def test_something_else_in_energycaps_place_stops_before_anything_is_sent(text):
    """A sign-in page or a network's portal would leave every row unknown."""
    with pytest.raises(CannotStart) as error:
        asked(text)
    assert error.value.code == ("me.not_reached" if text in (b"not http", b"") else "me.odd")


TARGET = "https://energycap.example"


def refused(base_url: str) -> str:
    with pytest.raises(CannotStart) as error:
        who_am_i(Environment("custom", base_url), KEY)
    assert error.value.code == "me.not_reached"
    said = str(error.value)
    assert "Nothing was sent." in said
    assert "Check your network" not in said
    return said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH: SSH-2.0-OpenSSH_9.6"),
        (b"220 mail.example ESMTP Postfix\r\n", "mail or FTP"),
        (b"220 (vsFTPd 3.0.3)\r\n", "mail or FTP"),
        (b"<html><body>Hello</body></html>", "a page without the line that comes first"),
        (b'{"fullName": "Pat"}', "fullName"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80", "gRPC"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "gRPC"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "begins with https://"),
        (b"\x01\x02\x03", "nothing that can be read"),
        (b"HTTP/9.9 200 OK\r\n\r\n", ""),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_no_web_server_is_told_as_such(text, words, at_once):
    """With what it said, or how it speaks; whether it begins or waits for the request."""

    def say(talk: Talk) -> None:
        talk.say(text)

    with Misbehaving(say, say if at_once else None) as server:
        said = refused(server.base_url)
    assert "is not a web server" in said
    assert words in said
    assert "attribute" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not offer the secure connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not offer the secure connection"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "The secure connection could not be made"),
        (b"", "The secure connection could not be made"),
    ],
)
def test_a_server_without_a_secure_connection_is_told_as_such(text, words):
    """At an address that begins with https://."""

    def say(talk: Talk) -> None:
        talk.connection.recv(1)
        talk.say(text)
        talk.connection.recv(65536)
        talk.connection.close()

    with Misbehaving(lambda talk: None, say) as server:
        assert words in refused(server.base_url.replace("http:", "https:"))


def test_a_connection_closed_without_an_answer_is_told_as_such():
    """Whatever stands there, it has been reached."""
    with Misbehaving(lambda talk: None) as server:
        assert "closed without an answer" in refused(server.base_url)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "By this computer's clock the server's certificate has expired"),
        ("not yet valid", "By this computer's clock the server's certificate is not valid yet"),
        ("unknown authority", "an authority that this computer does not know"),
        ("other host", "made out to another address"),
        ("self-signed", "a certificate that it has signed itself"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind, words):
    """Too late and too early with the time by this computer's clock, which may be wrong instead."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("only OpenSSL's own trust store can be replaced for one test")
    days = {"expired": (-9, -2), "not yet valid": (2, 9)}.get(kind, (-1, 2))
    if kind == "self-signed":
        context, _ = certificate(tmp_path, "127.0.0.1")
    else:
        context, authority = issued(tmp_path, "other.example" if kind == "other host" else "127.0.0.1", days)
        if kind != "unknown authority":
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with Misbehaving(lambda talk: None, context=context) as server:
        said = refused(server.base_url)
    assert words in said
    assert ("this computer's clock says 20" in said) == (kind in ("expired", "not yet valid"))
    assert ("date and time" in said) == (kind in ("expired", "not yet valid"))
    assert server.requests == []


def behind(monkeypatch: pytest.MonkeyPatch, **named: str) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (answer(b"", "407 Proxy Authentication Required"), "wants a user name and a password"),
        (answer(b"", "403 Forbidden"), "does not let the connection to EnergyCAP through"),
        (answer(b"", "302 Found"), "does not let the connection to EnergyCAP through"),
        (answer(b"", "502 Bad Gateway"), "did not get through to EnergyCAP"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer as a proxy does"),
        (b"", "did not answer as a proxy does"),
    ],
)
def test_what_a_proxy_says_to_a_connection_is_told(monkeypatch, text, words):
    """A proxy that wants a password is not EnergyCAP's administrator's business, nor one that blocks."""
    with Misbehaving(lambda talk: talk.say(text)) as proxy:
        behind(monkeypatch, HTTPS_PROXY=proxy.base_url)
        assert words in refused(TARGET)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        *(
            ({"HTTPS_PROXY": value}, "has an address that cannot be read")
            for value in ("http://", "http://[::1", "http://p:99999", "http://pat:s3cret@p:x", "%PROXY%", "ftp://p:1")
        ),
        ({"HTTPS_PROXY": "socks5://pat:s3cret@127.0.0.1:1"}, "is a SOCKS proxy"),
        ({"HTTPS_PROXY": "http://pat:s3cret@127.0.0.1:1"}, "The proxy that is set on this computer was not reached"),
        ({"ALL_PROXY": "http://pat:s3cret@127.0.0.1:1"}, "The variable ALL_PROXY names a proxy"),
        ({"ALL_PROXY": "socks5://pat:s3cret@127.0.0.1:1"}, "The variable ALL_PROXY names a proxy"),
    ],
)
def test_a_proxy_setting_that_does_not_serve_is_told(monkeypatch, named, words):
    """By the words of a setting, and without the password in it."""
    monkeypatch.setattr("socket.getaddrinfo", _nobody_but(socket.getaddrinfo))
    behind(monkeypatch, **named)
    said = refused(TARGET)
    assert words in said
    assert "s3cret" not in said
    assert "Error" not in said
    assert "Invalid" not in said


def _nobody_but(found):
    def look(host, *more, **facts):
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found(host, *more, **facts)

    return look


def test_a_407_is_the_proxys_and_not_the_keys():
    """The key was never looked at."""
    with Misbehaving(lambda talk: talk.say(answer(b"", "407 Login"))) as server:
        assert "wants a user name and a password" in refused(server.base_url)


@pytest.mark.parametrize("status", ["404 Not Found", "400 Bad Request", "405 Not Allowed", "403 Forbidden"])
@pytest.mark.parametrize(
    "body", [b"<html><title>Gone</title></html>", b"<?xml version='1.0'?><Error/>", b"no such page"]
)
def test_a_gateways_page_in_place_of_an_answer_stops_before_anything_is_sent(status, body):
    """EnergyCAP refuses in JSON; a page or plain text is somebody else's, and so would every row's answer be."""
    with pytest.raises(CannotStart) as error:
        asked(answer(body, status, {"Server": "awselb/2.0"}))
    assert error.value.code == "me.odd"


@pytest.mark.parametrize("text", [me(), me(fullName="Pat"), answer(b"", "404 Not Found")])
def test_an_energycap_that_does_not_say_whose_key_it_is_gets_a_note(text):
    """Nobody here knows whether every EnergyCAP answers this call; the run goes on, and the operator is told."""
    name, note = asked(text)
    assert name == ""
    assert "did not say whose key" in note


def test_an_owners_name_cannot_steer_the_terminal():
    """It comes from outside and is shown in the question before the run."""
    name, _ = asked(me(fullName="Pat\x1b[2J\n\u202e" + "x" * 500, systemUserCode="p"))
    assert name.startswith("Pat[2Jxxx")
    assert len(name) == 100


@pytest.mark.parametrize(
    ("key", "may"),
    [(PRACTICE_KEY, True), ("practice-key-manager", True), ("practice-key-readonly", False)],
    ids=["operator", "manager", "readonly"],
)
def test_what_the_owner_may_do_is_told_for_every_operation(key, may):
    """By the same one read; the practice server refuses the writes of who may not."""
    with PracticeServer() as server:
        found = owner(Environment("practice", server.base_url), Key(key))
        assert found.permissions == {"kickout_reimport": may, "list_flag_edit": may}
        assert len(server.requests) == 1


def test_an_operation_whose_permission_is_not_known_is_neither_allowed_nor_forbidden(monkeypatch):
    """A third one need not name any."""
    monkeypatch.setattr("bulkops.operations.list_flag_edit.ListFlagEdit.permission", None)
    with PracticeServer() as server:
        found = owner(Environment("practice", server.base_url), Key(PRACTICE_KEY))
    assert found.permissions == {"kickout_reimport": True, "list_flag_edit": None}


@pytest.mark.parametrize(
    ("said", "source", "who"),
    [
        ({"environment": "Acme", "systemUserId": 7}, "Acme", "7"),
        ({"Environment": " Acme\n", "systemUserId": "7"}, "Acme", "7"),
        ({"environment": {"environmentId": 3, "name": "Acme"}, "systemUserId": True}, "Acme", None),
        ({"dataSource": "acme_live", "environment": "Production"}, "acme_live", None),
        ({"environment": {"features": ["a"]}, "systemUserId": 7.5}, None, None),
        ({"environment": "", "systemUserId": None}, None, None),
        ({}, None, None),
    ],
)
def test_whose_data_a_key_leads_to_is_told_where_energycap_says_it(said, source, who):
    """One word each, compared with later ones: what is not said plainly is not known."""
    with Misbehaving(lambda talk: talk.say(me(**said))) as server:
        found = owner(Environment("custom", server.base_url), KEY)
    assert (found.source, found.id) == (source, who)


def test_who_asks_cannot_write():
    """A write is only sent by a run, which records it before."""
    with PracticeServer() as server, asking(Environment("practice", server.base_url), Key(PRACTICE_KEY)) as ask:
        with pytest.raises(RuntimeError, match="only reads"):
            ask(Call("PUT", "/api/v3/list/2001/flagAction", {}))
        assert server.requests == []
