"""When a failed attempt runs again: pure arithmetic, seconds in and out."""

from __future__ import annotations

import random as _random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def retry_delay(
    retries: int,
    *,
    default: float,
    backoff: bool | float,
    ceiling: float,
    jitter: bool,
    random: Callable[[], float] = _random.random,
) -> float:
    """Seconds until the next attempt, after `retries` retries have been made.

    Celery's rule: without `backoff`, `default`; else `backoff * 2**retries` (True counts as 1), at most
    `ceiling`, and with `jitter` a random share of that ("full jitter").
    """
    if not backoff:
        return default
    # 2**retries overflows a float near 1024 retries; 64 doublings pass any ceiling a person would set.
    delay = min(float(backoff) * 2.0 ** min(retries, 64), ceiling)
    return delay * random() if jitter else delay


def reconnect_delay(failures: int, *, random: Callable[[], float] = _random.random) -> float:
    """Seconds before the next try to reach a store, after `failures` >= 1 tries.

    Doubles from 50 ms to a ceiling of 800 ms, of which between a half and all is taken, so that work resumes
    within a second of the store's return and the processes of a fleet do not return in step.
    """
    return min(0.05 * 2.0 ** (min(failures, 10) - 1), 0.8) * (0.5 + random() / 2)
