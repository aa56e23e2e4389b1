"""The corrections workbook: only rows that surely were not carried out, as they stood, to be corrected and run."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops, carried_out, fill, flag, kickout, task
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from passes import passes
from python_calamine import CalamineWorkbook
from workbooks import by_address, parts, plain, save, styles, typed

from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.outcomes import Status
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import backups, corrections_file, prepare, preview, resume
from bulkops.runs.control import Control
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options, Report
from bulkops.workbook.reader import read_workbook
from bulkops.workbook.text import LONGEST, escape, unescape
from bulkops.workbook.writing import corrections_workbook
from bulkops.workbook.writing.corrections_workbook import HEADING, MARK, CorrectionSheet, Line, content
from bulkops.workbook.writing.graft import Graft
from bulkops.workbook.writing.results_sheet import Results

FLAGS = ["List ID", "Flag type ID", "Flag status", "Cost recovery", "Comment"]
NOWHERE = Environment(PRACTICE, "")


def run(path: Path, server: PracticeServer, corrections: Path | None = None, **options: Any) -> Report:
    """A run against a practice server, with its ledger beside the workbook."""
    where = Environment(PRACTICE, server.base_url)
    asked = Options(**{"jobs": 1, "corrections": corrections, "offline": True, **options})
    with prepare.prepare(path, where, path.parent, asked) as prepared:
        return carried_out(prepared)


def check(path: Path, corrections: Path | None = None) -> Report:
    return preview.check(path, NOWHERE, path.parent, Options(corrections=corrections))


def corrected(path: Path, **options: Any) -> Path:
    """The corrections of a workbook's check."""
    made = path.with_name("fix me.xlsx")
    report = preview.check(path, NOWHERE, path.parent, Options(corrections=made, **options))
    assert report.corrections.startswith(str(made)), report.notes
    return made


def told(report: Report) -> list[tuple[str, str]]:
    return [(outcome.status.value, outcome.code) for outcome in report.outcomes]


def statuses(report: Report) -> list[str]:
    return [outcome.status.value for outcome in report.outcomes]


def rows(path: Path, sheet: str | None = None) -> list[list[Any]]:
    """A sheet's values without the messages; the first sheet unless named."""
    book = openpyxl.load_workbook(path)
    return [list(line[1:]) for line in (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)]


def messages(path: Path, sheet: str | None = None) -> list[str]:
    book = openpyxl.load_workbook(path)
    return [line[0].value for line in (book[sheet] if sheet else book.worksheets[0]).iter_rows(min_row=2)]


def coloured(path: Path, sheet: str | None = None) -> set[str]:
    """The addresses of the cells that are marked as being to blame."""
    book = openpyxl.load_workbook(path)
    cells = (cell for line in (book[sheet] if sheet else book.worksheets[0]).iter_rows() for cell in line)
    return {cell.coordinate for cell in cells if cell.fill.fgColor.rgb == "00" + corrections_workbook._BLAMED}


def edit(path: Path, *changes: tuple[str, str, Any]) -> None:
    """Type into cells: (sheet, address, value), as somebody does in Excel."""
    book = openpyxl.load_workbook(path)
    for sheet, address, value in changes:
        book[sheet][address] = value
    book.save(path)


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


# ---------------------------------------------------------------- the rows


def test_corrected_rows_are_run_as_they_are_and_nothing_is_sent_twice(tmp_path: Path, server: PracticeServer) -> None:
    """Rows that need fixing or failed are handed back; done, unknown and hidden ones never."""
    path, fix = tmp_path / "August.xlsx", tmp_path / "fix.xlsx"
    fill(
        path,
        [kickout(1), kickout(2, batch_mode="smart batch"), kickout(51)],
        [flag("12,15"), flag(2007), flag(2099), flag(2008, comment=None), flag(2009), flag(2010, hidden=True)],
    )
    server.faults.add(Fault.drop_reply(), path_contains="2009")
    report = run(path, server, fix)
    assert statuses(report) == [
        "done",
        "invalid",
        "failed",
        "invalid",
        "done",
        "failed",
        "invalid",
        "unknown",
        "not_sent",
    ]
    assert report.corrections == f"{fix} (5 rows)"
    assert [line[0] for line in rows(fix, "Kickouts")] == ["Task GUID", task(2), task(51)]
    assert [line[0] for line in rows(fix, "Flag edits")] == ["List ID", "12,15", 2099, 2008]
    assert [text.split("\n")[0] for text in messages(fix, "Flag edits")] == [
        "Needs fixing (Flag edits row 2)",
        "Failed (Flag edits row 4)",
        "Needs fixing (Flag edits row 5)",
    ]
    sent = len(server.writes)
    edit(
        fix,
        ("Kickouts", "F2", "AUG-26"),
        ("Kickouts", "B3", task(3)),
        ("Flag edits", "B2", 2011),
        ("Flag edits", "B3", 2006),
        ("Flag edits", "F4", "Checked"),
    )
    again = run(fix, server, tmp_path / "fix again.xlsx")
    assert statuses(again) == ["done"] * 5
    assert (len(server.writes) - sent, len(server.state.applied)) == (5, 8)
    assert again.corrections == ""
    assert not (tmp_path / "fix again.xlsx").exists()
    assert statuses(run(fix, server)) == ["already_done"] * 5
    assert len(server.writes) - sent == 5


