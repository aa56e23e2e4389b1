"""How the window sends a workbook's rows, without Tk: every button is a method, everything it shows is a value.

    choose → check → (question) → run → ended

The job of a run asks its question through the window and waits for the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING

from bulkops.desktop import view
from bulkops.desktop.check_presenter import HERE, KEY_CODES, CheckedRows
from bulkops.desktop.keep_awake import staying_awake
from bulkops.desktop.lines import make_line
from bulkops.desktop.state import Phase
from bulkops.desktop.template_presenter import TemplatePresenter
from bulkops.desktop.view import Question
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.environment import PRACTICE
from bulkops.model.outcomes import Outcome
from bulkops.runs.control import Control, Watch
from bulkops.runs.report import Options
from bulkops.runs.resume import prepare_again
from bulkops.runs.settings import settings

if TYPE_CHECKING:
    from bulkops.runs.prepared_run import PreparedRun
    from bulkops.runs.summary import Summary

_Ready = Callable[[Options, Watch], AbstractContextManager["PreparedRun"]]


class Presenter(TemplatePresenter):
    """One window's dealings with a workbook."""

    _question: Question | None = None
    _answers: SimpleQueue[Options | BulkopsError | None]
    """To the questions of the run that goes on."""
    _closing = False

    # ---------------------------------------------------------------- running

    def run(self) -> None:
        """Read the workbook again, make everything ready, ask, and send if the answer is yes."""
        path, environment = self.state.workbook, self.state.environment
        if path is not None and not self.state.why_not_run():
            from bulkops.runs.prepare import prepare

            try:
                options = Options(max_bills=settings(self.data_folder).max_bills)
            except CannotStart as error:
                self.tell(error)
                return
            self._carry_out(
                lambda wanted, watch: prepare(path, environment, self.data_folder, wanted, watch=watch), options
            )

    def finish(self, run: str) -> None:
        """Take up a run that was cut short."""
        if self.state.busy:
            self.say("The run was not taken up: wait until this is over.")
            return
        self._carry_out(lambda _, watch: prepare_again(run, self.data_folder, watch=watch), Options())

    def _carry_out(self, ready: _Ready, options: Options) -> None:
        from bulkops.runs.confirmation import prepare_and_carry_out

        control, self._answers = Control(), SimpleQueue()
        self._options = options
        self._start(Phase.PREPARING)
        self._control, self.state.confirmed = control, False
        watch = Watch(self._told, control.stopped.is_set)

        def job() -> CheckedRows:
            asks: dict[int, str] = {}

            def confirm(summary: Summary) -> Options | BulkopsError | None:
                rows = self._rows_of(summary.preview, {})
                asks.update((each.seq, each.asks) for each in rows[1])
                return self._asked(summary, rows)

            report = prepare_and_carry_out(
                lambda wanted: ready(wanted, watch),
                *(self.data_folder, confirm, self._asked_to_take_over, self._listen, control, options),
            )
            return (report, [], {}) if report.refused else self._rows_of(report, asks)

        self.worker.start(job, self._ended, self._failed)

    @contextmanager
    def _listen(self, count: int) -> Iterator[Callable[[Outcome], object]]:
        """In the job's thread."""
        self.worker.call_in_ui(lambda: self._begun(count))
        with staying_awake():
            yield self._seen

    def _asked(self, summary: Summary, rows: CheckedRows) -> Options | BulkopsError | None:
        """In the job's thread: None for yes, other options to be looked at first, or a no."""
        question = view.question(summary)
        self.worker.call_in_ui(lambda: self._ask(rows, question))
        return self._answers.get()

    def _asked_to_take_over(self, older: BulkopsError) -> BulkopsError | None:
        """In the job's thread: None for yes, or a no."""
        question = view.question_of_older(older)
        self.worker.call_in_ui(lambda: self._ask(None, question))
        answer = self._answers.get()
        return answer if isinstance(answer, BulkopsError) else None

    def _ask(self, rows: CheckedRows | None, question: Question) -> None:
        """``rows``: the rows as they would be sent; None where that cannot be told yet."""
        if self._stopped:
            self._answers.put(CannotStart("run.declined"))
            return
        try:
            self.state.phase, self.state.asked = Phase.ASKING, None
            if rows is not None:
                self._take(rows)
                report = rows[0]
                self.state.workbook = report.workbook
                self.state.environment = HERE if report.environment.name == PRACTICE else report.environment
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

    def ask_again(self, include_hidden: bool, send_again: bool, trouble: bool = False, offline: bool = False) -> None:
        """The operator wants other rows sent, too, trouble to be rehearsed, or EnergyCAP not to be asked about the
        rows: the workbook is looked at anew, then the question is asked anew."""
        if self._question is not None:
            self._options = replace(
                self._options,
                include_hidden=include_hidden,
                send_again=send_again,
                trouble=trouble,
                offline=offline,
            )
            self._answered(self._options)

    def _answered(self, answer: Options | BulkopsError | None) -> None:
        self.state.confirmed = answer is None and not (self._question and self._question.older)
        self._question = None
        self.state.phase = Phase.PREPARING
        self.state.began = self.state.heard = self.clock()
        self._answers.put(answer)

    def _begun(self, count: int) -> None:
        self.state.phase, self.state.came, self.state.of, self.state.asked = Phase.RUNNING, 0, count, None
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

    def _ended(self, rows: CheckedRows) -> None:
        report = rows[0]
        self._over()
        if report.internal_error is not None:
            self.tell(report.internal_error)
        if report.refused is not None:
            # Nothing was sent: the rows stay as they were looked at.
            self.state.phase = Phase.CHECKED if self.state.lines else Phase.FAILED
            self._refused(report.refused)
        else:
            self.state.phase = Phase.ENDED
            self._take(rows)
        self.refresh()
        if self._closing:
            self._leave()

    def _refused(self, why: BulkopsError) -> None:
        if why.code != "run.declined":
            self.tell(why)
        if why.code in KEY_CODES and not self._closing:
            self.screen.need_key(self.state.environment)

    def _failed(self, error: Exception) -> None:
        """A check or a run has ended with an error."""
        self._over()
        super()._failed(error)
        if self._closing:
            self._leave()

    def _over(self) -> None:
        self._control = self._question = self.state.asked = None
        self.screen.ask(None)

    def _leave(self) -> None:
        self.closed = True
        self.screen.close()

    # ---------------------------------------------------------------- closing

    def close_when_stopped(self) -> None:
        """Stop at the next row's boundary; the window goes when that is recorded."""
        self._closing = True
        self._asking.stop()
        self.stop()
        if self.state.phase is Phase.ASKING:
            self.answer(False)
        elif self._control is None and not self.closed:
            self._leave()
