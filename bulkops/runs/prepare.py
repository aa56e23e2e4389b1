"""Everything that a run needs before the first row is sent, made ready stage by stage.

    1. the ledger, alone, and held against its witness
    2. the workbook, alone, whoever else may open it in a shared folder
    3. the plan, by what was sent before
    4. the places of results and corrections
    5. EnergyCAP: whose key it is, and what it says of the rows

Each stage makes a new value of the one before. What stands in the way ends the stages and is the run's blocker; its
rows are known by then, so each gets its status.
"""

import os
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bulkops.energycap import credentials
from bulkops.energycap.account import Owner, key_for, owner
from bulkops.ledger import Account, Ledger, Run, new_run_id, now
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.outcomes import Status
from bulkops.runs.control import UNWATCHED, Watch
from bulkops.runs.corrections_file import corrections_to
from bulkops.runs.delivery import Delivery, decide
from bulkops.runs.ledger_access import assumed_account, ledger_alone, plan_rows, watched
from bulkops.runs.load import load
from bulkops.runs.other_computer import run_on_another, unknown_runs
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.report import Options
from bulkops.system.data_folder import operator
from bulkops.system.folders import Id

_UNREACHABLE = (53, 67)
"""Windows calls what lies on a share that it does not reach not found; it may be there, for others."""


_Stage = Callable[[PreparedRun, Path, ExitStack], PreparedRun]
"""From one value to the next, by what lies in the data folder; what it opens is closed with the stack."""


@contextmanager
def prepare(
    path: Path,
    environment: Environment,
    data_folder: Path,
    options: Options,
    file: Id | None = None,
    watch: Watch = UNWATCHED,
) -> Iterator[PreparedRun]:
    """A run of a workbook. ``file``: the one that was looked at before.

    Raises CannotStart, with nothing sent, for a workbook that cannot be used.
    """
    run = PreparedRun(new_run_id(), load(path, options, file), environment, options, watch)
    with ExitStack() as stack:
        opened = _through((_with_ledger, _with_witness, _with_workbook, _with_plan), run, data_folder, stack)
        if opened.blocker is not None:
            yield replace(opened, plan=plan_rows(None, environment, run.workbook.rows, options))
        else:
            yield _made_ready(opened, data_folder, stack)


def made_ready_again(run: PreparedRun, data_folder: Path, stack: ExitStack) -> PreparedRun:
    """The same for what is left of a run: its ledger and its plan are there already."""
    return _made_ready(_through((_with_witness, _with_workbook), run, data_folder, stack), data_folder, stack)


def _made_ready(run: PreparedRun, data_folder: Path, stack: ExitStack) -> PreparedRun:
    return _through((_without_wrong_rows, _with_other_computer, _with_places, _with_energycap), run, data_folder, stack)


def _through(stages: Iterable[_Stage], run: PreparedRun, data_folder: Path, stack: ExitStack) -> PreparedRun:
    """As far as nothing stands in the way."""
    for stage in stages:
        if run.blocker is not None:
            return run
        try:
            run = stage(run, data_folder, stack)
        except BulkopsError as error:
            return replace(run, blocker=error)
        except KeyboardInterrupt:
            return replace(run, blocker=CannotStart("run.declined"))
    return run


def _with_ledger(run: PreparedRun, data_folder: Path, stack: ExitStack) -> PreparedRun:
    return replace(run, ledger=ledger_alone(data_folder, run.workbook.path.name, stack))


def _with_witness(run: PreparedRun, data_folder: Path, _: ExitStack) -> PreparedRun:
    return replace(run, notes=(*run.notes, *watched(_ledger_of(run), run.environment, data_folder)))


def _with_workbook(run: PreparedRun, _: Path, stack: ExitStack) -> PreparedRun:
    from bulkops.system.workbook_lock import workbook_alone

    path = run.workbook.path
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if getattr(error, "winerror", 0) not in _UNREACHABLE:
            return run  # a run can be resumed without its workbook
    except OSError:
        pass  # it may be there all the same, and then somebody may be running it
    note = stack.enter_context(workbook_alone(path, f"{operator()} on {platform.node()}, since {now()}"))
    return replace(run, notes=(*run.notes, note), other_computer=note) if note else run


def _with_plan(run: PreparedRun, *_: object) -> PreparedRun:
    ledger = _ledger_of(run)
    account = assumed_account(ledger, run.environment)
    plan = plan_rows(ledger, run.environment, run.workbook.rows, run.options, account)
    return replace(run, account=account, plan=plan)


def _without_wrong_rows(run: PreparedRun, *_: object) -> PreparedRun:
    """Where all or nothing is wanted: raises CannotStart for a row that needs fixing, or a sheet that was not read."""
    if not run.options.all_or_nothing:
        return run
    if invalid := sum(outcome.status is Status.INVALID for outcome in run.plan.decided):
        raise CannotStart("run.invalid", value=invalid)
    if unread := run.workbook.unread:
        raise CannotStart("run.unread", value=", ".join(each.sheet for each in unread))
    return run


