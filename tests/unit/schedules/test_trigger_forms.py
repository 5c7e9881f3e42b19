"""Triggers written in a file and stored, and the sentences for those that cannot be read."""

import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
from apscheduler.triggers.combining import AndTrigger, OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import settings

from beat.schedules import ScheduleError, from_dict, schedule, trigger

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


def written(**given):
    return trigger.from_written(given)


def test_a_table_has_the_arguments_of_the_constructor():
    table = {"type": "cron", "hour": "3", "day_of_week": "mon-fri", "timezone": "Europe/Prague"}
    assert trigger.from_written(table) == trigger(
        CronTrigger(hour=3, day_of_week="mon-fri", timezone="Europe/Prague")
    )
    assert written(
        type="interval", hours=1, minutes=30, start_date="2025-01-01 00:00:00", timezone="Europe/Prague"
    ) == trigger(IntervalTrigger(minutes=90, start_date="2025-01-01", timezone="Europe/Prague"))
    assert written(type="date", run_date=datetime(2025, 1, 1), timezone="Europe/Prague") == trigger(  # noqa: DTZ001
        DateTrigger("2025-01-01", "Europe/Prague")
    )
    assert written(
        type="calendarinterval", years=1, weeks=1, hour=3, start_date=date(2025, 1, 1), timezone="UTC"
    ) == trigger(CalendarIntervalTrigger(months=12, days=7, hour=3, start_date="2025-01-01", timezone="UTC"))
    parts = [{"type": "cron", "hour": 3}, {"type": "cron", "minute": "*/5", "timezone": "UTC"}]
    assert written(type="and", triggers=parts, timezone="Asia/Tokyo") == trigger(
        AndTrigger([CronTrigger(hour=3, timezone="Asia/Tokyo"), CronTrigger(minute="*/5", timezone="UTC")])
    )


def test_what_a_table_leaves_open_is_the_entrys():
    fields = written(type="cron", hour=3)
    assert fields.tz is None
    assert fields.next_after(at("2025-01-01T00:00:00", NEW_YORK)).utcoffset() == timedelta(hours=-5)
    assert shown(bound(fields).upcoming(ANCHOR, 1)) == ["2025-01-02 03:00:00-05:00"]
    once = bound(written(type="date", run_date="2025-06-01 09:00:00"))
    assert shown(once.upcoming(ANCHOR, 2)) == ["2025-06-01 09:00:00-04:00"]


def test_an_interval_without_a_start_is_that_of_every():
    here, there = written(type="interval", minutes=7), schedule(420)
    assert here.by_anchor
    assert here.next_after(ANCHOR) == there.next_after(ANCHOR)
    assert here.upcoming(ANCHOR, 3) == there.upcoming(ANCHOR, 3)
    later = ANCHOR + timedelta(days=1)
    assert bound(here).upcoming(later, 3) == bound(there).upcoming(later, 3)
    assert not bound(here).by_anchor


KNOWN = [
    (CronTrigger(hour=2, minute=30, timezone="America/New_York"), "At 02:30, America/New_York time."),
    (
        CronTrigger(day="last,2nd fri", month="1-3", day_of_week="mon-fri", timezone="UTC"),
        (
            "At 00:00, on the last day and the 2nd Friday of the month, and only if it is Monday to Friday, "
            "in January to March, UTC time."
        ),
    ),
    (
        CronTrigger(week=1, year="2025-2030", minute="*/5", start_date="2025-01-01", timezone="UTC"),
        "Every 5 minutes, in ISO week 1, in the years 2025-2030, from 2025-01-01 00:00:00, UTC time.",
    ),
    (
        IntervalTrigger(minutes=5, start_date="2025-01-01", timezone="UTC"),
        "Every 5 minutes, from 2025-01-01 00:00:00, UTC time.",
    ),
    (DateTrigger("2025-01-01", "UTC"), "Once, at 2025-01-01 00:00, UTC time."),
    (
        CalendarIntervalTrigger(
            months=1, hour=3, start_date="2025-01-31", end_date="2030-01-01", timezone="UTC"
        ),
        "Every month from 2025-01-31 until 2030-01-01, at 03:00, UTC time.",
    ),
    (
        AndTrigger([CronTrigger(hour=3, timezone="UTC"), CronTrigger(day=1, timezone="UTC")]),
        "Only when all of these fire at once: at 03:00, UTC time; at 00:00, on day 1 of the month, UTC time.",
    ),
    (
        OrTrigger([CronTrigger(hour=3, timezone="UTC"), DateTrigger("2025-01-01", "UTC")]),
        "Whenever any of these fires: at 03:00, UTC time; once, at 2025-01-01 00:00, UTC time.",
    ),
]


