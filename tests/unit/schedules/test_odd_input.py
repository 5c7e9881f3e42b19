"""No input, however odd, hangs or raises anything but ScheduleError; what can be built can be asked."""

# ruff: noqa: SIM905 - long lists of words are easier to read as text

import json
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quickness import quick

from beat.schedules import (
    Calendar,
    Schedule,
    ScheduleError,
    Union,
    at,
    cron,
    crontab,
    rrule,
    schedule,
    solar,
    trigger,
)
from beat.schedules.arguments import LONGEST_SHOWN, shown

INSTANTS = [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC)]

same = settings(derandomize=True, deadline=None, max_examples=250, suppress_health_check=list(HealthCheck))

words = st.sampled_from(
    [
        *("", "\ud800", "\0", "0 3 * * *", "* * * * * * *", "2026-12-24T18:00", "FREQ=DAILY"),
        *("0", "-1", "*", "L", "UTC", "Europe/Prague", "Mars/X", "sunset", "skip", "both", "cron", "and"),
    ]
)
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, 1, 60, 86_400, 1e308, -0.0, 10**30]))
leaves = st.one_of(st.none(), st.booleans(), numbers, words, st.text(max_size=8))
kinds = st.sampled_from(
    """
    every cron crontab solar at rrule trigger union intersection difference between jittered excluding
    on_dates crn
    """.split()
)
names = st.sampled_from(
    """
    text tz gap fold name run_every relative anchor minute hour day_of_week event lat lon offset
    elevation when dtstart type triggers start_date timezone of less without start end seconds calendar
    roll dates country weekend
    """.split()
)


def forms(inner):
    values = st.one_of(leaves, inner, st.lists(inner, max_size=3))
    return st.builds(
        lambda kind, given: given | {"kind": kind}, kinds, st.dictionaries(names, values, max_size=5)
    )


stored = st.recursive(st.builds(lambda kind: {"kind": kind}, kinds), forms, max_leaves=6)
valid = [
    {"kind": "every", "run_every": 60},
    {"kind": "cron", "text": "0 3 * * *"},
    {"kind": "crontab", "minute": "0"},
    {"kind": "solar", "event": "sunset", "lat": 50, "lon": 14},
    {"kind": "at", "when": "2026-12-24T18:00"},
    {"kind": "rrule", "text": "FREQ=DAILY"},
    {"kind": "trigger", "type": "cron", "hour": "3"},
    {"kind": "union", "of": [{"kind": "every", "run_every": 60}, {"kind": "cron", "text": "@daily"}]},
    {
        "kind": "excluding",
        "of": {"kind": "cron", "text": "@daily"},
        "calendar": {"dates": ["12-24"]},
        "roll": "next",
    },
    {"kind": "jittered", "of": {"kind": "cron", "text": "@daily"}, "seconds": 60},
]
mutated = st.builds(
    lambda form, name, value: form | {name: value}, st.sampled_from(valid), names, st.one_of(leaves, stored)
)


def built_and_asked(build):
    """Build a schedule, if it can be, and ask it all there is to ask."""
    try:
        one = build()
    except ScheduleError as error:
        assert str(error)  # noqa: PT017 - most input is refused, some is not
        return
    for t in INSTANTS:
        one.next_after(t)
        one.latest(t, t)
    assert Schedule.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert one.describe().endswith(".")


@same
@given(form=st.one_of(stored, mutated))
def test_a_stored_form_is_a_schedule_or_a_sentence(form, limit):
    assert quick(lambda: built_and_asked(lambda: Schedule.from_dict(form)), limit)


@same
@given(text=st.text(alphabet="0123456789*/-,@LW#?H() mondyfrijul", max_size=40))
def test_a_cron_expression_is_a_schedule_or_a_sentence(text, limit):
    assert quick(lambda: built_and_asked(lambda: cron(text)), limit)


parts = st.sampled_from(
    """
    FREQ=SECONDLY FREQ=HOURLY FREQ=DAILY FREQ=WEEKLY FREQ=MONTHLY FREQ=YEARLY INTERVAL=7 INTERVAL=86399
    COUNT=1000000000 COUNT=3 UNTIL=20300101 BYSETPOS=5 BYSETPOS=-1 BYMONTH=2 BYMONTHDAY=30
    BYMONTHDAY=-31 BYYEARDAY=366 BYWEEKNO=53 BYDAY=MO BYDAY=5FR BYHOUR=2 BYMINUTE=59 BYSECOND=1
    BYEASTER=-2 WKST=SU X=1 BYHOUR=99
    """.split()
)


@same
@given(text=st.lists(parts, max_size=6).map(";".join))
def test_a_recurrence_rule_is_a_schedule_or_a_sentence(text, limit):
    assert quick(lambda: built_and_asked(lambda: rrule(text)), limit)


