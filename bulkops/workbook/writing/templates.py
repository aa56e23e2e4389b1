"""Blank workbooks, the sample sheets and the documents' tables: all from the operations' own columns and rules.

``python -m bulkops.workbook.writing.templates`` makes the files of sample_sheets/ and the tables of DOCUMENTS anew.
"""

import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import bulkops
from bulkops.messages.errors import AREAS, CannotStart
from bulkops.model.outcomes import Status
from bulkops.operations import all_operations
from bulkops.operations.base import Operation, Sample, columns, known_columns
from bulkops.system.files import create, refuse_planted
from bulkops.workbook.writing import input_sheets

_PLACE = re.compile(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", re.DOTALL)
"""The place of a table in a document."""
DOCUMENTS = ("README.md", "docs/reference.md", "docs/messages.md")
"""Those with tables, from the project's folder on."""
STATUS_HELP = {
    Status.DONE: (
        "EnergyCAP accepted the row; its task GUID or counts are there.",
        "Nothing. A reimport runs on: look at its new task later.",
    ),
    Status.LOOK: (
        "Done, and the answer does not fit what the row expected; Message says how.",
        "Look at the bills in EnergyCAP as What to do says.",
    ),
    Status.FAILED: (
        "EnergyCAP refused the row; Message has its own words.",
        "Do what What to do says, then run the workbook again.",
    ),
    Status.INVALID: (
        "The row breaks a rule, or EnergyCAP's own data rule it out. It was never sent; Message names the cell.",
        "Correct the cell, then run the workbook again.",
    ),
    Status.ALREADY_DONE: (
        "The same request succeeded earlier on this computer; it was not sent.",
        "Nothing. To repeat it on purpose: the code that What to do names, in Send again.",
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
    refuse_existing(path)
    book = input_sheets.new_book()
    operations = list(all_operations().values())
    input_sheets.instructions(book, instructions(operations))
    for operation in operations:
        input_sheets.input_sheet(book, operation.sheet, [operation], [])
    save(input_sheets.content_of(book), path)


def refuse_existing(path: Path) -> None:
    """Raises CannotStart if something is there already where a template is wanted."""
    refuse_planted(path)
    if path.exists():
        raise CannotStart("file.exists", path=path)


def make_samples(folder: Path) -> list[Path]:
    """The sample workbooks: one clean one for each operation, mixed, with hidden rows, with mistakes."""
    operations = list(all_operations().values())
    made = []
    for number, operation in enumerate(operations, 1):
        book = input_sheets.new_book()
        input_sheets.input_sheet(book, operation.sheet, [operation], _marked(operation, "clean"))
        made.append(save(input_sheets.content_of(book), folder / f"{number} {operation.title.lower()}s.xlsx"))
    for number, (kind, title) in enumerate((("mixed", "mixed"), ("hidden", "hidden rows")), len(operations) + 1):
        book = input_sheets.new_book()
        each_in_turn = zip(*(_marked(operation, kind) for operation in operations), strict=False)
        input_sheets.input_sheet(book, "Requests", operations, [row for turn in each_in_turn for row in turn])
        made.append(save(input_sheets.content_of(book), folder / f"{number} {title}.xlsx"))
    book = input_sheets.new_book()
    for operation in operations:
        input_sheets.input_sheet(book, operation.sheet, [operation], _marked(operation, "mistakes"), notes=True)
    made.append(save(input_sheets.content_of(book), folder / f"{len(operations) + 3} every kind of mistake.xlsx"))
    return made


def _marked(operation: Operation, kind: str) -> list[tuple[Operation, Sample]]:
    return [(operation, sample) for sample in operation.samples if sample.sheet == kind]


def save(content: bytes, path: Path) -> Path:
    """Raises CannotStart if it cannot be written there."""
    try:
        create(path, content)
    except OSError as error:
        raise CannotStart("file.unwritable", path=path) from error
    return path


def instructions(operations: Iterable[Operation], more: Sequence[input_sheets.Line] = ()) -> list[input_sheets.Line]:
    """The instructions sheet, line by line, with some more before the columns."""
    lines: list[input_sheets.Line] = [
        ("title", "bulkops", "", ""),
        ("", "1", "Fill in one row for each thing EnergyCAP should do. Leave the headings as they are.", ""),
        ("", "2", "Save the workbook and check it with bulkops. Nothing is sent by a check.", ""),
        ("", "3", "Run it on Practice first. Then choose your EnergyCAP, check it again, and run it for real.", ""),
        (
            "",
            "",
            "(Command line: bulkops check WORKBOOK, bulkops run WORKBOOK, and --env us-east for your EnergyCAP)",
            "",
        ),
        (
            "",
            "Results",
            "They are in the sheet Results of this workbook: a line for every row. Nothing else in it is changed.",
            "",
        ),
        ("", "Dark headings", "must be filled in; the others may stay blank.", ""),
        *more,
    ]
    for operation in operations:
        lines += [("head", operation.title, operation.about, "For example")]
        lines += [("", each.heading, each.help, each.example) for each in columns([operation]).values()]
    lines += [("head", "Status in the results", "What it means", "What to do")]
    lines += [("", status.label, meaning, action) for status, (meaning, action) in STATUS_HELP.items()]
    return lines


def tables() -> dict[str, str]:
    """The documents' tables by the name of their place."""
    operations = list(all_operations().values())
    statuses = _table(
        ("Status", "What it means", "What to do"),
        [(f"**{status.label}**", *words) for status, words in STATUS_HELP.items()],
    )
    return {"statuses": statuses, "columns": _columns(operations), "messages": _messages(operations)}


def _columns(operations: Iterable[Operation]) -> str:
    listed = [
        f"**{operation.title}.** {operation.about}\n\n"
        + _table(
            ("Column", "Also", "What to type"),
            [
                (
                    f"**{each.heading}**" if each.required else each.heading,
                    ", ".join(f"`{alias}`" for alias in (*each.aliases, *each.synonyms)),
                    each.help,
                )
                for each in known_columns([operation]).values()
            ],
        )
        for operation in operations
    ]
    return "\n\n".join(listed)


def _messages(operations: Sequence[Operation]) -> str:
    """A table for each area, in which each code is an anchor."""
    own = {f"About rows of a {operation.title.lower()}": operation.rules for operation in operations}
    listed = [
        f"## {area}\n\n"
        + _table(
            ("Code", "What is wrong", "What is said", "What to do"),
            [(f'<a id="{each.code}"></a>`{each.code}`', each.title, *each.in_general()) for each in entries],
        )
        for area, entries in {**AREAS, **own}.items()
    ]
    return "\n\n".join(listed)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def with_tables(document: str) -> str:
    """A document with the text between each pair of its marks made anew. Raises KeyError for a mark that is none."""
    made = tables()
    return _PLACE.sub(lambda found: f"<!-- {found[1]} -->\n{made[found[1]]}\n<!-- /{found[1]} -->", document)


def parts(path: Path) -> dict[str, bytes]:
    """A workbook's parts but the one that holds the time of saving."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "docProps/core.xml"}


def _main(root: Path) -> None:
    samples = root / "sample_sheets"
    samples.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for made in make_samples(Path(folder)):
            kept = samples / made.name
            if not kept.exists() or parts(made) != parts(kept):
                shutil.copyfile(made, kept)
                print(kept.relative_to(root))
    for path in (root / name for name in DOCUMENTS):
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
        print(path.relative_to(root))


if __name__ == "__main__":
    _main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(bulkops.__file__).resolve().parent.parent)
