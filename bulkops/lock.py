"""One run at a time: an operating-system lock that dies with the process that holds it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkops.errors import CannotStart

_TAKEN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


@contextmanager
def only_one(folder: Path, holder: str) -> Iterator[None]:
    """Hold the folder's run lock. Raises CannotStart, naming who holds it and since when, if another process does."""
    try:
        stream = (folder / "run.lock").open("a+b")
    except OSError as error:
        raise _unusable(folder, error) from error
    with stream:
        try:
            _lock(stream.fileno())
        except OSError as error:
            if error.errno in _TAKEN:
                raise CannotStart("run.busy", value=_holder(folder)) from error
            raise _unusable(folder, error) from error
        try:
            (folder / "run.holder").write_text(holder, encoding="utf-8", errors="replace")
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            yield
        finally:
            _unlock(stream.fileno())


def _unusable(folder: Path, error: OSError) -> CannotStart:
    return CannotStart("ledger.unusable", path=folder, value=error.strerror or "no access")


def _holder(folder: Path) -> str:
    try:
        return (folder / "run.holder").read_text(encoding="utf-8", errors="replace")[:200] or "started just now"
    except OSError:
        return "started just now"


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
