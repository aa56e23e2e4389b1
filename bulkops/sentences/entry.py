"""The shape of a sentence in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be wrong: what it is called, what is said, what to do."""

    code: str
    title: str
    sentence: str
    """With {placeholders} for what differs from case to case."""
    tip: str
    warning: bool = False
    """The row is sent all the same."""
