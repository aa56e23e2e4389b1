"""Practising: an EnergyCAP of the run's own takes its ids as given; one that serves apart has its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from bulkops.lookups import Against, without
from bulkops.model import CheckedRow, Plan, Step
from bulkops.operations import all_operations
from bulkops.ownership import own_folder
from bulkops.phrases import counted
from bulkops.sentences.running import taken_as_given
from bulkops.settings import Environment

SERVED_APART = "bulkops practice"
"""What the server of ``bulkops practice`` calls its data source."""
_ADDRESS = "practice address.txt"


def begin(where: Environment, steps: Iterable[Step], stack: ExitStack) -> tuple[Environment, list[str]]:
    """Start a practice EnergyCAP, until ``stack`` ends, that knows what the steps name; what there is to say of it."""
    from bulkops.practice import State
    from bulkops.practice.given import Given, take
    from bulkops.practice.server import PracticeServer

    operations = all_operations()
    named = (each for step in steps for each in operations[step.row.operation].names(step.row.values))
    state = State()
    new = Counter(each.kind for each in take(state, (Given(each.kind, each.id, each.bills) for each in named)))
    server = stack.enter_context(PracticeServer(state))
    things = ", ".join(counted(number, kind) for kind, number in new.items())
    return replace(where, base_url=server.base_url), [taken_as_given(things)] if new else []


@contextmanager
def serving(folder: Path) -> Iterator[Callable[[str], object]]:
    """Lets every check on this computer know the address of a practice EnergyCAP, for as long as it serves there."""
    note = folder / _ADDRESS
    own_folder(folder)
    try:
        yield lambda base_url: note.write_text(base_url, encoding="ascii")
    finally:
        note.unlink(missing_ok=True)


def serves_apart(where: Environment, folder: Path) -> bool:
    """Is it what ``bulkops practice`` serves? Nobody is asked: a check sends nothing."""
    with suppress(OSError, ValueError):
        return (folder / _ADDRESS).read_text(encoding="ascii") == where.identity
    return False


def without_unknown(plan: Plan) -> Plan:
    """The plan without the steps that name what a practice EnergyCAP does not know; those rows need fixing."""
    from bulkops.practice import State
    from bulkops.practice.data import KNOWN

    state, operations = State(), all_operations()

    def against(row: CheckedRow) -> Against | None:
        for each in operations[row.operation].names(row.values):
            if each.id not in state.known[each.kind]:
                return each.field, "practice.unknown", {"value": f"{each.kind} {each.id}", "extra": KNOWN[each.kind]}
        return None

    return without(plan, operations, against)
