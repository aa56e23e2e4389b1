"""The data folder is its user's alone, whatever rights new files have, and who else may stand in the way is named."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from asking import Bulkops, fill, flag, kickout
from others import ELSE, NEEDS_ROOT, SOMEBODY, as_user
from systems import shared_folder

import bulkops
from bulkops.energycap import environments
from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.practice.server import PracticeServer
from bulkops.system import data_folder, log, ownership
from bulkops.system.locks import only_one
from bulkops.system.workbook_lock import workbook_alone

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="on Windows the profile's own rights see to it")
HOME = """
from bulkops.messages.errors import CannotStart
from bulkops.system.data_folder import home
try:
    print(home())
except CannotStart as error:
    print(error.code, error)
"""
LOCKED = """
import pathlib
from bulkops.messages.errors import CannotStart
from bulkops.system.locks import only_one
from bulkops.system.workbook_lock import workbook_alone
try:
    with {}(pathlib.Path(sys.argv[1]), "Mia"):
        print("held")
except CannotStart as error:
    print(error.code, error)
"""


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """New files and folders are everybody's, as far as a program does not say otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that any user can enter and write in."""
    with shared_folder() as folder:
        yield folder


def open_ones(folder: Path) -> list[str]:
    """What others have any right to."""
    every = [folder, *folder.rglob("*")]
    return [f"{each.name} {stat.filemode(each.lstat().st_mode)}" for each in every if each.lstat().st_mode & 0o077]


@UNIX
def test_whatever_is_made_in_the_data_folder_is_for_its_user_alone(
    open_to_all: None, home: Path, bulkops: Bulkops, practice: PracticeServer, tmp_path: Path
) -> None:
    """Ledger and its log, reserve, witness, locks, names, copies of workbooks, results that have no other place."""
    book = fill(tmp_path / "August.xlsx", [kickout(1)], [flag(2006)])
    for _ in range(2):
        assert bulkops("run", str(book), "--yes").code in (0, 1)
    environments.keep_name(Environment("Own", "https://app.energycap.com", "x"))
    log.record(ValueError("x"))
    with closing(Ledger(home / "ledger.sqlite3")):
        assert open_ones(home) == []
    witness = home.with_name(f"{home.name} witness")
    names = {each.name for folder in (home, witness) for each in folder.rglob("*")}
    assert names >= {"run.lock", "run.holder", "environments.json", "errors.log", "previous versions"}
    assert any(name.endswith(".jsonl") for name in names)
    assert open_ones(witness) == []


@UNIX
def test_what_an_earlier_version_left_open_is_put_right_at_the_start(home: Path) -> None:
    """But for Python environments, which are programs, and what a link leads to, which is not ours."""
    (home / "previous versions").mkdir(parents=True)
    (home / "venv-1" / "bin").mkdir(parents=True)
    elsewhere = home.with_name(f"{home.name} elsewhere")
    for each in (home / "reserve", home / "previous versions" / "a", home / "venv-1" / "bin" / "python", elsewhere):
        each.write_text("")
        each.chmod(0o777)
    (home / "link").symlink_to(elsewhere)
    home.chmod(0o777)
    assert data_folder.home() == home
    assert [stat.S_IMODE(each.stat().st_mode) for each in (home, home / "previous versions")] == [0o700] * 2
    assert (home / "previous versions" / "a").stat().st_mode & 0o077 == 0
    assert (home / "reserve").stat().st_mode & 0o077 == 0
    assert stat.S_IMODE((home / "venv-1" / "bin" / "python").stat().st_mode) == 0o777
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o777


@NEEDS_ROOT
@pytest.mark.parametrize("planted", ["", "ledger.sqlite3", "reserve", "link"])
def test_what_somebody_else_has_put_there_is_not_taken_for_a_record(room: Path, planted: str) -> None:
    """Neither the folder nor a file or link in it: what it says of what was sent may be forged."""
    folder = room / "data"
    folder.mkdir()
    os.chown(folder, SOMEBODY, SOMEBODY)
    assert as_user(SOMEBODY, HOME, BULKOPS_HOME=str(folder)).stdout == f"{folder}\n"
    at = folder / planted if planted else folder
    if planted == "link":
        at.symlink_to("/etc/passwd")
    elif planted:
        at.write_text("")
    os.chown(at, ELSE, ELSE, follow_symlinks=False)
    os.chmod(folder, 0o777)
    said = as_user(SOMEBODY, HOME, BULKOPS_HOME=str(folder)).stdout
    assert said.startswith("home.shared ")
    assert f"{at} is not: it belongs to user {ELSE}" in said


