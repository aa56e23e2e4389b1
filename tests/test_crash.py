"""Whatever ends a run, and wherever: nothing is sent twice, nothing is lost, and what is unknown is said to be.

Every step of a run, of its first, a middle and its last row, meets every way of ending: SIGKILL, an exception that
nobody expected, a quota that is used up, a disk that is full. Then kills at random moments, a few of the many that
``python bench/crash.py 10000`` makes.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import crash
from fork_server import ERROR, FULL, KILL, QUOTA, Ended, ForkServer
from passes import LONG, passes, thorough
from stand_in import Arrival, Row, StandIn, fill

from bulkops.ledger import Witness
from bulkops.runs.ledger_access import LEDGER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the children are forked, and Windows has no fork")

ROWS = [
    *(
        Row.of("Kickouts", number, f"7d9e4c10-5b3a-4f6e-9c21-00000000000{number}", "smart batch", f"C{number}", None)
        for number in (2, 3)
    ),
    *(Row.of("Flag edits", number, 7_000_000 + number, "Resolved", f"Edit {number}") for number in (2, 3, 4)),
]
"""POST and PUT, none of which may run beside its neighbour."""
PLACES = {"the first row": 0, "a middle row": 2, "the last row": 4}
MOMENTS = [
    # The witness hears of an intent after its commit, while the ledger's step is not over yet.
    *(("before", "intend"), ("before", "witness"), ("after", "witness"), ("after", "intend")),
    *((when, step) for step in ("send", "conclude") for when in ("before", "after")),
]
"""The boundaries of a row, in the order in which a run comes to them."""
BOUNDARIES = [
    *(("before", "begin", None), ("after", "begin", None)),
    *((*moment, place) for place in PLACES for moment in MOMENTS),
    *((when, step, None) for step in ("results", "finish") for when in ("before", "after")),
]
OTHERS = (ERROR, QUOTA, FULL)
WAYS = ("run", "resume")
"""How it goes on: the workbook is run once more, or the run is resumed first."""


def endings() -> Iterator[tuple[str, str, str | None, str, tuple[str, ...]]]:
    """Every boundary with SIGKILL, going on both ways, and with one of the other three, going on one way; with all of
    them both ways where somebody has the time."""
    for number, boundary in enumerate(BOUNDARIES):
        yield *boundary, KILL, WAYS
        if thorough():
            yield from ((*boundary, fault, WAYS) for fault in OTHERS)
        else:
            yield *boundary, OTHERS[number % 3], WAYS[number % 2 :][:1]


@pytest.fixture(scope="module")
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with ForkServer(tmp_path_factory.mktemp("fork_server")) as process:
        yield process


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn("boundaries", latency=0) as process:
        yield process


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB, which a file can fill."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this computer does not let its tests mount a small disk; a quota stands in for it")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def foreseen(fault: str, when: str, step: str, place: str | None) -> tuple[int, set[int], int]:
    """(how many rows arrive, which of them are unknown at the next start, the exit code)."""
    full = fault in (QUOTA, FULL)
    if step == "begin":
        return 0, set(), 3 if full and when == "after" else 2
    if place is None:
        return len(ROWS), set(), 3 if fault == ERROR else 0
    row, moment = PLACES[place], MOMENTS.index((when, step))
    if full:
        # Whatever is on its way is recorded in the reserve; what comes next finds no room for its intent.
        last = moment == len(MOMENTS) - 1 and row == len(ROWS) - 1
        return row + (moment > 0), set(), 0 if last else 3
    doubt = {row} if MOMENTS.index(("before", "witness")) <= moment <= MOMENTS.index(("before", "conclude")) else set()
    return row + (moment >= MOMENTS.index(("after", "send"))), doubt, 4 if doubt else 3


@pytest.mark.parametrize(("when", "step", "place", "fault", "ways"), list(endings()))
def test_an_ending_at_every_boundary(when, step, place, fault, ways, tmp_path, fork_server, stand_in, request):
    """Each row is sent once or is unknown, exactly as the boundary says, and both ways on send the others."""
    home = (request.getfixturevalue("small_disk") if fault == FULL else tmp_path) / "home"
    book = tmp_path / "August.xlsx"
    fill(book, ROWS)
    before = crash.untouched_parts(book)
    target = "" if place is None else str(ROWS[PLACES[place]].cells[0])
    arrived, unknown, code = foreseen(fault, when, step, place)
    again = ["run", str(book), "--base-url", stand_in.base_url, "--jobs", "1", "--yes", "--json"]

    stand_in.arrivals(forget=True)
    ended = fork_server.run(again, home, fault=(fault, when, step, target))
    first = stand_in.arrivals(forget=True)
    assert targets(first) == [row.target for row in ROWS[:arrived]]
    assert ended.killed if fault == KILL else ended.code == code, ended.err
    recorded, damage = crash.recorded(home, tmp_path / "copy")
    assert not damage
    if not ended.killed:
        told_well(ended, book, recorded)
    left = [row.target for number, row in enumerate(ROWS) if number >= arrived and number not in unknown]
    kept = shutil.copy(book, tmp_path / "as it was left.xlsx")
    for way in ways:
        shutil.copy(kept, book)  # without the results of the other way, which this way's ledger knows nothing of
        mended = tmp_path / way
        shutil.copytree(home, mended, ignore=shutil.ignore_patterns("filler"))
        shutil.copytree(Witness(home).folder, Witness(mended).folder)
        if way == "resume":
            resumed = fork_server.run(["resume", "--yes", "--json"], mended)
            waiting = recorded and (left or not ended_in(home))
            assert resumed.code == (2 if not waiting else 4 if unknown else 0), resumed.err
            assert targets(stand_in.arrivals()) == (left if waiting else [])
        last = fork_server.run(again, mended)
        second = stand_in.arrivals(forget=True)
        assert targets(second) == left
        ended_well(last, unknown, [*first, *second])
        assert not crash.recorded(mended, tmp_path / "copy")[1]
    assert crash.untouched_parts(book) == before


def ended_in(home: Path) -> bool:
    """Has the run's end been recorded?"""
    with closing(sqlite3.connect(home / LEDGER)) as connection:
        return connection.execute("SELECT ended IS NOT NULL FROM runs").fetchone() == (1,)


