"""What the store keeps of an entry is the entry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from beat import schedules
from beat.definition import entry_from_mapping
from beat.entry import Entry
from beat.reading import json_form
from jobq.message import decode_message

ZONES = ["UTC", "Europe/Prague", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]

texts = st.text(st.characters(codec="utf-8"), max_size=10)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
zones = st.sampled_from(ZONES)
minutes = st.sampled_from(["*", "*/5", "0", "0,30", "10-20/2"])
hours = st.sampled_from(["*", "*/2", "3", "22-4"])
days = st.sampled_from(["*", "mon-fri", "0,6", "1"])
own_zones = st.none() | zones

kinds = st.one_of(
    st.integers(1, 10**9).map(lambda number: {"every": number / 1000}),
    st.builds(
        lambda seconds, relative, tz: {"schedule": schedules.schedule(seconds, tz=tz), "relative": relative},
        st.integers(1, 10**6),
        st.booleans(),
        own_zones,
    ),
    st.builds(lambda minute, hour, day: {"cron": f"{minute} {hour} * * {day}"}, minutes, hours, days),
    st.builds(
        lambda minute, hour, day, tz: {"schedule": schedules.crontab(minute, hour, day, tz=tz)},
        minutes,
        hours,
        days,
        own_zones,
    ),
    st.builds(
        lambda minute, hour, tz, gap, fold: {
            "schedule": schedules.cron(f"{minute} {hour} * * *", tz, gap, fold)
        },
        minutes,
        hours,
        own_zones,
        st.sampled_from([None, "after", "skip"]),
        st.sampled_from([None, "first", "second", "both"]),
    ),
    st.builds(
        lambda event, lat, lon, offset: {"solar": {"event": event, "lat": lat, "lon": lon, "offset": offset}},
        st.sampled_from(["sunrise", "solar_noon", "dusk_civil"]),
        st.floats(-90, 90),
        st.floats(-180, 180),
        st.integers(-7200, 7200),
    ),
)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.none() | zones.map(ZoneInfo))  # noqa: DTZ001
seconds = st.integers(0, 10**6) | st.floats(0, 10**6)
policies = st.fixed_dictionaries(
    {},
    optional={
        "args": st.lists(json_values, max_size=3),
        "kwargs": st.dictionaries(texts, json_values, max_size=3),
        "timezone": zones,
        "enabled": st.booleans(),
        "catchup": st.sampled_from(["latest", "all", "skip"]),
        "catchup_window": seconds,
        "gap": st.sampled_from(["after", "skip"]),
        "fold": st.sampled_from(["first", "second", "both"]),
        "queue": st.sampled_from(["default", "low"]),
        "priority": st.integers(0, 9),
        "expires": seconds | instants,
        "retries": st.integers(0, 100),
        "time_limit": seconds,
        "soft_time_limit": seconds,
        "headers": st.dictionaries(texts, json_values, max_size=3),
    },
)
bounds = st.lists(st.tuples(st.sampled_from(["start", "end"]), instants), max_size=1).map(dict)


def read(kind: dict[str, Any], policy: dict[str, Any], bound: dict[str, Any], zone: str) -> Entry:
    return entry_from_mapping("name", {"task": "tasks.add", **kind, **policy, **bound}, timezone=zone)


@given(kinds, policies, bounds, zones)
def test_an_entry_comes_back_from_its_definition(
    kind: dict[str, Any], policy: dict[str, Any], bound: dict[str, Any], zone: str
) -> None:
    entry = read(kind, policy, bound, zone)
    text = entry.definition()
    back = Entry.from_definition("name", text)
    assert back == entry
    assert back.definition() == text


@given(kinds, policies, bounds, zones)
def test_an_entry_that_came_back_does_the_same(
    kind: dict[str, Any], policy: dict[str, Any], bound: dict[str, Any], zone: str
) -> None:
    entry = read(kind, policy, bound, zone)
    one = entry.evaluated(0)
    other = Entry.from_definition("name", entry.definition()).evaluated(0)
    at = 1_760_000_000_000_000
    assert one.next_after(at) == other.next_after(at)
    message = decode_message(one.job(at).message)
    assert message == decode_message(other.job(at).message)
    assert list(message.args) == list(entry.args)
    assert message.kwargs == entry.kwargs


@given(json_values)
def test_the_json_form_of_json_is_itself(value: Any) -> None:
    assert json_form("args", value) == value == json.loads(json.dumps(value))


@given(instants, zones)
def test_bounds_are_the_same_instant_in_any_zone(instant: datetime, zone: str) -> None:
    entry = read({"every": 1}, {}, {"start": instant}, zone)
    aware = instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))
    assert entry.start == aware.astimezone(UTC)
