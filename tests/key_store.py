"""A store of keys in memory, for the tests: the computer's own is never asked."""

from __future__ import annotations

from typing import ClassVar

import keyring.backend
import keyring.errors


class InMemory(keyring.backend.KeyringBackend):
    """A store that keeps keys, and can be told to lose them or to fail."""

    priority: ClassVar[float] = 1
    loses = False
    fails: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.fails:
            raise self.fails
        if not self.loses:
            self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        if self.fails:
            raise self.fails
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        if self.fails:
            raise self.fails
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]
