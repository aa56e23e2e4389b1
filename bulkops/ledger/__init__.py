"""The record of every run and every request: intent before a send, outcome after.

schema.py      runs, lines (a workbook's rows as planned), attempts (what was sent); opening and migration
records.py     values ↔ what is stored of them
reserve.py     the place for an outcome that the ledger itself cannot take
witness.py     the second record, outside the data folder, by which a ledger that is not the newest is known
witness_sync.py what a ledger lacks of what its witness tells, and how it is taken over
archive.py     the file for what old runs said of their rows, and how it gets there
resolutions.py what an operator says of an attempt whose outcome is unknown
history.py     what a ledger tells
remaining_rows.py the rows of a run that are left to do
ledger.py      the ledger: the only writer of what was sent and what became of it
"""

from bulkops.ledger.ledger import Ledger
from bulkops.ledger.migrations import is_older
from bulkops.ledger.records import Account, Run, new_run_id, now
from bulkops.ledger.witness import Witness

__all__ = ["Account", "Ledger", "Run", "Witness", "is_older", "new_run_id", "now"]
