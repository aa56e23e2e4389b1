"""New from template: empty, or with names from EnergyCAP; and the whole way of a clerk who picks from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tkinter import ttk
from typing import Any

import openpyxl
import pytest
from desk import PATIENCE, Desk, Operator, hold
from keyring.backends import fail
from openpyxl.worksheet.worksheet import Worksheet
from steps import task
from workbooks import column_of

from bulkops.desktop.state import Phase
from bulkops.energycap import environments
from bulkops.practice.records import TaskType
from bulkops.practice.server import Fault, PracticeServer

SETUP = 60
"""Of the task of a setup sheet."""


@pytest.fixture
def begun(practice: PracticeServer) -> PracticeServer:
    """A practice server whose imports began today; one task is a setup sheet's."""
    tasks = practice.state.known["task"]
    setup = TaskType(task_type_id=3, task_type_code="SetupSheet", task_type_info="Setup Sheet")
    tasks[task(SETUP)] = tasks[task(1)].model_copy(
        update={"guid": task(SETUP), "task_id": 8000 + SETUP, "task_type": setup}
    )
    now = datetime.now(UTC)
    for number, each in enumerate(tasks.values()):
        each.begin = now - timedelta(minutes=number)
    return practice


@pytest.fixture
def somewhere(operator: Operator, begun: PracticeServer) -> Operator:
    """Somebody who has chosen an EnergyCAP that is not practice."""
    operator.presenter.choose_environment(environments.environment())
    return operator


def test_names_from_energycap_are_offered(somewhere: Operator, tmp_path: Path) -> None:
    """The workbook is opened when it is made; when and from where its names are is said, and how far it is before."""
    place = tmp_path / "August.xlsx"
    somewhere.presenter.new_from_template(place, names=True, days=30)
    somewhere.presenter.choose(place)
    assert "was not taken" in somewhere.shown.more
    shown = somewhere.idle()
    assert somewhere.screen.opened == [place]
    assert "Bill lists" in openpyxl.load_workbook(place).sheetnames
    for words in ("Made August.xlsx. Fill in", "Names from 127.0.0.1:", "40 imports with kickouts, a row each."):
        assert words in shown.more
    during = [each for each in somewhere.screen.shown if each.headline == "Making a template …"]
    assert any("Asking EnergyCAP for its names … " in each.more and each.progress for each in during)
    assert all(each.stop.why_not == "" for each in during[1:])
    assert (shown.busy, shown.progress) == (False, None)


def test_what_energycap_does_not_tell_is_said(somewhere: Operator, begun: PracticeServer, tmp_path: Path) -> None:
    """The template is made without it."""
    begun.state.forbid("flaggedItems", "view")
    somewhere.presenter.new_from_template(tmp_path / "August.xlsx", names=True)
    assert "EnergyCAP did not tell the flag types (401" in somewhere.idle().more
    assert somewhere.screen.opened


def test_a_stop_makes_none(somewhere: Operator, begun: PracticeServer, tmp_path: Path) -> None:
    """It is said, not as a trouble; the rows that were looked at before are there as before."""
    begun.faults.add(Fault.slow(PATIENCE), times=None, method="GET", path_contains="/list")
    somewhere.presenter.new_from_template(tmp_path / "August.xlsx", names=True)
    while "its names" not in somewhere.shown.more:
        somewhere.worker.wait(PATIENCE)
    somewhere.presenter.stop()
    assert somewhere.shown.headline == "Stopping …"
    shown = somewhere.idle()
    assert "no template was made" in shown.more + shown.headline
    assert (shown.trouble, somewhere.presenter.state.phase, list(tmp_path.glob("*.xlsx"))) == (None, Phase.EMPTY, [])


