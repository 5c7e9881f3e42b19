"""The moments of a trigger, its bounds among them: instants, or readings of a clock that wait for a zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final, overload

from beat.dst import zone_line
from beat.schedules.base import FIRST, LAST
from jobq.instants import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Moment = int | datetime  # epoch microseconds; or a naive datetime, which waits for a zone

FIRST_MOMENT: Final = to_micros(datetime.min.replace(tzinfo=UTC))
LAST_MOMENT: Final = to_micros(datetime.max.replace(tzinfo=UTC))


def not_before(first: int | None, us: int) -> int:
    """Return the instant to ask from, so that nothing fires before the first."""
    return us if first is None else max(us, first - 1)


def not_after(last: int | None, fire: int | None) -> int | None:
    """Return the fire, None if it is after the last."""
    return fire if fire is None or last is None or fire <= last else None


def micros_of(moment: Moment, tz: tzinfo, *, second: bool = False) -> int:
    """Return a moment as an instant that can be shown in UTC.

    A naive one is a reading of the clock in `tz`: the first instant after the gap if it is left out, and its first or
    `second` pass if it is shown twice.
    """
    us = moment if isinstance(moment, int) else _passes(moment, tz)[second]
    return min(max(us, FIRST_MOMENT), LAST_MOMENT)


def _passes(reading: datetime, tz: tzinfo) -> tuple[int, int]:
    """Return the two instants of a reading, which are one except in a fold."""
    first, second = (to_micros(reading.replace(tzinfo=tz, fold=fold)) for fold in (0, 1))
    if first <= second:
        return first, second
    for change in zone_line(tz).transitions(second // SECOND, first // SECOND):  # PEP 495: so it is in a gap
        return change.at * SECOND, change.at * SECOND
    return first, first


@overload
def settled(moment: Moment, tz: ZoneInfo | None) -> Moment: ...
@overload
def settled(moment: Moment | None, tz: ZoneInfo | None) -> Moment | None: ...
def settled(moment: Moment | None, tz: ZoneInfo | None) -> Moment | None:
    """Return a moment as an instant, if that is known: if there is a zone, whose clock does not show it twice."""
    if moment is None or isinstance(moment, int) or tz is None:
        return moment if tz is None or moment is None else micros_of(moment, tz)
    first, second = (micros_of(moment, tz, second=second) for second in (False, True))
    return first if first == second else moment


def moment_text(moment: Moment | None) -> str | None:
    """Return a moment as it is stored: ISO 8601, in UTC or naive."""
    if isinstance(moment, int):
        return from_micros(moment).isoformat()
    return None if moment is None else moment.isoformat()


def bounds_phrase(start: Moment | None, end: Moment | None, tz: ZoneInfo | None) -> str:
    """Return the part of the sentence about the first and the last instant."""
    first = "" if start is None else f", from {_shown(start, tz)}"
    return first if end is None else f"{first}, until {_shown(end, tz)}"


def _shown(moment: Moment, tz: ZoneInfo | None) -> str:
    if isinstance(moment, datetime):
        return moment.isoformat(sep=" ")
    naive = from_micros(min(max(moment, FIRST), LAST), tz or UTC).replace(tzinfo=None)
    return naive.isoformat(sep=" ") + ("" if tz else " UTC")
