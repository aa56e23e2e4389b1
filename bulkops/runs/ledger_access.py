"""The record of what was sent, as a run uses it: alone to itself, held against its witness, and asked for its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import moment, plural
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.runs import planning
from bulkops.system.data_folder import operator
from bulkops.system.ownership import open_to_others

if TYPE_CHECKING:
    from bulkops.ledger import Account, Ledger
    from bulkops.runs.report import Options

LEDGER = "ledger.sqlite3"
OLDER = "ledger.older"
"""The code of a ledger that lacks something of what its witness tells."""


@contextmanager
def any_ledger(data_folder: Path) -> Iterator[Ledger | None]:
    """The ledger for looking things up; None where nothing has been run yet."""
    if not (data_folder / LEDGER).exists():
        yield None
        return
    from bulkops.ledger import Ledger

    ledger = Ledger(data_folder / LEDGER)
    try:
        yield ledger
    finally:
        ledger.close()


def ledger_alone(data_folder: Path, what: str, stack: ExitStack) -> Ledger:
    """The ledger, to this run alone, with nothing left open by an earlier one."""
    from bulkops.ledger import Ledger, now
    from bulkops.runs.recorded_run import interrupted
    from bulkops.system.disks import refuse_unsafe
    from bulkops.system.locks import only_one

    refuse_unsafe(data_folder)
    stack.enter_context(only_one(data_folder, f"{operator()}, {what}, since {now()}"))
    ledger = Ledger(data_folder / LEDGER)
    stack.callback(ledger.close)
    ledger.conclude_interrupted(interrupted)
    return ledger


def watched(ledger: Ledger, environment: Environment, data_folder: Path) -> tuple[str, ...]:
    """Let the second record see what is sent; what there is to say of it. Practising is not worth one.

    Raises CannotStart if the ledger lacks something of what that tells: then it is not the newest.
    """
    from bulkops.ledger import Witness

    if environment.name == PRACTICE:
        return ()
    exposed = open_to_others(data_folder)
    witness = Witness(data_folder)
    if lacking := ledger.watch(witness):
        last = moment(lacking.intents[-1].started) if lacking.intents else "long ago"
        old = f", {lacking.beyond} of them so old that nothing else is known of them" if lacking.beyond else ""
        facts = {"path": ledger.path, "extra": witness.folder, "when": last}
        raise CannotStart(OLDER, value=f"{plural(len(lacking), 'row')}{old}", **facts)
    return tuple(note for note in (exposed, ledger.unwitnessed) if note)


def older(data_folder: Path, environment: Environment) -> CannotStart | None:
    """Why nothing can be sent before ``take_over`` was called; None if nothing stands against it."""
    try:
        with ExitStack() as stack:
            watched(ledger_alone(data_folder, "looking into the records", stack), environment, data_folder)
    except CannotStart as error:
        return error if error.code == OLDER else None
    return None


def take_over(data_folder: Path) -> None:
    """Record as unknown what the ledger lacks of what was sent: what a person has said yes to.

    Raises CannotStart while a run is going on, MustStop if the ledger did not take it.
    """
    from bulkops.ledger import Witness
    from bulkops.runs.recorded_run import interrupted

    with ExitStack() as stack:
        ledger = ledger_alone(data_folder, "taking over what was sent", stack)
        if lacking := ledger.watch(Witness(data_folder)):
            ledger.take_over(lacking, interrupted)


def plan_rows(
    ledger: Ledger | None,
    environment: Environment,
    rows: Sequence[CheckedRow],
    options: Options,
    account: Account | None = None,
    key_owner: str = "",
    new: bool = False,
    resumed: bool = False,
) -> Plan:
    """What becomes of each row. Without a ledger nothing is known of earlier sends, but if it is ``new``: there were
    none. ``resumed``: the rows are those that are left of a run."""
    from bulkops.workbook.reader import without_collecting

    operations = all_operations()
    with without_collecting():
        asked = planning.requested(rows, operations, environment.id)
        keys = {step.idempotency_key for step in asked.values()}
        prior = ledger.prior_attempts(environment.id, keys, account, key_owner) if ledger else {} if new else None
        return planning.plan(rows, asked, operations, prior, options.send_again, options.independent, resumed)


def assumed_account(ledger: Ledger, environment: Environment) -> Account:
    """Whose data the key will change, before EnergyCAP is asked: as the runs before under that name."""
    from bulkops.ledger import Account

    if environment.name == PRACTICE:
        return Account()
    return Account(ledger.source_under(environment.name, environment.id), None, environment.customer)


def moved(data_folder: Path, old: Path, new: Path, run: str, results: Path | None) -> None:
    """Tell the ledger that a workbook was moved after a run, and where that run's results are now if they moved too.

    The paths are whole and without links: what has been put there since is not followed.
    """
    with any_ledger(data_folder) as ledger:
        if ledger is not None:
            ledger.moved(str(old), str(new), run, str(results) if results else None)


def bring_up_to_date(data_folder: Path, told: Callable[[int], object]) -> None:
    """Take over the ledger of an earlier version, before anything looks into it: a large one takes a minute.

    ``told`` is called with how far that is, in per cent; never where there is nothing to do.
    """
    path = data_folder / LEDGER
    if not path.exists():
        return
    from bulkops.ledger import Ledger, is_older

    if is_older(path):
        Ledger(path, told).close()
        told(100)
