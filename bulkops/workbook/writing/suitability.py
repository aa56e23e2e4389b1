"""A workbook's package, looked at before anything is grafted into it: what it is made of, and what forbids the graft.

Every refusal is a CannotGraft with its code in the catalogue: what Excel would repair, drop or refuse.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager

from bulkops.workbook.allowance import Allowance, TooBig
from bulkops.workbook.results_layout import MARK, Layout
from bulkops.workbook.writing.previous_results import OwnSheet, as_written, untouched
from bulkops.workbook.writing.relations import read_part, read_small, related, related_by_id, rels_of
from bulkops.workbook.writing.repack import Archive, OddArchive
from bulkops.workbook.writing.styles import StylesFull, StyleTable
from bulkops.workbook.xml_patch import Element, OddPart

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_DIALECTS = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
    "http://purl.oclc.org/ooxml/spreadsheetml/main": "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
"""Namespace of a workbook → namespace of its relationships; the second pair is Strict Open XML."""
_SPREADSHEET, _EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml", "application/vnd.ms-excel"
_PLAIN_BOOK = f"{_SPREADSHEET}.sheet.main+xml"
_BOOKS = (
    _PLAIN_BOOK,
    f"{_SPREADSHEET}.template.main+xml",
    f"{_EXCEL}.sheet.macroEnabled.main+xml",
    f"{_EXCEL}.template.macroEnabled.main+xml",
)
_REFERENCE = re.compile(r"=?\$?('(?:[^']|'')+'|[^'!]+)!")
_TRUE = ("1", "true")
_OUR_NAMES = ("_bulkops.", "_xlnm.")
"""How the workbook names begin that are looked for or written."""
_NUMBER_FORMAT, _CELL_STYLE, _COLUMN_STYLE = (
    re.compile(rb"%b\s*=\s*[\"']([0-9]{1,9})[\"']" % name) for name in (b"numFmtId", b" s", b" style")
)
_LONGEST_NUMBER, _MOST_NUMBERS = 40, 2**17
"""Letters round a number; what no style or format of Excel's is numbered."""


