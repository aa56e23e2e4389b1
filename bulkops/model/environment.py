"""One EnergyCAP: its name, its address, and whose data it holds."""

import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

PRACTICE, CUSTOM = "practice", "custom"

HOSTS = {
    "us-east": "https://app.energycap.com",
    "us-west": "https://wce.energycap.com",
    "eu": "https://app-eu.energycap.com",
    "fed": "https://app.fed-energycap.com",
    "implement": "https://implement.energycap.com",
}
"""Where EnergyCAP serves its customers."""

ENVIRONMENTS = (*HOSTS, PRACTICE)

LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
        return f"{folded(self.name)} @ {self.host}" if self.named else self.host

    @property
    def place(self) -> str:
        """The host in words, with the name that the operator gave."""
        return f"{self.name} ({self.host})" if self.named else self.host

    @property
    def id(self) -> str:
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


def folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def same_name(one: str, other: str) -> bool:
    """Do two names stand for one environment?"""
    return folded(one) == folded(other)
