"""Kills bulkops at random moments and looks whether anything was sent twice, lost, or wrongly said to be done.

    python bench/crash.py [KILLS] [--jobs N] [--workers N] [--seed SEED]

Each round has a fresh ledger, a workbook of 40 rows, and a practice EnergyCAP that outlives the kills. The command
line is killed (SIGKILL) and started again until every row has an end; then what the stand-in received is held
against the ledger, the printed documents and the results file. In half of the rounds the operator then asks for
the unknown rows once more (Send again), under kills as well. Four kills in five are aimed at the sending, by a
clock that starts with it; the fifth falls anywhere. Beside it the naive design is killed in the same way: a plain
loop with requests that saves its results at the end and skips what they say is done.

Ends with 1 if bulkops failed at anything. SIGKILL says nothing of power cuts: those rest on synchronous=FULL.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import requests
from fork_server import Ended, ForkServer
from openpyxl import Workbook, load_workbook
from stand_in import CHECKOUT, KEY, Row, StandIn, fill, some_rows

sys.path.insert(0, str(CHECKOUT))

from bulkops.ledger import Ledger
from bulkops.runs.execute import interrupted
from bulkops.runs.ledger_access import LEDGER

ROWS = 40
IN_SENDING, AHEAD = 0.8, 12
"""The share of the kills that is aimed at the sending: of the next so many rows, for many kills in one workbook."""
BY_RESUME = 0.4
"""The share of the starts after a kill that are made by ``resume``."""
NOTHING_LEFT = 2
"""Its exit code where there is nothing to resume."""
MOST_KILLS = 25
"""In one round; then it may come to its end."""
NAIVE_KILLS = 6
"""The same for the naive design, which loses ground with each of them."""


@dataclass
class Tally:
    """What was counted."""

    kills: int = 0
    in_sending: int = 0
    """Kills between the first intent and the results."""
    resumed: int = 0
    """Starts by ``resume``; the others are by ``run``."""
    rows: int = 0
    released: int = 0
    """Rows for which the operator typed Send again."""
    sent_twice: int = 0
    """Rows whose request arrived more often than the operator had asked for it."""
    lost: int = 0
    """Requests that arrived and that no record tells of, and records or printed outcomes that changed later."""
    false_done: int = 0
    """Rows said to be done with an answer that was never given for them."""
    unknown: int = 0
    carried_out: int = 0
    """Unknown ones that had arrived."""
    most_unknown: int = 0
    """New ones after one kill."""
    broken: int = 0
    """Times that a file (workbook, ledger, results) was found changed or damaged."""
    wrong: list[str] = field(default_factory=list)
    """All that must not be, in words."""

    def add(self, other: Tally) -> None:
        """Take another's counts in."""
        most = max(self.most_unknown, other.most_unknown)
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.most_unknown = most


class Said(NamedTuple):
    """What is said of a row in one run."""

    status: str
    answer: tuple[Any, ...]
    """GUID and counts: the stand-in gives no answer twice."""
    sent: bool
    """In that run; an unknown row of an earlier run is told of again in later ones."""
    code: str
    """What sends it again."""

    @classmethod
    def of(cls, fact: Callable[[str], Any]) -> Said:
        """From an outcome of the ledger, or a row of the JSON document."""
        status, answer = str(fact("status")), tuple(map(fact, ("new_task_guid", "selected", "updated")))
        sent = status == "done" or (status == "unknown" and fact("code") != "row.still_unknown")
        return cls(status, answer, sent, fact("send_again_code"))


class Moments(NamedTuple):
    """How long the parts of an undisturbed run take, in seconds."""

    before: float
    row: float
    after: float

    @classmethod
    def of(cls, runs: list[Ended]) -> Moments:
        """The median of some undisturbed runs."""
        parts = []
        for each in runs:
            intent, results = each.when("intend"), each.when("results")
            if each.code or intent is None or results is None:
                raise RuntimeError(f"an undisturbed run went wrong: {each.code} {each.out} {each.err}")
            parts.append((intent, (results - intent) / ROWS, each.seconds - results))
        return cls(*(statistics.median(each) for each in zip(*parts, strict=True)))

    def choose(self, chance: random.Random, rows: int) -> tuple[str, float]:
        """When to kill a run that still has so many rows to send."""
        sending = min(rows, AHEAD) * self.row
        if chance.random() < IN_SENDING:
            return "sending", chance.uniform(0, sending)
        return "start", chance.uniform(0, self.before + rows * self.row + self.after)


