"""The Results sheet grafted into the operator's own workbook.

One worksheet part is added or replaced; the list of content types, the workbook part, its relationships and the style
table get a few bytes inserted; every other part stays as it is packed.
"""

import posixpath
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape

from bulkops.workbook.package import SPREADSHEET, rels_of
from bulkops.workbook.results_layout import COPY, MARK, NOW, SHEET
from bulkops.workbook.writing.previous_results import OwnSheet
from bulkops.workbook.writing.repack import packed, repacked
from bulkops.workbook.writing.results_sheet import LOOKS, MOST_LINES, Results, extent, links, worksheet
from bulkops.workbook.writing.styles import StyleTable
from bulkops.workbook.writing.suitability import CannotGraft, Inspected, refusals
from bulkops.workbook.xml_patch import Element, Patch, UnsupportedPart

_BEFORE_NAMES = ("sheets", "functionGroups", "externalReferences")
_FILTER, _TITLES = "_xlnm._FilterDatabase", "_xlnm.Print_Titles"
_TRUE = ("1", "true")
_MOST_SHEET_IDS = 65_534


class Graft:
    """A workbook's content, ready to take the Results sheet. Raises CannotGraft if it cannot be done surely."""

    def __init__(self, content: bytes, replace: bool = True, name: str = SHEET) -> None:
        """``replace``: the results of an earlier run may be replaced, if there is nothing else in their sheet.
        ``name``: what a new sheet for results is called, if no other has that name."""
        self._seen = Inspected(content)
        own = self._seen.own
        self._replaceable = own is not None and replace and self._seen.untouched(own)
        self.advice = self._seen.advice()
        """The catalogue's code of why a copy is better than to replace the workbook itself; "" for nothing."""
        self.for_xlsx = self._seen.for_xlsx
        """Excel opens it under the name of a plain workbook: it has no macros and is no template."""
        self.alone = len(self._seen.sheet_names) == 1 and own is not None
        """Has the workbook no sheet but that of an earlier run's results?"""
        self.left_alone = own.name if own and not self._replaceable else ""
        """The name of an earlier Results sheet that holds something of the operator's and is left alone."""
        self.sheet = own.name if own and self._replaceable else _free_name(name, self._seen.sheet_names)
        """The name of the sheet that the results go to."""

    def grafted(self, results: Results, copy: bool = False, link: str = "") -> bytes:
        """The workbook with these results in its Results sheet. ``copy`` marks it as one that a later run may replace;
        ``link`` is the way to another workbook that holds the rows.

        Raises CannotGraft if there are too many lines or cell formats.
        """
        sheet, parts = self._changes(results, copy, link)
        with refusals():
            content = repacked(self._seen.package, parts)
        self._prove(content, parts, sheet)
        return content

    def rehearse(self) -> None:
        """Make the changes for no rows and forget them. Raises CannotGraft for what only shows in doing it."""
        self._changes(Results([]), False, "")

    @cached_property
    def _styles(self) -> tuple[StyleTable, dict[str, int], bytes]:
        """The workbook's style table, the number of each look's cell style, and the table as it will be."""
        table = self._seen.style_table()
        return table, *table.with_looks(LOOKS)

    def _changes(self, results: Results, copy: bool, link: str) -> tuple[OwnSheet, Mapping[str, bytes]]:
        """(the sheet for the results, all parts that are new or differ)."""
        if len(results.lines) > MOST_LINES:
            raise CannotGraft("graft.too_many_rows")
        work, seen = _Work(self._seen), self._seen
        with refusals():
            table, styles, changed = self._styles
            if changed != table.part.content or not seen.styles:
                work.put_styles(table.part.name, changed)
            sheet = work.sheet(self.sheet)
            work.parts[sheet.part] = worksheet(results, styles, seen.namespace, seen.relations, bool(link))
            if link:
                work.parts[rels_of(sheet.part)] = links(results, link, seen.relations)
            work.name(sheet, extent(results), copy)
            return sheet, work.done()

    def _prove(self, content: bytes, changed: Mapping[str, bytes], sheet: OwnSheet) -> None:
        """Read the new workbook back: every other part is packed as it was, every changed one can be read, every sheet
        is there, each style of the operator's means what it meant, and the results are found. Raises CannotGraft."""
        before = self._seen
        try:
            after = Inspected(content, sound=True)
            with refusals():
                after.package.parse(sheet.part, None, None)
                found = after.own == sheet and all(
                    after.package.read(name, len(content)) == content for name, content in changed.items()
                )
                table = self._styles[0]
                styles_same = table.part.name not in changed or after.style_table().keeps(table)
        except CannotGraft as error:
            raise CannotGraft("graft.not_proven", str(error.args[-1])) from error
        names = [*before.sheet_names, *([sheet.name] if sheet.index == len(before.sheet_names) else [])]
        same = all(
            part in after.package and packed(before.package, part) == packed(after.package, part)
            for part in before.package
            if part not in {name.lower() for name in changed}
        )
        if not (found and styles_same and same and after.sheet_names == names):
            raise CannotGraft("graft.not_proven", sheet.name)


def unfit(content: bytes) -> tuple[str, str]:
    """Why no results can be put into a workbook, as (the catalogue's code, detail); two blanks if they can."""
    try:
        Graft(content).rehearse()
    except CannotGraft as error:
        return error.code, error.detail
    return "", ""


