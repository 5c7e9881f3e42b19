"""The fires of a schedule by their local dates: those on the dates of a calendar, and those on all others.

Fires on the wrong dates are not stepped over one by one: the calendar says where the wrong dates end, and the
schedule is asked for its first fire from there on. A jump stays within one segment of the zone (see `beat.dst`),
in which dates follow one another; so a date that a zone shows again, setting its clock back over midnight, is not
passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from beat.dst import NEVER
from beat.schedules.combining.local_days import DAY_MICROS
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from beat.dst import ZoneLine
    from beat.schedules.base import Schedule
    from beat.schedules.calendars import Calendar
    from beat.schedules.combining.search import Search

COUNTRY_STEP: Final = 40  # a step may need the holidays of another year, worked out by a library


class CalendarWalk(NamedTuple):
    """A schedule whose fires are looked for by their local date."""

    of: Schedule
    calendar: Calendar
    line: ZoneLine
    search: Search

    def first_free(self, us: int) -> int | None:
        """Return the first fire after `us` on a date that is not in the calendar."""
        return self._first(us, self.calendar.free_from)

    def first_held(self, us: int) -> int | None:
        """Return the first fire after `us` on a date of the calendar."""
        return self._first(us, self.calendar.date_from)

    def _first(self, us: int, date_from: Callable[[int], int | None]) -> int | None:
        self.search.charge(1)
        fire = self.search.after(self.of, us)
        while fire is not None:
            segment = self.line.segment(fire // SECOND)
            offset = segment.offset * SECOND
            day = (fire + offset) // DAY_MICROS
            found = date_from(day)
            if found == day:
                return fire
            if found is None and segment.repeats_from == NEVER:
                return None
            self.search.charge(COUNTRY_STEP if self.calendar.country else 1)
            end = segment.end * SECOND
            opening = end if found is None else min(found * DAY_MICROS - offset, end)
            us = opening - 1
            fire = self.search.after(self.of, us)
        return None
