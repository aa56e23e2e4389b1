"""The real window, on a real screen: clicks and keys in, what can be seen out."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tkinter import ttk

import pytest
from asking import fill, flag, kickout
from desk import Desk, hold
from workbooks import column_of

from bulkops.desktop import starting, view
from bulkops.desktop.check_presenter import HERE
from bulkops.desktop.lines import Line
from bulkops.desktop.single import OpenWindow, open_or_hand_over
from bulkops.desktop.state import Phase
from bulkops.energycap import environments
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status
from bulkops.practice.server import Fault, PracticeServer

GOOD = [flag(2006, comment="One"), flag(2007, comment="Two"), flag(2008, comment="Three")]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return fill(tmp_path / "Größe & co.xlsx", [kickout(1)], GOOD)


@pytest.fixture
def elsewhere(practice: PracticeServer, open_desk: Callable[..., Desk]) -> Desk:
    """The window, with an EnergyCAP that is not practice chosen in its list."""
    desk = open_desk()
    desk.window.workbook.environment.current(1)
    desk.press("<<ComboboxSelected>>", desk.window.workbook.environment)
    assert desk.window.presenter.state.environment == environments.environment()
    return desk


def asking(desk: Desk) -> None:
    desk.click(desk.window.workbook.run)
    desk.phase(Phase.ASKING)


def can(button: ttk.Button) -> bool:
    return "disabled" not in button.state()


def test_choose_check_run_open(desk: Desk, book: Path) -> None:
    """The whole way on practice: green banner, every row, the question, the results."""
    window = desk.window
    assert str(window.banner["background"]) == "#1B6E3C"
    desk.window.take([book])
    desk.phase(Phase.CHECKED)
    assert [row[:2] + row[3:4] for row in desk.rows()] == [
        *(("Kickouts", "2", "Ready"), ("Flag edits", "2", "Ready"), ("Flag edits", "3", "Ready")),
        ("Flag edits", "4", "Ready"),
    ]
    assert str(window.workbook.run["text"]) == "Run 4 rows"
    asking(desk)
    assert window.dialog is not None
    assert desk.root.focus_get() is window.dialog.no
    desk.click(window.dialog.yes)
    desk.phase(Phase.ENDED)
    assert window.dialog is None
    assert {row[3] for row in desk.rows()} == {"Done"}
    assert can(window.workbook.results)
    desk.click(window.workbook.results)
    practised = book.with_name(f"{book.stem} - PRACTICE.xlsx")
    desk.until(lambda: desk.opened == [practised], "the results in their own program")
    assert column_of(practised, "Status", "PRACTICE Results") == ["Done"] * 4


def test_production_is_red_and_wants_the_number(elsewhere: Desk, practice: PracticeServer, book: Path) -> None:
    """The host stands in the banner and in the title's word; Enter alone sends nothing."""
    desk, window = elsewhere, elsewhere.window
    assert str(window.banner["background"]) == "#B3261E"
    assert practice.base_url.removeprefix("http://") in str(window.banner["text"])
    assert desk.root.title().endswith("PRODUCTION")
    window.take([book])
    desk.phase(Phase.CHECKED)
    asking(desk)
    assert window.dialog is not None
    desk.press("<Return>")
    desk.click(window.dialog.yes)
    assert "Type 4" in str(window.dialog.wrong["text"])
    assert practice.writes == []
    desk.write("4", desk.root.focus_get() or window.dialog)
    desk.click(window.dialog.yes)
    desk.phase(Phase.ENDED)
    assert len(practice.writes) == 4


