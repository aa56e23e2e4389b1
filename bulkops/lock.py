"""One run at a time: an operating-system lock that dies with the process that holds it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkops.errors import CannotStart


@contextmanager
def only_one(folder: Path, holder: str) -> Iterator[None]:
    """Hold the folder's run lock. Raises CannotStart, naming who holds it and since when, if another process does."""
    with open(folder / "run.lock", "a+b") as stream:
        try:
            _lock(stream.fileno())
        except OSError as error:
            raise CannotStart("run.busy", value=_holder(folder)) from error
        (folder / "run.holder").write_text(holder, encoding="utf-8")
        try:
            yield
        finally:
            _unlock(stream.fileno())


def _holder(folder: Path) -> str:
    try:
        return (folder / "run.holder").read_text(encoding="utf-8")[:200]
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
