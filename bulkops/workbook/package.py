"""What sort of file is this, and where in it are the sheets?

A workbook is read into memory once; its hash, its sheets and everything said about
it come from those bytes. Anything that is not an .xlsx or .xlsm is refused in one
plain sentence (product.md section 1, reliability B1 and B3).
"""

from __future__ import annotations

import hashlib
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from xml.parsers import expat

from bulkops.errors import CannotStart

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MAX_FILE = 200 * 2**20
_MAX_UNPACKED = 2 * 2**30
_TEXT_SAMPLE = 4096


class Package:
    """An .xlsx or .xlsm held in memory: its bytes' hash and its parts.

    Raises CannotStart with a ``workbook.*`` code for anything else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _content(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._zip = _opened(path, content)
        self._names = {name.lower(): name for name in self._zip.namelist()}
        if sum(info.file_size for info in self._zip.infolist()) > _MAX_UNPACKED:
            raise CannotStart("workbook.too_big", path=path.name)
        self.main = self._main_part()

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._names

    def parse(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Feed one part through expat. Element names arrive as ``namespace local``; a DTD is refused."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        try:
            with self._zip.open(self._names[part.lower()]) as stream:
                while chunk := stream.read(1 << 18):
                    parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (
            expat.ExpatError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            KeyError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise self.damaged(part) from error

    def relations(self, part: str) -> Mapping[str, tuple[str, str]]:
        """Relationship id → (type, target part) of one part; external targets are left out."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{_PACKAGE_RELS} Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/" + folder, attributes.get("Target", "")))
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), target.lstrip("/"))

        if rels in self:
            self.parse(rels, start)
        return found

    def related(self, part: str, kind: str) -> str | None:
        """The one part of a kind (``styles``, ``sharedStrings``) that another part points to."""
        for type_, target in self.relations(part).values():
            if type_ == f"{_RELS}/{kind}" and target in self:
                return target
        return None

    def sheets(self) -> list[tuple[str, bool, str]]:
        """(name, hidden, part) of each worksheet in workbook order."""
        relations = self.relations(self.main)
        sheets: list[tuple[str, bool, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{_MAIN} sheet":
                type_, target = relations.get(attributes.get(f"{_RELS} id", ""), ("", ""))
                if type_ == f"{_RELS}/worksheet":
                    hidden = attributes.get("state", "visible") != "visible"
                    sheets.append((attributes.get("name", ""), hidden, target))

        self.parse(self.main, start)
        for _, _, part in sheets:
            if part not in self:
                raise self.damaged(part)
        return sheets

    def damaged(self, part: str) -> CannotStart:
        """The refusal for a part that cannot be read."""
        return CannotStart("workbook.damaged", path=self.path.name, detail=part)

    def _main_part(self) -> str:
        """The workbook part, after making sure that this is a workbook we can read."""
        name = self.path.name
        if "mimetype" in self and "content.xml" in self:
            raise CannotStart("workbook.ods", path=name)
        main = None
        for type_, target in self.relations("").values():
            if type_.startswith(_STRICT) and type_.endswith("/officeDocument"):
                raise CannotStart("workbook.strict", path=name)
            if type_ == f"{_RELS}/officeDocument":
                main = target
        if main is None or main not in self:
            raise CannotStart("workbook.not_excel", path=name)
        if main.lower().endswith(".bin"):
            raise CannotStart("workbook.xlsb", path=name)
        root: list[str] = []
        self.parse(main, lambda tag, _: root.append(tag) if not root else None)
        if root[0].startswith(_STRICT):
            raise CannotStart("workbook.strict", path=name)
        if root[0] != f"{_MAIN} workbook":
            raise CannotStart("workbook.not_excel", path=name)
        return main

    def _refuse_dtd(self, *_: object) -> None:
        raise CannotStart("workbook.damaged", path=self.path.name, detail="it declares a document type")


def _content(path: Path) -> bytes:
    if path.name.startswith("~$"):
        raise CannotStart("workbook.owner_file", path=path.name)
    try:
        if path.is_dir():
            raise CannotStart("workbook.folder", path=str(path))
        if path.stat().st_size > _MAX_FILE:
            raise CannotStart("workbook.too_big", path=path.name)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CannotStart("workbook.missing", path=str(path)) from error
    except (OSError, ValueError) as error:
        raise CannotStart("workbook.no_access", path=str(path)) from error


def _opened(path: Path, content: bytes) -> zipfile.ZipFile:
    name = path.name
    if not content:
        raise CannotStart("workbook.empty", path=name)
    if content.startswith(_OLE):
        raise CannotStart("workbook.encrypted" if _ENCRYPTED in content else "workbook.xls", path=name)
    if not content.startswith(b"PK"):
        raise CannotStart(_text_code(path, content[:_TEXT_SAMPLE]), path=name)
    try:
        archive = zipfile.ZipFile(BytesIO(content))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CannotStart("workbook.damaged", path=name, detail="the file ends too early") from error
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise CannotStart("workbook.encrypted", path=name)
    return archive


def _text_code(path: Path, sample: bytes) -> str:
    """Name what a file that is neither a zip nor an OLE container seems to be."""
    for encoding in ("utf-16" if sample[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252"):
        try:
            text = sample.decode(encoding).lstrip()
            break
        except UnicodeDecodeError:
            continue
    else:
        return "workbook.not_excel"
    if "\0" in text:
        return "workbook.not_excel"
    if text.startswith("<"):
        return "workbook.html"
    looks_separated = path.suffix.lower() in (".csv", ".tsv", ".txt") or any(mark in text for mark in ",;\t")
    return "workbook.csv" if looks_separated else "workbook.not_excel"
