"""No job is lost with the process that ran it: its lease runs out, and it runs again."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter

import pytest
from jobs import enqueue_behind, record, runs, wait_completed, wait_runs, wait_state, warm_up
from programs import SECONDS
from waiting import wait_until

from jobq.canvas import signature
from jobq.instants import SECOND
from jobq.job import MAX_LOST, State

LEASE = 1.0
WITHIN = LEASE + 2


def started_after(store, job_id, instant):
    """Seconds from `instant` to the start of the job's latest attempt."""
    return (record(store, job_id).started_at - instant) / SECOND


def workers_of(jobs):
    """How many of them each child ran."""
    return Counter(job.worker for job in jobs)


def test_the_job_of_a_child_killed_with_9_runs_again_within_its_lease_and_2_s(programs, app, store, tmp_path):
    worker = programs.worker("--concurrency", "1", lease=LEASE)
    warm_up(app, store)
    held, others = enqueue_behind(app, "hold", tmp_path)
    os.kill(wait_runs(tmp_path), signal.SIGKILL)
    killed = store.now()
    second = wait_runs(tmp_path, 2)
    (tmp_path / "go").touch()

    again = wait_state(store, held, State.COMPLETED)
    assert (again.attempt, again.lost) == (2, 1)
    assert again.result == str(second)
    assert started_after(store, held, killed) < WITHIN
    assert all(job.attempt <= 2 for job in wait_completed(store, others))
    assert store.queues()["default"] == dict.fromkeys(store.queues()["default"], 0)
    assert worker.wait_said("child_died")["message"].endswith("was killed by SIGKILL; starting another")
    assert worker.stop() == 0


def test_what_a_child_held_when_it_died_runs_all_the_same(programs, app, store, tmp_path):
    """The job kills its process at once: outcomes wait to be recorded then, and other jobs to be started.

    A lease longer than the pause that follows a quick death, so that the others get their turn between two deaths.
    """
    programs.worker("--concurrency", "1", lease=2.0)
    warm_up(app, store, 300)
    before = [("process_tasks.echo", (number,)) for number in range(20)]
    deadly = ("process_tasks.die", (str(tmp_path),))
    results = app.enqueue_many([*before, deadly, *before])
    others = [result.id for result in results if result is not results[20]]
    wait_runs(tmp_path)
    assert {job.attempt for job in wait_completed(store, others)} <= {1, 2}
    assert store.totals()["completed"] == 300 + len(others)
    assert record(store, results[20].id).state is not State.COMPLETED


def test_a_child_that_a_task_ends_with_0_is_a_death_and_not_the_end_of_a_burst(
    programs, app, store, tmp_path
):
    leaving, others = enqueue_behind(app, "leave_once", tmp_path)
    worker = programs.worker("--burst", "--concurrency", "1", lease=LEASE)
    assert worker.wait() == 0
    (died,) = worker.said("child_died")
    assert died["level"] == "error"
    assert died["pid"] == runs(tmp_path)[0]
    assert "ended with code 0; starting another" in died["message"]
    assert {record(store, job_id).state for job_id in others} == {State.COMPLETED}

    # The burst may have been over before the lease was.
    programs.worker("--concurrency", "1", lease=LEASE, name="after")
    again = wait_state(store, leaving, State.COMPLETED)
    assert (again.attempt, again.lost) == (2, 1)
    assert len(runs(tmp_path)) == 2


def test_another_worker_takes_over_what_a_killed_machine_ran(programs, app, store, tmp_path):
    """The other one has slept since before the job was there."""
    doomed = programs.worker("--concurrency", "1", lease=LEASE, name="doomed")
    wait_until(lambda: [worker.name for worker in store.workers()] == ["doomed.1"])
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    wait_runs(tmp_path)
    programs.worker("--concurrency", "1", lease=LEASE, name="other")
    wait_until(lambda: len(store.workers()) == 2)
    doomed.kill_all()
    killed = store.now()
    wait_runs(tmp_path, 2)
    assert started_after(store, held, killed) < WITHIN
    (tmp_path / "go").touch()
    assert wait_state(store, held, State.COMPLETED).attempt == 2


def test_an_idle_worker_takes_over_though_it_slept_before_the_job_came(programs, app, store, tmp_path):
    """Both sleep when the job comes; the one that does not get it must look again within a lease time."""
    workers = {name: programs.worker("--concurrency", "1", lease=LEASE, name=name) for name in ("a", "b")}
    wait_until(lambda: len(store.workers()) == 2)
    # Both fetch many at once, so that the one that gets the job leaves no word for the other one.
    wait_until(lambda: sum(times > 20 for times in workers_of(warm_up(app, store)).values()) == 2)
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    wait_runs(tmp_path)
    workers.pop(record(store, held).worker.partition(".")[0]).kill_all()
    killed = store.now()
    wait_runs(tmp_path, 2)
    assert started_after(store, held, killed) < WITHIN
    (tmp_path / "go").touch()
    assert wait_state(store, held, State.COMPLETED).attempt == 2


def test_children_of_a_killed_supervisor_finish_and_leave(programs, app, store, tmp_path):
    worker = programs.worker("--concurrency", "2", lease=LEASE)
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    busy = wait_runs(tmp_path)
    wait_until(lambda: len(store.workers()) == 2)
    worker.kill()
    wait_until(lambda: [info.pid for info in store.workers()] == [busy], what="the idle child to leave")
    later = app.send_task("process_tasks.echo").id
    (tmp_path / "go").touch()
    assert wait_state(store, held, State.COMPLETED).attempt == 1
    worker.wait_gone()
    assert store.workers() == []
    assert record(store, later).state is State.AVAILABLE
    assert runs(tmp_path) == [busy]


@pytest.mark.skipif(not SECONDS, reason="takes half a minute; BEATD_TEST_SECONDS=60 runs it")
def test_a_job_that_always_kills_its_worker_ends_as_a_dead_letter(programs, app, store, tmp_path):
    programs.worker("--concurrency", "1", lease=LEASE)
    told = signature("process_tasks.echo", task_id="told")
    deadly = app.send_task("process_tasks.die", [str(tmp_path)], link_error=told).id
    dead = wait_state(store, deadly, State.FAILED, timeout=(MAX_LOST + 1) * WITHIN)
    assert "WorkerLost" in dead.error
    assert len(runs(tmp_path)) == dead.lost == MAX_LOST + 1
    assert [job.id for job in store.failed()] == [deadly]
    (end,) = wait_completed(store, ["told"])
    assert json.loads(end.result) == deadly
    wait_completed(store, [app.send_task("process_tasks.echo").id])
