"""`beatd --worker N`: the workers beside the beat run jobs, are kept alive, and leave with it."""

from __future__ import annotations

import os
import signal

import pytest
from jobs import runs, wait_completed, wait_runs, wait_state
from programs import APP, entry
from waiting import wait_until

from jobq.instants import SECOND
from jobq.job import State

WORKER = "[worker]\nlease_ttl = 1.0\n"


@pytest.fixture
def beat(programs, store):
    """A beatd with two worker children, all of them at work."""

    def start(text="", *arguments, node="beat"):
        config = programs.write_config(f'app = "{APP}"\n{WORKER}{text}', f"{node}.toml")
        program = programs.beatd("--worker", "2", *arguments, config=config, node=node)
        program.wait_said("beat_ready")
        wait_until(lambda: len(store.workers()) == 2, 20)
        return program

    return start


def supervisor(beat, number=1):
    """The process id of the worker that was started as this one."""
    return beat.wait_said("worker_started", times=number)["pid"]


def test_its_workers_run_what_it_fires(beat, store):
    program = beat(entry(every=0.1, catchup="all"))
    assert [worker.name for worker in store.workers()] == ["beat-worker.1", "beat-worker.2"]
    wait_until(lambda: store.totals().get("completed", 0) >= 10)
    assert program.stop() == 0
    program.wait_gone()
    assert store.workers() == []
    assert store.totals() | {"completed": 0} == dict.fromkeys(store.totals(), 0)
    assert program.said("worker_stopped")


def test_a_killed_worker_is_started_again(beat, app, store, tmp_path):
    """Its children leave by themselves; its job, if it had one, is finished first."""
    program = beat()
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    busy = wait_runs(tmp_path)
    first = supervisor(program)
    os.kill(first, signal.SIGKILL)
    assert program.wait_said("worker_died")["code"] == -signal.SIGKILL
    assert supervisor(program, 2) != first
    (job,) = wait_completed(store, [app.send_task("process_tasks.echo").id])
    assert job.attempt == 1
    (tmp_path / "go").touch()
    assert wait_state(store, held, State.COMPLETED).attempt == 1
    assert runs(tmp_path) == [busy]
    assert program.stop() == 0
    program.wait_gone()


def test_the_workers_of_a_killed_beat_finish_and_leave(beat, app, store, tmp_path):
    program = beat()
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    wait_runs(tmp_path)
    program.kill()
    program.wait_said("parent_gone", after_its_end=True)
    (tmp_path / "go").touch()
    program.wait_gone()
    assert wait_state(store, held, State.COMPLETED).attempt == 1
    assert store.workers() == []


def test_sigterm_hands_over_at_once_and_lets_the_jobs_finish(beat, programs, app, store, tmp_path):
    """The other beat leads while the workers of the first are still busy."""
    program = beat(entry(every=0.1, catchup="all"), "--lease-ttl", "30")
    other = programs.beatd("--lease-ttl", "30", config=programs.folder / "beat.toml", node="other")
    other.wait_said("leader_followed")
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    wait_runs(tmp_path)
    asked = store.now()
    program.send(signal.SIGTERM)
    other.wait_said("leader_elected")
    assert (store.now() - asked) / SECOND < 2
    assert program.process.poll() is None
    (tmp_path / "go").touch()
    assert program.wait() == 0
    program.wait_gone()
    assert wait_state(store, held, State.COMPLETED).attempt == 1
    assert other.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_breaks_the_jobs_off(beat, app, store, tmp_path, number):
    program = beat()
    held = app.send_task("process_tasks.hold", [str(tmp_path)]).id
    wait_runs(tmp_path)
    for stage in (1, 2):
        os.killpg(program.pid, number)
        program.wait_said("worker_stopping" if stage == 1 else "job_broken_off")
    assert program.wait() == 0
    program.wait_gone()
    assert wait_state(store, held, State.AVAILABLE).attempt == 1


def test_a_stop_right_after_the_start_is_heard(programs):
    """Whatever it is at: its worker is being started, or started anew."""
    config = programs.write_config(f'app = "{APP}"\n{WORKER}')
    for _ in range(3):
        beat = programs.beatd("--worker", "2", config=config)
        beat.wait_said("beat_started")
        assert beat.stop() == 0
        beat.wait_gone()
