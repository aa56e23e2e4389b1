"""Where the key of an environment is kept: this session, a variable, the operating system's credential store.

A key is bound to one host: one that is stored for an environment is never handed to another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from bulkops.energycap.key import Key, Unshown
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "bulkops"
STORE_SECONDS = 10.0
"""How long a credential store is waited for: one that is broken may never answer, and a run waits for it."""

_FAILURES = {
    "keyring.backends.fail": "none is installed",
    "keyring.backends.chainer": "none is installed",
    "keyring.backends.null": "the one in use keeps nothing",
    "KeyringLocked": "it is locked",
}
"""Why a store cannot be used: by its module, or by what it raised."""

SAFE_STORES = tuple(
    f"keyring.backends.{name}" for name in ("Windows", "macOS", "SecretService", "kwallet", "libsecret")
)

_session: dict[str, Key] = {}
"""Keys by host that nobody stored: they are gone when this program ends."""


def use_for_session(environment: Environment, key: Key) -> None:
    """Find this key for this host until the program ends, before any other; it is kept in memory alone."""
    _session[environment.account] = key


def find_key(environment: Environment) -> Key:
    """The key for an environment: this session's, else BULKOPS_API_KEY, else the one stored for its host.

    One with a name of its own has its own key, which goes before the variable. Raises CannotStart if there is none.
    """
    if environment.account in _session:
        return _session[environment.account]
    if environment.named and (own := _keyring_get(environment)) is not None:
        return Key(own)
    given = Unshown(os.environ.get("BULKOPS_API_KEY", ""))
    if given:
        return Key.of_line(given)
    stored = _keyring_get(environment)
    if stored is None:
        raise CannotStart("key.missing", value=environment.place)
    return Key(stored)


def customer_of_key(environment: Environment) -> str | None:
    """Whose data the key is for, in the operator's word; a name says nothing of a key that is not its own."""
    own = not environment.named or environment.account in _session or _keyring_get(environment) is not None
    return environment.customer if own else None


def store_key(environment: Environment, key: Key) -> None:
    """Put a key into the operating system's credential store and read it back. Raises CannotStart if that fails."""
    store = _store()
    # A store of the operating system may take nothing but plain text.
    _ask(store.set_password, _SERVICE, environment.account, str(key.reveal()))
    if _ask(store.get_password, _SERVICE, environment.account) != key.reveal():
        raise CannotStart("key.store", value="what was put there did not come back")
    _session.pop(environment.account, None)


def forget_key(environment: Environment) -> bool:
    """Remove the stored key, and this session's; False if there was none. Raises CannotStart if the store fails."""
    dropped = _session.pop(environment.account, None) is not None
    try:
        store = _store()
    except CannotStart:
        if dropped:  # that there is no store is why it was this session's
            return True
        raise
    # A store's own word for "not there" may also mean "not allowed".
    if _ask(store.get_password, _SERVICE, environment.account) is None:
        return dropped
    _ask(store.delete_password, _SERVICE, environment.account)
    return True


def _keyring_get(environment: Environment) -> Unshown | None:
    """The stored key; None where there is none, or no store that could hold one. Raises CannotStart for silence."""
    try:
        found = _ask(_store().get_password, _SERVICE, environment.account)
    except CannotStart as error:  # the operator is told how to give a key instead
        if error.code == "key.silent":
            raise
        return None
    return None if found is None else Unshown(found)


def _ask(action: Callable[..., Any], *facts: object) -> Any:
    """What a store answers. Raises CannotStart for whatever it raises, whose text may hold the key, and for silence."""
    answers: SimpleQueue[tuple[Any, str]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put((action(*facts), ""))
        except Exception as error:
            answers.put((None, type(error).__name__))

    # A daemon: a store that never answers must not keep the program from its end either.
    threading.Thread(target=ask, name="credential store", daemon=True).start()
    try:
        answer, failed = answers.get(timeout=STORE_SECONDS)
    except Empty:
        raise CannotStart("key.silent", value=f"{STORE_SECONDS:g}") from None
    if failed:
        raise CannotStart("key.store", value=_FAILURES.get(failed, f"the one there failed: {failed}"))
    return answer


def _store() -> KeyringBackend:
    """The operating system's own store. Others are refused: null loses the key, plain text shows it.

    keyring may chain several; only the first safe one is used.
    """
    import keyring

    found = _ask(keyring.get_keyring)
    for each in _ask(getattr, found, "backends", [found]):
        if type(each).__module__ in SAFE_STORES:
            store: KeyringBackend = each
            return store
    name = type(found).__module__
    raise CannotStart("key.store", value=_FAILURES.get(name, f"{name} is not the operating system's own"))
