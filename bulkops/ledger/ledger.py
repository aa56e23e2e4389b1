"""The ledger: what was planned, what was to be sent, what became of it.

Nothing may be sent before ``intend`` has returned. An intent has its outcome when ``conclude`` has returned; one whose
program is gone is *unknown*.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.ledger import resolutions, restoring, resuming
from bulkops.ledger.archive import Archive, Moved, move, whole
from bulkops.ledger.codes import new_code
from bulkops.ledger.migrations import Told, give_codes
from bulkops.ledger.records import (
    LOOK,
    Account,
    Run,
    apart,
    decided_line,
    now,
    outcome_read,
    past_of,
    planned_line,
    printable_text,
    row_of,
    run_values,
    status_of,
    written,
)
from bulkops.ledger.reserve import Reserve
from bulkops.ledger.resolutions import HELD, holds
from bulkops.ledger.schema import IN_FLIGHT, INTENT, PLANNED, accounts, attempts, book, lines, runs
from bulkops.ledger.schema import marks as said
from bulkops.ledger.sqlite import Clash, Store
from bulkops.ledger.witness import Lacking, Witness
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.history import Doubt, Mark, Past, Resolution
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.plan import Plan, Step
from bulkops.model.rows import CheckedRow

_Kept = Mapping[tuple[str, int, str], Mapping[str, Any]]
"""What the reserve keeps, by run, seq and time of the attempt."""


_INTEND = f"""
    INSERT INTO attempts (run, seq, round, identity, fingerprint, matter, released, code, state, who, started)
    SELECT run, seq, round, identity, fingerprint, matter, released, :code, '{INTENT}', :who, :started FROM lines
    WHERE run = :run AND seq = :seq AND state = '{PLANNED}' AND fingerprint = :fingerprint
    AND released = coalesce((
        SELECT coalesce(nullif(earlier.code, ''), 'none') FROM attempts AS earlier
        WHERE earlier.identity = lines.identity AND earlier.matter = lines.matter AND {holds("earlier")}
        AND NOT {resolutions.apart("lines", "earlier")}
        ORDER BY earlier.id DESC LIMIT 1), '')"""
"""The line as planned becomes an attempt: if the code of the newest attempt that holds it back released it, or if
nothing holds it back and nothing released it."""
_TRIES = 8
"""Codes are drawn; in a ledger with a million of them one in sixty is in use already."""
_ACCOUNT = tuple(each.name for each in fields(Account))
_AT_ONCE = 500
"""Matters or runs that one query asks about: databases limit the values of a statement."""
_OF_RUN = tuple(each.name for each in fields(Run) if each.name != "account")
_RUNS = sa.select(*(runs.c[name] for name in _OF_RUN), *(accounts.c[name] for name in _ACCOUNT)).select_from(
    runs.outerjoin(accounts)
)
_CONCLUDE = f"""
    UPDATE attempts SET state = :state, ended = :ended, outcome = :outcome, evidence = :evidence, new_task = :new_task
    WHERE run = :run AND seq = :seq AND started = :started AND state = '{INTENT}'"""


class Ledger:
    """One ledger file, made if missing. Safe to use from several threads of one program.

    ``told``: how far it is brought up to date, where it is one of an earlier version. Raises CannotStart when it cannot
    be opened, MustStop when it fails later.
    """

    def __init__(self, path: Path, told: Told = lambda _: None) -> None:
        self.path = path
        self._witness: Witness | None = None
        self._identity = ""
        self._reserve = Reserve(path.with_name("ledger.reserve"))
        if self._reserve.path.exists() and not (path.exists() and path.stat().st_size):
            # There has been a ledger: without it everything would be sent again.
            raise CannotStart("ledger.gone", path=path, value=self._reserve.path.name)
        self._store = Store(path, told)
        with self._store.reading() as connection:
            self.id: str = connection.execute(sa.select(book.c.id)).scalar_one()
            """What this ledger and every copy of it is known by."""
        self._archive = Archive(path, self.id)

    def close(self) -> None:
        """Close the file."""
        self._store.close()
        if self._witness is not None:
            self._witness.close()

    def watch(self, witness: Witness) -> Lacking:
        """Have every intent written down by a witness, too, from now on; what this ledger lacks of what that tells.

        While it lacks anything, nothing may be sent.
        """
        told = witness.told()
        with self._store.reading() as connection:
            lacking = restoring.lacking(connection, told)
            if not lacking and not witness.follow(self.id):
                witness.write_anew(self.id, *restoring.newest(connection))
        self._witness = witness
        return lacking

    def take_over(self, lacking: Lacking, words: restoring.Words) -> None:
        """Record what this ledger lacks of what was sent as *unknown*; nobody can say what became of it.

        Raises CannotStart where the witness cannot be told that the rest is lost: it would be asked about again.
        """
        with self._store.writing() as connection:
            restoring.take_over(connection, lacking, words)
            for run in {each.run for each in lacking.intents}:
                ended = runs.update().where(runs.c.id == run, runs.c.ended.is_not(None))
                connection.execute(ended.values(totals=_counted(connection, run)))
            told = restoring.newest(connection)
        if self._witness is not None:
            self._witness.write_anew(self.id, *told)
            if lacking.beyond and self._witness.trouble:
                raise CannotStart("ledger.unusable", path=self._witness.folder, value=self._witness.trouble)

    @property
    def unwitnessed(self) -> str:
        """What to tell the operator if the witness has not seen every intent; "" if it has, or if there is none."""
        if self._witness is None or not self._witness.trouble:
            return ""
        return str(CannotStart("ledger.unwitnessed", path=self._witness.folder, value=self._witness.trouble))

    def begin(self, run: Run, plan: Plan, identity: str) -> None:
        """Record a run with a line for every row, and make room for outcomes, before anything is sent."""
        decided, planned = _lines_of(run.id, plan, identity)
        self._store.still_there()
        self._make_reserve()
        with self._store.writing() as connection:
            connection.execute(runs.insert().values(**run_values(run)))
            connection.execute(accounts.insert().values(run=run.id, **asdict(run.account)))
            for each in (decided, planned):
                if each:
                    connection.execute(lines.insert(), each)
            told = restoring.runs_told(connection, [run.id])
        self._tell(identity, told)

    def begin_again(self, run: str, plan: Plan, identity: str) -> None:
        """Take up a run that was cut short: its lines that were not carried out become what the plan says of them."""
        decided, planned = _lines_of(run, plan, identity)
        self._store.still_there()
        self._make_reserve()
        with self._store.writing() as connection:
            connection.execute(runs.update().where(runs.c.id == run).values(ended=None, totals=None))
            for each in planned:
                connection.execute(_line(run, each["seq"]).values({**each, "round": lines.c.round + 1}))
            for each in decided:
                changes = {name: each[name] for name in ("state", "released", "outcome")}
                connection.execute(_line(run, each["seq"]).values(changes))
            told = restoring.runs_told(connection, [run])
        self._tell(identity, told)

    def _tell(self, identity: str, told: Iterable[Mapping[str, Any]]) -> None:
        self._identity = identity
        if self._witness is not None:
            for run in told:
                self._witness.add_run(run)

    def intend(self, run: str, step: Step, started: str, who: str = "") -> str:
        """Make the intent to send durable, and return its code. Nothing may be sent before this returns.

        Raises MustStop if the line was not planned so, if the same request is on its way already, if the same was
        or may have been carried out before and what released the row is not the last such send's code, or if the
        ledger is not where it was.
        """
        values = {
            "run": run,
            "seq": step.row.seq,
            "fingerprint": step.fingerprint,
            "who": printable_text(who),
            "started": started,
        }
        self._store.still_there()
        for tries_left in reversed(range(_TRIES)):
            code = new_code()
            try:
                change = {**values, "code": code}
                self._store.change_one(_INTEND, change, "the record shows that it was or may have been done")
                break
            except Clash as clash:
                if not tries_left or "attempts.code" not in clash.of:
                    raise
        # Once more: what was written meanwhile into a file that lies there no longer is nobody's record.
        self._store.still_there()
        if self._witness is not None:
            self._witness.add(restoring.seen(run, self._identity, step, code, printable_text(who), started))
        return code

    def conclude(self, run: str, outcome: Outcome, evidence: Mapping[str, Any] | None = None) -> None:
        """Make the outcome durable, with what was seen. What the ledger cannot take is kept in the reserve.

        Raises MustStop if the ledger did not take it.
        """
        values = {
            "run": run,
            "seq": outcome.seq,
            "started": outcome.started,
            "state": outcome.status.value,
            "ended": now(),
            "outcome": json.dumps(written(outcome)),
            "evidence": json.dumps(evidence) if evidence else None,
            "new_task": outcome.new_task_guid and outcome.new_task_guid.lower(),
        }
        try:
            self._store.change_one(_CONCLUDE, values, "a row's record is not there")
        except MustStop:
            with suppress(OSError):  # then the intent alone stands: the row is unknown at the next start
                self._reserve.keep(values)
            raise

    def finish(self, run: str, unsent: Iterable[Outcome], results: str | None) -> None:
        """Close a run: rows that were not sent are said so, and its rows are counted."""
        with self._store.writing() as connection:
            self._take_over(connection)
            for outcome in unsent:
                never_tried = ~sa.exists().where(attempts.c.run == run, attempts.c.seq == outcome.seq)
                left = _line(run, outcome.seq).where(lines.c.state == PLANNED, never_tried)
                connection.execute(left.values(state=outcome.status.value, outcome=written(outcome)))
            told = connection.execute(sa.select(runs.c.options).where(runs.c.id == run)).scalar() or {}
            options = {**told, LOOK: _to_look_at(connection, run)}
            ended = {"ended": now(), "results": results, "totals": _counted(connection, run), "options": options}
            connection.execute(runs.update().where(runs.c.id == run).values(**ended))
        with suppress(OSError):  # an entry that stays is taken for nothing new
            self._reserve.clear()

    def settle_interrupted(self, words: restoring.Words) -> int:
        """Turn every intent without an outcome into *unknown*; call it only while no run is going on.

        ``words`` gives message and tip for an operation, target and code. Returns how many there were.
        """
        with self._store.writing() as connection:
            self._take_over(connection)
            give_codes(connection)
            told = (attempts.c[name] for name in ("id", "started", "code"))
            left = _rows(connection, sa.select(lines, *told).join(attempts).where(sa.text(f"attempts.{IN_FLIGHT}")))
            for each in left:
                message, tip = words(each["operation"], each["target"], each["code"])
                unknown = replace(
                    outcome_read(each, {**each, "outcome": None}),
                    code="sent.interrupted",
                    message=message,
                    tip=tip,
                )
                connection.execute(
                    attempts.update()
                    .where(attempts.c.id == each["id"])
                    .values(state=Status.UNKNOWN.value, ended=now(), outcome=written(unknown))
                )
        with suppress(OSError):
            self._reserve.clear()
        return len(left)

    def _take_over(self, connection: sa.Connection) -> None:
        """Give the attempts the outcomes that the ledger could not take when they came."""
        try:
            kept = self._reserve.kept()
        except OSError as error:
            raise MustStop("ledger.unusable", path=self._reserve.path, value=error.strerror or "no access") from error
        for values in kept:
            task = json.loads(values["outcome"])["new_task_guid"]  # an older bulkops kept it nowhere else
            connection.exec_driver_sql(_CONCLUDE, {**values, "new_task": task and task.lower()})

    def _make_reserve(self) -> None:
        try:
            self._reserve.make()
        except OSError as error:
            raise MustStop("ledger.unusable", path=self._reserve.path, value=error.strerror or "no access") from error

    def past(
        self, identity: str, matters: Iterable[str], account: Account | None = None, key_owner: str = ""
    ) -> dict[str, list[Past]]:
        """Matter → what was sent of it that holds it back, did so once, or was released by a code; oldest first.

        ``account``, ``key_owner``: whose data the key changes that asks, as far as that is known: what surely changed
        another customer's is left out.
        """
        kept = self._kept()
        with self._store.reading() as connection:
            rows = [each for part in _parts(matters) for each in _rows(connection, _sent(identity, part))]
        found: dict[str, list[Past]] = {}
        for each in (_taken_over(row, kept) for row in rows):
            theirs = Account(*(each[name.name] for name in fields(Account)))
            if not apart(account or Account(), theirs, each["key_owner"] == key_owner):
                found.setdefault(each["matter"], []).append(past_of(each))
        return found

    def source_under(self, name: str, identity: str) -> str | None:
        """The data source that the newest run under an environment's name told of; None if none ever did."""
        host = sa.func.replace(runs.c.base_url, "://localhost", "://127.0.0.1")
        known = runs.c.environment == name, host == identity, accounts.c.source.is_not(None)
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

    def doubts(self, identity: str | None = None, marked: bool = False) -> list[Doubt]:
        """The requests whose outcome is unknown, newest first; of one environment, or of all (None).

        Without those whose like was sent once more since, and, unless wanted, those that an operator has marked.
        """
        with self._store.reading() as connection:
            return resolutions.doubts(connection, identity, marked)

    def mark(self, run: str, seq: int, mark: Mark) -> None:
        """Record what an operator says of a row's doubt, or now says otherwise; call it only while no run is going on.

        Raises CannotStart, with nothing changed, where the row is not in doubt, where the same was sent once more
        since, and where it is marked so already.
        """
        with self._store.writing() as connection:
            if resolutions.add(connection, run, seq, mark):
                return
            why = resolutions.refusal(connection, run, seq)
        raise why

    def resolved(self) -> dict[str, list[resolutions.Resolved]]:
        """Run → its rows of unknown outcome that are not to be checked any more."""
        with self._store.reading() as connection:
            return resolutions.resolved(connection)

    def resolutions(self, run: str) -> dict[int, Resolution]:
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
            found = (connection.execute(_RUNS.where(runs.c.id.in_(part))) for part in _parts(names))
            return [_run(each) for part in found for each in part]

    def unknown_runs(self, names: Iterable[str]) -> set[str]:
        """Which of these ids are of no run of this ledger."""
        wanted = set(names)
        with self._store.reading() as connection:
            for part in _parts(wanted):
                wanted.difference_update(connection.execute(sa.select(runs.c.id).where(runs.c.id.in_(part))).scalars())
        return wanted

    def moved(self, old: str, new: str, run: str, results: str | None) -> None:
        """bulkops has moved a workbook: all its runs are of the new path now; this one's results too, if they moved."""
        with self._store.writing() as connection:
            here = runs.update().where(runs.c.workbook == printable_text(old))
            connection.execute(here.values(workbook=printable_text(new)))
            if results is not None:
                connection.execute(runs.update().where(runs.c.id == run).values(results=results))

    def runs_of(self, workbook: str) -> set[str]:
        """The ids of all runs of the workbook at this path."""
        query = sa.select(runs.c.id).where(runs.c.workbook == printable_text(workbook))
        with self._store.reading() as connection:
            return {each["id"] for each in _rows(connection, query)}

    def counts(self, run: str, under_way: bool = False) -> dict[str, int]:
        """How many rows of a run stand at each status."""
        kept = self._kept()
        with self._store.reading() as connection:
            return _counted(connection, run, kept, under_way)

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
                if line["cells"] and resuming.is_left(outcome_read(line, attempt), attempt)
            ]

    def left(self) -> dict[str, int]:
        """The runs that have ended with ``resumable`` rows, and how many each has."""
        with self._store.reading() as connection:
            return resuming.left(connection)

    def archive(self, before: str) -> Moved:
        """Move what the runs begun before a time said of their rows into the archive; call it only while no run is
        going on."""
        return move(self._store, self._archive, before)

    def _told(self, connection: sa.Connection, run: str) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
        """A run's lines in reading order, each with its last attempt if there was one."""
        kept = self._kept()
        planned = _rows(connection, sa.select(lines).where(lines.c.run == run).order_by(lines.c.seq))
        tried = _rows(connection, sa.select(attempts).where(attempts.c.run == run).order_by(attempts.c.id))
        # After them: what the ledger has no more by then, the archive has.
        old = self._archive.content(run)
        planned = [whole(each, old["lines"].get(str(each["seq"]), {})) for each in planned]
        tried = [whole(each, old["attempts"].get(str(each["id"]), {})) for each in tried]
        last = {each["seq"]: _taken_over(each, kept) for each in tried}
        return [(line, last.get(line["seq"])) for line in planned]

    def _kept(self) -> _Kept:
        """What the reserve keeps of outcomes that this ledger could not take yet."""
        with suppress(OSError):
            return {(each["run"], each["seq"], each["started"]): each for each in self._reserve.kept()}
        return {}


