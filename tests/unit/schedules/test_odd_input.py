"""No input, however odd, hangs or raises anything but ScheduleError; what can be built can be asked.

How long a thing may take is measured in evaluations of ``* * * * *`` made in the same process: `UNIT` of them take
fifty milliseconds, or twice that on a machine that is busy with other things.
"""

# ruff: noqa: SIM905 - long lists of words are easier to read as text

import gc
import json
from datetime import UTC, datetime, timedelta, tzinfo
from time import process_time
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beat.dst import _zone_line
from beat.schedules import Schedule, ScheduleError, Union, at, cron, every, rrule, schedule, trigger
from beat.schedules.arguments import LONGEST_SHOWN, shown
from beat.schedules.recurrence.rule_set import fires_of

UNIT = 70_000
TRIES = 4
CACHES = [
    each
    for each in gc.get_objects()
    if type(each) is type(_zone_line) and each.__module__.startswith("beat.")
]
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


def quick(work, limit, *prepare):
    """Whether the work takes less than the limit, in one of a few tries: a process may be busy with its garbage.

    Where it takes more, the limit is measured again: the pace of a machine changes. Each try begins with nothing kept
    from another; what `prepare` returns is given to the work, and not measured.
    """
    for _ in range(TRIES):
        took = measured(work, *prepare)
        if took < limit or took < measured(unit):
            return True
    return False


def unit():
    one, t = cron("* * * * *"), INSTANTS[0]
    for _ in range(UNIT):
        t = one.next_after(t)


def measured(work, *prepare):
    given = [each() for each in prepare]
    for cache in CACHES:
        cache.cache_clear()
    begun = process_time()
    work(*given)
    return process_time() - begun


@pytest.fixture(scope="module")
def limit():
    """Seconds of this process that `UNIT` evaluations take."""
    return max(measured(unit) for _ in range(3))


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


