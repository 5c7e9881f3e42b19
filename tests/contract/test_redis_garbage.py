"""Whatever other programs write into the fields of a job's hash in Redis, its own job at the most is harmed by it."""

from __future__ import annotations

import pytest
import redis_fixtures
from waiting import wait_until

from jobq.job import Outcome, State

GARBAGE = ["", "abc", "1.5", "-7", "1e300", "-1e300", "inf", "nan", "9" * 40, "0x10", " 5 ", b"\xff\x00"]
FIELDS = [
    "queue", "priority", "message", "state", "token", "attempt", "lost", "enqueued_at", "due", "started_at",
    "ended_at", "worker", "result", "error", "lease", "called",
]  # fmt: skip
FAILED = {"state": State.FAILED, "payload": '{"type":"E","message":"m"}', "keep": -1}
LARGEST = 2**53


store_url = redis_fixtures.redis_alone
server = redis_fixtures.client


def spoilt(field):
    """Ways to spoil a field, the last to lose it."""

    def writer(value):
        return lambda server, job_id: server.hset(f"{{beatd}}:job:{job_id}", field, value)

    return [*map(writer, GARBAGE), lambda server, job_id: server.hdel(f"{{beatd}}:job:{job_id}", field)]


def sound(record):
    numbers = (record.attempt, record.lost, record.enqueued_at, record.started_at, record.ended_at)
    return all(0 <= number < LARGEST for number in numbers) and 0 <= record.priority <= 9


@pytest.mark.parametrize("field", FIELDS)
def test_a_job_that_waits(desk, store, server, field):
    for spoil in spoilt(field):
        desk.enqueue("a", "bad", "b")
        spoil(server, "bad")
        claims = desk.fetch()
        assert [claim.id for claim in claims if claim.id != "bad"] == ["a", "b"]
        assert (len(claims) == 3) == (field != "state")
        assert all((claim.queue, claim.attempt > 0) == ("default", True) for claim in claims)
        assert all(0 <= claim.enqueued_at < LARGEST for claim in claims)
        assert store.release([(claim.id, claim.token) for claim in claims]) == [True] * len(claims)
        again = desk.fetch()
        assert [claim.id for claim in again] == [claim.id for claim in claims]
        assert all(map(sound, filter(None, store.get([claim.id for claim in again]))))
        outcomes = [Outcome(claim.id, claim.token, **FAILED) for claim in again]
        assert store.complete(outcomes) == [True] * len(again)
        assert {record.id for record in store.failed()} == {claim.id for claim in again}
        server.flushdb()


@pytest.mark.parametrize("verb", ["complete", "retry", "release", "extend", "lease over"])
@pytest.mark.parametrize("field", FIELDS)
def test_a_job_that_runs(desk, store, server, field, verb):
    for spoil in spoilt(field):
        desk.enqueue("a", "bad", "b")
        claims = desk.fetch(lease=1) if verb == "lease over" else desk.fetch()
        spoil(server, "bad")
        pairs = [(claim.id, claim.token) for claim in claims]
        held = [True, field not in ("state", "token"), True]
        if verb == "complete":
            assert store.complete([Outcome(*pair, State.COMPLETED) for pair in pairs]) == held
        elif verb == "retry":
            assert store.complete([Outcome(*pair, State.SCHEDULED) for pair in pairs]) == held
            fetched = set(desk.fetch_ids("default", ""))
            assert {"a", "b"} <= fetched
        elif verb == "release":
            assert store.release(pairs) == held
            assert {"a", "b"} <= set(desk.fetch_ids())
        elif verb == "extend":
            assert store.extend(pairs, 1000) == held
        else:
            back = {desk.fetch_one().id, desk.fetch_one().id}
            assert len(back & {"a", "b"}) >= 1
        assert all(map(sound, filter(None, store.get(["a", "bad", "b"]))))
        store.queues()
        store.totals()
        server.flushdb()


@pytest.mark.parametrize("field", FIELDS)
def test_a_dead_letter(desk, store, server, field):
    for spoil in spoilt(field):
        desk.fail("a", "bad", "b")
        spoil(server, "bad")
        records = store.failed()
        assert [record.id for record in records if record.id != "bad"] == ["b", "a"]
        assert (len(records) == 3) == (field != "state")
        assert all(map(sound, records))
        assert store.requeue([("a", ""), ("bad", ""), ("b", "")]) == [True, field != "state", True]
        assert {"a", "b"} <= set(desk.fetch_ids())
        server.flushdb()


@pytest.mark.parametrize("field", ["queue", "priority", "due", "message"])
def test_a_job_of_a_later_time(desk, server, field):
    for spoil in spoilt(field):
        desk.enqueue("a", "bad", "b", delay=1)
        spoil(server, "bad")
        fetched = []
        wait_until(lambda into=fetched: into.extend(desk.fetch_ids()) or len(into) == 3)
        server.flushdb()


def test_garbage_in_the_totals(desk, store, server):
    server.hset("{beatd}:totals", mapping={"completed": "abc", "failed": "1e300"})
    desk.enqueue("a")
    assert desk.end(desk.fetch_one())
    assert (store.totals()["completed"], store.totals()["failed"]) == (1, 0)


def test_a_time_that_never_comes_is_not_waited_for(store, server):
    server.zadd("{beatd}:scheduled:default", {"bad": float("inf")})
    assert store.fetch(["default"], 1, 1000, "w").next_at == 0
