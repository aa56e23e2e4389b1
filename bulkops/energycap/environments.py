"""Which EnergyCAP is meant: by name or by address, among the known ones and those that the operator has named."""

import hashlib
import json
import os
import re
from typing import Any
from urllib.parse import urlsplit

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import CUSTOM, ENVIRONMENTS, HOSTS, LOOPBACK, PRACTICE, Environment, folded, same_name
from bulkops.system.data_folder import home
from bulkops.system.files import save

_NAMES = "environments.json"
"""In the data folder: which names stand for what."""

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")
"""Plain ASCII without a dot at the end: one server must have one name, for the ledger knows it by that."""


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


def with_name(environment: Environment, name: str, another_customer: bool) -> Environment:
    """The environment under a name of its own; a name that there is keeps its customer. Nothing is stored by that.

    Raises CannotStart for a name that is none, or is another host's.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 40 or not name.isprintable() or folded(name) in (*ENVIRONMENTS, CUSTOM):
        raise CannotStart("env.name", value=name if 0 < len(name) <= 20 else "…")
    for each in named_environments():
        if same_name(each.name, name):
            if each.base_url != environment.base_url:
                raise CannotStart("env.name_taken", value=each.name, extra=each.host)
            return each
    # From the name alone: where the settings are lost, the same name is the same customer again.
    told = f"{environment.id}\n{folded(name)}"
    return Environment(
        name, environment.base_url, hashlib.sha256(told.encode()).hexdigest()[:16] if another_customer else None
    )


def keep_name(environment: Environment) -> None:
    """Store a named environment, for good: forgetting its key does not forget whose data it was.

    Raises CannotStart if that fails.
    """
    known = [each for each in named_environments() if not same_name(each.name, environment.name)]
    stored = [
        {"name": each.name, "base_url": each.base_url, "customer": each.customer} for each in (*known, environment)
    ]
    path = home() / _NAMES
    try:
        save(path, json.dumps(stored, indent=1).encode(), rights=0o600)
    except OSError as error:
        raise CannotStart("file.unwritable", path=path) from error
