"""What the window shows and asks, as plain values: made here, put on the screen elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bulkops import __version__
from bulkops.desktop.lines import Line
from bulkops.messages.errors import COMMON, BulkopsError
from bulkops.messages.wording import moment, plural, printable
from bulkops.model.environment import CUSTOM, PRACTICE, Environment
from bulkops.model.history import ResolutionKind, UnknownOutcome
from bulkops.model.outcomes import Status, by_status
from bulkops.runs.summary import Summary

STEPS = (
    "1.  Choose a workbook, or make one from the template. Every row is checked at once; nothing is sent by that.",
    "2.  Correct what needs fixing in the workbook, save it, and check again.",
    "3.  Practise first: on Practice a run changes nothing. Then choose your EnergyCAP above.",
    "4.  Run. You are asked once more before anything is sent; the results go into the workbook.",
)
TICK = "I have looked, and these rows are to be sent all the same"
REHEARSE = "Rehearse trouble: a lost answer, a refusal, a slow server, a wrong control total"
OFFLINE = "Do not ask EnergyCAP about the rows"
WHERE = "Practice \N{EN DASH} nothing leaves this computer"


@dataclass(frozen=True, slots=True)
class Button:
    """A button: its words, and why it cannot be pressed at the moment ("" if it can)."""

    words: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an operator can say of a row in doubt."""

    button: str
    words: str
    sure: str
    """What is asked before it is recorded."""


@dataclass(frozen=True, slots=True)
class Sure:
    """A question with two answers, of which the second does nothing."""

    title: str
    words: str
    yes: str
    no: str


