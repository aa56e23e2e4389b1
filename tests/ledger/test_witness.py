"""The witness: a ledger that vanishes, or is not the newest, is noticed before a row is sent a second time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asking import Bulkops, carried_out, fill, flag
from steps import HERE, plan_of, run_named
from steps import kickout as row

from bulkops.energycap import environments
from bulkops.ledger import Account, Ledger, Witness, witness, witness_sync
from bulkops.ledger.codes import is_code
from bulkops.messages.errors import CannotStart
from bulkops.model.outcomes import Status, outcome_of
from bulkops.practice.records import Applied
from bulkops.practice.server import PRACTICE_KEY, PracticeServer
from bulkops.runs import history, prepare, resolve, resume
from bulkops.runs.ledger_access import LEDGER
from bulkops.runs.report import Options
from bulkops.system import data_folder

ROWS = [flag(2001 + number, flag_type_id=2) for number in range(5)]
AT = "2026-11-21T10:00:01Z"
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move or delete a file that is open")


def words(operation: str, target: str, _: str) -> tuple[str, str]:
    return f"{operation} was interrupted", f"look at {target}"


class World:
    """A workbook of five rows, a data folder, and a server that lets something happen when a row arrives."""

    def __init__(self, folder: Path, home: Path, bulkops: Bulkops, server: PracticeServer) -> None:
        self.home, self.server = home, server
        self.book = fill(folder / "August.xlsx", flags=ROWS)
        self.bulkops = bulkops
        self.meanwhile: dict[int, Callable[[], object]] = {}
        """What happens while the write of this number is on its way."""

        edit_flags = server.state.edit_flags

        def arrive(*edit: Any) -> Applied:
            self.meanwhile.pop(len(self.writes), lambda: None)()
            return edit_flags(*edit)

        server.state.edit_flags = arrive

    @property
    def writes(self) -> list[str]:
        return [each.path for each in self.server.writes]

    def run(self, *more: str, typed: str | None = None):
        asked = () if typed else ("--yes",)
        return self.bulkops(
            *("run", self.book, "--base-url", self.server.base_url, "--jobs", "1", "--json", *asked, *more),
            typed=typed,
        )

    @property
    def witness(self) -> Path:
        return self.home.with_name(f"{self.home.name} witness")

    def copy(self, name: str = "older") -> Path:
        """The data folder as it is now, for a later day."""
        return Path(shutil.copytree(self.home, self.home.with_name(f"{self.home.name} {name}")))


@pytest.fixture
def world(tmp_path: Path, home: Path, bulkops: Bulkops, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("BULKOPS_API_KEY", PRACTICE_KEY)
    with PracticeServer() as server:
        yield World(tmp_path, home, bulkops, server)


# ---------------------------------------------------------------- while a run goes on


def _older(world: World) -> None:
    """A ledger of another day takes the place of the one that is open."""
    other = world.home.with_name("other.sqlite3")
    with closing(Ledger(other)):
        pass
    os.replace(other, world.home / LEDGER)


VANISHING: dict[str, Callable[[World], object]] = {
    "the log is deleted": lambda world: (world.home / f"{LEDGER}-wal").unlink(),
    "the ledger is deleted": lambda world: (world.home / LEDGER).unlink(),
    "everything in the folder is deleted": lambda world: [each.unlink() for each in world.home.glob("ledger*")],
    "the folder is renamed": lambda world: world.home.rename(world.home.with_name(f"{world.home.name} renamed")),
    "an older ledger is put in its place": _older,
}


@posix
@pytest.mark.parametrize("act", VANISHING.values(), ids=VANISHING)
@pytest.mark.parametrize("at", [1, 3])
def test_a_ledger_that_vanishes_stops_the_run(act, at, world):
    """The row on its way is told as it came; no other is sent, and no later run sends one of them again."""
    world.meanwhile[at] = lambda: act(world)
    told = world.run()
    assert told.code == 3, told.err
    assert len(world.writes) == at
    assert told.statuses == ["done"] * at + ["not_sent"] * (5 - at)
    assert "was moved, deleted or replaced" in told.document["notes"][-1]
    sent = list(world.writes)
    world.home.mkdir(exist_ok=True)
    (world.home / "ledger.reserve").unlink(missing_ok=True)
    for _ in range(2):
        told = world.run()
        assert told.code in (0, 2), told.err
    assert [each for each in world.writes if each in sent] == sent


@posix
def test_a_ledger_that_vanished_before_the_run_began_sends_nothing(world):
    """Between the question and the first row anything may take long."""
    where = environments.environment(None, world.server.base_url)
    with prepare.prepare(world.book, where, data_folder.home(), Options()) as prepared:
        assert prepared.blocker is None
        (world.home / LEDGER).unlink()
        report = carried_out(prepared)
    assert (report.exit_code, world.writes) == (2, [])
    assert report.refused is not None
    assert report.refused.code == "ledger.moved"


# ---------------------------------------------------------------- between runs


def _gone(world: World, _: Path) -> None:
    shutil.rmtree(world.home)


def _renamed(world: World, _: Path) -> None:
    world.home.rename(world.home.with_name(f"{world.home.name} put aside"))


def _files_gone(world: World, _: Path) -> None:
    for each in world.home.glob("ledger*"):
        each.unlink()


def _restored(world: World, older: Path) -> None:
    shutil.rmtree(world.home)
    shutil.copytree(older, world.home)


LOST = {"folder deleted": _gone, "folder renamed": _renamed, "files deleted": _files_gone, "backup put back": _restored}


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_what_an_older_ledger_lacks_is_never_sent_again(lose, world):
    """With --yes nothing is sent, exit code 2; after a person's yes those rows are unknown, and stay so."""
    fill(world.book, flags=ROWS[:2])
    assert world.run().code == 0
    older = world.copy()
    fill(world.book, flags=ROWS[:4])
    assert world.run().code == 0
    sent = list(world.writes)
    assert len(sent) == 4
    lose(world, older)
    fill(world.book, flags=ROWS)
    lacking = 2 if lose is _restored else 4
    told = world.run()
    assert (told.code, told.statuses, world.writes) == (2, ["not_sent"] * 5, sent)
    assert f"it lacks {lacking} rows" in told.document["notes"][-1]
    assert str(world.witness) in told.document["notes"][-1]
    told = world.run(typed="no\n")
    assert (told.code, world.writes) == (2, sent)
    told = world.run(typed="yes\nyes\n")
    assert told.code == 4, told.err
    assert told.statuses == ["already_done"] * (4 - lacking) + ["unknown"] * lacking + ["done"]
    assert world.writes[4:] == ["/api/v3/list/2005/flagAction"]
    told = world.run()
    assert told.statuses == ["already_done"] * (4 - lacking) + ["unknown"] * lacking + ["already_done"]
    assert len(world.writes) == 5