@pytest.mark.parametrize(("there", "sentence"), KNOWN)
def test_a_description(there, sentence):
    assert trigger(there).describe() == sentence


OPEN = [
    {"type": "cron", "hour": "*/2", "gap": "skip", "fold": "second"},
    {"type": "interval", "seconds": 0.5},
    {"type": "interval", "weeks": 1, "start_date": "2025-01-01", "end_date": "2026-01-01T00:00:00+02:00"},
    {"type": "date", "run_date": "2025-01-01 00:00:00"},
    {"type": "date", "run_date": "2025-03-09 02:30:00", "gap": "skip", "fold": "both"},
    {"type": "cron", "hour": 1, "start_date": "2025-11-02 01:30:00", "end_date": "2025-11-02 01:45:00"},
    {"type": "or", "triggers": [{"type": "date", "run_date": "2025-01-01"}, {"type": "interval", "days": 1}]},
]


@pytest.mark.parametrize("given", [*(there for there, _ in KNOWN), *OPEN])
def test_a_trigger_survives_json_and_pickle(given):
    for one in (trigger(given), bound(trigger(given)), bound(trigger(given), gap="skip", fold="both")):
        copy = from_dict(json.loads(json.dumps(one.to_dict())))
        assert copy == one
        assert hash(copy) == hash(one)
        assert copy.to_dict() == one.to_dict()
        assert copy.upcoming(ANCHOR, 3) == one.upcoming(ANCHOR, 3)
        assert pickle.loads(pickle.dumps(one)) == one


def test_the_stored_form_is_flat_and_plain():
    assert trigger(CronTrigger(hour=3, timezone="Europe/Prague")).to_dict() == {
        "kind": "trigger",
        "v": 1,
        "type": "cron",
        "year": "*",
        "month": "*",
        "day": "*",
        "week": "*",
        "day_of_week": "*",
        "hour": "3",
        "minute": "0",
        "second": "0",
        "timezone": "Europe/Prague",
    }


