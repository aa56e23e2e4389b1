"""The catalogue at work: a code and its facts become the sentence an operator reads."""

from collections.abc import Iterable
from difflib import get_close_matches

from bulkops.messages.errors import COMMON, CannotStart, Message
from bulkops.model.rows import Problem
from bulkops.operations.base import Operation

_MOST, _LONGEST = 6, 20
"""Codes that are offered for one that there is not; letters that are repeated of one that is like none."""


class Catalogue:
    """Every message: the common ones and those of the operations. Raises ValueError for a code with two of them."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.messages: dict[str, Message] = dict(COMMON)
        self.headings: dict[str, str] = {}
        for operation in operations:
            self.headings.update({field.name: field.heading for field in operation.fields})
            for message in operation.rules:
                if message.code in self.messages:
                    raise ValueError(f"two sentences for {message.code}")
                self.messages[message.code] = message

    def problem(self, code: str, cell: str = "", **facts: str) -> Problem:
        """A problem in words; the cell, where there is one, stands first in the message."""
        message = self.messages[code]
        sentence = message.sentence.format(**facts)
        return Problem(code, cell, f"{cell}: {sentence}" if cell else sentence, message.tip.format(**facts))

    def find(self, code: str) -> Message:
        """The message of a code that somebody typed. Raises CannotStart for one that there is not, with those like it."""
        typed = code.strip("`“”\"' .").lower()
        if typed in self.messages:
            return self.messages[typed]
        like = get_close_matches(typed, self.messages) or [each for each in self.messages if typed and typed in each]
        # A longer text may be anything, even a key.
        shown = code if like or len(code) <= _LONGEST else "…"
        offered = ", ".join(like[:_MOST]) or "the codes that docs/messages.md lists"
        raise CannotStart("explain.unknown", value=shown, extra=offered)
