"""The ledger's tables.

One line per sheet row of a run, so that any run can be told from the ledger alone; one attempt
per request that was to leave this computer. Lines are what was planned, attempts what happened; marks are what an
operator said of an attempt whose outcome is unknown.
"""

from typing import Any

import sqlalchemy as sa

from bulkops.model.outcomes import Status

SCHEMA_VERSION = 6
PLANNED, INTENT = "planned", "intent"
"""A line that is to be sent; an attempt whose outcome is not known yet. Every other state is a status."""

IN_FLIGHT = f"state = '{INTENT}'"
"""The condition, in SQL, that an attempt is on its way."""
UNSENT = f"state IN ('{Status.NOT_SENT}', '{Status.FAILED}')"
"""The condition, in SQL, that a row or an attempt was surely not carried out."""

CODELESS = "code = '' AND state IN ('intent', 'done', 'unknown')"
"""The condition, in SQL, that an attempt may hold rows back and has no code: of a program of before version 6 that was
still running when the ledger became one of version 6."""

metadata = sa.MetaData()
_JSON = sa.JSON(none_as_null=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    """Columns of text that always have a value, though it may be ""."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    *_texts("who", "computer", "key_owner", "environment", "base_url", "workbook", "workbook_sha256", "version"),
    sa.Column("options", _JSON, nullable=False),
    sa.Column("results", sa.Text),
    sa.Column("totals", _JSON),
    sa.Index("runs_by_workbook", "workbook"),
)
# One line: by what the witness knows the ledger, and every copy of it; the day on which it was last checked for damage.
book = sa.Table(
    "book",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("checked", sa.Text, nullable=False, server_default=""),
)
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
    *_texts("operation", "target", "state", "identity"),
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
    sa.Index("lines_by_target", "target"),
    sa.Index("lines_unsent", "run", sqlite_where=sa.text(f"{UNSENT} AND cells IS NOT NULL")),
)
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    *_texts("identity", "fingerprint", "matter", "released", "state", "who", "started"),
    sa.Column("ended", sa.Text),
    sa.Column("outcome", _JSON),
    sa.Column("evidence", _JSON),
    # What a person types to have the same sent once more; "" for one that surely was not carried out, before version 6.
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    # The GUID, in lower case, of the task that it started, by EnergyCAP's answer.
    sa.Column("new_task", sa.Text),
    sa.ForeignKeyConstraint(["run", "seq"], ["lines.run", "lines.seq"]),
    sa.Index("attempts_by_matter", "identity", "matter"),
    sa.Index("attempts_by_code", "code", unique=True, sqlite_where=sa.text("code <> ''")),
    sa.Index("attempts_without_code", "id", sqlite_where=sa.text(CODELESS)),
    sa.Index("attempts_by_new_task", "new_task", "identity", sqlite_where=sa.text("new_task IS NOT NULL")),
    sa.Index("attempts_unsent", "run", "seq", sqlite_where=sa.text(UNSENT)),
    sa.Index("attempts_in_doubt", "state", "identity", sqlite_where=sa.text("state = 'unknown'")),
    # The same request can be on its way once, whoever asks.
    sa.Index("one_in_flight", "fingerprint", unique=True, sqlite_where=sa.text(IN_FLIGHT)),
    sa.Index("once_per_round", "run", "seq", "round", unique=True),
    # A row of a run is never sent again, resumed or not, once it may have been carried out.
    sa.Index(
        "once_per_line", "run", "seq", unique=True, sqlite_where=sa.text("state IN ('intent', 'done', 'unknown')")
    ),
    # A number is never given twice: the order of attempts is the order in which they were sent.
    sqlite_autoincrement=True,
)
# Nothing in it is ever changed or taken back: the last mark of an attempt counts, and what was seen of it stays there.
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("attempt", sa.Integer, sa.ForeignKey("attempts.id"), nullable=False),
    *_texts("verdict", "who", "marked"),
    sa.Index("marks_by_attempt", "attempt"),
    sqlite_autoincrement=True,
)


def durable(connection: Any, _: object) -> None:
    """Settings of a new connection: a commit is on the disk before it counts."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
