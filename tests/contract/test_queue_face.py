"""RQ's face over either store."""

from __future__ import annotations

import builtins
import operator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from jobq.app import App
from jobq.errors import ConfigError
from jobq.job import Failure, Outcome, State
from jobq.message import decode_message, encode_json
from jobq.queue import Job, NoSuchJob, Queue
from jobq.worker.execute import Executor

LEASE = 60_000_000


@pytest.fixture
def queue(store_url):
    return Queue("reports", store=store_url)


def work(queue):
    """Run what is available in the queue, as a worker does; how many jobs that were."""
    fetched = queue.store.fetch([queue.name], 100, LEASE, "tester")
    executor = Executor(App(worker_allowed_imports="*"), "tester")
    assert all(queue.store.complete([executor.run(claim, fetched.now) for claim in fetched.claims]))
    return len(fetched.claims)


def message(job):
    return decode_message(job._first.message)


def test_a_plain_function_runs(queue):
    job = queue.enqueue(operator.mul, 6, 7)
    assert (job.func_name, job.args, job.kwargs, job.origin) == ("_operator.mul", (6, 7), {}, "reports")
    assert job.get_status() == "queued"
    assert (job.result, job.started_at, job.ended_at, job.exc_info) == (None, None, None, None)
    assert work(queue) == 1
    assert job.get_status() == "finished"
    assert job.result == 42
    assert job.enqueued_at <= job.started_at <= job.ended_at
    assert job.ended_at.tzinfo is UTC


def test_an_import_path_and_keywords(queue):
    job = queue.enqueue("builtins.sorted", [2, 3, 1], reverse=True)
    work(queue)
    assert job.result == [3, 2, 1]


def test_args_and_kwargs_given_by_name_are_the_functions(queue):
    job = queue.enqueue("builtins.sorted", args=([2, 3, 1],), kwargs={"reverse": True}, job_id="named")
    assert (job.id, job.args, job.kwargs) == ("named", ([2, 3, 1],), {"reverse": True})


def test_a_task_goes_by_its_name_and_options(queue, store_url):
    app = App("tasks", store=store_url)

    @app.task(name="tasks.add", time_limit=9)
    def add(a, b):
        return a + b

    job = queue.enqueue(add, 1, 2)
    sent = message(job)
    assert (sent.task, sent.plain, sent.time_limit, job.origin) == ("tasks.add", False, 9, "reports")


def test_rqs_arguments_are_taken_out(queue):
    job = queue.enqueue(
        operator.mul,
        6,
        7,
        job_id="one",
        job_timeout="2m",
        ttl=30,
        result_ttl=0,
        description="six",
        meta={"by": "me"},
    )
    sent = message(job)
    assert job.id == "one"
    assert (sent.time_limit, sent.expires_in, sent.ignore_result) == (120, 30_000_000, True)
    assert sent.kwargs == {}
    assert job.meta == {"by": "me", "description": "six"}


@pytest.mark.parametrize(
    "name", ["at_front", "depends_on", "retry", "on_success", "on_failure", "failure_ttl", "repeat"]
)
def test_rqs_arguments_without_a_meaning_are_refused(queue, name):
    with pytest.raises(ConfigError, match=f'"{name}" is an argument of RQ that has no meaning here'):
        queue.enqueue(operator.mul, 6, 7, **{name: 5})
    assert queue.count == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"result_ttl": 500}, "result_expires"),
        ({"job_timeout": 0}, "no time"),
        ({"job_timeout": "soon"}, "not a duration"),
        ({"args": (1,)}, "not both"),
    ],
)
def test_wrong_values_get_a_sentence(queue, given, words):
    with pytest.raises(ConfigError, match=words):
        queue.enqueue(operator.mul, 6, 7, **given)


def nested():
    def inner():
        pass

    return inner


class Callback:
    def __call__(self):
        pass

    def method(self):
        pass


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: 1, "top level"),
        (nested(), "top level"),
        (Callback().method, "top level"),
        (Callback(), "expected a function"),
        (5, "expected a function"),
        ("nodots", "not an import path"),
        ("a..b", "not an import path"),
        ("tasks.add()", "not an import path"),
    ],
)
def test_what_a_worker_could_not_import_is_refused(queue, function, words):
    with pytest.raises(ConfigError, match=words):
        queue.enqueue(function)


def test_a_function_of_the_running_script_is_refused(queue, monkeypatch):
    monkeypatch.setattr(nested, "__module__", "__main__")
    with pytest.raises(ConfigError, match="move it to a module"):
        queue.enqueue(nested)


