"""Union, intersection and difference of schedules, as sets of instants.

The fires of ``a | b`` are those of a and those of b, an instant at which both fire being one fire. ``a & b`` has the
instants at which both fire, to the microsecond, and ``a - b`` the fires of a that are none of b. Each part reads its
own zone; one without a zone reads that of whoever asks.

The next fire of a union is the earliest of the next fires. That of an intersection is found by leapfrog: whichever
part is behind jumps to its first fire at or after the candidate of the one ahead, until all are at the same instant.
A difference steps from one fire of the first part to its next while the second part fires there too. Both are
right at every step, as nothing between two steps can be a fire; that they end in time is argued in `combining.search`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self

from beat.schedules.arguments import ScheduleError, shown
from beat.schedules.combining.clauses import inner_phrase, sentence
from beat.schedules.combining.combination import Combined, as_schedule
from beat.schedules.combining.day_masks import DayWalk
from beat.schedules.combining.lattice import Lattice, lattice_of
from beat.schedules.combining.local_days import DAY_MICROS
from beat.schedules.interval import schedule as interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from beat.schedules.base import Schedule
    from beat.schedules.combining.day_masks import Stretch
    from beat.schedules.combining.search import Search

    Ask = Callable[[int], int | None]

LEAVES_PER_STEP: Final = 5
WALKED: Final = 16  # steps in vain before whole dates are looked at,
DENSE: Final = 8 * DAY_MICROS  # if they led no farther


class Step(NamedTuple):
    """One step of a search: the fire if it is found, and where to go on if that is not known yet."""

    fire: int | None
    resume: int | None  # nothing fires up to here; None if the search ends


@dataclass(frozen=True, slots=True, init=False)
class Several(Combined):
    """A combination in which order means nothing: the parts are kept as they were written."""

    named: ClassVar[str]

    of: tuple[Schedule, ...] = field(compare=False)
    members: frozenset[Schedule] = field(repr=False)
    leaves: tuple[Schedule, ...] = field(compare=False, repr=False)
    others: tuple[Schedule, ...] = field(compare=False, repr=False)  # which are searched

    def __init__(self, of: Sequence[Schedule]) -> None:
        if not isinstance(of, (list, tuple)) or not of:
            raise ScheduleError(f"The parts of {self.named} are a list of schedules, not {shown(of)}.")
        parts = tuple(dict.fromkeys(as_schedule(f"A part of {self.named}", part) for part in of))
        leaves = tuple(part for part in parts if not part.searched)
        others = tuple(part for part in parts if part.searched)
        self._put(parts, of=parts, members=frozenset(parts), leaves=leaves, others=others)

    @property
    def parts(self) -> tuple[Schedule, ...]:
        return self.of

    def with_parts(self, parts: tuple[Schedule, ...]) -> Self:
        return type(self)(parts)

    def arguments(self) -> dict[str, Any]:
        return {"of": [part.to_dict() for part in self.of]}


@dataclass(frozen=True, slots=True, init=False)
class Union(Several):
    """The fires of any of the schedules: ``a | b``. Their order does not matter."""

    kind: ClassVar[str] = "union"
    named: ClassVar[str] = "a union"

    def mask_on(self, stretch: Stretch) -> int | None:
        masks = stretch.masks_of(self.of)
        return None if masks is None else reduce(or_, masks)

    def seek(self, us: int, search: Search) -> int | None:
        leaves, others = self.leaves, self.others
        search.charge(len(leaves) // LEAVES_PER_STEP)
        soonest = min(_found(search.after(leaf, us) for leaf in leaves), default=None)
        if others:
            search = search if soonest is None else search.within(soonest - 1)
            found = search.earliest(us, [partial(_next_of, other, us) for other in others])
            return soonest if found is None else found
        return soonest

    def seek_latest(self, since: int, until: int, search: Search) -> int | None:
        fires = [search.latest(leaf, since, until) for leaf in self.leaves]
        fires.append(search.last([partial(_latest_of, other, since, until) for other in self.others]))
        return max(_found(fires), default=None)

    def describe(self) -> str:
        first, *others = self.of
        return sentence(first, *(f"and {inner_phrase(other)}" for other in others))


@dataclass(frozen=True, slots=True, init=False)
class Intersection(Several):
    """The instants at which all of the schedules fire: ``a & b``. Their order does not matter."""

    kind: ClassVar[str] = "intersection"
    named: ClassVar[str] = "an intersection"

    def mask_on(self, stretch: Stretch) -> int | None:
        masks = stretch.masks_of(self.of)
        return None if masks is None else reduce(and_, masks)

    def seek(self, us: int, search: Search) -> int | None:
        asks = self._asks(search)
        if asks is None:
            return None
        return _walk(self, partial(_leap, asks, search.limit), us, search, self.of[0])

    def _asks(self, search: Search) -> list[Ask] | None:
        """Return what is to agree: each part, the intervals taken together; None if those have nothing in common."""
        shared: Lattice | None = None
        asks: list[Ask] = []
        for part in self.of:
            lattice = lattice_of(part) if isinstance(part, interval) else None
            if lattice is None:
                asks.append(partial(search.after, part))
                continue
            shared = lattice if shared is None else shared.meet(lattice)
            if shared is None:
                return None
        return asks if shared is None else [shared.after, *asks]

    def describe(self) -> str:
        first, *others = self.of
        return sentence(first, *(f"only where also {inner_phrase(other)}" for other in others))


@dataclass(frozen=True, slots=True, init=False)
class Difference(Combined):
    """The fires of one schedule that are no fires of another: ``a - b``."""

    kind: ClassVar[str] = "difference"

    of: Schedule
    without: Schedule
    empty: bool = field(compare=False, repr=False)  # known to be, whatever the instant

    def __init__(self, of: Schedule, without: Schedule) -> None:
        of = as_schedule("What a difference starts from", of)
        without = as_schedule("What a difference leaves out", without)
        empty = of in (without.members if isinstance(without, Union) else (without,))
        self._put((of, without), of=of, without=without, empty=empty)

    @property
    def parts(self) -> tuple[Schedule, ...]:
        return self.of, self.without

    @property
    def clocks(self) -> tuple[Schedule, ...]:
        return self.of.clocks

    def mask_on(self, stretch: Stretch) -> int | None:
        masks = stretch.masks_of(self.parts)
        return None if masks is None else masks[0] & ~masks[1]

    def with_parts(self, parts: tuple[Schedule, ...]) -> Difference:
        return Difference(*parts)

    def seek(self, us: int, search: Search) -> int | None:
        if self.empty:
            return None

        def step(after: int) -> Step:
            fire = search.after(self.of, after)
            if fire is None or not search.fires_at(self.without, fire):
                return Step(fire, None)
            return Step(None, fire)

        return _walk(self, step, us, search, self.of)

    def describe(self) -> str:
        return sentence(self.of, f"except {inner_phrase(self.without)}")

    def arguments(self) -> dict[str, Any]:
        return {"of": self.of.to_dict(), "without": self.without.to_dict()}


def union(a: Schedule, b: Schedule) -> Schedule:
    """Return ``a | b``; unions become one, and a union of the same schedule is that schedule."""
    return _joined(Union, a, b)


def intersection(a: Schedule, b: Schedule) -> Schedule:
    """Return ``a & b``; intersections become one, and that of the same schedule is that schedule."""
    return _joined(Intersection, a, b)


def difference(a: Schedule, b: Schedule) -> Schedule:
    """Return ``a - b``; ``a - b - c`` becomes ``a - (b | c)``."""
    return Difference(a.of, union(a.without, b)) if isinstance(a, Difference) else Difference(a, b)


def _joined(sort: type[Union | Intersection], a: Schedule, b: Schedule) -> Schedule:
    parts = [part for each in (a, b) for part in (each.of if isinstance(each, sort) else (each,))]
    joined = sort(parts)
    return joined.of[0] if len(joined.of) == 1 else joined


def _found(fires: Iterable[int | None]) -> Iterator[int]:
    return (fire for fire in fires if fire is not None)


def _next_of(part: Schedule, us: int, search: Search) -> int | None:
    return search.after(part, us)


def _latest_of(part: Schedule, since: int, until: int, search: Search) -> int | None:
    return search.latest(part, since, until)


def _leap(asks: list[Ask], limit: int, us: int) -> Step:
    fire = asks[0](us)
    for ask in asks[1:]:
        if fire is None or fire > limit:
            return Step(None, None)
        other = ask(fire - 1)
        if other != fire:
            return Step(None, None if other is None else other - 1)
    return Step(fire if fire is not None and fire <= limit else None, None)


def _walk(one: Combined, step: Callable[[int], Step], us: int, search: Search, lead: Schedule) -> int | None:
    """Return the first fire of a combination after `us`; its fires are among those of `lead`."""
    walk: DayWalk | None = None
    while True:
        begun = us
        for _ in range(WALKED):
            found = step(us)
            if found.resume is None:
                return found.fire
            us = found.resume
        if us - begun < DENSE:
            walk = walk or DayWalk(one, lead, search)
            passed = walk.passed(us)
            if passed is None:
                return None
            us = passed
