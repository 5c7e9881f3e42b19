"""The store's clock is the one that counts, and it may be set: no job is taken from who lives, none waits for the dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from beats import taken
from clocked_stores import clocked_store

from beat.store import EntryChange, Firing, NotLeader, Tick, Verdict
from jobq.instants import SECOND
from jobq.store import lease_parts
from jobq.testing import ManualClock

LEASE = 9 * SECOND
HELD, GRACE = lease_parts(LEASE)
HOUR = 3600
MOMENT = SECOND // 100
"""Leases that were given together run out one after the other."""


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(store_url, clock):
    store = clocked_store(store_url, clock)
    yield store
    store.close()


@pytest.fixture
def claim(store, new):
    """A job that a worker holds."""
    store.enqueue([new("a")])
    (claim,) = fetch(store)
    return claim


def fetch(store, worker="w1"):
    return store.fetch(["default"], 10, LEASE, worker).claims


def next_at(store):
    """When a worker that finds nothing is to look again."""
    answer = store.fetch(["default"], 1, LEASE, "w2")
    assert answer.claims == []
    return answer.next_at


def soon(instant, clock, time):
    """Whether an instant is so far from now, within a moment."""
    return abs(instant - clock() - time) < MOMENT


def step(clock, seconds):
    clock.set_wall(clock.now() + timedelta(seconds=seconds))


def test_the_grace_is_part_of_the_lease():
    assert lease_parts(30 * SECOND) == (20 * SECOND, 10 * SECOND)
    assert sum(lease_parts(3 * SECOND)) == 3 * SECOND


def test_the_grace_is_a_second_at_least():
    assert lease_parts(SECOND)[1] == SECOND
    assert lease_parts(600)[1] == 600


@pytest.mark.usefixtures("claim")
def test_a_job_is_taken_back_once_its_lease_and_its_grace_are_over(store, clock):
    clock.advance((HELD - MOMENT) / SECOND)
    assert soon(next_at(store), clock, MOMENT)
    clock.advance(2 * MOMENT / SECOND)
    assert soon(next_at(store), clock, GRACE)
    clock.advance((GRACE - MOMENT) / SECOND)
    assert fetch(store, "w2") == []
    clock.advance(2 * MOMENT / SECOND)
    assert [(again.id, again.attempt) for again in fetch(store, "w2")] == [("a", 2)]
    assert store.get(["a"])[0].lost == 1


def test_a_lease_that_is_extended_in_its_grace_is_whole_again(store, clock, claim):
    clock.advance((HELD + MOMENT) / SECOND)
    assert fetch(store, "w2") == []
    assert store.extend([("a", claim.token)], LEASE) == [True]
    for time in (HELD + MOMENT, GRACE - MOMENT):
        clock.advance(time / SECOND)
        assert fetch(store, "w2") == []
    clock.advance(2 * MOMENT / SECOND)
    assert [again.id for again in fetch(store, "w2")] == ["a"]


def test_a_grace_is_not_left_to_the_next_attempt(store, clock, claim):
    clock.advance((HELD + MOMENT) / SECOND)
    assert fetch(store, "w2") == []
    assert store.release([("a", claim.token)]) == [True]
    assert [again.id for again in fetch(store, "w2")] == ["a"]
    clock.advance((HELD + MOMENT) / SECOND)
    assert fetch(store, "w3") == []
    clock.advance((GRACE - MOMENT) / SECOND)
    assert fetch(store, "w3") == []


def test_a_clock_that_jumps_ahead_takes_no_job_from_who_lives(store, clock, claim):
    step(clock, HOUR)
    assert fetch(store, "w2") == []
    clock.advance((GRACE - MOMENT) / SECOND)
    assert store.extend([("a", claim.token)], LEASE) == [True]
    clock.advance(2 * MOMENT / SECOND)
    assert fetch(store, "w2") == []
    assert store.get(["a"])[0].lost == 0


@pytest.mark.usefixtures("claim")
def test_a_clock_that_jumps_ahead_leaves_a_dead_worker_its_grace_only(store, clock):
    step(clock, HOUR)
    assert fetch(store, "w2") == []
    clock.advance((GRACE + MOMENT) / SECOND)
    assert [again.id for again in fetch(store, "w2")] == ["a"]


@pytest.mark.usefixtures("claim")
def test_after_a_clock_was_set_back_a_dead_worker_keeps_its_job_for_a_lease_and_no_longer(store, clock):
    step(clock, -HOUR)
    assert soon(next_at(store), clock, HELD)
    clock.advance((HELD + MOMENT) / SECOND)
    assert fetch(store, "w2") == []
    clock.advance((GRACE + MOMENT) / SECOND)
    assert [again.id for again in fetch(store, "w2")] == ["a"]


@pytest.mark.usefixtures("claim")
def test_after_a_clock_was_set_back_leases_of_every_length_are_cut(store, clock, new):
    store.enqueue([new("b"), new("c")])
    assert [other.id for other in store.fetch(["default"], 2, 100 * LEASE, "w2").claims] == ["b", "c"]
    step(clock, -HOUR)
    assert soon(next_at(store), clock, HELD)
    clock.advance((LEASE + MOMENT) / SECOND)
    fetch(store, "w3")
    clock.advance((GRACE + MOMENT) / SECOND)
    assert [again.id for again in fetch(store, "w3")] == ["a"]
    clock.advance(100 * LEASE / SECOND)
    fetch(store, "w4")
    clock.advance(100 * LEASE / SECOND)
    assert sorted(again.id for again in [*fetch(store, "w4"), *fetch(store, "w4"), *fetch(store, "w4")]) == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.usefixtures("claim")
def test_after_a_small_step_back_a_short_lease_is_cut_though_a_long_one_reaches_further(store, clock, new):
    store.enqueue([new("long")])
    assert [other.id for other in store.fetch(["default"], 1, 1000 * LEASE, "w2").claims] == ["long"]
    step(clock, -600)
    assert soon(next_at(store), clock, HELD)
    clock.advance((HELD + MOMENT) / SECOND)
    assert fetch(store, "w3") == []
    clock.advance((GRACE + MOMENT) / SECOND)
    assert [again.id for again in fetch(store, "w3")] == ["a"]


def test_after_a_clock_was_set_back_who_lives_goes_on(store, clock, claim):
    step(clock, -HOUR)
    fetch(store, "w2")
    assert store.extend([("a", claim.token)], LEASE) == [True]
    assert soon(next_at(store), clock, HELD)


def test_a_tick_whose_time_has_not_come_again_is_refused(store, clock):
    """The clock was set back between the decision and the deed."""
    due = clock()
    assert store.change([EntryChange("e", "file", "{}", 0, due, due)]) == [True]
    term = store.elect("a", 2 * HOUR * SECOND).lease.term
    (entry,) = store.due(1).entries
    firing = Firing("e", entry.next_fire, entry.revision, due + LEASE, (Tick(due, Verdict.SKIPPED, "late"),))
    step(clock, -1)
    assert taken(store.fire(term, [firing])) == [False]
    assert store.history("e", 10) == []
    clock.advance(1)
    assert taken(store.fire(term, [firing])) == [True]


def test_a_change_that_skips_a_tick_before_its_time_is_refused(store, clock):
    """As with a tick that is fired; who makes the change looks again."""
    due = clock()
    assert store.change([EntryChange("e", "file", "{}", 0, due, due)]) == [True]
    (entry,) = store.due(1).entries
    skipped = (Tick(due, Verdict.SKIPPED, "changed"),)
    change = EntryChange("e", "file", '{"v":2}', entry.revision, due, due + LEASE, skipped, entry.next_fire)
    step(clock, -1)
    assert store.change([change]) == [False]
    clock.advance(1)
    assert store.change([change]) == [True]


def test_a_clock_that_jumps_ahead_ends_a_term_and_its_deeds(store, clock):
    first = store.elect("a", LEASE).lease
    step(clock, HOUR)
    assert store.renew("a", first.term, LEASE) is False
    with pytest.raises(NotLeader):
        store.fire(first.term, [])
    assert store.elect("b", LEASE).lease.term == first.term + 1


def test_after_a_clock_was_set_back_a_dead_leader_keeps_its_seat_for_a_lease_and_no_longer(store, clock):
    store.elect("a", LEASE)
    step(clock, -HOUR)
    assert store.elect("b", LEASE).lease.until == clock() + LEASE
    clock.advance(LEASE / SECOND)
    assert store.elect("b", LEASE).won
