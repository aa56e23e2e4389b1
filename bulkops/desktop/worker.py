"""What takes longer than a blink is done in a thread of its own; what it says comes back to the window's thread."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeVar

from bulkops.messages.errors import BulkopsError
from bulkops.system import log

T = TypeVar("T")
_LONGEST = 0.03
"""Seconds for which the window may leave its own events waiting at a time."""


class Worker:
    """Starts jobs, and hands over what they say when ``run_pending`` is called: in the window's thread, in order."""

    def __init__(self) -> None:
        self._said: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._busy = 0
        self._threads: list[threading.Thread] = []

    def start(
        self, job: Callable[[], T], done: Callable[[T], object], failed: Callable[[BulkopsError], object]
    ) -> None:
        """Do a job in a thread of its own, which the program waits for; then ``done`` or ``failed`` is called.

        An error of our own is in the log by then, and ``failed`` gets the sentence for it.
        """

        def work() -> None:
            try:
                found = job()
            except Exception as error:
                known = error if isinstance(error, BulkopsError) else log.record(error)
                self.call_in_ui(lambda: self._over(failed, known))
            else:
                self.call_in_ui(lambda: self._over(done, found))

        self._busy += 1
        self._threads = [each for each in self._threads if each.is_alive()]
        self._threads.append(threading.Thread(target=work, name="bulkops job"))
        self._threads[-1].start()

    def _over(self, tell: Callable[[T], object], found: T) -> None:
        self._busy -= 1
        tell(found)

    def call_in_ui(self, call: Callable[[], object]) -> None:
        """Have something called in the window's thread. From any thread."""
        self._said.put(call)

    @property
    def busy(self) -> bool:
        """Is a job on its way whose end was not heard of yet?"""
        return self._busy > 0

    def run_pending(self, longest: float = _LONGEST) -> bool:
        """Call what has been said so far, for so many seconds; whether something may be left."""
        until = monotonic() + longest
        while monotonic() < until:
            try:
                call = self._said.get_nowait()
            except Empty:
                return False
            call()
        return True

    def wait(self, patience: float) -> None:
        """Call the next thing that is said. Raises queue.Empty if nothing comes for so many seconds."""
        self._said.get(timeout=patience)()

    def join(self, patience: float | None = None) -> None:
        """Wait until every job's thread has ended (but no longer than so many seconds), whether what it says is heard
        or not."""
        until = None if patience is None else monotonic() + patience
        for each in self._threads:
            each.join(None if until is None else max(until - monotonic(), 0))
