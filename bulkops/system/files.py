"""A workbook put in place of another so that there is always a whole one: the old or the new.

Written beside it under another name, synced, read back and compared; the one before is kept; then one rename.
"""

import os
import re
import shutil
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.system.folders import Folder, opened
from bulkops.system.links import Planted, real
from bulkops.system.ownership import own_folder
from bulkops.system.path_lengths import too_long
from bulkops.system.replacement import (
    Changed,
    Displaced,
    backup_end,
    copy_rights,
    removable,
    replace,
    sha256_of,
    temporary_path,
    temporary_start,
)

_OF_WINDOWS = re.compile("rf[0-9a-f]{1,8}[.]tmp", re.IGNORECASE)
"""Empty files that ReplaceFile leaves when it fails."""


def save(
    path: Path,
    content: bytes,
    expected_sha256: str | None = None,
    backup: Callable[[Path], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
    rights: int = 0o666,
) -> None:
    """Put a file in place.

    ``rights``: of a new one, as far as the user's own setting allows them. ``expected_sha256``: of the file to be
    replaced; None: whatever it holds. ``backup`` is called with that file and makes a copy of it. Raises Changed, or
    OSError; then what was there is there as it was, or, after Displaced, under the name that it says.
    """
    path = real(path)
    with Folder(path.parent) as folder:
        temporary = temporary_path(path).name
        try:
            write_new(folder, temporary, content, rights)
            found = sha256_of(folder, path.name)
            if found:
                if found != (expected_sha256 or found):
                    raise Changed(f"{path.name} was changed meanwhile")
                backup(path)
                with suppress(OSError):
                    copy_rights(folder, temporary, path.name)
            elif expected_sha256:
                raise Changed(f"{path.name} is gone")
            replace(folder, temporary, path.name, found, sleep)
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
        write_new(folder, path.name, content)


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
            probe = temporary_path(path).name
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
    temporary = temporary_path(path)
    return any(too_long(each) for each in (path, temporary, temporary.with_name(f"{temporary.stem}{backup_end(path)}")))


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
    copy, number = folder / name, 1
    while os.path.exists(copy):
        number += 1
        copy = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
    with opened(path) as old, Folder(copy.parent) as place:
        temporary = temporary_path(copy).name
        try:
            with os.fdopen(place.create(temporary, 0o600), "r+b") as stream:
                shutil.copyfileobj(old, stream)
                stream.flush()
                os.fsync(stream.fileno())
            changed = os.fstat(old.fileno()).st_mtime_ns
            os.utime(place.path / temporary, ns=(changed, changed))
            place.replace(temporary, copy.name)
        finally:
            # On a full disk half a copy takes the room that the ledger needs.
            with suppress(OSError):
                place.remove(temporary)
    return copy


def remove_leftovers(path: Path) -> None:
    """Remove what a save of a file left beside it when it was killed; to be called only with the workbook's lock.

    A file that was about to be replaced and has lost its name gets it back.
    """
    with suppress(OSError):
        path = real(path)
        with Folder(path.parent) as folder:
            _remove_leftovers(folder, path)


def _remove_leftovers(folder: Folder, path: Path) -> None:
    new = re.compile(re.escape(temporary_start(path)) + r"[0-9a-f]{8}\.tmp")
    ends = _regular(folder, lambda name: new.fullmatch(name) or _OF_WINDOWS.fullmatch(name))
    originals = _displaced(folder, path)
    if originals and folder.facts(path.name) is None:
        folder.move(originals[-1], folder, path.name)
    for name, facts in ends.items():
        if not _OF_WINDOWS.fullmatch(name) or not facts.st_size:
            folder.remove(name)
    for name in originals:
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
    old = re.compile(re.escape(temporary_start(path)) + "[0-9a-f]{8}" + re.escape(backup_end(path)))
    found = _regular(folder, old.fullmatch)
    return sorted(found, key=lambda name: found[name].st_mtime_ns)


def _regular(folder: Folder, wanted: Callable[[str], object]) -> dict[str, os.stat_result]:
    """The folder's files whose names are wanted, and their facts."""
    facts = {name: folder.facts(name) for name in folder.names() if wanted(name)}
    return {name: each for name, each in facts.items() if each is not None and stat.S_ISREG(each.st_mode)}


def write_new(folder: Folder, name: str, content: bytes, rights: int = 0o666) -> None:
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
