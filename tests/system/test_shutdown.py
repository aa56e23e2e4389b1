"""Windows ends a program in its own way: the console is closed, the user logs off, the launcher is ended.

Nobody can close a console by program, and wine ends a program whatever it has registered. So Windows' call has a
stand-in here, which calls what it was given as Windows does, from a thread of its own. The launcher's end is the real
one where the tests run on Windows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from asking import Bulkops, await_write, fill, flag
from workbooks import column_of

from bulkops.cli import console
from bulkops.ledger import Ledger
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs.ledger_access import LEDGER
from bulkops.system import shutdown
from bulkops.system.shutdown import LAUNCHER, Routine, heard, routine

CTRL_C, CTRL_BREAK, CLOSED, LOGOFF, SHUTDOWN = 0, 1, 2, 5, 6
ROWS = [flag(2006 + number, comment=f"Row {number}") for number in range(4)]
PATIENCE = 60.0


@pytest.mark.parametrize("event", [CLOSED, LOGOFF, SHUTDOWN])
def test_windows_is_kept_waiting_until_all_is_over(event: int) -> None:
    """It ends the program as soon as the call comes back."""
    stopped, over = threading.Event(), threading.Event()
    answers: list[bool] = []
    windows = threading.Thread(target=lambda: answers.append(routine(stopped.set, over, PATIENCE)(event)))
    windows.start()
    assert stopped.wait(PATIENCE)
    assert (windows.is_alive(), answers) == (True, [])
    over.set()
    windows.join(PATIENCE)
    assert answers == [True]


def test_windows_is_not_kept_waiting_for_longer_than_it_waits() -> None:
    """After five seconds it ends the program anyway, and says that it does not answer."""
    assert shutdown.PATIENCE < 5
    assert routine(lambda: None, threading.Event(), 0.0)(CLOSED) is True


@pytest.mark.parametrize("event", [CTRL_C, CTRL_BREAK])
def test_what_is_a_signal_is_left_to_whoever_listens(event: int) -> None:
    """Ctrl-C while a key is typed is no closed console."""
    stopped = threading.Event()
    assert routine(stopped.set, threading.Event(), PATIENCE)(event) is False
    assert not stopped.is_set()


def test_a_routine_is_taken_away_when_windows_need_not_wait_any_more() -> None:
    """Windows keeps whoever takes a routine away waiting until it has come back: the two would wait for each other."""
    done: list[str] = []

    def register(called: Routine) -> Callable[[], object]:
        windows = threading.Thread(target=lambda: called(CLOSED))
        windows.start()

        def unregister() -> None:
            windows.join(shutdown.PATIENCE - 1)
            done.append("waited in vain" if windows.is_alive() else "taken away")

        return unregister

    with heard(lambda: done.append("stopped"), register):
        pass
    assert sorted(done) == ["stopped", "taken away"]


def test_a_closed_console_stops_the_run_at_a_rows_boundary(
    bulkops: Bulkops, practice: PracticeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row on its way is recorded, the rest is not sent, and the results are written before Windows goes on."""
    august = fill(tmp_path / "August.xlsx", flags=ROWS)
    practice.faults.add(Fault.slow(0.5), times=None)
    found: list[object] = []

    def register(called: Routine) -> Callable[[], object]:
        def close() -> None:
            await_write(practice)
            found.append(called(CLOSED))
            found.append(column_of(august, "Status"))

        windows = threading.Thread(target=close)
        windows.start()
        return lambda: windows.join(PATIENCE)

    monkeypatch.setattr(shutdown, "heard", partial(heard, register=register))
    ended = bulkops("run", august, "--yes", "--json")
    assert (ended.code, ended.statuses) == (3, ["done", *["not_sent"] * 3])
    assert found == [True, ["Done", *["Not sent"] * 3]]
    assert len(practice.writes) == 1


