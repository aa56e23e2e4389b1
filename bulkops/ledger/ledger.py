"""The ledger: what was planned, what was to be sent, what became of it.

Nothing may be sent before ``intend`` has returned. An intent has its outcome when ``conclude`` has returned; one whose
program is gone is *unknown*.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.ledger import resolutions, witness_sync
from bulkops.ledger.archive import Archive, Moved, move
from bulkops.ledger.codes import new_code
from bulkops.ledger.history import History, counted, rows_of, to_look_at
from bulkops.ledger.migrations import Told, give_codes
from bulkops.ledger.records import (
    LOOK,
    Run,
    decided_line,
    now,
    outcome_read,
    planned_line,
    printable_text,
    run_values,
    written,
)
from bulkops.ledger.reserve import Reserve
from bulkops.ledger.schema import IN_FLIGHT, INTENT, PLANNED, accounts, attempts, book, lines, runs
from bulkops.ledger.sqlite import Clash, Store
from bulkops.ledger.witness import Lacking, Witness
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.history import Resolution
from bulkops.model.outcomes import Outcome, Status
from bulkops.model.plan import Plan, Step

_INTEND = f"""
    INSERT INTO attempts (run, seq, round, identity, fingerprint, matter, released, code, state, who, started)
    SELECT run, seq, round, identity, fingerprint, matter, released, :code, '{INTENT}', :who, :started FROM lines
    WHERE run = :run AND seq = :seq AND state = '{PLANNED}' AND fingerprint = :fingerprint
    AND released = coalesce((
        SELECT coalesce(nullif(earlier.code, ''), 'none') FROM attempts AS earlier
        WHERE earlier.identity = lines.identity AND earlier.matter = lines.matter
        AND {resolutions.blocks_resend("earlier")} AND NOT {resolutions.apart("lines", "earlier")}
        ORDER BY earlier.id DESC LIMIT 1), '')"""
"""The line as planned becomes an attempt: if the code of the newest attempt that holds it back released it, or if
nothing holds it back and nothing released it."""
_TRIES = 8
"""Codes are drawn; in a ledger with a million of them one in sixty is in use already."""
_CONCLUDE = f"""
    UPDATE attempts SET state = :state, ended = :ended, outcome = :outcome, evidence = :evidence, new_task = :new_task
    WHERE run = :run AND seq = :seq AND started = :started AND state = '{INTENT}'"""


class Ledger(History):
    """One ledger file, made if missing. Safe to use from several threads of one program.

    ``told``: how far it is brought up to date, where it is one of an earlier version. Raises CannotStart when it cannot
    be opened, MustStop when it fails later.
    """

    def __init__(self, path: Path, told: Told = lambda _: None) -> None:
        self.path = path
        self._witness: Witness | None = None
        self._environment_id = ""
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
            lacking = witness_sync.lacking(connection, told)
            if not lacking and not witness.follow(self.id):
                witness.write_anew(self.id, *witness_sync.newest(connection))
        self._witness = witness
        return lacking

    def take_over(self, lacking: Lacking, words: witness_sync.Words) -> None:
        """Record what this ledger lacks of what was sent as *unknown*; nobody can say what became of it.

        Raises CannotStart where the witness cannot be told that the rest is lost: it would be asked about again.
        """
        with self._store.writing() as connection:
            witness_sync.take_over(connection, lacking, words)
            for run in {each.run for each in lacking.intents}:
                ended = runs.update().where(runs.c.id == run, runs.c.ended.is_not(None))
                connection.execute(ended.values(totals=counted(connection, run)))
            told = witness_sync.newest(connection)
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

    def begin(self, run: Run, plan: Plan, environment_id: str) -> None:
        """Record a run with a line for every row, and make room for outcomes, before anything is sent."""
        decided, planned = self._lines(run.id, plan, environment_id)
        with self._store.writing() as connection:
            connection.execute(runs.insert().values(**run_values(run)))
            connection.execute(accounts.insert().values(run=run.id, **asdict(run.account)))
            for each in (decided, planned):
                if each:
                    connection.execute(lines.insert(), each)
            told = witness_sync.runs_told(connection, [run.id])
        self._tell(environment_id, told)

    def begin_again(self, run: str, plan: Plan, environment_id: str) -> None:
        """Take up a run that was cut short: its lines that were not carried out become what the plan says of them."""
        decided, planned = self._lines(run, plan, environment_id)
        with self._store.writing() as connection:
            connection.execute(runs.update().where(runs.c.id == run).values(ended=None, totals=None))
            for each in planned:
                connection.execute(_line(run, each["seq"]).values({**each, "round": lines.c.round + 1}))
            for each in decided:
                changes = {name: each[name] for name in ("state", "released", "outcome")}
                connection.execute(_line(run, each["seq"]).values(changes))
            told = witness_sync.runs_told(connection, [run])
        self._tell(environment_id, told)

    def _lines(self, run: str, plan: Plan, environment_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The lines of a plan's decided rows, and of those to be sent, for whose outcomes there is room now."""
        self._store.still_there()
        with self._using_reserve():
            self._reserve.make()
        decided = [decided_line(run, environment_id, outcome) for outcome in plan.decided]
        return decided, [planned_line(run, environment_id, step) for step in plan.steps]

    def _tell(self, environment_id: str, told: Iterable[Mapping[str, Any]]) -> None:
        self._environment_id = environment_id
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
            self._witness.add(witness_sync.seen(run, self._environment_id, step, code, printable_text(who), started))
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
            options = {**told, LOOK: to_look_at(connection, run)}
            ended = {"ended": now(), "results": results, "totals": counted(connection, run), "options": options}
            connection.execute(runs.update().where(runs.c.id == run).values(**ended))
        with suppress(OSError):  # an entry that stays is taken for nothing new
            self._reserve.clear()

    def conclude_interrupted(self, words: witness_sync.Words) -> int:
        """Turn every intent without an outcome into *unknown*; call it only while no run is going on.

        ``words`` gives message and tip for an operation, target and code. Returns how many there were.
        """
        with self._store.writing() as connection:
            self._take_over(connection)
            give_codes(connection)
            told = (attempts.c[name] for name in ("id", "started", "code"))
            left = rows_of(connection, sa.select(lines, *told).join(attempts).where(sa.text(f"attempts.{IN_FLIGHT}")))
            for each in left:
                message, tip = words(each["operation"], each["target"], each["code"])
                unknown = outcome_read(each, {**each, "outcome": None})
                unknown = replace(unknown, code="sent.interrupted", message=message, tip=tip)
                change = {"state": Status.UNKNOWN.value, "ended": now(), "outcome": written(unknown)}
                connection.execute(attempts.update().where(attempts.c.id == each["id"]).values(**change))
        with suppress(OSError):
            self._reserve.clear()
        return len(left)

    def _take_over(self, connection: sa.Connection) -> None:
        """Give the attempts the outcomes that the ledger could not take when they came."""
        with self._using_reserve():
            entries = self._reserve.entries()
        for values in entries:
            task = json.loads(values["outcome"])["new_task_guid"]  # an older bulkops kept it nowhere else
            connection.exec_driver_sql(_CONCLUDE, {**values, "new_task": task and task.lower()})

    @contextmanager
    def _using_reserve(self) -> Iterator[None]:
        """Raises MustStop where the reserve cannot be used."""
        try:
            yield
        except OSError as error:
            raise MustStop("ledger.unusable", path=self._reserve.path, value=error.strerror or "no access") from error

    def resolve(self, run: str, seq: int, resolution: Resolution) -> None:
        """Record what an operator says of a row of unknown outcome, or now says otherwise; call it only while no run is
        going on.

        Raises CannotStart, with nothing changed, where its outcome is not unknown, where the same was sent once more
        since, and where it is marked so already.
        """
        with self._store.writing() as connection:
            if resolutions.add(connection, run, seq, resolution):
                return
            why = resolutions.refusal(connection, run, seq)
        raise why

    def moved(self, old: str, new: str, run: str, results: str | None) -> None:
        """bulkops has moved a workbook: all its runs are of the new path now; this one's results too, if they moved."""
        with self._store.writing() as connection:
            here = runs.update().where(runs.c.workbook == printable_text(old))
            connection.execute(here.values(workbook=printable_text(new)))
            if results is not None:
                connection.execute(runs.update().where(runs.c.id == run).values(results=results))

    def archive(self, before: str) -> Moved:
        """Move what the runs begun before a time said of their rows into the archive; call it only while no run is
        going on."""
        return move(self._store, self._archive, before)


def _line(run: str, seq: int) -> sa.Update:
    return lines.update().where(lines.c.run == run, lines.c.seq == seq)
