"""An .xlsx or .xlsm to be read: which part is the workbook, what it says of its sheets, names and formulas.

A workbook is read into memory once; its hash, its sheets and everything said about it come from those bytes.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bulkops.messages.errors import CannotStart
from bulkops.workbook.allowance import MOST_UNPACKED, Allowance
from bulkops.workbook.package import (
    DIALECTS,
    MAIN,
    RELATIONSHIPS,
    STRICT_MAIN,
    STRICT_RELATIONSHIPS,
    DamagedPackage,
    End,
    Handlers,
    Package,
    Relation,
    Start,
    rels_of,
)
from bulkops.workbook.reading.file_types import refuse_other_files, zip_kind
from bulkops.workbook.sheets import MAX_CELLS

ID, TABLE = f"{RELATIONSHIPS} id", f"{RELATIONSHIPS}/table"
"""The attribute that points to another part, and what a table is to its sheet."""
_OUR_KINDS = {"worksheet", "styles", "sharedStrings"}
_OTHER_SHEETS = {"chartsheet", "dialogsheet", "xlMacrosheet", "xlIntlMacrosheet"}
_WANTED = {"sheet", "definedName", "calcPr", "workbookPr", "customWorkbookView"}
"""Elements of the workbook part."""


class Calculation(NamedTuple):
    """What an .xlsx says of its formulas' results."""

    on_load: bool
    """It asks Excel to calculate every formula anew when it opens the file."""
    outdated: bool
    """That, or they were not calculated since something was changed, or may not have been."""
    sure: bool
    """It shows that they were calculated, and when: the mark of the Excel that did."""


