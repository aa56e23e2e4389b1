"""A second start hands its files to the first window; if that one does not take them, the second opens all the same."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from bulkops.desktop import single
from bulkops.desktop.single import OpenWindow, open_or_hand_over

PACKAGE = Path(single.__file__).parents[2]
LIVES = """
import sys, threading, time
from pathlib import Path
from bulkops.desktop.single import open_or_hand_over
first = open_or_hand_over(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]], patience=60.0)
if first is None:
    print("handed over", flush=True)
else:
    print("first", flush=True)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.wait(0.01):
        for files in first.take_files():
            print("got", len(files), flush=True)
    first.close()
"""


@pytest.fixture
def folder(home) -> Path:
    home.mkdir(parents=True)
    return home


@pytest.fixture
def first(folder):
    made = open_or_hand_over(folder, [])
    assert isinstance(made, OpenWindow)
    yield made
    made.close()


def started(folder: Path, *files: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LIVES, str(folder), *files],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PACKAGE,
    )


def start(folder: Path, files: list[Path], meanwhile=lambda: None) -> OpenWindow | None:
    """A start of which each nap takes a second, in which something may happen."""
    seconds = count()
    return open_or_hand_over(folder, files, 3.0, lambda _: meanwhile(), lambda: float(next(seconds)))


def handed_over(folder: Path, first: OpenWindow, files: list[Path]) -> list[list[Path]]:
    """What the first gets of a second start."""
    got: list[list[Path]] = []
    assert start(folder, files, lambda: got.extend(first.take_files())) is None
    return got


@pytest.mark.parametrize("names", [[], ["Größe & 日本 (1).xlsx"], ["-a.xlsx", "b\nc.xlsx", "d" * 200]], ids=len)
def test_a_second_start_hands_over_its_files(folder, first, tmp_path, monkeypatch, names):
    """Whole paths, for the first has a folder of its own; without files it only comes forward. Nothing stays."""
    monkeypatch.chdir(tmp_path)
    assert handed_over(folder, first, [Path(name) for name in names]) == [[tmp_path / name for name in names]]
    assert handed_over(folder, first, []) == [[]]
    assert not list((folder / "window notes").iterdir())
    assert first.take_files() == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file names are Unicode")
def test_a_name_that_is_no_unicode_arrives(folder, first, tmp_path):
    """Linux lets a file have any bytes for a name."""
    odd = tmp_path / os.fsdecode(b"\xff\xfe.xlsx")
    assert handed_over(folder, first, [odd]) == [[odd]]


def test_a_second_start_waits_until_the_first_is_up(folder, first):
    """A window takes a second to come up; whoever is started meanwhile does not open another."""
    naps = count(1)
    assert start(folder, [Path("x")], lambda: first.take_files() if next(naps) == 2 else None) is None


def test_a_second_start_whose_window_closes_meanwhile_opens_one(folder, first):
    """With its files, and as the first: nothing of its note stays."""
    second = start(folder, [Path("x")], first.close)
    assert second is not None
    assert second.take_files() == []
    assert len(handed_over(folder, second, [Path("y")])) == 1
    second.close()


def test_a_window_that_takes_the_files_at_the_last_moment_has_them(folder, first):
    """The note is gone when the second wants it back: then it does not open the files as well."""
    got: list[list[Path]] = []

    def clock() -> float:
        if any((folder / "window notes").glob("*")):
            got.extend(first.take_files())
            return 9.0
        return 0.0

    assert open_or_hand_over(folder, [Path("x")], 3.0, lambda _: None, clock) is None
    assert got == [[Path("x").absolute()]]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows: links need a right of their own")
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_note_is_not_read(folder, first, tmp_path, kind):
    """No link is followed and no pipe waited for; the next start is heard all the same."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('["planted.xlsx"]')
    notes = folder / "window notes"
    notes.mkdir()
    planted = notes / "a.note"
    {"link": lambda: planted.symlink_to(elsewhere), "pipe": lambda: os.mkfifo(planted), "folder": planted.mkdir}[kind]()
    assert first.take_files() == []
    assert handed_over(folder, first, [Path("x")]) == [[Path("x").absolute()]]
    assert elsewhere.exists()


