"""Errors of our own stand in a log that does not grow for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkops.system import log


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_each_error_has_its_time_and_its_trace(home: Path) -> None:
    """Whoever mends it has to know when, in which version and where."""
    for name in ("one", "two"):
        told = log.record(raised(ZeroDivisionError(name)))
        assert (told.code, str(home / log.NAME) in str(told)) == ("run.bug", True)
    entries = (home / log.NAME).read_text(encoding="utf-8").split("\n\n")[:-1]
    for entry, name in zip(entries, ("one", "two"), strict=True):
        first, *_, last = entry.split("\n")
        assert " UTC, bulkops " in first
        assert last == f"ZeroDivisionError: {name}"


def test_a_large_log_is_begun_anew_and_the_one_before_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is not filled by an error that comes again and again."""
    monkeypatch.setattr(log, "_LARGE", 10)
    for name in ("one", "two", "three"):
        log.record(raised(ZeroDivisionError(name)))
    files = [(home / name).read_text(encoding="utf-8") for name in (f"{log.NAME}.1", log.NAME)]
    assert [name for text in files for name in ("one", "two", "three") if f": {name}\n" in text] == ["two", "three"]


def test_a_log_that_cannot_be_written_is_no_second_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence is said all the same."""
    monkeypatch.setattr(log, "_LARGE", -1)
    (home / log.NAME).mkdir(parents=True)
    (home / f"{log.NAME}.1").mkdir()
    (home / f"{log.NAME}.1" / "a").touch()
    assert log.record(raised(ZeroDivisionError("one"))).code == "run.bug"
