"""What kickout reimports do to batches, told from EnergyCAP's own batches before any row is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bulkops.model.facts import CLOSED, OPEN, PENDING, Batch, Facts

_VOID = "which stays pending: its bills are void until it is opened or closed"


@dataclass(slots=True)
class Forecast:
    """The batches as each row leaves them for the next."""

    facts: Facts
    owner: int | None
    """Whose key it is; None if EnergyCAP does not say."""
    open: list[str] | None = None
    """The owner's open batches in words; None where they are not known."""

    def __post_init__(self) -> None:
        mine = [each for each in self.facts.batches.values() if self._is_mine(each)]
        # Without any batch by that id nobody knows whether EnergyCAP calls the key's owner so among batches, too.
        if self.facts.all_open and mine:
            self.open = [each.words for each in mine if each.status == OPEN]

    def existing(self, batch_id: int | None) -> Iterator[str]:
        """A row that uses an open batch."""
        if batch_id is not None and self._is_closed_by_then(batch_id):
            yield f"needs open batch {self._known(batch_id)}, which an earlier row closes: EnergyCAP will refuse it"
        elif batch_id is not None:
            yield f"adds to open batch {self._known(batch_id)}"
        elif self.open is not None and len(self.open) == 1:
            yield f"adds to your open batch {self.open[0]}"
        elif self.open is not None:
            yield f"needs one open batch of yours, and {self._how_many()}: EnergyCAP will refuse it"

    def new(self, code: str | None, leave_open: bool) -> Iterator[str]:
        """A row that makes a batch and closes the open one, or leaves it open."""
        if self.open is None:
            return
        made = f"makes a new batch{f' {code}' if code else ''}"
        if leave_open or not self.open:
            yield made
            self.open.append(code or "a new batch of this run")
        elif len(self.open) == 1:
            yield f"closes {self.open[0]} and {made}"
            self.open = [code or "a new batch of this run"]
        else:
            yield f"fails, because {self._how_many()}: EnergyCAP closes one, not several"

    def self_contained(self, code: str | None) -> Iterator[str]:
        """A row that makes a batch of its own."""
        yield f"makes a batch of its own{f', {code},' if code else ''} that is closed at once"

    def pending(self, batch_id: int) -> Iterator[str]:
        """A row that uses a pending batch."""
        yield f"adds to pending batch {self._known(batch_id)}, {_VOID}"

    def smart(self, code: str) -> Iterator[str]:
        """A row that lets EnergyCAP choose by the code."""
        if not self.facts.all_open or self.open is None:
            return
        there = [each for each in self.facts.batches.values() if each.code.casefold() == code.casefold()]
        opened = next((each for each in there if each.status == OPEN), None)
        waiting = next((each for each in there if each.status == PENDING), None)
        if any(each.casefold() == code.casefold() for each in self.open) or (opened and self._is_mine(opened)):
            yield f"adds to your open batch {code}"
        elif opened:
            yield f"adds to open batch {opened.words} of {opened.owner.name if opened.owner else 'another user'}"
        elif waiting:
            yield f"adds to pending batch {waiting.words}, {_VOID}"
        else:
            closed = any(each.status == CLOSED for each in there)
            appended = "with a GUID appended" if closed else "with a GUID appended if a closed one has that code"
            yield f"makes a new batch {code}, {appended}"
            self.open.append(code)

    def _is_mine(self, batch: Batch) -> bool:
        return self.owner is not None and batch.owner is not None and batch.owner.id == self.owner

    def _is_closed_by_then(self, batch_id: int) -> bool:
        batch = self.facts.batches.get(batch_id)
        mine = self.open is not None and batch is not None and batch.status == OPEN and self._is_mine(batch)
        return mine and self._known(batch_id) not in (self.open or ())

    def _known(self, batch_id: int) -> str:
        known = self.facts.batches.get(batch_id)
        return known.words if known else str(batch_id)

    def _how_many(self) -> str:
        count = len(self.open or ())
        return f"you have {count} of them" if count else "you have none"


def phrases(values: Mapping[str, Any], forecast: Forecast, modes: tuple[str, ...]) -> Iterator[str]:
    """What a row does to the batches, if that can be told; the five modes in the order of EnergyCAP's page."""
    existing, new, self_contained, pending, smart = modes
    mode, code = values["batch_mode"], values["new_batch_code"]
    if mode == existing:
        yield from forecast.existing(values["existing_open_batch_id"])
    elif mode == new:
        yield from forecast.new(code, values["leave_open"] is True)
    elif mode == self_contained:
        yield from forecast.self_contained(code)
    elif mode == pending:
        yield from forecast.pending(values["pending_batch_id"])
    elif mode == smart:
        yield from forecast.smart(code)
