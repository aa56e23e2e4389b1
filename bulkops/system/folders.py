"""Files in folders that others may write to: none is reached through a link that somebody else may have put."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from bulkops.system.links import Planted, is_link, real

_SAFELY = (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe is not waited for
)


class Id(NamedTuple):
    """Which file it is, whatever its name."""

    device: int
    inode: int


def id_of(handle: int) -> Id:
    """Which file is open. Raises OSError."""
    facts = os.fstat(handle)
    return Id(facts.st_dev, facts.st_ino)


class Folder:
    """A folder in hand: files in it are meant by name, and whatever takes the folder's place meanwhile is not meant.

    Windows has no handle of a folder: there the whole path is used. Raises Planted or OSError where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = real(path)
        self._handle: int | None = _hold(self.path)

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)

    def facts(self, name: str) -> os.stat_result | None:
        """Of what has this name, also of a link; None if there is nothing. Raises OSError."""
        try:
            return os.stat(self._at(name), follow_symlinks=False, dir_fd=self._handle)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A handle on a file. Raises Planted for a link, OSError for whatever else is no file."""
        before = self.facts(name)
        if before is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path / name))
        self._plain(name, before)
        return self._checked(name, os.open(self._at(name), flags | _SAFELY, dir_fd=self._handle))

    def create(self, name: str, rights: int = 0o666) -> int:
        """A handle on a new file, for reading and writing. Raises FileExistsError, OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY
        return self._checked(name, os.open(self._at(name), flags, rights, dir_fd=self._handle))

    def replace(self, old: str, new: str) -> None:
        """Rename a file over what may be there. Raises OSError."""
        os.replace(self._at(old), self._at(new), src_dir_fd=self._handle, dst_dir_fd=self._handle)

    def remove(self, name: str) -> None:
        """Take away a name, if it is there; of a link not what it leads to. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self._handle)

    def names(self) -> list[str]:
        """Everything in it. Raises OSError."""
        if self._handle is None:
            return os.listdir(self.path)
        handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._handle)
        try:
            return os.listdir(handle)
        finally:
            os.close(handle)

    def sync(self) -> None:
        """Make its names last; Windows has nothing of the kind."""
        if self._handle is not None:
            with suppress(OSError):
                handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._handle)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def within(self, name: str, make: bool = False) -> Folder:
        """A folder in it, made if nothing has its name and that is wanted: for all who may write here. Raises OSError,
        also for any link."""
        if make:
            with suppress(FileExistsError):
                os.mkdir(self._at(name), dir_fd=self._handle)
                self._share(name)
        inner = Folder.__new__(Folder)
        inner.path = self.path / name
        try:
            inner._handle = _hold_within(self._handle, inner.path)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise NotADirectoryError(errno.ENOTDIR, f"{name} is a link, or no folder", str(inner.path)) from error
        return inner

    def _share(self, name: str) -> None:
        """Give a new folder this one's rights; Windows does so by itself. Without them it is its maker's alone."""
        if self._handle is not None:
            with suppress(OSError):
                made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._handle)
                try:
                    os.fchmod(made, os.fstat(self._handle).st_mode & 0o3777)
                finally:
                    os.close(made)

    def link(self, old: str, other: Folder, new: str) -> None:
        """Give a file a second name, in this folder or another. Raises FileExistsError, OSError."""
        places = {"src_dir_fd": self._handle, "dst_dir_fd": other._handle}
        os.link(self._at(old), other._at(new), **places, follow_symlinks=False)

    def move(self, old: str, other: Folder, new: str) -> None:
        """Rename a file, here or into another folder, over what may be there; not on Windows. Raises OSError."""
        os.rename(self._at(old), other._at(new), src_dir_fd=self._handle, dst_dir_fd=other._handle)

    def _at(self, name: str) -> str:
        if os.path.basename(name) != name or name in ("", os.curdir, os.pardir):
            raise ValueError(f"not the name of a file: {name!r}")
        return str(self.path / name) if self._handle is None else name

    def _checked(self, name: str, handle: int) -> int:
        """The handle, if it is on the file of this name itself: Windows opens what a link leads to."""
        try:
            self._plain(name, os.fstat(handle))
            if not hasattr(os, "O_NOFOLLOW"):
                there = self.facts(name)
                swapped = there is None or is_link(there) or not os.path.samestat(there, os.fstat(handle))
                if swapped or real(self.path) != self.path:
                    raise Planted(errno.ELOOP, "something else was put in its place", str(self.path / name))
        except BaseException:
            os.close(handle)
            raise
        return handle

    def _plain(self, name: str, facts: os.stat_result) -> None:
        if is_link(facts):
            raise Planted(errno.ELOOP, "a link has that name", str(self.path / name))
        if not stat.S_ISREG(facts.st_mode):
            code = errno.EISDIR if stat.S_ISDIR(facts.st_mode) else errno.EINVAL
            raise OSError(code, "it is a folder, or no file", str(self.path / name))


def opened(path: Path) -> BinaryIO:
    """A file, to read, by its own handle. Raises Planted, OSError for what is no file."""
    path = real(path)
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with Folder(path.parent) as folder:
        return os.fdopen(folder.open(path.name), "rb")


def content(path: Path, most: int = sys.maxsize) -> bytes:
    """What is in a file. Raises Planted, OSError for what is no file, and for more bytes than ``most``."""
    with opened(path) as stream:
        return whole(stream, most)


def whole(stream: BinaryIO, most: int = sys.maxsize) -> bytes:
    """What is in an open file. Raises OSError for more bytes than ``most``, or than there were a moment ago."""
    size = os.fstat(stream.fileno()).st_size
    if size > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    found = stream.read(size + 1)
    if len(found) > size:
        raise OSError(errno.EAGAIN, "it is being changed")
    return found


if sys.platform == "win32":

    def _hold(folder: Path) -> None:
        """Windows reaches files by their whole path only. Raises OSError for what is no folder."""
        facts = os.lstat(folder)
        if is_link(facts) or not stat.S_ISDIR(facts.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))

    def _hold_within(_: int | None, folder: Path) -> None:
        _hold(folder)
else:
    _ANY_LINK = getattr(os, "O_NOFOLLOW_ANY", 0)
    """macOS refuses every link on the way by itself."""

    def _hold(folder: Path) -> int:
        """A handle on a folder by a path without links. Raises OSError if there is one in it by now."""
        flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        if _ANY_LINK:
            return os.open(folder, (flags & ~os.O_NOFOLLOW) | _ANY_LINK)
        flags |= getattr(os, "O_PATH", os.O_RDONLY)  # in some folders one may pass, but not look
        handle = os.open(folder.anchor, flags)
        for name in folder.parts[1:]:
            try:
                inner = os.open(name, flags, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        return handle

    def _hold_within(around: int | None, folder: Path) -> int:
        """The same for a folder in one that is in hand."""
        flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
        return os.open(folder.name, flags, dir_fd=around)