def _with_other_computer(run: PreparedRun, *_: object) -> PreparedRun:
    if why := run_on_another(run.workbook, run.ledger):
        return replace(run, notes=(*run.notes, why), other_computer=run.other_computer or why)
    return run


def _with_places(run: PreparedRun, data_folder: Path, _: ExitStack) -> PreparedRun:
    delivery = _delivery(run, data_folder, run.environment.starts_with_the_run)
    run = replace(run, delivery=delivery, notes=(*run.notes, *delivery.notes))
    if wanted := run.options.corrections:
        taken = [way.path for way in delivery.ways]
        run = replace(run, corrections=corrections_to(wanted, run.workbook.path, taken, data_folder, run.id))
    return run


def _delivery(run: PreparedRun, data_folder: Path, practice: bool) -> Delivery:
    from bulkops.workbook.writing.sidecar import run_ids

    workbook = run.workbook
    own = _ledger_of(run).runs_of(str(workbook.path.resolve()))
    strange = bool(unknown_runs(run.ledger, run_ids(workbook.path)))
    place = workbook.path, workbook.sha256, data_folder, run.options.results, run.id
    return decide(*place, own, strange, workbook.unfit, practice)


def _with_energycap(run: PreparedRun, data_folder: Path, stack: ExitStack) -> PreparedRun:
    if not (run.plan.steps or _perhaps_anothers(run)):
        return run
    return _through((_with_practice, _with_key_owner, _with_facts, _without_wrong_rows), run, data_folder, stack)


def _with_practice(run: PreparedRun, _: Path, stack: ExitStack) -> PreparedRun:
    from bulkops.runs.practice import begin

    if not run.environment.starts_with_the_run:
        return run
    environment, notes = begin(run.environment, run.plan.steps, stack, run.options.trouble)
    return replace(run, environment=environment, own_practice=True, notes=(*run.notes, *notes))


def _with_key_owner(run: PreparedRun, data_folder: Path, _: ExitStack) -> PreparedRun:
    """Raises CannotStart for a key that is missing or refused, is not the run's, or leads to other data than before."""
    from bulkops.runs.practice import SERVED_APART

    key = key_for(run.environment)
    found = owner(run.environment, key)
    run = _known_by(replace(run, key=key, owner=found, key_owner=found.name), found)
    if found.source == SERVED_APART:
        former = run.delivery.notes if run.delivery else ()
        delivery = _delivery(run, data_folder, practice=True)
        notes = (*(note for note in run.notes if note not in former), *delivery.notes)
        run = replace(run, delivery=delivery, notes=notes)
    return replace(run, notes=(*run.notes, *filter(None, (found.note, found.deprecated))))


def _with_facts(run: PreparedRun, *_: object) -> PreparedRun:
    """Raises CannotStart for more bills than are allowed, or if the reading was stopped."""
    from bulkops.runs.energycap_facts import with_facts

    return with_facts(run)


def _ledger_of(run: PreparedRun) -> Ledger:
    if run.ledger is None:
        raise RuntimeError("the ledger is opened first")
    return run.ledger


def _perhaps_anothers(run: PreparedRun) -> bool:
    """May what keeps rows from being sent be another customer's, which only EnergyCAP can say?"""
    if run.resumes or run.environment.name == PRACTICE:
        return False
    held = any(each.send_again_code for each in run.plan.decided)
    # A known data source is that of the runs before: the key of today may lead to another one.
    return held and (run.account.source is not None or _ledger_of(run).may_tell_apart(run.account))


def _known_by(run: PreparedRun, found: Owner) -> PreparedRun:
    """Take in whose key it is, and plan anew where that changes what was sent before."""
    environment, assumed, ledger = run.environment, run.account, _ledger_of(run)
    if environment.name == PRACTICE:
        return run
    if run.resumes is not None:
        _refuse_other_key(run.resumes, found)
        return run
    if assumed.source and found.source and found.source != assumed.source:
        facts = {"value": environment.place, "extra": assumed.source, "words": found.source}
        raise CannotStart("me.other_source", **facts)
    if assumed.source and not found.source:
        run = replace(run, former_source=assumed.source)
    account = Account(found.source, found.id, credentials.customer_of_key(environment))
    if account == replace(assumed, owner=found.id) and not ledger.may_tell_apart(account):
        return replace(run, account=account)
    plan = plan_rows(ledger, environment, run.workbook.rows, run.options, account, found.name)
    return replace(run, account=account, plan=plan)


def _refuse_other_key(run: Run, found: Owner) -> None:
    """A run is finished with the key of the user who began it, on the same data: other batches are other users'."""
    asked = (
        (run.account.owner, found.id, run.key_owner or run.account.owner, found.name or found.id),
        (run.account.source, found.source, f"data source “{run.account.source}”", f"data source “{found.source}”"),
        # All that older ledgers know.
        (None if run.account.owner else run.key_owner, found.name, run.key_owner, found.name),
    )
    for known, now_known, was, told in asked:
        if known and known != now_known:
            raise CannotStart(
                "run.other_key", value=run.id, who=was, extra=told if now_known else "nobody that EnergyCAP names"
            )