CLOSING = Sure(
    "Keep running?",
    "Rows are being sent. What is on its way is finished and recorded; the others can be sent later.",
    "Stop safely and close",
    "Keep running",
)
RESOLUTION_KINDS = {
    ResolutionKind.DONE: Finding(
        "It was done …",
        "done after all",
        "You have looked in EnergyCAP, and the change is there. The row will count as done and will not be sent again.",
    ),
    ResolutionKind.SEND_AGAIN: Finding(
        "It was not done …",
        "to be sent again",
        "You have looked in EnergyCAP, and the change is surely not there. The next run may send the row again, once. "
        "If it was carried out after all, that changes bills twice.",
    ),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that kept bulkops from doing what it was asked for."""

    title: str
    sentence: str
    tip: str
    code: str

    @property
    def details(self) -> str:
        """For whoever is asked for help. A catalogue's sentence never holds a key."""
        return f"{self.title}\n{self.sentence}\n{self.tip}\nCode: {self.code}\nbulkops {__version__}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before anything is sent."""

    count: int
    """Rows that would be sent."""
    what: str
    host: str
    practice: bool
    owner: str
    key: str
    touch: tuple[str, ...]
    """What the rows will touch, as far as EnergyCAP tells: the bills first."""
    effects: tuple[str, ...]
    left_out: str
    results: str
    notes: tuple[str, ...]
    hidden: int
    """Hidden rows, sent only if ``include_hidden``."""
    done: int
    """Rows done before, sent again only if ``send_again``."""
    include_hidden: bool = False
    send_again: bool = False
    may_rehearse: bool = False
    """Can some rows meet trouble on purpose?"""
    trouble: bool = False
    """Do they?"""
    may_go_offline: bool = False
    """Can it be left out to ask EnergyCAP about the rows?"""
    offline: bool = False
    """Was it left out?"""
    resumes: str = ""
    sure: tuple[str, ...] = ()
    """What the operator must have seen to, and says so by a tick, before anything is sent."""
    older: str = ""
    """What the record of what was sent lacks: then it is asked whether that is to be taken over, and nothing else."""

    @property
    def title(self) -> str:
        """What is asked, or what there is to know first."""
        if self.older:
            return self.older
        return f"Send {self.what}?" if self.count else "Nothing would be sent."

    @property
    def button(self) -> str:
        """The words of the button that begins the run."""
        if self.older:
            return "Take them over as unknown"
        return f"Run {plural(self.count, 'row')}" if self.count else "Write the results"

    def wrong(self, typed: str, sure: bool = False) -> str:
        """Why what was typed does not begin the run; "" if it does. ``sure``: is the tick there?"""
        if self.sure and not sure:
            return f"Tick “{TICK}” to send them."
        if self.practice or not self.count:
            return ""
        digits = typed.strip()
        if digits == str(self.count):
            return ""
        seen = f"“{digits}” is not the number of rows. " if digits else ""
        return f"{seen}Type {self.count} to send them."


def sure_of(line: Line, unknown: UnknownOutcome, kind: ResolutionKind) -> Sure:
    """What is asked before a row in doubt is marked: what was sent, and what the mark means."""
    finding = RESOLUTION_KINDS[kind]
    title = f"Mark {line.sheet}, row {line.row}, as {finding.words}?"
    sent = f"Sent on {moment(unknown.started)} by {unknown.who} from {Path(unknown.workbook).name}."
    return Sure(
        title, f"{line.asks}\n{printable(sent)}\n\n{finding.sure}", f"Mark as {finding.words}", "Leave it in doubt"
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the window shows of a workbook, but for its rows."""

    workbook: Path | None
    environment: Environment
    headline: str
    """What is going on, or what has come of it, in a sentence."""
    more: str = ""
    """What to do next, or how far it is."""
    totals: Mapping[Status, int] = field(default_factory=dict)
    progress: tuple[int, int] | None = None
    """(rows done, rows to do) while something runs; (0, 0) where that is not known."""
    check: Button = Button("Check")
    run: Button = Button("Run")
    stop: Button = Button("Stop safely")
    results: Button = Button("Open results")
    corrections: Button = Button("Make corrections workbook")
    busy: bool = False
    """May the workbook and the environment not be changed now?"""
    notes: tuple[str, ...] = ()
    trouble: Trouble | None = None


def named(environment: Environment) -> str:
    """An environment as it is chosen: its name, and its host in words."""
    return WHERE if environment.name == PRACTICE else _host(environment.name, environment.host, " \N{EN DASH} ")


def banner(environment: Environment) -> str:
    """What stands over everything, in white on green or red."""
    if environment.name == PRACTICE:
        return "PRACTICE \N{EN DASH} nothing leaves this computer, no bill is changed"
    return (
        f"PRODUCTION \N{EN DASH} {_host(environment.name, environment.host)} \N{EN DASH} every row changes real bills"
    )


def _host(name: str, host: str, between: str = ": ") -> str:
    """A host, after its environment's name if it has one of EnergyCAP's."""
    return host if name == CUSTOM else f"{name}{between}{host}"


def trouble(error: BulkopsError) -> Trouble:
    """A known trouble as the window shows it."""
    entry = COMMON[error.code]
    return Trouble(entry.title, printable(error.sentence), printable(error.tip), error.code)


def question(summary: Summary) -> Question:
    """What to ask before a run, from what would be sent and what would become of the other rows."""
    # A run that is taken up again keeps to what was asked of it then.
    choices = () if summary.resumes else summary.preview.outcomes
    hidden = sum(each.code == "row.hidden" for each in choices)
    done = sum(each.status is Status.ALREADY_DONE for each in choices)
    owner = printable(summary.owner) or "an unknown owner"
    effects = (f"{plural(count, 'row')} {effect}" for effect, count in summary.effects.items())
    within = ", in a sheet of its own" if summary.within else ""
    return Question(
        sum(summary.steps.values()),
        " and ".join(f"{count} {kind}" for kind, count in summary.steps.items()),
        "Practice, on this computer" if summary.environment == PRACTICE else _host(summary.environment, summary.host),
        summary.environment == PRACTICE,
        owner if summary.key else "",
        summary.key,
        tuple(map(printable, summary.touch)),
        tuple(effects),
        by_status(summary.decided),
        f"{summary.results}{within}" if summary.results else "",
        tuple(map(printable, summary.notes)),
        hidden,
        done,
        summary.options.include_hidden,
        summary.options.send_again,
        summary.environment == PRACTICE and bool(summary.steps) and not summary.resumes,
        summary.options.trouble,
        not summary.resumes and summary.environment != PRACTICE and summary.options.max_bills is None,
        summary.options.offline,
        printable(summary.resumes),
        tuple(printable(each.tip) for each in summary.sure),
    )


def question_of_older(why: BulkopsError) -> Question:
    """What to ask where the record of what was sent is not the newest."""
    shown = trouble(why)
    return Question(0, "", "", True, "", "", (), (), "", "", (shown.sentence, shown.tip), 0, 0, older=shown.title)
