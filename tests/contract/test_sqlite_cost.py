"""What is SQLite's own: which index a query uses, what an injected clock decides, and how records go."""

from __future__ import annotations

import re

import pytest

from jobq.instants import SECOND
from jobq.job import NewJob, Outcome, State
from jobq.stores import sqlite_steps as steps
from jobq.stores.sqlite import SQLiteStore
from jobq.stores.sqlite_schema import QUEUE_SCHEMA


class Clock:
    def __init__(self):
        self.now = 1_700_000_000 * SECOND

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(sqlite_url, clock):
    store = SQLiteStore(f"{sqlite_url}?synchronous=off", clock=clock)
    yield store
    store.close()


def new(job_id, **fields):
    return NewJob(**{"id": job_id, "queue": "default", "priority": 5, "message": "{}"} | fields)


def fetch(store, limit=100, lease=60 * SECOND):
    return store.fetch(["default"], limit, lease, "w1").claims


def plan(store, query, parameters):
    with store._read() as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", parameters)]


@pytest.mark.parametrize(
    ("query", "parameters", "index"),
    [
        (steps.CLAIMABLE, (0, "default", 10), "jobs_available (queue=?)"),
        (steps.PROMOTABLE, ("default", 0, 10), "jobs_scheduled (queue=? AND due<?)"),
        (steps.EXPIRED, (0, 10), "jobs_running (lease_until<?)"),
        (steps.FORGETTABLE, (0, 10), "jobs_forgettable (forget_at>? AND forget_at<?)"),
    ],
    ids=["claim", "promote", "reap", "prune"],
)
def test_a_hot_query_reads_its_index_in_order(store, query, parameters, index):
    (step,) = plan(store, query, parameters)
    assert re.fullmatch(r"SEARCH jobs USING (COVERING )?INDEX " + re.escape(index), step)


def test_looking_for_work_reads_one_entry_of_each_index(store):
    used = [step for step in plan(store, steps.OUTLOOK, {"queues": '["a"]'}) if "jobs" in step]
    assert [re.search(r"jobs_\w+", step)[0] for step in used] == [
        "jobs_available",
        "jobs_scheduled",
        "jobs_running",
    ]
    assert all(step.startswith("SEARCH") for step in used)


def test_a_fetch_that_finds_nothing_does_not_write(store):
    store.enqueue([new("later", delay=SECOND)])
    with store._read() as connection:
        before = connection.total_changes
    assert fetch(store) == []
    with store._read() as connection:
        assert connection.total_changes == before


def test_expired_records_are_deleted_by_those_who_add_records(store, clock):
    store.enqueue([new(f"old-{number}") for number in range(10)])
    store.complete([Outcome(c.id, c.token, State.COMPLETED, keep=1) for c in fetch(store)])
    clock.now += 2 * SECOND
    store.enqueue([new("a"), new("b")])
    store.complete([Outcome(c.id, c.token, State.COMPLETED, keep=60) for c in fetch(store)])
    with store._read() as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (10 - 4 + 2,)


def test_dead_letters_go_after_30_days(store, clock):
    store.enqueue([new("a")])
    store.complete([Outcome(c.id, c.token, State.FAILED, keep=-1) for c in fetch(store)])
    clock.now += 30 * 86400 * SECOND - 1
    assert [record.id for record in store.failed()] == ["a"]
    clock.now += 1
    assert store.failed() == []
    assert store.get(["a"]) == [None]
    assert store.requeue([("a", "")]) == [False]


def test_a_clock_that_steps_back_does_not_upset_the_order(store, clock):
    store.enqueue([new("a"), new("later", delay=SECOND)])
    clock.now -= 3600 * SECOND
    store.enqueue([new("b")])
    clock.now += 3602 * SECOND
    assert [claim.id for claim in fetch(store)] == ["a", "b", "later"]


def test_a_result_may_be_text_of_any_bytes(store):
    """Another program may have written it; what it wrote must not stop a worker or a listing."""
    store.enqueue([new("a")])
    with store._write() as connection:
        connection.execute("UPDATE jobs SET message = CAST(x'ff00fe' AS TEXT)")
    assert store.get(["a"])[0].message == "\ufffd\0\ufffd"
    assert fetch(store)[0].message == b"\xff\x00\xfe"


def test_a_subclass_keeps_its_tables_in_the_same_file(sqlite_url, store):
    class WithEntries(SQLiteStore):
        schemas = (QUEUE_SCHEMA, "CREATE TABLE IF NOT EXISTS entries (name TEXT PRIMARY KEY);")

    store.enqueue([new("a")])
    other = WithEntries(sqlite_url)
    with other._write() as connection:
        connection.execute("INSERT INTO entries VALUES ('nightly')")
        assert other._insert_jobs(connection, [new("a"), new("b")], other.now()) == [False, True]
    other.close()
    assert store.job_ids("default") == ["a", "b"]
