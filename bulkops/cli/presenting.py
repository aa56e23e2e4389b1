"""What a person at a terminal sees: the table of rows, the list of runs, the question."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bulkops.messages.errors import BulkopsError, CannotStart, cli_hint
from bulkops.messages.wording import named, plural, printable
from bulkops.model.environment import PRACTICE
from bulkops.model.outcomes import Outcome, Status, by_status, to_look_at, urgency
from bulkops.runs.run_list import PastRun, State

if TYPE_CHECKING:
    from bulkops.runs.report import Report
    from bulkops.runs.summary import Summary

_MOST_ROWS, _MOST_RUNS = 60, 100
_COLOURS = {
    Status.UNKNOWN: "magenta",
    Status.FAILED: "red",
    Status.INVALID: "yellow",
    Status.LOOK: "dark_orange",
    Status.NOT_SENT: "bright_black",
    Status.ALREADY_DONE: "blue",
    Status.DONE: "green",
    Status.READY: "green",
    Status.ON_ITS_WAY: "cyan",
}
_WIDTH_IN_A_FILE = 120


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """rich would end the program here, with an exit code of its own."""
        raise BrokenPipeError


def terminal(stderr: bool = False) -> Console:
    """Standard output, or standard error, as rich writes to it."""
    stream = sys.stderr if stderr else sys.stdout
    # Off a terminal, a log has room for longer lines than the 80 columns that rich would take for granted.
    width = None if stream is not None and stream.isatty() else _WIDTH_IN_A_FILE
    return _Console(stderr=stderr, width=width, highlight=False, emoji=False, markup=False)


def show(report: Report) -> None:
    """The rows as a table (of many, those to look at), the totals, the notes, the results file."""
    console = terminal()
    table = Table(
        title=f"{printable(report.workbook.name)} · {report.environment.name}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    table.add_column("Sheet", overflow="fold", max_width=16)
    table.add_column("Row", justify="right", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Target and what became of it", overflow="fold", ratio=1)
    # What keeps every good row from being sent is said once, below.
    refused = report.refused.code if report.refused else None
    telling = [outcome for outcome in report.outcomes if refused is None or outcome.code != refused]
    shown = _worth_showing(telling)
    for outcome in shown:
        status = Text(outcome.shown.label, style=_COLOURS[outcome.shown])
        table.add_row(printable(outcome.sheet), str(outcome.row), status, _words(outcome))
    if shown:
        console.print(table)
    if more := len(telling) - len(shown):
        where = "The results file has them all." if report.results else "With --json you get them all."
        console.print(f"Not shown here: {plural(more, 'row')}. {where}\n")
    counts = Counter(outcome.shown for outcome in report.outcomes)
    console.print(Text(f"{plural(len(report.outcomes), 'row')}: {by_status(counts)}.", style="bold"))
    if counts[Status.UNKNOWN]:
        warning = "Do not send the unknown rows again before you have checked them in EnergyCAP."
        console.print(Text(warning, style=_COLOURS[Status.UNKNOWN]))
    if report.stopped:
        console.print(Text(f"The run stopped early. {printable(report.stopped)}", style="red"))
        if counts[Status.NOT_SENT]:
            console.print(f"To finish it: bulkops resume {report.run}")
    for note in report.notes:
        console.print(f"Note: {printable(note)}")
    if report.run is not None:
        console.print(f"Run: {report.run}")
    if report.results is not None:
        # Never folded, so that it can be copied.
        within = ", in the workbook itself" if report.results == report.workbook.absolute() else ""
        console.print(f"Results: {printable(str(report.results))}{within}", soft_wrap=True)
    if report.kept is not None:
        console.print(f"As it was before: {printable(str(report.kept))}", soft_wrap=True)
    if report.corrections:
        console.print(f"Corrections: {printable(report.corrections)}", soft_wrap=True)


def _worth_showing(outcomes: list[Outcome]) -> list[Outcome]:
    """All of a few rows; of many, those that are not good, the most urgent first."""
    if len(outcomes) <= _MOST_ROWS:
        return outcomes
    return sorted(filter(to_look_at, outcomes), key=urgency)[:_MOST_ROWS]


def _words(outcome: Outcome) -> Text:
    """The target, and below it what there is to say and to do."""
    lines = [Text(named(outcome.name, outcome.target), style="bold")]
    if outcome.new_task_guid:
        lines.append(Text(f"new task {outcome.new_task_guid}", style="green"))
    if outcome.message:
        lines.append(Text(printable(outcome.message)))
    if outcome.tip and not outcome.new_task_guid:
        lines.append(Text(f"→ {printable(outcome.tip)} {cli_hint(outcome.code)}".rstrip(), style="italic"))
    if outcome.status is Status.DONE and outcome.send_again_code:
        lines.append(Text(f"Send again code {outcome.send_again_code}", style="bright_black"))
    lines += [Text(f"Note: {printable(warning)}", style="yellow") for warning in outcome.warnings]
    return Text("\n").join(line for line in lines if line)


def run_table(runs: Sequence[PastRun]) -> None:
    """The history, newest first: each run's rows by status, and what there is to do about it; of many, the newest."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("Run", no_wrap=True)
    table.add_column("Started", no_wrap=True)
    table.add_column("Where, who", overflow="fold")
    table.add_column("Workbook, rows and what to do", overflow="fold", ratio=1)
    for past in runs[:_MOST_RUNS]:
        style = _COLOURS[past.worst] if past.worst and past.states != (State.FINISHED,) else "bright_black"
        words = Text("\n").join((Text(f"{past.workbook}\n{past.rows}"), Text(past.to_do, style=style)))
        for remark in past.remarks:
            words.append(f"\n{remark}", style="bright_black")
        table.add_row(past.id, past.started, f"{past.environment}, {past.who}", words)
    console = terminal()
    console.print(table)
    if (more := len(runs) - _MOST_RUNS) > 0:
        choose = "Choose from them with --state, --workbook, --since or --person, or get them all with --csv or --json."
        console.print(f"Not shown here: {plural(more, 'older run')}. {choose}")


