"""A schedule between two instants: ``a.between(start, end)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from beat.dst import DAY
from beat.schedules.arguments import ScheduleError, as_instant
from beat.schedules.base import FIRST, LAST
from beat.schedules.combining.clauses import sentence
from beat.schedules.combining.combination import Altered, as_schedule
from jobq.instants import SECOND, from_micros

if TYPE_CHECKING:
    from datetime import datetime

    from beat.schedules.base import Schedule
    from beat.schedules.combining.day_masks import Stretch
    from beat.schedules.combining.search import Search


@dataclass(frozen=True, slots=True, init=False)
class Bounded(Altered):
    """The fires f with start <= f <= end; None is no bound. Bounds are aware datetimes or such ISO 8601 texts."""

    kind: ClassVar[str] = "between"

    start: datetime | None
    end: datetime | None
    first: int = field(compare=False, repr=False)  # the bounds in microseconds
    last: int = field(compare=False, repr=False)

    def __init__(
        self, of: Schedule, start: datetime | str | None = None, end: datetime | str | None = None
    ) -> None:
        of = as_schedule("What is bounded", of)
        first, last = as_instant("start", start), as_instant("end", end)
        self._put(
            (of,),
            of=of,
            start=None if first is None else from_micros(first),
            end=None if last is None else from_micros(last),
            first=FIRST if first is None else first,
            last=LAST if last is None else last,
        )
        if self.last < self.first:
            raise ScheduleError(f"The bounds leave no fire: the end {end} is before the start {start}.")

    def with_parts(self, parts: tuple[Schedule, ...]) -> Bounded:
        return Bounded(parts[0], self.start, self.end)

    def seek(self, us: int, search: Search) -> int | None:
        fire = search.after(self.of, max(us, self.first - 1)) if us < self.last else None
        return fire if fire is not None and fire <= self.last else None

    def seek_latest(self, since: int, until: int, search: Search) -> int | None:
        since, until = max(since, self.first - 1), min(until, self.last)
        return search.latest(self.of, since, until) if since < until else None

    def mask_on(self, stretch: Stretch) -> int | None:
        return bounded_mask(self.of, stretch, self.first, self.last)

    def describe(self) -> str:
        ends = (("from", self.start), ("until", self.end))
        return sentence(self.of, " ".join(f"{word} {_shown(at)}" for word, at in ends if at))

    def arguments(self) -> dict[str, Any]:
        return {
            "of": self.of.to_dict(),
            "start": _shown(self.start) if self.start else None,
            "end": _shown(self.end) if self.end else None,
        }


def bounded_mask(one: Schedule, stretch: Stretch, first: int, last: int) -> int | None:
    """Return the seconds at which a schedule fires between two instants, None if that is not known at once."""
    begin, end = (first - stretch.start - 1) // SECOND + 1, (last - stretch.start) // SECOND
    if end < 0 or first >= stretch.end:
        return 0
    mask, begin = stretch.mask_of(one), max(begin, 0)
    return None if mask is None else (mask & (2 << min(end, DAY)) - 1) >> begin << begin


def between(one: Schedule, start: datetime | str | None, end: datetime | str | None) -> Schedule:
    """Return `one` within bounds; bounds of bounds become one."""
    bounded = Bounded(one, start, end)
    if bounded.start is None and bounded.end is None:
        return one
    if not isinstance(one, Bounded):
        return bounded
    starts = [at for at in (one.start, bounded.start) if at]
    ends = [at for at in (one.end, bounded.end) if at]
    return Bounded(one.of, max(starts, default=None), min(ends, default=None))


def _shown(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