class Odd:
    def __repr__(self):
        raise KeyError("no")

    __str__ = __repr__


class NoOffset(tzinfo):
    def utcoffset(self, when):
        raise RuntimeError(when)


def nested(depth):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


itself = []
itself.append(itself)
ODD = [nested(10_000), itself, Odd(), 10**5000, -(10**5000), "x" * 18_000, {"x": Odd()}, b"", list]
DAILY = cron("@daily")
ASKED = {
    "stored": Schedule.from_dict,
    "kind": lambda value: Schedule.from_dict({"kind": value}),
    "version": lambda value: Schedule.from_dict({"kind": "cron", "v": value, "text": "@daily"}),
    "interval": schedule,
    "anchor": lambda value: schedule(5, anchor=value),
    "zone": lambda value: schedule(5, tz=value),
    "at": at,
    "gap": lambda value: at("2026-01-01T00:00", gap=value),
    "trigger": trigger,
    "type": lambda value: trigger({"type": value}),
    "hour": lambda value: trigger({"type": "cron", "hour": value}),
    "timezone": lambda value: trigger({"type": "cron", "hour": 3, "timezone": value}),
    "start_date": lambda value: trigger({"type": "cron", "hour": 3, "start_date": value}),
    "run_date": lambda value: trigger({"type": "date", "run_date": value}),
    "seconds": lambda value: trigger({"type": "interval", "seconds": value}),
    "days": lambda value: trigger({"type": "calendarinterval", "days": value, "start_date": "2026-01-01"}),
    "start": lambda value: trigger({"type": "calendarinterval", "days": 1, "start_date": value}),
    "cron": cron,
    "spread": lambda value: cron("H * * * *", name=(value,)),
    "crontab": crontab,
    "crontab's numbers": lambda value: crontab(minute=[value]),
    "crontab's text": crontab.from_string,
    "event": lambda value: solar(value, 50, 14),
    "offset": lambda value: solar("sunset", 50, 14, offset=value),
    "dtstart": lambda value: rrule("FREQ=DAILY", dtstart=value),
    "union": Union,
    "part": lambda value: Union([value]),
    "or": lambda value: DAILY | value,
    "and": lambda value: DAILY & value,
    "less": lambda value: DAILY - value,
    "excluding": DAILY.excluding,
    "dates": Calendar,
    "date": lambda value: Calendar([value]),
    "days of the weekend": lambda value: Calendar(weekend=value),
    "country": lambda value: Calendar(country=value),
    "subdivision": lambda value: Calendar(country="CZ", subdivision=value),
    "weekend": lambda value: Calendar(weekend=[value]),
    "jitter": DAILY.jittered,
    "jitter's name": lambda value: Schedule.from_dict(
        {"kind": "jittered", "of": DAILY.to_dict(), "seconds": 1, "name": [value]}
    ),
    "triggers": lambda value: trigger({"type": "or", "triggers": [value]}),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_a_value_that_cannot_be_shown_is_refused_with_a_short_sentence(ask, value):
    with pytest.raises(ScheduleError) as refused:
        ask(value)
    assert len(str(refused.value)) < 400


def test_what_is_shown_of_a_value_is_short_and_never_an_error():
    assert shown("x") == "'x'"
    assert shown(Odd()) == "<Odd object>"
    assert all(len(shown(value)) <= LONGEST_SHOWN for value in ODD)


@pytest.mark.parametrize(
    "build",
    [
        lambda when: schedule(60, anchor=when),
        at,
        lambda when: trigger({"type": "date", "run_date": when}),
        lambda when: trigger({"type": "cron", "hour": 3, "start_date": when}),
    ],
)
def test_a_zone_that_raises_is_refused_with_a_sentence(build):
    with pytest.raises(ScheduleError, match=r"which has no offset for it \(RuntimeError\)\.$"):
        build(datetime(2026, 1, 1, tzinfo=NoOffset()))


@pytest.mark.parametrize(
    "t",
    [
        datetime(1, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=ZoneInfo("America/New_York")),
    ],
)
def test_an_interval_counts_from_the_ends_of_the_calendar_if_asked_beyond_them(t):
    for one in (schedule(60), trigger({"type": "interval", "seconds": 60})):
        bound = one.bind(tz=ZoneInfo("UTC"), anchor=t, name="any")
        assert Schedule.from_dict(bound.to_dict()) == bound
        for asked in (one, bound):
            assert len(asked.upcoming(t, 1)) == (t.year == 1)
            assert asked.fires(t, t) == []
            assert asked.latest(t, t) is None


def test_a_name_that_cannot_be_encoded_is_spread_like_any_other():
    bound = cron("H H * * *").bind(tz=ZoneInfo("UTC"), anchor=INSTANTS[0], name="x\ud800")
    assert bound.next_after(INSTANTS[1])
