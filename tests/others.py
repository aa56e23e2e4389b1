"""A real second user of the computer: what it does is done by a process with that user's rights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOMEBODY, ELSE = 61001, 61002
"""Numbers of users that nobody has."""
NEEDS_ROOT = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can start a process as another user"
)
_PACKAGE = Path(__file__).parents[1]


def as_user(number: int, code: str, *facts: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code as another user, with bulkops importable; ``sys.argv`` begins behind the code."""
    # The packages of these tests may lie where only root may look: they are opened before the rights are given up.
    drop = f"import os, sys; import {_IMPORTS}; os.setgroups([]); os.setgid({number}); os.setuid({number})\n"
    return subprocess.run(
        [sys.executable, "-c", drop + code, *map(str, facts)],
        env={**os.environ, **environment},
        cwd=_PACKAGE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


_IMPORTS = (
    "bulkops.system.workbook_lock, bulkops.energycap.environments, bulkops.system.data_folder, "
    "bulkops.messages.errors, bulkops.ledger, pwd, grp, platformdirs, errno"
)
