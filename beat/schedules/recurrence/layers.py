"""What is left of rules when others take times away, a date at a time.

A rule is a few layers: the same times of day, as the bits of 86,400 seconds, on some days. What is left on a day is
then the union of some integers less the union of others, however many occurrences that is. Whole days are passed over
likewise. Which exceptions a day has is told by the bits of a year; a year's days fall into few cells of equal
exceptions, and whether anything is left of a layer in a cell is worked out once. So every day that is looked at has
something left, but for single dates and the last days of exceptions, and there are only so many of those.

Nothing may be left of a rule for centuries, or for ever: a search of its days comes to an end (see `days.At`), and what
is left only after so long a silence counts as nothing.

An INTERVAL below a day that is not a part of it gives a layer other times on each day, with a period of some days; those
on which it has one of the times that are left are a ring of that period. Exceptions have no such layers.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Final, NamedTuple

from beat.dst import DAY
from beat.schedules.recurrence.days import (
    MOST_DAYS,
    MOST_KEPT,
    NO_DAY,
    At,
    Cycle,
    year_at,
)
from beat.schedules.recurrence.parts import DAILY, HOURLY, LATEST, MINUTELY, SECONDLY
from beat.schedules.recurrence.phase import (
    ALL_DAYS,
    Ring,
    Units,
    bits_of,
    cycle_of_days,
    days_around,
    places,
)
from beat.schedules.recurrence.picks import PickedDays, rectangles
from beat.schedules.recurrence.start import (
    PER_DAY,
    allowed_units,
    days_of,
    meets,
    most_days,
    offsets_of,
    time_bits,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beat.schedules.recurrence.days import Masks
    from beat.schedules.recurrence.parts import Rule


MOST_CELLS: Final = 256
AHEAD: Final = (MOST_DAYS, 30 * MOST_DAYS, NO_DAY)  # days


class Layer:
    """Times of day on some days, from the reading `start` to the reading `last`."""

    __slots__ = (
        "_comb",
        "_first",
        "_interval",
        "_last",
        "_per_day",
        "_start",
        "days",
        "round",
        "times",
        "until",
    )

    def __init__(self, days: At, times: int, rule: Rule, start: int, last: int) -> None:
        self.days, self.times, self._start, self._last = days, times, start, last
        self.until = last // DAY
        self._per_day = PER_DAY[rule.freq]
        self._interval = rule.interval if rule.sub_daily else 1
        self._first = start * self._per_day // DAY
        self.round = days_around(self._per_day, self._interval)
        size = DAY // self._per_day
        whole_units = (1 << size) - 1
        self._comb = bits_of(range(0, DAY, self._interval * size), DAY) * whole_units
        if self.round == 1:
            self.times &= self._of_phase(0)

    def _of_phase(self, day: int) -> int:
        if self._interval == 1:
            return self.times
        place = (self._first - day * self._per_day) % self._interval
        return self.times & self._comb << place * (DAY // self._per_day) if place < self._per_day else 0

    def on(self, day: int) -> int:
        """Return the seconds of a day as bits."""
        if not (self._start // DAY <= day <= self._last // DAY and self.days.has(day)):
            return 0
        found = self.times if self.round == 1 else self._of_phase(day)
        if day == self._start // DAY:
            found = found >> self._start % DAY << self._start % DAY
        if day == self._last // DAY:
            found &= (2 << self._last % DAY) - 1
        return found

    def whole(self, year: int, start: int) -> int:
        """Return the days of a year, as bits, on which it does not end before the day does."""
        ends = (self._last + 1) // DAY - start
        if ends <= 0:
            return 0
        found = self.days.mask(year, start)
        return found if ends >= MOST_DAYS else found & ((1 << ends) - 1)

    @property
    def cycle(self) -> Cycle:
        """When the years of its days and their times come round, if it has no end."""
        return self.days.cycle.joined(cycle_of_days(self.round))

    @property
    def whole_cycle(self) -> Cycle:
        """When the years that `whole` tells come round: after its end there are no days."""
        return self.days.cycle if self._last >= LATEST else Cycle(1, year_at(self.until) + 1)

    def days_with(self, times: int) -> Masks | None:
        """Return days beyond which none has any of the `times`; None if no day has."""
        times &= self.times
        if not times or self.round == 1:
            return ALL_DAYS if times else None
        units, size = times, DAY // self._per_day
        if size > 1:
            text = f"{times:0{DAY}b}"[::-1]
            within = [unit for unit in range(self._per_day) if "1" in text[unit * size : (unit + 1) * size]]
            units = bits_of(within, self._per_day)
        numbers = Units(self._per_day, units, self._interval, self._first).numbers
        return Ring(self.round, numbers) if numbers else None


class RuleLayers(NamedTuple):
    """A rule from its start to its last reading: one of its days has the times of each layer that has the day."""

    days: At
    layers: list[Layer]
    until: int


def layers_of(rule: Rule, start: int, last: int) -> RuleLayers:
    """Return the layers of a rule from its start to its last reading."""
    until = last // DAY
    days, offsets = days_of(rule, start, until), offsets_of(rule, start)
    if not meets(rule, start):
        return RuleLayers(days, [], until)
    if not rule.by_set_pos or rule.freq >= DAILY:
        return RuleLayers(days, [Layer(days, _times(rule, start, offsets), rule, start, last)], until)
    layers = [
        Layer(
            At(PickedDays(days, positions, rule), ahead=days.ahead, until=until),
            bits_of(times, DAY),
            rule,
            start,
            last,
        )
        for positions, times in rectangles(rule.by_set_pos, offsets, most_days(rule)).items()
    ]
    return RuleLayers(days, layers, until)


def layers_of_all(rules: Iterable[Rule]) -> int:
    """Return how many layers rules have together, wherever they start."""
    return sum(
        len(rectangles(rule.by_set_pos, offsets_of(rule, 0), most_days(rule)))
        if rule.by_set_pos and rule.freq < DAILY
        else 1
        for rule in rules
    )


def _times(rule: Rule, start: int, offsets: tuple[int, ...]) -> int:
    """Return the seconds of a day that a rule may have, as bits."""
    if rule.by_set_pos:
        size = DAY // PER_DAY[rule.freq]
        units = allowed_units(rule)
        if size > 1:
            units = bits_of([unit * size for unit in places(units)], DAY)
        return reduce(or_, (units << offset for offset in offsets), 0)
    second = start % DAY
    return time_bits(
        (
            rule.by_hour or (() if rule.freq >= HOURLY else (second // 3600,)),
            rule.by_minute or (() if rule.freq >= MINUTELY else (second // 60 % 60,)),
            rule.by_second or (() if rule.freq >= SECONDLY else (second % 60,)),
        )
    )


class LeftDays:
    """The days on which exceptions leave something of a layer, but for the days on which one of them ends."""

    __slots__ = ("_but", "_cells", "_layer", "_lefts", "cycle")

    def __init__(self, layer: Layer, but: list[Layer]) -> None:
        self._layer, self._but = layer, [one for one in but if layer.times & one.times]
        self.cycle = reduce(Cycle.joined, (one.whole_cycle for one in self._but), layer.cycle)
        self._lefts: dict[int, Masks | None] = {}
        self._cells = lru_cache(maxsize=MOST_KEPT)(_cells)

    def mask(self, year: int, start: int) -> int:
        mine = self._layer.days.mask(year, start)
        if not mine:
            return 0
        cells = self._cells(mine, *[one.whole(year, start) for one in self._but])
        found = 0
        for which, days in cells.items():
            left = self._left(which)
            if left is not None:
                found |= days & left.mask(year, start)
        return found

    def _left(self, which: int) -> Masks | None:
        """Return the days on which something is left of the layer by those exceptions."""
        if which in self._lefts:
            return self._lefts[which]
        gone = reduce(or_, (one.times for number, one in enumerate(self._but) if which >> number & 1), 0)
        found = self._layer.days_with(~gone)
        if len(self._lefts) < MOST_CELLS:
            self._lefts[which] = found
        return found


class RuleLeft:
    """The days on which exceptions leave something of a rule."""

    __slots__ = ("_lefts", "cycle")

    def __init__(self, rule: RuleLayers, but: list[Layer]) -> None:
        self._lefts = [LeftDays(layer, but) for layer in rule.layers]
        self.cycle = reduce(Cycle.joined, (one.cycle for one in self._lefts), Cycle(1))

    def mask(self, year: int, start: int) -> int:
        found = 0
        for one in self._lefts:
            found |= one.mask(year, start)
        return found


def _cells(days: int, *gone: int) -> dict[int, int]:
    """Return the days by which of some sets, as the bits of a number, they are in."""
    cells = {0: days}
    for number, some in enumerate(gone):
        for which, cell in tuple(cells.items()):
            inside = cell & some
            if inside == cell:
                del cells[which]
            elif inside:
                cells[which] = cell & ~some
            if inside:
                cells[which | 1 << number] = inside
    return cells


class Left:
    """The readings of layers less those of others and single ones."""

    __slots__ = ("_but", "_but_dates", "_days", "_latest", "_layers", "_passed", "_start")

    def __init__(
        self, rules: list[RuleLayers], but: list[Layer], but_dates: dict[int, list[int]], start: int
    ) -> None:
        self._layers = [layer for rule in rules for layer in rule.layers]
        self._but, self._but_dates, self._start = but, but_dates, start
        # The days of the rule come first: a year without any is passed over at once.
        self._days = [
            At(RuleLeft(rule, but), phase=rule.days, ahead=rule.days.ahead, until=rule.until)
            for rule in rules
            if rule.layers
        ]
        self._latest = (0, self.on(0))
        self._passed = (0, 0)  # days on which there is nothing, from the one to before the other

    @property
    def empty(self) -> bool:
        """Whether nothing is taken away."""
        return not self._but and not self._but_dates

    def left_of(self, rules: list[RuleLayers]) -> Left:
        """Return other rules less the same."""
        return Left(rules, self._but, self._but_dates, self._start)

    def next(self, reading: int) -> int | None:
        day, second = divmod(max(reading + 1, self._start), DAY)
        begun = day + (second > 0)
        since, end = self._passed
        while True:
            if since <= day < end:
                day, second = end, 0
            found = self._first(day)
            if found is None:
                return None
            latest = self._latest
            if found != latest[0]:
                latest = self._latest = (found, self.on(found))
            left = latest[1]
            if found == day:
                left = left >> second << second
            if left:
                if found > begun:
                    self._passed = begun, found
                return found * DAY + (left & -left).bit_length() - 1
            day, second = found + 1, 0

    def _first(self, day: int) -> int | None:
        """Return the first day, from `day` on, on which something may be left.

        Rules are asked for the days near first: of one that is over, nothing is searched while another one fires.
        """
        for ahead in AHEAD:
            found, before = None, day + ahead
            for days in self._days:
                each = days.at_or_after(day, before)
                if each is not None:
                    found = before = each
            if found is not None:
                return found
        return None

    def on(self, day: int) -> int:
        """Return the seconds of a day that are left, as bits."""
        fires = reduce(or_, (layer.on(day) for layer in self._layers), 0)
        return fires & ~self.gone(day) if fires else 0

    def gone(self, day: int) -> int:
        """Return the seconds of a day that are taken away, as bits."""
        found, single = reduce(or_, (layer.on(day) for layer in self._but), 0), self._but_dates.get(day)
        return found | bits_of(single, DAY) if single else found


def by_day(readings: Iterable[int]) -> dict[int, list[int]]:
    """Return the seconds of each day."""
    found: dict[int, list[int]] = {}
    for reading in readings:
        found.setdefault(reading // DAY, []).append(reading % DAY)
    return found
