"""A store goes away in one of several ways and comes back: nothing exits, each process says so once, work goes on
within a second of its return, and no tick is lost or doubled.

Short: five seconds. BEATD_TEST_SECONDS=60: a minute.
"""

from __future__ import annotations

import pytest
import redis
import redis_fixtures
from chaos.sites import disk, full_disk
from failing_disk import failing_disk
from programs import SECONDS, count, entry, passed
from proxy import Proxy
from ticks import history, lateness, wait_ticks
from waiting import wait_until

from beat.entry import tick_id
from beat.store import Verdict
from jobq.instants import SECOND
from jobq.job import State

EVERY = 0.2
AWAY = SECONDS or 5.0
PROMISED = 1.0
BUSY = 1.0
"""Seconds more for a machine that has other things to do."""


class Outage:
    """`store_url` is the store itself, `url` how the programs reach it. `plain`: no process can overlook it."""

    plain = True

    def __init__(self, store_url, url=""):
        self.store_url = store_url
        self.url = url or store_url


class Stopped(Outage):
    def __init__(self, server):
        super().__init__(server.url)
        self.begin, self.end = server.stop, server.start


class HalfOpen(Outage):
    """Whatever is sent vanishes, and nobody hangs up. At the end the connections are reset.

    A child that waits for a job waits up to 13 s before it takes the silence for an outage.
    """

    plain = AWAY > 15

    def __init__(self, server, proxy):
        super().__init__(server.url, f"redis://127.0.0.1:{proxy.port}/0")
        self.proxy = proxy
        self.begin = proxy.swallow

    def end(self):
        self.proxy.cut()
        self.proxy.heal()


class OutOfMemory(Outage):
    plain = False  # what only reads is answered, and a child with nothing to record may not hear of it

    def _limit(self, size):
        with redis.Redis.from_url(self.store_url) as client:
            client.config_set("maxmemory", size)

    def begin(self):
        self._limit(1)

    def end(self):
        self._limit(0)


class FullDisk(Outage):
    plain = False  # what only reads is answered, and a child with nothing to record may not hear of it

    def __init__(self, folder):
        super().__init__(f"sqlite:///{folder / 'beat.db'}")
        self.full = full_disk(folder)

    def begin(self):
        self.full.__enter__()

    def end(self):
        self.full.__exit__(None, None, None)


class ReadOnlyDisk(Outage):
    plain = False  # what only reads is answered, and a child with nothing to record may not hear of it

    def __init__(self, disk):
        super().__init__(f"sqlite:///{disk.folder / 'beat.db'}")
        self.begin, self.end = disk.fail, disk.repair


server = redis_fixtures.lasting_server


@pytest.fixture
def stopped(server):
    return Stopped(server)


@pytest.fixture
def half_open(server):
    with Proxy(server.port) as proxy:
        yield HalfOpen(server, proxy)


@pytest.fixture
def out_of_memory(server):
    return OutOfMemory(server.url)


@pytest.fixture
def full(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    with disk(folder) as mounted:
        if not mounted:
            pytest.skip("this user may not mount a file system, and no other one is to be filled")
        yield FullDisk(folder)


@pytest.fixture
def read_only(tmp_path):
    with failing_disk(tmp_path) as mounted:
        if mounted is None:
            pytest.skip("this user may not mount an ext4 of its own, and no other one is to be broken")
        yield ReadOnlyDisk(mounted)


@pytest.fixture(params=["stopped", "half_open", "out_of_memory", "full", "read_only"])
def outage(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def store_url(outage):
    return outage.store_url


@pytest.fixture
def fleet(programs, outage):
    """Two beats and a worker of two children; the entry's ticks are jobs that they run."""
    programs.store_url = outage.url
    config = programs.write_config(entry(every=EVERY, catchup="all"))
    beats = [programs.beatd("--lease-ttl", "1", config=config, node=node) for node in ("a", "b")]
    for beat in beats:
        beat.wait_said("beat_ready")
    return [*beats, programs.worker("--concurrency", "2")]


@pytest.mark.timeout(120 + 3 * SECONDS)
def test_an_outage_is_survived(outage, fleet, store):
    worker = fleet[-1]
    wait_until(lambda: store.totals().get("completed", 0) > 3)
    children = worker.children
    store.close()  # a disk is not repaired while somebody has a file open there

    outage.begin()
    passed(AWAY)
    outage.end()
    returned = store.now()
    wait_ticks(store, returned + SECOND)
    wait_until(lambda: store.totals()["completed"] >= len(history(store)))

    check_told(outage, fleet, children)
    assert worker.children == children
    assert [process.process.poll() for process in fleet] == [None, None, None]

    ticks = history(store)
    jobs = store.get([tick_id("tick", tick.fire_time) for tick in ticks])
    resumed = min(tick.recorded_at for tick in ticks if tick.recorded_at > returned)
    worked = min(job.started_at for job in jobs if job.started_at > returned)
    assert (resumed - returned) / SECOND < PROMISED + BUSY
    assert (worked - returned) / SECOND < PROMISED + BUSY

    # No tick was lost or doubled, those of the outage came late, and each ended as one completed job.
    assert {tick.verdict for tick in ticks} == {Verdict.ENQUEUED}
    step = round(EVERY * SECOND)
    assert [tick.fire_time for tick in ticks] == [ticks[0].fire_time + k * step for k in range(len(ticks))]
    assert max(map(lateness, ticks)) > AWAY - 1
    assert {job.state for job in jobs if job is not None} == {State.COMPLETED}
    assert len(jobs) == store.totals()["completed"] == len(ticks)


def check_told(outage, fleet, children):
    """Each process says once that the store is lost, and once that it is back."""
    beats = [beat.pid for beat in fleet[:2]]

    def told(action):
        return count([record for process in fleet for record in process.records], action)

    wait_until(lambda: told("store_lost") == told("store_returned"), what="all to say that the store is back")
    lost = told("store_lost")
    if not outage.plain:
        lost = {pid: times for pid, times in lost.items() if pid in beats}
    assert lost == dict.fromkeys([*beats, *(children if outage.plain else [])], 1)
