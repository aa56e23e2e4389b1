"""What a person at a terminal sees."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulkops.cli import presenting
from bulkops.cli.presenting import ask, run_table, show
from bulkops.cli.progress import Progress
from bulkops.ledger import Run
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import plural, printable
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Outcome, Status, by_status
from bulkops.runs.report import Options, Report
from bulkops.runs.run_list import PastRun
from bulkops.runs.summary import Summary

GUID = "7d9e4c10-5b3a-4f6e-9c21-000000000001"
NEW = "432fb0f9-9b6a-5a75-8dcb-c0adf5ab8f90"
STEERING = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\r\x08"


def outcome(seq: int = 0, status: Status = Status.DONE, **facts: Any) -> Outcome:
    return Outcome(seq, "Kickouts", seq + 2, "kickout_reimport", GUID, status, **facts)


def report(*outcomes: Outcome, **facts: Any) -> Report:
    return Report(Path("August.xlsx"), Environment("practice", ""), outcomes, facts.pop("notes", ()), **facts)


SUMMARY = Summary(
    report(),
    Options(),
    {"kickout reimports": 2, "list flag edit": 1},
    {"will close your open batch and start a new one": 1},
    {Status.INVALID: 3, Status.ALREADY_DONE: 1},
    "app.energycap.com",
    "us-east",
    "Pat Payable (pat)",
    "••••wxyz",
    Path("August - results.xlsx"),
)


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_can_be_read_at_any_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """GUIDs are whole, words are not cut, no line is wider than the terminal."""
    monkeypatch.setattr(presenting, "_WIDTH_IN_A_FILE", width)
    message = "Kickouts!A3: Task GUID “7d9e4c10-5b3a-4f6e-9c21” is not a GUID."
    good = outcome(new_task_guid=NEW, message="Its batch is closed.")
    show(report(good, outcome(1, Status.INVALID, message=message, tip="Copy the GUID.")))
    said = capsys.readouterr().out
    assert GUID in said
    assert f"new task {NEW}" in said
    assert "Its batch is closed." in said
    assert max(map(len, said.splitlines())) <= width
    assert message in " ".join(said.split()) or width == 80
    assert "→ Copy the GUID." in said


def test_a_row_says_status_target_message_tip_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything the operator needs is in the row."""
    refused = {"message": "EnergyCAP refused it.", "tip": "Correct it.", "warnings": ("Note this.",)}
    show(report(outcome(0, Status.FAILED, **refused)))
    (_, *said) = capsys.readouterr().out.rpartition("─")[2].split()
    row = f"2 Failed {GUID} EnergyCAP refused it. → Correct it. Note: Note this. 1 row: Failed 1."
    assert " ".join(said) == row


def test_a_target_is_told_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside its id, on one line, without what steers a terminal or turns the text round."""
    show(report(outcome(name="Electric\r\n Aug.csv\x1b[2J\u202e")))
    assert f"Electric Aug.csv\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER} ({GUID})" in capsys.readouterr().out


@pytest.mark.parametrize("number", [1, 2])
def test_words_agree_with_their_number(capsys: pytest.CaptureFixture[str], number: int) -> None:
    """``1 row`` and ``2 rows``; the statuses are counted behind their names, what needs a look first."""
    show(report(*(outcome(seq) for seq in range(number))))
    assert f"{number} row{'s' if number > 1 else ''}: Done {number}." in capsys.readouterr().out
    assert by_status({Status.DONE: 2, Status.FAILED: 1, Status.UNKNOWN: 1}) == "Unknown – check 1, Failed 1, Done 2"  # noqa: RUF001
    assert (plural(1, "minute"), plural(0, "minute")) == ("1 minute", "0 minutes")


def test_of_many_rows_those_to_look_at_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The most urgent first, sixty at most, and it is said how many are not shown and where they are."""
    many = [outcome(seq) for seq in range(100)]
    many[70], many[90] = outcome(70, Status.FAILED), outcome(90, Status.UNKNOWN)
    show(report(*many, results=Path("r.xlsx")))
    said = capsys.readouterr().out
    assert said.index(" 92 ") < said.index(" 72 ")
    assert "Not shown here: 98 rows. The results file has them all." in said
    assert "100 rows: Unknown" in said
    assert "Do not send the unknown rows again" in said
    show(report(*(outcome(seq, Status.INVALID) for seq in range(100))))
    assert "Not shown here: 40 rows. With --json you get them all." in capsys.readouterr().out


