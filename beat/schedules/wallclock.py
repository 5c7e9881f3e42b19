"""What the kinds that read a wall clock share: a zone, a DST policy, and the walk over both."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from beat.dst import next_instant, zone_line
from beat.schedules.base import Schedule
from jobq.instants import SECOND

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from zoneinfo import ZoneInfo

    from beat.schedules.walls import Walls


class WallClock(Schedule):
    """A schedule of readings, in its own zone or in the zone of whoever asks."""

    __slots__ = ()

    gap: str | None
    fold: str | None
    walls: Walls  # the readings that match
    policy: tuple[str, str]  # the effective gap and fold

    @abstractmethod
    def replaced(self, tz: ZoneInfo | None, gap: str | None, fold: str | None) -> WallClock:
        """Return the same readings under another zone and policy."""

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        gap, fold = self.policy
        fire = next_instant(zone_line(tz), self.walls.next, us // SECOND, gap, fold)
        return None if fire is None else fire * SECOND

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        del anchor, name
        return self.replaced(self.tz or tz, self.gap or gap, self.fold or fold)
