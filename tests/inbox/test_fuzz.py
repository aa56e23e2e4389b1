"""Some upload folder passes among random plants; bench/inbox_fuzz.py goes through many more of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from passes import passes

BENCH = Path(__file__).resolve().parents[2] / "bench" / "inbox_fuzz.py"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes, devices or users to become on Windows")
def test_nothing_that_is_planted_is_followed_sent_twice_or_waited_for():
    """In a process of its own, for it acts as other users."""
    # The folder for what is made for a moment is this test session's own: other users cannot write there.
    others = {name: value for name, value in os.environ.items() if name not in ("TMPDIR", "TEMP", "TMP")}
    command = [sys.executable, str(BENCH), str(passes(80)), "7"]
    ended = subprocess.run(command, env=others, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["Nothing went wrong."]), (
        ended.stdout + ended.stderr
    )
