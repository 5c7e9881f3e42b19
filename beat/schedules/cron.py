"""The standard text form: ``cron("0 3 * * 1-5")``, as in crontab(5), with Quartz's seconds, years, L, W, # and ?."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from beat.dst import effective_policy, zone_line
from beat.schedules.arguments import ScheduleError, as_zone, check_fold, check_gap, nearest, shown, zone_name
from beat.schedules.clock.calendar_days import FIRST_YEAR, DateRule, days_of, some_date
from beat.schedules.clock.changes import remark
from beat.schedules.clock.day_fields import MonthDayField, WeekDayField, parse_month_days, parse_week_days
from beat.schedules.clock.fields import (
    CRON_DAY_OF_MONTH,
    CRON_DAY_OF_WEEK,
    CRON_HOUR,
    CRON_MINUTE,
    CRON_MONTH,
    CRON_SECOND,
    CRON_YEAR,
    Field,
    check_text,
    parse_text,
)
from beat.schedules.clock.spread import spread, spreads
from beat.schedules.clock.wallclock import WallClock
from beat.schedules.clock.walls import Walls, walls_of
from beat.schedules.phrases import dates_phrase, time_phrase, zone_phrase

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from beat.dst import ZoneLine
    from beat.schedules.base import Schedule

SHORTHANDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
SPREADABLE: Final = (CRON_SECOND, CRON_MINUTE, CRON_HOUR, CRON_DAY_OF_MONTH, CRON_MONTH, CRON_DAY_OF_WEEK)
LEAST, MOST = 5, 7
UNREAD: Final = {
    "@every": "is an interval and no cron expression; write every(300) or every = '5m'.",
    "@reboot": "is no time; what starts with the machine is a service, such as one of systemd.",
}
ZONE_APART: Final = "begins with a zone; give that apart, as tz or as the entry's timezone."


class Fields(NamedTuple):
    """The fields of an expression, all seven."""

    second: Field
    minute: Field
    hour: Field
    month_day: MonthDayField
    month: Field
    weekday: WeekDayField
    year: Field

    @property
    def either(self) -> bool:
        """Whether one of the two day fields is enough."""
        return not (self.month_day.star or self.weekday.star)

    @property
    def rule(self) -> DateRule:
        years = None if self.year.text == "*" else self.year.mask >> FIRST_YEAR
        return DateRule(self.month.mask, self.month_day.days, self.weekday.days, self.either, years)


@dataclass(frozen=True, slots=True, init=False)
class cron(WallClock):  # noqa: N801 - a value's constructor, like its siblings with Celery's names
    """Fire at the minutes that ``minute hour day-of-month month day-of-week`` names.

    Six fields begin with the second, seven end with the year as well, from 1970 to 2099. If neither day field
    starts with ``*``, a date matches by either of them (the rule of Vixie cron); else by both. 0 and 7 are Sunday.
    ``@hourly @daily @midnight @weekly @monthly @yearly @annually`` are understood; ``L``, ``W``, ``#`` and ``?`` as
    in `beat.schedules.clock.day_fields`, ``H`` as in `beat.schedules.clock.spread`. What ``H`` is spread by is `name`, else
    the name of the entry. `gap` and `fold` are as in `beat.dst`. Raises ValueError with a sentence.
    """

    kind: ClassVar[str] = "cron"

    text: str = field(compare=False)
    fields: Fields = field(repr=False)
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    name: str | None  # what H is spread by, None if there is no H
    unspread: str = field(repr=False)  # what is to be spread while there is no name
    walls: Walls = field(compare=False, repr=False)
    real_time: bool = field(compare=False, repr=False)
    policy: tuple[str, str] = field(compare=False, repr=False)
    line: ZoneLine | None = field(compare=False, repr=False)

    def __init__(
        self,
        text: str,
        tz: str | ZoneInfo | None = None,
        gap: str | None = None,
        fold: str | None = None,
        *,
        name: str | None = None,
    ) -> None:
        if not isinstance(text, str):
            raise ScheduleError(f"cron takes a text such as '0 3 * * *', not {shown(text)}.")
        check_text("cron", text)
        if not isinstance(name, str | None):
            raise ScheduleError(f"The name that H is spread by is text, not {shown(name)}.")
        parts = _split(text)
        spread_out = any(map(spreads, parts[:-1]))
        unspread = " ".join(parts).lower() if spread_out and not name else ""
        if spread_out:
            parts[:-1] = [
                spread(kind, part, name or "") for kind, part in zip(SPREADABLE, parts, strict=False)
            ]
        fields = _parsed(parts)
        if not unspread:
            _check_some_date(text, fields)
        put = object.__setattr__
        put(self, "text", " ".join(text.split()))
        put(self, "fields", fields)
        put(self, "tz", as_zone(tz))
        put(self, "gap", check_gap(gap))
        put(self, "fold", check_fold(fold))
        put(self, "name", (name or "") if spread_out else None)
        put(self, "unspread", unspread)
        put(self, "walls", walls_of(fields.second.mask, fields.minute.mask, fields.hour.mask, fields.rule))
        put(self, "real_time", fields.minute.star or fields.hour.star)
        put(self, "policy", effective_policy(gap, fold, self.real_time))
        put(self, "line", self.tz and zone_line(self.tz))

    @property
    def by_name(self) -> bool:
        return self.name == ""

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        if self.name == "":
            return cron(self.text, self.tz or tz, self.gap or gap, self.fold or fold, name=name)
        return super(cron, self).bind(tz=tz, anchor=anchor, name=name, gap=gap, fold=fold)

    def describe(self) -> str:
        fields = self.fields
        time = time_phrase(fields.minute, fields.hour, fields.second)
        return f"{time}{dates_phrase(fields.rule)}{zone_phrase(self.tz)}{remark(self)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "tz": zone_name(self.tz),
            "gap": self.gap,
            "fold": self.fold,
            "name": self.name or None,
        }


def _split(text: str) -> list[str]:
    """Return the seven fields of an expression."""
    parts = text.split()
    first = parts[0].lower() if parts else ""
    if first in UNREAD or first.startswith(("tz=", "cron_tz=")):
        raise ScheduleError(f"cron {shown(text)} {UNREAD.get(first, ZONE_APART)}")
    if first.startswith("@") and len(parts) == 1:
        if first not in SHORTHANDS:
            known = ", ".join(SHORTHANDS)
            raise ScheduleError(
                f"{shown(text)} is not a shorthand of cron ({known}){nearest(first, SHORTHANDS) or '.'}"
            )
        parts = SHORTHANDS[first].split()
    command = len(parts) > MOST or any(part.startswith(("/", "./", "~/")) for part in parts)
    if command or not LEAST <= len(parts) <= MOST:
        hint = " The command of a crontab's line is the task of an entry." if command else ""
        raise ScheduleError(
            f"cron {shown(text)} has {len(parts)} fields; expected five (minute, hour, day of month, month, day of week),"
            f" six with the second before them, or seven with the year after them as well.{hint}"
        )
    second = [] if len(parts) > LEAST else ["0"]
    year = [] if len(parts) == MOST else ["*"]
    return [*second, *parts, *year]


def _parsed(parts: list[str]) -> Fields:
    second, minute, hour, month_day, month, weekday, year = parts
    return Fields(
        parse_text(CRON_SECOND, second),
        parse_text(CRON_MINUTE, minute),
        parse_text(CRON_HOUR, hour),
        parse_month_days(month_day),
        parse_text(CRON_MONTH, month),
        parse_week_days(weekday),
        parse_text(CRON_YEAR, year),
    )


def _check_some_date(text: str, fields: Fields) -> None:
    """Refuse an expression that matches no date at all."""
    rule = fields.rule
    numbers_only = not (rule.month_days.from_last or rule.month_days.workdays)
    if not rule.either and numbers_only and not some_date(rule.months, rule.month_days.numbers):
        raise ScheduleError(
            f"cron {shown(text)} would never fire: month {shown(fields.month.text)} has no day {shown(fields.month_day.text)}."
        )
    always = numbers_only and not (rule.week_days.nth or rule.week_days.last) and rule.years is None
    if not always and not days_of(rule).any():
        raise ScheduleError(f"cron {shown(text)} would never fire: no date is all that it asks for.")
