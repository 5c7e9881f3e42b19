"""What a trigger is made of: one class for each sort of trigger that APScheduler has.

A trigger of APScheduler answers `get_next_fire_time(previous, now)`, from its last answer and from `now` on. The parts
answer the one question of this project, the first fire strictly after an instant, from nothing but their arguments:

* a date is one instant;
* an interval is elapsed time on the UTC line, counted from its start;
* the fields of cron and calendar intervals are readings of a wall clock, which `beat.dst` takes to instants under
  this project's policy (`beat.schedules.triggers.cron_fields`, `beat.schedules.triggers.calendar_interval`);
* `or` is a union and `and` an intersection, as `a | b` and `a & b` make them (`beat.schedules.combined`).

Only a trigger of another package is asked itself, since nothing is known of it (`beat.schedules.triggers.foreign`).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from beat.dst import effective_policy, zone_line
from beat.schedules.arguments import ScheduleError, as_seconds, zone_name
from beat.schedules.base import FIRST, LAST, Schedule
from beat.schedules.clock.wallclock import WallClock
from beat.schedules.combined import Intersection, Union
from beat.schedules.combining.lattice import Lattice
from beat.schedules.combining.search import Combined, common_zone
from beat.schedules.interval import schedule
from beat.schedules.phrases import duration, zone_phrase
from jobq.instants import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from beat.dst import ZoneLine
    from beat.schedules.clock.walls import Walls

Moment = int | datetime  # epoch microseconds; or a naive datetime, which waits for a zone


FIRST_MOMENT: Final = to_micros(datetime.min.replace(tzinfo=UTC))
LAST_MOMENT: Final = to_micros(datetime.max.replace(tzinfo=UTC))


class Filling(NamedTuple):
    """What an entry gives to the schedules that leave it open. The anchor is in epoch microseconds."""

    tz: ZoneInfo | None = None
    anchor: int | None = None
    gap: str | None = None
    fold: str | None = None


class Part(Schedule):
    """A trigger without its wrapping. `arguments` returns its stored form."""

    __slots__ = ()

    @abstractmethod
    def filled(self, by: Filling) -> Part:
        """Return the part with what it leaves open filled in."""

    @property
    def by_anchor(self) -> bool:
        return False

    @property
    def bounds(self) -> tuple[Moment | None, Moment | None]:
        """The first and the last instant that it may fire at."""
        return None, None

    @property
    def leaf(self) -> Schedule:
        """What fires as it does but for the bounds, in the form that the search of a combination knows best."""
        return self


@dataclass(frozen=True, slots=True)
class DatePart(Part):
    """Fire once."""

    run_date: Moment
    tz: ZoneInfo | None

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        fire = micros_of(self.run_date, self.tz or tz)
        return fire if fire > us else None

    def filled(self, by: Filling) -> Part:
        tz = self.tz or by.tz
        return DatePart(settled(self.run_date, tz), tz)

    def describe(self) -> str:
        return f"Once, at {_shown(self.run_date, self.tz)}{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        return {"type": "date", "run_date": moment_text(self.run_date), "timezone": zone_name(self.tz)}


@dataclass(frozen=True, slots=True)
class IntervalPart(Part):
    """Fire at `start` and every `micros` after it. Without a start, `micros` after whatever instant is asked about."""

    micros: int
    start: Moment | None
    end: Moment | None
    tz: ZoneInfo | None

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        zone = self.tz or tz
        start = us + self.micros if self.start is None else micros_of(self.start, zone)
        return not_after(self.end, Lattice(start, self.micros).after(us), zone)

    @property
    def by_anchor(self) -> bool:
        return self.start is None

    @property
    def bounds(self) -> tuple[Moment | None, Moment | None]:
        return self.start, self.end

    @property
    def leaf(self) -> Schedule:
        if not isinstance(self.start, int) or self.start - self.micros < FIRST:
            return self
        every = timedelta(microseconds=self.micros)
        return schedule(every, anchor=from_micros(self.start) - every)

    def filled(self, by: Filling) -> Part:
        start, tz = self.start, self.tz or by.tz
        if start is None and by.anchor is not None:
            start = min(by.anchor + self.micros, LAST + 1)
        return IntervalPart(self.micros, settled(start, tz), settled(self.end, tz), tz)

    def describe(self) -> str:
        bounds = bounds_phrase(self.start, self.end, self.tz)
        return f"Every {duration(self.micros)}{bounds}{zone_phrase(self.tz) if bounds else ''}."

    def arguments(self) -> dict[str, Any]:
        return {
            "type": "interval",
            "seconds": as_seconds(self.micros),
            "start_date": moment_text(self.start),
            "end_date": moment_text(self.end),
            "timezone": zone_name(self.tz),
        }


@dataclass(frozen=True, slots=True, init=False)
class Combination(Part):
    """Several parts. The zone is the one that all of them share."""

    parts: tuple[Part, ...]
    tz: ZoneInfo | None
    whole: Combined = field(compare=False, repr=False)  # what evaluates it

    def __init__(self, parts: Sequence[Part]) -> None:
        put = object.__setattr__
        put(self, "parts", tuple(parts))
        put(self, "tz", common_zone(parts))
        put(self, "whole", self._whole())

    @abstractmethod
    def _whole(self) -> Combined: ...

    @property
    def by_anchor(self) -> bool:
        return any(part.by_anchor for part in self.parts)

    def filled(self, by: Filling) -> Part:
        return type(self)([part.filled(by) for part in self.parts])

    def _described(self, opening: str) -> str:
        clauses = [part.describe().removesuffix(".") for part in self.parts]
        return f"{opening}: {'; '.join(clause[:1].lower() + clause[1:] for clause in clauses)}."

    def _stored(self, name: str) -> dict[str, Any]:
        forms = [part.arguments() for part in self.parts]
        return {
            "type": name,
            "triggers": [{k: value for k, value in form.items() if value is not None} for form in forms],
        }


class OrPart(Combination):
    """Fire whenever any part does."""

    __slots__ = ()

    def _whole(self) -> Combined:
        return Union([part.leaf if part.bounds == (None, None) else part for part in self.parts])

    @property
    def leaf(self) -> Schedule:
        return self.whole

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        return self.whole.next_micros(us, tz)

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        return self.whole.latest_micros(since, until, tz)

    def describe(self) -> str:
        return self._described("Whenever any of these fires")

    def arguments(self) -> dict[str, Any]:
        return self._stored("or")


class AndPart(Combination):
    """Fire at the instants at which all parts do.

    The bounds are those of all parts together, so that the search sees what has none: it knows how to pass over
    whole stretches of intervals and of wall clocks.
    """

    __slots__ = ()

    def _whole(self) -> Combined:
        return Intersection([part.leaf for part in self.parts])

    @property
    def leaf(self) -> Schedule:
        return self.whole if all(part.bounds == (None, None) for part in self.parts) else self

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        for part in self.parts:
            us = not_before(part.bounds[0], us, part.tz or tz)
        fire = self.whole.next_bounded(us, tz)
        for part in self.parts:
            fire = not_after(part.bounds[1], fire, part.tz or tz)
        return fire

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        for part in self.parts:
            first, last = part.bounds
            since = not_before(first, since, part.tz or tz)
            until = until if last is None else min(until, micros_of(last, part.tz or tz))
        return self.whole.latest_micros(since, until, tz)

    def describe(self) -> str:
        return self._described("Only when all of these fire at once")

    def arguments(self) -> dict[str, Any]:
        return self._stored("and")


@dataclass(frozen=True, slots=True, init=False)
class Readings(WallClock):
    """Readings of a wall clock, however they were found."""

    walls: Walls
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    real_time: bool
    policy: tuple[str, str]
    line: ZoneLine | None = field(compare=False, repr=False)

    def __init__(
        self, walls: Walls, tz: ZoneInfo | None, gap: str | None, fold: str | None, *, real_time: bool
    ) -> None:
        put = object.__setattr__
        put(self, "walls", walls)
        put(self, "tz", tz)
        put(self, "gap", gap)
        put(self, "fold", fold)
        put(self, "real_time", real_time)
        put(self, "policy", effective_policy(gap, fold, real_time))
        put(self, "line", tz and zone_line(tz))

    def describe(self) -> str:
        return f"At readings of a wall clock{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        raise ScheduleError("These readings are part of a trigger, which is what can be stored.")


def not_before(start: Moment | None, us: int, tz: tzinfo) -> int:
    """Return the instant to ask from, so that nothing fires before the start."""
    return us if start is None else max(us, micros_of(start, tz) - 1)


def not_after(end: Moment | None, fire: int | None, tz: tzinfo) -> int | None:
    """Return the fire, None if it is after the end."""
    return fire if fire is None or end is None or fire <= micros_of(end, tz) else None


def micros_of(moment: Moment, tz: tzinfo) -> int:
    """Return a moment as an instant that can be shown in UTC; `tz` is the zone of a naive one."""
    us = moment if isinstance(moment, int) else to_micros(moment.replace(tzinfo=tz))
    return min(max(us, FIRST_MOMENT), LAST_MOMENT)


@overload
def settled(moment: Moment, tz: ZoneInfo | None) -> Moment: ...
@overload
def settled(moment: Moment | None, tz: ZoneInfo | None) -> Moment | None: ...
def settled(moment: Moment | None, tz: ZoneInfo | None) -> Moment | None:
    """Return a moment as an instant, if there is a zone."""
    return moment if moment is None or tz is None else micros_of(moment, tz)


def moment_text(moment: Moment | None) -> str | None:
    """Return a moment as it is stored: ISO 8601, in UTC or naive."""
    if isinstance(moment, int):
        return from_micros(moment).isoformat()
    return None if moment is None else moment.isoformat()


def bounds_phrase(start: Moment | None, end: Moment | None, tz: ZoneInfo | None) -> str:
    """Return the part of the sentence about the first and the last instant."""
    first = "" if start is None else f", from {_shown(start, tz)}"
    return first if end is None else f"{first}, until {_shown(end, tz)}"


def _shown(moment: Moment, tz: ZoneInfo | None) -> str:
    if isinstance(moment, datetime):
        return moment.isoformat(sep=" ")
    naive = from_micros(min(max(moment, FIRST), LAST), tz or UTC).replace(tzinfo=None)
    return naive.isoformat(sep=" ") + ("" if tz else " UTC")
