"""Sets of rules, dates and exceptions: against dateutil and against sets of readings, and what a zone does to them."""

from datetime import UTC, datetime, timedelta
from itertools import chain, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from beat.dst import EPOCH_ORDINAL
from beat.schedules import ScheduleError, rrule
from beat.schedules.recurrence import days as rrule_days
from beat.schedules.recurrence import layers, rule_set

same = settings(derandomize=True, deadline=None, max_examples=100)
EARLY = datetime(1990, 1, 1, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
IN_UTC = {"dtstart": "2025-12-31T00:00", "tz": "UTC"}
NIGHT, MORNING = "0,1,2,3,4,5,6,7,8,9,10,11", "12,13,14,15,16,17,18,19,20,21,22,23"
WORKDAYS = "BYDAY=MO,TU,WE,TH,FR"


def first(one, count=100, since=EARLY):
    return [fire.replace(tzinfo=None).isoformat(" ", "minutes") for fire in one.upcoming(since, count)]


def in_utc(one, count=20, since=EARLY):
    return [f"{fire.astimezone(UTC):%d %H:%M}" for fire in one.upcoming(since, count)]


def test_a_set_less_its_exceptions():
    text = "DTSTART:20260101T090000\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU\nEXDATE:20260105T090000\nRDATE:20260103T120000"
    assert first(rrule(text, tz="UTC"), 4) == [
        f"2026-01-{t}" for t in ("01 09:00", "02 09:00", "03 12:00", "06 09:00")
    ]


# Nothing is said to end that goes on, however much is left out.


@pytest.mark.parametrize(
    ("text", "fire"),
    [
        ("RRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY;BYHOUR=0,1,2,3,4,5,6,7,8", "2026-01-01 09:00"),
        ("RRULE:FREQ=MINUTELY\nEXRULE:FREQ=MINUTELY;BYMONTH=1;UNTIL=20300101T000000", "2026-02-01 00:00"),
        ("RRULE:FREQ=MINUTELY\nEXRULE:FREQ=MINUTELY;UNTIL=24000707T113000", "2400-07-07 11:31"),
        ("RRULE:FREQ=MINUTELY\nEXRULE:FREQ=MINUTELY;COUNT=10000000", "2045-01-04 10:40"),
        (
            (
                f"RRULE:FREQ=MINUTELY\nEXRULE:FREQ=MINUTELY;BYMONTH=1;BYHOUR={NIGHT}\n"
                f"EXRULE:FREQ=MINUTELY;BYMONTH=1;BYHOUR={MORNING}"
            ),
            "2026-02-01 00:00",
        ),
        ("RRULE:FREQ=HOURLY;INTERVAL=7\nEXRULE:FREQ=HOURLY;BYMONTH=1,2,3,4", "2026-05-01 01:00"),
        (
            (
                "RRULE:FREQ=MINUTELY;INTERVAL=7;BYSECOND=0,30\nEXRULE:FREQ=SECONDLY;BYSECOND=0\n"
                f"EXRULE:FREQ=SECONDLY;BYHOUR={NIGHT}"
            ),
            "2026-01-01 12:03:30",
        ),
        (
            (
                f"RRULE:FREQ=MONTHLY;{WORKDAYS};BYSETPOS=-1\n"
                f"EXRULE:FREQ=MONTHLY;{WORKDAYS};BYSETPOS=-1;UNTIL=24200101T000000"
            ),
            "2420-01-31 00:00",
        ),
        (
            "RRULE:FREQ=WEEKLY;BYSETPOS=1;BYHOUR=6,7\nEXRULE:FREQ=YEARLY;INTERVAL=7;BYSETPOS=-1",
            "2026-01-07 06:00",
        ),
    ],
)
def test_a_set_goes_on_after_what_is_left_out(text, fire):
    found = rrule(text, **IN_UTC).next_after(NEW_YEAR)
    assert found.replace(tzinfo=None) == datetime.fromisoformat(fire)


@pytest.mark.parametrize(
    "text",
    [
        "RRULE:FREQ=SECONDLY\nEXRULE:FREQ=SECONDLY",
        f"RRULE:FREQ=MINUTELY\nEXRULE:FREQ=HOURLY;BYMINUTE={','.join(map(str, range(60)))}",
        f"RRULE:FREQ=HOURLY;INTERVAL=7\nEXRULE:FREQ=HOURLY;BYHOUR={NIGHT}\nEXRULE:FREQ=HOURLY;BYHOUR={MORNING}",
        f"RRULE:FREQ=MONTHLY;{WORKDAYS};BYSETPOS=-1\nEXRULE:FREQ=MONTHLY;{WORKDAYS};BYSETPOS=-1",
        "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20251231T000000,20260101T000000,20260102T000000",
    ],
)
def test_a_set_that_leaves_out_all_looks_at_each_year_once_at_most(text, monkeypatch):
    looked = []
    mask = rrule_days.At.mask
    monkeypatch.setattr(
        rrule_days.At, "mask", lambda days, year, start: looked.append(year) or mask(days, year, start)
    )
    one = rrule(text, **IN_UTC)
    assert one.next_after(EARLY) is None
    assert len(looked) <= 8 * rrule_days.INTERVALS_AHEAD
    looked.clear()
    assert one.next_after(NEW_YEAR) is None
    assert len(looked) <= 8


WEEK_53 = "FREQ=DAILY;INTERVAL=97;BYWEEKNO=53;BYDAY=TU,SA"  # fires in 2082, 2292, 2359, 2781, ...


def week_53():
    rule_set.fires_of.cache_clear()
    return rrule(WEEK_53, "1970-08-28", tz="UTC")


def test_what_is_only_after_four_hundred_years_of_silence_is_no_next_fire():
    fires = week_53().upcoming(NEW_YEAR, 9)
    assert [fire.year for fire in fires] == [2082, 2292, 2359]
    assert week_53().next_after(fires[-1] + timedelta(days=40 * 366)).year == 2781


@pytest.mark.parametrize("besides", ["", "\nEXDATE:20200101T000000"])
@pytest.mark.parametrize(
    ("rule", "start", "year"),
    [
        ("FREQ=YEARLY;BYEASTER=0;BYMONTH=3;BYMONTHDAY=22", "1850-01-01", 2285),  # after 435 years
        ("FREQ=MINUTELY;INTERVAL=72000000;BYMONTHDAY=1,2,3,4,5", "2020-01-01", 2567),
        ("FREQ=DAILY;INTERVAL=200000", "2020-01-01", 2567),
        ("FREQ=WEEKLY;INTERVAL=28571;BYDAY=MO,TU,WE", "2020-01-01", 2567),
        ("FREQ=MONTHLY;INTERVAL=6000", "2020-01-01", 2520),
        ("FREQ=YEARLY;INTERVAL=500", "2020-01-01", 2520),
    ],
)
def test_a_rule_is_looked_for_from_the_instant_that_is_asked_about(rule, start, year, besides):
    one = rrule(f"RRULE:{rule}{besides}", start, tz="UTC")
    assert one.next_after(NEW_YEAR).year == year
    assert one.next_after(NEW_YEAR + timedelta(days=90_000)).year == year


def test_a_count_of_picked_times_is_counted_no_farther():
    one = rrule("FREQ=YEARLY;INTERVAL=100;COUNT=500;BYDAY=MO;BYSETPOS=1", "2000-01-03", tz="UTC")
    assert one.next_after(datetime(9800, 2, 1, tzinfo=UTC)).year == 9900


def test_a_rule_that_meets_none_of_its_times_is_not_looked_for(monkeypatch):
    rule = "RRULE:FREQ=MINUTELY;INTERVAL=1440;BYHOUR=23;BYMINUTE=30\nEXDATE:20260101T000000"
    one = rrule(rule, "2020-01-01", tz="UTC")
    monkeypatch.delattr(rrule_days.At, "mask")
    assert one.next_after(NEW_YEAR) is None


def test_days_on_which_all_is_left_out_are_passed_over_once(monkeypatch):
    days = ",".join(f"{NEW_YEAR + timedelta(days=number):%Y%m%dT000000}" for number in range(200))
    one = rrule(f"RRULE:FREQ=DAILY\nEXDATE:{days}", "2020-01-01", tz="UTC")
    fire = NEW_YEAR + timedelta(days=200)
    assert one.next_after(NEW_YEAR - timedelta(hours=1)) == fire
    asked = []
    on = layers.Left.on
    monkeypatch.setattr(layers.Left, "on", lambda left, day: asked.append(day) or on(left, day))
    assert one.next_after(NEW_YEAR - timedelta(hours=2)) == fire
    assert one.next_after(NEW_YEAR + timedelta(days=100, hours=5)) == fire
    assert one.next_after(NEW_YEAR - timedelta(days=2)) == NEW_YEAR - timedelta(days=1)
    assert len(asked) < 5


def test_what_is_silent_does_not_depend_on_what_was_asked_before():
    asked = [NEW_YEAR + timedelta(days=366 * years) for years in (0, 335, 380, 700, 8, 350, 330)]
    one = week_53()
    answers = [one.next_after(t) for t in asked]
    other = week_53()
    assert [other.next_after(t) for t in reversed(asked)] == answers[::-1]
    assert answers == [week_53().next_after(t) for t in asked]


@pytest.mark.parametrize(("count", "last"), [(3, 2028), (400, 2425)])
def test_a_count_ends_a_rule_within_four_hundred_years(count, last):
    end = datetime(last, 1, 1, tzinfo=UTC)
    one = rrule(f"FREQ=YEARLY;COUNT={count}", "2026-01-01", tz="UTC")
    assert one.next_after(end - timedelta(days=1)) == end
    assert one.next_after(end) is None


def test_a_count_of_more_than_four_hundred_years_has_no_end():
    one = rrule("FREQ=YEARLY;COUNT=500", "2026-01-01", tz="UTC")
    assert one.next_after(datetime(9000, 1, 1, tzinfo=UTC)).year == 9001


parts = st.sampled_from(
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;BYHOUR=5,18",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,SA;BYHOUR=5,9",
        "FREQ=DAILY;BYHOUR=5,9,18;BYSETPOS=-1",
        "FREQ=HOURLY;BYDAY=SA,SU",
        "FREQ=HOURLY;INTERVAL=6",
        "FREQ=HOURLY;BYHOUR=4,5,6,7,8,9",
        "FREQ=HOURLY;BYMONTHDAY=1,2,3,4,5,6,7,8,9,10;BYMINUTE=0,15",
        "FREQ=MINUTELY;INTERVAL=45",
        "FREQ=MINUTELY;INTERVAL=15;BYMONTHDAY=-1,-2,-3",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,18;BYSETPOS=1,-1,4",
        "FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5,6,7,8,9;BYHOUR=5;BYSETPOS=2,3,-1",
        "FREQ=YEARLY;BYMONTH=1,2;BYDAY=MO;BYSETPOS=1,3,-2",
        "FREQ=DAILY;BYMONTH=1;UNTIL=20260117T090000",
        "FREQ=HOURLY;COUNT=200",
        "FREQ=HOURLY;UNTIL=20260112T123000",
    ]
)
uneven = st.sampled_from(
    [
        "FREQ=HOURLY;INTERVAL=5",
        "FREQ=MINUTELY;INTERVAL=35;BYHOUR=4,5,9,18",
        "FREQ=MINUTELY;INTERVAL=49;BYSECOND=0,20",
    ]
)
MIDNIGHT = datetime(2026, 1, 5)  # noqa: DTZ001 - a reading, on a Monday
readings = st.integers(0, 40 * 24 * 4).map(lambda quarter: MIDNIGHT + timedelta(minutes=15 * quarter))


