"""The app: tasks by name, the way to the store, and what a call becomes. No store is opened here."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType

import pytest

from beat.config import load_config, stated_store
from jobq import App, signature
from jobq.app import default_store_url
from jobq.context import Request, current_request
from jobq.errors import ConfigError, NotRegistered
from jobq.message import decode_message

URL = "sqlite:///never-opened.db"


class Tray:
    """A store that only takes."""

    def __init__(self):
        self.calls = []

    def enqueue(self, jobs):
        self.calls.append(list(jobs))
        return [True] * len(jobs)

    @property
    def jobs(self):
        return [job for call in self.calls for job in call]

    @property
    def messages(self):
        return [decode_message(job.message) for job in self.jobs]


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def app(tray):
    app = App("tasks", store=URL)
    app._store = tray
    return app


# -- where the store is


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_without_a_word_the_store_is_a_file_here():
    assert default_store_url({}) == default_store_url({"JOBQ_STORE": ""}) == "sqlite:///beat.db"


def test_the_configuration_file_says_where(folder):
    (folder / "beat.toml").write_text('# háček\nstore = "redis://there:6379/0"', encoding="utf-8")
    assert default_store_url({}) == "redis://there:6379/0"


def test_the_environment_knows_better(folder):
    (folder / "beat.toml").write_text('store = "redis://there:6379/0"')
    assert default_store_url({"JOBQ_STORE": "sqlite:///other.db"}) == "sqlite:///other.db"


@pytest.mark.parametrize("content", [b"store = ", b"\xff"])
def test_a_file_that_is_no_toml_is_named(folder, content):
    (folder / "beat.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"\./beat\.toml was read for its store"):
        default_store_url({})


def test_a_file_without_a_store_changes_nothing(folder):
    (folder / "beat.toml").write_text('timezone = "UTC"\n[worker]\n[calendars]\n[beat]\n[beat_schedule]')
    assert default_store_url({}) == "sqlite:///beat.db"


def test_variables_of_the_file_are_those_of_beatd(folder):
    """`$NAME` without braces may be a piece of a password."""
    path = folder / "beat.toml"
    path.write_text('\ufeffstore = "redis://:a$HOME$${b}${PASSWORD}@there:6379/0"', encoding="utf-8")
    environ = {"HOME": "/home", "PASSWORD": "c"}
    assert default_store_url(environ) == "redis://:a$HOME${b}c@there:6379/0" == stated_store(path, environ)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("store = 5", "store of ./beat.toml is no text; expected a URL"),
        ("store = ''", "store of ./beat.toml is no text; expected a URL"),
        ("stor = 'redis://there'", '"stor" of ./beat.toml is not a setting; did you mean "store"?'),
        ("store = 'redis://${NOPE}'", "store of ./beat.toml: the environment variable NOPE is not set"),
        ("store = 'redis://:${sec ret}@h'", 'store of ./beat.toml: "${...}" is not the name of a variable'),
        ("store = 'redis://h'\nwait_replicas = true", "wait_replicas of ./beat.toml is not a whole number"),
        ("store = 'redis://h'\nwait_replicas = '1'", "wait_replicas of ./beat.toml is not a whole number"),
        ("wait_replicas = 1", "wait_replicas of ./beat.toml is said of its store, and it names none"),
    ],
)
def test_what_beatd_would_refuse_is_no_store_for_producers_either(folder, text, sentence):
    (folder / "beat.toml").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        default_store_url({})
    with pytest.raises(ConfigError):
        load_config(folder / "beat.toml", {})


def test_broker_is_another_name_for_store():
    assert App(broker=URL).store_url == App(store=URL).store_url == App(broker_url=URL).store_url == URL
    with pytest.raises(ConfigError, match="two names of one thing"):
        App(store=URL, broker="sqlite:///other.db")


def test_a_store_of_no_known_kind_is_refused_at_once():
    with pytest.raises(ConfigError, match='did you mean "redis"'):
        App(store="reds://localhost")


def test_a_backend_is_the_store_or_nothing(monkeypatch):
    assert App(store=URL, backend=URL).store_url == URL
    assert App(store=URL, backend=None).store_url == URL
    monkeypatch.setenv("JOBQ_STORE", URL)
    assert App(backend=URL).store_url == URL
    for elsewhere in ({"store": URL}, {}):
        with pytest.raises(ConfigError, match="a job and its result are kept together"):
            App(**elsewhere, backend="redis://localhost")
    app = App(store=URL)
    with pytest.raises(ConfigError, match="kept together"):
        app.config_from_object({"result_backend": "rpc://"})


def test_a_backend_that_was_assigned_late_is_not_passed_over():
    app = App(store=URL)
    app.conf.result_backend = "redis://elsewhere"
    with pytest.raises(ConfigError, match="kept together"):
        app.store  # noqa: B018 - to open it is the act


# -- settings and modules


def test_settings_come_from_a_modules_name(monkeypatch):
    module = ModuleType("celeryconfig_of_a_test")
    module.timezone = "Europe/Prague"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    app = App(store=URL)
    app.config_from_object(module.__name__)
    assert app.tz.key == "Europe/Prague"


def test_finalizing_imports_and_then_tells_once(monkeypatch):
    told = []
    for name in ("module_one_of_a_test", "module_two_of_a_test"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    app = App(store=URL, include=["module_one_of_a_test"], imports=["module_two_of_a_test"])

    @app.on_after_finalize.connect
    def second(sender):
        told.append(("finalize", sender))

    @app.on_after_configure.connect
    def first(sender, **_):
        told.append(("configure", sender))

    app.finalize()
    app.finalize()
    assert told == [("configure", app), ("finalize", app)]


# -- tasks by name


def test_a_function_is_registered_by_its_module_and_name(app):
    @app.task
    def add(a, b):
        return a + b

    assert app.tasks[f"{__name__}.add"] is add
    assert (add(1, 2), add.__name__) == (3, "add")


def test_the_main_module_goes_by_the_apps_name(app):
    def add():
        pass

    add.__module__ = "__main__"
    assert app.task(add).name == "tasks.add"


def test_an_unknown_task_is_an_error_with_the_nearest_name(app):
    app.task(len, name="tasks.length")
    with pytest.raises(
        NotRegistered, match=r'no task "tasks\.lenght" is registered; did you mean "tasks\.length"'
    ):
        app.find_task("tasks.lenght")


def test_periodic_tasks_are_kept_by_name(app):
    add = app.task(lambda a, b: a + b, name="add")
    assert app.add_periodic_task(30.0, add.s(1, 2), name="adds", queue="q") == "adds"
    assert app.add_periodic_task(60.0, add, (1,), {"b": 2}, catchup="skip") == "add(1, b=2)"
    assert app.add_periodic_task(5, "other.task") == "other.task()"
    assert app.periodic_tasks == {
        "adds": {"task": "add", "schedule": 30.0, "args": (1, 2), "kwargs": {}, "queue": "q"},
        "add(1, b=2)": {
            "task": "add",
            "schedule": 60.0,
            "args": (1,),
            "kwargs": {"b": 2},
            "catchup": "skip",
        },
        "other.task()": {"task": "other.task", "schedule": 5, "args": (), "kwargs": {}},
    }


# -- what a call becomes


def test_the_calls_options_come_before_the_tasks_before_the_routes_before_the_apps(app):
    app.conf.update(
        task_default_priority=1, task_routes={"mail.*": {"queue": "mail", "priority": 2, "time_limit": 7}}
    )
    app.task(len, name="mail.send", priority=3)
    assert app.options_for("other", {}) == {"priority": 1, "ignore_result": None}
    assert app.options_for("mail.other", {"queue": None}) == {
        "priority": 2,
        "ignore_result": None,
        "queue": "mail",
        "time_limit": 7,
    }
    given = app.options_for("mail.send", {"queue": "mine"})
    assert (given["queue"], given["priority"], given["time_limit"]) == ("mine", 3, 7)


def test_the_first_route_that_matches_decides(app, tray):
    app.conf.task_routes = {"a.b": "exact", "a.*": "wide"}
    app.enqueue_many(["a.b", "a.c", "b"])
    assert [job.queue for job in tray.jobs] == ["exact", "wide", "default"]


def test_a_task_need_not_be_registered_to_be_enqueued(app, tray):
    result = app.send_task("elsewhere.add", [1], {"b": 2}, queue="far", task_id="x")
    assert (result.id, tray.jobs[0].queue) == ("x", "far")
    assert (tray.messages[0].task, tray.messages[0].args, tray.messages[0].kwargs) == (
        "elsewhere.add",
        (1,),
        {"b": 2},
    )


def test_many_are_enqueued_in_one_step(app, tray):
    add = app.task(lambda *a: sum(a), name="add")
    results = app.enqueue_many(
        [add, add.s(1), signature("far", (2,)), ("named",), (add, (1, 2), {}, {"priority": 0}), "text"]
    )
    assert len(tray.calls) == 1
    assert [job.id for job in tray.jobs] == [result.id for result in results]
    assert [m.task for m in tray.messages] == ["add", "add", "far", "named", "add", "text"]
    assert tray.jobs[4].priority == 0


def test_no_calls_are_no_round_trip(app, tray):
    assert app.enqueue_many([]) == []
    assert tray.calls == []


def test_one_wrong_call_of_many_enqueues_none(app, tray):
    with pytest.raises(ConfigError):
        app.enqueue_many(["a", ("b", (), {}, {"priority": 99})])
    assert tray.calls == []


def test_text_is_no_list_of_arguments(app, tray):
    with pytest.raises(TypeError, match="expected a list or a tuple"):
        app.send_task("t", "ab")
    assert tray.calls == []


def test_a_call_made_inside_a_job_has_that_job_as_its_parent(app, tray):
    token = current_request.set(Request(id="p", root_id="r"))
    try:
        app.send_task("t")
    finally:
        current_request.reset(token)
    app.send_task("t")
    assert [(m.parent_id, m.root_id) for m in tray.messages] == [("p", "r"), (None, None)]


def test_a_call_without_options_is_a_short_message(app, tray):
    app.send_task("t")
    assert json.loads(tray.jobs[0].message) == {"task": "t"}


def test_an_ignored_result_is_not_waited_for(app):
    app.task(len, name="quiet", ignore_result=True)
    assert app.send_task("quiet").get() is None
    assert app.send_task("t", ignore_result=True).get() is None
    app.conf.task_ignore_result = True
    assert app.send_task("t").ignored
    app.task(len, name="loud", ignore_result=False)
    assert not app.send_task("loud").ignored


# -- here and now


def test_eager_calls_touch_no_store(app, tray):
    app.conf.task_always_eager = True
    add = app.task(lambda a, b: a + b, name="add")
    assert add.delay(1, 2).get() == 3
    assert [result.result for result in app.enqueue_many([add.s(1, 1), add.s(2, 2)])] == [2, 4]
    assert tray.calls == []


def test_a_task_of_another_app_is_enqueued_even_so(app, tray):
    app.conf.task_always_eager = True
    app.send_task("elsewhere.add")
    assert len(tray.jobs) == 1


def test_an_eager_failure_is_a_result_or_is_raised(app):
    class OwnError(Exception):
        pass

    @app.task
    def fail():
        raise OwnError("no")

    result = fail.apply()
    assert (result.state, type(result.result), result.failed()) == ("FAILURE", OwnError, True)
    app.conf.task_eager_propagates = True
    with pytest.raises(OwnError, match="no"):
        fail.apply()
