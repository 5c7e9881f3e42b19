"""Schedules and calendars: ``a & calendar``, and ``a - calendar``, which can roll what it leaves out.

The date of a fire is the local one, in the zone in which the schedule is evaluated: its own, or that of whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from beat.dst import zone_line
from beat.schedules.arguments import ScheduleError, check_choice, shown
from beat.schedules.calendars import Calendar, as_calendar
from beat.schedules.combining.calendar_walk import CalendarWalk
from beat.schedules.combining.clauses import sentence
from beat.schedules.combining.combination import Altered, as_schedule
from beat.schedules.combining.rolling import MARGIN, next_moved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from beat.schedules.base import Schedule
    from beat.schedules.combining.day_masks import Stretch
    from beat.schedules.combining.search import Search

ROLLS: Final = ("skip", "next", "previous")


@dataclass(frozen=True, slots=True, init=False)
class Dated(Altered):
    """A schedule of which the fires on the dates of a calendar are told from those on other dates."""

    calendar: Calendar

    def _put_dated(self, of: Schedule, calendar: object, *, moving: bool = False, **fields: object) -> None:
        of = as_schedule("What a calendar is applied to", of)
        dates = as_calendar(calendar)
        if dates is None:
            raise ScheduleError(f"The dates are a Calendar or a collection of dates, not {shown(calendar)}.")
        self._put((of,), weight=dates.weight + moving, moving=moving, of=of, calendar=dates, **fields)

    @property
    def reads_dates(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, init=False)
class OnDates(Dated):
    """The fires on the dates of a calendar: ``a & calendar``."""

    kind: ClassVar[str] = "on_dates"

    def __init__(self, of: Schedule, calendar: Calendar | Iterable[date | str]) -> None:
        self._put_dated(of, calendar)

    def mask_on(self, stretch: Stretch) -> int | None:
        return stretch.mask_of(self.of) if self.calendar.holds(stretch.day_of(self)) else 0

    def with_parts(self, parts: tuple[Schedule, ...]) -> OnDates:
        return OnDates(parts[0], self.calendar)

    def seek(self, us: int, search: Search) -> int | None:
        return CalendarWalk(self.of, self.calendar, zone_line(self.tz or search.tz), search).first_held(us)

    def describe(self) -> str:
        return sentence(self.of, f"only on {self.calendar.describe()}")

    def arguments(self) -> dict[str, Any]:
        return {"of": self.of.to_dict(), "calendar": self.calendar.to_dict()}


@dataclass(frozen=True, slots=True, init=False)
class Excluding(Dated):
    """The fires that are not on the dates of a calendar; what is left out can roll.

    With `roll` "next" or "previous", a fire on a date of the calendar is moved to the same time of day on the
    nearest business day after or before: a date that is neither in the calendar nor of its weekend. If there is none
    within 100 days (`rolling.FARTHEST`), it is left out. Fires on all other dates, so of a weekend too, stay
    where they are. A moved reading that is in a gap becomes the end of the gap, one that is shown twice the first
    of the two. Where fires meet they are one.
    """

    kind: ClassVar[str] = "excluding"

    roll: str

    def __init__(self, of: Schedule, calendar: Calendar | Iterable[date | str], roll: str = "skip") -> None:
        roll = check_choice("roll", roll, ROLLS) or "skip"
        self._put_dated(of, calendar, moving=roll != "skip", roll=roll)

    def mask_on(self, stretch: Stretch) -> int | None:
        if self.roll != "skip":
            return None
        return 0 if self.calendar.holds(stretch.day_of(self)) else stretch.mask_of(self.of)

    def with_parts(self, parts: tuple[Schedule, ...]) -> Excluding:
        return Excluding(parts[0], self.calendar, self.roll)

    def seek(self, us: int, search: Search) -> int | None:
        line = zone_line(self.tz or search.tz)

        def kept(search: Search) -> int | None:
            return CalendarWalk(self.of, self.calendar, line, search).first_free(us)

        if self.roll == "skip":
            return kept(search)

        def moved(search: Search) -> int | None:
            until = search.limit
            search = search.within(until + MARGIN)  # what is moved back is later than where it comes to be
            return next_moved(CalendarWalk(self.of, self.calendar, line, search), self.roll, us, until)

        return search.earliest(us, [kept, moved])

    def describe(self) -> str:
        left_out = f"except on {self.calendar.describe()}"
        if self.roll == "skip":
            return sentence(self.of, left_out)
        return sentence(self.of, f"{left_out}, but at the same time on the {self.roll} business day instead")

    def arguments(self) -> dict[str, Any]:
        roll = None if self.roll == "skip" else self.roll
        return {"of": self.of.to_dict(), "calendar": self.calendar.to_dict(), "roll": roll}
