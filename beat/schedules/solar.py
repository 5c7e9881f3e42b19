"""Schedules by the sun: sunrise, noon, sunset and the three twilights."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Final

from beat.schedules.arguments import (
    ScheduleError,
    as_micros,
    as_number,
    as_seconds,
    as_zone,
    nearest,
    shown,
    zone_name,
)
from beat.schedules.base import Schedule
from beat.schedules.phrases import duration, zone_phrase
from beat.schedules.sky.sun import RISING, SETTING, Crossing, Daily, Noon, sunrise_height
from jobq.instants import SECOND

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

CROSSINGS: Final[dict[str, tuple[int, float | None]]] = {  # direction, height in degrees (None: the horizon)
    "dawn_astronomical": (RISING, -18),
    "dawn_nautical": (RISING, -12),
    "dawn_civil": (RISING, -6),
    "sunrise": (RISING, None),
    "sunset": (SETTING, None),
    "dusk_civil": (SETTING, -6),
    "dusk_nautical": (SETTING, -12),
    "dusk_astronomical": (SETTING, -18),
}
EVENTS: Final = (*list(CROSSINGS)[:4], "solar_noon", *list(CROSSINGS)[4:])
MOST_OFFSET: Final = 36_525 * 86_400 * SECOND


@dataclass(frozen=True, slots=True, init=False)
class solar(Schedule):  # noqa: N801 - Celery's name
    """Fire at an event of the sun over a place, moved by `offset`.

    `event` is one of `EVENTS`. `lat` and `lon` are degrees, north and east positive; `elevation` is metres and
    lowers the horizon of sunrise and sunset; `offset` is seconds, a timedelta or text, of either sign. Sunrise and
    sunset are when the upper limb meets the refracted horizon, twilight begins and ends with the centre 6, 12
    and 18 degrees below it. Times are whole seconds, the offset apart, and within 10 seconds of the JPL ephemeris
    from 1995 to 2045 where the sun climbs or sinks by 5 degrees an hour or more. Where an event does not happen for
    months it is the next one that counts; if there is none in 400 days, there is no next fire. Raises ValueError
    with a sentence.
    """

    kind: ClassVar[str] = "solar"
    effort = 1

    event: str
    lat: float
    lon: float
    offset: timedelta
    elevation: float
    tz: ZoneInfo | None
    shift: int = field(compare=False, repr=False)  # the offset in microseconds
    sun: Daily = field(compare=False, repr=False)

    def __init__(  # noqa: PLR0917 - the positions are Celery's
        self,
        event: str,
        lat: float,
        lon: float,
        offset: float | timedelta | str = 0,
        elevation: float = 0.0,
        tz: str | ZoneInfo | None = None,
    ) -> None:
        if event not in EVENTS:
            known = ", ".join(EVENTS)
            raise ScheduleError(
                f"{shown(event)} is not a solar event ({known}){nearest(event, EVENTS) or '.'}"
            )
        micros = as_micros("The offset of a solar event", offset)
        if abs(micros) > MOST_OFFSET:
            raise ScheduleError(
                f"The offset of a solar event is {shown(offset)}; it must be within a century."
            )
        put = object.__setattr__
        put(self, "event", event)
        put(self, "lat", as_number("lat", lat, -90, 90))
        put(self, "lon", as_number("lon", lon, -180, 180))
        put(self, "offset", timedelta(microseconds=micros))
        put(self, "elevation", as_number("elevation (metres)", elevation, -500, 100_000))
        put(self, "tz", as_zone(tz))
        put(self, "shift", micros)
        put(self, "sun", _event_of(event, self.lat, self.lon, self.elevation))

    @property
    def by_anchor(self) -> bool:
        return False

    @property
    def by_name(self) -> bool:
        return False

    def next_micros(self, us: int, tz: tzinfo) -> int | None:
        del tz
        second = self.sun.after((us - self.shift) // SECOND)
        return None if second is None else second * SECOND + self.shift

    def bind(
        self, *, tz: ZoneInfo, anchor: datetime, name: str, gap: str | None = None, fold: str | None = None
    ) -> Schedule:
        del anchor, name, gap, fold
        return solar(self.event, self.lat, self.lon, self.offset, self.elevation, self.tz or tz)

    def describe(self) -> str:
        shift = self.shift
        moved = f"{duration(abs(shift), full=True)} {'after' if shift > 0 else 'before'} " if shift else ""
        event = (
            " ".join(reversed(self.event.split("_")))
            if self.event[:4] in {"dawn", "dusk"}
            else self.event.replace("_", " ")
        )
        sentence = f"{moved}{event} at latitude {self.lat:g}, longitude {self.lon:g}"
        return f"{sentence[0].upper()}{sentence[1:]}{zone_phrase(self.tz)}."

    def arguments(self) -> dict[str, Any]:
        return {
            "event": self.event,
            "lat": self.lat,
            "lon": self.lon,
            "offset": as_seconds(self.shift) or None,
            "elevation": self.elevation or None,
            "tz": zone_name(self.tz),
        }


def _event_of(event: str, lat: float, lon: float, elevation: float) -> Daily:
    if event == "solar_noon":
        return Noon(lon)
    direction, height = CROSSINGS[event]
    return Crossing(lat, lon, sunrise_height(elevation) if height is None else height, direction)
