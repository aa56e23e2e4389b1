"""The workbooks that were used last, for a menu: their paths and nothing else."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from bulkops.workbook.saving import save

_MOST = 8
_FILE = "recent.json"


def recent(home: Path) -> list[Path]:
    """The newest first, without those that are gone. Looks at every one of them, which a network disk can make slow."""
    return [path for path in _remembered(home) if os.path.isfile(path)]


def remember(home: Path, workbook: Path) -> None:
    """Put a workbook at the top. What cannot be written is forgotten: the list is a convenience."""
    whole = Path(os.path.abspath(workbook))
    others = [path for path in _remembered(home) if os.path.normcase(path) != os.path.normcase(whole)]
    with suppress(OSError):
        save(home / _FILE, json.dumps([str(path) for path in (whole, *others)][:_MOST], indent=1).encode())


def _remembered(home: Path) -> list[Path]:
    """What the file says; nothing, if that is not what ``remember`` writes."""
    try:
        said = json.loads((home / _FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    return [Path(each) for each in said if isinstance(each, str) and each][:_MOST] if isinstance(said, list) else []
