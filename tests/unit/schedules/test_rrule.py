"""Recurrence rules: RFC 5545's examples, zones, the start, wrong texts, and rules that others hang on."""

import json
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat import rrule
from beat.schedules import Schedule, from_micros, to_micros
from beat.schedules.recurrence import days as rrule_days
from beat.schedules.recurrence import rule_set as rrule_set

same = settings(derandomize=True, deadline=None, max_examples=100)
NEW_YORK = ZoneInfo("America/New_York")
EARLY = datetime(1990, 1, 1, tzinfo=UTC)


def first(one, count=100, since=EARLY):
    return [fire.replace(tzinfo=None).isoformat(" ", "minutes") for fire in one.upcoming(since, count)]


def in_rfc(text, start="1997-09-02T09:00"):
    return rrule(text, dtstart=start, tz="America/New_York")


# RFC 5545, section 3.8.5.3: the rule, how it goes on (as month-day of 1997 unless the year is given), whether that is all.
RFC = [
    ("FREQ=DAILY;COUNT=10", "09-02 09-03 09-04 09-05 09-06 09-07 09-08 09-09 09-10 09-11", True),
    ("FREQ=DAILY;INTERVAL=2", "09-02 09-04 09-06 09-08 09-10", False),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "09-02 09-12 09-22 10-02 10-12", True),
    ("FREQ=WEEKLY;COUNT=10", "09-02 09-09 09-16 09-23 09-30 10-07 10-14 10-21 10-28 11-04", True),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "09-02 09-16 09-30 10-14 10-28 11-11 11-25 12-09 12-23", False),
    (
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
        "09-02 09-04 09-09 09-11 09-16 09-18 09-23 09-25 09-30 10-02",
        True,
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "09-02 09-04 09-16 09-18 09-30 10-02 10-14 10-16",
        True,
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "09-07 09-28 11-02 11-30 1998-01-04 1998-01-25 1998-03-01 1998-03-29 1998-05-03 1998-05-31",
        True,
    ),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "09-22 10-20 11-17 12-22 1998-01-19 1998-02-16", True),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "09-28 10-29 11-28 12-29 1998-01-29 1998-02-26", False),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        "09-02 09-15 10-02 10-15 11-02 11-15 12-02 12-15 1998-01-02 1998-01-15",
        True,
    ),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "09-30 10-01 10-31 11-01 11-30 12-01 12-31 1998-01-01 1998-01-31 1998-02-01",
        True,
    ),
    (
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "09-10 09-11 09-12 09-13 09-14 09-15 1999-03-10 1999-03-11 1999-03-12 1999-03-13",
        True,
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "09-02 09-09 09-16 09-23 09-30 11-04 11-11 11-18 11-25 1998-01-06",
        False,
    ),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13", False),
    (
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "09-13 10-11 11-08 12-13 1998-01-10 1998-02-07",
        False,
    ),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "09-04 10-07 11-06", True),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "09-29 10-30 11-27 12-30 1998-01-29 1998-02-26 1998-03-30",
        False,
    ),
    (
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "1997-11-04 2001-11-06 2005-11-08",
        False,
    ),
]
RFC_ELSEWHERE = [
    (
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "1997-06-10",
        "1997-06-10 1997-07-10 1998-06-10 1998-07-10 1999-06-10 1999-07-10 2000-06-10 2000-07-10 2001-06-10 2001-07-10",
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "1997-03-10",
        "1997-03-10 1999-01-10 1999-02-10 1999-03-10 2001-01-10 2001-02-10 2001-03-10 2003-01-10 2003-02-10 2003-03-10",
    ),
    (
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "1997-01-01",
        "1997-01-01 1997-04-10 1997-07-19 2000-01-01 2000-04-09 2000-07-18 2003-01-01 2003-04-10 2003-07-19 2006-01-01",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1997-05-19 1998-05-18 1999-05-17"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12", "1997-05-12 1998-05-11 1999-05-17"),
    (
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        "1997-03-13",
        "1997-03-13 1997-03-20 1997-03-27 1998-03-05 1998-03-12",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "1997-08-05",
        "1997-08-05 1997-08-10 1997-08-19 1997-08-24",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "1997-08-05",
        "1997-08-05 1997-08-17 1997-08-19 1997-08-31",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        "2007-01-15",
        "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30",
    ),
]
RFC_TIMES = [
    ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", "09:00 12:00 15:00"),  # 17:00 there
    ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", "09:00 09:15 09:30 09:45 10:00 10:15"),
    ("FREQ=MINUTELY;INTERVAL=90;COUNT=4", "09:00 10:30 12:00 13:30"),
]


