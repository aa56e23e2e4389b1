"""What the window does with a workbook, without Tk: every button is a method, and all that is to be seen is a value.

    choose → check → (question) → run → ended

Jobs run in threads of their own. Their words come back through the worker's queue, so that everything here but the
jobs themselves happens in the window's thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from bulkops.desktop import view
from bulkops.desktop.keep_awake import staying_awake
from bulkops.desktop.lines import MARKED, Line, make_line, make_lines, markable
from bulkops.desktop.recent import Recent
from bulkops.desktop.screen import Screen
from bulkops.desktop.state import Phase, State
from bulkops.desktop.view import Question, Shown
from bulkops.desktop.worker import Worker
from bulkops.energycap import environments
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.environment import ENVIRONMENTS, PRACTICE, Environment
from bulkops.model.history import ResolutionKind, UnknownOutcome
from bulkops.model.outcomes import Outcome, Status
from bulkops.runs import preview, records
from bulkops.runs.report import Options, Report
from bulkops.runs.resolve import ResolvedRow, resolve, unknown_outcomes
from bulkops.runs.resume import prepare_again

if TYPE_CHECKING:
    from bulkops.runs.control import Control
    from bulkops.runs.prepare import PreparedRun
    from bulkops.runs.summary import Summary

HERE = Environment(PRACTICE, "")
_KEY_CODES = ("key.missing", "key.shape", "me.refused")
_OLDER = "ledger.older"
_Ready = Callable[[Options], AbstractContextManager["PreparedRun"]]
_Looked = tuple[Report, list[Line], dict[int, UnknownOutcome]]
"""A report, its rows as lines, and which of them may be marked."""


class Presenter:
    """One window's dealings with a workbook."""

    def __init__(
        self,
        screen: Screen,
        worker: Worker,
        home: Path,
        clock: Callable[[], float] = time.monotonic,
        engaged: Callable[[], bool] = lambda: False,
    ) -> None:
        """``engaged``: is something else sending, so that nothing may be begun or changed here?"""
        self.screen, self.worker, self.home, self.clock = screen, worker, home, clock
        self.recent = Recent(home)
        self.state = State(HERE, engaged)
        self._options = Options()
        self._question: Question | None = None
        self._answers: SimpleQueue[Options | BulkopsError | None] = SimpleQueue()
        self._control: Control | None = None
        self._closing = False
        self.closed = False
        """Has the window gone? Then nothing is shown any more."""
        self._last: Shown | None = None

    # ---------------------------------------------------------------- starting

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

        self.worker.start(lambda: records.bring_up_to_date(self.home, told), over, failed)

    def _updated(self, percent: int | None) -> None:
        self.state.updated = percent
        self.refresh()

    # ---------------------------------------------------------------- choosing

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

    def choose_environment(self, where: Environment) -> None:
        """Another EnergyCAP: what was done there differs, so the rows are looked at anew."""
        if self.state.busy or where == self.state.where:
            return
        self.state.where = where
        self.check()
        self.refresh()

    def new_from_template(self, path: Path) -> None:
        """Make an empty workbook there, and open it in its own program to be filled in."""

        def make() -> None:
            from bulkops.workbook.writing import templates

            templates.make_template(path)

        def made(_: None) -> None:
            self.recent.add(path)
            self.say(f"Made {path.name}. Fill in its rows, save it, then choose it here.")
            self.screen.open_file(path)

        self.worker.start(make, made, self.tell)

    # ---------------------------------------------------------------- checking

    def check(self) -> None:
        """Look at every row. Nothing is sent."""
        path, where = self.state.workbook, self.state.where
        if path is None or self.state.busy:
            return
        self._options = Options()
        self._start(Phase.CHECKING)
        self.state.report, self.state.unknown_outcomes = None, {}
        self.state.take([])
        self.screen.show_lines([])

        def job() -> _Looked:
            report = preview.check(path, where, self.home, Options())
            return self._looked(report, {})

        self.worker.start(job, self._checked, self._failed)

    def _checked(self, looked: _Looked) -> None:
        self.state.phase = Phase.CHECKED
        self._take(looked)
        self.recent.add(looked[0].workbook)
        self.refresh()

    def _looked(self, report: Report, asks: Mapping[int, str]) -> _Looked:
        """In a job's thread: all that is shown of a report."""
        made = make_lines(report.outcomes, report.checked, asks)
        found: list[UnknownOutcome] = []
        if report.marked or any(each.status is Status.UNKNOWN or each.outcome.code in MARKED for each in made):
            try:
                found = unknown_outcomes(self.home, report.environment, marked=True)
            except Exception as error:  # whatever it is: what became of the rows is shown all the same
                trouble = error
                self.worker.call_in_ui(lambda: self.tell(trouble))
        return report, made, markable(made, report.marked, found)

    # ---------------------------------------------------------------- rows in doubt

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

        self.worker.start(lambda: resolve(self.home, unknown.run, unknown.seq, kind), marked, self.tell)

    # ---------------------------------------------------------------- running

    def run(self) -> None:
        """Read the workbook again, make everything ready, ask, and send if the answer is yes."""
        path, where = self.state.workbook, self.state.where
        if path is not None and not self.state.why_not_run():
            from bulkops.runs.prepare import prepare

            self._carry_out(lambda options: prepare(path, where, self.home, options))

    def finish(self, run: str) -> None:
        """Take up a run that was cut short."""
        if self.state.busy:
            self.say("The run was not taken up: wait until this is over.")
            return
        self._carry_out(lambda _: prepare_again(run, self.home))

    def _carry_out(self, ready: _Ready) -> None:
        from bulkops.runs.carry_out import prepare_and_carry_out
        from bulkops.runs.control import Control

        control = self._control = Control()
        self._options = Options()
        self._start(Phase.PREPARING)

        def job() -> _Looked:
            asks: dict[int, str] = {}

            def confirm(summary: Summary) -> Options | BulkopsError | None:
                looked = self._looked(summary.preview, {})
                asks.update((each.seq, each.asks) for each in looked[1])
                return self._asked(summary, looked)

            report = prepare_and_carry_out(
                ready, self.home, confirm, self._asked_to_take_over, self._listen, control, Options()
            )
            return (report, [], {}) if report.refused else self._looked(report, asks)

        self.worker.start(job, self._ended, self._failed)

    @contextmanager
    def _listen(self, count: int) -> Iterator[Callable[[Outcome], object]]:
        """In the job's thread."""
        self.worker.call_in_ui(lambda: self._begun(count))
        with staying_awake():
            yield self._seen

    def _asked(self, summary: Summary, looked: _Looked) -> Options | BulkopsError | None:
        """In the job's thread: None for yes, other options to be looked at first, or a no."""
        question = view.question(summary)
        self.worker.call_in_ui(lambda: self._ask(looked, question))
        return self._answers.get()

    def _asked_to_take_over(self, older: BulkopsError) -> BulkopsError | None:
        """In the job's thread: None for yes, or a no."""
        question = view.question_of_older(older)
        self.worker.call_in_ui(lambda: self._ask(None, question))
        answer = self._answers.get()
        return answer if isinstance(answer, BulkopsError) else None

    def _ask(self, looked: _Looked | None, question: Question) -> None:
        """``looked``: the rows as they would be sent; None where that cannot be told yet."""
        if self._stopped:
            self._answers.put(CannotStart("run.declined"))
            return
        try:
            self.state.phase = Phase.ASKING
            if looked is not None:
                self._take(looked)
                report = looked[0]
                self.state.workbook = report.workbook
                self.state.where = HERE if report.environment.name == PRACTICE else report.environment
            self._question = question
            self.refresh()
            self.screen.ask(question)
        except Exception:
            # A question that nobody can see is answered with no: or the job would hold the ledger for ever.
            self._answered(CannotStart("run.declined"))
            raise

    def answer(self, yes: bool, typed: str = "", sure: bool = False) -> str:
        """The operator's answer. Why it is none, or "" if it is: then the question is gone."""
        if self._question is None:
            return ""
        if yes and (wrong := self._question.wrong(typed, sure)):
            return wrong
        self._answered(None if yes else CannotStart("run.declined"))
        self.screen.ask(None)
        return ""

    def ask_again(self, include_hidden: bool, send_again: bool, trouble: bool = False) -> None:
        """The operator wants other rows sent, too, or trouble to be rehearsed: the workbook is looked at anew, then the
        question is asked anew."""
        if self._question is not None:
            self._options = replace(
                self._options, include_hidden=include_hidden, send_again=send_again, trouble=trouble
            )
            self._answered(self._options)

    def _answered(self, answer: Options | BulkopsError | None) -> None:
        self._question = None
        self.state.phase = Phase.PREPARING
        self.state.began = self.state.heard = self.clock()
        self._answers.put(answer)

    def _begun(self, count: int) -> None:
        self.state.phase, self.state.came, self.state.of = Phase.RUNNING, 0, count
        self.state.began = self.state.heard = self.clock()

    def _seen(self, outcome: Outcome) -> None:
        """In the job's thread."""
        self.worker.call_in_ui(lambda: self._saw(outcome))

    def _saw(self, outcome: Outcome) -> None:
        self.state.came += 1
        self.state.heard = self.clock()
        made = make_line(outcome, asks=self.state.lines[outcome.seq].asks)
        self.state.change(made)
        self.screen.show_line(made)

    def stop(self) -> None:
        """Start no further row; those on their way are finished and recorded."""
        if self._control is not None and self.state.phase in (Phase.PREPARING, Phase.RUNNING):
            self._control.stop("You stopped the run.")
            self.refresh()

    @property
    def _stopped(self) -> bool:
        return self._control is not None and self._control.stopped.is_set()

    def _ended(self, looked: _Looked) -> None:
        report = looked[0]
        self._over()
        if report.refused is not None:
            # Nothing was sent: the rows stay as they were looked at.
            self.state.phase = Phase.CHECKED if self.state.lines else Phase.FAILED
            self._refused(report.refused)
        else:
            self.state.phase = Phase.ENDED
            self._take(looked)
            if report.internal_error is not None:
                self.tell(report.internal_error)
        self.refresh()
        if self._closing:
            self._leave()

    def _refused(self, why: BulkopsError) -> None:
        if why.code != "run.declined":
            self.tell(why)
        if why.code in _KEY_CODES and not self._closing:
            self.screen.need_key(self.state.where)

    def key_changed(self, where: Environment) -> None:
        """There is another key for an environment: what was wrong with the old one is of no account any more."""
        if self.state.trouble is not None and self.state.trouble.code in _KEY_CODES:
            self.state.trouble = None
        self.say(f"The key for {where.host} is another one now.")

    def _failed(self, error: Exception) -> None:
        """A check or a run has ended with an error."""
        self._over()
        self.state.phase = Phase.FAILED
        self.tell(error)
        if self._closing:
            self._leave()

    def _over(self) -> None:
        self._control = self._question = None
        self.screen.ask(None)

    def _leave(self) -> None:
        self.closed = True
        self.screen.close()

    # ---------------------------------------------------------------- what comes out

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
        if report is not self.state.report or self.state.busy:
            self.say("No corrections were made: there is another workbook, or something is going on.")
            return
        options = replace(self._options, corrections=place)

        def made(told: tuple[str, list[str]]) -> None:
            where, notes = told
            self.say(" ".join([f"Corrections: {where}." if where else "", *notes]).strip())
            if where:
                self.screen.open_file(place)

        self.worker.start(lambda: preview.corrections(report, options, self.home), made, self.tell)

    # ---------------------------------------------------------------- closing

    def close_when_stopped(self) -> None:
        """Stop at the next row's boundary; the window goes when that is recorded."""
        self._closing = True
        self.stop()
        if self.state.phase is Phase.ASKING:
            self.answer(False)
        elif self._control is None and not self.closed:
            self._leave()

    # ---------------------------------------------------------------- going on

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
        self.state.phase, self.state.trouble, self.state.said = phase, None, ""
        self.state.began = self.state.heard = self.clock()
        self.state.came = self.state.of = 0
        self.refresh()

    def _take(self, looked: _Looked) -> None:
        self.state.report, made, self.state.unknown_outcomes = looked
        self.state.take(made)
        self.screen.show_lines(made)