class Slow(tzinfo):
    """A zone that changes its offset, and knows for which years it was asked."""

    def __init__(self):
        self.asked = set()

    def utcoffset(self, when):
        self.asked.add(when.year)
        return timedelta(hours=1 + self.dst(when) // timedelta(hours=1))

    def dst(self, when):
        return timedelta(hours=int(4 <= when.month <= 9))


def nested(depth):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


itself = []
itself.append(itself)
ODD = [nested(10_000), itself, Odd(), 10**5000, -(10**5000), "x" * 18_000, {"x": Odd()}, b"", object]
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


@pytest.mark.parametrize(
    ("start", "asked"), [("2020-01-01", 9990), ("0001-01-29", 2026), ("0001-01-29", 9990)]
)
def test_steps_of_months_and_days_are_quick_and_light_however_far(start, asked, limit):
    def work():
        form = {"type": "calendarinterval", "months": 1, "days": 1, "start_date": start, "timezone": "UTC"}
        one = trigger(form | {"second": next(seconds)})  # readings of equal triggers are shared
        assert one.next_after(datetime(asked, 1, 1, tzinfo=UTC)).year == asked
        assert len(one.part.leaf.walls.days._kept) < 16_000

    seconds = iter(range(60))
    assert quick(work, limit)


A = datetime(2020, 1, 1, tzinfo=UTC)
RARE = {
    "type": "and",
    "triggers": [
        {"type": "interval", "seconds": 1.001, "start_date": "2020-01-01T00:00:00"},
        {"type": "cron", "second": "*"},
    ],
}
MANY = [every(seconds, anchor=A) for seconds in range(61, 92)]
ZONES = sorted(available_timezones())
OFTEN = "\n".join(f"RRULE:FREQ=DAILY;INTERVAL={days}" for days in (11, 22, 33, 55, 132, 979))
EVERY_HOUR = cron("0 * * * *", tz="UTC")
TIMES = f"BYMINUTE={','.join(map(str, range(60)))};BYSECOND={','.join(map(str, range(60)))};BYHOUR=3"
DAYS = ",".join(f"{INSTANTS[1] + timedelta(days=number):%Y%m%dT000000}" for number in range(194))
PICKED = "\n".join(f"RRULE:FREQ=WEEKLY;BYEASTER={days};BYSETPOS=1" for days in range(5))
HOPELESS = {
    "half seconds": lambda: every(0.5, anchor=A) - every(0.25, anchor=A),
    "intervals": lambda: Union(MANY) - Union([*MANY[:-1], every(91, anchor=A, tz="UTC")]),
    "trigger": lambda: trigger(RARE) - every(1001, anchor=A),
    "jitter": lambda: (every(0.5, anchor=A) - every(0.25, anchor=A)).jittered(3600),
    "rolled": lambda: rolled(cron("* * * * *") - cron("* * * * *", tz="Asia/Tokyo"), 2),
    "rules": lambda: Union([counted(number) for number in range(3)]) & at("1970-01-01T00:00Z"),
    "sets": lambda: Union([covered(number) for number in range(1, 4)]),
    "picked": lambda: rrule(
        f"{PICKED}\nEXRULE:FREQ=DAILY\nEXRULE:FREQ=HOURLY\nEXRULE:FREQ=MINUTELY", dtstart=A
    ),
    "in gaps": lambda: (
        Union([cron(f"*/{n + 1} 2 * 3 0L", tz="Europe/Prague") for n in range(20)]) & EVERY_HOUR
    ),
    "times": lambda: (
        Union([rrule(f"FREQ=DAILY;{TIMES};INTERVAL={n + 2}", dtstart=A) for n in range(20)])
        & EVERY_HOUR.between(None, A)
    ),
    "exceptions": lambda: rrule(f"RRULE:FREQ=DAILY;UNTIL=20270601T000000\nEXDATE:{DAYS}", dtstart=A).between(
        INSTANTS[1], None
    ),
    "zones": lambda: cron("* * * * *") - Union([cron(f"*/{n + 1} * * * *", tz=ZONES[n]) for n in range(59)]),
    "set": lambda: rrule(f"{OFTEN}\nEXRULE:FREQ=DAILY;INTERVAL=22\nEXRULE:FREQ=DAILY;INTERVAL=11", dtstart=A),
}


def counted(number):
    return rrule(f"FREQ=HOURLY;INTERVAL={168 * number + 11};BYEASTER={number};COUNT=999999", dtstart=A)


def covered(number):
    rules = (f"RRULE:FREQ=WEEKLY;INTERVAL={interval};BYEASTER={number}" for interval in (6, 7 * number, 35))
    return rrule("\n".join([*rules, "EXRULE:FREQ=DAILY"]), dtstart=A)


def rolled(one, times):
    for number in range(times):
        dates = [f"01-{day:02}" for day in range(1, 10 + number)]
        one = one.excluding(dates, ("next", "previous")[number % 2])
    return one


@pytest.mark.parametrize("build", HOPELESS.values(), ids=HOPELESS)
def test_a_combination_that_never_fires_says_so_soon(build, limit):
    def afresh():
        fires_of.cache_clear()
        return build()

    assert quick(build, limit)
    assert quick(lambda one: one.next_after(INSTANTS[1]), limit, afresh)
    assert quick(lambda one: one.latest(INSTANTS[0], INSTANTS[1]), limit, afresh)
    assert build().next_after(INSTANTS[1]) is None


@pytest.mark.parametrize("build", HOPELESS.values(), ids=HOPELESS)
def test_what_never_fires_keeps_nothing_else_from_firing(build):
    hourly, hopeless = cron("0 * * * *", tz="UTC"), build()
    for both in (hourly | hopeless, hopeless | hourly):
        for one in (both, both.excluding(["12-24"]), both.excluding(["12-24"], "next")):
            for t in INSTANTS:
                assert one.next_after(t) == hourly.next_after(t)


def test_a_zone_that_is_worked_out_in_python_is_not_read_for_a_century():
    zone = Slow()
    one = cron("0 0 1 1 *") & cron("30 12 2 1 *")
    assert one.next_after(datetime(2026, 1, 1, tzinfo=zone)) is None
    assert 0 < len(zone.asked) < 40


def test_the_last_fire_before_a_long_silence_is_found_however_many_are_left_out(limit):
    half = every(0.5, anchor=A)
    for silent in (timedelta(minutes=10), timedelta(hours=2), timedelta(days=1), timedelta(days=40)):
        end = INSTANTS[1] - silent
        one = half - half.between(end, None)
        assert one.latest(A, INSTANTS[1]) == end - timedelta(seconds=0.5)
        assert quick(lambda one=one: one.latest(A, INSTANTS[1]), limit)


@pytest.mark.parametrize("count", [2, 63])
def test_a_century_in_many_zones_is_soon_read(count, limit):
    zones = ["Europe/Prague", *sorted(zone for zone in available_timezones() if zone.startswith("America/"))]
    crons = [cron("0 0 1 1 *", tz=zone) for zone in zones[:count]]

    def work():
        _zone_line.cache_clear()
        assert (crons[0] - Union([*crons[1:], cron("0 0 1 1 *", tz="Europe/Berlin")])).next_after(
            INSTANTS[1]
        ) is None

    assert quick(work, limit)
