"""The history: what it says of each run at every moment, which runs are chosen from it, and the file it is put into."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from asking import Bulkops, carried_out, fill, flag, kickout, run

from bulkops.cli.presenting import run_table
from bulkops.ledger import Ledger, Run, now
from bulkops.messages.errors import CannotStart
from bulkops.model.environment import Environment
from bulkops.model.outcomes import Status
from bulkops.practice.server import Fault, PracticeServer
from bulkops.runs import history, prepare, resolve, resume, under_way
from bulkops.runs.execute import record_of
from bulkops.runs.report import Options
from bulkops.runs.resolve import ResolutionKind
from bulkops.runs.run_list import Choice, PastRun, State, as_csv, export
from bulkops.system import data_folder
from bulkops.system.locks import only_one

EDITS = [flag(2006 + number, comment=f"Row {number}") for number in range(4)]
"""Four good rows that may not run side by side: their edits differ."""


@pytest.fixture
def folder(home: Path) -> Path:
    return data_folder.home()


@pytest.fixture
def where(practice: PracticeServer) -> Environment:
    return Environment("custom", practice.base_url)


@contextmanager
def killed_at(path: Path, where: Environment, folder: Path) -> Iterator[str]:
    """A run whose first row is on its way while this is held; after it, its program is gone."""
    with prepare.prepare(path, where, folder, Options()) as prepared:
        assert prepared.ledger is not None
        under_way.name(folder, prepared.id)
        prepared.ledger.begin(record_of(prepared), prepared.plan, where.id)
        prepared.ledger.intend(prepared.id, prepared.plan.steps[0], now())
        yield prepared.id


@pytest.fixture
def on_answer(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What is done when EnergyCAP's answers come, before they are recorded: the rows are on their way still."""
    acts: list[Callable[[], object]] = []
    conclude = Ledger.conclude

    def look_first(self: Ledger, *told: Any) -> None:
        if acts:
            acts.pop(0)()
        conclude(self, *told)

    monkeypatch.setattr(Ledger, "conclude", look_first)
    return acts


def told(past: PastRun) -> tuple[Any, ...]:
    return past.workbook, past.rows, past.to_do, past.states, past.left


def test_a_run_under_way_says_what_is_on_its_way_and_to_come(
    tmp_path: Path, where: Environment, folder: Path, on_answer: list[Callable[[], object]]
) -> None:
    """No row of it is unknown or not sent, nothing of it can be finished, and no results are made of it."""
    path, seen = fill(tmp_path / "August.xlsx", flags=EDITS[:3]), []

    def look() -> None:
        (past,) = history.history(folder)
        report = history.recall(folder, past.id)
        seen.extend([past, report, sorted(folder.rglob("*.xlsx"))])

    on_answer[:] = [lambda: None, look]
    run(path, where, folder)
    past, report, made = seen
    assert told(past) == (
        *("August.xlsx", "3 rows: On its way 1, Done 1, Ready 1"),
        "Under way: 1 row on the way, 1 to come",
        *((State.RUNNING,), None),
    )
    assert [each.status for each in report.outcomes] == [Status.DONE, Status.ON_ITS_WAY, Status.READY]
    assert [each.code for each in report.outcomes[1:]] == ["row.on_its_way", "row.to_come"]
    assert (report.results, made) == (None, [])
    assert "under way" in report.notes[-1]
    assert told(history.history(folder)[0])[1:3] == ("3 rows: Done 3", "Nothing more")


def test_a_run_that_was_cut_short_is_told_from_one_that_is_under_way(
    tmp_path: Path, where: Environment, folder: Path
) -> None:
    """By whether its program still lives: then its open row is unknown, and the others can still be sent."""
    with killed_at(fill(tmp_path / "August.xlsx", flags=EDITS[:3]), where, folder):
        assert history.history(folder)[0].states == (State.RUNNING,)
    (past,) = history.history(folder)
    cut_short = (
        *("August.xlsx", "3 rows: Unknown \N{EN DASH} check 1, Not sent 2"),
        "Cut short; check 1 row in EnergyCAP; 2 rows can still be sent",
        *((State.CHECK, State.UNFINISHED), 2),
    )
    assert told(past) == cut_short
    with killed_at(fill(tmp_path / "other.xlsx", flags=[flag(2010)]), where, folder):
        assert told(history.history(folder)[1]) == cut_short


