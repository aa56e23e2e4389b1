"""The pretend customer and what can be done to it, without any HTTP (as moto keeps its backends)."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from . import seed_data
from .batches import BatchBook
from .bodies import BillKickoutImportRequest, FlagEdit, TaskEdit
from .choices import Choices
from .flags import edited, needs_flag_type
from .imports import Imports, shown
from .records import BILL_IMPORT, RESOLVED, Applied, Batch, Bill, BillList, FlagEvent, Refused, Task, User

_Rights = frozenset[tuple[str, str]]
_Key = TypeVar("_Key")
_Thing = TypeVar("_Thing")


class State:
    """Tasks, batches, lists, flags and users, seeded from `seed_data`; every method may be called from any thread.

    `clock` (seconds, any origin) decides when an import has run for `import_seconds`; `now` dates what is shown.
    `applied` holds every write that was carried out, in order. The methods raise `Refused`.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        import_seconds: float = 2.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        choices: Choices | None = None,
    ) -> None:
        self.clock = clock
        self.import_seconds = import_seconds
        self.now = now
        self.choices = choices or Choices()
        self.applied: list[Applied] = []
        self.users = {user.user_id: user for user in seed_data.USERS}
        self.keys = dict(seed_data.KEYS)
        self.flag_types = {kind.flag_type_id: kind for kind in seed_data.FLAG_TYPES}
        self._tasks = {task.guid: task for task in seed_data.tasks()}
        self.task_ids = count(max(task.task_id for task in self._tasks.values()) + 1)
        self._lists = {found.list_id: found for found in seed_data.lists()}
        self._batches = BatchBook(seed_data.batches(), self.choices, _new_guid, self._moment)
        self._imports = Imports(self._batches, self.choices)
        self.known: dict[str, dict[Any, Any]] = {
            "task": self._tasks,
            "list": self._lists,
            "open batch": self._batches.by_id,
            "pending batch": self._batches.by_id,
            "flag type": self.flag_types,
            "user": self.users,
        }
        """What requests may name, by kind and id."""
        self._event_ids = count(2)  # the seeded flags have event 1
        self._lock = threading.RLock()

    def _moment(self) -> datetime:
        """`now`, looked up anew each time: it may have been replaced meanwhile."""
        return self.now()

    # Users

    def user_of(self, key: str | None) -> User:
        """The user whose key this is; else 401, with no more detail than EnergyCAP gives."""
        user = self.keys.get(key or "")
        if user is None or not user.active:
            raise Refused(
                401, "Unauthorized: the API key is wrong, or its owner lacks the permission for this resource."
            )
        return user

    def forbid(self, area: str, right: str, user_id: int = seed_data.OPERATOR.user_id) -> None:
        """Takes a right from a user, for instance ("flaggedItems", "view")."""
        self._change_rights(user_id, lambda rights: rights - {(area, right)})

    def allow(self, area: str, right: str, user_id: int = seed_data.OPERATOR.user_id) -> None:
        """Gives a user a right."""
        self._change_rights(user_id, lambda rights: rights | {(area, right)})

    def _change_rights(self, user_id: int, changed: Callable[[_Rights], _Rights]) -> None:
        for key, user in self.keys.items():
            if user.user_id == user_id:
                self.keys[key] = user.model_copy(update={"rights": changed(user.rights)})

    # The writes

    def reimport(self, user: User, guid: str, request: BillKickoutImportRequest) -> Task:
        """Starts the reimport of a task's kickouts; the task answered is the new one, which runs for `import_seconds`.

        A second reimport of the same task is taken unless `Choices.reimport_twice` is off: nobody knows whether
        EnergyCAP would, and importing bills twice is the danger bulkops exists to prevent. `times_reimported` and
        `bills_imported` count it.
        """
        user.need("billsAndBatches", "create")
        with self._lock:
            source = self._with_kickouts(guid)
            if not self.choices.reimport_twice and self.times_reimported(guid):
                raise Refused(400, f"The kickouts of task {guid} have been reimported already.")
            chosen = self._batches.choose(request.batch_settings, user)
            task = Task(
                task_id=next(self.task_ids),
                guid=_new_guid(),
                task_type=seed_data.task_type(BILL_IMPORT),
                status="running",
                user=user,
                begin=self.now(),
                output={},
                settings={"batchMode": chosen.mode, "importNote": request.import_note},
                note=request.import_note if self.choices.note_is_shown else None,
                batch=chosen.batch,
                kickouts=source.kickouts,
                started=self.clock(),
                reimport_of=guid,
                save_as_resolved=request.save_as_resolved or False,
            )
            self._tasks[task.guid] = task
            self._imports.begin(task, self.import_seconds)
            number = chosen.batch.batch_id
            self.applied.append(
                Applied("kickout_reimport", guid, user, request.sent(), task.guid, mode=chosen.mode, batch_id=number)
            )
            return task

    def edit_flags(self, user: User, number: int, edit: FlagEdit) -> Applied:
        """Applies one flag edit to every bill of a list; the answer has `selected` and `updated`.

        A bill counts as updated when its flag or its export hold differs afterwards; a comment is part of the flag.
        """
        user.need("flaggedItems", "manage")
        choices = self.choices
        if choices.hold_needs_permission and (edit.hold_from_export or edit.release_export_hold):
            user.need("exportHold", "manage")
        if choices.absent_keys == "refuse" and (absent := edit.absent()):
            raise Refused(400, f"Required but missing: {', '.join(absent)}.")
        with self._lock:
            found = self.bill_list(number, user)
            if not found.of_bills:
                raise Refused(400, f"List {number} ({found.info}) is not a bill list.")
            self._check_flag_type(edit.flag_type_id)
            self._check_assignees(edit.assignees or ())
            unfit = sum(needs_flag_type(bill, edit) for bill in found.bills)
            if unfit and choices.unfit_bills == "refuse all":
                raise Refused(
                    400,
                    f"{unfit} of {len(found.bills)} bills in list {number} need flagTypeId: a bill with no flag, or "
                    "with a resolved one, can only be flagged anew. Nothing was changed.",
                )
            after = [bill if needs_flag_type(bill, edit) else self._edited(bill, edit, user) for bill in found.bills]
            updated = sum(old != new for old, new in zip(found.bills, after, strict=True))
            found.bills = after
            done = Applied("list_flag_edit", str(number), user, edit.sent(), selected=len(after), updated=updated)
            self.applied.append(done)
            return done

    def edit_task(self, user: User, task_id: int, edit: TaskEdit) -> Task:
        """Changes the note of a task; no permission is named for it."""
        with self._lock:
            task = _find({task.task_id: task for task in self._tasks.values()}, task_id, "task")
            task.note = edit.task_note
            self.applied.append(Applied("task_note", str(task_id), user, edit.sent()))
            return self.task(task.guid)

    # What the writes did

    def times_reimported(self, guid: str) -> int:
        """How often the kickouts of this task were accepted for reimport: more than once means bills imported twice."""
        with self._lock:
            return sum(done.target == guid.lower() for done in self.applied if done.kind == "kickout_reimport")

    def bills_imported(self, guid: str) -> int:
        """How many bills the finished reimports of this task have imported together."""
        with self._lock:
            self._imports.catch_up(self.clock)
            return self._imports.saved[guid.lower()]

    # The reads

    def task(self, guid: str) -> Task:
        """As an answer shows it: with the status words of `Choices`."""
        with self._lock:
            self._imports.catch_up(self.clock)
            task = self._tasks.get(guid)
            if task is None or not self._has_appeared(task):
                raise Refused(404, f"There is no task {guid}.")
            return shown(task, self.choices)

    def tasks(self, user: User | None = None) -> list[Task]:
        with self._lock:
            self._imports.catch_up(self.clock)
            mine = user.user_id if user and self.choices.own_tasks_only else None
            tasks = [each for each in self._tasks.values() if mine in (None, each.user.user_id)]
            tasks = [task for task in tasks if self._has_appeared(task)]
            if self.choices.task_order == "newest first":
                tasks.reverse()
            elif self.choices.task_order == "mixed":
                tasks.sort(key=lambda task: task.guid[::-1])
            return [shown(task, self.choices) for task in tasks]

    def batches(self) -> list[Batch]:
        with self._lock:
            self._imports.catch_up(self.clock)
            return [batch.model_copy() for batch in self._batches.by_id.values()]

    def batch(self, number: int) -> Batch:
        return _find({batch.batch_id: batch for batch in self.batches()}, number, "batch")

    def lists(self, user: User) -> list[BillList]:
        """Those that the user made or that are shared."""
        with self._lock:
            return [found for found in self._lists.values() if _may_see(user, found)]

    def bill_list(self, number: int, user: User | None = None) -> BillList:
        with self._lock:
            found = self._lists.get(number)
            if found is None or not (user is None or _may_see(user, found)):
                raise Refused(404, f"There is no list {number}.")
            return found

    def bill(self, number: int) -> Bill:
        with self._lock:
            bills = {bill.bill_id: bill for found in self._lists.values() for bill in found.bills}
            return _find(bills, number, "bill")

    # Helpers

    def _has_appeared(self, task: Task) -> bool:
        return task.reimport_of is None or self.clock() >= task.started + self.choices.appears_after_seconds

    def _with_kickouts(self, guid: str) -> Task:
        visible = self.task(guid)
        kind = visible.task_type.task_type_code
        if kind != BILL_IMPORT:
            raise Refused(400, f"Task {guid} is a {kind}, not a bill import.")
        if self._tasks[guid].status != "kickouts":
            wanted = self.choices.status_words.kickouts
            raise Refused(400, f"Task {guid} has the status '{visible.status}'; it must be '{wanted}'.")
        return self._tasks[guid]

    def _edited(self, bill: Bill, edit: FlagEdit, user: User) -> Bill:
        after = edited(bill, edit, self.choices)
        if after == bill or after.flag is None:
            return bill
        event = FlagEvent(
            flag_event_id=next(self._event_ids),
            created_by=user,
            created_date=self.now(),
            comment=edit.comment,
            description="Flagged" if bill.flag is None else "Resolved" if edit.flag_status_id == RESOLVED else "Edited",
        )
        return after.with_flag(after.flag.after(event), after.held)

    def _check_flag_type(self, number: int | None) -> None:
        if number is None:
            return
        if number not in self.flag_types:
            raise Refused(400, f"flagTypeId {number} is no flag type here.")
        if (info := self.flag_types[number].flag_type_info) == seed_data.AUDIT_EXCEPTION:
            raise Refused(400, f"flagTypeId {number} ({info}) cannot be assigned manually.")

    def _check_assignees(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            user = self.users.get(number)
            if user is None or not user.active:
                raise Refused(400, f"assignees: {number} is {'inactive' if user else 'no user here'}.")


def _find(things: Mapping[_Key, _Thing], key: _Key, kind: str) -> _Thing:
    if key not in things:
        raise Refused(404, f"There is no {kind} {key}.")
    return things[key]


def _may_see(user: User, found: BillList) -> bool:
    return found.shared or found.owner.user_id == user.user_id


def _new_guid() -> str:
    """Random, so that it is new to earlier states too: bulkops takes a known GUID in an answer for an error."""
    return str(uuid.uuid4())
