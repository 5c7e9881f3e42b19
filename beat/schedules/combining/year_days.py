"""Days of a year as the bits of one integer: bit i is the i-th day, from 0. Days are numbered from 1970-01-01."""

from __future__ import annotations

from calendar import isleap
from datetime import MAXYEAR, MINYEAR, date
from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Final

from beat.dst import EPOCH_ORDINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FIRST_DAY: Final = date.min.toordinal() - EPOCH_ORDINAL
LAST_DAY: Final = date.max.toordinal() - EPOCH_ORDINAL
YEARS_KEPT: Final = 1_024


def day_number(day: date) -> int:
    return day.toordinal() - EPOCH_ORDINAL


def year_of(day: int) -> int:
    """Return the year of a day, the nearest from 1 to 9999 if it is in none of these."""
    return date.fromordinal(min(max(day, FIRST_DAY), LAST_DAY) + EPOCH_ORDINAL).year


def years_from(day: int, count: int) -> range:
    """Return the year of a day and those that follow, `count` in all."""
    return range(year_of(day), min(year_of(day) + count, MAXYEAR + 1))


def years_back(day: int, count: int) -> range:
    return range(year_of(day), max(year_of(day) - count, MINYEAR - 1), -1)


def bit_of(day: date) -> int:
    return 1 << day.timetuple().tm_yday - 1


def days_of_year(year: int, days: Iterable[tuple[int, int]]) -> int:
    """Return months and days as days of a year, without 29 February if it has none."""
    return reduce(or_, (bit_of(date(year, *day)) for day in days if isleap(year) or day != (2, 29)), 0)


def kept(known: dict[int, int], year: int, read: Callable[[int], int]) -> int:
    """Return the days of a year from those that are known, where they are put if they have to be worked out."""
    found = known.get(year)
    if found is None:
        if len(known) >= YEARS_KEPT:
            known.clear()
        found = known[year] = read(year)
    return found


def holds(bits: int, year: int, day: int) -> bool:
    """Return whether a day is among those of its year."""
    place = day - _start(year)
    return place >= 0 and bool(bits >> place & 1)


def first_from(day: int, years: Iterable[int], bits_of: Callable[[int], int]) -> int | None:
    """Return the first day of `years`, in order, that is `day` or later and has its bit."""
    for year in years:
        passed = max(day - _start(year), 0)
        bits = bits_of(year) >> passed
        if bits:
            return _start(year) + passed + (bits & -bits).bit_length() - 1
    return None


def last_until(day: int, years: Iterable[int], bits_of: Callable[[int], int]) -> int | None:
    """Return the last day of `years`, latest year first, that is `day` or earlier and has its bit."""
    for year in years:
        bits = bits_of(year) & (2 << day - _start(year)) - 1 if day >= _start(year) else 0
        if bits:
            return _start(year) + bits.bit_length() - 1
    return None


def whole_year(year: int) -> int:
    return (1 << 365 + isleap(year)) - 1


def weekdays_of(year: int, names: tuple[str, ...]) -> int:
    """Return the days of a year on some days of the week."""
    return _weekdays(date(year, 1, 1).weekday(), names) & whole_year(year) if names else 0


@lru_cache(maxsize=256)
def _weekdays(first: int, names: tuple[str, ...]) -> int:
    return sum(1 << place for place in range(366) if WEEKDAYS[(first + place) % 7] in names)


@lru_cache(maxsize=1024)
def _start(year: int) -> int:
    return date(year, 1, 1).toordinal() - EPOCH_ORDINAL
