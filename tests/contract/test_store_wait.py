"""wait and wait_ended: pushed, so quick, and never for longer than asked."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import State

LONG = 20.0
"""Seconds that a test waits for at the most: who is not woken fails by the clock."""

QUICK = 5.0
"""Far below LONG, far above what a wake-up takes on a machine that is busy."""


class Sleeper(threading.Thread):
    """Calls a blocking verb in a thread of its own and takes the time."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.answer, self.took = call, None, None
        self.start()
        self.join(timeout=0.05)  # asleep by now, most likely; the test holds if it is not

    def run(self):
        start = time.monotonic()
        self.answer = self.call()
        self.took = time.monotonic() - start

    def result(self):
        self.join(timeout=LONG + QUICK)
        assert not self.is_alive()
        assert self.took < QUICK
        return self.answer


def test_a_job_that_is_there_ends_the_wait_at_once(desk, store):
    desk.enqueue("a")
    start = time.monotonic()
    assert store.wait(["default"], LONG) is True
    assert time.monotonic() - start < QUICK


@pytest.mark.parametrize("queues", [("default",), ("other", "default")])
def test_a_new_job_wakes_who_waits_for_its_queue(desk, open_another, queues):
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait(queues, LONG))
    desk.enqueue("a")
    assert sleeper.result() is True


def test_a_thread_of_the_same_store_is_woken_too(desk, store):
    sleeper = Sleeper(lambda: store.wait(["default"], LONG))
    desk.enqueue("a")
    assert sleeper.result() is True


def test_a_job_from_another_process_wakes(store, store_url, spawn):
    text = """if True:
        import sys
        from jobq.job import NewJob
        from jobq.stores import open_store
        store = open_store(sys.argv[1])
        sys.stdin.readline()
        store.enqueue([NewJob("a", "default", 5, "{}")])
        store.close()
    """
    process = spawn(text, store_url)
    sleeper = Sleeper(lambda: store.wait(["default"], LONG))
    process.communicate("go\n", timeout=60)
    assert process.returncode == 0
    assert sleeper.result() is True


def test_what_a_completed_job_leads_to_wakes(desk, open_another, new):
    desk.enqueue("a")
    claim = desk.fetch_one()
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait(["next"], LONG))
    desk.end(claim, follow=(new("b", queue="next"),))
    assert sleeper.result() is True


def test_a_job_given_back_wakes(desk, store, open_another):
    desk.enqueue("a")
    claim = desk.fetch_one()
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait(["default"], LONG))
    store.release([("a", claim.token)])
    assert sleeper.result() is True


def test_a_requeued_job_wakes(desk, store, open_another):
    desk.fail("a")
    desk.fetch()
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait(["default"], LONG))
    store.requeue([("a", "")])
    assert sleeper.result() is True


def test_a_worker_that_waits_and_fetches_runs_a_delayed_job_in_time(desk, open_another):
    """Whether `wait` itself wakes, or wakes early so that `next_at` is looked at again, is the store's affair."""
    other = open_another()

    def work():
        while True:
            fetched = other.fetch(["default"], 1, SECOND, "w1")
            if fetched.claims:
                return fetched.claims[0].id
            until_next = (fetched.next_at - fetched.now) / SECOND if fetched.next_at else LONG
            other.wait(["default"], min(LONG, until_next))

    sleeper = Sleeper(work)
    desk.enqueue("a", delay=100_000)
    assert sleeper.result() == "a"


@pytest.mark.parametrize("enqueued", [None, "elsewhere"])
def test_a_wait_in_vain_ends_in_time(desk, store, enqueued):
    if enqueued:
        desk.enqueue("a", queue=enqueued)
    start = time.monotonic()
    assert store.wait(["default"], 0.1) is False
    assert 0.09 <= time.monotonic() - start < QUICK


def test_a_timeout_of_0_returns_at_once(store):
    start = time.monotonic()
    assert store.wait(["default"], 0.0) is False
    assert time.monotonic() - start < QUICK


class Stop(BaseException):
    pass


def test_a_signal_handler_may_raise_out_of_a_wait(desk, store):
    def stop(*_):
        raise Stop

    previous = signal.signal(signal.SIGALRM, stop)
    try:
        for _ in range(20):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(Stop):
                store.wait(["default"], LONG)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    desk.enqueue("a")
    assert store.wait(["default"], LONG) is True
    assert desk.end(desk.fetch_one())


# -- wait_ended


def test_the_record_of_a_job_that_has_ended_comes_at_once(desk, store):
    desk.enqueue("a")
    desk.end(desk.fetch_one(), payload="42", keep=60)
    start = time.monotonic()
    assert store.wait_ended("a", LONG) == store.get(["a"])[0]
    assert time.monotonic() - start < QUICK


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.CANCELLED])
def test_the_end_of_a_job_wakes_who_waits_for_it(desk, open_another, state):
    desk.enqueue("a")
    claim = desk.fetch_one()
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait_ended("a", LONG))
    desk.end(claim, state, payload='"p"', keep=60)
    record = sleeper.result()
    assert (record.state, record.result or record.error) == (state, '"p"')


def test_cancelling_is_an_end_too(desk, store, open_another):
    desk.enqueue("a")
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait_ended("a", LONG))
    store.cancel("a")
    assert sleeper.result().state is State.CANCELLED


def test_a_job_that_is_enqueued_only_later_is_waited_for(desk, open_another):
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait_ended("a", LONG))
    desk.enqueue("a")
    desk.end(desk.fetch_one(), keep=60)
    assert sleeper.result().state is State.COMPLETED


def test_several_threads_wait_for_different_jobs(desk, store):
    desk.enqueue("a", "b", "c")
    sleepers = {job_id: Sleeper(lambda i=job_id: store.wait_ended(i, LONG)) for job_id in ("c", "a", "b")}
    for claim in desk.fetch():
        desk.end(claim, payload=f'"{claim.id}"', keep=60)
    assert [sleepers[i].result().result for i in "abc"] == ['"a"', '"b"', '"c"']


@pytest.mark.parametrize("reached", ["unknown", "available", "running", "retried"])
def test_a_job_that_does_not_end_in_time_gives_none(desk, store, reached):
    if reached != "unknown":
        desk.enqueue("a")
    if reached in ("running", "retried"):
        claim = desk.fetch_one()
    if reached == "retried":
        desk.end(claim, State.SCHEDULED, message='"m"', delay=60 * SECOND)
    start = time.monotonic()
    assert store.wait_ended("a", 0.1) is None
    assert 0.09 <= time.monotonic() - start < QUICK


def test_a_retry_is_not_an_end(desk, open_another):
    desk.enqueue("a")
    claim = desk.fetch_one()
    waiting = open_another()
    sleeper = Sleeper(lambda: waiting.wait_ended("a", LONG))
    desk.end(claim, State.SCHEDULED, message='"m"')
    again = desk.fetch_one()
    assert sleeper.is_alive()
    desk.end(again, payload='"second"', keep=60)
    assert sleeper.result().result == '"second"'


def test_other_verbs_go_on_while_a_thread_waits(desk, store):
    """A worker's heartbeat extends leases while its main thread waits for jobs."""
    desk.enqueue("a")
    claim = desk.fetch_one()
    sleeper = Sleeper(lambda: store.wait(["other"], LONG))
    start = time.monotonic()
    for _ in range(20):
        assert store.extend([("a", claim.token)], SECOND) == [True]
    assert time.monotonic() - start < QUICK
    desk.enqueue("b", queue="other")
    assert wait_until(sleeper.result)
