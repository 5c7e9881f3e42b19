"""Celery's crontab: arguments, refusals, equality."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import crontab

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
ANCHOR = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"minute": 7}, {7}),
        ({"minute": "7"}, {7}),
        ({"minute": {0, 30}}, {0, 30}),
        ({"minute": [30, 0, 30]}, {0, 30}),
        ({"minute": range(0, 60, 20)}, {0, 20, 40}),
        ({"minute": "*/20"}, {0, 20, 40}),
        ({"minute": "1, 13,50-59/3"}, {1, 13, 50, 53, 56, 59}),
        ({"minute": "50-10/5"}, {50, 55, 0, 5, 10}),
    ],
)
def test_a_field_means_these_numbers(arguments, expected):
    assert set(crontab(**arguments).minute.values) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon-fri", {1, 2, 3, 4, 5}),
        ("Fri-Mon", {5, 6, 0, 1}),
        ("sunday,WED", {0, 3}),
        ("*/2", {0, 2, 4, 6}),
        ("6-0", {6, 0}),
    ],
)
def test_days_of_the_week_may_be_named_and_wrap(text, expected):
    assert set(crontab(day_of_week=text).day_of_week.values) == expected


def test_months_may_be_named():
    assert crontab(month_of_year="jan,june-aug").month_of_year.values == (1, 6, 7, 8)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"minute": "1-5-7"}, r"minute '1-5-7': .* expected 0 to 59"),
        ({"minute": "*/2/3"}, r"minute '\*/2/3'"),
        ({"minute": ""}, "empty part"),
        ({"minute": "1,,2"}, "empty part"),
        ({"minute": "*/0"}, "'0' is not a step of 1 or more"),
        ({"minute": "*/-1"}, "is not a number, a range or a step"),
        ({"minute": "5/15"}, "has a step but no range; write 5-59/15"),
        ({"minute": -1}, "minute '-1'"),
        ({"minute": 60}, "60 is out of range"),
        ({"hour": "20-24"}, "hour '20-24': 24 is out of range; expected 0 to 23"),
        ({"day_of_month": 0}, "day of month '0'.* expected 1 to 31"),
        ({"day_of_week": 7}, "day of week '7': 7 is out of range"),
        ({"day_of_week": "mno"}, "did you mean 'mon'"),
        ({"day_of_week": "thorsday"}, "did you mean 'thursday'"),
        ({"day_of_week": "jan"}, "'jan' is not one of its names"),
        ({"month_of_year": "febuary"}, "did you mean 'february'"),
        ({"minute": "mon"}, "'mon' is not a number"),
        ({"minute": None}, "minute is a number, a text or a collection of numbers, not None"),
        ({"minute": True}, "not True"),
        ({"minute": 1.5}, "not 1.5"),
        ({"minute": ["a"]}, "a collection holds whole numbers"),
        ({"minute": []}, "empty"),
        ({"tz": "Europe/Pragu"}, "did you mean 'Europe/Prague'"),
        ({"tz": 3}, "an IANA name or a ZoneInfo"),
        ({"gap": "skp"}, "did you mean 'skip'"),
        ({"fold": "twice"}, "fold is 'first' or 'second' or 'both'"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        crontab(**arguments)


@pytest.mark.parametrize(("day", "month"), [(31, 2), (30, 2), (31, "4,6,9,11"), ("30-31", "feb")])
def test_a_date_that_never_comes_is_refused(day, month):
    with pytest.raises(ValueError, match="would never fire"):
        crontab(day_of_month=day, month_of_year=month)


def test_a_text_has_five_fields():
    assert crontab.from_string("0  3 1 2 4") == crontab(0, 3, 4, 1, 2)
    with pytest.raises(ValueError, match="has 6 fields; a crontab has five"):
        crontab.from_string("0 3 * * * *")


def test_equal_by_what_it_means():
    assert crontab(minute="0,30") == crontab(minute={30, 0})
    assert hash(crontab(day_of_week="mon")) == hash(crontab(day_of_week=1))
    assert crontab(minute="*/30") != crontab(minute="0,30"), "they differ in a repeated hour"
    assert crontab(0, tz="UTC") != crontab(0)


def test_an_immutable_value():
    with pytest.raises(AttributeError):
        crontab().minute = 3


def test_a_zone_of_its_own_wins_over_that_of_the_entry():
    own = crontab(0, 3, tz="America/New_York").bind(tz=BERLIN, anchor=ANCHOR, name="any", gap="skip")
    lent = crontab(0, 3).bind(tz=BERLIN, anchor=ANCHOR, name="any")
    assert (own.tz, own.gap) == (NEW_YORK, "skip")
    assert lent.tz == BERLIN
    assert own.next_after(ANCHOR).isoformat() == "2025-01-01T03:00:00-05:00"
    assert lent.next_after(ANCHOR).isoformat() == "2025-01-01T03:00:00+01:00"


def test_evaluated_bare_it_reads_the_clock_of_the_question():
    assert crontab(0, 3).next_after(ANCHOR.astimezone(NEW_YORK)).isoformat() == "2025-01-01T03:00:00-05:00"


def test_an_end_in_another_zone_is_compared_as_an_instant():
    start = datetime(2025, 10, 26, 0, tzinfo=BERLIN)
    end = datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN, fold=1)
    assert (
        len(crontab("*/30").fires(start, end)) == len(crontab("*/30").fires(start, end.astimezone(UTC))) == 7
    )


def test_the_latest_of_many_is_found_at_once():
    calls = 0

    class Counted(crontab):
        __slots__ = ()

        def next_micros(self, us, tz):
            nonlocal calls
            calls += 1
            return super().next_micros(us, tz)

    until = datetime(2025, 6, 9, 0, 0, 30, tzinfo=UTC)
    assert Counted(day_of_week=1).latest(until - timedelta(days=3000), until) == datetime(
        2025, 6, 9, tzinfo=UTC
    )
    last = Counted(day_of_week=1).latest(until - timedelta(days=3000), until - timedelta(days=1))
    assert last == datetime(2025, 6, 2, 23, 59, tzinfo=UTC)
    assert calls < 120


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (crontab(), "Every minute."),
        (crontab(0, 3), "At 03:00."),
        (
            crontab("0,30", "9-17", "mon-fri", tz="UTC"),
            "At minutes 0 and 30 of the hours 9 to 17, on Monday to Friday, UTC time.",
        ),
        (crontab("*/5", "*/2"), "Every 5 minutes of every 2nd hour."),
        (crontab(0, 0, "fri", 13), "At 00:00, on day 13 of the month and only if it is Friday."),
        (
            crontab(0, 0, day_of_month="1,15", month_of_year="6-8"),
            "At 00:00, on days 1 and 15 of the month, in June to August.",
        ),
    ],
)
def test_a_description(one, sentence):
    assert one.describe() == sentence
