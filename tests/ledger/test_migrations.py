"""Ledgers of earlier versions become one of today and keep all they knew."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from steps import HERE, again, facts, flag_edit, kickout, plan_of, run_named, seqs, task

from bulkops.ledger import Account, Ledger, is_older, migrations, schema
from bulkops.ledger.codes import is_code
from bulkops.ledger.schema import SCHEMA_VERSION
from bulkops.messages.errors import CannotStart, MustStop
from bulkops.model.history import ResolutionKind
from bulkops.model.outcomes import Status
from bulkops.model.plan import Plan
from bulkops.model.rows import CheckedRow
from ledger.support import (
    AT,
    EXPECTED,
    MADE,
    careless,
    idempotency_keys,
    made_of,
    mark,
    marking_refused,
    refused,
    send,
    words,
)


@pytest.fixture
def version_1(path) -> Path:
    """A ledger as version 1 wrote it: two runs, the second one cut short on its way."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((EXPECTED / "ledger-1.sql").read_text(encoding="utf-8"))
    return path


def test_a_ledger_of_version_1_keeps_all_it_knew(version_1):
    """Every row's outcome, what must not be sent again, and which Send again is used up."""
    with closing(Ledger(version_1)) as ledger:
        assert [run.id for run in ledger.runs()] == ["second", "first"]
        assert ledger.conclude_interrupted(words) == 1
        told = [(each.seq, each.status.value, each.code) for each in ledger.outcomes("first")]
        assert told == [
            (0, "done", ""),
            (1, "failed", "sent.refused"),
            (2, "not_sent", "row.hidden"),
            (3, "unknown", "sent.no_answer"),
            (4, "done", ""),
            (5, "not_sent", "row.stopped"),
            (6, "not_sent", "row.stopped"),
        ]
        edit = ledger.outcomes("first")[4]
        assert (edit.selected, edit.updated, edit.message, edit.started) == (12, 7, "Zoë", AT)
        assert facts(ledger.outcomes("second")) == [
            (0, "done", ""),
            (1, "unknown", "sent.interrupted"),
            (2, "not_sent", ""),
        ]
        (prior,) = ledger.prior_attempts(HERE, idempotency_keys(kickout(3))).values()
        assert [(each.status, each.released, is_code(each.code)) for each in prior] == [
            (Status.UNKNOWN, "", True),
            (Status.DONE, "row", True),
        ]
        rows = [*(kickout(n) for n in range(7)), flag_edit(7, 2001)]
        later = plan_of(*rows, history=ledger)
        assert {each.seq: each.status.value for each in later.decided} == {
            0: "already_done",
            3: "already_done",
            7: "already_done",
        }
        assert ledger.resumable("first") == ledger.resumable("second") == []


@pytest.mark.parametrize("row", [kickout(0), kickout(0, mode="new batch"), kickout(0, 9), flag_edit(0, 2001)])
def test_the_guard_holds_for_what_version_1_sent(version_1, row):
    """Also against a plan that does not know the past."""
    with closing(Ledger(version_1)) as ledger:
        plan = plan_of(row)
        ledger.begin(run_named("third"), plan, HERE)
        with pytest.raises(MustStop, match="second time"):
            ledger.intend("third", plan.steps[0], AT)


