"""A template with EnergyCAP's names in its drop-downs and, if wanted, a row for every import with kickouts. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from bulkops.messages.wording import plural
from bulkops.model.facts import Facts
from bulkops.model.picks import pick
from bulkops.operations import all_operations
from bulkops.operations.base import RUN_THIS_ROW, Field, target
from bulkops.workbook.writing import input_sheets, templates
from bulkops.workbook.writing.reference_sheets import (
    IMPORT_FACTS,
    Import,
    add_reference_sheet,
    import_facts,
    newest_first,
    put_number,
    put_text,
    tables,
)

_LEAD = "Choose from the list, or type the id by itself."
_LEADS = {
    "user": "The list gives one. For more, add ; and their ids: Jane Smith | 101;102. They REPLACE everybody who is "
    "assigned. Blank: no change asked.",
    "task": "Choose from the list, or type the GUID by itself.",
}
_WIDTHS = {"task": 62, "list": 44, "flag type": 24, "user": 30, "open batch": 34, "pending batch": 34}
_WHOLE = frozenset({"user"})
"""Of these the lead says all."""
_NOT_READ = "What EnergyCAP says of the import, for you to read. bulkops does not read this column."
_MOST, _GREY = 255, "8A8A8A"
_SENTENCE = re.compile(r"(?<=[.!?]) ")


@dataclass(frozen=True, slots=True)
class Contents:
    """What EnergyCAP told, and what this computer's record says of it."""

    source: str
    """When and from where the names are, and with whose key: a sentence."""
    facts: Facts
    imports: Sequence[Import] | None = None
    untold: Sequence[str] = ()
    """What could not be told: a sentence each."""
    rows: bool = False
    """Is a row wanted for each import with kickouts?"""

    @property
    def ready(self) -> list[Import]:
        """The imports that surely have kickouts, and may be sent again as far as this computer knows."""
        return newest_first(each for each in self.imports or () if each.kickouts and not each.left_out)


def content(given: Contents) -> bytes:
    """The workbook's bytes."""
    made = tables(given.facts, given.imports)
    offers = {kind: formula for table in made for kind, formula in table.ranges()}
    book = input_sheets.new_book()
    operations = list(all_operations().values())
    input_sheets.instructions(book, templates.instructions(operations, _about(given)))
    for operation in operations:
        fields = [_offering(field, offers) for field in input_sheets.input_fields([operation])]
        needed = {field.name for field in fields if field.required}
        by_name = {field.name: offers[field.kind] for field in fields if field.kind in offers}
        of_imports = given.rows and target(operation).kind == "task"
        chosen = [RUN_THIS_ROW] if of_imports else []
        # The column that names the row's target stays in sight, too.
        sheet = input_sheets.headed_sheet(
            book, operation.sheet, [*chosen, *fields], needed, len(chosen) + 1, MappingProxyType(by_name)
        )
        if of_imports:
            _add_imports(sheet, [*chosen, *fields].index(_offering(target(operation), offers)) + 1, given.ready)
    for table in made:
        add_reference_sheet(book, table, given.source)
    return input_sheets.content_of(book)


def _offering(field: Field, offers: Mapping[str, str]) -> Field:
    """A column with a drop-down of picks, which is wide enough for them, and text: a number is typed as it is."""
    if field.kind not in offers:
        return field
    said = _LEADS.get(field.kind, _LEAD)
    for sentence in _SENTENCE.split(field.help):
        if len(said) + len(sentence) >= _MOST or field.kind in _WHOLE:
            break
        said = f"{said} {sentence}"
    return replace(field, text=True, width=max(field.width, _WIDTHS[field.kind]), help=said)


def _add_imports(sheet: Any, column: int, imports: Sequence[Import]) -> None:
    """A row for each, not yet chosen, with what is told of it to the right of all that is read."""
    first = sheet.max_column + 1
    for at, (heading, width) in enumerate(IMPORT_FACTS.items(), first):
        field = Field("", heading, lambda _: None, _NOT_READ, width=width)
        input_sheets.add_heading(sheet, at, field, _GREY)
        sheet.add_data_validation(input_sheets.input_rule(at, field))
    for number, each in enumerate(imports, 2):
        put_text(sheet, number, column, pick(each.task))
        for at, (_, value) in enumerate(import_facts(each.task), first):
            if isinstance(value, int):
                put_number(sheet, number, at, value)
            else:
                put_text(sheet, number, at, value or "")


def _about(given: Contents) -> list[input_sheets.Line]:
    """What the instructions say of the names, line by line."""
    lines: list[input_sheets.Line] = [
        ("head", "EnergyCAP's own names", given.source, ""),
        (
            "",
            "Drop-downs",
            "Where an id or a GUID is wanted, choose from the list: a name, a bar, and the id. The id counts, and "
            "may be typed by itself. The grey sheets hold the same names, to search and to copy from. They lack "
            "what is new in EnergyCAP since: type its id, or make a new template.",
            "Electric to review, Morgan Lee | 2001",
        ),
        (
            "",
            "Do not drag",
            "Dragging a cell down may count its id up: … | 2001 becomes … | 2002, which is another list under the "
            "same name. Copy and paste instead. bulkops holds each name against its id and finds that out; such a row "
            "is not sent.",
            "",
        ),
    ]
    if given.rows:
        ready = plural(len(given.ready), "import")
        lines.append(
            (
                "",
                RUN_THIS_ROW.heading,
                f"There is a row for each of {ready} with kickouts. Choose Yes and a Batch mode where one is to be "
                "sent again; only rows with Yes are run. Mend the causes in EnergyCAP first. The grey columns at the "
                "right are for you to read.",
                "Yes",
            )
        )
    return lines + [("", "Not known", each, "") for each in given.untold]
