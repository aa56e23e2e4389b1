"""The rate limit: all workers together keep to the operator's limit and to EnergyCAP's wishes. No test waits."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bulkops.energycap.rate_limit import RateLimit


@dataclass
class Time:
    """A clock that moves when somebody waits, and only then."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)
    stopped: bool = False
    stop_after: float = float("inf")

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        self.stopped = self.stopped or self.now >= self.stop_after


def limit_of(time: Time, per_minute: int | None = None) -> RateLimit:
    return RateLimit(time.pause, lambda: time.stopped, per_minute, lambda: time.now)


def test_without_a_limit_nobody_waits() -> None:
    """Every turn is taken at once."""
    time = Time()
    rate_limit = limit_of(time)
    assert [rate_limit.acquire() for _ in range(100)] == [1000.0] * 100
    assert time.pauses == []


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1000])
def test_no_minute_has_more_turns_than_the_limit(per_minute: int) -> None:
    """Not even the first one, and whatever time passes between the turns."""
    time = Time()
    rate_limit = limit_of(time, per_minute)
    turns = []
    for number in range(3 * per_minute):
        turn = rate_limit.acquire()
        assert turn is not None
        turns.append(turn)
        time.now += 0.01 * (number % 3)
    for first in turns:
        assert sum(first <= turn < first + 59.999 for turn in turns) <= per_minute


def test_time_that_was_not_used_is_not_saved_up() -> None:
    """After a quiet hour the next rows still keep their distance."""
    time = Time()
    rate_limit = limit_of(time, 60)
    rate_limit.acquire()
    time.now += 3600
    assert [rate_limit.acquire() for _ in range(3)] == [4600, 4601, 4602]


def test_a_wish_to_be_left_alone_holds_for_every_worker() -> None:
    """The next turn of anybody comes when the time is over."""
    time = Time()
    rate_limit = limit_of(time)
    rate_limit.back_off(30, sent=999.0)
    assert rate_limit.waiting() == 30
    turn = rate_limit.acquire()
    assert turn == 1030
    assert rate_limit.waiting() == 0


def test_answers_to_requests_that_left_before_the_wish_do_not_make_it_stronger() -> None:
    """Eight workers who hear it at the same time wait as long as one would; the longest wish counts."""
    time = Time()
    rate_limit = limit_of(time)
    for seconds in (0, 3, 0, 2, 0, 0, 0, 0):
        rate_limit.back_off(seconds, sent=999.0)
    assert rate_limit.waiting() == 3
    rate_limit.acquire()
    time.now += 0.5
    rate_limit.back_off(0, sent=time.now)
    assert rate_limit.waiting() == 2


def test_wishes_in_a_row_grow_and_are_forgotten_after_a_good_answer() -> None:
    """1, 2, 4, … at most a minute, if the server names no time; then from the beginning."""
    time = Time()
    rate_limit = limit_of(time)
    waits = []
    for _ in range(9):
        turn = rate_limit.acquire()
        assert turn is not None
        rate_limit.back_off(0, sent=turn)
        waits.append(rate_limit.waiting())
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    rate_limit.recover()
    rate_limit.back_off(0, sent=time.now + 1000)
    assert rate_limit.waiting() == pytest.approx(60)
    rate_limit.acquire()
    rate_limit.recover()
    rate_limit.back_off(0, sent=time.now)
    assert rate_limit.waiting() == 1


def test_after_a_wish_workers_come_back_one_by_one_and_then_at_full_speed() -> None:
    """The distance doubles with each wish and shrinks with each good answer."""
    time = Time()
    rate_limit = limit_of(time)
    rate_limit.back_off(1, sent=time.now)
    assert [rate_limit.acquire(), rate_limit.acquire(), rate_limit.acquire()] == pytest.approx([1001, 1001.1, 1001.2])
    rate_limit.back_off(1, sent=time.now)
    first, second = rate_limit.acquire(), rate_limit.acquire()
    assert first is not None
    assert second == pytest.approx(first + 0.2)
    for _ in range(20):
        rate_limit.recover()
    rate_limit.acquire()
    now = time.now
    assert [rate_limit.acquire(), rate_limit.acquire()] == [now, now]


def test_a_stop_ends_the_wait_and_gives_no_turn() -> None:
    """Whoever waits when the run is stopped is not sent."""
    time = Time(stop_after=1001)
    rate_limit = limit_of(time)
    rate_limit.back_off(600, sent=999.0)
    assert rate_limit.acquire() is None
    assert len(time.pauses) == 1
    assert rate_limit.acquire() is None


def test_a_wait_that_ends_early_is_waited_on() -> None:
    """A pause may come back before its time, as a stop that was not meant does."""
    time = Time()
    half = RateLimit(lambda seconds: time.pause(seconds / 2), lambda: False, clock=lambda: time.now)
    half.back_off(8, sent=999.0)
    turn = half.acquire()
    assert turn == pytest.approx(1008, abs=1e-6)
