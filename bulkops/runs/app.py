"""The story of a run, in the words of the rooms it goes through.

    1. reader     the workbook is read once, every cell as it is
    2. checking   every row is checked against its operation's rules
    3. ledger     what was sent before is looked up; an interrupted row becomes unknown
    4. planning   every row is decided, or becomes a step
    5. preflight  the results can be written, EnergyCAP answers, we know as whom,
       lookups    and what its own tables rule out needs fixing
    6. (the operator says yes)
    7. processor  intent, one send, outcome; row by row
    8. results    one line for every row read

Nothing here prints, and nothing here loops over rows to decide about them.
"""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.energycap import credentials
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.messages.wording import counted, moment
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.history import Verdict
from bulkops.model.outcomes import Status
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.runs import planning
from bulkops.runs.report import Material, Options, Report, previewed
from bulkops.runs.upload_folders import known_as
from bulkops.system import data_folder
from bulkops.system.folders import Id
from bulkops.system.ownership import open_to_others

if TYPE_CHECKING:
    from bulkops.energycap.account import Owner
    from bulkops.ledger import Account, Ledger, Run
    from bulkops.ledger.resolutions import Resolved
    from bulkops.runs.delivery import Delivery
    from bulkops.runs.execute import Prepared
    from bulkops.runs.history import PastRun
    from bulkops.workbook.allowance import Allowance

LEDGER = "ledger.sqlite3"
_UNREACHABLE = (53, 67)
"""Windows calls what lies on a share that it does not reach not found; it may be there, for others."""
_SECONDS_BESIDE = 60
"""For a closer look at all the results that lie beside a workbook."""


def check(path: Path, where: Environment, folder: Path, options: Options) -> Report:
    """Steps 1 to 4: what each row would come to. Nothing is sent, and nothing is written but wanted corrections."""
    from bulkops.ledger import new_run_id
    from bulkops.runs.corrections_file import corrections_to
    from bulkops.runs.practice import serves_apart, without_unknown
    from bulkops.workbook.reader import without_collecting

    wanted = options.corrections
    corrections = corrections_to(wanted, path, (), folder, new_run_id()) if wanted else None
    material = _read(path, options)
    with any_ledger(folder) as ledger:
        plan = _plan(ledger, where, material, options, _assumed(ledger, where) if ledger else None, new=ledger is None)
        elsewhere = _run_elsewhere(material, ledger)
    if serves_apart(where, folder):
        plan = without_unknown(plan)
    with without_collecting():
        report = previewed(material, where, plan)
    report = replace(report, notes=(*report.notes, *([elsewhere] if elsewhere else [])))
    if corrections is None:
        return report
    told, notes = corrections.deliver(material.layouts, material.rows, report.outcomes)
    return replace(report, notes=(*report.notes, *notes), defect=corrections.defect, corrections=told)


def corrections(report: Report, options: Options, folder: Path) -> tuple[str, list[str]]:
    """(where how many rows are, what else there is to say): the rows of a check or a run that are to be corrected.

    Raises CannotStart if the workbook is not the one any more that the report is of, or if nothing may be put there.
    """
    from bulkops.ledger import new_run_id
    from bulkops.runs.corrections_file import corrections_to

    place = options.corrections
    if place is None:
        raise ValueError("corrections need a place")
    taken = [report.results] if report.results else []
    wanted = corrections_to(place, report.workbook, taken, folder, report.run or new_run_id())
    material = _read(report.workbook, options)
    if material.identity != report.identity:
        raise CannotStart("corrections.changed", path=report.workbook.name)
    told = wanted.deliver(material.layouts, material.rows, report.outcomes)
    if wanted.defect is not None:
        raise wanted.defect
    return told


