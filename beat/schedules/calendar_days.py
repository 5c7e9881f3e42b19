"""The dates that match a cron expression, found without trying each.

A year looks like one of fourteen: it is leap or not, and begins on one of seven weekdays. For each of the
fourteen the matching days are worked out once, as the bits of one integer, whose lowest bit beyond a day is the
next match. Days are numbered from 1970-01-01.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import MAXYEAR, MINYEAR, date
from functools import lru_cache
from typing import Final, NamedTuple

EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
LONGEST: Final = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
ALL_MONTHS: Final = 0b1_1111_1111_1110
ALL_MONTH_DAYS: Final = (1 << 32) - 2
ALL_WEEKDAYS: Final = 0b111_1111


class Year(NamedTuple):
    start: int  # the number of its first day
    end: int  # and of the day after its last
    pattern: int  # which of the fourteen it is: twice its first weekday (0 is Sunday), plus 1 if it is leap


@lru_cache(maxsize=1024)
def year_of(number: int) -> Year:
    """Return a calendar year by its number."""
    start = date(number, 1, 1).toordinal() - EPOCH_ORDINAL
    leap = isleap(number)
    return Year(start, start + 365 + leap, _weekday(start) * 2 + leap)


class Days:
    """The dates that match a month, a day of the month and a day of the week, each given as bits."""

    __slots__ = ("_either", "_month_days", "_months", "_patterns", "_weekdays")

    def __init__(self, months: int, month_days: int, weekdays: int, either: bool) -> None:
        self._months = months
        self._month_days = month_days
        self._weekdays = weekdays
        self._either = either
        self._patterns: list[int | None] = [None] * 14

    def at_or_after(self, day: int) -> int | None:
        """Return the first matching day that is `day` or later, None if there is none before the year 10000."""
        number = 1970 + day * 400 // 146_097  # exact to a year: 400 years are 146097 days
        if not MINYEAR <= number <= MAXYEAR:
            number = MINYEAR if number < MINYEAR else MAXYEAR
        year = year_of(number)
        if day < year.start and number > MINYEAR:
            number -= 1
            year = year_of(number)
        while True:
            matching = self._pattern(year) >> max(day - year.start, 0)
            if matching:
                return max(day, year.start) + (matching & -matching).bit_length() - 1
            number += 1
            if number > MAXYEAR:
                return None
            year = year_of(number)

    def _pattern(self, year: Year) -> int:
        bits = self._patterns[year.pattern]
        if bits is None:
            bits = self._patterns[year.pattern] = self._matching(year.pattern)
        return bits

    def _matching(self, pattern: int) -> int:
        first_weekday, leap = divmod(pattern, 2)
        found, place = 0, 0
        for month in range(1, 13):
            for month_day in range(1, monthrange(2000 + (not leap), month)[1] + 1):
                if self._months >> month & 1 and self._matches(month_day, (first_weekday + place) % 7):
                    found |= 1 << place
                place += 1
        return found

    def _matches(self, month_day: int, weekday: int) -> bool:
        by_month = bool(self._month_days >> month_day & 1)
        by_week = bool(self._weekdays >> weekday & 1)
        return by_month or by_week if self._either else by_month and by_week


class EveryDay(Days):
    """All dates."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(ALL_MONTHS, ALL_MONTH_DAYS, ALL_WEEKDAYS, either=False)

    def at_or_after(self, day: int) -> int:
        return day


@lru_cache(maxsize=4096)
def days_of(months: int, month_days: int, weekdays: int, either: bool) -> Days:
    """Return the dates for the bits of the fields; with `either`, one of the two sorts of day is enough."""
    unrestricted = month_days == ALL_MONTH_DAYS and weekdays == ALL_WEEKDAYS
    if months == ALL_MONTHS and unrestricted:
        return EveryDay()
    return Days(months, month_days, weekdays, either)


def some_date(months: int, month_days: int) -> bool:
    """Return whether any of the months has any of the days."""
    return any(
        month_days & ((2 << LONGEST.get(month, 31)) - 2) for month in range(1, 13) if months >> month & 1
    )


def _weekday(day: int) -> int:
    return (day + 4) % 7  # 1970-01-01 was a Thursday; 0 is Sunday