def test_a_run_that_is_taken_up_again_is_under_way(
    tmp_path: Path,
    where: Environment,
    folder: Path,
    on_answer: list[Callable[[], object]],
    practice: PracticeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A row that was refused for a reason outside it before is to come once more."""
    practice.faults.add(Fault.status(403), skip=1)
    run(fill(tmp_path / "August.xlsx", flags=EDITS[:3]), where, folder)
    (stopped,) = history.history(folder)
    assert (stopped.rows, stopped.left) == ("3 rows: Failed 1, Not sent 1, Done 1", 2)
    seen: list[PastRun] = []
    begin_again = Ledger.begin_again

    def then_look(self: Ledger, *told: Any) -> None:
        begin_again(self, *told)
        seen.extend(history.history(folder))
        assert [each.status.value for each in history.recall(folder, stopped.id).outcomes] == [
            "done",
            "ready",
            "ready",
        ]

    monkeypatch.setattr(Ledger, "begin_again", then_look)
    on_answer[:] = [lambda: seen.extend(history.history(folder)), lambda: seen.extend(history.history(folder))]
    with resume.prepare_again(None, folder) as prepared:
        assert history.history(folder) == [stopped]
        carried_out(prepared)
    assert [each.rows.removeprefix("3 rows: ") for each in seen] == [
        "Done 1, Ready 2",
        "On its way 1, Done 1, Ready 1",
        "On its way 1, Done 2",
    ]
    assert {each.states for each in seen} == {(State.RUNNING,)}


def test_every_state_is_the_same_while_another_run_is_under_way(
    tmp_path: Path, where: Environment, folder: Path, on_answer: list[Callable[[], object]], practice: PracticeServer
) -> None:
    """What there is to do about each run that has ended, and why what looks like it is not."""
    run(fill(tmp_path / "done.xlsx", [kickout(1)]), where, folder)
    run(fill(tmp_path / "wrong.xlsx", [], [flag("x"), flag(2010, hidden=True)]), where, folder)
    run(fill(tmp_path / "stopped.xlsx", [], EDITS), where, folder, stop_after=1)
    twice = fill(tmp_path / "twice.xlsx", [], [flag(2020 + number, comment=f"Row {number}") for number in range(2)])
    for stop_after in (1, None):
        run(twice, where, folder, stop_after)
    for number, kind in ((2, None), (3, ResolutionKind.DONE), (4, ResolutionKind.SEND_AGAIN)):
        practice.faults.add(Fault.drop_reply())
        run(fill(tmp_path / f"doubt {number}.xlsx", [kickout(number)]), where, folder)
        if kind:
            unknown = resolve.unknown_outcomes(folder)[0]
            resolve.resolve(folder, unknown.run, unknown.seq, kind, "Sam")
    practice.faults.add(Fault.drop_reply())
    run(fill(tmp_path / "again.xlsx", [kickout(5)]), where, folder)
    code = resolve.unknown_outcomes(folder)[0].send_again_code
    run(fill(tmp_path / "once more.xlsx", [kickout(5, send_again=code)]), where, folder)
    unknown = "1 row: Unknown \N{EN DASH} check 1"
    expected = [
        ("once more.xlsx", "1 row: Done 1", "Nothing more", (State.FINISHED,), None),
        ("again.xlsx", unknown, "Nothing more", (State.FINISHED,), None),
        ("doubt 4.xlsx", "1 row: Not sent 1", "Run the workbook again to send 1 row", (State.LOOK,), None),
        ("doubt 3.xlsx", "1 row: Done 1", "Nothing more", (State.FINISHED,), None),
        ("doubt 2.xlsx", unknown, "Check 1 row in EnergyCAP", (State.CHECK,), None),
        ("twice.xlsx", "2 rows: Already done 1, Done 1", "Nothing more", (State.FINISHED,), None),
        ("twice.xlsx", "2 rows: Not sent 1, Done 1", "Nothing more", (State.FINISHED,), None),
        ("stopped.xlsx", "4 rows: Not sent 3, Done 1", "3 rows can still be sent", (State.UNFINISHED,), 3),
        (
            *("wrong.xlsx", "2 rows: Needs fixing 1, Not sent 1", "1 row to look at in the results"),
            *((State.LOOK,), None),
        ),
        ("done.xlsx", "1 row: Done 1", "Nothing more", (State.FINISHED,), None),
    ]
    remarks = {
        "again.xlsx": "1 row unknown: the same was sent again since, and that send counts.",
        "twice.xlsx": "1 row not sent: the workbook was run again since.",
        "wrong.xlsx": "1 row not sent: hidden, or asked for twice; the results say which.",
    }
    seen: list[PastRun] = []
    on_answer.append(lambda: seen.extend(history.history(folder)))
    run(fill(tmp_path / "now.xlsx", [kickout(6)]), where, folder)
    for listed in (seen, history.history(folder)):
        assert [told(each) for each in listed[1:]] == expected
        assert {each.workbook: " ".join(each.remarks) for each in listed if each.remarks} == remarks
        assert [each.worst for each in listed if each.worst in (Status.UNKNOWN, None)] == [None, Status.UNKNOWN]
    assert seen[0].under_way


def test_a_look_at_the_history_keeps_no_run_from_beginning(tmp_path: Path) -> None:
    """It has the lock for a moment; who begins a run then tries once more."""
    (tmp_path / "run.lock").touch()
    taken, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with only_one(tmp_path, "a look"):
            taken.set()
            let_go.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(30)

    def sleep(_: float) -> None:
        let_go.set()
        thread.join()

    with only_one(tmp_path, "Pat", sleep):
        assert under_way.under_way(tmp_path) == ""
        under_way.name(tmp_path, "r1")
        assert under_way.under_way(tmp_path) == "r1"
        with pytest.raises(CannotStart, match=r"\(Pat\)"), only_one(tmp_path, "Sam", lambda _: None):
            pass
    assert under_way.under_way(tmp_path) == ""


# ---------------------------------------------------------------- chosen and exported


def past(who: str = "Pat", workbook: str = "/bills/August.xlsx", when: datetime | None = None, **facts: Any) -> PastRun:
    """A run that has ended; ``when`` is this computer's time."""
    started = (when or datetime(2026, 11, 21, 12)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    about = ("desk", "Key Owner", "practice", "", workbook, "", "0.1")
    return PastRun(Run("r1", started, started, who, *about), {Status.DONE: 2, **facts.pop("counts", {})}, **facts)


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (Choice(), True),
        (Choice(State.FINISHED), True),
        (Choice(State.CHECK), False),
        (Choice(workbook="AUGUST"), True),
        (Choice(workbook="bills/"), True),
        (Choice(workbook="July"), False),
        (Choice(since=date(2026, 11, 21), until=date(2026, 11, 21)), True),
        (Choice(since=date(2026, 11, 22)), False),
        (Choice(until=date(2026, 11, 20)), False),
        (Choice(person="pat"), True),
        (Choice(person="owner"), True),
        (Choice(person="Sam"), False),
    ],
)
def test_runs_are_chosen_by_state_workbook_period_and_person(choice: Choice, taken: bool) -> None:
    """Every wish must be met, and letters count without their case."""
    assert choice.takes(past()) is taken