@contextmanager
def prepare(
    path: Path, where: Environment, folder: Path, options: Options, file: Id | None = None
) -> Iterator[Prepared]:
    """Steps 1 to 5. Raises CannotStart, with nothing sent, for a workbook that cannot be used.

    ``file``: the one that was looked at before. Whatever else stands between here and EnergyCAP is the prepared
    run's ``obstacle``: its rows are known by then, so each gets its status.
    """
    from bulkops.ledger import new_run_id
    from bulkops.runs.execute import Prepared

    material = _read(path, options, file)
    prepared = Prepared(new_run_id(), material, where, options)
    with ExitStack() as stack:
        with _obstacle_of(prepared):
            prepared.ledger = ledger_alone(folder, path.name, stack)
            prepared.notes += _watched(prepared.ledger, where, folder)
            _alone(prepared, stack)
            prepared.account = _assumed(prepared.ledger, where)
            prepared.plan = _plan(prepared.ledger, where, material, options, prepared.account)
        if prepared.obstacle is None:
            with _obstacle_of(prepared):
                _make_ready(prepared, folder, stack)
        else:
            prepared.plan = _plan(None, where, material, options)
        yield prepared


@contextmanager
def prepare_again(run: str | None, folder: Path, results: Path | None = None) -> Iterator[Prepared]:
    """Steps 3 to 5 for what a run left undone that was cut short. Its rows are the ledger's; the workbook is not read.

    Without ``run``: the newest that was cut short and whose workbook was not run since. Raises CannotStart if there
    is none, or if nothing of it is left to do.
    """
    from bulkops.runs.execute import KEPT_OPTIONS, Prepared
    from bulkops.runs.recorded_run import left_out
    from bulkops.runs.recorded_run import rows as rows_of

    if not (folder / LEDGER).exists():
        raise CannotStart("run.nothing_left")
    with ExitStack() as stack:
        ledger = ledger_alone(folder, f"resume {run or ''}".strip(), stack)
        found, rows = _cut_short(ledger, run)
        left = {row.seq for row in rows}
        practice = found.environment == PRACTICE
        where = Environment(found.environment, "" if practice else found.base_url, found.account.customer)
        path = Path(found.workbook)
        unread = left_out(found)
        sha256, unfit = _unchanged(path, found.workbook_sha256)
        material = Material(
            *(path, sha256, found.workbook_sha256, rows),
            notes=tuple(each.note for each in unread),
            unread=unread,
            unfit=unfit,
        )
        asked = {name: found.options[name] for name in KEPT_OPTIONS if name in found.options}
        place = results or (Path(asked["results"]) if asked.get("results") else None)
        options = Options(**{**asked, "results": place})
        prepared = Prepared(found.id, material, where, options, found, ledger=ledger)
        outcomes = rows_of(ledger, found.id)
        prepared.earlier = tuple(each for each in outcomes if each.seq not in left)
        prepared.before = {each.seq: each for each in outcomes if each.seq in left}
        prepared.account = found.account
        prepared.plan = _plan(ledger, where, material, options, found.account, found.key_owner, resumed=True)
        with _obstacle_of(prepared):
            prepared.notes += _watched(ledger, where, folder)
            _alone(prepared, stack)
            _make_ready(prepared, folder, stack)
        yield prepared


def _unchanged(path: Path, identity: str) -> tuple[str, tuple[str, str]]:
    """Of a workbook that is the one that was run, apart from its results: (its hash, what keeps results from being put
    into it). Blanks for any other."""
    from bulkops.workbook.reader import read_workbook

    try:
        workbook = read_workbook(path)
    except CannotStart:
        return "", ("", "")
    return (workbook.sha256, workbook.unfit) if workbook.content_hash == identity else ("", ("", ""))


def _cut_short(ledger: Ledger, name: str | None) -> tuple[Run, tuple[CheckedRow, ...]]:
    """The run to resume, and its rows that are left to do; there may be none if only its end was not recorded."""
    if not name:
        run = next((run for run, rows in _left(ledger, ledger.runs()) if rows is not None), None)
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


def _left(ledger: Ledger, runs: list[Run]) -> Iterator[tuple[Run, int | None]]:
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
    since: dict[tuple[str, str], list[Run]] = {}
    for run in runs if wanted else ():
        place = PRACTICE if run.environment == PRACTICE else run.base_url
        later = since.setdefault((known_as(run.workbook), place), [])
        if run.id in wanted:
            yield run, next((each for each in later if not _apart(each, run)), None)
        later.append(run)


