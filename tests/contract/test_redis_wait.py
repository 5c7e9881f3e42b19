"""`wait_replicas`: what a verb wrote counts when the replicas have it, and until then the store is away."""

from __future__ import annotations

import pytest
import redis
from beats import beat_stores
from redis_fleet import start_replica
from waiting import wait_until

from jobq.errors import StoreRefused, StoreUnavailable
from jobq.job import State
from jobq.stores import open_store


@pytest.fixture(scope="module")
def pair(new_redis_server):
    """A master and its replica."""
    master = new_redis_server(options={"repl-diskless-sync-delay": "0"})
    yield master, start_replica(new_redis_server, master)
    master.stop()


@pytest.fixture
def replica(pair):
    _, follower = pair
    yield follower
    follower.resume()


@pytest.fixture
def store_url(pair, replica):  # noqa: ARG001 - it goes on when the stores are closed
    master, _ = pair
    master.flush()
    return f"{master.url}?wait_replicas=1&wait_ms=50"


def test_what_is_written_is_on_the_replica_when_the_verb_returns(desk, replica):
    with redis.Redis(port=replica.port) as follower:
        for number in range(50):
            desk.enqueue(str(number))
            assert follower.exists(f"{{beatd}}:job:{number}")


def test_what_no_replica_has_is_unavailable_and_may_be_repeated(desk, replica):
    replica.pause()
    with pytest.raises(StoreUnavailable, match=r"has written it, but on 0 of 1 replicas within 0\.05 s"):
        desk.enqueue("a")
    replica.resume()
    assert desk.enqueue("a") == [False]  # it is known: the first call has had its effect
    assert desk.fetch_ids() == ["a"]


def test_nobody_is_told_of_what_another_has_written_and_no_replica_has(desk, open_another, replica):
    """The second call writes nothing, on a connection that has written nothing: from 7.2 on WAIT alone would not wait."""
    other = open_another()
    other.cancel("unknown")
    replica.pause()
    with pytest.raises(StoreUnavailable):
        desk.enqueue("a")
    with pytest.raises(StoreUnavailable):
        other.cancel("unknown")
    with pytest.raises(StoreUnavailable):
        open_another().cancel("unknown")


def test_reading_waits_for_nobody(desk, store, replica):
    desk.enqueue("a")
    replica.pause()
    assert store.job_ids("default") == ["a"]
    assert store.queues()["default"][State.AVAILABLE] == 1
    assert desk.state("a") is State.AVAILABLE


def test_jobs_of_a_fetch_that_is_not_confirmed_are_given_back(desk, replica, store):
    desk.enqueue("a", "b")
    replica.pause()
    with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
        desk.fetch()
    assert store.job_ids("default") == ["a", "b"]
    replica.resume()
    assert [(claim.id, claim.attempt) for claim in desk.fetch()] == [("a", 1), ("b", 1)]


def test_an_outcome_that_is_not_confirmed_may_be_repeated(desk, replica):
    desk.enqueue("a")
    claim = desk.fetch_one()
    replica.pause()
    with pytest.raises(StoreUnavailable):
        desk.end(claim, keep=60)
    replica.resume()
    assert desk.end(claim, keep=60)
    assert desk.state("a") is State.COMPLETED


def test_a_beat_waits_for_its_replicas_too(store_url, replica):
    with beat_stores(store_url) as make:
        store = make()
        assert store.elect("a", 1_000_000).won
        replica.pause()
        for verb in (
            store.identity,
            store.request_reload,
            lambda: store.renew("a", 1, 1_000_000),
            lambda: store.fire(1, []),
        ):
            with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
                verb()


def test_a_script_that_the_server_does_not_know_is_sent_and_waited_for(desk, pair, replica):
    master, _ = pair
    desk.enqueue("a")
    with redis.Redis.from_url(master.url) as client:
        client.script_flush()
    assert desk.enqueue("b") == [True]
    with redis.Redis(port=replica.port) as follower:
        assert follower.exists("{beatd}:job:b")


@pytest.fixture
def short(new_redis_server):
    """The URL of a server that takes no writes without a replica, and has none."""
    server = new_redis_server(options={"min-replicas-to-write": "1"})
    yield server.url
    server.stop()


def test_a_master_short_of_replicas_is_unavailable_for_now(short, new):
    store = open_store(short)
    with pytest.raises(StoreUnavailable, match="refuses for now"):
        store.enqueue([new("a")])
    store.close()
    with beat_stores(short) as make, pytest.raises(StoreUnavailable, match="refuses for now"):
        make().identity()


def test_a_missing_permission_is_told_though_the_replicas_are_away(pair, store_url, replica):
    master, _ = pair
    url = f"redis://poor:pw@127.0.0.1:{master.port}/0?wait_replicas=1&wait_ms=50"
    replica.pause()
    with redis.Redis.from_url(store_url.partition("?")[0]) as admin:
        for lacking in ("rpush", "wait"):
            admin.execute_command(
                "ACL SETUSER", "poor", "reset", "on", ">pw", "~*", "&*", "+@all", f"-{lacking}"
            )
            store = open_store(url)
            with pytest.raises(StoreRefused, match="does not permit its user what is needed: "):
                store.examine()
            store.close()
        admin.execute_command("ACL DELUSER", "poor")


def test_a_master_that_became_a_replica_is_unavailable_until_it_is_one_no_more(new_redis_server, new):
    master = new_redis_server(options={"repl-diskless-sync-delay": "0"})
    follower = start_replica(new_redis_server, master)
    store = open_store(f"{master.url}?wait_replicas=1&wait_ms=2000")
    with redis.Redis.from_url(master.url) as admin, redis.Redis(port=follower.port) as other:
        assert store.enqueue([new("a")]) == [True]
        other.replicaof("no", "one")
        admin.replicaof("127.0.0.1", follower.port)
        for verb in (lambda: store.enqueue([new("b")]), lambda: store.enqueue([new("b")]), store.examine):
            with pytest.raises(StoreUnavailable, match="refuses for now"):
                verb()
        admin.replicaof("no", "one")
        other.replicaof("127.0.0.1", master.port)
        wait_until(lambda: other.info("replication")["master_link_status"] == "up")
        assert store.enqueue([new("b")]) == [True]
    store.close()
    follower.stop()
    master.stop()
