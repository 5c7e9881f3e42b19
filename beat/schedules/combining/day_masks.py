"""All fires of a date at once: passing over long stretches in which a combination does not fire.

``cron("* * * * *") - cron("* * 2-31 * *")`` fires on the first of the month, and to step there over the fires that are
removed takes 43 200 questions. But a wall clock has the same times on every date on which it fires at all, an
interval of whole seconds goes on from its first fire of a date, and what fires a few times can be listed. So the fires
of a date are known from a few questions per leaf, and written down as an integer of 86 400 bits, one a second;
union, intersection and difference are then ``|``, ``&`` and ``& ~``, the lowest bit left is the first fire, and no bit
left means on to the next date.

Within a segment of a zone (see `beat.dst`) and away from readings that are shown twice, a wall clock fires at the
matching readings and at no other instant. So the unit is not quite the date, but a `Stretch` of instants that are of
one date, and for which that is true, in every zone in which the combination reads a clock or a calendar. The first
instant of a segment, and repeated readings, are stepped through as ever.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from beat.dst import DAY, zone_line
from beat.schedules.base import FIRST
from beat.schedules.clock.local_time import LocalTime
from beat.schedules.combining.combination import Combined
from beat.schedules.combining.search import leaf_of
from beat.schedules.interval import schedule as interval
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from beat.schedules.base import Schedule
    from beat.schedules.combining.search import Search

DATE_STEP: Final = 2  # what a stretch counts for in a search,
MASKS_PER_STEP: Final = 4  # besides its masks
FEW: Final = 4  # fires of a stretch that are listed one by one
VAIN: Final = 8  # stretches whose fires are not known, before it is taken that those of no stretch are


class Place(NamedTuple):
    """Where a stretch lies in a zone."""

    day: int
    midnight: int  # when the date would begin if its offset were that of the stretch throughout


class Stretch(NamedTuple):
    """Instants of one date, within a segment and with readings that are shown once, in each of some zones.

    Its bits are its seconds; those beyond its end mean nothing.
    """

    start: int
    end: int
    places: dict[int, Place]  # by the id of the zone
    search: Search

    def day_of(self, one: Schedule) -> int:
        """Return the date in the zone in which a schedule is evaluated."""
        return self._place(one).day

    def mask_of(self, one: Schedule) -> int | None:
        """Return the seconds at which a schedule fires, None if that is not known at once."""
        one = leaf_of(one)
        if isinstance(one, Combined):
            return one.mask_on(self)
        fire = self.search.after(one, self.start - 1)
        if fire is None or fire >= self.end:
            return 0
        if isinstance(one, LocalTime):
            place = self._place(one)
            times = one.times_on(place.day)
            if times is not None:
                self.search.weigh(one, times)
                return times >> (self.start - place.midnight) // SECOND
        elif one.by_anchor:
            return None
        elif isinstance(one, interval) and not one.relative and not fire % SECOND and not one.micros % SECOND:
            return _every(one.micros // SECOND) << (fire - self.start) // SECOND
        return self._listed(one, fire)

    def masks_of(self, parts: tuple[Schedule, ...]) -> list[int] | None:
        masks = []
        for part in parts:
            mask = self.mask_of(part)
            if mask is None:
                return None
            masks.append(mask)
        return masks

    def _place(self, one: Schedule) -> Place:
        return self.places[id(one.tz or self.search.tz)]

    def _listed(self, one: Schedule, first: int) -> int | None:
        mask, fire = 0, first
        for _ in range(FEW):
            if fire % SECOND:
                return None
            mask |= 1 << (fire - self.start) // SECOND
            following = self.search.after(one, fire)
            if following is None or following >= self.end:
                return mask
            fire = following
        return None


class DayWalk:
    """A search that passes over whole dates.

    All fires of the combination `one` are fires of `lead`, which is part of it.
    """

    __slots__ = ("_lead", "_left", "_one", "_search", "_unknown_until", "_zones")

    def __init__(self, one: Combined, lead: Schedule, search: Search) -> None:
        self._zones = {id(zone): zone_line(zone) for zone in _zones(one, search)} or {0: zone_line(search.tz)}
        self._one = one
        self._lead = lead
        self._search = search
        self._left = VAIN
        self._unknown_until = FIRST

    def passed(self, us: int) -> int | None:
        """Return an instant, `us` or later, up to which nothing fires after `us`; None if nothing does any more."""
        while self._left and us >= self._unknown_until:
            upcoming = self._search.after(self._lead, us)
            if upcoming is None:
                return None
            stretch = self._stretch(upcoming)
            if stretch is None:
                return us
            mask = stretch.mask_of(self._one)
            if mask is None:
                self._left -= 1
                self._unknown_until = stretch.end
                return us
            self._search.charge(DATE_STEP + self._one.size // MASKS_PER_STEP)
            if mask:
                fire = stretch.start + ((mask & -mask).bit_length() - 1) * SECOND
                if fire < stretch.end:
                    return fire - 1
            us = stretch.end - 1
        return us

    def _stretch(self, upcoming: int) -> Stretch | None:
        """Return the rest of the stretch from the second of `upcoming` on, None if that is not in one."""
        second = upcoming // SECOND
        places, end = {}, second + DAY
        for zone, line in self._zones.items():
            segment = line.segment(second)
            reading = second + segment.offset
            if not segment.repeated_until <= reading < segment.repeats_from:
                return None
            if line.segment(second - 1).offset != segment.offset:
                return None
            day = reading // DAY
            end = min(end, segment.end, min((day + 1) * DAY, segment.repeats_from) - segment.offset)
            places[zone] = Place(day, (day * DAY - segment.offset) * SECOND)
        return Stretch(second * SECOND, end * SECOND, places, self._search)


def _zones(one: Schedule, search: Search) -> Iterator[tzinfo]:
    """Yield the zones by which a schedule reads clocks and dates."""
    one = leaf_of(one)
    if isinstance(one, LocalTime) or (isinstance(one, Combined) and one.reads_dates):
        yield one.tz or search.tz
    if isinstance(one, Combined):
        for part in one.parts:
            yield from _zones(part, search)


@lru_cache(maxsize=256)
def _every(step: int) -> int:
    """Return the seconds 0, step, 2 * step ... of a day."""
    mask, width = 1, step
    while width < DAY:
        mask |= mask << width
        width *= 2
    return mask & (1 << DAY) - 1
