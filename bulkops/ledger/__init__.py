"""The record of every run and every request: intent before a send, outcome after.

tables.py    runs, lines (a workbook's rows as planned), attempts (what was sent); opening and migration
records.py   values ↔ what is stored of them
reserve.py   the place for an outcome that the ledger itself cannot take
marks.py     what an operator says of an attempt whose outcome is unknown
book.py      the ledger: the only writer of what was sent and what became of it
"""

from bulkops.ledger.book import Ledger
from bulkops.ledger.records import Run, new_run_id, now
from bulkops.ledger.tables import INTENT, PLANNED, SCHEMA_VERSION

__all__ = ["INTENT", "PLANNED", "SCHEMA_VERSION", "Ledger", "Run", "new_run_id", "now"]
