"""Durations as people write them: seconds as a number, or text such as "15m", "1h30m", "500ms"."""

from __future__ import annotations

import re
from datetime import timedelta
from sys import float_info

from jobq.errors import ConfigError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_LONGEST = 100  # characters
_EXPECTED = 'seconds as a number, or text such as "30s", "15m", "1h30m" or "2d" (units: ms, s, m, h, d, w)'


def parse_duration(value: object) -> float:
    """Seconds of a number, a `timedelta` or text; anything else, or a negative one, raises `ConfigError`."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = _finite(value)
    elif isinstance(value, str):
        seconds = _from_text(value)
    else:
        raise ConfigError(f"{value!r} is not a duration; expected {_EXPECTED}")
    if not 0 <= seconds < float("inf"):
        raise ConfigError(f"{value!r} is not a duration; it must be zero or more and finite")
    return seconds


def _finite(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits: as long as can be, with its sign
        return float_info.max if number > 0 else -float_info.max


def _from_text(text: str) -> float:
    if len(text) > _LONGEST:
        raise ConfigError(f"A text of {len(text):,} characters is not a duration; expected {_EXPECTED}")
    compact = text.strip().replace(" ", "").lower()
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ConfigError(f"{text!r} is not a duration; expected {_EXPECTED}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back to the same value: 5400 -> "1h30m"."""
    rest = round(seconds * 1000)
    if rest == 0:
        return "0s"
    parts = []
    for unit in ("w", "d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
