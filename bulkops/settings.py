"""Where EnergyCAP is, whose key is used, where bulkops keeps its own files.

The key is a type of its own whose every printed form is masked. It is bound to one
host: a key stored for one environment is never handed to another.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bulkops import ownership
from bulkops.errors import CannotStart
from bulkops.masking import Traces

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

PRACTICE, CUSTOM = "practice", "custom"
_NAMES = "environments.json"
"""In the data folder: which names stand for what."""
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
_QUOTES = "\"'`"
_KEY = re.compile(rf"(?![{_QUOTES}])[!-~]{{1,1024}}(?<![{_QUOTES}])")
_SERVICE = "bulkops"
STORE_SECONDS = 10.0
"""How long a credential store is waited for: one that is broken may never answer, and a run waits for it."""
_FAILURES = {
    "keyring.backends.fail": "none is installed",
    "keyring.backends.chainer": "none is installed",
    "keyring.backends.null": "the one in use keeps nothing",
    "KeyringLocked": "it is locked",
}
"""Why a store cannot be used: by its module, or by what it raised."""
SAFE_STORES = tuple(
    f"keyring.backends.{name}" for name in ("Windows", "macOS", "SecretService", "kwallet", "libsecret")
)


class Unshown(str):
    """A text whose repr shows nothing of it, for dicts of headers and the locals of a frame are shown by theirs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'••••'"


class Key:
    """An API key. ``reveal()`` is for the request header alone."""

    __slots__ = ("__secret", "__traces")

    def __init__(self, secret: str) -> None:
        """Raises CannotStart, without the key in its text, for anything with blanks or unprintable characters."""
        self.__secret = Unshown()  # also who shows the values of this frame gets a repr
        secret = Unshown(secret)
        if not _KEY.fullmatch(secret):
            raise CannotStart("key.shape")
        self.__secret = secret
        self.__traces = Traces(secret)

    @classmethod
    def of_line(cls, line: str) -> Key:
        """The key that was pasted, or that a file or another program gave.

        The line's end is not part of it. Blanks, quotes round it, further lines and the like are refused and not
        trimmed: who pasted them may have pasted more, or less, than the key. Raises CannotStart for them.
        """
        return cls(Unshown(line.rstrip("\r\n")))

    def reveal(self) -> str:
        """The key itself; the repr of this text is masked."""
        return self.__secret

    def masked(self) -> str:
        """The last four characters, for the operator to recognise; fewer of a short key."""
        shown = self.__secret[-4:] if len(self.__secret) >= 12 else ""
        return f"••••{shown}"

    def scrub(self, text: str, go_on: Callable[[], object] = lambda: None) -> str:
        """A text that came from outside, with every trace of the key in it masked, however it is written.

        ``go_on`` is asked again and again meanwhile; what it raises ends the work."""
        return self.__traces.hide(text, self.masked(), go_on)

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
    customer: str | None = ""
    """Which of the customers on the host, in the operator's word; "" for the one without a name of its own, None where
    nobody has said whether a name is another customer's."""

    @property
    def named(self) -> bool:
        """Has the operator given it a name of its own?"""
        return self.name not in (*ENVIRONMENTS, CUSTOM)

    @property
    def account(self) -> str:
        """By what the credential store knows its key."""
        return f"{_folded(self.name)} @ {self.host}" if self.named else self.host

    @property
    def place(self) -> str:
        """The host in words, with the name that the operator gave."""
        return f"{self.name} ({self.host})" if self.named else self.host

    @property
    def identity(self) -> str:
        """What the ledger knows it by: an address, or ``practice``, whose port changes from start to start."""
        return self.name if self.name == PRACTICE else self.base_url.replace("://localhost", "://127.0.0.1")

    @property
    def starts_with_the_run(self) -> bool:
        """Is it a practice EnergyCAP of this run's own, which ends with it?"""
        return self.name == PRACTICE and not self.base_url

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
        own = named_environments()
        if found := next((each for each in own if same_name(each.name, name or "")), None):
            return found
        known = ", ".join((*ENVIRONMENTS, *(each.name for each in own)))
        # A longer text may be anything, even a key.
        raise CannotStart("env.unknown", value=name if len(chosen) <= 20 else "…", extra=known)
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
        # What stands before an @ or behind a ? may be a secret, and what is no address at all may be a key.
        told = f"“{base_url}”" if re.fullmatch(r"[^@?]*://[^@?]*|[^@?]{0,20}", base_url) else "That"
        raise CannotStart("env.address", value=told)
    shown = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{shown}" + (f":{port}" if port and (parts.scheme, port) != ("https", 443) else "")
    return Environment(next((name for name, known in HOSTS.items() if known == url), CUSTOM), url)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def same_name(one: str, other: str) -> bool:
    """Do two names stand for one environment?"""
    return _folded(one) == _folded(other)


def named_environments() -> list[Environment]:
    """The environments that the operator has named, in the order in which that was done.

    Raises CannotStart if what is stored of them cannot be read: a name must not become another customer's.
    """
    path = home() / _NAMES
    try:
        # Notepad begins a file that it saves with a mark.
        stored = json.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else []
        return [_named(each) for each in stored]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, CannotStart) as error:
        raise CannotStart("env.names", path=path) from error


def _named(stored: dict[str, Any]) -> Environment:
    name, base_url, customer = stored["name"], stored["base_url"], stored["customer"]
    if not (isinstance(name, str) and isinstance(base_url, str) and isinstance(customer, str | None)):
        raise TypeError
    return Environment(name, _at(base_url).base_url, customer)


