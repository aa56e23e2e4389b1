"""Settings: what the file in the data folder may say, and what is told of one that cannot be used."""

from pathlib import Path

import pytest

from bulkops.messages.errors import CannotStart
from bulkops.runs.settings import SETTINGS, Settings, settings


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("{", "it cannot be read; it must look like {"),
        ("[]", "it must look like {"),
        ('{"days": 3}', "“days” is no setting; it must look like {"),
        ('{"previous_versions_newest": 0}', "previous_versions_newest must be a whole number from 1 to 36500"),
        ('{"previous_versions_days": "90"}', "previous_versions_days must be a whole number from 0 to 36500"),
        ('{"max_bills": -1}', "max_bills must be a whole number from 0 to 1000000000"),
        ('{"max_bills": null}', "max_bills must be a whole number from 0 to 1000000000"),
        ('{"previous_versions_days": true}', "previous_versions_days must be a whole number"),
    ],
)
def test_settings_that_say_nothing_sure_are_told(tmp_path: Path, content: str, wrong: str) -> None:
    """The file, what is wrong with it, and what to type."""
    path = tmp_path / SETTINGS
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CannotStart) as error:
        settings(tmp_path)
    assert wrong in error.value.sentence
    assert str(path) in error.value.sentence


def test_what_the_settings_leave_out_is_as_ever(tmp_path: Path) -> None:
    """Also where there are none, and where Notepad has saved them."""
    assert settings(tmp_path) == Settings(90, 3, None)
    (tmp_path / SETTINGS).write_text('{"previous_versions_days": 30}', encoding="utf-8-sig")
    assert settings(tmp_path) == Settings(30, 3)
