"""Between the command line and the operator's console: what is printed where, Ctrl-C, and endings that go wrong."""

from __future__ import annotations

import codecs
import errno
import json
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import typer

from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.system import log, shutdown
from bulkops.system.data_folder import home

if TYPE_CHECKING:
    from bulkops.model.outcomes import Outcome
    from bulkops.runs.control import Control, Watch
    from bulkops.runs.report import Report

SOME_LEFT, NOT_STARTED, STOPPED = 1, 2, 3
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


def fill_gaps() -> None:
    """Open whatever of 0, 1 and 2 is closed (``2>&-``), on nothing.

    Else the next file that is opened has its number, and what is written to standard error goes into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one


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
        with printing():
            typer.echo(context.get_help())
        raise typer.Exit(NOT_STARTED)


@contextmanager
def stoppable(control: Control) -> Iterator[None]:
    """Ctrl-C (or a polite kill, or a closed console) lets the rows in flight finish, and starts no more."""

    def stop(*_: object) -> None:
        control.stop("You stopped the run.")
        # Said by a thread of its own: the signal may have come in the middle of another print.
        words = "Stopping: the rows on their way are finished and recorded first."
        threading.Thread(target=say, args=(words,)).start()

    # SIGHUP: the terminal's window is closed. What nohup or a shell made us ignore stays ignored.
    known = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"))
    heard = [each for each in known if each is not None and signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in heard}
    try:
        with shutdown.heard(stop):
            yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Watcher:
    """Shows how far a run is. What goes wrong in showing is told with the report."""

    def __init__(self, control: Control, stack: ExitStack | None) -> None:
        """From the first send until ``stack`` ends, Ctrl-C stops the run and nothing else. None: it does so already."""
        self.control, self._stack = control, stack
        self.internal_error: Exception | None = None

    @contextmanager
    def listen(self, count: int) -> Iterator[Callable[[Outcome], object]]:
        """Takes each outcome."""
        from bulkops.cli.progress import Progress

        if self._stack is not None:
            self._stack.enter_context(stoppable(self.control))
        with Progress(count, waiting=self.control.waiting) as progress:
            yield progress.saw
        self.internal_error = progress.internal_error


@contextmanager
def updating() -> Iterator[Callable[[int], None]]:
    """Takes how far the record is brought up to date: a line that counts on a terminal; elsewhere its begin and end."""
    from bulkops.messages.record import bringing_up_to_date

    counting = sys.stderr is not None and sys.stderr.isatty()
    last = 100

    def told(percent: int) -> None:
        nonlocal last
        if counting and percent != last:
            with suppress(OSError):
                typer.echo(f"\r{bringing_up_to_date(percent)}", err=True, nl=percent == 100)
        elif percent in (0, 100):
            say(bringing_up_to_date(percent))
        last = percent

    try:
        yield told
    finally:
        if counting and last != 100:
            say("")


@contextmanager
def asking() -> Iterator[Watch]:
    """Shows how far the reading of EnergyCAP is: a line that counts on a terminal, and nothing elsewhere."""
    from bulkops.messages.precheck import being_asked
    from bulkops.runs.control import Watch

    counting = sys.stderr is not None and sys.stderr.isatty()

    def told(done: int, of: int) -> None:
        with suppress(OSError):
            typer.echo(f"\r{being_asked(done, of)}", err=True, nl=done == of)

    yield Watch(told) if counting else Watch()


def data_folder() -> Path:
    """Where it is. A record that an earlier version has left there is brought up to date first."""
    from bulkops.runs import ledger_access

    folder = home()
    with updating() as told:
        ledger_access.bring_up_to_date(folder, told)
    return folder


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
            why = error.for_command_line() if isinstance(error, BulkopsError) else "bulkops met an error of its own."
            print_failure(why, workbook)
        raise


def print_failure(why: str, workbook: Path | None = None) -> None:
    """The one document of a start that failed: no rows, and the reason as its note."""
    from bulkops.runs.results import document

    print_document(document(None, str(workbook) if workbook else None, None, None, (), [why]))


def ended(report: Report, as_json: bool) -> typer.Exit:
    """Tell a report. Whatever happens meanwhile, the exit code is that of the rows; not 0 if its document is lost."""
    whole, internal_error = not as_json, report.internal_error
    try:
        whole = present(report, as_json) or whole
        if report.refused is not None:
            say(f"bulkops: {report.refused.for_command_line()}")
    except Exception as error:
        internal_error = internal_error or error
    if internal_error is not None and not isinstance(internal_error, OSError):
        report_internal_error(internal_error)
    return typer.Exit(report.exit_code if whole else report.exit_code or SOME_LEFT)


def present(report: Report, as_json: bool) -> bool:
    """A report on standard output, as a table or as a document. Whether all of it could be written there."""
    if as_json:
        return print_document(report.document())
    from bulkops.cli.presenting import show

    with printing() as lost:
        show(report)
    return not lost


def print_document(document: dict[str, Any]) -> bool:
    """A document on standard output. Whether it could be written there, whole."""
    if sys.stdout is None:
        say("bulkops: what was asked for could not be written: standard output is closed.")
        return False
    with printing() as lost:
        typer.echo(json.dumps(document))
    return not lost


@contextmanager
def printing() -> Iterator[list[OSError]]:
    """Standard output, which may be on a full disk, or a pipe that nobody reads: what went wrong, if anything."""
    lost: list[OSError] = []
    try:
        yield lost
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        lost.append(error)
        _let_go(sys.stdout)
        if not _nobody_reads(error):  # and who reads no more (``| head``, ``| more``) wants to know no more
            say(f"bulkops: not all could be written to standard output ({error.strerror or error}).")


def _nobody_reads(error: OSError) -> bool:
    """Is it that of a pipe that was closed at its other end? Windows has another word for it than all others."""
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def leave(code: int) -> NoReturn:
    """Exit. What can no longer be written does not change the code: Python would make it 120 on its way out."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            _let_go(stream)
    sys.exit(code)


def _let_go(stream: TextIO) -> None:
    """Let what is still written to a stream that takes no more go nowhere."""
    with suppress(OSError):  # a stream without a file of its own
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_unread(error: Exception) -> bool:
    """Is it one of a standard output that takes no more? Then it does not take the end of a line either."""
    if not isinstance(error, OSError):
        return False
    with printing() as lost:
        typer.echo()
    return bool(lost)


def report_internal_error(internal_error: Exception) -> None:
    """An internal error: the details go to a file, the operator gets a sentence."""
    say(f"bulkops: {log.record(internal_error)}")


def tell(text: str) -> None:
    """To standard output, which is a command's own answer."""
    from bulkops.messages.wording import printable

    with printing():
        typer.echo(printable(text))


def say(text: str) -> None:
    """To standard error, which is never part of a document."""
    from bulkops.messages.wording import printable

    with suppress(OSError):  # a terminal that is gone, a log on a full disk
        typer.echo(printable(text), err=True)
