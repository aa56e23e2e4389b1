"""What `--trouble` rehearses: four things that go wrong, each once, in the order in which requests meet them."""

from typing import NamedTuple

from .faults import Fault

SLOW = 8.0
"""Seconds: long enough to notice, short enough to wait for."""
BILLS = 999
"""More than any list here holds."""


class Drill(NamedTuple):
    what: str
    """What becomes of a row that meets it: "is refused"."""
    fault: Fault
    of_lists: bool = False
    """Only the edit of a list can meet it."""

    @property
    def path(self) -> str:
        """What the path of a request must contain to meet it."""
        return "/flagAction" if self.of_lists else ""


DRILLS = (
    Drill("is carried out, but its answer is lost", Fault.drop_reply()),
    Drill("is refused", Fault.answer(400, json={"message": "Practice refuses this row, so that you see a refusal."})),
    Drill(f"is answered after {SLOW:.0f} seconds", Fault.slow(SLOW)),
    Drill(
        f"is told that its list held {BILLS} bills",
        Fault.answer(200, json={"selected": BILLS, "updated": BILLS}, applied=True),
        of_lists=True,
    ),
)
