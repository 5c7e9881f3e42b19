"""The scheduler: schedules, entries and the beat."""

from beat.control import Beat
from beat.schedules import cron, crontab, every, schedule, solar

__all__ = ["Beat", "cron", "crontab", "every", "schedule", "solar"]
