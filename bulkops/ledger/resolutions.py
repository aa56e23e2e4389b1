"""What an operator says of a request whose outcome is unknown: done after all, or to be sent again.

A mark is added and never changed: a later one corrects it, and the last counts. It stands for one attempt alone:
whatever was sent later is not touched by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bulkops.ledger.records import outcome_read, printable_text
from bulkops.ledger.schema import INTENT, attempts, lines, runs
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import moment
from bulkops.model.history import Doubt, Mark, Resolution, Since, Verdict
from bulkops.model.outcomes import Outcome, Status

HELD = (INTENT, Status.DONE.value, Status.UNKNOWN.value)
"""States of an attempt that may have been carried out."""


def blocks_resend(attempt: str) -> str:
    """The condition, in SQL, that an attempt by this name blocks a resend: as ``PriorAttempt.blocks_resend``."""
    return f"{attempt}.state IN {HELD} AND coalesce({_last_mark(attempt)}, '') <> '{Verdict.SEND_AGAIN}'"


def _last_mark(attempt: str) -> str:
    return f"(SELECT verdict FROM marks WHERE marks.attempt = {attempt}.id ORDER BY marks.id DESC LIMIT 1)"


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
    AND later.id > doubt.id AND {blocks_resend("later")} AND NOT {apart("doubt", "later")}"""
"""The same request, sent once more since: its outcome is the last word on it."""
_OPEN = f"doubt.state = '{Status.UNKNOWN}' AND NOT EXISTS (SELECT 1 FROM attempts AS later WHERE {_LATER})"
_MARK = f"""
    INSERT INTO marks (attempt, verdict, who, marked)
    SELECT doubt.id, :verdict, :who, :marked FROM attempts AS doubt
    WHERE doubt.run = :run AND doubt.seq = :seq AND {_OPEN} AND coalesce({_last_mark("doubt")}, '') <> :verdict"""
_MARKS = """
    SELECT attempts.seq, marks.verdict, marks.who, marks.marked FROM attempts JOIN marks ON marks.attempt = attempts.id
    WHERE attempts.run = :run ORDER BY marks.id"""
_PLACE = "SELECT sheet || ', row ' || row AS value FROM lines WHERE run = :run AND seq = :seq"
_SINCE = f"""
    SELECT doubt.seq, runs.id AS run, runs.workbook, later.who, later.started
    FROM attempts AS doubt JOIN attempts AS later ON {_LATER} JOIN runs ON runs.id = later.run
    WHERE doubt.run = :run AND doubt.state = '{Status.UNKNOWN}' ORDER BY later.id"""
_RESOLVED = f"""
    SELECT run, verdict, since, count(*) AS rows FROM (
        SELECT doubt.run, {_last_mark("doubt")} AS verdict,
            EXISTS (SELECT 1 FROM attempts AS later WHERE {_LATER}) AS since
        FROM attempts AS doubt WHERE doubt.state = '{Status.UNKNOWN}')
    WHERE verdict IS NOT NULL OR since GROUP BY run, verdict, since"""


def doubts(connection: sa.Connection, identity: str | None, marked: bool) -> list[Doubt]:
    """What is in doubt in an environment, newest first; None: in all of them. ``marked``: also what has a mark."""
    doubt = attempts.alias("doubt")
    query = (
        sa.select(
            *(lines.c[name] for name in ("run", "seq", "sheet", "row", "operation", "target", "state")),
            *(doubt.c[name] for name in ("who", "started", "outcome", "code")),
            *(runs.c[name] for name in ("environment", "workbook")),
        )
        .select_from(doubt.join(lines).join(runs, runs.c.id == doubt.c.run))
        .where(sa.text(_OPEN if marked else f"{_OPEN} AND {_last_mark('doubt')} IS NULL"))
        .order_by(sa.desc(doubt.c.id))
    )
    if identity is not None:
        query = query.where(doubt.c.identity == identity)
    found = [dict(row) for row in connection.execute(query).mappings()]
    return [_doubt(each, outcome_read(each, each)) for each in found]


def _doubt(found: Mapping[str, Any], seen: Outcome) -> Doubt:
    place = (found["run"], seen.seq, seen.sheet, seen.row, seen.operation, seen.target)
    sent = (found["environment"], found["workbook"], found["started"], found["who"])
    return Doubt(*place, *sent, seen.code, seen.message, seen.tip, found["code"])


def add(connection: sa.Connection, run: str, seq: int, mark: Mark) -> bool:
    """Mark a row's doubt; False, with nothing changed, where there is none, or where it is marked so already."""
    values = {
        "run": run,
        "seq": seq,
        "verdict": mark.verdict.value,
        "who": printable_text(mark.who),
        "marked": mark.when,
    }
    return connection.exec_driver_sql(_MARK, values).rowcount == 1


class Resolved(NamedTuple):
    """Rows of a run whose outcome was unknown and that are not to be checked any more."""

    verdict: Verdict | None
    """What operators have said of them last."""
    since: bool
    """Was the same sent once more since?"""
    rows: int


def resolved(connection: sa.Connection) -> dict[str, list[Resolved]]:
    """Run → its rows of unknown outcome that are not to be checked any more."""
    found: dict[str, list[Resolved]] = {}
    for each in _told(connection, _RESOLVED):
        verdict = Verdict(each["verdict"]) if each["verdict"] else None
        found.setdefault(each["run"], []).append(Resolved(verdict, bool(each["since"]), each["rows"]))
    return found


def resolutions(connection: sa.Connection, run: str) -> dict[int, Resolution]:
    """By seq, the marks of a run's rows, and the last send of the same since."""
    found = {seq: Resolution(tuple(each)) for seq, each in of_run(connection, run).items()}
    for each in _told(connection, _SINCE, run=run):
        since = Since(each["started"], each["who"], Path(each["workbook"]).name)
        found[each["seq"]] = replace(found.get(each["seq"], Resolution()), since=since)
    return found


def of_run(connection: sa.Connection, run: str) -> dict[int, list[Mark]]:
    """The marks of a run's rows, by seq; the last one counts."""
    found: dict[int, list[Mark]] = {}
    for each in _told(connection, _MARKS, run=run):
        found.setdefault(each["seq"], []).append(Mark(Verdict(each["verdict"]), each["who"], each["marked"]))
    return found


def refusal(connection: sa.Connection, run: str, seq: int) -> CannotStart:
    """Why a row cannot be marked."""
    (place,) = _told(connection, _PLACE, run=run, seq=seq) or [{"value": ""}]
    for since in [each for each in _told(connection, _SINCE, run=run) if each["seq"] == seq][-1:]:
        told = {"extra": since["run"], "who": since["who"], "workbook": Path(since["workbook"]).name}
        return CannotStart("doubt.sent_since", when=moment(since["started"]), **told, **place)
    if before := of_run(connection, run).get(seq):
        return CannotStart("doubt.marked", words=before[-1].words, **place)
    return CannotStart("doubt.none", value=run)


def _told(connection: sa.Connection, query: str, **values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(query, values).mappings()]
