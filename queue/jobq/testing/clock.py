"""A clock that moves by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from jobq.instants import SECOND, from_micros, to_micros

_START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    """A wall clock and a monotonic clock that stand still until they are told to move.

    Called, it is the clock that a SQLite store takes: epoch microseconds. `monotonic` is the one that
    deadlines take: seconds. `now` is what schedules and people take.
    """

    def __init__(self, start: datetime = _START) -> None:
        self._wall = to_micros(start)
        self._monotonic = 0

    def __call__(self) -> int:
        return self._wall

    def time(self) -> float:
        """Seconds since the epoch, as `time.time()`."""
        return self._wall / SECOND

    def monotonic(self) -> float:
        return self._monotonic / SECOND

    def now(self, tz: tzinfo = UTC) -> datetime:
        return from_micros(self._wall, tz)

    def advance(self, by: float | timedelta) -> None:
        """Let time pass, in seconds: both clocks move on."""
        span = by if isinstance(by, timedelta) else timedelta(seconds=by)
        micros = span // timedelta(microseconds=1)
        if micros < 0:
            raise ValueError(
                f"time passes in one direction only; {by!r} is negative (set_wall may step back)"
            )
        self._wall += micros
        self._monotonic += micros

    def set_wall(self, instant: datetime) -> None:
        """Set the wall clock, either way, as an operator or NTP does: no time passes."""
        self._wall = to_micros(instant)