class XlsxPackage(Package):
    """Its parts, those of a workbook in “Strict Open XML” as if it were a usual one.

    Raises CannotStart with a ``workbook.*`` code for a file of another sort, DamagedPackage, TooBig.
    """

    strict = False

    def __init__(self, path: Path, content: bytes, allowance: Allowance | None = None) -> None:
        refuse_other_files(path, content)
        # Some of its parts are read many times.
        super().__init__(content, allowance or Allowance(MAX_CELLS, 4 * MOST_UNPACKED))
        self.path = path
        self.elements: dict[str, list[dict[str, str]]] = defaultdict(list)
        """The attributes of the workbook part's elements, by their names."""
        self._texts: list[list[str]] = []
        self.main = self._main_part()

    def in_its_dialect(self, root: str | None, start: Start | None, end: End | None) -> Handlers:
        """As of every package."""
        if self.strict and start and root is not None and root.startswith(MAIN):
            return root.replace(MAIN, STRICT_MAIN), *_translated(start, end)
        return root, start, end

    def relations(self, part: str) -> Mapping[str, Relation]:
        """As of every package; what is read must be pointed to in the workbook's own dialect."""
        found: dict[str, Relation] = {}
        for id_, each in super().relations(part).items():
            address = each.type.rpartition("/")[0]
            if each.kind in _OUR_KINDS and address != (STRICT_RELATIONSHIPS if self.strict else RELATIONSHIPS):
                raise DamagedPackage(f"{part} points to {each.target} in an unknown way")
            usual = RELATIONSHIPS if address == STRICT_RELATIONSHIPS else address
            found[id_] = Relation(f"{usual}/{each.kind}", each.target)
        return found

    def shared_part(self, kind: str) -> str | None:
        """The part of a kind (``styles``, ``sharedStrings``) that the workbook points to."""
        return next(iter(self.related(self.main, f"{RELATIONSHIPS}/{kind}")), None)

    def sheets(self) -> list[tuple[str, bool, str]]:
        """(name, hidden, part) of each worksheet in workbook order. Charts, dialogs and a module of Excel 95, which has
        no part, hold no rows."""
        relations, id_ = self.relations(self.main), f"{STRICT_RELATIONSHIPS if self.strict else RELATIONSHIPS} id"
        sheets: list[tuple[str, bool, str]] = []
        for attributes in self.elements["sheet"]:
            name = attributes.get("name", "")
            relation = relations.get(attributes.get(id_, ""), Relation("", ""))
            if relation.type == f"{RELATIONSHIPS}/worksheet":
                sheets.append((name, attributes.get("state", "visible") != "visible", relation.target))
            elif relation.kind not in _OTHER_SHEETS and any(map(attributes.get, _ids(attributes))):
                raise DamagedPackage(f"the sheet {name} leads nowhere")
        for part, count in Counter(part.lower() for _, _, part in sheets).items():
            if part not in self or count > 1:
                raise DamagedPackage(f"{part} is missing, or is two sheets")
        return sheets

    def names(self) -> list[tuple[str, bool, str]]:
        """(name in lower case, of one sheet only, what it stands for) of each name of the workbook."""
        return [
            (each.get("name", "").lower(), "localSheetId" in each, "".join(texts))
            for each, texts in zip(self.elements["definedName"], self._texts, strict=True)
        ]

    def sheet_called(self, name: str) -> str | None:
        """The name of the sheet to whose cell a name of the workbook points (``'My sheet'!$A$1``)."""
        # A name of one sheet only is a copy: Excel makes it together with a copy of the sheet.
        found = "".join(text for each, local, text in self.names() if each == name and not local)
        sheet, mark, _ = found.strip().rpartition("!")
        if sheet.startswith("'") and sheet.endswith("'"):
            sheet = sheet[1:-1].replace("''", "'")
        return sheet if mark else None

    def content_hash(self, results: Iterable[str]) -> str:
        """A hash that stays the same when results are grafted into the workbook.

        It covers every part's name, checksum and size but those that a graft writes: the list of content types, the
        workbook part, its relationships, the styles, and the parts of the results themselves.
        """
        written = {"[content_types].xml", self.main.lower(), rels_of(self.main).lower()}
        written.update(part.lower() for part in (self.shared_part("styles"), *results) if part is not None)
        parts = sorted(
            f"{part}\n{info.CRC:08x}\n{info.file_size}\n"
            for part, info in self.infos.items()
            if part not in written and not part.endswith("/")
        )
        return hashlib.sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def calculation(self) -> Calculation:
        """What the file says of its formulas' results."""
        found = {name: value for each in self.elements["calcPr"] for name, value in each.items()}
        true, false = ("1", "true"), ("0", "false")
        on_load = found.get("fullCalcOnLoad") in true
        by_hand = found.get("calcMode") == "manual" and found.get("calcOnSave") in false
        outdated = on_load or by_hand or found.get("calcCompleted") in false
        return Calculation(on_load, outdated, "calcId" in found and not outdated)

    def since_1904(self) -> bool:
        """Are its dates counted from 1904?"""
        return any(each.get("date1904", "0") in ("1", "true") for each in self.elements["workbookPr"])

    def _main_part(self) -> str:
        """The workbook part, read, after making sure that this is a workbook we can read."""
        name = self.path.name
        if "mimetype" in self and ("content.xml" in self or "encrypted-package" in self):
            raise CannotStart("workbook.ods", path=name)
        main = None
        for each in super().relations("").values():
            address = each.type.rpartition("/")[0]
            if each.kind == "officeDocument" and address in DIALECTS.values():
                main, self.strict = each.target, address == STRICT_RELATIONSHIPS
        if main is None or main not in self:
            raise CannotStart(zip_kind(self), path=name)
        if main.lower().endswith(".bin"):
            raise CannotStart("workbook.xlsb", path=name)
        namespace, _, root = self._read_main(main).rpartition(" ")
        if root != "workbook" or namespace not in DIALECTS:
            raise CannotStart(zip_kind(self), path=name)
        if self.strict != (namespace == STRICT_MAIN):
            raise DamagedPackage(f"{main} is in another dialect than what points to it")
        return main

    def _read_main(self, main: str) -> str:
        """Take in the elements of the workbook part; returns its root."""
        root, namespace, inside = "", "", False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal root, namespace, inside
            if not root:
                root, namespace = tag, tag.rpartition(" ")[0]
            address, _, name = tag.rpartition(" ")
            known = address == namespace and name in _WANTED
            inside = known and name == "definedName"
            if known:
                self.elements[name].append(attributes)
            if inside:
                self._texts.append([])

        def end(_: str) -> None:
            nonlocal inside
            inside = False

        def text(data: str) -> None:
            if inside:
                self._texts[-1].append(data)

        self.parse(main, None, start, end, text)
        return root


def _translated(start: Start, end: End | None) -> tuple[Start, End | None]:
    """Handlers that hear of a part of a strict workbook as if it were of a usual one, and of nothing that is usual."""
    known = {STRICT_MAIN: MAIN, STRICT_RELATIONSHIPS: RELATIONSHIPS, MAIN: STRICT_MAIN}
    known[RELATIONSHIPS] = STRICT_RELATIONSHIPS

    def usual(name: str) -> str:
        address, _, local = name.rpartition(" ")
        return f"{known.get(address, address)} {local}" if address else local

    def started(tag: str, attributes: dict[str, str]) -> None:
        start(usual(tag), {usual(name): value for name, value in attributes.items()})

    return started, end and (lambda tag: end(usual(tag)))


def _ids(attributes: Iterable[str]) -> list[str]:
    """The attributes that may name a part, in whichever namespace: one in a wrong namespace is damage, not a module."""
    return [name for name in attributes if name.rpartition(" ")[2] == "id"]