def test_what_is_chosen_and_in_sight_stays(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """When EnergyCAP has answered, the rows are shown anew where they were; a stop by Escape changes nothing either."""
    rows = [flag(2006 + number % 20, comment=f"Row {number}") for number in range(200)]
    book = fill(tmp_path / "a.xlsx", [], [flag(2099), *rows])
    window, tree = elsewhere.window, elsewhere.window.workbook.table.tree
    let_go = hold(practice, "/list")
    window.take([book])
    elsewhere.phase(Phase.CHECKED)
    tree.yview_moveto(0.5)
    tree.selection_set(tree.get_children()[2])
    elsewhere.root.update()
    before, chosen = tree.get_children(), tree.chosen
    assert before[2] == chosen != ""
    let_go()
    elsewhere.until(lambda: not window.presenter.worker.busy, "EnergyCAP's word on the rows")
    assert (tree.get_children(), tree.chosen, tree.selection()) == (before, chosen, (chosen,))
    assert "list Site" in elsewhere.details()
    window.presenter.check()
    elsewhere.until(lambda: not window.presenter.worker.busy, "the check and EnergyCAP's word")
    assert tree.chosen == "0"
    let_go = hold(practice, "/list")
    window.presenter.check()
    elsewhere.until(lambda: window.presenter.state.asked is not None, "EnergyCAP being asked")
    elsewhere.root.focus_force()
    elsewhere.press("<Escape>", elsewhere.root)
    let_go()
    elsewhere.until(lambda: not window.presenter.worker.busy, "the end of the asking")
    assert {row[3] for row in elsewhere.rows()} == {"Ready"}


def test_what_changes_after_the_yes_is_ticked_and_typed_anew(
    elsewhere: Desk, practice: PracticeServer, book: Path
) -> None:
    """The second question begins as the first one did; EnergyCAP need not be asked, by a tick."""
    window = elsewhere.window
    window.take([book])
    elsewhere.phase(Phase.CHECKED)
    asking(elsewhere)
    practice.state.known["list"][2006].bills.pop()  # type: ignore[attr-defined]
    assert window.dialog is not None
    elsewhere.write("4", elsewhere.root.focus_get() or window.dialog)
    elsewhere.click(window.dialog.yes)
    elsewhere.until(lambda: window.dialog and window.dialog.sure, "the question anew")
    dialog = window.dialog
    assert dialog.sure is not None
    assert dialog.entry is not None
    assert (dialog.sure.instate(["selected"]), dialog.entry.get()) == (False, "")
    assert practice.writes == []
    assert dialog.offline is not None
    elsewhere.click(dialog.offline)
    elsewhere.until(
        lambda: dialog.offline and dialog.offline.instate(["selected", "!disabled"]), "the question offline"
    )
    assert dialog.sure is None
    elsewhere.write("4", elsewhere.root.focus_get() or dialog)
    elsewhere.click(dialog.yes)
    elsewhere.phase(Phase.ENDED)
    assert len(practice.writes) == 4


def test_escape_answers_no(elsewhere: Desk, practice: PracticeServer, book: Path) -> None:
    """Closing the question sends nothing."""
    elsewhere.window.take([book])
    elsewhere.phase(Phase.CHECKED)
    asking(elsewhere)
    assert elsewhere.window.dialog is not None
    elsewhere.press("<Escape>", elsewhere.window.dialog)
    elsewhere.phase(Phase.CHECKED)
    assert elsewhere.window.dialog is None
    assert practice.writes == []


def test_hidden_rows_are_ticked_in_the_question(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """The tick looks at the workbook again, and the button then says how many rows."""
    book = fill(tmp_path / "a.xlsx", [], [*GOOD, flag(2009, hidden=True)])
    elsewhere.window.take([book])
    elsewhere.phase(Phase.CHECKED)
    asking(elsewhere)
    dialog = elsewhere.window.dialog
    assert dialog is not None
    assert str(dialog.yes["text"]) == "Run 3 rows"
    assert dialog.hidden is not None
    elsewhere.click(dialog.hidden)
    elsewhere.until(lambda: str(dialog.yes["text"]) == "Run 4 rows", "the question with the hidden row")
    assert elsewhere.window.dialog is dialog
    elsewhere.until(lambda: elsewhere.root.focus_get() is dialog.entry, "the keyboard where the number is typed")
    elsewhere.press("<Escape>", dialog)
    elsewhere.phase(Phase.CHECKED)
    assert practice.writes == []


def test_stop_safely(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """The rows that were not come to are said to be not sent, in the table and in the results."""
    book = fill(tmp_path / "a.xlsx", [], [flag(2006 + number % 20, comment=f"Row {number}") for number in range(300)])
    elsewhere.window.take([book])
    elsewhere.phase(Phase.CHECKED)
    asking(elsewhere)
    assert elsewhere.window.dialog is not None
    elsewhere.write("300", elsewhere.root.focus_get() or elsewhere.window.dialog)
    elsewhere.click(elsewhere.window.dialog.yes)
    elsewhere.phase(Phase.RUNNING)
    elsewhere.root.focus_force()
    elsewhere.press("<Escape>", elsewhere.root)
    elsewhere.phase(Phase.ENDED)
    states = [row[3] for row in elsewhere.rows()]
    assert states.count("Done") == len(practice.writes) < 300
    assert states.count("Not sent") == 300 - len(practice.writes)
    assert column_of(book, "Status") == states


def test_closing_mid_run_keeps_running_unless_told(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """The default is to go on; told to stop, the window goes after the row on its way, and the results are there."""
    book = fill(tmp_path / "a.xlsx", [], [flag(2006 + number % 20, comment=f"Row {number}") for number in range(300)])
    window = elsewhere.window
    window.take([book])
    elsewhere.phase(Phase.CHECKED)
    asking(elsewhere)
    assert window.dialog is not None
    elsewhere.write("300", elsewhere.root.focus_get() or window.dialog)
    elsewhere.click(window.dialog.yes)
    elsewhere.phase(Phase.RUNNING)
    window.leave()
    assert window.closing is not None
    keep = window.closing.no
    elsewhere.until(lambda: elsewhere.root.focus_get() is keep, "the keyboard at Keep running")
    elsewhere.press("<Return>", keep)
    elsewhere.until(lambda: window.closing is None, "the question has gone")
    assert window.presenter.state.phase is Phase.RUNNING
    window.leave()
    assert window.closing is not None
    window.closing.yes.invoke()
    elsewhere.until(lambda: not elsewhere.alive, "the window has gone")
    told = column_of(book, "Status")
    assert told.count("Done") == len(practice.writes) < 300


def test_a_broken_file_is_told_in_the_window(desk: Desk, tmp_path: Path, book: Path) -> None:
    """Title, sentence, what to do, code; the details can be copied; the next workbook takes it away."""
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"nothing of the kind")
    desk.window.take([broken])
    desk.phase(Phase.FAILED)
    assert desk.window.workbook.trouble.winfo_viewable()
    assert "broken.xlsx" in str(desk.window.workbook.trouble.words["text"])
    desk.click(desk.window.workbook.trouble.copy)
    assert "Code: workbook." in desk.root.clipboard_get()
    desk.window.take([book])
    desk.phase(Phase.CHECKED)
    assert not desk.window.workbook.trouble.winfo_viewable()


def test_five_thousand_rows(desk: Desk, tmp_path: Path) -> None:
    """All are in the table; the filter leaves those to look at; the chosen row is told in full."""
    rows = [flag(1_000_000 + number if number % 100 else "x") for number in range(5000)]
    desk.window.take([fill(tmp_path / "many.xlsx", [], rows)])
    desk.phase(Phase.CHECKED)
    tree = desk.window.workbook.table.tree
    assert len(tree.names) == 5000
    assert "(50)" in str(desk.window.workbook.table.filter["text"])
    desk.click(desk.window.workbook.table.filter)
    assert len(tree.names) == 50
    assert {row[3] for row in desk.rows()} == {"Needs fixing"}
    tree.focus_force()
    desk.press("<End>", tree)
    assert desk.details().startswith("Flag edits, row 4902: Needs fixing")
    assert "Flag edits!A4902: " in desk.details()


@pytest.fixture
def many(desk: Desk, tmp_path: Path) -> Desk:
    """Somebody at a window with a thousand good rows."""
    desk.window.take([fill(tmp_path / "many.xlsx", [], [flag(1_000_000 + number) for number in range(1000)])])
    desk.phase(Phase.CHECKED)
    return desk


def end(desk: Desk, status: Status, first: int, last: int) -> None:
    """So many rows have come to their end since the window was drawn last."""
    shown = list(desk.window.presenter.state.lines.values())
    for line in shown[first:last]:
        desk.window.workbook.table.change(
            replace(line, outcome=replace(line.outcome, status=status), look=status is Status.FAILED)
        )
    desk.root.update()


def in_sight(desk: Desk) -> list[int]:
    """The rows that can be seen whole, by their places among all rows."""
    tree = desk.window.workbook.table.tree
    boxes = {name: tree.bbox(name) for name in tree.get_children()}
    return [int(name) for name, box in boxes.items() if box and box[1] + box[3] <= tree.winfo_height()]


def test_the_table_goes_with_the_run_unless_somebody_reads_elsewhere(many: Desk) -> None:
    """The row that changed last is in sight; whoever scrolls away stays there, and is taken along when back."""
    table = many.window.workbook.table
    end(many, Status.FAILED, 0, 500)
    assert 499 in in_sight(many)
    assert "(500)" in str(table.filter["text"])
    table.tree.yview_moveto(0)
    end(many, Status.FAILED, 500, 600)
    assert 0 in in_sight(many)
    table.tree.see("599")
    end(many, Status.FAILED, 600, 700)
    assert 699 in in_sight(many)
    assert "(700)" in str(table.filter["text"])


def test_the_table_holds_the_rows_in_sight_and_no_others(many: Desk) -> None:
    """Wheel, scrollbar and keys go through all rows; a row that is out of sight stays chosen."""
    tree = many.window.workbook.table.tree
    top = in_sight(many)
    page = len(top)
    assert len(tree.get_children()) <= page + 1
    assert tree.page == page
    tree.focus_force()
    many.press("<Down>", tree)
    many.press("<Down>", tree)
    assert many.details().startswith("Flag edits, row 3:")
    wheel = {"x11": "<Button-5>"}.get(tree.tk.call("tk", "windowingsystem"))
    tree.event_generate(wheel or "<MouseWheel>", **({} if wheel else {"delta": -600}))
    assert in_sight(many)[0] > 0
    tree.yview_moveto(0.5)
    assert in_sight(many)[0] == 500
    assert many.window.workbook.table.selected is not None
    assert many.window.workbook.table.selected.row == 3
    assert tree.selection() == ()
    many.press("<Up>", tree)
    assert in_sight(many)[0] == 0
    assert tree.selection() == ("0",)
    many.press("<Next>", tree)
    assert tree.selection() == (str(page),)
    many.press("<End>", tree)
    assert many.details().startswith("Flag edits, row 1001:")
    assert in_sight(many)[-1] == 999
    many.press("<Prior>", tree)
    many.press("<Home>", tree)
    assert in_sight(many) == top


def test_a_click_chooses_a_row_far_down(many: Desk) -> None:
    """What is clicked is the row that is seen there, also where the table is drawn before Tk tells of the click."""
    tree = many.window.workbook.table.tree
    tree.yview_moveto(0.9)
    for name in ("901", "903"):
        x, y, _, high = tree.bbox(name)  # type: ignore[misc]
        tree.event_generate("<Button-1>", x=x + 5, y=y + high // 2)
        tree.draw()
        many.root.update()
        assert many.details().startswith(f"Flag edits, row {int(name) + 2}:")


def test_a_larger_window_shows_more_rows(many: Desk) -> None:
    """No room is left below the last row."""
    before = len(in_sight(many))
    many.window.workbook.table.tree.yview_moveto(1)
    width, height = many.root.winfo_width(), many.root.winfo_height()
    many.root.geometry(f"{width}x{height + 10 * many.window.look.line}")
    many.until(lambda: len(rows := in_sight(many)) > before and rows[-1] == 999, "more rows up to the last one")
    assert many.window.workbook.table.tree.page == len(in_sight(many))


def test_the_worst_row_is_chosen(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """After a run the unknown row stands first, chosen, with how to check it."""
    practice.faults.add(Fault.drop_reply(), path_contains="/list/2008/")
    elsewhere.window.take([fill(tmp_path / "a.xlsx", [], GOOD)])
    elsewhere.phase(Phase.CHECKED)
    elsewhere.window.workbook.table.tree.selection_set("1")
    asking(elsewhere)
    assert elsewhere.window.dialog is not None
    elsewhere.write("3", elsewhere.root.focus_get() or elsewhere.window.dialog)
    elsewhere.click(elsewhere.window.dialog.yes)
    elsewhere.phase(Phase.ENDED)
    assert elsewhere.rows()[0][3] == Status.UNKNOWN.label
    elsewhere.until(lambda: "row 4: Unknown" in elsewhere.details(), "the unknown row in full")


def test_everything_by_keyboard(desk: Desk, book: Path) -> None:
    """Tab comes to every live control in reading order; F5 checks; Alt and a letter press a button."""
    desk.window.take([book])
    desk.phase(Phase.CHECKED)
    desk.window.workbook.choose.focus_force()
    desk.root.update()
    seen = []
    while desk.root.focus_get() not in seen:
        seen.append(desk.root.focus_get())
        desk.press("<Tab>")
    window = desk.window
    order = [
        window.workbook.choose,
        window.workbook.recent,
        window.workbook.template,
        window.workbook.environment,
        window.workbook.key,
        window.workbook.check,
        window.workbook.run,
    ]
    assert [each for each in seen if each in order] == order
    assert window.workbook.table.tree in seen
    assert window.workbook.details.text in seen
    desk.root.focus_force()
    state = window.presenter.state
    before = state.report
    desk.press("<F5>", desk.root)
    desk.until(lambda: state.report is not None and state.report is not before, "another check")
    desk.phase(Phase.CHECKED)
    desk.press("<Alt-r>", desk.root)
    desk.phase(Phase.ASKING)


def test_every_underlined_letter_is_one_buttons_own(desk: Desk) -> None:
    """Alt and the letter press that button and no other; the pages have letters, too."""

    def under(widget: tk.Misc) -> Iterator[ttk.Widget]:
        for child in widget.winfo_children():
            if isinstance(child, (ttk.Button, ttk.Checkbutton, ttk.Menubutton)):
                yield child
            yield from under(child)

    tabs = desk.window.tabs
    page = desk.root.nametowidget(tabs.tabs()[0])
    marked = [(str(each["text"]), int(each["underline"])) for each in under(page)]
    letters = [text[at].lower() for text, at in marked if at >= 0]
    pages = [str(tabs.tab(each, "text"))[int(tabs.tab(each, "underline"))].lower() for each in tabs.tabs()]
    assert len({*letters, *pages}) == len(letters) + len(pages) > 10
    assert all(desk.root.bind(f"<Alt-{letter}>") for letter in letters)


def test_dead_buttons_say_why(desk: Desk) -> None:
    """Over a button that cannot be pressed there is a word why."""
    assert not can(desk.window.workbook.run)
    desk.window.workbook.run.event_generate("<Enter>")
    desk.root.update()
    words = [
        str(label["text"])
        for tip in desk.window.workbook.run.winfo_children()
        for label in tip.winfo_children()
        if isinstance(label, tk.Label)
    ]
    assert words == ["Choose a workbook first."]
    desk.window.workbook.run.event_generate("<Leave>")
    desk.root.update()
    assert not desk.window.workbook.run.winfo_children()


@pytest.mark.parametrize("scaling", [1.333, 2.0, 2.667])
def test_nothing_is_cut_off(scaling: float, open_desk: Callable[..., Desk], book: Path) -> None:
    """At 100, 150 and 200 % every control gets the room it asks for, and rows are as high as their text."""
    desk = open_desk(scaling)
    if desk.root.winfo_screenwidth() < desk.window.look.em * 104:
        pytest.skip("this screen is too small for letters of that size")
    desk.window.take([book])
    desk.phase(Phase.CHECKED)
    window = desk.window
    for each in (
        window.workbook.choose,
        window.workbook.recent,
        window.workbook.template,
        window.workbook.key,
        window.workbook.check,
        window.workbook.run,
        window.workbook.results,
    ):
        assert each.winfo_width() >= each.winfo_reqwidth()
        assert each.winfo_height() >= each.winfo_reqheight()
    assert (
        window.workbook.corrections.winfo_rootx() + window.workbook.corrections.winfo_width() <= desk.root.winfo_width()
    )
    box = window.workbook.table.tree.bbox(window.workbook.table.tree.get_children()[0])
    assert box
    assert box[3] >= window.look.line


def test_long_words_wrap(desk: Desk) -> None:
    """A text longer than the window takes another line instead of leaving it."""
    desk.window.presenter.say("Word " * 80)
    desk.root.update()
    one = desk.window.look.line
    desk.until(lambda: desk.window.workbook.more.winfo_height() > 2 * one, "the words on several lines")
    assert desk.window.workbook.more.winfo_width() <= desk.root.winfo_width()


def test_every_environment_can_be_chosen(desk: Desk) -> None:
    """The list shows each by its name and host, practice chosen; where not practice, the banner is red."""
    values = [str(each) for each in desk.window.workbook.environment["values"]]
    assert desk.window.workbook.environment.get() == values[0] == view.WHERE
    assert view.named(environments.environment("us-east")) in values


@pytest.mark.usefixtures("screen")
def test_the_window_comes_before_pandas(home: Path) -> None:
    """What is slow to import is not imported by the time the window can be seen."""
    program = (
        "import sys\nfrom bulkops.desktop import starting\nfrom bulkops.desktop.window import Window\n"
        "def see(self, files): print(sorted({'pandas', 'pandera', 'numpy', 'openpyxl', 'requests', 'sqlalchemy', "
        "'rich', 'keyring'} & set(sys.modules))); self.root.after(1, self.root.destroy)\n"
        "Window.take = see\nstarting.show([])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"


def test_a_row_in_doubt_is_marked(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """Two buttons stand below an unknown row; what was found out is asked about once more, then recorded."""
    practice.faults.add(Fault.drop_reply(), path_contains="/list/2008/")
    elsewhere.window.take([fill(tmp_path / "a.xlsx", [], GOOD)])
    elsewhere.phase(Phase.CHECKED)
    details = elsewhere.window.workbook.details
    assert not details.marks.winfo_viewable()
    asking(elsewhere)
    assert elsewhere.window.dialog is not None
    elsewhere.write("3", elsewhere.root.focus_get() or elsewhere.window.dialog)
    elsewhere.click(elsewhere.window.dialog.yes)
    elsewhere.phase(Phase.ENDED)
    elsewhere.until(details.marks.winfo_viewable, "the two buttons")
    elsewhere.click(details.mark_buttons[ResolutionKind.DONE])
    elsewhere.until(
        lambda: elsewhere.root.focus_get() is elsewhere.window.workbook.sure.no, "the keyboard at Leave it in doubt"
    )
    elsewhere.click(elsewhere.window.workbook.sure.yes)
    elsewhere.until(
        lambda: "is marked: done after all" in str(elsewhere.window.workbook.more["text"]), "the mark is told"
    )
    elsewhere.phase(Phase.CHECKED)
    assert [row[3] for row in elsewhere.rows()] == ["Already done"] * 3
    assert not details.marks.winfo_viewable()
    assert len(practice.writes) == 3


def test_a_dropped_file_is_taken(desk: Desk, book: Path) -> None:
    """The library for it is loaded, and a name with blanks, umlauts and & arrives exact, as a drop brings it."""
    bound = str(desk.root.tk.call("bind", ".", "<<Drop:DND_Files>>"))
    assert bound.endswith("%D")
    desk.root.tk.eval(bound.replace("%D", "{{" + str(book) + "}}"))
    desk.phase(Phase.CHECKED)
    assert desk.window.presenter.state.workbook == book


def test_closing_while_the_upload_folder_runs(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """The banner stays what it is. Told to stop and close, nothing is sent, and the workbook stays."""
    folder = tmp_path / "Uploads"
    folder.mkdir()
    book = fill(folder / "a.xlsx", [], GOOD)
    inbox = elsewhere.window.inbox
    elsewhere.window.tabs.select(inbox)
    inbox.presenter.choose(folder)
    elsewhere.until(lambda: not inbox.presenter.busy, "the folder is looked through")
    elsewhere.click(inbox.run_all)
    elsewhere.until(lambda: inbox.dialog is not None, "the question about the workbook")
    elsewhere.window.presenter.choose_environment(HERE)
    assert str(elsewhere.window.banner["background"]) == "#B3261E"
    elsewhere.window.leave()
    closing = elsewhere.window.closing
    assert closing is not None
    closing.yes.invoke()
    elsewhere.until(lambda: not elsewhere.alive, "the window has gone")
    assert practice.writes == []
    assert book.exists()


def test_the_history_tells_how_much_room_is_taken(desk: Desk, home: Path) -> None:
    """In a line of its own, whenever somebody turns to it."""
    (home / "errors.log").write_bytes(b"x" * 5_000_000)
    desk.window.tabs.select(desk.window.history)  # type: ignore[no-untyped-call]
    disk = desk.window.history.disk
    desk.until(lambda: str(home) in str(disk["text"]), "the room")
    assert str(disk["text"]).startswith("bulkops keeps 5.")
    assert "log of errors 5.0 MB" in str(disk["text"])
    desk.root.update()
    assert disk.winfo_viewable()


def test_an_error_of_ours_does_not_make_it_deaf(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """One row that cannot be shown is told, and all others, the end and the results are shown as ever."""
    told: list[BaseException] = []
    elsewhere.root.report_callback_exception = lambda _, error, __: told.append(error)
    elsewhere.window.take([fill(tmp_path / "a.xlsx", [], GOOD)])
    elsewhere.phase(Phase.CHECKED)
    change = elsewhere.window.workbook.table.change

    def once(line: Line) -> None:
        elsewhere.window.workbook.table.change = change  # type: ignore[method-assign]
        raise RuntimeError("made to go wrong")

    elsewhere.window.workbook.table.change = once  # type: ignore[method-assign]
    asking(elsewhere)
    assert elsewhere.window.dialog is not None
    elsewhere.write("3", elsewhere.root.focus_get() or elsewhere.window.dialog)
    elsewhere.click(elsewhere.window.dialog.yes)
    elsewhere.phase(Phase.ENDED)
    assert [str(error) for error in told] == ["made to go wrong"]
    assert {row[3] for row in elsewhere.rows()} == {"Done"}


def test_who_leaves_begins_nothing_more(elsewhere: Desk, practice: PracticeServer, tmp_path: Path) -> None:
    """Closed while a run is made ready, the window takes no other: neither of a workbook nor of the upload folder."""
    folder = tmp_path / "Uploads"
    folder.mkdir()
    fill(folder / "b.xlsx", [], GOOD)
    inbox, presenter = elsewhere.window.inbox.presenter, elsewhere.window.presenter
    inbox.choose(folder)
    elsewhere.until(lambda: not inbox.busy, "the folder is looked through")
    elsewhere.window.take([fill(tmp_path / "a.xlsx", [], GOOD)])
    elsewhere.phase(Phase.CHECKED)
    presenter.run()
    elsewhere.window.leave()
    inbox.run()
    assert inbox.control is None
    elsewhere.until(lambda: not elsewhere.alive, "the window has gone")
    assert practice.writes == []


def test_recent_workbooks_are_a_key_away(desk: Desk, book: Path) -> None:
    """The last one used stands first in the menu, and choosing it looks at its rows again."""
    desk.window.take([book])
    desk.phase(Phase.CHECKED)
    desk.root.focus_force()
    desk.press("<Alt-e>", desk.root)
    menu = desk.window.workbook.menu
    desk.until(menu.winfo_viewable, "the menu")
    assert menu.entrycget(0, "label") == str(book)
    before = desk.window.presenter.state.report
    menu.invoke(0)
    menu.unpost()
    state = desk.window.presenter.state
    desk.until(lambda: state.report is not None and state.report is not before, "another check")
    desk.phase(Phase.CHECKED)


def test_the_end_of_the_session_waits_for_the_row_on_its_way(
    elsewhere: Desk, practice: PracticeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logoff and shutdown: Windows asks the window, through Tk, and ends the program once it has come back.

    Nobody can log off here; what Tk calls then is called by hand.
    """
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(elsewhere.root, "report_callback_exception", elsewhere.root.report_callback_exception)
    starting._see_to_endings(elsewhere.root, elsewhere.window)
    practice.faults.add(Fault.slow(0.5), times=None)
    book = fill(tmp_path / "a.xlsx", [], GOOD)
    elsewhere.window.take([book])
    elsewhere.phase(Phase.CHECKED)
    asking(elsewhere)
    assert elsewhere.window.dialog is not None
    elsewhere.write("3", elsewhere.root.focus_get() or elsewhere.window.dialog)
    elsewhere.click(elsewhere.window.dialog.yes)
    elsewhere.until(lambda: bool(practice.writes), "the first row on its way")
    elsewhere.root.tk.eval(str(elsewhere.root.protocol("WM_SAVE_YOURSELF")))
    assert column_of(book, "Status") == ["Done", "Not sent", "Not sent"]
    assert len(practice.writes) == 1


def test_a_second_start_brings_the_window_its_file(desk: Desk, book: Path, home: Path) -> None:
    """It is shown as if it had been dropped."""
    first = open_or_hand_over(home, [])
    assert first is not None
    desk.window.further = first.take_files
    second = threading.Thread(target=lambda: left.append(open_or_hand_over(home, [book], patience=60.0)))
    left: list[OpenWindow | None] = []
    second.start()
    desk.phase(Phase.CHECKED)
    second.join()
    first.close()
    assert left == [None]
    assert desk.window.presenter.state.workbook == book


def test_trouble_to_rehearse_is_a_tick_in_the_question(desk: Desk, tmp_path: Path) -> None:
    """With it the rows that meet trouble are named there."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(2)], [flag(4711, expected_bills=12), flag(4712)])
    desk.window.presenter.choose(path)
    desk.until(lambda: desk.window.presenter.state.phase is Phase.CHECKED, "the rows")
    desk.window.presenter.run()
    desk.until(lambda: desk.window.dialog is not None, "the question")
    dialog = desk.window.dialog
    assert dialog is not None
    assert dialog.trouble is not None
    desk.click(dialog.trouble)
    desk.until(lambda: dialog.yes.instate(["!disabled"]) and dialog.trouble is not None, "the question once more")
    assert dialog.trouble.instate(["selected"])
    labels = [str(each["text"]) for each in dialog.body.winfo_children() if isinstance(each, ttk.Label)]
    assert sum(words.startswith("Note: Trouble to rehearse: ") for words in labels) == 4
    desk.press("<Escape>", dialog)
