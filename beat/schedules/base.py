"""The schedule: an immutable value with one pure function, the next fire after an instant.

A kind implements `next_micros` on the UTC line, in integer microseconds since 1970-01-01T00:00Z, and is free of
every trouble that datetimes bring: Python compares and subtracts datetimes of one tzinfo by their wall readings,
so nothing is ever computed on them here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, tzinfo
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from beat.dst import FIRST_SECOND, LAST_SECOND
from beat.schedules.arguments import ScheduleError, nearest
from jobq.instants import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

FIRST: Final = FIRST_SECOND * SECOND
LAST: Final = LAST_SECOND * SECOND + SECOND - 1
VERSION: Final = 1

_kinds: dict[str, type[Schedule]] = {}


class Schedule(ABC):
    """An immutable description of when something is due. Equal and hashable by value."""

    __slots__ = ()
    kind: ClassVar[str] = ""
    tz: ZoneInfo | None  # the zone in which it reads clocks and shows fires; None: that of whoever asks

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("kind"):
            _kinds[cls.kind] = cls

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
    def by_anchor(self) -> bool:
        """Whether `bind` makes something of the anchor. If not, entries of any age share one evaluation."""
        return True

    @property
    def by_name(self) -> bool:
        """Whether `bind` makes something of the entry's name. If not, entries of any name share one evaluation."""
        return True

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
        fire = self._probe_back(since, until, tz)
        high = until
        while fire is not None:
            following = self.next_bounded(fire, tz)
            if following is None or following > until:
                break
            fire = following
            middle = (fire + high) // 2
            later = self.next_bounded(middle, tz)
            if later is None or later > until:
                high = middle
            else:
                fire = later
        return fire

    def _probe_back(self, since: int, until: int, tz: tzinfo) -> int | None:
        width = SECOND
        while True:
            low = max(until - width, since)
            fire = self.next_bounded(low, tz)
            if fire is not None and fire <= until:
                return fire
            if low <= since:
                return None
            width *= 4

    def _from(self, us: int) -> Schedule:  # noqa: ARG002 - only a kind that depends on its start looks
        """Return the schedule as it runs when started at `us`."""
        return self

    def next_bounded(self, us: int, tz: tzinfo) -> int | None:
        fire = self.next_micros(max(us, FIRST - 1), tz) if us < LAST else None
        return None if fire is None or fire > LAST else fire

    def to_dict(self) -> dict[str, Any]:
        """Return the schedule as a JSON-able dict: ``kind``, ``v`` (the layout's version) and its arguments."""
        given = {name: value for name, value in self.arguments().items() if value is not None}
        return {"kind": self.kind, "v": VERSION, **given}

    @staticmethod
    def from_dict(d: Mapping[str, Any]) -> Schedule:
        """Return the schedule that `to_dict` described. Raises ValueError with a sentence if it cannot."""
        given = dict(d)
        kind, version = given.pop("kind", None), given.pop("v", VERSION)
        found = _kinds.get(str(kind))
        if found is None:
            known = ", ".join(sorted(_kinds))
            raise ScheduleError(
                f"{kind!r} is not a kind of schedule ({known}){nearest(str(kind), _kinds) or '.'}"
            )
        if version != VERSION:
            raise ScheduleError(
                f"This {kind} schedule is of layout version {version!r}; this release reads {VERSION}."
            )
        return found.from_arguments(given)

    @classmethod
    def from_arguments(cls, given: dict[str, Any]) -> Self:
        """Return the schedule built from the arguments of a dict."""
        names = _parameters(cls)
        for name in given:
            if name not in names:
                raise ScheduleError(f"A {cls.kind} schedule has no {name!r}{nearest(name, names) or '.'}")
        try:
            return cls(**given)
        except TypeError:
            wanted = ", ".join(names)
            raise ScheduleError(
                f"A {cls.kind} schedule takes {wanted}, but got {', '.join(given) or 'nothing'}."
            ) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return Schedule.from_dict, (self.to_dict(),)


@cache
def _parameters(kind: type[Schedule]) -> tuple[str, ...]:
    return tuple(name for name in signature(kind).parameters if name != "self")
