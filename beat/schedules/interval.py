"""Elapsed time on the UTC line: ``schedule(30)``, also under its plain name ``every(30)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Final

from beat.schedules.arguments import (
    ScheduleError,
    as_instant,
    as_micros,
    as_seconds,
    as_zone,
    shown,
    within_years,
    zone_name,
)
from beat.schedules.base import Schedule
from beat.schedules.phrases import duration, zone_phrase
from beat.schedules.rounding import next_rounded, resolution_of
from jobq.instants import from_micros, to_micros

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LEAST: Final = 1_000
MOST: Final = 36_525 * 86_400 * 1_000_000


STARTS: Final = {
    86_400_000_000: ", at midnight",
    3_600_000_000: ", on the hour",
    60_000_000: ", on the minute",
    1_000_000: ", on the second",
}


@dataclass(frozen=True, slots=True, init=False)
class schedule(Schedule):  # noqa: N801 - Celery's name
    """Fire every `run_every` of elapsed time: the k-th fire is ``anchor + k * run_every``, k = 1, 2, ...

    `run_every` is seconds, a timedelta or text such as ``1h30m``, from 1 ms to a century. Without an anchor the next fire after an instant
    is `run_every` later, and a question about a stretch of time takes its start as the anchor. With `relative`, a
    fire is rounded down to the resolution of `run_every` (the local day, hour, minute or second), as Celery does.
    Raises ValueError with a sentence.
    """

    kind: ClassVar[str] = "every"
    effort = 1

    run_every: timedelta
    relative: bool
    anchor: datetime | None
    tz: ZoneInfo | None
    micros: int = field(compare=False, repr=False)  # of the interval
    anchor_micros: int | None = field(compare=False, repr=False)

    def __init__(
        self,
        run_every: float | timedelta | str,
        relative: bool = False,
        *,
        anchor: datetime | str | None = None,
        tz: str | ZoneInfo | None = None,
    ) -> None:
        micros = as_micros("The interval", run_every)
        if not LEAST <= micros <= MOST:
            raise ScheduleError(
                f"The interval is {shown(run_every)}; it must be at least 0.001 seconds and at most a century."
            )
        put = object.__setattr__
        put(self, "run_every", timedelta(microseconds=micros))
        put(self, "relative", bool(relative))
        start = as_instant("The anchor", anchor)
        put(self, "anchor", None if start is None else from_micros(start))
        put(self, "tz", as_zone(tz))
        put(self, "micros", micros)
        put(self, "anchor_micros", start)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        anchor = us if self.anchor_micros is None else self.anchor_micros
        if self.relative:
            return next_rounded(anchor, self.micros, us, tz)
        return anchor + max((us - anchor) // self.micros + 1, 1) * self.micros

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        if self.relative or self.anchor_micros is None:
            return super(schedule, self).latest_micros(since, until, tz)
        count = (until - self.anchor_micros) // self.micros
        fire = self.anchor_micros + count * self.micros
        return fire if count >= 1 and fire > since else None

    def _from(self, us: int) -> Schedule:
        return self if self.anchor else self._with(us, self.tz)

    @property
    def by_anchor(self) -> bool:
        return self.anchor is None

    @property
    def by_name(self) -> bool:
        return False

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        del name, gap, fold
        own = self.anchor_micros
        return self._with(to_micros(anchor) if own is None else own, self.tz or tz)

    def _with(self, us: int, tz: ZoneInfo | None) -> schedule:
        """This interval with another anchor and zone: what is right in it need not be checked again."""
        bound = object.__new__(schedule)
        put = object.__setattr__
        put(bound, "run_every", self.run_every)
        put(bound, "relative", self.relative)
        put(bound, "micros", self.micros)
        put(bound, "anchor", from_micros(within_years(us)))
        put(bound, "anchor_micros", within_years(us))
        put(bound, "tz", tz)
        return bound

    def describe(self) -> str:
        if not self.relative:
            return f"Every {duration(self.micros)}."
        resolution = resolution_of(self.micros)
        step = self.micros - self.micros % resolution
        return f"Every {duration(step)}{STARTS.get(resolution, '')}{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "run_every": as_seconds(self.micros),
            "relative": self.relative or None,
            "anchor": self.anchor.isoformat() if self.anchor else None,
            "tz": zone_name(self.tz),
        }


every = schedule
