"""A second start hands its files to the first window; if that one does not take them, the second opens all the same."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

import pytest

from bulkops.desktop import single
from bulkops.desktop.single import First, first_or_hand_over

PACKAGE = Path(single.__file__).parents[2]
LIVES = """
import sys
from pathlib import Path
from bulkops.desktop.single import first_or_hand_over
first = first_or_hand_over(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
if first is None:
    print("handed over", flush=True)
else:
    first.listen(lambda files: print("got", len(files), flush=True))
    print("first", flush=True)
    sys.stdin.read()
    first.close()
"""


@pytest.fixture
def folder(home) -> Path:
    home.mkdir(parents=True)
    return home


@pytest.fixture
def first(folder):
    made = first_or_hand_over(folder, [])
    assert isinstance(made, First)
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


def impatient(folder: Path, *files: Path) -> First | None:
    """A start that tries once."""
    return first_or_hand_over(folder, list(files), patience=0.0)


@pytest.mark.parametrize("names", [[], ["Größe & 日本 (1).xlsx"], ["-a.xlsx", "b\nc.xlsx", "d" * 200]], ids=len)
def test_a_second_start_hands_over_its_files(folder, first, tmp_path, monkeypatch, names):
    """Whole paths, for the first has a folder of its own; without files it only comes forward."""
    got: SimpleQueue[list[Path]] = SimpleQueue()
    first.listen(got.put)
    monkeypatch.chdir(tmp_path)
    assert impatient(folder, *map(Path, names)) is None
    assert got.get(timeout=10) == [tmp_path / name for name in names]
    assert impatient(folder) is None
    assert got.get(timeout=10) == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file names are Unicode")
def test_a_name_that_is_no_unicode_arrives(folder, first, tmp_path):
    """Linux lets a file have any bytes for a name."""
    got: SimpleQueue[list[Path]] = SimpleQueue()
    first.listen(got.put)
    odd = tmp_path / os.fsdecode(b"\xff\xfe.xlsx")
    assert impatient(folder, odd) is None
    assert got.get(timeout=10) == [odd]


def test_a_second_start_waits_until_the_first_listens(folder, first):
    """A window takes a second to come up; whoever is started meanwhile does not open another."""
    got: SimpleQueue[list[Path]] = SimpleQueue()
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        first.listen(got.put)

    assert first_or_hand_over(folder, [Path("x")], sleep=nap) is None
    assert (len(naps), len(got.get(timeout=10))) == (1, 1)


def test_a_window_that_was_closed_is_followed_by_a_first_one(folder, first):
    """Nothing of it is left to be found."""
    first.listen(lambda files: None)
    first.close()
    assert not (folder / "window.place").exists()
    again = impatient(folder)
    assert again is not None
    again.listen(lambda files: None)
    assert impatient(folder) is None
    again.close()


def test_of_a_window_that_was_killed_nothing_stands_in_the_way(folder):
    """The system frees its lock; where it listened is not asked again."""
    with started(folder) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "first\n"
        assert impatient(folder) is None
        assert running.stdout.readline() == "got 0\n"
        running.kill()
        running.wait()
    assert (folder / "window.place").exists()
    again = impatient(folder)
    assert again is not None
    assert not (folder / "window.place").exists()
    again.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that halts a program")
def test_a_window_that_hangs_keeps_nobody_from_working(folder, monkeypatch):
    """The second opens after a while, and is one that nobody finds: a run still is one at a time."""
    import signal

    monkeypatch.setattr(single, "_ONE", 0.05)
    with started(folder) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "first\n"
        running.send_signal(signal.SIGSTOP)
        second = impatient(folder, Path("x"))
        assert second is not None
        second.listen(lambda files: None)
        second.close()
        assert (folder / "window.place").exists()
        running.kill()


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


@pytest.mark.parametrize(
    "told", [b"", b"{", b"[]", b'{"port": 99999999, "secret": ""}', b'{"port": 1, "secret": "zz"}']
)
def test_a_damaged_note_keeps_nobody_from_working(folder, first, told):
    """The second opens a window of its own."""
    (folder / "window.place").write_bytes(told)
    second = impatient(folder)
    assert second is not None
    second.close()
    assert (folder / "window.place").read_bytes() == told


def test_a_stranger_at_the_port_is_handed_nothing_he_can_keep_us_out_with(folder, first, monkeypatch):
    """Who does not know the secret cannot say that the files were taken."""
    monkeypatch.setattr(single, "_ONE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        told = {"port": stranger.getsockname()[1], "secret": "00" * 32}
        (folder / "window.place").write_text(json.dumps(told))

        def answers() -> None:
            visitor, _ = stranger.accept()
            with visitor:
                visitor.sendall(b"c" * 32 + b"ok" * 16)
                visitor.recv(10_000)

        thread = threading.Thread(target=answers)
        thread.start()
        second = impatient(folder, Path("x"))
        thread.join()
    assert second is not None
    second.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"x" * 32,
        b"x" * 32 + (2).to_bytes(4, "big") + b"[]",
        b"GET / HTTP/1.1\r\n\r\n" * 9,
    ],
    ids=["nothing", "half", "no proof", "a browser"],
)
def test_a_visitor_without_the_secret_opens_nothing(folder, first, said):
    """Another user of this computer, or a program that tries all ports; the next start is served all the same."""
    got: SimpleQueue[list[Path]] = SimpleQueue()
    first.listen(got.put)
    place = json.loads((folder / "window.place").read_text())
    # Who is shown the door with words unread may find it shut at any of these.
    with socket.create_connection(("127.0.0.1", place["port"])) as visit, suppress(OSError):
        visit.sendall(said)
        visit.shutdown(socket.SHUT_WR)
        assert len(visit.recv(1000)) == 32
    assert impatient(folder, Path("x")) is None
    assert len(got.get(timeout=10)) == 1
    assert got.empty()


def test_a_visitor_who_announces_too_much_is_shown_the_door(folder, first, monkeypatch):
    """Nobody waits for it, nor makes room for it."""
    monkeypatch.setattr(single, "_ONE", 60.0)
    first.listen(lambda files: None)
    place = json.loads((folder / "window.place").read_text())
    with socket.create_connection(("127.0.0.1", place["port"]), timeout=10) as visit:
        visit.sendall(b"x" * 32 + b"\xff" * 4)
        assert len(visit.recv(1000)) == 32
        assert visit.recv(1000) == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows: the data folder's own rights see to it")
def test_where_it_listens_is_for_this_user_alone(folder, first):
    """From the moment the file is there, whatever the user's own rights for new files are."""
    before = os.umask(0)
    try:
        first.listen(lambda files: None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "window.place").stat().st_mode) == 0o600
    assert not [path.name for path in folder.iterdir() if path.name.startswith("window.place.")]


def test_without_a_folder_that_can_be_locked_every_start_has_its_window(tmp_path):
    """A data folder that is gone or may not be written."""
    alone = impatient(tmp_path / "nowhere")
    assert alone is not None
    alone.listen(lambda files: None)
    alone.close()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a window can always be opened there")
def test_bulkops_itself_hands_over(first, bulkops, monkeypatch):
    """Where a window is open already no other is shown: not even a screen is needed."""
    got: SimpleQueue[list[Path]] = SimpleQueue()
    first.listen(got.put)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert bulkops("desktop", "August.xlsx").code == 0
    assert got.get(timeout=30) == [Path("August.xlsx").absolute()]
