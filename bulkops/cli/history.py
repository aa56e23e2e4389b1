"""``bulkops history``: the runs of this computer, one of them row by row, and how much room they take."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bulkops.cli import console
from bulkops.cli.options import AsJson, Results
from bulkops.messages.wording import plural
from bulkops.runs.run_list import State
from bulkops.system.data_folder import home

_DAY = "%Y-%m-%d"


def history(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="A run's id; without it, all runs.", show_default=False)
    ] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only runs that stand so.")] = None,
    workbook: Annotated[str, typer.Option("--workbook", help="Part of the workbook's name or path.")] = "",
    since: Annotated[
        datetime | None, typer.Option("--since", formats=[_DAY], metavar="DAY", help="Runs from YYYY-MM-DD on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=[_DAY], metavar="DAY", help="Runs up to YYYY-MM-DD.")
    ] = None,
    person: Annotated[str, typer.Option("--person", help="Part of the name of who ran it, or whose key it was.")] = "",
    as_csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the list to this file (.csv), which must not exist yet.")
    ] = None,
    results: Results = None,
    as_json: AsJson = False,
    disk: Annotated[bool, typer.Option("--disk", help="How much room the records and copies take, instead.")] = False,
    archive_before: Annotated[
        datetime | None,
        typer.Option(
            "--archive-before",
            formats=[_DAY],
            metavar="DAY",
            help="Move what runs before YYYY-MM-DD said of their rows into an archive; what was sent stays recorded.",
        ),
    ] = None,
) -> None:
    """List the runs of this computer, or show one run's rows and make its results file again."""
    from bulkops.cli.presenting import run_table
    from bulkops.runs import history, run_list

    first, last = (each.date() if each else None for each in (since, until))
    choice = run_list.Choice(state, workbook, first, last, person)
    if disk or archive_before:
        chosen = run or results or as_csv or choice != run_list.Choice()
        _tell_disk(as_json, archive_before, alone=not (chosen or (disk and archive_before)))
        return
    if results is not None and run is None:
        raise typer.BadParameter("--results needs the id of a run.")
    if run is not None and (choice != run_list.Choice() or as_csv):
        raise typer.BadParameter("The id of a run cannot be given with what chooses from the list of all runs.")
    with console.starting(as_json):
        if run is not None:
            if not console.present(history.recall(console.data_folder(), run, results), as_json) and as_json:
                raise typer.Exit(console.SOME_LEFT)
            return
        known = history.history(console.data_folder())
        runs = [past for past in known if choice.takes(past)]
        if as_csv is not None:
            run_list.export(runs, as_csv)
    if as_json:
        if not console.print_document({"runs": [past.document() for past in runs]}):
            raise typer.Exit(console.SOME_LEFT)
    elif as_csv is not None:
        console.tell(f"{plural(len(runs), 'run')} in {as_csv}")
    elif runs:
        with console.printing():
            run_table(runs)
    else:
        console.tell("No run is like that." if known else "Nothing has been run on this computer yet.")


def _tell_disk(as_json: bool, archive_before: datetime | None, alone: bool) -> None:
    from bulkops.runs import disk_space

    if not alone:
        raise typer.BadParameter("--disk and --archive-before go with --json and nothing else.")
    with console.starting(as_json):
        if archive_before is not None:
            document, lines = disk_space.archive(home(), archive_before)
        else:
            document, lines = disk_space.document(home()), disk_space.lines(home())
    if as_json:
        if not console.print_document(document):
            raise typer.Exit(console.SOME_LEFT)
    else:
        with console.printing():
            typer.echo("\n".join(lines))
