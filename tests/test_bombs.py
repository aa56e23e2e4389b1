"""Workbooks from outside that ask for far more than they hold: read or refused, with little time and memory."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest
from bombs import limited
from workbooks import parts, save, worksheet

from bulkops import app
from bulkops.ledger import Ledger
from bulkops.practice.server import PracticeServer
from bulkops.processor import Control
from bulkops.report import Options
from bulkops.settings import PRACTICE, Environment
from bulkops.workbook.raw import column_letters

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits that a process sets for itself")
HEADINGS = ["List ID", "Flag type ID", "Flag status"]


def inline(row: int, column: int, text: str) -> str:
    return f'<c r="{column_letters(column)}{row}" t="inlineStr"><is><t>{text}</t></is></c>'


def wrong_rows(path: Path, count: int, headings: str = "", cells: str = "", after: str = "") -> Path:
    """A workbook of rows that need fixing; ``headings`` and ``cells`` (with the row's number) stand beside them."""
    top = "".join(inline(1, column, text) for column, text in enumerate(HEADINGS, 1))
    rows = (f'<row r="{row}">{inline(row, 1, "x")}{cells.format(row=row)}</row>' for row in range(2, count + 2))
    return save(path, parts(sheet=worksheet(f'<row r="1">{top}{headings}</row>{"".join(rows)}', after=after)))


# ---------------------------------------------------------------- what comes after the send


def run(path: str) -> dict[str, object]:
    """A run on a practice server with corrections: what became of it."""
    book = Path(path)
    with PracticeServer() as server:
        where, options = Environment(PRACTICE, server.base_url), Options(jobs=1, corrections=book.with_name("fix.xlsx"))
        with app.prepare(book, where, book.parent, options) as prepared:
            report = prepared.run(Control(), lambda _: None)
    with closing(Ledger(book.parent / app.LEDGER)) as ledger:
        ended = bool(ledger.runs()[0].ended)
    said = [note for note in report.notes if "orrections" in note]
    return {"results": str(report.results), "fix": report.corrections, "notes": said, "ended": ended}


def test_merges_over_all_rows(tmp_path: Path) -> None:
    """Ranges are not multiplied by rows: the corrections of a small workbook are made like any others."""
    merges = 4 * "".join(f'<mergeCell ref="A{top}:C{8_000}"/>' for top in range(3, 8_000))
    path = wrong_rows(tmp_path / "a.xlsx", 8_000, after=f"<mergeCells>{merges}</mergeCells>")
    made = limited(run, path, seconds=60, memory=2000)
    assert made["ended"]
    assert made["fix"] == f"{path.with_name('fix.xlsx')} (8000 rows)"


def test_rows_that_would_fill_a_whole_sheet_with_blanks_have_no_corrections(tmp_path: Path) -> None:
    """Each row has a cell in a column of its own: every row of the corrections would get all of the columns."""
    top = "".join(inline(1, column, f"h{column}") for column in range(4, 16_000))
    path = wrong_rows(tmp_path / "a.xlsx", 3_000, top)
    made = limited(run, path, seconds=60, memory=2000)
    assert made["ended"]
    assert (made["fix"], Path(str(made["results"])).exists()) == ("", True)
    assert "would fill too many cells" in str(made["notes"])
