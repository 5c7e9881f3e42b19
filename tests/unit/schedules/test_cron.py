"""The standard text form, also against croniter."""

import random
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

from beat.schedules import Schedule, cron

START = datetime(2024, 2, 27, 11, 58, 30, tzinfo=UTC)
NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = [f"entry-{number}" for number in range(200)]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 jan *"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 * * FRI-Sun"),
        ("5/20 * * * *", "5,25,45 * * * *"),
        (" 0\t0  * * * ", "0 0 * * *"),
    ],
)
def test_two_ways_to_say_the_same(text, same):
    assert cron(text) == cron(same)
    assert hash(cron(text)) == hash(cron(same))


def dates(text, start=datetime(2026, 1, 1, tzinfo=UTC), count=4):
    return [fire.strftime("%m-%d") for fire in cron(text).upcoming(start, count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 L * *", ["01-31", "02-28", "03-31", "04-30"]),
        ("0 9 L-3 * *", ["01-28", "02-25", "03-28", "04-27"]),
        ("0 9 1,L * *", ["01-01", "01-31", "02-01", "02-28"]),
        ("0 9 LW * *", ["01-30", "02-27", "03-31", "04-30"]),  # 31 January 2026 is a Saturday
        ("0 9 15W * *", ["01-15", "02-16", "03-16", "04-15"]),  # 15 February and March are Sundays
        ("0 9 1W * *", ["01-01", "02-02", "03-02", "04-01"]),  # a Sunday
        ("0 9 1W 8 *", ["08-03", "08-02", "08-01", "08-01"]),  # a Saturday in 2026: not back into July
        ("0 9 31W * *", ["01-30", "03-31", "05-29", "07-31"]),  # 31 May is a Sunday: not on into June
        ("0 9 * * 5L", ["01-30", "02-27", "03-27", "04-24"]),
        ("0 9 * * 7L", ["01-25", "02-22", "03-29", "04-26"]),
        ("0 9 * * Fri#2", ["01-09", "02-13", "03-13", "04-10"]),
        ("0 9 * * 7#1", ["01-04", "02-01", "03-01", "04-05"]),
        ("0 9 * * thu#5", ["01-29", "04-30", "07-30", "10-29"]),
        ("0 9 * * mon#1,fril", ["01-05", "01-30", "02-02", "02-27"]),
        ("0 9 13 * fri#2", ["01-09", "01-13", "02-13", "03-13"]),  # either
        ("0 9 ? * fri#2", ["01-09", "02-13", "03-13", "04-10"]),
        ("0 9 */7 * fri#2", ["05-08", "01-08", "10-08", "09-08"]),  # both
    ],
)
def test_days_that_only_the_day_fields_can_say(text, expected):
    assert dates(text, count=len(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 L-30 * *", "2025-01-01 2025-03-01 2025-05-01 2025-07-01"),
        ("0 9 L-28 2 *", "2028-02-01 2032-02-01"),
        ("0 9 30W 4 *", "2025-04-30 2026-04-30 2027-04-30 2028-04-28"),
        ("0 0 9 1 1 ? 2029-2030", "2029-01-01 2030-01-01 none"),
        ("0 0 9 31 12 ? 2098,2099", "2098-12-31 2099-12-31 none"),
    ],
)
def test_the_last_that_a_field_can_say_is_said(text, expected):
    found = [str(fire.date()) for fire in cron(text).upcoming(NEW_YEAR, len(expected.split()))]
    assert found == expected.removesuffix(" none").split()


def test_six_fields_begin_with_the_second_and_seven_end_with_the_year():
    start = datetime(2026, 12, 31, 23, 59, 40, tzinfo=UTC)
    assert [f.second for f in cron("*/15 * * * * *").upcoming(start, 4)] == [45, 0, 15, 30]
    assert [f.isoformat() for f in cron("5 0 12 1 1 ? 2027/2").upcoming(start, 2)] == [
        "2027-01-01T12:00:05+00:00",
        "2029-01-01T12:00:05+00:00",
    ]
    assert cron("0 0 0 1 1 ? 2020-2026").next_after(start) is None
    assert cron("0 0 3 * * *") == cron("0 3 * * *")


