"""The value of one cell of an OpenDocument spreadsheet, by its type and by what is seen of it."""

import re
from collections.abc import Callable, Sequence

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.workbook.number_formats import MINUS, Format
from bulkops.workbook.sheets import NUMBER, number_cell
from bulkops.workbook.text import is_error

OFFICE, TABLE = (f"urn:oasis:names:tc:opendocument:xmlns:{space}:1.0" for space in ("office", "table"))
FORMULA, MATRIX, MATRIX_ROWS = (
    f"{TABLE} {name}" for name in ("formula", "number-matrix-columns-spanned", "number-matrix-rows-spanned")
)
_TYPE, _VALUE, _BOOLEAN_VALUE, _STRING_VALUE = (
    f"{OFFICE} {name}" for name in ("value-type", "value", "boolean-value", "string-value")
)
_CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_LAYOUT = re.compile("[ ]*[\t\r\n][ \t\r\n]*")
"""Blanks with a line end only lay out the XML. Several blanks are kept: LibreOffice writes and shows them."""
SPACE, TAB, BREAK, _NEXT = "\1", "\2", "\3", "\4"
"""No characters of XML: they stand for blanks that are meant."""
_MEANT = str.maketrans({SPACE: " ", TAB: "\t", BREAK: "\n", _NEXT: "\n"})
_BOOLEANS = {"true": "TRUE", "false": "FALSE", "of:=TRUE()": "TRUE", "of:=FALSE()": "FALSE"}


def cell_of(
    column: int, attributes: dict[str, str], paragraphs: Sequence[str], number_format: Callable[[], Format]
) -> Cell | None:
    """A cell by its type; None for a blank one. What is not of its type is an error value."""
    kind = attributes.get(_TYPE)
    formula = attributes.get(FORMULA)
    seen = paragraphs[0] if len(paragraphs) == 1 else _NEXT.join(paragraphs)
    if not seen.isprintable():
        seen = _LAYOUT.sub(" ", seen).translate(_MEANT)
    if attributes.get(_CALC_TYPE) == "error" or (formula is not None and is_error(seen.strip())):
        return Cell(column, Kind.ERROR, seen or "without a name")
    if formula is not None and kind is None and not paragraphs:
        if MATRIX in attributes:
            raise ValueError("a matrix formula without results")
        return Cell(column, Kind.FORMULA, "")
    if kind in (None, "string", "void"):
        text = attributes.get(_STRING_VALUE, seen)
        return Cell(column, Kind.TEXT, text) if text else None
    if kind == "boolean":
        stored = attributes.get(_BOOLEAN_VALUE, "")
        return Cell(column, Kind.BOOL if stored in _BOOLEANS else Kind.ERROR, _BOOLEANS.get(stored, seen))
    if kind in ("date", "time"):
        return Cell(column, Kind.DATE, attributes.get(f"{OFFICE} {kind}-value", seen))
    return _number(column, kind, attributes.get(_VALUE, ""), formula, seen, number_format)


def _number(
    column: int, kind: str, value: str, formula: str | None, seen: str, number_format: Callable[[], Format]
) -> Cell:
    if kind not in ("float", "percentage", "currency") or not NUMBER.fullmatch(value):
        return Cell(column, Kind.ERROR, value or seen or "without a name")
    if formula in _BOOLEANS and seen == _BOOLEANS[formula]:
        return Cell(column, Kind.BOOL, seen)  # so LibreOffice saves the TRUE of a workbook of Excel's
    if kind == "percentage":
        return Cell(column, Kind.NUMBER, value, Shown.PERCENT)
    cell = number_cell(column, value, number_format())
    if cell.kind is not Kind.NUMBER or cell.shown is Shown.PERCENT:
        return cell
    dash = float(value) == 0 and any(char in MINUS for char in seen)
    if seen and not dash and not any(char.isdigit() for char in seen):
        return cell._replace(shown=Shown.SPECIAL)
    return cell._replace(shown=Shown.DRESSED) if (kind, cell.shown) == ("currency", Shown.PLAIN) else cell
