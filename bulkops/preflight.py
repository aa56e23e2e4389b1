"""Everything that can go wrong is made to go wrong before the first row is sent.

Is the practice server up? Is there a key, does EnergyCAP answer, and as whom? Only
reads are made here. Where the results can go is found out in delivery.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from bulkops import settings
from bulkops.errors import CannotStart
from bulkops.model import Call, Failure, Reply
from bulkops.settings import PRACTICE, Environment, Key


def enter(where: Environment, stack: ExitStack) -> tuple[Environment, Key]:
    """The environment ready to be called, and its key; practice is started here and ends with the run."""
    if where.name != PRACTICE:
        return where, settings.find_key(where)
    from bulkops.practice.server import PRACTICE_KEY, PracticeServer

    if not where.base_url:
        server = stack.enter_context(PracticeServer())
        where = replace(where, base_url=server.base_url)
    return where, Key(PRACTICE_KEY)


@contextmanager
def asking(where: Environment, key: Key) -> Iterator[Callable[[Call], Reply | Failure]]:
    """A sender for read-only questions; it waits less long than one for writes."""
    from bulkops.client import Client

    client = Client(where, key, total_seconds=30.0, read_seconds=20.0)
    try:
        yield client.send
    finally:
        client.close()


def who_am_i(where: Environment, key: Key) -> tuple[str, str]:
    """(whose key this is, a note if that could not be told): a read-only call before any write.

    Raises CannotStart if EnergyCAP is not reached, does not accept the key, or something else answers in its place.
    """
    from bulkops.verdict import server_words

    with asking(where, key) as ask:
        seen = ask(Call("GET", "/api/v3/me"))
    if isinstance(seen, Failure):
        raise CannotStart("me.not_reached", value=where.host, words=seen.detail)
    if seen.status in (401, 403, 407):
        raise CannotStart("me.refused", value=where.host, words=server_words(seen))
    try:
        me = json.loads(seen.content) if seen.status == 200 else {}
    except (ValueError, RecursionError):
        me = None
    if me is None or not (200 <= seen.status < 300 or 400 <= seen.status < 500):
        # A sign-in page, an address that moved, a server with an error: every row would end there as unknown.
        raise CannotStart("me.odd", value=where.host, words=server_words(seen))
    try:
        who = f"{me['fullName']} ({me['systemUserCode']})"
        return "".join(char for char in who if char.isprintable())[:100], ""
    except (KeyError, TypeError):
        return (
            "",
            f"{where.host} did not say whose key this is (answer {seen.status}). Be sure of it before you send.",
        )
