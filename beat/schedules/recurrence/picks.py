"""BYSETPOS of weeks, months and years as days: which of the matching days of each period are picked.

A position counts in all the times of a period, which are the same on each of its days. So with m times a day, the
p-th of them is on the day number ``(p - 1) // m`` (from 0), at the time number ``(p - 1) % m``; from the end
likewise. The days of one time of day are then a set of dates like any other.
"""

from __future__ import annotations

from calendar import isleap
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from beat.schedules.recurrence.days import FULL, MONTH_STARTS
from beat.schedules.recurrence.parts import WEEKLY, YEARLY
from beat.schedules.recurrence.phase import nth_bit
from beat.schedules.recurrence.start import week_start

if TYPE_CHECKING:
    from beat.schedules.recurrence.days import At
    from beat.schedules.recurrence.parts import Rule

YEARS: Final = tuple(((0, length),) for length in (365, 366))
MONTHS: Final = tuple(tuple(pairwise(starts)) for starts in MONTH_STARTS)
WEEKS: Final = tuple((start, start + 7) for start in range(0, 54 * 7, 7))  # all that touch a year
LONGEST: Final = (366, 31, 7)  # days of a period


class PickedDays:
    """The days at the given positions of each period; negative ones count from its end."""

    __slots__ = ("_days", "_positions", "_rule")

    def __init__(self, days: At, positions: tuple[int, ...], rule: Rule) -> None:
        self._days, self._rule = days, rule
        self._positions = tuple(position for position in positions if abs(position) <= LONGEST[rule.freq])

    def mask(self, year: int, start: int) -> int:
        leap = isleap(year)
        if self._rule.freq != WEEKLY:
            stretches = (YEARS if self._rule.freq == YEARLY else MONTHS)[leap]
            return _picked(self._days.mask(year, start) & FULL[leap], stretches, self._positions)
        begin = week_start(start, self._rule.wkst)
        window = self._days.window(begin, begin + WEEKS[-1][1])
        return _picked(window, WEEKS, self._positions) >> start - begin & FULL[leap]


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


def by_times(positions: tuple[int, ...], offsets: tuple[int, ...]) -> dict[tuple[int, ...], list[int]]:
    """Return the times of day for each collection of days' positions that they share."""
    number = len(offsets)
    days: dict[int, set[int]] = {}
    for position in positions:
        ahead, time = divmod(abs(position) - 1, number)
        if position > 0:
            days.setdefault(time, set()).add(ahead + 1)
        else:
            days.setdefault(number - 1 - time, set()).add(-ahead - 1)
    found: dict[tuple[int, ...], list[int]] = {}
    for time, places in days.items():
        found.setdefault(tuple(sorted(places)), []).append(offsets[time])
    return found
