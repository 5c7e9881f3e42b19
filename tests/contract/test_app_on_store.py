"""The app's promises on real stores: what is called runs, and what became of it can be seen."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from waiting import wait_until

from jobq import App, signature
from jobq.errors import NotRegistered, ResultTimeout, TaskRevoked, WorkerLost
from jobq.instants import from_micros
from jobq.job import MAX_LOST, State
from jobq.message import LOST
from jobq.testing import run_until_idle

FAR = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def app(store_url):
    app = App("tasks", store=store_url)
    app.task(lambda *args: sum(args), name="add")
    app.task(lambda: 1 / 0, name="fail")
    yield app
    app.store.close()


def record(app, result):
    return app.store.get([result.id])[0]


def state(app, result):
    found = record(app, result)
    return found and found.state


# -- calls and their ends


def test_a_call_runs_and_its_result_is_kept(app):
    result = app.tasks["add"].delay(1, 2)
    assert (result.state, result.ready(), result.result) == ("PENDING", False, None)
    assert run_until_idle(app) == 1
    again = app.AsyncResult(result.id)
    assert (again.get(timeout=0), again.state, again.successful()) == (3, "SUCCESS", True)
    assert (again.name, again.args, again.kwargs, again.traceback) == ("add", (1, 2), {}, None)
    assert from_micros(record(app, result).started_at) <= again.date_done


def test_a_failure_is_raised_where_it_is_waited_for(app):
    result = app.send_task("fail")
    run_until_idle(app)
    assert (result.state, result.failed()) == ("FAILURE", True)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        result.get(timeout=0)
    assert isinstance(result.get(timeout=0, propagate=False), ZeroDivisionError)
    assert "ZeroDivisionError: division by zero" in result.traceback
    assert [dead.id for dead in app.store.failed()] == [result.id]


def test_an_unknown_task_fails_with_the_nearest_name(app):
    result = app.send_task("ad")
    run_until_idle(app)
    with pytest.raises(NotRegistered, match='did you mean "add"'):
        result.get(timeout=0)


def test_many_calls_keep_their_order(app):
    order = []
    app.task(order.append, name="note")
    results = app.enqueue_many([app.tasks["note"].s(n) for n in range(50)])
    assert run_until_idle(app) == 50
    assert order == list(range(50))
    assert all(result.successful() for result in results)


def test_the_async_twins(app):
    add = app.tasks["add"]

    async def go():
        one, two = await asyncio.gather(add.adelay(1, 2), add.aapply_async((3,), queue="other"))
        await asyncio.to_thread(run_until_idle, app)
        return await one.aget(timeout=5), await two.aget(timeout=5)

    assert asyncio.run(go()) == (3, 3)


def test_an_ignored_result_leaves_nothing(app):
    result = app.send_task("add", (1,), ignore_result=True)
    run_until_idle(app)
    assert state(app, result) is None
    assert result.get() is None
    assert app.store.totals()["completed"] == 1


def test_an_ignored_failure_is_a_dead_letter_all_the_same(app):
    result = app.send_task("fail", ignore_result=True)
    run_until_idle(app)
    assert state(app, result) is State.FAILED


# -- when


def test_a_countdown_is_by_the_stores_clock(app):
    before = app.store.now()
    result = app.send_task("add", countdown=600)
    assert state(app, result) is State.SCHEDULED
    assert before + 600_000_000 <= record(app, result).due <= app.store.now() + 600_000_000
    assert run_until_idle(app) == 0
    assert result.state == "PENDING"


def test_a_short_countdown_comes_to_its_end(app):
    result = app.send_task("add", (1,), countdown=0.05)
    assert run_until_idle(app) == 0
    wait_until(lambda: run_until_idle(app))
    assert result.get(timeout=0) == 1
    assert record(app, result).started_at >= record(app, result).due


@pytest.mark.parametrize("eta", [FAR, datetime(2255, 6, 5, 23, 47, 34, 740991, tzinfo=UTC)])
def test_an_eta_is_kept_to_the_microsecond(app, eta):
    result = app.send_task("add", eta=eta)
    assert state(app, result) is State.SCHEDULED
    assert from_micros(record(app, result).due) == eta


def test_a_naive_eta_is_in_the_apps_zone(app):
    app.conf.timezone = "Asia/Kathmandu"
    result = app.send_task("add", eta=FAR.replace(tzinfo=None))
    assert from_micros(record(app, result).due) == FAR - timedelta(hours=5, minutes=45)


def test_a_past_eta_is_now(app):
    app.send_task("add", eta=datetime(2000, 1, 1, tzinfo=UTC))
    app.send_task("add", eta=datetime(1900, 1, 1, tzinfo=UTC), countdown=-5)
    assert run_until_idle(app) == 2


def test_a_task_knows_what_it_was_to_wait_for(app):
    seen = []
    task = app.task(lambda: seen.append((task.request.eta, task.request.expires)), name="look")
    task.apply_async(eta=datetime(2001, 2, 3, 4, tzinfo=UTC), expires=FAR)
    task.delay()
    run_until_idle(app)
    assert seen == [("2001-02-03T04:00:00Z", "2100-01-01T00:00:00Z"), (None, None)]


@pytest.mark.parametrize("expires", [0, timedelta(0), datetime(2000, 1, 1, tzinfo=UTC)])
def test_what_has_expired_never_starts(app, expires):
    result = app.send_task("add", expires=expires)
    before = app.store.now()
    wait_until(lambda: app.store.now() > before)
    run_until_idle(app)
    assert result.state == "REVOKED"
    with pytest.raises(TaskRevoked, match="expired before it started"):
        result.get(timeout=0)


@pytest.mark.parametrize("expires", [600, timedelta(hours=1), FAR])
def test_what_has_not_expired_runs(app, expires):
    result = app.send_task("add", (1,), expires=expires)
    run_until_idle(app)
    assert result.get(timeout=0) == 1


# -- where, and in which order


def test_urgent_jobs_come_first(app):
    order = []
    app.task(order.append, name="note")
    for priority in (9, None, 0, 3):
        app.send_task("note", (priority,), priority=priority)
    run_until_idle(app)
    assert order == [0, 3, None, 9]


def test_queues_are_as_the_call_the_task_and_the_routes_say(app):
    app.conf.task_routes = {"mail.*": {"queue": "mail"}}
    app.conf.task_default_queue = "mine"
    app.task(len, name="slow", queue="slow")
    for name, options in (("mail.send", {}), ("slow", {}), ("slow", {"queue": "fast"}), ("add", {})):
        app.send_task(name, **options)
    counts = {name: by_state[State.AVAILABLE] for name, by_state in app.store.queues().items()}
    assert counts == {"mail": 1, "slow": 1, "fast": 1, "mine": 1}


# -- once


def test_a_task_id_is_enqueued_once(app):
    first = app.send_task("add", (1,), task_id="one")
    second = app.send_task("add", (2,), task_id="one")
    assert first == second
    assert run_until_idle(app) == 1
    assert second.get(timeout=0) == 1
    app.send_task("add", (3,), task_id="one")
    assert run_until_idle(app) == 0


def test_a_forgotten_id_is_free_again(app):
    result = app.send_task("add", (1,), task_id="one")
    assert not result.forget()
    run_until_idle(app)
    assert result.forget()
    assert not result.forget()
    assert app.AsyncResult("one").state == "PENDING"
    app.send_task("add", (2,), task_id="one")
    run_until_idle(app)
    assert app.AsyncResult("one").get(timeout=0) == 2


@pytest.mark.parametrize("options", [{}, {"countdown": 600}])
def test_a_revoked_job_never_starts(app, options):
    result = app.send_task("add", **options)
    assert result.revoke()
    assert not result.revoke()
    assert run_until_idle(app) == 0
    assert (result.state, result.ready()) == ("REVOKED", True)
    with pytest.raises(TaskRevoked, match="cancelled before it started"):
        result.get(timeout=0)


# -- waiting


def test_waiting_ends_when_the_job_does(app):
    result = app.send_task("add", (1, 2))
    worker = threading.Timer(0.05, run_until_idle, [app])
    worker.start()
    assert result.get(timeout=10) == 3
    worker.join()


def test_waiting_ends_when_the_job_is_cancelled(app):
    result = app.send_task("add")
    canceller = threading.Timer(0.05, result.revoke)
    canceller.start()
    assert isinstance(result.get(timeout=10, propagate=False), TaskRevoked)
    canceller.join()


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_waiting_in_vain_ends_in_time(app, timeout):
    result = app.send_task("add")
    began = time.monotonic()
    with pytest.raises(ResultTimeout):
        result.get(timeout=timeout)
    assert timeout <= time.monotonic() - began < timeout + 5


# -- again


def test_a_retry_is_seen(app):
    @app.task(name="flaky", bind=True)
    def flaky(self):
        raise self.retry(exc=OSError("gone"), countdown=3600)

    result = flaky.delay()
    assert run_until_idle(app) == 1
    assert result.state == "RETRY"
    assert isinstance(result.result, OSError)
    assert "gone" in result.traceback


def test_retries_are_counted(app):
    @app.task(name="flaky", bind=True, max_retries=2)
    def flaky(self, fails):
        if self.request.retries < fails:
            raise self.retry(exc=OSError(f"gone {self.request.retries}"), countdown=0.02)
        return self.request.retries

    good, bad = flaky.delay(2), flaky.delay(9)
    wait_until(lambda: run_until_idle(app) is not None and good.ready() and bad.ready())
    assert (good.get(), record(app, good).attempt, good.traceback) == (2, 3, None)
    with pytest.raises(OSError, match="gone 2"):
        bad.get()
    assert app.store.totals()["retried"] == 4


def test_a_job_that_will_be_retried_can_be_revoked(app):
    task = app.task(name="flaky", autoretry_for=ZeroDivisionError)(lambda: 1 / 0)
    result = task.delay()
    run_until_idle(app)
    assert (result.state, result.revoke(), result.state) == ("RETRY", True, "REVOKED")


# -- what follows


def test_a_link_gets_the_result_and_knows_where_it_comes_from(app):
    seen = []

    @app.task(name="look", bind=True)
    def look(self, *args):
        seen.append((args, self.request.parent_id, self.request.root_id, self.request.id))

    add = app.tasks["add"]
    first = add.apply_async((1, 2), link=add.s(10).set(link=[look.s("x"), look.si("y")], queue="other"))
    assert run_until_idle(app) == 4
    ((second, _), *last) = [(r, value) for r, value in first.collect(timeout=0) if r != first]
    assert seen == [
        ((13, "x"), second.id, first.id, last[0][0].id),
        (("y",), second.id, first.id, last[1][0].id),
    ]
    assert (second.result, second.parent, record(app, second).queue) == (13, first, "other")
    assert [child.id for child in second.children] == [r.id for r, _ in last]


def test_a_failure_calls_its_own_links_with_its_id(app):
    seen = []
    app.task(lambda *args: seen.append(args), name="note")
    note = app.tasks["note"]
    failed = app.send_task("fail", link=note.s("never"), link_error=[note.s("failed"), note.si("fixed")])
    app.send_task("add", (1,), link=note.s("good"), link_error=note.s("never"))
    run_until_idle(app)
    assert len(seen) == 3
    assert set(seen) == {("fixed",), (failed.id, "failed"), (1, "good")}


def test_a_job_that_killed_too_many_workers_calls_what_is_linked_to_its_failure(app):
    seen, runs = [], []
    app.task(lambda *args: seen.append(args), name="note")
    app.task(lambda: runs.append(1), name="deadly")
    note = app.tasks["note"]
    deadly = app.send_task("deadly", link=note.s("never"), link_error=note.s("died"))
    for _ in range(MAX_LOST + 1):
        wait_until(lambda: app.store.fetch(["default"], 1, 1, "dies").claims)
    wait_until(lambda: run_until_idle(app))
    assert (seen, runs) == ([(deadly.id, "died")], [])
    assert record(app, deadly).error == LOST
    with pytest.raises(WorkerLost, match="died 11 times"):
        deadly.get(timeout=0)


def test_a_link_waits_and_is_routed_like_any_call(app):
    app.conf.task_routes = {"report": "reports"}
    app.send_task("add", (1,), link=[signature("report"), signature("add", countdown=600)])
    run_until_idle(app)
    counts = app.store.queues()
    assert counts["default"][State.SCHEDULED] == 1
    assert app.store.totals()["failed"] == 1  # no task "report" is registered
    assert counts["reports"][State.AVAILABLE] == 0


def test_what_a_job_enqueues_has_it_as_its_parent(app):
    @app.task(name="outer")
    def outer():
        return app.send_task("add", (1,)).id

    @app.task(name="outermost")
    async def outermost():
        return (await outer.adelay()).id

    top = outermost.delay()
    assert run_until_idle(app) == 3
    middle = app.AsyncResult(top.get(timeout=0))
    inner = app.AsyncResult(middle.get(timeout=0))
    assert (inner.parent, middle.parent, top.parent) == (middle, top, None)
    assert inner._message().root_id == top.id


# -- a worker that does not share this process


WORKER = """
import sys
from jobq import App
from jobq.worker.options import WorkerOptions
from jobq.worker.supervisor import run_worker

