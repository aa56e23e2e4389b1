"""What EnergyCAP says of the things that rows name: read side by side, each table and each thing once.

Whatever does not come, or not whole, or is odd, is not told, and that is said once. Only EnergyCAP's own word that
there is no such thing is a no.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from bulkops.energycap import parsing
from bulkops.energycap.inquiry import NOT_UNDERSTOOD, Inquiry, NotTold, Told
from bulkops.energycap.pages import NOT_WHOLE, Pages, address, number, rows_of
from bulkops.messages import answers, lookups
from bulkops.model.facts import Batch, BillList, Count, Facts, FlagType, Imports, Person, Task

T = TypeVar("T")
_LEFT_OUT = NotTold("left out", lookups.LEFT_OUT)
_LISTS = "listId,listInfo,listType,user"
_USERS = "userId,userCode,fullName,active"
_BATCHES = "batchId,batchCode,batchStatus,createdBy,billCount"
_TASK = "taskGUId,taskType,status,beginDate,endDate,user,taskNote,settings,batch,currentSuccessCount"
"""Not output, which may be huge."""
_LARGEST_PAGE, _PAGE_OF_TASKS, _PAGE_OF_BILLS, _BATCHES_AT_ONCE = 1000, 250, 100, 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask about."""

    flag_types: bool = False
    lists: bool = False
    users: bool = False
    batches: bool = False
    """Every open and pending one."""
    named_batches: frozenset[int] = frozenset()
    tasks: frozenset[str] = frozenset()
    """GUIDs."""
    counts: frozenset[int] = frozenset()
    """Ids of lists whose bills are counted."""


def look_up(wanted: Wanted, inquiry: Inquiry, follows: Mapping[str, str] = lookups.NOT_CHECKED) -> Facts:
    """All that is wanted and told; ``Facts()`` if it was stopped. ``follows`` says what follows where something is not
    told."""
    found = _Found(inquiry, wanted)
    return found.facts(follows) if inquiry.run() else Facts()


def recent_imports(since: date, inquiry: Inquiry) -> Imports:
    """The bill imports that began on that day or later, by EnergyCAP's clock; ``Imports()`` if it was stopped."""
    found = _Imports(inquiry, since)
    return found.imports() if inquiry.run() else Imports()


