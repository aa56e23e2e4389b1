"""Where bulkops keeps its own files, and who is at this computer."""

import os
import re
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.system import ownership

_QUOTES = "\"'`"


def home() -> Path:
    """The folder for ledger and backups: BULKOPS_HOME, else the platform's user data folder. Made if missing,
    and for its user alone.

    Raises CannotStart where it belongs to somebody else, and where it would be another folder from start to start:
    each would have a ledger of its own.
    """
    named = os.environ.get("BULKOPS_HOME", "")
    folder = _named_home(named) if named.strip() else _own_home()
    try:
        ownership.own_folder(folder)
        ownership.keep_private(folder)
    except OSError as error:
        raise CannotStart("ledger.unusable", path=folder, value=error.strerror or "no access") from error
    return folder


def _named_home(named: str) -> Path:
    if Path(named).is_absolute() and os.path.isdir(named):
        return Path(named)  # whatever it looks like: it is there
    text = named.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    text = os.path.expanduser(os.path.expandvars(text))
    why = ""
    if text[:1] in _QUOTES or text[-1:] in _QUOTES:
        why = "there is a quotation mark at one end"
    elif text.startswith("~"):
        why = "no home folder is known for ~"
    elif found := re.search(r"\$\w+|\$\{\w+\}|%\w+%", text):
        why = f"{found[0]} stands for nothing here"
    elif not Path(text).is_absolute():
        why = "it is not a whole path, so each working folder would have a record of its own"
    if why:
        raise CannotStart("home.unsure", value=named, extra=why)
    return Path(text)


def _own_home() -> Path:
    import platformdirs

    # Without a home folder “~” stands for itself, for the top of the disk or for the working folder.
    own = os.environ.get("HOME") if os.name != "nt" and "XDG_DATA_HOME" not in os.environ else None
    try:
        folder = Path(platformdirs.user_data_dir("bulkops", appauthor=False))
    except RuntimeError as error:
        raise CannotStart("home.none") from error
    if not folder.is_absolute() or (own is not None and not os.path.isabs(own)):
        raise CannotStart("home.none")
    return folder


def operator() -> str:
    """Who is at this computer, for the ledger."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
