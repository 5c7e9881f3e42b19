"""Readings of a wall clock: fields of cron, the dates they name, and what a zone makes of them."""