def test_a_ledger_that_was_moved_with_its_folder_is_the_newest(world, monkeypatch):
    """Nothing is asked where nothing is lacking: a data folder may be moved, and its witness may be deleted."""
    assert world.run().code == 0
    moved = world.home.with_name(f"{world.home.name} moved")
    world.home.rename(moved)
    monkeypatch.setenv("BULKOPS_HOME", str(moved))
    assert world.run().statuses == ["already_done"] * 5
    # The witness there was told what the ledger knows, before anything is lost again.
    for each in moved.glob("ledger*"):
        each.unlink()
    assert world.run().code == 2
    assert len(world.writes) == 5


def test_what_was_taken_over_can_be_looked_up_and_marked(world, bulkops):
    """Its run is in the history, with its rows; whoever has looked in EnergyCAP says what became of them."""
    assert world.run().code == 0
    (before,) = history.history(world.home)
    shutil.rmtree(world.home)
    assert world.run(typed="yes\n").code == 4
    taken = next(each for each in history.history(world.home) if each.id == before.id)
    assert (taken.counts, taken.unresolved) == ({"unknown": 5}, 5)
    # How it ended, and how many of its rows are to be looked at, is what its end has added.
    ended = {name: getattr(before.run, name) for name in ("ended", "totals", "results", "options")}
    assert taken.run.options == {name: value for name, value in before.run.options.items() if name != "look"}
    assert replace(taken.run, **ended) == before.run
    assert [each.target for each in resolve.unknown_outcomes(world.home)] == [str(2005 - n) for n in range(5)]
    with pytest.raises(CannotStart, match="No run is waiting"), resume.prepare_again(None, world.home):
        pass
    resolve.resolve(world.home, before.id, 0, resolve.ResolutionKind.SEND_AGAIN)
    assert world.run().statuses == ["done", *["unknown"] * 4]
    assert world.writes.count("/api/v3/list/2001/flagAction") == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there a program does not stop itself by a signal")
