"""Words for the sentences that `describe` returns."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, Final

from beat.schedules.clock.bits import bits
from beat.schedules.clock.calendar_days import FIRST_YEAR, DateRule, MonthDays, WeekDays
from beat.schedules.clock.fields import DAYS, MONTHS, Field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

MOST_TIMES: Final = 6  # times of day listed one by one; more are told by minutes and hours
UNITS: Final = (("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000))


def duration(micros: int, *, full: bool = False) -> str:
    """Return a duration in words: ``minute``, ``90 seconds``, ``1 day and 30 minutes``; ``1 minute`` if `full`."""
    parts, rest = [], micros
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(counted(count, unit))
    if rest:
        seconds = f"{rest / 1_000_000:.6f}".rstrip("0").rstrip(".")
        parts.append("1 second" if seconds == "1" else f"{seconds} seconds")
    text = listed(parts)
    return text if full or len(parts) > 1 else text.removeprefix("1 ")


def counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return words as an English list."""
    if len(words) < 2:  # noqa: PLR2004 - one word needs no conjunction
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def runs(numbers: Sequence[int], names: Sequence[str] | None = None) -> str:
    """Return sorted numbers as a list in which three or more in a row become ``a to b``."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    words: list[str] = []
    for run in found:
        shown = [names[number] if names else str(number) for number in run]
        words += [f"{shown[0]} to {shown[-1]}"] if len(run) > 2 else shown  # noqa: PLR2004
    return listed(words)


def time_phrase(minute: Field, hour: Field, second: Field | None = None) -> str:
    """Return the part of the sentence about the time of day: ``At 03:00``, ``Every 5 minutes of every hour``."""
    fields = (hour, minute) if second is None or second.mask == 1 else (hour, minute, second)
    if prod(len(field.values) for field in fields) <= MOST_TIMES and not any(field.star for field in fields):
        times = product(*(field.values for field in fields))
        return f"At {listed([':'.join(f'{part:02}' for part in time) for time in times])}"
    if len(fields) > 2:  # noqa: PLR2004 - seconds as well
        return _with_seconds(fields[-1], minute, hour)
    minutes = _units(minute, "minute", 60)
    return minutes if minute.star and hour.text == "*" else f"{minutes}{_hours(hour)}"


def _with_seconds(second: Field, minute: Field, hour: Field) -> str:
    seconds = _units(second, "second", 60)
    if minute.text == hour.text == "*":
        return seconds if second.star else f"{seconds} of every minute"
    minutes = _units(minute, "minute", 60).removeprefix("At ")
    return f"{seconds} of {minutes[0].lower()}{minutes[1:]}{_hours(hour)}"


def _units(field: Field, unit: str, span: int) -> str:
    if field.text == "*":
        return f"Every {unit}"
    step = _star_step(field, span)
    if step:
        return f"Every {step} {unit}s"
    return f"At {unit}{'s' if len(field.values) > 1 else ''} {runs(field.values)}"


def _hours(hour: Field) -> str:
    if hour.text == "*":
        return " of every hour"
    step = _star_step(hour, 24)
    if step:
        return f" of every {ordinal(step)} hour"
    return f" of the hour{'s' if len(hour.values) > 1 else ''} {runs(hour.values)}"


def _star_step(field: Field, span: int) -> int | None:
    """Return n for ``*/n`` if it divides the span evenly."""
    step = field.text.removeprefix("*/")
    if step == field.text or not step.isdecimal() or int(step) == 1:
        return None
    return int(step) if span % int(step) == 0 else None


def dates_phrase(rule: DateRule) -> str:
    """Return the part of the sentence about dates."""
    every = DateRule()
    any_month_day, any_weekday = rule.month_days == every.month_days, rule.week_days == every.week_days
    all_dates = rule.either and (any_month_day or any_weekday)
    by_month = "" if any_month_day or all_dates else f"on {_month_days(rule.month_days)} of the month"
    by_week = "" if any_weekday or all_dates else _week_days(rule.week_days)
    if by_month and by_week:
        days = f", {by_month} {'or on' if rule.either else 'and only if it is'} {by_week}"
    else:
        days = f", {by_month}" if by_month else f", on {by_week}" if by_week else ""
    months = "" if rule.months == every.months else f", in {runs(bits(rule.months), ('', *MONTHS))}"
    years = "" if rule.years is None else f", of {runs([FIRST_YEAR + year for year in bits(rule.years)])}"
    return days + months + years


def _month_days(days: MonthDays) -> str:
    numbers = bits(days.numbers)
    words = [f"day{'s' if len(numbers) > 1 else ''} {runs(numbers)}"] if numbers else []
    words += [_before_last(back) for back in bits(days.from_last)]
    words += [
        f"the workday nearest to day {day}" if day else "the last workday" for day in bits(days.workdays)
    ]
    return listed(words)


def _before_last(back: int) -> str:
    if back < 2:  # noqa: PLR2004 - one needs no number
        return "the day before the last" if back else "the last day"
    return f"the {ordinal(back)} day before the last"


def _week_days(days: WeekDays) -> str:
    words = [_weekdays(bits(days.every))] if days.every else []
    words += [f"the {ordinal(place // 7 + 1)} {DAYS[place % 7]} of the month" for place in bits(days.nth)]
    words += [f"the last {DAYS[weekday]} of the month" for weekday in bits(days.last)]
    return listed(words)


def _weekdays(days: Sequence[int]) -> str:
    """Return days of the week as a list, beginning after a day that is not one of them: ``Friday to Monday``."""
    begin = next((day for day in days if (day - 1) % 7 not in days), 0)
    turned = sorted((day - begin) % 7 for day in days)
    return runs(turned, [DAYS[(begin + place) % 7] for place in range(7)])


def ordinal(number: int) -> str:
    """Return ``1st``, ``2nd``, ``3rd``, ``4th`` and so on."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def zone_phrase(tz: ZoneInfo | None) -> str:
    """Return the part of the sentence about the zone."""
    return f", {tz.key} time" if tz else ""
