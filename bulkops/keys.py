"""``bulkops key``: the API key of an environment, in this computer's credential store."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bulkops import console
from bulkops.errors import CannotStart
from bulkops.settings import (
    ENVIRONMENTS,
    PRACTICE,
    Environment,
    Key,
    environment,
    find_key,
    forget_key,
    store_key,
)

commands = typer.Typer(help="Store, try or remove the API key of an environment.")
KeyOf = Annotated[str, typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}.")]


@commands.callback(invoke_without_command=True)
def key(context: typer.Context) -> None:
    """Store, try or remove the API key of an environment."""
    console.help_unless_asked(context)


@commands.command("set")
def key_set(env: KeyOf) -> None:
    """Store a key; it is asked for and not shown."""
    import getpass

    where = _with_key(env)
    if sys.stdin.isatty():
        typed = getpass.getpass(f"API key for {where.host} (it is not shown): ")
    else:
        typed = sys.stdin.readline()
    store_key(where, Key(typed.strip()))
    console.tell(
        f"The key for {where.host} is stored; programs that you run can read it, too. "
        f"Try it: bulkops key test --env {where.name}"
    )


@commands.command("test")
def key_test(env: KeyOf) -> None:
    """Ask EnergyCAP whose key this is. Nothing is changed."""
    from bulkops.preflight import who_am_i

    where = _with_key(env)
    found = find_key(where)
    owner, note = who_am_i(where, found)
    console.tell(f"The key {found.masked()} works at {where.host} as {owner}." if owner else note)


@commands.command("forget")
def key_forget(env: KeyOf) -> None:
    """Remove a stored key."""
    where = _with_key(env)
    removed = forget_key(where)
    console.tell(f"The key for {where.host} is removed." if removed else f"There was no key for {where.host}.")


def _with_key(env: str) -> Environment:
    where = environment(env)
    if where.name == PRACTICE:
        raise CannotStart("key.fixed")
    return where
