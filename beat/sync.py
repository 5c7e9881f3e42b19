"""Bring the stored entries of a source in line with how they are written now.

Each entry belongs to the source that it came from: a configuration file, an app's `beat_schedule`, calls of
`add_periodic_task`. What is written unchanged keeps its state; what was changed goes to its next slot from now,
and ticks that were due under the old definition are recorded as skipped; what vanished from its source is
removed. Several beats may do this at once with the same files: each change names the revision that it replaces,
and one that lost the race looks again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beat.entry import Entry
from beat.store import EntryChange, Tick, Verdict
from jobq.errors import ConfigError
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beat.store import BeatStore, StoredEntry

CHANGED = "the entry was changed before this tick was enqueued"
REMOVED = "the entry was removed before this tick was enqueued"

_ATTEMPTS = 5


@dataclass
class Synced:
    """Names by what was done with them."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0

    def __str__(self) -> str:
        return (
            f"{len(self.added)} added, {len(self.changed)} changed, {len(self.removed)} removed, "
            f"{self.unchanged} unchanged"
        )


def sync(store: BeatStore, entries: Sequence[Entry], source: str, *, prune: bool = True) -> Synced:
    """Make the store's entries of `source` these; with `prune`, remove its others.

    `ConfigError` if a name belongs to another source. `StoreUnavailable` may leave some done: do it again.
    """
    done = Synced()
    for _ in range(_ATTEMPTS):
        changes = _changes(store, entries, source, done, prune=prune)
        if all(store.change(changes)):
            return done
        done = Synced()
    raise ConfigError(f"the entries of {source} are being changed by somebody else all the time; try again")


def _changes(
    store: BeatStore, entries: Sequence[Entry], source: str, done: Synced, *, prune: bool
) -> list[EntryChange]:
    now = store.now()
    stored = {entry.name: entry for entry in store.entries(names=[entry.name for entry in entries])}
    changes = []
    for entry in entries:
        was = stored.get(entry.name)
        if was is not None and was.source != source:
            raise ConfigError(
                f'entry "{entry.name}" of {source} is already defined by {was.source}; rename one of them'
            )
        change = _change(entry, was, source, now)
        if change is None:
            done.unchanged += 1
        else:
            (done.added if was is None else done.changed).append(entry.name)
            changes.append(change)
    if prune:
        written = {entry.name for entry in entries}
        for was in store.entries(source=source):
            if was.name not in written:
                done.removed.append(was.name)
                skipped = _passed(was, now, REMOVED)
                changes.append(EntryChange(was.name, source, "", was.revision, skipped=skipped))
    return changes


def _change(entry: Entry, was: StoredEntry | None, source: str, now: int) -> EntryChange | None:
    """What is to be done about one entry; None if it is as it should be."""
    definition = entry.definition()
    anchor = now - now % SECOND if was is None else was.anchor
    next_fire = entry.evaluated(anchor).next_after(now)
    if was is None:
        return EntryChange(entry.name, source, definition, 0, anchor, next_fire)
    # An entry that should fire and has no next fire time is one that this program could not read before.
    if was.definition == definition and (was.next_fire or not next_fire):
        return None
    skipped = _passed(was, now, CHANGED)
    return EntryChange(entry.name, source, definition, was.revision, anchor, next_fire, skipped)


def _passed(was: StoredEntry, now: int, reason: str) -> tuple[Tick, ...]:
    """The ticks that were due under a definition that goes, as one stretch."""
    if not 0 < was.next_fire <= now:
        return ()
    try:
        last = (
            Entry.from_definition(was.name, was.definition).evaluated(was.anchor).latest(was.next_fire, now)
        )
    except ConfigError:
        last = 0
    return (Tick(was.next_fire, Verdict.SKIPPED, reason, until=last),)
