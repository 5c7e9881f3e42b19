"""Instants as the stores keep them: integer microseconds since 1970-01-01 00:00 UTC.

Microseconds are what `datetime` resolves, so nothing is rounded on the way; they stay below 2**53 until the
year 2255, so a Redis score or a Lua number holds them exactly.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(instant: datetime) -> int:
    """Epoch microseconds of an aware datetime, exactly; a naive one raises `ValueError`."""
    try:
        elapsed = instant - _EPOCH
    except TypeError:
        raise ValueError(
            f"{instant!r} has no time zone; give an aware datetime, such as datetime.now(UTC)"
        ) from None
    return (elapsed.days * 86_400 + elapsed.seconds) * SECOND + elapsed.microseconds


def from_micros(micros: int, tz: tzinfo = UTC) -> datetime:
    """The aware datetime of epoch microseconds in `tz`, with its fold."""
    second, fraction = divmod(micros, SECOND)
    shown = datetime.fromtimestamp(second, tz)
    return shown.replace(microsecond=fraction) if fraction else shown


@lru_cache(maxsize=1024)  # many entries share a fire time
def iso(micros: int) -> str:
    """ISO 8601 in UTC with a trailing Z, the fraction only where there is one: `2026-11-21T03:00:00Z`."""
    return from_micros(micros).replace(tzinfo=None).isoformat() + "Z"


def seconds_to_micros(seconds: float) -> int:
    """Whole microseconds of a duration in seconds, rounded to the nearest."""
    return round(seconds * SECOND)
