"""The ledger's file: what is damaged, held, full or gone, and many workers who write into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from steps import HERE, kickout, plan_of, run_named

from bulkops.ledger import Ledger, schema
from bulkops.ledger.schema import INTENT, PLANNED, SCHEMA_VERSION
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.plan import Step
from ledger.support import (
    AT,
    EXPECTED,
    done,
    forbid,
    made_of,
    refused,
    states,
    words,
)


def test_every_commit_is_on_the_disk_before_it_counts(ledger):
    """Write-ahead log, synchronous=FULL, and on macOS a full flush."""
    with ledger._store.reading() as connection:
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


def test_a_ledger_of_this_version_is_made_of_exactly_these_tables(ledger, path, tmp_path):
    """Whoever changes them has to give them a new version and a migration, for there are ledgers of this one."""
    expected = (EXPECTED / f"ledger-{SCHEMA_VERSION}.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "expected.sqlite3")) as connection:
        connection.executescript(expected)
    assert made_of(path) == made_of(tmp_path / "expected.sqlite3")


def test_a_ledger_of_a_newer_bulkops_is_refused_and_left_alone(ledger, path):
    """An older program must not misread what a newer one wrote."""
    ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    assert "cannot be used: a newer bulkops has written it. Nothing" in refused(path)
    assert path.read_bytes() == before


def test_a_damaged_ledger_is_refused(ledger, path):
    """Without the past nothing may be sent: a file with a spoilt page is no ledger. It is read whole once a week."""
    spoil(ledger, path)
    with closing(Ledger(path)) as opened, pytest.raises(MustStop) as error:
        list(map(opened.outcomes, "rst"))
    assert error.value.code == "ledger.damaged"
    for day in (-7, 1):
        last_checked(path, day)
        assert "is damaged. Nothing more is sent" in refused(path, "ledger.damaged")


@pytest.mark.parametrize("end", ["killed", "cut short", "an older bulkops"])
def test_a_damaged_ledger_that_was_not_closed_well_is_refused(ledger, path, end):
    """Whatever day it was checked on: then it is most likely to be damaged."""
    if end == "cut short":
        plan = plan_of(kickout(500))
        ledger.begin(run_named("cut short"), plan, HERE)
        ledger.intend("cut short", plan.steps[0], AT)
    spoil(ledger, path)
    if end == "killed":
        path.with_name(f"{path.name}-wal").write_bytes(b"what a killed program left of it")
    elif end == "an older bulkops":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 5")
    refused(path, "ledger.damaged")
    assert not path.with_name("ledger before version 6.sqlite3").exists()


@pytest.mark.parametrize(("day", "seen"), [(0, 0), (-6, -6), (-7, 0), (1, 0)])
def test_a_ledger_that_was_checked_is_not_checked_again_for_a_week(ledger, path, day, seen):
    """And where the computer's clock was set back; the day is noted."""
    ledger.close()
    last_checked(path, day)
    with closing(Ledger(path)), closing(sqlite3.connect(path)) as connection:
        (noted,) = connection.execute("SELECT checked FROM book").fetchone()
    assert noted == (datetime.now(UTC) + timedelta(days=seen)).date().isoformat()


def spoil(ledger: Ledger, path: Path) -> None:
    """Spoil a third of a ledger of three runs that was closed."""
    for number, name in enumerate("rst"):
        ledger.begin(run_named(name), plan_of(*(kickout(n, number * 100 + n) for n in range(100))), HERE)
    ledger.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 4096 // 3
    content[4096 * middle : 4096 * 2 * middle] = b"\x5a" * 4096 * middle
    path.write_bytes(content)


