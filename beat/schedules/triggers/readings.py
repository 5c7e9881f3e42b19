"""What a trigger that names readings of a clock fires as."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from beat.dst import effective_policy, zone_line
from beat.schedules.arguments import ScheduleError
from beat.schedules.clock.wallclock import WallClock
from beat.schedules.phrases import zone_phrase

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from beat.dst import ZoneLine
    from beat.schedules.clock.walls import Walls


@dataclass(frozen=True, slots=True, init=False)
class Readings(WallClock):
    """Readings of a wall clock, however they were found."""

    walls: Walls = field(repr=False)
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    real_time: bool
    policy: tuple[str, str]
    line: ZoneLine | None = field(compare=False, repr=False)
    cost: int = field(compare=False, repr=False)  # of finding them, as in `weight`

    def __init__(
        self,
        walls: Walls,
        tz: ZoneInfo | None,
        gap: str | None,
        fold: str | None,
        *,
        real_time: bool,
        cost: int,
    ) -> None:
        put = object.__setattr__
        put(self, "walls", walls)
        put(self, "tz", tz)
        put(self, "gap", gap)
        put(self, "fold", fold)
        put(self, "real_time", real_time)
        put(self, "policy", effective_policy(gap, fold, real_time))
        put(self, "line", tz and zone_line(tz))
        put(self, "cost", cost)

    @property
    def weight(self) -> int:
        return max(super(Readings, self).weight, self.cost)

    def describe(self) -> str:
        return f"At readings of a wall clock{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        raise ScheduleError("These readings are part of a trigger, which is what can be stored.")
