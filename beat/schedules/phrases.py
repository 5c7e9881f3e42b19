"""Words for the sentences that `describe` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from beat.schedules.fields import DAYS, MONTHS, Field

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


def time_phrase(minute: Field, hour: Field) -> str:
    """Return the part of the sentence about minutes and hours: ``At 03:00``, ``Every 5 minutes, from ...``."""
    if len(minute.values) * len(hour.values) <= MOST_TIMES and not (minute.star or hour.star):
        return f"At {listed([f'{h:02}:{m:02}' for h in hour.values for m in minute.values])}"
    return f"{_minutes(minute)}{_hours(hour)}"


def _minutes(minute: Field) -> str:
    if minute.text == "*":
        return "Every minute"
    step = _star_step(minute, 60)
    if step:
        return f"Every {step} minutes"
    if len(minute.values) == 1:
        return f"At minute {minute.values[0]}"
    return f"At minutes {runs(minute.values)}"


def _hours(hour: Field) -> str:
    if hour.text == "*":
        return " of every hour"
    step = _star_step(hour, 24)
    if step:
        return f" of every {step} hours from midnight"
    return f" of the hour{'s' if len(hour.values) > 1 else ''} {runs(hour.values)}"


def _star_step(field: Field, span: int) -> int | None:
    """Return n for ``*/n`` if it divides the span evenly."""
    step = field.text.removeprefix("*/")
    if step == field.text or not step.isdecimal() or int(step) == 1:
        return None
    return int(step) if span % int(step) == 0 else None


def days_phrase(month_day: Field, weekday: Field, month: Field, between: str) -> str:
    """Return the part of the sentence about dates; `between` joins the day of month and the day of week."""
    by_month = (
        ""
        if month_day.text == "*"
        else f"on day{'s' if len(month_day.values) > 1 else ''} {runs(month_day.values)} of the month"
    )
    by_week = "" if weekday.text == "*" else runs(weekday.values, DAYS)
    if by_month and by_week:
        days = f", {by_month} {between} {by_week}"
    else:
        days = f", {by_month}" if by_month else f", on {by_week}" if by_week else ""
    months = "" if month.text == "*" else f", in {runs(month.values, ('', *MONTHS))}"
    return days + months


def zone_phrase(tz: ZoneInfo | None) -> str:
    """Return the part of the sentence about the zone."""
    return f", {tz.key} time" if tz else ""
