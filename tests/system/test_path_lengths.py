"""How long a path may be, and that whoever meets one that is longer is told so, before anything is sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from asking import fill, kickout

from bulkops.inbox.scan import scan_folder
from bulkops.messages.errors import CannotStart
from bulkops.system import path_lengths
from bulkops.system.files import writable
from bulkops.system.path_lengths import length, too_long
from bulkops.system.workbook_lock import workbook_alone
from bulkops.workbook.reading.file_content import content_of


def test_a_name_is_counted_as_the_disk_counts_it(tmp_path: Path) -> None:
    """Windows counts letters (and some letters twice), other systems bytes."""
    windows = sys.platform == "win32"
    top = Path(os.sep)
    assert not too_long(top / ("x" * 255))
    assert too_long(top / ("x" * 256))
    assert too_long(top / ("\N{GRINNING FACE}" * (128 if windows else 64)))
    assert not too_long(top / ("\N{GRINNING FACE}" * 63))
    assert too_long(top / ("ä" * 128)) is not windows
    assert too_long(top / "x" / ("y" * 200) / "z" / ("u" * 60)) is windows
    assert length(Path("a")) == len(os.fsencode(os.getcwd())) + 2


def test_a_name_that_no_disk_takes_is_no_place_for_results(tmp_path: Path) -> None:
    """The hidden file that is written first has a shorter name: that one can be made says nothing."""
    assert writable(tmp_path / f"{'x' * 240}.xlsx") or too_long(tmp_path / f"{'x' * 240}.xlsx")
    assert not writable(tmp_path / f"{'x' * 251}.xlsx")
    assert not os.listdir(tmp_path)


def test_a_workbook_with_too_long_a_path_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows says that there is none, and the operator sees it there."""
    book = fill(tmp_path / "August.xlsx", [kickout(1)])
    monkeypatch.setattr(path_lengths, "LONGEST_PATH", length(book) - 1)
    with pytest.raises(CannotStart) as told:
        content_of(book)
    assert told.value.code == "workbook.too_long"
    assert f"August.xlsx ({length(book)} letters)" in str(told.value)


def test_a_lock_that_finds_no_room_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock's name is longer than the workbook's; the reason is not that something is missing, or not allowed."""
    book = fill(tmp_path / "August.xlsx", [kickout(1)])
    for room, code in ((8, "workbook.too_long"), (9, "workbook.no_lock")):
        with monkeypatch.context() as patch:
            patch.setattr(path_lengths, "LONGEST_PATH", length(book) + room)
            patch.setattr(os, "open", missing)
            with pytest.raises(CannotStart) as told, workbook_alone(book, "Pat"):
                pass
        assert told.value.code == code


def missing(path: Path, *_: int) -> int:
    """What Windows says of a path that is too long."""
    raise FileNotFoundError(2, "No such file or directory", str(path))


def test_an_upload_folder_too_deep_for_what_goes_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be moved after its run is not run: its claim would stay, and it would look untouched."""
    home, folder = tmp_path / "home", tmp_path / "in"
    folder.mkdir()
    book = fill(folder / "August.xlsx", [kickout(1)])
    needed = length(folder / "Needs attention" / "August (99) - corrections.xlsx")
    monkeypatch.setattr(path_lengths, "LONGEST_PATH", needed)
    assert [found.path for found in scan_folder(folder, home, lambda _: None).ready] == [book]
    monkeypatch.setattr(path_lengths, "LONGEST_PATH", needed - 1)
    (skipped,) = scan_folder(folder, home, lambda _: None).skipped
    assert skipped.why.code == "inbox.too_long"
