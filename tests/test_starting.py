"""Starting is quick: what a command does not need is not imported."""

from __future__ import annotations

import subprocess
import sys


def test_help_is_quick() -> None:
    """``bulkops --help`` imports none of the heavy libraries."""
    heavy = "pandas pandera sqlalchemy openpyxl requests fastapi uvicorn keyring rich numpy"
    code = (
        "import sys\nfrom bulkops.cli.commands import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r}.split() if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_history_needs_no_pandas() -> None:
    """Looking at earlier runs imports neither pandas nor openpyxl."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom bulkops.runs.history import history\nhistory(Path('nowhere'))\n"
        "print([name for name in ('pandas', 'openpyxl', 'sqlalchemy') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
