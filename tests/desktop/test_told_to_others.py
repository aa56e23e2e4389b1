"""Programs that bulkops starts are told nothing that is set for bulkops: one of its variables may be the key."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from bulkops.desktop import keep_awake, opening
from bulkops.desktop.opening import open_file, show_in_folder

UNIX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the stand-in is a script found by the PATH")
WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="only Windows opens a file by a call")


@pytest.fixture(autouse=True)
def ours(monkeypatch) -> None:
    """What is set for bulkops, and something for others."""
    for name in ("BULKOPS_API_KEY", "BULKOPS_BASE_URL", "BULKOPS_HOME", "bulkops_launcher"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("FOR_ALL", "everybody's")


def told(path: Path) -> str:
    """What a program has written down, once it has."""
    give_up = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size) and time.monotonic() < give_up:
        time.sleep(0.02)
    text = path.read_text(encoding="utf-8", errors="replace")
    assert "everybody's" in text
    return text.lower()


@UNIX
@pytest.mark.parametrize("act", [open_file, show_in_folder])
def test_the_program_that_opens_a_file(tmp_path, monkeypatch, act):
    """It hands its variables on to the spreadsheet program, and that to its macros."""
    said = tmp_path / "said"
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\nenv > "{said}.part"\nmv "{said}.part" "{said}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    book = tmp_path / "August.xlsx"
    book.touch()
    act(book)
    assert "bulkops_" not in told(said)


@UNIX
def test_the_program_that_keeps_the_machine_awake(tmp_path, monkeypatch):
    """It runs as long as a run does."""
    said = tmp_path / "said"
    program = tmp_path / "caffeinate"
    program.write_text(f'#!/bin/sh\nenv > "{said}.part"\nmv "{said}.part" "{said}"\ncat\n')
    program.chmod(0o755)
    monkeypatch.setattr(keep_awake.shutil, "which", lambda name: str(program))
    with keep_awake.staying_awake():
        assert "bulkops_" not in told(said)


@WINDOWS
def test_the_program_that_windows_opens_a_file_with(tmp_path, monkeypatch):
    """Whatever it is. A path arrives as it is."""
    monkeypatch.setattr(opening, "_WORKBOOKS", (".cmd",))
    program = tmp_path / "a & b (1).cmd"
    program.write_text('@set > "%~dp0part"\r\n@ren "%~dp0part" said\r\n')
    open_file(program)
    assert "bulkops_" not in told(tmp_path / "said")
