"""The dates of a year that match the BY parts of a recurrence rule, as the bits of one integer.

Bit 0 is January 1. Every part but BYEASTER sees of a year only its shape: the weekday on which it begins, whether
it is leap, and (for the numbers of the weeks at its ends) whether its neighbours are. So the masks of the few
shapes are worked out once, by shifts of ready-made patterns, and a year costs a look-up. All of them come round
after 400 years, which are a whole number of weeks. Days are numbered from 1970-01-01; Monday is 0.
"""

from __future__ import annotations

from calendar import isleap
from datetime import MAXYEAR, MINYEAR
from functools import cache, reduce
from itertools import accumulate, pairwise
from math import lcm
from typing import Final, NamedTuple, Protocol

from beat.dst import EPOCH_ORDINAL

FULL: Final = ((1 << 365) - 1, (1 << 366) - 1)
MOST_DAYS: Final = 366
MOST_KEPT: Final = 64  # years
YEARS_AROUND: Final = 400  # of the calendar, weekdays included
EASTERS_AROUND: Final = 5_700_000  # years
EACH_WEEK: Final = sum(1 << day for day in range(0, 372, 7))
# The places of the first days of the months, and the year's length: for a common year and a leap year.
MONTH_STARTS: Final = tuple(
    tuple(accumulate((31, days, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), initial=0)) for days in (28, 29)
)
HALF_WEEK: Final = 3
EARLY: Final = 400  # room for the days of weeks that begin before the year does
EARLIEST_EASTER, LATEST_EASTER = 80, 115  # places of March 22 and April 25 in a year, from 0


class DayParts(NamedTuple):
    """What says which dates match: an empty tuple says nothing. Numbered weekdays count in the month or the year."""

    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    easter: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    in_month: bool = False
    wkst: int = 0


class Cycle(NamedTuple):
    """After how many years the days of a year are the same again, from the year `since` on."""

    years: int
    since: int = MINYEAR

    def joined(self, other: Cycle) -> Cycle:
        """Return when both come round."""
        return Cycle(lcm(self.years, other.years), max(self.since, other.since))


class Masks(Protocol):
    """A set of dates, a year at a time."""

    @property
    def cycle(self) -> Cycle:
        """When its years come round."""
        ...

    def mask(self, year: int, start: int) -> int:
        """Return the matching days of `year`, whose first day has the number `start`."""
        ...


class Phase(Masks, Protocol):
    """A set of dates that knows in which years it may have any."""

    def year_from(self, year: int) -> int:
        """Return the first year, `year` or later, that may have a day."""
        ...


