"""How combinations of schedules and calendars look for their fires."""
