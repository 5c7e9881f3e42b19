"""Recurrence rules of iCalendar: their text, their dates, and the walk over them."""
