"""``bulkops template``: empty, or filled from EnergyCAP."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from asking import Bulkops

from bulkops.practice.server import PracticeServer
from bulkops.runs import live_template


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--imports", "30d"], "--imports needs --env or --base-url"),
        (["--env", "practice", "--imports", "30"], "--imports takes a number of days from 1d to 365d, for example 30d"),
        (["--env", "practice", "--imports", "366d"], "--imports takes a number of days"),
        (["--env", "practice", "--imports", "0d"], "--imports takes a number of days"),
        (["--env", "eu", "--base-url", "https://x"], "--env and --base-url exclude each other"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    bulkops: Bulkops, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """Exit 2, and no file."""
    ended = bulkops("template", str(tmp_path / "August.xlsx"), *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert not (tmp_path / "August.xlsx").exists()


def test_without_an_environment_nothing_is_asked(bulkops: Bulkops, practice: PracticeServer, tmp_path: Path) -> None:
    """The empty template, also where the variables name one."""
    ended = bulkops("template", str(tmp_path / "August.xlsx"))
    assert (ended.code, practice.requests) == (0, [])
    assert openpyxl.load_workbook(tmp_path / "August.xlsx").sheetnames == ["Instructions", "Kickouts", "Flag edits"]


def test_the_terminal_says_where_the_names_are_from(bulkops: Bulkops, practice: PracticeServer, tmp_path: Path) -> None:
    """On standard output what was made and what was not told; on standard error how far it is."""
    practice.state.forbid("billsAndBatches", "view")
    ended = bulkops("template", str(tmp_path / "August.xlsx"), "--base-url", practice.base_url)
    assert (ended.code, ended.err) == (0, "EnergyCAP is asked for its names.\n")
    assert ended.out.startswith("Names from 127.0.0.1:")
    assert ended.out.count("EnergyCAP did not tell which batches are open or pending") == 1
    assert f"Made {tmp_path / 'August.xlsx'}." in ended.out


def test_practice_needs_no_server_and_no_key(bulkops: Bulkops, tmp_path: Path) -> None:
    """Practice offers its own names."""
    ended = bulkops("template", str(tmp_path / "August.xlsx"), "--env", "practice")
    assert (ended.code, ended.out.startswith("Names from Practice")) == (0, True)


def test_ctrl_c_leaves_no_file(bulkops: Bulkops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, and a sentence."""

    def interrupted(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(live_template, "look_up", interrupted)
    ended = bulkops("template", str(tmp_path / "August.xlsx"), "--env", "practice")
    assert (ended.code, ended.err.strip()) == (
        2,
        "bulkops: You stopped it, and no template was made. Make it again when you are ready.",
    )
    assert list(tmp_path.iterdir()) == []