@same
@given(
    st.lists(parts | uneven, min_size=1, max_size=3),
    st.lists(parts, min_size=0, max_size=4),
    st.lists(readings, max_size=3),
    st.lists(readings, max_size=3),
    st.lists(readings, min_size=2, max_size=5),
)
def test_a_set_is_the_union_of_its_rules_less_the_union_of_its_exceptions(
    rules, but, dates, but_dates, asked
):
    start, end = MIDNIGHT.replace(hour=5), MIDNIGHT.replace(month=2, day=20)

    def shown(moments):
        return ",".join(f"{one:%Y%m%dT%H%M%S}" for one in moments)

    lines = [f"RRULE:{rule}" for rule in rules] + [f"EXRULE:{rule}" for rule in but]
    lines += [f"RDATE:{shown(dates)}"] * bool(dates) + [f"EXDATE:{shown(but_dates)}"] * bool(but_dates)
    one = rrule("\n".join(lines), dtstart=start, tz="UTC")

    def union(some, single):
        every = chain.from_iterable(
            takewhile(lambda t: t < end, rrulestr(rule, dtstart=start)) for rule in some
        )
        return {*every, *single}

    expected = sorted(union(rules, dates) - union(but, but_dates))
    found = [fire.replace(tzinfo=None) for fire in one.fires(EARLY, end.replace(tzinfo=UTC))]
    assert found == [each for each in expected if each < end]
    for t in asked:
        fire = one.next_after(t.replace(tzinfo=UTC))
        coming = next((each for each in expected if each > t), None)
        if coming is not None:
            assert fire.replace(tzinfo=None) == coming
        midnight = t.replace(hour=0, minute=0)
        of_day = {each for each in expected if each.date() == t.date()}
        times = one.times_on(t.date().toordinal() - EPOCH_ORDINAL)
        assert times == sum(1 << (each - midnight) // timedelta(seconds=1) for each in of_day)


# Instants in a set mean one pass of a repeated hour.


def test_dates_with_a_zone_are_instants():
    text = "DTSTART;TZID=Europe/Prague:20260105T090000\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260106T080000Z\n"
    one = rrule(text + "EXDATE;TZID=America/New_York:20260107T030000\nRDATE:20260110T080000Z")
    assert first(one) == ["2026-01-05 09:00", "2026-01-08 09:00", "2026-01-10 09:00"]


@pytest.mark.parametrize("fold", [None, "first", "second", "both"])
@pytest.mark.parametrize("hour", ["00", "01"])
def test_a_single_instant_fires_once_in_the_pass_that_it_names(fold, hour):
    one = rrule(f"RDATE:20261025T{hour}3000Z", tz="Europe/Prague", fold=fold)
    assert in_utc(one) == [f"25 {hour}:30"]


def test_a_single_instant_in_a_gap_of_readings_is_itself():
    assert in_utc(rrule("RDATE:20260329T013000Z", tz="Europe/Prague")) == ["29 01:30"]


def test_an_excepted_instant_is_that_of_one_pass():
    text = "RRULE:FREQ=MINUTELY;INTERVAL=30;BYHOUR=2;BYMONTHDAY=25\nEXDATE:20261025T003000Z"
    one = rrule(text, dtstart="2026-10-25T02:00", tz="Europe/Prague")
    assert in_utc(one, 3) == ["25 00:00", "25 01:00", "25 01:30"]


def test_a_fire_after_a_gap_is_excepted_by_its_instant():
    text = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260329T010000Z"
    assert in_utc(rrule(text, dtstart="2026-03-28T02:30", tz="Europe/Prague")) == ["28 01:30", "30 00:30"]


def test_an_exception_shown_as_a_single_instant_takes_it_away():
    text = "RDATE:20260105T080000Z,20260106T080000Z\nEXDATE:20260105T090000"
    assert in_utc(rrule(text, tz="Europe/Prague")) == ["06 08:00"]
    assert in_utc(rrule("RDATE:20260105T080000Z\nEXDATE:20260105T080000Z", tz="Europe/Prague")) == []


def test_an_until_in_utc_ends_within_a_repeated_hour():
    quarters = "FREQ=MINUTELY;INTERVAL=15;UNTIL=20251102T063000Z"
    given_ = {"dtstart": "2025-11-02T00:45", "tz": "America/New_York"}
    expected = ["02 04:45"] + [
        f"02 {hour:02}:{minute:02}"
        for hour in (5, 6)
        for minute in (0, 15, 30, 45)
        if (hour, minute) <= (6, 30)
    ]
    assert in_utc(rrule(quarters, **given_)) == expected
    late = rrule(f"RRULE:{quarters}\nRRULE:FREQ=HOURLY;BYHOUR=6;BYMINUTE=1;UNTIL=20251103T000000Z", **given_)
    assert in_utc(late) == [*expected, "02 11:01"]
    early = rrule(
        "RRULE:FREQ=HOURLY;UNTIL=20251102T050000Z\nRDATE:20251102T013000",
        dtstart="2025-11-02T00:00",
        tz="America/New_York",
    )
    assert in_utc(early) == ["02 04:00", "02 05:00", "02 05:30", "02 06:30"]


@pytest.mark.parametrize(
    "text",
    [
        "DTSTART:20250101T023000\nRRULE:FREQ=HOURLY\nRRULE:FREQ=DAILY",
        "DTSTART:20250101T023000\nRDATE:20250330T023000,20251026T023000",
    ],
)
def test_a_set_with_more_than_rules_of_less_than_a_day_fires_once_a_local_date(text):
    one = rrule(text, tz="Europe/Prague")
    spring = one.fires(datetime(2025, 3, 30, 0, 45, tzinfo=UTC), datetime(2025, 3, 30, 1, 15, tzinfo=UTC))
    autumn = one.fires(datetime(2025, 10, 26, 0, 15, tzinfo=UTC), datetime(2025, 10, 26, 1, 45, tzinfo=UTC))
    assert [fire.astimezone(UTC).isoformat()[:16] for fire in spring + autumn] == [
        "2025-03-30T01:00",
        "2025-10-26T00:30",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "RRULE:FREQ=DAILY;UNTIL=20260102T230000Z\nRRULE:FREQ=WEEKLY;COUNT=2",
        "RRULE:FREQ=DAILY;UNTIL=20260102T230000Z\nRDATE:20260108T090000",
    ],
)
def test_the_end_of_one_rule_is_not_the_end_of_the_set(text):
    one = rrule(text, dtstart="2026-01-01T09:00", tz="Europe/Prague")
    assert first(one) == ["2026-01-01 09:00", "2026-01-02 09:00", "2026-01-08 09:00"]