@pytest.mark.parametrize(("text", "dates", "complete"), RFC)
def test_the_examples_of_the_rfc(text, dates, complete):
    expected = [f"{date if len(date) > 5 else f'1997-{date}'} 09:00" for date in dates.split()]
    found = first(in_rfc(text), len(expected) + 1)
    assert found[: len(expected)] == expected
    assert (len(found) == len(expected)) is complete


@pytest.mark.parametrize(("text", "start", "dates"), RFC_ELSEWHERE)
def test_the_examples_of_the_rfc_with_other_starts(text, start, dates):
    expected = [f"{date} 09:00" for date in dates.split()]
    found = first(in_rfc(text, f"{start}T09:00"), len(expected) + 1)
    assert found[: len(expected)] == expected
    assert len(found) == len(expected) or "COUNT" not in text


@pytest.mark.parametrize(("text", "times"), RFC_TIMES)
def test_the_examples_of_the_rfc_within_a_day(text, times):
    assert first(in_rfc(text)) == [f"1997-09-02 {time}" for time in times.split()]


def test_the_same_times_written_in_two_ways():
    ways = (
        "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    )
    assert first(in_rfc(ways[0])) == first(in_rfc(ways[1]))


def test_every_day_of_january_written_in_two_ways():
    ways = (
        "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
    )
    found = [first(in_rfc(text, "1998-01-01T09:00")) for text in ways]
    assert found[0] == found[1]
    assert (len(found[0]), found[0][-1]) == (93, "2000-01-31 09:00")


# Where the RFC and dateutil part, or dateutil decides.


def test_the_start_is_an_occurrence_only_if_it_matches():
    one = rrule("FREQ=WEEKLY;BYDAY=MO;COUNT=2", dtstart="2026-01-06T09:00", tz="UTC")  # a Tuesday
    assert first(one) == ["2026-01-12 09:00", "2026-01-19 09:00"]


def test_plain_and_numbered_weekdays_add_up():
    one = rrule("FREQ=MONTHLY;BYDAY=MO,1FR", dtstart="2026-01-01T00:00", tz="UTC")
    assert first(one, 5) == [f"2026-01-{day} 00:00" for day in ("02", "05", "12", "19", "26")]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-03-30 2026-06-29 2026-08-31 2026-11-30"),
        ("FREQ=MONTHLY;BYDAY=-5MO", "2026-03-02 2026-06-01 2026-08-03 2026-11-02"),
        ("FREQ=YEARLY;BYDAY=53TH", "2026-12-31 2032-12-30 2037-12-31"),
        ("FREQ=YEARLY;BYDAY=-53TH", "2026-01-01 2032-01-01 2037-01-01"),
    ],
)
def test_a_weekday_that_a_month_or_year_does_not_have_is_left_out(text, dates):
    found = first(rrule(text, dtstart="2026-01-01T09:00", tz="UTC"), len(dates.split()))
    assert found == [f"{day} 09:00" for day in dates.split()]


def test_a_position_counts_in_the_whole_first_week():
    one = rrule(
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", dtstart="2026-01-07T09:00", tz="UTC"
    )  # a Wednesday
    assert first(one, 2) == ["2026-01-12 09:00", "2026-01-19 09:00"]


