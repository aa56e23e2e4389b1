"""The history: every run in words, its results at hand, and the runs that can be finished."""

from __future__ import annotations

import os
import re
import sys
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty

import asking
import pytest
from asking import carried_out, fill, flag
from desk import PATIENCE
from workbooks import column_of

from bulkops.desktop import history_tab, opening
from bulkops.desktop.history import results_of
from bulkops.desktop.history_tab import HistoryTab
from bulkops.desktop.theme import dress
from bulkops.desktop.worker import Worker
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.practice.server import PracticeServer
from bulkops.runs import history, ledger_access, prepare, resume, under_way
from bulkops.runs.execute import record_of
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options, Report
from bulkops.runs.run_list import State, local
from bulkops.system import data_folder

EDITS = [flag(2006 + number, comment=f"Row {number}") for number in range(4)]
"""Four good rows that may not run side by side: their edits differ."""


@pytest.fixture
def folder(home: Path) -> Path:
    return data_folder.home()


def run(path: Path, server: PracticeServer, folder: Path, stop_after: int | None = None) -> Report:
    return asking.run(path, Environment("custom", server.base_url), folder, stop_after)


def to_finish(folder: Path) -> dict[str, int]:
    """The runs that can be finished, each with how many rows are left."""
    return {each.id: each.left for each in history.history(folder) if each.left is not None}


def test_a_run_can_be_finished_until_its_workbook_is_run_again(practice, folder, tmp_path):
    """The same runs as ``prepare_again`` takes up; for any other it has a refusal."""
    path = fill(tmp_path / "stopped.xlsx", [], EDITS)
    stopped = run(path, practice, folder, stop_after=1).run
    assert to_finish(folder) == {stopped: 3}
    with resume.prepare_again(stopped, folder) as again:
        assert len(again.plan.steps) == 3
        carried_out(again)
    assert to_finish(folder) == {}
    other = fill(tmp_path / "other.xlsx", [], [flag(2020 + number, comment=f"Row {number}") for number in range(4)])
    first = run(other, practice, folder, stop_after=1).run
    second = run(other, practice, folder, stop_after=2).run
    assert first is not None
    assert to_finish(folder) == {second: 1}
    with pytest.raises(CannotStart), resume.prepare_again(first, folder):
        pass


def test_the_results_are_the_file_that_the_run_has_written(practice, folder, tmp_path):
    """Here the workbook itself: nothing is made."""
    path = fill(tmp_path / "a.xlsx", [], EDITS[:1])
    run(path, practice, folder)
    before = sorted(folder.rglob("*.xlsx"))
    assert results_of(folder, history.history(folder)[0].id) == path
    assert sorted(folder.rglob("*.xlsx")) == before


@pytest.mark.parametrize("lost", ["replaced by a later run", "gone", "damaged", "no workbook by its name"])
def test_results_that_are_not_there_any_more_are_made_again(practice, folder, tmp_path, lost):
    """From the ledger, beside it; the operator's file stays as it is."""
    path = fill(tmp_path / "a.xlsx", [], EDITS[:1])
    report = run(path, practice, folder)
    if lost == "replaced by a later run":
        run(path, practice, folder)
    elif lost == "gone":
        path.unlink()
    elif lost == "no workbook by its name":
        ledger_access.moved(folder, path, path.rename(tmp_path / "a.sh"), report.run, path := tmp_path / "a.sh")
    else:
        path.write_bytes(b"PK nothing")
    before = path.read_bytes() if path.exists() else b""
    again = results_of(folder, report.run)
    assert again.parent == folder
    assert (column_of(again, "Status"), column_of(again, "Run")) == (["Done"], [report.run])
    assert (path.read_bytes() if path.exists() else b"") == before


def test_times_are_this_computers(monkeypatch):
    """The ledger's are UTC."""
    if sys.platform != "win32":
        monkeypatch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        assert local("2026-11-21T23:15:59Z") == "2026-11-22 04:45"
        monkeypatch.undo()
        time.tzset()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d", local("2026-11-21T10:15:00Z"))


# The tab


