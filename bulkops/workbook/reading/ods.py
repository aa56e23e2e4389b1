"""The cells of an OpenDocument spreadsheet (.ods) as they are, with the facts that reading libraries hide.

Error values, hidden and filtered rows, formulas without results and number formats all stand in
its content.xml (OpenDocument 1.3 part 3), which is read in one pass of expat.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.model.rows import Cell, Kind
from bulkops.operations import all_operations
from bulkops.operations.heading_names import heading_words, known_headings
from bulkops.workbook.allowance import MOST_UNPACKED, Allowance, TooBig
from bulkops.workbook.package import EncryptedPackage, Package
from bulkops.workbook.reading.ods_cells import BREAK, FORMULA, MATRIX, MATRIX_ROWS, OFFICE, SPACE, TAB, TABLE, cell_of
from bulkops.workbook.reading.ods_formats import Styles
from bulkops.workbook.reading.subtotals import is_sum, subtotal
from bulkops.workbook.sheets import LAST_COLUMN, LAST_ROW, MAX_CELLS, Names, Sheet, SheetRow, may_be_code
from bulkops.workbook.text import natural

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_TEXT = f"{_OASIS}:text:1.0"
_SETTING = f"{_OASIS}:config:1.0 name"
_MANIFEST = f"{_OASIS}:manifest:1.0"
_SPREADSHEET, _SHEET = f"{OFFICE} spreadsheet", f"{TABLE} table"
_COLUMN, _ROW, _P = f"{TABLE} table-column", f"{TABLE} table-row", f"{_TEXT} p"
_GROUP = f"{TABLE} table-row-group"
_CELLS = (f"{TABLE} table-cell", f"{TABLE} covered-table-cell")
_FRAMES = {
    _GROUP,
    *(f"{TABLE} table-{name}" for name in ("column-group", "header-columns", "columns", "header-rows", "rows")),
}
_NAME, _STYLE_NAME, _DEFAULT_STYLE, _VISIBILITY, _DISPLAY = (
    f"{TABLE} {name}" for name in ("name", "style-name", "default-cell-style-name", "visibility", "display")
)
_NAMES, _NAMED, _PLACE = (f"{TABLE} {name}" for name in ("named-expressions", "named-range", "cell-range-address"))
_COLUMNS_REPEATED, _ROWS_REPEATED, _COLUMNS_SPANNED, _ROWS_SPANNED = (
    f"{TABLE} number-{name}" for name in ("columns-repeated", "rows-repeated", "columns-spanned", "rows-spanned")
)
_TEXT_SPACE, _S, _S_COUNT, _TAB_MARK, _LINE_BREAK, _NOTE, _READING = (
    f"{_TEXT} {name}" for name in ("", "s", "c", "tab", "line-break", "note", "ruby-text")
)
_BLANKS_LIKE_A_CELL = 8
_SEARCHED_ROWS = 20
"""Headings of an input sheet stand in them."""
_MAX_TEXT = 1_000_000
"""Of one paragraph; thirty times what a cell can hold."""


def read_ods(path: Path, content: bytes) -> tuple[list[Sheet], Names]:
    """Every sheet of an .ods, and its names. Raises CannotStart for what is no spreadsheet, DamagedPackage, TooBig."""
    # The same guards as for an .xlsx, round other parts.
    package = Package(content, Allowance(MAX_CELLS, 4 * MOST_UNPACKED))
    _refuse_encrypted(package)
    reader = _Reader(package.allowance.take)
    if "styles.xml" in package:
        package.parse("styles.xml", None, reader.styles.start, reader.styles.end, reader.styles.text)
    if "settings.xml" in package:
        settings = _Settings()
        package.parse("settings.xml", None, settings.start, settings.end, settings.text)
        reader.by_hand = settings.by_hand
    package.parse("content.xml", f"{OFFICE} document-content", reader.start, reader.end, reader.text)
    if not reader.found:
        raise CannotStart("workbook.ods", path=path.name)
    _refuse_twins(path, reader.sheets)
    return reader.sheets, reader.names


def _refuse_encrypted(package: Package) -> None:
    def start(tag: str, _: dict[str, str]) -> None:
        if tag == f"{_MANIFEST} encryption-data":
            raise EncryptedPackage("its parts are encrypted")

    if "encrypted-package" in package:
        raise EncryptedPackage("all of it is encrypted")
    if "meta-inf/manifest.xml" in package:
        package.parse("meta-inf/manifest.xml", None, start)


class _Settings:
    """expat's handlers for settings.xml: does LibreOffice calculate only when it is told to?"""

    def __init__(self) -> None:
        self.by_hand = False
        self._wanted = False

    def start(self, _: str, attributes: dict[str, str]) -> None:
        self._wanted = attributes.get(_SETTING) == "AutoCalculate"

    def end(self, _: str) -> None:
        self._wanted = False

    def text(self, data: str) -> None:
        self.by_hand = self.by_hand or (self._wanted and data.strip() == "false")


