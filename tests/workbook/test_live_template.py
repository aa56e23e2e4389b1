"""A live template: names of EnergyCAP in drop-downs, sheets that hold them, and nothing in it that comes alive."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from zoo.programs import has_soffice, resaved

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.facts import Batch, BillList, Facts, FlagType, Person, Task
from bulkops.model.picks import is_called, pick
from bulkops.operations import all_operations
from bulkops.operations.message_catalogue import Catalogue
from bulkops.runs import preview
from bulkops.runs.heading_rows import KnownHeadings
from bulkops.runs.headings import Layout, find_layout
from bulkops.runs.report import Options
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.writing.live_template import Contents, content
from bulkops.workbook.writing.reference_sheets import Import

LEE, DOE = Person(101, "Morgan Lee", "MLEE"), Person(102, "john Doe", "JDOE")
FORMER, OTHER_DOE = Person(103, "Former", active=False), Person(104, "john Doe", "JD2")
SOURCE = "Names from app.energycap.com (Acme) as of 2026-11-29 10:15:00 UTC+00:00, with the key of Morgan Lee (MLEE)."


def guid(number: int) -> str:
    return f"7d9e4c10-5b3a-4f6e-9c21-{number:012d}"


def task(number: int, **facts: Any) -> Task:
    return Task(guid(number), begin=datetime(2026, 11, number), person=LEE, file=f"File {number}.csv", **facts)


def table(*things: Any) -> dict[int, Any]:
    return {thing.id: thing for thing in things}


FACTS = Facts(
    flag_types=table(
        FlagType(1, "Audit  exception"), FlagType(5, "late bill"), FlagType(2, "Bill review"), FlagType(9, "")
    ),
    lists=table(
        BillList(2001, "gas", LEE, "Bill list", True),
        BillList(2002, "Electric", None, "Liste"),
        BillList(2003, "Meters", LEE, "Meter list", False),
    ),
    users=table(LEE, DOE, FORMER, OTHER_DOE),
    batches=table(Batch(502, "P", "Pending", LEE), Batch(501, "b", "open", LEE, 3), Batch(503, "A", "OPEN")),
    all_open=True,
    asked=True,
)
IMPORTS = (
    Import(task(1, imported=38, status="Completed with kickouts", note="=1+1"), True),
    Import(task(2), True),
    Import(task(3)),
    Import(task(4), True, "Sent again on 2026-11-21 10:00:00 UTC by Pat, from August.xlsx"),
)


def made(**given: Any) -> bytes:
    return content(Contents(**{"source": SOURCE, "facts": FACTS, "imports": IMPORTS, **given}))


def opened(workbook: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(workbook))


def offered(book: Any) -> dict[str, list[str]]:
    """Heading → what its drop-down shows, looked up where its formula points to."""
    found = {}
    for sheet in book.worksheets:
        for rule in sheet.data_validations.dataValidation:
            if rule.formula1 and "!" in rule.formula1:
                name, _, cells = rule.formula1.rpartition("!")
                column = next(iter(rule.sqref.ranges)).min_col
                found[sheet.cell(1, column).value] = [
                    row[0].value for row in book[name.strip("'=")][cells.replace("$", "")]
                ]
    return found


def test_drop_downs_offer_picks_sorted_for_a_human() -> None:
    """Names without case, imports newest first; no list of others than bills, no reserved type, nobody who is gone."""
    assert offered(opened(made())) == {
        "List ID": ["Electric | 2002", "gas, Morgan Lee | 2001"],
        "Flag type ID": ["Bill review | 2", "late bill | 5"],
        "Assignees": ["john Doe (JD2) | 104", "john Doe (JDOE) | 102", "Morgan Lee | 101"],
        "Existing open batch ID": ["A | 503", "b, Morgan Lee | 501"],
        "Pending batch ID": ["P, Morgan Lee | 502"],
        "Task GUID": [
            f"File 2.csv, 2 Nov, Morgan Lee | {guid(2)}",
            f"File 1.csv, 1 Nov, Morgan Lee, 38 bills | {guid(1)}",
        ],
    }


def test_what_is_offered_is_taken() -> None:
    """Each pick's name is its thing's, as a check holds it against what EnergyCAP says."""
    things = [*(FACTS.lists or {}).values(), *(FACTS.users or {}).values(), *FACTS.batches.values(), task(2)]
    known = {pick(thing).rpartition("|")[2].strip(): thing for thing in things}
    for picks in offered(opened(made())).values():
        for each in picks:
            name, _, key = each.rpartition("|")
            assert key.strip() not in known or is_called(known[key.strip()], name)


def test_columns_of_picks_are_text_and_take_an_id_too() -> None:
    """Text stays as it is chosen, and the drop-down warns but lets pass."""
    book = opened(made())
    for sheet in (book["Kickouts"], book["Flag edits"]):
        for rule in sheet.data_validations.dataValidation:
            if rule.formula1 and "!" in rule.formula1:
                letter = openpyxl.utils.get_column_letter(next(iter(rule.sqref.ranges)).min_col)
                assert sheet.column_dimensions[letter].number_format == "@"
                assert (rule.errorStyle, rule.showErrorMessage) == ("warning", True)
                assert len(rule.prompt) <= 255
                assert rule.prompt.endswith((".", "!"))


def test_what_is_not_told_has_no_drop_down() -> None:
    """It is said in the instructions; the rest is offered all the same, and what is empty is not."""
    facts = Facts(flag_types=FACTS.flag_types, users={}, asked=True)
    book = opened(made(facts=facts, imports=None, untold=["EnergyCAP did not tell the lists (403)."]))
    assert list(offered(book)) == ["Flag type ID"]
    assert book.sheetnames == ["Instructions", "Kickouts", "Flag edits", "Flag types", "People"]
    lines = [row[:2] for row in book["Instructions"].values]
    assert ("Not known", "EnergyCAP did not tell the lists (403).") in lines
    assert ("EnergyCAP's own names", SOURCE) in lines


def test_imports_that_surely_have_kickouts_stand_first() -> None:
    """Then those of which nobody can tell, then those that are left out, each with why."""
    rows = list(opened(made())["Imports"].iter_rows(min_row=4, max_col=2, values_only=True))
    assert [(row[0].rpartition("-")[2], row[1]) for row in rows] == [
        ("000000000002", "Yes"),
        ("000000000001", "Yes"),
        ("000000000003", "Cannot tell"),
        ("000000000004", "Sent again on 2026-11-21 10:00:00 UTC by Pat, from August.xlsx"),
    ]
    only_unsure = opened(made(imports=IMPORTS[2:]))
    assert [each.rpartition("-")[2] for each in offered(only_unsure)["Task GUID"]] == ["000000000003"]


def test_a_row_for_each_import_with_kickouts() -> None:
    """Not yet chosen, its batch mode blank; what helps the clerk stands to the right of all that is read."""
    sheet = opened(made(rows=True))["Kickouts"]
    headings = [cell.value for cell in sheet[1]]
    rows = [dict(zip(headings, row, strict=True)) for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert headings[:3] == ["Run this row", "Task GUID", "Batch mode"]
    filled = [{heading: value for heading, value in row.items() if value is not None} for row in rows]
    assert filled[1] == {
        "Task GUID": f"File 1.csv, 1 Nov, Morgan Lee, 38 bills | {guid(1)}",
        "Status in EnergyCAP": "Completed with kickouts",
        "When it began": "2026-11-01 00:00",
        "Who imported": "Morgan Lee",
        "Bills it imported": 38,
        "Note in EnergyCAP": "=1+1",
    }
    assert [row["Task GUID"].rpartition("-")[2] for row in rows] == ["000000000002", "000000000001"]
    assert headings.index("Status in EnergyCAP") == headings.index("Send again") + 1
    assert sheet.freeze_panes == "C2"


def test_the_clerks_columns_are_taken_for_no_headings(tmp_path: Path) -> None:
    """No note says that they are not known, and none is nearly a heading."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(made(rows=True))
    operations = list(all_operations().values())
    (sheet,) = (each for each in read_workbook(path).sheets if each.name == "Kickouts")
    layout = find_layout(sheet, operations, Catalogue(operations))
    assert isinstance(layout, Layout)
    assert (layout.notes, layout.problems) == ((), ())
    assert not KnownHeadings(operations).read(sheet.rows[0]).near


