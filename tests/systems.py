"""What a test must know of the system it runs on."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

WINE = sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
"""Windows programs under Linux: what wine itself does not do is skipped there."""


def link(at: Path, to: Path, folder: bool = False) -> None:
    """Make a symbolic link, or skip the test where this user has none."""
    try:
        at.symlink_to(to, target_is_directory=folder)
    except OSError:
        pytest.skip("this user may not make links here")
    if not os.path.islink(at):
        pytest.skip("wine makes links that it does not follow")


def read_to_end(screen: int, child: int) -> tuple[bytes, int]:
    """What a child still says at its pseudo-terminal until it ends, and its exit code."""
    said = b""
    with suppress(OSError):  # the system's way to say that nobody is at the other end
        while more := os.read(screen, 1000):
            said += more
    _, status = os.waitpid(child, 0)
    os.close(screen)
    return said, os.waitstatus_to_exitcode(status)


ANOTHER = 54321
"""The number of a user whom nobody knows."""


def as_another_user(act: Callable[[], object]) -> None:
    """Do it as another user of this computer; skip the test where this process may not become one."""
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("only root can act as another user")
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(ANOTHER)
            os.setuid(ANOTHER)
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder in which every user of this computer may write; the tests' own are closed to others."""
    around = Path(os.path.realpath(tempfile.mkdtemp(dir=None if sys.platform == "win32" else "/tmp")))
    try:
        around.chmod(0o755)
        folder = around / "shared"
        folder.mkdir()
        folder.chmod(0o777)
        yield folder
    finally:
        shutil.rmtree(around, ignore_errors=True)
