"""The lines of the table: one for each row, made from its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bulkops.messages.wording import named, printable
from bulkops.model.history import UnknownOutcome
from bulkops.model.outcomes import Outcome, Status, to_look_at, urgency
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations

MARKED = ("row.marked_done", "row.target_marked_done", "sent.marked_done")
"""What is said of a row by a person's word, which can be corrected."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table."""

    seq: int
    sheet: str
    row: int
    asks: str
    """What it will do, in a sentence."""
    message: str
    """All that there is to say, the cell first."""
    tip: str
    look: bool
    """Is there something to see to?"""
    outcome: Outcome

    @property
    def title(self) -> str:
        """The row and its state."""
        return f"{self.sheet}, row {self.row}: {self.shown.label}"

    @property
    def status(self) -> Status:
        """What became of it."""
        return self.outcome.status

    @property
    def shown(self) -> Status:
        """The status that people see."""
        return self.outcome.shown

    @property
    def brief(self) -> str:
        """The message on one line."""
        return " ".join(self.message.split())


def make_lines(outcomes: Iterable[Outcome], checked: Iterable[CheckedRow], asks: Mapping[int, str]) -> list[Line]:
    """A line for every row; those whose outcome is unknown first, the others in reading order.

    ``asks``: what was said before of a row's doing, by seq, where the rows themselves are not at hand.
    """
    rows = {row.seq: row for row in checked}
    made = [make_line(outcome, rows.get(outcome.seq), asks.get(outcome.seq, "")) for outcome in outcomes]
    return sorted(made, key=lambda each: each.status is not Status.UNKNOWN)


def make_line(outcome: Outcome, row: CheckedRow | None = None, asks: str = "") -> Line:
    """One row's line. ``asks``: what was said of it before."""
    said = [outcome.message, *(f"Note: {warning}" for warning in outcome.warnings)]
    if outcome.new_task_guid:
        said.insert(1, f"New task: {outcome.new_task_guid}")
    if outcome.send_again_code:
        said.append(f"Send again code: {outcome.send_again_code}")
    return Line(
        outcome.seq,
        printable(outcome.sheet),
        outcome.row,
        asks or _asks(outcome, row),
        printable("\n".join(filter(None, said))),
        printable(outcome.tip),
        to_look_at(outcome),
        outcome,
    )


def markable(
    made: Iterable[Line], marked: Mapping[int, str], unknown_outcomes: Iterable[UnknownOutcome]
) -> dict[int, UnknownOutcome]:
    """Which lines stand for which send whose outcome is unknown, by seq: the one that their code is of.

    ``marked``: the codes of the sends that a person called not done, so that their rows would be sent. A line that
    tells of another send than the last stands for none.
    """
    by_code = {each.send_again_code: each for each in unknown_outcomes}
    found = {}
    for each in made:
        unsettled = each.status is Status.UNKNOWN or each.outcome.code in MARKED
        unknown = by_code.get(marked.get(each.seq) or (each.outcome.send_again_code if unsettled else ""))
        if unknown is not None and each.outcome.started in ("", unknown.started):
            found[each.seq] = unknown
    return found


def _asks(outcome: Outcome, row: CheckedRow | None) -> str:
    operation = all_operations().get(outcome.operation)
    if operation is None:
        return "It does not say what to do."
    if row is None or row.problems or row.hidden or not row.values:
        return f"{operation.title}{': ' if outcome.target else ''}{named(outcome.name, outcome.target)}"
    target = {operation.target: named(outcome.name, outcome.target)} if outcome.name else {}
    return printable(operation.asks({**row.values, **target}))


def most_urgent(found: Iterable[Line]) -> Line | None:
    """The row to look at first; None where there is nothing to see to."""
    return min((each for each in found if each.look), key=lambda each: urgency(each.outcome), default=None)
