"""The fields of cron as APScheduler has them, ``day="2nd fri", hour="9-17"``: Monday is 0, and all must match.

APScheduler walks them in the trigger's zone and stumbles over its changes: it misses the first midnight after one, and
adds hours of the wall to instants. Here dates and times of day are worked out with no zone in sight, and readings
become instants in `beat.dst`, under the same policy as those of every other schedule. What a field means is still
APScheduler's definition: it reads their texts, and what it has read is taken over.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import cache, lru_cache
from itertools import compress, product
from typing import TYPE_CHECKING, Any, Final

from beat.schedules.arguments import ScheduleError, shown, zone_name
from beat.schedules.clock.calendar_days import FIRST_YEAR
from beat.schedules.clock.fields import DAYS, MONTHS, Field
from beat.schedules.clock.walls import Walls
from beat.schedules.phrases import listed, runs, time_phrase, zone_phrase
from beat.schedules.triggers.moments import (
    Moment,
    bounds_phrase,
    moment_text,
    not_after,
    not_before,
    settled,
)
from beat.schedules.triggers.parts import Filling, Part
from beat.schedules.triggers.readings import Readings

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FIELDS: Final = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
LONGEST_TEXT: Final = 500
CHARACTERS_PER_WEIGHT: Final = 150


@dataclass(frozen=True, slots=True)
class CronPart(Part):
    """Fire at the readings at which all fields match, from `start` to `end`."""

    fields: tuple[str, ...]  # in the order of FIELDS
    start: Moment | None
    end: Moment | None
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    leaf: Readings = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        real_time = any(text.startswith("*") for text in self.fields[5:7])
        cost = 1 + sum(map(len, self.fields)) // CHARACTERS_PER_WEIGHT
        walls = field_walls(self.fields)
        read = Readings(walls, self.tz, self.gap, self.fold, real_time=real_time, cost=cost)
        object.__setattr__(self, "leaf", read)

    @property
    def bounds(self) -> tuple[Moment | None, Moment | None]:
        return self.start, self.end

    @property
    def fold_policy(self) -> str:
        return self.leaf.policy[1]

    @property
    def reads_clocks(self) -> bool:
        return True

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        zone = self.tz or tz
        if self.start is None and self.end is None:
            return self.leaf.next_micros(us, zone)
        first, last = self.span(zone)
        return not_after(last, self.leaf.next_bounded(not_before(first, us), zone))

    def filled(self, by: Filling) -> Part:
        tz = self.tz or by.tz
        start, end = settled(self.start, tz), settled(self.end, tz)
        return CronPart(self.fields, start, end, tz, self.gap or by.gap, self.fold or by.fold)

    def describe(self) -> str:
        read = [_field(name, text) for name, text in zip(FIELDS, self.fields, strict=True)]
        hour, minute, second = (
            Field(str(one), sum(1 << value for value in _values(one)), str(one).startswith("*"))
            for one in read[5:]
        )
        bounds = bounds_phrase(self.start, self.end, self.tz)
        return f"{time_phrase(minute, hour, second)}{_dates_phrase(read)}{bounds}{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "type": "cron",
            **dict(zip(FIELDS, self.fields, strict=True)),
            "start_date": moment_text(self.start),
            "end_date": moment_text(self.end),
            "timezone": zone_name(self.tz),
            "gap": self.gap,
            "fold": self.fold,
        }


class FieldDays:
    """The dates on which the date fields of cron match."""

    def __init__(self, read: list[Any]) -> None:
        year, month, self._day, week, weekday = read
        self._listed = _marked("year", field_text(year))
        self._months, self._weeks, self._weekdays = (_values(one) for one in (month, week, weekday))
        self._in_month: dict[tuple[int, int], frozenset[int]] = {}
        self._kept: dict[tuple[int, bool, bool], int] = {}
        self._years: dict[int, tuple[int, int, int | None]] = {}  # start, matching days, first match after it

    def at_or_after(self, day: int, year: int) -> int | None:
        if year not in self._years:
            self._years[year] = (*self._year(year), self._first_after(year))
        start, matching, following = self._years[year]
        rest = matching >> day - start
        return day + (rest & -rest).bit_length() - 1 if rest else following

    def _first_after(self, year: int) -> int | None:
        number = self._listed.find(1, year + 1)
        while number > 0:
            start, matching = self._year(number)
            if matching:
                return start + (matching & -matching).bit_length() - 1
            number = self._listed.find(1, number + 1)
        return None

    def _year(self, number: int) -> tuple[int, int]:
        start = date(number, 1, 1).toordinal()
        if not self._listed[number]:
            return start, 0
        pattern = (start % 7, isleap(number), isleap(number - 1))  # the last is for the ISO weeks of January
        if pattern not in self._kept:
            self._kept[pattern] = sum(1 << day.toordinal() - start for day in self._matching(number))
        return start, self._kept[pattern]

    def _matching(self, year: int) -> list[date]:
        return [
            day
            for month in self._months
            for number in self._days(year, month)
            if (day := date(year, month, number)).weekday() in self._weekdays
            and day.isocalendar().week in self._weeks
        ]

    def _days(self, year: int, month: int) -> frozenset[int]:
        """Return the days of a month that the field of the day names."""
        sort = monthrange(year, month)
        if sort not in self._in_month:
            begin = datetime(year, month, 1)  # noqa: DTZ001 - a date of no zone
            asked = (
                one.get_next_value(begin, self._day)
                for one in self._day.expressions
                if isinstance(one, _positions())
            )
            named = {*_values(self._day), *asked}
            self._in_month[sort] = frozenset(named.intersection(range(1, sort[1] + 1)))
        return self._in_month[sort]


@lru_cache(maxsize=4096)
def field_walls(texts: tuple[str, ...]) -> Walls:
    """Return the readings at which the fields match. Raises ScheduleError if there are none."""
    hours, minutes, seconds = (_numbers(name, text) for name, text in zip(FIELDS[5:], texts[5:], strict=True))
    in_day = tuple(hour * 60 + minute for hour, minute in product(hours, minutes))
    return Walls(in_day, seconds, field_days(texts[:5]))


@lru_cache(maxsize=4096)
def field_days(texts: tuple[str, ...]) -> FieldDays:
    """Return the dates on which the date fields match. Raises ScheduleError if there are none."""
    named = list(zip(FIELDS[:5], texts, strict=True))
    days = FieldDays([_field(name, text) for name, text in named])
    if days.at_or_after(date(FIRST_YEAR, 1, 1).toordinal(), FIRST_YEAR) is None:
        said = ", ".join(f"{name} {text!r}" for name, text in named if text != "*")
        raise ScheduleError(f"This cron trigger would never fire: no date from 1970 on has {said}.")
    return days


def read_fields(given: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts of all fields: before the last one given a field is ``*``, after it the least that it can be."""
    from apscheduler.triggers.cron.fields import DEFAULT_VALUES

    last = max((place for place, name in enumerate(FIELDS) if name in given), default=len(FIELDS))
    texts = []
    for place, name in enumerate(FIELDS):
        value = given.get(name, DEFAULT_VALUES[name] if place > last else "*")
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ScheduleError(f"{name} of a cron trigger is a number or a text, not {shown(value)}.")
        text = value if isinstance(value, str) else shown(value)
        texts.append(field_text(_field(name, " ".join(text.lower().split()))))
    field_walls(tuple(texts))
    return tuple(texts)


