"""One run of a workbook at a time, whoever runs it.

Two people, on two computers with a data folder each, may open the same workbook in a shared folder.
"""

import errno
import os
import platform
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.system.hidden import hidden_name, hide
from bulkops.system.links import Planted, is_link, real
from bulkops.system.locks import FLAGS, JUST_NOW, locked, patiently, unlock
from bulkops.system.ownership import told_apart
from bulkops.system.path_lengths import length, too_long

LEFT = (
    "Somebody began to run this workbook on another computer ({value}): that run was cut short or is still going on, "
    "and what it sent is not known on this computer. Look at its results first."
)


@contextmanager
def workbook_alone(
    path: Path, holder: str, sleep: Callable[[float], object] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> Iterator[str]:
    """Hold a workbook's lock: a small hidden file beside it that is gone when the run has ended.

    ``holder`` is what the next one reads: who, on which computer, since when. Yields "", or a sentence for the
    operator (LEFT) where a run on another computer did not end. Raises CannotStart: "workbook.busy", naming who holds
    it, if another process does; "workbook.no_lock" or "workbook.too_long" where there can be no lock, for then two
    could run it at once.
    """
    mark = _mark(path)
    try:
        mark = _mark(real(path))
        handle = patiently(lambda: _take(mark, path), sleep, clock)
    except OSError as error:
        if too_long(mark):
            raise CannotStart("workbook.too_long", path=path.name, value=length(path)) from error
        reason = told_apart(error.strerror or str(error), mark)
        raise CannotStart("workbook.no_lock", path=path.name, extra=mark.name, value=reason) from error
    try:
        before, elsewhere = _said(handle)
        _say(handle, f"{_line(holder)}\n{platform.node()}\n")
        yield LEFT.format(value=before) if before and elsewhere != platform.node() else ""
    finally:
        _give_back(handle, mark, sleep)


def _mark(workbook: Path) -> Path:
    """The lock file's place: ``.August.xlsx.bulkops`` beside ``August.xlsx``."""
    return workbook.with_name(hidden_name(workbook.name, ".bulkops"))


def _take(mark: Path, workbook: Path) -> int:
    """A handle on the workbook's lock file, locked. Raises CannotStart if another has it, OSError if there is none."""
    handle, made = _open(mark)
    try:
        free = locked(handle)
        if free and _stands(mark, handle):
            return handle
        said, _ = _said(handle)
    except BaseException as error:
        os.close(handle)
        if made and isinstance(error, OSError):
            _remove(mark)
        raise
    os.close(handle)
    if not free:
        raise CannotStart("workbook.busy", path=workbook.name, value=said or JUST_NOW)
    # Whoever had it before removed it after we had opened it: this one is nobody's any more.
    raise BlockingIOError(errno.EAGAIN, "the file does not stay the same", str(mark))


def _open(mark: Path) -> tuple[int, bool]:
    """A handle on the lock file, and whether it was made. In two steps, for in some shared folders nobody may open
    what another user has made with the word to make it if it is missing. Raises FileExistsError if somebody makes it
    between the two, OSError for anything but a file."""
    with suppress(FileNotFoundError):
        if is_link(os.lstat(mark)):
            raise Planted(errno.ELOOP, "it is a link", str(mark))
    try:
        handle, made = os.open(mark, FLAGS), False
    except FileNotFoundError:
        handle, made = os.open(mark, FLAGS | os.O_CREAT | os.O_EXCL, 0o666), True
        with suppress(OSError):
            _prepare(handle, mark)
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(handle)
        raise OSError(errno.EINVAL, "not a file of ours", str(mark))
    if not _not_followed(mark, facts):
        os.close(handle)
        raise BlockingIOError(errno.EAGAIN, "the file does not stay the same", str(mark))
    return handle, made


def _stands(mark: Path, handle: int) -> bool:
    """Is the file by that name still the one in our hands? Asked by opening it: a network disk may answer a mere
    question for its facts from memory."""
    try:
        again = os.open(mark, FLAGS)
    except OSError:
        return False
    try:
        return os.path.samestat(os.fstat(again), os.fstat(handle))
    finally:
        os.close(again)


def _said(handle: int) -> tuple[str, str]:
    """Who holds it, and on which computer, as far as they have said and we may read."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        lines = os.read(handle, 2000).decode("utf-8", "replace").split("\n")
    except OSError:
        return "", ""
    return _line(lines[0]), _line(lines[1]) if len(lines) > 1 else ""


def _say(handle: int, text: str) -> None:
    # On a full disk the lock holds all the same.
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text.encode("utf-8", "replace"))


def _line(text: str) -> str:
    """One line that can be shown: the file lies where anybody may write."""
    return "".join(char if char.isprintable() else "?" for char in text)[:200]


def _remove(mark: Path) -> bool:
    try:
        mark.unlink(missing_ok=True)
    except OSError:
        return False
    return True


if sys.platform == "win32":

    def _not_followed(mark: Path, facts: os.stat_result) -> bool:
        """Is it the file of that name itself? Windows opens what a link leads to."""
        there = os.lstat(mark)
        return not is_link(there) and os.path.samestat(there, facts)

    def _prepare(handle: int, mark: Path) -> None:
        """The folder's own rights are for all already."""
        hide(mark)

    def _give_back(handle: int, mark: Path, sleep: Callable[[float], object]) -> None:
        """Windows removes no file that is open, ours or the next holder's: so it is closed first, and if it
        then cannot be removed, it is the next one's, or somebody only looked and is gone in a moment."""
        _say(handle, "")
        with suppress(OSError):
            unlock(handle)
        os.close(handle)
        for _ in range(5):
            if _remove(mark):
                return
            sleep(0.1)
else:

    def _not_followed(_: Path, __: os.stat_result) -> bool:
        """It was opened so."""
        return True

    def _prepare(handle: int, _: Path) -> None:
        """Whoever may enter the folder must be able to open the file, or could not see that it is locked."""
        os.fchmod(handle, 0o666)

    def _give_back(handle: int, mark: Path, _: Callable[[float], object]) -> None:
        """Removed while it is locked: who gets the lock of a removed file sees that it no longer stands there."""
        _say(handle, "")
        with suppress(OSError):
            if _stands(mark, handle):
                _remove(mark)
            unlock(handle)
        os.close(handle)
