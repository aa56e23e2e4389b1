"""Which run is going on in a data folder at the moment: the one whose program holds the folder's lock.

What the ledger has of a run that has not ended is on its way, or was cut short: only this tells which.
"""

import os
from contextlib import suppress
from pathlib import Path

from bulkops.system.locks import HOLDER, LOCK, held
from bulkops.system.ownership import mine


def name(folder: Path, run: str) -> None:
    """Say which run it is that the holder of the folder's lock has begun. Who holds it next says so anew."""
    with suppress(OSError), open(folder / HOLDER, "a", encoding="utf-8", opener=mine) as said:
        said.write(f"\n{run}")


def under_way(folder: Path) -> str:
    """The id of the run that is going on; "" if none is."""
    try:
        if not (folder / LOCK).exists():
            return ""
        handle = held(folder / LOCK)
        if handle is None:
            return (folder / HOLDER).read_text(encoding="utf-8", errors="replace").partition("\n")[2].strip()
        os.close(handle)
    except OSError:
        pass  # where nobody can have the lock, no run can go on
    return ""
