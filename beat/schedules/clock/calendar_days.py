"""The dates that match a cron expression, found without trying each.

A year looks like one of fourteen: it is leap or not, and begins on one of seven weekdays. For each of the
fourteen the matching days are worked out once, as the bits of one integer, whose lowest bit from a day on is the
next match. Where a year has none left, the first match of the years after it is kept beside the bits, so that
29 February is found in one step. Days are numbered as `date.toordinal` does: 1 is 0001-01-01.
"""

from __future__ import annotations

from calendar import isleap
from datetime import MAXYEAR, MINYEAR, date
from functools import lru_cache
from typing import Final, NamedTuple

from beat.schedules.clock.bits import bits

LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ALL_MONTHS: Final = 0b1_1111_1111_1110
ALL_MONTH_DAYS: Final = (1 << 32) - 2
ALL_WEEKDAYS: Final = 0b111_1111
FIVE_WEEKS: Final = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2099


class MonthDays(NamedTuple):
    """Days of a month, as bits."""

    numbers: int = 0  # bit d: day d
    from_last: int = 0  # bit k: the day k days before the last
    workdays: int = (
        0  # bit d: the Monday to Friday nearest to day d in the same month; bit 0: to the last day
    )


class WeekDays(NamedTuple):
    """Days of a week, 0 is Sunday, as bits."""

    every: int = 0  # bit w: each weekday w
    nth: int = 0  # bit 7 * (n - 1) + w: the n-th weekday w of the month
    last: int = 0  # bit w: the last weekday w of the month


class DateRule(NamedTuple):
    """Which dates match. With `either` one of the two sorts of day is enough, else both must match."""

    months: int = ALL_MONTHS
    month_days: MonthDays = MonthDays(ALL_MONTH_DAYS)
    week_days: WeekDays = WeekDays(ALL_WEEKDAYS)
    either: bool = False
    years: int | None = None  # bit y: the year FIRST_YEAR + y; None: every year


class Days(dict[int, tuple[int, int, int | None]]):
    """The dates of a rule, year by year: where each begins, its matching days, and the first match after it."""

    def __init__(self, rule: DateRule) -> None:
        super().__init__()
        self._rule = rule
        self._patterns: dict[tuple[int, bool], int] = {}

    def at_or_after(self, day: int, year: int) -> int | None:
        """Return the first matching day that is `day` or later, None if there is none before the year 10000.

        `year` is the calendar year of `day`; for a 1 January, the year before will do.
        """
        start, matching, following = self[year]
        rest = matching >> day - start
        return day + (rest & -rest).bit_length() - 1 if rest else following

    def any(self) -> bool:
        """Return whether any date matches."""
        return self.at_or_after(1, MINYEAR) is not None

    def __missing__(self, year: int) -> tuple[int, int, int | None]:
        start, matching = self._year(year)
        found = self[year] = (start, matching, self._first_after(year))
        return found

    def _first_after(self, year: int) -> int | None:
        last = MAXYEAR if self._rule.years is None else FIRST_YEAR + self._rule.years.bit_length() - 1
        for number in range(max(year + 1, FIRST_YEAR if self._rule.years else MINYEAR), last + 1):
            start, matching = self._year(number)
            if matching:
                return start + (matching & -matching).bit_length() - 1
        return None

    def _year(self, number: int) -> tuple[int, int]:
        start = date(number, 1, 1).toordinal()
        years = self._rule.years
        if years is not None and not (number >= FIRST_YEAR and years >> number - FIRST_YEAR & 1):
            return start, 0
        pattern = start % 7, isleap(number)
        matching = self._patterns.get(pattern)
        if matching is None:
            matching = self._patterns[pattern] = _matching(self._rule, *pattern)
        return start, matching


@lru_cache(maxsize=4096)
def days_of(rule: DateRule) -> Days:
    """Return the dates of a rule, shared by all who ask."""
    return Days(rule)


def some_date(months: int, month_days: int) -> bool:
    """Return whether any of the months has any of the days, both given as bits."""
    return any(
        month_days & (2 << length + (month == 2)) - 2  # noqa: PLR2004 - February of a leap year
        for month, length in enumerate(LENGTHS, 1)
        if months >> month & 1
    )


def _matching(rule: DateRule, first_weekday: int, leap: bool) -> int:
    """Return the matching days of a year: bit 0 is 1 January, which is a `first_weekday`."""
    found, place = 0, 0
    for month, usual in enumerate(LENGTHS, 1):
        length = usual + (leap and month == 2)  # noqa: PLR2004 - February
        if rule.months >> month & 1:
            weekday = (first_weekday + place) % 7
            by_month = _month_days(rule.month_days, weekday, length)
            by_week = _week_days(rule.week_days, weekday, length)
            found |= (by_month | by_week if rule.either else by_month & by_week) << place
        place += length
    return found


def _month_days(days: MonthDays, first_weekday: int, length: int) -> int:
    found = days.numbers >> 1
    for back in bits(days.from_last):
        found |= 1 << length - 1 - back if back < length else 0
    for day in bits(days.workdays):
        found |= _workday_near(day or length, first_weekday, length)
    return found & (1 << length) - 1


def _workday_near(day: int, first_weekday: int, length: int) -> int:
    """Return the bit of the Monday to Friday nearest to `day` without leaving the month."""
    if day > length:
        return 0
    match (first_weekday + day - 1) % 7:
        case 6:
            day += -1 if day > 1 else 2
        case 0:
            day += 1 if day < length else -2
    return 1 << day - 1


def _week_days(days: WeekDays, first_weekday: int, length: int) -> int:
    found = (days.every >> first_weekday | days.every << 7 - first_weekday) & ALL_WEEKDAYS
    found *= FIVE_WEEKS
    for place in bits(days.nth):
        week, weekday = divmod(place, 7)
        found |= 1 << week * 7 + (weekday - first_weekday) % 7
    for weekday in bits(days.last):
        last = (first_weekday + length - 1) % 7
        found |= 1 << length - 1 - (last - weekday) % 7
    return found & (1 << length) - 1
