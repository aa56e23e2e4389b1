"""The shape of a sentence in the catalogue."""

import re
from dataclasses import dataclass

_FACT = re.compile(r"\{\w+\}")
"""The place of a fact in a sentence, which differs from case to case."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that can be wrong: what it is called, what is said, what to do.

    The same words stand in the window, in a Results sheet and on a command line: what can only be done in one of
    them has no place in ``sentence`` and ``tip``.
    """

    code: str
    title: str
    sentence: str
    """With {placeholders} for what differs from case to case."""
    tip: str
    """What to do now. It begins with a verb."""
    warning: bool = False
    """The row is sent all the same."""
    effect: str = ""
    """How the question before a run counts rows with this warning, for instance "will …"; "": it does not."""
    cli_hint: str = ""
    """What serves the tip on a command line, an option or a command; only said there."""

    @property
    def hint(self) -> str:
        """What serves the tip on a command line, as it is said there; "" if nothing does."""
        return f"(Command line: {self.cli_hint})" if self.cli_hint else ""

    def in_general(self) -> tuple[str, str]:
        """What is said and what to do, with … for what differs from case to case."""
        return _FACT.sub("…", self.sentence), f"{_FACT.sub('…', self.tip)} {self.hint}".strip()
