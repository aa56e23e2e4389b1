"""What a ledger tells: every run, what became of its rows, and what of a request was sent before."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from bulkops.ledger import remaining_rows, resolutions
from bulkops.ledger.archive import Archive, whole
from bulkops.ledger.records import (
    Account,
    Run,
    apart,
    outcome_read,
    printable_text,
    prior_attempt_of,
    row_of,
    status_of,
)
from bulkops.ledger.reserve import Reserve
from bulkops.ledger.resolutions import HELD
from bulkops.ledger.schema import IN_FLIGHT, INTENT, PLANNED, accounts, attempts, lines, runs
from bulkops.ledger.schema import marks as said
from bulkops.ledger.sqlite import Store
from bulkops.model.history import PriorAttempt, ResolutionHistory, UnknownOutcome
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.rows import CheckedRow

_Reserved = Mapping[tuple[str, int, str], Mapping[str, Any]]
"""What the reserve keeps, by run, seq and time of the attempt."""
_ACCOUNT = tuple(each.name for each in fields(Account))
_OF_RUN = tuple(each.name for each in fields(Run) if each.name != "account")
_RUNS = sa.select(*(runs.c[name] for name in _OF_RUN), *(accounts.c[name] for name in _ACCOUNT)).select_from(
    runs.outerjoin(accounts)
)


class History:
    """A ledger as it is read."""

    _store: Store
    _archive: Archive
    _reserve: Reserve

    def prior_attempts(
        self, environment_id: str, keys: Iterable[str], account: Account | None = None, key_owner: str = ""
    ) -> dict[str, list[PriorAttempt]]:
        """Idempotency key → what was sent of it that blocks a resend, did so once, or was released by a code; oldest
        first.

        ``account``, ``key_owner``: whose data the key changes that asks, as far as that is known: what surely changed
        another customer's is left out.
        """
        reserved = self._reserved()
        with self._store.reading() as connection:
            rows = rows_of(connection, _sent(environment_id, keys))
        found: dict[str, list[PriorAttempt]] = {}
        for each in (_taken_over(row, reserved) for row in rows):
            theirs = Account(*(each[name.name] for name in fields(Account)))
            if not apart(account or Account(), theirs, each["key_owner"] == key_owner):
                found.setdefault(each["matter"], []).append(prior_attempt_of(each))
        return found

    def source_under(self, name: str, environment_id: str) -> str | None:
        """The data source that the newest run under an environment's name told of; None if none ever did."""
        host = sa.func.replace(runs.c.base_url, "://localhost", "://127.0.0.1")
        known = runs.c.environment == name, host == environment_id, accounts.c.source.is_not(None)
        query = sa.select(accounts.c.source).select_from(runs.join(accounts)).where(*known)
        with self._store.reading() as connection:
            return connection.execute(query.order_by(sa.desc(_place("runs"))).limit(1)).scalar()

    def may_tell_apart(self, account: Account) -> bool:
        """Is there a run that may have been another customer's than this one?"""
        another = sa.or_(accounts.c.source != account.source, accounts.c.customer != account.customer)
        known = another if account.source else sa.or_(accounts.c.source.is_not(None), another)
        with self._store.reading() as connection:
            return connection.execute(sa.select(accounts.c.run).where(known).limit(1)).first() is not None

    def knows_task(self, run: str, guid: str) -> bool:
        """Was a task to be reimported, or newly started, where a run is sent to? Its GUID is in lower case."""
        here = sa.select(lines.c.identity).where(lines.c.run == run).limit(1).scalar_subquery()
        tried = sa.exists().where(attempts.c.run == lines.c.run, attempts.c.seq == lines.c.seq)
        named = sa.select(lines.c.run).where(lines.c.target == guid, lines.c.identity == here, tried)
        started = sa.select(attempts.c.run).where(attempts.c.new_task == guid, attempts.c.identity == here)
        query = sa.union_all(named, started)
        with self._store.reading() as connection:
            return connection.execute(query).first() is not None

    def in_flight(self) -> bool:
        """Is there an intent without an outcome: of a run that is going on, or that was cut short?"""
        with self._store.reading() as connection:
            return connection.execute(sa.select(attempts.c.id).where(sa.text(IN_FLIGHT))).first() is not None

    def unknown_outcomes(self, environment_id: str | None = None, marked: bool = False) -> list[UnknownOutcome]:
        """The requests whose outcome is unknown, newest first; of one environment, or of all (None).

        Without those whose like was sent once more since, and, unless wanted, those that an operator has marked.
        """
        with self._store.reading() as connection:
            return resolutions.unknown_outcomes(connection, environment_id, marked)

    def resolved(self) -> dict[str, list[resolutions.ResolvedRows]]:
        """Run → its rows of unknown outcome that are not to be checked any more."""
        with self._store.reading() as connection:
            return resolutions.resolved(connection)

    def resolutions(self, run: str) -> dict[int, ResolutionHistory]:
        """What has made rows of a run whose outcome was unknown ones that are not to be checked any more, by seq."""
        with self._store.reading() as connection:
            return resolutions.resolutions(connection, run)

    def runs(self, since: str = "") -> list[Run]:
        """Every run, newest first; ``since``: that one and those that were begun after it."""
        query = _RUNS.order_by(sa.desc(_place("runs")))
        if since:
            first = sa.select(sa.text("rowid")).select_from(runs).where(runs.c.id == since)
            query = query.where(_place("runs") >= first.scalar_subquery())
        with self._store.reading() as connection:
            return [_run(each) for each in connection.execute(query)]

    def runs_named(self, names: Iterable[str]) -> list[Run]:
        """The runs of these ids, as far as this ledger has them."""
        with self._store.reading() as connection:
            return [_run(each) for each in connection.execute(_RUNS.where(_among(runs.c.id, names)))]

    def unknown_runs(self, names: Iterable[str]) -> set[str]:
        """Which of these ids are of no run of this ledger."""
        wanted = set(names)
        return wanted - {each.id for each in self.runs_named(wanted)}

    def runs_of(self, workbook: str) -> set[str]:
        """The ids of all runs of the workbook at this path."""
        query = sa.select(runs.c.id).where(runs.c.workbook == printable_text(workbook))
        with self._store.reading() as connection:
            return set(connection.execute(query).scalars())

    def counts(self, run: str, under_way: bool = False) -> dict[str, int]:
        """How many rows of a run stand at each status."""
        reserved = self._reserved()
        with self._store.reading() as connection:
            return counted(connection, run, reserved, under_way)

    def outcomes(self, run: str, under_way: bool = False) -> list[Outcome]:
        """A run's rows in reading order. A line still planned was not sent, and an open intent is unknown; of a run
        that is under way the one is to come, the other on its way."""
        with self._store.reading() as connection:
            return [
                outcome_read(line, None if under_way and attempt and _earlier(line, attempt) else attempt, under_way)
                for line, attempt in self._told(connection, run)
            ]

    def resumable(self, run: str) -> list[CheckedRow]:
        """The rows of a run that were not carried out for a reason outside them: it stopped, the key, the network."""
        with self._store.reading() as connection:
            return [
                row_of(line)
                for line, attempt in self._told(connection, run)
                if line["cells"] and remaining_rows.is_left(outcome_read(line, attempt), attempt)
            ]

    def left(self) -> dict[str, int]:
        """The runs that have ended with ``resumable`` rows, and how many each has."""
        with self._store.reading() as connection:
            return remaining_rows.left(connection)

    def _told(self, connection: sa.Connection, run: str) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
        """A run's lines in reading order, each with its last attempt if there was one."""
        reserved = self._reserved()
        planned = rows_of(connection, sa.select(lines).where(lines.c.run == run).order_by(lines.c.seq))
        tried = rows_of(connection, sa.select(attempts).where(attempts.c.run == run).order_by(attempts.c.id))
        # After them: what the ledger has no more by then, the archive has.
        old = self._archive.content(run)
        planned = [whole(each, old["lines"].get(str(each["seq"]), {})) for each in planned]
        tried = [whole(each, old["attempts"].get(str(each["id"]), {})) for each in tried]
        last = {each["seq"]: _taken_over(each, reserved) for each in tried}
        return [(line, last.get(line["seq"])) for line in planned]

    def _reserved(self) -> _Reserved:
        """What the reserve keeps of outcomes that this ledger could not take yet."""
        with suppress(OSError):
            return {(each["run"], each["seq"], each["started"]): each for each in self._reserve.entries()}
        return {}


