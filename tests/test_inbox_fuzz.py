"""Some upload folder passes among random plants; bench/inbox_fuzz.py goes through many more of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench" / "inbox_fuzz.py"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes, devices or users to become on Windows")
def test_nothing_that_is_planted_is_followed_sent_twice_or_waited_for():
    """In a process of its own, for it acts as other users."""
    ended = subprocess.run([sys.executable, str(BENCH), "60", "7"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["Nothing went wrong."]), (
        ended.stdout + ended.stderr
    )
