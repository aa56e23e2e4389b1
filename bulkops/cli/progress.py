"""How far a run is, while it is going on."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

import typer
from rich.text import Text

from bulkops.cli.presenting import terminal
from bulkops.messages.wording import plural, time_left
from bulkops.model.outcomes import Outcome, Status, by_status

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


_LINE_EVERY = 10.0
"""Seconds."""


class Progress:
    """How far the run is, on standard error: a bar on a terminal, a plain line every 10 s elsewhere.

    A display that cannot be begun or ended is given up: the run goes on, and its report is told.
    """

    def __init__(
        self, total: int, clock: Callable[[], float] = time.monotonic, waiting: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._total, self._clock, self._waiting = total, clock, waiting
        self._counts: Counter[Status] = Counter()
        self._bar: Bar | None = None
        self.internal_error: Exception | None = None
        """Why the display was given up."""
        self._begun = self._said = clock()
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        try:
            self._begin()
        except Exception as error:
            self._bar, self.internal_error = None, error
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._ended.set()
        try:
            if self._bar is not None:
                self._bar.stop()
        except Exception as error:
            self.internal_error = error

    def _begin(self) -> None:
        console = terminal(stderr=True)
        if console.is_interactive and self._total:
            from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            class _Pause(ProgressColumn):
                def render(_, task: object) -> Text:
                    return Text(self._pause(), style="yellow")

            self._bar = Bar(
                TextColumn("Sending"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.fields[counts]}"),
                TextColumn("time left"),
                TimeRemainingColumn(),
                _Pause(),
                console=console,
            )
            self._bar.add_task("", total=self._total, counts="")
            self._bar.start()
        elif self._total:
            threading.Thread(target=self._keep_telling, daemon=True).start()

    def _keep_telling(self) -> None:
        """A row can take minutes; who looks at the log meanwhile should see that the run is alive."""
        while not self._ended.wait(_LINE_EVERY):
            self.tell()

    def saw(self, outcome: Outcome) -> None:
        """Count one more row."""
        self._counts[outcome.shown] += 1
        done = self._counts.total()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, counts=by_status(self._counts))
        else:
            self.tell()

    def tell(self) -> None:
        """Print a line, if the last one is 10 s old."""
        with self._lock:
            done = self._counts.total()
            if self._clock() - self._said < _LINE_EVERY:
                return
            self._said = self._clock()
            left = (
                time_left((self._said - self._begun) / done * (self._total - done)) if done else "waiting for an answer"
            )
            # A log that can no longer be written to is no reason to stop a run.
            with suppress(OSError):
                told = (
                    f"{done} of {self._total} rows: {by_status(self._counts)}" if done else f"0 of {self._total} rows"
                )
                typer.echo("; ".join(filter(None, (told, left, self._pause()))), err=True)

    def _pause(self) -> str:
        seconds = round(self._waiting())
        return f"EnergyCAP asked for a pause, {plural(seconds, 'second')} left" if seconds > 1 else ""
