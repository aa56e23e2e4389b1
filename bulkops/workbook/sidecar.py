"""The results as a workbook of their own, beside the operator's.

Written to a temporary file in the same folder, synced, then put in place: a crash leaves
the previous file or the new one, never half of one.
"""

from __future__ import annotations

import math
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bulkops.model import Status
from bulkops.results import COLUMNS, Value
from bulkops.workbook.text import cell_text

SHEET = "Results"
_WIDTHS = (16, 7, 18, 38, 17, 38, 9, 9, 60, 52, 8, 13, 19, 9, 22)
_FILLS = {
    Status.DONE: "D5EBD8",
    Status.ALREADY_DONE: "E4EDF6",
    Status.FAILED: "F6CFCB",
    Status.INVALID: "FBE3B6",
    Status.UNKNOWN: "E3CFEF",
    Status.NOT_SENT: "E6E6E6",
}
"""Light enough for black words; the word itself says the status, the colour only helps to find it."""
_MOST_LINKS = 65_530
_LINE_HEIGHT = 15.0
_TRIES = 5


def results_path(workbook: Path) -> Path:
    """``August.xlsx`` → ``August - results.xlsx`` in the same folder."""
    return workbook.with_name(f"{workbook.stem} - results.xlsx")


def writable(path: Path) -> bool:
    """Could the results be put there now? Tried for real, before anything is sent; leaves nothing behind."""
    probe = _temporary(path)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
        if path.exists():
            # Excel keeps a workbook it has open from being replaced.
            with open(path, "r+b"):
                pass
    except OSError:
        return False
    return not path.is_dir() and not (path.parent / f"~${path.name}").exists()


def write_results(
    path: Path, lines: Sequence[Sequence[Value]], workbook: Path, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Write the lines as the only sheet of a new workbook. Raises OSError if it cannot be put in place."""
    temporary = _temporary(path)
    try:
        _write(temporary, lines, _relative(workbook, path))
        with open(temporary, "r+b") as stream:
            os.fsync(stream.fileno())
        _replace(temporary, path, sleep)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.stem[:40]}-{secrets.token_hex(4)}.tmp")


def _replace(temporary: Path, path: Path, sleep: Callable[[float], object]) -> None:
    """Virus scanners and sync programs hold a new file for a moment; five tries, then the error is the caller's."""
    for attempt in range(_TRIES):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:
            if attempt == _TRIES - 1:
                raise
            sleep(0.2 * 2**attempt)


def _relative(workbook: Path, path: Path) -> str | None:
    """The workbook as a link from the results file, if the two share a folder."""
    return quote(workbook.name) if workbook.resolve().parent == path.resolve().parent else None


def _write(path: Path, lines: Sequence[Sequence[Value]], link: str | None) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    for position, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "F2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(lines) + 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"

    top, wrapped = Alignment(vertical="top"), Alignment(vertical="top", wrap_text=True)
    header = NamedStyle(
        "bulkops header",
        font=Font(bold=True, color="FFFFFF"),
        alignment=wrapped,
        fill=PatternFill("solid", fgColor="1F3A5F"),
    )
    linked = NamedStyle("bulkops link", font=Font(color="0563C1", underline="single"), alignment=top)
    styles = {
        status.label: NamedStyle(
            f"bulkops {status.value}",
            font=Font(bold=True),
            alignment=top,
            number_format="@",
            fill=PatternFill("solid", fgColor=colour),
        )
        for status, colour in _FILLS.items()
    }
    text = NamedStyle("bulkops text", alignment=top, number_format="@")
    wrapping = NamedStyle("bulkops message", alignment=wrapped, number_format="@")
    moment = NamedStyle("bulkops time", alignment=top, number_format="yyyy-mm-dd hh:mm:ss")
    number = NamedStyle("bulkops number", alignment=top)
    for style in (header, linked, text, wrapping, moment, number, *styles.values()):
        book.add_named_style(style)

    def cell(value: Value, column: str) -> Any:
        made = WriteOnlyCell(sheet, value=cell_text(value) if isinstance(value, str) else value)
        if isinstance(value, str):
            # openpyxl takes "=1+1" for a formula and "#N/A" for an error; here every text is text.
            made.data_type = "s"
            made.style = (
                styles[value].name
                if column == "Status" and value in styles
                else (wrapping if column in ("Message", "What to do") else text).name
            )
        else:
            made.style = (moment if isinstance(value, datetime) else number).name
        return made

    heads = [WriteOnlyCell(sheet, value=name) for name in COLUMNS]
    for head in heads:
        head.style = header.name
    sheet.row_dimensions[1].height = 2 * _LINE_HEIGHT
    sheet.append(heads)
    for position, line in enumerate(lines, 2):
        cells = [cell(value, column) for value, column in zip(line, COLUMNS, strict=True)]
        if link is not None and position - 2 < _MOST_LINKS:
            place = f"'{str(line[0]).replace(chr(39), chr(39) * 2)}'!A{line[1]}"
            cells[1].hyperlink = f"{link}#{place}"
            cells[1].style = linked.name
        sheet.row_dimensions[position].height = _height(line)
        sheet.append(cells)
    book.save(path)


def _height(line: Iterable[Value]) -> float:
    """Points for the line with the most wrapped text; without it LibreOffice lets rows overlap."""
    most = 1
    for value, width in zip(line, _WIDTHS, strict=True):
        if isinstance(value, str) and len(value) > width:
            most = max(most, sum(max(1, math.ceil(len(part) / (width - 4))) for part in value.split("\n")))
    return min(most * _LINE_HEIGHT, 400.0)
