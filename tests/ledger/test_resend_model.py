"""Send again by code, in any order of events, against a model that is too simple to be wrong: a list of all sends.

Real are the cell's reader, the planning, the ledger and the processor; only the network is a list that counts.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from passes import passes
from steps import HERE, again, flag_edit, kickout, plan_of, run_named, task

from bulkops.energycap.rate_limit import RateLimit
from bulkops.ledger import Ledger
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.history import Resolution, ResolutionKind
from bulkops.model.outcomes import Status
from bulkops.model.plan import Plan
from bulkops.model.requests import Call, NoResponse, Reply
from bulkops.model.rows import Cell, CheckedRow, Kind
from bulkops.operations import all_operations
from bulkops.operations.base import SEND_AGAIN
from bulkops.runs.control import Control
from bulkops.runs.processor import Processor
from bulkops.runs.recorded_run import interrupted

AT = "2026-11-21T10:00:01Z"
NUMBERS = range(1, 5)
"""Two tasks and two lists."""
HELD = ("done", "unknown")
ENDINGS = ["done", "done", "failed", "unknown", "not_sent", "refused key", "disk full", "kill", "stop"]
JSON = {"content-type": "application/json"}


class Killed(BaseException):
    """The program is gone in the middle of a send."""


@dataclass(eq=False)
class Sent:
    """What the model knows of one send."""

    number: int
    other: bool
    """With other settings: another request for the same task; another edit of the same list."""
    run: str
    seq: int
    became: str = "unknown"
    code: str = ""
    kind: str = ""

    @property
    def key(self) -> tuple[int, bool]:
        return (self.number, self.number > 2 and self.other)

    @property
    def word(self) -> str:
        return "done" if self.kind == "done" else self.became

    @property
    def holds(self) -> bool:
        return self.became in HELD and self.kind != "send_again"


@dataclass(eq=False)
class Told:
    """What the model knows of one run."""

    name: str
    rows: dict[int, str] = field(default_factory=dict)
    """Row → what became of it; "left" for one that may still be sent."""
    released: dict[int, str] = field(default_factory=dict)
    """Row → the code that let it go when the run was planned."""


class Computer:
    """One ledger, and what the model knows of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.sqlite3"
        self.sends: list[Sent] = []
        self.runs: list[Told] = []
        self.ledger = Ledger(self.path)

    def start_again(self) -> None:
        """What a program that is gone left open is unknown at the next start."""
        self.ledger.close()
        self.ledger = Ledger(self.path)
        self.ledger.conclude_interrupted(interrupted)

    def holding(self, key: tuple[int, bool]) -> list[Sent]:
        return [sent for sent in self.sends if sent.key == key and sent.holds]


def row_of(seq: int, number: int, other: bool, typed: str) -> CheckedRow:
    """A row as a sheet says it, its Send again read as from a cell."""
    wish = SEND_AGAIN.read(Cell(1, Kind.TEXT, typed)) if typed else None
    if number > 2:
        return flag_edit(seq, 2001 + number, comment="Other" if other else "Checked", send_again=wish)
    return kickout(seq, number, "new batch" if other else "new self-contained batch", send_again=wish)


def asked_of(row: CheckedRow) -> tuple[int, bool]:
    """(number, other) of a row."""
    if row.operation == "kickout_reimport":
        return int(row.target[-12:]), row.values["batch_mode"] == "new batch"
    return int(row.target) - 2001, row.values["comment"] == "Other"


@dataclass
class Network:
    """What leaves a computer in a run: counted, and answered as it comes."""

    computer: Computer
    told: Told
    plan: Plan
    coming: Iterator[str]
    control: Control = field(default_factory=Control)

    def send(self, call: Call) -> Reply | NoResponse:
        if call.method == "GET":
            return Reply(401, JSON, b"{}")
        step = next(each for each in self.plan.steps if each.call == call)
        sent = Sent(*asked_of(step.row), self.told.name, step.row.seq)
        holding = self.computer.holding(sent.key)
        assert step.released == (holding[-1].code if holding else "")
        ending = next(self.coming)
        if ending == "stop":
            self.control.stop("You stopped the run.")
        if ending in ("not_sent", "stop"):
            return NoResponse(("NewConnectionError",), "", True)
        self.computer.sends.append(sent)
        self.told.rows[sent.seq] = "unknown"
        if ending == "kill":
            raise Killed
        if ending == "unknown":
            return NoResponse(("ReadTimeout",), "", True)
        if ending in ("failed", "refused key"):
            sent.became, self.told.rows[sent.seq] = "failed", "failed" if ending == "failed" else "left"
            return Reply(400 if ending == "failed" else 401, JSON, b'{"message": "No."}')
        sent.became = self.told.rows[sent.seq] = "done"
        if ending == "disk full":
            with self.computer.ledger._store.reading() as connection:
                connection.exec_driver_sql("PRAGMA query_only = ON")
        started = f'{{"taskGUId": "{task(900_000 + len(self.computer.sends))}"}}'
        return Reply(200, JSON, (started if sent.number < 3 else '{"selected": 3, "updated": 3}').encode())


