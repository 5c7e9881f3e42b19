"""A calendar: a set of dates that schedules leave out, keep to, or roll away from.

A year of a calendar is an integer with a bit for each day that is in it (see `combining.year_days`), worked out when the year
is first asked for. A search looks at no more than `SPAN` years, apart from those for which dates are given one by
one, so that a calendar of all dates, or of none, is no endless loop.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from beat.schedules.arguments import ScheduleError, items, nearest, shown
from beat.schedules.combining.countries import check_country, holidays_of, known_years
from beat.schedules.combining.year_days import (
    WEEKDAYS,
    bit_of,
    day_number,
    days_of_year,
    first_from,
    holds,
    kept,
    last_until,
    weekdays_of,
    whole_year,
    year_of,
    years_back,
    years_from,
)
from beat.schedules.phrases import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

CALENDAR_KEYS: Final = ("dates", "country", "subdivision", "weekend")
USUAL_WEEKEND: Final = ("saturday", "sunday")
YEARLY: Final = re.compile(r"(?:--)?(\d\d)-(\d\d)", re.ASCII)
COMMON_YEAR: Final = 2001
LEAP_YEAR: Final = 2000
SPAN: Final = 30  # years: a 29 February is on the same day of the week again after 28
MOST_TOLD: Final = 5  # dates one by one
MOST_GIVEN: Final = 5_000  # dates
DATES_PER_WEIGHT: Final = 50
COUNTRY_WEIGHT: Final = 2
MOST_WEIGHT: Final = 40  # so that every calendar can be applied to a cron

MonthDay = tuple[int, int]


@dataclass(frozen=True, slots=True, init=False)
class Calendar:
    """An immutable set of dates, and the days of the week on which no business is done.

    `dates` are dates or ISO texts: ``2026-12-24`` is that date, ``12-24`` (or ``--12-24``) that day of every year,
    where 29 February is a date of leap years; ``saturday`` is every Saturday. `country` is an ISO 3166 code, of which the public holidays are in the
    calendar too, with `subdivision` those of a state or province; this takes the library ``holidays``, and the
    years it knows. `weekend` names days of the week. They are not in the calendar: they only are no business days,
    to which a schedule could roll. Equal and hashable by value. Raises ValueError with a sentence.
    """

    dates: frozenset[date]
    yearly: frozenset[MonthDay]
    weekly: tuple[str, ...]
    country: str | None
    subdivision: str | None
    weekend: tuple[str, ...]
    _given: dict[int, int] = field(compare=False, repr=False)  # the days of `dates` by year
    _every: tuple[int, int] = field(compare=False, repr=False)  # the days of `yearly`: common, leap years
    _closed: bool = field(compare=False, repr=False)  # whether no day of the week is a business day
    _held_in: dict[int, int] = field(compare=False, repr=False)  # all days of it, of the years asked for
    _open_in: dict[int, int] = field(compare=False, repr=False)  # and the business days

    def __init__(
        self,
        dates: Iterable[date | str] = (),
        *,
        country: str | None = None,
        subdivision: str | None = None,
        weekend: Iterable[str] = USUAL_WEEKEND,
    ) -> None:
        if isinstance(dates, str | bytes) or not isinstance(dates, Iterable):
            raise ScheduleError(f"The dates of a calendar are a list of dates, not {shown(dates)}.")
        read = {_read_date(each) for each in items("The list of dates of a calendar", dates, MOST_GIVEN)}
        if country is not None:
            check_country(country, subdivision)
        elif subdivision is not None:
            raise ScheduleError(f"The calendar has the subdivision {shown(subdivision)}, but no country.")
        put = object.__setattr__
        put(self, "dates", frozenset(each for each in read if isinstance(each, date)))
        put(self, "yearly", frozenset(each for each in read if isinstance(each, tuple)))
        put(self, "weekly", tuple(name for name in WEEKDAYS if name in read))
        put(self, "country", country)
        put(self, "subdivision", subdivision)
        put(self, "weekend", _read_weekend(weekend))
        put(self, "_given", {})
        put(self, "_every", tuple(days_of_year(year, self.yearly) for year in (COMMON_YEAR, LEAP_YEAR)))
        put(self, "_closed", len({*self.weekly, *self.weekend}) == len(WEEKDAYS))
        put(self, "_held_in", {})
        put(self, "_open_in", {})
        for each in self.dates:
            self._given[each.year] = self._given.get(each.year, 0) | bit_of(each)

    @property
    def weight(self) -> int:
        """For how many schedules it counts in a combination: its dates are read, a country's are worked out by a library."""
        dates = len(self.dates) + len(self.yearly)
        return min(dates // DATES_PER_WEIGHT, MOST_WEIGHT) + COUNTRY_WEIGHT * bool(self.country)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.holds(day_number(day))

    def holds(self, day: int) -> bool:
        """Return whether a date, given as its number from 1970-01-01, is in the calendar."""
        year = year_of(day)
        return holds(self._held(year), year, day)

    def date_from(self, day: int) -> int | None:
        """Return the first date of the calendar that is `day` or later."""
        return first_from(day, self._promising(day), self._held)

    def free_from(self, day: int) -> int | None:
        """Return the first date from `day` on that is not in the calendar."""
        return first_from(day, years_from(day, SPAN), lambda year: whole_year(year) & ~self._held(year))

    def business_from(self, day: int) -> int | None:
        """Return the first business day that is `day` or later: neither in the calendar nor of the weekend."""
        return None if self._closed else first_from(day, years_from(day, SPAN), self._business)

    def business_until(self, day: int) -> int | None:
        """Return the last business day that is `day` or earlier."""
        return None if self._closed else last_until(day, years_back(day, SPAN), self._business)

    def _promising(self, day: int) -> Iterator[int]:
        """Yield the years, from that of a day on, that may have dates of the calendar."""
        start = end = year_of(day)
        recurring = self.yearly or self.weekly
        if self.country and not recurring:
            start = max(start, known_years(self.country)[0])
        if self.country or recurring:
            end = min(start + SPAN, MAXYEAR + 1)
        yield from sorted(each for each in self._given if year_of(day) <= each < start)
        yield from range(start, end)
        yield from sorted(each for each in self._given if each >= end)

    def _held(self, year: int) -> int:
        return kept(self._held_in, year, self._read)

    def _business(self, year: int) -> int:
        return kept(self._open_in, year, self._left)

    def _read(self, year: int) -> int:
        """Return the days of a year that are in the calendar."""
        own = self._own(year)
        if self.country and own != whole_year(year):
            own = reduce(or_, map(bit_of, holidays_of(self.country, self.subdivision, year)), own)
        return own

    def _left(self, year: int) -> int:
        """Return the business days of a year. A country is not asked about a year that has none anyhow."""
        left = whole_year(year) & ~(self._own(year) | weekdays_of(year, self.weekend))
        return left and left & ~self._held(year)

    def _own(self, year: int) -> int:
        return self._given.get(year, 0) | self._every[isleap(year)] | weekdays_of(year, self.weekly)

    def describe(self) -> str:
        """Return which dates are in the calendar, for the inside of a sentence."""
        words = [each.isoformat() for each in sorted(self.dates)]
        words += [f"{month:02}-{day:02} of every year" for month, day in sorted(self.yearly)]
        words += [f"{name.capitalize()}s" for name in self.weekly]
        if len(words) > MOST_TOLD:
            words = [counted(len(words), "date")]
        if self.country:
            place = f"{self.country}-{self.subdivision}" if self.subdivision else self.country
            words.append(f"the public holidays of {place}")
        return listed(words) or "no date"

    def to_dict(self) -> dict[str, Any]:
        """Return the calendar as a JSON-able dict: the keyword arguments that build it."""
        yearly = [f"{month:02}-{day:02}" for month, day in sorted(self.yearly)]
        given = {
            "dates": [*(each.isoformat() for each in sorted(self.dates)), *yearly, *self.weekly] or None,
            "country": self.country,
            "subdivision": self.subdivision,
            "weekend": None if self.weekend == USUAL_WEEKEND else list(self.weekend),
        }
        return {name: value for name, value in given.items() if value is not None}

    @staticmethod
    def from_dict(given: dict[str, Any]) -> Calendar:
        """Return the calendar that `to_dict` described. Raises ValueError with a sentence if it cannot."""
        for name in given:
            if name not in CALENDAR_KEYS:
                raise ScheduleError(f"A calendar has no {shown(name)}{nearest(name, CALENDAR_KEYS) or '.'}")
        return Calendar(**given)

    def __reduce__(self) -> tuple[Any, ...]:
        return Calendar.from_dict, (self.to_dict(),)


def as_calendar(value: object) -> Calendar | None:
    """Return a calendar, or the one that a collection of dates or a stored form describes; None for all else."""
    if isinstance(value, Calendar):
        return value
    if isinstance(value, dict):
        return Calendar.from_dict(value)
    return Calendar(value) if isinstance(value, (set, frozenset, list, tuple)) else None


def _read_date(value: object) -> date | MonthDay | str:
    """Return a date, month and day of a date of every year, or the name of a day of the week."""
    if value in WEEKDAYS:
        return str(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        yearly = YEARLY.fullmatch(value) if isinstance(value, str) else None
        if yearly is None:
            return date.fromisoformat(value)  # type: ignore[arg-type] # raises TypeError for what is no text
        named = date(LEAP_YEAR, int(yearly[1]), int(yearly[2]))
    except (TypeError, ValueError):
        raise ScheduleError(
            f"{shown(value)} is not a date of a calendar; expected a date, '2026-12-24', '12-24' for every year, or 'saturday'."
        ) from None
    return named.month, named.day


def _read_weekend(given: object) -> tuple[str, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ScheduleError(f"The weekend of a calendar is a list of days of the week, not {shown(given)}.")
    named = set()
    for name in items("The weekend of a calendar", given, MOST_GIVEN):
        if name not in WEEKDAYS:
            raise ScheduleError(f"{shown(name)} is not a day of the week{nearest(name, WEEKDAYS) or '.'}")
        named.add(name)
    if len(named) == len(WEEKDAYS):
        raise ScheduleError("The weekend of a calendar leaves no business day.")
    return tuple(name for name in WEEKDAYS if name in named)
