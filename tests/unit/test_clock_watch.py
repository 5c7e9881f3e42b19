"""A clock that is off is told once, and again only after it was right in between."""

from __future__ import annotations

import logging

import pytest

from jobq.clock_watch import TOLERANCE, ClockWatch
from jobq.instants import SECOND
from jobq.runtime import Runtime

STORE = 1_767_225_600


class Clock(Runtime):
    ahead = 0.0
    time = 100.0

    def wall(self):
        return STORE + self.ahead

    def monotonic(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told(clock, caplog):
    """Look once; what was said of it."""
    watch = ClockWatch(logging.getLogger("jobq.test"), clock)

    def look(ahead, answer_took=0.0):
        caplog.clear()
        clock.ahead = ahead
        watch.compare(STORE * SECOND, clock.time - answer_took)
        return [(record.action, record.fields["seconds"], record.getMessage()) for record in caplog.records]

    return look


@pytest.mark.parametrize("ahead", [0.0, TOLERANCE, -TOLERANCE])
def test_clocks_that_agree(told, ahead):
    assert told(ahead) == []


@pytest.mark.parametrize(
    ("ahead", "words"), [(3600.0, "3600 s ahead of the store's"), (-5.0, "5 s behind the store's")]
)
def test_a_clock_that_is_off_is_told_once(told, ahead, words):
    ((action, seconds, message),) = told(ahead)
    assert (action, seconds) == ("clock_off", ahead)
    assert words in message
    assert told(ahead + 100) == []


def test_it_is_told_again_if_it_was_right_in_between(told):
    assert len(told(60)) == 1
    assert told(0) == []
    assert len(told(-60)) == 1


def test_one_that_wavers_about_the_tolerance_is_told_once(told):
    assert [len(told(TOLERANCE + wave)) for wave in (0.001, -0.001, 0.001, -0.5, 0.001)] == [1, 0, 0, 0, 0]


def test_a_slow_answer_is_no_wrong_clock(told):
    assert told(5.0, answer_took=4.0) == []
    assert len(told(-5.0, answer_took=4.0)) == 1