def _apart(one: Run, other: Run) -> bool:
    from bulkops.ledger.records import apart

    return apart(one.account, other.account, one.key_owner == other.key_owner)


@contextmanager
def _obstacle_of(prepared: Prepared) -> Iterator[None]:
    try:
        yield
    except BulkopsError as error:
        prepared.obstacle = error
    except KeyboardInterrupt:
        prepared.obstacle = CannotStart("run.declined")


def ledger_alone(folder: Path, what: str, stack: ExitStack) -> Ledger:
    """The ledger, to this run alone, with nothing left open by an earlier one."""
    from bulkops.ledger import Ledger, now
    from bulkops.runs.recorded_run import interrupted
    from bulkops.system.disks import refuse_unsafe
    from bulkops.system.locks import only_one

    refuse_unsafe(folder)
    stack.enter_context(only_one(folder, f"{data_folder.operator()}, {what}, since {now()}"))
    ledger = Ledger(folder / LEDGER)
    stack.callback(ledger.close)
    ledger.settle_interrupted(interrupted)
    return ledger


def _watched(ledger: Ledger, where: Environment, folder: Path) -> list[str]:
    """Let the second record see what is sent; what there is to say of it. Practising is not worth one.

    Raises CannotStart if the ledger lacks something of what that tells: then it is not the newest.
    """
    from bulkops.ledger import Witness

    if where.name == PRACTICE:
        return []
    exposed = open_to_others(folder)
    witness = Witness(folder)
    if lacking := ledger.watch(witness):
        last = moment(lacking.intents[-1].started) if lacking.intents else "long ago"
        old = f", {lacking.beyond} of them so old that nothing else is known of them" if lacking.beyond else ""
        facts = {"path": ledger.path, "extra": witness.folder, "when": last}
        raise CannotStart("ledger.older", value=f"{counted(len(lacking), 'row')}{old}", **facts)
    return [note for note in (exposed, ledger.unwitnessed) if note]


def older(folder: Path, where: Environment) -> CannotStart | None:
    """Why nothing can be sent before ``take_over`` was called; None if nothing stands against it."""
    try:
        with ExitStack() as stack:
            _watched(ledger_alone(folder, "looking into the records", stack), where, folder)
    except CannotStart as error:
        return error if error.code == "ledger.older" else None
    return None


def take_over(folder: Path) -> None:
    """Record as unknown what the ledger lacks of what was sent: what a person has said yes to.

    Raises CannotStart while a run is going on, MustStop if the ledger did not take it.
    """
    from bulkops.ledger import Witness
    from bulkops.runs.recorded_run import interrupted

    with ExitStack() as stack:
        ledger = ledger_alone(folder, "taking over what was sent", stack)
        if lacking := ledger.watch(Witness(folder)):
            ledger.take_over(lacking, interrupted)


def _alone(prepared: Prepared, stack: ExitStack) -> None:
    """The workbook to this run alone, whoever else may open it in a shared folder."""
    from bulkops.ledger import now
    from bulkops.system.workbook_lock import workbook_alone

    path = prepared.material.path
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if getattr(error, "winerror", 0) not in _UNREACHABLE:
            return  # a run can be resumed without its workbook
    except OSError:
        pass  # it may be there all the same, and then somebody may be running it
    holder = f"{data_folder.operator()} on {platform.node()}, since {now()}"
    if note := stack.enter_context(workbook_alone(path, holder)):
        prepared.notes.append(note)
        prepared.elsewhere = note