class Codes(RuleBasedStateMachine):
    """Two computers, one set of workbooks that go between them, and an operator who types whatever he has seen."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.computers = []
        for name in "ab":
            (Path(self.folder.name) / name).mkdir()
            self.computers.append(Computer(Path(self.folder.name) / name))
        self.workbooks: list[dict[tuple[int, bool], str]] = [{}]
        """(number, other) → what stands in Send again; copies and renamed ones are further workbooks."""

    @rule(data=st.data(), number=st.sampled_from(NUMBERS), other=st.booleans())
    def edit(self, data: st.DataObject, number: int, other: bool) -> None:
        """A row with a blank, an old habit, or a code: the newest of its own, an older one, or another row's."""
        book = data.draw(st.sampled_from(self.workbooks))
        seen = [sent for each in self.computers for sent in each.sends if sent.code]
        own = [sent.code for sent in seen if sent.number == number]
        newest = own[-1:] * 4 + own + [sent.code for sent in seen]
        book[number, other] = data.draw(st.sampled_from(["", "", "No", "Yes", "1", "BCDFGH", *newest]))

    @rule(data=st.data())
    def copy(self, data: st.DataObject) -> None:
        self.workbooks.append(dict(data.draw(st.sampled_from(self.workbooks))))

    @rule(
        data=st.data(),
        at=st.integers(0, 1),
        send_again=st.booleans(),
        endings=st.lists(st.sampled_from(ENDINGS), min_size=8, max_size=8),
    )
    def run(self, data: st.DataObject, at: int, send_again: bool, endings: list[str]) -> None:
        computer, book = self.computers[at], data.draw(st.sampled_from(self.workbooks))
        # A task stands once in a workbook, whatever its settings.
        rows = {
            key: typed
            for key, typed in book.items()
            if key[0] > 2 or (key[0], False) == key or (key[0], False) not in book
        }
        checked = [row_of(seq, *asked, typed) for seq, (asked, typed) in enumerate(rows.items())]
        plan = plan_of(*checked, history=computer.ledger, send_again=send_again)
        told = Told(f"run-{len(computer.runs)}")
        computer.runs.append(told)
        for step in plan.steps:
            number, other = asked_of(step.row)
            holding = computer.holding((number, number > 2 and other))
            if not holding:
                assert (step.released, step.wish) == ("", "")
                continue
            newest = holding[-1]
            by_hand = rows[number, other] == newest.code
            for_all = send_again and not step.wish and (newest.word, newest.other) == ("done", other)
            assert step.released == newest.code
            assert by_hand or for_all, "a second send that nobody has asked for"
        computer.ledger.begin(run_named(told.name), plan, HERE)
        self.carry_out(computer, told, plan, endings)

    @precondition(lambda self: any(each.runs for each in self.computers))
    @rule(data=st.data(), endings=st.lists(st.sampled_from(ENDINGS), min_size=8, max_size=8))
    def resume(self, data: st.DataObject, endings: list[str]) -> None:
        computer = data.draw(st.sampled_from([each for each in self.computers if each.runs]))
        told = data.draw(st.sampled_from(computer.runs))
        rows = computer.ledger.resumable(told.name)
        assert {row.seq for row in rows} == {seq for seq, became in told.rows.items() if became == "left"}
        plan = plan_of(*rows, history=computer.ledger, resumed=True)
        for step in plan.steps:
            number, other = asked_of(step.row)
            holding = computer.holding((number, number > 2 and other))
            assert step.released == (holding[-1].code if holding else "")
            assert step.released in ("", told.released[step.row.seq])
        computer.ledger.begin_again(told.name, plan, HERE)
        self.carry_out(computer, told, plan, endings)

    def carry_out(self, computer: Computer, told: Told, plan: Plan, endings: list[str]) -> None:
        told.rows |= {outcome.seq: outcome.status.value for outcome in plan.decided}
        told.rows |= {step.row.seq: "left" for step in plan.steps}
        told.released |= {step.row.seq: step.released for step in plan.steps}
        network = Network(computer, told, plan, iter(endings))
        control = network.control
        rate_limit = RateLimit(lambda _: False, control.stopped.is_set)
        known_by = (told.name, computer.ledger, lambda: network.send, all_operations(), control, rate_limit)
        known = len(computer.sends)
        try:
            for outcome in Processor(*known_by, most_troubles=99).outcomes(plan):
                if outcome.status in (Status.DONE, Status.UNKNOWN):
                    sent = next(each for each in computer.sends[known:] if each.seq == outcome.seq)
                    sent.code = outcome.send_again_code
                    assert outcome.status is Status.DONE or sent.code in outcome.tip
        except Killed:
            pass
        except MustStop as error:
            if error.code == "ledger.guard":  # planned, and refused by the ledger
                raise
        else:
            computer.ledger.finish(told.name, [], None)
        computer.start_again()
        for sent in computer.sends[known:]:
            if sent.became in HELD:
                # Of a row whose program was killed the history has the code.
                code = computer.ledger.outcomes(told.name)[sent.seq].send_again_code
                assert sent.code in ("", code)
                sent.code = code
        self.check(computer)

    def check(self, computer: Computer) -> None:
        """What always holds, after whatever has changed what a ledger holds."""
        self.nothing_is_forgotten(computer)
        self.some_code_always_releases(computer)

    @precondition(lambda self: any(sent.became == "unknown" for each in self.computers for sent in each.sends))
    @rule(data=st.data(), kind=st.sampled_from(ResolutionKind))
    def mark(self, data: st.DataObject, kind: ResolutionKind) -> None:
        """Any row that became unknown, marked already or not."""
        unknown = [(each, sent) for each in self.computers for sent in each.sends if sent.became == "unknown"]
        computer, sent = data.draw(st.sampled_from(unknown))
        if sent in self.followed(computer) or sent.kind == kind:
            with pytest.raises(CannotStart, match="sent again on" if sent in self.followed(computer) else "marked as"):
                computer.ledger.resolve(sent.run, sent.seq, Resolution(kind, "Sam", AT))
            return
        computer.ledger.resolve(sent.run, sent.seq, Resolution(kind, "Pat", AT))
        assert computer.ledger.resolutions(sent.run)[sent.seq].kind is kind
        sent.kind = kind.value
        self.check(computer)

    def followed(self, computer: Computer) -> list[Sent]:
        """Those whose like was sent once more since, and holds."""
        return [
            before
            for at, later in enumerate(computer.sends)
            for before in computer.sends[:at]
            if later.holds and (before.number, before.other) == (later.number, later.other)
        ]

    def nothing_is_forgotten(self, computer: Computer) -> None:
        for told in computer.runs:
            outcomes = {each.seq: each.status.value for each in computer.ledger.outcomes(told.name)}
            assert outcomes.keys() == told.rows.keys()
            for seq, became in told.rows.items():
                assert outcomes[seq] == became or (became == "left" and outcomes[seq] in ("not_sent", "failed"))
        followed = self.followed(computer)
        unknown = [each for each in reversed(computer.sends) if each.became == "unknown" and each not in followed]
        for marked in (False, True):
            expected = [(each.run, each.seq, each.code) for each in unknown if marked or not each.kind]
            unknown_outcomes = computer.ledger.unknown_outcomes(HERE, marked)
            assert [(each.run, each.seq, each.send_again_code) for each in unknown_outcomes] == expected

    def some_code_always_releases(self, computer: Computer) -> None:
        """Every row is sent as it is, or by the one code that its outcome names; and never by anything else."""
        for number, other in itertools.product(NUMBERS, (False, True)):
            holding = computer.holding((number, number > 2 and other))
            row = row_of(0, number, other, "")
            blank = plan_of(row, history=computer.ledger)
            if not holding:
                assert [step.released for step in blank.steps] == [""]
                assert not plan_of(again(row, "BCDFGH"), history=computer.ledger).steps
                continue
            (outcome,) = blank.decided
            assert outcome.send_again_code == holding[-1].code
            assert outcome.send_again_code in outcome.tip
            (step,) = plan_of(again(row, outcome.send_again_code), history=computer.ledger).steps
            assert step.released == outcome.send_again_code
            wrong = {sent.code for each in self.computers for sent in each.sends} - {outcome.send_again_code, ""}
            assert not any(plan_of(again(row, code), history=computer.ledger).steps for code in wrong)

    def teardown(self) -> None:
        for computer in getattr(self, "computers", ()):
            computer.ledger.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestCodes = Codes.TestCase
TestCodes.runTest.__doc__ = Codes.__doc__
TestCodes.settings = settings(
    max_examples=passes(60),
    stateful_step_count=14,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
