"""Which batch a kickout reimport puts its bills into: the five batch modes of seeds/kickout-reimport.txt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .bodies import KickoutRequest
from .records import Batch, Refused, User


@dataclass(frozen=True)
class Chosen:
    """The batch, and the batch mode after the rewriting that `smart batch` brings."""

    mode: str
    batch: Batch


class BatchBook:
    """All batches, and the rules for choosing one. A refusal leaves every batch as it was."""

    def __init__(self, batches: Iterable[Batch], new_guid: Callable[[], str]) -> None:
        self.by_id = {batch.batch_id: batch for batch in batches}
        self._by_code = {batch.batch_code: batch for batch in self.by_id.values()}
        self._new_guid = new_guid

    def choose(self, request: KickoutRequest, user: User) -> Chosen:
        if request.batch_mode == "smart batch":
            request = self._rewritten(request, user)
        match request.batch_mode:
            case "use existing batch":
                batch = self._existing(request, user)
            case "use pending batch":
                batch = self._pending(request)
            case "new batch":
                batch = self._new(request, user)
            case _:
                # Practice decision: closed from the start, while its import still runs, so that no call can use it.
                batch = self._create(request, user)
                batch.status = "closed"
        return Chosen(request.batch_mode, batch)

    def _rewritten(self, request: KickoutRequest, user: User) -> KickoutRequest:
        """Smart batch: the mode it becomes, by who has which batch under newBatchCode.

        Practice decisions: an empty code counts as none, codes are compared exactly, and any user's pending batch
        will do (as in `use pending batch`, where the documents name no owner).
        """
        if not request.new_batch_code:
            raise _refused("smart batch", "newBatchCode is required.")
        new = replace(request, batch_mode="new batch", leave_existing_batches_open=True)
        batch = self._by_code.get(request.new_batch_code)
        if batch is None:
            return new
        if batch.status == "closed":
            return replace(new, new_batch_code=f"{request.new_batch_code}-{self._new_guid()}")
        if batch.status == "open":
            return replace(request, batch_mode="use existing batch", existing_open_batch_id=batch.batch_id)
        return replace(request, batch_mode="use pending batch", pending_batch_id=batch.batch_id)

    def _existing(self, request: KickoutRequest, user: User) -> Batch:
        mode = "use existing batch"
        if request.existing_open_batch_id is None:
            mine = self._open_of(user)
            if len(mine) != 1:
                raise _refused(mode, f"without existingOpenBatchId you must have one open batch, not {len(mine)}.")
            return mine[0]
        batch = self.by_id.get(request.existing_open_batch_id)
        if batch is None:
            raise _refused(mode, f"there is no batch {request.existing_open_batch_id}.")
        if batch.status != "open":
            raise _refused(mode, f"batch {batch.batch_id} ({batch.batch_code}) is {batch.status}, not open.")
        if batch.owner != user and not user.may("billsAndBatches", "manage"):
            raise _refused(
                mode,
                f"batch {batch.batch_id} ({batch.batch_code}) belongs to {batch.owner.full_name}; "
                'another user\'s batch needs the permission "Bills and Batches: Manage".',
            )
        return batch

    def _pending(self, request: KickoutRequest) -> Batch:
        mode = "use pending batch"
        if request.pending_batch_id is None:
            raise _refused(mode, "pendingBatchId is required.")
        batch = self.by_id.get(request.pending_batch_id)
        if batch is None:
            raise _refused(mode, f"there is no batch {request.pending_batch_id}.")
        if batch.status != "pending":
            raise _refused(mode, f"batch {batch.batch_id} ({batch.batch_code}) is {batch.status}, not pending.")
        return batch

    def _new(self, request: KickoutRequest, user: User) -> Batch:
        mine = [] if request.leave_existing_batches_open else self._open_of(user)
        if len(mine) > 1:
            raise _refused(
                "new batch", f"you have {len(mine)} open batches; set leaveExistingBatchesOpen, or close all but one."
            )
        batch = self._create(request, user)
        for other in mine:
            other.status = "closed"
        return batch

    def _create(self, request: KickoutRequest, user: User) -> Batch:
        """Practice decisions: a code that exists already is refused; an empty code is made up like an absent one."""
        number = max(self.by_id) + 1
        code = request.new_batch_code or f"IMPORT-{number}"
        if code in self._by_code:
            raise _refused(request.batch_mode, f"a batch with the code {code!a} exists already.")
        batch = self.by_id[number] = self._by_code[code] = Batch(number, code, "open", user)
        return batch

    def _open_of(self, user: User) -> list[Batch]:
        return [batch for batch in self.by_id.values() if batch.status == "open" and batch.owner == user]


def _refused(mode: str, why: str) -> Refused:
    return Refused(400, f"Batch mode '{mode}': {why}")
