"""When a cron expression fires, found by looking at every minute of a zone.

This is the policy of `beat.dst` said a second time, from its words alone; nothing of beat is imported. The oracle
steps along the UTC line and asks zoneinfo what the clock on the wall shows at each step. A reading that the clock
jumps over was *left out*; a reading that comes up at two steps was *shown twice*. The policy is then applied to
what was seen:

* an expression whose minute or hour field starts with ``*`` follows real time: gap ``skip``, fold ``both``;
* any other means once per date: gap ``after``, fold ``first``;
* gap ``after`` fires once at the first step after readings were left out of which one matches, ``skip`` does not;
* fold says which showings of a reading count.

What an expression means is written beside it in Python, over arrays of readings. A step is a minute, or the
largest part of one that the offsets of the window need: until 1972 Liberia was 44 minutes and 30 seconds behind.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR, DAY = 3600, 86_400
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - readings have no zone
ONE_SECOND = timedelta(seconds=1)
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1970, 2038))
PROBE = DAY // 2
MARGIN = 26 * HOUR  # no clock was ever moved by more than a day

Array = np.ndarray


class Change(NamedTuple):
    """An instant at which a zone changes its offset; all in seconds."""

    at: int
    before: int
    after: int

    @property
    def shift(self) -> int:
        return abs(self.after - self.before)


class Fields(NamedTuple):
    """Readings, as the fields of an expression see them. Sunday is weekday 0."""

    second: Array
    minute: Array
    hour: Array
    day: Array
    month: Array
    weekday: Array


class Place(NamedTuple):
    """The first, middle and last readings that a change leaves out or shows twice."""

    first: Fields
    middle: Fields
    beyond: Fields


class Window(NamedTuple):
    """What the wall shows at every step of a stretch of time."""

    start: int  # fires are compared from here
    end: int  # to before here; what is seen reaches further to both sides
    instants: Array
    showings: dict[str, Array]  # for each fold, whether this showing of the reading counts
    shown: Fields
    left_out: Fields
    released: Array  # for each reading left out, the first instant after it

    @property
    def minutes(self) -> int:
        return int(self.instants[-1] - self.instants[0]) // 60 + 1


def offset(zone: tzinfo, instant: int) -> int:
    return reading(zone, instant) - instant


def reading(zone: tzinfo, instant: int) -> int:
    """Return what the wall shows, as seconds since 1970-01-01T00:00 on it."""
    return (datetime.fromtimestamp(instant, zone).replace(tzinfo=None) - EPOCH) // ONE_SECOND


def changes(zone: tzinfo, start: int = FIRST, end: int = LAST) -> list[Change]:
    """Return the changes of offset, looked for twice a day and then to the second."""
    found = []
    before = offset(zone, start)
    for probe in range(start + PROBE, end + PROBE, PROBE):
        after = offset(zone, probe)
        if after != before:
            low, high = probe - PROBE, probe
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append(Change(high, before, after))
        before = after
    return found


def window(zone: tzinfo, start: int, end: int, *, step: int = 60, margin: int = MARGIN) -> Window:
    """Look at every step from `start` to `end`, and a margin to either side.

    The margin is what lets a reading be seen twice. It must be as wide as what the clock is moved by.
    """
    first, last = start - margin, end + margin
    nearby = changes(zone, first, last)
    step = gcd(step, offset(zone, first), *(part for change in nearby for part in change))
    instants = np.arange(first - first % step, last, step)
    readings = np.array([reading(zone, instant) for instant in instants.tolist()])
    jumps = np.flatnonzero(np.diff(readings) > step).tolist()
    gaps = [np.arange(readings[i] + step, readings[i + 1], step) for i in jumps]
    released = [np.full(len(gap), instants[i + 1]) for i, gap in zip(jumps, gaps, strict=True)]
    nothing = np.array([], dtype=np.int64)
    return Window(
        start,
        end,
        instants,
        showings(readings),
        fields(readings),
        fields(np.concatenate([nothing, *gaps])),
        np.concatenate([nothing, *released]),
    )


def showings(readings: Array) -> dict[str, Array]:
    """Return for each fold which steps count: the first, the last or all that show a reading."""
    count = len(readings)
    _, earliest, times = np.unique(readings, return_index=True, return_counts=True)
    assert times.max() <= 2
    _, latest = np.unique(readings[::-1], return_index=True)
    first, second = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    first[earliest] = True
    second[count - 1 - latest] = True
    return {"first": first, "second": second, "both": np.ones(count, dtype=bool)}


def fields(readings: Array) -> Fields:
    days = readings // DAY
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return Fields(
        readings % 60,
        readings // 60 % 60,
        readings // HOUR % 24,
        (dates - months).astype(int) + 1,
        months.astype(int) % 12 + 1,
        (days + 4) % 7,  # 1970-01-01 was a Thursday
    )


def place(change: Change) -> Place:
    low, high = (change.at + offset for offset in sorted((change.before, change.after)))
    return Place(*(fields(np.array(point)) for point in (low, (low + high) // 120 * 60, high)))


def policy(text: str, gap: str | None, fold: str | None) -> tuple[str, str]:
    """Return the gap and fold that hold for an expression of five fields, or of six with the second first."""
    minute, hour, *_ = text.split()[-5:]
    real_time = minute.startswith("*") or hour.startswith("*")
    return gap or ("skip" if real_time else "after"), fold or ("both" if real_time else "first")


class Seen(NamedTuple):
    """The steps of a window at which an expression matches."""

    window: Window
    matching: Array
    released: Array

    def fires(self, gap: str, fold: str, start: int | None = None, end: int | None = None) -> list[int]:
        """Return the instants at which the expression fires, by default in the whole window."""
        found = self.window.instants[self.matching & self.window.showings[fold]]
        if gap == "after":
            found = np.union1d(found, self.released)
        first = self.window.start if start is None else start
        last = self.window.end if end is None else end
        return found[(found >= first) & (found < last)].tolist()


def look(window: Window, matches: Callable[[Fields], Array]) -> Seen:
    """Return where `matches` holds."""
    waiting = matches(window.left_out)
    return Seen(window, matches(window.shown), np.unique(window.released[waiting]))


@cache
def _table(numbers: tuple[int, ...]) -> Array:
    table = np.zeros(64, dtype=bool)
    table[list(numbers)] = True
    return table


def among(array: Array, *numbers: int) -> Array:
    return _table(numbers)[array]


def at(t: Fields, hour: int, minute: int) -> Array:
    return (t.hour == hour) & (t.minute == minute)


SUN, MON, TUE, WED, THU, FRI, SAT = range(7)

# An expression, and what it means of a reading.
EXPRESSIONS: dict[str, Callable[[Fields], Array]] = {
    # minutes
    "* * * * *": lambda t: t.minute >= 0,
    "*/5 * * * *": lambda t: t.minute % 5 == 0,
    "*/7 * * * *": lambda t: t.minute % 7 == 0,
    "*/15 * * * *": lambda t: t.minute % 15 == 0,
    "*/40 * * * *": lambda t: among(t.minute, 0, 40),
    "1-59/2 * * * *": lambda t: t.minute % 2 == 1,
    "0,30 * * * *": lambda t: among(t.minute, 0, 30),
    "59 * * * *": lambda t: t.minute == 59,
    # hours
    "0 * * * *": lambda t: t.minute == 0,
    "0 */2 * * *": lambda t: (t.minute == 0) & (t.hour % 2 == 0),
    "15 1-23/2 * * *": lambda t: (t.minute == 15) & (t.hour % 2 == 1),
    "7,37 */5 * * *": lambda t: among(t.minute, 7, 37) & (t.hour % 5 == 0),
    "0 22-4/3 * * *": lambda t: (t.minute == 0) & among(t.hour, 22, 1, 4),
    "30 0-3 * * *": lambda t: (t.minute == 30) & (t.hour <= 3),
    "50 1,2,3,23 * * *": lambda t: (t.minute == 50) & among(t.hour, 1, 2, 3, 23),
    # minutes of some hours
    "* 2 * * *": lambda t: t.hour == 2,
    "*/10 0 * * *": lambda t: (t.minute % 10 == 0) & (t.hour == 0),
    "*/30 1 * * *": lambda t: (t.minute % 30 == 0) & (t.hour == 1),
    "0-59/20 2 * * *": lambda t: (t.minute % 20 == 0) & (t.hour == 2),
    "0,15,45 2,3 * * *": lambda t: among(t.minute, 0, 15, 45) & among(t.hour, 2, 3),
    # fixed times
    "0 0 * * *": lambda t: at(t, 0, 0),
    "30 1 * * *": lambda t: at(t, 1, 30),
    "0 2 * * *": lambda t: at(t, 2, 0),
    "30 2 * * *": lambda t: at(t, 2, 30),
    "0 3 * * *": lambda t: at(t, 3, 0),
    "30 23 * * *": lambda t: at(t, 23, 30),
    "59 23 * * *": lambda t: at(t, 23, 59),
    "0 12 * * *": lambda t: at(t, 12, 0),
    # days
    "0 2 */2 * *": lambda t: at(t, 2, 0) & (t.day % 2 == 1),
    "30 2 1-31/3 * *": lambda t: at(t, 2, 30) & (t.day % 3 == 1),
    "0 0 1 * *": lambda t: at(t, 0, 0) & (t.day == 1),
    "0 3 15,30 * *": lambda t: at(t, 3, 0) & among(t.day, 15, 30),
    "30 23 31 * *": lambda t: at(t, 23, 30) & (t.day == 31),
    # weeks
    "0 0 * * 0": lambda t: at(t, 0, 0) & (t.weekday == SUN),
    "15 2 * * 7": lambda t: at(t, 2, 15) & (t.weekday == SUN),
    "30 1 * * mon-fri": lambda t: at(t, 1, 30) & (t.weekday >= MON) & (t.weekday <= FRI),
    "0 3 * * SAT,Sun": lambda t: at(t, 3, 0) & among(t.weekday, SAT, SUN),
    "30 23 * * fri-mon": lambda t: at(t, 23, 30) & among(t.weekday, FRI, SAT, SUN, MON),
    "*/20 1-2 * * 6": lambda t: (t.minute % 20 == 0) & among(t.hour, 1, 2) & (t.weekday == SAT),
    # days or weeks, days and weeks
    "0 2 1 * 0": lambda t: at(t, 2, 0) & ((t.day == 1) | (t.weekday == SUN)),
    "30 2 8-14 * 7": lambda t: at(t, 2, 30) & (((t.day >= 8) & (t.day <= 14)) | (t.weekday == SUN)),
    "0 0 */2 * 1": lambda t: at(t, 0, 0) & (t.day % 2 == 1) & (t.weekday == MON),
    # months
    "0 0 1 */3 *": lambda t: at(t, 0, 0) & (t.day == 1) & (t.month % 3 == 1),
    "30 2 * 3,10 *": lambda t: at(t, 2, 30) & among(t.month, 3, 10),
    "0 0 1 1 *": lambda t: at(t, 0, 0) & (t.day == 1) & (t.month == 1),
    "*/30 * * apr-sep *": lambda t: (t.minute % 30 == 0) & (t.month >= 4) & (t.month <= 9),
    "0 3 * 11-2 *": lambda t: at(t, 3, 0) & among(t.month, 11, 12, 1, 2),
    # the leap day
    "0 0 29 2 *": lambda t: at(t, 0, 0) & (t.day == 29) & (t.month == 2),
    "30 2 29 feb *": lambda t: at(t, 2, 30) & (t.day == 29) & (t.month == 2),
    "*/15 * 29 2 *": lambda t: (t.minute % 15 == 0) & (t.day == 29) & (t.month == 2),
    "0 3 29 2 thu": lambda t: at(t, 3, 0) & (t.month == 2) & ((t.day == 29) | (t.weekday == THU)),
}

# The same, named by where a change is, so that each bites at each change.
PLACED: dict[str, Callable[[Fields, Place], Array]] = {
    "{0.first.minute} {0.first.hour} * * *": lambda t, p: at(t, p.first.hour, p.first.minute),
    "{0.middle.minute} {0.middle.hour} * * *": lambda t, p: at(t, p.middle.hour, p.middle.minute),
    "{0.beyond.minute} {0.beyond.hour} * * *": lambda t, p: at(t, p.beyond.hour, p.beyond.minute),
    "*/10 {0.first.hour} * * *": lambda t, p: (t.minute % 10 == 0) & (t.hour == p.first.hour),
    "0,20,40 {0.first.hour},{0.beyond.hour} {0.first.day} * *": lambda t, p: (
        among(t.minute, 0, 20, 40)
        & ((t.hour == p.first.hour) | (t.hour == p.beyond.hour))
        & (t.day == p.first.day)
    ),
    "5,25,45 {0.middle.hour} * * {0.middle.weekday}": lambda t, p: (
        among(t.minute, 5, 25, 45) & (t.hour == p.middle.hour) & (t.weekday == p.middle.weekday)
    ),
    "{0.middle.minute} {0.middle.hour} {0.middle.day} {0.middle.month} *": lambda t, p: (
        at(t, p.middle.hour, p.middle.minute) & (t.day == p.middle.day) & (t.month == p.middle.month)
    ),
    "59 {0.first.hour} * {0.first.month} {0.first.weekday}": lambda t, p: (
        at(t, p.first.hour, 59) & (t.month == p.first.month) & (t.weekday == p.first.weekday)
    ),
    "30 * {0.beyond.day} * *": lambda t, p: (t.minute == 30) & (t.day == p.beyond.day),
    "0 0 {0.beyond.day} {0.beyond.month} *": lambda t, p: (
        at(t, 0, 0) & (t.day == p.beyond.day) & (t.month == p.beyond.month)
    ),
}


# With seconds: the first of six fields.
OF_SECONDS: dict[str, Callable[[Fields, Place], Array]] = {
    "0 30 2 * * *": lambda t, _: at(t, 2, 30) & (t.second == 0),
    "15,45 30 2 * * *": lambda t, _: at(t, 2, 30) & among(t.second, 15, 45),
    "* 59 1 * * *": lambda t, _: at(t, 1, 59) & (t.second >= 0),
    "30 */30 * * * *": lambda t, _: (t.minute % 30 == 0) & (t.second == 30),
    "*/20 59 * * * *": lambda t, _: (t.minute == 59) & (t.second % 20 == 0),
    "*/30 0 */3 * * *": lambda t, _: (t.minute == 0) & (t.hour % 3 == 0) & (t.second % 30 == 0),
    "0,59 {0.first.minute} {0.first.hour} * * *": lambda t, p: (
        at(t, p.first.hour, p.first.minute) & among(t.second, 0, 59)
    ),
    "10-50/20 {0.middle.minute} {0.middle.hour} * * *": lambda t, p: (
        at(t, p.middle.hour, p.middle.minute) & among(t.second, 10, 30, 50)
    ),
    "59 * {0.middle.hour} {0.middle.day} * *": lambda t, p: (
        (t.second == 59) & (t.hour == p.middle.hour) & (t.day == p.middle.day)
    ),
}


def expressions(change: Change | None) -> dict[str, Callable[[Fields], Array]]:
    """Return the expressions of five fields to look for around a change, or in a stretch without one."""
    found = EXPRESSIONS if change is None else EXPRESSIONS | _placed(PLACED, change)
    return {text: _at_second_0(matches) for text, matches in found.items()}


def expressions_of_seconds(change: Change) -> dict[str, Callable[[Fields], Array]]:
    """Return the expressions of six fields to look for around a change."""
    return _placed(OF_SECONDS, change)


def _placed(
    table: dict[str, Callable[[Fields, Place], Array]], change: Change
) -> dict[str, Callable[[Fields], Array]]:
    here = place(change)
    return {text.format(here): _at_place(matches, here) for text, matches in table.items()}


def _at_place(matches: Callable[[Fields, Place], Array], here: Place) -> Callable[[Fields], Array]:
    return lambda t: matches(t, here)


def _at_second_0(matches: Callable[[Fields], Array]) -> Callable[[Fields], Array]:
    return lambda t: matches(t) & (t.second == 0)
