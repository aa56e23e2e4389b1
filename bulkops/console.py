"""Between the command line and the operator's console: what is printed where, Ctrl-C, and endings that go wrong."""

from __future__ import annotations

import codecs
import json
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bulkops.defects import recorded
from bulkops.errors import BulkopsError, CannotStart

if TYPE_CHECKING:
    from bulkops.processor import Control
    from bulkops.report import Report

NOT_STARTED, STOPPED = 2, 3
_PLAIN = {
    "“": '"',
    "”": '"',
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{EN DASH}": "-",
    "…": ".",
    "→": ">",
    "·": "-",
    "•": "*",
}
"""Each as wide as what it stands for, so that tables stay in line."""


def soften() -> None:
    """A console in an old code page shows plain characters for those it lacks, instead of ending the program."""
    codecs.register_error("look-alike", _look_alike)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="look-alike")


def _look_alike(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(char, _unknown(char)) for char in error.object[error.start : error.end]), error.end


def _unknown(char: str) -> str:
    return "??" if unicodedata.east_asian_width(char) in ("W", "F") else "?"


def help_unless_asked(context: typer.Context) -> None:
    """Where no command was given: nothing was asked for, so nothing is done."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(NOT_STARTED)


@contextmanager
def stoppable(control: Control) -> Iterator[None]:
    """Ctrl-C (or a polite kill) lets the rows in flight finish, and starts no more."""

    def stop(*_: object) -> None:
        control.stop("You stopped the run.")
        # Said by a thread of its own: the signal may have come in the middle of another print.
        words = "Stopping: the rows on their way are finished and recorded first."
        threading.Thread(target=say, args=(words,)).start()

    # SIGHUP and SIGBREAK: the terminal's window is closed. What nohup or a shell made us ignore stays ignored.
    known = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"))
    heard = [each for each in known if each is not None and signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def starting(as_json: bool, workbook: Path | None = None) -> Iterator[None]:
    """Until there is a report: Ctrl-C means no, and whatever goes wrong, --json prints its one document."""
    try:
        try:
            yield
        except KeyboardInterrupt:
            raise CannotStart("run.declined") from None
    except Exception as error:
        if as_json:
            why = error.typed() if isinstance(error, BulkopsError) else "bulkops met an error of its own."
            print_failure(why, workbook)
        raise


def print_failure(why: str, workbook: Path | None = None) -> None:
    """The one document of a start that failed: no rows, and the reason as its note."""
    from bulkops.results import document

    typer.echo(json.dumps(document(None, str(workbook) if workbook else None, None, None, (), [why])))


def ended(report: Report, as_json: bool) -> typer.Exit:
    """Tell a report. Whatever happens meanwhile, the exit code is that of the rows."""
    defect = report.defect
    try:
        present(report, as_json)
        if report.refused is not None:
            say(f"bulkops: {report.refused.typed()}")
    except Exception as error:
        defect = defect or error
    if defect is not None:
        report_defect(defect)
    return typer.Exit(report.exit_code)


def present(report: Report, as_json: bool) -> None:
    """A report on standard output, as a table or as a document."""
    try:
        if as_json:
            typer.echo(json.dumps(report.document()))
        else:
            from bulkops.presenting import show

            show(report)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read this has gone (``| head``). Python would fail once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_defect(defect: Exception) -> None:
    """Our own defect: the details go to a file, the operator gets a sentence."""
    say(f"bulkops: {recorded(defect)}")


def tell(text: str) -> None:
    """To standard output, which is a command's own answer."""
    from bulkops.phrases import printable

    typer.echo(printable(text))


def say(text: str) -> None:
    """To standard error, which is never part of a document."""
    from bulkops.phrases import printable

    with suppress(OSError):
        typer.echo(printable(text), err=True)