@pytest.mark.parametrize("year", range(1995, 2035))
def test_week_numbers_are_those_of_iso_8601(year):
    for number in (1, 52, 53):
        one = rrule(f"FREQ=YEARLY;BYWEEKNO={number}", dtstart=f"{year}-01-01T00:00", tz="UTC")
        days = one.fires(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
        every = (datetime(year, 1, 1, tzinfo=UTC) + timedelta(day) for day in range(365 + (year % 4 == 0)))
        assert days == [day for day in every if day.isocalendar().week == number]


@pytest.mark.parametrize("year", range(1995, 2035))
def test_week_numbers_from_the_end_are_those_of_iso_8601(year):
    for back in (-1, -2, -53):
        one = rrule(f"FREQ=YEARLY;BYWEEKNO={back}", dtstart=f"{year}-01-01T00:00", tz="UTC")
        days = one.fires(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
        every = (datetime(year, 1, 1, tzinfo=UTC) + timedelta(day) for day in range(365 + (year % 4 == 0)))

        def number(day):
            of, week, _ = day.isocalendar()
            return week - date(of, 12, 28).isocalendar().week - 1

        assert days == [day for day in every if number(day) == back]


@pytest.mark.parametrize(
    ("wkst", "dates"),
    [
        ("MO", "2026-01-04 2027-01-10 2028-01-09 2029-01-07"),
        ("SU", "2026-01-04 2027-01-03 2028-01-02 2028-12-31"),
        ("TH", "2026-01-04 2027-01-03 2028-01-02 2029-01-07"),
    ],
)
def test_the_first_week_of_a_year_begins_on_the_day_that_weeks_do(wkst, dates):
    one = rrule(f"FREQ=YEARLY;BYWEEKNO=1;BYDAY=SU;WKST={wkst}", dtstart="2026-01-01T09:00", tz="UTC")
    assert first(one, 4) == [f"{day} 09:00" for day in dates.split()]


def test_days_before_easter_may_lie_in_the_year_before():
    one = rrule("FREQ=YEARLY;BYEASTER=-100", dtstart="2025-01-01T00:00", tz="UTC")
    assert first(one, 2) == ["2025-01-10 00:00", "2025-12-26 00:00"]


# The start and the zone.


def test_an_entry_gives_its_creation_as_the_start():
    anchor = datetime(2026, 1, 7, 13, 37, 22, 500_000, tzinfo=UTC)
    one = rrule("FREQ=DAILY;INTERVAL=2").bind(tz=NEW_YORK, anchor=anchor, name="any")
    assert one.upcoming(anchor - timedelta(1), 2) == [
        anchor.replace(microsecond=0),
        anchor.replace(day=9, microsecond=0),
    ]
    again = rrule("FREQ=DAILY;INTERVAL=2", dtstart="2026-01-07T08:37:22", tz="America/New_York")
    assert one == again
    assert one.bind(tz=ZoneInfo("UTC"), anchor=EARLY, name="other") == one


def test_an_entrys_creation_is_read_in_the_zone_of_the_rule():
    anchor = datetime(2026, 1, 7, 13, tzinfo=UTC)
    one = rrule("FREQ=DAILY", tz="Asia/Tokyo").bind(tz=NEW_YORK, anchor=anchor, name="any")
    assert one == rrule("FREQ=DAILY", dtstart="2026-01-07T22:00", tz="Asia/Tokyo")


def test_without_a_start_a_rule_counts_from_1970():
    assert first(rrule("FREQ=WEEKLY"), 2, datetime(2026, 1, 1, tzinfo=UTC)) == [
        "2026-01-08 00:00",
        "2026-01-15 00:00",
    ]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("DTSTART;TZID=America/New_York:20260105T090000\nRRULE:FREQ=DAILY", {}),
        ("FREQ=DAILY", {"dtstart": datetime(2026, 1, 5, 9, tzinfo=NEW_YORK)}),
        ("FREQ=DAILY", {"dtstart": "2026-01-05T14:00Z", "tz": "America/New_York"}),
        ("DTSTART:20260105T140000Z\nFREQ=DAILY;INTERVAL=1", {"tz": "America/New_York"}),
        ("DTSTART:20260105T090000\nRRULE:FREQ=DAILY", {"tz": NEW_YORK, "dtstart": "2020-01-01T00:00"}),
        ("  dtstart:20260105T090000\n  rrule:freq=dai\n ly;", {"tz": NEW_YORK}),
    ],
)
def test_the_same_rule_in_other_words_is_equal(text, given):
    one = rrule(text, **given)
    assert one == rrule("FREQ=DAILY", dtstart="2026-01-05T09:00", tz="America/New_York")
    assert hash(one) == hash(rrule("FREQ=DAILY", dtstart="2026-01-05T09:00", tz="America/New_York"))


def test_the_order_of_parts_and_numbers_is_of_no_account():
    assert rrule("RRULE:BYHOUR=10,9,9;WKST=MO;INTERVAL=1;FREQ=DAILY") == rrule("freq=daily; byhour=9, 10")


# Clocks that change.


