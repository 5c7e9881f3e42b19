"""What a child holds is extended, given back and recorded, also while its main thread is deep in a task."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from waiting import wait_until

from jobq.errors import StoreUnavailable
from jobq.job import Claim, Outcome, State
from jobq.outage import Outage
from jobq.runtime import Runtime
from jobq.store import lease_parts
from jobq.worker import holding as module
from jobq.worker.holding import Holding

LEASE = 0.3
GRACE = lease_parts(round(LEASE * 1_000_000))[1] / 1_000_000


class Counter:
    """A store that takes note of what it is asked, and can be away."""

    def __init__(self):
        self.away = False
        self.extended = []
        self.released = []
        self.completed = []
        self.refused = set()
        self.calls = 0

    def _here(self):
        self.calls += 1
        if self.away:
            raise StoreUnavailable("away")

    def extend(self, claims, lease):
        self._here()
        assert lease == LEASE * 1_000_000
        self.extended.append([job_id for job_id, _ in claims])
        return [True] * len(claims)

    def release(self, claims):
        self._here()
        self.released += claims
        return [True] * len(claims)

    def complete(self, outcomes):
        self._here()
        self.completed += outcomes
        return [outcome.id not in self.refused for outcome in outcomes]


class Clock(Runtime):
    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return Counter()


@pytest.fixture
def make(store, monkeypatch):
    """A holding whose jobs are long ones after 20 ms."""
    monkeypatch.setattr(module, "LONG", 0.02)
    made = []

    def build(report=lambda _: None):
        holding = Holding(store, Outage(logging.getLogger("jobq.test")), LEASE, report, Runtime())
        holding.start()
        made.append(holding)
        return holding

    yield build
    store.away = False
    for holding in made:
        holding.close()


@pytest.fixture
def holding(make):
    return make()


def claims(*ids):
    return [Claim(job_id, "q", 3, b"{}", 0) for job_id in ids]


def done(job_id, state=State.COMPLETED):
    return Outcome(job_id, 3, state)


def test_jobs_are_taken_in_order_and_recorded_together(holding, store):
    holding.add(claims("a", "b"), time.monotonic())
    for job_id in ("a", "b"):
        assert holding.next().id == job_id
        assert holding.running.id == job_id
        holding.end(done(job_id))
    assert (holding.next(), holding.running) == (None, None)
    assert store.completed == []
    holding.record()
    holding.record()
    assert store.completed == [done("a"), done("b")]


def test_what_waits_is_given_back_in_its_order(holding, store):
    holding.add(claims("a", "b", "c"), time.monotonic())
    holding.next()
    holding.give_back()
    assert store.released == [("b", 3), ("c", 3)]
    assert holding.next() is None


def test_outcomes_stay_at_hand_while_the_store_is_away(holding, store):
    holding.add(claims("a", "b"), time.monotonic())
    holding.next()
    holding.end(done("a"))
    store.away = True
    with pytest.raises(StoreUnavailable):
        holding.record()
    holding.next()
    holding.end(done("b"))
    store.away = False
    holding.record()
    assert store.completed == [done("a"), done("b")]


def test_an_outcome_that_came_too_late_is_told(holding, store, caplog):
    store.refused = {"a"}
    holding.add(claims("a"), time.monotonic())
    holding.next()
    holding.end(done("a"))
    holding.record()
    assert [(r.action, r.fields["job"]) for r in caplog.records] == [("lease_lost", "a")]


def test_a_long_job_lets_the_others_go(holding, store):
    holding.add(claims("a", "b", "c"), time.monotonic())
    holding.next()
    holding.end(done("a"))
    holding.next()
    wait_until(lambda: store.released and store.completed)
    assert store.released == [("c", 3)]
    assert store.completed == [done("a")]
    assert holding.running.id == "b"


def test_the_lease_of_a_long_job_is_extended_again_and_again(holding, store):
    holding.add(claims("a"), time.monotonic())
    holding.next()
    wait_until(lambda: len(store.extended) >= 3)
    assert all(ids == ["a"] for ids in store.extended)
    holding.end(done("a"))
    holding.record()


def test_after_an_outage_what_is_at_hand_is_recorded_at_once(holding, store):
    """Not only when the next extension is due."""
    holding._every = 3600.0
    holding.add(claims("a", "b", "c"), time.monotonic())
    holding.next()
    holding.end(done("a"))
    store.away = True
    holding.next()
    wait_until(lambda: store.calls >= 3)
    store.away = False
    wait_until(lambda: store.released == [("c", 3)], timeout=2)
    assert store.completed == [done("a")]


def test_the_heartbeat_outlives_an_error_of_any_kind(holding, store, caplog, monkeypatch):
    answers = iter([RuntimeError("a bug")])
    extend = store.extend

    def fail_once(*args):
        for error in answers:
            raise error
        return extend(*args)

    monkeypatch.setattr(store, "extend", fail_once)
    monkeypatch.setattr(Runtime, "sleep", lambda *_: None)
    holding.add(claims("a"), time.monotonic())
    holding.next()
    wait_until(lambda: store.extended, timeout=5)
    assert "heartbeat_failed" in [record.action for record in caplog.records]


@pytest.fixture
def killed(monkeypatch):
    """Set instead of killing this process; the thread that would have died never returns."""
    event = threading.Event()
    forever = threading.Event()

    def kill(_):
        event.set()
        forever.wait()

    monkeypatch.setattr(Runtime, "kill", kill)
    yield event
    forever.set()


def test_a_job_at_its_hard_limit_is_recorded_before_the_process_is_killed(holding, store, killed):
    holding.add(claims("a", "b"), time.monotonic())
    holding.next()
    holding.limit(0.05)
    assert killed.wait(5)
    (outcome,) = store.completed
    assert (outcome.id, outcome.token, outcome.state, outcome.keep) == ("a", 3, State.FAILED, -1)
    assert "TimeLimitExceeded" in outcome.payload
    assert store.released == [("b", 3)]


def test_a_hard_limit_during_an_outage_is_recorded_once(holding, store, killed):
    store.away = True
    holding.add(claims("a"), time.monotonic())
    holding.next()
    holding.limit(0.01)
    wait_until(lambda: store.calls >= 3)
    assert not killed.is_set()
    store.away = False
    assert killed.wait(5)
    assert [outcome.id for outcome in store.completed] == ["a"]


def test_a_job_that_ends_after_its_hard_limit_is_killed_all_the_same(holding, store, killed, caplog):
    """The store was away when it had run for its limit: its end is the one that the limit made, told once."""
    store.away = True
    holding.add(claims("a", "b"), time.monotonic())
    holding.next()
    holding.limit(0.01, follow := ("what follows",))
    wait_until(lambda: store.calls >= 3)
    holding.end(done("a"))
    assert (holding.next(), holding.running) == (None, None)
    calls = store.calls
    wait_until(lambda: store.calls >= calls + 2)
    assert not killed.is_set()
    store.away = False
    assert killed.wait(5)
    (outcome,) = store.completed
    assert (outcome.id, outcome.token, outcome.state, outcome.follow) == ("a", 3, State.FAILED, follow)
    assert "TimeLimitExceeded" in outcome.payload
    assert store.released == [("b", 3)]
    told = [r for r in caplog.records if r.action == "time_limit"]
    assert [(r.levelname, r.fields["job"]) for r in told] == [("ERROR", "a")]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), StoreUnavailable("away")], ids=["bug", "outage"])
def test_a_report_that_always_fails_holds_up_no_beat(make, store, killed, monkeypatch, error):
    """The heartbeat rests once for it, not at every beat: leases would run out, and limits be overrun."""
    rests = []
    monkeypatch.setattr(Runtime, "sleep", lambda _, seconds: rests.append(seconds))

    def report(_):
        raise error

    holding = make(report)
    wait_until(lambda: rests)
    holding.add(claims("a"), time.monotonic())
    holding.next()
    wait_until(lambda: len(store.extended) >= 3)
    holding.limit(0.0)
    assert killed.wait(5)
    assert [outcome.id for outcome in store.completed] == ["a"]
    assert len(rests) == 1


def test_a_limit_is_that_of_one_job(holding, store, killed):
    holding.add(claims("a", "b"), time.monotonic())
    holding.next()
    holding.limit(0.01)
    holding.end(done("a"))
    holding.next()
    wait_until(lambda: len(store.extended) >= 2)
    assert not killed.is_set()


def test_a_job_whose_lease_was_not_extended_within_its_grace_is_not_started(store, clock):
    """The process stood still: by now the jobs may be another's."""
    holding = Holding(store, Outage(logging.getLogger("jobq.test")), LEASE, lambda _: None, clock)
    holding.add(claims("a", "b"), clock.now)
    assert holding.next() is not None
    clock.now += GRACE + 0.001
    holding.end(done("a"))
    assert holding.next() is None
    holding.give_back()
    assert store.released == [("b", 3)]


