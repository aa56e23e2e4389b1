"""Does a thing that a row names fit what the row asks for, by EnergyCAP's own data? A rule for each kind of thing.

Only a definite no says no: EnergyCAP's own word that there is no such thing, or a fact in plain words.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bulkops.energycap.account import Owner
from bulkops.model import picks
from bulkops.model.facts import CLOSED, OPEN, PENDING, Batch, Facts, Task
from bulkops.model.picks import Nameable
from bulkops.operations.base import Named
from bulkops.operations.heading_names import normal

No = tuple[str, Mapping[str, str]]
"""A definite no: the catalogue's code, and its facts."""
_BILL_IMPORT = "billimport"
_OTHER_TYPES = frozenset(
    {
        *("setupsheet", "readingimport", "recordimport", "billexport", "billunexport", "chargeback", "accrual"),
        *("auditgroup", "costavoidance", "report", "energystar", "budget"),
    }
)
"""The other types of tasks that are documented: what no page names may be a bill import, too."""
_OVER = re.compile("complet|kickout|finish|success|fail|error|cancel|abort", re.IGNORECASE)
"""In the status of a task that does not run any more, whatever it says of its end."""
_RUNS_FOR = timedelta(hours=24)
"""A task that began longer ago and has no end has stopped in some other way."""
_ZONES = timedelta(hours=14)
"""So far ahead a time may be that tells no zone."""
_GONE = {"task": "task.gone", "batch": "batch.gone", "list": "list.gone"}
"""What is said of a thing that there is not."""
_MOST = 8
"""So many flag types are named in a sentence."""
_WITHOUT = re.compile(r"\b(no|0|without)\s+kickout", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to hold a row against."""

    facts: Facts
    owner: Owner | None
    now: datetime
    """With its zone."""

    def thing(self, kind: str, key: int | str) -> Nameable | None:
        """What EnergyCAP says of a thing; None if it does not."""
        if isinstance(key, str):
            return self.facts.tasks.get(key.lower()) if kind == "task" else None
        return self._table(kind).get(key)

    def all_of(self, kind: str) -> Iterable[Nameable]:
        """Everything of a kind that EnergyCAP told of, and that a row may name."""
        return (
            each for key, each in self._table(kind).items() if not isinstance(self.fits(Named("", kind, key)), tuple)
        )

    def _table(self, kind: str) -> Mapping[int, Nameable]:
        facts = self.facts
        tables: Mapping[str, Mapping[int, Nameable] | None] = {
            "list": facts.lists,
            "flag type": facts.flag_types,
            "user": facts.users,
            "open batch": facts.batches,
            "pending batch": facts.batches,
        }
        return tables.get(kind) or {}

    def fits(self, named: Named) -> No | bool:
        """A definite no; else whether the thing is known to fit: False where that cannot be told."""
        kind = "batch" if named.kind.endswith("batch") else named.kind
        if kind in _GONE and (kind, named.id) in self.facts.gone:
            return _GONE[kind], {"value": str(named.id)}
        rule = _RULES.get(named.kind)
        return rule(self, named) if rule else False


def called(thing: Nameable | None) -> str:
    """The name beside an id, on one line; "" if none is known."""
    match thing:
        case None:
            return ""
        case Task():
            named = thing.file or thing.note
            return ", ".join(filter(None, (named, picks.day(thing.begin) if thing.begin else ""))) if named else ""
        case Batch():
            return thing.code
        case _:
            return thing.name


def speaks_of_no_kickouts(task: Task) -> bool:
    """Has it ended, in words that do not speak of kickouts, or say that there are none?"""
    return bool(task.ended and task.status) and (not task.has_kickouts or bool(_WITHOUT.search(task.status)))


def _task(known: Known, named: Named) -> No | bool:
    task = known.facts.tasks.get(str(named.id))
    if task is None:
        return False
    if normal(task.type_code) in _OTHER_TYPES:
        return "task.other_type", {"value": task.guid, "words": task.type_code}
    if task.ended is False and task.begin is not None and not _OVER.search(task.status):
        begin = task.begin if task.begin.tzinfo else task.begin.replace(tzinfo=UTC)
        if -_ZONES < known.now - begin < _RUNS_FOR:
            return "task.running", {"value": task.guid, "words": task.status or "running"}
    return normal(task.type_code) == _BILL_IMPORT and task.ended is True


def _open_batch(known: Known, named: Named) -> No | bool:
    batch = known.facts.batches.get(int(named.id))
    if batch is None:
        return False
    if batch.status in (PENDING, CLOSED):
        return "batch.not_open", {"value": batch.words, "words": batch.status}
    owner = known.owner
    if owner is not None and batch.owner is not None and owner.id is not None and str(batch.owner.id) != owner.id:
        # Two ids may still be one person's: no page says that a user's id is that of whose key it is.
        if owner.manages_batches is False and not owner.name.startswith(f"{batch.owner.name} ("):
            return "batch.others", {"value": batch.words, "who": batch.owner.name or str(batch.owner.id)}
        return batch.status == OPEN and owner.manages_batches is True
    return batch.status == OPEN and batch.owner is not None


def _pending_batch(known: Known, named: Named) -> No | bool:
    batch = known.facts.batches.get(int(named.id))
    if batch is None:
        return False
    if batch.status in (OPEN, CLOSED):
        return "batch.not_pending", {"value": batch.words, "words": batch.status}
    return batch.status == PENDING


def _list(known: Known, named: Named) -> No | bool:
    """That a list is missing from the table is no proof: others may be usable all the same."""
    found = (known.facts.lists or {}).get(int(named.id))
    if found is None:
        return False
    if found.of_bills is False:
        return "list.other_type", {"value": f"{found.name} ({found.id})", "words": found.kind}
    return found.of_bills is True


def _flag_type(known: Known, named: Named) -> No | bool:
    if known.facts.flag_types is None:
        return False
    found = known.facts.flag_types.get(int(named.id))
    if found is None:
        others = sorted((each for each in known.facts.flag_types.values() if not each.reserved), key=picks.label)
        offered = "; ".join(map(picks.pick, others[:_MOST]))
        return "flag_type.unknown", {"value": str(named.id), "extra": offered or "those in EnergyCAP"}
    if found.reserved:
        return "flag_type_id.audit_exception", {"value": str(named.id)}
    return True


def _user(known: Known, named: Named) -> No | bool:
    """That a user is missing from the table is no proof either."""
    return known.facts.users is not None and named.id in known.facts.users


_RULES: Mapping[str, Callable[[Known, Named], No | bool]] = {
    "task": _task,
    "open batch": _open_batch,
    "pending batch": _pending_batch,
    "list": _list,
    "flag type": _flag_type,
    "user": _user,
}
