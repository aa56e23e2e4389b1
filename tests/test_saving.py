"""A file is put in place so that there is always a whole one, and nothing of anybody's is lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import links
import pytest

from bulkops.workbook import saving
from bulkops.workbook.saving import Changed, keep_copy, opened_by, save, sweep, writable


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content is there, with the old one's rights, and nothing else lies beside it."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    path.chmod(0o640)
    save(path, b"new", sha256(b"old"))
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_a_file_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """What the operator saved while a run was going on is theirs, also if it was saved in the last moment."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(Changed):
        save(path, b"new", sha256(b"old"), keep=lambda kept: kept.write_bytes(b"the operator's"))
    assert path.read_bytes() == b"the operator's"
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_what_was_saved_while_it_was_held_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the file may be saving it: it is looked at again before every try."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", failing)
    for was in (sha256(b"old"), None):
        path.write_bytes(b"old")
        with pytest.raises(Changed):
            save(path, b"new", was, sleep=lambda _: path.write_bytes(b"the operator's"))
        assert path.read_bytes() == b"the operator's"


def test_a_file_that_is_gone_does_not_come_back(tmp_path: Path) -> None:
    """The operator moved the workbook while a run was going on."""
    with pytest.raises(Changed):
        save(tmp_path / "August.xlsx", b"new", sha256(b"old"))
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="labels of files (xattr) are tried on Linux only")
def test_labels_of_a_file_are_kept(tmp_path: Path) -> None:
    """Tags and comments that a desktop attaches to a file."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.label", b"confidential")
    except OSError:
        pytest.skip("this disk has no labels")
    save(path, b"new")
    assert os.getxattr(path, "user.label") == b"confidential"


def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path) -> None:
    """Without a copy of the old file the new one is not put in place."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(PermissionError):
        save(path, b"new", keep=failing)
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="the disk is made to forget by a call that is not there")
def test_a_disk_that_keeps_something_else_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file is read back before it takes the old one's place."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    fsync = os.fsync

    def rotten(handle: int) -> None:
        os.pwrite(handle, b"?", 0)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", rotten)
    with pytest.raises(OSError, match="not kept by the disk"):
        save(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A workbook that is linked to from elsewhere is replaced where it lies."""
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "August.xlsx", tmp_path / "August.xlsx"
    real.write_bytes(b"old")
    links.make(link, real)
    save(link, b"new", sha256(b"old"))
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_each_copy_has_a_name_of_its_own(tmp_path: Path) -> None:
    """A run that is resumed keeps what it replaces once more; the first copy stays."""
    path = tmp_path / "August.xlsx"
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        keep_copy(path, tmp_path / "kept", "August, before r1.xlsx")
    kept = sorted((each.name, each.read_bytes()) for each in (tmp_path / "kept").iterdir())
    assert kept == [
        ("August, before r1 (2).xlsx", b"two"),
        ("August, before r1 (3).xlsx", b"three"),
        ("August, before r1.xlsx", b"one"),
    ]


@pytest.mark.parametrize(
    ("mark", "program"),
    [("~$August.xlsx", "Excel"), (".~lock.August.xlsx#", "LibreOffice"), ("~$gust.xlsx", "Excel"), ("~$x", "")],
)
def test_a_program_that_has_it_open_is_named(tmp_path: Path, mark: str, program: str) -> None:
    """Excel and LibreOffice put a file of their own beside a workbook that they have open."""
    path = tmp_path / "August.xlsx"
    path.touch()
    (tmp_path / mark).touch()
    assert opened_by(path) == program
    assert writable(path) is (program == "")


def test_what_a_killed_save_left_is_swept_away(tmp_path: Path) -> None:
    """Only files of this workbook's that were being written; nothing of anybody else's."""
    ours = saving._temporary(tmp_path / "August.xlsx").name
    others = ["August.xlsx", ".August-notes.tmp", saving._temporary(tmp_path / "July.xlsx").name, f"{ours}.txt"]
    for name in (ours, *others):
        (tmp_path / name).touch()
    sweep(tmp_path / "August.xlsx")
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_file_held_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Virus scanners hold a new file briefly: four refusals are borne, with growing pauses."""
    refusals, pauses, replace = [1, 2, 3, 4], [], os.replace

    def held(source: Path, target: Path) -> None:
        if refusals:
            refusals.pop()
            raise PermissionError(13, "in use")
        replace(source, target)

    monkeypatch.setattr(os, "replace", held)
    save(tmp_path / "August.xlsx", b"new", sleep=pauses.append)
    assert pauses == [0.2, 0.4, 0.8, 1.6]
    assert os.listdir(tmp_path) == ["August.xlsx"]


def failing(*_: object) -> None:
    raise PermissionError(13, "in use")


@pytest.mark.parametrize("step", ["os.replace", "os.fsync", "builtins.open"])
def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whichever step fails, the file that was there is whole, and nothing else lies beside them."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    monkeypatch.setattr(step, failing)
    with pytest.raises(PermissionError):
        save(path, b"new", sleep=lambda _: None)
    assert os.listdir(tmp_path) == ["August.xlsx"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(("moment", "left"), [("before", "old"), ("after", "new")])
def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path: Path, moment: str, left: str) -> None:
    """Killed on either side of the one step that counts, the file is the old one or the new one, and whole."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    code = f"""
import os, sys
from pathlib import Path
from bulkops.workbook.saving import save
replace = os.replace
def killed(source, target):
    if {moment!r} == "after":
        replace(source, target)
    os._exit(9)
os.replace = killed
save(Path(sys.argv[1]), b"new")
"""
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.read_bytes().decode() == left