def test_later(queue):
    later = queue.enqueue_in(timedelta(hours=1), operator.mul, 6, 7)
    dated = queue.enqueue_at(datetime.now(UTC) + timedelta(hours=2), operator.mul, 6, 7)
    naive = queue.enqueue_at(datetime.now() + timedelta(hours=3), operator.mul, 6, 7)  # noqa: DTZ005 - RQ's naive local time
    assert [job.get_status() for job in (later, dated, naive)] == ["scheduled"] * 3
    due = [job._first.due - later._first.enqueued_at for job in (later, dated, naive)]
    assert [round(micros / 3.6e9) for micros in due] == [1, 2, 3]
    assert work(queue) == 0
    with pytest.raises(ConfigError, match="timedelta"):
        queue.enqueue_in(5, operator.mul)
    with pytest.raises(ConfigError, match="datetime"):
        queue.enqueue_at(5, operator.mul)


def test_looking_into_a_queue(queue, store_url):
    first, second = queue.enqueue(operator.neg, 1), queue.enqueue(operator.neg, 2)
    Queue("other", store=store_url).enqueue(operator.neg, 3)
    assert queue.job_ids == [first.id, second.id]
    assert queue.jobs == [first, second]
    assert (queue.count, len(queue)) == (2, 2)
    assert queue.fetch_job(second.id).args == (2,)
    assert queue.fetch_job("nope") is None
    assert queue.empty() == 2
    assert queue.job_ids == []


def test_a_known_id_enqueues_nothing(queue):
    queue.enqueue(operator.neg, 1, job_id="same")
    assert queue.enqueue(operator.neg, 2, job_id="same").args == (1,)
    assert queue.count == 1


def test_cancel(queue):
    job = queue.enqueue(operator.neg, 1)
    assert job.cancel()
    assert not job.cancel()
    assert job.get_status() == "canceled"
    assert "cancelled before it started" in job.exc_info


def test_a_failed_job_is_requeued_with_its_retries_counted_anew(queue):
    job = queue.enqueue(operator.truediv, 1, 0)
    assert not job.requeue()
    claim = queue.store.fetch(["reports"], 1, LEASE, "tester").claims[0]
    retried = encode_json({"task": "operator.truediv", "args": [1, 0], "plain": True, "retries": 2})
    queue.store.complete([Outcome(job.id, claim.token, State.SCHEDULED, message=retried)])
    work(queue)
    assert job.get_status() == "failed"
    assert "ZeroDivisionError" in job.exc_info
    assert job.requeue()
    assert job.get_status() == "queued"
    assert message(job).retries == 0


def test_a_job_whose_message_is_not_understood_is_requeued_as_it_is(queue):
    job = queue.enqueue(operator.neg, 1)
    claim = queue.store.fetch(["reports"], 1, LEASE, "tester").claims[0]
    queue.store.complete([Outcome(job.id, claim.token, State.SCHEDULED, message="{not json")])
    claim = queue.store.fetch(["reports"], 1, LEASE, "tester").claims[0]
    failure = encode_json(Failure("x.Y", "z"))
    queue.store.complete([Outcome(job.id, claim.token, State.FAILED, failure, -1)])
    assert job.exc_info == "x.Y: z"
    assert job.requeue()
    assert queue.store.get([job.id])[0].message == "{not json"


def test_fetch_and_what_is_gone(queue, store_url):
    job = queue.enqueue(operator.neg, 1)
    assert Job.fetch(job.id, store=store_url).args == (1,)
    with pytest.raises(NoSuchJob, match="no job nope"):
        Job.fetch("nope", store=store_url)
    queue.empty()
    with pytest.raises(LookupError):
        job.get_status()


def test_a_store_may_be_an_app_or_open(store_url, monkeypatch):
    app = App(store=store_url)
    job = Queue("reports", store=app).enqueue(builtins.len, [1])
    assert Queue("reports", store=app.store).fetch_job(job.id) == job
    monkeypatch.setenv("JOBQ_STORE", store_url)
    assert Queue("reports").fetch_job(job.id) == job


def test_a_connection_names_the_store(redis_url):
    job = Queue("reports", store=redis_url).enqueue(builtins.len, [1])
    with redis.Redis.from_url(redis_url) as connection:
        assert Job.fetch(job.id, connection=connection) == job
        with pytest.raises(ConfigError, match="give one"):
            Queue("reports", store=redis_url, connection=connection)
    with pytest.raises(ConfigError, match=r"not a redis\.Redis"):
        Queue("reports", connection="redis://")
    with pytest.raises(ConfigError, match="not a queue name"):
        Queue("two words")
