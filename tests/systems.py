"""What a test must know of the system it runs on."""

from __future__ import annotations

import ctypes
import os
import sys
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
