"""What the settings of this computer say: settings.json in the data folder; there need be none."""

import json
from dataclasses import dataclass
from pathlib import Path

from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import printable

SETTINGS = "settings.json"
_RANGES = {
    "previous_versions_days": (0, 36_500),
    "previous_versions_newest": (1, 36_500),
    "max_bills": (0, 1_000_000_000),
}
_EXAMPLE = 'it must look like {"previous_versions_days": 90, "previous_versions_newest": 3}'


@dataclass(frozen=True, slots=True)
class Settings:
    """Those that the file may name; what it leaves out is as it stands here."""

    previous_versions_days: int = 90
    """Copies of workbooks that are younger stay."""
    previous_versions_newest: int = 3
    """So many copies of each workbook stay."""
    max_bills: int | None = None
    """The most bills that a run of the window or of an upload folder may touch; None: no limit."""


def settings(data_folder: Path) -> Settings:
    """As the file has them. Raises CannotStart for settings that cannot be used."""
    path = data_folder / SETTINGS
    try:
        # Notepad begins a file that it saves with a mark.
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        raise CannotStart("settings.wrong", path=path, extra=f"it cannot be read; {_EXAMPLE}") from error
    if not isinstance(said, dict):
        raise CannotStart("settings.wrong", path=path, extra=_EXAMPLE)
    for name, value in said.items():
        if name not in _RANGES:
            raise CannotStart("settings.wrong", path=path, extra=f"“{printable(name)[:40]}” is no setting; {_EXAMPLE}")
        least, most = _RANGES[name]
        if type(value) is not int or not least <= value <= most:
            why = f"{name} must be a whole number from {least} to {most}"
            raise CannotStart("settings.wrong", path=path, extra=why)
    return Settings(**said)
