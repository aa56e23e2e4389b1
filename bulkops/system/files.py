"""A workbook put in place of another so that there is always a whole one: the old or the new.

Written beside it under another name, synced, read back and compared; the one before is kept; then one rename.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.system.folders import Folder, Planted, opened, real, whole
from bulkops.system.ownership import own_folder
from bulkops.system.path_lengths import too_long

_TRIES = 5
_MOST = 2**28
"""Bytes of a file that is replaced; what bulkops reads or makes is smaller."""
_OF_WINDOWS = re.compile("rf[0-9a-f]{1,8}[.]tmp", re.IGNORECASE)
"""Empty files that ReplaceFile leaves when it fails."""


class Changed(OSError):
    """The file is not the one any more that was read."""


class Displaced(OSError):
    """Windows has taken the old file's name away and nothing could be put there: both files have other names."""


def save(
    path: Path,
    content: bytes,
    was: str | None = None,
    keep: Callable[[Path], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
    rights: int = 0o666,
) -> None:
    """Put a file in place.

    ``rights``: of a new one, as far as the user's own setting allows them. ``was``: the SHA-256 that the file to be
    replaced must have; None: whatever it holds. ``keep`` is called with the file that is about to be replaced and makes
    a copy of it. Raises Changed, or OSError; then what was there is
    there as it was, or, after Displaced, under the name that it says.
    """
    path = real(path)
    with Folder(path.parent) as folder:
        temporary = _temporary(path).name
        try:
            _write(folder, temporary, content, rights)
            found = _sha256(folder, path.name)
            if found:
                if found != (was or found):
                    raise Changed(f"{path.name} was changed meanwhile")
                keep(path)
                with suppress(OSError):
                    _take_after(folder, temporary, path.name)
            elif was:
                raise Changed(f"{path.name} is gone")
            _replace(folder, temporary, path.name, found, sleep)
        except Displaced:
            raise  # the new file stays, for nothing else has the workbook's place
        except BaseException:
            with suppress(OSError):
                folder.remove(temporary)
            raise
        folder.sync()


def create(path: Path, content: bytes) -> None:
    """Put a file where there is none. Raises FileExistsError, also for a link by that name; OSError."""
    with Folder(path.parent) as folder:
        _write(folder, path.name, content)


def _sha256(folder: Folder, name: str) -> str:
    """Of a file; "" if there is none. Raises OSError for a link, and for whatever else is no file."""
    try:
        with os.fdopen(folder.open(name), "rb") as stream:
            return hashlib.sha256(whole(stream, _MOST)).hexdigest()
    except FileNotFoundError:
        return ""


def refuse_planted(path: Path) -> None:
    """Raises CannotStart if a link is in the way to where a file is wanted that somebody else may have put there."""
    try:
        real(path)
    except Planted as link:
        raise CannotStart("file.planted", path=path, value=link.filename) from link
    except (OSError, ValueError):
        pass  # what else is wrong with it is told by whoever opens it


def writable(path: Path) -> bool:
    """Could a file be put there now? Tried for real, before anything is sent; leaves nothing behind."""
    if no_room_in_path(path):
        return False
    try:
        path = real(path)
        with Folder(path.parent) as folder:
            probe = _temporary(path).name
            os.close(folder.create(probe))
            folder.remove(probe)
            if folder.facts(path.name) is not None:
                os.close(folder.open(path.name, os.O_RDWR))
                if not removable(path):
                    return False
    except OSError:
        return False
    return not opened_by(path)


def no_room_in_path(path: Path) -> bool:
    """Is its path too long, or that of a file that lies beside it while it is written?"""
    temporary = _temporary(path)
    return any(
        too_long(each) for each in (path, temporary, temporary.with_name(f"{temporary.stem}{_backup_end(path)}"))
    )


def opened_by(path: Path) -> str:
    """The program that says, with a file of its own beside it, that it has the workbook open; "" for none."""
    places = [path]
    with suppress(OSError):
        places.append(real(path))
    for each in dict.fromkeys(places):
        # For a long name Excel leaves the first two letters out.
        marks = {f"~${each.name}": "Excel", f"~${each.name[2:]}": "Excel", f".~lock.{each.name}#": "LibreOffice"}
        for name, program in marks.items():
            # Unlike Path's, this bears names that are too long.
            if name != "~$" and os.path.exists(each.with_name(name)):
                return program
    return ""


def keep_copy(path: Path, folder: Path, name: str) -> Path:
    """Copy a file into a folder of the user's own under this name, or one with a number if that is taken; synced.
    Raises OSError."""
    own_folder(folder)
    kept, number = folder / name, 1
    while os.path.exists(kept):
        number += 1
        kept = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    with opened(path) as old, Folder(kept.parent) as place:
        temporary = _temporary(kept).name
        try:
            with os.fdopen(place.create(temporary, 0o600), "r+b") as stream:
                shutil.copyfileobj(old, stream)
                stream.flush()
                os.fsync(stream.fileno())
            changed = os.fstat(old.fileno()).st_mtime_ns
            os.utime(place.path / temporary, ns=(changed, changed))
            place.replace(temporary, kept.name)
        finally:
            # On a full disk half a copy takes the room that the ledger needs.
            with suppress(OSError):
                place.remove(temporary)
    return kept


def sweep(path: Path) -> None:
    """Remove what a save of a file left beside it when it was killed; to be called only with the workbook's lock.

    A file that was about to be replaced and has lost its name gets it back.
    """
    with suppress(OSError):
        path = real(path)
        with Folder(path.parent) as folder:
            _sweep(folder, path)


def _sweep(folder: Folder, path: Path) -> None:
    new = re.compile(re.escape(_temporary_start(path)) + r"[0-9a-f]{8}\.tmp")
    ends = _regular(folder, lambda name: new.fullmatch(name) or _OF_WINDOWS.fullmatch(name))
    kept = _displaced(folder, path)
    if kept and folder.facts(path.name) is None:
        folder.rename(kept[-1], path.name)
    for name, facts in ends.items():
        if not _OF_WINDOWS.fullmatch(name) or not facts.st_size:
            folder.remove(name)
    for name in kept:
        folder.remove(name)


def displaced(path: Path) -> str:
    """The name that a file was left under whose replacement was killed, or stopped by other programs; "" if it was not.

    When its run is resumed it gets its own name back.
    """
    with suppress(OSError):
        path = real(path)
        with Folder(path.parent) as folder:
            if folder.facts(path.name) is None:
                return next(reversed(_displaced(folder, path)), "")
    return ""


def _displaced(folder: Folder, path: Path) -> list[str]:
    """What of a file has been left under the names that it has while it is replaced on Windows, the newest last."""
    old = re.compile(re.escape(_temporary_start(path)) + "[0-9a-f]{8}" + re.escape(_backup_end(path)))
    found = _regular(folder, old.fullmatch)
    return sorted(found, key=lambda name: found[name].st_mtime_ns)


def _regular(folder: Folder, wanted: Callable[[str], object]) -> dict[str, os.stat_result]:
    """The folder's files whose names are wanted, and their facts."""
    facts = {name: folder.facts(name) for name in folder.names() if wanted(name)}
    return {name: each for name, each in facts.items() if each is not None and stat.S_ISREG(each.st_mode)}


def shortened(name: str) -> str:
    """As much of a name as leaves room for more in a file's name, which a disk counts in bytes."""
    return os.fsencode(name)[:150].decode(sys.getfilesystemencoding(), "ignore")[:60]


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_temporary_start(path)}{secrets.token_hex(4)}.tmp")


