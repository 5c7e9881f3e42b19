"""The last fire of a stretch of time, from nothing but the next fire after an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    Following = Callable[[int, int], int | None]


def last_between(following: Following, since: int, until: int) -> int | None:
    """Return the last fire f with since < f <= until.

    `following` gives the first fire strictly after one instant; beyond another it does not need to look. It is asked
    a number of times that is logarithmic in the number of fires, so that a long outage is judged at once, and never
    about a stretch in which it has found nothing before.
    """
    fire, high = _probe_back(following, since, until)
    while fire is not None:  # and there is none after `high`
        later = following(fire, high)
        if later is None or later > high:
            break
        fire = later
        middle = (fire + high) // 2
        later = following(middle, high)
        if later is None or later > high:
            high = middle
        else:
            fire = later
    return fire


def _probe_back(following: Following, since: int, until: int) -> tuple[int | None, int]:
    """Return a fire, None if there is none, and an instant after which there is none."""
    width, high = SECOND, until
    while True:
        low = max(until - width, since)
        fire = following(low, high)
        if fire is not None and fire <= high:
            return fire, high
        if low <= since:
            return None, high
        high, width = low, width * 4
