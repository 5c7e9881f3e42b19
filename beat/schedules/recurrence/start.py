"""A recurrence rule and its start, put together: which days, which units of them, and which offsets in a unit.

What the BY parts do not say is taken from the start, as in RFC 5545: the time of day; the weekday of a weekly rule,
the day of a monthly one, the date of a yearly one.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import isleap
from itertools import product
from typing import TYPE_CHECKING, Final

from beat.dst import DAY
from beat.schedules.recurrence.days import (
    HALF_WEEK,
    MONTH_STARTS,
    At,
    DayParts,
    Masks,
    Without,
    YearDays,
    start_of,
    year_at,
)
from beat.schedules.recurrence.parts import DAILY, HOURLY, MINUTELY, MONTHLY, WEEKLY, YEARLY, Rule
from beat.schedules.recurrence.phase import EveryDays, EveryMonths, EveryYears, Ring, Units
from beat.schedules.recurrence.walk import Nothing, Picked, Readings, Steps, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Period = Callable[[int], tuple[int, int]]

PER_DAY: Final = (1, 1, 1, 1, 24, 1_440, 86_400)
PERIODS_AROUND: Final = (400, 4_800, 20_871)  # years, months, weeks in 400 years


def readings_of(rule: Rule, start: int, without: tuple[At, ...] = ()) -> Readings:
    """Return the readings of a rule that starts at the reading `start`, regardless of COUNT and UNTIL.

    The days of `without` are left out.
    """
    size = DAY // PER_DAY[rule.freq]
    offsets = _offsets(rule, start)
    if rule.by_set_pos and rule.freq >= DAILY:
        offsets = _positions(offsets, rule.by_set_pos)
    if not offsets:
        return Nothing()
    if rule.freq >= DAILY and unrestricted(rule) and not without:
        return Steps(size, rule.interval, start, offsets)
    sets = _day_sets(rule, start)
    if rule.by_set_pos and rule.freq < DAILY:
        return _picked(rule, At(*sets), offsets)
    units = _units(rule, start)
    if not units.on_all_days():
        numbers = units.numbers()
        if not numbers:
            return Nothing()
        sets.append(Ring(units.round, numbers))
    return Walk(At(*sets, *map(Without, without)), units, offsets)


def covered_days(by: Rule, rule: Rule, start: int) -> At | None:
    """Return the days of the rule `by` if on each it has all the readings that `rule` can have on a day."""
    mine, its = _in_each_day(rule, start), _in_each_day(by, start)
    if by.times is not None or by.until is not None or mine is None or its is None or not mine <= its:
        return None
    return At(*_day_sets(by, start))


def _in_each_day(rule: Rule, start: int) -> set[int] | None:
    """The seconds of each matching day at which a rule fires; None if days differ."""
    units = _units(rule, start)
    if units.round > 1 or (rule.by_set_pos and rule.freq < DAILY):
        return None
    offsets = _offsets(rule, start)
    if rule.by_set_pos:
        offsets = _positions(offsets, rule.by_set_pos)
    size = DAY // units.per_day
    return {unit * size + offset for unit in units.each_day() for offset in offsets}


def _day_sets(rule: Rule, start: int) -> list[Masks]:
    days, phase = YearDays(day_parts(rule, start)), _phase(rule, start // DAY)
    return [days] if phase is None else [phase, days]


def _units(rule: Rule, start: int) -> Units:
    per_day = PER_DAY[rule.freq]
    interval, first = (rule.interval, start * per_day // DAY) if rule.sub_daily else (1, 0)
    return Units(per_day, allowed_units(rule), interval, first)


def _picked(rule: Rule, days: At, offsets: tuple[int, ...]) -> Readings:
    if rule.names_days:
        most = (366, 31, len(rule.by_day) or 7)[rule.freq]
    else:
        most = len(rule.by_month) or 1 if rule.freq == YEARLY else 1
    if min(map(abs, rule.by_set_pos)) > most * len(offsets):
        return Nothing()
    around = PERIODS_AROUND[WEEKLY if rule.by_easter else rule.freq]
    return Picked(days, offsets, rule.by_set_pos, _PERIODS[rule.freq](rule.wkst), around)


def unrestricted(rule: Rule) -> bool:
    """Return whether a rule of days or less fires in all units of all days that its interval meets."""
    return not (rule.names_days or rule.by_month) and len(allowed_units(rule)) == PER_DAY[rule.freq]


def allowed_units(rule: Rule) -> Sequence[int]:
    """Return the units of the day that the BY parts allow, at the rule's frequency."""
    parts = (rule.by_hour, rule.by_minute, rule.by_second)[: max(rule.freq - DAILY, 0)]
    if not any(parts):
        return range(PER_DAY[rule.freq])
    units = [0]
    for numbers, size in zip(parts, (24, 60, 60), strict=False):
        units = [unit * size + number for unit in units for number in numbers or range(size)]
    return units


