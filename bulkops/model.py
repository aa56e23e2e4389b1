"""The values that flow through bulkops, from a cell that was read to a row's outcome.

Nothing here reads, sends or writes; every value is frozen, so that each stage makes
a new one instead of enriching the last.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, NamedTuple


class Status(StrEnum):
    """What became of a row; product.md section 2. The last three are only ever shown: ``READY`` and ``ON_ITS_WAY`` of
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


class Kind(Enum):
    """What sort of thing a cell holds, as stored in the file."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "true/false"
    DATE = "date"
    ERROR = "error"
    FORMULA = "formula without a stored result"


class Shown(Enum):
    """How a number is displayed, where that changes what the operator sees."""

    PLAIN = "plain"
    PERCENT = "percent"
    GROUPED = "thousands separators"
    DRESSED = "words or a currency beside it"
    SCIENTIFIC = "a power of ten"
    ENGINEERING = "a power of a thousand"
    SPECIAL = "a special format"


class Cell(NamedTuple):
    """One cell that is not blank, exactly as the file has it.

    A tuple and not a dataclass: a workbook of 100,000 rows holds a million of them.
    """

    column: int
    """1 for A."""
    kind: Kind
    text: str
    """Text as stored; a number or date serial in the digits of the file; ``#N/A``; ``TRUE``; a formula's own text."""
    shown: Shown = Shown.PLAIN
    decimals: int | None = None
    """How many decimals of a number are shown (with a power, before it); None: as many as there are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an input sheet that is not blank."""

    sheet: str
    number: int
    """The row's number in its sheet, as Excel shows it."""
    cells: Mapping[str, Cell]
    """By field name; blank cells are absent."""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with (or, as a warning, noteworthy about) one row, in the operator's words."""

    code: str
    cell: str
    """``Kickouts!F7``; the row's first cell where no single cell is to blame."""
    message: str
    tip: str


def address(sheet: str, row: int, columns: Mapping[str, str], name: str) -> str:
    """``Kickouts!F7``: a field's cell, or the first of the known columns if the sheet has none for the field."""
    letters = columns.get(name) or next(iter(columns.values()), "A")
    return f"{sheet}!{letters}{row}"


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row after checking: it may be sent if it has no problems."""

    seq: int
    """Position in reading order over the whole workbook, from 0."""
    sheet: str
    number: int
    operation: str
    """The operation's key, or "" where the row does not say."""
    target: str
    """Task GUID or list id, or "" where it cannot be read."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Typed values by field name; blanks are None. Empty for a row with problems."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    hidden: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field name → column letters; one mapping for all rows of a sheet."""

    def address(self, name: str) -> str:
        """The address of a field's cell."""
        return address(self.sheet, self.number, self.columns, name)


@dataclass(frozen=True, slots=True)
class Unread:
    """A sheet that holds headings of an operation and cannot be read: the run is not a whole one without it."""

    sheet: str
    message: str
    tip: str

    @property
    def note(self) -> str:
        """What is wrong, and what to do."""
        return f"{self.message} {self.tip}"


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
class Failure:
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

    @property
    def shown(self) -> Status:
        """The status that people see; of a row that is done a code says why it is to be looked at, unless it says that
        somebody has."""
        return Status.LOOK if self.status is Status.DONE and self.code not in _SETTLED else self.status


@dataclass(frozen=True, slots=True)
class Step:
    """One row to send: the request, and what the ledger knows it by."""

    row: CheckedRow
    call: Call
    fingerprint: str
    """Of the request, in its environment."""
    matter: str
    """What must not be done twice by itself: the request, or the target where any second request for it counts."""
    released: str = ""
    """The code of the earlier send that it repeats on purpose; "" where nothing holds it back."""
    repeats: Past | None = None
    """The earlier send of the same that may have been carried out: the one in doubt, else the last."""

    @property
    def wish(self) -> str:
        """What stands in Send again, but for a No; "" for nothing."""
        return self.row.values.get("send_again") or ""


def outcome_of(row: CheckedRow, status: Status, **facts: Any) -> Outcome:
    """A row's outcome, with its place and its warnings filled in."""
    warnings = tuple(warning.message for warning in row.warnings)
    return Outcome(row.seq, row.sheet, row.number, row.operation, row.target, status, warnings=warnings, **facts)


Lane = tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every row's fate before the first send: some decided, the others to be sent in this order."""

    lanes: tuple[Lane, ...]
    """Lanes have nothing to do with each other. Within a lane the groups come one after the other;
    the steps of a group may run side by side."""
    decided: tuple[Outcome, ...]

    @property
    def steps(self) -> list[Step]:
        """The steps to send, in reading order."""
        return sorted((step for lane in self.lanes for group in lane for step in group), key=lambda step: step.row.seq)


class Verdict(StrEnum):
    """What an operator who has looked in EnergyCAP says of a request whose outcome is unknown."""

    DONE = "done"
    """It was carried out after all."""
    SEND_AGAIN = "send_again"
    """It surely was not; the same may be sent again."""


@dataclass(frozen=True, slots=True)
class Mark:
    """That word, as the ledger has it. It stays; a later one may correct it."""

    verdict: Verdict
    who: str
    when: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Doubt:
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
class Since:
    """The last send of the same request after one whose outcome is unknown: what became of it is the last word."""

    when: str
    """UTC, ISO 8601."""
    who: str
    workbook: str
    """Its file's name."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What makes a row whose outcome was unknown one that is not to be checked any more."""

    marks: tuple[Mark, ...] = ()
    """What operators have said of it; the last counts."""
    since: Since | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What operators have said of it last."""
        return self.marks[-1].verdict if self.marks else None


@dataclass(frozen=True, slots=True)
class Past:
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
    accepted: Accepted = Accepted()
    """What the answer said, if there was one."""
    mark: Mark | None = None
    """The last that an operator said of it since; with the status unknown it is marked as to be sent again."""
    owner: str = ""
    """Whose key it was sent with; "" if that is not known, or of no account."""

    @property
    def holds(self) -> bool:
        """May it have been carried out, so that the same is not sent again by itself?"""
        sent = self.status in (Status.DONE, Status.UNKNOWN)
        return sent and (self.mark is None or self.mark.verdict is not Verdict.SEND_AGAIN)


def totals(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Count the rows by status, every status of product.md section 2 named, ``rows`` their sum."""
    counts = Counter(outcome.status for outcome in outcomes)
    named = {status.value: counts[status] for status in (*ENDS, *TO_COME) if status in ENDS or counts[status]}
    return {**named, "rows": sum(counts.values())}