TRAPS: dict[str, Callable[[], tuple[str, str]]] = {
    # What stands in D2 (Cost recovery) or E2 (Comment), and a style table.
    "an error value": lambda: ('<c r="D2" t="e"><v>#REF!</v></c>', ""),
    "an error value of a newer Excel": lambda: ('<c r="D2" t="e"><v>#SPILL!</v></c>', ""),
    "a formula without a result": lambda: ('<c r="D2"><f>1+1</f></c>', ""),
    "a percentage": lambda: ('<c r="D2" s="1"><v>0.125</v></c>', styles("0.0%")),
    "a special format": lambda: ('<c r="D2" s="1"><v>12</v></c>', styles("00000")),
    "a date": lambda: ('<c r="D2" s="1"><v>45000</v></c>', styles("dd/mm/yyyy")),
    "a date in words": lambda: ('<c r="D2" t="d"><v>2026-11-21T10:00:00</v></c>', ""),
    "a date that is none": lambda: ('<c r="D2" t="d"><v>yesterday</v></c>', ""),
    "a boolean": lambda: ('<c r="D2" t="b"><v>1</v></c>', ""),
    "too many digits": lambda: ('<c r="D2"><v>1234567890123456789</v></c>', ""),
    "a grouped number in a text": lambda: ('<c r="E2" s="1"><v>1234</v></c>', styles("#,##0")),
    "a rounded number in a text": lambda: ('<c r="E2" s="1"><v>12.345</v></c>', styles("0.0")),
    "an exponent in a text": lambda: ('<c r="E2"><v>1.5E+17</v></c>', ""),
    "a control character": lambda: ('<c r="E2" t="inlineStr"><is><t>a_x0007_b</t></is></c>', ""),
    "half a character": lambda: ('<c r="E2" t="inlineStr"><is><t>a_xD83D_b</t></is></c>', ""),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_row_that_nobody_corrects_stays_wrong(tmp_path: Path, trap: str) -> None:
    """Running the corrections untouched sends nothing: no trap of a cell is lost when it is written anew."""
    cell, style = TRAPS[trap]()
    head = "".join(
        f'<c r="{get_column_letter(at)}1" t="inlineStr"><is><t>{name}</t></is></c>' for at, name in enumerate(FLAGS, 1)
    )
    good = '<c r="A2"><v>2001</v></c><c r="B2"><v>2</v></c>'
    path = save(tmp_path / "August.xlsx", parts(f'<row r="1">{head}</row><row r="2">{good}{cell}</row>', style=style))
    assert statuses(check(path)) == ["invalid"]
    fix = corrected(path)
    column = "D" if 'r="D2"' in cell else "E"
    assert coloured(fix) == {chr(ord(column) + 1) + "2"}
    errors = {cell.value for cell in openpyxl.load_workbook(fix).active[2] if cell.data_type == "e"}
    assert errors <= {"#N/A", "#REF!"}, "Excel would call the file damaged"
    assert statuses(check(fix)) == ["invalid"]


def test_cells_that_were_merged_are_not_taken_for_what_they_hold(tmp_path: Path) -> None:
    """The first row of a merged comment would be sent alone, the second without one: both wait until somebody types."""
    path = typed(tmp_path / "August.xlsx", FLAGS, [2001, 2, None, None, "Checked"], [2002, 2], [2003, 2, "Open"])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("E2:E3")
    book.save(path)
    fix = corrected(path)
    assert rows(fix)[1:] == [
        [2001, 2, None, None, "#N/A"],
        [2002, 2, None, None, "#N/A"],
        [2003, 2, "Open", None, None],
    ]
    assert coloured(fix) == {"F2", "F3", "D4"}
    first, second, _ = messages(fix)
    assert first.split("\n")[1:] == [
        "Cells of the row are merged in August.xlsx; here they are separate, and each of them holds an error value. "
        "Type in each of them what the row should hold, or clear it."
    ]
    assert first.split("\n")[1:] == second.split("\n")[1:]
    assert statuses(check(fix)) == ["invalid", "invalid", "invalid"]


@pytest.mark.parametrize("again", [[], ["Send again"]], ids=["without-the-column", "with-the-column"])
def test_a_row_that_repeats_another_stays_wrong_without_it(
    tmp_path: Path, server: PracticeServer, again: list[str]
) -> None:
    """What it repeats was not sent, and is not in the corrections: alone it would be sent unasked."""
    path, fix = tmp_path / "August.xlsx", tmp_path / "fix.xlsx"
    row = [2009, 2, None, None, "second", *("No" for _ in again)]
    typed(path, [*FLAGS, "Expected bills", *again], [2008, 2, None, None, "first", 99])
    book = openpyxl.load_workbook(path)
    for _ in range(2):
        book.active.append([*row[:5], None, *row[5:]])
    book.save(path)
    assert statuses(run(path, server, fix, stop_on_mismatch=True)) == ["done", "not_sent", "invalid"]
    assert [line[-1] for line in rows(fix)] == ["Send again", "#N/A"]
    assert coloured(fix) == {"B2", "H2"}
    assert "Send again, because another row of August.xlsx asks for the same. Delete this row." in messages(fix)[0]
    assert statuses(run(fix, server)) == ["invalid"]
    assert len(server.writes) == 1
    edit(fix, ("Data", "H2", None))
    assert statuses(run(fix, server)) == ["done"]


def test_rows_under_other_headings_are_not_in_the_corrections(tmp_path: Path) -> None:
    """There they would stand under the first ones; how many they are is said."""
    path, fix = tmp_path / "August.xlsx", tmp_path / "fix.xlsx"
    typed(path, FLAGS, ["x", 2], [None, *FLAGS[:2]], [None, 2007, 2])
    report = check(path, fix)
    assert told(report) == [("invalid", "id.shape"), ("invalid", "heading.again"), ("invalid", "heading.again")]
    assert rows(fix)[1:] == [["x", 2, None, None, None]]
    assert report.corrections == f"{fix} (1 row)"
    assert any(
        "in other columns than those above: 2. They are not in the corrections." in note for note in report.notes
    )


def test_a_formula_without_a_result_is_blank_where_nothing_is_sent(tmp_path: Path) -> None:
    """An ignored column is shown as far as it can be, and nothing is coloured there."""
    path = typed(tmp_path / "August.xlsx", [*FLAGS, "Vendor", "Region"], ["x", 2, None, None, None, "=A1", "#N/A"])
    fix = corrected(path)
    assert rows(fix)[1:] == [["x", 2, None, None, None, None, "#N/A"]]
    assert coloured(fix) == {"B2"}
    assert "An error value stands" not in messages(fix)[0]


def test_a_code_stays_as_it_was_typed(tmp_path: Path, server: PracticeServer) -> None:
    """The ledger looks at it anew: it lets the corrected row go once, and on another computer nothing."""
    path, fix, other = tmp_path / "August.xlsx", tmp_path / "fix.xlsx", tmp_path / "other"
    other.mkdir()
    (done,) = run(fill(path, flags=[flag(2002)]), server).outcomes
    fill(path, flags=[flag(2002, send_again=done.send_again_code, expected_bills="many")])
    assert statuses(run(path, server, fix)) == ["invalid"]
    edit(fix, ("Flag edits", "J2", None))
    assert done.send_again_code in rows(fix)[1]
    elsewhere = preview.check(fix, Environment(PRACTICE, server.base_url), other, Options())
    assert [each.code for each in elsewhere.outcomes] == ["send_again.nothing"]
    assert statuses(run(fix, server)) == ["done"]
    assert told(run(fix, server)) == [("already_done", "row.already_done")]
    assert len(server.writes) == 2


def test_a_wish_that_nothing_answers_stays_wrong_in_the_corrections(tmp_path: Path, server: PracticeServer) -> None:
    """Left blank there it would be sent unasked, though it may have been sent from another computer."""
    path, fix = tmp_path / "August.xlsx", tmp_path / "fix.xlsx"
    fill(path, flags=[flag(2002, send_again="BCDFGH")])
    assert told(run(path, server, fix)) == [("invalid", "send_again.nothing")]
    assert told(run(fix, server)) == [("invalid", "send_again.nothing")]
    (column,) = [n for n, heading in enumerate(rows(fix)[0]) if heading == "Send again"]
    assert rows(fix)[1][column] == "BCDFGH"
    assert server.writes == []


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_row_that_resume_would_send_is_not_offered_twice(tmp_path: Path, server: PracticeServer, status: int) -> None:
    """There is nothing to correct in a row that was refused for the key's sake; the operator is told what to do."""
    path, fix = tmp_path / "August.xlsx", tmp_path / "fix.xlsx"
    fill(path, flags=[flag(2099), flag(2006), flag(2007, comment="Other")])
    server.faults.add(Fault.status(status), path_contains="2006")
    report = run(path, server, fix)
    assert statuses(report) == ["failed", "failed", "not_sent"]
    assert [line[0] for line in rows(fix)] == ["List ID", 2099]
    assert "Rows that failed without anything to correct in them: 1." in report.notes[-1]
    with resume.prepare_again(None, tmp_path) as prepared:
        assert [step.row.target for step in prepared.plan.steps] == ["2006", "2007"]


def test_a_row_that_energycap_was_too_busy_for_is_not_offered(tmp_path: Path) -> None:
    """If no other row is to be corrected, no workbook is written, and both is said."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006)])
    (ready,) = check(path).outcomes
    busy = replace(ready, status=Status.FAILED, code="sent.busy", message="Busy.", tip="Later.")
    told_, notes = corrections_file.Corrections(tmp_path / "fix.xlsx", path, tmp_path, "r1").deliver((), (), [busy])
    assert (told_, len(notes)) == ("", 2)


# ---------------------------------------------------------------- the sheets


def test_headings_and_columns_are_the_operators_own(tmp_path: Path) -> None:
    """As they were typed and in that order, also those that are ignored or have no heading; the rest is left out."""
    path = typed(
        tmp_path / "August.xlsx",
        ["August 2026"],
        [],
        ["Vendor", "list id", None, "FLAG STATUS", "Comment ", None],
        ["Acme", "x", None, "Resolved", "  two blanks  ", "?"],
        ["Best", 2002, "gone", None, "good"],
    )  # fmt: skip
    fix = corrected(path)
    assert rows(fix) == [
        ["Vendor", "list id", "FLAG STATUS", "Comment ", None],
        ["Acme", "x", "Resolved", "  two blanks  ", "?"],
    ]
    assert messages(fix)[0].startswith("Needs fixing (Data row 4)\nList ID “x” is not a whole number.")


def test_sheets_without_such_rows_are_left_out(tmp_path: Path) -> None:
    """The others keep their names and their order."""
    path = fill(tmp_path / "August.xlsx", [kickout(1)], [flag("x")], names=("1 März", "Büro & Söhne's"))
    assert openpyxl.load_workbook(corrected(path)).sheetnames == ["Büro & Söhne's"]
    path = fill(
        tmp_path / "September.xlsx", [kickout(1, task_guid="x")], [flag("x")], names=("1 März", "Büro & Söhne's")
    )
    assert openpyxl.load_workbook(corrected(path)).sheetnames == ["1 März", "Büro & Söhne's"]


@pytest.mark.parametrize(
    ("headings", "marked"),
    [
        (["List ID", "Flag type ID", "Comment", "Hold from exprt"], {"E1"}),
        (["List ID", "Flag type ID", "Comment", "comment"], {"E1"}),
        (["List ID", "Flag type ID", "Comment", "=A1"], {"E1"}),
        (["List ID", "Flag type ID", "Comment", "Task GUID", "Batch mode"], {"B1"}),
    ],
)
def test_wrong_headings_are_coloured_and_stay_wrong(tmp_path: Path, headings: list[str], marked: set[str]) -> None:
    """All rows of such a sheet are to be run again, once its heading is corrected."""
    path = typed(tmp_path / "August.xlsx", headings, [2001, 2, "Checked"], [2002, 2, "Checked"])
    fix = corrected(path)
    assert coloured(fix) == marked
    assert (len(messages(fix)), statuses(check(fix))) == (2, ["invalid", "invalid"])
    edit(fix, ("Data", "E1", None), ("Data", "F1", None))
    assert statuses(check(fix)) == ["ready", "ready"]


def test_every_cell_that_is_to_blame_is_coloured(tmp_path: Path) -> None:
    """A row may have several, and the message has a line with what to do for each."""
    path = typed(tmp_path / "August.xlsx", FLAGS, ["12,15", "x", "Closed", "1e3", "Checked"])
    fix = corrected(path)
    assert coloured(fix) == {"B2", "C2", "D2", "E2"}
    assert len(messages(fix)[0].split("\n")) == 5
    assert "Data!" not in messages(fix)[0]


def test_a_cell_that_only_energycap_objects_to_is_coloured(tmp_path: Path, server: PracticeServer) -> None:
    """What a look-up rules out needs fixing too."""
    path, fix = fill(tmp_path / "August.xlsx", flags=[flag(2001, flag_type_id=1)]), tmp_path / "fix.xlsx"
    run(path, server, fix, offline=False)
    assert coloured(fix) == {"C2"}


def test_an_address_elsewhere_says_in_which_workbook(tmp_path: Path) -> None:
    """The corrections have other rows and columns than the workbook that a message speaks of."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2001), flag(2001)])
    assert "already stands in Flag edits!A2 of August.xlsx." in messages(corrected(path))[0]


def test_a_note_to_a_row_is_told_too(tmp_path: Path) -> None:
    """A value that will not be sent is worth knowing while the row is being corrected."""
    path = fill(tmp_path / "August.xlsx", [kickout(1, task_guid="x", pending_batch_id=502)])
    assert "\nNote: Pending batch ID" in messages(corrected(path))[0]


def test_a_sheet_of_both_operations_keeps_its_operation_column(tmp_path: Path) -> None:
    """Rows of both kinds go back to one sheet, with the drop-down of operations."""
    path = typed(
        tmp_path / "August.xlsx",
        ["Operation", "List ID", "Flag status", "Task GUID", "Batch mode"],
        ["List flag edit", 2001, "Resolved"],
        ["Kickout reimport", None, None, "x", "new batch"],
        ["List flag edit", 2002, "Closed"],
        ["Nonsense", 2002, "Closed"],
    )  # fmt: skip
    fix = corrected(path)
    assert [line[0] for line in rows(fix)] == ["Operation", "Kickout reimport", "List flag edit", "Nonsense"]
    assert coloured(fix) == {"E2", "D3", "B4"}
    lists = {
        str(rule.sqref)[0]: rule.formula1 for rule in openpyxl.load_workbook(fix).active.data_validations.dataValidation
    }
    dark = [cell.coordinate for cell in openpyxl.load_workbook(fix).active[1] if cell.fill.fgColor.rgb == "001F3A5F"]
    assert dark == ["B1"]
    assert lists["B"] == '"Kickout reimport,List flag edit"'
    assert lists["D"] == '"Unresolved,Resolved"'
    assert told(check(fix))[2] == ("invalid", "operation.unknown")


def test_drop_downs_prompts_and_text_formats_are_there(tmp_path: Path) -> None:
    """The same help as in a template, one column further to the right; the first column says what it is for."""
    book = openpyxl.load_workbook(corrected(fill(tmp_path / "August.xlsx", flags=[flag("x", comment=None)])))
    sheet = book.active
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert rules["D2:D1048576"].formula1 == '"Unresolved,Resolved"'
    assert rules["A2:A1048576"].promptTitle == HEADING
    assert "The rows are from August.xlsx." in rules["A2:A1048576"].prompt
    assert (sheet.column_dimensions["F"].number_format, sheet["F2"].number_format) == ("@", "General")
    assert (sheet.freeze_panes, sheet.print_title_rows, book.defined_names[MARK].hidden) == ("B2", "$1:$1", True)
    assert (sheet["A2"].alignment.wrap_text, sheet.row_dimensions[2].height) == (True, 75)


# ---------------------------------------------------------------- the values


def test_every_value_is_as_it_was_read(tmp_path: Path) -> None:
    """Texts stay texts and numbers keep their digits, in whatever form the file had them; no formula is written."""
    cells = [
        '<c r="A2" t="inlineStr"><is><t>x</t></is></c>',
        '<c r="B2"><v>2.0</v></c>',
        '<c r="C2" t="inlineStr"><is><t xml:space="preserve"> =cmd|x </t></is></c>',
        '<c r="D2"><v>0.1000000000000000055</v></c>',
        '<c r="E2" t="inlineStr"><is><t>#N/A</t></is></c>',
        '<c r="F2" t="inlineStr"><is><t>_x005F_x0041_</t></is></c>',
        '<c r="G2"><f>1+1</f><v>2</v></c>',
        '<c r="H2" t="b"><v>0</v></c>',
        '<c r="I2"><v>1.5E+300</v></c>',
        '<c r="J2" s="1"><v>45000.5</v></c>',
        '<c r="K2" t="inlineStr"><is><t>00102</t></is></c>',
        '<c r="L2" t="inlineStr"><is><t>a\nb\u00a0</t></is></c>',
        '<c r="M2" t="inlineStr"><is><t>&lt;/t&gt; &amp;amp;</t></is></c>',
        '<c r="N2" t="inlineStr"><is><t xml:space="preserve">  </t></is></c>',
    ]
    letters = [get_column_letter(at) for at in range(1, len(cells) + 1)]
    names = [*FLAGS, *letters[5:]]
    head = "".join(
        f'<c r="{at}1" t="inlineStr"><is><t>{name}</t></is></c>' for at, name in zip(letters, names, strict=True)
    )
    rows_ = f'<row r="1">{head}</row><row r="2">{"".join(cells)}</row>'
    path = save(tmp_path / "August.xlsx", parts(rows_, style=styles("yyyy-mm-dd hh:mm")))
    before = plain(by_address(read_workbook(path).sheets[0]))
    fix = corrected(path)
    after = plain(by_address(read_workbook(fix).sheets[0]))
    assert {f"{get_column_letter(letters.index(at[0]) + 2)}{at[1:]}": cell for at, cell in before.items()} == {
        at: cell for at, cell in after.items() if at[0] != "A"
    }
    assert after["E2"] == ("NUMBER", "0.1000000000000000055")
    with zipfile.ZipFile(fix) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert openpyxl.load_workbook(fix).active["D2"].number_format == "@"
    assert CalamineWorkbook.from_path(fix).get_sheet_by_index(0).to_python()[1][3] == " =cmd|x "


@given(st.text(st.sampled_from("_x0041_x\x00\x07 =\ud83d\ude00\uffff\tabAF09é")))
@example("_x0041\x07")
@settings(max_examples=passes(300), deadline=None)
def test_a_text_reads_back_as_it_was(text: str) -> None:
    """What XML cannot hold is escaped, and what looks like an escape is, too."""
    read = unescape(escape(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")))
    assert read == text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize(
    ("since_1904", "stored", "seen"),
    [
        (False, '<c r="F2" s="1"><v>45000</v></c>', "2023-03-15 00:00:00"),
        (True, '<c r="F2" s="1"><v>43538</v></c>', "2023-03-15 00:00:00"),
        (True, '<c r="F2" t="d"><v>2023-03-15T06:00:00</v></c>', "2023-03-15 06:00:00"),
        (False, '<c r="F2" t="d"><v>2023-03-15</v></c>', "2023-03-15 00:00:00"),
        (False, '<c r="F2" t="d"><v>06:30:00</v></c>', "06:30:00"),
        (False, '<c r="F2" s="1"><v>0.25</v></c>', "06:00:00"),
        (False, '<c r="F2" t="d"><v>soon</v></c>', "None"),
    ],
)
def test_dates_stay_dates(tmp_path: Path, since_1904: bool, stored: str, seen: str) -> None:
    """The same day, whichever year the workbook counts from."""
    head = "".join(
        f'<c r="{get_column_letter(at)}1" t="inlineStr"><is><t>{name}</t></is></c>'
        for at, name in enumerate([*FLAGS, "Due"], 1)
    )
    data = f'<row r="1">{head}</row><row r="2"><c r="A2"><v>0</v></c><c r="B2"><v>2</v></c>{stored}</row>'
    made = parts(data, style=styles("yyyy-mm-dd"))
    if since_1904:
        made["xl/workbook.xml"] = str(made["xl/workbook.xml"]).replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    fix = corrected(save(tmp_path / "August.xlsx", made))
    assert str(rows(fix)[1][5]) == seen


def test_a_text_that_no_cell_can_hold_is_not_cut(tmp_path: Path, server: PracticeServer) -> None:
    """Some programs write longer ones than Excel; the rest of it would be lost in silence."""
    head = "".join(
        f'<c r="{get_column_letter(at)}1" t="inlineStr"><is><t>{name}</t></is></c>' for at, name in enumerate(FLAGS, 1)
    )
    long_one = f'<c r="E2" t="inlineStr"><is><t>{"x" * (LONGEST + 1)}</t></is></c>'
    path = save(
        tmp_path / "August.xlsx", parts(f'<row r="1">{head}</row><row r="2"><c r="A2"><v>2099</v></c>{long_one}</row>')
    )
    fix = tmp_path / "fix.xlsx"
    assert statuses(run(path, server, fix)) == ["failed"]
    assert rows(fix)[1] == [2099, None, None, None, "#N/A"]
    assert (coloured(fix), statuses(check(fix))) == ({"F2"}, ["invalid"])


def test_a_name_that_excel_refuses_becomes_one_that_it_takes() -> None:
    """That of a text file may be too long or hold what no sheet's may; no two become one."""
    names = ["Büro [1]: A/B, September and October", "Büro [1]: A/B, September and November", "b*", "B?"]
    sheets = [CorrectionSheet(name, [1], {}, set(), {}, set(), [Line("m", False, {}, set())]) for name in names]
    assert openpyxl.load_workbook(io.BytesIO(content(sheets, "a.csv"))).sheetnames == [
        "Büro _1__ A_B, September and Oc",
        "Büro _1__ A_B, September and No",
        "b_",
        "B_ (4)",
    ]


# ---------------------------------------------------------------- its first column


def test_our_own_column_is_ignored_without_a_word_and_never_doubled(tmp_path: Path) -> None:
    """Corrections of corrections have one column of messages, the new ones."""
    fix = corrected(fill(tmp_path / "August.xlsx", flags=[flag("x")]))
    edit(fix, ("Flag edits", "B2", "y"))
    again = tmp_path / "again.xlsx"
    report = check(fix, again)
    assert report.notes == ()
    assert (rows(again)[0][0], messages(again)[0].split("\n")[0]) == ("List ID", "Needs fixing (Flag edits row 2)")
    assert "“y”" in messages(again)[0]
    assert HEADING not in rows(again)[0]


# ---------------------------------------------------------------- where it goes


def an_own_workbook(path: Path, fix: Path) -> Path:
    typed(fix, ["My notes"])
    return fix


def a_damaged_file(path: Path, fix: Path) -> Path:
    fix.write_bytes(b"PK\x03\x04 no workbook")
    return fix


def a_copy_with_the_results_of_corrections(path: Path, fix: Path) -> Path:
    check(path, fix)
    edited = fix.with_name("copy.xlsx")
    edited.write_bytes(Graft(fix.read_bytes()).grafted(Results([]), copy=True))
    return edited


def ours_open_in_excel(path: Path, fix: Path) -> Path:
    check(path, fix)
    fix.with_name(f"~${fix.name}").touch()
    return fix


def ours_open_in_libreoffice(path: Path, fix: Path) -> Path:
    check(path, fix)
    fix.with_name(f".~lock.{fix.name}#").touch()
    return fix


def the_workbook(path: Path, _: Path) -> Path:
    return path.parent / "." / path.name


def the_workbook_by_a_link(path: Path, fix: Path) -> Path:
    os.link(path, fix)
    return fix


def the_results(path: Path, _: Path) -> Path:
    return path.with_name("August - results.xlsx")


def the_results_in_other_case(path: Path, _: Path) -> Path:
    return path.with_name("AUGUST - Results.xlsx")


def a_folder_that_is_not_there(path: Path, _: Path) -> Path:
    return path.parent / "missing" / "fix.xlsx"


def a_folder(_: Path, fix: Path) -> Path:
    fix.mkdir()
    return fix


def a_name_too_long(_: Path, fix: Path) -> Path:
    return fix.with_stem("x" * 300)


def a_name_with_no_end(_: Path, fix: Path) -> Path:
    return fix.with_stem("fix\0me")


def another_kind_of_file(_: Path, fix: Path) -> Path:
    return fix.with_suffix(".csv")


REFUSED = [
    (an_own_workbook, "corrections.taken"),
    (a_damaged_file, "corrections.taken"),
    (a_copy_with_the_results_of_corrections, "corrections.taken"),
    (ours_open_in_excel, "corrections.open"),
    (ours_open_in_libreoffice, "corrections.open"),
    (the_workbook, "corrections.same"),
    (the_workbook_by_a_link, "corrections.same"),
    (the_results, "corrections.same"),
    (the_results_in_other_case, "corrections.same"),
    (a_folder_that_is_not_there, "corrections.unwritable"),
    (a_folder, "corrections.taken"),
    (a_name_too_long, "corrections.unwritable"),
    (a_name_with_no_end, "corrections.unwritable"),
    (another_kind_of_file, "corrections.name"),
]


@pytest.mark.parametrize(("arrange", "code"), REFUSED)
def test_a_place_that_will_not_do_is_found_out_before_the_first_row(
    tmp_path: Path, server: PracticeServer, arrange: Callable[[Path, Path], Path], code: str
) -> None:
    """Nothing is sent, nothing is written, and what is there stays as it was."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006), flag("x")])
    place = arrange(path, tmp_path / "fix.xlsx")
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    report = run(path, server, place)
    assert report.refused is not None
    assert (report.refused.code, report.exit_code, server.writes) == (code, 2, [])
    assert statuses(report) == ["not_sent", "invalid"]
    left = {each for each in tmp_path.iterdir() if each.is_file() and not each.name.startswith(("ledger.", "run."))}
    assert left == before.keys()
    assert {each: each.read_bytes() for each in before} == before


@pytest.mark.parametrize(("arrange", "code"), [each for each in REFUSED if "results" not in each[0].__name__])
def test_a_check_refuses_the_same_places(tmp_path: Path, arrange: Callable[[Path, Path], Path], code: str) -> None:
    """Before the workbook is read."""
    path = fill(tmp_path / "August.xlsx", flags=[flag("x")])
    place = arrange(path, tmp_path / "fix.xlsx")
    with pytest.raises(CannotStart) as error:
        check(path, place)
    assert error.value.code == code


def test_corrections_that_are_run_cannot_be_their_own_corrections(tmp_path: Path, server: PracticeServer) -> None:
    """They would be replaced while they are the only copy of what was typed."""
    fix = corrected(fill(tmp_path / "August.xlsx", flags=[flag("x"), flag("y")]))
    edit(fix, ("Flag edits", "B2", 2006))
    before = fix.read_bytes()
    report = run(fix, server, fix)
    assert report.refused is not None
    assert "that is the workbook itself" in report.refused.sentence
    assert (server.writes, fix.read_bytes()) == ([], before)


def test_earlier_corrections_are_kept(tmp_path: Path, server: PracticeServer) -> None:
    """Somebody may have begun to type in them: they are replaced, and a copy stays in the data folder."""
    path, fix = fill(tmp_path / "August.xlsx", flags=[flag("x")]), tmp_path / "books" / "fix.xlsx"
    fix.parent.mkdir()
    check(path, fix)
    edit(fix, ("Flag edits", "B2", 2006))
    before = fix.read_bytes()
    report = run(path, server, fix)
    assert rows(fix)[1][0] == "x"
    (kept,) = (tmp_path / backups.FOLDER).glob("fix*")
    assert kept.read_bytes() == before
    assert any(str(kept) in note for note in report.notes)


def test_without_rows_to_correct_none_is_written(tmp_path: Path, server: PracticeServer) -> None:
    """The operator is told so, and that what is there is older."""
    path, fix = fill(tmp_path / "August.xlsx", flags=[flag(2006), flag(2007, hidden=True)]), tmp_path / "fix.xlsx"
    report = run(path, server, fix)
    assert (report.corrections, report.notes[-1]) == (
        "",
        "No row needs correcting, so no corrections workbook was written. Go on with the workbook itself.",
    )
    assert not fix.exists()
    check(fill(tmp_path / "old.xlsx", flags=[flag("x")]), fix)
    before = fix.read_bytes()
    assert run(path, server, fix).notes[-1].endswith(f"{fix} is an earlier one. Delete it if you are done with it.")
    assert fix.read_bytes() == before


def fail_with(error: Exception) -> Callable[..., Any]:
    def failing(*_: object, **__: object) -> Any:
        raise error

    return failing


def test_corrections_that_cannot_be_written_cost_nothing_else(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report, results and ledger are as without them; a note says why and where the rows are told."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006), flag("x")])
    monkeypatch.setattr(corrections_file, "save", fail_with(OSError(28, "No space left on device")))
    report = run(path, server, tmp_path / "fix.xlsx")
    assert (statuses(report), report.exit_code, report.corrections) == (["done", "invalid"], 1, "")
    assert sum("No space left on device" in note for note in report.notes) == 2
    assert report.results is not None
    assert report.results.exists()
    assert report.internal_error is None
    with closing(Ledger(tmp_path / LEDGER)) as ledger:
        assert ledger.runs()[0].ended


def test_a_defect_in_making_corrections_costs_nothing_else(
    tmp_path: Path, server: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of our own is told as such; every row keeps its status."""
    internal_error = ZeroDivisionError("ours")
    monkeypatch.setattr(corrections_file, "content", fail_with(internal_error))
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006), flag("x")])
    report = run(path, server, tmp_path / "fix.xlsx")
    assert (statuses(report), report.exit_code, report.stopped) == (["done", "invalid"], 1, "")
    assert report.internal_error is internal_error
    assert any("ZeroDivisionError" in note for note in report.notes)
    monkeypatch.undo()
    monkeypatch.setattr(corrections_file, "save", fail_with(internal_error))
    checked = check(path, tmp_path / "fix.xlsx")
    assert (statuses(checked), checked.internal_error) == (["already_done", "invalid"], internal_error)


