"""Schedules: immutable values that say when an entry is due. No schedule reads a clock."""

from beat.schedules.arguments import ScheduleError
from beat.schedules.base import Schedule
from beat.schedules.cron import cron
from beat.schedules.crontab import crontab
from beat.schedules.interval import every, schedule
from beat.schedules.solar import solar
from jobq.instants import from_micros, to_micros

from_dict = Schedule.from_dict

__all__ = [
    "Schedule",
    "ScheduleError",
    "cron",
    "crontab",
    "every",
    "from_dict",
    "from_micros",
    "schedule",
    "solar",
    "to_micros",
]
