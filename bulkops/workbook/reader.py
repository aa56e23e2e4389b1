"""The cells of a workbook as they are: types, error values, formulas, formats, hidden rows.

One pass of expat per part. Nothing is inferred: a number keeps the digits of the file,
text stays text, and the declared dimensions of a sheet are never trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from bulkops.errors import CannotStart
from bulkops.model import Cell, Kind, Shown
from bulkops.workbook.package import Package

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_LOCAL = {_MAIN + name: name for name in ("row", "c", "v", "t", "f", "rPh", "mergeCell", "col")}
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[_*].')
_BUILTIN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BUILTIN = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    37: "#,##0",
    38: "#,##0",
    39: "#,##0.00",
    40: "#,##0.00",
    48: "##0.0E+0",
    49: "@",
}
_PLAIN = re.compile(r"General|@|0(\.0+)?|#", re.IGNORECASE)


@dataclass(slots=True)
class RawRow:
    """One row that holds at least one cell."""

    number: int
    hidden: bool
    cells: dict[int, Cell]
    """By column, 1 for A."""


@dataclass(slots=True)
class RawSheet:
    """One worksheet, read whole."""

    name: str
    hidden: bool
    rows: list[RawRow] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column, first row, last column, last row of each merged range."""


@dataclass(frozen=True, slots=True)
class RawWorkbook:
    """What was read, and the hash of the very bytes it was read from."""

    path: Path
    sha256: str
    sheets: tuple[RawSheet, ...]


def read_workbook(path: Path) -> RawWorkbook:
    """Read every worksheet of an .xlsx or .xlsm. Raises CannotStart with a sentence for anything else."""
    package = Package(path)
    formats = _formats(package)
    strings = _shared_strings(package)
    sheets = []
    for name, hidden, part in package.sheets():
        sheet = RawSheet(name, hidden)
        _SheetParser(package, part, sheet, formats, strings).run()
        sheets.append(sheet)
    return RawWorkbook(path, package.sha256, tuple(sheets))


