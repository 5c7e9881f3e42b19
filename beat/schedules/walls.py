"""Readings of a wall clock that match a cron expression, as if time zones did not exist.

A reading is seconds since 1970-01-01T00:00 on the wall. The matching minutes of a day and seconds of a minute
are sorted tuples, so that the next one is found by bisection; days jump to the next that matches. The tables are
shared by all schedules that mean the same.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from beat.dst import DAY

if TYPE_CHECKING:
    from beat.schedules.calendar_days import Days


class Walls:
    """The readings at which an expression matches."""

    __slots__ = ("_opening", "_whole_minutes", "days", "minutes", "seconds")

    def __init__(self, minutes: tuple[int, ...], seconds: tuple[int, ...], days: Days) -> None:
        self.minutes = minutes  # of the day
        self.seconds = seconds  # of the minute
        self.days = days
        self._whole_minutes = seconds == (0,)
        self._opening = minutes[0] * 60 + seconds[0]

    def next(self, reading: int) -> int | None:
        """Return the first matching reading strictly after `reading`."""
        day = reading // DAY
        found = self.days.at_or_after(day)
        if found == day:
            minute = reading % DAY // 60
            place = bisect_right(self.minutes, minute)
            if not self._whole_minutes and place and self.minutes[place - 1] == minute:
                second = self._second_after(reading % 60)
                if second is not None:
                    return reading - reading % 60 + second
            if place < len(self.minutes):
                return day * DAY + self.minutes[place] * 60 + self.seconds[0]
            found = self.days.at_or_after(day + 1)
        return None if found is None else found * DAY + self._opening

    def _second_after(self, second: int) -> int | None:
        place = bisect_right(self.seconds, second)
        return self.seconds[place] if place < len(self.seconds) else None


@lru_cache(maxsize=4096)
def walls_of(minutes: int, hours: int, days: Days, seconds: int = 1) -> Walls:
    """Return the readings for the bits of the fields."""
    in_day = [hour * 60 + minute for hour in bits(hours) for minute in bits(minutes)]
    return Walls(tuple(in_day), bits(seconds), days)


def bits(mask: int) -> tuple[int, ...]:
    """Return the numbers of the bits that are set, in order."""
    return tuple(number for number in range(mask.bit_length()) if mask >> number & 1)