def test_names_need_a_key(operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for."""
    monkeypatch.setattr("keyring.get_keyring", fail.Keyring)
    where = environments.environment("us-east")
    operator.presenter.choose_environment(where)
    operator.presenter.new_from_template(tmp_path / "August.xlsx", names=True)
    shown = operator.idle()
    assert shown.trouble is not None
    assert (shown.trouble.code, operator.screen.keys) == ("key.missing", [where])


def test_on_practice_there_is_nothing_to_choose(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template is empty, and is made at once."""
    place = tmp_path / "August.xlsx"
    monkeypatch.setattr("bulkops.desktop.widgets.filedialog.asksaveasfilename", lambda **_: str(place))
    desk.click(desk.window.workbook.template)
    desk.until(lambda: desk.opened == [place], "the template in its own program")
    assert "Bill lists" not in openpyxl.load_workbook(place).sheetnames


def test_elsewhere_names_are_a_choice(
    begun: PracticeServer, open_desk: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one has no rows of imports; Escape makes none."""
    desk = open_desk()
    desk.window.presenter.choose_environment(environments.environment())
    place = tmp_path / "August.xlsx"
    monkeypatch.setattr("bulkops.desktop.widgets.filedialog.asksaveasfilename", lambda **_: str(place))
    tab = desk.window.workbook
    desk.click(tab.template)
    desk.press("<Escape>", tab.choice)
    assert not tab.choice.winfo_exists()
    desk.click(tab.template)
    desk.click(tab.choice.imports)
    desk.click(tab.choice.names)
    assert {"disabled", "!selected"} >= {*tab.choice.imports.state()} - {"focus", "hover", "active"}
    desk.click(tab.choice.yes)
    desk.until(lambda: desk.opened == [place], "the template in its own program")
    assert openpyxl.load_workbook(place).sheetnames == ["Instructions", "Kickouts", "Flag edits"]


def picked(book: openpyxl.Workbook, sheet: str, name: str) -> str:
    """The pick that a reference sheet has for a name."""
    return next(
        str(row[0]) for row in book[sheet].iter_rows(min_row=4, values_only=True) if str(row[0]).startswith(name)
    )


def type_into(sheet: Worksheet, row: int, **values: Any) -> None:
    """Type into a row, by its headings."""
    places = {str(cell.value): cell.column for cell in sheet[1]}
    for heading, value in values.items():
        sheet.cell(row, places[heading.replace("_", " ")]).value = value


def fill_in(place: Path) -> None:
    """As a clerk does: two good imports and a good edit, and five rows that EnergyCAP's own data rule out."""
    book = openpyxl.load_workbook(place)
    kickouts, flags = book["Kickouts"], book["Flag edits"]
    own = {"Run_this_row": "Yes", "Batch_mode": "new self-contained batch"}
    closed = {"Run_this_row": "Yes", "Batch_mode": "use existing batch"}
    type_into(kickouts, 2, **own)
    type_into(kickouts, 3, **closed, Existing_open_batch_ID=picked(book, "Batches", "JUL-2026"))
    type_into(kickouts, 42, **own, Task_GUID=picked(book, "Imports", "practice-51"))
    type_into(kickouts, 43, **own, Task_GUID=task(SETUP))
    edit = {"Flag_type_ID": picked(book, "Flag types", "Bill review"), "Comment": "Checked"}
    electric = picked(book, "Bill lists", "July electric")
    type_into(flags, 2, List_ID=electric, Expected_bills=12, **edit)
    type_into(flags, 3, List_ID=electric.replace("| 2001", "| 2002"), **{**edit, "Comment": "Dragged"})
    type_into(flags, 4, List_ID=picked(book, "Bill lists", "Unresolved vendor"), Expected_bills=41, **edit)
    type_into(flags, 5, List_ID=2099, **edit)
    book.save(place)


def test_by_name_from_the_template_to_the_results(
    begun: PracticeServer, open_desk: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clerk picks names, and is stopped at all that EnergyCAP's own data rule out before anything is sent; the rest
    runs."""
    desk = open_desk()
    window, tab = desk.window, desk.window.workbook
    tab.environment.current(1)
    desk.press("<<ComboboxSelected>>", tab.environment)
    place = tmp_path / "August.xlsx"
    monkeypatch.setattr("bulkops.desktop.widgets.filedialog.asksaveasfilename", lambda **_: str(place))
    desk.root.focus_force()
    desk.press("<Alt-n>", desk.root)
    desk.click(tab.choice.imports)
    desk.click(tab.choice.yes)
    desk.until(lambda: desk.opened == [place], "the template in its own program")

    fill_in(place)
    begun.state.known["open batch"][501].status = "closed"

    let_go = hold(begun, "/me")
    window.take([place])
    desk.phase(Phase.CHECKED)
    # Without EnergyCAP nobody knows which of the two is the dragged one.
    assert [row[:2] for row in desk.rows() if row[3] != "Ready"] == [("Flag edits", "2"), ("Flag edits", "3")]
    let_go()
    desk.until(lambda: not window.presenter.worker.busy, "EnergyCAP's word on the rows")
    stopped = [(row[0], row[1], row[4].partition(": ")[0]) for row in desk.rows() if row[3] == "Needs fixing"]
    assert stopped == [
        ("Kickouts", "3", "Kickouts!D3"),
        ("Kickouts", "43", "Kickouts!B43"),
        ("Flag edits", "3", "Flag edits!A3"),
        ("Flag edits", "4", "Flag edits!I4"),
        ("Flag edits", "5", "Flag edits!A5"),
    ]
    assert "list July electric > 30 days (2001)" in next(
        row[2] for row in desk.rows() if row[:2] == ("Flag edits", "2")
    )
    assert [each.method for each in begun.requests] == ["GET"] * len(begun.requests)

    desk.click(tab.run)
    desk.phase(Phase.ASKING)
    dialog = window.dialog
    assert dialog is not None
    said = [str(each["text"]) for each in dialog.body.winfo_children() if isinstance(each, ttk.Label)]
    assert any(each.startswith("• 1 edit of 1 list: 12 bills now; cost ") for each in said)
    assert "• 1 row will reimport a task whose status does not speak of kickouts" in said
    assert "Left out: Needs fixing 5" in said
    assert begun.writes == []
    desk.write("3", desk.root.focus_get() or dialog)
    desk.click(dialog.yes)
    desk.phase(Phase.ENDED)
    assert len(begun.writes) == 3
    assert sorted(column_of(place, "Status")) == ["Done", "Done", "Failed", *["Needs fixing"] * 5]
