"""The copies of what runs have replaced, in the data folder: one for each content, and not for ever.

A workbook keeps its newest three, whatever is younger than 90 days, and those of runs with a row whose outcome is
unknown; the settings may give other numbers. A copy whose run this ledger does not know stays as well.
"""

from __future__ import annotations

import filecmp
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.messages.errors import CannotStart
from bulkops.model.outcomes import Status
from bulkops.runs.settings import Settings, settings
from bulkops.system.files import keep_copy
from bulkops.system.path_lengths import shortened

if TYPE_CHECKING:
    from bulkops.ledger import Ledger, Run

FOLDER = "previous versions"
_COPY = re.compile(
    r"(?P<stem>.*), before (?P<run>(?P<time>\d{8}-\d{6})-[0-9a-f]{4})(?: \(\d+\))?(?:\.[^.]*)?", re.DOTALL
)


def keep(path: Path, data_folder: Path, run: str) -> Path:
    """A copy of a file that this run is about to replace. Raises OSError.

    Where the last copy of a file by this name holds the same, it gets a second name: that takes no room.
    """
    folder, name = data_folder / FOLDER, f"{shortened(path.stem)}, before {run}{path.suffix}"
    alike = [each for each in copies(data_folder) if each.name.startswith(f"{shortened(path.stem)}, before ")]
    with suppress(OSError):  # some disks know one name for each file only
        if alike and filecmp.cmp(alike[-1], path, shallow=False):
            os.link(alike[-1], folder / name)
            return folder / name
    return keep_copy(path, folder, name)


def keep_one(path: Path, data_folder: Path, why: str) -> None:
    """A copy of a file about to be replaced, in place of the last one that was kept for the same reason. Raises
    OSError."""
    folder, name = data_folder / FOLDER, f"{shortened(path.stem)}, {why}{path.suffix}"
    made = keep_copy(path, folder, name)
    os.replace(made, folder / name)


def copies(data_folder: Path) -> list[Path]:
    """All copies, the oldest first."""
    try:
        found = [(_COPY.fullmatch(each.name), each) for each in (data_folder / FOLDER).iterdir()]
    except OSError:  # nothing was ever replaced
        return []
    return [each for _, each in sorted((match["run"], each) for match, each in found if match)]


def outdated(kept: Iterable[Path], runs: Iterable[Run], now: datetime, stay: Settings) -> list[Path]:
    """Which of these copies, oldest first, nobody needs any more."""
    known, of_workbook = {run.id: run for run in runs}, defaultdict(list)
    for copy in kept:
        if (match := _COPY.fullmatch(copy.name)) and (run := known.get(match["run"])):
            of_workbook[run.workbook, match["stem"]].append((copy, run, _time(match)))
    return [
        copy
        for each in of_workbook.values()
        for copy, run, made in each[: -stay.previous_versions_newest]
        if made < _young(now, stay) and run.totals is not None and not run.totals.get(Status.UNKNOWN.value)
    ]


def remove_outdated(data_folder: Path, ledger: Ledger, now: datetime) -> list[str]:
    """Remove the copies that nobody needs any more; what there is to say of it. One that cannot be removed stays."""
    try:
        stay = settings(data_folder)
    except CannotStart as error:
        return [str(error)]
    kept = copies(data_folder)
    made_by = [match for each in kept if (match := _COPY.fullmatch(each.name))]
    if any(_time(match) < _young(now, stay) for match in made_by):
        for each in outdated(kept, ledger.runs_named(match["run"] for match in made_by), now, stay):
            with suppress(OSError):
                each.unlink()
    return []


def _young(now: datetime, stay: Settings) -> datetime:
    return now - timedelta(days=stay.previous_versions_days)


def _time(match: re.Match[str]) -> datetime:
    try:
        return datetime.strptime(f"{match['time']}+0000", "%Y%m%d-%H%M%S%z")
    except ValueError:  # a name that only looks like one
        return datetime.max.replace(tzinfo=UTC)
