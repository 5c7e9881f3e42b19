"""Bring the stored entries in line with how they are written now.

Each entry belongs to the source that it came from: a configuration file, an app's `beat_schedule`, calls of
`add_periodic_task`. What is written unchanged keeps its state; what was changed goes to its next slot from now,
and ticks that were due under the old definition are recorded as skipped; what vanished from its source is
removed; what is written unchanged but comes out otherwise now, because a time zone or a program was
updated, goes to the slot that it has by now; where only jitter was changed, the next tick is the same at its new time;
what moved from one of these sources to another of them is the same entry, changed. An entry that somebody
else owns is refused, and harms only itself.

Several beats may do this at once with the same files, while a leader fires: each change names the revision and the
next fire time that it was decided from, and one that lost the race looks again. No change ever moves an entry
back before a tick that it has had, whatever the clock says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from beat.entry import Entry
from beat.schedules.jittered import moved_fire, nominal, nominal_fire
from beat.store import EntryChange, Tick, Verdict
from jobq.errors import ConfigError
from jobq.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from beat.entry import Evaluated
    from beat.store import BeatStore, StoredEntry

CHANGED = "the entry was changed before this tick was enqueued"
REMOVED = "the entry was removed before this tick was enqueued"

_ATTEMPTS = 20


@dataclass
class Synced:
    """Names by what was done with them; `refused` are sentences."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{len(self.added)} added, {len(self.changed)} changed, {len(self.removed)} removed, "
            f"{self.unchanged} unchanged"
        )


def sync(store: BeatStore, sources: Mapping[str, Sequence[Entry]], *, prune: bool = True) -> Synced:
    """Make the store's entries of these sources what is written in them; with `prune`, remove their others.

    `StoreUnavailable` may leave some done: do it again. `ConfigError` if others change the entries all the time.
    """
    done = Synced()
    written = {entry.name: (source, entry) for source, entries in sources.items() for entry in entries}
    for _ in range(_ATTEMPTS):
        planned, refused = _plan(store, written, sources if prune else ())
        answers = store.change([change for _, change in planned])
        for (what, change), taken in zip(planned, answers, strict=True):
            if taken:
                what(done).append(change.name)
        if all(answers):
            done.refused = refused
            done.unchanged = len(written.keys() - {*done.added, *done.changed}) - len(refused)
            return done
    raise ConfigError("the entries are being changed by somebody else all the time; try again")


def _plan(
    store: BeatStore, written: Mapping[str, tuple[str, Entry]], pruned: Iterable[str]
) -> tuple[list[tuple[Callable[[Synced], list[str]], EntryChange]], list[str]]:
    """The changes to make, each with the list that its name belongs to, and what was refused."""
    now = store.now()
    ours = {source for source, _ in written.values()} | set(pruned)
    stored = {entry.name: entry for entry in store.entries(names=list(written))}
    planned: list[tuple[Callable[[Synced], list[str]], EntryChange]] = []
    refused = []
    for name, (source, entry) in written.items():
        was = stored.get(name)
        try:
            if was is not None and was.source not in ours:
                raise ConfigError(f"it is already defined by {was.source}; rename one of them")  # noqa: TRY301 - one handler
            change = _change(entry, was, source, now)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others must be synced
            refused.append(f'entry "{name}" of {source} is refused: {error}')
            continue
        if change is not None:
            planned.append((_added if was is None else _changed, change))
    for source in pruned:
        for was in store.entries(source=source):
            if was.name not in written:
                skipped = _passed(was, now, REMOVED)
                gone = EntryChange(
                    was.name, source, "", was.revision, skipped=skipped, seen_fire=was.next_fire
                )
                planned.append((_removed, gone))
    return planned, refused


def _change(entry: Entry, was: StoredEntry | None, source: str, now: int) -> EntryChange | None:
    """What is to be done about one entry; None if it is as it should be."""
    definition = entry.definition()
    if was is None:
        anchor = now - now % SECOND
        return EntryChange(entry.name, source, definition, 0, anchor, entry.evaluated(anchor).next_after(now))
    evaluated = entry.evaluated(was.anchor)
    unchanged = (was.source, was.definition) == (source, definition)
    if unchanged and 0 < was.next_fire <= now:
        return None
    next_fire = evaluated.next_after(max(now, was.last_fire))
    if unchanged and next_fire == was.next_fire:
        return None
    kept = 0 if unchanged else _kept(was, evaluated)
    skipped = () if kept else _passed(was, now, CHANGED)
    next_fire = kept or next_fire
    return EntryChange(
        entry.name, source, definition, was.revision, was.anchor, next_fire, skipped, was.next_fire
    )


def _kept(was: StoredEntry, evaluated: Evaluated) -> int:
    """The next tick where only the jitter of an entry was changed: the same tick at its new time, else 0.

    Looked for from now on, a tick that has had its turn would come again, and one whose turn is to come be lost.
    """
    try:
        before = Entry.from_definition(was.name, was.definition).evaluated(was.anchor).evaluation
    except ConfigError:
        return 0
    after = evaluated.evaluation
    same = before.schedule == after.schedule
    if not was.next_fire or same or nominal(before.schedule) != nominal(after.schedule):
        return 0
    tick = nominal_fire(before.schedule, was.next_fire, before.tz)
    if tick is None:
        return 0
    moved = moved_fire(after.schedule, tick, after.tz)
    return moved if moved and evaluated.includes(moved) and moved > was.last_fire else 0


def _passed(was: StoredEntry, now: int, reason: str) -> tuple[Tick, ...]:
    """The ticks that were due under a definition that goes, as one stretch."""
    if not 0 < was.next_fire <= now:
        return ()
    try:
        entry = Entry.from_definition(was.name, was.definition)
        last = entry.evaluated(was.anchor).latest(was.next_fire, now)
    except Exception:  # noqa: BLE001 - it goes; how much it would have fired is all that stays unknown
        last = 0
    return (Tick(was.next_fire, Verdict.SKIPPED, reason, until=last),)


_added = attrgetter("added")
_changed = attrgetter("changed")
_removed = attrgetter("removed")
