"""One window for each data folder: a second start hands its files to the first, which comes forward.

The first holds an operating-system lock that ends with it. The second leaves a note with its files in the data folder,
where nobody else can write. The window takes notes away in its ticks: a note that is gone was taken.

Two windows on one data folder do no harm, for a run has a lock of its own. So where nobody takes its note the second
takes it back, and opens all the same.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bulkops.system.locks import held

_LOCK, _NOTES = "window.lock", "window notes"
_NOTE, _TAKEN = ".note", ".taken"
_BREATH = 0.05
_PATIENCE = 5.0
"""Seconds in which the first may not have come up yet, or may be about to end."""


class First:
    """The window that others hand their files to; without a lock it is one that nobody finds."""

    def __init__(self, home: Path | None = None, lock: int | None = None) -> None:
        self._home, self._lock = home, lock

    def taken(self) -> list[list[Path]]:
        """What further starts have left since: the files of each, maybe none."""
        found: list[list[Path]] = []
        if self._home is None:
            return found
        with suppress(OSError):  # nobody has left anything yet
            for note in sorted((self._home / _NOTES).iterdir()):
                if note.suffix == _NOTE:
                    with suppress(OSError, ValueError, TypeError):
                        found.append(_read(note))
        return found

    def close(self) -> None:
        """The next start is the first."""
        self._home = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def first_or_hand_over(
    home: Path,
    files: list[Path],
    patience: float = _PATIENCE,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> First | None:
    """None if a window that is open already has taken the files; else this start's own.

    Takes ``patience`` seconds at most: then this start goes on by itself.
    """
    until = clock() + patience
    note: Path | None = None
    while True:
        if note is not None and not note.exists():
            return None
        try:
            lock = held(home / _LOCK)
            if lock is None and note is None:
                note = _left(home / _NOTES, files)
        except OSError:
            return First()  # no locks here, or no room for a note: every start has a window of its own
        if lock is not None or clock() >= until:
            if note is not None and not _taken_back(note, sleep):
                if lock is not None:
                    os.close(lock)
                return None
            return First(home, lock) if lock is not None else First()
        sleep(_BREATH)


def _left(folder: Path, files: list[Path]) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    _let_it_come_forward()
    note = folder / f"{secrets.token_hex(8)}{_NOTE}"
    begun = note.with_suffix(".part")
    # Whole or not at all. A name may be no Unicode; ASCII with escapes keeps each as it is.
    try:
        with open(begun, "x", encoding="ascii", opener=_mine) as stream:
            json.dump([os.path.abspath(file) for file in files], stream)
        begun.rename(note)
    except OSError:
        begun.unlink(missing_ok=True)
        raise
    return note


def _read(note: Path) -> list[Path]:
    """Who renames it first has it: the window, or the start that takes it back."""
    mine = note.with_suffix(_TAKEN)
    note.rename(mine)
    try:
        return [Path(each) for each in json.loads(mine.read_bytes())]
    finally:
        mine.unlink(missing_ok=True)


def _taken_back(note: Path, sleep: Callable[[float], object]) -> bool:
    """False if the window has it after all."""
    for _ in range(10):
        try:
            note.unlink()
            return True
        except FileNotFoundError:
            return False
        except OSError:  # Windows: somebody has it in hand at this moment
            sleep(_BREATH)
    return True


def _mine(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _let_it_come_forward() -> None:
    """Windows lets a window come forward only with the word of the program that the operator has just started."""
    if sys.platform == "win32":
        import ctypes

        any_process: Any = ctypes.c_uint32(0xFFFFFFFF)
        ctypes.windll.user32.AllowSetForegroundWindow(any_process)
