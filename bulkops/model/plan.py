"""Every row's fate before the first send."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bulkops.model.history import PriorAttempt
from bulkops.model.outcomes import Outcome
from bulkops.model.requests import Call
from bulkops.model.rows import CheckedRow


@dataclass(frozen=True, slots=True)
class Step:
    """One row to send: the request, and what the ledger knows it by."""

    row: CheckedRow
    call: Call
    fingerprint: str
    """Of the request, in its environment."""
    idempotency_key: str
    """What must not be done twice by itself: the request, or the target where any second request for it counts."""
    released: str = ""
    """The code of the earlier send that it repeats on purpose; "" where nothing holds it back."""
    prior_attempt: PriorAttempt | None = None
    """The earlier send of the same that may have been carried out: the one in doubt, else the last."""

    name: str = ""
    """What EnergyCAP calls the target; "" where that is not known."""
    bills: int | None = None
    """How many bills its list held before the run; None where that is not known, or an earlier row edits the list."""

    @property
    def wish(self) -> str:
        """What stands in Send again, but for a No; "" for nothing."""
        return self.row.values.get("send_again") or ""


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

    def named(self, names: Mapping[int, str]) -> "Plan":
        """The same, with what EnergyCAP calls the targets, by seq; a name that it has already stays."""

        def of(step: Step) -> Step:
            return replace(step, name=step.name or names.get(step.row.seq, ""))

        lanes = tuple(tuple(tuple(map(of, group)) for group in lane) for lane in self.lanes)
        decided = tuple(replace(each, name=each.name or names.get(each.seq, "")) for each in self.decided)
        return Plan(lanes, decided)

    def with_steps(self, steps: Mapping[int, Step], decided: Iterable[Outcome] = ()) -> "Plan":
        """The plan with other steps in the place of its own, by seq; what has none any more is among ``decided``."""
        lanes = tuple(
            tuple(tuple(steps[each.row.seq] for each in group if each.row.seq in steps) for group in lane)
            for lane in self.lanes
        )
        return Plan(lanes, tuple(decided))
