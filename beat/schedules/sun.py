"""When the sun crosses a height over a place.

The sun's declination and the equation of time are astral's (the NOAA solar equations, after Meeus, *Astronomical
Algorithms*), good to well under a minute between the years 1800 and 2100. astral's own searches work by calendar
date and can miss an event near midnight UTC, or give one twice. Here the day is cut at the sun's own turning
points, its transit (highest) and antitransit (lowest); between two of them it only rises or only sets, so that
a crossing is bracketed by a change of sign and there is at most one.
"""

from __future__ import annotations

from math import acos, cos, pi, radians, sin
from typing import TYPE_CHECKING, Final

from astral.sun import adjust_to_horizon, eq_of_time, sun_declination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HALF_DAY: Final = 43_200
SECONDS_A_DEGREE: Final = 240
J2000: Final = 946_728_000  # 2000-01-01T12:00Z, from which the equations count centuries
CENTURY: Final = 36_525 * 86_400
POLE: Final = 89.8  # as astral: nearer than this the time of day has no meaning
FLAT: Final = 1e-9  # a sine this close to the level's is on it: 0.2 milliseconds of arc
ROUNDS: Final = 50


def sunrise_height(elevation: float) -> float:
    """Return the height, in degrees, of the sun's centre at sunrise and sunset, seen from `elevation` metres.

    The almanacs' 50 arc minutes below the horizon (34 of refraction, 16 for the sun's radius; US Naval
    Observatory), and the dip of the horizon for one who stands high.
    """
    return -(50 / 60 + adjust_to_horizon(elevation))


class Sky:
    """The sun over one place. Instants are seconds since 1970-01-01T00:00Z."""

    __slots__ = ("_cos_lat", "_shift", "_sin_lat")

    def __init__(self, lat: float, lon: float) -> None:
        latitude = radians(min(max(lat, -POLE), POLE))
        self._sin_lat, self._cos_lat = sin(latitude), cos(latitude)
        self._shift = lon * SECONDS_A_DEGREE

    def turn(self, half_day: int) -> float:
        """Return the antitransit (even numbers) or transit (odd) of a half day since 1970."""
        mean = half_day * HALF_DAY - self._shift
        once = mean - _equation_of_time(mean)
        return mean - _equation_of_time(once)

    def half_day(self, second: float) -> int:
        """Return the number of a half day that begins before `second`, at most two before it."""
        return int((second + self._shift) // HALF_DAY) - 1

    def height(self, second: float) -> float:
        """Return the sine of the height of the sun's centre, without refraction."""
        century = (second - J2000) / CENTURY
        declination = radians(sun_declination(century))
        solar = second + self._shift + eq_of_time(century) * 60
        angle = pi * (solar / HALF_DAY - 1)
        return self._sin_lat * sin(declination) + self._cos_lat * cos(declination) * cos(angle)

    def crossings(self, half_day: int, count: int, level: float, sign: int) -> Iterator[float]:
        """Yield when the sun crosses `level` in `count` half days, upwards if `sign` is 1, downwards if -1."""

        def over(second: float) -> float:
            return sign * (self.height(second) - level)

        low = self.turn(half_day)
        below = over(low)
        for number in range(half_day + 1, half_day + count + 1):
            high = self.turn(number)
            above = over(high)
            if below < 0 <= above:
                yield _root(over, low, high, below, above)
            low, below = high, above


def _equation_of_time(second: float) -> float:
    return float(eq_of_time((second - J2000) / CENTURY)) * 60


def _root(f: Callable[[float], float], start: float, end: float, below: float, above: float) -> float:
    """Return where `f` changes from negative at `start` to positive at `end`.

    Regula falsi with the Illinois weights, in the cosine of the time passed: between two turning points the
    height is nearly linear in it.
    """
    low, high, side = 1.0, -1.0, 0
    for _ in range(ROUNDS):
        cosine = (low * above - high * below) / (above - below)
        at = start + (end - start) * acos(min(max(cosine, -1.0), 1.0)) / pi
        value = f(at)
        if abs(value) < FLAT:
            break
        if value < 0:
            low, below, above = cosine, value, above / 2 if side < 0 else above
            side = -1
        else:
            high, above, below = cosine, value, below / 2 if side > 0 else below
            side = 1
    return at
