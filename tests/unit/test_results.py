"""Results by Celery's names, whatever the store holds and whoever wrote it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from jobq import App
from jobq.errors import ConfigError, NotRegistered, ResultTimeout, TaskFailed, TaskRevoked
from jobq.job import Failure, JobRecord, State
from jobq.message import JobOptions, Link, Message, encode_json
from jobq.results import AsyncResult

ERROR = encode_json(Failure("builtins.ValueError", "bad", "Traceback: here"))


class Shelf:
    """A store of records that answers at once. What is waited for comes with the next look."""

    def __init__(self, *records):
        self.records = {record.id: record for record in records}
        self.looks = 0

    def get(self, ids):
        self.looks += 1
        return [self.records.get(job_id) for job_id in ids]

    def wait_ended(self, job_id, timeout):
        assert timeout >= 0
        record = self.records.get(job_id)
        return record if record is not None and record.state.ended else None

    def forget(self, job_id):
        return self.records.pop(job_id, None) is not None

    def cancel(self, job_id):
        return job_id in self.records


def record(state=State.COMPLETED, message=None, **fields):
    message = message or encode_json(Message("tasks.t", (1,), {"k": 2}))
    return JobRecord("x", "default", 5, state, message, **fields)


@pytest.fixture
def app():
    return App("tasks", store="sqlite:///never-opened.db")


@pytest.fixture
def see(app):
    """The result of a record, as one who only knows the id sees it."""

    def make(state=State.COMPLETED, **fields):
        app._store = Shelf(record(state, **fields))
        return app.AsyncResult("x")

    return make


@pytest.mark.parametrize(
    ("state", "error", "name"),
    [
        (State.SCHEDULED, "", "PENDING"),
        (State.AVAILABLE, "", "PENDING"),
        (State.RUNNING, "", "STARTED"),
        (State.RUNNING, ERROR, "STARTED"),
        (State.SCHEDULED, ERROR, "RETRY"),
        (State.AVAILABLE, ERROR, "RETRY"),
        (State.COMPLETED, "", "SUCCESS"),
        (State.COMPLETED, ERROR, "SUCCESS"),
        (State.FAILED, ERROR, "FAILURE"),
        (State.CANCELLED, ERROR, "REVOKED"),
    ],
)
def test_states_have_celerys_names(see, state, error, name):
    result = see(state, error=error, result="1" if state is State.COMPLETED else "")
    assert result.state == result.status == name
    assert result.ready() == state.ended
    assert (result.successful(), result.failed()) == (name == "SUCCESS", name == "FAILURE")
    expected = {"SUCCESS": int, "RETRY": ValueError, "FAILURE": ValueError, "REVOKED": TaskRevoked}
    assert type(result.result) is type(result.info) is expected.get(name, type(None))
    assert result.traceback == ("Traceback: here" if name in ("RETRY", "FAILURE", "REVOKED") else None)


def test_an_unknown_job_is_pending(app):
    app._store = Shelf()
    result = app.AsyncResult("x")
    assert (result.state, result.result, result.traceback, result.name) == ("PENDING", None, None, None)
    assert (result.args, result.kwargs, result.date_done, result.children) == (None, None, None, None)
    assert (result.parent, result.ready(), result.forget(), result.revoke()) == (None, False, False, False)


def test_what_was_asked_for_can_be_read(see):
    result = see(result="7", ended_at=1_000_000)
    assert (result.name, result.args, result.kwargs) == ("tasks.t", (1,), {"k": 2})
    assert result.date_done == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_a_message_of_another_make_has_no_name(see):
    assert (see(message="{", result="1").name, see(message="{", result="1").children) == (None, None)


def test_a_job_that_has_ended_is_looked_up_once(see, app):
    result = see(result="7")
    assert [result.result, result.state, result.get(), result.args] == [7, "SUCCESS", 7, (1,)]
    assert app._store.looks == 1


def test_results_are_the_same_by_id(app):
    assert app.AsyncResult("x") == AsyncResult("x", app)
    assert len({app.AsyncResult("x"), app.AsyncResult("x"), app.AsyncResult("y")}) == 2
    assert (str(app.AsyncResult("x")), repr(app.AsyncResult("x"))) == ("x", "<AsyncResult: x>")


# -- get


def test_a_failure_is_raised_or_returned(see):
    with pytest.raises(ValueError, match="bad"):
        see(State.FAILED, error=ERROR).get()
    assert repr(see(State.FAILED, error=ERROR).get(propagate=False)) == "ValueError('bad')"
    with pytest.raises(TaskRevoked):
        asyncio.run(see(State.CANCELLED, error=ERROR).aget())


def test_a_result_may_be_an_error_message_and_no_error(see):
    assert see(result=ERROR).get() == {
        "type": "builtins.ValueError",
        "message": "bad",
        "traceback": "Traceback: here",
    }


@pytest.mark.parametrize("timeout", [0, 0.001])
def test_waiting_has_an_end(see, timeout):
    with pytest.raises(ResultTimeout, match=f"job x has not ended within {timeout} seconds"):
        see(State.RUNNING).get(timeout=timeout)
    with pytest.raises(TimeoutError):
        asyncio.run(see(State.RUNNING).aget(timeout))


def test_an_ignored_result_is_none_at_once(app):
    app._store = Shelf()
    assert AsyncResult("x", app, ignored=True).get() is None


def test_terminate_is_for_later(see):
    with pytest.raises(ConfigError, match="not available in this version"):
        see(State.RUNNING).revoke(terminate=True)


# -- exceptions


class PickyError(Exception):
    def __init__(self, code):
        super().__init__(int(code))


class WideError(Exception):
    def __init__(self, code, reason):
        super().__init__(code, reason)


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("builtins.KeyError", KeyError),
        ("jobq.errors.NotRegistered", NotRegistered),
        ("builtins.UnicodeDecodeError", TaskFailed),  # takes five arguments
        (f"{__name__}.WideError", TaskFailed),
        (f"{__name__}.PickyError", TaskFailed),
        ("builtins.SystemExit", TaskFailed),
        ("builtins.len", TaskFailed),
        ("never.imported.Error", TaskFailed),
        ("nonsense", TaskFailed),
        ("", TaskFailed),
    ],
)
def test_an_exception_is_of_its_class_where_that_is_known(see, kind, raised):
    result = see(State.FAILED, error=encode_json(Failure(kind, "text"))).result
    assert type(result) is raised
    assert "text" in str(result)
    if raised is TaskFailed:
        assert str(result) == f"{kind}: text"


def test_a_failure_of_another_make_is_told_as_it_is(see):
    assert str(see(State.FAILED, error="no json").result) == ": no json"


# -- who came before and after


def linked(job_id, *ids, result="1", **fields):
    links = tuple(Link("u", options=JobOptions(task_id=i)) for i in ids)
    message = encode_json(Message("t", link=links, **fields))
    return JobRecord(job_id, "default", 5, State.COMPLETED, message, result=result)


def test_what_follows_is_collected_in_its_order(app):
    app._store = Shelf(
        linked("a", "b", "c"), linked("b", "d", result="2"), linked("c", result="3"), linked("d", result="4")
    )
    assert [(r.id, value) for r, value in app.AsyncResult("a").collect()] == [
        ("a", 1),
        ("b", 2),
        ("c", 3),
        ("d", 4),
    ]
    assert [child.parent.id for child in app.AsyncResult("a").children] == ["a", "a"]


def test_nothing_follows_from_a_failure(app):
    message = encode_json(Message("t", link=(Link("u", options=JobOptions(task_id="b")),)))
    app._store = Shelf(record(State.FAILED, message, error=ERROR))
    assert app.AsyncResult("x").children is None
    assert len(list(app.AsyncResult("x").collect(propagate=False))) == 1


def test_the_parent_is_in_the_message(app):
    app._store = Shelf(linked("b", parent_id="a"))
    assert app.AsyncResult("b").parent == app.AsyncResult("a")