@lru_cache(maxsize=4096)
def _field(name: str, text: str) -> Any:
    """Return APScheduler's field. It would overlook what follows a name, such as the step of ``mon-fri/2``."""
    from apscheduler.triggers.cron import CronTrigger

    kind = CronTrigger.FIELDS_MAP[name]
    if len(text) > LONGEST_TEXT:
        raise ScheduleError(f"{name} of a cron trigger has {len(text)} characters; at most {LONGEST_TEXT}.")
    for item in text.split(","):
        if not any(known.value_re.fullmatch(item.strip()) for known in kind.COMPILERS):
            raise ScheduleError(
                f"{name} {shown(text)} of a cron trigger: {shown(item.strip())} is not understood; expected {_EXPECTED[name]}."
            )
    try:
        return kind(name, text)
    except ValueError as error:
        raise ScheduleError(
            f"{name} {shown(text)} of a cron trigger: {str(error).rstrip('.')}; expected {_EXPECTED[name]}."
        ) from None


_EXPECTED: Final = {
    "year": "years from 1970 to 9999, such as 2030 or 2030-2035",
    "month": "1 to 12, such as 1-6 or jan-mar",
    "day": "1 to 31, last, or such as 2nd fri",
    "week": "ISO weeks from 1 to 53, such as 1-26 or */2",
    "day_of_week": "0 to 6, where 0 is Monday, such as 0-4 or mon-fri",
    "hour": "0 to 23, such as 9-17 or */2",
    "minute": "0 to 59, such as */15 or 0,30",
    "second": "0 to 59, such as */10 or 30",
}


