"""The place for an outcome that the ledger itself cannot take: on a full disk, say.

A file beside the ledger whose blocks are written before the first intent of a run, one slot for each row that
can be on its way. Writing into a slot needs no new room on the disk. At the next start the ledger takes
over what is here.
"""

import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO

from bulkops.system.ownership import mine

SLOTS = 33
"""As many as rows can be on their way at once, and one."""
SLOT = 16 * 1024
"""Bytes; the longest outcome is a third of it. What was seen of an answer is only kept if there is room."""
_MARK = b"bulkops outcome\n"
_EMPTY = bytes(len(_MARK))
_HEAD = len(_MARK) + 4 + 32


class Reserve:
    """One reserve file. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._used = 0
        self._lock = threading.Lock()

    def make(self) -> None:
        """Have all slots empty and on the disk, written and not only promised."""
        with self._lock:
            if not self.path.exists() or self.path.stat().st_size != SLOTS * SLOT:
                # Noise, for a file system that compresses must keep its room too.
                with open(self.path, "wb", opener=mine) as stream:
                    stream.write((_EMPTY + os.urandom(SLOT - len(_EMPTY))) * SLOTS)
                    _to_disk(stream)
            self._clear()

    def keep(self, entry: dict[str, Any]) -> None:
        """Write an entry into the next free slot, on the disk when this returns. Raises OSError if none is free."""
        data = json.dumps(entry, separators=(",", ":")).encode("ascii")
        if len(data) > SLOT - _HEAD:
            data = json.dumps({**entry, "evidence": None}, separators=(",", ":")).encode("ascii")
        if len(data) > SLOT - _HEAD or self._used >= SLOTS:
            raise OSError("the reserve has no room for it")
        with self._lock, self.path.open("r+b") as stream:
            stream.seek(self._used * SLOT)
            stream.write(_MARK + len(data).to_bytes(4, "big") + hashlib.sha256(data).digest() + data)
            _to_disk(stream)
            self._used += 1

    def entries(self) -> list[dict[str, Any]]:
        """The entries; one that was not written to its end is none."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        found = []
        for start in range(0, len(content), SLOT):
            slot = content[start : start + SLOT]
            size = int.from_bytes(slot[len(_MARK) : len(_MARK) + 4], "big")
            data = slot[_HEAD : _HEAD + size]
            if slot.startswith(_MARK) and slot[_HEAD - 32 : _HEAD] == hashlib.sha256(data).digest():
                found.append(json.loads(data))
        return found

    def clear(self) -> None:
        """Empty every slot, once the ledger has taken over what was kept."""
        with self._lock:
            if self.path.exists():
                self._clear()

    def _clear(self) -> None:
        with self.path.open("r+b") as stream:
            for slot in range(SLOTS):
                stream.seek(slot * SLOT)
                if stream.read(len(_MARK)) == _MARK:
                    stream.seek(slot * SLOT)
                    stream.write(_EMPTY)
            _to_disk(stream)
        self._used = 0


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