def test_the_end_of_an_exception_in_utc_is_read_in_the_zone():
    text = "RRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY;UNTIL=20260103T000000Z"  # 19:00 of the day before there
    one = rrule(text, dtstart="2026-01-01T20:00", tz="America/New_York")
    assert first(one, 2) == ["2026-01-02 20:00", "2026-01-03 20:00"]


def test_an_end_within_a_repeated_hour_is_not_that_of_the_hour_after_it():
    text = "RRULE:FREQ=HOURLY;BYMINUTE=0;UNTIL=20251102T063000Z\nRDATE:20260101T000000"
    one = rrule(text, dtstart="2025-11-02T00:00", tz="America/New_York")
    assert [fire.astimezone(UTC).isoformat()[:16] for fire in one.upcoming(EARLY, 9)] == [
        "2025-11-02T04:00",
        "2025-11-02T05:00",
        "2025-11-02T06:00",
        "2026-01-01T05:00",
    ]


def test_an_exception_in_utc_alone_is_read_in_the_zone():
    text = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260103T010000Z"
    one = rrule(text, dtstart="2026-01-01T20:00", tz="America/New_York")
    assert first(one) == ["2026-01-01 20:00", "2026-01-03 20:00"]


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("FREQ=MINUTELY;INTERVAL={};BYMONTH=1;COUNT=100", 2),
        ("FREQ=SECONDLY;INTERVAL={};BYMONTH=1", 2),
        ("FREQ=WEEKLY;INTERVAL={};COUNT=5", 4),
        ("FREQ=DAILY;INTERVAL={};COUNT=5", 8),
    ],
)
def test_rules_that_take_long_are_few_in_a_set(rule, most):
    rules = [f"RRULE:{rule.format(interval)}" for interval in (7919, 101, 103, 107, 109, 113, 127, 131)]
    rrule("\n".join(rules[:most]), **IN_UTC)
    if most < len(rules):
        with pytest.raises(ScheduleError, match=r"The set takes long: .*; expected at most 4\. A rule"):
            rrule("\n".join(rules[: most + 1]), **IN_UTC)


