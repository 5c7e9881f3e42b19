"""What a worker can't run goes to the dead letters with the reason, and the worker lives and runs the next job."""

from __future__ import annotations

import json

import pytest
from jobs import put_messages, wait_completed, wait_state
from waiting import wait_until

from jobq import Queue
from jobq.job import State
from jobq.results import failure_of


@pytest.fixture
def put(store):
    """`put(id, message)` makes a job by plain commands, whatever the message is."""

    def go(job_id, message):
        put_messages(store, [(job_id, message.encode() if isinstance(message, str) else message)])

    return go


@pytest.fixture(autouse=True)
def worker(programs, store):
    running = programs.worker("--concurrency", "1")
    wait_until(store.workers)
    yield running
    assert running.said("child_died") == [], running.text


def check_dead_letter(app, store, job_id, *words):
    """It is a dead letter whose reason has these words; the same child runs the next job."""
    (child,) = store.workers()
    wait_state(store, job_id, State.FAILED)
    (dead,) = store.failed()
    failure = failure_of(dead)
    assert dead.id == job_id
    assert all(word in f"{failure.type}: {failure.message}" for word in words), failure
    wait_completed(store, [app.send_task("process_tasks.echo").id])
    assert [info.pid for info in store.workers()] == [child.pid]


def test_a_task_that_is_not_registered(app, store):
    job = app.send_task("process_tasks.ehco", [1])
    check_dead_letter(app, store, job.id, "NotRegistered", '"process_tasks.ehco"', '"process_tasks.echo"')


@pytest.mark.parametrize(
    "message",
    ["", "no JSON at all", '{"task": "process_tasks.echo", ', "\x00\x01", "[" * 5000],
    ids=["empty", "text", "cut short", "control characters", "deep"],
)
def test_a_message_that_is_not_json(app, store, put, message):
    put("odd", message)
    check_dead_letter(app, store, "odd", "MessageNotUnderstood")


@pytest.mark.parametrize(
    "message",
    [
        [],
        {},
        {"task": None},
        {"task": "process_tasks.echo", "args": "abc"},
        {"task": "process_tasks.echo", "kwargs": [1]},
        {"task": "process_tasks.echo", "retries": "three"},
    ],
    ids=json.dumps,
)
def test_a_message_of_the_wrong_shape(app, store, put, message):
    put("odd", json.dumps(message))
    check_dead_letter(app, store, "odd", "MessageNotUnderstood")


def test_a_message_in_another_encoding(app, store, put):
    put("odd", '{"task": "process_tasks.echo", "args": ["é"]}'.encode("latin-1"))
    check_dead_letter(app, store, "odd", "MessageNotUnderstood")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no_such_module.function", ["no_such_module"]),
        ("process_tasks.no_such_function", ["no_such_function"]),
        ("process_tasks.LONGEST", ["is not a function"]),
    ],
)
def test_a_plain_function_that_can_not_be_imported(app, store, path, words):
    job = Queue(store=app).enqueue(path, 1)
    check_dead_letter(app, store, job.id, "ImportError", *words)


@pytest.mark.parametrize(
    "path", ["os.system", "process_tasks.kill", "programs.environment", "process_tasks.Path"]
)
def test_a_plain_function_that_may_not_be_imported(app, store, path):
    """Of the interpreter, by way of the app's own module, and of a module beside it that is not in the worker's folder."""
    job = Queue(store=app).enqueue(path, "true")
    check_dead_letter(app, store, job.id, "ImportNotAllowed", "worker_allowed_imports")


def test_arguments_that_do_not_fit(app, store):
    job = app.send_task("process_tasks.echo", [1, 2, 3])
    check_dead_letter(app, store, job.id, "TypeError")


def test_a_result_that_is_not_json(app, store):
    job = app.send_task("process_tasks.imaginary")
    check_dead_letter(app, store, job.id, "TypeError", "can't be kept as JSON")


def test_a_message_by_plain_commands_runs(store, put):
    put("foreign", json.dumps({"task": "process_tasks.echo", "args": ["from afar"]}))
    (job,) = wait_completed(store, ["foreign"])
    assert json.loads(job.result) == "from afar"


def test_a_plain_function_runs(app, store):
    (job,) = wait_completed(store, [Queue(store=app).enqueue("process_tasks.plain", 7).id])
    assert json.loads(job.result) == 7
