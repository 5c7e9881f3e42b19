"""The schedule: an immutable value with one pure function, the next fire after an instant.

A kind implements `next_micros` on the UTC line, in integer microseconds since 1970-01-01T00:00Z, and is free of
every trouble that datetimes bring: Python compares and subtracts datetimes of one tzinfo by their wall readings,
so nothing is ever computed on them here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from beat.dst import FIRST_SECOND, LAST_SECOND
from beat.schedules.arguments import ScheduleError, as_zone, nearest, shown
from beat.schedules.combining.latest import last_between
from jobq.instants import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, timedelta
    from zoneinfo import ZoneInfo

    from beat.schedules.calendars import Calendar

FIRST: Final = FIRST_SECOND * SECOND
LAST: Final = LAST_SECOND * SECOND + SECOND - 1
VERSION: Final = 1

_built_in: dict[str, type[Schedule]] = {}
_others: dict[str, type[Schedule]] = {}  # kinds that the code of other packages has defined in this process


class Schedule(ABC):
    """An immutable description of when something is due. Equal and hashable by value."""

    __slots__ = ()
    kind: ClassVar[str] = ""
    effort: int = 20  # of a question, in those of a cron expression: what a search charges for it
    tz: ZoneInfo | None  # the zone in which it reads clocks and shows fires; None: that of whoever asks

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("kind"):
            _register(cls)

    @abstractmethod
    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        """Return the first fire strictly after the instant `us`; `tz` is the zone if the schedule has none."""

    @abstractmethod
    def describe(self) -> str:
        """Return what the schedule does, as a plain sentence."""

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Return JSON-able keyword arguments that build an equal schedule; None means left out."""

    def bind(
        self,
        *,
        tz: ZoneInfo,  # noqa: ARG002 - a kind takes what concerns it
        anchor: datetime,  # noqa: ARG002
        name: str,  # noqa: ARG002
        gap: str | None = None,  # noqa: ARG002
        fold: str | None = None,  # noqa: ARG002
    ) -> Schedule:
        """Return the schedule as the entry `name` evaluates it. What the schedule says itself wins."""
        return self

    @property
    def parts(self) -> tuple[Schedule, ...]:
        """The schedules that this one is made of."""
        return ()

    @property
    def searched(self) -> bool:
        """Whether it is evaluated by a search (see `combining.search`), of which it then becomes a part."""
        return False

    @property
    def clocks(self) -> tuple[Schedule, ...]:
        """The schedules in it that read a wall clock and decide when it fires."""
        return tuple(clock for part in self.parts for clock in part.clocks)

    @property
    def by_anchor(self) -> bool:
        """Whether `bind` makes something of the anchor. If not, entries of any age share one evaluation."""
        return type(self).bind is not Schedule.bind

    @property
    def by_name(self) -> bool:
        """Whether `bind` makes something of the entry's name. If not, entries of any name share one evaluation."""
        return type(self).bind is not Schedule.bind

    def __or__(self, other: object) -> Schedule:
        """Return the union: what fires when either schedule does."""
        from beat.schedules.combining.operators import either

        return either(self, other)

    def __and__(self, other: object) -> Schedule:
        """Return what fires at the instants at which both schedules do, or on the dates of a calendar."""
        from beat.schedules.combining.operators import both

        return both(self, other)

    def __sub__(self, other: object) -> Schedule:
        """Return what fires when this schedule does, but not the other, or not on the dates of a calendar."""
        from beat.schedules.combining.operators import without

        return without(self, other)

    def excluding(self, calendar: Calendar | Iterable[date | str], roll: str = "skip") -> Schedule:
        """Return the schedule without its fires on the dates of a calendar.

        With `roll` "next" or "previous" they are moved to the same time of the nearest business day instead.
        """
        from beat.schedules.dated import Excluding

        return Excluding(self, calendar, roll)

    def between(self, start: datetime | None = None, end: datetime | None = None) -> Schedule:
        """Return the schedule with only the fires f for which start <= f <= end; None is no bound."""
        from beat.schedules.bounded import between

        return between(self, start, end)

    def jittered(self, seconds: float | timedelta | str) -> Schedule:
        """Return the schedule with every fire later by up to `seconds`, always the same for the same fire."""
        from beat.schedules.jittered import jittered

        return jittered(self, seconds)

    def next_after(self, t: datetime) -> datetime | None:
        """Return the first fire strictly after `t`, or None if there is none before the year 10000.

        The answer is in the schedule's zone if it has one, else in the zone of `t`. Raises ValueError if `t`
        is naive.
        """
        us = to_micros(t)
        tz = self.tz or t.tzinfo or UTC
        fire = self.next_bounded(us, tz)
        return None if fire is None else from_micros(fire, tz)

    def upcoming(self, start: datetime, count: int) -> list[datetime]:
        """Return the next `count` fires strictly after `start`, fewer if the schedule ends."""
        us, tz = to_micros(start), self.tz or start.tzinfo or UTC
        running, found = self._from(us), []
        for _ in range(count):
            fire = running.next_bounded(us, tz)
            if fire is None:
                break
            found.append(from_micros(fire, tz))
            us = fire
        return found

    def fires(self, start: datetime, end: datetime) -> list[datetime]:
        """Return the fires from `start` to before `end`, so that adjoining stretches share none and miss none."""
        us, limit = to_micros(start), to_micros(end)
        tz = self.tz or start.tzinfo or UTC
        running, found = self._from(us), []
        fire = running.next_bounded(us - 1, tz)
        while fire is not None and fire < limit:
            found.append(from_micros(fire, tz))
            fire = running.next_bounded(fire, tz)
        return found

    def latest(self, since: datetime, until: datetime) -> datetime | None:
        """Return the last fire after `since` and not after `until`, or None.

        Takes time logarithmic in the number of fires between, so that a long outage is judged at once.
        """
        us, tz = to_micros(since), self.tz or until.tzinfo or UTC
        fire = self._from(us).latest_micros(us, to_micros(until), tz)
        return None if fire is None else from_micros(fire, tz)

    def latest_micros(self, since: int, until: int, tz: tzinfo) -> int | None:
        """Return the last fire f with since < f <= until, on the UTC line."""
        return last_between(lambda us, _: self.next_bounded(us, tz), since, until)

    @property
    def weight(self) -> int:
        """For how many it counts in a combination: what takes more than a look-up to ask takes longer to build, too."""
        return 1 if self.effort == 1 else 2

    def _from(self, us: int) -> Schedule:  # noqa: ARG002 - only a kind that depends on its start looks
        """Return the schedule as it runs when started at `us`."""
        return self

    def next_bounded(self, us: int, tz: tzinfo) -> int | None:
        """Return what `next_micros` does, within the years that schedules know.

        Raises ScheduleError if a kind breaks its contract: a search would go on for ever.
        """
        fire = self.next_micros(max(us, FIRST - 1), tz) if us < LAST else None
        if fire is None:
            return None
        if type(fire) is not int or fire <= us:
            raise ScheduleError(
                f"A {self.kind} schedule says that {shown(fire)} is the first fire after {us}."
            )
        return fire if fire <= LAST else None

    def to_dict(self) -> dict[str, Any]:
        """Return the schedule as a JSON-able dict: ``kind``, ``v`` (the layout's version) and its arguments."""
        given = {name: value for name, value in self.arguments().items() if value is not None}
        return {"kind": self.kind, "v": VERSION, **given}

    @staticmethod
    def from_dict(d: Mapping[str, Any]) -> Schedule:
        """Return the schedule that `to_dict` described. Raises ValueError with a sentence if it cannot."""
        if not isinstance(d, Mapping):
            raise ScheduleError(f"A stored schedule is a table, not {shown(d)}.")
        given = dict(d)
        if "kind" not in given:
            raise ScheduleError(
                "The schedule has no kind; expected one such as {'kind': 'cron', 'text': '0 3 * * *'}."
            )
        kind, version = given.pop("kind"), given.pop("v", VERSION)
        found = _built_in.get(kind) if isinstance(kind, str) else None
        found = found or _kind_of_another_package(kind)
        if version != VERSION:
            raise ScheduleError(
                f"This {kind} schedule is of layout version {shown(version)}; this release reads {VERSION}."
            )
        if found.kind in _built_in:
            return found.from_arguments(given)
        from beat.schedules.plugins import guarded

        return guarded(found, found.from_arguments, given)

    @classmethod
    def from_written(cls, value: Any) -> Schedule:
        """Return the schedule that stands under the kind's key in a file: a table of arguments, or the first of them."""
        if isinstance(value, Mapping):
            return cls.from_arguments(dict(value))
        names = _parameters(cls)
        if not names:
            raise ScheduleError(f"A {cls.kind} schedule takes no arguments, but got {shown(value)}.")
        return cls.from_arguments({names[0]: value})

    @classmethod
    def from_arguments(cls, given: dict[str, Any]) -> Self:
        """Return the schedule built from the arguments of a dict."""
        names = _parameters(cls)
        for name in given:
            if name not in names:
                raise ScheduleError(
                    f"A {cls.kind} schedule has no {shown(name)}{nearest(name, names) or '.'}"
                )
        try:
            signature(cls).bind(**given)
        except TypeError:
            wanted = ", ".join(names)
            raise ScheduleError(
                f"A {cls.kind} schedule takes {wanted}, but got {', '.join(given) or 'nothing'}."
            ) from None
        if isinstance(given.get("tz"), str):
            given = given | {"tz": as_zone(given["tz"])}
        return cls(**given)

    def __reduce__(self) -> tuple[Any, ...]:
        return Schedule.from_dict, (self.to_dict(),)


