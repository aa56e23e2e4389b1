"""The ledger's file: SQLite through SQLAlchemy, write-ahead log, every commit on the disk before it counts.

One connection, used by one thread at a time.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bulkops.ledger.migrations import LOOKED_AT, Told, prepare
from bulkops.ledger.schema import durable
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.system.ownership import mine

_OPENING = threading.Lock()
"""Of several in this program that open a ledger at once, as the window's tabs do, one checks it or brings it up to
date, and the others wait for as long as that takes."""
_PATIENCE = 10
"""Seconds for which another program may hold the file."""


class Clash(MustStop):
    """What was to be written stands there already, and may stand there once; ``of`` names the columns."""

    def __init__(self, of: str) -> None:
        super().__init__("ledger.guard", value="the same request is on its way already")
        self.of = of


class Store:
    """One ledger file, made or migrated if need be. Raises CannotStart when it cannot be opened, MustStop later."""

    def __init__(self, path: Path, told: Told) -> None:
        self.path = path
        # As plain texts: before and after every intent it is looked whether they are still there.
        self._files = (str(path), f"{path}-wal")
        self._lock = threading.Lock()
        self._written = False
        self.engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            poolclass=sa.pool.StaticPool,
            connect_args={"check_same_thread": False, "timeout": _PATIENCE},
        )
        sa.event.listen(self.engine, "connect", durable)
        try:
            # For us alone, and SQLite's log takes after it. Never opened if it is there: closing it again would take
            # the locks of other connections of this process from them.
            with suppress(OSError):
                os.close(mine(str(path), os.O_RDWR | os.O_CREAT | os.O_EXCL))
            left_open = self._size_of_log() > 0
            self._connection = self.engine.connect()
            with _OPENING, self._connection.begin():
                prepare(self._connection, path, left_open, told)
            with self._connection.begin():
                self._connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            self._stood = self._standing()
        except BaseException as error:  # also a Ctrl-C: taking over an earlier version's can be broken off
            self.engine.dispose()
            if isinstance(error, SQLAlchemyError):
                raise CannotStart(_code(error), path=path, value=_reason(error)) from error
            raise

    def close(self) -> None:
        """Close the file; one that was written to keeps what its queries are planned by."""
        if self._written:
            with suppress(MustStop), self.reading() as connection:
                # It can be done at another time: nobody waits for it.
                for pragma in ("busy_timeout = 0", f"analysis_limit = {LOOKED_AT}", "optimize"):
                    connection.exec_driver_sql(f"PRAGMA {pragma}")
        self.engine.dispose()

    def _size_of_log(self) -> int:
        """Bytes of what is not in the database itself yet: none, when the last who had it open has closed it."""
        try:
            return os.stat(self._files[1]).st_size
        except OSError:
            return 0

    def still_there(self) -> None:
        """Raises MustStop if what is open is not what lies at the path any more: moved, deleted, replaced.

        What is written then is written for nobody: the next start finds another file, or none.
        """
        if self._standing() != self._stood:
            raise MustStop("ledger.moved", path=self.path)

    def _standing(self) -> list[tuple[int, int] | None]:
        """Which files lie there, the database and its log; None for one that does not."""
        return [_file(each) for each in self._files]

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: whole and on the disk at its end, or undone."""
        self._written = True
        with self.reading() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """The same for what only looks."""
        try:
            with self._lock, self._connection.begin():
                yield self._connection
        except SQLAlchemyError as error:
            raise self._unusable(error) from error

    def change_one(self, text: str, values: Mapping[str, Any], otherwise: str) -> None:
        """Change one line, durably when this returns. Raises MustStop, saying ``otherwise`` if there is none such."""
        try:
            with self._lock, self._connection.begin():
                # As plain text: between two answers of a server SQLAlchemy's way to a statement's text can be felt.
                if self._connection.exec_driver_sql(text, dict(values)).rowcount != 1:
                    raise MustStop("ledger.guard", value=otherwise)
        except IntegrityError as error:
            raise Clash(str(error.orig)) from error
        except SQLAlchemyError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: SQLAlchemyError) -> MustStop:
        return MustStop(_code(error), path=self.path, value=_reason(error))


def _file(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _code(error: SQLAlchemyError) -> str:
    """Another program that holds the file lets go of it again; anything else is something to see to."""
    number = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & 0xFF
    if number == sqlite3.SQLITE_CORRUPT:
        return "ledger.damaged"
    return "ledger.locked" if number in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else "ledger.unusable"


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or type(error).__name__)
