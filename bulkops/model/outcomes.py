"""What became of a row."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bulkops.model.rows import CheckedRow


class Status(StrEnum):
    """What became of a row. The last three are only ever shown: ``READY`` and ``ON_ITS_WAY`` of
    what is still to come, by a check and the history of a run under way; ``LOOK`` of a row that is done and whose
    answer does not fit what it expected."""

    DONE = "done"
    FAILED = "failed"
    INVALID = "invalid"
    ALREADY_DONE = "already_done"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    READY = "ready"
    ON_ITS_WAY = "on_its_way"
    LOOK = "look"

    @property
    def label(self) -> str:
        """The words of the Results sheet."""
        return _LABELS[self]


_LABELS = {
    Status.DONE: "Done",
    Status.FAILED: "Failed",
    Status.INVALID: "Needs fixing",
    Status.ALREADY_DONE: "Already done",
    Status.UNKNOWN: "Unknown \N{EN DASH} check",
    Status.NOT_SENT: "Not sent",
    Status.READY: "Ready",
    Status.ON_ITS_WAY: "On its way",
    Status.LOOK: "Done \N{EN DASH} look",
}

TO_COME = (Status.READY, Status.ON_ITS_WAY)
"""What a row is before anything has become of it: in no results of a run that has ended."""

ENDS = tuple(status for status in Status if status not in (*TO_COME, Status.LOOK))
"""What a row can come to: exactly one of these."""

URGENCY = (
    Status.UNKNOWN,
    Status.ON_ITS_WAY,
    Status.FAILED,
    Status.INVALID,
    Status.LOOK,
    Status.NOT_SENT,
    Status.ALREADY_DONE,
    Status.DONE,
    Status.READY,
)
"""In the order in which an operator should look at them."""
_GOOD = (Status.DONE, Status.READY, Status.ALREADY_DONE)
OUTSIDE_THE_ROW = frozenset({"sent.not_reached", "sent.not_trusted", "sent.no_right", "sent.proxy", "sent.busy"})
"""Codes of rows that were not carried out for a reason that lies outside them: as they stand they may be sent later."""

_SETTLED = ("", "sent.marked_done", "sent.sent_since")
"""Codes of a row that is done and not to be looked at."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. One per row read, always."""

    seq: int
    sheet: str
    row: int
    operation: str
    target: str
    status: Status
    new_task_guid: str | None = None
    selected: int | None = None
    updated: int | None = None
    http_status: int | None = None
    code: str = ""
    message: str = ""
    tip: str = ""
    cell: str = ""
    warnings: tuple[str, ...] = ()
    started: str = ""
    """UTC, ISO 8601; when the request was recorded, just before it was sent."""
    seconds: float | None = None
    send_again_code: str = ""
    """What to type in Send again to have the row sent all the same; "" where nothing holds it back."""
    name: str = ""
    """What EnergyCAP calls the target; "" where that is not known."""

    @property
    def shown(self) -> Status:
        """The status that people see; of a row that is done a code says why it is to be looked at, unless it says that
        somebody has."""
        return Status.LOOK if self.status is Status.DONE and self.code not in _SETTLED else self.status


def outcome_of(row: CheckedRow, status: Status, **facts: Any) -> Outcome:
    """A row's outcome, with its place and its warnings filled in."""
    warnings = tuple(warning.message for warning in row.warnings)
    return Outcome(row.seq, row.sheet, row.number, row.operation, row.target, status, warnings=warnings, **facts)


def totals(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Count the rows by status, every status that a row can end with named, ``rows`` their sum."""
    counts = Counter(outcome.status for outcome in outcomes)
    named = {status.value: counts[status] for status in (*ENDS, *TO_COME) if status in ENDS or counts[status]}
    return {**named, "rows": sum(counts.values())}


def by_status(counts: Mapping[Status, int]) -> str:
    """``Failed 1, Done 12``: what needs a look comes first."""
    return ", ".join(f"{status.label} {counts[status]}" for status in URGENCY if counts.get(status))


def urgency(outcome: Outcome) -> int:
    """A sorting key: what needs a look comes first."""
    return URGENCY.index(outcome.shown)


def to_look_at(outcome: Outcome) -> bool:
    """Is there something to see to?"""
    return outcome.shown not in _GOOD
