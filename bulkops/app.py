"""The story of a run, in the words of the rooms it goes through.

    1. reader     the workbook is read once, every cell as it is
    2. checking   every row is checked against its operation's rules
    3. ledger     what was sent before is looked up; an interrupted row becomes unknown
    4. planning   every row is decided, or becomes a step
    5. preflight  the results can be written, EnergyCAP answers, and we know as whom
    6. (the operator says yes)
    7. processor  intent, one send, outcome; row by row
    8. results    one line for every row read

Nothing here prints, and nothing here loops over rows to decide about them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops import planning, settings
from bulkops.errors import CannotStart
from bulkops.model import Status, outcome_of
from bulkops.operations import all_operations
from bulkops.report import Material, Options, Report, in_order
from bulkops.settings import Environment

if TYPE_CHECKING:
    from bulkops.ledger import Ledger, Run
    from bulkops.running import Prepared

LEDGER = "ledger.sqlite3"


def check(path: Path, where: Environment, folder: Path, options: Options) -> Report:
    """Steps 1 to 4: what each row would come to. Nothing is sent, nothing is written."""
    material = _read(path, options)
    history: planning.History = {}
    with _ledger(folder) as ledger:
        if ledger is not None:
            history = ledger.past(where.identity)
    plan = planning.plan(material.rows, all_operations(), history, where.identity, options.send_again)
    ready = tuple(outcome_of(step.row, Status.READY) for step in plan.steps)
    return Report(path, where, in_order((*plan.decided, *ready)), material.notes)


@contextmanager
def prepare(path: Path, where: Environment, folder: Path, options: Options) -> Iterator[Prepared]:
    """Steps 1 to 5. Raises CannotStart, with nothing sent, for a workbook or a ledger that cannot be used;

    what stands between here and EnergyCAP is the prepared run's ``obstacle``, for its rows are known by then.
    """
    from bulkops.ledger import Ledger, new_run_id, now
    from bulkops.lock import only_one
    from bulkops.preflight import enter, results_place, who_am_i
    from bulkops.running import Prepared, interrupted

    material = _read(path, options)
    run = new_run_id()
    with ExitStack() as stack:
        stack.enter_context(only_one(folder, f"{settings.operator()}, {path.name}, since {now()}"))
        ledger = Ledger(folder / LEDGER)
        stack.callback(ledger.close)
        ledger.settle_interrupted(interrupted)
        history = ledger.past(where.identity)
        plan = planning.plan(material.rows, all_operations(), history, where.identity, options.send_again)
        results, notes = results_place(path, folder, options.results, run)
        prepared = Prepared(run, material, where, plan, ledger, results, options.jobs, notes)
        if plan.steps and not (options.all_or_nothing and prepared.invalid()):
            try:
                prepared.where, prepared.key = enter(where, stack)
                prepared.owner, note = who_am_i(prepared.where, prepared.key)
                notes += [note] if note else []
            except CannotStart as error:
                prepared.obstacle = error
        yield prepared


def history(folder: Path) -> list[tuple[Run, dict[str, int]]]:
    """Every run of this ledger, newest first, with its rows counted by state."""
    with _ledger(folder) as ledger:
        return [(run, ledger.counts(run.id)) for run in ledger.runs()] if ledger else []


def recall(folder: Path, run: str) -> Report:
    """One run's rows, from the ledger alone. Raises CannotStart if there is no such run."""
    with _ledger(folder) as ledger:
        for each in ledger.runs() if ledger else []:
            if ledger is not None and each.id == run:
                where = Environment(each.environment, each.base_url)
                results = Path(each.results) if each.results else None
                return Report(Path(each.workbook), where, tuple(ledger.outcomes(run)), (), run, results)
    raise CannotStart("run.not_found", value=run)


@contextmanager
def _ledger(folder: Path) -> Iterator[Ledger | None]:
    """The ledger for looking things up; None where nothing has been run yet."""
    if not (folder / LEDGER).exists():
        yield None
        return
    from bulkops.ledger import Ledger

    ledger = Ledger(folder / LEDGER)
    try:
        yield ledger
    finally:
        ledger.close()


def _read(path: Path, options: Options) -> Material:
    from bulkops.checking import check as check_rows
    from bulkops.workbook.reader import read_workbook

    # A workbook makes millions of small values that all stay: collecting garbage meanwhile finds none.
    gc.disable()
    try:
        workbook = read_workbook(path)
        checked = check_rows(workbook, list(all_operations().values()), options.include_hidden)
    finally:
        gc.enable()
    if not checked.rows:
        hint = "".join(f" {note}" for note in checked.notes[:3])
        raise CannotStart("workbook.no_rows", path=path.name, extra=hint)
    hidden = sum(row.hidden for row in checked.rows)
    told = [f"{hidden} hidden rows were read and will not be sent; --include-hidden sends them too."] if hidden else []
    return Material(path, workbook.sha256, checked.rows, (*checked.notes, *told))