def test_weeks_that_are_seldom_whole_are_not_walked_one_by_one(monkeypatch):
    days = ",".join(str(day) for day in range(5, 361) if day % 6)
    rule = f"FREQ=WEEKLY;COUNT=499;BYSETPOS=7;BYYEARDAY=1,2,3,{days},363,364,365,366"
    windows = []
    plain = rrule_days.At.window
    monkeypatch.setattr(rrule_days.At, "window", lambda *asked: windows.append(asked) or plain(*asked))
    assert first(rrule(rule, **IN_UTC), 3) == [f"{year}-01-03 00:00" for year in (2049, 2077, 2117)]
    assert len(windows) < 1_500


POSITIONS = ",".join(str(place) for place in range(-40, 41) if place)
HOURS = ",".join(map(str, range(24)))


@pytest.mark.parametrize(
    "text",
    [
        f"RRULE:FREQ=WEEKLY;INTERVAL=53;BYHOUR={HOURS};BYSETPOS={POSITIONS}\nEXRULE:FREQ=MINUTELY",
        "RRULE:FREQ=YEARLY;INTERVAL=3;BYEASTER=1\nEXRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO",
        "RRULE:FREQ=DAILY;INTERVAL=364;BYDAY=MO\nEXDATE:20300101T000000",
        "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29;BYSETPOS=1\nEXDATE:20300101T000000",
        "RRULE:FREQ=MONTHLY;INTERVAL=97;BYMONTHDAY=31\nEXRULE:FREQ=HOURLY",
    ],
)
def test_that_nothing_is_left_is_known_without_a_look_at_every_year(text, monkeypatch):
    looks = []
    plain = rrule_days.At.mask

    def counted(self, year, start):
        looks.append(year)
        return plain(self, year, start)

    monkeypatch.setattr(rrule_days.At, "mask", counted)
    one = rrule(text, **IN_UTC)
    assert one.next_after(NEW_YEAR) is None
    assert one.latest(EARLY, NEW_YEAR) is None
    assert len(looks) < 12_000


def test_a_rule_that_is_far_away_hides_no_other():
    text = (
        "RRULE:FREQ=YEARLY;INTERVAL=3;BYMONTH=1;BYMONTHDAY=1\nRRULE:FREQ=WEEKLY;INTERVAL=2000;BYMONTH=4\n"
        "EXDATE:20300101T000000"
    )
    one = rrule(text, dtstart="2020-01-01T00:00", tz="UTC")
    forwards = first(one, 20, NEW_YEAR)
    assert forwards == sorted(forwards)
    alone = rrule(text.splitlines()[0], dtstart="2020-01-01T00:00", tz="UTC")
    assert set(first(alone, 15, NEW_YEAR)) <= set(forwards)