class Tab:
    """The tab in a window of its own, and somebody at it."""

    def __init__(self, folder: Path) -> None:
        self.root = tk.Tk()
        self.root.geometry("2000x1200")  # the table has room, too, where an earlier test has set large letters
        self.errors: list[BaseException] = []
        self.root.report_callback_exception = lambda _, error, __: self.errors.append(error)
        self.worker, self.finished = Worker(), list[str]()
        self.tab = HistoryTab(
            self.root, dress(self.root), self.worker, folder, lambda past: self.finished.append(past.id)
        )
        self.tab.pack(fill=tk.BOTH, expand=True)
        self.refresh()

    def refresh(self) -> None:
        self.tab.refresh()
        self.settle()

    def settle(self) -> None:
        self.root.update()
        while self.worker.busy:
            self.worker.wait(30)
        self.root.update()
        assert not self.errors

    def choose(self, number: int) -> None:
        """With the mouse."""
        self.root.update()
        table = self.tab.table
        x, y, wide, high = table.bbox(table.get_children()[number])
        for event in ("<ButtonPress-1>", "<ButtonRelease-1>"):
            table.event_generate(event, x=x + wide // 2, y=y + high // 2)
        self.settle()

    def press(self, button: tk.Misc) -> None:
        """With the keyboard."""
        self.type("<space>", button)

    def type(self, key: str, widget: tk.Misc) -> None:
        """Press a key in a widget. Whatever else has a window on this screen may have the keyboard at first."""
        give_up = time.monotonic() + PATIENCE
        while True:
            widget.focus_force()
            self.root.update()
            if self.root.focus_get() is widget:
                break
            assert time.monotonic() < give_up, "the widget never had the keyboard"
        widget.event_generate(key)
        self.settle()


@pytest.fixture
def open_tab(screen: None, folder: Path) -> Iterator[Callable[[], Tab]]:
    tabs: list[Tab] = []

    def opened() -> Tab:
        tabs.append(Tab(folder))
        return tabs[-1]

    yield opened
    for each in tabs:
        try:
            each.settle()
        except Empty:  # the test has failed already
            continue
        each.root.destroy()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts a stand-in of the opener in place; what it opened is in this file."""
    if sys.platform == "win32":
        pytest.skip("Windows opens files by a call, which has no stand-in")
    said, program = tmp_path / "opened", tmp_path / "opener"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{said}"\n')
    program.chmod(0o755)
    monkeypatch.setattr(opening, "_OPENER", [str(program)])
    return said


def test_without_runs_the_tab_says_so(open_tab):
    """And offers nothing."""
    tab = open_tab().tab
    assert tab.about.cget("text") == "Nothing has been run yet. Every run appears here, with its results."
    assert all(button.instate(["disabled"]) for button in (tab.open, tab.finish))


def test_a_run_is_chosen_and_its_results_are_opened(open_tab, practice, folder, tmp_path, programs):
    """By button, double-click or Enter; where they are is told, to be copied."""
    path = fill(tmp_path / "Größe & co.xlsx", [], EDITS[:1])
    run(path, practice, folder)
    window = open_tab()
    window.choose(0)
    assert str(path) in window.tab.about.cget("text")
    assert "nothing left to finish" in window.tab.about.cget("text")
    assert window.tab.finish.instate(["disabled"])
    window.press(window.tab.open)
    assert programs.read_text() == str(path)
    assert window.tab.said.cget("text") == f"Opened: {path}"
    window.press(window.tab.copy)
    assert window.root.clipboard_get() == str(path)
    programs.unlink()
    window.type("<Return>", window.tab.table)
    assert window.tab.said.cget("text") == f"Opened: {path}"
    assert programs.read_text() == str(path)


def test_a_run_that_was_stopped_can_be_finished_from_here(open_tab, practice, folder, tmp_path):
    """The window is told which; it asks before anything is sent."""
    run(fill(tmp_path / "a.xlsx", [], EDITS[:1]), practice, folder)
    stopped = run(fill(tmp_path / "b.xlsx", [], EDITS[1:]), practice, folder, stop_after=1).run
    sent = len(practice.requests)
    window = open_tab()
    window.choose(0)
    window.press(window.tab.finish)
    assert window.finished == [stopped]
    assert len(practice.requests) == sent


def test_what_was_chosen_stays_chosen_when_a_run_is_added(open_tab, practice, folder, tmp_path):
    """The table is looked up anew after each run."""
    first = run(fill(tmp_path / "a.xlsx", [], EDITS[:1]), practice, folder).run
    window = open_tab()
    window.choose(0)
    run(fill(tmp_path / "b.xlsx", [], EDITS[1:2]), practice, folder)
    window.refresh()
    assert len(window.tab.table.get_children()) == 2
    assert window.tab.run is not None
    assert window.tab.run.id == first


def test_results_that_no_program_opens_are_told_with_their_path(open_tab, practice, folder, tmp_path, monkeypatch):
    """The path can be copied."""
    monkeypatch.setattr(opening, "_OPENER", [str(tmp_path / "no-such-opener")])
    path = fill(tmp_path / "a.xlsx", [], EDITS[:1])
    run(path, practice, folder)
    window = open_tab()
    assert not window.tab.copy.winfo_ismapped()
    window.choose(0)
    window.press(window.tab.open)
    assert window.tab.said.cget("text").startswith("a.xlsx could not be opened")
    window.press(window.tab.copy)
    assert window.root.clipboard_get() == str(path)
    assert window.tab.open.instate(["!disabled"])


def test_a_ledger_that_cannot_be_used_is_told(open_tab, folder):
    """Instead of an empty list."""
    (folder / LEDGER).write_bytes(b"no ledger" * 1000)
    window = open_tab()
    assert "damaged" in window.tab.said.cget("text") or "cannot be used" in window.tab.said.cget("text")


def test_an_error_of_our_own_is_recorded_and_told(open_tab, folder, monkeypatch):
    """With the log's place, and no trace of it in the window."""
    monkeypatch.setattr(history_tab.history, "history", lambda folder: 1 / 0)
    window = open_tab()
    assert "an error of its own (ZeroDivisionError)" in window.tab.said.cget("text")
    assert "ZeroDivisionError" in (folder / "errors.log").read_text()
    assert os.fspath(folder / "errors.log") in window.tab.said.cget("text")


def test_runs_are_chosen_and_exported_from_the_tab(open_tab, practice, folder, tmp_path, monkeypatch):
    """By state and by what is typed; a day that is none is said, and what is shown is what is exported."""
    run(fill(tmp_path / "July.xlsx", [], EDITS[:1]), practice, folder)
    run(fill(tmp_path / "August.xlsx", [], EDITS[1:]), practice, folder, stop_after=1)
    window = open_tab()
    tab, chooser = window.tab, window.tab.chooser
    shown = lambda: [tab.table.set(each, "Workbook") for each in tab.table.get_children()]  # noqa: E731
    chooser.state_box.set(State.UNFINISHED.label)
    chooser.state_box.event_generate("<<ComboboxSelected>>")
    window.settle()
    assert (shown(), chooser.amount.cget("text")) == (["August.xlsx"], "1 of 2 runs")
    target = tmp_path / "runs.csv"
    monkeypatch.setattr(history_tab.filedialog, "asksaveasfilename", lambda **_: str(target))
    window.press(tab.export)
    assert tab.said.cget("text") == f"1 run in {target}"
    assert (b"August" in target.read_bytes(), b"July" in target.read_bytes()) == (True, False)
    window.press(chooser.all)
    assert shown() == ["August.xlsx", "July.xlsx"]
    chooser.person.insert(0, "nobody")
    chooser.since.insert(0, "soon")
    window.type("<Return>", chooser.since)
    assert (shown(), tab.about.cget("text")) == ([], "No run is like that. Show all to see the others.")
    assert chooser.amount.cget("text").startswith("Type a day as 20")
    assert all(button.instate(["disabled"]) for button in (tab.open, tab.finish, tab.export))


def test_a_run_that_is_under_way_has_no_results_to_open(open_tab, practice, folder, tmp_path):
    """And cannot be finished; the tab looks at it again while it is seen."""
    path = fill(tmp_path / "a.xlsx", [], EDITS)
    with prepare.prepare(path, Environment("custom", practice.base_url), folder, Options()) as prepared:
        under_way.name(folder, prepared.id)
        prepared.ledger.begin(record_of(prepared), prepared.plan, prepared.environment.id)
        prepared.ledger.intend(prepared.id, prepared.plan.steps[0], record_of(prepared).started)
        window = open_tab()
        assert "1 row on the way, 3 to come" in window.tab.about.cget("text")
        assert all(button.instate(["disabled"]) for button in (window.tab.open, window.tab.finish))
    window.tab._look_again()
    window.settle()
    assert "Cut short; check 1 row in EnergyCAP; 3 rows can still be sent" in window.tab.about.cget("text")
    assert all(button.instate(["!disabled"]) for button in (window.tab.open, window.tab.finish))