def _make_ready(prepared: Prepared, folder: Path, stack: ExitStack) -> None:
    """Step 5. Raises CannotStart for whatever would keep the run from ending well."""
    from bulkops.energycap.account import asking, key_for, owner
    from bulkops.energycap.lookups import look_up, rule_out
    from bulkops.runs.corrections_file import corrections_to
    from bulkops.runs.delivery import decide
    from bulkops.runs.practice import SERVED_APART, begin, without_unknown
    from bulkops.workbook.writing.sidecar import run_ids

    _all_or_nothing(prepared)
    material = prepared.material
    if strange := _run_elsewhere(material, prepared.ledger):
        prepared.notes.append(strange)
        prepared.elsewhere = prepared.elsewhere or strange
    own = prepared.ledger.runs_of(str(material.path.resolve())) if prepared.ledger else ()
    told_there = bool(_strange(prepared.ledger, run_ids(material.path)))

    def deliver(practice: bool) -> Delivery:
        place = material.path, material.sha256, folder, prepared.options.results, prepared.id
        return decide(*place, own, told_there, material.unfit, practice)

    prepared.delivery, said = deliver(prepared.where.starts_with_the_run), len(prepared.notes)
    if wanted := prepared.options.corrections:
        taken = [way.path for way in prepared.delivery.ways]
        prepared.corrections = corrections_to(wanted, material.path, taken, folder, prepared.id)
    if prepared.plan.steps or _perhaps_anothers(prepared):
        if prepared.where.starts_with_the_run:
            prepared.where, told = begin(prepared.where, prepared.plan.steps, stack, prepared.options.trouble)
            prepared.notes += told
        prepared.key = key_for(prepared.where)
        found = owner(prepared.where, prepared.key)
        _known_by(prepared, found)
        if found.source == SERVED_APART:
            prepared.plan, prepared.delivery = without_unknown(prepared.plan), deliver(practice=True)
        prepared.notes += [note for note in (found.note, found.deprecated) if note]
        with asking(prepared.where, prepared.key) as ask:
            answers, unanswered = look_up(prepared.plan, all_operations(), ask)
        prepared.plan = rule_out(prepared.plan, all_operations(), answers)
        prepared.notes += unanswered
        _all_or_nothing(prepared)
    prepared.notes[said:said] = prepared.delivery.notes


def _assumed(ledger: Ledger, where: Environment) -> Account:
    """Whose data the key will change, before EnergyCAP is asked: as the runs before under that name."""
    from bulkops.ledger import Account

    if where.name == PRACTICE:
        return Account()
    return Account(ledger.source_under(where.name, where.identity), None, where.customer)


def _perhaps_anothers(prepared: Prepared) -> bool:
    """May what keeps rows from being sent be another customer's, which only EnergyCAP can say?"""
    if prepared.ledger is None or prepared.resumes or prepared.where.name == PRACTICE:
        return False
    account = prepared.account
    held = any(each.send_again_code for each in prepared.plan.decided)
    # A known data source is that of the runs before: the key of today may lead to another one.
    return held and (account.source is not None or prepared.ledger.may_tell_apart(account))


def _known_by(prepared: Prepared, found: Owner) -> None:
    """Take in whose key it is, and plan anew where that changes what was sent before.

    Raises CannotStart for a key that is not the run's, or leads to other data than the runs before under that name.
    """
    from bulkops.ledger import Account

    ledger, where, assumed = prepared.ledger, prepared.where, prepared.account
    prepared.owner = found.name
    if ledger is None or where.name == PRACTICE:
        return
    if prepared.resumes is not None:
        _bound(prepared.resumes, found)
        return
    if assumed.source and found.source and found.source != assumed.source:
        facts = {"value": where.place, "extra": assumed.source, "words": found.source}
        raise CannotStart("me.other_source", **facts)
    if assumed.source and not found.source:
        prepared.untold = assumed.source
    prepared.account = Account(found.source, found.id, credentials.customer_of_key(where))
    if prepared.account != replace(assumed, owner=found.id) or ledger.may_tell_apart(prepared.account):
        prepared.plan = _plan(ledger, where, prepared.material, prepared.options, prepared.account, found.name)


def _bound(run: Run, found: Owner) -> None:
    """A run is finished with the key of the user who began it, on the same data: other batches are other users'."""
    asked = (
        (run.account.owner, found.id, run.key_owner or run.account.owner, found.name or found.id),
        (run.account.source, found.source, f"data source “{run.account.source}”", f"data source “{found.source}”"),
        # All that older ledgers know.
        (None if run.account.owner else run.key_owner, found.name, run.key_owner, found.name),
    )
    for known, now, was, told in asked:
        if known and known != now:
            raise CannotStart(
                "run.other_key", value=run.id, who=was, extra=told if now else "nobody that EnergyCAP names"
            )


