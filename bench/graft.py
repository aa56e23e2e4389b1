"""How long it takes to put results into a workbook, beside what openpyxl takes to load it, add a sheet and save it.

    python bench/graft.py [ROWS] [RUNS]

Both write the same lines into the same workbook of ROWS rows and 14 columns, turn by turn in one process. bulkops'
time includes the check of the package, the reading back, the copy that is kept, and every sync; openpyxl's is the bare
load, the cells with the same styles, and save.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill

from bulkops.model.outcomes import Status
from bulkops.runs.delivery import decide
from bulkops.workbook.results_layout import COLUMNS
from bulkops.workbook.writing.results_sheet import FILLS, Results

COLUMNS_IN = 14
STATUSES = (Status.DONE, Status.FAILED, Status.INVALID, Status.UNKNOWN)


def workbook(path: Path, rows: int) -> None:
    """An input workbook: ids, codes, numbers and comments."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Flag edits")
    sheet.append([f"Heading {number}" for number in range(COLUMNS_IN)])
    for row in range(rows):
        sheet.append([row, f"C{row:06}", row / 4, f"comment {row} of some length", *["text", row] * 5])
    book.save(path)


def results(rows: int) -> Results:
    """A line for each row."""
    return Results(
        [
            [
                {
                    "Row": row + 2,
                    "Sheet": "Flag edits",
                    "Status": STATUSES[row % 4].label,
                    "Message": f"Flag edits!D{row + 2}: Cost recovery “12,50” can be read in two ways. 10 of 12 bills "
                    "changed.",
                    "What to do": "Type digits and one decimal point only, for example 1250.00.",
                    "Operation": "List flag edit",
                    "Target": str(2000 + row),
                    "Bills selected": 12,
                    "Bills updated": 10,
                    "Send again code": "BCDFGH",
                    "Environment": "practice",
                    "Started": "2026-11-21 10:15:30 UTC-05:00",
                    "Seconds": 0.25,
                    "HTTP status": 200,
                    "Run": "20261121-101530-ab12",
                }.get(column)
                for column in COLUMNS
            ]
            for row in range(rows)
        ],
        "Results of August.xlsx",
    )


def by_bulkops(path: Path, home: Path, lines: Results) -> None:
    """Decide where the results go, and put them there."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    place, trouble = decide(path, digest, home, None, "20261121-101530-ab12").deliver(lines)
    assert (place, trouble) == (path, [])


def by_openpyxl(path: Path, _: Path, lines: Results) -> None:
    """Load, add the sheet, save."""
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("Results")
    sheet.append(COLUMNS)
    fills = [PatternFill("solid", fgColor=FILLS[status]) for status in STATUSES]
    wrapped, bold = Alignment(wrap_text=True, vertical="top"), Font(bold=True)
    for number, line in enumerate(lines.lines, 2):
        sheet.append(line)
        for cell in sheet[number]:
            cell.fill, cell.alignment = fills[number % 4 - 2], wrapped
        sheet.cell(number, 3).font = bold
        sheet.cell(number, 1).hyperlink = f"#'{line[1]}'!A{line[0]}"
    book.save(path)


def main() -> None:
    """Print the medians and their ratio."""
    rows, runs = (int(given) for given in (*sys.argv[1:], *("10000", "5")[len(sys.argv) - 1 :]))
    lines = results(rows)
    taken: dict[str, list[float]] = {"bulkops": [], "openpyxl": []}
    with tempfile.TemporaryDirectory() as name:
        folder, original = Path(name), Path(name) / "original.xlsx"
        workbook(original, rows)
        for _ in range(runs):
            for who, write in (("bulkops", by_bulkops), ("openpyxl", by_openpyxl)):
                path = folder / "August.xlsx"
                shutil.copy(original, path)
                begun = time.perf_counter()
                write(path, folder, lines)
                taken[who].append(time.perf_counter() - begun)
    ours, theirs = (statistics.median(seconds) for seconds in taken.values())
    print(f"{rows:,} rows, medians of {runs}: bulkops {ours:.2f} s, openpyxl {theirs:.2f} s: {theirs / ours:.1f} times")


if __name__ == "__main__":
    main()
