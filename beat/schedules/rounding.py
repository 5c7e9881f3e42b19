"""Intervals that Celery calls relative: each fire is rounded down to the resolution of the interval.

The resolution is the largest of day, hour, minute and second that the interval reaches: ``schedule(5400,
relative=True)`` has the resolution of an hour. The first fire is ``anchor + every`` rounded down, and each
later one follows from the one before in the same way; since a rounded instant plus the interval rounds down to
the rounded interval, the fires after the first form a lattice and are found without walking.

Days are added on the wall clock and rounded to local midnight, so that a day of 23 or 25 hours is one day.
Less than a day is elapsed time, and rounding takes away the part of the hour or minute that the wall shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from beat.dst import DAY, ZoneLine, next_instant, zone_line

if TYPE_CHECKING:
    from datetime import tzinfo

SECOND: Final = 1_000_000
RESOLUTIONS: Final = (DAY * SECOND, 3_600 * SECOND, 60 * SECOND, SECOND)


def next_rounded(anchor: int, every: int, us: int, tz: tzinfo) -> int | None:
    """Return the first fire strictly after `us`; all in integer microseconds of the UTC line."""
    resolution = resolution_of(every)
    line = zone_line(tz)
    if resolution == RESOLUTIONS[0]:
        return _next_midnight(line, anchor, every, us)
    step = every - every % resolution
    first = max(_rounded_down(line, anchor + every, resolution), anchor + 1)
    if first > us:
        return first
    count = (us - first) // step
    # Rounding takes away less than a step, so that one of these is the first beyond `us`.
    later = (_rounded_down(line, first + (count + k) * step, resolution) for k in range(3))
    return next((fire for fire in later if fire > us), None)


def resolution_of(every: int) -> int:
    """Return what fires are rounded down to: the largest unit that the interval reaches."""
    return next((size for size in RESOLUTIONS if every >= size), 1)


def _rounded_down(line: ZoneLine, us: int, resolution: int) -> int:
    offset = line.segment(us // SECOND).offset * SECOND
    return us - (us + offset) % resolution


def _next_midnight(line: ZoneLine, anchor: int, every: int, us: int) -> int | None:
    offset = line.segment(anchor // SECOND).offset * SECOND
    first = (anchor + offset + every) // (DAY * SECOND) * DAY
    step = every // (DAY * SECOND) * DAY

    def next_wall(reading: int) -> int:
        return first + max((reading - first) // step + 1, 0) * step

    after = max(us, anchor) // SECOND
    fire = next_instant(line, next_wall, after, "after", "first")
    return None if fire is None else fire * SECOND