class _Asking:
    """What was asked, and what was not told and why, counted."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._untold: Counter[tuple[str, str]] = Counter()
        self._whys: dict[tuple[str, str], str] = {}

    def note(self, what: str, why: NotTold) -> None:
        """Note that something was not told."""
        self._untold[what, why.cause] += 1
        self._whys.setdefault((what, why.cause), why.why)

    def untold(self, follows: Mapping[str, str]) -> tuple[str, ...]:
        """A sentence for each cause."""
        by_what = sorted(self._whys.items(), key=lambda each: lookups.ORDER[each[0][0]])
        return tuple(lookups.not_told(each[0], why, self._untold[each], follows) for each, why in by_what)

    def notes(self) -> tuple[str, ...]:
        """Of calls that EnergyCAP is going to withdraw."""
        said = self._inquiry.deprecated.items()
        return tuple(answers.deprecated(lookups.CALLS[about], words) for about, words in said)

    def table(
        self, what: str, rows: list[Any] | NotTold, one: Callable[[Any], T | None], key: Callable[[T], Any]
    ) -> dict[Any, T] | None:
        """A table by id; None, and noted why, if it was not told whole."""
        found = rows if isinstance(rows, NotTold) else parsing.table(rows, one, key)
        if isinstance(found, dict):
            return found
        self.note(what, found or NOT_UNDERSTOOD)
        return None

    def needs(self, what: str, told: Iterable[object]) -> None:
        """Note what a table leaves out of every one of its entries."""
        known = list(told)
        if known and not any(known):
            self.note(what, _LEFT_OUT)


class _Found(_Asking):
    """The facts as they come in."""

    def __init__(self, inquiry: Inquiry, wanted: Wanted) -> None:
        super().__init__(inquiry)
        self._wanted = wanted
        self._flag_types: dict[int, FlagType] | None = None
        self._lists: dict[int, BillList] | None = None
        self._users: dict[int, Person] | None = None
        self._batches: dict[int, Batch] = {}
        self._all_open = False
        self._tasks: dict[str, Task] = {}
        self._counts: dict[int, Count] = {}
        self._gone: set[tuple[str, int | str]] = set()
        self._ask()

    def facts(self, follows: Mapping[str, str]) -> Facts:
        """All of them."""
        tables = self._flag_types, self._lists, self._users, self._batches, self._all_open, self._tasks, self._counts
        return Facts(*tables, frozenset(self._gone), self.untold(follows), self.notes(), asked=True)

    def _ask(self) -> None:
        wanted, ask = self._wanted, self._inquiry.ask
        if wanted.flag_types:
            ask("flag_types", address("/api/v3/flag/flagType", field="flagTypeId,flagTypeInfo"), self._take_flag_types)
        if wanted.lists:
            ask("lists", address("/api/v3/list", field=_LISTS), self._take_lists)
        if wanted.users:
            ask("users", address("/api/v3/user", field=_USERS), self._take_users)
        if wanted.batches:
            query = {"filter": "batchStatus one of 'Open'|'Pending'", "field": _BATCHES, "pageSize": _LARGEST_PAGE}
            Pages(self._inquiry, "batches", "/api/v3/batch", query, self._take_batches)
        else:
            self._ask_named_batches()
        for guid in sorted({guid.lower() for guid in wanted.tasks}):
            ask("task", address(f"/api/v3/task/{quote(guid)}", field=_TASK), partial(self._take_task, guid))
        for list_id in sorted(wanted.counts):
            path = address(f"/api/v3/list/{list_id:d}/data", field="field,data,meta", pageSize=_PAGE_OF_BILLS)
            ask("count", path, partial(self._take_count, list_id))

    def _ask_named_batches(self) -> None:
        for batch_id in sorted(self._wanted.named_batches - self._batches.keys()):
            path = address(f"/api/v3/batch/{batch_id:d}", field=_BATCHES)
            self._inquiry.ask("batch", path, partial(self._take_batch, batch_id))

    def _take_flag_types(self, answer: Told | NotTold) -> None:
        # There always is the reserved one: a table without any proves nothing.
        rows = rows_of(answer) or _LEFT_OUT
        if isinstance(answer, Told) and number(answer.headers, "TotalNumberOfRecords") not in (None, len(answer.json)):
            rows = NOT_WHOLE
        found = self._flag_types = self.table("flag_types", rows, parsing.flag_type, lambda each: each.id)
        self.needs("flag_types.name", (each.name for each in (found or {}).values()))

    def _take_lists(self, answer: Told | NotTold) -> None:
        found = self._lists = self.table("lists", rows_of(answer), parsing.bill_list, lambda each: each.id)
        self.needs("lists.name", (each.name for each in (found or {}).values()))
        self.needs("lists.kind", (each.kind for each in (found or {}).values()))

    def _take_users(self, answer: Told | NotTold) -> None:
        found = self._users = self.table("users", rows_of(answer), parsing.person, lambda each: each.id)
        self.needs("users.name", (each.name for each in (found or {}).values()))

    def _take_batches(self, rows: list[Any] | NotTold) -> None:
        found = self.table("batches", rows, parsing.batch, lambda each: each.id)
        self._batches, self._all_open = found or {}, found is not None
        self._ask_named_batches()

    def _take_batch(self, batch_id: int, answer: Told | NotTold) -> None:
        batch = self._thing("batch", batch_id, answer, parsing.batch, lambda each: each.id)
        if batch is not None:
            self._batches[batch_id] = batch
            if not batch.status:
                self.note("batch.status", _LEFT_OUT)

    def _take_task(self, guid: str, answer: Told | NotTold) -> None:
        task = self._thing("task", guid, answer, parsing.task, lambda each: each.guid)
        if task is not None:
            self._tasks[guid] = task
            if not task.type_code:
                self.note("task.type_code", _LEFT_OUT)
            if task.ended is None:
                self.note("task.ended", NOT_UNDERSTOOD)

    def _take_count(self, list_id: int, answer: Told | NotTold) -> None:
        if isinstance(answer, NotTold):
            self._no("count", ("list", list_id), answer)
            return
        count = parsing.count(answer.json, number(answer.headers, "TotalNumberOfRecords"))
        if count.bills is None:
            self.note("count", _LEFT_OUT)
        else:
            self._counts[list_id] = count

    def _thing(
        self,
        what: str,
        name: int | str,
        answer: Told | NotTold,
        one: Callable[[Any], T | None],
        key: Callable[[T], int | str],
    ) -> T | None:
        """The one thing that was asked about; None if it was not told, or another one was."""
        if isinstance(answer, NotTold):
            self._no(what, (what, name), answer)
            return None
        thing = one(answer.json)
        if thing is None or key(thing) != name:
            self.note(what, NOT_UNDERSTOOD)
            return None
        return thing

    def _no(self, what: str, thing: tuple[str, int | str], why: NotTold) -> None:
        """Only EnergyCAP's own word is a no."""
        if why.gone:
            self._gone.add(thing)
        else:
            self.note(what, why)