class Round:
    """One workbook and its ledger."""

    def __init__(self, folder: Path, fork_server: ForkServer, stand_in: StandIn, chance: random.Random) -> None:
        self.folder, self.fork_server, self.stand_in, self.chance = folder, fork_server, stand_in, chance
        self.home, self.book, self.results = folder / "home", folder / "August.xlsx", folder / "August - results.xlsx"
        folder.mkdir()
        stand_in.arrivals(forget=True)
        self.rows = some_rows(chance, ROWS)
        self.tally = Tally(rows=len(self.rows))
        fill(self.book, self.rows)

    def answers(self) -> dict[str, list[tuple[Any, ...]]]:
        """Target → what the stand-in answered, as the results would say it."""
        found = defaultdict(list)
        for each in self.stand_in.arrivals():
            found[each.target].append(each.answer)
        return found

    def count(self, ended: Ended) -> None:
        """Count a kill, and where it fell."""
        self.tally.kills += ended.killed
        sending = ended.when("intend") is not None and ended.when("results") is None
        self.tally.in_sending += ended.killed and sending

    def broken(self, words: str) -> None:
        """A file that is not as it must be."""
        self.tally.broken += 1
        self.wrong(words)

    def wrong(self, words: str) -> None:
        """Something that must not be."""
        self.tally.wrong.append(f"{words} ({self.folder.name})")


