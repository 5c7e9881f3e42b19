"""Triggers of APScheduler: right where it is not, alone and combined, and those of other packages."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.combining import AndTrigger, OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import settings

from beat.schedules import ScheduleError, cron, from_dict, trigger
from beat.schedules import at as once

same = settings(derandomize=True, deadline=None, max_examples=100)
NEW_YORK = ZoneInfo("America/New_York")
ANCHOR = datetime(2025, 1, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def at(text, tz=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=tz)


def shown(fires):
    return [fire.isoformat(sep=" ") for fire in fires]


def bound(one, tz=NEW_YORK, **policy):
    return one.bind(tz=tz, anchor=ANCHOR, name="any", **policy)


def test_a_date_fires_once():
    one = trigger(DateTrigger("2026-03-04 05:06:07.000008", "Europe/Prague"))
    fire = at("2026-03-04T05:06:07.000008", ZoneInfo("Europe/Prague"))
    assert one.next_after(fire - MICROSECOND) == fire
    assert one.next_after(fire) is None
    assert one.tz == ZoneInfo("Europe/Prague")


def test_bounds_are_inclusive_and_a_fraction_of_a_second_is_rounded_up():
    one = trigger(
        CronTrigger(
            minute="*", second=30, start_date=at("2025-01-01T00:00:30"), end_date=at("2025-01-01T00:02:30")
        )
    )
    assert shown(one.upcoming(at("2020-01-01"), 9)) == [
        f"2025-01-01 00:0{minute}:30+00:00" for minute in (0, 1, 2)
    ]
    later = trigger(CronTrigger(second="*", start_date=at("2025-01-01T00:00:30.000001")))
    assert later.next_after(at("2020-01-01")) == at("2025-01-01T00:00:31")


def test_bounds_at_the_ends_of_the_calendar_are_none():
    for tz in ("Asia/Tokyo", "America/New_York"):
        given = {"type": "cron", "hour": 3, "start_date": "0001-01-01", "end_date": "9999-12-31 23:59:59"}
        one = trigger({**given, "timezone": tz})
        assert from_dict(one.to_dict()) == one
        assert one.describe().startswith("At 03:00, from 0001-01-0")
        assert one.next_after(ANCHOR) == trigger({"type": "cron", "hour": 3, "timezone": tz}).next_after(
            ANCHOR
        )


@pytest.mark.parametrize("text", ["0 3 * * 0", "*/5 9-17 1,15 * *"])
def test_a_trigger_from_a_crontab_keeps_its_weekdays(text):
    there = CronTrigger.from_crontab(text, timezone="UTC")
    assert trigger(there).next_after(ANCHOR) == there.get_next_fire_time(None, ANCHOR + MICROSECOND)


# -- where it is right, and APScheduler is not


def test_a_reading_in_a_gap_fires_right_after_it():
    """There, 02:30 of a day without it becomes 03:30: half an hour late."""
    one = trigger(CronTrigger(hour=2, minute=30, timezone="America/New_York"))
    assert shown(one.upcoming(at("2025-03-08T12:00:00"), 2)) == [
        "2025-03-09 03:00:00-04:00",
        "2025-03-10 02:30:00-04:00",
    ]
    skipping = bound(one, gap="skip")
    assert shown(skipping.upcoming(at("2025-03-08T12:00:00"), 1)) == ["2025-03-10 02:30:00-04:00"]


def test_the_midnight_after_a_gap_is_not_missed():
    one = trigger(CronTrigger(day="*", timezone="America/New_York"))
    fires = one.upcoming(at("2025-03-08T12:00:00"), 3)
    assert shown(fires) == [
        "2025-03-09 00:00:00-05:00",
        "2025-03-10 00:00:00-04:00",
        "2025-03-11 00:00:00-04:00",
    ]


def test_a_midnight_that_does_not_exist_fires_at_the_first_instant_of_the_day():
    one = trigger(CronTrigger(day="*", timezone="America/Asuncion"))
    assert shown(one.upcoming(at("2023-09-30T12:00:00"), 2)) == [
        "2023-10-01 01:00:00-03:00",
        "2023-10-02 00:00:00-03:00",
    ]


@pytest.mark.parametrize(
    ("reading", "gap", "fold", "expected"),
    [
        ("2025-03-09 02:30:00", None, None, ["2025-03-09 03:00:00-04:00"]),
        ("2025-03-09 02:30:00", "skip", None, []),
        ("2025-11-02 01:30:00", None, None, ["2025-11-02 01:30:00-04:00"]),
        ("2025-11-02 01:30:00", None, "second", ["2025-11-02 01:30:00-05:00"]),
        ("2025-11-02 01:30:00", None, "both", ["2025-11-02 01:30:00-04:00", "2025-11-02 01:30:00-05:00"]),
    ],
)
def test_a_date_without_an_offset_is_what_at_is(reading, gap, fold, expected):
    form = {"type": "date", "run_date": reading}
    policy = {"gap": gap, "fold": fold}
    assert shown(bound(once(reading), **policy).upcoming(ANCHOR, 3)) == expected
    for one in (
        bound(trigger(form), **policy),
        bound(trigger(form, **policy)),
        bound(trigger(form | policy)),
        bound(trigger({"type": "or", "triggers": [form]}, **policy)),
        bound(trigger({"type": "or", "triggers": [form]}), **policy),
        bound(trigger({"type": "and", "triggers": [form, form]}), **policy),
        bound(trigger(form | {"timezone": "America/New_York"}), **policy),
    ):
        assert shown(one.upcoming(ANCHOR, 3)) == expected
    if "11-02" in reading:  # one in a gap was moved by APScheduler
        there = DateTrigger(reading, "America/New_York")
        assert shown(bound(trigger(there), **policy).upcoming(ANCHOR, 3)) == expected


def test_a_date_that_is_an_instant_knows_no_policy():
    for given in (
        {"type": "date", "run_date": "2025-11-02T01:30:00.25-05:00"},
        DateTrigger(datetime(2025, 11, 2, 1, 30, 0, 250_000, tzinfo=NEW_YORK, fold=1)),
    ):
        fires = bound(trigger(given), gap="skip", fold="first").upcoming(ANCHOR, 3)
        assert shown(fires) == ["2025-11-02 01:30:00.250000-05:00"]


@pytest.mark.parametrize(
    ("given", "policy", "expected"),
    [
        (
            {"type": "interval", "hours": 1, "start_date": "2025-03-09 02:30:00"},
            {},
            ["03:00:00-04:00", "04:00:00-04:00"],
        ),
        ({"type": "cron", "minute": "*/30", "start_date": "2025-03-09 02:15:00"}, {}, ["03:00:00-04:00"]),
        (
            {
                "type": "cron",
                "hour": 2,
                "minute": 30,
                "start_date": "2025-03-09",
                "end_date": "2025-03-09 02:30",
            },
            {},
            ["03:00:00-04:00"],
        ),
        ({"type": "cron", "minute": "*/30", "start_date": "2025-11-02 01:15:00"}, {}, ["01:30:00-04:00"]),
        (
            {"type": "cron", "minute": "*/30", "start_date": "2025-11-02 01:15:00"},
            {"fold": "second"},
            ["01:30:00-05:00"],
        ),
        (
            {
                "type": "cron",
                "minute": 30,
                "start_date": "2025-11-02 01:30:00",
                "end_date": "2025-11-02 01:30:00",
            },
            {},
            ["01:30:00-04:00", "01:30:00-05:00"],
        ),
        (
            {
                "type": "cron",
                "minute": 30,
                "start_date": "2025-11-02 01:30:00",
                "end_date": "2025-11-02 01:30:00",
            },
            {"fold": "second"},
            ["01:30:00-05:00"],
        ),
        (
            {"type": "cron", "hour": 1, "start_date": "2025-11-02", "end_date": "2025-11-02 01:30:00"},
            {"fold": "both"},
            ["01:00:00-04:00", "01:00:00-05:00"],
        ),
        (
            {"type": "cron", "hour": 1, "start_date": "2025-11-02", "end_date": "2025-11-02 01:30:00"},
            {},
            ["01:00:00-04:00"],
        ),
    ],
)
def test_bounds_without_an_offset_are_readings_too(given, policy, expected):
    early = at("2025-03-09T00:00:00", NEW_YORK) if "03-09" in given["start_date"] else None
    early = early or at("2025-11-02T00:00:00", NEW_YORK)
    zone = {"timezone": "America/New_York"}
    for one in (bound(trigger(given), **policy), bound(trigger(given | zone), **policy)):
        found = [fire.isoformat()[11:] for fire in one.upcoming(early, len(expected))]
        assert found == expected
        assert from_dict(one.to_dict()) == one
        if "end_date" in given:
            assert len(one.upcoming(early, 9)) == len(expected)
        together = trigger({"type": "and", "triggers": [given | policy, given | policy]} | zone)
        assert together.upcoming(early, len(expected)) == one.upcoming(early, len(expected))


def test_a_repeated_reading_fires_once_and_real_time_goes_on():
    once = trigger(CronTrigger(hour=1, minute=30, timezone="America/New_York"))
    assert shown(once.upcoming(at("2025-11-02T03:00:00"), 2)) == [
        "2025-11-02 01:30:00-04:00",
        "2025-11-03 01:30:00-05:00",
    ]
    hourly = trigger(CronTrigger(hour="*", minute=30, timezone="America/New_York"))
    assert shown(hourly.upcoming(at("2025-11-02T05:00:00"), 3)) == [
        "2025-11-02 01:30:00-04:00",
        "2025-11-02 01:30:00-05:00",
        "2025-11-02 02:30:00-05:00",
    ]
    both = bound(once, fold="both")
    assert shown(both.upcoming(at("2025-11-02T03:00:00"), 2)) == [
        "2025-11-02 01:30:00-04:00",
        "2025-11-02 01:30:00-05:00",
    ]


def test_a_calendar_interval_does_not_drop_the_date_of_a_gap():
    one = trigger(
        CalendarIntervalTrigger(
            days=1, hour=2, minute=30, start_date="2025-03-01", timezone="America/New_York"
        )
    )
    assert shown(one.upcoming(at("2025-03-08T12:00:00"), 2)) == [
        "2025-03-09 03:00:00-04:00",
        "2025-03-10 02:30:00-04:00",
    ]
    skipping = bound(one, gap="skip")
    assert shown(skipping.upcoming(at("2025-03-08T12:00:00"), 1)) == ["2025-03-10 02:30:00-04:00"]


def test_an_interval_is_elapsed_time_through_every_change():
    one = trigger(IntervalTrigger(days=1, start_date="2025-03-01 12:00:00", timezone="America/New_York"))
    assert shown(one.upcoming(at("2025-03-08T18:00:00"), 2)) == [
        "2025-03-09 13:00:00-04:00",
        "2025-03-10 13:00:00-04:00",
    ]


def test_a_date_left_out_by_a_zone_fires_when_the_clock_is_past_it():
    one = trigger(CronTrigger(day=30, hour=9, timezone="Pacific/Apia"))
    assert shown(one.upcoming(at("2011-12-29T00:00:00"), 1)) == ["2011-12-31 00:00:00+14:00"]


# -- combinations


def test_or_fires_whenever_a_part_does():
    parts = [
        CronTrigger(hour=3, timezone="UTC"),
        IntervalTrigger(hours=7, start_date=at("2025-01-01"), timezone="UTC"),
        DateTrigger(at("2025-01-01T15:00:00")),
    ]
    one = trigger(OrTrigger(parts))
    whole = {fire for part in parts for fire in trigger(part).fires(ANCHOR, ANCHOR + timedelta(days=9))}
    assert one.fires(ANCHOR, ANCHOR + timedelta(days=9)) == sorted(whole)
    assert one.latest(ANCHOR, ANCHOR + timedelta(days=9)) == max(whole)


def test_and_fires_when_all_parts_do():
    one = trigger(
        AndTrigger(
            [
                CronTrigger(day_of_week="mon", hour=9, timezone="UTC", end_date="2025-12-31"),
                CalendarIntervalTrigger(days=2, hour=9, start_date="2025-01-01", timezone="UTC"),
            ]
        )
    )
    assert shown(one.upcoming(at("2025-01-01"), 2)) == [
        "2025-01-13 09:00:00+00:00",
        "2025-01-27 09:00:00+00:00",
    ]
    assert shown(one.upcoming(at("2025-12-22"), 9)) == ["2025-12-29 09:00:00+00:00"]


@pytest.mark.parametrize("given", [CronTrigger(hour="0-0/2"), {"type": "cron", "hour": "0-0/2"}])
def test_a_range_that_ends_at_nought_keeps_its_end(given):
    one = trigger(given)
    assert one.to_dict()["hour"] == "0"
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    assert one.next_after(midnight - timedelta(hours=23)) == midnight


def test_and_of_intervals_is_found_however_far_away():
    parts = [
        IntervalTrigger(seconds=seconds, start_date=at("2025-01-01"), timezone="UTC")
        for seconds in (86_399, 86_400)
    ]
    one = trigger(AndTrigger(parts))
    assert one.next_after(at("2025-01-01")) == at("2025-01-01") + timedelta(seconds=86_399 * 86_400)


@pytest.mark.parametrize(
    "parts",
    [
        [CronTrigger(hour=3, timezone="UTC"), CronTrigger(hour=4, timezone="UTC")],
        [
            CronTrigger(second="*", timezone="UTC"),
            IntervalTrigger(seconds=1, start_date=at("2025-01-01T00:00:00.5"), timezone="UTC"),
        ],
        [
            IntervalTrigger(hours=2, start_date=at(f"2025-01-01T0{hour}:00:00"), timezone="UTC")
            for hour in (0, 1)
        ],
        [DateTrigger(at("2026-01-01")), CronTrigger(hour=3, timezone="UTC")],
        [
            CronTrigger(minute="*", timezone="UTC", start_date="2020-01-01 00:00:10"),
            OrTrigger([CronTrigger(second=30, timezone="UTC"), CronTrigger(second=15, timezone="UTC")]),
        ],
    ],
    ids=["cron", "fraction", "intervals", "date", "nested"],
)
def test_and_of_triggers_that_never_meet_never_fires(parts):
    """There, it is searched for without end."""
    one = trigger(AndTrigger(parts))
    assert one.next_after(ANCHOR) is None
    assert one.latest(ANCHOR, ANCHOR + timedelta(days=365)) is None


@pytest.mark.parametrize("sort", ["and", "or"])
def test_what_has_no_anchor_takes_the_instant_of_the_question(sort):
    hourly = {"type": "interval", "hours": 1}
    bounded = {"type": "cron", "minute": "*", "start_date": "2025-01-05 00:00:00", "timezone": "UTC"}
    until = {"type": "interval", "minutes": 30, "end_date": "2025-01-06 00:00:00", "timezone": "UTC"}
    for parts in (
        [hourly],
        [hourly, bounded],
        [hourly, until],
        [hourly, {"type": "or", "triggers": [bounded, until]}],
        [hourly, {"type": "and", "triggers": [bounded, until]}],
    ):
        one = trigger({"type": sort, "triggers": parts})
        anchored = one.bind(tz=NEW_YORK, anchor=ANCHOR, name="any")
        assert one.next_after(ANCHOR) == anchored.next_after(ANCHOR)
        assert [one.next_after(ANCHOR)] == one.upcoming(ANCHOR, 1)


def test_a_question_to_an_open_trigger_does_not_build_its_parts_anew():
    parts = [{"type": "cron", "minute": "0", "hour": str(hour), "timezone": "UTC"} for hour in range(24)]
    one = trigger({"type": "or", "triggers": [*parts, {"type": "interval", "days": 40}]})
    plain = cron("0 * * * *", tz="UTC")
    built = type(one.part.parts[0]).__post_init__
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(one.part.parts[0]), "__post_init__", lambda part: (calls.append(part), built(part))
        )
        assert one.next_after(ANCHOR) == plain.next_after(ANCHOR)
    assert not calls


def test_the_order_of_the_parts_does_not_depend_on_the_process():
    program = """
