"""The worksheet part of the Results sheet: a block of facts to read and to print, and the table.

Written by hand, for a sheet of ten thousand rows takes a library ten times as long. Every text is an inline string
with number format 49: nothing that a server or a sheet says can become a formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from math import isfinite

from bulkops.model.outcomes import Status
from bulkops.workbook.package import PACKAGE_RELATIONSHIPS
from bulkops.workbook.results_layout import COLUMNS, NOW
from bulkops.workbook.text import cell_text, stored_text
from bulkops.workbook.writing.corrected_cells import text_xml
from bulkops.workbook.writing.looks import Look

MOST_LINES = 1_048_576 - NOW.heading_row
Value = str | int | float | None
"""What a cell of the results can hold."""
FILLS = {
    Status.DONE: "D5EBD8",
    Status.LOOK: "FFD98A",
    Status.ALREADY_DONE: "E4EDF6",
    Status.FAILED: "F6CFCB",
    Status.INVALID: "FBEBC8",
    Status.UNKNOWN: "E3CFEF",
    Status.NOT_SENT: "E9E9E9",
}
"""Light enough for black words; the word itself says the status, the colour only helps to find it."""
_EDGE = "FFFFFF"
"""Between lines of one colour."""
_KINDS = {
    "text": Look(form="@", wrap=True, edge=_EDGE),
    "status": Look(form="@", wrap=True, bold=True, edge=_EDGE),
    "number": Look(horizontal="center", edge=_EDGE),
    "seconds": Look(horizontal="center", form="0.000", edge=_EDGE),
    "link": Look(horizontal="center", colour="0563C1", underline=True, edge=_EDGE),
}
LOOKS: Mapping[str, Look] = {
    "title": Look(form="@", bold=True, size="14", colour="1F3A5F"),
    "label": Look(form="@", bold=True, colour="1F3A5F"),
    "fact": Look(form="@"),
    "header": Look(form="@", fill="1F3A5F", bold=True, colour="FFFFFF", wrap=True),
    **{
        f"{kind} {status.label}": replace(look, fill=fill)
        for status, fill in FILLS.items()
        for kind, look in _KINDS.items()
    },
}
"""How cells look: those of the block, the headings, and those of the table by kind and status."""
_ROW, _SHEET, _STATUS = COLUMNS.index("Row"), COLUMNS.index("Sheet"), COLUMNS.index("Status")
_WIDTHS = (8, 15, 16, 43, 38, 17, 20, 24, 20, 10, 10, 20, 14, 10, 12, 13, 30, 10, 9, 22)
_WRAPPED = [*range(COLUMNS.index("New task GUID") + 1), COLUMNS.index("Import"), COLUMNS.index("Batch")]
"""Columns with texts that may take more than one line."""
_NARROWEST = {"Sheet": 9, "Target": 9, "Name": 9}
"""Columns that are as wide as what they hold, if that is less than the others' width."""
_FOLDED = range(len(COLUMNS) - 5, len(COLUMNS))
"""Technical: grouped, and folded until somebody wants to see them."""
MOST_LINKS = 65_530
"""Excel's limit for a sheet; the rows after that go without."""
_PER_UNIT = 1.05
"""Letters of running text for each unit of width, with some room for capitals and GUIDs."""
_LINE_HEIGHT, _HIGHEST = 15, 405
"""Points; Excel allows a row no more than 409."""
_LONGEST_FOOTER = 100


@dataclass(frozen=True, slots=True)
class Results:
    """What stands in a Results sheet."""

    lines: Sequence[Sequence[Value]]
    """The table, one line for each row read, in the order of COLUMNS."""
    title: str = ""
    left: Sequence[tuple[str, str]] = ()
    """Up to four facts, each with its label; the first two have the whole width."""
    right: Sequence[tuple[str, str]] = ()
    """Up to two, beside the other left ones."""

    def practised(self) -> Results:
        """The same, saying in each line, wherever it is copied to, that it was only practised."""
        at = COLUMNS.index("Message")
        lines = [[*line[:at], f"PRACTICE: {line[at] or ''}".strip(), *line[at + 1 :]] for line in self.lines]
        return replace(self, title=f"PRACTICE \N{EN DASH} {self.title}", lines=lines)


def extent(results: Results) -> str:
    """``A7:T11``: the headings and the lines."""
    return f"A{NOW.heading_row}:{NOW.letters[-1]}{len(results.lines) + NOW.heading_row}"


