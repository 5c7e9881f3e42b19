"""Triggers of APScheduler: their written form, and each of them as readings or elapsed time."""
