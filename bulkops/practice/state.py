"""The pretend customer and what can be done to it, without any HTTP (as moto keeps its backends)."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from . import bodies, data
from .batches import BatchBook
from .flags import edited, needs_flag_type
from .records import (
    BILL_IMPORT,
    COMPLETED,
    COMPLETED_WITH_KICKOUTS,
    RUNNING,
    Applied,
    BillList,
    Json,
    Refused,
    Task,
    User,
)


class State:
    """Tasks, batches, lists, flags and users, seeded from `data`; every method may be called from any thread.

    `clock` (seconds, any origin) decides when an import has run for `import_seconds`; `now` dates what is shown.
    `applied` holds every write that was carried out, in order. The methods raise `Refused`.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        import_seconds: float = 2.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.clock = clock
        self.import_seconds = import_seconds
        self.now = now
        self.applied: list[Applied] = []
        self.users = {user.user_id: user for user in data.USERS}
        self.keys = dict(data.KEYS)
        self.flag_types = {kind.flag_type_id: kind for kind in data.FLAG_TYPES}
        self._tasks = {task.guid: task for task in data.tasks()}
        self._lists = {found.list_id: found for found in data.lists()}
        self._batches = BatchBook(data.batches(), _new_guid)
        self._running: deque[Task] = deque()  # in the order in which they end
        self._imported: dict[str, int] = {}
        self._lock = threading.RLock()

    # Who asks

    def user_of(self, key: str | None) -> User:
        """The user whose key this is; 401 without saying more than EnergyCAP would."""
        user = self.keys.get(key or "")
        if user is None or not user.active:
            raise Refused(
                401, "Unauthorized: the API key is wrong, or its owner lacks the permission for this resource."
            )
        return user

    # The two writes

    def reimport(self, user: User, guid_text: str, body_json: Json) -> Task:
        """Starts the reimport of a task's kickouts; the task answered is the new one, which runs for `import_seconds`.

        A second reimport of the same task is NOT refused: nobody knows whether EnergyCAP would, and importing bills
        twice is the danger bulkops exists to prevent. `times_reimported` and `bills_imported` count it.
        """
        _need(user, "billsAndBatches", "create", "Bills and Batches: Create")
        guid, request = bodies.task_guid(guid_text), bodies.kickout_request(body_json)
        with self._lock:
            source = self._with_kickouts(guid)
            chosen = self._batches.choose(request, user)
            task = Task(
                guid=_new_guid(),
                type_code=BILL_IMPORT,
                status=RUNNING,
                user=user,
                begin=self.now(),
                message="The import is running.",
                note=request.import_note,
                batch=chosen.batch,
                analyzing=source.kickouts,
                due=self.clock() + self.import_seconds,
                reimport_of=guid,
                save_as_resolved=request.save_as_resolved,
            )
            self._tasks[task.guid] = task
            self._running.append(task)
            batch_id = chosen.batch.batch_id
            self.applied.append(
                Applied("kickout_reimport", guid, user, body_json, task.guid, mode=chosen.mode, batch_id=batch_id)
            )
            return task

    def edit_flags(self, user: User, list_id_text: str, body_json: Json) -> Applied:
        """Applies one flag edit to every bill of a list; the answer has `selected` and `updated`.

        Practice decisions: when the table makes any bill an error, nothing at all is changed; a bill counts as updated
        when its flag or its export hold differs afterwards, and always when a comment was sent.
        """
        _need(user, "flaggedItems", "manage", "Flagged Items: Manage")
        number, edit = bodies.list_id(list_id_text), bodies.flag_edit(body_json)
        with self._lock:
            found = self._bill_list(number)
            self._check_flag_type(edit.flag_type_id)
            self._check_assignees(edit.assignees or ())
            refused = sum(needs_flag_type(bill, edit) for bill in found.bills)
            if refused:
                raise Refused(
                    400,
                    f"{refused} of {len(found.bills)} bills in list {number} need flagTypeId: a bill with no flag, or "
                    "with a resolved one, can only be flagged anew. Nothing was changed.",
                )
            after = [edited(bill, edit) for bill in found.bills]
            updated = sum(old != new for old, new in zip(found.bills, after, strict=True))
            found.bills = after
            done = Applied("list_flag_edit", str(number), user, body_json, selected=len(after), updated=updated)
            self.applied.append(done)
            return done

    # What was done

    def times_reimported(self, guid: str) -> int:
        """How often the kickouts of this task were accepted for reimport: more than once means bills imported twice."""
        with self._lock:
            return sum(done.target == guid.lower() for done in self.applied if done.kind == "kickout_reimport")

    def bills_imported(self, guid: str) -> int:
        """How many bills the finished reimports of this task have imported together."""
        with self._lock:
            self._settle()
            return self._imported.get(guid.lower(), 0)

    # What can be read

    def task(self, guid_text: str) -> Task:
        guid = bodies.task_guid(guid_text)
        with self._lock:
            self._settle()
            if guid not in self._tasks:
                raise Refused(404, f"There is no task {guid}.")
            return self._tasks[guid]

    def task_json(self, guid_text: str) -> Json:
        with self._lock:
            return self.task(guid_text).json()

    def tasks(self) -> list[Json]:
        """All tasks, oldest first."""
        with self._lock:
            self._settle()
            return [task.json() for task in self._tasks.values()]

    def batches(self) -> list[Json]:
        with self._lock:
            self._settle()
            return [batch.json() for batch in self._batches.by_id.values()]

    def lists(self) -> list[Json]:
        with self._lock:
            return [found.json() for found in self._lists.values()]

    def bill_list(self, list_id_text: str) -> BillList:
        number = bodies.list_id(list_id_text)
        with self._lock:
            if number not in self._lists:
                raise Refused(404, f"There is no list {number}.")
            return self._lists[number]

    # Inside

    def _with_kickouts(self, guid: str) -> Task:
        source = self.task(guid)
        if source.type_code != BILL_IMPORT:
            raise Refused(400, f"Task {guid} is a {source.type_code}, not a bill import.")
        if "kickout" not in source.status.lower():
            raise Refused(400, f"Task {guid} has the status '{source.status}'; it must be 'Completed with kickouts'.")
        return source

    def _bill_list(self, number: int) -> BillList:
        found = self.bill_list(str(number))
        if not found.of_bills:
            raise Refused(400, f"List {number} ({found.info}) is not a bill list.")
        return found

    def _check_flag_type(self, number: int | None) -> None:
        if number == data.AUDIT_EXCEPTION:
            raise Refused(400, "flagTypeId 1 (Audit exception) cannot be assigned manually.")
        if number is not None and number not in self.flag_types:
            raise Refused(400, f"flagTypeId {number} is no flag type here.")

    def _check_assignees(self, numbers: tuple[int, ...]) -> None:
        for number in numbers:
            user = self.users.get(number)
            if user is None or not user.active:
                raise Refused(400, f"assignees: {number} is {'inactive' if user else 'no user here'}.")

    def _settle(self) -> None:
        """Finishes every import whose time has come: half of its bills, rounded down, are kickouts again."""
        while self._running and self.clock() >= self._running[0].due:
            self._finish(self._running.popleft())

    def _finish(self, task: Task) -> None:
        tried = task.analyzing
        task.kickouts = tried // 2
        task.success = tried - task.kickouts
        task.status = COMPLETED_WITH_KICKOUTS if task.kickouts else COMPLETED
        task.message = f"{task.success} imported, {task.kickouts} kickouts."
        task.unresolved_flags = 0 if task.save_as_resolved else (task.success + 1) // 2
        task.analyzing = 0
        task.end = task.begin + timedelta(seconds=self.import_seconds)
        if task.batch:
            task.batch.bill_count += task.success
        if task.reimport_of:
            self._imported[task.reimport_of] = self._imported.get(task.reimport_of, 0) + task.success


def _new_guid() -> str:
    """One that nobody has seen before, from an earlier state either: bulkops believes no answer that says otherwise."""
    return str(uuid.uuid4())


def _need(user: User, area: str, right: str, name: str) -> None:
    if not user.may(area, right):
        raise Refused(401, f'Unauthorized: {user.full_name} lacks the permission "{name}" for this resource.')
