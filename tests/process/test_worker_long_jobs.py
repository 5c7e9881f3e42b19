"""Long jobs keep their leases and hold nobody up; jobs with a time limit do not outlive it."""

from __future__ import annotations

import json

from jobs import enqueue_behind, record, runs, wait_completed, wait_runs, wait_state, warm_up
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import State
from jobq.results import failure_of


def test_the_lease_of_a_long_job_is_extended_while_it_runs(programs, app, store, tmp_path):
    """It takes three lease times, and a second worker would take it over if it could."""
    programs.worker("--concurrency", "1", lease=1.0, name="a")
    programs.worker("--concurrency", "1", lease=1.0, name="b")
    wait_until(lambda: len(store.workers()) == 2)
    job = app.send_task("process_tasks.last", [3.0, str(tmp_path)]).id
    done = wait_state(store, job, State.COMPLETED, State.FAILED)
    assert (done.state, done.attempt, done.lost) == (State.COMPLETED, 1, 0)
    assert len(runs(tmp_path)) == 1
    assert store.totals().get("lost", 0) == 0


def test_short_jobs_fetched_behind_a_long_one_are_given_to_the_other_child(programs, app, store, tmp_path):
    programs.worker("--concurrency", "2", lease=60.0)
    warm_up(app, store)
    held, others = enqueue_behind(app, "hold", tmp_path, others=100)
    wait_runs(tmp_path)
    done = wait_completed(store, others)
    assert record(store, held).state is State.RUNNING
    assert {job.attempt for job in done} == {1}
    # In less than a second, where the lease is a minute.
    last = max(job.ended_at for job in done)
    assert (last - record(store, held).started_at) / SECOND < 1
    (tmp_path / "go").touch()
    assert wait_state(store, held, State.COMPLETED).attempt == 1


def test_results_of_a_batch_do_not_wait_for_a_long_job_at_its_end(programs, app, store, tmp_path):
    programs.worker("--concurrency", "1", lease=60.0)
    warm_up(app, store)
    calls = [("process_tasks.echo", (number,)) for number in range(20)]
    *short, long = [r.id for r in app.enqueue_many([*calls, ("process_tasks.hold", (str(tmp_path),))])]
    wait_runs(tmp_path)
    assert {job.attempt for job in wait_completed(store, short)} == {1}
    assert record(store, long).state is State.RUNNING
    (tmp_path / "go").touch()


def test_the_soft_time_limit_is_raised_inside_the_task(programs, app, store, tmp_path):
    worker = programs.worker("--concurrency", "1")
    caught = app.send_task("process_tasks.tidy_up", [str(tmp_path)]).id
    uncaught = app.send_task("process_tasks.overrun", [str(tmp_path)]).id
    by_call = app.send_task("process_tasks.hold", [str(tmp_path)], soft_time_limit=0.2).id
    assert json.loads(wait_state(store, caught, State.COMPLETED).result) == "tidied up"
    for job_id in (uncaught, by_call):
        failure = failure_of(wait_state(store, job_id, State.FAILED))
        assert failure.type == "jobq.errors.SoftTimeLimitExceeded"
    assert worker.said("child_died") == []


def test_the_time_limit_kills_the_child_fails_the_job_and_the_worker_goes_on(programs, app, store, tmp_path):
    worker = programs.worker("--concurrency", "1", lease=60.0)
    warm_up(app, store)
    late, others = enqueue_behind(app, "run_away", tmp_path)
    killed = wait_state(store, late, State.FAILED)
    failure = failure_of(killed)
    assert failure.type == "jobq.errors.TimeLimitExceeded"
    assert (killed.attempt, killed.lost) == (1, 0)
    assert 0.5 <= (killed.ended_at - killed.started_at) / SECOND < 1.5
    worker.wait_said("child_died", pid=wait_runs(tmp_path))
    assert {job.attempt for job in wait_completed(store, others)} == {1}
    assert [job.id for job in store.failed()] == [late]
    assert worker.stop() == 0
