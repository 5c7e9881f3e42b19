"""One recurrence rule: ``FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR`` as a value, and the value as text.

The grammar is that of RFC 5545, section 3.3.10, with dateutil's additions: ``BYEASTER``, ``BYWEEKDAY`` for
``BYDAY``, and ``MO(+1)`` for ``+1MO``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from beat.schedules.arguments import ScheduleError, nearest
from jobq.instants import SECOND, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EARLIEST: Final = to_micros(datetime(1, 1, 1, tzinfo=UTC)) // SECOND
LATEST: Final = to_micros(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) // SECOND
MOST_ITEMS: Final = 1_000  # of a list
MOST_TIMES: Final = 3_600  # of an hour or a day
MOST_PICKED: Final = 500  # COUNT of a rule with BYSETPOS, whose periods are counted one by one
DIGITS: Final = 18


class Moment(NamedTuple):
    """A second that a text names: a reading of the clock on the wall, or an instant."""

    second: int  # since 1970-01-01T00:00, on the wall or in UTC
    instant: bool


class Rule(NamedTuple):
    """The parts of a rule; an empty tuple is a part that was not given. Lists are sorted and hold nothing twice."""

    freq: int
    interval: int = 1
    times: int | None = None  # COUNT
    until: Moment | None = None
    wkst: int = 0  # Monday is 0
    by_set_pos: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_easter: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()  # which one in the month or year (0 is every), and the weekday
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()

    @property
    def sub_daily(self) -> bool:
        return self.freq > DAILY

    @property
    def names_days(self) -> bool:
        """Whether a part says which days, so that the start does not."""
        return bool(self.by_month_day or self.by_year_day or self.by_easter or self.by_week_no or self.by_day)


class Numbers(NamedTuple):
    """The range of a list of numbers. With `signed`, the same numbers count from the end with a minus."""

    field: str
    low: int
    high: int
    signed: bool = False

    def allows(self, number: int) -> bool:
        return self.low <= (abs(number) if self.signed else number) <= self.high

    def __str__(self) -> str:
        counted = f", or {-self.high} to {-self.low} from the end" if self.signed else ""
        return f"{self.low} to {self.high}{counted}"


LISTS: Final = {
    "BYSETPOS": Numbers("by_set_pos", 1, 366, signed=True),
    "BYMONTH": Numbers("by_month", 1, 12),
    "BYMONTHDAY": Numbers("by_month_day", 1, 31, signed=True),
    "BYYEARDAY": Numbers("by_year_day", 1, 366, signed=True),
    "BYEASTER": Numbers("by_easter", -366, 366),
    "BYWEEKNO": Numbers("by_week_no", 1, 53, signed=True),
    "BYHOUR": Numbers("by_hour", 0, 23),
    "BYMINUTE": Numbers("by_minute", 0, 59),
    "BYSECOND": Numbers("by_second", 0, 59),
}
ORDINAL: Final = Numbers("by_day", 1, 53, signed=True)
FIELDS: Final = {
    "FREQ": "freq",
    "INTERVAL": "interval",
    "COUNT": "times",
    "UNTIL": "until",
    "WKST": "wkst",
    "BYDAY": "by_day",
    "BYWEEKDAY": "by_day",
} | {name: numbers.field for name, numbers in LISTS.items()}
BEFORE: Final = re.compile(r"([+-]?\d+)?(\w+)", re.ASCII)  # +1MO
BEHIND: Final = re.compile(r"(\w+)\(([+-]?\d+)\)", re.ASCII)  # MO(+1)
WHOLE: Final = re.compile(r"[+-]?\d+", re.ASCII)


def parse_rule(text: str, zone: ZoneInfo | None) -> Rule:
    """Return the rule that `text` is; dates in it that have no zone of their own are readings in `zone`."""
    given: dict[str, object] = {}
    for part in text.split(";"):
        if not part:
            continue
        name, equals, value = part.partition("=")
        field = FIELDS.get(name)
        if field is None:
            raise ScheduleError(f"{name!r} is not a part of a recurrence rule{nearest(name, FIELDS) or '.'}")
        if not equals or not value:
            raise ScheduleError(f"{name} has no value; expected {name}=... in {text!r}.")
        if field in given:
            raise ScheduleError(f"{name} is given twice in {text!r}.")
        given[field] = _value(name, value, zone)
    if "freq" not in given:
        raise ScheduleError(f"{text!r} has no FREQ; expected one such as FREQ=DAILY.")
    rule = Rule(**given)  # type: ignore[arg-type]
    _check(rule, text)
    return rule


def _value(name: str, value: str, zone: ZoneInfo | None) -> object:
    if name in LISTS:
        numbers = {_number(name, item, LISTS[name].allows, str(LISTS[name])) for item in _items(name, value)}
        return tuple(sorted(numbers))
    if name == "UNTIL":
        return moment("UNTIL", value, zone)
    if name == "FREQ":
        return _choice("FREQ", value, FREQUENCIES)
    if name == "WKST":
        return _choice("WKST", value, WEEKDAYS)
    if name in ("INTERVAL", "COUNT"):
        return _number(name, value, lambda number: number >= 1, "1 or more")
    return tuple(sorted({_weekday(item) for item in _items(name, value)}, key=lambda day: (day[0] != 0, day)))


def _items(name: str, value: str) -> list[str]:
    items = value.split(",")
    if len(items) > MOST_ITEMS:
        raise ScheduleError(f"{name} has {len(items)} values; expected at most {MOST_ITEMS}.")
    return items


def _choice(name: str, value: str, choices: tuple[str, ...]) -> int:
    if value not in choices:
        hint = nearest(value, choices) or f"; expected one of {', '.join(choices)}."
        raise ScheduleError(f"{name}={value} is not known{hint}")
    return choices.index(value)


def _number(name: str, item: str, allows: Callable[[int], bool], expected: str) -> int:
    if not WHOLE.fullmatch(item) or len(item) > DIGITS:
        shown = item if len(item) <= DIGITS else f"{item[:DIGITS]}..."
        raise ScheduleError(f"{name} is {shown!r}; expected a whole number, {expected}.")
    number = int(item)
    if not allows(number):
        raise ScheduleError(f"{name} is {number}, which is out of range; expected {expected}.")
    return number


def _weekday(item: str) -> tuple[int, int]:
    before, behind = BEFORE.fullmatch(item), BEHIND.fullmatch(item)
    ordinal, word = before.groups() if before else behind.group(2, 1) if behind else (None, item)
    if word not in WEEKDAYS:
        hint = (
            nearest(word, WEEKDAYS) or f"; expected one of {', '.join(WEEKDAYS)}, such as -1FR for the last."
        )
        raise ScheduleError(f"BYDAY has {item!r}, which is not a weekday{hint}")
    which = _number(f"The number of BYDAY {item!r}", ordinal, ORDINAL.allows, str(ORDINAL)) if ordinal else 0
    return which, WEEKDAYS.index(word)


def moment(name: str, value: str, zone: ZoneInfo | None, tzid: ZoneInfo | None = None) -> Moment:
    """Return the second that an ISO 8601 text names, in the zone `tzid` if its property says so."""
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise ScheduleError(
            f"{name} has {value!r}, which is not a date and time such as 20261231T235959 or 20261231T225959Z."
        ) from None
    if read.tzinfo is not None and tzid is not None:
        raise ScheduleError(f"{name} has {value!r} and a TZID; expected one zone, not two.")
    if read.tzinfo is None and tzid is None:
        return Moment(reading_of(read), instant=False)
    if tzid is not None and tzid == zone:
        return Moment(reading_of(read), instant=False)
    instant = to_micros(read.replace(tzinfo=read.tzinfo or tzid)) // SECOND
    return Moment(clamped(instant), instant=zone is None or zone.key != "UTC")


def clamped(second: int) -> int:
    """Return the second, or the nearest that a datetime can show."""
    return min(max(second, EARLIEST), LATEST)


def reading_of(shown: datetime) -> int:
    """Return a naive or aware datetime's reading: seconds since 1970-01-01T00:00 on the same wall."""
    return to_micros(shown.replace(tzinfo=UTC, fold=0)) // SECOND