def test_why_it_stopped_and_where_the_results_are_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Notes, run and results have lines of their own; a long path is not folded, so that it can be copied."""
    path = Path("/home/pat") / ("long " * 60) / "August - results.xlsx"
    show(report(outcome(0, Status.NOT_SENT), notes=("First.",), stopped="You stopped the run.", run="r1", results=path))
    lines = capsys.readouterr().out.splitlines()
    stopped = ["The run stopped early. You stopped the run.", "To finish it: bulkops resume r1"]
    assert lines[-5:] == [*stopped, "Note: First.", "Run: r1", f"Results: {path}"]


def test_why_nothing_was_sent_is_not_said_in_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Only rows with a story of their own are shown when a run did not begin."""
    kept = [outcome(seq, Status.NOT_SENT, code="run.declined", message="Nothing was sent.") for seq in range(100)]
    wrong = outcome(100, Status.INVALID, code="guid.shape", message="That is not a GUID.")
    show(report(*kept, wrong, refused=CannotStart("run.declined")))
    said = capsys.readouterr().out
    assert said.count("Kickouts") == 1
    assert "That is not a GUID." in said
    assert "Not shown" not in said
    assert "101 rows: Needs fixing 1, Not sent 100." in said


def test_nothing_from_outside_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Sheet, target, message, tip, warning, note, stop, names: control characters of any of them are replaced."""
    evil = Outcome(0, STEERING, 2, "x", STEERING, Status.FAILED, message=STEERING, tip=STEERING, warnings=(STEERING,))
    name = Path(f"a{STEERING}.xlsx")
    show(Report(name, Environment("practice", ""), (evil,), (STEERING,), "r", name, STEERING))
    run = Run("r", "2026-11-21T10:00:00Z", None, STEERING, "", "", "practice", "", str(name), "", "")
    run_table([PastRun(run, {Status.DONE: 1})])
    ask(Summary(report(), Options(), {"rows": 1}, {}, {}, "host", "practice", STEERING, "", name))
    said = "".join(capsys.readouterr())
    assert not set(said) & set("\x1b\x07\x9b\u202e\r\x08")
    assert printable("a\tb\u00a0c\nd\ud800") == "a b c\nd\N{REPLACEMENT CHARACTER}"


def test_the_history_shows_each_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """When, where, who, which workbook, the rows in the words of the statuses, and whether it was cut short."""
    monkeypatch.setattr(presenting, "_WIDTH_IN_A_FILE", 80)
    started = "2026-11-21T10:15:00Z"
    run = Run("20261121-101500-4f2a", started, None, "pat", "", "", "us-east", "", "x/August.xlsx", "", "")
    counts = {Status.DONE: 2, Status.NOT_SENT: 2, Status.UNKNOWN: 1}
    run_table([PastRun(run, counts, unresolved=1, left=2)])
    said = " ".join(capsys.readouterr().out.split())
    assert "20261121-101500-4f2a 2026-11-21 10:15 us-east, pat August.xlsx" in said
    assert "check 1, Not sent 2, Done 2" in said
    assert "Cut short; check 1 row in EnergyCAP; 2 rows can still be sent" in said


# ---------------------------------------------------------------- the question


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


AtATerminal = Callable[[str], Terminal]


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> AtATerminal:
    """``at_a_terminal("yes")``: somebody types that; gives the screen."""

    def sit_down(typed: str) -> Terminal:
        screen = Terminal()
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setattr("sys.stderr", screen)
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        return screen

    return sit_down


@pytest.mark.parametrize(
    ("typed", "code"),
    [("yes\n", None), ("Y\n", None), (" YES \n", None), ("\n", "run.declined"), ("no\n", "run.declined"),
     ("yess\n", "run.declined"), ("", "run.declined")],
)  # fmt: skip
def test_only_yes_is_yes(at_a_terminal: AtATerminal, typed: str, code: str | None) -> None:
    """Enter alone, anything else, and the end of input mean no."""
    at_a_terminal(typed)
    refusal = ask(SUMMARY)
    assert (refusal.code if refusal else None) == code


def test_the_question_says_what_goes_where_and_as_whom(at_a_terminal: AtATerminal) -> None:
    """How many of what, to which host, as whom, what it will close, what is left out, where the results go."""
    screen = at_a_terminal("no\n")
    ask(SUMMARY)
    assert screen.getvalue().splitlines() == [
        "",
        "About to send 2 kickout reimports and 1 list flag edit",
        "  to        us-east: app.energycap.com",
        "  as        Pat Payable (pat) (key ••••wxyz)",
        "  of these  1 will close your open batch and start a new one",
        "  left out  Needs fixing 3, Already done 1",
        "  results   August - results.xlsx",
        "Send them? Type yes and press Enter: ",
    ]


def test_the_question_says_whether_the_workbook_gets_the_results(at_a_terminal: AtATerminal) -> None:
    """Whoever does not want a new sheet in the workbook can say no."""
    screen = at_a_terminal("no\n")
    ask(replace(SUMMARY, results=Path("August.xlsx"), within=True))
    assert "  results   August.xlsx, in a sheet of its own" in screen.getvalue().splitlines()


@pytest.mark.parametrize(("stdin", "stderr"), [(io.StringIO("yes\n"), Terminal()), (Terminal("yes\n"), io.StringIO())])
def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, stdin: Any, stderr: Any) -> None:
    """Piped input is no consent, and a question nobody can see is none."""
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr("sys.stderr", stderr)
    refusal = ask(SUMMARY)
    assert refusal is not None
    assert refusal.code == "run.question"


def test_without_standard_input_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program started without a console has none."""
    monkeypatch.setattr("sys.stdin", None)
    refusal = ask(SUMMARY)
    assert refusal is not None
    assert refusal.code == "run.question"


