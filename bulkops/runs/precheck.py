"""Rows held against EnergyCAP's own data before they are sent: a row fits, it does not, or that cannot be told.

Pure. Only a definite no keeps a row from being sent. What is left knows names and numbers of bills.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulkops.energycap.tables import Wanted
from bulkops.messages import precheck as sentences
from bulkops.model import picks
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.picks import Nameable
from bulkops.model.plan import Plan, Step
from bulkops.model.rows import CheckedRow, Problem
from bulkops.operations.base import Named, Operation
from bulkops.operations.cells import shorten
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs.planning import forewarned, invalid
from bulkops.runs.precheck_rules import Known, No, called, speaks_of_no_kickouts

_MOST = 5
"""So many picks are offered for a name."""
Operations = Mapping[str, Operation]


def wanted(plan: Plan, rows: Sequence[CheckedRow], operations: Operations) -> Wanted:
    """What has to be known of EnergyCAP for the rows that are to be sent, and for those that give a name alone."""
    ids: dict[str, set[int | str]] = {}
    for step in plan.steps:
        for each in operations[step.row.operation].names(step.row.values):
            ids.setdefault(each.kind, set()).add(each.id)
    sent = {step.row.operation for step in plan.steps}
    kinds = ids.keys() | {kind for row in rows for kind, _ in _names_alone(row, operations)}
    in_batches = any(kind.endswith("batch") for key in sent for kind in operations[key].kinds.values())
    named = {each for kind in ("open batch", "pending batch") for each in ids.get(kind, ()) if isinstance(each, int)}
    return Wanted(
        flag_types="flag type" in kinds,
        lists="list" in kinds,
        users="user" in kinds,
        batches=in_batches or any(kind.endswith("batch") for kind in kinds),
        named_batches=frozenset(named),
        tasks=frozenset(str(each) for each in ids.get("task", ())),
        counts=frozenset(each for each in ids.get("list", ()) if isinstance(each, int)),
    )


def precheck(
    plan: Plan, rows: Sequence[CheckedRow], operations: Operations, known: Known, earlier: Iterable[Outcome] = ()
) -> tuple[Plan, tuple[str, ...]]:
    """The plan without the rows that EnergyCAP's data rule out, and what there is to say of it.

    Where nobody was asked a row is only ruled out by a pick whose name has another id elsewhere in the workbook.
    ``earlier``: what became of the other rows of a run that is taken up again.
    """
    seen = _Seen(rows, operations, known, Catalogue(operations.values()), _edited=_edited(earlier, operations))
    kept: list[Step] = []
    ruled_out: list[Outcome] = []
    count: Counter[bool | None] = Counter()
    for step in plan.steps:
        known_step, problems, fits = seen.look_at(step)
        count[None if problems else fits] += 1
        if problems:
            ruled_out.append(replace(invalid(replace(step.row, problems=problems)), name=known_step.name))
        else:
            kept.append(known_step)
    if ruled_out:
        # What a row does that is not sent is done to no other.
        kept = forewarned(kept, operations, seen.catalogue, plan.steps)
    plan = plan.with_steps({step.row.seq: step for step in kept}, (*seen.with_names(plan.decided), *ruled_out))
    if not known.facts.asked:
        return plan, ()
    looked_at = sentences.looked_at(count[True], count[None], count[False]) if count.total() else ""
    edited = sentences.edited_before(seen.edited_before) if seen.edited_before else ""
    return plan, tuple(filter(None, (looked_at, edited, *known.facts.untold, *known.facts.notes)))


@dataclass(slots=True)
class _Seen:
    """The rows of a run, looked at in the order in which they are sent."""

    rows: Sequence[CheckedRow]
    operations: Operations
    known: Known
    catalogue: Catalogue
    edited_before: int = 0
    """Rows whose list an earlier one edits."""
    _edited: set[int | str] = field(default_factory=set)
    _spelled: dict[tuple[str, str], dict[int | str, str]] = field(default_factory=dict)
    """(kind, name) → the ids that were picked by it, each with its first cell."""
    _named: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Kind → the picks that are offered, each with all that its thing may be called."""

    def __post_init__(self) -> None:
        for row in self.rows:
            for name, found in row.picks.items():
                for each in found:
                    key = _told_apart(self.operations[row.operation].kinds.get(name, name)), _folded(each.name)
                    self._spelled.setdefault(key, {}).setdefault(each.id, row.address(name))

    def look_at(self, step: Step) -> tuple[Step, tuple[Problem, ...], bool]:
        """(the step by what is known, what rules it out, is all of it known to fit)"""
        row, operation = step.row, self.operations[step.row.operation]
        found: list[tuple[str, No]] = [(operation.target, each) for each in self._rights(operation)]
        warnings: list[Problem] = []
        fits = self.known.facts.asked
        lists: set[int | str] = set()
        for each in operation.names(row.values):
            thing = self.known.thing(each.kind, each.id)
            verdict = self.known.fits(each)
            if each.field == operation.target:
                step = replace(step, name=called(thing) or step.name)
            if isinstance(verdict, tuple):
                found.append((each.field, verdict))
            else:
                fits = fits and verdict
                found += [(each.field, no) for no in self._picked(row, each, thing)]
            if each.kind == "list":
                lists.add(each.id)
                step = self._counted(step, each)
                found += [("expected_bills", no) for no in _unexpected(step, each)]
            task = self.known.facts.tasks.get(str(each.id)) if each.kind == "task" else None
            if task is not None and speaks_of_no_kickouts(task):
                told = {"value": task.guid, "words": task.status}
                warnings.append(self.catalogue.problem("task.no_kickouts_said", row.address(each.field), **told))
        if not found:
            self.edited_before += bool(lists & self._edited)
            self._edited |= lists
        said = {each.message for each in row.warnings}
        row = replace(row, warnings=(*row.warnings, *(each for each in warnings if each.message not in said)))
        problems = (self.catalogue.problem(code, row.address(name), **told) for name, (code, told) in found)
        return replace(step, row=row), tuple(problems), fits

    def _rights(self, operation: Operation) -> Iterator[No]:
        owner = self.known.owner
        if owner and operation.permission and owner.permissions.get(operation.key) is False:
            yield "right.missing", {"value": ": ".join(operation.permission)}

    def _picked(self, row: CheckedRow, named: Named, thing: Nameable | None) -> Iterator[No]:
        """What speaks against the name that came with an id."""
        pick = next((each for each in row.picks.get(named.field, ()) if each.id == named.id), None)
        if pick is None or (called_so := picks.is_called(thing, pick.name) if thing else None):
            return
        value = f"{shorten(pick.name)} | {pick.id}"
        if called_so is False:
            yield "pick.other_name", {"value": value, "extra": f"{named.kind} {named.id}", "words": called(thing)}
            return
        ids = self._spelled.get((_told_apart(named.kind), _folded(pick.name)), {})
        if other := next((each for each in ids if each != pick.id), None):
            told = {"value": shorten(pick.name), "extra": str(pick.id), "other": ids[other], "words": str(other)}
            yield "pick.two_ids", told

    def _counted(self, step: Step, named: Named) -> Step:
        count = self.known.facts.counts.get(int(named.id))
        return step if count is None or named.id in self._edited else replace(step, bills=count.bills)

    def with_names(self, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
        """Rows that are not sent, with the names of their targets, and with picks for names that came alone."""
        by_seq = {row.seq: row for row in self.rows}
        for outcome in outcomes:
            row = by_seq.get(outcome.seq)
            if row is None or row.operation not in self.operations:
                yield outcome
            elif row.problems:
                offered = [self._offered(row, problem) for problem in row.problems]
                changed = offered != list(row.problems) and outcome.code == row.problems[0].code
                yield invalid(replace(row, problems=tuple(offered))) if changed else outcome
            else:
                # Of a row that is hidden only the target is read.
                target = self.operations[row.operation].target
                kind, key = self.operations[row.operation].kinds.get(target, ""), row.values.get(target)
                thing = self.known.thing(kind, key) if isinstance(key, int | str) else None
                yield replace(outcome, name=called(thing) or outcome.name)

    def _offered(self, row: CheckedRow, problem: Problem) -> Problem:
        """The problem with the picks that match a name without an id."""
        kind = next((kind for kind, each in _names_alone(row, self.operations) if each is problem), "")
        if not (matching := self._like(kind, problem.typed)):
            return problem
        more = f"; and {len(matching) - _MOST} more" if len(matching) > _MOST else ""
        return replace(problem, tip=sentences.offered("; ".join(matching[:_MOST]) + more))

    def _like(self, kind: str, typed: str) -> list[str]:
        """The picks of a kind in whose names each word stands. Many rows ask: a kind's names are put together once."""
        if kind not in self._named:
            found = ((picks.pick(each), "\n".join(picks.names(each)).casefold()) for each in self.known.all_of(kind))
            self._named[kind] = sorted(found)
        words = typed.casefold().split()
        longest = max(words, key=len, default="")
        return [pick for pick, said in self._named[kind] if longest in said and all(word in said for word in words)]


def _names_alone(row: CheckedRow, operations: Operations) -> Iterator[tuple[str, Problem]]:
    """(kind, problem) of a row's cells that hold a name without an id."""
    if any(problem.typed for problem in row.problems):
        known = operations[row.operation].kinds
        kinds = {row.address(name): kind for name, kind in known.items() if name in row.columns}
        yield from ((kinds[each.cell], each) for each in row.problems if each.typed and each.cell in kinds)


def _edited(outcomes: Iterable[Outcome], operations: Operations) -> set[int | str]:
    """The lists that rows have edited, or may have."""
    sent = (each for each in outcomes if each.status in (Status.DONE, Status.UNKNOWN) and each.operation in operations)
    lists = (each for each in sent if operations[each.operation].kinds.get(operations[each.operation].target) == "list")
    return {int(each.target) for each in lists if each.target.isdecimal()}


def _unexpected(step: Step, named: Named) -> Iterator[No]:
    """The control total held against the number of bills."""
    if step.bills is not None and named.bills not in (None, step.bills):
        told = {"value": str(named.bills), "extra": str(named.id), "words": f"{step.bills:,}"}
        yield "expected_bills.before", told


def _told_apart(kind: str) -> str:
    """A batch is one, open or pending."""
    return "batch" if kind.endswith("batch") else kind


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
