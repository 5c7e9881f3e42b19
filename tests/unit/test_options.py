"""Options of a job by Celery's names: read once, in one place, and refused with a sentence."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.canvas import Signature
from jobq.errors import ConfigError
from jobq.instants import to_micros
from jobq.message import MOST_SECONDS, OPTION_NAMES, JobOptions, Link, parse_options

PRAGUE = ZoneInfo("Europe/Prague")
NOON = datetime(2026, 7, 1, 12, 0)  # noqa: DTZ001 - naive, as people write it


def test_every_option_is_read():
    read = parse_options(
        {
            "task_id": "t1",
            "queue": "mail",
            "priority": 0,
            "countdown": 1.5,
            "eta": NOON.replace(tzinfo=UTC),
            "expires": 60,
            "retries": 2,
            "soft_time_limit": 10,
            "time_limit": timedelta(seconds=20),
            "ignore_result": True,
            "headers": {"k": 1},
            "link": Signature("a"),
            "link_error": [Signature("b"), Signature("c")],
        },
        UTC,
    )
    assert read == JobOptions(
        task_id="t1",
        queue="mail",
        priority=0,
        countdown=1.5,
        eta=to_micros(NOON.replace(tzinfo=UTC)),
        expires_in=60.0,
        retries=2,
        soft_time_limit=10.0,
        time_limit=20.0,
        ignore_result=True,
        headers={"k": 1},
        link=(Link("a"),),
        link_error=(Link("b"), Link("c")),
    )


@given(st.dictionaries(st.sampled_from(OPTION_NAMES), st.none()))
def test_none_is_as_good_as_nothing(given_options):
    assert parse_options(given_options, UTC) == JobOptions()


def test_a_naive_instant_is_in_the_apps_zone():
    read = parse_options({"eta": NOON, "expires": NOON}, PRAGUE)
    assert read.eta == read.expires_at == to_micros(NOON.replace(tzinfo=PRAGUE))


def test_an_aware_instant_keeps_its_own_zone():
    assert parse_options({"eta": NOON.replace(tzinfo=UTC)}, PRAGUE).eta == to_micros(NOON.replace(tzinfo=UTC))


def test_expires_is_a_span_or_an_instant():
    assert parse_options({"expires": timedelta(minutes=1)}, UTC).expires_in == 60
    assert parse_options({"expires": NOON}, UTC).expires_in is None


@given(st.floats(-MOST_SECONDS, MOST_SECONDS))
def test_a_countdown_never_points_back(seconds):
    assert parse_options({"countdown": seconds}, UTC).countdown == max(0.0, seconds)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("countdwon", 1, 'did you mean "countdown"'),
        ("countdown", "1", "not a number of seconds"),
        ("countdown", True, "not a number of seconds"),
        ("countdown", float("nan"), "not a number of seconds"),
        ("countdown", float("inf"), "not a number of seconds"),
        ("countdown", 1e15, "at most 100 years"),
        ("countdown", 10**400, "at most 100 years"),
        ("time_limit", timedelta.max, "at most 100 years"),
        ("eta", 5, "not a datetime"),
        ("eta", NOON.date(), "not a datetime"),
        ("eta", datetime.max.replace(tzinfo=UTC), "too late"),
        ("expires", "tomorrow", "not a number of seconds"),
        ("priority", 10, "whole number from 0"),
        ("queue", "a b", "not a queue name"),
        ("task_id", 5, "task_id = 5 is not a job's id: text of 1 to 500 printable characters"),
        ("task_id", "", "is not a job's id"),
        ("task_id", "a\nb", "is not a job's id"),
        ("task_id", "\x1b[2J", "is not a job's id"),
        ("task_id", "x" * 501, "is not a job's id"),
        ("retries", -1, "zero or more"),
        ("retries", True, "zero or more"),
        ("retries", 1.5, "zero or more"),
        ("ignore_result", "yes", "true or false"),
        ("headers", [1], "not a table"),
        ("link", "tasks.add", "is not a signature"),
        ("link_error", [lambda: None], "is not a signature"),
    ],
)
def test_wrong_options_get_a_sentence(option, value, words):
    with pytest.raises(ConfigError, match=words):
        parse_options({option: value}, UTC)


@given(
    st.dictionaries(
        st.sampled_from(OPTION_NAMES), st.none() | st.integers() | st.floats() | st.text() | st.booleans()
    )
)
def test_whatever_is_given_is_read_or_refused(given_options):
    with suppress(ConfigError):
        assert isinstance(parse_options(given_options, UTC), JobOptions)