def field_text(field: Any) -> str:
    """Return the text of a field of APScheduler's, which would make ``0/2``, to the end, of ``0-0/2``."""
    return ",".join(
        "0" if one.step and getattr(one, "last", None) == 0 else str(one) for one in field.expressions
    )


def _values(field: Any) -> tuple[int, ...]:
    """Return the numbers that a field matches; of days of the month, those that it names by number."""
    return _numbers(field.name, field_text(field))


@lru_cache(maxsize=4096)
def _numbers(name: str, text: str) -> tuple[int, ...]:
    marked = _marked(name, text)
    return tuple(compress(range(len(marked)), marked))


@lru_cache(maxsize=512)
def _marked(name: str, text: str) -> bytes:
    """Return the numbers that a field matches: byte n is 1 if it matches n."""
    from apscheduler.triggers.cron.fields import MAX_VALUES, MIN_VALUES

    marked = bytearray(MAX_VALUES[name] + 1)
    for one in _field(name, text).expressions:
        if not isinstance(one, _positions()):
            first, last = getattr(one, "first", MIN_VALUES[name]), getattr(one, "last", None)
            numbers = range(first, (MAX_VALUES[name] if last is None else last) + 1, one.step or 1)
            marked[first : numbers.stop : numbers.step] = b"\1" * len(numbers)
    return bytes(marked)


@cache
def _positions() -> tuple[Any, ...]:
    """Return the classes of what a field of the day says that is no number, such as the second Friday of a month."""
    from apscheduler.triggers.cron.expressions import LastDayOfMonthExpression, WeekdayPositionExpression

    return LastDayOfMonthExpression, WeekdayPositionExpression


def _dates_phrase(read: list[Any]) -> str:
    year, month, day, week, weekday = (None if str(one) == "*" else one for one in read[:5])
    words = []
    if day is not None:
        words.append(f"on {_days_phrase(str(day))} of the month")
    if weekday is not None:
        names = (*DAYS[1:], DAYS[0])
        words.append(f"{'and only if it is' if words else 'on'} {runs(_values(weekday), names)}")
    if week is not None:
        words.append(f"in ISO week {runs(_values(week))}")
    if month is not None:
        words.append(f"in {runs(_values(month), ('', *MONTHS))}")
    if year is not None:
        words.append(f"in the years {year}")
    return "".join(f", {word}" for word in words)


def _days_phrase(text: str) -> str:
    words = []
    for item in text.split(","):
        position, _, name = item.partition(" ")
        if name:
            full = next(day for day in DAYS if day.lower().startswith(name))
            words.append(f"the {position} {full}")
        elif item == "last":
            words.append("the last day")
        else:
            numbers = _values(_field("day", item))
            words.append(f"day{'s' if len(numbers) > 1 else ''} {runs(numbers)}")
    return listed(words)