def _refuse_twins(path: Path, sheets: list[Sheet]) -> None:
    """Scenarios that came from Excel are sheets of one name: no address would say in which of them a row stands."""
    known = known_headings(all_operations().values())
    count = Counter(sheet.name for sheet in sheets)
    for sheet in sheets:
        first = (row for row in sheet.rows if row.number <= _SEARCHED_ROWS)
        twin = count[sheet.name] > 1
        if twin and any(heading_words(cell.text) in known for row in first for cell in row.cells.values()):
            raise CannotStart("workbook.one_name", path=path.name, value=sheet.name)


def _sheet_of(place: str) -> str:
    """``$'My sheet'.$A$1`` → My sheet."""
    sheet = place.rpartition(".")[0].removeprefix("$")
    return sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet


def _count(attributes: dict[str, str], name: str) -> int:
    return natural(attributes[name]) if name in attributes else 1


class _Reader:
    """expat's handlers for content.xml. What stands where no cell can be is passed over whole (``deaf``)."""

    def __init__(self, take: Callable[[int], None]) -> None:
        self.take = take
        """A small file can hold more cells than memory does."""
        self.styles = Styles()
        self.sheets: list[Sheet] = []
        self.names: dict[str, str] = {}
        self.found = False
        self.deaf = 0
        self.level: Callable[[str, dict[str, str]], None] = self.before
        self.by_hand = False
        self.groups: list[bool] = []
        self.attributes: dict[str, str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.deaf:
            self.deaf += 1
        else:
            self.level(tag, attributes)

    def before(self, tag: str, attributes: dict[str, str]) -> None:
        """Styles come before the sheets."""
        if tag == _SPREADSHEET:
            self.found = True
            self.level = self.within_book
        else:
            self.styles.start(tag, attributes)

    def within_book(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == _NAMED:
            self.names[attributes.get(_NAME, "").lower()] = _sheet_of(attributes.get(_PLACE, ""))
        if tag != _SHEET:
            self.deaf = 0 if tag == _NAMES else 1
            return
        hidden = attributes.get(_STYLE_NAME, "") in self.styles.hidden
        self.sheet = Sheet(attributes.get(_NAME, ""), hidden)
        self.sheets.append(self.sheet)
        self.column = self.row = 0
        self.column_styles: list[tuple[int, str]] = []
        self.level = self.within_sheet

    def within_sheet(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == _ROW:
            self.start_row(attributes)
        elif tag == _COLUMN:
            self.take_column(attributes)
        elif tag in _FRAMES:
            if tag == _GROUP:
                self.groups.append(attributes.get(_DISPLAY) == "false")
        elif tag == _SHEET:
            raise ValueError("a sheet within a sheet")
        else:
            self.deaf = 1

    def take_column(self, attributes: dict[str, str]) -> None:
        first = self.column + 1
        self.column += _count(attributes, _COLUMNS_REPEATED)
        self.column_styles.append((self.column, attributes.get(_DEFAULT_STYLE, "")))
        style = attributes.get(_STYLE_NAME, "")
        if attributes.get(_VISIBILITY, "visible") != "visible" or style in self.styles.hidden:
            self.sheet.hidden_columns.append((first, self.column))

    def start_row(self, attributes: dict[str, str]) -> None:
        self.repeated_row = _count(attributes, _ROWS_REPEATED)
        self.row_style = attributes.get(_DEFAULT_STYLE, "")
        self.hidden = (
            self.sheet.hidden
            or any(self.groups)
            or attributes.get(_VISIBILITY, "visible") != "visible"
            or attributes.get(_STYLE_NAME, "") in self.styles.hidden
        )
        self.cells: dict[int, Cell] = {}
        self.column = 0
        self.level = self.within_row

    def within_row(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in _CELLS:
            self.deaf = 1
            return
        self.attributes = attributes
        self.paragraphs: list[str] = []
        self.level = self.within_cell

    def within_cell(self, tag: str, attributes: dict[str, str]) -> None:
        """Paragraphs and what is in them; notes, pictures and phonetic readings are not the cell's text."""
        if tag == _P:
            self.paragraphs.append("")
        elif tag == _SHEET:
            raise ValueError("a sheet within a cell")
        elif not tag.startswith(_TEXT_SPACE) or tag in (_NOTE, _READING) or not self.paragraphs:
            self.deaf = 1
        elif tag == _S:
            blanks = _count(attributes, _S_COUNT)
            self.take(blanks // _BLANKS_LIKE_A_CELL)
            self.paragraphs[-1] += SPACE * blanks
        elif tag in (_TAB_MARK, _LINE_BREAK):
            self.paragraphs[-1] += TAB if tag == _TAB_MARK else BREAK

    def text(self, data: str) -> None:
        if self.attributes is not None:
            if not self.deaf and self.paragraphs:
                self.paragraphs[-1] += data
                if len(self.paragraphs[-1]) > _MAX_TEXT:
                    raise TooBig("a paragraph without end")
        elif not self.found:
            self.styles.text(data)

    def end(self, tag: str) -> None:
        if self.deaf:
            self.deaf -= 1
        elif self.attributes is not None:
            if tag in _CELLS:
                self.end_cell(self.attributes)
                self.attributes = None
                self.level = self.within_row
        elif tag == _ROW:
            self.end_row()
            self.level = self.within_sheet
        elif tag == _GROUP:
            self.groups.pop()
        elif tag == _SHEET:
            self.level = self.within_book
        elif not self.found:
            self.styles.end(tag)

    def end_row(self) -> None:
        first = self.row + 1
        self.row += self.repeated_row
        if not self.cells:
            return
        self.take(len(self.cells) * self.repeated_row)
        if self.row > LAST_ROW or max(self.cells) > LAST_COLUMN:
            raise ValueError("a cell beyond the sheet")
        self.sheet.rows.extend(SheetRow(number, self.hidden, dict(self.cells)) for number in range(first, self.row + 1))

    def end_cell(self, attributes: dict[str, str]) -> None:
        first = self.column + 1
        repeated = _count(attributes, _COLUMNS_REPEATED)
        self.column += repeated
        wide, high = _count(attributes, _COLUMNS_SPANNED), _count(attributes, _ROWS_SPANNED)
        if wide > 1 or high > 1:
            self.sheet.merged.append((first, self.row + 1, first + wide - 1, self.row + high))
        cell = cell_of(first, attributes, self.paragraphs, lambda: self.styles.format(self.style(first)))
        self.take_subtotal(first, repeated, attributes)
        is_code = cell is not None and cell.kind is Kind.TEXT and may_be_code(cell.text)
        if FORMULA in attributes and (is_code or MATRIX in attributes):
            self.sheet.calculated += self.filled(first, repeated, attributes)
        if cell is None:
            return
        if self.by_hand and FORMULA in attributes and cell.kind is not Kind.FORMULA:
            self.sheet.outdated = True
        self.take(repeated)
        self.cells[first] = cell
        for column in range(first + 1, self.column + 1):
            self.cells[column] = cell._replace(column=column)

    def take_subtotal(self, first: int, repeated: int, attributes: dict[str, str]) -> None:
        """Take note of a subtotal, in every cell that its formula fills."""
        if is_sum(attributes.get(FORMULA, ""), first):
            self.sheet.sums.append((self.row + 1, first))
        if found := subtotal(attributes.get(FORMULA, ""), self.row + 1, first):
            filled = self.filled(first, repeated, attributes)
            self.sheet.subtotals += [found._replace(row=row, column=column) for row, column in filled]

    def filled(self, first: int, repeated: int, attributes: dict[str, str]) -> list[tuple[int, int]]:
        """Row and column of every cell that a formula fills."""
        wide, high = _count(attributes, MATRIX), _count(attributes, MATRIX_ROWS)
        wide, high = max(wide, repeated), max(high, self.repeated_row)
        self.take(wide * high)
        rows, columns = range(self.row + 1, self.row + 1 + high), range(first, first + wide)
        return [(row, column) for row in rows for column in columns]

    def style(self, column: int) -> str:
        """A cell's own style, or its row's, or its column's."""
        own = self.attributes.get(_STYLE_NAME, "") if self.attributes else ""
        return own or self.row_style or next((name for last, name in self.column_styles if column <= last), "")
