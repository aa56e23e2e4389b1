"""What the ledger says of earlier sends, and what people have said of them."""

from dataclasses import dataclass, field
from enum import StrEnum

from bulkops.model.outcomes import Status
from bulkops.model.requests import Accepted


class ResolutionKind(StrEnum):
    """What an operator who has looked in EnergyCAP says of a request whose outcome is unknown."""

    DONE = "done"
    """It was carried out after all."""
    SEND_AGAIN = "send_again"
    """It surely was not; the same may be sent again."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an operator said, when. It stays; a later one may correct it."""

    kind: ResolutionKind
    who: str
    when: str
    """UTC, ISO 8601."""

    @property
    def words(self) -> str:
        """``marked as done after all by Pat on 2026-11-21 10:00:00 UTC``."""
        said = {
            ResolutionKind.DONE: "done after all",
            ResolutionKind.SEND_AGAIN: "surely not carried out, to be sent again",
        }
        return f"marked as {said[self.kind]} by {self.who} on {self.when.replace('T', ' ').replace('Z', ' UTC')}"


@dataclass(frozen=True, slots=True)
class UnknownOutcome:
    """A request that was sent and whose outcome is unknown."""

    run: str
    seq: int
    sheet: str
    row: int
    operation: str
    """The operation's key."""
    target: str
    environment: str
    workbook: str
    """The whole path, as it was then."""
    started: str
    """UTC, ISO 8601; just before it was sent."""
    who: str
    code: str
    message: str
    tip: str
    """What to check in EnergyCAP."""
    send_again_code: str
    """Of this very send."""


@dataclass(frozen=True, slots=True)
class LaterSend:
    """The last send of the same request after one whose outcome is unknown: what became of it is the last word."""

    when: str
    """UTC, ISO 8601."""
    who: str
    workbook: str
    """Its file's name."""


@dataclass(frozen=True, slots=True)
class ResolutionHistory:
    """What makes a row whose outcome was unknown one that is not to be checked any more."""

    resolutions: tuple[Resolution, ...] = ()
    """What operators have said of it; the last counts."""
    since: LaterSend | None = None

    @property
    def kind(self) -> ResolutionKind | None:
        """What operators have said of it last."""
        return self.resolutions[-1].kind if self.resolutions else None


@dataclass(frozen=True, slots=True)
class PriorAttempt:
    """What the ledger says of an earlier request for the same thing."""

    fingerprint: str
    status: Status
    when: str
    who: str
    workbook: str
    run: str
    code: str = ""
    """What a person types to have the same sent once more after this send."""
    released: str = ""
    """The code that let this send go, if one did."""
    accepted: Accepted = field(default_factory=Accepted)
    """What the answer said, if there was one."""
    resolution: Resolution | None = None
    """The last that an operator said of it since; with the status unknown it is marked as to be sent again."""
    owner: str = ""
    """Whose key it was sent with; "" if that is not known, or of no account."""

    @property
    def blocks_resend(self) -> bool:
        """May it have been carried out, so that the same is not sent again by itself?"""
        sent = self.status in (Status.DONE, Status.UNKNOWN)
        return sent and (self.resolution is None or self.resolution.kind is not ResolutionKind.SEND_AGAIN)
