"""The two day fields of a cron expression, with what only they may say.

Day of the month: ``L`` the last day, ``L-3`` the third day before it, ``15W`` the Monday to Friday nearest to the
15th in the same month, ``LW`` the last Monday to Friday. Day of the week: ``5L`` or ``friL`` the last Friday of
the month, ``5#2`` or ``fri#2`` the second. Each may stand in a list beside plain items. ``?`` stands for ``*``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from beat.schedules.arguments import ScheduleError, shown
from beat.schedules.clock.calendar_days import MonthDays, WeekDays
from beat.schedules.clock.fields import CRON_DAY_OF_MONTH, CRON_DAY_OF_WEEK, parse_item, parse_number

FROM_LAST: Final = re.compile(r"l(?:-(\d+))?")
WORKDAY: Final = re.compile(r"(l|\d+)w")
LAST_WEEKDAY: Final = re.compile(r"(\w+)l", re.ASCII)
NTH_WEEKDAY: Final = re.compile(r"(\w+)#(\w*)", re.ASCII)
MOST_BACK: Final = 30
WEEKS: Final = 5


@dataclass(frozen=True, slots=True)
class MonthDayField:
    """What the day of the month means. Two texts that mean the same are equal."""

    text: str = field(compare=False)
    days: MonthDays
    star: bool  # starts with `*`: does not restrict


@dataclass(frozen=True, slots=True)
class WeekDayField:
    """What the day of the week means. Two texts that mean the same are equal."""

    text: str = field(compare=False)
    days: WeekDays
    star: bool


@lru_cache(maxsize=4096)
def parse_month_days(text: str) -> MonthDayField:
    """Return the day-of-month field of a cron expression. Raises ValueError with a sentence."""
    numbers, from_last, workdays = 0, 0, 0
    for item in _items(text):
        if found := FROM_LAST.fullmatch(item):
            back = int(found[1] or 0)
            if back > MOST_BACK:
                raise ScheduleError(
                    f"day of month {shown(text)}: no month has a day {back} before its last one."
                )
            from_last |= 1 << back
        elif found := WORKDAY.fullmatch(item):
            workdays |= 1 << (0 if found[1] == "l" else parse_number(CRON_DAY_OF_MONTH, text, found[1]))
        else:
            numbers |= parse_item(CRON_DAY_OF_MONTH, text, item)
    return MonthDayField(text.lower(), MonthDays(numbers, from_last, workdays), _is_star(text))


@lru_cache(maxsize=4096)
def parse_week_days(text: str) -> WeekDayField:
    """Return the day-of-week field of a cron expression. Raises ValueError with a sentence."""
    every, nth, last = 0, 0, 0
    for item in _items(text):
        if found := NTH_WEEKDAY.fullmatch(item):
            weekday = parse_number(CRON_DAY_OF_WEEK, text, found[1]) % 7
            if not (found[2].isdecimal() and 1 <= int(found[2]) <= WEEKS):
                raise ScheduleError(
                    f"day of week {shown(text)}: {shown(found[2])} is not a week of the month; expected 1 to 5, such as fri#2."
                )
            nth |= 1 << (int(found[2]) - 1) * 7 + weekday
        elif found := LAST_WEEKDAY.fullmatch(item):
            last |= 1 << parse_number(CRON_DAY_OF_WEEK, text, found[1]) % 7
        elif item.startswith("l"):
            raise ScheduleError(
                f"day of week {shown(text)}: L comes after the day it is about; expected the last Friday as 5L or friL."
            )
        else:
            every |= parse_item(CRON_DAY_OF_WEEK, text, item)
    return WeekDayField(text.lower(), WeekDays(every, nth, last), _is_star(text))


def _items(text: str) -> list[str]:
    return ["*"] if text == "?" else text.lower().split(",")


def _is_star(text: str) -> bool:
    return text.startswith(("*", "?"))
