"""cancel, forget and purge: what producers and operators take out."""

from __future__ import annotations

from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import State


def test_an_available_job_can_be_cancelled(desk, store):
    desk.enqueue("a", "b")
    before = store.now()
    assert store.cancel("a")
    assert desk.fetch_ids() == ["b"]
    (record,) = store.get(["a"])
    assert record.state is State.CANCELLED
    assert '"jobq.errors.TaskRevoked"' in record.error
    assert before <= record.ended_at <= store.now()
    assert store.totals()["cancelled"] == 1


def test_a_scheduled_job_can_be_cancelled(desk, store):
    desk.enqueue("a", delay=20_000)
    assert store.cancel("a")
    end = store.now() + 30_000
    wait_until(lambda: store.now() > end)
    assert desk.fetch() == []
    assert desk.state("a") is State.CANCELLED


def test_a_job_that_waits_for_its_retry_can_be_cancelled(desk, store):
    desk.enqueue("a")
    desk.end(desk.fetch_one(), State.SCHEDULED, message='"m"', delay=SECOND)
    assert store.cancel("a")
    assert desk.state("a") is State.CANCELLED


def test_neither_running_nor_ended_nor_unknown_jobs_can_be_cancelled(desk, store):
    desk.enqueue("running", "ended")
    desk.fetch_one()
    desk.end(desk.fetch_one(), keep=60)
    assert [store.cancel(i) for i in ("running", "ended", "unknown")] == [False] * 3
    assert [desk.state(i) for i in ("running", "ended")] == [State.RUNNING, State.COMPLETED]
    assert store.totals()["cancelled"] == 0


def test_a_cancel_repeated_says_that_the_job_has_ended(desk, store):
    desk.enqueue("a")
    assert store.cancel("a")
    assert not store.cancel("a")
    assert store.totals()["cancelled"] == 1


def test_ended_jobs_can_be_forgotten(desk, store):
    desk.enqueue("completed", "cancelled")
    desk.end(desk.fetch_one(), keep=60)
    store.cancel("cancelled")
    desk.fail("failed")
    ids = ["completed", "cancelled", "failed"]
    assert [store.forget(job_id) for job_id in ids] == [True] * 3
    assert store.get(ids) == [None] * 3
    assert store.failed() == []


def test_jobs_that_have_not_ended_cannot_be_forgotten(desk, store):
    desk.enqueue("running", "available")
    desk.fetch_one()
    desk.enqueue("scheduled", delay=60 * SECOND)
    assert [store.forget(i) for i in ("running", "available", "scheduled", "unknown")] == [False] * 4
    assert [desk.state(i) for i in ("running", "available", "scheduled")] == [
        State.RUNNING,
        State.AVAILABLE,
        State.SCHEDULED,
    ]


def test_purge_forgets_what_waits_in_a_queue(desk, store):
    desk.enqueue("a", "b")
    desk.enqueue("urgent", priority=0)
    desk.enqueue("later", delay=60 * SECOND)
    assert store.purge("default") == 4
    assert store.get(["a", "b", "urgent", "later"]) == [None] * 4
    assert desk.fetch() == []
    assert store.fetch(["default"], 1, SECOND, "w1").next_at == 0


def test_purge_leaves_what_runs_what_ended_and_other_queues(desk, store):
    desk.enqueue("running", "ended", "waiting")
    desk.fetch_one()
    desk.end(desk.fetch_one(), keep=60)
    desk.enqueue("elsewhere", queue="other")
    assert store.purge("default") == 1
    assert [desk.state(i) for i in ("running", "ended", "elsewhere")] == [
        State.RUNNING,
        State.COMPLETED,
        State.AVAILABLE,
    ]


def test_purging_an_empty_queue(store):
    assert store.purge("never") == 0


def test_a_large_queue_is_purged_whole(desk, store):
    desk.enqueue(*map(str, range(2500)))
    assert store.purge("default") == 2500
    assert store.job_ids("default") == []


def test_a_purged_id_is_free_again(desk, store):
    desk.enqueue("a")
    store.purge("default")
    assert desk.enqueue("a") == [True]
