"""How expat gets a part: piece by piece, within limits, and without what a pattern reads faster.

expat keeps every fact, but an event for each start, text and end takes most of the time. So a part can be cut into
pieces (its rows, its shared texts). A piece that a pattern covers to the last byte is taken as it is; any other one
goes through expat, and so does all that stands around them. Only where that is provably the same: see ``Shortcut``.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import XMLParserType

from bulkops.workbook.allowance import TooBig

_LONGEST, _LONGEST_TAG = 2**20, 2**22
"""Of a piece that is not complete, and of a tag."""


def feed(parser: XMLParserType, chunks: Iterable[bytes], pieces: Pieces | None = None) -> None:
    """Feed a part to a parser, and let the parser go. Raises TooBig, and what expat and the handlers raise.

    expat begins anew with every chunk of a tag that is not complete, and what stands in one is made at once.
    """
    shortcut = Shortcut(parser, pieces) if pieces else None
    at, unfinished = -1, 0
    try:
        for chunk in chunks:
            if shortcut:
                shortcut.feed(chunk)
            else:
                parser.Parse(chunk, False)
            if shortcut is None or shortcut.over:
                unfinished = unfinished + len(chunk) if parser.CurrentByteIndex == at else 0
                at = parser.CurrentByteIndex
            if unfinished > _LONGEST_TAG:
                raise TooBig("a tag without end")
        if shortcut:
            shortcut.close()
        parser.Parse(b"", True)
    finally:
        # A parser and who hears it hold each other, and all that was read: only a search for garbage would find them.
        for name in ("StartElement", "EndElement", "CharacterData", "StartDoctypeDecl", "XmlDecl"):
            setattr(parser, f"{name}Handler", None)


@dataclass(frozen=True, slots=True)
class Pieces:
    """What the pieces of a part are, and who reads them."""

    opening: re.Pattern[bytes]
    """The start tag of the element that holds them, without a prefix."""
    element: str
    """That element, as expat names it."""
    end: str
    """What each ends with."""
    plain: Callable[[str, Callable[[str], bool]], bool]
    """Takes a piece, without its end; False: it is not plain, and nothing of it was taken. It can ask expat about
    parts of it, which is the second argument."""
    depth: Callable[[], int]
    """How many elements are open in expat's eyes."""
    learn: Callable[[Sequence[str]], None] = lambda _: None
    """Sees pieces before they are read."""


class Shortcut:
    """Feeds a part to expat, but for the pieces that ``plain`` takes.

    Taking a piece past expat is sound only where expat stands right within the element that holds the pieces, not
    in a comment, a marked section or an attribute. So ``opening``, that element's start tag, is fed by itself: if
    expat tells of its start, in the namespace wanted, what follows is its content. Pieces that go through expat must
    bring it back to the same depth and have no comment or the like in them. Otherwise expat gets all of the rest.
    """

    def __init__(self, parser: XMLParserType, pieces: Pieces) -> None:
        self._parser, self._pieces = parser, pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._utf8 = True
        self._head, self._rest = b"", ""
        self._within = self.over = False
        """``over``: expat gets all of the rest."""
        parser.XmlDeclHandler = self._declared

    def feed(self, chunk: bytes) -> None:
        """Take some more of the part."""
        if self._within:
            self._cut(self._decoder.decode(chunk))
        elif self.over:
            self._parser.Parse(chunk, False)
        else:
            self._begin(self._head + chunk)

    def close(self) -> None:
        """The part is complete."""
        if self._within:
            self._give_up(self._rest)
        self._parser.Parse(self._head, False)

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        self._utf8 = encoding is None or encoding.lower() == "utf-8"

    def _begin(self, head: bytes) -> None:
        """Look for the start tag of the element that holds the pieces."""
        found = self._pieces.opening.search(head)
        if found is None and len(head) < _LONGEST:
            self._head = head
            return
        self._head = b""
        at, then = (found.start(), found.end()) if found else (len(head), len(head))
        self._parser.Parse(head[:at], False)
        self._within = self._opens(head[at:then]) and self._utf8
        self.over = not self._within
        self.feed(head[then:])

    def _opens(self, tag: bytes) -> bool:
        """Feed a start tag; was it the one wanted?"""
        usual: Any = self._parser.StartElementHandler
        opened: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            opened.append(tag)
            self._parser.StartElementHandler = usual
            usual(tag, attributes)

        self._parser.StartElementHandler = start
        self._parser.Parse(tag, False)
        if not opened:
            self._parser.StartElementHandler = usual
        return opened == [self._pieces.element]

    def _cut(self, text: str) -> None:
        plain, end = self._pieces.plain, self._pieces.end
        *pieces, self._rest = (self._rest + text).split(end)
        self._pieces.learn(pieces)
        for position, piece in enumerate(pieces, 1):
            if not plain(piece, self._through) and not self._through(piece + end):
                self._give_up(end.join((*pieces[position:], self._rest)))
                return
        if len(self._rest) > _LONGEST:
            self._give_up(self._rest)

    def _through(self, piece: str) -> bool:
        """Feed a piece to expat; can there be a shortcut after it?"""
        depth = self._pieces.depth()
        self._parser.Parse(piece.encode(), False)
        return self._pieces.depth() == depth and "<!" not in piece and "<?" not in piece

    def _give_up(self, rest: str) -> None:
        self._within, self.over, self._rest = False, True, ""
        self._parser.Parse(rest.encode() + self._decoder.getstate()[0], False)