@NEEDS_ROOT
def test_a_data_folder_that_stays_open_is_refused(room: Path) -> None:
    """The system's own, say, with everybody's right to write, which its user cannot take away."""
    said = as_user(SOMEBODY, HOME, BULKOPS_HOME=str(room)).stdout
    assert said.startswith("home.shared ")
    assert "others can write in it" in said


@NEEDS_ROOT
def test_a_lock_that_is_somebody_elses_is_an_obstacle_with_a_name(room: Path) -> None:
    """It may be held: nobody who cannot open it knows. So nothing is run, and it is said whom to ask."""
    book = room / "August.xlsx"
    book.write_bytes(b"")
    mark = room / f".{book.name}.bulkops"
    mark.write_text("")
    mark.chmod(0o600)
    os.chown(mark, ELSE, ELSE)
    said = as_user(SOMEBODY, LOCKED.format("workbook_alone"), book).stdout
    assert said.startswith("workbook.no_lock ")
    assert f"it belongs to user {ELSE}" in said
    (room / "run.lock").write_text("")
    (room / "run.lock").chmod(0o600)
    os.chown(room / "run.lock", ELSE, ELSE)
    said = as_user(SOMEBODY, LOCKED.format("only_one"), room).stdout
    assert said.startswith("ledger.unusable ")
    assert f"it belongs to user {ELSE}" in said


@NEEDS_ROOT
def test_a_lock_that_somebody_else_made_for_all_is_held_in_turn(room: Path) -> None:
    """Two users run the workbooks of one folder; and while one has it, the other is told who."""
    book = room / "August.xlsx"
    book.write_bytes(b"")
    assert as_user(ELSE, LOCKED.format("workbook_alone"), book).stdout == "held\n"
    with workbook_alone(book, "Pat, since ten"):
        said = as_user(SOMEBODY, LOCKED.format("workbook_alone"), book).stdout
    assert said.startswith("workbook.busy ")
    assert "Pat, since ten" in said
    assert as_user(SOMEBODY, LOCKED.format("workbook_alone"), book).stdout == "held\n"


@UNIX
def test_a_lock_of_the_data_folder_is_never_one_that_a_link_leads_to(tmp_path: Path) -> None:
    """What it leads to is not touched."""
    (tmp_path / "run.lock").symlink_to(tmp_path / "x")
    with pytest.raises(CannotStart) as error, only_one(tmp_path, "Pat"):
        pass
    assert error.value.code == "ledger.unusable"
    assert not (tmp_path / "x").exists()


@UNIX
def test_bulkops_files_that_others_can_change_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the key: whoever changes it has that, too. A folder above counts, where its names can be changed."""
    package = tmp_path / "checkout" / "bulkops"
    package.mkdir(parents=True)
    monkeypatch.setattr(bulkops, "__file__", str(package / "__init__.py"))
    assert ownership.open_to_others(tmp_path) == ""
    for each in (package, package.parent):
        each.chmod(0o757)
        assert str(each) in ownership.open_to_others(tmp_path)
        each.chmod(0o1757)
        assert ownership.open_to_others(tmp_path) == ""
        each.chmod(0o755)


@pytest.mark.skipif(sys.platform != "win32", reason="elsewhere the folder's own rights are set")
def test_a_data_folder_outside_of_the_profile_is_told(tmp_path: Path) -> None:
    """Windows gives folders elsewhere other rights."""
    assert ownership.open_to_others(tmp_path / "p" / "data", lambda: str(tmp_path / "p")) == ""
    assert "outside" in ownership.open_to_others(tmp_path / "profile", lambda: str(tmp_path / "p"))
