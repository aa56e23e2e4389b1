"""A workbook's package, looked at before anything is grafted into it: what it is made of, and what forbids the graft.

Every refusal is a CannotGraft with its code in the catalogue: what Excel would repair, drop or refuse.
"""

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager

from bulkops.workbook.allowance import Allowance, TooBig
from bulkops.workbook.package import (
    CONTENT_TYPES,
    DIALECTS,
    PACKAGE_RELATIONSHIPS,
    SPREADSHEET,
    DamagedPackage,
    Package,
    rels_of,
)
from bulkops.workbook.results_layout import MARK, Layout
from bulkops.workbook.writing.previous_results import OwnSheet, as_written, untouched
from bulkops.workbook.writing.repack import see_to_repacking
from bulkops.workbook.writing.styles import StylesFull, StyleTable
from bulkops.workbook.xml_patch import Element, UnsupportedPart

_EXCEL = "application/vnd.ms-excel"
_PLAIN_BOOK = f"{SPREADSHEET}.sheet.main+xml"
_BOOKS = (
    _PLAIN_BOOK,
    f"{SPREADSHEET}.template.main+xml",
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
            self.package = Package(content, allowance)
            see_to_repacking(self.package)
            self._look()
            for part in () if sound else self.package:
                self._go_through(part)

    def _go_through(self, part: str) -> None:
        """See to a part's check sum, and which styles and number formats it names. Raises DamagedPackage."""
        is_sheet, rest = part in self._sheet_parts, b""
        for piece in self.package.pieces(part):
            text = rest + piece
            if b"numFmtId" in text:
                self._number_formats |= _numbers(_NUMBER_FORMAT, text)
            if is_sheet:
                self._cell_styles |= _numbers(_CELL_STYLE, text) | _numbers(_COLUMN_STYLE, text)
            # A number may begin in one piece and end in the next.
            rest = text[-_LONGEST_NUMBER:]

    def _look(self) -> None:
        if "mimetype" in self.package:
            raise CannotGraft("graft.format")
        package = self.package.relations("").values()
        signed = any("digital-signature" in each.type for each in package)
        if signed or any(name.startswith("_xmlsignatures/") for name in self.package):
            raise CannotGraft("graft.signed")
        mains = [each.target for each in package if each.kind == "officeDocument"]
        if len(mains) != 1 or mains[0] not in self.package:
            raise UnsupportedPart("it does not name one workbook")
        self.types = self.package.part("[Content_Types].xml")
        self.book = self.package.part(mains[0], _counts)
        self.rels = self.package.part(rels_of(self.book.name))
        self.namespace = self.book.root.tag.removesuffix(" workbook")
        if self.types.root.tag != f"{CONTENT_TYPES} Types" or self.namespace not in DIALECTS:
            raise UnsupportedPart("it is not written in the language of a workbook")
        if self.rels.root.tag != f"{PACKAGE_RELATIONSHIPS} Relationships":
            raise UnsupportedPart(f"{self.rels.name} is something else")
        self.relations = DIALECTS[self.namespace]
        self._kind = _content_type(self.types.root, self.book.name)
        if self._kind not in _BOOKS:
            raise UnsupportedPart(f"it calls itself {self._kind or 'nothing'}")
        self._parts = self.package.relations(self.book.name)
        self._refuse_parts()
        self._sheet_parts = {
            each.target.lower() for each in self._parts.values() if each.kind.lower().endswith("sheet")
        }
        sheets = self.book.root.child("sheets")
        if sheets is None or any(each.tag != f"{self.namespace} sheet" for each in sheets.children):
            raise UnsupportedPart("its list of sheets holds something else")
        self.sheets: Element = sheets
        if any(_wraps(each) for each in self.book.root.children if each.local == "AlternateContent"):
            raise UnsupportedPart("its list of sheets or names is written twice")
        self.names = self.book.root.child("definedNames")
        self.styles = self._style_part()
        """The name of the part with the style table; "" if there is none."""
        self.own = self._own_sheet()

    def _refuse_parts(self) -> None:
        for each in self._parts.values():
            if each.kind in ("revisionHeaders", "usernames"):
                raise CannotGraft("graft.shared")
            macros = self.package.relations(each.target).values() if each.kind == "vbaProject" else ()
            if any("Signature" in relation.type for relation in macros):
                raise CannotGraft("graft.signed_macros")

    def _style_part(self) -> str:
        found = self.package.related(self.book.name, f"{self.relations}/styles")
        if len(found) > 1:
            raise UnsupportedPart("it has two style tables")
        return found[0] if found else ""

    def style_table(self) -> StyleTable:
        """The style table; where there is none, the least there can be. Raises UnsupportedPart, DamagedPackage."""
        if self.styles:
            name, content = self.styles, self.package.read(self.styles)
        else:
            # openpyxl looks for it under this name only.
            name = posixpath.join(posixpath.dirname(self.book.name), "styles.xml")
            normal = '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            content = f'<styleSheet xmlns="{self.namespace}">{normal}</styleSheet>'.encode()
        table = StyleTable(name, content, self.namespace, self._cell_styles, self._number_formats)
        self.package.allowance.take(table.part.seen)
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
        relation = self._parts.get(id_)
        if relation is None or relation.type != f"{self.relations}/worksheet":
            return None
        if relation.target not in self.package:
            raise UnsupportedPart(f"{relation.target} is missing")
        return OwnSheet(index, sheet.attributes["name"], relation.target)

    def untouched(self, sheet: OwnSheet) -> bool:
        """Does it hold nothing but results, so that it may be replaced? Raises CannotGraft."""
        with refusals():
            return untouched(self.package, self.book.name, sheet)

    def as_written(self, sheet: OwnSheet) -> Layout | None:
        """Its layout, if no other program has saved the workbook since its results were put there."""
        return as_written(self.package, sheet)

    @property
    def for_xlsx(self) -> bool:
        """Excel opens it under the name of a plain workbook: it has no macros and is no template."""
        return self._kind == _PLAIN_BOOK

    @property
    def sheet_names(self) -> list[str]:
        """The names of all sheets, in the workbook's order."""
        return [sheet.attributes.get("name", "") for sheet in self.sheets.children]

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
            return "place.final" if _marked_final(self.package) else ""

    def _says(self, element: str, attribute: str) -> bool:
        found = self.book.root.child(element)
        return found is not None and found.attributes.get(attribute) in _TRUE


@contextmanager
def refusals() -> Iterator[None]:
    """What is found odd, damaged or too big, as the refusal that it is."""
    try:
        yield
    except DamagedPackage as error:
        raise CannotGraft("graft.damaged", str(error)) from error
    except StylesFull as error:
        raise CannotGraft("graft.styles_full") from error
    except TooBig as error:
        raise CannotGraft("graft.too_big", str(error)) from error
    except (UnsupportedPart, ValueError) as error:
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


def _marked_final(package: Package) -> bool:
    for each in package.relations("").values():
        if each.kind == "custom-properties" and each.target in package:
            for property_ in package.part(each.target).root.children:
                if property_.attributes.get("name") == "_MarkAsFinal":
                    return any(child.text.strip() in _TRUE for child in property_.children)
    return False
