"""The key of an environment: tried, stored, used for a while, or removed. What is said of it, without Tk.

Each act takes a while and belongs in a worker's thread; each gives what to tell the operator and raises nothing known.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from bulkops.energycap import credentials, environments
from bulkops.energycap.key import Key, Unshown
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.environment import HOSTS, PRACTICE, Environment
from bulkops.operations import all_operations

_LASTS = "It is kept in memory only, until bulkops closes."


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an act."""

    words: str
    good: bool = True
    """Did it do what it should?"""
    code: str = ""
    """Of the catalogue, if it did not."""
    settled: bool = False
    """A key for this environment is in use now: nothing more needs to be typed."""
    for_now: bool = False
    """The key cannot be stored, but it can be used until bulkops closes."""


def choices(environment: Environment) -> tuple[Environment, ...]:
    """The environments that take a key, and the one in use if it is another. The practice environment has its own."""
    named = (*(Environment(name, url) for name, url in HOSTS.items()), *environments.named_environments())
    return named if environment in named or environment.name == PRACTICE else (environment, *named)


def read(typed: str) -> Key:
    """The key that was typed or pasted, by the rule of ``bulkops key set``. Raises CannotStart, which repeats none."""
    line = Unshown(typed)
    if not line:
        raise CannotStart("key.not_typed")
    return Key.of_line(line)


def present(environment: Environment) -> Said:
    """Which key bulkops would use there now."""
    try:
        key = credentials.find_key(environment)
    except BulkopsError as error:
        if error.code == "key.missing":
            return Said(f"There is no key for {environment.place} on this computer yet.")
        return _sorry(error)
    return Said(f"There is a key for {environment.place} already: {key.masked()}.", settled=True)


def test(environment: Environment, key: Key | None) -> Said:
    """Whose key it is, and what it may do; without one, of the key that is there already. Nothing is changed."""
    from bulkops.energycap import account

    try:
        key = key or credentials.find_key(environment)
        owner = account.owner(environment, key)
    except BulkopsError as error:
        return _sorry(error)
    whose = f"it is the key of {owner.name}." if owner.name else f"but {owner.note}"
    rights = [
        f"{_capital(each.plural)}: {_right(owner.permissions[each.key], each.permission)}"
        for each in all_operations().values()
    ]
    words = "\n".join([f"{environment.place} accepts the key {key.masked()}: {whose}", *rights])
    return Said(words, good=False not in owner.permissions.values())


def _right(may: bool | None, permission: tuple[str, str] | None) -> str:
    if may is None:
        return "EnergyCAP does not say whether this user may do them."
    if may or permission is None:
        return "allowed."
    return f"not allowed. Ask your EnergyCAP administrator for {permission[0]} ({permission[1]})."


def save(environment: Environment, key: Key) -> Said:
    """Put it into the operating system's credential store."""
    try:
        credentials.store_key(environment, key)
    except BulkopsError as error:
        if error.code != "key.store":
            return _sorry(error)
        sorry = CannotStart("key.only_here", value=error.facts["value"])
        return Said(str(sorry), good=False, code=sorry.code, for_now=True)
    words = f"The key {key.masked()} for {environment.place} is stored in this computer's credential store."
    if os.environ.get("BULKOPS_API_KEY"):
        # It goes before what is stored, and a window is not where anybody looks for that.
        credentials.use_for_session(environment, key)
        words += " The variable BULKOPS_API_KEY is set, too: the next time bulkops starts, that one is used."
    return Said(words, settled=True)


def use_now(environment: Environment, key: Key) -> Said:
    """Use it until the program ends."""
    credentials.use_for_session(environment, key)
    return Said(f"The key {key.masked()} for {environment.place} is in use. {_LASTS}", settled=True)


def forget(environment: Environment) -> Said:
    """Remove the key that is stored, and the one of this session."""
    try:
        removed = credentials.forget_key(environment)
    except BulkopsError as error:
        return _sorry(error)
    if removed:
        return Said(f"The key for {environment.place} is removed from this computer.")
    return Said(f"No key for {environment.place} is stored on this computer.")


def _sorry(error: BulkopsError) -> Said:
    return Said(str(error), good=False, code=error.code)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