def test_a_note_that_nobody_took_is_for_the_next_window(folder):
    """The start that left it was killed while it waited: the file was meant to be opened, and is only checked."""
    notes = folder / "window notes"
    notes.mkdir()
    (notes / "a.note").write_text('["August.xlsx"]')
    window = start(folder, [])
    assert window is not None
    assert window.take_files() == [[Path("August.xlsx")]]
    window.close()


def test_of_a_window_that_was_killed_nothing_stands_in_the_way(folder):
    """The system frees its lock."""
    with started(folder) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "first\n"
        assert open_or_hand_over(folder, [], patience=60.0) is None
        assert running.stdout.readline() == "got 0\n"
        running.kill()
        running.wait()
    again = start(folder, [])
    assert again is not None
    assert len(handed_over(folder, again, [])) == 1
    again.close()


def test_a_window_that_hangs_keeps_nobody_from_working(folder, first):
    """The second opens after a while, and is one that nobody finds: a run still is one at a time."""
    second = start(folder, [Path("x")])
    assert second is not None
    assert second.take_files() == []
    second.close()
    assert first.take_files() == [], "what the second opens itself is not opened twice"
    assert len(handed_over(folder, first, [])) == 1


def test_two_starts_at_the_same_instant_make_one_window(folder):
    """Real processes: one is the first, every other hands over."""
    running = [started(folder, f"{number}.xlsx") for number in range(4)]
    said = [each.stdout.readline() for each in running if each.stdout is not None]
    assert sorted(said) == ["first\n", *["handed over\n"] * 3]
    window = running[said.index("first\n")]
    assert window.stdout is not None
    assert [window.stdout.readline() for _ in range(3)] == ["got 1\n"] * 3
    for each in running:
        each.communicate(timeout=30)


@pytest.mark.parametrize("told", [b"", b"{", b"[1]", b"7", b"\xff"])
def test_a_damaged_note_keeps_nobody_from_working(folder, first, told):
    """It is taken away, and the next one is heard."""
    notes = folder / "window notes"
    notes.mkdir()
    (notes / "a.note").write_bytes(told)
    assert first.take_files() == []
    assert not list(notes.iterdir())
    assert len(handed_over(folder, first, [Path("x")])) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows: the data folder's own rights see to it")
def test_a_note_is_for_this_user_alone(folder, first):
    """From the moment it is there, whatever the user's own rights for new files are."""
    modes: list[int] = []

    def look() -> None:
        notes = folder / "window notes"
        modes.extend(stat.S_IMODE(each.stat().st_mode) for each in (notes, *notes.iterdir()))

    before = os.umask(0)
    try:
        start(folder, [Path("x")], look)
    finally:
        os.umask(before)
    assert set(modes) == {0o700, 0o600}


@pytest.mark.parametrize("there", ["no folder", "no room for notes"])
def test_where_nothing_can_be_left_every_start_has_its_window(folder, first, there):
    """A data folder that is gone or may not be written."""
    if there == "no room for notes":
        (folder / "window notes").write_bytes(b"")
    alone = start(folder if there == "no room for notes" else folder / "nowhere", [Path("x")])
    assert alone is not None
    assert alone.take_files() == []
    alone.close()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a window can always be opened there")
def test_bulkops_itself_hands_over(first, bulkops, monkeypatch):
    """Where a window is open already no other is shown: not even a screen is needed."""
    monkeypatch.delenv("DISPLAY", raising=False)
    got: list[list[Path]] = []

    def window() -> None:
        while not got:
            got.extend(first.take_files())
            time.sleep(0.01)

    thread = threading.Thread(target=window, daemon=True)
    thread.start()
    assert bulkops("desktop", "August.xlsx").code == 0
    thread.join()
    assert got == [[Path("August.xlsx").absolute()]]
