"""The readings of a recurrence set: those of its rules and dates, less those of its exceptions.

An EXRULE that has, on its days, all the readings that a rule can have on a day takes whole days away: they are left
out of the rule's days at once, however many. Any other exception is stepped over reading by reading, and those steps
are bounded: a set that leaves out more than `MOST_LEFT_OUT` in a row in that way is taken to have ended.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from beat.schedules.arguments import ScheduleError
from beat.schedules.recurrence.parts import DAILY, FREQUENCIES, LATEST, Moment, Rule, clamped, rule_text
from beat.schedules.recurrence.phase import LONGEST_ROUND, days_around
from beat.schedules.recurrence.start import PER_DAY, covered_days, readings_of, unrestricted

if TYPE_CHECKING:
    from beat.dst import ZoneLine
    from beat.schedules.recurrence.text import Rules

MOST_LEFT_OUT: Final = 5_000
A_MONDAY: Final = 946_857_600  # 2000-01-03T00:00


class Source(Protocol):
    """Readings with a beginning and an end."""

    def next(self, reading: int) -> int | None: ...


class Run:
    """A rule from its start to its end."""

    __slots__ = ("_last", "_readings", "_start")

    def __init__(
        self, rule: Rule, start: int, line: ZoneLine | None, but_rules: tuple[Rule, ...] = ()
    ) -> None:
        covered = [days for but in but_rules if (days := covered_days(but, rule, start)) is not None]
        self._readings = readings_of(rule, start, tuple(covered))
        self._start = start
        last: int | None = LATEST
        if self._readings.next(start - 1) is None:
            last = start - 1  # so that a rule without readings is not searched again
        elif rule.until is not None:
            last = _latest_reading(rule.until, line)
        elif rule.times is not None:
            last = readings_of(rule, start).last(start, rule.times)  # the exceptions count
        self._last = LATEST if last is None else last

    def next(self, reading: int) -> int | None:
        reading = max(reading, self._start - 1)
        found = self._readings.next(reading) if reading < self._last else None
        return None if found is None or found > self._last else found


class Dates:
    """Readings one by one."""

    __slots__ = ("_readings",)

    def __init__(self, readings: tuple[int, ...]) -> None:
        self._readings = readings

    def next(self, reading: int) -> int | None:
        place = bisect_right(self._readings, reading)
        return self._readings[place] if place < len(self._readings) else None


class Less:
    """The union of some sources, less the union of others."""

    __slots__ = ("_but", "_sources")

    def __init__(self, sources: list[Source], but: list[Source]) -> None:
        self._sources, self._but = sources, but

    def next(self, reading: int) -> int | None:
        for _ in range(MOST_LEFT_OUT):
            found = min(
                (each for source in self._sources if (each := source.next(reading)) is not None), default=None
            )
            if found is None or not any(source.next(found - 1) == found for source in self._but):
                return found
            reading = found
        return None


@lru_cache(maxsize=1024)
def source_of(rules: Rules, start: int, line: ZoneLine | None) -> Source:
    """Return the readings of a set that starts at the reading `start` in a zone."""
    sources: list[Source] = [Run(rule, start, line, rules.but_rules) for rule in rules.rules]
    but: list[Source] = [Run(rule, start, line) for rule in rules.but_rules]
    if rules.dates:
        sources.append(Dates(_readings(rules.dates, line)))
    if rules.but_dates:
        but.append(Dates(_readings(rules.but_dates, line)))
    return sources[0] if len(sources) == 1 and not but else Less(sources, but)


def _readings(moments: tuple[Moment, ...], line: ZoneLine | None) -> tuple[int, ...]:
    return tuple(sorted({_reading(one, line) for one in moments}))


def _reading(one: Moment, line: ZoneLine | None) -> int:
    offset = line.segment(one.second).offset if one.instant and line else 0
    return clamped(one.second + offset)


def _latest_reading(until: Moment, line: ZoneLine | None) -> int:
    """Return the last reading shown by `until`: in the second pass of a repeated hour, that is the hour's end."""
    reading = _reading(until, line)
    if until.instant and line and reading < line.segment(until.second).repeated_until:
        return line.segment(until.second).repeated_until - 1
    return reading


def has_instants(rules: Rules) -> bool:
    """Return whether some reading of the set depends on the zone."""
    ends = [rule.until for rule in rules.rules + rules.but_rules if rule.until]
    return any(one.instant for one in (*rules.dates, *rules.but_dates, *ends))


def check_rule(rule: Rule) -> None:
    """Refuse a rule that fires on no date whatever its start, and one whose evaluation has no bound."""
    around = days_around(PER_DAY[rule.freq], rule.interval)
    if rule.sub_daily and around > LONGEST_ROUND and not unrestricted(rule):
        raise ScheduleError(
            f"INTERVAL={rule.interval} of {FREQUENCIES[rule.freq]} comes round to the same time of day only after "
            f"{around} days; with other BY parts that must be at most {LONGEST_ROUND}."
        )
    own_days = rule.names_days or rule.freq >= DAILY
    once = rule._replace(interval=1, times=None, until=None)
    if own_days and readings_of(once, A_MONDAY).next(A_MONDAY) is None:
        raise ScheduleError(f"rrule {rule_text(rule)!r} would never fire: no date has all that it asks for.")
