"""The last fire of a stretch of time, from nothing but the next fire after an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable


def last_between(following: Callable[[int], int | None], since: int, until: int) -> int | None:
    """Return the last fire f with since < f <= until; `following` gives the first fire strictly after an instant.

    It is asked a number of times that is logarithmic in the number of fires, so that a long outage is judged at
    once.
    """
    fire = _probe_back(following, since, until)
    high = until
    while fire is not None:
        later = following(fire)
        if later is None or later > until:
            break
        fire = later
        middle = (fire + high) // 2
        later = following(middle)
        if later is None or later > until:
            high = middle
        else:
            fire = later
    return fire


def _probe_back(following: Callable[[int], int | None], since: int, until: int) -> int | None:
    width = SECOND
    while True:
        low = max(until - width, since)
        fire = following(low)
        if fire is not None and fire <= until:
            return fire
        if low <= since:
            return None
        width *= 4
