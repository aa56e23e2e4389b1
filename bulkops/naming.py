"""By which names an operator may call a column (product.md section 1)."""

from __future__ import annotations

from collections.abc import Iterable

from bulkops.operations.base import Operation, columns

OPERATION = "operation"
"""The name under which the Operation column stands among a sheet's fields."""


def normal(heading: str) -> str:
    """A heading without case, spaces and punctuation."""
    return "".join(char for char in heading.casefold() if char.isalnum())


def known_headings(operations: Iterable[Operation]) -> dict[str, tuple[str, str]]:
    """Normal form of every heading and alias → (field name, heading)."""
    known = {normal(OPERATION): (OPERATION, "Operation")}
    for each in columns(list(operations)).values():
        for spelling in (each.heading, each.name, *each.aliases):
            known.setdefault(normal(spelling), (each.name, each.heading))
    return known
