"""``bulkops key``: the API key of an environment, in this computer's credential store."""

from __future__ import annotations

import os
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
    Unshown,
    environment,
    find_key,
    forget_key,
    store_key,
)

_LONGEST = 4096
"""More than any key has; the rest is not read."""
_PASTED = 0.1
"""Seconds. What is pasted comes at once; who types is slower."""
_ON_THE_LINE = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Whatever else stands on the command line may be the key, so the library must not repeat it."""

commands = typer.Typer(help="Store, try or remove the API key of an environment.")
KeyOf = Annotated[str, typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}.")]


@commands.callback(invoke_without_command=True)
def key(context: typer.Context) -> None:
    """Store, try or remove the API key of an environment."""
    console.help_unless_asked(context)


@commands.command("set", context_settings=_ON_THE_LINE)
def key_set(context: typer.Context, env: KeyOf) -> None:
    """Store a key; it is asked for and not shown."""
    where = _with_key(context, env)
    found = Key.of_line(_entered(f"API key for {where.host} (it is not shown): "))
    store_key(where, found)
    console.tell(
        f"The key {found.masked()} for {where.host} is stored; programs that you run can read it, too. "
        f"Try it: bulkops key test --env {where.name}"
    )


@commands.command("test", context_settings=_ON_THE_LINE)
def key_test(context: typer.Context, env: KeyOf) -> None:
    """Ask EnergyCAP whose key this is. Nothing is changed."""
    from bulkops.preflight import who_am_i

    where = _with_key(context, env)
    found = find_key(where)
    owner, note = who_am_i(where, found)
    console.tell(f"The key {found.masked()} works at {where.host} as {owner}." if owner else note)


@commands.command("forget", context_settings=_ON_THE_LINE)
def key_forget(context: typer.Context, env: KeyOf) -> None:
    """Remove a stored key."""
    where = _with_key(context, env)
    removed = forget_key(where)
    console.tell(f"The key for {where.host} is removed." if removed else f"There was no key for {where.host}.")


def _with_key(context: typer.Context, env: str) -> Environment:
    if context.args:
        raise typer.BadParameter(
            "There is something after the command that does not belong there. "
            "A key is never typed there: bulkops asks for it and does not show it."
        )
    where = environment(env)
    if where.name == PRACTICE:
        raise CannotStart("key.fixed")
    return where


def _entered(prompt: str) -> Unshown:
    """What is typed or pasted at the terminal, unseen, or what a file or another program gives instead.

    Raises CannotStart where it would be seen, and for what is no text.
    """
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            # getpass only warns before it reads what everybody can see.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return Unshown(_unseen(prompt) if sys.stdin.isatty() else sys.stdin.read(_LONGEST))
    except getpass.GetPassWarning:
        refused = "key.store"
    except (EOFError, UnicodeDecodeError):
        refused = "key.shape"
    # Beyond the handlers: an error of theirs may hold what was read, and would be this one's context.
    raise CannotStart(refused, value="this window would show what is typed")


def _unseen(prompt: str) -> str:
    """What is typed at the terminal, and whatever else was pasted with it: getpass would leave that out of the key.

    Where the terminal lets itself be asked by nobody but getpass, it is left to that. Raises GetPassWarning.
    """
    import getpass

    if sys.platform == "win32":
        import msvcrt

        typed = getpass.getpass(prompt)
        while msvcrt.kbhit():
            typed += f"\n{msvcrt.getwch()}"
        return typed
    import select
    import termios

    try:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (OSError, termios.error):
        return getpass.getpass(prompt)
    flags = before[3] & ~termios.ECHO
    try:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, [*before[:3], flags, *before[4:]])
        typer.echo(prompt, err=True, nl=False)
        typed = sys.stdin.readline()
        # A last line without its end is only given out when lines do not count.
        termios.tcsetattr(terminal, termios.TCSANOW, [*before[:3], flags & ~termios.ICANON, *before[4:]])
        if select.select([terminal], [], [], _PASTED)[0]:
            typed += os.read(terminal, _LONGEST).decode("latin-1")
        return typed
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        typer.echo(err=True)
