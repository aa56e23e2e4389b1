"""What a person says of a row stands in the results of its run, wherever they lie; or it is said why it does not."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from asking import fill, kickout, run
from workbooks import results_of, untouched_parts

from bulkops.model.environment import PRACTICE, Environment
from bulkops.practice.drills import DRILLS
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import history, resolve
from bulkops.runs.resolve import ResolutionKind, ResolvedRow
from bulkops.system.workbook_lock import workbook_alone

WARNING = "Do not send it again"


@pytest.fixture
def where(practice: PracticeServer) -> Environment:
    return Environment("custom", practice.base_url)


@pytest.fixture
def folder(home: Path) -> Path:
    home.mkdir(parents=True)
    return home


@pytest.fixture
def august(tmp_path: Path, practice: PracticeServer, where: Environment, folder: Path) -> Path:
    """A workbook whose first row was carried out, but the answer never came."""
    path = fill(tmp_path / "August.xlsx", [kickout(1), kickout(2)])
    practice.faults.add(Fault.drop_reply())
    run(path, where, folder)
    assert WARNING in said(path)
    return path


def said(path: Path, sheet: str = "Results") -> str:
    """All that the line of the row in doubt says."""
    return " | ".join(str(cell) for cell in results_of(path, sheet)[1] if cell is not None)


def resolve_last(folder: Path, kind: ResolutionKind = ResolutionKind.DONE) -> ResolvedRow:
    unknown = resolve.unknown_outcomes(folder, marked=True)[-1]
    return resolve.resolve(folder, unknown.run, unknown.seq, kind, "Sam")


def copies(folder: Path) -> list[Path]:
    return [each for each in (folder / "previous versions").iterdir() if "were renewed" in each.name]


def test_each_mark_of_a_row_stands_in_the_results(folder: Path, august: Path) -> None:
    """The last word counts, and what was seen of the send stays; all else in the workbook is as it was."""
    other = results_of(august)[2]
    for kind, status, words, to_do in (
        (ResolutionKind.DONE, "Done", "marked as done after all by Sam", "Do nothing: it counts as done."),
        (ResolutionKind.SEND_AGAIN, "Not sent", "then marked as surely not carried out", "Run the workbook again"),
        (ResolutionKind.DONE, "Done", "then marked as done after all", "Do nothing: it counts as done."),
    ):
        before, content = said(august), august.read_bytes()
        settled = resolve_last(folder, kind)
        assert str(settled.results) == "The results in August.xlsx say so now."
        after = said(august)
        assert (status in after, words in after, to_do in after, WARNING in after) == (True, True, True, False)
        assert "answer" in before
        assert results_of(august)[2] == other
        (kept,) = copies(folder)
        assert kept.read_bytes() == content
        assert untouched_parts(kept) == untouched_parts(august)


def test_a_workbook_that_was_worked_on_since_keeps_the_work(folder: Path, august: Path) -> None:
    """Another program has saved it, with more rows: only our results differ afterwards."""
    book = openpyxl.load_workbook(august)
    book["Kickouts"]["B2"] = "smart batch"
    book.save(august)
    assert resolve_last(folder).results.path == august
    assert WARNING not in said(august)
    assert openpyxl.load_workbook(august)["Kickouts"]["B2"].value == "smart batch"


def opened(august: Path) -> None:
    (august.parent / "~$August.xlsx").touch()


def moved(august: Path) -> None:
    august.rename(august.with_name("Elsewhere.xlsx"))


def damaged(august: Path) -> None:
    august.write_bytes(b"PK nothing")


def added_to(august: Path) -> None:
    book = openpyxl.load_workbook(august)
    book["Results"]["Z9"] = "=1+1"
    book.save(august)


def two_names(august: Path) -> None:
    august.with_name("other name.xlsx").hardlink_to(august)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (opened, "August.xlsx is open in Excel."),
        (moved, "August.xlsx is not where it was when it was read."),
        (damaged, "August.xlsx "),
        (added_to, "The sheet “Results” in August.xlsx holds something besides results"),
        (two_names, "August.xlsx is one file with two names"),
    ],
)
def test_results_that_cannot_be_renewed_are_left_alone_and_told(
    folder: Path, august: Path, happens: Callable[[Path], None], why: str
) -> None:
    """The mark counts all the same, and the history tells it."""
    happens(august)
    before = august.read_bytes() if august.exists() else b""
    results = resolve_last(folder).results
    assert results.path is None
    assert str(results).startswith(why)
    assert f"So the results in {august} still show the row as it was before." in str(results)
    assert (august.read_bytes() if august.exists() else b"") == before
    assert resolve.unknown_outcomes(folder) == []
    past = history.history(folder)[0]
    assert (past.to_do, history.recall(folder, past.id).outcomes[0].code) == ("Nothing more", "sent.marked_done")


def test_a_workbook_that_somebody_is_running_is_left_alone(folder: Path, august: Path) -> None:
    """On another computer, say, in a shared folder."""
    before = august.read_bytes()
    with workbook_alone(august, "Kim on desk, since ten"):
        results = resolve_last(folder).results
    assert "August.xlsx is being run at the moment (Kim on desk, since ten)" in str(results)
    assert august.read_bytes() == before


def test_the_results_of_a_later_run_are_not_overwritten(folder: Path, august: Path, where: Environment) -> None:
    """They tell of the row themselves, by the code of the send that holds it back."""
    first = history.history(folder)[0].id
    run(august, where, folder)
    before = august.read_bytes()
    results = resolve_last(folder).results
    assert str(results).startswith(f"{august} does not hold the results of run {first} any more, so it was left")
    assert (results.replaced, august.read_bytes()) == (True, before)


def test_a_practice_run_keeps_to_its_practice_copy(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workbook stays as it is, and the line says that it was only practised."""
    at_once = [each._replace(fault=replace(each.fault, after=0.0)) for each in DRILLS]
    monkeypatch.setattr("bulkops.practice.drills.DRILLS", at_once)
    path = fill(tmp_path / "August.xlsx", [kickout(number) for number in range(1, 5)])
    before, report = path.read_bytes(), run(path, Environment(PRACTICE, ""), folder, trouble=True)
    assert report.results == tmp_path / "August - PRACTICE.xlsx"
    assert resolve_last(folder).results.path == report.results
    headings, *lines = results_of(report.results, "PRACTICE Results")
    (message,) = [each for line in lines if "by Sam on " in (each := str(line[headings.index("Message")]))]
    assert message.startswith("PRACTICE: ")
    assert WARNING not in str(lines)
    assert path.read_bytes() == before


