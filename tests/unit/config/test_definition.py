"""Entries written in Python, as a Celery app has them in `beat_schedule`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.date import DateTrigger

from beat import schedules
from beat.definition import DefinitionError, entry_from_mapping, read_entry
from beat.entry import Entry
from beat.schedules import plugins
from jobq.errors import ConfigError
from jobq.message import JobOptions, Link


def entry(zone: str = "UTC", **given: Any) -> Entry:
    return entry_from_mapping("name", {"task": "tasks.add", **given}, timezone=zone)


def refused(**given: Any) -> DefinitionError:
    """What is said of an entry, without its name."""
    with pytest.raises(DefinitionError) as caught:
        entry(**given)
    return caught.value


def test_a_dict_as_celery_has_it() -> None:
    given = {
        "task": "tasks.add",
        "schedule": timedelta(seconds=30),
        "args": (16, 16),
        "kwargs": {"keep": (1, 2)},
        "options": {"queue": "low", "expires": 60, "priority": 3},
        "relative": False,
    }
    assert entry_from_mapping("add-every-30-seconds", given, timezone="Europe/Prague") == Entry(
        name="add-every-30-seconds",
        task="tasks.add",
        schedule=schedules.schedule(30.0),
        args=(16, 16),
        kwargs={"keep": [1, 2]},  # as the job will have it
        timezone="Europe/Prague",
        options=JobOptions(queue="low", expires_in=60.0, priority=3),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"schedule": 30}, schedules.schedule(30)),
        ({"schedule": 0.5}, schedules.schedule(0.5)),
        ({"schedule": timedelta(hours=1)}, schedules.schedule(3600)),
        ({"schedule": timedelta(hours=1), "relative": True}, schedules.schedule(3600, relative=True)),
        ({"schedule": schedules.schedule(60, relative=True)}, schedules.schedule(60, relative=True)),
        ({"schedule": schedules.schedule(60, tz="Asia/Tokyo"), "relative": True}, schedules.schedule(60, relative=True, tz="Asia/Tokyo")),
        ({"schedule": schedules.crontab(minute="0"), "relative": False}, schedules.crontab(minute="0")),
        ({"schedule": schedules.cron("@daily")}, schedules.cron("0 0 * * *")),
        ({"schedule": schedules.solar("sunset", 50, 14)}, schedules.solar("sunset", 50, 14)),
        ({"every": "1h30m"}, schedules.schedule(5400)),
        ({"every": timedelta(minutes=1), "relative": True}, schedules.schedule(60, relative=True)),
        ({"cron": "0 3 * * *"}, schedules.cron("0 3 * * *")),
        ({"crontab": "0 3 * * 1"}, schedules.crontab("0", "3", "1")),
        ({"crontab": {"minute": [0, 30], "hour": 3}}, schedules.crontab([0, 30], 3)),
        ({"crontab": {}}, schedules.crontab()),
        ({"solar": {"event": "sunset", "lat": 50, "lon": 14}}, schedules.solar("sunset", 50, 14)),
        ({"solar": {"event": "sunset", "lat": 50, "lon": 14, "offset": -900, "elevation": 200}}, schedules.solar("sunset", 50, 14, -900, 200)),
        ({"at": datetime(2026, 12, 24, 18, tzinfo=UTC)}, schedules.at("2026-12-24T18:00Z")),
        ({"at": "2026-12-24T18:00"}, schedules.at(datetime(2026, 12, 24, 18))),  # noqa: DTZ001 - a reading of the clock
        ({"rrule": "FREQ=DAILY;BYHOUR=3"}, schedules.rrule("FREQ=DAILY;BYHOUR=3")),
        ({"rrule": {"text": "FREQ=DAILY", "dtstart": datetime(2026, 1, 1, tzinfo=UTC)}}, schedules.rrule("FREQ=DAILY", dtstart=datetime(2026, 1, 1, tzinfo=UTC))),
        ({"trigger": {"type": "cron", "hour": "3"}}, schedules.trigger({"type": "cron", "hour": "3"})),
        ({"trigger": DateTrigger(datetime(2026, 12, 24, tzinfo=UTC))}, schedules.trigger(DateTrigger(datetime(2026, 12, 24, tzinfo=UTC)))),
        ({"schedule": DateTrigger(datetime(2026, 12, 24, tzinfo=UTC))}, schedules.trigger(DateTrigger(datetime(2026, 12, 24, tzinfo=UTC)))),
        ({"cron": ["0 9 * * *", "30 17 * * 5"]}, schedules.cron("0 9 * * *") | schedules.cron("30 17 * * 5")),
        ({"schedule": [60, schedules.cron("@daily")]}, schedules.schedule(60) | schedules.cron("@daily")),
        ({"schedule": schedules.cron("@daily").to_dict()}, schedules.cron("@daily")),
        ({"every": 60, "jitter": "10s"}, schedules.schedule(60).jittered(10)),
        ({"every": 60, "jitter": 0}, schedules.schedule(60)),
        ({"cron": "@daily", "calendar": ["2026-12-24", date(2027, 1, 1)]}, schedules.cron("@daily") - {date(2026, 12, 24), date(2027, 1, 1)}),
        ({"cron": "@daily", "calendar": schedules.Calendar(["12-24"]), "roll": "next"}, schedules.cron("@daily").excluding(["12-24"], "next")),
        ({"solar": {"event": "sunset", "lat": 50, "lon": 14, "offset": "-15m"}}, schedules.solar("sunset", 50, 14, -900)),
        ({"solar": {"event": "sunset", "lat": 50, "lon": 14, "offset": "+15m"}}, schedules.solar("sunset", 50, 14, 900)),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_the_forms_of_a_schedule(given: dict[str, Any], expected: schedules.Schedule) -> None:
    read = entry(**given).schedule
    assert (type(read), read) == (type(expected), expected)


def test_a_kind_of_another_package_takes_no_key_of_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "offered", lambda: ("queue", "jitter"))
    read = entry(every=5, queue="low", jitter=0)
    assert read.schedule == schedules.schedule(5)
    assert read.options.queue == "low"


@pytest.mark.parametrize("roll", ["skip", "next", "previous"])
def test_jitter_comes_after_the_calendar(roll: str) -> None:
    read = entry(cron="0 9 * * *", calendar=["2026-12-24"], roll=roll, jitter="1m").schedule
    assert read == schedules.cron("0 9 * * *").excluding(["2026-12-24"], roll).jittered(60)


def test_a_relative_interval_keeps_its_anchor_and_its_zone() -> None:
    anchor = "2026-01-01T00:00:00+00:00"
    given = schedules.schedule(3600, anchor=anchor, tz="Asia/Tokyo")
    assert entry(schedule=given, relative=True).schedule == schedules.schedule(
        3600, relative=True, anchor=anchor, tz="Asia/Tokyo"
    )


def test_a_task_is_a_name_or_has_one() -> None:
    assert entry(task=SimpleNamespace(name="tasks.sub"), schedule=1).task == "tasks.sub"


def test_none_is_as_good_as_left_out() -> None:
    nothing = dict.fromkeys(
        ["args", "kwargs", "options", "relative", "enabled", "queue", "timezone", "start", "cron"]
    )
    assert entry(schedule=1, **nothing) == entry(schedule=1)
    assert entry(schedule=1, options={"queue": None, "link": None}) == entry(schedule=1)


@pytest.mark.parametrize("zone", ["America/New_York", ZoneInfo("America/New_York")], ids=["name", "zone"])
def test_a_zone_is_a_name_or_a_zone(zone: object) -> None:
    assert entry(schedule=1, timezone=zone).timezone == "America/New_York"
    assert entry(schedule=1, timezone=UTC).timezone == "UTC"


def test_naive_datetimes_are_read_in_the_zone_of_the_entry() -> None:
    read = entry(
        schedule=1,
        timezone="Asia/Tokyo",
        start=datetime(2026, 1, 1, 9),  # noqa: DTZ001
        end=datetime(2026, 1, 2, 9, tzinfo=timezone(timedelta(hours=1))),
        options={"expires": datetime(2026, 1, 1, 9)},  # noqa: DTZ001
    )
    assert read.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert read.end == datetime(2026, 1, 2, 8, tzinfo=UTC)
    assert read.options.expires_at == datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1_000_000


def test_bounds_in_a_repeated_hour_survive_the_store() -> None:
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Prague"), fold=1)
    read = entry(schedule=1, start=twice, end=twice)
    assert Entry.from_definition("name", read.definition()) == read


def test_options_are_the_same_in_either_place() -> None:
    given: dict[str, Any] = {
        "queue": "low",
        "expires": "10m",
        "time_limit": timedelta(minutes=1),
        "headers": {"a": (1,)},
    }
    assert entry(schedule=1, **given) == entry(schedule=1, options=given)
    assert entry(schedule=1, **given).options == JobOptions(
        queue="low", expires_in=600.0, time_limit=60.0, headers={"a": [1]}
    )


def test_links_are_kept() -> None:
    assert entry(schedule=1, options={"link": Link("tasks.next")}).options.link == (Link("tasks.next"),)


@pytest.mark.parametrize(
    ("name", "shows"), [("crontab", "crontab"), ("solar", "solar"), ("ffwd", "crontab, schedule, solar")]
)
def test_a_schedule_of_celery_gets_the_right_import(name: str, shows: str) -> None:
    kind = type(name, (), {"__module__": "celery.schedules"})
    derived = type("mine", (kind,), {"__module__": "shop.schedules"})
    for value in (kind(), derived()):
        error = refused(schedule=value)
        assert (
            str(error)
            == f'entry "name": schedule is a {name} of Celery; use the one from here: from beat import {shows}'
        )
        assert error.key == "schedule"


@pytest.mark.parametrize(
    ("given", "path", "sentence"),
    [
        ({}, (), "it has no schedule; expected exactly one of every, cron, crontab, solar, at, rrule and trigger"),
        ({"schedule": True}, ("schedule",), 'schedule is true; expected seconds, a timedelta or a schedule such as crontab(minute="0")'),
        ({"schedule": timedelta(0)}, ("schedule",), "schedule: the interval is datetime.timedelta(0); it must be at least 0.001 seconds and at most a century"),
        ({"schedule": object()}, ("schedule",), 'schedule is a value of the type object; expected seconds, a timedelta or a schedule such as crontab(minute="0")'),
        ({"schedule": []}, ("schedule",), "schedule is an empty list; expected at least one schedule"),
        ({"schedule": [1, True]}, ("schedule",), 'schedule is true; expected seconds, a timedelta or a schedule such as crontab(minute="0")'),
        ({"schedule": 1, "calendar": {1}}, ("calendar",), "calendar: 1 is not a date of a calendar"),
        ({"schedule": 1, "calendar": object()}, ("calendar",), "calendar is a value of the type object; expected the name of one, or a list of dates"),
        ({"schedule": 1, "jitter": -1}, ("jitter",), "jitter = -1 is not a duration; it must be zero or more and finite"),
        ({"schedule": schedules.cron("@daily"), "relative": True}, ("relative",), "relative = true goes with every, not with schedule"),
        ({"schedule": 1, "every": 1}, ("every",), "it has 2 schedules, schedule and every; expected exactly one"),
        ({"schedule": 1, "task": None}, (), 'it has no task; expected task = "module.function"'),
        ({"schedule": 1, "task": object()}, ("task",), "task is a value of the type object; expected a task's name"),
        ({"schedule": 1, "task": SimpleNamespace(name=5)}, ("task",), "task is a value of the type SimpleNamespace; expected a task's name"),
        ({"schedule": 1, "args": [1, {2}]}, ("args",), "args[1] is a value of the type set, which JSON has no form for; write it as text"),
        ({"schedule": 1, "args": [float("nan")]}, ("args",), "args[0] is the number nan, which JSON has no form for; write it as text"),
        ({"schedule": 1, "args": [b"a"]}, ("args",), "args[0] is a value of the type bytes, which JSON has no form for; write it as text"),
        ({"schedule": 1, "kwargs": {"a": {1: 2}}}, ("kwargs",), "kwargs.a has the key 1; in JSON every key is text"),
        ({"schedule": 1, "options": {"priority": 11}}, ("options", "priority"), "priority 11 is not a whole number from 0 (first) to 9 (last)"),
        ({"schedule": 1, "options": {"task_id": "x"}}, ("options", "task_id"), "task_id is not for an entry: its jobs are called by its name and their fire times"),
        ({"schedule": 1, "time_limit": 1e10}, ("time_limit",), "time_limit is longer than a century"),
        ({"schedule": 1, "catchup_window": timedelta(days=-1)}, ("catchup_window",), "catchup_window = datetime.timedelta(days=-1) is not a duration; it must be zero or more and finite"),
        ({"schedule": 1, "solar": None, 5: 6}, ("5",), '"5" is not a key of an entry; known are: '),
    ],
)  # fmt: skip
def test_what_only_python_can_get_wrong(given: dict[Any, Any], path: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        entry_from_mapping("name", {"task": "tasks.add", **given}, timezone="UTC")
    assert str(caught.value).startswith(f'entry "name": {sentence}')
    assert caught.value.path == path
    assert caught.value.key == (path[0] if path else None)


def test_arguments_that_hold_themselves_are_refused() -> None:
    args: list[Any] = []
    args.append(args)
    assert "nested more than 50 deep" in str(refused(schedule=1, args=args))


def test_text_that_can_not_be_sent_is_refused() -> None:
    assert "can't be sent as JSON" in str(refused(schedule=1, args=["\ud800"]))
    assert "is not a queue name" in str(refused(schedule=1, queue="\ud800"))


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("it has no form")


@pytest.mark.parametrize(
    "key", ["task", "schedule", "every", "args", "kwargs", "timezone", "start", "queue", "expires", "x"]
)
def test_an_object_of_anybodys_making_gets_a_sentence(key: str) -> None:
    assert str(refused(**{"schedule": 1, key: Odd()})).startswith('entry "')


def test_a_sentence_has_an_end_and_one_line() -> None:
    sentence = str(refused(cron="a\nb " * 1000))
    assert len(sentence) < 600
    assert "\n" not in sentence


@pytest.mark.parametrize("name", [None, 5, "", " ", "a@b", "a\tb", "a\ud800", "a" * 201])
def test_names_that_no_entry_may_have(name: Any) -> None:
    with pytest.raises(DefinitionError, match="its name"):
        entry_from_mapping(name, {"task": "t", "schedule": 1}, timezone="UTC")


@pytest.mark.parametrize("name", ["a", "a" * 200, "add every 30 s", "nightly.archive", "größer", "a/b:c{d}"])
def test_names_that_an_entry_may_have(name: str) -> None:
    assert entry_from_mapping(name, {"task": "t", "schedule": 1}, timezone="UTC").name == name


def test_what_is_no_dict_is_refused() -> None:
    with pytest.raises(ConfigError, match='entry "name": it is the number 5; expected a table with a task'):
        entry_from_mapping("name", 5, timezone="UTC")  # type: ignore[arg-type]


def test_all_that_is_wrong_is_found_at_once() -> None:
    read, problems = read_entry("a@b", {"tsk": "t", "every": -1, "gap": 5, "queue": ""}, timezone="UTC")
    assert read is None
    assert [problem.key for problem in problems] == [None, "tsk", "gap", "queue", "every"]
