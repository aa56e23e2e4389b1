"""Blank workbooks, the sample sheets and the README's tables: all from the operations' own columns and rules.

``python -m bulkops.templates`` makes the files of sample_sheets/ and the tables of README.md anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bulkops.errors import CannotStart
from bulkops.model import Status
from bulkops.operations import all_operations
from bulkops.operations.base import SEND_AGAIN, Field, Operation, Sample, columns
from bulkops.operations.catalogue import Catalogue

_ROWS = 1000
"""How far drop-downs and text formats reach in a template."""
_OPERATION = "Operation"
_STATUS_HELP = {
    Status.DONE: (
        "EnergyCAP accepted the row; its task GUID or counts are there.",
        "Nothing. A reimport runs on: look at its new task later.",
    ),
    Status.FAILED: (
        "EnergyCAP refused the row; Message has its own words.",
        "Do what What to do says, then run the workbook again.",
    ),
    Status.INVALID: (
        "The row breaks a rule and was never sent; Message names the cell.",
        "Correct the cell, then run the workbook again.",
    ),
    Status.ALREADY_DONE: (
        "The same request succeeded earlier on this computer; it was not sent.",
        "Nothing. To repeat it on purpose: Send again = Yes.",
    ),
    Status.UNKNOWN: (
        "The row was sent and no trustworthy answer came. It is never sent again by itself.",
        "Check in EnergyCAP as What to do says, and only then decide.",
    ),
    Status.NOT_SENT: (
        "The run stopped before the row, or the row is hidden.",
        "Run the workbook again, or show the row.",
    ),
}


def make_template(path: Path) -> None:
    """An instructions sheet and one empty sheet for each operation. Raises CannotStart if the file is there already."""
    if path.exists():
        raise CannotStart("file.exists", path=path)
    if path.suffix.lower() != ".xlsx":
        raise CannotStart("file.unwritable", path=f"{path} (a template is an .xlsx workbook; that name)")
    book = _book()
    operations = list(all_operations().values())
    _instructions(book, operations)
    for operation in operations:
        _input_sheet(book, operation.sheet, [operation], [])
    _save(book, path)


def make_samples(folder: Path) -> list[Path]:
    """The sample workbooks: one clean one for each operation, mixed, with mistakes, with hidden rows."""
    operations = list(all_operations().values())
    made = []
    for number, operation in enumerate(operations, 1):
        book = _book()
        _input_sheet(book, operation.sheet, [operation], _marked(operation, "clean"))
        made.append(_save(book, folder / f"{number} {operation.title.lower()}s.xlsx"))
    for number, (kind, title) in enumerate((("mixed", "mixed"), ("hidden", "hidden rows")), len(operations) + 1):
        book = _book()
        rows = [
            row for pair in zip(*(_marked(operation, kind) for operation in operations), strict=False) for row in pair
        ]
        _input_sheet(book, "Requests", operations, rows)
        made.append(_save(book, folder / f"{number} {title}.xlsx"))
    book = _book()
    for operation in operations:
        _input_sheet(book, operation.sheet, [operation], _marked(operation, "mistakes"), notes=True)
    made.append(_save(book, folder / f"{len(operations) + 3} every kind of mistake.xlsx"))
    return made


def _marked(operation: Operation, kind: str) -> list[tuple[Operation, Sample]]:
    return [(operation, sample) for sample in operation.samples if sample.sheet == kind]


def _book() -> Any:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    return book


def _save(book: Any, path: Path) -> Path:
    try:
        book.save(path)
    except OSError as error:
        raise CannotStart("file.unwritable", path=path) from error
    return path


def _input_sheet(
    book: Any,
    title: str,
    operations: Sequence[Operation],
    rows: Sequence[tuple[Operation, Sample]],
    notes: bool = False,
) -> None:
    """A sheet with headings, drop-downs, input messages and some rows. Operations share one by the column Operation."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    fields: list[Field] = list(columns(operations).values())
    fields.append(fields.pop(fields.index(SEND_AGAIN)))
    headings = (
        [_OPERATION, *(each.heading for each in fields)] if len(operations) > 1 else [each.heading for each in fields]
    )
    first = len(headings) - len(fields)
    for column, heading in enumerate(headings, 1):
        cell = sheet.cell(1, column, heading)
        cell.font = Font(bold=True, color="FFFFFF")
        required = column == 1 if first else fields[column - 1].required
        cell.fill = PatternFill("solid", fgColor="1F3A5F" if required else "5B7493")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        width = fields[column - 1 - first].width if column > first else 18
        sheet.column_dimensions[get_column_letter(column)].width = max(width, len(max(heading.split(), key=len)) + 3)
    sheet.row_dimensions[1].height = 48
    sheet.freeze_panes = sheet.cell(2, first + 2)
    last = max(_ROWS, len(rows) + 1)
    if first:
        _validate(sheet, 1, last, _OPERATION, "What this row asks for.", [operation.title for operation in operations])
    for column, each in enumerate(fields, first + 1):
        _validate(sheet, column, last, each.heading, each.help, each.choices)
        if each.text:
            for row in range(2, last + 1):
                sheet.cell(row, column).number_format = "@"
    for number, (operation, sample) in enumerate(rows, 2):
        _fill_in(sheet, number, operation if first else None, fields, sample.cells)
        sheet.row_dimensions[number].hidden = sample.hidden
        if notes:
            sheet.cell(number, len(headings) + 2, sample.note)
    if notes:
        sheet.cell(1, len(headings) + 2, "Why it is here").font = Font(italic=True)
        sheet.column_dimensions[get_column_letter(len(headings) + 2)].width = 34
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _fill_in(
    sheet: Any, number: int, operation: Operation | None, fields: Iterable[Field], cells: Mapping[str, Any]
) -> None:
    position = 1
    if operation is not None:
        sheet.cell(number, 1, operation.title)
        position = 2
    for column, each in enumerate(fields, position):
        value = cells.get(each.name)
        if value is not None:
            sheet.cell(number, column, value)