def test_triggers_that_say_the_same_are_equal():
    assert trigger(CronTrigger(hour=3, timezone="UTC")) == trigger(
        CronTrigger(hour="03", minute=0, second="0", timezone=UTC)
    )
    assert trigger(CronTrigger(hour=3, timezone="UTC")) != trigger(CronTrigger(hour=3, timezone="Asia/Tokyo"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("cron", "A trigger is one of APScheduler or a table such as"),
        (7, "A trigger is one of APScheduler or a table such as"),
        ({}, "The trigger has no type; expected one of cron"),
        ({"type": "corn"}, "did you mean 'cron'"),
        ({"type": "cron"}, "takes at least one of year"),
        ({"type": "cron", "hours": 3}, "A cron trigger has no 'hours'; did you mean 'hour'"),
        ({"type": "cron", "hour": 24}, "hour '24' of a cron trigger: .*expected 0 to 23"),
        ({"type": "cron", "hour": True}, "hour of a cron trigger is a number or a text, not True"),
        ({"type": "cron", "hour": [3]}, "hour of a cron trigger is a number or a text"),
        ({"type": "cron", "hour": "1," * 400 + "1"}, "has 801 characters; at most 500"),
        ({"type": "cron", "minute": "*/0"}, "Increment must be higher than 0"),
        (
            {"type": "cron", "day_of_week": "mon-fri/2"},
            "'mon-fri/2' is not understood; expected 0 to 6, where 0 is Monday",
        ),
        ({"type": "cron", "day_of_week": "mno"}, "Invalid weekday name"),
        (
            {"type": "cron", "day": 31, "month": 2},
            "would never fire: no date from 1970 on has month '2', day '31'",
        ),
        ({"type": "cron", "hour": 3, "timezone": "Europe/Pragu"}, "did you mean 'Europe/Prague'"),
        ({"type": "cron", "hour": 3, "gap": "skp"}, "did you mean 'skip'"),
        (
            {"type": "cron", "hour": 3, "jitter": 30},
            r"random, .* use \.jittered\(seconds\) or the entry's own jitter",
        ),
        (
            {"type": "cron", "hour": 3, "start_date": "soon"},
            "start_date of a trigger is 'soon', which is not ISO 8601",
        ),
        ({"type": "cron", "hour": 3, "start_date": 5}, "start_date of a trigger is a date and time, not 5"),
        ({"type": "interval"}, "takes weeks, days, hours, minutes, seconds; together they are at least"),
        ({"type": "interval", "seconds": -5}, "at least 0.001 seconds"),
        ({"type": "interval", "seconds": float("nan")}, "not a usable duration"),
        ({"type": "interval", "weeks": 10**12}, "at most a century"),
        (
            {
                "type": "interval",
                "days": 1,
                "start_date": "2025-01-02T00:00Z",
                "end_date": "2025-01-01T00:00Z",
            },
            "end_date is before start_date",
        ),
        (
            {"type": "interval", "days": 1, "gap": "skip"},
            "gap is about the readings of a clock, and this trigger reads none; leave it out",
        ),
        ({"type": "interval", "days": 1, "fold": "skip"}, "fold is 'first' or"),
        (
            {"type": "or", "triggers": [{"type": "interval", "days": 1}], "fold": "both"},
            "fold is about the readings of a clock, and this trigger reads none",
        ),
        ({"type": "cron", "hour": 10**5000}, "hour '<int object>' of a cron trigger: .*expected 0 to 23"),
        ({"type": "cron", "h" * 18_000: 1}, r"A cron trigger has no 'h{76}\.\.\.\."),
        ({"type": ["cron"]}, r"type of a trigger is one of .*, not \['cron'\]"),
        ({"type": "date"}, "A date trigger takes run_date"),
        ({"type": "calendarinterval", "days": 1}, "counts from its start_date"),
        ({"type": "calendarinterval", "start_date": "2025-01-01"}, "one of them is above 0"),
        ({"type": "calendarinterval", "days": -1, "start_date": "2025-01-01"}, "a whole number from 0"),
        (
            {"type": "calendarinterval", "days": 1, "hour": 24, "start_date": "2025-01-01"},
            "hour .* from 0 to 23",
        ),
        ({"type": "and"}, "An and trigger takes triggers, a list of at least one"),
        ({"type": "or", "triggers": []}, "An or trigger takes triggers, a list of at least one"),
        ({"type": "or", "triggers": [5]}, "A trigger is one of APScheduler"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(given, sentence):
    with pytest.raises(ScheduleError, match=sentence):
        trigger.from_written(given)


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        (IntervalTrigger(minutes=5, jitter=3), "The jitter of an interval trigger is random"),
        (OrTrigger([CronTrigger(hour=3, timezone="UTC")], jitter=3), "The jitter of an or trigger is random"),
        (CronTrigger(day=30, month=2, timezone="UTC"), "would never fire"),
        (CronTrigger(hour=3, timezone=timezone(timedelta(hours=2))), "an offset that knows no summer time"),
    ],
)
def test_a_trigger_that_cannot_be_a_schedule_is_refused_with_a_sentence(there, sentence):
    with pytest.raises(ScheduleError, match=sentence):
        trigger(there)


def test_a_policy_for_a_trigger_that_reads_no_clock_is_refused():
    for given in (IntervalTrigger(hours=1, timezone="UTC"), {"type": "interval", "hours": 1}):
        with pytest.raises(ScheduleError, match="gap is about the readings of a clock"):
            trigger(given, gap="skip")
    assert bound(
        trigger({"type": "interval", "hours": 1}), gap="skip"
    )  # an entry's is for whatever reads clocks


def test_a_form_nested_without_end_is_refused():
    form = {"type": "date", "run_date": "2025-01-01"}
    for _ in range(500):
        form = {"type": "or", "triggers": [form]}
    with pytest.raises(ScheduleError, match="nested deeper"):
        trigger(form)