def worksheet(
    results: Results, styles: Mapping[str, int], main: str, relationships: str, elsewhere: bool = False
) -> bytes:
    """The worksheet part: ``styles`` says which cell style is which look; ``main`` and ``relationships`` are the
    workbook's namespaces. ``elsewhere``: the rows that the links lead to are in another workbook, whose
    relationships are rId1, rId2 … in the order of the lines."""
    lines, heading = results.lines, NOW.heading_row
    used = [any(line[at] not in (None, "") for line in lines) for at in range(len(COLUMNS))]
    widths = _widths(lines)
    corner = f"D{heading + 1}"
    return "".join(
        (
            NOW.opening,
            f'<worksheet xmlns="{main}" xmlns:r="{relationships}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
            f'<dimension ref="A1:{extent(results).partition(":")[2]}"/><sheetViews><sheetView workbookViewId="0">',
            f'<pane xSplit="3" ySplit="{heading}" topLeftCell="{corner}" activePane="bottomRight" state="frozen"/>',
            '<selection pane="topRight"/><selection pane="bottomLeft"/>',
            f'<selection pane="bottomRight" activeCell="{corner}" sqref="{corner}"/></sheetView></sheetViews>',
            '<sheetFormatPr defaultRowHeight="15" outlineLevelCol="1"/>',
            f"<cols>{''.join(_columns(widths, used))}</cols><sheetData>",
            *_block(results, styles),
            *_rows(lines, styles, widths, used),
            f'</sheetData><autoFilter ref="{extent(results)}"/>{_links(lines, elsewhere)}',
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>',
            '<pageSetup orientation="landscape" fitToHeight="0"/>',
            f"<headerFooter><oddFooter>{_footer(results.title)}</oddFooter></headerFooter></worksheet>",
        )
    ).encode("utf-8")


def _columns(widths: Sequence[int], used: Sequence[bool]) -> Iterator[str]:
    """Without those that nothing stands in; the technical ones are folded."""
    for at, width in enumerate(widths):
        folded = at in _FOLDED
        hidden = ' hidden="1"' if folded or not used[at] else ""
        level = ' outlineLevel="1"' if folded else ""
        yield f'<col min="{at + 1}" max="{at + 1}" width="{width}"{hidden} customWidth="1"{level}/>'
    yield f'<col min="{len(COLUMNS) + 1}" max="{len(COLUMNS) + 1}" width="9" collapsed="1"/>'


def _widths(lines: Sequence[Sequence[Value]]) -> list[int]:
    widths = list(_WIDTHS)
    for name, least in _NARROWEST.items():
        at = COLUMNS.index(name)
        longest = max((len(str(line[at])) for line in lines if line[at] is not None), default=0)
        widths[at] = max(least, min(longest + 2, widths[at]))
    return widths


def _block(results: Results, styles: Mapping[str, int]) -> Iterator[str]:
    """The rows above the table, and its headings."""

    def cell(address: str, look: str, text: str) -> str:
        return f'<c r="{address}" s="{styles[look]}" t="inlineStr">{_inline(text)}</c>' if text else ""

    yield f'<row r="1" ht="24" customHeight="1">{cell("A1", "title", results.title)}</row>'
    right = [("", ""), ("", ""), *results.right]
    for at in range(NOW.heading_row - 3):
        row = at + 2
        label, fact = results.left[at] if at < len(results.left) else ("", "")
        beside = right[at] if at < len(right) else ("", "")
        cells = (cell(f"A{row}", "label", label), cell(f"B{row}", "fact", fact), _labelled(f"E{row}", styles, *beside))
        yield f'<row r="{row}">{"".join(cells)}</row>'
    yield f'<row r="{NOW.heading_row - 1}" ht="6" customHeight="1"/>'
    heads = "".join(
        cell(f"{letter}{NOW.heading_row}", "header", name) for letter, name in zip(NOW.letters, COLUMNS, strict=True)
    )
    yield f'<row r="{NOW.heading_row}" ht="{2 * _LINE_HEIGHT + 2}" customHeight="1">{heads}</row>'


def _labelled(address: str, styles: Mapping[str, int], label: str, fact: str) -> str:
    """One cell with a label and what it says."""
    if not label:
        return ""
    bold, plain = (
        f'<rPr>{mark}<sz val="11"/><color rgb="FF{colour}"/><rFont val="Calibri"/><family val="2"/></rPr>'
        for mark, colour in (("<b/>", "1F3A5F"), ("", "000000"))
    )
    texts = (escape(cell_text(text), quote=False) for text in (f"{label}  ", fact))
    runs = "".join(
        f'<r>{look}<t xml:space="preserve">{text}</t></r>' for look, text in zip((bold, plain), texts, strict=True)
    )
    return f'<c r="{address}" s="{styles["fact"]}" t="inlineStr"><is>{runs}</is></c>'


