"""An XML part that is changed by inserting bytes: everything else in it stays as it is.

expat says where each element begins and ends; nothing is ever written out anew from a tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

from bulkops.workbook.allowance import TooBig
from bulkops.workbook.xml_feed import feed

_START_TAG = re.compile(rb"<([^\s/>]+)(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(/?)>")
_ATTRIBUTE = re.compile(rb"\s([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_OTHER_ENCODING = re.compile(
    rb"(\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*[\"'](?!(utf-?8|us-ascii|iso-8859-1)[\"'])", re.IGNORECASE
)
_DEEP, _ENTRY = 5, 3
_MOST_ELEMENTS, _MOST_MADE, _MOST_HELD = 2_000_000, 1_000_000, 100_000
"""Of a part that is changed: all, those that are looked at, and those in memory at a time. A style table as full as
Excel lets it become has half as many."""
_MOST_ATTRIBUTES = 500_000
"""Of the elements in memory at a time."""
_PIECE = 2**20


class UnsupportedPart(ValueError):
    """The part cannot be changed without a doubt; its text says why."""


@dataclass(slots=True)
class Element:
    """One element of a part, and where in its bytes it stands."""

    tag: str
    """``namespace local``."""
    attributes: dict[str, str]
    part: Part
    start: int
    close: int = 0
    """Where its end tag begins; for ``<a/>`` where it ends."""
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """What it says itself, in pieces."""

    @property
    def text(self) -> str:
        """What it says itself."""
        return "".join(self.texts)

    @property
    def local(self) -> str:
        """Its name without namespace."""
        return self.tag.rpartition(" ")[2]

    @property
    def raw_name(self) -> str:
        """Its name as written, with the prefix of its namespace."""
        return self._opening()[1].decode("ascii", "replace")

    @property
    def prefix(self) -> str:
        """``x:`` or nothing: what its children of the same namespace may use too."""
        prefix, colon, _ = self.raw_name.rpartition(":")
        return prefix + colon

    @property
    def alone(self) -> bool:
        """It is written ``<a/>``: it has no content to insert into."""
        return bool(self._opening()[2])

    @property
    def inner(self) -> int:
        """Where its content begins."""
        return self._opening().end()

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.inner if self.alone else self.part.content.index(b">", self.close) + 1

    @property
    def content(self) -> bytes:
        """The bytes between its tags."""
        return self.part.content[self.inner : self.close]

    def child(self, local: str) -> Element | None:
        """The first child of that name, in the element's own namespace."""
        return next((each for each in self.children if each.tag == self.own(local)), None)

    def own(self, local: str) -> str:
        """The tag of a child of that name, in the element's own namespace."""
        return f"{self.tag.rpartition(' ')[0]} {local}"

    def _opening(self) -> re.Match[bytes]:
        found = _START_TAG.match(self.part.content, self.start)
        if found is None:
            raise UnsupportedPart(f"{self.part.name}: an element is written in an unusual way")
        return found


