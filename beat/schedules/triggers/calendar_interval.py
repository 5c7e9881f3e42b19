"""A step of the calendar, ``every 2 months on the 15th at 03:00``, as APScheduler's CalendarIntervalTrigger has it.

The dates follow from the start alone, with no zone in sight; their readings become instants in `beat.dst`, under the same
policy as those of every other schedule. APScheduler drops a date whose reading the clock leaves out; here it fires
at the first instant after the gap, unless ``gap = "skip"`` says otherwise.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, date, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from beat.schedules.arguments import zone_name
from beat.schedules.clock.calendar_days import DateRule, Days
from beat.schedules.clock.walls import Walls
from beat.schedules.phrases import counted, listed, zone_phrase
from beat.schedules.triggers.parts import Filling, Part, Readings

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

AHEAD: Final = 3653  # days by which a walk over dates is lengthened


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
        read = Readings(walls, self.tz, self.gap, self.fold, real_time=False)
        object.__setattr__(self, "leaf", read)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        return self.leaf.next_micros(us, self.tz or tz)

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


class StepDays(Days):
    """The dates reached from `start` by adding `months`, on the same day of the month, and then `days`."""

    def __init__(self, months: int, days: int, start: date, end: date | None) -> None:
        super().__init__(DateRule())
        self._months, self._days, self._start = months, days, start
        self._last = (end or date.max).toordinal()
        self._walk: tuple[int, ...] = (start.toordinal(),)

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
        walk = self._walk
        if walk[-1] < day:
            longer = list(walk)
            while longer[-1] < day + AHEAD and (following := self._following(longer[-1])):
                longer.append(following)
            walk = self._walk = tuple(longer)
        place = bisect_left(walk, day)
        return walk[place] if place < len(walk) else None

    def _following(self, day: int) -> int | None:
        here, ahead = date.fromordinal(day), self._months
        try:
            while (there := _months_later(here, ahead)) is None:
                ahead += self._months
            return (there + timedelta(self._days)).toordinal()
        except OverflowError:
            return None


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