def spread(text, name):
    return cron(text).bind(tz=ZoneInfo("UTC"), anchor=NEW_YEAR, name=name)


def test_a_spread_value_is_fixed_by_the_entry_and_stays_in_its_range():
    def bound(name, text):
        start = datetime(2026, 1, 1, tzinfo=UTC)
        return cron(text).bind(tz=ZoneInfo("UTC"), anchor=start, name=name).upcoming(start, 3)

    assert bound("a", "H H * * *") == bound("a", "h h * * *")
    minutes = {fire.minute for name in NAMES for fire in bound(name, "H * * * *")}
    assert minutes <= set(range(60))
    assert len(minutes) > 50
    assert {fire.minute for name in NAMES for fire in bound(name, "H(10-12) * * * *")} == {10, 11, 12}
    assert {fire.day for name in NAMES for fire in bound(name, "0 0 H * *")} == set(range(1, 29))
    assert all((f[1] - f[0]).seconds == (f[2] - f[1]).seconds == 600 for f in [bound("x", "H/10 H * * *")])
    # A change of the hash would move every spread entry of every user.
    assert [fire.isoformat() for fire in bound("nightly", "H H * * *")[:1]] == ["2026-01-01T09:15:00+00:00"]


def test_a_spread_step_starts_below_the_step():
    def minutes(text, name):
        hour = datetime(2025, 1, 1, 1, tzinfo=UTC)
        return [fire.minute for fire in spread(text, name).fires(NEW_YEAR, hour)]

    assert {tuple(minutes("H/20 * * * *", name)) for name in NAMES} == {
        (first, first + 20, first + 40) for first in range(20)
    }
    assert {tuple(minutes("H(30-59)/20 * * * *", name)) for name in NAMES} == {
        (first, first + 20) if first < 40 else (first,) for first in range(30, 50)
    }
    assert {tuple(minutes("H(10-12)/20 * * * *", name)) for name in NAMES} == {(10,), (11,), (12,)}


def test_a_spread_range_of_one_number_is_that_number():
    assert spread("H(5-5) * * * *", "a").next_after(NEW_YEAR).minute == 5


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("H 0 3 * * *", lambda fire: fire.second),
        ("0 H 3 * * *", lambda fire: fire.minute),
        ("0 0 H * * *", lambda fire: fire.hour),
        ("0 0 3 H * *", lambda fire: fire.day),
        ("0 0 3 1 H *", lambda fire: fire.month),
        ("0 0 3 * * H", lambda fire: fire.weekday()),
        ("H 0 3 * * * 2030", lambda fire: fire.second),
    ],
)
def test_any_field_but_the_year_can_be_spread(text, read):
    assert len({read(spread(text, name).next_after(NEW_YEAR)) for name in NAMES}) > 5


