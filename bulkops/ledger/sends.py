"""What is changed in the ledger before a row is sent and after it."""

from __future__ import annotations

from dataclasses import dataclass

from bulkops.ledger import marks
from bulkops.ledger.marks import holds
from bulkops.ledger.records import printable_text
from bulkops.ledger.store import Change
from bulkops.ledger.tables import INTENT, PLANNED
from bulkops.model import Step

INTEND = f"""
    INSERT INTO attempts (run, seq, round, identity, fingerprint, matter, released, code, state, who, started)
    SELECT run, seq, round, identity, fingerprint, matter, released, :code, '{INTENT}', :who, :started FROM lines
    WHERE run = :run AND seq = :seq AND state = '{PLANNED}' AND fingerprint = :fingerprint
    AND released = coalesce((
        SELECT coalesce(nullif(earlier.code, ''), 'none') FROM attempts AS earlier
        WHERE earlier.identity = lines.identity AND earlier.matter = lines.matter AND {holds("earlier")}
        AND NOT {marks.apart("lines", "earlier")}
        ORDER BY earlier.id DESC LIMIT 1), '')"""
"""The line as planned becomes an attempt: if the code of the newest attempt that holds it back released it, or if
nothing holds it back and nothing released it."""
WITHDRAW = f"DELETE FROM attempts WHERE run = :run AND seq = :seq AND code = :code AND state = '{INTENT}'"
RENUMBER = "UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(id), 0) FROM attempts) WHERE name = 'attempts'"
"""The next attempt gets the number of one that was undone: by their numbers the witness knows how many were sent."""
CONCLUDE = f"""
    UPDATE attempts SET state = :state, ended = :ended, outcome = :outcome, evidence = :evidence, new_task = :new_task
    WHERE run = :run AND seq = :seq AND started = :started AND state = '{INTENT}'"""


@dataclass(frozen=True, slots=True)
class Intent:
    """A row that is about to be sent."""

    run: str
    step: Step
    started: str
    who: str
    code: str

    @property
    def change(self) -> Change:
        """What it changes in the ledger."""
        values = {
            "run": self.run,
            "seq": self.step.row.seq,
            "fingerprint": self.step.fingerprint,
            "who": printable_text(self.who),
            "started": self.started,
            "code": self.code,
        }
        return Change(INTEND, values, "the record shows that it was or may have been done")
