"""What the changes of a zone's clock do to a schedule, in words for its owner.

A change matters to a schedule if one of its readings is left out (a gap) or shown twice (a fold). Each such change
is told by its local date and by what the policy of `beat.dst` makes of it there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from beat.dst import zone_line
from beat.schedules.clock.local_time import LocalTime
from beat.schedules.phrases import listed
from jobq.instants import SECOND, from_micros, to_micros

if TYPE_CHECKING:
    from datetime import tzinfo

    from beat.dst import Transition
    from beat.schedules.base import Schedule

MOST_TOLD: Final = 3  # readings told one by one; of more, the first and the last
RULES_FROM: Final = datetime(2030, 1, 1, tzinfo=UTC)  # the years whose changes stand for "every year"
RULES_UNTIL: Final = datetime(2037, 12, 31, tzinfo=UTC)
PASSES: Final = {"first": "the first time", "second": "the second time", "both": "both times"}


def notes(schedule: Schedule, tz: tzinfo, since: datetime, until: datetime) -> str:
    """Return what each change between two instants does to a schedule and its parts: one line, empty if nothing.

    Jitter is left out of account: a schedule that has it is given as `jittered.nominal`.

    ``2027-03-28 has no 02:30, it fires at 03:00 CEST; 2027-10-31 has 02:30 twice, it fires the first time``
    """
    told: dict[str, None] = {}
    for part in schedule.clocks:
        if not isinstance(part, LocalTime):
            continue
        zone = part.tz or tz
        changes = zone_line(zone).transitions(to_micros(since) // SECOND, to_micros(until) // SECOND)
        told.update(
            dict.fromkeys(
                _note(part, zone, change) for change in changes if _fires(schedule, part, change, zone)
            )
        )
    return "; ".join(sorted(note for note in told if note))


def _fires(whole: Schedule, part: LocalTime, change: Transition, zone: tzinfo) -> bool:
    """Return whether the whole of a schedule fires where the change moves or repeats fires of a part of it."""
    if part is whole or (change.after > change.before and part.policy[0] == "skip"):
        return True
    repeated = max(change.before - change.after, 0)
    fire = whole.next_bounded((change.at - repeated) * SECOND - 1, zone)
    return fire is not None and fire // SECOND <= change.at + max(repeated - 1, 0)


def remark(schedule: LocalTime) -> str:
    """Return the part of a description about the day on which the clock skips it: empty if there is none.

    ``; at 03:00 CEST on the day the clock skips it``. Only for a schedule that has a zone.
    """
    zone = schedule.tz
    if zone is None or schedule.policy[0] != "after":
        return ""
    for change in _standing_gaps(zone):
        if _readings(schedule, change.at + change.before, change.at + change.after):
            return f"; at {_shown(change.at, zone)} on the day the clock skips it"
    return ""


@lru_cache(maxsize=1024)
def _standing_gaps(zone: tzinfo) -> tuple[Transition, ...]:
    first, last = to_micros(RULES_FROM) // SECOND, to_micros(RULES_UNTIL) // SECOND
    return tuple(
        change for change in zone_line(zone).transitions(first, last) if change.after > change.before
    )


def _note(schedule: LocalTime, zone: tzinfo, change: Transition) -> str:
    low, high = sorted((change.at + change.before, change.at + change.after))
    readings = _readings(schedule, low, high)
    if not readings:
        return ""
    gap, fold = schedule.policy
    date = from_micros(readings[0] * SECOND).date()
    if change.after < change.before:
        return f"{date} has {_told(readings)} twice, it fires {PASSES[fold]}"
    effect = f"it fires at {_shown(change.at, zone)}" if gap == "after" else "it does not fire then"
    return f"{date} has no {_told(readings, 'or')}, {effect}"


def _readings(schedule: LocalTime, low: int, high: int) -> list[int]:
    """Return the matching readings from `low` to before `high`, one a minute at the most."""
    found: list[int] = []
    reading = schedule.next_reading(low - 1)
    while reading is not None and reading < high:
        found.append(reading)
        reading = schedule.next_reading(reading - reading % 60 + 59)
    return found


def _told(readings: list[int], last: str = "and") -> str:
    times = [from_micros(reading * SECOND).strftime("%H:%M:%S").removesuffix(":00") for reading in readings]
    return listed(times, last) if len(times) <= MOST_TOLD else f"{times[0]} to {times[-1]}"


def _shown(second: int, zone: tzinfo) -> str:
    return from_micros(second * SECOND, zone).strftime("%H:%M %Z")
