"""get, queues, job_ids, totals, report and workers: what can be seen from outside."""

from __future__ import annotations

import pytest
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import State
from jobq.store import WorkerInfo


def test_records_come_in_the_order_asked_for_with_gaps(desk, store):
    desk.enqueue("a", "b")
    found = store.get(["b", "unknown", "a", "b"])
    assert [record and record.id for record in found] == ["b", None, "a", "b"]


def test_no_ids_no_records(store):
    assert store.get([]) == []


def test_queues_count_what_waits_and_what_runs(desk, store):
    desk.enqueue("a", "b", "c", "d")
    desk.enqueue("later", delay=60 * SECOND)
    desk.enqueue("elsewhere", queue="other", priority=0)
    desk.fetch(limit=2)
    desk.end(desk.fetch_one(), keep=60)
    assert store.queues() == {
        "default": {State.AVAILABLE: 1, State.SCHEDULED: 1, State.RUNNING: 2},
        "other": {State.AVAILABLE: 1, State.SCHEDULED: 0, State.RUNNING: 0},
    }


def test_a_queue_that_was_emptied_is_still_listed(desk, store):
    desk.enqueue("a")
    desk.end(desk.fetch_one())
    nothing = {State.AVAILABLE: 0, State.SCHEDULED: 0, State.RUNNING: 0}
    assert store.queues() == {"default": nothing}


def test_there_are_no_queues_at_first(store):
    assert store.queues() == {}


def test_job_ids_are_in_the_order_of_fetching(desk, store):
    desk.enqueue("last", priority=9)
    desk.enqueue("a", "b")
    desk.enqueue("first", priority=0)
    desk.enqueue("later", delay=60 * SECOND)
    ids = store.job_ids("default")
    assert ids == ["first", "a", "b", "last"]
    assert desk.fetch_ids() == ids


def test_job_ids_are_at_most_limit(desk, store):
    desk.enqueue("c", priority=9)
    desk.enqueue("a", "b")
    assert store.job_ids("default", limit=2) == ["a", "b"]
    assert store.job_ids("default", limit=3) == ["a", "b", "c"]


def test_totals_start_at_0(store):
    assert store.totals() == {"completed": 0, "failed": 0, "cancelled": 0, "retried": 0, "lost": 0}


def test_totals_count_every_end_whatever_is_kept(desk, store):
    desk.enqueue(*"abcdef")
    for state, keep in [
        (State.COMPLETED, 0),
        (State.COMPLETED, 60),
        (State.FAILED, 0),
        (State.FAILED, -1),
        (State.CANCELLED, 60),
    ]:
        assert desk.end(desk.fetch_one(), state, keep=keep)
    assert desk.end(desk.fetch_one(), State.SCHEDULED, message='"m"', delay=60 * SECOND)
    assert store.totals() == {"completed": 2, "failed": 2, "cancelled": 1, "retried": 1, "lost": 0}


def test_the_clock_moves_on(store):
    before = store.now()
    assert wait_until(lambda: store.now() > before)


@pytest.fixture
def info():
    return WorkerInfo(
        "w1", "host-ž", 42, ("default", "other"), 1_700_000_000_000_000, running="a", completed=3, failed=1
    )


def test_a_worker_is_listed_as_it_reported(store, info):
    store.report(info, ttl=60)
    assert store.workers() == [info]


def test_workers_are_listed_by_name(store):
    for name in ("w2", "w1"):
        store.report(WorkerInfo(name, "h", 1, (), 0), ttl=60)
    assert [worker.name for worker in store.workers()] == ["w1", "w2"]


def test_the_last_report_counts(store, info):
    store.report(WorkerInfo("w1", "h", 1, (), 0), ttl=60)
    store.report(info, ttl=60)
    assert store.workers() == [info]


def test_a_worker_that_leaves_is_not_listed(store, info):
    store.report(info, ttl=60)
    store.report(info, ttl=0)
    assert store.workers() == []


def test_a_silent_worker_is_not_listed_for_ever(store, info):
    store.report(info, ttl=1)
    wait_until(lambda: store.workers() == [])
    store.report(WorkerInfo("w2", "h", 1, (), 0), ttl=60)
    assert [worker.name for worker in store.workers()] == ["w2"]


def test_there_are_no_workers_at_first(store):
    assert store.workers() == []


def test_a_url_for_logs_has_no_password(store):
    assert "://" in store.url


def test_a_closed_store_can_be_closed_again(store):
    store.close()
    store.close()
