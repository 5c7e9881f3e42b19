"""Instants and durations for people. For machines there is --json, and ISO 8601."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from jobq.instants import SECOND, from_micros, iso

if TYPE_CHECKING:
    from datetime import tzinfo

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def iso_or_none(micros: int) -> str | None:
    return iso(micros) if micros else None


def coarse(micros: int) -> str:
    """A length in the two largest units that matter: 412ms, 3.2s, 5m20s, 3h, 2d4h."""
    micros = abs(micros)
    if micros < SECOND:
        return f"{micros / 1000:.0f}ms"
    if micros < 10 * SECOND:
        return f"{micros / SECOND:.1f}".removesuffix(".0") + "s"
    rest = round(micros / SECOND)
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append((count, unit))
    return "".join(f"{count}{unit}" for count, unit in parts[:2] if count)


def relative(micros: int, now: int) -> str:
    """ "in 3m" or "3m ago"."""
    if abs(micros - now) < SECOND:
        return "now"
    return f"in {coarse(micros - now)}" if micros > now else f"{coarse(micros - now)} ago"


def clock(micros: int, tz: tzinfo | None = None) -> str:
    """Date and time to the second, in `tz`, else in this machine's zone."""
    shown = from_micros(micros, tz) if tz is not None else from_micros(micros, UTC).astimezone()
    return f"{shown:%Y-%m-%d %H:%M:%S}"
