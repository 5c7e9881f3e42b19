"""What other programs write into Redis under a job's key, or a list's, harms nothing else."""

from __future__ import annotations

import pytest
import redis_fixtures
from waiting import wait_until

from jobq.errors import StoreRefused
from jobq.instants import SECOND
from jobq.job import State

OTHER_TYPES = {
    "set": lambda server, key: server.sadd(key, "x"),
    "text": lambda server, key: server.set(key, "x"),
    "list": lambda server, key: server.rpush(key, "x"),
    "zset": lambda server, key: server.zadd(key, {"x": 1}),
}


store_url = redis_fixtures.redis_alone
server = redis_fixtures.client


@pytest.fixture(params=OTHER_TYPES)
def spoil(request, server):
    """`spoil("job:a")` replaces that key by one of another type."""

    def put(key):
        server.delete(f"{{beatd}}:{key}")
        OTHER_TYPES[request.param](server, f"{{beatd}}:{key}")

    return put


def test_a_key_that_is_no_job_does_not_take_others_along(desk, store, server, spoil):
    desk.enqueue("a", "b")
    spoil("job:bad")
    server.rpush("{beatd}:queue:5:default", "bad")
    desk.enqueue("c")
    claims = desk.fetch()
    assert [claim.id for claim in claims] == ["a", "b", "c"]
    assert server.zcard("{beatd}:leases") == 3
    assert all(desk.end(claim) for claim in claims)
    assert store.job_ids("default") == []


def test_a_scheduled_key_that_is_no_job_is_dropped(desk, server, spoil):
    spoil("job:bad")
    server.zadd("{beatd}:scheduled:default", {"bad": 1, "gone": 2})
    desk.enqueue("a", delay=1)
    assert wait_until(desk.fetch_ids) == ["a"]
    assert not server.exists("{beatd}:scheduled:default")


def test_a_running_job_that_was_replaced_is_dropped_when_its_lease_is_over(desk, store, server, spoil):
    desk.enqueue("bad", "b")
    bad, b = desk.fetch(lease=SECOND // 100)
    spoil("job:bad")
    assert store.extend([(bad.id, bad.token), (b.id, b.token)], 1) == [False, True]
    assert not desk.end(bad)
    assert store.release([(bad.id, bad.token)]) == [False]
    assert store.queues()["default"][State.RUNNING] == 1
    assert wait_until(desk.fetch_ids) == ["b"]
    assert server.zrange("{beatd}:leases", 0, -1) == [b"b"]


def test_a_lease_from_the_future_on_what_is_no_job_stops_nobody(desk, server, spoil):
    spoil("job:bad")
    server.zadd("{beatd}:leases", {"bad": 9e15})
    desk.enqueue("a")
    assert desk.fetch_ids() == ["a"]


def test_the_other_verbs_know_no_job_there(desk, store, spoil):
    desk.fail("dead", "bad")
    spoil("job:bad")
    assert store.get(["bad", "dead"])[0] is None
    assert [record.id for record in store.failed()] == ["dead"]
    assert store.requeue([("bad", ""), ("dead", "")]) == [False, True]
    assert not store.cancel("bad")
    assert not store.forget("bad")
    assert desk.enqueue("bad") == [False]


SHARED = ["leases", "failed", "totals", "queues", "queue:5:default", "scheduled:default", "wake:default"]


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_key_of_another_type_is_told_and_nothing_is_half_done(desk, store, server, name):
    desk.enqueue("held")
    (held,) = desk.fetch()
    desk.enqueue("a", priority=2)
    key = f"{{beatd}}:{name}"
    server.delete(key)
    server.set(key, "x")
    told = [
        _told(server, verb)
        for verb in (
            lambda: desk.enqueue("b", "c"),
            desk.fetch,
            lambda: desk.end(held, State.SCHEDULED),
            lambda: store.release([(held.id, held.token)]),
        )
    ]
    assert set(filter(None, told)) == {
        f"the store at {store.url} has something of another type at the key {key}; nothing is done until that is removed"
    }


def _told(server, verb):
    """What a verb that did nothing said; None of one that did its work."""

    def everything():
        return {key: server.dump(key) for key in server.scan_iter()}

    before = everything()
    try:
        verb()
    except StoreRefused as error:
        assert everything() == before
        return str(error)
    return None


def test_a_running_job_waits_while_its_queue_is_of_another_type(desk, server):
    desk.lose("a", queue="default")
    server.set("{beatd}:queue:5:default", "x")
    desk.enqueue("b", queue="other")
    for _ in range(3):
        desk.fetch("other", lease=1)
    server.delete("{beatd}:queue:5:default")
    assert desk.fetch_one().id == "a"
