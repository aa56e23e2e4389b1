"""The upload folder in the window, without Tk: what is there, what is run, what became of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from bulkops.desktop import view
from bulkops.desktop.keep_awake import staying_awake
from bulkops.desktop.view import Question
from bulkops.desktop.worker import Worker
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.messages.precheck import being_asked
from bulkops.messages.wording import plural, printable
from bulkops.model.environment import Environment
from bulkops.model.outcomes import URGENCY, Outcome, Status
from bulkops.runs.report import Report
from bulkops.system import log

if TYPE_CHECKING:
    from bulkops.inbox.outcome import Processed
    from bulkops.inbox.scan import Candidate
    from bulkops.runs.control import Control
    from bulkops.runs.prepared_run import PreparedRun
    from bulkops.runs.summary import Summary


@dataclass(frozen=True, slots=True)
class Dropped:
    """One file in the folder, as the table shows it."""

    path: Path
    """Where it is now."""
    state: str
    """In words: what its rows would come to, why it is left alone, or what became of it."""
    found: Candidate | None = None
    """None: it cannot be run, or has been."""
    worst: Status | None = None
    """Of its rows, once it was run: what needs a look first."""
    place: str = ""
    """The folder it was moved to, by name."""


@dataclass(frozen=True, slots=True)
class InboxShown:
    """All that there is to see, but the question."""

    folder: Path | None
    files: tuple[Dropped, ...]
    headline: str
    trouble: str
    looking: bool
    running: bool

    @property
    def busy(self) -> bool:
        """Nothing else can be begun."""
        return self.looking or self.running

    @property
    def ready(self) -> int:
        """How many workbooks can be run."""
        return sum(each.found is not None for each in self.files)


class InboxScreen(Protocol):
    """What shows it."""

    def show(self, shown: InboxShown) -> None:
        """Everything but the question."""

    def ask(self, question: Question | None) -> None:
        """Ask about one workbook, or take the question away."""


@dataclass(slots=True)
class InboxPresenter:
    """Every method is called in the window's thread, and returns at once."""

    screen: InboxScreen
    worker: Worker
    data_folder: Path
    environment: Callable[[], Environment]
    """Which EnergyCAP is chosen in the window."""
    folder: Path | None = None
    files: dict[Path, Dropped] = field(default_factory=dict)
    """By the path at which each was found."""
    headline: str = "Choose the folder that workbooks are dropped into."
    trouble: str = ""
    looking: bool = False
    control: Control | None = None
    """Of the pass that is going on."""
    leaving: bool = False
    """Is the window about to go? Then nothing more is begun."""
    cut_short: bool = False
    """Has a run of this pass stopped early?"""
    question: Question | None = None
    _answers: SimpleQueue[BulkopsError | None] = field(default_factory=SimpleQueue)

    @property
    def busy(self) -> bool:
        """Is something going on that must not be cut off?"""
        return self.looking or self.control is not None

    def refresh(self) -> None:
        """Show how things are."""
        files = tuple(self.files.values())
        running = self.control is not None
        self.screen.show(InboxShown(self.folder, files, self.headline, self.trouble, self.looking, running))

    def choose(self, folder: Path) -> None:
        """Another folder: what is there is looked at."""
        if not self.busy:
            self.folder, self.files = folder, {}
            self.look()

    def look(self) -> None:
        """Look at what is there, and check its rows. Nothing is sent."""
        if self.folder is None or self.busy:
            return
        folder, environment = self.folder, self.environment()
        self.looking, self.trouble, self.headline = True, "", "Looking at what is there …"
        self.refresh()
        self.worker.start(lambda: _dropped(folder, self.data_folder, environment), self._has_looked, self._failed)

    def _has_looked(self, files: list[Dropped]) -> None:
        self.looking = False
        self.files = {each.path: each for each in files}
        ready = sum(each.found is not None for each in files)
        self.headline = f"{plural(ready, 'workbook')} to run." if ready else "There is no workbook to run."
        self.refresh()

    def run(self, paths: Iterable[Path] | None = None) -> None:
        """Run the workbooks at these paths, or all that can be; each is asked about first."""
        if self.folder is None or self.busy or self.leaving:
            return
        wanted = set(self.files if paths is None else paths)
        chosen = [each.found for path, each in self.files.items() if path in wanted and each.found is not None]
        if not chosen:
            return
        folder, environment = self.folder, self.environment()
        from bulkops.runs.control import Control

        control = self.control = Control()
        self.cut_short = False
        self.trouble, self.headline = "", "Getting ready …"
        self.refresh()
        self.worker.start(lambda: self._pass(folder, environment, chosen, control), self._has_ended, self._failed)

    def stop(self) -> None:
        """Stop at the row's end; what is not begun stays in the folder."""
        if self.control is not None:
            self.control.stop("You stopped the run.")
            self.headline = "Stopping: the rows on their way are finished and recorded first."
            if self.question is not None:
                self.answer(False)
            self.refresh()

    def answer(self, yes: bool, typed: str = "", sure: bool = False) -> str:
        """The operator's answer. Why it is none, or "" if it is: then the question is gone."""
        if self.question is None:
            return ""
        if yes and (wrong := self.question.wrong(typed, sure)):
            return wrong
        self.question = None
        self.screen.ask(None)
        self._answers.put(None if yes else CannotStart("run.declined"))
        return ""

    # ---------------------------------------------------------------- in the job's thread

    def _pass(self, folder: Path, environment: Environment, chosen: list[Candidate], control: Control) -> list[str]:
        """Run one after the other; what there is to say at the end."""
        from bulkops.inbox.process import opened
        from bulkops.runs import ledger_access
        from bulkops.runs.control import Watch

        if older := ledger_access.older(self.data_folder, environment):
            asked = view.question_of_older(older)
            self.worker.call_in_ui(lambda: self._ask(folder, asked))
            if refused := self._answers.get():
                raise refused
            ledger_access.take_over(self.data_folder)
        watch = Watch(self._told, control.stopped.is_set)
        with staying_awake(), opened(folder, self.data_folder, watch=watch) as inbox:
            for number, found in enumerate(chosen, 1):
                handled = inbox.handle(found, environment, lambda run: self._carry(run, control))
                self.worker.call_in_ui(lambda handled=handled: self._has_handled(handled))  # type: ignore[misc]
                if number < len(chosen) and (handled.last or control.stopped.is_set()):
                    left = plural(len(chosen) - number, "workbook")
                    return [*inbox.notes, f"Ended early: {left} not come to, still in the folder."]
            return inbox.notes

    def _told(self, answers: int, questions: int) -> None:
        self.worker.call_in_ui(lambda: self._say(being_asked(answers, questions)))

    def _confirm(self, summary: Summary) -> BulkopsError | None:
        if not summary.steps:
            return None
        path, asked = summary.workbook, view.question(summary)
        moved = ("on Practice nothing reaches EnergyCAP, but the workbook is moved all the same",)
        touch = (f"from {printable(path.name)}", *asked.touch)
        effects = (*asked.effects, *(moved if asked.practice else ()))
        asked = replace(asked, touch=touch, effects=effects, hidden=0, done=0, may_rehearse=False, may_go_offline=False)
        self.worker.call_in_ui(lambda: self._ask(path, asked))
        return self._answers.get()

    def _carry(self, run: PreparedRun, control: Control) -> Report:
        from bulkops.runs.confirmation import carry_out

        @contextmanager
        def listen(count: int) -> Iterator[Callable[[Outcome], object]]:
            numbers = itertools.count(1)

            def seen(_: Outcome) -> None:
                words = f"{run.workbook.path.name}: {next(numbers)} of {plural(count, 'row')}"
                self.worker.call_in_ui(lambda: self._say(words))

            yield seen

        return carry_out(run, self._confirm, listen, control)

    # ---------------------------------------------------------------- back in the window's thread

    def _ask(self, path: Path, question: Question) -> None:
        self.question = question
        if self.control is None or self.control.stopped.is_set():
            self.answer(False)
            return
        self._say(question.title if question.older else f"{path.name}: send its rows?")
        self.screen.ask(question)

    def _say(self, words: str) -> None:
        # While it is being stopped, that is what there is to say.
        if self.control is not None and not self.control.stopped.is_set():
            self.headline = words
            self.refresh()

    def _has_handled(self, handled: Processed) -> None:
        report = handled.report
        self.cut_short = self.cut_short or (report is not None and bool(report.stopped or report.internal_error))
        before = self.files.get(handled.path)
        self.files[handled.path] = _told(handled, before.found if before else None)
        self.refresh()

    def _has_ended(self, notes: list[str]) -> None:
        self.control = None
        self.headline = " ".join(["Ended early." if self.cut_short else "Finished.", *notes])
        self.refresh()

    def _failed(self, error: BulkopsError) -> None:
        self.control, self.looking, self.question = None, False, None
        self.trouble, self.headline = str(error), "That did not work."
        self.screen.ask(None)
        self.refresh()


