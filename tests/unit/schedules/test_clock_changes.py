"""What a change of the clock does to a schedule, told in words that name date and effect."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import cron, crontab, rrule, trigger
from beat.schedules.clock.changes import notes
from beat.schedules.jittered import nominal

SINCE = datetime(2026, 11, 21, tzinfo=UTC)
YEAR = timedelta(days=366)
PRAGUE = ZoneInfo("Europe/Prague")


def noted(text, zone, since=SINCE, **policy):
    return notes(cron(text, **policy), ZoneInfo(zone), since, since + YEAR)


@pytest.mark.parametrize(
    ("text", "zone", "policy", "expected"),
    [
        (
            "30 2 * * *",
            "Europe/Prague",
            {},
            "2027-03-28 has no 02:30, it fires at 03:00 CEST; 2027-10-31 has 02:30 twice, it fires the first time",
        ),
        (
            "30 2 * * *",
            "Europe/Prague",
            {"gap": "skip", "fold": "second"},
            "2027-03-28 has no 02:30, it does not fire then; 2027-10-31 has 02:30 twice, it fires the second time",
        ),
        ("30 2 * * *", "America/New_York", {}, "2027-03-14 has no 02:30, it fires at 03:00 EDT"),
        ("30 1 * * *", "America/New_York", {}, "2027-11-07 has 01:30 twice, it fires the first time"),
        ("0,30 2 * * *", "America/New_York", {}, "2027-03-14 has no 02:00 or 02:30, it fires at 03:00 EDT"),
        (
            "* * * * *",
            "America/New_York",
            {},
            "2027-03-14 has no 02:00 to 02:59, it does not fire then; 2027-11-07 has 01:00 to 01:59 twice, it fires both times",
        ),
        ("5 30 2 * * *", "America/New_York", {}, "2027-03-14 has no 02:30:05, it fires at 03:00 EDT"),
        ("15 2 * * *", "Australia/Lord_Howe", {}, "2027-10-03 has no 02:15, it fires at 02:30 +11"),
        ("30 2 * * 1-5", "Europe/Prague", {}, ""),
        ("30 12 * * *", "Europe/Prague", {}, ""),
        ("* * * * *", "UTC", {}, ""),
        ("* * * * *", "Asia/Tokyo", {}, ""),
    ],
)
def test_a_change_that_touches_a_reading_is_told_with_date_and_effect(text, zone, policy, expected):
    assert noted(text, zone, **policy) == expected


def test_a_date_that_a_zone_left_out_is_a_gap():
    since = datetime(2011, 12, 1, tzinfo=UTC)
    assert noted("0 9 30 * *", "Pacific/Apia", since) == "2011-12-30 has no 09:00, it fires at 00:00 +14"


def test_the_date_is_the_one_on_the_clock_that_is_left_out_or_shown_again():
    """At midnight the date before and the date after the change differ."""
    since = datetime(2023, 1, 1, tzinfo=UTC)
    early = noted("30 0 * * *", "America/Asuncion", since)
    assert early == "2023-10-01 has no 00:30, it fires at 01:00 -03"
    late = noted("30 23 * * *", "America/Asuncion", since)
    assert late == "2023-03-25 has 23:30 twice, it fires the first time"


PRAGUES = (
    "2027-03-28 has no 02:30, it fires at 03:00 CEST; 2027-10-31 has 02:30 twice, it fires the first time"
)
NEW_YORKS = "2027-11-07 has 01:30 twice, it fires the first time"


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        (lambda a, b: a | b, f"{PRAGUES}; {NEW_YORKS}"),
        (lambda a, b: b | a, f"{PRAGUES}; {NEW_YORKS}"),
        (lambda a, b: nominal((a | b).jittered(60)), f"{PRAGUES}; {NEW_YORKS}"),
        (lambda a, b: a - b, PRAGUES),
        (lambda a, b: b - a, NEW_YORKS),
        (lambda a, b: nominal((a & b).jittered(60)), ""),
    ],
    ids=["a|b", "b|a", "jittered", "a-b", "b-a", "a&b"],
)
def test_every_part_that_fires_is_told_and_none_that_does_not(combine, expected):
    a, b = cron("30 2 * * *"), cron("30 1 * * *", tz="America/New_York")
    assert notes(combine(a, b), PRAGUE, SINCE, SINCE + YEAR) == expected


def test_a_date_that_is_left_out_is_not_told():
    spring, autumn = PRAGUES.split("; ")
    one = cron("30 2 * * *")
    assert notes(one.excluding(["03-28"]), PRAGUE, SINCE, SINCE + YEAR) == autumn
    assert notes(one.excluding(["10-31"]), PRAGUE, SINCE, SINCE + YEAR) == spring


def test_nothing_is_told_beyond_the_end():
    spring, autumn = PRAGUES.split("; ")
    one, before = cron("30 2 * * *"), datetime(2027, 3, 28, tzinfo=UTC)
    assert notes(one, PRAGUE, SINCE, before) == ""
    assert notes(one, PRAGUE, SINCE, before + timedelta(days=1)) == spring
    assert notes(one, PRAGUE, before + timedelta(days=1), SINCE + YEAR) == autumn
    # An entry asks until its own end; bounds of the schedule are ends as well.
    for bounded in (one.between(end=before), nominal(one.between(end=before).jittered(60))):
        assert notes(bounded, PRAGUE, SINCE, SINCE + YEAR) == ""


def test_the_zone_of_the_schedule_goes_before_that_of_the_asker():
    assert noted("30 2 * * *", "UTC", tz="America/New_York").startswith("2027-03-14")


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (
            cron("30 2 * * 1-5,0", tz="America/New_York"),
            "At 02:30, on Sunday to Friday, America/New_York time; at 03:00 EDT on the day the clock skips it.",
        ),
        (
            crontab(minute=15, hour=2, tz="Europe/London"),
            "At 02:15, Europe/London time.",
        ),
        (cron("30 2 * * *", tz="America/New_York", gap="skip"), "At 02:30, America/New_York time."),
        (cron("30 2 * * mon", tz="America/New_York"), "At 02:30, on Monday, America/New_York time."),
        (cron("30 * * * *", tz="America/New_York"), "At minute 30 of every hour, America/New_York time."),
        (cron("30 2 * * *"), "At 02:30."),
    ],
)
def test_a_description_says_what_becomes_of_a_time_that_the_clock_skips(schedule, expected):
    assert schedule.describe() == expected


@pytest.mark.parametrize(
    "one",
    [
        trigger({"type": "cron", "hour": 2, "minute": 30}),
        trigger(
            {
                "type": "or",
                "triggers": [{"type": "cron", "hour": 2, "minute": 30}, {"type": "interval", "days": 9}],
            }
        ),
        rrule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0"),
    ],
    ids=["trigger", "or", "rrule"],
)
def test_every_kind_that_reads_a_clock_is_noted(one):
    prague = ZoneInfo("Europe/Prague")
    bound = one.bind(tz=prague, anchor=SINCE, name="any")
    assert notes(bound, prague, SINCE, SINCE + YEAR) == (
        "2027-03-28 has no 02:30, it fires at 03:00 CEST; 2027-10-31 has 02:30 twice, it fires the first time"
    )
