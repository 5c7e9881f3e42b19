"""wait_beat: pushed by what concerns beats, by nothing else, and never for longer than asked."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from beats import DUE, FAR, LONG, change
from waiting import wait_until

from jobq.job import NewJob

TIMEOUT = 20.0
"""Seconds that a test waits for at the most: who is not woken fails by the clock."""

QUICK = 5.0
"""Far below TIMEOUT, far above what a wake-up takes on a machine that is busy."""


@pytest.fixture
def follower(open_another):
    """The store of a beat that has looked, and waits for news from now on."""
    return listening(open_another())


def listening(store):
    """A store that has nothing to tell: its first answers may be of what was before."""
    store.listen()
    assert store.listen() is False
    wait_until(lambda: not store.wait_beat(0.01))
    return store


class Sleeper(threading.Thread):
    """Waits in a thread of its own and takes the time."""

    def __init__(self, store):
        super().__init__(daemon=True)
        self.store, self.woken, self.took = store, None, None
        self.start()

    def run(self):
        start = time.monotonic()
        self.woken = self.store.wait_beat(TIMEOUT)
        self.took = time.monotonic() - start

    def result(self):
        self.join(timeout=TIMEOUT + QUICK)
        return self.woken and self.took < QUICK


def reload(stage):
    stage.store.request_reload()


def resign(stage):
    assert stage.store.resign("a", 1)


def add_an_earlier_entry(stage):
    stage.add("earlier", next_fire=FAR - 1)


def bring_an_entry_forward(stage):
    assert stage.change("e", next_fire=DUE) == [True]


@pytest.fixture(params=[reload, resign, add_an_earlier_entry, bring_an_entry_forward])
def news(request, stage):
    """What beats must hear of, done when called."""
    stage.lead("a")
    stage.add("e", next_fire=FAR)
    return lambda: request.param(stage)


def test_news_wake_who_waits(news, follower):
    sleeper = Sleeper(follower)
    news()
    assert sleeper.result()


def test_news_are_kept_for_who_was_busy(news, follower):
    news()
    assert follower.wait_beat(TIMEOUT)
    assert not follower.wait_beat(0.0)


def test_every_beat_is_woken(news, follower, open_another):
    sleepers = [Sleeper(follower), Sleeper(listening(open_another())), Sleeper(listening(open_another()))]
    news()
    assert [sleeper.result() for sleeper in sleepers] == [True] * 3


def test_a_thread_of_the_same_store_is_woken_too(stage, store):
    stage.lead("a")
    sleeper = Sleeper(listening(store))
    resign(stage)
    assert sleeper.result()


def test_the_first_entry_of_all_is_news(follower, stage):
    sleeper = Sleeper(follower)
    stage.add("e", next_fire=FAR)
    assert sleeper.result()


def test_another_process_wakes(store_url, follower, spawn):
    text = """if True:
        import sys
        from beat.stores import open_beat_store
        store = open_beat_store(sys.argv[1])
        sys.stdin.readline()
        store.request_reload()
        store.close()
    """
    process = spawn(text, store_url)
    sleeper = Sleeper(follower)
    process.communicate("go\n")
    assert process.returncode == 0
    assert sleeper.result()


def test_without_news_it_waits_for_as_long_as_asked(follower):
    start = time.monotonic()
    assert follower.wait_beat(0.2) is False
    assert 0.19 <= time.monotonic() - start < QUICK


def test_what_does_not_concern_beats_does_not_wake_them(stage, store, open_another):
    stage.add("e", "f", next_fire=DUE)
    follower = listening(open_another())
    term = stage.lead("a")
    store.renew("a", term, LONG)
    store.elect("b", LONG)
    assert not store.resign("b", 0)
    assert stage.fire(term, "e") == [True]
    later = change("e", seen_revision=1, seen_fire=FAR, next_fire=FAR)
    assert store.change([later, change("f", seen_revision=9)]) == [True, False]
    assert store.change([change("f", seen_revision=1, next_fire=FAR)]) == [True]
    stage.add("later", next_fire=FAR + 1)
    stage.remove("f")
    store.enqueue([NewJob("j", "default", 5, "{}")])
    assert follower.wait_beat(0.1) is False


class Stop(BaseException):
    pass


def wait_until_stopped(store):
    """What a handler raises a moment after the wait has begun."""
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        timer.start()
        store.wait_beat(TIMEOUT)
    finally:
        timer.join()


@pytest.fixture
def stopping_signal():
    def stop(*_):
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("stopping_signal")
@pytest.mark.parametrize("news", [resign], indirect=True)
def test_a_signal_handler_that_raises_ends_the_wait_and_harms_nothing(news, follower):
    start = time.monotonic()
    with pytest.raises(Stop):
        wait_until_stopped(follower)
    assert time.monotonic() - start < QUICK
    sleeper = Sleeper(listening(follower))
    news()
    assert sleeper.result()