class CannotGraft(Exception):
    """The content is not one that a sheet can be grafted into; ``code`` is the reason's in the catalogue."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


class Inspected:
    """A workbook's package whose parts are what they should be. Raises CannotGraft if they are not."""

    def __init__(self, content: bytes, sound: bool = False, allowance: Allowance | None = None) -> None:
        """``sound``: the parts that no graft changes are known to be good, and need not be gone through.
        ``allowance``: of several files together."""
        if not content.startswith(b"PK"):
            raise CannotGraft("graft.format")
        self._cell_styles: set[int] = set()
        self._number_formats: set[int] = set()
        with refusals():
            self.archive = Archive(content, allowance)
            self._look()
            for part in () if sound else self.archive:
                self._go_through(part)

    def _go_through(self, part: str) -> None:
        """See to a part's check sum, and which styles and number formats it names. Raises OddArchive."""
        is_sheet, rest = part in self._sheet_parts, b""
        for piece in self.archive.pieces(part):
            text = rest + piece
            if b"numFmtId" in text:
                self._number_formats |= _numbers(_NUMBER_FORMAT, text)
            if is_sheet:
                self._cell_styles |= _numbers(_CELL_STYLE, text) | _numbers(_COLUMN_STYLE, text)
            # A number may begin in one piece and end in the next.
            rest = text[-_LONGEST_NUMBER:]

    def _look(self) -> None:
        if "mimetype" in self.archive:
            raise CannotGraft("graft.format")
        package = related(self.archive, "")
        signatures = [kind for kind, _ in package if "digital-signature" in kind]
        if signatures or any(name.startswith("_xmlsignatures/") for name in self.archive):
            raise CannotGraft("graft.signed")
        mains = [target for kind, target in package if kind.endswith("/officeDocument")]
        if len(mains) != 1 or mains[0] not in self.archive:
            raise OddPart("it does not name one workbook")
        self.types = read_part(self.archive, "[Content_Types].xml")
        self.book = read_part(self.archive, mains[0], _counts)
        self.rels = read_part(self.archive, rels_of(self.book.name))
        self.namespace = self.book.root.tag.removesuffix(" workbook")
        if self.types.root.tag != f"{_TYPES} Types" or self.namespace not in _DIALECTS:
            raise OddPart("it is not written in the language of a workbook")
        if self.rels.root.tag != f"{_PACKAGE} Relationships":
            raise OddPart(f"{self.rels.name} is something else")
        self.relations = _DIALECTS[self.namespace]
        self._kind = _content_type(self.types.root, self.book.name)
        if self._kind not in _BOOKS:
            raise OddPart(f"it calls itself {self._kind or 'nothing'}")
        self._parts = related(self.archive, self.book.name)
        self._refuse_parts(self._parts)
        self._sheet_parts = {target.lower() for kind, target in self._parts if kind.lower().endswith("sheet")}
        sheets = self.book.root.child("sheets")
        if sheets is None or any(each.tag != f"{self.namespace} sheet" for each in sheets.children):
            raise OddPart("its list of sheets holds something else")
        self.sheets: Element = sheets
        if any(_wraps(each) for each in self.book.root.children if each.local == "AlternateContent"):
            raise OddPart("its list of sheets or names is written twice")
        self.names = self.book.root.child("definedNames")
        self.styles = self._style_part()
        """The name of the part with the style table; "" if there is none."""
        self.own = self._own_sheet()

    def _refuse_parts(self, parts: list[tuple[str, str]]) -> None:
        if {kind.rpartition("/")[2] for kind, _ in parts} & {"revisionHeaders", "usernames"}:
            raise CannotGraft("graft.shared")
        for kind, target in parts:
            if kind.endswith("/vbaProject") and any("Signature" in each for each, _ in related(self.archive, target)):
                raise CannotGraft("graft.signed_macros")

    def _style_part(self) -> str:
        found = [target for kind, target in self._parts if kind == f"{self.relations}/styles"]
        if len(found) > 1:
            raise OddPart("it has two style tables")
        return found[0] if found else ""

    def style_table(self) -> StyleTable:
        """The style table; where there is none, the least there can be. Raises OddPart, OddArchive."""
        if self.styles:
            name, content = self.styles, read_small(self.archive, self.styles)
        else:
            # openpyxl looks for it under this name only.
            name = posixpath.join(posixpath.dirname(self.book.name), "styles.xml")
            normal = '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            content = f'<styleSheet xmlns="{self.namespace}">{normal}</styleSheet>'.encode()
        table = StyleTable(name, content, self.namespace, self._cell_styles, self._number_formats)
        self.archive.allowance.take(table.part.seen)
        return table

    def _own_sheet(self) -> OwnSheet | None:
        for name in self.names.children if self.names is not None else ():
            if name.attributes.get("name", "").lower() == MARK and "localSheetId" not in name.attributes:
                found = _REFERENCE.match(name.text.strip())
                meant = found[1].strip("'").replace("''", "'").casefold() if found else ""
                for index, sheet in enumerate(self.sheets.children):
                    if sheet.attributes.get("name", "").casefold() == meant:
                        return self._own(index, sheet)
        return None

    def _own(self, index: int, sheet: Element) -> OwnSheet | None:
        id_ = sheet.attributes.get(f"{self.relations} id", "")
        kind, part = related_by_id(self.archive, self.book.name).get(id_, ("", ""))
        if kind != f"{self.relations}/worksheet":
            return None
        if part not in self.archive:
            raise OddPart(f"{part} is missing")
        return OwnSheet(index, sheet.attributes["name"], part)

    def untouched(self, sheet: OwnSheet) -> bool:
        """Does it hold nothing but results, so that it may be replaced? Raises CannotGraft."""
        with refusals():
            return untouched(self.archive, self.book.name, sheet)

    def as_written(self, sheet: OwnSheet) -> Layout | None:
        """Its layout, if no other program has saved the workbook since its results were put there."""
        return as_written(self.archive, sheet)

    @property
    def for_xlsx(self) -> bool:
        """Excel opens it under the name of a plain workbook: it has no macros and is no template."""
        return self._kind == _PLAIN_BOOK

    @property
    def sheet_names(self) -> list[str]:
        """The names of all sheets, in the workbook's order."""
        return [sheet.attributes.get("name", "") for sheet in self.sheets.children]

    @property
    def since_1904(self) -> bool:
        """Its dates count from 1904."""
        return self._says("workbookPr", "date1904")

    def has_name(self, name: str) -> bool:
        """Is there a workbook name like that?"""
        names = self.names.children if self.names is not None else ()
        return any(each.attributes.get("name", "").lower() == name for each in names)

    def advice(self) -> str:
        """The catalogue's code of why a copy is better than to replace the workbook itself; "" for nothing.

        Raises CannotGraft.
        """
        if self._says("workbookProtection", "lockStructure"):
            return "place.locked"
        if self._says("fileSharing", "readOnlyRecommended"):
            return "place.read_only_recommended"
        sharing = self.book.root.child("fileSharing")
        if sharing is not None and sharing.attributes.keys() & {"reservationPassword", "hashValue"}:
            return "place.reserved"
        with refusals():
            return "place.final" if _marked_final(self.archive) else ""

    def _says(self, element: str, attribute: str) -> bool:
        found = self.book.root.child(element)
        return found is not None and found.attributes.get(attribute) in _TRUE


@contextmanager
def refusals() -> Iterator[None]:
    """What is found odd, damaged or too big, as the refusal that it is."""
    try:
        yield
    except OddArchive as error:
        raise CannotGraft("graft.damaged", str(error)) from error
    except StylesFull as error:
        raise CannotGraft("graft.styles_full") from error
    except TooBig as error:
        raise CannotGraft("graft.too_big", str(error)) from error
    except (OddPart, ValueError) as error:
        raise CannotGraft("graft.odd", str(error)) from error


def _counts(_: Element, each: Element) -> bool:
    """Is it anything but one of the operator's own names, of which there can be many?"""
    return each.local != "definedName" or each.attributes.get("name", "").lower().startswith(_OUR_NAMES)


def _numbers(pattern: re.Pattern[bytes], text: bytes) -> set[int]:
    return {number for each in set(pattern.findall(text)) if (number := int(each)) < _MOST_NUMBERS}


def _wraps(element: Element) -> bool:
    """Does it hold, at any depth, what we add to?"""
    return any(each.local in ("sheets", "definedNames", "bookViews") or _wraps(each) for each in element.children)


def _content_type(types: Element, part: str) -> str:
    ending = part.rpartition(".")[2].lower()
    found = ""
    for each in types.children:
        if each.local == "Override" and each.attributes.get("PartName", "").lower() == f"/{part}".lower():
            return each.attributes.get("ContentType", "")
        if each.local == "Default" and each.attributes.get("Extension", "").lower() == ending:
            found = each.attributes.get("ContentType", "")
    return found


def _marked_final(archive: Archive) -> bool:
    for kind, target in related(archive, ""):
        if kind.endswith("/custom-properties") and target in archive:
            for each in read_part(archive, target).root.children:
                if each.attributes.get("name") == "_MarkAsFinal":
                    return any(child.text.strip() in _TRUE for child in each.children)
    return False
