"""What other programs write into Redis under an entry's key, or a queue's, harms nothing else."""

from __future__ import annotations

import pytest
import redis
from beats import DUE, FAR, change, firing

from beat.store import Verdict


@pytest.fixture
def store_url(redis_url):
    return redis_url


@pytest.fixture
def server(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def bad(stage, server):
    """Two entries that are due, and the key of the first is a text."""
    stage.add("bad")
    stage.add("good")
    server.delete("{beatd}:entry:bad")
    server.set("{beatd}:entry:bad", "x")


@pytest.mark.usefixtures("bad")
def test_an_entry_of_another_type_is_none(stage, store):
    term = stage.lead()
    assert [entry.name for entry in store.due(10).entries] == ["good"]
    assert [entry.name for entry in store.due(10).entries] == ["good"]
    assert [entry.name for entry in store.entries()] == ["good"]
    assert store.fire(term, [firing("bad"), firing("good")]) == [False, True]


@pytest.mark.usefixtures("bad")
def test_an_entry_takes_the_place_of_what_is_none(stage, store):
    assert store.change([change("bad")]) == [True]
    assert stage.entry("bad").next_fire == DUE
    assert len(store.due(10).entries) == 2


def test_a_history_of_another_type_is_begun_anew(stage, store, server):
    term = stage.lead()
    stage.add("e")
    server.set("{beatd}:history:e", "x")
    assert store.fire(term, [firing("e")]) == [True]
    assert stage.record("e").verdict is Verdict.ENQUEUED


@pytest.mark.parametrize("key", ["queue:5:default", "scheduled:default", "wake:default", "queues"])
def test_a_queue_of_another_type_costs_its_own_ticks_only(stage, store, server, key):
    term = stage.lead()
    stage.add("e")
    server.delete(f"{{beatd}}:{key}")
    server.set(f"{{beatd}}:{key}", "x")
    assert store.fire(term, [firing("e")]) == [True]
    record = stage.record("e")
    assert (record.verdict, record.reason) == (
        Verdict.SKIPPED,
        "a key of its queue is of another type in the store",
    )
    assert stage.entry("e").next_fire == FAR
    assert stage.entry("e").runs == 0
