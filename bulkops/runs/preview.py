"""A check: what each row would come to if it were run now. Nothing is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bulkops.energycap.account import Owner
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.messages.precheck import not_asked
from bulkops.model.environment import Environment
from bulkops.model.facts import Facts
from bulkops.model.outcomes import Outcome, Status, outcome_of
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow
from bulkops.runs.control import UNWATCHED, Watch
from bulkops.runs.ledger_access import any_ledger, assumed_account, plan_rows
from bulkops.runs.load import LoadedWorkbook, load
from bulkops.runs.other_computer import run_on_another
from bulkops.runs.report import Options, Report, in_order


def check(
    path: Path, environment: Environment, data_folder: Path, options: Options, watch: Watch = UNWATCHED
) -> Report:
    """Read, check and plan a workbook, and ask EnergyCAP what it says of the rows, if there is a key for it. Nothing is
    written but wanted corrections."""
    from bulkops.ledger import new_run_id
    from bulkops.runs.corrections_file import corrections_to
    from bulkops.runs.energycap_facts import held_against
    from bulkops.workbook.reader import without_collecting

    wanted = options.corrections
    corrections = corrections_to(wanted, path, (), data_folder, new_run_id()) if wanted else None
    workbook = load(path, options)
    with any_ledger(data_folder) as ledger:
        account = assumed_account(ledger, environment) if ledger else None
        plan = plan_rows(ledger, environment, workbook.rows, options, account, new=ledger is None)
        other_computer = run_on_another(workbook, ledger)
    facts, owner, why_not = _asked(plan, workbook.rows, environment, options, watch)
    with without_collecting():
        plan, said, touched = held_against(plan, workbook.rows, facts, owner)
        report = previewed(workbook, environment, plan)
    more = (other_computer, why_not, *said, *(touched.words() if facts.asked else ()))
    report = replace(report, notes=(*report.notes, *filter(None, more)))
    if corrections is None:
        return report
    told, notes = corrections.deliver(workbook.layouts, workbook.rows, report.outcomes)
    return replace(report, notes=(*report.notes, *notes), internal_error=corrections.internal_error, corrections=told)


def _asked(
    plan: Plan, rows: Sequence[CheckedRow], environment: Environment, options: Options, watch: Watch
) -> tuple[Facts, Owner | None, str]:
    """What EnergyCAP says of the rows, whose key it is, and why it was not asked, where that is worth a word."""
    from bulkops.energycap.account import key_for, owner
    from bulkops.runs.energycap_facts import asked

    # The practice EnergyCAP of a run takes what the rows name as given.
    if options.offline or environment.starts_with_the_run:
        return Facts(), None, ""
    try:
        key = key_for(environment)
    except BulkopsError:
        return Facts(), None, ""
    try:
        known = owner(environment, key)
        return asked(plan, rows, environment, key, watch), known, known.deprecated
    except CannotStart as error:
        return Facts(), None, not_asked(error.sentence)


def corrections(report: Report, options: Options, data_folder: Path) -> tuple[str, list[str]]:
    """(where how many rows are, what else there is to say): the rows of a check or a run that are to be corrected.

    Raises CannotStart if the workbook is not the one any more that the report is of, or if nothing may be put there.
    """
    from bulkops.ledger import new_run_id
    from bulkops.runs.corrections_file import corrections_to

    place = options.corrections
    if place is None:
        raise ValueError("corrections need a place")
    taken = [report.results] if report.results else []
    wanted = corrections_to(place, report.workbook, taken, data_folder, report.run or new_run_id())
    workbook = load(report.workbook, options)
    if workbook.content_hash != report.content_hash:
        raise CannotStart("corrections.changed", path=report.workbook.name)
    told = wanted.deliver(workbook.layouts, workbook.rows, report.outcomes)
    if wanted.internal_error is not None:
        raise wanted.internal_error
    return told


def previewed(
    workbook: LoadedWorkbook, environment: Environment, plan: Plan, earlier: Iterable[Outcome] = ()
) -> Report:
    """What each row would come to if the plan were carried out now."""
    ready = (outcome_of(step.row, Status.READY, name=step.name) for step in plan.steps)
    return Report(
        *(workbook.path, environment, in_order((*earlier, *plan.decided, *ready)), workbook.notes),
        checked=workbook.rows,
        marked={
            step.row.seq: step.prior_attempt.code
            for step in plan.steps
            if step.prior_attempt and step.prior_attempt.resolution
        },
        content_hash=workbook.content_hash,
        unread=workbook.unread,
    )
