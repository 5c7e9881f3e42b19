"""Once: instants, readings of a clock, and what a gap and a fold make of them."""

import io
import json
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beat import at
from beat.schedules import Schedule, ScheduleError

NEW_YORK = ZoneInfo("America/New_York")
EARLY = datetime(2025, 1, 1, tzinfo=UTC)


def fires(one, zone=NEW_YORK):
    return [fire.astimezone(UTC).isoformat() for fire in one.upcoming(EARLY.astimezone(zone), 3)]


def test_an_instant_fires_once_to_the_microsecond():
    when = datetime(2025, 6, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    assert at(when).upcoming(EARLY, 3) == [when]
    assert at(when).next_after(when) is None
    assert at(when).next_after(when - timedelta(microseconds=1)) == when
    assert at(when).latest(EARLY, when) == when


def test_the_same_instant_is_equal_however_it_is_written():
    assert (
        at("2025-06-01T12:00:00+02:00")
        == at("2025-06-01T10:00:00Z")
        == at(datetime(2025, 6, 1, 10, tzinfo=UTC))
    )
    assert hash(at("2025-06-01T12:00:00+02:00")) == hash(at("2025-06-01T10:00Z"))


def test_a_reading_is_one_of_the_clock_in_the_zone_that_is_known():
    one = at("2025-06-01T12:00")
    assert fires(one) == ["2025-06-01T16:00:00+00:00"]
    assert fires(one, UTC) == ["2025-06-01T12:00:00+00:00"]
    assert fires(at("2025-06-01T12:00", tz="Europe/Prague")) == ["2025-06-01T10:00:00+00:00"]
    bound = one.bind(tz=ZoneInfo("Europe/Prague"), anchor=EARLY, name="any")
    assert fires(bound) == ["2025-06-01T10:00:00+00:00"]


def test_a_fraction_of_a_second_of_a_reading_is_dropped():
    assert at("2025-06-01T12:00:00.75", tz="UTC") == at("2025-06-01T12:00", tz="UTC")
    assert at("2025-06-01T12:00:00.75", tz="UTC").to_dict()["when"] == "2025-06-01T12:00:00"


def test_the_second_before_a_reading_is_before_it():
    one = at("2025-06-01T12:00", tz="America/New_York")
    fire = datetime(2025, 6, 1, 12, tzinfo=NEW_YORK)
    for before in (timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=100)):
        assert one.next_after(fire - before) == fire
        assert one.latest(fire - before, fire) == fire
    assert one.next_after(fire) is None
    assert one.latest(fire, fire + timedelta(days=1)) is None


def test_an_aware_datetime_brings_its_zone_along():
    assert at(datetime(2025, 6, 1, 12, tzinfo=NEW_YORK)).tz == NEW_YORK


def test_a_zone_without_a_name_is_no_zone_of_the_schedule():
    block = b"TZif2" + bytes(31) + (1).to_bytes(4, "big") + (4).to_bytes(4, "big") + bytes(6) + b"UTC\0"
    nameless = ZoneInfo.from_file(io.BytesIO(block + block + b"\nUTC0\n"))
    one = at(datetime(2025, 6, 1, 12, tzinfo=nameless))
    assert one == at("2025-06-01T12:00Z")
    assert one.to_dict()["when"] == "2025-06-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("when", "gap", "fold", "expected"),
    [
        ("2025-03-09T02:30", None, None, ["2025-03-09T07:00:00+00:00"]),
        ("2025-03-09T02:30", "skip", None, []),
        ("2025-11-02T01:30", None, None, ["2025-11-02T05:30:00+00:00"]),
        ("2025-11-02T01:30", None, "second", ["2025-11-02T06:30:00+00:00"]),
        ("2025-11-02T01:30", None, "both", ["2025-11-02T05:30:00+00:00", "2025-11-02T06:30:00+00:00"]),
    ],
)
def test_a_reading_in_a_gap_or_a_fold_follows_the_policy(when, gap, fold, expected):
    assert fires(at(when, gap=gap, fold=fold)) == expected
    assert fires(at(when).bind(tz=NEW_YORK, anchor=EARLY, name="any", gap=gap, fold=fold)) == expected


@pytest.mark.parametrize(
    "one",
    [
        at("2025-06-01T12:00:00.25Z"),
        at("2025-06-01T12:00", tz="Europe/Prague", gap="skip", fold="both"),
        at(datetime(2025, 6, 1, 12, tzinfo=NEW_YORK)),
    ],
)
def test_it_survives_json_and_pickle(one):
    copy = Schedule.from_dict(json.loads(json.dumps(one.to_dict())))
    assert copy == one
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (at("2026-12-24T18:00"), "Once, at 2026-12-24 18:00."),
        (at("2026-12-24T18:00", tz="Europe/Prague"), "Once, at 2026-12-24 18:00, Europe/Prague time."),
        (at("2026-12-24T18:00:30Z"), "Once, at 2026-12-24 18:00:30 UTC."),
        (at("2026-12-24T18:00Z", tz="Europe/Prague"), "Once, at 2026-12-24 19:00, Europe/Prague time."),
    ],
)
def test_a_description(one, sentence):
    assert one.describe() == sentence


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ("tomorrow", "at takes a date and time such as '2026-12-24T18:00', not 'tomorrow'."),
        ("2026-12-24", "'2026-12-24' has no time of day; expected one such as '2026-12-24T18:00'."),
        (
            date(2026, 12, 24),
            "datetime.date(2026, 12, 24) has no time of day; expected a datetime, or text such as '2026-12-24T18:00'.",
        ),
        (5, "at takes a datetime or text such as '2026-12-24T18:00', not 5."),
        ("0001-01-01T00:00+05:00", "'0001-01-01T00:00+05:00' is outside the years 1 to 9999 in UTC."),
    ],
)
def test_what_names_no_instant_is_refused_with_a_sentence(when, sentence):
    with pytest.raises(ScheduleError) as refused:
        at(when)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("when", "zone"), [("9999-12-31T23:59:59Z", "Asia/Tokyo"), ("0001-01-01T00:00:00Z", "America/New_York")]
)
def test_an_instant_that_its_zone_cannot_show_is_described_by_the_nearest_it_can(when, zone):
    assert at(when, tz=zone).describe().startswith("Once, at ")
