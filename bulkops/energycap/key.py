"""An API key: a type of its own whose every printed form is masked."""

from __future__ import annotations

import re
from collections.abc import Callable

from bulkops.energycap.redaction import Redactor
from bulkops.messages.errors import CannotStart

_QUOTES = "\"'`"
_KEY = re.compile(rf"(?![{_QUOTES}])[!-~]{{1,1024}}(?<![{_QUOTES}])")


class Unshown(str):
    """A text whose repr shows nothing of it, for dicts of headers and the locals of a frame are shown by theirs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'••••'"


class Key:
    """An API key. ``reveal()`` is for the request header alone."""

    __slots__ = ("__redactor", "__secret")

    def __init__(self, secret: str) -> None:
        """Raises CannotStart, without the key in its text, for anything with blanks or unprintable characters."""
        self.__secret = Unshown()  # also who shows the values of this frame gets a repr
        secret = Unshown(secret)
        if not _KEY.fullmatch(secret):
            raise CannotStart("key.shape")
        self.__secret = secret
        self.__redactor = Redactor(secret)

    @classmethod
    def of_line(cls, line: str) -> Key:
        """The key that was pasted, or that a file or another program gave.

        The line's end is not part of it. Blanks, quotes round it, further lines and the like are refused and not
        trimmed: who pasted them may have pasted more, or less, than the key. Raises CannotStart for them.
        """
        return cls(Unshown(line.rstrip("\r\n")))

    def reveal(self) -> str:
        """The key itself; the repr of this text is masked."""
        return self.__secret

    def masked(self) -> str:
        """The last four characters, for the operator to recognise; fewer of a short key."""
        shown = self.__secret[-4:] if len(self.__secret) >= 12 else ""
        return f"••••{shown}"

    def redact(self, text: str, go_on: Callable[[], object] = lambda: None) -> str:
        """A text that came from outside, with every trace of the key in it masked, however it is written.

        ``go_on`` is asked again and again meanwhile; what it raises ends the work."""
        return self.__redactor.redact(text, self.masked(), go_on)

    def __repr__(self) -> str:
        return f"Key({self.masked()})"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is never written out")
