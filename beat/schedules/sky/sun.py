"""When the sun passes noon, or crosses a height, over a place.

With A the sun's hour angle (0 at its transit, from -pi before to pi after), the sun stands above the height h where

    cos A > c,  with  c = (sin h - sin lat * sin dec) / (cos lat * cos dec)      (Meeus 15.1),

and both A and c follow from the table in `sky.table`. Days are counted from transit to transit and a day's event is
a pure function of the day's number, so whoever asks, and from whichever instant, gets the same one. Events of
successive days are at least some hours apart: the next event is that of the first day whose event is later.

**The turning points.** A grows by a turn a day, and c is nearly constant, so that ``cos A - c`` has one lowest and
one highest point a day, where ``sin A = -c' / A'``: within a few seconds of the antitransit and the transit in most
places, within an hour and a quarter at the poles. Between two of them it only rises or only falls. So there is at
most one event, and there is one if and only if the sign changes between the two.

**The event.** ``A = acos c`` gives the time from A, A from c, and c from the time, which it hardly depends on:
starting from noon, a round leaves ``|c'| / (A' sin A)`` of the error. Where that is below a half, which is nearly
always (in most places it is below a hundredth, and three rounds do), they give the crossing, and it lies between
the turning points. Where it is not (the sun grazes the height, or the place is near a pole), the turning points
decide whether there is an event, and regula falsi between them finds it.

**Polar months.** Both the rate at which c changes at a place (its `drift`) and the rate at which that rate does (its
`bend`) are bounded. If c is above 1 at the mean noon by more than it drifts until the sun is highest, the sun stays
below the height all day; if it is below -1 likewise at the mean midnight, above it. If it is beyond by g, and moves
away at the rate v, it stays so for as long as ``g + v * t - bend * t**2 / 2`` is positive, and these days are passed
over at once. The strides shorten as the edge comes nearer, down to a day, so that no event is passed over.

**The bound.** Every height that has a name is reached each year at every latitude up to `POLE`, to which nearer ones
are set: the search ends within a year. It gives up after `SEARCH_DAYS` all the same.

**The memory.** An object keeps its last answer: the instant asked from, the event, and the day to go on from. Any
instant from the one to the other has that answer too, and the event itself is mostly what is asked from next. It is
one tuple, replaced whole, so threads may share the object; and it changes no answer.

Beyond `FAR` an event comes on some thirty days of a year at most, and each is costly: one is at the end of a polar day
or night, which takes several strides, and the others graze the height. So there the object keeps the answers of some
years (`MOST_KEPT` of them, then it begins anew), each with the earliest instant from which it is known to be right.
They too are one tuple, sorted and replaced whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from math import acos, asin, cos, degrees, floor, pi, radians, sin, sqrt
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from beat.schedules.sky.table import STRETCH, Parabola, stretch

if TYPE_CHECKING:
    from collections.abc import Callable

RISING: Final = -1
SETTING: Final = 1
SEARCH_DAYS: Final = 400

DAY: Final = 86_400
TURN: Final = 2 * pi
POLE: Final = 89.8  # degrees: nearer than this the time of day has no meaning; astral's bound
EARTH: Final = 6_356_900  # metres: astral's radius, by which the horizon of one who stands high is lowered
TANGENT_DRIFT: Final = 0.0075  # a day; the tangent of the declination never does more than 0.00721
SECANT_DRIFT: Final = 0.002  # 0.00169
UNEVEN: Final = 0.02  # days: more than the equation of time, which stays below 17 minutes
TANGENT_BEND: Final = 0.00018  # a day, by the day; 0.000166
SECANT_BEND: Final = 0.00008  # 0.000067
CLOSE: Final = 1e-6  # days: rounds that differ by less are within 0.1 seconds of the event
ROUNDS: Final = 24  # each at least halves the error
FLAT: Final = 1e-9  # a cosine this close to another is on it: 0.2 milliseconds of arc
FAR: Final = 88.0  # degrees: beyond it each event comes on fewer than forty days of a year
MOST_KEPT: Final = 128
NOTHING: Final = (0, -(1 << 60), 0)

Answer = tuple[int, int, int]  # an instant from which it is right, the event, and the day to go on from
event_of: Final = itemgetter(1)


def sunrise_height(elevation: float) -> float:
    """Return the height, in degrees, of the sun's centre at sunrise and sunset, seen from `elevation` metres.

    The almanacs' 50 arc minutes below the horizon (34 of refraction, 16 for the sun's radius; US Naval
    Observatory), and the dip of the horizon ``acos(R / (R + elevation))`` for one who stands high.
    """
    return -(50 / 60 + degrees(acos(EARTH / (EARTH + max(elevation, 0.0)))))


class Daily(ABC):
    """Something that the sun does at most once from one antitransit to the next. Seconds are since 1970."""

    __slots__ = ("_few", "_kept", "_last", "_latest", "_meridian")

    def __init__(self, lon: float, latest: float, *, few: bool = False) -> None:
        self._meridian = 0.5 - lon / 360  # mean noon, as a share of the day
        self._latest = latest  # days from mean noon, at most
        self._last: Answer = NOTHING
        self._few = few  # whether events are so few that answers are kept
        self._kept: tuple[Answer, ...] = ()

    def after(self, second: int) -> int | None:
        """Return the second of the first event after `second`, or None if `SEARCH_DAYS` have none."""
        since, last, day = self._last
        if since <= second < last:
            return last
        if self._few and (kept := self._known(second)):
            self._last = kept
            return kept[1]
        if second != last:
            day = floor(second / DAY - self._meridian - self._latest) + 1
        end = day + SEARCH_DAYS
        while day < end:
            event, day = self._event(day)
            if event is not None and event > second:
                self._last = second, event, day
                if self._few:
                    self._keep(self._last)
                return event
        return None

    def _known(self, second: int) -> Answer | None:
        """Return the kept answer to the question from `second`."""
        kept = self._kept
        place = bisect_right(kept, second, key=event_of)
        return kept[place] if place < len(kept) and kept[place][0] <= second else None

    def _keep(self, answer: Answer) -> None:
        """Keep an answer that is not known, in place of the one with the same event, which is right from later on."""
        kept = self._kept if len(self._kept) < MOST_KEPT else ()
        before = bisect_right(kept, answer[1] - 1, key=event_of)
        behind = bisect_right(kept, answer[1], key=event_of)
        self._kept = (*kept[:before], answer, *kept[behind:])

    @abstractmethod
    def _event(self, day: int) -> tuple[int | None, int]:
        """Return the second of the day's event, if it has one, and the next day that may have one."""

    def _sun(self, day: int) -> tuple[float, float, tuple[Parabola, Parabola, Parabola]]:
        """Return the middle of a stretch, the mean noon of the day by days from it, and the sun over it."""
        noon = day + self._meridian
        number = floor(noon / STRETCH)
        middle = (number + 0.5) * STRETCH
        return middle, noon - middle, stretch(number)