class OurRound(Round):
    """A round of bulkops."""

    def __init__(
        self, folder: Path, fork_server: ForkServer, stand_in: StandIn, chance: random.Random, jobs: int
    ) -> None:
        super().__init__(folder, fork_server, stand_in, chance)
        self.jobs, self.changed = jobs, 0
        self.releases: Counter[Row] = Counter()
        self.said: dict[tuple[str, str, int], Said] = {}
        self.last: dict[tuple[str, int], Said] = {}
        self._input, self._read = untouched_parts(self.book), self.book.stat().st_mtime_ns

    def run(self, kill: tuple[str, float] | None = None, resume: list[str] | None = None) -> Ended:
        """Start it once, by ``run`` or by ``resume``, and look what it left behind."""
        anew = ["run", str(self.book), "--base-url", self.stand_in.base_url, "--offline", "--jobs", str(self.jobs)]
        ended = self.fork_server.run([*(resume or anew), "--yes", "--json"], self.home, kill)
        self.count(ended)
        self.tally.resumed += resume is not None
        self._look(ended, resume is not None)
        return ended

    def go(self, moments: Moments, budget: int) -> Tally:
        """Kill and start again until every row has an end, with at most so many kills."""
        self._until_the_end(moments, min(budget, MOST_KILLS))
        doubts = [row for row in self.rows if self.last[row.sheet, row.number].status == "unknown"]
        if doubts and self.chance.random() < 0.5:
            self.tally.released += len(doubts)
            self.releases.update(doubts)
            fill(self.book, self.rows, {row: self.last[row.sheet, row.number].code for row in doubts})
            self._input, self._read = untouched_parts(self.book), self.book.stat().st_mtime_ns
            self._until_the_end(moments, min(budget, MOST_KILLS))
        return self.tally

    def _until_the_end(self, moments: Moments, budget: int) -> None:
        whole, left = False, self.releases.total() or len(self.rows)
        while left and not whole and self.tally.kills < budget:
            resume = self._some_run() if self.said and self.chance.random() < BY_RESUME else None
            ended = self.run(moments.choose(self.chance, left), resume)
            whole = resume is None and not ended.killed
            left = len(self.rows) + self.releases.total() - sum(said.sent for said in self.said.values())
        if not whole:
            self.run()
        arrived = len(self.stand_in.arrivals())
        self.run()
        if len(self.stand_in.arrivals()) != arrived:
            self.wrong("a run sent something after every row had an end")
        self._judge()

    def _some_run(self) -> list[str]:
        """The last run that was cut short, or any run by its name: nothing of it may be sent that was sent since."""
        names = sorted({run for run, _, _ in self.said})
        return ["resume", *self.chance.choices(names, k=self.chance.random() < 0.3)]

    def _look(self, ended: Ended, resumed: bool) -> None:
        """After every start: what was ever said still holds, and no file is harmed."""
        if untouched_parts(self.book) != self._input:
            self.broken("the workbook has changed")
        before, (self.said, damage) = self.said, recorded(self.home, self.folder / "copy")
        if damage:
            self.broken(damage)
        for key, said in before.items():
            if said.status != "not_sent" and self.said.get(key) != said:
                self.changed += 1
                self.wrong(f"{key} was {said} and is now {self.said.get(key)}")
        unsaid = {key for key, said in self.said.items() if said.status == "unknown" and said.sent}
        fresh = sum(key not in before or before[key].status == "not_sent" for key in unsaid)
        self.tally.most_unknown = max(self.tally.most_unknown, fresh)
        if fresh > (self.jobs if ended.killed else 0):
            self.wrong(f"{fresh} rows became unknown at once, exit code {ended.code}")
        self._look_at_what_was_told(ended, resumed)

    def _look_at_what_was_told(self, ended: Ended, resumed: bool) -> None:
        """The document says what the ledger says, and the Results sheet has every row."""
        if ended.out.endswith("\n"):
            document = json.loads(ended.out)
            told = {(row["sheet"], row["row"]): Said.of(row.get) for row in document["rows"]}
            if document["run"] is not None:
                self.last = told
                for (sheet, row), said in told.items():
                    if self.said.get((document["run"], sheet, row)) != said:
                        self.wrong(f"printed: {said}, recorded: {self.said.get((document['run'], sheet, row))}")
            expected = 4 if "unknown" in {said.status for said in told.values()} else 0
            if not ended.killed and ended.code != (NOTHING_LEFT if resumed and not told else expected):
                self.wrong(f"ended with {ended.code}: {ended.out} {ended.err}")
        elif not ended.killed:
            self.wrong(f"ended with {ended.code} and no document: {ended.err}")
        if self.book.stat().st_mtime_ns != self._read:
            self._read = self.book.stat().st_mtime_ns
            lines = results_of(self.book)
            if lines is None or len(lines) != len(self.rows):
                self.broken("the results file is damaged or does not hold every row")

    def _judge(self) -> None:
        """Hold what arrived since the round began against what is recorded."""
        answers, tally = self.answers(), self.tally
        tally.sent_twice = tally.false_done = tally.unknown = tally.carried_out = 0
        tally.lost = self.changed
        if answers.keys() - {row.target for row in self.rows}:
            self.wrong("something arrived that no row asks for")
        for row in self.rows:
            given = Counter(answers[row.target])
            sent = [said for (_, *place), said in self.said.items() if said.sent and place == [row.sheet, row.number]]
            done = Counter(said.answer for said in sent if said.status == "done")
            unknown, unclaimed = len(sent) - done.total(), (given - done).total()
            last = self.last[row.sheet, row.number]
            untrue = (done - given).total() + (last.status in ("done", "already_done") and last.answer not in given)
            for what, count in (
                ("sent_twice", given.total() > 1 + self.releases[row]),
                ("lost", max(unclaimed - unknown, 0)),
                ("false_done", untrue),
            ):
                if count:
                    setattr(tally, what, getattr(tally, what) + count)
                    self.wrong(f"{what}: {row}, given {dict(given)}, sent {sent}, last {last}")
            tally.unknown += unknown
            tally.carried_out += min(unclaimed, unknown)
            if last.status not in ("done", "already_done", "unknown"):
                self.wrong(f"{row} ended as {last}")


