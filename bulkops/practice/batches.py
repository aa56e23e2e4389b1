"""Which batch a kickout reimport puts its bills into: the five batch modes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from .bodies import BatchSettings
from .choices import Choices
from .records import Batch, BatchStatus, Refused, User


@dataclass(frozen=True)
class ChosenBatch:
    """The batch, and the batch mode: for `smart batch` the mode that it was rewritten to."""

    mode: str
    batch: Batch


class BatchBook:
    """All batches, and the rules for choosing one. A refusal leaves every batch as it was."""

    def __init__(
        self, batches: Iterable[Batch], choices: Choices, new_guid: Callable[[], str], now: Callable[[], datetime]
    ) -> None:
        self.by_id = {batch.batch_id: batch for batch in batches}
        self._numbers = count(max(self.by_id) + 1)
        self._by_code = {batch.batch_code: batch for batch in self.by_id.values()}
        self._choices = choices
        self._new_guid = new_guid
        self._now = now

    def choose(self, settings: BatchSettings, user: User) -> ChosenBatch:
        if settings.batch_mode == "smart batch":
            settings = self._rewritten(settings)
        match settings.batch_mode:
            case "use existing batch":
                batch = self._existing(settings, user)
            case "use pending batch":
                batch = self._pending(settings, user)
            case "new batch":
                batch = self._new(settings, user)
            case _:
                batch = self._create(settings, user)
                if self._choices.self_contained_closes == "at once":
                    self.close(batch)
        return ChosenBatch(settings.batch_mode, batch)

    def close(self, batch: Batch) -> None:
        batch.status, batch.end_date = "closed", self._now()

    def _rewritten(self, request: BatchSettings) -> BatchSettings:
        """What `smart batch` becomes depends on the batch with the code newBatchCode; an empty code counts as none."""
        if not request.new_batch_code:
            raise _refused("smart batch", "newBatchCode is required.")
        new = _with(request, batch_mode="new batch", leave_existing_batches_open=True)
        batch = self._by_code.get(request.new_batch_code)
        if batch is None:
            return new
        if batch.status == "closed":
            return _with(new, new_batch_code=self._with_guid(request.new_batch_code))
        if batch.status == "open":
            return _with(request, batch_mode="use existing batch", existing_open_batch_id=batch.batch_id)
        return _with(request, batch_mode="use pending batch", pending_batch_id=batch.batch_id)

    def _existing(self, request: BatchSettings, user: User) -> Batch:
        mode = "use existing batch"
        if request.existing_open_batch_id is None:
            mine = self._open_of(user)
            if len(mine) != 1:
                raise _refused(mode, f"without existingOpenBatchId you must have one open batch, not {len(mine)}.")
            return mine[0]
        batch = self._with_status("open", mode, request.existing_open_batch_id)
        _need_manage(mode, batch, user)
        return batch

    def _pending(self, request: BatchSettings, user: User) -> Batch:
        mode = "use pending batch"
        if request.pending_batch_id is None:
            raise _refused(mode, "pendingBatchId is required.")
        batch = self._with_status("pending", mode, request.pending_batch_id)
        if not self._choices.pending_of_others:
            _need_manage(mode, batch, user)
        return batch

    def _with_status(self, status: BatchStatus, mode: str, number: int) -> Batch:
        batch = self.by_id.get(number)
        if batch is None:
            raise _refused(mode, f"there is no batch {number}.")
        if batch.status != status:
            raise _refused(mode, f"batch {number} ({batch.batch_code}) is {batch.status}, not {status}.")
        return batch

    def _new(self, request: BatchSettings, user: User) -> Batch:
        mine = [] if request.leave_existing_batches_open else self._open_of(user)
        if len(mine) > 1:
            raise _refused(
                "new batch", f"you have {len(mine)} open batches; set leaveExistingBatchesOpen, or close all but one."
            )
        batch = self._create(request, user)
        for other in mine:
            self.close(other)
        return batch

    def _create(self, request: BatchSettings, user: User) -> Batch:
        """A new open batch; a missing or empty code is made up."""
        number = next(each for each in self._numbers if each not in self.by_id)
        code = request.new_batch_code or f"IMPORT-{number}"
        if code in self._by_code:
            if self._choices.taken_codes == "refuse":
                raise _refused(request.batch_mode, f"a batch with the code {code!a} exists already.")
            code = self._with_guid(code)
        batch = Batch(batch_id=number, batch_code=code, status="open", owner=user, start_date=self._now())
        self.by_id[number] = self._by_code[code] = batch
        return batch

    def _with_guid(self, code: str | None) -> str:
        return f"{code}-{self._new_guid()}"

    def _open_of(self, user: User) -> list[Batch]:
        return [
            batch for batch in self.by_id.values() if batch.status == "open" and batch.owner.user_id == user.user_id
        ]


def _with(settings: BatchSettings, **changes: object) -> BatchSettings:
    return settings.model_copy(update=changes)


def _need_manage(mode: str, batch: Batch, user: User) -> None:
    if batch.owner.user_id != user.user_id and not user.may("billsAndBatches", "manage"):
        raise _refused(
            mode,
            f"batch {batch.batch_id} ({batch.batch_code}) belongs to {batch.owner.full_name}; "
            'another user\'s batch needs the permission "Bills and Batches: Manage".',
        )


def _refused(mode: str, why: str) -> Refused:
    return Refused(400, f"Batch mode '{mode}': {why}")
