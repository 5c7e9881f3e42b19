"""What `beatd --check` prints: each entry with its next three fire times, and what changes of the clock do to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from beat.schedules.clock.changes import notes
from beat.schedules.jittered import nominal
from beat.sources import all_entries
from jobq.instants import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beat.cli.setup import Setup
    from beat.entry import Entry, Evaluated

FIRES: Final = 3
COMING_YEAR: Final = timedelta(days=372)  # the last Sunday of a month may come 371 days after the one before


def checked(setup: Setup, broken: list[str]) -> Iterator[str]:
    """Yield the lines. A schedule that fails, which only one of another package can, goes to `broken` by its entry."""
    now = datetime.now(UTC)
    entries = all_entries(setup.sources)
    for entry in entries:
        try:
            lines = _told(entry, now)
        except Exception as error:  # noqa: BLE001 - the code of another package may raise anything
            broken.append(f'entry "{entry.name}": its schedule fails: {type(error).__name__}: {error}')
        else:
            yield from lines
    counted = "1 entry" if len(entries) == 1 else f"{len(entries)} entries"
    if not broken:
        yield f"ok: {counted}, store {setup.shown_store}"


def _told(entry: Entry, now: datetime) -> list[str]:
    evaluated = entry.evaluated(to_micros(now))
    schedule = evaluated.evaluation.schedule
    fires = list(_fires(evaluated, to_micros(now)))
    lines = [f"{entry.name}: {schedule.describe().rstrip('.')}; {entry.task}"]
    lines += [f"    {when}" for when in fires or ["never" if entry.enabled else "disabled"]]
    since = max(now, entry.start) if entry.start else now
    until = min(now + COMING_YEAR, entry.end) if entry.end else now + COMING_YEAR
    note = notes(nominal(schedule), evaluated.tz, since, until) if entry.enabled else ""
    return [*lines, *([f"    note: {note}"] if note else [])]


def _fires(evaluated: Evaluated, fire: int) -> Iterator[str]:
    for _ in range(FIRES):
        fire = evaluated.next_after(fire)
        if not fire:
            return
        yield from_micros(fire, evaluated.tz).strftime("%Y-%m-%d %H:%M:%S %Z")
