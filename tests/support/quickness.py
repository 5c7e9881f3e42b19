"""How long something takes, in evaluations of ``* * * * *`` made in the same process.

`UNIT` of them take fifty milliseconds, or twice that on a machine that is busy with other things.
"""

import gc
from datetime import UTC, datetime
from time import process_time

from beat.dst import _zone_line
from beat.schedules import cron

UNIT = 70_000
TRIES = 4
CACHES = [
    each
    for each in gc.get_objects()
    if type(each) is type(_zone_line) and each.__module__.startswith("beat.")
]


def quick(work, limit, *prepare):
    """Whether the work takes less than the limit, in one of a few tries: a process may be busy with its garbage.

    Where it takes more, the limit is measured again: the pace of a machine changes. Each try begins with nothing kept
    from another; what `prepare` returns is given to the work, and not measured.
    """
    for _ in range(TRIES):
        took = measured(work, *prepare)
        if took < limit or took < measured(unit):
            return True
    return False


def unit():
    one, t = cron("* * * * *"), datetime(1970, 1, 1, tzinfo=UTC)
    for _ in range(UNIT):
        t = one.next_after(t)


def measured(work, *prepare):
    given = [each() for each in prepare]
    for cache in CACHES:
        cache.cache_clear()
    begun = process_time()
    work(*given)
    return process_time() - begun


def limit():
    """Return the seconds of this process that `UNIT` evaluations take."""
    return max(measured(unit) for _ in range(3))