def test_a_run_is_not_resumed_from_an_older_ledger(world, bulkops):
    """What it has left undone there may have been sent since."""
    world.meanwhile[2] = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert world.run().code == 3
    older = world.copy()
    assert bulkops("resume", "--yes", "--json").code == 0
    assert len(world.writes) == 5
    _restored(world, older)
    assert bulkops("resume", "--yes", "--json").code == 2
    told = bulkops("resume", typed="yes\nyes\n")
    assert "No run is waiting to be finished" in told.err
    (past,) = history.history(world.home)
    assert (past.counts, len(world.writes)) == ({"done": 2, "unknown": 3}, 5)


def test_an_upload_folder_asks_first(world, bulkops, tmp_path):
    """With --yes the pass ends with 2, and every workbook is where it was."""
    assert world.run().code == 0
    shutil.rmtree(world.home)
    folder = tmp_path / "uploads"
    folder.mkdir()
    fill(folder / "b.xlsx", flags=ROWS)
    told = bulkops("inbox", folder, "--base-url", world.server.base_url, "--yes", "--json")
    assert (told.code, len(world.writes), (folder / "b.xlsx").exists()) == (2, 5, True)
    told = bulkops("inbox", folder, "--base-url", world.server.base_url, typed="no\n")
    assert (told.code, len(world.writes), (folder / "b.xlsx").exists()) == (2, 5, True)
    told = bulkops("inbox", folder, "--base-url", world.server.base_url, typed="yes\n")
    assert (told.code, len(world.writes), (folder / "In doubt" / "b.xlsx").exists()) == (4, 5, True)


# ---------------------------------------------------------------- the journal


def lines_of(world: World) -> list[dict[str, object]]:
    (journal,) = world.witness.glob("*.jsonl")
    return [json.loads(line) for line in journal.read_bytes().split(b"\n") if line]


def test_an_intent_is_written_down_after_its_commit_and_before_the_request_leaves(world):
    """While a row is on its way the ledger and the witness both have it, and nothing of what comes later."""
    seen = []

    def look() -> None:
        with closing(sqlite3.connect(world.home / LEDGER)) as connection:
            tried = connection.execute("SELECT run, seq, started FROM attempts ORDER BY id").fetchall()
        told = [(each["run"], each["seq"], each["started"]) for each in lines_of(world) if "seq" in each]
        seen.append(tried == told and len(told))

    world.meanwhile = dict.fromkeys((1, 3, 5), look)
    assert world.run().code == 0
    assert seen == [1, 3, 5]
    told = [each for each in lines_of(world) if "seq" in each]
    assert [each["target"] for each in told] == ["2001", "2002", "2003", "2004", "2005"]
    assert b"key-of-a-test" not in next(world.witness.glob("*.jsonl")).read_bytes()


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-9], lambda text: text + b'\n{"run":', lambda text: text + b"\n\xff"]
)
def test_a_line_that_was_not_written_to_its_end_is_no_hindrance(spoil, world):
    """What stands before it counts, and so does what is written after it."""
    fill(world.book, flags=ROWS[:2])
    assert world.run().code == 0
    (journal,) = world.witness.glob("*.jsonl")
    journal.write_bytes(spoil(journal.read_bytes()))
    fill(world.book, flags=ROWS[:3])
    assert world.run().statuses == ["already_done", "already_done", "done"]
    shutil.rmtree(world.home)
    assert world.run().code == 2
    assert world.run(typed="yes\nyes\n").statuses.count("unknown") >= 2
    assert world.writes.count("/api/v3/list/2003/flagAction") == 1


