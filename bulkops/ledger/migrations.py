"""How a ledger is checked when it is opened, and how an older one becomes one of today.

An older ledger is copied first; then all is changed in one transaction, so that a kill leaves it as it was.
"""

import json
import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.ledger.codes import new_codes
from bulkops.ledger.schema import CODELESS, IN_FLIGHT, SCHEMA_VERSION, metadata
from bulkops.messages.errors import CannotStart
from bulkops.model.requests import Call
from bulkops.system.ownership import mine

LOOKED_AT = 1000
"""Entries of each index from which SQLite takes what queries are planned by."""
_WEEK = timedelta(days=7)


Told = Callable[[int], object]
"""Is told how far a migration is, in per cent."""
_READ, _COPIED, _CODED, _INDEXED = 10, 35, 65, 95
"""How far it is after each of its steps, which of a million attempts take some seconds each."""
_ATTEMPTS = 20_000
"""So many are given their codes between two words on how far it is."""
_PAGES = 8_192
"""So many, of 4 KiB, are copied at a time."""


def is_older(path: Path) -> bool:
    """Is it a ledger of an earlier version, by the file without its log? A ledger that cannot be read is none."""
    try:
        # Nothing is locked or taken over from the log by that: whoever opens the ledger sees how it was left.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            version: int = file.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error:
        return False
    return 0 < version < SCHEMA_VERSION


def prepare(connection: sa.Connection, path: Path, left_open: bool, told: Told) -> None:
    """Check the file, and make or migrate its tables: together or not at all, by one program at a time.

    ``left_open``: nobody has closed it, or somebody still has it open. Raises CannotStart for a damaged file and for
    one that a newer bulkops has written.
    """
    today = datetime.now(UTC).date()
    if _known_version(connection, path) == SCHEMA_VERSION:
        _check(connection, path, left_open, today)
        return
    # Tables that others refer to are made anew; whoever opens the ledger switches it on again.
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    # Whoever else would do this waits, and finds it done.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    version = _known_version(connection, path)
    if version == SCHEMA_VERSION:
        return
    if version:
        told(0)
    _read_whole(connection, path)
    if version:
        told(_READ)
        _keep_copy(path, path.with_name(f"ledger before version {SCHEMA_VERSION}.sqlite3"), told)
    _make_tables(connection, version, told)
    connection.exec_driver_sql(
        "INSERT INTO book SELECT ?, '' WHERE NOT EXISTS (SELECT 1 FROM book)", (secrets.token_hex(16),)
    )
    _note(connection, today)
    if version:
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _check(connection: sa.Connection, path: Path, left_open: bool, today: date) -> None:
    """Read the whole file, which takes its time, after an end that was none, and once a week."""
    query = f"SELECT checked, EXISTS (SELECT 1 FROM attempts WHERE {IN_FLIGHT}) FROM book"
    checked, in_flight = connection.exec_driver_sql(query).one()
    fresh = (today - _WEEK).isoformat() < checked <= today.isoformat()
    if left_open or in_flight or not fresh:
        _read_whole(connection, path)
    if not fresh:
        with suppress(sa.exc.OperationalError):  # it is checked once more the next time
            _note(connection, today)


def _read_whole(connection: sa.Connection, path: Path) -> None:
    if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() != "ok":
        raise CannotStart("ledger.damaged", path=path)


def _note(connection: sa.Connection, today: date) -> None:
    connection.exec_driver_sql("UPDATE book SET checked = ?", (today.isoformat(),))


def _make_tables(connection: sa.Connection, version: int, told: Told) -> None:
    if version == 1:
        _from_version_1(connection)
    elif version:
        _make_anew(connection, "runs")
        if version > 2:
            _make_anew(connection, "marks")
        if version > 4:
            connection.exec_driver_sql("ALTER TABLE book ADD COLUMN checked TEXT DEFAULT '' NOT NULL")
        connection.exec_driver_sql("ALTER TABLE attempts ADD COLUMN code TEXT DEFAULT '' NOT NULL")
        connection.exec_driver_sql("ALTER TABLE attempts ADD COLUMN new_task TEXT")
    metadata.create_all(connection)
    if 0 < version < 4:
        _users_in_order(connection)
    if version:
        give_codes(connection, told)
        indexes = [index for table in metadata.sorted_tables for index in table.indexes]
        for done, index in enumerate(indexes):
            told(_share(_CODED, _INDEXED, done, len(indexes)))
            index.create(connection, checkfirst=True)


def _share(begun: int, ended: int, done: int, of: int) -> int:
    return begun + (ended - begun) * done // max(of, 1)


def _known_version(connection: sa.Connection, path: Path) -> int:
    version = int(connection.execute(sa.text("PRAGMA user_version")).scalar_one())
    if version > SCHEMA_VERSION:
        raise CannotStart("ledger.unusable", path=path, value="a newer bulkops has written it")
    return version


def _keep_copy(path: Path, copy: Path, told: Told) -> None:
    """A copy of the ledger as it is before anything of it is changed."""
    begun = copy.with_name(f"{copy.name}.part")

    def copied(_: int, left: int, pages: int) -> None:
        told(_share(_READ, _COPIED, pages - left, pages))

    try:
        begun.unlink(missing_ok=True)
        os.close(mine(str(begun), os.O_RDWR | os.O_CREAT | os.O_EXCL))
        # From a connection of its own: the one that is about to write cannot be read from by this.
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(begun)) as target:
            source.backup(target, pages=_PAGES, progress=copied)
        begun.replace(copy)
    except (sqlite3.Error, OSError) as error:
        raise CannotStart("ledger.unusable", path=copy, value=str(error)) from error


