"""Settings: Celery's names, checked as they are assigned, and no two apps share one."""

from __future__ import annotations

import os
import re
import warnings
from datetime import timedelta
from types import ModuleType

import pytest

from jobq import App
from jobq.conf import DEFAULTS, MEANINGLESS, Conf, settings_of
from jobq.errors import ConfigError


def test_every_setting_has_its_default_as_attribute_and_item():
    conf = Conf()
    for name, default in DEFAULTS.items():
        assert getattr(conf, name) == conf[name] == default
        assert name in conf
    assert set(conf) == set(DEFAULTS)
    assert conf.given == set()


def test_what_is_given_is_known():
    conf = Conf(worker_concurrency=3)
    conf.timezone = "Europe/Prague"
    conf["task_always_eager"] = True
    conf.update({"worker_lease_ttl": 5}, result_expires=None)
    assert conf.given == {
        "worker_concurrency",
        "timezone",
        "task_always_eager",
        "worker_lease_ttl",
        "result_expires",
    }


def test_every_default_is_a_value_that_may_be_assigned():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dict(zip(DEFAULTS, (Conf(**DEFAULTS)[name] for name in DEFAULTS), strict=True)) == DEFAULTS


def test_apps_share_no_setting():
    Conf().beat_schedule["nightly"] = {}
    Conf().task_routes["a.*"] = "a"
    assert (Conf().beat_schedule, Conf().task_routes) == ({}, {})


@pytest.mark.parametrize("name", ["worker_concurency", "WORKER_CONCURRENCY"])
def test_an_unknown_name_is_an_error_with_the_nearest_right_one(name):
    conf = Conf()
    with pytest.raises(ConfigError, match='did you mean "worker_concurrency"'):
        conf[name] = 1
    with pytest.raises(ConfigError, match='did you mean "worker_concurrency"'):
        conf[name]
    with pytest.raises(AttributeError, match='did you mean "worker_concurrency"'):
        getattr(conf, name)


@pytest.mark.parametrize("name", sorted(MEANINGLESS)[::12])
def test_a_setting_without_meaning_is_accepted_with_a_warning(name):
    conf = Conf()
    with pytest.warns(UserWarning, match=f"{name} has no meaning here") as seen:
        conf.update({name: 1})
    assert len(seen) == 1
    assert name not in conf


def test_no_setting_both_has_and_lacks_a_meaning():
    assert not MEANINGLESS & set(DEFAULTS)


def test_late_acknowledgement_cannot_be_turned_off():
    with pytest.warns(UserWarning, match="task_acks_late = False is ignored"):
        assert Conf(task_acks_late=False).task_acks_late is True


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timezone", "Europe/Brno", "is not a time zone"),
        ("timezone", "../etc/passwd", "is not a time zone"),
        ("task_serializer", "pickle", "messages are JSON here"),
        ("accept_content", ["json", "pickle"], "messages are JSON here"),
        ("enable_utc", "no", "is not true or false"),
        ("task_always_eager", "False", "is not true or false"),
        ("result_expires", "soon", "result_expires = 'soon' is not a duration"),
        ("result_expires", -1, "zero or more"),
        ("result_expires", 10**400, "longer than a century"),
        ("task_time_limit", True, "is not a duration"),
        ("worker_lease_ttl", None, "is not a duration"),
        ("worker_concurrency", 0, "whole number, one or more"),
        ("worker_concurrency", "4", "whole number, one or more"),
        ("worker_max_tasks_per_child", 1.5, "whole number, one or more"),
        ("task_default_queue", "a b", "is not a queue name"),
        ("task_default_priority", 11, "whole number from 0"),
        ("beat_schedule", [("a", {})], "is not a table"),
        ("imports", ("tasks", 5), "list of module names"),
        ("worker_allowed_imports", 5, "list of module names"),
        ("worker_allowed_imports", ["lib.jobs:f"], r"is not a module's name; expected such as"),
        ("worker_allowed_imports", [""], "is not a module's name"),
        ("task_max_bytes", -1, "not a whole number of bytes; 0 is for no limit"),
        ("task_max_bytes", "1M", "not a whole number of bytes"),
        ("result_max_bytes", None, "not a whole number of bytes"),
        ("result_max_bytes", True, "not a whole number of bytes"),
        ("task_routes", "mail", "is not routes"),
        ("task_routes", {"a.*": 5}, "is not a route"),
        ("task_routes", {re.compile("a"): "q"}, "is not a route"),
        ("task_routes", [lambda name: name], "is not routes"),
    ],
)
def test_a_wrong_value_gets_a_sentence_and_changes_nothing(name, value, words):
    conf = Conf()
    with pytest.raises(ConfigError, match=words):
        conf[name] = value
    assert conf[name] == DEFAULTS[name]
    assert conf.given == set()


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("result_expires", timedelta(hours=1), 3600),
        ("result_expires", "1d", 86400),
        ("result_expires", None, None),
        ("task_soft_time_limit", 5, 5),
        ("task_always_eager", 1, True),
        ("imports", "tasks", ("tasks",)),
        ("include", ["a", "b"], ("a", "b")),
        ("task_routes", None, {}),
        ("task_routes", {"a.*": {"queue": "a"}, "b": "b"}, {"a.*": {"queue": "a"}, "b": "b"}),
        ("task_routes", [("a.*", "first"), {"a.*": "second", "b": "b"}], {"a.*": "first", "b": "b"}),
        ("task_routes", ([("a.*", "a"), ("b", "b")],), {"a.*": "a", "b": "b"}),
    ],
)
def test_celerys_forms_of_a_value(name, value, kept):
    assert Conf(**{name: value})[name] == kept


