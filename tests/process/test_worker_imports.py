"""Which modules a worker imports for messages: the app's setting, and that of the file."""

from __future__ import annotations

import json

from jobs import wait_state
from programs import APP, JOBQ, JOBQ_SCRIPT, command

from jobq import Queue
from jobq.job import State


def test_a_worker_without_an_app_runs_the_functions_of_its_folder(programs, app, store):
    (programs.folder / "mine.py").write_text("def double(x): return 2 * x\n")
    words = command(JOBQ, "--store", programs.store_url, "worker", "--log-format", "json", "--lease-ttl", "1")
    worker = programs.start(words, "worker")
    worker.wait_said("worker_started")
    assert worker.said("imports_unrestricted") == []
    done = wait_state(store, Queue(store=app).enqueue("mine.double", 4).id, State.COMPLETED)
    assert json.loads(done.result) == 8
    wait_state(store, Queue(store=app).enqueue("process_tasks.plain", 4).id, State.FAILED)
    wait_state(store, Queue(store=app).enqueue("os.getpid").id, State.FAILED)


def test_the_installed_script_finds_the_modules_of_its_folder(programs, app, store):
    (programs.folder / "jobs.py").write_text("def count(text): return len(text.split())\n")
    job = Queue(store=app).enqueue("jobs.count", "one two three")
    words = command(JOBQ_SCRIPT, "--store", programs.store_url, "worker", "--burst")
    assert programs.start(words, "worker").wait() == 0
    assert json.loads(wait_state(store, job.id, State.COMPLETED).result) == 3


def test_beatd_finds_the_modules_of_its_folder(programs, app, store):
    (programs.folder / "jobs.py").write_text("def count(text): return len(text.split())\n")
    programs.beatd("--worker", "1").wait_said("worker_started")
    done = wait_state(store, Queue(store=app).enqueue("jobs.count", "one two three").id, State.COMPLETED)
    assert json.loads(done.result) == 3


def test_nothing_of_a_home_directory_runs_and_it_is_told_once(programs, app, store):
    (programs.folder / "jobs.py").write_text("def count(text): return len(text.split())\n")
    words = command(JOBQ_SCRIPT, "--store", programs.store_url, "worker", "--log-format", "json")
    worker = programs.start(words, "worker", HOME=str(programs.folder))
    assert worker.wait_said("imports_nothing")["level"] == "warning"
    wait_state(store, Queue(store=app).enqueue("jobs.count", "one two three").id, State.FAILED)
    assert len(worker.said("imports_nothing")) == 1
    assert worker.said("worker_started")[0]["imports"] == []


def test_beatd_takes_the_list_from_its_file(programs, app, store):
    config = programs.write_config('[worker]\nallowed_imports = ["posix"]\n')
    beatd = programs.beatd("--app", APP, "--worker", "1", config=config)
    beatd.wait_said("worker_started")
    wait_state(store, Queue(store=app).enqueue("posix.getpid").id, State.COMPLETED)
    refused = wait_state(store, Queue(store=app).enqueue("process_tasks.plain", 4).id, State.FAILED)
    assert "in allowed_imports under [worker] of beat.toml" in refused.error


def test_a_worker_is_told_by_its_options(programs, app, store):
    programs.worker("--allow-import", "posix", "--allow-import", "process_tasks")
    for path, args in (("posix.getpid", []), ("process_tasks.plain", [4])):
        wait_state(store, Queue(store=app).enqueue(path, *args).id, State.COMPLETED)
    refused = wait_state(store, Queue(store=app).enqueue("os.getpid").id, State.FAILED)
    assert "start the worker with --allow-import os to allow it" in refused.error


def test_a_star_allows_everything_and_is_told_once(programs, app, store):
    config = programs.write_config('[worker]\nallowed_imports = ["*"]\n')
    beatd = programs.beatd("--worker", "2", config=config)
    beatd.wait_said("imports_unrestricted")
    wait_state(store, Queue(store=app).enqueue("posix.getpid").id, State.COMPLETED)
    assert len(beatd.said("imports_unrestricted")) == 1


def test_a_worker_beside_a_file_takes_the_app_and_the_store_of_the_file(programs, app, store):
    programs.write_config(f'store = "{programs.store_url}"\napp = "{APP}"\n')
    job = app.send_task("process_tasks.echo", (5,))
    assert programs.start(command(JOBQ_SCRIPT, "worker", "--burst"), "worker").wait() == 0
    assert json.loads(wait_state(store, job.id, State.COMPLETED).result) == 5


def test_the_app_that_is_given_goes_before_that_of_the_file(programs):
    programs.write_config('app = "nothing:there"\n')
    words = command(JOBQ_SCRIPT, "--store", programs.store_url, "-A", APP, "worker", "--burst")
    assert programs.start(words, "worker").wait() == 0
    without = programs.start(command(JOBQ_SCRIPT, "worker", "--burst"), "worker")
    assert without.wait() == 2
    assert 'the app "nothing:there" is not found' in without.text
