"""Jitter: every fire moved later by its share of some seconds, so that many entries do not fire at once.

The share is a hash of the entry's name and the fire, hence fixed for a tick: every beat on every machine agrees on
it, today and after a restart, and no state is kept. It is a fraction h / 2**64 with h the first 8 bytes, as a big-endian
integer, of the BLAKE2b hash (digest size 8) of ``<name>@<fire in microseconds>`` in UTF-8; the delay is that fraction
of the reach, rounded down to whole microseconds. The reach is `seconds`, but no more than the time until the next
fire. So the delay is less than that time: a moved fire comes before the next fire, and so before that one moved.
Order is kept, and no two ticks become one.

The next moved fire after an instant therefore is that of the last fire up to the instant, if it has not happened
yet, or else that of the first fire after the instant; fires before the last have happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

from beat.schedules.arguments import ScheduleError, as_micros, as_seconds, shown
from beat.schedules.combining.clauses import sentence
from beat.schedules.combining.combination import Altered, as_schedule
from beat.schedules.combining.search import Exhausted, Search
from beat.schedules.interval import MOST
from beat.schedules.phrases import duration

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from zoneinfo import ZoneInfo

    from beat.schedules.base import Schedule


@dataclass(frozen=True, slots=True, init=False)
class Jittered(Altered):
    """The fires of a schedule, each up to `seconds` later: ``a.jittered(300)``.

    `seconds` is seconds, a timedelta or text, from 0 to a century. `name` is that of the entry, which `bind` gives.
    """

    kind: ClassVar[str] = "jittered"

    seconds: timedelta
    name: str
    micros: int = field(compare=False, repr=False)

    def __init__(self, of: Schedule, seconds: float | timedelta | str, name: str = "") -> None:
        of = as_schedule("What is jittered", of)
        micros = as_micros("The jitter", seconds)
        if not 0 <= micros <= MOST:
            raise ScheduleError(
                f"The jitter is {shown(seconds)}; it must be at least 0 seconds and at most a century."
            )
        if not isinstance(name, str):
            raise ScheduleError(f"The name of a jitter is a text, not {shown(name)}.")
        self._put((of,), of=of, seconds=timedelta(microseconds=micros), name=name, micros=micros)

    @property
    def by_name(self) -> bool:
        return not self.name or self.of.by_name

    def with_parts(self, parts: tuple[Schedule, ...]) -> Jittered:
        return Jittered(parts[0], self.seconds, self.name)

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        of = self.of.bind(tz=tz, anchor=anchor, name=name, gap=gap, fold=fold)
        return Jittered(of, self.seconds, self.name or name)

    def seek(self, us: int, search: Search) -> int | None:
        last = search.latest(self.of, us - self.micros, us)
        if last is not None:
            moved = self._moved(last, search)
            if moved > us:
                return moved
        fire = search.after(self.of, us)
        return None if fire is None else self._moved(fire, search)

    def seek_latest(self, since: int, until: int, search: Search) -> int | None:
        fire = search.latest(self.of, since - self.micros, until)
        if fire is not None and self._moved(fire, search) > until:
            fire = search.latest(self.of, since - self.micros, fire - 1)
        moved = None if fire is None else self._moved(fire, search)
        return moved if moved is not None and moved > since else None

    def _moved(self, fire: int, search: Search) -> int:
        following = search.within(fire + self.micros, strict=True).after(self.of, fire)
        reach = self.micros if following is None else min(self.micros, following - fire)
        return fire + (share(self.name, fire) * reach >> 64)

    def describe(self) -> str:
        most = duration(self.micros, full=True) or "0 seconds"
        return sentence(self.of, f"each delayed by up to {most}, always the same for the same fire")

    def arguments(self) -> dict[str, Any]:
        return {"of": self.of.to_dict(), "seconds": as_seconds(self.micros), "name": self.name or None}


def jittered(one: Schedule, seconds: float | timedelta | str) -> Schedule:
    """Return `one` with jitter; with a jitter of 0 seconds it is itself."""
    moved = Jittered(one, seconds)
    return moved if moved.micros else one


def nominal(schedule: Schedule) -> Schedule:
    """Return a schedule without its jitter."""
    return schedule.of if isinstance(schedule, Jittered) else schedule


def nominal_fire(schedule: Schedule, fire: int, tz: tzinfo) -> int | None:
    """Return the fire of `nominal(schedule)` that jitter has moved to `fire`, in epoch microseconds."""
    if not isinstance(schedule, Jittered):
        return fire
    return schedule.of.latest_micros(fire - schedule.micros - 1, fire, schedule.of.tz or tz)


def moved_fire(schedule: Schedule, fire: int, tz: tzinfo) -> int | None:
    """Return where jitter moves a fire of `nominal(schedule)`, in epoch microseconds; None if that is not found."""
    if not isinstance(schedule, Jittered):
        return fire
    try:
        return schedule._moved(fire, Search(tz))  # noqa: SLF001 - of this file
    except Exhausted:
        return None


def share(name: str, fire: int) -> int:
    """Return the share of the jitter that a tick takes, in units of 2**-64."""
    tick = f"{name}@{fire}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(tick, digest_size=8).digest(), "big")
