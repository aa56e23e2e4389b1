"""What whoever watches a run may do about it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bulkops.energycap.rate_limit import RateLimit


@dataclass(slots=True)
class Control:
    """Between a run and whoever watches it. What ends a run early: the operator, or too much trouble."""

    stopped: threading.Event = field(default_factory=threading.Event)
    reason: str = ""
    rate_limit: RateLimit | None = None
    """The run's, once it has begun."""

    def stop(self, reason: str) -> None:
        """Start no further row. The first reason given is kept."""
        if not self.stopped.is_set():
            self.reason = reason
        self.stopped.set()

    def waiting(self) -> float:
        """Seconds for which EnergyCAP still wants to be left alone."""
        return self.rate_limit.waiting() if self.rate_limit else 0.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Whoever watches while EnergyCAP is asked about the rows."""

    progress: Callable[[int, int], object] = lambda _done, _of: None
    """Is told how many of how many reads have been made."""
    stopped: Callable[[], bool] = lambda: False


UNWATCHED = Watch()
