"""``bulkops template``: a workbook to fill in, empty or with EnergyCAP's names in its drop-downs."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bulkops.cli import console
from bulkops.cli.options import BaseUrl, EnvName, not_both
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import plural

if TYPE_CHECKING:
    from bulkops.runs.live_template import Made

_DAYS = re.compile(r"([1-9][0-9]{0,2})d", re.IGNORECASE)


def template(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The workbook to make; it must not exist yet.", show_default=False)
    ],
    env: EnvName = None,
    base_url: BaseUrl = None,
    imports: Annotated[
        str | None,
        typer.Option(
            "--imports",
            metavar="DAYS",
            help="A row for each import of the last days that has kickouts: 30d, or any from 1d to 365d.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make a workbook with headings, drop-downs and instructions: an empty one or, with --env or --base-url, one that
    offers EnergyCAP's own lists, flag types, people, batches and imports by name. EnergyCAP is only read."""
    from bulkops.workbook.writing import templates

    if path.suffix.lower() != ".xlsx":
        raise typer.BadParameter(f"A template's name ends with .xlsx, for example {path.stem}.xlsx.")
    not_both("--env", env, "--base-url", base_url)
    days = None if imports is None else _days(imports)
    if env is None and base_url is None:
        if days is not None:
            raise typer.BadParameter("--imports needs --env or --base-url: the imports are EnergyCAP's.")
        templates.make_template(path)
        console.tell(f'Made {path}. Fill in its rows, then run: bulkops check "{path}"')
        return
    _show(_made(path, env, base_url, days))


def _days(text: str) -> int:
    from bulkops.runs.live_template import MOST_DAYS

    found = _DAYS.fullmatch(text.strip())
    if found is None or int(found[1]) > MOST_DAYS:
        raise typer.BadParameter(f"--imports takes a number of days from 1d to {MOST_DAYS}d, for example 30d.")
    return int(found[1])


def _made(path: Path, env: str | None, base_url: str | None, days: int | None) -> "Made":
    from bulkops.energycap import environments
    from bulkops.runs.live_template import make

    try:
        environment = environments.environment(env, base_url)
        with _asking() as progress:
            return make(path, environment, console.data_folder(), days, progress=progress)
    except KeyboardInterrupt:
        raise CannotStart("template.stopped") from None


@contextmanager
def _asking() -> Iterator[Callable[[int, int], object]]:
    """How many answers have come: a line that counts on a terminal, and elsewhere its begin alone."""
    counting = sys.stderr is not None and sys.stderr.isatty()
    said = False

    def told(done: int, of: int) -> None:
        nonlocal said
        if counting:
            with suppress(OSError):
                typer.echo(f"\rEnergyCAP is asked for its names: {plural(done, 'answer')} of {of} ", err=True, nl=False)
        elif not said:
            console.say("EnergyCAP is asked for its names.")
        said = True

    try:
        yield told
    finally:
        if counting and said:
            console.say("")


def _show(made: "Made") -> None:
    console.tell("\n".join((*made.told, f'Made {made.path}. Fill in its rows, then run: bulkops check "{made.path}"')))
