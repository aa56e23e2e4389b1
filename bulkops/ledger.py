"""The record of every run and every request: intent before a send, outcome after.

SQLite through SQLAlchemy Core, write-ahead log, every commit on the disk before it
counts. One line per sheet row of a run, so that any run can be told from the ledger
alone. A line whose intent has no outcome is *unknown* from the moment its program is gone.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bulkops.errors import CannotStart, MustStop
from bulkops.model import Accepted, Outcome, Past, Plan, Status, Step, outcome_of

SCHEMA_VERSION = 1
PLANNED, INTENT = "planned", "intent"
"""States of a line that has no status yet."""

_metadata = sa.MetaData()
_runs = sa.Table(
    "runs",
    _metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("ended", sa.Text),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("key_owner", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("workbook", sa.Text, nullable=False),
    sa.Column("workbook_sha256", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("results", sa.Text),
)
_lines = sa.Table(
    "lines",
    _metadata,
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
    sa.Column("released", sa.Boolean, nullable=False, default=False),
    sa.Column("started", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Index("lines_by_request", "identity", "operation", "target"),
    # The same request can be on its way once, whoever asks.
    sa.Index("one_in_flight", "fingerprint", unique=True, sqlite_where=sa.text("state = 'intent'")),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run as the ledger has it."""

    id: str
    started: str
    ended: str | None
    who: str
    key_owner: str
    environment: str
    base_url: str
    workbook: str
    workbook_sha256: str
    version: str
    results: str | None = None


def now() -> str:
    """UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def new_run_id() -> str:
    """Sortable by time, and unique: ``20261121-101500-4f2a``."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class Ledger:
    """One ledger file, made if missing. Safe to use from several threads of one program.

    Raises CannotStart when it cannot be opened, MustStop when it fails later.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._engine = sa.create_engine(
            f"sqlite:///{self.path}",
            poolclass=sa.pool.StaticPool,
            connect_args={"check_same_thread": False, "timeout": 10},
        )
        sa.event.listen(self._engine, "connect", _durable)
        try:
            with self._engine.begin() as connection:
                self._prepare(connection)
        except (SQLAlchemyError, CannotStart) as error:
            self.close()
            if isinstance(error, CannotStart):
                raise
            raise CannotStart("ledger.unusable", path=self.path, value=_reason(error)) from error

    def _prepare(self, connection: sa.Connection) -> None:
        found = connection.execute(sa.text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":
            raise CannotStart("ledger.unusable", path=self.path, value="it is damaged")
        version = connection.execute(sa.text("PRAGMA user_version")).scalar_one()
        if version > SCHEMA_VERSION:
            raise CannotStart("ledger.unusable", path=self.path, value="a newer bulkops has written it")
        if version < SCHEMA_VERSION:
            # Tables, guards and version are made together or not at all, by one program at a time.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            _metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def begin(self, run: Run, plan: Plan, identity: str) -> None:
        """Record a run with a line for every row, before anything is sent."""
        decided = [
            {**_line(run.id, identity, outcome), "state": outcome.status.value, "outcome": _written(outcome)}
            for outcome in plan.decided
        ]
        planned = [
            {
                **_line(run.id, identity, outcome_of(step.row, Status.NOT_SENT)),
                "state": PLANNED,
                "method": step.call.method,
                "path": step.call.path,
                "body": step.call.encoded().decode("ascii"),
                "fingerprint": step.call.fingerprint(identity),
                "released": step.release,
            }
            for step in plan.steps
        ]
        with self._write() as connection:
            connection.execute(_runs.insert(), _run_values(run))
            for lines in (decided, planned):
                if lines:
                    connection.execute(_lines.insert(), lines)

    def intend(self, run: str, step: Step, started: str) -> None:
        """Make the intent to send durable. Nothing may be sent before this returns.

        Raises MustStop if the line is not there to be sent, or the same request is on its way already.
        """
        with self._write() as connection:
            changed = connection.execute(
                _lines.update()
                .where(_lines.c.run == run, _lines.c.seq == step.row.seq, _lines.c.state == PLANNED)
                .values(state=INTENT, started=started)
            ).rowcount
            if changed != 1:
                raise MustStop("ledger.unusable", path=self.path, value="a row was to be sent a second time")

    def conclude(self, run: str, outcome: Outcome) -> None:
        """Make the outcome durable."""
        with self._write() as connection:
            changed = connection.execute(
                _lines.update()
                .where(_lines.c.run == run, _lines.c.seq == outcome.seq, _lines.c.state == INTENT)
                .values(state=outcome.status.value, outcome=_written(outcome))
            ).rowcount
            if changed != 1:
                raise MustStop("ledger.unusable", path=self.path, value="a row's record is not there")

    def finish(self, run: str, unsent: Iterable[Outcome], results: str | None) -> None:
        """Close a run: rows that were not sent are said so."""
        with self._write() as connection:
            for outcome in unsent:
                connection.execute(
                    _lines.update()
                    .where(_lines.c.run == run, _lines.c.seq == outcome.seq, _lines.c.state == PLANNED)
                    .values(state=outcome.status.value, outcome=_written(outcome))
                )
            connection.execute(_runs.update().where(_runs.c.id == run).values(ended=now(), results=results))

    def settle_interrupted(self, words: Callable[[str, str], tuple[str, str]]) -> int:
        """Turn every intent without an outcome into *unknown*; call it only while no run is going on.

        ``words`` gives message and tip for an operation and target. Returns how many there were.
        """
        with self._write() as connection:
            left = connection.execute(sa.select(_lines).where(_lines.c.state == INTENT)).mappings().all()
            for line in left:
                message, tip = words(line["operation"], line["target"])
                outcome = Outcome(
                    line["seq"],
                    line["sheet"],
                    line["row"],
                    line["operation"],
                    line["target"],
                    Status.UNKNOWN,
                    code="sent.interrupted",
                    message=message,
                    tip=tip,
                    started=line["started"] or "",
                )
                connection.execute(
                    _lines.update()
                    .where(_lines.c.run == line["run"], _lines.c.seq == line["seq"])
                    .values(state=Status.UNKNOWN.value, outcome=_written(outcome))
                )
            return len(left)

    def past(self, identity: str) -> dict[tuple[str, str], list[tuple[str, Past]]]:
        """(operation, target) → (fingerprint, what became of it) of all that was done or is unknown, oldest first."""
        columns = (
            _lines.c.operation,
            _lines.c.target,
            _lines.c.fingerprint,
            _lines.c.state,
            _lines.c.started,
            _lines.c.outcome,
            _runs.c.who,
            _runs.c.workbook,
            _runs.c.id,
            _lines.c.released,
            _runs.c.workbook_sha256,
            _lines.c.sheet,
            _lines.c.row,
        )
        query = (
            sa.select(*columns)
            .join(_runs, _runs.c.id == _lines.c.run)
            .where(
                _lines.c.identity == identity,
                _lines.c.fingerprint.is_not(None),
                _lines.c.state.in_((Status.DONE.value, Status.UNKNOWN.value, INTENT)),
            )
            # In the order they were recorded: a computer's clock may have been set back since.
            .order_by(sa.literal_column("lines.rowid"))
        )
        found: dict[tuple[str, str], list[tuple[str, Past]]] = {}
        for operation, target, fingerprint, state, started, outcome, *origin in self._read(query):
            who, workbook, run, released, sha256, sheet, row = origin
            status = Status.DONE if state == Status.DONE.value else Status.UNKNOWN
            cell = (sha256, sheet, row) if released else None
            past = Past(status, started or "", who, Path(workbook).name, run, _accepted(outcome), cell)
            found.setdefault((operation, target), []).append((fingerprint, past))
        return found

    def runs(self) -> list[Run]:
        """Every run, newest first."""
        rows = self._read(sa.select(_runs).order_by(_runs.c.started.desc(), _runs.c.id.desc()))
        return [Run(*row) for row in rows]

    def counts(self, run: str) -> dict[str, int]:
        """How many lines of a run stand in each state."""
        query = sa.select(_lines.c.state, sa.func.count()).where(_lines.c.run == run).group_by(_lines.c.state)
        return {str(state): int(count) for state, count in self._read(query)}

    def outcomes(self, run: str) -> list[Outcome]:
        """A run's rows in reading order. A line still planned was not sent; an open intent is unknown."""
        query = sa.select(_lines).where(_lines.c.run == run).order_by(_lines.c.seq)
        with self._reading() as connection:
            return [_read_outcome(dict(line)) for line in connection.execute(query).mappings()]

    def _read(self, query: sa.Select[Any]) -> list[Any]:
        with self._reading() as connection:
            return list(connection.execute(query).all())

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._lock, self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise MustStop("ledger.unusable", path=self.path, value=_reason(error)) from error

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        try:
            with self._lock, self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise MustStop("ledger.unusable", path=self.path, value=_reason(error)) from error


