"""An XML part that is changed by inserting bytes: everything else in it stays as it is.

expat says where each element begins and ends; nothing is ever written out anew from a tree.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

_START_TAG = re.compile(rb"<([^\s/>]+)(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(/?)>")
_ATTRIBUTE = re.compile(rb"\s([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_OTHER_ENCODING = re.compile(
    rb"(\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*[\"'](?!(utf-?8|us-ascii|iso-8859-1)[\"'])", re.IGNORECASE
)
_DEEP = 5


class OddPart(ValueError):
    """The part cannot be changed without a doubt; its text says why."""


@dataclass(slots=True)
class Element:
    """One element of a part, and where in its bytes it stands."""

    tag: str
    """``namespace local``."""
    attributes: dict[str, str]
    start: int
    inner: int
    """Where its content begins."""
    alone: bool
    """It is written ``<a/>``: it has no content to insert into."""
    raw_name: str
    """Its name as written, with the prefix of its namespace."""
    close: int = 0
    """Where its end tag begins; for ``<a/>`` where it ends."""
    end: int = 0
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def local(self) -> str:
        """Its name without namespace."""
        return self.tag.rpartition(" ")[2]

    @property
    def prefix(self) -> str:
        """``x:`` or nothing: what its children of the same namespace may use too."""
        return self.raw_name.rpartition(":")[0] + ":" if ":" in self.raw_name else ""

    def child(self, local: str) -> Element | None:
        """The first child of that name, in the element's own namespace."""
        return next((each for each in self.children if each.tag == self._own(local)), None)

    def all(self, local: str) -> list[Element]:
        """Every child of that name, in the element's own namespace."""
        return [each for each in self.children if each.tag == self._own(local)]

    def _own(self, local: str) -> str:
        return f"{self.tag.rpartition(' ')[0]} {local}"


class Part:
    """The elements of a part, down to five levels. Raises OddPart if it cannot be read."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.content = name, content
        if content.startswith(_WIDE) or _OTHER_ENCODING.match(content):
            # What is inserted is ASCII, and must be read as such.
            raise OddPart(f"{name} is written in an unusual encoding")
        self._open: list[Element] = []
        self._top: list[Element] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        self._depth = 0
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, ValueError) as error:
            raise OddPart(f"{name}: {error}") from error
        self.root = self._top[0]

    def _refuse(self, *_: object) -> None:
        raise OddPart(f"{self.name} declares a document type")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEP:
            return
        start = self._parser.CurrentByteIndex
        found = _START_TAG.match(self.content, start)
        if found is None:
            raise OddPart(f"{self.name}: an element is written in an unusual way")
        element = Element(tag, attributes, start, found.end(), bool(found[2]), found[1].decode("ascii", "replace"))
        (self._open[-1].children if self._open else self._top).append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._depth >= _DEEP:
            return
        element = self._open.pop()
        element.close = element.end = element.inner
        if not element.alone:
            element.close = self._parser.CurrentByteIndex
            element.end = self.content.index(b">", element.close) + 1

    def _text(self, data: str) -> None:
        if self._depth <= _DEEP and self._open:
            self._open[-1].text += data


def parse(content: bytes) -> None:
    """Go through a part that need not be known, only be sound. Raises OddPart."""
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(content, True)
    except expat.ExpatError as error:
        raise OddPart(str(error)) from error


class Patch:
    """Changes to a part."""

    def __init__(self, part: Part) -> None:
        self.root, self._content = part.root, part.content
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
        """Take an element away."""
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
