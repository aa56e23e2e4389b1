"""How the workbooks look that an operator fills in: headings, drop-downs, input messages, formats, instructions."""

import io
import textwrap
import zipfile
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

from bulkops.operations.base import SEND_AGAIN, Field, Operation, Sample, columns
from bulkops.workbook.sheets import LAST_ROW, column_letters
from bulkops.workbook.writing.repack import UndatedZip

Line = tuple[str, str, str, str]
"""A line of the instructions: its kind ("", "head" or "title") and its three cells."""
_OPERATION = "Operation"
DARK, _LIGHT, WHITE = "1F3A5F", "5B7493", "FFFFFF"
_INSTRUCTION_WIDTHS = (28, 84, 46)
_PER_UNIT = 1.1
"""Letters of running text for each unit of a column's width, which is that of a digit."""
_LONGEST_PROMPT = 255
OFFERED = "This is not in the list. An id by itself will do, too."
"""What a spreadsheet program says of a cell that holds something else; it can be left so."""


def new_book() -> Any:
    """A workbook without sheets."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    return book


def content_of(book: Any) -> bytes:
    from openpyxl.writer.excel import ExcelWriter

    stream = io.BytesIO()
    # Not book.save(): its zip wants to tell the time of day, and a clock before 1980 or after 2107 has none for it.
    ExcelWriter(book, UndatedZip(stream, "w", zipfile.ZIP_DEFLATED)).save()
    return stream.getvalue()


def input_sheet(
    book: Any,
    title: str,
    operations: Sequence[Operation],
    rows: Sequence[tuple[Operation, Sample]],
    notes: bool = False,
) -> None:
    """A sheet to be filled in, with some rows. Several operations share one by the column Operation."""
    mixed = len(operations) > 1
    fields = input_fields(operations)
    if mixed:
        fields.insert(0, operation_field(operations))
    needed = {""} if mixed else {field.name for field in fields if field.required}
    # The column that names the row's target stays in sight, too.
    sheet = headed_sheet(book, title, fields, needed, kept=2 if mixed else 1)
    for number, (operation, sample) in enumerate(rows, 2):
        cells = {**sample.cells, "": operation.title}
        for column, field in enumerate(fields, 1):
            if field.name in cells:
                sheet.cell(number, column, cells[field.name]).number_format = "@" if field.text else "General"
        sheet.row_dimensions[number].hidden = sample.hidden
    if notes:
        _notes(sheet, len(fields) + 2, [sample.note for _, sample in rows])


def input_fields(operations: Sequence[Operation]) -> list[Field]:
    """Their columns, Send again last."""
    fields = list(columns(operations).values())
    fields.append(fields.pop(fields.index(SEND_AGAIN)))
    return fields


def headed_sheet(
    book: Any,
    title: str,
    fields: Sequence[Field],
    needed: Set[str],
    kept: int,
    offers: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """A sheet with headings, the first ``kept`` columns of which stay in sight. ``offers``: drop-downs by field."""
    sheet = book.create_sheet(title)
    for column, field in enumerate(fields, 1):
        add_heading(sheet, column, field, DARK if field.name in needed else _LIGHT)
        sheet.add_data_validation(input_rule(column, field, offers.get(field.name, "")))
    sheet.row_dimensions[1].height = 48
    sheet.freeze_panes = sheet.cell(2, kept + 1)
    landscape(sheet)
    return sheet


def operation_field(operations: Sequence[Operation]) -> Field:
    """The column that says what a row asks for, on a sheet for several operations."""
    choices = tuple(operation.title for operation in operations)
    about = "What this row asks for."
    return Field("", _OPERATION, lambda _: None, about, required=True, choices=choices, width=18)


def add_heading(sheet: Any, column: int, field: Field, colour: str) -> None:
    """A column's heading, its width, and its text format if it needs one."""
    from openpyxl.styles import Alignment

    cell = sheet.cell(1, column, field.heading)
    cell.font, cell.fill = font(bold=True, color=WHITE), fill(colour)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    longest_word = max(len(word) for word in field.heading.split())
    whole = sheet.column_dimensions[column_letters(column)]
    whole.width = max(field.width, longest_word + 3)
    if field.text:
        # So that Excel keeps 00102 and long ids as they are typed, in whichever row.
        whole.number_format = "@"


def input_rule(column: int, field: Field, offered: str = "") -> Any:
    """An input message for a column and, where it takes one of some words, a drop-down that warns but lets pass.

    ``offered``: a formula for the drop-down's words, instead of the field's own.
    """
    from openpyxl.worksheet.datavalidation import DataValidation

    words = offered or (f'"{",".join(field.choices)}"' if field.choices else None)
    rule = DataValidation(
        type="list" if words else None,
        formula1=words,
        allow_blank=True,
        showInputMessage=True,
        showErrorMessage=bool(words),
        errorStyle="warning",
    )
    rule.promptTitle, rule.prompt = field.heading[:32], field.help[:_LONGEST_PROMPT]
    if words:
        rule.errorTitle, rule.error = field.heading[:32], OFFERED if offered else "Please choose one of the list."
    letter = column_letters(column)
    rule.add(f"{letter}2:{letter}{LAST_ROW}")
    return rule


def _notes(sheet: Any, column: int, notes: Sequence[str]) -> None:
    """Beside a sheet of mistakes: why each row is there."""
    for number, note in enumerate(("Why it is here", *notes), 1):
        sheet.cell(number, column, note).font = font(italic=True)
    sheet.column_dimensions[column_letters(column)].width = 34


def instructions(book: Any, lines: Sequence[Line]) -> None:
    """The sheet that explains the others."""
    from openpyxl.styles import Alignment

    sheet = book.create_sheet("Instructions")
    sheet.sheet_view.showGridLines = False
    for column, width in enumerate(_INSTRUCTION_WIDTHS, 1):
        sheet.column_dimensions[column_letters(column)].width = width
    for number, (kind, *texts) in enumerate(lines, 1):
        tallest = 1
        for column, (text, width) in enumerate(zip(texts, _INSTRUCTION_WIDTHS, strict=True), 1):
            cell = sheet.cell(number, column)
            cell.value, cell.number_format = text or None, "@"
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.font = font(bold=column == 1, color=DARK if column == 1 else "000000")
            if kind == "head":
                cell.font, cell.fill = font(bold=True, color=WHITE), fill(DARK)
            elif kind == "title":
                cell.font = font(bold=True, color=DARK, size=16)
            tallest = max(tallest, len(textwrap.wrap(text, int(width * _PER_UNIT))))
        sheet.row_dimensions[number].height = 24 if kind == "title" else 15.5 * tallest
    landscape(sheet)


def landscape(sheet: Any) -> None:
    """As wide as one page when printed."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def font(bold: bool = False, italic: bool = False, color: str = "000000", size: int = 11) -> Any:
    from openpyxl.styles import Font

    return Font(name="Calibri", size=size, bold=bold, italic=italic, color=color)


def fill(color: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=color)
