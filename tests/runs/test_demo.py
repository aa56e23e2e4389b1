"""The demo: copies only, against a practice server of its own, told in the end."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from asking import Bulkops
from workbooks import results_of, untouched_parts

import bulkops
from bulkops.runs import demo, prepare
from bulkops.runs.control import Control
from bulkops.runs.load import LoadedWorkbook

SAMPLES = Path(bulkops.__file__).parent.parent / "sample_sheets"


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_demo_works_on_copies(bulkops: Bulkops, home: Path) -> None:
    """The checkout stays byte for byte; the copies and their results are in a folder that is named."""
    before = digests(SAMPLES)
    ended = bulkops("demo")
    assert ended.code == 1
    assert digests(SAMPLES) == before
    (folder,) = (home / "demo").iterdir()
    assert ended.out.count(str(folder)) >= 2
    assert "exit code 1. Rows that are hidden or wrong on purpose make it 1" in ended.out
    assert {path.name for path in folder.glob("*.xlsx")} == before.keys()
    for name in before:
        assert untouched_parts(folder / name) == untouched_parts(SAMPLES / name)
        assert results_of(folder / name)
    assert "new task " in ended.out
    assert "5 of 5 bills changed." in ended.out


def test_the_demo_tells_other_programs_in_one_document(bulkops: Bulkops) -> None:
    """With --json: the folder, and each run's document; words go to standard error."""
    ended = bulkops("demo", "--json")
    told = json.loads(ended.out)
    assert [run["totals"]["rows"] for run in told["runs"]] == [7, 6, 6, 6, 26]
    assert [run["totals"]["done"] for run in told["runs"]] == [7, 6, 6, 4, 2]
    assert told["folder"] in ended.err


def test_a_demo_can_be_repeated(tmp_path: Path) -> None:
    """Each has a folder and a ledger of its own, also within the same second."""
    assert len({demo.demo_folder(tmp_path) for _ in range(3)}) == 3


def test_only_the_samples_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel's marker files and earlier results that lie beside the samples are no samples."""
    checkout, folder = tmp_path / "checkout", tmp_path / "demo"
    shutil.copytree(SAMPLES, checkout / "sample_sheets")
    folder.mkdir()
    for name in ("~$3 mixed.xlsx", "3 mixed - results.xlsx", "3 mixed - results (bulkops).xlsx"):
        (checkout / "sample_sheets" / name).touch()
    monkeypatch.setattr("bulkops.__file__", str(checkout / "bulkops" / "__init__.py"))
    assert [path.name for path in demo._copies(folder)] == sorted(path.name for path in SAMPLES.iterdir())


def test_without_a_checkout_the_samples_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed bulkops has no sample_sheets folder."""
    monkeypatch.setattr("bulkops.__file__", str(tmp_path / "bulkops" / "__init__.py"))
    assert [path.name for path in demo._copies(tmp_path)] == sorted(path.name for path in SAMPLES.iterdir())


def test_a_stop_while_a_sheet_is_made_ready_is_a_stop(bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sheets before it were sent: the exit code does not say that nothing was."""
    load, loaded = prepare.load, []

    def loading(path: Path, *arguments: Any) -> LoadedWorkbook:
        loaded.append(path)
        if len(loaded) == 2:
            signal.raise_signal(signal.SIGINT)
        return load(path, *arguments)

    monkeypatch.setattr(prepare, "load", loading)
    ended = bulkops("demo", "--json")
    assert [run["totals"]["done"] for run in json.loads(ended.out)["runs"]] == [7, 0]
    assert ended.code == 3


def test_a_stop_ends_the_sheet_at_hand_and_the_demo(tmp_path: Path) -> None:
    """Ctrl-C in a demo leaves a status for every row of the sheets that were begun."""
    control = Control()
    control.stop("You stopped the run.")
    assert list(demo.demo(tmp_path, control)) == []
    control = Control()
    reports: list[Any] = []
    for report in demo.demo(tmp_path, control):
        reports.append(report)
        control.stop("You stopped the run.")
    assert [report.exit_code for report in reports] == [0]
