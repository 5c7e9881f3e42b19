"""A trigger of APScheduler as a schedule: ``trigger(CronTrigger(hour=3, timezone="Europe/Prague"))``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from beat.schedules.base import Schedule
from beat.schedules.triggers.form import check_policy, read_part
from beat.schedules.triggers.parts import Filling
from jobq.instants import to_micros

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from zoneinfo import ZoneInfo

    from beat.schedules.triggers.parts import Part


@dataclass(frozen=True, slots=True, init=False)
class trigger(Schedule):  # noqa: N801 - a value's constructor, like its siblings with Celery's names
    """Fire when a trigger of APScheduler 3 does: cron, interval, date, calendarinterval, `and`, `or`.

    What it means is taken from the trigger; when it fires is worked out here, so that it depends on nothing but the
    instant, and changes of a zone are treated as everywhere (`gap` and `fold` are as in `beat.dst`). The trigger's
    own zone wins over the entry's. The trigger may also be given in its stored form, a mapping of ``type`` and the
    arguments of its constructor; then what an object would take from the clock or the machine stays open: the zone is
    the entry's, and an interval without a start_date counts from the entry's creation.

    A trigger class of another package is asked itself. It cannot be stored, and evaluating it raises ScheduleError if
    it breaks its contract. Raises ScheduleError with a sentence for jitter, which is random, for a trigger that would
    never fire, and for arguments that cannot be read.
    """

    kind: ClassVar[str] = "trigger"

    part: Part
    tz: ZoneInfo | None = field(compare=False, repr=False)
    effort: int = field(compare=False, repr=False)
    searched: bool = field(compare=False, repr=False)

    def __init__(self, apscheduler_trigger: Any, *, gap: str | None = None, fold: str | None = None) -> None:
        part = read_part(apscheduler_trigger)
        check_policy(part, gap, fold)
        self._put(part.filled(Filling(gap=gap, fold=fold)))

    def _put(self, part: Part) -> None:
        object.__setattr__(self, "part", part)
        object.__setattr__(self, "tz", part.tz)
        object.__setattr__(self, "effort", max(2, part.leaf.effort))
        object.__setattr__(self, "searched", part.bounds == (None, None) and part.leaf.searched)

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        return self.part.next_micros(us, tz)

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        return self.part.latest_micros(since, until, tz)

    @property
    def weight(self) -> int:
        return max(self.part.weight, 2)

    @property
    def clocks(self) -> tuple[Schedule, ...]:
        return self.part.clocks

    @property
    def by_anchor(self) -> bool:
        return self.part.by_anchor

    @property
    def by_name(self) -> bool:
        return False

    def _from(self, us: int) -> Schedule:
        return self._with(Filling(anchor=us)) if self.by_anchor else self

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        del name
        return self._with(Filling(tz, to_micros(anchor), gap, fold))

    def _with(self, by: Filling) -> trigger:
        bound = object.__new__(trigger)
        bound._put(self.part.filled(by))
        return bound

    def describe(self) -> str:
        return self.part.describe()

    def arguments(self) -> dict[str, Any]:
        return self.part.arguments()

    @classmethod
    def from_arguments(cls, given: dict[str, Any]) -> Self:
        return cls(given)

    @classmethod
    def from_written(cls, value: Any) -> Self:
        return cls(value)
