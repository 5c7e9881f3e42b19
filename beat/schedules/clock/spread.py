"""``H`` in a cron expression: a value that differs from entry to entry and stays the same for each.

``H`` is one value of the field, ``H(0-29)`` one of a range, ``H/10`` every tenth from a start below ten, and
``H(0-29)/10`` both, as in Jenkins. The choice is a hash of the entry's name and the field, so that forty entries
that say ``H * * * *`` do not all start on the hour, and every beat agrees. In the day of the month it stays
within 1 to 28, so that every month has the day.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from beat.schedules.arguments import ScheduleError, shown

if TYPE_CHECKING:
    from beat.schedules.clock.fields import FieldKind

SPREAD: Final = re.compile(r"h(?:\((?P<low>\d+)-(?P<high>\d+)\))?(?:/(?P<step>\d+))?", re.IGNORECASE)
EVERY_MONTH_HAS: Final = 28


def spreads(text: str) -> bool:
    """Return whether an item of the field is spread."""
    return any(SPREAD.fullmatch(item) for item in text.split(","))


def spread(kind: FieldKind, text: str, name: str) -> str:
    """Return the field with each ``H`` replaced by what the entry `name` has there."""
    return ",".join(_chosen(kind, text, item, name) for item in text.split(","))


def _chosen(kind: FieldKind, text: str, item: str, name: str) -> str:
    found = SPREAD.fullmatch(item)
    if found is None:
        return item
    high = min(kind.high, EVERY_MONTH_HAS) if kind.name == "day of month" else kind.high
    low, last = (kind.low, high) if found["low"] is None else (int(found["low"]), int(found["high"]))
    if not kind.low <= low <= last <= kind.high:
        raise ScheduleError(
            f"{kind.name} {shown(text)}: {shown(item)} has no range within {kind.low} to {kind.high}, such as H({kind.low}-{high})."
        )
    step = int(found["step"] or 0)
    if found["step"] and not step:
        raise ScheduleError(f"{kind.name} {shown(text)}: {shown(item)} has a step of 0; a step is 1 or more.")
    width = last - low + 1
    start = low + _hash(name, kind.name) % (min(step, width) or width)
    return f"{start}-{last}/{step}" if step else str(start)


def _hash(name: str, field: str) -> int:
    return int.from_bytes(blake2b(f"{field}\n{name}".encode(errors="surrogatepass"), digest_size=8).digest())
