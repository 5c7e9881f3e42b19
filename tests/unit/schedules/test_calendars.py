"""Calendars: dates to leave out, to keep to, and to roll away from."""

import builtins
import json
import pickle
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_strategies import ZONES, same, sparse_crons, sparse_intervals

from beat.schedules import Calendar, Schedule, ScheduleError, cron, every, to_micros
from beat.schedules.calendars import WEEKDAYS
from beat.schedules.combining import countries

PARIS = ZoneInfo("Europe/Paris")
NINE = cron("0 9 * * *", tz=PARIS)
WORKDAYS = cron("0 9 * * 1-5", tz=PARIS)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
CHRISTMAS = Calendar(["12-24", "12-25", "12-26", "01-01"])


def shown(one, start, days):
    begin = datetime.combine(date.fromisoformat(start), time(), one.tz)
    end = datetime.combine(date.fromisoformat(start) + timedelta(days=days), time(), one.tz)
    return [fire.strftime("%a %m-%d %H:%M") for fire in one.fires(begin, end)]


def test_a_calendar_is_a_value():
    one = Calendar(["2026-12-24", date(2026, 12, 25), "--01-01", "05-01"])
    same_dates = Calendar({date(2026, 12, 24), "05-01", "2026-12-25", "01-01"})
    assert one == same_dates
    assert hash(one) == hash(same_dates)
    assert one != Calendar(["2026-12-24"])
    assert one != Calendar(one.to_dict()["dates"], weekend=["friday"])
    assert pickle.loads(pickle.dumps(one)) == one
    assert Calendar.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert one.to_dict() == {"dates": ["2026-12-24", "2026-12-25", "01-01", "05-01"]}


def test_a_calendar_contains_its_dates():
    one = Calendar(["2026-12-24", "02-29"])
    assert date(2026, 12, 24) in one
    assert date(2027, 12, 24) not in one
    assert date(2028, 2, 29) in one
    assert date(2027, 2, 28) not in one
    assert date(2027, 3, 1) not in one
    assert "2026-12-24" not in one
    assert date.min not in one
    assert date.max not in one


def test_a_country_brings_its_public_holidays():
    czech = Calendar(country="CZ")
    assert date(2026, 7, 6) in czech
    assert date(2026, 4, 3) in czech  # Good Friday, which moves
    assert date(2026, 7, 7) not in czech
    assert date(9999, 7, 6) not in czech  # the library does not know that year
    bavarian = Calendar(country="DE", subdivision="BY")
    assert date(2026, 1, 6) in bavarian
    assert date(2026, 1, 6) not in Calendar(country="DE")


