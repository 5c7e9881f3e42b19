"""When an entry is due, as people write it: one key that names the kind, in TOML or in Python, and what shapes it.

The value of a key may be a list: then the entry fires when any of them does. `schedule` takes seconds, a timedelta, a
schedule, or a table in the stored form of schedules (``{kind = "union", of = [...]}``). A kind of another package
brings its own key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from beat.reading import DefinitionError, duration, kind_of, shown, table, text
from beat.schedules import (
    Calendar,
    Schedule,
    at,
    cron,
    crontab,
    plugins,
    rrule,
    schedule,
    solar,
    trigger,
)
from beat.schedules.calendars import as_calendar
from beat.schedules.dated import ROLLS
from jobq.errors import ConfigError
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Calendars = Mapping[str, Calendar]
"""The calendars that entries may name."""

NO_CALENDARS: Calendars = {}

__all__ = [
    "NO_CALENDARS",
    "ROLLS",
    "Calendars",
    "calendar",
    "kinds_in",
    "listed_kinds",
    "read_schedule",
    "relative",
    "schedule_keys",
]

CRONTAB = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
SOLAR = ("event", "lat", "lon", "offset", "elevation")
RRULE = ("text", "dtstart")


def schedule_keys() -> tuple[str, ...]:
    """Return every key that says when an entry is due."""
    return (*_KINDS, *(name for name in plugins.offered() if name not in _KINDS))


def kinds_in(fields: Mapping[str, Any]) -> list[str]:
    """Return the keys of `fields` that say when an entry is due."""
    known = schedule_keys()
    return [key for key in fields if key in known]


def listed_kinds() -> str:
    """Return what an entry may say, for a sentence."""
    *most, last = schedule_keys()[1:]
    return f"{', '.join(most)} and {last}"


def read_schedule(kind: str, value: Any) -> Schedule:
    """Return the schedule under one key. `ConfigError` or `ScheduleError` with a sentence."""
    if not isinstance(value, list | tuple):
        return _read_one(kind, value)
    if not value:
        raise ConfigError(f"{kind} is an empty list; expected at least one schedule")
    return reduce(or_, (_read_one(kind, one) for one in value))


def relative(read: Schedule, kind: str, given: bool) -> Schedule:
    """Return the interval as Celery rounds it, if `relative` says so."""
    if not given:
        return read
    if not isinstance(read, schedule):
        other = "a list" if kind in {"every", "schedule"} and read.parts else kind
        raise ConfigError(f"relative = true goes with every, not with {other}")
    return schedule(read.run_every, relative=True, anchor=read.anchor, tz=read.tz)


def calendar(value: Any, calendars: Calendars) -> Calendar:
    """Return the calendar that an entry names, or whose dates it lists."""
    if not isinstance(value, str):
        found = as_calendar(value)
        if found is None:
            raise ConfigError(f"calendar is {kind_of(value)}; expected the name of one, or a list of dates")
        return found
    if value not in calendars:
        known = did_you_mean(value, calendars) if calendars else "; there is no [calendars] table"
        raise ConfigError(f"calendar = {shown(value)} is not one of [calendars]{known}")
    return calendars[value]


def _read_one(kind: str, value: Any) -> Schedule:
    if kind in _KINDS:
        return _KINDS[kind](value)
    return plugins.from_written(kind, value)


def _from_schedule(value: Any) -> Schedule:
    if isinstance(value, Schedule):
        return value
    if isinstance(value, Mapping):
        return Schedule.from_dict(value)
    for base in type(value).__mro__:
        if base.__module__.startswith("celery."):
            name = (
                base.__name__
                if base.__name__ in {"crontab", "schedule", "solar"}
                else "crontab, schedule, solar"
            )
            raise ConfigError(
                f"schedule is a {base.__name__} of Celery; use the one from here: from beat import {name}"
            )
        if base.__module__.startswith("apscheduler."):
            return trigger(value)
    if isinstance(value, str):
        raise ConfigError(
            f"schedule is {kind_of(value)}; text goes under the key of its kind: every, cron, crontab, at or rrule"
        )
    if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
        raise ConfigError(
            f'schedule is {kind_of(value)}; expected seconds, a timedelta or a schedule such as crontab(minute="0")'
        )
    return schedule(value)


def _from_every(value: Any) -> Schedule:
    return schedule(duration("every", value))


def _from_cron(value: Any) -> Schedule:
    return cron(text("cron", value))


def _from_crontab(value: Any) -> Schedule:
    if isinstance(value, str):
        return crontab.from_string(text("crontab", value))
    if not isinstance(value, Mapping):
        raise ConfigError(
            f'crontab is {kind_of(value)}; expected a table such as {{ minute = "0", hour = "3" }}'
        )
    return crontab(**_subtable("crontab", value, CRONTAB))


def _from_solar(value: Any) -> Schedule:
    given = _subtable("solar", value, SOLAR)
    missing = [key for key in ("event", "lat", "lon") if key not in given]
    if missing:
        raise ConfigError(f"solar has no {' and no '.join(missing)}; expected event, lat and lon")
    return solar(**given)


def _from_at(value: Any) -> Schedule:
    if not isinstance(value, str | datetime):
        raise ConfigError(f"at is {kind_of(value)}; expected a date and time such as 2026-12-24T18:00:00")
    return at(value)


def _from_rrule(value: Any) -> Schedule:
    if isinstance(value, str):
        return rrule(text("rrule", value))
    if not isinstance(value, Mapping):
        raise ConfigError(f'rrule is {kind_of(value)}; expected text such as "FREQ=WEEKLY;BYDAY=MO"')
    given = _subtable("rrule", value, RRULE)
    if "text" not in given:
        raise ConfigError('rrule has no text; expected { text = "FREQ=WEEKLY;BYDAY=MO", dtstart = ... }')
    return rrule(text("rrule.text", given["text"]), dtstart=given.get("dtstart"))


def _from_trigger(value: Any) -> Schedule:
    if isinstance(value, Mapping) or hasattr(value, "get_next_fire_time"):
        return trigger(value)
    raise ConfigError(
        f'trigger is {kind_of(value)}; expected a table such as {{ type = "cron", hour = "3" }}'
    )


def _subtable(kind: str, value: Any, known: Sequence[str]) -> dict[str, Any]:
    for key in table(kind, value):
        if key not in known:
            raise DefinitionError(
                f'"{key}" is not a key of {kind}{did_you_mean(str(key), known)}', (kind, str(key))
            )
    return dict(value)


_KINDS: dict[str, Callable[[Any], Schedule]] = {
    "schedule": _from_schedule,
    "every": _from_every,
    "cron": _from_cron,
    "crontab": _from_crontab,
    "solar": _from_solar,
    "at": _from_at,
    "rrule": _from_rrule,
    "trigger": _from_trigger,
}
