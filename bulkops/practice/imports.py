"""How an accepted reimport runs: at its end the bills are saved, and after that they are analysed."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from heapq import heappop, heappush

from .batches import BatchBook
from .choices import Choices
from .records import Batch, Task


class Imports:
    """The running imports. `saved` counts the imported bills by the task whose kickouts they were."""

    def __init__(self, batches: BatchBook, choices: Choices) -> None:
        self.saved: Counter[str] = Counter()
        self._batches = batches
        self._choices = choices
        self._due: list[tuple[float, int, Task]] = []
        """For each task: when its next step is due, its number, and the task."""

    def begin(self, task: Task, seconds: float) -> None:
        heappush(self._due, (task.started + seconds, task.task_id, task))

    def catch_up(self, clock: Callable[[], float]) -> None:
        """Ends every import, and every analysis, whose time has come."""
        while self._due and clock() >= self._due[0][0]:
            due, number, task = heappop(self._due)
            assert task.batch is not None
            batch = self._batches.by_id[task.batch.batch_id]
            if task.end is None:
                self._save(task, batch, timedelta(seconds=due - task.started))
                heappush(self._due, (due + self._choices.analysis_seconds, number, task))
            else:
                _analyse(task, batch)

    def _save(self, task: Task, batch: Batch, took: timedelta) -> None:
        """Half of the bills, rounded down, are kickouts again."""
        tried = task.kickouts
        task.kickouts = tried // 2
        task.success = task.analyzing = tried - task.kickouts
        task.status = "kickouts" if task.kickouts else "completed"
        task.end = task.begin + took
        batch.bill_count += task.success
        batch.analyzing_count += task.success
        batch.running_total += task.success * 100.0
        batch.has_imported_bills = True
        batch.has_kickouts |= task.kickouts > 0
        mode = self._choices.self_contained_closes
        if mode == "at the end" and (task.settings or {})["batchMode"] == "new self-contained batch":
            self._batches.close(batch)
        if task.reimport_of:
            self.saved[task.reimport_of] += task.success


def _analyse(task: Task, batch: Batch) -> None:
    """The audits have run: every second bill is flagged, and the flag is resolved where that was asked for."""
    flagged = (task.success + 1) // 2
    task.unresolved_flags = 0 if task.save_as_resolved else flagged
    batch.flag_count += flagged
    batch.analyzing_count -= task.analyzing
    task.analyzing = 0


def shown(task: Task, choices: Choices) -> Task:
    """The task as an answer shows it: with the status words of the choices."""
    status: str = getattr(choices.status_words, task.status)
    counts = "The import is running." if task.end is None else f"{task.success} imported, {task.kickouts} kickouts."
    return task.model_copy(
        update={
            "status": status,
            "message": counts if choices.counts_in_message else status,
            "settings": task.settings if choices.settings_are_shown else None,
            "output": task.output if choices.settings_are_shown else None,
        }
    )
