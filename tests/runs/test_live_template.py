"""A template filled from EnergyCAP: what it says now, held against what this computer has sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import fill, kickout, run
from steps import task

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Status
from bulkops.practice import seed_data
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs.live_template import Made, make

Make = Callable[..., Made]


@pytest.fixture
def made(practice: PracticeServer, tmp_path: Path, home: Path) -> Make:
    """``made(days=30)``: a template of the practice server's, whose imports were begun since yesterday."""
    now = datetime.now(UTC)
    for number, each in enumerate(practice.state.known["task"].values()):
        each.begin = now - timedelta(minutes=number)

    def call(name: str = "August.xlsx", **wanted: Any) -> Made:
        return make(tmp_path / name, Environment("custom", practice.base_url), home, **wanted)

    return call


def column(made: Made, sheet: str, number: int, first: int = 4) -> list[Any]:
    book = openpyxl.load_workbook(made.path)
    return [row[number - 1] for row in book[sheet].iter_rows(min_row=first, values_only=True)]


def guids(picks: list[str]) -> set[int]:
    return {int(each.rpartition("-")[2]) for each in picks}


def test_names_come_from_energycap(made: Make) -> None:
    """Lists, flag types, people, batches and imports by name; who says so, and when."""
    found = made()
    assert "July electric > 30 days, Practice Operator | 2001" in column(found, "Bill lists", 1)
    assert not [each for each in column(found, "Bill lists", 1) if each.endswith("| 2099")]
    assert column(found, "Flag types", 1) == ["Bill review | 2", "Cost recovery | 3", "Vendor query | 4"]
    assert column(found, "People", 1) == ["Morgan Manager | 102", "Practice Operator | 101", "Robin Reader | 103"]
    assert column(found, "Batches", 2) == ["Open", "Open", "Pending", "Pending"]
    assert found.source.startswith("Names from 127.0.0.1:")
    assert found.source.endswith("with the key of Practice Operator (operator).")
    assert (found.rows, found.notes) == (None, ())


def test_each_import_with_kickouts_has_a_row(made: Make) -> None:
    """Those whose words say so; not the running one, which is named, and not the one whose words say nothing."""
    found = made(days=2)
    assert guids(column(found, "Kickouts", 2, 2)) == {*range(1, 41)}
    assert (found.rows, found.left_out) == (40, 1)
    told = dict(zip(column(found, "Imports", 1), column(found, "Imports", 2), strict=True))
    others = {int(each.rpartition("-")[2]): why for each, why in told.items() if why != "Yes"}
    assert others == {51: "Cannot tell", 52: "Still running"}


def test_what_was_sent_from_here_is_left_out_and_named(
    made: Make, practice: PracticeServer, tmp_path: Path, home: Path
) -> None:
    """Done, or of unknown outcome: when, by whom and from which workbook. What was refused has its row."""
    practice.faults.add(Fault.answer(500), path_contains=task(2))
    rows = [kickout(1), kickout(2), kickout(51)]
    run(fill(tmp_path / "July.xlsx", kickouts=rows), Environment("custom", practice.base_url), home)
    found = made(days=2)
    assert guids(column(found, "Kickouts", 2, 2)) == {*range(3, 41)}
    told = dict(zip(column(found, "Imports", 1), column(found, "Imports", 2), strict=True))
    why = {
        int(each.rpartition("-")[2]): words for each, words in told.items() if each.rpartition("-")[2][:5] == "00000"
    }
    assert why[1].startswith("Sent again on 20")
    assert why[2].startswith("Perhaps sent again: look at its row on 20")
    assert why[1].endswith(", from July.xlsx")
    assert why[51] == "Cannot tell"


def test_a_batch_tells_of_the_only_import_in_it(made: Make, practice: PracticeServer) -> None:
    """Where words say nothing: of the only import in a batch that has an import with kickouts, of whatever day."""
    practice.state.choices.status_words.kickouts = "Finished"
    tasks, batches = practice.state.known["task"], practice.state.known["open batch"]
    for number, batch_id in ((1, 501), (2, 503), (3, 503), (4, 504), (5, 505)):
        tasks[task(number)].batch = batches[batch_id]
    for batch_id in (501, 503, 505):
        batches[batch_id].has_kickouts = True
    tasks[task(6)].batch = batches[505]
    tasks[task(6)].begin = seed_data.FIRST_DAY - timedelta(days=900)
    assert guids(column(made(days=2), "Kickouts", 2, 2)) == {1}


