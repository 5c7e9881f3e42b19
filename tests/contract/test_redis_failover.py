"""A master dies, or is set back, and its Sentinels make another: what was acknowledged is there."""

from __future__ import annotations

import threading

import pytest
import redis
from redis_fleet import sentinel_url, start_replica, start_sentinels
from waiting import wait_until

from jobq.errors import StoreUnavailable
from jobq.job import NewJob
from jobq.stores import open_store

DATA, WATCH = "data-pw", "watch-pw"


@pytest.fixture
def fleet(new_redis_server):
    """A master, two replicas and three Sentinels, each behind a password."""
    secured = {"requirepass": DATA, "masterauth": DATA}
    master = new_redis_server(options={**secured, "repl-diskless-sync-delay": "0"})
    replicas = [start_replica(new_redis_server, master, **secured) for _ in range(2)]
    lines = [f"sentinel auth-pass mymaster {DATA}", f"requirepass {WATCH}"]
    sentinels = start_sentinels(new_redis_server, master, len(replicas), lines)
    yield master, replicas, sentinels
    for server in (*sentinels, *replicas, master):
        server.stop()


@pytest.fixture
def open_fleet(fleet):
    """A factory of stores that ask the Sentinels; `query` goes on the one of every URL here."""
    _, _, sentinels = fleet
    opened = []

    def make(query=""):
        url = sentinel_url(sentinels, f":{DATA}@", f"?sentinel_password={WATCH}&ns=shop{query}")
        opened.append(open_store(url))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


class Producer:
    """Enqueues one job after the other, and remembers which ones were acknowledged."""

    def __init__(self, store):
        self.store = store
        self.acknowledged = []
        self.refused = []

    def send(self, times=1):
        """Whether the last one was acknowledged."""
        for _ in range(times):
            name = f"job-{len(self.acknowledged) + len(self.refused)}"
            taken = answers(lambda name=name: self.store.enqueue([new_job(name)]))
            (self.acknowledged if taken else self.refused).append(name)
        return self.acknowledged[-1:] == [name]

    def assert_nothing_lost(self, store):
        kept = store.job_ids("default", 100_000)
        assert set(self.acknowledged) <= set(kept)
        assert kept == sorted(kept, key=lambda name: int(name.removeprefix("job-")))


def new_job(name):
    return NewJob(name, "default", 5, '{"task":"t"}')


def answers(verb):
    """What a verb answers, or False while the store is away."""
    try:
        return verb()
    except StoreUnavailable:
        return False


def admin(server):
    return redis.Redis(port=server.port, password=DATA)


def test_a_master_that_dies_takes_nothing_acknowledged_with_it(fleet, open_fleet):
    master, replicas, sentinels = fleet
    producer = Producer(open_fleet("&wait_replicas=1"))
    assert producer.send(times=200)
    assert not producer.refused
    master.kill()
    wait_until(producer.send, 30, what="a new master")
    producer.send(times=20)
    assert producer.refused
    producer.assert_nothing_lost(producer.store)
    with redis.Redis(port=sentinels[0].port, password=WATCH) as sentinel:
        port = sentinel.sentinel_get_master_addr_by_name("mymaster")[1]
    assert port in {replica.port for replica in replicas}


def test_a_master_that_is_set_back_while_it_lives_keeps_nothing_acknowledged(fleet, open_fleet):
    """One replica is made master while the other still follows the old one, and takes with it what both have.

    So one replica is not enough to wait for; all of them are.
    """
    master, _, sentinels = fleet
    producer = Producer(open_fleet("&wait_replicas=2&wait_ms=100"))
    assert producer.send(times=20)
    with redis.Redis(port=sentinels[0].port, password=WATCH) as sentinel:
        sentinel.execute_command("SENTINEL FAILOVER mymaster")

        def changed():
            producer.send()
            return sentinel.sentinel_get_master_addr_by_name("mymaster")[1] != master.port

        wait_until(changed, 30, what="the change of masters")
    wait_until(lambda: not producer.send(), 30, what="a refusal")
    producer.assert_nothing_lost(open_fleet())


def test_a_master_whose_replicas_have_left_is_left_too(fleet, open_fleet):
    """It takes Sentinels ten seconds to tell it. WAIT tells at once, and the new master is asked for."""
    master, replicas, sentinels = fleet
    producer = Producer(open_fleet("&wait_replicas=1&wait_ms=100"))
    assert producer.send()
    with redis.Redis(port=sentinels[0].port, password=WATCH) as sentinel:
        sentinel.execute_command("SENTINEL FAILOVER mymaster")

    def arrived():
        """Whether the last job is on the new master, and was taken there."""
        producer.send()
        for replica in replicas:
            with admin(replica) as client:
                if client.info("replication")["role"] == "master" and producer.acknowledged:
                    return client.exists(f"{{shop}}:job:{producer.acknowledged[-1]}")
        return False

    wait_until(arrived, 30, what="a job on the new master")
    with admin(master) as old:
        assert old.info("replication")["role"] == "master"


@pytest.mark.parametrize("wait_replicas", [0, 1])
def test_what_no_replica_has_is_lost_with_its_master_and_acknowledged_only_without_wait(
    fleet, open_fleet, wait_replicas
):
    master, replicas, _ = fleet
    store = open_fleet(f"&wait_replicas={wait_replicas}&wait_ms=100")
    for replica in replicas:
        replica.pause()
    with admin(master) as client:
        client.client_kill_filter(_type="replica")  # what is sent to them would be read later
    acknowledged = answers(lambda: store.enqueue([new_job("a")]))
    master.kill()
    for replica in replicas:
        replica.resume()
    wait_until(lambda: answers(store.now), 30, what="a new master")
    assert store.get(["a"]) == [None]
    assert bool(acknowledged) is (wait_replicas == 0)
    # Repeated, as verbs are, it is there.
    assert wait_until(lambda: answers(lambda: store.enqueue([new_job("a")])), 30)
    assert store.job_ids("default") == ["a"]


def test_a_replica_refuses_writes_for_now(fleet, new):
    """Without Sentinels, whose connections are closed, the words of the refusal arrive."""
    _, (replica, _), _ = fleet
    store = open_store(f"redis://:{DATA}@127.0.0.1:{replica.port}/0?ns=shop")
    with pytest.raises(StoreUnavailable, match="refuses for now"):
        store.enqueue([new("a")])
    with pytest.raises(StoreUnavailable, match="refuses for now"):
        store.wait(["default"], 0.1)
    store.examine()  # whoever starts meanwhile waits as well: no permission is missing
    store.close()


def test_workers_that_block_on_a_master_hear_that_it_is_none_any_more(fleet):
    """Redis breaks their reads off, and says why."""
    master, (replica, _), _ = fleet
    store = open_store(f"redis://:{DATA}@127.0.0.1:{master.port}/0?ns=shop")
    said = []

    def sleep():
        try:
            store.wait(["default"], 10)
        except StoreUnavailable as error:
            said.append(str(error))

    sleeper = threading.Thread(target=sleep)
    with admin(master) as client:
        sleeper.start()
        wait_until(lambda: client.info("clients")["blocked_clients"] == 1)
        client.replicaof("127.0.0.1", replica.port)
        sleeper.join()
        client.execute_command("REPLICAOF NO ONE")
    assert "refuses for now" in said[0]
    store.close()