def day_parts(rule: Rule, start: int | None = None) -> DayParts:
    """Return what says which dates match; where no part does, the date of `start` stands in."""
    months, month_days, weekdays = rule.by_month, rule.by_month_day, rule.by_day
    if start is not None and not rule.names_days and rule.freq < DAILY:
        day = start // DAY
        month, month_day = _month_and_day(day)
        if rule.freq == WEEKLY:
            weekdays = ((0, (day + HALF_WEEK) % 7),)
        else:
            month_days = (month_day,)
        if rule.freq == YEARLY:
            months = months or (month,)
    in_month = rule.freq == MONTHLY or bool(rule.freq == YEARLY and rule.by_month)
    return DayParts(
        months,
        month_days,
        rule.by_year_day,
        rule.by_easter,
        rule.by_week_no,
        weekdays,
        in_month,
        rule.wkst,
    )


def _phase(rule: Rule, day: int) -> Masks | None:
    if rule.interval == 1 or rule.sub_daily:
        return None
    if rule.freq == YEARLY:
        return EveryYears(rule.interval, year_at(day))
    if rule.freq == MONTHLY:
        return EveryMonths(rule.interval, year_at(day) * 12 + _month_and_day(day)[0] - 1)
    if rule.freq == WEEKLY:
        return EveryDays(rule.interval * 7, _week(rule.wkst)(day)[0], 7)
    return EveryDays(rule.interval, day)


def _offsets(rule: Rule, start: int) -> tuple[int, ...]:
    """Return the seconds within a unit: of the day, the hour, the minute."""
    second = start % DAY
    hours = (rule.by_hour or (second // 3600,)) if rule.freq < HOURLY else (0,)
    minutes = (rule.by_minute or (second // 60 % 60,)) if rule.freq < MINUTELY else (0,)
    seconds = (rule.by_second or (second % 60,)) if rule.freq <= MINUTELY else (0,)
    return tuple([h * 3600 + m * 60 + s for h, m, s in product(hours, minutes, seconds)])


def _positions(offsets: tuple[int, ...], positions: tuple[int, ...]) -> tuple[int, ...]:
    places = {position - 1 if position > 0 else len(offsets) + position for position in positions}
    return tuple(offsets[place] for place in sorted(places) if 0 <= place < len(offsets))


def _month_and_day(day: int) -> tuple[int, int]:
    year = year_at(day)
    starts, place = MONTH_STARTS[isleap(year)], day - start_of(year)
    month = bisect_right(starts, place)
    return month, place - starts[month - 1] + 1


def _year(wkst: int) -> Callable[[int], tuple[int, int]]:
    del wkst

    def period(day: int) -> tuple[int, int]:
        year = year_at(day)
        return start_of(year), start_of(year + 1)

    return period


def _month(wkst: int) -> Callable[[int], tuple[int, int]]:
    del wkst

    def period(day: int) -> tuple[int, int]:
        year = year_at(day)
        first, starts = start_of(year), MONTH_STARTS[isleap(year)]
        month = bisect_right(starts, day - first)
        return first + starts[month - 1], first + starts[month]

    return period


def _week(wkst: int) -> Callable[[int], tuple[int, int]]:
    def period(day: int) -> tuple[int, int]:
        start = day - (day + HALF_WEEK - wkst) % 7
        return start, start + 7

    return period


_PERIODS: Final = (_year, _month, _week)
