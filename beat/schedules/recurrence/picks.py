"""BYSETPOS of weeks, months and years as days: which of the matching days of each period are picked.

A position counts in all the times of a period, which are the same on each of its days. So with m times a day, the
p-th of them is on the day number ``(p - 1) // m`` (from 0), at the time number ``(p - 1) % m``; from the end
likewise. The days of one time of day are then a set of dates like any other; so are the days of all picked times, by which
the periods without any are passed over.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from beat.dst import DAY
from beat.schedules.clock.bits import bits
from beat.schedules.recurrence.days import FULL, MONTH_STARTS, YEARS_AROUND, At, Cycle, week_start
from beat.schedules.recurrence.parts import WEEKLY, YEARLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from beat.schedules.recurrence.parts import Rule

    Period = Callable[[int], tuple[int, int]]

YEARS: Final = tuple(((0, length),) for length in (365, 366))
MONTHS: Final = tuple(tuple(pairwise(starts)) for starts in MONTH_STARTS)
WEEKS: Final = tuple((start, start + 7) for start in range(0, 54 * 7, 7))  # all that touch a year


class PickedDays:
    """The days at the given positions of each period; negative ones count from its end."""

    __slots__ = ("_days", "_least", "_positions", "_rule", "cycle")

    def __init__(self, days: At, positions: tuple[int, ...], rule: Rule) -> None:
        self._days, self._positions, self._rule = days, positions, rule
        self._least = min(map(abs, positions))  # days without which a period has none
        self.cycle = days.cycle.joined(Cycle(YEARS_AROUND))

    def mask(self, year: int, start: int) -> int:
        leap, begin = isleap(year), start
        if self._rule.freq == WEEKLY:
            stretches, begin = WEEKS, week_start(start, self._rule.wkst)
            window = self._days.window(begin, begin + WEEKS[-1][1])
        else:
            stretches = (YEARS if self._rule.freq == YEARLY else MONTHS)[leap]
            window = self._days.mask(year, start)
        if window.bit_count() < self._least:
            return 0
        return _picked(window, stretches, self._positions) >> start - begin & FULL[leap]


@lru_cache(maxsize=512)
def _picked(days: int, stretches: tuple[tuple[int, int], ...], positions: tuple[int, ...]) -> int:
    found = 0
    for start, end in stretches:
        here = days >> start & ((1 << end - start) - 1)
        if not here:
            continue
        places = bits(here)
        for position in positions:
            if abs(position) <= len(places):
                found |= 1 << start + places[position - 1 if position > 0 else position]
    return found


class Picked:
    """The readings at some positions in each week, month or year."""

    __slots__ = ("_any", "_days", "_offsets", "_period", "_places", "_positions")

    def __init__(
        self, days: At, offsets: tuple[int, ...], rule: Rule, places: tuple[int, ...], period: Period
    ) -> None:
        self._days, self._offsets, self._positions, self._period = days, offsets, rule.by_set_pos, period
        # The days that have any. Those of the rule come first: a year without them is passed over at once.
        self._any = At(PickedDays(days, places, rule), phase=days, ahead=days.ahead)
        self._places: dict[int, list[int]] = {}

    def next(self, reading: int) -> int | None:
        for begin, window in self._periods(reading // DAY):
            picked = self._readings(begin, window)
            if picked[-1] > reading:
                return picked[bisect_right(picked, reading)]
        return None

    def last(self, start: int, count: int) -> int | None:
        limit = start // DAY + self._days.ahead
        for begin, window in self._periods(start // DAY):
            if begin >= limit:
                break
            if begin * DAY < start:  # as if the first period counted from its beginning
                count += bisect_left(self._readings(begin, window), start)
            number = len(self._picked(window))
            if number >= count:
                return self._readings(begin, window)[count - 1]
            count -= number
        return None

    def _periods(self, day: int) -> Iterator[tuple[int, int]]:
        """Yield the periods that have any reading on a day or later: where they begin, and their days as bits."""
        while (found := self._any.at_or_after(day)) is not None:
            begin, day = self._period(found)
            yield begin, self._days.window(begin, day)

    def _picked(self, window: int) -> list[int]:
        """Return the places, among the times of some days, that the positions pick."""
        total = window.bit_count() * len(self._offsets)
        found = self._places.get(total)
        if found is None:
            places = {position - 1 if position > 0 else total + position for position in self._positions}
            found = self._places[total] = sorted(place for place in places if 0 <= place < total)
        return found

    def _readings(self, begin: int, window: int) -> list[int]:
        days, each = bits(window), len(self._offsets)
        return [
            (begin + days[place // each]) * DAY + self._offsets[place % each]
            for place in self._picked(window)
        ]


def day_places(positions: tuple[int, ...], number: int, most: int) -> tuple[int, ...]:
    """Return the positions of the days, with a `number` of times each, that have any of the positions."""
    return tuple({day for day, _ in _picks(positions, number, most)})


def rectangles(
    positions: tuple[int, ...], offsets: tuple[int, ...], most: int
) -> dict[tuple[int, ...], list[int]]:
    """Return times of day by days' positions, of which there are at most `most` in a period: each is picked on each.

    They are put together by the times that share their days or by the days that share their times, whichever gives
    fewer. With m times a day, of 366 positions from either end, those are at most m and ``2 * ceil(366 / m)``: so
    there are never more than 28.
    """
    picked = _picks(positions, len(offsets), most)
    by_time = _joined((time, day) for day, time in picked)
    by_day = _joined(picked)
    found = by_time if len(by_time) <= len(by_day) else {days: times for times, days in by_day.items()}
    return {days: [offsets[time] for time in times] for days, times in found.items()}


def _picks(positions: tuple[int, ...], number: int, most: int) -> list[tuple[int, int]]:
    """Return the day's position and the time's place, of a `number` of times a day, for each position."""
    found = []
    for position in positions:
        ahead, time = divmod(abs(position) - 1, number)
        if ahead < most:
            found.append((ahead + 1, time) if position > 0 else (-ahead - 1, number - 1 - time))
    return found


def _joined(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Return which numbers share each collection of others that they are paired with."""
    others: dict[int, set[int]] = {}
    for one, other in pairs:
        others.setdefault(one, set()).add(other)
    found: dict[tuple[int, ...], list[int]] = {}
    for one, those in others.items():
        found.setdefault(tuple(sorted(those)), []).append(one)
    return {those: tuple(sorted(ones)) for those, ones in found.items()}
