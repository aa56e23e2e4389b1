"""One file in the place of another: Linux and macOS rename it over the old one, for Windows ReplaceFile does that.

ReplaceFile first takes the old file's name away; the name that it has meanwhile is known, for a kill may come then.
"""

import errno
import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bulkops.system.folders import Folder, whole
from bulkops.system.path_lengths import shortened

_TRIES = 5
_MOST = 2**28
"""Bytes of a file that is replaced; what bulkops reads or makes is smaller."""


class Changed(OSError):
    """The file is not the one any more that was read."""


class Displaced(OSError):
    """Windows has taken the old file's name away and nothing could be put there: both files have other names."""


def replace(folder: Folder, temporary: str, name: str, found: str, sleep: Callable[[float], object]) -> None:
    """Virus scanners and sync programs hold a new file for a moment; five tries, then the error is the caller's.

    Before each it is looked whether the file is still the one that was ``found``: who held it may have saved it.
    """
    for attempt in range(_TRIES):
        try:
            if sha256_of(folder, name) != found:
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
    backup = old.with_name(f"{temporary_path(old).stem}{backup_end(old)}")
    with Folder(old.parent) as folder:
        wanted = sha256_of(folder, new.name)
    if replace_file(str(old), str(new), str(backup)) == 0:
        with suppress(OSError):  # who looks at it at this moment keeps it; the next run removes it
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
            if sha256_of(folder, old.name) != wanted:
                raise FileNotFoundError(errno.ENOENT, "another program took the new file away")
    with suppress(OSError):
        backup.unlink(missing_ok=True)


def sha256_of(folder: Folder, name: str) -> str:
    """Of a file; "" if there is none. Raises OSError for a link, and for whatever else is no file."""
    try:
        with os.fdopen(folder.open(name), "rb") as stream:
            return hashlib.sha256(whole(stream, _MOST)).hexdigest()
    except FileNotFoundError:
        return ""


def temporary_path(path: Path) -> Path:
    return path.with_name(f"{temporary_start(path)}{secrets.token_hex(4)}.tmp")


def temporary_start(path: Path) -> str:
    """Of one file's temporary names only, however alike the first letters of two are."""
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return f".{shortened(path.stem)[:40]}-{mark}-"


def backup_end(path: Path) -> str:
    """Of the name that a file has while it is replaced on Windows: a person who finds it can open it."""
    return f".before{path.suffix}"


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

    def copy_rights(folder: Folder, new: str, old: str) -> None:
        """ReplaceFile does."""

    def _rename(folder: Folder, new: str, name: str, sleep: Callable[[float], object]) -> None:
        if folder.facts(name) is not None:
            _by_replace_file(folder.path / new, folder.path / name, _replace_file, sleep)
        else:
            os.rename(folder.path / new, folder.path / name)

else:

    def removable(path: Path) -> bool:
        """May its name be taken from it? In a folder where everybody keeps his own files, only by its owner."""
        folder, file = path.parent.stat(), path.lstat()
        return not folder.st_mode & stat.S_ISVTX or os.geteuid() in (0, folder.st_uid, file.st_uid)

    def copy_rights(folder: Folder, new: str, old: str) -> None:
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
