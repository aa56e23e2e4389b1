"""The command line: arguments in, words and exit codes out. Everything that happens is a run's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from bulkops import __version__
from bulkops.cli import console, keys
from bulkops.cli.history import history
from bulkops.cli.options import AsJson, BaseUrl, Corrections, EnvName, Hidden, Offline, Results, Workbook, Yes, not_both
from bulkops.cli.practice import demo, practice
from bulkops.cli.template import template
from bulkops.energycap import environments
from bulkops.messages.errors import BulkopsError
from bulkops.system.data_folder import home

if TYPE_CHECKING:
    from bulkops.runs.prepared_run import PreparedRun
    from bulkops.runs.report import Options, Report

cli = typer.Typer(
    help="Kickout reimports and list flag edits in EnergyCAP, from a spreadsheet. "
    "Nothing is sent twice, nothing is lost, and every row says what became of it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
cli.add_typer(keys.commands, name="key")
_CTRL_C = 130
"""typer's exit code for it, where a command does not see to it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every known trouble is a sentence, and nothing ends in a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    console.fill_gaps()
    console.soften()
    try:
        code = cli(given, prog_name="bulkops", standalone_mode=False)
    except TyperException as error:
        words = error.format_message().removeprefix("Invalid value: ").rstrip(".")
        if "--json" in given:
            console.print_failure(f"{words}.")
        context = getattr(error, "ctx", None)
        console.say(f"bulkops: {words}. Try: {context.command_path if context else 'bulkops'} --help")
        code = console.NOT_STARTED
    except BulkopsError as error:
        console.say(f"bulkops: {error.for_command_line()}")
        code = console.NOT_STARTED
    except Exception as error:
        if not console.is_unread(error):  # the help, by typer itself
            console.report_internal_error(error)
        code = console.NOT_STARTED
    # During a run Ctrl-C stops the run itself: elsewhere nothing has been sent.
    console.leave(console.NOT_STARTED if code == _CTRL_C else code or 0)


