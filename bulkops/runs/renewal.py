"""The results of an earlier run renewed where they lie, after a person has settled one of its rows.

A sheet that still says "Do not send it again" of such a row would be wrong. Nothing but the run's own results is
replaced, with the care of a run: with the workbook's lock, a copy kept, and only if nobody has changed the file
meanwhile, has it open, or has added to the results. Where that cannot be done it is said why, and nothing is changed.
"""

import hashlib
import os
import platform
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bulkops.ledger import Ledger, Run
from bulkops.messages.errors import COMMON, BulkopsError, CannotStart
from bulkops.runs import backups, recorded_run
from bulkops.runs.practice import only_practised
from bulkops.system import folders, log
from bulkops.system.data_folder import operator
from bulkops.system.files import opened_by, save, writable
from bulkops.system.replacement import Changed
from bulkops.system.workbook_lock import workbook_alone
from bulkops.workbook.writing.sidecar import renewed, runs_in
from bulkops.workbook.writing.suitability import CannotGraft


@dataclass(frozen=True, slots=True)
class Renewed:
    """What came of it."""

    path: Path | None = None
    """Where the results lie that say it now; None if they do not."""
    why_not: str = ""
    """Why they do not; "" where no results were ever written."""
    replaced: bool = False
    """Are those of a later run in their place, so that nothing there is wrong?"""

    def __str__(self) -> str:
        """To be told to who has settled the row."""
        return f"The results in {self.path.name} say so now." if self.path else self.why_not


def renew(ledger: Ledger, name: str, data_folder: Path, held: Path | None = None) -> Renewed:
    """Renew a run's results. ``held``: the workbook whose lock the caller has. Raises nothing: the row is settled."""
    run = next(iter(ledger.runs_named([name])), None)
    if run is None or run.results is None:
        return Renewed()
    path = Path(run.results)
    try:
        with ExitStack() as stack:
            workbook = Path(run.workbook)
            if os.path.exists(workbook) and workbook != held:
                stack.enter_context(workbook_alone(workbook, f"{operator()} on {platform.node()}"))
            return _renewed(ledger, run, path, data_folder)
    except FileNotFoundError:
        why = COMMON["place.gone"].sentence.format(path=path.name)
    except Changed:
        why = COMMON["place.changed"].sentence.format(path=path.name)
    except CannotGraft as error:
        why = COMMON[error.code].sentence.format(path=path.name, detail=error.detail)
    except OSError as error:
        why = f"{path.name}: {error.strerror or error}."
    except BulkopsError as error:
        why = error.sentence
    except Exception as error:
        why = log.record(error).sentence
    return Renewed(why_not=str(CannotStart("results.not_renewed", path=path, value=why)))


def _renewed(ledger: Ledger, run: Run, path: Path, data_folder: Path) -> Renewed:
    """Raises CannotGraft, OSError, FileNotFoundError if the file is gone."""
    content = folders.content(path)
    told, later = runs_in(content), {each.id for each in ledger.runs(run.id)} - {run.id}
    if run.id not in told or told & later:
        return Renewed(why_not=str(CannotStart("results.replaced", path=path, value=run.id)), replaced=True)
    if program := opened_by(path):
        raise CannotGraft("place.open", program)
    if not writable(path):
        raise CannotGraft("place.no_access")
    if path.stat().st_nlink > 1:
        raise CannotGraft("place.linked")
    results, workbook = recorded_run.results(run, recorded_run.rows(ledger, run.id)), Path(run.workbook)
    if path != workbook and only_practised(run.environment, run.account.source):
        results = results.practised()

    def backup(old: Path) -> None:
        backups.keep_one(old, data_folder, f"before the results of {run.id} were renewed")

    save(path, renewed(content, results, workbook, path), hashlib.sha256(content).hexdigest(), backup)
    return Renewed(path)