def start_of(year: int) -> int:
    """Return the number of a year's first day (proleptic Gregorian calendar; any integer year)."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + 1 - EPOCH_ORDINAL


def year_at(day: int) -> int:
    """Return the year that holds a day."""
    year = 1970 + day * 400 // 146_097  # exact to a year: 400 years are 146097 days
    if day < start_of(year):
        return year - 1
    return year + 1 if day >= start_of(year + 1) else year


LAST_DAY: Final = start_of(MAXYEAR + 1) - 1
NO_DAY: Final = 2 * LAST_DAY  # later than any
INTERVALS_AHEAD: Final = (
    401  # of a year or more: a round of the calendar, and the rest of the year in which it begins
)
FAR: Final = 4 * MOST_DAYS  # days ahead


class YearDays:
    """The dates that match all of the parts."""

    __slots__ = ("_fixed", "_offsets", "_parts", "_shapes", "_spills")

    def __init__(self, parts: DayParts) -> None:
        self._parts = parts
        self._fixed = tuple(_fixed(parts, leap) for leap in (False, True))
        self._shapes: dict[tuple[int, bool, bool, bool], int] = {}
        self._offsets = sum(1 << MOST_DAYS + offset for offset in parts.easter)  # from a year before Easter
        self._spills = any(
            not -EARLIEST_EASTER <= offset < MOST_DAYS - 1 - LATEST_EASTER for offset in parts.easter
        )

    @property
    def cycle(self) -> Cycle:
        return Cycle(EASTERS_AROUND if self._parts.easter else YEARS_AROUND)

    def mask(self, year: int, start: int) -> int:
        shape = ((start + 3) % 7, isleap(year), isleap(year - 1), isleap(year + 1))
        found = self._shapes.get(shape)
        if found is None:
            found = self._shapes[shape] = self._matching(*shape)
        return found & self._easter(year, start) if found and self._parts.easter else found

    def _matching(self, first: int, leap: bool, after_leap: bool, before_leap: bool) -> int:
        found = self._fixed[leap]
        if self._parts.weekdays:
            found &= self._weekdays(first, leap)
        if self._parts.weeks:
            found &= self._weeks(first, leap, after_leap, before_leap)
        return found

    def _weekdays(self, first: int, leap: bool) -> int:
        found = 0
        stretches = [(0, 365 + leap)]
        if self._parts.in_month:
            months = MONTH_STARTS[leap]
            stretches = [(months[m - 1], months[m]) for m in self._parts.months or range(1, 13)]
        for which, weekday in self._parts.weekdays:
            if which == 0:
                found |= EACH_WEEK << (weekday - first) % 7
                continue
            for start, end in stretches:
                if which > 0:
                    place = start + (weekday - first - start) % 7 + (which - 1) * 7
                else:
                    place = end - 1 - (first + end - 1 - weekday) % 7 + (which + 1) * 7
                if start <= place < end:
                    found |= 1 << place
        return found

    def _weeks(self, first: int, leap: bool, after_leap: bool, before_leap: bool) -> int:
        """The days whose week has one of the numbers, in the count of the year to which the week belongs."""
        wkst, length = self._parts.wkst, 365 + leap
        begins = [
            _first_week(first - 365 - after_leap, wkst) - 365 - after_leap,
            _first_week(first, wkst),
            _first_week(first + length, wkst) + length,
            _first_week(first + length + 365 + before_leap, wkst) + length + 365 + before_leap,
        ]
        found = 0
        for begin, end in pairwise(begins):
            most = (end - begin) // 7
            for week in self._parts.weeks:
                number = week if week > 0 else week + most + 1
                if 1 <= number <= most:
                    found |= 0b111_1111 << begin + (number - 1) * 7 + EARLY
        return found >> EARLY & FULL[leap]

    def _easter(self, year: int, start: int) -> int:
        found = 0
        for each in (year - 1, year, year + 1) if self._spills else (year,):
            found |= self._offsets << MOST_DAYS + easter(each) + start_of(each) - start
        return found >> 2 * MOST_DAYS & FULL[1]


class Gap(NamedTuple):
    """Days that are not in a set: from `since` to before `end`, which is a day of the set if it is `closed`."""

    since: int
    end: int
    closed: bool


class At:
    """The days of a set up to the day `until`, found one after another. A day belongs to all of `sets`.

    `phase`, which all days belong to as well, tells which years are looked at. So that a search comes to an end, none
    goes farther `ahead`, in days: what is only after so long a silence is not found from before it. Where the sets
    come round and one whole round has no day, there is none. The latest silence that was long is remembered: the way
    through it is not gone twice.
    """

    __slots__ = ("_gap", "_kept", "_most_kept", "_none_from", "_phase", "_sets", "ahead", "cycle")

    def __init__(self, *sets: Masks, ahead: int, phase: Phase | None = None, until: int = LAST_DAY) -> None:
        self._sets, self._phase, self.ahead = sets if phase is None else (phase, *sets), phase, ahead
        self.cycle = reduce(Cycle.joined, (one.cycle for one in self._sets), Cycle(1))
        self._most_kept = YEARS_AROUND if self.cycle.years <= YEARS_AROUND else MOST_KEPT
        self._kept: dict[int, int] = {}
        self._none_from = until + 1  # the first day known to have none after it
        self._gap = Gap(NO_DAY, NO_DAY, closed=False)

    def mask(self, year: int, start: int) -> int:
        key = self._key(year)
        found = self._kept.get(key)
        if found is None:
            found = FULL[1]
            for one in self._sets:
                found &= one.mask(year, start)
                if not found:
                    break
            if len(self._kept) >= self._most_kept:
                self._kept.clear()
            self._kept[key] = found
        return found

    def _key(self, year: int) -> int:
        """Return what the years with the same days share."""
        around, since = self.cycle
        return year % around - around if around <= YEARS_AROUND and since <= year else year

    def year_from(self, year: int) -> int:
        return year if self._phase is None else self._phase.year_from(year)

    def has(self, day: int) -> bool:
        year = year_at(day)
        start = start_of(year)
        return bool(MINYEAR <= year <= MAXYEAR and self.mask(year, start) >> day - start & 1)

    def at_or_after(self, day: int, before: int = NO_DAY) -> int | None:
        """Return the first day of the set that is `day` or later, None if there is none before the day `before`."""
        before = min(before, day + self.ahead, self._none_from)
        since, end, closed = self._gap
        if not since <= day < end:
            since, end, closed = day, day, False
        while not closed and end < before:
            end, closed = self._look(end, before)
        if end - since > FAR:
            self._gap = Gap(since, end, closed)
            if not closed and self._is_round(since, end):
                self._none_from = min(self._none_from, since)
        return end if closed and end < before else None

    def _look(self, day: int, before: int) -> tuple[int, bool]:
        """Return the first day that is `day` or later and True, or up to where there is none and False."""
        year = max(year_at(day), MINYEAR)
        start = start_of(year)
        while True:
            if self._phase is not None:
                year = self._phase.year_from(year)
                start = start_of(year)
            first = max(day, start)
            if self._gap.since <= first < self._gap.end:
                return self._gap.end, self._gap.closed
            if first >= before:
                return first, False
            found = self.mask(year, start) >> first - start
            if found:
                return first + (found & -found).bit_length() - 1, True
            start += 365 + isleap(year)
            year += 1

    def _is_round(self, since: int, end: int) -> bool:
        """Return whether the years come round between two days."""
        begun = max(year_at(since) + 1, self.cycle.since)
        return start_of(min(begun + self.cycle.years, MAXYEAR + 1)) <= end

    def window(self, start: int, end: int) -> int:
        """Return the days of the set from `start` to before `end` as bits, the lowest of which is `start`."""
        found = 0
        for year in range(year_at(start), year_at(end - 1) + 1):
            first = start_of(year)
            mask = self.mask(year, first)
            found |= mask >> start - first if start > first else mask << first - start
        return found & ((1 << end - start) - 1)


def _fixed(parts: DayParts, leap: bool) -> int:
    """The days that match the parts which do not look at weekdays."""
    found, starts = FULL[leap], MONTH_STARTS[leap]
    if parts.months:
        found &= sum((1 << starts[month]) - (1 << starts[month - 1]) for month in parts.months)
    if parts.month_days:
        named = 0
        for start, end in pairwise(starts):
            for number in parts.month_days:
                place = start + number - 1 if number > 0 else end + number
                if start <= place < end:
                    named |= 1 << place
        found &= named
    if parts.year_days:
        length = 365 + leap
        places = {number - 1 if number > 0 else length + number for number in parts.year_days}
        found &= sum(1 << place for place in places if 0 <= place < length)
    return found


def _first_week(first: int, wkst: int) -> int:
    """Return where week 1 begins, from January 1: the first that has at least four days in the year (ISO 8601)."""
    into = (first - wkst) % 7
    return -into if into <= HALF_WEEK else 7 - into


def week_start(day: int, wkst: int) -> int:
    """Return the first day of the week in which a day lies."""
    return day - (day + HALF_WEEK - wkst) % 7


@cache
def easter(year: int) -> int:
    """Return the place of Easter Sunday in a year, January 1 being 0 (Meeus, Jones and Butcher's algorithm)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    moved = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - moved + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    return 59 + isleap(year) + moon + weekday - 7 * late + 21  # March 22 is the earliest
