"""What sort of file is this, and where in it are the sheets?

A workbook is read into memory once; its hash, its sheets and everything said about
it come from those bytes. Anything that is not an .xlsx or .xlsm is refused in one
plain sentence (product.md section 1, reliability B1 and B3).
"""

from __future__ import annotations

import codecs
import hashlib
import posixpath
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from xml.parsers import expat

from bulkops.errors import CannotStart

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
"""The namespace of everything in a sheet; element names arrive as ``MAIN local``."""
_STRICT = "http://purl.oclc.org/ooxml/"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLD_BOOKS = ("Workbook\0".encode("utf-16-le"), "Book\0".encode("utf-16-le"))
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OTHER_SHEETS = {"chartsheet", "dialogsheet", "xlMacrosheet", "xlIntlMacrosheet"}
_MAX_FILE = 200 * 2**20
_MAX_UNPACKED = 2**29
_TEXT_SAMPLE = 4096
_BROKEN = (
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ArithmeticError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What zipfile, zlib, expat and the handlers of a part raise over a damaged one."""


class Package:
    """An .xlsx or .xlsm held in memory: its bytes' hash and its parts.

    Raises CannotStart with a ``workbook.*`` code for anything else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _content(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._zip = _opened(path, content)
        if sum(info.file_size for info in self._zip.infolist()) > _MAX_UNPACKED:
            raise CannotStart("workbook.too_big", path=path.name)
        self._names: dict[str, str] = {}
        for name in self._zip.namelist():
            part = name.replace("\\", "/").lstrip("/").lower()
            if part in self._names:
                # Programs differ in which of the two they show.
                raise self.damaged(f"two parts are called {part}")
            self._names[part] = name
        self.main = self._main_part()

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._names

    def parse(
        self,
        part: str,
        root: str | None,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Feed one part through expat. Element names arrive as ``namespace local``; a DTD is refused.

        ``root`` is what the first element must be: a part in another namespace would seem to be empty.
        """

        def first(tag: str, attributes: dict[str, str]) -> None:
            if root is not None and tag != root:
                raise self._strict() if tag.startswith(_STRICT) else self.damaged(part)
            parser.StartElementHandler = start
            start(tag, attributes)

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = first
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        try:
            with self._zip.open(self._names[part.lower()]) as stream:
                while chunk := stream.read(1 << 18):
                    parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except _BROKEN as error:
            raise self.damaged(part) from error

    def relations(self, part: str) -> Mapping[str, tuple[str, str]]:
        """Relationship id → (type, target part) of one part; external targets are left out."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{_PACKAGE_RELS} Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                target = posixpath.normpath(posixpath.join("/" + folder, target))
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), target.lstrip("/"))

        if rels in self:
            self.parse(rels, f"{_PACKAGE_RELS} Relationships", start)
        return found

    def related(self, part: str, kind: str) -> str | None:
        """The one part of a kind (``styles``, ``sharedStrings``) that another part points to."""
        for type_, target in self.relations(part).values():
            if type_ == f"{_RELS}/{kind}":
                return target
        return None

    def sheets(self) -> list[tuple[str, bool, str]]:
        """(name, hidden, part) of each worksheet in workbook order; charts and dialogs hold no rows."""
        relations = self.relations(self.main)
        sheets: list[tuple[str, bool, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag != f"{MAIN} sheet":
                return
            name = attributes.get("name", "")
            type_, target = relations.get(attributes.get(f"{_RELS} id", ""), ("", ""))
            if type_ == f"{_RELS}/worksheet":
                sheets.append((name, attributes.get("state", "visible") != "visible", target))
            elif type_.startswith(_STRICT):
                raise self._strict()
            elif type_.rpartition("/")[2] not in _OTHER_SHEETS:
                raise self.damaged(f"the sheet {name}")

        self.parse(self.main, f"{MAIN} workbook", start)
        parts = [part.lower() for _, _, part in sheets]
        for part in parts:
            if part not in self or parts.count(part) > 1:
                raise self.damaged(part)
        return sheets

    def recalculates(self) -> bool:
        """Does the file ask Excel to calculate every formula anew when it opens it?"""
        found: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{MAIN} calcPr":
                found.append(attributes.get("fullCalcOnLoad", "0"))

        self.parse(self.main, f"{MAIN} workbook", start)
        return any(value in ("1", "true") for value in found)

    def damaged(self, detail: str) -> CannotStart:
        """The refusal for a part that cannot be read."""
        return CannotStart("workbook.damaged", path=self.path.name, detail=detail)

    def _strict(self) -> CannotStart:
        return CannotStart("workbook.strict", path=self.path.name)

    def _main_part(self) -> str:
        """The workbook part, after making sure that this is a workbook we can read."""
        name = self.path.name
        if "mimetype" in self and "content.xml" in self:
            raise CannotStart("workbook.ods", path=name)
        main = None
        for type_, target in self.relations("").values():
            if type_.startswith(_STRICT) and type_.endswith("/officeDocument"):
                raise self._strict()
            if type_ == f"{_RELS}/officeDocument":
                main = target
        if main is None or main not in self:
            raise CannotStart("workbook.not_excel", path=name)
        if main.lower().endswith(".bin"):
            raise CannotStart("workbook.xlsb", path=name)
        root: list[str] = []
        self.parse(main, None, lambda tag, _: root.append(tag) if not root else None)
        if root[0].startswith(_STRICT):
            raise self._strict()
        if root[0] != f"{MAIN} workbook":
            raise CannotStart("workbook.not_excel", path=name)
        return main

    def _refuse_dtd(self, *_: object) -> None:
        raise self.damaged("it declares a document type")


def _content(path: Path) -> bytes:
    if path.name.startswith("~$"):
        raise CannotStart("workbook.owner_file", path=path.name)
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise CannotStart("workbook.folder", path=str(path))
        if not stat.S_ISREG(facts.st_mode):
            # A device or a pipe may never end.
            raise CannotStart("workbook.no_access", path=str(path))
        if facts.st_size > _MAX_FILE:
            raise CannotStart("workbook.too_big", path=path.name)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CannotStart("workbook.missing", path=str(path)) from error
    except (OSError, ValueError) as error:
        raise CannotStart("workbook.no_access", path=str(path)) from error


def _opened(path: Path, content: bytes) -> zipfile.ZipFile:
    name = path.name
    if not content:
        raise CannotStart("workbook.empty", path=name)
    if content.startswith(_OLE):
        raise CannotStart(_ole_code(content), path=name)
    if not content.startswith(_ZIP):
        raise CannotStart(_text_code(path, content[:_TEXT_SAMPLE]), path=name)
    try:
        archive = zipfile.ZipFile(BytesIO(content))
    except _BROKEN as error:
        raise CannotStart("workbook.damaged", path=name, detail="the file ends too early") from error
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise CannotStart("workbook.encrypted", path=name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CannotStart("workbook.damaged", path=name, detail="it is packed in another way than Excel's")
    return archive


def _ole_code(content: bytes) -> str:
    """Old Excel files and encrypted new ones share a container with old Word files and mail messages."""
    if _ENCRYPTED in content:
        return "workbook.encrypted"
    return "workbook.xls" if any(book in content for book in _OLD_BOOKS) else "workbook.not_excel"


def _text_code(path: Path, sample: bytes) -> str:
    """Name what a file that is neither a zip nor an OLE container seems to be."""
    for encoding in ("utf-16" if sample[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252"):
        try:
            # A decoder that may be fed more: the sample can end within a character.
            text = codecs.getincrementaldecoder(encoding)().decode(sample).lstrip()
            break
        except UnicodeDecodeError:
            continue
    else:
        return "workbook.not_excel"
    if not text or text.startswith(("%PDF", "{\\rtf")) or any(char < " " and char not in "\t\n\r\f" for char in text):
        return "workbook.not_excel"
    if text.startswith("<"):
        return "workbook.html"
    looks_separated = path.suffix.lower() in (".csv", ".tsv", ".txt") or any(mark in text for mark in ",;\t")
    return "workbook.csv" if looks_separated else "workbook.not_excel"
