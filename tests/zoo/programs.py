"""Workbooks as other programs save them."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation

from .book import ROWS, STRINGS, picture, resident
from .ours import with_results
from .shapes import charts

_LINES = ((*STRINGS[:4],), *((a, b, STRINGS[c], STRINGS[d]) for a, b, c, d in ROWS))


@resident("saved by openpyxl: a chart, a comment, a drop-down, a date, frozen panes")
def openpyxl_saved() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Flag edits"
    for line in _LINES:
        sheet.append(line)
    sheet["F2"] = datetime(2026, 11, 21)
    sheet["F3"] = "=A2+1"
    sheet["A2"].comment = Comment("Is this right?", "Ann")
    sheet.freeze_panes = "A2"
    choices = DataValidation(type="list", formula1='"Resolved,Unresolved"')
    choices.add("C2:C90")
    sheet.add_data_validation(choices)
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=4), titles_from_data=True)
    sheet.add_chart(chart, "H2")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@resident("written by openpyxl as a stream")
def openpyxl_streamed() -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Flag edits")
    for line in _LINES:
        sheet.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


if find_spec("xlsxwriter"):

    @resident("written by XlsxWriter: a table, a chart, pictures in and on cells, sparklines, a button, a chart sheet")
    def xlsxwriter_saved() -> bytes:
        import xlsxwriter  # type: ignore[import-not-found]

        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream, {"in_memory": True})
        sheet = book.add_worksheet("Flag edits")
        for number, row in enumerate(_LINES):
            sheet.write_row(number, 0, row, book.add_format({"bold": not number, "bg_color": "#FFF2CC"}))
        sheet.add_table("F1:G4", {"columns": [{"header": "a"}, {"header": "b"}]})
        sheet.add_sparkline("I2", {"range": "'Flag edits'!A2:B2"})
        sheet.write_comment("A2", "Is this right?")
        sheet.conditional_format("A2:A4", {"type": "data_bar", "data_bar_2010": True})
        sheet.data_validation("C2:C9", {"validate": "list", "source": ["Resolved", "Unresolved"]})
        sheet.write_dynamic_array_formula("N2:N4", "=SORT(A2:A4)", None, 2001)
        sheet.insert_image("J20", "on.png", {"image_data": io.BytesIO(picture())})
        sheet.embed_image("K2", "in.png", {"image_data": io.BytesIO(picture())})
        sheet.insert_checkbox("L2", True)
        sheet.insert_button("P2", {"macro": "run"})
        sheet.insert_textbox("P8", "Send by Friday")
        sheet.set_header("&L&G", {"image_left": "head.png", "image_data_left": io.BytesIO(picture())})
        sheet.protect("password")
        sheet.repeat_rows(0)
        for place in (sheet, book.add_chartsheet("Chart")):
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": "='Flag edits'!$B$2:$B$4"})
            if place is sheet:
                place.insert_chart("J2", chart)
            else:
                place.set_chart(chart)
        book.add_worksheet("Deep").very_hidden()
        book.set_custom_property("Department", "Energy")
        book.close()
        return stream.getvalue()


def has_soffice() -> bool:
    """Is LibreOffice installed?"""
    return shutil.which("soffice") is not None


def resaved(contents: dict[str, bytes], to: str = "xlsx:Calc MS Excel 2007 XML") -> dict[str, bytes]:
    """Files by name, each opened and saved by LibreOffice, all in one start of it; those it cannot open are missing."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "in").mkdir()
        for name, content in contents.items():
            (here / "in" / name).write_bytes(content)
        subprocess.run(
            ["soffice", f"-env:UserInstallation={(here / 'profile').as_uri()}", "--headless", "--convert-to", to,
             "--outdir", str(here / "out"), *(str(here / "in" / name) for name in contents)],
            capture_output=True, check=False, timeout=300,
        )  # fmt: skip
        return {path.name: path.read_bytes() for path in sorted((here / "out").glob("*"))}


def converted(path: Path, kind: str, folder: Path) -> Path:
    """A workbook as LibreOffice saves it in another format: ``ods``, ``xls`` or ``xlsx``."""
    ((name, content),) = resaved({path.name: path.read_bytes()}, kind).items()
    (folder / name).write_bytes(content)
    return folder / name


if has_soffice():

    @resident("saved by LibreOffice")
    def libreoffice_saved() -> bytes:
        return resaved({"a.xlsx": charts()})["a.xlsx"]

    @resident("an earlier run's results, saved by LibreOffice", ours="Results")
    def libreoffice_saved_results() -> bytes:
        return resaved({"a.xlsx": with_results().zipped()})["a.xlsx"]
