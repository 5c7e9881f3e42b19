"""What is too large is refused where it is enqueued, and nothing of it is in the store."""

from __future__ import annotations

import asyncio
import re

import pytest

from jobq import App, Queue, signature
from jobq.errors import ConfigError, TooLarge
from jobq.testing import run_until_idle

LIMIT = 500
LARGE = "x" * LIMIT


@pytest.fixture
def app(store_url):
    app = App("tasks", store=store_url, task_max_bytes=LIMIT)
    app.task(lambda *args: len(args), name="t")
    yield app
    app.store.close()


def refused(task="t"):
    sentence = rf"the message of {task} is [56]\d\d bytes of JSON, and task_max_bytes allows 500: put what is large where"
    return pytest.raises(TooLarge, match=sentence)


def enqueued(app):
    return [job for queue in app.store.queues() for job in app.store.job_ids(queue)]


@pytest.mark.parametrize(
    "call",
    [
        lambda app: app.tasks["t"].delay(LARGE),
        lambda app: app.tasks["t"].apply_async((LARGE,)),
        lambda app: app.tasks["t"].apply_async(kwargs={"x": LARGE}),
        lambda app: app.tasks["t"].apply_async(headers={"x": LARGE}),
        lambda app: app.send_task("t", (LARGE,)),
        lambda app: app.tasks["t"].s(LARGE).delay(),
        lambda app: app.tasks["t"].apply_async(link=app.tasks["t"].s(LARGE)),
        lambda app: app.tasks["t"].apply_async(link_error=[signature("t", ("x" * 200,))] * 2),
        lambda app: asyncio.run(app.tasks["t"].adelay(LARGE)),
        lambda app: app.enqueue_many([("t", (1,)), ("t", (LARGE,)), ("t", (2,))]),
        lambda app: app.tasks["t"].apply((LARGE,)),
        lambda app: Queue(store=app).enqueue(app.tasks["t"], LARGE),
    ],
)
def test_a_call_that_is_too_large_enqueues_nothing(app, call):
    with refused():
        call(app)
    assert enqueued(app) == []


def test_a_plain_function_too(app):
    with refused("tasks.f"):
        Queue(store=app).enqueue("tasks.f", LARGE)
    assert enqueued(app) == []


def test_a_store_alone_has_the_usual_limit(app):
    Queue(store=app.store).enqueue("tasks.f", LARGE)
    with pytest.raises(TooLarge, match=re.escape("task_max_bytes allows 1,048,576")):
        Queue(store=app.store).enqueue("tasks.f", "x" * 2**20)
    assert len(enqueued(app)) == 1


def test_no_limit_is_none(store_url):
    app = App(store=store_url, task_max_bytes=0, result_max_bytes=0)
    app.task(lambda x: x, name="t")
    result = app.send_task("t", ("x" * 2**21,))
    assert run_until_idle(app) == 1
    assert len(result.get(timeout=0)) == 2**21
    app.store.close()


def test_a_task_that_enqueues_too_much_fails_with_the_sentence(app):
    app.task(lambda: app.send_task("t", (LARGE,)), name="parent")
    result = app.send_task("parent")
    run_until_idle(app)
    with refused():
        result.get(timeout=0)


@pytest.mark.parametrize("name", ["link", "link_error"])
def test_a_call_with_too_many_links_enqueues_nothing(app, name):
    app.conf.task_max_bytes = 0
    note = signature("t")
    with pytest.raises(ConfigError, match=f"{name} has 101 signatures; expected at most 100"):
        app.send_task("t", **{name: [note] * 101})
    with pytest.raises(ConfigError, match=f"{name} has 101 signatures; expected at most 100"):
        app.send_task("t", link=signature("t", options={name: [note] * 101}))
    assert enqueued(app) == []
    app.send_task("t", **{name: [note] * 100})
    assert len(enqueued(app)) == 1
