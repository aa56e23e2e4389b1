"""The catalogue: every sentence an operator can read about something that went wrong.

    CannotStart      nothing was sent; exit code 2
    MustStop         a run that has begun cannot go on; rows in flight are recorded, exit code 3

Each message has a code (stable), a title, a sentence and a tip. They stand in messages/; rules of one operation
stand in that operation's file; ``Catalogue`` in operations/message_catalogue gives all of them.
"""

from bulkops.messages import (
    answers,
    delivery,
    desktop,
    disk,
    environments,
    headings,
    inbox,
    precheck,
    record,
    resolve,
    rows,
    runs,
    workbooks,
)
from bulkops.messages.message import Message

__all__ = ["AREAS", "COMMON", "BulkopsError", "CannotStart", "Message", "MustStop", "cli_hint"]

AREAS = {
    (module.__doc__ or "").splitlines()[0].removesuffix("."): module.MESSAGES
    for module in (
        *(workbooks, headings, rows, environments, precheck, runs, answers),
        *(delivery, record, resolve, inbox, desktop, disk),
    )
}
"""Messages by what they are about, in words."""


class BulkopsError(Exception):
    """A known error, by its code in the catalogue, with the facts its sentence needs."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts
        message = COMMON[code]
        self.sentence = message.sentence.format(**facts)
        self.tip = message.tip.format(**facts)

    def __str__(self) -> str:
        return f"{self.sentence} {self.tip}".strip()

    def for_command_line(self) -> str:
        """The same for a command line, with what to type there."""
        return f"{self} {cli_hint(self.code)}".strip()


class CannotStart(BulkopsError):
    """Nothing was sent and nothing will be."""


class MustStop(BulkopsError):
    """The run ends here: what was sent is recorded, what was not sent stays unsent."""


COMMON: dict[str, Message] = {message.code: message for messages in AREAS.values() for message in messages}


def cli_hint(code: str) -> str:
    """What serves a code's tip on a command line, ``(Command line: --yes)``; "" if nothing does."""
    message = COMMON.get(code)
    return message.hint if message else ""
