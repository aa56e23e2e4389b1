"""The machine is kept awake during a run, and nothing of that outlives the run or bulkops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bulkops.desktop import keep_awake
from bulkops.desktop.keep_awake import staying_awake

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows is asked by a call and not by a program")
DIES = """
import sys
from bulkops.desktop.keep_awake import staying_awake
with staying_awake():
    print("awake", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """The only folder in which programs are looked for, besides the system's own for the scripts in it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(
        keep_awake.shutil, "which", lambda name: str(folder / name) if (folder / name).exists() else None
    )
    return folder


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def inhibitor(folder: Path) -> tuple[Path, Path]:
    """A stand-in of systemd-inhibit: it tells how it was called, and by a pipe whether it still lives."""
    said, alive = folder / "said", folder / "alive"
    os.mkfifo(alive)
    program(folder / "systemd-inhibit", f'echo "$@" > "{said}"\nexec 8> "{alive}"\nexec cat')
    return said, alive


@POSIX
def test_on_linux_a_block_on_sleep_is_held_until_the_run_has_ended(programs):
    """systemd-inhibit blocks sleep while the program it was given runs, and that ends with the run."""
    said, alive = inhibitor(programs)
    with staying_awake():
        life = alive.open()  # comes back once the helper has opened its end
        told = said.read_text()
    assert told == "--what=sleep --who=bulkops --why=EnergyCAP rows are being sent --mode=block cat\n"
    with life:
        assert life.read() == ""


@POSIX
def test_a_killed_bulkops_leaves_no_helper_behind(programs):
    """Also kill -9 closes the pipe that the helper reads from."""
    _, alive = inhibitor(programs)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    package = Path(keep_awake.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", DIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=package
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"awake\n"
        with alive.open() as life:
            running.send_signal(signal.SIGKILL)
            assert life.read() == ""


@POSIX
def test_on_macos_the_helper_watches_our_process(programs, monkeypatch):
    """caffeinate ends by itself when the process it was given is gone, and is asked to end when the run is over."""
    killed = []
    monkeypatch.setattr(subprocess.Popen, "kill", lambda helper: killed.append(helper.send_signal(signal.SIGKILL)))
    said, alive = programs / "said", programs / "alive"
    os.mkfifo(alive)
    program(programs / "caffeinate", f'echo "$@" > "{said}"\nexec 8> "{alive}"\nexec sleep 600')
    with staying_awake():
        life = alive.open()
    with life:
        assert life.read() == ""
    assert said.read_text().split() == ["-i", "-w", str(os.getpid())]
    assert killed == []


@POSIX
@pytest.mark.parametrize("script", ["exit 1", None, "not a program"])
def test_a_helper_that_fails_or_is_not_there_keeps_no_run_from_going_on(programs, script):
    """A server without systemd, a container, a broken one."""
    if script == "not a program":
        (programs / "systemd-inhibit").write_bytes(b"\x7fELF")
        (programs / "systemd-inhibit").chmod(0o755)
    elif script:
        program(programs / "systemd-inhibit", script)
    with staying_awake():
        gone_on = True
    assert gone_on


@POSIX
def test_a_helper_that_does_not_end_is_made_to(programs, monkeypatch):
    """A run's end does not wait for it."""
    monkeypatch.setattr(keep_awake, "_PATIENCE", 0.0)
    alive = programs / "alive"
    os.mkfifo(alive)
    program(programs / "systemd-inhibit", f"trap '' TERM\nexec 8> \"{alive}\"\nwhile :; do read line < /dev/tty; done")
    with staying_awake():
        life = alive.open()
    with life:
        assert life.read() == ""


def test_on_windows_one_thread_asks_and_takes_back():
    """The wish counts for the thread that made it; after the run there is none."""
    asked: list[tuple[int, int]] = []
    with pytest.raises(KeyError), keep_awake._on_a_thread(lambda state: asked.append((state, threading.get_ident()))):
        raise KeyError
    assert [state for state, _ in asked] == [0x80000001, 0x80000000]
    assert len({thread for _, thread in asked}) == 1
    assert asked[0][1] != threading.get_ident()
