"""The command line: arguments in, words and exit codes out. Everything that happens is app's (product.md section 4)."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bulkops import __version__
from bulkops.errors import BulkopsError, CannotStart
from bulkops.settings import (
    ENVIRONMENTS,
    PRACTICE,
    Environment,
    Key,
    environment,
    find_key,
    forget_key,
    home,
    store_key,
)

if TYPE_CHECKING:
    from bulkops.processor import Control
    from bulkops.report import Options, Report

cli = typer.Typer(
    name="bulkops",
    help="Kickout reimports and list flag edits in EnergyCAP, from a spreadsheet. "
    "Nothing is sent twice, nothing is lost, and every row says what became of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
key_commands = typer.Typer(
    help="The API key of an environment, kept in this computer's credential store.", no_args_is_help=True
)
cli.add_typer(key_commands, name="key")

Workbook = Annotated[Path, typer.Argument(help="An .xlsx or .xlsm workbook.", show_default=False)]
EnvName = Annotated[
    str | None, typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}.", show_default="practice")
]
BaseUrl = Annotated[str | None, typer.Option("--base-url", help="Another EnergyCAP address, instead of --env.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Hidden = Annotated[bool, typer.Option("--include-hidden", help="Hidden and filtered-out rows count too.")]


def main() -> None:
    """Run the command line; every known trouble is a sentence, and nothing ends in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A console in an old code page shows "?" for what it lacks, instead of ending the program.
            stream.reconfigure(errors="replace")
    try:
        cli()
    except BulkopsError as error:
        sys.exit(_fail(error))
    except Exception as error:
        sys.exit(_defect(error))


@cli.command()
def check(
    workbook: Workbook,
    env: EnvName = None,
    base_url: BaseUrl = None,
    include_hidden: Hidden = False,
    as_json: AsJson = False,
) -> None:
    """Check every row against the rules. Nothing is sent and nothing is written."""
    from bulkops import app
    from bulkops.report import Options

    with _json_on_failure(workbook, as_json):
        where = _environment(env, base_url)
        report = app.check(workbook, where, home(), Options(include_hidden=include_hidden))
    _present(report, as_json)
    raise typer.Exit(report.exit_code)


@cli.command()
def run(
    workbook: Workbook,
    env: EnvName = None,
    base_url: BaseUrl = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Run the good rows although others need fixing.")
    ] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Send nothing if any row needs fixing.")
    ] = False,
    send_again: Annotated[bool, typer.Option("--send-again", help="Send rows again that were done before.")] = False,
    include_hidden: Hidden = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=32, help="Rows side by side, where that is safe.")] = 4,
    results: Annotated[Path | None, typer.Option("--results", help="Where to write the results.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check, ask, send every good row once, and write the results beside the workbook."""
    from bulkops.report import Options

    if skip_invalid and all_or_nothing:
        raise typer.BadParameter("--skip-invalid and --all-or-nothing exclude each other.")
    with _json_on_failure(workbook, as_json):
        where = _environment(env, base_url)
        options = Options(include_hidden, send_again, all_or_nothing, jobs, results)
        report, refusal = _run(workbook, where, home(), options, yes)
    _present(report, as_json)
    if refusal is not None:
        raise typer.Exit(_fail(refusal))
    raise typer.Exit(report.exit_code)


@cli.command()
def template(
    path: Annotated[Path, typer.Argument(help="The workbook to make; it must not exist yet.", show_default=False)],
) -> None:
    """Make an empty workbook with headings, drop-downs and instructions."""
    from bulkops import templates

    templates.make_template(path)
    typer.echo(f"Made {path}. Fill in its rows, then run: bulkops check {path}")


@cli.command()
def demo(as_json: AsJson = False) -> None:
    """Run copies of the sample sheets against a practice server."""
    from bulkops import practising

    folder = practising.demo_folder(home())
    say = _stderr if as_json else typer.echo
    say(f"Practice: everything stays on this computer. The copies and their results are in {folder}")
    reports = []
    for report in practising.demo(folder):
        reports.append(report)
        if not as_json:
            typer.echo()
            _present(report, False)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "runs": [report.document() for report in reports]}, indent=2))
    code = max(report.exit_code for report in reports)
    say("")
    say(
        "The demo worked. Some of its rows are wrong on purpose, so it ends with exit code 1, as such a run should."
        if code == 1
        else f"The demo ended with exit code {code}."
    )
    raise typer.Exit(code)