def _durable(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _reason(error: SQLAlchemyError) -> str:
    if isinstance(error, IntegrityError) and "lines.fingerprint" in str(error.orig):
        return "the same request is on its way already"
    return str(getattr(error, "orig", None) or type(error).__name__)


def _run_values(run: Run) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in Run.__slots__}
    # A file name that is not Unicode must not keep a run from being recorded.
    return {name: value and value.encode("utf-8", "backslashreplace").decode() for name, value in values.items()}


def _line(run: str, identity: str, outcome: Outcome) -> dict[str, Any]:
    return {
        "run": run,
        "seq": outcome.seq,
        "sheet": outcome.sheet,
        "row": outcome.row,
        "operation": outcome.operation,
        "target": outcome.target,
        "identity": identity,
    }


def _written(outcome: Outcome) -> str:
    facts = {name: getattr(outcome, name) for name in Outcome.__slots__}
    return json.dumps({**facts, "status": outcome.status.value, "warnings": list(outcome.warnings)})


def _accepted(outcome: str | None) -> Accepted:
    facts = json.loads(outcome) if outcome else {}
    return Accepted(facts.get("new_task_guid"), facts.get("selected"), facts.get("updated"))


def _read_outcome(line: Mapping[str, Any]) -> Outcome:
    if line["outcome"]:
        facts = json.loads(line["outcome"])
        return Outcome(**{**facts, "status": Status(facts["status"]), "warnings": tuple(facts["warnings"])})
    status = Status.UNKNOWN if line["state"] == INTENT else Status.NOT_SENT
    return Outcome(
        line["seq"],
        line["sheet"],
        line["row"],
        line["operation"],
        line["target"],
        status,
        started=line["started"] or "",
    )
