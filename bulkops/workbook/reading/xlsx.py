"""The parts of a workbook: what each holds, how they point to each other, where the sheets are.

A workbook is read into memory once; its hash, its sheets and everything said about
it come from those bytes.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from bulkops.messages.errors import CannotStart
from bulkops.workbook.allowance import MOST_UNPACKED, Allowance, Tags, TooBig, let_go
from bulkops.workbook.reading.file_content import BROKEN, opened
from bulkops.workbook.reading.file_types import zip_kind
from bulkops.workbook.reading.plain import Pieces, Shortcut
from bulkops.workbook.sheets import MAX_CELLS

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
"""The namespace of everything in a sheet; element names arrive as ``MAIN local``."""
_STRICT = "http://purl.oclc.org/ooxml/"
_STRICT_MAIN, _STRICT_RELS = f"{_STRICT}spreadsheetml/main", f"{_STRICT}officeDocument/relationships"
"""“Strict Open XML”: the same elements and attributes under other addresses."""
_OUR_KINDS = {"officeDocument", "worksheet", "styles", "sharedStrings"}
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ID, TABLE = f"{_RELS} id", f"{_RELS}/table"
"""The attribute that points to another part, and what a table is to its sheet."""
_PACKAGE_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OTHER_SHEETS = {"chartsheet", "dialogsheet", "xlMacrosheet", "xlIntlMacrosheet"}
_MAX_PARTS = 20_000


class Calculation(NamedTuple):
    """What an .xlsx says of its formulas' results."""

    on_load: bool
    """It asks Excel to calculate every formula anew when it opens the file."""
    outdated: bool
    """That, or they were not calculated since something was changed, or may not have been."""
    sure: bool
    """It shows that they were calculated, and when: the mark of the Excel that did."""


