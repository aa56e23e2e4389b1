"""Blank workbooks and sample sheets: made from the operations, current, and fit for the practice server."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
from asking import carried_out, task

import bulkops
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.outcomes import ENDS, Status
from bulkops.operations import all_operations
from bulkops.operations.base import SEND_AGAIN, columns
from bulkops.practice import State
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare, preview
from bulkops.runs.report import Options, Report
from bulkops.workbook.writing import templates

SAMPLES = Path(bulkops.__file__).parent.parent / "sample_sheets"
NAMES = sorted(path.name for path in SAMPLES.glob("*.xlsx"))
OPERATIONS = list(all_operations().values())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "August.xlsx"
    templates.make_template(path)
    return path


def test_a_sheet_for_each_operation(template: Path) -> None:
    """First the instructions, then each operation's sheet with its headings in order and Send again at the end."""
    book = openpyxl.load_workbook(template)
    assert book.sheetnames == ["Instructions", *(operation.sheet for operation in OPERATIONS)]
    for operation in OPERATIONS:
        headings = [cell.value for cell in book[operation.sheet][1]]
        assert headings == [*(field.heading for field in operation.fields), SEND_AGAIN.heading]


def test_the_instructions_explain_every_column_and_status(template: Path) -> None:
    """Each heading with its help and its example, each status with what to do."""
    lines = list(openpyxl.load_workbook(template)["Instructions"].values)
    for operation in OPERATIONS:
        assert (operation.title, operation.about, "For example") in lines
        for field in columns([operation]).values():
            assert (field.heading, field.help, field.example or None) in lines
    firsts = [line[0] for line in lines]
    assert firsts[-7:] == [status.label for status in templates.STATUS_HELP]
    assert {*templates.STATUS_HELP} == {*ENDS, Status.LOOK}


