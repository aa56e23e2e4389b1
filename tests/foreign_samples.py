"""One workbook with every kind of cell, as LibreOffice saves it: ``python tests/foreign_samples.py`` makes them anew.

The .xlsx, .ods and .xls lie in tests/foreign/, so that they are read where LibreOffice is not.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
from zoo.programs import converted

FOLDER = Path(__file__).parent / "foreign"
NAME = "every kind of cell"


def typed(path: Path) -> None:
    """Rows from row 2 on, with a gap; formats, formulas, errors, merges, hidden and filtered rows, hidden sheets."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Flag edits"
    rows = {
        2: ["List ID", "Flag type ID", "Comment", "Cost recovery", "Assignees"],
        3: [2001, 2, "a  b\n cdé <&> 😀", 150.25, "101;102"],
        4: ["00102", 2, "  lead", 0.1215, "'=1+1"],
        5: [2003, "=NA()", "x", "=1/0", "none"],
        6: ["=2000+4", True, date(2026, 1, 2), 1234.5, 101102],
        9: [2009, 1e17, 12.5, time(12, 30), 5],
        10: [2010, 123456789012345, 0.000012, -5, 1 / 3],
        11: [2011, 2, "hidden"],
        12: [2012, '=IF(1,"","")', '="t"&"u"', "=FALSE()", "=#REF!"],
        13: [2013, 1, "merged"],
        15: [1.5, 5, 5, 1500, 12, 1234.5, datetime(2023, 3, 15, 12), 1.5, 7, 0.5],
    }
    for number, values in rows.items():
        for column, value in enumerate(values, 1):
            sheet.cell(number, column, value)
    formats = {
        **{"D4": "0.00%", "D6": '"$"#,##0.00', "E6": "#,##0", "C9": "0", "E9": "0.00", "C10": "# ?/?"},
        **{"D10": '[<0]"neg" 0;0', "A15": '0"k"', "B15": "00000", "C15": "@", "D15": "0,", "E15": "#,##0;[RED]-#,##0"},
        **{"F15": "#,##0.00 [$€-407]", "G15": "yyyy-mm-dd hh:mm", "H15": "[h]:mm", "I15": '0;0;"-"', "J15": "0.00E+00"},
    }
    for place, code in formats.items():
        sheet[place].number_format = code
    sheet.merge_cells("C13:D14")
    sheet.row_dimensions[11].hidden = True
    sheet.column_dimensions["B"].hidden = True
    book.create_sheet("Hidden")["A1"] = "x"
    book["Hidden"].sheet_state = "hidden"
    filtered = book.create_sheet("Filtered")
    for row in (["List ID", "Comment"], [1, "a"], [2, "b"], [3, "a"]):
        filtered.append(row)
    filtered.auto_filter.ref = "A1:B4"
    filtered.auto_filter.add_filter_column(1, ["a"])
    filtered.row_dimensions[3].hidden = True
    book.save(path)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        typed(Path(made) / f"{NAME}.xlsx")
        for each in ("xlsx", "ods", "xls"):
            print(converted(Path(made) / f"{NAME}.xlsx", each, FOLDER))
