"""Whose the data folder is: its user's alone. What stands in it decides what is sent again, and tells of bills.

On Windows the rights of the user's profile see to that, and a folder elsewhere is told; on the other systems each
folder in it is for its owner alone (0700), and each file (0600), whatever rights the user's new files have.
"""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import bulkops
from bulkops.messages.errors import CannotStart

_ENVIRONMENT = "venv-"
"""What the folders of Python environments begin with: 10,000 files of programs, made by the launcher."""
ELSEWHERE = (
    "The record of what was sent ({path}) lies outside of your user profile: other users of this computer may be able "
    "to change it. Leave out the variable BULKOPS_HOME, or ask IT to give the folder to you alone."
)
OPEN = (
    "Other users of this computer can change {path}, which is a part of bulkops or a folder above it: whoever does so "
    "can send with your key. Copy bulkops to a folder of your own, or ask IT to take that right away."
)


def mine(path: str, flags: int) -> int:
    """An ``opener`` whose new files are for this user alone."""
    return os.open(path, flags, 0o600)


def own_folder(path: Path) -> None:
    """Make a folder for this user alone, if it is missing. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def owner(path: Path) -> str:
    """The name of a file's owner where that is somebody else, else ""."""
    with suppress(OSError):
        number = os.lstat(path).st_uid
        return _name(number) if number not in _us() else ""
    return ""


def told_apart(reason: str, path: Path) -> str:
    """Why a file cannot be used, with the name of whoever else it belongs to."""
    who = owner(path)
    return f"{reason}; it belongs to {who}" if who else reason


if sys.platform == "win32":

    def keep_private(folder: Path) -> None:
        """The profile's own rights see to that."""

    def open_to_others(folder: Path, home: Callable[[], str] = lambda: os.path.expanduser("~")) -> str:
        """What there is to say of a data folder that others may change; "" for nothing."""
        inside = os.path.normcase(os.path.realpath(folder)) + os.sep
        profile = os.path.normcase(os.path.realpath(home())).rstrip(os.sep) + os.sep
        return "" if inside.startswith(profile) else ELSEWHERE.format(path=folder)

    def _us() -> tuple[int, ...]:
        return (0,)  # what Python says for every file
else:
    from bulkops.system.links import others_write

    _done: set[str] = set()

    def keep_private(folder: Path) -> None:
        """Take from others, once, what rights an earlier version or a careless setting has left them.

        Raises CannotStart ("home.shared") for what belongs to somebody else or stays open to change by others.
        """
        if str(folder) in _done:
            return
        _close(folder, os.stat(folder))  # a link of the user's own may stand for the folder
        if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise CannotStart("home.shared", path=folder, value="others can write in it, and that cannot be changed")
        _close_within(folder)
        _done.add(str(folder))

    def _close_within(folder: Path) -> None:
        with suppress(PermissionError), os.scandir(folder) as found:
            for each in found:
                facts = each.stat(follow_symlinks=False)
                _close(Path(each.path), facts)
                if stat.S_ISDIR(facts.st_mode) and not each.name.startswith(_ENVIRONMENT):
                    _close_within(Path(each.path))

    def _close(path: Path, facts: os.stat_result) -> None:
        if os.geteuid() != 0 and facts.st_uid not in _us():
            raise CannotStart("home.shared", path=path, value=f"it belongs to {_name(facts.st_uid)}")
        if not stat.S_ISLNK(facts.st_mode) and facts.st_mode & 0o077:
            with suppress(OSError):
                os.chmod(path, stat.S_IMODE(facts.st_mode) & 0o700)

    def open_to_others(folder: Path) -> str:
        """What there is to say of bulkops' own files, if others can change them; "" for nothing."""
        package = Path(os.path.realpath(bulkops.__file__)).parent
        for each in (package, *package.parents):
            with suppress(OSError):
                if _loose(os.stat(each)):
                    return OPEN.format(path=each)
        return ""

    def _loose(facts: os.stat_result) -> bool:
        """May others change what lies in the folder? In one where everybody keeps his own files, only their owners."""
        return facts.st_uid not in _us() or (others_write(facts) and not facts.st_mode & stat.S_ISVTX)

    def _us() -> tuple[int, ...]:
        return (0, os.geteuid())


def _name(number: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return f"user {number}"
