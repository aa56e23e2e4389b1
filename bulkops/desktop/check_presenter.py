"""What the window does with a workbook but for sending its rows, without Tk: choose, check, mark, correct.

Jobs run in threads of their own. What they say comes back through the worker, so that everything here but the jobs
themselves happens in the window's thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bulkops.desktop import view
from bulkops.desktop.asking import Asking, check_with_energycap
from bulkops.desktop.lines import MARKED, Line, make_lines, markable
from bulkops.desktop.recent import Recent
from bulkops.desktop.screen import Screen
from bulkops.desktop.state import STOPPABLE, Phase, State
from bulkops.desktop.view import Shown
from bulkops.desktop.worker import Worker
from bulkops.energycap import environments
from bulkops.messages.errors import BulkopsError
from bulkops.messages.precheck import not_asked
from bulkops.model.environment import ENVIRONMENTS, PRACTICE, Environment
from bulkops.model.history import ResolutionKind, UnknownOutcome
from bulkops.model.outcomes import Status
from bulkops.runs import ledger_access, preview
from bulkops.runs.control import Control, Watch
from bulkops.runs.report import Options, Report
from bulkops.runs.resolve import ResolvedRow, resolve, unknown_outcomes

HERE = Environment(PRACTICE, "")
KEY_CODES = ("key.missing", "key.shape", "me.refused")
CheckedRows = tuple[Report, list[Line], dict[int, UnknownOutcome]]
"""A report, its rows as lines, and which of them may be marked."""


class CheckPresenter:
    """One window's dealings with a workbook, but for sending its rows."""

    def __init__(
        self,
        screen: Screen,
        worker: Worker,
        data_folder: Path,
        clock: Callable[[], float] = time.monotonic,
        engaged: Callable[[], bool] = lambda: False,
    ) -> None:
        """``engaged``: is something else sending, so that nothing may be begun or changed here?"""
        self.screen, self.worker, self.data_folder, self.clock = screen, worker, data_folder, clock
        self.recent = Recent(data_folder)
        self.state = State(HERE, engaged)
        self._options = Options()
        self._control: Control | None = None
        """Of the run that goes on, or of the template that is made."""
        self._asking = Asking(worker, self._asked_so_far)
        self.closed = False
        """Has the window gone? Then nothing is shown any more."""
        self._last: Shown | None = None

    def bring_up_to_date(self, then: Callable[[], object]) -> None:
        """Take over the record that an earlier version has left, and show how far that is; then go on."""

        def told(percent: int) -> None:
            self.worker.call_in_ui(lambda: self._updated(percent))

        def over(_: object) -> None:
            self._updated(None)
            then()

        def failed(error: Exception) -> None:
            over(error)
            self.tell(error)

        self.worker.start(lambda: ledger_access.bring_up_to_date(self.data_folder, told), over, failed)

    def _updated(self, percent: int | None) -> None:
        self.state.updated = percent
        self.refresh()

    @property
    def environments(self) -> list[Environment]:
        """What can be chosen: practice first, and an address that this computer's settings name.

        Raises CannotStart if they name one that is none.
        """
        named = [environments.environment()] if os.environ.get("BULKOPS_BASE_URL") else []
        known = (environments.environment(name) for name in ENVIRONMENTS if name != PRACTICE)
        return [HERE, *named, *known, *environments.named_environments()]

    def choose(self, path: Path) -> None:
        """Take a workbook and check it at once: nothing is sent by that."""
        if self.state.busy:
            self.say(f"{path.name} was not taken: wait until this is over.")
            return
        self.state.workbook = path.absolute()
        self.check()

    def choose_environment(self, environment: Environment) -> None:
        """Another EnergyCAP: what was done there differs, so the rows are looked at anew."""
        if self.state.busy or environment == self.state.environment:
            return
        self.state.environment = environment
        self.check()
        self.refresh()

    def check(self) -> None:
        """Look at every row. Nothing is sent."""
        path, environment = self.state.workbook, self.state.environment
        if path is None or self.state.busy:
            return
        self._options = Options()
        self._start(Phase.CHECKING)
        self.state.report, self.state.unknown_outcomes = None, {}
        self.state.take([])
        self.screen.show_lines([])

        def job() -> CheckedRows:
            report = preview.check(path, environment, self.data_folder, Options(offline=True))
            return self._rows_of(report, {})

        self.worker.start(job, self._checked, self._failed)

    def _checked(self, rows: CheckedRows) -> None:
        self.state.phase = Phase.CHECKED
        self._take(rows)
        self.recent.add(rows[0].workbook)
        self._ask_energycap()
        self.refresh()

    def _ask_energycap(self) -> None:
        """Look at the rows once more, this time with EnergyCAP, if there is a key for it."""
        path, environment = self.state.workbook, self.state.environment
        if path is None or self.state.phase is not Phase.CHECKED or environment.starts_with_the_run:
            return

        def job(watch: Watch) -> CheckedRows | None:
            report = check_with_energycap(path, environment, self.data_folder, watch)
            return self._rows_of(report, {}) if report else None

        def asked(rows: CheckedRows | None) -> None:
            before = self.state.report
            if rows is not None:
                self._take(rows, stay=before is not None and before.content_hash == rows[0].content_hash)
            self.refresh()

        self._asking.begin(job, asked, lambda error: self.say(not_asked(str(error))))

    def _asked_so_far(self, progress: tuple[int, int] | None) -> None:
        self.state.asked = progress
        self.refresh()

    def _told(self, answers: int, questions: int) -> None:
        """In a job's thread: how far EnergyCAP is asked for what goes on in the foreground."""
        control = self._control

        def told() -> None:
            if self._control is control:
                self._asked_so_far((answers, questions))

        self.worker.call_in_ui(told)

    def stop(self) -> None:
        """Start no further row, or ask EnergyCAP no more; rows on their way are finished and recorded."""
        if self._control is not None and self.state.phase in STOPPABLE:
            self._control.stop("You stopped the run.")
            self.refresh()
        elif self.state.asked is not None:
            self._asking.stop()
            self.say(not_asked("you stopped it."))

    def _rows_of(self, report: Report, asks: Mapping[int, str]) -> CheckedRows:
        """In a job's thread: all that is shown of a report."""
        made = make_lines(report.outcomes, report.checked, asks)
        found: list[UnknownOutcome] = []
        if report.marked or any(each.status is Status.UNKNOWN or each.outcome.code in MARKED for each in made):
            try:
                found = unknown_outcomes(self.data_folder, report.environment, marked=True)
            except Exception as error:  # whatever it is: what became of the rows is shown all the same
                trouble = error
                self.worker.call_in_ui(lambda: self.tell(trouble))
        return report, made, markable(made, report.marked, found)

    def mark(self, line: Line, unknown: UnknownOutcome, kind: ResolutionKind) -> None:
        """Record what the operator has found out about a row in doubt; then look at the rows anew.

        ``unknown`` is the one that was shown when it was asked about, whichever workbook is there by now.
        """
        if self.state.busy:
            self.say("Nothing was marked: wait until this is over.")
            return

        def marked(settled: ResolvedRow) -> None:
            self.check()
            words = f"{line.sheet}, row {line.row}, is marked: {view.RESOLUTION_KINDS[kind].words}."
            self.say(f"{words} {settled.results}".strip())

        self.worker.start(lambda: resolve(self.data_folder, unknown.run, unknown.seq, kind), marked, self.tell)

    def _failed(self, error: Exception) -> None:
        """A check or a run has ended with an error."""
        self.state.phase = Phase.FAILED
        self.tell(error)

    def key_changed(self, environment: Environment) -> None:
        """There is another key for an environment: what was wrong with the old one is of no account any more."""
        if self.state.trouble is not None and self.state.trouble.code in KEY_CODES:
            self.state.trouble = None
        self.say(f"The key for {environment.host} is another one now.")
        if environment == self.state.environment:
            self._ask_energycap()

    def open_results(self) -> None:
        """Open the results in their own program."""
        if self.state.report is not None and self.state.report.results is not None:
            self.screen.open_file(self.state.report.results)

    def corrections_place(self) -> Path | None:
        """Where a corrections workbook would go, for the operator to say yes to."""
        book = self.state.workbook
        return book.with_name(f"{book.stem} - corrections.xlsx") if book else None

    def make_corrections(self, place: Path, report: Report) -> None:
        """Put the rows of a report that need fixing or failed into a workbook of their own, and open it."""
        now = self.state.report
        if now is None or _known_as(now) != _known_as(report) or self.state.busy:
            self.say("No corrections were made: there is another workbook, or something is going on.")
            return
        options = replace(self._options, corrections=place)

        def made(told: tuple[str, list[str]]) -> None:
            where, notes = told
            self.say(" ".join([f"Corrections: {where}." if where else "", *notes]).strip())
            if where:
                self.screen.open_file(place)

        self.worker.start(lambda: preview.corrections(now, options, self.data_folder), made, self.tell)

    def tick(self) -> bool:
        """Call it again and again: takes in what the jobs have said; whether there is more already."""
        more = self.worker.run_pending()
        self.refresh()
        return more

    def refresh(self) -> None:
        """Show everything but the rows, if any of it has changed."""
        if self.closed:
            return
        pause = self._control.waiting() if self._control else 0.0
        shown = self.state.shown(self.clock(), pause, self._stopped)
        if shown != self._last:
            self._last = shown
            self.screen.show(shown)

    def say(self, words: str) -> None:
        """Something to know, until the next thing is done."""
        self.state.said = words
        self.refresh()

    def tell(self, error: Exception) -> None:
        """Something went wrong: it is shown until the next thing is done."""
        if not isinstance(error, BulkopsError):
            from bulkops.system import log

            error = log.record(error)
        self.state.trouble = view.trouble(error)
        self.refresh()

    def _start(self, phase: Phase) -> None:
        self._asking.stop()
        self.state.asked = None
        self.state.phase, self.state.trouble, self.state.said = phase, None, ""
        self.state.began = self.state.heard = self.clock()
        self.state.came = self.state.of = 0
        self.refresh()

    def _take(self, rows: CheckedRows, stay: bool = False) -> None:
        """``stay``: the same rows, of which there is more to say."""
        self.state.report, made, self.state.unknown_outcomes = rows
        self.state.take(made)
        self.screen.show_lines(made, stay)

    @property
    def _stopped(self) -> bool:
        return self._control is not None and self._control.stopped.is_set()


def _known_as(report: Report) -> tuple[object, ...]:
    """Of a check that EnergyCAP was asked for as of the one before it: of which workbook and run it is."""
    return report.workbook, report.environment, report.run, report.content_hash
