"""Cells of the corrections workbook as XML: each stands as it was read, and looks as the operator saw it."""

import html

from bulkops.model.rows import Cell, Kind, Shown
from bulkops.workbook.text import cell_text, escape

_FORMATS = {
    Shown.PLAIN: "General",
    Shown.PERCENT: "0.00%",
    Shown.GROUPED: "#,##0.##########",
    # A word makes a text column refuse it as before, and no other.
    Shown.DRESSED: 'General" (number)"',
    # How it was shown is not known here. With a digit among the words it is no number that may be sent.
    Shown.SPECIAL: '0.###############" (special format 1)"',
}
_POWERS = {Shown.SCIENTIFIC: "0", Shown.ENGINEERING: "##0"}


def stored(cell: Cell) -> tuple[str, str]:
    """A cell as it was read, and its type; a number in the digits of the file, not in those that Python would write."""
    if cell.kind is Kind.TEXT:
        return escape(cell.text), "s"
    if cell.kind is Kind.BOOL:
        return "1" if cell.text == "TRUE" else "0", "b"
    return cell.text, "e" if cell.kind is Kind.ERROR else "n"


def cell_xml(address: str, style: int, cell: Cell) -> str:
    value, type_ = stored(cell)
    if type_ == "s":
        return f'<c r="{address}" s="{style}" t="inlineStr"><is>{text_xml(value)}</is></c>'
    return f'<c r="{address}" s="{style}" t="{type_}"><v>{html.escape(value, quote=False)}</v></c>'


def message_xml(address: str, style: int, message: str) -> str:
    """A message's cell as XML, its first line bold."""
    first, _, rest = cell_text(message).partition("\n")
    bold = f'<r><rPr><rFont val="Calibri"/><b val="1"/><sz val="11"/></rPr>{text_xml(first)}</r>'
    return f'<c r="{address}" s="{style}" t="inlineStr"><is>{bold}<r>{text_xml(f"{chr(10)}{rest}")}</r></is></c>'


def text_xml(value: str) -> str:
    """A text as it stands in a cell."""
    # Without this word a program may drop blanks at either end.
    space = "" if value == value.strip() else ' xml:space="preserve"'
    return f"<t{space}>{html.escape(value, quote=False)}</t>"


def number_format(cell: Cell) -> str:
    """The number format for a cell: it shows what the operator saw, and nothing that may be sent more than before."""
    if cell.kind is Kind.NUMBER:
        if cell.decimals is not None and cell.shown in _POWERS:
            return f"{_POWERS[cell.shown]}.{'0' * cell.decimals}E+0"
        if cell.decimals is not None and cell.shown is Shown.PLAIN:
            return f"0.{'0' * cell.decimals}".rstrip(".")
        return _FORMATS[cell.shown]
    if cell.kind is Kind.DATE:
        whole, _, part = cell.text.partition(".")
        if not part.strip("0"):
            return "yyyy-mm-dd"
        return "yyyy-mm-dd hh:mm" if whole.strip("0") else "hh:mm:ss"
    return "@" if cell.kind is Kind.TEXT else "General"
