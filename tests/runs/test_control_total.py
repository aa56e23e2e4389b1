"""Expected bills is a control total: what does not meet it is said in the row and, when asked for, ends the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asking import Bulkops, carried_out, fill, flag
from steps import flag_edit, plan_of
from workbooks import column_of

from bulkops.cli import presenting
from bulkops.model.environment import Environment
from bulkops.model.history import PriorAttempt
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.plan import Plan
from bulkops.practice.seed_data import PRACTICE_KEY
from bulkops.practice.server import PracticeServer
from bulkops.runs import history, prepare, resume
from bulkops.runs.report import Options, Report

HELD = 12
"""Bills in the practice server's list 2001."""
WRONG = "You expected 11 bills, the list held 12."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    with PracticeServer() as running:
        yield running


def run(path: Path, server: PracticeServer, options: Options) -> Report:
    """The answer is what the control total is held against here: EnergyCAP is not asked before."""
    options = replace(options, offline=True)
    with prepare.prepare(path, Environment("custom", server.base_url), path.parent, options) as prepared:
        return carried_out(prepared)


def facts(report: Report) -> list[tuple[str, str]]:
    return [(outcome.status.value, outcome.code) for outcome in report.outcomes]


def book(path: Path, *expected: int | None) -> Path:
    """A workbook that edits list 2001 once for each control total, every time in another way."""
    return fill(
        path,
        flags=[
            flag(2001, flag_type_id=2, comment=f"Edit {number}", expected_bills=total)
            for number, total in enumerate(expected)
        ],
    )


def message(outcome: Outcome) -> str:
    return f"{outcome.message} {outcome.tip}"


def test_a_mismatch_is_said_in_the_row_and_in_a_note(tmp_path: Path, server: PracticeServer) -> None:
    """EnergyCAP did it, so the row is done; its message and tip say what was expected, what was, and what to do."""
    report = run(book(tmp_path / "a.xlsx", HELD, 11, None, 11, HELD), server, Options(jobs=1))
    wrong = ("done", "expected_bills.mismatch")
    assert facts(report) == [("done", ""), wrong, ("done", ""), wrong, ("done", "")]
    assert (report.exit_code, report.stopped) == (0, "")
    assert WRONG in message(report.outcomes[1])
    assert "Open the list in EnergyCAP" in message(report.outcomes[1])
    assert "Another number of bills than expected: rows 2. They are done; look at their messages." in report.notes
    assert [WRONG in str(said) for said in column_of(report.results, "Message")] == [False, True, False, True, False]