@pytest.mark.parametrize("country", ["CZ", "US", "IN", "LK"])
def test_a_country_agrees_with_the_library(country):
    one = Calendar(country=country)
    known = holidays.country_holidays(country, years=range(2019, 2032))
    day = date(2020, 1, 1)
    while day.year < 2031:
        assert (day in one) == (day in known), day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Calendar(["2026-02-30"]), "'2026-02-30' is not a date of a calendar"),
        (lambda: Calendar(["02-30"]), "'02-30' is not a date of a calendar"),
        (
            lambda: Calendar(["tomorrow"]),
            "expected a date, '2026-12-24', '12-24' for every year, or 'saturday'",
        ),
        (lambda: Calendar([datetime(2026, 1, 1, tzinfo=UTC)]), "is not a date of a calendar"),
        (lambda: Calendar([None]), "None is not a date"),
        (lambda: Calendar("2026-12-24"), "a list of dates, not '2026-12-24'"),
        (lambda: Calendar(5), "a list of dates, not 5"),
        (lambda: Calendar(country="Czechia"), "'Czechia' is not .* did you mean 'CZ'"),
        (lambda: Calendar(country="cz"), "did you mean 'CZ'"),
        (lambda: Calendar(country=5), "expected a code such as 'CZ'|did you mean"),
        (
            lambda: Calendar(country="DE", subdivision="BE1"),
            r"not a subdivision of DE \(.*; did you mean 'BE'",
        ),
        (lambda: Calendar(country="CZ", subdivision="X"), "'X' is not a subdivision of CZ, which has none"),
        (lambda: Calendar(subdivision="BY"), "has the subdivision 'BY', but no country"),
        (lambda: Calendar(weekend=["fryday"]), "did you mean 'friday'"),
        (lambda: Calendar(weekend="friday"), "a list of days of the week, not 'friday'"),
        (
            lambda: Calendar(weekend=WEEKDAYS),
            "leaves no business day",
        ),
        (lambda: Calendar.from_dict({"date": []}), "did you mean 'dates'"),
        (lambda: NINE.excluding(5), "a Calendar or a collection of dates, not 5"),
        (lambda: NINE.excluding([], roll="nxt"), "did you mean 'next'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(build, sentence):
    with pytest.raises(ScheduleError, match=sentence):
        build()


def test_without_the_library_a_country_is_refused_with_a_sentence(monkeypatch):
    found = builtins.__import__

    def without_holidays(name, *args, **kwargs):
        if name == "holidays":
            raise ImportError(name)
        return found(name, *args, **kwargs)

    monkeypatch.setattr(countries, "_names", countries._names.__wrapped__)
    monkeypatch.setattr(builtins, "__import__", without_holidays)
    with pytest.raises(ScheduleError, match=r"pip install 'beatd\[holidays\]'"):
        Calendar(country="CZ")


def test_dates_are_left_out_or_kept_to():
    assert shown(NINE - {date(2026, 7, 6), date(2026, 7, 7)}, "2026-07-05", 5) == [
        "Sun 07-05 09:00",
        "Wed 07-08 09:00",
        "Thu 07-09 09:00",
    ]
    assert shown(NINE & ["2026-07-06", "2026-07-08"], "2026-07-05", 9) == [
        "Mon 07-06 09:00",
        "Wed 07-08 09:00",
    ]
    assert (NINE & set()).next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert shown(NINE - set(), "2026-07-05", 1) == ["Sun 07-05 09:00"]
    assert NINE.excluding(CHRISTMAS, roll="skip") == NINE - CHRISTMAS


def test_dates_of_many_years_come_in_their_order():
    dates = [f"{year}-07-06" for year in range(2026, 2046)]
    found = (cron("0 9 * * *", tz="UTC") & dates[::-1]).upcoming(NEW_YEAR, 21)
    assert [str(fire.date()) for fire in found] == dates


def test_the_first_holidays_that_are_known_are_found_from_long_before():
    one = cron("0 9 * * *", tz="UTC") & Calendar(country="CZ")
    first = countries.known_years("CZ")[0]
    assert one.next_after(datetime(first - 300, 1, 1, tzinfo=UTC)).year == first


def test_the_date_is_that_of_the_zone_of_evaluation():
    late = cron("30 23 * * *", tz="America/New_York")
    assert shown(late - ["2026-07-06"], "2026-07-05", 3) == ["Sun 07-05 23:30", "Tue 07-07 23:30"]
    bare = cron("30 23 * * *") - ["2026-07-06"]
    for zone in ("Asia/Tokyo", "America/New_York"):
        start = datetime(2026, 7, 5, 23, 45, tzinfo=ZoneInfo(zone))
        assert bare.next_after(start) == datetime(2026, 7, 7, 23, 30, tzinfo=ZoneInfo(zone))
    elapsed = every(3600, anchor=datetime(2026, 1, 1, tzinfo=UTC)) & ["2026-07-06"]
    fires = elapsed.fires(datetime(2026, 7, 1, tzinfo=PARIS), datetime(2026, 8, 1, tzinfo=PARIS))
    assert (fires[0], len(fires)) == (datetime(2026, 7, 6, tzinfo=PARIS), 24)


def test_a_date_that_a_zone_leaves_out_or_shows_again_is_no_trouble():
    apia = cron("*/30 * * * *", tz="Pacific/Apia") - ["2011-12-30", "2011-12-31"]
    fires = apia.fires(datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    assert {fire.strftime("%m-%d") for fire in fires} == {"12-28", "12-29", "01-01", "01-02"}
    toronto = ZoneInfo("America/Toronto")  # on 2000-10-29 as ever; in 1987 at 00:01 in St. John's
    johns = cron("*/10 * * * *", tz="America/St_Johns")
    start, end = datetime(1995, 10, 28, 12, tzinfo=toronto), datetime(1995, 10, 30, tzinfo=toronto)
    for day in ("1995-10-28", "1995-10-29"):
        kept = [fire for fire in johns.fires(start, end) if fire.date() != date.fromisoformat(day)]
        assert (johns - [day]).fires(start, end) == kept
        assert (johns & [day]).fires(start, end) == [
            fire for fire in johns.fires(start, end) if fire not in kept
        ]


# What is left out, and what becomes of a fire at nine on each date (or each workday) from a start on.
ROLLS = [
    # a closed Friday
    (WORKDAYS, ["2026-07-03"], "next", "2026-07-02", 6, "Thu 07-02, Mon 07-06, Tue 07-07"),
    (WORKDAYS, ["2026-07-03"], "previous", "2026-07-01", 6, "Wed 07-01, Thu 07-02, Mon 07-06"),
    (WORKDAYS, ["2026-07-03"], "skip", "2026-07-02", 6, "Thu 07-02, Mon 07-06, Tue 07-07"),
    (cron("0 9 * * 5", tz=PARIS), ["2026-07-03"], "next", "2026-07-01", 10, "Mon 07-06, Fri 07-10"),
    (cron("0 9 * * 5", tz=PARIS), ["2026-07-03"], "previous", "2026-07-01", 10, "Thu 07-02, Fri 07-10"),
    (cron("0 9 * * 5", tz=PARIS), ["2026-07-03"], "skip", "2026-07-01", 10, "Fri 07-10"),
    # a closed Monday, and a weekend that is not left out
    (NINE, ["2026-07-06"], "previous", "2026-07-03", 5, "Fri 07-03, Sat 07-04, Sun 07-05, Tue 07-07"),
    (cron("0 9 * * 1", tz=PARIS), ["2026-07-06"], "previous", "2026-07-01", 7, "Fri 07-03"),
    # Christmas: Thursday to Saturday, then a weekend day
    (cron("0 9 24 12 *", tz=PARIS), CHRISTMAS, "next", "2026-12-20", 20, "Mon 12-28"),
    (cron("0 9 24 12 *", tz=PARIS), CHRISTMAS, "previous", "2026-12-20", 20, "Wed 12-23"),
    (cron("0 9 25 12 *", tz=PARIS), CHRISTMAS, "previous", "2026-12-20", 20, "Wed 12-23"),
    (WORKDAYS, CHRISTMAS, "next", "2026-12-23", 7, "Wed 12-23, Mon 12-28, Tue 12-29"),
    # the turn of the year
    (cron("0 9 1 * *", tz=PARIS), CHRISTMAS, "next", "2026-12-30", 10, "Mon 01-04"),
    (cron("0 9 1 * *", tz=PARIS), CHRISTMAS, "previous", "2026-12-30", 10, "Thu 12-31"),
    # over the end of a month
    (cron("0 9 30,31 * *", tz=PARIS), ["2026-07-30", "2026-07-31"], "next", "2026-07-29", 8, "Mon 08-03"),
    (
        cron("0 9 1-3 * *", tz=PARIS),
        ["2026-06-01"],
        "previous",
        "2026-05-28",
        8,
        "Fri 05-29, Tue 06-02, Wed 06-03",
    ),
    # another weekend
    (
        cron("0 9 * * 4", tz=PARIS),
        Calendar(["2026-07-02"], weekend=["friday", "saturday"]),
        "next",
        "2026-07-01",
        7,
        "Sun 07-05",
    ),
    (cron("0 9 * * 4", tz=PARIS), Calendar(["2026-07-02"], weekend=[]), "next", "2026-07-01", 7, "Fri 07-03"),
]


@pytest.mark.parametrize(("one", "dates", "roll", "start", "days", "expected"), ROLLS)
def test_fires_roll_to_business_days(one, dates, roll, start, days, expected):  # noqa: PLR0917 - a table's columns
    assert ", ".join(fire[:9] for fire in shown(one.excluding(dates, roll), start, days)) == expected


def test_rolled_fires_come_in_the_order_of_their_times():
    one = cron("0 17 2 7 *", tz=PARIS) | cron("0 9 3 7 *", tz=PARIS) | cron("0 12 6 7 *", tz=PARIS)
    closed = one.excluding(["2026-07-02", "2026-07-03"], roll="next")
    assert shown(closed, "2026-07-01", 9) == ["Mon 07-06 09:00", "Mon 07-06 12:00", "Mon 07-06 17:00"]


def test_a_fire_that_rolls_back_comes_before_one_that_stays():
    """The fire on Monday is later than the one on Friday, but not once it has rolled to Friday."""
    one = cron("0 9 5 1 *", tz="UTC") | cron("0 12 2 1 *", tz="UTC")
    found = one.excluding(["2026-01-05"], "previous").upcoming(NEW_YEAR, 2)
    assert [fire.isoformat()[:16] for fire in found] == ["2026-01-02T09:00", "2026-01-02T12:00"]


def test_a_rolled_time_in_a_gap_or_a_fold_is_shown_at_its_end_or_first():
    gap = cron("30 2 27 3 *", tz=PARIS).excluding(Calendar(["2026-03-27", "2026-03-28"], weekend=[]), "next")
    assert shown(gap, "2026-03-26", 5) == ["Sun 03-29 03:00"]
    fold = cron("30 2 23 10 *", tz=PARIS).excluding(
        Calendar(["2026-10-23", "2026-10-24"], weekend=[]), "next"
    )
    fires = fold.upcoming(datetime(2026, 10, 20, tzinfo=PARIS), 1)
    assert [fire.isoformat() for fire in fires] == ["2026-10-25T02:30:00+02:00"]


def test_what_has_rolled_into_a_repeated_hour_fires_in_its_first_pass_alone():
    calendar = Calendar(["2025-10-24", "2025-10-25"], weekend=[])
    one = cron("30 2 24 10 *", tz="Europe/Paris").excluding(calendar, "next")
    fire = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert one.next_after(datetime(2025, 10, 26, 0, 29, 59, tzinfo=UTC)).astimezone(UTC) == fire
    for minute in (0, 10, 29, 45):
        assert one.next_after(datetime(2025, 10, 26, 1, minute, tzinfo=UTC)).year == 2026


def test_what_has_rolled_to_midnight_is_there_at_midnight():
    closed = cron("0 0 3 7 *", tz="UTC").excluding(["2026-07-03"], "next")  # a Friday, so Monday the 6th
    one = cron("0 0 6 7 *", tz="UTC") - closed
    assert one.next_after(NEW_YEAR).isoformat()[:16] == "2027-07-06T00:00"


def test_a_fire_with_no_business_day_near_is_left_out():
    closed = Calendar([date(2026, 3, 1) + timedelta(days=day) for day in range(150)], weekend=[])
    one = cron("0 9 1 * *", tz=PARIS).excluding(closed, "next")
    assert shown(one, "2026-02-01", 220) == [
        "Sun 02-01 09:00",
        "Wed 07-29 09:00",
        "Sat 08-01 09:00",
        "Tue 09-01 09:00",
    ]
    one = cron("0 9 1 * *", tz=PARIS).excluding(closed, "previous")
    assert shown(one, "2026-02-01", 220)[:2] == ["Sun 02-01 09:00", "Sat 02-28 09:00"]


ALL_DATES = Calendar([f"{date(2000, 1, 1) + timedelta(days=day):%m-%d}" for day in range(366)])


@pytest.mark.parametrize("roll", ["skip", "next", "previous"])
@pytest.mark.parametrize("text", ["0 9 * * *", "* * * * *", "0 0 29 2 *"])
def test_a_calendar_of_all_dates_ends_the_search(text, roll):
    one = cron(text).excluding(ALL_DATES, roll)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert one.next_after(now) is None
    assert one.latest(now - timedelta(days=100), now) is None
    assert (cron(text) & ALL_DATES).next_after(now) == cron(text).next_after(now)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        # What is left when whole dates are passed over, see `day_masks`: what has rolled is on another date.
        (
            cron("* 9 2 1 *", tz="UTC").excluding(["2026-01-02"], "next") - cron("0-40 9 5 * *", tz="UTC"),
            "2026-01-05T09:41",
        ),
        (cron("* * * * *", tz="UTC") - ["2026-01-02"] - cron("* * 1,3-31 * *", tz="UTC"), "2026-02-02T00:00"),
        (
            (cron("* * * * *", tz="UTC") & ["2026-01-02", "2026-03-04"]) - cron("* * 1-3 * *", tz="UTC"),
            "2026-03-04T00:00",
        ),
        (
            cron("* * * * *", tz="UTC") - (cron("* * * * *", tz="UTC") - ["2026-03-04"]),
            "2026-03-04T00:00",
        ),
        (
            cron("* * * * *", tz="UTC")
            - (cron("* * * * *", tz="UTC") - ["2026-03-04"])
            - cron("0-29 * * * *", tz="UTC"),
            "2026-03-04T00:30",
        ),
    ],
)
def test_dates_count_in_what_is_passed_over(one, expected):
    assert one.next_after(NEW_YEAR).isoformat()[:16] == expected