def _temporary_start(path: Path) -> str:
    """Of one file's temporary names only, however alike the first letters of two are."""
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return f".{shortened(path.stem)[:40]}-{mark}-"


def _backup_end(path: Path) -> str:
    """Of the name that a file has while it is replaced on Windows: a person who finds it can open it."""
    return f".before{path.suffix}"


def _write(folder: Folder, name: str, content: bytes, rights: int = 0o666) -> None:
    """Write a new file, sync, and read back. Raises OSError if what is there then is something else."""
    handle = folder.create(name, rights)
    try:
        with os.fdopen(handle, "r+b") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with os.fdopen(folder.open(name), "rb") as stream:
            if stream.read(len(content) + 1) != content:
                raise OSError(f"{name} was not kept by the disk as it was written")
    except BaseException:
        with suppress(OSError):
            folder.remove(name)
        raise


def _replace(folder: Folder, temporary: str, name: str, found: str, sleep: Callable[[float], object]) -> None:
    """Virus scanners and sync programs hold a new file for a moment; five tries, then the error is the caller's.

    Before each it is looked whether the file is still the one that was ``found``: who held it may have saved it.
    """
    for attempt in range(_TRIES):
        try:
            if _sha256(folder, name) != found:
                raise Changed(f"{name} was changed meanwhile")
            _rename(folder, temporary, name, sleep)
            return
        except PermissionError:
            if attempt == _TRIES - 1:
                raise
            sleep(0.2 * 2**attempt)


