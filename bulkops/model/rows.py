"""A workbook's rows: as the file has them, and after checking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple


class Kind(Enum):
    """What sort of thing a cell holds, as stored in the file."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "true/false"
    DATE = "date"
    ERROR = "error"
    FORMULA = "formula without a stored result"


class Shown(Enum):
    """How a number is displayed, where that changes what the operator sees."""

    PLAIN = "plain"
    PERCENT = "percent"
    GROUPED = "thousands separators"
    DRESSED = "words or a currency beside it"
    SCIENTIFIC = "a power of ten"
    ENGINEERING = "a power of a thousand"
    SPECIAL = "a special format"


class Cell(NamedTuple):
    """One cell that is not blank, exactly as the file has it.

    A tuple and not a dataclass: a workbook of 100,000 rows holds a million of them.
    """

    column: int
    """1 for A."""
    kind: Kind
    text: str
    """Text as stored; a number or date serial in the digits of the file; ``#N/A``; ``TRUE``; a formula's own text."""
    shown: Shown = Shown.PLAIN
    decimals: int | None = None
    """How many decimals of a number are shown (with a power, before it); None: as many as there are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an input sheet that is not blank."""

    sheet: str
    number: int
    """The row's number in its sheet, as Excel shows it."""
    cells: Mapping[str, Cell]
    """By field name; blank cells are absent."""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with (or, as a warning, noteworthy about) one row, in the operator's words."""

    code: str
    cell: str
    """``Kickouts!F7``; the row's first cell where no single cell is to blame."""
    message: str
    tip: str
    typed: str = ""
    """What stands in the cell, where EnergyCAP may know what is meant by it: a name without an id."""


class Pick(NamedTuple):
    """What was chosen from a list of names: ``Electric to review | 2001``. The id alone decides."""

    name: str
    id: int | str


def address(sheet: str, row: int, columns: Mapping[str, str], name: str) -> str:
    """``Kickouts!F7``: a field's cell, or the first of the known columns if the sheet has none for the field."""
    letters = columns.get(name) or next(iter(columns.values()), "A")
    return f"{sheet}!{letters}{row}"


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row after checking: it may be sent if it has no problems."""

    seq: int
    """Position in reading order over the whole workbook, from 0."""
    sheet: str
    number: int
    operation: str
    """The operation's key, or "" where the row does not say."""
    target: str
    """Task GUID or list id, or "" where it cannot be read."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Typed values by field name; blanks are None. Empty for a row with problems."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    hidden: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    """Field name → column letters; one mapping for all rows of a sheet."""
    picks: Mapping[str, tuple[Pick, ...]] = field(default_factory=dict)
    """Field name → what was picked there, where an id came with a name."""

    def address(self, name: str) -> str:
        """The address of a field's cell."""
        return address(self.sheet, self.number, self.columns, name)


@dataclass(frozen=True, slots=True)
class Unread:
    """A sheet that holds headings of an operation and cannot be read: the run is not a whole one without it."""

    sheet: str
    message: str
    tip: str

    @property
    def note(self) -> str:
        """What is wrong, and what to do."""
        return f"{self.message} {self.tip}"
