"""How long reading takes, as ratios to what pandas with openpyxl takes.

    python bench/read.py [runs]

10,000 rows of 14 mixed columns, once as Excel stores them (shared texts) and once as openpyxl does
(inline texts). The readers take turns; each figure is the median of its runs, next to the same run's
pandas. Bigger workbooks, and all that are not .xlsx, are read in a child process, which is the last line.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from bulkops.workbook.reader import read_workbook
from bulkops.workbook.reading.sandbox import parsed_in_sandbox

HEADINGS = ("Task GUID", "Batch mode", "Existing open batch ID", "Leave existing batches open", "New batch code")
HEADINGS += ("Pending batch ID", "Comment", "Import note", "Save as resolved", "Send again", "Amount", "Date")
HEADINGS += ("Share", "Vendor")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = {"Date": 1, "Share": 2}


def mixed(rows: int) -> Iterator[list[Any]]:
    """GUIDs, words, numbers, dates and blanks; dates are already serials."""
    dice = random.Random(7)
    for number in range(rows):
        yield [
            str(uuid.UUID(int=dice.getrandbits(128))),
            "smart batch",
            number if number % 3 else None,
            bool(number % 2),
            f"C{number}",
            1000 + number,
            f"comment {number}{' R&D' if number % 7 == 0 else ''}",
            "note",
            "Yes",
            None if number % 5 else "No",
            round(dice.random() * 1000, 2),
            46000 + number % 300,
            0.25,
            dice.choice(["City Power", "Água", "Gas & Co"]),
        ]


def as_excel(path: Path, rows: int) -> None:
    """A workbook of one sheet with shared texts, row spans and styles, the way Excel writes them."""
    texts: dict[str, int] = {}

    def cell(letter: str, row: int, heading: str, value: Any) -> str:
        style = f' s="{_STYLES[heading]}"' if heading in _STYLES and row > 1 else ""
        if isinstance(value, bool):
            return f'<c r="{letter}{row}"{style} t="b"><v>{value:d}</v></c>'
        if isinstance(value, str):
            return f'<c r="{letter}{row}"{style} t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
        return f'<c r="{letter}{row}"{style}><v>{value}</v></c>'

    made = []
    for number, values in enumerate((HEADINGS, *mixed(rows)), 1):
        cells = zip("ABCDEFGHIJKLMN", HEADINGS, values, strict=True)
        row = "".join(cell(letter, number, heading, value) for letter, heading, value in cells if value is not None)
        made.append(f'<row r="{number}" spans="1:14" x14ac:dyDescent="0.25">{row}</row>')
    space = 'xmlns:x14ac="http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"'
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 9))
    kinds = {"/xl/workbook": "sheet.main", "/xl/worksheets/sheet1": "worksheet"}
    kinds |= {"/xl/sharedStrings": "sharedStrings", "/xl/styles": "styles"}
    types = "".join(
        f'<Override PartName="{name}.xml" ContentType="{_TYPE}.{kind}+xml"/>' for name, kind in kinds.items()
    )
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            ("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}" {space}><sheetData>{"".join(made)}</sheetData>'
        "</worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}" count="9" uniqueCount="9">{items}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n{content}')


def _relations(*targets: tuple[str, str]) -> str:
    made = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{made}</Relationships>'


def as_openpyxl(path: Path, rows: int) -> None:
    """The same rows as openpyxl writes them."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    sheet.append(HEADINGS)
    for values in mixed(rows):
        sheet.append(values)
    book.save(path)


READERS: dict[str, Callable[[Path], object]] = {
    "pandas with openpyxl": lambda path: pd.read_excel(path, engine="openpyxl"),
    "pandas with calamine": lambda path: pd.read_excel(path, engine="calamine"),
    "calamine": lambda path: CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(),
    "bulkops": read_workbook,
    "bulkops, in a child process": lambda path: parsed_in_sandbox(path, path.read_bytes()),
}


def main() -> None:
    """Print a line for each reader and workbook."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        for made in (as_excel, as_openpyxl):
            path = Path(folder) / f"{made.__name__}.xlsx"
            made(path, 10_000)
            taken: dict[str, list[float]] = {name: [] for name in READERS}
            for _ in range(runs):
                for name, read in READERS.items():
                    begun = time.perf_counter()
                    read(path)
                    taken[name].append(time.perf_counter() - begun)
            print(f"10,000 rows, stored {made.__name__.replace('_', ' ')}")
            for name, seconds in taken.items():
                ratios = [first / own for first, own in zip(taken["pandas with openpyxl"], seconds, strict=True)]
                print(f"  {name:28} {statistics.median(seconds):6.3f} s  {statistics.median(ratios):5.1f} x as fast")


if __name__ == "__main__":
    main()
