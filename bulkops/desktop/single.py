"""One window for each data folder: a second start hands its files to the open window, which comes to the front.

The window's lock ends with its process. A second start leaves a note with its files in the data folder, where nobody
else can write; the window reads it in its next tick and removes it. Whoever removes a note has its files: a start that
waits in vain takes its own note back and opens a window of its own, which does no harm, for a run has its own lock.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bulkops.system.files import save
from bulkops.system.folders import Folder, whole
from bulkops.system.locks import held
from bulkops.system.ownership import own_folder

_LOCK, _NOTES = "window.lock", "window notes"
_PAUSE, _PATIENCE = 0.05, 5.0
"""Seconds between two looks, and in all: the window may not be up yet, or may be about to close."""


class OpenWindow:
    """This start's own window. Without a lock no other start hands anything to it."""

    def __init__(self, data_folder: Path, lock: int | None = None) -> None:
        self._notes, self._lock = data_folder / _NOTES, lock

    def take_files(self) -> list[list[Path]]:
        """The files, maybe none, of each start since the last call."""
        found: list[list[Path]] = []
        for note in sorted(self._notes.glob("*.note")) if self._lock is not None else []:
            with suppress(OSError, ValueError, TypeError):
                with Folder(self._notes) as folder, os.fdopen(folder.open(note.name), "rb") as stream:
                    text = whole(stream)
                note.unlink()
                found.append([Path(name) for name in json.loads(text)])
        return found

    def close(self) -> None:
        """The next start opens a window."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_or_hand_over(
    data_folder: Path,
    files: list[Path],
    patience: float = _PATIENCE,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> OpenWindow | None:
    """None if the open window has taken the files, else a window of this start's own."""
    until, note, left = clock() + patience, data_folder / _NOTES / f"{secrets.token_hex(8)}.note", False
    try:
        while (lock := held(data_folder / _LOCK)) is None and clock() < until:
            if not left:
                _leave(note, files)
                left = True
            elif not os.path.exists(note):
                return None
            sleep(_PAUSE)
    except OSError:  # no locks, or no notes: every start has a window of its own
        return OpenWindow(data_folder)
    try:
        note.unlink(missing_ok=lock is not None or not left)
    except FileNotFoundError:
        return None
    except OSError:  # Windows, while a virus scanner reads it
        pass
    return OpenWindow(data_folder, lock)


def _leave(note: Path, files: list[Path]) -> None:
    """Whole or not at all. In ASCII with escapes: a file's name may be no Unicode."""
    if sys.platform == "win32":
        import ctypes

        # A window may only come to the front with the consent of the program that the operator has just started.
        any_process: Any = ctypes.c_uint32(0xFFFFFFFF)
        ctypes.windll.user32.AllowSetForegroundWindow(any_process)
    own_folder(note.parent)
    save(note, json.dumps([os.path.abspath(file) for file in files]).encode("ascii"), rights=0o600)
