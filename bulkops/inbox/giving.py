"""Giving a file another name without ever taking one that is in use: a plain rename replaces what is there."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

_TRIES = 5


def give(old: Path, new: Path, sleep: Callable[[float], object] = time.sleep) -> None:
    """Rename a file on one disk. Raises FileExistsError if the name is in use, OSError.

    Who dies in it leaves the file under one of the names, or under both; done again, it comes to its end.
    """
    for attempt in range(_TRIES):
        try:
            _give(old, new)
            return
        except PermissionError:
            # On Windows a virus scanner that looks at a file keeps it for a moment.
            if attempt == _TRIES - 1:
                raise
            sleep(0.2 * 2**attempt)


if sys.platform == "win32":

    def _give(old: Path, new: Path) -> None:
        """Windows renames nothing over what is there."""
        os.rename(old, new)
else:
    import errno

    _NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)

    def _give(old: Path, new: Path) -> None:
        try:
            os.link(old, new)
        except FileExistsError:
            if not os.path.samefile(old, new):
                raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _give_without_links(old, new)
            return
        os.unlink(old)

    def _give_without_links(old: Path, new: Path) -> None:
        """Some network disks have no links: there the name is taken by an empty file first."""
        with open(new, "xb"):
            pass
        try:
            os.replace(old, new)
        except OSError:
            os.unlink(new)
            raise
