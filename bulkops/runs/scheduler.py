"""Which step of a plan may start next, where rows are sent side by side."""

from heapq import heappop, heappush

from bulkops.model.plan import Plan, Step


class Scheduler:
    """The first in reading order of those whose lane has nothing before them under way."""

    def __init__(self, plan: Plan) -> None:
        self._ready: list[tuple[int, int, Step]] = []
        self._lane_of: dict[int, int] = {}
        self._under_way = [0] * len(plan.lanes)
        self._groups = [iter(lane) for lane in plan.lanes]
        for lane in range(len(plan.lanes)):
            self._open(lane)

    def next(self) -> Step | None:
        """A step that may start now; None if there is none, for now or for good."""
        return heappop(self._ready)[2] if self._ready else None

    def landed(self, step: Step) -> None:
        """The step has ended; when all of its group have, the lane's next group may start."""
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
