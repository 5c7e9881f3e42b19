"""Local dates on the UTC line. Days are numbered from 1970-01-01, instants are integer microseconds.

A date is mostly one stretch of instants. Where a zone sets its clock back over midnight it is two, with a stretch of
another date between; where a zone leaves a date out it is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from beat.dst import DAY, NEVER, next_instant
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beat.dst import ZoneLine

DAY_MICROS: Final = DAY * SECOND


class Piece(NamedTuple):
    """A stretch of a date with one offset."""

    start: int  # its first instant
    end: int  # the instant after its last
    offset: int  # reading minus instant


def reading_of(line: ZoneLine, us: int) -> int:
    """Return what the clock on the wall shows, in microseconds since 1970-01-01T00:00."""
    return us + line.segment(us // SECOND).offset * SECOND


def day_of(line: ZoneLine, us: int) -> int:
    return reading_of(line, us) // DAY_MICROS


def instant_of(line: ZoneLine, reading: int) -> int | None:
    """Return when a reading is shown first; if it is in a gap, the first instant after the gap."""
    wanted, fraction = divmod(reading, SECOND)

    def next_wall(after: int) -> int | None:
        return wanted if after < wanted else None

    second = next_instant(line, next_wall, wanted - 2 * DAY, "after", "first")
    if second is None:
        return None
    shown = second + line.segment(second).offset == wanted
    return second * SECOND + (fraction if shown else 0)


def pieces(line: ZoneLine, day: int) -> Iterator[Piece]:
    """Return the stretches of a date, in order."""
    opening, closing = day * DAY_MICROS, (day + 1) * DAY_MICROS
    start = instant_of(line, opening)
    while start is not None:
        segment = line.segment(start // SECOND)
        offset = segment.offset * SECOND
        end = min(closing - offset, segment.end * SECOND)
        if opening <= start + offset < closing:
            yield Piece(start, end, offset)
        if end < segment.end * SECOND and segment.repeats_from == NEVER:
            return
        start = segment.end * SECOND
        reopening = reading_of(line, start)
        if reopening >= closing:
            return
        start += max(opening - reopening, 0)


def start_of(line: ZoneLine, day: int) -> int | None:
    """Return an instant before which no date from `day` on has begun: its first, if it is shown at all."""
    return instant_of(line, day * DAY_MICROS)