def _sent(environment_id: str, keys: Iterable[str]) -> sa.Select[Any]:
    """What was sent under some idempotency keys, each with its last mark, in the order in which it was recorded: a
    computer's clock may have been set back since."""
    told = ("run", "seq", "matter", "fingerprint", "state", "started", "outcome", "code", "released", "who")
    newer = said.alias("newer")
    last = sa.select(sa.func.max(newer.c.id)).where(newer.c.attempt == attempts.c.id).scalar_subquery()
    return (
        sa.select(
            *(attempts.c[name] for name in told),
            *(accounts.c[each.name] for each in fields(Account)),
            *(runs.c[name] for name in ("workbook", "environment", "key_owner")),
            *(said.c.verdict, said.c.who.label("marker"), said.c.marked),
        )
        .select_from(
            attempts.join(runs, runs.c.id == attempts.c.run)
            .outerjoin(accounts, accounts.c.run == attempts.c.run)
            .outerjoin(said, said.c.id == last)
        )
        .where(attempts.c.identity == environment_id, _among(attempts.c.matter, keys))
        .where(sa.or_(attempts.c.state.in_(HELD), attempts.c.released != ""))
        .order_by(attempts.c.id)
    )


def _among(column: sa.ColumnElement[Any], names: Iterable[str]) -> sa.ColumnElement[bool]:
    """Is it one of these, however many there are? Databases limit the values of a statement."""
    asked = sa.func.json_each(json.dumps(sorted(set(names)))).table_valued("value")
    return column.in_(sa.select(asked.c.value))


