"""What EnergyCAP says of the things that rows name, found out by reads alone.

None, and what is missing, stand for what it does not tell: that is never a no.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

_WITH_KICKOUTS = re.compile("kickout", re.IGNORECASE)
_WITHOUT_KICKOUTS = re.compile(r"\b(no|without|0)\b.*kickout", re.IGNORECASE)
OPEN, PENDING, CLOSED = "open", "pending", "closed"
"""A batch's statuses."""
_RESERVED = re.compile(r"\s*audit\s*exceptions?\s*", re.IGNORECASE)
"""The flag type that only EnergyCAP itself assigns; its id differs per customer."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of EnergyCAP."""

    id: int
    name: str
    """This and every other name: "" if it is not told."""
    code: str = ""
    active: bool | None = None
    """None: it is not told, as where the key's owner may not view users."""


@dataclass(frozen=True, slots=True)
class FlagType:
    """A type that flags can have."""

    id: int
    name: str

    @property
    def reserved(self) -> bool:
        """Can only EnergyCAP itself assign it?"""
        return _RESERVED.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class BillList:
    """A list as the table of lists has it."""

    id: int
    name: str
    owner: Person | None = None
    kind: str = ""
    """The customer's own word for its type; "" if it is not told."""
    of_bills: bool | None = None
    """Does it hold bills, as far as that word tells?"""


@dataclass(frozen=True, slots=True)
class Count:
    """What a list holds now."""

    bills: int | None = None
    cost: float | None = None
    unit: str = ""
    """Of the cost; "" if it is not told."""
    flagged: int | None = None
    """Bills with an unresolved flag, where the list itself shows it."""
    held: int | None = None
    """Bills held from export, where the list itself shows it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of bills."""

    id: int
    code: str
    status: str = ""
    """One of the three above in lower case, or EnergyCAP's own word; "" if it is not told."""
    owner: Person | None = None
    bills: int | None = None

    @property
    def words(self) -> str:
        """``JUL-2026 (501)``."""
        return f"{self.code} ({self.id})" if self.code else str(self.id)


@dataclass(frozen=True, slots=True)
class Task:
    """A task, such as a bill import."""

    guid: str
    """In lower case."""
    type_code: str = ""
    status: str = ""
    """EnergyCAP's own words; "" if they are not told."""
    begin: datetime | None = None
    """Without a zone where EnergyCAP tells none."""
    ended: bool | None = None
    """Has it an end? None: its end was not among what was told."""
    person: Person | None = None
    note: str = ""
    file: str = ""
    """The name of the file that was imported, where it can be told."""
    batch_id: int | None = None
    batch_code: str = ""
    imported: int | None = None
    """Bills that it imported and that are still there."""

    @property
    def has_kickouts(self) -> bool | None:
        """Do its words say that it left kickouts? None: they do not, which is no proof that it left none."""
        return True if _WITH_KICKOUTS.search(self.status) and not _WITHOUT_KICKOUTS.search(self.status) else None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that EnergyCAP was asked about and told."""

    flag_types: Mapping[int, FlagType] | None = None
    """The whole table, or None."""
    lists: Mapping[int, BillList] | None = None
    """Those that the key's owner made or can use, or None."""
    users: Mapping[int, Person] | None = None
    batches: Mapping[int, Batch] = field(default_factory=dict)
    all_open: bool = False
    """Does ``batches`` hold every open and pending batch?"""
    tasks: Mapping[str, Task] = field(default_factory=dict)
    """By GUID in lower case."""
    counts: Mapping[int, Count] = field(default_factory=dict)
    """By list id."""
    gone: frozenset[tuple[str, int | str]] = frozenset()
    """``("task", guid)``, ``("batch", id)``, ``("list", id)``: EnergyCAP itself says that there is no such thing."""
    untold: tuple[str, ...] = ()
    """What could not be told, and why: a sentence each, said once."""
    notes: tuple[str, ...] = ()
    """What else there is to say: which of these calls EnergyCAP is going to withdraw."""
    asked: bool = False
    """Was EnergyCAP asked at all? Not if it was stopped either."""


@dataclass(frozen=True, slots=True)
class Imports:
    """The bill imports of some days, for a template that is filled from EnergyCAP."""

    tasks: tuple[Task, ...] | None = None
    """All of them, in no order; None: not told."""
    batches_with_kickouts: frozenset[int] | None = None
    """Batches into which an import with kickouts went, whenever that was; None: not told."""
    alone: frozenset[str] = frozenset()
    """Those, by their GUID, that are the only import of such a batch, of whatever day."""
    untold: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Both as of ``Facts``."""

    def has_kickouts(self, task: Task) -> bool | None:
        """By its own words, or because nobody else's can be those of its batch. None: it cannot be told."""
        return True if task.guid in self.alone else task.has_kickouts
