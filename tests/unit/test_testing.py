"""What `jobq.testing` gives to tests: time that moves by hand, and moments to wait for."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq import App
from jobq.stores.sqlite import SQLiteStore
from jobq.testing import ManualClock, Signal, run_until_idle

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_clock_stands_still_until_it_is_moved():
    clock = ManualClock(NOON)
    assert clock() == clock() == NOON.timestamp() * 1_000_000
    assert (clock.time(), clock.now(), clock.monotonic()) == (NOON.timestamp(), NOON, 0.0)
    clock.advance(1.5)
    clock.advance(timedelta(hours=1))
    assert clock.now() == NOON + timedelta(seconds=3601.5)
    assert clock.monotonic() == 3601.5


def test_the_wall_may_step_while_no_time_passes():
    clock = ManualClock(NOON)
    clock.set_wall(NOON - timedelta(hours=1))
    assert (clock.time(), clock.monotonic()) == (NOON.timestamp() - 3600, 0.0)
    assert clock.now(ZoneInfo("Europe/Prague")).hour == 13


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match="one direction only"):
        ManualClock().advance(-1)


@given(st.lists(st.integers(0, 10**12)))
def test_small_steps_lose_nothing(steps):
    clock = ManualClock(NOON)
    start = clock()
    for step in steps:
        clock.advance(timedelta(microseconds=step))
    assert clock() - start == sum(steps)


def test_a_signal_waits_for_whoever_comes_late():
    signal = Signal("elected")
    signal.watch()
    signal.send(1)
    threading.Timer(0.01, signal.send, [2]).start()
    assert [signal.wait(), signal.wait()] == [1, 2]


def test_what_nobody_watches_is_not_kept():
    signal = Signal("elected")
    signal.send(1)
    with pytest.raises(RuntimeError, match="signal elected is not watched"):
        signal.wait()
    signal.watch()
    with pytest.raises(TimeoutError, match=r"signal elected was not sent within 0\.001 seconds"):
        signal.wait(0.001)
    assert repr(signal) == "<Signal elected>"


def test_jobs_become_due_as_the_clock_is_moved(sqlite_url):
    clock, seen = ManualClock(NOON), []
    app = App("tasks", store=sqlite_url)
    app._store = SQLiteStore(sqlite_url, clock)

    @app.task(bind=True, max_retries=1, default_retry_delay=60)
    def note(self, what):
        seen.append((what, clock.now() - NOON))
        if what == "flaky":
            raise self.retry()

    note.apply_async(("later",), countdown=90)
    note.delay("flaky")
    assert run_until_idle(app) == 1
    clock.advance(59)
    assert run_until_idle(app) == 0
    clock.advance(1)
    assert run_until_idle(app) == 1
    clock.advance(30)
    assert run_until_idle(app) == 1
    assert seen == [
        ("flaky", timedelta(0)),
        ("flaky", timedelta(seconds=60)),
        ("later", timedelta(seconds=90)),
    ]
    app.store.close()
