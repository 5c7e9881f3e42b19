"""Triggers read: from APScheduler's objects, and from the form in which they are stored and written in a file.

The form is a mapping: ``type`` is APScheduler's name for the trigger, the rest are the arguments of its constructor.
An object is taken to its form first, so that there is one reading of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from beat.schedules.arguments import (
    ScheduleError,
    as_micros,
    as_zone,
    check_fold,
    check_gap,
    epoch_micros,
    nearest,
    shown,
)
from beat.schedules.at import at
from beat.schedules.combining.combination import check_size
from beat.schedules.interval import LEAST, MOST
from beat.schedules.triggers.calendar_interval import CalendarPart
from beat.schedules.triggers.cron_fields import FIELDS, CronPart, field_text, read_fields
from beat.schedules.triggers.foreign import ForeignPart
from beat.schedules.triggers.moments import micros_of, settled
from beat.schedules.triggers.parts import (
    AndPart,
    DatePart,
    Filling,
    IntervalPart,
    OrPart,
    Part,
)
from jobq.instants import from_micros

if TYPE_CHECKING:
    from beat.schedules.triggers.moments import Moment
    from beat.schedules.triggers.parts import Combination

MOST_PARTS: Final = 50
DEEPEST: Final = 10
LONGEST_STEP: Final = 12 * 10_000
UNITS: Final = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
STEPS: Final = ("years", "months", "weeks", "days")
TIME: Final = {"hour": 23, "minute": 59, "second": 59}


class Bounds(NamedTuple):
    """How much of a trigger has been read. It may hold itself."""

    parts: list[Part]
    depth: int = 0


def read_part(given: object, bounds: Bounds | None = None) -> Part:
    """Return the part for a trigger of APScheduler or for a form. Raises ScheduleError with a sentence."""
    bounds = bounds or Bounds([])
    if len(bounds.parts) >= MOST_PARTS or bounds.depth > DEEPEST:
        raise ScheduleError(
            f"This trigger has more than {MOST_PARTS} parts, or they are nested deeper than {DEEPEST}."
        )
    check_size(sum(part.weight for part in bounds.parts if not part.parts))
    form = dict(given) if isinstance(given, Mapping) else form_of(given)
    part = _of_another_package(given) if form is None else _read(form, bounds)
    bounds.parts.append(part)
    return part


def check_policy(part: Part, gap: Any, fold: Any) -> None:
    """Refuse a `gap` or `fold` that is none, and any for a part that it means nothing to."""
    for name, value in (("gap", check_gap(gap)), ("fold", check_fold(fold))):
        if value and not part.reads_clocks:
            raise ScheduleError(
                f"{name} is about the readings of a clock, and this trigger reads none; leave it out."
            )


def form_of(trigger: object) -> dict[str, Any] | None:
    """Return the arguments of a trigger of APScheduler, as it holds them; None for a class that is not its own."""
    from apscheduler.triggers.base import BaseTrigger
    from apscheduler.triggers.calendarinterval import CalendarIntervalTrigger
    from apscheduler.triggers.combining import AndTrigger, OrTrigger
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.date import DateTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    if not isinstance(trigger, BaseTrigger):
        raise ScheduleError(
            f"A trigger is one of APScheduler or a table such as {{ type = 'cron', hour = '3' }}, not {shown(trigger)}."
        )
    known: dict[type, tuple[str, tuple[str, ...]]] = {
        CronTrigger: ("cron", ("start_date", "end_date", "timezone", "jitter")),
        IntervalTrigger: ("interval", ("start_date", "end_date", "timezone", "jitter")),
        DateTrigger: ("date", ("run_date",)),
        CalendarIntervalTrigger: (
            "calendarinterval",
            (*STEPS, "start_date", "end_date", "timezone", "jitter"),
        ),
        AndTrigger: ("and", ("triggers", "jitter")),
        OrTrigger: ("or", ("triggers", "jitter")),
    }
    for kind, (name, held) in known.items():
        if isinstance(trigger, kind) and type(trigger).get_next_fire_time is kind.get_next_fire_time:  # type: ignore[attr-defined] # of every trigger
            form = {"type": name, **{key: getattr(trigger, key) for key in held}, **_computed(name, trigger)}
            return {key: _as_written(value, form.get("timezone")) for key, value in form.items()}
    return None


def _as_written(value: Any, tz: object) -> Any:
    """Return what was a reading of the trigger's clock before its constructor put the zone on it.

    A fold or a fraction of a second shows that it is an instant. One in a gap cannot be told any more: the constructor
    has moved it by the size of the gap.
    """
    if not isinstance(value, datetime) or value.fold or value.microsecond or value.tzinfo != tz:
        return value
    return value.replace(tzinfo=None) if isinstance(tz, ZoneInfo) else value


def _computed(name: str, trigger: Any) -> dict[str, Any]:
    """Return the arguments that an object does not hold under their own names."""
    if name == "cron":
        return {field.name: field_text(field) for field in trigger.fields}
    if name == "interval":
        return {"seconds": trigger.interval, "timezone": _iana(trigger.timezone)}
    if name == "date":
        return {"timezone": _iana(trigger.run_date.tzinfo)}
    if name == "calendarinterval":
        time = trigger._time  # noqa: SLF001 - it is held nowhere else
        return {"hour": time.hour, "minute": time.minute, "second": time.second}
    return {}


def _iana(tz: tzinfo | None) -> tzinfo | None:
    """Return the zone if it is more than an offset: where it is only for show, others are left out."""
    return tz if isinstance(tz, ZoneInfo) or tz is UTC else None


def _of_another_package(trigger: Any) -> Part:
    tz = getattr(trigger, "timezone", None)
    return ForeignPart(trigger, as_zone(tz) if isinstance(tz, ZoneInfo) else None)


def _read(form: dict[str, Any], bounds: Bounds) -> Part:
    given = {name: value for name, value in form.items() if value is not None}
    known = ", ".join(_NAMES)
    if "type" not in given:
        raise ScheduleError(f"The trigger has no type; expected one of {known}.")
    name = given.pop("type")
    if not isinstance(name, str) or name not in _NAMES:
        raise ScheduleError(
            f"type of a trigger is one of {known}, not {shown(name)}{nearest(name, _NAMES) or '.'}"
        )
    if given.pop("jitter", 0):
        raise ScheduleError(
            f"The jitter of {_article(name)} trigger is random, so that two beats would disagree; leave it out, and use "
            ".jittered(seconds) or the entry's own jitter, which is fixed for a tick."
        )
    for key in given:
        if key not in _NAMES[name]:
            raise ScheduleError(
                f"{_article(name).capitalize()} trigger has no {shown(key)}{nearest(key, _NAMES[name]) or '.'}"
            )
    tz = _zone(given.get("timezone"))
    part = _READERS[name](given, tz) if name in _READERS else _combination(name, given, tz, bounds)
    check_policy(part, *_policy(given))
    return part


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aio" else f"a {name}"


def _zone(tz: Any) -> ZoneInfo | None:
    if isinstance(tz, tzinfo) and _iana(tz) is None:
        raise ScheduleError(
            f"The zone of this trigger is {shown(tz)}, an offset that knows no summer time; "
            "give it timezone = 'Area/City', a name of the IANA database."
        )
    return as_zone(tz)


def _cron(given: dict[str, Any], tz: ZoneInfo | None) -> Part:
    fields = {name: value for name, value in given.items() if name in FIELDS}
    if not fields:
        raise ScheduleError(f"A cron trigger takes at least one of {', '.join(FIELDS)}.")
    start, end = _span(given, tz)
    return CronPart(read_fields(fields), start, end, tz, *_policy(given))


def _interval(given: dict[str, Any], tz: ZoneInfo | None) -> Part:
    parts = [
        as_micros(f"{unit} of an interval trigger", given.get(unit, 0)) * size
        for unit, size in UNITS.items()
        if unit in given
    ]
    if not LEAST <= sum(parts) <= MOST:
        raise ScheduleError(
            f"An interval trigger takes {', '.join(UNITS)}; together they are at least 0.001 seconds and at most a century."
        )
    start, end = _span(given, tz)
    return IntervalPart(sum(parts), start, end, tz)


def _date(given: dict[str, Any], tz: ZoneInfo | None) -> Part:
    if "run_date" not in given:
        raise ScheduleError("A date trigger takes run_date, such as '2030-01-01 09:00:00'.")
    run_date = _moment("run_date", given["run_date"], None)
    gap, fold = _policy(given)
    return DatePart(
        at(from_micros(run_date) if isinstance(run_date, int) else run_date, tz, gap=gap, fold=fold)
    )


def _calendar(given: dict[str, Any], tz: ZoneInfo | None) -> Part:
    years, months, weeks, days = (_whole(unit, given.get(unit, 0), LONGEST_STEP) for unit in STEPS)
    if not years + months + weeks + days:
        raise ScheduleError(
            "A calendarinterval trigger takes years, months, weeks and days; one of them is above 0."
        )
    if "start_date" not in given:
        raise ScheduleError("A calendarinterval trigger counts from its start_date, such as '2030-01-31'.")
    start = _day("start_date", given["start_date"])
    end = _day("end_date", given["end_date"]) if "end_date" in given else None
    if end is not None and end < start:
        raise ScheduleError(f"end_date {end} is before start_date {start}, so this trigger would never fire.")
    hour, minute, second = (_whole(unit, given.get(unit, 0), most) for unit, most in TIME.items())
    at = (hour * 60 + minute) * 60 + second
    return CalendarPart(years * 12 + months, weeks * 7 + days, at, start, end, tz, *_policy(given))


def _combination(name: str, given: dict[str, Any], tz: ZoneInfo | None, bounds: Bounds) -> Part:
    held = given.get("triggers")
    if not isinstance(held, list | tuple) or not held:
        raise ScheduleError(f"{_article(name).capitalize()} trigger takes triggers, a list of at least one.")
    sort: type[Combination] = AndPart if name == "and" else OrPart
    parts = [read_part(one, Bounds(bounds.parts, bounds.depth + 1)) for one in held]
    return sort(parts).filled(Filling(tz, None, *_policy(given)))


def _policy(given: dict[str, Any]) -> tuple[str | None, str | None]:
    return check_gap(given.get("gap")), check_fold(given.get("fold"))


def _span(given: dict[str, Any], tz: ZoneInfo | None) -> tuple[Moment | None, Moment | None]:
    start, end = (
        _moment(name, given[name], tz) if name in given else None for name in ("start_date", "end_date")
    )
    if isinstance(start, int) and isinstance(end, int) and end < start:
        raise ScheduleError("end_date is before start_date, so this trigger would never fire.")
    return start, end


def _moment(what: str, value: Any, tz: ZoneInfo | None) -> Moment:
    """Return a date and time as an instant, if it has a zone or is given one."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ScheduleError(
                f"{what} of a trigger is {shown(value)}, which is not ISO 8601, such as '2030-01-01 09:00:00'."
            ) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    if not isinstance(value, datetime):
        raise ScheduleError(f"{what} of a trigger is a date and time, not {shown(value)}.")
    us = epoch_micros(f"{what} of a trigger", value)
    return settled(value.replace(tzinfo=None, fold=0), tz) if us is None else micros_of(us, UTC)


def _day(what: str, value: Any) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ScheduleError(
                f"{what} of a calendarinterval trigger is {shown(value)}, which is not a date such as '2030-01-31'."
            ) from None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise ScheduleError(f"{what} of a calendarinterval trigger is a date, not {shown(value)}.")


def _whole(what: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ScheduleError(
            f"{what} of a calendarinterval trigger is a whole number from 0 to {most}, not {shown(value)}."
        )
    return value


_SHARED: Final = ("timezone", "gap", "fold")
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "cron": (*FIELDS, "start_date", "end_date", *_SHARED),
    "interval": (*UNITS, "start_date", "end_date", *_SHARED),
    "date": ("run_date", *_SHARED),
    "calendarinterval": (*STEPS, *TIME, "start_date", "end_date", *_SHARED),
    "and": ("triggers", *_SHARED),
    "or": ("triggers", *_SHARED),
}
_READERS: Final[dict[str, Callable[[dict[str, Any], ZoneInfo | None], Part]]] = {
    "cron": _cron,
    "interval": _interval,
    "date": _date,
    "calendarinterval": _calendar,
}
