"""The parts of triggers of APScheduler: their bounds, zones and fields, alone and combined."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.combining import AndTrigger, OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from beat.schedules import cron, trigger

NEW_YORK = ZoneInfo("America/New_York")


def at(text, tz=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=tz)


def shown(fires):
    return [fire.isoformat(sep=" ")[:16] for fire in fires]


MORNINGS = CronTrigger(hour=3, timezone="UTC", start_date="2025-01-02", end_date="2025-01-03 12:00:00")
HOURS = IntervalTrigger(hours=1, start_date=at("2025-01-01"), timezone="UTC")
NOON = CronTrigger(hour=12, timezone="UTC", start_date="2025-01-05", end_date="2025-01-06 00:00:00")


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (OrTrigger([MORNINGS, NOON]), ["2025-01-02 03:00", "2025-01-03 03:00", "2025-01-05 12:00"]),
        (AndTrigger([MORNINGS, HOURS]), ["2025-01-02 03:00", "2025-01-03 03:00"]),
        (
            OrTrigger([AndTrigger([MORNINGS, HOURS]), NOON]),
            ["2025-01-02 03:00", "2025-01-03 03:00", "2025-01-05 12:00"],
        ),
        (AndTrigger([AndTrigger([MORNINGS, HOURS]), HOURS]), ["2025-01-02 03:00", "2025-01-03 03:00"]),
        (
            AndTrigger([OrTrigger([MORNINGS, NOON]), HOURS]),
            ["2025-01-02 03:00", "2025-01-03 03:00", "2025-01-05 12:00"],
        ),
    ],
    ids=["or", "and", "and in or", "and in and", "or in and"],
)
def test_the_bounds_of_parts_hold_in_every_combination(there, expected):
    one, start, end = trigger(there), at("2024-12-01"), at("2025-03-01")
    assert shown(one.fires(start, end)) == expected
    assert shown([one.latest(start, end)]) == expected[-1:]
    assert one.latest(start, at("2025-01-02T02:00:00")) is None
    assert shown([one.latest(start, at("2025-01-02T03:00:00"))]) == expected[:1]
    assert one.latest(at("2025-01-06"), end) is None


def test_a_second_that_follows_real_time_does_not_make_the_minutes_do_so():
    here = trigger(CronTrigger(hour="1,2", minute=30, second="*/20", timezone=NEW_YORK))
    there = cron("*/20 30 1,2 * * *", tz=NEW_YORK)
    for day in ("2025-03-09", "2025-11-02"):
        end = at(day) + timedelta(days=2)
        assert here.fires(at(day), end) == there.fires(at(day), end)
    assert shown(here.fires(at("2025-03-09T07:00:00"), at("2025-03-09T08:00:00"))) == ["2025-03-09 03:00"]


def test_the_iso_weeks_of_january_depend_on_the_year_before():
    one = trigger({"type": "cron", "week": 53, "month": 1, "timezone": "UTC"})
    start, end = at("1971-01-01"), at("2040-01-01")
    days = (start + timedelta(days=number) for number in range((end - start).days))
    assert one.fires(start, end) == [day for day in days if day.month == 1 and day.isocalendar().week == 53]


def test_a_calendar_interval_may_end_on_the_day_on_which_it_starts():
    one = trigger(
        CalendarIntervalTrigger(
            days=2, hour=3, start_date="2025-01-01", end_date="2025-01-01", timezone="UTC"
        )
    )
    assert shown(one.upcoming(at("2024-01-01"), 2)) == ["2025-01-01 03:00"]
    one = trigger(
        IntervalTrigger(hours=1, start_date=at("2025-01-01"), end_date=at("2025-01-01"), timezone="UTC")
    )
    assert shown(one.upcoming(at("2024-01-01"), 2)) == ["2025-01-01 00:00"]


def test_a_combination_gives_its_zone_and_policy_to_its_parts():
    parts = [{"type": "cron", "hour": 2, "minute": 30}, {"type": "cron", "hour": 2, "timezone": "UTC"}]
    shared = {"timezone": "Europe/Prague", "gap": "skip", "fold": "second"}
    for sort in ("or", "and"):
        whole = trigger({"type": sort, "triggers": parts, **shared})
        assert whole == trigger({"type": sort, "triggers": [shared | part for part in parts]})
        assert whole != trigger({"type": sort, "triggers": parts, "timezone": "Europe/Prague"})


@pytest.mark.parametrize(
    "form",
    [
        {"type": "cron", "hour": 3, "gap": "skip", "fold": "both"},
        {"type": "date", "run_date": "2025-06-01 09:00:00", "gap": "skip", "fold": "both"},
        {"type": "interval", "hours": 3, "start_date": "2025-06-01 09:00:00"},
        {"type": "calendarinterval", "days": 3, "start_date": "2025-06-01", "gap": "skip", "fold": "both"},
    ],
    ids=lambda form: form["type"],
)
def test_the_own_zone_of_a_trigger_goes_before_the_entrys(form):
    one = trigger({**form, "timezone": "Asia/Tokyo"})
    bound = one.bind(tz=NEW_YORK, anchor=at("2025-01-01"), name="any", gap="after", fold="first")
    assert bound == one
    assert bound.tz == ZoneInfo("Asia/Tokyo")


def test_an_interval_that_begins_after_the_end_of_the_calendar_never_fires():
    one = trigger({"type": "interval", "days": 400}).bind(tz=NEW_YORK, anchor=at("9999-12-01"), name="any")
    assert one.next_after(at("2025-01-01")) is None
    assert one.describe().endswith(".")
    assert trigger({key: value for key, value in one.to_dict().items() if key not in {"kind", "v"}}) == one


@pytest.mark.parametrize("step", [{"days": 1}, {"months": 1}, {"months": 1, "days": 1}])
def test_a_calendar_interval_ends_on_its_last_date_and_not_before(step):
    def built(end):
        return trigger(
            CalendarIntervalTrigger(**step, hour=3, start_date="2025-01-01", end_date=end, timezone="UTC")
        )

    endless = built(None)
    last = endless.upcoming(at("2024-01-01"), 5)[-1]
    ended, shorter = built(last.date()), built(last.date() - timedelta(days=1))
    assert len(ended.upcoming(at("2024-01-01"), 9)) == 5
    assert ended.next_after(last - timedelta(hours=2)) == last
    assert ended.next_after(last) is None
    assert len(shorter.upcoming(at("2024-01-01"), 9)) == 4
    assert len(endless.upcoming(at("2024-01-01"), 9)) == 9
