"""dateutil's rules and sets of rules as text. They are told by their names; dateutil is not imported."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from beat.schedules.arguments import ScheduleError, as_zone, shown

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def as_text(given: object, zone: ZoneInfo | None) -> tuple[str, ZoneInfo | None]:
    """Return the text of what `rrule` was given, and the schedule's zone: `zone`, or that of dateutil's start."""
    if isinstance(given, str):
        return given, zone
    name = type(given).__name__ if type(given).__module__ == "dateutil.rrule" else ""
    if name == "rrule":
        return _rule(given), zone or _zone([given])
    if name == "rruleset":
        return _set(given), zone or _zone([*_list(given, "_rrule"), *_list(given, "_exrule")])
    raise ScheduleError(f"rrule takes a text such as 'FREQ=WEEKLY;BYDAY=MO', not {shown(given)}.")


def _list(given: object, name: str) -> list[Any]:
    return list(getattr(given, name, ()))


def _zone(rules: list[Any]) -> ZoneInfo | None:
    zones = [own for rule in rules if (own := getattr(rule, "_tzinfo", None)) is not None]
    return as_zone(zones[0]) if zones else None


def _rule(given: object) -> str:
    text, until = str(given), getattr(given, "_until", None)
    if isinstance(until, datetime) and until.tzinfo is not None:  # its text leaves the zone out
        text = text.replace(f"UNTIL={until:%Y%m%dT%H%M%S}", f"UNTIL={until.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return text


def _set(given: object) -> str:
    starts: dict[str, None] = {}
    lines = []
    for line, name in (("RRULE", "_rrule"), ("EXRULE", "_exrule")):
        for rule in _list(given, name):
            start, _, text = _rule(rule).rpartition("\n")
            starts[start] = None
            lines.append(f"{line}:{text.removeprefix('RRULE:')}")
    if len(starts) > 1:
        raise ScheduleError(
            f"The rules of the rruleset have {len(starts)} different starts; expected one start for all rules."
        )
    for line, name in (("RDATE", "_rdate"), ("EXDATE", "_exdate")):
        lines += [f"{line}:{_date(one)}" for one in _list(given, name)]
    return "\n".join([*starts, *lines])


def _date(one: datetime) -> str:
    told = one if one.tzinfo is None else one.astimezone(UTC)
    return told.replace(microsecond=0).isoformat()
