"""Everything that can go wrong is made to go wrong before the first row is sent.

Is there a key, does EnergyCAP answer, and as whom? Only reads are made here. Where the results can
go is found out in delivery.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bulkops.energycap import credentials
from bulkops.energycap.key import Key
from bulkops.messages import answers
from bulkops.messages.errors import COMMON, CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.operations import all_operations
from bulkops.operations.heading_names import normal


def key_for(environment: Environment) -> Key:
    """Practice has a key of its own. Raises CannotStart if there is none for another environment."""
    if environment.name != PRACTICE:
        return credentials.find_key(environment)
    from bulkops.practice.server import PRACTICE_KEY

    return Key(PRACTICE_KEY)


@contextmanager
def senders(environment: Environment, key: Key) -> Iterator[Callable[[], Callable[[Call], Reply | NoResponse]]]:
    """A maker of senders for read-only questions, one for each thread; all are closed at the end, and what they still
    have in hand is cut off. They take nothing but reads: a write is only sent where it is recorded."""
    from bulkops.energycap.client import Client, KeepAlive

    keep_alive, over = KeepAlive(), threading.Event()
    with ExitStack() as stack:
        stack.callback(over.set)

        def connect() -> Callable[[Call], Reply | NoResponse]:
            client = Client(environment, key, keep_alive=keep_alive)
            stack.callback(client.close)
            if over.is_set():
                client.close()

            def ask(call: Call) -> Reply | NoResponse:
                if call.method != "GET":
                    raise RuntimeError("only reads are sent without a record")
                return client.send(call)

            return ask

        yield connect


@contextmanager
def asking(environment: Environment, key: Key) -> Iterator[Callable[[Call], Reply | NoResponse]]:
    """A sender for read-only questions."""
    with senders(environment, key) as connect:
        yield connect()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose key it is, as far as EnergyCAP tells."""

    name: str
    """With the user's code; "" if it does not say."""
    note: str
    """What to tell the operator if it does not say."""
    permissions: Mapping[str, bool | None]
    """May the owner do what a row asks for, by the operation's key; None: EnergyCAP does not say."""
    deprecated: str = ""
    """What to tell the operator if EnergyCAP is going to withdraw the call that says all this."""
    id: str | None = None
    """Their systemUserId; None if it does not say."""
    source: str | None = None
    """The data source that the key leads to, in EnergyCAP's word; None if it does not say."""
    manages_batches: bool | None = None
    """May they use other people's open batches ("Bills and Batches: Manage")? None: EnergyCAP does not say."""


def who_am_i(environment: Environment, key: Key) -> tuple[str, str]:
    """(whose key this is, a note if that could not be told): a read-only call before any write. Raises as ``owner``."""
    found = owner(environment, key)
    return found.name, " ".join(filter(None, (found.note, found.deprecated)))


def owner(environment: Environment, key: Key) -> Owner:
    """Whose key this is and what it may do, by one read-only call.

    Raises CannotStart if EnergyCAP is not reached, does not accept the key, or something else answers in its place.
    """
    from bulkops.energycap.classify import deprecated, is_strange, server_words

    with asking(environment, key) as ask:
        seen = ask(Call("GET", "/api/v3/me"))
    if isinstance(seen, NoResponse):
        raise _not_reached(environment, seen.cause or "net.no_connection", seen.detail)
    if seen.status == 407:
        raise _not_reached(environment, "net.proxy_login", server_words(seen))
    if seen.status in (401, 403) and not is_strange(seen):
        raise CannotStart("me.refused", value=environment.host, words=server_words(seen))
    try:
        me = json.loads(seen.content) if seen.status == 200 else {}
    except (ValueError, RecursionError):
        me = None
    if not isinstance(me, dict) or not (200 <= seen.status < 300 or 400 <= seen.status < 500) or is_strange(seen):
        # A sign-in page, a mere “OK”, an address that moved, a server with an error, a gateway: so would every row end.
        raise CannotStart("me.odd", value=environment.host, words=server_words(seen))
    words = deprecated(seen)
    outdated = "" if words is None else answers.deprecated("whose key it is", words)
    named = _named(me)
    rights = named.get("permissions")
    manages = _permission(rights, ("billsAndBatches", "manage"))
    known = _word(named.get("systemuserid")), _source(named), manages
    permissions = {each.key: _permission(rights, each.permission) for each in all_operations().values()}
    try:
        who = f"{me['fullName']} ({me['systemUserCode']})"
    except (KeyError, TypeError):
        note = (
            f"{environment.host} did not say whose key this is (answer {seen.status}). Be sure of it before you send."
        )
        return Owner("", note, permissions, outdated, *known)
    return Owner(_one_line(who), "", permissions, outdated, *known)


def _not_reached(environment: Environment, cause: str, words: str) -> CannotStart:
    known = COMMON[cause]
    facts = {"words": known.sentence.format(words=words), "extra": known.tip}
    return CannotStart("me.not_reached", value=environment.host, **facts)


def _source(me: Mapping[str, Any]) -> str | None:
    """``"environment": "Acme"``; of an object with several facts the one that names it."""
    for name in ("datasource", "environment"):
        said = me.get(name)
        facts = _named(said) if isinstance(said, dict) else {"": said}
        for fact in ("", "datasource", "datasourcename", "environmentname", "environmentcode", "name", "code", "id"):
            if word := _word(facts.get(fact)):
                return word
    return None


def _word(said: Any) -> str | None:
    """A text or a whole number, as one line; None for anything else and for a blank."""
    if isinstance(said, bool) or not isinstance(said, str | int):
        return None
    return _one_line(str(said)).strip() or None


def _one_line(text: str) -> str:
    """What came from outside, short and on one line."""
    return "".join(char for char in text if char.isprintable())[:100]


def _permission(rights: Any, wanted: tuple[str, str] | None) -> bool | None:
    """``{"billsAndBatches": {"create": true}}``; what is not said plainly is not guessed."""
    if wanted is None:
        return None
    thing, action = map(normal, wanted)
    said = _named(_named(rights).get(thing)).get(action)
    return said if isinstance(said, bool) else None


def _named(said: Any) -> dict[str, Any]:
    """A JSON object's facts, however their names are written; nothing of anything else."""
    return {normal(name): value for name, value in said.items()} if isinstance(said, dict) else {}
