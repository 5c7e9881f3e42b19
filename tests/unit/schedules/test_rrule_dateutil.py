"""The same rules in dateutil, where it gives an answer. The examples are the same on each run.

The rules leave out what is known to differ, each with its reason in `beat.schedules.rrule` and a test of its own
in `test_rrule.py`: plain and numbered weekdays in one BYDAY; BYSETPOS of a week; week numbers and Easter at the
ends of a year. dateutil walks, so a rule without a match holds it up: it is asked for what it finds within a
number of periods.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrule as other
from dateutil.rrule import rruleset, rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from beat.schedules import ScheduleError, rrule

same = settings(derandomize=True, deadline=None, max_examples=150)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def numbers(low, high, *, signed=False, most=3):
    one = st.integers(low, high)
    if signed:
        one = st.one_of(one, one.map(lambda number: -number))
    return st.lists(one, min_size=1, max_size=most, unique=True).map(lambda found: ",".join(map(str, found)))


def weekdays(numbered):
    which = st.sampled_from(["1", "2", "+4", "-1", "-2"]) if numbered else st.just("")
    return st.lists(st.builds("{}{}".format, which, st.sampled_from(DAYS)), min_size=1, max_size=3).map(
        ",".join
    )


@st.composite
def rules(draw):
    freq = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]))
    parts = {
        "INTERVAL": st.sampled_from(["1", "2", "3", "5", "7", "12", "36", "90"]),
        "WKST": st.sampled_from(DAYS),
        "BYMONTH": numbers(1, 12),
        "BYMONTHDAY": numbers(1, 31, signed=True),
        "BYYEARDAY": numbers(1, 366, signed=True, most=8),
        "BYDAY": weekdays(numbered=freq in ("YEARLY", "MONTHLY") and draw(st.booleans())),
        "BYHOUR": numbers(0, 23),
        "BYMINUTE": numbers(0, 59),
        "BYSECOND": numbers(0, 59),
        "BYEASTER": numbers(-40, 60, most=2),
        "COUNT": st.integers(1, 40).map(str),
    }
    if freq == "YEARLY":
        parts["BYWEEKNO"] = numbers(2, 51)
    if freq != "WEEKLY":
        parts["BYSETPOS"] = numbers(1, 4, signed=True, most=2)
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True, max_size=4))
    return ";".join([f"FREQ={freq}", *(f"{name}={draw(parts[name])}" for name in chosen)])


starts = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(microsecond=0))  # noqa: DTZ001 - readings


@same
@given(rules(), starts, st.integers(0, 400 * 86_400))
def test_the_first_occurrences_are_the_same(text, start, later):
    try:
        ours = rrule(text, dtstart=start, tz="UTC")
    except ScheduleError as error:
        assert "would never fire" in str(error)  # noqa: PT017 - most are not refused
        return
    found = ours.upcoming(start.replace(tzinfo=UTC) - timedelta(seconds=1), 12)
    found = [fire.replace(tzinfo=None) for fire in found]
    assume(found)  # dateutil would search the calendar to its end, or raise
    theirs = rrulestr(text, dtstart=start)
    assert found == list(islice(theirs, len(found)))
    after = start + timedelta(seconds=later)
    if found[-1] > after:
        fire = ours.next_after(after.replace(tzinfo=UTC))
        assert fire.replace(tzinfo=None) == theirs.after(after)


@same
@given(rules().filter(lambda text: "COUNT" not in text), st.integers(1, 40), starts)
def test_a_rule_that_ends_ends_with_the_same_occurrence(text, count, start):
    text += f";COUNT={count}"
    try:
        ours = rrule(text, dtstart=start, tz="UTC")
    except ScheduleError:
        return
    found = ours.upcoming(start.replace(tzinfo=UTC) - timedelta(seconds=1), 60)
    if found:  # dateutil would search the calendar to its end
        found = [fire.replace(tzinfo=None) for fire in found]
        assert len(found) <= count
        assert found == list(islice(rrulestr(text, dtstart=start), len(found)))


@pytest.mark.parametrize(
    "text",
    [
        "DTSTART:20250101T090000\nRRULE:FREQ=DAILY;COUNT=9\nEXDATE:20250103T090000,20250105T090000",
        "DTSTART:20250101T090000\nRRULE:FREQ=DAILY;COUNT=9\nRDATE:20250103T120000,20250110T090000",
        "DTSTART:20250101T090000\nRRULE:FREQ=DAILY;COUNT=20\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU",
        "dtstart:20250101T090000 rrule:freq=weekly;byday=mo;count=5 RRULE:FREQ=MONTHLY;BYWEEKDAY=FR(+1);COUNT=5",
        "DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=MONTHLY;UNTIL=20250601\nEXDATE;VALUE=DATE-TIME:20250301T000000",
        "DTSTART:20250101T090000\nRDATE:20250103T120000\nRDATE:20250102T120000",
    ],
)
def test_sets_are_the_same(text):
    theirs = list(rrulestr(text))
    found = rrule(text, tz="UTC").upcoming(datetime(2024, 1, 1, tzinfo=UTC), 100)
    assert [fire.replace(tzinfo=None) for fire in found] == theirs


NINE = datetime(2025, 1, 6, 9)  # noqa: DTZ001 - a reading


def test_a_set_of_dateutil_is_taken_for_its_rules_and_dates():
    theirs = rruleset()
    theirs.rrule(other(3, dtstart=NINE, count=9))
    theirs.exrule(other(2, dtstart=NINE, byweekday=(5, 6)))
    theirs.rdate(NINE.replace(hour=12))
    theirs.exdate(NINE.replace(day=8))
    ours = rrule(theirs, tz="Europe/Prague")
    assert ours == rrule(
        "RRULE:FREQ=DAILY;COUNT=9\nRDATE:20250106T120000\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU\nEXDATE:20250108T090000",
        dtstart=NINE,
        tz="Europe/Prague",
    )
    found = ours.upcoming(datetime(2024, 1, 1, tzinfo=UTC), 20)
    assert [fire.replace(tzinfo=None) for fire in found] == list(theirs)


def test_a_set_of_dateutil_keeps_its_zone_and_instants():
    theirs = rruleset()
    theirs.rrule(other(3, dtstart=NINE.replace(tzinfo=UTC), count=3))
    theirs.exdate(NINE.replace(day=7, hour=10, tzinfo=ZoneInfo("Europe/Prague")))
    ours = rrule(theirs)
    assert ours.tz.key == "UTC"
    assert ours.upcoming(datetime(2024, 1, 1, tzinfo=UTC), 20) == list(theirs)


def test_a_set_of_dateutil_has_one_start():
    theirs = rruleset()
    theirs.rrule(other(3, dtstart=NINE))
    theirs.rrule(other(2, dtstart=NINE.replace(day=9)))
    with pytest.raises(ScheduleError, match="rruleset have 2 different starts; expected one start for all"):
        rrule(theirs, tz="UTC")


def test_an_object_of_dateutil_is_taken_for_its_text():
    theirs = other(2, dtstart=datetime(2025, 1, 6, 9), interval=2, byweekday=(0, 4), count=5)  # noqa: DTZ001 - a reading
    ours = rrule(theirs, tz="Europe/Prague")
    assert ours == rrule(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=5", dtstart="2025-01-06T09:00", tz="Europe/Prague"
    )
    assert [fire.replace(tzinfo=None) for fire in ours.upcoming(datetime(2024, 1, 1, tzinfo=UTC), 9)] == list(
        theirs
    )


def test_an_object_of_dateutil_with_a_zone_keeps_it_and_its_end():
    start, until = datetime(2025, 1, 6, 9, tzinfo=UTC), datetime(2025, 1, 8, 9, tzinfo=UTC)
    ours = rrule(other(3, dtstart=start, until=until))
    assert ours.tz.key == "UTC"
    assert len(ours.upcoming(start - timedelta(1), 9)) == 3


def test_a_zone_that_is_given_goes_before_that_of_an_object_of_dateutil():
    theirs = other(3, dtstart=datetime(2025, 1, 6, 9, tzinfo=UTC))
    assert rrule(theirs, tz="Asia/Tokyo").tz.key == "Asia/Tokyo"
