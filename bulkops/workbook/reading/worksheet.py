"""A worksheet's cells as they are: types, error values, formulas, formats, hidden rows.

One pass of expat, which is spared the rows that are plain. Nothing is inferred: a number
keeps the digits of the file, text stays text, and the declared dimensions of a sheet are
never trusted.
"""

import re
from collections.abc import Callable

from bulkops.model.rows import Cell, Kind
from bulkops.workbook.number_formats import Format
from bulkops.workbook.package import MAIN
from bulkops.workbook.reading.array_formulas import ArrayFormulas
from bulkops.workbook.reading.plain import PlainRows
from bulkops.workbook.reading.sheet_views import ROWS_LIKE_A_CELL, CustomViews, Views, read_named_views
from bulkops.workbook.reading.subtotals import Subtotals
from bulkops.workbook.reading.xlsx import ID, TABLE, XlsxPackage
from bulkops.workbook.sheets import (
    DIGITS,
    LAST_COLUMN,
    LAST_ROW,
    NUMBER,
    Sheet,
    SheetRow,
    column_number,
    corners,
    is_zero,
    may_be_code,
    number_cell,
)
from bulkops.workbook.text import natural, unescape
from bulkops.workbook.xml_feed import Pieces

_ROW, _C, _V, _IS, _T, _F, _RPH, _MERGE, _COL = (
    f"{MAIN} {name}" for name in ("row", "c", "v", "is", "t", "f", "rPh", "mergeCell", "col")
)
_TABLE_PART, _CUSTOM_VIEWS, _TABLE = (f"{MAIN} {name}" for name in ("tablePart", "customSheetViews", "table"))
_OPENING = re.compile(rb"<sheetData>")
_TEXTS = ("str", "inlineStr")
_BOOLS = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}


def _is_true(attributes: dict[str, str], name: str) -> bool:
    return attributes.get(name, "0") in ("1", "true")


