"""The walk over the readings of fields, which cron and crontab share.

There are two ways to the next fire, and they agree. The one on the UTC line (`next_micros`) is right everywhere: it
walks the segments of the zone, see `beat.dst`. The other (`next_after`) stays on datetimes. On a date on which
the zone changes nothing, each reading of the clock is shown once; if the date of the asking instant and the date of
the next matching reading are both of that sort, then no change between them matters, because no reading between
them matches. The answer is that reading, put together from its date and its time of day. On any other date, and
for schedules finer than a minute, the datetime is taken to the UTC line and back.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import MAXYEAR, MINYEAR, date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

from beat.dst import effective_policy, next_instant, zone_line
from beat.schedules.base import FIRST, LAST
from beat.schedules.clock.bits import seconds_mask
from beat.schedules.clock.local_time import LocalTime
from beat.schedules.clock.walls import SKIPPED_WEIGHT
from beat.schedules.combining.latest import last_between
from jobq.instants import SECOND

if TYPE_CHECKING:
    from datetime import tzinfo
    from zoneinfo import ZoneInfo

    from beat.dst import ZoneLine
    from beat.schedules.base import Schedule
    from beat.schedules.clock.walls import Walls

TIMES: Final = tuple(time(hour, minute) for hour in range(24) for minute in range(60))


class WallClock(LocalTime):
    """A schedule of the readings that fields of minutes, hours and days name."""

    __slots__ = ()
    effort = 1

    gap: str | None
    fold: str | None
    walls: Walls  # the readings that match
    real_time: bool  # whether it follows real time, see `beat.dst`
    line: ZoneLine | None  # of its own zone

    @property
    def weight(self) -> int:
        """What the clock may leave out year after year is looked for through many of its changes."""
        return SKIPPED_WEIGHT if self.policy[0] == "skip" and self.walls.elusive() else 1

    def next_reading(self, reading: int) -> int | None:
        return self.walls.next(reading)

    def times_on(self, day: int) -> int | None:  # noqa: ARG002 - they are the same on all dates
        return _times(self.walls)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        gap, fold = self.policy
        fire = next_instant(self.line or zone_line(tz), self.walls.next, us // SECOND, gap, fold)
        return None if fire is None else fire * SECOND

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        line, (gap, fold) = self.line or zone_line(tz), self.policy
        since, until = max(since, FIRST - 1), min(until, LAST)

        def following(us: int, limit: int) -> int | None:
            fire = next_instant(line, self.walls.next, us // SECOND, gap, fold, until=limit // SECOND)
            return None if fire is None else fire * SECOND

        return last_between(following, since, until) if since < until else None

    def next_after(self, t: datetime) -> datetime | None:
        walls, asking = self.walls, t.tzinfo
        tz = self.tz or asking
        if asking is None or tz is None or not walls.whole_minutes:
            return super().next_after(t)
        if asking is not tz:
            if not MINYEAR < t.year < MAXYEAR:
                return super().next_after(t)
            t = t.astimezone(tz)
        day = t.toordinal()
        unsettled = (self.line or zone_line(tz)).unsettled
        if day in unsettled[day >> 9]:
            return super().next_after(t)
        minutes = walls.minutes
        place = bisect_right(minutes, t.hour * 60 + t.minute)
        later = place < len(minutes)
        if walls.days is None:
            found: int | None = day if later else day + 1
        else:
            found = walls.days.at_or_after(day if later else day + 1, t.year)
        if found == day:
            return datetime.combine(t, TIMES[minutes[place]], tz)
        if found is None or found in unsettled[found >> 9]:
            return super().next_after(t)
        return datetime.combine(date.fromordinal(found), TIMES[minutes[0]], tz)

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        del anchor, name
        return self._with(self.tz or tz, self.gap or gap, self.fold or fold)

    def _with(self, tz: ZoneInfo, gap: str | None, fold: str | None) -> Self:
        """These readings under another zone and policy: what is right in them need not be checked again."""
        bound = object.__new__(type(self))
        put = object.__setattr__
        slots: tuple[str, ...] = self.__slots__
        for name in slots:
            put(bound, name, getattr(self, name))
        put(bound, "tz", tz)
        put(bound, "gap", gap)
        put(bound, "fold", fold)
        put(bound, "policy", effective_policy(gap, fold, self.real_time))
        put(bound, "line", zone_line(tz))
        return bound


@lru_cache(maxsize=256)
def _times(walls: Walls) -> int:
    return seconds_mask(minute * 60 + second for minute in walls.minutes for second in walls.seconds)
