"""Files in folders that others may write to: nothing is read or written through a link that somebody else may have put.

A link is followed only if it and the folder in which it lies belong to the user or to the system, and nobody else can
write in that folder; on Windows, if it belongs to one of the two. Any other link is in the way: ``Planted``.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

_MOST_LINKS = 40
_SURROGATE = 0x2000_0000
"""Windows: the bit of a reparse point that stands for another name: links and junctions, not what is only online."""
_SAFELY = (
    getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe is not waited for
)


class Planted(OSError):
    """A link that somebody else may have put there; ``filename`` is the link."""


class Id(NamedTuple):
    """Which file it is, whatever its name."""

    device: int
    inode: int


def id_of(handle: int) -> Id:
    """Which file is open. Raises OSError."""
    facts = os.fstat(handle)
    return Id(facts.st_dev, facts.st_ino)


def is_link(facts: os.stat_result) -> bool:
    """By what lstat says: does it lead elsewhere? On Windows a junction does, too, which looks like a folder."""
    return stat.S_ISLNK(facts.st_mode) or bool(getattr(facts, "st_reparse_tag", 0) & _SURROGATE)


def real(path: Path) -> Path:
    """The path without links; what does not exist is taken as it is. Raises Planted, OSError."""
    path = Path.cwd() / path
    here, rest, links = Path(path.anchor), list(path.parts[:0:-1]), 0
    while rest:
        name = rest.pop()
        if name == os.pardir:
            here = here.parent
            continue
        there = here / name
        try:
            facts = os.lstat(there)
        except (FileNotFoundError, NotADirectoryError):
            return there.joinpath(*reversed(rest))
        if not is_link(facts):
            here = there
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        if not _trusted(there, facts):
            raise Planted(errno.ELOOP, "it leads through a link that somebody else may have made", str(there))
        target = Path(_target(there))
        here = Path(target.anchor) if target.anchor else here
        rest += target.parts[:0:-1] if target.anchor else target.parts[::-1]
    return here


class Folder:
    """A folder in hand: files in it are meant by name, and whatever takes the folder's place meanwhile is not meant.

    Raises Planted or OSError where there is no such folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = real(path)
        self._handle: int | None = _hold(self.path)
        self._here: dict[str, int] = {} if self._handle is None else {"dir_fd": self._handle}

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
            return os.stat(self._at(name), follow_symlinks=False, **self._here)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """A handle on a file. Raises Planted for a link, OSError for whatever else is no file."""
        before = self.facts(name)
        if before is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path / name))
        self._plain(name, before)
        return self._checked(name, os.open(self._at(name), flags | _SAFELY, **self._here))

    def create(self, name: str, rights: int = 0o666) -> int:
        """A handle on a new file, for reading and writing. Raises FileExistsError, OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY
        return self._checked(name, os.open(self._at(name), flags, rights, **self._here))

    def replace(self, old: str, new: str) -> None:
        """Rename a file over what may be there. Raises OSError."""
        if self._handle is None:
            os.replace(self._at(old), self._at(new))
        else:
            os.replace(old, new, src_dir_fd=self._handle, dst_dir_fd=self._handle)

    def rename(self, old: str, new: str) -> None:
        """Rename a file; on Windows never over another. Raises OSError."""
        if self._handle is None:
            os.rename(self._at(old), self._at(new))
        else:
            os.rename(old, new, src_dir_fd=self._handle, dst_dir_fd=self._handle)

    def remove(self, name: str) -> None:
        """Take away a name, if it is there; of a link not what it leads to. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), **self._here)

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
                os.mkdir(self._at(name), **self._here)
                self._share(name)
        inner = Folder.__new__(Folder)
        inner.path = self.path / name
        try:
            inner._handle = _hold_within(self._handle, inner.path)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise NotADirectoryError(errno.ENOTDIR, f"{name} is a link, or no folder", str(inner.path)) from error
        inner._here = {} if inner._handle is None else {"dir_fd": inner._handle}
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
        if self._handle is None:
            os.link(self._at(old), other._at(new), follow_symlinks=False)
        else:
            os.link(old, new, src_dir_fd=self._handle, dst_dir_fd=other._handle, follow_symlinks=False)

    def move(self, old: str, other: Folder, new: str) -> None:
        """Rename a file into another folder, over what may be there; not on Windows. Raises OSError."""
        if self._handle is None:
            os.rename(self._at(old), other._at(new))
        else:
            os.rename(old, new, src_dir_fd=self._handle, dst_dir_fd=other._handle)

    def _at(self, name: str) -> str:
        if os.path.basename(name) != name or name in ("", os.curdir, os.pardir):
            raise ValueError(f"not the name of a file: {name!r}")
        return name if self._here else str(self.path / name)

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
    import ctypes
    from ctypes import wintypes

    _SYSTEM = (
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
    )
    """The system itself, the administrators, and the installer of Windows."""
    _READ_CONTROL, _SHARING_ALL, _OPEN_EXISTING = 0x00020000, 1 | 2 | 4, 3
    _FOLDER_TOO, _LINK_ITSELF = 0x02000000, 0x00200000
    _A_FILE, _ITS_OWNER, _QUERY, _THE_USER = 1, 1, 8, 1
    _kernel32 = ctypes.WinDLL("kernel32")
    _kernel32.CreateFileW.restype = wintypes.HANDLE
    _kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
    _kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel32.LocalFree.argtypes = [wintypes.LPVOID]
    _advapi32 = ctypes.WinDLL("advapi32")
    _advapi32.GetSecurityInfo.argtypes = [wintypes.HANDLE, ctypes.c_int, wintypes.DWORD, *[wintypes.LPVOID] * 5]
    _advapi32.ConvertSidToStringSidW.argtypes = [wintypes.LPVOID, wintypes.LPVOID]
    _advapi32.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, wintypes.LPVOID]
    _advapi32.GetTokenInformation.argtypes = [
        *(wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD, wintypes.LPVOID)
    ]
    _advapi32.EqualSid.argtypes = [wintypes.LPVOID, wintypes.LPVOID]

    def _trusted(link: Path, _: os.stat_result) -> bool:
        """Does it belong to the user, or to the system?"""
        flags = _FOLDER_TOO | _LINK_ITSELF
        handle = _kernel32.CreateFileW(str(link), _READ_CONTROL, _SHARING_ALL, None, _OPEN_EXISTING, flags, None)
        if handle == wintypes.HANDLE(-1).value:
            return False
        owner, facts, text = wintypes.LPVOID(), wintypes.LPVOID(), wintypes.LPWSTR()
        try:
            given = (ctypes.byref(owner), None, None, None, ctypes.byref(facts))
            if _advapi32.GetSecurityInfo(handle, _A_FILE, _ITS_OWNER, *given):
                return False
            if _is_user(owner):
                return True
            return bool(_advapi32.ConvertSidToStringSidW(owner, ctypes.byref(text))) and text.value in _SYSTEM
        finally:
            _kernel32.LocalFree(text)
            _kernel32.LocalFree(facts)
            _kernel32.CloseHandle(handle)

    def _is_user(owner: wintypes.LPVOID) -> bool:
        """Is it the user as whom this process runs?"""
        token, found, size = wintypes.HANDLE(), (wintypes.LPVOID * 32)(), wintypes.DWORD()
        if not _advapi32.OpenProcessToken(_kernel32.GetCurrentProcess(), _QUERY, ctypes.byref(token)):
            return False
        try:
            asked = (token, _THE_USER, found, ctypes.sizeof(found), ctypes.byref(size))
            return bool(_advapi32.GetTokenInformation(*asked) and _advapi32.EqualSid(found[0], owner))
        finally:
            _kernel32.CloseHandle(token)

    def _target(link: Path) -> str:
        target = os.readlink(link)
        if target.startswith("\\\\?\\UNC\\"):
            return "\\" + target[7:]
        return target[4:] if target.startswith("\\\\?\\") and target[5:6] == ":" else target

    def _hold(folder: Path) -> None:
        """Windows reaches files by their whole path only. Raises OSError for what is no folder."""
        facts = os.lstat(folder)
        if is_link(facts) or not stat.S_ISDIR(facts.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))

    def _hold_within(_: int | None, folder: Path) -> None:
        _hold(folder)