def _lines_of(run: str, plan: Plan, identity: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines of a plan's decided rows, and of those to be sent."""
    decided = [decided_line(run, identity, outcome) for outcome in plan.decided]
    return decided, [planned_line(run, identity, step) for step in plan.steps]


def _sent(identity: str, matters: list[str]) -> sa.Select[Any]:
    """What was sent of some matters, each with its last mark, in the order in which it was recorded: a computer's clock
    may have been set back since."""
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
        .where(attempts.c.identity == identity, attempts.c.matter.in_(matters))
        .where(sa.or_(attempts.c.state.in_(HELD), attempts.c.released != ""))
        .order_by(attempts.c.id)
    )


def _parts(names: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted(set(names))
    return (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE))


def _run(found: sa.Row[Any]) -> Run:
    values = (*found[: len(_OF_RUN)], Account(*found[len(_OF_RUN) :]))
    return Run(*values)


def _line(run: str, seq: int) -> sa.Update:
    return lines.update().where(lines.c.run == run, lines.c.seq == seq)


def _place(table: str) -> sa.ColumnElement[int]:
    """The order in which runs were begun."""
    return sa.literal_column(f"{table}.rowid", sa.Integer)


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _taken_over(attempt: dict[str, Any], kept: _Kept) -> dict[str, Any]:
    """An attempt as it will be once the ledger has taken over what the reserve kept."""
    entry = kept.get((attempt["run"], attempt["seq"], attempt["started"]))
    if entry is None or attempt["state"] != INTENT:
        return attempt
    return {**attempt, "state": entry["state"], "outcome": json.loads(entry["outcome"])}


