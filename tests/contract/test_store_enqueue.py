"""enqueue: what goes in, and when it becomes available."""

from __future__ import annotations

import pytest
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import JobRecord, Outcome, State


def test_new_ids_are_inserted(desk):
    assert desk.enqueue("a", "b") == [True, True]
    assert desk.fetch_ids() == ["a", "b"]


def test_an_empty_batch_is_no_work(store):
    assert store.enqueue([]) == []


def test_a_known_id_is_refused_and_its_job_left_alone(desk, store):
    desk.enqueue("a", message='"first"')
    assert desk.enqueue("a", "b", message='"second"') == [False, True]
    assert [record.message for record in store.get(["a", "b"])] == ['"first"', '"second"']


def test_an_id_twice_in_a_batch_is_inserted_once(desk):
    assert desk.enqueue("a", "b", "a") == [True, True, False]
    assert desk.fetch_ids() == ["a", "b"]


def test_an_id_is_known_in_every_state(desk):
    desk.enqueue("scheduled", delay=60 * SECOND)
    desk.enqueue("cancelled")
    desk.store.cancel("cancelled")
    desk.fail("failed")
    desk.enqueue("completed", "running")
    desk.end(desk.fetch_one(), keep=60)
    desk.fetch_one()
    ids = ("scheduled", "cancelled", "failed", "completed", "running")
    assert [desk.state(job_id) for job_id in ids] == list(ids)
    assert desk.enqueue(*ids) == [False] * 5
    assert [desk.state(job_id) for job_id in ids] == list(ids)


def test_a_known_id_is_refused_in_another_queue_too(desk):
    desk.enqueue("a", queue="one")
    assert desk.enqueue("a", queue="two") == [False]


def test_a_forgotten_id_is_free_again(desk, store):
    desk.enqueue("a")
    desk.end(desk.fetch_one(), keep=60)
    store.forget("a")
    assert desk.enqueue("a") == [True]
    assert desk.fetch_one().attempt == 1


def test_the_id_of_an_expired_record_is_free_again(desk, store):
    desk.enqueue("a")
    desk.end(desk.fetch_one(), keep=1, payload='"old"')
    assert desk.enqueue("a") == [False]
    assert wait_until(lambda: desk.enqueue("a") == [True])
    assert store.get(["a"])[0].result == ""


def test_the_record_says_what_was_enqueued(store, new):
    before = store.now()
    store.enqueue([new("a", queue="q", priority=3, message='{"task":"t"}')])
    (record,) = store.get(["a"])
    assert before <= record.enqueued_at <= store.now()
    assert record == JobRecord("a", "q", 3, State.AVAILABLE, '{"task":"t"}', enqueued_at=record.enqueued_at)


@pytest.mark.parametrize(
    "message", ['{"args":["Žluťoučký 🐎"]}', "not JSON", "a\nb\t\"'\\", "", "[1,2" * 50_000], ids=len
)
def test_a_message_comes_out_as_it_went_in(desk, store, message):
    desk.enqueue("a", message=message)
    assert desk.fetch_one().message == message.encode()
    assert store.get(["a"])[0].message == message


def test_ids_and_queues_may_be_any_sort_of_text(desk):
    job_id, queue = "účet: 'a\"%_[0]@2026-11-21T03:00:00Z", "fronta-č.1:*"
    assert desk.enqueue(job_id, queue=queue) == [True]
    (claim,) = desk.fetch(queue)
    assert (claim.id, claim.queue) == (job_id, queue)
    assert desk.end(claim, keep=60)
    assert desk.state(job_id) is State.COMPLETED


def test_a_delayed_job_waits(desk, store):
    before = store.now()
    desk.enqueue("a", delay=60 * SECOND)
    (record,) = store.get(["a"])
    assert record.state is State.SCHEDULED
    assert before + 60 * SECOND <= record.due <= store.now() + 60 * SECOND
    assert desk.fetch() == []


def test_a_delayed_job_runs_when_its_time_has_come_and_not_before(desk, store):
    desk.enqueue("a", delay=50_000)
    (record,) = store.get(["a"])
    desk.fetch_one()
    assert store.now() >= record.due
    assert store.get(["a"])[0].started_at >= record.due


def test_a_job_with_a_due_time_waits_for_it(desk, store):
    due = store.now() + 200_000
    desk.enqueue("a", due=due)
    assert store.get(["a"])[0].due == due
    desk.fetch_one()
    assert store.now() >= due


def test_a_due_time_in_the_past_means_at_once(desk, store):
    desk.enqueue("a", due=store.now() - SECOND)
    assert desk.state("a") is State.AVAILABLE


@pytest.mark.parametrize(("due", "delay"), [(60, 1), (1, 60)])
def test_the_later_of_due_and_delay_counts(desk, store, due, delay):
    now = store.now()
    desk.enqueue("a", due=now + due * SECOND, delay=delay * SECOND)
    (record,) = store.get(["a"])
    assert now + 60 * SECOND <= record.due <= store.now() + 60 * SECOND


def test_a_large_batch_comes_out_whole_and_in_order(desk, store):
    ids = [f"job-{number}" for number in range(2500)]
    assert all(desk.enqueue(*ids))
    assert store.job_ids("default", limit=3000) == ids
    fetched = []
    while claims := desk.fetch(limit=1000):
        assert all(store.complete([Outcome(claim.id, claim.token, State.COMPLETED) for claim in claims]))
        fetched += [claim.id for claim in claims]
    assert fetched == ids
    assert store.totals()["completed"] == 2500
