"""What a person at a terminal sees: the table of rows, the question, the progress."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bulkops.model import Outcome, Status
from bulkops.settings import PRACTICE

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from bulkops.report import Report, Summary

_MOST_ROWS = 60
_COLOURS = {
    Status.DONE: "green",
    Status.READY: "green",
    Status.ALREADY_DONE: "blue",
    Status.FAILED: "red",
    Status.INVALID: "yellow",
    Status.UNKNOWN: "magenta",
    Status.NOT_SENT: "bright_black",
}
_URGENCY = (
    Status.UNKNOWN,
    Status.FAILED,
    Status.INVALID,
    Status.NOT_SENT,
    Status.ALREADY_DONE,
    Status.DONE,
    Status.READY,
)
_LINE_EVERY = 10.0


def _console(stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # Off a terminal a table as wide as its words reads better in a log than one folded at 80 columns.
    return Console(file=stream, width=None if stream.isatty() else 160, highlight=False, emoji=False, markup=False)


def show(report: Report) -> None:
    """The rows as a table (of many, those to look at), the totals, the notes, the results file."""
    console = _console()
    table = Table(title=f"{report.workbook.name} · {report.environment.name}", title_justify="left", show_lines=False)
    for heading, width in (
        ("Sheet", 10),
        ("Row", 3),
        ("Status", 12),
        ("Target", 8),
        ("Result", 8),
        ("Message and what to do", 30),
    ):
        table.add_column(heading, min_width=width, overflow="fold", justify="right" if heading == "Row" else "left")
    shown = list(report.outcomes)
    if len(shown) > _MOST_ROWS:
        good = (Status.DONE, Status.READY, Status.ALREADY_DONE)
        shown = sorted(
            (each for each in shown if each.status not in good), key=lambda each: _URGENCY.index(each.status)
        )
    for outcome in shown[:_MOST_ROWS]:
        table.add_row(
            outcome.sheet,
            str(outcome.row),
            Text(outcome.status.label, style=_COLOURS[outcome.status]),
            outcome.target,
            _result(outcome),
            _words(outcome),
        )
    if shown:
        console.print(table)
    if len(report.outcomes) > _MOST_ROWS:
        left_out = len(report.outcomes) - min(len(shown), _MOST_ROWS)
        console.print(f"{left_out} more rows are not shown here; the results file has them all.")
    counts = Counter(outcome.status for outcome in report.outcomes)
    said = [f"{counts[status]} {status.label.lower()}" for status in _URGENCY if counts[status]]
    console.print(Text(f"{len(report.outcomes)} rows: {', '.join(said)}.", style="bold"))
    if counts[Status.UNKNOWN]:
        console.print(
            Text("Do not send the unknown rows again before you have checked them in EnergyCAP.", style="magenta")
        )
    if report.stopped:
        console.print(Text(f"The run stopped early. {report.stopped}", style="red"))
    for note in report.notes:
        console.print(f"Note: {note}")
    if report.results is not None:
        # On a line of its own and never folded, so that it can be copied.
        console.print("Results:", soft_wrap=True)
        console.print(f"  {report.results}", soft_wrap=True)


def _result(outcome: Outcome) -> str:
    if outcome.new_task_guid:
        return outcome.new_task_guid
    if outcome.selected is not None:
        return f"{outcome.updated} of {outcome.selected} bills"
    return ""


def _words(outcome: Outcome) -> Text:
    words = Text(_printable(outcome.message))
    if outcome.tip and outcome.status is not Status.DONE:
        words.append(f"\n→ {_printable(outcome.tip)}" if words else _printable(outcome.tip), style="italic")
    for warning in outcome.warnings:
        words.append(f"{chr(10) if words else ''}Note: {_printable(warning)}", style="yellow")
    return words


def _printable(text: str) -> str:
    """Without characters that steer a terminal, whoever sent them."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)


def run_table(runs: list[tuple[Any, dict[str, int]]]) -> None:
    """The history, newest first."""
    table = Table()
    for heading in ("Run", "Started", "Who", "Environment", "Workbook", "Rows"):
        table.add_column(heading, overflow="fold")
    for run, counts in runs:
        said = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(counts.items()))
        table.add_row(run.id, run.started, run.who, run.environment, Path(run.workbook).name, said)
    _console().print(table)


def ask(summary: Summary) -> str | None:
    """Say what is about to happen and ask. None for yes, else the catalogue code of the refusal."""
    console = _console(stderr=True)
    what = " and ".join(f"{count} {plural}" for plural, count in summary.steps.items())
    console.print()
    console.print(Text(f"About to send {what}", style="bold"))
    style = "green" if summary.environment == PRACTICE else "bold red"
    console.print(Text(f"  to      {summary.environment}: {summary.host}", style=style))
    console.print(f"  as      {summary.owner or 'an unknown owner'} (key {summary.key})")
    for effect, count in summary.effects.items():
        console.print(f"  note    {count} of them {effect}")
    for status, count in summary.decided.items():
        console.print(f"  not     {count} {status.label.lower()}: not sent")
    console.print(f"  results {summary.results}", soft_wrap=True)
    if not sys.stdin.isatty():
        return "run.question"
    try:
        console.print("Send them? Type yes and press Enter: ", end="")
        return None if input().strip().lower() in ("y", "yes") else "run.declined"
    except (EOFError, KeyboardInterrupt):
        return "run.declined"


class Progress:
    """How far the run is, on standard error: a bar on a terminal, a plain line every 10 s elsewhere."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._clock = total, clock
        self._counts: Counter[Status] = Counter()
        self._bar: Bar | None = None
        self._begun = self._said = clock()

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and self._total:
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("Sending"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[counts]}"),
                TextColumn("left: about"),
                TimeRemainingColumn(),
                console=_console(stderr=True),
            )
            self._bar.add_task("", total=self._total, counts="")
            self._bar.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def saw(self, outcome: Outcome) -> None:
        """Count one more row."""
        self._counts[outcome.status] += 1
        done = self._counts.total()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, counts=self._told())
        elif self._clock() - self._said >= _LINE_EVERY:
            self._said = self._clock()
            seconds = (self._said - self._begun) / done * (self._total - done)
            left = (
                f"about {max(1, round(seconds / 60))} minutes left"
                if seconds > 90
                else f"about {round(seconds)} seconds left"
            )
            print(f"{done} of {self._total} rows: {self._told()}; {left}", file=sys.stderr, flush=True)

    def _told(self) -> str:
        return ", ".join(
            f"{self._counts[status]} {status.label.lower()}" for status in _URGENCY if self._counts[status]
        )
