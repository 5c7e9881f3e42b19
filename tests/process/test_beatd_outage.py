"""Redis goes away and comes back: nothing exits, each process says so once, and no tick is lost or doubled."""

from __future__ import annotations

import pytest
from programs import SECONDS, count, entry, passed
from ticks import history, lateness, wait_ticks
from waiting import wait_until

from beat.entry import tick_id
from beat.store import Verdict
from jobq.instants import SECOND
from jobq.job import State

EVERY = 0.2
AWAY = 10.0 if SECONDS else 3.0


@pytest.fixture
def server(new_redis_server):
    """A Redis of this test's own, that remembers what it was told."""
    running = new_redis_server(append_only=True)
    yield running
    running.stop()


@pytest.fixture
def store_url(server):
    return server.url


@pytest.fixture
def fleet(programs):
    """Two beats and a worker of two children; the entry's ticks are jobs that they run."""
    config = programs.write_config(entry(every=EVERY, catchup="all"))
    beats = [programs.beatd("--lease-ttl", "1", config=config, node=node) for node in ("a", "b")]
    for beat in beats:
        beat.wait_said("beat_ready")
    return [*beats, programs.worker("--concurrency", "2")]


def worker_pids(store):
    return wait_until(lambda: len(store.workers()) == 2 and sorted(info.pid for info in store.workers()))


def test_everything_survives_a_redis_that_was_away(server, fleet, store):
    a, b, worker = fleet
    wait_until(lambda: store.totals().get("completed", 0) > 3)
    children = worker_pids(store)

    server.stop()
    passed(AWAY)
    server.start()
    returned = store.now()
    for process in (a, b):
        process.wait_said("store_returned")
    worker.wait_said("store_returned", times=2)
    wait_ticks(store, returned + SECOND)
    wait_until(lambda: store.totals()["completed"] >= len(history(store)))

    # Each process told it once, and none left.
    records = [record for process in fleet for record in process.records]
    for action in ("store_lost", "store_returned"):
        assert count(records, action) == dict.fromkeys([a.pid, b.pid, *children], 1)
    assert worker_pids(store) == children
    assert [process.process.poll() for process in fleet] == [None, None, None]

    # They resumed soon: within a second, and one more for a busy machine.
    ticks = history(store)
    resumed = next(tick.recorded_at for tick in ticks if tick.recorded_at > returned)
    jobs = store.get([tick_id("tick", tick.fire_time) for tick in ticks])
    worked = min(job.started_at for job in jobs if job.started_at > returned)
    assert (resumed - returned) / SECOND < 2
    assert (worked - returned) / SECOND < 2

    # No tick was lost or doubled, those of the outage came late, and each ended as one completed job.
    assert {tick.verdict for tick in ticks} == {Verdict.ENQUEUED}
    step = round(EVERY * SECOND)
    assert [tick.fire_time for tick in ticks] == [ticks[0].fire_time + k * step for k in range(len(ticks))]
    assert max(map(lateness, ticks)) > AWAY - 1
    assert {job.state for job in jobs if job is not None} == {State.COMPLETED}
    assert len(jobs) == store.totals()["completed"] == len(ticks)


@pytest.mark.parametrize("store_is_there_first", [True, False])
def test_beats_that_have_nothing_to_fire_tell_an_outage_once(server, programs, store, store_is_there_first):
    """Nor does a beat need its store to start: it waits for it."""
    if not store_is_there_first:
        server.stop()
    config = programs.write_config("", "empty.toml")
    beats = [
        programs.beatd("--lease-ttl", "1", config=config, node="a"),
        programs.beatd("--lease-ttl", "1", node="b"),  # without any: its entries come by other ways
    ]
    if store_is_there_first:
        for beat in beats:
            wait_until(lambda beat=beat: beat.said("leader_elected") or beat.said("leader_followed"))
        server.stop()
    for beat in beats:
        beat.wait_said("store_lost")
    passed(1.5)
    server.start()
    for beat in beats:
        beat.wait_said("store_returned")
    wait_until(lambda: store.nodes() == ["a", "b"])
    for beat in beats:
        assert [len(beat.said(action)) for action in ("store_lost", "store_returned")] == [1, 1]
        assert beat.stop() == 0
