"""Makes two pictures, each as wide as a page: a filled sheet, and its results after a run against a practice server.

    PYTHONPATH=. python .ci/pictures.py

Needs LibreOffice (soffice), poppler (pdftoppm) and ImageMagick (convert).
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from pathlib import Path

import openpyxl

from bulkops.model.environment import PRACTICE, Environment
from bulkops.practice.server import PracticeServer
from bulkops.runs import history, prepare
from bulkops.runs.confirmation import carry_out, unattended, unwatched
from bulkops.runs.control import Control
from bulkops.runs.report import Options
from bulkops.workbook.writing import templates

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
TASK = "7d9e4c10-5b3a-4f6e-9c21-0000000000{:02d}"
KICKOUTS = (
    (TASK.format(1), "use existing batch", 501, None, None, None, None, "Meters corrected"),
    (TASK.format(2), "new self-contained batch", None, None, "KICK-AUG"),
    (TASK.format(3), "use pending batch"),
    (TASK.format(4), "smart bach", None, None, "MICRO-07"),
    (TASK.format(51), "new self-contained batch"),
)
FLAGS = (
    (2002, None, "Resolved", None, "Answered by vendor", None, None, "Yes", 40),
    (2006, 2, "Unresolved", "12,50", "Rate changed", "101;102"),
    (2007, None, None, None, "Please check the demand", "101;102", None, None, 12),
)


def picture(workbook: Path, name: str, box: tuple[int, int, int, int]) -> None:
    """The first page of a workbook as a PNG, cut to a box (left, top, width, height) in pixels."""
    folder = workbook.parent
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "pdf", workbook.name], cwd=folder, check=True, capture_output=True
    )
    left, top, width, height = (str(each) for each in box)
    subprocess.run(["pdftoppm", "-r", "190", "-png", "-singlefile", "-x", left, "-y", top, "-W", width, "-H", height,
                    f"{workbook.stem}.pdf", str(PICTURES / name)], cwd=folder, check=True)  # fmt: skip
    path = f"{PICTURES / name}.png"
    subprocess.run(["convert", path, "-strip", "+dither", "-colors", "64", f"png8:{path}"], check=True)


def main() -> None:
    """Fill in a template, run it, photograph both."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    os.environ["LOGNAME"] = "pat"
    platform.node = lambda: "FINANCE-7"
    with tempfile.TemporaryDirectory() as name:
        workbook = Path(name) / "August.xlsx"
        templates.make_template(workbook)
        book = openpyxl.load_workbook(workbook)
        for sheet, rows in (("Kickouts", KICKOUTS), ("Flag edits", FLAGS)):
            for number, row in enumerate(rows, 2):
                for column, value in enumerate(row, 1):
                    book[sheet].cell(number, column).value = value
        book.save(workbook)
        with PracticeServer() as server:
            where = Environment(PRACTICE, server.base_url)
            with prepare.prepare(workbook, where, Path(name), Options()) as prepared:
                report = carry_out(prepared, unattended, unwatched, Control())
        # The sheet by itself, for LibreOffice prints a workbook from its first sheet on.
        alone = history.recall(Path(name), str(report.run), Path(name) / "results.xlsx").results
        assert alone is not None
        picture(alone, "results", (72, 92, 1238, 590))
        del book["Instructions"], book["Flag edits"]
        book.save(workbook)
        picture(workbook, "filled", (125, 185, 1085, 160))


if __name__ == "__main__":
    main()
