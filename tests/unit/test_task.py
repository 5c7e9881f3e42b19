"""Tasks: callable as they are, options checked where they are written, run here and now as a worker would."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from jobq import App, Ignore, Reject, Retry
from jobq.context import Request, current_request
from jobq.errors import ConfigError, MaxRetriesExceeded
from jobq.instants import to_micros


@pytest.fixture
def app():
    return App("tasks", store="sqlite:///never-opened.db")


def test_a_task_is_still_a_function(app):
    @app.task(name="add", queue="q")
    def add(a, b=1):
        """Add."""
        return a + b

    assert (add(1), add(1, b=2)) == (2, 3)
    assert (add.__name__, add.__doc__, repr(add), add.name) == ("add", "Add.", "<task add>", "add")


def test_a_bound_task_gets_itself_first(app):
    @app.task(bind=True)
    def who(self, x):
        return self.name, x

    assert who(1) == (f"{__name__}.who", 1)


def test_a_parameter_may_be_called_self(app):
    @app.task
    def echo(**kwargs):
        return kwargs

    assert echo(self=1) == echo.apply(kwargs={"self": 1}).get() == {"self": 1}
    assert echo.s(self=1).kwargs == echo.si(self=1).kwargs == {"self": 1}


def test_a_coroutine_function_is_a_task_and_still_one(app):
    @app.task
    async def add(a, b):
        await asyncio.sleep(0)
        return a + b

    assert asyncio.run(add(1, 2)) == 3
    assert add.apply((1, 2)).get() == 3


def test_the_defaults(app):
    task = app.task(len, name="t")
    assert (task.max_retries, task.default_retry_delay, task.autoretry_for) == (3, 180.0, ())
    assert (task.retry_backoff, task.retry_backoff_max, task.retry_jitter) == (False, 600.0, True)
    assert task.job_options == {}


def test_options_are_read_once(app):
    task = app.task(
        name="t",
        time_limit=timedelta(minutes=1),
        default_retry_delay=timedelta(seconds=5),
        autoretry_for=[OSError, ValueError],
        retry_backoff=2,
        max_retries=None,
        rate_limit=None,
        unique=None,
    )(len)
    assert (task.time_limit, task.default_retry_delay, task.max_retries) == (60.0, 5.0, None)
    assert task.autoretry_for == (OSError, ValueError)
    assert app.task(name="u", autoretry_for=OSError)(len).autoretry_for == (OSError,)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"qeue": "q"}, 'did you mean "queue"'),
        ({"rate_limit": "10/m"}, "not available in this version"),
        ({"unique": 60}, "not available in this version"),
        ({"queue": "a b"}, "is not a queue name"),
        ({"priority": 10}, "whole number from 0"),
        ({"time_limit": "5m"}, "time_limit = '5m' is not a number of seconds"),
        ({"max_retries": "3"}, "max_retries = '3' is not a whole number"),
        ({"max_retries": -1}, "zero or more"),
        ({"default_retry_delay": None}, "is not a number of seconds"),
        ({"retry_backoff": "yes"}, "is not a number of seconds"),
        ({"autoretry_for": (ValueError, "OSError")}, "is not a tuple of exception classes"),
        ({"ignore_result": 1}, "is not true or false"),
    ],
)
def test_a_wrong_option_names_the_task(app, options, words):
    with pytest.raises(ConfigError, match=f"task tasks.t: .*{re.escape(words)}"):
        app.task(name="tasks.t", **options)(len)
    assert not app.tasks


# -- run here and now


def test_what_a_task_may_know_of_its_job(app):
    seen = []

    @app.task(bind=True, name="t")
    def look(self, x, k=None):  # noqa: ARG001 - seen in the request
        seen.append(self.request)

    at = datetime(2030, 1, 1, tzinfo=UTC)
    look.apply((1,), {"k": 2}, task_id="me", queue="q", headers={"h": 1}, retries=7, eta=at, expires=at)
    (request,) = seen
    assert request == Request(
        id="me",
        task="t",
        args=(1,),
        kwargs={"k": 2},
        max_retries=7,
        queue="q",
        eta="2030-01-01T00:00:00Z",
        expires="2030-01-01T00:00:00Z",
        hostname="eager",
        root_id="me",
        headers={"h": 1},
        called_directly=False,
        is_eager=True,
    )
    assert look.request.called_directly
    assert look.request.id is None


def test_retries_happen_at_once_and_are_counted(app):
    @app.task(bind=True, max_retries=2)
    def flaky(self):
        if self.request.retries < 2:
            raise self.retry(countdown=3600)
        return self.request.retries

    assert flaky.apply().get() == 2


def test_automatic_retries_end_with_the_exception(app):
    runs = []

    @app.task(autoretry_for=(OSError,), max_retries=2)
    def fail():
        runs.append(1)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail.apply().get()
    assert len(runs) == 3


def test_what_is_linked_runs_too(app):
    add = app.task(lambda a, b=0: a + b, name="add")
    fail = app.task(lambda: 1 / 0, name="fail")
    errors = []
    note = app.task(errors.append, name="note")
    result = add.apply((1, 2), link=[add.s(10), add.si(5).set(link=add.s(1))])
    assert [(r.id != result.id, value) for r, value in result.collect()] == [
        (False, 3),
        (True, 13),
        (True, 5),
        (True, 6),
    ]
    failed = fail.apply(link_error=note.s())
    assert errors == [failed.id]


def test_an_eager_result_has_the_shape_of_the_other(app):
    result = app.task(lambda a: a, name="t").apply((5,), task_id="x")
    assert (result.id, str(result), result.state, result.status) == ("x", "x", "SUCCESS", "SUCCESS")
    assert (result.result, result.info, result.traceback) == (5, 5, None)
    assert (result.name, result.args, result.kwargs, result.parent, result.children) == (
        "t",
        (5,),
        {},
        None,
        [],
    )
    assert (result.ready(), result.successful(), result.failed()) == (True, True, False)
    assert (result.forget(), result.revoke()) == (False, False)
    assert result.date_done.tzinfo is UTC
    assert asyncio.run(result.aget()) == 5


def test_a_coroutine_task_runs_eagerly_from_a_coroutine_too(app):
    @app.task
    async def inner():
        return inner.request.id

    async def outer():
        return inner.apply(task_id="in").get()

    assert asyncio.run(outer()) == "in"


# -- retry


@pytest.fixture
def running():
    """As if inside a job: `running(retries=2)`."""
    tokens = []

    def enter(**fields):
        tokens.append(current_request.set(Request(id="j", called_directly=False, **fields)))

    yield enter
    for token in reversed(tokens):
        current_request.reset(token)


@pytest.fixture
def task(app):
    return app.task(len, name="t", max_retries=2, default_retry_delay=7)


def raised_by(function, *args, **kwargs):
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is
        function(*args, **kwargs)
    return caught.value


def test_a_retry_waits_as_it_is_told(app, task, running):
    running()
    app.conf.timezone = "Europe/Prague"
    assert (raised_by(task.retry).delay, raised_by(task.retry).due) == (7.0, None)
    assert raised_by(task.retry, countdown=0).delay == 0
    assert raised_by(task.retry, countdown=timedelta(minutes=1)).delay == 60
    naive = datetime(2030, 1, 1)  # noqa: DTZ001 - in the app's zone
    assert raised_by(task.retry, eta=naive).due == to_micros(naive.replace(tzinfo=app.tz))
    assert isinstance(raised_by(task.retry, countdown=1e18), ConfigError)


def test_a_retry_may_change_the_arguments(task, running):
    running()
    retry = raised_by(task.retry, [1], {"k": 2})
    assert isinstance(retry, Retry)
    assert (retry.new_args, retry.new_kwargs) == ((1,), {"k": 2})


def test_the_last_retry_ends_in_the_exception_that_was_given(task, running):
    running(retries=2)
    error = OSError("gone")
    assert raised_by(task.retry, exc=error) is error
    assert isinstance(raised_by(task.retry), MaxRetriesExceeded)
    assert isinstance(raised_by(task.retry, max_retries=3), Retry)


def test_the_call_decides_how_many(task, running):
    running(retries=2, max_retries=5)
    assert isinstance(raised_by(task.retry), Retry)
    running(retries=0, max_retries=0)
    assert isinstance(raised_by(task.retry), MaxRetriesExceeded)


def test_outside_a_job_the_exception_is_just_raised(task):
    error = OSError("gone")
    assert raised_by(task.retry, exc=error) is error


# -- other ends


def test_ignore_ends_well_without_a_result(app):
    @app.task
    def stop():
        raise Ignore

    assert (stop.apply().state, stop.apply().get()) == ("SUCCESS", None)


def test_reject_is_not_retried(app):
    runs = []

    @app.task(autoretry_for=(Exception,))
    def refuse():
        runs.append(1)
        raise Reject("no good")

    assert refuse.apply().failed()
    assert len(runs) == 1


def test_an_exit_is_a_failure_of_the_job_and_of_nothing_else(app):
    result = app.task(sys.exit, name="leave").apply((3,))
    assert (result.state, type(result.result)) == ("FAILURE", SystemExit)
