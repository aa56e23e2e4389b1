"""Picks: ``Electric to review | 2001``, a name from a list and its id. The id alone decides."""

import re
from collections.abc import Callable
from typing import TypeVar

from bulkops.model.picks import BAR
from bulkops.model.rows import Cell, Pick
from bulkops.operations.cells import OUTER_BLANKS, Picked, Unreadable, one_line, shorten, value_of

Found = TypeVar("Found")
_ID = r"\s*([0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\s*"
_SEVERAL = re.compile(rf"(^|\|){_ID}[;\n]|\|{_ID},", re.IGNORECASE)
"""An id that a pick follows. Only the last would count, and nobody would hear of the others."""


def read_picked(
    cell: Cell, read: Callable[[Cell], Found | Unreadable | None], code: str, wanted: str
) -> Found | Picked | Unreadable | None:
    """A text with a bar: what ``read`` makes of all that follows the last one, and the name before it.

    ``code`` and ``wanted``: the sentence for an id that is none, and what it should be.
    """
    name, _, typed = cell.text.rpartition(BAR)
    typed = typed.strip(OUTER_BLANKS)
    found = read(cell._replace(text=typed))
    value, called = value_of(found), one_line(name)
    if value is None:
        return Unreadable(code, shorten(cell.text), "has nothing after its last bar")
    if isinstance(value, Unreadable):
        why = value.extra if value.code == "guid.shape" else ""
        return Unreadable(code, shorten(cell.text), f"ends in “{shorten(typed)}”, which is no {wanted}{why}")
    if _SEVERAL.search(name):
        return Unreadable(code, shorten(cell.text), f"holds more than one {wanted}")
    return Picked(found, (Pick(called, value),)) if called else found
