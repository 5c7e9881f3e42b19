"""All fires of a date at once: passing over long stretches in which a combination does not fire.

``cron("* * * * *") - cron("* * 2-31 * *")`` fires on the first of the month, and to step there over the fires that are
removed takes 43 200 questions. But a wall clock has the same times on every date on which it fires at all, and an
interval of whole seconds goes on from its first fire of a date. So the fires of a date are known from one question
per leaf, and written down as an integer of 86 400 bits, one a second; union, intersection and difference
are then ``|``, ``&`` and ``& ~``, the lowest bit left is the first fire, and no bit left means on to the next date.

Within a segment of the zone (see `beat.dst`) and away from readings that are shown twice, a wall clock fires at the
matching readings and at no other instant. So the unit is not quite the date, but a `Stretch` of one for which
that is true; the first instant of a segment, and repeated readings, are stepped through as ever. Wall clocks and
calendars have to be of one zone. Where they are not, or where there are other kinds of schedules, nothing is
passed over.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from beat.dst import DAY, zone_line
from beat.schedules.clock.wallclock import WallClock
from beat.schedules.combining.search import Combined
from beat.schedules.interval import schedule as interval
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from beat.schedules.base import Schedule
    from beat.schedules.combining.search import Search


DATE_STEP: Final = 2  # what a date counts for in a search


class Stretch(NamedTuple):
    """Instants of one date, within a segment of its zone and with readings that are shown once."""

    day: int
    midnight: int  # when the date would begin if its offset were that of the stretch throughout
    start: int
    end: int
    zone: tzinfo
    search: Search

    def in_zone(self, one: Schedule) -> bool:
        """Return whether a schedule is evaluated in the zone of the date."""
        return (one.tz or self.search.tz) == self.zone

    def mask_of(self, one: Schedule) -> int | None:
        """Return the seconds of the date at which a schedule fires, None if that is not known at once.

        Seconds outside of the stretch mean nothing.
        """
        if isinstance(one, Combined):
            return one.mask_on(self)
        if isinstance(one, interval):
            if one.anchor_micros is None or one.relative or one.anchor_micros % SECOND or one.micros % SECOND:
                return None
        elif not isinstance(one, WallClock) or not self.in_zone(one):
            return None
        fire = self.search.after(one, self.start - 1)
        if fire is None or fire >= self.end:
            return 0
        if isinstance(one, WallClock):
            return _times(one.walls.minutes, one.walls.seconds)
        return _every(one.micros // SECOND) << (fire - self.midnight) // SECOND

    def masks_of(self, parts: tuple[Schedule, ...]) -> list[int] | None:
        masks = [self.mask_of(part) for part in parts]
        known = [mask for mask in masks if mask is not None]
        return known if len(known) == len(masks) else None


class DayWalk:
    """A search that passes over whole dates.

    All fires of the combination `one` are fires of `lead`, which is part of it.
    """

    __slots__ = ("_known", "_lead", "_line", "_one", "_search", "_zone")

    def __init__(self, one: Schedule, lead: Schedule, search: Search) -> None:
        zones = set(_zones(one, search))
        self._zone = zones.pop() if len(zones) == 1 else search.tz
        self._line = zone_line(self._zone)
        self._one = one
        self._lead = lead
        self._search = search
        self._known = True

    def passed(self, us: int) -> int | None:
        """Return an instant, `us` or later, up to which nothing fires after `us`; None if nothing does any more."""
        while self._known:
            upcoming = self._search.after(self._lead, us)
            if upcoming is None:
                return None
            stretch = self._stretch(upcoming)
            if stretch is None:
                return us
            mask = stretch.mask_of(self._one)
            if mask is None:
                self._known = False
                return us
            self._search.charge(DATE_STEP)
            self._search.moved(us, upcoming)
            place = (stretch.start - stretch.midnight) // SECOND
            left = mask >> place
            fire = stretch.start + ((left & -left).bit_length() - 1) * SECOND
            if left and fire < stretch.end:
                return fire - 1
            us = stretch.end - 1
        return us

    def _stretch(self, upcoming: int) -> Stretch | None:
        """Return the rest of the stretch from the second of `upcoming` on, None if that is not in one."""
        second = upcoming // SECOND
        segment = self._line.segment(second)
        reading = second + segment.offset
        if not segment.repeated_until <= reading < segment.repeats_from:
            return None
        if self._line.segment(second - 1).offset != segment.offset:
            return None
        day = reading // DAY
        closing = min((day + 1) * DAY, segment.end + segment.offset, segment.repeats_from)
        midnight, end = day * DAY - segment.offset, closing - segment.offset
        return Stretch(day, midnight * SECOND, second * SECOND, end * SECOND, self._zone, self._search)


def _zones(one: Schedule, search: Search) -> Iterator[tzinfo]:
    """Yield the zones by which a schedule reads clocks and dates."""
    if isinstance(one, WallClock) or (isinstance(one, Combined) and one.reads_dates):
        yield one.tz or search.tz
    if isinstance(one, Combined):
        for part in one.parts:
            yield from _zones(part, search)


@lru_cache(maxsize=64)
def _times(minutes: tuple[int, ...], seconds: tuple[int, ...]) -> int:
    row = sum(1 << second for second in seconds)
    mask = 0
    for minute in minutes:
        mask |= row << minute * 60
    return mask


@lru_cache(maxsize=64)
def _every(step: int) -> int:
    """Return the seconds 0, step, 2 * step ... of a day."""
    mask, width = 1, step
    while width < DAY:
        mask |= mask << width
        width *= 2
    return mask
