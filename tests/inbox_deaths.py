"""``bulkops inbox`` that dies: at the step with the number that is its first argument, or at none (0).

A step is whatever lasts: a name that is given or taken on a disk, a record in the ledger, a request that is sent.
Not the removal of temporary files: they are hidden, and nobody misses or minds them.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

from bulkops.cli import commands
from bulkops.energycap.client import Client
from bulkops.inbox import scan
from bulkops.ledger import Ledger

NAMES = ("link", "unlink", "replace", "rename", "mkdir", "rmdir")
RECORDS = ("begin", "intend", "conclude", "finish", "moved")


def _lasts_not(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    if name == "unlink":
        return os.fspath(given[0]).endswith(".tmp") or not _is_there(given[0], named.get("dir_fd"))
    return name == "send" and given[1].method == "GET"


def _is_there(path: Any, folder: int | None) -> bool:
    try:
        os.stat(path, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def main(arguments: list[str], mark: Callable[[str], None]) -> None:
    """The command line, with a death before its step of this number; each step is told to ``mark``."""
    last, *rest = arguments
    taken: list[str] = []

    def hooked(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def step(*given: Any, **named: Any) -> Any:
            if not _lasts_not(name, given, named):
                taken.append(name)
                mark(name)
                if len(taken) == int(last):
                    os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return step

    for owner, names in ((os, NAMES), (Ledger, RECORDS), (Client, ("send",))):
        for name in names:
            setattr(owner, name, hooked(name, getattr(owner, name)))
    # Nobody copies anything here: the two looks need not be apart.
    scan.SETTLING = 0.0
    commands.main(rest)
