"""Elapsed time: anchors, phases, and Celery's relative rounding."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import every, schedule

ANCHOR = datetime(2025, 1, 1, 0, 0, 7, 250_000, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def bound(one, tz=PARIS, anchor=ANCHOR):
    return one.bind(tz=tz, anchor=anchor, name="any")


def test_every_is_schedule_under_its_plain_name():
    assert every(30) == schedule(30.0) == schedule(timedelta(seconds=30))
    assert hash(every(30)) == hash(schedule(timedelta(seconds=30)))


def test_the_anchor_is_not_a_fire_and_its_multiples_are():
    one = bound(schedule(10))
    assert one.next_after(ANCHOR - timedelta(days=9)) == ANCHOR + timedelta(seconds=10)
    assert one.next_after(ANCHOR) == ANCHOR + timedelta(seconds=10)
    assert one.next_after(ANCHOR + timedelta(seconds=10)) == ANCHOR + timedelta(seconds=20)
    assert one.next_after(ANCHOR + timedelta(seconds=9, microseconds=999_999)) == ANCHOR + timedelta(
        seconds=10
    )


def test_a_million_fires_do_not_drift():
    assert bound(schedule(0.1)).next_after(ANCHOR + timedelta(seconds=99_999.95)) == ANCHOR + timedelta(
        seconds=100_000
    )


def test_an_anchor_of_its_own_wins():
    own = bound(schedule(60, anchor=ANCHOR), anchor=ANCHOR + timedelta(seconds=30))
    assert own.next_after(ANCHOR) == ANCHOR + timedelta(seconds=60)


def test_the_latest_fire_of_a_long_outage():
    one = bound(schedule(0.001))
    until = ANCHOR + timedelta(days=3650, microseconds=300)
    assert one.latest(ANCHOR, until) == ANCHOR + timedelta(days=3650)
    assert one.latest(ANCHOR, ANCHOR) is None
    assert one.latest(ANCHOR - timedelta(days=2), ANCHOR - timedelta(days=1)) is None


def test_the_latest_fire_is_neither_the_anchor_nor_the_start_of_the_stretch():
    one, second = bound(schedule(10)), timedelta(seconds=1)
    assert one.latest(ANCHOR - timedelta(days=1), ANCHOR + 9 * second) is None
    assert one.latest(ANCHOR - timedelta(days=1), ANCHOR + 10 * second) == ANCHOR + 10 * second
    assert one.latest(ANCHOR + 10 * second, ANCHOR + 19 * second) is None
    assert one.latest(ANCHOR + 9 * second, ANCHOR + 19 * second) == ANCHOR + 10 * second


def test_without_an_anchor_a_stretch_starts_its_own_phase():
    one, end = schedule(20), ANCHOR + timedelta(minutes=1)
    assert one.fires(ANCHOR, end) == [ANCHOR + timedelta(seconds=s) for s in (20, 40)]
    assert one.latest(ANCHOR, end) == end
    assert one.upcoming(ANCHOR, 3)[-1] == end


@pytest.mark.parametrize(
    "value", [0, -1, 0.0001, timedelta(0), float("nan"), float("inf"), 1e30, "30", None, True]
)
def test_an_interval_that_cannot_be_meant_is_refused_with_a_sentence(value):
    with pytest.raises(ValueError, match=r"^The interval is .*\.$"):
        schedule(value)


@pytest.mark.parametrize(
    ("seconds", "fires"),
    [
        (86_400, ["2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00", "2025-10-28T00:00:00+01:00"]),
        (129_600, ["2025-10-27T00:00:00+01:00", "2025-10-28T00:00:00+01:00", "2025-10-29T00:00:00+01:00"]),
        (172_800, ["2025-10-27T00:00:00+01:00", "2025-10-29T00:00:00+01:00", "2025-10-31T00:00:00+01:00"]),
        (5_400, ["2025-10-25T14:00:00+02:00", "2025-10-25T15:00:00+02:00", "2025-10-25T16:00:00+02:00"]),
        (300, ["2025-10-25T12:39:00+02:00", "2025-10-25T12:44:00+02:00", "2025-10-25T12:49:00+02:00"]),
        (30, ["2025-10-25T12:35:26+02:00", "2025-10-25T12:35:56+02:00", "2025-10-25T12:36:26+02:00"]),
    ],
)
def test_relative_fires_follow_from_one_another(seconds, fires):
    start = datetime(2025, 10, 25, 12, 34, 56, 789_000, tzinfo=PARIS)
    one = schedule(seconds, relative=True)
    found = [fire.isoformat() for fire in bound(one, anchor=start).upcoming(start, 3)]
    assert found == fires
    assert one.next_after(start).isoformat() == fires[0]


def test_a_relative_hour_is_the_hour_on_the_wall():
    zone = ZoneInfo("Asia/Kathmandu")
    assert schedule(3600, relative=True).next_after(ANCHOR.astimezone(zone)).minute == 0


def test_a_relative_hour_stays_on_the_hour_when_a_zone_moves_by_half_of_one():
    zone = ZoneInfo("Australia/Lord_Howe")
    one = schedule(3600, relative=True).bind(tz=zone, anchor=datetime(2025, 10, 4, tzinfo=UTC), name="any")
    later = one.fires(datetime(2025, 10, 4, 17, tzinfo=UTC), datetime(2025, 10, 5, tzinfo=UTC))
    assert [fire.minute for fire in later] == [0] * 7


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (schedule(1), "Every second."),
        (schedule(30), "Every 30 seconds."),
        (schedule(86_400), "Every day."),
        (schedule(5_400.5), "Every 1 hour, 30 minutes and 0.5 seconds."),
        (schedule(3600, relative=True), "Every hour, on the hour."),
    ],
)
def test_a_description(one, sentence):
    assert one.describe() == sentence