HOSTILE = Facts(
    flag_types=table(FlagType(1, "=cmd|' /C calc'!A0"), FlagType(2, 'a,"b"'), FlagType(3, "#N/A")),
    lists=table(*(BillList(number, "List ID", Person(5, "Comment"), "Flag type ID") for number in range(1, 30))),
    users=table(Person(1, "List ID", "Comment"), Person(2, "Task GUID", "Batch mode"), Person(3, "=A1", "_x0041_")),
    batches=table(Batch(1, "Task GUID", "open", Person(2, "Batch mode"))),
    all_open=True,
)


def test_no_name_comes_alive() -> None:
    """Whatever EnergyCAP calls its things, its names are text, and read as they are."""
    book = opened(made(facts=HOSTILE, rows=True))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert offered(book)["Flag type ID"] == ["#N/A | 3", "=cmd|' /C calc'!A0 | 1", 'a,"b" | 2']


@pytest.mark.parametrize("facts", [FACTS, HOSTILE])
def test_the_names_are_never_rows(tmp_path: Path, facts: Facts) -> None:
    """A check finds no input but that of the two sheets to fill in, and nothing odd to say."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(made(facts=facts))
    with pytest.raises(CannotStart) as refused:
        preview.check(path, Environment(PRACTICE, ""), tmp_path, Options())
    assert refused.value.code == "workbook.no_rows"
    assert refused.value.facts["extra"] == ""


@pytest.mark.skipif(not has_soffice(), reason="LibreOffice (soffice) is not installed here")
def test_libreoffice_keeps_the_drop_downs(tmp_path: Path) -> None:
    """Saved by it, every drop-down offers the same, the picks are text, and the names are no rows."""
    before = made(rows=True)
    (after,) = resaved({"a.xlsx": before}).values()
    assert offered(opened(after)) == offered(opened(before))
    assert opened(after)["Kickouts"]["B2"].value == opened(before)["Kickouts"]["B2"].value
    path = tmp_path / "a.xlsx"
    path.write_bytes(after)
    assert {sheet.name for sheet in read_workbook(path).sheets if sheet.ours} == {
        *("Bill lists", "Flag types", "People", "Batches", "Imports")
    }