# ---------------------------------------------------------------- progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_off_a_terminal_a_line_comes_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts by status and about how long it will take, on standard error; between the lines silence."""
    clock = Clock()
    with Progress(300, clock) as progress:
        for seq in range(100):
            clock.now += 0.25
            progress.saw(outcome(seq, Status.DONE if seq else Status.FAILED))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "40 of 300 rows: Failed 1, Done 39; about 65 seconds left",
        "80 of 300 rows: Failed 1, Done 79; about 55 seconds left",
    ]


def test_a_row_that_takes_long_is_no_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """While no row lands a line still comes every 10 s, and not more often."""
    clock = Clock()
    with Progress(2, clock) as progress:
        for clock.now in (9.0, 10.0, 15.0, 20.0):
            progress.tell()
        progress.saw(outcome())
        clock.now = 30.0
        progress.tell()
    assert capsys.readouterr().err.splitlines() == [
        "0 of 2 rows; waiting for an answer",
        "0 of 2 rows; waiting for an answer",
        "1 of 2 rows: Done 1; about 30 seconds left",
    ]


def test_long_waits_are_told_in_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody counts in hundreds of seconds."""
    clock = Clock()
    with Progress(101, clock) as progress:
        clock.now = 30.0
        progress.saw(outcome())
    assert capsys.readouterr().err == "1 of 101 rows: Done 1; about 50 minutes left\n"


def test_a_log_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read standard error has left; the rows go on."""

    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    clock = Clock()
    with Progress(2, clock) as progress:
        monkeypatch.setattr("sys.stderr", Gone())
        clock.now = 20.0
        progress.saw(outcome())


def test_on_a_terminal_a_bar_shows_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar has what was done, of how many, by status, and the time left."""
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Progress(3) as progress:
        progress.saw(outcome())
        progress.saw(outcome(1, Status.FAILED))
    said = screen.getvalue()
    for words in ("Sending", "2/3", "Failed 1, Done 1", "time left"):
        assert words in said


def test_a_pause_that_energycap_asked_for_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the bar and in the lines; the operator sees why nothing moves."""
    clock = Clock()
    with Progress(2, clock, lambda: 90.4) as progress:
        clock.now = 20.0
        progress.tell()
    words = "EnergyCAP asked for a pause, 90 seconds left"
    assert capsys.readouterr().err == f"0 of 2 rows; waiting for an answer; {words}\n"
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    with Progress(2, waiting=lambda: 90.4):
        pass
    assert words in screen.getvalue()
