"""The sheets of a live template that hold EnergyCAP's names, sorted for a human.

The drop-downs show their first column, whose heading bulkops knows them by: whatever EnergyCAP calls its lists and
users, they are never taken for input.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, TypeVar

from bulkops.model.facts import OPEN, PENDING, Batch, BillList, Facts, Person, Task
from bulkops.model.picks import full_name, label, pick
from bulkops.workbook.results_layout import REFERENCE, REFERENCE_ROW
from bulkops.workbook.sheets import column_letters
from bulkops.workbook.text import cell_text
from bulkops.workbook.writing.input_sheets import WHITE, fill, font, landscape

T = TypeVar("T")
_GREY = "6B6B6B"
_MOST_WIDTH = 90
IMPORT_FACTS = {
    "Status in EnergyCAP": 30,
    "When it began": 18,
    "Who imported": 24,
    "Bills it imported": 12,
    "Batch in EnergyCAP": 24,
    "Note in EnergyCAP": 40,
}
"""What is told of an import beside its pick, with the widths of the columns. bulkops does not read them."""


@dataclass(frozen=True, slots=True)
class Import:
    """A bill import, and what is known of its kickouts."""

    task: Task
    kickouts: bool | None = None
    """Did it leave some? None: EnergyCAP does not tell."""
    left_out: str = ""
    """Why it is not offered: it is running, or this computer's record has it as reimported; "" if it is."""


@dataclass(frozen=True, slots=True)
class Table:
    """One reference sheet."""

    title: str
    headings: Mapping[str, int]
    """Each with the width of its column."""
    rows: Sequence[Sequence[str | int | None]]
    """Each begins with a pick."""
    offers: Mapping[str, int]
    """The kind of ids that a drop-down offers → how many of the rows, one kind after the other from the first on."""

    def ranges(self) -> Iterator[tuple[str, str]]:
        """(kind, formula) of each drop-down that has anything to offer."""
        first = REFERENCE_ROW + 1
        for kind, number in self.offers.items():
            if number:
                yield kind, f"'{self.title}'!$A${first}:$A${first + number - 1}"
            first += number


def tables(facts: Facts, imports: Sequence[Import] | None) -> list[Table]:
    """All that EnergyCAP told, a sheet each."""
    made = []
    if imports is not None:
        made.append(_imports(imports))
    if facts.lists is not None:
        made.append(_lists([each for each in facts.lists.values() if each.name and each.of_bills is not False]))
    if facts.flag_types is not None:
        types = [each for each in facts.flag_types.values() if each.name and not each.reserved]
        rows = [(pick(each),) for each in _by_name(types, label)]
        made.append(Table("Flag types", {REFERENCE: 50}, rows, {"flag type": len(rows)}))
    if facts.users is not None:
        made.append(_people([each for each in facts.users.values() if label(each) and each.active is not False]))
    if facts.all_open:
        made.append(_batches([each for each in facts.batches.values() if each.code]))
    return made


def _by_name(things: Iterable[T], name: Callable[[T], str]) -> list[T]:
    return sorted(things, key=lambda thing: (name(thing).casefold(), name(thing)))


def _lists(lists: Iterable[BillList]) -> Table:
    rows = [(pick(each), _called(each.owner), each.kind) for each in _by_name(lists, label)]
    return Table("Bill lists", {REFERENCE: 64, "Whose": 30, "What kind": 30}, rows, {"list": len(rows)})


def _people(people: Sequence[Person]) -> Table:
    seen: dict[str, int] = {}
    for each in people:
        seen[label(each)] = seen.get(label(each), 0) + 1
    names = {each.id: full_name(each) if seen[label(each)] > 1 else label(each) for each in people}
    rows = [(pick(each, names[each.id]), each.code) for each in _by_name(people, lambda each: names[each.id])]
    return Table("People", {REFERENCE: 50, "User code": 30}, rows, {"user": len(rows)})