def _run_elsewhere(material: Material, ledger: Ledger | None) -> str:
    """A ledger knows what was sent from here; of what was sent from elsewhere the workbook's results tell."""
    from bulkops.workbook.writing.sidecar import results_there, several

    allowance = several(_SECONDS_BESIDE)
    beside = ((path, _told_beside(path, ledger, allowance)) for path in results_there(material.path))
    for path, told in ((material.path, material.told), *beside):
        if strange := _strange(ledger, told):
            why = f"{path.name} holds the results of a run that this computer does not know ({max(strange)})"
            return f"{why}: its rows may have been sent. Look there first."
    return ""


def _strange(ledger: Ledger | None, told: AbstractSet[str]) -> AbstractSet[str]:
    return ledger.unknown_runs(told) if ledger else told


def _told_beside(path: Path, ledger: Ledger | None, allowance: Allowance) -> set[str]:
    """The runs whose results a file holds; which of them were only practised takes a closer look."""
    from bulkops.workbook.allowance import TooBig
    from bulkops.workbook.reader import read_workbook
    from bulkops.workbook.reader import run_ids as real_ones
    from bulkops.workbook.writing.sidecar import run_ids

    told = run_ids(path, allowance)
    if _strange(ledger, told):
        with suppress(CannotStart, TooBig):
            allowance.take()
            return real_ones(read_workbook(path))
    return told


def _all_or_nothing(prepared: Prepared) -> None:
    if not prepared.options.all_or_nothing:
        return
    if invalid := prepared.invalid():
        raise CannotStart("run.invalid", value=invalid)
    if unread := prepared.material.unread:
        raise CannotStart("run.unread", value=", ".join(each.sheet for each in unread))


def _plan(
    ledger: Ledger | None,
    where: Environment,
    material: Material,
    options: Options,
    account: Account | None = None,
    key_owner: str = "",
    new: bool = False,
    resumed: bool = False,
) -> Plan:
    """What becomes of each row, by what the ledger has of the same; ``new``: there is none yet. ``resumed``: the rows
    are those that are left of a run."""
    from bulkops.workbook.reader import without_collecting

    operations = all_operations()
    with without_collecting():
        asked = planning.requested(material.rows, operations, where.identity)
        matters = {step.matter for step in asked.values()}
        past = ledger.past(where.identity, matters, account, key_owner) if ledger else {} if new else None
        return planning.plan(material.rows, asked, operations, past, options.send_again, options.independent, resumed)


def history(folder: Path) -> list[PastRun]:
    """Every run of this ledger as it stands, newest first."""
    from bulkops.runs.history import PastRun
    from bulkops.runs.under_way import under_way

    with any_ledger(folder) as ledger:
        if ledger is None:
            return []
        # A run may begin or end in between: it is looked before, and once more after what has not ended by then.
        going_on = under_way(folder)
        runs, resolved = ledger.runs(), ledger.resolved()
        if any(run.ended is None for run in runs):
            going_on = going_on or under_way(folder)
        left = {run.id: rows for run, rows in _left(ledger, runs)}
        found = []
        for run in runs:
            live = run.ended is None and run.id == going_on
            # Of one that has not ended the rows are counted.
            counts = ledger.counts(run.id, live) if run.totals is None else run.totals
            told = {Status(name): number for name, number in counts.items()}
            if run.totals is not None and run.look:
                told |= {Status.DONE: told.get(Status.DONE, 0) - run.look, Status.LOOK: run.look}
            followed = run.id in left and left[run.id] is None
            rows = None if live else left.get(run.id)
            found.append(PastRun(run, told, live, told.get(Status.UNKNOWN, 0), 0, rows, followed))
    return [_as_resolved(each, resolved.get(each.id, ())) if each.unresolved else each for each in found]


def _as_resolved(past: PastRun, resolved: Iterable[Resolved]) -> PastRun:
    """A run whose unknown rows were marked, or sent again since."""
    counts, open_ones, to_repeat = Counter(past.counts), past.unresolved, 0
    for verdict, since, rows in resolved:
        open_ones -= rows
        if verdict is not None:
            counts[Status.UNKNOWN] -= rows
            counts[Status.DONE if verdict is Verdict.DONE else Status.NOT_SENT] += rows
        to_repeat += rows if verdict is Verdict.SEND_AGAIN and not since else 0
    return replace(past, counts=counts, unresolved=open_ones, to_repeat=to_repeat)


