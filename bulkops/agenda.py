"""Which row may start next, and what is known of it until it has landed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from heapq import heappop, heappush

from bulkops.ledger import Intent
from bulkops.model import Outcome, Plan, Step


@dataclass(frozen=True, slots=True)
class Ready:
    """A row whose turn it is."""

    intent: Intent
    turn: float
    stands: bool = True
    """Is the intent durable?"""


@dataclass(frozen=True, slots=True)
class Landed:
    """What a worker comes back with."""

    outcome: Outcome | None = None
    error: BaseException | None = None
    is_last: bool = False
    """The worker has ended. Else it waits with the row that comes next until this one was seen."""
    seen: threading.Event = field(default_factory=threading.Event)


class Agenda:
    """Which step may start next: the first in reading order of those whose lane has nothing before them under way."""

    def __init__(self, plan: Plan) -> None:
        self.flying: dict[int, Step] = {}
        """What has started and has not landed, by seq."""
        self.closed = False
        """Nobody wants to hear of any more."""
        self._ready: list[tuple[int, int, Step]] = []
        self._lane_of: dict[int, int] = {}
        self._under_way = [0] * len(plan.lanes)
        self._groups = [iter(lane) for lane in plan.lanes]
        for lane in range(len(plan.lanes)):
            self._open(lane)

    def next(self) -> Step | None:
        """A step that may start now; None if there is none, for now or for good."""
        if not self._ready:
            return None
        seq, _, step = heappop(self._ready)
        self.flying[seq] = step
        return step

    def landed(self, step: Step) -> None:
        """The step has ended; when all of its group have, the lane's next group may start."""
        del self.flying[step.row.seq]
        lane = self._lane_of.pop(step.row.seq)
        self._under_way[lane] -= 1
        if not self._under_way[lane]:
            self._open(lane)

    def _open(self, lane: int) -> None:
        for group in self._groups[lane]:
            for step in group:
                heappush(self._ready, (step.row.seq, lane, step))
                self._lane_of[step.row.seq] = lane
            self._under_way[lane] = len(group)
            if group:
                return