def ask(summary: Summary) -> CannotStart | None:
    """Say what is about to happen, and ask, if anything is. None for yes, else why the run does not begin."""
    if not summary.steps:
        return None
    try:
        console = terminal(stderr=True)
        _describe(summary, console)
        return _answer(console, "Send them all the same?" if summary.sure else "Send them?")
    except OSError:
        return CannotStart("run.question")  # what nobody can read nobody can say yes to


def _describe(summary: Summary, console: Console) -> None:
    what = " and ".join(f"{count} {kind}" for kind, count in summary.steps.items())
    console.print()
    console.print(Text(f"About to send {what}", style="bold"))
    if summary.resumes:
        console.print(f"  to finish {printable(summary.resumes)}")
    style = "green" if summary.environment == PRACTICE else "bold red"
    console.print(Text(f"  to        {summary.environment}: {summary.host}", style=style))
    console.print(f"  as        {printable(summary.owner) or 'an unknown owner'} (key {summary.key})")
    for words in summary.touch:
        console.print(f"  touches   {printable(words)}")
    for effect, count in summary.effects.items():
        console.print(f"  of these  {count} {effect}")
    if summary.decided:
        console.print(f"  left out  {by_status(summary.decided)}")
    within = ", in a sheet of its own" if summary.within else ""
    console.print(f"  results   {printable(str(summary.results))}{within}", soft_wrap=True)
    for note in summary.notes:
        console.print(Text(f"Note: {printable(note)}", style="yellow"))
    for each in summary.sure:
        console.print(Text(printable(each.tip), style="bold red"))


def ask_to_take_over(why: BulkopsError) -> BulkopsError | None:
    """Say what the record of what was sent lacks, and ask. None for yes, else why nothing is done."""
    try:
        console = terminal(stderr=True)
        console.print(Text(f"\n{printable(why.sentence)}", style="bold red"))
        console.print(printable(why.tip))
        answer = _answer(console, "Take them over as unknown?")
    except OSError:
        return why
    return why if answer is not None and answer.code == "run.question" else answer


def _answer(console: Console, question: str) -> CannotStart | None:
    if sys.stdin is None or sys.stderr is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return CannotStart("run.question")
    console.print(f"{question} Type yes and press Enter: ", end="")
    try:
        return None if input().strip().lower() in ("y", "yes") else CannotStart("run.declined")
    except (EOFError, KeyboardInterrupt):
        console.print()
        return CannotStart("run.declined")
