"""The upload folder in the window: what is there is listed, asked about, run and moved, and each action says so."""

from __future__ import annotations

import shutil
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest
from asking import fill, flag, kickout
from desk import PATIENCE, hold

from bulkops.desktop.inbox_presenter import InboxPresenter, InboxShown
from bulkops.desktop.inbox_tab import InboxTab
from bulkops.desktop.theme import dress
from bulkops.desktop.view import Question
from bulkops.desktop.worker import Worker
from bulkops.energycap.environments import environment
from bulkops.model.environment import Environment
from bulkops.practice.faults import Fault
from bulkops.practice.server import PracticeServer


@pytest.fixture(autouse=True)
def data_folder(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two workbooks, one of them with a row to fix, and a file that is none."""
    made = tmp_path / "Ablage"
    made.mkdir()
    fill(made / "a Ü.xlsx", [kickout(1), kickout(2)])
    fill(made / "b.xlsx", [kickout(3), kickout(4, batch_mode="nonsense")])
    (made / "c.pdf").write_bytes(b"x")
    return made


@dataclass
class Somebody:
    """Who looks at what the presenter shows, and answers."""

    home: Path
    shown: list[InboxShown] = field(default_factory=list)
    questions: list[Question | None] = field(default_factory=list)
    worker: Worker = field(default_factory=Worker)

    def __post_init__(self) -> None:
        self.presenter = InboxPresenter(self, self.worker, self.home, environment)

    def show(self, shown: InboxShown) -> None:
        self.shown.append(shown)

    def ask(self, question: Question | None) -> None:
        self.questions.append(question)

    def until_idle(self, *answers: bool) -> InboxShown:
        """Wait until no job is on its way; each question gets its answer, and those that are left a no."""
        given = iter(answers)
        while self.worker.busy:
            if (question := self.presenter.question) is not None:
                assert self.presenter.answer(next(given, False), str(question.count)) == ""
            else:
                self.worker.wait(PATIENCE)
        return self.shown[-1]

    def until_asked(self) -> None:
        """Wait for the next question."""
        while self.presenter.question is None:
            self.worker.wait(PATIENCE)


@pytest.fixture
def somebody(home: Path, practice: PracticeServer) -> Iterator[Somebody]:
    made = Somebody(home)
    yield made
    made.presenter.stop()
    made.until_idle()


def told(shown: InboxShown) -> list[tuple[str, str]]:
    return [(each.path.name, each.place) for each in shown.files]


def test_what_is_there_is_listed_with_its_rows(somebody, folder, practice):
    """Before anything is sent the operator sees what each workbook would come to, and what is left alone and why."""
    somebody.presenter.choose(folder)
    shown = somebody.until_idle()
    assert [each.path.name for each in shown.files] == ["a Ü.xlsx", "b.xlsx", "c.pdf"]
    assert [each.state for each in shown.files[:2]] == ["2 rows: Ready 2", "2 rows: Needs fixing 1, Ready 1"]
    assert shown.files[2].state.startswith("Left alone: c.pdf is not a kind of file")
    assert (shown.ready, shown.busy, practice.writes) == (2, False, [])


def test_a_record_that_is_gone_is_asked_about_first(somebody, folder, practice, home):
    """A no leaves every workbook where it is; after a yes what was sent is in doubt, and none of it goes again."""
    somebody.presenter.choose(folder)
    somebody.until_idle()
    somebody.presenter.run()
    somebody.until_idle(True, True)
    sent = list(practice.writes)
    assert len(sent) == 3
    fill(folder / "again.xlsx", [kickout(1), kickout(2)])
    shutil.rmtree(home)
    somebody.presenter.look()
    somebody.until_idle()
    somebody.questions.clear()
    somebody.presenter.run()
    somebody.until_asked()
    assert somebody.presenter.question.older
    somebody.until_idle(False)
    assert (folder / "again.xlsx").exists()
    somebody.presenter.run()
    shown = somebody.until_idle(True)
    assert ("again.xlsx", "In doubt") in told(shown)
    assert practice.writes == sent


def test_a_stop_while_energycap_is_asked_leaves_it_all_there(somebody, folder, practice):
    """How far that is can be seen; what is there is only counted before, by the rules."""
    somebody.presenter.choose(folder)
    somebody.until_idle()
    assert practice.requests == []
    let_go = hold(practice, "/task/")
    somebody.presenter.run()
    while not somebody.presenter.headline.startswith("Asking EnergyCAP about the rows"):
        somebody.worker.wait(PATIENCE)
    somebody.presenter.stop()
    let_go()
    shown = somebody.until_idle()
    assert (told(shown)[:2], practice.writes) == ([("a Ü.xlsx", ""), ("b.xlsx", "")], [])
    assert shown.ready == 2
    assert not any(somebody.questions)


def test_each_is_asked_about_and_a_no_leaves_it_there(somebody, folder, practice):
    """A no to one is no to one: it stays, can be run after all, and the next is asked about."""
    somebody.presenter.choose(folder)
    somebody.until_idle()
    somebody.presenter.run()
    shown = somebody.until_idle(False, True)
    asked = [question for question in somebody.questions if question is not None]
    assert [(question.count, question.touch[0]) for question in asked] == [(2, "from a Ü.xlsx"), (1, "from b.xlsx")]
    assert told(shown)[:2] == [("a Ü.xlsx", ""), ("b.xlsx", "Needs attention")]
    assert (shown.files[0].found is not None, shown.files[1].found, len(practice.writes)) == (True, None, 1)
    assert shown.files[1].path.exists()


def test_only_the_chosen_ones_are_run(somebody, folder, practice):
    """The others stay where they are."""
    somebody.presenter.choose(folder)
    somebody.until_idle()
    somebody.presenter.run([folder / "a Ü.xlsx"])
    shown = somebody.until_idle(True)
    assert told(shown)[:2] == [("a Ü.xlsx", "Done"), ("b.xlsx", "")]
    assert (len(practice.writes), (folder / "b.xlsx").exists()) == (2, True)
    assert shown.files[0].state == "2 rows: Done 2"


def test_a_run_that_stopped_early_says_why(somebody, folder, practice):
    """In the row, and above the table; what ends a run is not only to be found in the results."""
    practice.faults.add(Fault.status(401))
    book = fill(folder / "z.xlsx", [], [flag(2006 + number, comment=f"Row {number}") for number in range(4)])
    somebody.presenter.choose(folder)
    somebody.until_idle()
    somebody.presenter.run([book])
    shown = somebody.until_idle(True)
    assert shown.headline.startswith("Ended early.")
    state = next(each.state for each in shown.files if each.path.name == "z.xlsx")
    assert "4 rows: Failed 1, Not sent 3" in state
    assert "The run stopped early. " in state


def test_on_practice_it_is_said_that_nothing_was_sent(home, folder, practice):
    """Before and after: a colleague's workbook that was only practised with must not be taken for done."""
    somebody = Somebody(home)
    somebody.presenter.environment = lambda: Environment("practice", "")
    somebody.presenter.choose(folder)
    somebody.until_idle()
    somebody.presenter.run([folder / "a Ü.xlsx"])
    shown = somebody.until_idle(True)
    asked = next(question for question in somebody.questions if question is not None)
    assert "nothing reaches EnergyCAP" in asked.effects[-1]
    state = next(each.state for each in shown.files if each.path.name == "a Ü.xlsx")
    assert "was run on Practice: nothing reached EnergyCAP" in state
    assert practice.writes == []


def test_a_stop_ends_the_pass(somebody, folder, practice):
    """The question that stands is answered with no, and nothing further is begun."""
    somebody.presenter.choose(folder)
    somebody.until_idle()
    somebody.presenter.run()
    somebody.until_asked()
    somebody.presenter.stop()
    shown = somebody.until_idle(True)
    assert (shown.ready, practice.writes, shown.busy) == (2, [], False)
    assert "1 workbook not come to" in shown.headline
    assert somebody.questions[-1] is None


def test_what_keeps_the_pass_from_beginning_is_said(somebody, tmp_path):
    """A folder that is gone is a sentence, and the next thing can be done."""
    somebody.presenter.choose(tmp_path / "nowhere")
    shown = somebody.until_idle()
    assert "is not a folder" in shown.trouble
    assert not shown.busy


@pytest.fixture
def tab(screen: None, home: Path, practice: PracticeServer) -> Iterator[InboxTab]:
    root = tk.Tk()
    made = InboxTab(root, dress(root), Worker(), home, environment)
    made.pack(fill=tk.BOTH, expand=True)
    root.geometry("1100x600")
    root.update()
    yield made
    made.stop()
    idle(made)
    root.destroy()


def idle(tab: InboxTab, until: Callable[[], object] = lambda: False) -> None:
    """See to the window's events until nothing is on its way, or something has happened."""
    give_up = monotonic() + PATIENCE
    while tab.presenter.worker.busy and not until():
        assert monotonic() < give_up
        tab.presenter.worker.run_pending()
        tab.update()
    tab.update()


def test_the_tab_shows_runs_and_moves(tab, folder, practice):
    """By its buttons: choose, run all, yes to each; then the table says where each is and how its rows ended."""
    practice.faults.add(Fault.drop_reply())
    assert tab.run_all.instate(["disabled"])
    tab.presenter.choose(folder)
    idle(tab)
    assert tab.run_all["text"] == "Run all 2 workbooks"
    tab.run_all.invoke()
    for _ in range(2):
        idle(tab, lambda: tab.dialog)
        assert tab.halt.instate(["!disabled"])
        tab.dialog.entry.insert(0, "2" if not (folder / "In doubt").exists() else "1")
        tab.dialog.yes.invoke()
    idle(tab)
    values = [tab.table.item(each, "values")[:2] for each in tab.table.get_children()]
    assert values == [("a Ü.xlsx", "In doubt"), ("b.xlsx", "Needs attention"), ("c.pdf", "")]
    assert tab.table.item("0", "tags") == ("unknown",)
    tab.table.selection_set("1")
    tab.update()
    assert str(folder / "Needs attention" / "b.xlsx") in tab.about["text"]
    assert tab.run_chosen.instate(["disabled"])
    assert tab.open.instate(["!disabled"])
    assert tab.dialog is None
