"""The ledger: an intent is durable before a send, an outcome after it, and nothing in it is forgotten."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from misbehaving import Misbehaving, Talk
from steps import HERE, KICKOUT, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops import ledger as ledger_room
from bulkops.errors import CannotStart, MustStop
from bulkops.ledger import INTENT, PLANNED, SCHEMA_VERSION, Ledger
from bulkops.model import Outcome, Plan, Status, Step, outcome_of

AT = "2026-11-21T10:00:01Z"


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def ledger(path) -> Iterator[Ledger]:
    made = Ledger(path)
    yield made
    made.close()


def states(path: Path) -> list[str]:
    """The states of all lines, as another program sees them right now."""
    with closing(sqlite3.connect(path)) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM lines ORDER BY rowid")]


def done(step: Step, **more: object) -> Outcome:
    return outcome_of(step.row, Status.DONE, **{"new_task_guid": task(99), "started": AT, "seconds": 0.25, **more})


def words(operation: str, target: str) -> tuple[str, str]:
    return f"{operation} was interrupted", f"look at {target}"


def send(ledger: Ledger, run: str, step: Step, status: Status = Status.DONE) -> None:
    ledger.intend(run, step, AT)
    ledger.conclude(run, replace(done(step), status=status))


def again(plan: Plan, seq: int = 0) -> Step:
    step = plan.steps[seq]
    return replace(step, release=True)


# Intent, outcome


def test_a_run_is_recorded_with_a_line_for_every_row_before_anything_is_sent(ledger, path):
    """Whatever happens next, every row of the workbook can be told from the ledger alone."""
    plan = plan_of(kickout(0), replace(kickout(1), hidden=True), flag_edit(2, 2001))
    ledger.begin(run_named("r"), plan, HERE)
    assert sorted(states(path)) == ["not_sent", PLANNED, PLANNED]
    assert facts(ledger.outcomes("r")) == [(0, "not_sent", ""), (1, "not_sent", "row.hidden"), (2, "not_sent", "")]
    with closing(sqlite3.connect(path)) as connection:
        method, where, body = connection.execute("SELECT method, path, body FROM lines WHERE seq = 2").fetchone()
    call = plan.steps[1].call
    assert (method, where, body.encode()) == (call.method, call.path, call.encoded())


def test_an_intent_is_durable_when_intend_returns(ledger, path):
    """Another program reads it from the file at once."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[1], AT)
    assert states(path) == [PLANNED, INTENT]
    ledger.conclude("r", done(plan.steps[1]))
    assert states(path) == [PLANNED, "done"]


def test_a_row_is_intended_once(ledger):
    """Neither while it is on its way nor after its outcome, whatever that was."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    with pytest.raises(MustStop, match=r"ledger\.unusable|second time"):
        ledger.intend("r", plan.steps[0], AT)
    for number, status in enumerate((Status.DONE, Status.FAILED, Status.UNKNOWN, Status.NOT_SENT)):
        ledger.begin(run_named(f"r{number}"), plan, HERE)
        send(ledger, f"r{number}", plan.steps[1], status)
        with pytest.raises(MustStop):
            ledger.intend(f"r{number}", plan.steps[1], AT)


def test_only_a_row_of_the_run_is_intended(ledger):
    """A run that was not recorded, or a row that is not in it, is never sent."""
    plan = plan_of(kickout(0), replace(kickout(1), hidden=True))
    ledger.begin(run_named("r"), plan, HERE)
    stranger = plan_of(kickout(7)).steps[0]
    hidden = plan_of(kickout(1)).steps[0]
    for run, step in (("other", plan.steps[0]), ("r", stranger), ("r", hidden)):
        with pytest.raises(MustStop):
            ledger.intend(run, step, AT)


def test_the_same_request_is_on_its_way_once_whoever_asks(ledger, path):
    """Two lines, two runs, two programs: one fingerprint in flight."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("a"), plan, HERE)
    with closing(Ledger(path)) as other:
        other.begin(run_named("b"), plan, HERE)
        ledger.intend("a", plan.steps[0], AT)
        with pytest.raises(MustStop) as error:
            other.intend("b", plan.steps[0], AT)
        assert "on its way already" in str(error.value)
        ledger.conclude("a", done(plan.steps[0]))
        other.intend("b", plan.steps[0], AT)


