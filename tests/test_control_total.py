"""Expected bills is a control total: what does not meet it is said in the row and, when asked for, ends the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Bulkops, fill, flag
from workbooks import results_of

from bulkops import app
from bulkops.model import Outcome
from bulkops.practice.data import PRACTICE_KEY
from bulkops.practice.server import PracticeServer
from bulkops.processor import Control
from bulkops.report import Options, Report
from bulkops.settings import Environment

HELD = 12
"""Bills in the practice server's list 2001."""
WRONG = "You expected 11 bills, the list held 12."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeServer]:
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    with PracticeServer() as running:
        yield running


def run(path: Path, server: PracticeServer, options: Options) -> Report:
    with app.prepare(path, Environment("custom", server.base_url), path.parent, options) as prepared:
        return prepared.run(Control(), lambda _: None)


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
    written = results_of(report.results)
    assert [WRONG in str(line[8]) for line in written[1:]] == [False, True, False, True, False]


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
        with app.prepare_again(None, tmp_path) as prepared:
            again = prepared.run(Control(), lambda _: None)
        assert [status for status, _ in facts(again)] == ["done"] * (5 - len(left)) + left
        assert again.exit_code == code
    assert "Another number of bills than expected: rows 2. They are done; look at their messages." in again.notes
    assert len(server.writes) == 5


def test_a_mismatch_in_the_last_row_stops_nothing(tmp_path: Path, server: PracticeServer) -> None:
    """Where no row is left there is nothing to stop."""
    report = run(book(tmp_path / "a.xlsx", 11), server, Options(jobs=1, stop_on_mismatch=True))
    assert (facts(report), report.exit_code) == ([("done", "expected_bills.mismatch")], 0)


def test_rows_on_their_way_still_come_in(tmp_path: Path, server: PracticeServer) -> None:
    """Side by side, what was sent before the stop gets its outcome, and nothing is sent after it."""
    rows = [flag(2006 + number, expected_bills=999) for number in range(12)]
    report = run(fill(tmp_path / "a.xlsx", flags=rows), server, Options(jobs=4, stop_on_mismatch=True))
    done = [status for status, _ in facts(report)].count("done")
    assert 1 <= done == len(server.writes) <= 4
    assert [status for status, _ in facts(report)].count("not_sent") == 12 - done
    assert report.exit_code == 3


def test_on_the_command_line(tmp_path: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """--stop-on-mismatch stops; without it the document's row has the code and the note."""
    path = book(tmp_path / "a.xlsx", 11, HELD)
    ended = bulkops("run", path, "--yes", "--json", "--stop-on-mismatch", "--jobs", 1)
    assert (ended.code, [row["status"] for row in ended.document["rows"]]) == (3, ["done", "not_sent"])
    assert ended.document["rows"][0]["code"] == "expected_bills.mismatch"
    assert any("Another number of bills than expected: rows 1." in note for note in ended.document["notes"])