def targets(arrivals: list[Arrival]) -> list[str]:
    return [each.target for each in arrivals]


def told_well(ended: Ended, book: Path, recorded: dict[tuple[str, str, int], crash.Said]) -> None:
    """What was printed and written is what the ledger says."""
    document = json.loads(ended.out)
    totals = document["totals"]
    assert totals["rows"] == len(document["rows"]) == sum(totals.values()) - totals["rows"]
    if ended.code == 2:
        assert document["notes"]
        assert document["results"] is None
        return
    told = [crash.Said.of(row.get) for row in document["rows"]]
    assert told == list(recorded.values())
    results = Path(document["results"])
    assert results == book or any(str(results) in note for note in document["notes"])
    lines = crash.results_of(results)
    assert lines is not None
    words = {"done": "Done", "unknown": "Unknown \N{EN DASH} check", "not_sent": "Not sent"}
    assert [line["Status"] for line in lines] == [words[said.status] for said in told]


def ended_well(ended: Ended, unknown: set[int], arrivals: list[Arrival], rows: list[Row] = ROWS) -> None:
    """Every row is done, with the one answer it was given, but for the unknown ones."""
    assert ended.code == (4 if unknown else 0), ended.err
    told = [crash.Said.of(row.get) for row in json.loads(ended.out)["rows"]]
    assert {number for number, said in enumerate(told) if said.status == "unknown"} == unknown
    answers = dict(arrivals)
    assert len(answers) == len(arrivals)
    for number, (row, said) in enumerate(zip(rows, told, strict=True)):
        if number not in unknown:
            assert said.status in ("done", "already_done")
            assert said.answer == answers[row.target]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_outcome_in_the_reserve_survives_the_next_kill(when, tmp_path, fork_server, stand_in):
    """The reserve is emptied only when the ledger has what was in it."""
    home, book = tmp_path / "home", tmp_path / "August.xlsx"
    fill(book, ROWS)
    again = ["run", str(book), "--base-url", stand_in.base_url, "--yes", "--json"]
    stand_in.arrivals(forget=True)
    ended = fork_server.run(again, home, fault=(QUOTA, "before", "conclude", str(ROWS[2].cells[0])))
    assert ended.code == 3, ended.err
    assert fork_server.run(again, home, fault=(KILL, when, "clear", "")).killed
    last = fork_server.run(again, home)
    arrivals = stand_in.arrivals(forget=True)
    assert targets(arrivals) == [row.target for row in ROWS]
    ended_well(last, set(), arrivals)


