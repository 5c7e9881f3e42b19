"""Celery's ``crontab``: day of month AND day of week."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from beat.dst import effective_policy, zone_line
from beat.schedules.arguments import ScheduleError, as_zone, check_fold, check_gap, shown, zone_name
from beat.schedules.clock.calendar_days import DateRule, MonthDays, WeekDays, some_date
from beat.schedules.clock.changes import remark
from beat.schedules.clock.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, Field, parse_field
from beat.schedules.clock.wallclock import WallClock
from beat.schedules.clock.walls import Walls, walls_of
from beat.schedules.phrases import dates_phrase, time_phrase, zone_phrase

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from beat.dst import ZoneLine

FieldValue = int | str | Iterable[int]


@dataclass(frozen=True, slots=True, init=False)
class crontab(WallClock):  # noqa: N801 - Celery's name
    """Fire at the minutes at which all five fields match.

    A field is a number, a text in the grammar of crontab(5) (``*/15``, ``mon-fri``, ``22-4/3``) or a collection of
    numbers; day of week 0 is Sunday. `gap` and `fold` are as in `beat.dst`. Raises ValueError with a sentence
    for a field that cannot be read and for a date that never comes, such as 31 February.
    """

    kind: ClassVar[str] = "crontab"

    minute: Field
    hour: Field
    day_of_week: Field
    day_of_month: Field
    month_of_year: Field
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    walls: Walls = field(compare=False, repr=False)
    real_time: bool = field(compare=False, repr=False)
    policy: tuple[str, str] = field(compare=False, repr=False)
    line: ZoneLine | None = field(compare=False, repr=False)

    def __init__(  # noqa: PLR0917 - the positions are Celery's
        self,
        minute: FieldValue = "*",
        hour: FieldValue = "*",
        day_of_week: FieldValue = "*",
        day_of_month: FieldValue = "*",
        month_of_year: FieldValue = "*",
        tz: str | ZoneInfo | None = None,
        *,
        gap: str | None = None,
        fold: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "minute", parse_field(MINUTE, minute))
        put(self, "hour", parse_field(HOUR, hour))
        put(self, "day_of_week", parse_field(DAY_OF_WEEK, day_of_week))
        put(self, "day_of_month", parse_field(DAY_OF_MONTH, day_of_month))
        put(self, "month_of_year", parse_field(MONTH, month_of_year))
        put(self, "tz", as_zone(tz))
        put(self, "line", self.tz and zone_line(self.tz))
        put(self, "gap", check_gap(gap))
        put(self, "fold", check_fold(fold))
        if not some_date(self.month_of_year.mask, self.day_of_month.mask):
            raise ScheduleError(
                f"Month {shown(self.month_of_year.text)} has no day {shown(self.day_of_month.text)}: this crontab would never fire."
            )
        put(self, "walls", walls_of(1, self.minute.mask, self.hour.mask, self.rule))
        put(self, "real_time", self.minute.star or self.hour.star)
        put(self, "policy", effective_policy(gap, fold, self.real_time))

    @classmethod
    def from_string(cls, text: str, tz: str | ZoneInfo | None = None) -> crontab:
        """Return the crontab for ``minute hour day-of-month month day-of-week``."""
        if not isinstance(text, str):
            raise ScheduleError(f"A crontab is a text such as '0 3 * * *', not {shown(text)}.")
        parts = text.split()
        if len(parts) != 5:  # noqa: PLR2004 - the format has five
            raise ScheduleError(
                f"{shown(text)} has {len(parts)} fields; a crontab has five: minute, hour, day of month, month, day of week;"
                " cron reads other forms as well."
            )
        minute, hour, day_of_month, month_of_year, day_of_week = parts
        return cls(minute, hour, day_of_week, day_of_month, month_of_year, tz)

    @property
    def rule(self) -> DateRule:
        """The dates that match."""
        return DateRule(
            self.month_of_year.mask, MonthDays(self.day_of_month.mask), WeekDays(self.day_of_week.mask)
        )

    def describe(self) -> str:
        time = time_phrase(self.minute, self.hour)
        return f"{time}{dates_phrase(self.rule)}{zone_phrase(self.tz)}{remark(self)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "minute": self.minute.text,
            "hour": self.hour.text,
            "day_of_week": self.day_of_week.text,
            "day_of_month": self.day_of_month.text,
            "month_of_year": self.month_of_year.text,
            "tz": zone_name(self.tz),
            "gap": self.gap,
            "fold": self.fold,
        }
