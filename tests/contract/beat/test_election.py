"""elect, renew, resign, leader, nodes: one lease, and terms that only grow."""

from __future__ import annotations

import pytest
from beats import LONG, Stage, beat_stores
from waiting import wait_until

from beat.stores.sqlite import SQLiteBeatStore
from jobq.instants import SECOND


def test_the_first_who_asks_leads(store):
    won, lease = store.elect("a", LONG)
    assert won
    assert (lease.node, lease.term) == ("a", 1)
    assert lease.until == lease.now + LONG
    assert abs(lease.now - store.now()) < LONG


def test_a_second_one_is_told_who_does(store):
    _, held = store.elect("a", LONG)
    won, lease = store.elect("b", 7 * LONG)
    assert not won
    assert lease[:3] == held[:3]
    assert lease.now >= held.now
    assert store.leader()[:3] == held[:3]


def test_who_leads_already_does_not_win_again(store):
    _, held = store.elect("a", LONG)
    won, lease = store.elect("a", LONG)
    assert not won
    assert lease[:3] == held[:3]


def test_a_lease_that_ran_out_is_anybodys_under_the_next_term(stage, store):
    assert [stage.lead_in_vain("a"), stage.lead_in_vain("b"), stage.lead_in_vain("b")] == [1, 2, 3]
    assert stage.lead("a") == 4
    assert store.leader().node == "a"


def test_an_election_that_is_lost_uses_no_term_up(stage, store):
    stage.lead("a")
    for _ in range(5):
        store.elect("b", LONG)
    store.resign("a", 1)
    assert stage.lead("b") == 2


def test_terms_grow_whoever_opens_the_store(stage, open_another):
    stage.lead_in_vain()
    assert Stage(open_another()).lead() == 2


def test_renewing_extends_the_lease_from_now(store):
    _, held = store.elect("a", LONG)
    assert store.renew("a", 1, LONG)
    renewed = store.leader()
    assert renewed.until > held.until
    assert renewed[:2] == ("a", 1)
    assert store.renew("a", 1, SECOND)
    assert store.leader().until < held.until


@pytest.mark.parametrize(("node", "term"), [("b", 1), ("a", 0), ("a", 2), ("b", 0)])
def test_only_the_holder_renews(store, node, term):
    _, held = store.elect("a", LONG)
    assert not store.renew(node, term, 9 * LONG)
    assert store.leader().until == held.until


def test_a_lease_that_ran_out_cannot_be_renewed(stage, store):
    term = stage.lead_in_vain("a")
    assert not store.renew("a", term, LONG)
    assert store.leader() is None


def test_nobody_renews_or_resigns_what_never_was(store):
    assert not store.renew("a", 1, LONG)
    assert not store.resign("a", 1)
    assert not store.renew("a", 0, LONG)
    assert store.leader() is None


def test_resigning_ends_the_lease_at_once(stage, store):
    assert store.resign("a", stage.lead("a"))
    assert store.leader() is None
    assert not store.renew("a", 1, LONG)
    assert store.elect("b", LONG).lease.term == 2


@pytest.mark.parametrize(("node", "term"), [("b", 1), ("a", 0), ("a", 2)])
def test_only_the_holder_resigns(stage, store, node, term):
    stage.lead("a")
    assert not store.resign(node, term)
    assert store.leader()[:2] == ("a", 1)


def test_who_resigned_too_late_does_not_end_the_next_lease(stage, store):
    stage.lead_in_vain("a")
    stage.lead("b")
    assert not store.resign("a", 1)
    assert store.leader()[:2] == ("b", 2)


def test_an_old_term_of_the_same_node_is_over(stage, store):
    stage.lead_in_vain("a")
    assert stage.lead("a") == 2
    assert not store.renew("a", 1, LONG)
    assert not store.resign("a", 1)
    assert store.leader().term == 2


def test_who_stands_for_election_is_present(store):
    assert store.nodes() == []
    for node in ("c", "a", "b", "a"):
        store.elect(node, LONG)
    assert store.nodes() == ["a", "b", "c"]


def test_presence_lasts_three_leases(stage, store):
    store.elect("a", LONG)
    store.elect("b", SECOND // 100)
    assert wait_until(lambda: store.nodes() == ["a"])
    store.resign("a", 1)
    stage.lead("c", ttl=1)
    assert wait_until(lambda: store.nodes() == [])


def test_who_resigned_is_not_present(stage, store):
    stage.lead("a")
    store.elect("b", LONG)
    store.resign("b", 0)
    assert store.nodes() == ["a"]
    store.resign("a", 1)
    assert store.nodes() == []


@pytest.mark.parametrize("node", ["höst 1:8000", "雪", "a'b\"c", "{x}"])
def test_nodes_may_have_any_name(store, node):
    assert store.elect(node, LONG).lease.node == node
    assert store.leader().node == node
    assert store.nodes() == [node]
    assert store.renew(node, 1, LONG)
    assert store.resign(node, 1)


class TestAClockThatIsSet:
    """By the store's clock a lease is judged; here it can be set."""

    @pytest.fixture
    def clock(self):
        return [1_800_000_000 * SECOND]

    @pytest.fixture
    def store(self, sqlite_url, clock):
        store = SQLiteBeatStore(sqlite_url, 10, clock=lambda: clock[0])
        yield store
        store.close()

    def test_a_lease_ends_to_the_microsecond(self, store, clock):
        store.elect("a", SECOND)
        clock[0] += SECOND - 1
        assert store.leader() is not None
        assert not store.elect("b", SECOND).won
        clock[0] += 1
        assert store.leader() is None
        assert not store.renew("a", 1, SECOND)
        assert store.elect("b", SECOND).won

    def test_a_node_is_present_for_three_leases_from_when_it_was_heard_of_last(self, store, clock):
        store.elect("a", SECOND)
        store.elect("b", SECOND)
        clock[0] += SECOND - 1
        assert store.renew("a", 1, SECOND)
        clock[0] += 2 * SECOND + 1
        assert store.nodes() == ["a"]
        clock[0] += SECOND - 1
        assert store.nodes() == []

    def test_a_leader_that_dies_before_the_clock_is_set_back_is_replaced_in_time(self, store, clock):
        store.elect("a", 3 * SECOND)
        clock[0] -= 3600 * SECOND
        won, lease = store.elect("b", 30 * SECOND)
        assert not won
        assert lease.until == lease.now + 3 * SECOND
        clock[0] += 3 * SECOND
        assert store.elect("b", 30 * SECOND).won

    def test_a_leader_that_lives_keeps_its_lease_when_the_clock_is_set_back(self, store, clock):
        store.elect("a", 3 * SECOND)
        clock[0] -= 3600 * SECOND
        store.elect("b", SECOND)
        clock[0] += SECOND
        assert store.renew("a", 1, 3 * SECOND)
        clock[0] += 2 * SECOND
        assert not store.elect("b", SECOND).won


def test_redis_cuts_a_lease_of_a_clock_that_was_set_back(redis_url):
    with beat_stores(redis_url) as opener:
        store = opener()
        store.elect("a", LONG)
        store._redis.hset(f"{store._prefix}leader", "until", store.now() + 3600 * SECOND)
        won, lease = store.elect("b", SECOND)
        assert not won
        assert lease.until == lease.now + LONG
        assert store.leader().until == lease.until
