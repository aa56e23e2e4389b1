"""An Office file as a package: a zip of parts, and the relationships between them (Open Packaging Conventions).

Reading and writing go through this one model. It unpacks nothing to the disk, counts whatever it unpacks, and refuses
what two programs may read in two ways.
"""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import NamedTuple
from xml.parsers import expat

from bulkops.workbook.allowance import MOST_UNPACKED, Allowance, TooBig
from bulkops.workbook.xml_feed import Pieces, feed
from bulkops.workbook.xml_patch import Element, Part

Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]
Handlers = tuple[str | None, Start | None, End | None]
"""What the first element of a part must be (None: anything), and what hears of its elements."""

_USUAL, _STRICT = "http://schemas.openxmlformats.org", "http://purl.oclc.org/ooxml"
MAIN, STRICT_MAIN = f"{_USUAL}/spreadsheetml/2006/main", f"{_STRICT}/spreadsheetml/main"
RELATIONSHIPS, STRICT_RELATIONSHIPS = (
    f"{_USUAL}/officeDocument/2006/relationships",
    f"{_STRICT}/officeDocument/relationships",
)
DIALECTS = {MAIN: RELATIONSHIPS, STRICT_MAIN: STRICT_RELATIONSHIPS}
"""The namespace of a workbook → that of its relationships. “Strict Open XML” is the same under other addresses."""
PACKAGE_RELATIONSHIPS, CONTENT_TYPES = f"{_USUAL}/package/2006/relationships", f"{_USUAL}/package/2006/content-types"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
"""How the content types of its parts begin."""
BROKEN = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    expat.ExpatError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile, zlib, expat and the handlers of a part raise over a damaged file; RuntimeError also for what zipfile
does not know."""
MOST_PARTS, _MOST_RECORDS = 20_000, 2**16
MOST_THINGS, _MOST_RELATIONS = 12_000_000, 100_000
"""Elements of all parts that are gone through, of which 100,000 lines of results have a third; relations of a part."""
_MOST_BYTES, _LONGEST_PIECE, _PIECE = 2**26, 2**24, 2**18
"""Of a part that is held in memory; of one row, or whatever else may not be cut; of what is unpacked at a time."""
_ENCRYPTED = 0x1


class DamagedPackage(ValueError):
    """The package, or one of its parts, cannot be read without a doubt; the text says why."""


class EncryptedPackage(DamagedPackage):
    """A part of it is locked by a password."""


class Relation(NamedTuple):
    """What another part is to a part."""

    type: str
    """The whole address."""
    target: str

    @property
    def kind(self) -> str:
        """Its last word: ``styles``, ``worksheet`` …"""
        return self.type.rpartition("/")[2]


class Package:
    """A package in memory. Parts are told apart without case, and a slash is a slash in either direction.

    Every method raises DamagedPackage for what is damaged or missing, and TooBig for more than the allowance.
    """

    def __init__(self, content: bytes, allowance: Allowance | None = None) -> None:
        self.content = content
        self.allowance = allowance or Allowance(MOST_THINGS, 2 * MOST_UNPACKED)
        self.zip = opened_zip(content)
        parts = self.zip.infolist()
        if len(parts) > MOST_PARTS or sum(info.file_size for info in parts) > MOST_UNPACKED:
            raise TooBig(f"more than {MOST_PARTS:,} parts, or {MOST_UNPACKED >> 20} MB when it is unpacked")
        self.infos: dict[str, zipfile.ZipInfo] = {}
        for info in parts:
            name = part_name(info.filename)
            if name in self.infos:
                # Programs differ in which of the two they show.
                raise DamagedPackage(f"two parts are called {name[:60]}")
            if ".." in name.split("/"):
                raise DamagedPackage(f"a part is called {name[:60]}")
            if info.flag_bits & _ENCRYPTED:
                raise EncryptedPackage(f"{name[:60]} is encrypted")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DamagedPackage(f"{name[:60]} is packed in another way than Excel's")
            self.infos[name] = info
        self._relations: dict[str, dict[str, Relation]] = {}

    def __contains__(self, part: str) -> bool:
        return part_name(part) in self.infos

    def __iter__(self) -> Iterator[str]:
        """The parts' names, in lower case and with slashes."""
        return iter(self.infos)

    def pieces(self, part: str) -> Iterator[bytes]:
        """A part's content, piece by piece; its size and its check sum are seen to."""
        if part not in self:
            raise DamagedPackage(f"{part} is missing")
        info = self.infos[part_name(part)]
        left = info.file_size
        try:
            with self.zip.open(info) as stream:
                while piece := stream.read(_PIECE):
                    left -= len(piece)
                    self.allowance.unpack(len(piece))
                    yield piece
        except TooBig:
            raise
        except BROKEN as error:
            raise DamagedPackage(f"{part} cannot be read") from error
        if left:
            raise DamagedPackage(f"{part} cannot be read")

    def pieces_before(self, part: str, mark: bytes) -> Iterator[bytes]:
        """The same, but each ends where the mark begins or the part ends: what begins with the mark is never cut."""
        rest = b""
        for piece in self.pieces(part):
            text = rest + piece
            at = max(text.rfind(mark), 0)
            if at:
                yield text[:at]
            rest = text[at:]
            if len(rest) > _LONGEST_PIECE:
                raise TooBig(part)
        yield rest

    def read(self, part: str, most: int = _MOST_BYTES) -> bytes:
        """A part's content, unless that would take much memory: then it raises TooBig."""
        if part in self and self.infos[part_name(part)].file_size > most:
            raise TooBig(f"{part} holds more than {most >> 20} MB")
        return b"".join(self.pieces(part))

    def part(self, name: str, keep: Callable[[Element, Element], bool] = lambda *_: True) -> Part:
        """A part's elements, to be patched. Raises UnsupportedPart, too."""
        part = Part(name, self.read(name), keep)
        self.allowance.take(part.seen)
        return part

    def parse(
        self,
        part: str,
        root: str | None,
        start: Start | None,
        end: End | None = None,
        text: Callable[[str], object] | None = None,
        pieces: Pieces | None = None,
    ) -> None:
        """Feed a part through expat. Element names arrive as ``namespace local``; a DTD is refused.

        ``root`` is what the first element must be: a part in another namespace would seem to be empty.
        Of ``pieces``, expat gets only those that are not plain.
        """

        root, start, end = self.in_its_dialect(root, start, end)

        def first(tag: str, attributes: dict[str, str]) -> None:
            if tag != root:
                raise DamagedPackage(f"{part} is something else")
            parser.StartElementHandler = start
            if start:
                start(tag, attributes)

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = start if root is None else first
        parser.EndElementHandler, parser.CharacterDataHandler = end, text
        parser.StartDoctypeDeclHandler = _refuse_dtd
        try:
            feed(parser, self.pieces(part), pieces)
        except (TooBig, DamagedPackage):
            raise
        except BROKEN as error:
            raise DamagedPackage(f"{part} cannot be read") from error

    def in_its_dialect(self, root: str | None, start: Start | None, end: End | None) -> Handlers:
        """What a part is read with where the package writes other namespaces for the same elements."""
        return root, start, end

    def relations(self, part: str) -> Mapping[str, Relation]:
        """Relationship id → what it leads to, of one part ("" for the package); external targets are left out."""
        if part in self._relations:
            return self._relations[part]
        found: dict[str, Relation] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{PACKAGE_RELATIONSHIPS} Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                target = posixpath.normpath(posixpath.join("/" + posixpath.dirname(part), target)).lstrip("/")
                found[attributes.get("Id", "")] = Relation(attributes.get("Type", ""), target)
                if len(found) > _MOST_RELATIONS:
                    raise TooBig(f"{rels_of(part)} has more than {_MOST_RELATIONS:,} relations")

        if rels_of(part) in self:
            self.parse(rels_of(part), f"{PACKAGE_RELATIONSHIPS} Relationships", start)
        return self._relations.setdefault(part, found)

    def related(self, part: str, type_: str) -> list[str]:
        """The parts that another part points to by relationships of this type."""
        return [each.target for each in self.relations(part).values() if each.type == type_]


def opened_zip(content: bytes) -> zipfile.ZipFile:
    """The directory of a zip in memory. Raises TooBig, DamagedPackage."""
    if content.count(b"PK\1\2") > _MOST_RECORDS:
        raise TooBig(f"more than {_MOST_RECORDS:,} parts")
    try:
        return zipfile.ZipFile(BytesIO(content))
    except BROKEN as error:
        raise DamagedPackage("the file ends too early") from error


def part_name(name: str) -> str:
    """The one name of a part, however it is written."""
    return name.replace("\\", "/").lstrip("/").lower()


def rels_of(part: str) -> str:
    """The name of the part with another part's relationships; "" stands for the package."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _refuse_dtd(*_: object) -> None:
    raise DamagedPackage("it declares a document type")
