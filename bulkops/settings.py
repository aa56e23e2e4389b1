"""Where EnergyCAP is, whose key is used, where bulkops keeps its own files.

The key is a type of its own whose every printed form is masked. It is bound to one
host: a key stored for one environment is never handed to another.
"""

from __future__ import annotations

import html
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bulkops.errors import CannotStart

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

PRACTICE = "practice"
HOSTS = {
    "us-east": "https://app.energycap.com",
    "us-west": "https://wce.energycap.com",
    "eu": "https://app-eu.energycap.com",
    "fed": "https://app.fed-energycap.com",
    "implement": "https://implement.energycap.com",
}
"""api-contract section 4."""
ENVIRONMENTS = (*HOSTS, PRACTICE)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")
"""Plain ASCII without a dot at the end: one server must have one name, for the ledger knows it by that."""
_KEY = re.compile(r"[!-~]{1,1024}")
_SERVICE = "bulkops"
SAFE_STORES = tuple(
    f"keyring.backends.{name}" for name in ("Windows", "macOS", "SecretService", "kwallet", "libsecret")
)


class Key:
    """An API key. ``reveal()`` is for the request header alone."""

    __slots__ = ("__secret", "__wherever")

    def __init__(self, secret: str) -> None:
        """Raises CannotStart, without the key in its text, for anything with blanks or unprintable characters."""
        if not _KEY.fullmatch(secret):
            raise CannotStart("key.shape")
        self.__secret = secret
        self.__wherever = re.compile("".join(_written(char) for char in secret))

    def reveal(self) -> str:
        """The key itself."""
        return self.__secret

    def masked(self) -> str:
        """The last four characters, for the operator to recognise; fewer of a short key."""
        shown = self.__secret[-4:] if len(self.__secret) >= 12 else ""
        return f"••••{shown}"

    def scrub(self, text: str) -> str:
        """A text that came from outside, without the key should it hold it, plain or as JSON, HTML or URLs write it."""
        return self.__wherever.sub(self.masked(), text)

    def __repr__(self) -> str:
        return f"Key({self.masked()})"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is never written out")


def _written(char: str) -> str:
    """A pattern for every way in which one character of a key may come back."""
    plain, named, code = re.escape(char), re.escape(html.escape(char)), ord(char)
    return rf"(?:\\?{plain}|{named}|(?i:\\u{code:04x}|%{code:02x}|&#0*{code};|&#x0*{code:x};))"


@dataclass(frozen=True, slots=True)
class Environment:
    """One EnergyCAP: a name, and its address without a slash at the end ("" for practice until it has started)."""

    name: str
    base_url: str

    @property
    def identity(self) -> str:
        """What the ledger knows it by: an address, or ``practice``, whose port changes from start to start."""
        return self.name if self.name == PRACTICE else self.base_url.replace("://localhost", "://127.0.0.1")

    @property
    def host(self) -> str:
        """The host in words."""
        return urlsplit(self.base_url).netloc if self.base_url else "a practice server on this computer"


def environment(name: str | None = None, base_url: str | None = None) -> Environment:
    """The environment that was asked for: the options first, then BULKOPS_BASE_URL, BULKOPS_ENV, else practice.

    Raises CannotStart for an unknown name and for an address that is neither https nor loopback.
    """
    if base_url is None and name is None:
        base_url = os.environ.get("BULKOPS_BASE_URL") or None
        name = os.environ.get("BULKOPS_ENV") or PRACTICE
    if base_url is not None:
        return _at(base_url)
    chosen = (name or PRACTICE).strip().lower()
    if chosen not in ENVIRONMENTS:
        raise CannotStart("env.unknown", value=name, extra=", ".join(ENVIRONMENTS))
    return Environment(chosen, HOSTS.get(chosen, ""))


def _at(base_url: str) -> Environment:
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port
    except ValueError as error:
        raise CannotStart("env.address", value="That") from error
    host = (parts.hostname or "").lower()
    plain = parts.scheme == "http" and host in LOOPBACK
    odd = "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/")
    if not _HOST.fullmatch(host) or odd or not (parts.scheme == "https" or plain):
        # What stands before an @ or behind a ? may be a secret.
        raise CannotStart("env.address", value="That" if "@" in base_url or "?" in base_url else f"“{base_url}”")
    shown = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{shown}" + (f":{port}" if port and (parts.scheme, port) != ("https", 443) else "")
    return Environment(next((name for name, known in HOSTS.items() if known == url), "custom"), url)


def home() -> Path:
    """The folder for ledger and backups: BULKOPS_HOME, else the platform's user data folder. Made if missing."""
    named = os.environ.get("BULKOPS_HOME")
    if named:
        folder = Path(named)
    else:
        import platformdirs

        folder = Path(platformdirs.user_data_dir("bulkops", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart("ledger.unusable", path=folder, value=error.strerror or "no access") from error
    return folder


def operator() -> str:
    """Who is at this computer, for the ledger."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def find_key(where: Environment) -> Key:
    """The key for an environment: BULKOPS_API_KEY, else the one stored for its host. Raises CannotStart if none."""
    given = os.environ.get("BULKOPS_API_KEY")
    if given:
        return Key(given.strip())
    stored = _keyring_get(where)
    if stored is None:
        raise CannotStart("key.missing", value=where.host)
    return Key(stored)


def store_key(where: Environment, key: Key) -> None:
    """Put a key into the operating system's credential store and read it back. Raises CannotStart if that fails."""
    store = _store()
    try:
        store.set_password(_SERVICE, where.host, key.reveal())
        kept = store.get_password(_SERVICE, where.host)
    except Exception as error:  # a store raises what its system does; its text may hold the key
        raise CannotStart("key.store", value=type(error).__name__) from None
    if kept != key.reveal():
        raise CannotStart("key.store", value="it did not keep the key")


def forget_key(where: Environment) -> bool:
    """Remove the stored key; False if there was none. Raises CannotStart if the store fails."""
    from keyring.errors import PasswordDeleteError

    store = _store()
    try:
        store.delete_password(_SERVICE, where.host)
    except PasswordDeleteError:
        return False
    except Exception as error:
        raise CannotStart("key.store", value=type(error).__name__) from None
    return True


def _keyring_get(where: Environment) -> str | None:
    """The stored key; None where there is none, or no store that could hold one."""
    try:
        return _store().get_password(_SERVICE, where.host)
    except Exception:  # whatever a store raises: the operator is told how to give a key instead
        return None


def _store() -> KeyringBackend:
    """The operating system's own store. Others are refused: null loses the key, plain text shows it.

    keyring may chain several; only the first safe one is used.
    """
    import keyring

    found = keyring.get_keyring()
    for each in getattr(found, "backends", [found]):
        if type(each).__module__ in SAFE_STORES:
            store: KeyringBackend = each
            return store
    raise CannotStart("key.store", value=type(found).__module__.rsplit(".", 1)[-1])