@pytest.mark.parametrize("fault", [QUOTA, FULL])
def test_rows_side_by_side_on_a_full_disk(fault, tmp_path, fork_server, stand_in, request):
    """Each of the rows on their way finds its place in the reserve, and no other row is sent."""
    home = (request.getfixturevalue("small_disk") if fault == FULL else tmp_path) / "home"
    book = tmp_path / "August.xlsx"
    rows = [Row.of("Flag edits", number, 7_000_000 + number, "Resolved", "The same") for number in range(2, 14)]
    fill(book, rows)
    again = ["run", str(book), "--base-url", stand_in.base_url, "--jobs", "4", "--yes", "--json"]
    stand_in.arrivals(forget=True)
    ended = fork_server.run(again, home, fault=(fault, "after", "send", str(rows[5].cells[0])))
    assert ended.code == 3, ended.err
    told = [crash.Said.of(row.get) for row in json.loads(ended.out)["rows"]]
    first = stand_in.arrivals()
    assert sum(said.status == "done" for said in told) == len(first) < len(rows)
    assert {said.status for said in told} == {"done", "not_sent"}
    (home / "filler").unlink(missing_ok=True)
    ended_well(fork_server.run(again, home), set(), stand_in.arrivals(forget=True), rows)


def test_results_without_a_place_stay_in_the_ledger(small_disk, fork_server, stand_in):
    """Where neither the workbook's folder nor our own has room left, the operator is told how to get the results."""
    book, home = small_disk / "August.xlsx", small_disk / "home"
    fill(book, ROWS)
    again = ["run", str(book), "--base-url", stand_in.base_url, "--yes", "--json"]
    ended = fork_server.run(again, home, fault=(FULL, "before", "results", ""))
    document = json.loads(ended.out)
    assert (ended.code, document["results"]) == (0, None)
    history = f"bulkops history {document['run']}"
    assert any(history in note for note in document["notes"])
    (home / "filler").unlink()
    recalled = json.loads(fork_server.run([*history.split()[1:], "--json"], home).out)
    assert recalled["rows"] == document["rows"]


@pytest.mark.parametrize(
    "seed",
    [pytest.param("always the same", marks=LONG), f"{random.SystemRandom().randrange(10**9)}"],
    ids=["always the same", "another each time"],
)
def test_kills_at_random_moments(seed):
    """Four rows may be on their way at once: whenever SIGKILL comes, only those become unknown, and all else holds."""
    print(f"seed {seed}")
    ours, _ = crash.measure(kills=passes(80), naive_kills=0, jobs=4, workers=2, seed=seed)
    assert ours.kills >= passes(80)
    assert ours.in_sending > ours.kills // 4
    assert ours.resumed or not thorough()  # so few kills may all be followed by a new run
    assert ours.wrong == []
    assert (ours.sent_twice, ours.lost, ours.false_done, ours.broken) == (0, 0, 0, 0)
    assert 0 < ours.most_unknown <= 4


def test_the_bench_catches_a_design_that_saves_at_the_end():
    """A bench that finds nothing wrong anywhere would prove nothing."""
    _, theirs = crash.measure(kills=0, naive_kills=5, jobs=4, workers=1, seed="naive")
    assert theirs.sent_twice > 0
    assert theirs.lost > 0
