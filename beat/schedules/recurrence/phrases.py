"""The sentence that tells a recurrence set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from beat.schedules.clock.fields import MONTHS
from beat.schedules.phrases import MOST_TIMES, counted, listed, runs, zone_phrase
from beat.schedules.recurrence.parts import DAILY, HOURLY, MONTHLY, WEEKLY, YEARLY, Moment, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from beat.schedules.recurrence.text import Rules

UNITS: Final = ("year", "month", "week", "day", "hour", "minute", "second")
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TEENS: Final = range(11, 14)


def rules_phrase(rules: Rules, start: datetime | None, tz: ZoneInfo | None) -> str:
    """Return what a set does, as a sentence."""
    parts = [rule_phrase(rule, start) for rule in rules.rules]
    if rules.dates:
        parts.append(f"at {_dates(rules.dates)}")
    text = "; and ".join(parts)
    since = f", from {_shown(start)}" if start else ""
    text = f"{text[0].upper()}{text[1:]}{since}{zone_phrase(tz)}"
    if rules.but_rules or rules.but_dates:
        but = [rule_phrase(rule, start) for rule in rules.but_rules]
        if rules.but_dates:
            but.append(f"at {_dates(rules.but_dates)}")
        text += f"; but not {listed(but, 'nor')}"
    return f"{text}."


def rule_phrase(rule: Rule, start: datetime | None) -> str:
    """Return what a rule does, as a clause."""
    every = (
        f"every {UNITS[rule.freq]}"
        if rule.interval == 1
        else f"every {counted(rule.interval, UNITS[rule.freq])}"
    )
    days = _days(rule, start)
    ends = ""
    if rule.times is not None:
        ends = f", {counted(rule.times, 'time')}"
    elif rule.until is not None:
        ends = f", until {_moment(rule.until)}"
    if rule.by_set_pos:
        which = listed([_ordinal(position) for position in rule.by_set_pos])
        return f"{every} the {which} of the times{days}{_times(rule, start)}{ends}"
    return f"{every}{days}{_times(rule, start)}{ends}"


def _days(rule: Rule, start: datetime | None) -> str:
    words = []
    if rule.by_day:
        plain = [day for which, day in rule.by_day if which == 0]
        named = [runs(plain, WEEKDAYS)] if plain else []
        named += [f"the {_ordinal(which)} {WEEKDAYS[day]}" for which, day in rule.by_day if which]
        words.append(f" on {listed(named)}")
    if rule.by_month_day:
        words.append(f" on {_numbers('day', rule.by_month_day)} of the month")
    if rule.by_year_day:
        words.append(f" on {_numbers('day', rule.by_year_day)} of the year")
    if rule.by_week_no:
        words.append(f" in {_numbers('week', rule.by_week_no)} of the year")
    if rule.by_easter:
        words.append(f" {listed([_from_easter(offset) for offset in rule.by_easter])}")
    if start and not rule.names_days and rule.freq < DAILY:
        words.append(_date_of(rule, start))
    if rule.by_month:
        words.append(f" in {runs(rule.by_month, ('', *MONTHS))}")
    return "".join(words)


def _date_of(rule: Rule, start: datetime) -> str:
    """The day that the start gives."""
    if rule.freq == WEEKLY:
        return f" on {WEEKDAYS[start.weekday()]}"
    if rule.freq == MONTHLY or rule.by_month:
        return f" on day {start.day} of the month"
    return f" on {MONTHS[start.month - 1]} {start.day}" if rule.freq == YEARLY else ""


def _times(rule: Rule, start: datetime | None) -> str:
    if rule.freq >= HOURLY:
        named = [
            _numbers(unit, numbers)
            for unit, numbers in (
                ("hour", rule.by_hour),
                ("minute", rule.by_minute),
                ("second", rule.by_second),
            )
            if numbers
        ]
        return f" at {listed(named)}" if named else ""
    hours = rule.by_hour or ((start.hour,) if start else ())
    minutes = rule.by_minute or ((start.minute,) if start else ())
    seconds = rule.by_second or ((start.second,) if start else ())
    if hours and minutes and seconds and len(hours) * len(minutes) * len(seconds) <= MOST_TIMES:
        shown = [
            f"{h:02}:{m:02}" + (f":{s:02}" if s else "") for h in hours for m in minutes for s in seconds
        ]
        return f" at {listed(shown)}"
    named = [
        _numbers(unit, numbers)
        for unit, numbers in (("hour", hours), ("minute", minutes), ("second", seconds))
        if numbers
    ]
    return f" at {listed(named)}" if named else ""


def _ordinal(number: int) -> str:
    if number == -1:
        return "last"
    ends = {1: "st", 2: "nd", 3: "rd"}
    size = abs(number)
    text = f"{size}{'th' if size % 100 in TEENS else ends.get(size % 10, 'th')}"
    return text if number > 0 else f"{text} to last"


def _numbers(unit: str, numbers: Sequence[int]) -> str:
    """``day 5``, ``days 1 to 7``, ``the last day``, ``day 15 and the last day``."""
    ahead = [number for number in numbers if number >= 0]
    words = [f"{unit}{'s' if len(ahead) > 1 else ''} {runs(ahead)}"] if ahead else []
    return listed(words + [f"the {_ordinal(number)} {unit}" for number in numbers if number < 0])


def _from_easter(offset: int) -> str:
    if offset == 0:
        return "on Easter Sunday"
    return f"{counted(abs(offset), 'day')} {'after' if offset > 0 else 'before'} Easter Sunday"


def _dates(moments: Sequence[Moment]) -> str:
    shown = [_moment(one) for one in moments[:MOST_TIMES]]
    more = len(moments) - len(shown)
    return listed([*shown, f"{more} more"] if more else shown)


def _moment(one: Moment) -> str:
    return _shown(datetime.fromtimestamp(one.second, UTC)) + (" UTC" if one.instant else "")


def _shown(when: datetime) -> str:
    return when.replace(tzinfo=None).isoformat(" ", "seconds" if when.second else "minutes")
