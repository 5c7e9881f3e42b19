"""What a recurrence set fires: its rules and dates, less its exceptions.

Readings and instants are kept apart. A rule and a date without a zone are readings of the clock on the wall, which
`beat.dst` turns into instants. A date in UTC or in a zone of its own is an instant: as an RDATE it is a fire itself, as
an EXDATE it takes away the fire at that instant, as the UNTIL of a rule it ends that rule's fires, so that each means
one pass of a repeated hour. The exceptions that are readings take away an RDATE that is shown as one of them.
The UNTIL of an EXRULE ends readings, in whatever pass.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from beat.dst import DAY, MOST_SKIPPED, NEVER, next_instant
from beat.schedules.recurrence.layers import Left, RuleLayers, by_day, layers_of
from beat.schedules.recurrence.parts import LATEST, Moment, Rule, clamped
from beat.schedules.recurrence.start import readings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beat.dst import ZoneLine
    from beat.schedules.recurrence.text import Rules
    from beat.schedules.recurrence.walk import Readings


class Source(Protocol):
    """Readings with a beginning and an end."""

    def next(self, reading: int) -> int | None: ...


class Run:
    """A rule from its start to its end."""

    __slots__ = ("_last", "_readings", "_start")

    def __init__(self, rule: Rule, start: int, line: ZoneLine | None) -> None:
        self._readings, self._start = readings_of(rule, start), start
        self._last = _last_reading(rule, self._readings, start, line)

    def next(self, reading: int) -> int | None:
        reading = max(reading, self._start - 1)
        found = self._readings.next(reading) if reading < self._last else None
        return None if found is None or found > self._last else found


class Dates:
    """Seconds one by one."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: Iterable[int]) -> None:
        self._seconds = tuple(sorted(set(seconds)))

    def next(self, second: int) -> int | None:
        place = bisect_right(self._seconds, second)
        return self._seconds[place] if place < len(self._seconds) else None


class Union:
    __slots__ = ("_sources",)

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def next(self, reading: int) -> int | None:
        return min((each for one in self._sources if (each := one.next(reading)) is not None), default=None)


class Stream(NamedTuple):
    """Readings, of which the fires after the instant `end` do not count; `skips` is as in `beat.dst`."""

    source: Source
    end: int
    skips: int = MOST_SKIPPED


class Fires:
    """What a set that starts at the reading `start` fires in a zone; which one matters only to `has_instants`."""

    __slots__ = (
        "_dates",
        "_exceptions",
        "_gone",
        "_instants",
        "_left",
        "_line",
        "_rules",
        "_start",
        "_streams",
    )

    def __init__(self, rules: Rules, start: int, line: ZoneLine | None) -> None:
        self._rules, self._start, self._line = rules, start, line
        self._left: Left | None = None
        but = [layer for rule in self._layers(rules.but_rules) for layer in rule.layers]
        self._exceptions = Left([], but, by_day(_readings(rules.but_dates)), start)
        self._gone = frozenset(_instants(rules.but_dates))
        kept = [one for one in rules.dates if not self._excepted(one)]
        self._dates = Dates(_readings(kept))
        self._instants = Dates(second for second in _instants(kept) if second not in self._gone)
        by_end: dict[int, list[Rule]] = {}
        for rule in rules.rules:
            end = rule.until.second if rule.until and rule.until.instant else NEVER
            by_end.setdefault(end, []).append(rule)
        self._streams = [Stream(self._source(some), end) for end, some in by_end.items()]
        if self._dates.next(-NEVER) is not None:
            self._streams.append(Stream(self._dates, NEVER, skips=len(kept)))

    def _layers(self, rules: Iterable[Rule]) -> list[RuleLayers]:
        start, found = self._start, []
        for rule in rules:
            readings = readings_of(rule, start) if rule.times else None
            found.append(layers_of(rule, start, _last_reading(rule, readings, start, self._line)))
        return found

    def _excepted(self, one: Moment) -> bool:
        day, second = divmod(_shown(one, self._line), DAY)
        return bool(self._exceptions.gone(day) >> second & 1)

    def _source(self, rules: list[Rule]) -> Source:
        if not self._exceptions.empty:
            return self._exceptions.left_of(self._layers(rules))
        runs = [Run(rule, self._start, self._line) for rule in rules]
        return runs[0] if len(runs) == 1 else Union(runs)

    def next(self, line: ZoneLine, second: int, gap: str, fold: str) -> int | None:
        """Return the first fire strictly after the instant `second`."""
        found = self._instants.next(second)
        for source, end, skips in self._streams:
            fire = next_instant(line, source.next, second, gap, fold, skips=skips)
            while fire is not None and fire in self._gone:
                fire = next_instant(line, source.next, fire, gap, fold, skips=skips)
            if fire is not None and fire <= end and (found is None or fire < found):
                found = fire
        return found

    def next_reading(self, reading: int) -> int | None:
        """Return the first reading strictly after `reading`."""
        return Union([source for source, *_ in self._streams]).next(reading)

    def times_on(self, day: int) -> int | None:
        """Return the seconds of a day on which it has readings, as bits; None if not every fire is one of a reading."""
        if has_instants(self._rules):
            return None
        if self._left is None:
            self._left = self._exceptions.left_of(self._layers(self._rules.rules))
        found, second = self._left.on(day), self._dates.next(day * DAY - 1)
        while second is not None and second // DAY == day:
            found |= 1 << second % DAY
            second = self._dates.next(second)
        return found


fires_of = lru_cache(maxsize=1024)(Fires)


def _readings(moments: Iterable[Moment]) -> list[int]:
    return [one.second for one in moments if not one.instant]


def _instants(moments: Iterable[Moment]) -> list[int]:
    return [one.second for one in moments if one.instant]


def _shown(one: Moment, line: ZoneLine | None) -> int:
    """Return the reading that a moment is."""
    offset = line.segment(one.second).offset if one.instant and line else 0
    return clamped(one.second + offset)


def _last_reading(rule: Rule, readings: Readings | None, start: int, line: ZoneLine | None) -> int:
    """Return the last reading of a rule; after an UNTIL in a second pass, that is the end of the repeated hour."""
    if rule.times is not None and readings is not None:
        last = readings.last(start, rule.times)
        return LATEST if last is None else min(last, LATEST)
    if rule.until is None:
        return LATEST
    reading = _shown(rule.until, line)
    if rule.until.instant and line:
        return max(reading, line.segment(rule.until.second).repeated_until - 1)
    return reading


def has_instants(rules: Rules) -> bool:
    """Return whether some reading of the set depends on the zone."""
    ends = [rule.until for rule in rules.rules + rules.but_rules if rule.until]
    return any(one.instant for one in (*rules.dates, *rules.but_dates, *ends))