class SheetParser:
    """expat's handlers for worksheet parts; they keep every fact of every cell.

    What is odd in one cell (two values, a text or a format that the file lacks) makes that cell an error value. Where
    no one can say which cell is meant (two rows or cells of one place) it is a ValueError, which the package turns
    into a refusal.
    """

    def __init__(self, package: XlsxPackage, formats: list[Format], strings: list[str]) -> None:
        self.package, self.formats, self.strings = package, formats, strings
        self.take = package.allowance.take
        self.calculation = package.calculation()
        self.custom_views = CustomViews(package)
        self.columns: dict[str, int] = {}
        self.plain_rows = PlainRows(formats, strings)

    def read(self, part: str, sheet: Sheet) -> None:
        """Fill the sheet with what the part holds."""
        self.sheet = sheet
        self.seen: dict[int, SheetRow] = {}
        self.arrays = ArrayFormulas()
        self.row, self.digits, self.column = SheetRow(0, False, {}), "", 0
        self.attributes: dict[str, str] = {}
        self.value: str | None = None
        self.inline: str | None = None
        self.twice = False
        self.formula: dict[str, str] | None = None
        self.formula_text = ""
        self.subtotals = Subtotals()
        self.views = Views()
        self.tables: list[str] = []
        self.pieces: list[str] | None = None
        self.phonetic = False
        self.depth = 0
        self.hidden: dict[str, bool] = {}
        self.plain_rows.forget()
        pieces = Pieces(_OPENING, f"{MAIN} sheetData", "</row>", self.plain, lambda: self.depth, self.plain_rows.learn)
        self.package.parse(part, f"{MAIN} worksheet", self.start, self.end, self.text, pieces)
        self.arrays.spread(sheet, self.seen, self.take)
        sheet.rows.extend(self.seen[number] for number in sorted(self.seen))
        sheet.subtotals.extend(self.subtotals.all(self.seen, self.take))
        sheet.sums.extend(self.subtotals.sums())
        self.read_beside(part)

    def read_beside(self, part: str) -> None:
        """What the sheet's tables and views say of its rows."""
        relations = self.package.relations(part)
        for id_ in dict.fromkeys(self.tables):
            relation = relations.get(id_)
            if relation and relation.type == TABLE and relation.target in self.package:
                self.package.parse(relation.target, _TABLE, self.start_table)
        self.take(len(self.sheet.totals) * len(self.seen) // ROWS_LIKE_A_CELL)
        read_named_views(self.package, part, self.views)
        self.custom_views.add_to(self.sheet.name, self.views)
        self.take(len(self.views) * len(self.seen) // ROWS_LIKE_A_CELL)
        self.sheet.views = self.views.filtered(self.sheet.rows)
        for number in {number for numbers in self.sheet.views.values() for number in numbers}:
            self.seen[number].hidden = True

    def start_table(self, tag: str, attributes: dict[str, str]) -> None:
        totals = natural(attributes.get("totalsRowCount", "0")) if tag == _TABLE else 0
        if totals:
            left, top, right, bottom = corners(attributes["ref"])
            self.sheet.totals.append((left, max(top, bottom - totals + 1), right, bottom))

    def plain(self, piece: str, parse: Callable[[str], bool]) -> bool:
        """Take a row without expat, if it is plain (and of a number that may stand there)."""
        found = self.plain_rows.read(piece)
        if found is None or (number := int(found[0])) > LAST_ROW:
            return False
        hidden = self.hidden.get(found[1])
        if hidden is None:
            # expat knows whether the attributes are good; they are much the same from row to row.
            self.row = SheetRow(0, False, {})
            parse(f'<row r="{number}"{found[1]}/>')
            if self.row.number != number:
                return False
            hidden = self.hidden[found[1]] = self.row.hidden
        self.row = SheetRow(number, hidden, found[2])
        self.add_row(self.row)
        return True

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if tag == _C:
            self.start_cell(attributes)
        elif tag == _V:
            self.twice |= self.value is not None
            self.pieces = []
        elif tag == _T:
            if not self.phonetic:
                self.pieces = []
        elif tag == _IS:
            self.twice |= self.inline is not None
        elif tag == _F:
            self.formula = attributes
            self.pieces = []
        elif tag == _ROW:
            self.start_row(attributes)
        elif tag == _RPH:
            self.phonetic = True
        elif tag == _MERGE:
            self.sheet.merged.append(corners(attributes.get("ref", "")))
        elif tag == _COL and (_is_true(attributes, "hidden") or float(attributes.get("width", 1)) == 0):
            self.sheet.hidden_columns.append((natural(attributes["min"]), natural(attributes["max"])))
        elif tag == _TABLE_PART:
            self.tables.append(attributes.get(ID, ""))
        elif tag == _CUSTOM_VIEWS or self.views.within:
            self.views.start(tag, attributes)

    def start_row(self, attributes: dict[str, str]) -> None:
        number = natural(attributes["r"]) if attributes.get("r") else self.row.number + 1
        if not 1 <= number <= LAST_ROW:
            raise ValueError(number)
        hidden = self.sheet.hidden or _is_true(attributes, "hidden") or float(attributes.get("ht") or 1) == 0
        self.row = SheetRow(number, hidden, {})
        self.digits = str(number)
        self.column = 0

    def start_cell(self, attributes: dict[str, str]) -> None:
        if reference := attributes.get("r"):
            letters = reference.rstrip(DIGITS)
            if reference[len(letters) :] != self.digits:
                raise ValueError(reference)
            self.column = self.columns.get(letters) or self.columns.setdefault(letters, column_number(letters))
        else:
            self.column += 1
        if self.column in self.row.cells or self.column > LAST_COLUMN:
            raise ValueError(self.column)
        self.attributes = attributes
        self.value = self.inline = self.formula = None
        self.twice = False
        self.formula_text = ""

    def text(self, data: str) -> None:
        if self.pieces is not None:
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag == _V:
            if self.pieces is None:
                raise ValueError("a value within a value")
            self.value = "".join(self.pieces)
            self.pieces = None
        elif tag == _C:
            self.end_cell()
        elif tag == _T:
            if self.pieces is not None:
                self.inline = (self.inline or "") + "".join(self.pieces)
                self.pieces = None
        elif tag == _ROW:
            self.add_row(self.row)
        elif tag == _F:
            self.formula_text = "".join(self.pieces or ())
            self.pieces = None
        elif tag == _RPH:
            self.phonetic = False
        elif self.views.within:
            self.views.end(tag)

    def add_row(self, row: SheetRow) -> None:
        if not row.cells:
            return
        self.take(len(row.cells))
        if row.number in self.seen:
            raise ValueError(row.number)
        self.seen[row.number] = row

    def end_cell(self) -> None:
        if self.formula is not None:
            # To look for totals in it may take longer than all the rest of the cell.
            self.take()
            self.subtotals.take(self.row.number, self.column, self.formula, self.formula_text)
        type_ = self.attributes.get("t", "n")
        value = self.value
        if self.inline is not None and type_ == "inlineStr" and value in (None, "", self.inline):
            value = self.inline
        elif self.inline:
            self.twice = True
        if self.twice:
            self.row.cells[self.column] = Cell(self.column, Kind.ERROR, "it has two values, or one of another type")
            return
        # An empty text is a result; an empty number is what programs write that do not calculate.
        stored = value is not None and (type_ in _TEXTS or value.strip() != "")
        # Programs that do not calculate store a 0 for every formula and ask Excel to calculate; other results
        # in such a file may be old: they are what is stored, and a note says so.
        if self.formula is not None:
            zero = stored and type_ == "n" and value is not None and is_zero(value.strip())
            stored = stored and not (zero and self.calculation.on_load)
            self.sheet.outdated = self.sheet.outdated or (self.calculation.outdated and stored)
            if zero and not self.calculation.sure:
                self.sheet.unsure_zeros.append((self.row.number, self.column))
        if self.formula is not None and not stored:
            self.row.cells[self.column] = Cell(self.column, Kind.FORMULA, "")
            if self.formula.get("t") in ("array", "dataTable"):
                self.arrays.unsolved.append(corners(self.formula.get("ref", "")))
        elif value is not None and stored:
            cell = self.cell(type_, value if type_ in _TEXTS else value.strip())
            if cell.text != "":
                self.row.cells[self.column] = cell
            if self.formula is not None:
                self.note(cell, self.formula)
        elif type_ == "e":
            self.row.cells[self.column] = Cell(self.column, Kind.ERROR, "without a name")

    def note(self, cell: Cell, formula: dict[str, str]) -> None:
        """Take note of a formula's result that may be a code; an array formula fills other cells, too."""
        if ":" in formula.get("ref", "") and formula.get("t") in ("array", "dataTable"):
            self.arrays.solved.append(corners(formula["ref"]))
        elif cell.kind is Kind.TEXT and may_be_code(cell.text):
            self.sheet.calculated.append((self.row.number, self.column))

    def cell(self, type_: str, value: str) -> Cell:
        """A value by its type; one that is not of its type is an error value."""
        if type_ == "s":
            return self.shared(value)
        if type_ == "n" and NUMBER.fullmatch(value):
            return self.number(value)
        if type_ in _TEXTS:
            return Cell(self.column, Kind.TEXT, unescape(value))
        if type_ == "b" and value.lower() in _BOOLS:
            return Cell(self.column, Kind.BOOL, _BOOLS[value.lower()])
        return Cell(self.column, Kind.DATE if type_ == "d" else Kind.ERROR, value)

    def shared(self, value: str) -> Cell:
        try:
            return Cell(self.column, Kind.TEXT, self.strings[natural(value)])
        except (ValueError, IndexError):
            return Cell(self.column, Kind.ERROR, f"the file lacks its text (number {value})")

    def number(self, value: str) -> Cell:
        try:
            format_ = self.formats[natural(self.attributes.get("s") or "0")]
        except (ValueError, IndexError):
            return Cell(self.column, Kind.ERROR, f"{value} in a number format that the file lacks")
        return number_cell(self.column, value, format_)
