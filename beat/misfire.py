"""What becomes of the ticks that have come due: pure, and decided for a whole stretch of time at once.

A due entry has a first tick that was not dealt with, and perhaps more between it and now: the beat was down,
or no leader could be elected. Its policy says which of them are enqueued. Every tick gets a verdict:

latest  the last one is enqueued, those before it were passed over
all     each is enqueued, in order, some at a time until none is left
skip    those that are later than SKIP_AFTER were missed and are not enqueued; of the rest the last is

A `catchup_window` comes first: what is older is skipped whatever the policy says.

Each tick that is not enqueued has a record of its own, up to MAX_TICKS of them. Of a longer outage all share
one record, from the first to the last: the verdict on each is the same, and the work stays bounded however long
the outage was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beat.store import Tick, Verdict
from jobq.instants import SECOND

if TYPE_CHECKING:
    from beat.entry import Evaluated

MAX_TICKS = 100
"""Ticks of one entry that one step deals with; the entry stays due if there are more to enqueue."""

SKIP_AFTER = 10 * SECOND
"""How late a tick may be before `catchup = "skip"` takes it for missed: longer than a change of leader takes with the
default lease."""

PASSED_OVER = "passed over: a later tick was due as well"
MISSED = "missed: catchup is skip"
OUTSIDE_WINDOW = "missed: older than catchup_window"


def plan(evaluated: Evaluated, first: int, now: int) -> tuple[tuple[Tick, ...], int]:
    """The verdicts on the ticks from `first` (which is due) to `now`, in order, and the next fire time after them.

    All epoch microseconds; a next fire time of 0 means that there is none. The last verdict may leave ticks up
    to `now` for the next step: then the next fire time is in the past.
    """
    entry = evaluated.entry
    ticks: list[Tick] = []
    if entry.catchup_window is not None:
        oldest = now - round(entry.catchup_window * SECOND)
        first = _skip(evaluated, first, oldest - 1, OUTSIDE_WINDOW, ticks)
    if entry.catchup == "skip":
        first = _skip(evaluated, first, now - SKIP_AFTER - 1, MISSED, ticks)
    if entry.catchup != "all" and 0 < first <= now:
        last = max(evaluated.latest(first, now), first)
        first = _skip(evaluated, first, last - 1, PASSED_OVER, ticks)
    while 0 < first <= now and len(ticks) < MAX_TICKS:
        ticks.append(Tick(first, Verdict.ENQUEUED, job=evaluated.job(first)))
        first = evaluated.next_after(first)
    return tuple(ticks), first


def _skip(evaluated: Evaluated, first: int, until: int, reason: str, ticks: list[Tick]) -> int:
    """Add verdicts for the ticks from `first` to `until`; the first tick after them (0: none)."""
    passed: list[int] = []
    while 0 < first <= until:
        if len(passed) == MAX_TICKS:
            return _skip_stretch(evaluated, passed[0], until, reason, ticks)
        passed.append(first)
        first = evaluated.next_after(first)
    ticks += [Tick(fire_time, Verdict.SKIPPED, reason) for fire_time in passed]
    return first


def _skip_stretch(evaluated: Evaluated, first: int, until: int, reason: str, ticks: list[Tick]) -> int:
    """One verdict for all ticks from `first` to `until`."""
    last = max(evaluated.latest(first, until), first)
    ticks.append(Tick(first, Verdict.SKIPPED, reason, until=last))
    return evaluated.next_after(last)
