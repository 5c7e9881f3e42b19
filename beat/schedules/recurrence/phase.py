"""INTERVAL: which periods of a recurrence rule take part, counted from its start, as the bits of a year's days.

Years and months are counted by their numbers. Days and weeks recur every so many days, so their bits in a year
are one pattern, shifted. Units below a day are `Units`: how many of them a day has, and which, depends on nothing
but the day's number modulo some period, since the units of a day and the interval are both constant.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections import Counter
from functools import cached_property
from math import gcd, lcm
from typing import TYPE_CHECKING, Final

from beat.schedules.recurrence.days import (
    FULL,
    MONTH_STARTS,
    MOST_DAYS,
    YEARS_AROUND,
    Cycle,
    start_of,
    year_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


WINDOW: Final = 48  # bytes: a year at any bit
SOME_BIT: Final = re.compile(rb"[^\0]")
DAYS_AROUND: Final = 146_097  # of 400 years
FEW_DAYS: Final = 400  # a day's units are counted faster than all are told by their days
LONGEST_ROUND: Final = 86_400  # days: what SECONDLY needs for any interval of up to a day


class AllDays:
    __slots__ = ()

    cycle = Cycle(1)

    def mask(self, year: int, start: int) -> int:  # noqa: ARG002 - whatever year
        return FULL[1]


ALL_DAYS: Final = AllDays()


class EveryYears:
    """Every `interval`-th year."""

    __slots__ = ("_first", "_interval", "cycle")

    def __init__(self, interval: int, first: int) -> None:
        self._interval, self._first = interval, first
        self.cycle = Cycle(interval)

    def year_from(self, year: int) -> int:
        return year + (self._first - year) % self._interval

    def mask(self, year: int, start: int) -> int:  # noqa: ARG002 - a year is told by its number
        return 0 if (year - self._first) % self._interval else FULL[1]


class EveryMonths:
    """Every `interval`-th month; `first` is one of them, as year * 12 + month - 1."""

    __slots__ = ("_first", "_interval", "cycle")

    def __init__(self, interval: int, first: int) -> None:
        self._interval, self._first = interval, first
        self.cycle = Cycle(
            lcm(YEARS_AROUND, interval // gcd(interval, 12))
        )  # the months' lengths come round, too

    def year_from(self, year: int) -> int:
        return (year * 12 + (self._first - year * 12) % self._interval) // 12

    def mask(self, year: int, start: int) -> int:  # noqa: ARG002 - a year is told by its number
        found, starts = 0, MONTH_STARTS[isleap(year)]
        for month in range((self._first - year * 12) % self._interval, 12, self._interval):
            found |= (1 << starts[month + 1]) - (1 << starts[month])
        return found


class EveryDays:
    """`width` days in a row, every `period` days, the first of them on the day `first`."""

    __slots__ = ("_bits", "_first", "_period", "_width", "cycle")

    def __init__(self, period: int, first: int, width: int = 1) -> None:
        self._period, self._first, self._width = period, first, width
        self.cycle = cycle_of_days(period)
        run = (1 << width) - 1
        self._bits = sum(run << place for place in range(0, MOST_DAYS + width, period))

    def year_from(self, year: int) -> int:
        start = start_of(year)
        return year_at(start + max(self._place(start), 0))

    def mask(self, year: int, start: int) -> int:  # noqa: ARG002 - the day tells it all
        place, ahead = self._place(start), self._width - 1
        return (self._bits << place + ahead) >> ahead if place <= MOST_DAYS else 0

    def _place(self, start: int) -> int:
        """Return how far after a day the first run is that has not ended by then; it may have begun before."""
        ahead = self._width - 1
        return (self._first - start + ahead) % self._period - ahead


class Ring:
    """Days given by their numbers modulo `period`."""

    __slots__ = ("_bytes", "_period", "cycle")

    def __init__(self, period: int, residues: Iterable[int]) -> None:
        self._period, self.cycle = period, cycle_of_days(period)
        ring, width = bits_of(residues, period), period
        while width < period + WINDOW * 8:  # so that no window has to go around
            ring |= ring << width
            width *= 2
        self._bytes = ring.to_bytes(width // 8 + 1, "little")

    def year_from(self, year: int) -> int:
        if self._period <= MOST_DAYS:
            return year
        start = start_of(year)
        place = start % self._period
        found = SOME_BIT.search(self._bytes, place >> 3)  # there is more than a round of them
        return year if found is None else year_at(start + max(found.start() * 8 - place, 0))

    def mask(self, year: int, start: int) -> int:  # noqa: ARG002 - the day tells it all
        place = start % self._period
        window = self._bytes[place >> 3 : (place >> 3) + WINDOW]
        return int.from_bytes(window, "little") >> (place & 7)


def cycle_of_days(period: int) -> Cycle:
    """Return when the years come round for what recurs every `period` days."""
    return Cycle(YEARS_AROUND * days_around(DAYS_AROUND, period))


class Units:
    """The units of a day (hours, minutes, seconds; or the day itself) in which a rule fires.

    Of the `per_day` units those whose bits `allowed` has may; every `interval`-th unit takes part, `first` being one, counted
    from 1970-01-01T00:00.
    """

    def __init__(self, per_day: int, allowed: int, interval: int, first: int) -> None:
        self.per_day = per_day
        self.round = days_around(per_day, interval)
        self._bits, self._interval, self._first = allowed, interval, first
        self._comb = bits_of(range(0, per_day, interval), per_day) if interval > 1 else 0

    def in_day(self, day: int) -> int:
        """Return the units of a day as bits."""
        if self._interval == 1:
            return self._bits
        place = (self._first - day * self.per_day) % self._interval
        return self._bits & self._comb << place if place < self.per_day else 0

    @cached_property
    def numbers(self) -> Counter[int]:
        """Return how many units the days have that are congruent to each number modulo `round`."""
        if self.round == 1:
            number = self.in_day(0).bit_count()
            return Counter({0: number}) if number else Counter()
        if self.round <= FEW_DAYS:
            return +Counter({day: self.in_day(day).bit_count() for day in range(self.round)})
        common = gcd(self.per_day, self._interval)
        # The unit u of the day d takes part if d * per_day + u is first, modulo the interval.
        inverse = pow(self.per_day // common, -1, self.round)
        first, around = self._first, self.round
        return Counter(
            [
                (first - unit) // common * inverse % around
                for unit in places(self._bits)
                if not (first - unit) % common
            ]
        )

    def on_all_days(self) -> bool:
        return self._interval == 1 or self._bits.bit_count() == self.per_day >= self._interval


def days_around(per_day: int, interval: int) -> int:
    """Return after how many days every `interval`-th unit comes round to the same units of the day."""
    return interval // gcd(per_day, interval)


def bits_of(places: Iterable[int], width: int) -> int:
    """Return the integer whose bits at `places` are set, all below `width`."""
    if isinstance(places, range) and places == range(width):
        return (1 << width) - 1
    found = bytearray(width // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def places(mask: int) -> list[int]:
    """Return the places of the bits that are set, for a long integer."""
    return [place for place, digit in enumerate(reversed(f"{mask:b}")) if digit == "1"]


def nth_bit(mask: int, number: int) -> int:
    """Return the place of the set bit before which `number` others are set; the integer has more than `number`."""
    place, width = 0, mask.bit_length()
    while width > 1:
        half = width // 2
        low = mask & ((1 << half) - 1)
        below = low.bit_count()
        if number < below:
            mask, width = low, half
        else:
            mask, width, number, place = mask >> half, width - half, number - below, place + half
    return place