def test_an_outcome_needs_an_intent(ledger):
    """Nothing is recorded as sent that was not, and no outcome is written over."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with pytest.raises(MustStop):
        ledger.conclude("r", done(plan.steps[0]))
    send(ledger, "r", plan.steps[0])
    with pytest.raises(MustStop):
        ledger.conclude("r", replace(done(plan.steps[0]), status=Status.FAILED))
    assert [each.status for each in ledger.outcomes("r")] == [Status.DONE]


def test_outcomes_come_back_as_they_were_recorded(ledger, path):
    """Every fact, every character, in reading order, from a file that was closed in between."""
    plan = plan_of(*(kickout(n) for n in range(3)), flag_edit(3, 2001), replace(kickout(4), hidden=True))
    ledger.begin(run_named("r"), plan, HERE)
    recorded = [
        done(plan.steps[3], selected=12, updated=7, new_task_guid=None, message="Zoë \ud800 \x00 \U0001f600"),
        replace(done(plan.steps[0]), status=Status.FAILED, http_status=400, code="sent.refused", tip="t", cell="A!B2"),
        replace(done(plan.steps[1]), warnings=("one", "two"), seconds=None),
    ]
    for outcome in recorded:
        step = next(step for step in plan.steps if step.row.seq == outcome.seq)
        ledger.intend("r", step, AT)
        ledger.conclude("r", outcome)
    unsent = outcome_of(plan.steps[2].row, Status.NOT_SENT, code="row.stopped", message="Stopped.")
    ledger.finish("r", [unsent], "results.xlsx")
    ledger.close()
    with closing(Ledger(path)) as later:
        assert later.outcomes("r") == sorted([*recorded, unsent, *plan.decided], key=lambda each: each.seq)


def test_finish_closes_the_run_and_touches_nothing_that_was_sent(ledger):
    """Only rows that were never sent can be called not sent."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    ledger.finish("r", [outcome_of(step.row, Status.NOT_SENT) for step in plan.steps], "x.xlsx")
    assert [each.status.value for each in ledger.outcomes("r")] == ["done", "unknown", "not_sent"]
    assert ledger.counts("r") == {"done": 1, INTENT: 1, "not_sent": 1}
    (run,) = ledger.runs()
    assert (run.results, run.ended is not None) == ("x.xlsx", True)


def test_runs_are_told_newest_first(ledger):
    """Also those that ended in the same second."""
    for name, started in (("a", AT), ("c", AT), ("b", AT), ("d", "2026-11-20T10:00:00Z")):
        ledger.begin(run_named(name, started), plan_of(kickout(0)), HERE)
    assert [run.id for run in ledger.runs()] == ["c", "b", "a", "d"]
    assert ledger.counts("nobody") == {}
    assert ledger.outcomes("nobody") == []


def test_a_name_that_is_not_unicode_is_recorded_all_the_same(ledger):
    """A file may be called anything; the run is recorded with what can be written of it."""
    ledger.begin(replace(run_named("r"), workbook="books/\udcff.xlsx"), plan_of(kickout(0)), HERE)
    assert ledger.runs()[0].workbook == "books/\\udcff.xlsx"


# What was sent before


def test_an_intent_without_an_outcome_becomes_unknown(ledger, path):
    """A program that is gone cannot say what became of the row; the operator is told where to look."""
    plan = plan_of(kickout(0), kickout(1), kickout(2))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    assert ledger.settle_interrupted(words) == 1
    assert ledger.settle_interrupted(words) == 0
    assert states(path) == ["done", "unknown", PLANNED]
    outcome = ledger.outcomes("r")[1]
    assert (outcome.status, outcome.code, outcome.started) == (Status.UNKNOWN, "sent.interrupted", AT)
    assert (outcome.message, outcome.tip) == (f"{KICKOUT} was interrupted", f"look at {task(2)}")


def test_the_past_holds_what_was_done_or_is_in_doubt_in_the_order_of_sending(ledger):
    """Failed and unsent rows may be sent again; the clock of this computer may have been set back in between."""
    plan = plan_of(kickout(0), kickout(1), kickout(2), kickout(3), kickout(4))
    for name, started, status in (
        ("b", "2026-11-21T10:00:00Z", Status.UNKNOWN),
        ("a", "2025-01-01T00:00:00Z", Status.DONE),
    ):
        ledger.begin(run_named(name, started), plan, HERE)
        ledger.intend(name, plan.steps[0], started)
        ledger.conclude(name, replace(done(plan.steps[0]), status=status))
    send(ledger, "a", plan.steps[1], Status.FAILED)
    send(ledger, "a", plan.steps[2], Status.NOT_SENT)
    ledger.intend("a", plan.steps[3], AT)
    past = ledger.past(HERE)
    assert set(past) == {(KICKOUT, task(1)), (KICKOUT, task(4))}
    assert [(each.status, each.run, each.who, each.workbook) for _, each in past[KICKOUT, task(1)]] == [
        (Status.UNKNOWN, "b", "Pat", "b.xlsx"),
        (Status.DONE, "a", "Pat", "a.xlsx"),
    ]
    assert [(sent, each.status) for sent, each in past[KICKOUT, task(4)]] == [
        (plan.steps[3].call.fingerprint(HERE), Status.UNKNOWN)
    ]