@pytest.mark.parametrize(("known", "when", "stops"), [(True, "in it", 1), (False, "in it", 0), (True, "after", 0)])
def test_the_end_of_the_launcher_stops_what_it_has_started(
    monkeypatch: pytest.MonkeyPatch, known: bool, when: str, stops: int
) -> None:
    """Not where the launcher is not there to be watched, and not what has come to its end."""
    ended = threading.Event()
    stopped: list[int] = []

    def wait_for_end(process: int) -> bool:
        assert process == 4711
        ended.wait(PATIENCE)
        return known

    def watching() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "bulkops launcher"]

    monkeypatch.setenv(LAUNCHER, "4711")
    before = watching()
    with heard(lambda: stopped.append(1), wait_for_end=wait_for_end):
        (thread,) = [each for each in watching() if each not in before]
        if when == "in it":
            ended.set()
            thread.join(PATIENCE)
    ended.set()
    thread.join(PATIENCE)
    assert len(stopped) == stops


@pytest.mark.parametrize("value", ["", "x", "-1", "\N{SUPERSCRIPT TWO}"])
def test_without_a_launcher_nobody_is_watched(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Whoever starts bulkops by hand has none."""
    monkeypatch.setenv(LAUNCHER, value)
    with heard(lambda: pytest.fail("stopped"), wait_for_end=lambda _: True):
        pass


@pytest.mark.skipif(sys.platform != "win32", reason="elsewhere the launcher becomes the program that it starts")
def test_a_run_outlives_its_launcher_and_stops(
    home: Path, practice: PracticeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ends run.py, with the task manager say, means the run; which ends as it does after Ctrl-C."""
    august = fill(tmp_path / "August.xlsx", flags=ROWS)
    practice.faults.add(Fault.slow(1.0), times=None)
    command = [sys.executable, "-m", "bulkops", "run", str(august), "--yes"]
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    # The base Python: a venv's python.exe starts it and ends it with itself.
    launcher = subprocess.Popen(
        [sys._base_executable, "-c", f"import run\nrun.wait_out({command!r}, None, None)"],  # type: ignore[attr-defined]
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with launcher:
        await_write(practice, launcher)
        launcher.kill()
        assert launcher.stdout is not None
        said = launcher.stdout.read()  # to its end: the run has ended, too
    assert b"Stopping: the rows on their way are finished and recorded first." in said
    assert column_of(august, "Status") == ["Done", *["Not sent"] * 3]
    ledger = Ledger(home / LEDGER)
    assert [each.status.value for each in ledger.outcomes(ledger.runs()[0].id)] == ["done", *["not_sent"] * 3]
    ledger.close()


def test_whoever_reads_no_more_changes_nothing(practice: PracticeServer, tmp_path: Path) -> None:
    """``| more`` that was left: a closed pipe has another error on Windows, and is no error of bulkops' own."""
    august = fill(tmp_path / "August.xlsx", flags=[*ROWS, flag(2001, flag_type_id="none such")])
    for command, code in ((["check", str(august)], 1), (["run", str(august), "--yes"], 1)):
        child = subprocess.Popen(
            [sys.executable, "-m", "bulkops", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ),
        )  # fmt: skip
        with child:
            assert child.stdout is not None
            assert child.stderr is not None
            child.stdout.close()
            said = child.stderr.read()
        assert (child.returncode, b"error of its own" in said, b"could not be written" in said) == (code, False, False)
    assert len(practice.writes) == 4


@pytest.mark.parametrize(
    ("number", "system", "gone"), [(22, "win32", True), (22, "linux", False), (28, "win32", False)]
)
def test_windows_has_a_word_of_its_own_for_a_closed_pipe(
    monkeypatch: pytest.MonkeyPatch, number: int, system: str, gone: bool
) -> None:
    """Elsewhere that word means something else, and a full disk is one everywhere. (Wine has the others' word.)"""
    monkeypatch.setattr(sys, "platform", system)
    assert console._nobody_reads(OSError(number, "words")) is gone
    assert console._nobody_reads(BrokenPipeError(32, "words"))
