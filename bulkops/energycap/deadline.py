"""The call in hand, and its end: however its bytes trickle, it is cut when its whole time is over."""

import socket
import threading
import time
from collections.abc import Callable

from urllib3.exceptions import ConnectTimeoutError


class CallDeadline:
    """The call that a client has in hand: how far it came, and its sockets, so that it can be cut when it is overdue.

    ``seconds`` is the time for one call from start to end, by ``clock``.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._changing = threading.Condition()
        self._watcher: threading.Thread | None = None
        self._until: float | None = None
        """When the call is overdue; None while there is none."""
        self.closed = False
        self._begin()

    def _begin(self) -> None:
        self.begun = False
        """The request has begun to leave."""
        self.reused = False
        """It leaves on a connection that an earlier call has used."""
        self.status: int | None = None
        self._sockets: list[socket.socket] = []
        self._overdue = False

    def start(self, seconds: float | None = None) -> None:
        """Take the next call in hand, which may have less time than others have. One thread watches over all of a
        client's calls: one for each is slow to make."""
        with self._changing:
            self._begin()
            self._until = self._clock() + min(self._seconds, seconds or self._seconds)
            if seconds:
                self._changing.notify()
            if self._watcher is None:
                watcher = threading.Thread(target=self._watch, name="bulkops deadline", daemon=True)
                watcher.start()
                self._watcher = watcher

    def end(self) -> None:
        """The call is over; from here on it is not cut."""
        with self._changing:
            self._until = None

    def close(self) -> None:
        """End the watching, and cut the call in hand, if there is one."""
        self.closed = True
        with self._changing:
            if self._until is not None:
                self.cut()
            watcher, self._watcher = self._watcher, None
            self._changing.notify()
        if watcher is not None:
            watcher.join()

    def register(self, connection: socket.socket) -> None:
        """Take note of a socket in use. Closes it and raises ConnectTimeoutError if the time is over already."""
        self._sockets.append(connection)
        if self._overdue:
            connection.close()
            raise ConnectTimeoutError("the time was over before the request could leave")

    def cut(self) -> None:
        """End a call whose answer trickles in: no gap between two bytes is long enough for the read deadline."""
        self._overdue = True
        for each in list(self._sockets):
            try:
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            except OSError:
                continue

    def go_on(self) -> None:
        """Raises TimeoutError once the time is over: for work on an answer that is there already."""
        if self._until is None or self._until <= self._clock():
            raise TimeoutError("the answer took too long to read")

    def check(self) -> float:
        """Cut the call in hand if it is overdue. Seconds until there is a reason to look again."""
        with self._changing:
            left = self._seconds if self._until is None else self._until - self._clock()
            if left > 0:
                return left
            self.cut()
            self._until = None
            return self._seconds

    def _watch(self) -> None:
        # A later call is due before an earlier one only if it has less time: to start any other, nobody is woken.
        with self._changing:
            while self._watcher is threading.current_thread():
                self._changing.wait(self.check())