def test_the_instructions_hold_no_live_cell(template: Path) -> None:
    """Help that begins with a sign is text, and every example stands as it is typed."""
    cells = [cell for row in openpyxl.load_workbook(template)["Instructions"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert all(isinstance(cell.value, str | None) for cell in cells)


def test_columns_have_drop_downs_and_input_messages(template: Path) -> None:
    """Every column says what to type when it is entered; one that takes certain words offers them, to the last row."""
    book = openpyxl.load_workbook(template)
    for operation in OPERATIONS:
        rules = {str(rule.sqref): rule for rule in book[operation.sheet].data_validations.dataValidation}
        fields = columns([operation]).values()
        assert len(rules) == len(fields)
        for number, field in enumerate(fields):
            rule = rules[f"{'ABCDEFGHIJ'[number]}2:{'ABCDEFGHIJ'[number]}1048576"]
            assert (rule.promptTitle, rule.prompt, rule.showInputMessage) == (field.heading, field.help, True)
            offered = rule.formula1.strip('"').split(",") if rule.formula1 else []
            assert offered == list(field.choices)
            assert rule.errorStyle == "warning"


def test_texts_that_excel_would_change_have_text_format(template: Path) -> None:
    """GUIDs, codes, assignees and comments are text columns, so that 00102 and 101,102 stay as typed."""
    book = openpyxl.load_workbook(template)
    text = {
        sheet.cell(1, column).value
        for sheet in book.worksheets[1:]
        for column in range(1, sheet.max_column + 1)
        if sheet.column_dimensions["ABCDEFGHIJ"[column - 1]].number_format == "@"
    }
    assert text == {"Task GUID", "New batch code", "Comment", "Import note", "Assignees", "Send again"}


def test_headings_are_frozen_and_wide(template: Path) -> None:
    """The headings and the target stay in sight, and no heading's word is wider than its column."""
    for sheet in openpyxl.load_workbook(template).worksheets[1:]:
        assert sheet.freeze_panes == "B2"
        for cell in sheet[1]:
            assert sheet.column_dimensions[cell.column_letter].width >= max(map(len, cell.value.split())) + 2


def test_required_headings_are_dark(template: Path) -> None:
    """What must be filled in can be seen."""
    book = openpyxl.load_workbook(template)
    for operation in OPERATIONS:
        dark = [cell.value for cell in book[operation.sheet][1] if cell.fill.fgColor.rgb == "001F3A5F"]
        assert dark == [field.heading for field in operation.fields if field.required]


def test_a_filled_template_checks_clean(template: Path, tmp_path: Path) -> None:
    """The examples of the instructions, typed into their columns, are good rows."""
    book = openpyxl.load_workbook(template)
    for operation in OPERATIONS:
        for column, field in enumerate(operation.fields, 1):
            if field.example and field.name not in ("existing_open_batch_id", "pending_batch_id"):
                book[operation.sheet].cell(2, column).value = field.example
    path = tmp_path / "filled.xlsx"
    book.save(path)
    report = preview.check(path, Environment(PRACTICE, ""), tmp_path, Options())
    assert [(each.status, each.message) for each in report.outcomes] == [(Status.READY, ""), (Status.READY, "")]
    assert [each.warnings for each in report.outcomes] == [(), ()]


def test_an_empty_template_has_no_rows(template: Path, tmp_path: Path) -> None:
    """Formats and drop-downs are no rows."""
    with pytest.raises(CannotStart, match="no rows to work on below known headings"):
        preview.check(template, Environment(PRACTICE, ""), tmp_path, Options())


def test_a_file_that_is_there_is_not_touched(tmp_path: Path) -> None:
    """A template never replaces a workbook."""
    path = tmp_path / "August.xlsx"
    path.write_text("mine")
    with pytest.raises(CannotStart, match="exists already"):
        templates.make_template(path)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    """One sentence, no traceback."""
    with pytest.raises(CannotStart, match="cannot be written"):
        templates.make_template(tmp_path / "missing" / "August.xlsx")


# ---------------------------------------------------------------- sample sheets


def test_the_sample_sheets_are_current(tmp_path: Path) -> None:
    """``python -m bulkops.workbook.writing.templates`` would make the very files of sample_sheets/.

    But for the time in core.xml.
    """
    made = templates.make_samples(tmp_path)
    assert [path.name for path in made] == NAMES
    for path in made:
        assert templates.parts(path) == templates.parts(SAMPLES / path.name), path.name


def test_the_samples_refer_to_what_the_practice_server_holds() -> None:
    """Every task, list, batch and user that a good sample names is there, so that a reader can look it up."""
    state = State()
    batches = {batch.batch_id for batch in state.batches()}
    for operation in OPERATIONS:
        for sample in operation.samples:
            cells = sample.cells
            if re.fullmatch(r"[0-9a-f-]{36}", str(cells.get("task_guid", ""))):
                assert state.task(cells["task_guid"]).guid == cells["task_guid"]
            if cells.get("list_id") in range(10_000):
                assert state.bill_list(int(cells["list_id"]))
            for name in ("existing_open_batch_id", "pending_batch_id"):
                assert not isinstance(cells.get(name), int) or cells[name] in batches
            if sample.sheet != "mistakes" and str(cells.get("assignees", "none")) != "none":
                assert {int(each) for each in cells["assignees"].split(";")} <= set(state.users)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Each sample sheet run against a fresh practice server."""
    folder = tmp_path_factory.mktemp("samples")
    found = {}
    for path in templates.make_samples(folder):
        (folder / path.stem).mkdir()
        with PracticeServer() as server:
            where = Environment(PRACTICE, server.base_url)
            with prepare.prepare(path, where, folder / path.stem, Options()) as prepared:
                found[path.name] = carried_out(prepared)
    return found


def test_every_good_sample_is_done(reports: dict[str, Report]) -> None:
    """The clean and the mixed sheets end done, row for row; of the hidden one, all but its hidden rows."""
    for name in NAMES[:-2]:
        assert {each.status for each in reports[name].outcomes} == {Status.DONE}, name
        assert reports[name].exit_code == 0
    statuses = [each.status.value for each in reports["4 hidden rows.xlsx"].outcomes]
    assert statuses == ["done", "done", "not_sent", "not_sent", "done", "done"]


MISTAKES = {
    "no task GUID": ("invalid", "value.required"),
    "a GUID cut short": ("invalid", "guid.shape"),
    "no batch mode": ("invalid", "value.required"),
    "a batch mode that does not exist": ("invalid", "batch_mode.choice"),
    "smart batch without a code": ("invalid", "new_batch_code.required"),
    "pending batch without its id": ("invalid", "pending_batch_id.required"),
    "an id with decimals": ("invalid", "id.shape"),
    "a code too long": ("invalid", "new_batch_code.length"),
    "neither yes nor no": ("invalid", "yesno.shape"),
    "values that will not be sent": ("done", ""),
    "the same task a second time": ("invalid", "task_guid.repeated"),
    "a task without kickouts": ("failed", "sent.refused"),
    "no list ID": ("invalid", "value.required"),
    "two ids in one cell": ("invalid", "id.separator"),
    "nothing to change": ("invalid", "flag_edit.nothing"),
    "hold and release together": ("invalid", "flag_edit.hold_and_release"),
    "a status that does not exist": ("invalid", "flag_status.choice"),
    "a comma in an amount": ("invalid", "amount.separator"),
    "an exponent in an amount": ("invalid", "amount.shape"),
    "an id that is too large": ("invalid", "id.range"),
    "a name among user ids": ("invalid", "ids.name"),
    "an error value": ("invalid", "cell.error_value"),
    "good, stands here first": ("done", ""),
    "the same edit a second time": ("invalid", "flag_edit.repeated"),
    "the flag type that only EnergyCAP assigns": ("invalid", "flag_type_id.audit_exception"),
    "a list that holds no bills": ("invalid", "list.other_type"),
}


def test_every_mistake_ends_as_its_note_says(reports: dict[str, Report]) -> None:
    """Beside each row of the sheet of mistakes stands why it is there, and that is what becomes of it."""
    notes = [sample.note for operation in OPERATIONS for sample in operation.samples if sample.sheet == "mistakes"]
    outcomes = reports["5 every kind of mistake.xlsx"].outcomes
    assert dict(zip(notes, [(each.status.value, each.code) for each in outcomes], strict=True)) == MISTAKES
    book = openpyxl.load_workbook(SAMPLES / "5 every kind of mistake.xlsx")
    shown = [sheet.cell(row, 12).value for sheet in book.worksheets for row in range(2, sheet.max_row + 1)]
    assert shown == notes


def test_a_mixed_sheet_names_the_operation_of_each_row() -> None:
    """A sheet with both operations has the column Operation first, with a drop-down, and Send again last."""
    sheet = openpyxl.load_workbook(SAMPLES / "3 mixed.xlsx")["Requests"]
    assert (sheet["A1"].value, sheet.cell(1, sheet.max_column).value) == ("Operation", "Send again")
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["Kickout reimport", "List flag edit"] * 3
    assert sheet.freeze_panes == "C2"
    rule = next(each for each in sheet.data_validations.dataValidation if str(each.sqref) == "A2:A1048576")
    assert rule.formula1 == '"Kickout reimport,List flag edit"'
    assert sheet["B2"].value == task(20)