else:
    import grp
    import pwd

    _ANY_LINK = getattr(os, "O_NOFOLLOW_ANY", 0)
    """macOS refuses every link on the way by itself."""

    def _trusted(link: Path, facts: os.stat_result) -> bool:
        """Do it and its folder belong to the user or the system, and can nobody else put another in its place?"""
        ours, around = (0, os.geteuid()), os.lstat(link.parent)
        if link.parent == Path(link.anchor):
            return not around.st_mode & stat.S_IWOTH  # in a container the system's own may seem to be nobody's
        closed = around.st_mode & stat.S_ISVTX or not _others_write(around)
        return facts.st_uid in ours and around.st_uid in ours and bool(closed)

    def _others_write(facts: os.stat_result) -> bool:
        if facts.st_mode & stat.S_IWOTH:
            return True
        return bool(facts.st_mode & stat.S_IWGRP) and not _alone_in(facts.st_gid)

    def _alone_in(group: int) -> bool:
        """Is it the group that many systems make for each user, with nobody else in it?"""
        try:
            user, known = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
        except KeyError:
            return False
        return (user.pw_gid, user.pw_name) == (group, known.gr_name) and {*known.gr_mem} <= {user.pw_name}

    def _target(link: Path) -> str:
        return os.readlink(link)

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
