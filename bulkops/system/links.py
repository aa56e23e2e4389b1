"""Which links may be followed: none that somebody else may have put.

A link is followed only if it and the folder in which it lies belong to the user or to the system, and nobody else can
write in that folder; on Windows, if it belongs to one of the two. Any other link is in the way: ``Planted``.
"""

import errno
import os
import stat
import sys
from pathlib import Path

_MOST_LINKS = 40
_SURROGATE = 0x2000_0000
"""Windows: the bit of a reparse point that stands for another name: links and junctions, not what is only online."""


class Planted(OSError):
    """A link that somebody else may have put there; ``filename`` is the link."""


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
else:
    import grp
    import pwd

    def _trusted(link: Path, facts: os.stat_result) -> bool:
        """Do it and its folder belong to the user or the system, and can nobody else put another in its place?"""
        ours, around = (0, os.geteuid()), os.lstat(link.parent)
        if link.parent == Path(link.anchor):
            return not around.st_mode & stat.S_IWOTH  # in a container the system's own may seem to be nobody's
        closed = around.st_mode & stat.S_ISVTX or not others_write(around)
        return facts.st_uid in ours and around.st_uid in ours and bool(closed)

    def others_write(facts: os.stat_result) -> bool:
        """May anybody but the owner write there, by the rights of a file or folder?"""
        mode = facts.st_mode
        return bool(mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _alone_in(facts.st_gid)))

    def _alone_in(group: int) -> bool:
        """Is it the group that many systems make for each user, with nobody else in it?"""
        try:
            user, known = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
        except KeyError:
            return False
        return (user.pw_gid, user.pw_name) == (group, known.gr_name) and {*known.gr_mem} <= {user.pw_name}

    def _target(link: Path) -> str:
        return os.readlink(link)
