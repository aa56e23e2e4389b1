"""The runs so far, as they stand: told in words, chosen from, and put into a file.

Pure but for ``export``: what is known of the runs comes from ``history``.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import plural, printable
from bulkops.model.environment import CUSTOM, Environment
from bulkops.model.outcomes import URGENCY, Status, by_status

if TYPE_CHECKING:
    from bulkops.ledger import Run


class State(StrEnum):
    """What there is to do about a run; there may be several things."""

    RUNNING = "running"
    CHECK = "check"
    UNFINISHED = "unfinished"
    LOOK = "look"
    FINISHED = "finished"

    @property
    def label(self) -> str:
        """The words of the window."""
        return _LABELS[self]


_LABELS = {
    State.RUNNING: "Under way",
    State.CHECK: "To check in EnergyCAP",
    State.UNFINISHED: "Can be finished",
    State.LOOK: "Rows to look at",
    State.FINISHED: "Nothing to do",
}


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as it stands."""

    run: Run
    counts: Mapping[Status, int]
    """Its rows; one that an operator has marked counts as what the mark says."""
    under_way: bool = False
    unresolved: int = 0
    """Rows whose outcome is unknown, of which nobody has said what became of them, and that were not sent since."""
    to_repeat: int = 0
    """Rows that were marked as surely not carried out, and were not sent since."""
    left: int | None = None
    """How many of its rows ``resume`` would send; None: it cannot be taken up."""
    followed: bool = False
    """Was its workbook run since?"""

    @property
    def id(self) -> str:
        """What it is known by."""
        return self.run.id

    @property
    def started(self) -> str:
        """In this computer's time."""
        return local(self.run.started)

    @property
    def workbook(self) -> str:
        """The workbook's name."""
        return printable(Path(self.run.workbook).name)

    @property
    def path(self) -> str:
        """Of the workbook, whole."""
        return printable(self.run.workbook)

    @property
    def environment(self) -> str:
        """The environment's name, or the host of one that has none."""
        environment = Environment(self.run.environment, self.run.base_url)
        return environment.host if environment.name == CUSTOM else environment.name

    @property
    def who(self) -> str:
        """The computer's user who began it."""
        return printable(self.run.who)

    @property
    def rows(self) -> str:
        """How many of what."""
        total = sum(self.counts.values())
        return f"{plural(total, 'row')}: {by_status(self.counts)}" if total else "No rows"

    @property
    def worst(self) -> Status | None:
        """What of it needs a look first; None for a run without rows, or of which others have the last word."""
        settled = () if self.unresolved else (Status.UNKNOWN,)
        return next((status for status in URGENCY if self.counts.get(status) and status not in settled), None)

    @property
    def wrong(self) -> int:
        """Rows that failed, need fixing, or are done and do not fit."""
        return sum(self.counts.get(status, 0) for status in (Status.FAILED, Status.INVALID, Status.LOOK))

    @property
    def states(self) -> tuple[State, ...]:
        """What there is to do about it; the most urgent first."""
        found = {
            State.RUNNING: self.under_way,
            State.CHECK: self.unresolved,
            State.UNFINISHED: self.left is not None,
            State.LOOK: self.wrong or self.to_repeat,
        }
        return tuple(state for state, there in found.items() if there) or (State.FINISHED,)

    @property
    def to_do(self) -> str:
        """The same in words."""
        said = []
        if self.under_way:
            flying, left = (self.counts.get(status, 0) for status in (Status.ON_ITS_WAY, Status.READY))
            said.append(f"under way: {plural(flying, 'row')} on the way, {left} to come")
        elif self.run.ended is None:
            rest = ", and its workbook was run again since" if self.followed else ""
            said.append(f"cut short{rest or (' after its last row: finish it to record its end' * (self.left == 0))}")
        if self.unresolved:
            said.append(f"check {plural(self.unresolved, 'row')} in EnergyCAP")
        if self.left:
            said.append(f"{plural(self.left, 'row')} can still be sent")
        if self.to_repeat:
            said.append(f"run the workbook again to send {plural(self.to_repeat, 'row')}")
        if self.wrong:
            said.append(f"{plural(self.wrong, 'row')} to look at in the results")
        text = "; ".join(said) or "nothing more"
        return text[:1].upper() + text[1:]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why rows are not to be sent or checked although their status looks like it."""
        unsent = self.counts.get(Status.NOT_SENT, 0) - self.to_repeat - (self.left or 0)
        superseded = self.counts.get(Status.UNKNOWN, 0) - self.unresolved
        said = []
        if unsent > 0 and self.followed:
            said.append(f"{plural(unsent, 'row')} not sent: the workbook was run again since.")
        elif unsent > 0:
            said.append(f"{plural(unsent, 'row')} not sent: hidden, or asked for twice; the results say which.")
        if superseded > 0:
            said.append(f"{plural(superseded, 'row')} unknown: the same was sent again since, and that send counts.")
        return tuple(said)

    def document(self) -> dict[str, Any]:
        """Its part of the JSON document of ``history``."""
        told = ("started", "ended", "who", "environment", "workbook", "results")
        return {
            "run": self.id,
            **{name: getattr(self.run, name) for name in told},
            "totals": self._totals(),
            "states": [state.value for state in self.states],
            "to_check": self.unresolved,
            "to_finish": self.left,
            "what_to_do": " ".join((f"{self.to_do}.", *self.remarks)),
        }

    def _totals(self) -> dict[str, int]:
        """By what programs know: a row to look at is done."""
        counts = Counter({status: count for status, count in self.counts.items() if status is not Status.LOOK})
        counts[Status.DONE] += self.counts.get(Status.LOOK, 0)
        return {status.value: count for status, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which runs are wanted; what is left blank does not choose."""

    state: State | None = None
    workbook: str = ""
    """Part of its name or path."""
    since: date | None = None
    until: date | None = None
    """Days, both among them, in this computer's time."""
    person: str = ""
    """Part of the name of who began it, or whose key it was."""

    def takes(self, past: PastRun) -> bool:
        """Is a run among those that are wanted?"""
        run, day = past.run, moment(past.run.started).date()
        return (
            (self.state is None or self.state in past.states)
            and self.workbook.casefold() in run.workbook.casefold()
            and (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
            and any(self.person.casefold() in name.casefold() for name in (run.who, run.key_owner))
        )


def moment(text: str) -> datetime:
    """The ledger's time, which is UTC, in this computer's."""
    return datetime.fromisoformat(text).astimezone()


def local(text: str) -> str:
    """The same in words, to the minute."""
    return f"{moment(text):%Y-%m-%d %H:%M}"


_STATUSES = tuple(status for status in URGENCY if status is not Status.READY)


def export(runs: Iterable[PastRun], path: Path, replace: bool = False) -> None:
    """Write runs as a .csv that spreadsheets open. Raises CannotStart where it cannot be written, or, unless it is to
    be replaced, if there is a file by that name."""
    from bulkops.system.files import create, refuse_planted, save

    refuse_planted(path)
    try:
        (save if replace else create)(path, as_csv(runs))
    except FileExistsError as error:
        raise CannotStart("file.exists", path=path) from error
    except OSError as error:
        raise CannotStart("file.unwritable", path=path) from error


def as_csv(runs: Iterable[PastRun]) -> bytes:
    """Runs as lines of a .csv, with the mark by which Excel knows its letters; times are this computer's."""
    text = io.StringIO(newline="")
    write = csv.writer(text)
    amounts = [*(status.label for status in _STATUSES), "To come", "To check", "Can still be sent"]
    about = ("Workbook", "Path", "Environment", "Who", "Key of")
    write.writerow(["Run", "Started", "Ended", *about, "Rows", *amounts, "What to do", "Results"])
    for past in runs:
        run, count = past.run, past.counts
        numbers = [*(count.get(status, 0) for status in (*_STATUSES, Status.READY)), past.unresolved, past.left or 0]
        told = map(_text, (past.workbook, past.path, past.environment, run.who, run.key_owner))
        last = map(_text, (" ".join((f"{past.to_do}.", *past.remarks)), run.results or ""))
        ended = local(run.ended) if run.ended else ""
        write.writerow([run.id, past.started, ended, *told, sum(count.values()), *numbers, *last])
    return text.getvalue().encode("utf-8-sig", "replace")


def _text(text: str) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    line = " ".join(printable(text).split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line
