"""The standard text form: ``cron("0 3 * * 1-5")``, as in crontab(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final

from beat.dst import effective_policy
from beat.schedules.arguments import ScheduleError, as_zone, check_fold, check_gap, nearest, zone_name
from beat.schedules.calendar_days import days_of, some_date
from beat.schedules.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, Field, parse_field
from beat.schedules.phrases import days_phrase, time_phrase, zone_phrase
from beat.schedules.wallclock import WallClock
from beat.schedules.walls import Walls, walls_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SHORTHANDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
POSITIONS: Final = (
    replace(MINUTE, open_steps=True),
    replace(HOUR, open_steps=True),
    replace(DAY_OF_MONTH, open_steps=True),
    replace(MONTH, open_steps=True),
    replace(DAY_OF_WEEK, open_steps=True, sunday_is_7=True),
)

EXTENSION: Final = re.compile(r"l|h|h[(/].*|\?|.*#.*|l-\d+|\d+[lw]|lw|\w{3}l", re.IGNORECASE)


@dataclass(frozen=True, slots=True, init=False)
class cron(WallClock):  # noqa: N801 - a value's constructor, like its siblings with Celery's names
    """Fire at the minutes that ``minute hour day-of-month month day-of-week`` names.

    If neither day field starts with ``*``, a date matches by either of them (the rule of Vixie cron); else by
    both. 0 and 7 are Sunday. ``@hourly @daily @midnight @weekly @monthly @yearly @annually`` are understood.
    `gap` and `fold` are as in `beat.dst`. Raises ValueError with a sentence.
    """

    kind: ClassVar[str] = "cron"

    text: str = field(compare=False)
    fields: tuple[Field, ...] = field(repr=False)
    tz: ZoneInfo | None
    gap: str | None
    fold: str | None
    walls: Walls = field(compare=False, repr=False)
    policy: tuple[str, str] = field(compare=False, repr=False)

    def __init__(
        self, text: str, tz: str | ZoneInfo | None = None, gap: str | None = None, fold: str | None = None
    ) -> None:
        if not isinstance(text, str):
            raise ScheduleError(f"cron takes a text such as '0 3 * * *', not {text!r}.")
        parts = tuple(_split(text))
        minute, hour, month_day, month, weekday = map(parse_field, POSITIONS, parts)
        either = not (month_day.star or weekday.star)
        if not either and not some_date(month.mask, month_day.mask):
            raise ScheduleError(
                f"cron {text!r} would never fire: month {month.text!r} has no day {month_day.text!r}."
            )
        put = object.__setattr__
        put(self, "text", " ".join(text.split()))
        put(self, "fields", (minute, hour, month_day, month, weekday))
        put(self, "tz", as_zone(tz))
        put(self, "gap", check_gap(gap))
        put(self, "fold", check_fold(fold))
        put(
            self,
            "walls",
            walls_of(minute.mask, hour.mask, days_of(month.mask, month_day.mask, weekday.mask, either)),
        )
        put(self, "policy", effective_policy(gap, fold, minute.star or hour.star))

    def replaced(self, tz: ZoneInfo | None, gap: str | None, fold: str | None) -> cron:
        return cron(self.text, tz, gap, fold)

    def describe(self) -> str:
        minute, hour, month_day, month, weekday = self.fields
        either = not (month_day.star or weekday.star)
        days = days_phrase(month_day, weekday, month, "or on" if either else "and only if it is")
        return f"{time_phrase(minute, hour)}{days}{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        return {"text": self.text, "tz": zone_name(self.tz), "gap": self.gap, "fold": self.fold}


def _split(text: str) -> list[str]:
    parts = text.split()
    if len(parts) == 1 and parts[0].startswith("@"):
        word = parts[0].lower()
        if word not in SHORTHANDS:
            known = ", ".join(SHORTHANDS)
            raise ScheduleError(
                f"{text!r} is not a shorthand of cron ({known}){nearest(word, SHORTHANDS) or '.'}"
            )
        return SHORTHANDS[word].split()
    if len(parts) != len(POSITIONS):
        raise ScheduleError(
            f"cron {text!r} has {len(parts)} fields; expected five: minute, hour, day of month, month, day of week."
        )
    for part, position in zip(parts, POSITIONS, strict=True):
        if EXTENSION.fullmatch(part):
            raise ScheduleError(
                f"{position.name} {part!r}: L, W, #, ? and H are not read in a cron expression."
            )
    return parts
