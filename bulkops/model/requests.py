"""A request as it will be sent, and what came back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it will be sent, without host and key."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    def encoded(self) -> bytes:
        """The body's bytes: compact JSON in ASCII, the same for the same values."""
        if self.body is None:
            return b""
        return _COMPACT.encode(self.body).encode("ascii")

    def fingerprint(self, environment: str) -> str:
        """Equal for two requests exactly when environment, method, path and body are equal."""
        parts = (environment, self.method, self.path, self.encoded().decode("ascii"))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole, whatever it says."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No whole answer arrived. The names of the exceptions, outermost first, are the evidence."""

    chain: tuple[str, ...]
    detail: str
    """The innermost exception's own words, free of secrets."""
    https: bool
    status: int | None = None
    """The status line's code, if one was seen before the answer broke off."""
    cause: str = ""
    """The catalogue code of the sentence that tells it best; "" where the table's own does. It proves nothing."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a documented success answer says."""

    new_task_guid: str | None = None
    selected: int | None = None
    updated: int | None = None