def _by_replace_file(
    new: Path, old: Path, replace_file: Callable[[str, str, str], int], sleep: Callable[[float], object]
) -> None:
    """Put a file in place of another as Windows does, which keeps who may read it and what is attached to it.

    ``replace_file`` is ReplaceFile with a name for the old file, and gives 0 or the number of its error. Microsoft says
    that after 1177 the old file has that name, and after every other that both files have their own. Whatever it says,
    it is looked what stands there: the old file gets its name back, and the plain way is tried, which needs less.
    Raises Changed if another file has the old one's place, OSError if a virus scanner, say, took the new one away.
    """
    backup = old.with_name(f"{_temporary(old).stem}{_backup_end(old)}")
    with Folder(old.parent) as folder:
        wanted = _sha256(folder, new.name)
    if replace_file(str(old), str(new), str(backup)) == 0:
        with suppress(OSError):  # who looks at it at this moment keeps it; the next run sweeps it away
            backup.unlink()
        return
    for attempt in range(_TRIES):
        if os.path.exists(old):
            break
        with suppress(OSError):
            os.rename(backup if os.path.exists(backup) else new, old)
            break
        sleep(0.2 * 2**attempt)
    else:
        names = " and ".join(each.name for each in (backup, new) if os.path.exists(each))
        raise Displaced(errno.EIO, f"Windows took away its name; as it was, and as it was to be, it is now {names}")
    if os.path.exists(new):
        if os.path.exists(backup):
            raise Changed(f"another file was put in the place of {old.name}")
        os.replace(new, old)
    else:
        with Folder(old.parent) as folder:
            if _sha256(folder, old.name) != wanted:
                raise FileNotFoundError(errno.ENOENT, "another program took the new file away")
    with suppress(OSError):
        backup.unlink(missing_ok=True)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.CreateFileW.restype = wintypes.HANDLE
    _kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
    _NO_HANDLE = wintypes.HANDLE(-1).value
    _READ_AND_DELETE = 0x80000000 | 0x00010000
    _SHARING_ALL = 1 | 2 | 4
    _OPEN_EXISTING = 3
    _IGNORE_MERGE_ERRORS = 2

    def removable(path: Path) -> bool:
        """May its name be taken from it? Not while a program has it open that does not allow that, though it may let
        others read and write it. Asked as ReplaceFile and a rename will ask."""
        handle = _kernel32.CreateFileW(str(path), _READ_AND_DELETE, _SHARING_ALL, None, _OPEN_EXISTING, 0, None)
        if handle == _NO_HANDLE:
            return False
        _kernel32.CloseHandle(handle)
        return True

    def _replace_file(old: str, new: str, backup: str) -> int:
        if _kernel32.ReplaceFileW(old, new, backup, _IGNORE_MERGE_ERRORS, None, None):
            return 0
        return ctypes.get_last_error() or -1

    def _take_after(folder: Folder, new: str, old: str) -> None:
        """ReplaceFile does."""

    def _rename(folder: Folder, new: str, name: str, sleep: Callable[[float], object]) -> None:
        if folder.facts(name) is not None:
            _by_replace_file(folder.path / new, folder.path / name, _replace_file, sleep)
        else:
            os.rename(folder.path / new, folder.path / name)

    def sync_folder(folder: Path) -> None:
        """Windows has nothing of the kind."""
else:

    def removable(path: Path) -> bool:
        """May its name be taken from it? In a folder where everybody keeps his own files, only by its owner."""
        folder, file = path.parent.stat(), path.lstat()
        return not folder.st_mode & stat.S_ISVTX or os.geteuid() in (0, folder.st_uid, file.st_uid)

    def _take_after(folder: Folder, new: str, old: str) -> None:
        """The new file's labels, owner and rights are the old one's, as far as we may; never those of a program."""
        handles = [folder.open(new)]
        try:
            handles.append(folder.open(old))
            to, of = handles
            facts = os.fstat(of)
            if sys.platform == "linux":
                for label in os.listxattr(of):
                    with suppress(OSError):
                        os.setxattr(to, label, os.getxattr(of, label))
            os.fchmod(to, stat.S_IMODE(facts.st_mode) & 0o777)
            os.fchown(to, facts.st_uid, facts.st_gid)
        finally:
            for handle in handles:
                os.close(handle)

    def _rename(folder: Folder, new: str, name: str, _: Callable[[float], object]) -> None:
        folder.replace(new, name)

    def sync_folder(folder: Path) -> None:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
