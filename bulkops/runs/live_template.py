"""A template filled from EnergyCAP: asked by reads alone, held against the record of what was sent, and written.

No window and no console: whoever calls it may do so in a thread of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bulkops.energycap import credentials
from bulkops.energycap.account import Owner, key_for, owner, senders
from bulkops.energycap.inquiry import Inquiry
from bulkops.energycap.tables import Wanted, look_up, recent_imports
from bulkops.ledger import Account, now
from bulkops.messages import lookups
from bulkops.messages.errors import CannotStart
from bulkops.messages.wording import local_time, moment, plural
from bulkops.model.environment import PRACTICE, Environment
from bulkops.model.facts import Imports, Task
from bulkops.model.history import PriorAttempt
from bulkops.model.outcomes import Status
from bulkops.operations import all_operations
from bulkops.operations.base import target
from bulkops.runs.ledger_access import any_ledger
from bulkops.workbook.writing import live_template, templates
from bulkops.workbook.writing.reference_sheets import Import

DAYS, MOST_DAYS = 30, 365
"""Of how many days imports are offered where nobody says it; the most that are asked for."""


@dataclass(frozen=True, slots=True)
class Made:
    """A template that was made."""

    path: Path
    source: str
    """When and from where its names are: a sentence."""
    rows: int | None
    """Imports with kickouts that have a row; None: none were wanted."""
    left_out: int
    """Imports without a row or a place in the drop-down: they are running, or this computer has reimported them."""
    notes: tuple[str, ...]
    """What could not be told, and what else there is to say."""

    @property
    def told(self) -> tuple[str, ...]:
        """All that there is to say of it, in sentences."""
        said = [self.source, *self.notes]
        if self.rows is not None:
            without = (
                " Choose Yes in “Run this row”, and a Batch mode, in the rows that are meant." if self.rows else ""
            )
            said.append(f"{plural(self.rows, 'import')} with kickouts, a row each.{without}")
        if self.left_out:
            are, them = ("is", "it") if self.left_out == 1 else ("are", "them")
            said.append(
                f"{plural(self.left_out, 'import')} {are} left out, still running or sent again from here before: the "
                f"sheet Imports names {them}."
            )
        return tuple(said)


def make(
    path: Path,
    environment: Environment,
    data_folder: Path,
    days: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], object] = lambda done, of: None,
) -> Made:
    """Make it. ``days``: a row is wanted for each import of so many days that has kickouts. ``progress`` is told
    (answers, questions).

    Raises CannotStart, with no file made, if a file is there already, if there is no key, if EnergyCAP is not reached
    or does not take the key, if it was stopped, and if the template cannot be written.
    """
    templates.refuse_existing(path)
    with ExitStack() as stack:
        if environment.starts_with_the_run:
            from bulkops.runs.practice import begin

            environment, _ = begin(environment, (), stack)
        key = key_for(environment)
        whose = owner(environment, key)
        source = _source(environment, whose)
        connect = stack.enter_context(senders(environment, key))
        inquiry = partial(Inquiry, connect, stopped=stopped, progress=progress)
        wanted = Wanted(flag_types=True, lists=True, users=True, batches=True)
        facts = look_up(wanted, inquiry(), lookups.NOT_OFFERED)
        since = date.today() - timedelta(days=days or DAYS)
        found = recent_imports(since, inquiry()) if facts.asked else Imports()
    imports = None if found.tasks is None else list(_judged(found, _sent(found.tasks, environment, data_folder, whose)))
    untold = tuple(dict.fromkeys((*facts.untold, *found.untold)))
    given = live_template.Contents(source, facts, imports, untold, rows=days is not None)
    content = live_template.content(given)
    if stopped():
        raise CannotStart("template.stopped")
    templates.save(content, path)
    left_out = sum(bool(each.left_out) for each in imports or ())
    notes = tuple(dict.fromkeys(filter(None, (whose.note, whose.deprecated, *untold, *facts.notes, *found.notes))))
    return Made(path, source, None if days is None else len(given.ready), left_out, notes)


def _source(environment: Environment, whose: Owner) -> str:
    customer = environment.name if environment.named else whose.source
    place = f"{environment.host} ({customer})" if customer else environment.host
    if environment.name == PRACTICE:
        place = "Practice, not from an EnergyCAP,"
    key = f"the key of {whose.name}" if whose.name else "a key whose owner is not told"
    return f"Names from {place} as of {local_time(now())}, with {key}."


def _sent(
    tasks: Sequence[Task], environment: Environment, data_folder: Path, whose: Owner
) -> Mapping[str, Sequence[PriorAttempt]]:
    """What this computer has sent before for each of them, by its GUID; oldest first."""
    prefixes = [
        each.key for each in all_operations().values() if each.repeats_by_target and target(each).kind == "task"
    ]
    keys = {f"{prefix} {each.guid}": each.guid for prefix in prefixes for each in tasks}
    account = Account()
    if environment.name != PRACTICE:
        account = Account(whose.source, whose.id, credentials.customer_of_key(environment))
    with any_ledger(data_folder) as ledger:
        found = ledger.prior_attempts(environment.id, keys, account, whose.name) if ledger else {}
    return {keys[key]: attempts for key, attempts in found.items()}


def _judged(found: Imports, sent: Mapping[str, Sequence[PriorAttempt]]) -> Iterator[Import]:
    """Each with what is known of its kickouts, and why it is left out."""
    for task in found.tasks or ():
        made = Import(task, found.has_kickouts(task))
        if holding := [each for each in sent.get(task.guid, ()) if each.blocks_resend]:
            yield replace(made, left_out=_in_words(holding[-1]))
        elif task.ended is False:
            yield replace(made, left_out="Still running")
        else:
            yield made


def _in_words(attempt: PriorAttempt) -> str:
    done = attempt.status is Status.DONE or attempt.resolution is not None
    what = "Sent again" if done else "Perhaps sent again: look at its row"
    return f"{what} on {moment(attempt.when)} by {attempt.who}, from {attempt.workbook}"
