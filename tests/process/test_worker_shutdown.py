"""A worker that is told to leave: once, and its running jobs finish; twice or too late, and they are given back."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest
from jobs import enqueue_behind, record, runs, wait_completed, wait_runs, wait_state, warm_up
from waiting import wait_until

from jobq.job import State
from jobq.worker.supervisor import GRACE

POOLS = pytest.mark.parametrize("pool", ["prefork", "solo"])


@pytest.fixture
def busy(programs, app, tmp_path):
    """`busy("--pool", "solo")`: a worker of one child in the middle of a job, and the job's id."""

    def start(*options, task="hold"):
        worker = programs.worker("--concurrency", "1", *options)
        job = app.send_task(f"process_tasks.{task}", [str(tmp_path)]).id
        wait_runs(tmp_path)
        return worker, job

    return start


def run_burst(programs):
    """The exit code of a worker that runs what there is."""
    return programs.worker("--burst", "--concurrency", "1", name="after").wait()


def test_sigterm_lets_the_running_job_finish_and_gives_back_what_was_fetched(programs, app, store, tmp_path):
    worker = programs.worker("--concurrency", "1")
    warm_up(app, store)
    held, others = enqueue_behind(app, "hold", tmp_path)
    wait_runs(tmp_path)
    worker.send(signal.SIGTERM)
    worker.wait_said("worker_stopping")
    given_back = [wait_state(store, job_id, State.AVAILABLE) for job_id in others]
    (tmp_path / "go").touch()

    assert worker.wait() == 0
    worker.wait_gone()
    assert (record(store, held).state, record(store, held).attempt) == (State.COMPLETED, 1)
    assert {job.attempt for job in given_back} == {0}
    assert store.job_ids("default") == others
    assert store.workers() == []

    assert run_burst(programs) == 0
    assert {job.attempt for job in wait_completed(store, others)} == {1}


@POOLS
def test_a_second_sigterm_breaks_the_job_off_and_it_is_available_at_once(
    programs, busy, store, tmp_path, pool
):
    worker, job = busy("--pool", pool, "--lease-ttl", "60")
    worker.send(signal.SIGTERM)
    worker.wait_said("worker_stopping")
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    worker.wait_gone()
    assert worker.said("job_broken_off", job=job)
    broken_off = record(store, job)
    assert (broken_off.state, broken_off.attempt, broken_off.lost) == (State.AVAILABLE, 1, 0)

    (tmp_path / "go").touch()
    assert run_burst(programs) == 0
    assert (record(store, job).state, record(store, job).attempt) == (State.COMPLETED, 2)


@POOLS
def test_the_shutdown_timeout_is_a_second_signal(busy, store, pool):
    worker, job = busy("--pool", pool, "--lease-ttl", "60", "--shutdown-timeout", "0.5")
    asked = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - asked >= 0.5
    assert (record(store, job).state, record(store, job).attempt) == (State.AVAILABLE, 1)


@POOLS
def test_ctrl_c_lets_the_running_job_finish(busy, store, tmp_path, pool):
    """The terminal sends SIGINT to all processes of the group, the children among them."""
    worker, job = busy("--pool", pool)
    worker.interrupt()
    worker.wait_said("worker_stopping")
    (tmp_path / "go").touch()
    assert worker.wait() == 0
    worker.wait_gone()
    assert (record(store, job).state, record(store, job).attempt) == (State.COMPLETED, 1)


def test_ctrl_c_twice_breaks_the_job_off(busy, store):
    worker, job = busy("--lease-ttl", "60")
    worker.interrupt()
    worker.wait_said("worker_stopping")
    worker.interrupt()
    assert worker.wait() == 0
    worker.wait_gone()
    assert record(store, job).state is State.AVAILABLE


def test_a_job_that_is_deaf_to_it_all_is_killed_and_runs_elsewhere_later(programs, busy, store, tmp_path):
    """Two seconds after it should have been broken off; its lease is what gives it back."""
    worker, job = busy("--lease-ttl", "1", "--shutdown-timeout", "0", task="stubborn")
    assert worker.stop() == 0
    worker.wait_gone()
    assert record(store, job).state is State.RUNNING
    (tmp_path / "go").touch()
    programs.worker("--concurrency", "1", name="after")
    again = wait_state(store, job, State.COMPLETED)
    assert (again.attempt, again.lost) == (2, 1)


@POOLS
def test_an_idle_worker_leaves_at_once(programs, store, pool):
    worker = programs.worker("--pool", pool)
    wait_until(store.workers)
    asked = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - asked < 2
    assert store.workers() == []


@POOLS
@pytest.mark.parametrize(
    "signals", [[signal.SIGQUIT], [signal.SIGTERM, signal.SIGTERM]], ids=["SIGQUIT", "SIGTERM twice"]
)
def test_an_idle_worker_that_is_to_break_off_leaves_at_once(programs, app, store, pool, signals):
    """Nobody waits for it to be killed. Its lease is long, so that it would sleep for longer, too."""
    children = 1 if pool == "solo" else 3
    worker = programs.worker("--pool", pool, "--concurrency", "3", lease=60.0)
    wait_until(lambda: len(store.workers()) == children)
    warm_up(app, store, 1)
    asked = time.monotonic()
    for number in signals:
        worker.send(number)
    assert worker.wait() == 0
    assert time.monotonic() - asked < GRACE
    worker.wait_gone()
    assert store.workers() == [], "they have signed off"


def test_a_worker_in_burst_mode_leaves_when_the_queue_is_empty(programs, app, store):
    ids = [result.id for result in app.enqueue_many([("process_tasks.echo", (n,)) for n in range(50)])]
    assert programs.worker("--burst").wait() == 0
    assert {record(store, job_id).state for job_id in ids} == {State.COMPLETED}


def test_a_worker_in_burst_mode_replaces_children_until_the_queue_is_empty(programs, app, store, tmp_path):
    (tmp_path / "go").touch()
    results = app.enqueue_many([("process_tasks.hold", (str(tmp_path),))] * 100)
    worker = programs.worker("--burst", "--max-tasks-per-child", "10", "--concurrency", "2")
    assert worker.wait() == 0
    assert {record(store, result.id).state for result in results} == {State.COMPLETED}
    ran = Counter(runs(tmp_path))
    assert ran.total() == 100
    assert max(ran.values()) <= 10
    assert worker.said("child_died") == []