app = App("tasks", store=sys.argv[1])

@app.task(name="add", bind=True, autoretry_for=OSError, default_retry_delay=0)
def add(self, a, b=0):
    if not self.request.retries:
        raise OSError("once more")
    return a + b

@app.task(name="wait")
async def wait(value):
    return [value, wait.request.parent_id]

sys.exit(run_worker(app, WorkerOptions(pool=sys.argv[2], burst=True, queues=("default", "other"), name="w")))
"""


@pytest.mark.parametrize("pool", ["solo", "prefork"])
def test_a_burst_worker_runs_all_there_is_and_leaves(app, store_url, spawn, pool):
    add = signature("add", app=app)
    sums = [add.apply_async((n,), {"b": 1}) for n in range(20)]
    first = add.apply_async((1,), link=signature("wait", queue="other"))
    unknown = app.send_task("no.such.task")
    later = app.send_task("add", (1,), countdown=600)
    worker = spawn(WORKER, store_url, pool)
    assert [result.get(timeout=20) for result in sums] == list(range(1, 21))
    assert [value for _, value in first.collect(timeout=20)] == [1, [1, first.id]]
    with pytest.raises(NotRegistered):
        unknown.get(timeout=20)
    assert worker.wait(timeout=20) == 0
    assert later.state == "PENDING"
    assert app.store.workers() == []


def test_a_forked_child_opens_its_own_store(app, store_url, spawn):
    """An app that has spoken to its store already may be handed to a worker that forks."""
    app.send_task("add", (5,))
    before = 'app = App("tasks", store=sys.argv[1])'
    assert before in WORKER
    worker = spawn(WORKER.replace(before, f"{before}; app.store.queues()"), store_url, "prefork")
    assert worker.wait(timeout=20) == 0
    assert app.store.totals()["completed"] == 1
