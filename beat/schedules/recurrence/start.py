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
    INTERVALS_AHEAD,
    LAST_DAY,
    MONTH_STARTS,
    MOST_DAYS,
    At,
    DayParts,
    Phase,
    YearDays,
    start_of,
    week_start,
    year_at,
)
from beat.schedules.recurrence.parts import DAILY, HOURLY, MINUTELY, MONTHLY, WEEKLY, YEARLY, Rule
from beat.schedules.recurrence.phase import EveryDays, EveryMonths, EveryYears, Ring, Units, days_around
from beat.schedules.recurrence.picks import Picked, day_places
from beat.schedules.recurrence.walk import Nothing, Readings, Steps, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Period = Callable[[int], tuple[int, int]]

PER_DAY: Final = (1, 1, 1, 1, 24, 1_440, 86_400)
MOST_UNIT_DAYS: Final = (MOST_DAYS, 31, 7, 1, 1, 1, 1)


def readings_of(rule: Rule, start: int) -> Readings:
    """Return the readings of a rule that starts at the reading `start`, regardless of COUNT and UNTIL."""
    size = DAY // PER_DAY[rule.freq]
    offsets = offsets_of(rule, start)
    if not offsets:
        return Nothing()
    if rule.freq >= DAILY and unrestricted(rule):
        return Steps(size, rule.interval, start, offsets)
    if rule.by_set_pos and rule.freq < DAILY:
        return _picked(rule, days_of(rule, start), offsets)
    units = _units(rule, start)
    if units.on_all_days():
        return Walk(days_of(rule, start), units, offsets)
    if not units.numbers:
        return Nothing()
    days, ring = YearDays(_day_parts(rule, start)), Ring(units.round, units.numbers)
    return Walk(At(days, phase=ring, ahead=_ahead(rule)), units, offsets)


def days_of(rule: Rule, start: int, until: int = LAST_DAY) -> At:
    """Return the days of a rule up to the day `until`, whatever a short INTERVAL below a day leaves of them."""
    days, phase = YearDays(_day_parts(rule, start)), _phase(rule, start)
    return At(days, phase=phase, ahead=_ahead(rule), until=until)


def _ahead(rule: Rule) -> int:
    """Return how many days ahead a rule is looked for."""
    interval = rule.interval // PER_DAY[rule.freq] * MOST_UNIT_DAYS[rule.freq]
    return INTERVALS_AHEAD * max(MOST_DAYS, interval)


def meets(rule: Rule, start: int) -> bool:
    """Return whether the INTERVAL of a rule ever meets one of its times; of seconds that is not known at once."""
    return rule.freq not in (HOURLY, MINUTELY) or bool(_units(rule, start).numbers)


def _units(rule: Rule, start: int) -> Units:
    """Return the units of the day, at the rule's frequency, in which it fires."""
    per_day = PER_DAY[rule.freq]
    interval, first = (rule.interval, start * per_day // DAY) if rule.sub_daily else (1, 0)
    return Units(per_day, allowed_units(rule), interval, first)


def _picked(rule: Rule, days: At, offsets: tuple[int, ...]) -> Readings:
    places = day_places(rule.by_set_pos, len(offsets), most_days(rule))
    return Picked(days, offsets, rule, places, _period(rule)) if places else Nothing()


def most_days(rule: Rule) -> int:
    """Return a number of days that no year, month or week of a rule exceeds."""
    if not rule.names_days:
        return len(rule.by_month) or 1 if rule.freq == YEARLY else 1
    yearly = rule.freq == YEARLY
    numbers = (
        (rule.by_month_day, (len(rule.by_month) or 12) if yearly else 1),
        (rule.by_year_day, 1),
        (rule.by_easter, 2 if yearly else 1),  # a year may have such days of two Easters
    )
    most = (366, 31, len(rule.by_day) or 7)[rule.freq]
    return min([most, *(len(given) * times for given, times in numbers if given)])


def unrestricted(rule: Rule) -> bool:
    """Return whether a rule of days or less fires in all units of all days that its interval meets."""
    per_day = PER_DAY[rule.freq]
    return not (rule.names_days or rule.by_month) and allowed_units(rule) == (1 << per_day) - 1


def allowed_units(rule: Rule) -> int:
    """Return the units of the day that the BY parts allow, at the rule's frequency, as bits."""
    return time_bits((rule.by_hour, rule.by_minute, rule.by_second)[: max(rule.freq - DAILY, 0)])


def time_bits(parts: Sequence[Sequence[int]]) -> int:
    """Return what hours, minutes and seconds name together, as bits: of a day, each unit of the last one given.

    An empty part is all of its numbers.
    """
    found, width = 1, 1
    for numbers, size in reversed(tuple(zip(parts, (24, 60, 60), strict=False))):
        found = sum(found << number * width for number in numbers or range(size))
        width *= size
    return found


def _day_parts(rule: Rule, start: int) -> DayParts:
    """Return what says which dates match; where no part does, the date of `start` stands in."""
    months, month_days, weekdays = rule.by_month, rule.by_month_day, rule.by_day
    if not rule.names_days and rule.freq < DAILY:
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


def _phase(rule: Rule, start: int) -> Phase | None:
    day = start // DAY
    if rule.interval == 1 or (rule.sub_daily and days_around(PER_DAY[rule.freq], rule.interval) <= MOST_DAYS):
        return None
    if rule.sub_daily:
        units = _units(rule, start)
        return None if units.on_all_days() or not units.numbers else Ring(units.round, units.numbers)
    if rule.freq == YEARLY:
        return EveryYears(rule.interval, year_at(day))
    if rule.freq == MONTHLY:
        return EveryMonths(rule.interval, year_at(day) * 12 + _month_and_day(day)[0] - 1)
    if rule.freq == WEEKLY:
        return EveryDays(rule.interval * 7, week_start(day, rule.wkst), 7)
    return EveryDays(rule.interval, day)


def offsets_of(rule: Rule, start: int) -> tuple[int, ...]:
    """Return the seconds within a unit (of the day, the hour, the minute) that BYSETPOS leaves."""
    second = start % DAY
    hours = (rule.by_hour or (second // 3600,)) if rule.freq < HOURLY else (0,)
    minutes = (rule.by_minute or (second // 60 % 60,)) if rule.freq < MINUTELY else (0,)
    seconds = (rule.by_second or (second % 60,)) if rule.freq <= MINUTELY else (0,)
    offsets = tuple([h * 3600 + m * 60 + s for h, m, s in product(hours, minutes, seconds)])
    if not rule.by_set_pos or rule.freq < DAILY:
        return offsets
    places = {position - 1 if position > 0 else len(offsets) + position for position in rule.by_set_pos}
    return tuple(offsets[place] for place in sorted(places) if 0 <= place < len(offsets))


def _month_and_day(day: int) -> tuple[int, int]:
    year = year_at(day)
    starts, place = MONTH_STARTS[isleap(year)], day - start_of(year)
    month = bisect_right(starts, place)
    return month, place - starts[month - 1] + 1


def _period(rule: Rule) -> Period:
    """Return the function that gives the year, month or week of a day: where it begins, and where the next does."""

    def year(day: int) -> tuple[int, int]:
        number = year_at(day)
        return start_of(number), start_of(number + 1)

    def month(day: int) -> tuple[int, int]:
        number = year_at(day)
        first, starts = start_of(number), MONTH_STARTS[isleap(number)]
        within = bisect_right(starts, day - first)
        return first + starts[within - 1], first + starts[within]

    def week(day: int) -> tuple[int, int]:
        start = week_start(day, rule.wkst)
        return start, start + 7

    return (year, month, week)[rule.freq]