class Package:
    """An .xlsx or .xlsm held in memory: its bytes' hash and its parts.

    Raises CannotStart with a ``workbook.*`` code for anything else.
    """

    def __init__(self, path: Path, content: bytes, allowance: Allowance | None = None) -> None:
        self.path = path
        # Some of its parts are read many times.
        self._allowance = allowance or Allowance(MAX_CELLS, 4 * MOST_UNPACKED)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._zip = opened(path, content)
        parts = self._zip.infolist()
        if len(parts) > _MAX_PARTS or sum(info.file_size for info in parts) > MOST_UNPACKED:
            raise self.too_big()
        self._names: dict[str, str] = {}
        for name in self._zip.namelist():
            part = name.replace("\\", "/").lstrip("/").lower()
            if part in self._names:
                # Programs differ in which of the two they show.
                raise self.damaged(f"two parts are called {part[:60]}")
            if ".." in part.split("/"):
                raise self.damaged(f"a part is called {part[:60]}")
            self._names[part] = name
        self.strict = False
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
        pieces: Pieces | None = None,
    ) -> None:
        """Feed one part through expat. Element names arrive as ``namespace local``; a DTD is refused.

        ``root`` is what the first element must be: a part in another namespace would seem to be empty.
        Of ``pieces``, expat gets only those that are not plain.
        """

        if self.strict and root is not None and root.startswith(MAIN):
            root, start, end = root.replace(MAIN, _STRICT_MAIN), *_translated(start, end)

        def first(tag: str, attributes: dict[str, str]) -> None:
            if root is not None and tag != root:
                raise self.damaged(part)
            parser.StartElementHandler = start
            start(tag, attributes)

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = first
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        shortcut = Shortcut(parser, pieces) if pieces else None
        tags = Tags(parser)
        try:
            with self._zip.open(self._names[part.lower()]) as stream:
                while chunk := stream.read(1 << 18):
                    self._allowance.unpack(len(chunk))
                    if shortcut:
                        shortcut.feed(chunk)
                    else:
                        parser.Parse(chunk, False)
                    if shortcut is None or shortcut.over:
                        tags.look(len(chunk))
            if shortcut:
                shortcut.close()
            else:
                parser.Parse(b"", True)
        except TooBig as error:
            raise self.too_big() from error
        except BROKEN as error:
            raise self.damaged(part) from error
        finally:
            let_go(parser)

    def take(self, cells: int = 0) -> None:
        """Count cells, or what is as much work: a small file can hold more of them than memory does."""
        try:
            self._allowance.take(cells)
        except TooBig as error:
            raise self.too_big() from error

    def relations(self, part: str) -> Mapping[str, tuple[str, str]]:
        """Relationship id → (type, target part) of one part; external targets are left out."""
        found: dict[str, tuple[str, str]] = {}
        for id_, (address, kind, target) in self._relations(part).items():
            if kind in _OUR_KINDS and address != (_STRICT_RELS if self.strict else _RELS):
                raise self.damaged(f"{part} points to {target} in an unknown way")
            found[id_] = (f"{_RELS if address == _STRICT_RELS else address}/{kind}", target)
        return found

    def _relations(self, part: str) -> dict[str, tuple[str, str, str]]:
        """The same, each type in two: its address and its kind."""
        folder, rels = posixpath.dirname(part), _rels_of(part)
        found: dict[str, tuple[str, str, str]] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{_PACKAGE_RELS} Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                target = posixpath.normpath(posixpath.join("/" + folder, target))
                address, _, kind = attributes.get("Type", "").rpartition("/")
                found[attributes.get("Id", "")] = (address, kind, target.lstrip("/"))

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
        """(name, hidden, part) of each worksheet in workbook order. Charts, dialogs and a module of Excel 95, which has
        no part, hold no rows."""
        relations = self.relations(self.main)
        sheets: list[tuple[str, bool, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag != f"{MAIN} sheet":
                return
            name = attributes.get("name", "")
            type_, target = relations.get(attributes.get(ID, ""), ("", ""))
            if type_ == f"{_RELS}/worksheet":
                sheets.append((name, attributes.get("state", "visible") != "visible", target))
            elif type_.rpartition("/")[2] not in _OTHER_SHEETS and any(map(attributes.get, _ids(attributes))):
                raise self.damaged(f"the sheet {name}")

        self.parse(self.main, f"{MAIN} workbook", start)
        for part, count in Counter(part.lower() for _, _, part in sheets).items():
            if part not in self or count > 1:
                raise self.damaged(part)
        return sheets

    def names(self) -> list[tuple[str, bool, str]]:
        """(name in lower case, of one sheet only, what it stands for) of each name of the workbook."""
        found: list[tuple[str, bool, list[str]]] = []
        inside = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            inside = tag == f"{MAIN} definedName"
            if inside:
                found.append((attributes.get("name", "").lower(), "localSheetId" in attributes, []))

        def end(_: str) -> None:
            nonlocal inside
            inside = False

        def text(data: str) -> None:
            if inside:
                found[-1][2].append(data)

        self.parse(self.main, f"{MAIN} workbook", start, end, text)
        return [(name, local, "".join(pieces)) for name, local, pieces in found]

    def sheet_called(self, name: str) -> str | None:
        """The name of the sheet to whose cell a name of the workbook points (``'My sheet'!$A$1``)."""
        # A name of one sheet only is a copy: Excel makes it together with a copy of the sheet.
        found = "".join(text for each, local, text in self.names() if each == name and not local)
        sheet, mark, _ = found.strip().rpartition("!")
        if sheet.startswith("'") and sheet.endswith("'"):
            sheet = sheet[1:-1].replace("''", "'")
        return sheet if mark else None

    def identity(self, results: Iterable[str]) -> str:
        """A hash that stays the same when results are grafted into the workbook.

        It covers every part's name, checksum and size but those that a graft writes: the list of content types, the
        workbook part, its relationships, the styles, and the parts of the results themselves.
        """
        written = {"[content_types].xml", self.main.lower(), _rels_of(self.main).lower()}
        written.update(part.lower() for part in (self.related(self.main, "styles"), *results) if part is not None)
        parts = sorted(
            f"{part}\n{info.CRC:08x}\n{info.file_size}\n"
            for part, info in ((part, self._zip.getinfo(name)) for part, name in self._names.items())
            if part not in written and not part.endswith("/")
        )
        return hashlib.sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def calculation(self) -> Calculation:
        """What the file says of its formulas' results."""
        found: dict[str, str] = {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{MAIN} calcPr":
                found.update(attributes)

        self.parse(self.main, f"{MAIN} workbook", start)
        true, false = ("1", "true"), ("0", "false")
        on_load = found.get("fullCalcOnLoad") in true
        by_hand = found.get("calcMode") == "manual" and found.get("calcOnSave") in false
        outdated = on_load or by_hand or found.get("calcCompleted") in false
        return Calculation(on_load, outdated, "calcId" in found and not outdated)

    def since_1904(self) -> bool:
        """Are its dates counted from 1904?"""
        found: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == f"{MAIN} workbookPr":
                found.append(attributes.get("date1904", "0"))

        self.parse(self.main, f"{MAIN} workbook", start)
        return any(value in ("1", "true") for value in found)

    def too_big(self) -> CannotStart:
        """The refusal for more than its allowance."""
        return CannotStart("workbook.too_big", path=self.path.name)

    def damaged(self, detail: str) -> CannotStart:
        """The refusal for a part that cannot be read."""
        return CannotStart("workbook.damaged", path=self.path.name, detail=detail)

    def _main_part(self) -> str:
        """The workbook part, after making sure that this is a workbook we can read."""
        name = self.path.name
        if "mimetype" in self and ("content.xml" in self or "encrypted-package" in self):
            raise CannotStart("workbook.ods", path=name)
        main = None
        for address, kind, target in self._relations("").values():
            if kind == "officeDocument" and address in (_RELS, _STRICT_RELS):
                main, self.strict = target, address == _STRICT_RELS
        if main is None or main not in self:
            raise CannotStart(zip_kind(self._names), path=name)
        if main.lower().endswith(".bin"):
            raise CannotStart("workbook.xlsb", path=name)
        root: list[str] = []
        self.parse(main, None, lambda tag, _: root.append(tag) if not root else None)
        if root[0] not in (f"{MAIN} workbook", f"{_STRICT_MAIN} workbook"):
            raise CannotStart(zip_kind(self._names), path=name)
        if self.strict != root[0].startswith(_STRICT):
            raise self.damaged(main)
        return main

    def _refuse_dtd(self, *_: object) -> None:
        raise self.damaged("it declares a document type")


def _translated(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None] | None
) -> tuple[Callable[[str, dict[str, str]], None], Callable[[str], None] | None]:
    """Handlers that hear of a part of a strict workbook as if it were of a usual one, and of nothing that is usual."""

    def usual(name: str) -> str:
        address, _, local = name.rpartition(" ")
        known = {_STRICT_MAIN: MAIN, _STRICT_RELS: _RELS, MAIN: _STRICT_MAIN, _RELS: _STRICT_RELS}
        return f"{known.get(address, address)} {local}" if address else local

    def started(tag: str, attributes: dict[str, str]) -> None:
        start(usual(tag), {usual(name): value for name, value in attributes.items()})

    return started, end and (lambda tag: end(usual(tag)))


def _ids(attributes: Iterable[str]) -> list[str]:
    """The attributes that may name a part, in whichever namespace: one in a wrong namespace is damage, not a module."""
    return [name for name in attributes if name.rpartition(" ")[2] == "id"]


def _rels_of(part: str) -> str:
    """Where a part's relationships stand."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
