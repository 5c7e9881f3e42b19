"""A Redis that loses what it held, or the latest of it: beatd notices, and writes its entries anew.

Nobody has to restart it.
"""

from __future__ import annotations

import signal
from contextlib import closing

import pytest
import redis
from programs import entry
from ticks import check_ticks, wait_ticks

EVERY = 0.2


@pytest.fixture
def server(new_redis_server):
    """A Redis of this test's own, that keeps nothing."""
    running = new_redis_server()
    yield running
    running.stop()


@pytest.fixture
def store_url(server):
    return server.url


def restart(server):
    server.kill()
    server.start()


def flush(server):
    """No connection breaks, and the next election is of term 1 again, as the first one was."""
    server.flush()


@pytest.fixture(params=[restart, flush])
def empty(request, server, store):
    def do():
        request.param(server)
        store.close()  # its connections may have broken
        return store.now()

    return do


@pytest.fixture
def start(programs, store):
    def do(*arguments, node="beat"):
        config = programs.write_config(entry(every=EVERY) + entry("rare", every=3600.0))
        beat = programs.beatd("--lease-ttl", "1", *arguments, config=config, node=node)
        beat.wait_said("beat_ready")
        wait_ticks(store, 0)
        return beat

    return do


def names(store):
    return [found.name for found in store.entries()]


def test_a_redis_that_was_emptied_gets_its_entries_back(start, store, empty):
    beat = start()
    for times in (1, 2):
        emptied = empty()
        beat.wait_said("store_emptied", times=times)
        wait_ticks(store, emptied)
        assert names(store) == ["rare", "tick"]
        (found,) = store.entries(names=["tick"])
        assert found.anchor > emptied - 1_000_000, "it was made anew"
    assert beat.stop() == 0
    check_ticks(store, EVERY)
    assert len(beat.said("store_emptied")) == 2
    assert {record["level"] for record in beat.said("store_emptied")} == {"warning"}


def test_every_beat_gets_over_it(start, store, empty):
    beats = [start(node=node) for node in ("a", "b")]
    emptied = empty()
    wait_ticks(store, emptied)
    assert names(store) == ["rare", "tick"]
    for beat in beats:
        assert beat.process.poll() is None
    for beat in beats:
        assert beat.stop() == 0
    check_ticks(store, EVERY)


def test_a_configuration_that_is_wrong_by_then_does_not_keep_them_away(start, programs, store, empty):
    beat = start()
    programs.write_config(entry("broken", evry=1))
    emptied = empty()
    beat.wait_said("store_emptied")
    beat.wait_said("reload_refused")
    wait_ticks(store, emptied)
    assert names(store) == ["rare", "tick"]
    assert beat.stop() == 0


def test_a_redis_that_was_set_back_gets_what_was_added_since(start, programs, store, server):
    """It comes back as it was at its last snapshot: it is not empty, and it is the same store."""
    beat = start()
    identity = store.identity()
    with closing(redis.Redis.from_url(server.url)) as client:
        client.save()
    added = entry("added", every=EVERY, task="process_tasks.plain")
    programs.write_config(entry(every=EVERY) + entry("rare", every=3600.0) + added)
    synced = len(beat.said("entries_synced"))
    beat.send(signal.SIGHUP)
    beat.wait_said("entries_synced", times=synced + 1)
    assert names(store) == ["added", "rare", "tick"]

    restart(server)
    store.close()
    back = store.now()
    beat.wait_said("store_emptied")
    wait_ticks(store, back, "added")
    wait_ticks(store, back)
    assert names(store) == ["added", "rare", "tick"]
    assert store.identity() == identity, "it was not emptied"
    assert beat.stop() == 0
    assert len(beat.said("store_emptied")) == 1


def test_a_store_that_was_away_and_has_kept_everything_is_left_alone(start, store, server):
    beat = start()
    server.pause()
    beat.wait_said("store_lost")
    server.resume()
    beat.wait_said("store_returned")
    wait_ticks(store, store.now())
    assert beat.stop() == 0
    assert beat.said("store_emptied") == []
    assert {found.revision for found in store.entries()} == {1}
