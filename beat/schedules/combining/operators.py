"""What ``a | b``, ``a & b`` and ``a - b`` mean for each sort of operand: a schedule, or a calendar of dates."""

from __future__ import annotations

from beat.schedules.arguments import ScheduleError, shown
from beat.schedules.base import Schedule
from beat.schedules.calendars import Calendar, as_calendar
from beat.schedules.combined import difference, intersection, union
from beat.schedules.dated import Excluding, OnDates


def either(a: Schedule, b: object) -> Schedule:
    """Return ``a | b``."""
    if isinstance(b, Schedule):
        return union(a, b)
    raise ScheduleError(f"A schedule and another schedule make a union, but the other is {shown(b)}.")


def both(a: Schedule, b: object) -> Schedule:
    """Return ``a & b``."""
    return intersection(a, b) if isinstance(b, Schedule) else OnDates(a, _calendar(b))


def without(a: Schedule, b: object) -> Schedule:
    """Return ``a - b``."""
    return difference(a, b) if isinstance(b, Schedule) else Excluding(a, _calendar(b))


def _calendar(value: object) -> Calendar:
    calendar = None if isinstance(value, dict) else as_calendar(value)
    if calendar is None:
        raise ScheduleError(
            f"A schedule is combined with a schedule, a Calendar or a set of dates, not {shown(value)}."
        )
    return calendar
