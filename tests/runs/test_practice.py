"""To practise with one's own workbook: its results lie beside it and say PRACTICE, and it stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asking import Bulkops, carried_out, fill, flag, kickout, task
from python_calamine import CalamineWorkbook
from workbooks import column_of

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.practice import Choices, State
from bulkops.practice.drills import DRILLS
from bulkops.practice.server import PRACTICE_KEY, PracticeServer
from bulkops.runs import history, prepare
from bulkops.runs.practice import SERVED_APART, each_in_turn
from bulkops.runs.report import Options, Report
from bulkops.runs.summary import summary_of

HERE = Environment(PRACTICE, "")


def practised(path: Path, folder: Path, options: Options | None = None) -> Report:
    """A run on a practice EnergyCAP of its own."""
    with prepare.prepare(path, HERE, folder, options or Options()) as prepared:
        return carried_out(prepared)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def messages(path: Path) -> list[str]:
    return column_of(path, "Message", "PRACTICE Results")


def sheets(path: Path) -> list[str]:
    return list(CalamineWorkbook.from_path(path).sheet_names)


def test_practising_leaves_the_workbook_and_its_real_results(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What EnergyCAP said of the rows stays in the workbook; beside it lies what Practice says, and says so."""
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    path = fill(tmp_path / "August.xlsx", flags=[flag(2002), flag(2006)])
    with (
        PracticeServer() as real,
        prepare.prepare(path, Environment("custom", real.base_url), home, Options()) as prepared,
    ):
        carried_out(prepared)
    before = sha256(path)
    report = practised(path, home)
    copy = tmp_path / "August - PRACTICE.xlsx"
    assert (report.results, sha256(path)) == (copy, before)
    assert sheets(copy) == ["Flag edits", "Results", "PRACTICE Results"]
    assert all(each.startswith("PRACTICE: ") for each in messages(copy))
    again = practised(path, home)
    assert (again.results, sha256(path)) == (copy, before)
    assert [outcome.status.value for outcome in again.outcomes] == ["already_done"] * 2
    assert {each.name for each in tmp_path.glob("*.xlsx")} == {path.name, copy.name}
    made_again = history.recall(home, report.run).results
    assert made_again is not None
    assert sheets(made_again) == ["PRACTICE Results"]
    assert all(each.startswith("PRACTICE: ") for each in messages(made_again))
    assert "PRACTICE" in made_again.name


def test_the_copy_is_never_run(tmp_path: Path, home: Path) -> None:
    """Its rows stand in the workbook, too."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006)])
    before = sha256(path)
    report = practised(path, home)
    assert report.results is not None
    assert sha256(path) == before
    assert sheets(report.results) == ["Flag edits", "PRACTICE Results"]
    with pytest.raises(CannotStart, match="copy"):
        practised(report.results, home)


def test_practising_with_what_takes_no_sheet(tmp_path: Path, home: Path) -> None:
    """A text file: a workbook of nothing but results, called PRACTICE; where it was wanted elsewhere, it goes there."""
    path = tmp_path / "August.csv"
    path.write_text("List ID,Flag type ID,Comment\n2001,2,Checked\n", encoding="utf-8")
    report = practised(path, home)
    assert report.results == tmp_path / "August - PRACTICE.xlsx"
    assert sheets(report.results) == ["PRACTICE Results"]
    wanted = tmp_path / "elsewhere.xlsx"
    assert practised(path, home, Options(results=wanted)).results == wanted
    assert messages(wanted)[0].startswith("PRACTICE: ")


def test_ids_of_ones_own_are_taken_as_given(tmp_path: Path, home: Path) -> None:
    """Every kind that a row can name; a list holds what the row expects, and what is made up is said.

    Practice's own list 2001 and flag type 1 would refuse the last row.
    """
    kickouts = [
        {"task_guid": task(61), "batch_mode": "use existing batch", "existing_open_batch_id": 70001},
        {"task_guid": task(62), "batch_mode": "use existing batch", "existing_open_batch_id": 70002},
        {"task_guid": task(63), "batch_mode": "use pending batch", "pending_batch_id": 2147483647},
        {"task_guid": task(64), "batch_mode": "new batch"},
        {"task_guid": task(65), "batch_mode": "smart batch", "new_batch_code": "AUG"},
    ]
    flags = [
        flag(4711, flag_type_id=17, assignees="8001;8002", expected_bills=340),
        flag(4712, flag_status="Resolved"),
        flag(2001, flag_type_id=1),
    ]
    report = practised(fill(tmp_path / "August.xlsx", kickouts, flags), home, Options(jobs=1))
    assert [(each.status.value, each.code) for each in report.outcomes] == [("done", "")] * 8
    assert [each.selected for each in report.outcomes[5:]] == [340, 5, 5]
    (said,) = [note for note in report.notes if note.startswith("Practice takes as given")]
    things = "5 tasks, 2 open batches, 1 pending batch, 3 lists, 2 flag types, 2 users"
    assert said.startswith(f"Practice takes as given what the workbook names: {things}.")


def test_practice_keeps_its_own_things(tmp_path: Path, home: Path) -> None:
    """The sample sheets go as they go in the demo, and nothing is said of what is given."""
    path = fill(tmp_path / "August.xlsx", [kickout(51)], [flag(2099), flag(2001, flag_type_id=2, expected_bills=12)])
    report = practised(path, home)
    assert [each.status.value for each in report.outcomes] == ["failed", "invalid", "done"]
    assert (report.outcomes[2].selected, report.notes) == (
        12,
        ("EnergyCAP was asked about 3 rows: 2 fit, 1 does not.",),
    )


def test_what_was_practised_holds_no_real_row_back(tmp_path: Path, home: Path, practice: PracticeServer) -> None:
    """Practice is another EnergyCAP."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(2006)])
    practised(path, home)
    with prepare.prepare(path, Environment("custom", practice.base_url), home, Options()) as prepared:
        report = carried_out(prepared)
    assert [each.status.value for each in report.outcomes] == ["done"]
    assert report.results == path


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    """What ``bulkops practice`` serves."""
    state = State(choices=Choices(environment=SERVED_APART))
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    with PracticeServer(state) as server:
        yield server


