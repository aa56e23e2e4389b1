"""A file is opened in the program that the operator opens such files with, or shown in its folder.

Both take a moment and belong in a worker's thread. Neither goes through a shell, so that a path is a path whatever is
in it. No program that is opened learns what is set for bulkops: one of its variables may be the key.
"""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.system import programs
from bulkops.system.links import real

_PATIENCE = 3.0
"""Seconds in which a program that cannot open a file says so; one that goes on longer has opened it."""


_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".csv")


def open_file(path: Path, patience: float = _PATIENCE) -> None:
    """Open a workbook in its default program; nothing else, for a program in a shared folder would be started.

    Raises CannotStart, whose ``facts["path"]`` is the whole path, if it is gone, no workbook, or nothing here opens it.
    """
    whole = _there(path)
    if not is_workbook(whole):
        raise CannotStart("open.no_workbook", name=whole.name, path=whole)
    _started([*_OPENER, str(whole)], whole, patience)


def is_workbook(path: Path) -> bool:
    """Is it a file with a workbook's name, also where links of our own lead?"""
    try:
        there = real(path)
        return there.suffix.lower() in _WORKBOOKS and stat.S_ISREG(os.lstat(there).st_mode)
    except OSError:
        return False


def show_in_folder(path: Path, patience: float = _PATIENCE) -> None:
    """Open the folder of a file, with the file selected where the system can do that. Raises CannotStart as above."""
    whole = _there(path)
    if sys.platform == "win32":
        explorer = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "explorer.exe")
        try:
            # It reads its command line in a way of its own: the quotes go round the path alone. A path has none.
            explorer_running = subprocess.Popen(f'"{explorer}" /select,"{whole}"', env=programs.for_other_programs())
        except OSError as error:
            raise CannotStart("open.no_program", name=whole.parent.name, path=whole) from error
        _leave(explorer_running)
    elif sys.platform == "darwin":
        _started([*_OPENER, "-R", str(whole)], whole, patience)
    else:
        _started([*_OPENER, str(whole.parent)], whole, patience)


if sys.platform == "win32":
    # Windows gives what it opens the variables of the process that asks for it, so that is one without ours. It stays
    # for a while, for Windows may go on with the opening after it has said yes.
    _OPENER = [sys.executable, "-I", "-c", "import os, sys, time; os.startfile(sys.argv[1]); time.sleep(10)"]
else:
    _OPENER = ["open"] if sys.platform == "darwin" else ["xdg-open"]


def _there(path: Path) -> Path:
    """The whole path, which cannot be taken for an option. Raises CannotStart if nothing is there."""
    whole = Path(os.path.abspath(path))
    if not os.path.exists(whole):
        raise CannotStart("open.gone", name=whole.name, path=whole)
    return whole


def _started(command: list[str], path: Path, patience: float) -> None:
    try:
        running = programs.started(command)
    except OSError as error:
        raise CannotStart("open.no_program", name=path.name, path=path) from error
    try:
        ended = running.wait(patience)
    except subprocess.TimeoutExpired:
        _leave(running)
        return
    if ended != 0:
        raise CannotStart("open.no_program", name=path.name, path=path)


def _leave(running: subprocess.Popen[bytes]) -> None:
    """Let it run; a thread that nobody waits for takes note of its end, as the system wants somebody to."""
    threading.Thread(target=running.wait, name="bulkops opener", daemon=True).start()