def _earlier(line: Mapping[str, Any], attempt: Mapping[str, Any]) -> bool:
    """Was it tried before the run was resumed for this line?"""
    return bool(attempt["round"] < line["round"])


def _to_look_at(connection: sa.Connection, run: str) -> int:
    """Rows that are done and whose answer does not fit what they expected."""
    done = attempts.c.run == run, attempts.c.state == Status.DONE.value
    found = connection.execute(sa.select(attempts.c.outcome).where(*done)).scalars()
    return sum(bool(outcome and outcome.get("code")) for outcome in found)


def _counted(connection: sa.Connection, run: str, kept: _Kept | None = None, under_way: bool = False) -> dict[str, int]:
    """Rows by status, as ``outcome_read`` tells them."""
    planned = sa.select(*(lines.c[name] for name in ("seq", "state", "round"))).where(lines.c.run == run)
    states = {row["seq"]: row for row in _rows(connection, planned)}
    named = (attempts.c[name] for name in ("run", "seq", "round", "started", "state", "outcome"))
    tried = sa.select(*named).where(attempts.c.run == run).order_by(attempts.c.id)
    for row in (_taken_over(each, kept or {}) for each in _rows(connection, tried)):
        line = states[row["seq"]]
        if line["state"] == PLANNED and not (under_way and _earlier(line, row)):
            line["last"] = row["state"]
    return dict(Counter(status_of(row.get("last", row["state"]), under_way).value for row in states.values()))
