"""The DST policy against an oracle that looks at every minute of a clock on the wall.

The oracle knows nothing of segments or offsets: it walks UTC minute by minute, reads the wall from zoneinfo,
and applies the policy's definition to what was shown, shown twice or left out.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from beat.schedules import crontab

MINUTE = timedelta(minutes=1)
HALF = 2160  # minutes looked at to either side of a change

# Dates (UTC) around which a zone changes its offset.
CHANGES = [
    ("America/New_York", (2025, 3, 9)),
    ("America/New_York", (2025, 11, 2)),
    ("Europe/Berlin", (2025, 3, 30)),
    ("Europe/Berlin", (2025, 10, 26)),
    ("Australia/Lord_Howe", (2025, 4, 5)),
    ("Australia/Lord_Howe", (2025, 10, 4)),
    ("America/Santiago", (2025, 4, 6)),
    ("America/Santiago", (2025, 9, 7)),
    ("Pacific/Chatham", (2025, 4, 5)),
    ("Pacific/Chatham", (2025, 9, 27)),
    ("Antarctica/Troll", (2025, 3, 30)),
    ("Antarctica/Troll", (2025, 10, 26)),
    ("Africa/Casablanca", (2025, 2, 23)),
    ("Africa/Casablanca", (2025, 4, 6)),
    ("Asia/Kathmandu", (1985, 12, 31)),  # +05:30 became +05:45
    ("Pacific/Apia", (2011, 12, 30)),  # a date left out
    ("Pacific/Kwajalein", (1969, 9, 30)),  # 23 hours shown twice
    ("America/Recife", (2000, 10, 8)),  # summer time for one week
    ("America/Recife", (2000, 10, 15)),
]

# An expression, and what it means of a reading, said again in Python.
EXPRESSIONS = {
    "* * * * *": lambda t: t.second == 0,
    "*/15 * * * *": lambda t: t.minute % 15 == 0,
    "0 * * * *": lambda t: t.minute == 0,
    "7,37 */2 * * *": lambda t: t.minute in (7, 37) and t.hour % 2 == 0,
    "*/30 1 * * *": lambda t: t.minute % 30 == 0 and t.hour == 1,
    "*/20 2 * * *": lambda t: t.minute % 20 == 0 and t.hour == 2,
    "0 0 * * *": lambda t: t.minute == 0 and t.hour == 0,
    "30 2 * * *": lambda t: t.minute == 30 and t.hour == 2,
    "0,15,45 2 * * *": lambda t: t.minute in (0, 15, 45) and t.hour == 2,
    "30 1-3 * * *": lambda t: t.minute == 30 and 1 <= t.hour <= 3,
    "59 23 * * *": lambda t: t.minute == 59 and t.hour == 23,
    "50 1,2,3,23 * * *": lambda t: t.minute == 50 and t.hour in (1, 2, 3, 23),
    "15 2 * * 0": lambda t: t.minute == 15 and t.hour == 2 and t.isoweekday() == 7,
    "0 3 30 * *": lambda t: t.minute == 0 and t.hour == 3 and t.day == 30,
    "0 22-4/3 * * fri-mon": lambda t: (
        t.minute == 0 and t.hour in (22, 1, 4) and t.isoweekday() in (5, 6, 7, 1)
    ),
}
POLICIES = [(None, None), ("after", "both"), ("skip", "first"), ("after", "second"), ("skip", "second")]


class Shown(NamedTuple):
    instant: datetime
    reading: datetime  # naive
    passes: frozenset[str]  # the policies that take this showing of the reading
    left_out: tuple[datetime, ...]  # readings that the clock jumped over just before


def window(date):
    change = datetime(*date, 12, tzinfo=UTC)
    return change - HALF * MINUTE, change + HALF * MINUTE


@cache
def minutes(zone, date):
    start, _ = window(date)
    before, found = start.astimezone(ZoneInfo(zone)), []
    for i in range(2 * HALF):
        wall = (start + i * MINUTE).astimezone(ZoneInfo(zone))
        twice = wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
        one = "second" if wall.fold else "first"
        reading = wall.replace(tzinfo=None, fold=0)
        jumped = (reading - before.replace(tzinfo=None)) // MINUTE
        left_out = tuple(reading - k * MINUTE for k in range(1, jumped))
        passes = frozenset({"both", one} if twice else {"both", "first", "second"})
        found.append(Shown(start + i * MINUTE, reading, passes, left_out))
        before = wall
    return found


def expected(shown, due, gap, fold):
    for minute in shown:
        waiting = gap == "after" and not due.isdisjoint(minute.left_out)
        if waiting or (fold in minute.passes and minute.reading in due):
            yield minute.instant


def readings_due(shown, matches):
    return {reading for minute in shown for reading in (minute.reading, *minute.left_out) if matches(reading)}


@pytest.mark.parametrize(("zone", "date"), CHANGES)
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_fires_are_those_of_a_walk_over_every_minute(zone, date, text):
    minute, hour, *_ = text.split()
    wild = minute.startswith("*") or hour.startswith("*")
    shown, (start, end) = minutes(zone, date), window(date)
    due = readings_due(shown, EXPRESSIONS[text])
    for gap, fold in POLICIES:
        schedule = crontab.from_string(text).bind(
            tz=ZoneInfo(zone), anchor=start, name="any", gap=gap, fold=fold
        )
        rule = (gap or ("skip" if wild else "after"), fold or ("both" if wild else "first"))
        found = [fire.astimezone(UTC) for fire in schedule.fires(start, end)]
        assert found == list(expected(shown, due, *rule)), (gap, fold)


def test_the_changes_are_inside_their_windows():
    for zone, date in CHANGES:
        offsets = {edge.astimezone(ZoneInfo(zone)).utcoffset() for edge in window(date)}
        assert len(offsets) == 2, zone
