"""The results as a workbook of their own, beside the operator's.

Written to a temporary file in the same folder, synced, then put in place: a crash leaves
the previous file or the new one, never half of one. Only a file of our own making is ever
replaced: one with our hidden name in it, and no sheet but ours.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import textwrap
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bulkops.model import Status
from bulkops.workbook.text import cell_text

SHEET = "Results"
MARK = "_bulkops.results"
"""The hidden workbook name by which our own results are known (product.md section 3)."""
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
)

Value = str | int | float | datetime | None
"""What a cell of the results can hold; times are UTC without a zone."""
_WIDTHS = (16, 7, 18, 39, 18, 39, 10, 10, 60, 52, 9, 13, 24, 10, 23)
_FILLS = {
    Status.DONE: "D5EBD8",
    Status.ALREADY_DONE: "E4EDF6",
    Status.FAILED: "F6CFCB",
    Status.INVALID: "FBE3B6",
    Status.UNKNOWN: "E3CFEF",
    Status.NOT_SENT: "E6E6E6",
}
"""Light enough for black words; the word itself says the status, the colour only helps to find it."""
_WRAPPED = ("Message", "What to do")
_MOST_LINKS = 65_530
"""Excel's limit for a sheet; the rows after that go without."""
_PER_UNIT = 1.05
"""Letters of running text for each unit of width, with some room for capitals and GUIDs."""
_LINE_HEIGHT = 15.0
_HIGHEST = 405.0
"""Points; Excel allows a row no more than 409."""
_TRIES = 5
_RUN = re.compile(rb"\b20[0-9]{6}-[0-9]{6}-[0-9a-f]{4}\b")


def results_path(workbook: Path) -> Path:
    """``August.xlsx`` → ``August - results.xlsx`` in the same folder, unless that is a file of the operator's own."""
    beside = workbook.with_name(f"{workbook.stem} - results.xlsx")
    return beside if _may_replace(beside) else workbook.with_name(f"{workbook.stem} - results (bulkops).xlsx")


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
        open_in_excel = path.with_name(f"~${path.name}").exists()
    except OSError:
        return False
    return path.suffix.lower() == ".xlsx" and not open_in_excel and _may_replace(path)


def _may_replace(path: Path) -> bool:
    """Is nothing there, or nothing but results of ours?"""
    try:
        with zipfile.ZipFile(path) as archive:
            book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    except FileNotFoundError:
        return True
    except Exception:  # a damaged file can fail in many ways; none of them is surely ours
        return False
    return MARK in book and len(re.findall(r"<(?:\w+:)?sheet\b", book)) == 1


def runs_told(workbook: Path) -> set[str]:
    """The ids of the runs whose results lie beside a workbook; none if there are no results that can be read."""
    path = results_path(workbook)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
    except Exception:  # no results, or damaged ones: they tell nothing
        return set()
    return {found.decode() for part in parts for found in _RUN.findall(part)}


def write_results(
    path: Path, lines: Sequence[Sequence[Value]], workbook: Path, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Write the lines as the only sheet of a new workbook. Raises OSError if it cannot be put in place."""
    if not _may_replace(path):
        raise FileExistsError(errno.EEXIST, "another file has that name", str(path))
    temporary = _temporary(path)
    try:
        _write(temporary, lines, _link(workbook, path))
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


def _link(workbook: Path, path: Path) -> str:
    """The workbook as a link from the results file: by name in the same folder, so that the two can move together."""
    target = workbook.resolve()
    return quote(target.name) if target.parent == path.resolve().parent else target.as_uri()


def _write(path: Path, lines: Sequence[Sequence[Value]], link: str) -> None:
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter
    from openpyxl.workbook.defined_name import DefinedName

    book = Workbook(write_only=True)
    book.defined_names[MARK] = DefinedName(MARK, attr_text=f"{SHEET}!$A$1", hidden=True)
    sheet = book.create_sheet(SHEET)
    for position, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(lines) + 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"
    writer = _Writer(sheet, _styles(sheet))
    sheet.row_dimensions[1].height = 2 * _LINE_HEIGHT
    sheet.append([writer.cell(name, "header") for name in COLUMNS])
    for position, line in enumerate(lines, 2):
        sheet.row_dimensions[position].height = _height(line)
        sheet.append(writer.cells(line, link if position - 2 < _MOST_LINKS else None))
    book.save(path)


def _styles(sheet: Any) -> dict[str, Any]:
    """One cell of each style, to be copied from: naming a style anew for every cell takes most of the writing time."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    def made(
        horizontal: str | None = None, wrap: bool = False, form: str = "General", fill: str = "", **font: Any
    ) -> Any:
        cell = WriteOnlyCell(sheet)
        cell.alignment = Alignment(vertical="top", horizontal=horizontal, wrap_text=wrap)
        cell.number_format = form
        cell.font = Font(name="Calibri", size=11, **font)
        if fill:
            cell.fill = PatternFill("solid", fgColor=fill)
        return cell

    return {
        "header": made(wrap=True, form="@", fill="1F3A5F", bold=True, color="FFFFFF"),
        "text": made(form="@"),
        "message": made(wrap=True, form="@"),
        "number": made("center"),
        "seconds": made("center", form="0.000"),
        "time": made("left", form='yyyy-mm-dd hh:mm:ss" UTC"'),
        "link": made("center", color="0563C1", underline="single"),
        **{status.label: made(form="@", fill=colour, bold=True) for status, colour in _FILLS.items()},
    }


class _Writer:
    """Makes the cells of a line."""

    def __init__(self, sheet: Any, styles: dict[str, Any]) -> None:
        self._sheet, self._styles = sheet, styles

    def cells(self, line: Sequence[Value], link: str | None) -> list[Any]:
        """A line's cells; Row is a link to the input row."""
        made = [self.cell(value, self._style(value, column)) for value, column in zip(line, COLUMNS, strict=True)]
        if link is not None:
            row = COLUMNS.index("Row")
            sheet = str(line[0]).replace("'", "''")
            made[row].hyperlink = link
            made[row].hyperlink.location = f"'{sheet}'!A{line[row]}"
            made[row]._style = self._styles["link"]._style
        return made

    def cell(self, value: Value, style: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        made = WriteOnlyCell(self._sheet, value=cell_text(value) if isinstance(value, str) else value)
        if isinstance(value, str):
            # openpyxl takes "=1+1" for a formula and "#N/A" for an error; here every text is text.
            made.data_type = "s"
        made._style = self._styles[style]._style
        return made

    def _style(self, value: Value, column: str) -> str:
        if column == "Status" and value in self._styles:
            return str(value)
        if isinstance(value, datetime):
            return "time"
        if isinstance(value, str):
            return "message" if column in _WRAPPED else "text"
        return "seconds" if isinstance(value, float) else "number"


def _height(line: Sequence[Value]) -> float:
    """Points for the line with the most wrapped text; without it LibreOffice lets rows overlap."""
    most = 1
    for value, column, width in zip(line, COLUMNS, _WIDTHS, strict=True):
        if isinstance(value, str) and column in _WRAPPED:
            # What is past the highest row is not seen, and need not be measured.
            parts = value[:4000].split("\n")
            most = max(most, sum(len(textwrap.wrap(part, int(width * _PER_UNIT))) or 1 for part in parts))
    return min(most * _LINE_HEIGHT, _HIGHEST)
