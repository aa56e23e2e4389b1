"""A file is put in place so that there is always a whole one, and nothing of anybody's is lost."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import systems

from bulkops.messages.errors import CannotStart
from bulkops.system import replacement
from bulkops.system.files import keep_copy, opened_by, remove_leftovers, save, writable
from bulkops.system.folders import Folder
from bulkops.system.replacement import Changed, Displaced, removable
from bulkops.workbook.reading.file_content import content_of


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content is there, with the old one's rights, and nothing else lies beside it."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    path.chmod(0o640)
    rights = path.stat().st_mode
    save(path, b"new", sha256(b"old"))
    assert (path.read_bytes(), path.stat().st_mode) == (b"new", rights)
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_a_file_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """What the operator saved while a run was going on is theirs, also if it was saved in the last moment."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(Changed):
        save(path, b"new", sha256(b"old"), backup=lambda old: old.write_bytes(b"the operator's"))
    assert path.read_bytes() == b"the operator's"
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_what_was_saved_while_it_was_held_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds the file may be saving it: it is looked at again before every try."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    monkeypatch.setattr(replacement, "_rename", failing)
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


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such rights there")
def test_the_rights_of_a_program_are_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that runs as its owner would be the clerk's when it is written anew, for nobody can give it back."""
    monkeypatch.setattr(os, "fchown", failing)
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    path.chmod(0o6755)
    save(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path) -> None:
    """Without a copy of the old file the new one is not put in place."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(PermissionError):
        save(path, b"new", backup=failing)
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
    systems.link(link, real)
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
    ours = replacement.temporary_path(tmp_path / "August.xlsx").name
    others = [
        "August.xlsx",
        ".August-notes.tmp",
        replacement.temporary_path(tmp_path / "July.xlsx").name,
        f"{ours}.txt",
    ]
    for name in (ours, *others):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path / "August.xlsx")
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_file_held_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Virus scanners hold a new file briefly: four refusals are borne, with growing pauses."""
    refusals, pauses, rename = [1, 2, 3, 4], [], replacement._rename

    def held(*file: Any) -> None:
        if refusals:
            refusals.pop()
            raise PermissionError(13, "in use")
        rename(*file)

    monkeypatch.setattr(replacement, "_rename", held)
    save(tmp_path / "August.xlsx", b"new", sleep=pauses.append)
    assert pauses == [0.2, 0.4, 0.8, 1.6]
    assert os.listdir(tmp_path) == ["August.xlsx"]


def failing(*_: object, **__: object) -> None:
    raise PermissionError(13, "in use")


@pytest.mark.parametrize("step", ["bulkops.system.replacement._rename", "os.fsync", "os.open"])
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
from bulkops.system.folders import Folder
from bulkops.system import files, replacement
rename = replacement._rename
def killed(*arguments):
    if {moment!r} == "after":
        rename(*arguments)
    os._exit(9)
replacement._rename = killed
files.save(Path(sys.argv[1]), b"new")
"""
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.read_bytes().decode() == left


# ---------------------------------------------------------------- ReplaceFile
# Error 1176 and 1177 come of other programs and of disks, so Windows' call has a stand-in that does what Microsoft
# documents of each error. The tests above go through the real call where they run on Windows.


def replace_file(error: int, old: Path, new: Path, backup: Path) -> int:
    """What Microsoft says that each error leaves; 0 is success."""
    if error in (0, 1177):
        os.rename(old, backup)
    if error == 0:
        os.rename(new, old)
    if error == -1176:  # without a backup's name, or by a disk that does not care for it
        os.unlink(old)
    return abs(error)


def replaced_by(monkeypatch: pytest.MonkeyPatch, call: Callable[[str, str, str], int]) -> None:
    """Files are replaced as on Windows, by this stand-in for ReplaceFile."""

    def rename(folder: Folder, new: str, name: str, sleep: Callable[[float], object]) -> None:
        replacement._by_replace_file(folder.path / new, folder.path / name, call, sleep)

    monkeypatch.setattr(replacement, "_rename", rename)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """``windows(1177)``: files are replaced as on Windows, and each call ends so; the backups' names it was given."""

    def like(error: int) -> list[str]:
        backups: list[str] = []

        def call(old: str, new: str, backup: str) -> int:
            backups.append(backup)
            return replace_file(error, Path(old), Path(new), Path(backup))

        replaced_by(monkeypatch, call)
        return backups

    return like


ERRORS = [0, 1175, 1176, -1176, 1177, 2, 5, 32, 50, 87]


@pytest.mark.parametrize("error", ERRORS)
def test_however_windows_ends_the_new_file_is_in_place(
    tmp_path: Path, windows: Callable[[int], list[str]], error: int
) -> None:
    """After every documented error the plain way is tried, and nothing is left beside the workbook."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    backups = windows(error)
    save(path, b"new", sha256(b"old"), sleep=lambda _: None)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["August.xlsx"]
    assert [Path(each).parent for each in backups] == [tmp_path]


@pytest.mark.parametrize("error", [each for each in ERRORS if each not in (0, -1176)])
def test_a_file_that_cannot_be_replaced_is_there_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: Callable[[int], list[str]], error: int
) -> None:
    """Also after 1177, which takes the workbook's name away: it is not called changed, and has its name again."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    backups = windows(error)
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(PermissionError):
        save(path, b"new", sha256(b"old"), sleep=lambda _: None)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["August.xlsx"]
    assert len(backups) == 5