from datetime import UTC, datetime
from beat.schedules import trigger
crons = [("0", "Europe/Prague"), ("0", "Asia/Tokyo"), ("30", "Australia/Lord_Howe")]
parts = [{"type": "cron", "minute": minute, "timezone": tz} for minute, tz in crons]
one = trigger({"type": "and", "triggers": parts})
print(one.next_after(datetime(2025, 11, 18, tzinfo=UTC)), one.part.whole)
"""
    root = Path(__file__).parents[3]
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ
            | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join([str(root), str(root / "queue")])},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in range(3)
    }
    assert len(told) == 1


def test_no_address_is_in_what_a_trigger_shows_of_itself():
    one = trigger(AndTrigger([CronTrigger(hour=3, timezone="UTC"), CronTrigger(day=1, timezone="UTC")]))
    assert "0x" not in repr(one) + repr(one.part.whole)


def test_each_part_of_a_combination_keeps_its_own_zone():
    one = trigger(
        OrTrigger([CronTrigger(hour=3, timezone="UTC"), CronTrigger(hour=3, timezone="Asia/Tokyo")])
    )
    assert one.tz is None
    assert shown(one.upcoming(at("2025-01-01T12:00:00"), 2)) == [
        "2025-01-01 18:00:00+00:00",
        "2025-01-02 03:00:00+00:00",
    ]


def test_a_trigger_that_holds_itself_is_refused():
    one = OrTrigger([])
    one.triggers = [one, one]
    with pytest.raises(ScheduleError, match="parts, or they are nested deeper"):
        trigger(one)


# -- triggers of other packages


class Foreign(BaseTrigger):
    """Answers what a function does."""

    def __init__(self, ask):
        self.ask = ask

    def get_next_fire_time(self, previous_fire_time, now):
        return self.ask(previous_fire_time, now)


def hourly(previous, now):
    del previous
    rounded = now.replace(minute=0, second=0, microsecond=0)
    return rounded if rounded >= now else rounded + timedelta(hours=1)


def test_a_trigger_of_another_package_is_asked_itself():
    one = trigger(Foreign(hourly))
    assert shown(one.upcoming(ANCHOR, 2)) == ["2025-01-01 13:00:00+00:00", "2025-01-01 14:00:00+00:00"]
    assert one == trigger(one.part.trigger)
    assert one != trigger(Foreign(hourly))
    assert one.describe().endswith("test_trigger.Foreign says so.")
    mixed = trigger(AndTrigger([Foreign(hourly), CronTrigger(hour=5, timezone="UTC")]))
    assert shown(mixed.upcoming(ANCHOR, 1)) == ["2025-01-02 05:00:00+00:00"]


def test_one_that_counts_from_its_first_fire_is_led_on():
    first = ANCHOR - timedelta(days=1)
    one = trigger(Foreign(lambda previous, _: previous + timedelta(hours=5) if previous else first))
    assert one.next_after(ANCHOR) == ANCHOR + timedelta(hours=1)
    assert trigger(Foreign(lambda previous, _: None if previous else first)).next_after(ANCHOR) is None


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda *_: 1 / 0, "raised ZeroDivisionError: division by zero"),
        (lambda *_: "soon", "answered 'soon', which is not an aware datetime"),
        (lambda *_: datetime(2025, 1, 2), "which is not an aware datetime"),  # noqa: DTZ001 - naive on purpose
        (lambda *_: ANCHOR, "again, which is not after"),
        (lambda previous, _: (previous or ANCHOR - timedelta(1)) + MICROSECOND, "took 1000 steps"),
    ],
)
def test_one_that_breaks_its_contract_is_named(ask, sentence):
    one = trigger(Foreign(ask))
    with pytest.raises(ScheduleError, match=sentence):
        one.next_after(ANCHOR)


def test_one_cannot_be_stored():
    with pytest.raises(ScheduleError, match="not one of APScheduler's own triggers, so it cannot be stored"):
        trigger(Foreign(hourly)).to_dict()


def test_a_subclass_that_changes_nothing_about_the_answer_is_known():
    class Named(CronTrigger):
        pass

    assert trigger(Named(hour=3, timezone="UTC")) == trigger(CronTrigger(hour=3, timezone="UTC"))
