"""Whole runs where another user of the computer has put links: nothing of the clerk's own is read or changed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import systems
from asking import Bulkops, Ended, carried_out, fill, kickout, task
from workbooks import results_of

from bulkops.energycap import environments
from bulkops.messages.errors import CannotStart
from bulkops.practice.server import PracticeServer
from bulkops.runs import prepare
from bulkops.runs.report import Options
from bulkops.system import data_folder
from bulkops.system.folders import id_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users and links are those of Unix here")


@pytest.fixture
def shared() -> Iterator[Path]:
    with systems.shared_folder() as folder:
        yield folder


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """A folder of the clerk's own with a workbook in it; it stays as it is."""
    folder = tmp_path / "private"
    folder.mkdir()
    before = fill(folder / "private.xlsx", [kickout(7)]).read_bytes()
    yield folder
    assert os.listdir(folder) == ["private.xlsx"]
    assert (folder / "private.xlsx").read_bytes() == before


def plant(at: Path, to: Path) -> None:
    """As another user, who replaces what is there."""

    def put() -> None:
        at.unlink(missing_ok=True)
        at.symlink_to(to)

    systems.as_another_user(put)


def run(bulkops: Bulkops, *arguments: object) -> tuple[Ended, dict[str, Any]]:
    ended = bulkops("run", *arguments, "--yes", "--json")
    return ended, json.loads(ended.out)


def test_a_planted_workbook_is_not_run(bulkops: Bulkops, shared: Path, private: Path, practice: PracticeServer) -> None:
    """Its rows would be the clerk's own, and their results would be published."""
    plant(shared / "August.xlsx", private / "private.xlsx")
    for command in ("run", "check"):
        ended = bulkops(command, shared / "August.xlsx", *(["--yes"] if command == "run" else []))
        assert ended.code == 2
        assert f"{shared / 'August.xlsx'} is a link, in a folder where others can put one" in ended.err
    assert not practice.writes


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_planted_results_are_not_written_through(
    bulkops: Bulkops, shared: Path, private: Path, practice: PracticeServer, there: bool
) -> None:
    """The results go to a name that is free, and it is said where, before anything is sent."""
    (shared / "August.csv").write_text(f"Task GUID,Batch mode\n{task(1)},new self-contained batch\n")
    plant(shared / "August - results.xlsx", private / ("private.xlsx" if there else "new.xlsx"))
    ended, told = run(bulkops, shared / "August.csv")
    assert (ended.code, told["rows"][0]["status"]) == (0, "done")
    assert told["results"] == str(shared / "August - results (bulkops).xlsx")
    assert len(results_of(Path(told["results"]))) == 2
    assert f"The results go to {told['results']}" in " ".join(told["notes"])


@pytest.mark.parametrize("option", ["--results", "--corrections"])
def test_a_wanted_place_that_is_planted_is_told(
    bulkops: Bulkops, shared: Path, private: Path, tmp_path: Path, practice: PracticeServer, option: str
) -> None:
    """Before anything is sent, with the link's name."""
    book, wanted = fill(tmp_path / "August.xlsx", [kickout(1)]), shared / "wanted.xlsx"
    for target in ("private.xlsx", "new.xlsx"):
        plant(wanted, private / target)
        ended = bulkops("run", book, option, wanted, "--yes")
        assert ended.code == 2
        assert f"{wanted} is a link that somebody else may have put there" in ended.out + ended.err
    assert not practice.writes


def test_a_planted_template_is_told(bulkops: Bulkops, shared: Path, private: Path) -> None:
    """``bulkops template`` writes through no link, whether it leads to a file or to none yet."""
    for target in ("private.xlsx", "new.xlsx"):
        plant(shared / "new.xlsx", private / target)
        ended = bulkops("template", shared / "new.xlsx")
        assert ended.code == 2
        assert "is a link that somebody else may have put there" in ended.err


def test_a_link_that_comes_during_the_run_is_not_written_through(
    shared: Path, private: Path, home: Path, practice: PracticeServer
) -> None:
    """In the workbook's own place, at the very end: the results go beside it, and it is said why."""
    book = fill(shared / "August.xlsx", [kickout(1)])
    with prepare.prepare(book, environments.environment(), data_folder.home(), Options()) as prepared:
        assert prepared.blocker is None
        plant(book, private / "private.xlsx")
        report = carried_out(prepared)
    assert [each.status.value for each in report.outcomes] == ["done"]
    assert report.results is not None
    assert report.results != book
    assert "a link" in " ".join(report.notes)
    assert book.is_symlink()


def test_only_the_file_that_was_looked_at_is_run(shared: Path, private: Path, home: Path) -> None:
    """A file in its place has other rows, however alike the two are from outside."""
    book = fill(shared / "August.xlsx", [kickout(1)])
    with open(book, "rb") as stream:
        file = id_of(stream.fileno())
    before = book.stat()
    for swap, code in (
        (lambda: shutil.copy(private / "private.xlsx", shared / "new"), "workbook.changed"),
        (lambda: (shared / "new").symlink_to(private / "private.xlsx"), "workbook.planted"),
    ):
        swap()
        os.utime(shared / "new", ns=(before.st_atime_ns, before.st_mtime_ns), follow_symlinks=False)
        (shared / "new").replace(book)
        with (
            pytest.raises(CannotStart) as refused,
            prepare.prepare(book, environments.environment(), home, Options(), file),
        ):
            pass
        assert refused.value.code == code


def test_a_second_name_of_a_private_file_is_not_run(
    bulkops: Bulkops, shared: Path, private: Path, practice: PracticeServer
) -> None:
    """Some systems let everybody give one to any file. Looked at by itself it is a workbook like any other."""
    shared.parent.joinpath("own").mkdir()
    own = Path(shutil.copy(private / "private.xlsx", shared.parent / "own"))
    os.link(own, shared / "August.xlsx")
    ended = bulkops("inbox", shared, "--yes")
    assert (ended.code, practice.writes) == (0, [])
    assert "August.xlsx is one file with two names" in ended.out
    assert sorted(os.listdir(shared)) == ["August.xlsx"]