def _run(found: sa.Row[Any]) -> Run:
    values = (*found[: len(_OF_RUN)], Account(*found[len(_OF_RUN) :]))
    return Run(*values)


def _place(table: str) -> sa.ColumnElement[int]:
    """The order in which runs were begun."""
    return sa.literal_column(f"{table}.rowid", sa.Integer)


def rows_of(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _taken_over(attempt: dict[str, Any], reserved: _Reserved) -> dict[str, Any]:
    """An attempt as it will be once the ledger has taken over what the reserve keeps."""
    entry = reserved.get((attempt["run"], attempt["seq"], attempt["started"]))
    if entry is None or attempt["state"] != INTENT:
        return attempt
    return {**attempt, "state": entry["state"], "outcome": json.loads(entry["outcome"])}


def _earlier(line: Mapping[str, Any], attempt: Mapping[str, Any]) -> bool:
    """Was it tried before the run was resumed for this line?"""
    return bool(attempt["round"] < line["round"])


def to_look_at(connection: sa.Connection, run: str) -> int:
    """Rows that are done and whose answer does not fit what they expected."""
    done = attempts.c.run == run, attempts.c.state == Status.DONE.value
    found = connection.execute(sa.select(attempts.c.outcome).where(*done)).scalars()
    return sum(bool(outcome and outcome.get("code")) for outcome in found)


def counted(
    connection: sa.Connection, run: str, reserved: _Reserved | None = None, under_way: bool = False
) -> dict[str, int]:
    """Rows by status, as ``outcome_read`` tells them."""
    planned = sa.select(*(lines.c[name] for name in ("seq", "state", "round"))).where(lines.c.run == run)
    states = {row["seq"]: row for row in rows_of(connection, planned)}
    named = (attempts.c[name] for name in ("run", "seq", "round", "started", "state", "outcome"))
    tried = sa.select(*named).where(attempts.c.run == run).order_by(attempts.c.id)
    for row in (_taken_over(each, reserved or {}) for each in rows_of(connection, tried)):
        line = states[row["seq"]]
        if line["state"] == PLANNED and not (under_way and _earlier(line, row)):
            line["last"] = row["state"]
    return dict(Counter(status_of(row.get("last", row["state"]), under_way).value for row in states.values()))
