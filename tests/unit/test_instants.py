"""Instants are whole microseconds, and nothing is lost between them and a datetime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.instants import from_micros, iso, seconds_to_micros, to_micros

PRAGUE = ZoneInfo("Europe/Prague")
SPAN = {"min_value": datetime(1900, 1, 1), "max_value": datetime(2200, 1, 1)}  # noqa: DTZ001 - Hypothesis adds the zone


@given(st.datetimes(**SPAN, timezones=st.timezones(), allow_imaginary=False))
def test_an_instant_survives_the_round_trip(instant):
    again = from_micros(to_micros(instant), instant.tzinfo)
    assert (again.replace(fold=0), again.utcoffset()) == (instant.replace(fold=0), instant.utcoffset())


@given(st.integers(to_micros(SPAN["min_value"].replace(tzinfo=UTC)), 2**53))
def test_microseconds_survive_the_round_trip(micros):
    assert to_micros(from_micros(micros)) == micros
    assert to_micros(datetime.fromisoformat(iso(micros))) == micros


def test_both_passes_of_a_repeated_hour_are_told_apart():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=PRAGUE)
    second = first.replace(fold=1)
    assert to_micros(second) - to_micros(first) == 3600 * 1_000_000
    assert from_micros(to_micros(second), PRAGUE).fold == 1


def test_zones_do_not_matter():
    there = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    assert to_micros(there) == to_micros(datetime(2026, 7, 1, 6, 15, tzinfo=UTC))


def test_a_naive_datetime_is_no_instant():
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(datetime(2026, 7, 1))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000001Z"), (-1, "1969-12-31T23:59:59.999999Z")],
)
def test_iso_has_a_fraction_only_where_there_is_one(micros, text):
    assert iso(micros) == text


def test_seconds_are_rounded_to_the_nearest_microsecond():
    assert [seconds_to_micros(s) for s in (1.5, 0.0000004, 0.0000006)] == [1_500_000, 0, 1]