def test_fields_of_one_entry_are_spread_apart():
    """A name that gave every field the same share would bring entries together again."""
    fires = [spread("H H * * *", name).next_after(NEW_YEAR) for name in NAMES]
    assert len({fire.minute * 24 // 60 - fire.hour for fire in fires}) > 10


@pytest.mark.parametrize(
    ("one", "other"),
    [("H * * * *", "H(0-29) * * * *"), ("0 H * * *", "0 H(0-5) * * *"), ("0 0 * * H", "0 0 * * H(1-5)")],
)
def test_what_is_yet_to_be_spread_is_equal_only_to_the_same_text(one, other):
    """Under no name they may fall on the same time, under the entry's they do not."""
    assert cron(one) != cron(other)
    assert cron(one) == cron(one.lower())
    assert len((cron(one) | cron(other)).parts) == 2


def test_a_spread_day_that_not_every_month_has_depends_on_the_name():
    text = "0 0 H(28-31) 2 *"
    fires = set()
    for number in range(50):
        try:
            fires.add(cron(text, name=f"entry-{number}").next_after(START).day)
        except ValueError as error:
            fires.add(str(error)[-4:])
    assert fires == {28, 29, "30'.", "31'."}
    assert cron(text).name == ""


def test_a_spread_schedule_is_stored_with_the_name_that_it_is_spread_by():
    one = cron("H H * * *").bind(tz=ZoneInfo("UTC"), anchor=START, name="nightly")
    assert Schedule.from_dict(one.to_dict()) == one
    assert one != cron("H H * * *", tz="UTC")
    assert cron("H H * * *", name="other").bind(tz=ZoneInfo("UTC"), anchor=START, name="x").name == "other"


def test_two_restricted_day_fields_match_by_either():
    dates = [fire.day for fire in cron("0 0 13 * 5").upcoming(datetime(2025, 6, 1, tzinfo=UTC), 5)]
    assert dates == [6, 13, 20, 27, 4]


def test_a_day_field_that_starts_with_a_star_restricts_with_the_other():
    dates = [fire.day for fire in cron("0 0 */2 * 1").upcoming(datetime(2025, 6, 1, tzinfo=UTC), 3)]
    assert dates == [9, 23, 7]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has 0 fields; expected five"),
        ("0 0 * *", "has 4 fields"),
        ("0 0 0 * * * * *", "has 8 fields; expected five .*, six with the second .* or seven with the year"),
        ("@dayly", "did you mean '@daily'"),
        ("@reboot", "is no time; what starts with the machine"),
        ("0 0 L-40 * *", "no month has a day 40 before its last one"),
        ("0 0 32W * *", "day of month '32W': 32 is out of range"),
        ("0 0 1-5W * *", "day of month '1-5W': '5w' is not a number"),
        ("0 0 * * L", "L comes after the day it is about; expected the last Friday as 5L or friL"),
        ("0 0 * * L5", "L comes after the day it is about"),
        ("0 0 * * 5#6", "'6' is not a week of the month; expected 1 to 5"),
        ("0 0 * * fir#1", "'fir' is not one of its names; .*; did you mean 'fri'"),
        ("H(30-90) * * * *", r"'H\(30-90\)' has no range within 0 to 59, such as H\(0-59\)"),
        ("H(5-2) * * * *", "has no range"),
        ("H/0 * * * *", "has a step of 0"),
        ("0 0 0 * * * H", "year 'H': 'h' is not a number"),
        ("0 0 0 * * * 1969", "1969 is out of range; expected 1970 to 2099"),
        ("0 0 0 * * * 2030-2027", "'2030-2027' goes backwards"),
        ("0 0 */31 * 1#3", "would never fire: no date is all that it asks for"),
        ("0 0 30W 2 *", "would never fire"),
        ("0 9 L-29 2 *", "would never fire"),
        ("0 0 0 29 2 * 2027", "would never fire"),
        ("0 24 * * *", "24 is out of range"),
        ("0 0 * * 8", "8 is out of range; expected 0 to 7"),
        ("0 0 30 2 *", "would never fire"),
        ("0 0 31 feb */2", "would never fire"),
        (5, "takes a text"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        cron(text)


def test_a_range_of_equal_ends_is_one_number():
    assert cron("0 3-3 * * *") == cron("0 3 * * *")


def test_an_impossible_day_of_month_is_harmless_beside_a_day_of_week():
    assert cron("0 0 30 2 1").next_after(START).isoformat() == "2025-02-03T00:00:00+00:00"


def test_a_rare_date_is_found_across_centuries():
    assert cron("0 0 29 2 *").next_after(datetime(2096, 3, 1, tzinfo=UTC)).year == 2104
    assert [fire.year for fire in cron("0 0 29 2 */7").upcoming(datetime(2080, 1, 1, tzinfo=UTC), 3)] == [
        2088,
        2128,
        2156,
    ]
    assert cron("0 0 29 2 *").next_after(datetime(9996, 3, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("own", ["America/New_York", "Asia/Tokyo", "Pacific/Apia"])
@pytest.mark.parametrize("asking", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_the_ends_of_the_calendar_can_be_asked_from_another_zone(own, asking):
    one = cron("0 0 * * *", tz=own)
    first = datetime.min.replace(tzinfo=ZoneInfo(asking))
    last = datetime.max.replace(tzinfo=ZoneInfo(asking))
    assert one.next_after(first).date().isoformat() <= "0001-01-04"
    assert one.next_after(last) is None


def test_a_second_that_starts_with_a_star_does_not_make_the_entry_follow_real_time():
    one = cron("*/20 30 1,2 * * *", tz="America/New_York")
    spring = one.fires(datetime(2025, 3, 9, 6, 45, tzinfo=UTC), datetime(2025, 3, 9, 12, tzinfo=UTC))
    autumn = one.fires(datetime(2025, 11, 2, 5, tzinfo=UTC), datetime(2025, 11, 2, 7, tzinfo=UTC))
    assert [f"{fire.astimezone(UTC):%H:%M:%S}" for fire in spring] == ["07:00:00"]
    assert [f"{fire.astimezone(UTC):%H:%M:%S}" for fire in autumn] == ["05:30:00", "05:30:20", "05:30:40"]


def some_field(rng, low, high):
    def item():
        # Not of equal ends: croniter 7 reads 3-3 as the whole range, crontab(5) as 3.
        first, last = sorted(rng.sample(range(low, high + 1), 2))
        return rng.choice([f"{first}", f"{first}-{last}", f"{first}-{last}/{rng.randint(1, 9)}"])

    return rng.choice(["*", "*", item(), f"{item()},{item()}"])


def expressions(seed):
    rng = random.Random(seed)
    while True:
        parts = [some_field(rng, low, high) for low, high in ((0, 59), (0, 23), (1, 28), (1, 12), (0, 6))]
        yield " ".join(parts)


@pytest.mark.parametrize("text", list(islice(expressions(7), 150)))
def test_croniter_finds_the_same_fires(text):
    theirs = croniter(text, START)
    for fire in cron(text).upcoming(START, 12):
        assert fire == theirs.get_next(datetime), text


def test_descriptions_tell_how_the_day_fields_combine():
    assert cron("30 2 1,15 * 7").describe() == "At 02:30, on days 1 and 15 of the month or on Sunday."
    assert cron("30 2 */2 * 7").describe().endswith(" of the month and only if it is Sunday.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 9 1 * 0-6", "At 09:00."),
        ("0 9 1-31 * 1", "At 09:00."),
        ("0 9 1 * 1,*", "At 09:00."),
        ("0 9 L-3 * *", "At 09:00, on the 3rd day before the last of the month."),
        ("0 9 1,L * *", "At 09:00, on day 1 and the last day of the month."),
        ("0 9 LW,15W * *", "At 09:00, on the last workday and the workday nearest to day 15 of the month."),
        ("0 9 * * 5L", "At 09:00, on the last Friday of the month."),
        ("0 9 * * fri#2,1", "At 09:00, on Monday and the 2nd Friday of the month."),
        ("0 9 13 * 5#3", "At 09:00, on day 13 of the month or on the 3rd Friday of the month."),
        ("30 0 9 1 1 ? 2027-2030", "At 09:00:30, on day 1 of the month, in January, of 2027 to 2030."),
        ("*/10 * * * * *", "Every 10 seconds."),
        ("5 * * * * *", "At second 5 of every minute."),
        ("*/10 0 9-17 * * *", "Every 10 seconds of minute 0 of the hours 9 to 17."),
    ],
)
def test_a_description_says_what_the_fields_mean(text, sentence):
    assert cron(text).describe() == sentence
