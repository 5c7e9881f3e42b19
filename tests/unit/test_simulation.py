"""The simulated world: time passes when everyone waits, what is killed does nothing more, a seed tells everything."""

from __future__ import annotations

import signal
import threading

import pytest

from jobq.errors import StoreUnavailable
from jobq.instants import SECOND
from jobq.interrupts import Interrupts
from jobq.testing.faults import TIMEOUT, Net, Rates
from jobq.testing.simulation import START, World


@pytest.fixture
def world():
    made = World(1)
    yield made
    made.close()


class Counter:
    """A store of one number."""

    def __init__(self):
        self.number = 0

    def add(self, more):
        self.number += more
        return self.number

    def now(self):
        return 0

    def enqueue(self, jobs):
        return [True] * len(jobs)


# -- processes


def test_time_passes_only_when_everyone_waits(world):
    told = []

    def main(process):
        for _ in range(3):
            process.sleep(10)
            told.append((process.name, process.monotonic()))

    world.start("a", main)
    world.start("b", main)
    assert world.run(100) is False
    assert told == [(name, seconds) for seconds in (10.0, 20.0, 30.0) for name in ("a", "b")]
    assert world.now == START + 100 * SECOND


def test_it_stops_when_something_is_true(world):
    done = []
    world.start("a", lambda process: [process.sleep(5), done.append(1)])
    assert world.run(100, lambda: bool(done)) is True
    assert world.now == START + 5 * SECOND


def test_what_a_program_raises_ends_the_run(world):
    world.start("a", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        world.run(1)


def test_of_a_killed_process_nothing_runs_any_more(world):
    told = []

    def main(process):
        try:
            process.sleep(10)
            told.append("woke")
        finally:
            process.sleep(0)
            told.append("cleaned up")

    process = world.start("a", main)
    world.run(1)
    process.kill()
    world.run(100)
    assert (told, process.ended, process.killed_at) == ([], True, START + SECOND)


def test_a_stopped_process_sleeps_on_and_its_clock_goes_on(world):
    told = []
    process = world.start("a", lambda p: [p.sleep(2), told.append(p.monotonic())])
    world.run(1)
    process.stop(10)
    world.run(9)
    assert told == []
    world.run(10)
    assert told == [11.0]


def test_a_signal_ends_a_wait_that_may_be_ended(world):
    told = []

    def main(process):
        interrupts = Interrupts([signal.SIGTERM], process.on_signal)
        interrupts.during(lambda: process.sleep(100))
        told.append((process.monotonic(), interrupts.pending))

    process = world.start("a", main)
    world.run(3)
    process.send(signal.SIGTERM)
    world.run(1)
    assert told == [(3.0, [signal.SIGTERM])]


def test_a_signal_cuts_no_other_wait_short(world):
    told = []

    def main(process):
        interrupts = Interrupts([signal.SIGTERM], process.on_signal)
        process.sleep(10)
        told.append((process.monotonic(), interrupts.pending))

    process = world.start("a", main)
    world.run(3)
    process.send(signal.SIGTERM)
    world.run(10)
    assert told == [(10.0, [signal.SIGTERM])]


def test_threads_of_a_process_wait_for_each_other(world):
    told = []

    def main(process):
        lock = threading.Lock()
        changed = process.condition(lock)

        def beside():
            process.sleep(2)
            with lock:
                changed.notify()
            process.sleep(2)

        thread = process.start_thread(beside, "beside")
        with lock:
            told.append((changed.wait(100), process.monotonic()))
            told.append((changed.wait(1), process.monotonic()))
        thread.join(timeout=50)
        told.append((thread.ended, round(process.monotonic(), 2)))

    world.start("a", main)
    world.run(100)
    assert told == [(True, 2.0), (False, 3.0), (True, 4.0)]


def test_clocks_of_processes_differ(world):
    process = world.start("a", lambda p: p.sleep(100))
    process.wall_offset = -3600 * SECOND
    world.run(10)
    assert process.wall() == (START / SECOND) + 10 - 3600
    assert process.monotonic() == 10


# -- calls


def calling(world, rates, *, server=True, times=1):
    """The store, the net, and what a process hears that calls so many times."""
    store, heard = Counter(), []
    net = Net(world, store, server=server, rates=rates)

    def main(process):
        remote = net.seen_by(process)
        for _ in range(times):
            try:
                heard.append(remote.add(1))
            except StoreUnavailable as error:
                heard.append(str(error))

    return store, net, heard, world.start("a", main)


def test_a_call_takes_effect_and_is_answered(world):
    store, _, heard, process = calling(world, Rates(), times=2)
    world.run(1)
    assert (heard, store.number, process.ended) == ([1, 2], 2, True)


def test_a_refused_call_has_no_effect(world):
    store, net, heard, _ = calling(world, Rates(refused=1))
    world.run(1)
    assert (heard, store.number, net.injected) == (["the store is away"], 0, {"refused": 1})


def test_a_lost_answer_is_that_of_a_call_that_took_effect(world):
    store, _, heard, _ = calling(world, Rates(lost=1))
    world.run(TIMEOUT / 2)
    assert (heard, store.number) == ([], 1)
    world.run(TIMEOUT)
    assert (heard, store.number) == (["the store does not answer"], 1)


def test_a_late_call_takes_effect_when_nobody_waits_any_more(world):
    store, _, heard, _ = calling(world, Rates(late=1, longest=1000))
    world.run(TIMEOUT + 0.1)
    assert (heard, store.number) == (["the store does not answer"], 0)
    world.run(1000)
    assert (len(heard), store.number) == (1, 1)


@pytest.mark.parametrize(("server", "effects"), [(True, {0, 1}), (False, {0, 1})])
def test_a_process_that_is_killed_with_a_call_hears_nothing(server, effects):
    found = set()
    for seed in range(30):
        world = World(seed)
        store, _, heard, process = calling(world, Rates(killed=1), server=server)
        world.run(5)
        assert (heard, process.alive) == ([], False)
        found.add(store.number)
        world.close()
    assert found == effects


def test_who_dies_while_writing_to_a_file_writes_nothing(world):
    store, net, _, process = calling(world, Rates(), server=False)
    net.on_call = lambda *_: world.after(0.00001, process.kill)
    world.run(5)
    assert store.number == 0


def test_what_a_dead_process_has_sent_to_a_server_arrives(world):
    store, net, _, process = calling(world, Rates())
    net.on_call = lambda *_: world.after(0.00001, process.kill)
    world.run(5)
    assert store.number == 1


def test_while_the_store_is_away_every_call_is_refused(world):
    store, net, heard, _ = calling(world, Rates())
    net.away = True
    world.run(1)
    assert (heard, store.number) == (["the store is away"], 0)


def test_who_waits_is_woken_by_what_others_do(world):
    net = Net(world, Counter(), server=True, rates=Rates(unheard=0.2))
    told = []
    for number in range(20):
        world.start(f"w{number}", lambda p: told.append((net.seen_by(p).wait(["q"], 50.0), p.monotonic())))
    world.start("producer", lambda p: [p.sleep(10), net.seen_by(p).enqueue([1])])
    world.run(100)
    woken = [seconds for heard, seconds in told if heard]
    assert len(told) == 20
    assert 10 < len(woken) < 20
    assert all(10 < seconds < 10.1 for seconds in woken)
    assert all(seconds == 50 for heard, seconds in told if not heard)
