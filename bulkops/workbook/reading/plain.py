"""What nearly every program writes, read without a parser's events: plain rows, plain texts.

expat keeps every fact, but an event for each start, text and end takes most of the time. So
a part is cut into pieces (its rows, its shared texts). A piece that a pattern covers to the
last byte is taken as it is; any other one goes through expat, and so does all that stands
around them. Only where that is provably the same: see ``Shortcut``.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any
from xml.parsers.expat import XMLParserType

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.workbook.number_formats import GENERAL, Format
from bulkops.workbook.sheets import column_letters, column_number

_TEXT = "[^<\x00-\x08\x0b-\x1f\ufffe\uffff]*+"
"""Characters that stand for themselves, but for an ampersand; a carriage return does not."""
_SPACE = '(?: xml:space="preserve")?'
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}
_ENTITY = re.compile(f"&({'|'.join(_ENTITIES)});")
_ITEM = re.compile(f"[ \t\n]*<si><t{_SPACE}>({_TEXT})</t>")
_ROW = r'[ \t\n]*<row r="([1-9][0-9]{0,6})"((?: [A-Za-z0-9]+(?::[A-Za-z0-9]+)?="[^"<>&\x00-\x1f]*")*)>'
_LETTERS = "[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]"
_OPENING = re.compile(rf'<c r="({_LETTERS})[0-9]+"((?: s="([0-9]{{1,9}})")?(?: t="(n|s|b|inlineStr)")?)')
_VALUES = {
    "n": r"<v>(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)</v>",
    "s": r"<v>(0|[1-9][0-9]{0,8})</v>",
    "b": "<v>([01])</v>",
    "inlineStr": f"<is><t{_SPACE}>({_TEXT})</t></is>",
}
_KINDS = {"n": Kind.NUMBER, "s": Kind.TEXT, "b": Kind.BOOL, "inlineStr": Kind.TEXT}
_BOOLS: dict[str | None, str | None] = {"0": "FALSE", "1": "TRUE", None: None}
_LESSONS, _LESSON, _WIDEST, _SORTS = 5, 200, 200, 6
"""How often a pattern is made for a sheet, from how many rows, for how many columns, with how many sorts of cells."""
_LONGEST = 1 << 20


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
        """Take some more of the part. Raises what expat and the handlers raise."""
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
        self._parser.Parse(self._head, True)

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


def plain_text(piece: str) -> str | None:
    """The text of a shared item, up to its ``</si>``; None if it is not plain."""
    found = _ITEM.fullmatch(piece)
    return None if found is None or _looks_odd(piece) else _unescape(found[1])


def _looks_odd(piece: str) -> bool:
    """It may hold what Excel escapes, what XML forbids, or a character by its number."""
    return "_x" in piece or "]]>" in piece or ("&" in piece and len(_ENTITY.findall(piece)) != piece.count("&"))


def _unescape(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], text) if "&" in text else text


class PlainRows:
    """Reads the rows of a sheet that one pattern covers, from their start tag to their last cell.

    Which sorts of cells the pattern expects in which column is learned from some rows. That is only a guess: a row
    that it covers holds at most one cell for each column, in order, at the row's own addresses, of a common type and
    without a formula; any other row is not plain.
    """

    def __init__(self, formats: Sequence[Format], strings: Sequence[str]) -> None:
        self._formats = formats
        self._texts: dict[str | None, str | None] = {str(number): text for number, text in enumerate(strings)}
        self._texts[None] = None
        self.forget()

    def forget(self) -> None:
        """Another sheet begins."""
        self._pattern: re.Pattern[str] | None = None
        self._lessons = self._missed = 0

    def read(self, piece: str) -> tuple[str, str, dict[int, Cell]] | None:
        """A row up to its ``</row>`` → its number, its other attributes, its cells. None if it is not plain."""
        row = self._pattern.fullmatch(piece) if self._pattern else None
        if row is None or _looks_odd(piece):
            self._missed += 1
            return None
        number, attributes, *found = row.groups()
        texts: list[str | None] = [text and _unescape(text) for text in found] if "&" in piece else found
        try:
            for at, meant in self._meant:
                texts[at] = meant[texts[at]]
        except KeyError:
            return None  # a shared text that is not there
        kinds, shown, decimals = self._kinds, self._shown, self._decimals
        if self._by_number:
            kinds, shown, decimals = kinds.copy(), shown.copy(), decimals.copy()
            for at, format_ in self._by_number:
                if text := texts[at]:
                    kinds[at], shown[at], decimals[at] = format_.display(text)
        cells = map(tuple.__new__, repeat(Cell), zip(self._columns, kinds, texts, shown, decimals, strict=True))
        # A cell without a value, or with an empty text, is blank.
        return number, attributes, {cell[0]: cell for cell in cells if cell[2]}

    def learn(self, pieces: Sequence[str]) -> None:
        """Make a pattern for rows like these, if there is none, or too many rows were not covered by it."""
        if self._lessons >= _LESSONS or (self._pattern and self._missed <= len(pieces) // 2):
            return
        self._lessons, self._missed = self._lessons + 1, 0
        seen: dict[int, dict[tuple[str, str, str], None]] = {}
        for letters, attributes, style, type_ in _OPENING.findall("".join(pieces[:_LESSON])):
            seen.setdefault(column_number(letters), {})[attributes, style, type_ or "n"] = None
        self._columns: list[int] = []
        self._kinds: list[Kind] = []
        self._shown: list[Shown] = []
        self._decimals: list[int | None] = []
        self._meant: list[tuple[int, dict[str | None, str | None]]] = []
        self._by_number: list[tuple[int, Format]] = []
        cells = [self._cell(column, list(seen[column])[:_SORTS]) for column in sorted(seen)[:_WIDEST]]
        self._pattern = re.compile(_ROW + "".join(cells))

    def _cell(self, column: int, sorts: Sequence[tuple[str, str, str]]) -> str:
        """The pattern of a column's cell, with a group for the value of each sort of cell."""
        patterns = []
        for attributes, style, type_ in sorts:
            known = int(style or 0) < len(self._formats)
            format_ = self._formats[int(style or 0)] if known and type_ == "n" else GENERAL
            meant = {"s": self._texts, "b": _BOOLS}.get(type_)
            if meant is not None:
                self._meant.append((len(self._columns), meant))
            if format_.only is None:
                self._by_number.append((len(self._columns), format_))
            kind, shown, decimals = format_.only or GENERAL.choices[0].display
            self._columns.append(column)
            self._kinds.append(kind if type_ == "n" else _KINDS[type_])
            self._shown.append(shown)
            self._decimals.append(decimals)
            # A number of no known format is expat's to refuse: this group matches nothing.
            value = _VALUES[type_] if known or type_ != "n" else r"([^\s\S])"
            patterns.append(f"{attributes}(?:/>|>(?:{value})?</c>)")
        return rf'(?:<c r="{column_letters(column)}\1"(?:{"|".join(patterns)}))?'
