"""The workbooks that were used last, for a menu: their paths and nothing else."""

import json
import os
from contextlib import suppress
from pathlib import Path

from bulkops.system.files import save

_MOST = 8


class Recent:
    """The list of one data folder, read anew each time: another window may have added to it."""

    def __init__(self, data_folder: Path) -> None:
        self._file = data_folder / "recent.json"

    def paths(self) -> list[Path]:
        """The newest first, without those that are gone."""
        return [path for path in self._remembered() if os.path.isfile(path)]

    def add(self, workbook: Path) -> None:
        """Put a workbook at the top. What cannot be written is forgotten: the list is a convenience."""
        whole = Path(os.path.abspath(workbook))
        others = [path for path in self._remembered() if os.path.normcase(path) != os.path.normcase(whole)]
        with suppress(OSError):
            save(self._file, json.dumps([str(path) for path in (whole, *others)][:_MOST], indent=1).encode())

    def _remembered(self) -> list[Path]:
        """What the file says; nothing, if that is not what ``add`` writes."""
        try:
            said = json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return []
        return [Path(each) for each in said if isinstance(each, str) and each][:_MOST] if isinstance(said, list) else []
