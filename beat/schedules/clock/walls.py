"""Readings of a wall clock that match a cron expression, as if time zones did not exist.

A reading is seconds since 1970-01-01T00:00 on the wall. The matching minutes of a day and seconds of a minute
are sorted tuples, so that the next one is found by bisection; days jump to the next that matches. The tables are
shared by all schedules that mean the same.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from beat.dst import DAY, EPOCH_ORDINAL
from beat.schedules.clock.bits import bits
from beat.schedules.clock.calendar_days import DateRule, days_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SOME_YEAR: Final = date(2026, 12, 31).toordinal()
SKIPPED_WEIGHT: Final = 20  # in a combination, of what the clock may leave out year after year
LONGEST_GAP: Final = 180  # minutes; those that come back each year are from 22:00 to 4:00


class Dates(Protocol):
    """Which dates match, numbered as `date.toordinal` does."""

    def at_or_after(self, day: int, year: int) -> int | None:
        """Return the first matching day that is `day` or later, None if there is none before the year 10000.

        `year` is the calendar year of `day`; for a 1 January, the year before will do.
        """


class Walls:
    """The readings at which an expression matches."""

    __slots__ = ("_opening", "days", "minutes", "seconds", "whole_minutes")

    def __init__(self, minutes: tuple[int, ...], seconds: tuple[int, ...], days: Dates | None) -> None:
        self.minutes = minutes  # of the day
        self.seconds = seconds  # of the minute
        self.whole_minutes = seconds == (0,)
        self.days = days  # None: every day
        self._opening = minutes[0] * 60 + seconds[0]

    def elusive(self) -> bool:
        """Return whether the changes of a clock, two a year, may leave out all that match in a year."""
        if self.days is None or not in_one_gap(self.minutes):
            return False
        day: int | None = SOME_YEAR
        for _ in range(3):
            day = day and self.days.at_or_after(day + 1, date.fromordinal(day).year)
        return day is None or day > SOME_YEAR + 366

    def next(self, reading: int) -> int | None:
        """Return the first matching reading strictly after `reading`."""
        number, second = divmod(reading, DAY)
        later = self._later_that_day(second)
        if self.days is None:
            return (number + 1) * DAY + self._opening if later is None else number * DAY + later
        day = number + EPOCH_ORDINAL
        found = self.days.at_or_after(day + (later is None), date.fromordinal(day).year)
        if found is None:
            return None
        start = (found - EPOCH_ORDINAL) * DAY
        return start + (self._opening if later is None or found != day else later)

    def _later_that_day(self, second: int) -> int | None:
        """Return the first matching second of a day strictly after `second`."""
        minute = second // 60
        place = bisect_right(self.minutes, minute)
        if not self.whole_minutes and place and self.minutes[place - 1] == minute:
            later = bisect_right(self.seconds, second % 60)
            if later < len(self.seconds):
                return minute * 60 + self.seconds[later]
        return self.minutes[place] * 60 + self.seconds[0] if place < len(self.minutes) else None


def in_one_gap(minutes: Sequence[int]) -> bool:
    """Return whether a change of a clock such as there is each year may leave out all these minutes of a day, in order."""
    at_night = all(minute < 4 * 60 or minute >= 22 * 60 for minute in (minutes[0], minutes[-1]))
    return at_night and minutes[-1] - minutes[0] < LONGEST_GAP


@lru_cache(maxsize=4096)
def walls_of(seconds: int, minutes: int, hours: int, rule: DateRule) -> Walls:
    """Return the readings for the bits of the fields and the dates of a rule."""
    in_day = tuple(hour * 60 + minute for hour in bits(hours) for minute in bits(minutes))
    return Walls(in_day, bits(seconds), None if rule == DateRule() else days_of(rule))
