"""The fires of `cron` in every zone, compared with what `dst_oracle` sees.

A *group* is the zones whose offsets are the same from 1970 to 2037, most of them links to one another: the oracle
looks at a group once, the evaluator is asked for each of its names. A *case* is one zone, one expression, one
policy and one stretch of time; its fires are asked for along both ways into the evaluator (datetimes and integers)
and from a few random instants inside the stretch, told in the zone, in UTC and in either pass of a reading.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from dst_oracle import (
    DAY,
    EPOCH,
    FIRST,
    HOUR,
    LAST,
    Array,
    Change,
    Fields,
    Seen,
    Window,
    changes,
    expressions,
    expressions_of_seconds,
    look,
    policy,
    window,
)

from beat.schedules import Schedule, cron

SECOND = 1_000_000
HALF_WIDTH = 36 * HOUR
MANY_FIRES = 100
BY_THE_SECOND = 8
SHOWN_MISMATCHES = 5

Policy = tuple[str | None, str | None]
DEFAULT: Policy = (None, None)
OTHERS: list[Policy] = [(gap, fold) for gap in ("after", "skip") for fold in ("first", "second", "both")]
LEAP_DAYS = [
    int(datetime(year, 2, 29, 12, tzinfo=UTC).timestamp()) for year in range(1970, 2038) if year % 4 == 0
]

Build = Callable[..., Schedule]


class Group(NamedTuple):
    names: tuple[str, ...]
    changes: tuple[Change, ...]


class Stretch(NamedTuple):
    """What is looked at: a change and its surroundings, or a time for its dates."""

    middle: int
    change: Change | None
    seen: Window
    texts: dict[str, Callable[[Fields], Array]]  # what is looked for
    many: int = MANY_FIRES  # an expression of more fires than this is looked at in the middle only

    def __str__(self) -> str:
        shown = datetime.fromtimestamp(self.middle, UTC).isoformat()
        if self.change is None:
            return shown
        return f"{shown}, where {self.change.before} s becomes {self.change.after} s"


class Case(NamedTuple):
    zone: str
    stretch: Stretch
    text: str
    gap: str | None
    fold: str | None
    start: int
    end: int
    expected: list[int]


class Result(NamedTuple):
    totals: Counter[str]
    mismatches: list[str]


def groups(names: Iterable[str] | None = None) -> list[Group]:
    """Return the zones by what their clocks did, those with the most to look at first."""
    alike: dict[tuple[object, ...], list[str]] = {}
    for name in sorted(available_timezones() if names is None else names):
        zone = ZoneInfo(name)
        found = changes(zone, FIRST - 4 * DAY, LAST + 4 * DAY)
        opening = datetime.fromtimestamp(FIRST, zone).utcoffset()
        alike.setdefault((opening, *found), []).append(name)
    found = [
        Group(tuple(same), tuple(change for change in key[1:] if FIRST <= change.at < LAST))
        for key, same in alike.items()
    ]
    return sorted(found, key=lambda group: -len(group.changes) * len(group.names))


def around(group: Group, change: Change) -> Stretch:
    """The days before and after a change, minute by minute."""
    zone = ZoneInfo(group.names[0])
    seen = window(zone, change.at - HALF_WIDTH, change.at + HALF_WIDTH)
    return Stretch(change.at, change, seen, expressions(change))


def close_to(group: Group, change: Change) -> Stretch:
    """The hours before and after a change, second by second."""
    zone, half = ZoneInfo(group.names[0]), HOUR + change.shift
    seen = window(zone, change.at - half, change.at + half, step=1, margin=change.shift)
    return Stretch(change.at, change, seen, expressions_of_seconds(change))


def leap_day(group: Group, noon: int) -> Stretch:
    seen = window(ZoneInfo(group.names[0]), noon - HALF_WIDTH, noon + HALF_WIDTH)
    return Stretch(noon, None, seen, expressions(None))


def year(group: Group, number: int, rng: Random) -> Stretch:
    start, end = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (number, number + 1))
    seen = window(ZoneInfo(group.names[0]), start, end)
    return Stretch(rng.randrange(start, end), None, seen, expressions(None), many=2000)


def check(
    stretch: Stretch,
    policies: dict[str, list[Policy]],
    rng: Random,
    build: Build = cron,
    without: Container[str] = (),
) -> Result:
    """Compare every expression in a stretch, for the zones and policies given."""
    result = Result(Counter(minutes=stretch.seen.minutes), [])
    for text, matches in stretch.texts.items():
        if text in without:
            continue
        seen = look(stretch.seen, matches)
        for zone, rules in policies.items():
            for gap, fold in rules:
                case = _case(zone, stretch, text, (gap, fold), seen)
                wrong = list(_mismatches(case, build(text, tz=zone, gap=gap, fold=fold), rng))
                result.totals.update(cases=1, fires=len(case.expected), mismatches=len(wrong))
                result.mismatches.extend(wrong[: SHOWN_MISMATCHES - len(result.mismatches)])
    return result


def check_group(group: Group, seed: str) -> Result:
    """Compare everything in a group of zones: all changes, a few of them by the second, all leap days and a year.

    The first name is asked with all policies, the others with the default and one more.
    """
    rng = Random(f"{seed}:{group.names[0]}")
    result = Result(Counter(groups=1, zones=len(group.names), changes=len(group.changes)), [])
    first, *links = group.names
    default = {name: [DEFAULT] for name in group.names}
    for change in group.changes:
        policies = {first: [DEFAULT, *OTHERS]} | {name: [DEFAULT, rng.choice(OTHERS)] for name in links}
        add(result, check(around(group, change), policies, rng))
    for change in rng.sample(group.changes, min(BY_THE_SECOND, len(group.changes))):
        policies = {name: [DEFAULT, rng.choice(OTHERS)] for name in group.names}
        add(result, check(close_to(group, change), policies, rng))
    for noon in LEAP_DAYS:
        add(result, check(leap_day(group, noon), default, rng))
    add(result, check(year(group, rng.randrange(1970, 2038), rng), default, rng))
    return result


def add(result: Result, more: Result) -> None:
    result.totals.update(more.totals)
    result.mismatches.extend(more.mismatches[: SHOWN_MISMATCHES - len(result.mismatches)])


def _case(zone: str, stretch: Stretch, text: str, given: Policy, seen: Seen) -> Case:
    start, end = stretch.seen.start, stretch.seen.end
    rule = policy(text, *given)
    expected = seen.fires(*rule)
    if len(expected) > stretch.many:
        near = HOUR + (stretch.change.shift if stretch.change else 0)
        start, end = stretch.middle - near, stretch.middle + near
        expected = seen.fires(*rule, start, end)
    return Case(zone, stretch, text, *given, start, end, expected)


def _mismatches(case: Case, schedule: Schedule, rng: Random) -> Iterator[str]:
    zone = ZoneInfo(case.zone)
    for way, found in (
        ("next_after", _walk_datetimes(schedule, zone, case)),
        ("next_micros", _walk_micros(schedule, zone, case)),
    ):
        if found != case.expected:
            yield _report(case, way, found)
    for start in _starts(case, zone, rng):
        us = _micros(start)
        place = bisect_right(case.expected, us // SECOND)
        expected = case.expected[place] if place < len(case.expected) else None
        fire = schedule.next_after(start)
        found = None if fire is None else _micros(fire)
        right = (
            (found is None or found >= case.end * SECOND) if expected is None else found == expected * SECOND
        )
        if not right:
            yield _report(
                case._replace(expected=case.expected[place : place + 1]),
                f"next_after({start.isoformat()}, fold={start.fold})",
                [] if found is None else [found // SECOND],
            )


def _walk_datetimes(schedule: Schedule, zone: ZoneInfo, case: Case) -> list[int]:
    found: list[int] = []
    fire = schedule.next_after(datetime.fromtimestamp(case.start - 1, zone))
    while fire is not None and len(found) <= len(case.expected):
        instant = _micros(fire)
        if instant >= case.end * SECOND:
            break
        found.append(instant // SECOND)
        fire = schedule.next_after(fire)
    return found


def _walk_micros(schedule: Schedule, zone: ZoneInfo, case: Case) -> list[int]:
    found: list[int] = []
    end = case.end * SECOND
    us = schedule.next_micros(case.start * SECOND - 1, zone)
    while us is not None and us < end and len(found) <= len(case.expected):
        found.append(us // SECOND)
        us = schedule.next_micros(us, zone)
    return found


def _starts(case: Case, zone: ZoneInfo, rng: Random) -> Iterator[datetime]:
    """Random instants of a stretch, told in the zone, in UTC, and as readings of either pass."""
    at = datetime.fromtimestamp(rng.randrange(case.start, case.end), UTC)
    at += timedelta(microseconds=rng.choice((0, 1, rng.randrange(SECOND))))
    yield at
    yield at.astimezone(zone)
    change = case.stretch.change
    if change is not None:
        low, high = sorted((change.before, change.after))
        reading = EPOCH + timedelta(seconds=rng.randrange(change.at + low, change.at + high))
        yield reading.replace(tzinfo=zone, fold=0)
        yield reading.replace(tzinfo=zone, fold=1)


_UTC_EPOCH = EPOCH.replace(tzinfo=UTC)
_ONE = timedelta(microseconds=1)


def _micros(t: datetime) -> int:
    return (t - _UTC_EPOCH) // _ONE


def _report(case: Case, way: str, found: list[int]) -> str:
    both = zip(case.expected, found, strict=False)
    alike = next((i for i, (a, b) in enumerate(both) if a != b), min(len(case.expected), len(found)))
    zone = ZoneInfo(case.zone)

    def told(instants: list[int]) -> str:
        near = instants[max(alike - 1, 0) : alike + 3]
        return (
            ", ".join(datetime.fromtimestamp(instant, zone).isoformat(" ") for instant in near) or "nothing"
        )

    return (
        f"{case.zone} around {case.stretch}, {case.text!r}, gap={case.gap} fold={case.fold}, {way}:\n"
        f"    expected {told(case.expected)}\n"
        f"    found    {told(found)}"
    )