def _rows(
    lines: Sequence[Sequence[Value]], styles: Mapping[str, int], widths: Sequence[int], used: Sequence[bool]
) -> list[str]:
    shown = [(at, letter) for at, letter in enumerate(NOW.letters) if used[at]]
    letters = [(at, int(widths[at] * _PER_UNIT)) for at, _ in shown if at in _WRAPPED]
    looks = {status.label: [styles[f"{kind} {status.label}"] for kind in _KINDS] for status in FILLS}
    rows = []
    for row, line in enumerate(lines, NOW.heading_row + 1):
        text, words, number, seconds, link = looks[str(line[_STATUS])]
        cells = []
        for at, letter in shown:
            value = line[at]
            if isinstance(value, str) and value:
                style = words if at == _STATUS else text
                cells.append(f'<c r="{letter}{row}" s="{style}" t="inlineStr">{_inline(value)}</c>')
            elif isinstance(value, float) and isfinite(value):
                cells.append(f'<c r="{letter}{row}" s="{seconds}"><v>{value!r}</v></c>')
            elif isinstance(value, int):
                cells.append(f'<c r="{letter}{row}" s="{link if at == _ROW else number}"><v>{value}</v></c>')
            else:
                cells.append(f'<c r="{letter}{row}" s="{text}"/>')
        rows.append(f'<row r="{row}" ht="{_height(line, letters)}" customHeight="1">{"".join(cells)}</row>')
    return rows


def links(results: Results, target: str, relationships: str) -> bytes:
    """The relationships part of a sheet whose rows are in another workbook."""
    each = f'Type="{relationships}/hyperlink" Target="{escape(target)}" TargetMode="External"'
    count = min(len(results.lines), MOST_LINKS)
    all_ = "".join(f'<Relationship Id="rId{number}" {each}/>' for number in range(1, count + 1))
    return f'<Relationships xmlns="{PACKAGE_RELATIONSHIPS}">{all_}</Relationships>'.encode()


@lru_cache(maxsize=1000)
def _inline(text: str) -> str:
    """A text as it stands in a cell; most are in many."""
    return f"<is>{text_xml(cell_text(text))}</is>"


def _links(lines: Sequence[Sequence[Value]], elsewhere: bool) -> str:
    """Each line's Row leads to the input row."""
    links = []
    known: dict[Value, str] = {}
    for number, line in enumerate(lines[:MOST_LINKS], 1):
        if line[_ROW] is None:
            continue
        if line[_SHEET] not in known:
            sheet = stored_text(str(line[_SHEET])).replace("'", "''")
            known[line[_SHEET]] = escape(f"'{sheet}'!A")
        outside = f'r:id="rId{number}" ' if elsewhere else ""
        place = f'location="{known[line[_SHEET]]}{line[_ROW]}" display="{line[_ROW]}"'
        links.append(f'<hyperlink ref="{NOW.letters[_ROW]}{number + NOW.heading_row}" {outside}{place}/>')
    return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""


def _footer(title: str) -> str:
    """On every page: whose results, and which page. An & begins a code there."""
    short = title if len(title) <= _LONGEST_FOOTER else f"{title[:_LONGEST_FOOTER]} …"
    return escape(f"&L{stored_text(short).replace('&', '&&')}&RPage &P of &N", quote=False)


def _height(line: Sequence[Value], letters: Iterable[tuple[int, int]]) -> int:
    """Points for the cell that takes the most lines; without it LibreOffice lets rows overlap. ``letters``: how many
    fit into which column."""
    most = 1
    for at, width in letters:
        value = line[at]
        if isinstance(value, str) and (len(value) > width or "\n" in value):
            # What is past the highest row is not seen, and need not be measured.
            most = max(most, _wrapped(value[:4000], width))
    return min(most * _LINE_HEIGHT, _HIGHEST)


def _wrapped(text: str, width: int) -> int:
    """How many lines a text takes when it is broken between words, or within those that are too long."""
    lines = 0
    for part in text.split("\n"):
        start, end = 0, len(part)
        while end - start > width:
            blank = part.rfind(" ", start, start + width + 1)
            start = blank + 1 if blank > start else start + width
            lines += 1
        lines += 1
    return lines