class Noon(Daily):
    """The sun passes the meridian of a longitude, in degrees east."""

    __slots__ = ()

    def __init__(self, lon: float) -> None:
        super().__init__(lon, UNEVEN)

    def _event(self, day: int) -> tuple[int, int]:
        middle, noon, (_, _, (e0, e1, e2)) = self._sun(day)
        once = noon - e0 - noon * (e1 + noon * e2)
        return round((middle + noon - e0 - once * (e1 + once * e2)) * DAY), day + 1


class Crossing(Daily):
    """The sun's centre crosses a height, upwards (`RISING`) or downwards (`SETTING`), over a place; in degrees."""

    __slots__ = ("_bend", "_direction", "_drift", "_never", "_on_secant", "_on_tangent", "_plain", "_turns")

    def __init__(self, lat: float, lon: float, height: float, direction: int) -> None:
        latitude = radians(min(max(lat, -POLE), POLE))
        self._on_secant = sin(radians(height)) / cos(latitude)
        self._on_tangent = sin(latitude) / cos(latitude)
        self._drift = TANGENT_DRIFT * abs(self._on_tangent) + SECANT_DRIFT * abs(self._on_secant)
        self._bend = TANGENT_BEND * abs(self._on_tangent) + SECANT_BEND * abs(self._on_secant)
        self._plain = sqrt(1 - min(2 * self._drift / TURN, 1) ** 2)  # below it a round halves the error
        self._direction = direction
        self._turns = direction / TURN
        turning = (
            asin(min(self._drift / TURN, 1)) / TURN + UNEVEN
        )  # days from the mean noon or midnight, at most
        self._never = 1 + turning * self._drift  # beyond it there, c is beyond 1 when the sun turns
        super().__init__(lon, turning + (0.5 if direction == SETTING else 0), few=abs(lat) > FAR)

    def _event(self, day: int) -> tuple[int | None, int]:
        middle, noon, (tangent, secant, (e0, e1, e2)) = self._sun(day)
        a, b = self._on_secant, self._on_tangent
        c0, c1, c2 = (
            a * secant[0] - b * tangent[0],
            a * secant[1] - b * tangent[1],
            a * secant[2] - b * tangent[2],
        )
        plain, turns, at = self._plain, self._turns, noon
        for _ in range(ROUNDS):
            c = c0 + at * (c1 + at * c2)
            if not -plain < c < plain:
                break
            before, at = at, noon - e0 - at * (e1 + at * e2) + turns * acos(c)
            if -CLOSE < at - before < CLOSE:
                return round((middle + at) * DAY), day + 1
        culmination = noon if c > 0 else noon + self._direction / 2
        c, slope = c0 + culmination * (c1 + culmination * c2), c1 + 2 * culmination * c2
        gap = abs(c) - self._never
        if gap > 0:
            return None, day + 1 + self._idle(gap, slope if c > 0 else -slope)
        found = self._bracketed(noon, (c0, c1, c2), (e0, e1, e2))
        return None if found is None else round((middle + found) * DAY), day + 1

    def _idle(self, gap: float, away: float) -> int:
        """Return for how many days c stays beyond, being so by `gap` and moving `away` at that rate."""
        return int((away + sqrt(away * away + 2 * self._bend * gap)) / self._bend)

    def _bracketed(self, noon: float, cosine: Parabola, ahead: Parabola) -> float | None:
        """Return the crossing between the day's lowest and highest point, if it is between them."""

        def above(at: float) -> float:
            return cos((at - noon + _at(ahead, at)) * TURN) - _at(cosine, at)

        low = self._turning_point(noon, cosine, ahead, self._direction * pi)
        high = self._turning_point(noon, cosine, ahead, 0)
        below, over = above(low), above(high)
        return _root(above, low, high, below, over) if below < 0 <= over else None

    @staticmethod
    def _turning_point(noon: float, cosine: Parabola, ahead: Parabola, culmination: float) -> float:
        """Return when the sun is highest (at the culmination with hour angle 0) or lowest (pi or -pi)."""
        at = noon + culmination / TURN
        tilt = asin(min(max((cosine[1] + 2 * at * cosine[2]) / TURN, -1), 1))
        return at - _at(ahead, at) + (tilt if culmination else -tilt) / TURN


def _root(f: Callable[[float], float], low: float, high: float, below: float, over: float) -> float:
    """Return where `f` passes zero on its way from `below` at `low` to `over` at `high`.

    Regula falsi with the Illinois weights, in the cosine of the way gone: between two turning points the height
    of the sun is nearly linear in it.
    """
    start, way, at = low, high - low, high
    first, last, side = 1.0, -1.0, 0
    for _ in range(ROUNDS):
        cosine = (first * over - last * below) / (over - below)
        at = start + way * acos(min(max(cosine, -1.0), 1.0)) / pi
        value = f(at)
        if abs(value) < FLAT:
            break
        if value < 0:
            first, below, over = cosine, value, over / 2 if side < 0 else over
            side = -1
        else:
            last, over, below = cosine, value, below / 2 if side > 0 else below
            side = 1
    return at


def _at(parabola: Parabola, x: float) -> float:
    return parabola[0] + x * (parabola[1] + x * parabola[2])