def links(path: Path) -> list[str]:
    cells = (cell for row in openpyxl.load_workbook(path).active for cell in row)
    return [cell.hyperlink.target for cell in cells if cell.hyperlink]


def test_results_beside_a_csv_are_renewed_with_their_links(
    tmp_path: Path, folder: Path, where: Environment, practice: PracticeServer
) -> None:
    """A workbook of nothing but results, whose rows lead to the operator's file."""
    path = tmp_path / "August.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["Task GUID", "Batch mode"], [kickout(1)["task_guid"], "new batch"]])
    practice.faults.add(Fault.drop_reply())
    report = run(path, where, folder)
    before = links(report.results)
    assert resolve_last(folder).results.path == report.results
    assert WARNING not in said(report.results)
    assert links(report.results) == before != []


def test_a_row_that_another_workbook_has_sent_again_says_so(folder: Path, august: Path, where: Environment) -> None:
    """Its code was typed in a copy: that is a person's word, too."""
    code = resolve.unknown_outcomes(folder)[0].send_again_code
    copy = fill(august.with_name("September.xlsx"), [kickout(1, send_again=code)])
    report = run(copy, where, folder)
    assert report.notes == ()
    line = said(august)
    assert ("The same request was sent again on " in line, "from September.xlsx." in line) == (True, True)
    assert WARNING not in line


def test_a_run_says_which_results_it_could_not_renew(folder: Path, august: Path, where: Environment) -> None:
    """The rows that it has sent again stand there as they were."""
    code = resolve.unknown_outcomes(folder)[0].send_again_code
    opened(august)
    report = run(fill(august.with_name("September.xlsx"), [kickout(1, send_again=code)]), where, folder)
    (note,) = report.notes
    assert note.startswith(f"August.xlsx is open in Excel. So the results in {august} still show the row as it was")
    assert WARNING in said(august)