def test_corrections_opened_meanwhile_go_to_the_data_folder(tmp_path: Path, server: PracticeServer) -> None:
    """Whoever has them open keeps them; the new ones are elsewhere, and the operator is told where and why."""
    books = tmp_path / "books"
    books.mkdir()
    path, fix = fill(books / "August.xlsx", flags=[flag(2006), flag("x")]), books / "fix.xlsx"
    check(path, fix)
    before = fix.read_bytes()
    where = Environment(PRACTICE, server.base_url)
    with prepare.prepare(path, where, tmp_path, Options(corrections=fix)) as prepared:
        report = carried_out(prepared, Control(), lambda _: fix.with_name(f"~${fix.name}").touch())
    assert fix.read_bytes() == before
    assert report.corrections == f"{tmp_path / f'fix {report.run}.xlsx'} (1 row)"
    assert any("open in Excel" in note for note in report.notes)


def test_two_sheets_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    """Whose row is whose could not be told, so none is offered for sending."""
    path = fill(tmp_path / "August.xlsx", [kickout(1, task_guid="x")], [flag("x")])
    with zipfile.ZipFile(path) as archive:
        made = {name: archive.read(name) for name in archive.namelist()}
    made["xl/workbook.xml"] = made["xl/workbook.xml"].replace(b'"Flag edits"', b'"Kickouts"')
    save(path, made)
    report = check(path, tmp_path / "fix.xlsx")
    assert (report.corrections, statuses(report)) == ("", ["invalid", "invalid"])
    assert not (tmp_path / "fix.xlsx").exists()


# ---------------------------------------------------------------- the command line


def test_the_command_line_says_where_they_are(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """A line with the path and the number of rows; in the document a note."""
    path, fix = fill(tmp_path / "August.xlsx", flags=[flag(2006), flag("x"), flag("y")]), tmp_path / "fix me.xlsx"
    shown = bulkops("check", path, "--corrections", fix)
    assert shown.out.splitlines()[-1] == f"Corrections: {fix} (2 rows)"
    ended = bulkops("run", path, "--yes", "--json", "--corrections", fix)
    assert (ended.code, ended.document["notes"][-1]) == (1, f"Corrections: {fix} (2 rows)")
    again = bulkops("check", fix)
    assert "was ignored" not in again.out
    refused = bulkops("check", fix, "--corrections", fix)
    assert (refused.code, refused.out) == (2, "")
    assert "that is the workbook itself" in refused.err
