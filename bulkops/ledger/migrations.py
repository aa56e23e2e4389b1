"""How a ledger is checked when it is opened, and how an older one becomes one of today.

An older ledger is copied first; then all is changed in one transaction, so that a kill leaves it as it was.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.errors import CannotStart
from bulkops.ledger.codes import new_code
from bulkops.ledger.tables import CODELESS, IN_FLIGHT, SCHEMA_VERSION, metadata
from bulkops.model import Call
from bulkops.ownership import mine

LOOKED_AT = 1000
"""Entries of each index from which SQLite takes what queries are planned by."""
_WEEK = timedelta(days=7)


def prepare(connection: sa.Connection, path: Path, left_open: bool) -> None:
    """Check the file, and make or migrate its tables: together or not at all, by one program at a time.

    ``left_open``: nobody has closed it, or somebody still has it open. Raises CannotStart for a damaged file and for
    one that a newer bulkops has written.
    """
    today = datetime.now(UTC).date()
    if _version(connection) > SCHEMA_VERSION:
        raise CannotStart("ledger.unusable", path=path, value="a newer bulkops has written it")
    if _version(connection) == SCHEMA_VERSION:
        _check(connection, path, left_open, today)
        return
    _read_whole(connection, path)
    if _version(connection):
        _keep_copy(connection, path.with_name(f"ledger before version {SCHEMA_VERSION}.sqlite3"))
    # Tables that others refer to are made anew; whoever opens the ledger switches it on again.
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if (version := _version(connection)) == SCHEMA_VERSION:  # another program was faster
        return
    _make_tables(connection, version)
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


def _make_tables(connection: sa.Connection, version: int) -> None:
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
        give_codes(connection)
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)


def _version(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("PRAGMA user_version")).scalar_one())


def _keep_copy(connection: sa.Connection, copy: Path) -> None:
    begun = copy.with_name(f"{copy.name}.part")
    try:
        begun.unlink(missing_ok=True)
        os.close(mine(str(begun), os.O_RDWR | os.O_CREAT | os.O_EXCL))
        with closing(sqlite3.connect(begun)) as target:
            driver: Any = connection.connection.driver_connection
            driver.backup(target)
            (version,) = target.execute("PRAGMA user_version").fetchone()
        if version == SCHEMA_VERSION:  # another program was faster: the copy that is there is of what was before
            begun.unlink()
        else:
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


def give_codes(connection: sa.Connection) -> None:
    """A code for each attempt that may hold rows back and has none: nothing else would ever release them. And with it
    which task the attempt started."""
    held = connection.exec_driver_sql(f"SELECT id FROM attempts WHERE {CODELESS} ORDER BY id").scalars().all()
    if not held:
        return
    used = set(connection.exec_driver_sql("SELECT code FROM attempts WHERE code <> ''").scalars())
    codes: set[str] = set()
    while len(codes) < len(held):
        codes |= {new_code()} - used
    change = "UPDATE attempts SET code = ?, new_task = lower(json_extract(outcome, '$.new_task_guid')) WHERE id = ?"
    connection.exec_driver_sql(change, list(zip(codes, held, strict=True)))


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