def test_a_name_that_is_refused_for_a_moment_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: Callable[[int], list[str]]
) -> None:
    """A virus scanner may hold the very file whose name Windows took away."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    windows(1177)
    refusals, rename = [1, 2, 3], os.rename

    def held(source: Path, target: Path) -> None:
        if target == path and refusals:
            refusals.pop()
            raise PermissionError(13, "in use")
        rename(source, target)

    monkeypatch.setattr(os, "rename", held)
    pauses: list[float] = []
    save(path, b"new", sha256(b"old"), sleep=pauses.append)
    assert pauses == [0.2, 0.4, 0.8]
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["August.xlsx"]


@pytest.mark.parametrize(("error", "left"), [(1177, {b"old", b"new"}), (-1176, {b"new"})])
def test_nothing_is_deleted_while_the_workbooks_place_is_empty(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    windows: Callable[[int], list[str]],
    error: int,
    left: set[bytes],
) -> None:
    """Where no name can be given back, whatever there is of the workbook stays, and it is said under which names."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    windows(error)
    rename = os.rename

    def held(source: Path, target: Path, **folders: int) -> None:
        if Path(target).name == path.name:
            raise PermissionError(13, "in use")
        rename(source, target, **folders)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", held)
        with pytest.raises(Displaced) as told:
            save(path, b"new", sha256(b"old"), sleep=lambda _: None)
        assert {each.read_bytes() for each in tmp_path.iterdir()} == left
        assert all(each.name in str(told.value.strerror) for each in tmp_path.iterdir())
        if error == 1177:
            remove_leftovers(path)
            assert {each.read_bytes() for each in tmp_path.iterdir()} == left
    if error == 1177:
        remove_leftovers(path)
        assert path.read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["August.xlsx"]


@pytest.mark.parametrize("error", [2, 225, 1177])
def test_a_new_file_that_was_taken_away_is_not_called_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """A virus scanner puts it into quarantine; the workbook stays as it was, and the results go another way."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")

    def call(old: str, new: str, backup: str) -> int:
        os.unlink(new)
        return replace_file(error, Path(old), Path(new), Path(backup))

    replaced_by(monkeypatch, call)
    with pytest.raises(FileNotFoundError, match="took the new file away"):
        save(path, b"new", sha256(b"old"), sleep=lambda _: None)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_another_file_that_took_the_place_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync program puts an older file back while the place is empty; what was there stays under its other name."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")

    def call(old: str, new: str, backup: str) -> int:
        replace_file(1177, Path(old), Path(new), Path(backup))
        path.write_bytes(b"theirs")
        return 1177

    replaced_by(monkeypatch, call)
    with pytest.raises(Changed):
        save(path, b"new", sha256(b"old"), sleep=lambda _: None)
    assert path.read_bytes() == b"theirs"
    assert sorted(each.read_bytes() for each in tmp_path.iterdir()) == [b"old", b"theirs"]


def test_an_error_after_all_was_done_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share may lose its last word."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")

    def call(old: str, new: str, backup: str) -> int:
        replace_file(0, Path(old), Path(new), Path(backup))
        return 59

    replaced_by(monkeypatch, call)
    save(path, b"new", sha256(b"old"), sleep=lambda _: None)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["August.xlsx"]


def test_a_workbook_that_lost_its_name_is_told_by_the_one_it_has(tmp_path: Path) -> None:
    """A run that was killed between the two steps of Windows: nothing is missing but a name."""
    path = tmp_path / "August.xlsx"
    for name in (replacement.temporary_path(path).stem + ".before.xlsx", replacement.temporary_path(path).name):
        (tmp_path / name).write_bytes(b"old")
    left = next(each for each in os.listdir(tmp_path) if each.endswith(".before.xlsx"))
    with pytest.raises(CannotStart) as refused:
        content_of(path)
    assert (refused.value.code, left in str(refused.value)) == ("workbook.displaced", True)
    with pytest.raises(CannotStart) as refused:
        content_of(tmp_path / "July.xlsx")
    assert refused.value.code == "workbook.missing"
    remove_leftovers(path)
    assert (content_of(path), os.listdir(tmp_path)) == (b"old", ["August.xlsx"])


def test_what_windows_leaves_is_swept_away(tmp_path: Path) -> None:
    """The old file that could not be deleted, and the empty file of a replacement that failed; nothing that holds
    anything of anybody else's."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"new")
    old = replacement.temporary_path(path).stem + ".before.xlsx"
    others = {
        "rf1a2b.txt": b"",
        "rfc.tmp.xlsx": b"",
        "rf12.tmp": b"notes",
        "refund.tmp": b"",
        ".July.before.xlsx": b"x",
    }
    for name, content in {old: b"old", "rf1a2b.tmp": b"", "RFe.TMP": b"", **others}.items():
        (tmp_path / name).write_bytes(content)
    remove_leftovers(path)
    assert sorted(os.listdir(tmp_path)) == sorted(["August.xlsx", *others])
    assert path.read_bytes() == b"new"


# ---------------------------------------------------------------- who holds it


@pytest.mark.parametrize("mode", ["rb", "r+b"])
def test_who_forbids_deletion_on_windows_is_seen_before(tmp_path: Path, mode: str) -> None:
    """There a program that only reads may forbid that the file is replaced or moved: as Python itself does."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    with open(path, mode):
        assert (writable(path), removable(path)) == ((False, False) if sys.platform == "win32" else (True, True))
    assert (writable(path), removable(path)) == (True, True)
    assert os.listdir(tmp_path) == ["August.xlsx"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such right there")
def test_another_users_file_in_a_folder_for_all_is_not_ours_to_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder like /tmp everybody may write and only the owner may rename: it is seen before, not after."""
    path = tmp_path / "August.xlsx"
    path.write_bytes(b"old")
    tmp_path.chmod(0o1777)
    assert removable(path)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert not removable(path)
    assert not writable(path)
    tmp_path.chmod(0o777)
    assert removable(path)