def column_letters(column: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _split(reference: str) -> tuple[int, int]:
    """``AB12`` → (28, 12). Raises ValueError for anything else."""
    column = 0
    for position, char in enumerate(reference):
        if "A" <= char <= "Z":
            column = column * 26 + ord(char) - 64
        else:
            digits = reference[position:]
            if column and digits.isascii() and digits.isdigit():
                return column, int(digits)
            break
    raise ValueError(reference)


def _unescape(text: str) -> str:
    """Decode Excel's ``_xHHHH_`` and bring line ends to LF."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _formats(package: Package) -> list[tuple[bool, Shown]]:
    """For each cell style: is it a date, and how are its numbers shown?"""
    styles = package.related(package.main, "styles")
    if styles is None:
        return []
    custom: dict[int, str] = {}
    used: list[int] = []
    inside = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if tag == _MAIN + "numFmt":
            custom[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif tag == _MAIN + "cellXfs":
            inside = True
        elif inside and tag == _MAIN + "xf":
            used.append(int(attributes.get("numFmtId", 0)))

    def end(tag: str) -> None:
        nonlocal inside
        if tag == _MAIN + "cellXfs":
            inside = False

    package.parse(styles, start, end)
    return [_format(number, custom) for number in used]


def _format(number: int, custom: dict[int, str]) -> tuple[bool, Shown]:
    if number in _BUILTIN_DATES and number not in custom:
        return True, Shown.PLAIN
    code = custom.get(number, _BUILTIN.get(number, "General")).split(";")[0]
    bare = _NOT_FORMAT.sub("", code)
    if re.search(r"[dmyhs]", bare.replace("General", ""), re.IGNORECASE) or re.search(
        r"\[(h+|m+|s+)\]", code, re.IGNORECASE
    ):
        return True, Shown.PLAIN
    if "%" in bare:
        return False, Shown.PERCENT
    if "," in bare:
        return False, Shown.GROUPED
    return False, Shown.PLAIN if _PLAIN.fullmatch(code) else Shown.SPECIAL


def _shared_strings(package: Package) -> list[str]:
    """The workbook's shared texts; phonetic readings of Japanese texts are left out."""
    part = package.related(package.main, "sharedStrings")
    if part is None:
        return []
    strings: list[str] = []
    pieces: list[str] = []
    phonetic = collecting = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal phonetic, collecting
        if tag == _MAIN + "si":
            pieces.clear()
        elif tag == _MAIN + "rPh":
            phonetic = True
        elif tag == _MAIN + "t":
            collecting = not phonetic

    def end(tag: str) -> None:
        nonlocal phonetic, collecting
        if tag == _MAIN + "t":
            collecting = False
        elif tag == _MAIN + "rPh":
            phonetic = False
        elif tag == _MAIN + "si":
            strings.append(_unescape("".join(pieces)))

    def text(data: str) -> None:
        if collecting:
            pieces.append(data)

    package.parse(part, start, end, text)
    return strings


class _SheetParser:
    """expat's handlers for one worksheet part; they keep every fact of every cell."""

    def __init__(
        self, package: Package, part: str, sheet: RawSheet, formats: list[tuple[bool, Shown]], strings: list[str]
    ) -> None:
        self.package, self.part, self.sheet = package, part, sheet
        self.formats, self.strings = formats, strings
        self.row = RawRow(0, False, {})
        self.seen: dict[int, RawRow] = {}
        self.column = 0
        self.attributes: dict[str, str] = {}
        self.pieces: list[str] | None = None
        self.value: str | None = None
        self.formula = self.phonetic = False

    def run(self) -> None:
        try:
            self.package.parse(self.part, self.start, self.end, self.text)
        except CannotStart:
            raise
        except (ValueError, IndexError, OverflowError) as error:
            raise self.package.damaged(self.part) from error
        self.sheet.rows.extend(self.seen[number] for number in sorted(self.seen))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = _LOCAL.get(tag)
        if local == "c":
            self.column = _split(attributes["r"])[0] if "r" in attributes else self.column + 1
            self.attributes = attributes
            self.value = None
            self.formula = False
        elif local in ("v", "t"):
            if not self.phonetic:
                self.pieces = []
        elif local == "f":
            self.formula = True
        elif local == "row":
            self.start_row(attributes)
        elif local == "rPh":
            self.phonetic = True
        elif local == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            self.sheet.merged.append((*_split(first), *_split(last or first)))
        elif local == "col" and attributes.get("hidden", "0") in ("1", "true"):
            self.sheet.hidden_columns.append((int(attributes.get("min", 0)), int(attributes.get("max", 0))))

    def start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes["r"]) if "r" in attributes else self.row.number + 1
        hidden = attributes.get("hidden", "0") in ("1", "true") or attributes.get("ht") in ("0", "0.0")
        self.row = RawRow(number, hidden or self.sheet.hidden, {})
        self.column = 0

    def end(self, tag: str) -> None:
        local = _LOCAL.get(tag)
        if local in ("v", "t"):
            if self.pieces is not None:
                self.value = (self.value or "") + "".join(self.pieces)
                self.pieces = None
        elif local == "c":
            self.end_cell()
        elif local == "row":
            if self.row.cells:
                self.keep(self.row)
        elif local == "rPh":
            self.phonetic = False

    def keep(self, row: RawRow) -> None:
        if row.number in self.seen:
            # Two rows of one number: no reader agrees which counts, so nothing is guessed.
            raise ValueError(row.number)
        self.seen[row.number] = row

    def text(self, data: str) -> None:
        if self.pieces is not None:
            self.pieces.append(data)

    def end_cell(self) -> None:
        value = self.value
        if value is None or (value == "" and self.formula and self.attributes.get("t") != "str"):
            if self.formula:
                self.row.cells[self.column] = Cell(self.column, Kind.FORMULA, "")
            return
        type_ = self.attributes.get("t", "n")
        if type_ == "s":
            cell = Cell(self.column, Kind.TEXT, self.strings[int(value)])
        elif type_ == "n":
            date, shown = self.style()
            cell = Cell(self.column, Kind.DATE if date else Kind.NUMBER, value.strip(), shown)
        elif type_ == "b":
            cell = Cell(self.column, Kind.BOOL, "TRUE" if value.strip() in ("1", "true") else "FALSE")
        elif type_ == "e":
            cell = Cell(self.column, Kind.ERROR, value)
        elif type_ == "d":
            cell = Cell(self.column, Kind.DATE, value)
        else:
            cell = Cell(self.column, Kind.TEXT, _unescape(value))
        if cell.text != "":
            self.row.cells[self.column] = cell

    def style(self) -> tuple[bool, Shown]:
        index = int(self.attributes.get("s", 0))
        return self.formats[index] if index < len(self.formats) else (False, Shown.PLAIN)
