"""A run before it begins, as a value: each stage of its preparation makes a new one of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulkops.energycap.account import Owner
from bulkops.energycap.key import Key
from bulkops.ledger import Account, Ledger, Run
from bulkops.messages.errors import BulkopsError, CannotStart
from bulkops.model.environment import Environment
from bulkops.model.facts import Facts
from bulkops.model.outcomes import Outcome
from bulkops.model.plan import Plan
from bulkops.runs.control import UNWATCHED, Watch
from bulkops.runs.corrections_file import Corrections
from bulkops.runs.delivery import Delivery
from bulkops.runs.load import LoadedWorkbook
from bulkops.runs.report import Options
from bulkops.runs.touch import Touch


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run before it begins: nothing has been sent, and without a blocker everything is ready."""

    id: str
    workbook: LoadedWorkbook
    environment: Environment
    options: Options
    watch: Watch = UNWATCHED
    plan: Plan = field(default_factory=lambda: Plan((), ()))
    blocker: BulkopsError | None = None
    """Why the run cannot begin: another run, no place for the results, no key, EnergyCAP not reached."""
    notes: tuple[str, ...] = ()
    other_computer: str = ""
    """Why its rows may have been sent from another computer, or "" if nothing says so."""
    resumes: Run | None = None
    """The run that is taken up again, if one is."""
    earlier: tuple[Outcome, ...] = ()
    """What became of that run's other rows before it was cut short."""
    before: Mapping[int, Outcome] = field(default_factory=dict)
    """What became of the rows that are now to be done, by seq: not sent, or refused for a reason outside them."""
    ledger: Ledger | None = None
    delivery: Delivery | None = None
    corrections: Corrections | None = None
    key: Key | None = None
    owner: Owner | None = None
    """Whose key it is, as far as EnergyCAP tells."""
    key_owner: str = ""
    account: Account = field(default_factory=Account)
    """Whose data the key changes, as far as that is known."""
    former_source: str = ""
    """The data source of the runs before under this name, where EnergyCAP does not tell it any more."""
    facts: Facts = field(default_factory=Facts)
    """What EnergyCAP says of the rows."""
    said_of_rows: tuple[str, ...] = ()
    """Those of the notes that come from these facts."""
    own_practice: bool = False
    """Is its EnergyCAP a practice one of its own, which nobody else changes?"""
    touch: Touch | None = None
    """What the rows will touch; None where EnergyCAP was not asked."""
    changes: tuple[str, ...] = ()
    """What has changed in EnergyCAP since the question was asked first."""

    @property
    def to_be_sure_of(self) -> tuple[CannotStart, ...]:
        """What only a person may say yes to, who is there to be asked."""
        changed = CannotStart("run.changed", value="; ".join(self.changes)) if self.changes else None
        if not self.plan.steps:
            return (changed,) if changed else ()
        path, place = self.workbook.path.name, self.environment.place
        sent_there = CannotStart("run.elsewhere", path=path, value=self.other_computer) if self.other_computer else None
        untold = CannotStart("me.untold", value=place, extra=self.former_source) if self.former_source else None
        return tuple(each for each in (sent_there, untold, changed) if each)
