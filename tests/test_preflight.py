"""Preflight: who asks, found out by a read before any write, and where the results can go."""

from __future__ import annotations

import json

import pytest
from misbehaving import Misbehaving, answer

from bulkops.errors import CannotStart
from bulkops.practice.data import PRACTICE_KEY
from bulkops.practice.server import PracticeServer
from bulkops.preflight import owner, who_am_i
from bulkops.settings import Environment, Key

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
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        answer(b"", "500 Oh"),
        b"not http",
        b"",
    ],
    ids=["page", "redirect", "nonsense", "empty", "103", "500", "not http", "closed"],
)
def test_something_else_in_energycaps_place_stops_before_anything_is_sent(text):
    """A sign-in page or a network's portal would leave every row unknown."""
    with pytest.raises(CannotStart) as error:
        asked(text)
    assert error.value.code == ("me.not_reached" if text in (b"not http", b"") else "me.odd")


@pytest.mark.parametrize("text", [me(), me(fullName="Pat"), answer(b"[]"), answer(b"", "404 Not Found")])
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
        assert found.may == {"kickout_reimport": may, "list_flag_edit": may}
        assert len(server.requests) == 1


def test_an_operation_whose_permission_is_not_known_is_neither_allowed_nor_forbidden(monkeypatch):
    """A third one need not name any."""
    monkeypatch.setattr("bulkops.operations.list_flag_edit.ListFlagEdit.permission", None)
    with PracticeServer() as server:
        found = owner(Environment("practice", server.base_url), Key(PRACTICE_KEY))
    assert found.may == {"kickout_reimport": True, "list_flag_edit": None}


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
