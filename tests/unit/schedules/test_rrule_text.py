"""The text of a recurrence rule: what is wrong with it, and the sentence that tells it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat import rrule
from beat.schedules import ScheduleError

same = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' has no rule; expected one such as FREQ=WEEKLY;BYDAY=MO."),
        ("DAILY", "'DAILY' is not a part of a recurrence rule; did you mean 'BYDAY'?"),
        ("FREQ=DALY", "FREQ=DALY is not known; did you mean 'DAILY'?"),
        ("INTERVAL=2", "'INTERVAL=2' has no FREQ; expected one such as FREQ=DAILY."),
        ("FREQ=DAILY;INTERVL=2", "'INTERVL' is not a part of a recurrence rule; did you mean 'INTERVAL'?"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is 0, which is out of range; expected 1 or more."),
        ("FREQ=DAILY;INTERVAL=two", "INTERVAL is 'TWO'; expected a whole number, 1 or more."),
        ("FREQ=DAILY;COUNT=0", "COUNT is 0, which is out of range; expected 1 or more."),
        (
            "FREQ=DAILY;COUNT=3;UNTIL=20260101T000000",
            "'FREQ=DAILY;COUNT=3;UNTIL=20260101T000000' has both COUNT and UNTIL; expected at most one of them.",
        ),
        (
            "FREQ=DAILY;UNTIL=tomorrow",
            "UNTIL has 'TOMORROW', which is not a date and time such as 20261231T235959 or 20261231T225959Z.",
        ),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH is 13, which is out of range; expected 1 to 12."),
        (
            "FREQ=DAILY;BYMONTHDAY=0",
            "BYMONTHDAY is 0, which is out of range; expected 1 to 31, or -31 to -1 from the end.",
        ),
        (
            "FREQ=DAILY;BYMONTHDAY=-32",
            "BYMONTHDAY is -32, which is out of range; expected 1 to 31, or -31 to -1 from the end.",
        ),
        (
            "FREQ=YEARLY;BYYEARDAY=367",
            "BYYEARDAY is 367, which is out of range; expected 1 to 366, or -366 to -1 from the end.",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=54",
            "BYWEEKNO is 54, which is out of range; expected 1 to 53, or -53 to -1 from the end.",
        ),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR is 24, which is out of range; expected 0 to 23."),
        ("FREQ=DAILY;BYSECOND=60", "BYSECOND is 60, which is out of range; expected 0 to 59."),
        ("FREQ=MONTHLY;BYDAY=MON", "BYDAY has 'MON', which is not a weekday; did you mean 'MO'?"),
        (
            "FREQ=MONTHLY;BYDAY=0MO",
            "The number of BYDAY '0MO' is 0, which is out of range; expected 1 to 53, or -53 to -1 from the end.",
        ),
        (
            "FREQ=MONTHLY;BYDAY=60MO",
            "The number of BYDAY '60MO' is 60, which is out of range; expected 1 to 53, or -53 to -1 from the end.",
        ),
        ("FREQ=MONTHLY;BYDAY=", "BYDAY has no value; expected BYDAY=... in 'FREQ=MONTHLY;BYDAY='."),
        (
            "FREQ=WEEKLY;BYDAY=1MO",
            "BYDAY counts weekdays in a month or a year, so 'FREQ=WEEKLY;BYDAY=1MO' needs FREQ=MONTHLY or FREQ=YEARLY for it.",
        ),
        ("FREQ=WEEKLY;WKST=XX", "WKST=XX is not known; expected one of MO, TU, WE, TH, FR, SA, SU."),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ is given twice in 'FREQ=DAILY;FREQ=WEEKLY'."),
        ("FREQ=DAILY;BYHOUR=9,,10", "BYHOUR is ''; expected a whole number, 0 to 23."),
        (
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
            "rrule 'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30' would never fire: no date has all that it asks for.",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
            "rrule 'FREQ=MONTHLY;BYSETPOS=6;BYDAY=MO' would never fire: no date has all that it asks for.",
        ),
        (
            "FREQ=DAILY;BYSETPOS=2",
            "rrule 'FREQ=DAILY;BYSETPOS=2' would never fire: no date has all that it asks for.",
        ),
        (
            "FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=-3",
            "rrule 'FREQ=HOURLY;BYSETPOS=-3;BYMINUTE=0,30' would never fire: no date has all that it asks for.",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
            "BYSETPOS is 0, which is out of range; expected 1 to 366, or -366 to -1 from the end.",
        ),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;COUNT=501", "COUNT is 501; with BYSETPOS it is at most 500."),
        (
            "FREQ=SECONDLY;INTERVAL=604801;BYDAY=MO",
            "INTERVAL=604801 of SECONDLY comes round to the same time of day only after 604801 days; with other BY parts that must be at most 86400.",
        ),
        (
            "RRUL:FREQ=DAILY",
            "'RRUL' is not a line of an rrule (DTSTART, RRULE, RDATE, EXRULE, EXDATE); did you mean 'RRULE'?",
        ),
        (
            "DTSTART:20260101T000000",
            "'DTSTART:20260101T000000' has no rule; expected one such as FREQ=WEEKLY;BYDAY=MO.",
        ),
        (
            "DTSTART:20260101T000000\nDTSTART:20260102T000000\nRRULE:FREQ=DAILY",
            "DTSTART is given twice; expected one start for all rules.",
        ),
        (
            "DTSTART;TZID=Europe/Pargue:20260101T000000\nRRULE:FREQ=DAILY",
            "'Europe/Pargue' is not a time zone of the IANA database; did you mean 'Europe/Prague'?",
        ),
        (
            "DTSTART;TZID=Europe/Prague:20260101T000000Z\nRRULE:FREQ=DAILY",
            "DTSTART has both an offset and a TZID; expected one zone, not two.",
        ),
        (
            "RRULE:FREQ=DAILY\nEXDATE;VALUE=PERIOD:20260101T000000",
            "EXDATE has the parameter 'VALUE=PERIOD'; expected TZID, VALUE=DATE-TIME or VALUE=DATE.",
        ),
        (
            "FREQ=DAILY;INTERVAL=99999999999999999999",
            "INTERVAL is '999999999999999999...'; expected a whole number, 1 or more.",
        ),
        ("FREQ=DAILY;COUNT=3", "COUNT counts from a start: give dtstart, or a DTSTART line."),
        (
            "RRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY;COUNT=3",
            "COUNT counts from a start: give dtstart, or a DTSTART line.",
        ),
        ("\n".join(["RRULE:FREQ=DAILY"] * 9), "The text of an rrule has more than 8 rules."),
        (
            "RDATE:20260101T000000" + ",20260102T000000" * 2000,
            "The text of an rrule has more than 2000 dates of RDATE; a calendar holds more.",
        ),
        (
            "RRULE:FREQ=DAILY\nEXDATE:20260101T000000" + ",20260102T000000" * 500,
            "The text of an rrule has more than 500 dates of EXDATE; a calendar holds more.",
        ),
        (f"FREQ=DAILY;BYHOUR={','.join(['3'] * 1001)}", "BYHOUR has 1001 values; expected at most 1000."),
        (
            f"FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))};BYSECOND={','.join(map(str, range(60)))};BYHOUR=1,2",
            None,
        ),
        (
            "RRULE:FREQ=HOURLY;INTERVAL=30000000001\nEXDATE:20260101T000000",
            "INTERVAL=30000000001 of HOURLY comes round to the same time of day only after 30000000001 days; with exceptions that must be at most 86400.",
        ),
        (
            "RRULE:FREQ=YEARLY;BYDAY=MO;BYHOUR=0,1,2,3,4,5,6,7,8;BYSETPOS=1,11,21,31,41,51,61,71,81\nEXDATE:20260101T000000",
            "The set takes long: with exceptions, BYSETPOS picks 9 groups of times; expected at most 8 in all rules.",
        ),
        (
            "RRULE:FREQ=DAILY\nEXRULE:FREQ=MINUTELY;INTERVAL=7",
            "EXRULE 'FREQ=MINUTELY;INTERVAL=7' leaves out other times on each day; expected an INTERVAL that divides the 1440 units of a day.",
        ),
        (
            "RRULE:FREQ=SECONDLY;INTERVAL=4999\nEXRULE:FREQ=MINUTELY;BYHOUR=3",
            "INTERVAL=4999 of SECONDLY comes round to the same time of day only after 4999 days; with exceptions that must be at most 100.",
        ),
        (
            "FREQ=SECONDLY;INTERVAL=86399;COUNT=1000000000;BYMONTH=3",
            "INTERVAL=86399 of SECONDLY comes round to the same time of day only after 86399 days; with COUNT and other BY parts that must be at most 100.",
        ),
        ("RRULE;X=1:FREQ=DAILY", "RRULE has the parameter 'X=1'; expected none."),
        (5, "rrule takes a text such as 'FREQ=WEEKLY;BYDAY=MO', not 5."),
    ],
)
def test_a_wrong_text_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(ScheduleError) as refused:
        rrule(text)
    assert str(refused.value) == sentence or (
        sentence is None and "names 7200 times of a day; expected at most 3600." in str(refused.value)
    )


@pytest.mark.parametrize(
    "text", ["FREQ=DAILY; ; BYHOUR=9", "FREQ = DAILY\t;BYHOUR= 9", "FREQ=DAILY ;  BYHOUR =9"]
)
def test_spaces_around_separators_mean_nothing(text):
    assert rrule(text) == rrule("FREQ=DAILY;BYHOUR=9")


def test_a_run_of_spaces_takes_no_longer_than_other_text():
    with pytest.raises(ScheduleError, match=r"^'X' is not a part"):
        rrule("FREQ=DAILY" + " " * 49_000 + "x")


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ({"dtstart": 5}, "dtstart is a datetime or ISO 8601 text, not 5."),
        ({"dtstart": "x"}, "dtstart is 'x', which is not a date and time such as 2026-01-05T09:00."),
        (
            {"dtstart": "2026-01-01T00:00+02:00"},
            "dtstart is 2026-01-01T00:00:00+02:00, whose offset is not a zone; give tz= as well, or a ZoneInfo.",
        ),
        ({"gap": "afer"}, "gap is 'after' or 'skip', not 'afer'; did you mean 'after'?"),
    ],
)
def test_a_wrong_argument_is_refused_with_a_sentence(given_, sentence):
    with pytest.raises(ScheduleError) as refused:
        rrule("FREQ=DAILY", **given_)
    assert str(refused.value) == sentence


@same
@given(st.text(alphabet="FREQ=DAILYMONTHUWKBS;:,+-0123456789()TZ \n", max_size=40), st.booleans())
def test_any_text_is_a_rule_or_a_sentence(text, led):
    try:
        rrule(f"FREQ=MONTHLY;{text}" if led else text)
    except ScheduleError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017 - most texts are refused, a few are not


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=10",
            "Every 2 weeks on Monday and Friday at 09:00, 10 times, from 2026-01-05 09:00, Europe/Prague time.",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15,-1",
            "Every month on day 15 and the last day of the month at 09:00, from 2026-01-05 09:00, Europe/Prague time.",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "Every month the last of the times on Monday to Friday at 09:00, from 2026-01-05 09:00, Europe/Prague time.",
        ),
        (
            "FREQ=HOURLY;INTERVAL=3;BYDAY=MO",
            "Every 3 hours on Monday, from 2026-01-05 09:00, Europe/Prague time.",
        ),
        (
            "FREQ=YEARLY;BYEASTER=-2",
            "Every year 2 days before Easter Sunday at 09:00, from 2026-01-05 09:00, Europe/Prague time.",
        ),
        (
            "FREQ=DAILY;UNTIL=20261231",
            "Every day at 09:00, until 2026-12-31 00:00, from 2026-01-05 09:00, Europe/Prague time.",
        ),
        (
            "RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU\nEXDATE:20260704T090000",
            "Every day at 09:00, from 2026-01-05 09:00, Europe/Prague time; but not every week on Saturday and Sunday at 09:00 nor at 2026-07-04 09:00.",
        ),
        (
            "FREQ=DAILY;UNTIL=20270101T000000Z",
            "Every day at 09:00, until 2027-01-01 00:00 UTC, from 2026-01-05 09:00, Europe/Prague time.",
        ),
    ],
)
def test_a_description(text, sentence):
    assert rrule(text, dtstart="2026-01-05T09:00", tz="Europe/Prague").describe() == sentence
