"""Symbolic links, for the tests of what is reached through one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def make(at: Path, to: Path, folder: bool = False) -> None:
    """Make a symbolic link, or skip the test where this user has none."""
    try:
        at.symlink_to(to, target_is_directory=folder)
    except OSError:
        pytest.skip("this user may not make links here")
    if not os.path.islink(at):
        pytest.skip("wine makes links that it does not follow")
