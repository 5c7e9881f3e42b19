"""The scheduler: schedules, entries and the beat."""

from beat.control import Beat
from beat.schedules import Calendar, at, cron, crontab, every, rrule, schedule, solar, trigger

__all__ = ["Beat", "Calendar", "at", "cron", "crontab", "every", "rrule", "schedule", "solar", "trigger"]
