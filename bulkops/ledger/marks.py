"""What an operator says of a request whose outcome is unknown: done after all, or to be sent again.

A mark is added and never changed. It stands for one attempt alone: whatever was sent later is not touched by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bulkops.errors import CannotStart
from bulkops.ledger.records import outcome_read, printable_text
from bulkops.ledger.tables import INTENT, attempts, lines, runs
from bulkops.model import Doubt, Mark, Outcome, Status, Verdict
from bulkops.phrases import marked, moment

HELD = (INTENT, Status.DONE.value, Status.UNKNOWN.value)
"""States of an attempt that may have been carried out."""


def holds(attempt: str) -> str:
    """The condition, in SQL, that an attempt by this name keeps the same from being sent: as ``Past.holds``."""
    return f"""{attempt}.state IN {HELD} AND NOT EXISTS (
        SELECT 1 FROM marks WHERE marks.attempt = {attempt}.id AND marks.verdict = '{Verdict.SEND_AGAIN}')"""


def apart(one: str, other: str) -> str:
    """The condition, in SQL, that the runs of two lines or attempts surely changed two customers' data: as
    ``records.apart``."""
    return f"""EXISTS (
        SELECT 1 FROM accounts AS mine JOIN runs AS my_run ON my_run.id = mine.run,
            accounts AS theirs JOIN runs AS their_run ON their_run.id = theirs.run
        WHERE mine.run = {one}.run AND theirs.run = {other}.run AND (
            coalesce(mine.source <> theirs.source, 0) OR (
                coalesce(mine.customer <> theirs.customer, 0) AND NOT coalesce(
                    mine.source = theirs.source AND mine.owner = theirs.owner
                    AND my_run.key_owner = their_run.key_owner, 0))))"""


_LATER = f"""
    later.identity = doubt.identity AND later.matter = doubt.matter AND later.fingerprint = doubt.fingerprint
    AND later.id > doubt.id AND {holds("later")} AND NOT {apart("doubt", "later")}"""
"""The same request, sent once more since: its outcome is the last word on it."""
_OPEN = f"""
    doubt.state = '{Status.UNKNOWN}'
    AND NOT EXISTS (SELECT 1 FROM marks WHERE marks.attempt = doubt.id)
    AND NOT EXISTS (SELECT 1 FROM attempts AS later WHERE {_LATER})"""
_MARK = f"""
    INSERT INTO marks (attempt, verdict, who, marked, after)
    SELECT doubt.id, :verdict, :who, :marked, (SELECT id FROM runs ORDER BY rowid DESC LIMIT 1) FROM attempts AS doubt
    WHERE doubt.run = :run AND doubt.seq = :seq AND {_OPEN}"""
_MARKS = """
    SELECT attempts.seq, marks.verdict, marks.who, marks.marked FROM marks JOIN attempts ON attempts.id = marks.attempt
    WHERE attempts.run = :run"""
_PLACE = "SELECT sheet || ', row ' || row AS value FROM lines WHERE run = :run AND seq = :seq"
_SINCE = f"""
    SELECT runs.id AS run, runs.workbook, later.who, later.started
    FROM attempts AS doubt JOIN attempts AS later ON {_LATER} JOIN runs ON runs.id = later.run
    WHERE doubt.run = :run AND doubt.seq = :seq AND doubt.state = '{Status.UNKNOWN}' ORDER BY later.id DESC LIMIT 1"""


def doubts(connection: sa.Connection, identity: str | None) -> list[Doubt]:
    """What is in doubt in an environment, newest first; None: in all of them."""
    doubt = attempts.alias("doubt")
    query = (
        sa.select(
            *(lines.c[name] for name in ("run", "seq", "sheet", "row", "operation", "target", "state")),
            *(doubt.c[name] for name in ("who", "started", "outcome", "matter")),
            *(runs.c[name] for name in ("environment", "workbook")),
        )
        .select_from(doubt.join(lines).join(runs, runs.c.id == doubt.c.run))
        .where(sa.text(_OPEN))
        .order_by(sa.desc(doubt.c.id))
    )
    if identity is not None:
        query = query.where(doubt.c.identity == identity)
    found = [dict(row) for row in connection.execute(query).mappings()]
    return [_doubt(each, outcome_read(each, each)) for each in found]


def _doubt(found: Mapping[str, Any], seen: Outcome) -> Doubt:
    place = (found["run"], seen.seq, seen.sheet, seen.row, seen.operation, seen.target)
    sent = (found["environment"], found["workbook"], found["started"], found["who"])
    return Doubt(*place, *sent, seen.code, seen.message, seen.tip, found["matter"])


def add(connection: sa.Connection, run: str, seq: int, mark: Mark) -> bool:
    """Mark a row's doubt; False, with nothing changed, where there is no open one."""
    values = {
        "run": run,
        "seq": seq,
        "verdict": mark.verdict.value,
        "who": printable_text(mark.who),
        "marked": mark.when,
    }
    return connection.exec_driver_sql(_MARK, values).rowcount == 1


def of_run(connection: sa.Connection, run: str) -> dict[int, Mark]:
    """The marks of a run's rows, by seq."""
    return {
        each["seq"]: Mark(Verdict(each["verdict"]), each["who"], each["marked"])
        for each in _told(connection, _MARKS, run=run)
    }


def refusal(connection: sa.Connection, run: str, seq: int) -> CannotStart:
    """Why a row cannot be marked."""
    (place,) = _told(connection, _PLACE, run=run, seq=seq) or [{"value": ""}]
    if before := of_run(connection, run).get(seq):
        return CannotStart("doubt.marked", words=marked(before), **place)
    for since in _told(connection, _SINCE, run=run, seq=seq):
        told = {"extra": since["run"], "who": since["who"], "workbook": Path(since["workbook"]).name}
        return CannotStart("doubt.sent_since", when=moment(since["started"]), **told, **place)
    return CannotStart("doubt.none", value=run)


def _told(connection: sa.Connection, query: str, **values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(query, values).mappings()]
