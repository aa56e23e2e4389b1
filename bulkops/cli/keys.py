"""``bulkops key``: the API key of an environment, in this computer's credential store."""

import os
import sys
from typing import Annotated

import typer

from bulkops.cli import console
from bulkops.energycap import environments
from bulkops.energycap.credentials import find_key, forget_key, store_key
from bulkops.energycap.environments import keep_name, named_environments, with_name
from bulkops.energycap.key import Key, Unshown
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import ENVIRONMENTS, PRACTICE, Environment, same_name

_LONGEST = 4096
"""More than any key has; the rest is not read."""
_PASTED = 0.1
"""Seconds. What is pasted comes at once; who types is slower."""
_ON_THE_LINE = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Whatever else stands on the command line may be the key, so the library must not repeat it."""

commands = typer.Typer(help="Store, try or remove the API key of an environment.")
KeyOf = Annotated[
    str | None,
    typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}, or a name of yours.", show_default=False),
]
At = Annotated[str | None, typer.Option("--base-url", help="Another EnergyCAP address, instead of --env.")]


@commands.callback(invoke_without_command=True)
def key(context: typer.Context) -> None:
    """Store, try or remove the API key of an environment."""
    console.help_unless_asked(context)


@commands.command("set", context_settings=_ON_THE_LINE)
def key_set(
    context: typer.Context,
    env: KeyOf = None,
    base_url: At = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="A name of its own, for a second customer on the host.", show_default=False),
    ] = None,
    another_customer: Annotated[
        bool, typer.Option("--another-customer", help="The name is another customer's than any other on the host.")
    ] = False,
) -> None:
    """Store a key; it is asked for and not shown."""
    environment = _with_key(context, env, base_url)
    if name is not None:
        environment = with_name(environment, name, another_customer or _is_another_customer(environment, name))
    found = Key.of_line(_entered(f"API key for {environment.place} (it is not shown): "))
    store_key(environment, found)
    if environment.named:
        keep_name(environment)
        host, known_as = environment.host, environment.name
        console.tell(
            f"{known_as} is a customer of its own on {host}: what was sent for others there holds nothing back."
            if environment.customer
            else f"What was sent under any name of {host} is remembered for {known_as}, too, unless EnergyCAP "
            "itself says that their data sources differ."
        )
    console.tell(
        f"The key {found.masked()} for {environment.place} is stored; programs that you run can read it, too. "
        f"Try it: bulkops key test --env {environment.name}"
    )


@commands.command("test", context_settings=_ON_THE_LINE)
def key_test(context: typer.Context, env: KeyOf = None, base_url: At = None) -> None:
    """Ask EnergyCAP whose key this is. Nothing is changed."""
    from bulkops.energycap.account import who_am_i

    environment = _with_key(context, env, base_url)
    found = find_key(environment)
    owner, note = who_am_i(environment, found)
    console.tell(f"The key {found.masked()} works at {environment.place} as {owner}." if owner else note)


@commands.command("forget", context_settings=_ON_THE_LINE)
def key_forget(context: typer.Context, env: KeyOf = None, base_url: At = None) -> None:
    """Remove a stored key."""
    environment = _with_key(context, env, base_url)
    removed = forget_key(environment)
    console.tell(
        f"The key for {environment.place} is removed." if removed else f"There was no key for {environment.place}."
    )


def _is_another_customer(environment: Environment, name: str) -> bool:
    """The operator's word on a new name; where nobody is there to ask, what was sent holds under it, too."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return False
    others = [each for each in named_environments() if each.base_url == environment.base_url]
    if any(same_name(each.name, name) for each in others):
        return False  # that was said when it was named, and stays so
    known = ", ".join(dict.fromkeys((environment.name, *(each.name for each in others))))
    console.say(f"Is “{name}” another customer than {known}, whose bills none of these keys reaches?")
    typer.echo("Type yes if that is sure, and press Enter: ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _with_key(context: typer.Context, env: str | None, base_url: str | None) -> Environment:
    if env is None and base_url is None:
        raise typer.BadParameter("Missing option '--env'.")
    if env is not None and base_url is not None:
        raise typer.BadParameter("--env and --base-url exclude each other.")
    if context.args:
        raise typer.BadParameter(
            "There is something after the command that does not belong there. "
            "A key is never typed there: bulkops asks for it and does not show it."
        )
    environment = environments.environment(env, base_url)
    if environment.name == PRACTICE:
        raise CannotStart("key.fixed")
    return environment


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
