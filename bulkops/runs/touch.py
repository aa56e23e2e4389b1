"""What a run will touch, told before it: bills and their cost, and what becomes of batches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from bulkops.messages import precheck as sentences
from bulkops.messages.wording import plural
from bulkops.model.facts import Count, Facts
from bulkops.model.plan import Plan
from bulkops.operations.base import Operation

_MOST = 12
"""So many things that happen to batches are told one by one."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What the rows of a plan touch, as far as EnergyCAP tells."""

    edits: int
    """Rows that edit a list."""
    counts: Mapping[int, Count]
    """Of each list that is edited; without a number of bills where EnergyCAP does not tell it."""
    batches: tuple[str, ...]
    """What the rows do to batches, in the order in which they are sent."""

    @property
    def bills(self) -> int | None:
        """In all lists, each counted once; None if that cannot be told of all of them."""
        told = [each.bills for each in self.counts.values()]
        return None if None in told else sum(filter(None, told))

    def words(self) -> Iterator[str]:
        """A sentence for each part of it."""
        if self.edits:
            yield "; ".join(filter(None, (self._bills(now=True), self._cost(), *self._state())))
        if self.batches:
            # Neighbours alone are one: before another row closes a batch is not after it.
            counted = [(words, len(list(rows))) for words, rows in groupby(self.batches)]
            said = [words if rows == 1 else f"{words} ({plural(rows, 'row')})" for words, rows in counted]
            yield f"Batches, in this order: {'; '.join(_first(said))}"

    @property
    def before(self) -> str:
        """The bills in words, to be told when the run is over; "" if no list is edited."""
        return self._bills(now=False) if self.edits else ""

    def _bills(self, now: bool) -> str:
        told = [each.bills for each in self.counts.values() if each.bills is not None]
        lists = len(self.counts)
        return sentences.bills_touched(self.edits, lists, sum(told), lists - len(told), now)

    def _cost(self) -> str:
        costs = [(each.cost, each.unit) for each in self.counts.values()]
        if any(cost is None for cost, _ in costs) or len({unit for _, unit in costs}) != 1:
            return ""
        return f"cost {sum(cost or 0 for cost, _ in costs):,.2f} {costs[0][1]}".rstrip()

    def _state(self) -> Iterator[str]:
        """How many of the bills are flagged and held, where every list shows it."""
        for name, words in (("flagged", "flagged"), ("held", "held from export")):
            told = [getattr(each, name) for each in self.counts.values()]
            if None not in told and sum(told):
                yield f"{sum(told):,} of them {words}"

    def changes(self, now: "Touch") -> Iterator[str]:
        """What is another now: the number of bills of a list, or what becomes of batches."""
        told = ((key, each.bills, now.counts.get(key, Count()).bills) for key, each in self.counts.items())
        yield from _first(
            [
                f"list {key} held {sentences.counted_bills(before)} and holds {after:,} now"
                for key, before, after in told
                if before is not None and after is not None and before != after
            ]
        )
        if self.batches != now.batches:
            said = "; ".join(_first(list(dict.fromkeys(now.batches))))
            yield (
                f"its rows would now do this to batches: {said}"
                if said
                else "what its rows would do to batches cannot be told any more"
            )


def _first(said: list[str]) -> list[str]:
    """So many of them as a sentence can hold; the others are counted."""
    return [*said[:_MOST], f"and {len(said) - _MOST} more"] if len(said) > _MOST else said


def touch(plan: Plan, operations: Mapping[str, Operation], facts: Facts, owner: int | None) -> Touch:
    """Of a plan by what EnergyCAP says. ``owner``: the id of the key's owner, if that is known."""
    edited = [
        each.id
        for step in plan.steps
        for each in operations[step.row.operation].names(step.row.values)
        if each.kind == "list"
    ]
    batches = [
        phrase
        for key, operation in operations.items()
        for phrase in operation.foresee([s.row for s in plan.steps if s.row.operation == key], facts, owner)
        if facts.asked
    ]
    counts = {int(key): facts.counts.get(int(key), Count()) for key in dict.fromkeys(edited)}
    return Touch(len(edited), counts, tuple(batches))
