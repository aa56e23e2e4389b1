"""A workbook put in place of another so that there is always a whole one: the old or the new.

Written beside it under another name, synced, read back and compared; the one before is kept; then one rename.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_TRIES = 5


class Changed(OSError):
    """The file is not the one any more that was read."""


def save(
    path: Path,
    content: bytes,
    was: str | None = None,
    keep: Callable[[Path], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Put a file in place.

    ``was``: the SHA-256 that the file to be replaced must have; None: whatever it holds. ``keep`` is called with the
    file that is about to be replaced and makes a copy of it. Raises Changed, or OSError; then what was there is
    there as it was.
    """
    target = Path(os.path.realpath(path))
    temporary = _temporary(target)
    try:
        _write(temporary, content)
        found = _sha256(target)
        if found:
            if found != (was or found):
                raise Changed(f"{target.name} was changed meanwhile")
            keep(target)
            with suppress(OSError):
                _take_after(temporary, target)
        elif was:
            raise Changed(f"{target.name} is gone")
        _replace(temporary, target, found, sleep)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def _sha256(path: Path) -> str:
    """Of a file; "" if there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def writable(path: Path) -> bool:
    """Could a file be put there now? Tried for real, before anything is sent; leaves nothing behind."""
    target = Path(os.path.realpath(path))
    probe = _temporary(target)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
        if os.path.exists(target):
            # On Windows a program that has it open keeps it from being replaced; elsewhere its rights may.
            with open(target, "r+b"):
                pass
    except OSError:
        return False
    return not opened_by(target)


def opened_by(path: Path) -> str:
    """The program that says, with a file of its own beside it, that it has the workbook open; "" for none."""
    for each in dict.fromkeys((path, Path(os.path.realpath(path)))):
        # For a long name Excel leaves the first two letters out.
        marks = {f"~${each.name}": "Excel", f"~${each.name[2:]}": "Excel", f".~lock.{each.name}#": "LibreOffice"}
        for name, program in marks.items():
            # Unlike Path's, this bears names that are too long.
            if name != "~$" and os.path.exists(each.with_name(name)):
                return program
    return ""


def keep_copy(path: Path, folder: Path, name: str) -> Path:
    """Copy a file into a folder under this name, or one with a number if that is taken; synced. Raises OSError."""
    folder.mkdir(exist_ok=True)
    kept, number = folder / name, 1
    while os.path.exists(kept):
        number += 1
        kept = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    temporary = _temporary(kept)
    try:
        shutil.copy2(path, temporary)
        with open(temporary, "r+b") as stream:
            os.fsync(stream.fileno())
        os.rename(temporary, kept)
    finally:
        # On a full disk half a copy takes the room that the ledger needs.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return kept


def sweep(path: Path) -> None:
    """Remove what a save of a file left beside it when it was killed; to be called only with the workbook's lock."""
    target = Path(os.path.realpath(path))
    left = re.compile(re.escape(_temporary_start(target)) + r"[0-9a-f]{8}\.tmp")
    with suppress(OSError):
        for each in target.parent.iterdir():
            if left.fullmatch(each.name):
                each.unlink()


def shortened(name: str) -> str:
    """As much of a name as leaves room for more in a file's name, which a disk counts in bytes."""
    return os.fsencode(name)[:150].decode(sys.getfilesystemencoding(), "ignore")[:60]


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_temporary_start(path)}{secrets.token_hex(4)}.tmp")


def _temporary_start(path: Path) -> str:
    """Of one file's temporary names only, however alike the first letters of two are."""
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return f".{shortened(path.stem)[:40]}-{mark}-"


def _write(path: Path, content: bytes) -> None:
    """Write, sync, and read back. Raises OSError if what is there then is something else."""
    with open(path, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    if path.read_bytes() != content:
        raise OSError(f"{path.name} was not kept by the disk as it was written")


def _take_after(new: Path, old: Path) -> None:
    """The new file's rights, labels and owner are the old one's, as far as we may."""
    shutil.copystat(old, new)
    os.utime(new)
    if sys.platform != "win32":
        facts = old.stat()
        os.chown(new, facts.st_uid, facts.st_gid)


def _replace(temporary: Path, path: Path, found: str, sleep: Callable[[float], object]) -> None:
    """Virus scanners and sync programs hold a new file for a moment; five tries, then the error is the caller's.

    Before each it is looked whether the file is still the one that was ``found``: who held it may have saved it.
    """
    for attempt in range(_TRIES):
        try:
            if _sha256(path) != found:
                raise Changed(f"{path.name} was changed meanwhile")
            _rename(temporary, path)
            return
        except PermissionError:
            if attempt == _TRIES - 1:
                raise
            sleep(0.2 * 2**attempt)


if sys.platform == "win32":
    import ctypes

    def _rename(temporary: Path, path: Path) -> None:
        """ReplaceFile keeps who may read the workbook, and what other programs have attached to it."""
        replaced = path.exists() and ctypes.windll.kernel32.ReplaceFileW(str(path), str(temporary), None, 2, None, None)
        if not replaced:
            os.replace(temporary, path)

    def sync_folder(folder: Path) -> None:
        """Windows has nothing of the kind."""
else:

    def _rename(temporary: Path, path: Path) -> None:
        os.replace(temporary, path)

    def sync_folder(folder: Path) -> None:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