def test_the_past_of_another_environment_is_another_past(ledger):
    """What was done in the test system is not done."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    assert ledger.past("https://app.energycap.com") == {}


def test_what_the_ledger_holds_decides_the_next_plan(ledger):
    """Done rows are done, doubts stay doubts, and what was refused or not sent is sent."""
    rows = [kickout(n) for n in range(4)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    send(ledger, "r", plan.steps[0])
    ledger.intend("r", plan.steps[1], AT)
    send(ledger, "r", plan.steps[2], Status.FAILED)
    ledger.settle_interrupted(words)
    later = plan_of(*rows, history=ledger.past(HERE))
    assert facts(later.decided) == [(0, "already_done", "row.already_done"), (1, "unknown", "row.still_unknown")]
    assert seqs(later) == [[2, 3]]


# A program that is killed

KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from steps import HERE, kickout, plan_of, run_named
from bulkops.client import Client
from bulkops.ledger import Ledger
from bulkops.operations import all_operations
from bulkops.processor import Control, Processor
from bulkops.settings import Environment, Key

ledger = Ledger(Path(sys.argv[1]))
plan = plan_of(kickout(0), kickout(1))
ledger.begin(run_named("killed"), plan, HERE)
client = Client(Environment("custom", sys.argv[2]), Key("key"))
list(Processor("killed", ledger, lambda: client.send, all_operations(), Control()).outcomes(plan))
"""


def test_a_row_whose_program_was_killed_is_unknown_and_never_sent_again(path):
    """Killed between intent and outcome: the request arrived once, and no later run sends it."""
    with Misbehaving(Talk.hang) as server:
        arguments = [str(path), server.base_url, str(Path(__file__).parent)]
        with subprocess.Popen([sys.executable, "-c", KILLED, *arguments]) as process:
            assert server.arrived.wait(60)
            process.kill()
        with closing(Ledger(path)) as ledger:
            assert ledger.counts("killed") == {INTENT: 1, PLANNED: 1}
            assert ledger.settle_interrupted(words) == 1
            for _ in range(2):
                later = plan_of(kickout(0), kickout(1), history=ledger.past(HERE))
                assert facts(later.decided) == [(0, "unknown", "row.still_unknown")]
                assert seqs(later) == [[1]]
    assert len(server.requests) == 1


# The file


def test_every_commit_is_on_the_disk_before_it_counts(ledger):
    """Write-ahead log, synchronous=FULL, and on macOS a full flush."""
    with ledger._engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "fullfsync", "foreign_keys", "user_version")
        }
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "foreign_keys": 1,
        "user_version": SCHEMA_VERSION,
    }


def refused(path: Path) -> str:
    with pytest.raises(CannotStart) as error:
        Ledger(path)
    assert error.value.code == "ledger.unusable"
    assert str(path) in str(error.value)
    return str(error.value)


def test_a_ledger_of_a_newer_bulkops_is_refused_and_left_alone(ledger, path):
    """An older program must not misread what a newer one wrote."""
    ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    assert "newer bulkops" in refused(path)
    assert path.read_bytes() == before


def test_a_damaged_ledger_is_refused(ledger, path):
    """Without the past nothing may be sent: a file with a spoilt page is no ledger."""
    plan = plan_of(*(kickout(n) for n in range(200)))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 8 : 4096 * 12] = b"\x5a" * 4096 * 4
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 100, b"SQLite format 3\x00"])
def test_a_file_that_is_no_ledger_is_refused(path, content):
    """Something else in its place is left as it is."""
    path.write_bytes(content)
    refused(path)
    assert path.read_bytes() == content


def test_a_ledger_that_cannot_be_made_is_refused(tmp_path):
    """No such folder, or a folder in its place."""
    refused(tmp_path / "missing" / "ledger.sqlite3")
    refused(tmp_path)


