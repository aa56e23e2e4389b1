"""How the things that rows name are called in a pick, ``Electric to review, Morgan Lee | 2001``.

The template writes the label and a check holds what was typed against the names: both are told here alone.
"""

import re
import unicodedata
from datetime import datetime
from itertools import accumulate

from bulkops.model.facts import Batch, BillList, FlagType, Person, Task

Nameable = BillList | FlagType | Person | Batch | Task

BAR = "|"
"""Between the name and the id."""
_LONGEST = 60
"""Characters of a note or a file's name."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BILLS = re.compile(r", \d+ bills?$", re.IGNORECASE)
"""The end of an import's label, which falls as bills are deleted: nothing is held against it."""


def pick(thing: Nameable, name: str = "") -> str:
    """``name | id``; the id alone of what has no name. ``name``: one of its names, instead of its label."""
    key = str(thing.guid if isinstance(thing, Task) else thing.id)
    return f"{called} {BAR} {key}" if (called := name or label(thing)) else key


def label(thing: Nameable) -> str:
    """What the pick calls it: one line, without its id; "" if EnergyCAP tells nothing of it."""
    match thing:
        case BillList():
            return _joined(thing.name, _owner(thing.owner))
        case Batch():
            return _joined(thing.code, _owner(thing.owner))
        case Person():
            return _in_a_row(thing.name or thing.code)
        case Task():
            return _joined(*_task_parts(thing, thing.file or thing.note or "Import"), _bills(thing.imported))
    return _line(thing.name)


def full_name(person: Person) -> str:
    """``Jane Smith (JSMITH)``, which tells two people of one name apart."""
    name, code = _in_a_row(person.name), _in_a_row(person.code)
    return f"{name} ({code})" if name and code else name or code


def names(thing: Nameable) -> set[str]:
    """All that it may be called in a pick, without blanks at the ends and with single ones within."""
    found: set[str] = {label(thing)}
    match thing:
        case BillList():
            found.add(_line(thing.name))
        case Batch():
            found.add(_line(thing.code))
        case Person():
            found |= {
                full_name(thing),
                *map(_in_a_row, (thing.name, thing.code)),
                *map(_line, (thing.name, thing.code)),
            }
        case Task():
            for head in filter(None, (thing.file, thing.note)):
                found |= {_line(head), *accumulate(_task_parts(thing, head), _joined)}
    return found - {""}


def is_called(thing: Nameable, typed: str) -> bool | None:
    """Does EnergyCAP give it that name, without case? None: it does not tell enough to say no."""
    counted = isinstance(thing, Task)
    wanted, known = _folded(typed, counted), {_folded(name, counted) for name in names(thing)}
    if wanted in known:
        return True
    match thing:
        case Task():
            told, whole = thing.file, thing.begin is not None and thing.person is not None
        case Batch():
            told, whole = thing.code, thing.owner is not None
        case BillList():
            told, whole = thing.name, thing.owner is not None
        case _:
            told, whole = thing.name, True
    longer = any(wanted.startswith(f"{name},") for name in known)
    return None if not told or (longer and not whole) else False


def day(when: datetime) -> str:
    """``3 Nov``"""
    return f"{when.day} {_MONTHS[when.month - 1]}"


def _task_parts(task: Task, head: str) -> list[str]:
    parts = (head, day(task.begin) if task.begin else "", _owner(task.person))
    return [part if len(part) <= _LONGEST else f"{part[: _LONGEST - 1]}…" for part in map(_line, parts) if part]


def _owner(person: Person | None) -> str:
    return (person.name or person.code) if person else ""


def _bills(number: int | None) -> str:
    return "" if number is None else f"{number} bill{'' if number == 1 else 's'}"


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, map(_line, parts)))


def _in_a_row(name: str) -> str:
    """As it may stand among others, which a semicolon divides."""
    return _line(name.replace(";", ","))


def _line(text: str) -> str:
    shown = ("" if not (char.isprintable() or char.isspace()) else char for char in text)
    return " ".join("".join(shown).split())


def _folded(text: str, counted: bool) -> str:
    line = unicodedata.normalize("NFC", _line(text))
    return (_BILLS.sub("", line) if counted else line).casefold()
