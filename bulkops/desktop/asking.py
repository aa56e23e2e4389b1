"""What is asked of EnergyCAP while the operator looks at the rows: it keeps nobody waiting and can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TypeVar

from bulkops.desktop.worker import Worker
from bulkops.energycap.account import key_for
from bulkops.messages.errors import BulkopsError
from bulkops.model.environment import Environment
from bulkops.runs import preview
from bulkops.runs.control import Watch
from bulkops.runs.report import Options, Report

T = TypeVar("T")


class Asking:
    """One at a time; what comes of one that was stopped, or that another has followed, is dropped.

    All of it is called in the window's thread.
    """

    def __init__(self, worker: Worker, progress: Callable[[tuple[int, int] | None], object]) -> None:
        """``progress`` is told (answers, questions), and None when there is nothing to wait for any more."""
        self._worker, self._progress = worker, progress
        self._stop: Event | None = None

    def begin(
        self, job: Callable[[Watch], T], done: Callable[[T], object], failed: Callable[[BulkopsError], object]
    ) -> None:
        """Do a job in a thread of its own; then ``done`` or ``failed`` is called."""
        self.stop()
        stop = self._stop = Event()

        def told(answers: int, questions: int) -> None:
            self._worker.call_in_ui(lambda: self._stop is stop and self._progress((answers, questions)))

        def over(tell: Callable[[], object]) -> None:
            if self._stop is stop:
                self.stop()
                tell()

        self._worker.start(
            lambda: job(Watch(told, stop.is_set)),
            lambda found: over(lambda: done(found)),
            lambda error: over(lambda: failed(error)),
        )

    @property
    def going(self) -> bool:
        """Is anything asked at the moment?"""
        return self._stop is not None

    def stop(self) -> None:
        """Ask no more."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None
            self._progress(None)


def check_with_energycap(path: Path, environment: Environment, data_folder: Path, watch: Watch) -> Report | None:
    """A check of the rows for which EnergyCAP is asked; None if it cannot be, for want of a key."""
    try:
        key_for(environment)
    except BulkopsError:
        return None
    watch.progress(0, 0)
    return preview.check(path, environment, data_folder, Options(), watch)
