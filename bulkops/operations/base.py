"""What an operation is.

An operation is one file in this folder and is complete in itself: its columns, its
rules (a pandera schema), its request, what counts as its answer, its samples.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bulkops.messages.errors import Message
from bulkops.model.facts import Facts
from bulkops.model.requests import Accepted, Call, Reply
from bulkops.model.rows import CheckedRow
from bulkops.operations.cells import Reader
from bulkops.operations.text_cells import read_flag, read_wish

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its heading, how to read it, and what the template says of it."""

    name: str
    heading: str
    read: Reader
    help: str
    """What to type, in one or two sentences; shown in the template and the documents."""
    aliases: tuple[str, ...] = ()
    """Other headings taken for this one, the API's own name among them."""
    synonyms: tuple[str, ...] = ()
    """Longer headings that surely mean this one. What is only nearly like them is not: they are made of common words."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """Words for a drop-down."""
    text: bool = False
    """The template gives the column text format, so that Excel keeps 00102 and long ids as typed."""
    width: int = 16
    example: str = ""
    kind: str = ""
    """What its ids are of, as ``Named`` has it: the template offers those by name."""


SEND_AGAIN = Field(
    "send_again",
    "Send again",
    read_wish,
    "To send a row again on purpose, the code that the results name for it. Leave blank otherwise.",
    text=True,
    width=12,
)


RUN_THIS_ROW = Field(
    "run_this_row",
    "Run this row",
    read_flag,
    "Optional. Where a sheet has this column, only rows with Yes in it are run; the others are left out.",
    synonyms=("Run", "Run this", "Run row", "Run it"),
    choices=("Yes",),
    width=10,
)
"""Which rows of a sheet are rows, where it has this column: before any rule, so that it is none of a row's values."""


class Named(NamedTuple):
    """What a row calls by an id that this customer's EnergyCAP must know."""

    field: str
    kind: str
    """task, list, open batch, pending batch, flag type or user."""
    id: int | str
    bills: int | None = None
    """How many bills the row expects in a list."""


Thing = tuple[object, ...]
"""``("list", 2001)``: what a row works on, from the general to the particular."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a sample sheet: what is typed, by field name."""

    cells: Mapping[str, Any]
    note: str = ""
    """Why it stands there."""
    sheet: str = "clean"
    """Which sample sheet: clean, mixed, hidden or mistakes. All but the last succeed against the practice server."""
    hidden: bool = False


class Operation(ABC):
    """One thing EnergyCAP can be asked for by a row. Subclasses are complete in one file."""

    key: str
    """The JSON name, for instance ``kickout_reimport``."""
    title: str
    """The word for the Operation column."""
    plural: str
    """For counts in sentences: "3 kickout reimports"."""
    about: str
    """What one row does, in a sentence for the operator."""
    sheet: str
    """The sheet's name in templates."""
    target: str
    """The field that names what is changed."""
    fields: tuple[Field, ...]
    """Columns in template order, without Operation and Send again."""
    headings: frozenset[str]
    """Fields whose headings must stand in the heading row."""
    rules: tuple[Message, ...]
    """The sentences for this operation's own rules."""
    samples: tuple[Sample, ...]
    """Rows of the sample sheets."""

    @abstractmethod
    def schema(self) -> DataFrameSchema:
        """The rules as a lazy pandera schema over typed values; each check's error is a catalogue code."""

    @abstractmethod
    def repeats(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns in which two rows must not be equal, as they would be sent."""

    @abstractmethod
    def call(self, values: Mapping[str, Any]) -> Call:
        """The request for a row that broke no rule."""

    @abstractmethod
    def accepted(self, reply: Reply) -> Accepted | None:
        """What a documented success answer says; None if it has not the documented shape."""

    @abstractmethod
    def done(self, values: Mapping[str, Any], accepted: Accepted) -> tuple[str, str]:
        """(message, what to do) for a row that was done."""

    @abstractmethod
    def how_to_check(self, target: str) -> str:
        """Where in EnergyCAP to see whether a request with no trustworthy answer was carried out, and what to do if so."""

    @abstractmethod
    def effects(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """What the row will close, create, hold or replace: short phrases, each counted in the question."""

    @abstractmethod
    def side_by_side(self, values: Mapping[str, Any]) -> tuple[object, object] | None:
        """(group, own): neighbours of one group with different ``own`` may run side by side; None: never."""

    @property
    def kinds(self) -> dict[str, str]:
        """Field → what it holds the id of, as ``Named`` has it."""
        return {field.name: field.kind for field in self.fields if field.kind}

    def asks(self, values: Mapping[str, Any]) -> str:
        """What a row that broke no rule asks for, in a sentence for the operator."""
        return f"{self.title}: {values[self.target]}."

    def refused(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """(what to know of EnergyCAP's words, what to do first) where EnergyCAP refused the row; "" for nothing."""
        return "", ""

    def between(self, rows: Sequence[CheckedRow]) -> Iterator[tuple[CheckedRow, str, str, CheckedRow]]:
        """What rows of one run, in the order in which they are sent, do to each other:
        (row, field, catalogue code of a warning, the other row)."""
        return iter(())

    def has_control_total(self, values: Mapping[str, Any]) -> bool:
        """Does the row say what its answer must be like?"""
        return False

    def mismatch(self, values: Mapping[str, Any], accepted: Accepted) -> str:
        """The catalogue code of what is to be looked at in the answer to a row: a control total that it does not meet,
        or nothing that the row could change; "" for nothing."""
        return ""

    repeats_by_target: bool = False
    """True: a target that was done once is refused even with other settings."""
    permission: tuple[str, str] | None = None
    """What EnergyCAP asks of the key's owner, as its documents name it: (of what, to do what). None: nothing known."""

    def touches(self, values: Mapping[str, Any]) -> tuple[Thing, ...]:
        """What the row works on: its target, if not more. Rows that share a thing stay in order even where the
        operator calls the rows independent; ``("batch",)`` shares with every ``("batch", …)``."""
        return ((self.key, values[self.target]),)

    def names(self, values: Mapping[str, Any]) -> Iterator[Named]:
        """What must be there for the row to be carried out."""
        return iter(())

    def foresee(self, rows: Sequence[CheckedRow], facts: Facts, owner: int | None) -> Iterator[str]:
        """What rows of one run do to batches, in the order in which they are sent: a phrase each, by what EnergyCAP
        says of them. ``owner``: the id of the key's owner, if that is known."""
        return iter(())


def answered(reply: Reply) -> dict[str, Any]:
    """The JSON object of a 200 answer; an empty one for any other status or shape."""
    if reply.status != 200:
        return {}
    try:
        answer = json.loads(reply.content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def columns(operations: Sequence[Operation]) -> dict[str, Field]:
    """Every field of some operations by name, Send again included; a shared name is one column."""
    found: dict[str, Field] = {}
    for operation in operations:
        for each in (*operation.fields, SEND_AGAIN):
            found.setdefault(each.name, each)
    return found


def known_columns(operations: Sequence[Operation]) -> dict[str, Field]:
    """Every column that a sheet of some operations may have: their fields, and what says which rows count."""
    return {**columns(operations), RUN_THIS_ROW.name: RUN_THIS_ROW}


def target(operation: Operation) -> Field:
    """The column that names what is changed."""
    return next(each for each in operation.fields if each.name == operation.target)
