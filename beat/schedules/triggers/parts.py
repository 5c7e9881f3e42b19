"""What a trigger is made of: one class for each sort of trigger that APScheduler has.

A trigger of APScheduler answers `get_next_fire_time(previous, now)`, from its last answer and from `now` on. The parts
answer the one question of this project, the first fire strictly after an instant, from nothing but their arguments:

* a date is `at`: an instant, or a reading of a clock;
* an interval is elapsed time on the UTC line, counted from its start;
* the fields of cron and calendar intervals are readings of a wall clock, which `beat.dst` takes to instants under
  this project's policy (`beat.schedules.triggers.cron_fields`, `beat.schedules.triggers.calendar_interval`);
* `or` is a union and `and` an intersection, as `a | b` and `a & b` make them (`beat.schedules.combined`).

Only a trigger of another package is asked itself, since nothing is known of it (`beat.schedules.triggers.foreign`).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from beat.schedules.arguments import ScheduleError, as_seconds, zone_name
from beat.schedules.at import at
from beat.schedules.base import FIRST, LAST, Schedule
from beat.schedules.bounded import bounded_mask
from beat.schedules.combined import Intersection, Union
from beat.schedules.combining.combination import Altered, Combined, common_zone
from beat.schedules.combining.lattice import Lattice
from beat.schedules.interval import schedule
from beat.schedules.phrases import duration, zone_phrase
from beat.schedules.triggers.moments import (
    Moment,
    bounds_phrase,
    micros_of,
    moment_text,
    not_after,
    not_before,
    settled,
)
from jobq.instants import from_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from beat.schedules.combining.day_masks import Stretch
    from beat.schedules.combining.search import Search


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
    def reads_clocks(self) -> bool:
        """Whether `gap` and `fold` mean anything to it."""
        return False

    @property
    def fold_policy(self) -> str:
        """In which passes of a fold it fires, see `beat.dst`: what a bound that the clock shows twice means."""
        return "first"

    @property
    def bounds(self) -> tuple[Moment | None, Moment | None]:
        """The first and the last moment that it may fire at."""
        return None, None

    def span(self, tz: tzinfo) -> tuple[int | None, int | None]:
        """Return the bounds as instants; `tz` is the zone if the part has none.

        A bound that the clock leaves out is the first instant after the gap. One that it shows twice lets through
        the passes in which the part fires.
        """
        zone, (start, end) = self.tz or tz, self.bounds
        first = None if start is None else micros_of(start, zone, second=self.fold_policy == "second")
        last = None if end is None else micros_of(end, zone, second=self.fold_policy != "first")
        return first, last

    def _from(self, us: int) -> Schedule:
        return self.filled(Filling(anchor=us)) if self.by_anchor else self

    @property
    def weight(self) -> int:
        leaf = self.leaf
        if isinstance(leaf, Combined):
            return leaf.size
        return super().weight if leaf is self else leaf.weight

    @property
    def leaf(self) -> Schedule:
        """What fires as it does but for the bounds, in the form that the search of a combination knows best."""
        return self

    @property
    def clocks(self) -> tuple[Schedule, ...]:
        return () if self.leaf is self else self.leaf.clocks


@dataclass(frozen=True, slots=True)
class DatePart(Part):
    """Fire once, as `at` does."""

    once: at
    tz: ZoneInfo | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tz", self.once.tz)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        return self.once.next_micros(us, self.tz or tz)

    @property
    def reads_clocks(self) -> bool:
        return True

    @property
    def leaf(self) -> Schedule:
        return self.once

    def filled(self, by: Filling) -> Part:
        once = self.once
        return DatePart(at(once.when, once.tz or by.tz, gap=once.gap or by.gap, fold=once.fold or by.fold))

    def describe(self) -> str:
        return self.once.describe()

    def arguments(self) -> dict[str, Any]:
        given = self.once.arguments()
        return {"type": "date", "run_date": given.pop("when"), "timezone": given.pop("tz"), **given}


@dataclass(frozen=True, slots=True)
class IntervalPart(Part):
    """Fire at `start` and every `micros` after it. Without a start, `micros` after whatever instant is asked about."""

    micros: int
    start: Moment | None
    end: Moment | None
    tz: ZoneInfo | None

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        first, last = self.span(tz)
        start = us + self.micros if first is None else first
        return not_after(last, Lattice(start, self.micros).after(us))

    @property
    def by_anchor(self) -> bool:
        return self.start is None

    @property
    def bounds(self) -> tuple[Moment | None, Moment | None]:
        return self.start, self.end

    @property
    def leaf(self) -> Schedule:
        every = timedelta(microseconds=self.micros)
        if self.start is None:
            return schedule(every)
        if not isinstance(self.start, int) or self.start - self.micros < FIRST:
            return self
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
    leaf: Schedule = field(compare=False, repr=False)

    def __init__(self, parts: Sequence[Part]) -> None:
        put = object.__setattr__
        put(self, "parts", tuple(parts))
        put(self, "tz", common_zone(parts))
        put(self, "whole", self._whole())
        put(self, "leaf", self._leaf())

    @abstractmethod
    def _whole(self) -> Combined: ...

    def _leaf(self) -> Schedule:
        return self.whole

    @property
    def by_anchor(self) -> bool:
        return any(part.by_anchor for part in self.parts)

    @property
    def reads_clocks(self) -> bool:
        return any(part.reads_clocks for part in self.parts)

    def filled(self, by: Filling) -> Self:
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

    def _leaf(self) -> Schedule:
        return self.whole if all(part.bounds == (None, None) for part in self.parts) else Spanned(self)

    def span(self, tz: tzinfo) -> tuple[int | None, int | None]:
        spans = [part.span(tz) for part in self.parts]
        first = max((start for start, _ in spans if start is not None), default=None)
        last = min((end for _, end in spans if end is not None), default=None)
        return first, last

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        first, last = self.span(tz)
        running = self.whole._from(us)  # noqa: SLF001 - of the same family
        return not_after(last, running.next_bounded(not_before(first, us), tz))

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        first, last = self.span(tz)
        until = until if last is None else min(until, last)
        return self.whole.latest_micros(not_before(first, since), until, tz)

    def describe(self) -> str:
        return self._described("Only when all of these fire at once")

    def arguments(self) -> dict[str, Any]:
        return self._stored("and")


@dataclass(frozen=True, slots=True, init=False)
class Spanned(Altered):
    """What an `and` with bounds fires as, in the search of a combination."""

    by: AndPart = field(repr=False)

    def __init__(self, by: AndPart) -> None:
        self._put((by.whole,), of=by.whole, by=by)

    def with_parts(self, parts: tuple[Schedule, ...]) -> Combined:  # noqa: ARG002 - see `_from`
        return self

    def _from(self, us: int) -> Combined:
        return Spanned(self.by.filled(Filling(anchor=us))) if self.by.by_anchor else self

    def seek(self, us: int, search: Search) -> int | None:
        first, last = self.by.span(search.tz)
        return not_after(last, search.after(self.of, not_before(first, us)))

    def mask_on(self, stretch: Stretch) -> int | None:
        first, last = self.by.span(stretch.search.tz)
        return bounded_mask(
            self.of, stretch, FIRST if first is None else first, LAST if last is None else last
        )

    def describe(self) -> str:
        return self.by.describe()

    def arguments(self) -> dict[str, Any]:
        raise ScheduleError("This is part of a trigger, which is what can be stored.")
