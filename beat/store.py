"""What a store must do for the beat, on top of `jobq.store.Store`: leadership, entries, and the step `fire`.

The promise "exactly one enqueue per tick" rests on one verb. `fire` checks and writes in one atomic step:

1. the lease on leadership is still held under the caller's term, by the store's own clock;
2. the entry's `next_fire` and `revision` are what the caller saw when it decided what to do, and the fire times
   that it deals with have come (the clock may have been set back since);
3. then each tick's outcome is recorded, its job inserted under the id `<entry>@<fire time>`, and `next_fire`
   moved on.

If the caller died before the step, nothing has happened and the entry is still due: the next leader fires it.
If it died after, `next_fire` has moved and nobody can fire that tick again. If it was paused between deciding
and firing, either the term or `next_fire` or `revision` has changed, and the step refuses. If the answer was
lost, the caller asks for what is due again and finds the entry moved on. Election keeps two leaders from
wasting work; it is not what keeps a tick from being enqueued twice.

Instants are epoch microseconds of the store's clock; 0 stands for none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from jobq.errors import JobqError
from jobq.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobq.job import NewJob


class NotLeader(JobqError):  # noqa: N818 - an answer of the store, not a fault
    """The term is over: nothing of the step was done."""


class Lease(NamedTuple):
    """Who leads. `until` is when the lease ends unless renewed, `now` the store's clock at the answer."""

    node: str
    term: int
    until: int
    now: int


class Election(NamedTuple):
    """Whether the caller won, and the lease as it stands after the question."""

    won: bool
    lease: Lease


class DueEntry(NamedTuple):
    name: str
    next_fire: int
    revision: int


class Due(NamedTuple):
    """The entries whose `next_fire` has come, earliest first; `next_at` is the first after those."""

    now: int
    next_at: int
    entries: list[DueEntry]


class StoredEntry(msgspec.Struct, frozen=True):
    """`definition` is the entry as JSON text; the rest is its state. `anchor` is when it was created."""

    name: str
    source: str
    definition: str
    revision: int
    anchor: int
    next_fire: int = 0
    last_fire: int = 0
    runs: int = 0


class Verdict(StrEnum):
    ENQUEUED = "enqueued"
    SKIPPED = "skipped"


class Tick(msgspec.Struct, array_like=True, frozen=True):
    """One fire time and its outcome, or, where many were passed over at once, all from `fire_time` to `until`."""

    fire_time: int
    verdict: Verdict
    reason: str = ""
    until: int = 0
    job: NewJob | None = None


class Firing(msgspec.Struct, array_like=True, frozen=True):
    """What a leader wants done with a due entry, given the `next_fire` and `revision` it saw."""

    name: str
    seen_fire: int
    revision: int
    next_fire: int
    ticks: tuple[Tick, ...]


class EntryChange(msgspec.Struct, array_like=True, frozen=True):
    """A new definition, or with an empty one the removal, of an entry seen at `seen_revision` (0: unknown) and
    `seen_fire`.

    Both must be as seen, for `next_fire` is decided from them: `fire` moves the one, `change` the other.
    `skipped` are ticks that were due under the old definition and will not be enqueued; they go to the history. Should
    they not be due (the clock was set back), the entry counts as not seen.
    """

    name: str
    source: str
    definition: str
    seen_revision: int
    anchor: int = 0
    next_fire: int = 0
    skipped: tuple[Tick, ...] = ()
    seen_fire: int = 0


class HistoryRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """`recorded_at` is when the step took place; `until` as in `Tick`."""

    fire_time: int
    verdict: Verdict
    recorded_at: int
    reason: str = ""
    until: int = 0


Enqueued = tuple[bool, ...]
"""For each tick of a firing, whether its job was inserted."""

KNOWN = "a job of this id is known already"
"""The reason of a tick whose job was not inserted although it should have been."""

KEEP_HISTORY_OF_REMOVED = 30 * 86400
"""Seconds."""


class BeatStore(Store, Protocol):
    # -- leadership

    def elect(self, node: str, ttl: int) -> Election:
        """Take the lease for `ttl` microseconds under a new term, if nobody holds it.

        Terms only grow, by one with each election won. A node that holds the lease under an earlier term does
        not win again while that lasts. Marks the node as present for three `ttl`.
        """

    def renew(self, node: str, term: int, ttl: int) -> bool:
        """Extend the lease from the store's now, if it is held by this node and term and has not expired."""

    def resign(self, node: str, term: int) -> bool:
        """End the lease at once and wake the other beats. The node is no longer present."""

    def leader(self) -> Lease | None:
        """The lease if one is held now."""

    def nodes(self) -> list[str]:
        """The beats that are present, sorted."""

    # -- entries

    def due(self, limit: int) -> Due: ...

    def fire(self, term: int, firings: Sequence[Firing]) -> list[Enqueued | None]:
        """The step described above, for a batch. None where the entry was not as seen; then nothing was done
        for that entry. Raises `NotLeader` if the term is over, and has done nothing at all.

        A tick whose job id is already known is recorded as skipped, with that reason.
        `last_fire` becomes the last tick's fire time, and `runs` grows by the enqueued ones.
        """

    def change(self, changes: Sequence[EntryChange]) -> list[bool]:
        """Insert, replace or remove entries, each if it is as it was seen; else False for it.

        A replaced entry keeps `runs`, and `last_fire` moves to the last that was skipped; its revision grows by 1. A new one starts above the
        revisions of all that were removed, a removed one leaves its history for 30 days. Wakes the beats if the first fire time of all came nearer.
        """

    def entries(self, names: Sequence[str] | None = None, source: str | None = None) -> list[StoredEntry]:
        """All, or those of these names (unknown ones are left out), or of this source; sorted by name."""

    def history(self, name: str, limit: int) -> list[HistoryRecord]:
        """The latest first. Kept: `keep_history` records an entry."""

    def identity(self) -> int:
        """A number that the store is given once: another one means that it lost what it held."""

    def changes(self) -> int:
        """How many calls of `change` had an effect: fewer than before means that the store was set back."""

    # -- waking

    def listen(self) -> bool:
        """Open what `wait_beat` hears with. Whether that was not open: then what was said before is not known.

        A signal may end a wait, but must not come between a socket and whoever is to close it.
        """

    def wait_beat(self, timeout: float) -> bool:
        """Block at most `timeout` seconds until beats are woken (resignation, change, reload). A hint."""

    def request_reload(self) -> None:
        """Ask every beat to read its configuration again, and wake them."""

    def reloads(self) -> int:
        """How often a reload was asked for; grows."""
