"""The catalogue at work: a code and its facts become the sentence an operator reads."""

from __future__ import annotations

from collections.abc import Iterable

from bulkops.messages.errors import COMMON, Entry
from bulkops.model.rows import Problem
from bulkops.operations.base import Operation


class Catalogue:
    """Every entry: the common ones and those of the operations. Raises ValueError for a code with two entries."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.entries: dict[str, Entry] = dict(COMMON)
        self.headings: dict[str, str] = {}
        for operation in operations:
            self.headings.update({field.name: field.heading for field in operation.fields})
            for entry in operation.rules:
                if entry.code in self.entries:
                    raise ValueError(f"two sentences for {entry.code}")
                self.entries[entry.code] = entry

    def problem(self, code: str, cell: str = "", **facts: str) -> Problem:
        """A problem in words; the cell, where there is one, stands first in the message."""
        entry = self.entries[code]
        sentence = entry.sentence.format(**facts)
        return Problem(code, cell, f"{cell}: {sentence}" if cell else sentence, entry.tip.format(**facts))
