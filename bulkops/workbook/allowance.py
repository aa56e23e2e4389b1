"""How much may be made of a file from outside: sums over all that is done with it, counted while it is done.

What a file says of its own size is no limit: its parts can be read many times, and few bytes can ask for many cells.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from math import inf
from xml.parsers.expat import XMLParserType

MOST_UNPACKED = 2**29
"""Bytes of all parts of a workbook."""
_MOST_PARTS = 2**16
_LONGEST_TAG = 2**22


class TooBig(ValueError):
    """It would take too long or too much memory; its text may say of what there is too much."""


class Allowance:
    """What is left of it. Every method raises TooBig once that is too little."""

    def __init__(
        self, things: int, unpacked: int = 0, seconds: float = inf, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``things``: cells, elements, or whatever else is made one by one; ``unpacked``: bytes."""
        self._things, self._unpacked, self._clock = things, unpacked, clock
        self._until = clock() + seconds

    def take(self, things: int = 0) -> None:
        """Count what is about to be made."""
        self._things -= things
        if self._things < 0 or self._clock() > self._until:
            raise TooBig("all of it together")

    def unpack(self, size: int) -> None:
        """Count bytes that were unpacked."""
        self._unpacked -= size
        if self._unpacked < 0:
            raise TooBig("all of it together")
        self.take()


class Tags:
    """Sees to it that expat comes to the end of each tag: it begins anew with every piece of one that is not complete,
    and what stands in one is made at once."""

    def __init__(self, parser: XMLParserType) -> None:
        self._parser, self._at, self._open = parser, -1, 0

    def look(self, fed: int) -> None:
        """To be called after each piece, with its length. Raises TooBig."""
        at = self._parser.CurrentByteIndex
        self._open = self._open + fed if at == self._at else 0
        self._at = at
        if self._open > _LONGEST_TAG:
            raise TooBig("a tag without end")


def let_go(parser: XMLParserType) -> None:
    """A parser and who hears it hold each other, and all that was read: only a search for garbage would find them."""
    for name in ("StartElement", "EndElement", "CharacterData", "StartDoctypeDecl", "XmlDecl"):
        setattr(parser, f"{name}Handler", None)


def opened_zip(content: bytes) -> zipfile.ZipFile:
    """The directory of a zip in memory. Raises TooBig, and what zipfile raises over a damaged one."""
    if content.count(b"PK\1\2") > _MOST_PARTS:
        raise TooBig(f"more than {_MOST_PARTS:,} parts")
    return zipfile.ZipFile(BytesIO(content))
