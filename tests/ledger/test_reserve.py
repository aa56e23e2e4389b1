"""The reserve: an outcome that the ledger cannot take is not lost."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from steps import HERE, facts, kickout, plan_of, run_named, seqs

from bulkops.ledger import Ledger, reserve
from bulkops.ledger.reserve import Reserve
from bulkops.ledger.schema import INTENT
from bulkops.messages.errors import MustStop
from bulkops.model.outcomes import Status
from ledger.support import (
    AT,
    code_of,
    done,
    forbid,
    states,
    words,
)

NO_FILE = errno.EACCES if os.name == "nt" else errno.EISDIR
"""What the system says of a folder where a file should be."""


def test_an_outcome_that_the_ledger_cannot_take_is_not_lost(ledger, path):
    """It is kept beside the ledger, and the next start takes it over, with what was seen."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    for step in plan.steps:
        ledger.intend("r", step, AT)
    forbid(ledger, True)
    known = done(plan.steps[0], message="Zoë")
    with pytest.raises(MustStop):
        ledger.conclude("r", known, {"status": 200})
    with pytest.raises(MustStop):
        ledger.finish("r", [], None)
    assert states(path) == [INTENT, INTENT]
    ledger.close()
    with closing(Ledger(path)) as later:
        assert later.conclude_interrupted(words) == 1
        assert later.outcomes("r")[0] == replace(known, send_again_code=code_of(later, "r"))
        assert later.outcomes("r")[1].code == "sent.interrupted"
        assert later.conclude_interrupted(words) == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT evidence FROM attempts ORDER BY id").fetchone() == ('{"status": 200}',)


def test_a_ledger_that_recovers_takes_over_at_the_end_of_the_run(ledger, path):
    """Room was made meanwhile: the run ends with every outcome in its place, and the reserve is empty."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    with pytest.raises(MustStop):
        ledger.conclude("r", done(plan.steps[0]))
    forbid(ledger, False)
    ledger.finish("r", [], "r.xlsx")
    assert ledger.runs()[0].totals == {"done": 1}
    assert Reserve(path.with_name("ledger.reserve")).entries() == []


def test_what_was_taken_over_is_not_taken_over_again(ledger, path):
    """Killed between taking over and emptying: a later attempt of the same row is not given the old outcome."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    reserve = path.with_name("ledger.reserve")
    with pytest.raises(MustStop):
        ledger.conclude("r", replace(done(plan.steps[0]), status=Status.NOT_SENT, code="sent.not_reached"))
    forbid(ledger, False)
    full = reserve.read_bytes()
    ledger.conclude_interrupted(words)
    ledger.begin_again("r", plan, HERE)
    ledger.intend("r", plan.steps[0], "2026-11-21T11:00:00Z")
    reserve.write_bytes(full)
    assert ledger.conclude_interrupted(words) == 1
    assert ledger.outcomes("r")[0].code == "sent.interrupted"


def test_without_room_for_a_reserve_no_run_begins(ledger, path):
    """Room for the outcomes comes before the first intent."""
    plan, place = plan_of(kickout(0)), path.with_name("ledger.reserve")
    place.mkdir()
    for begin in (lambda: ledger.begin(run_named("r"), plan, HERE), lambda: ledger.begin_again("r", plan, HERE)):
        with pytest.raises(MustStop) as error:
            begin()
        assert error.value.code == "ledger.unusable"
        assert f"({place}) cannot be used: {os.strerror(NO_FILE)}. Nothing" in str(error.value)
    assert ledger.runs() == []


def test_what_may_stand_in_a_reserve_that_cannot_be_read_is_not_passed_over(ledger, path):
    """An outcome might be in it: no row is called unknown, and no run closed, before it has been read."""
    plan, place = plan_of(kickout(0)), path.with_name("ledger.reserve")
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    place.unlink()
    place.mkdir()
    for act in (lambda: ledger.conclude_interrupted(words), lambda: ledger.finish("r", [], None)):
        with pytest.raises(MustStop) as error:
            act()
        assert error.value.code == "ledger.unusable"
        assert f"({place}) cannot be used: {os.strerror(NO_FILE)}. Nothing" in str(error.value)
    assert states(path) == [INTENT]
    assert ledger.runs()[0].ended is None
    assert [each.status for each in ledger.outcomes("r")] == [Status.UNKNOWN]