def recorded(home: Path, copy: Path) -> tuple[dict[tuple[str, str, int], Said], str]:
    """(run, sheet, row) → what the ledger says; and its damage, if any. As the next start will find it.

    Read from a copy: the next start must mend the original by itself.
    """
    shutil.rmtree(copy, ignore_errors=True)
    if not (home / LEDGER).exists():
        return {}, ""
    copy.mkdir()
    for each in home.glob("ledger*"):
        if not each.name.endswith("-shm"):
            shutil.copy(each, copy)
    with closing(sqlite3.connect(copy / LEDGER)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
    with closing(Ledger(copy / LEDGER)) as ledger:
        ledger.conclude_interrupted(interrupted)
        said = {
            (run.id, each.sheet, each.row): Said.of(functools.partial(getattr, each))
            for run in ledger.runs()
            for each in ledger.outcomes(run.id)
        }
    return said, "" if found == [("ok",)] else f"the ledger is damaged: {found}"


class NaiveRound(Round):
    """A round of the naive design."""

    def run(self, kill: tuple[str, float] | None = None) -> Ended:
        """Start it once."""
        arguments = [str(self.book), self.stand_in.base_url, str(self.results)]
        ended = self.fork_server.run(arguments, self.home, kill, program="crash:naive")
        self.count(ended)
        return ended

    def go(self, moments: Moments, budget: int) -> Tally:
        """Kill and start again, not for ever: only a run that is left alone brings it to its end."""
        killed = True
        while killed and self.tally.kills < min(budget, NAIVE_KILLS):
            killed = self.run(moments.choose(self.chance, ROWS)).killed
            if self.results.exists() and lines_of(self.results) is None:
                self.broken("the results are damaged")
        self.run()
        told, answers = naive_results(self.results), self.answers()
        for row in self.rows:
            given = Counter(answers[row.target])
            said = Counter([told[row.sheet, row.number]])
            self.tally.sent_twice += given.total() > 1
            self.tally.false_done += (said - given).total()
            self.tally.lost += (given - said).total()
        return self.tally


def naive(arguments: list[str], mark: Callable[[str], None]) -> None:
    """What one would write first: send row by row, keep the results in memory, save them at the end."""
    book, base_url, results = arguments
    told = naive_results(Path(results))
    with requests.Session() as session:
        session.headers["ECI-ApiKey"] = KEY
        for sheet in load_workbook(book):
            for number, cells in enumerate(sheet.iter_rows(min_row=2, values_only=True), 2):
                if (sheet.title, number) not in told:
                    mark("intend")
                    method, path, body = naive_request(sheet.title, *cells)
                    answer = session.request(method, base_url + path, json=body, timeout=60).json()
                    told[sheet.title, number] = tuple(map(answer.get, ("taskGUId", "selected", "updated")))
    mark("results")
    saved = Workbook()
    for place, answer in told.items():
        saved.active.append((*place, *answer))
    saved.save(results)


def naive_request(sheet: str, target: Any, *cells: Any) -> tuple[str, str, dict[str, Any]]:
    """(method, path, body) for a row's cells."""
    if sheet == "Kickouts":
        batch = dict(zip(("batchMode", "newBatchCode", "pendingBatchId"), cells, strict=False))
        return "POST", f"/api/v202401/import/bill/task/{target}/kickout", {"batchSettings": batch}
    hold = {"holdFromExport": False, "releaseExportHold": False}
    edit = {"flagStatusId": 2 if cells[0] == "Resolved" else 1, "comment": cells[1], **hold}
    return "PUT", f"/api/v3/list/{target}/flagAction", edit


def naive_results(path: Path) -> dict[tuple[str, int], tuple[Any, ...]]:
    """(sheet, row) → the answer, as the naive design has saved it; nothing if its file is damaged."""
    lines = lines_of(path) if path.exists() else None
    return {(sheet, number): tuple(answer) for sheet, number, *answer in lines or ()}


def untouched_parts(book: Path) -> dict[str, bytes]:
    """Every part of the workbook that a Results sheet leaves as it is; nothing for a damaged one."""
    try:
        with ZipFile(book) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (BadZipFile, OSError, EOFError):
        return {}
    patched = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}
    return {name: content for name, content in parts.items() if name not in patched and b"<!-- bulkops" not in content}


def lines_of(path: Path) -> list[tuple[Any, ...]] | None:
    """The lines of a workbook's last sheet; None if it is damaged."""
    try:
        return list(load_workbook(path).worksheets[-1].values)
    except (BadZipFile, KeyError, OSError, EOFError):
        return None


