"""The workbooks used last: paths alone, never in anybody's way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bulkops.desktop.recent import Recent


@pytest.fixture
def books(tmp_path) -> list[Path]:
    paths = [tmp_path / f"Größe & {number}.xlsx" for number in range(10)]
    for path in paths:
        path.write_text("")
    return paths


def test_the_last_eight_the_newest_first_each_once(home, books):
    """Opening one again puts it on top."""
    home.mkdir(parents=True)
    for book in (*books, books[4]):
        Recent(home).add(book)
    assert Recent(home).paths() == [books[4], *(books[number] for number in (9, 8, 7, 6, 5, 3, 2))]


def test_one_that_is_gone_is_left_out_and_comes_back(home, books):
    """A network disk may be away for a while."""
    home.mkdir(parents=True)
    for book in books[:3]:
        Recent(home).add(book)
    books[1].rename(books[1].with_suffix(".away"))
    assert Recent(home).paths() == [books[2], books[0]]
    Recent(home).add(books[3])
    books[1].with_suffix(".away").rename(books[1])
    assert Recent(home).paths() == [books[3], books[2], books[1], books[0]]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"null", b'"x"', b'{"a": 1}', b"[1, null, [], {}]", b"[" * 10**5]
)
def test_a_damaged_list_is_an_empty_one(home, books, content):
    """And the next workbook mends it."""
    home.mkdir(parents=True)
    (home / "recent.json").write_bytes(content)
    assert Recent(home).paths() == []
    Recent(home).add(books[0])
    assert Recent(home).paths() == [books[0]]


def test_a_list_that_cannot_be_written_is_forgotten(home, books):
    """Nobody is kept from working by it."""
    Recent(home).add(books[0])
    assert Recent(home).paths() == []
    assert not home.exists()


def test_nothing_but_paths_is_kept(home, books, monkeypatch):
    """Neither an environment nor a key; a path given from here and now is kept whole."""
    home.mkdir(parents=True)
    monkeypatch.chdir(books[0].parent)
    Recent(home).add(Path(books[0].name))
    assert json.loads((home / "recent.json").read_bytes()) == [str(books[0])]
    assert [path.name for path in home.iterdir()] == ["recent.json"]