@pytest.mark.parametrize(
    ("gap", "fold", "expected"),
    [
        (None, None, ["03-08T07:30", "03-09T07:00", "03-10T06:30"]),
        ("skip", None, ["03-08T07:30", "03-10T06:30"]),
    ],
)
def test_a_daily_reading_in_a_gap(gap, fold, expected):
    one = rrule("FREQ=DAILY", dtstart="2025-01-01T02:30", tz="America/New_York", gap=gap, fold=fold)
    found = one.fires(datetime(2025, 3, 8, tzinfo=UTC), datetime(2025, 3, 11, tzinfo=UTC))
    assert [f"{fire.astimezone(UTC):%m-%dT%H:%M}" for fire in found] == expected


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (None, ["11-01T05:30", "11-02T05:30", "11-03T06:30"]),
        ("second", ["11-01T05:30", "11-02T06:30", "11-03T06:30"]),
        ("both", ["11-01T05:30", "11-02T05:30", "11-02T06:30", "11-03T06:30"]),
    ],
)
def test_a_daily_reading_in_a_fold(fold, expected):
    one = rrule("FREQ=DAILY", dtstart="2025-01-01T01:30", tz="America/New_York", fold=fold)
    found = one.fires(datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 11, 4, tzinfo=UTC))
    assert [f"{fire.astimezone(UTC):%m-%dT%H:%M}" for fire in found] == expected


@pytest.mark.parametrize("own", [True, False])
def test_an_entry_says_what_becomes_of_a_gap_and_a_fold(own):
    """Its own policy goes before the entry's."""
    mine, entrys = {"gap": "skip", "fold": "second"}, {"gap": "after", "fold": "both"}
    text = "DTSTART:20250101T023000\nRRULE:FREQ=DAILY"
    one = rrule(text, **mine if own else {}).bind(
        tz=ZoneInfo("Europe/Prague"), anchor=EARLY, name="any", **(entrys if own else mine)
    )
    assert one == rrule(text, tz="Europe/Prague", **mine)
    assert [
        fire.astimezone(UTC).isoformat()[:16]
        for fire in one.upcoming(datetime(2025, 3, 29, 12, tzinfo=UTC), 1)
    ] == ["2025-03-31T00:30"]
    assert [
        fire.astimezone(UTC).isoformat()[:16]
        for fire in one.upcoming(datetime(2025, 10, 25, 12, tzinfo=UTC), 1)
    ] == ["2025-10-26T01:30"]