class _Work:
    """The changes to one workbook's parts."""

    def __init__(self, seen: Inspected) -> None:
        self._seen = seen
        self._book, self._rels, self._types = Patch(seen.book), Patch(seen.rels), Patch(seen.types)
        self._folder = posixpath.dirname(seen.book.name)
        self._ids: set[str] = set()
        self._declared_types = {
            each.attributes.get("PartName", "").lower(): each.attributes.get("ContentType", "")
            for each in seen.types.root.children
        }
        self.parts: dict[str, bytes] = {}
        """New and changed parts, by name."""

    def done(self) -> dict[str, bytes]:
        """All parts that differ."""
        for patch in (self._book, self._rels, self._types):
            if (content := patch.patched()) != patch.part.content:
                self.parts[patch.part.name] = content
        return self.parts

    def sheet(self, name: str) -> OwnSheet:
        """The sheet of an earlier run if it has this name, else a new one at the end."""
        seen = self._seen
        if seen.own and seen.own.name == name:
            return seen.own
        numbers = range(len(seen.sheet_names) + 1, len(seen.sheet_names) + len(list(seen.package)) + 2)
        target = next(
            f"worksheets/sheet{n}.xml" for n in numbers if self._path(f"worksheets/sheet{n}.xml") not in seen.package
        )
        ids = {each.attributes.get("sheetId", "") for each in seen.sheets.children}
        id_ = next(number for number in range(1, _MOST_SHEET_IDS) if str(number) not in ids)
        relation = self._relate("worksheet", target, f"{SPREADSHEET}.worksheet+xml")
        x = seen.sheets.prefix
        self._book.append(
            seen.sheets, f'<{x}sheet xmlns:r="{seen.relations}" name="{name}" sheetId="{id_}" r:id="{relation}"/>'
        )
        if seen.book.root.child("bookViews") is None:
            # The frozen headings belong to a view of the workbook.
            self._book.insert(seen.sheets.start, f"<{x}bookViews><{x}workbookView/></{x}bookViews>")
        return OwnSheet(len(seen.sheets.children), name, self._path(target))

    def put_styles(self, part: str, content: bytes) -> None:
        """Put the style table in place; a workbook without one gets it."""
        if not self._seen.styles:
            if part in self._seen.package:
                raise UnsupportedPart(f"{part} belongs to nothing")
            self._relate("styles", "styles.xml", f"{SPREADSHEET}.styles+xml")
        self.parts[part] = content

    def name(self, sheet: OwnSheet, area: str, copy: bool) -> None:
        """The hidden names that mark the sheet and its filter, and the row that is printed on every page."""
        # Unquoted, a sheet called Q3 would be a cell.
        quoted = sheet.name if sheet.name == SHEET else "'" + sheet.name.replace("'", "''") + "'"
        corner, _, last = area.partition(":")
        wanted = [
            (MARK, None, f"{quoted}!$A$1"),
            (_FILTER, sheet.index, f"{quoted}!{_fixed(corner)}:{_fixed(last)}"),
            (_TITLES, sheet.index, f"{quoted}!${NOW.heading_row}:${NOW.heading_row}"),
        ]
        if copy:
            wanted.append((COPY, None, f"{quoted}!$A$1"))
        names = self._seen.names
        x = names.prefix if names is not None else self._seen.book.root.prefix
        new = ""
        for name, scope, text in wanted:
            found = self._named(name, scope)
            hidden = "" if name == _TITLES else ' hidden="1"'
            if found is not None and hidden and found.attributes.get("hidden") not in _TRUE:
                # LibreOffice saves it as one that is seen.
                self._book.remove(found)
                found = None
            if found is None:
                within = "" if scope is None else f' localSheetId="{scope}"'
                new += f'<{x}definedName name="{name}"{within}{hidden}>{escape(text, quote=False)}</{x}definedName>'
            elif found.text != text:
                self._book.set_text(found, text)
        if names is not None and new:
            self._book.append(names, new)
        elif new:
            section = f"<{x}definedNames>{new}</{x}definedNames>"
            self._book.append(self._seen.book.root, section, after=_BEFORE_NAMES)

    def _named(self, name: str, scope: int | None) -> Element | None:
        where = None if scope is None else str(scope)
        for each in self._seen.names.children if self._seen.names is not None else ():
            same = each.attributes.get("name", "").lower() == name.lower()
            if same and each.attributes.get("localSheetId") == where:
                return each
        return None

    def _path(self, target: str) -> str:
        return posixpath.join(self._folder, target)

    def _relate(self, kind: str, target: str, content_type: str) -> str:
        """A new part's relationship and type; returns the relationship's id."""
        root, types = self._seen.rels.root, self._seen.types.root
        taken = {each.attributes.get("Id", "").lower() for each in root.children} | self._ids
        id_ = next(f"rId{number}" for number in range(1, len(taken) + 2) if f"rid{number}" not in taken)
        self._ids.add(id_.lower())
        relation = f'Id="{id_}" Type="{self._seen.relations}/{kind}" Target="{target}"'
        self._rels.append(root, f"<{root.prefix}Relationship {relation}/>")
        place = f"/{self._path(target)}"
        # A program that took a part away may have left its type.
        if (left := self._declared_types.get(place.lower(), content_type)) != content_type:
            raise UnsupportedPart(f"{place} has the type {left}")
        if place.lower() not in self._declared_types:
            self._types.append(types, f'<{types.prefix}Override PartName="{place}" ContentType="{content_type}"/>')
        return id_


def _free_name(wanted: str, taken: Sequence[str]) -> str:
    """``Results``, or another name if the operator has a sheet called that."""
    known = {name.casefold() for name in taken}
    names = (wanted, f"{wanted} (bulkops)", *(f"{wanted} (bulkops {number})" for number in range(2, len(known) + 3)))
    return next(name for name in names if name.casefold() not in known)


def _fixed(cell: str) -> str:
    """``O5`` → ``$O$5``."""
    letters = cell.rstrip("0123456789")
    return f"${letters}${cell[len(letters) :]}"
