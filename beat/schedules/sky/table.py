"""Where the sun stands: the same for every place, so that it is reckoned once and kept.

The equations are the low-precision ones of Meeus, *Astronomical Algorithms* (2nd edition), chapters 22, 25 and 28,
which the NOAA solar calculator and astral use too; they are good to about 0.01 degrees for centuries around 2000.
The seconds by which civil time differs from the even time that they are in (69 in 2020) move an event by 0.2
seconds, and are left out.

Declination and equation of time change slowly, so the line of time is cut into stretches of four days, and in each
a parabola goes through the values at its start, middle and end. It departs from the equations by less than 0.3
seconds of arc inside the stretch, and less than 0.5 half a day outside of it.
"""

from __future__ import annotations

from functools import lru_cache
from math import atan2, cos, radians, sin, sqrt
from typing import Final, NamedTuple

STRETCH: Final = 4  # days
KEPT: Final = 1 << 14  # stretches, some 180 years of them in some 7 MB
J2000: Final = 10_957.5  # 2000-01-01T12:00Z in days since 1970, from which the equations count centuries
CENTURY: Final = 36_525
TURN: Final = radians(360)


class Sun(NamedTuple):
    """The sun at an instant, seen from the middle of the earth."""

    tangent: float  # of its declination
    secant: float  # of its declination
    ahead: float  # of the mean sun, in days: the equation of time


Parabola = tuple[float, float, float]  # from the constant term up


def sun(day: float) -> Sun:
    """Return the sun at an instant in days since 1970-01-01T00:00Z. The numbered formulas are Meeus's."""
    t = (day - J2000) / CENTURY
    longitude = 280.46646 + t * (36_000.76983 + t * 0.0003032)  # 25.2, mean
    anomaly = radians(357.52911 + t * (35_999.05029 - t * 0.0001537))  # 25.3
    center = (
        (1.914602 - t * (0.004817 + t * 0.000014)) * sin(anomaly)
        + (0.019993 - t * 0.000101) * sin(2 * anomaly)
        + 0.000289 * sin(3 * anomaly)
    )
    node = radians(125.04 - t * 1_934.136)
    nutation = -0.00478 * sin(node)
    apparent = radians(longitude + center - 0.00569 + nutation)
    obliquity = radians(  # 22.2 and 25.8
        23.4392911 - t * (0.0130041667 + t * (1.638889e-7 - t * 5.036111e-7)) + 0.00256 * cos(node)
    )
    east, sine = cos(obliquity) * sin(apparent), sin(obliquity) * sin(apparent)
    ascension = atan2(east, cos(apparent))  # 25.6
    cosine = sqrt(1 - sine * sine)
    ahead = radians(longitude - 0.0057183 + nutation * cos(obliquity)) - ascension  # 28.1
    return Sun(sine / cosine, 1 / cosine, atan2(sin(ahead), cos(ahead)) / TURN)


@lru_cache(maxsize=KEPT)
def stretch(number: int) -> tuple[Parabola, Parabola, Parabola]:
    """Return tangent, secant and equation of time over a stretch, by days from its middle.

    Stretch n begins n * STRETCH days after 1970-01-01T00:00Z.
    """
    start = number * STRETCH
    nodes = zip(sun(start), sun(start + STRETCH / 2), sun(start + STRETCH), strict=True)
    tangent, secant, ahead = (_parabola(*values) for values in nodes)
    return tangent, secant, ahead


def _parabola(before: float, middle: float, after: float) -> Parabola:
    half = STRETCH / 2
    return middle, (after - before) / (2 * half), (after + before - 2 * middle) / (2 * half * half)