def _check(rule: Rule, text: str) -> None:
    if rule.times is not None and rule.until is not None:
        raise ScheduleError(f"{text!r} has both COUNT and UNTIL; expected at most one of them.")
    if rule.freq > MONTHLY and any(which for which, _ in rule.by_day):
        raise ScheduleError(
            f"BYDAY counts weekdays in a month or a year, so {text!r} needs FREQ=MONTHLY or FREQ=YEARLY for it."
        )
    times = prod(
        len(part) or 1 for part in (rule.by_hour, rule.by_minute, rule.by_second)[max(rule.freq - DAILY, 0) :]
    )
    if times > MOST_TIMES:
        raise ScheduleError(
            f"{text!r} names {times} times of {'a day' if rule.freq <= DAILY else 'an hour'}; expected at most {MOST_TIMES}. A "
            f"rule of a finer FREQ may leave parts out."
        )
    picked = rule.by_set_pos and rule.freq < DAILY
    if picked and rule.times is not None and rule.times > MOST_PICKED:
        raise ScheduleError(f"COUNT is {rule.times}; with BYSETPOS it is at most {MOST_PICKED}.")


def rule_text(rule: Rule) -> str:
    """Return the one text that all equal rules share."""
    parts = [f"FREQ={FREQUENCIES[rule.freq]}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.times is not None:
        parts.append(f"COUNT={rule.times}")
    if rule.until is not None:
        parts.append(f"UNTIL={moment_text(rule.until)}")
    if rule.wkst:
        parts.append(f"WKST={WEEKDAYS[rule.wkst]}")
    for name, numbers in LISTS.items():
        values: tuple[int, ...] = getattr(rule, numbers.field)
        if values:
            parts.append(f"{name}={','.join(map(str, values))}")
    if rule.by_day:
        days = ",".join(f"{which or ''}{WEEKDAYS[weekday]}" for which, weekday in rule.by_day)
        parts.append(f"BYDAY={days}")
    return ";".join(parts)


def moment_text(one: Moment) -> str:
    shown = datetime.fromtimestamp(one.second, UTC)
    return f"{shown:%Y%m%dT%H%M%S}".rjust(15, "0") + ("Z" if one.instant else "")