@cli.callback(invoke_without_command=True)
def bulkops(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Kickout reimports and list flag edits in EnergyCAP, from a spreadsheet. Without a command: the window."""
    if version:
        console.tell(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        desktop([])


@cli.command()
def desktop(
    workbooks: Annotated[list[Path] | None, typer.Argument(metavar="[WORKBOOK]", show_default=False)] = None,
) -> None:
    """Open the window, with a workbook if one is named."""
    from bulkops.desktop import starting

    starting.show(workbooks or [])


@cli.command()
def check(
    workbook: Workbook,
    env: EnvName = None,
    base_url: BaseUrl = None,
    include_hidden: Hidden = False,
    offline: Offline = False,
    corrections: Corrections = None,
    as_json: AsJson = False,
) -> None:
    """Check every row against the rules and, if its key is stored, against EnergyCAP. Nothing is sent and nothing is
    written, but for --corrections."""
    from bulkops.runs import preview
    from bulkops.runs.report import Options

    not_both("--env", env, "--base-url", base_url)
    with console.starting(as_json, workbook):
        from bulkops.workbook.reader import without_collecting

        options = Options(include_hidden=include_hidden, corrections=corrections, offline=offline)
        # The program ends with this workbook: what a collection would find goes then.
        with without_collecting(), console.asking() as watch:
            environment = environments.environment(env, base_url)
            report = preview.check(workbook, environment, console.data_folder(), options, watch)
    raise console.ended(report, as_json)


@cli.command()
def run(
    workbook: Workbook,
    env: EnvName = None,
    base_url: BaseUrl = None,
    yes: Yes = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Run the good rows although others need fixing: the default.")
    ] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Send nothing if any row needs fixing.")
    ] = False,
    send_again: Annotated[bool, typer.Option("--send-again", help="Send rows again that were done before.")] = False,
    include_hidden: Hidden = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=32, help="Rows side by side, where that is safe.")] = 4,
    independent: Annotated[
        bool, typer.Option("--independent", help="Only rows of one list, one batch or one task need their order.")
    ] = False,
    per_minute: Annotated[
        int | None, typer.Option("--per-minute", min=1, help="At most so many rows a minute.")
    ] = None,
    stop_after: Annotated[
        int,
        typer.Option("--stop-after", min=1, help="Stop after so many rows in a row with network or server trouble."),
    ] = 5,
    stop_on_mismatch: Annotated[
        bool,
        typer.Option(
            "--stop-on-mismatch", help="Stop after a row whose list holds another number than Expected bills."
        ),
    ] = False,
    max_bills: Annotated[
        int | None,
        typer.Option("--max-bills", min=0, help="Send nothing if the lists to be edited hold more bills in all."),
    ] = None,
    offline: Offline = False,
    results: Results = None,
    corrections: Corrections = None,
    as_json: AsJson = False,
) -> None:
    """Check, ask, send every good row once, write the results."""
    from bulkops.runs.prepare import prepare
    from bulkops.runs.report import Options

    not_both("--env", env, "--base-url", base_url)
    not_both("--offline", offline, "--max-bills", max_bills is not None)
    not_both("--skip-invalid", skip_invalid, "--all-or-nothing", all_or_nothing)
    options = Options(
        *(include_hidden, send_again, all_or_nothing, jobs, results, independent, per_minute, stop_after),
        stop_on_mismatch=stop_on_mismatch,
        corrections=corrections,
        offline=offline,
        max_bills=max_bills,
    )
    with ExitStack() as stack:
        with console.starting(as_json, workbook), console.asking() as watch:
            environment, folder = environments.environment(env, base_url), console.data_folder()
            report = _run(
                lambda wanted: prepare(workbook, environment, folder, wanted, watch=watch), options, yes, stack
            )
        raise console.ended(report, as_json)


@cli.command()
def inbox(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where workbooks are dropped to be run.", show_default=False)
    ],
    env: EnvName = None,
    base_url: BaseUrl = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Run the workbooks in a folder one by one, and move each to Done, Needs attention or In doubt."""
    from bulkops.cli.inbox import go_through

    not_both("--env", env, "--base-url", base_url)
    with console.starting(as_json):
        code = go_through(folder, environments.environment(env, base_url), console.data_folder(), yes, as_json)
    raise typer.Exit(code)


@cli.command()
def resume(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]", help="A run's id; without it, the last that was cut short.", show_default=False
        ),
    ] = None,
    yes: Yes = False,
    results: Results = None,
    as_json: AsJson = False,
) -> None:
    """Finish a run that was stopped or cut short: send what is left of it, and write its results anew."""
    from bulkops.runs.report import Options
    from bulkops.runs.resume import prepare_again

    with ExitStack() as stack:
        with console.starting(as_json), console.asking() as watch:
            folder = console.data_folder()
            report = _run(lambda _: prepare_again(run, folder, results, watch), Options(), yes, stack)
        raise console.ended(report, as_json)


cli.command()(template)
cli.command()(demo)
cli.command()(practice)
cli.command()(history)


@cli.command()
def explain(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="A message's code, such as cell.date.", show_default=False)
    ],
) -> None:
    """Say what a message means and what to do, by its code."""
    from bulkops.operations import all_operations
    from bulkops.operations.message_catalogue import Catalogue

    message = Catalogue(all_operations().values()).find(code)
    said, tip = message.in_general()
    console.tell(f"{message.code}: {message.title}\n{said}\n{tip}")
    if message.warning:
        console.tell("This is a warning: no row is held back by it.")


def _run(
    ready: Callable[[Options], AbstractContextManager[PreparedRun]], options: Options, yes: bool, stack: ExitStack
) -> Report:
    """Prepare, ask, run. From the first send until ``stack`` ends, Ctrl-C stops the run and nothing else."""
    from bulkops.cli.presenting import ask, ask_to_take_over
    from bulkops.runs.confirmation import prepare_and_carry_out, unattended
    from bulkops.runs.control import Control

    watcher = console.Watcher(Control(), stack)
    confirm, confirm_take_over = (unattended, lambda older: older) if yes else (ask, ask_to_take_over)
    report = prepare_and_carry_out(ready, home(), confirm, confirm_take_over, watcher.listen, watcher.control, options)
    return replace(report, internal_error=report.internal_error or watcher.internal_error)