def test_a_reserve_that_fails_too_leaves_the_row_in_doubt(ledger, path):
    """The ledger's own trouble is what is told, and the intent stands."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    path.with_name("ledger.reserve").unlink()
    with pytest.raises(MustStop, match="readonly"):
        ledger.conclude("r", done(plan.steps[0]))
    forbid(ledger, False)
    assert states(path) == [INTENT]


def test_a_reserve_that_cannot_be_emptied_does_not_undo_the_end_of_a_run(ledger, monkeypatch):
    """What it holds is in the ledger by then."""
    plan = plan_of(kickout(0), kickout(1))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)

    def broken(_: int) -> None:
        raise OSError(5, "the disk does not answer")

    monkeypatch.setattr(os, "fsync", broken)
    assert ledger.conclude_interrupted(words) == 1
    ledger.finish("r", [], None)
    assert ledger.runs()[0].totals == {"unknown": 1, "not_sent": 1}


def test_the_reserve_has_a_place_for_every_row_on_its_way_and_one_more(tmp_path):
    """All come back in the order in which they were kept; whatever finds no place is said so."""
    made = Reserve(tmp_path / "ledger.reserve")
    made.make()
    entries = [{"seq": number, "outcome": "Zoë \N{GRINNING FACE}" * number} for number in range(reserve.SLOTS)]
    for entry in entries:
        made.keep(entry)
    with pytest.raises(OSError, match=r"^the reserve has no room for it$"):
        made.keep({})
    assert Reserve(made.path).entries() == entries
    made.clear()
    assert made.entries() == []
    made.keep(entries[1])
    assert made.entries() == entries[1:2]


def test_an_entry_of_the_reserve_fills_one_place_and_no_more(tmp_path):
    """The longest that fits is kept beside others; one byte more is refused, and harms no other."""
    made = Reserve(tmp_path / "ledger.reserve")
    made.make()
    room = reserve.SLOT - len(reserve._MARK) - 4 - 32
    longest = {"a": "", "b": "x" * (room - len('{"a":"","b":""}'))}
    made.keep(longest)
    with pytest.raises(OSError, match="no room"):
        made.keep({**longest, "a": "y"})
    made.keep({"a": 1})
    assert made.entries() == [longest, {"a": 1}]


def test_what_one_version_kept_the_next_one_reads(tmp_path):
    """The entry's place and form: who changes them has to read these, too, for a program may be updated in between."""
    data = b'{"seq":7}'
    entry = b"bulkops outcome\n" + bytes([0, 0, 0, len(data)]) + hashlib.sha256(data).digest() + data
    (tmp_path / "ledger.reserve").write_bytes(entry.ljust(16 * 1024, b"\xff") + entry)
    assert Reserve(tmp_path / "ledger.reserve").entries() == [{"seq": 7}, {"seq": 7}]


def test_an_entry_that_was_not_written_to_its_end_is_none(tmp_path):
    """Killed while writing it, or spoilt since: the others stand."""
    made = Reserve(tmp_path / "ledger.reserve")
    made.make()
    for number in range(3):
        made.keep({"seq": number})
    content = bytearray(made.path.read_bytes())
    end = reserve.SLOT + reserve._HEAD + len(json.dumps({"seq": 1}, separators=(",", ":")))
    content[end - 1] ^= 1
    made.path.write_bytes(content)
    assert made.entries() == [{"seq": 0}, {"seq": 2}]


def test_the_reserves_place_on_the_disk_is_taken_once(tmp_path):
    """Written whole, and not written again while it is whole; cut short, it is made anew."""
    made = Reserve(tmp_path / "ledger.reserve")
    assert made.entries() == []
    made.make()
    content = made.path.read_bytes()
    assert len(content) == reserve.SLOTS * reserve.SLOT
    made.keep({"seq": 1})
    made.make()
    assert made.entries() == []
    assert made.path.read_bytes()[reserve.SLOT :] == content[reserve.SLOT :]
    made.path.write_bytes(content[:-1])
    made.make()
    assert len(made.path.read_bytes()) == reserve.SLOTS * reserve.SLOT


def test_what_the_reserve_keeps_is_told_before_it_is_taken_over(ledger, path):
    """The history shows what the run knew, not a doubt, although no run has started since."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    with pytest.raises(MustStop):
        ledger.conclude("r", done(plan.steps[0]))
    assert ledger.outcomes("r") == [done(plan.steps[0], send_again_code=code_of(ledger, "r"))]
    assert ledger.counts("r") == {"done": 1}
    assert facts(plan_of(kickout(0), history=ledger).decided) == [(0, "already_done", "row.already_done")]


@pytest.mark.parametrize(
    ("status", "code", "left", "again"),
    [
        (Status.NOT_SENT, "sent.not_reached", 1, [[0]]),
        (Status.FAILED, "sent.refused", 0, [[0]]),
        (Status.UNKNOWN, "sent.no_answer", 0, []),
    ],
)
def test_whatever_the_reserve_keeps_a_check_says_what_the_run_said(ledger, status, code, left, again):
    """Not carried out is free to be sent, in doubt stays in doubt, what can be resumed is offered."""
    plan = plan_of(kickout(0))
    ledger.begin(run_named("r"), plan, HERE)
    ledger.intend("r", plan.steps[0], AT)
    forbid(ledger, True)
    with pytest.raises(MustStop):
        ledger.conclude("r", replace(done(plan.steps[0]), status=status, code=code))
    assert ledger.counts("r") == {status.value: 1}
    assert len(ledger.resumable("r")) == left
    assert seqs(plan_of(kickout(0), history=ledger)) == again


def test_what_was_seen_gives_way_to_what_it_came_to(path):
    """An outcome whose evidence is too long for its slot is kept without it."""
    made = Reserve(path)
    made.make()
    made.keep({"seq": 1, "outcome": "done", "evidence": "x" * reserve.SLOT})
    assert made.entries() == [{"seq": 1, "outcome": "done", "evidence": None}]
