"""What an operator says of a request whose outcome is unknown: done after all, or to be sent again.

A resolution is added and never changed: a later one corrects it, and the last counts. It stands for one attempt alone:
whatever was sent later is not touched by it.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from bulkops.ledger.records import outcome_read, printable_text
from bulkops.ledger.schema import INTENT, attempts, lines, runs
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import moment
from bulkops.model.history import LaterSend, Resolution, ResolutionHistory, ResolutionKind, UnknownOutcome
from bulkops.model.outcomes import Outcome, Status

HELD = (INTENT, Status.DONE.value, Status.UNKNOWN.value)
"""States of an attempt that may have been carried out."""


def blocks_resend(attempt: str) -> str:
    """The condition, in SQL, that an attempt by this name blocks a resend: as ``PriorAttempt.blocks_resend``."""
    return f"{attempt}.state IN {HELD} AND coalesce({_last_mark(attempt)}, '') <> '{ResolutionKind.SEND_AGAIN}'"


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
    later.identity = unknown.identity AND later.matter = unknown.matter AND later.fingerprint = unknown.fingerprint
    AND later.id > unknown.id AND {blocks_resend("later")} AND NOT {apart("unknown", "later")}"""
"""The same request, sent once more since: its outcome is the last word on it."""
_OPEN = f"unknown.state = '{Status.UNKNOWN}' AND NOT EXISTS (SELECT 1 FROM attempts AS later WHERE {_LATER})"
_MARK = f"""
    INSERT INTO marks (attempt, verdict, who, marked)
    SELECT unknown.id, :verdict, :who, :marked FROM attempts AS unknown
    WHERE unknown.run = :run AND unknown.seq = :seq AND {_OPEN} AND coalesce({_last_mark("unknown")}, '') <> :verdict"""
_MARKS = """
    SELECT attempts.seq, marks.verdict, marks.who, marks.marked FROM attempts JOIN marks ON marks.attempt = attempts.id
    WHERE attempts.run = :run ORDER BY marks.id"""
_PLACE = "SELECT sheet || ', row ' || row AS value FROM lines WHERE run = :run AND seq = :seq"
_SINCE = f"""
    SELECT unknown.seq, runs.id AS run, runs.workbook, later.who, later.started
    FROM attempts AS unknown JOIN attempts AS later ON {_LATER} JOIN runs ON runs.id = later.run
    WHERE unknown.run = :run AND unknown.state = '{Status.UNKNOWN}' ORDER BY later.id"""
_RESOLVED = f"""
    SELECT run, verdict, since, count(*) AS rows FROM (
        SELECT unknown.run, {_last_mark("unknown")} AS verdict,
            EXISTS (SELECT 1 FROM attempts AS later WHERE {_LATER}) AS since
        FROM attempts AS unknown WHERE unknown.state = '{Status.UNKNOWN}')
    WHERE verdict IS NOT NULL OR since GROUP BY run, verdict, since"""


def unknown_outcomes(connection: sa.Connection, environment_id: str | None, marked: bool) -> list[UnknownOutcome]:
    """Those of an environment, newest first; None: of all of them. ``marked``: also what an operator has resolved."""
    unknown = attempts.alias("unknown")
    query = (
        sa.select(
            *(lines.c[name] for name in ("run", "seq", "sheet", "row", "operation", "target", "state")),
            *(unknown.c[name] for name in ("who", "started", "outcome", "code")),
            *(runs.c[name] for name in ("environment", "workbook")),
        )
        .select_from(unknown.join(lines).join(runs, runs.c.id == unknown.c.run))
        .where(sa.text(_OPEN if marked else f"{_OPEN} AND {_last_mark('unknown')} IS NULL"))
        .order_by(sa.desc(unknown.c.id))
    )
    if environment_id is not None:
        query = query.where(unknown.c.identity == environment_id)
    found = [dict(row) for row in connection.execute(query).mappings()]
    return [_unknown_outcome(each, outcome_read(each, each)) for each in found]


def _unknown_outcome(found: Mapping[str, Any], seen: Outcome) -> UnknownOutcome:
    place = (found["run"], seen.seq, seen.sheet, seen.row, seen.operation, seen.target)
    sent = (found["environment"], found["workbook"], found["started"], found["who"])
    return UnknownOutcome(*place, *sent, seen.code, seen.message, seen.tip, found["code"])


def add(connection: sa.Connection, run: str, seq: int, resolution: Resolution) -> bool:
    """Resolve a row; False, with nothing changed, where its outcome is not unknown or it is resolved so already."""
    values = {
        "run": run,
        "seq": seq,
        "verdict": resolution.kind.value,
        "who": printable_text(resolution.who),
        "marked": resolution.when,
    }
    return connection.exec_driver_sql(_MARK, values).rowcount == 1


class ResolvedRows(NamedTuple):
    """Rows of a run whose outcome was unknown and that are not to be checked any more."""

    kind: ResolutionKind | None
    """What operators have said of them last."""
    since: bool
    """Was the same sent once more since?"""
    rows: int


def resolved(connection: sa.Connection) -> dict[str, list[ResolvedRows]]:
    """Run → its rows of unknown outcome that are not to be checked any more."""
    found: dict[str, list[ResolvedRows]] = {}
    for each in _told(connection, _RESOLVED):
        kind = ResolutionKind(each["verdict"]) if each["verdict"] else None
        found.setdefault(each["run"], []).append(ResolvedRows(kind, bool(each["since"]), each["rows"]))
    return found


def resolutions(connection: sa.Connection, run: str) -> dict[int, ResolutionHistory]:
    """By seq, the resolutions of a run's rows, and the last send of the same since."""
    found = {seq: ResolutionHistory(tuple(each)) for seq, each in of_run(connection, run).items()}
    for each in _told(connection, _SINCE, run=run):
        since = LaterSend(each["started"], each["who"], Path(each["workbook"]).name)
        found[each["seq"]] = replace(found.get(each["seq"], ResolutionHistory()), since=since)
    return found


def of_run(connection: sa.Connection, run: str) -> dict[int, list[Resolution]]:
    """The resolutions of a run's rows, by seq; the last one counts."""
    found: dict[int, list[Resolution]] = {}
    for each in _told(connection, _MARKS, run=run):
        found.setdefault(each["seq"], []).append(
            Resolution(ResolutionKind(each["verdict"]), each["who"], each["marked"])
        )
    return found


def refusal(connection: sa.Connection, run: str, seq: int) -> CannotStart:
    """Why a row cannot be resolved."""
    (place,) = _told(connection, _PLACE, run=run, seq=seq) or [{"value": ""}]
    for since in [each for each in _told(connection, _SINCE, run=run) if each["seq"] == seq][-1:]:
        told = {"extra": since["run"], "who": since["who"], "workbook": Path(since["workbook"]).name}
        return CannotStart("doubt.sent_since", when=moment(since["started"]), **told, **place)
    if before := of_run(connection, run).get(seq):
        return CannotStart("doubt.marked", words=before[-1].words, **place)
    return CannotStart("doubt.none", value=run)


def _told(connection: sa.Connection, query: str, **values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.exec_driver_sql(query, values).mappings()]
