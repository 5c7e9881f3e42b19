"""What other programs write into Redis under an entry's key, or a queue's, harms nothing else."""

from __future__ import annotations

import pytest
import redis_fixtures
from beats import DUE, FAR, change, firing, taken

from beat.store import Verdict

store_url = redis_fixtures.redis_alone
server = redis_fixtures.client


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
    assert taken(store.fire(term, [firing("bad"), firing("good")])) == [False, True]


@pytest.mark.usefixtures("bad")
def test_an_entry_takes_the_place_of_what_is_none(stage, store):
    assert store.change([change("bad")]) == [True]
    assert stage.entry("bad").next_fire == DUE
    assert len(store.due(10).entries) == 2


def test_a_history_of_another_type_is_begun_anew(stage, store, server):
    term = stage.lead()
    stage.add("e")
    server.set("{beatd}:history:e", "x")
    assert taken(store.fire(term, [firing("e")])) == [True]
    assert stage.record("e").verdict is Verdict.ENQUEUED


@pytest.mark.parametrize("key", ["queue:5:default", "scheduled:default", "wake:default", "queues"])
def test_a_queue_of_another_type_costs_its_own_ticks_only(stage, store, server, key):
    term = stage.lead()
    stage.add("e")
    server.delete(f"{{beatd}}:{key}")
    server.set(f"{{beatd}}:{key}", "x")
    assert taken(store.fire(term, [firing("e")])) == [True]
    record = stage.record("e")
    assert (record.verdict, record.reason) == (
        Verdict.SKIPPED,
        "a key of its queue is of another type in the store",
    )
    assert stage.entry("e").next_fire == FAR
    assert stage.entry("e").runs == 0


GARBAGE = ["", "abc", "1e300", "inf", "nan", "1.5"]


@pytest.mark.parametrize("field", ["revision", "anchor", "next_fire", "last_fire", "runs", "source"])
@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_in_an_entry_harms_only_itself(stage, store, server, field, value):
    term = stage.lead()
    stage.add("bad")
    stage.add("good")
    server.hset("{beatd}:entry:bad", field, value)
    assert {"good"} <= {entry.name for entry in store.due(10).entries}
    revisions = {entry.name: entry.revision for entry in store.entries()}
    assert revisions["good"] == 1
    answers = taken(store.fire(term, [firing("bad"), firing("good")]))
    assert answers == [field not in ("revision", "next_fire"), True]
    (entry,) = store.entries(["bad"])
    assert store.change(
        [change("bad", definition="", seen_revision=entry.revision, seen_fire=entry.next_fire)]
    ) == [True]
    assert [entry.name for entry in store.entries()] == ["good"]
