"""The results of a run of the history. They are looked for on the disk, so this belongs in a worker's thread."""

from pathlib import Path

from bulkops.desktop.opening import is_workbook
from bulkops.messages.errors import CannotStart
from bulkops.runs import history, ledger_access


def results_of(folder: Path, run: str) -> Path:
    """A file with the run's results: the one it has written, if that still holds them, else one made from the ledger.

    Raises CannotStart if that cannot be written.
    """
    from bulkops.workbook.writing.sidecar import run_ids

    with ledger_access.any_ledger(folder) as ledger:
        found = next(iter(ledger.runs_named([run])), None) if ledger else None
    written = Path(found.results) if found and found.results else None
    if written and is_workbook(written) and run in run_ids(written):
        return written
    again = history.recall(folder, run).results
    if again is None:
        raise CannotStart("history.results", value=run, path=folder)
    return again
