"""A step of the calendar, ``every 2 months on the 15th at 03:00``, as APScheduler's CalendarIntervalTrigger has it.

The dates follow from the start alone, with no zone in sight; their readings become instants in `beat.dst`, under the same
policy as those of every other schedule. APScheduler drops a date whose reading the clock leaves out; here it fires
at the first instant after the gap, unless ``gap = "skip"`` says otherwise.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import isleap
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, date, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from beat.schedules.arguments import zone_name
from beat.schedules.clock.calendar_days import LENGTHS
from beat.schedules.clock.walls import Walls
from beat.schedules.phrases import counted, listed, zone_phrase
from beat.schedules.triggers.parts import Filling, Part
from beat.schedules.triggers.readings import Readings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

CYCLE: Final = 4800  # months after which the Gregorian calendar repeats itself
CYCLE_DAYS: Final = 146_097
MONTHS: Final = tuple(  # how long each month of a cycle is, from January of a year that 400 divides
    length + (month == 1 and isleap(year)) for year in range(400) for month, length in enumerate(LENGTHS)
)
END: Final = (MAXYEAR + 1) * 12
STRIDE: Final = 8  # of the dates of a walk every eighth is kept
WALK_WEIGHT: Final = 12  # of a walk, which may be one of millennia
AHEAD: Final = 120 * 32  # a walk is lengthened by ten years


@dataclass(frozen=True, slots=True)
class CalendarPart(Part):
    """Fire at one time of day, on dates that are `months` and then `days` apart, from `start` to `end`.

    A date that a step of months does not meet, such as 31 April, is stepped over.
    """

    months: int
    days: int
    second: int  # of the day
    start: date
    end: date | None
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    leaf: Readings = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        walls = step_walls(self.months, self.days, self.second, self.start, self.end)
        cost = WALK_WEIGHT if self.months and self.days else 1
        read = Readings(walls, self.tz, self.gap, self.fold, real_time=False, cost=cost)
        object.__setattr__(self, "leaf", read)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        return self.leaf.next_micros(us, self.tz or tz)

    @property
    def reads_clocks(self) -> bool:
        return True

    def filled(self, by: Filling) -> Part:
        return replace(self, tz=self.tz or by.tz, gap=self.gap or by.gap, fold=self.fold or by.fold)

    def describe(self) -> str:
        steps = [counted(*step) for step in ((self.months, "month"), (self.days, "day")) if step[0]]
        time = f"{self.second // 3600:02}:{self.second // 60 % 60:02}:{self.second % 60:02}".removesuffix(
            ":00"
        )
        until = f" until {self.end}" if self.end else ""
        every = listed(steps).removeprefix("1 ") if len(steps) == 1 else listed(steps)
        return f"Every {every} from {self.start}{until}, at {time}{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "type": "calendarinterval",
            "months": self.months or None,
            "days": self.days or None,
            "hour": self.second // 3600,
            "minute": self.second // 60 % 60,
            "second": self.second % 60,
            "start_date": self.start.isoformat(),
            "end_date": self.end and self.end.isoformat(),
            "timezone": zone_name(self.tz),
            "gap": self.gap,
            "fold": self.fold,
        }


class StepDays:
    """The dates reached from `start` by adding `months`, on the same day of the month, and then `days`.

    Steps of both have to be walked. A date is then a *place*, 32 times its month since the year 0 plus its day: places
    are in the order of their dates, and a step is a few additions.
    """

    def __init__(self, months: int, days: int, start: date, end: date | None) -> None:
        self._months, self._days, self._start = months, days, start
        self._last = (end or date.max).toordinal()
        self._kept: tuple[int, ...] = (_place(start),)

    def at_or_after(self, day: int, year: int) -> int | None:
        del year
        first = self._start.toordinal()
        if day > self._last:
            return None
        if day <= first:
            found: int | None = first
        elif not self._months:
            found = first - (first - day) // self._days * self._days
        elif not self._days:
            found = self._by_months(day)
        else:
            found = self._by_walking(day)
        return found if found is not None and found <= self._last else None

    def _by_months(self, day: int) -> int | None:
        asked = date.fromordinal(day)
        apart = (asked.year - self._start.year) * 12 + asked.month - self._start.month
        ahead = apart - apart % self._months
        while True:
            try:
                found = _months_later(self._start, ahead)
            except OverflowError:
                return None
            if found is not None and found.toordinal() >= day:
                return found.toordinal()
            ahead += self._months

    def _by_walking(self, day: int) -> int | None:
        sought = _place(date.fromordinal(day))
        kept = self._kept
        if kept[-1] < sought:
            kept = self._kept = (*kept, *self._further(kept[-1], sought + AHEAD))
        near = kept[bisect_right(kept, sought) - 1]
        if near == sought:
            return day
        found = next((place for place in self._after(near) if place >= sought), None)
        return (
            None if found is None else date(found // 32 // 12, found // 32 % 12 + 1, found % 32).toordinal()
        )

    def _further(self, place: int, until: int) -> Iterator[int]:
        """Yield the places to keep after one."""
        for count, reached in enumerate(self._after(place), 1):
            if count % STRIDE == 0:
                yield reached
                if reached > until:
                    return

    def _after(self, place: int) -> Iterator[int]:
        """Yield the places of the walk after one, to the end of the calendar."""
        month, day = divmod(place, 32)
        cycles, days = divmod(self._days, CYCLE_DAYS)
        while True:
            month += self._months
            while day > MONTHS[month % CYCLE]:
                month += self._months
            month += cycles * CYCLE
            day += days
            while day > (length := MONTHS[month % CYCLE]):
                day -= length
                month += 1
            if month >= END:
                return
            yield month * 32 + day


def _place(day: date) -> int:
    return (day.year * 12 + day.month - 1) * 32 + day.day


def _months_later(day: date, months: int) -> date | None:
    """Return the same day of a later month, None if it has no such day. Raises OverflowError after the year 9999."""
    years, month = divmod(day.month - 1 + months, 12)
    if day.year + years > MAXYEAR:
        raise OverflowError
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def step_walls(months: int, days: int, second: int, start: date, end: date | None) -> Walls:
    """Return the readings of a calendar interval."""
    return Walls((second // 60,), (second % 60,), StepDays(months, days, start, end))
