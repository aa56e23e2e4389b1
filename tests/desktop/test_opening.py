"""A file opens in the operator's program, or a sentence says what to do with its path."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bulkops.desktop import opening
from bulkops.desktop.opening import open_file, show_in_folder
from bulkops.messages.errors import CannotStart

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="the stand-in of xdg-open is a script that Linux finds by the PATH"
)
ODD = [
    "-rf.xlsx",
    "a & b; echo $HOME `id`.xlsx",
    "Größe 日本 (1) 'x\" %20.xlsx",
    "file:x.xlsx",
    " blank .xlsx",
    "a\nb.xlsx",
]


@pytest.fixture
def opener(tmp_path, monkeypatch):
    """Puts a stand-in of xdg-open in place; gives the file where it writes what it was given."""
    folder, said = tmp_path / "programs", tmp_path / "said"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def place(script: str) -> Path:
        program = folder / "xdg-open"
        program.write_text(f'#!/bin/sh\nprintf "%s\\0" "$#" "$@" > "{said}"\n{script}\n')
        program.chmod(0o755)
        return said

    return place


@contextmanager
def our_input() -> Iterator[None]:
    """Something stands at our standard input, as at a terminal's."""
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        yield
    finally:
        os.dup2(before, 0)
        for each in (reading, writing, before):
            os.close(each)


def code_of(act, path: Path) -> str:
    with pytest.raises(CannotStart) as error:
        act(path)
    assert error.value.facts["path"] == Path(os.path.abspath(path))
    assert str(os.path.abspath(path)) in error.value.sentence
    return error.value.code


@pytest.mark.parametrize("name", ODD)
def test_a_path_arrives_as_it_is_whatever_is_in_it(opener, tmp_path, monkeypatch, name):
    """One argument, whole and absolute: no shell reads it, and it is never taken for an option."""
    said = opener("")
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("")
    open_file(Path(name))
    assert said.read_text().split("\0") == ["1", str(tmp_path / name), ""]


def test_a_file_is_shown_in_its_folder(opener, tmp_path):
    """Linux has no word for a file in its folder that every desktop knows, so the folder is opened."""
    said = opener("")
    folder = tmp_path / "my & folder"
    folder.mkdir()
    (folder / "x.xlsx").write_text("")
    show_in_folder(folder / "x.xlsx")
    assert said.read_text().split("\0") == ["1", str(folder), ""]


def test_what_is_gone_or_not_opened_is_a_sentence_with_the_path(opener, tmp_path, monkeypatch):
    """The window offers to copy the path."""
    path = tmp_path / "x.xlsx"
    assert code_of(open_file, path) == "open.gone"
    assert code_of(show_in_folder, path) == "open.gone"
    path.write_text("")
    opener("exit 4")
    assert code_of(open_file, path) == "open.no_program"
    monkeypatch.setattr(opening, "_OPENER", ["no-such-opener"])
    assert code_of(show_in_folder, path) == "open.no_program"


@pytest.mark.parametrize("name", ["evil.desktop", "evil.xlsx.sh", "Done", "pipe.xlsx", "link.xlsx"])
def test_only_workbooks_are_opened(opener, tmp_path, name):
    """Whatever a ledger or an upload folder calls results: what is no file by a workbook's name may be a program."""
    said = opener("")
    (tmp_path / "evil.desktop").write_text("")
    (tmp_path / "evil.xlsx.sh").write_text("")
    (tmp_path / "Done").mkdir()
    os.mkfifo(tmp_path / "pipe.xlsx")
    (tmp_path / "link.xlsx").symlink_to(tmp_path / "evil.desktop")
    assert code_of(open_file, tmp_path / name) == "open.no_workbook"
    assert not said.exists()


def test_a_program_that_stays_is_not_waited_for(opener, tmp_path):
    """On some desktops xdg-open becomes the program itself; it has none of our input and output, and outlives us."""
    pipe = tmp_path / "facts"
    os.mkfifo(pipe)
    facts = "readlink /proc/self/fd/0 /proc/self/fd/5 /proc/self/fd/6; cut -d ' ' -f 6 /proc/$$/stat"
    opener(f'exec 5>&1 6>&2\n({facts}) > "{pipe}"\nread x < "{pipe}"')
    (tmp_path / "x.xlsx").write_text("")
    with our_input():
        open_file(tmp_path / "x.xlsx", patience=0.0)
    *streams, session = pipe.read_text().split()
    assert streams == ["/dev/null"] * 3
    assert session != str(os.getsid(0))
    pipe.write_text("go\n")
