"""Ask, then refuse or run: the one place where a run is begun, whoever watches it.

A face brings what it asks with, and a listener for the rows as they come.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.outcomes import Outcome
from bulkops.runs.control import Control, Watch
from bulkops.runs.energycap_facts import asked_again
from bulkops.runs.execute import execute, refused
from bulkops.runs.ledger_access import OLDER, take_over
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.report import Options, Report
from bulkops.runs.summary import Summary, summary_of

Answer = Options | BulkopsError | None
"""None: yes. An error: no, and why. Other options: the workbook is to be looked at anew with them, and asked again."""
Listen = Callable[[int], AbstractContextManager[Callable[[Outcome], object]]]
"""Entered with the number of rows to send when the answer was yes, left when the results are written; gives what is
called with each outcome."""
_Answer = TypeVar("_Answer")


def unattended(summary: Summary) -> CannotStart | None:
    """The answer where nobody is there to be asked: yes, unless only a person may say it."""
    return next(iter(summary.sure), None)


def unwatched(_: int) -> AbstractContextManager[Callable[[Outcome], object]]:
    """The listener where nobody watches."""
    return nullcontext(lambda _: None)


def carry_out(
    run: PreparedRun, confirm: Callable[[Summary], BulkopsError | None], listen: Listen, control: Control
) -> Report:
    """Ask, and run if the answer is yes (None)."""
    run, answer = _answer(run, confirm, control)
    return _answered(run, answer, listen, control)


def prepare_and_carry_out(
    ready: Callable[[Options], AbstractContextManager[PreparedRun]],
    data_folder: Path,
    confirm: Callable[[Summary], Answer],
    confirm_take_over: Callable[[BulkopsError], BulkopsError | None],
    listen: Listen,
    control: Control,
    options: Options,
) -> Report:
    """The same from the workbook on, as often as the answer is other options.

    ``confirm_take_over`` is asked where the record of what was sent is not the newest: may what it lacks be taken over
    as unknown?
    """
    report: Report | None = None
    while report is None:
        older: BulkopsError | None = None
        try:
            with ready(options) as prepared:
                run = prepared
                if run.blocker is not None and run.blocker.code == OLDER:
                    older = run.blocker
                    answer: Answer = confirm_take_over(older) or options
                else:
                    run, answer = _answer(run, confirm, control)
                if isinstance(answer, Options):
                    options = answer
                else:
                    report = _answered(run, answer, listen, control)
        except Exception as error:
            if report is None:
                raise
            # The run is over: that a lock cannot be given back, say, must not cost what there is to tell of it.
            report = replace(report, internal_error=report.internal_error or error)
        if report is None and older is not None:
            take_over(data_folder)
    return report


def _answer(
    run: PreparedRun, confirm: Callable[[Summary], _Answer], control: Control
) -> tuple[PreparedRun, _Answer | BulkopsError]:
    """The answer, and the run that it is to. After a yes EnergyCAP is read once more; where it has changed, the
    question is asked anew."""
    while run.blocker is None:
        if control.stopped.is_set():
            return run, CannotStart("run.declined")
        answer = confirm(summary_of(run))
        if answer is not None:
            return run, answer
        try:
            now = asked_again(run, Watch(run.watch.progress, control.stopped.is_set))
        except CannotStart as error:
            return run, error
        # So it is where the reads were stopped, too: the rows are then not sent, in a run that can be finished.
        if now is None:
            return run, answer
        run = now
    return run, run.blocker


def _answered(run: PreparedRun, answer: BulkopsError | None, listen: Listen, control: Control) -> Report:
    if answer is not None:
        return refused(run, answer)
    with listen(len(run.plan.steps)) as seen:
        return execute(run, control, seen)
