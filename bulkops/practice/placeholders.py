"""Placeholders for what a workbook names in somebody else's EnergyCAP: kind and id are known, the rest is made up.

It is made up so that a row can succeed: a task has kickouts, the bills of a list have a flag that is not resolved, a
batch may be used by whoever practises. It comes before what practice has of its own under the same id, unless
everything that is named is practice's own, as in the sample sheets.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from . import seed_data
from .records import UNRESOLVED, Batch, BatchStatus, Bill, BillList, Flag, FlagType, Task, User
from .state import State

BILLS = 5
"""In a list whose number of bills is not given."""
MOST_BILLS = 500_000
"""In all such lists together."""
_FIRST_BILL = 1_000_000


class Placeholder(NamedTuple):
    kind: str
    """One of those in `State.known`."""
    id: int | str
    bills: int | None = None
    """How many bills a list should hold."""
    name: str = ""
    """What it is called; "": something made up."""


def add_placeholders(state: State, things: Iterable[Placeholder]) -> list[Placeholder]:
    """Adds these things and returns those added: of several with one id the first; none if the state has them all."""
    things, new = list(things), dict[tuple[str, int | str], Placeholder]()
    if all(thing.id in state.known[thing.kind] for thing in things):
        return []
    flag = Flag(UNRESOLVED, 4)
    bills = (Bill(number, 100.0, flag) for number in range(_FIRST_BILL, _FIRST_BILL + MOST_BILLS))
    for thing in things:
        what = thing.kind.rpartition(" ")[2]  # open or pending, it is a batch
        if new.setdefault((what, thing.id), thing) is thing:
            state.known[thing.kind][thing.id] = _made_up(thing, state.task_ids, bills)
    if any(thing.kind == "open batch" for thing in new.values()):
        state.allow("billsAndBatches", "manage")
    return list(new.values())


def _made_up(
    thing: Placeholder, task_ids: Iterator[int], bills: Iterator[Bill]
) -> Task | BillList | Batch | FlagType | User:
    if isinstance(thing.id, str):
        like = next(seed_data.tasks())
        return like.model_copy(
            update={
                "guid": thing.id,
                "task_id": next(task_ids),
                "output": {},
                "settings": {},
                "note": thing.name or None,
            }
        )
    match thing.kind:
        case "list":
            wanted = BILLS if thing.bills is None else thing.bills
            return BillList(thing.id, thing.name or f"List {thing.id}", seed_data.MANAGER, list(islice(bills, wanted)))
        case "flag type":
            return FlagType(flag_type_id=thing.id, flag_type_info=thing.name or f"Flag type {thing.id}")
        case "user":
            return seed_data.user(thing.id, f"user{thing.id}", thing.name or f"User {thing.id}", "Bill clerk", set())
        case _:
            status: BatchStatus = "open" if thing.kind == "open batch" else "pending"
            return Batch(
                batch_id=thing.id,
                batch_code=thing.name or f"BATCH-{thing.id}",
                status=status,
                owner=seed_data.MANAGER,
                start_date=seed_data.FIRST_DAY,
            )
