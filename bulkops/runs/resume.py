"""What is left of a run that was stopped or cut short: which run, which rows, and making it ready once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.messages.errors import CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.rows import CheckedRow, Unread
from bulkops.runs.control import UNWATCHED, Watch
from bulkops.runs.ledger_access import LEDGER, ledger_alone, plan_rows
from bulkops.runs.load import LoadedWorkbook, as_it_was
from bulkops.runs.report import KEPT_OPTIONS, Options
from bulkops.runs.upload_folders import known_as

if TYPE_CHECKING:
    from bulkops.ledger import Ledger, Run
    from bulkops.runs.prepared_run import PreparedRun


@contextmanager
def prepare_again(
    run: str | None, data_folder: Path, results: Path | None = None, watch: Watch = UNWATCHED
) -> Iterator[PreparedRun]:
    """What a run left undone that was cut short. Its rows are the ledger's; the workbook is not read.

    Without ``run``: the newest that was cut short and whose workbook was not run since. Raises CannotStart if there
    is none, or if nothing of it is left to do.
    """
    from bulkops.runs.prepare import made_ready_again
    from bulkops.runs.prepared_run import PreparedRun
    from bulkops.runs.recorded_run import left_out
    from bulkops.runs.recorded_run import rows as rows_of

    if not (data_folder / LEDGER).exists():
        raise CannotStart("run.nothing_left")
    with ExitStack() as stack:
        ledger = ledger_alone(data_folder, f"resume {run or ''}".strip(), stack)
        found, rows = cut_short(ledger, run)
        left = {row.seq for row in rows}
        base_url = "" if found.environment == PRACTICE else found.base_url
        environment = Environment(found.environment, base_url, found.account.customer)
        options, outcomes = _options(found, results), rows_of(ledger, found.id)
        plan = plan_rows(ledger, environment, rows, options, found.account, found.key_owner, resumed=True)
        plan = plan.named({each.seq: each.name for each in outcomes})
        prepared = PreparedRun(
            *(found.id, _workbook(found, rows, left_out(found)), environment, options, watch, plan),
            resumes=found,
            earlier=tuple(each for each in outcomes if each.seq not in left),
            before={each.seq: each for each in outcomes if each.seq in left},
            ledger=ledger,
            account=found.account,
        )
        yield made_ready_again(prepared, data_folder, stack)


def _options(run: Run, results: Path | None) -> Options:
    asked = {name: run.options[name] for name in KEPT_OPTIONS if name in run.options}
    place = results or (Path(asked["results"]) if asked.get("results") else None)
    return Options(**{**asked, "results": place})


def _workbook(run: Run, rows: tuple[CheckedRow, ...], unread: tuple[Unread, ...]) -> LoadedWorkbook:
    path = Path(run.workbook)
    sha256, unfit = as_it_was(path, run.workbook_sha256)
    notes = tuple(each.note for each in unread)
    return LoadedWorkbook(path, sha256, run.workbook_sha256, rows, notes, unread=unread, unfit=unfit)


def cut_short(ledger: Ledger, name: str | None) -> tuple[Run, tuple[CheckedRow, ...]]:
    """The run to resume, and its rows that are left to do; there may be none if only its end was not recorded."""
    if not name:
        run = next((run for run, rows in left_of(ledger, ledger.runs()) if rows is not None), None)
        if run is None:
            raise CannotStart("run.nothing_left")
        return run, tuple(ledger.resumable(run.id))
    for run, follower in _followed(ledger.runs(name), {name}):
        rows = ledger.resumable(run.id)
        if rows and follower:
            raise CannotStart("run.followed", value=name, extra=follower.id)
        if not rows and (follower or run.ended):
            raise CannotStart("run.nothing_left")
        return run, tuple(rows)
    raise CannotStart("run.not_found", value=name)


def left_of(ledger: Ledger, runs: list[Run]) -> Iterator[tuple[Run, int | None]]:
    """The runs of which something is left to do, of all of them, newest first, each with how many of its rows; None:
    its workbook was run since, so it is not resumed."""
    left = ledger.left()
    for run, follower in _followed(runs, {run.id for run in runs if run.totals is None or run.id in left}):
        if follower is not None:
            yield run, None
        else:
            # Of one that has not ended nobody has said yet of each row what became of it.
            rows = left[run.id] if run.totals is not None else len(ledger.resumable(run.id))
            if rows or run.ended is None:
                yield run, rows


def _followed(runs: list[Run], wanted: set[str]) -> Iterator[tuple[Run, Run | None]]:
    """The runs that are wanted, newest first, each with one by which its workbook was run since; ``runs``: all, or all
    since the oldest of them."""
    from bulkops.ledger.records import apart

    since: dict[tuple[str, str], list[Run]] = {}
    for run in runs if wanted else ():
        place = PRACTICE if run.environment == PRACTICE else run.base_url
        later = since.setdefault((known_as(run.workbook), place), [])
        if run.id in wanted:
            same = (each for each in later if not apart(each.account, run.account, each.key_owner == run.key_owner))
            yield run, next(same, None)
        later.append(run)
