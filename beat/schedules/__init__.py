"""Schedules: immutable values that say when an entry is due. No schedule reads a clock."""

from beat.schedules.arguments import ScheduleError
from beat.schedules.at import at
from beat.schedules.base import Schedule
from beat.schedules.bounded import Bounded
from beat.schedules.calendars import Calendar
from beat.schedules.combined import Difference, Intersection, Union
from beat.schedules.cron import cron
from beat.schedules.crontab import crontab
from beat.schedules.dated import Excluding, OnDates
from beat.schedules.interval import every, schedule
from beat.schedules.jittered import Jittered
from beat.schedules.rrule import rrule
from beat.schedules.solar import solar
from beat.schedules.trigger import trigger
from jobq.instants import from_micros, to_micros

from_dict = Schedule.from_dict

__all__ = [
    "Bounded",
    "Calendar",
    "Difference",
    "Excluding",
    "Intersection",
    "Jittered",
    "OnDates",
    "Schedule",
    "ScheduleError",
    "Union",
    "at",
    "cron",
    "crontab",
    "every",
    "from_dict",
    "from_micros",
    "rrule",
    "schedule",
    "solar",
    "to_micros",
    "trigger",
]
