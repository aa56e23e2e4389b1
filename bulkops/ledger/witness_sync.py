"""Between the ledger and its witness: what the ledger lacks, how it is taken over, and what the witness is told."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

import sqlalchemy as sa

from bulkops.ledger.codes import is_code, new_code
from bulkops.ledger.records import Account, now, outcome_read, written
from bulkops.ledger.resolutions import HELD
from bulkops.ledger.schema import PLANNED, accounts, attempts, lines, runs
from bulkops.ledger.witness import KEPT, Lacking, Seen, Told
from bulkops.model.environment import PRACTICE
from bulkops.model.outcomes import Status
from bulkops.model.plan import Step

_TOLD = (
    *("id", "started", "who", "computer", "key_owner", "environment", "base_url"),
    *("workbook", "workbook_sha256", "version", "options"),
)
"""What is known of a run when it begins."""
Words = Callable[[str, str, str], tuple[str, str]]
"""Operation, target, code → message and tip of a row that was on its way when the program ended."""
_HAS = "SELECT run, seq, started FROM attempts WHERE run IN (SELECT value FROM json_each(:runs))"
_COUNT = f"""
    SELECT coalesce(max(id), 0) - (SELECT count(*) FROM attempts WHERE identity = '{PRACTICE}') FROM attempts"""
"""Attempts are numbered without gaps, and none is ever deleted."""
_NEWEST = f"""
    SELECT run, seq, attempts.started, sheet, row, operation, target, attempts.identity, attempts.fingerprint,
        attempts.matter, attempts.released, asked, attempts.who, attempts.code
    FROM attempts JOIN lines USING (run, seq) WHERE attempts.identity <> '{PRACTICE}'
    ORDER BY attempts.id DESC LIMIT {KEPT}"""


def seen(run: str, environment_id: str, step: Step, code: str, who: str, started: str) -> Seen:
    """An intent as the witness sees it."""
    row = step.row
    asks = (step.fingerprint, step.idempotency_key, step.released, bool(step.wish))
    place = (row.sheet, row.number, row.operation, row.target)
    return Seen(run, row.seq, started, *place, environment_id, *asks, who, code)


def runs_told(connection: sa.Connection, names: Iterable[str]) -> list[dict[str, Any]]:
    """What the witness is told of these runs."""
    asked = sa.func.json_each(json.dumps(sorted(names))).table_valued("value")
    whose = (accounts.c[each.name] for each in fields(Account))
    query = sa.select(*(runs.c[name] for name in _TOLD), *whose).select_from(runs.outerjoin(accounts))
    found = connection.execute(query.where(runs.c.id.in_(sa.select(asked.c.value)))).mappings()
    return [dict(row) for row in found]


def lacking(connection: sa.Connection, told: Told) -> Lacking:
    """What the ledger has no attempt for, of all that the witness tells."""
    if not told.intents and not told.before:
        return Lacking()
    named = json.dumps(sorted({run for run, _, _ in told.intents}))
    known = {tuple(row) for row in connection.exec_driver_sql(_HAS, {"runs": named})}
    intents = tuple(each for place, each in told.intents.items() if place not in known)
    count = connection.exec_driver_sql(_COUNT).scalar_one()
    return Lacking(intents, told.runs, max(told.before - count, 0))


def newest(connection: sa.Connection) -> tuple[list[dict[str, Any]], list[Seen], int]:
    """(runs, their intents, how many intents there were before): what a journal holds that is written anew."""
    found = [Seen(**row) for row in connection.exec_driver_sql(_NEWEST).mappings()][::-1]
    count = connection.exec_driver_sql(_COUNT).scalar_one()
    return runs_told(connection, {each.run for each in found}), found, count - len(found)


def take_over(connection: sa.Connection, lacks: Lacking, words: Words) -> None:
    """Record what is lacking: each row's last intent as unknown; an earlier one was not carried out, or it had been
    the last."""
    last = {(each.run, each.seq): each for each in lacks.intents}
    for run in dict.fromkeys(each.run for each in lacks.intents):
        rows = [each for each in lacks.intents if each.run == run]
        if connection.execute(sa.select(runs.c.id).where(runs.c.id == run)).first() is None:
            _add_run(connection, run, rows, (lacks.runs or {}).get(run, {}))
        for each in rows:
            _add_attempt(connection, each, words, last[each.run, each.seq] is each)


def _add_run(connection: sa.Connection, name: str, rows: list[Seen], told: Mapping[str, Any]) -> None:
    first = rows[0]
    known = {"id": name, "started": first.started, "who": first.who, "base_url": first.identity, "options": {}, **told}
    values = {each: known.get(each, "") for each in _TOLD}
    connection.execute(runs.insert().values(**values, ended=now()))
    if told:
        whose = {each.name: told.get(each.name) for each in fields(Account)}
        connection.execute(accounts.insert().values(run=name, **whose))


def _add_attempt(connection: sa.Connection, each: Seen, words: Words, is_last: bool) -> None:
    asks = {name: getattr(each, name) for name in ("identity", "fingerprint", "matter", "released")}
    here = lines.c.run == each.run, lines.c.seq == each.seq
    changed = {**asks, "asked": each.asked, "state": PLANNED, "outcome": None}
    if connection.execute(lines.update().where(*here).values(**changed)).rowcount == 0:
        place = {name: getattr(each, name) for name in ("run", "seq", "sheet", "row", "operation", "target")}
        connection.execute(lines.insert().values(**place, **changed, round=0))
    tried = connection.execute(
        sa.select(attempts.c.round, attempts.c.state).where(attempts.c.run == each.run, attempts.c.seq == each.seq)
    ).all()
    number = max((row.round for row in tried), default=-1) + 1
    values: dict[str, Any] = {"state": Status.NOT_SENT.value}
    if is_last and not any(row.state in HELD for row in tried):
        line = dict(connection.execute(sa.select(lines).where(*here)).mappings().one())
        code = _free(connection, each.code)
        message, tip = words(each.operation, each.target, code)
        outcome = outcome_read(line, {"outcome": None, "started": each.started, "code": code})
        unknown = replace(outcome, code="sent.interrupted", message=message, tip=tip)
        values = {"state": Status.UNKNOWN.value, "outcome": written(unknown), "code": code}
    connection.execute(
        attempts.insert().values(
            run=each.run, seq=each.seq, round=number, **asks, who=each.who, started=each.started, ended=now(), **values
        )
    )
    connection.execute(lines.update().where(*here).values(round=number))


def _free(connection: sa.Connection, code: str) -> str:
    """The code, as results may name it, or another one where that is none or another attempt has it."""
    while not is_code(code) or connection.execute(sa.select(attempts.c.id).where(attempts.c.code == code)).first():
        code = new_code()
    return code
