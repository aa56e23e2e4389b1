"""EnergyCAP is asked what it says of the rows before they are sent: reads alone, each made once.

They are made once more after the yes, so that what is sent is what the question showed.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bulkops.energycap.account import Owner, senders
from bulkops.energycap.inquiry import Inquiry
from bulkops.energycap.key import Key
from bulkops.energycap.rate_limit import RateLimit
from bulkops.energycap.tables import Wanted, look_up
from bulkops.messages.errors import CannotStart
from bulkops.messages.precheck import counted_bills, looked_at
from bulkops.messages.wording import plural
from bulkops.model.environment import Environment
from bulkops.model.facts import Facts
from bulkops.model.outcomes import Outcome
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow
from bulkops.operations import all_operations
from bulkops.runs.control import Watch
from bulkops.runs.precheck import precheck, wanted
from bulkops.runs.precheck_rules import Known
from bulkops.runs.prepared_run import PreparedRun
from bulkops.runs.touch import Touch, touch

_LISTEN_SECONDS = 0.2
"""How long a stop may go unheard."""


def asked(plan: Plan, rows: Sequence[CheckedRow], environment: Environment, key: Key, watch: Watch) -> Facts:
    """What EnergyCAP says of a plan's rows. Raises CannotStart if that was stopped."""
    facts = _read(wanted(plan, rows, all_operations()), environment, key, watch)
    if facts is None:
        raise CannotStart("run.declined")
    return facts


def held_against(
    plan: Plan, rows: Sequence[CheckedRow], facts: Facts, owner: Owner | None, earlier: Iterable[Outcome] = ()
) -> tuple[Plan, tuple[str, ...], Touch]:
    """(the plan without the rows that the facts rule out, what there is to say of that, what it will touch)

    ``earlier``: what became of the other rows of a run that is taken up again.
    """
    operations = all_operations()
    known = Known(facts, owner, datetime.now(UTC))
    plan, notes = precheck(plan, rows, operations, known, earlier)
    number = int(owner.id) if owner and owner.id and owner.id.isdecimal() else None
    return plan, notes, touch(plan, operations, facts, number)


def with_facts(run: PreparedRun) -> PreparedRun:
    """A run whose key and owner are known, by what EnergyCAP says of its rows.

    Raises CannotStart for more bills than are allowed, or if it was stopped.
    """
    if run.options.offline or run.key is None:
        return _by(run, Facts(), None)
    facts = asked(run.plan, run.workbook.rows, run.environment, run.key, run.watch)
    return _by(run, facts, run.owner)


def asked_again(run: PreparedRun, watch: Watch) -> PreparedRun | None:
    """The run as EnergyCAP's batches and numbers of bills are now; None if they are as they were.

    What cannot be read once more is taken to be as it was. Raises CannotStart for more bills than are allowed now, or
    where all or nothing is wanted and a row cannot be sent any more.
    """
    before = run.touch
    if before is None or run.key is None or run.own_practice:
        return None
    needed = wanted(run.plan, (), all_operations())
    needed = Wanted(batches=needed.batches, named_batches=needed.named_batches, counts=needed.counts)
    new = _read(needed, run.environment, run.key, watch)
    if new is None:
        return None
    facts = replace(
        run.facts,
        counts={**run.facts.counts, **new.counts},
        # An open batch that is missing in the whole table is open no more.
        batches=new.batches if new.all_open else {**run.facts.batches, **new.batches},
        gone=run.facts.gone | new.gone,
    )
    now = _by(run, facts, run.owner)
    changes = tuple(before.changes(now.touch)) if now.touch else ()
    ruled_out = len(run.plan.steps) - len(now.plan.steps)
    if ruled_out:
        if run.options.all_or_nothing:
            raise CannotStart("run.invalid", value=ruled_out)
        changes = (*changes, f"{plural(ruled_out, 'row')} cannot be sent any more")
    return replace(now, changes=changes) if changes else None


def _by(run: PreparedRun, facts: Facts, owner: Owner | None) -> PreparedRun:
    plan, notes, touched = held_against(run.plan, run.workbook.rows, facts, owner, run.earlier)
    most = run.options.max_bills
    if most is not None and touched.edits and (touched.bills is None or touched.bills > most):
        number = "bills whose number cannot be told" if touched.bills is None else counted_bills(touched.bills)
        raise CannotStart("run.max_bills", value=number, extra=f"{most:,}")
    # That all rows fit is only worth a word in a check.
    notes = tuple(note for note in notes if note != looked_at(len(plan.steps), 0, 0))
    rest = (note for note in run.notes if note not in run.said_of_rows)
    return replace(
        run,
        plan=plan,
        notes=(*rest, *notes),
        said_of_rows=notes,
        facts=facts,
        touch=touched if facts.asked else None,
    )


def _read(needed: Wanted, environment: Environment, key: Key, watch: Watch) -> Facts | None:
    """None: it was stopped."""
    rate_limit = RateLimit(lambda seconds: time.sleep(min(seconds, _LISTEN_SECONDS)), watch.stopped)
    with senders(environment, key) as connect:
        facts = look_up(needed, Inquiry(connect, rate_limit, watch.stopped, watch.progress))
    return facts if facts.asked else None