def _dropped(folder: Path, data_folder: Path, environment: Environment) -> list[Dropped]:
    from bulkops.inbox.outcome import foreseen
    from bulkops.inbox.scan import scan_folder

    listing = scan_folder(folder, data_folder)
    ready = []
    for found in listing.ready:
        state = foreseen(found, environment, data_folder)
        ready.append(Dropped(found.path, f"An earlier run is finished first. {state}" if found.again else state, found))
    return [*ready, *(Dropped(each.path, f"Left alone: {each.why}") for each in listing.skipped)]


def _told(handled: Processed, found: Candidate | None) -> Dropped:
    """What became of it. What was only not confirmed can be run after all."""
    why = [str(handled.why)] if handled.why else []
    if handled.report is None or handled.report.refused is not None:
        place = handled.moved_to.parent.name if handled.moved_to else ""
        again = found if not handled.moved_to and handled.why and handled.why.code == "run.declined" else None
        return Dropped(handled.moved_to or handled.path, " ".join([*why, *handled.notes]), again, place=place)
    seen = {outcome.status for outcome in handled.report.outcomes}
    seen |= {Status.INVALID} if handled.report.unread else set()
    worst = next((status for status in URGENCY if status in seen), None)
    from bulkops.inbox.outcome import counts_of

    report = handled.report
    ending = [f"The run stopped early. {report.stopped}"] if report.stopped else []
    internal_error = [str(log.record(report.internal_error))] if report.internal_error else []
    said = [counts_of(report), *why, *ending, *internal_error, *report.notes, *handled.notes]
    shown = Dropped(handled.path, "\n".join(dict.fromkeys(said)), worst=worst)
    if handled.moved_to is None:
        return shown
    return replace(shown, path=handled.moved_to, place=handled.moved_to.parent.name)