def built_in(name: str) -> type[Schedule] | None:
    """Return this package's own kind of that name."""
    return _built_in.get(name)


def defined(name: str) -> type[Schedule] | None:
    """Return the kind of that name which the code of another package has defined in this process."""
    return _others.get(name)


def _register(cls: type[Schedule]) -> None:
    own = cls.__module__.startswith(f"{__package__}.")
    taken = _built_in.get(cls.kind) or _others.get(cls.kind)
    if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        raise ScheduleError(
            f"{cls.__module__}.{cls.__qualname__} cannot be the schedule kind {cls.kind!r}: "
            f"{taken.__module__}.{taken.__qualname__} is."
        )
    (_built_in if own else _others)[cls.kind] = cls


def _kind_of_another_package(name: object) -> type[Schedule]:
    from beat.schedules.plugins import kind_named, offered

    found = kind_named(name) if isinstance(name, str) else None
    if found is None:
        known = sorted({*_built_in, *_others, *offered()})
        raise ScheduleError(
            f"{shown(name)} is not a kind of schedule ({', '.join(known)}){nearest(name, known) or '.'}"
        )
    return found


@cache
def _parameters(kind: type[Schedule]) -> tuple[str, ...]:
    return tuple(name for name in signature(kind).parameters if name != "self")