@pytest.mark.parametrize(
    ("right", "missing", "words"),
    [
        (("flaggedItems", "view"), "Flag types", "EnergyCAP did not tell the flag types (401"),
        (("billsAndBatches", "view"), "Batches", "EnergyCAP did not tell which batches are open or pending (401"),
    ],
)
def test_what_cannot_be_told_is_left_out_and_said_once(
    made: Make, practice: PracticeServer, right: tuple[str, str], missing: str, words: str
) -> None:
    """In the terminal and in the workbook, and the rest is made."""
    practice.state.forbid(*right)
    found = made()
    book = openpyxl.load_workbook(found.path)
    assert missing not in book.sheetnames
    assert {"People", "Bill lists"} & {*book.sheetnames}
    (note,) = (each for each in found.notes if each.startswith(words))
    lines = [row[1] for row in book["Instructions"].values if row[0] == "Not known"]
    assert lines == list(found.notes)
    assert lines.count(note) == 1


def test_where_nothing_answers_no_file_is_made(made: Make, practice: PracticeServer, tmp_path: Path) -> None:
    """The reason is that of any start."""
    practice.stop()
    with pytest.raises(CannotStart) as refused:
        made()
    assert refused.value.code == "me.not_reached"
    assert not (tmp_path / "August.xlsx").exists()


def test_a_stop_makes_no_file(made: Make, practice: PracticeServer, tmp_path: Path) -> None:
    """Whenever it comes; how far it is, is told meanwhile."""
    told: list[tuple[int, int]] = []
    with pytest.raises(CannotStart, match="no template was made"):
        made(stopped=lambda: bool(told), progress=lambda done, of: told.append((done, of)))
    assert told
    assert not (tmp_path / "August.xlsx").exists()


def test_a_file_that_is_there_is_seen_before_anything_is_asked(
    made: Make, practice: PracticeServer, tmp_path: Path
) -> None:
    """And stays as it is."""
    (tmp_path / "August.xlsx").write_text("mine")
    with pytest.raises(CannotStart, match="exists already"):
        made()
    assert (tmp_path / "August.xlsx").read_text() == "mine"
    assert not practice.requests


def test_energycap_is_only_read(made: Make, practice: PracticeServer) -> None:
    """No call but GETs, and none twice."""
    made(days=2)
    asked = [(request.method, request.path, request.query) for request in practice.requests]
    assert not practice.writes
    assert len(asked) == len(set(asked))


def test_a_row_that_is_chosen_runs(made: Make, practice: PracticeServer, home: Path) -> None:
    """Yes, and a batch mode from the drop-down: that row alone is sent, and the next template leaves it out."""
    found = made(days=2)
    book = openpyxl.load_workbook(found.path)
    sheet = book["Kickouts"]
    headings = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(5, headings["Run this row"]).value = "Yes"
    sheet.cell(5, headings["Batch mode"]).value = "new self-contained batch"
    sent = sheet.cell(5, headings["Task GUID"]).value.rpartition(" ")[2]
    edits = book["Flag edits"]
    edits.append([book["Bill lists"]["A4"].value, None, None, None, "Checked", book["People"]["A4"].value])
    book.save(found.path)
    report = run(found.path, Environment("custom", practice.base_url), home)
    assert [(each.status, each.target) for each in report.outcomes] == [(Status.DONE, sent), (Status.DONE, "2005")]
    assert [note for note in report.notes if "Kickouts" in note] == [
        "Sheet “Kickouts”: 39 rows are not marked Yes in Run this row; they are left out."
    ]
    again = made("September.xlsx", days=2)
    assert (again.rows, int(sent[-2:]) in guids(column(again, "Kickouts", 2, 2))) == (39, False)
