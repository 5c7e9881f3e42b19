"""A schedule that is made of others: what it is asked, and how large, deep and movable it may be."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from beat.schedules.arguments import ScheduleError, shown
from beat.schedules.base import LAST, Schedule
from beat.schedules.combining.latest import last_between
from beat.schedules.combining.search import MOST_LEAVES, PROBED, Exhausted, Search

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo
    from zoneinfo import ZoneInfo

    from beat.schedules.combining.day_masks import Stretch

DEEPEST: Final = 32
MOST_COMBINATIONS: Final = 128  # in one another, or side by side
MOST_STORED: Final = 2_000  # tables and lists of a stored form: no combination that can be built has as many
MOST_MOVES: Final = 3


@dataclass(frozen=True, slots=True, init=False)
class Combined(Schedule):
    """A schedule made of other schedules. Its zone is that of its parts if they have the same."""

    tz: ZoneInfo | None = field(compare=False, repr=False)
    depth: int = field(compare=False, repr=False)  # how many combinations deep
    count: int = field(compare=False, repr=False)  # of combinations in it, itself among them
    size: int = field(compare=False, repr=False)  # how many schedules are at the leaves, by what they cost
    moves: int = field(compare=False, repr=False)  # how many times over a fire may be moved to another date

    def _put(
        self, parts: Iterable[Schedule], *, weight: int = 0, moving: bool = False, **fields: object
    ) -> None:
        """Set all fields, those of every combination from its parts; refuse what is too deep or too large.

        `weight` is what it costs besides its parts, in schedules.
        """
        parts = tuple(parts)
        measured = _measures(parts, weight) | {"moves": _moves_of(parts, moving=moving)}
        for name, value in {**fields, **measured, "tz": common_zone(parts)}.items():
            object.__setattr__(self, name, value)

    @property
    def searched(self) -> bool:
        return True

    @property
    def reads_dates(self) -> bool:
        """Whether it looks at the local dates of fires, besides its parts."""
        return False

    @property
    def by_anchor(self) -> bool:
        return any(part.by_anchor for part in self.parts)

    @property
    def by_name(self) -> bool:
        return any(part.by_name for part in self.parts)

    @property
    @abstractmethod
    def parts(self) -> tuple[Schedule, ...]:
        """The schedules it is made of."""

    @abstractmethod
    def with_parts(self, parts: tuple[Schedule, ...]) -> Combined:
        """Return the same combination of other parts."""

    @abstractmethod
    def seek(self, us: int, search: Search) -> int | None:
        """Return the first fire strictly after `us`. Raises `Exhausted`."""

    def seek_latest(self, since: int, until: int, search: Search) -> int | None:
        """Return the last fire f with since < f <= until. Raises `Exhausted`."""
        return last_between(lambda us, limit: search.within(limit).after(self, us), since, until)

    def mask_on(self, stretch: Stretch) -> int | None:  # noqa: ARG002 - most combinations know better
        """Return the seconds of a date at which it fires, None if that is not known at once: see `day_masks`."""
        return None

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        try:
            return self._from(us).seek(us, Search(tz))
        except Exhausted:
            return None

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        until, found = min(until, LAST), None
        search = Search(tz, until)
        try:
            found = search.latest(self, since, until)
            if not search.gave_up:
                return found
        except Exhausted:
            pass
        running = self._from(since)
        probe = partial(search.afresh(PROBED).probed, running)
        probed = last_between(probe, since if found is None else found, until)
        return found if probed is None else probed

    def _from(self, us: int) -> Combined:
        parts = tuple(part._from(us) for part in self.parts)  # noqa: SLF001 - of the same family
        return self if all(a is b for a, b in zip(parts, self.parts, strict=True)) else self.with_parts(parts)

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        return self.with_parts(
            tuple(part.bind(tz=tz, anchor=anchor, name=name, gap=gap, fold=fold) for part in self.parts)
        )

    @classmethod
    def from_arguments(cls, given: dict[str, Any]) -> Self:
        _check_stored(given)
        return super(Combined, cls).from_arguments(given)


@dataclass(frozen=True, slots=True, init=False)
class Altered(Combined):
    """A combination with one part."""

    of: Schedule

    @property
    def parts(self) -> tuple[Schedule, ...]:
        return (self.of,)


def as_schedule(what: str, value: object) -> Schedule:
    """Return a schedule, or the one that a stored form describes."""
    if isinstance(value, Schedule):
        return value
    if isinstance(value, dict):
        return Schedule.from_dict(value)
    raise ScheduleError(f"{what} is a schedule, not {shown(value)}.")


def common_zone(parts: Iterable[Schedule]) -> ZoneInfo | None:
    """Return the zone of all parts, None if they differ."""
    zones = {part.tz for part in parts}
    return zones.pop() if len(zones) == 1 else None


def _measures(parts: Iterable[Schedule], weight: int) -> dict[str, int]:
    """Return depth, count and size of a combination of `parts`; refuse one that is too deep or too large."""
    depth, count, size = 0, 1, weight
    for part in parts:
        if isinstance(part, Combined):
            depth = max(depth, part.depth)
            count += part.count
            size += part.size
        else:
            size += part.weight
    if depth >= DEEPEST:
        raise _too_deep()
    if count > MOST_COMBINATIONS:
        raise ScheduleError(
            f"Schedules are combined more than {MOST_COMBINATIONS} times; combine them more simply."
        )
    check_size(size)
    return {"depth": depth + 1, "count": count, "size": size}


def check_size(size: int) -> None:
    """Refuse a combination that counts as too many schedules."""
    if size > MOST_LEAVES:
        raise ScheduleError(
            f"A combination of {size} schedules is too large; it may have at most {MOST_LEAVES}. What takes long counts for "
            "several, such as a rule of an rrule, a country's calendar, or what the clock may leave out year after year "
            "(docs/schedules.md, Bounds)."
        )


def _moves_of(parts: Iterable[Schedule], *, moving: bool) -> int:
    """Return how many times over fires are moved by a combination of `parts`; refuse more than can be looked for.

    A move asks for the fires of dates around a date: each one around another multiplies the questions.
    """
    moves = max((part.moves for part in parts if isinstance(part, Combined)), default=0) + moving
    if moves > MOST_MOVES:
        raise ScheduleError(
            f"Calendars that roll what they leave out are more than {MOST_MOVES} deep, one around the other; "
            "put their dates into one calendar."
        )
    return moves


def _check_stored(given: dict[str, Any]) -> None:
    """Refuse a stored form that would use up Python's stack, or much time, before its schedules are counted."""
    level: list[Any] = [given]
    count = 0
    for _ in range(2 * DEEPEST + 2):  # a part in a list is two levels down
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, (dict, list, tuple))
        ]
        count += len(level)
        if not level:
            return
        if count > MOST_STORED:
            raise ScheduleError(
                f"A stored combination has more than {MOST_STORED:,} tables and lists; combine schedules more simply."
            )
    raise _too_deep()


def _too_deep() -> ScheduleError:
    return ScheduleError(f"Schedules are combined more than {DEEPEST} deep; combine them more simply.")