def results_of(path: Path) -> list[dict[str, Any]] | None:
    """What the Results sheet says of each row, by its headings; None if the workbook is damaged."""
    lines = lines_of(path)
    if lines is None:
        return None
    top = next((at for at, line in enumerate(lines) if "What to do" in line), len(lines))
    return [dict(zip(lines[top], line, strict=True)) for line in lines[top + 1 :]]


def work(number: int, kills: int, naive_kills: int, jobs: int, seed: str) -> tuple[Tally, Tally]:
    """One worker's share of the kills, with a fork server and a stand-in of its own."""
    chance = random.Random(f"{seed} {number}")
    with (
        tempfile.TemporaryDirectory() as scratch,
        ForkServer(Path(scratch)) as fork_server,
        StandIn(f"{seed} {number}") as stand_in,
    ):
        serial = itertools.count()

        def ours() -> OurRound:
            return OurRound(Path(scratch, f"{number} {next(serial)}"), fork_server, stand_in, chance, jobs)

        def theirs() -> NaiveRound:
            return NaiveRound(Path(scratch, f"naive {number} {next(serial)}"), fork_server, stand_in, chance)

        return _share(ours, kills), _share(theirs, naive_kills)


def _share(make: Callable[[], OurRound | NaiveRound], kills: int) -> Tally:
    """Rounds until there were so many kills."""
    tally = Tally()
    if kills:
        # The first run of all is slower than the others.
        moments = Moments.of([make().run() for _ in range(4)][1:])
    while tally.kills < kills:
        one = make()
        tally.add(one.go(moments, kills - tally.kills))
        shutil.rmtree(one.folder)
        if sys.stderr.isatty():
            print(f"{one.folder.name}: {tally.kills:,} of {kills:,} kills", file=sys.stderr)
    return tally


def measure(kills: int, naive_kills: int, jobs: int, workers: int, seed: str) -> tuple[Tally, Tally]:
    """(bulkops, the naive design), each with at least so many kills."""
    shares = [kills * (each + 1) // workers - kills * each // workers for each in range(workers)]
    ours, theirs = Tally(), Tally()
    with ThreadPoolExecutor(workers) as pool:
        each_naive = -(-naive_kills // workers)
        for mine, naive_one in pool.map(
            lambda number: work(number, shares[number], each_naive, jobs, seed), range(workers)
        ):
            ours.add(mine)
            theirs.add(naive_one)
    return ours, theirs


def table(ours: Tally, theirs: Tally, jobs: int) -> str:
    """What was counted, in lines."""
    names: tuple[str, ...] = ("", "kills", "rows", "sent twice", "lost", "false done", "broken files")
    names += ("unknown", "of them sent", "most per kill")
    lines: list[tuple[str, ...]] = [names]
    for name, each in ((f"bulkops --jobs {jobs}", ours), ("saved at the end", theirs)):
        counts = (each.kills, each.rows, each.sent_twice, each.lost, each.false_done, each.broken)
        doubts = (each.unknown, each.carried_out, each.most_unknown) if each is ours else ()
        lines.append((name, *(f"{count:,}" for count in (*counts, *doubts))))
    widths = [16, *(len(name) for name in names[1:])]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)


def main() -> None:
    """Print the table; exit code 1 if anything went wrong."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("kills", nargs="?", type=int, default=100, metavar="KILLS")
    asked.add_argument("--jobs", type=int, default=4, help="rows that bulkops may send side by side")
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="rounds at a time")
    asked.add_argument("--seed", default=str(random.randrange(10**9)))
    given = asked.parse_args()
    print(f"seed {given.seed}", flush=True)
    ours, theirs = measure(given.kills, max(40, given.kills // 10), given.jobs, given.workers, given.seed)
    print(table(ours, theirs, given.jobs))
    print(
        f"{ours.in_sending:,} kills fell in the sending; {ours.resumed:,} starts by resume; "
        f"{ours.released:,} unknown rows were sent again because the operator asked for it."
    )
    if not ours.wrong:
        print(f"None of these in {ours.kills:,} kills: at most {3 / ours.kills:.2%} per kill, with 95 % confidence.")
    for each in ours.wrong[:10]:
        print(f"WRONG: {each}")
    sys.exit(1 if ours.wrong else 0)


if __name__ == "__main__":
    main()
