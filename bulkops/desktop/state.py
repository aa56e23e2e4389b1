"""How far the window is with its workbook, and the words for it. Pure: the time is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bulkops.desktop.lines import Line
from bulkops.desktop.view import Button, Shown, Trouble
from bulkops.messages.lookups import asked_for_names
from bulkops.messages.precheck import being_asked, read_once_more
from bulkops.messages.record import UPDATED_ONCE, bringing_up_to_date
from bulkops.messages.wording import plural, time_left
from bulkops.model.environment import Environment
from bulkops.model.history import UnknownOutcome
from bulkops.model.outcomes import Status, by_status
from bulkops.runs.report import Report

QUIET = 10.0
"""Seconds of silence after which the window says what is being waited for."""


class Phase(Enum):
    """How far the window is with its workbook."""

    EMPTY = "no workbook"
    CHECKING = "being checked"
    CHECKED = "checked"
    PREPARING = "made ready to run"
    ASKING = "waiting for the operator's yes"
    RUNNING = "running"
    MAKING = "a template being made"
    ENDED = "run"
    FAILED = "could not be checked or run"


BUSY = (Phase.CHECKING, Phase.PREPARING, Phase.ASKING, Phase.RUNNING, Phase.MAKING)
STOPPABLE = (Phase.PREPARING, Phase.RUNNING, Phase.MAKING)


@dataclass(slots=True)
class State:
    """Everything the window knows of its workbook."""

    environment: Environment
    engaged: Callable[[], bool]
    """Is something else sending?"""
    phase: Phase = Phase.EMPTY
    workbook: Path | None = None
    report: Report | None = None
    """Of the check, of what is asked before a run, or of the run."""
    trouble: Trouble | None = None
    said: str = ""
    """What has come of something beside the check and the run."""
    lines: dict[int, Line] = field(default_factory=dict)
    """By seq."""
    unknown_outcomes: dict[int, UnknownOutcome] = field(default_factory=dict)
    """What may be marked as done after all or as to be sent again, by seq."""
    hidden: bool = False
    """Are there rows that are only sent when they are asked for?"""
    counts: Counter[Status] = field(default_factory=Counter)
    came: int = 0
    """Rows of the run that have their outcome."""
    of: int = 0
    asked: tuple[int, int] | None = None
    """(answers, questions) while EnergyCAP is asked about the rows, or for the names of a template."""
    confirmed: bool = False
    """Has the operator said yes to the run that is made ready?"""
    began: float = 0.0
    """When the phase began, in seconds of the presenter's clock."""
    heard: float = 0.0
    """When something last came of it."""
    updated: int | None = None
    """How far the record is brought up to date, in per cent, while it is; a check that is begun waits for it."""

    @property
    def busy(self) -> bool:
        """May the workbook not be changed now?"""
        return self.phase in BUSY or self.engaged()

    def take(self, lines: Iterable[Line]) -> None:
        """Other rows than before."""
        self.lines = {each.seq: each for each in lines}
        self.counts = Counter(each.shown for each in self.lines.values())
        self.hidden = any(each.outcome.code == "row.hidden" for each in self.lines.values())

    def change(self, line: Line) -> None:
        """One of the rows has another state."""
        self.counts[self.lines[line.seq].shown] -= 1
        self.counts[line.shown] += 1
        self.lines[line.seq] = line

    def shown(self, now: float, pause: float, stopping: bool) -> Shown:
        """All that is to be seen but the rows. ``pause``: seconds for which EnergyCAP wants to be left alone."""
        busy = self.busy
        if self.updated is None:
            headline, then = self._words(now - self.heard, pause, stopping)
        else:
            headline, then = bringing_up_to_date(self.updated), UPDATED_ONCE
        more = "\n".join(filter(None, (self.said, then)))
        why_no_check = "" if self.workbook else "Choose a workbook first."
        return Shown(
            self.workbook,
            self.environment,
            headline,
            more,
            {status: count for status, count in self.counts.items() if count},
            self._progress(),
            Button("Check", "Wait until this is over." if busy else why_no_check),
            Button(self._run_words(), self.why_not_run()),
            Button(self._stop_words(), self._why_not_stop(stopping)),
            Button("Open results", self._why_no_results()),
            Button("Make corrections workbook", self._why_no_corrections()),
            busy,
            self._notes(),
            self.trouble,
        )

    def _notes(self) -> tuple[str, ...]:
        if self.report is None:
            return ()
        backup = (f"The workbook as it was before: {self.report.kept}",) if self.report.kept else ()
        return (*self.report.notes, *backup)

    def _progress(self) -> tuple[int, int] | None:
        if self.updated is not None:
            return self.updated, 100
        if self.phase is Phase.RUNNING:
            return self.came, self.of
        if self.asked is not None:
            return self.asked
        return (0, 0) if self.phase in (Phase.CHECKING, Phase.PREPARING, Phase.MAKING) else None

    def _run_words(self) -> str:
        ready = self.counts[Status.READY]
        return f"Run {plural(ready, 'row')}" if ready and self.phase is not Phase.RUNNING else "Run"

    def why_not_run(self) -> str:
        """Why the rows cannot be run now; "" if they can."""
        if self.busy:
            return "Wait until this is over."
        if self.workbook is None:
            return "Choose a workbook first."
        if self.phase is not Phase.CHECKED:
            return "Check the rows first."
        if not (self.counts[Status.READY] or self.counts[Status.ALREADY_DONE] or self.hidden):
            return "No row can be sent as it stands: look at the messages."
        return ""

    def _stop_words(self) -> str:
        return "Stop asking" if self.phase is Phase.CHECKED and self.asked is not None else "Stop safely"

    def _why_not_stop(self, stopping: bool) -> str:
        if self.phase not in STOPPABLE and self.asked is None:
            return "Nothing is being sent."
        return "It is stopping." if stopping else ""

    def _why_no_results(self) -> str:
        return "" if self.report is not None and self.report.results else "There are results after a run."

    def _why_no_corrections(self) -> str:
        if self.busy:
            return "Wait until this is over."
        wrong = self.counts[Status.INVALID] + self.counts[Status.FAILED]
        return "" if self.report is not None and wrong else "No row needs correcting."

    def _words(self, silent: float, pause: float, stopping: bool) -> tuple[str, str]:
        """(what is going on or has come of it, what to do next or how far it is)."""
        name = self.workbook.name if self.workbook else ""
        match self.phase:
            case Phase.EMPTY:
                return (
                    "Choose a workbook, or drop one here.",
                    "Nothing is sent before you have seen every row and said yes.",
                )
            case Phase.CHECKING:
                return f"Checking {name} …", self._patience("reading the workbook", silent)
            case Phase.PREPARING:
                return "Stopping …" if stopping else "Making ready …", self._being_asked() or self._patience(
                    f"waiting for {self.environment.host}", silent
                )
            case Phase.MAKING:
                return "Stopping …" if stopping else "Making a template …", self._being_asked()
            case Phase.ASKING:
                return "Look at the question, then say yes or no.", "Nothing has been sent yet."
            case Phase.RUNNING:
                return self._running(stopping), self._time_left(silent, round(pause))
            case Phase.FAILED:
                return self._told_of_failure(), self._told_of_rows()
            case Phase.CHECKED:
                return self._told_of_rows(), self._being_asked() or self._next_after_check()
            case Phase.ENDED:
                return self._told_of_run(), self._next_after_run()

    def _being_asked(self) -> str:
        if self.asked is None:
            return ""
        if self.phase is Phase.MAKING:
            return asked_for_names(*self.asked)
        return read_once_more(*self.asked) if self.confirmed else being_asked(*self.asked)

    def _patience(self, what: str, silent: float) -> str:
        return f"Still {what}, since {plural(int(silent), 'second')}." if silent > QUIET else ""

    def _told_of_rows(self) -> str:
        total = self.counts.total()
        unread = ", ".join(each.sheet for each in self.report.unread) if self.report else ""
        left_out = f" Sheets not read: {unread}." if unread else ""
        return f"{plural(total, 'row')}: {by_status(self.counts)}.{left_out}" if total else ""

    def _told_of_failure(self) -> str:
        if self.of:
            return "The run broke off. Look in the History for what was sent."
        return "That did not work. Nothing was sent."

    def _running(self, stopping: bool) -> str:
        first = "Stopping: the rows on their way are finished and recorded first. " if stopping else ""
        return f"{first}Sending: {self.came} of {plural(self.of, 'row')}."

    def _time_left(self, silent: float, pause: int) -> str:
        if pause > 1:
            return f"EnergyCAP asked for a pause, {plural(pause, 'second')} left."
        if silent > QUIET:
            return f"Waiting for EnergyCAP's answer since {plural(int(silent), 'second')}; a row can take minutes."
        if not self.came:
            return "The first row is on its way."
        passed = self.heard - self.began
        return f"{time_left(passed / self.came * (self.of - self.came)).capitalize()}."

    def _next_after_check(self) -> str:
        if self.counts[Status.UNKNOWN]:
            return "Look at the unknown rows first: choose one, and see below how to check it in EnergyCAP."
        if self.counts[Status.INVALID]:
            good = " The good rows can be run without them." if self.counts[Status.READY] else ""
            return f"Correct what needs fixing in the workbook, save it, and check again.{good}"
        if self.report and self.report.unread:
            return "Correct the headings of the sheets that were not read, save the workbook, and check again."
        return "" if self.why_not_run() else "Nothing has been sent yet."

    def _told_of_run(self) -> str:
        stopped = "The run stopped early. " if self.report and self.report.stopped else "The run has ended. "
        return stopped + self._told_of_rows()

    def _next_after_run(self) -> str:
        report = self.report
        if report is None:
            return ""
        within = ", in a sheet of their own" if report.results == self.workbook else ""
        steps = [f"The results are in {report.results}{within}." if report.results else ""]
        if self.counts[Status.UNKNOWN]:
            steps.insert(0, "Do not send the unknown rows again before you have checked them in EnergyCAP.")
        if report.stopped:
            steps.append(report.stopped)
            steps.append("To finish it: History, choose the run, Finish this run.")
        return " ".join(filter(None, steps))