@cli.command()
def practice(port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port.")] = 0) -> None:
    """Serve a practice EnergyCAP on this computer until Ctrl-C."""
    from bulkops.practice.server import serve_forever

    def announce(base_url: str, key: str) -> None:
        typer.echo(f"A practice EnergyCAP is at {base_url} with the key {key} until you press Ctrl-C.")
        typer.echo(f"Run a workbook against it: BULKOPS_API_KEY={key} bulkops run WORKBOOK --base-url {base_url}")

    try:
        serve_forever(port, announce)
    except OSError as error:
        raise CannotStart("practice.port", value=port) from error


@cli.command()
def history(
    run: Annotated[str | None, typer.Argument(help="A run's id; without it, all runs.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of this computer, or show one run's rows."""
    from bulkops import app
    from bulkops.presenting import run_table

    if run is not None:
        _present(app.recall(home(), run), as_json)
        return
    runs = app.history(home())
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "runs": [
                        {
                            "run": each.id,
                            "started": each.started,
                            "ended": each.ended,
                            "who": each.who,
                            "environment": each.environment,
                            "workbook": each.workbook,
                            "results": each.results,
                            "totals": counts,
                        }
                        for each, counts in runs
                    ]
                },
                indent=2,
            )
        )
    elif not runs:
        typer.echo("Nothing has been run on this computer yet.")
    else:
        run_table(runs)


@key_commands.command("set")
def key_set(env: Annotated[str, typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}.")]) -> None:
    """Store a key; it is asked for and not shown."""
    import getpass

    where = _with_key(env)
    if sys.stdin.isatty():
        typed = getpass.getpass(f"API key for {where.host} (it is not shown): ")
    else:
        typed = sys.stdin.readline()
    store_key(where, Key(typed.strip()))
    typer.echo(
        f"The key for {where.host} is stored; programs that you run can read it, too. "
        f"Try it: bulkops key test --env {env}"
    )


@key_commands.command("test")
def key_test(env: Annotated[str, typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}.")]) -> None:
    """Ask EnergyCAP whose key this is. Nothing is changed."""
    from bulkops.preflight import who_am_i

    where = _with_key(env)
    key = find_key(where)
    owner, note = who_am_i(where, key)
    typer.echo(f"The key {key.masked()} works at {where.host} as {owner}." if owner else note)


@key_commands.command("forget")
def key_forget(env: Annotated[str, typer.Option("--env", help=f"One of: {', '.join(ENVIRONMENTS)}.")]) -> None:
    """Remove a stored key."""
    where = _with_key(env)
    removed = forget_key(where)
    typer.echo(f"The key for {where.host} is removed." if removed else f"There was no key for {where.host}.")


def _environment(env: str | None, base_url: str | None) -> Environment:
    if env is not None and base_url is not None:
        raise typer.BadParameter("--env and --base-url exclude each other.")
    return environment(env, base_url)


def _with_key(env: str) -> Environment:
    where = environment(env)
    if where.name == PRACTICE:
        raise CannotStart("key.fixed")
    return where


def _run(
    workbook: Path, where: Environment, folder: Path, options: Options, yes: bool
) -> tuple[Report, CannotStart | None]:
    """Prepare, ask, run. A refusal comes with a report in which every row has its status."""
    from bulkops import app
    from bulkops.presenting import Progress, ask
    from bulkops.processor import Control

    with app.prepare(workbook, where, folder, options) as prepared:
        if prepared.obstacle is not None:
            return prepared.refuse(prepared.obstacle, write=False), prepared.obstacle
        if options.all_or_nothing and (invalid := prepared.invalid()):
            refusal = CannotStart("run.invalid", value=invalid)
            return prepared.refuse(refusal, write=True), refusal
        if prepared.plan.steps and not yes and (code := ask(prepared.summary())):
            refusal = CannotStart(code)
            return prepared.refuse(refusal, write=False), refusal
        control = Control()
        with _stoppable(control), Progress(len(prepared.plan.steps)) as progress:
            return prepared.run(control, progress.saw), None


@contextmanager
def _stoppable(control: Control) -> Iterator[None]:
    """Ctrl-C (or a polite kill) lets the rows in flight finish, and starts no more."""

    def stop(*_: object) -> None:
        if not control.stopped.is_set():
            _stderr("Stopping: the rows on their way are finished and recorded first.")
        control.stop("You stopped the run.")

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _json_on_failure(workbook: Path, as_json: bool) -> Iterator[None]:
    """With --json even a run that could not start prints its one document."""
    from bulkops.results import document

    try:
        yield
    except CannotStart as error:
        if as_json:
            typer.echo(json.dumps(document(None, str(workbook), None, None, (), [str(error)]), indent=2))
        raise


def _present(report: Report, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.document(), indent=2))
        return
    from bulkops.presenting import show

    show(report)


def _fail(error: BulkopsError) -> int:
    _stderr(f"bulkops: {error}")
    return 2 if isinstance(error, CannotStart) else 3


def _defect(error: Exception) -> int:
    """Our own defect: the details go to a file, the operator gets a sentence; what was sent decides the exit code."""
    from bulkops.running import DefectError

    cause = error.__cause__ if isinstance(error, DefectError) and error.__cause__ else error
    try:
        path = home() / "errors.log"
        with open(path, "a", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(cause)) + "\n")
    except (OSError, BulkopsError):
        path = Path("errors.log")
    if isinstance(error, DefectError):
        _present(error.report, False)
    _fail(CannotStart("run.bug", value=type(cause).__name__, path=path))
    return error.report.exit_code if isinstance(error, DefectError) else 2


def _stderr(text: str) -> None:
    typer.echo(text, err=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> Any:
    """Kickout reimports and list flag edits in EnergyCAP, from a spreadsheet."""