def test_a_mismatch_is_told_wherever_rows_are_counted(
    tmp_path: Path, server: PracticeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the results, the terminal and the history such a row says *look*; for programs it is done."""
    report = run(book(tmp_path / "a.xlsx", HELD, 11, None), server, Options(jobs=1))
    assert report.results is not None
    assert column_of(report.results, "Status") == ["Done", "Done \N{EN DASH} look", "Done"]
    presenting.show(report)
    assert "3 rows: Done \N{EN DASH} look 1, Done 2." in capsys.readouterr().out
    (past,) = history.history(tmp_path)
    assert past.rows == "3 rows: Done \N{EN DASH} look 1, Done 2"
    assert (past.to_do, past.document()["totals"]) == ("1 row to look at in the results", {"done": 3})


def test_a_run_without_a_mismatch_says_nothing_of_it(tmp_path: Path, server: PracticeServer) -> None:
    """No control total, or one that is met, makes no note and ends no run."""
    report = run(book(tmp_path / "a.xlsx", HELD, None), server, Options(jobs=1, stop_on_mismatch=True))
    assert facts(report) == [("done", ""), ("done", "")]
    assert not [note for note in report.notes if "expected" in note]


def test_a_run_may_stop_at_a_mismatch_and_be_resumed(tmp_path: Path, server: PracticeServer) -> None:
    """Rows not come to are not sent, with the reason; resume goes on with them, and stops at the next mismatch."""
    report = run(book(tmp_path / "a.xlsx", HELD, 11, None, 11, HELD), server, Options(jobs=1, stop_on_mismatch=True))
    assert [status for status, _ in facts(report)] == ["done", "done", "not_sent", "not_sent", "not_sent"]
    assert (report.exit_code, len(server.writes)) == (3, 2)
    assert report.stopped.startswith("Flag edits, row 3: ")
    assert WRONG in report.stopped
    assert all(WRONG in outcome.message for outcome in report.outcomes[2:])
    for left, code in ((["not_sent"], 3), ([], 0)):
        with resume.prepare_again(None, tmp_path) as prepared:
            again = carried_out(prepared)
        assert [status for status, _ in facts(again)] == ["done"] * (5 - len(left)) + left
        assert again.exit_code == code
    assert "Another number of bills than expected: rows 2. They are done; look at their messages." in again.notes
    assert len(server.writes) == 5


def test_a_mismatch_in_the_last_row_stops_nothing(tmp_path: Path, server: PracticeServer) -> None:
    """Where no row is left there is nothing to stop."""
    report = run(book(tmp_path / "a.xlsx", 11), server, Options(jobs=1, stop_on_mismatch=True))
    assert (facts(report), report.exit_code) == ([("done", "expected_bills.mismatch")], 0)


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("at", [0, 3, 5])
def test_no_row_outruns_the_check_of_a_control_total(
    tmp_path: Path, server: PracticeServer, at: int, independent: bool
) -> None:
    """Rows that may go side by side wait for one whose answer may end the run."""
    rows = [flag(2006 + number, expected_bills={at: 99, at - 1: 5}.get(number)) for number in range(12)]
    options = Options(jobs=4, stop_on_mismatch=True, independent=independent)
    report = run(fill(tmp_path / "a.xlsx", flags=rows), server, options)
    assert [status for status, _ in facts(report)] == ["done"] * (at + 1) + ["not_sent"] * (11 - at)
    assert {write.path.split("/")[-2] for write in server.writes} == {str(2006 + each) for each in range(at + 1)}
    assert (len(server.writes), report.exit_code) == (at + 1, 3)


def test_a_row_that_is_already_done_still_tells_its_mismatch(tmp_path: Path, server: PracticeServer) -> None:
    """Results are replaced by those of the next run: what was wrong must not be gone with them."""
    path = book(tmp_path / "a.xlsx", 11, HELD, None)
    for _ in range(2):
        report = run(path, server, Options(jobs=1))
    assert facts(report) == [("already_done", "row.already_done")] * 3
    assert [WRONG in outcome.message for outcome in report.outcomes] == [True, False, False]
    assert ["Open the list in EnergyCAP" in outcome.tip for outcome in report.outcomes] == [True, False, False]
    assert all("The same request was done on" in outcome.message for outcome in report.outcomes)


def test_what_was_done_without_an_answer_meets_no_total() -> None:
    """Where nobody saw how many bills the list held, nothing is said of them."""
    row = flag_edit(0, 2001, comment="x", expected_bills=11)
    (step,) = plan_of(row).steps
    prior = PriorAttempt(step.fingerprint, Status.DONE, "2026-11-21T10:00:01Z", "Pat", "a.xlsx", "r", "BCDFGH")
    (outcome,) = plan_of(row, history={step.idempotency_key: [prior]}).decided
    assert (outcome.code, "expected" in outcome.message) == ("row.already_done", False)


def test_on_the_command_line(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """--stop-on-mismatch stops; without it the document's row has the code and the note."""
    path = book(tmp_path / "a.xlsx", 11, HELD)
    ended = bulkops("run", path, "--yes", "--json", "--stop-on-mismatch", "--jobs", 1, "--offline")
    assert (ended.code, [row["status"] for row in ended.document["rows"]]) == (3, ["done", "not_sent"])
    assert ended.document["rows"][0]["code"] == "expected_bills.mismatch"
    assert any("Another number of bills than expected: rows 1." in note for note in ended.document["notes"])


def counted_before(tmp_path: Path, server: PracticeServer, bills: int | None, **more: object) -> Outcome:
    """What becomes of an edit of the list if it held so many bills before the run."""
    with prepare.prepare(
        fill(tmp_path / "a.xlsx", flags=[flag(2001, flag_type_id=2, **more), flag(2002)]),
        Environment("custom", server.base_url),
        tmp_path,
        Options(jobs=1, stop_on_mismatch=True, offline=True),
    ) as prepared:
        first, *others = prepared.plan.steps
        steps = (replace(first, bills=bills, name="Electric to review"), *others)
        report = carried_out(replace(prepared, plan=Plan((tuple((step,) for step in steps),), ())))
    assert (report.outcomes[1].status, report.outcomes[1].code) == (Status.DONE, "")
    titles = [note for note in report.notes if note.startswith("Another number of bills than before the run: rows 1.")]
    assert len(titles) == (report.outcomes[0].code == "bills.changed")
    return report.outcomes[0]


@pytest.mark.parametrize("more", [{}, {"expected_bills": HELD}])
def test_a_list_that_has_changed_since_it_was_counted_is_to_be_looked_at(
    tmp_path: Path, server: PracticeServer, more: dict[str, int]
) -> None:
    """Both numbers are said. It is no control total of the operator's, so it does not stop the run."""
    told = counted_before(tmp_path, server, 11, **more)
    assert (told.shown, told.code, told.name) == (Status.LOOK, "bills.changed", "Electric to review")
    assert told.message.startswith(
        "12 of 12 bills changed. Bills in the list: 11 before the run, 12 when it was edited."
    )
    assert told.tip.startswith("Open the list in EnergyCAP")


@pytest.mark.parametrize("bills", [HELD, None])
def test_a_list_that_held_what_it_did_or_was_not_counted_is_done(
    tmp_path: Path, server: PracticeServer, bills: int | None
) -> None:
    """What is not known is no difference."""
    told = counted_before(tmp_path, server, bills)
    assert (told.shown, told.code, "before the run" in told.message) == (Status.DONE, "", False)