def test_a_half_made_ledger_is_made_whole(path, monkeypatch):
    """Tables and the guard against two of one request are made together: killed half-way, nothing is there."""
    with closing(Ledger(path)):
        pass
    with closing(sqlite3.connect(path)) as connection:
        guards = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%UNIQUE%'"
        assert connection.execute(guards).fetchall() == [("one_in_flight",)]
    other = path.with_name("half.sqlite3")
    create = ledger_room._metadata.create_all

    def half(connection: object) -> None:
        create(connection, tables=[ledger_room._runs])
        raise CannotStart("ledger.unusable", path=other, value="killed")

    monkeypatch.setattr(ledger_room._metadata, "create_all", half)
    refused(other)
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_full_disk_stops_the_run_and_loses_nothing(ledger, path):
    """The first write that finds no room raises MustStop; every line is still what it was."""
    rows = [kickout(n, comment="x" * 300) for n in range(100)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 10}")
    expected = [PLANNED] * len(rows)

    def send_all() -> None:
        for number, step in enumerate(plan.steps):
            ledger.intend("r", step, AT)
            expected[number] = INTENT
            ledger.conclude("r", done(step, message="y" * 900))
            expected[number] = "done"

    with pytest.raises(MustStop) as error:
        send_all()
    assert "full" in str(error.value)
    assert "done" in expected
    assert PLANNED in expected
    assert states(path) == expected
    with pytest.raises(MustStop):
        ledger.begin(run_named("s"), plan, HERE)
    ledger.close()
    with closing(Ledger(path)) as later:
        assert later.settle_interrupted(words) == expected.count(INTENT)
        assert later.counts("r").get("done") == expected.count("done")


def test_a_ledger_that_cannot_be_written_stops_before_anything_is_sent(ledger, path):
    """A disk that turned read-only is found at the intent, not after the send."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    for act in (
        lambda: ledger.intend("r", plan.steps[0], AT),
        lambda: ledger.begin(run_named("s"), plan, HERE),
        lambda: ledger.finish("r", [], None),
    ):
        with pytest.raises(MustStop):
            act()
    assert states(path) == [PLANNED]


def test_a_ledger_that_another_program_holds_is_a_sentence(ledger, path):
    """A lock that is not given back in time is a known trouble, not a traceback."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MustStop, match="ledger"):
            ledger.intend("r", plan.steps[0], AT)
        other.rollback()
    ledger.intend("r", plan.steps[0], AT)


# Any order of events


class Sessions(RuleBasedStateMachine):
    """Runs, sends, kills and releases in any order, held against a model that is too simple to be wrong."""

    tasks = Bundle("tasks")

    @initialize()
    def open(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite3"
        self.ledger = Ledger(self.path)
        self.sent: dict[int, list[str]] = {}
        self.flying: set[int] = set()
        self.runs = 0

    @rule(
        numbers=st.lists(st.integers(1, 4), unique=True), released=st.booleans(), killed=st.booleans(), data=st.data()
    )
    def run(self, numbers: list[int], released: bool, killed: bool, data: st.DataObject) -> None:
        rows = [kickout(seq, number, send_again=released or None) for seq, number in enumerate(numbers)]
        plan = plan_of(*rows, history=self.ledger.past(HERE))
        name = f"run-{self.runs}"
        self.runs += 1
        self.ledger.begin(run_named(name), plan, HERE)
        for step in plan.steps:
            number = int(step.row.target[-12:])
            assert released or self.sent.get(number, [])[-1:] not in (["done"], ["unknown"])
            assert number not in self.flying
            self.ledger.intend(name, step, AT)
            status = data.draw(
                st.sampled_from(["done", "failed", "unknown", "not_sent", "kill"] if killed else ["done"])
            )
            if status == "kill":
                self.sent.setdefault(number, []).append("unknown")
                self.flying.add(number)
                break
            self.ledger.conclude(name, replace(done(step), status=Status(status)))
            if status in ("done", "unknown"):
                self.sent.setdefault(number, []).append(status)
        self.start_again()

    def start_again(self) -> None:
        self.ledger.close()
        self.ledger = Ledger(self.path)
        assert self.ledger.settle_interrupted(words) == len(self.flying)
        self.flying.clear()

    @invariant()
    def nothing_is_forgotten(self) -> None:
        if not hasattr(self, "ledger"):
            return
        past = {
            int(target[-12:]): [each.status.value for _, each in sent]
            for (_, target), sent in self.ledger.past(HERE).items()
        }
        assert past == self.sent
        for run in self.ledger.runs():
            assert len(self.ledger.outcomes(run.id)) == sum(self.ledger.counts(run.id).values())

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.folder.cleanup()


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    max_examples=25, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
)
