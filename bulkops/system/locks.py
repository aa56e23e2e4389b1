"""One run at a time in a data folder: operating-system locks that die with the process that holds them."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bulkops.messages.errors import CannotStart
from bulkops.system.ownership import mine, own_folder, told_apart

_TAKEN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
LOCK, HOLDER = "run.lock", "run.holder"
"""In a data folder: what is locked, and who has it, with the run that they have begun in a line of its own."""
JUST_NOW = "started just now"
FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
"""Never through a link that somebody laid in a shared folder."""
_PATIENCE = 0.5
"""Seconds for which a file that may not be opened is tried again: on Windows one that somebody is just removing, or
that a virus scanner looks at, is refused for a moment, with the same word as one that never may be opened."""
_BREATH = 0.02
_Opened = TypeVar("_Opened")


@contextmanager
def only_one(
    folder: Path,
    holder: str,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold the folder's run lock; a folder that is gone is made anew: what it lacks then is asked about.

    Raises CannotStart, naming who holds it and since when, if another process does.
    """
    try:
        own_folder(folder)
        handle = patiently(lambda: mine(str(folder / LOCK), FLAGS | os.O_CREAT), sleep, clock)
    except OSError as error:
        raise _unusable(folder, error) from error
    with os.fdopen(handle, "r+b"):
        try:
            if not locked(handle):
                sleep(_BREATH)  # who only looks whether a run is going on has it for less than that
                if not locked(handle):
                    raise CannotStart("run.busy", value=_holder(folder))
            with open(folder / HOLDER, "w", encoding="utf-8", errors="replace", opener=mine) as said:
                said.write(holder)
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            yield
        finally:
            unlock(handle)


def _unusable(folder: Path, error: OSError) -> CannotStart:
    reason = told_apart(error.strerror or "no access", folder / LOCK)
    return CannotStart("ledger.unusable", path=folder, value=reason)


def _holder(folder: Path) -> str:
    try:
        said = (folder / HOLDER).read_text(encoding="utf-8", errors="replace")
        return said.partition("\n")[0][:200] or JUST_NOW
    except OSError:
        return JUST_NOW


def held(path: Path) -> int | None:
    """A lock file's handle, locked until it is closed; None if another has it. Raises OSError if there can be none."""
    handle = os.open(path, FLAGS | os.O_CREAT, 0o600)
    try:
        free = locked(handle)
    except OSError:
        os.close(handle)
        raise
    if not free:
        os.close(handle)
        return None
    return handle


def patiently(attempt: Callable[[], _Opened], sleep: Callable[[float], object], clock: Callable[[], float]) -> _Opened:
    """What an attempt gives; one that is refused, or finds the file taken away in its hands, is made again."""
    until = clock() + _PATIENCE
    while True:
        try:
            return attempt()
        except (PermissionError, FileExistsError, BlockingIOError):
            if clock() >= until:
                raise
        sleep(_BREATH)


def locked(handle: int) -> bool:
    """Lock it, or False if another process has. Raises OSError where locks cannot be had."""
    try:
        _lock(handle)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """The byte that is locked. Nobody else may even read a locked byte, so it lies far behind any text."""

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def unlock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