def test_a_mapping_holds_settings_only():
    with pytest.raises(ConfigError, match='did you mean "timezone"'):
        Conf().update(settings_of({"timezon": "UTC"}))


def config_module(**names):
    module = ModuleType("celeryconfig")
    vars(module).update(names)
    return module


def test_a_module_may_hold_other_things_too():
    module = config_module(os=os, helper=len, _private=1, SECRET="s", hosts=["a"], timezone="Europe/Prague")
    assert settings_of(module) == {"timezone": "Europe/Prague"}


def test_a_slip_in_a_module_is_not_passed_over():
    with pytest.raises(ConfigError, match='did you mean "worker_concurrency"'):
        Conf().update(settings_of(config_module(worker_concurency=4)))


@pytest.mark.parametrize("name", ["CELERY_TIMEZONE", "BROKER_URL"])
def test_the_old_spelling_is_told(name):
    with pytest.raises(ConfigError, match="old spelling of a setting; did you mean"):
        settings_of({name: "x"})


class Base:
    timezone = "Europe/Prague"


class Settings(Base):
    worker_concurrency = 3


@pytest.mark.parametrize("source", [Settings, Settings()])
def test_a_class_or_its_instance_gives_what_it_inherits_too(source):
    assert settings_of(source) == {"timezone": "Europe/Prague", "worker_concurrency": 3}


def test_a_namespace_chooses_the_names_that_start_with_it():
    app = App(store="sqlite:///x.db")
    app.config_from_object({"CELERY_TIMEZONE": "Europe/Prague", "DEBUG": True}, namespace="CELERY")
    assert app.conf.timezone == "Europe/Prague"


def test_options_without_a_meaning_are_accepted_with_a_warning():
    app = App(store="sqlite:///x.db")
    with pytest.warns(UserWarning, match="acks_late has no meaning here"):
        task = app.task(lambda: None, name="t", acks_late=True)
    with pytest.warns(UserWarning, match="routing_key has no meaning here"):
        job = app.new_job("t", (), {}, {"routing_key": "x", "queue": "q"})
    assert (task.name, job.queue) == ("t", "q")


@pytest.mark.parametrize(
    "given",
    [
        {"worker_concurrency": 5, "timezone": "Europe/Brno"},
        {"worker_concurrency": 5, "worker_concurency": 6},
        {"worker_concurrency": 5, 7: 8},
        {"worker_concurrency": 5, "result_backend": "redis://elsewhere"},
        {"worker_concurrency": 5, "broker_url": 5},
        {"worker_concurrency": 5, "timezone": type("Odd", (), {"__str__": lambda _: 1 / 0})()},
    ],
)
def test_of_settings_of_which_one_is_wrong_none_is_taken(given):
    app = App("tasks", store="sqlite:///a.db")
    with pytest.raises(ConfigError):
        app.config_from_object(given)
    assert (app.conf.worker_concurrency, app.conf.given) == (2, {"broker_url"})
    app.config_from_object(
        {"worker_concurrency": 5, "result_backend": "redis://h", "broker_url": "redis://h"}
    )
    assert (app.conf.worker_concurrency, app.store_url) == (5, "redis://h")