WHOLE = (
    '{"run": "a", "seq": 1, "started": "x", "sheet": "s", "row": 1, "operation": "list_flag_edit", "target": "5", '
    '"identity": "i", "fingerprint": "f", "matter": "m", "released": "", "asked": false, "who": "w"}'
)


@pytest.mark.parametrize(
    "line",
    [
        *("[" * 100_000, "\0" * 300, "null", "5", '"before"', '["before"]', '{"before": 1e999}', '{"before": true}'),
        *('{"run": {"id": ["x"]}}', '{"run": {"id": "x", "options": 5}}', '{"run": {"id": "\\ud800"}}'),
        WHOLE.replace('"a"', "7"),
        WHOLE.replace('"a"', '"\\ud800"'),
        WHOLE.replace('"seq": 1', f'"seq": {2**70}'),
        WHOLE.replace('"seq": 1', '"seq": "1"'),
        WHOLE.replace('"s"', '{"a": 1}'),
        WHOLE.replace('"m"', "null"),
        WHOLE.replace("false", '"no"'),
    ],
)
def test_a_spoilt_line_is_left_out_whatever_it_holds(line, world):
    """What no ledger could take must not stand in the way of those that it can."""
    world.witness.mkdir(parents=True)
    (world.witness / "spoilt.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    told = world.run()
    assert (told.code, told.statuses) == (0, ["done"] * 5), told.err


def test_what_a_witness_cannot_be_told_is_not_asked_about_without_end(world):
    """That older rows are lost for good must be written down there: until it can be, a sentence says where."""
    world.witness.mkdir(parents=True)
    (world.witness / "old.jsonl").write_text('\n{"before": 3}\n', encoding="utf-8")
    unreadable = world.witness / "of another.jsonl"
    unreadable.mkdir()
    told = world.run(typed="yes\nyes\nyes\n")
    assert (told.code, told.err.count("Take them over as unknown?"), world.writes) == (2, 1, [])
    assert f"({world.witness}) cannot be used" in told.err.replace("\n", "")
    unreadable.rmdir()
    assert world.run(typed="yes\nyes\n").code == 0
    assert world.run().statuses == ["already_done"] * 5


def test_a_witness_that_cannot_be_written_is_said_and_stops_nothing(world):
    """Before the question and after the run; the ledger itself is what keeps rows from being sent twice."""
    world.witness.parent.mkdir(parents=True, exist_ok=True)
    world.witness.write_text("in the way", encoding="utf-8")
    told = world.run()
    assert told.code == 0
    assert [note for note in told.document["notes"] if "second record" in note] == told.document["notes"][:1]
    assert str(world.witness) in told.document["notes"][0]
    assert world.run().statuses == ["already_done"] * 5


def test_practising_leaves_no_witness(world, bulkops):
    """Nothing of it reached EnergyCAP, and a new practice server has forgotten it all."""
    assert bulkops("run", fill(world.book, flags=[flag(2001, flag_type_id=2)]), "--env", "practice", "--yes").code == 0
    assert not world.witness.exists()


def test_a_journal_does_not_grow_for_ever(world, monkeypatch):
    """Of a large one the newest intents stay; that there were older ones is still known of a ledger that lacks them."""
    monkeypatch.setattr(witness, "_LARGE", 100)
    monkeypatch.setattr(witness_sync, "_NEWEST", witness_sync._NEWEST.replace(f"LIMIT {witness.KEPT}", "LIMIT 2"))
    for count in (1, 3, 5):
        fill(world.book, flags=ROWS[:count])
        assert world.run().code == 0
    assert world.run().statuses == ["already_done"] * 5
    assert [each["target"] for each in lines_of(world) if "seq" in each] == ["2004", "2005"]
    assert lines_of(world)[0] == {"before": 3}
    shutil.rmtree(world.home)
    told = world.run()
    assert (told.code, len(world.writes)) == (2, 5)
    assert "it lacks 5 rows" in told.document["notes"][-1]
    assert "3 of them so old" in told.document["notes"][-1]


def test_a_row_that_was_tried_twice_is_unknown_once(tmp_path):
    """Its first attempt was surely not carried out, or there had been no second; it has the code that was told."""
    home = tmp_path / "home"
    home.mkdir()
    plan = plan_of(row(0))
    (step,) = plan.steps
    run = replace(run_named("r"), environment="custom", workbook="books/a.xlsx", account=Account("Blue", "7", ""))
    with closing(Ledger(home / LEDGER)) as ledger:
        ledger.watch(Witness(home))
        ledger.begin(run, plan, HERE)
        ledger.intend("r", step, AT, "Pat")
        refused = outcome_of(step.row, Status.FAILED, code="sent.no_right", started=AT)
        ledger.conclude("r", refused)
        ledger.begin_again("r", plan, HERE)
        code = ledger.intend("r", step, "2026-11-21T11:00:00Z", "Pat")
    shutil.rmtree(home)
    home.mkdir()
    with closing(Ledger(home / LEDGER)) as ledger:
        lacking = ledger.watch(Witness(home))
        assert len(lacking) == 2
        ledger.take_over(lacking, words)
        assert ledger.runs()[0].account == Account("Blue", "7", "")
        assert [each.started for each in ledger.outcomes("r")] == ["2026-11-21T11:00:00Z"]
        ((prior,),) = ledger.prior_attempts(HERE, [step.idempotency_key]).values()
        assert (prior.status, prior.code, prior.who) == (Status.UNKNOWN, code, "Pat")
        assert not ledger.watch(Witness(home))
        assert ledger.resumable("r") == []
    with closing(sqlite3.connect(home / LEDGER)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_code_that_was_spoilt_in_the_journal_is_replaced(tmp_path):
    """No cell could hold it as it is compared: in capitals, without blanks."""
    home = tmp_path / "home"
    home.mkdir()
    plan = plan_of(row(0))
    with closing(Ledger(home / LEDGER)) as ledger:
        ledger.watch(Witness(home))
        ledger.begin(run_named("r"), plan, HERE)
        code = ledger.intend("r", plan.steps[0], AT)
    (journal,) = Witness(home).folder.iterdir()
    journal.write_text(journal.read_text("ascii").replace(code, code.lower()), "ascii")
    shutil.rmtree(home)
    home.mkdir()
    with closing(Ledger(home / LEDGER)) as ledger:
        ledger.take_over(ledger.watch(Witness(home)), words)
        (outcome,) = ledger.outcomes("r")
        assert (outcome.status, is_code(outcome.send_again_code)) == (Status.UNKNOWN, True)


def test_journals_of_two_ledgers_in_one_place_are_told_together(tmp_path):
    """A new ledger took the place of a lost one: once it has what the other's journal tells, that one goes."""
    home = tmp_path / "home"
    for name, number in (("a", 1), ("b", 2)):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        with closing(Ledger(home / LEDGER)) as ledger:
            seen = Witness(home)
            if lacking := ledger.watch(seen):
                ledger.take_over(lacking, words)
            plan = plan_of(row(0, number))
            ledger.begin(replace(run_named(name), environment="custom"), plan, HERE)
            ledger.intend(name, plan.steps[0], AT)
    journals = list(Witness(home).folder.iterdir())
    assert len(journals) == 1
    told = Witness(home).told()
    assert [(each.run, each.target[-1]) for each in told.intents.values()] == [("a", "1"), ("b", "2")]


def test_a_journal_that_cannot_be_read_is_left_alone(tmp_path):
    """It may tell more than this ledger knows: it is neither written anew nor deleted, and that is said."""
    home = tmp_path / "home"
    home.mkdir()
    seen = Witness(home)
    (seen.folder / "of another.jsonl").mkdir(parents=True)
    with closing(Ledger(home / LEDGER)) as ledger:
        assert not ledger.watch(seen)
        assert "second record" in ledger.unwitnessed
        plan = plan_of(row(0))
        ledger.begin(replace(run_named("r"), environment="custom"), plan, HERE)
        ledger.intend("r", plan.steps[0], AT)
    assert (seen.folder / "of another.jsonl").is_dir()
    assert [each.run for each in Witness(home).told().intents.values()] == ["r"]