def with_name(where: Environment, name: str, another_customer: bool) -> Environment:
    """The environment under a name of its own; a name that there is keeps its customer. Nothing is stored by that.

    Raises CannotStart for a name that is none, or is another host's.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 40 or not name.isprintable() or _folded(name) in (*ENVIRONMENTS, CUSTOM):
        raise CannotStart("env.name", value=name if 0 < len(name) <= 20 else "…")
    for each in named_environments():
        if same_name(each.name, name):
            if each.base_url != where.base_url:
                raise CannotStart("env.name_taken", value=each.name, extra=each.host)
            return each
    # From the name alone: where the settings are lost, the same name is the same customer again.
    told = f"{where.identity}\n{_folded(name)}"
    return Environment(
        name, where.base_url, hashlib.sha256(told.encode()).hexdigest()[:16] if another_customer else None
    )


def keep_name(where: Environment) -> None:
    """Store a named environment, for good: forgetting its key does not forget whose data it was.

    Raises CannotStart if that fails.
    """
    known = [each for each in named_environments() if not same_name(each.name, where.name)]
    stored = [{"name": each.name, "base_url": each.base_url, "customer": each.customer} for each in (*known, where)]
    path = home() / _NAMES
    begun = path.with_name(f"{path.name}.part")
    try:
        with open(begun, "w", encoding="utf-8", opener=ownership.mine) as stream:
            json.dump(stored, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        begun.replace(path)
    except OSError as error:
        raise CannotStart("file.unwritable", path=path) from error


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


_session: dict[str, Key] = {}
"""Keys by host that nobody stored: they are gone when this program ends."""


def use_for_session(where: Environment, key: Key) -> None:
    """Find this key for this host until the program ends, before any other; it is kept in memory alone."""
    _session[where.account] = key


def find_key(where: Environment) -> Key:
    """The key for an environment: this session's, else BULKOPS_API_KEY, else the one stored for its host.

    One with a name of its own has its own key, which goes before the variable. Raises CannotStart if there is none.
    """
    if where.account in _session:
        return _session[where.account]
    if where.named and (own := _keyring_get(where)) is not None:
        return Key(own)
    given = Unshown(os.environ.get("BULKOPS_API_KEY", ""))
    if given:
        return Key.of_line(given)
    stored = _keyring_get(where)
    if stored is None:
        raise CannotStart("key.missing", value=where.place)
    return Key(stored)


def customer_of_key(where: Environment) -> str | None:
    """Whose data the key is for, in the operator's word; a name says nothing of a key that is not its own."""
    own = not where.named or where.account in _session or _keyring_get(where) is not None
    return where.customer if own else None


def store_key(where: Environment, key: Key) -> None:
    """Put a key into the operating system's credential store and read it back. Raises CannotStart if that fails."""
    store = _store()
    # A store of the operating system may take nothing but plain text.
    _ask(store.set_password, _SERVICE, where.account, str(key.reveal()))
    if _ask(store.get_password, _SERVICE, where.account) != key.reveal():
        raise CannotStart("key.store", value="what was put there did not come back")
    _session.pop(where.account, None)


def forget_key(where: Environment) -> bool:
    """Remove the stored key, and this session's; False if there was none. Raises CannotStart if the store fails."""
    dropped = _session.pop(where.account, None) is not None
    try:
        store = _store()
    except CannotStart:
        if dropped:  # that there is no store is why it was this session's
            return True
        raise
    # A store's own word for "not there" may also mean "not allowed".
    if _ask(store.get_password, _SERVICE, where.account) is None:
        return dropped
    _ask(store.delete_password, _SERVICE, where.account)
    return True


def _keyring_get(where: Environment) -> Unshown | None:
    """The stored key; None where there is none, or no store that could hold one. Raises CannotStart for silence."""
    try:
        found = _ask(_store().get_password, _SERVICE, where.account)
    except CannotStart as error:  # the operator is told how to give a key instead
        if error.code == "key.silent":
            raise
        return None
    return None if found is None else Unshown(found)


def _ask(action: Callable[..., Any], *facts: object) -> Any:
    """What a store answers. Raises CannotStart for whatever it raises, whose text may hold the key, and for silence."""
    answers: SimpleQueue[tuple[Any, str]] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put((action(*facts), ""))
        except Exception as error:
            answers.put((None, type(error).__name__))

    # A daemon: a store that never answers must not keep the program from its end either.
    threading.Thread(target=ask, name="credential store", daemon=True).start()
    try:
        answer, failed = answers.get(timeout=STORE_SECONDS)
    except Empty:
        raise CannotStart("key.silent", value=f"{STORE_SECONDS:g}") from None
    if failed:
        raise CannotStart("key.store", value=_FAILURES.get(failed, f"the one there failed: {failed}"))
    return answer


def _store() -> KeyringBackend:
    """The operating system's own store. Others are refused: null loses the key, plain text shows it.

    keyring may chain several; only the first safe one is used.
    """
    import keyring

    found = _ask(keyring.get_keyring)
    for each in _ask(getattr, found, "backends", [found]):
        if type(each).__module__ in SAFE_STORES:
            store: KeyringBackend = each
            return store
    name = type(found).__module__
    raise CannotStart("key.store", value=_FAILURES.get(name, f"{name} is not the operating system's own"))
