"""Leadership: who trusts a lease that it does not hold is only ever late, never early."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beat.leadership import MARGIN, Leadership
from beat.store import Election, Lease
from jobq.errors import StoreUnavailable
from jobq.instants import SECOND

TTL = 3.0
TRUST = TTL * (1 - MARGIN)
RHYTHM = TTL / 3


class World:
    """A monotonic clock that moves by hand, and a store whose own clock shows something else."""

    def __init__(self, offset=1_800_000_000.0):
        self.time = 0.0
        self.offset = offset
        self.lease = Lease("", 0, 0, 0)
        self.calls = []
        self.fails = ""  # the next call: "before" or "after" its effect
        self.delay = 0.0  # of each request, there and back

    def clock(self):
        return self.time

    @property
    def store_now(self):
        return round((self.offset + self.time) * SECOND)

    @property
    def held(self):
        return self.lease.until > self.store_now

    def beat(self, node="a", ttl=TTL):
        return Leadership(self, node, ttl, self.clock)

    def elect(self, node, ttl):
        return self._call(("elect", node), lambda: self._elect(node, ttl))

    def renew(self, node, term, ttl):
        return self._call(("renew", node, term), lambda: self._renew(node, term, ttl))

    def resign(self, node, term):
        return self._call(("resign", node, term), lambda: self._end(node, term))

    def _call(self, call, effect):
        self.calls.append(call)
        fails, self.fails = self.fails, ""
        self.time += self.delay
        if fails == "before":
            raise StoreUnavailable("it did not arrive")
        answer = effect()
        self.time += self.delay
        if fails == "after":
            raise StoreUnavailable("the answer was lost")
        return answer

    def _elect(self, node, ttl):
        won = not self.held
        if won:
            self.lease = Lease(node, self.lease.term + 1, self.store_now + ttl, 0)
        return Election(won, self.lease._replace(now=self.store_now))

    def _renew(self, node, term, ttl):
        if not self.held or self.lease[:2] != (node, term):
            return False
        self.lease = self.lease._replace(until=self.store_now + ttl)
        return True

    def _end(self, node, term):
        if self.lease[:2] != (node, term):
            return False
        self.lease = self.lease._replace(until=0)
        return True


@pytest.fixture(params=[1_800_000_000.0, 1_800_003_600.0])
def world(request):
    return World(request.param)


def fail(world, beat, when):
    world.fails = when
    with pytest.raises(StoreUnavailable):
        beat.keep()


# -- a leader


def test_it_follows_until_it_has_asked(world):
    beat = world.beat()
    assert (beat.leads, beat.term, beat.until_next()) == (False, 0, 0.0)
    assert world.calls == []


def test_the_first_who_asks_leads(world):
    beat = world.beat()
    beat.keep()
    assert (beat.leads, beat.term) == (True, 1)
    assert beat.until_next() == pytest.approx(RHYTHM)


def test_it_renews_every_third_of_its_lease_and_no_sooner(world):
    beat = world.beat()
    for _ in range(30):
        beat.keep()
        assert beat.leads
        world.time += RHYTHM / 2
    assert world.calls == [("elect", "a")] + [("renew", "a", 1)] * 14


def test_trust_ends_before_the_lease_does(world):
    beat = world.beat()
    beat.keep()
    world.time = TRUST - 0.001
    assert beat.leads
    world.time = TRUST
    assert not beat.leads
    assert world.held
    assert beat.term == 1


@pytest.mark.parametrize("delay", [0.1, 1.0, 5.0])
def test_trust_counts_from_when_the_question_was_sent(world, delay):
    beat = world.beat()
    world.delay = delay
    beat.keep()
    asked = world.time - 2 * delay
    assert beat.leads == (2 * delay < TRUST)
    world.time = max(world.time, asked + TRUST)
    assert not beat.leads
    assert beat.until_next() == 0.0


def test_a_renewal_counts_from_when_it_was_sent(world):
    beat = world.beat()
    beat.keep()
    world.time = RHYTHM
    world.delay = 0.2
    beat.keep()
    world.time = RHYTHM + TRUST - 0.001
    assert beat.leads
    world.time = RHYTHM + TRUST
    assert not beat.leads


def test_who_could_not_renew_in_time_follows_and_stands_again(world):
    beat = world.beat()
    beat.keep()
    world.time = TRUST + 0.001
    beat.keep()
    assert (beat.term, beat.leads) == (0, False)
    assert world.calls[1:] == [("elect", "a")]
    assert beat.until_next() == pytest.approx(TTL - world.time + 0.001, abs=1e-5)
    world.time += beat.until_next()
    beat.keep()
    assert (beat.term, beat.leads) == (2, True)


def test_a_renewal_that_is_refused_ends_the_term_and_it_stands_at_once(world):
    beat = world.beat()
    beat.keep()
    world.lease = Lease("b", 2, world.store_now + 10 * SECOND, 0)
    world.time = RHYTHM
    beat.keep()
    assert world.calls[1:] == [("renew", "a", 1), ("elect", "a")]
    assert (beat.term, beat.leads) == (0, False)
    world.lease = world.lease._replace(until=0)
    beat.hurry()
    beat.keep()
    assert beat.term == 3


# -- a store that is away, and answers that are lost


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_renewal_that_was_not_heard_of_prolongs_nothing(world, when):
    beat = world.beat()
    beat.keep()
    world.time = RHYTHM
    fail(world, beat, when)
    assert beat.leads
    assert beat.until_next() == 0.0
    world.time = TRUST
    assert not beat.leads


@pytest.mark.parametrize("when", ["before", "after"])
def test_it_asks_again_and_keeps_its_term_if_the_store_is_back_in_time(world, when):
    beat = world.beat()
    beat.keep()
    world.time = RHYTHM
    fail(world, beat, when)
    world.time = TRUST - 0.001
    beat.keep()
    assert (beat.leads, beat.term) == (True, 1)
    world.time = TRUST + RHYTHM
    assert beat.leads


def test_while_the_store_is_away_it_follows_and_asks_whenever_it_is_told_to(world):
    beat = world.beat()
    beat.keep()
    for world.time in (1.0, 2.0, 3.0, 60.0, 3600.0):
        fail(world, beat, "before")
    assert (beat.leads, beat.term) == (False, 0)
    beat.keep()
    assert (beat.leads, beat.term) == (True, 2)


def test_an_election_that_was_not_heard_of_is_a_lease_that_nobody_uses(world):
    beat = world.beat()
    fail(world, beat, "after")
    assert (beat.leads, beat.term) == (False, 0)
    beat.keep()
    assert not beat.leads
    assert beat.until_next() == pytest.approx(TTL + 0.001)
    world.time += beat.until_next()
    beat.keep()
    assert (beat.leads, beat.term) == (True, 2)


def test_a_process_that_was_paused_follows_whoever_leads_now(world):
    paused, other = world.beat("a"), world.beat("b")
    paused.keep()
    world.time = 100.0
    other.keep()
    assert not paused.leads
    assert (other.leads, other.term) == (True, 2)
    paused.keep()
    assert (paused.leads, paused.term) == (False, 0)
    assert paused.until_next() == pytest.approx(TTL + 0.001)


def test_a_process_that_was_paused_alone_leads_again_under_a_new_term(world):
    beat = world.beat()
    beat.keep()
    world.time = 100.0
    beat.keep()
    assert (beat.leads, beat.term) == (True, 2)


# -- a follower


def test_a_follower_asks_when_the_lease_will_have_run_out(world):
    leader, follower = world.beat("a"), world.beat("b")
    leader.keep()
    world.time = 1.0
    follower.keep()
    assert follower.until_next() == pytest.approx(2.001)
    world.time = 3.0
    follower.keep()
    assert world.calls == [("elect", "a"), ("elect", "b")]
    world.time = 3.0011
    follower.keep()
    assert (follower.leads, follower.term) == (True, 2)


def test_a_follower_in_a_hurry_asks_at_once(world):
    leader, follower = world.beat("a"), world.beat("b")
    leader.keep()
    follower.keep()
    leader.resign()
    follower.keep()
    assert not follower.leads
    follower.hurry()
    assert follower.until_next() == 0.0
    follower.keep()
    assert (follower.leads, follower.term) == (True, 2)


def test_a_leader_in_a_hurry_keeps_its_rhythm(world):
    beat = world.beat()
    beat.keep()
    beat.hurry()
    assert beat.until_next() == pytest.approx(RHYTHM)
    beat.keep()
    assert world.calls == [("elect", "a")]


# -- handing over


def test_who_resigns_leads_no_more(world):
    beat = world.beat()
    beat.keep()
    beat.resign()
    assert (beat.leads, beat.term) == (False, 0)
    assert world.calls[-1] == ("resign", "a", 1)
    assert not world.held


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_could_not_resign_leads_no_more_all_the_same(world, when):
    beat = world.beat()
    beat.keep()
    world.fails = when
    with pytest.raises(StoreUnavailable):
        beat.resign()
    assert (beat.leads, beat.term) == (False, 0)


def test_a_follower_that_resigns_ends_nobodys_lease(world):
    leader, follower = world.beat("a"), world.beat("b")
    leader.keep()
    follower.keep()
    follower.resign()
    assert world.calls[-1] == ("resign", "b", 0)
    assert world.held
    assert leader.leads


def test_stepping_down_needs_no_store_and_asks_at_once(world):
    beat = world.beat()
    beat.keep()
    beat.step_down("for a test")
    assert (beat.leads, beat.term, beat.until_next()) == (False, 0, 0.0)
    assert world.calls == [("elect", "a")]


def test_each_change_is_told_once(world, caplog):
    caplog.set_level(logging.INFO)
    leader, follower = world.beat("a"), world.beat("b")
    for _ in range(5):
        leader.keep()
        follower.hurry()
        follower.keep()
        world.time += RHYTHM
    leader.resign()
    follower.hurry()
    follower.keep()
    assert [record.getMessage() for record in caplog.records] == [
        "a leads",
        "b follows a",
        "a hands over",
        "b leads",
    ]


# -- whatever happens

STEPS = st.tuples(
    st.sampled_from(["keep", "keep", "keep", "hurry", "resign", "step down"]),
    st.sampled_from("abc"),
    st.floats(0, 2.5),  # seconds until then
    st.sampled_from(["", "", "", "before", "after"]),
    st.floats(0, 2.0),  # how long the store takes
)


@given(st.lists(STEPS, max_size=40))
def test_who_trusts_its_lease_holds_it(steps):
    world = World()
    beats = {node: world.beat(node) for node in "abc"}
    terms = [0]
    for what, node, pause, world.fails, world.delay in steps:
        world.time += pause
        beat = beats[node]
        verb = {"keep": beat.keep, "hurry": beat.hurry, "resign": beat.resign}.get(what, lambda: None)
        if what == "step down":
            beat.step_down("for a test")
        with suppress(StoreUnavailable):
            verb()
        assert beat.until_next() >= 0
        for leader in beats.values():
            if leader.leads:
                assert world.held
                assert world.lease.term == leader.term
        assert world.lease.term >= terms[-1]
        terms.append(world.lease.term)
    assert sum(beat.leads for beat in beats.values()) <= 1
