"""The readings of one recurrence rule with a start, as if time zones did not exist.

A reading is seconds since 1970-01-01T00:00 on the wall. Nothing is walked from the start: the first matching day
at or after a reading comes from a year's bits (the BY parts and the interval are masks of the same 366 bits), the
first matching unit in it from the day's bits, and the offsets within a unit are a sorted tuple. Years
without any match are passed over one at a time, for so long as `days.At` says.

COUNT is turned into the last reading once, by counting whole years' bits; what is not used up as far ahead as a rule is
looked for has no end. BYSETPOS for a day or less picks the same times in every period, so it only thins the offsets; for
weeks, months and years see `picks`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import MAXYEAR
from typing import TYPE_CHECKING, Protocol

from beat.dst import DAY
from beat.schedules.clock.bits import bits
from beat.schedules.recurrence.days import start_of, year_at
from beat.schedules.recurrence.parts import LATEST
from beat.schedules.recurrence.phase import Ring, Units, nth_bit

if TYPE_CHECKING:
    from collections.abc import Callable

    from beat.schedules.recurrence.days import At


class Readings(Protocol):
    """An endless rule."""

    def next(self, reading: int) -> int | None:
        """Return the first matching reading strictly after `reading`."""
        ...

    def last(self, start: int, count: int) -> int | None:
        """Return the `count`-th matching reading from `start` on, None if there are fewer or it takes too long."""
        ...


class Steps:
    """Every so many units, on all days: arithmetic."""

    __slots__ = ("_first", "_interval", "_offsets", "_size")

    def __init__(self, size: int, interval: int, start: int, offsets: tuple[int, ...]) -> None:
        self._size, self._interval, self._first, self._offsets = size, interval, start // size, offsets

    def next(self, reading: int) -> int | None:
        unit, within = divmod(reading, self._size)
        step, missed = divmod(unit - self._first, self._interval)
        if not missed and within < self._offsets[-1]:
            return unit * self._size + self._offsets[bisect_right(self._offsets, within)]
        return self._at((step + 1) * len(self._offsets))

    def last(self, start: int, count: int) -> int | None:
        missed = bisect_left(self._offsets, start - self._first * self._size)
        return self._at(missed + count - 1)

    def _at(self, number: int) -> int | None:
        step, place = divmod(number, len(self._offsets))
        found = (self._first + step * self._interval) * self._size + self._offsets[place]
        return found if found <= LATEST else None


class Walk:
    """The offsets of some units of some days."""

    __slots__ = ("_days", "_offsets", "_size", "_units")

    def __init__(self, days: At, units: Units, offsets: tuple[int, ...]) -> None:
        self._days, self._units, self._offsets = days, units, offsets
        self._size = DAY // units.per_day

    def next(self, reading: int) -> int | None:
        day = reading // DAY
        found = self._days.at_or_after(day)
        if found == day:
            unit, within = divmod(reading % DAY, self._size)
            here = self._units.in_day(day) >> unit
            if here & 1 and within < self._offsets[-1]:
                return reading - within + self._offsets[bisect_right(self._offsets, within)]
            if here > 1:
                return self._opening(day, unit + 1, here >> 1)
            found = self._days.at_or_after(day + 1)
        return None if found is None else self._opening(found, 0, self._units.in_day(found))

    def _opening(self, day: int, unit: int, units: int) -> int:
        unit += (units & -units).bit_length() - 1
        return day * DAY + unit * self._size + self._offsets[0]

    def last(self, start: int, count: int) -> int | None:
        day = start // DAY
        if self._days.at_or_after(day) == day:
            count += self._before(day, start - day * DAY)  # as if the first day counted from its midnight
        else:
            day += 1
        in_year, year = self._counting(), year_at(day)
        last = min(year_at(day + self._days.ahead), MAXYEAR)
        while (year := self._days.year_from(year)) <= last:
            first = start_of(year)
            skipped = max(day - first, 0)
            mask = self._days.mask(year, first) >> skipped << skipped
            number = in_year(year, first, mask)
            if number >= count:
                return self._within(first, mask, count - 1)
            count -= number
            year += 1
        return None

    def _within(self, first: int, mask: int, number: int) -> int | None:
        """Return the reading of the days before which there are `number` others."""
        for day in (first + place for place in bits(mask)):
            units = self._units.in_day(day)
            here = units.bit_count() * len(self._offsets)
            if number < here:
                unit, place = divmod(number, len(self._offsets))
                return day * DAY + nth_bit(units, unit) * self._size + self._offsets[place]
            number -= here
        return None

    def _before(self, day: int, second: int) -> int:
        """Return how many readings the day has before the second of the day."""
        unit, within = divmod(second, self._size)
        units = self._units.in_day(day)
        whole = (units & ((1 << unit) - 1)).bit_count() * len(self._offsets)
        return whole + (bisect_left(self._offsets, within) if units >> unit & 1 else 0)

    def _counting(self) -> Callable[[int, int, int], int]:
        """Return the function that counts the readings of a year's days.

        The number of units in a day is periodic, and never less than some number: for each binary digit of what is
        above that there is a ring of the days which have the digit.
        """
        numbers, around, each = self._units.numbers, self._units.round, len(self._offsets)
        least = min(numbers.values()) if len(numbers) == around else 0
        above = {residue: number - least for residue, number in numbers.items()}
        digits = [
            (
                each << digit,
                Ring(around, [residue for residue, number in above.items() if number >> digit & 1]),
            )
            for digit in range(max(above.values(), default=0).bit_length())
        ]

        def in_year(year: int, first: int, mask: int) -> int:
            if not mask:
                return 0
            found = least * each * mask.bit_count()
            return found + sum(
                weight * (ring.mask(year, first) & mask).bit_count() for weight, ring in digits
            )

        return in_year


class Nothing:
    """A rule whose BYSETPOS picks from too few, or whose INTERVAL never meets the BY parts."""

    __slots__ = ()

    def next(self, reading: int) -> int | None:  # noqa: ARG002 - whatever it is
        return None

    def last(self, start: int, count: int) -> int | None:  # noqa: ARG002 - whatever they are
        return None