def test_a_weekly_rule_keeps_its_time_of_day():
    one = rrule("FREQ=WEEKLY", dtstart="2025-01-05T09:00", tz="America/New_York")
    assert {
        fire.hour for fire in one.fires(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    } == {9}


def test_an_hourly_rule_follows_real_time_and_keeps_its_hours():
    one = rrule("FREQ=HOURLY;INTERVAL=2", dtstart="2025-01-01T01:00", tz="America/New_York")
    spring = one.fires(datetime(2025, 3, 9, 5, tzinfo=UTC), datetime(2025, 3, 9, 10, tzinfo=UTC))
    autumn = one.fires(datetime(2025, 11, 2, 4, tzinfo=UTC), datetime(2025, 11, 2, 9, tzinfo=UTC))
    assert [f"{fire.astimezone(UTC):%H}->{fire:%H}" for fire in spring] == ["06->01", "07->03", "09->05"]
    assert [f"{fire.astimezone(UTC):%H}->{fire:%H}" for fire in autumn] == ["05->01", "06->01", "08->03"]


# What holds for all, and bounded work.

texts = st.sampled_from(
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;INTERVAL=3;BYDAY=-1SU,2WE",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1;BYHOUR=6,18",
        "DTSTART:20200105T101500\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=900",
        "FREQ=DAILY;INTERVAL=11;BYHOUR=2;BYMINUTE=15,30;UNTIL=20350101T000000Z",
        "FREQ=HOURLY;INTERVAL=7;BYDAY=SA",
        "FREQ=MINUTELY;INTERVAL=7;BYHOUR=1,2,3",
        "FREQ=SECONDLY;INTERVAL=4999;BYMONTH=3,11",
        "RRULE:FREQ=DAILY;BYHOUR=1,2\nEXRULE:FREQ=WEEKLY;BYDAY=SU;BYHOUR=1\nRDATE:20200101T120000Z\nEXDATE:20210105T010000",
        (
            "RRULE:FREQ=MONTHLY;BYDAY=MO,FR;BYSETPOS=1,-1\nRRULE:FREQ=MINUTELY;INTERVAL=7;BYDAY=SA;UNTIL=20300101T000000Z\n"
            "EXRULE:FREQ=HOURLY;BYMONTH=10,11;BYHOUR=1,2\nEXDATE:20261025T003000Z"
        ),
    ]
)
zones = st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]).map(ZoneInfo)
instants = st.builds(from_micros, st.integers(-631_152_000_000_000, 2_840_140_800_000_000), zones)
starts = st.datetimes(datetime(1960, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001 - readings
rules = st.builds(
    rrule,
    texts,
    dtstart=starts,
    tz=zones,
    gap=st.sampled_from([None, "after", "skip"]),
    fold=st.sampled_from([None, "first", "second", "both"]),
)


@same
@given(rules, instants)
def test_the_next_fire_is_strictly_later_and_nothing_lies_between(one, t):
    fire = one.next_after(t)
    if fire is not None:
        assert to_micros(fire) > to_micros(t)
        for us in ((to_micros(t) + to_micros(fire)) // 2, to_micros(fire) - 1):
            assert to_micros(one.next_after(from_micros(us))) == to_micros(fire)


@same
@given(rules, instants, st.floats(0, 1), st.integers(0, 3 * 86_400))
def test_fires_of_adjoining_stretches_join(one, start, share, length):
    middle, end = (from_micros(to_micros(start) + int(length * part) * 1_000_000) for part in (share, 1))
    assert one.fires(start, middle) + one.fires(middle, end) == one.fires(start, end)


@same
@given(rules)
def test_a_rule_survives_json_and_pickle(one):
    copy = Schedule.from_dict(json.loads(json.dumps(one.to_dict())))
    assert copy == one
    assert copy.to_dict() == one.to_dict()
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.describe().endswith(".")


@same
@given(texts, zones, st.sampled_from([datetime.min, datetime.max]))  # noqa: DTZ901 - the zone follows
def test_the_ends_of_the_calendar_are_no_error(text, tz, edge):
    t = edge.replace(tzinfo=tz)
    for one in (rrule(text), rrule(text, dtstart=edge, tz=tz), rrule(text).bind(tz=tz, anchor=t, name="any")):
        fires = [one.next_after(t), one.latest(t, t), *one.upcoming(t, 2)]
        assert all(fire is None or to_micros(fire) > to_micros(t) for fire in fires)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=3", "2026-01-05T09:00"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2026-01-05T09:00"),
        ("FREQ=HOURLY;INTERVAL=24;BYHOUR=10", "2026-01-05T09:00"),
        ("FREQ=SECONDLY;INTERVAL=604800;BYDAY=TU", "2026-01-05T09:00"),
        ("FREQ=SECONDLY;INTERVAL=86399;BYHOUR=3;BYMINUTE=0;BYSECOND=0;BYEASTER=0", "2026-01-05T09:00"),
        ("FREQ=YEARLY;BYMONTH=2", "2026-01-30T09:00"),
        ("FREQ=MONTHLY;BYSETPOS=2", "2026-01-30T09:00"),
    ],
)
def test_a_rule_whose_phase_never_meets_its_parts_looks_at_each_year_once_at_most(text, start, monkeypatch):
    looked = []
    mask = rrule_days.At.mask
    monkeypatch.setattr(
        rrule_days.At, "mask", lambda days, year, first: looked.append(year) or mask(days, year, first)
    )
    rrule_set.fires_of.cache_clear()
    one = rrule(text, dtstart=start, tz="UTC")
    one.next_after(EARLY)
    assert len(looked) <= 2 * 9999
    looked.clear()
    one.next_after(EARLY)
    assert len(looked) <= 9999


def test_large_counts_are_counted_and_not_walked():
    one = rrule("FREQ=SECONDLY;COUNT=1000000000", dtstart="2000-01-01T00:00", tz="UTC")
    assert one.latest(EARLY, datetime(2500, 1, 1, tzinfo=UTC)) == datetime(2031, 9, 9, 1, 46, 39, tzinfo=UTC)
    one = rrule("FREQ=MINUTELY;INTERVAL=7;BYDAY=MO;COUNT=100000", dtstart="2000-01-01T00:00", tz="UTC")
    assert len(one.fires(EARLY, datetime(2100, 1, 1, tzinfo=UTC))) == 100_000
