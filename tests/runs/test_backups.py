"""Copies of what runs have replaced: one for each content, the newest three, the young ones, those in doubt."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from asking import Bulkops, fill, flag

from bulkops.ledger import Run
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import backups
from bulkops.runs.settings import SETTINGS, Settings

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def run_of(days_ago: int, workbook: str = "/books/May.xlsx", **unknown: int) -> Run:
    at = NOW - timedelta(days=days_ago)
    run = f"{at:%Y%m%d-%H%M%S}-00{days_ago % 100:02d}"
    return Run(run, f"{at:%FT%TZ}", "", "", "", "", "", "", workbook, "", "", totals={"done": 1, **unknown})


def copy_of(run: Run, stem: str = "May", number: str = "") -> Path:
    return Path(f"{stem}, before {run.id}{number}.xlsx")


def type_list_id(path: Path, number: int) -> None:
    """Another list in the only row."""
    book = openpyxl.load_workbook(path)
    (sheet,) = (each for each in book if each.title == "Flag edits")
    (heading,) = (cell for row in sheet.iter_rows() for cell in row if cell.value == "List ID")
    heading.offset(row=1).value = number
    book.save(path)


def days_of(paths: list[Path], runs: list[Run]) -> list[int]:
    """How many days ago the runs of copies were."""
    ages = {run.id: (NOW - datetime.fromisoformat(run.started)).days for run in runs}
    return [ages[path.stem.split(", before ")[1].split(" ")[0]] for path in paths]


def test_the_newest_three_and_the_young_ones_are_kept() -> None:
    """Of each workbook and of each name, whatever else there is."""
    runs = [run_of(days) for days in (400, 300, 200, 150, 91, 89)]
    others = [run_of(500, "/other/May.xlsx")]
    copies = [copy_of(each) for each in (*others, *runs)]
    assert days_of(backups.outdated(copies, [*runs, *others], NOW, Settings()), runs) == [400, 300, 200]
    mixed = [copy_of(each, "May" if at % 2 else "May - corrections") for at, each in enumerate(runs)]
    assert backups.outdated(mixed, runs, NOW, Settings()) == []
    young = [run_of(days) for days in (89, 50, 3, 2, 1)]
    assert backups.outdated([copy_of(each) for each in young], young, NOW, Settings()) == []


def test_what_is_in_doubt_or_not_known_is_kept() -> None:
    """A run with an unknown row, one that has not ended, one of another ledger, and what is no copy of a run."""
    doubtful, cut_short, strange = run_of(400, unknown=1), replace(run_of(399), totals=None), run_of(398)
    runs = [doubtful, cut_short, *(run_of(days) for days in (300, 200, 150, 120))]
    copies = [*(copy_of(each) for each in (doubtful, cut_short, strange, *runs[2:])), Path("May, before lunch.xlsx")]
    assert days_of(backups.outdated(copies, runs, NOW, Settings()), runs) == [300]
    assert backups.outdated([Path("May, before 99999999-999999-0000.xlsx")] * 9, runs, NOW, Settings()) == []


def test_a_second_copy_of_one_run_counts_as_one() -> None:
    """A number behind the run is no other name."""
    runs = [run_of(days) for days in (400, 300, 200)]
    copies = [copy_of(runs[0]), copy_of(runs[0], number=" (2)"), *(copy_of(each) for each in runs[1:])]
    assert days_of(backups.outdated(copies, runs, NOW, Settings()), runs) == [400]


def test_the_same_content_takes_room_once(tmp_path: Path) -> None:
    """Each run's copy has its own name all the same."""
    path = tmp_path / "May.xlsx"
    path.write_bytes(b"one")
    first, second = (backups.keep(path, tmp_path, run) for run in ("20260101-000000-0001", "20260102-000000-0001"))
    path.write_bytes(b"two")
    third = backups.keep(path, tmp_path, "20260103-000000-0001")
    assert [each.read_bytes() for each in (first, second, third)] == [b"one", b"one", b"two"]
    assert os.path.samefile(first, second)
    assert backups.copies(tmp_path) == [first, second, third]


def test_where_a_file_has_one_name_only_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network disks know no second name."""

    def no_link(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", no_link)
    path = tmp_path / "May.xlsx"
    path.write_bytes(b"one")
    first, second = (backups.keep(path, tmp_path, run) for run in ("20260101-000000-0001", "20260102-000000-0001"))
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"one")
    assert not os.path.samefile(first, second)


def test_a_run_that_sends_nothing_keeps_no_copy(
    tmp_path: Path, home: Path, practice: PracticeServer, bulkops: Bulkops
) -> None:
    """It changes nothing but its own sheet."""
    book = fill(tmp_path / "May.xlsx", flags=[flag(2002)])
    bulkops("run", book, "--yes")
    (kept,) = backups.copies(home)
    bulkops("run", book, "--yes")
    assert backups.copies(home) == [kept]
    type_list_id(book, 2004)
    practice.faults.add(Fault.drop_reply())
    bulkops("run", book, "--yes")
    assert len(backups.copies(home)) == 2


def test_a_run_removes_what_is_outdated(tmp_path: Path, home: Path, practice: PracticeServer, bulkops: Bulkops) -> None:
    """After its own end is on record, by the settings; where they cannot be used all stay, and the run says so."""
    book = fill(tmp_path / "May.xlsx", flags=[flag(2001)])
    home.mkdir(exist_ok=True)
    settings = home / SETTINGS
    settings.write_text('{"previous_versions_days": 0, "previous_versions_newest": 2}', encoding="utf-8")
    for number in range(2, 7):
        type_list_id(book, 2000 + number)
        bulkops("run", book, "--yes")
    assert len(practice.writes) == 5
    assert len(backups.copies(home)) == 2
    settings.write_text('{"previous_versions_days": -1}', encoding="utf-8")
    type_list_id(book, 2007)
    told = bulkops("run", book, "--yes", "--json")
    assert told.code == 0
    assert any("previous_versions_days must be a whole number" in note for note in told.document["notes"])
    assert len(backups.copies(home)) == 3