def _make_anew(connection: sa.Connection, name: str) -> None:
    """A small table as it is today, with the columns that it had and still has."""
    table = metadata.tables[name]
    connection.exec_driver_sql(f"CREATE TEMP TABLE old AS SELECT * FROM {name} ORDER BY rowid")
    connection.exec_driver_sql(f"DROP TABLE {name}")
    table.create(connection)
    had = {row[1] for row in connection.exec_driver_sql("PRAGMA temp.table_info(old)")}
    columns = ", ".join(column.name for column in table.columns if column.name in had)
    connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM old ORDER BY rowid")
    connection.exec_driver_sql("DROP TABLE temp.old")


def give_codes(connection: sa.Connection, told: Told = lambda _: None) -> None:
    """A code for each attempt that may hold rows back and has none: nothing else would ever release them. And with it
    which task the attempt started."""
    codeless = f"FROM attempts WHERE {CODELESS}"
    # In their order: so SQLite takes the index of those alone, and has nothing to do where there are none.
    ends = (f"SELECT id {codeless} ORDER BY id {order}" for order in ("ASC", "DESC"))
    first, last = (connection.exec_driver_sql(query).scalar() for query in ends)
    if first is None or last is None:
        return
    count = connection.exec_driver_sql(f"SELECT count(*) {codeless}").scalar_one()
    codes = new_codes(count, set(connection.exec_driver_sql("SELECT code FROM attempts WHERE code <> ''").scalars()))
    driver: Any = connection.connection.driver_connection
    driver.create_function("drawn_code", 0, codes.pop)
    for begun in range(first, last + 1, _ATTEMPTS):
        told(_share(_COPIED, _CODED, begun - first, last - first))
        connection.exec_driver_sql(
            f"""UPDATE attempts SET code = drawn_code(), new_task = lower(json_extract(outcome, '$.new_task_guid'))
            WHERE id BETWEEN ? AND ? AND {CODELESS}""",
            (begun, begun + _ATTEMPTS - 1),
        )


def _from_version_1(connection: sa.Connection) -> None:
    """Version 1 kept what was sent in the lines themselves, one send for each."""
    for statement in (
        "DROP INDEX lines_by_request",
        "DROP INDEX one_in_flight",
        "ALTER TABLE lines RENAME TO lines_1",
        "ALTER TABLE runs RENAME TO runs_1",
    ):
        connection.exec_driver_sql(statement)
    metadata.create_all(connection)
    for statement in (
        """INSERT INTO runs SELECT id, started, ended, who, '', key_owner, environment, base_url, workbook,
               workbook_sha256, version, '{}', results, NULL FROM runs_1 ORDER BY rowid""",
        """INSERT INTO lines SELECT run, seq, sheet, row, operation, target,
               CASE WHEN started IS NULL THEN state ELSE 'planned' END, identity, method, path, body, fingerprint,
               CASE WHEN fingerprint IS NULL THEN NULL
                   WHEN operation = 'kickout_reimport' THEN operation || ' ' || target ELSE fingerprint END,
               CASE WHEN released THEN 'row' ELSE '' END, released, 0, NULL, CASE WHEN started IS NULL THEN outcome END
               FROM lines_1 ORDER BY rowid""",
        """INSERT INTO attempts (run, seq, round, identity, fingerprint, matter, released, state, who, started,
                   outcome)
               SELECT lines.run, lines.seq, 0, lines.identity, lines.fingerprint, lines.matter, lines.released,
                   lines_1.state, runs.who, lines_1.started, lines_1.outcome
               FROM lines_1 JOIN lines USING (run, seq) JOIN runs ON runs.id = lines.run
               WHERE lines_1.started IS NOT NULL ORDER BY lines_1.rowid""",
        "DROP TABLE lines_1",
        "DROP TABLE runs_1",
    ):
        connection.exec_driver_sql(statement)


def _users_in_order(connection: sa.Connection) -> None:
    """Before version 4 the same users in another order were another request: each now counts as what it asks for.

    What was sent stays as it was, and so do the requests of rows that are resumed: only what they are known by changes.
    """
    sent = """SELECT DISTINCT identity, method, path, body, fingerprint FROM lines
        WHERE operation = 'list_flag_edit' AND body LIKE '%"assignees":[%,%]%'"""
    renamed = []
    for identity, method, path, body, fingerprint in connection.exec_driver_sql(sent).fetchall():
        asked = json.loads(body)
        asked["assignees"] = sorted(asked["assignees"] or ())
        renamed.append((fingerprint, Call(method, path, asked).fingerprint(identity)))
    if not renamed:
        return
    connection.exec_driver_sql("CREATE TEMP TABLE renamed (old TEXT PRIMARY KEY, new TEXT NOT NULL)")
    connection.exec_driver_sql("INSERT INTO renamed VALUES (?, ?)", renamed)
    for table in ("lines", "attempts"):
        for name in ("fingerprint", "matter"):
            connection.exec_driver_sql(
                f"""UPDATE {table} SET {name} = (SELECT new FROM renamed WHERE old = {name})
                WHERE {name} IN (SELECT old FROM renamed)"""
            )
    connection.exec_driver_sql("DROP TABLE renamed")
