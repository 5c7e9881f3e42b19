"""A schedule as entries evaluate it: bound to a zone and an anchor, on the integer time line.

Many entries say the same, and are due at the same instants. They share one `Evaluation`, and what it was asked is
kept, so that ten thousand entries with equal schedules cost one evaluation a tick. Both caches are bounded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from jobq.instants import from_micros

if TYPE_CHECKING:
    from beat.schedules import Schedule

MOST_SHARED = 16_384
MOST_ANSWERS = 65_536


class Evaluation:
    """A bound schedule. Instants are epoch microseconds; 0 stands for none."""

    __slots__ = ("schedule", "tz")

    def __init__(self, schedule: Schedule, tz: ZoneInfo) -> None:
        self.schedule = schedule
        self.tz = tz

    def next_after(self, instant: int) -> int:
        """Return the first fire time strictly after `instant`."""
        return _next_after(self, instant)

    def latest(self, since: int, until: int) -> int:
        """Return the last fire time f with since < f <= until."""
        return _latest(self, since, until) if 0 < _next_after(self, since) <= until else 0


class Binding(NamedTuple):
    """All that decides how a schedule is evaluated."""

    schedule: Schedule
    timezone: str
    anchor: int  # epoch microseconds
    name: str  # of the entry
    gap: str | None
    fold: str | None


def evaluation(binding: Binding) -> Evaluation:
    """Return the evaluation that all entries share which evaluate their schedule alike.

    A zone that this machine does not know raises what `ZoneInfo` does.
    """
    schedule = binding.schedule
    if not schedule.by_anchor:
        binding = binding._replace(anchor=0)
    return _shared(binding if schedule.by_name else binding._replace(name=""))


def evaluations() -> int:
    """Return how many next fire times were worked out so far, and not taken from the cache."""
    return _next_after.cache_info().misses


@lru_cache(MOST_SHARED)
def _shared(of: Binding) -> Evaluation:
    zone = ZoneInfo(of.timezone)
    bound = of.schedule.bind(tz=zone, anchor=from_micros(of.anchor), name=of.name, gap=of.gap, fold=of.fold)
    return Evaluation(bound, bound.tz or zone)


@lru_cache(MOST_ANSWERS)
def _next_after(asked: Evaluation, instant: int) -> int:
    return asked.schedule.next_bounded(instant, asked.tz) or 0


@lru_cache(MOST_SHARED)
def _latest(asked: Evaluation, since: int, until: int) -> int:
    return asked.schedule.latest_micros(since, until, asked.tz) or 0