def test_a_day_is_this_computers() -> None:
    """From its first minute to its last, whatever day it is in UTC then."""
    today = Choice(since=date(2026, 11, 21), until=date(2026, 11, 21))
    for day, time, taken in ((21, (0, 0), True), (21, (23, 59), True), (20, (23, 59), False), (22, (0, 0), False)):
        assert today.takes(past(when=datetime(2026, 11, day, *time))) is taken


@pytest.mark.parametrize("sign", "=+-@")
def test_no_text_in_a_csv_is_a_formula(sign: str) -> None:
    """Whatever a workbook or a user is called; and each run is one line."""
    names = past(f"{sign}1+1", f"\t{sign}cmd|'x'!A1\n.xlsx", counts={Status.UNKNOWN: 1}, unresolved=1)
    content = as_csv([names]).decode("utf-8-sig")
    headings, line = csv.reader(io.StringIO(content, newline=""))
    found = dict(zip(headings, line, strict=True))
    assert (found["Who"], found["Workbook"][:2], found["Path"][:2]) == (f"'{sign}1+1", f"'{sign}", f"'{sign}")
    amounts = {name: found[name] for name in ("Rows", "Done", "Unknown \N{EN DASH} check", "To check", "Failed")}
    assert list(amounts.values()) == ["3", "2", "1", "1", "0"]
    assert (found["Started"], found["What to do"]) == ("2026-11-21 12:00", "Check 1 row in EnergyCAP.")
    assert content.count("\n") == 2


