"""A file beside the ledger for what old runs said of their rows: messages, answers, and what the cells held.

What keeps anything from being sent again never leaves the ledger: every line and attempt stays, with its request's
fingerprint, its state, its code and what it started. So the ledger alone decides, with the archive or without it.

A run goes over in two steps, each whole and on the disk before the next: its content is put into the archive, then,
if the archive gives back just that, the ledger keeps no more than it needs. After a kill in between both have it.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.ledger.records import ARCHIVED, is_short
from bulkops.ledger.remaining_rows import left
from bulkops.ledger.schema import INTENT, attempts, lines, runs
from bulkops.ledger.sqlite import Store
from bulkops.messages.disk import ARCHIVE
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.outcomes import Status
from bulkops.system.ownership import mine

_AT_ONCE = 50
_TABLE = """
    CREATE TABLE IF NOT EXISTS runs (
        ledger TEXT NOT NULL, run TEXT NOT NULL, content BLOB NOT NULL, moved INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (ledger, run))"""
_FROM_LINES, _FROM_ATTEMPTS = ("body", "cells", "outcome"), ("outcome", "evidence")
_KEPT = ("code", "new_task_guid", "selected", "updated")
"""Of an outcome, in the ledger: what a later plan and its messages need."""
Content = dict[str, dict[str, dict[str, Any]]]
"""``lines`` by seq and ``attempts`` by id, each with its columns."""


class Archive:
    """The archive beside a ledger; there need be none. Looking into it raises nothing: it may be lost or spoilt."""

    def __init__(self, ledger: Path, ledger_id: str) -> None:
        self.path = ledger.with_name(ARCHIVE)
        self._ledger = ledger_id

    def content(self, run: str) -> Content:
        """What it has of a run."""
        with suppress(sqlite3.Error, OSError, ValueError, zlib.error):
            if self.path.exists():
                # Not only for reading: what a kill has left half written must be taken back first.
                with closing(sqlite3.connect(self.path.absolute().as_uri() + "?mode=rw", uri=True)) as archive:
                    return self._read(archive, run)
        return {"lines": {}, "attempts": {}}

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """For writing; made if missing, for its user alone. Raises sqlite3.Error, OSError."""
        with suppress(FileExistsError), open(self.path, "xb", opener=mine):
            pass
        with closing(sqlite3.connect(self.path)) as archive:
            # A commit is on the disk before it counts, the name of the file and of its journal too.
            archive.execute("PRAGMA synchronous=EXTRA")
            archive.execute("PRAGMA fullfsync=ON")
            with archive:
                archive.execute(_TABLE)
            yield archive

    def moved(self, archive: sqlite3.Connection) -> set[str]:
        """The runs of this ledger that it has whole."""
        return {run for (run,) in archive.execute("SELECT run FROM runs WHERE ledger = ? AND moved", (self._ledger,))}

    def add(self, archive: sqlite3.Connection, contents: dict[str, Content]) -> None:
        """Put runs into it. What it has of one already stays: the ledger may keep less by now."""
        rows = ((self._ledger, run, zlib.compress(json.dumps(each).encode())) for run, each in contents.items())
        with archive:
            archive.executemany("INSERT OR IGNORE INTO runs (ledger, run, content) VALUES (?, ?, ?)", rows)

    def confirmed(self, archive: sqlite3.Connection, contents: dict[str, Content]) -> list[str]:
        """Which of these runs it gives back as they are."""
        return [run for run, content in contents.items() if self._read(archive, run) == content]

    def mark_moved(self, archive: sqlite3.Connection, names: Iterable[str]) -> None:
        """These need not be looked at again."""
        with archive:
            archive.executemany(
                "UPDATE runs SET moved = 1 WHERE ledger = ? AND run = ?", ((self._ledger, each) for each in names)
            )

    def _read(self, archive: sqlite3.Connection, run: str) -> Content:
        found = archive.execute("SELECT content FROM runs WHERE ledger = ? AND run = ?", (self._ledger, run)).fetchone()
        content: Content = json.loads(zlib.decompress(found[0])) if found else {"lines": {}, "attempts": {}}
        return content


@dataclass(frozen=True, slots=True)
class Moved:
    """What has become of the runs that are old enough."""

    archive: Path
    runs: int
    stay: int
    """Those with an unknown row, with rows that can still be sent, or without an end."""
    smaller: bool
    """Could the ledger's file be made smaller? Else the room in it is used again."""


