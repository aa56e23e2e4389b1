"""The Results sheet: its columns, and the worksheet part that holds them (product.md section 3).

Written by hand, for a sheet of ten thousand rows takes a library ten times as long. Every text is an inline string
with number format 49: nothing that a server or a sheet says can become a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from math import isfinite

from bulkops.model import Status
from bulkops.workbook.styles import Look
from bulkops.workbook.text import cell_text, stored_text

SHEET = "Results"
PRACTICE_SHEET = "PRACTICE Results"
MARK = "_bulkops.results"
"""The hidden workbook name by which our own results are known (product.md section 3)."""
COPY = "_bulkops.copy"
"""The hidden workbook name of a copy that bulkops made to put results into: never run, replaced by a later run."""
RUN_ID = re.compile(r"\b20[0-9]{6}-[0-9]{6}-[0-9a-f]{4}\b")
"""A run's id, as the column Run tells it."""
COLUMNS = (
    "Sheet",
    "Row",
    "Operation",
    "Target",
    "Status",
    "New task GUID",
    "Bills selected",
    "Bills updated",
    "Message",
    "What to do",
    "HTTP status",
    "Environment",
    "Started",
    "Seconds",
    "Run",
    "Send again code",
)
FIRST = COLUMNS[:-1]
"""Those that every version of bulkops has written."""
LETTERS = "ABCDEFGHIJKLMNOP"
"""The columns' letters."""
MOST_LINES = 1_048_575