def test_the_list_replaces_no_file_unasked(tmp_path: Path) -> None:
    """The window has asked before."""
    path = tmp_path / "Größe.csv"
    export([past()], path)
    before = path.read_bytes()
    with pytest.raises(CannotStart, match="exists already"):
        export([], path)
    assert path.read_bytes() == before
    export([], path, replace=True)
    assert len(path.read_bytes().splitlines()) == 1


def test_the_command_chooses_tells_and_exports(
    bulkops: Bulkops, tmp_path: Path, practice: PracticeServer, where: Environment, folder: Path
) -> None:
    """The same runs on the screen, in the document and in the file."""
    run(fill(tmp_path / "July.xlsx", [kickout(1)]), where, folder)
    run(fill(tmp_path / "August.xlsx", [], [flag("x"), *EDITS]), where, folder, stop_after=1)
    target = tmp_path / "runs.csv"
    day = f"{datetime.now():%Y-%m-%d}"
    wanted = ("--state", "unfinished", "--workbook", "aug", "--since", day, "--person", data_folder.operator())
    (listed,) = json.loads(bulkops("history", *wanted, "--json", "--csv", target).out)["runs"]
    assert listed["workbook"].endswith("August.xlsx")
    facts = {name: listed[name] for name in ("states", "to_check", "to_finish", "what_to_do", "totals")}
    assert facts == {
        "states": ["unfinished", "look"],
        "to_check": 0,
        "to_finish": 3,
        "what_to_do": "3 rows can still be sent; 1 row to look at in the results.",
        "totals": {"not_sent": 3, "invalid": 1, "done": 1},
    }
    assert len(target.read_bytes().splitlines()) == 2
    shown = bulkops("history", *wanted).out
    assert "3 rows can still be sent; 1 row to look at in the results" in " ".join(shown.split())
    assert "July" not in shown
    assert bulkops("history", "--person", "Nobody").out == "No run is like that.\n"
    assert "exists already" in bulkops("history", "--csv", target).err
    assert bulkops("history", "--since", "soon").code == 2
    assert bulkops("history", listed["run"], "--state", "check").code == 2


def test_of_many_runs_the_newest_are_shown_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten thousand would take seconds, and nobody looks through them."""
    run_table([past(workbook=f"/bills/book {number}.xlsx") for number in range(103)])
    shown = " ".join(capsys.readouterr().out.split())
    assert ("book 99.xlsx" in shown, "book 100.xlsx" in shown) == (True, False)
    assert "Not shown here: 3 older runs. Choose from them with --state, " in shown
    run_table([past()] * 100)
    assert "Not shown" not in capsys.readouterr().out
