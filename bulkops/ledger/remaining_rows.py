"""Which rows are left for a resumed run: those that were not carried out for a reason that lay outside them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bulkops.ledger.schema import PLANNED, UNSENT, attempts, lines
from bulkops.model.outcomes import OUTSIDE_THE_ROW, Outcome, Status

_REASONS = {"row.stopped", "row.held", *OUTSIDE_THE_ROW}
"""Codes of such rows."""


def is_left(outcome: Outcome, attempt: Mapping[str, Any] | None) -> bool:
    """Is a row left, by what became of it and its last attempt?"""
    if outcome.status not in (Status.NOT_SENT, Status.FAILED):
        return False
    return (attempt is None and not outcome.code) or outcome.code in _REASONS


def left(connection: sa.Connection) -> dict[str, int]:
    """Run → how many of its rows are left, of the runs whose every row has an outcome."""
    last, later = attempts.alias("last"), attempts.alias("later")
    why, said = (table.c.outcome["code"].as_string() for table in (lines, last))
    tried = sa.exists().where(attempts.c.run == lines.c.run, attempts.c.seq == lines.c.seq)
    again = sa.exists().where(later.c.run == last.c.run, later.c.seq == last.c.seq, later.c.id > last.c.id)
    unsent = (
        sa.select(lines.c.run)
        .where(sa.text(f"lines.{UNSENT}"), lines.c.cells.is_not(None))
        .where(sa.or_(why.in_(_REASONS), sa.and_(why == "", ~tried)))
    )
    failed = (
        sa.select(lines.c.run)
        .select_from(last.join(lines, sa.and_(lines.c.run == last.c.run, lines.c.seq == last.c.seq)))
        .where(sa.text(f"last.{UNSENT}"), said.in_(_REASONS), ~again)
        .where(lines.c.state == PLANNED, lines.c.cells.is_not(None))
    )
    rows = sa.union_all(unsent, failed).subquery()
    counted = connection.execute(sa.select(rows.c.run, sa.func.count()).group_by(rows.c.run))
    return {row[0]: row[1] for row in counted}