def test_a_practice_server_apart_knows_only_its_own(bulkops: Bulkops, tmp_path: Path, apart: PracticeServer) -> None:
    """Told at the check and before the run, never as an id to be checked; the good rows are practised."""
    kickouts = [
        kickout(1),
        kickout(99),
        {"task_guid": task(2), "batch_mode": "use existing batch", "existing_open_batch_id": 70001},
    ]
    flags = [flag(4711), flag(2007)]
    path = fill(tmp_path / "August.xlsx", kickouts, flags)
    before = sha256(path)
    for command in (("check", path), ("run", path, "--yes")):
        told = bulkops(*command, "--json", "--base-url", apart.base_url)
        good = "ready" if command[0] == "check" else "done"
        assert told.statuses == [good, "invalid", "invalid", "invalid", good]
        unknown = [(row["code"], row["cell"]) for row in told.document["rows"] if row["status"] == "invalid"]
        assert unknown == [("task.gone", "Kickouts!A3"), ("batch.gone", "Kickouts!C4"), ("list.gone", "Flag edits!A2")]
    assert (len(apart.writes), sha256(path)) == (2, before)
    assert told.document["results"] == str(tmp_path / "August - PRACTICE.xlsx")


ROWS = [kickout(1), kickout(2), kickout(3)]
AT_ONCE = [each._replace(fault=replace(each.fault, after=0.0)) for each in DRILLS]
MET = [
    ("unknown", "sent.no_answer"),
    ("failed", "sent.refused"),
    ("done", ""),
    ("done", "expected_bills.mismatch"),
]
"""What becomes of the rows that meet each trouble."""


def test_trouble_is_rehearsed_with_ones_own_rows(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row that meets trouble is named before the run, and meets that; the others do not."""
    monkeypatch.setattr("bulkops.practice.drills.DRILLS", AT_ONCE)
    flags = [flag(4711, expected_bills=3), flag(4711, comment="Once more"), flag(4712)]
    path = fill(tmp_path / "August.xlsx", ROWS, flags)
    with prepare.prepare(path, HERE, home, Options(trouble=True)) as prepared:
        said = [note for note in summary_of(prepared).notes if note.startswith("Trouble")]
        report = carried_out(prepared)
    assert said == [
        "Trouble to rehearse: Flag edits, row 2, is told that its list held 999 bills.",
        "Trouble to rehearse: Kickouts, row 2, is carried out, but its answer is lost.",
        "Trouble to rehearse: Kickouts, row 3, is refused.",
        "Trouble to rehearse: Kickouts, row 4, is answered after 8 seconds.",
    ]
    assert [(each.status.value, each.code) for each in report.outcomes] == [*MET, ("done", ""), ("done", "")]


def test_trouble_that_no_row_is_there_for(tmp_path: Path, home: Path) -> None:
    """One row, and no control total: the lost answer is rehearsed, and the rest is said not to be."""
    path = fill(tmp_path / "August.xlsx", flags=[flag(4711)])
    report = practised(path, home, Options(trouble=True))
    assert [each.status.value for each in report.outcomes] == ["unknown"]
    assert sum(note.startswith("Trouble not rehearsed, for want of ") for note in report.notes) == 3


def test_trouble_is_rehearsed_apart(
    tmp_path: Path, home: Path, apart: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows meet it in the order in which it is told."""
    monkeypatch.setattr("bulkops.practice.drills.DRILLS", AT_ONCE)
    assert each_in_turn(apart.faults) == [
        "The first row is carried out, but its answer is lost.",
        "The next row is refused.",
        "The next row is answered after 8 seconds.",
        "The next row that edits a list is told that its list held 999 bills.",
    ]
    path = fill(tmp_path / "August.xlsx", [*ROWS, kickout(4)], [flag(2006, expected_bills=5), flag(2007)])
    with prepare.prepare(path, Environment("custom", apart.base_url), home, Options(jobs=1)) as prepared:
        report = carried_out(prepared)
    assert [(each.status.value, each.code) for each in report.outcomes] == [
        *MET[:3],
        ("done", ""),
        MET[3],
        ("done", ""),
    ]
