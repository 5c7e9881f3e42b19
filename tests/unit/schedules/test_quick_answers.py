"""What takes long to answer is answered soon, if need be with None; what would take longer is refused."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import count
from zoneinfo import available_timezones

import pytest
from quickness import quick

from beat.dst import _zone_line
from beat.schedules import (
    Calendar,
    Schedule,
    ScheduleError,
    Union,
    at,
    cron,
    crontab,
    every,
    rrule,
    solar,
    trigger,
)
from beat.schedules.recurrence.rule_set import fires_of

INSTANTS = [datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC)]


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
        Union([cron(f"*/{n + 1} 2 * 3 0L", tz="Europe/Prague") for n in range(3)]) & EVERY_HOUR
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


WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ALL_DATES = [f"{datetime(2000, 1, 1) + timedelta(number):%m-%d}" for number in range(366)]  # noqa: DTZ001
YEARS = ",".join(map(str, range(2000, 2026)))
UNITS = ",".join(map(str, range(60)))
SAME_CHANGES = ["Europe/Prague", "Europe/Berlin", "Europe/Vienna"]
LARGE = {
    "calendars of all dates": lambda: Union([cron(f"{n} * * * *").excluding(ALL_DATES) for n in range(8)]),
    "all dates, rolled": lambda: Union([cron(f"{n} * * * *").excluding(ALL_DATES, "next") for n in range(7)]),
    "whole weeks, rolled": lambda: Union([cron(f"{n} * * * *").excluding(WEEK, "next") for n in range(32)]),
    "no business day": lambda: cron("* * * * *") - cron("* * * * *").excluding(WEEK[:5], "next"),
    "one date": lambda: cron("0 0 29 2 *").excluding([each for each in ALL_DATES if each != "02-28"], "next"),
    "holidays before they are known": lambda: cron("0 5 * * *", tz="Europe/Prague") & Calendar(country="US"),
    "many dates": lambda: cron("@daily").excluding([A.date() + timedelta(number) for number in range(5_000)]),
    "years long gone": lambda: trigger({"type": "cron", "year": YEARS, "hour": 3}),
    "fields in full": lambda: trigger(
        {
            "type": "or",
            "triggers": [{"type": "cron", "hour": n, "minute": UNITS, "second": UNITS} for n in range(21)],
        }
    ),
    "walks": lambda: trigger(
        {
            "type": "or",
            "triggers": [
                {"type": "calendarinterval", "months": 1, "days": 1, "start_date": "0001-01-29", "minute": n}
                for n in range(5)
            ],
        }
    ),
    "gaps of zones": lambda: Union([cron("*/30 2 * 3 0L", tz=zone) for zone in SAME_CHANGES]),
    "rules in gaps of zones": lambda: Union(
        [
            rrule("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;BYHOUR=2", "1970-01-01", zone, gap="skip")
            for zone in SAME_CHANGES
        ]
    ),
}


@pytest.mark.parametrize("build", LARGE.values(), ids=LARGE)
def test_what_is_large_is_soon_built_and_asked(build, limit):
    assert quick(build, limit)
    for year in (1500, 1986, 2026, 2090):
        t = datetime(year, 11, 21, tzinfo=UTC)
        assert quick(lambda one, t=t: one.next_after(t), limit, build)
        assert quick(lambda one, t=t: one.latest(min(t, INSTANTS[0]), t), limit, build)
    assert quick(lambda one: one.describe(), limit, build)


def stored_often():
    shared = cron("@daily").to_dict()
    for _ in range(12):
        shared = {"kind": "union", "of": [shared, shared]}
    return shared


@pytest.mark.parametrize(
    "build",
    [
        lambda: Schedule.from_dict(stored_often()),
        lambda: Calendar(date.fromordinal(number) for number in count(700_000)),
        lambda: crontab(minute=count()),
        lambda: crontab(minute="0," * 60_000 + "0"),
        lambda: cron("0," * 60_000 + "0 * * * *"),
        lambda: cron("0/" + "9" * 5_000 + " * * * *"),
        lambda: cron("0 0 L-" + "9" * 5_000 + " * *"),
        lambda: crontab(minute="*/" + "9" * 5_000),
        lambda: every("1" * 10_000),
        lambda: solar("sunset", 50, 14, offset="1" * 10_000),
        lambda: trigger({"type": "cron", "month": 2, "day": ",".join(["30"] * 160)}),
        lambda: trigger(
            {
                "type": "or",
                "triggers": [
                    {"type": "cron", "hour": n % 24, "minute": UNITS, "second": UNITS} for n in range(49)
                ],
            }
        ),
        lambda: trigger({"type": "cron", "month": 2, "day": 30, "year": ",".join(["1970"] * 100)}),
    ],
)
def test_what_is_too_large_is_soon_refused(build, limit):
    def refused():
        with pytest.raises(ScheduleError):
            build()

    assert quick(refused, limit)


class Slow(tzinfo):
    """A zone that changes its offset, and knows for which years it was asked."""

    def __init__(self):
        self.asked = set()

    def utcoffset(self, when):
        self.asked.add(when.year)
        return timedelta(hours=1 + self.dst(when) // timedelta(hours=1))

    def dst(self, when):
        return timedelta(hours=int(4 <= when.month <= 9))


def test_a_zone_that_is_worked_out_in_python_is_not_read_for_centuries(limit):
    assert quick(
        lambda zone: cron("30 0 1 4 *", gap="skip").next_after(datetime(3, 1, 1, tzinfo=zone)), limit, Slow
    )


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
