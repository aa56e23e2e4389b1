"""Where EnergyCAP is, whose key is used, where bulkops keeps its own files.

The key is a type of its own whose every printed form is masked. It is bound to one
host: a key stored for one environment is never handed to another.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bulkops.errors import CannotStart

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
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_KEY = re.compile(r"[!-~]{1,1024}")
_SERVICE = "bulkops"


class Key:
    """An API key. ``reveal()`` is for the request header alone."""

    __slots__ = ("__secret",)

    def __init__(self, secret: str) -> None:
        """Raises CannotStart, without the key in its text, for anything with blanks or unprintable characters."""
        if not _KEY.fullmatch(secret):
            raise CannotStart("key.shape")
        self.__secret = secret

    def reveal(self) -> str:
        """The key itself."""
        return self.__secret

    def masked(self) -> str:
        """The last four characters, for the operator to recognise; fewer of a short key."""
        shown = self.__secret[-4:] if len(self.__secret) >= 12 else ""
        return f"••••{shown}"

    def scrub(self, text: str) -> str:
        """A text that came from outside, without the key should it hold it."""
        return text.replace(self.__secret, self.masked())

    def __repr__(self) -> str:
        return f"Key({self.masked()})"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is never written out")


@dataclass(frozen=True, slots=True)
class Environment:
    """One EnergyCAP: a name, and its address without a slash at the end ("" for practice until it has started)."""

    name: str
    base_url: str

    @property
    def identity(self) -> str:
        """What the ledger knows it by: an address, or ``practice``, whose port changes from start to start."""
        return self.name if self.name == PRACTICE else self.base_url

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
    plain = parts.scheme == "http" and host in _LOOPBACK
    odd = parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/")
    if not host or odd or not (parts.scheme == "https" or plain):
        raise CannotStart("env.address", value="That" if parts.password else f"“{base_url}”")
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
        raise CannotStart("key.missing", value=where.host, extra=where.name)
    return Key(stored)


def store_key(where: Environment, key: Key) -> None:
    """Put a key into the operating system's credential store and read it back. Raises CannotStart if that fails."""
    import keyring
    import keyring.errors

    backend = type(keyring.get_keyring())
    _refuse_unsafe(f"{backend.__module__}.{backend.__qualname__}")
    try:
        keyring.set_password(_SERVICE, where.host, key.reveal())
        kept = keyring.get_password(_SERVICE, where.host)
    except keyring.errors.KeyringError as error:
        raise CannotStart("key.store", value=type(error).__name__) from None
    if kept != key.reveal():
        raise CannotStart("key.store", value="it did not keep the key")


def forget_key(where: Environment) -> bool:
    """Remove the stored key; False if there was none."""
    import keyring
    import keyring.errors

    try:
        keyring.delete_password(_SERVICE, where.host)
    except keyring.errors.PasswordDeleteError:
        return False
    except keyring.errors.KeyringError as error:
        raise CannotStart("key.store", value=type(error).__name__) from None
    return True


def _keyring_get(where: Environment) -> str | None:
    import keyring
    import keyring.errors

    try:
        return keyring.get_password(_SERVICE, where.host)
    except keyring.errors.KeyringError:
        return None


def _refuse_unsafe(backend: str) -> None:
    """Only the operating systems' own stores are known to be safe; null and plain-text ones lose or show the key."""
    safe = (
        "keyring.backends.Windows.",
        "keyring.backends.macOS.",
        "keyring.backends.SecretService.",
        "keyring.backends.kwallet.",
        "keyring.backends.libsecret.",
        "keyring.backends.chainer.",
    )
    if not backend.startswith(safe):
        raise CannotStart("key.store", value=backend.rsplit(".", 1)[0].rsplit(".", 1)[-1])