def last_checked(path: Path, day: int) -> None:
    """So many days from today."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE book SET checked = ?", ((datetime.now(UTC) + timedelta(days=day)).date().isoformat(),)
        )
        connection.commit()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 100, b"SQLite format 3\x00"])
def test_a_file_that_is_no_ledger_is_refused(path, content):
    """Something else in its place is left as it is."""
    path.write_bytes(content)
    refused(path)
    assert path.read_bytes() == content


def test_a_ledger_that_cannot_be_made_is_refused(tmp_path):
    """No such folder, or a folder in its place."""
    for place in (tmp_path / "missing" / "ledger.sqlite3", tmp_path):
        assert "cannot be used: unable to open database file. Nothing" in refused(place)


def test_a_ledger_opens_while_another_program_writes_into_it(ledger, path):
    """Opening one that is up to date changes nothing, so it waits for nobody."""
    ledger.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(Ledger(path)) as later:
            assert later.runs() == []


def test_a_half_made_ledger_is_made_whole(path, monkeypatch):
    """Tables and the guard against two of one request are made together: killed half-way, nothing is there."""
    with closing(Ledger(path)):
        pass
    with closing(sqlite3.connect(path)) as connection:
        guards = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%UNIQUE%'"
        assert {name for (name,) in connection.execute(guards)} == {
            "attempts_by_code",
            "once_per_line",
            "once_per_round",
            "one_in_flight",
        }
    other = path.with_name("half.sqlite3")
    create = schema.metadata.create_all

    def half(connection: object) -> None:
        create(connection, tables=[schema.runs])
        raise CannotStart("ledger.unusable", path=other, value="killed")

    monkeypatch.setattr(schema.metadata, "create_all", half)
    refused(other)
    with closing(sqlite3.connect(other)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_full_disk_stops_the_run_and_loses_nothing(ledger, path):
    """The first write that finds no room raises MustStop; every line is still what it was."""
    rows = [kickout(n, comment="x" * 300) for n in range(100)]
    plan = plan_of(*rows)
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._store.reading() as connection:
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
        assert later.conclude_interrupted(words) == expected.count(INTENT)
        assert later.counts("r").get("done") == expected.count("done")


def test_a_ledger_that_cannot_be_written_stops_before_anything_is_sent(ledger, path):
    """A disk that turned read-only is found at the intent, not after the send."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._store.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    for act in (
        lambda: ledger.intend("r", plan.steps[0], AT),
        lambda: ledger.begin(run_named("s"), plan, HERE),
        lambda: ledger.finish("r", [], None),
    ):
        with pytest.raises(MustStop):
            act()
    assert states(path) == [PLANNED]


def test_a_trouble_that_comes_without_words_is_told_by_its_name(ledger, path):
    """Nothing that goes wrong with the ledger is without a sentence."""
    ledger._store._connection.close()
    with pytest.raises(MustStop) as error:
        ledger.runs()
    assert ledger.path == path
    assert f"({path}) cannot be used: ResourceClosedError. Nothing" in str(error.value)


def test_a_ledger_that_another_program_holds_is_a_sentence(ledger, path):
    """A lock that is not given back in time is a known trouble, not a traceback."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with ledger._store.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MustStop) as error:
            ledger.intend("r", plan.steps[0], AT)
        assert error.value.code == "ledger.locked"
        assert f"({path}) is held by another program (database is locked). Nothing" in str(error.value)
        assert "disk space" not in str(error.value)
        other.rollback()
    ledger.intend("r", plan.steps[0], AT)


@pytest.mark.parametrize("left", [None, b""], ids=["missing", "empty"])
def test_a_ledger_that_is_gone_is_missed(ledger, path, left):
    """Without it everything would be sent again: the reserve shows that there was one."""
    ledger.begin(run_named("r"), plan_of(kickout(0)), HERE)
    ledger.close()
    for each in path.parent.glob("ledger.sqlite3*"):
        each.unlink()
    if left is not None:
        path.write_bytes(left)
    with pytest.raises(CannotStart) as error:
        Ledger(path)
    assert error.value.code == "ledger.gone"
    assert f"({path}) is gone, but ledger.reserve beside it" in str(error.value)
    path.with_name("ledger.reserve").unlink()
    with closing(Ledger(path)) as begun_anew:
        assert begun_anew.runs() == []


def test_many_workers_write_at_once_each_with_its_own_fate(ledger, path):
    """One row too many in flight breaks its own rule and nobody else's; all others are durable."""
    plan = plan_of(*(kickout(n) for n in range(8)))
    ledger.begin(run_named("r"), plan, HERE)
    steps = [*plan.steps, plan_of(kickout(50)).steps[0], plan.steps[0]]
    assert intended_at_once(ledger, steps) in ([8, 9], [0, 8])  # 0 and 9 are one row: whichever came first
    assert states(path) == [INTENT] * 8


def test_nobody_is_told_that_an_intent_is_durable_which_is_not(ledger, path):
    """A file that takes nothing fails each worker who writes into it."""
    plan = plan_of(*(kickout(n) for n in range(4)))
    ledger.begin(run_named("r"), plan, HERE)
    forbid(ledger, True)
    assert intended_at_once(ledger, plan.steps) == [0, 1, 2, 3]
    assert states(path) == [PLANNED] * 4


def intended_at_once(ledger: Ledger, steps: Sequence[Step]) -> list[int]:
    """Which of these steps may not be sent, of as many workers."""
    failed: list[int] = []

    def intend(number: int) -> None:
        try:
            ledger.intend("r", steps[number], AT)
        except MustStop:
            failed.append(number)

    with ThreadPoolExecutor(len(steps)) as workers:
        list(workers.map(intend, range(len(steps))))
    return sorted(failed)


def test_a_defect_of_ours_is_not_called_a_trouble_of_the_ledger(ledger, path):
    """What cannot even be handed to the file is told as it is; nothing was changed, and the next change is made."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    with pytest.raises(UnicodeEncodeError):
        ledger.intend("r", plan.steps[0], "\ud800")
    assert states(path) == [PLANNED]
    ledger.intend("r", plan.steps[0], AT)
    assert states(path) == [INTENT]