def _batches(batches: Collection[Batch]) -> Table:
    found = {status: [each for each in batches if each.status.casefold() == status] for status in (OPEN, PENDING)}
    rows = [
        (pick(each), status.capitalize(), _called(each.owner), each.bills)
        for status, some in found.items()
        for each in _by_name(some, label)
    ]
    offers = {"open batch": len(found[OPEN]), "pending batch": len(found[PENDING])}
    return Table("Batches", {REFERENCE: 64, "Now": 12, "Whose": 30, "How many bills": 12}, rows, offers)


def _imports(imports: Sequence[Import]) -> Table:
    """Those that a drop-down offers come first: they surely have kickouts or, where that is known of none, may have."""
    sure = [each for each in imports if each.kickouts and not each.left_out]
    unsure = [each for each in imports if each.kickouts is None and not each.left_out]
    others = [each for each in imports if each.left_out]
    rows = [
        (
            pick(each.task),
            each.left_out or ("Yes" if each.kickouts else "Cannot tell"),
            *(value for _, value in import_facts(each.task)),
        )
        for some in (sure, unsure, others)
        for each in newest_first(some)
    ]
    headings = {REFERENCE: 84, "Kickouts to send again": 62, **IMPORT_FACTS}
    return Table("Imports", headings, rows, {"task": len(sure) or len(unsure)})


def import_facts(task: Task) -> list[tuple[str, str | int | None]]:
    """(heading, value) of each, whatever is told."""
    begin = task.begin.isoformat(" ", "minutes") if task.begin else ""
    values = (task.status, begin, _called(task.person), task.imported, task.batch_code, task.note)
    return list(zip(IMPORT_FACTS, values, strict=True))


def newest_first(imports: Iterable[Import]) -> list[Import]:
    def began(each: Import) -> float:
        when = each.task.begin
        if when is None:
            return 0
        # Without a zone it is EnergyCAP's, as those of all others are then.
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()

    return sorted(imports, key=began, reverse=True)


def _called(person: Person | None) -> str:
    return label(person) if person else ""


def add_reference_sheet(book: Any, table: Table, source: str) -> None:
    """A sheet that says where its names are from, with the headings and the filter in sight."""
    from openpyxl.styles import Alignment

    sheet = book.create_sheet(table.title)
    sheet.sheet_properties.tabColor = _GREY
    put_text(sheet, 1, 1, source).font = font(bold=True)
    about = "To look at and to search. Correct nothing here: bulkops does not read this sheet."
    put_text(sheet, 2, 1, about if table.rows else "EnergyCAP has none.").font = font(italic=True, color=_GREY)
    for column, (heading, width) in enumerate(table.headings.items(), 1):
        cell = put_text(sheet, REFERENCE_ROW, column, heading)
        cell.font, cell.fill = font(bold=True, color=WHITE), fill(_GREY)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[column_letters(column)].width = width
    sheet.row_dimensions[REFERENCE_ROW].height = 32
    for number, row in enumerate(table.rows, REFERENCE_ROW + 1):
        for column, value in enumerate(row, 1):
            if isinstance(value, str):
                put_text(sheet, number, column, value)
            elif value is not None:
                put_number(sheet, number, column, value)
    last = f"{column_letters(len(table.headings))}{REFERENCE_ROW + len(table.rows)}"
    sheet.auto_filter.ref = f"A{REFERENCE_ROW}:{last}"
    sheet.freeze_panes = f"B{REFERENCE_ROW + 1}"
    sheet.print_title_rows = f"{REFERENCE_ROW}:{REFERENCE_ROW}"
    landscape(sheet)


def put_number(sheet: Any, row: int, column: int, value: int) -> None:
    """A number at the left, apart from the text in the next column."""
    from openpyxl.styles import Alignment

    sheet.cell(row, column, value).alignment = Alignment(horizontal="left")


def put_text(sheet: Any, row: int, column: int, text: str) -> Any:
    """A text cell, whatever it begins with."""
    cell = sheet.cell(row, column)
    if text:
        cell.value, cell.data_type, cell.number_format = cell_text(text), "s", "@"
    return cell