def test_a_fire_of_every_year_that_is_left_out_every_year_rolls():
    one = cron("0 9 25 12 *", tz=PARIS).excluding(Calendar(["12-25"]), "next")
    fires = one.upcoming(datetime(2026, 1, 1, tzinfo=UTC), 3)
    assert [str(fire.date()) for fire in fires] == ["2026-12-28", "2027-12-27", "2028-12-26"]


def first_shown(day, at, zone):
    """The first instant that shows a reading, found without offsets: by bisection of what the zone shows."""
    reading = datetime.combine(day, at)
    low, high = (int(reading.replace(tzinfo=UTC).timestamp()) + shift * 86_400 for shift in (-2, 2))
    instant = reading.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == reading:
        return instant
    while high - low > 1:
        middle = (low + high) // 2
        passed = datetime.fromtimestamp(middle, zone).replace(tzinfo=None) >= reading
        low, high = (low, middle) if passed else (middle, high)
    return datetime.fromtimestamp(high, UTC)


def rolled(fires, calendar, roll, zone):
    """What becomes of fires, said again with dates."""
    found = set()
    for fire in fires:
        local = fire.astimezone(zone)
        day, step = local.date(), timedelta(days=1 if roll == "next" else -1)
        if day not in calendar:
            found.add(fire.astimezone(UTC))
        elif roll != "skip":
            for _ in range(100):
                day += step
                if day not in calendar and day.strftime("%A").lower() not in calendar.weekend:
                    found.add(first_shown(day, local.time(), zone))
                    break
    return found


