"""Fires that a calendar moves to the nearest business day.

Rolling does not keep the order of fires: of a Thursday and a Friday that are closed, 9:00 on Friday comes before 17:00
on Thursday once both are moved to Monday. So the next fire is not looked for among the fires but among their
*targets*, the business days, which do follow one another. A business day collects the times of day of all fires on
its *sources*: the dates of the calendar between it and the business day before (if they roll to the next) or
after (to the previous). No two business days share a source, and of the collected readings only the earliest
after the asking instant is needed; it is found with a question per source, or one per stretch of constant offset
where a source has several. A reading's instant is the first at which it is shown, or the end of the gap it is in;
later readings never have earlier instants, so the earliest reading is the earliest fire.

Sources farther than `FARTHEST` days from their business day are left out. That bounds the sources of a day, and
with them the search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from beat.schedules.combining.local_days import DAY_MICROS, day_of, instant_of, pieces, reading_of, start_of
from jobq.instants import SECOND

if TYPE_CHECKING:
    from beat.dst import ZoneLine
    from beat.schedules.calendars import Calendar
    from beat.schedules.combining.calendar_walk import CalendarWalk

FARTHEST: Final = 100  # days
MARGIN: Final = (FARTHEST + 2) * DAY_MICROS  # no fire is moved farther


class Run(NamedTuple):
    """The dates between two business days, first and last of those near enough, and the one to which they roll."""

    target: int | None
    first: int
    last: int
    following: int | None  # the business day after them


def next_moved(walk: CalendarWalk, roll: str, us: int, until: int) -> int | None:
    """Return the first moved fire after `us`, None if there is none up to `until`."""
    line = walk.line
    day = _first_source(walk.calendar, roll, day_of(line, us))
    shown = _shown_until(line, us)
    while day is not None:
        walk.search.charge(1)
        start = start_of(line, day)
        held = None if start is None else walk.first_held(start - 1)
        if held is None:
            return None
        run = _run(walk.calendar, roll, max(day_of(line, held), day))
        if run.target is not None:
            opening = start_of(line, run.target)
            if opening is None or opening > until:
                return None
            time = _earliest(walk, run, shown - run.target * DAY_MICROS)
            if time is not None:
                moved = instant_of(line, run.target * DAY_MICROS + time)
                return moved if moved is not None and moved <= until else None
        day = None if run.following is None else run.following + 1
    return None


def _first_source(calendar: Calendar, roll: str, today: int) -> int | None:
    """Return a date before which there are no sources of `today` or later, None if nothing is moved any more."""
    if roll == "previous":
        target = calendar.business_from(today)
        return None if target is None else target + 1
    latest = calendar.business_until(today - 1)
    return today - FARTHEST if latest is None else max(latest + 1, today - FARTHEST)


def _shown_until(line: ZoneLine, us: int) -> int:
    """Return the last reading whose first instant is not after `us`."""
    return max(reading_of(line, us), line.segment(us // SECOND).repeated_until * SECOND - 1)


def _run(calendar: Calendar, roll: str, day: int) -> Run:
    """Return the run of dates to which `day`, which is no business day, belongs."""
    before, after = calendar.business_until(day), calendar.business_from(day)
    if roll == "next":
        first = day if after is None else after - FARTHEST
        return Run(after, first if before is None else max(first, before + 1), (after or day + 1) - 1, after)
    last = day if before is None else before + FARTHEST
    return Run(before, (before or day - 1) + 1, last if after is None else min(last, after - 1), after)


def _earliest(walk: CalendarWalk, run: Run, shown: int) -> int | None:
    """Return the earliest time of day later than `shown`, in microseconds, at which a source of the run fires."""
    found = DAY_MICROS
    day = run.first
    while day <= run.last and shown < DAY_MICROS:
        walk.search.charge(1)
        start = start_of(walk.line, day)
        held = None if start is None else walk.first_held(start - 1)
        if held is None:
            break
        day = max(day_of(walk.line, held), day)
        if day > run.last:
            break
        if walk.calendar.holds(day):
            found = min(found, _earliest_on(walk, day, shown))
        day += 1
    return found if found < DAY_MICROS else None


def _earliest_on(walk: CalendarWalk, day: int, shown: int) -> int:
    opening, found = day * DAY_MICROS, DAY_MICROS
    for piece in pieces(walk.line, day):
        start = max(piece.start, opening + shown + 1 - piece.offset)
        fire = walk.search.after(walk.of, start - 1)
        if fire is not None and fire < piece.end:
            found = min(found, fire + piece.offset - opening)
    return found
