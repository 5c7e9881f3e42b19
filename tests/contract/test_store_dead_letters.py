"""failed and requeue: jobs that were given up, and their second life."""

from __future__ import annotations

from waiting import wait_until

from jobq.job import State


def test_the_latest_comes_first(desk, store):
    desk.fail("a", "b", "c")
    assert [record.id for record in store.failed()] == ["c", "b", "a"]


def test_they_can_be_read_in_pages(desk, store):
    desk.fail("a", "b", "c")
    assert [record.id for record in store.failed(limit=2)] == ["c", "b"]
    assert [record.id for record in store.failed(limit=2, offset=2)] == ["a"]
    assert store.failed(offset=3) == []


def test_there_are_none_at_first(store):
    assert store.failed() == []


def test_a_requeued_job_starts_anew(desk, store):
    desk.lose("a")
    desk.end(desk.fetch_one(), State.FAILED, payload='"no"', keep=-1)
    assert store.requeue([("a", "")]) == [True]
    (record,) = store.get(["a"])
    assert (record.state, record.attempt, record.lost) == (State.AVAILABLE, 0, 0)
    assert (record.error, record.ended_at, record.started_at, record.worker) == ("", 0, 0, "")
    assert store.failed() == []
    assert desk.fetch_one().attempt == 1


def test_an_empty_message_leaves_the_stored_one(desk, store):
    desk.fail("a")
    store.requeue([("a", "")])
    assert desk.fetch_one().message == b'{"task":"t"}'


def test_a_message_replaces_the_stored_one(desk, store):
    desk.fail("a")
    store.requeue([("a", '"anew"')])
    assert desk.fetch_one().message == b'"anew"'


def test_requeued_jobs_join_the_back_of_their_queue(desk, store):
    desk.fail("a", "b")
    desk.enqueue("c")
    assert store.requeue([("b", ""), ("a", "")]) == [True, True]
    assert store.job_ids("default") == ["c", "b", "a"]


def test_only_failed_jobs_are_requeued(desk, store):
    desk.fail("failed")
    desk.enqueue("completed", "running", "available")
    desk.end(desk.fetch_one(), keep=60)
    desk.fetch_one()
    ids = ["completed", "running", "available", "unknown", "failed"]
    assert store.requeue([(job_id, "") for job_id in ids]) == [False] * 4 + [True]


def test_a_requeue_repeated_changes_nothing(desk, store):
    desk.fail("a")
    assert store.requeue([("a", ""), ("a", "")]) == [True, False]
    assert store.requeue([("a", "")]) == [False]
    assert store.job_ids("default") == ["a"]


def test_a_requeued_job_is_kept_like_any_other(desk, store):
    """Its record as a dead letter had a last day; the job has none."""
    desk.enqueue("a")
    desk.end(desk.fetch_one(), State.FAILED, keep=1)
    assert store.requeue([("a", "")]) == [True]
    end = store.now() + 1_100_000
    wait_until(lambda: store.now() > end)
    assert desk.fetch_one().id == "a"


def test_nothing_to_requeue(store):
    assert store.requeue([]) == []
