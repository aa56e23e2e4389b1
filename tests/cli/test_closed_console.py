"""A console that is closed, full or gone: the run, its report and the exit code are what they would be with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from asking import Bulkops, fill, flag
from passes import covering

from bulkops.cli import presenting
from bulkops.cli.commands import cli
from bulkops.ledger import Ledger
from bulkops.practice.server import Fault, PracticeServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX opens and closes the streams here")

ROWS = [flag(2006 + number, comment=f"Row {number}") for number in range(4)]
BULKOPS = f'"{sys.executable}" -m bulkops'
GONE = {
    "standard error closed": "2>&-",
    "standard error full": "2>/dev/full",
    "all three closed": "<&- >&- 2>&-",
    "standard output closed": ">&-",
    "standard output full": ">/dev/full",
    "both full": ">/dev/full 2>/dev/full",
}


@pytest.fixture
def august(tmp_path: Path) -> Path:
    return fill(tmp_path / "August.xlsx", flags=ROWS)


def shell(command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, timeout=60)


def done(home: Path) -> list[str]:
    """What the ledger has of the last run's rows."""
    ledger = Ledger(home / "ledger.sqlite3")
    try:
        return [outcome.status.value for outcome in ledger.outcomes(ledger.runs()[0].id)]
    finally:
        ledger.close()


@pytest.mark.parametrize("streams", GONE.values(), ids=list(GONE))
def test_rows_are_sent_and_told_whatever_became_of_the_streams(
    august: Path, home: Path, practice: PracticeServer, streams: str
) -> None:
    """Each row is sent once and recorded, its results are written, and the exit code is that of the rows."""
    ended = shell(f"{BULKOPS} run '{august}' --yes {streams}")
    assert ended.returncode == 0, ended.stderr
    assert done(home) == ["done"] * 4
    assert len(practice.writes) == 4
    assert b"error of its own" not in ended.stdout + ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_the_document_is_whole_without_standard_error(
    august: Path, home: Path, practice: PracticeServer, streams: str
) -> None:
    """What is said on standard error never comes into the document, nor into a file that was opened in its place."""
    practice.faults.add(Fault.answer(400), skip=3)
    ended = shell(f"{BULKOPS} run '{august}' --yes --json {streams}")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["totals"] == json.loads(ended.stdout)["totals"] | {"done": 3, "failed": 1}
    assert done(home) == ["done"] * 3 + ["failed"]


@pytest.mark.parametrize(
    ("command", "streams"),
    covering(
        ["run '{august}' --yes", "check '{august}'", "history", "inbox '{folder}' --yes"],
        [">/dev/full", ">&-", ">/dev/full 2>/dev/full", ">&- 2>&-"],
    ),
)
def test_a_document_that_is_not_whole_is_told_by_the_exit_code(
    august: Path, home: Path, practice: PracticeServer, command: str, streams: str
) -> None:
    """Not 0, for it was not given; not 2, for that would say that nothing was sent."""
    ended = shell(f"{BULKOPS} {command.format(august=august, folder=august.parent)} --json {streams}")
    assert ended.returncode == 1
    assert (b"written" in ended.stderr) == ("2>" not in streams)
    assert len(practice.writes) == (4 if "--yes" in command else 0)


@pytest.mark.parametrize("streams", [">/dev/full", "| true"])
@pytest.mark.parametrize("command", ["history", "--version", "key", "run --help"])
def test_what_nobody_reads_is_no_error_of_our_own(
    august: Path, home: Path, practice: PracticeServer, bulkops: Bulkops, command: str, streams: str
) -> None:
    """Of commands that only tell something, and of the help, which typer itself tells."""
    if command == "history":
        assert bulkops("run", august, "--yes").code == 0
    said = shell(f"({BULKOPS} {command}; echo $? >&3) 3>'{august}.code' {streams}")
    assert b"error of its own" not in said.stdout + said.stderr
    assert not (home / "errors.log").exists()
    if command in ("history", "--version"):
        assert Path(f"{august}.code").read_text() == "0\n"


@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&-", "2>&1 >/dev/null | true"])
def test_a_question_that_cannot_be_shown_has_no_answer(
    august: Path, home: Path, practice: PracticeServer, streams: str
) -> None:
    """Nothing is sent, and the exit code is that of a run that did not begin."""
    shell(f"({BULKOPS} run '{august}'; echo $? >&3) 3>'{august}.code' {streams}")
    assert Path(f"{august}.code").read_text() == "2\n"
    assert practice.writes == []
    assert not (home / "errors.log").exists()


def test_an_unknown_row_wins_over_a_lost_document(august: Path, practice: PracticeServer) -> None:
    """4 stays 4."""
    practice.faults.add(Fault.drop_reply(), skip=3)
    assert shell(f"{BULKOPS} run '{august}' --yes --json >/dev/full").returncode == 4


def test_what_is_written_to_a_closed_standard_error_goes_into_no_file(august: Path, practice: PracticeServer) -> None:
    """Numbers 0 to 2 are never given to a file that bulkops opens."""
    said = shell(f"""{BULKOPS} --version <&- 2>&-; "{sys.executable}" -c '
import os
from bulkops.cli.console import fill_gaps
for number in (0, 2):
    os.close(number)
fill_gaps()
print(os.open("{august}", os.O_RDONLY) > 2)'""")
    assert said.stdout.split()[-1] == b"True"


def test_a_terminal_that_goes_away_stops_the_run_safely(august: Path, home: Path, practice: PracticeServer) -> None:
    """The rows on their way are recorded; the rest is not sent; no row is unknown, and none is lost."""
    import pty

    practice.faults.add(Fault.slow(1.0), times=4)
    child, screen = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "bulkops", "run", str(august), "--yes"], dict(os.environ))
    while not practice.writes:
        os.read(screen, 1000)
    os.close(screen)  # the kernel hangs up, and whatever is written to the terminal fails
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    assert set(done(home)) == {"done", "not_sent"}


@pytest.mark.parametrize("step", ["start", "stop", "update"])
def test_a_progress_bar_that_breaks_touches_nothing(
    august: Path, home: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, capsys, step: str
) -> None:
    """An error in the display is told as one of bulkops' own, after the rows; the exit code is theirs."""
    import rich.progress

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a broken display")

    monkeypatch.setattr(rich.progress.Progress, step, broken)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(presenting._Console, "is_interactive", True, raising=False)
    ended = cli(["run", str(august), "--yes"], standalone_mode=False)
    assert ended == 0
    assert done(home) == ["done"] * 4
    assert "error of its own" in capsys.readouterr().err


def test_a_broken_end_of_a_run_does_not_cost_its_report(
    august: Path, home: Path, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """What fails when everything has been sent (a lock that cannot be given back, say) changes no exit code."""

    def broken(ledger: Ledger) -> None:
        raise RuntimeError("a lock that stays")

    monkeypatch.setattr(Ledger, "close", broken)
    ended = cli(["run", str(august), "--yes", "--json"], standalone_mode=False)
    said = capsys.readouterr()
    assert ended == 0
    assert json.loads(said.out)["totals"]["done"] == 4
    assert "error of its own" in said.err
