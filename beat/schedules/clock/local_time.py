"""What the kinds that read a wall clock share: readings, a DST policy, and the walk over a zone with both."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from beat.dst import next_instant, zone_line
from beat.schedules.base import Schedule
from jobq.instants import SECOND

if TYPE_CHECKING:
    from datetime import tzinfo


class LocalTime(Schedule):
    """A schedule of readings, in its own zone or in the zone of whoever asks."""

    __slots__ = ()

    policy: tuple[str, str]  # the effective gap and fold, see `beat.dst`

    @property
    def clocks(self) -> tuple[Schedule, ...]:
        return (self,)

    @property
    def by_anchor(self) -> bool:
        return False

    @property
    def by_name(self) -> bool:
        return False

    @abstractmethod
    def next_reading(self, reading: int) -> int | None:
        """Return the first matching reading strictly after `reading`: seconds since 1970-01-01T00:00 on the wall."""

    def times_on(self, day: int) -> int | None:  # noqa: ARG002 - of most kinds it takes too long
        """Return the seconds of a date on which it has readings, as 86,400 bits; None if they are not known at once.

        `day` counts from 1970-01-01.
        """
        return None

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        gap, fold = self.policy
        fire = next_instant(zone_line(self.tz or tz), self.next_reading, us // SECOND, gap, fold)
        return None if fire is None else fire * SECOND