def moved(folder: Path, old: Path, new: Path, run: str, results: Path | None) -> None:
    """Tell the ledger that a workbook was moved after a run, and where that run's results are now if they moved too.

    The paths are whole and without links: what has been put there since is not followed.
    """
    with any_ledger(folder) as ledger:
        if ledger is not None:
            ledger.moved(str(old), str(new), run, str(results) if results else None)


def recall(folder: Path, run: str, results: Path | None = None) -> Report:
    """One run's rows, and its results file made again, from the ledger alone: in the data folder, or at ``results``.
    Of a run that is under way no results are made.

    Raises CannotStart if there is no such run, or if the results cannot be written where they were wanted.
    """
    from bulkops.runs.recorded_run import left_out, results_again, rows
    from bulkops.runs.recorded_run import results as made_again
    from bulkops.runs.under_way import under_way

    with any_ledger(folder) as ledger:
        going_on = under_way(folder)
        found = next(iter(ledger.runs_named([run])), None) if ledger else None
        if ledger is None or found is None:
            raise CannotStart("run.not_found", value=run)
        live = found.ended is None and run in (going_on, under_way(folder))
        outcomes = rows(ledger, run, live)
        try:
            left = 0 if live else len(_cut_short(ledger, run)[1])
        except CannotStart:
            left = 0
    notes = [f"Started {found.started} by {found.who}."]
    if live:
        notes.append("This run is under way: its results are written when it has ended.")
    elif found.ended is None:
        notes.append("This run was cut short.")
    if left:
        notes.append(
            f"Rows that could still be sent: {left}. Finish the run to send them (command line: bulkops resume {run})."
        )
    unread = left_out(found)
    notes += [each.note for each in unread]
    where = Environment(found.environment, found.base_url)
    path, trouble = (None, "") if live else results_again(found, made_again(found, outcomes), folder, results)
    notes += [trouble] if trouble else []
    workbook = Path(found.workbook)
    return Report(*(workbook, where, outcomes, tuple(notes), run, path), identity=found.workbook_sha256, unread=unread)


def bring_up_to_date(folder: Path, told: Callable[[int], object]) -> None:
    """Take over the ledger of an earlier version, before anything looks into it: a large one takes a minute.

    ``told`` is called with how far that is, in per cent; never where there is nothing to do.
    """
    path = folder / LEDGER
    if not path.exists():
        return
    from bulkops.ledger import Ledger, is_older

    if is_older(path):
        Ledger(path, told).close()
        told(100)


@contextmanager
def any_ledger(folder: Path) -> Iterator[Ledger | None]:
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


def _read(path: Path, options: Options, file: Id | None = None) -> Material:
    from bulkops.runs.checking import check as check_rows
    from bulkops.runs.checking import import_schemas
    from bulkops.workbook.reader import read_workbook, run_ids, without_collecting

    with without_collecting():
        workbook = read_workbook(path, import_schemas, file)
        checked = check_rows(workbook, list(all_operations().values()), options.include_hidden)
    if not checked.rows:
        foremost = dict.fromkeys([*(each.note for each in checked.unread), *checked.notes])
        hint = "".join(f" {note}" for note in list(foremost)[:3])
        raise CannotStart("workbook.no_rows", path=path.name, extra=hint)
    hidden = sum(row.hidden for row in checked.rows)
    notes = (
        [f"Hidden rows, not to be sent: {hidden}. You can have them sent too (command line: --include-hidden)."]
        if hidden
        else []
    )
    told = frozenset(run_ids(workbook))
    layouts = checked.layouts if options.corrections else ()
    notes = [*checked.notes, *notes]
    return Material(
        *(path, workbook.sha256, workbook.content_hash, checked.rows, tuple(notes), told, layouts),
        unread=checked.unread,
        unfit=workbook.unfit,
    )