def test_a_lease_that_was_extended_in_time_lets_jobs_start(store, clock):
    holding = Holding(store, Outage(logging.getLogger("jobq.test")), LEASE, lambda _: None, clock)
    holding.add(claims("a", "b"), clock.now)
    assert holding.next() is not None
    clock.now += LEASE / 4
    holding._tend()
    assert store.extended == [["a", "b"]]
    clock.now += GRACE - 0.001
    holding.end(done("a"))
    assert holding.next() is not None


def test_jobs_of_an_answer_that_took_long_are_started_once_their_leases_are_extended(store, clock):
    holding = Holding(store, Outage(logging.getLogger("jobq.test")), LEASE, lambda _: None, clock)
    clock.now += 2 * GRACE
    holding.add(claims("a"), clock.now - 2 * GRACE)
    holding.renew()
    assert store.extended == [["a"]]
    assert holding.next() is not None


def test_that_jobs_are_given_back_unstarted_is_told(store, clock, caplog):
    holding = Holding(store, Outage(logging.getLogger("jobq.test")), LEASE, lambda _: None, clock)
    holding.add(claims("a", "b"), clock.now - GRACE)
    assert holding.next() is None
    assert holding.next() is None
    assert [record.action for record in caplog.records] == ["jobs_returned"]


def test_the_lease_of_a_long_job_is_extended_though_nothing_can_be_recorded(store, clock, monkeypatch):
    holding = Holding(store, Outage(logging.getLogger("jobq.test")), LEASE, lambda _: None, clock)
    holding.add(claims("a", "b"), clock.now)
    holding.next()
    holding.end(done("a"))
    holding.next()

    def refuse(_):
        raise StoreUnavailable("not on enough replicas")

    monkeypatch.setattr(store, "complete", refuse)
    monkeypatch.setattr(module, "LONG", LEASE / 4)
    clock.now += LEASE / 4 + 0.001
    with pytest.raises(StoreUnavailable):
        holding._tend()
    assert store.extended == [["b", "a"]]
