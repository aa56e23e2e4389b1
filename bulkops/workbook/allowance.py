"""How much may be made of a file from outside: sums over all that is done with it, counted while it is done.

What a file says of its own size is no limit: its parts can be read many times, and few bytes can ask for many cells.
"""

import time
from collections.abc import Callable
from math import inf

MOST_FILE, MOST_UNPACKED = 200 * 2**20, 2**29
"""Bytes of a workbook's file, and of all its parts."""


class TooBig(ValueError):
    """It would take too long or too much memory; its text may say of what there is too much."""


class Allowance:
    """What is left of it. Every method raises TooBig once that is too little."""

    def __init__(
        self, things: int, unpacked: int = 0, seconds: float = inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``things``: cells, elements, or whatever else is made one by one; ``unpacked``: bytes."""
        self._things, self._unpacked, self._clock = things, unpacked, clock
        self._until = clock() + seconds

    def take(self, things: int = 0) -> None:
        """Count what is about to be made."""
        self._things -= things
        if self._things < 0 or self._clock() > self._until:
            raise TooBig("all of it together")

    def unpack(self, size: int) -> None:
        """Count bytes that were unpacked."""
        self._unpacked -= size
        if self._unpacked < 0:
            raise TooBig("all of it together")
        self.take()
