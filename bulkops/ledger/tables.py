"""The ledger's tables, and how an older ledger becomes one of today.

One line per sheet row of a run, so that any run can be told from the ledger alone; one attempt
per request that was to leave this computer. Lines are what was planned, attempts what happened; marks are what an
operator said of an attempt whose outcome is unknown.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.errors import CannotStart
from bulkops.model import Call
from bulkops.ownership import mine

SCHEMA_VERSION = 5
PLANNED, INTENT = "planned", "intent"
"""A line that is to be sent; an attempt whose outcome is not known yet. Every other state is a status."""

metadata = sa.MetaData()
_JSON = sa.JSON(none_as_null=True)
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("computer", sa.Text, nullable=False),
    sa.Column("key_owner", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("workbook", sa.Text, nullable=False),
    sa.Column("workbook_sha256", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("options", _JSON, nullable=False),
    sa.Column("results", sa.Text),
    sa.Column("totals", _JSON),
    # The last attempt of any run before this one: what came later is newer than anything its rows say.
    sa.Column("follows", sa.Integer, nullable=False),
)
# One line: by what the witness knows the ledger, and every copy of it.
book = sa.Table("book", metadata, sa.Column("id", sa.Text, primary_key=True))
# Whose data a run changed, as far as it is known; runs before version 5 have none.
accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("source", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("customer", sa.Text),
)
lines = sa.Table(
    "lines",
    metadata,
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("method", sa.Text),
    sa.Column("path", sa.Text),
    sa.Column("body", sa.Text),
    sa.Column("fingerprint", sa.Text),
    sa.Column("matter", sa.Text),
    sa.Column("released", sa.Text, nullable=False),
    sa.Column("asked", sa.Boolean, nullable=False),
    # How often the run was resumed for this line.
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("cells", _JSON),
    sa.Column("outcome", _JSON),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("matter", sa.Text, nullable=False),
    sa.Column("released", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    sa.Column("outcome", _JSON),
    sa.Column("evidence", _JSON),
    sa.ForeignKeyConstraint(["run", "seq"], ["lines.run", "lines.seq"]),
    sa.Index("attempts_by_matter", "identity", "matter"),
    # The same request can be on its way once, whoever asks.
    sa.Index("one_in_flight", "fingerprint", unique=True, sqlite_where=sa.text("state = 'intent'")),
    sa.Index("once_per_round", "run", "seq", "round", unique=True),
    # A row of a run is never sent again, resumed or not, once it may have been carried out.
    sa.Index(
        "once_per_line", "run", "seq", unique=True, sqlite_where=sa.text("state IN ('intent', 'done', 'unknown')")
    ),
    # A number is never given twice: the order of attempts is the order in which they were sent.
    sqlite_autoincrement=True,
)
# Nothing in it is ever changed or taken back: what was seen of an attempt stays in the attempt.
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("attempt", sa.Integer, sa.ForeignKey("attempts.id"), primary_key=True, autoincrement=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("marked", sa.Text, nullable=False),
    # The newest run at that time: the mark is newer than anything that run or one before it says.
    sa.Column("after", sa.Text, sa.ForeignKey("runs.id"), nullable=False),
)


def durable(connection: Any, _: object) -> None:
    """Settings of a new connection: a commit is on the disk before it counts."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def prepare(connection: sa.Connection, path: Path) -> None:
    """Check the file, and make or migrate its tables: together or not at all, by one program at a time.

    Raises CannotStart for a damaged file and for one that a newer bulkops has written.
    """
    found = connection.execute(sa.text("PRAGMA quick_check(1)")).scalar_one()
    if found != "ok":
        raise CannotStart("ledger.damaged", path=path)
    if _version(connection) == 1:
        _keep_copy(connection, path.with_name("ledger before version 2.sqlite3"))
    if _version(connection) < SCHEMA_VERSION:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if _version(connection) == 1:
            _from_version_1(connection)
        else:
            metadata.create_all(connection)  # to an older ledger this adds the marks, the accounts, the name
        if _version(connection) < 4:
            _users_in_order(connection)
        connection.exec_driver_sql(
            "INSERT INTO book SELECT ? WHERE NOT EXISTS (SELECT 1 FROM book)", (secrets.token_hex(16),)
        )
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    if _version(connection) > SCHEMA_VERSION:
        raise CannotStart("ledger.unusable", path=path, value="a newer bulkops has written it")


def _version(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("PRAGMA user_version")).scalar_one())


def _keep_copy(connection: sa.Connection, copy: Path) -> None:
    if not copy.exists():
        begun = copy.with_name(f"{copy.name}.part")
        begun.unlink(missing_ok=True)
        os.close(mine(str(begun), os.O_RDWR | os.O_CREAT | os.O_EXCL))
        connection.exec_driver_sql("VACUUM INTO ?", (str(begun),))
        begun.replace(copy)


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
               workbook_sha256, version, '{}', results, NULL, 0 FROM runs_1 ORDER BY rowid""",
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