@settings(same, max_examples=60)
@given(
    st.one_of(sparse_crons, sparse_intervals),
    st.sampled_from(ZONES).map(ZoneInfo),
    st.sampled_from([(2011, 12, 20), (2025, 3, 20), (2025, 9, 25), (2025, 10, 18), (2026, 12, 20)]),
    st.lists(st.integers(0, 30), max_size=20),
    st.integers(0, 120),
    st.lists(st.sampled_from(["friday", "saturday", "sunday"]), max_size=2),
    st.sampled_from(["skip", "next", "previous"]),
)
def test_rolling_agrees_with_dates(one, zone, first, places, run, weekend, roll):  # noqa: PLR0917 - all drawn
    start = datetime(*first, tzinfo=UTC)
    end = start + timedelta(days=14)
    closed = [start.date() + timedelta(days=place) for place in places]
    closed += [start.date() + timedelta(days=4 - place) for place in range(run)]
    calendar = Calendar(closed, weekend=weekend)
    bound = one.bind(tz=zone, anchor=start, name="any")
    around = bound.fires(start - timedelta(days=110), end + timedelta(days=110))
    expected = {fire for fire in rolled(around, calendar, roll, bound.tz) if start <= fire < end}
    found = bound.excluding(calendar, roll).fires(start, end)
    assert [to_micros(fire) for fire in found] == sorted(map(to_micros, expected))


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (cron("0 9 * * *") & ["2026-12-24"], "At 09:00; only on 2026-12-24."),
        (cron("0 9 * * *") - CHRISTMAS, "At 09:00; except on 01-01 of every year, 12-24 of every year, "),
        (cron("0 9 * * *") - ALL_DATES, "At 09:00; except on 366 dates."),
        (
            cron("0 9 * * *").excluding(Calendar(["2026-12-24"], country="DE", subdivision="BY"), "next"),
            "At 09:00; except on 2026-12-24 and the public holidays of DE-BY, but at the same time on the next business",
        ),
    ],
)
def test_a_description(one, sentence):
    assert one.describe().startswith(sentence)


def test_the_stored_form_holds_the_calendar():
    one = NINE.excluding(Calendar(["12-24"], country="CZ", weekend=["sunday"]), "previous")
    stored = json.loads(json.dumps(one.to_dict()))
    assert stored["calendar"] == {"dates": ["12-24"], "country": "CZ", "weekend": ["sunday"]}
    assert stored["roll"] == "previous"
    assert Schedule.from_dict(stored) == one
    assert "roll" not in (NINE - CHRISTMAS).to_dict()
    listed = {"kind": "excluding", "of": NINE.to_dict(), "calendar": ["12-24"]}
    assert Schedule.from_dict(listed) == NINE - Calendar(["12-24"])


def test_the_ends_of_the_calendar_are_no_error():
    for day in (date.min, date.max):
        for roll in ("skip", "next", "previous"):
            one = cron("* * * * *").excluding([day], roll)
            for edge in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, 23, tzinfo=UTC)):
                one.next_after(edge)
                one.latest(edge, edge)
