"""Was a workbook run on another computer? A ledger knows what was sent from here; results tell of the rest."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.messages.errors import CannotStart

if TYPE_CHECKING:
    from bulkops.ledger import Ledger
    from bulkops.runs.load import LoadedWorkbook
    from bulkops.workbook.allowance import Allowance

_SECONDS = 60
"""For a closer look at all the results that lie beside a workbook."""


def run_on_another(workbook: LoadedWorkbook, ledger: Ledger | None) -> str:
    """Why its rows may have been sent from another computer; "" if nothing says so."""
    from bulkops.workbook.writing.sidecar import results_there, several

    allowance = several(_SECONDS)
    beside = ((path, _beside(path, ledger, allowance)) for path in results_there(workbook.path))
    for path, found in ((workbook.path, workbook.run_ids), *beside):
        if unknown := unknown_runs(ledger, found):
            why = f"{path.name} holds the results of a run that this computer does not know ({max(unknown)})"
            return f"{why}: its rows may have been sent. Look there first."
    return ""


def unknown_runs(ledger: Ledger | None, run_ids: AbstractSet[str]) -> AbstractSet[str]:
    """Those that the ledger does not know; all of them where there is none."""
    return ledger.unknown_runs(run_ids) if ledger else run_ids


def _beside(path: Path, ledger: Ledger | None, allowance: Allowance) -> set[str]:
    """The runs whose results a file holds; which of them were only practised takes a closer look."""
    from bulkops.workbook import reader
    from bulkops.workbook.allowance import TooBig
    from bulkops.workbook.writing import sidecar

    found = sidecar.run_ids(path, allowance)
    if unknown_runs(ledger, found):
        with suppress(CannotStart, TooBig):
            allowance.take()
            return reader.run_ids(reader.read_workbook(path))
    return found