class _Imports(_Asking):
    """The imports as they come in."""

    def __init__(self, inquiry: Inquiry, since: date) -> None:
        super().__init__(inquiry)
        self._tasks: dict[str, Task] | None = None
        self._batches: dict[int, Batch] | None = None
        self._in_batches: dict[str, int | None] = {}
        begun = f"beginDate greater than equal '{since.isoformat()}'"
        query = {"taskTypeCode": "BillImport", "filter": begun, "field": _TASK, "pageSize": _PAGE_OF_TASKS}
        Pages(inquiry, "imports", "/api/v3/task", query, self._take_tasks)
        query = {"filter": "HasImportsWithKickout equals 'true'", "field": "batchId", "pageSize": _LARGEST_PAGE}
        Pages(inquiry, "with_kickouts", "/api/v3/batch", query, self._take_batches)

    def imports(self) -> Imports:
        """All of it."""
        tasks = None if self._tasks is None else tuple(self._tasks.values())
        batches = None if self._batches is None else frozenset(self._batches)
        number = Counter(self._in_batches.values())
        # What a filter gives that it was not asked for says nothing of kickouts.
        alone = frozenset(guid for guid, at in self._in_batches.items() if number[at] == 1 and at in (batches or ()))
        return Imports(tasks, batches, alone, self.untold(lookups.NOT_OFFERED), self.notes())

    def _take_tasks(self, rows: list[Any] | NotTold) -> None:
        self._tasks = self.table("imports", rows, parsing.task, lambda each: each.guid)
        self._ask_in_batches()

    def _take_batches(self, rows: list[Any] | NotTold) -> None:
        self._batches = self.table("with_kickouts", rows, parsing.batch, lambda each: each.id)
        self._ask_in_batches()

    def _ask_in_batches(self) -> None:
        """Which imports, of whatever day, went into the batches with kickouts of those whose words say nothing."""
        if self._tasks is None or self._batches is None:
            return
        unsure = {task.batch_id for task in self._tasks.values() if task.has_kickouts is None and task.batch_id}
        wanted = sorted(unsure & self._batches.keys())
        for first in range(0, len(wanted), _BATCHES_AT_ONCE):
            some = "|".join(f"'{batch_id:d}'" for batch_id in wanted[first : first + _BATCHES_AT_ONCE])
            query = {"taskTypeCode": "BillImport", "filter": f"batchId one of {some}", "field": "taskGUId,batch"}
            query["pageSize"] = str(_LARGEST_PAGE)
            Pages(self._inquiry, "in_batches", "/api/v3/task", query, self._take_in_batches)

    def _take_in_batches(self, rows: list[Any] | NotTold) -> None:
        found = self.table("in_batches", rows, parsing.task, lambda each: each.guid) or {}
        self._in_batches |= {guid: task.batch_id for guid, task in found.items()}
