"""How fast rows may leave, for all workers together: the operator's limit, and EnergyCAP's wish to be left alone.

A worker takes its turn before each send. EnergyCAP's wish is an answer 429, or 503 with Retry-After.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_FIRST_GAP, _LONGEST_GAP = 0.1, 5.0


@dataclass(slots=True)
class RateLimit:
    """``per_minute`` is the most sends in a minute; None: no limit. Times are ``clock``'s, in seconds."""

    pause: Callable[[float], object]
    """Waits some seconds; it may end early, when the run is stopped."""
    stopped: Callable[[], bool]
    per_minute: int | None = None
    clock: Callable[[], float] = time.monotonic
    _held_until: float = 0.0
    _next: float = 0.0
    _wait: float = 0.0
    """The least to wait at the next wish, doubled by each that comes in a row."""
    _gap: float = 0.0
    """Kept between two sends after such a wish; it shrinks with every answer that does not repeat it."""
    _told: float = field(default=float("-inf"))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acquire(self) -> float | None:
        """Wait for the next turn and take it; the time it was taken, or None if the run was stopped meanwhile."""
        while not self.stopped():
            with self._lock:
                now = self.clock()
                at = max(self._held_until, self._next)
                if at <= now:
                    self._next = now + max(self._gap, 60 / self.per_minute if self.per_minute else 0.0)
                    return now
            self.pause(at - now)
        return None

    def waiting(self) -> float:
        """Seconds until EnergyCAP wants to be spoken to again; 0 if it does not mind."""
        with self._lock:
            return max(0.0, self._held_until - self.clock())

    def back_off(self, seconds: float, sent: float) -> None:
        """EnergyCAP asked, in answer to a request that left at ``sent``, for some seconds without any."""
        with self._lock:
            now = self.clock()
            if sent >= self._told:
                # What left before the last wish could not heed it, and makes it no stronger.
                self._told = now
                self._wait = min(max(2 * self._wait, _FIRST_WAIT), _LONGEST_WAIT)
                self._gap = min(max(2 * self._gap, _FIRST_GAP), _LONGEST_GAP)
            self._held_until = max(self._held_until, now + max(seconds, self._wait))

    def recover(self) -> None:
        """An answer came that asked for nothing: step by step back to full speed."""
        with self._lock:
            self._wait = 0.0
            self._gap = self._gap * 0.9 if self._gap > _FIRST_GAP / 2 else 0.0