def _validate(sheet: Any, column: int, last: int, title: str, help_: str, choices: Sequence[str]) -> None:
    """An input message for a column and, where it takes one of some words, a drop-down that warns but lets pass."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letter = get_column_letter(column)
    rule = DataValidation(
        type="list" if choices else None,
        formula1=f'"{",".join(choices)}"' if choices else None,
        allow_blank=True,
        showInputMessage=True,
        showErrorMessage=bool(choices),
        errorStyle="warning",
    )
    rule.promptTitle, rule.prompt = title[:32], help_[:255]
    if choices:
        rule.errorTitle, rule.error = title[:32], "Please choose one of the list."
    rule.add(f"{letter}2:{letter}{last}")
    sheet.add_data_validation(rule)


def _instructions(book: Any, operations: Sequence[Operation]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    sheet = book.create_sheet("Instructions")
    sheet.column_dimensions["A"].width = 30
    sheet.column_dimensions["B"].width = 96
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    lines: list[tuple[str, str, str]] = [
        ("title", "bulkops", ""),
        ("", "1", "Fill in one row for each thing EnergyCAP should do. Leave the headings as they are."),
        ("", "2", "Save the workbook and check it: bulkops check WORKBOOK. Nothing is sent by a check."),
        (
            "",
            "3",
            "Practise: bulkops run WORKBOOK. Then for real, with --env us-east (us-west, eu, fed, implement).",
        ),
        (
            "",
            "Results",
            "The results are in a workbook of the same name with “- results” behind it: one line for every row.",
        ),
        ("", "Dark headings", "must be filled in; the others may stay blank."),
    ]
    for operation in operations:
        lines += [("head", operation.title, operation.about)]
        lines += [("", each.heading, each.help) for each in columns([operation]).values()]
    lines += [("head", "Status in the results", "")]
    lines += [("", status.label, f"{meaning} {action}") for status, (meaning, action) in _STATUS_HELP.items()]
    for number, (kind, left, right) in enumerate(lines, 1):
        heading, words = sheet.cell(number, 1, left), sheet.cell(number, 2, right)
        heading.alignment = words.alignment = Alignment(vertical="top", wrap_text=True)
        heading.font = Font(
            bold=True, size=16 if kind == "title" else 11, color="FFFFFF" if kind == "head" else "1F3A5F"
        )
        if kind == "head":
            heading.fill = words.fill = PatternFill("solid", fgColor="1F3A5F")
            words.font = Font(color="FFFFFF")
        sheet.row_dimensions[number].height = 24 if kind == "title" else 16 * (1 + len(right) // 105)


def readme_tables() -> dict[str, str]:
    """The README's tables by the name of their place."""
    operations = list(all_operations().values())
    catalogue = Catalogue(operations)
    tables = {
        "statuses": _table(
            ("Status", "What it means", "What to do"),
            [(f"**{status.label}**", *words) for status, words in _STATUS_HELP.items()],
        ),
        "errors": _table(
            ("Code", "What is wrong", "What is said", "What to do"),
            [(f"`{code}`", entry.title, entry.sentence, entry.tip) for code, entry in catalogue.entries.items()],
        ),
    }
    listed = [
        f"**{operation.title}.** {operation.about}\n\n"
        + _table(
            ("Column", "Also", "What to type"),
            [
                (
                    f"**{each.heading}**" if each.required else each.heading,
                    ", ".join(f"`{alias}`" for alias in each.aliases),
                    each.help,
                )
                for each in columns([operation]).values()
            ],
        )
        for operation in operations
    ]
    return {**tables, "columns": "\n\n".join(listed)}


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def with_tables(readme: str) -> str:
    """README.md with the text between each pair of its marks made anew."""
    for name, table in readme_tables().items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = readme.partition(begin)
        _, _, after = rest.partition(end)
        if not rest:
            raise ValueError(f"README.md has no place for {name}")
        readme = f"{before}{begin}{table}{end}{after}"
    return readme


def _main(root: Path) -> None:
    samples = root / "sample_sheets"
    samples.mkdir(exist_ok=True)
    for path in make_samples(samples):
        print(path.relative_to(root))
    readme = root / "README.md"
    readme.write_text(with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    print(readme.relative_to(root))


if __name__ == "__main__":
    _main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