Value = str | int | float | datetime | None
"""What a cell of the results can hold; times are UTC without a zone."""
_WIDTHS = (16, 7, 18, 39, 18, 39, 10, 10, 60, 52, 9, 13, 24, 10, 23, 17)
FILLS = {
    Status.DONE: "D5EBD8",
    Status.ALREADY_DONE: "E4EDF6",
    Status.FAILED: "F6CFCB",
    Status.INVALID: "FBE3B6",
    Status.UNKNOWN: "E3CFEF",
    Status.NOT_SENT: "E6E6E6",
}
"""Light enough for black words; the word itself says the status, the colour only helps to find it."""
LOOKS: Mapping[str, Look] = {
    "header": Look(form="@", fill="1F3A5F", bold=True, colour="FFFFFF", wrap=True),
    "text": Look(form="@"),
    "message": Look(form="@", wrap=True),
    "number": Look(horizontal="center"),
    "seconds": Look(horizontal="center", form="0.000"),
    "time": Look(horizontal="left", form='yyyy-mm-dd hh:mm:ss" UTC"'),
    "link": Look(horizontal="center", colour="0563C1", underline=True),
    **{status.label: Look(form="@", fill=colour, bold=True) for status, colour in FILLS.items()},
}
"""How cells look, by kind or by status."""
_WRAPPED = (COLUMNS.index("Message"), COLUMNS.index("What to do"))
_STATUS, _ROW = COLUMNS.index("Status"), COLUMNS.index("Row")
MOST_LINKS = 65_530
"""Excel's limit for a sheet; the rows after that go without."""
_PER_UNIT = 1.05
"""Letters of running text for each unit of width, with some room for capitals and GUIDs."""
_LINE_HEIGHT, _HIGHEST = 15, 405
"""Points; Excel allows a row no more than 409."""
_EPOCH, _DAYS_1904 = datetime(1899, 12, 30), 1462
OPENING = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- bulkops -->'
"""What a part begins with that stands as it was written here: no other program keeps the comment."""
_PANE = (
    '<sheetViews><sheetView workbookViewId="0"><pane xSplit="2" ySplit="1" topLeftCell="C2" activePane="bottomRight" '
    'state="frozen"/><selection pane="topRight"/><selection pane="bottomLeft"/>'
    '<selection pane="bottomRight" activeCell="C2" sqref="C2"/></sheetView></sheetViews>'
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_MARGINS = '<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'


def extent(lines: Sequence[object]) -> str:
    """``A1:O5``: the headings and the lines."""
    return f"A1:{LETTERS[-1]}{len(lines) + 1}"


def worksheet(
    lines: Sequence[Sequence[Value]],
    styles: Mapping[str, int],
    main: str,
    relationships: str,
    since_1904: bool = False,
    elsewhere: bool = False,
) -> bytes:
    """The worksheet part: ``styles`` says which cell style is which look; ``main`` and ``relationships`` are the
    workbook's namespaces. ``elsewhere``: the rows that the links lead to are in another workbook, whose
    relationships are rId1, rId2 … in the order of the lines."""
    widths = "".join(f'<col min="{at}" max="{at}" width="{w}" customWidth="1"/>' for at, w in enumerate(_WIDTHS, 1))
    shift = _DAYS_1904 if since_1904 else 0
    head = "".join(
        f'<c r="{letter}1" s="{styles["header"]}" t="inlineStr"><is><t>{name}</t></is></c>'
        for letter, name in zip(LETTERS, COLUMNS, strict=True)
    )
    return "".join(
        (
            OPENING,
            f'<worksheet xmlns="{main}" xmlns:r="{relationships}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
            f'<dimension ref="{extent(lines)}"/>{_PANE}<sheetFormatPr defaultRowHeight="15"/><cols>{widths}</cols>',
            f'<sheetData><row r="1" ht="{2 * _LINE_HEIGHT}" customHeight="1">{head}</row>',
            *_rows(lines, _cells(styles, shift)),
            f'</sheetData><autoFilter ref="{extent(lines)}"/>{_links(lines, elsewhere)}{_MARGINS}',
            '<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>',
        )
    ).encode("utf-8")


def _rows(lines: Sequence[Sequence[Value]], cell: Callable[[int, str, Value], str]) -> list[str]:
    rows = []
    for number, line in enumerate(lines, 2):
        cells = "".join(
            [
                cell(column, f"{letter}{number}", value)
                for column, (letter, value) in enumerate(zip(LETTERS, line, strict=True))
                if value is not None and value != ""
            ]
        )
        rows.append(f'<row r="{number}" ht="{_height(line)}" customHeight="1">{cells}</row>')
    return rows


def _cells(styles: Mapping[str, int], shift: int) -> Callable[[int, str, Value], str]:
    """What writes one cell; a time is written in days since the workbook's first."""
    plain, wrapped = styles["text"], styles["message"]

    def cell(column: int, address: str, value: Value) -> str:
        if isinstance(value, str):
            style = styles.get(value, plain) if column == _STATUS else wrapped if column in _WRAPPED else plain
            return f'<c r="{address}" s="{style}" t="inlineStr">{_inline(value)}</c>'
        if isinstance(value, datetime):
            days = (value - _EPOCH).total_seconds() / 86_400 - shift
            return f'<c r="{address}" s="{styles["time"]}"><v>{days!r}</v></c>'
        if isinstance(value, float):
            return f'<c r="{address}" s="{styles["seconds"]}"><v>{value!r}</v></c>' if isfinite(value) else ""
        return f'<c r="{address}" s="{styles["link" if column == _ROW else "number"]}"><v>{value}</v></c>'

    return cell


def links(lines: Sequence[object], target: str, relationships: str) -> bytes:
    """The relationships part of a sheet whose rows are in another workbook."""
    each = f'Type="{relationships}/hyperlink" Target="{escape(target)}" TargetMode="External"'
    all_ = "".join(f'<Relationship Id="rId{number}" {each}/>' for number in range(1, min(len(lines), MOST_LINKS) + 1))
    return f'<Relationships xmlns="{_PACKAGE}">{all_}</Relationships>'.encode()


@lru_cache(maxsize=1000)
def _inline(text: str) -> str:
    """A text as it stands in a cell; most are in many."""
    stored = escape(cell_text(text), quote=False)
    # Without this word a program may drop blanks at either end.
    kept = "" if stored == stored.strip() else ' xml:space="preserve"'
    return f"<is><t{kept}>{stored}</t></is>"


def _links(lines: Sequence[Sequence[Value]], elsewhere: bool) -> str:
    """Each line's Row leads to the input row."""
    links = []
    known: dict[Value, str] = {}
    for number, line in enumerate(lines[:MOST_LINKS], 2):
        if line[_ROW] is None:
            continue
        if line[0] not in known:
            sheet = stored_text(str(line[0])).replace("'", "''")
            known[line[0]] = escape(f"'{sheet}'!A")
        outside = f'r:id="rId{number - 1}" ' if elsewhere else ""
        place = f'location="{known[line[0]]}{line[_ROW]}" display="{line[_ROW]}"'
        links.append(f'<hyperlink ref="{LETTERS[_ROW]}{number}" {outside}{place}/>')
    return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""


def _height(line: Sequence[Value]) -> int:
    """Points for the line with the most wrapped text; without it LibreOffice lets rows overlap."""
    most = 1
    for column in _WRAPPED:
        value = line[column]
        if isinstance(value, str) and value:
            # What is past the highest row is not seen, and need not be measured.
            most = max(most, _wrapped(value[:4000], int(_WIDTHS[column] * _PER_UNIT)))
    return min(most * _LINE_HEIGHT, _HIGHEST)


def _wrapped(text: str, width: int) -> int:
    """How many lines a text takes when it is broken between words, or within those that are too long."""
    lines = 0
    for part in text.split("\n"):
        lines += 1
        if len(part) <= width:
            continue
        used = 0
        for word in part.split(" "):
            if used and used + 1 + len(word) > width:
                lines += 1
                used = 0
            used += len(word) + (used > 0)
            if used > width:
                lines += (used - 1) // width
                used = (used - 1) % width + 1
    return lines