def move(store: Store, archive: Archive, before: str) -> Moved:
    """Move what the runs begun before a time said of their rows; call it only while no run is going on.

    Raises CannotStart for an archive that cannot be used, MustStop for such a ledger: what was moved by then is.
    """
    try:
        with archive.open() as file:
            with store.reading() as connection:
                wanted, stay = _old(connection, before)
            wanted -= archive.moved(file)
            for names in _batches(sorted(wanted)):
                with store.reading() as connection:
                    contents = {name: _content(connection, name) for name in names}
                archive.add(file, contents)
                with store.writing() as connection:
                    _shorten(connection, {name: contents[name] for name in archive.confirmed(file, contents)})
                archive.mark_moved(file, names)
    except (sqlite3.Error, OSError) as error:
        raise CannotStart("archive.unusable", path=archive.path, value=str(error)) from error
    return Moved(archive.path, len(wanted), stay, bool(wanted) and _make_smaller(store))


def _old(connection: sa.Connection, before: str) -> tuple[set[str], int]:
    """(the runs begun before a time that can go, how many others there are)."""
    old = set(connection.execute(sa.select(runs.c.id).where(runs.c.started < before)).scalars())
    undecided = (INTENT, Status.UNKNOWN.value)
    open_ones = sa.union(
        sa.select(runs.c.id).where(sa.or_(runs.c.ended.is_(None), runs.c.totals.is_(None))),
        sa.select(attempts.c.run).where(attempts.c.state.in_(undecided)),
        sa.select(lines.c.run).where(lines.c.state == Status.UNKNOWN.value),
    )
    stay = {*connection.execute(open_ones).scalars(), *left(connection)}
    return old - stay, len(old & stay)


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many runs in one step, which takes two commits of each file."""
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))


def _make_smaller(store: Store) -> bool:
    """Give the disk back what the ledger does not need any more; False where that cannot be done now."""
    with suppress(MustStop), store.writing() as connection:
        # Runs are known in their order by SQLite's own numbers, which it may give anew, but in the same order.
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return True
    return False


def _content(connection: sa.Connection, run: str) -> Content:
    """What the ledger has of a run that the archive can have."""
    told = sa.select(lines.c.seq, *(lines.c[name] for name in _FROM_LINES)).where(lines.c.run == run)
    sent = sa.select(attempts.c.id, *(attempts.c[name] for name in _FROM_ATTEMPTS)).where(attempts.c.run == run)
    return {"lines": _by_first(connection.execute(told)), "attempts": _by_first(connection.execute(sent))}


def _by_first(found: sa.CursorResult[Any]) -> dict[str, dict[str, Any]]:
    return {str(row[0]): dict(zip(list(found.keys())[1:], row[1:], strict=True)) for row in found}


def _shorten(connection: sa.Connection, contents: dict[str, Content]) -> None:
    """Keep of these runs what decides about the future, and what their rows came to."""
    told = [
        {"of_run": run, "of_seq": int(seq), "short": _short(each["outcome"])}
        for run, content in contents.items()
        for seq, each in content["lines"].items()
    ]
    sent = [
        {"of_id": int(number), "short": _short(each["outcome"])}
        for content in contents.values()
        for number, each in content["attempts"].items()
    ]
    here = lines.c.run == sa.bindparam("of_run"), lines.c.seq == sa.bindparam("of_seq")
    short: sa.BindParameter[Any] = sa.bindparam("short")
    if told:
        connection.execute(lines.update().where(*here).values(body=None, cells=None, outcome=short), told)
    if sent:
        this = attempts.update().where(attempts.c.id == sa.bindparam("of_id"))
        connection.execute(this.values(outcome=short, evidence=None), sent)


def _short(outcome: dict[str, Any] | None) -> dict[str, Any] | None:
    """The rest of it stands in the line and in the attempt."""
    if outcome is None:
        return None
    return {ARCHIVED: True, **{name: outcome[name] for name in _KEPT if outcome.get(name) not in (None, "")}}


def whole(found: dict[str, Any], archived: dict[str, Any]) -> dict[str, Any]:
    """A line or an attempt as it was before it was shortened. What the archive has of another one by the same number
    counts for nothing: the ledger may have come back from a copy since."""
    short, full = found["outcome"], archived.get("outcome")
    if not is_short(short) or full is None:
        return found
    started = full.get("started") or found.get("started")
    same = full.get("status") == found["state"] and found.get("started", started) == started and short == _short(full)
    return {**found, "outcome": full} if same else found