class Part:
    """The elements of a part, down to five levels. Raises UnsupportedPart if it cannot be read, TooBig for too much.

    A part of many elements takes little memory: ``keep`` is asked about each element on the third level, with its
    parent, once all that is in it has been read, and one that is not kept is let go. ``deep`` says by the tag of an
    element on the second level how many levels count there. ``seen`` is the number of all elements.
    """

    def __init__(
        self,
        name: str,
        content: bytes,
        keep: Callable[[Element, Element], bool] = lambda *_: True,
        deep: Callable[[str], int] = lambda _: _DEEP,
    ) -> None:
        self.name, self.content = name, content
        if content.startswith(_WIDE) or _OTHER_ENCODING.match(content):
            # What is inserted is ASCII, and must be read as such.
            raise UnsupportedPart(f"{name} is written in an unusual encoding")
        self._keep, self._deep, self._levels = keep, deep, _DEEP
        self._open: list[Element] = []
        self._top: list[Element] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        self._depth = self.seen = self._made = self._held = self._held_before = 0
        self._attributes = self._attributes_before = 0
        try:
            feed(parser, (content[at : at + _PIECE] for at in range(0, len(content), _PIECE)))
        except (UnsupportedPart, TooBig):
            raise
        except (expat.ExpatError, ValueError) as error:
            raise UnsupportedPart(f"{name}: {error}") from error
        self.root = self._top[0]

    def _refuse(self, *_: object) -> None:
        raise UnsupportedPart(f"{self.name} declares a document type")

    def _too_many(self, most: int) -> TooBig:
        return TooBig(f"{self.name} has more than {most:,} elements")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self.seen += 1
        if self.seen > _MOST_ELEMENTS:
            raise self._too_many(_MOST_ELEMENTS)
        if self._depth > self._levels:
            return
        if self._depth == _ENTRY:
            self._held_before, self._attributes_before = self._held, self._attributes
        elif self._depth == _ENTRY - 1:
            self._levels = self._deep(tag)
        self._held += 1
        self._made += 1
        self._attributes += len(attributes)
        if self._attributes > _MOST_ATTRIBUTES:
            raise TooBig(f"{self.name} has more than {_MOST_ATTRIBUTES:,} attributes")
        if self._held > _MOST_HELD or self._made > _MOST_MADE:
            raise self._too_many(_MOST_HELD if self._held > _MOST_HELD else _MOST_MADE)
        element = Element(tag, attributes, self, self._parser.CurrentByteIndex)
        (self._open[-1].children if self._open else self._top).append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._depth >= self._levels:
            return
        element = self._open.pop()
        element.close = self._parser.CurrentByteIndex
        if self._depth == _ENTRY - 1 and not self._keep(self._open[-1], element):
            self._open[-1].children.pop()
            self._held, self._attributes = self._held_before, self._attributes_before

    def _text(self, data: str) -> None:
        if self._depth <= self._levels and self._open:
            self._open[-1].texts.append(data)


class Patch:
    """Changes to a part."""

    def __init__(self, part: Part) -> None:
        self.part, self._content = part, part.content
        self._changes: list[tuple[int, int, str]] = []
        self._inside: dict[int, tuple[Element, list[str]]] = {}

    def append(self, parent: Element, xml: str, after: Collection[str] | None = None) -> None:
        """Put XML at the end of an element's content, or behind its last child that is called one of ``after``.

        What is put in one place stands there in the order of the calls.
        """
        if parent.alone:
            self._inside.setdefault(parent.start, (parent, []))[1].append(xml)
            return
        at = parent.close if after is None else parent.inner
        if after is not None:
            at = max((each.end for each in parent.children if each.local in after), default=at)
        self._changes.append((at, at, xml))

    def insert(self, at: int, xml: str) -> None:
        """Put XML at a place of the part."""
        self._changes.append((at, at, xml))

    def remove(self, element: Element) -> None:
        self._changes.append((element.start, element.end, ""))

    def set_text(self, element: Element, text: str) -> None:
        """Replace what stands within an element that has no children."""
        if element.alone:
            self.append(element, escape(text))
        else:
            self._changes.append((element.inner, element.close, escape(text)))

    def set_attribute(self, element: Element, name: str, value: str) -> None:
        """Change an attribute that is there; one that is not stays away."""
        for found in _ATTRIBUTE.finditer(self._content, element.start, element.inner):
            if found[1] == name.encode():
                self._changes.append((*found.span(2), f'"{escape(value)}"'))

    def patched(self) -> bytes:
        """The part with all changes made."""
        changes = list(self._changes)
        for element, pieces in self._inside.values():
            closing = f">{''.join(pieces)}</{element.raw_name}>"
            slash = self._content.rindex(b"/", element.start, element.inner)
            changes.append((slash, element.inner, closing))
        out, at = [], 0
        for start, end, xml in sorted(changes, key=lambda change: change[0]):
            out += [self._content[at:start], xml.encode("ascii", "xmlcharrefreplace")]
            at = end
        return b"".join((*out, self._content[at:]))