def test_a_migrated_ledger_is_like_a_new_one(version_1, tmp_path):
    """The same tables and guards, and a copy of what it was."""
    with closing(Ledger(version_1)), closing(Ledger(tmp_path / "new.sqlite3")):
        pass
    with closing(sqlite3.connect(version_1)) as old, closing(sqlite3.connect(tmp_path / "new.sqlite3")) as new:
        assert old.execute(MADE).fetchall() == new.execute(MADE).fetchall()
        assert old.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(sqlite3.connect(tmp_path / "ledger before version 6.sqlite3")) as copy:
        assert copy.execute("SELECT count(*) FROM lines").fetchone() == (10,)


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(version_1, monkeypatch):
    """Killed half-way, it is still a ledger of version 1, and the next start migrates it."""
    create = schema.metadata.create_all

    def half(connection: object) -> None:
        create(connection, tables=[schema.runs])
        raise CannotStart("ledger.unusable", path=version_1, value="killed")

    with monkeypatch.context() as patch:
        patch.setattr(schema.metadata, "create_all", half)
        refused(version_1)
    with closing(sqlite3.connect(version_1)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM lines").fetchone() == (10,)
    with closing(Ledger(version_1)) as ledger:
        assert len(ledger.outcomes("first")) == 7


def as_version(version: int, newer: Path, path: Path) -> None:
    """What a ledger of today holds, in the tables of version 2 or 3."""
    script = (EXPECTED / f"ledger-{2 * version - 2}.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("ATTACH ? AS newer", (str(newer),))
        for table in ("runs", "lines", "attempts"):
            columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
            today = ", ".join("0" if column == "follows" else f'"{column}"' for column in columns)
            connection.execute(f"INSERT INTO {table} SELECT {today} FROM newer.{table}")
        connection.commit()


@pytest.fixture
def version_2(path, tmp_path) -> Path:
    """A ledger as version 2 made it, with a row done and a row in doubt."""
    newer = tmp_path / "newer.sqlite3"
    with closing(Ledger(newer)) as ledger:
        plan = plan_of(kickout(0), kickout(1))
        ledger.begin(run_named("r"), plan, HERE)
        send(ledger, "r", plan.steps[0])
        send(ledger, "r", plan.steps[1], Status.UNKNOWN)
    as_version(2, newer, path)
    return path


def test_a_ledger_of_version_2_is_like_a_new_one_and_keeps_all_it_knew(version_2, tmp_path):
    """Its doubts can be marked; a bulkops of version 2 will refuse it from then on."""
    with closing(Ledger(version_2)) as ledger:
        assert facts(ledger.outcomes("r")) == [(0, "done", ""), (1, "unknown", "")]
        assert [(each.run, each.seq) for each in ledger.unknown_outcomes(HERE)] == [("r", 1)]
        mark(ledger, "r", ResolutionKind.DONE, 1)
        later = plan_of(kickout(0), kickout(1), history=ledger)
        assert [code for _, _, code in facts(later.decided)] == ["row.already_done", "row.marked_done"]
    assert made_of(version_2) == made_of(tmp_path / "newer.sqlite3")
    with closing(sqlite3.connect(version_2)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_doubt_of_version_1_can_be_marked(version_1):
    """One that version 1 had told, and one that it was cut short in."""
    with closing(Ledger(version_1)) as ledger:
        ledger.conclude_interrupted(words)
        (unknown,) = ledger.unknown_outcomes()
        assert (unknown.run, unknown.seq, unknown.code) == ("second", 1, "sent.interrupted")
        assert marking_refused(ledger, "first", 3)[0] == "doubt.sent_since"
        mark(ledger, "second", ResolutionKind.SEND_AGAIN, 1)
        assert ledger.unknown_outcomes() == []


@pytest.fixture
def version_4(path) -> Path:
    """A ledger that a real run of version 4 left behind: a row done, one in doubt, one refused, one needs fixing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((EXPECTED / "ledger-4-run.sql").read_text(encoding="utf-8"))
    return path


def told(path: Path) -> list[list[tuple]]:
    """All that a ledger says of runs, lines and attempts, but for what version 6 has added or given up."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [
            [
                tuple(row[name] for name in row.keys() if name not in ("follows", "code", "new_task"))  # noqa: SIM118
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")
            ]
            for table in ("runs", "lines", "attempts")
        ]


def test_a_ledger_of_version_4_is_like_a_new_one_and_keeps_all_it_knew(version_4, tmp_path):
    """What was sent holds rows back as before, for whoever asks: nobody knows whose data it changed."""
    before = told(version_4)
    with closing(Ledger(version_4)) as ledger, closing(Ledger(tmp_path / "new.sqlite3")) as new:
        assert sorted(made_of(version_4)) == sorted(made_of(tmp_path / "new.sqlite3"))
        (run,) = ledger.runs()
        assert (run.account, run.key_owner) == (Account(), "Practice Operator (operator)")
        assert [each.status.value for each in ledger.outcomes(run.id)] == ["done", "unknown", "failed", "invalid"]
        rows = [flag_edit(n, 2001 + n, flag_type_id=2, comment="Checked") for n in range(2)]
        prior = ledger.prior_attempts(HERE, idempotency_keys(*rows)).values()
        assert sorted(each.status.value for (each,) in prior) == ["done", "unknown"]
        mark(ledger, run.id, ResolutionKind.SEND_AGAIN, 1)
        assert re.fullmatch("[0-9a-f]{32}", ledger.id)
        assert ledger.id != new.id
        name = ledger.id
    with closing(Ledger(version_4)) as ledger:
        assert ledger.id == name
    assert told(version_4) == before
    with closing(sqlite3.connect(version_4)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("list_id", [2001, 2002])
def test_the_guard_holds_for_what_version_4_sent(version_4, list_id):
    """Also against a plan that does not know the past, and whatever is known of the key that asks."""
    row = flag_edit(0, list_id, flag_type_id=2, comment="Checked")
    with closing(Ledger(version_4)) as ledger:
        for number, account in enumerate((Account(), Account("Blue", "7", "acme"))):
            plan = plan_of(row)
            ledger.begin(replace(run_named(f"later {number}"), account=account), plan, HERE)
            with pytest.raises(MustStop, match="second time"):
                ledger.intend(f"later {number}", plan.steps[0], AT)


@pytest.fixture
def version_5(path) -> Path:
    """A ledger that real runs of version 5 left behind, with every state of a row and of a mark."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((EXPECTED / "ledger-5-run.sql").read_text(encoding="utf-8"))
    return path


RUNS_5 = [f"20261128-10000{n}-000{n}" for n in range(1, 6)]


def test_a_ledger_of_version_5_is_like_a_new_one_and_keeps_all_it_knew(version_5, tmp_path):
    """What was sent, what was marked, in which order, and whose data it was; a copy is kept of what it was before."""
    before = told(version_5)
    with closing(sqlite3.connect(version_5)) as connection:
        marked = connection.execute("SELECT attempt, verdict, who, marked FROM marks ORDER BY rowid").fetchall()
        accounts = connection.execute("SELECT * FROM accounts").fetchall()
    with closing(Ledger(version_5)) as ledger, closing(Ledger(tmp_path / "new.sqlite3")):
        assert made_of(version_5) == made_of(tmp_path / "new.sqlite3")
        assert [run.id for run in ledger.runs()] == RUNS_5[::-1]
        assert told(version_5) == before
        assert {seq: each.kind for seq, each in ledger.resolutions(RUNS_5[0]).items()} == {
            2: "done",
            3: "send_again",
            4: "send_again",
        }
        held = [each.send_again_code for run in RUNS_5 for each in ledger.outcomes(run) if each.send_again_code]
        assert all(map(is_code, held))
        assert len(set(held)) == len(held) == 10
    with closing(sqlite3.connect(version_5)) as connection:
        assert connection.execute("SELECT attempt, verdict, who, marked FROM marks ORDER BY id").fetchall() == marked
        assert connection.execute("SELECT * FROM accounts").fetchall() == accounts
        codeless = "SELECT DISTINCT state FROM attempts WHERE code = '' ORDER BY 1"
        assert connection.execute(codeless).fetchall() == [("failed",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(sqlite3.connect(tmp_path / "ledger before version 6.sqlite3")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (5,)
    assert told(tmp_path / "ledger before version 6.sqlite3") == before


def test_what_version_5_sent_is_held_back_and_released_by_a_code(version_5):
    """Done, in doubt, marked; and what was left to be resumed goes on, without what an old Yes had asked for."""
    with closing(Ledger(version_5)) as ledger:
        assert ledger.conclude_interrupted(words) == 1
        rows = [kickout(n, n + 1) for n in range(5)] + [kickout(5, 10), kickout(6, 6), kickout(7, 8)]
        planned = plan_of(*rows, history=ledger)
        assert facts(planned.decided) == [
            (0, "unknown", "row.still_unknown"),
            (1, "unknown", "row.still_unknown"),
            (2, "already_done", "row.marked_done"),
            (3, "already_done", "row.already_done"),
            (5, "unknown", "row.still_unknown"),
        ]
        assert [step.row.seq for step in planned.steps] == [4, 6, 7]
        for number, outcome in enumerate(planned.decided):
            row = rows[outcome.seq]
            with pytest.raises(MustStop, match="second time"):
                careless(ledger, f"careless {number}", row)
            plan = plan_of(again(row, outcome.send_again_code), history=ledger)
            ledger.begin(run_named(f"released {number}"), plan, HERE)
            ledger.intend(f"released {number}", plan.steps[0], AT)
        left = ledger.resumable(RUNS_5[3])
        assert [(row.target, row.values["send_again"]) for row in left] == [(task(8), None), (task(9), None)]


TASKS = """SELECT run, target, json_extract(attempts.outcome, '$.new_task_guid')
    FROM attempts JOIN lines USING (run, seq)
    WHERE attempts.state = 'done' AND operation = 'kickout_reimport'"""


def test_the_tasks_that_version_5_started_and_reimported_are_known(version_5):
    """No answer that names one of them is believed."""
    with closing(sqlite3.connect(version_5)) as connection:
        known = connection.execute(TASKS).fetchall()
    assert known
    with closing(Ledger(version_5)) as ledger:
        for run, target, started in known:
            assert ledger.knows_task(run, target)
            assert ledger.knows_task(run, started.lower())
            assert not ledger.knows_task(run, task(99))


def test_a_migration_that_is_killed_leaves_a_ledger_of_version_5(version_5):
    """Whatever of it was done already; the next start does it all, and says how far it is."""
    before = told(version_5)

    def killed_at(far: int) -> Callable[[int], None]:
        def how_far(percent: int) -> None:
            if percent >= far:
                raise KeyboardInterrupt

        return how_far

    for far in (0, 10, 35, 65, 90):
        with pytest.raises(KeyboardInterrupt):
            Ledger(version_5, killed_at(far))
        with closing(sqlite3.connect(version_5)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (5,)
        assert told(version_5) == before
    heard: list[int] = []
    for _ in range(2):
        assert is_older(version_5) is not bool(heard)
        with closing(Ledger(version_5, heard.append)) as ledger:
            assert len(ledger.runs()) == 5
    assert heard == sorted(heard)
    assert {0, 10, 35, 65} <= set(heard)
    assert 90 <= heard[-1] < 100


@pytest.mark.parametrize("program", ["this", "another"])
def test_a_ledger_that_two_open_at_once_is_migrated_by_one_of_them(version_5, monkeypatch, program):
    """The other one waits, and finds it done; the copy is of what was before."""
    keep, second, told = migrations._keep_copy, [], []
    if program == "another":
        monkeypatch.setattr("bulkops.ledger.sqlite._OPENING", nullcontext())
    else:  # in this one it takes as long as it takes
        monkeypatch.setattr("bulkops.ledger.sqlite._PATIENCE", 0)

    def meanwhile(*arguments):
        monkeypatch.setattr(migrations, "_keep_copy", keep)
        second.append(threading.Thread(target=lambda: Ledger(version_5, told.append).close()))
        second[0].start()
        # It has come as far as it can; were it not to wait, it would go on.
        second[0].join(0.2)
        assert second[0].is_alive()
        keep(*arguments)

    monkeypatch.setattr(migrations, "_keep_copy", meanwhile)
    with closing(Ledger(version_5)) as ledger:
        assert len(ledger.runs()) == 5
    second[0].join()
    assert told == []
    with closing(sqlite3.connect(version_5.with_name("ledger before version 6.sqlite3"))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (5,)


def typed(row: CheckedRow) -> Plan:
    """A plan as bulkops made it while the order of users counted: as they are typed, and known by that."""
    (step,) = plan_of(row).steps
    call = replace(step.call, body={**(step.call.body or {}), "assignees": list(row.values["assignees"])})
    fingerprint = call.fingerprint(HERE)
    return Plan((((replace(step, call=call, fingerprint=fingerprint, idempotency_key=fingerprint),),),), ())


def users(*ids: int, seq: int = 0, **values: object) -> CheckedRow:
    return flag_edit(seq, 2001, assignees=ids, comment="x", **values)


@pytest.fixture(params=[1, 2, 3])
def unordered(request, path, tmp_path) -> Path:
    """An older ledger: a list was given to the users 102 and 101, in this order, and to 7 alone."""
    plans = [typed(users(102, 101)), typed(users(7))]
    if request.param == 1:
        script = (EXPECTED / "ledger-1.sql").read_text(encoding="utf-8")
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
            call = plans[0].steps[0].call
            connection.execute(
                "UPDATE lines SET body = ?, fingerprint = ? WHERE run = 'first' AND seq = 4",
                (call.encoded().decode(), call.fingerprint(HERE)),
            )
            connection.commit()
        return path
    newer = tmp_path / "newer.sqlite3"
    with closing(Ledger(newer)) as ledger:
        for name, plan in zip("ab", plans, strict=True):
            ledger.begin(run_named(name), plan, HERE)
            send(ledger, name, plan.steps[0])
    as_version(request.param, newer, path)
    return path


@pytest.mark.parametrize("ids", [(101, 102), (102, 101)])
def test_users_in_another_order_were_the_same_request_before_too(unordered, ids):
    """What an older bulkops sent is done, however the users are typed now; the ledger's own guard knows it as well."""
    with closing(Ledger(unordered)) as ledger:
        later = plan_of(users(*ids), users(101, seq=1), history=ledger)
        assert [code for _, _, code in facts(later.decided)] == ["row.already_done"]
        assert seqs(later) == [[1]]
        unknowing = plan_of(users(*ids))
        ledger.begin(run_named("later"), unknowing, HERE)
        with pytest.raises(MustStop, match="second time"):
            ledger.intend("later", unknowing.steps[0], AT)
    with closing(sqlite3.connect(unordered)) as connection:
        assert connection.execute("SELECT count(*) FROM lines WHERE body LIKE '%[102,101]%'").fetchone() == (1,)
        assert connection.execute(
            "SELECT count(*) FROM lines WHERE fingerprint <> matter AND body LIKE '%assignees%'"
        ).fetchone() == (0,)
