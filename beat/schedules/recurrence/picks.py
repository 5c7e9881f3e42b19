"""BYSETPOS of weeks, months and years as days: which of the matching days of each period are picked.

A position counts in all the times of a period, which are the same on each of its days. So with m times a day, the
p-th of them is on the day number ``(p - 1) // m`` (from 0), at the time number ``(p - 1) % m``; from the end
likewise. The days of one time of day are then a set of dates like any other.
"""

from __future__ import annotations

from calendar import isleap
from datetime import MINYEAR
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from beat.schedules.recurrence.days import FULL, MONTH_STARTS, YEARS_AROUND, Cycle
from beat.schedules.recurrence.parts import WEEKLY, YEARLY
from beat.schedules.recurrence.phase import nth_bit
from beat.schedules.recurrence.start import week_start

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beat.schedules.recurrence.days import At, Masks
    from beat.schedules.recurrence.parts import Rule

YEARS: Final = tuple(((0, length),) for length in (365, 366))
MONTHS: Final = tuple(tuple(pairwise(starts)) for starts in MONTH_STARTS)
WEEKS: Final = tuple((start, start + 7) for start in range(0, 54 * 7, 7))  # all that touch a year


class PickedDays:
    """The days at the given positions of each period; negative ones count from its end."""

    __slots__ = ("_days", "_least", "_positions", "_rule", "cycle")

    def __init__(self, days: At, positions: tuple[int, ...], rule: Rule) -> None:
        self._days, self._positions, self._rule = days, positions, rule
        self._least = min(map(abs, positions))  # days without which a period has none
        self.cycle = days.cycle.joined(
            Cycle(YEARS_AROUND, MINYEAR + 1)
        )  # the weeks at the beginning are cut off

    @property
    def shadow(self) -> Masks:
        return self if self.cycle.years <= YEARS_AROUND else self._days.shadow

    def mask(self, year: int, start: int) -> int:
        leap = isleap(year)
        if self._rule.freq != WEEKLY:
            stretches, window, place = (
                (YEARS if self._rule.freq == YEARLY else MONTHS)[leap],
                self._days.mask(year, start),
                0,
            )
        else:
            stretches, begin = WEEKS, week_start(start, self._rule.wkst)
            window, place = self._days.window(begin, begin + WEEKS[-1][1]), start - begin
        if window.bit_count() < self._least:
            return 0
        return _picked(window, stretches, self._positions) >> place & FULL[leap]


@lru_cache(maxsize=512)
def _picked(days: int, stretches: tuple[tuple[int, int], ...], positions: tuple[int, ...]) -> int:
    found = 0
    for start, end in stretches:
        here = days >> start & ((1 << end - start) - 1)
        number = here.bit_count()
        for position in positions:
            place = position - 1 if position > 0 else number + position
            if 0 <= place < number:
                found |= 1 << start + nth_bit(here, place)
    return found


def rectangles(
    positions: tuple[int, ...], offsets: tuple[int, ...], most: int
) -> dict[tuple[int, ...], list[int]]:
    """Return times of day by days' positions, of which there are at most `most` in a period: each is picked on each.

    They are put together by the times that share their days or by the days that share their times, whichever gives
    fewer. With m times a day, of 366 positions from either end, those are at most m and ``2 * ceil(366 / m)``: so
    there are never more than 27.
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
