"""Clocks that are set while beats and workers run, and zones that set theirs."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime

import pytest
from clocked_stores import clocked_store

from beat.entry import Entry, tick_id
from beat.leadership import Leadership
from beat.schedules import cron, every
from beat.sdnotify import Notifier
from beat.service import Service
from beat.sources import FILE
from jobq import App
from jobq.instants import SECOND, from_micros, to_micros
from jobq.testing.faults import Net
from jobq.testing.simulation import World
from jobq.worker.child import Child
from jobq.worker.options import WorkerOptions

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class Scene:
    """Beats and workers in a world without faults, but for what a test does to its clocks."""

    def __init__(self, store_url, start=NEW_YEAR, ttl=3.0):
        self.world = World(1, to_micros(start))
        self.clock_offset = 0
        fast = f"{store_url}?synchronous=off" if store_url.startswith("sqlite") else store_url
        self.store = clocked_store(fast, lambda: self.world.now + self.clock_offset)
        self.net = Net(self.world, self.store, server=store_url.startswith("redis"))
        self.ttl = ttl
        self.runs = []

    def beat(self, name, *entries):
        def main(process):
            store = self.net.seen_by(process)
            leadership = Leadership(store, name, self.ttl, process.monotonic)
            sources = {FILE: list(entries)}
            service = Service(
                store, leadership, lambda: sources, Notifier({}), max_loop_interval=60.0, runtime=process
            )
            service.run(sources)

        return self.world.start(name, main)

    def worker(self, name, seconds=0.1):
        def task(process, job):
            self.runs.append(job.request.id)
            process.sleep(seconds)

        def main(process):
            app = App("scene", store="sqlite:///unused.db")
            app._store = self.net.seen_by(process)
            app.task(lambda job: task(process, job), name="work", bind=True)
            Child(app, WorkerOptions(lease_ttl=3.0), name, process).run()

        return self.world.start(name, main)

    def step(self, seconds):
        self.clock_offset += round(seconds * SECOND)

    def ticks(self, name):
        """(fire time, verdict), the earliest first."""
        return [(from_micros(r.fire_time), r.verdict.value) for r in self.store.history(name, 10_000)[::-1]]


@pytest.fixture
def scene(store_url):
    scenes = []

    def make(**options):
        scenes.append(Scene(store_url, **options))
        return scenes[-1]

    yield make
    for one in scenes:
        one.world.close()
        one.store.close()


def work(name="tick", schedule=None, **fields):
    return Entry(name=name, task="work", schedule=schedule or every(1.0), **{"catchup": "all"} | fields)


# -- machines


def test_a_machine_whose_clock_is_off_says_so_once_and_works_on(scene, caplog):
    caplog.set_level(logging.WARNING)
    stage = scene()
    beats = [stage.beat(name, work()) for name in ("a", "b")]
    workers = [stage.worker(name) for name in ("v", "w")]
    stage.world.run(90)
    for process in (beats[0], workers[0]):
        process.wall_offset = 3600 * SECOND
    for process in (beats[1], workers[1]):
        process.wall_offset = -1800 * SECOND
    stage.world.run(100)
    said = Counter(r.fields["seconds"] // 60 for r in caplog.records if r.action == "clock_off")
    assert said == {60: 2, -30: 2}
    ticks = stage.ticks("tick")
    assert len(ticks) >= 189
    assert {verdict for _, verdict in ticks} == {"enqueued"}
    assert len(stage.runs) == len(set(stage.runs)) >= 188


# -- the store


@pytest.mark.parametrize("minutes", [10, -10])
def test_the_stores_clock_is_set_while_nothing_is_due(scene, minutes):
    """Forward, what came due meanwhile is caught up with; back, nothing is fired twice."""
    stage = scene()
    stage.beat("a", work(schedule=every(60.0)))
    stage.worker("w")
    stage.world.run(100)
    stage.step(minutes * 60)
    stage.world.run(690)
    fire_times = [to_micros(fire_time) for fire_time, _ in stage.ticks("tick")]
    assert fire_times == list(range(fire_times[0], fire_times[-1] + 1, 60 * SECOND))
    assert fire_times[0] <= to_micros(NEW_YEAR) + 61 * SECOND
    assert stage.store.now() - 60 * SECOND <= fire_times[-1] <= stage.store.now()
    assert stage.runs == [tick_id("tick", fire_time) for fire_time in fire_times]


@pytest.mark.parametrize("seconds", [3600.0, 5.0, -5.0, -3600.0])
def test_the_stores_clock_is_set_in_the_middle_of_a_batch(scene, seconds):
    """Whatever is running is not taken from who runs it, and nothing of the batch is lost."""
    stage = scene()
    workers = [stage.worker(name, seconds=8.0) for name in ("v", "w")]
    stage.beat("a", work("one"), work("two"), work("three", end=datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)))
    stage.world.run(6)
    assert all(process.alive for process in workers)
    stage.step(seconds)
    stage.world.run(60)
    assert len(stage.runs) == len(set(stage.runs))
    assert stage.store.totals()["lost"] == 0


# -- zones


def fired(stage, name):
    return [f"{fire_time:%H:%M}" for fire_time, _ in stage.ticks(name)]


@pytest.mark.parametrize(
    ("day", "daily", "half_hourly"),
    [
        ("2026-03-29", ["01:00"], ["00:00", "00:30", "01:00", "01:30", "02:00"]),
        ("2026-10-25", ["00:30"], ["00:00", "00:30", "01:00", "01:30", "02:00"]),
    ],
    ids=["into summer", "out of summer"],
)
def test_a_zone_sets_its_clock_while_beats_run(scene, day, daily, half_hourly):
    """Prague, at 01:00 UTC; the leader is killed a minute before and another one goes on."""
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00").replace(hour=0)
    stage = scene(start=datetime.fromtimestamp(start.timestamp() - 60, UTC), ttl=30.0)
    entries = [
        work("daily", cron("30 2 * * *"), timezone="Europe/Prague"),
        work("half hourly", cron("*/30 * * * *"), timezone="Europe/Prague"),
    ]
    beats = {name: stage.beat(name, *entries) for name in ("a", "b")}
    stage.world.run(60 + 59 * 60)
    beats[stage.store.leader().node].kill()
    stage.world.run(2 * 3600 + 60 - 59 * 60)
    assert fired(stage, "daily") == daily
    assert fired(stage, "half hourly") == half_hourly
    assert {verdict for name in ("daily", "half hourly") for _, verdict in stage.ticks(name)} == {"enqueued"}
